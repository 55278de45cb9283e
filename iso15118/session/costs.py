"""What a plan of power costs under a tariff: energy, parking, overstay, services, bounds and taxes.

Readings of ours, since the sources only name the fields (docs/open-points.md, "prices"): energy fees are per kWh, fees of
a period count for the share of it that has passed, what a car gets for its energy is a negative cost, and before its
first and after its last step a tariff goes on as it begins and ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from iso15118.session.ports.prices import AbsolutePrices, EnergyPrice, PriceAlgorithm, PriceLevels, PriceStack

__all__ = [
    "Cost",
    "PowerStep",
    "cost_of",
    "energy_rate",
    "level_cost",
    "level_spans",
    "stack_spans",
    "tax_factor",
]

PowerStep = tuple[float, float, float]
"""Begin and end in s on the session's clock, and signed power in W."""


_T = TypeVar("_T")


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """In the tariff's currency; negative: the car gets it."""

    energy: float = 0.0
    parking: float = 0.0
    overstay: float = 0.0
    services: float = 0.0
    tax: float = 0.0
    """Of what holds none yet."""
    total: float = 0.0
    """With taxes, and inside the tariff's minimum and maximum."""


_LONG_S = 1e12
"""So long the first and the last price of a tariff hold: a car stays longer than a tariff lasts, and pays on."""


def stack_spans(prices: AbsolutePrices, schedule_start_s: float) -> list[tuple[float, float, PriceStack]]:
    """Begin and end of each price stack, s on the session's clock."""
    spans, begin = [], schedule_start_s if prices.start_s is None else prices.start_s
    for stack in prices.stacks:
        spans.append((begin, begin + stack.duration_s, stack))
        begin += stack.duration_s
    return _endless(spans)


def level_spans(prices: PriceLevels, schedule_start_s: float) -> list[tuple[float, float, float]]:
    """Begin and end of each level, and the level as a share of the highest one (0 to 1)."""
    spans, begin = [], schedule_start_s if prices.start_s is None else prices.start_s
    most = max(prices.number_of_levels - 1, *(level for _, level in prices.entries), 1)
    for duration, level in prices.entries:
        spans.append((begin, begin + duration, level / most))
        begin += duration
    return _endless(spans)


def _endless(spans: list[tuple[float, float, _T]]) -> list[tuple[float, float, _T]]:
    begin, end, first = spans[0]
    spans[0] = (min(begin, -_LONG_S), end, first)
    begin, end, last = spans[-1]
    spans[-1] = (begin, max(end, _LONG_S), last)
    return spans


def _sorted(stack: PriceStack) -> list[EnergyPrice]:
    return sorted(stack.rules, key=lambda rule: abs(rule.power_range_start_w))


def _rule_at(stack: PriceStack, power_w: float) -> EnergyPrice:
    """The rule in whose range a power (magnitude) lies; below the lowest range the lowest."""
    rules = _sorted(stack)
    return next((rule for rule in reversed(rules) if abs(rule.power_range_start_w) <= power_w), rules[0])


def energy_rate(stack: PriceStack, power_w: float, algorithm: str, peak_w: float | None = None) -> float:
    """Money an hour for so much power (magnitude), without taxes.

    Args:
        stack: The price rules.
        power_w: Power, W, >= 0.
        algorithm: The tariff's; unknown ones count like ``PriceAlgorithm.POWER``.
        peak_w: Highest power while the stack lasts, for ``PriceAlgorithm.PEAK_POWER``; default: this one.
    """
    if algorithm == PriceAlgorithm.STACKED_ENERGY.value:
        rules, total = _sorted(stack), 0.0
        for i, rule in enumerate(rules):
            begin = 0.0 if i == 0 else abs(rule.power_range_start_w)
            end = abs(rules[i + 1].power_range_start_w) if i + 1 < len(rules) else power_w
            total += max(min(power_w, end) - begin, 0.0) * rule.energy_fee
        return total / 1000.0
    peak = algorithm == PriceAlgorithm.PEAK_POWER.value and peak_w is not None
    return power_w / 1000.0 * _rule_at(stack, max(power_w, peak_w) if peak and peak_w else power_w).energy_fee


def tax_factor(prices: AbsolutePrices) -> float:
    """What an energy fee is to be multiplied with for its taxes."""
    return 1.0 + sum(
        tax.rate_percent / 100.0 for tax in prices.taxes if tax.on_energy_fee and not tax.included_in_price
    )


def cost_of(
    prices: AbsolutePrices,
    schedule_start_s: float,
    steps: Sequence[PowerStep],
    *,
    until_s: float,
    discharging: bool = False,
) -> Cost:
    """The cost of a plan.

    Args:
        prices: The tariff of one direction.
        schedule_start_s: Where a tariff without a start of its own begins.
        steps: The plan without gaps, from when the car is there.
        until_s: When the car leaves: parking and overstay count to then.
        discharging: The tariff is of energy out of the car. Only energy and its taxes count then: parking, overstay,
            services and bounds are those of the charging tariff.
    """
    sign = -1.0 if discharging else 1.0
    algorithm = prices.price_algorithm
    energy = parking = 0.0
    for _, _, stack, inside in _by_stack(prices, schedule_start_s, steps, until_s):
        peak_w = max((sign * power for _, _, power in inside), default=0.0)
        for begin, end, power in inside:
            hours, own = (end - begin) / 3600.0, max(sign * power, 0.0)
            energy += sign * hours * energy_rate(stack, own, algorithm, max(peak_w, 0.0))
            rule = _rule_at(stack, own)
            if rule.parking_fee is not None and rule.parking_fee_period_s:
                parking += rule.parking_fee * (end - begin) / rule.parking_fee_period_s
    if discharging:
        tax = energy * (tax_factor(prices) - 1.0)
        return Cost(energy=energy, tax=tax, total=energy + tax)
    overstay = _overstay(prices, steps, until_s)
    services = sum(service.fee for service in prices.additional_services)
    net = energy + parking + overstay
    bound = _bounded(prices, net)
    tax = 0.0
    for rate in prices.taxes:
        if rate.included_in_price:
            continue
        if bound != net:
            base = bound if rate.on_minimum_maximum_cost else 0.0
        else:
            base = energy * rate.on_energy_fee + parking * rate.on_parking_fee + overstay * rate.on_overstay_fee
        tax += base * rate.rate_percent / 100.0
    return Cost(
        energy=energy, parking=parking, overstay=overstay, services=services, tax=tax, total=bound + tax + services
    )


def _bounded(prices: AbsolutePrices, net: float) -> float:
    if prices.maximum_cost is not None:
        net = min(net, prices.maximum_cost)
    return net if prices.minimum_cost is None else max(net, prices.minimum_cost)


def _by_stack(
    prices: AbsolutePrices, schedule_start_s: float, steps: Sequence[PowerStep], until_s: float
) -> Iterator[tuple[float, float, PriceStack, list[PowerStep]]]:
    """Each stack with the parts of the plan that lie in it; both run forward once."""
    at = 0
    last = [(steps[-1][1], until_s, 0.0)] if steps and until_s > steps[-1][1] else []
    series = [*steps, *last]
    for begin, end, stack in stack_spans(prices, schedule_start_s):
        inside = []
        while at < len(series) and series[at][1] <= begin:
            at += 1
        i = at
        while i < len(series) and series[i][0] < end:
            inside.append((max(series[i][0], begin), min(series[i][1], end, until_s), series[i][2]))
            i += 1
        yield begin, end, stack, [(a, b, power) for a, b, power in inside if b > a]


def _overstay(prices: AbsolutePrices, steps: Sequence[PowerStep], until_s: float) -> float:
    """Fees from the end of charging to departure; each rule holds until the next one starts."""
    if not prices.overstay_fees or not steps:
        return 0.0
    threshold_w = prices.overstay_power_threshold_w or 0.0
    ended = max((end for _, end, power in steps if abs(power) > threshold_w), default=steps[0][0])
    stay = until_s - ended
    if stay <= (prices.overstay_time_threshold_s or 0.0):
        return 0.0
    rules = sorted(prices.overstay_fees, key=lambda fee: fee.start_s)
    total = 0.0
    for i, rule in enumerate(rules):
        end = rules[i + 1].start_s if i + 1 < len(rules) else stay
        seconds = max(min(stay, end) - rule.start_s, 0.0)
        total += rule.fee * seconds / rule.period_s if rule.period_s else rule.fee * (seconds > 0)
    return total


def level_cost(
    prices: PriceLevels, schedule_start_s: float, steps: Sequence[PowerStep], *, discharging: bool = False
) -> float:
    """Energy in kWh, weighted with the share of the highest level at their time: comparable among tariffs of levels only."""
    sign, total, at = (-1.0 if discharging else 1.0), 0.0, 0
    for begin, end, level in level_spans(prices, schedule_start_s):
        while at < len(steps) and steps[at][1] <= begin:
            at += 1
        i = at
        while i < len(steps) and steps[i][0] < end:
            hours = (min(steps[i][1], end) - max(steps[i][0], begin)) / 3600.0
            total += sign * level * hours * max(sign * steps[i][2], 0.0) / 1000.0
            i += 1
    return total
