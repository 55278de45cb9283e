"""OCPP-J of OCPP 2.1, sans-IO: frames in, events out; the same object serves a station and a back end.

How to drive it::

    connected(now) -> [receive(text, now) | handle_timer(next_timer()) | call(...) -> take_frames()]* -> disconnected(now)

Whatever was called, ``take_frames()`` afterwards returns the texts to write, in order. Every event tells of something
that must be acted upon; no text of the peer makes a method raise.

One CALL is outstanding at a time, the rest wait in order (OCPP-J). A call made with ``keep=True`` survives silence and
disconnection: it goes back to the head of the queue, under the same id, until it is answered. Any other fails with an
event.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import msgspec

from iso15118.errors import LocalError, OcppError
from iso15118.ocpp import schemas
from iso15118.ocpp.rpc_events import (
    Answered,
    AnswerRefused,
    Broken,
    Called,
    Event,
    Failed,
    Notified,
    Payload,
)

__all__ = [
    "CALL_TIMEOUT_S",
    "MAX_FRAME_BYTES",
    "MAX_QUEUED_CALLS",
    "MAX_PATIENCE",
    "AnswerRefused",
    "Answered",
    "Broken",
    "Called",
    "Event",
    "Failed",
    "Notified",
    "Payload",
    "RpcPeer",
]

CALL_TIMEOUT_S = 30.0
"""How long a CALL may stay unanswered, s (project default; OCPP leaves it to the implementer)."""
MAX_PATIENCE = 10
"""A kept call that stays unanswered is sent again after a pause of 1, 2, ... times the time-out, at most so many times it;
meanwhile other kept calls wait behind it, in order, and the rest goes out (project default)."""
MAX_FRAME_BYTES = 1_048_576
"""Largest frame read: 1024 schedule periods with all their fields stay below (project limit)."""
MAX_QUEUED_CALLS = 10_000
"""Calls waiting, most of them while offline: a week of samples once a minute (project limit)."""
MAX_UNANSWERED = 16
"""Calls of the peer that may wait for our answer; OCPP-J allows it one (project limit)."""
MAX_ID_LENGTH = 36
"""Longest message id of OCPP-J, characters."""
UNREADABLE_ID = "-1"
"""Message id in the answer to a frame whose own could not be read (OCPP-J)."""

_CALL, _CALLRESULT, _CALLERROR, _CALLRESULTERROR, _SEND = 2, 3, 4, 5, 6


class _Call:
    __slots__ = ("action", "attempts", "call_id", "keep", "payload", "urgent")

    def __init__(self, call_id: str, action: str, payload: Payload, *, keep: bool, urgent: bool) -> None:
        self.call_id, self.action, self.payload = call_id, action, payload
        self.keep, self.urgent, self.attempts = keep, urgent, 0


class RpcPeer:
    """One side of one OCPP-J connection, over any number of reconnections."""

    def __init__(
        self,
        id_prefix: str,
        handles: frozenset[str],
        *,
        call_timeout_s: float = CALL_TIMEOUT_S,
        max_queued_calls: int = MAX_QUEUED_CALLS,
    ) -> None:
        """A peer without connection.

        Args:
            id_prefix: Start of the ids of our calls; a counter follows. At most 24 characters.
            handles: The actions for which ``Called`` or ``Notified`` events are wanted; others are refused here.
            call_timeout_s: How long a call may stay unanswered, s, > 0.
            max_queued_calls: How many calls may wait, > 0.

        Raises:
            LocalError: the prefix is too long, or an action is unknown.
        """
        if len(id_prefix) > 24:
            raise LocalError(f"id_prefix {id_prefix!r} leaves no room for a counter in {MAX_ID_LENGTH} characters")
        if unknown := handles - schemas.known_actions():
            raise LocalError(f"no actions of OCPP 2.1: {', '.join(sorted(unknown))}")
        self.gate_open = True
        """While False only urgent calls are sent; the rest wait (before a boot is accepted)."""
        self._prefix, self._handles = id_prefix, handles
        self._timeout_s, self._max_queued = call_timeout_s, max_queued_calls
        self._counter = 0
        self._online = False
        self._queue: deque[_Call] = deque()
        self._outstanding: _Call | None = None
        self._deadline: float | None = None
        self._held_until_s: float | None = None
        """Until then kept calls pause: the first of them met silence."""
        self._unanswered: dict[str, str] = {}
        self._frames: list[str] = []

    @property
    def online(self) -> bool:
        return self._online

    @property
    def queued(self) -> int:
        """How many calls wait to be sent."""
        return len(self._queue)

    @property
    def unanswered(self) -> int:
        """Calls that wait to be sent or for their answer."""
        return len(self._queue) + (self._outstanding is not None)

    @property
    def kept(self) -> tuple[Payload, ...]:
        """Payloads of the kept calls that have no answer yet, in order."""
        first = () if self._outstanding is None else (self._outstanding,)
        return tuple(call.payload for call in (*first, *self._queue) if call.keep)

    @property
    def full(self) -> bool:
        """True when another call would be refused."""
        return len(self._queue) >= self._max_queued

    # --- the connection ---

    def connected(self, now: float) -> None:
        """There is a connection: what waited goes out, in its order."""
        self._online = True
        self._pump(now)

    def disconnected(self, now: float) -> list[Event]:
        """The connection is gone: kept calls wait for the next one, the others fail."""
        self._online, self._held_until_s = False, None
        self._frames.clear()
        self._unanswered.clear()
        if self._outstanding is not None:
            self._queue.appendleft(self._outstanding)
            self._outstanding = self._deadline = None
        lost = [call for call in self._queue if not call.keep]
        self._queue = deque(call for call in self._queue if call.keep)
        for call in self._queue:
            call.attempts = 0
        return [_failed(call, "Disconnected", "the connection ended before the answer") for call in lost]

    def take_frames(self) -> list[str]:
        """The texts to write, in order; each is returned once."""
        frames, self._frames = self._frames, []
        return frames

    def next_timer(self) -> float | None:
        """When to call ``handle_timer``; None for never."""
        held = self._held_until_s if self._online and self._outstanding is None else None
        return min((time for time in (self._deadline, held) if time is not None), default=None)

    def handle_timer(self, now: float) -> list[Event]:
        """Give up waiting for an answer that is overdue: a kept call is sent again, another one fails."""
        call = self._outstanding
        if call is None:
            self._pump(now)  # the pause before a repetition may be over
            return []
        if self._deadline is None or now < self._deadline:
            return []
        self._outstanding = self._deadline = None
        events: list[Event] = []
        if call.keep:
            self._queue.appendleft(call)
            self._held_until_s = now + self._timeout_s * min(call.attempts, MAX_PATIENCE)
        else:
            events.append(_failed(call, "Timeout", f"no answer within {self._timeout_s:g} s"))
        self._pump(now)
        return events

    # --- our side speaks ---

    def call(self, action: str, payload: Payload, now: float, *, keep: bool = False, urgent: bool = False) -> str:
        """Queue a CALL and return its id; ``keep`` and ``urgent`` as the module and ``gate_open`` say.

        Raises:
            LocalError: the payload is not valid, or too many calls wait already.
        """
        self._own(action, "Request", payload)
        if self.full:
            raise LocalError(f"{self._max_queued} calls wait already; {action} finds no room")
        self._counter += 1
        call = _Call(f"{self._prefix}{self._counter}", action, payload, keep=keep, urgent=urgent)
        if urgent:
            self._queue.appendleft(call)
        else:
            self._queue.append(call)
        self._pump(now)
        return call.call_id

    def open_gate(self, now: float) -> None:
        """Let every queued call go from now on."""
        self.gate_open = True
        self._pump(now)

    def send(self, action: str, payload: Payload) -> None:
        """Write a SEND, which has no answer; without a connection it is dropped, as its nature is.

        Raises:
            LocalError: the payload is not valid.
        """
        self._own(action, "Send", payload)
        self._counter += 1
        if self._online:
            self._write([_SEND, f"{self._prefix}{self._counter}", action, payload])

    def reply(self, call_id: str, payload: Payload) -> None:
        """Answer a ``Called``. After a disconnection there is no one left to answer, and nothing happens.

        Raises:
            LocalError: the payload is not valid.
        """
        action = self._unanswered.pop(call_id, None)
        if action is None:
            return
        try:
            self._own(action, "Response", payload)
        except LocalError:
            self._write([_CALLERROR, call_id, "InternalError", "the answer would not have been valid", {}])
            raise
        self._write([_CALLRESULT, call_id, payload])

    def refuse(self, call_id: str, code: str, description: str) -> None:
        """Answer a ``Called`` with a CALLERROR."""
        if self._unanswered.pop(call_id, None) is not None:
            self._refuse(call_id, code, description)

    # --- the peer speaks ---

    def receive(self, text: str, now: float) -> list[Event]:
        """What a frame of the peer means. Wrong ones are answered as OCPP-J says, and never raise."""
        if len(text) > MAX_FRAME_BYTES:
            self._refuse(UNREADABLE_ID, "RpcFrameworkError", f"a frame has at most {MAX_FRAME_BYTES} characters")
            return [Broken(f"a frame of {len(text)} characters")]
        try:
            frame = msgspec.json.decode(text)
        except (ValueError, RecursionError) as error:  # msgspec's errors and bad UTF-8 are ValueErrors
            self._refuse(UNREADABLE_ID, "RpcFrameworkError", "this is no JSON")
            return [Broken(f"no JSON: {error}")]
        if not isinstance(frame, list) or len(frame) < 2 or not isinstance(frame[0], int):
            self._refuse(UNREADABLE_ID, "RpcFrameworkError", "a frame is an array of type, id and more")
            return [Broken("not an array of type, id and more")]
        kind, call_id = frame[0], frame[1]
        if not isinstance(call_id, str) or not 0 < len(call_id) <= MAX_ID_LENGTH:
            if kind in {_CALL, _SEND}:
                self._refuse(UNREADABLE_ID, "RpcFrameworkError", f"an id is a text of 1 to {MAX_ID_LENGTH} characters")
            return [Broken("bad message id")]
        match kind, len(frame):
            case (2, 4):
                return self._called(call_id, frame[2], frame[3])
            case (3, 3):
                return self._answered(call_id, frame[2], now)
            case (4, 4 | 5):
                return self._refused(call_id, frame[2], frame[3], now)
            case (5, 4 | 5):
                return [AnswerRefused(call_id, _text(frame[2]), _text(frame[3]))]
            case (6, 4):
                return self._notified(frame[2], frame[3])
            case (2, _):
                self._refuse(call_id, "RpcFrameworkError", "a CALL has four elements")
            case (3 | 4 | 5 | 6, _):
                pass  # these have no answer
            case _:
                self._refuse(call_id, "MessageTypeNotSupported", "message types are 2 to 6")
        return [Broken(f"a frame of type {str(kind)[:20]} with {len(frame)} elements")]

    def _called(self, call_id: str, action: object, payload: object) -> list[Event]:
        try:
            if not isinstance(action, str):
                raise OcppError("RpcFrameworkError", "an action is a text")
            if action not in schemas.known_actions():
                raise OcppError("NotImplemented", f"{action[:50]} is no action of OCPP 2.1")
            if action not in self._handles:
                raise OcppError("NotSupported", f"{action} is not supported here")
            if call_id in self._unanswered or len(self._unanswered) >= MAX_UNANSWERED:
                raise OcppError("RpcFrameworkError", "earlier calls are not answered yet")
            schemas.check(action, "Request", payload)
        except OcppError as error:
            self._refuse(call_id, error.code, error.description)
            return [Broken(f"CALL {call_id}: {error}")]
        assert isinstance(payload, dict)
        self._unanswered[call_id] = action
        return [Called(call_id, action, payload)]

    def _answered(self, call_id: str, payload: object, now: float) -> list[Event]:
        call = self._settle(call_id)
        if call is None:
            return [Broken(f"an answer to {call_id}, which does not wait for one")]
        event: Event
        try:
            schemas.check(call.action, "Response", payload)
        except OcppError as error:
            self._write([_CALLRESULTERROR, call_id, error.code, error.description, {}])
            event = _failed(call, error.code, error.description)
        else:
            assert isinstance(payload, dict)
            event = Answered(call_id, call.action, call.payload, payload)
        self._pump(now)
        return [event]

    def _refused(self, call_id: str, code: object, description: object, now: float) -> list[Event]:
        call = self._settle(call_id)
        if call is None:
            return [Broken(f"CALLERROR {_text(code)} to {call_id}, which does not wait for an answer")]
        self._pump(now)
        return [_failed(call, _text(code), _text(description))]

    def _notified(self, action: object, payload: object) -> list[Event]:
        if not isinstance(action, str) or action not in self._handles:
            return [Broken("a SEND that is not supported here")]
        try:
            schemas.check(action, "Send", payload)
        except OcppError as error:
            return [Broken(f"SEND: {error}")]
        assert isinstance(payload, dict)
        return [Notified(action, payload)]

    # --- below ---

    def _settle(self, call_id: str) -> _Call | None:
        call = self._outstanding
        if call is not None and call.call_id == call_id:
            self._outstanding = self._deadline = None
            if call.keep:
                self._held_until_s = None
            return call
        # The answer to a call that is to be sent again comes late, but it comes.
        late = next((call for call in self._queue if call.keep), None)
        if late is None or late.call_id != call_id or not late.attempts:
            return None
        self._queue.remove(late)
        self._held_until_s = None
        return late

    def _pump(self, now: float) -> None:
        """Send the next call, if there is one that may go."""
        if self._held_until_s is not None and now >= self._held_until_s:
            self._held_until_s = None
        if not self._online or self._outstanding is not None:
            return
        held = self._held_until_s is not None
        may_go = (c for c in self._queue if (c.urgent or self.gate_open) and not (held and c.keep))
        call = next(may_go, None)
        if call is None:
            return
        self._queue.remove(call)
        call.attempts += 1
        self._outstanding, self._deadline = call, now + self._timeout_s
        self._write([_CALL, call.call_id, call.action, call.payload])

    @staticmethod
    def _own(action: str, kind: schemas.Kind, payload: Mapping[str, Any]) -> None:
        try:
            schemas.check(action, kind, payload)
        except OcppError as error:
            raise LocalError(f"our own {action} is not valid: {error}") from error

    def _refuse(self, call_id: str, code: str, description: str) -> None:
        self._write([_CALLERROR, call_id, code, description[: schemas.MAX_ERROR_TEXT], {}])

    def _write(self, frame: list[Any]) -> None:
        self._frames.append(msgspec.json.encode(frame).decode())


def _failed(call: _Call, code: str, description: str) -> Failed:
    return Failed(call.call_id, call.action, call.payload, code, description)


def _text(value: object) -> str:
    return value[: schemas.MAX_ERROR_TEXT] if isinstance(value, str) else ""
