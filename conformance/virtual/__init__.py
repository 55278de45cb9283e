"""Our own cores as SUTs, in virtual time, octet by octet, each with a small honest world around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.pics import Pics, load
from conformance.sut import Sut
from conformance.virtual.car import VirtualCar
from conformance.virtual.station import VirtualStation

__all__ = ["VirtualBench"]


class VirtualBench:
    """Makes SUTs of our own cores."""

    def __init__(self, pics: Pics | None = None) -> None:
        self.pics = load() if pics is None else pics

    def station(self, setup: Mapping[str, Any]) -> Sut:
        """A station that waits for a connection."""
        return VirtualStation(setup)

    def car(self, setup: Mapping[str, Any]) -> Sut:
        """A car that is plugged in."""
        return VirtualCar(setup)
