"""The networked examples of README and how-to, run as a reader would: one process each."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOW_TO = ROOT / "docs" / "how-to" / "library-use.md"
README = ROOT / "README.md"


def examples(document: Path) -> dict[str, str]:
    """Station, car and what joins both, by the names the text gives them."""
    found: dict[str, str] = {}
    for block in re.findall(r"```python\n(.*?)```", document.read_text(), re.DOTALL):
        if "evse.AC_20" in block:
            found["ac"] = block
        elif "evse.Station" in block and "ev.Car" in block:
            found["site"] = block
        elif "evse.Station" in block:
            found["station"] = block
        elif "ev.Car" in block:
            found["car"] = block
    return found


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.bind(("::1", 0))
        return int(sock.getsockname()[1])


def start(folder: Path, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, f"{name}.py"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("document", [README, HOW_TO], ids=["README", "how-to"])
def test_examples_of_station_and_car(document, tmp_path):
    blocks = examples(document)
    # The port of the standard may be taken on the machine that tests; the examples name it, or imply it.
    port = free_udp_port()
    station = blocks["station"].replace("sdp_port=15118", f"sdp_port={port}")
    car = blocks["car"].replace("lab_plain_tcp=True", f"sdp_port={port}, lab_plain_tcp=True")
    assert str(port) in station
    assert str(port) in car
    (tmp_path / "station.py").write_text(station)
    (tmp_path / "car.py").write_text(car)
    processes = [start(tmp_path, "station"), start(tmp_path, "car")]
    try:
        told = [process.communicate(timeout=120)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], told
    assert "Ended(reason='SessionStop', error=None, paused=False" in told[0]
    assert "giving 12.5 A" in told[1]
    assert "Ended(reason='SessionStop', error=None, paused=False" in told[1]


def test_example_of_several_outlets(tmp_path):
    for name, block in examples(HOW_TO).items():
        (tmp_path / f"{name}.py").write_text(block)
    process = start(tmp_path, "site")
    try:
        told, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0, told
    assert told.count("Ended(reason='SessionStop', error=None, paused=False") == 4


def test_example_of_ac(tmp_path):
    (tmp_path / "ac.py").write_text(examples(HOW_TO)["ac"])
    process = start(tmp_path, "ac")
    try:
        told, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0, told
    assert told.count("Ended(reason='SessionStop', error=None, paused=False") == 2
