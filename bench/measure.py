"""Takes turns between codecs, each in a process of its own.

In every repeat each message goes through all codecs one after the other, in a changing order, for some milliseconds
each. What else the machine does then hits them alike, and the minimum over many short batches is the undisturbed time.
"""

# Runs interpreters by design.
# ruff: noqa: S603

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from iso15118.exi.backend import BACKENDS, VARIABLE

__all__ = ["CODECS", "OPERATIONS", "Child", "Lost", "Spread", "Times", "codecs", "measure"]

ROOT = Path(__file__).parents[1]
CODECS = (*BACKENDS, "msgspec_json")
OPERATIONS = ("decode", "encode")


class Spread(TypedDict):
    """Microseconds a call takes, over the repeats."""

    min: float
    median: float


Times = dict[str, dict[str, dict[str, Spread]]]
"""By codec, message and operation."""


class Lost(Exception):
    """A measuring process ended or said something else than a figure; the text says which."""


class Child:
    """A measuring process and the one line it says at its start.

    Raises:
        Lost: It ended before it said anything.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], first_line: str = "") -> None:
        self.name = " ".join(command[1:])
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment},
            cwd=ROOT,
            text=True,
        )
        try:
            self.hello: Any = self._say(first_line) if first_line else self._hear()
        except Lost:
            self.close()
            raise

    def microseconds(self, message: str, operation: str, count: int) -> float:
        """How long one call takes, on average over ``count`` of them.

        Raises:
            Lost: The process is gone.
        """
        return float(self._say(json.dumps([message, operation, count]))) / count / 1e3

    def _say(self, line: str) -> Any:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Lost(f"{self.name} ended") from None
        return self._hear()

    def _hear(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        try:
            return json.loads(line)
        except ValueError:
            raise Lost(f"{self.name} {'said ' + repr(line) if line else 'ended'}") from None

    def close(self) -> None:
        """The end of its input ends the process; one that does not listen is killed."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def codecs(wanted: Iterable[str] = CODECS) -> Iterator[tuple[dict[str, Child], dict[str, str]]]:
    """The codecs that can be measured here, and why the others can't."""
    there: dict[str, Child] = {}
    missing: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        for codec in wanted:
            environment = {} if codec == "msgspec_json" else {VARIABLE: codec}
            child = Child([sys.executable, "-m", "bench.worker", codec], environment)
            stack.callback(child.close)
            if child.hello["reason"] is None:
                there[codec] = child
            else:
                missing[codec] = child.hello["reason"]
        yield there, missing


class _Task(NamedTuple):
    codec: str
    message: str
    operation: str


def measure(children: Mapping[str, Child], messages: Sequence[str], repeats: int, batch_us: float) -> Times:
    """Time both directions of every message by every codec.

    Args:
        children: The codecs, by name.
        messages: Names of messages.
        repeats: Batches of each.
        batch_us: About how long a batch takes, in microseconds.

    Raises:
        Lost: A process is gone.
    """
    counts: dict[_Task, int] = {}
    taken: dict[_Task, list[float]] = {}
    for repeat in range(repeats):
        order = list(children)
        order = order[repeat % len(order) :] + order[: repeat % len(order)]
        for message in messages:
            for operation in OPERATIONS:
                for codec in order:
                    task = _Task(codec, message, operation)
                    if task not in counts:
                        counts[task] = _count(children[codec], task, batch_us)
                    one = children[codec].microseconds(message, operation, counts[task])
                    taken.setdefault(task, []).append(one)
    return {
        codec: {
            message: {operation: spread(taken[_Task(codec, message, operation)]) for operation in OPERATIONS}
            for message in messages
        }
        for codec in children
    }


def spread(microseconds: Sequence[float]) -> Spread:
    return {"min": round(min(microseconds), 3), "median": round(statistics.median(microseconds), 3)}


def _count(child: Child, task: _Task, batch_us: float) -> int:
    """How many calls take about ``batch_us``; finding out warms the codec up."""
    count = 1
    while True:
        one = child.microseconds(task.message, task.operation, count)
        if one * count >= batch_us / 4:
            return max(1, round(batch_us / one))
        count *= 2
