"""docs/reference/exi-speed.md out of one run: ``make bench ARGS='--page docs/reference/exi-speed.md'``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bench.josev import WARM_UP
from bench.measure import OPERATIONS
from bench.report import BACKENDS, YARDSTICK, figure, least, targets

__all__ = ["page"]

_HEAD = """\
# How quick the EXI codec is

One run of `make bench`, which wrote this page.

- {date}; {cpu}, {cores} cores, {system}; load {load}
- evbpt {evbpt}, {python}, msgspec {msgspec}
- {peer}

Microseconds for one call, the least of {repeats} batches of about {batch_ms:g} ms; in brackets, how many times what `msgspec.json` takes
for the same content. Ratios tell more than microseconds, but not all: a busy machine changes them too (see the load).
"""

_METHOD = """\
## How it was taken

- The eight messages are in `bench/messages.py`: what a bidirectional DC session sends, certificates and signatures as
  octets of a realistic length. Each is decoded into objects (`exi.decode`) and encoded from them (`exi.encode`), ranges,
  lengths, enumerations and occurrences checked both ways.
- Every backend, and msgspec, runs in a process of its own; only one works at a time. Within a repeat they take turns on
  the same message, in a changing order, so that other load hits all alike. The garbage collector is off while timing.
  The median of each series is in `out/bench.json` beside the minimum.
- `msgspec.json` is C code. It decodes into, and encodes from, a tree of typed classes made for each message
  (`bench/mirror.py`): same names, ranges and options as the message classes, with the concrete member where the schema
  has a substitution group. It validates when it decodes and not when it encodes; binary values are base64.
- Josev's codec (`iso15118` on PyPI, EXIficient on Java behind py4j) decodes our octets, and where it writes other ones
  it counts as not measured. "Codec" is its bare call, EXI to JSON text or back; "objects" is what its sessions call.
  Single calls, {josev_repeats} of each after {warm_up} rounds of all, when Java has compiled what is hot: calls in a session that has
  just begun take several times as long.
"""


def page(measured: Mapping[str, Any], notes: Iterable[str], options: Mapping[str, Any]) -> str:
    """The page, in Markdown; ``options`` are the run's, and its date."""
    versions, machine = measured["versions"], measured["machine"]
    load = machine["load"]
    head = _HEAD.format(
        **{**options, **machine, **versions, "load": load[0] if load else "unknown"},
        peer=f"{versions['josev']}, {versions['java']}" if versions["josev"] else "without Josev",
    )
    lines = [head, *_tables(measured), "## Targets", "", "| target | bound | measured | |", "| --- | --- | --- | --- |"]
    for target in targets(measured):
        bound = f"{'at least' if target.at_least else 'at most'} {target.bound:g}"
        lines.append(
            f"| {target.what} | {bound} | {'-' if target.ratio is None else figure(target.ratio)} | {target.verdict} |"
        )
    lines += ["", _METHOD.format(**options, warm_up=WARM_UP).rstrip()]
    lines += [f"- Not measured: {note}" for note in notes]
    return "\n".join(lines).rstrip() + "\n"


def _tables(measured: Mapping[str, Any]) -> Iterator[str]:
    for operation, whole in zip(OPERATIONS, ("from_exi", "to_exi")):
        yield f"## {operation.capitalize()}\n"
        yield f"| message | octets | {' | '.join(BACKENDS)} | msgspec.json | Josev, codec | Josev, objects |"
        yield "| --- " * (len(BACKENDS) + 5) + "|"
        for message, row in measured["exi"].items():
            unit = least(measured, message, YARDSTICK, operation)
            cells = [_ratio(least(measured, message, codec, operation), unit) for codec in BACKENDS]
            cells.append("-" if unit is None else f"{unit:.2f}")
            cells += [_thousands(least(measured, message, "josev", each)) for each in (operation, whole)]
            yield f"| {message} | {row['bytes']} | {' | '.join(cells)} |"
        yield ""


def _ratio(value: float | None, unit: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f} ({value / unit:.1f})" if unit else f"{value:.1f}"


def _thousands(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}".replace(",", " ")
