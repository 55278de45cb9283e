"""Messages over the octets of a SUT."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from conformance.case import Failure, fail
from conformance.sut import Sut
from iso15118 import exi
from iso15118.errors import CodecError, FramingError
from iso15118.messages import app
from iso15118.messages.iso20 import ac, dc
from iso15118.messages.iso20.types import MessageHeader, RationalNumber
from iso15118.messages.model import Record
from iso15118.v2gtp import FrameReader, frame_bytes

__all__ = ["Link", "Said", "Step", "amount", "code_of", "name_of", "replace", "value_of"]

NO_SESSION = bytes(8)
UNIX_S = 1_800_000_000
"""The tester's idea of seconds since 1970 when the SUT's clock reads 0."""


class Step(enum.StrEnum):
    """The steps of a session, in order; which of them is due next. AC leaves out what is DC's."""

    SAP = "SupportedAppProtocol"
    SESSION_SETUP = "SessionSetup"
    AUTHORIZATION_SETUP = "AuthorizationSetup"
    AUTHORIZATION = "Authorization"
    SERVICE_DISCOVERY = "ServiceDiscovery"
    SERVICE_DETAIL = "ServiceDetail"
    SERVICE_SELECTION = "ServiceSelection"
    PARAMETERS = "ChargeParameterDiscovery"
    SCHEDULE = "ScheduleExchange"
    CABLE_CHECK = "CableCheck"
    PRE_CHARGE = "PreCharge"
    POWER_DELIVERY = "PowerDelivery"
    LOOP = "ChargeLoop"
    STOP = "PowerDeliveryStop"
    WELDING = "WeldingDetection"
    SESSION_STOP = "SessionStop"
    END = "End"

    def before(self, other: Step) -> bool:
        """Whether this step comes earlier in a session."""
        order = list(Step)
        return order.index(self) < order.index(other)


_OF_NAMESPACE = {app.XMLNS.uri: 0x8001, ac.XMLNS.uri: 0x8003, dc.XMLNS.uri: 0x8004}
KEYS: Mapping[int, str] = MappingProxyType(
    {
        0x8001: "AppProtocol",
        0x8002: "CommonMessages",
        0x8003: "AC",
        0x8004: "DC",
        0x8010: "AC_DER_IEC",
        0x8011: "AC_DER_SAE",
        0x8101: "CommonMessages",
        0x8102: "CommonMessages",
    }
)
"""Payload type -> schema set, as the tester knows them."""


class Said(NamedTuple):
    """One message on the wire."""

    at: float
    by_sut: bool
    message: Record
    payload_type: int


def amount(quantity: float) -> RationalNumber:
    """A RationalNumber: two digits after the point where they fit."""
    for exponent in range(-2, 128):
        value = round(quantity / 10.0**exponent)
        if -32_768 <= value <= 32_767:
            return RationalNumber(exponent=exponent, value=value)
    raise OverflowError(quantity)


def value_of(quantity: RationalNumber | None) -> float:
    """What a RationalNumber stands for; 0 when it is left out."""
    return 0.0 if quantity is None else quantity.value * 10.0**quantity.exponent


def name_of(message: Record) -> str:
    """Name of the message."""
    return type(message).__name__


def code_of(message: Record) -> str:
    """Response code as the schema spells it; '' of a request."""
    code: Any = getattr(message, "response_code", None)
    return "" if code is None else str(code.value)


def replace(message: Any, **changes: object) -> Any:
    """A message with other fields; ``mode__field`` reaches one level down."""
    nested: dict[str, dict[str, object]] = {}
    own: dict[str, object] = {}
    for name, value in changes.items():
        outer, below, inner = name.partition("__")
        if below:
            nested.setdefault(outer, {})[inner] = value
        else:
            own[name] = value
    own |= {outer: replace(getattr(message, outer), **inner) for outer, inner in nested.items()}
    return msgspec.structs.replace(message, **own)


class Link:
    """The tester's end of a connection to a SUT."""

    def __init__(self, sut: Sut) -> None:
        self.sut = sut
        self.session_id = NO_SESSION
        self.ac_payload_type = 0x8003
        """AC messages belong to the schema set of the service that is selected."""
        self.log: list[Said] = []
        self._reader = FrameReader()
        self._waiting: list[tuple[int, bytes]] = []

    def connect(self) -> None:
        """Open a (further) connection."""
        self._reader, self._waiting = FrameReader(), []
        self.sut.connect()

    def header(self) -> MessageHeader:
        """Header of a message sent now."""
        return MessageHeader(session_id=self.session_id, time_stamp=int(UNIX_S + self.sut.now))

    def payload_type(self, message: Record) -> int:
        """The payload type that a message belongs to."""
        found = _OF_NAMESPACE.get(type(message).xmlns.uri, 0x8002)
        return self.ac_payload_type if found == 0x8003 else found

    def frame(self, message: Record, payload_type: int | None = None) -> bytes:
        """A message as octets; another payload type than its own only changes the header."""
        own = self.payload_type(message)
        return frame_bytes(own if payload_type is None else payload_type, self.encode(message, payload_type))

    def encode(self, message: Record, payload_type: int | None = None) -> bytes:
        """EXI of a message, by the schema set of the payload type when the message belongs to it, else its own."""
        own = self.payload_type(message)
        key = KEYS.get(own if payload_type is None else payload_type, KEYS[own])
        try:
            return exi.encode(message, key)
        except (CodecError, LookupError):
            return exi.encode(message, KEYS[own])

    def send(self, message: Record, payload_type: int | None = None) -> None:
        """Send a message in one piece."""
        octets = self.frame(message, payload_type)
        own = self.payload_type(message) if payload_type is None else payload_type
        self.log.append(Said(self.sut.now, False, message, own))
        self.sut.send(octets)

    def receive(self, within_s: float) -> Record | None:
        """The SUT's next message; None when there is none in that time, or the connection closed.

        Raises:
            Failure: What came is no message, or under the wrong payload type.
        """
        limit = self.sut.now + within_s
        while not self._waiting:
            octets = self.sut.receive(limit - self.sut.now)
            if octets is None:
                return None
            try:
                frames = self._reader.feed(octets)
            except FramingError as error:
                fail(f"what was sent is no V2GTP: {error}")
            self._waiting += [(frame.payload_type, frame.payload) for frame in frames]
        payload_type, payload = self._waiting.pop(0)
        key = KEYS.get(payload_type)
        if key is None:
            fail(f"payload type {payload_type:#06x}")
        try:
            message: Record = exi.read(payload, key).value
        except CodecError as error:
            raise Failure(f"payload type {payload_type:#06x} with what can't be read: {error}") from None
        self.log.append(Said(self.sut.now, True, message, payload_type))
        return message

    def said(self, name: str = "", *, by_sut: bool | None = None) -> list[Any]:
        """Messages so far, of a name."""
        return [
            each.message for each in self.log if name in ("", name_of(each.message)) and by_sut in (None, each.by_sut)
        ]
