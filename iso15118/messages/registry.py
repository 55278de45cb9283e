"""Schema sets: which namespaces belong together, and which global elements and substitutions they declare.

A V2GTP payload type names a schema set; the set decides the event codes of its roots and fragments. Element names
belong here and to fields, never to classes (design decision 1).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from iso15118.errors import LocalError
from iso15118.messages import app, xmldsig
from iso15118.messages.iso20 import dc, types
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
from iso15118.messages.model import Namespace, QName, Record

__all__ = ["KEYS", "SchemaSet", "classes_of", "schema_set"]

XMLDSIG = Namespace(
    xmlns=xmldsig.XMLNS,
    modules=(xmldsig,),
    roots={
        name: getattr(xmldsig, name)
        for name in (
            "CanonicalizationMethod",
            "DigestMethod",
            "Reference",
            "Signature",
            "SignatureMethod",
            "SignatureValue",
            "SignedInfo",
            "Transform",
            "Transforms",
        )
    },
    other_roots=(
        "DSAKeyValue",
        "DigestValue",
        "KeyInfo",
        "KeyName",
        "KeyValue",
        "Manifest",
        "MgmtData",
        "Object",
        "PGPData",
        "RSAKeyValue",
        "RetrievalMethod",
        "SPKIData",
        "SignatureProperties",
        "SignatureProperty",
        "X509Data",
    ),
    other_elements=(
        "Exponent",
        "G",
        "J",
        "Modulus",
        "P",
        "PGPKeyID",
        "PGPKeyPacket",
        "PgenCounter",
        "Q",
        "SPKISexp",
        "Seed",
        "X509CRL",
        "X509Certificate",
        "X509IssuerSerial",
        "X509SKI",
        "X509SubjectName",
        "Y",
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

_SETS: Mapping[str, tuple[Namespace, ...]] = {
    "AppProtocol": (APP_PROTOCOL,),
    "CommonMessages": (COMMON_MESSAGES, COMMON_TYPES, XMLDSIG),
    "DC": (DC, COMMON_TYPES, XMLDSIG),
    "xmldsig": (XMLDSIG,),
}

KEYS = tuple(_SETS)
"""Names of the schema sets, as the command line and the codec take them."""


class SchemaSet(NamedTuple):
    """One grammar: the main namespace first, then what it imports."""

    key: str
    namespaces: tuple[Namespace, ...]
    roots: Mapping[QName, type[Record]]
    """Modelled global elements."""
    global_names: tuple[QName, ...]
    """All global elements, modelled or not, in the order of their document codes."""
    element_names: tuple[QName, ...]
    """All elements declared anywhere, in the order of their fragment codes."""
    substitutes: Mapping[QName, Mapping[QName, type[Record]]]
    """Head of a substitution group -> members, the head included, in the order of their codes."""


def classes_of(namespace: Namespace) -> Iterator[type[Record]]:
    """Every complex type a namespace declares."""
    for module in namespace.modules:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Record) and value.__module__ == module.__name__:
                yield value


def _own_elements(cls: type[Record]) -> Iterator[QName]:
    """Elements a class declares itself: no inherited fields, no attributes, wildcards or references."""
    import msgspec.structs  # only when a schema set is first asked for

    bases = (base for base in cls.__mro__[1:] if issubclass(base, Record))
    inherited = {name for base in bases for name in base.__struct_fields__}
    uri = cls.xmlns.uri if cls.xmlns.elements_qualified else ""
    for field in msgspec.structs.fields(cls):
        extra: dict[str, Any] = {}
        for meta in getattr(field.type, "__metadata__", ()):
            extra.update(meta.extra or {})
        skipped = extra.keys() & {"attribute", "content", "wildcard", "namespace"}
        if field.name not in inherited and not skipped:
            yield QName(field.encode_name, uri)


@functools.cache
def schema_set(key: str) -> SchemaSet:
    """The schema set called ``key``.

    Raises:
        LocalError: There is no such set.
    """
    namespaces = _SETS.get(key)
    if namespaces is None:
        raise LocalError(f"no schema set {key!r}; there are {', '.join(KEYS)}")
    roots = {QName(name, ns.xmlns.uri): cls for ns in namespaces for name, cls in ns.roots.items()}
    global_names = {*roots, *(QName(name, ns.xmlns.uri) for ns in namespaces for name in ns.other_roots)}
    locals_ = {QName(name, ns.xmlns.uri) for ns in namespaces for name in ns.other_elements}
    for namespace in namespaces:
        for cls in classes_of(namespace):
            locals_.update(_own_elements(cls))
    substitutes: dict[QName, dict[QName, type[Record]]] = {}
    for namespace in namespaces:
        for head, members in namespace.substitutes.items():
            group = substitutes.setdefault(head, {})
            group.update({QName(name, namespace.xmlns.uri): cls for name, cls in members.items()})
    return SchemaSet(
        key=key,
        namespaces=namespaces,
        roots=roots,
        global_names=tuple(sorted(global_names)),
        element_names=tuple(sorted(global_names | locals_)),
        substitutes={head: dict(sorted(members.items())) for head, members in substitutes.items()},
    )
