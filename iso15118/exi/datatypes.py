"""Simple types: their range, and how a value looks in EXI, in XML text and in JSON.

The range of a type decides its EXI form (EXI 1.0, 7.1): at most 4096 integers are an n-bit number counted from the
smallest, integers from zero up are an Unsigned Integer, the rest a sign and an Unsigned Integer. Every reader refuses
what the range does not hold, also where the EXI form could carry it.
"""

from __future__ import annotations

import abc
import base64
import binascii
import enum
import re
import sys
from array import array
from typing import Any

from iso15118.exi.bits import MAX_UNSIGNED_OCTETS, BitReader, BitWriter, Fault
from iso15118.exi.dialect import MAX_REFERENCED_CHARACTERS

__all__ = [
    "MAX_INTEGER_OCTETS",
    "Binary",
    "Boolean",
    "Datatype",
    "Enumeration",
    "NBit",
    "Signed",
    "Text",
    "Unsigned",
]

MAX_INTEGER_OCTETS = 400
"""Octets of the longest xs:integer, which has no range of its own: 2800 bits. A certificate's serial number, its one
use, has 160 bits at most (RFC 5280, 4.1.2.2)."""

# What XML 1.0 can't carry (production 2, Char): NUL and most controls, surrogates, U+FFFE, U+FFFF.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_XML_SPACE = "\t\n\r "
_UTF_32 = f"utf-32-{sys.byteorder[0]}e"
_NO_SPACE = dict.fromkeys(map(ord, _XML_SPACE))


class Datatype(abc.ABC):
    """One simple type. Values in ``write``, ``text`` and ``to_json`` have passed ``check``."""

    __slots__ = ()
    name = "value"

    def __repr__(self) -> str:
        """Kind and bounds: datatypes with the same are the same."""
        slots = [name for cls in type(self).__mro__ for name in getattr(cls, "__slots__", ())]
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in sorted(slots))})"

    @abc.abstractmethod
    def check(self, value: Any) -> None:
        """Refuse what is not a value of this type.

        Raises:
            Fault: Wrong Python type, or out of range.
        """

    @abc.abstractmethod
    def read(self, reader: BitReader) -> Any:
        """Read a value, in range."""

    @abc.abstractmethod
    def write(self, writer: BitWriter, value: Any) -> None:
        """Append a value."""

    def empty(self, bit: int) -> Any:
        """The value of an element without content, or None when there is no such value; ``bit`` is where it ends."""
        return None

    @abc.abstractmethod
    def text(self, value: Any) -> str:
        """Canonical lexical form."""

    @abc.abstractmethod
    def parse(self, text: str) -> Any:
        """Value of a lexical form, in range."""

    def to_json(self, value: Any) -> Any:
        """The JSON value: a string unless said otherwise."""
        return self.text(value)

    def from_json(self, value: Any) -> Any:
        """Value of a JSON value, in range."""
        if type(value) is not str:
            raise Fault(f"{self.name} must be a JSON string, not {_short(value)}")
        return self.parse(value)


def _short(value: Any) -> str:
    """A wrong value as errors show it: only what is plain and small is spelled out, since anything may come here."""
    plain = value is None or isinstance(value, bool | float | str) or (isinstance(value, int) and abs(value) < 1 << 128)
    if not plain:
        return f"an integer of {value.bit_length()} bits" if isinstance(value, int) else f"a {type(value).__name__}"
    text = repr(value if not isinstance(value, str) else value[:60])
    return text if len(text) <= 60 else text[:57] + "..."


class Boolean(Datatype):
    """xs:boolean: one bit."""

    __slots__ = ()
    name = "a boolean"

    def check(self, value: Any) -> None:
        if value is not True and value is not False:
            raise Fault(f"True or False is needed, not {_short(value)}")

    def read(self, reader: BitReader) -> bool:
        return reader.bits(1) == 1

    def write(self, writer: BitWriter, value: bool) -> None:
        writer.bits(value, 1)

    def text(self, value: bool) -> str:
        return "true" if value else "false"

    def parse(self, text: str) -> bool:
        match text.strip(_XML_SPACE):
            case "true" | "1":
                return True
            case "false" | "0":
                return False
        raise Fault(f"true or false is needed, not {_short(text)}")

    def to_json(self, value: bool) -> bool:
        return value

    def from_json(self, value: Any) -> bool:
        self.check(value)
        return bool(value)


class _Number(Datatype):
    """Integers from ``low`` to ``high``; None is no bound."""

    __slots__ = ("high", "low")

    def __init__(self, low: int | None, high: int | None) -> None:
        self.low, self.high = low, high

    @property
    def name(self) -> str:  # type: ignore[override]  # the range is part of the name
        bounds = ["" if bound is None else str(bound) for bound in (self.low, self.high)]
        return f"an integer {bounds[0]}..{bounds[1]}" if any(bounds) else "an integer"

    def check(self, value: Any) -> None:
        if type(value) is not int:
            raise Fault(f"{self.name} is needed, not {_short(value)}")
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise Fault(f"{_short(value)} is not {self.name}")

    def text(self, value: int) -> str:
        return str(value)

    def parse(self, text: str) -> int:
        digits = text.strip(_XML_SPACE)
        # 7 * MAX_INTEGER_OCTETS bits have at most 843 digits; no longer number is worth converting.
        if len(digits) > 3 * MAX_INTEGER_OCTETS or not _INTEGER.fullmatch(digits):
            raise Fault(f"{self.name} is needed, not {_short(text)}")
        value = int(digits)
        self.check(value)
        return value

    def to_json(self, value: int) -> int:
        return value

    def from_json(self, value: Any) -> int:
        self.check(value)
        return int(value)


class NBit(_Number):
    """At most 4096 integers: an n-bit number counted from the smallest (EXI 1.0, 7.1.9)."""

    __slots__ = ("width",)
    low: int
    high: int

    def __init__(self, low: int, high: int) -> None:
        super().__init__(low, high)
        self.width = (high - low).bit_length()

    def read(self, reader: BitReader) -> int:
        value = self.low + reader.bits(self.width)
        if value > self.high:
            raise Fault(f"{value} is not {self.name}", reader.position - self.width)
        return value

    def write(self, writer: BitWriter, value: int) -> None:
        writer.bits(value - self.low, self.width)


class Unsigned(_Number):
    """Integers from zero (or a little above) up: an Unsigned Integer (EXI 1.0, 7.1.6)."""

    __slots__ = ()
    low: int
    high: int

    def read(self, reader: BitReader) -> int:
        start = reader.position
        value = reader.unsigned()
        if value > self.high or value < self.low:
            raise Fault(f"{value} is not {self.name}", start)
        return value

    def write(self, writer: BitWriter, value: int) -> None:
        writer.unsigned(value)


class Signed(_Number):
    """Integers that may be negative: a sign bit, then the value, or its complement, as Unsigned Integer (7.1.5)."""

    __slots__ = ()

    def check(self, value: Any) -> None:
        super().check(value)
        if self.high is None and value.bit_length() > 7 * MAX_INTEGER_OCTETS:
            raise Fault(f"an integer of more than {7 * MAX_INTEGER_OCTETS} bits")

    def read(self, reader: BitReader) -> int:
        start = reader.position
        negative = reader.bits(1)
        magnitude = reader.unsigned(MAX_INTEGER_OCTETS if self.high is None else MAX_UNSIGNED_OCTETS)
        value = ~magnitude if negative else magnitude
        if (self.high is not None and value > self.high) or (self.low is not None and value < self.low):
            raise Fault(f"{value} is not {self.name}", start)
        return value

    def write(self, writer: BitWriter, value: int) -> None:
        if value < 0:
            writer.bits(1, 1)
            writer.unsigned(~value)
        else:
            writer.bits(0, 1)
            writer.unsigned(value)


class Enumeration(Datatype):
    """Literals of the schema, by their place there (EXI 1.0, 7.2); members of an ``enum.Enum`` in Python."""

    __slots__ = ("cls", "index", "members", "width")
    name = "an enumeration literal"

    def __init__(self, cls: type[enum.Enum]) -> None:
        self.cls = cls
        self.members = tuple(cls)
        self.index = {member.value: place for place, member in enumerate(self.members)}
        self.width = (len(self.members) - 1).bit_length()

    def check(self, value: Any) -> None:
        if type(value) is not self.cls:
            raise Fault(f"a {self.cls.__name__} is needed, not {_short(value)}")

    def read(self, reader: BitReader) -> enum.Enum:
        place = reader.bits(self.width)
        if place >= len(self.members):
            raise Fault(
                f"literal {place} of {self.cls.__name__}, which has {len(self.members)}", reader.position - self.width
            )
        return self.members[place]

    def write(self, writer: BitWriter, value: enum.Enum) -> None:
        writer.bits(self.index[value._value_], self.width)

    def text(self, value: enum.Enum) -> str:
        return str(value.value)

    def parse(self, text: str) -> enum.Enum:
        place = self.index.get(text)
        if place is None:
            raise Fault(f"{_short(text)} is no literal of {self.cls.__name__}")
        return self.members[place]


class _Sized(Datatype):
    """A value with a length from ``least`` to ``most`` (None: no limit but the stream's)."""

    __slots__ = ("least", "most")
    unit = ""

    def __init__(self, least: int = 0, most: int | None = None) -> None:
        self.least, self.most = least, most

    def check_length(self, length: int, bit: int | None = None) -> None:
        if length < self.least or (self.most is not None and length > self.most):
            most = "" if self.most is None else self.most
            allowed = str(self.least) if self.least == self.most else f"{self.least}..{most}"
            raise Fault(f"{length} {self.unit}, not {allowed}", bit)


class Text(_Sized):
    """xs:string, xs:anyURI, xs:ID: a length and code points; lengths count code points (EXI 1.0, 7.1.10)."""

    __slots__ = ()
    name = "text"
    unit = "characters"

    def check(self, value: Any) -> None:
        if type(value) is not str:
            raise Fault(f"a str is needed, not {_short(value)}")
        self.check_length(len(value))
        self.check_characters(value)

    def check_characters(self, value: str, bit: int | None = None) -> None:
        if value.isascii() and value.isprintable():
            return  # by far the commonest, and quicker to see
        if (wrong := _NOT_XML.search(value)) is not None:
            raise Fault(f"character U+{ord(wrong[0]):04X}, which XML can't carry", bit)

    def empty(self, bit: int) -> str:
        self.check_length(0, bit)
        return ""

    def read(self, reader: BitReader) -> str:
        start = reader.position
        length = reader.unsigned() - 2
        if length < 0:
            value = self._reference(reader, start, local=length == -2)
            self.check_length(len(value), start)
            return value
        self.check_length(length, start)
        octets = reader.octets(length)
        value = octets.decode("ascii") if octets.isascii() else self._wide(reader, octets, length, start)
        self.check_characters(value, start)
        if reader.tables is not None:
            reader.tables.add(value)
        return value

    def _reference(self, reader: BitReader, start: int, *, local: bool) -> str:
        """A string that came before (EXI 1.0, 7.3.3): the profile has none, a dialect may."""
        if reader.tables is None:
            raise Fault("a string table reference", start)
        entries = reader.tables.entries(local=local)
        place = reader.bits(max(len(entries) - 1, 0).bit_length())
        if place >= len(entries):
            raise Fault(f"string {place} of a table that has {len(entries)}", start)
        value = entries[place]
        reader.tables.referenced += len(value)
        if reader.tables.referenced > MAX_REFERENCED_CHARACTERS:
            raise Fault(f"references to more than {MAX_REFERENCED_CHARACTERS} characters", start)
        return value

    def _wide(self, reader: BitReader, octets: bytes, length: int, start: int) -> str:
        """Code points beyond ASCII: read on, at least one octet for each code point still missing."""
        # As numbers of four octets: a list of one-character strings would take forty times the stream.
        points = array("I")
        value = shift = 0
        while True:
            for octet in octets:
                value |= (octet & 127) << shift
                shift += 7
                if octet < 128:
                    if value > 0x10FFFF:
                        raise Fault(f"code point {value:#x}, which Unicode does not have", start)
                    points.append(value)
                    value = shift = 0
                elif shift == 7 * MAX_UNSIGNED_OCTETS:
                    raise Fault(f"an integer of more than {MAX_UNSIGNED_OCTETS} octets", start)
            if len(points) == length:
                return str(points, _UTF_32, "surrogatepass")  # surrogates are refused like every other character
            octets = reader.octets(length - len(points))

    def write(self, writer: BitWriter, value: str) -> None:
        writer.unsigned(len(value) + 2)
        if value.isascii():
            writer.octets(value.encode("ascii"))
            return
        for character in value:
            writer.unsigned(ord(character))

    def text(self, value: str) -> str:
        return value

    def parse(self, text: str) -> str:
        self.check(text)
        return text


class Binary(_Sized):
    """xs:base64Binary and, when ``hexadecimal``, xs:hexBinary: a length and octets (EXI 1.0, 7.1.1)."""

    __slots__ = ("hexadecimal",)
    name = "binary data"
    unit = "octets"

    def __init__(self, least: int = 0, most: int | None = None, *, hexadecimal: bool = False) -> None:
        super().__init__(least, most)
        self.hexadecimal = hexadecimal

    def check(self, value: Any) -> None:
        if type(value) is not bytes:
            raise Fault(f"bytes are needed, not {_short(value)}")
        self.check_length(len(value))

    def empty(self, bit: int) -> bytes:
        self.check_length(0, bit)
        return b""

    def read(self, reader: BitReader) -> bytes:
        start = reader.position
        length = reader.unsigned()
        self.check_length(length, start)
        return reader.octets(length)

    def write(self, writer: BitWriter, value: bytes) -> None:
        writer.unsigned(len(value))
        writer.octets(value)

    def text(self, value: bytes) -> str:
        return value.hex().upper() if self.hexadecimal else base64.b64encode(value).decode("ascii")

    def parse(self, text: str) -> bytes:
        try:
            if self.hexadecimal:
                value = binascii.unhexlify(text.strip(_XML_SPACE))
            else:
                packed = text.translate(_NO_SPACE)
                value = base64.b64decode(packed, validate=True)
                if base64.b64encode(value) != packed.encode("ascii"):
                    raise ValueError("bits beyond the last octet")
        except ValueError as error:
            form = "hexadecimal" if self.hexadecimal else "base64"
            raise Fault(f"not {form}: {_short(text)}") from error
        self.check_length(len(value))
        return value
