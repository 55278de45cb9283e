"""``v2g sim run`` and ``v2g sim list``."""

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


NAME = "dc_bpt-dynamic-ev_stop"


def test_a_file_that_meets_its_end_is_zero_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", NAME) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"met     {NAME}  DC_BPT, Dynamic control: the driver ends the session: completed")
    assert "ok  meter, battery and losses add up" in out
    assert "exported" in out


def test_one_that_does_not_is_one_and_says_what_was_missed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", NAME, "ac-dynamic-normal", "--set", "expect.service=DC_BPT") == 1
    out = capsys.readouterr().out
    assert "missed  ac-dynamic-normal" in out
    assert "not  the service is DC_BPT: AC" in out
    assert "1 of 2 met their expected end" in out


def test_a_mistake_is_two_and_nothing_is_played(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wrong.toml").write_text('title = "x"\ncarr = 3\n', encoding="utf-8")
    assert run("run", NAME, str(tmp_path / "wrong.toml")) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "wrong.toml: carr: no such key, did you mean car?" in captured.err


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ([], "name a scenario file"),
        (["nowhere"], "no file 'nowhere', and no shipped scenario"),
        ([NAME, "--set", "x"], "KEY=VALUE is needed"),
        ([NAME, "--set", "car.services=['AC']", "--set", "station.services=['AC', 'DC']"], "either AC or DC"),
    ],
)
def test_what_is_wrong_on_the_command_line_is_told(
    words: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", *words) == 2
    assert error in capsys.readouterr().err


def test_trace_summary_and_report_lie_in_a_folder_of_the_run(tmp_path: Path) -> None:
    assert run("run", f"{NAME}.toml", "--out", str(tmp_path), "--seed", "7") == 0
    folder = tmp_path / NAME
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["ok"] is True
    assert summary["seed"] == 7
    assert all(check["ok"] for check in summary["checks"])
    assert "</html>" in (folder / "report.html").read_text(encoding="utf-8")
    lines = (folder / "trace.jsonl").read_text(encoding="utf-8").splitlines()
    assert any(json.loads(line)["name"] == "SessionStopReq" for line in lines)


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert run("run", NAME, "--out", str(tmp_path / "file")) == 2
    assert "can't write to" in capsys.readouterr().err


def test_two_runs_do_not_write_to_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", NAME, NAME, "--out", str(tmp_path)) == 2
    assert "two runs would be written to" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "trace.jsonl").symlink_to("/dev/full")
    assert run("run", NAME, "--out", str(tmp_path)) == 2
    assert capsys.readouterr().err.endswith("No space left on device\n")


def test_the_list_has_a_line_for_each_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith(NAME) and line.endswith("the driver ends the session") for line in lines)
