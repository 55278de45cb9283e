"""What holds for every message and for every string of octets."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.messages.registry import KEYS
from tests.exi.vectors import sample
from tests.strategies import any_message

RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
VECTORS = [v for v in sample() if len(v["exi"]) < 1000]


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
    assert exi.read(again, key, mode)[:2] == content[:2]


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


@settings(RELAXED, max_examples=500)
@given(damaged())
def test_a_damaged_stream_is_refused_or_read_never_a_crash(case):
    refused_or_read(*case)


@settings(RELAXED, max_examples=300)
@given(st.sampled_from(KEYS), st.sampled_from(["document", "fragment"]), st.binary(max_size=60))
def test_garbage_behind_a_right_header_is_refused_or_read_never_a_crash(key, mode, rest):
    refused_or_read(b"\x80" + rest, key, mode)


@settings(RELAXED, max_examples=150)
@given(st.sampled_from(VECTORS), st.sampled_from(KEYS))
def test_a_stream_of_another_schema_set_never_crashes(vector, key):
    refused_or_read(bytes.fromhex(vector["exi"]), key, vector["mode"])


@settings(RELAXED, max_examples=150)
@given(data=st.data())
def test_damaged_xml_is_refused_or_read_never_a_crash(data):
    vector = data.draw(st.sampled_from(VECTORS))
    text = vector["xml"]
    place = data.draw(st.integers(0, len(text)))
    other = data.draw(st.integers(0, len(text)))
    new = data.draw(st.text(max_size=5) | st.just(text[min(place, other) : max(place, other)]))
    with contextlib.suppress(CodecError):
        exi.from_xml(text[:place] + new + text[place + data.draw(st.integers(0, 30)) :], vector["key"], vector["mode"])
