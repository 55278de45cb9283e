"""AC_DER_IEC in plain structures: what a station wants of an inverter, and what an inverter can do.

Where the schema names no unit (docs/open-points.md) numbers pass as they come.
"""

from __future__ import annotations

import enum
from typing import Annotated, NamedTuple

from msgspec import Meta

from iso15118.errors import LocalError
from iso15118.messages.iso20.ac_der_iec.control import (
    CurveDataPointsUnit,
    LockValueUnit,
    PowerFactorExcitation,
    PowerReference,
)
from iso15118.messages.iso20.ac_der_iec.modes import EVOperatingMode, GridConnectionMode
from iso15118.messages.model import UnsignedByte, UnsignedInt, UnsignedShort
from iso15118.session.ports.der import Factor, Magnitude, Magnitudes, Numbers, Plain

__all__ = [
    "EXAMPLE_IEC_CAR",
    "EXAMPLE_IEC_CONTROL",
    "EXAMPLE_IEC_SETTINGS",
    "IecActivePowerSupport",
    "IecCar",
    "IecControl",
    "IecCosPhiSetpoint",
    "IecCurve",
    "IecFaultRideThrough",
    "IecFrequencyWatt",
    "IecFunction",
    "IecPoint",
    "IecQSetpoint",
    "IecReactivePowerSupport",
    "IecSettings",
    "IecVoltWatt",
    "IecZeroCurrent",
]


class IecFunction(enum.IntFlag):
    """Bits of the service parameter ``DERControlFunctions``, from the lowest."""

    OVER_FREQUENCY_WATT = 1 << 0
    UNDER_FREQUENCY_WATT = 1 << 1
    VOLT_WATT = 1 << 2
    VOLT_VAR = 1 << 3
    WATT_VAR = 1 << 4
    WATT_COS_PHI = 1 << 5
    DSO_Q_SETPOINT = 1 << 6
    DSO_COS_PHI_SETPOINT = 1 << 7
    DC_INJECTION_RESTRICTION = 1 << 8
    ZERO_CURRENT = 1 << 9
    OVER_VOLTAGE_FRT = 1 << 10
    UNDER_VOLTAGE_FRT = 1 << 11


class IecPoint(NamedTuple):
    """A point of a curve, in the units of its axes."""

    x: float
    y: float
    excitation: PowerFactorExcitation | None = None
    """Of a power factor its direction."""


class IecCurve(Plain, frozen=True, kw_only=True):
    """Reactive power or power factor over voltage or active power (``DERCurve``)."""

    x_unit: CurveDataPointsUnit
    y_unit: CurveDataPointsUnit
    curve_data_points: Annotated[tuple[IecPoint, ...], Meta(min_length=2, max_length=10)]
    min_cos_phi: Factor | None = None
    lock_value_unit: LockValueUnit | None = None
    lock_in_value: float | None = None
    lock_out_value: float | None = None
    pt1_response_reactive_power: bool = False
    step_response_time_constant_reactive_power: Magnitude = 10.0
    """Unit: s."""
    intentional_delay: Magnitude | None = None
    """Unit: s."""


class IecReactivePowerSupport(Plain, frozen=True, kw_only=True):
    """Exactly one of three curves."""

    volt_var: IecCurve | None = None
    watt_var: IecCurve | None = None
    watt_cos_phi: IecCurve | None = None

    def __post_init__(self) -> None:
        """Refuse anything but one curve.

        Raises:
            LocalError: None, or more than one.
        """
        super().__post_init__()
        if sum(curve is not None for curve in (self.volt_var, self.watt_var, self.watt_cos_phi)) != 1:
            raise LocalError("IecReactivePowerSupport needs exactly one of volt_var, watt_var and watt_cos_phi")


class IecFrequencyWatt(Plain, frozen=True, kw_only=True):
    """Active power follows the frequency beyond a threshold."""

    fstart: Magnitude
    """Unit: Hz."""
    fstop: Magnitude
    """Unit: Hz."""
    slope: float
    power_reference: PowerReference = PowerReference.MaximumDischargePower
    hysteresis_control: bool = False
    intentional_delay_fstop: UnsignedShort | None = None
    deactivation_time: UnsignedShort | None = None
    intentional_delay_power_control: UnsignedShort | None = None
    power_up_ramp: UnsignedShort | None = None
    pt1_response_active_power: bool = False
    step_response_time_constant_active_power: Magnitude = 2.0
    """Unit: s."""


class IecVoltWatt(Plain, frozen=True, kw_only=True):
    """Less is fed in, the further the voltage is above a threshold."""

    u_start: Magnitude
    u_stop: Magnitude
    power_reference: PowerReference = PowerReference.MaximumDischargePower
    pt1_response_active_power: bool = False
    step_response_time_constant_active_power: Magnitude = 10.0
    """Unit: s."""
    intentional_delay_power_control: UnsignedInt | None = None


class IecActivePowerSupport(Plain, frozen=True, kw_only=True):
    """How active power follows frequency and voltage."""

    under_frequency_watt: IecFrequencyWatt | None = None
    over_frequency_watt: IecFrequencyWatt | None = None
    volt_watt: IecVoltWatt | None = None


class _Responses(Plain, frozen=True, kw_only=True):
    """How active and reactive power approach their targets."""

    pt1_response_active_power: bool = False
    step_response_time_constant_active_power: Magnitude = 0.1
    """Unit: s."""
    pt1_response_reactive_power: bool = False
    step_response_time_constant_reactive_power: Magnitude = 0.1
    """Unit: s."""


class IecFaultRideThrough(_Responses, frozen=True, kw_only=True):
    """How the inverter stays connected through a dip or swell, and supports the voltage meanwhile."""

    voltage_limit_start_frt: Magnitude
    voltage_limit_stop_frt: Magnitude | None = None
    voltage_recovery_limit: Magnitude | None = None
    voltage_ride_through_positive_curve_k_factor: float | None = None
    voltage_ride_through_negative_curve_k_factor: float | None = None


class IecZeroCurrent(_Responses, frozen=True, kw_only=True):
    """Beyond these voltages the inverter stays connected without current."""

    over_voltage_limit: Magnitude | None = None
    under_voltage_limit: Magnitude | None = None
    over_voltage_recovery_limit: Magnitude | None = None
    under_voltage_recovery_limit: Magnitude | None = None


class IecControl(Plain, frozen=True, kw_only=True):
    """What the grid operator wants of the inverter (``DERControl``); what is left out is not wanted."""

    overvoltage_fault_ride_through: IecFaultRideThrough | None = None
    undervoltage_fault_ride_through: IecFaultRideThrough | None = None
    zero_current: IecZeroCurrent | None = None
    reactive_power_support: IecReactivePowerSupport | None = None
    active_power_support: IecActivePowerSupport | None = None
    maximum_level_dc_injection: Magnitude | None = None

    def functions(self) -> IecFunction:
        """The functions that are wanted."""
        reactive = self.reactive_power_support or _NO_REACTIVE
        active = self.active_power_support or IecActivePowerSupport()
        wanted = {
            IecFunction.OVER_FREQUENCY_WATT: active.over_frequency_watt,
            IecFunction.UNDER_FREQUENCY_WATT: active.under_frequency_watt,
            IecFunction.VOLT_WATT: active.volt_watt,
            IecFunction.VOLT_VAR: reactive.volt_var,
            IecFunction.WATT_VAR: reactive.watt_var,
            IecFunction.WATT_COS_PHI: reactive.watt_cos_phi,
            IecFunction.DC_INJECTION_RESTRICTION: self.maximum_level_dc_injection,
            IecFunction.ZERO_CURRENT: self.zero_current,
            IecFunction.OVER_VOLTAGE_FRT: self.overvoltage_fault_ride_through,
            IecFunction.UNDER_VOLTAGE_FRT: self.undervoltage_fault_ride_through,
        }
        return IecFunction(sum(function for function, setting in wanted.items() if setting is not None))


class _NoReactive(NamedTuple):
    volt_var: None = None
    watt_var: None = None
    watt_cos_phi: None = None


_NO_REACTIVE = _NoReactive()


class IecQSetpoint(Plain, frozen=True, kw_only=True):
    """Reactive power the grid operator wants now; the schema gives its sign no meaning."""

    dso_q_setpoint_value: Numbers
    """Unit: var."""
    pt1_response_reactive_power: bool = False
    step_response_time_constant_reactive_power: Magnitude = 10.0
    """Unit: s."""


class IecCosPhiSetpoint(Plain, frozen=True, kw_only=True):
    """Power factor the grid operator wants now."""

    dso_cos_phi_setpoint_value: Annotated[tuple[Factor, ...], Meta(min_length=1, max_length=3)]
    excitation: PowerFactorExcitation
    pt1_response_reactive_power: bool = False
    step_response_time_constant_reactive_power: Magnitude = 10.0
    """Unit: s."""


EXAMPLE_IEC_CONTROL = IecControl(
    active_power_support=IecActivePowerSupport(
        over_frequency_watt=IecFrequencyWatt(fstart=50.2, fstop=50.2, slope=40.0),
        under_frequency_watt=IecFrequencyWatt(fstart=49.8, fstop=49.8, slope=40.0),
    )
)
"""An example of ours, in the manner of EN 50549-1 (droop 5 %, told in percent per hertz); no grid code of any country."""


class IecSettings(Plain, frozen=True, kw_only=True):
    """All a station tells an inverter: the first three at parameter discovery, the others in the charge loop."""

    ev_operating_mode: EVOperatingMode = EVOperatingMode.GridFollowing
    grid_connection_mode: GridConnectionMode = GridConnectionMode.GridConnected
    der_control: IecControl = EXAMPLE_IEC_CONTROL
    dso_maximum_discharge_power: Magnitudes | None = None
    """Cap of the grid operator, a magnitude. Unit: W."""
    dso_q_setpoint: IecQSetpoint | None = None
    dso_cos_phi_setpoint: IecCosPhiSetpoint | None = None
    later: IecFunction = IecFunction(0)
    """Station: functions that may be wanted later in the session. A set point can only be sent when it was announced."""

    def functions(self) -> IecFunction:
        """What is announced in ServiceDetail: what is wanted now or may be later."""
        functions = self.der_control.functions() | self.later
        if self.dso_q_setpoint is not None:
            functions |= IecFunction.DSO_Q_SETPOINT
        if self.dso_cos_phi_setpoint is not None:
            functions |= IecFunction.DSO_COS_PHI_SETPOINT
        return functions


EXAMPLE_IEC_SETTINGS = IecSettings()
"""An example of ours."""


class IecCar(Plain, frozen=True, kw_only=True):
    """What the inverter of a car can do."""

    functions: IecFunction = IecFunction((1 << 12) - 1)
    """Functions it has; not told: a service that announces others is not selected."""
    operating_modes: tuple[EVOperatingMode, ...] = (EVOperatingMode.GridFollowing,)
    """Not told either."""
    grid_connection_modes: tuple[GridConnectionMode, ...] = (GridConnectionMode.GridConnected,)
    """Not told either."""
    ev_maximum_charge_reactive_power: Magnitudes = (1_500.0, 1_500.0, 1_500.0)
    """Unit: var, while it charges."""
    ev_minimum_charge_reactive_power: Magnitudes | None = None
    """Unit: var."""
    ev_maximum_discharge_reactive_power: Magnitudes = (1_500.0, 1_500.0, 1_500.0)
    """Unit: var, while it discharges."""
    ev_minimum_discharge_reactive_power: Magnitudes | None = None
    """Unit: var."""
    ev_session_total_discharge_energy_available: Magnitude | None = None
    """Unit: Wh."""
    grid_event_condition: UnsignedByte = 0
    """What the inverter notices of the grid; the schema gives the values no meaning."""

    def accepts(self, settings: IecSettings) -> bool:
        """Whether the inverter can do all that is wanted."""
        return (
            not settings.der_control.functions() & ~self.functions
            and settings.ev_operating_mode in self.operating_modes
            and settings.grid_connection_mode in self.grid_connection_modes
        )


EXAMPLE_IEC_CAR = IecCar()
"""An example of ours."""
