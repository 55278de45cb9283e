"""What the commands of ``v2g exi`` take: payloads in hexadecimal or binary, messages in XML or JSON, and a schema set."""

from __future__ import annotations

import codecs
import difflib
import enum
import json
import string
import sys
from collections.abc import Callable, Iterable
from typing import Annotated, Any, BinaryIO, NoReturn, TypeVar

import typer

from iso15118 import exi
from iso15118.errors import CodecError, LocalError
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
    "known_key",
    "message_in",
    "near",
    "notes",
    "octets",
    "open_output",
    "payloads",
    "standard_input",
    "tell",
    "text_of",
]

T = TypeVar("T")

MAX_LINE_OCTETS = 1 << 25
"""Longest line or file read: twice the longest XML text the codec takes."""

_LONGEST_NAME = 100
"""Longer words are not compared with names: none is nearly as long."""


class Mode(enum.StrEnum):
    """A document has a message as root; a fragment, any element (what signatures digest)."""

    DOCUMENT = "document"
    FRAGMENT = "fragment"


def near(word: str, names: Iterable[str], cutoff: float = 0.7) -> str:
    """What ``word`` may have been meant to be, as the end of an error's text; empty if it resembles nothing."""
    by_lower = {name.lower(): name for name in names}
    found = difflib.get_close_matches(word.lower(), by_lower, 3, cutoff) if len(word) <= _LONGEST_NAME else []
    return f"; near: {', '.join(by_lower[each] for each in found)}" if found else ""


def known_key(value: str | None) -> str | None:
    """A schema set that there is, looked at before any input is.

    Raises:
        LocalError: There is no such set.
    """
    if value is not None and value not in KEYS:
        raise LocalError(f"no schema set {value!r}{near(value, KEYS, 0.6)}; there are {', '.join(KEYS)}")
    return value


Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        "-k",
        help=f"Schema set: {', '.join(KEYS)}. Left out: whichever fits.",
        show_default=False,
        callback=known_key,
    ),
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
        LocalError: An option or value that it does not know, or an option that is given twice.
    """
    known = Dialect.__struct_fields__
    values: dict[str, Any] = {}
    for option in options or ():
        name, equals, value = option.partition("=")
        if name not in known:
            raise LocalError(f"--dialect: no option {name!r}{near(name, known)}; there are {', '.join(known)}")
        if not equals:
            raise LocalError(f"--dialect {name}: OPTION=VALUE is needed, for instance {_EXAMPLE}")
        if name in values:
            raise LocalError(f"--dialect {name} is given twice")
        values[name] = value
    return Dialect(**values)


def tell(command: str, what: object) -> None:
    """Tell an error, or something else that is no answer, where it can be told."""
    if sys.stderr is not None:  # it may be closed; print would take standard output instead
        print(f"v2g exi {command}: {what}", file=sys.stderr)


def fail(command: str, error: CodecError) -> NoReturn:
    """Tell an error in the input and end the command.

    Raises:
        Exit: Always, with status 1.
    """
    tell(command, error)
    raise typer.Exit(1)


def fitting(key: str | None, attempt: Callable[[str], T]) -> tuple[str, T]:
    """The key, given or found by trying, and what ``attempt`` makes of the input with it.

    Raises:
        CodecError: No schema set fits, or more than one with different results.
    """
    if key is not None:
        return key, attempt(key)
    found: list[tuple[str, T]] = []
    faults: list[tuple[str, CodecError]] = []
    for each in KEYS:
        try:
            found.append((each, attempt(each)))
        except CodecError as error:
            if not error.path and not error.bit:
                raise  # no XML, no EXI header: the same whatever the schema set
            faults.append((each, error))
    if not found:
        raise CodecError(_no_fit(faults))
    if any(result != found[0][1] for _, result in found):
        raise CodecError(f"fits more than one schema set ({', '.join(each for each, _ in found)}); choose with --key")
    return found[0]


def _no_fit(faults: list[tuple[str, CodecError]]) -> str:
    """The reasons of all schema sets, equal ones once, and first that of the set that got furthest."""

    def reached(fault: tuple[str, CodecError]) -> tuple[int, int, bool]:
        key, error = fault
        return error.bit or 0, error.path.count("/"), not error.reason.endswith(f" of {key}")  # no root of the set

    by_reason: dict[str, list[tuple[str, CodecError]]] = {}
    for key, error in sorted(faults, key=reached, reverse=True):  # stable: else in the order of KEYS
        by_reason.setdefault(str(error).replace(f" of {key}", " of the set"), []).append((key, error))
    if len(by_reason) == 1:
        return f"fits no schema set: {next(iter(by_reason))}"
    lines = [
        f"\n  as {', '.join(key for key, _ in same)}: {same[0][1] if len(same) == 1 else reason}"
        for reason, same in by_reason.items()
    ]
    return "fits no schema set" + "".join(lines)


def open_output() -> None:
    """Make standard output UTF-8, which XML and JSON are on any terminal.

    Raises:
        LocalError: It is closed.
    """
    if sys.stdout is None:
        raise LocalError("standard output is closed")
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]


def standard_input() -> BinaryIO:
    """Standard input, as octets.

    Raises:
        LocalError: It is closed.
    """
    if sys.stdin is None:
        raise LocalError("standard input is closed")
    return sys.stdin.buffer


def payloads(command: str, words: list[str] | None) -> list[str | bytes]:
    """The words given, or what standard input holds: one text in XML or JSON, one binary payload, or hexadecimal lines.

    Raises:
        Exit: Standard input is empty, too long, or no text although it begins like XML or JSON.
        LocalError: It can't be read.
    """
    if words:
        return list(words)
    try:
        data = _read_all()
        if data.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in {b"<", b"{"}:
            return [_utf8(data)]
    except CodecError as error:
        fail(command, error)
    if data.startswith(_FRAME) or (data[:1] >= b"\x80" and not data.startswith(codecs.BOM_UTF8)):
        return [data]  # its first octet is no text
    return [line for line in data.decode("utf-8-sig", "replace").splitlines() if line.strip()]


def _read_all() -> bytes:
    try:
        data = standard_input().read(MAX_LINE_OCTETS + 1)
    except OSError as error:
        raise LocalError(f"standard input can't be read: {error.strerror}") from None
    if len(data) > MAX_LINE_OCTETS:
        raise CodecError(f"more than {MAX_LINE_OCTETS} octets of input")
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise CodecError("standard input is empty")
    return data


def _utf8(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CodecError(f"input is not UTF-8: {error.reason} at octet {error.start}") from None


_FRAME = b"\x01\xfe"
"""How a V2GTP frame begins: version and its inverse."""


def octets(payload: str | bytes) -> bytes:
    """Octets of a payload that may be in hexadecimal.

    Raises:
        CodecError: It is not, or there are none, or they are no EXI but a frame with it.
    """
    data = payload if isinstance(payload, bytes) else _from_hexadecimal(payload)
    if not data:
        raise CodecError("an empty payload")
    if data.startswith(_FRAME):
        raise CodecError("begins with 01fe: a V2GTP frame? leave out its 8 octets")
    return data


def _from_hexadecimal(text: str) -> bytes:
    if text.lstrip()[:1] in {"<", "{"}:
        raise CodecError("not hexadecimal but, as it seems, XML or JSON, which encode and lint take")
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        reason = str(error).replace("in fromhex() arg ", "")
        digits = "".join(text.split())
        if len(digits) % 2 and all(digit in string.hexdigits for digit in digits):
            reason = f"an odd number of digits, {len(digits)}"
        raise CodecError(f"not hexadecimal: {reason}") from None


def text_of(text: str | None) -> str:
    """The text given, or all of standard input.

    Raises:
        CodecError: The input is empty, too long or not UTF-8.
        LocalError: It can't be read.
    """
    if text is None:
        return _utf8(_read_all())
    if not text.strip():
        raise CodecError("an empty text")
    return text


def message_in(text: str, mode: Mode) -> Callable[[str], Content]:
    """What reads an XML or JSON text as the message or fragment of a schema set, and raises CodecError if it is none.

    Raises:
        CodecError: It is not JSON, although it begins like it.
    """
    if not text.lstrip().startswith("{"):
        return lambda key: exi.from_xml(text, key, mode.value)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"not JSON: {error}") from None
    return lambda key: exi.from_json(data, key, mode.value)


def notes(content: Content) -> list[str]:
    """What about a stream was tolerated, in words."""
    found = []
    if content.empty_ends:
        found.append(f"{_counted(content.empty_ends, 'empty value')} written as an end without a value")
    if content.padding:
        found.append(f"bits other than zero behind the end, in the last octet: {content.padding:b}")
    if content.trailing_octets:
        found.append(f"{_counted(content.trailing_octets, 'zero octet')} after the end")
    return found


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
