"""AC_DER_SAE in plain structures: what a station wants of an inverter (the grid code of its site).

Where the schema names no unit (docs/open-points.md) numbers pass as they come.
"""

from __future__ import annotations

import enum
import functools
from typing import Annotated

import msgspec
from msgspec import Meta

from iso15118.messages.iso20.ac_der_sae.control import PowerFactorExcitation, PowerReference
from iso15118.messages.iso20.ac_der_sae.curves import DERUnit
from iso15118.messages.iso20.ac_der_sae.modes import GridConnectionMode, RequiredDEROperatingMode
from iso15118.messages.model import UnsignedInt, UnsignedShort
from iso15118.session.ports.der import Factor, Magnitude, Magnitudes, Numbers, Plain, Points, first_lines

__all__ = [
    "SaeActivePowerSupport",
    "SaeConstantPowerFactor",
    "SaeConstantVar",
    "SaeConstantWatt",
    "SaeControl",
    "SaeCurve",
    "SaeEnterService",
    "SaeFrequencyDroop",
    "SaeFrequencyDroopSettings",
    "SaeFrequencyTrip",
    "SaeGridLimits",
    "SaeLimitMaxDischargePower",
    "SaeMode",
    "SaeReactiveLimits",
    "SaeReactivePowerSupport",
    "SaeSettings",
    "SaeVoltVar",
    "SaeVoltWatt",
    "SaeVoltageTrip",
    "SaeWattVar",
    "example_sae",
]


class SaeMode(enum.IntFlag):
    """Bits of ``SupportedModes`` and ``EnabledModes``; the others are to be ignored.

    The schema does not name them: they are as a deployed station has them (docs/open-points.md).
    """

    CHARGE = 1 << 0
    DISCHARGE = 1 << 1
    ENTER_SERVICE = 1 << 3
    CONSTANT_POWER_FACTOR_UNDER_EXCITED = 1 << 4
    CONSTANT_POWER_FACTOR_OVER_EXCITED = 1 << 5
    CONSTANT_VAR = 1 << 6
    CONSTANT_WATT = 1 << 7
    FREQUENCY_DROOP = 1 << 8
    OVER_FREQUENCY_MAY_TRIP = 1 << 10
    OVER_FREQUENCY_MUST_TRIP = 1 << 11
    OVER_VOLTAGE_MAY_TRIP = 1 << 12
    OVER_VOLTAGE_MOMENTARY_CESSATION = 1 << 13
    OVER_VOLTAGE_MUST_TRIP = 1 << 14
    UNDER_FREQUENCY_MAY_TRIP = 1 << 15
    UNDER_FREQUENCY_MUST_TRIP = 1 << 16
    UNDER_VOLTAGE_MAY_TRIP = 1 << 17
    UNDER_VOLTAGE_MOMENTARY_CESSATION = 1 << 18
    UNDER_VOLTAGE_MUST_TRIP = 1 << 19
    LIMIT_MAX_DISCHARGE_POWER = 1 << 20
    TARGET_REACTIVE_POWER = 1 << 21
    TARGET_ACTIVE_POWER = 1 << 22
    VOLT_VAR = 1 << 23
    VOLT_WATT = 1 << 24
    WATT_VAR = 1 << 26


class _Function(Plain, frozen=True, kw_only=True):
    """What every function has."""

    enable: bool = False
    """True: the function acts."""
    priority: UnsignedShort | None = None
    """Rank among functions that contradict each other."""


class SaeCurve(_Function, frozen=True, kw_only=True):
    """A curve, one for all lines or one each; of the trip limits x is how long, y the threshold."""

    x_unit: DERUnit
    y_unit: DERUnit
    curve_data_points: Points
    curve_data_points_l2: Points | None = None
    curve_data_points_l3: Points | None = None


class SaeVoltVar(SaeCurve, frozen=True, kw_only=True):
    """Reactive power over voltage."""

    open_loop_response_time: Magnitude = 5.0
    """Unit: s."""
    time_constant_pt1: UnsignedInt | None = None
    reference_voltage: Magnitude
    autonomous_reference_voltage_adjustment_enable: bool = False
    reference_voltage_adjustment_time_constant: UnsignedInt = 300


class SaeWattVar(SaeCurve, frozen=True, kw_only=True):
    """Reactive power over active power."""

    open_loop_response_time: Magnitude | None = None
    """Unit: s."""
    time_constant_pt1: UnsignedInt | None = None


class SaeVoltWatt(SaeCurve, frozen=True, kw_only=True):
    """Active power over voltage."""

    open_loop_response_time: Magnitude = 10.0
    """Unit: s."""
    time_constant_pt1: UnsignedInt | None = None


class SaeConstantPowerFactor(_Function, frozen=True, kw_only=True):
    """Reactive power in a fixed proportion to active power."""

    power_factor_value: Annotated[tuple[Factor, ...], Meta(min_length=1, max_length=3)] = (1.0,)
    power_factor_excitation: Annotated[tuple[PowerFactorExcitation, ...], Meta(min_length=1, max_length=3)] = (
        PowerFactorExcitation.UnderExcited,
    )


class SaeConstantVar(_Function, frozen=True, kw_only=True):
    """A fixed reactive power."""

    var_setpoint: Numbers = (0.0,)
    unit: DERUnit = DERUnit.var


class SaeConstantWatt(_Function, frozen=True, kw_only=True):
    """A fixed active power."""

    watt_setpoint: Numbers = (0.0,)
    unit: DERUnit = DERUnit.W


class SaeFrequencyDroopSettings(Plain, frozen=True, kw_only=True):
    """Dead band and slope of one direction."""

    db: Magnitude = 0.036
    """Dead band. Unit: Hz."""
    droop_factor: Magnitudes = (0.05,)
    """Change of frequency, as a share of the nominal one, for the whole reference power."""
    power_reference: Annotated[tuple[PowerReference, ...], Meta(min_length=1, max_length=3)] = (
        PowerReference.MaximumActivePower,
    )
    open_loop_response_time: Magnitude = 5.0
    """Unit: s."""


class SaeFrequencyDroop(_Function, frozen=True, kw_only=True):
    """Active power follows the frequency outside a dead band."""

    over_frequency_droop: SaeFrequencyDroopSettings | None = None
    under_frequency_droop: SaeFrequencyDroopSettings | None = None


class SaeLimitMaxDischargePower(_Function, frozen=True, kw_only=True):
    """A cap on the power fed in."""

    percentage_value: Annotated[tuple[UnsignedShort, ...], Meta(min_length=1, max_length=3)] = (100,)
    """Of the maximum of each line. Unit: %."""
    open_loop_response_time: Magnitude | None = None
    """Unit: s."""


class SaeVoltageTrip(Plain, frozen=True, kw_only=True):
    """When the inverter must, or may, leave the grid because of its voltage."""

    over_voltage_must_trip_curve: SaeCurve
    under_voltage_must_trip_curve: SaeCurve
    over_voltage_momentary_cessation_trip_curve: SaeCurve | None = None
    under_voltage_momentary_cessation_trip_curve: SaeCurve | None = None
    over_voltage_may_trip_curve: SaeCurve | None = None
    under_voltage_may_trip_curve: SaeCurve | None = None


class SaeFrequencyTrip(Plain, frozen=True, kw_only=True):
    """When the inverter must, or may, leave the grid because of its frequency."""

    over_frequency_must_trip_curve: SaeCurve
    under_frequency_must_trip_curve: SaeCurve
    over_frequency_may_trip_curve: SaeCurve | None = None
    under_frequency_may_trip_curve: SaeCurve | None = None


class SaeEnterService(Plain, frozen=True, kw_only=True):
    """When the inverter may begin to feed in after it was off."""

    permit_service: bool = True
    """False: the inverter must not feed in."""
    enter_service_voltage_high: Magnitude
    enter_service_voltage_low: Magnitude
    enter_service_frequency_high: Magnitude
    """Unit: Hz."""
    enter_service_frequency_low: Magnitude
    """Unit: Hz."""
    enter_service_delay: Magnitude | None = None
    """Unit: s."""
    enter_service_randomized_delay: Magnitude | None = None
    """Unit: s."""
    enter_service_ramp_time: Magnitude | None = None
    """Unit: s."""


class SaeReactivePowerSupport(Plain, frozen=True, kw_only=True):
    """The functions that make reactive power."""

    constant_power_factor: SaeConstantPowerFactor = SaeConstantPowerFactor()
    volt_var: SaeVoltVar
    watt_var: SaeWattVar
    constant_var: SaeConstantVar = SaeConstantVar()


class SaeActivePowerSupport(Plain, frozen=True, kw_only=True):
    """The functions that change active power."""

    frequency_droop: SaeFrequencyDroop = SaeFrequencyDroop(under_frequency_droop=SaeFrequencyDroopSettings())
    volt_watt: SaeVoltWatt
    constant_watt: SaeConstantWatt = SaeConstantWatt()
    limit_max_discharge_power: SaeLimitMaxDischargePower = SaeLimitMaxDischargePower()


_TRIPS = {
    SaeMode.OVER_VOLTAGE_MUST_TRIP: ("voltage_trip", "over_voltage_must_trip_curve"),
    SaeMode.UNDER_VOLTAGE_MUST_TRIP: ("voltage_trip", "under_voltage_must_trip_curve"),
    SaeMode.OVER_VOLTAGE_MOMENTARY_CESSATION: ("voltage_trip", "over_voltage_momentary_cessation_trip_curve"),
    SaeMode.UNDER_VOLTAGE_MOMENTARY_CESSATION: ("voltage_trip", "under_voltage_momentary_cessation_trip_curve"),
    SaeMode.OVER_VOLTAGE_MAY_TRIP: ("voltage_trip", "over_voltage_may_trip_curve"),
    SaeMode.UNDER_VOLTAGE_MAY_TRIP: ("voltage_trip", "under_voltage_may_trip_curve"),
    SaeMode.OVER_FREQUENCY_MUST_TRIP: ("frequency_trip", "over_frequency_must_trip_curve"),
    SaeMode.UNDER_FREQUENCY_MUST_TRIP: ("frequency_trip", "under_frequency_must_trip_curve"),
    SaeMode.OVER_FREQUENCY_MAY_TRIP: ("frequency_trip", "over_frequency_may_trip_curve"),
    SaeMode.UNDER_FREQUENCY_MAY_TRIP: ("frequency_trip", "under_frequency_may_trip_curve"),
    SaeMode.VOLT_VAR: ("reactive_power_support", "volt_var"),
    SaeMode.WATT_VAR: ("reactive_power_support", "watt_var"),
    SaeMode.CONSTANT_VAR: ("reactive_power_support", "constant_var"),
    SaeMode.FREQUENCY_DROOP: ("active_power_support", "frequency_droop"),
    SaeMode.VOLT_WATT: ("active_power_support", "volt_watt"),
    SaeMode.CONSTANT_WATT: ("active_power_support", "constant_watt"),
    SaeMode.LIMIT_MAX_DISCHARGE_POWER: ("active_power_support", "limit_max_discharge_power"),
}
"""Mode -> where its ``enable`` is; the power factor's depends on its direction."""


class SaeControl(Plain, frozen=True, kw_only=True):
    """All functions of the inverter (``DERControl``)."""

    voltage_trip: SaeVoltageTrip
    frequency_trip: SaeFrequencyTrip
    enter_service: SaeEnterService
    reactive_power_support: SaeReactivePowerSupport
    active_power_support: SaeActivePowerSupport

    def modes(self) -> SaeMode:
        """The functions that are enabled."""
        enabled = SaeMode.ENTER_SERVICE if self.enter_service.permit_service else SaeMode(0)
        if self.reactive_power_support.constant_power_factor.enable:
            enabled |= self._power_factor()
        for mode, (part, name) in _TRIPS.items():
            function = getattr(getattr(self, part), name)
            if function is not None and function.enable:
                enabled |= mode
        return enabled

    def _power_factor(self) -> SaeMode:
        over = PowerFactorExcitation.OverExcited
        if over in self.reactive_power_support.constant_power_factor.power_factor_excitation:
            return SaeMode.CONSTANT_POWER_FACTOR_OVER_EXCITED
        return SaeMode.CONSTANT_POWER_FACTOR_UNDER_EXCITED

    def most_discharge_w(self, capability_w: tuple[float, ...]) -> tuple[float, ...]:
        """What these settings let the inverter feed in on each line, of what it can (magnitudes in W)."""
        limit = self.active_power_support.limit_max_discharge_power
        if not self.enter_service.permit_service:
            return (0.0,) * len(capability_w)
        if not limit.enable:
            return capability_w
        shares = first_lines(limit.percentage_value, len(capability_w))
        return tuple(watts * min(share, 100) / 100.0 for watts, share in zip(capability_w, shares, strict=True))

    def only(self, supported: SaeMode) -> SaeControl:
        """The same with every function disabled that a car does not have."""
        parts = {name: getattr(self, name) for name in self.__struct_fields__}
        off = [(part, name) for mode, (part, name) in _TRIPS.items() if not mode & supported]
        if not self._power_factor() & supported:
            off.append(("reactive_power_support", "constant_power_factor"))
        if not off:
            return self
        for part, name in off:
            function = getattr(parts[part], name)
            if function is not None and function.enable:
                disabled = msgspec.structs.replace(function, enable=False)
                parts[part] = msgspec.structs.replace(parts[part], **{name: disabled})
        return SaeControl(**parts)


class SaeReactiveLimits(Plain, frozen=True, kw_only=True):
    """Reactive power the outlet allows. Magnitudes in var."""

    evse_maximum_var_absorption_during_charging: Magnitudes = (1_500.0, 1_500.0, 1_500.0)
    evse_maximum_var_injection_during_charging: Magnitudes = (1_500.0, 1_500.0, 1_500.0)
    evse_maximum_var_absorption_during_discharging: Magnitudes = (1_500.0, 1_500.0, 1_500.0)
    evse_maximum_var_injection_during_discharging: Magnitudes = (1_500.0, 1_500.0, 1_500.0)


class SaeGridLimits(Plain, frozen=True, kw_only=True):
    """The grid at the site. Units: Hz, V."""

    grid_nominal_frequency: Magnitude
    grid_nominal_voltage: Magnitude
    grid_nominal_voltage_offset: float = 0.0
    grid_min_frequency: Magnitude | None = None
    grid_max_frequency: Magnitude | None = None
    grid_maximum_voltage: Magnitude
    grid_minimum_voltage: Magnitude


class SaeSettings(Plain, frozen=True, kw_only=True):
    """All a station tells an inverter; ``der_control`` and the two modes may change during the charge loop."""

    der_control: SaeControl
    grid_limits: SaeGridLimits
    evse_reactive_power_limits: SaeReactiveLimits = SaeReactiveLimits()
    required_der_operating_mode: RequiredDEROperatingMode = RequiredDEROperatingMode.GridFollowing
    grid_connection_mode: GridConnectionMode = GridConnectionMode.GridConnected


def _trip(unit: DERUnit, *points: tuple[float, float], enable: bool) -> SaeCurve:
    return SaeCurve(enable=enable, x_unit=DERUnit.s, y_unit=unit, curve_data_points=points)


@functools.cache
def example_sae(
    nominal_voltage_v: float = 230.0, nominal_frequency_hz: float = 50.0, *, on: bool = True
) -> SaeSettings:
    """An example of ours, after the default settings of IEEE 1547-2018, categories B and III; no utility's grid code.

    Args:
        nominal_voltage_v: Line to neutral.
        nominal_frequency_hz: The limits of 60 Hz are scaled to it.
        on: Whether trip limits, volt-var and frequency droop act, and whether the inverter may feed in; off is the least
            a station can tell.
    """
    volts = nominal_voltage_v

    def hertz(of_60_hz: float) -> float:
        return round(of_60_hz * nominal_frequency_hz / 60.0, 2)

    percent, reactive = DERUnit.PercentageV, DERUnit.PercentageEVMaximumConfiguredReactivePower
    active = DERUnit.PercentageEVMaximumConfiguredActivePower
    return SaeSettings(
        der_control=SaeControl(
            voltage_trip=SaeVoltageTrip(
                over_voltage_must_trip_curve=_trip(percent, (0.16, 120.0), (13.0, 110.0), enable=on),
                under_voltage_must_trip_curve=_trip(percent, (2.0, 50.0), (21.0, 88.0), enable=on),
            ),
            frequency_trip=SaeFrequencyTrip(
                over_frequency_must_trip_curve=_trip(DERUnit.Hz, (0.16, hertz(62.0)), (300.0, hertz(61.2)), enable=on),
                under_frequency_must_trip_curve=_trip(DERUnit.Hz, (0.16, hertz(56.5)), (300.0, hertz(58.5)), enable=on),
            ),
            enter_service=SaeEnterService(
                permit_service=on,
                enter_service_voltage_high=round(1.05 * volts, 1),
                enter_service_voltage_low=round(0.917 * volts, 1),
                enter_service_frequency_high=hertz(60.1),
                enter_service_frequency_low=hertz(59.5),
                enter_service_delay=300.0,
                enter_service_ramp_time=300.0,
            ),
            reactive_power_support=SaeReactivePowerSupport(
                volt_var=SaeVoltVar(
                    enable=on,
                    x_unit=percent,
                    y_unit=reactive,
                    curve_data_points=((92.0, 44.0), (98.0, 0.0), (102.0, 0.0), (108.0, -44.0)),
                    reference_voltage=volts,
                ),
                watt_var=SaeWattVar(x_unit=active, y_unit=reactive, curve_data_points=((50.0, 0.0), (100.0, -44.0))),
            ),
            active_power_support=SaeActivePowerSupport(
                frequency_droop=SaeFrequencyDroop(
                    enable=on,
                    over_frequency_droop=SaeFrequencyDroopSettings(),
                    under_frequency_droop=SaeFrequencyDroopSettings(),
                ),
                volt_watt=SaeVoltWatt(x_unit=percent, y_unit=active, curve_data_points=((106.0, 100.0), (110.0, 20.0))),
            ),
        ),
        grid_limits=SaeGridLimits(
            grid_nominal_frequency=nominal_frequency_hz,
            grid_nominal_voltage=volts,
            grid_maximum_voltage=round(1.1 * volts, 1),
            grid_minimum_voltage=round(0.88 * volts, 1),
        ),
    )
