"""The how-tos for firmware teams, run as a reader would."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from tests.test_library_use import ROOT, start

HOW_TO = ROOT / "docs" / "how-to"
MOST_LINES = 15
"""What a firmware team has to write for a working DC_BPT station."""


def blocks(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (HOW_TO / name).read_text(), re.DOTALL)


def free_tcp_port() -> int:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
        sock.bind(("::1", 0))
        return int(sock.getsockname()[1])


def run(folder: Path, *names: str) -> list[str]:
    processes = [start(folder, name) for name in names]
    try:
        told = [process.communicate(timeout=120)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0] * len(names), told
    return told


def patient(car: str, port: int) -> str:
    """The example car, at another port, and one that tries until the station is there."""
    run_it = re.search(r"^print\((.*)\)$", car, re.MULTILINE)
    assert run_it is not None
    again = f"""
import time
from iso15118.errors import SessionError
for _ in range(600):
    try:
        print({run_it[1]})
        break
    except SessionError:
        time.sleep(0.1)
"""
    return (car.replace(run_it[0], "") + again).replace("49152", str(port))


def test_a_station_takes_fifteen_lines() -> None:
    station = blocks("integrate-a-charger.md")[0]
    lines = [line for line in station.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(lines) <= MOST_LINES


def test_the_station_and_the_car(tmp_path: Path) -> None:
    port = free_tcp_port()
    station = blocks("integrate-a-charger.md")[0].replace("49152", str(port))
    setpoint = "outlet = Outlet()\noutlet.setpoint_w = -6000.0\nevse.Station(outlet,"
    (tmp_path / "outlet.py").write_text(station.replace("evse.Station(Outlet(),", setpoint))
    (tmp_path / "mycar.py").write_text(patient(blocks("integrate-a-car.md")[0], port))
    _, told = run(tmp_path, "outlet", "mycar")
    assert "error=None" in told


def test_the_driver_without_asyncio(tmp_path: Path) -> None:
    port = free_tcp_port()
    station, driver = blocks("integrate-a-charger.md")[:2]
    ports = station[: station.index("evse.Station(")] + "Outlet.target_w = lambda self, now: -6000.0\n"
    (tmp_path / "outlet_ports.py").write_text(ports)
    (tmp_path / "driver.py").write_text(driver.replace("49153", str(port)))
    (tmp_path / "mycar.py").write_text(patient(blocks("integrate-a-car.md")[0], port))
    said, told = run(tmp_path, "driver", "mycar")
    assert said == "ended: regularly\n"
    assert "error=None" in told
