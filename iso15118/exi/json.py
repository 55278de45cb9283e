"""A message as a JSON object and back, by the same grammar as EXI.

``{Root: {SchemaName: ...}}``: lists where the schema allows several, numbers and booleans as such, hexBinary in
upper-case hexadecimal, base64Binary in base64, a chosen alternative or substitute under its element's name, attributes
under their plain names, simple content beside attributes as ``value``; free content as ``content``, a list of texts and
objects with one member each.

The root is named ``{namespace}Local`` where its local name alone would mean another element: elements of one name in two
namespaces, which only fragments have (Exponent of CommonTypes and of XML signature). Either form is read. Inside an
element, local names say enough.
"""

from __future__ import annotations

import functools
from typing import Any

from iso15118.errors import CodecError
from iso15118.exi.bits import Fault, short_name
from iso15118.exi.codec import Content, Mode, codec_error, find_element, root_of
from iso15118.exi.contents import TEXT, deeper, global_element
from iso15118.exi.generated import Irregular, json_value
from iso15118.exi.grammar import Element, Event, Particle, RecordGrammar, schema_grammar
from iso15118.exi.interpreter import check_record, check_simple, present, step
from iso15118.messages.model import Child, QName, Record

__all__ = ["from_json", "to_json"]


def to_json(message: Any, key: str, mode: Mode = "document", element: QName | str | None = None) -> dict[str, Any]:
    """JSON object of a message or fragment; arguments as for ``encode``.

    Raises:
        CodecError: The message is not valid; ``path`` says where.
        LocalError: Unknown key or mode.
    """
    _, root = root_of(schema_grammar(key), mode, message, element)
    name = _root_name(key, mode, root)
    try:
        if root.record is not None and not root.refused:
            return {name: json_value(root.record, message)}
    except Irregular:
        pass  # read again, the plain way, for the reason
    try:
        return {name: _value(root, message)}
    except Fault as fault:
        raise codec_error(fault, root.name.local) from None


@functools.cache
def _root_name(key: str, mode: Mode, root: Element) -> str:
    """The local name, or with its namespace where the local name means another element."""
    _, meant = find_element(schema_grammar(key), mode, root.name.local)
    return root.name.local if meant is root else f"{{{root.name.uri}}}{root.name.local}"


def _root(name: str) -> QName | str:
    """What a root's name in JSON says: ``{namespace}Local`` or a local name."""
    uri, brace, local = name[1:].partition("}")
    return QName(local, uri) if name.startswith("{") and brace else name


def _value(element: Element, value: Any, nesting: int = 0) -> Any:
    if element.record is None:
        return check_simple(element, value).to_json(value)
    check_record(element, value)
    out: dict[str, Any] = {}
    for particle, child, inner, count in present(element.record, value):
        try:
            item = _value(child, inner, deeper(nesting, particle, child))
        except Fault as fault:
            fault.path.append(step(particle, child, count))
            raise
        if particle.contents:
            out.setdefault(_CONTENT, []).append(item if child is TEXT else {child.name.local: item})
        elif particle.many:
            out.setdefault(child.name.local, []).append(item)
        else:
            out[_key(particle, child)] = item
    return out


_CONTENT = "content"


def _key(particle: Particle, element: Element) -> str:
    return "value" if particle.kind is Event.CONTENT else element.name.local


def from_json(data: Any, key: str, mode: Mode = "document") -> Content:
    """The message or fragment in a JSON object (already parsed).

    Raises:
        CodecError: It is not valid; ``path`` says where.
        LocalError: Unknown key or mode.
    """
    schema = schema_grammar(key)
    if not isinstance(data, dict) or len(data) != 1:
        raise CodecError("a JSON object with one member, the root element, is needed")
    ((name, body),) = data.items()
    _, root = find_element(schema, mode, _root(str(name)))
    try:
        return Content(root.name, _read(root, body, 0))
    except Fault as fault:
        raise codec_error(fault, root.name.local) from None


def _read(element: Element, data: Any, nesting: int) -> Any:
    if element.refused:
        raise Fault(element.refused)
    if element.record is not None:
        return _read_record(element.record, data, nesting)
    assert element.datatype is not None
    return element.datatype.from_json(data)


@functools.cache
def _members(grammar: RecordGrammar) -> dict[str, tuple[Particle, Element]]:
    """JSON member -> where it goes."""
    return {
        _CONTENT if particle.contents else _key(particle, element): (particle, element)
        for slot in grammar.slots
        for particle in slot.particles
        for element in ((TEXT,) if particle.contents else particle.elements)
    }


def _read_record(grammar: RecordGrammar, data: Any, nesting: int) -> Record:
    if not isinstance(data, dict):
        raise Fault("a JSON object is needed")
    members = _members(grammar)
    values: dict[str, Any] = {}
    for name, item in data.items():
        place = members.get(name)
        if place is None:
            raise Fault(f"{short_name(str(name))} is not expected; there are {', '.join(members) or 'no members'}")
        particle, element = place
        if particle.field in values:
            raise Fault(f"{name} excludes another member that is there")
        if particle.contents:
            values[particle.field] = _read_contents(grammar, particle, item, nesting)
        else:
            values[particle.field] = _read_member(particle, element, item, nesting)
    for slot in grammar.slots:
        first = slot.particles[0]
        if slot.required and not first.group and first.field not in values:
            name = _CONTENT if first.contents else _key(first, first.elements[0])
            raise Fault(f"{name} is required, but missing")
    record = grammar.cls(**values)
    for _ in present(grammar, record):
        pass  # choices and the lengths of lists are checked on the way
    return record


def _read_contents(grammar: RecordGrammar, particle: Particle, data: Any, nesting: int) -> tuple[Any, ...]:
    """Texts and elements; whether they may follow each other is for ``present`` to say."""
    if not isinstance(data, list):
        raise Fault(f"{_CONTENT} must be a JSON array")
    if len(data) > particle.limit:
        raise Fault(f"{len(data)} texts and elements, more than the limit of {particle.limit}")
    declared = {element.name.local: element for element in particle.elements if not element.refused}
    schema = schema_grammar(grammar.key)
    values: list[Any] = []
    for count, item in enumerate(data, 1):
        if type(item) is str:
            values.append(item)
            continue
        if not isinstance(item, dict) or len(item) != 1:
            raise Fault(f"{_CONTENT}[{count}]: a string or an object with one member is needed")
        ((name, body),) = item.items()
        element = declared.get(name) or global_element(schema, str(name))
        try:
            values.append(Child(element.name, _read(element, body, deeper(nesting, particle, element))))
        except Fault as fault:
            fault.path.append(step(particle, element, count))
            raise
    return tuple(values)


def _read_member(particle: Particle, element: Element, item: Any, nesting: int) -> Any:
    if particle.many and not isinstance(item, list):
        raise Fault(f"{element.name.local} must be a JSON array")
    values: list[Any] = []
    try:
        # Item by item: when one is refused, the length so far tells which.
        values.extend(_read(element, each, nesting) for each in (item if particle.many else [item]))
    except Fault as fault:
        fault.path.append(step(particle, element, len(values) + 1 if particle.many else 0))
        raise
    return tuple(values) if particle.many else values[0]
