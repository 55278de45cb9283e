"""The runner's book-keeping, with a child that is no fuzzer."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from fuzz import run
from fuzz.run import Piece, Work

FINISHED = "#8\tINITED cov: 3 ft: 4 corp: 5/6b\n#90\tDONE\nstat::number_of_executed_units: 100\n"
CRASHED = "#8\tINITED\nartifact_prefix='f/DC-'; Test unit written to f/DC-crash-00ff\n"


@pytest.fixture
def counts(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "COUNTS", tmp_path / "counts.json")
    return run.COUNTS


def piece(tmp_path, log: str, status: int, numbers: dict[str, int] | None = None, inputs: int = 100) -> Piece:
    process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({status})"])
    process.wait()
    (tmp_path / "log").write_text(log)
    if numbers is not None:
        (tmp_path / "numbers").write_text(json.dumps(numbers))
    return Piece("DC", 0, process, tmp_path / "log", tmp_path / "numbers", inputs)


def test_the_count_is_that_of_the_fuzzer():
    assert run.executed(FINISHED) == 100
    assert run.executed(CRASHED) == 8
    assert run.executed("SyntaxError\n") == 0


def test_pieces_add_up(tmp_path, counts):
    book = run.load_counts()
    assert book == {}
    for _ in range(2):
        assert run.finish(piece(tmp_path, FINISHED, 0, {"inputs": 90, "accepted": 7}), book) == []
    saved = json.loads(counts.read_text())
    assert saved == run.load_counts() == book
    assert saved["DC"]["executions"] == 200
    assert saved["DC"]["accepted"] == 14
    assert saved["DC"]["findings"] == []
    assert saved["DC"].keys() >= {"last", "version"}


def test_a_crash_is_a_finding_once(tmp_path, counts):
    book = run.load_counts()
    for _ in range(2):
        assert run.finish(piece(tmp_path, CRASHED, 77), book) == ["DC-crash-00ff"]
    assert run.load_counts()["DC"]["findings"] == ["DC-crash-00ff"]


def test_a_target_that_dies_without_an_input_is_a_finding_unless_it_was_stopped(tmp_path, counts):
    assert run.finish(piece(tmp_path, "SyntaxError\n", 1), {}) == ["exit status 1, see log"]
    assert run.finish(piece(tmp_path, FINISHED, 1), {}, stopped=True) == []


def test_work_goes_on_from_what_is_counted_until_the_number_is_reached(tmp_path, counts, monkeypatch):
    counts.write_text(json.dumps({"DC": {"executions": 150, "findings": []}}))
    started = []

    def start(work: Work, inputs: int, number: int) -> Piece:
        started.append(inputs)
        return piece(tmp_path, f"stat::number_of_executed_units: {inputs}\n", 0, inputs=inputs)

    monkeypatch.setattr(run, "start", start)
    assert run.run(["DC"], 400, 2, 100) == 0
    assert started == [100, 100, 50]
    assert run.load_counts()["DC"]["executions"] == 400
    assert run.run(["DC"], 400, 2, 100) == 0
    assert len(started) == 3
