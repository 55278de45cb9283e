"""Plain structures of inverters at the grid: what they refuse when they are made, and what they say of themselves."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from iso15118.errors import LocalError
from iso15118.messages.iso20.ac_der_iec.control import CurveDataPointsUnit as Unit
from iso15118.messages.iso20.ac_der_sae.curves import DERUnit
from iso15118.session.ports import SimpleCharger, SimpleVehicle
from iso15118.session.ports.der import Consent
from iso15118.session.ports.der_iec import (
    EXAMPLE_IEC_CONTROL,
    IecCar,
    IecControl,
    IecCosPhiSetpoint,
    IecCurve,
    IecFrequencyWatt,
    IecFunction,
    IecPoint,
    IecQSetpoint,
    IecReactivePowerSupport,
    IecSettings,
)
from iso15118.session.ports.der_sae import (
    SaeConstantPowerFactor,
    SaeCurve,
    SaeFrequencyDroopSettings,
    SaeLimitMaxDischargePower,
    SaeMode,
    example_sae,
)
from iso15118.session.ports.der_sae_car import SaeCar, SaeExcitationLimits, SaeInverterDetails

replace = msgspec.structs.replace


def iec_curve(*x: float) -> IecCurve:
    points = tuple(IecPoint(each, 0.0) for each in x)
    return IecCurve(x_unit=Unit.V, y_unit=Unit.var, curve_data_points=points)


def sae_curve(*x: float, **lines: Any) -> SaeCurve:
    points = tuple((each, 0.0) for each in x)
    return SaeCurve(x_unit=DERUnit.s, y_unit=DERUnit.V, curve_data_points=points, **lines)


def anything(value: object) -> Any:
    return value


@pytest.mark.parametrize("curve", [iec_curve, sae_curve])
@pytest.mark.parametrize(
    ("x", "what"),
    [
        ((230.0,), "length >= 2"),
        (tuple(float(i) for i in range(11)), "length <= 10"),
        ((230.0, 220.0), "never falls"),
        ((1.0, 2.0, 1.5), "never falls"),
        ((1.0, math.nan), "not nan"),
        ((1.0, math.inf), "not inf"),
        ((1.0, 1e13), "not 1e+13|not 10000000000000.0"),
    ],
)
def test_a_curve_that_is_none(curve: Callable[..., object], x: tuple[float, ...], what: str) -> None:
    with pytest.raises(LocalError, match=r"Curve\.curve_data_points") as caught:
        curve(*x)
    assert any(each in str(caught.value) for each in what.split("|"))


def test_a_curve_of_two_or_ten_points_with_steps_is_one() -> None:
    for x in ((1.0, 2.0), (1.0, 1.0), tuple(float(i) for i in range(10))):
        assert len(iec_curve(*x).curve_data_points) == len(sae_curve(*x).curve_data_points) == len(x)


def test_the_curves_of_single_lines_are_looked_at_as_well() -> None:
    with pytest.raises(LocalError, match="curve_data_points_l3"):
        sae_curve(1.0, 2.0, curve_data_points_l3=((2.0, 0.0), (1.0, 0.0)))


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: IecFrequencyWatt(fstart=-50.0, fstop=50.0, slope=1.0), "IecFrequencyWatt.fstart"),
        (
            lambda: IecFrequencyWatt(fstart=50.0, fstop=50.0, slope=1.0, power_up_ramp=1 << 16),
            "IecFrequencyWatt.power_up_ramp",
        ),
        (IecReactivePowerSupport, "exactly one"),
        (lambda: IecReactivePowerSupport(volt_var=iec_curve(1, 2), watt_var=iec_curve(1, 2)), "exactly one"),
        (lambda: IecControl(maximum_level_dc_injection=-0.1), "maximum_level_dc_injection"),
        (lambda: IecControl(zero_current=anything(3)), "IecZeroCurrent"),
        (lambda: IecSettings(later=anything(3)), "IecFunction"),
        (lambda: IecSettings(der_control=anything(None)), "IecControl"),
        (lambda: IecCosPhiSetpoint(dso_cos_phi_setpoint_value=(1.1,), excitation=anything("x")), "cos_phi"),
        (lambda: IecQSetpoint(dso_q_setpoint_value=()), "length >= 1"),
        (lambda: IecCar(grid_event_condition=256), "grid_event_condition"),
        (lambda: IecCar(ev_maximum_charge_reactive_power=(-1.0,)), "ev_maximum_charge_reactive_power"),
        (lambda: SaeConstantPowerFactor(power_factor_value=(1.5,)), "power_factor_value"),
        (lambda: SaeFrequencyDroopSettings(db=-0.1), "SaeFrequencyDroopSettings.db"),
        (lambda: SaeLimitMaxDischargePower(percentage_value=(-1,)), "percentage_value"),
        (lambda: SaeLimitMaxDischargePower(enable=anything(1)), "enable"),
        (lambda: SaeInverterDetails(ev_inverter_model="x" * 33), "ev_inverter_model"),
        (lambda: SaeExcitationLimits(ev_specified_over_excited_power_factor=(0.0,)), "power_factor"),
        (lambda: SaeCar(der_alarm_status=-1), "der_alarm_status"),
        (lambda: replace(sae_curve(1.0, 2.0), x_unit=anything("s")), "x_unit"),
    ],
)
def test_a_value_out_of_its_range_is_refused_by_name(make: Callable[[], object], where: str) -> None:
    with pytest.raises(LocalError) as caught:
        make()
    assert where in str(caught.value)


def test_iec_functions_are_those_that_are_set() -> None:
    frequency = IecFunction.OVER_FREQUENCY_WATT | IecFunction.UNDER_FREQUENCY_WATT
    assert EXAMPLE_IEC_CONTROL.functions() == frequency
    assert IecControl().functions() == 0
    for name, function in (
        ("volt_var", IecFunction.VOLT_VAR),
        ("watt_var", IecFunction.WATT_VAR),
        ("watt_cos_phi", IecFunction.WATT_COS_PHI),
    ):
        curves: dict[str, Any] = {name: iec_curve(1.0, 2.0)}
        assert IecControl(reactive_power_support=IecReactivePowerSupport(**curves)).functions() == function
    settings = IecSettings(der_control=IecControl(), dso_q_setpoint=IecQSetpoint(dso_q_setpoint_value=(1.0,)))
    assert settings.functions() == IecFunction.DSO_Q_SETPOINT


def test_iec_bits_are_in_the_order_of_the_service_parameter() -> None:
    assert [function.name for function in IecFunction] == [
        "OVER_FREQUENCY_WATT",
        "UNDER_FREQUENCY_WATT",
        "VOLT_WATT",
        "VOLT_VAR",
        "WATT_VAR",
        "WATT_COS_PHI",
        "DSO_Q_SETPOINT",
        "DSO_COS_PHI_SETPOINT",
        "DC_INJECTION_RESTRICTION",
        "ZERO_CURRENT",
        "OVER_VOLTAGE_FRT",
        "UNDER_VOLTAGE_FRT",
    ]


def test_sae_bits_are_those_of_a_deployed_station() -> None:
    assert sum(SaeMode) == 0x05FFFDFB


@pytest.mark.parametrize("mode", [mode for mode in SaeMode if mode & example_sae().der_control.modes()])
def test_sae_only_what_a_car_has_is_enabled(mode: SaeMode) -> None:
    control = example_sae().der_control
    left = control.only(SaeMode(sum(SaeMode)) & ~mode).modes()
    assert left == control.modes() & ~(mode & ~SaeMode.ENTER_SERVICE)
    assert control.only(SaeMode(sum(SaeMode))) is control


def test_sae_the_direction_of_a_power_factor_is_its_mode() -> None:
    control = example_sae(on=False).der_control
    support = replace(
        control.reactive_power_support,
        constant_power_factor=SaeConstantPowerFactor(enable=True, power_factor_value=(0.9,)),
    )
    assert replace(control, reactive_power_support=support).modes() == SaeMode.CONSTANT_POWER_FACTOR_UNDER_EXCITED


@pytest.mark.parametrize(
    ("permit", "limit", "expected"),
    [
        (True, SaeLimitMaxDischargePower(), (100.0, 200.0, 300.0)),
        (True, SaeLimitMaxDischargePower(enable=True, percentage_value=(50,)), (50.0, 100.0, 150.0)),
        (True, SaeLimitMaxDischargePower(enable=True, percentage_value=(0, 50, 300)), (0.0, 100.0, 300.0)),
        (False, SaeLimitMaxDischargePower(), (0.0, 0.0, 0.0)),
    ],
)
def test_sae_how_much_may_be_fed_in(
    permit: bool, limit: SaeLimitMaxDischargePower, expected: tuple[float, ...]
) -> None:
    control = example_sae().der_control
    control = replace(
        control,
        enter_service=replace(control.enter_service, permit_service=permit),
        active_power_support=replace(control.active_power_support, limit_max_discharge_power=limit),
    )
    assert control.most_discharge_w((100.0, 200.0, 300.0)) == expected


def test_ready_made_ports_refuse_settings_of_the_other_variant() -> None:
    charger, vehicle = SimpleCharger(), SimpleVehicle()
    charger.iec_settings, vehicle.sae_car = example_sae(), IecCar()
    with pytest.raises(LocalError, match="iec_settings needs a IecSettings, not a SaeSettings"):
        charger.der_iec(0.0)
    with pytest.raises(LocalError, match="sae_car needs a SaeCar, not a IecCar"):
        vehicle.der_sae_car(0.0)


def test_ready_made_cars_accept_what_their_inverter_can_do() -> None:
    vehicle = SimpleVehicle()
    assert (
        vehicle.der_iec_consent(IecSettings(), 0.0) is vehicle.der_sae_consent(example_sae(), 0.0) is Consent.ACCEPTED
    )
    vehicle.iec_car = IecCar(functions=IecFunction.VOLT_VAR)
    vehicle.sae_car = SaeCar(supported_modes=SaeMode.VOLT_VAR)
    assert (
        vehicle.der_iec_consent(IecSettings(), 0.0) is vehicle.der_sae_consent(example_sae(), 0.0) is Consent.REJECTED
    )
