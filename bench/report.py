"""What was measured, for people (tables, targets) and for programs (``out/bench.json``)."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bench.josev import Josev, java_version
from bench.measure import CODECS, OPERATIONS, Times
from bench.messages import CHAINS, LOOPS
from conformance.peers.josev import harness
from iso15118 import __version__

__all__ = ["Target", "document", "figure", "tables", "targets"]

BACKENDS = CODECS[:-1]
YARDSTICK = CODECS[-1]


def document(sizes: Mapping[str, int], times: Times, josev: Josev) -> dict[str, Any]:
    """The content of ``bench.json``: a codec that was not measured is null."""
    return {
        "machine": machine(),
        "versions": {
            "evbpt": __version__,
            "python": f"{platform.python_implementation()} {platform.python_version()}",
            "msgspec": msgspec.__version__,
            "josev": harness.JOSEV if josev else None,
            "java": java_version() if josev else None,
        },
        "exi": {
            name: {
                "bytes": size,
                **{
                    codec: {f"{operation}_us": times[codec][name][operation] for operation in OPERATIONS}
                    if codec in times
                    else None
                    for codec in CODECS
                },
                "josev": josev.get(name),
            }
            for name, size in sizes.items()
        },
    }


def machine() -> dict[str, Any]:
    """What the figures depend on; no names."""
    try:
        described = re.search(
            r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE
        )
    except OSError:
        described = None
    return {
        "cpu": described[1] if described else platform.processor() or "unknown",
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": [round(each, 2) for each in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }


def least(measured: Mapping[str, Any], message: str, codec: str, operation: str) -> float | None:
    """Least microseconds of a call, out of a document; None when it was not measured."""
    by_operation = measured["exi"].get(message, {}).get(codec)
    entry = by_operation and by_operation[f"{operation}_us"]
    return float(entry["min"]) if entry else None


def tables(measured: Mapping[str, Any]) -> Iterator[str]:
    """Lines: least microseconds a call, and beside them how many times what msgspec's JSON takes."""
    for operation, whole in zip(OPERATIONS, ("from_exi", "to_exi")):
        yield f"{operation}, us a call (times msgspec.json), the least of all repeats"
        columns = "".join(f"{column:>17}" for column in (*BACKENDS, "Josev's codec", f"Josev's {whole}"))
        yield f"{'':31}{'bytes':>6}{YARDSTICK:>14}{columns}"
        for message, row in measured["exi"].items():
            unit = least(measured, message, YARDSTICK, operation)
            values = [least(measured, message, codec, operation) for codec in (*BACKENDS, "josev")]
            values.append(least(measured, message, "josev", whole))
            cells = "".join(f"{_cell(value, unit):>17}" for value in values)
            yield f"{message:31}{row['bytes']:>6}{'-' if unit is None else f'{unit:.2f}':>14}{cells}"
        yield ""


def _cell(value: float | None, unit: float | None) -> str:
    if value is None:
        return "-"
    number = f"{value:.0f}" if value >= 1000 else f"{value:.1f}"
    return f"{number} ({value / unit:.1f}x)" if unit and value < 1000 else number


def figure(ratio: float) -> str:
    """Precise enough to be on the right side of its bound."""
    return f"{ratio:.2f}" if ratio < 100 else f"{ratio:.0f}"


class Target(NamedTuple):
    """A bound on a ratio of two minima."""

    what: str
    ratio: float | None
    """None: one of the two was not measured."""
    bound: float
    at_least: bool = False
    """The ratio is a gain that has to reach the bound, not a cost that has to stay below it."""

    @property
    def verdict(self) -> str:
        if self.ratio is None:
            return "not measured"
        return "met" if (self.ratio >= self.bound if self.at_least else self.ratio <= self.bound) else "missed"

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f", it is {figure(self.ratio)}x"
        return f"{self.verdict:12} {self.what}: at {'least' if self.at_least else 'most'} {self.bound:g}x{ratio}"


def targets(measured: Mapping[str, Any]) -> Iterator[Target]:
    """What the codec is to reach, as ratios of minima of one run."""
    bounds = (("generated", "decode", 10.0), ("generated", "encode", 15.0), ("compiled", "decode", 2.5),
              ("compiled", "encode", 5.0))  # fmt: skip
    for codec, operation, bound in bounds:
        for message in LOOPS:
            ratio = _ratio(measured, (message, codec, operation), (message, YARDSTICK, operation))
            yield Target(f"{codec} {operation} of {message} against msgspec.json", ratio, bound)
    for message in CHAINS:
        for operation in OPERATIONS:
            # Against the cheaper of the two: that is what "a charge-loop message" says at its strictest.
            ratios = [
                _ratio(measured, (message, "generated", operation), (loop, "generated", operation)) for loop in LOOPS
            ]
            worst = None if None in ratios else max(filter(None, ratios))
            yield Target(f"generated {operation} of {message} against a charge-loop message", worst, 3.0)
    for message in measured["exi"]:
        gains = [_ratio(measured, (message, "josev", each), (message, "compiled", each)) for each in OPERATIONS]
        worst = None if None in gains else min(filter(None, gains))
        yield Target(f"gain of compiled over Josev's codec, {message}, both ways", worst, 500.0, at_least=True)


def _ratio(measured: Mapping[str, Any], above: tuple[str, str, str], below: tuple[str, str, str]) -> float | None:
    one, other = least(measured, *above), least(measured, *below)
    return one / other if one is not None and other else None
