"""The small things that power stage, car and plant share: contactors, the current that carries a power, time."""

from __future__ import annotations

import math

import msgspec

from iso15118.errors import LocalError

__all__ = [
    "CLOSE_DIFFERENCE_V",
    "CONTACTOR_DELAY_S",
    "OPEN_CURRENT_A",
    "Contactor",
    "Violation",
    "check_forward",
    "current_for_power",
]

CONTACTOR_DELAY_S = 0.05
"""From the command until a contactor has moved, in seconds (our figure)."""
OPEN_CURRENT_A = 0.1
"""A contactor that opens under more than this is misused (our figure; stricter than products need)."""
CLOSE_DIFFERENCE_V = 20.0
"""A contactor that closes on more than this between its sides is misused (our figure, the usual pre-charge window)."""


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened that wears out or endangers hardware; the world goes on, but a test should fail."""

    time_s: float
    what: str


class Contactor:
    """A switch that moves some time after it was told to.

    ``stuck`` is the fault: a contactor that stays where it is, welded when closed, broken when open.
    """

    __slots__ = ("closed", "delay_s", "due_s", "name", "stuck", "wanted")

    def __init__(self, name: str, delay_s: float = CONTACTOR_DELAY_S) -> None:
        self.name = name
        self.delay_s = delay_s
        self.closed = False
        self.wanted = False
        self.stuck = False
        self.due_s = math.inf
        """When the movement under way ends; infinity at rest."""

    def want(self, now: float, *, closed: bool) -> None:
        """Desired position from ``now`` (s) on; repeating it does not start the movement again."""
        if closed == self.wanted:
            return
        self.wanted = closed
        self.due_s = math.inf if closed == self.closed else now + self.delay_s

    def settle(self, now: float, current_a: float, difference_v: float) -> Violation | None:
        """End a movement that is due at ``now`` (s), and judge it.

        Args:
            now: seconds, as for :meth:`want`.
            current_a: what flows through the contactor before it moves, A, either sign.
            difference_v: voltage between its two sides before it moves, V, either sign.
        """
        if now < self.due_s:
            return None
        self.due_s = math.inf
        if self.stuck or self.closed == self.wanted:
            return None
        self.closed = self.wanted
        if not self.closed and abs(current_a) > OPEN_CURRENT_A:
            return Violation(time_s=now, what=f"{self.name} opened under {current_a:.1f} A")
        if self.closed and abs(difference_v) > CLOSE_DIFFERENCE_V:
            return Violation(time_s=now, what=f"{self.name} closed on a difference of {difference_v:.0f} V")
        return None


def current_for_power(power_w: float, source_v: float, source_ohm: float) -> float:
    """The current (A, positive into the source) at which a source's terminals take ``power_w`` (positive into it).

    The source is ``source_v`` behind ``source_ohm`` >= 0, so the terminals are at ``source_v + source_ohm * current``.
    A power that the source can't give is answered with the current of the greatest power it can give.
    """
    if source_v <= 0.0:
        return 0.0
    root = source_v * source_v + 4.0 * source_ohm * power_w
    if root <= 0.0:
        return -source_v / (2.0 * source_ohm)
    return 2.0 * power_w / (source_v + math.sqrt(root))


def check_forward(now_s: float, to_s: float) -> None:
    """Refuse a step into the past or to no time at all."""
    if not now_s <= to_s < math.inf:
        raise LocalError(f"time can't go from {now_s} s to {to_s} s")
