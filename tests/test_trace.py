"""Traces: one line an event, runs of equal loops collapsed with nothing lost but the repetition."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from iso15118.trace import Trace


def written(events: list[tuple[str, Hashable]]) -> list[dict[str, Any]]:
    lines: list[str] = []
    trace = Trace(lines.append)
    for number, (name, run) in enumerate(events):
        trace.event(float(number), "EV", "iso15118", "tx", name, lambda number=number: {"n": number}, run=run)
    trace.flush()
    return [json.loads(line) for line in lines]


def test_a_line_has_the_documented_fields() -> None:
    (row,) = written([("SessionSetupReq", None)])

    assert row == {
        "t": 0.0,
        "at": "EV",
        "kind": "iso15118",
        "direction": "tx",
        "name": "SessionSetupReq",
        "body": {"n": 0},
        "repeat": 1,
    }


def test_of_a_run_the_first_and_the_last_are_kept_whole() -> None:
    rows = written([("A", None), *[("Loop", "same")] * 5, ("B", None)])

    assert [(row["name"], row["body"]["n"], row["repeat"]) for row in rows] == [
        ("A", 0, 1),
        ("Loop", 1, 1),
        ("Loop", 2, 3),
        ("Loop", 5, 1),
        ("B", 6, 1),
    ]


def test_interleaved_streams_collapse_each_by_itself() -> None:
    rows = written([("Req", 1), ("Res", 2)] * 10)

    assert [(row["name"], row["body"]["n"], row["repeat"]) for row in rows] == [
        ("Req", 0, 1),
        ("Res", 1, 1),
        ("Req", 2, 8),
        ("Res", 3, 8),
        ("Req", 18, 1),
        ("Res", 19, 1),
    ]


def test_a_different_loop_ends_a_run() -> None:
    rows = written([("Loop", 1), ("Loop", 1), ("Loop", 2)])

    assert [(row["body"]["n"], row["repeat"]) for row in rows] == [(0, 1), (1, 1), (2, 1)]


@given(st.lists(st.tuples(st.sampled_from(["Req", "Res", "Other"]), st.sampled_from([None, 1, 2]))))
def test_every_event_is_counted_once_and_time_never_runs_back(events: list[tuple[str, Hashable]]) -> None:
    rows = written(events)

    assert sum(row["repeat"] for row in rows) == len(events)
    times = [row["t"] for row in rows]
    assert times == sorted(times)
    for name in ("Req", "Res", "Other"):
        assert sum(row["repeat"] for row in rows if row["name"] == name) == sum(1 for n, _ in events if n == name)
