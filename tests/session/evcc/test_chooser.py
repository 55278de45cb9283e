"""Which schedule the car takes, and the profile it makes of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso15118.session.evcc.chooser import Choice, Situation, choose_by_cost, follow_first
from iso15118.session.evcc.plan import PowerRange, plan
from iso15118.session.ports import (
    EnergyNeeds,
    OfferedSchedule,
    PriceAlgorithm,
    PriceLevels,
    PriceStack,
    TaxRate,
)
from iso15118.session.secc.sent_schedule import inside, whole_seconds
from tests.session.priced import HOUR_S, stack, tariff

replace = msgspec.structs.replace
BOTH = PowerRange(max_charge_power_w=11_000.0, max_discharge_power_w=11_000.0)


def needs(target_wh: float, **changes: Any) -> EnergyNeeds:
    values: dict[str, Any] = {"departure_s": 4 * HOUR_S, "target_energy_wh": target_wh, "maximum_energy_wh": 60_000.0}
    return EnergyNeeds(**values | changes)


def hours(*powers_w: float, **changes: Any) -> OfferedSchedule:
    return OfferedSchedule(start_s=0.0, entries=tuple((HOUR_S, power) for power in powers_w), **changes)


def both_ways(*powers_w: float, **changes: Any) -> OfferedSchedule:
    return hours(*powers_w, discharge_entries=tuple((HOUR_S, -power) for power in powers_w), **changes)


def choose(
    *schedules: OfferedSchedule, target_wh: float, power: PowerRange = BOTH, now: float = 0.0, **changes: Any
) -> Choice:
    numbered = tuple(replace(each, schedule_tuple_id=i) for i, each in enumerate(schedules, start=1))
    return choose_by_cost(Situation(schedules=numbered, needs=needs(target_wh, **changes), power=power, now=now))


def chosen(*schedules: OfferedSchedule, target_wh: float, **changes: Any) -> int:
    return choose(*schedules, target_wh=target_wh, **changes).schedule.schedule_tuple_id


def energy_wh(entries: tuple[tuple[float, float], ...]) -> float:
    return sum(duration * power for duration, power in entries) / 3600.0


# --- plans ---


def test_the_need_is_bought_in_the_cheapest_hours() -> None:
    priced = hours(10_000.0, 10_000.0, 10_000.0, charging_prices=tariff(stack(1, 0.3), stack(1, 0.1), stack(1, 0.2)))
    assert plan(priced, needs(15_000.0), BOTH, 0.0) == ((3_600.0, 0.0), (5_400.0, 10_000.0), (1_800.0, 0.0))


def test_of_equal_hours_the_first_are_taken_and_none_after_departure_or_before_now() -> None:
    priced = hours(10_000.0, 10_000.0, 10_000.0, 10_000.0, charging_prices=tariff(stack(4, 0.3)))
    assert plan(priced, needs(15_000.0), BOTH, 600.5) == ((601.0, 0.0), (5_400.0, 10_000.0), (8_399.0, 0.0))
    assert plan(priced, needs(90_000.0, departure_s=5_000.7), BOTH, 0.0) == ((5_000.0, 10_000.0),)
    assert energy_wh(plan(priced, needs(1_000.0, departure_s=0.0), BOTH, 50.0)) == 0.0


def test_a_range_of_power_that_costs_more_is_kept_clear_of() -> None:
    dear_above = tariff(stack(4, 0.10, 0.50))  # the second from 4 kW on
    priced = hours(10_000.0, 10_000.0, charging_prices=dear_above)
    assert plan(priced, needs(7_000.0), BOTH, 0.0)[0] == (pytest.approx(6_302.0, abs=1.0), 3_999.0)
    # 8 kWh fit below 4 kW; the ninth costs as much as all the power in its part of the time.
    more = choose(priced, target_wh=9_000.0)
    assert more.covers_need
    assert {power for _, power in more.entries} == {3_999.0, 10_000.0}
    stacked = tariff(stack(4, 0.10, 0.50), price_algorithm=PriceAlgorithm.STACKED_ENERGY.value)
    cheaper = choose(replace(priced, charging_prices=stacked), target_wh=9_000.0)
    assert cheaper.cost == pytest.approx(7.998 * 0.1 + 1.002 * 0.5, abs=0.01)


def test_a_car_that_can_not_go_slowly_skips_the_low_corner() -> None:
    priced = hours(10_000.0, 10_000.0, charging_prices=tariff(stack(4, 0.10, 0.50)))
    power = PowerRange(max_charge_power_w=11_000.0, min_charge_power_w=6_000.0)
    assert {watts for _, watts in plan(priced, needs(7_000.0), power, 0.0)} == {0.0, 10_000.0}
    assert energy_wh(plan(hours(5_000.0, charging_prices=tariff(stack(1, 0.1))), needs(1_000.0), power, 0.0)) == 0.0


def test_what_is_paid_for_taking_is_taken_up_to_the_most() -> None:
    priced = hours(10_000.0, 10_000.0, charging_prices=tariff(stack(1, 0.3), stack(1, -0.1)))
    assert energy_wh(plan(priced, needs(2_000.0), BOTH, 0.0)) == pytest.approx(10_000.0)
    assert energy_wh(plan(priced, needs(2_000.0, maximum_energy_wh=6_000.0), BOTH, 0.0)) == pytest.approx(
        6_000.0, abs=3
    )
    little = replace(priced, available_energy_wh=1_500.0)
    assert energy_wh(plan(little, needs(2_000.0), BOTH, 0.0)) == pytest.approx(1_500.0, abs=3)


def test_energy_beyond_the_target_is_sold_where_it_brings_most() -> None:
    sale = both_ways(
        10_000.0,
        10_000.0,
        charging_prices=tariff(stack(2, 0.9)),
        discharging_prices=tariff(stack(1, 0.2), stack(1, 0.4)),
    )
    holding = {"minimum_energy_wh": -20_000.0}
    assert plan(sale, needs(-5_000.0, **holding), BOTH, 0.0) == ((3_600.0, 0.0), (1_800.0, -10_000.0), (1_800.0, 0.0))
    assert plan(sale, needs(-5_000.0, minimum_energy_wh=-1_000.0), BOTH, 0.0)[1] == (360.0, -10_000.0)
    assert energy_wh(plan(sale, needs(-5_000.0, **holding), BOTH, 0.0, minimum_gain=0.5)) == 0.0


@pytest.mark.parametrize("dear_first", [True, False])
def test_bought_cheap_and_sold_dear(dear_first: bool) -> None:
    fees = (stack(1, 0.5), stack(1, 0.1))
    fees = fees if dear_first else fees[::-1]
    trade = both_ways(10_000.0, 10_000.0, charging_prices=tariff(*fees), discharging_prices=tariff(*fees))
    entries = plan(trade, needs(0.0, minimum_energy_wh=-20_000.0), BOTH, 0.0)
    powers = (-10_000.0, 10_000.0) if dear_first else (10_000.0, -10_000.0)
    assert entries == ((3_600.0, powers[0]), (3_600.0, powers[1]))
    # Below its minimum, or above its maximum, the battery is not taken on the way.
    few = plan(trade, needs(0.0, minimum_energy_wh=-2_000.0, maximum_energy_wh=3_000.0), BOTH, 0.0)
    lowest_and_highest = {power: duration * abs(power) / 3600 for duration, power in few if power}
    assert set(lowest_and_highest.values()) == {2_000.0 if dear_first else 3_000.0}
    assert energy_wh(plan(trade, needs(0.0, minimum_energy_wh=5_000.0), BOTH, 0.0)) == pytest.approx(0.0), (
        "a battery that must not give gives nothing"
    )


def test_a_tax_may_spoil_a_trade() -> None:
    def traded(rate_percent: float) -> float:
        taxed = tariff(stack(1, 0.30), stack(1, 9.0), taxes=(TaxRate(rate_percent=rate_percent),))
        trade = both_ways(9_000.0, 9_000.0, charging_prices=taxed, discharging_prices=tariff(stack(2, 0.40)))
        return plan(trade, needs(0.0), BOTH, 0.0)[0][1]

    assert (traded(20.0), traded(50.0)) == (9_000.0, 0.0)


def test_without_a_price_nothing_is_sold_and_nothing_bought_to_be_sold() -> None:
    one = both_ways(10_000.0, charging_prices=tariff(stack(1, 0.1)))
    assert energy_wh(plan(one, needs(0.0, minimum_energy_wh=-9_000.0), BOTH, 0.0)) == 0.0
    other = both_ways(10_000.0, 10_000.0, discharging_prices=tariff(stack(1, 0.1)))
    assert energy_wh(plan(other, needs(0.0), BOTH, 0.0)) == 0.0
    assert energy_wh(plan(other, needs(4_000.0), BOTH, 0.0)) == pytest.approx(4_000.0)


# --- choices ---


def test_the_cheaper_of_two_that_cover_the_need() -> None:
    dear = hours(10_000.0, 10_000.0, charging_prices=tariff(stack(2, 0.30)))
    cheap = hours(0.0, 10_000.0, charging_prices=tariff(stack(2, 0.29)))
    assert chosen(dear, cheap, target_wh=8_000.0) == 2
    assert chosen(dear, cheap, target_wh=12_000.0) == 1, "the cheap one does not cover it"
    assert chosen(dear, cheap, target_wh=30_000.0) == 1, "if none covers it, the one with the most energy"


def test_taxes_count() -> None:
    plain = hours(10_000.0, charging_prices=tariff(stack(1, 0.30)))
    taxed = hours(10_000.0, charging_prices=tariff(stack(1, 0.28), taxes=(TaxRate(rate_percent=19.0),)))
    held = hours(
        10_000.0, charging_prices=tariff(stack(1, 0.28), taxes=(TaxRate(rate_percent=19.0, included_in_price=True),))
    )
    assert chosen(plain, taxed, target_wh=5_000.0) == 1
    assert chosen(plain, held, target_wh=5_000.0) == 2
    assert choose(held, target_wh=5_000.0).cost == pytest.approx(1.4)


def test_what_can_be_earned_counts() -> None:
    prices = tariff(stack(1, 0.10), stack(1, 0.40))
    one_way = hours(10_000.0, 10_000.0, charging_prices=prices)
    two_ways = both_ways(
        10_000.0, 10_000.0, charging_prices=tariff(stack(1, 0.12), stack(1, 0.4)), discharging_prices=prices
    )
    choice = choose(one_way, two_ways, target_wh=2_000.0)
    assert choice.schedule.schedule_tuple_id == 2
    assert choice.cost == pytest.approx(10 * 0.12 - 8 * 0.40, abs=0.01)
    no_return = PowerRange(max_charge_power_w=11_000.0)
    assert chosen(one_way, two_ways, target_wh=2_000.0, power=no_return) == 1


def test_without_prices_the_one_that_covers_the_need_soonest_then_the_first() -> None:
    assert chosen(hours(1_000.0, 9_000.0), hours(4_000.0, 6_000.0), hours(9_000.0), target_wh=3_000.0) == 3
    assert chosen(hours(5_000.0), hours(5_000.0), target_wh=3_000.0) == 1
    assert chosen(hours(0.0), hours(-5_000.0), target_wh=0.0) == 1
    choice = choose(hours(5_000.0, -20_000.0), target_wh=3_000.0)
    assert choice.entries == ((3_600.0, 5_000.0), (3_600.0, -11_000.0))
    assert choice.cost is None


def test_without_prices_a_car_discharges_where_that_is_offered_and_it_can() -> None:
    offered = both_ways(5_000.0)
    assert choose(offered, target_wh=1_000.0).entries == ((3_600.0, -5_000.0),)
    no_return = PowerRange(max_charge_power_w=3_000.0)
    assert choose(offered, target_wh=1_000.0, power=no_return).entries == ((3_600.0, 3_000.0),)


def test_prices_that_can_not_be_compared_are_not_called_cheap() -> None:
    euro = hours(5_000.0, charging_prices=tariff(stack(1, 0.9)))
    crown = hours(5_000.0, charging_prices=tariff(stack(1, 0.1), currency="SEK"))
    levels = hours(5_000.0, charging_prices=PriceLevels(entries=((HOUR_S, 0), (HOUR_S, 1)), number_of_levels=3))
    low, high = (
        hours(5_000.0, charging_prices=PriceLevels(entries=((600.0, level), (600.0, 2)), number_of_levels=3))
        for level in (1, 3)
    )
    none = hours(9_000.0)
    assert chosen(none, crown, euro, target_wh=1_000.0) == 2, "the first currency is that of all"
    assert chosen(euro, crown, target_wh=1_000.0) == 1
    assert chosen(none, levels, euro, target_wh=1_000.0) == 3
    assert chosen(none, high, low, target_wh=1_000.0) == 3
    assert chosen(euro, none, target_wh=8_000.0) == 2, "the need comes first"


def test_levels_make_a_plan_too() -> None:
    levels = PriceLevels(entries=((HOUR_S, 2), (HOUR_S, 0)), number_of_levels=3)
    choice = choose(hours(5_000.0, 5_000.0, charging_prices=levels), target_wh=4_000.0)
    assert choice.entries == ((3_600.0, 0.0), (2_880.0, 5_000.0), (720.0, 0.0))


def test_a_single_level_says_nothing() -> None:
    flat = PriceLevels(entries=((HOUR_S, 0), (HOUR_S, 0)), number_of_levels=1)
    said = hours(5_000.0, -5_000.0, charging_prices=flat, discharging_prices=flat)
    choice = choose(said, target_wh=0.0)
    assert choice.entries == ((3_600.0, 5_000.0), (3_600.0, -5_000.0))
    assert choice.schedule.charging_prices == flat


def test_prices_may_be_passed_over() -> None:
    first = both_ways(5_000.0, charging_prices=tariff(stack(1, 9.0)), discharging_prices=tariff(stack(1, -9.0)))
    second = hours(5_000.0, charging_prices=tariff(stack(1, 0.1)))
    situation = Situation(schedules=(first, second), needs=needs(3_000.0), power=BOTH, now=0.0)
    choice = follow_first(situation)
    assert (choice.schedule, choice.entries, choice.cost) == (first, ((3_600.0, -5_000.0),), None)


# --- properties ---

FEES = st.floats(-0.5, 1.5).map(lambda fee: round(fee, 3))
POWERS = st.sampled_from([0.0, 1_234.5, 4_000.0, 11_000.0, 22_000.0])
DURATIONS = st.sampled_from([60.0, 900.0, 1_799.0, 3_600.0])


@st.composite
def stacks(draw: st.DrawFn, ranges: int = 3) -> tuple[PriceStack, ...]:
    return tuple(
        PriceStack(duration_s=draw(DURATIONS), rules=stack(1, *draw(st.lists(FEES, min_size=1, max_size=ranges))).rules)
        for _ in range(draw(st.integers(1, 5)))
    )


@st.composite
def anything(draw: st.DrawFn) -> OfferedSchedule:
    series = st.lists(st.tuples(DURATIONS, POWERS), min_size=1, max_size=6)
    algorithms = st.sampled_from([algorithm.value for algorithm in PriceAlgorithm])
    prices = st.one_of(
        st.none(),
        st.tuples(stacks(), algorithms).map(lambda drawn: tariff(*drawn[0], price_algorithm=drawn[1])),
        st.lists(st.tuples(DURATIONS, st.integers(0, 3)), min_size=1, max_size=5).map(
            lambda entries: PriceLevels(entries=tuple(entries), number_of_levels=4)
        ),
    )
    out = draw(st.none() | series)
    return OfferedSchedule(
        start_s=float(draw(st.integers(-4_000, 4_000))),
        entries=tuple(draw(series)),
        discharge_entries=() if out is None else tuple((duration, -power) for duration, power in out),
        available_energy_wh=draw(st.none() | st.just(2_000.0)),
        charging_prices=draw(prices),
        discharging_prices=draw(prices),
    )


RANGES = st.builds(
    PowerRange,
    max_charge_power_w=POWERS,
    min_charge_power_w=st.sampled_from([0.0, 1_400.0]),
    max_discharge_power_w=POWERS,
    min_discharge_power_w=st.sampled_from([0.0, 1_400.0]),
)
ENERGIES = st.sampled_from([-20_000.0, -500.0, 0.0, 3_000.0, 40_000.0])
NEEDS = st.builds(
    EnergyNeeds,
    departure_s=st.none() | st.floats(0.0, 20_000.0),
    target_energy_wh=ENERGIES,
    maximum_energy_wh=ENERGIES,
    minimum_energy_wh=ENERGIES,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(anything(), min_size=1, max_size=3), NEEDS, RANGES, st.floats(0.0, 5_000.0))
def test_the_profile_is_always_inside_the_schedule_and_the_car(
    schedules: list[OfferedSchedule], needs_: EnergyNeeds, power: PowerRange, now: float
) -> None:
    situation = Situation(schedules=tuple(schedules), needs=needs_, power=power, now=now)
    choice = choose_by_cost(situation)
    assert choice == choose_by_cost(situation), "a pure function"
    assert choice.schedule in schedules
    assert choice.entries
    sent = whole_seconds(choice.schedule, 1_000_000.0, 10_000)
    assert inside(sent, sent.anchor, [(round(duration), watts) for duration, watts in choice.entries])
    for duration, watts in choice.entries:
        assert duration > 0
        assert -power.max_discharge_power_w <= watts <= power.max_charge_power_w


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(POWERS, min_size=4, max_size=4), st.lists(FEES, min_size=4, max_size=4)),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from([500.0, 3_000.0, 9_000.0, 30_000.0]),
    st.floats(0.0, 25.0),
)
def test_a_cheaper_schedule_that_covers_the_need_is_never_passed_over(
    offers: list[tuple[list[float], list[float]]], target_wh: float, rate_percent: float
) -> None:
    """One price an hour, nothing to be sold: what the need costs at least can be told by sorting the hours."""
    taxes = (TaxRate(rate_percent=rate_percent),)
    schedules = [
        hours(*powers, charging_prices=tariff(*(stack(1, fee) for fee in fees), taxes=taxes)) for powers, fees in offers
    ]
    power = PowerRange(max_charge_power_w=11_000.0)
    choice = choose(*schedules, target_wh=target_wh, power=power, maximum_energy_wh=target_wh)
    least = []
    for powers, fees in offers:
        left, cost = target_wh / 1000.0, 0.0
        for fee, watts in sorted((fee, min(watts, 11_000.0)) for fee, watts in zip(fees, powers, strict=True)):
            taken = min(left, watts / 1000.0)
            left, cost = left - taken, cost + taken * fee * (1 + rate_percent / 100.0)
        if left < 1e-9:
            least.append(cost)
    assert choice.covers_need is bool(least) or target_wh / 1000.0 - energy_wh(choice.entries) / 1000 < 0.01
    if least:
        assert choice.cost is not None
        assert choice.cost <= min(least) + 0.01  # a second more at 11 kW
        assert energy_wh(choice.entries) >= target_wh - 1.0


@settings(max_examples=150, deadline=None)
@given(st.lists(FEES, min_size=4, max_size=4), st.lists(FEES, min_size=4, max_size=4), ENERGIES, ENERGIES)
def test_trading_never_costs_more_than_not_trading(
    into: list[float], out: list[float], target_wh: float, minimum_wh: float
) -> None:
    prices = tariff(*(stack(1, fee) for fee in into))
    both = both_ways(
        4_000.0,
        9_000.0,
        0.0,
        6_000.0,
        charging_prices=prices,
        discharging_prices=tariff(*(stack(1, fee) for fee in out)),
    )
    options = {"target_wh": target_wh, "minimum_energy_wh": minimum_wh}
    with_sales = choose(both, **options)
    without = choose(both, power=PowerRange(max_charge_power_w=11_000.0), **options)
    assert with_sales.cost is not None
    assert without.cost is not None
    assert with_sales.cost <= without.cost + 0.02
    assert with_sales.covers_need is without.covers_need
    held = 0.0
    for duration, watts in with_sales.entries:
        held += duration * watts / 3600.0
        assert held <= 60_000.0 + 5.0
        assert watts >= 0 or held >= minimum_wh - 5.0
