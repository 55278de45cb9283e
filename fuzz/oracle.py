"""What must hold for any octets. Each check names the errors it allows; whatever else comes out of it is a finding.

Nothing here knows a fuzzer: the tests run the same checks.
"""

from __future__ import annotations

import ipaddress
import json
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

from iso15118 import exi, sdp
from iso15118.errors import CodecError, FramingError
from iso15118.exi import codec
from iso15118.exi.backend import BACKENDS, Backend
from iso15118.exi.codec import MAX_EXI_OCTETS, Content, Mode
from iso15118.exi.dialect import SCHEMA, Dialect
from iso15118.exi.grammar import schema_grammar
from iso15118.messages.model import Record
from iso15118.messages.registry import KEYS
from iso15118.v2gtp import FrameReader

__all__ = ["CHECKS", "Finding", "Numbers", "check_exi", "check_frames", "check_json", "check_sdp", "check_xml"]

Numbers = Counter[str]
"""How often an input was accepted, refused, compared."""

COMPARED_REFUSALS = 8
"""One refusal in so many is compared with the interpreter's. The generated functions leave every refusal to it anyway, so
there is little to find; an accepted stream is compared each time."""

OTHER_FORMS = 8
"""One accepted stream in so many goes through XML and JSON as well."""

Outcome = tuple[Any, ...]
"""Content and what was tolerated about its stream; or the arguments of the error."""

DIALECTS = (
    SCHEMA,
    SCHEMA,
    Dialect(string_tables="read"),
    Dialect(acdp_roots="cbexigen", empty_values="end", padding="refuse", trailing_zeros="refuse"),
)

MODES: tuple[Mode, Mode] = ("document", "fragment")

GENERATED = BACKENDS["generated"]
OTHERS = [each for each in BACKENDS.values() if each is not GENERATED and not each.missing]
"""What the generated functions are compared with: the interpreter, and the compiled ones where they are built."""

_CODEC: Any = codec
"""The module whose two functions are exchanged for those of another spelling."""


class Finding(AssertionError):
    """Something that must hold does not."""


def _must(holds: bool, what: str, *parts: Any) -> None:
    """``what`` is a format of ``parts``, made only when it is needed: messages are long."""
    if not holds:
        raise Finding(what.format(*parts))


def _one_in(count: int, data: bytes) -> bool:
    """By the data, so that a finding is one again when it is looked at."""
    return zlib.crc32(data) % count == 0


def outcome(spelling: Backend, stream: bytes, key: str, mode: Mode, dialect: Dialect = SCHEMA) -> Outcome:
    """What one spelling of the codec makes of a stream: its content and what was tolerated, or why and where it is refused.

    The one exception allowed is CodecError, with a place inside the stream.
    """
    saved = _CODEC.read_element
    _CODEC.read_element = spelling.read_element
    try:
        content = codec.read(stream, key, mode, dialect)
    except CodecError as error:
        _must(error.bit is not None and 0 <= error.bit <= 8 * len(stream), "no place in the stream: {}", error.args)
        str(error)
        return error.args
    else:
        return content, content.trailing_octets, content.padding, content.empty_ends
    finally:
        _CODEC.read_element = saved


def written(spelling: Backend, content: Content, key: str, mode: Mode) -> bytes:
    """What one spelling writes of a content that was read. No exception is allowed: what was read is valid."""
    saved = _CODEC.write_element
    _CODEC.write_element = spelling.write_element
    try:
        octets = codec.encode(content.value, key, mode, content.name)
        if _is_message(content, key, mode):
            _must(codec.encode(content.value, key) == octets, "{} is written otherwise when it is not named", content)
        return octets
    finally:
        _CODEC.write_element = saved


def _is_message(content: Content, key: str, mode: Mode) -> bool:
    """The class alone says what it is: the short calls, ``encode(message, key)`` and ``decode``, can be used."""
    if mode == "fragment":
        return False
    codes = schema_grammar(key).by_class[mode].get(type(content.value), ())
    return len(codes) == 1


def decoded(spelling: Backend, stream: bytes, key: str) -> Any:
    """The message by the short call. No exception is allowed but CodecError."""
    saved = _CODEC.read_element
    _CODEC.read_element = spelling.read_element
    try:
        return codec.decode(stream, key)
    except CodecError as error:
        return error.args
    finally:
        _CODEC.read_element = saved


def check_exi(key: str, data: bytes, numbers: Numbers) -> None:
    """Any octets as a document or a fragment (by the lowest bit of the first octet): every spelling says the same.

    What is accepted can be written, by every spelling to the same octets, which mean the same again. The next two bits
    choose a dialect, which only the interpreter may know.
    """
    choice = data[0] if data else 0
    mode, dialect, stream = MODES[choice & 1], DIALECTS[choice >> 1 & 3], data[1:]
    if dialect is not SCHEMA:
        _check_dialect(key, mode, dialect, stream, numbers)
        return
    first = outcome(GENERATED, stream, key, mode)
    content = first[0]
    accepted = isinstance(content, Content)
    numbers["accepted" if accepted else "refused"] += 1
    compared = accepted or _one_in(COMPARED_REFUSALS, stream)
    if compared and not accepted:
        numbers["refused_compared"] += 1
    for spelling in OTHERS:
        # Compiled code reads every stream: what could go wrong there is worse than a wrong answer.
        if compared or spelling.name == "compiled":
            other = outcome(spelling, stream, key, mode)
            _must(first == other, "read as {}, by the {} codec as {}", first, spelling.name, other)
            if mode == "document":
                short = decoded(spelling, stream, key)
                _must(_same(short, first), "read as {}, decoded by the {} codec as {}", first, spelling.name, short)
    if not accepted:
        return
    again = written(GENERATED, content, key, mode)
    for spelling in OTHERS:
        octets = written(spelling, content, key, mode)
        _must(again == octets, "{} is written otherwise by the {} codec: {}", content, spelling.name, octets.hex())
    _must(outcome(GENERATED, again, key, mode) == (content, 0, 0, 0), "{} changes when written", content)
    if _one_in(OTHER_FORMS, stream):
        numbers["other_forms"] += 1
        _other_forms(content, key, mode)


def _same(message: Any, first: Outcome) -> bool:
    """What ``decode`` makes of a document is what ``read`` does, but that it takes messages only, no simple values."""
    content = first[0]
    if not isinstance(content, Content):
        return bool(message == first)
    if isinstance(content.value, Record):
        return bool(message == content.value)
    return bool(message[0] == "an element that is no message")


def _check_dialect(key: str, mode: Mode, dialect: Dialect, stream: bytes, numbers: Numbers) -> None:
    """Any octets, by the options of a dialect: what is accepted can be written in the dialect and is the same again.

    References to strings are read, never written: what they stood for may be too long to be written (CodecError).
    """
    numbers["dialect"] += 1
    first = outcome(GENERATED, stream, key, mode, dialect)
    content = first[0]
    if not isinstance(content, Content):
        return
    numbers["dialect_accepted"] += 1
    try:
        again = codec.encode(content.value, key, mode, content.name, dialect)
    except CodecError as error:
        _must(f"more than the limit of {MAX_EXI_OCTETS}" in error.reason, "{}", error)
        return
    _must(outcome(GENERATED, again, key, mode, dialect)[:1] == (content,), "{} changes when written", content)


def _other_forms(content: Content, key: str, mode: Mode) -> None:
    """XML and JSON lose nothing. No exception is allowed."""
    text = exi.to_xml(content.value, key, mode, content.name)
    _must(exi.from_xml(text, key, mode) == content, "{} changes in XML: {}", content, text)
    tree = exi.to_json(content.value, key, mode, content.name)
    again = exi.from_json(json.loads(json.dumps(tree)), key, mode)
    _must(again == content, "{} changes in JSON: {}", content, tree)


def _set_of(data: bytes) -> tuple[str, Mode, bytes]:
    """Schema set and mode that the first octet names, and the rest."""
    choice = data[0] if data else 0
    return KEYS[(choice >> 1) % len(KEYS)], MODES[choice & 1], data[1:]


def check_xml(key: str, data: bytes, numbers: Numbers) -> None:
    """Any text as XML. Allowed: CodecError. What is accepted can be written in every form and is the same again."""
    key, mode, text = _set_of(data)
    try:
        content = exi.from_xml(text.decode("utf-8", "surrogateescape"), key, mode)
    except CodecError as error:
        str(error)
        numbers["refused"] += 1
        return
    numbers["accepted"] += 1
    _other_forms(content, key, mode)
    again = exi.read(exi.encode(content.value, key, mode, content.name), key, mode)
    _must(again == content, "{} changes in EXI", content)


def check_json(key: str, data: bytes, numbers: Numbers) -> None:
    """Any JSON value. Allowed: CodecError; what json.loads refuses (ValueError, RecursionError) is not ours to read."""
    key, mode, text = _set_of(data)
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        numbers["no_json"] += 1
        return
    try:
        content = exi.from_json(tree, key, mode)
    except CodecError as error:
        str(error)
        numbers["refused"] += 1
        return
    numbers["accepted"] += 1
    _other_forms(content, key, mode)
    again = exi.read(exi.encode(content.value, key, mode, content.name), key, mode)
    _must(again == content, "{} changes in EXI", content)


def _frames(pieces: list[bytes]) -> tuple[list[Any], str | None]:
    """Frames of a stream that arrives in pieces, and the error that breaks it."""
    reader, frames = FrameReader(max_payload=1024), []
    for piece in pieces:
        try:
            frames += reader.feed(piece)
        except FramingError as error:
            return frames, str(error)
        _must(reader.pending <= 8 + 1024, "{} octets are kept", reader.pending)
    return frames, None if reader.error is None else str(reader.error)


def check_frames(key: str, data: bytes, numbers: Numbers) -> None:
    """Any octets as a V2GTP stream. Allowed: FramingError. How a stream is cut into pieces changes nothing."""
    size = max(1, data[0]) if data else 1
    stream = data[1:]
    whole = _frames([stream])
    pieces = _frames([stream[at : at + size] for at in range(0, len(stream), size)])
    _must(whole == pieces, "in one piece {}, in pieces of {} {}", whole, size, pieces)
    numbers["refused" if whole[1] else "accepted"] += 1


def check_sdp(key: str, data: bytes, numbers: Numbers) -> None:
    """Any octets as an SDP datagram. Allowed: FramingError, and from client and server nothing at all."""
    accepted = False
    try:
        accepted = sdp.request_bytes(sdp.parse_request(data)) == data
        _must(accepted, "a request is written otherwise than it was read")
    except FramingError as error:
        str(error)
    response = None
    try:
        response = sdp.parse_response(data)
        _must(sdp.response_bytes(response) == data, "a response is written otherwise than it was read")
    except FramingError as error:
        str(error)
    client = sdp.SdpClient(accept=tuple(sdp.Security))
    client.start(0.0)
    _must(client.receive(data, 0.0) == response, "the client and the parser disagree")
    endpoint = sdp.Endpoint(ipaddress.IPv6Address("fe80::1"), 61851)
    answer = sdp.SdpServer({sdp.Security.TLS: endpoint}).receive(data, 0.0)
    _must((answer is not None) == accepted, "the server and the parser disagree")
    numbers["accepted" if accepted or response is not None else "refused"] += 1


Check = Callable[[str, bytes, Numbers], None]

CHECKS: dict[str, Check] = {
    **dict.fromkeys(KEYS, check_exi),
    "xml": check_xml,
    "json": check_json,
    "v2gtp": check_frames,
    "sdp": check_sdp,
}
"""What ``--key`` may be: a schema set, or another thing that is read."""
