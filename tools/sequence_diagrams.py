"""Draw sessions as sequence diagrams: docs/reference/session-sequences.md from the traces of scenario files.

python -m tools.sequence_diagrams            write the file
python -m tools.sequence_diagrams --check    exit 1 when the committed file is not what the scenarios say
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from sim.scenario_file import load
from sim.verdict import play_file

__all__ = ["PAGE", "page"]

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "session-sequences.md"
SCENARIOS = ROOT / "sim" / "scenarios"

CHOSEN = (
    "dc_bpt-dynamic-normal",
    "ac_bpt-scheduled-normal",
    "dc_bpt-scheduled-pause",
    "dc_bpt-dynamic-evse_stop",
    "dc_bpt-dynamic-service_renegotiation",
    "ac_bpt-dynamic-metering",
    "dc_bpt-dynamic-exit_standby",
)
"""One of each kind of life; the others differ in their messages' names only."""

_HEAD = """\
# Sessions, message by message

Made by `python -m tools.sequence_diagrams` from the traces of scenario files in `sim/scenarios`; a test holds it to them.
Repetitions of a pair are drawn once. In brackets: what decides how it goes on.
"""

_TELLING: Mapping[str, Callable[[Any], str | None]] = {
    "ResponseCode": lambda value: None if str(value).startswith("OK") and "_" not in str(value) else value,
    "EVSEProcessing": lambda value: value if value == "Ongoing" else None,
    "EVProcessing": lambda value: value if value == "Ongoing" else None,
    "ChargeProgress": lambda value: value,
    "ChargingSession": lambda value: value,
    "EVSEStatus": lambda value: value["EVSENotification"],
    "SelectedEnergyTransferService": lambda value: f"service {value['ServiceID']}",
    "BPT_ChannelSelection": lambda value: value,
}
"""Members of a message that say how the session goes on, and how they are told."""


class Said(NamedTuple):
    """One message on its way."""

    by: str
    name: str
    telling: str
    stream: str


def _telling(body: dict[str, Any]) -> str:
    found = [_TELLING[key](value) for key, value in body.items() if key in _TELLING]
    return ", ".join(str(each) for each in found if each is not None)


def said(lines: Iterable[str]) -> Iterator[Said]:
    """What the two sides sent each other, of a trace."""
    for text in lines:
        row = json.loads(text)
        if row["kind"] == "iso15118" and row["direction"] == "tx":
            yield Said(row["at"], row["name"], _telling(row["body"]), row.get("stream") or "")


def _pairs(messages: Iterable[Said]) -> Iterator[tuple[Said, ...]]:
    """Request and response together; whatever stands alone alone."""
    waiting: Said | None = None
    for message in messages:
        if waiting is not None and message.by != waiting.by:
            yield waiting, message
            waiting = None
            continue
        if waiting is not None:
            yield (waiting,)
        waiting = message
    if waiting is not None:
        yield (waiting,)


def _arrow(message: Said) -> str:
    to = "SECC" if message.by == "EV" else "EV"
    telling = f" ({message.telling})" if message.telling else ""
    beside = f" [{message.stream}]" if message.stream else ""
    return f"{message.by}{'->>' if message.by == 'EV' else '-->>'}{to}: {message.name}{telling}{beside}"


def _diagram(name: str) -> Iterator[str]:
    lines: list[str] = []
    outcome = play_file(load(SCENARIOS / f"{name}.toml"), name=name, trace=lines.append)
    assert outcome.ok, f"{name}: {outcome.failures()}"
    yield from ("```mermaid", "sequenceDiagram", "    participant EV", "    participant SECC")
    for number, (pair, repeated) in enumerate(groupby(_pairs(said(lines)))):
        count = len(list(repeated))
        if number and pair[0].name == "supportedAppProtocolReq":
            yield "    Note over EV,SECC: the connection is closed, and the car comes back"
        if count > 1:
            yield "    loop again and again"
        yield from (f"    {'    ' * (count > 1)}{_arrow(message)}" for message in pair)
        if count > 1:
            yield "    end"
    yield "```"


def page() -> str:
    """The page's text."""
    lines = [_HEAD]
    for name in CHOSEN:
        file = load(SCENARIOS / f"{name}.toml")
        lines += [f"## {file.title}", "", f"`v2g sim run {name}`", "", *_diagram(name), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    text = page()
    if "--check" in sys.argv[1:]:
        sys.exit(
            0 if PAGE.read_text(encoding="utf-8") == text else f"{PAGE} is stale: python -m tools.sequence_diagrams"
        )
    PAGE.write_text(text, encoding="utf-8")
