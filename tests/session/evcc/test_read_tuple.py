"""How the car reads a schedule tuple with two schedules."""

from __future__ import annotations

import msgspec

from iso15118.messages.iso20.common.schedule_exchange import (
    ChargingSchedule,
    PowerSchedule,
    PowerScheduleEntry,
    PowerScheduleEntryList,
    ScheduleTuple,
)
from iso15118.session.emitter import EmitterProfile
from iso15118.session.evcc import PHASES, EvccSession
from iso15118.session.evcc.schedule_exchange import read_tuple
from iso15118.session.ports import OfferedSchedule, SimpleVehicle
from iso15118.session.prices import price_fields
from iso15118.session.quantities import rational
from iso15118.session.services import Pricing
from tests.session.priced import LEVELS, WHOLE

replace = msgspec.structs.replace


def schedule(anchor: int, *steps: tuple[int, float]) -> ChargingSchedule:
    entries = tuple(PowerScheduleEntry(duration=duration, power=rational(power)) for duration, power in steps)
    return ChargingSchedule(
        power_schedule=PowerSchedule(
            time_anchor=anchor, power_schedule_entries=PowerScheduleEntryList(power_schedule_entry=entries)
        )
    )


def read(charging: ChargingSchedule, discharging: ChargingSchedule | None) -> OfferedSchedule:
    session = EvccSession(SimpleVehicle(), PHASES, unix_offset_s=1000.0)
    tuple_ = ScheduleTuple(schedule_tuple_id=7, charging_schedule=charging, discharging_schedule=discharging)
    read = read_tuple(session, tuple_)
    assert read.schedule_tuple_id == 7
    return read


def test_both_directions_hold_at_their_own_times() -> None:
    both = read(schedule(1000, (100, 5_000.0)), schedule(1050, (100, -3_000.0)))
    assert both.start_s == 0.0
    assert both.entries == ((50.0, 5_000.0), (50.0, 5_000.0), (50.0, 0.0))
    assert both.discharge_entries == ((50.0, 0.0), (50.0, -3_000.0), (50.0, -3_000.0))
    assert both.corridor == ((50.0, 0.0, 5_000.0), (50.0, -3_000.0, 5_000.0), (50.0, -3_000.0, 0.0))


def test_schedules_with_a_gap_between_them() -> None:
    both = read(schedule(1100, (50, 5_000.0)), schedule(1000, (50, -3_000.0)))
    assert both.corridor == ((50.0, -3_000.0, 0.0), (50.0, 0.0, 0.0), (50.0, 0.0, 5_000.0))


def test_a_positive_discharging_entry_discharges_and_a_negative_charging_one_does_not() -> None:
    both = read(schedule(1010, (60, -5_000.0)), schedule(1010, (60, 3_000.0)))
    assert (both.start_s, both.corridor) == (10.0, ((60.0, -3_000.0, 0.0),))
    assert read(schedule(1010, (60, -5_000.0)), None).corridor == ((60.0, 0.0, 0.0),)


def test_a_schedule_of_no_time_allows_nothing() -> None:
    assert read(schedule(1010, (0, 5_000.0)), None).corridor == ((1.0, 0.0, 0.0),)


def test_steps_of_no_time_and_lines_of_ac() -> None:
    power = PowerScheduleEntry(
        duration=60, power=rational(1_000.0), power_l2=rational(1_100.0), power_l3=rational(1_200.0)
    )
    lines = schedule(1000, (0, 9_000.0), (60, 1_000.0))
    entries = PowerScheduleEntryList(
        power_schedule_entry=(lines.power_schedule.power_schedule_entries.power_schedule_entry[0], power)
    )
    lines = replace(lines, power_schedule=replace(lines.power_schedule, power_schedule_entries=entries))
    assert read(lines, None).entries == ((60.0, 3_300.0),)


def test_prices_tolerance_and_available_energy_are_read_each_from_its_half() -> None:
    charging = schedule(1000, (100, 5_000.0))
    power = replace(charging.power_schedule, power_tolerance=rational(400.0), available_energy=rational(9_000.0))
    sent = [
        price_fields(prices, pricing, start_s=0.0, unix_offset_s=1000.0, most=99, profile=EmitterProfile.FULL)
        for prices, pricing in ((WHOLE, Pricing.ABSOLUTE), (LEVELS, Pricing.PRICE_LEVELS))
    ]
    both = read(replace(charging, power_schedule=power, **sent[0]), replace(schedule(1000, (100, -5_000.0)), **sent[1]))
    assert (both.power_tolerance_w, both.available_energy_wh) == (400.0, 9_000.0)
    assert (both.charging_prices, both.discharging_prices) == (WHOLE, LEVELS)
