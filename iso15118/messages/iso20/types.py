"""CommonTypes: what the messages of every other namespace are built from (V2G_CI_CommonTypes.xsd)."""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from iso15118.messages.model import (
    Byte,
    Record,
    Short,
    UnsignedInt,
    UnsignedLong,
    UnsignedShort,
    Xmlns,
    element,
    reference,
)
from iso15118.messages.xmldsig import XMLNS as DSIG
from iso15118.messages.xmldsig import Signature, X509IssuerSerial

XMLNS = Xmlns("urn:iso:std:iso:15118:-20:CommonTypes", attributes_qualified=True)


NumericID = Annotated[int, Meta(ge=1, le=4_294_967_295, title="numericIDType")]


SessionID = Annotated[bytes, Meta(min_length=8, max_length=8, extra={"lexical": "hex"}, title="sessionIDType")]


class EVSENotification(enum.Enum):
    """What the station asks the EV to do next.

    Source: V2G_CI_CommonTypes.xsd, ``evseNotificationType``.
    """

    Pause = "Pause"
    ExitStandby = "ExitStandby"
    Terminate = "Terminate"
    ScheduleRenegotiation = "ScheduleRenegotiation"
    ServiceRenegotiation = "ServiceRenegotiation"
    MeteringConfirmation = "MeteringConfirmation"


class Processing(enum.Enum):
    """Whether the sender has finished its part or the request is to be repeated.

    Source: V2G_CI_CommonTypes.xsd, ``processingType``.
    """

    Finished = "Finished"
    Ongoing = "Ongoing"
    Ongoing_WaitingForCustomerInteraction = "Ongoing_WaitingForCustomerInteraction"


class ResponseCode(enum.Enum):
    """Outcome of a request: OK*, WARNING* (the session goes on) or FAILED* (it ends).

    Source: V2G_CI_CommonTypes.xsd, ``responseCodeType``.
    """

    OK = "OK"
    OK_CertificateExpiresSoon = "OK_CertificateExpiresSoon"
    OK_NewSessionEstablished = "OK_NewSessionEstablished"
    OK_OldSessionJoined = "OK_OldSessionJoined"
    OK_PowerToleranceConfirmed = "OK_PowerToleranceConfirmed"
    WARNING_AuthorizationSelectionInvalid = "WARNING_AuthorizationSelectionInvalid"
    WARNING_CertificateExpired = "WARNING_CertificateExpired"
    WARNING_CertificateNotYetValid = "WARNING_CertificateNotYetValid"
    WARNING_CertificateRevoked = "WARNING_CertificateRevoked"
    WARNING_CertificateValidationError = "WARNING_CertificateValidationError"
    WARNING_ChallengeInvalid = "WARNING_ChallengeInvalid"
    WARNING_EIMAuthorizationFailure = "WARNING_EIMAuthorizationFailure"
    WARNING_eMSPUnknown = "WARNING_eMSPUnknown"
    WARNING_EVPowerProfileViolation = "WARNING_EVPowerProfileViolation"
    WARNING_GeneralPnCAuthorizationError = "WARNING_GeneralPnCAuthorizationError"
    WARNING_NoCertificateAvailable = "WARNING_NoCertificateAvailable"
    WARNING_NoContractMatchingPCIDFound = "WARNING_NoContractMatchingPCIDFound"
    WARNING_PowerToleranceNotConfirmed = "WARNING_PowerToleranceNotConfirmed"
    WARNING_ScheduleRenegotiationFailed = "WARNING_ScheduleRenegotiationFailed"
    WARNING_StandbyNotAllowed = "WARNING_StandbyNotAllowed"
    WARNING_WPT = "WARNING_WPT"
    FAILED = "FAILED"
    FAILED_AssociationError = "FAILED_AssociationError"
    FAILED_ContactorError = "FAILED_ContactorError"
    FAILED_EVPowerProfileInvalid = "FAILED_EVPowerProfileInvalid"
    FAILED_EVPowerProfileViolation = "FAILED_EVPowerProfileViolation"
    FAILED_MeteringSignatureNotValid = "FAILED_MeteringSignatureNotValid"
    FAILED_NoEnergyTransferServiceSelected = "FAILED_NoEnergyTransferServiceSelected"
    FAILED_NoServiceRenegotiationSupported = "FAILED_NoServiceRenegotiationSupported"
    FAILED_PauseNotAllowed = "FAILED_PauseNotAllowed"
    FAILED_PowerDeliveryNotApplied = "FAILED_PowerDeliveryNotApplied"
    FAILED_PowerToleranceNotConfirmed = "FAILED_PowerToleranceNotConfirmed"
    FAILED_ScheduleRenegotiation = "FAILED_ScheduleRenegotiation"
    FAILED_ScheduleSelectionInvalid = "FAILED_ScheduleSelectionInvalid"
    FAILED_SequenceError = "FAILED_SequenceError"
    FAILED_ServiceIDInvalid = "FAILED_ServiceIDInvalid"
    FAILED_ServiceSelectionInvalid = "FAILED_ServiceSelectionInvalid"
    FAILED_SignatureError = "FAILED_SignatureError"
    FAILED_UnknownSession = "FAILED_UnknownSession"
    FAILED_WrongChargeParameter = "FAILED_WrongChargeParameter"


PercentValue = Annotated[int, Meta(ge=0, le=100, title="percentValueType")]


Identifier = Annotated[str, Meta(max_length=255, title="identifierType")]


Name = Annotated[str, Meta(max_length=80, title="nameType")]


Description = Annotated[str, Meta(max_length=160, title="descriptionType")]


MeterID = Annotated[str, Meta(max_length=32, title="meterIDType")]


MeterSignature = Annotated[bytes, Meta(max_length=64, title="meterSignatureType")]


class MessageHeader(Record):
    """Session, time and signature of every message but SupportedAppProtocol.

    Source: V2G_CI_CommonTypes.xsd, ``MessageHeaderType``.
    """

    session_id: SessionID = element("SessionID")
    """Eight octets; all zero in the first SessionSetupReq, then what the SECC assigned (V2G20-2106)."""
    time_stamp: UnsignedLong = element("TimeStamp")
    """Unit: s since 1970-01-01T00:00Z."""
    signature: Annotated[Signature | None, reference(DSIG)] = element("Signature", default=None)
    """XML signature over parts of the body (Plug and Charge, signed prices, signed metering data)."""


class RationalNumber(Record):
    """A physical value: Value times ten to the power of Exponent.

    Source: V2G_CI_CommonTypes.xsd, ``RationalNumberType``.
    """

    exponent: Byte = element("Exponent")
    value: Short = element("Value")


class DisplayParameters(Record):
    """What a charger or its back end may show; never a basis for control.

    Source: V2G_CI_CommonTypes.xsd, ``DisplayParametersType``.
    """

    present_soc: PercentValue | None = element("PresentSOC", default=None)
    """Unit: %."""
    minimum_soc: PercentValue | None = element("MinimumSOC", default=None)
    """Unit: %."""
    target_soc: PercentValue | None = element("TargetSOC", default=None)
    """Unit: %."""
    maximum_soc: PercentValue | None = element("MaximumSOC", default=None)
    """Unit: %."""
    remaining_time_to_minimum_soc: UnsignedInt | None = element("RemainingTimeToMinimumSOC", default=None)
    """Unit: s."""
    remaining_time_to_target_soc: UnsignedInt | None = element("RemainingTimeToTargetSOC", default=None)
    """Unit: s."""
    remaining_time_to_maximum_soc: UnsignedInt | None = element("RemainingTimeToMaximumSOC", default=None)
    """Unit: s."""
    charging_complete: bool | None = element("ChargingComplete", default=None)
    battery_energy_capacity: RationalNumber | None = element("BatteryEnergyCapacity", default=None)
    """Unit: Wh."""
    inlet_hot: bool | None = element("InletHot", default=None)


class EVSEStatus(Record):
    """A wish of the station and how soon the EV has to follow it.

    Source: V2G_CI_CommonTypes.xsd, ``EVSEStatusType``.
    """

    notification_max_delay: UnsignedShort = element("NotificationMaxDelay")
    """Unit: s."""
    evse_notification: EVSENotification = element("EVSENotification")


class MeterInfo(Record):
    """Energy of the service session as the station's meter counts it (V2G20-902).

    Source: V2G_CI_CommonTypes.xsd, ``MeterInfoType``.
    """

    meter_id: MeterID = element("MeterID")
    charged_energy_reading_wh: UnsignedLong = element("ChargedEnergyReadingWh")
    """Unit: Wh."""
    bpt_discharged_energy_reading_wh: UnsignedLong | None = element("BPT_DischargedEnergyReadingWh", default=None)
    """Unit: Wh."""
    capacitive_energy_reading_varh: UnsignedLong | None = element("CapacitiveEnergyReadingVARh", default=None)
    """Unit: varh."""
    bpt_inductive_energy_reading_varh: UnsignedLong | None = element("BPT_InductiveEnergyReadingVARh", default=None)
    """Unit: varh."""
    meter_signature: MeterSignature | None = element("MeterSignature", default=None)
    meter_status: Short | None = element("MeterStatus", default=None)
    meter_timestamp: UnsignedLong | None = element("MeterTimestamp", default=None)
    """Unit: s since 1970-01-01T00:00Z."""


class DetailedCost(Record):
    """One kind of cost so far.

    Source: V2G_CI_CommonTypes.xsd, ``DetailedCostType``.
    """

    amount: RationalNumber = element("Amount")
    """Unit: the schedule's currency."""
    cost_per_unit: RationalNumber = element("CostPerUnit")
    """In the price schedule's currency, for one unit of what is charged for."""


class DetailedTax(Record):
    """One tax so far.

    Source: V2G_CI_CommonTypes.xsd, ``DetailedTaxType``.
    """

    tax_rule_id: NumericID = element("TaxRuleID")
    amount: RationalNumber = element("Amount")
    """Unit: the schedule's currency."""


class Receipt(Record):
    """Costs so far; informative, no ledger (a RationalNumber holds cents up to 327.67 only).

    Source: V2G_CI_CommonTypes.xsd, ``ReceiptType``.
    """

    time_anchor: UnsignedLong = element("TimeAnchor")
    """Unit: s since 1970-01-01T00:00Z."""
    energy_costs: DetailedCost | None = element("EnergyCosts", default=None)
    occupancy_costs: DetailedCost | None = element("OccupancyCosts", default=None)
    additional_services_costs: DetailedCost | None = element("AdditionalServicesCosts", default=None)
    overstay_costs: DetailedCost | None = element("OverstayCosts", default=None)
    tax_costs: Annotated[tuple[DetailedTax, ...], Meta(min_length=0, max_length=10)] = element("TaxCosts", default=())


class ListOfRootCertificateIDs(Record):
    """Root certificates a party holds.

    Source: V2G_CI_CommonTypes.xsd, ``ListOfRootCertificateIDsType``.
    """

    root_certificate_id: Annotated[tuple[X509IssuerSerial, ...], Meta(min_length=1, max_length=20)] = element(
        "RootCertificateID"
    )


class V2GMessage(Record):
    """Head of every message: the header.

    Source: V2G_CI_CommonTypes.xsd, ``V2GMessageType``.
    """

    abstract = True

    header: MessageHeader = element("Header")


class V2GRequest(V2GMessage):
    """What every request of the EVCC begins with.

    Source: V2G_CI_CommonTypes.xsd, ``V2GRequestType``.
    """

    abstract = True


class V2GResponse(V2GMessage):
    """What every response of the SECC begins with.

    Source: V2G_CI_CommonTypes.xsd, ``V2GResponseType``.
    """

    abstract = True

    response_code: ResponseCode = element("ResponseCode")


class ChargeParameterDiscoveryReq(V2GRequest):
    """What every ChargeParameterDiscovery request begins with.

    Source: V2G_CI_CommonTypes.xsd, ``ChargeParameterDiscoveryReqType``.
    """

    abstract = True


class ChargeParameterDiscoveryRes(V2GResponse):
    """What every ChargeParameterDiscovery response begins with.

    Source: V2G_CI_CommonTypes.xsd, ``ChargeParameterDiscoveryResType``.
    """

    abstract = True


class ChargeLoopReq(V2GRequest):
    """What every charge loop request begins with.

    Source: V2G_CI_CommonTypes.xsd, ``ChargeLoopReqType``.
    """

    abstract = True

    display_parameters: DisplayParameters | None = element("DisplayParameters", default=None)
    meter_info_requested: bool = element("MeterInfoRequested")
    """True: the response must carry MeterInfo (V2G20-1081, V2G20-1082)."""


class ChargeLoopRes(V2GResponse):
    """What every charge loop response begins with.

    Source: V2G_CI_CommonTypes.xsd, ``ChargeLoopResType``.
    """

    abstract = True

    evse_status: EVSEStatus | None = element("EVSEStatus", default=None)
    meter_info: MeterInfo | None = element("MeterInfo", default=None)
    receipt: Receipt | None = element("Receipt", default=None)


class CLReqControlMode(Record):
    """Head of the substitution group of control modes in charge loop requests.

    Source: V2G_CI_CommonTypes.xsd, ``CLReqControlModeType``.
    """

    abstract = True


class CLResControlMode(Record):
    """Head of the substitution group of control modes in charge loop responses.

    Source: V2G_CI_CommonTypes.xsd, ``CLResControlModeType``.
    """

    abstract = True


class Scheduled_CLReqControlMode(CLReqControlMode):
    """Scheduled control: what the EV still wants, for information.

    Source: V2G_CI_CommonTypes.xsd, ``Scheduled_CLReqControlModeType``.
    """

    abstract = True

    ev_target_energy_request: RationalNumber | None = element("EVTargetEnergyRequest", default=None)
    """Unit: Wh."""
    ev_maximum_energy_request: RationalNumber | None = element("EVMaximumEnergyRequest", default=None)
    """Unit: Wh."""
    ev_minimum_energy_request: RationalNumber | None = element("EVMinimumEnergyRequest", default=None)
    """Unit: Wh."""


class Scheduled_CLResControlMode(CLResControlMode):
    """Scheduled control, answer: nothing in common.

    Source: V2G_CI_CommonTypes.xsd, ``Scheduled_CLResControlModeType``.
    """

    abstract = True


class Dynamic_CLReqControlMode(CLReqControlMode):
    """Dynamic control: the EV's needs, from which the station decides.

    Source: V2G_CI_CommonTypes.xsd, ``Dynamic_CLReqControlModeType``.
    """

    abstract = True

    departure_time: UnsignedInt | None = element("DepartureTime", default=None)
    """Unit: s, from this message on."""
    ev_target_energy_request: RationalNumber = element("EVTargetEnergyRequest")
    """Unit: Wh."""
    ev_maximum_energy_request: RationalNumber = element("EVMaximumEnergyRequest")
    """Unit: Wh."""
    ev_minimum_energy_request: RationalNumber = element("EVMinimumEnergyRequest")
    """Unit: Wh."""


class Dynamic_CLResControlMode(CLResControlMode):
    """Dynamic control, answer: needs as changed by the station or its back end.

    Source: V2G_CI_CommonTypes.xsd, ``Dynamic_CLResControlModeType``.
    """

    abstract = True

    departure_time: UnsignedInt | None = element("DepartureTime", default=None)
    """Unit: s, from this message on."""
    minimum_soc: PercentValue | None = element("MinimumSOC", default=None)
    """Unit: %."""
    target_soc: PercentValue | None = element("TargetSOC", default=None)
    """Unit: %."""
    ack_max_delay: UnsignedShort | None = element("AckMaxDelay", default=None)
    """Unit: s."""
