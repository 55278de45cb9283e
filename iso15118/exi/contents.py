"""Free content: texts and elements in the order in which they came, by the content model of the class.

An element that the model does not name stands for a wildcard (``xs:any``). A stream then names it, by codes of its
namespace and its local name. Taken are global elements of XML signature; what the schema set does not know has no
grammar, and elements of the ISO namespaces have no place in a signature.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from iso15118.exi.bits import BitReader, BitWriter, Fault, short_name
from iso15118.exi.datatypes import Text
from iso15118.exi.grammar import (
    Element,
    Event,
    Particle,
    Production,
    RecordGrammar,
    SchemaGrammar,
    State,
    schema_grammar,
)
from iso15118.messages.model import Child, QName

__all__ = [
    "MAX_NESTING",
    "TEXT",
    "deeper",
    "expected",
    "global_element",
    "items",
    "production_of",
    "read_name",
    "wildcard_element",
    "write_name",
]

MAX_NESTING = 8
"""Most wildcard elements inside one another: the grammar's own nesting is bounded, that of wildcards is not."""

TEXT = Element(QName("#text", ""), datatype=Text())
"""What stands for the texts of free content."""


def expected(state: State) -> str:
    """What a state allows, in words."""
    names = []
    for production in state.productions:
        element = production.element
        if production.event is Event.ATTRIBUTE and element:
            names.append("@" + element.name.local)
        elif production.event is Event.ELEMENT and element:
            names.append(element.name.local)
        elif production.event is Event.WILDCARD:
            names.append("any element")
        elif production.event is Event.END:
            names.append("the end")
        elif production.event is Event.CONTENT:
            names.append("a value")
        elif production.event is Event.MIXED:
            names.append("text")
    return ", ".join(names)


def global_element(schema: SchemaGrammar, local: str) -> Element:
    """A global element by its local name, of those that may stand for a wildcard.

    Raises:
        Fault: There is none.
    """
    for uri in schema.local_names:
        code = schema.places["document"].get(QName(local, uri))
        if code is not None:
            return schema.document[code]
    raise Fault(f"{short_name(local)} in the place of a wildcard is not supported")


def wildcard_element(schema: SchemaGrammar, production: Production, name: QName, bit: int | None = None) -> Element:
    """The element that may stand for a wildcard under this name, which a stream has at ``bit``.

    Raises:
        Fault: There is none.
    """
    wildcard = production.element
    assert wildcard is not None
    if wildcard.other and name.uri == wildcard.name.uri:
        raise Fault(f"{short_name(name.local)} may not stand here: only elements of another namespace may", bit)
    code = schema.places["document"].get(name)
    if code is None or name.uri not in schema.local_names:
        local, uri = short_name(name.local), name.uri[:60]
        raise Fault(f"{local} of namespace {uri!r} in the place of a wildcard is not supported", bit)
    return schema.document[code]


def deeper(nesting: int, particle: Particle, element: Element, bit: int | None = None) -> int:
    """How many wildcards are inside one another, once an element of the particle is entered.

    Raises:
        Fault: Too many.
    """
    if not particle.contents or element is TEXT or element in particle.elements:
        return nesting
    if nesting == MAX_NESTING:
        raise Fault(f"more than {MAX_NESTING} wildcards inside one another", bit)
    return nesting + 1


def production_of(grammar: RecordGrammar, state: State, name: QName) -> tuple[Production, Element]:
    """How free content goes on with an element called ``name``.

    Raises:
        Fault: It may not come here.
    """
    production = state.by_name.get(name)
    if production is not None and production.element is not None:
        return production, production.element
    if state.wildcard is None:
        elsewhere = next((each.uri for each in state.by_name if each.local == name.local), None)
        if elsewhere is not None:
            raise Fault(f"{name.local} of namespace {name.uri[:60]!r} is not expected; that of {elsewhere!r} is")
        raise Fault(f"{short_name(name.local)} is not expected; expected: {expected(state)}")
    return state.wildcard, wildcard_element(schema_grammar(grammar.key), state.wildcard, name)


def _qname(name: Any) -> QName:
    """The name of a Child, which a caller may have made of anything."""
    if type(name) is not QName or type(name.local) is not str or type(name.uri) is not str:
        raise Fault(f"the name of a Child is a QName of two texts, not a {type(name).__name__}")
    return name


def items(grammar: RecordGrammar, state: State, contents: tuple[Any, ...]) -> Iterator[tuple[Production, Element, Any]]:
    """Free content from ``state`` on: production, element (TEXT for text), value.

    Raises:
        Fault: Something may not come where it stands, or something is missing at the end.
    """
    before: Any = None
    for item in contents:
        if type(item) is str:
            if state.text is None:
                raise Fault("text between elements is not expected")
            if not item or type(before) is str:
                raise Fault("an empty text, or one next to another: it would not survive")
            production, element, value = state.text, TEXT, item
        elif type(item) is Child:
            (production, element), value = production_of(grammar, state, _qname(item.name)), item.value
        else:
            raise Fault(f"a Child or str is needed, not a {type(item).__name__}")
        yield production, element, value
        before = item
        assert production.after is not None
        state = production.after[2]
    if state.end is None:
        raise Fault(f"content ends too early; expected: {expected(state)}")


def read_name(reader: BitReader, schema: SchemaGrammar) -> QName:
    """The name of a wildcard's element (EXI 1.0, 7.1.7).

    Raises:
        Fault: It is spelled out, which it is only when it is not one of the schema set.
    """
    start = reader.position
    uri = reader.bits(len(schema.uris).bit_length())
    if not 0 < uri <= len(schema.uris):
        raise Fault("an element of a namespace that is not of the schema set", start)
    names = schema.local_names.get(schema.uris[uri - 1])
    if names is None:
        raise Fault(
            f"an element of namespace {schema.uris[uri - 1]!r} in the place of a wildcard is not supported", start
        )
    if reader.unsigned() != 0:
        raise Fault("an element that is not one of the schema set", start)
    place = reader.bits((len(names) - 1).bit_length())
    if place >= len(names):
        raise Fault(f"name {place} of a namespace that has {len(names)}", start)
    return QName(names[place], schema.uris[uri - 1])


def write_name(writer: BitWriter, schema: SchemaGrammar, name: QName) -> None:
    """Append the name of a wildcard's element."""
    names = schema.local_names[name.uri]
    writer.bits(schema.uris.index(name.uri) + 1, len(schema.uris).bit_length())
    writer.unsigned(0)
    writer.bits(names.index(name.local), (len(names) - 1).bit_length())
