"""``v2g``: one file a command, loaded only when that command runs.

A command is a module of this package that bears its name and holds a Typer application called ``app``; ``COMMANDS``
lists them. So ``v2g exi`` never loads the simulator, and a command whose extra is missing breaks no other.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence

from iso15118 import __version__
from iso15118.errors import LocalError, MissingExtra

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "evse": "run a charging station on the network",
    "ev": "run a car that charges and gives back",
    "csms": "run a small OCPP 2.1 back end for stations",
    "sim": "play a scenario in virtual time: v2g sim evening",
    "conform": "list and run conformance cases",
    "exi": "turn EXI payloads into XML or JSON, and back; explain, lint, schema",
}
"""Command name (its module in this package) and what it does in one line."""

USAGE_ERROR = 2
"""Exit status for a wrong command line or a missing extra, as Click and the shell have it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``v2g``; returns the exit status (a command may also end by ``SystemExit``).

    Args:
        argv: The words after ``v2g``; those of the process if left out.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        # Also for --help: without Typer there is no command to help with.
        if importlib.util.find_spec("typer") is None or importlib.util.find_spec("rich") is None:
            raise MissingExtra("v2g", "cli")
        if not words or words[0] in {"-h", "--help"}:
            print(_usage())
            return 0
        if words[0] == "--version":
            print(f"v2g {__version__}")
            return 0
        return _run(words[0], words[1:])
    except LocalError as error:
        print(f"v2g: {error}" if not str(error).startswith("v2g") else error, file=sys.stderr)
        return USAGE_ERROR
    except BrokenPipeError:
        # The reader went away (`v2g ... | head`). Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(command: str, words: list[str]) -> int:
    if command not in COMMANDS:
        raise LocalError(f"no command {command!r}; there are: {', '.join(COMMANDS)} (v2g --help)")
    app = importlib.import_module(f"{__name__}.{command}").app
    status = app(args=words, prog_name=f"v2g {command}")
    return status if isinstance(status, int) else 0


def _usage() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:{width}}  {help_}" for name, help_ in COMMANDS.items())
    return f"usage: v2g COMMAND ...\n\n{commands}\n\nv2g COMMAND --help explains one; v2g --version says which this is."
