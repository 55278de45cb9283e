"""Damage to an EXI stream, bit by bit: what an encoder with a fault, another schema set or an attacker would send.

An EXI stream has no octet boundaries inside, so a mutator of octets mostly makes noise: one bit too many, and every later
code means something else. The changes here keep the rest of a stream in step or move it on purpose.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Bits", "damaged"]

HEADER_BITS = 8
"""The EXI header is left alone nearly always: behind a wrong one nothing is read."""

ODDS_OF_A_WRONG_HEADER = 64

_OCTETS = (0x00, 0x01, 0x02, 0x03, 0x3F, 0x40, 0x7E, 0x7F, 0x80, 0x81, 0xFE, 0xFF)


def _unsigned(value: int) -> tuple[int, int]:
    """An EXI Unsigned Integer as bits and their number."""
    bits, width = 0, 0
    while True:
        value, group = value >> 7, value & 127
        bits, width = bits << 8 | group | (128 if value else 0), width + 8
        if not value:
            return bits, width


# Lengths and numbers around the bounds of the schema's types, and around those of machine words.
_BOUNDS = (0, 2, 16, 64, 127, 128, 255, 800, 1024, 1600, 4096, 1 << 14, 1 << 16, 1 << 31, 1 << 32, 1 << 63, 1 << 64)
_NUMBERS = tuple(_unsigned(max(0, bound + step)) for bound in _BOUNDS for step in (-1, 0, 1))


class Bits(NamedTuple):
    """A string of bits."""

    value: int
    width: int

    @classmethod
    def of(cls, octets: bytes) -> Bits:
        return cls(int.from_bytes(octets, "big"), 8 * len(octets))

    def octets(self) -> bytes:
        """With zero bits to the octet."""
        padding = -self.width & 7
        return (self.value << padding).to_bytes((self.width + padding) >> 3, "big")

    def part(self, start: int, end: int) -> Bits:
        """Bits ``start`` to ``end``, that one left out."""
        return Bits(self.value >> self.width - end & (1 << end - start) - 1, end - start)

    def replaced(self, start: int, end: int, new: Bits) -> Bits:
        """With others in the place of those from ``start`` to ``end``."""
        rest = self.width - end
        head = self.value >> self.width - start << new.width | new.value
        return Bits(head << rest | self.value & (1 << rest) - 1, start + new.width + rest)


Change = Callable[[Bits, int, Bits, random.Random], Bits]
"""Of a stream, at a bit, with another stream to take from."""


def _flip(bits: Bits, at: int, other: Bits, rng: random.Random) -> Bits:
    return Bits(bits.value ^ 1 << bits.width - 1 - at, bits.width)


def _cut(bits: Bits, at: int, other: Bits, rng: random.Random) -> Bits:
    return bits.part(0, at)


def _field(bits: Bits, at: int, other: Bits, rng: random.Random) -> Bits:
    """Zeros, ones or noise where a field of up to nine bits might be."""
    end = min(bits.width, at + rng.randrange(1, 10))
    value = rng.choice((0, (1 << end - at) - 1, rng.getrandbits(end - at)))
    return bits.replaced(at, end, Bits(value, end - at))


def _octet(bits: Bits, at: int, other: Bits, rng: random.Random) -> Bits:
    return bits.replaced(at, min(bits.width, at + 8), Bits(rng.choice(_OCTETS), 8))


def _number(bits: Bits, at: int, other: Bits, rng: random.Random) -> Bits:
    """Another integer in the place of one octet."""
    return bits.replaced(at, min(bits.width, at + 8), Bits(*rng.choice(_NUMBERS)))


def _stretch(bits: Bits, at: int, other: Bits, rng: random.Random) -> Bits:
    """The same integer in more octets than it needs, at times without an end."""
    end = min(bits.width, at + 8)
    more = rng.choice((1, 2, 8, 9, 10, 40, 400))
    tail = int.from_bytes(b"\x80" * (more - 1) + rng.choice((b"\0", b"\0", b"\x01", b"\x80")), "big")
    return bits.replaced(at, end, Bits((bits.part(at, end).value | 128) << 8 * more | tail, 8 * (more + 1)))


def _delete(bits: Bits, at: int, other: Bits, rng: random.Random) -> Bits:
    return bits.replaced(at, min(bits.width, at + rng.choice((1, 1, 2, 3, 8, 9, 64))), Bits(0, 0))


def _insert(bits: Bits, at: int, other: Bits, rng: random.Random) -> Bits:
    width = rng.choice((1, 1, 2, 3, 8, 9, 64))
    return bits.replaced(at, at, Bits(rng.getrandbits(width), width))


def _repeat(bits: Bits, at: int, other: Bits, rng: random.Random) -> Bits:
    """A piece again and again: lists beyond their bounds, elements twice."""
    piece = bits.part(at, min(bits.width, at + rng.randrange(1, 200)))
    for _ in range(rng.choice((1, 1, 2, 4, 70))):
        bits = bits.replaced(at, at, piece)
    return bits


def _splice(bits: Bits, at: int, other: Bits, rng: random.Random) -> Bits:
    """The beginning of one stream and the end of another."""
    return bits.replaced(at, bits.width, other.part(rng.randrange(other.width + 1), other.width))


def _transplant(bits: Bits, at: int, other: Bits, rng: random.Random) -> Bits:
    """A piece of another stream in the place of one of this."""
    start = rng.randrange(other.width + 1)
    piece = other.part(start, min(other.width, start + rng.randrange(1, 300)))
    return bits.replaced(at, min(bits.width, at + rng.choice((0, 8, piece.width))), piece)


_CHANGES: tuple[Change, ...] = (
    *(_flip, _flip, _flip, _field, _field, _octet, _number, _stretch),
    *(_cut, _delete, _insert, _repeat, _splice, _splice, _transplant),
)

ODDS_OF_ANOTHER_CHANGE = 3


def damaged(stream: bytes, other: bytes, rng: random.Random, most_octets: int) -> bytes:
    """``stream`` with a few things done to it, some of them with pieces of ``other``."""
    bits, donor = Bits.of(stream), Bits.of(other)
    while True:
        if bits.width <= HEADER_BITS:
            bits = Bits.of(b"\x80" + rng.randbytes(8))
        in_header = not rng.randrange(ODDS_OF_A_WRONG_HEADER)
        at = rng.randrange(HEADER_BITS) if in_header else rng.randrange(HEADER_BITS, bits.width)
        bits = rng.choice(_CHANGES)(bits, at, donor, rng)
        if bits.width > 8 * most_octets:
            bits = bits.part(0, 8 * most_octets)
        if rng.randrange(ODDS_OF_ANOTHER_CHANGE):
            return bits.octets()
