"""DC charging through an automatic contact device, a pantograph for instance (V2G_CI_ACDP.xsd).

Only what is special: parameters and the charge loop are those of DC. Deviations and contact window are whole numbers
whose unit the schema does not give (docs/open-points.md).
"""

from __future__ import annotations

import enum

from iso15118.messages.iso20.types import PercentValue, Processing, RationalNumber, V2GRequest, V2GResponse
from iso15118.messages.model import Record, Short, Xmlns, element

XMLNS = Xmlns("urn:iso:std:iso:15118:-20:ACDP", attributes_qualified=True)


class CPStatus(enum.Enum):
    """State of the control pilot as the car sees it.

    Source: V2G_CI_ACDP.xsd, ``cpStatusType``.
    """

    StateA = "StateA"
    StateB = "StateB"
    StateC = "StateC"
    StateD = "StateD"
    StateE = "StateE"


class ErrorCode(enum.Enum):
    """What is wrong with the car.

    Source: V2G_CI_ACDP.xsd, ``errorCodeType``.
    """

    OK_NoEVError = "OK_NoEVError"
    FAILED = "FAILED"
    FAILED_EmergencyEvent = "FAILED_EmergencyEvent"
    FAILED_Breaker = "FAILED_Breaker"
    FAILED_RESSTemperatureInhibit = "FAILED_RESSTemperatureInhibit"
    FAILED_RESS = "FAILED_RESS"
    FAILED_ChargingCurrentDifferential = "FAILED_ChargingCurrentDifferential"
    FAILED_ChargingVoltageOutOfRange = "FAILED_ChargingVoltageOutOfRange"
    FAILED_Reserved1 = "FAILED_Reserved1"
    FAILED_Reserved2 = "FAILED_Reserved2"


class IsolationStatus(enum.Enum):
    """What the outlet's isolation monitor says.

    Source: V2G_CI_ACDP.xsd, ``isolationStatusType``.
    """

    Invalid = "Invalid"
    Safe = "Safe"
    Warning = "Warning"
    Fault = "Fault"


class ElectricalChargingDeviceStatus(enum.Enum):
    """Electrical state of the contact device, as of a control pilot.

    Source: V2G_CI_ACDP.xsd, ``electricalChargingDeviceStatusType``.
    """

    State_A = "State_A"
    State_B = "State_B"
    State_C = "State_C"
    State_D = "State_D"


class MechanicalChargingDeviceStatus(enum.Enum):
    """Where the moving contact device is.

    Source: V2G_CI_ACDP.xsd, ``mechanicalChargingDeviceStatusType``.
    """

    Home = "Home"
    Moving = "Moving"
    EndPosition = "EndPosition"


class EVTechnicalStatus(Record):
    """How the car is, for the station's monitoring.

    Source: V2G_CI_ACDP.xsd, ``EVTechnicalStatusType``.
    """

    ev_ready_to_charge: bool = element("EVReadyToCharge")
    ev_immobilization_request: bool = element("EVImmobilizationRequest")
    ev_immobilized: bool | None = element("EVImmobilized", default=None)
    ev_wlan_strength: RationalNumber | None = element("EVWLANStrength", default=None)
    ev_cp_status: CPStatus | None = element("EVCPStatus", default=None)
    ev_soc: PercentValue | None = element("EVSOC", default=None)
    """Unit: %."""
    ev_error_code: ErrorCode | None = element("EVErrorCode", default=None)
    ev_timeout: bool | None = element("EVTimeout", default=None)


class ACDP_VehiclePositioningReq(V2GRequest):
    """Asks where the car stands below or beside the contact device; repeated while Ongoing.

    Source: V2G_CI_ACDP.xsd, ``ACDP_VehiclePositioningReqType``.
    """

    ev_mobility_status: bool = element("EVMobilityStatus")
    ev_positioning_support: bool = element("EVPositioningSupport")


class ACDP_VehiclePositioningRes(V2GResponse):
    """Where the car stands, relative to where it should.

    Source: V2G_CI_ACDP.xsd, ``ACDP_VehiclePositioningResType``.
    """

    evse_processing: Processing = element("EVSEProcessing")
    evse_positioning_support: bool = element("EVSEPositioningSupport")
    ev_relative_x_deviation: Short = element("EVRelativeXDeviation")
    ev_relative_y_deviation: Short = element("EVRelativeYDeviation")
    contact_window_xc: Short = element("ContactWindowXc")
    contact_window_yc: Short = element("ContactWindowYc")
    ev_in_charge_position: bool = element("EVInChargePosition")


class ACDP_ConnectReq(V2GRequest):
    """Asks to move the contact device to the car, or as ACDP_DisconnectReq away from it; repeated while Ongoing.

    Stands behind two roots: ACDP_ConnectReq and ACDP_DisconnectReq. ``exi.encode`` has to be told which; ``exi.read`` tells.

    Source: V2G_CI_ACDP.xsd, ``ACDP_ConnectReqType``.
    """

    ev_electrical_charging_device_status: ElectricalChargingDeviceStatus = element("EVElectricalChargingDeviceStatus")


class ACDP_ConnectRes(V2GResponse):
    """Progress of the contact device.

    Stands behind two roots: ACDP_ConnectRes and ACDP_DisconnectRes.

    Source: V2G_CI_ACDP.xsd, ``ACDP_ConnectResType``.
    """

    evse_processing: Processing = element("EVSEProcessing")
    evse_electrical_charging_device_status: ElectricalChargingDeviceStatus = element(
        "EVSEElectricalChargingDeviceStatus"
    )
    evse_mechanical_charging_device_status: MechanicalChargingDeviceStatus = element(
        "EVSEMechanicalChargingDeviceStatus"
    )


class ACDP_SystemStatusReq(V2GRequest):
    """The car's state, on a stream of its own beside the session.

    Source: V2G_CI_ACDP.xsd, ``ACDP_SystemStatusReqType``.
    """

    ev_technical_status: EVTechnicalStatus = element("EVTechnicalStatus")


class ACDP_SystemStatusRes(V2GResponse):
    """The station's state, on a stream of its own beside the session.

    Source: V2G_CI_ACDP.xsd, ``ACDP_SystemStatusResType``.
    """

    evse_mechanical_charging_device_status: MechanicalChargingDeviceStatus = element(
        "EVSEMechanicalChargingDeviceStatus"
    )
    evse_ready_to_charge: bool = element("EVSEReadyToCharge")
    evse_isolation_status: IsolationStatus = element("EVSEIsolationStatus")
    evse_disabled: bool = element("EVSEDisabled")
    evse_utility_interrupt_event: bool = element("EVSEUtilityInterruptEvent")
    evse_emergency_shutdown: bool = element("EVSEEmergencyShutdown")
    evse_malfunction: bool = element("EVSEMalfunction")
    ev_in_charge_position: bool = element("EVInChargePosition")
    ev_association_status: bool = element("EVAssociationStatus")
