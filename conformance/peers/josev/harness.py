"""Runs one session with Josev on a link of two network namespaces. Needs root, ``ip`` and Java.

Our side runs as ``v2g``, as a user would start it; what happened is read from its trace.
"""

# Runs ``ip`` and interpreters by design.
# ruff: noqa: S603, S607

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import msgspec

from iso15118 import __version__
from iso15118.errors import LocalError

__all__ = [
    "JOSEV",
    "Link",
    "Outcome",
    "environment",
    "foreign_car",
    "foreign_station",
    "install",
    "link",
    "missing",
    "report",
]

JOSEV = "iso15118==0.31.2"
"""The release that these wrappers were written for."""

HERE = Path(__file__).parent
SESSION_LIMIT_S = 150.0
"""For a whole session, start of its JVM included."""


class Link(msgspec.Struct, frozen=True):
    """Two namespaces joined by a cable: names of namespaces and of the interfaces in them."""

    car: str
    station: str
    car_interface: str = "v2g-ev"
    station_interface: str = "v2g-se"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a session came to, as our side's trace and both sides' output tell."""

    peer: str
    """Which side was Josev's."""
    control: str
    regular: bool
    """Our side ended regularly and the last message was SessionStop."""
    messages: int
    loops: int
    least_current_a: float
    """EVSEPresentCurrent, the lowest: negative is discharge."""
    exported_wh: int | None
    """By our meter; None where the station is Josev's."""
    seconds: float
    last_messages: tuple[str, ...]
    ours: str
    """Our side's output."""
    theirs: str
    """Josev's output."""


def missing() -> str | None:
    """What this machine lacks, in words; None when nothing."""
    if os.geteuid() != 0:
        return "root (network namespaces)"
    for tool in ("ip", "java"):
        if shutil.which(tool) is None:
            return f"the program {tool}"
    return None


def install(python: Path) -> None:
    """Install Josev into the environment of ``python``, which must not be ours."""
    if python.parent == Path(sys.executable).parent:
        raise LocalError("Josev has our import name and needs an environment of its own")
    # aiofile is imported by its EVCC and not declared.
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", JOSEV, "aiofile"]
    subprocess.run(command, check=True)


def environment(folder: Path) -> Path:
    """The interpreter of a virtual environment with Josev in it, at ``folder``; made on first use."""
    python = folder / "bin" / "python"
    if not list(folder.glob("lib/python3*/site-packages/iso15118-*.dist-info")):
        folder.parent.mkdir(exist_ok=True)
        subprocess.run([sys.executable, str(HERE.parents[2] / "tools" / "make_venv.py"), str(folder)], check=True)
        install(python)
    return python


@contextlib.contextmanager
def link() -> Iterator[Link]:
    """Two network namespaces with a veth pair between them, removed afterwards."""
    made = Link(car=f"v2g-ev-{os.getpid()}", station=f"v2g-se-{os.getpid()}")
    try:
        for namespace in (made.car, made.station):
            _ip("netns", "add", namespace)
        _ip(
            *("link", "add", made.car_interface, "netns", made.car),
            *("type", "veth", "peer", "name", made.station_interface, "netns", made.station),
        )
        ends = ((made.car, made.car_interface), (made.station, made.station_interface))
        for namespace, interface in ends:
            # Duplicate address detection would keep the link-local address tentative for a second or two.
            setting = f"/proc/sys/net/ipv6/conf/{interface}/accept_dad"
            _ip("netns", "exec", namespace, "sh", "-c", f"echo 0 > {setting}")
            _ip("-n", namespace, "link", "set", "lo", "up")
            _ip("-n", namespace, "link", "set", interface, "up")
        for namespace, interface in ends:
            _await_address(namespace, interface)
        yield made
    finally:
        for namespace in (made.car, made.station):
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)


def foreign_car(python: Path, where: Link, control: str, folder: Path) -> Outcome:
    """Josev's EVCC against our station, DC_BPT, to SessionStop."""
    config = folder / "car.json"
    config.write_text(
        json.dumps(
            {
                "supportedProtocols": ["ISO_15118_20_DC"],
                "supportedEnergyServices": ["DC_BPT"],
                "isCertInstallNeeded": False,
                "useTls": False,
                "enforceTls": False,
                "chargeLoopCycle": 60,
            }
        )
    )
    begun = time.monotonic()
    station = _v2g(where.station, folder, "evse", "--interface", where.station_interface, "--setpoint", "-5000",
                   "--sessions", "1")  # fmt: skip
    with _running(station):
        _await_text(folder / "ours.txt", "listening on", station)
        car = _josev(python, where.car, where.car_interface, folder, "peer_evcc.py", str(config), control)
        with _running(car):
            _await_end(station, car, folder / "theirs.txt")
    return _outcome("EVCC", control, folder, station.returncode == 0, time.monotonic() - begun)


def foreign_station(python: Path, where: Link, control: str, folder: Path) -> Outcome:
    """Our car against Josev's SECC, DC_BPT, to SessionStop."""
    station = _josev(python, where.station, where.station_interface, folder, "peer_secc.py")
    with _running(station):
        _await_text(folder / "theirs.txt", "UDP server started", station)
        begun = time.monotonic()
        car = _v2g(where.car, folder, "ev", "--interface", where.car_interface, "--control", control,
                   "--seconds", "6")  # fmt: skip
        with _running(car):
            _await_end(car, station, folder / "theirs.txt")
    return _outcome("SECC", control, folder, car.returncode == 0, time.monotonic() - begun)


def report(outcomes: Iterable[Outcome], date: str) -> str:
    """A page that says what was run and what came of it, in Markdown."""
    java = subprocess.run(["java", "-version"], check=False, capture_output=True, text=True).stderr.partition("\n")[0]
    rows = "\n".join(
        f"| {'its car, our station' if each.peer == 'EVCC' else 'our car, its station'} | {each.control} "
        f"| {'to SessionStop' if each.regular else 'ended by a fault'} | {each.messages} | {each.loops} "
        f"| {each.least_current_a:g} A | {'-' if each.exported_wh is None else f'{each.exported_wh} Wh'} "
        f"| {each.seconds:g} s |"
        for each in outcomes
    )
    return _PAGE.format(date=date, josev=JOSEV, java=java, version=__version__, rows=rows)


_PAGE = """\
# Sessions with Josev

Run on {date} by `make interop`: {josev} from PyPI, {java}, evbpt {version}. DC_BPT over plain TCP, discovery by
multicast, two network namespaces joined by a veth pair, each side in processes of its own. This page is written by the
run.

| who | control | session | messages | charge loops | lowest EVSEPresentCurrent | exported by our meter | time |
| --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

Negative current flows out of the car. The time includes the start of Josev's JVM where its car is the peer.

## What it took

Josev's protocol code runs unchanged; its simulated hardware does not. Stock figures (a car at 20 kV, a station that
reports 1 V for ever, schedules that begin in 1970) are replaced by plausible ones in `conformance/peers/josev/peer_evcc.py`
and `peer_secc.py`. On our side the named profile `josev` (`v2g ev --peer josev`, `iso15118.io.peers`) switches these
options, each of which has the standard's behaviour as its default:

| option | because Josev |
| --- | --- |
| timers of charge loop, messages and pre-charge are long | takes up to 0.5 s a message, more on a loaded machine |
| `discharge_limit_sign=positive` (car) | sends and expects positive discharge limits |
| `complete_power_profile` (car) | refuses PowerDeliveryReq(Start) without EVPowerProfile in Dynamic control, and without PowerToleranceAcceptance in Scheduled |
| `uniform_price_level` (station) | refuses a schedule without prices |
| `power_delivery_after_ongoing_pre_charge` (station) | goes from PreCharge(Ongoing) to PowerDelivery |
| `tell_discharged_energy=False` (station) | can't read BPT_DischargedEnergyReadingWh in MeterInfo |

Two more things it insists on are ours by default: the station's TCP port lies in 49152 to 65535, and DisplayParameters
carries ChargingComplete.
"""


def _v2g(namespace: str, folder: Path, command: str, *words: str) -> subprocess.Popen[bytes]:
    trace = str(folder / "trace.jsonl")
    options = ("--lab-plain-tcp", "--peer", "josev", "--trace", trace)
    return _start(namespace, folder / "ours.txt", {}, sys.executable, "-m", "iso15118.cli", command, *options, *words)


def _josev(python: Path, namespace: str, interface: str, folder: Path, *words: str) -> subprocess.Popen[bytes]:
    environment = {
        "NETWORK_INTERFACE": interface,
        "PROTOCOLS": "ISO_15118_20_DC",
        "AUTH_MODES": "EIM",
        "SECC_ENFORCE_TLS": "False",
        "ENABLE_TLS_1_3": "False",
        "LOG_LEVEL": "INFO",
        "PYTHONUNBUFFERED": "1",
    }
    script, *rest = words
    return _start(namespace, folder / "theirs.txt", environment, str(python), str(HERE / script), *rest, cwd=folder)


def _start(
    namespace: str, output: Path, environment: Mapping[str, str], *command: str, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    file: IO[bytes]
    with output.open("wb") as file:
        return subprocess.Popen(
            ["ip", "netns", "exec", namespace, *command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            cwd=cwd,
            start_new_session=True,
        )


@contextlib.contextmanager
def _running(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a process and its children (a JVM among them) on the way out."""
    try:
        yield
    finally:
        for number in (15, 9):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)


def _await_text(path: Path, text: str, process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + SESSION_LIMIT_S
    while text not in path.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > limit:
            raise LocalError(f"it did not start: {path.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def _await_end(ours: subprocess.Popen[bytes], theirs: subprocess.Popen[bytes], output: Path) -> None:
    """Our side ends by itself; Josev's may wait for ever after a failure, so it is not waited for."""
    limit = time.monotonic() + SESSION_LIMIT_S
    while ours.poll() is None and time.monotonic() < limit:
        if theirs.poll() is not None or "Traceback" in output.read_text(errors="replace"):
            # Its end may be all that ours still waits for, or may mean that nothing comes any more.
            limit = min(limit, time.monotonic() + 10.0)
        time.sleep(0.1)


def _outcome(peer: str, control: str, folder: Path, ended_well: bool, seconds: float) -> Outcome:
    rows = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
    messages: list[dict[str, Any]] = [row for row in rows if row["kind"] == "iso15118"]
    loops = [row for row in messages if row["name"] == "DC_ChargeLoopRes"]
    ours = (folder / "ours.txt").read_text(errors="replace")
    exported = re.search(r"exported (\d+) Wh", ours)
    last = tuple(row["name"] for row in messages[-2:])
    return Outcome(
        peer=peer,
        control=control,
        regular=ended_well and last == ("SessionStopReq", "SessionStopRes"),
        messages=sum(row["repeat"] for row in messages),
        loops=sum(row["repeat"] for row in loops),
        least_current_a=min((_number(row["body"]["EVSEPresentCurrent"]) for row in loops), default=0.0),
        exported_wh=None if exported is None else int(exported[1]),
        seconds=round(seconds, 1),
        last_messages=last,
        ours=ours,
        theirs=(folder / "theirs.txt").read_text(errors="replace"),
    )


def _number(quantity: Mapping[str, int]) -> float:
    return round(float(quantity["Value"]) * 10.0 ** quantity["Exponent"], 3)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise LocalError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def _await_address(namespace: str, interface: str) -> None:
    """Until the link-local address can be used."""
    limit = time.monotonic() + 10.0
    command = ["ip", "-n", namespace, "-6", "-o", "address", "show", "dev", interface, "scope", "link"]
    while time.monotonic() < limit:
        shown = subprocess.run(command, check=False, capture_output=True, text=True).stdout
        if "inet6" in shown and "tentative" not in shown:
            return
        time.sleep(0.1)
    raise LocalError(f"{interface} got no link-local address")
