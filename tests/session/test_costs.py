"""What a plan costs: examples computed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from iso15118.session.costs import Cost, cost_of, energy_rate, level_cost
from iso15118.session.ports import (
    AdditionalServiceFee,
    EnergyPrice,
    OverstayFee,
    PriceAlgorithm,
    PriceLevels,
    PriceStack,
    TaxRate,
)
from tests.session.priced import HOUR_S, stack, tariff

TWO_HOURS = [(0.0, HOUR_S, 10_000.0), (HOUR_S, 2 * HOUR_S, 5_000.0)]
"""10 kWh, then 5 kWh."""


def cost(*stacks: PriceStack, steps: Any = TWO_HOURS, until_s: float = 2 * HOUR_S, **changes: Any) -> Cost:
    return cost_of(tariff(*stacks, **changes), 0.0, steps, until_s=until_s)


def test_energy_by_the_hour() -> None:
    assert cost(stack(1.0, 0.30), stack(1.0, 0.20)).total == pytest.approx(10 * 0.30 + 5 * 0.20)
    assert cost(stack(0.5, 0.30), stack(2.0, 0.20)).total == pytest.approx(5 * 0.30 + 10 * 0.20)


def test_before_its_first_and_after_its_last_step_a_tariff_goes_on() -> None:
    assert cost(stack(1.0, 0.30), stack(0.1, 0.20), start_s=600.0).total == pytest.approx(
        10 * 0.30 + 5 * 600 / 3600 * 0.30 + 5 * 3000 / 3600 * 0.20
    )


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        (PriceAlgorithm.POWER, 10 * 0.40 + 3 * 0.20),  # each hour at the price of its power
        (PriceAlgorithm.PEAK_POWER, 13 * 0.40),  # both at that of the highest
        (PriceAlgorithm.STACKED_ENERGY, 4 * 0.20 + 4 * 0.30 + 2 * 0.40 + 3 * 0.20),  # each share at its own
    ],
)
def test_price_algorithms(algorithm: PriceAlgorithm, expected: float) -> None:
    steps = [(0.0, HOUR_S, 10_000.0), (HOUR_S, 2 * HOUR_S, 3_000.0)]
    by_power = stack(2.0, 0.20, 0.30, 0.40)  # from 0, 4 and 8 kW on
    assert cost(by_power, steps=steps, price_algorithm=algorithm.value).energy == pytest.approx(expected)
    if algorithm is PriceAlgorithm.POWER:
        assert cost(by_power, steps=steps, price_algorithm="urn:unknown").energy == pytest.approx(expected)


def test_a_range_holds_from_its_start_on_whatever_its_sign_and_the_order_of_the_rules() -> None:
    rules = (EnergyPrice(energy_fee=0.4, power_range_start_w=-4_000.0), EnergyPrice(energy_fee=0.2))
    mixed = PriceStack(duration_s=HOUR_S, rules=rules)
    power = PriceAlgorithm.POWER.value
    assert energy_rate(mixed, 3_999.0, power) == pytest.approx(0.7998)
    assert energy_rate(mixed, 4_000.0, power) == pytest.approx(1.6)
    high = PriceStack(duration_s=HOUR_S, rules=rules[:1])
    assert energy_rate(high, 1_000.0, power) == pytest.approx(0.4), "below the lowest range the lowest counts"


def test_taxes_on_what_they_apply_to_and_not_on_what_holds_them() -> None:
    taxes = (
        TaxRate(rate_percent=10.0, on_parking_fee=False),
        TaxRate(rate_percent=20.0, on_energy_fee=False),
        TaxRate(rate_percent=50.0, included_in_price=True),
    )
    parked = PriceStack(
        duration_s=2 * HOUR_S, rules=(EnergyPrice(energy_fee=0.20, parking_fee=1.0, parking_fee_period_s=1_800),)
    )
    found = cost(parked, taxes=taxes)
    assert found.energy == pytest.approx(3.00)
    assert found.parking == pytest.approx(4.00)
    assert found.tax == pytest.approx(0.30 + 0.80)
    assert found.total == pytest.approx(8.10)


def test_parking_counts_to_departure_and_at_rest_too() -> None:
    parked = PriceStack(
        duration_s=HOUR_S, rules=(EnergyPrice(energy_fee=0.0, parking_fee=0.6, parking_fee_period_s=60),)
    )
    assert cost(parked, until_s=3 * HOUR_S).parking == pytest.approx(0.6 * 180)
    assert cost(parked, until_s=HOUR_S).parking == pytest.approx(0.6 * 60)


def test_overstay_begins_with_the_end_of_charging() -> None:
    fees = (OverstayFee(start_s=0.0, fee=1.0, period_s=600), OverstayFee(start_s=1_800.0, fee=3.0, period_s=600))
    options: dict[str, Any] = {"overstay_fees": fees, "until_s": 4 * HOUR_S}
    assert cost(stack(9.0, 0.0), **options).overstay == pytest.approx(3 * 1.0 + 9 * 3.0)
    # 5 kW no longer count as charging: an hour more.
    assert cost(stack(9.0, 0.0), overstay_power_threshold_w=6_000.0, **options).overstay == pytest.approx(
        3.0 + 15 * 3.0
    )
    assert cost(stack(9.0, 0.0), overstay_time_threshold_s=7_200.0, **options).overstay == 0.0
    assert cost(stack(9.0, 0.0), overstay_time_threshold_s=7_199.0, **options).overstay == pytest.approx(30.0)
    assert cost(
        stack(9.0, 0.0), steps=[(0.0, HOUR_S, 0.0)], until_s=HOUR_S, overstay_fees=fees
    ).overstay == pytest.approx(3 * 1.0 + 3 * 3.0), "a car that never charges overstays from the beginning"
    taxed = cost(stack(9.0, 0.0), taxes=(TaxRate(rate_percent=10.0, on_overstay_fee=False),), **options)
    assert taxed.tax == 0.0
    assert cost(stack(9.0, 0.0), taxes=(TaxRate(rate_percent=10.0),), **options).total == pytest.approx(33.0)


@pytest.mark.parametrize(
    ("bounds", "total"),
    [
        ({"minimum_cost": 2.0}, 3.00 * 1.10),
        ({"minimum_cost": 5.0}, 5.00 * 1.10),
        ({"maximum_cost": 1.0}, 1.00 * 1.10),
        ({"maximum_cost": 1.0, "taxes": (TaxRate(rate_percent=10.0, on_minimum_maximum_cost=False),)}, 1.00),
    ],
)
def test_minimum_and_maximum(bounds: dict[str, Any], total: float) -> None:
    options = {"taxes": (TaxRate(rate_percent=10.0),)} | bounds
    assert cost(stack(2.0, 0.20), **options).total == pytest.approx(total)


def test_services_are_added_whatever_the_bounds() -> None:
    services = (AdditionalServiceFee("wash", 12.5), AdditionalServiceFee("coffee", 2.0))
    found = cost(stack(2.0, 0.20), maximum_cost=1.0, additional_services=services)
    assert (found.services, found.total) == (14.5, pytest.approx(15.5))


def test_energy_out_of_the_car_is_paid_for() -> None:
    prices = tariff(stack(1.0, 0.50), stack(1.0, 0.10), minimum_cost=99.0, taxes=(TaxRate(rate_percent=10.0),))
    steps = [(0.0, HOUR_S, -4_000.0), (HOUR_S, 2 * HOUR_S, 5_000.0)]
    found = cost_of(prices, 0.0, steps, until_s=2 * HOUR_S, discharging=True)
    assert (found.energy, found.total) == (pytest.approx(-2.0), pytest.approx(-2.2))


def test_levels_weigh_the_energy_of_their_time() -> None:
    prices = PriceLevels(entries=((HOUR_S, 4), (HOUR_S, 1)), number_of_levels=5)
    assert level_cost(prices, 0.0, TWO_HOURS) == pytest.approx(10 * 1.0 + 5 * 0.25)
    out = [(begin, end, -power) for begin, end, power in TWO_HOURS]
    assert level_cost(prices, 0.0, out) == 0.0
    assert level_cost(prices, 0.0, out, discharging=True) == pytest.approx(-11.25)
    wrong = PriceLevels(entries=((HOUR_S, 9),), number_of_levels=0)
    assert level_cost(wrong, 0.0, TWO_HOURS) == pytest.approx(15.0), "more levels than were announced"
