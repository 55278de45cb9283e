"""Side streams: exchanges on payload types of their own, beside what the main stream is at.

A message on a side stream has a table, timers and answers of its own. It changes no state of the main stream and stops
none of its timers; the one thing both share is that a FAILED answer, or a message out of order, ends the session.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from iso15118.messages.model import Record
from iso15118.session.actions import Action
from iso15118.session.timers import Timer
from iso15118.v2gtp import PayloadType

__all__ = ["SIDE_STREAMS", "SideStep", "Stream"]

SIDE_STREAMS = frozenset(
    {PayloadType.SCHEDULE_RENEGOTIATION, PayloadType.METERING_CONFIRMATION, PayloadType.PARKING_STATUS}
)
"""Payload types that are spoken beside the main stream. That of ACDP's system status follows with its services."""


class Stream(enum.Enum):
    """Where a message goes that may go either way."""

    MAIN = "main"
    """In its turn, between two messages of the charge loop."""
    SIDE = "side"
    """On the payload type of its own, while the charge loop goes on."""


class SideStep(NamedTuple):
    """What the station's handler of a side request decides: an answer, or none yet.

    ``defer``: no answer yet; the same request is handled again at every poll until that timer runs out, then once more
    with the timer in ``session.expired``.
    """

    message: Record | None = None
    defer: Timer | None = None
    actions: tuple[Action, ...] = ()
