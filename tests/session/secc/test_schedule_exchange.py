"""What the station offers: tuples with both directions, tolerance and prices."""

from __future__ import annotations

from typing import Any

import pytest

from iso15118.exi.lint import lint
from iso15118.session.emitter import EmitterProfile
from iso15118.session.ports import OfferedSchedule
from iso15118.session.prices import read_prices
from iso15118.session.quantities import number
from iso15118.session.services import ControlMode, Pricing, ServiceId
from tests.session.priced import HOUR_S, LEVELS, WHOLE, answer, offered, stack, tariff
from tests.session.world import UNIX_S, World


def scheduled(*schedules: OfferedSchedule, pricing: Pricing = Pricing.NONE, **options: Any) -> World:
    world = World(mode=ControlMode.SCHEDULED, secc={"pricings": (pricing,)} | options.pop("secc", {}), **options)
    world.charger.schedule = schedules
    return world.start()


def tuples(world: World) -> Any:
    return answer(world).schedule_tuple


def steps(schedule: Any) -> list[tuple[int, float]]:
    entries = schedule.power_schedule.power_schedule_entries.power_schedule_entry
    return [(entry.duration, number(entry.power)) for entry in entries]


def test_while_both_series_last_the_car_may_do_either() -> None:
    both = OfferedSchedule(
        start_s=0.0,
        entries=((3_600.0, 6_000.0), (3_600.0, 2_000.0)),
        discharge_entries=((1_800.0, 0.0), (3_600.0, -5_000.0)),
    )
    (only,) = tuples(scheduled(both))
    assert steps(only.charging_schedule) == [(1_800, 6_000.0), (1_800, 6_000.0), (1_800, 2_000.0), (1_800, 2_000.0)]
    assert steps(only.discharging_schedule) == [(1_800, 0.0), (1_800, -5_000.0), (1_800, -5_000.0), (1_800, 0.0)]


def test_without_a_bidirectional_service_nothing_of_the_second_series_is_sent() -> None:
    both = OfferedSchedule(start_s=0.0, entries=((3_600.0, 6_000.0),), discharge_entries=((3_600.0, -5_000.0),))
    (only,) = tuples(scheduled(both, service=ServiceId.DC))
    assert only.discharging_schedule is None
    assert steps(only.charging_schedule) == [(3_600, 6_000.0)]


def test_tolerance_and_available_energy_are_told() -> None:
    (only,) = tuples(scheduled(offered(power_tolerance_w=500.0, available_energy_wh=12_000.0)))
    power = only.charging_schedule.power_schedule
    assert (number(power.power_tolerance), number(power.available_energy)) == (500.0, 12_000.0)
    (only,) = tuples(scheduled(offered(-4_000.0, power_tolerance_w=500.0)))
    assert number(only.discharging_schedule.power_schedule.power_tolerance) == 500.0
    assert only.discharging_schedule.power_schedule.available_energy is None


@pytest.mark.parametrize("pricing", list(Pricing))
def test_prices_follow_the_selected_parameter(pricing: Pricing) -> None:
    schedule = OfferedSchedule(
        start_s=0.0,
        entries=((3_600.0, 6_000.0), (3_600.0, -4_000.0)),
        charging_prices=WHOLE,
        discharging_prices=LEVELS,
    )
    world = scheduled(schedule, pricing=pricing)
    (only,) = tuples(world)
    charging, discharging = (
        read_prices(half.absolute_price_schedule, half.price_level_schedule, UNIX_S)
        for half in (only.charging_schedule, only.discharging_schedule)
    )
    assert charging == (WHOLE if pricing is Pricing.ABSOLUTE else None)
    assert discharging == (LEVELS if pricing is Pricing.PRICE_LEVELS else None)
    assert world.secc.context.needs is not None
    assert world.secc.context.needs.pricing == pricing, "whoever makes the schedule knows which prices to give"
    assert not lint(world.messages("ScheduleExchangeRes")[-1], "CommonMessages")


def test_a_peer_profile_that_wants_prices_gets_real_ones_where_there_are_some() -> None:
    world = scheduled(offered(charging_prices=WHOLE), pricing=Pricing.ABSOLUTE, secc={"uniform_price_level": True})
    (only,) = tuples(world)
    assert only.charging_schedule.absolute_price_schedule is not None
    assert only.charging_schedule.price_level_schedule is None


def test_a_schedule_ends_where_its_prices_had_to_be_cut() -> None:
    prices = tariff(*(stack(0.25, i / 100) for i in range(96)))
    schedule = offered(hours=24.0, charging_prices=prices)
    world = scheduled(schedule, pricing=Pricing.ABSOLUTE)
    (only,) = tuples(world)
    assert steps(only.charging_schedule) == [(64 * 900, 6_000.0)]
    assert world.secc.context.schedules[1].steps == ((64 * 900, 0.0, 6_000.0),)
    full = {"emitter_profile": EmitterProfile.FULL}
    (only,) = tuples(scheduled(schedule, pricing=Pricing.ABSOLUTE, secc=full))
    assert steps(only.charging_schedule) == [(86_400, 6_000.0)]


@pytest.mark.parametrize("pricing", list(Pricing))
def test_dynamic_control_may_carry_prices(pricing: Pricing) -> None:
    world = World(secc={"pricings": (pricing,)}).start()
    world.charger.energy_prices = {Pricing.ABSOLUTE: WHOLE, Pricing.PRICE_LEVELS: LEVELS}.get(pricing, WHOLE)
    mode = answer(world)
    told = read_prices(mode.absolute_price_schedule, mode.price_level_schedule, UNIX_S)
    assert told == {Pricing.ABSOLUTE: WHOLE, Pricing.PRICE_LEVELS: LEVELS}.get(pricing)


def test_while_a_back_end_thinks_no_prices_are_told() -> None:
    world = World(secc={"pricings": (Pricing.ABSOLUTE,)}).start()
    world.charger.energy_prices, world.charger.schedule_ready = WHOLE, False
    assert answer(world).absolute_price_schedule is None
    world.charger.schedule_ready = True
    world.run(until=lambda: len(world.messages("ScheduleExchangeRes")) == 2)
    assert world.messages("ScheduleExchangeRes")[-1].dynamic_se_res_control_mode.absolute_price_schedule is not None


def test_prices_begin_with_the_schedule_unless_they_say_otherwise() -> None:
    world = scheduled(
        OfferedSchedule(start_s=-600.0, entries=((HOUR_S, 1_000.0),), charging_prices=tariff(stack(1.0, 0.3))),
        pricing=Pricing.ABSOLUTE,
    )
    (only,) = tuples(world)
    assert only.charging_schedule.absolute_price_schedule.time_anchor == UNIX_S - 600
