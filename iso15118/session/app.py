"""SupportedAppProtocol: the handshake that decides which protocol the session speaks.

Protocol-neutral on purpose: what is offered and served is a list of ``AppProtocolOffer``, each naming the family whose
handler tables take over, so that ISO 15118-2 and DIN SPEC 70121 can join (docs/decisions).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import msgspec

from iso15118.errors import LocalError
from iso15118.messages.app import AppProtocol, ResponseCode, SupportedAppProtocolReq, SupportedAppProtocolRes

__all__ = [
    "AC_20",
    "AC_DER_IEC_20",
    "AC_DER_SAE_20",
    "DC_20",
    "AppProtocolOffer",
    "Family",
    "Link",
    "negotiate",
    "offer",
    "usable",
]


class Family(enum.Enum):
    """Whose message set and state machine a protocol uses."""

    ISO_20 = "ISO 15118-20"
    ISO_2 = "ISO 15118-2"
    """Named for the handshake; nothing serves it yet."""
    DIN_70121 = "DIN SPEC 70121"
    """Named for the handshake; nothing serves it yet."""


class AppProtocolOffer(msgspec.Struct, frozen=True):
    """A protocol we can speak."""

    namespace: str
    version_major: int
    version_minor: int
    family: Family


AC_20 = AppProtocolOffer("urn:iso:std:iso:15118:-20:AC", 1, 0, Family.ISO_20)
DC_20 = AppProtocolOffer("urn:iso:std:iso:15118:-20:DC", 1, 0, Family.ISO_20)
AC_DER_IEC_20 = AppProtocolOffer("urn:iso:std:iso:15118:-20:AC-DER-IEC", 1, 0, Family.ISO_20)
AC_DER_SAE_20 = AppProtocolOffer("urn:iso:std:iso:15118:-20:AC-DER-SAE", 1, 0, Family.ISO_20)


class Link(enum.Enum):
    """What the session runs on, as far as the choice of a protocol depends on it."""

    TLS_1_3 = "TLS 1.3"
    TLS_1_2 = "TLS 1.2"
    TCP = "plain TCP"
    LAB_TCP = "plain TCP by the lab switch"
    """ISO 15118-20 on plain TCP: never on a public charger, but laboratories and simulations need it."""


def usable(protocols: Sequence[AppProtocolOffer], link: Link) -> tuple[AppProtocolOffer, ...]:
    """Those of ``protocols`` that may be offered or chosen on ``link``.

    ISO 15118-20 needs TLS 1.3 (V2G20-1237, V2G20-1805, V2G20-2356); ``Link.LAB_TCP`` is the explicit exception.
    """
    return tuple(p for p in protocols if p.family is not Family.ISO_20 or link in (Link.TLS_1_3, Link.LAB_TCP))


def offer(protocols: Sequence[AppProtocolOffer], link: Link) -> SupportedAppProtocolReq:
    """The EV's offer: what is usable, the first with the highest priority, SchemaIDs counted from 1.

    Raises:
        LocalError: Nothing may be offered on this link.
    """
    allowed = usable(protocols, link)
    if not allowed:
        raise LocalError(
            f"no protocol may be offered on {link.value}: ISO 15118-20 needs TLS 1.3; "
            "a laboratory can allow plain TCP with its lab switch"
        )
    entries = tuple(
        AppProtocol(
            protocol_namespace=protocol.namespace,
            version_number_major=protocol.version_major,
            version_number_minor=protocol.version_minor,
            schema_id=index,
            priority=index,
        )
        for index, protocol in enumerate(allowed, start=1)
    )
    return SupportedAppProtocolReq(app_protocol=entries)


def negotiate(
    request: SupportedAppProtocolReq, served: Sequence[AppProtocolOffer], link: Link
) -> tuple[SupportedAppProtocolRes, AppProtocolOffer | None]:
    """The station's answer: filter by what it serves, then the EV's highest priority wins (V2G20-167, V2G20-169).

    The same major version is needed; a different minor one is a minor deviation.
    """
    allowed = {(p.namespace, p.version_major): p for p in usable(served, link)}
    for entry in sorted(request.app_protocol, key=lambda entry: entry.priority):
        chosen = allowed.get((entry.protocol_namespace, entry.version_number_major))
        if chosen is None:
            continue
        same = entry.version_number_minor == chosen.version_minor
        code = (
            ResponseCode.OK_SuccessfulNegotiation if same else ResponseCode.OK_SuccessfulNegotiationWithMinorDeviation
        )
        return SupportedAppProtocolRes(response_code=code, schema_id=entry.schema_id), chosen
    return SupportedAppProtocolRes(response_code=ResponseCode.Failed_NoNegotiation), None
