"""The EXI grammar of a message class, derived from the class alone (EXI 1.0, 8.5; schema-informed, not strict).

A complex type becomes states. In each state the first-level events have the codes 0, 1, 2, ... in this order:
attributes by name, elements in schema order (the members of a substitution group by name), wildcard, end, text of mixed
content. One code more is kept for the escape to the events the schema does not declare, which a message never needs and
which are refused here; so n events take ``n.bit_length()`` bits.

Particles (attributes first, then the content in schema order) are numbered; a state is "what may follow particle i", and
within a list whether the minimum has been reached. Lists need no more states than that, since a list's length is known
to its reader and writer.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from iso15118.exi.content_model import automaton_of
from iso15118.exi.datatypes import Datatype
from iso15118.exi.fields import Field, fields_of, type_of
from iso15118.exi.productions import (
    MAX_UNBOUNDED_ITEMS,
    Element,
    Event,
    Particle,
    Production,
    RecordGrammar,
    SchemaGrammar,
    Slot,
    State,
)
from iso15118.exi.states import FreeStates, States
from iso15118.messages.model import AnyElement, Part, QName, Record
from iso15118.messages.registry import SchemaSet, classes_of, schema_set

__all__ = [
    "MAX_UNBOUNDED_ITEMS",
    "Element",
    "Event",
    "Particle",
    "Production",
    "RecordGrammar",
    "SchemaGrammar",
    "Slot",
    "State",
    "schema_grammar",
]


class _Cycle(Exception):
    """A class contains itself; no ISO 15118 type that is modelled does."""


class _Builder:
    """Derives the grammars of one schema set, each class once."""

    def __init__(self, schemas: SchemaSet) -> None:
        self.schemas = schemas
        self.records: dict[type[Record], RecordGrammar | None] = {}
        self.named: dict[QName, Element] = {}

    def build(self) -> SchemaGrammar:
        for name, cls in self.schemas.roots.items():
            self.named[name] = self.record_element(name, cls)
        for name, annotation in self.schemas.simple_roots.items():
            self.named[name] = self.typed(name, annotation)
        document = tuple(self.named[name] for name in self.schemas.global_names)
        for namespace in self.schemas.namespaces:
            for cls in classes_of(namespace):
                self.record(cls)
        return SchemaGrammar(
            key=self.schemas.key,
            document=document,
            document_width=len(document).bit_length(),
            fragment=tuple(self.named[name] for name in self.schemas.element_names),
            fragment_width=(len(self.schemas.element_names) + 1).bit_length(),
            namespaces=tuple(namespace.xmlns.uri for namespace in self.schemas.namespaces),
            uris=self.schemas.uris,
            local_names=self.schemas.local_names,
        )

    def record_element(self, name: QName, cls: type[Record]) -> Element:
        refused = f"{name.local} is abstract: one of its substitutes must stand here" if cls.abstract else ""
        return Element(name, record=self.record(cls), refused=refused)

    def record(self, cls: type[Record]) -> RecordGrammar:
        if cls in self.records:
            grammar = self.records[cls]
            if grammar is None:
                raise _Cycle(cls.__qualname__)
            return grammar
        self.records[cls] = None
        fields = fields_of(cls)
        # On the wire attributes come first, by name; the class lists them where inheritance puts them.
        ordered = sorted((f for f in fields if f.attribute), key=lambda f: f.name) + [
            f for f in fields if not f.attribute
        ]
        particles = [self.particle(index, field_) for index, field_ in enumerate(ordered)]
        grammar = RecordGrammar(key=self.schemas.key, cls=cls, mixed=cls.mixed)
        self.free(grammar, particles) if cls.content_model else self.plain(grammar, particles)
        inner = [e.record.depth for s in grammar.slots for p in s.particles for e in p.elements if e.record is not None]
        grammar.depth = 1 + max(inner, default=0)
        self.records[cls] = grammar
        return grammar

    def plain(self, grammar: RecordGrammar, particles: list[Particle]) -> None:
        """Slots and states of a type whose fields follow each other."""
        grammar.slots = tuple(_slots(particles))
        States(grammar).build()

    def free(self, grammar: RecordGrammar, particles: list[Particle]) -> None:
        """Slots and states of a type that has a content model."""
        model = grammar.cls.content_model
        assert model is not None
        grammar.free = True
        automaton = automaton_of(model)
        contents = grammar.contents = next((p for p in particles if p.contents), None)
        fields = {p.elements[0].name: p for p in particles if not p.contents}
        elements: dict[QName, Element] = {}
        places: list[tuple[Event, Particle, Element]] = []
        for part in automaton.positions:
            element, event = self.part(grammar.cls, part, fields), Event.ELEMENT
            if isinstance(part, AnyElement):
                event = Event.WILDCARD
            element = elements.setdefault(element.name, element)
            particle = contents or fields[element.name]
            places.append((event, particle, element))
        if contents is not None:
            contents.elements = tuple(sorted(elements.values(), key=lambda e: bool(e.refused)))  # wildcards last
        grammar.slots = tuple(
            Slot((p,), required=not automaton.nullable if p.contents else p.least > 0) for p in particles
        )
        FreeStates(grammar, automaton, places).build()

    def part(self, cls: type[Record], part: Part | AnyElement, fields: dict[QName, Particle]) -> Element:
        if isinstance(part, AnyElement):
            return Element(QName("*", cls.xmlns.uri), refused="any element", other=part.other)
        name = QName(part.name, cls.xmlns.uri)
        if part.type is None:
            return fields[name].elements[0]
        element = self.typed(name, part.type)
        self.declare(element)
        return element

    def typed(self, name: QName, annotation: Any) -> Element:
        kind = type_of(annotation)
        return Element(name, datatype=kind) if isinstance(kind, Datatype) else self.record_element(name, kind)

    def declare(self, element: Element) -> None:
        """Remember an element for fragments. One name with two types (which XML Schema allows in two types) has none."""
        known = self.named.setdefault(element.name, element)
        if known.record is not element.record or not same(known.datatype, element.datatype):
            reason = f"{element.name.local} has more than one type in {self.schemas.key}: not supported as a fragment"
            self.named[element.name] = Element(element.name, refused=reason)

    def particle(self, index: int, field_: Field) -> Particle:
        kind = Event.ELEMENT
        if field_.attribute:
            kind = Event.ATTRIBUTE
        elif field_.content:
            kind = Event.CONTENT
        members = self.schemas.substitutes.get(field_.name, {}) if kind is Event.ELEMENT else {}
        elements: tuple[Element, ...] = ()
        if members:
            elements = tuple(self.record_element(name, cls) for name, cls in members.items())
        elif not field_.contents:
            elements = (self.element(field_, declared_here=kind is Event.ELEMENT),)
        return Particle(
            index=index,
            field=field_.attribute_name,
            kind=kind,
            elements=elements,
            least=0 if field_.contents else field_.least,
            most=field_.most,
            many=field_.many,
            group=field_.choice,
            choice_optional=field_.choice_optional,
            contents=field_.contents,
            by_class={e.record.cls: e for e in elements if e.record is not None} if members else {},
        )

    def element(self, field_: Field, *, declared_here: bool) -> Element:
        if field_.cls is not None:
            element = self.record_element(field_.name, field_.cls)
        else:
            element = Element(field_.name, datatype=field_.datatype)
        if declared_here:
            self.declare(element)
        return element


def same(one: Datatype | None, other: Datatype | None) -> bool:
    """Two datatypes are written alike and hold the same values."""
    return one is other or (type(one) is type(other) and repr(one) == repr(other))


def _slots(particles: list[Particle]) -> Iterator[Slot]:
    """Particles one by one, alternatives of a choice together."""
    position = 0
    while position < len(particles):
        first = particles[position]
        last = position + 1
        while first.group and last < len(particles) and particles[last].group == first.group:
            last += 1
        required = not first.choice_optional if first.group else first.least > 0
        yield Slot(tuple(particles[position:last]), required)
        position = last


@functools.cache
def schema_grammar(key: str) -> SchemaGrammar:
    """The grammar of the schema set called ``key``, derived on first use (some ten milliseconds).

    Raises:
        LocalError: There is no such set.
    """
    return _Builder(schema_set(key)).build()
