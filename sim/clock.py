"""Virtual time: one heap of events, run in order, as fast as the machine can."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable

from iso15118.errors import LocalError

__all__ = ["MAX_EVENTS_AT_ONE_TIME", "Callback", "Handle", "Heap"]

MAX_EVENTS_AT_ONE_TIME = 100_000
"""Events that may share one instant before the heap calls it a loop that never lets time pass (our figure)."""

Callback = Callable[[float], None]
"""What runs at an instant; it is given that instant in seconds."""


class Handle:
    """An event that was put on the heap; whoever holds it may cancel it, any number of times."""

    __slots__ = ("_callback", "time")

    def __init__(self, time: float, callback: Callback) -> None:
        self.time = time
        self._callback: Callback | None = callback

    @property
    def pending(self) -> bool:
        """True until the event has run or was cancelled."""
        return self._callback is not None

    def cancel(self) -> None:
        """Keep the event from running; without effect once it has run."""
        self._callback = None

    def run(self) -> bool:
        """Run the event if it is still pending and say whether it was."""
        callback, self._callback = self._callback, None
        if callback is None:
            return False
        callback(self.time)
        return True


class Heap:
    """The virtual clock and what is to happen on it.

    Events at different times run in order of time, events at the same time in the order they were put on the heap, so
    a run depends on nothing but its inputs. Callbacks may put new events on the heap, also at the present instant.
    """

    def __init__(self, now: float = 0.0) -> None:
        self._now = now
        self._sequence = 0
        self._entries: list[tuple[float, int, Handle]] = []
        self._at_this_time = 0

    @property
    def now(self) -> float:
        """Virtual time in seconds, on the scale that the constructor began; never goes back."""
        return self._now

    def at(self, time: float, callback: Callback) -> Handle:
        """Have ``callback`` run at ``time`` (seconds, not before :attr:`now`).

        Raises:
            LocalError: the time lies in the past or is not finite.
        """
        if not self._now <= time < math.inf:
            raise LocalError(
                f"an event at {time} s can't be scheduled at {self._now} s: give a finite time, now or later"
            )
        handle = Handle(time, callback)
        heapq.heappush(self._entries, (time, self._sequence, handle))
        self._sequence += 1
        return handle

    def next_time(self) -> float | None:
        """When the next pending event is due, in seconds; None when there is none."""
        entries = self._entries
        while entries and not entries[0][2].pending:
            heapq.heappop(entries)
        return entries[0][0] if entries else None

    def run_next(self) -> bool:
        """Go to the next pending event and run it; False, and no time passes, when there is none.

        Raises:
            LocalError: more than :data:`MAX_EVENTS_AT_ONE_TIME` events ran without time passing.
        """
        time = self.next_time()
        if time is None:
            return False
        handle = heapq.heappop(self._entries)[2]
        self._at_this_time = self._at_this_time + 1 if time == self._now else 1
        if self._at_this_time > MAX_EVENTS_AT_ONE_TIME:
            raise LocalError(f"{MAX_EVENTS_AT_ONE_TIME} events ran at {time} s: one keeps rescheduling itself for now")
        self._now = time
        handle.run()
        return True

    def run_until(self, time: float) -> None:
        """Run everything due up to and including ``time`` (seconds); afterwards :attr:`now` is ``time``.

        Raises:
            LocalError: the time lies in the past, or :meth:`run_next` gave up.
        """
        if time < self._now:
            raise LocalError(f"virtual time can't go back from {self._now} s to {time} s")
        while True:
            due = self.next_time()
            if due is None or due > time:
                break
            self.run_next()
        self._now = time
