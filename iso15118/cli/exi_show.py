"""``v2g exi explain``, ``schema`` and ``lint``: what each bit means, what a grammar allows, who can't read a message."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from iso15118 import exi
from iso15118.cli.exi_input import (
    DialectOptions,
    Key,
    Mode,
    ModeOption,
    dialect_of,
    fail,
    fitting,
    octets,
    parsed,
    payloads,
)
from iso15118.errors import CodecError, V2GError
from iso15118.exi import Content, Dialect
from iso15118.exi.describe import describe_element, describe_roots
from iso15118.exi.explain import Explanation
from iso15118.exi.explain import explain as explained
from iso15118.exi.grammar import schema_grammar
from iso15118.exi.lint import Finding
from iso15118.exi.lint import lint as findings_in
from iso15118.messages.registry import KEYS

__all__ = ["explain", "lint", "register", "schema"]

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for tools.")]


def register(app: typer.Typer) -> None:
    """Make these commands part of ``v2g exi``."""
    app.command(epilog="Example:  v2g exi explain 80300400810182028303840ac0222a10 --key DC")(explain)
    app.command(epilog="Examples:  v2g exi schema DC  |  v2g exi schema DC DC_ChargeLoopReq")(schema)
    app.command(epilog="Examples:  v2g exi lint 80740400810182028303840ac0220100  |  v2g exi lint < message.xml")(lint)


def explain(
    payload: Annotated[list[str] | None, typer.Argument(help="Hexadecimal; left out: standard input.")] = None,
    key: Key = None,
    mode: ModeOption = Mode.DOCUMENT,
    dialect: DialectOptions = None,
    as_json: Json = False,
) -> None:
    """Print what each bit of a payload means; of a bad one, up to its fault. The exit status is 1 if there is one."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # as the other commands, on any terminal
    peer = dialect_of(dialect)
    failed = False
    for number, given in enumerate(payloads(payload)):
        try:
            used, explanation = _explained(octets(given), key, mode, peer)
        except V2GError as error:
            print(f"v2g exi explain: {error}", file=sys.stderr)
            failed = True
            continue
        failed = failed or explanation.error is not None
        if as_json:
            print("\n".join(json.dumps(row, ensure_ascii=False) for row in _rows(explanation)))
            continue
        if number:
            print()
        name = "" if explanation.content is None else explanation.content.name.local + " "
        print(f"{name}{'of' if name else 'as'} {used}", *explanation.lines(), sep="\n")
    raise typer.Exit(1 if failed else 0)


def _explained(data: bytes, key: str | None, mode: Mode, dialect: Dialect) -> tuple[str, Explanation]:
    """By the schema set that was given, else the one that fits, else the one that reads furthest."""
    if key is not None:
        return key, explained(data, key, mode.value, dialect)
    tried = {each: explained(data, each, mode.value, dialect) for each in KEYS}
    whole = {each: explanation for each, explanation in tried.items() if explanation.error is None}
    contents = [explanation.content for explanation in whole.values()]
    if any(content != contents[0] for content in contents):
        raise CodecError(f"fits more than one schema set ({', '.join(whole)}); choose with --key")
    return max((whole or tried).items(), key=lambda item: _reached(item[1]))


def _reached(explanation: Explanation) -> int:
    """Bit at which the fault is; the first set wins where several come as far."""
    error = explanation.error
    return 0 if error is None or error.bit is None else error.bit


def _rows(explanation: Explanation) -> Iterator[dict[str, Any]]:
    yield from (step.to_json() for step in explanation.steps)
    error = explanation.error
    if error is not None:
        yield {"fault": error.reason, "path": error.path, "bit": error.bit}


def schema(
    key: Annotated[str, typer.Argument(help=f"Schema set: {', '.join(KEYS)}.")],
    element: Annotated[
        str | None, typer.Argument(help="Message, or any element; left out: the roots and their codes.")
    ] = None,
    signatures: Annotated[bool, typer.Option("--signatures", help="Spell out XML signatures in headers too.")] = False,
) -> None:
    """Print the grammar of a schema set or of an element: what may stand where, how often, and under which codes."""
    try:
        lines = describe_roots(key) if element is None else describe_element(key, element, signatures=signatures)
    except CodecError as error:
        names = [each.name.local for each in schema_grammar(key).fragment]
        near = difflib.get_close_matches(str(element), names, 3, 0.7)
        fail("schema", CodecError(f"{error}; near: {', '.join(near)}") if near else error)
    print("\n".join(lines))


def lint(
    payload: Annotated[
        list[str] | None, typer.Argument(help="Hexadecimal, XML or JSON; left out: standard input.")
    ] = None,
    key: Key = None,
    mode: ModeOption = Mode.DOCUMENT,
    as_json: Json = False,
) -> None:
    """Print what in messages some deployed codecs can't read; the exit status is 1 if there is anything."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # as the other commands, on any terminal
    failed = False
    for given in _messages(payload):
        try:
            used, content = fitting(key, lambda each, given=given: _read(given, each, mode))  # type: ignore[misc]
            findings = findings_in(content.value, used, mode.value, content.name)
        except V2GError as error:
            print(f"v2g exi lint: {error}", file=sys.stderr)
            failed = True
            continue
        failed = failed or bool(findings)
        if as_json:
            for finding in findings:
                print(json.dumps(_json(finding), ensure_ascii=False))
        else:
            print("\n".join(map(str, findings)) if findings else f"{content.name.local} of {used}: no findings")
    raise typer.Exit(1 if failed else 0)


def _messages(words: list[str] | None) -> Iterator[str | bytes]:
    """Messages one by one; a text on standard input that begins like XML or JSON is one message."""
    lines = payloads(words)
    for first in lines:
        if words is None and isinstance(first, str) and first.lstrip()[:1] in ("<", "{"):
            yield "\n".join((first, *(str(line) for line in lines)))
            return
        yield first


def _read(given: str | bytes, key: str, mode: Mode) -> Content:
    if isinstance(given, str) and given.lstrip()[:1] in ("<", "{"):
        return parsed(given, key, mode)
    return exi.read(octets(given), key, mode.value)


def _json(finding: Finding) -> dict[str, str]:
    rule = finding.rule
    return {
        "path": finding.path,
        "what": finding.what,
        "rule": rule.name,
        "limit": rule.limit,
        "fails": rule.fails,
        "source": rule.source,
    }
