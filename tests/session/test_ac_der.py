"""Whole sessions of inverters at the grid, both sides back to back in virtual time; every message goes through EXI."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from iso15118.messages.iso20.ac_der_iec.control import CurveDataPointsUnit, PowerFactorExcitation
from iso15118.messages.iso20.ac_der_iec.modes import EVOperatingMode
from iso15118.messages.iso20.ac_der_iec.modes import GridConnectionMode as IecGrid
from iso15118.messages.iso20.ac_der_sae.modes import GridConnectionMode as SaeGrid
from iso15118.messages.iso20.ac_der_sae.modes import RequiredDEROperatingMode
from iso15118.messages.iso20.types import Processing
from iso15118.session import actions as act
from iso15118.session.app import AC_20, AC_DER_IEC_20
from iso15118.session.ports import SimpleCharger, SimpleVehicle
from iso15118.session.ports.der import Consent
from iso15118.session.ports.der_iec import (
    IecCar,
    IecControl,
    IecCosPhiSetpoint,
    IecCurve,
    IecFaultRideThrough,
    IecFunction,
    IecPoint,
    IecQSetpoint,
    IecReactivePowerSupport,
    IecSettings,
    IecVoltWatt,
    IecZeroCurrent,
)
from iso15118.session.ports.der_sae import SaeLimitMaxDischargePower, SaeMode, SaeSettings, example_sae
from iso15118.session.ports.der_sae_car import SaeCar
from iso15118.session.quantities import number
from iso15118.session.services import ControlMode, ServiceId
from iso15118.units import DischargeLimitSign
from tests.session.test_ac import WHOLE, demand, limits, per_line, running, stop
from tests.session.world import EV, SECC, World

replace = msgspec.structs.replace
IEC, SAE = ServiceId.AC_DER_IEC, ServiceId.AC_DER_SAE
BOTH = pytest.mark.parametrize("service", [IEC, SAE])
BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))
DISCOVERY = "AC_ChargeParameterDiscovery"

VOLT_VAR = IecCurve(
    x_unit=CurveDataPointsUnit.V,
    y_unit=CurveDataPointsUnit.var,
    curve_data_points=tuple(IecPoint(200.0 + 7.0 * i, 1_500.0 - 300.0 * i) for i in range(10)),
    lock_in_value=0.2,
)
EVERYTHING = IecSettings(
    der_control=IecControl(
        overvoltage_fault_ride_through=IecFaultRideThrough(voltage_limit_start_frt=253.0, voltage_limit_stop_frt=287.5),
        undervoltage_fault_ride_through=IecFaultRideThrough(
            voltage_limit_start_frt=207.0, voltage_ride_through_positive_curve_k_factor=2.0
        ),
        zero_current=IecZeroCurrent(over_voltage_limit=276.0, under_voltage_limit=115.0),
        reactive_power_support=IecReactivePowerSupport(volt_var=VOLT_VAR),
        active_power_support=replace(
            IecSettings().der_control.active_power_support, volt_watt=IecVoltWatt(u_start=253.0, u_stop=264.5)
        ),
        maximum_level_dc_injection=0.5,
    ),
    later=IecFunction.DSO_Q_SETPOINT | IecFunction.DSO_COS_PHI_SETPOINT,
)


def wanted(world: World) -> list[Any]:
    """What the car's inverter was told, one after the other."""
    return [event.item.settings for event in world.events(act.SetDerControl, EV)]


def reports(world: World, kind: Any) -> list[Any]:
    return [event.item for event in world.events(kind, SECC)]


def saes(world: World, **changes: Any) -> None:
    """Change the station's wishes in AC_DER_SAE, or those of its active power support."""
    before = world.charger.sae_settings or example_sae()
    assert isinstance(before, SaeSettings)
    support = before.der_control.active_power_support
    if changes.keys() <= set(support.__struct_fields__):
        changes = {"der_control": replace(before.der_control, active_power_support=replace(support, **changes))}
    world.charger.sae_settings = replace(before, **changes)


@BOTH
@BOTH_MODES
@pytest.mark.parametrize("lines", [1, 3])
@pytest.mark.parametrize("power_w", [3_000.0, -3_000.0])
def test_session_from_handshake_to_session_stop(
    service: ServiceId, mode: ControlMode, lines: int, power_w: float
) -> None:
    world = demand(World(mode=mode, service=service), power_w)
    world.vehicle.ac_inlet_limits = limits(lines)
    world.at(30.0, lambda: stop(world)).start().run().check_end()
    assert world.names(EV) == [f"{phase}Req" for phase in WHOLE]
    assert world.error(EV) is world.error(SECC) is None
    imported, exported = world.registers()
    assert 23 <= (imported if power_w > 0 else exported) <= 25
    assert (exported if power_w > 0 else imported) == 0
    middle = world.messages("AC_ChargeLoopRes")[100].cl_res_control_mode
    assert type(middle).__name__.startswith(f"DER_{mode.name.capitalize()}")
    assert per_line(middle, "evse_target_active_power") == [power_w / lines] * lines
    assert per_line(middle, "evse_maximum_discharge_power") == [-3_680.0] * lines
    first, second = world.messages(f"{DISCOVERY}Req")
    assert first.ac_cpd_req_energy_transfer_mode.ev_processing is Processing.Ongoing
    assert second.ac_cpd_req_energy_transfer_mode.ev_processing is Processing.Finished
    assert len(wanted(world)) == 1
    assert len(reports(world, act.DerCarTold)) == 1


@pytest.mark.parametrize("service", [IEC, SAE])
@pytest.mark.parametrize(("sign", "factor"), [(DischargeLimitSign.POSITIVE, 1), (DischargeLimitSign.NEGATIVE, -1)])
def test_signs_of_discharge_limits_follow_the_option(service: ServiceId, sign: DischargeLimitSign, factor: int) -> None:
    """V2G20-1213 and Amendment 1 have them negative, some peers send them positive; the station mirrors."""
    world = World(service=service, evcc={"discharge_limit_sign": sign})
    assert running(world, -3_000.0).power_w == (-1_000.0,) * 3
    request = world.messages(f"{DISCOVERY}Req")[0].ac_cpd_req_energy_transfer_mode
    answer = world.messages(f"{DISCOVERY}Res")[0].ac_cpd_res_energy_transfer_mode
    for mode, side in ((request, "ev"), (answer, "evse")):
        assert per_line(mode, f"{side}_maximum_discharge_power") == [factor * 3_680.0] * 3
        assert per_line(mode, f"{side}_maximum_charge_power") == [3_680.0] * 3
    assert per_line(answer, "evse_nominal_discharge_power") == per_line(answer, "evse_maximum_discharge_power")
    if service is SAE:
        reactive = request.ev_reactive_power_limits
        assert per_line(reactive, "ev_maximum_var_absorption_during_charging") == [1_600.0] * 3
        assert per_line(reactive, "ev_maximum_var_injection_during_charging") == [factor * 1_600.0] * 3
        (told,) = reports(world, act.DerCarTold)
        assert told.car.ev_reactive_power_limits == SaeCar().ev_reactive_power_limits


# --- AC_DER_IEC ---


@BOTH_MODES
def test_iec_every_function_reaches_the_inverter_as_it_was_set(mode: ControlMode) -> None:
    world = World(mode=mode, service=IEC)
    world.charger.iec_settings = EVERYTHING
    running(world, -3_000.0)
    assert wanted(world) == [replace(EVERYTHING, later=IecFunction(0))]
    (detail,) = world.messages("ServiceDetailRes")
    bitmaps = {
        parameter.int_value
        for each in detail.service_parameter_list.parameter_set
        for parameter in each.parameter
        if parameter.name == "DERControlFunctions"
    }
    #          FRT under and over, zero current, DC injection, cos phi, Q, volt-var, volt-watt, under and over frequency
    assert bitmaps == {0b1111_1100_1111}


@BOTH_MODES
def test_iec_caps_and_set_points_of_the_grid_operator_follow_in_the_loop(mode: ControlMode) -> None:
    world = World(mode=mode, service=IEC)
    world.charger.iec_settings = EVERYTHING
    running(world, -9_000.0)
    assert world.inverter.power_w == (-3_000.0,) * 3
    q = IecQSetpoint(dso_q_setpoint_value=(100.0, 200.0, -300.0))
    cap = (1_000.0, 1_000.0, 500.0)
    world.charger.iec_settings = replace(EVERYTHING, dso_q_setpoint=q, dso_maximum_discharge_power=cap)
    world.run(until_s=world.now + 1.0)
    assert world.inverter.power_w == world.ac_target.power_w == (-1_000.0, -1_000.0, -500.0)
    assert wanted(world)[-1].dso_q_setpoint == q
    assert wanted(world)[-1].dso_maximum_discharge_power == cap
    mode_ = world.messages("AC_ChargeLoopRes")[-1].cl_res_control_mode
    assert per_line(mode_, "dso_maximum_discharge_power") == [-1_000.0, -1_000.0, -500.0]
    cos_phi = IecCosPhiSetpoint(dso_cos_phi_setpoint_value=(0.95,) * 3, excitation=PowerFactorExcitation.UnderExcited)
    world.charger.iec_settings = replace(EVERYTHING, dso_cos_phi_setpoint=cos_phi)
    world.run(until_s=world.now + 1.0)
    assert wanted(world)[-1].dso_cos_phi_setpoint == cos_phi
    assert wanted(world)[-1].dso_q_setpoint is wanted(world)[-1].dso_maximum_discharge_power is None
    assert world.inverter.power_w == (-3_000.0,) * 3
    assert len(wanted(world)) == 3


def test_iec_a_set_point_that_was_not_announced_is_not_sent() -> None:
    world = World(service=IEC)
    running(world, -3_000.0)
    world.charger.iec_settings = IecSettings(dso_q_setpoint=IecQSetpoint(dso_q_setpoint_value=(100.0,)))
    world.run(until_s=world.now + 1.0)
    assert world.messages("AC_ChargeLoopRes")[-1].cl_res_control_mode.dso_q_setpoint is None


def test_iec_a_car_without_a_function_takes_another_service() -> None:
    world = World(service=IEC, evcc={"services": (IEC, ServiceId.AC_BPT)})
    world.vehicle.iec_car = IecCar(functions=IecFunction.OVER_FREQUENCY_WATT)
    assert running(world, -3_000.0).power_w == (-1_000.0,) * 3
    assert [event.item.service_id for event in world.events(act.ServiceChosen, EV)] == [ServiceId.AC_BPT]
    assert not wanted(world)


@pytest.mark.parametrize(
    "settings",
    [
        IecSettings(ev_operating_mode=EVOperatingMode.GridForming),
        IecSettings(grid_connection_mode=IecGrid.GridIslanded),
    ],
)
def test_iec_settings_that_the_car_rejects_lead_back_to_service_discovery(settings: IecSettings) -> None:
    """V2G20-3154; what was rejected is not tried again."""
    world = World(service=IEC, evcc={"services": (IEC, ServiceId.AC_BPT)})
    world.charger.iec_settings = settings
    running(world, -3_000.0)
    chosen = [event.item.service_id for event in world.events(act.ServiceChosen, SECC)]
    assert chosen == [IEC, ServiceId.AC_BPT]
    assert len(world.messages("ServiceDiscoveryReq")) == 2
    assert not wanted(world)
    world.at(world.now + 1.0, lambda: stop(world)).run().check_end()
    assert world.error(EV) is world.error(SECC) is None


@BOTH
def test_settings_that_the_car_rejects_end_the_session_where_there_is_no_other_service(service: ServiceId) -> None:
    world = World(service=service)
    world.vehicle.consent = Consent.REJECTED
    world.start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert len(world.messages("ServiceDiscoveryReq")) == 2
    assert len(world.messages("SessionStopReq")) == 1
    assert len(world.messages(f"{DISCOVERY}Req")) == 1


def test_iec_a_grid_forming_car_takes_an_island() -> None:
    world = World(service=IEC)
    world.vehicle.iec_car = IecCar(
        operating_modes=(EVOperatingMode.GridForming,), grid_connection_modes=(IecGrid.GridIslanded,)
    )
    world.charger.iec_settings = IecSettings(
        ev_operating_mode=EVOperatingMode.GridForming, grid_connection_mode=IecGrid.GridIslanded
    )
    running(world, -3_000.0)
    assert wanted(world) == [world.charger.iec_settings]


def test_iec_what_is_not_known_is_not_offered() -> None:
    world = World(service=IEC, evcc={"services": (IEC, ServiceId.AC_BPT)})
    world.charger.der_iec = lambda now: None  # type: ignore[method-assign]
    running(world, -3_000.0)
    assert world.messages("ServiceDiscoveryRes")[0].energy_transfer_service_list.service[0].service_id == 5


# --- AC_DER_SAE ---


def test_sae_the_three_steps_of_the_negotiation() -> None:
    """SupportedModes -> DERControl, with what the car does not have disabled -> EnabledModes."""
    world = World(service=SAE)
    supported = SaeCar().supported_modes & ~SaeMode.VOLT_VAR
    world.vehicle.sae_car = SaeCar(supported_modes=supported)
    running(world, -3_000.0)
    first, second = (m.ac_cpd_req_energy_transfer_mode for m in world.messages(f"{DISCOVERY}Req"))
    assert (first.supported_modes, first.enabled_modes) == (supported, 0)
    answer = world.messages(f"{DISCOVERY}Res")[0].ac_cpd_res_energy_transfer_mode
    support = answer.der_control_cpd_res.reactive_power_support_cpd_res
    assert not support.volt_var.enable
    assert answer.der_control_cpd_res.active_power_support_cpd_res.frequency_droop.enable
    acts = example_sae().der_control.modes() & ~SaeMode.VOLT_VAR
    assert second.enabled_modes == acts | SaeMode.CHARGE | SaeMode.DISCHARGE
    assert reports(world, act.DerModesTold) == [
        act.DerModesTold(supported=supported, wanted=0, enabled=0),
        act.DerModesTold(supported=supported, wanted=acts, enabled=second.enabled_modes),
    ]
    assert world.messages("AC_ChargeLoopReq")[-1].cl_req_control_mode.enabled_modes == second.enabled_modes


def test_sae_a_station_that_does_not_know_yet_says_ongoing() -> None:
    world = World(service=SAE)
    real = world.charger.der_sae
    world.charger.der_sae = lambda now: None if now < 5.0 else real(now)  # type: ignore[method-assign]
    running(world, -3_000.0)
    answers = [m.ac_cpd_res_energy_transfer_mode for m in world.messages(f"{DISCOVERY}Res")]
    assert [a.evse_processing for a in answers[-2:]] == [Processing.Ongoing, Processing.Finished]
    assert {a.evse_processing for a in answers[:-1]} == {Processing.Ongoing}
    assert not answers[0].der_control_cpd_res.enter_service_cpd_res.permit_service
    assert wanted(world)[0].der_control.enter_service.permit_service
    assert world.inverter.power_w == (-1_000.0,) * 3


@BOTH_MODES
def test_sae_settings_that_change_in_the_loop_are_told_once(mode: ControlMode) -> None:
    """V2G20-3236: the answer has what has changed, and nothing else."""
    world = World(mode=mode, service=SAE)
    running(world, -9_000.0)
    still = world.messages("AC_ChargeLoopRes")[-1].cl_res_control_mode.der_control_cl_res
    told = {name for name in still.__struct_fields__ if getattr(still, name) is not None}
    assert told == {"enter_service_cl_res"}
    saes(world, limit_max_discharge_power=SaeLimitMaxDischargePower(enable=True, percentage_value=(50, 50, 25)))
    before = len(world.messages("AC_ChargeLoopRes"))
    world.run(until_s=world.now + 2.0)
    assert world.inverter.power_w == world.ac_target.power_w == (-1_840.0, -1_840.0, -920.0)
    changed = [m.cl_res_control_mode.der_control_cl_res for m in world.messages("AC_ChargeLoopRes")[before:]]
    support = [each.active_power_support_cl_res for each in changed if each.active_power_support_cl_res is not None]
    assert len(support) == 1
    assert support[0].volt_watt is None
    assert support[0].limit_max_discharge_power.percentage_value_l3 == 25
    assert len(wanted(world)) == 2
    assert reports(world, act.DerModesTold)[-1].enabled & SaeMode.LIMIT_MAX_DISCHARGE_POWER


def test_sae_no_permission_no_discharge_and_it_comes_back() -> None:
    world = World(service=SAE)
    running(world, -3_000.0)
    before = example_sae()
    off = replace(before.der_control, enter_service=replace(before.der_control.enter_service, permit_service=False))
    world.charger.sae_settings = replace(before, der_control=off)
    world.run(until_s=world.now + 1.0)
    assert world.inverter.power_w == world.ac_target.power_w == (0.0,) * 3
    world.charger.sae_settings = before
    world.run(until_s=world.now + 1.0)
    assert world.inverter.power_w == (-1_000.0,) * 3
    world.charger.sae_settings = replace(before, der_control=off)
    world.charger.setpoint_w = 3_000.0
    world.run(until_s=world.now + 1.0)
    assert world.inverter.power_w == (1_000.0,) * 3  # it may still charge


@pytest.mark.parametrize(("only_certified", "expected"), [(True, 0.0), (False, -1_000.0)])
def test_sae_a_car_without_certificate_only_charges(only_certified: bool, expected: float) -> None:
    world = World(service=SAE, secc={"discharge_only_j3072_certified": only_certified})
    world.vehicle.sae_car = SaeCar(j3072_certified=False)
    assert running(world, -3_000.0).power_w == (expected,) * 3
    world.charger.setpoint_w = 3_000.0
    world.run(until_s=world.now + 1.0)
    assert world.inverter.power_w == (1_000.0,) * 3


def test_sae_alarms_are_reported_when_they_come_change_and_go() -> None:
    world = World(service=SAE)
    running(world, -3_000.0)
    for status in (5, 5, 4, 0):
        world.vehicle.sae_car = SaeCar(der_alarm_status=status)
        world.run(until_s=world.now + 1.0)
    assert reports(world, act.DerAlarm) == [act.DerAlarm(SAE, 5), act.DerAlarm(SAE, 4), act.DerAlarm(SAE, 0)]
    assert len(reports(world, act.DerCarTold)) == 1


def test_iec_grid_events_are_reported_when_they_come_change_and_go() -> None:
    world = World(service=IEC)
    running(world, -3_000.0)
    for condition in (255, 255, 1, 0):
        world.vehicle.iec_car = IecCar(grid_event_condition=condition)
        world.run(until_s=world.now + 1.0)
    assert reports(world, act.DerAlarm) == [act.DerAlarm(IEC, 255), act.DerAlarm(IEC, 1), act.DerAlarm(IEC, 0)]
    assert len(reports(world, act.DerCarTold)) == 1


@BOTH_MODES
def test_sae_a_car_leaves_over_settings_it_does_not_accept_in_the_loop(mode: ControlMode) -> None:
    world = World(mode=mode, service=SAE)
    running(world, -3_000.0)
    saes(
        world,
        grid_connection_mode=SaeGrid.GridIslanded,
        required_der_operating_mode=RequiredDEROperatingMode.GridForming,
    )
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    told = [m.cl_res_control_mode for m in world.messages("AC_ChargeLoopRes")]
    assert [m.grid_connection_mode for m in told if m.grid_connection_mode] == [SaeGrid.GridIslanded]
    assert len(wanted(world)) == 1  # what was not accepted never reaches the inverter


def test_sae_settings_take_effect_once_the_car_has_made_up_its_mind() -> None:
    world = World(service=SAE)
    running(world, -9_000.0)
    world.vehicle.consent = Consent.PENDING
    saes(world, limit_max_discharge_power=SaeLimitMaxDischargePower(enable=True, percentage_value=(50,)))
    world.run(until_s=world.now + 2.0)
    assert len(wanted(world)) == 1
    assert world.inverter.power_w == (-1_840.0,) * 3  # less power is less power, accepted or not
    world.vehicle.consent = Consent.ACCEPTED
    world.run(until_s=world.now + 1.0)
    assert len(wanted(world)) == 2


# --- both ---


@BOTH
def test_a_car_that_thinks_says_ongoing(service: ServiceId) -> None:
    """V2G20-3150, V2G20-3151."""
    world = World(service=service)
    world.vehicle.consent = Consent.PENDING
    world.at(5.0, lambda: setattr(world.vehicle, "consent", Consent.ACCEPTED))
    running(world, -3_000.0)
    said = [m.ac_cpd_req_energy_transfer_mode.ev_processing for m in world.messages(f"{DISCOVERY}Req")]
    assert len(said) > 5
    assert said == [Processing.Ongoing] * (len(said) - 1) + [Processing.Finished]
    assert len(reports(world, act.DerCarTold)) == 1


@BOTH
def test_a_wish_to_stop_during_the_rounds(service: ServiceId) -> None:
    world = World(service=service)
    world.vehicle.consent = Consent.PENDING
    world.at(3.0, lambda: stop(world)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert "ScheduleExchangeReq" not in world.names(EV)
    assert not wanted(world)


@pytest.mark.parametrize("both", [True, False])
def test_der_after_a_handshake_for_plain_ac_is_a_peer_profile(both: bool) -> None:
    world = World(
        service=IEC,
        secc={"served": (AC_20,), "der_with_ac_protocol": both},
        evcc={"protocols": (AC_20,), "services": (IEC, ServiceId.AC_BPT), "der_with_ac_protocol": True},
    )
    running(world, -3_000.0)
    (chosen,) = world.events(act.ServiceChosen, EV)
    assert chosen.item.service_id == (IEC if both else ServiceId.AC_BPT)


@BOTH
def test_a_station_or_car_without_the_ports_is_not_asked(service: ServiceId) -> None:
    plain = ("der_iec", "der_sae", "der_iec_car", "der_iec_consent", "der_sae_car", "der_sae_consent")
    for side, base in (("charger", SimpleCharger), ("vehicle", SimpleVehicle)):
        names = {name: getattr(base, name) for name in dir(base) if name not in (*plain, "__dict__", "__weakref__")}
        world = World(service=service, evcc={"services": (service, ServiceId.AC_BPT)})
        port = type("Plain", (), names)()
        port.__dict__.update(getattr(world, side).__dict__)
        setattr(world, side, port)
        setattr(world.secc if side == "charger" else world.evcc, side, port)
        running(world, -3_000.0)
        (chosen,) = world.events(act.ServiceChosen, EV)
        assert chosen.item.service_id == ServiceId.AC_BPT


@BOTH
def test_limits_that_shrink_in_the_loop_count_at_both_sides(service: ServiceId) -> None:
    world = World(service=service)
    running(world, -9_000.0)
    world.charger.ac_charger_limits = limits(3, max_discharge_power_w=500.0, max_charge_power_w=400.0)
    world.run(until_s=world.now + 1.0)
    assert world.inverter.power_w == (-500.0,) * 3
    assert world.inverter.max_power_w == (400.0,) * 3
    world.charger.setpoint_w = 9_000.0
    world.run(until_s=world.now + 1.0)
    assert world.inverter.power_w == (400.0,) * 3
    mode = world.messages("AC_ChargeLoopRes")[-1].cl_res_control_mode
    assert number(mode.evse_maximum_charge_power) == 400.0


def test_the_protocol_of_a_variant_serves_its_own_service_only() -> None:
    world = World(service=SAE, secc={"served": (AC_DER_IEC_20,)}, evcc={"protocols": (AC_DER_IEC_20,)})
    world.start().run().check_end()
    assert world.messages("ServiceDiscoveryRes")[0].energy_transfer_service_list.service[-1].service_id == IEC
    assert not world.events(act.ServiceChosen)
