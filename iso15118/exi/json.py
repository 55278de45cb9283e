"""A message as a JSON object and back, by the same grammar as EXI.

``{Root: {SchemaName: ...}}``: lists where the schema allows several, numbers and booleans as such, hexBinary in
upper-case hexadecimal, base64Binary in base64, a chosen alternative or substitute under its element's name, attributes
under their plain names, simple content beside attributes as ``value``.
"""

from __future__ import annotations

import functools
from typing import Any

from iso15118.errors import CodecError
from iso15118.exi.bits import Fault
from iso15118.exi.codec import Content, Mode, codec_error, find_element, root_of
from iso15118.exi.generated import Irregular, json_value
from iso15118.exi.grammar import Element, Event, Particle, RecordGrammar, schema_grammar
from iso15118.exi.interpreter import check_record, check_simple, present, step
from iso15118.messages.model import QName, Record

__all__ = ["from_json", "to_json"]


def to_json(message: Any, key: str, mode: Mode = "document", element: QName | str | None = None) -> dict[str, Any]:
    """JSON object of a message or fragment; arguments as for ``encode``.

    Raises:
        CodecError: The message is not valid; ``path`` says where.
        LocalError: Unknown key or mode.
    """
    _, root = root_of(schema_grammar(key), mode, message, element)
    try:
        if root.record is not None and not root.refused:
            return {root.name.local: json_value(root.record, message)}
    except Irregular:
        pass  # read again, the plain way, for the reason
    try:
        return {root.name.local: _value(root, message)}
    except Fault as fault:
        raise codec_error(fault, root.name.local) from None


def _value(element: Element, value: Any) -> Any:
    if element.record is None:
        return check_simple(element, value).to_json(value)
    check_record(element, value)
    out: dict[str, Any] = {}
    for particle, child, inner, count in present(element.record, value):
        try:
            item = _value(child, inner)
        except Fault as fault:
            fault.path.append(step(particle, child, count))
            raise
        if particle.many:
            out.setdefault(child.name.local, []).append(item)
        else:
            out[_key(particle, child)] = item
    return out


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
    _, root = find_element(schema, mode, str(name))
    try:
        return Content(root.name, _read(root, body), 0)
    except Fault as fault:
        raise codec_error(fault, root.name.local) from None


def _read(element: Element, data: Any) -> Any:
    if element.refused:
        raise Fault(element.refused)
    if element.record is not None:
        return _read_record(element.record, data)
    assert element.datatype is not None
    return element.datatype.from_json(data)


@functools.cache
def _members(grammar: RecordGrammar) -> dict[str, tuple[Particle, Element]]:
    """JSON member -> where it goes."""
    return {
        _key(particle, element): (particle, element)
        for slot in grammar.slots
        for particle in slot.particles
        for element in particle.elements
    }


def _read_record(grammar: RecordGrammar, data: Any) -> Record:
    if not isinstance(data, dict):
        raise Fault("a JSON object is needed")
    members = _members(grammar)
    values: dict[str, Any] = {}
    for name, item in data.items():
        place = members.get(name)
        if place is None:
            raise Fault(f"{name} is not expected; there are {', '.join(members) or 'no members'}")
        particle, element = place
        if particle.field in values:
            raise Fault(f"{name} excludes another member that is there")
        values[particle.field] = _read_member(particle, element, item)
    for slot in grammar.slots:
        first = slot.particles[0]
        if slot.required and not first.group and first.field not in values:
            raise Fault(f"{_key(first, first.elements[0])} is required, but missing")
    record = grammar.cls(**values)
    for _ in present(grammar, record):
        pass  # choices and the lengths of lists are checked on the way
    return record


def _read_member(particle: Particle, element: Element, item: Any) -> Any:
    if particle.many and not isinstance(item, list):
        raise Fault(f"{element.name.local} must be a JSON array")
    values: list[Any] = []
    try:
        # Item by item: when one is refused, the length so far tells which.
        values.extend(_read(element, each) for each in (item if particle.many else [item]))
    except Fault as fault:
        fault.path.append(step(particle, element, len(values) + 1 if particle.many else 0))
        raise
    return tuple(values) if particle.many else values[0]
