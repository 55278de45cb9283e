"""Functions of an inverter at the grid, as European grid codes want them.

Part of namespace AC-DER-IEC (V2G_CI_AC_DER_IEC.xsd). The text of Amendment 1 was not at hand: what a field means is read
from its name and from the terms of EN 50549-1; where the schema names no unit, its field says so.
"""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from iso15118.messages.iso20.ac_der_iec.xmlns import XMLNS
from iso15118.messages.iso20.types import RationalNumber
from iso15118.messages.model import Record, UnsignedInt, UnsignedShort, choice, element


class CurveDataPointsUnit(enum.Enum):
    """Unit of one axis of a curve; a power factor has none and no literal of its own.

    Source: V2G_CI_AC_DER_IEC.xsd, ``curveDataPointsUnitType``.
    """

    V = "V"
    Hz = "Hz"
    W = "W"
    s = "s"
    var = "var"


class LockValueUnit(enum.Enum):
    """Unit of the values at which a curve begins and ceases to act.

    Source: V2G_CI_AC_DER_IEC.xsd, ``lockValueUnitType``.
    """

    V = "V"
    Hz = "Hz"
    W = "W"
    s = "s"
    var = "var"


class PowerFactorExcitation(enum.Enum):
    """Direction of a power factor: an over-excited generator feeds reactive power in, an under-excited one takes it.

    Source: V2G_CI_AC_DER_IEC.xsd, ``powerFactorExcitationType``.
    """

    OverExcited = "OverExcited"
    UnderExcited = "UnderExcited"


class PowerReference(enum.Enum):
    """Which power a slope is a share of.

    Source: V2G_CI_AC_DER_IEC.xsd, ``powerReferenceType``.
    """

    MaximumDischargePower = "MaximumDischargePower"
    MomentaryPower = "MomentaryPower"


class SetpointExcitation(Record):
    """The value of a curve at a point; for a power factor with its direction.

    Source: V2G_CI_AC_DER_IEC.xsd, ``SetpointExcitationType``.
    """

    setpoint_value: RationalNumber = element("SetpointValue")
    """Unit: yUnit of the curve."""
    excitation: PowerFactorExcitation | None = element("Excitation", default=None)


class DataTuple(Record):
    """One point of a curve.

    Source: V2G_CI_AC_DER_IEC.xsd, ``DataTupleType``.
    """

    x_value: RationalNumber = element("xValue")
    """Unit: xUnit of the curve."""
    y_value: SetpointExcitation = element("yValue")
    """Unit: yUnit of the curve."""


class CurveDataPointsList(Record):
    """Points of a curve, 2 to 10.

    Source: V2G_CI_AC_DER_IEC.xsd, ``CurveDataPointsListType``.
    """

    curve_data_point: Annotated[tuple[DataTuple, ...], Meta(min_length=2, max_length=10)] = element("CurveDataPoint")


class DERCurve(Record):
    """A curve of reactive power or power factor over voltage or active power; straight lines between its points.

    Volt-var: the inverter lowers a high voltage and raises a low one by its reactive power. Watt-var and watt-cos-phi:
    reactive power or power factor follow the active power.

    Source: V2G_CI_AC_DER_IEC.xsd, ``DERCurveType``.
    """

    x_unit: CurveDataPointsUnit = element("xUnit")
    y_unit: CurveDataPointsUnit = element("yUnit")
    curve_data_points: CurveDataPointsList = element("CurveDataPoints")
    min_cos_phi: RationalNumber | None = element("MinCosPhi", default=None)
    """The curve is not followed to smaller power factors. No unit."""
    lock_value_unit: LockValueUnit | None = element("LockValueUnit", default=None)
    """Unit of LockInValue and LockOutValue."""
    lock_in_value: RationalNumber | None = element("LockInValue", default=None)
    """The curve acts from here on."""
    lock_out_value: RationalNumber | None = element("LockOutValue", default=None)
    """The curve ceases to act here."""
    pt1_response_reactive_power: bool = element("PT1ResponseReactivePower")
    """True: reactive power approaches its target like a first-order lag (PT1)."""
    step_response_time_constant_reactive_power: RationalNumber = element("StepResponseTimeConstantReactivePower")
    """Unit: s."""
    intentional_delay: RationalNumber | None = element("IntentionalDelay", default=None)
    """Unit: s."""


class ReactivePowerSupport(Record):
    """One of three curves by which the inverter makes reactive power.

    Source: V2G_CI_AC_DER_IEC.xsd, ``ReactivePowerSupportType``.
    """

    volt_var: Annotated[DERCurve | None, choice("ReactivePowerSupport")] = element("VoltVar", default=None)
    """Reactive power over voltage."""
    watt_var: Annotated[DERCurve | None, choice("ReactivePowerSupport")] = element("WattVar", default=None)
    """Reactive power over active power."""
    watt_cos_phi: Annotated[DERCurve | None, choice("ReactivePowerSupport")] = element("WattCosPhi", default=None)
    """Power factor over active power."""


class FrequencyWatt(Record):
    """Active power follows the frequency beyond a threshold, by a slope.

    Over frequency: from Fstart up the inverter takes in more, or feeds in less. Under frequency: the other way round.

    Source: V2G_CI_AC_DER_IEC.xsd, ``FrequencyWattType``.
    """

    fstart: RationalNumber = element("Fstart")
    """The function acts from here on. Unit: Hz."""
    fstop: RationalNumber = element("Fstop")
    """The function ceases to act here. Unit: Hz."""
    intentional_delay_fstop: UnsignedShort | None = element("IntentionalDelayFstop", default=None)
    """How long the inverter waits before Fstop counts, 0 to 65,535. The schema names no unit."""
    slope: RationalNumber = element("Slope")
    """Change of power by change of frequency. The schema names no unit."""
    deactivation_time: UnsignedShort | None = element("DeactivationTime", default=None)
    """How long the function goes on once the frequency is back, 0 to 65,535. The schema names no unit."""
    intentional_delay_power_control: UnsignedShort | None = element("IntentionalDelayPowerControl", default=None)
    """How long the inverter waits before it follows, 0 to 65,535. The schema names no unit."""
    power_reference: PowerReference = element("PowerReference")
    hysteresis_control: bool = element("HysteresisControl")
    """True: power stays where it is while the frequency comes back, until Fstop."""
    power_up_ramp: UnsignedShort | None = element("PowerUpRamp", default=None)
    """How fast power comes back afterwards, 0 to 65,535. The schema names no unit."""
    pt1_response_active_power: bool = element("PT1ResponseActivePower")
    """True: active power approaches its target like a first-order lag (PT1)."""
    step_response_time_constant_active_power: RationalNumber = element("StepResponseTimeConstantActivePower")
    """Unit: s."""


class VoltWatt(Record):
    """The inverter feeds in less, the further the voltage is above a threshold.

    Source: V2G_CI_AC_DER_IEC.xsd, ``VoltWattType``.
    """

    power_reference: PowerReference = element("PowerReference")
    u_start: RationalNumber = element("UStart")
    """Power is reduced from here on. The schema names no unit: V or a share of the nominal voltage."""
    u_stop: RationalNumber = element("UStop")
    """Nothing is fed in from here on. The schema names no unit: V or a share of the nominal voltage."""
    pt1_response_active_power: bool = element("PT1ResponseActivePower")
    """True: active power approaches its target like a first-order lag (PT1)."""
    step_response_time_constant_active_power: RationalNumber = element("StepResponseTimeConstantActivePower")
    """Unit: s."""
    intentional_delay_power_control: UnsignedInt | None = element("IntentionalDelayPowerControl", default=None)
    """How long the inverter waits before it follows, 0 to 4,294,967,295. The schema names no unit."""


class ActivePowerSupport(Record):
    """How active power follows frequency and voltage; a function left out is not wanted.

    Source: V2G_CI_AC_DER_IEC.xsd, ``ActivePowerSupportType``.
    """

    under_frequency_watt: FrequencyWatt | None = element("UnderFrequencyWatt", default=None)
    over_frequency_watt: FrequencyWatt | None = element("OverFrequencyWatt", default=None)
    volt_watt: VoltWatt | None = element("VoltWatt", default=None)


class FaultRideThrough(Record):
    """How the inverter stays connected through a voltage dip or swell, and supports the voltage meanwhile.

    While the voltage is beyond the start limit the inverter feeds reactive current in proportion to the deviation; the
    k-factors are that proportion. The schema names no unit for the voltages: volts or a share of the nominal voltage.

    Source: V2G_CI_AC_DER_IEC.xsd, ``FaultRideThroughType``.
    """

    voltage_limit_start_frt: RationalNumber = element("VoltageLimitStartFRT")
    """Support begins beyond it."""
    voltage_limit_stop_frt: RationalNumber | None = element("VoltageLimitStopFRT", default=None)
    """The inverter need not stay connected beyond it."""
    voltage_recovery_limit: RationalNumber | None = element("VoltageRecoveryLimit", default=None)
    """Support ends on this side of it."""
    voltage_ride_through_positive_curve_k_factor: RationalNumber | None = element(
        "VoltageRideThroughPositiveCurveKFactor", default=None
    )
    """Reactive current by voltage deviation, in the positive sequence. No unit."""
    voltage_ride_through_negative_curve_k_factor: RationalNumber | None = element(
        "VoltageRideThroughNegativeCurveKFactor", default=None
    )
    """Reactive current by voltage deviation, in the negative sequence. No unit."""
    pt1_response_active_power: bool = element("PT1ResponseActivePower")
    """True: active power approaches its target like a first-order lag (PT1)."""
    step_response_time_constant_active_power: RationalNumber = element("StepResponseTimeConstantActivePower")
    """Unit: s."""
    pt1_response_reactive_power: bool = element("PT1ResponseReactivePower")
    """True: reactive power approaches its target like a first-order lag (PT1)."""
    step_response_time_constant_reactive_power: RationalNumber = element("StepResponseTimeConstantReactivePower")
    """Unit: s."""


class ZeroCurrent(Record):
    """Beyond these voltages the inverter stays connected, but without current, until the voltage has recovered.

    The schema names no unit for the voltages: volts or a share of the nominal voltage.

    Source: V2G_CI_AC_DER_IEC.xsd, ``ZeroCurrentType``.
    """

    over_voltage_limit: RationalNumber | None = element("OverVoltageLimit", default=None)
    """No current above it."""
    under_voltage_limit: RationalNumber | None = element("UnderVoltageLimit", default=None)
    """No current below it."""
    over_voltage_recovery_limit: RationalNumber | None = element("OverVoltageRecoveryLimit", default=None)
    """Current again below it."""
    under_voltage_recovery_limit: RationalNumber | None = element("UnderVoltageRecoveryLimit", default=None)
    """Current again above it."""
    pt1_response_active_power: bool = element("PT1ResponseActivePower")
    """True: active power approaches its target like a first-order lag (PT1)."""
    step_response_time_constant_active_power: RationalNumber = element("StepResponseTimeConstantActivePower")
    """Unit: s."""
    pt1_response_reactive_power: bool = element("PT1ResponseReactivePower")
    """True: reactive power approaches its target like a first-order lag (PT1)."""
    step_response_time_constant_reactive_power: RationalNumber = element("StepResponseTimeConstantReactivePower")
    """Unit: s."""


class DERControl(Record):
    """What the grid operator wants of the car's inverter; a function left out is not wanted.

    Source: V2G_CI_AC_DER_IEC.xsd, ``DERControlType``.
    """

    overvoltage_fault_ride_through: FaultRideThrough | None = element("OvervoltageFaultRideThrough", default=None)
    undervoltage_fault_ride_through: FaultRideThrough | None = element("UndervoltageFaultRideThrough", default=None)
    zero_current: ZeroCurrent | None = element("ZeroCurrent", default=None)
    reactive_power_support: ReactivePowerSupport | None = element("ReactivePowerSupport", default=None)
    active_power_support: ActivePowerSupport | None = element("ActivePowerSupport", default=None)
    maximum_level_dc_injection: RationalNumber | None = element("MaximumLevelDCInjection", default=None)
    """Largest direct current in the alternating current. The schema names no unit: A or a share of the rated current."""


class DSOQSetpoint(Record):
    """Reactive power the grid operator (DSO) wants now.

    Source: V2G_CI_AC_DER_IEC.xsd, ``DSOQSetpointType``.
    """

    dso_q_setpoint_value: RationalNumber = element("DSOQSetpointValue")
    """Unit: var."""
    dso_q_setpoint_value_l2: RationalNumber | None = element("DSOQSetpointValue_L2", default=None)
    """Unit: var."""
    dso_q_setpoint_value_l3: RationalNumber | None = element("DSOQSetpointValue_L3", default=None)
    """Unit: var."""
    pt1_response_reactive_power: bool = element("PT1ResponseReactivePower")
    """True: reactive power approaches its target like a first-order lag (PT1)."""
    step_response_time_constant_reactive_power: RationalNumber = element("StepResponseTimeConstantReactivePower")
    """Unit: s."""


class DSOCosPhiSetpoint(Record):
    """Power factor the grid operator (DSO) wants now.

    Source: V2G_CI_AC_DER_IEC.xsd, ``DSOCosPhiSetpointType``.
    """

    dso_cos_phi_setpoint_value: RationalNumber = element("DSOCosPhiSetpointValue")
    """Power factor. No unit."""
    dso_cos_phi_setpoint_value_l2: RationalNumber | None = element("DSOCosPhiSetpointValue_L2", default=None)
    """Power factor. No unit."""
    dso_cos_phi_setpoint_value_l3: RationalNumber | None = element("DSOCosPhiSetpointValue_L3", default=None)
    """Power factor. No unit."""
    excitation: PowerFactorExcitation = element("Excitation")
    pt1_response_reactive_power: bool = element("PT1ResponseReactivePower")
    """True: reactive power approaches its target like a first-order lag (PT1)."""
    step_response_time_constant_reactive_power: RationalNumber = element("StepResponseTimeConstantReactivePower")
    """Unit: s."""
