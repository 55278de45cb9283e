from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from fuzz.mutate import _CHANGES, Bits, damaged

BITS = st.text("01", max_size=80)


def made(text: str) -> Bits:
    return Bits(int("0" + text, 2), len(text))


def shown(bits: Bits) -> str:
    return f"{bits.value:0{bits.width}b}" if bits.width else ""


@given(BITS, st.data(), BITS)
def test_bits_are_cut_and_joined_like_text(text, data, new):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert shown(made(text).part(start, end)) == text[start:end]
    assert shown(made(text).replaced(start, end, made(new))) == text[:start] + new + text[end:]


@given(st.binary(max_size=20))
def test_octets_come_back(octets):
    assert Bits.of(octets).octets() == octets


def test_octets_are_padded_with_zero_bits():
    assert Bits(0b1_0101_0101, 9).octets() == bytes([0b10101010, 0b10000000])


@given(st.binary(max_size=40), st.binary(max_size=40), st.integers(0), st.integers(8, 60))
def test_damage_depends_on_the_seed_alone_and_keeps_the_limit(stream, other, seed, most):
    one = damaged(stream, other, random.Random(seed), most)
    assert one == damaged(stream, other, random.Random(seed), most)
    assert len(one) <= most


def test_every_change_changes_something_and_makes_sound_bits():
    stream, other = Bits.of(bytes(range(1, 60))), Bits.of(b"\xaa" * 40)
    for change in set(_CHANGES):
        results = [change(stream, at, other, random.Random(at)) for at in range(8, stream.width)]
        assert any(result != stream for result in results), change
        assert all(0 <= result.value < 1 << result.width for result in results), change


def test_the_header_nearly_always_stays():
    rng = random.Random(1)
    kept = sum(damaged(b"\x80" + bytes(30), b"\x80" + bytes(30), rng, 200)[:1] == b"\x80" for _ in range(2000))
    assert 1900 < kept < 2000
