"""How the car reads a schedule tuple with two schedules."""

from __future__ import annotations

from iso15118.messages.iso20.common.schedule_exchange import (
    ChargingSchedule,
    PowerSchedule,
    PowerScheduleEntry,
    PowerScheduleEntryList,
    ScheduleTuple,
)
from iso15118.session.evcc import PHASES, EvccSession
from iso15118.session.evcc.schedule_exchange import read_tuple
from iso15118.session.ports import SimpleVehicle
from iso15118.session.quantities import rational


def schedule(anchor: int, *steps: tuple[int, float]) -> ChargingSchedule:
    entries = tuple(PowerScheduleEntry(duration=duration, power=rational(power)) for duration, power in steps)
    return ChargingSchedule(
        power_schedule=PowerSchedule(
            time_anchor=anchor, power_schedule_entries=PowerScheduleEntryList(power_schedule_entry=entries)
        )
    )


def read(
    charging: ChargingSchedule, discharging: ChargingSchedule | None
) -> tuple[float, tuple[tuple[float, float], ...]]:
    session = EvccSession(SimpleVehicle(), PHASES, unix_offset_s=1000.0)
    tuple_ = ScheduleTuple(schedule_tuple_id=7, charging_schedule=charging, discharging_schedule=discharging)
    read = read_tuple(session, tuple_)
    assert read.schedule_tuple_id == 7
    return read.start_s, read.entries


def test_a_discharging_schedule_holds_at_its_own_time() -> None:
    assert read(schedule(1000, (100, 5_000.0)), schedule(1050, (100, -3_000.0))) == (
        0.0,
        ((50.0, 5_000.0), (50.0, -3_000.0), (50.0, -3_000.0)),
    )


def test_a_positive_discharging_entry_discharges_and_a_negative_charging_one_does_not() -> None:
    assert read(schedule(1010, (60, -5_000.0)), schedule(1010, (60, 3_000.0))) == (10.0, ((60.0, -3_000.0),))
    assert read(schedule(1010, (60, -5_000.0)), None) == (10.0, ((60.0, 0.0),))
