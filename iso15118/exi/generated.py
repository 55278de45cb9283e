"""Runs the functions that ``generate`` writes: the same calls as ``interpreter``, several times as fast.

Each class is compiled once for each schema set, on first use or by ``prepare``. Its source is known to ``linecache``, so
that tracebacks and debuggers show it.
"""

from __future__ import annotations

import functools
import linecache
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from iso15118.exi import interpreter
from iso15118.exi.bits import BitReader, BitWriter, Fault, Irregular
from iso15118.exi.datatypes import Binary, Datatype, Text
from iso15118.exi.generate import ReaderSource, Source
from iso15118.exi.generate_writers import JsonSource, WriterSource
from iso15118.exi.grammar import Element, RecordGrammar

__all__ = ["Irregular", "json_value", "prepare", "read_element", "write_element"]

_WINDOW_OCTETS = 64
"""How much of a stream is held as one integer: enough to refill seldom, little enough to shift cheaply."""

_FEW_OCTETS = 32
"""So many octets of a value at most go through the window."""
_HELD_BITS = 2048
"""A record begins by handing over what is held, if it is longer: as with the window."""


class _Window:
    """The stream behind ``acc``: ``offset`` is the first octet not yet in it."""

    __slots__ = ("data", "offset")

    def __init__(self, data: bytes, offset: int) -> None:
        self.data, self.offset = data, offset


def _refill(r: _Window, acc: int, rem: int, width: int) -> tuple[int, int]:
    """Called when ``width`` bits were to be read and ``rem``, already less by them, is below zero."""
    piece = r.data[r.offset : r.offset + max(_WINDOW_OCTETS, (7 - rem) >> 3)]
    r.offset += len(piece)
    got = 8 * len(piece)
    if got + rem < 0:
        raise Irregular
    return (acc & (1 << rem + width) - 1) << got | int.from_bytes(piece, "big"), rem + got


def _longer(r: _Window, acc: int, rem: int, value: int, trail: int) -> tuple[int, int, int]:
    """The octets of an integer from the second on, and the ``trail`` bits, all zero, that end its element."""
    shift = 7
    octet = 128
    if rem >= 56:
        # Seven octets ahead, so that the window is shifted once.
        ahead = acc >> rem - 56 & 0xFF_FFFF_FFFF_FFFF
        left = 56
        while octet > 127 and left:
            left -= 8
            octet = ahead >> left & 255
            value |= (octet & 127) << shift
            shift += 7
        rem -= 56 - left
    while octet > 127:
        if shift > 63:
            raise Irregular
        rem -= 8
        if rem < 0:
            acc, rem = _refill(r, acc, rem, 8)
        octet = acc >> rem & 255
        value |= (octet & 127) << shift
        shift += 7
    rem -= trail
    if rem < 0:
        acc, rem = _refill(r, acc, rem, trail)
    if acc >> rem & (1 << trail) - 1:
        raise Irregular
    return value, acc, rem


def _read_general(r: _Window, acc: int, rem: int, datatype: Datatype) -> tuple[Any, int, int]:
    """Any value, by the datatype itself."""
    reader = BitReader(r.data)
    reader.position = 8 * r.offset - rem
    value = datatype.read(reader)
    r.offset = reader.position >> 3
    return value, *_refill(r, 0, -(reader.position & 7), reader.position & 7)


def _read_octets(r: _Window, acc: int, rem: int, length: int) -> tuple[bytes, int, int]:
    if length <= _FEW_OCTETS:
        rem -= 8 * length
        if rem < 0:
            acc, rem = _refill(r, acc, rem, 8 * length)
        return (acc >> rem & (1 << 8 * length) - 1).to_bytes(length, "big"), acc, rem
    # Many: one long integer, shifted once, and a new window behind them.
    data = r.data
    end = 8 * (r.offset + length) - rem
    if end > 8 * len(data):
        raise Irregular
    behind = end & 7
    octets = data[(end >> 3) - length : (end + 7) >> 3]
    if behind:
        octets = (int.from_bytes(octets, "big") >> 8 - behind).to_bytes(length + 1, "big")[1:]
    piece = data[end >> 3 : (end >> 3) + _WINDOW_OCTETS]
    r.offset = (end >> 3) + len(piece)
    return octets, int.from_bytes(piece, "big"), 8 * len(piece) - behind


def _read_second(r: _Window, acc: int, rem: int, length: int) -> tuple[int, int, int]:
    """A length's second octet, which must be its last: 16383 at most."""
    rem -= 8
    if rem < 0:
        acc, rem = _refill(r, acc, rem, 8)
    octet = acc >> rem & 255
    if octet > 127:
        raise Irregular
    return length & 127 | octet << 7, acc, rem


def _read_binary(r: _Window, acc: int, rem: int, datatype: Binary) -> tuple[Any, int, int]:
    rem -= 8
    if rem < 0:
        acc, rem = _refill(r, acc, rem, 8)
    length = acc >> rem & 255
    if length > 127:
        length, acc, rem = _read_second(r, acc, rem, length)
    if length < datatype.least or (datatype.most is not None and length > datatype.most):
        raise Irregular
    return _read_octets(r, acc, rem, length)


def _read_text(r: _Window, acc: int, rem: int, datatype: Text) -> tuple[Any, int, int]:
    """Text, which is ASCII as a rule; if not, the general way from its beginning on."""
    start = 8 * r.offset - rem
    rem -= 8
    if rem < 0:
        acc, rem = _refill(r, acc, rem, 8)
    length = acc >> rem & 255
    if length > 127:
        length, acc, rem = _read_second(r, acc, rem, length)
    length -= 2
    if length < datatype.least or (datatype.most is not None and length > datatype.most):
        raise Irregular
    octets, acc, rem = _read_octets(r, acc, rem, length)
    try:
        value = octets.decode("ascii")
    except UnicodeDecodeError:
        return _read_general(r, 0, 8 * r.offset - start, datatype)
    if not value.isprintable():
        datatype.check_characters(value)
    return value, acc, rem


def _flush(w: BitWriter, acc: int) -> int:
    """Hand over what is held."""
    width = acc.bit_length() - 1
    w.bits(acc ^ 1 << width, width)
    return 1


def _write_general(w: BitWriter, value: Any, acc: int, datatype: Datatype) -> int:
    datatype.check(value)
    _flush(w, acc)
    datatype.write(w, value)
    return 1


def _write_binary(w: BitWriter, value: Any, acc: int, datatype: Binary) -> int:
    if type(value) is not bytes:
        raise Irregular
    length = len(value)
    if length < datatype.least or (datatype.most is not None and length > datatype.most):
        raise Irregular
    if length < 128:
        return (acc << 8 | length) << 8 * length | int.from_bytes(value, "big")
    if length < 16384:
        acc = acc << 16 | (length & 127 | 128) << 8 | length >> 7
    else:
        return _write_general(w, value, acc, datatype)
    w.long_octets(acc, value)  # behind what is held, without passing through it
    return 1


def _write_text(w: BitWriter, value: Any, acc: int, datatype: Text) -> int:
    if type(value) is not str:
        raise Irregular
    length = len(value)
    if length > 125 or not value.isascii():
        return _write_general(w, value, acc, datatype)
    if length < datatype.least or (datatype.most is not None and length > datatype.most):
        raise Irregular
    if not value.isprintable():
        datatype.check_characters(value)
    octets = int.from_bytes(value.encode("ascii"), "big")
    return (acc << 8 | length + 2) << 8 * length | octets


_RUNTIME = {
    "FULL": 1 << _HELD_BITS,
    "Irregular": Irregular,
    "flush": _flush,
    "longer": _longer,
    "read_binary": _read_binary,
    "read_general": _read_general,
    "read_text": _read_text,
    "refill": _refill,
    "replace": replace,
    "write_binary": _write_binary,
    "write_general": _write_general,
    "write_text": _write_text,
}


_SOURCES: dict[str, Callable[[RecordGrammar, str], Source]] = {
    "R": ReaderSource,
    "R1": functools.partial(ReaderSource, lead=1),
    "W": WriterSource,
    "J": JsonSource,
}


class _Lines(Sequence[str]):
    """The source of one function, made again when somebody looks at it: kept, all of it would take a mebibyte."""

    __slots__ = ("grammar", "letter", "name")

    def __init__(self, letter: str, grammar: RecordGrammar, name: str) -> None:
        self.letter, self.grammar, self.name = letter, grammar, name

    def lines(self) -> list[str]:
        return _SOURCES[self.letter](self.grammar, self.name).text().splitlines(keepends=True)

    def __len__(self) -> int:
        return len(self.lines())

    def __getitem__(self, place: Any) -> Any:
        return self.lines()[place]

    def __iter__(self) -> Iterator[str]:
        return iter(self.lines())


def _compiled(letter: str, grammar: RecordGrammar) -> Callable[..., Any]:
    """Reader, writer or JSON writer of a class; those of the classes in it are made first."""
    function = grammar.compiled.get(letter)
    if function is None:
        name = f"{letter}_{grammar.cls.__name__}"
        source = _SOURCES[letter](grammar, name)
        scope: dict[str, Any] = {**_RUNTIME, **source.names}
        for called, (kind, needed) in source.needs.items():
            scope[called] = _compiled(kind, needed)
        text = source.text()
        file = f"<exi {grammar.key} {name}>"
        linecache.cache[file] = (len(text), None, _Lines(letter, grammar, name), file)  # type: ignore[assignment]
        # The text is made of schema names and numbers of this distribution's own classes, nothing from outside.
        exec(compile(text, file, "exec"), scope)  # noqa: S102
        function = grammar.compiled[letter] = scope[name]
    return function


def prepare(element: Element, letters: str = "RWJ") -> None:
    """Make the functions of an element's class, so that no message has to wait for them: R, W of EXI, J of JSON."""
    if element.record is not None and not element.refused:
        for letter in letters:
            _compiled(letter, element.record)


def read_element(reader: BitReader, element: Element) -> Any:
    """As ``interpreter.read_element``."""
    if element.record is None or element.refused:
        return interpreter.read_element(reader, element)
    start = reader.position
    offset = start >> 3
    piece = reader.data[offset : offset + _WINDOW_OCTETS]
    window = _Window(reader.data, offset + len(piece))
    function = element.record.compiled.get("R") or _compiled("R", element.record)
    try:
        value, _, rem = function(window, int.from_bytes(piece, "big"), 8 * len(piece) - (start & 7))
    except (Irregular, Fault):
        return interpreter.read_element(reader, element)
    reader.position = 8 * window.offset - rem
    return value


def write_element(writer: BitWriter, element: Element, value: Any) -> None:
    """As ``interpreter.write_element``."""
    if element.record is None or element.refused:
        interpreter.write_element(writer, element, value)
        return
    mark = writer.mark()
    function = element.record.compiled.get("W") or _compiled("W", element.record)
    try:
        acc = function(writer, value, 1)
    except (Irregular, Fault):
        writer.reset(mark)
        interpreter.write_element(writer, element, value)
    else:
        _flush(writer, acc)


def json_value(grammar: RecordGrammar, record: Any) -> dict[str, Any]:
    """JSON object of a record.

    Raises:
        Irregular: It is not valid; ``json`` says why.
    """
    try:
        members: dict[str, Any] = _compiled("J", grammar)(record)
    except Fault:
        raise Irregular from None
    return members
