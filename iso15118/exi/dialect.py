"""Where deployed codecs differ, as named options. The default is what the schemas and EXI 1.0 say.

A dialect is for one peer: for its streams, and for what is sent to it. What no option allows is refused.
"""

from __future__ import annotations

import typing
from typing import Literal

import msgspec

from iso15118.errors import LocalError
from iso15118.messages.model import QName

__all__ = ["MAX_REFERENCED_CHARACTERS", "SCHEMA", "Dialect", "StringTables"]

MAX_REFERENCED_CHARACTERS = 1 << 20
"""Most characters that the references of one stream may stand for together: as many as the longest stream could spell
out. A reference takes a few bits and may mean a text of any length; without a limit a short stream could mean gigabytes."""

# ACDP_ConnectRes and ACDP_DisconnectReq, whose order is that of their names or that of the schema file.
_SWAPPED = {1: 2, 2: 1}


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """How a peer writes and reads EXI.

    Raises:
        LocalError: An option has a value that it does not know.
    """

    acdp_roots: Literal["schema", "cbexigen"] = "schema"
    """Order of the root elements of ACDP. ``schema``: by name, as EXI 1.0 (8.5.1) says. ``cbexigen``: as the codecs made
    by that generator have it, ACDP_DisconnectReq before ACDP_ConnectRes."""
    empty_values: Literal["value", "end"] = "value"
    """How empty text and octets are written. ``value``: of length 0, as cbexigen does, which can't read the other form.
    ``end``: an end without a value, as EXIficient does. Both are read."""
    string_tables: Literal["refuse", "read"] = "refuse"
    """References to strings that came before, which the profile of ISO 15118-20 switches off. ``read`` follows them, as a
    peer with EXI's default options would write them; they are never written."""
    empty_ends: Literal["accept", "refuse"] = "accept"
    """Empty values that are written as an end without a value."""
    padding: Literal["accept", "refuse"] = "accept"
    """Bits other than zero between the end of the message and that of its last octet."""
    trailing_zeros: Literal["accept", "refuse"] = "accept"
    """Zero octets behind the message. Others are always refused."""

    def __post_init__(self) -> None:
        for name, kind in typing.get_type_hints(type(self)).items():
            allowed = typing.get_args(kind)
            if getattr(self, name) not in allowed:
                raise LocalError(f"dialect: {name} is {' or '.join(allowed)}, not {getattr(self, name)!r}")

    def root_code(self, code: int, key: str, mode: str) -> int:
        """The schema's code of a root for the dialect's, and the other way round."""
        if self.acdp_roots == "cbexigen" and key == "ACDP" and mode == "document":
            return _SWAPPED.get(code, code)
        return code


SCHEMA = Dialect()
"""The default: what the schemas say, with the liberties that deployed peers need."""


class StringTables:
    """Strings of one stream, by the element or attribute that had them and all together (EXI 1.0, 7.3.3)."""

    def __init__(self) -> None:
        self.names: list[QName] = []
        """The elements, and at the end the attribute, being read."""
        self._everywhere: list[str] = []
        self._by_name: dict[QName, list[str]] = {}
        self.referenced = 0
        """Characters that references stood for so far."""

    def entries(self, *, local: bool) -> list[str]:
        """What a reference may mean here: ``local``, what this element or attribute has had before."""
        return self._by_name.get(self.names[-1], []) if local else self._everywhere

    def add(self, value: str) -> None:
        """Remember a string that was spelled out."""
        if value:
            self._everywhere.append(value)
            self._by_name.setdefault(self.names[-1], []).append(value)
