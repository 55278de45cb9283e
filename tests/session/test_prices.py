"""Prices and energy offers: to the wire and back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.errors import LocalError
from iso15118.messages.iso20.common import price_schedule as wire
from iso15118.messages.iso20.types import RationalNumber
from iso15118.session.emitter import EmitterProfile
from iso15118.session.ports import (
    AbsolutePrices,
    AdditionalServiceFee,
    EnergyOffer,
    EnergyPrice,
    OfferedSchedule,
    OverstayFee,
    PriceLevels,
    PriceStack,
    TaxRate,
)
from iso15118.session.prices import (
    price_fields,
    priced_until,
    read_energy_offer,
    read_prices,
    spell_energy_offer,
    whole_seconds_of,
)
from iso15118.session.services import Pricing
from tests.session.priced import HOUR_S, LEVELS, WHOLE, stack, tariff

UNIX = 1_800_000_000.0
replace = msgspec.structs.replace


def sent(prices: Any, pricing: Pricing, most: int = 1_024, profile: Any = EmitterProfile.CONSERVATIVE) -> Any:
    return price_fields(prices, pricing, start_s=10.0, unix_offset_s=UNIX, most=most, profile=profile)


def back(fields: dict[str, Any]) -> Any:
    return read_prices(fields.get("absolute_price_schedule"), fields.get("price_level_schedule"), UNIX)


@pytest.mark.parametrize(
    ("prices", "pricing"), [(WHOLE, Pricing.ABSOLUTE), (LEVELS, Pricing.PRICE_LEVELS)], ids=["absolute", "levels"]
)
def test_a_tariff_comes_back_as_it_went(prices: Any, pricing: Pricing) -> None:
    assert back(sent(prices, pricing)) == prices


@pytest.mark.parametrize("prices", [WHOLE, LEVELS, None], ids=["absolute", "levels", "none"])
@pytest.mark.parametrize("pricing", list(Pricing))
def test_only_prices_of_the_selected_kind_are_sent(prices: Any, pricing: Pricing) -> None:
    fits = {Pricing.NONE: None, Pricing.ABSOLUTE: WHOLE, Pricing.PRICE_LEVELS: LEVELS}[pricing]
    assert bool(sent(prices, pricing)) is (prices is not None and prices is fits)


def test_prices_without_a_start_begin_with_their_schedule() -> None:
    assert back(sent(tariff(stack(1.0, 0.3)), Pricing.ABSOLUTE)).start_s == 10.0
    assert back(sent(replace(LEVELS, start_s=None), Pricing.PRICE_LEVELS)).start_s == 10.0


@given(
    st.floats(0.0, 1e6),
    st.lists(st.tuples(st.floats(0.0, 5_000.0), st.floats(-3.0, 3.0)), min_size=1, max_size=20),
)
def test_whole_seconds_do_not_drift_and_fees_keep_four_digits(start: float, steps: list[tuple[float, float]]) -> None:
    stacks = tuple(PriceStack(duration_s=d, rules=(EnergyPrice(energy_fee=fee),)) for d, fee in steps)
    read = back(sent(tariff(*stacks, start_s=start), Pricing.ABSOLUTE))
    at, begin = read.start_s, start
    read_at = {}
    for each in read.stacks:
        read_at[at, at + each.duration_s] = each.rules[0].energy_fee
        at += each.duration_s
    assert abs(at - (start + sum(d for d, _ in steps))) <= 1.5
    for duration, fee in steps:
        middle = begin + duration / 2
        found = [value for (b, e), value in read_at.items() if b <= middle < e]
        if duration > 2.0:
            assert found == [pytest.approx(fee, rel=1e-4, abs=5.1e-5)]
        begin += duration


def test_neighbours_with_the_same_price_are_one_stack() -> None:
    stacks = [stack(0.25, 0.3)] * 40 + [stack(0.25, 0.2)] * 40
    fields = sent(tariff(*stacks), Pricing.ABSOLUTE)
    assert [s.duration for s in fields["absolute_price_schedule"].price_rule_stacks.price_rule_stack] == [36_000] * 2
    assert priced_until(fields, tariff(*stacks)) is None


@pytest.mark.parametrize(("profile", "count"), [(EmitterProfile.CONSERVATIVE, 64), (EmitterProfile.FULL, 96)])
def test_as_many_stacks_as_deployed_codecs_take(profile: EmitterProfile, count: int) -> None:
    prices = tariff(*(stack(0.25, i / 100) for i in range(96)))
    fields = sent(prices, Pricing.ABSOLUTE, profile=profile)
    assert len(fields["absolute_price_schedule"].price_rule_stacks.price_rule_stack) == count
    cut = priced_until(fields, prices)
    assert cut == (None if count == 96 else UNIX + 10 + 64 * 900)


def test_a_car_that_takes_few_points_gets_few() -> None:
    prices = PriceLevels(entries=((60.0, 1), (60.0, 0)) * 20, number_of_levels=2)
    fields = sent(prices, Pricing.PRICE_LEVELS, most=12)
    assert len(fields["price_level_schedule"].price_level_schedule_entries.price_level_schedule_entry) == 12
    assert priced_until(fields, prices) == UNIX + 10 + 12 * 60


def test_strange_figures_of_a_peer_are_read_without_an_error() -> None:
    huge = RationalNumber(exponent=127, value=32_767)
    rule = wire.PriceRule(energy_fee=huge, power_range_start=huge, renewable_generation_percentage=200)
    schedule = wire.AbsolutePriceSchedule(
        time_anchor=2**64 - 1,
        price_schedule_id=1,
        currency="",
        language="",
        price_algorithm="?",
        price_rule_stacks=wire.PriceRuleStackList(
            price_rule_stack=(wire.PriceRuleStack(duration=0, price_rule=(rule,)),)
        ),
    )
    read = read_prices(schedule, None, UNIX)
    assert isinstance(read, AbsolutePrices)
    assert read.stacks[0].rules[0].energy_fee == 1e100
    assert read.stacks[0].rules[0].renewable_generation_percent == 100


def test_an_energy_offer_comes_back_with_its_negative_power() -> None:
    offer = EnergyOffer(
        start_s=5.0,
        entries=((1_800.0, -10_000.0), (600.0, 3_700.0)),
        stacks=(stack(1.0, 0.32, 0.4),),
        price_start_s=7.0,
    )
    spelt = spell_energy_offer(offer, UNIX, EmitterProfile.CONSERVATIVE)
    assert read_energy_offer(spelt, UNIX) == offer
    alone = spell_energy_offer(replace(offer, price_start_s=None), UNIX, EmitterProfile.CONSERVATIVE)
    assert alone.ev_absolute_price_schedule.time_anchor == UNIX + 5


def test_negative_and_endless_durations_are_cut() -> None:
    assert whole_seconds_of(0.0, [-5.0, 1e30, 10.0]) == (0, [(1, 2**32 - 1), (2, 10)])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: EnergyPrice(energy_fee=float("nan")), "EnergyPrice needs finite numbers"),
        (lambda: EnergyPrice(energy_fee=1e120), "EnergyPrice needs finite numbers"),
        (lambda: EnergyPrice(energy_fee=0.1, renewable_generation_percent=101), "outside 0 to 100"),
        (lambda: EnergyPrice(energy_fee=0.1, carbon_dioxide_emission_g_per_kwh=-1), "outside 0 to 65535"),
        (lambda: PriceStack(duration_s=1.0, rules=()), "PriceStack.rules has 0 items, outside 1 to 8"),
        (tariff, "AbsolutePrices.stacks has 0 items"),
        (lambda: tariff(stack(1.0, 0.1), taxes=(TaxRate(rate_percent=1.0),) * 11), "taxes has 11 items"),
        (lambda: tariff(stack(1.0, 0.1), currency="EURO"), "currency has 4 characters, more than 3"),
        (lambda: tariff(stack(1.0, 0.1), price_schedule_id=0), "price_schedule_id is 0, outside 1"),
        (lambda: TaxRate(rate_percent=1.0, name="n" * 81), "TaxRate.name has 81 characters"),
        (lambda: OverstayFee(start_s=0.0, fee=1.0, period_s=-1), "period_s is -1"),
        (lambda: AdditionalServiceFee("n" * 81, 1.0), "name has 81 characters"),
        (lambda: PriceLevels(entries=((1.0, 256),), number_of_levels=1), "is 256, outside 0 to 255"),
        (lambda: EnergyOffer(start_s=0.0, entries=(), stacks=(stack(1.0, 0.1),)), "entries has 0 items"),
    ],
)
def test_prices_that_no_message_can_hold_are_refused_where_they_are_made(make: Any, says: str) -> None:
    with pytest.raises(LocalError, match=says):
        make()


def test_prices_go_through_json_for_those_who_keep_them_there() -> None:
    schedule = OfferedSchedule(start_s=0.0, entries=((HOUR_S, 1.0),), charging_prices=WHOLE, discharging_prices=LEVELS)
    assert msgspec.json.decode(msgspec.json.encode(schedule), type=OfferedSchedule) == schedule
