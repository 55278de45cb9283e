"""What the compiled functions call: bits in and out, in a spelling for mypyc.

``generate_native`` puts this text in front of the functions it writes, so that a C compiler sees both at once. It is
never imported as it stands (tests apart): without a compiler it is correct but slower than ``generated``.

Only the regular course is here, as in ``generated``: at anything else ``Irregular`` (or ``Fault``) is raised, and the
interpreter decides. All ``i64`` numbers stay below 2**62, but for values of 64 bits, which become Python integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from iso15118.exi.bits import BitReader, BitWriter, Irregular
from iso15118.exi.datatypes import Datatype, Text

if TYPE_CHECKING:
    from mypy_extensions import i64

__all__ = [
    "Reader",
    "Writer",
    "boolean",
    "code",
    "fused",
    "irregular",
    "number",
    "put",
    "read",
    "read_binary",
    "read_document",
    "read_general",
    "read_text",
    "signed",
    "skip",
    "take",
    "unsigned",
    "unsigned_long",
    "write",
    "write_binary",
    "write_document",
    "write_general",
    "write_signed",
    "write_text",
    "write_unsigned",
    "write_unsigned_long",
]

_FEW: Final = 32
"""So many octets at most are moved through the window."""
CHUNK_BITS: Final = 56
"""A writer collects so many bits before it makes octets of them."""


class Reader:
    """A stream with a window of at most 56 bits: the lowest ``rem`` bits of ``acc`` come before octet ``offset``."""

    def __init__(self, data: bytes, position: i64) -> None:
        self.data = data
        self.size: i64 = len(data)
        self.offset: i64 = position >> 3
        self.acc: i64 = 0
        self.rem: i64 = 0
        if position & 7:
            take(self, position & 7)


class Writer:
    """Octets written, and the ``n`` bits behind them (fewer than 56) in ``acc``."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.acc: i64 = 0
        self.n: i64 = 0


def irregular() -> None:
    """Leave the regular course."""
    raise Irregular


def mask(width: i64) -> i64:
    # Not (1 << width) - 1: mypyc writes that 1 as a C int, which has 32 bits.
    return 0x7FFF_FFFF_FFFF_FFFF >> (63 - width)


def fill(r: Reader, width: i64) -> None:
    """Fill the window, to ``width`` bits at least."""
    rem: i64 = r.rem
    acc: i64 = r.acc & mask(rem)
    offset: i64 = r.offset
    size: i64 = r.size
    data = r.data
    octet: i64 = 0
    while rem <= 48 and offset < size:
        octet = data[offset]
        acc = acc << 8 | octet
        offset += 1
        rem += 8
    r.acc = acc
    r.offset = offset
    r.rem = rem
    if rem < width:
        raise Irregular


def take(r: Reader, width: i64) -> i64:
    """The next ``width`` bits, 48 at most."""
    rem: i64 = r.rem - width
    if rem < 0:
        fill(r, width)
        rem = r.rem - width
    r.rem = rem
    return r.acc >> rem & mask(width)


def fused(r: Reader, width: i64, wrong: i64) -> i64:
    """The next ``width`` bits, of which those in ``wrong`` must be zero."""
    x: i64 = take(r, width)
    if x & wrong:
        raise Irregular
    return x


def skip(r: Reader, width: i64) -> None:
    """Read bits that must be zero."""
    if take(r, width):
        raise Irregular


def code(r: Reader, width: i64, count: i64) -> i64:
    """An event code below ``count``."""
    x: i64 = take(r, width)
    if x >= count:
        raise Irregular
    return x


def longer(r: Reader, value: i64) -> int:
    """The octets of an Unsigned Integer from the second on, ten in all at most."""
    shift: i64 = 7
    octet: i64 = 128
    while shift < 56:
        octet = take(r, 8)
        value |= (octet & 127) << shift
        if octet < 128:
            return value
        shift += 7
    wide: int = value
    last: int = take(r, 8)
    wide += (last & 127) << 56
    if last > 127:
        last = take(r, 8)
        wide += last << 63
        if last > 127:
            raise Irregular
    return wide


def unsigned(r: Reader, lead: i64, trail: i64, low: i64, high: i64) -> i64:
    """An Unsigned Integer of an element: ``lead`` event bits, value, ``trail`` event bits."""
    value: i64 = take(r, lead + 8)
    if value > 127:
        if value > 255:
            raise Irregular
        value = longer(r, value & 127)
    skip(r, trail)
    if value < low or value > high:
        raise Irregular
    return value


def unsigned_long(r: Reader, lead: i64, trail: i64, low: int, high: int) -> int:
    """As ``unsigned``, with bounds beyond 62 bits."""
    value: int = take(r, lead + 8)
    if value > 127:
        if value > 255:
            raise Irregular
        value = longer(r, value & 127)
    skip(r, trail)
    if value < low or value > high:
        raise Irregular
    return value


def signed(r: Reader, lead: i64, trail: i64, low: i64, high: i64) -> i64:
    """An Integer of an element: ``lead`` event bits, sign, magnitude, ``trail`` event bits."""
    x: i64 = take(r, lead + 9)
    if x >> 9:
        raise Irregular
    value: i64 = x & 255
    if value > 127:
        value = longer(r, value & 127)
    skip(r, trail)
    if x & 256:
        value = ~value
    if value < low or value > high:
        raise Irregular
    return value


def move(r: Reader, position: i64) -> None:
    """Go on at another bit."""
    r.offset = position >> 3
    r.acc = 0
    r.rem = 0
    if position & 7:
        take(r, position & 7)


def octets(r: Reader, length: i64) -> bytes:
    """Octets in one piece, wherever they begin."""
    position: i64 = 8 * r.offset - r.rem
    end: i64 = position + 8 * length
    if end > 8 * r.size:
        raise Irregular
    start: i64 = position >> 3
    stop: i64 = (end + 7) >> 3
    if length <= _FEW and position & 7:
        return few(r, length)
    piece = r.data[start:stop]
    if position & 7:
        piece = middle(piece, -position & 7, length)
    move(r, end)
    return piece


def few(r: Reader, length: i64) -> bytes:
    """Octets that are there, a few at a time."""
    value: int = 0
    piece: int = 0
    rest: i64 = length
    while rest > 6:
        piece = take(r, 48)
        value = value << 48 | piece
        rest -= 6
    piece = take(r, 8 * rest)
    width: int = 8 * rest
    value = value << width | piece
    return value.to_bytes(length, "big")


def middle(piece: bytes, drop: int, length: int) -> bytes:
    """``length`` octets of a piece of one more, ``drop`` bits before its end. (Python integers: no i64 may come near.)"""
    return (int.from_bytes(piece, "big") >> drop).to_bytes(length + 1, "big")[1:]


def behind(held: int, data: bytes, drop: int, length: int) -> bytes:
    """``length`` octets: ``held``, then ``data`` but for its last ``drop`` bits. (As ``middle``.)"""
    front = held.to_bytes(length - len(data) + 1, "big")
    return (int.from_bytes(front + data, "big") >> drop).to_bytes(length, "big")


def sized(r: Reader, least: i64, most: i64) -> i64:
    """A length of two octets at most; ``most`` below zero is no limit but the stream's."""
    length: i64 = take(r, 8)
    octet: i64 = 0
    if length > 127:
        octet = take(r, 8)
        if octet > 127:
            raise Irregular
        length = length & 127 | octet << 7
    if length < least or (length > most >= 0):
        raise Irregular
    return length


def read_binary(r: Reader, least: i64, most: i64) -> bytes:
    return octets(r, sized(r, least, most))


def read_text(r: Reader, least: i64, most: i64, datatype: Text) -> str:
    """Text, which is ASCII as a rule; if not, the general way from its beginning on. Bounds are those of the length."""
    start: i64 = 8 * r.offset - r.rem
    data = octets(r, sized(r, least, most) - 2)
    try:
        value = data.decode("ascii")
    except UnicodeDecodeError:
        move(r, start)
        wide: str = read_general(r, datatype)
        return wide
    if not value.isprintable():
        datatype.check_characters(value)
    return value


def read_general(r: Reader, datatype: Datatype) -> Any:
    """Any value, by the datatype itself."""
    reader = BitReader(r.data)
    reader.position = 8 * r.offset - r.rem
    value = datatype.read(reader)
    move(r, reader.position)
    return value


def read(function: Any, data: bytes, position: i64) -> tuple[Any, int]:
    """What a generated function reads from a bit on, and the bit behind it.

    Raises:
        Irregular, Fault, OverflowError, ValueError: Not the regular course.
    """
    r = Reader(data, position)
    value = function(r)
    return value, 8 * r.offset - r.rem


def read_document(functions: list[Any], width: i64, data: bytes) -> Any:
    """A document whose root has a code of ``width`` bits; None if it is not the regular course for other reasons.

    Args:
        functions: Code -> generated function; None where there is none.

    Raises:
        Irregular, Fault, OverflowError, ValueError: Not the regular course.
    """
    if len(data) < 3 or data[0] != 0x80:
        return None
    root: i64 = data[1] << 8 | data[2]
    root >>= 16 - width
    if root >= len(functions) or functions[root] is None:
        return None
    r = Reader(data, 8 + width)
    function = functions[root]
    value = function(r)
    if (8 * r.offset - r.rem + 7) >> 3 != r.size:
        return None
    return value


def put(w: Writer, value: i64, width: i64) -> None:
    """Append ``value``, which must fit, in ``width`` bits, 56 at most."""
    n: i64 = w.n + width
    if n < CHUNK_BITS:
        w.acc = w.acc << width | value
        w.n = n
        return
    n -= CHUNK_BITS
    chunk: int = w.acc << (width - n) | value >> n
    w.parts.append(chunk.to_bytes(7, "big"))
    w.acc = value & mask(n)
    w.n = n


def put_octets(w: Writer, data: bytes) -> None:
    """Append octets, wherever they begin, in one piece."""
    length: i64 = len(data)
    octet: i64 = 0
    if length <= 16:
        for index in range(length):
            octet = data[index]
            put(w, octet, 8)
        return
    held: int = w.acc
    rest: i64 = w.n & 7
    whole: i64 = w.n >> 3
    if rest:
        tail: i64 = data[length - 1]
        w.parts.append(behind(held, data, rest, whole + length))
        w.acc = tail & mask(rest)
    else:
        w.parts.append(held.to_bytes(whole, "big"))
        w.parts.append(data)
        w.acc = 0
    w.n = rest


def boolean(x: Any) -> i64:
    if x is True:
        return 1
    if x is False:
        return 0
    raise Irregular


def number(x: Any, low: i64, high: i64) -> i64:
    """An integer in its range, which has 62 bits."""
    if type(x) is not int:
        raise Irregular
    value: i64 = x
    if value < low or value > high:
        raise Irregular
    return value


def put_unsigned(w: Writer, value: i64, trail: i64) -> None:
    while value > 127:
        put(w, value & 127 | 128, 8)
        value >>= 7
    put(w, value << trail, 8 + trail)


def write_unsigned(w: Writer, x: Any, lead: i64, event: i64, low: i64, high: i64, trail: i64) -> None:
    """An Unsigned Integer, behind its events in ``lead`` bits."""
    value: i64 = number(x, low, high)
    if value < 128:
        put(w, event << (8 + trail) | value << trail, lead + 8 + trail)
        return
    put(w, event, lead)
    put_unsigned(w, value, trail)


def write_unsigned_long(w: Writer, x: Any, lead: i64, event: i64, low: int, high: int, trail: i64) -> None:
    """As ``write_unsigned``, with bounds beyond 62 bits."""
    if type(x) is not int:
        raise Irregular
    value: int = x
    if value < low or value > high:
        raise Irregular
    put(w, event, lead)
    while value > 0x3FFF_FFFF_FFFF_FFFF:
        put(w, value & 127 | 128, 8)
        value >>= 7
    put_unsigned(w, value, trail)


def write_signed(w: Writer, x: Any, lead: i64, event: i64, low: i64, high: i64, trail: i64) -> None:
    """An Integer, behind its events in ``lead`` bits."""
    value: i64 = number(x, low, high)
    event <<= 1
    if value < 0:
        event |= 1
        value = ~value
    if value < 128:
        put(w, event << (8 + trail) | value << trail, lead + 9 + trail)
        return
    put(w, event, lead + 1)
    put_unsigned(w, value, trail)


def write_text(w: Writer, x: Any, least: i64, most: i64, datatype: Text) -> None:
    """Text; ``most`` below zero is no limit."""
    if type(x) is not str:
        raise Irregular
    text: str = x
    length: i64 = len(text)
    if not text.isascii():
        write_general(w, x, datatype)
        return
    if length < least or (length > most >= 0):
        raise Irregular
    if not text.isprintable():
        datatype.check_characters(text)
    put_unsigned(w, length + 2, 0)
    put_octets(w, text.encode("ascii"))


def write_binary(w: Writer, x: Any, least: i64, most: i64) -> None:
    """Octets; ``most`` below zero is no limit."""
    if type(x) is not bytes:
        raise Irregular
    data: bytes = x
    length: i64 = len(data)
    if length < least or (length > most >= 0):
        raise Irregular
    put_unsigned(w, length, 0)
    put_octets(w, data)


def write_general(w: Writer, x: Any, datatype: Datatype) -> None:
    """Any value, by the datatype itself."""
    datatype.check(x)
    writer = BitWriter()
    datatype.write(writer, x)
    whole, _, over = writer.mark()
    bits: i64 = 8 * whole + over
    data = writer.finish()
    length: i64 = bits >> 3
    put_octets(w, data[:length])
    last: i64 = 0
    if bits & 7:
        last = data[length]
        put(w, last >> (8 - (bits & 7)), bits & 7)


def write(function: Any, x: Any, held: i64, bits: i64) -> tuple[bytes, int, int]:
    """What a generated function writes behind the ``bits`` bits of ``held``: octets, the bits behind them, their number.

    Raises:
        Irregular, Fault, OverflowError, ValueError: Not the regular course.
    """
    w = Writer()
    w.acc = held
    w.n = bits
    function(w, x)
    rest: i64 = w.n & 7
    last: int = w.acc >> rest
    w.parts.append(last.to_bytes(w.n >> 3, "big"))
    return b"".join(w.parts), w.acc & mask(rest), rest


def write_document(function: Any, x: Any, head: i64, bits: i64) -> bytes:
    """A document: the ``bits`` bits of ``head``, what a generated function writes, zero bits up to an octet.

    Raises:
        Irregular, Fault, OverflowError, ValueError: Not the regular course.
    """
    w = Writer()
    w.acc = head
    w.n = bits
    function(w, x)
    padding: i64 = -w.n & 7
    last: int = w.acc << padding
    w.parts.append(last.to_bytes((w.n + padding) >> 3, "big"))
    return b"".join(w.parts)
