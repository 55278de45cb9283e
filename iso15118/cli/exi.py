"""``v2g exi``: EXI payloads as XML or JSON, and back. A filter: it reads and prints, and touches no network."""

from __future__ import annotations

import enum
import json
import sys
from collections.abc import Callable
from typing import Annotated, Any, BinaryIO

import typer

from iso15118 import exi
from iso15118.cli import exi_show
from iso15118.cli.exi_input import (
    MAX_LINE_OCTETS,
    DialectOptions,
    Key,
    Mode,
    ModeOption,
    dialect_of,
    fail,
    fitting,
    message_in,
    notes,
    octets,
    open_output,
    payloads,
    standard_input,
    tell,
    text_of,
)
from iso15118.errors import CodecError, LocalError, V2GError
from iso15118.exi import Content, Dialect

__all__ = ["app", "decode_line", "encode_line", "each_line"]

app = typer.Typer(
    help="Turn EXI payloads of ISO 15118-20 into XML or JSON, and back; look into them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


class Form(enum.StrEnum):
    """What ``decode`` prints."""

    XML = "xml"
    JSON = "json"


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
    dialect: DialectOptions = None,
    jsonl: Lines = False,
) -> None:
    """Print EXI payloads, given in hexadecimal or piped in as hexadecimal lines or one binary payload."""
    open_output()
    if jsonl:
        unused = {"mode": mode is not Mode.DOCUMENT, "format": form is not Form.XML, "dialect": dialect}
        _no_other("decode", payload=payload, key=key, **unused)
        each_line(standard_input(), decode_line)
        return
    peer = dialect_of(dialect)
    failed = False
    for given in payloads("decode", payload):
        try:
            used, content = _decoded(octets(given), key, mode, peer)
            print(_shown(content, used, mode, form))
            for note in notes(content):
                tell("decode", note)
        except CodecError as error:
            failed = True
            tell("decode", error)
    raise typer.Exit(1 if failed else 0)


@app.command(epilog="Examples:  v2g exi encode < message.xml  |  v2g exi encode --binary < message.json > payload.bin")
def encode(
    text: Annotated[str | None, typer.Argument(help="XML or JSON; left out: standard input.")] = None,
    key: Key = None,
    mode: ModeOption = Mode.DOCUMENT,
    dialect: DialectOptions = None,
    binary: Annotated[bool, typer.Option("--binary", help="Write the payload itself, not hexadecimal.")] = False,
    jsonl: Lines = False,
) -> None:
    """Print the EXI payload, in hexadecimal, of a message in XML (or in the JSON that decode prints)."""
    open_output()
    if jsonl:
        _no_other("encode", text=text, key=key, mode=mode is not Mode.DOCUMENT, dialect=dialect, binary=binary)
        each_line(standard_input(), encode_line)
        return
    peer = dialect_of(dialect)
    try:
        read = message_in(text_of(text), mode)
        _, data = fitting(key, lambda each: _encoded(read(each), each, mode, peer))
    except CodecError as error:
        fail("encode", error)
    if binary:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        print(data.hex())


exi_show.register(app)


def _no_other(command: str, **given: object) -> None:
    """With --jsonl each line says everything: whatever else is given would go unused."""
    unused = [name for name, value in given.items() if value]
    if unused:
        raise LocalError(f"v2g exi {command} --jsonl takes nothing else; {', '.join(unused)} would go unused")


def _decoded(data: bytes, key: str | None, mode: Mode, dialect: Dialect) -> tuple[str, Content]:
    return fitting(key, lambda each: exi.read(data, each, mode.value, dialect))


def _encoded(content: Content, key: str, mode: Mode, dialect: Dialect) -> bytes:
    return exi.encode(content.value, key, mode.value, content.name, dialect)


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
    content = exi.read(octets(digits), key, mode.value)
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
