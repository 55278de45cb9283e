"""What ``v2g evse`` and ``v2g ev`` share: plain lines of what happens, the trace file, the way they end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from iso15118.errors import LocalError, RemoteError
from iso15118.session.actions import Ended
from iso15118.session.timers import PROFILES
from iso15118.trace import Trace

__all__ = ["EMITTER_HELP", "PROFILE_HELP", "Pace", "lines_text", "outcome", "run_until_stopped", "say", "trace_to"]

EMITTER_HELP = "What to send: what every deployed codec can read, or all the schema allows."
PROFILE_HELP = f"Timers: {', '.join(PROFILES)}. lab is for loaded machines."


def say(text: str) -> None:
    """One line, at once: whoever reads it may be waiting for it."""
    print(text, flush=True)


def lines_text(power_w: Sequence[float]) -> str:
    """Power of each line; nothing to add where there is only one."""
    return "" if len(power_w) < 2 else "  (" + " ".join(f"{power:+.0f}" for power in power_w) + ")"


class Pace:
    """Whether it is time for the next line of a kind that comes too often."""

    def __init__(self, every_s: float) -> None:
        self.every_s = every_s
        self._due_s = float("-inf")

    def due(self, now: float) -> bool:
        """True at most once in ``every_s`` seconds."""
        if now < self._due_s:
            return False
        self._due_s = now + self.every_s
        return True


@contextlib.contextmanager
def trace_to(path: Path | None) -> Iterator[Trace | None]:
    """A trace into a file, complete on whatever way out; None without one.

    A disk that is full on the way ends the trace and no session: it is told, once.
    """
    if path is None:
        yield None
        return
    try:
        file = path.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise LocalError(f"can't write the trace to {path}: {error.strerror}") from None
    whole = True

    def broken(error: OSError) -> None:
        nonlocal whole
        if whole:
            say(f"the trace ends here: can't write to {path}: {error.strerror}")
        whole = False

    def write(text: str) -> None:
        if not whole:
            return
        try:
            file.write(text)
        except OSError as error:
            broken(error)

    trace = Trace(write)
    try:
        yield trace
    finally:
        trace.flush()
        try:
            file.close()
        except OSError as error:
            broken(error)


def outcome(who: str, ended: Ended) -> bool:
    """Say how a session ended; True if regularly."""
    if ended.error is None:
        say(f"{who} {'paused' if ended.paused else f'ended regularly: {ended.reason}'}")
        return True
    say(f"{who} ended by a fault: {ended.error}")
    return False


def run_until_stopped(
    command: str, work: Callable[[], Coroutine[Any, Any, bool]], wish: Callable[[], bool]
) -> typer.Exit:
    """Run ``work`` to its end and turn its result into an exit status: 0 for True.

    The first Ctrl-C or SIGTERM calls ``wish``, which asks the session to end by the protocol and says whether there is
    one to ask; if not, and the second time, the session is cut: power off, then the connection.
    """

    async def guarded() -> bool:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        asked = False

        def interrupt() -> None:
            nonlocal asked
            if asked or not wish():
                task.cancel()
            asked = True

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, interrupt)
        return await work()

    try:
        return typer.Exit(0 if asyncio.run(guarded()) else 1)
    except asyncio.CancelledError:
        print(f"{command}: stopped", file=sys.stderr)
        return typer.Exit(1)
    except RemoteError as error:
        print(f"{command}: {error}", file=sys.stderr)
        return typer.Exit(1)
