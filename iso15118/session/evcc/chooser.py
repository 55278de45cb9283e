"""Which of the offered schedules the car takes, and how it means to use it.

A chooser is a pure function from ``Situation`` to ``Choice``; ``EvccConfig.chooser`` replaces ours::

    def cautious(situation: Situation) -> Choice | None:
        choice = choose_by_cost(situation)
        return choice and msgspec.structs.replace(choice, confirm_tolerance=False)
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from iso15118.session.costs import Cost, PowerStep, cost_of, level_cost
from iso15118.session.evcc.plan import PowerRange, plan
from iso15118.session.ports import AbsolutePrices, EnergyNeeds, OfferedSchedule, PriceLevels, Prices

__all__ = ["Choice", "Chooser", "PowerRange", "Situation", "choose_by_cost", "follow_first"]

_ENOUGH = 0.999
"""Share of the need that counts as all of it: whole watts and seconds."""


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """All a chooser may look at."""

    schedules: tuple[OfferedSchedule, ...]
    """As offered, with both directions and prices; at least one."""
    needs: EnergyNeeds
    power: PowerRange
    """What the car can do now; discharge is 0 where the service has none."""
    now: float


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule and the power profile on it."""

    schedule: OfferedSchedule
    """One of those that were offered."""
    entries: tuple[tuple[float, float], ...]
    """Duration in s and signed power in W from the schedule's start on; inside the schedule."""
    covers_need: bool
    """Whether the target is reached by departure."""
    cost: float | None = None
    """Whole cost in the tariff's currency; None without absolute prices."""
    confirm_tolerance: bool = True
    """Whether the car confirms the schedule's power tolerance, if it has one."""


Chooser = Callable[[Situation], Choice | None]
"""None: nothing on offer will do, and the car leaves."""


class _Rated(msgspec.Struct, frozen=True):
    choice: Choice
    rank: tuple[float, ...]


def choose_by_cost(situation: Situation) -> Choice:
    """The cheapest schedule that covers the need by departure; if none does, the one with the most energy.

    Schedules with absolute prices (in the currency of the first one that has any) come before those with levels, and
    these before those without prices: what can't be compared is not called cheap. Without prices the one that covers the
    need soonest counts, of equal ones the first; the car then follows it as far as it can, discharging where it may. A
    tariff of a single level is none.
    """
    tariffs = [s.charging_prices for s in situation.schedules if isinstance(s.charging_prices, AbsolutePrices)]
    currency = tariffs[0].currency if tariffs else ""
    rated = [_rate(situation, schedule, currency) for schedule in situation.schedules]
    return min(rated, key=lambda each: each.rank).choice


def follow_first(situation: Situation) -> Choice:
    """The first schedule, as far as the car can, whatever it costs: for stations whose prices mean nothing."""
    schedule = msgspec.structs.replace(situation.schedules[0], charging_prices=None, discharging_prices=None)
    choice = choose_by_cost(msgspec.structs.replace(situation, schedules=(schedule,)))
    return msgspec.structs.replace(choice, schedule=situation.schedules[0])


def _telling(prices: Prices | None) -> Prices | None:
    """A single level says nothing; some cars insist on it."""
    single = isinstance(prices, PriceLevels) and len({level for _, level in prices.entries}) == 1
    return None if single else prices


def _rate(situation: Situation, offered: OfferedSchedule, currency: str) -> _Rated:
    schedule = msgspec.structs.replace(
        offered,
        charging_prices=_telling(offered.charging_prices),
        discharging_prices=_telling(offered.discharging_prices),
    )
    prices, needs, now = schedule.charging_prices, situation.needs, situation.now
    kind = 2
    if isinstance(prices, AbsolutePrices):
        kind = 0 if prices.currency == currency else 2
    elif isinstance(prices, PriceLevels):
        kind = 1
    entries = (
        plan(schedule, needs, situation.power, now)
        if prices is not None or schedule.discharging_prices is not None
        else _follow(schedule, situation.power)
    )
    steps = _steps(schedule, entries, now)
    ends_s = max((end for _, end, _ in steps), default=now)
    leaves_s = ends_s if needs.departure_s is None else needs.departure_s
    energy_wh, reached_s = _gain(steps, needs.target_energy_wh, leaves_s)
    cost = None
    by_level = 0.0
    if kind == 0:
        cost = sum(part.total for part in _costs(schedule, steps, leaves_s))
    elif kind == 1:
        by_level = _level(schedule, steps)
    covers = energy_wh >= needs.target_energy_wh - abs(needs.target_energy_wh) * (1 - _ENOUGH) - 1.0
    rank = (
        0.0 if covers else 1.0,
        0.0 if covers else -energy_wh,
        float(kind),
        round(by_level if cost is None else cost, 6),
        reached_s,
    )
    return _Rated(Choice(schedule=offered, entries=entries, covers_need=covers, cost=cost), rank)


def _follow(schedule: OfferedSchedule, power: PowerRange) -> tuple[tuple[float, float], ...]:
    """All the schedule has, as far as the car can: out of it where that is offered, else into it."""
    entries = []
    for duration, low, high in schedule.corridor:
        out, into = min(-low, power.max_discharge_power_w), min(high, power.max_charge_power_w)
        entries.append((duration, -out if out > 0 else into))
    return tuple(entries)


def _steps(schedule: OfferedSchedule, entries: tuple[tuple[float, float], ...], now: float) -> list[PowerStep]:
    """What is still to come, without gaps from now on."""
    steps: list[PowerStep] = []
    begin = schedule.start_s
    if begin > now:
        steps.append((now, begin, 0.0))
    for duration, power in entries:
        if begin + duration > now:
            steps.append((max(begin, now), begin + duration, power))
        begin += duration
    return steps


def _gain(steps: list[PowerStep], target_wh: float, leaves_s: float) -> tuple[float, float]:
    """Energy by departure, Wh, and when the target was reached first."""
    energy, reached = 0.0, (steps[0][0] if steps and target_wh <= 0 else math.inf)
    for begin, end, power in steps:
        more = power * max(min(end, leaves_s) - begin, 0.0) / 3600.0
        if math.isinf(reached) and energy + more >= target_wh and power > 0:
            reached = begin + (target_wh - energy) * 3600.0 / power
        energy += more
    return energy, reached


def _costs(schedule: OfferedSchedule, steps: list[PowerStep], leaves_s: float) -> list[Cost]:
    halves = ((schedule.charging_prices, False), (schedule.discharging_prices, True))
    return [
        cost_of(prices, schedule.start_s, steps, until_s=leaves_s, discharging=discharging)
        for prices, discharging in halves
        if isinstance(prices, AbsolutePrices)
    ]


def _level(schedule: OfferedSchedule, steps: list[PowerStep]) -> float:
    halves = ((schedule.charging_prices, False), (schedule.discharging_prices, True))
    return sum(
        level_cost(prices, schedule.start_s, steps, discharging=discharging)
        for prices, discharging in halves
        if isinstance(prices, PriceLevels)
    )
