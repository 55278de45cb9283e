"""Tariffs and schedules for tests."""

from __future__ import annotations

from typing import Any

from iso15118.session.core import State
from iso15118.session.ports import (
    AbsolutePrices,
    AdditionalServiceFee,
    EnergyPrice,
    OfferedSchedule,
    OverstayFee,
    PriceLevels,
    PriceStack,
    TaxRate,
)
from tests.session.world import EV, World

HOUR_S = 3_600.0


def stack(hours: float, *fees: float, start_w: float = 4_000.0) -> PriceStack:
    """One price, or one more from each multiple of ``start_w`` on."""
    rules = tuple(EnergyPrice(energy_fee=fee, power_range_start_w=i * start_w) for i, fee in enumerate(fees))
    return PriceStack(duration_s=hours * HOUR_S, rules=rules)


def tariff(*stacks: PriceStack, **changes: Any) -> AbsolutePrices:
    return AbsolutePrices(stacks=stacks, **changes)


WHOLE = AbsolutePrices(
    stacks=(
        PriceStack(
            duration_s=HOUR_S,
            rules=(
                EnergyPrice(
                    energy_fee=0.2837,
                    parking_fee=1.5,
                    parking_fee_period_s=900,
                    carbon_dioxide_emission_g_per_kwh=342,
                    renewable_generation_percent=61,
                ),
                EnergyPrice(energy_fee=-0.31, power_range_start_w=7_400.0),
            ),
        ),
        stack(2.0, 0.19),
    ),
    start_s=0.0,
    price_schedule_id=77,
    description="evening",
    currency="EUR",
    language="de",
    minimum_cost=0.5,
    maximum_cost=250.0,
    taxes=(
        TaxRate(rate_percent=19.0, name="VAT", included_in_price=True, on_overstay_fee=False),
        TaxRate(rate_percent=2.05, on_parking_fee=False, on_minimum_maximum_cost=False),
    ),
    overstay_fees=(OverstayFee(start_s=600.0, fee=0.1, period_s=60, description="please go"),),
    overstay_time_threshold_s=300.0,
    overstay_power_threshold_w=50.0,
    additional_services=(AdditionalServiceFee("wash", 12.5),),
)
"""A tariff that says all that can be said."""

LEVELS = PriceLevels(entries=((HOUR_S, 2), (HOUR_S, 0)), number_of_levels=3, start_s=0.0, description="colours")


def offered(power_w: float = 6_000.0, hours: float = 2.0, **changes: Any) -> OfferedSchedule:
    return OfferedSchedule(start_s=0.0, entries=((hours * HOUR_S, power_w),), **changes)


def answer(world: World) -> Any:
    """What the station answered to the needs, in the selected control mode."""
    world.run_to(EV, State.SCHEDULE_EXCHANGE)
    response = world.messages("ScheduleExchangeRes")[-1]
    return response.scheduled_se_res_control_mode or response.dynamic_se_res_control_mode
