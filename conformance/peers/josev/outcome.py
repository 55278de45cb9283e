"""What a session with Josev came to, read from our side's trace and from both sides' output."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

__all__ = ["Outcome", "Run", "read_outcome"]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One session of the matrix."""

    peer: str
    """Which side is Josev's: ``EVCC`` or ``SECC``."""
    service: str
    control: str
    """``scheduled`` or ``dynamic``."""

    @property
    def name(self) -> str:
        """For folders and test names."""
        return f"{self.service}-{self.control}-{'its-car' if self.peer == 'EVCC' else 'its-station'}"

    @property
    def energy(self) -> str:
        """``AC`` or ``DC``."""
        return self.service[:2]

    @property
    def bidirectional(self) -> bool:
        """Whether power is to flow out of the car."""
        return self.service.endswith("_BPT")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one run came to."""

    run: Run
    regular: bool
    """Our side ended regularly and the last message was SessionStop."""
    messages: int
    loops: int
    least_current_a: float | None
    """DC: the lowest EVSEPresentCurrent on the cable; negative out of the car. None in AC."""
    least_power_w: float
    """The lowest power on the cable: EVSEPresentVoltage times EVSEPresentCurrent, or EVPresentActivePower of all lines."""
    charged_wh: float
    """Into the car: by our meter (whole Wh) where the car is Josev's, by our battery where the station is."""
    discharged_wh: float
    """Out of the car, likewise."""
    seconds: float
    retries: tuple[str, ...]
    """Why it was begun again, each time."""
    last_messages: tuple[str, ...]
    ours: str
    """Our side's output."""
    theirs: str
    """Josev's output."""


_ENERGY = {
    "EVCC": r"imported (\d+) Wh, exported (\d+) Wh",
    "SECC": r"the battery took ([\d.]+) Wh and gave ([\d.]+) Wh",
}
"""How our side tells energy, by the side that is Josev's."""


def read_outcome(run: Run, folder: Path, ended_well: bool, seconds: float, retries: tuple[str, ...]) -> Outcome:
    """Look at what a run has left in its folder."""
    path = folder / "trace.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    messages: list[dict[str, Any]] = [row for row in rows if row["kind"] == "iso15118"]
    answers = [row for row in messages if row["name"] == f"{run.energy}_ChargeLoopRes"]
    ours = (folder / "ours.txt").read_text(errors="replace")
    energy = re.search(_ENERGY[run.peer], ours)
    last = tuple(row["name"] for row in messages[-2:])
    currents = [_number(row["body"]["EVSEPresentCurrent"]) for row in answers if run.energy == "DC"]
    return Outcome(
        run=run,
        regular=ended_well and last == ("SessionStopReq", "SessionStopRes"),
        messages=sum(row["repeat"] for row in messages),
        loops=sum(row["repeat"] for row in answers),
        least_current_a=min(currents, default=None),
        least_power_w=min(_powers(run, messages), default=0.0),
        charged_wh=float(energy[1]) if energy else 0.0,
        discharged_wh=float(energy[2]) if energy else 0.0,
        seconds=round(seconds, 1),
        retries=retries,
        last_messages=last,
        ours=ours,
        theirs=(folder / "theirs.txt").read_text(errors="replace"),
    )


def _powers(run: Run, messages: Iterable[Mapping[str, Any]]) -> Iterator[float]:
    for row in messages:
        body = row["body"]
        if run.energy == "DC" and row["name"] == "DC_ChargeLoopRes":
            yield round(_number(body["EVSEPresentVoltage"]) * _number(body["EVSEPresentCurrent"]), 1)
        elif row["name"] == "AC_ChargeLoopReq":
            mode = next(value for name, value in body.items() if name.endswith("CLReqControlMode"))
            lines = [value for name, value in mode.items() if name.startswith("EVPresentActivePower")]
            yield round(sum(map(_number, lines)), 1)


def _number(quantity: Mapping[str, int]) -> float:
    return round(float(quantity["Value"]) * 10.0 ** quantity["Exponent"], 3)
