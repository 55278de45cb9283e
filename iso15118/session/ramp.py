"""Set points that move no faster than EVSEPowerRampLimitation allows, for both sides.

A limit that falls, a wish to stop and every fault act at once: they take power away by clipping what a ramp has made of
a set point, or by replacing it, and the ramp goes on from there (``hold``).
"""

from __future__ import annotations

import math

from iso15118.session.lines import nearer_zero
from iso15118.session.ports.ac import PerLine

__all__ = ["Ramp"]

_HUGE = 1e12
"""Stands for a set point without end, so that there is a way from here to there."""


class Ramp:
    """One set point, or one of each line, on its way."""

    def __init__(self) -> None:
        self._value: PerLine = ()
        self._at = -math.inf
        self._moving = False

    def follow(self, wanted: PerLine, rate: float | None, now: float, *, toward_zero_at_once: bool) -> PerLine:
        """The set point of this moment.

        The time that counts is that since the last call, if the set point was on its way by then: a new wish that is
        noticed late does not make for a jump.

        Args:
            wanted: Where the set point is to go.
            rate: How far it may move in a second, all lines together; None for as fast as anybody likes, 0 for never.
            now: The session's clock.
            toward_zero_at_once: Whether only the way from zero takes its time.
        """
        start = self._value if len(self._value) == len(wanted) else (0.0,) * len(wanted)
        value = wanted
        if rate is not None:
            rate = 0.0 if math.isnan(rate) else rate
            wanted = tuple(max(min(each, _HUGE), -_HUGE) for each in wanted)
            if toward_zero_at_once:
                start = nearer_zero(start, wanted)
            step = rate * max(now - self._at, 0.0) if self._moving else 0.0
            way = sum(abs(b - a) for a, b in zip(start, wanted, strict=True))
            share = 1.0 if way <= step else step / way
            value = tuple(b if share == 1.0 else a + (b - a) * share for a, b in zip(start, wanted, strict=True))
        self._value, self._at, self._moving = value, now, value != wanted
        return value

    def rest(self) -> None:
        """Begin at zero the next time, however long that takes to come."""
        self._value, self._moving = (), False

    def hold(self, value: PerLine) -> None:
        """Go on from here: what was really set is less than the ramp would have allowed."""
        self._value = value
