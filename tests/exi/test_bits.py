from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.exi.bits import MAX_UNSIGNED_OCTETS, BitReader, BitWriter, Fault

FIELDS = st.lists(st.integers(0, 70).flatmap(lambda width: st.tuples(st.integers(0, 2**width - 1), st.just(width))))


@given(FIELDS)
def test_numbers_come_back_whatever_their_width_and_place(fields):
    writer = BitWriter()
    for value, width in fields:
        writer.bits(value, width)
    data = writer.finish()
    reader = BitReader(data)
    assert [reader.bits(width) for _, width in fields] == [value for value, _ in fields]
    assert len(data) == (reader.position + 7) // 8
    padding = reader.limit - reader.position
    assert reader.bits(padding) == 0


@given(st.integers(0, 7), st.binary(max_size=300))
def test_octets_come_back_wherever_they_begin(offset, octets):
    writer = BitWriter()
    writer.bits(0, offset)
    writer.octets(octets)
    reader = BitReader(writer.finish())
    reader.bits(offset)
    assert reader.octets(len(octets)) == octets


@given(st.integers(0, 2**64 - 1))
def test_unsigned_takes_seven_bits_an_octet(value):
    writer = BitWriter()
    writer.unsigned(value)
    data = writer.finish()
    assert len(data) == max(1, -(-value.bit_length() // 7))
    assert BitReader(data).unsigned() == value


def test_unsigned_300_is_the_worked_example_of_the_profile():
    writer = BitWriter()
    writer.unsigned(300)
    assert writer.finish() == bytes([0b10101100, 0b00000010])


def test_overlong_unsigned_is_read_up_to_the_limit():
    assert BitReader(b"\x80\x80\x80\x00").unsigned() == 0
    assert BitReader(b"\x80" * (MAX_UNSIGNED_OCTETS - 1) + b"\x01").unsigned() == 1 << 63
    with pytest.raises(Fault, match="more than 10 octets"):
        BitReader(b"\x80" * 400).unsigned()


@pytest.mark.parametrize("take", [lambda r: r.bits(9), lambda r: r.octets(2), lambda r: BitReader(b"\x80").unsigned()])
def test_the_end_of_the_stream_is_a_fault_with_its_place(take):
    with pytest.raises(Fault) as caught:
        take(BitReader(b"\xff"))
    assert caught.value.bit in {0, 8}


def test_an_announced_length_allocates_nothing():
    with pytest.raises(Fault, match="1000000000000 octets announced, 3 left"):
        BitReader(b"abc").octets(10**12)
