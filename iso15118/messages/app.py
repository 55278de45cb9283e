"""SupportedAppProtocol: which protocol the two sides will speak (V2G_CI_AppProtocol.xsd).

The handshake is older than ISO 15118-20 and shared with ISO 15118-2 and DIN SPEC 70121; its local elements are
unqualified.
"""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from iso15118.messages.model import Record, UnsignedInt, Xmlns, element

XMLNS = Xmlns("urn:iso:15118:2:2010:AppProtocol", elements_qualified=False)

ProtocolNamespace = Annotated[str, Meta(max_length=100, title="protocolNamespaceType")]
SchemaID = Annotated[int, Meta(ge=0, le=255, title="idType")]
Priority = Annotated[int, Meta(ge=1, le=20, title="priorityType")]


class ResponseCode(enum.Enum):
    """Outcome of the handshake.

    Source: V2G_CI_AppProtocol.xsd, ``responseCodeType``.
    """

    OK_SuccessfulNegotiation = "OK_SuccessfulNegotiation"
    OK_SuccessfulNegotiationWithMinorDeviation = "OK_SuccessfulNegotiationWithMinorDeviation"
    Failed_NoNegotiation = "Failed_NoNegotiation"


class AppProtocol(Record):
    """One protocol the EV offers.

    Source: V2G_CI_AppProtocol.xsd, ``AppProtocolType``.
    """

    protocol_namespace: ProtocolNamespace = element("ProtocolNamespace")
    """For instance ``urn:iso:std:iso:15118:-20:DC``."""
    version_number_major: UnsignedInt = element("VersionNumberMajor")
    version_number_minor: UnsignedInt = element("VersionNumberMinor")
    schema_id: SchemaID = element("SchemaID")
    """The EV's handle for this entry; the answer names it."""
    priority: Priority = element("Priority")
    """1 is the highest, 20 the lowest (V2G20-167)."""


class SupportedAppProtocolReq(Record):
    """What the EV can speak.

    Source: V2G_CI_AppProtocol.xsd, element ``supportedAppProtocolReq``.
    """

    app_protocol: Annotated[tuple[AppProtocol, ...], Meta(min_length=1, max_length=20)] = element("AppProtocol")


class SupportedAppProtocolRes(Record):
    """What the station chose (V2G20-169).

    Source: V2G_CI_AppProtocol.xsd, element ``supportedAppProtocolRes``.
    """

    response_code: ResponseCode = element("ResponseCode")
    schema_id: SchemaID | None = element("SchemaID", default=None)
    """SchemaID of the chosen entry; absent when there is none."""
