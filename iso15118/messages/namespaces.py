"""What each schema file declares, as far as event codes depend on it: roots, substitutions, and names nobody models.

Element names belong here and to fields, never to classes (design decision 1).
"""

from __future__ import annotations

from typing import Any

from iso15118.messages import app, xmldsig
from iso15118.messages.iso20 import ac, acdp, dc, types
from iso15118.messages.iso20.common import (
    authorization,
    certificate_installation,
    energy_offer,
    metering,
    power_delivery,
    price_schedule,
    schedule_exchange,
    service,
    session_setup,
    session_stop,
    vehicle_check,
    xmlns,
)
from iso15118.messages.iso20.wpt import charging, fine_positioning, lf_signals, pairing
from iso15118.messages.iso20.wpt import types as wpt_types
from iso15118.messages.iso20.wpt import xmlns as wpt_xmlns
from iso15118.messages.model import Base64Binary, Namespace, QName, Record, String, classes_in

__all__ = ["AC", "ACDP", "APP_PROTOCOL", "COMMON_MESSAGES", "COMMON_TYPES", "DC", "WPT", "XMLDSIG"]

XMLDSIG = Namespace(
    xmlns=xmldsig.XMLNS,
    modules=(xmldsig,),
    roots={cls.__name__: cls for cls in classes_in(xmldsig) if cls is not xmldsig.X509IssuerSerial},
    simple_roots={"DigestValue": Base64Binary, "KeyName": String, "MgmtData": String},
    type_names=(
        *(f"{cls.__name__}Type" for cls in classes_in(xmldsig)),
        "CryptoBinary",
        "DigestValueType",
        "HMACOutputLengthType",
    ),
)

APP_PROTOCOL = Namespace(
    xmlns=app.XMLNS,
    modules=(app,),
    roots={
        "supportedAppProtocolReq": app.SupportedAppProtocolReq,
        "supportedAppProtocolRes": app.SupportedAppProtocolRes,
    },
)

_CL_REQ = QName("CLReqControlMode", types.XMLNS.uri)
_CL_RES = QName("CLResControlMode", types.XMLNS.uri)

COMMON_TYPES = Namespace(
    xmlns=types.XMLNS,
    modules=(types,),
    roots={"CLReqControlMode": types.CLReqControlMode, "CLResControlMode": types.CLResControlMode},
    substitutes={
        _CL_REQ: {"CLReqControlMode": types.CLReqControlMode},
        _CL_RES: {"CLResControlMode": types.CLResControlMode},
    },
)


def _messages(module: Any, *names: str) -> dict[str, type[Record]]:
    return {name: getattr(module, name) for name in names}


COMMON_MESSAGES = Namespace(
    xmlns=xmlns.XMLNS,
    modules=(
        authorization,
        certificate_installation,
        energy_offer,
        metering,
        power_delivery,
        price_schedule,
        schedule_exchange,
        service,
        session_setup,
        session_stop,
        vehicle_check,
    ),
    roots={
        **_messages(session_setup, "SessionSetupReq", "SessionSetupRes"),
        **_messages(
            authorization, "AuthorizationSetupReq", "AuthorizationSetupRes", "AuthorizationReq", "AuthorizationRes"
        ),
        **_messages(
            certificate_installation,
            "CertificateInstallationReq",
            "CertificateInstallationRes",
            "SignedInstallationData",
        ),
        **_messages(
            service,
            "ServiceDiscoveryReq",
            "ServiceDiscoveryRes",
            "ServiceDetailReq",
            "ServiceDetailRes",
            "ServiceSelectionReq",
            "ServiceSelectionRes",
        ),
        **_messages(schedule_exchange, "ScheduleExchangeReq", "ScheduleExchangeRes"),
        **_messages(power_delivery, "PowerDeliveryReq", "PowerDeliveryRes"),
        **_messages(metering, "MeteringConfirmationReq", "MeteringConfirmationRes", "SignedMeteringData"),
        **_messages(session_stop, "SessionStopReq", "SessionStopRes"),
        **_messages(
            vehicle_check, "VehicleCheckInReq", "VehicleCheckInRes", "VehicleCheckOutReq", "VehicleCheckOutRes"
        ),
    },
)

_AC_CONTROL_MODES_REQ = (
    "Scheduled_AC_CLReqControlMode",
    "BPT_Scheduled_AC_CLReqControlMode",
    "Dynamic_AC_CLReqControlMode",
    "BPT_Dynamic_AC_CLReqControlMode",
)
_AC_CONTROL_MODES_RES = (
    "Scheduled_AC_CLResControlMode",
    "BPT_Scheduled_AC_CLResControlMode",
    "Dynamic_AC_CLResControlMode",
    "BPT_Dynamic_AC_CLResControlMode",
)
_AC_CPD_REQ = ("AC_CPDReqEnergyTransferMode", "BPT_AC_CPDReqEnergyTransferMode")
_AC_CPD_RES = ("AC_CPDResEnergyTransferMode", "BPT_AC_CPDResEnergyTransferMode")

AC = Namespace(
    xmlns=ac.XMLNS,
    modules=(ac,),
    roots=_messages(
        ac,
        "AC_ChargeParameterDiscoveryReq",
        "AC_ChargeParameterDiscoveryRes",
        "AC_ChargeLoopReq",
        "AC_ChargeLoopRes",
        *_AC_CPD_REQ,
        *_AC_CPD_RES,
        *_AC_CONTROL_MODES_REQ,
        *_AC_CONTROL_MODES_RES,
    ),
    substitutes={
        _CL_REQ: _messages(ac, *_AC_CONTROL_MODES_REQ),
        _CL_RES: _messages(ac, *_AC_CONTROL_MODES_RES),
        QName("AC_CPDReqEnergyTransferMode", ac.XMLNS.uri): _messages(ac, *_AC_CPD_REQ),
        QName("AC_CPDResEnergyTransferMode", ac.XMLNS.uri): _messages(ac, *_AC_CPD_RES),
    },
)

_DC_CONTROL_MODES_REQ = (
    "Scheduled_DC_CLReqControlMode",
    "BPT_Scheduled_DC_CLReqControlMode",
    "Dynamic_DC_CLReqControlMode",
    "BPT_Dynamic_DC_CLReqControlMode",
)
_DC_CONTROL_MODES_RES = (
    "Scheduled_DC_CLResControlMode",
    "BPT_Scheduled_DC_CLResControlMode",
    "Dynamic_DC_CLResControlMode",
    "BPT_Dynamic_DC_CLResControlMode",
)
_DC_CPD_REQ = ("DC_CPDReqEnergyTransferMode", "BPT_DC_CPDReqEnergyTransferMode")
_DC_CPD_RES = ("DC_CPDResEnergyTransferMode", "BPT_DC_CPDResEnergyTransferMode")

DC = Namespace(
    xmlns=dc.XMLNS,
    modules=(dc,),
    roots=_messages(
        dc,
        "DC_ChargeParameterDiscoveryReq",
        "DC_ChargeParameterDiscoveryRes",
        "DC_CableCheckReq",
        "DC_CableCheckRes",
        "DC_PreChargeReq",
        "DC_PreChargeRes",
        "DC_ChargeLoopReq",
        "DC_ChargeLoopRes",
        "DC_WeldingDetectionReq",
        "DC_WeldingDetectionRes",
        *_DC_CPD_REQ,
        *_DC_CPD_RES,
        *_DC_CONTROL_MODES_REQ,
        *_DC_CONTROL_MODES_RES,
    ),
    substitutes={
        _CL_REQ: _messages(dc, *_DC_CONTROL_MODES_REQ),
        _CL_RES: _messages(dc, *_DC_CONTROL_MODES_RES),
        QName("DC_CPDReqEnergyTransferMode", dc.XMLNS.uri): _messages(dc, *_DC_CPD_REQ),
        QName("DC_CPDResEnergyTransferMode", dc.XMLNS.uri): _messages(dc, *_DC_CPD_RES),
    },
)

ACDP = Namespace(
    xmlns=acdp.XMLNS,
    modules=(acdp,),
    roots={
        **_messages(
            acdp,
            "ACDP_VehiclePositioningReq",
            "ACDP_VehiclePositioningRes",
            "ACDP_ConnectReq",
            "ACDP_ConnectRes",
            "ACDP_SystemStatusReq",
            "ACDP_SystemStatusRes",
        ),
        "ACDP_DisconnectReq": acdp.ACDP_ConnectReq,
        "ACDP_DisconnectRes": acdp.ACDP_ConnectRes,
    },
)

WPT = Namespace(
    xmlns=wpt_xmlns.XMLNS,
    modules=(charging, fine_positioning, lf_signals, pairing, wpt_types),
    roots={
        **_messages(
            fine_positioning,
            "WPT_FinePositioningSetupReq",
            "WPT_FinePositioningSetupRes",
            "WPT_FinePositioningReq",
            "WPT_FinePositioningRes",
        ),
        **_messages(pairing, "WPT_PairingReq", "WPT_PairingRes"),
        **_messages(
            charging,
            "WPT_ChargeParameterDiscoveryReq",
            "WPT_ChargeParameterDiscoveryRes",
            "WPT_AlignmentCheckReq",
            "WPT_AlignmentCheckRes",
            "WPT_ChargeLoopReq",
            "WPT_ChargeLoopRes",
        ),
    },
)
