"""What holds for every message and for every string of octets."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz import mutate
from fuzz.mutate import Bits
from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.exi.bits import MAX_UNSIGNED_OCTETS, BitReader, BitWriter, Fault
from iso15118.messages.registry import KEYS
from tests.exi.vectors import sample, signatures
from tests.strategies import any_message

RELAXED = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
VECTORS = [v for v in sample() + signatures() if len(v["exi"]) < 1000]


@pytest.mark.parametrize("key", KEYS)
@RELAXED
@given(data=st.data())
def test_exi_xml_and_json_lose_nothing(key, data):
    message = data.draw(any_message(key))
    assert exi.decode(exi.encode(message, key), key) == message
    assert exi.from_xml(exi.to_xml(message, key), key).value == message
    assert exi.from_json(json.loads(json.dumps(exi.to_json(message, key))), key).value == message


def refused_or_read(payload: bytes, key: str, mode: str) -> None:
    """Refused with a place inside the stream, or read to a message that can be written again."""
    try:
        content = exi.read(payload, key, mode)
    except CodecError as error:
        assert error.bit is not None
        assert error.bit <= 8 * len(payload)
        return
    again = exi.encode(content.value, key, mode, content.name)
    second = exi.read(again, key, mode)
    assert (second.name, second.value) == (content.name, content.value)


@st.composite
def damaged(draw):
    """A real stream with one to three things done to it, its key and mode."""
    vector = draw(st.sampled_from(VECTORS))
    payload = bytearray.fromhex(vector["exi"])
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(payload) - 1))
        match draw(st.sampled_from(["flip", "cut", "insert", "repeat"])):
            case "flip":
                payload[place] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del payload[max(place, 1) :]
            case "insert":
                payload[place:place] = draw(st.binary(min_size=1, max_size=12))
            case "repeat":
                payload[place:place] = payload[place : place + draw(st.integers(1, 16))]
    return bytes(payload), vector["key"], vector["mode"]


@settings(RELAXED, max_examples=250)
@given(damaged())
def test_a_damaged_stream_is_refused_or_read_never_a_crash(case):
    refused_or_read(*case)


@st.composite
def damaged_bit_by_bit(draw):
    """A real stream changed where an encoder works, not at octets: bits, codes, integers, pieces of another stream."""
    vector, other = draw(st.sampled_from(VECTORS)), draw(st.sampled_from(VECTORS))
    rng = draw(st.randoms(use_true_random=False))
    stream = mutate.damaged(bytes.fromhex(vector["exi"]), bytes.fromhex(other["exi"]), rng, 4000)
    return stream, vector["key"], vector["mode"]


@settings(RELAXED, max_examples=250)
@given(damaged_bit_by_bit())
def test_a_stream_damaged_bit_by_bit_is_refused_or_read_never_a_crash(case):
    refused_or_read(*case)


@pytest.mark.parametrize("key", KEYS)
@RELAXED
@given(data=st.data())
def test_the_beginning_of_one_message_and_the_end_of_another(key, data):
    """Joined at any bit; where both are cut at the same place of the same message, the result is that message."""
    first, second = (Bits.of(exi.encode(data.draw(any_message(key)), key)) for _ in range(2))
    cut, start = data.draw(st.integers(8, first.width)), data.draw(st.integers(0, second.width))
    refused_or_read(first.replaced(cut, first.width, second.part(start, second.width)).octets(), key, "document")
    whole = first.replaced(cut, first.width, first.part(cut, first.width)).octets()
    assert exi.encode(exi.decode(whole, key), key) == first.octets()


@pytest.mark.parametrize("key", KEYS)
@RELAXED
@given(data=st.data())
def test_an_octet_stretched_anywhere_in_a_message(key, data):
    stream = Bits.of(exi.encode(data.draw(any_message(key)), key))
    rng = data.draw(st.randoms(use_true_random=False))
    at = data.draw(st.integers(8, stream.width - 1))
    refused_or_read(mutate._stretch(stream, at, stream, rng).octets(), key, "document")


@given(st.integers(0, 2**64 - 1), st.integers(0, 9))
def test_an_integer_in_more_octets_than_it_needs_is_the_same_integer(value, more):
    """As deployed codecs take it, within the ten octets that 64 bits may need."""
    writer = BitWriter()
    writer.unsigned(value)
    octets = bytearray(writer.finish())
    if more:
        octets[-1] |= 0x80
        octets += b"\x80" * (more - 1) + b"\0"
    reader = BitReader(bytes(octets))
    if len(octets) <= MAX_UNSIGNED_OCTETS:
        assert reader.unsigned() == value
    else:
        with pytest.raises(Fault, match="more than 10 octets"):
            reader.unsigned()


@settings(RELAXED, max_examples=100)
@given(st.sampled_from(KEYS), st.sampled_from(["document", "fragment"]), st.binary(max_size=60))
def test_garbage_behind_a_right_header_is_refused_or_read_never_a_crash(key, mode, rest):
    refused_or_read(b"\x80" + rest, key, mode)


@settings(RELAXED, max_examples=100)
@given(st.sampled_from(VECTORS), st.sampled_from(KEYS))
def test_a_stream_of_another_schema_set_never_crashes(vector, key):
    refused_or_read(bytes.fromhex(vector["exi"]), key, vector["mode"])


@settings(RELAXED, max_examples=100)
@given(data=st.data())
def test_damaged_xml_is_refused_or_read_never_a_crash(data):
    vector = data.draw(st.sampled_from(VECTORS))
    text = vector["xml"]
    place = data.draw(st.integers(0, len(text)))
    other = data.draw(st.integers(0, len(text)))
    new = data.draw(st.text(max_size=5) | st.just(text[min(place, other) : max(place, other)]))
    with contextlib.suppress(CodecError):
        exi.from_xml(text[:place] + new + text[place + data.draw(st.integers(0, 30)) :], vector["key"], vector["mode"])
