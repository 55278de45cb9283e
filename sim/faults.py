"""The link as it may fail, sans-IO: what is sent at a time becomes what arrives, and how much later.

Everything random is drawn from a generator that the scenario's seed makes, and from nothing else: same seed, same
faults. Bytes are V2GTP frames, one message each.
"""

from __future__ import annotations

import fnmatch
import random
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from sim.events import Corrupt, Cut, Delay, Drop, Duplicate, LinkFault

__all__ = ["Arrival", "LinkFaults"]

HEADER_OCTETS = 8
"""Of a V2GTP frame: corruption spares them, a broken header is a fault of its own that the stream does not survive."""


class Arrival(NamedTuple):
    """What arrives of something that was sent."""

    delay_s: float
    """On top of the link's latency."""
    data: bytes


class LinkFaults:
    """The faults of one link, in the order they were given; the first that hits a message decides what becomes of it."""

    def __init__(self, faults: Sequence[LinkFault | Cut] = (), *, seed: int = 0) -> None:
        self._faults = [fault for fault in faults if isinstance(fault, LinkFault)]
        self._cut_s = min((fault.at_s for fault in faults if isinstance(fault, Cut)), default=None)
        self._matches = [0] * len(self._faults)
        # A stream of its own: a scenario with a fault draws the same latencies as one without.
        self._rng = random.Random(f"link faults {seed}")
        self.unused = {index for index, fault in enumerate(self._faults) if fault.chance == 1.0}
        """Faults of the link, in the order of those given, that were sure to hit something and have not."""
        self.hits: list[tuple[float, str]] = []
        """When which fault hit what, in words."""
        self.on_hit: Callable[[float], object] | None = None
        """Told the time of every hit."""

    def alive(self, now: float) -> bool:
        """Whether the cable carries anything at all."""
        return self._cut_s is None or now < self._cut_s

    def carry(self, to: Literal["car", "station"], name: str, data: bytes, now: float) -> list[Arrival]:
        """What becomes of a message sent at ``now`` (s); an empty list: nothing arrives."""
        if not self.alive(now):
            return []
        for index, fault in enumerate(self._faults):
            if fault.to not in (to, "both") or now < fault.from_s or not fnmatch.fnmatchcase(name, fault.message):
                continue
            self._matches[index] += 1
            if not fault.nth <= self._matches[index] < fault.nth + fault.count:
                continue
            if fault.chance < 1.0 and self._rng.random() >= fault.chance:
                continue
            self.unused.discard(index)
            self.hits.append((now, f"{type(fault).__name__.lower()} {name}"))
            if self.on_hit is not None:
                self.on_hit(now)
            return self._strike(fault, data)
        return [Arrival(0.0, data)]

    def _strike(self, fault: LinkFault, data: bytes) -> list[Arrival]:
        match fault:
            case Drop():
                return []
            case Delay(by_s=by_s):
                return [Arrival(by_s, data)]
            case Duplicate():
                return [Arrival(0.0, data), Arrival(0.0, data)]
            case Corrupt(bits=bits):
                return [Arrival(0.0, self._corrupted(data, bits))]
            case _:
                return [Arrival(0.0, data)]

    def _corrupted(self, data: bytes, bits: int) -> bytes:
        damaged = bytearray(data)
        room = range(HEADER_OCTETS * 8, len(data) * 8)
        for bit in self._rng.sample(room, min(bits, len(room))):
            damaged[bit // 8] ^= 0x80 >> bit % 8
        return bytes(damaged)
