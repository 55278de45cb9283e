"""What an :class:`~iso15118.ocpp.rpc.RpcPeer` has to tell whoever drives it: a closed set of events."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["AnswerRefused", "Answered", "Broken", "Called", "Event", "Failed", "Notified", "Payload"]

Payload = dict[str, Any]
"""A JSON object with the wire's own names."""


class Called(msgspec.Struct, frozen=True):
    """The peer wants something; answer with ``reply`` or ``refuse``, now or later."""

    call_id: str
    action: str
    payload: Payload


class Answered(msgspec.Struct, frozen=True):
    """The answer to a call of ours."""

    call_id: str
    action: str
    request: Payload
    payload: Payload


class Failed(msgspec.Struct, frozen=True):
    """A call of ours came to nothing: refused by the peer, answered wrongly, unanswered, or cut off."""

    call_id: str
    action: str
    request: Payload
    code: str
    """OCPP-J error code, or "Timeout" or "Disconnected", which are ours."""
    description: str


class Notified(msgspec.Struct, frozen=True):
    """A SEND of the peer, which has no answer."""

    action: str
    payload: Payload


class AnswerRefused(msgspec.Struct, frozen=True):
    """The peer could not use an answer of ours (CALLRESULTERROR)."""

    call_id: str
    code: str
    description: str


class Broken(msgspec.Struct, frozen=True):
    """A frame that led to nothing; for the log."""

    reason: str


Event = Called | Answered | Failed | Notified | AnswerRefused | Broken
