"""An EXI stream, event by event: where it stands, how wide it is, which bits, what they say.

The interpreter reads; a reader that listens to what the interpreter notes keeps the record. So what is explained is what
is decoded, and of a stream with a fault everything up to it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from iso15118.errors import CodecError
from iso15118.exi import interpreter
from iso15118.exi.bits import BitReader
from iso15118.exi.codec import Content, Mode, read_from
from iso15118.exi.datatypes import Binary, Text
from iso15118.exi.dialect import SCHEMA, Dialect
from iso15118.exi.grammar import Element, schema_grammar

__all__ = ["MAX_EXPLAINED_OCTETS", "Explanation", "Step", "explain"]

MAX_EXPLAINED_OCTETS = 1 << 16
"""Longest stream explained: that of a session's longest message (``io.endpoint.MAX_MESSAGE_OCTETS``). An explanation
takes four to five hundred times the memory of its stream."""

_MOST_BITS = 24
_MOST_CHARACTERS = 60
_HEADER_BITS = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One event, or one part of it, with the bits it takes."""

    bit: int
    """Where it begins."""
    width: int
    event: str
    """``header``, ``SE`` (start of an element), ``SE(*)`` (of one the schema does not name, then ``name``), ``AT``
    (attribute), ``CH`` (content), ``EE`` (end of an element), ``ED`` (end of a fragment), ``length``, ``value``,
    ``padding``, ``rest`` (not understood)."""
    name: str
    """Of the element or attribute."""
    value: Any
    """Of a length or value, as in a message; None else."""
    declared: int
    """How many events the grammar declares in this state; 0 where the bits are no event code."""
    depth: int
    """How many elements it is in."""
    stream: bytes = field(repr=False)
    """All of it; its bits are looked at when they are asked for."""

    @property
    def bits(self) -> str:
        """Zeros and ones."""
        if not self.width:
            return ""
        end = self.bit + self.width
        octets = self.stream[self.bit >> 3 : (end + 7) >> 3]
        return f"{int.from_bytes(octets, 'big') >> (-end & 7) & (1 << self.width) - 1:0{self.width}b}"

    def __str__(self) -> str:
        bits = self.bits if self.width <= _MOST_BITS else self.bits[: _MOST_BITS - 3] + "..."
        return f"{self.bit:6}  {self.width:5}  {bits:{_MOST_BITS}}  {'  ' * self.depth}{self.what}"

    def to_json(self) -> dict[str, Any]:
        """All members; binary data in hexadecimal, enumerations by their literal."""
        value = self.value.hex() if isinstance(self.value, bytes) else self.value
        return {
            "bit": self.bit,
            "width": self.width,
            "bits": self.bits,
            "event": self.event,
            "name": self.name,
            "value": value.value if isinstance(value, enum.Enum) else value,
            "declared": self.declared,
            "depth": self.depth,
        }

    @property
    def what(self) -> str:
        """The event in words."""
        match self.event:
            case "SE" | "AT" | "EE":
                return f"{self.event}({self.name})"
            case "length":
                return f"length {self.value}"
            case "value":
                return _shown(self.value)
            case "name":
                return f"name {self.name}"
            case "rest":
                return "not understood"
        return self.event


class Explanation(NamedTuple):
    """What a stream says, as far as it can be read."""

    steps: tuple[Step, ...]
    content: Content | None
    """None if there is a fault."""
    error: CodecError | None
    """The fault: where, and what."""

    def lines(self) -> Iterator[str]:
        """A table, and the fault below it."""
        yield f"{'bit':>6}  {'width':>5}  {'bits':{_MOST_BITS}}  event"
        yield from map(str, self.steps)
        if self.error is not None:
            yield f"fault: {self.error}"


def explain(data: bytes, key: str, mode: Mode = "document", dialect: Dialect = SCHEMA) -> Explanation:
    """Read a stream and say what each bit of it means; a fault is part of the answer.

    Args:
        data: The EXI stream.
        key: Name of the schema set (``registry.KEYS``).
        mode: A document has a global element as root, a fragment any element.
        dialect: What the peer writes otherwise than the schemas say.

    Raises:
        CodecError: The stream is longer than ``MAX_EXPLAINED_OCTETS``; no other fault is raised.
        LocalError: Unknown key or mode.
    """
    schema = schema_grammar(key)
    if len(data) > MAX_EXPLAINED_OCTETS:
        raise CodecError(f"{len(data)} octets, more than the limit of {MAX_EXPLAINED_OCTETS} for an explanation")
    reader = _Listener(data, len(schema.document if mode == "document" else schema.fragment))
    content, error = None, None
    try:
        content = read_from(reader, key, mode, _read_element, dialect)
    except CodecError as fault:
        error = fault
    reader.finish(fault=error is not None)
    return Explanation(tuple(reader.steps), content, error)


def _read_element(reader: BitReader, element: Element) -> Any:
    """The root: its start has been read, and the header before it."""
    assert isinstance(reader, _Listener)
    reader.step("header", _HEADER_BITS)
    reader.note_event("SE", element.name.local, reader.roots)
    return interpreter.read_element(reader, element)


class _Listener(BitReader):
    """Keeps what it is told about the bits it has read."""

    __slots__ = ("inside", "length", "length_end", "mark", "roots", "steps")

    def __init__(self, data: bytes, roots: int) -> None:
        super().__init__(data)
        self.roots = roots
        self.steps: list[Step] = []
        self.mark = 0
        """Where what has not been noted yet begins."""
        self.length_end = 0
        """Where the first integer since the mark ended: a length, if the value has one."""
        self.length = 0
        """That integer, as it is written."""
        self.inside: list[str] = []

    def unsigned(self, most_octets: int = 10) -> int:
        """As any reader's; remembers where a length ends."""
        value = super().unsigned(most_octets)
        if self.length_end <= self.mark:
            self.length, self.length_end = value, self.position
        return value

    def note_event(self, event: str, name: str, declared: int) -> None:
        """See ``BitReader``."""
        if event == "EE":
            name = self.inside.pop()
        self.step(event, self.position, name=name, declared=declared)
        if event.startswith("SE"):
            self.inside.append(name)
        elif event == "name":
            self.inside[-1] = name

    def note_value(self, datatype: Any, value: Any) -> None:
        """See ``BitReader``."""
        reference = isinstance(datatype, Text) and self.length < 2
        if isinstance(datatype, Text | Binary) and self.length_end > self.mark and not reference:
            self.step("length", self.length_end, value=len(value))
        if self.position > self.mark or self.steps[-1].event != "length":
            self.step("value", self.position, value=value)

    def step(self, event: str, end: int, *, name: str = "", value: Any = None, declared: int = 0) -> None:
        """Keep the bits from the mark to ``end``."""
        width, depth = end - self.mark, len(self.inside)
        self.steps.append(Step(self.mark, width, event, name, value, declared, depth, self.data))
        self.mark = end

    def finish(self, *, fault: bool) -> None:
        """What is left: the end of a fragment and padding, or what was not understood."""
        self.inside.clear()
        if not self.steps and self.position > _HEADER_BITS:
            self.step("header", _HEADER_BITS)
        if fault:
            end = min(self.limit, self.mark + 8 * 8)
            if self.mark < end:
                self.step("rest", end)
            return
        if self.position > self.mark:
            self.step("ED", self.position)
        if self.mark < self.limit:
            self.step("padding", self.limit)


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        text = value.hex()
    elif isinstance(value, str):
        text = repr(value[: _MOST_CHARACTERS + 1])
    elif isinstance(value, enum.Enum):
        text = str(value.value)
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 3] + "..."
