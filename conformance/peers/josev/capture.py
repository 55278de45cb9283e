"""Writes what passes an interface to a pcap file until SIGTERM: ``capture.py INTERFACE FILE``. Linux, root."""

from __future__ import annotations

import signal
import socket
import struct
import sys
import time
from pathlib import Path

__all__ = ["capture", "record"]

_ALL_PROTOCOLS = 0x0003
_LINK_ETHERNET = 1
_MOST = 65_535
FILE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, _MOST, _LINK_ETHERNET)
"""Of a pcap file with microseconds."""


def record(at_s: float, frame: bytes) -> bytes:
    """One frame as a pcap file has it; ``at_s`` in seconds since 1970."""
    micros = round(at_s * 1e6)
    return struct.pack("<IIII", micros // 1_000_000, micros % 1_000_000, len(frame), len(frame)) + frame


def capture(interface: str, path: Path) -> None:
    """Write frames until interrupted; the file is complete at any moment."""
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS)) as link,
        path.open("wb", buffering=0) as file,
    ):
        link.bind((interface, 0))
        file.write(FILE_HEADER)
        sys.stdout.write("capturing\n")
        sys.stdout.flush()
        while True:
            file.write(record(time.time(), link.recv(_MOST)))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    capture(sys.argv[1], Path(sys.argv[2]))
