"""Bits in and out of a byte string, and the two EXI integers every other datatype is made of.

Both classes move long values (certificates, strings) in one piece: the cost of a value depends on its own length, never
on that of the message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iso15118.exi.dialect import StringTables

__all__ = ["MAX_UNSIGNED_OCTETS", "BitReader", "BitWriter", "Fault", "Irregular", "short_name"]

MAX_UNSIGNED_OCTETS = 10
"""Octets of the longest Unsigned Integer but for xs:integer: 64 bits, 7 an octet. A shorter value may come in more
octets than it needs (the deployed codecs take such streams), but in no more than this."""

_FLUSH_BITS = 512
_FEW_OCTETS = 32
_MOST_NAME = 60


class Fault(Exception):
    """What is wrong and where, before the codec makes a CodecError of it.

    ``path`` grows from the leaf to the root while the exception passes the elements it happened in.
    """

    def __init__(self, reason: str, bit: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.bit = reason, bit
        self.path: list[str] = []


def short_name(name: str) -> str:
    """A name from outside as errors show it: at most 60 characters of it, and nothing that a terminal would act on."""
    text = name if len(name) <= _MOST_NAME else name[: _MOST_NAME - 3] + "..."
    return text if text.isprintable() else repr(text)


class Irregular(Exception):
    """Raised by generated functions: not the regular course, the interpreter decides."""


class BitReader:
    """A cursor over one stream, most significant bit first."""

    # What few streams need is on the class, and on the object only once it is set: making a reader has to be quick.
    __slots__ = ("__dict__", "data", "limit", "position")
    nesting = 0
    """Wildcards being read, one inside the other."""
    empty_ends = 0
    """Empty values read so far that were written as an end without a value."""
    tables: StringTables | None = None
    """Strings to which the stream may refer; None: it may not."""

    def __init__(self, data: bytes) -> None:
        self.data = data if type(data) is bytes else bytes(data)  # slices of it become values of frozen messages
        self.limit = 8 * len(data)
        self.position = 0
        """Bits read so far."""

    def bits(self, width: int) -> int:
        """An unsigned number of ``width`` bits.

        Raises:
            Fault: The stream ends before.
        """
        start = self.position
        end = start + width
        if end > self.limit:
            raise Fault("the stream ends here", self.limit)
        self.position = end
        return (int.from_bytes(self.data[start >> 3 : (end + 7) >> 3], "big") >> (-end & 7)) & ((1 << width) - 1)

    def octets(self, count: int) -> bytes:
        """``count`` octets, wherever they begin.

        Raises:
            Fault: The stream ends before; nothing has been allocated for them.
        """
        if 8 * count > self.limit - self.position:
            raise Fault(f"{count} octets announced, {(self.limit - self.position) // 8} left", self.position)
        return self.bits(8 * count).to_bytes(count, "big")

    def unsigned(self, most_octets: int = MAX_UNSIGNED_OCTETS) -> int:
        """An Unsigned Integer: 7 bits an octet, least significant first (EXI 1.0, 7.1.6).

        Raises:
            Fault: It has more than ``most_octets`` octets, or the stream ends before.
        """
        octet = self.bits(8)
        value = octet & 127
        shift = 7
        while octet > 127:
            if shift == 7 * most_octets:
                raise Fault(f"an integer of more than {most_octets} octets", self.position)
            octet = self.bits(8)
            value |= (octet & 127) << shift
            shift += 7
        return value

    def note_event(self, event: str, name: str, declared: int) -> None:
        """Hear which event the bits since the last note were.

        A reader that explains (``explain``) keeps it; this one does not.

        Args:
            event: ``SE``, ``AT``, ``CH``, ``EE``, ``name`` of a wildcard's element.
            name: Of the element or attribute, if it begins here.
            declared: How many events the grammar declares in this state.
        """

    def note_value(self, datatype: Any, value: Any) -> None:
        """Hear which value the bits since the last note were; ``datatype`` is that of ``datatypes``."""


class BitWriter:
    """Collects bits, most significant first."""

    __slots__ = ("__dict__", "_held", "_held_bits", "_out")
    nesting = 0
    """Wildcards being written, one inside the other."""
    empty_ends = False
    """Empty values become an end without a value."""

    def __init__(self) -> None:
        self._out = bytearray()
        self._held = 0
        self._held_bits = 0

    def bits(self, value: int, width: int) -> None:
        """Append ``value``, which must fit, in ``width`` bits."""
        self._held = self._held << width | value
        self._held_bits += width
        if self._held_bits > _FLUSH_BITS:
            self._flush()

    def _flush(self) -> None:
        """Make octets of what is held, but for the last 7 bits at most."""
        rest = self._held_bits & 7
        self._out += (self._held >> rest).to_bytes(self._held_bits >> 3, "big")
        self._held &= (1 << rest) - 1
        self._held_bits = rest

    def octets(self, data: bytes) -> None:
        """Append octets, wherever they begin."""
        if len(data) > _FEW_OCTETS:
            self.long_octets(1, data)
        else:
            self.bits(int.from_bytes(data, "big"), 8 * len(data))

    def long_octets(self, held: int, data: bytes) -> None:
        """As ``octets`` for many of them; ``held`` are the bits before, behind a one that marks their beginning."""
        more = held.bit_length() - 1
        before = held ^ (self._held ^ 1) << more
        width = more + self._held_bits
        rest = self._held_bits = width & 7
        if rest:
            # One long integer, shifted once.
            front = before.to_bytes((width >> 3) + 1, "big")
            self._out += (int.from_bytes(front + data, "big") >> rest).to_bytes((width >> 3) + len(data), "big")
            self._held = data[-1] & (1 << rest) - 1
        else:
            self._out += before.to_bytes(width >> 3, "big")
            self._out += data
            self._held = 0

    def unsigned(self, value: int) -> None:
        """Append an Unsigned Integer in as few octets as it needs."""
        while value > 127:
            self.bits(value & 127 | 128, 8)
            value >>= 7
        self.bits(value, 8)

    def mark(self) -> tuple[int, int, int]:
        """Where writing stands, for ``reset``."""
        return len(self._out), self._held, self._held_bits

    def reset(self, mark: tuple[int, int, int]) -> None:
        """Forget what was written since ``mark``."""
        length, self._held, self._held_bits = mark
        del self._out[length:]

    def held(self, most: int) -> tuple[int, int]:
        """What is not an octet yet, and its width: ``most`` bits at most, which must be 7 or more."""
        if self._held_bits > most:
            self._flush()
        return self._held, self._held_bits

    def resume(self, octets: bytes, held: int, width: int) -> None:
        """Put octets, and bits behind them, in place of what was held."""
        self._out += octets
        self._held, self._held_bits = held, width

    def finish(self) -> bytes:
        """Everything written, padded with zero bits to a whole octet."""
        padding = -self._held_bits & 7
        tail = (self._held << padding).to_bytes((self._held_bits + padding) >> 3, "big")
        return b"".join((self._out, tail))
