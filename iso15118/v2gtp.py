"""V2GTP: the eight bytes in front of every message, and frames out of a byte stream.

Header, big-endian: version ``01``, its inverse ``FE``, payload type (2 bytes), payload length (4 bytes). Sans-IO.

What a fault means on a stream (conformance purposes TP-01, TP-02, TP-06):

* An unknown payload type, or an empty payload, leaves the frame boundaries intact. The frame is handed out like any
  other and whoever reads it ignores it: the peer gets no answer and runs into its own timeout.
* A wrong version or inverse means that the boundaries are lost; a length above the limit means that keeping them would
  cost memory. Nothing that follows can be trusted, so the reader is broken for good and the connection is to be closed
  without an answer.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from iso15118.errors import FramingError

__all__ = [
    "HEADER_SIZE",
    "MAX_PAYLOAD",
    "SCHEMA_KEYS",
    "Frame",
    "FrameReader",
    "PayloadType",
    "frame_bytes",
    "parse_datagram",
]

HEADER_SIZE = 8
"""Bytes in front of the payload."""

MAX_PAYLOAD = 1 << 20
"""Largest payload accepted, in bytes. The protocol allows 4 GiB; the limit is ours: forty times the longest message of
the public vectors (24,305 bytes), and little enough that a thousand idle peers can't exhaust a station."""

_VERSION = 0x01
_INVERSE = 0xFE
_HEADER = struct.Struct("!BBHI")


class PayloadType(enum.IntEnum):
    """What a payload is: a discovery message, or which schema set its EXI belongs to."""

    SAP = 0x8001
    COMMON_MESSAGES = 0x8002
    AC = 0x8003
    DC = 0x8004
    ACDP = 0x8005
    WPT = 0x8006
    AC_DER_IEC = 0x8010
    AC_DER_SAE = 0x8011
    SCHEDULE_RENEGOTIATION = 0x8101
    METERING_CONFIRMATION = 0x8102
    ACDP_SYSTEM_STATUS = 0x8103
    PARKING_STATUS = 0x8104
    SDP_REQUEST = 0x9000
    SDP_RESPONSE = 0x9001


SCHEMA_KEYS: Mapping[int, str] = MappingProxyType(
    {
        PayloadType.SAP: "AppProtocol",
        PayloadType.COMMON_MESSAGES: "CommonMessages",
        PayloadType.AC: "AC",
        PayloadType.DC: "DC",
        PayloadType.ACDP: "ACDP",
        PayloadType.WPT: "WPT",
        PayloadType.AC_DER_IEC: "AC_DER_IEC",
        PayloadType.AC_DER_SAE: "AC_DER_SAE",
        PayloadType.SCHEDULE_RENEGOTIATION: "CommonMessages",
        PayloadType.METERING_CONFIRMATION: "CommonMessages",
        PayloadType.PARKING_STATUS: "CommonMessages",
    }
)
"""Payload type to the key of the schema set (iso15118.messages.registry) its EXI is written with."""


class Frame(msgspec.Struct, frozen=True):
    """One V2GTP message. Its type may be one that ``PayloadType`` does not know."""

    payload_type: int
    """0x0000 to 0xFFFF."""
    payload: bytes

    def __str__(self) -> str:
        return f"V2GTP {self.payload_type:#06x}, {len(self.payload)} bytes"


def frame_bytes(payload_type: int, payload: bytes) -> bytes:
    """A frame as one buffer: deployed peers read a message with one ``read`` and lose one that is sent in two parts.

    Raises:
        struct.error: ``payload_type`` is not in 0x0000 to 0xFFFF.
    """
    return _HEADER.pack(_VERSION, _INVERSE, payload_type, len(payload)) + payload


def parse_datagram(datagram: bytes) -> Frame:
    """The one frame a UDP datagram must hold: nothing less, nothing after it.

    Raises:
        FramingError: The header is out of order, or the length is not that of the datagram.
    """
    if len(datagram) < HEADER_SIZE:
        raise FramingError(f"datagram of {len(datagram)} bytes, shorter than a V2GTP header ({HEADER_SIZE} bytes)")
    payload_type, length = _parse_header(datagram, 0)
    if length != len(datagram) - HEADER_SIZE:
        raise FramingError(f"V2GTP length {length} in a datagram with {len(datagram) - HEADER_SIZE} bytes of payload")
    return Frame(payload_type, datagram[HEADER_SIZE:])


class FrameReader:
    """Frames out of a byte stream, however it was cut into pieces.

    Holds at most one incomplete frame: no more than ``HEADER_SIZE + max_payload`` bytes besides what it is being fed,
    and a header is judged as soon as its eight bytes are there, before any of its payload is kept.

    Args:
        max_payload: Longest payload to accept, in bytes.
    """

    def __init__(self, max_payload: int = MAX_PAYLOAD) -> None:
        self._max_payload = max_payload
        self._rest = bytearray()
        self._error: FramingError | None = None

    @property
    def error(self) -> FramingError | None:
        """Why this reader is broken; None while it is not."""
        return self._error

    @property
    def pending(self) -> int:
        """Bytes held of a frame that is not complete; not zero when a peer closes means that it cut a message off."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[Frame]:
        """Take the bytes that arrived and return the frames they complete, in order.

        Raises:
            FramingError: The stream is broken, now or since an earlier call. Frames that came before the fault in the
                same bytes are returned first; then ``error`` is set, and the next call raises.
        """
        if self._error is not None:
            raise self._error
        stream: bytes | bytearray = data
        if self._rest:
            self._rest += data
            stream = self._rest
        frames: list[Frame] = []
        at = 0
        try:
            while len(stream) - at >= HEADER_SIZE:
                payload_type, length = self._header(stream, at)
                start = at + HEADER_SIZE
                if len(stream) - start < length:
                    break
                frames.append(Frame(payload_type, bytes(stream[start : start + length])))
                at = start + length
        except FramingError as error:
            self._error = error
            self._rest = bytearray()
            if not frames:
                raise
            return frames
        if stream is self._rest:
            del self._rest[:at]
        elif at < len(stream):
            self._rest = bytearray(stream[at:])
        return frames

    def _header(self, stream: bytes | bytearray, at: int) -> tuple[int, int]:
        payload_type, length = _parse_header(stream, at)
        if length > self._max_payload:
            raise FramingError(f"V2GTP length {length} is above the limit of {self._max_payload} bytes")
        return payload_type, length


def _parse_header(stream: bytes | bytearray, at: int) -> tuple[int, int]:
    """Payload type and length of the header that begins at ``at``."""
    version, inverse, payload_type, length = _HEADER.unpack_from(stream, at)
    if version != _VERSION or inverse != _INVERSE:
        raise FramingError(f"V2GTP header begins {version:02X} {inverse:02X}, not {_VERSION:02X} {_INVERSE:02X}")
    return payload_type, length
