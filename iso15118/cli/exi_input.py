"""What the commands of ``v2g exi`` take: payloads in hexadecimal or binary, messages in XML or JSON, and a schema set."""

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
from iso15118.exi import Content, Dialect
from iso15118.messages.registry import KEYS

__all__ = [
    "MAX_LINE_OCTETS",
    "DialectOptions",
    "Key",
    "Mode",
    "ModeOption",
    "dialect_of",
    "fail",
    "fitting",
    "octets",
    "parsed",
    "payloads",
    "text_of",
]

T = TypeVar("T")

MAX_LINE_OCTETS = 1 << 25
"""Longest line or file read: twice the longest XML text the codec takes."""


class Mode(enum.StrEnum):
    """A document has a message as root; a fragment, any element (what signatures digest)."""

    DOCUMENT = "document"
    FRAGMENT = "fragment"


Key = Annotated[
    str | None,
    typer.Option("--key", "-k", help=f"Schema set: {', '.join(KEYS)}. Left out: whichever fits.", show_default=False),
]
ModeOption = Annotated[Mode, typer.Option("--mode", "-m", help="Whole message, or fragment as signatures digest it.")]

_EXAMPLE = "acdp_roots=cbexigen"
DialectOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--dialect",
        metavar="OPTION=VALUE",
        help=f"How the peer departs from the schemas ({', '.join(Dialect.__struct_fields__)}), for instance {_EXAMPLE}; "
        "may be repeated.",
        show_default=False,
    ),
]


def dialect_of(options: list[str] | None) -> Dialect:
    """The dialect that ``--dialect`` spells.

    Raises:
        LocalError: An option or value that it does not know.
    """
    values: dict[str, Any] = {}
    for option in options or ():
        name, _, value = option.partition("=")
        if name not in Dialect.__struct_fields__:
            raise LocalError(
                f"--dialect {option}: write OPTION=VALUE, OPTION of {', '.join(Dialect.__struct_fields__)}"
            )
        values[name] = value
    return Dialect(**values)


def fail(command: str, error: V2GError) -> NoReturn:
    """Tell an error in one line and end the command.

    Raises:
        Exit: Always, with status 1.
    """
    print(f"v2g exi {command}: {error}", file=sys.stderr)
    raise typer.Exit(1)


def fitting(key: str | None, attempt: Callable[[str], T]) -> tuple[str, T]:
    """The key, given or found by trying, and what ``attempt`` makes of the input with it.

    Raises:
        CodecError: No schema set fits, or more than one with different results.
    """
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


def payloads(words: list[str] | None) -> Iterator[str | bytes]:
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


def octets(payload: str | bytes) -> bytes:
    """Octets of a payload that may be in hexadecimal.

    Raises:
        CodecError: It is not.
    """
    if isinstance(payload, bytes):
        return payload
    try:
        return bytes.fromhex(payload)
    except ValueError as error:
        raise CodecError(f"not hexadecimal: {str(error).replace('in fromhex() arg ', '')}") from None


def text_of(text: str | None) -> str:
    """The text given, or all of standard input.

    Raises:
        CodecError: The input is not UTF-8.
    """
    if text is not None:
        return text
    try:
        return _read_all(sys.stdin.buffer).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CodecError(f"input is not UTF-8: {error.reason} at octet {error.start}") from None


def parsed(text: str, key: str, mode: Mode) -> Content:
    """The message or fragment in an XML or JSON text.

    Raises:
        CodecError: It is not valid.
    """
    if not text.lstrip().startswith("{"):
        return exi.from_xml(text, key, mode.value)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"not JSON: {error}") from None
    return exi.from_json(data, key, mode.value)
