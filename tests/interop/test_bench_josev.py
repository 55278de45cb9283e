"""Josev's codec as the bench measures it; run by ``make interop``, needs Java."""

import os
from pathlib import Path

import pytest

from bench import josev
from bench.messages import LOOPS

pytestmark = pytest.mark.interop

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(josev.java_version() is None, reason="needs Java")
def test_its_codec_is_measured_and_what_it_cannot_do_has_a_reason():
    environment = Path(os.environ.get("JOSEV_VENV", ROOT / "out" / "josev"))
    figures, notes = josev.measure(environment, LOOPS, repeats=2)
    assert set(figures) == set(LOOPS), notes
    request, response = (figures[name] for name in LOOPS)
    for spread in (*request.values(), response["decode_us"], response["encode_us"]):
        assert 0 < spread["min"] <= spread["median"]
    assert response["from_exi_us"] is None
    assert any("BPT" in note for note in notes)
