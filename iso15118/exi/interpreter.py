"""Reads and writes values by walking the grammar: the plain spelling of the codec.

Everything here works on ``Fault``; ``codec`` makes a CodecError of it. The recursion is as deep as the schema, not as
the input, but for wildcards, which have a limit (``contents.MAX_NESTING``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from iso15118.exi.bits import BitReader, BitWriter, Fault
from iso15118.exi.contents import TEXT, deeper, expected, items, read_name, wildcard_element, write_name
from iso15118.exi.datatypes import Datatype
from iso15118.exi.grammar import Element, Event, Particle, Production, RecordGrammar, Slot, State, schema_grammar
from iso15118.messages.model import Child, Record

__all__ = ["at", "check_record", "check_simple", "present", "read_element", "step", "write_element"]

# Below the escape from the content of a simple type there are 5 to 7 undeclared events, 3 bits; the end is the first.
_UNDECLARED_WIDTH = 3


def read_element(reader: BitReader, element: Element) -> Any:
    """The value of an element whose start has been read.

    Raises:
        Fault: The stream leaves the schema, or ends.
    """
    if element.refused:
        raise Fault(element.refused, reader.position)
    if reader.tables is not None:
        reader.tables.names.append(element.name)
    if element.record is not None:
        value: Any = _read_record(reader, element.record)
    else:
        assert element.datatype is not None
        value = _read_simple(reader, element.datatype)
    if reader.tables is not None:
        reader.tables.names.pop()
    return value


def _read_simple(reader: BitReader, datatype: Datatype) -> Any:
    if reader.bits(1):
        return _read_empty(reader, datatype)
    reader.note_event("CH", "", 1)
    value = datatype.read(reader)
    reader.note_value(datatype, value)
    if reader.bits(1):
        raise Fault("more than a value", reader.position - 1)
    reader.note_event("EE", "", 1)
    return value


def _read_empty(reader: BitReader, datatype: Datatype) -> Any:
    """An element that ends without content: how one family of codecs writes an empty string or empty binary data."""
    start = reader.position - 1
    if reader.bits(_UNDECLARED_WIDTH) == 0:
        value = datatype.empty(start)
        if value is not None:
            reader.empty_ends += 1
            reader.note_event("EE", "", 1)
            return value
    raise Fault("content the schema does not declare", start)


def _read_record(reader: BitReader, grammar: RecordGrammar) -> Record:
    values: dict[str, Any] = {}
    state = grammar.start
    while True:
        code = reader.bits(state.width)
        if code >= len(state.productions):
            _read_undeclared(reader, state, code, values)
            reader.note_event("EE", "", len(state.productions))
            break
        production = state.productions[code]
        if production is state.end:
            reader.note_event("EE", "", len(state.productions))
            break
        after = production.after
        assert after is not None
        particle, element = production.particle, production.element
        if production is state.text:
            reader.note_event("CH", "", len(state.productions))
            _read_text(reader, grammar, values)
            state = after[2]
            continue
        assert particle is not None
        assert element is not None
        reader.note_event(production.event.value, element.name.local, len(state.productions))
        items_: list[Any] | None = values.setdefault(particle.field, []) if particle.many else None
        if items_ is not None and len(items_) == particle.limit:
            raise at(particle, Fault(f"more than the limit of {particle.limit}", reader.position))
        try:
            element, value = _read_particle(reader, grammar, production, element)
        except Fault as fault:
            fault.path.append(step(particle, element, 0 if items_ is None else len(items_) + 1))
            raise
        if items_ is None:
            values[particle.field] = value
            state = after[2]
        else:
            items_.append(Child(element.name, value) if particle.contents else value)
            state = after[(len(items_) >= particle.least) + (len(items_) == particle.most)]
    return grammar.cls(**{name: _tuple(value) if type(value) is list else value for name, value in values.items()})


def _tuple(items_: list[Any]) -> tuple[Any, ...]:
    """What was collected; pieces of text are in lists of their own."""
    return tuple("".join(item) if type(item) is list else item for item in items_)


def _read_particle(
    reader: BitReader, grammar: RecordGrammar, production: Production, element: Element
) -> tuple[Element, Any]:
    """The element, which of a wildcard is one of the schema's, and the value."""
    if production.event is Event.WILDCARD:
        schema = schema_grammar(grammar.key)
        assert production.particle is not None
        start = reader.position
        element = wildcard_element(schema, production, read_name(reader, schema), start)
        reader.note_event("name", element.name.local, 0)
        nesting = reader.nesting
        reader.nesting = deeper(nesting, production.particle, element, start)
        value = read_element(reader, element)
        reader.nesting = nesting
        return element, value
    if production.event is Event.ELEMENT:
        return element, read_element(reader, element)
    assert element.datatype is not None
    if reader.tables is not None and production.event is Event.ATTRIBUTE:
        reader.tables.names.append(element.name)
        value = element.datatype.read(reader)
        reader.tables.names.pop()
    else:
        value = element.datatype.read(reader)
    reader.note_value(element.datatype, value)
    return element, value


def _read_text(reader: BitReader, grammar: RecordGrammar, values: dict[str, Any]) -> None:
    """Text of mixed content; pieces next to each other are one text, and an empty one is none."""
    particle = grammar.contents
    assert particle is not None
    assert TEXT.datatype is not None
    text = TEXT.datatype.read(reader)
    reader.note_value(TEXT.datatype, text)
    contents = values.setdefault(particle.field, [])
    if contents and type(contents[-1]) is list:
        contents[-1].append(text)  # joined at the end: adding to a text again and again would copy it as often
    elif len(contents) == particle.limit:
        raise at(particle, Fault(f"more than the limit of {particle.limit}", reader.position))
    elif text:
        contents.append([text])


def _read_undeclared(reader: BitReader, state: State, code: int, values: dict[str, Any]) -> None:
    """An event outside the schema: refused, but for the end of a type whose simple content is empty."""
    start = reader.position - state.width
    last = state.productions[-1]
    if last.event is Event.CONTENT and code == len(state.productions) and reader.bits(_UNDECLARED_WIDTH) == 0:
        assert last.particle is not None
        assert last.element is not None
        assert last.element.datatype is not None
        value = last.element.datatype.empty(start)
        if value is not None:
            reader.empty_ends += 1
            values[last.particle.field] = value
            return
    raise Fault(f"an event the schema does not declare here; it declares {expected(state)}", start)


def step(particle: Particle, element: Element, count: int = 0) -> str:
    """One step of a path: an element's name, with its place (from 1) in a list; @ before an attribute's."""
    if particle.kind is Event.ATTRIBUTE:
        return "@" + element.name.local
    if particle.kind is Event.CONTENT:
        return "text()"
    return f"{element.name.local}[{count}]" if count else element.name.local


def write_element(writer: BitWriter, element: Element, value: Any) -> None:
    """Append the content and the end of an element whose start has been written.

    Raises:
        Fault: The value is not one of the element's type.
    """
    if element.record is not None:
        check_record(element, value)
        _write_record(writer, element.record, value)
    else:
        datatype = check_simple(element, value)
        if writer.empty_ends and isinstance(value, str | bytes) and not value:
            writer.bits(1 << _UNDECLARED_WIDTH, 1 + _UNDECLARED_WIDTH)
            return
        writer.bits(0, 1)
        datatype.write(writer, value)
        writer.bits(0, 1)


def _write_record(writer: BitWriter, grammar: RecordGrammar, record: Record) -> None:
    state = grammar.start
    for particle, element, value, count in present(grammar, record):
        production = state.text if element is TEXT else state.by_element.get(element, state.wildcard)
        assert production is not None
        assert production.after is not None
        if writer.empty_ends and production.event is Event.CONTENT and isinstance(value, str | bytes) and not value:
            check_simple(element, value)
            writer.bits(len(state.productions), state.width)
            writer.bits(0, _UNDECLARED_WIDTH)
            return
        writer.bits(production.code, state.width)
        try:
            _write_particle(writer, grammar, production, element, value)
        except Fault as fault:
            fault.path.append(step(particle, element, count))
            raise
        state = production.after[(count >= particle.least) + (count == particle.most) if count else 2]
    assert state.end is not None
    writer.bits(state.end.code, state.width)


def _write_particle(
    writer: BitWriter, grammar: RecordGrammar, production: Production, element: Element, value: Any
) -> None:
    if production.event is Event.WILDCARD:
        assert production.particle is not None
        nesting = writer.nesting
        writer.nesting = deeper(nesting, production.particle, element)
        write_name(writer, schema_grammar(grammar.key), element.name)
        write_element(writer, element, value)
        writer.nesting = nesting
    elif production.event is Event.ELEMENT:
        write_element(writer, element, value)
    else:
        check_simple(element, value).write(writer, value)


def check_record(element: Element, value: Any) -> None:
    """Refuse a value that is not an instance of exactly the element's class."""
    assert element.record is not None
    if type(value) is not element.record.cls:
        raise Fault(f"a {element.record.cls.__name__} is needed, not a {type(value).__name__}")
    if element.refused:
        raise Fault(element.refused)


def check_simple(element: Element, value: Any) -> Datatype:
    """The datatype of a simple element or attribute, once it has accepted the value."""
    if element.datatype is None:
        raise Fault(element.refused)
    element.datatype.check(value)
    return element.datatype


def present(grammar: RecordGrammar, record: Record) -> Iterator[tuple[Particle, Element, Any, int]]:
    """What a record contains, in the order of writing: particle, element, value, and place (from 1) in a list or 0.

    Raises:
        Fault: Something required is missing, alternatives exclude each other, or a list is too short or too long.
    """
    found = _present(grammar, record)
    return _followed(grammar, found) if grammar.free and grammar.contents is None else found


def _followed(
    grammar: RecordGrammar, found: Iterator[tuple[Particle, Element, Any, int]]
) -> Iterator[tuple[Particle, Element, Any, int]]:
    """What was found, once the content model has agreed that it may come in this order."""
    state = grammar.start
    for particle, element, value, count in found:
        production = state.by_element.get(element)
        if production is None or production.after is None:
            raise Fault(f"{element.name.local} is not expected; expected: {expected(state)}")
        state = production.after[2]
        yield particle, element, value, count
    if state.end is None:
        raise Fault(f"incomplete; expected: {expected(state)}")


def _present(grammar: RecordGrammar, record: Record) -> Iterator[tuple[Particle, Element, Any, int]]:
    for slot in grammar.slots:
        particle = slot.particles[0]
        if particle.group:
            chosen = _alternative(slot, record)
            if chosen is None:
                continue
            particle = chosen
        value = getattr(record, particle.field)
        if particle.many:
            _check_list(particle, value)
            if particle.contents:
                for count, (_, element, item) in enumerate(items(grammar, grammar.content, value), 1):
                    yield particle, element, item, count
                continue
            for count, item in enumerate(value, 1):
                yield particle, _element(particle, item), item, count
        elif value is not None:
            yield particle, _element(particle, value), value, 0
        elif slot.required:
            raise at(particle, Fault("required, but missing"))


def _alternative(slot: Slot, record: Record) -> Particle | None:
    found = [particle for particle in slot.particles if getattr(record, particle.field) is not None]
    if len(found) == 1:
        return found[0]
    names = ", ".join(particle.elements[0].name.local for particle in found or slot.particles)
    if found:
        raise Fault(f"only one of {names} may be there")
    if slot.required:
        raise Fault(f"one of {names} is required, but missing")
    return None


def _check_list(particle: Particle, value: Any) -> None:
    if type(value) is not tuple:
        raise at(particle, Fault(f"a tuple is needed, not a {type(value).__name__}"))
    if not particle.least <= len(value) <= particle.limit:
        raise at(particle, Fault(f"{len(value)} times, not {particle.least}..{particle.limit}"))


def _element(particle: Particle, value: Any) -> Element:
    """The particle's element; of a substitution group, the one of the value's class."""
    if not particle.by_class:
        return particle.elements[0]
    element = particle.by_class.get(type(value))
    if element is None:
        names = ", ".join(member.name.local for member in particle.elements if not member.refused)
        raise at(particle, Fault(f"one of {names} is needed, not a {type(value).__name__}"))
    return element


def at(particle: Particle, fault: Fault) -> Fault:
    """The fault, as one of the particle; free content has no name of its own."""
    if particle.contents:
        return fault
    fault.path.append(step(particle, particle.elements[0]))
    return fault
