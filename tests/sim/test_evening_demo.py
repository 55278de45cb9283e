"""The demo as users run it: what it promises, recomputed from what it wrote."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from iso15118.cli import main
from sim.evening import Evening
from sim.report import report_html, summary_lines
from sim.result import Result
from sim.scenario import FidelityMode, Scenario, evening
from sim.world import simulate


def play(scenario: Scenario) -> tuple[Result, list[str]]:
    lines: list[str] = []
    return simulate(scenario, Evening.of(scenario), trace=lines.append), lines


@pytest.fixture(scope="module")
def paced() -> tuple[Result, list[str]]:
    return play(evening())


def check(result: Result) -> None:
    """What the demo promises."""
    assert result.ok, (result.errors, result.violations)
    assert result.exported_wh == pytest.approx(15_000, abs=50)
    assert 0.85 <= result.soc_departure <= 0.88
    assert result.iso_session.import_wh == pytest.approx(result.ocpp_session.import_wh, abs=1)
    assert result.iso_session.export_wh == pytest.approx(result.ocpp_session.export_wh, abs=1)
    assert result.iso_session.export_wh == pytest.approx(result.exported_wh, abs=1)
    assert result.iso_session.import_wh == pytest.approx(result.imported_wh, abs=1)
    stored = result.battery_in_wh - result.battery_out_wh
    assert result.imported_wh - result.exported_wh == pytest.approx(stored + sum(result.losses_wh.values()), abs=2)
    assert all(loss > 0 for loss in result.losses_wh.values())
    assert all(abs(sample.grid_w) <= 11_000 * 1.001 for sample in result.samples)


def test_the_evening_keeps_its_promises(paced: tuple[Result, list[str]]) -> None:
    result, _ = paced

    check(result)
    assert result.mode == "paced"
    assert set(result.timer_overrides) == {
        "EVCC_CHARGE_LOOP_INTERVAL",
        "EVCC_PERFORMANCE_CHARGE_LOOP",
        "SECC_SEQUENCE_CHARGE_LOOP",
    }


def told(rows: list[dict[str, Any]]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Registers of the session as the messages in the trace tell them: to the car, and to the back end."""
    iso = (0, 0)
    ocpp: list[tuple[int, int]] = []
    for row in rows:
        meter = row["body"].get("MeterInfo") if row["name"] == "DC_ChargeLoopRes" and row["at"] == "EV" else None
        if meter is not None:
            iso = meter["ChargedEnergyReadingWh"], meter["BPT_DischargedEnergyReadingWh"]
        if row["name"] == "TransactionEvent" and row["at"] == "CSMS":
            for value in row["body"].get("meterValue", []):
                registers = {
                    sampled["measurand"]: round(sampled["value"])
                    for sampled in value["sampledValue"]
                    if sampled.get("measurand", "").startswith("Energy.Active")
                    and sampled["measurand"].endswith(".Register")
                }
                if len(registers) == 2:
                    ocpp.append(
                        (registers["Energy.Active.Import.Register"], registers["Energy.Active.Export.Register"])
                    )
    first, last = ocpp[0], ocpp[-1]
    return iso, (last[0] - first[0], last[1] - first[1])


def test_the_summary_is_what_the_messages_say(paced: tuple[Result, list[str]]) -> None:
    result, lines = paced

    iso, ocpp = told([json.loads(line) for line in lines])

    assert iso == (result.iso_session.import_wh, result.iso_session.export_wh)
    assert ocpp == (result.ocpp_session.import_wh, result.ocpp_session.export_wh)


def test_the_trace_has_the_documented_shape(paced: tuple[Result, list[str]]) -> None:
    result, lines = paced
    rows = [json.loads(line) for line in lines]

    assert {row["kind"] for row in rows} == {"iso15118", "ocpp", "state"}
    assert {row["at"] for row in rows} == {"EV", "SECC", "CSMS", "plant"}
    for row in rows:
        assert list(row) == ["t", "at", "kind", "direction", "name", "body", "repeat"]
        assert row["direction"] in (("tx", "rx") if row["kind"] != "state" else (None,))
    times = [row["t"] for row in rows]
    assert times == sorted(times)
    sent = sum(row["repeat"] for row in rows if row["kind"] == "iso15118" and row["direction"] == "tx")
    assert sent == result.messages["iso15118"]
    delivered = sum(row["repeat"] for row in rows if row["kind"] == "ocpp" and row["direction"] == "rx")
    assert delivered == result.messages["ocpp"]


def test_the_back_end_samples_no_faster_than_a_minute(paced: tuple[Result, list[str]]) -> None:
    rows = [json.loads(line) for line in paced[1]]
    periodic = [
        row["t"]
        for row in rows
        if row["name"] == "TransactionEvent"
        and row["at"] == "SECC"
        and row["body"].get("triggerReason") == "MeterValuePeriodic"
    ]

    assert len(periodic) > 700
    assert min(b - a for a, b in pairwise(periodic)) >= 59.9


def test_the_command_writes_three_files_and_the_same_seed_makes_the_same_trace(
    paced: tuple[Result, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "out"
    with pytest.raises(SystemExit) as end:
        main(["sim", "evening", "--out", str(out)])
    assert not end.value.code

    summary = json.loads((out / "summary.json").read_text())
    assert summary["exported_wh"] == pytest.approx(15_000, abs=50)
    assert summary.keys() >= {
        "exported_wh", "imported_wh", "soc_arrival", "soc_departure", "battery_out_wh", "battery_in_wh", "losses_wh",
        "iso_session", "ocpp_session", "messages", "mode", "timer_overrides", "virtual_seconds", "wall_seconds", "seed",
    }  # fmt: skip
    assert (out / "report.html").read_text().startswith("<!doctype html>")
    trace = (out / "trace.jsonl").read_text().splitlines()
    assert json.loads(trace[0])["t"] == 0.0
    assert trace == [line.rstrip("\n") for line in paced[1]]
    told = capsys.readouterr().out
    assert told.count("SOC") == 14, "a line an hour where there is no terminal"
    assert "exported" in told


def test_another_seed_makes_another_trace(paced: tuple[Result, list[str]]) -> None:
    assert play(evening(seed=2))[1] != paced[1]


def test_the_report_is_one_file_with_everything_in_it(paced: tuple[Result, list[str]]) -> None:
    result, _ = paced
    page = report_html(evening(), result)

    assert "15.00 kWh out of the car" in page
    assert page.count("<svg") == 2
    assert "http://" not in page
    assert "https://" not in page
    assert "<link" not in page
    assert "src=" not in page
    for label, value in summary_lines(result)[:2]:
        assert label
        assert value


@pytest.mark.slow
def test_the_evening_in_true_mode() -> None:
    result, lines = play(evening(mode=FidelityMode.TRUE))

    check(result)
    assert result.messages["iso15118"] > 2 * 180_000
    assert told([json.loads(line) for line in lines])[0] == (
        result.iso_session.import_wh,
        result.iso_session.export_wh,
    )
