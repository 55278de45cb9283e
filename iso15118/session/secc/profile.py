"""Schedules as they were sent, and whether a car keeps to the one it chose (Scheduled control).

Everything is in whole seconds since 1970, as on the wire: a profile that repeats a schedule's steps matches it exactly.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from iso15118.messages.iso20.common.schedule_exchange import ChargingSchedule, ScheduleTuple
from iso15118.session.ports import OfferedSchedule
from iso15118.session.quantities import number

__all__ = ["POWER_TOLERANCE_W", "SentSchedule", "as_sent", "inside", "whole_seconds"]

POWER_TOLERANCE_W = 1.0
"""A profile may exceed its schedule by rounding only. Ours."""
VIOLATION_W = 250.0
"""A target current that asks for so much more power than the schedule has violates it. Ours: covers the voltage that a
car takes for its target, and rounding."""
_SLACK_S = 1
"""Steps may begin or end so much earlier or later: clocks and whole seconds. Ours."""


class SentSchedule(msgspec.Struct, frozen=True):
    """One schedule tuple: power at the outlet in W (negative out of the car), step by step."""

    schedule_tuple_id: int
    anchor: int
    """Seconds since 1970."""
    steps: tuple[tuple[int, float], ...]
    """Duration in s and power in W, one after the other."""

    @property
    def end(self) -> int:
        """When the last step is over, s since 1970."""
        return self.anchor + sum(duration for duration, _ in self.steps)

    def range_w(self, begin: float, end: float) -> tuple[float, float]:
        """Lowest (<= 0) and highest (>= 0) power that holds all through ``begin`` to ``end`` (seconds since 1970).

        Steps that only touch the span by ``_SLACK_S`` don't count. Outside of its steps a schedule allows nothing.
        """
        low, high = self._over(begin, end, _SLACK_S, narrowest=True)
        return (0.0, 0.0) if end > self.end + _SLACK_S else (low, high)

    def present_w(self, at: float) -> tuple[float, float]:
        """Lowest and highest power at ``at``; around a boundary what either of its steps allows."""
        return self._over(at - _SLACK_S, at + _SLACK_S, 0, narrowest=False)

    def _over(self, begin: float, end: float, slack: int, *, narrowest: bool) -> tuple[float, float]:
        at, lows, highs = self.anchor, [], []
        for duration, power in self.steps:
            if at < end - slack and at + duration > begin + slack:
                lows.append(min(power, 0.0))
                highs.append(max(power, 0.0))
            at += duration
        if not lows:  # a span that is as short as the slack is judged without it
            return self._over(begin, end, 0, narrowest=narrowest) if slack else (0.0, 0.0)
        return (max(lows), min(highs)) if narrowest else (min(lows), max(highs))


def whole_seconds(
    schedule: OfferedSchedule, unix_offset_s: float, most: int, *, discharge: bool = True
) -> SentSchedule:
    """A schedule as it can be sent.

    Boundaries, not durations, are rounded, so that nothing drifts; at most ``most`` steps, and at least one. Without
    ``discharge`` negative power becomes zero: the service knows none.
    """
    end = unix_offset_s + schedule.start_s
    anchor = boundary = max(0, round(end))
    steps: list[tuple[int, float]] = []
    entries = [(duration, power if discharge else max(power, 0.0)) for duration, power in schedule.entries]
    for duration, power in entries:
        end += duration
        if round(end) > boundary and len(steps) < most:
            steps.append((round(end) - boundary, power))
            boundary = round(end)
    return SentSchedule(schedule.schedule_tuple_id, anchor, tuple(steps or [(1, entries[0][1])]))


def as_sent(schedule: ScheduleTuple) -> SentSchedule:
    """What was sent, read back: charging and discharging have the same steps then."""
    discharging = None if schedule.discharging_schedule is None else _powers(schedule.discharging_schedule)
    steps = _powers(schedule.charging_schedule)
    if discharging is not None:
        steps = tuple((d, out or into) for (d, into), (_, out) in zip(steps, discharging, strict=True))
    anchor = schedule.charging_schedule.power_schedule.time_anchor
    return SentSchedule(schedule.schedule_tuple_id, anchor, steps)


def _powers(schedule: ChargingSchedule) -> tuple[tuple[int, float], ...]:
    entries = schedule.power_schedule.power_schedule_entries.power_schedule_entry
    return tuple((entry.duration, number(entry.power)) for entry in entries)


def inside(schedule: SentSchedule, anchor: int, steps: Iterable[tuple[int, float]]) -> bool:
    """Whether every step of a car's profile stays between zero and what the schedule has at that time."""
    begin = anchor
    for duration, power in steps:
        low, high = schedule.range_w(begin, begin + duration)
        if not low - POWER_TOLERANCE_W <= power <= high + POWER_TOLERANCE_W:
            return False
        begin += duration
    return True
