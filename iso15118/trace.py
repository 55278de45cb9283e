"""One JSON line an event, the same schema for a simulation, a laboratory and real life.

``{"t": s, "at": "EV"|"SECC"|"CSMS"|"plant", "kind": "iso15118"|"ocpp"|"state"|"warning",
"direction": "tx"|"rx"|null, "name": MESSAGE, "body": OBJECT, "repeat": N}``

A message on a side stream has one key more, ``"stream": "SCHEDULE_RENEGOTIATION"`` or what its payload type is called.

Charge loops that are equal but for time stamps and measured values are collapsed: of a run the first and the last are
kept whole, and one line between them stands for the others with their count in ``repeat`` (its time and body are those
of the first of them). Lines are written in the order of events, streamed; a run is held back until it ends.

Imports nothing of ours: whoever traces says what makes two messages equal (``run``).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import msgspec

__all__ = ["Trace"]

_Line = tuple[int, float, str, str, str | None, str, Callable[[], Any], str | None, int]


class _Run:
    """A run of equal messages of one stream: the first is written, the rest is waiting."""

    __slots__ = ("count", "first_waiting", "key", "last")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.first_waiting: _Line | None = None
        self.last: _Line | None = None
        self.count = 0


class Trace:
    """Writes events as JSON lines."""

    def __init__(self, write: Callable[[str], object]) -> None:
        """``write`` takes one line with its newline, for instance a text file's ``write``."""
        self._write = write
        self._runs: dict[tuple[str, str | None, str], _Run] = {}
        self._encode = msgspec.json.Encoder().encode
        self._serial = 0
        self.events = 0
        """Events traced, collapsed ones included."""

    def event(
        self,
        t: float,
        at: str,
        kind: str,
        direction: str | None,
        name: str,
        body: Callable[[], Any],
        *,
        run: Hashable = None,
        stream: str | None = None,
    ) -> None:
        """Trace one event.

        Args:
            t: Seconds on the run's clock.
            at: Who saw it.
            kind: ``iso15118``, ``ocpp``, ``state`` or ``warning`` (about a message of that name).
            direction: ``tx``, ``rx`` or None.
            name: Message or state name.
            body: Makes what stands in ``body``; called when and if the line is written.
            run: Equal and not None: the event may be collapsed with its predecessor of the same place, direction and
                name.
            stream: Name of the side stream; None for the main stream, and for what is no message.
        """
        self.events += 1
        self._serial += 1
        line: _Line = (self._serial, t, at, kind, direction, name, body, stream, 1)
        key = (at, direction, name)
        current = self._runs.get(key)
        if run is not None and current is not None and current.key == run:
            if current.last is not None:
                current.first_waiting = current.first_waiting or current.last
                current.count += 1
            current.last = line
            return
        # Streams interleave (requests and responses, seen on both sides): a new run of one leaves the others alone as
        # long as nothing is held back that would have to stand before this line.
        if run is None or any(waiting.last is not None for waiting in self._runs.values()):
            self.flush()
        self._put(line)
        if run is not None:
            self._runs[key] = _Run(run)

    def flush(self) -> None:
        """Write what is held back, and end all runs."""
        if not self._runs:
            return
        waiting: list[_Line] = []
        for run in self._runs.values():
            if run.first_waiting is not None:
                waiting.append((*run.first_waiting[:-1], run.count))
            if run.last is not None:
                waiting.append(run.last)
        # A run that is flushed goes on as a new one: its next message is kept whole again.
        self._runs.clear()
        for line in sorted(waiting, key=lambda line: line[0]):
            self._put(line)

    def _put(self, line: _Line) -> None:
        _, t, at, kind, direction, name, body, stream, repeat = line
        row = {
            "t": round(t, 3),
            "at": at,
            "kind": kind,
            "direction": direction,
            "name": name,
            "body": body(),
            "repeat": repeat,
        }
        if stream is not None:
            row["stream"] = stream
        self._write(self._encode(row).decode() + "\n")
