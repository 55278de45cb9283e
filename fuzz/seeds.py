"""Where fuzzing begins: the vectors of tests/data, sound and damaged, in the form that each check reads."""

from __future__ import annotations

import gzip
import hashlib
import ipaddress
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from iso15118 import exi, sdp
from iso15118.messages.registry import KEYS
from iso15118.v2gtp import frame_bytes

__all__ = ["seeds", "write_seeds"]

DATA = Path(__file__).parent.parent / "tests" / "data"
MOST_OCTETS = 2000
"""A longer vector has nothing that a shorter one lacks, and costs more."""


def _vectors(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for vector in map(json.loads, lines):
            if vector["key"] in KEYS:
                yield vector


def _sound() -> Iterator[dict[str, Any]]:
    yield from _vectors("exi_vectors")
    yield from _vectors("exi_vectors_amd1")
    yield from _vectors("exi_vectors_sigx")


def _mode(vector: dict[str, Any]) -> int:
    return int(vector.get("mode") == "fragment")


def _texts(member: str) -> Iterator[bytes]:
    for vector in _sound():
        if (content := vector.get(member)) is not None:
            text = content if isinstance(content, str) else json.dumps(content)
            yield bytes([2 * KEYS.index(vector["key"]) + _mode(vector)]) + text.encode()


def _signatures() -> Iterator[bytes]:
    """The signatures of messages, as documents and fragments of XML signature alone."""
    for vector in _sound():
        header = getattr(exi.read(bytes.fromhex(vector["exi"]), vector["key"], vector["mode"]).value, "header", None)
        signature = getattr(header, "signature", None)
        if signature is not None:
            yield b"\0" + exi.encode(signature, "xmldsig")
            yield b"\1" + exi.encode(signature.signed_info, "xmldsig", "fragment")


def _frames() -> Iterator[bytes]:
    some = [bytes.fromhex(vector["exi"]) for vector in _sound()][::20]
    for size, stream in enumerate(some, 1):
        yield bytes([size]) + frame_bytes(0x8002, stream) + frame_bytes(0x8001, b"") + frame_bytes(0x9999, stream[:3])


def _datagrams() -> Iterator[bytes]:
    for security in sdp.Security:
        yield sdp.request_bytes(security)
        endpoint = sdp.Endpoint(ipaddress.IPv6Address("fe80::1"), 61851)
        yield sdp.response_bytes(sdp.SdpResponse(endpoint, security))


def seeds(key: str) -> Iterator[bytes]:
    """Inputs for the check called ``key``."""
    match key:
        case "xml":
            yield from _texts("xml")
        case "json":
            yield from _texts("json")
        case "v2gtp":
            yield from _frames()
        case "sdp":
            yield from _datagrams()
        case _:
            if key == "xmldsig":
                yield from _signatures()
            for name in ("exi_vectors", "exi_vectors_amd1", "exi_vectors_sigx", "exi_malformed"):
                for vector in _vectors(name):
                    if vector["key"] == key and len(vector["exi"]) <= 2 * MOST_OCTETS:
                        yield bytes([_mode(vector)]) + bytes.fromhex(vector["exi"])


def write_seeds(key: str, folder: Path) -> int:
    """Each seed as a file named after its content; how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    names = set()
    for seed in seeds(key):
        name = hashlib.sha256(seed).hexdigest()[:16]
        (folder / name).write_bytes(seed)
        names.add(name)
    return len(names)
