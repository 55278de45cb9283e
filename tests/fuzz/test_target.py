"""The target under the fuzzer itself, where that is installed (make fuzz installs it)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.seeds import write_seeds

ROOT = Path(__file__).parents[2]
pytest.importorskip("atheris")


def test_a_short_run_sees_branches_and_counts(tmp_path):
    write_seeds("AppProtocol", tmp_path / "seeds")
    (tmp_path / "corpus").mkdir()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "fuzz.target", "--key", "AppProtocol", "--numbers", str(tmp_path / "numbers")),
            *("-runs=12000", "-seed=1", "-max_len=300", "-print_final_stats=1"),
            *(str(tmp_path / "corpus"), str(tmp_path / "seeds")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    watched = re.search(r"^(\d+) functions of AppProtocol are watched", done.stderr, re.MULTILINE)
    # The generated readers, writers and JSON writers of three classes, and a few modules.
    assert watched
    assert int(watched[1]) >= 30
    assert "stat::number_of_executed_units: 12000" in done.stderr
    numbers = json.loads((tmp_path / "numbers").read_text())
    assert numbers["inputs"] == 10_000 == numbers["accepted"] + numbers["refused"] + numbers["dialect"]
    assert len(list((tmp_path / "corpus").iterdir())) > 20
