"""One schedule, one plan: when to take and give how much, so that the need is met at the least cost.

Time is cut into segments in which schedule and prices stay the same. In each of them power may be bought in blocks of
rising price (``_hull``). The cheapest blocks cover the need; then what the battery holds beyond it is sold where that
pays, and energy is bought cheap to be sold dear. That is exact for buying alone with one price at a time, and a good
guess otherwise: trades are looked for among the best ``_MOST_TRADES`` blocks of each direction only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

import msgspec

from iso15118.session.costs import energy_rate, level_spans, stack_spans, tax_factor
from iso15118.session.ports import AbsolutePrices, EnergyNeeds, OfferedSchedule, PriceLevels, Prices, PriceStack

__all__ = ["PowerRange", "plan"]

_MOST_TRADES = 24
"""Blocks of each direction among which trades are looked for: bounds the work on schedules of a thousand steps."""
_TINY_WH = 1e-6


class PowerRange(msgspec.Struct, frozen=True, kw_only=True):
    """What a car can take and give, magnitudes in W; zero means zero. Below a minimum it can only rest."""

    max_charge_power_w: float
    min_charge_power_w: float = 0.0
    max_discharge_power_w: float = 0.0
    min_discharge_power_w: float = 0.0


@dataclass(slots=True)
class _Segment:
    begin: int
    """Seconds from the schedule's start."""
    end: int
    taken: list[_Block] = field(default_factory=list)
    """Blocks in use, in the order of their power; all of one direction."""


@dataclass(slots=True)
class _Block:
    """From ``low_w`` to ``high_w`` (magnitudes) in one segment."""

    segment: int
    direction: int
    """+1 buys, -1 sells."""
    low_w: float
    high_w: float
    cost: float
    """Money (or level) per kWh more; of selling negative when it pays."""
    energy_wh: float
    used_wh: float = 0.0

    @property
    def left_wh(self) -> float:
        return self.energy_wh - self.used_wh


def plan(
    schedule: OfferedSchedule, needs: EnergyNeeds, power: PowerRange, now: float, *, minimum_gain: float = 0.0
) -> tuple[tuple[float, float], ...]:
    """The cheapest way to meet a need under one priced schedule.

    Args:
        schedule: With its prices. Without any for energy out of the car nothing is sold.
        needs: Target, least and most energy, departure.
        power: What the car can do.
        now: Nothing is planned before.
        minimum_gain: What a kWh that is bought or held only to be sold must bring, in the currency: losses, wear.

    Returns:
        Duration in s (whole) and signed power in W, from the schedule's start on.
    """
    segments, blocks = _market(schedule, needs, power, now)
    most = max(needs.maximum_energy_wh, needs.target_energy_wh, 0.0)
    if schedule.available_energy_wh is not None:
        most = min(most, schedule.available_energy_wh)
    _buy(blocks[1], segments, max(needs.target_energy_wh, 0.0), most)
    if schedule.charging_prices is None:
        blocks[1] = []  # what has no price may be dear: it is bought for the need, not to be sold
    _trade(blocks, segments, needs, most, minimum_gain)
    return _entries(segments) or ((1.0, 0.0),)


def _market(
    schedule: OfferedSchedule, needs: EnergyNeeds, power: PowerRange, now: float
) -> tuple[list[_Segment], dict[int, list[_Block]]]:
    """Segments from now to departure, and the blocks of both directions, cheapest first and of equal ones the earliest."""
    start = schedule.start_s
    corridor = _spans(schedule)
    whole = corridor[-1][1] if corridor else 0
    first = max(0, math.ceil(now - start))
    last = whole if needs.departure_s is None else min(whole, math.floor(needs.departure_s - start))
    prices = {1: schedule.charging_prices, -1: schedule.discharging_prices}
    priced = {sign: _price_spans(each, start) for sign, each in prices.items()}
    cuts = {first, last} | {cut for begin, end, _, _ in corridor for cut in (begin, end)}
    cuts |= {cut for spans in priced.values() for begin, end, _ in spans for cut in (begin, end)}
    times = sorted(cut for cut in cuts if first <= cut <= last)
    segments = [_Segment(begin, end) for begin, end in zip([0, *times], times, strict=False) if end > begin]
    blocks: dict[int, list[_Block]] = {1: [], -1: []}
    at = {0: 0, 1: 0, -1: 0}
    hulls: dict[tuple[int, int, int], list[tuple[float, float]]] = {}
    for i, segment in enumerate(segments):
        if segment.begin < first:
            continue
        while corridor[at[0]][1] <= segment.begin:
            at[0] += 1
        _, _, low, high = corridor[at[0]]
        for sign, most, least in (
            (1, min(high, power.max_charge_power_w), power.min_charge_power_w),
            (-1, min(-low, power.max_discharge_power_w), power.min_discharge_power_w),
        ):
            spans = priced[sign]
            while at[sign] < len(spans) and spans[at[sign]][1] <= segment.begin:
                at[sign] += 1
            inside = at[sign] < len(spans) and spans[at[sign]][0] <= segment.begin
            quote = spans[at[sign]][2] if inside else None
            if most <= 0 or most < least or (quote is None and sign < 0):
                continue
            hours = (segment.end - segment.begin) / 3600.0
            key = (sign, at[sign], math.floor(most))
            hull = hulls.get(key) or hulls.setdefault(key, _hull(quote, prices[sign], sign, key[2], least))
            for (low_w, low_cost), (high_w, high_cost) in pairwise(hull):
                cost = (high_cost - low_cost) / (high_w - low_w) * 1000.0
                blocks[sign].append(_Block(i, sign, low_w, high_w, cost, (high_w - low_w) * hours))
    for each in blocks.values():
        each.sort(key=lambda block: (block.cost, block.segment, block.low_w))
    return segments, blocks


def _spans(schedule: OfferedSchedule) -> list[tuple[int, int, float, float]]:
    """The schedule's steps in whole seconds from its start; boundaries are rounded, so nothing drifts."""
    spans, end = [], 0.0
    for duration, low, high in schedule.corridor:
        begin, end = end, end + duration
        if round(end) > round(begin):
            spans.append((round(begin), round(end), low, high))
    return spans


def _price_spans(prices: Prices | None, start: float) -> list[tuple[int, int, PriceStack | float]]:
    """Begin and end in whole seconds from the schedule's start, and the price stack or level."""
    if isinstance(prices, AbsolutePrices):
        return [(round(begin - start), round(end - start), stack) for begin, end, stack in stack_spans(prices, start)]
    if isinstance(prices, PriceLevels):
        return [(round(begin - start), round(end - start), level) for begin, end, level in level_spans(prices, start)]
    return []


def _hull(
    quote: PriceStack | float | None, prices: Prices | None, sign: int, most_w: int, least_w: float
) -> list[tuple[float, float]]:
    """Power and money an hour, from rest to ``most_w``: corners of the cheapest mixture of powers over time.

    Ranges of power with prices of their own make corners just below their starts. Without prices all cost nothing.
    """
    corners = {0.0, float(most_w)}
    if isinstance(quote, PriceStack):
        starts = [abs(rule.power_range_start_w) for rule in quote.rules]
        corners |= {float(math.ceil(each) - 1) for each in starts if max(least_w, 1.0) < each <= most_w}

    def money(power_w: float) -> float:
        if isinstance(quote, PriceStack) and isinstance(prices, AbsolutePrices):
            return sign * energy_rate(quote, power_w, prices.price_algorithm) * tax_factor(prices)
        return sign * power_w / 1000.0 * (quote if isinstance(quote, float) else 0.0)

    hull: list[tuple[float, float]] = []
    for point in [(power_w, money(power_w)) for power_w in sorted(corners) if power_w == 0 or power_w >= least_w]:
        while len(hull) > 1 and _above(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _above(before: tuple[float, float], point: tuple[float, float], after: tuple[float, float]) -> bool:
    """Whether ``point`` is no corner: mixing its neighbours is as cheap."""
    rise = (after[1] - before[1]) * (point[0] - before[0])
    return (point[1] - before[1]) * (after[0] - before[0]) >= rise - 1e-12


def _take(block: _Block, energy_wh: float, segments: list[_Segment]) -> None:
    if not block.used_wh:
        segments[block.segment].taken.append(block)
    block.used_wh += energy_wh


def _held(segments: list[_Segment]) -> list[float]:
    """Energy beyond that of now at the end of each segment, Wh."""
    return list(accumulate(sum(block.direction * block.used_wh for block in each.taken) for each in segments))


def _usable(block: _Block, segments: list[_Segment]) -> bool:
    """Whether what lies below the block in its segment is used up, and the segment goes in its direction."""
    taken = segments[block.segment].taken
    if taken and taken[-1] is block:
        return block.left_wh > _TINY_WH
    return not block.used_wh and (
        (taken[-1].direction == block.direction and taken[-1].left_wh <= _TINY_WH) if taken else block.low_w == 0.0
    )


def _buy(blocks: list[_Block], segments: list[_Segment], need_wh: float, most_wh: float) -> None:
    """The cheapest blocks for the need; beyond it only what is paid for taking."""
    bought = 0.0
    for block in blocks:
        wanted = min(need_wh, most_wh) - bought if block.cost >= 0 else most_wh - bought
        if wanted <= _TINY_WH:
            return
        if _usable(block, segments):
            energy = min(wanted, block.left_wh)
            _take(block, energy, segments)
            bought += energy


def _trade(
    blocks: dict[int, list[_Block]],
    segments: list[_Segment],
    needs: EnergyNeeds,
    most_wh: float,
    minimum_gain: float,
) -> None:
    """Sell what is left over, and buy cheap to sell dear, best sale first."""
    sales = [block for block in blocks[-1] if block.cost < -minimum_gain][:_MOST_TRADES]
    purchases = [block for block in blocks[1] if block.left_wh > _TINY_WH][:_MOST_TRADES]
    for sale in sales:
        if not _usable(sale, segments):
            continue
        held = _held(segments)
        rest = min(held[sale.segment :]) - needs.minimum_energy_wh
        surplus = min(sale.left_wh, rest, held[-1] - needs.target_energy_wh)
        if surplus > _TINY_WH:
            _take(sale, surplus, segments)
        for purchase in purchases:
            if purchase.cost + sale.cost >= -minimum_gain:
                break
            if purchase.segment == sale.segment or not _usable(purchase, segments) or not _usable(sale, segments):
                continue
            held = _held(segments)
            if purchase.segment > sale.segment:
                room = min(held[sale.segment : purchase.segment]) - needs.minimum_energy_wh
            elif held[sale.segment] >= needs.minimum_energy_wh:  # else what was bought has to stay
                room = most_wh - max(held[purchase.segment : sale.segment])
            else:
                continue
            energy = min(room, purchase.left_wh, sale.left_wh)
            if energy > _TINY_WH:
                _take(sale, energy, segments)
                _take(purchase, energy, segments)


def _entries(segments: list[_Segment]) -> tuple[tuple[float, float], ...]:
    """Power step by step: a block that is used in part runs first, for as long as it takes, then the one below it."""
    steps: list[tuple[int, float]] = []
    for segment in segments:
        length = segment.end - segment.begin
        if not segment.taken:
            steps.append((length, 0.0))
            continue
        top = segment.taken[-1]
        share = length * top.used_wh / top.energy_wh
        # Rounded so that the need is met and no more is given than may be.
        seconds = min(length, math.ceil(share - 1e-9) if top.direction > 0 else math.floor(share + 1e-9))
        steps.append((seconds, top.direction * top.high_w))
        steps.append((length - seconds, top.direction * top.low_w or 0.0))  # rest has no sign
    merged: list[tuple[float, float]] = []
    for duration, power in steps:
        if merged and merged[-1][1] == power:
            merged[-1] = (merged[-1][0] + duration, power)
        elif duration:
            merged.append((float(duration), power))
    return tuple(merged)
