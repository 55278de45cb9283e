"""DC charging, in one or both directions (V2G_CI_DC.xsd)."""

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
    PercentValue,
    Processing,
    RationalNumber,
    Scheduled_CLReqControlMode,
    Scheduled_CLResControlMode,
    V2GRequest,
    V2GResponse,
)
from iso15118.messages.model import Record, Xmlns, element, reference

XMLNS = Xmlns("urn:iso:std:iso:15118:-20:DC", attributes_qualified=True)


class DC_CPDReqEnergyTransferMode(Record):
    """Limits of the car for charging.

    Source: V2G_CI_DC.xsd, ``DC_CPDReqEnergyTransferModeType``.
    """

    ev_maximum_charge_power: RationalNumber = element("EVMaximumChargePower")
    """Unit: W."""
    ev_minimum_charge_power: RationalNumber = element("EVMinimumChargePower")
    """Unit: W."""
    ev_maximum_charge_current: RationalNumber = element("EVMaximumChargeCurrent")
    """Unit: A."""
    ev_minimum_charge_current: RationalNumber = element("EVMinimumChargeCurrent")
    """Unit: A."""
    ev_maximum_voltage: RationalNumber = element("EVMaximumVoltage")
    """Unit: V."""
    ev_minimum_voltage: RationalNumber = element("EVMinimumVoltage")
    """Unit: V."""
    target_soc: PercentValue | None = element("TargetSOC", default=None)
    """Unit: %."""


class DC_CPDResEnergyTransferMode(Record):
    """Limits of the outlet for charging.

    Source: V2G_CI_DC.xsd, ``DC_CPDResEnergyTransferModeType``.
    """

    evse_maximum_charge_power: RationalNumber = element("EVSEMaximumChargePower")
    """Unit: W."""
    evse_minimum_charge_power: RationalNumber = element("EVSEMinimumChargePower")
    """Unit: W."""
    evse_maximum_charge_current: RationalNumber = element("EVSEMaximumChargeCurrent")
    """Unit: A."""
    evse_minimum_charge_current: RationalNumber = element("EVSEMinimumChargeCurrent")
    """Unit: A."""
    evse_maximum_voltage: RationalNumber = element("EVSEMaximumVoltage")
    """Unit: V."""
    evse_minimum_voltage: RationalNumber = element("EVSEMinimumVoltage")
    """Unit: V."""
    evse_power_ramp_limitation: RationalNumber | None = element("EVSEPowerRampLimitation", default=None)
    """How fast the outlet changes its power; peers read it as W/s."""


class BPT_DC_CPDReqEnergyTransferMode(DC_CPDReqEnergyTransferMode):
    """Limits of the car for both directions (sign of the discharge limits: docs/open-points.md).

    Source: V2G_CI_DC.xsd, ``BPT_DC_CPDReqEnergyTransferModeType``.
    """

    ev_maximum_discharge_power: RationalNumber = element("EVMaximumDischargePower")
    """Unit: W."""
    ev_minimum_discharge_power: RationalNumber = element("EVMinimumDischargePower")
    """Unit: W."""
    ev_maximum_discharge_current: RationalNumber = element("EVMaximumDischargeCurrent")
    """Unit: A."""
    ev_minimum_discharge_current: RationalNumber = element("EVMinimumDischargeCurrent")
    """Unit: A."""


class BPT_DC_CPDResEnergyTransferMode(DC_CPDResEnergyTransferMode):
    """Limits of the outlet for both directions (sign of the discharge limits: docs/open-points.md).

    Source: V2G_CI_DC.xsd, ``BPT_DC_CPDResEnergyTransferModeType``.
    """

    evse_maximum_discharge_power: RationalNumber = element("EVSEMaximumDischargePower")
    """Unit: W."""
    evse_minimum_discharge_power: RationalNumber = element("EVSEMinimumDischargePower")
    """Unit: W."""
    evse_maximum_discharge_current: RationalNumber = element("EVSEMaximumDischargeCurrent")
    """Unit: A."""
    evse_minimum_discharge_current: RationalNumber = element("EVSEMinimumDischargeCurrent")
    """Unit: A."""


class Scheduled_DC_CLReqControlMode(Scheduled_CLReqControlMode):
    """The car sets the current.

    Source: V2G_CI_DC.xsd, ``Scheduled_DC_CLReqControlModeType``.
    """

    ev_target_current: RationalNumber = element("EVTargetCurrent")
    """Unit: A. Negative asks to discharge. A target, not a limit (V2G20-2188)."""
    ev_target_voltage: RationalNumber = element("EVTargetVoltage")
    """Unit: V."""
    ev_maximum_charge_power: RationalNumber | None = element("EVMaximumChargePower", default=None)
    """Unit: W."""
    ev_minimum_charge_power: RationalNumber | None = element("EVMinimumChargePower", default=None)
    """Unit: W."""
    ev_maximum_charge_current: RationalNumber | None = element("EVMaximumChargeCurrent", default=None)
    """Unit: A."""
    ev_maximum_voltage: RationalNumber | None = element("EVMaximumVoltage", default=None)
    """Unit: V."""
    ev_minimum_voltage: RationalNumber | None = element("EVMinimumVoltage", default=None)
    """Unit: V."""


class Scheduled_DC_CLResControlMode(Scheduled_CLResControlMode):
    """What the outlet allows.

    Source: V2G_CI_DC.xsd, ``Scheduled_DC_CLResControlModeType``.
    """

    evse_maximum_charge_power: RationalNumber | None = element("EVSEMaximumChargePower", default=None)
    """Unit: W."""
    evse_minimum_charge_power: RationalNumber | None = element("EVSEMinimumChargePower", default=None)
    """Unit: W."""
    evse_maximum_charge_current: RationalNumber | None = element("EVSEMaximumChargeCurrent", default=None)
    """Unit: A."""
    evse_maximum_voltage: RationalNumber | None = element("EVSEMaximumVoltage", default=None)
    """Unit: V."""


class BPT_Scheduled_DC_CLReqControlMode(Scheduled_DC_CLReqControlMode):
    """The car sets the current, in either direction.

    Source: V2G_CI_DC.xsd, ``BPT_Scheduled_DC_CLReqControlModeType``.
    """

    ev_maximum_discharge_power: RationalNumber | None = element("EVMaximumDischargePower", default=None)
    """Unit: W."""
    ev_minimum_discharge_power: RationalNumber | None = element("EVMinimumDischargePower", default=None)
    """Unit: W."""
    ev_maximum_discharge_current: RationalNumber | None = element("EVMaximumDischargeCurrent", default=None)
    """Unit: A."""


class BPT_Scheduled_DC_CLResControlMode(Scheduled_DC_CLResControlMode):
    """What the outlet allows, in either direction.

    Source: V2G_CI_DC.xsd, ``BPT_Scheduled_DC_CLResControlModeType``.
    """

    evse_maximum_discharge_power: RationalNumber | None = element("EVSEMaximumDischargePower", default=None)
    """Unit: W."""
    evse_minimum_discharge_power: RationalNumber | None = element("EVSEMinimumDischargePower", default=None)
    """Unit: W."""
    evse_maximum_discharge_current: RationalNumber | None = element("EVSEMaximumDischargeCurrent", default=None)
    """Unit: A."""
    evse_minimum_voltage: RationalNumber | None = element("EVSEMinimumVoltage", default=None)
    """Unit: V."""


class Dynamic_DC_CLReqControlMode(Dynamic_CLReqControlMode):
    """The car states needs and limits; the outlet sets the current.

    Source: V2G_CI_DC.xsd, ``Dynamic_DC_CLReqControlModeType``.
    """

    ev_maximum_charge_power: RationalNumber = element("EVMaximumChargePower")
    """Unit: W."""
    ev_minimum_charge_power: RationalNumber = element("EVMinimumChargePower")
    """Unit: W."""
    ev_maximum_charge_current: RationalNumber = element("EVMaximumChargeCurrent")
    """Unit: A."""
    ev_maximum_voltage: RationalNumber = element("EVMaximumVoltage")
    """Unit: V."""
    ev_minimum_voltage: RationalNumber = element("EVMinimumVoltage")
    """Unit: V."""


class Dynamic_DC_CLResControlMode(Dynamic_CLResControlMode):
    """Capability or cap of the outlet, no set point.

    Source: V2G_CI_DC.xsd, ``Dynamic_DC_CLResControlModeType``.
    """

    evse_maximum_charge_power: RationalNumber = element("EVSEMaximumChargePower")
    """Unit: W."""
    evse_minimum_charge_power: RationalNumber = element("EVSEMinimumChargePower")
    """Unit: W."""
    evse_maximum_charge_current: RationalNumber = element("EVSEMaximumChargeCurrent")
    """Unit: A."""
    evse_maximum_voltage: RationalNumber = element("EVSEMaximumVoltage")
    """Unit: V."""


class BPT_Dynamic_DC_CLReqControlMode(Dynamic_DC_CLReqControlMode):
    """The car states needs and limits in both directions; the outlet sets the current.

    Source: V2G_CI_DC.xsd, ``BPT_Dynamic_DC_CLReqControlModeType``.
    """

    ev_maximum_discharge_power: RationalNumber = element("EVMaximumDischargePower")
    """Unit: W."""
    ev_minimum_discharge_power: RationalNumber = element("EVMinimumDischargePower")
    """Unit: W."""
    ev_maximum_discharge_current: RationalNumber = element("EVMaximumDischargeCurrent")
    """Unit: A."""
    ev_maximum_v2x_energy_request: RationalNumber | None = element("EVMaximumV2XEnergyRequest", default=None)
    """Unit: Wh. Comes with EVMinimumV2XEnergyRequest or not at all (V2G20-2681)."""
    ev_minimum_v2x_energy_request: RationalNumber | None = element("EVMinimumV2XEnergyRequest", default=None)
    """Unit: Wh. Comes with EVMaximumV2XEnergyRequest or not at all (V2G20-2681)."""


class BPT_Dynamic_DC_CLResControlMode(Dynamic_DC_CLResControlMode):
    """Capability or cap of the outlet in both directions, no set point.

    Source: V2G_CI_DC.xsd, ``BPT_Dynamic_DC_CLResControlModeType``.
    """

    evse_maximum_discharge_power: RationalNumber = element("EVSEMaximumDischargePower")
    """Unit: W."""
    evse_minimum_discharge_power: RationalNumber = element("EVSEMinimumDischargePower")
    """Unit: W."""
    evse_maximum_discharge_current: RationalNumber = element("EVSEMaximumDischargeCurrent")
    """Unit: A."""
    evse_minimum_voltage: RationalNumber = element("EVSEMinimumVoltage")
    """Unit: V."""


class DC_ChargeParameterDiscoveryReq(ChargeParameterDiscoveryReq):
    """Limits of the car for DC.

    Source: V2G_CI_DC.xsd, ``DC_ChargeParameterDiscoveryReqType``.
    """

    dc_cpd_req_energy_transfer_mode: DC_CPDReqEnergyTransferMode = element("DC_CPDReqEnergyTransferMode")


class DC_ChargeParameterDiscoveryRes(ChargeParameterDiscoveryRes):
    """Limits of the outlet for DC.

    Source: V2G_CI_DC.xsd, ``DC_ChargeParameterDiscoveryResType``.
    """

    dc_cpd_res_energy_transfer_mode: DC_CPDResEnergyTransferMode = element("DC_CPDResEnergyTransferMode")


class DC_CableCheckReq(V2GRequest):
    """Asks for the isolation test; repeated while Ongoing.

    Source: V2G_CI_DC.xsd, ``DC_CableCheckReqType``.
    """


class DC_CableCheckRes(V2GResponse):
    """Progress of the isolation test.

    Source: V2G_CI_DC.xsd, ``DC_CableCheckResType``.
    """

    evse_processing: Processing = element("EVSEProcessing")


class DC_PreChargeReq(V2GRequest):
    """Asks for the battery's voltage at the outlet; repeated until it is reached.

    Source: V2G_CI_DC.xsd, ``DC_PreChargeReqType``.
    """

    ev_processing: Processing = element("EVProcessing")
    ev_present_voltage: RationalNumber = element("EVPresentVoltage")
    """Unit: V, at the inlet."""
    ev_target_voltage: RationalNumber = element("EVTargetVoltage")
    """Unit: V."""


class DC_PreChargeRes(V2GResponse):
    """Voltage reached so far.

    Source: V2G_CI_DC.xsd, ``DC_PreChargeResType``.
    """

    evse_present_voltage: RationalNumber = element("EVSEPresentVoltage")
    """Unit: V, at the outlet."""


class DC_ChargeLoopReq(ChargeLoopReq):
    """The car's side of one round of the charge loop.

    Source: V2G_CI_DC.xsd, ``DC_ChargeLoopReqType``.
    """

    ev_present_voltage: RationalNumber = element("EVPresentVoltage")
    """Unit: V, at the inlet."""
    cl_req_control_mode: Annotated[CLReqControlMode, reference(types.XMLNS)] = element("CLReqControlMode")


class DC_ChargeLoopRes(ChargeLoopRes):
    """What the outlet delivers right now, and what it will still allow.

    Source: V2G_CI_DC.xsd, ``DC_ChargeLoopResType``.
    """

    evse_present_current: RationalNumber = element("EVSEPresentCurrent")
    """Unit: A. Negative while energy flows out of the EV (V2G20-1034, V2G20-1035)."""
    evse_present_voltage: RationalNumber = element("EVSEPresentVoltage")
    """Unit: V, at the outlet."""
    evse_power_limit_achieved: bool = element("EVSEPowerLimitAchieved")
    evse_current_limit_achieved: bool = element("EVSECurrentLimitAchieved")
    evse_voltage_limit_achieved: bool = element("EVSEVoltageLimitAchieved")
    cl_res_control_mode: Annotated[CLResControlMode, reference(types.XMLNS)] = element("CLResControlMode")


class DC_WeldingDetectionReq(V2GRequest):
    """Asks for the outlet's voltage after the car's contactors opened.

    Source: V2G_CI_DC.xsd, ``DC_WeldingDetectionReqType``.
    """

    ev_processing: Processing = element("EVProcessing")


class DC_WeldingDetectionRes(V2GResponse):
    """The outlet's voltage.

    Source: V2G_CI_DC.xsd, ``DC_WeldingDetectionResType``.
    """

    evse_present_voltage: RationalNumber = element("EVSEPresentVoltage")
    """Unit: V, at the outlet."""
