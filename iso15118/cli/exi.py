"""``v2g exi``: EXI payloads as XML or JSON, and back. A filter: it reads and prints, and touches no network."""

from __future__ import annotations

import codecs
import enum
import json
import sys
from collections.abc import Callable, Iterator
from typing import Annotated, Any, BinaryIO, NoReturn, TypeVar

import typer

from iso15118 import exi
from iso15118.errors import CodecError, LocalError, V2GError
from iso15118.exi import Content
from iso15118.messages.registry import KEYS

__all__ = ["app", "decode_line", "encode_line", "each_line"]

app = typer.Typer(
    help="Turn EXI payloads of ISO 15118-20 into XML or JSON, and back.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

T = TypeVar("T")

MAX_LINE_OCTETS = 1 << 25
"""Longest line or file read: twice the longest XML text the codec takes."""


class Form(enum.StrEnum):
    """What ``decode`` prints."""

    XML = "xml"
    JSON = "json"


class Mode(enum.StrEnum):
    """A document has a message as root; a fragment, any element (what signatures digest)."""

    DOCUMENT = "document"
    FRAGMENT = "fragment"


Key = Annotated[
    str | None,
    typer.Option("--key", "-k", help=f"Schema set: {', '.join(KEYS)}. Left out: whichever fits.", show_default=False),
]
ModeOption = Annotated[Mode, typer.Option("--mode", "-m", help="Whole message, or fragment as signatures digest it.")]
Lines = Annotated[bool, typer.Option("--jsonl", help="One JSON request a line in, one JSON answer a line out.")]


@app.command(
    epilog="Examples:  v2g exi decode 808c0400810182028303840ac0220220f48080  |  "
    "v2g exi decode --key DC --format json < payload.bin",
)
def decode(
    payload: Annotated[list[str] | None, typer.Argument(help="Hexadecimal; left out: standard input.")] = None,
    key: Key = None,
    mode: ModeOption = Mode.DOCUMENT,
    form: Annotated[Form, typer.Option("--format", "-f", help="What to print.")] = Form.XML,
    jsonl: Lines = False,
) -> None:
    """Print EXI payloads, given in hexadecimal or piped in as hexadecimal lines or one binary payload."""
    if jsonl:
        _no_other("decode", payload=payload, key=key, mode=mode is not Mode.DOCUMENT, format=form is not Form.XML)
        each_line(sys.stdin.buffer, decode_line)
        return
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # XML and JSON are UTF-8 on any terminal
    failed = False
    for given in _payloads(payload):
        try:
            used, content = _decoded(_octets(given), key, mode)
            print(_shown(content, used, mode, form))
            if content.trailing_octets:
                print(f"v2g exi decode: {content.trailing_octets} zero octets after the end", file=sys.stderr)
        except V2GError as error:
            failed = True
            print(f"v2g exi decode: {error}", file=sys.stderr)
    raise typer.Exit(1 if failed else 0)


@app.command(epilog="Examples:  v2g exi encode < message.xml  |  v2g exi encode --binary < message.json > payload.bin")
def encode(
    text: Annotated[str | None, typer.Argument(help="XML or JSON; left out: standard input.")] = None,
    key: Key = None,
    mode: ModeOption = Mode.DOCUMENT,
    binary: Annotated[bool, typer.Option("--binary", help="Write the payload itself, not hexadecimal.")] = False,
    jsonl: Lines = False,
) -> None:
    """Print the EXI payload, in hexadecimal, of a message in XML (or in the JSON that decode prints)."""
    if jsonl:
        _no_other("encode", text=text, key=key, mode=mode is not Mode.DOCUMENT, binary=binary)
        each_line(sys.stdin.buffer, encode_line)
        return
    try:
        source = _text(text)
        _, data = _fitting(key, lambda each: _encoded(source, each, mode))
    except V2GError as error:
        _fail("encode", error)
    if binary:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        print(data.hex())


def _no_other(command: str, **given: object) -> None:
    """With --jsonl each line says everything: whatever else is given would go unused."""
    unused = [name for name, value in given.items() if value]
    if unused:
        raise LocalError(f"v2g exi {command} --jsonl takes nothing else; {', '.join(unused)} would go unused")


def _fail(command: str, error: V2GError) -> NoReturn:
    print(f"v2g exi {command}: {error}", file=sys.stderr)
    raise typer.Exit(1)


def _decoded(data: bytes, key: str | None, mode: Mode) -> tuple[str, Content]:
    return _fitting(key, lambda each: exi.read(data, each, mode.value))


def _encoded(text: str, key: str, mode: Mode) -> bytes:
    content = _parsed(text, key, mode)
    return exi.encode(content.value, key, mode.value, content.name)


def _fitting(key: str | None, attempt: Callable[[str], T]) -> tuple[str, T]:
    """The key, given or found by trying, and what ``attempt`` makes of the input with it."""
    if key is not None:
        return key, attempt(key)
    found: list[tuple[str, T]] = []
    faults: list[str] = []
    for each in KEYS:
        try:
            found.append((each, attempt(each)))
        except CodecError as error:
            faults.append(f"\n  as {each}: {error}")
    if not found:
        raise CodecError("fits no schema set" + "".join(faults))
    if any(result != found[0][1] for _, result in found):
        raise CodecError(f"fits more than one schema set ({', '.join(each for each, _ in found)}); choose with --key")
    return found[0]


def _payloads(words: list[str] | None) -> Iterator[str | bytes]:
    """Hexadecimal words, or standard input: one binary payload (its first octet is no text) or hexadecimal lines."""
    if words:
        yield from words
        return
    data = _read_all(sys.stdin.buffer)
    if data[:1] >= b"\x80" and not data.startswith(codecs.BOM_UTF8):
        yield data
        return
    yield from (line for line in data.decode("utf-8-sig", "replace").splitlines() if line.strip())


def _read_all(stream: BinaryIO) -> bytes:
    data = stream.read(MAX_LINE_OCTETS + 1)
    if len(data) > MAX_LINE_OCTETS:
        raise LocalError(f"more than {MAX_LINE_OCTETS} octets of input")
    return data


def _octets(payload: str | bytes) -> bytes:
    if isinstance(payload, bytes):
        return payload
    try:
        return bytes.fromhex(payload)
    except ValueError as error:
        raise CodecError(f"not hexadecimal: {str(error).replace('in fromhex() arg ', '')}") from None


def _text(text: str | None) -> str:
    if text is not None:
        return text
    try:
        return _read_all(sys.stdin.buffer).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CodecError(f"input is not UTF-8: {error.reason} at octet {error.start}") from None


def _parsed(text: str, key: str, mode: Mode) -> Content:
    if not text.lstrip().startswith("{"):
        return exi.from_xml(text, key, mode.value)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"not JSON: {error}") from None
    return exi.from_json(data, key, mode.value)


def _shown(content: Content, key: str, mode: Mode, form: Form) -> str:
    if form is Form.XML:
        return exi.to_xml(content.value, key, mode.value, content.name)
    return json.dumps(exi.to_json(content.value, key, mode.value, content.name), indent=2, ensure_ascii=False)


def each_line(stream: BinaryIO, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer each line of ``stream`` by one line on standard output, in order, flushed; a bad line by its error."""
    while line := stream.readline(MAX_LINE_OCTETS):
        try:
            if not line.endswith(b"\n") and len(line) == MAX_LINE_OCTETS:
                while not line.endswith(b"\n") and (line := stream.readline(MAX_LINE_OCTETS)):
                    pass
                raise CodecError(f"a line of more than {MAX_LINE_OCTETS} octets")
            reply = answer(_request(line))
        except V2GError as error:
            reply = {"error": str(error)}
        print(json.dumps(reply), flush=True)


def _request(line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"not JSON: {error}") from None
    if not isinstance(request, dict):
        raise CodecError("a JSON object is needed")
    return request


def _member(request: dict[str, Any], name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str):
        raise CodecError(f"member {name!r} with a string is needed")
    return value


def _mode(request: dict[str, Any]) -> Mode:
    try:
        return Mode(request.get("mode", Mode.DOCUMENT))
    except ValueError:
        raise CodecError("member 'mode' is document or fragment") from None


def decode_line(request: dict[str, Any]) -> dict[str, Any]:
    """``{"key", "mode", "exi"}`` -> ``{"message", "xml", "json"}``.

    Raises:
        V2GError: The request, or the payload in it, is not valid.
    """
    key, mode = _member(request, "key"), _mode(request)
    digits = _member(request, "exi")
    if not digits.isalnum() and digits:  # the friendly form passes over white space; a contract does not
        raise CodecError("not hexadecimal: something else than digits")
    content = exi.read(_octets(digits), key, mode.value)
    return {
        "message": content.name.local,
        "xml": exi.to_xml(content.value, key, mode.value, content.name),
        "json": exi.to_json(content.value, key, mode.value, content.name),
    }


def encode_line(request: dict[str, Any]) -> dict[str, Any]:
    """``{"key", "mode", "xml"}`` -> ``{"exi"}``.

    Raises:
        V2GError: The request, or the message in it, is not valid.
    """
    key, mode = _member(request, "key"), _mode(request)
    content = exi.from_xml(_member(request, "xml"), key, mode.value)
    return {"exi": exi.encode(content.value, key, mode.value, content.name).hex()}
