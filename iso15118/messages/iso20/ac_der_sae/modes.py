"""What the AC messages of AC_DER_SAE carry instead of the modes of plain AC.

Part of namespace AC-DER-SAE (V2G_CI_AC_DER_SAE.xsd). The namespace has no messages of its own: its six types stand in
for the modes in the four messages of AC. Suffixes ``_L2`` and ``_L3`` as in ``ac``.
"""

from __future__ import annotations

import enum

from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.ac_der_sae.control import DERControlCLRes, DERControlCPDRes
from iso15118.messages.iso20.ac_der_sae.present import EVApparentPower, EVExcitation, EVReactivePower
from iso15118.messages.iso20.ac_der_sae.ratings import (
    EVApparentPowerLimits,
    EVExcitationLimits,
    EVInverterDetails,
    EVReactivePowerLimits,
    EVSEReactivePowerLimits,
    GridLimits,
)
from iso15118.messages.iso20.ac_der_sae.xmlns import XMLNS
from iso15118.messages.iso20.types import EVSEStatus, Processing, RationalNumber
from iso15118.messages.model import UnsignedInt, UnsignedLong, element


class RequiredDEROperatingMode(enum.Enum):
    """Whether the inverter follows the voltage of the grid or makes it.

    Source: V2G_CI_AC_DER_SAE.xsd, ``requiredDEROperatingModeType``.
    """

    GridFollowing = "GridFollowing"
    GridForming = "GridForming"


class GridConnectionMode(enum.Enum):
    """Whether the site is connected to the grid or an island.

    Source: V2G_CI_AC_DER_SAE.xsd, ``gridConnectionModeType``.
    """

    GridConnected = "GridConnected"
    GridIslanded = "GridIslanded"


class IEEE1547NormalCategory(enum.Enum):
    """Class of reactive power capability (IEEE 1547-2018): B can do more.

    Source: V2G_CI_AC_DER_SAE.xsd, ``ieee1547NormalCategoryType``.
    """

    CategoryA = "CategoryA"
    CategoryB = "CategoryB"


class IEEE1547AbnormalCategory(enum.Enum):
    """Class of ride-through capability (IEEE 1547-2018): III stays connected the longest.

    Source: V2G_CI_AC_DER_SAE.xsd, ``ieee1547AbnormalCategoryType``.
    """

    CategoryI = "CategoryI"
    CategoryII = "CategoryII"
    CategoryIII = "CategoryIII"


class DEROperationalState(enum.Enum):
    """Whether the inverter runs.

    Source: V2G_CI_AC_DER_SAE.xsd, ``derOperationalStateType``.
    """

    On = "On"
    Off = "Off"


class DERConnectionStatus(enum.Enum):
    """Whether the inverter is connected to the grid.

    Source: V2G_CI_AC_DER_SAE.xsd, ``derConnectionStatusType``.
    """

    Disconnected = "Disconnected"
    Connected = "Connected"


class DER_AC_CPDReqEnergyTransferMode(ac.AC_CPDReqEnergyTransferMode):
    """The car's inverter as a generator at the grid: ratings, certification, functions (sign of discharge limits:
    docs/open-points.md).

    Source: V2G_CI_AC_DER_SAE.xsd, ``DER_AC_CPDReqEnergyTransferModeType``.
    """

    ev_processing: Processing = element("EVProcessing")
    """Ongoing: parameter discovery goes on (V2G20-3150); Finished: it is over (V2G20-3151)."""
    ev_maximum_discharge_power: RationalNumber = element("EVMaximumDischargePower")
    """Unit: W."""
    ev_maximum_discharge_power_l2: RationalNumber | None = element("EVMaximumDischargePower_L2", default=None)
    """Unit: W."""
    ev_maximum_discharge_power_l3: RationalNumber | None = element("EVMaximumDischargePower_L3", default=None)
    """Unit: W."""
    ev_minimum_discharge_power: RationalNumber | None = element("EVMinimumDischargePower", default=None)
    """Unit: W."""
    ev_minimum_discharge_power_l2: RationalNumber | None = element("EVMinimumDischargePower_L2", default=None)
    """Unit: W."""
    ev_minimum_discharge_power_l3: RationalNumber | None = element("EVMinimumDischargePower_L3", default=None)
    """Unit: W."""
    ev_session_total_discharge_energy_available: RationalNumber | None = element(
        "EVSessionTotalDischargeEnergyAvailable", default=None
    )
    """What the car may give in this session altogether. Unit: Wh."""
    ev_apparent_power_limits: EVApparentPowerLimits = element("EVApparentPowerLimits")
    ev_reactive_power_limits: EVReactivePowerLimits = element("EVReactivePowerLimits")
    ev_excitation_limits: EVExcitationLimits = element("EVExcitationLimits")
    ev_inverter_details: EVInverterDetails = element("EVInverterDetails")
    ieee1547_normal_category: IEEE1547NormalCategory = element("IEEE1547NormalCategory")
    ieee1547_abnormal_category: IEEE1547AbnormalCategory = element("IEEE1547AbnormalCategory")
    ev_nominal_voltage: RationalNumber = element("EVNominalVoltage")
    """Unit: V."""
    ev_maximum_voltage: RationalNumber = element("EVMaximumVoltage")
    """Unit: V."""
    ev_minimum_voltage: RationalNumber = element("EVMinimumVoltage")
    """Unit: V."""
    ev_nominal_voltage_offset: RationalNumber = element("EVNominalVoltageOffset")
    """From the station's connection point to that of the utility. Unit: V."""
    j3072_certified: bool = element("J3072Certified")
    """The inverter is certified by SAE J3072."""
    j3072_certification_date: UnsignedLong = element("J3072CertificationDate")
    """The schema names no unit; TimeStamp of the header counts s since 1970-01-01T00:00Z."""
    ev_useable_watt_hours: UnsignedInt = element("EVUseableWattHours")
    """Unit: Wh."""
    ev_update_time: UnsignedLong = element("EVUpdateTime")
    """When these values last changed. The schema names no unit; TimeStamp of the header counts s since 1970-01-01T00:00Z."""
    supported_modes: UnsignedInt = element("SupportedModes")
    """Functions the inverter has: a bitmap whose bits the schema does not name."""
    enabled_modes: UnsignedInt = element("EnabledModes")
    """Functions that act: a bitmap whose bits the schema does not name."""


class DER_AC_CPDResEnergyTransferMode(ac.AC_CPDResEnergyTransferMode):
    """Limits of the outlet and of the grid, and the functions the grid operator wants.

    Source: V2G_CI_AC_DER_SAE.xsd, ``DER_AC_CPDResEnergyTransferModeType``.
    """

    evse_processing: Processing = element("EVSEProcessing")
    """Ongoing: the station's side of parameter discovery goes on."""
    evse_status: EVSEStatus | None = element("EVSEStatus", default=None)
    """A wish of the station, already here."""
    der_control_cpd_res: DERControlCPDRes = element("DERControlCPDRes")
    evse_nominal_charge_power: RationalNumber | None = element("EVSENominalChargePower", default=None)
    """Unit: W."""
    evse_nominal_charge_power_l2: RationalNumber | None = element("EVSENominalChargePower_L2", default=None)
    """Unit: W."""
    evse_nominal_charge_power_l3: RationalNumber | None = element("EVSENominalChargePower_L3", default=None)
    """Unit: W."""
    evse_nominal_discharge_power: RationalNumber | None = element("EVSENominalDischargePower", default=None)
    """Unit: W."""
    evse_nominal_discharge_power_l2: RationalNumber | None = element("EVSENominalDischargePower_L2", default=None)
    """Unit: W."""
    evse_nominal_discharge_power_l3: RationalNumber | None = element("EVSENominalDischargePower_L3", default=None)
    """Unit: W."""
    evse_maximum_discharge_power: RationalNumber = element("EVSEMaximumDischargePower")
    """Unit: W."""
    evse_maximum_discharge_power_l2: RationalNumber | None = element("EVSEMaximumDischargePower_L2", default=None)
    """Unit: W."""
    evse_maximum_discharge_power_l3: RationalNumber | None = element("EVSEMaximumDischargePower_L3", default=None)
    """Unit: W."""
    evse_reactive_power_limits: EVSEReactivePowerLimits = element("EVSEReactivePowerLimits")
    grid_limits: GridLimits = element("GridLimits")
    required_der_operating_mode: RequiredDEROperatingMode = element("RequiredDEROperatingMode")
    grid_connection_mode: GridConnectionMode = element("GridConnectionMode")
    evse_update_time: UnsignedLong = element("EVSEUpdateTime")
    """When these values last changed. The schema names no unit; TimeStamp of the header counts s since 1970-01-01T00:00Z."""


class DER_Scheduled_AC_CLReqControlMode(ac.Scheduled_AC_CLReqControlMode):
    """The car follows its schedule and says how its inverter does.

    Source: V2G_CI_AC_DER_SAE.xsd, ``DER_Scheduled_AC_CLReqControlModeType``.
    """

    ev_present_voltage: RationalNumber = element("EVPresentVoltage")
    """Unit: V."""
    ev_present_frequency: RationalNumber = element("EVPresentFrequency")
    """Unit: Hz."""
    ev_maximum_discharge_power: RationalNumber | None = element("EVMaximumDischargePower", default=None)
    """Unit: W."""
    ev_maximum_discharge_power_l2: RationalNumber | None = element("EVMaximumDischargePower_L2", default=None)
    """Unit: W."""
    ev_maximum_discharge_power_l3: RationalNumber | None = element("EVMaximumDischargePower_L3", default=None)
    """Unit: W."""
    ev_minimum_discharge_power: RationalNumber | None = element("EVMinimumDischargePower", default=None)
    """Unit: W."""
    ev_minimum_discharge_power_l2: RationalNumber | None = element("EVMinimumDischargePower_L2", default=None)
    """Unit: W."""
    ev_minimum_discharge_power_l3: RationalNumber | None = element("EVMinimumDischargePower_L3", default=None)
    """Unit: W."""
    der_operational_state: DEROperationalState = element("DEROperationalState")
    der_connection_status: DERConnectionStatus = element("DERConnectionStatus")
    ev_apparent_power: EVApparentPower | None = element("EVApparentPower", default=None)
    ev_reactive_power: EVReactivePower | None = element("EVReactivePower", default=None)
    ev_excitation: EVExcitation | None = element("EVExcitation", default=None)
    ev_update_time: UnsignedLong = element("EVUpdateTime")
    """When these values last changed. The schema names no unit; TimeStamp of the header counts s since 1970-01-01T00:00Z."""
    ev_minimum_charging_duration: UnsignedInt | None = element("EVMinimumChargingDuration", default=None)
    """How long charging takes at least. Unit: s."""
    ev_duration_maximum_charge_rate: UnsignedInt | None = element("EVDurationMaximumChargeRate", default=None)
    """How long the car can take its maximum power. Unit: s."""
    ev_duration_maximum_discharge_rate: UnsignedInt | None = element("EVDurationMaximumDischargeRate", default=None)
    """How long the car can give its maximum power. Unit: s."""
    der_alarm_status: UnsignedInt = element("DERAlarmStatus")
    """Alarms of the inverter: a bitmap whose bits the schema does not name."""
    enabled_modes: UnsignedInt = element("EnabledModes")
    """Functions that act: a bitmap whose bits the schema does not name."""


class DER_Scheduled_AC_CLResControlMode(ac.Scheduled_AC_CLResControlMode):
    """Changes of the wanted functions and limits beside the schedule.

    Source: V2G_CI_AC_DER_SAE.xsd, ``DER_Scheduled_AC_CLResControlModeType``.
    """

    der_control_cl_res: DERControlCLRes = element("DERControlCLRes")
    evse_maximum_charge_power: RationalNumber | None = element("EVSEMaximumChargePower", default=None)
    """Unit: W."""
    evse_maximum_charge_power_l2: RationalNumber | None = element("EVSEMaximumChargePower_L2", default=None)
    """Unit: W."""
    evse_maximum_charge_power_l3: RationalNumber | None = element("EVSEMaximumChargePower_L3", default=None)
    """Unit: W."""
    evse_maximum_discharge_power: RationalNumber | None = element("EVSEMaximumDischargePower", default=None)
    """Unit: W."""
    evse_maximum_discharge_power_l2: RationalNumber | None = element("EVSEMaximumDischargePower_L2", default=None)
    """Unit: W."""
    evse_maximum_discharge_power_l3: RationalNumber | None = element("EVSEMaximumDischargePower_L3", default=None)
    """Unit: W."""
    required_der_operating_mode: RequiredDEROperatingMode | None = element("RequiredDEROperatingMode", default=None)
    grid_connection_mode: GridConnectionMode | None = element("GridConnectionMode", default=None)


class DER_Dynamic_AC_CLReqControlMode(ac.Dynamic_AC_CLReqControlMode):
    """The car states needs and limits and says how its inverter does.

    Source: V2G_CI_AC_DER_SAE.xsd, ``DER_Dynamic_AC_CLReqControlModeType``.
    """

    ev_maximum_discharge_power: RationalNumber = element("EVMaximumDischargePower")
    """Unit: W."""
    ev_maximum_discharge_power_l2: RationalNumber | None = element("EVMaximumDischargePower_L2", default=None)
    """Unit: W."""
    ev_maximum_discharge_power_l3: RationalNumber | None = element("EVMaximumDischargePower_L3", default=None)
    """Unit: W."""
    ev_minimum_discharge_power: RationalNumber = element("EVMinimumDischargePower")
    """Unit: W."""
    ev_minimum_discharge_power_l2: RationalNumber | None = element("EVMinimumDischargePower_L2", default=None)
    """Unit: W."""
    ev_minimum_discharge_power_l3: RationalNumber | None = element("EVMinimumDischargePower_L3", default=None)
    """Unit: W."""
    ev_present_voltage: RationalNumber = element("EVPresentVoltage")
    """Unit: V."""
    ev_present_frequency: RationalNumber = element("EVPresentFrequency")
    """Unit: Hz."""
    ev_session_total_discharge_energy_available: RationalNumber | None = element(
        "EVSessionTotalDischargeEnergyAvailable", default=None
    )
    """What the car may give in this session altogether. Unit: Wh."""
    ev_apparent_power: EVApparentPower | None = element("EVApparentPower", default=None)
    ev_reactive_power: EVReactivePower | None = element("EVReactivePower", default=None)
    ev_excitation: EVExcitation | None = element("EVExcitation", default=None)
    ev_maximum_v2x_energy_request: RationalNumber | None = element("EVMaximumV2XEnergyRequest", default=None)
    """Unit: Wh. Comes with EVMinimumV2XEnergyRequest or not at all (V2G20-2681)."""
    ev_minimum_v2x_energy_request: RationalNumber | None = element("EVMinimumV2XEnergyRequest", default=None)
    """Unit: Wh. Comes with EVMaximumV2XEnergyRequest or not at all (V2G20-2681)."""
    der_operational_state: DEROperationalState = element("DEROperationalState")
    der_connection_status: DERConnectionStatus = element("DERConnectionStatus")
    ev_update_time: UnsignedLong = element("EVUpdateTime")
    """When these values last changed. The schema names no unit; TimeStamp of the header counts s since 1970-01-01T00:00Z."""
    ev_minimum_charging_duration: UnsignedInt = element("EVMinimumChargingDuration")
    """How long charging takes at least. Unit: s."""
    ev_duration_maximum_charge_rate: UnsignedInt = element("EVDurationMaximumChargeRate")
    """How long the car can take its maximum power. Unit: s."""
    ev_duration_maximum_discharge_rate: UnsignedInt = element("EVDurationMaximumDischargeRate")
    """How long the car can give its maximum power. Unit: s."""
    der_alarm_status: UnsignedInt = element("DERAlarmStatus")
    """Alarms of the inverter: a bitmap whose bits the schema does not name."""
    enabled_modes: UnsignedInt = element("EnabledModes")
    """Functions that act: a bitmap whose bits the schema does not name."""


class DER_Dynamic_AC_CLResControlMode(ac.Dynamic_AC_CLResControlMode):
    """Changes of the wanted functions and limits; the base type carries the targets.

    Source: V2G_CI_AC_DER_SAE.xsd, ``DER_Dynamic_AC_CLResControlModeType``.
    """

    der_control_cl_res: DERControlCLRes = element("DERControlCLRes")
    evse_maximum_charge_power: RationalNumber | None = element("EVSEMaximumChargePower", default=None)
    """Unit: W."""
    evse_maximum_charge_power_l2: RationalNumber | None = element("EVSEMaximumChargePower_L2", default=None)
    """Unit: W."""
    evse_maximum_charge_power_l3: RationalNumber | None = element("EVSEMaximumChargePower_L3", default=None)
    """Unit: W."""
    evse_maximum_discharge_power: RationalNumber | None = element("EVSEMaximumDischargePower", default=None)
    """Unit: W."""
    evse_maximum_discharge_power_l2: RationalNumber | None = element("EVSEMaximumDischargePower_L2", default=None)
    """Unit: W."""
    evse_maximum_discharge_power_l3: RationalNumber | None = element("EVSEMaximumDischargePower_L3", default=None)
    """Unit: W."""
    required_der_operating_mode: RequiredDEROperatingMode | None = element("RequiredDEROperatingMode", default=None)
    grid_connection_mode: GridConnectionMode | None = element("GridConnectionMode", default=None)
