"""What is read from a run's folder, without a peer: a run that came to nothing must not look like one that did."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from conformance.peers.josev import harness
from conformance.peers.josev.capture import FILE_HEADER, record
from conformance.peers.josev.outcome import Outcome, Run, read_outcome
from conformance.peers.josev.report import report

AC = Run(peer="EVCC", service="AC_BPT", control="dynamic")
DC = Run(peer="SECC", service="DC", control="scheduled")
STOP = ("SessionStopReq", "SessionStopRes")
LIMIT = '{"state": "ACChargeLoop", "reason": "TimeoutError occurred. Waited for 0.5 s after sending last message: AC_Cha..."}'


def watts(value: int) -> dict[str, int]:
    return {"Exponent": 0, "Value": value}


def folder(path: Path, rows: list[tuple[str, dict[str, Any], int]], ours: str = "", theirs: str = "") -> Path:
    path.mkdir(exist_ok=True)
    lines = [json.dumps({"kind": "iso15118", "name": n, "body": b, "repeat": r}) for n, b, r in rows]
    (path / "trace.jsonl").write_text("\n".join(lines))
    (path / "ours.txt").write_text(ours)
    (path / "theirs.txt").write_text(theirs)
    return path


def read(run: Run, path: Path, *, well: bool = True) -> Outcome:
    return read_outcome(run, path, well, 1.0, ())


def test_ac_is_told_by_the_power_of_all_lines(tmp_path) -> None:
    mode = {"EVPresentActivePower": watts(-2_000), "EVPresentActivePower_L2": watts(-1_000), "EVTarget": watts(9)}
    loop = [("AC_ChargeLoopReq", {"BPT_Dynamic_AC_CLReqControlMode": mode}, 5), ("AC_ChargeLoopRes", {}, 5)]
    rows = [*loop, *((name, {}, 1) for name in STOP)]
    outcome = read(AC, folder(tmp_path, rows, "session 1 imported 1 Wh, exported 20 Wh (registers ...)"))
    assert (outcome.least_power_w, outcome.least_current_a) == (-3_000.0, None)
    assert (outcome.messages, outcome.loops, outcome.charged_wh, outcome.discharged_wh) == (12, 5, 1.0, 20.0)
    assert outcome.regular


def test_dc_is_told_by_what_the_station_says(tmp_path) -> None:
    answers = [{"EVSEPresentVoltage": watts(400), "EVSEPresentCurrent": watts(a)} for a in (3, -2)]
    rows = [("DC_ChargeLoopRes", body, 1) for body in answers]
    outcome = read(DC, folder(tmp_path, rows, "the battery took 3.5 Wh and gave 0.2 Wh"))
    assert (outcome.least_power_w, outcome.least_current_a) == (-800.0, -2.0)
    assert (outcome.charged_wh, outcome.discharged_wh) == (3.5, 0.2)
    assert not outcome.regular, "there was no SessionStop"


def test_a_fault_or_no_trace_at_all_is_no_regular_end(tmp_path) -> None:
    rows = [(name, {}, 1) for name in STOP]
    assert not read(DC, folder(tmp_path, rows), well=False).regular
    (tmp_path / "trace.jsonl").unlink()
    assert not read(DC, tmp_path).regular


def attempts(path: Path, *theirs: str) -> tuple[Outcome, list[str]]:
    """Runs that leave these words of the peer, one after the other; the last outcome, and what was not needed."""
    left = list(theirs)

    def attempt(retries: tuple[str, ...]) -> Outcome:
        said = left.pop(0)
        folder(path, [] if said else [(name, {}, 1) for name in STOP], theirs=said)
        return read_outcome(DC, path, not said, 1.0, retries)

    return harness.begin_again(attempt, path), left


def test_only_the_peers_own_limit_has_a_run_begun_again(tmp_path) -> None:
    path = tmp_path / "run"
    outcome, left = attempts(path, LIMIT, LIMIT, "", "never come to")
    assert outcome.regular
    assert outcome.retries == ("TimeoutError occurred. Waited for 0.5 s",) * 2
    assert LIMIT in (path / "attempt-2" / "theirs.txt").read_text()
    assert (path / "theirs.txt").read_text() == ""
    assert left == ["never come to"]
    outcome, left = attempts(path, LIMIT, LIMIT, LIMIT, "")
    assert (outcome.regular, left) == (False, [""]), "and at most twice"
    outcome, left = attempts(path, "ValueError", "")
    assert (outcome.regular, left) == (False, [""])


def test_the_page_has_a_row_for_each_run(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("subprocess.run", lambda *_, **__: type("Done", (), {"stderr": "openjdk 17\n"})())
    outcome = read(AC, folder(tmp_path, [(name, {}, 1) for name in STOP]))
    page = report([outcome], "2026-01-02")
    assert "Run on 2026-01-02" in page
    assert (
        "| AC_BPT | dynamic | its car, our station | to SessionStop | 2 | 0 | - | 0 W | 0 Wh | 0 Wh | 1 s | none |"
        in page
    )


def test_frames_are_written_as_pcap_has_them() -> None:
    assert len(FILE_HEADER) == 24
    at_s, micros, length, original = struct.unpack("<IIII", record(1.5, b"frame")[:16])
    assert (at_s, micros, length, original) == (1, 500_000, 5, 5)


def test_the_matrix_is_whole() -> None:
    assert len({run.name for run in harness.RUNS}) == 16
