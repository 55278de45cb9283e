"""``v2g evse --sidecar`` and ``v2g ev --sidecar``: firmware of its own instead of simulated hardware."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from iso15118.cli.live import run_until_stopped, say
from iso15118.ev import Car
from iso15118.evse import Station
from iso15118.io.sidecar import serve_ev, serve_evse
from iso15118.io.tcp import Apply

__all__ = ["CONNECTIONS_HELP", "SIDECAR_HELP", "run_car", "run_station"]

CONNECTIONS_HELP = "With --sidecar: end after so many connections of firmware; 0: run until stopped."
SIDECAR_HELP = "Unix socket on which your firmware takes the place of the simulated hardware."


def run_station(path: Path, make: Callable[[Any, Apply], Station], connections: int) -> typer.Exit:
    """Serve firmware as a station until stopped, or ``connections`` times (0: until stopped)."""
    return _run(
        "v2g evse", path, lambda opened: serve_evse(str(path), make, connections=connections or None, on_open=opened)
    )


def run_car(path: Path, make: Callable[[Any, Apply], Car], connections: int) -> typer.Exit:
    """Serve firmware as a car until stopped, or ``connections`` times (0: until stopped)."""
    return _run(
        "v2g ev", path, lambda opened: serve_ev(str(path), make, connections=connections or None, on_open=opened)
    )


def _run(command: str, path: Path, serve: Callable[[Callable[[], object]], Any]) -> typer.Exit:
    async def work() -> bool:
        await serve(lambda: say(f"waiting for firmware on {path}"))
        return True

    # Only the firmware can end a session by the protocol; Ctrl-C cuts it: power off first.
    return run_until_stopped(command, work, lambda: False)
