"""The one other Python codec for these messages: Josev's, the distribution ``iso15118`` on PyPI, which runs on Java.

It takes thousands of times as long a call, so it is measured by itself after the others: neither do its JVM's threads
disturb them nor does their noise matter to it.
"""

# Runs interpreters by design.
# ruff: noqa: S603

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.measure import Child, Lost, Spread, spread
from bench.messages import KEYS, MESSAGES
from conformance.peers.josev import harness
from iso15118 import exi
from iso15118.errors import LocalError

__all__ = ["OPERATIONS", "Josev", "java_version", "measure"]

OPERATIONS = ("decode", "encode", "from_exi", "to_exi")
"""The bare codec between EXI and JSON text, both directions; and the whole way to objects and from them."""
WARM_UP = 25
"""Rounds before measuring: Java compiles what runs often, and is three times as quick after some hundred calls."""

Josev = dict[str, dict[str, Spread | None]]
"""By message and operation; None is what its classes can't do."""


def java_version() -> str | None:
    """The first line of what Java says about itself; None where there is none."""
    java = shutil.which("java")
    if java is None:
        return None
    said = subprocess.run([java, "-version"], check=False, capture_output=True, text=True)
    return (said.stderr or said.stdout).partition("\n")[0] or None


def measure(environment: Path, names: Sequence[str], repeats: int) -> tuple[Josev, list[str]]:
    """Time Josev's codec on the EXI of our messages; and what could not be measured, and why.

    Args:
        environment: Josev's virtual environment, made on first use.
        names: Names of messages.
        repeats: Single calls of each operation.
    """
    if java_version() is None:
        return {}, ["Josev: no Java here"]
    try:
        python = harness.environment(environment)
    except (LocalError, OSError, subprocess.CalledProcessError) as error:
        return {}, [f"Josev: could not be installed: {error}"]
    messages = {name: (type(MESSAGES[name]).xmlns.uri, exi.encode(MESSAGES[name], KEYS[name]).hex()) for name in names}
    try:
        # Isolated: PYTHONPATH would lead it to our package of the same name.
        script = str(Path(__file__).with_name("peer_josev.py"))
        child = Child([str(python), "-I", script], {}, json.dumps(messages))
        try:
            return _times(child, names, repeats)
        finally:
            child.close()
    except Lost as error:
        return {}, [f"Josev: {error}"]


def _times(child: Child, names: Sequence[str], repeats: int) -> tuple[Josev, list[str]]:
    reasons: dict[str, dict[str, str | None]] = child.hello
    notes = []
    for name in names:
        whys = [why for why in dict.fromkeys(reasons[name].values()) if why is not None]
        for why in whys:
            operations = " and ".join(each for each in OPERATIONS if reasons[name][each] == why)
            notes.append(f"Josev, {name}, {operations}: {why}")
    taken: dict[tuple[str, str], list[float]] = {
        (name, operation): [] for name in names for operation in OPERATIONS if reasons[name][operation] is None
    }
    print(f"Josev: {WARM_UP} rounds to warm up, {repeats} to measure", file=sys.stderr)
    for repeat in range(WARM_UP + repeats):
        for (name, operation), all_taken in taken.items():
            one = child.microseconds(name, operation, 1)
            if repeat >= WARM_UP:
                all_taken.append(one)
    figures: dict[str, dict[str, Any]] = {
        name: {f"{operation}_us": spread(taken[name, operation]) if (name, operation) in taken else None
               for operation in OPERATIONS}
        for name in names
    }  # fmt: skip
    return figures, notes
