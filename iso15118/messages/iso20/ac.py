"""AC charging, in one or both directions (V2G_CI_AC.xsd).

A value with the suffix ``_L2`` or ``_L3`` belongs to that line. Read as OCPP 2.1 reads the same suffixes, the value
without one belongs to L1 beside them and to all lines together without them.
"""

from __future__ import annotations

from typing import Annotated

from iso15118.messages.iso20 import types
from iso15118.messages.iso20.types import (
    ChargeLoopReq,
    ChargeLoopRes,
    ChargeParameterDiscoveryReq,
    ChargeParameterDiscoveryRes,
    CLReqControlMode,
    CLResControlMode,
    Dynamic_CLReqControlMode,
    Dynamic_CLResControlMode,
    RationalNumber,
    Scheduled_CLReqControlMode,
    Scheduled_CLResControlMode,
)
from iso15118.messages.model import Record, Xmlns, element, reference

XMLNS = Xmlns("urn:iso:std:iso:15118:-20:AC", attributes_qualified=True)


class AC_CPDReqEnergyTransferMode(Record):
    """Limits of the car for charging.

    Source: V2G_CI_AC.xsd, ``AC_CPDReqEnergyTransferModeType``.
    """

    ev_maximum_charge_power: RationalNumber = element("EVMaximumChargePower")
    """Unit: W."""
    ev_maximum_charge_power_l2: RationalNumber | None = element("EVMaximumChargePower_L2", default=None)
    """Unit: W."""
    ev_maximum_charge_power_l3: RationalNumber | None = element("EVMaximumChargePower_L3", default=None)
    """Unit: W."""
    ev_minimum_charge_power: RationalNumber = element("EVMinimumChargePower")
    """Unit: W."""
    ev_minimum_charge_power_l2: RationalNumber | None = element("EVMinimumChargePower_L2", default=None)
    """Unit: W."""
    ev_minimum_charge_power_l3: RationalNumber | None = element("EVMinimumChargePower_L3", default=None)
    """Unit: W."""


class AC_CPDResEnergyTransferMode(Record):
    """Limits of the outlet for charging, and what the grid is like.

    Source: V2G_CI_AC.xsd, ``AC_CPDResEnergyTransferModeType``.
    """

    evse_maximum_charge_power: RationalNumber = element("EVSEMaximumChargePower")
    """Unit: W."""
    evse_maximum_charge_power_l2: RationalNumber | None = element("EVSEMaximumChargePower_L2", default=None)
    """Unit: W."""
    evse_maximum_charge_power_l3: RationalNumber | None = element("EVSEMaximumChargePower_L3", default=None)
    """Unit: W."""
    evse_minimum_charge_power: RationalNumber = element("EVSEMinimumChargePower")
    """Unit: W."""
    evse_minimum_charge_power_l2: RationalNumber | None = element("EVSEMinimumChargePower_L2", default=None)
    """Unit: W."""
    evse_minimum_charge_power_l3: RationalNumber | None = element("EVSEMinimumChargePower_L3", default=None)
    """Unit: W."""
    evse_nominal_frequency: RationalNumber = element("EVSENominalFrequency")
    """Unit: Hz."""
    maximum_power_asymmetry: RationalNumber | None = element("MaximumPowerAsymmetry", default=None)
    """How far the lines may differ. Unit: W."""
    evse_power_ramp_limitation: RationalNumber | None = element("EVSEPowerRampLimitation", default=None)
    """How fast the outlet changes its power; peers read it as W/s."""
    evse_present_active_power: RationalNumber | None = element("EVSEPresentActivePower", default=None)
    """Unit: W. Negative while energy flows out of the EV."""
    evse_present_active_power_l2: RationalNumber | None = element("EVSEPresentActivePower_L2", default=None)
    """Unit: W."""
    evse_present_active_power_l3: RationalNumber | None = element("EVSEPresentActivePower_L3", default=None)
    """Unit: W."""


class BPT_AC_CPDReqEnergyTransferMode(AC_CPDReqEnergyTransferMode):
    """Limits of the car for both directions (sign of the discharge limits: docs/open-points.md).

    Source: V2G_CI_AC.xsd, ``BPT_AC_CPDReqEnergyTransferModeType``.
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


class BPT_AC_CPDResEnergyTransferMode(AC_CPDResEnergyTransferMode):
    """Limits of the outlet for both directions (sign of the discharge limits: docs/open-points.md).

    Source: V2G_CI_AC.xsd, ``BPT_AC_CPDResEnergyTransferModeType``.
    """

    evse_maximum_discharge_power: RationalNumber = element("EVSEMaximumDischargePower")
    """Unit: W."""
    evse_maximum_discharge_power_l2: RationalNumber | None = element("EVSEMaximumDischargePower_L2", default=None)
    """Unit: W."""
    evse_maximum_discharge_power_l3: RationalNumber | None = element("EVSEMaximumDischargePower_L3", default=None)
    """Unit: W."""
    evse_minimum_discharge_power: RationalNumber = element("EVSEMinimumDischargePower")
    """Unit: W."""
    evse_minimum_discharge_power_l2: RationalNumber | None = element("EVSEMinimumDischargePower_L2", default=None)
    """Unit: W."""
    evse_minimum_discharge_power_l3: RationalNumber | None = element("EVSEMinimumDischargePower_L3", default=None)
    """Unit: W."""


class Scheduled_AC_CLReqControlMode(Scheduled_CLReqControlMode):
    """The car follows its schedule and says what it draws.

    Source: V2G_CI_AC.xsd, ``Scheduled_AC_CLReqControlModeType``.
    """

    ev_maximum_charge_power: RationalNumber | None = element("EVMaximumChargePower", default=None)
    """Unit: W."""
    ev_maximum_charge_power_l2: RationalNumber | None = element("EVMaximumChargePower_L2", default=None)
    """Unit: W."""
    ev_maximum_charge_power_l3: RationalNumber | None = element("EVMaximumChargePower_L3", default=None)
    """Unit: W."""
    ev_minimum_charge_power: RationalNumber | None = element("EVMinimumChargePower", default=None)
    """Unit: W."""
    ev_minimum_charge_power_l2: RationalNumber | None = element("EVMinimumChargePower_L2", default=None)
    """Unit: W."""
    ev_minimum_charge_power_l3: RationalNumber | None = element("EVMinimumChargePower_L3", default=None)
    """Unit: W."""
    ev_present_active_power: RationalNumber = element("EVPresentActivePower")
    """Unit: W. Negative while energy flows out of the EV."""
    ev_present_active_power_l2: RationalNumber | None = element("EVPresentActivePower_L2", default=None)
    """Unit: W."""
    ev_present_active_power_l3: RationalNumber | None = element("EVPresentActivePower_L3", default=None)
    """Unit: W."""
    ev_present_reactive_power: RationalNumber | None = element("EVPresentReactivePower", default=None)
    """Unit: var."""
    ev_present_reactive_power_l2: RationalNumber | None = element("EVPresentReactivePower_L2", default=None)
    """Unit: var."""
    ev_present_reactive_power_l3: RationalNumber | None = element("EVPresentReactivePower_L3", default=None)
    """Unit: var."""


class Scheduled_AC_CLResControlMode(Scheduled_CLResControlMode):
    """What the outlet would like drawn, within the schedule.

    Source: V2G_CI_AC.xsd, ``Scheduled_AC_CLResControlModeType``.
    """

    evse_target_active_power: RationalNumber | None = element("EVSETargetActivePower", default=None)
    """Unit: W. Negative asks to discharge."""
    evse_target_active_power_l2: RationalNumber | None = element("EVSETargetActivePower_L2", default=None)
    """Unit: W."""
    evse_target_active_power_l3: RationalNumber | None = element("EVSETargetActivePower_L3", default=None)
    """Unit: W."""
    evse_target_reactive_power: RationalNumber | None = element("EVSETargetReactivePower", default=None)
    """Unit: var."""
    evse_target_reactive_power_l2: RationalNumber | None = element("EVSETargetReactivePower_L2", default=None)
    """Unit: var."""
    evse_target_reactive_power_l3: RationalNumber | None = element("EVSETargetReactivePower_L3", default=None)
    """Unit: var."""
    evse_present_active_power: RationalNumber | None = element("EVSEPresentActivePower", default=None)
    """Unit: W. Negative while energy flows out of the EV."""
    evse_present_active_power_l2: RationalNumber | None = element("EVSEPresentActivePower_L2", default=None)
    """Unit: W."""
    evse_present_active_power_l3: RationalNumber | None = element("EVSEPresentActivePower_L3", default=None)
    """Unit: W."""


class BPT_Scheduled_AC_CLReqControlMode(Scheduled_AC_CLReqControlMode):
    """The car follows its schedule in either direction.

    Source: V2G_CI_AC.xsd, ``BPT_Scheduled_AC_CLReqControlModeType``.
    """

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


class BPT_Scheduled_AC_CLResControlMode(Scheduled_AC_CLResControlMode):
    """What the outlet would like drawn or delivered, within the schedule; the same fields in either direction.

    Source: V2G_CI_AC.xsd, ``BPT_Scheduled_AC_CLResControlModeType``.
    """


class Dynamic_AC_CLReqControlMode(Dynamic_CLReqControlMode):
    """The car states needs, limits and what it draws; the outlet sets the power.

    Source: V2G_CI_AC.xsd, ``Dynamic_AC_CLReqControlModeType``.
    """

    ev_maximum_charge_power: RationalNumber = element("EVMaximumChargePower")
    """Unit: W."""
    ev_maximum_charge_power_l2: RationalNumber | None = element("EVMaximumChargePower_L2", default=None)
    """Unit: W."""
    ev_maximum_charge_power_l3: RationalNumber | None = element("EVMaximumChargePower_L3", default=None)
    """Unit: W."""
    ev_minimum_charge_power: RationalNumber = element("EVMinimumChargePower")
    """Unit: W."""
    ev_minimum_charge_power_l2: RationalNumber | None = element("EVMinimumChargePower_L2", default=None)
    """Unit: W."""
    ev_minimum_charge_power_l3: RationalNumber | None = element("EVMinimumChargePower_L3", default=None)
    """Unit: W."""
    ev_present_active_power: RationalNumber = element("EVPresentActivePower")
    """Unit: W. Negative while energy flows out of the EV."""
    ev_present_active_power_l2: RationalNumber | None = element("EVPresentActivePower_L2", default=None)
    """Unit: W."""
    ev_present_active_power_l3: RationalNumber | None = element("EVPresentActivePower_L3", default=None)
    """Unit: W."""
    ev_present_reactive_power: RationalNumber = element("EVPresentReactivePower")
    """Unit: var."""
    ev_present_reactive_power_l2: RationalNumber | None = element("EVPresentReactivePower_L2", default=None)
    """Unit: var."""
    ev_present_reactive_power_l3: RationalNumber | None = element("EVPresentReactivePower_L3", default=None)
    """Unit: var."""


class Dynamic_AC_CLResControlMode(Dynamic_CLResControlMode):
    """The power that the outlet sets.

    Source: V2G_CI_AC.xsd, ``Dynamic_AC_CLResControlModeType``.
    """

    evse_target_active_power: RationalNumber = element("EVSETargetActivePower")
    """Unit: W. Negative asks to discharge."""
    evse_target_active_power_l2: RationalNumber | None = element("EVSETargetActivePower_L2", default=None)
    """Unit: W."""
    evse_target_active_power_l3: RationalNumber | None = element("EVSETargetActivePower_L3", default=None)
    """Unit: W."""
    evse_target_reactive_power: RationalNumber | None = element("EVSETargetReactivePower", default=None)
    """Unit: var."""
    evse_target_reactive_power_l2: RationalNumber | None = element("EVSETargetReactivePower_L2", default=None)
    """Unit: var."""
    evse_target_reactive_power_l3: RationalNumber | None = element("EVSETargetReactivePower_L3", default=None)
    """Unit: var."""
    evse_present_active_power: RationalNumber | None = element("EVSEPresentActivePower", default=None)
    """Unit: W. Negative while energy flows out of the EV."""
    evse_present_active_power_l2: RationalNumber | None = element("EVSEPresentActivePower_L2", default=None)
    """Unit: W."""
    evse_present_active_power_l3: RationalNumber | None = element("EVSEPresentActivePower_L3", default=None)
    """Unit: W."""


class BPT_Dynamic_AC_CLReqControlMode(Dynamic_AC_CLReqControlMode):
    """The car states needs, limits and what it draws in both directions; the outlet sets the power.

    Source: V2G_CI_AC.xsd, ``BPT_Dynamic_AC_CLReqControlModeType``.
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
    ev_maximum_v2x_energy_request: RationalNumber | None = element("EVMaximumV2XEnergyRequest", default=None)
    """Unit: Wh. Comes with EVMinimumV2XEnergyRequest or not at all (V2G20-2681)."""
    ev_minimum_v2x_energy_request: RationalNumber | None = element("EVMinimumV2XEnergyRequest", default=None)
    """Unit: Wh. Comes with EVMaximumV2XEnergyRequest or not at all (V2G20-2681)."""


class BPT_Dynamic_AC_CLResControlMode(Dynamic_AC_CLResControlMode):
    """The power that the outlet sets, in either direction; the same fields.

    Source: V2G_CI_AC.xsd, ``BPT_Dynamic_AC_CLResControlModeType``.
    """


class AC_ChargeParameterDiscoveryReq(ChargeParameterDiscoveryReq):
    """Limits of the car for AC.

    Source: V2G_CI_AC.xsd, ``AC_ChargeParameterDiscoveryReqType``.
    """

    ac_cpd_req_energy_transfer_mode: AC_CPDReqEnergyTransferMode = element("AC_CPDReqEnergyTransferMode")


class AC_ChargeParameterDiscoveryRes(ChargeParameterDiscoveryRes):
    """Limits of the outlet for AC.

    Source: V2G_CI_AC.xsd, ``AC_ChargeParameterDiscoveryResType``.
    """

    ac_cpd_res_energy_transfer_mode: AC_CPDResEnergyTransferMode = element("AC_CPDResEnergyTransferMode")


class AC_ChargeLoopReq(ChargeLoopReq):
    """The car's side of one round of the charge loop.

    Source: V2G_CI_AC.xsd, ``AC_ChargeLoopReqType``.
    """

    cl_req_control_mode: Annotated[CLReqControlMode, reference(types.XMLNS)] = element("CLReqControlMode")


class AC_ChargeLoopRes(ChargeLoopRes):
    """What the outlet asks for and, in MeterInfo, what it has counted.

    Source: V2G_CI_AC.xsd, ``AC_ChargeLoopResType``.
    """

    evse_target_frequency: RationalNumber | None = element("EVSETargetFrequency", default=None)
    """Unit: Hz."""
    cl_res_control_mode: Annotated[CLResControlMode, reference(types.XMLNS)] = element("CLResControlMode")
