"""The event heap: order, cancelling, limits."""

from __future__ import annotations

import math
import random

import pytest

from iso15118.errors import LocalError
from sim.clock import Heap


def test_events_run_in_order_of_time_and_then_of_scheduling() -> None:
    heap = Heap()
    seen: list[tuple[float, str]] = []
    for time, name in [(2.0, "c"), (1.0, "a"), (2.0, "d"), (1.0, "b"), (2.0, "e")]:
        heap.at(time, lambda now, name=name: seen.append((now, name)))  # type: ignore[misc]

    heap.run_until(2.0)

    assert seen == [(1.0, "a"), (1.0, "b"), (2.0, "c"), (2.0, "d"), (2.0, "e")]
    assert heap.now == 2.0
    assert heap.next_time() is None


def test_random_schedules_run_sorted_and_stable() -> None:
    rng = random.Random(7)
    heap = Heap(100.0)
    times = [100.0 + rng.randrange(20) for _ in range(500)]
    seen: list[tuple[float, int]] = []
    for number, time in enumerate(times):
        heap.at(time, lambda now, number=number: seen.append((now, number)))  # type: ignore[misc]

    heap.run_until(1000.0)

    assert seen == sorted((time, number) for number, time in enumerate(times))


def test_a_cancelled_event_does_not_run_and_is_not_seen() -> None:
    heap = Heap()
    seen: list[float] = []
    first = heap.at(1.0, seen.append)
    second = heap.at(2.0, seen.append)
    first.cancel()
    first.cancel()

    assert not first.pending
    assert not first.run()
    assert heap.next_time() == 2.0
    heap.run_until(5.0)
    assert seen == [2.0]
    assert not second.pending
    second.cancel()  # too late, and harmless


def test_a_callback_may_schedule_more_also_for_now_and_cancel_others() -> None:
    heap = Heap()
    seen: list[str] = []
    late = heap.at(1.0, lambda _: seen.append("late"))

    def first(now: float) -> None:
        seen.append("first")
        heap.at(now, lambda _: seen.append("again"))
        heap.at(now + 0.5, lambda _: seen.append("half a second later"))
        late.cancel()

    heap.at(0.5, first)
    heap.run_until(1.0)

    assert seen == ["first", "again", "half a second later"]


def test_run_until_runs_what_is_due_and_leaves_the_rest() -> None:
    heap = Heap()
    seen: list[float] = []
    heap.at(1.0, seen.append)
    heap.at(1.5, seen.append)

    heap.run_until(1.25)
    assert (seen, heap.now) == ([1.0], 1.25)
    assert heap.run_next()
    assert (seen, heap.now) == ([1.0, 1.5], 1.5)
    assert not heap.run_next()
    assert heap.now == 1.5


@pytest.mark.parametrize("time", [9.999, math.inf, math.nan])
def test_the_past_and_never_are_refused(time: float) -> None:
    heap = Heap(10.0)
    with pytest.raises(LocalError, match="can't be scheduled"):
        heap.at(time, lambda _: None)


def test_time_does_not_go_back() -> None:
    heap = Heap(10.0)
    with pytest.raises(LocalError, match="can't go back"):
        heap.run_until(9.0)


def test_an_event_that_keeps_rescheduling_itself_for_now_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.clock.MAX_EVENTS_AT_ONE_TIME", 100)
    heap = Heap()

    def again(now: float) -> None:
        heap.at(now, again)

    heap.at(1.0, again)
    with pytest.raises(LocalError, match="keeps rescheduling"):
        heap.run_until(2.0)


def test_many_events_at_different_times_are_no_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.clock.MAX_EVENTS_AT_ONE_TIME", 3)
    heap = Heap()
    seen: list[float] = []
    for number in range(12):
        heap.at(float(number // 3), seen.append)
    heap.run_until(4.0)
    assert len(seen) == 12
