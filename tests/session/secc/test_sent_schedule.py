"""Schedules in whole seconds, and a car's profile against them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.session.core import State
from iso15118.session.ports import OfferedSchedule
from iso15118.session.secc.sent_schedule import SentSchedule, as_sent, inside, whole_seconds
from iso15118.session.services import ControlMode
from tests.session.world import EV, World

UNIX = 1_795_539_600.3

entries = st.lists(st.tuples(st.floats(0.05, 5_000.0), st.floats(-11_000.0, 11_000.0)), min_size=1, max_size=20).map(
    tuple
)


@given(st.floats(0.0, 5_000.0), entries)
def test_what_was_sent_fits_itself_and_does_not_drift(start_s: float, steps: tuple[tuple[float, float], ...]) -> None:
    sent = whole_seconds(OfferedSchedule(start_s=start_s, entries=steps), UNIX, 1024)

    assert inside(sent, sent.anchor, [(duration, low or high) for duration, low, high in sent.steps])
    assert all(duration >= 1 for duration, _, _ in sent.steps)
    end = UNIX + start_s + sum(duration for duration, _ in steps)
    assert abs(sent.anchor + sum(duration for duration, _, _ in sent.steps) - end) <= 1.5


def test_at_most_so_many_steps() -> None:
    sent = whole_seconds(OfferedSchedule(start_s=0.0, entries=((10.0, 1.0), (10.0, 2.0), (10.0, 3.0))), 100.0, 2)
    assert sent == SentSchedule(1, 100, ((10, 0.0, 1.0), (10, 0.0, 2.0)))


def test_a_profile_is_outside_when_it_is_higher_longer_or_in_the_other_direction() -> None:
    sent = SentSchedule(1, 1000, ((60, 0.0, 5_000.0), (60, -5_000.0, 0.0)))

    assert inside(sent, 1000, ((60, 4_000.0), (60, -5_000.0)))
    assert inside(sent, 1001, ((60, 4_000.0), (60, -5_000.0))), "a clock may be a second off"
    assert not inside(sent, 1000, ((60, 5_010.0),))
    assert not inside(sent, 1000, ((60, -100.0),))
    assert not inside(sent, 1000, ((60, 0.0), (60, 100.0)))
    assert not inside(sent, 1000, ((60, 0.0), (90, -100.0)))
    assert not inside(sent, 900, ((60, 100.0),))
    assert not inside(sent, 950, ((100, 100.0),)), "not even the half of it that lies before"


def test_around_a_boundary_either_step_counts_as_present() -> None:
    sent = SentSchedule(1, 1000, ((60, 0.0, 5_000.0), (60, -5_000.0, 0.0)))

    assert sent.present_w(1030.0) == (0.0, 5_000.0)
    assert sent.present_w(1059.5) == (-5_000.0, 5_000.0)
    assert sent.present_w(1062.0) == (-5_000.0, 0.0)
    assert sent.present_w(1130.0) == (0.0, 0.0)


@pytest.mark.parametrize("tolerance_w", [None, 300.0])
def test_what_was_sent_is_read_back_as_it_was(tolerance_w: float | None) -> None:
    world = World(mode=ControlMode.SCHEDULED)
    both = OfferedSchedule(
        start_s=0.0,
        entries=((60.0, 5_000.0), (60.0, 0.0)),
        discharge_entries=((90.0, -4_000.0),),
        power_tolerance_w=tolerance_w,
    )
    world.charger.schedule = (both,)
    world.start().run_to(EV, State.SCHEDULE_EXCHANGE)
    (sent,) = world.messages("ScheduleExchangeRes")[-1].scheduled_se_res_control_mode.schedule_tuple
    assert as_sent(sent) == world.secc.context.schedules[1]
    assert as_sent(sent).steps == ((60, -4_000.0, 5_000.0), (30, -4_000.0, 0.0), (30, 0.0, 0.0))


def test_a_schedule_cut_short_keeps_at_least_a_second() -> None:
    sent = SentSchedule(1, 1000, ((60, 0.0, 5_000.0), (60, -5_000.0, 0.0)))
    assert sent.until(None) is sent
    assert sent.until(1090).steps == ((60, 0.0, 5_000.0), (30, -5_000.0, 0.0))
    assert sent.until(900).steps == ((1, 0.0, 5_000.0),)
