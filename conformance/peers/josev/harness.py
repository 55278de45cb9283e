"""Runs sessions with Josev on a link of two network namespaces. Needs root, ``ip`` and Java.

Our side runs as ``v2g``, as a user would start it; what happened is read from its trace. Each run leaves a folder: our
trace (``trace.jsonl``), both sides' output (``ours.txt``, ``theirs.txt``) and what was on the cable (``cable.pcap``).
"""

# Runs interpreters and ``ip`` by design.
# ruff: noqa: S603, S607

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

from conformance.peers.josev.link import Link
from conformance.peers.josev.outcome import Outcome, Run, read_outcome
from iso15118.errors import LocalError

__all__ = ["JOSEV", "MOST_RETRIES", "RUNS", "begin_again", "environment", "install", "missing", "run"]

JOSEV = "iso15118==0.31.2"
"""The release that these wrappers were written for."""

RUNS = tuple(
    Run(peer=peer, service=service, control=control)
    for service in ("AC", "AC_BPT", "DC", "DC_BPT")
    for control in ("scheduled", "dynamic")
    for peer in ("EVCC", "SECC")
)
"""Every service of Josev's in every control mode, with its car and with its station."""

HERE = Path(__file__).parent
SESSION_LIMIT_S = 150.0
"""For a whole session, start of its JVM included."""
MOST_RETRIES = 2
"""How often a run is begun again after Josev's own time limit (2 s, 0.5 s in the charge loop) has ended it. Any other
end counts as it is."""
_OWN_LIMIT = "TimeoutError occurred. Waited for"
"""What Josev says when its own limit has run out."""
SETPOINT_W = 6_000
CYCLES = 150
"""Charge loops of Josev's car, which goes round as quickly as it can."""


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
    python = folder.absolute() / "bin" / "python"
    if not list(folder.glob("lib/python3*/site-packages/iso15118-*.dist-info")):
        folder.parent.mkdir(exist_ok=True)
        subprocess.run([sys.executable, str(HERE.parents[2] / "tools" / "make_venv.py"), str(folder)], check=True)
        install(python)
    return python


def run(what: Run, python: Path, where: Link, folder: Path) -> Outcome:
    """One session to SessionStop, begun again when Josev's own time limit ended it.

    Args:
        what: Which.
        python: The interpreter of Josev's environment.
        where: The cable.
        folder: Is emptied; what was tried before the last attempt is in folders in it.
    """
    folder = folder.absolute()
    one = _foreign_car if what.peer == "EVCC" else _foreign_station

    def attempt(retries: tuple[str, ...]) -> Outcome:
        with _captured(where, folder):
            begun = time.monotonic()
            status = one(what, python, where, folder)
        return read_outcome(what, folder, status == 0, time.monotonic() - begun, retries)

    return begin_again(attempt, folder)


def begin_again(attempt: Callable[[tuple[str, ...]], Outcome], folder: Path) -> Outcome:
    """Call ``attempt`` with the reasons of earlier ones until it needs no other; each finds ``folder`` without files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    retries: tuple[str, ...] = ()
    while True:
        outcome = attempt(retries)
        reason = _own_limit(outcome.theirs)
        if outcome.regular or reason is None or len(retries) == MOST_RETRIES:
            return outcome
        retries = (*retries, reason)
        kept = folder / f"attempt-{len(retries)}"
        kept.mkdir()
        for path in [path for path in folder.iterdir() if path.is_file()]:
            path.rename(kept / path.name)


def _own_limit(output: str) -> str | None:
    """What Josev says of its own time limit, without the message it quotes; None when that was not the reason."""
    at = output.find(_OWN_LIMIT)
    return None if at < 0 else output[at:].partition(" after ")[0].partition("\n")[0].strip('"}')


def _foreign_car(what: Run, python: Path, where: Link, folder: Path) -> int | None:
    """Josev's EVCC against our station."""
    config = folder / "car.json"
    config.write_text(
        json.dumps(
            {
                "supportedProtocols": [f"ISO_15118_20_{what.energy}"],
                "supportedEnergyServices": [what.service],
                "isCertInstallNeeded": False,
                "useTls": False,
                "enforceTls": False,
                "chargeLoopCycle": CYCLES,
            }
        )
    )
    setpoint = -SETPOINT_W if what.bidirectional else SETPOINT_W
    station = _v2g(where.station, folder, "evse", "--interface", where.station_interface, "--setpoint", str(setpoint),
                   "--service", what.service, "--sessions", "1")  # fmt: skip
    with _running(station):
        _await_text(folder / "ours.txt", "listening on", station)
        car = _josev(python, where.car, where.car_interface, folder, "peer_evcc.py", str(config), what.control)
        with _running(car):
            _await_end(station, car, folder / "theirs.txt")
    return station.returncode


def _foreign_station(what: Run, python: Path, where: Link, folder: Path) -> int | None:
    """Our car against Josev's SECC."""
    station = _josev(python, where.station, where.station_interface, folder, "peer_secc.py")
    with _running(station):
        _await_text(folder / "theirs.txt", "UDP server started", station)
        car = _v2g(where.car, folder, "ev", "--interface", where.car_interface, "--service", what.service,
                   "--control", what.control, "--seconds", "6")  # fmt: skip
        with _running(car):
            _await_end(car, station, folder / "theirs.txt")
    return car.returncode


def _v2g(namespace: str, folder: Path, command: str, *words: str) -> subprocess.Popen[bytes]:
    trace = str(folder / "trace.jsonl")
    options = ("--lab-plain-tcp", "--peer", "josev", "--trace", trace)
    return _start(namespace, folder / "ours.txt", {}, sys.executable, "-m", "iso15118.cli", command, *options, *words)


@functools.cache
def _hurry() -> tuple[str, ...]:
    """Real-time priority where it is allowed: Josev's own limits are short for its codec, and others may want the CPU."""
    command = ("chrt", "-r", "10")
    allowed = shutil.which("chrt") and subprocess.run([*command, "true"], check=False, capture_output=True)
    return command if allowed and allowed.returncode == 0 else ()


def _josev(python: Path, namespace: str, interface: str, folder: Path, *words: str) -> subprocess.Popen[bytes]:
    settings = {
        "NETWORK_INTERFACE": interface,
        "PROTOCOLS": "ISO_15118_20_DC,ISO_15118_20_AC",
        "AUTH_MODES": "EIM",
        "SECC_ENFORCE_TLS": "False",
        "ENABLE_TLS_1_3": "False",
        "LOG_LEVEL": "INFO",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": "",  # ours would hide its package behind ours
    }
    script, *rest = words
    command = (*_hurry(), str(python), str(HERE / script), *rest)
    return _start(namespace, folder / "theirs.txt", settings, *command, cwd=folder)


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
def _captured(where: Link, folder: Path) -> Iterator[None]:
    """What passes the station's end of the cable, in a file."""
    script, path, output = str(HERE / "capture.py"), str(folder / "cable.pcap"), folder / "capture.txt"
    process = _start(where.station, output, {}, sys.executable, script, where.station_interface, path)
    with _running(process):
        _await_text(output, "capturing", process)
        yield
    output.unlink()


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
