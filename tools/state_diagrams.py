"""Draw the sessions' state tables: docs/reference/session-states.md from the transition tables themselves.

python tools/state_diagrams.py            write the file
python tools/state_diagrams.py --check    exit 1 when the committed file is not what the tables say
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from iso15118.session.core import FINAL_STATES, State
from iso15118.session.evcc import PHASES
from iso15118.session.secc import HANDLERS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "session-states.md"

_HEAD = """\
# States of a session

Made by `python -m tools.state_diagrams` from the transition tables `iso15118.session.secc.HANDLERS` and
`iso15118.session.evcc.PHASES`; a test holds it to them. The core checks every step against the same tables.

What holds in every state besides its rows:

- The station answers any other request with a response of the same type, code `FAILED_SequenceError` and every mandatory
  field; a request under another SessionID with `FAILED_UnknownSession`. Both end the session.
- A response sent to the station, a request or an unexpected response sent to the car, or a payload that is no message
  ends the session without an answer.
- A message on a side stream (a payload type of its own) is judged by a table of its own, answered on that stream and
  leaves the state alone; out of order it ends the session as well.
- A `FAILED` code ends the session on both sides; a `WARNING` does not.
- A session that ends goes through `PowerOff`: current to zero first, then contactors, then the connection. The car goes
  to pilot state B. The station waits in `Closing` for the car to close. In `PowerOff`, `Closing` and `Ended` messages are
  ignored.
"""


def _diagram(edges: Iterable[tuple[State, State]]) -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.SUPPORTED_APP_PROTOCOL.value}"]
    lines += [f"    {a.value} --> {b.value}" for a, b in dict.fromkeys(edges)]
    return [*lines, f"    {State.CLOSING.value} --> [*]", "```", ""]


def _states(states: Iterable[State]) -> str:
    """In the order of a session."""
    return ", ".join(f"`{state.value}`" for state in State if state in set(states))


def _first_line(text: str | None) -> str:
    return (text or "").strip().splitlines()[0].replace("|", "\\|")


def _station() -> list[str]:
    rules = sorted(HANDLERS.items(), key=lambda item: list(State).index(item[0][0]))
    edges = [(state, target) for (state, _), rule in rules for target in State if target in rule.to]
    lines = ["## The station (SECC)", "", "A state is named after the request that is expected.", "", *_diagram(edges)]
    lines += ["| state | request | may lead to | what it does |", "| --- | --- | --- | --- |"]
    for (state, request), rule in rules:
        what = _first_line(rule.handler.__doc__)
        lines.append(f"| `{state.value}` | {request.__name__} | {_states(rule.to)} | {what} |")
    return [*lines, ""]


def _car() -> list[str]:
    phases = sorted(PHASES.items(), key=lambda item: list(State).index(item[0]))
    edges = [(state, target) for state, phase in phases for target in State if target in phase.to]
    lines = ["## The car (EVCC)", "", "A state is named after the response that is awaited.", "", *_diagram(edges)]
    lines += ["| state | response, within | may lead to | request | what it does |", "| --- | --- | --- | --- | --- |"]
    for state, phase in phases:
        asks, does = _first_line(phase.compose.__doc__), _first_line(phase.handler.__doc__)
        within = f"{phase.response.__name__}, `{phase.timer.name}` {phase.timer.default_s:g} s"
        lines.append(f"| `{state.value}` | {within} | {_states(phase.to)} | {asks} | {does} |")
    return [*lines, ""]


def _final() -> list[str]:
    lines = ["## Final states", "", "| state | meaning |", "| --- | --- |"]
    meanings = {
        State.POWER_OFF: "current goes to zero, then contactors open (`SECC_POWER_OFF`, `EVCC_POWER_OFF` at most)",
        State.CLOSING: "station: all is said; the car closes the connection, or the station does after `SECC_CLOSE`",
        State.ENDED: "nothing more happens",
    }
    lines += [f"| `{state.value}` | {meanings[state]} |" for state in State if state in FINAL_STATES]
    return lines


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_station(), *_car(), *_final(), ""])


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    if "--check" in arguments:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page()
        print("current" if current else f"{PAGE} is not current: run python -m tools.state_diagrams")
        return 0 if current else 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
