"""Defects in framing."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from conformance.mutants.tools import mutant, swapped
from iso15118 import exi, v2gtp
from iso15118.errors import CodecError
from iso15118.io import endpoint
from iso15118.io.endpoint import Endpoint
from iso15118.messages.iso20.common.session_setup import SessionSetupReq
from iso15118.v2gtp import Frame, FrameReader

Patch = AbstractContextManager[None]
LOOP_RES = ("DC_ChargeLoopRes", "AC_ChargeLoopRes")


def _frames(change: Any) -> Patch:
    """Every frame is another one when it is judged."""
    regular = Endpoint._frame  # noqa: SLF001  (a defect is where a defect can be)
    return swapped(Endpoint, "_frame", lambda self, frame, now: regular(self, change(self, frame), now))


@mutant("any-type", "an unknown payload type counts as a common message", "TP-02/an unknown type")
def _any_type() -> Patch:
    return _frames(lambda _, frame: Frame(0x8002, frame.payload) if frame.payload_type == 0x7001 else frame)


@mutant("empty-is-repeated", "an empty payload counts as a message", "TP-02/no payload")
def _empty() -> Patch:
    def change(endpoint_: Endpoint, frame: Frame) -> Frame:
        if frame.payload:
            return frame
        request = SessionSetupReq(header=endpoint_.session.header(0.0), evcc_id="X")
        return Frame(0x8002, exi.encode(request, "CommonMessages"))

    return _frames(change)


@mutant("any-header", "version and inverse are not looked at", "TP-02/another version", "TP-02/another inverse")
def _any_header() -> Patch:
    return swapped(v2gtp, "_parse_header", lambda stream, at: v2gtp._HEADER.unpack_from(stream, at)[2:])  # noqa: SLF001


@mutant("type-ignored", "a payload is read by whatever set it fits", "TP-03/*", "TP-04/*")
def _type_ignored() -> Patch:
    def change(_: Endpoint, frame: Frame) -> Frame:
        for payload_type in (frame.payload_type, 0x8002, 0x8004, 0x8003, 0x8001):
            key = v2gtp.SCHEMA_KEYS[payload_type]
            try:
                read = exi.read(frame.payload, key)
                if exi.encode(read.value, key) == frame.payload and _plain(read.value):
                    return Frame(payload_type, frame.payload)
            except CodecError:
                continue
        return frame

    return _frames(change)


def _plain(message: Any) -> bool:
    """Whether a message is one that sessions of today have, so that it is hardly read by chance."""
    if type(message).__name__.startswith("SupportedApp"):
        return True
    header = getattr(message, "header", None)
    return header is not None and 1_700_000_000 < header.time_stamp < 1_900_000_000


@mutant(
    "pieces-lost",
    "what is not a whole frame is lost",
    "TP-05/SECC/octet by octet",
    "TP-05/SECC/in two",
    "TP-05/SECC/the header alone",
    "TP-05/EVCC/*",
)
def _pieces() -> Patch:
    feed = FrameReader.feed

    def wrong(self: FrameReader, data: bytes) -> list[Frame]:
        frames = feed(self, data)
        self._rest = bytearray()
        return frames

    return swapped(FrameReader, "feed", wrong)


@mutant("one-frame-a-read", "one read is one message", "TP-05/SECC/two at once")
def _one_frame() -> Patch:
    feed = FrameReader.feed
    return swapped(FrameReader, "feed", lambda self, data: feed(self, data)[:1])


@mutant("any-length", "any length is waited for", "TP-06/*")
def _any_length() -> Patch:
    return swapped(endpoint, "MAX_MESSAGE_OCTETS", 1 << 40)
