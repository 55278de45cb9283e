"""Sessions with a stack that no one here wrote; run by ``make interop`` (root, ``ip`` and Java).

The environment with Josev is made in ``out/josev`` on the first run, or named by ``JOSEV_VENV``. Each run leaves its trace, both
sides' output and a pcap in ``out/interop/``. When all sixteen sessions have run, docs/interop/josev.md says what came of them.
"""

import datetime as dt
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.peers.josev import harness
from conformance.peers.josev.link import link
from conformance.peers.josev.outcome import Outcome, Run
from conformance.peers.josev.report import report

pytestmark = pytest.mark.interop

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "out" / "interop"
PAGE = ROOT / "docs" / "interop" / "josev.md"


@pytest.fixture(scope="module")
def josev() -> Path:
    """Josev's interpreter."""
    lacking = harness.missing()
    if lacking is not None:
        pytest.skip(f"needs {lacking}")
    return harness.environment(Path(os.environ.get("JOSEV_VENV", ROOT / "out" / "josev")))


@pytest.fixture(scope="module")
def outcomes() -> Iterator[list[Outcome]]:
    done: list[Outcome] = []
    yield done
    if len(done) == len(harness.RUNS):
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(report(done, dt.datetime.now(tz=dt.UTC).date().isoformat()))


@pytest.mark.parametrize("run", harness.RUNS, ids=lambda run: run.name)
def test_to_session_stop(run: Run, josev, outcomes):
    folder = OUTPUT / run.name
    with link() as where:
        outcome = harness.run(run, josev, where, folder)
    outcomes.append(outcome)
    assert outcome.regular, f"{outcome.ours}\n--- Josev\n{outcome.theirs[-4000:]}"
    assert outcome.loops > 3
    if run.bidirectional:
        assert outcome.least_power_w < -2_000, "power flows out of the car"
        assert outcome.discharged_wh > 0
        assert outcome.least_current_a is None or outcome.least_current_a < -5
    else:
        assert outcome.least_power_w >= 0
        assert (outcome.charged_wh > 0, outcome.discharged_wh) == (True, 0)
    assert (folder / "cable.pcap").stat().st_size > 10_000
    rows = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
    assert sum(row["repeat"] for row in rows if row["kind"] == "iso15118") == outcome.messages
