"""Functions of an inverter at the grid, as North American grid codes want them.

Part of namespace AC-DER-SAE (V2G_CI_AC_DER_SAE.xsd). The text of Amendment 1 was not at hand: what a field means is read
from its name and from the terms of IEEE 1547-2018; where the schema names no unit, its field says so.
"""

from __future__ import annotations

import enum

from iso15118.messages.iso20.ac_der_sae.curves import DERCurve, DERUnit, VoltVar, VoltWatt, WattVar
from iso15118.messages.iso20.ac_der_sae.xmlns import XMLNS
from iso15118.messages.iso20.types import RationalNumber
from iso15118.messages.model import Record, UnsignedShort, element


class PowerFactorExcitation(enum.Enum):
    """Direction of a power factor: an over-excited generator injects reactive power, an under-excited one absorbs it.

    Source: V2G_CI_AC_DER_SAE.xsd, ``powerFactorExcitationType``.
    """

    OverExcited = "OverExcited"
    UnderExcited = "UnderExcited"


class PowerReference(enum.Enum):
    """Which power a droop is a share of.

    Source: V2G_CI_AC_DER_SAE.xsd, ``powerReferenceType``.
    """

    MaximumActivePower = "MaximumActivePower"
    MomentaryPower = "MomentaryPower"


class ConstantPowerFactor(Record):
    """Reactive power in a fixed proportion to active power.

    Source: V2G_CI_AC_DER_SAE.xsd, ``ConstantPowerFactorType``.
    """

    enable: bool = element("Enable")
    """True: the function acts."""
    priority: UnsignedShort | None = element("Priority", default=None)
    """Rank among functions that contradict each other, 0 to 65,535."""
    power_factor_value: RationalNumber = element("PowerFactorValue")
    """No unit."""
    power_factor_value_l2: RationalNumber | None = element("PowerFactorValue_L2", default=None)
    """No unit."""
    power_factor_value_l3: RationalNumber | None = element("PowerFactorValue_L3", default=None)
    """No unit."""
    power_factor_excitation: PowerFactorExcitation = element("PowerFactorExcitation")
    power_factor_excitation_l2: PowerFactorExcitation | None = element("PowerFactorExcitation_L2", default=None)
    power_factor_excitation_l3: PowerFactorExcitation | None = element("PowerFactorExcitation_L3", default=None)


class ConstantVar(Record):
    """A fixed reactive power.

    Source: V2G_CI_AC_DER_SAE.xsd, ``ConstantVarType``.
    """

    enable: bool = element("Enable")
    """True: the function acts."""
    priority: UnsignedShort | None = element("Priority", default=None)
    """Rank among functions that contradict each other, 0 to 65,535."""
    var_setpoint: RationalNumber = element("VarSetpoint")
    """Unit: that of ``Unit``."""
    var_setpoint_l2: RationalNumber | None = element("VarSetpoint_L2", default=None)
    """Unit: that of ``Unit``."""
    var_setpoint_l3: RationalNumber | None = element("VarSetpoint_L3", default=None)
    """Unit: that of ``Unit``."""
    unit: DERUnit = element("Unit")


class ConstantWatt(Record):
    """A fixed active power.

    Source: V2G_CI_AC_DER_SAE.xsd, ``ConstantWattType``.
    """

    enable: bool = element("Enable")
    """True: the function acts."""
    priority: UnsignedShort | None = element("Priority", default=None)
    """Rank among functions that contradict each other, 0 to 65,535."""
    watt_setpoint: RationalNumber = element("WattSetpoint")
    """Unit: that of ``Unit``."""
    watt_setpoint_l2: RationalNumber | None = element("WattSetpoint_L2", default=None)
    """Unit: that of ``Unit``."""
    watt_setpoint_l3: RationalNumber | None = element("WattSetpoint_L3", default=None)
    """Unit: that of ``Unit``."""
    unit: DERUnit = element("Unit")


class FrequencyDroopSettings(Record):
    """Dead band and slope of one direction.

    Source: V2G_CI_AC_DER_SAE.xsd, ``FrequencyDroopSettingsType``.
    """

    db: RationalNumber = element("db")
    """Dead band: how far the frequency may be off before power changes. Unit: Hz."""
    droop_factor: RationalNumber = element("DroopFactor")
    """Change of frequency, as a share of the nominal one, for the whole reference power. No unit."""
    droop_factor_l2: RationalNumber | None = element("DroopFactor_L2", default=None)
    """No unit."""
    droop_factor_l3: RationalNumber | None = element("DroopFactor_L3", default=None)
    """No unit."""
    power_reference: PowerReference = element("PowerReference")
    power_reference_l2: PowerReference | None = element("PowerReference_L2", default=None)
    power_reference_l3: PowerReference | None = element("PowerReference_L3", default=None)
    open_loop_response_time: RationalNumber = element("OpenLoopResponseTime")
    """From a step of the cause to 90 % of the effect. Unit: s."""


class FrequencyDroop(Record):
    """Active power follows the frequency outside a dead band around the nominal one.

    Source: V2G_CI_AC_DER_SAE.xsd, ``FrequencyDroopType``.
    """

    enable: bool = element("Enable")
    """True: the function acts."""
    priority: UnsignedShort | None = element("Priority", default=None)
    """Rank among functions that contradict each other, 0 to 65,535."""
    over_frequency_droop: FrequencyDroopSettings | None = element("OverFrequencyDroop", default=None)
    under_frequency_droop: FrequencyDroopSettings | None = element("UnderFrequencyDroop", default=None)


class LimitMaxDischargePower(Record):
    """A cap on the power fed in, as a share of the maximum.

    Source: V2G_CI_AC_DER_SAE.xsd, ``LimitMaxDischargePowerType``.
    """

    enable: bool = element("Enable")
    """True: the function acts."""
    priority: UnsignedShort | None = element("Priority", default=None)
    """Rank among functions that contradict each other, 0 to 65,535."""
    percentage_value: UnsignedShort = element("PercentageValue")
    """Unit: %, 0 to 65,535 by its type."""
    percentage_value_l2: UnsignedShort | None = element("PercentageValue_L2", default=None)
    """Unit: %, 0 to 65,535 by its type."""
    percentage_value_l3: UnsignedShort | None = element("PercentageValue_L3", default=None)
    """Unit: %, 0 to 65,535 by its type."""
    open_loop_response_time: RationalNumber | None = element("OpenLoopResponseTime", default=None)
    """From a step of the cause to 90 % of the effect. Unit: s."""


class VoltageTrip(Record):
    """When the inverter must, or may, leave the grid because of its voltage; curves of voltage over time.

    Momentary cessation: it stops feeding in, but stays connected and comes back by itself.

    Source: V2G_CI_AC_DER_SAE.xsd, ``VoltageTripType``.
    """

    over_voltage_must_trip_curve: DERCurve = element("OverVoltageMustTripCurve")
    """Beyond it the inverter must leave the grid."""
    under_voltage_must_trip_curve: DERCurve = element("UnderVoltageMustTripCurve")
    """Beyond it the inverter must leave the grid."""
    over_voltage_momentary_cessation_trip_curve: DERCurve | None = element(
        "OverVoltageMomentaryCessationTripCurve", default=None
    )
    """Beyond it the inverter ceases for the moment."""
    under_voltage_momentary_cessation_trip_curve: DERCurve | None = element(
        "UnderVoltageMomentaryCessationTripCurve", default=None
    )
    """Beyond it the inverter ceases for the moment."""
    over_voltage_may_trip_curve: DERCurve | None = element("OverVoltageMayTripCurve", default=None)
    """Beyond it the inverter may leave the grid."""
    under_voltage_may_trip_curve: DERCurve | None = element("UnderVoltageMayTripCurve", default=None)
    """Beyond it the inverter may leave the grid."""


class FrequencyTrip(Record):
    """When the inverter must, or may, leave the grid because of its frequency; curves of frequency over time.

    Source: V2G_CI_AC_DER_SAE.xsd, ``FrequencyTripType``.
    """

    over_frequency_must_trip_curve: DERCurve = element("OverFrequencyMustTripCurve")
    """Beyond it the inverter must leave the grid."""
    under_frequency_must_trip_curve: DERCurve = element("UnderFrequencyMustTripCurve")
    """Beyond it the inverter must leave the grid."""
    over_frequency_may_trip_curve: DERCurve | None = element("OverFrequencyMayTripCurve", default=None)
    """Beyond it the inverter may leave the grid."""
    under_frequency_may_trip_curve: DERCurve | None = element("UnderFrequencyMayTripCurve", default=None)
    """Beyond it the inverter may leave the grid."""


class EnterServiceCPDRes(Record):
    """When the inverter may begin to feed in after it was off.

    Source: V2G_CI_AC_DER_SAE.xsd, ``EnterServiceCPDResType``.
    """

    permit_service: bool = element("PermitService")
    """False: the inverter must not feed in."""
    enter_service_voltage_high: RationalNumber = element("EnterServiceVoltageHigh")
    """Highest voltage to begin at. The schema names no unit: V or a share of the nominal voltage."""
    enter_service_voltage_low: RationalNumber = element("EnterServiceVoltageLow")
    """Lowest voltage to begin at. The schema names no unit: V or a share of the nominal voltage."""
    enter_service_frequency_high: RationalNumber = element("EnterServiceFrequencyHigh")
    """Highest frequency to begin at. Unit: Hz."""
    enter_service_frequency_low: RationalNumber = element("EnterServiceFrequencyLow")
    """Lowest frequency to begin at. Unit: Hz."""
    enter_service_delay: RationalNumber | None = element("EnterServiceDelay", default=None)
    """How long the grid must be within these limits first. Unit: s."""
    enter_service_randomized_delay: RationalNumber | None = element("EnterServiceRandomizedDelay", default=None)
    """Upper bound of a random delay on top, so that not all inverters begin at once. Unit: s."""
    enter_service_ramp_time: RationalNumber | None = element("EnterServiceRampTime", default=None)
    """How long power takes from nothing to the maximum. Unit: s."""


class EnterServiceCLRes(Record):
    """When the inverter may begin to feed in after it was off; what is left out stays as it was.

    Source: V2G_CI_AC_DER_SAE.xsd, ``EnterServiceCLResType``.
    """

    permit_service: bool = element("PermitService")
    """False: the inverter must not feed in."""
    enter_service_voltage_high: RationalNumber | None = element("EnterServiceVoltageHigh", default=None)
    """Highest voltage to begin at. The schema names no unit: V or a share of the nominal voltage."""
    enter_service_voltage_low: RationalNumber | None = element("EnterServiceVoltageLow", default=None)
    """Lowest voltage to begin at. The schema names no unit: V or a share of the nominal voltage."""
    enter_service_frequency_high: RationalNumber | None = element("EnterServiceFrequencyHigh", default=None)
    """Highest frequency to begin at. Unit: Hz."""
    enter_service_frequency_low: RationalNumber | None = element("EnterServiceFrequencyLow", default=None)
    """Lowest frequency to begin at. Unit: Hz."""
    enter_service_delay: RationalNumber | None = element("EnterServiceDelay", default=None)
    """How long the grid must be within these limits first. Unit: s."""
    enter_service_randomized_delay: RationalNumber | None = element("EnterServiceRandomizedDelay", default=None)
    """Upper bound of a random delay on top, so that not all inverters begin at once. Unit: s."""
    enter_service_ramp_time: RationalNumber | None = element("EnterServiceRampTime", default=None)
    """How long power takes from nothing to the maximum. Unit: s."""


class ReactivePowerSupportCPDRes(Record):
    """The functions that make reactive power; ``Enable`` says which of them acts.

    Source: V2G_CI_AC_DER_SAE.xsd, ``ReactivePowerSupportCPDResType``.
    """

    constant_power_factor: ConstantPowerFactor = element("ConstantPowerFactor")
    volt_var: VoltVar = element("VoltVar")
    watt_var: WattVar = element("WattVar")
    constant_var: ConstantVar = element("ConstantVar")


class ReactivePowerSupportCLRes(Record):
    """Changed functions of reactive power; ``Enable`` says which of them acts.

    Source: V2G_CI_AC_DER_SAE.xsd, ``ReactivePowerSupportCLResType``.
    """

    constant_power_factor: ConstantPowerFactor | None = element("ConstantPowerFactor", default=None)
    volt_var: VoltVar | None = element("VoltVar", default=None)
    watt_var: WattVar | None = element("WattVar", default=None)
    constant_var: ConstantVar | None = element("ConstantVar", default=None)


class ActivePowerSupportCPDRes(Record):
    """The functions that change active power; ``Enable`` says which of them act.

    Source: V2G_CI_AC_DER_SAE.xsd, ``ActivePowerSupportCPDResType``.
    """

    frequency_droop: FrequencyDroop = element("FrequencyDroop")
    volt_watt: VoltWatt = element("VoltWatt")
    constant_watt: ConstantWatt = element("ConstantWatt")
    limit_max_discharge_power: LimitMaxDischargePower = element("LimitMaxDischargePower")


class ActivePowerSupportCLRes(Record):
    """Changed functions of active power; ``Enable`` says which of them act.

    Source: V2G_CI_AC_DER_SAE.xsd, ``ActivePowerSupportCLResType``.
    """

    frequency_droop: FrequencyDroop | None = element("FrequencyDroop", default=None)
    volt_watt: VoltWatt | None = element("VoltWatt", default=None)
    constant_watt: ConstantWatt | None = element("ConstantWatt", default=None)
    limit_max_discharge_power: LimitMaxDischargePower | None = element("LimitMaxDischargePower", default=None)


class DERControlCPDRes(Record):
    """All settings of the inverter, as parameter discovery gives them.

    Source: V2G_CI_AC_DER_SAE.xsd, ``DERControlCPDResType``.
    """

    voltage_trip: VoltageTrip = element("VoltageTrip")
    frequency_trip: FrequencyTrip = element("FrequencyTrip")
    enter_service_cpd_res: EnterServiceCPDRes = element("EnterServiceCPDRes")
    reactive_power_support_cpd_res: ReactivePowerSupportCPDRes = element("ReactivePowerSupportCPDRes")
    active_power_support_cpd_res: ActivePowerSupportCPDRes = element("ActivePowerSupportCPDRes")


class DERControlCLRes(Record):
    """Settings that change during the charge loop; what is left out stays as it was.

    Source: V2G_CI_AC_DER_SAE.xsd, ``DERControlCLResType``.
    """

    voltage_trip: VoltageTrip | None = element("VoltageTrip", default=None)
    frequency_trip: FrequencyTrip | None = element("FrequencyTrip", default=None)
    enter_service_cl_res: EnterServiceCLRes = element("EnterServiceCLRes")
    reactive_power_support_cl_res: ReactivePowerSupportCLRes | None = element("ReactivePowerSupportCLRes", default=None)
    active_power_support_cl_res: ActivePowerSupportCLRes | None = element("ActivePowerSupportCLRes", default=None)
