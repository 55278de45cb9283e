"""The catalogue of test purposes: ids of our own, side, title and requirement ids, read from ``catalogue.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

__all__ = ["GROUPS", "PURPOSES", "Purpose"]


class Purpose(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be shown about a SUT."""

    id: str
    group: str
    """The letters of the id."""
    side: str
    """``SECC``, ``EVCC`` or ``both``."""
    title: str
    requires: tuple[int, ...] = ()
    """Numbers of V2G20 requirements, as far as public sources name them."""

    @property
    def requirements(self) -> tuple[str, ...]:
        """Requirement ids in full."""
        return tuple(f"V2G20-{number}" for number in self.requires)


def _read() -> tuple[dict[str, str], dict[str, Purpose]]:
    tables = tomllib.loads((Path(__file__).parent / "catalogue.toml").read_text("utf-8"))
    groups: dict[str, str] = tables.pop("groups")
    purposes = {}
    for group, entries in tables.items():
        for id_, entry in entries.items():
            purposes[id_] = msgspec.convert({"id": id_, "group": group, **entry}, Purpose)
    return groups, purposes


_GROUPS, _PURPOSES = _read()
GROUPS: Mapping[str, str] = _GROUPS
"""Letters of the ids -> what the group is about."""
PURPOSES: Mapping[str, Purpose] = _PURPOSES
"""Id -> purpose, in the order of a session."""
