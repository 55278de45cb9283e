"""V2GTP framing: TP-01 to TP-06 of the conformance purposes, splits and damage."""

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.errors import FramingError
from iso15118.v2gtp import HEADER_SIZE, SCHEMA_KEYS, Frame, FrameReader, PayloadType, frame_bytes, parse_datagram

frames = st.builds(Frame, payload_type=st.integers(0, 0xFFFF), payload=st.binary(max_size=60))


def bytes_of(frame: Frame) -> bytes:
    return frame_bytes(frame.payload_type, frame.payload)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


def test_a_frame_is_eight_bytes_and_the_payload():
    assert frame_bytes(PayloadType.SAP, b"\x80\x00") == bytes.fromhex("01FE 8001 00000002 8000")


@given(st.lists(frames, max_size=6), st.lists(st.integers(0, 10_000), max_size=12))
def test_frames_survive_any_split(sent, places):
    """TP-05: a frame over several segments, several frames in one."""
    reader = FrameReader()
    stream = b"".join(map(bytes_of, sent))
    assert [frame for piece in cut(stream, places) for frame in reader.feed(piece)] == sent
    assert reader.pending == 0
    assert reader.error is None


@given(st.lists(frames, min_size=1, max_size=4))
def test_byte_by_byte_no_frame_is_early_or_late(sent):
    reader = FrameReader()
    for frame in sent:
        *body, last = bytes_of(frame)
        for byte in body:
            assert reader.feed(bytes([byte])) == []
        assert reader.feed(bytes([last])) == [frame]


@given(frames, st.binary(max_size=200), st.lists(st.integers(0, 10_000), max_size=8))
def test_garbage_is_framed_or_refused_and_memory_stays_bounded(first, garbage, places):
    reader = FrameReader(max_payload=100)
    try:
        for piece in cut(bytes_of(first) + garbage, places):
            reader.feed(piece)
            assert reader.pending < HEADER_SIZE + 100
    except FramingError:
        assert reader.error is not None
        assert reader.pending == 0


@pytest.mark.parametrize("payload_type", [0x0000, 0x7001, 0x8009, 0xFFFF])
def test_an_unknown_type_is_handed_out_and_the_stream_goes_on(payload_type):
    """TP-02: whoever reads the frame ignores it; the next one is read as if nothing had been."""
    reader = FrameReader()
    known = Frame(PayloadType.DC, b"\x80\x34")
    assert reader.feed(frame_bytes(payload_type, b"abc") + bytes_of(known)) == [Frame(payload_type, b"abc"), known]
    assert payload_type not in SCHEMA_KEYS


def test_an_empty_payload_is_a_frame():
    """TP-02, first case: a length of zero; what follows is then read as a header, and is none."""
    reader = FrameReader()
    assert reader.feed(frame_bytes(PayloadType.COMMON_MESSAGES, b"")) == [Frame(PayloadType.COMMON_MESSAGES, b"")]
    with pytest.raises(FramingError, match="begins 80 8C"):
        reader.feed(bytes.fromhex("808C0000000000000000"))


@pytest.mark.parametrize("head", ["FFFE", "01FF", "02FD", "0000"])
def test_a_wrong_version_or_inverse_breaks_the_stream_for_good(head):
    """TP-02, last cases: frame boundaries are lost."""
    reader = FrameReader()
    with pytest.raises(FramingError, match=f"begins {head[:2]} {head[2:]}, not 01 FE"):
        reader.feed(bytes.fromhex(head + "800200000000"))
    with pytest.raises(FramingError):
        reader.feed(frame_bytes(PayloadType.SAP, b"\x80"))


def test_frames_before_a_fault_are_delivered_first():
    reader = FrameReader()
    assert reader.feed(frame_bytes(PayloadType.DC, b"1") + b"\xff" * HEADER_SIZE) == [Frame(PayloadType.DC, b"1")]
    assert isinstance(reader.error, FramingError)
    with pytest.raises(FramingError, match="begins FF FF"):
        reader.feed(b"")


@pytest.mark.parametrize("length", [101, 1 << 20, 0xFFFF_FFFF])
def test_a_length_above_the_limit_is_refused_by_the_header_alone(length):
    """TP-06: no allocation, no waiting for the payload."""
    reader = FrameReader(max_payload=100)
    with pytest.raises(FramingError, match=f"length {length} is above the limit of 100 bytes"):
        reader.feed(struct.pack("!BBHI", 1, 0xFE, PayloadType.DC, length))
    assert reader.pending == 0


def test_a_payload_of_exactly_the_limit_passes():
    assert FrameReader(max_payload=100).feed(frame_bytes(PayloadType.DC, bytes(100))) == [
        Frame(PayloadType.DC, bytes(100))
    ]


@given(frames)
def test_a_datagram_holds_one_whole_frame(frame):
    assert parse_datagram(bytes_of(frame)) == frame
    with pytest.raises(FramingError):
        parse_datagram(bytes_of(frame) + b"\0")
    with pytest.raises(FramingError):
        parse_datagram(bytes_of(frame)[:-1])


def test_a_frame_says_what_it_is():
    assert str(Frame(0x8004, b"123")) == "V2GTP 0x8004, 3 bytes"
