"""The grammar of a schema set or of one element, for readers: lines made from the grammar objects that the codec walks.

Codes are written as the bits of the stream. An element that can follow several others has a code for each state it can
come in: ``00 | 0`` is two bits in one and one bit in another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from iso15118.errors import CodecError
from iso15118.exi.codec import find_element
from iso15118.exi.datatypes import Binary, Boolean, Datatype, Enumeration, NBit, Signed, Text, Unsigned
from iso15118.exi.grammar import Element, Event, Particle, Production, RecordGrammar, Slot, State, schema_grammar
from iso15118.messages import xmldsig
from iso15118.messages.model import AnyElement, Group, Part, QName

__all__ = ["describe_element", "describe_roots", "type_text"]

_ANY = "*"
"""Name of what stands for a wildcard in a grammar."""
_MOST_CODES = 4
_MOST_LITERALS = 72
"""Characters of the literals of an enumeration that are shown beside its name."""


def describe_roots(key: str) -> list[str]:
    """The roots of a schema set with their codes, and how wide codes are.

    Raises:
        LocalError: There is no such set.
    """
    schema = schema_grammar(key)
    lines = [
        f"{key}: {', '.join(schema.namespaces)}",
        f"documents: {len(schema.document)} roots, codes of {schema.document_width} bits",
        f"fragments: {len(schema.fragment)} elements, codes of {schema.fragment_width} bits; {len(schema.fragment) + 1} ends one",
        "",
    ]
    rows = [("code", "bits", "fragment", "root", "")]
    for code, element in enumerate(schema.document):
        fragment = schema.places["fragment"][element.name]
        note = f"refused: {element.refused}" if element.refused else ""
        rows.append((str(code), _bits(code, schema.document_width), str(fragment), element.name.local, note))
    return lines + list(_table(rows))


def describe_element(key: str, name: QName | str, *, signatures: bool = False) -> list[str]:
    """The grammar of a root, or of any element of a schema set, as a tree.

    Args:
        key: Name of the schema set.
        name: The element.
        signatures: Spell out XML signatures, which every message may have in its header, as well.

    Raises:
        CodecError: The set has no such element.
        LocalError: There is no such set.
    """
    schema = schema_grammar(key)
    fragment, element = find_element(schema, "fragment", name)
    places = [f"fragment code {fragment}, bits {_bits(fragment, schema.fragment_width)}"]
    try:
        code, element = find_element(schema, "document", name)
        places.insert(0, f"document code {code}, bits {_bits(code, schema.document_width)}")
    except CodecError:
        pass  # no root: a fragment only
    lines = [f"{element.name.local} of {key}: {'; '.join(places)}"]
    if element.refused:
        lines.append(f"refused: {element.refused}")
    if element.record is None:
        return lines + _simple(element)
    tree = _Tree(signatures or element.record.cls.xmlns is xmldsig.XMLNS)
    tree.record(element.record, 0)
    header = _Row(0, "element", "times", "type", "code")
    return [*lines, "", *_table(row.cells() for row in (header, *tree.rows))]


def _simple(element: Element) -> list[str]:
    if element.datatype is None:
        return []
    lines = [f"value: {type_text(element.datatype)}"]
    if isinstance(element.datatype, Enumeration):
        width = element.datatype.width
        lines += [f"  {_bits(code, width)}  {each.value}" for code, each in enumerate(element.datatype.members)]
    return lines


def type_text(datatype: Datatype) -> str:
    """A simple type in words: its range, and how wide it is in a stream."""
    match datatype:
        case Boolean():
            return "boolean, 1 bit"
        case NBit(low=low, high=high, width=width):
            return f"integer {low}..{high}, {width} bits"
        case Unsigned(low=low, high=high):
            return f"integer {low}..{_number(high)}, octets of 7 bits"
        case Signed(low=None) | Signed(high=None):
            return "integer, sign and octets of 7 bits"
        case Signed(low=low, high=high):
            return f"integer {low}..{high}, sign and octets of 7 bits"
        case Enumeration(cls=cls, members=members, width=width):
            literals = ", ".join(str(member.value) for member in members)
            shown = f": {literals}" if len(literals) <= _MOST_LITERALS else ""
            return f"{cls.__name__}, {len(members)} literals, {width} bits{shown}"
        case Text(least=least, most=most):
            return f"text{_length(least, most, 'characters')}"
        case Binary(least=least, most=most, hexadecimal=hexadecimal):
            return f"{'hexBinary' if hexadecimal else 'base64Binary'}{_length(least, most, 'octets')}"
    return datatype.name


def _number(value: int) -> str:
    bits = value.bit_length()
    return f"2^{bits}-1" if bits > 16 and value == (1 << bits) - 1 else str(value)


def _length(least: int, most: int | None, unit: str) -> str:
    if most is None:
        return f", {least} {unit} or more" if least else ""
    return f", {most} {unit}" if least == most else f", {least}..{most} {unit}"


def _bits(code: int, width: int) -> str:
    return f"{code:0{width}b}"


class _Row(NamedTuple):
    depth: int
    name: str
    times: str = ""
    type: str = ""
    code: str = ""

    def cells(self) -> tuple[str, ...]:
        return ("  " * self.depth + self.name, self.times, self.code, self.type)


def _table(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Columns as wide as they must be; the last one is as long as it is."""
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        yield "  ".join((*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1])).rstrip()


class _Tree:
    """Rows of one element, depth first; a type is spelled out where it comes first."""

    def __init__(self, signatures: bool) -> None:
        self.signatures = signatures
        self.rows: list[_Row] = []
        self.seen: set[RecordGrammar] = set()

    def record(self, grammar: RecordGrammar, depth: int) -> None:
        self.seen.add(grammar)
        codes = _Codes(grammar.start)
        model = grammar.cls.content_model
        for slot in grammar.slots:
            if model is not None and slot.particles[0].kind is not Event.ATTRIBUTE:
                self.rows.append(_Row(depth, "content", "", _model(model)))
                depth, model = depth + 1, None
            self.slot(slot, codes, depth)
        depth -= grammar.cls.content_model is not None and model is None
        if codes.mixed:
            self.rows.append(_Row(depth, "(text between elements)", "0..", "", _joined(codes.mixed)))
        self.rows.append(_Row(depth, "(end)", "", "", _joined(codes.end)))

    def slot(self, slot: Slot, codes: _Codes, depth: int) -> None:
        first = slot.particles[0]
        if not first.group:
            self.particle(first, codes, depth)
            return
        self.rows.append(_Row(depth, "one of", "1" if slot.required else "0..1"))
        for particle in slot.particles:
            self.particle(particle, codes, depth + 1)

    def particle(self, particle: Particle, codes: _Codes, depth: int) -> None:
        times = "" if particle.group or particle.contents else _times(particle)
        if len(particle.elements) > 1 and not particle.contents:
            self.rows.append(_Row(depth, "one of the substitutes", times))
            depth, times = depth + 1, ""
        for element in particle.elements:
            self.element(particle, element, times, codes, depth)

    def element(self, particle: Particle, element: Element, times: str, codes: _Codes, depth: int) -> None:
        record = element.record
        name = _name(particle, element)
        code = _joined(codes.elements.get(element, []))
        if element.name.local == _ANY:
            # Only global elements of XML signature have codes for their names (``contents``).
            none = "refused: elements of another namespace only, of which none is supported"
            what = none if element.other else "a global element of XML signature, by its name"
            self.rows.append(_Row(depth, "(any element)", times, what, code))
        elif element.refused:
            self.rows.append(_Row(depth, name, times, f"refused: {element.refused}", code))
        elif record is None:
            kind = type_text(element.datatype) if element.datatype is not None else ""
            self.rows.append(_Row(depth, name, times, kind, code))
        else:
            what = record.cls.__name__
            foreign = record.cls.xmlns is xmldsig.XMLNS and not self.signatures
            if foreign:
                what += f" (see: v2g exi schema xmldsig {what})"
            elif record in self.seen:
                what += " (as above)"
            self.rows.append(_Row(depth, name, times, what, code))
            if not foreign and record not in self.seen:
                self.record(record, depth + 1)


def _name(particle: Particle, element: Element) -> str:
    match particle.kind:
        case Event.ATTRIBUTE:
            return "@" + element.name.local
        case Event.CONTENT:
            return "(value)"
    return element.name.local


def _model(part: Part | AnyElement | Group) -> str:
    """A content model as a regular expression, as in a DTD."""
    if isinstance(part, Part):
        return part.name + ("" if part.least else "?")
    if isinstance(part, AnyElement):
        text = "any element"
    else:
        text = (" | " if part.alternatives else ", ").join(map(_model, part.particles))
        if len(part.particles) == 1 and (part.least, part.most) == (1, 1):
            return text
    sign = {(1, 1): "", (0, 1): "?", (0, None): "*", (1, None): "+"}[part.least, part.most]
    return f"({text}){sign}" if sign or isinstance(part, Group) else text


def _times(particle: Particle) -> str:
    if particle.most == particle.least:
        return str(particle.least)
    return f"{particle.least}..{'' if particle.most is None else particle.most}"


class _Codes:
    """In which states, and under which code, each event of a type can come."""

    def __init__(self, start: State) -> None:
        self.elements: dict[Element, list[str]] = {}
        self.end: list[str] = []
        self.mixed: list[str] = []
        waiting, seen = deque([start]), {id(start)}
        while waiting:
            state = waiting.popleft()
            for production in state.productions:
                self.add(production, _bits(production.code, state.width))
                for following in production.after or ():
                    if id(following) not in seen:
                        seen.add(id(following))
                        waiting.append(following)

    def add(self, production: Production, bits: str) -> None:
        codes = self.end if production.event is Event.END else self.mixed
        if production.element is not None:
            codes = self.elements.setdefault(production.element, [])
        if bits not in codes:
            codes.append(bits)


def _joined(codes: list[str]) -> str:
    shown = codes[:_MOST_CODES]
    return " | ".join([*shown, "..."] if len(codes) > len(shown) else shown)
