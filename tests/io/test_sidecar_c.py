"""The reference client in C, built and run: a session that gives power back, three processes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_two_processes import LAB, LIMIT_S, finish, v2g

SOURCE = Path(__file__).parents[2] / "examples" / "sidecar" / "outlet.c"
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")

pytestmark = pytest.mark.skipif(
    COMPILER is None or sys.platform != "linux", reason="needs a C compiler and Unix sockets"
)


def test_an_outlet_in_c_takes_power_out_of_a_car(tmp_path: Path) -> None:
    program, sock = tmp_path / "outlet", tmp_path / "s"
    build = (COMPILER or "cc", "-Wall", "-Wextra", "-Werror", "-std=c99", "-D_POSIX_C_SOURCE=200809L")
    subprocess.run([*build, "-o", program, SOURCE, "-lm"], check=True, timeout=LIMIT_S)
    with v2g("evse", *LAB, "--no-sdp", "--sidecar", str(sock), "--connections", "1") as station:
        assert station.stdout is not None
        assert station.stdout.readline() == f"waiting for firmware on {sock}\n"
        with subprocess.Popen(
            [program, sock, "-6000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as outlet:
            assert outlet.stdout is not None
            found = re.search(r'"port":(\d+)', outlet.stdout.readline())
            assert found is not None
            with v2g("ev", *LAB, "--port", found[1], "--seconds", "2") as car:
                told = finish(car)
            said = finish(outlet)
        finish(station)
    assert "session ended regularly" in told
    assert '{"tell":{"Ended":{"reason":"SessionStop","error":null' in said
    given = re.search(r"discharged ([\d.]+) Wh", said)
    assert given is not None
    assert float(given[1]) > 1.0
