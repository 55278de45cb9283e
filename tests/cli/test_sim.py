"""``v2g sim`` as a user meets it: files, plain lines, errors in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iso15118.cli import main


def run(*words: str) -> int:
    try:
        return main(["sim", *words])
    except SystemExit as end:
        return int(end.code or 0)


def test_the_evening_writes_its_three_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "out"
    assert run("evening", "--out", str(out)) == 0

    summary = json.loads((out / "summary.json").read_text())
    assert summary["exported_wh"] == pytest.approx(15_000, abs=50)
    assert summary.keys() >= {
        "exported_wh", "imported_wh", "soc_arrival", "soc_departure", "battery_out_wh", "battery_in_wh", "losses_wh",
        "iso_session", "ocpp_session", "messages", "mode", "timer_overrides", "virtual_seconds", "wall_seconds", "seed",
    }  # fmt: skip
    assert (out / "report.html").read_text().startswith("<!doctype html>")
    first = json.loads((out / "trace.jsonl").read_text().splitlines()[0])
    assert first["t"] == 0.0
    told = capsys.readouterr().out
    assert told.count("SOC") == 14, "a line an hour where there is no terminal"
    assert "exported" in told


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("evening", "--loop", "11"), "loop_s must be above 0 and at most 10"),
        (("evening", "--out", "/proc/nowhere"), "can't write to /proc/nowhere"),
    ],
)
def test_what_can_not_be_played_is_one_line(
    words: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2

    told = capsys.readouterr().err
    assert complaint in told
    assert told.count("\n") == 1
