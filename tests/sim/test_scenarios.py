"""Every shipped scenario file runs to its expected end, with energy conserved to 1 Wh; and none is missing."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from sim.scenario_file import load, shipped
from sim.verdict import BALANCE_WH, play_file

SERVICES = ("ac", "ac_bpt", "dc", "dc_bpt", "mcs", "mcs_bpt", "ac_der_iec", "ac_der_sae")
CONTROL = ("dynamic", "scheduled")
LIFE = ("normal", "ev_stop", "evse_stop", "pause", "evse_pause", "metering", "service_renegotiation",
        "schedule_renegotiation", "ev_schedule_renegotiation", "standby")  # fmt: skip


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_a_shipped_file_meets_its_expected_end(path: Path) -> None:
    file = load(path)
    outcome = play_file(file, name=path.stem)
    assert outcome.ok, outcome.failures()
    assert abs(outcome.result.gap_wh) <= BALANCE_WH
    assert outcome.result.messages["iso15118"] > 10


def test_there_is_a_file_for_each_service_control_mode_and_event_of_a_life() -> None:
    names = {path.stem for path in shipped()}
    wanted = {"-".join(parts) for parts in itertools.product(SERVICES, CONTROL, LIFE)}
    wanted |= {"ac_bpt-scheduled-prices", "dc-scheduled-price_levels", "ac_bpt-dynamic-prices",
               "dc_bpt-scheduled-energy_offer", "dc_bpt-dynamic-value_added"}  # fmt: skip
    assert names >= wanted


@pytest.mark.parametrize("path", [path for path in shipped() if "fault" not in path.stem], ids=lambda path: path.stem)
def test_a_file_of_the_matrix_says_how_much_energy_flows(path: Path) -> None:
    """Its set point over the time in which it could flow, so that a run without power can't pass."""
    expect = load(path).expect
    wanted = (expect.imported_wh or 0.0) + (expect.exported_wh or 0.0)
    assert wanted > 50.0
    takes = path.stem.endswith("-scheduled-prices")  # where all schedules charge
    gives = (not takes and "bpt" in path.stem) or "der" in path.stem or "service_renegotiation" in path.stem
    assert gives is (expect.exported_wh is not None)


@pytest.mark.parametrize("path", [path for path in shipped() if "fault" in path.stem], ids=lambda path: path.stem)
def test_a_file_of_a_fault_says_who_notices_or_how_much_flows_all_the_same(path: Path) -> None:
    expect = load(path).expect
    if expect.end == "completed":
        assert (expect.imported_wh, expect.exported_wh) != (None, None)
    else:
        assert expect.car_error or expect.station_error or expect.codes
