"""One end of a connection without the connection: bytes and times in, bytes and actions out.

Joins framing, codec, session and trace. A socket driver and the simulator's link use the same object, so that every
byte of a simulated session is a real one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import msgspec

from iso15118 import exi
from iso15118.errors import CodecError, FramingError
from iso15118.exi.codec import root_of
from iso15118.exi.grammar import schema_grammar
from iso15118.exi.lint import Finding, lint
from iso15118.messages.iso20 import types
from iso15118.messages.model import QName, Record
from iso15118.messages.registry import schema_set
from iso15118.session.actions import Action, Late, Send
from iso15118.session.core import Session
from iso15118.session.emitter import EmitterProfile
from iso15118.session.services import ServiceId, ac_payload_type, payload_type_of
from iso15118.session.side import SIDE_STREAMS
from iso15118.trace import Trace
from iso15118.v2gtp import SCHEMA_KEYS, Frame, FrameReader, PayloadType, frame_bytes

__all__ = ["Endpoint", "Transmit", "warm"]


class Transmit(msgspec.Struct, frozen=True):
    """Write these bytes in one piece: deployed peers take one read for one message."""

    data: bytes
    name: str
    """Root element of the message inside, for logs."""
    response_code: str | None = None
    """Of a response."""


_SPOKEN = frozenset({PayloadType.SAP, PayloadType.COMMON_MESSAGES, PayloadType.AC, PayloadType.DC, *SIDE_STREAMS})
"""Payload types a session may be sent."""


_AC_TYPES = frozenset({PayloadType.AC, PayloadType.AC_DER_IEC, PayloadType.AC_DER_SAE})
"""The messages of AC in three sets: read by another than the service's they would be taken for others."""


def warm(der_services: Iterable[ServiceId] = ()) -> None:
    """Build every grammar a session may need; a no-op from the second time on.

    Args:
        der_services: Services of inverters at the grid that may be used; those who have none save their memory.
    """
    for key in ("AppProtocol", "CommonMessages", "AC", "DC", *(service.name for service in der_services)):
        exi.warm(key)


MAX_MESSAGE_OCTETS = 1 << 16
"""Longest payload a session takes: nearly three times the longest of the public vectors (24,305), and little enough to be
read in a fraction of the charge loop's limit, other outlets of the process included. Ours."""
MAX_HANDSHAKE_OCTETS = 1 << 12
"""Longest SupportedAppProtocolReq: twenty protocols with names of a hundred characters have half as much. Ours."""


class Endpoint:
    """A session that speaks V2GTP and EXI."""

    def __init__(self, session: Session, *, at: str, trace: Trace | None = None) -> None:
        """Join; every grammar the session may need is built here, not while the peer waits.

        Args:
            session: Either side's core.
            at: ``EV`` or ``SECC``, for the trace.
            trace: Where events go; None for nowhere.
        """
        self.session = session
        self.at = at
        self.trace = trace
        self.reader = FrameReader(MAX_MESSAGE_OCTETS)
        self.messages = 0
        """Messages sent."""
        self.ignored = 0
        """Frames of a payload type that we don't speak: they get no answer (conformance purpose TP-02)."""
        self.outside = 0
        """Messages sent that are outside of the conservative profile; each kind of finding is traced once."""
        self._read = QName("", "")
        """Root of the message read last on the main stream."""
        self._told: set[tuple[str, str]] = set()
        self._spoken = _SPOKEN.union(ac_payload_type(service) for service in session.der_services)
        warm(session.der_services)

    def receive_data(self, data: bytes, now: float) -> list[Action | Transmit]:
        """Take bytes as they arrived, cut anyhow."""
        try:
            frames = self.reader.feed(data)
        except FramingError as error:
            return self.carry(self.session.reject(error, now), now)
        actions: list[Action | Transmit] = []
        for frame in frames:
            actions += self._frame(frame, now)
        if self.reader.error is not None:
            actions += self.carry(self.session.reject(self.reader.error, now), now)
        return actions

    def _frame(self, frame: Frame, now: float) -> list[Action | Transmit]:
        key = SCHEMA_KEYS.get(frame.payload_type)
        wanted = ac_payload_type(self.session.service_id)
        if key is None or frame.payload_type not in self._spoken or frame.payload_type in _AC_TYPES - {wanted}:
            self.ignored += 1
            self._trace_bytes(frame, "a payload type that is not spoken here", now)
            return []
        if key == "AppProtocol" and len(frame.payload) > MAX_HANDSHAKE_OCTETS:
            too_long = FramingError(f"a handshake of {len(frame.payload)} octets, more than {MAX_HANDSHAKE_OCTETS}")
            return self.carry(self.session.reject(too_long, now), now)
        try:
            content = exi.read(frame.payload, key)
        except CodecError as error:
            self._trace_bytes(frame, str(error), now)
            return self.carry(self.session.reject(error, now), now)
        message, side = content.value, next((each for each in SIDE_STREAMS if each == frame.payload_type), None)
        if side is None:
            self._read = content.name
        self._trace_message(message, content.name, key, "rx", now, side)
        return self.carry(self.session.receive(message, now, side), now)

    def handle_timer(self, now: float) -> list[Action | Transmit]:
        """As ``Session.handle_timer``."""
        return self.carry(self.session.handle_timer(now), now)

    def poll(self, now: float) -> list[Action | Transmit]:
        """As ``Session.poll``."""
        return self.carry(self.session.poll(now), now)

    def connection_lost(self, now: float, reason: str = "the peer closed the connection") -> list[Action | Transmit]:
        """As ``Session.connection_lost``."""
        return self.carry(self.session.connection_lost(now, reason), now)

    def broken(self, error: Exception, now: float) -> list[Action | Transmit]:
        """As ``Session.broken``."""
        return self.carry(self.session.broken(error, now), now)

    def carried_out(self, now: float) -> list[Action | Transmit]:
        """As ``Session.carried_out``."""
        return self.carry(self.session.carried_out(now), now)

    def next_timer(self) -> float | None:
        """As ``Session.next_timer``."""
        return self.session.next_timer()

    def carry(self, actions: list[Action], now: float) -> list[Action | Transmit]:
        """Replace every ``Send`` by the bytes to write."""
        for action in actions:
            if isinstance(action, Late):
                self._trace_late(action, now)
        return [self._encode(action, now) if isinstance(action, Send) else action for action in actions]

    def _trace_late(self, late: Late, now: float) -> None:
        if self.trace is not None:
            body = {"limit": late.limit, "limit_s": late.limit_s, "took_s": round(late.took_s, 3)}
            self.trace.event(now, self.at, "warning", "tx", late.message, lambda: body)

    def _encode(self, send: Send, now: float) -> Transmit:
        message, side = send.message, send.side
        payload_type = payload_type_of(message, self.session.service_id) if side is None else side
        key = SCHEMA_KEYS[payload_type]
        # A response is the root that answers what was read: in ACDP one class stands behind two.
        answer = QName(self._read.local.removesuffix("Req") + "Res", self._read.uri)
        element = answer if schema_set(key).roots.get(answer) is type(message) else None
        name = root_of(schema_grammar(key), "document", message, element)[1].name
        data = frame_bytes(payload_type, exi.encode(message, key, "document", name))
        self.messages += 1
        self._trace_message(message, name, key, "tx", now, side)
        if self.session.emitter_profile is EmitterProfile.CONSERVATIVE:
            self._lint(message, name, key, now)
        code = getattr(message, "response_code", None)
        return Transmit(data, name.local, None if code is None else code.value)

    def _trace_message(
        self, message: Record, name: QName, key: str, direction: str, now: float, side: PayloadType | None
    ) -> None:
        if self.trace is None:
            return

        def body() -> object:
            (content,) = exi.to_json(message, key, "document", name).values()
            return content

        stream = None if side is None else side.name
        self.trace.event(now, self.at, "iso15118", direction, name.local, body, run=loop_run(message), stream=stream)

    def _lint(self, message: Record, name: QName, key: str, now: float) -> None:
        """Tell of what some deployed codecs can't read.

        It is sent all the same: this peer may be able to, and a session that breaks off over the name of a meter helps
        nobody (docs/decisions/0008).
        """
        findings = lint(message, key, "document", name)
        if not findings:
            return
        self.outside += 1
        root = name.local
        new = tuple(finding for finding in findings if (root, finding.rule.name) not in self._told)
        self._told.update((root, finding.rule.name) for finding in new)
        if new and self.trace is not None:
            self.trace.event(now, self.at, "warning", "tx", root, lambda: {"findings": [_told(each) for each in new]})

    def _trace_bytes(self, frame: Frame, why: str, now: float) -> None:
        if self.trace is not None:
            body = {"payload_type": frame.payload_type, "payload": frame.payload.hex().upper(), "error": why}
            self.trace.event(now, self.at, "iso15118", "rx", "unreadable", lambda: body)


def _told(finding: Finding) -> dict[str, str]:
    rule = finding.rule
    return {"path": finding.path, "what": finding.what, "rule": rule.name, "limit": rule.limit, "fails": rule.fails}


# What a charge loop measures, and what counts down with time: left out when two loops are compared.
_VOLATILE = frozenset(
    {
        "header",
        "ev_present_voltage",
        "evse_present_voltage",
        "evse_present_current",
        *(f"{side}_present_active_power{line}" for side in ("ev", "evse") for line in ("", "_l2", "_l3")),
        *(f"ev_present_reactive_power{line}" for line in ("", "_l2", "_l3")),
        "departure_time",
        "ev_target_energy_request",
        "ev_maximum_energy_request",
        "ev_minimum_energy_request",
        "ev_maximum_v2x_energy_request",
        "ev_minimum_v2x_energy_request",
    }
)


def loop_run(message: Record) -> Hashable:
    """What makes two charge loops equal; None for any other message, and for loops that carry meter readings."""
    if isinstance(message, types.ChargeLoopReq):
        display = message.display_parameters
        shown = None if display is None else (display.target_soc, display.battery_energy_capacity)
        mode = _constant(getattr(message, "cl_req_control_mode", None))
        return (message.meter_info_requested, shown, mode)
    if isinstance(message, types.ChargeLoopRes) and message.meter_info is None and message.receipt is None:
        flags = (
            getattr(message, "evse_power_limit_achieved", None),
            getattr(message, "evse_current_limit_achieved", None),
            getattr(message, "evse_voltage_limit_achieved", None),
        )
        mode = _constant(getattr(message, "cl_res_control_mode", None))
        return (message.response_code, message.evse_status, flags, mode)
    return None


def _constant(mode: Record | None) -> Hashable:
    if mode is None:
        return None
    values = tuple(getattr(mode, name) for name in mode.__struct_fields__ if name not in _VOLATILE)
    return (type(mode), values)
