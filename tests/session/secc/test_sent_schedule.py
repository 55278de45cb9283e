"""Schedules in whole seconds, and a car's profile against them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from iso15118.session.ports import OfferedSchedule
from iso15118.session.secc.sent_schedule import SentSchedule, inside, whole_seconds

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
