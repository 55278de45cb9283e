"""``v2g exi explain``, ``schema`` and ``lint``: what each bit means, what a grammar allows, who can't read a message."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
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
    known_key,
    message_in,
    near,
    notes,
    octets,
    open_output,
    payloads,
    tell,
)
from iso15118.errors import CodecError
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
    open_output()
    peer = dialect_of(dialect)
    failed = False
    for number, given in enumerate(payloads("explain", payload)):
        try:
            used, explanation = _explained(octets(given), key, mode, peer)
        except CodecError as error:
            tell("explain", error)
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
    if key is None:
        key = _key_of(data, mode, dialect)
    return key, explained(data, key, mode.value, dialect)


def _key_of(data: bytes, mode: Mode, dialect: Dialect) -> str:
    """The one set that fits, or that reads furthest (the first of several).

    Raises:
        CodecError: Sets fit that see different contents.
    """
    whole: dict[str, Content] = {}
    reached: dict[str, int] = {}
    for each in KEYS:
        try:
            whole[each] = exi.read(data, each, mode.value, dialect)
        except CodecError as error:
            reached[each] = error.bit or 0
    contents = list(whole.values())
    if any(content != contents[0] for content in contents):
        raise CodecError(f"fits more than one schema set ({', '.join(whole)}); choose with --key")
    return next(iter(whole), "") or max(reached, key=lambda each: reached[each])


def _rows(explanation: Explanation) -> Iterator[dict[str, Any]]:
    yield from (step.to_json() for step in explanation.steps)
    error = explanation.error
    if error is not None:
        yield {"fault": error.reason, "path": error.path, "bit": error.bit}


def schema(
    key: Annotated[str, typer.Argument(help=f"Schema set: {', '.join(KEYS)}.", callback=known_key)],
    element: Annotated[
        str | None, typer.Argument(help="Message, or any element; left out: the roots and their codes.")
    ] = None,
    signatures: Annotated[bool, typer.Option("--signatures", help="Spell out XML signatures in headers too.")] = False,
) -> None:
    """Print the grammar of a schema set or of an element: what may stand where, how often, and under which codes."""
    open_output()
    try:
        lines = describe_roots(key) if element is None else describe_element(key, element, signatures=signatures)
    except CodecError as error:
        names = [each.name.local for each in schema_grammar(key).fragment]
        fail("schema", CodecError(f"{error}{near(str(element), names)}"))
    print("\n".join(lines))


def lint(
    payload: Annotated[
        list[str] | None, typer.Argument(help="Hexadecimal, XML or JSON; left out: standard input.")
    ] = None,
    key: Key = None,
    mode: ModeOption = Mode.DOCUMENT,
    dialect: DialectOptions = None,
    as_json: Json = False,
) -> None:
    """Print what in messages some deployed codecs can't read; the exit status is 1 if there is anything."""
    open_output()
    peer = dialect_of(dialect)
    failed = False
    for given in payloads("lint", payload):
        try:
            used, content = fitting(key, _reader(given, mode, peer))
            findings = findings_in(content.value, used, mode.value, content.name)
        except CodecError as error:
            tell("lint", error)
            failed = True
            continue
        oddities = notes(content)  # of the stream, not of the message: no codec should write them, most read them
        for note in oddities:
            tell("lint", note)
        failed = failed or bool(findings or oddities)
        if as_json:
            for finding in findings:
                print(json.dumps(_json(finding), ensure_ascii=False))
        elif findings:
            print("\n".join(map(str, findings)))
        elif not oddities:
            print(f"{content.name.local} of {used}: no findings")
    raise typer.Exit(1 if failed else 0)


def _reader(given: str | bytes, mode: Mode, dialect: Dialect) -> Callable[[str], Content]:
    """What reads a message in any form by a schema set."""
    if isinstance(given, str) and given.lstrip()[:1] in {"<", "{"}:
        return message_in(given, mode)
    data = octets(given)
    return lambda key: exi.read(data, key, mode.value, dialect)


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
