"""Sessions with a stack that no one here wrote; run by ``make interop`` (root, ``ip`` and Java).

The environment with Josev is made in ``out/josev`` on the first run, or named by ``JOSEV_VENV``. When all four sessions
have run, docs/interop/josev.md says what came of them.
"""

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.peers.josev import harness

pytestmark = pytest.mark.interop

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "interop" / "josev.md"


@pytest.fixture(scope="module")
def josev() -> Path:
    """Josev's interpreter."""
    lacking = harness.missing()
    if lacking is not None:
        pytest.skip(f"needs {lacking}")
    return harness.environment(Path(os.environ.get("JOSEV_VENV", ROOT / "out" / "josev")))


@pytest.fixture(scope="module")
def outcomes() -> Iterator[list[harness.Outcome]]:
    done: list[harness.Outcome] = []
    yield done
    if len(done) == 4:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(harness.report(done, dt.datetime.now(tz=dt.UTC).date().isoformat()))


@pytest.mark.parametrize("control", ["scheduled", "dynamic"])
@pytest.mark.parametrize("session", [harness.foreign_car, harness.foreign_station], ids=["its car", "its station"])
def test_dc_bpt_to_session_stop(session, control, josev, outcomes, tmp_path):
    with harness.link() as where:
        outcome = session(josev, where, control, tmp_path)
    outcomes.append(outcome)
    assert outcome.regular, f"{outcome.ours}\n--- Josev\n{outcome.theirs[-4000:]}"
    assert outcome.loops > 3
    assert outcome.least_current_a < -5, "power flows out of the car"
    assert outcome.exported_wh is None or outcome.exported_wh > 0
