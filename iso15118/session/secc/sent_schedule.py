"""Schedules as they were sent, and profiles as they came, in whole seconds since 1970.

A profile that repeats a schedule's steps matches it exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from iso15118.messages.iso20.common.schedule_exchange import ChargingSchedule, ScheduleTuple
from iso15118.session.ports import OfferedSchedule
from iso15118.session.prices import whole_seconds_of
from iso15118.session.quantities import number

__all__ = ["POWER_TOLERANCE_W", "SLACK_S", "AgreedProfile", "SentSchedule", "as_sent", "inside", "whole_seconds"]

POWER_TOLERANCE_W = 1.0
"""A profile may exceed its schedule by rounding only. Ours."""
_MOST_W = 1e9
SLACK_S = 1
"""Steps may begin or end so much earlier or later: clocks and whole seconds. Ours."""


class SentSchedule(msgspec.Struct, frozen=True):
    """One schedule tuple: what it allows at the outlet in W (negative out of the car), step by step."""

    schedule_tuple_id: int
    anchor: int
    """Seconds since 1970."""
    steps: tuple[tuple[int, float, float], ...]
    """Duration in s, lowest (<= 0) and highest (>= 0) power in W, one after the other."""
    power_tolerance_w: float | None = None

    @property
    def end(self) -> int:
        """When the last step is over, s since 1970."""
        return self.anchor + sum(duration for duration, _, _ in self.steps)

    def until(self, end: int | None) -> SentSchedule:
        """The same without what lies beyond ``end`` (seconds since 1970); at least one second of it is left."""
        if end is None:
            return self
        at, steps = self.anchor, []
        for duration, low, high in self.steps:
            if at < end:
                steps.append((min(duration, end - at), low, high))
            at += duration
        return msgspec.structs.replace(self, steps=tuple(steps or [(1, *self.steps[0][1:])]))

    def range_w(self, begin: float, end: float) -> tuple[float, float]:
        """Lowest (<= 0) and highest (>= 0) power that holds all through ``begin`` to ``end`` (seconds since 1970).

        Steps that only touch the span by ``SLACK_S`` don't count. Outside of its steps a schedule allows nothing.
        """
        low, high = self._over(begin, end, SLACK_S, narrowest=True)
        beyond = end > self.end + SLACK_S or begin < self.anchor - SLACK_S
        return (0.0, 0.0) if beyond else (low, high)

    def present_w(self, at: float) -> tuple[float, float]:
        """Lowest and highest power at ``at``; around a boundary what either of its steps allows."""
        return self._over(at - SLACK_S, at + SLACK_S, 0, narrowest=False)

    def _over(self, begin: float, end: float, slack: int, *, narrowest: bool) -> tuple[float, float]:
        at, lows, highs = self.anchor, [], []
        for duration, low, high in self.steps:
            if at < end - slack and at + duration > begin + slack:
                lows.append(low)
                highs.append(high)
            at += duration
        if not lows:  # a span that is as short as the slack is judged without it
            return self._over(begin, end, 0, narrowest=narrowest) if slack else (0.0, 0.0)
        return (max(lows), min(highs)) if narrowest else (min(lows), max(highs))


class AgreedProfile(msgspec.Struct, frozen=True):
    """The power profile of a car that was accepted."""

    anchor: int
    """Seconds since 1970."""
    entries: tuple[tuple[int, float], ...]
    """Duration in s and power in W (negative out of the car), one after the other."""
    tolerance_w: float | None = None
    """The schedule's power tolerance, when the car has confirmed it."""

    def present_w(self, at: float) -> tuple[float, float]:
        """Lowest and highest power that the car announced for ``at``, within ``SLACK_S``; zero beyond the profile."""
        begin, powers, whole = self.anchor, [], False
        for duration, power in self.entries:
            if begin < at + SLACK_S and begin + duration > at - SLACK_S:
                powers.append(power)
            begin += duration
        whole = self.anchor <= at - SLACK_S and begin >= at + SLACK_S
        powers += [] if whole else [0.0]
        return min(powers), max(powers)


def whole_seconds(
    schedule: OfferedSchedule, unix_offset_s: float, most: int, *, discharge: bool = True
) -> SentSchedule:
    """A schedule as it can be sent.

    Boundaries, not durations, are rounded, so that nothing drifts; at most ``most`` steps, and at least one. Without
    ``discharge`` negative power becomes zero: the service knows none.
    """
    corridor = [
        (duration, _finite(low) if discharge else 0.0, _finite(high)) for duration, low, high in schedule.corridor
    ]
    anchor, kept = whole_seconds_of(unix_offset_s + schedule.start_s, [duration for duration, _, _ in corridor])
    steps = tuple((duration, *corridor[i][1:]) for i, duration in kept[:most]) or ((1, *corridor[0][1:]),)
    return SentSchedule(schedule.schedule_tuple_id, anchor, steps, schedule.power_tolerance_w)


def _finite(power_w: float) -> float:
    """As much as anybody may want where power has no end, and nothing where it is no number."""
    return 0.0 if math.isnan(power_w) else max(-_MOST_W, min(power_w, _MOST_W))


def as_sent(schedule: ScheduleTuple) -> SentSchedule:
    """What we sent, read back: charging and discharging have the same steps then."""
    charging = schedule.charging_schedule.power_schedule
    highs = _powers(schedule.charging_schedule)
    lows = [0.0] * len(highs)
    if schedule.discharging_schedule is not None:
        lows = [power for _, power in _powers(schedule.discharging_schedule)]
    steps = tuple((duration, low, high) for (duration, high), low in zip(highs, lows, strict=True))
    tolerance = charging.power_tolerance
    tolerance_w = None if tolerance is None else number(tolerance)
    return SentSchedule(schedule.schedule_tuple_id, charging.time_anchor, steps, tolerance_w)


def _powers(schedule: ChargingSchedule) -> list[tuple[int, float]]:
    entries = schedule.power_schedule.power_schedule_entries.power_schedule_entry
    return [(entry.duration, number(entry.power)) for entry in entries]


def inside(schedule: SentSchedule, anchor: int, steps: Iterable[tuple[int, float]]) -> bool:
    """Whether every step of a car's profile stays between zero and what the schedule has at that time.

    A step of no time says nothing.
    """
    begin = anchor
    for duration, power in steps:
        low, high = schedule.range_w(begin, begin + duration)
        if duration and not low - POWER_TOLERANCE_W <= power <= high + POWER_TOLERANCE_W:
            return False
        begin += duration
    return True
