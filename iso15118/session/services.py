"""Services and their parameters, as both sides name them.

Source: docs/decisions and the service tables of ISO 15118-20 as deployed stacks use them.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from iso15118.errors import LocalError
from iso15118.messages import app
from iso15118.messages.iso20 import ac, acdp, dc
from iso15118.messages.iso20.common import xmlns
from iso15118.messages.iso20.common.service import ParameterSet
from iso15118.messages.iso20.wpt import xmlns as wpt_xmlns
from iso15118.messages.model import Record
from iso15118.session.app import AC_20, AC_DER_IEC_20, AC_DER_SAE_20, DC_20, AppProtocolOffer
from iso15118.session.quantities import number
from iso15118.v2gtp import PayloadType

__all__ = [
    "AC_SERVICES",
    "BIDIRECTIONAL",
    "DC_SERVICES",
    "DER_SERVICES",
    "ISLANDING_NAMES",
    "AcConnector",
    "BptChannel",
    "ControlMode",
    "DcConnector",
    "GeneratorMode",
    "IslandingDetection",
    "McsConnector",
    "MobilityNeedsMode",
    "Offer",
    "Pricing",
    "ServiceId",
    "ValueAdded",
    "ac_payload_type",
    "payload_type_of",
    "read_offer",
    "services_of",
]


class ServiceId(enum.IntEnum):
    """Energy transfer services."""

    AC = 1
    DC = 2
    WPT = 3
    DC_ACDP = 4
    AC_BPT = 5
    DC_BPT = 6
    DC_ACDP_BPT = 7
    MCS = 8
    MCS_BPT = 9
    AC_DER_IEC = 10
    AC_DER_SAE = 11


class ValueAdded(enum.IntEnum):
    """Value-added services that the standard knows."""

    INTERNET = 65
    PARKING_STATUS = 66


_OF_NAMESPACE: Mapping[str, PayloadType] = MappingProxyType(
    {
        app.XMLNS.uri: PayloadType.SAP,
        xmlns.XMLNS.uri: PayloadType.COMMON_MESSAGES,
        ac.XMLNS.uri: PayloadType.AC,
        dc.XMLNS.uri: PayloadType.DC,
        acdp.XMLNS.uri: PayloadType.ACDP,
        wpt_xmlns.XMLNS.uri: PayloadType.WPT,
    }
)
_AC_OF_SERVICE: Mapping[int, PayloadType] = MappingProxyType(
    {ServiceId.AC_DER_IEC: PayloadType.AC_DER_IEC, ServiceId.AC_DER_SAE: PayloadType.AC_DER_SAE}
)


def ac_payload_type(service_id: int) -> PayloadType:
    """Payload type of the messages of AC in a session of that service; any number before one is selected."""
    return _AC_OF_SERVICE.get(service_id, PayloadType.AC)


def payload_type_of(message: Record, service_id: int) -> PayloadType:
    """Payload type to send a message with, which decides the schema set it is written in.

    The messages of AC belong to three sets. A peer that reads them by the wrong one takes them for others without
    noticing, so the service that was selected decides, not what a message happens to hold.

    Args:
        message: What is to be sent.
        service_id: The energy transfer service in use; any number before one is selected.

    Raises:
        LocalError: No session sends messages of this namespace.
    """
    uri = type(message).xmlns.uri
    payload_type = _OF_NAMESPACE.get(uri)
    if payload_type is None:
        raise LocalError(f"no payload type for {type(message).__name__} of namespace {uri!r}")
    return ac_payload_type(service_id) if payload_type is PayloadType.AC else payload_type


DER_SERVICES = frozenset({ServiceId.AC_DER_IEC, ServiceId.AC_DER_SAE})
"""Services of inverters at the grid (Amendment 1)."""
_PLAIN_AC = frozenset({ServiceId.AC, ServiceId.AC_BPT})
AC_SERVICES = _PLAIN_AC | DER_SERVICES
"""Services whose sessions use the AC messages."""
DC_SERVICES = frozenset({ServiceId.DC, ServiceId.DC_BPT, ServiceId.MCS, ServiceId.MCS_BPT})
"""Services whose sessions use the DC messages."""
_SERVICES: Mapping[str, frozenset[ServiceId]] = MappingProxyType(
    {
        AC_20.namespace: _PLAIN_AC,
        DC_20.namespace: DC_SERVICES,
        AC_DER_IEC_20.namespace: _PLAIN_AC | {ServiceId.AC_DER_IEC},
        AC_DER_SAE_20.namespace: _PLAIN_AC | {ServiceId.AC_DER_SAE},
    }
)


def services_of(protocol: AppProtocolOffer | None, *, der_with_ac: bool = False) -> frozenset[ServiceId]:
    """Services that a session can run under the protocol the handshake chose; none without one.

    Args:
        protocol: What was chosen.
        der_with_ac: Whether the services of inverters run under the protocol of plain AC as well.
    """
    namespace = "" if protocol is None else protocol.namespace
    services = _SERVICES.get(namespace, frozenset())
    return services | DER_SERVICES if der_with_ac and namespace == AC_20.namespace else services


BIDIRECTIONAL = frozenset({ServiceId.AC_BPT, ServiceId.DC_BPT, ServiceId.DC_ACDP_BPT, ServiceId.MCS_BPT}) | DER_SERVICES


class ControlMode(enum.IntEnum):
    """Who decides about power: a schedule the EV follows, or the station at every moment."""

    SCHEDULED = 1
    DYNAMIC = 2


class MobilityNeedsMode(enum.IntEnum):
    """Who states departure and energy: the EVCC alone, or the SECC as well (Dynamic only, V2G20-2663)."""

    EVCC = 1
    SECC = 2


class AcConnector(enum.IntEnum):
    """Parameter ``Connector`` of AC services."""

    SINGLE_PHASE = 1
    THREE_PHASE = 2

    @property
    def lines(self) -> int:
        """Lines in use."""
        return 3 if self is AcConnector.THREE_PHASE else 1


class McsConnector(enum.IntEnum):
    """Parameter ``Connector`` of MCS services."""

    MCS = 1
    CHAOJI = 2
    ULTRA_CHAOJI = 3
    RMCS = 4
    XMCS = 5
    AVIATION = 6
    MARINE = 7


class DcConnector(enum.IntEnum):
    """Parameter ``Connector`` of DC services."""

    CORE = 1
    EXTENDED = 2
    DUAL2 = 3
    DUAL4 = 4


class Pricing(enum.IntEnum):
    """Parameter ``Pricing``."""

    NONE = 0
    ABSOLUTE = 1
    PRICE_LEVELS = 2


class BptChannel(enum.IntEnum):
    """Parameter ``BPTChannel``."""

    UNIFIED = 1
    SEPARATED = 2


class GeneratorMode(enum.IntEnum):
    """Parameter ``GeneratorMode``."""

    GRID_FOLLOWING = 1
    GRID_FORMING = 2


class IslandingDetection(enum.IntEnum):
    """Value of the islanding detection parameter of AC_BPT."""

    ACTIVE = 1
    PASSIVE = 2


ISLANDING_NAMES = ("GridCodeIslandingDetectionMethod", "DetectionMethodGridCodeIslanding")
"""Deployed peers spell the islanding detection parameter in one of these ways; both are read."""


class Offer(msgspec.Struct, frozen=True):
    """A parameter set as read: integer parameters by name; others are kept as text."""

    parameter_set_id: int
    integers: dict[str, int]
    texts: dict[str, str]

    @property
    def control_mode(self) -> ControlMode | None:
        """Parameter ``ControlMode``, if the set has a known one."""
        value = self.integers.get("ControlMode")
        return ControlMode(value) if value in (1, 2) else None

    @property
    def mobility_needs_mode(self) -> MobilityNeedsMode:
        """Parameter ``MobilityNeedsMode``; absent or unknown counts as 1."""
        return MobilityNeedsMode.SECC if self.integers.get("MobilityNeedsMode") == 2 else MobilityNeedsMode.EVCC

    @property
    def pricing(self) -> Pricing:
        """Parameter ``Pricing``; absent or unknown counts as none."""
        value = self.integers.get("Pricing")
        return Pricing(value) if value in (0, 1, 2) else Pricing.NONE

    @property
    def bpt_channel(self) -> BptChannel:
        """Parameter ``BPTChannel``; absent or unknown counts as unified."""
        return BptChannel.SEPARATED if self.integers.get("BPTChannel") == 2 else BptChannel.UNIFIED

    @property
    def generator_mode(self) -> GeneratorMode:
        """Parameter ``GeneratorMode``; absent or unknown counts as grid following."""
        forming = self.integers.get("GeneratorMode") == 2
        return GeneratorMode.GRID_FORMING if forming else GeneratorMode.GRID_FOLLOWING

    @property
    def ac_lines(self) -> int | None:
        """Lines by the parameter ``Connector`` of an AC service, if the set has a known one."""
        value = self.integers.get("Connector")
        return AcConnector(value).lines if value in (1, 2) else None

    @property
    def nominal_voltage_v(self) -> float:
        """Parameter ``EVSENominalVoltage``, V line to neutral; 230 when it is absent or no positive number."""
        text = self.integers.get("EVSENominalVoltage", self.texts.get("EVSENominalVoltage", ""))
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        return value if 0.0 < value < math.inf else 230.0

    @property
    def islanding_detection(self) -> IslandingDetection | None:
        """How islands are to be detected (AC_BPT), however it is spelled; None when the set has no known value."""
        values = [self.integers[name] for name in ISLANDING_NAMES if name in self.integers]
        return IslandingDetection(values[0]) if values and values[0] in (1, 2) else None


def read_offer(parameter_set: ParameterSet) -> Offer:
    """Read a parameter set. Of a name that occurs twice the first counts (a deployed station sends GeneratorMode twice)."""
    integers: dict[str, int] = {}
    texts: dict[str, str] = {}
    for parameter in parameter_set.parameter:
        for value in (parameter.int_value, parameter.short_value, parameter.byte_value):
            if value is not None:
                integers.setdefault(parameter.name, value)
        if parameter.bool_value is not None:
            integers.setdefault(parameter.name, int(parameter.bool_value))
        if parameter.rational_number is not None:
            texts.setdefault(parameter.name, f"{number(parameter.rational_number):g}")
        if parameter.finite_string is not None:
            texts.setdefault(parameter.name, parameter.finite_string)
    return Offer(parameter_set.parameter_set_id, integers, texts)
