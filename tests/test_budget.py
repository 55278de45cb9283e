"""The memory budget of docs/decisions/0004: what a station's core takes above the bare interpreter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PEAK_MIB = "print([int(line.split()[1]) / 1024 for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"
CORE = """
import iso15118.sdp, iso15118.session.secc, iso15118.v2gtp
from iso15118 import exi
for key in ('AppProtocol', 'CommonMessages', 'DC'):
    exi.warm(key)
"""
BUDGET_MIB = 16.0


def peak_mib(code):
    # The compiled codec, where there is one, takes 3.5 MiB more (docs/decisions/0007).
    environment = {**os.environ, "EVBPT_EXI_BACKEND": "generated"}
    done = subprocess.run(
        [sys.executable, "-c", code + PEAK_MIB], capture_output=True, text=True, check=True, cwd=ROOT, env=environment
    )
    return float(done.stdout)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc, as on Linux")
def test_the_core_fits_its_memory_budget():
    assert peak_mib(CORE) - peak_mib("") < BUDGET_MIB
