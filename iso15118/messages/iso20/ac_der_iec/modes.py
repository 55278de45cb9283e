"""What the AC messages of AC_DER_IEC carry instead of the modes of plain AC.

Part of namespace AC-DER-IEC (V2G_CI_AC_DER_IEC.xsd). The namespace has no messages of its own: its six types stand in
for the modes in the four messages of AC. Suffixes ``_L2`` and ``_L3`` as in ``ac``.
"""

from __future__ import annotations

import enum

from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.ac_der_iec.control import DERControl, DSOCosPhiSetpoint, DSOQSetpoint
from iso15118.messages.iso20.ac_der_iec.xmlns import XMLNS
from iso15118.messages.iso20.types import Processing, RationalNumber
from iso15118.messages.model import Record, UnsignedByte, element


class EVOperatingMode(enum.Enum):
    """Whether the inverter follows the voltage of the grid or makes it.

    Source: V2G_CI_AC_DER_IEC.xsd, ``evOperatingModeType``.
    """

    GridFollowing = "GridFollowing"
    GridForming = "GridForming"


class GridConnectionMode(enum.Enum):
    """Whether the site is connected to the grid or an island.

    Source: V2G_CI_AC_DER_IEC.xsd, ``gridConnectionModeType``.
    """

    GridConnected = "GridConnected"
    GridIslanded = "GridIslanded"


class EVReactivePowerLimits(Record):
    """Reactive power the car can make while it charges and while it discharges.

    Source: V2G_CI_AC_DER_IEC.xsd, ``EVReactivePowerLimitsType``.
    """

    ev_maximum_charge_reactive_power: RationalNumber = element("EVMaximumChargeReactivePower")
    """Unit: var."""
    ev_maximum_charge_reactive_power_l2: RationalNumber | None = element(
        "EVMaximumChargeReactivePower_L2", default=None
    )
    """Unit: var."""
    ev_maximum_charge_reactive_power_l3: RationalNumber | None = element(
        "EVMaximumChargeReactivePower_L3", default=None
    )
    """Unit: var."""
    ev_minimum_charge_reactive_power: RationalNumber | None = element("EVMinimumChargeReactivePower", default=None)
    """Unit: var."""
    ev_minimum_charge_reactive_power_l2: RationalNumber | None = element(
        "EVMinimumChargeReactivePower_L2", default=None
    )
    """Unit: var."""
    ev_minimum_charge_reactive_power_l3: RationalNumber | None = element(
        "EVMinimumChargeReactivePower_L3", default=None
    )
    """Unit: var."""
    ev_maximum_discharge_reactive_power: RationalNumber = element("EVMaximumDischargeReactivePower")
    """Unit: var."""
    ev_maximum_discharge_reactive_power_l2: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower_L2", default=None
    )
    """Unit: var."""
    ev_maximum_discharge_reactive_power_l3: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower_L3", default=None
    )
    """Unit: var."""
    ev_minimum_discharge_reactive_power: RationalNumber | None = element(
        "EVMinimumDischargeReactivePower", default=None
    )
    """Unit: var."""
    ev_minimum_discharge_reactive_power_l2: RationalNumber | None = element(
        "EVMinimumDischargeReactivePower_L2", default=None
    )
    """Unit: var."""
    ev_minimum_discharge_reactive_power_l3: RationalNumber | None = element(
        "EVMinimumDischargeReactivePower_L3", default=None
    )
    """Unit: var."""


class DER_AC_CPDReqEnergyTransferMode(ac.AC_CPDReqEnergyTransferMode):
    """Limits of the car as a generator at the grid (sign of the discharge limits: docs/open-points.md).

    Source: V2G_CI_AC_DER_IEC.xsd, ``DER_AC_CPDReqEnergyTransferModeType``.
    """

    ev_processing: Processing = element("EVProcessing")
    """Ongoing: parameter discovery goes on (V2G20-3150); Finished: it is over (V2G20-3151)."""
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
    ev_session_total_discharge_energy_available: RationalNumber | None = element(
        "EVSessionTotalDischargeEnergyAvailable", default=None
    )
    """What the car may give in this session altogether. Unit: Wh."""
    ev_reactive_power_limits: EVReactivePowerLimits | None = element("EVReactivePowerLimits", default=None)


class DER_AC_CPDResEnergyTransferMode(ac.AC_CPDResEnergyTransferMode):
    """Limits of the outlet, and what the grid operator wants of the car's inverter.

    Source: V2G_CI_AC_DER_IEC.xsd, ``DER_AC_CPDResEnergyTransferModeType``.
    """

    evse_nominal_charge_power: RationalNumber = element("EVSENominalChargePower")
    """Unit: W."""
    evse_nominal_charge_power_l2: RationalNumber | None = element("EVSENominalChargePower_L2", default=None)
    """Unit: W."""
    evse_nominal_charge_power_l3: RationalNumber | None = element("EVSENominalChargePower_L3", default=None)
    """Unit: W."""
    evse_nominal_discharge_power: RationalNumber = element("EVSENominalDischargePower")
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
    ev_operating_mode: EVOperatingMode = element("EVOperatingMode")
    grid_connection_mode: GridConnectionMode = element("GridConnectionMode")
    der_control: DERControl = element("DERControl")


class DER_Dynamic_AC_CLReqControlMode(ac.Dynamic_AC_CLReqControlMode):
    """The car states needs and limits; the station sets power and reactive power.

    Source: V2G_CI_AC_DER_IEC.xsd, ``DER_Dynamic_AC_CLReqControlModeType``.
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
    ev_maximum_charge_reactive_power: RationalNumber | None = element("EVMaximumChargeReactivePower", default=None)
    """Unit: var."""
    ev_maximum_charge_reactive_power_l2: RationalNumber | None = element(
        "EVMaximumChargeReactivePower_L2", default=None
    )
    """Unit: var."""
    ev_maximum_charge_reactive_power_l3: RationalNumber | None = element(
        "EVMaximumChargeReactivePower_L3", default=None
    )
    """Unit: var."""
    ev_maximum_discharge_reactive_power: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower", default=None
    )
    """Unit: var."""
    ev_maximum_discharge_reactive_power_l2: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower_L2", default=None
    )
    """Unit: var."""
    ev_maximum_discharge_reactive_power_l3: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower_L3", default=None
    )
    """Unit: var."""
    grid_event_condition: UnsignedByte = element("GridEventCondition")
    """What the inverter notices of the grid, 0 to 255; the schema gives the values no meaning."""
    ev_maximum_v2x_energy_request: RationalNumber | None = element("EVMaximumV2XEnergyRequest", default=None)
    """Unit: Wh. Comes with EVMinimumV2XEnergyRequest or not at all (V2G20-2681)."""
    ev_minimum_v2x_energy_request: RationalNumber | None = element("EVMinimumV2XEnergyRequest", default=None)
    """Unit: Wh. Comes with EVMaximumV2XEnergyRequest or not at all (V2G20-2681)."""
    ev_session_total_discharge_energy_available: RationalNumber | None = element(
        "EVSessionTotalDischargeEnergyAvailable", default=None
    )
    """What the car may give in this session altogether. Unit: Wh."""


class DER_Dynamic_AC_CLResControlMode(ac.Dynamic_AC_CLResControlMode):
    """Set points and limits of the moment; the base type carries the targets.

    Source: V2G_CI_AC_DER_IEC.xsd, ``DER_Dynamic_AC_CLResControlModeType``.
    """

    evse_maximum_charge_power: RationalNumber = element("EVSEMaximumChargePower")
    """Unit: W."""
    evse_maximum_charge_power_l2: RationalNumber | None = element("EVSEMaximumChargePower_L2", default=None)
    """Unit: W."""
    evse_maximum_charge_power_l3: RationalNumber | None = element("EVSEMaximumChargePower_L3", default=None)
    """Unit: W."""
    evse_maximum_discharge_power: RationalNumber = element("EVSEMaximumDischargePower")
    """Unit: W."""
    evse_maximum_discharge_power_l2: RationalNumber | None = element("EVSEMaximumDischargePower_L2", default=None)
    """Unit: W."""
    evse_maximum_discharge_power_l3: RationalNumber | None = element("EVSEMaximumDischargePower_L3", default=None)
    """Unit: W."""
    dso_maximum_discharge_power: RationalNumber | None = element("DSOMaximumDischargePower", default=None)
    """Cap of the grid operator. Unit: W."""
    dso_maximum_discharge_power_l2: RationalNumber | None = element("DSOMaximumDischargePower_L2", default=None)
    """Unit: W."""
    dso_maximum_discharge_power_l3: RationalNumber | None = element("DSOMaximumDischargePower_L3", default=None)
    """Unit: W."""
    dso_q_setpoint: DSOQSetpoint | None = element("DSOQSetpoint", default=None)
    """Reactive power for now."""
    dso_cos_phi_setpoint: DSOCosPhiSetpoint | None = element("DSOCosPhiSetpoint", default=None)
    """Power factor for now."""


class DER_Scheduled_AC_CLReqControlMode(ac.Scheduled_AC_CLReqControlMode):
    """The car follows its schedule and says what it could do beyond.

    Source: V2G_CI_AC_DER_IEC.xsd, ``DER_Scheduled_AC_CLReqControlModeType``.
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
    ev_maximum_charge_reactive_power: RationalNumber | None = element("EVMaximumChargeReactivePower", default=None)
    """Unit: var."""
    ev_maximum_charge_reactive_power_l2: RationalNumber | None = element(
        "EVMaximumChargeReactivePower_L2", default=None
    )
    """Unit: var."""
    ev_maximum_charge_reactive_power_l3: RationalNumber | None = element(
        "EVMaximumChargeReactivePower_L3", default=None
    )
    """Unit: var."""
    ev_maximum_discharge_reactive_power: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower", default=None
    )
    """Unit: var."""
    ev_maximum_discharge_reactive_power_l2: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower_L2", default=None
    )
    """Unit: var."""
    ev_maximum_discharge_reactive_power_l3: RationalNumber | None = element(
        "EVMaximumDischargeReactivePower_L3", default=None
    )
    """Unit: var."""
    grid_event_condition: UnsignedByte = element("GridEventCondition")
    """What the inverter notices of the grid, 0 to 255; the schema gives the values no meaning."""


class DER_Scheduled_AC_CLResControlMode(ac.Scheduled_AC_CLResControlMode):
    """Limits of the moment and wishes of the grid operator beside the schedule.

    Source: V2G_CI_AC_DER_IEC.xsd, ``DER_Scheduled_AC_CLResControlModeType``.
    """

    evse_maximum_charge_power: RationalNumber = element("EVSEMaximumChargePower")
    """Unit: W."""
    evse_maximum_charge_power_l2: RationalNumber | None = element("EVSEMaximumChargePower_L2", default=None)
    """Unit: W."""
    evse_maximum_charge_power_l3: RationalNumber | None = element("EVSEMaximumChargePower_L3", default=None)
    """Unit: W."""
    evse_maximum_discharge_power: RationalNumber = element("EVSEMaximumDischargePower")
    """Unit: W."""
    evse_maximum_discharge_power_l2: RationalNumber | None = element("EVSEMaximumDischargePower_L2", default=None)
    """Unit: W."""
    evse_maximum_discharge_power_l3: RationalNumber | None = element("EVSEMaximumDischargePower_L3", default=None)
    """Unit: W."""
    dso_maximum_discharge_power: RationalNumber | None = element("DSOMaximumDischargePower", default=None)
    """Cap of the grid operator. Unit: W."""
    dso_maximum_discharge_power_l2: RationalNumber | None = element("DSOMaximumDischargePower_L2", default=None)
    """Unit: W."""
    dso_maximum_discharge_power_l3: RationalNumber | None = element("DSOMaximumDischargePower_L3", default=None)
    """Unit: W."""
    dso_q_setpoint: DSOQSetpoint | None = element("DSOQSetpoint", default=None)
    """Reactive power for now."""
    dso_cos_phi_setpoint: DSOCosPhiSetpoint | None = element("DSOCosPhiSetpoint", default=None)
    """Power factor for now."""
