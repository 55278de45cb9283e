"""Every shape of every type: each combination of optional fields, each alternative of a choice, each substitute.

Values are the least a field takes; that values of every size come through is what the vectors and the properties show.
The shapes are counted, so that a set, a class or an alternative can't drop out unnoticed.
"""

from __future__ import annotations

import functools
import itertools
from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest

from iso15118.exi import datatypes, generated, interpreter
from iso15118.exi.bits import BitReader, BitWriter, Fault
from iso15118.exi.datatypes import Datatype
from iso15118.exi.grammar import (
    Element,
    Event,
    Particle,
    Production,
    RecordGrammar,
    SchemaGrammar,
    Slot,
    State,
    schema_grammar,
)
from iso15118.messages import xmldsig
from iso15118.messages.iso20.ac import Dynamic_AC_CLResControlMode
from iso15118.messages.iso20.types import DisplayParameters
from iso15118.messages.model import Child, QName, Record
from iso15118.messages.registry import KEYS, classes_of, schema_set
from tests.exi.test_generated import Forbidden
from tests.strategies import possible

MOST_OPTIONAL = 10
"""A type with more optional fields is not enumerated but sampled: see ``_shapes``."""
MOST_ITEMS = 3
"""Longest free content."""

Shape = dict[str, Any]
"""Field name -> value, of the fields of one slot or of a whole type."""


def least(datatype: Datatype | None) -> Any:
    """The first value of a datatype, or the one next to zero."""
    match datatype:
        case datatypes.Boolean():
            return False
        case datatypes.NBit() | datatypes.Unsigned() | datatypes.Signed():
            return max(0, datatype.low or 0)
        case datatypes.Enumeration(members=members):
            return members[0]
        case datatypes.Text(least=length):
            return "x" * length
        case datatypes.Binary(least=length):
            return b"\1" * length
    raise LookupError(datatype)


@functools.cache
def smallest(grammar: RecordGrammar) -> Record:
    """The least valid value of a type."""
    fields: Shape = {}
    for slot in grammar.slots:
        if slot.particles[0].contents:
            fields[slot.particles[0].field] = next(walks(grammar))
        else:
            fields |= _options(slot)[0]
    return grammar.cls(**fields)


def walks(grammar: RecordGrammar) -> Iterator[tuple[Child | str, ...]]:
    """Free content, the shortest first: up to ``MOST_ITEMS`` texts and elements from any way through its states."""
    found: deque[tuple[State, tuple[Child | str, ...]]] = deque([(grammar.content, ())])
    while found:
        state, items = found.popleft()
        if state.end is not None:
            yield items
        if len(items) == MOST_ITEMS:
            continue
        for production in state.productions:
            item = _item(grammar, production)
            if item is not None and not (isinstance(item, str) and items and isinstance(items[-1], str)):
                assert production.after is not None
                found.append((production.after[2], (*items, item)))


def _item(grammar: RecordGrammar, production: Production) -> Child | str | None:
    """What a production of free content stands for; None for the end and for what has no value."""
    if production.event is Event.MIXED:
        return "x"
    element = production.element
    if production.event is Event.WILDCARD:
        schema = schema_grammar(grammar.key)
        name = QName("KeyName", xmldsig.XMLNS.uri)
        element = None if element is None or element.other else schema.document[schema.places["document"][name]]
    if element is None or (element.record is not None and not possible(element.record)):
        return None
    return Child(element.name, smallest(element.record) if element.record is not None else least(element.datatype))


def _value(particle: Particle, element: Element) -> Any:
    value = smallest(element.record) if element.record is not None else least(element.datatype)
    return (value,) * max(1, particle.least) if particle.many else value


def _options(slot: Slot) -> list[Shape]:
    """Ways to fill a slot: leave it out if it may be, then every alternative and every substitute."""
    present = [
        {particle.field: _value(particle, element)}
        for particle in slot.particles
        for element in particle.elements
        if not element.refused and (element.record is None or possible(element.record))
    ]
    return present if slot.required else [{}, *present]


def _shapes(grammar: RecordGrammar) -> Iterator[Shape]:
    """Every combination of options; of a type with many optional fields: none, all, each alone, all but each.

    Free content counts as one field, and each way through its states as an option.
    """
    options = [
        [{slot.particles[0].field: items} for items in walks(grammar)] if slot.particles[0].contents else _options(slot)
        for slot in grammar.slots
    ]
    if sum(len(each) > 1 for each in options) <= MOST_OPTIONAL:
        for combination in itertools.product(*options):
            yield {name: value for part in combination for name, value in part.items()}
        return
    least_of, most_of = [each[0] for each in options], [each[-1] for each in options]
    chosen = [least_of, most_of]
    for place, each in enumerate(options):
        chosen += [[*base[:place], option, *base[place + 1 :]] for base in (least_of, most_of) for option in each]
    seen: list[Shape] = []
    for combination in chosen:
        shape = {name: value for part in combination for name, value in part.items()}
        if shape not in seen:
            seen.append(shape)
            yield shape


def _elements(schema: SchemaGrammar) -> dict[type[Record], Element]:
    """Class -> an element of that type."""
    return {cls: schema.fragment[codes[0]] for cls, codes in schema.by_class["fragment"].items()}


def written(backend: Any, element: Element, value: Record) -> bytes | str:
    """The octets, or why there are none."""
    writer = BitWriter()
    try:
        backend.write_element(writer, element, value)
    except Fault as fault:
        return fault.reason
    return writer.finish()


def check(element: Element, value: Record) -> bytes | None:
    """Both spellings write the same octets and read the same value from them, to the last bit.

    None for fields that don't belong together, which both refuse: a content model says more than single fields do.
    """
    octets = [written(backend, element, value) for backend in (interpreter, generated)]
    assert octets[0] == octets[1]
    if isinstance(octets[0], str):
        assert element.record is not None
        assert element.record.free
        assert element.record.contents is None
        return None
    ends = []
    for backend in (interpreter, generated):
        reader = BitReader(octets[0])
        assert backend.read_element(reader, element) == value
        ends.append(reader.position)
    assert ends[0] == ends[1]
    assert (ends[0] + 7) // 8 == len(octets[0])
    return octets[0]


# Schema set -> at least so many classes, and so many shapes of them.
SHAPES = {
    "AppProtocol": (3, 4),
    "CommonMessages": (111, 2_963),
    "AC": (44, 5_184),
    "DC": (50, 3_256),
    "ACDP": (35, 2_674),
    "WPT": (62, 2_832),
    "AC_DER_IEC": (64, 7_649),
    "AC_DER_SAE": (81, 8_967),
    "xmldsig": (20, 1_478),
}
# Complex types that no element of a set has, and those that need an element of a namespace that no set has.
UNUSED = {"ListOfRootCertificateIDs", "TargetPosition"}
IMPOSSIBLE = {"SignatureProperties", "SignatureProperty"}


def has_free_content(grammar: RecordGrammar) -> bool:
    """The type or one inside it is beyond the generated functions, which hand over to the interpreter."""
    inner = (e.record for slot in grammar.slots for p in slot.particles for e in p.elements if e.record is not None)
    return grammar.free or any(has_free_content(each) for each in inner)


@pytest.mark.parametrize("key", KEYS)
def test_every_shape_of_every_type(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    elements = _elements(schema_grammar(key))
    concrete = {cls for ns in schema_set(key).namespaces for cls in classes_of(ns) if not cls.abstract}
    assert {cls.__name__ for cls in concrete - set(elements)} <= UNUSED
    classes = total = 0
    for element in elements.values():
        assert element.record is not None
        if not possible(element.record):
            assert element.record.cls.__name__ in IMPOSSIBLE
            continue
        with monkeypatch.context() as patch:
            if not has_free_content(element.record):
                patch.setattr(generated, "interpreter", Forbidden)
            found = [check(element, element.record.cls(**shape)) for shape in _shapes(element.record)]
        octets = [each for each in found if each is not None]
        assert len(set(octets)) == len(octets), f"two shapes of {element.name.local} are written alike"
        classes += 1
        total += len(octets)
    assert classes >= SHAPES[key][0]
    assert total >= SHAPES[key][1]


def test_a_type_with_ten_optional_fields_has_1024_shapes() -> None:
    record = _elements(schema_grammar("DC"))[DisplayParameters].record
    assert record is not None
    shapes = list(_shapes(record))
    assert len(shapes) == 1 << MOST_OPTIONAL
    assert {len(shape) for shape in shapes} == set(range(MOST_OPTIONAL + 1))


def test_a_type_with_more_is_sampled() -> None:
    record = _elements(schema_grammar("AC"))[Dynamic_AC_CLResControlMode].record
    assert record is not None
    optional = sum(not slot.required for slot in record.slots)
    assert optional > MOST_OPTIONAL
    needed = len(record.slots) - optional
    assert sorted(len(shape) - needed for shape in _shapes(record)) == sorted(
        [0, *[1] * optional, *[optional - 1] * optional, optional]
    )
