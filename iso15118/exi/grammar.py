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

import dataclasses
import enum
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from iso15118.exi.datatypes import Datatype
from iso15118.exi.fields import Field, fields_of
from iso15118.messages.model import QName, Record
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


MAX_UNBOUNDED_ITEMS = 64
"""Longest list the schema gives no bound (Reference and Transform of xmldsig): that of most bounded lists of the schema.
Signatures of a session refer to one element each, by one transform."""


class Event(enum.Enum):
    """Kinds of first-level events."""

    ATTRIBUTE = enum.auto()
    ELEMENT = enum.auto()
    WILDCARD = enum.auto()
    END = enum.auto()
    CONTENT = enum.auto()
    """The simple content of a type that has attributes beside it."""
    MIXED = enum.auto()
    """Text between the children of a mixed type."""


@dataclass(slots=True, eq=False)
class Element:
    """A field's or root's element or attribute name with its type: exactly one of ``datatype``, ``record``, ``refused``."""

    name: QName
    datatype: Datatype | None = None
    record: RecordGrammar | None = None
    refused: str = ""
    """Why it may not stand in a message, although the schema has a code for it."""


@dataclass(slots=True, eq=False)
class Particle:
    """One place in a type: a field, or one alternative of a choice."""

    index: int
    field: str
    """Name of the Python attribute."""
    kind: Event
    elements: tuple[Element, ...]
    """One, or the members of a substitution group in the order of their codes."""
    least: int
    most: int | None
    many: bool
    """The field is a tuple."""
    group: str = ""
    """Name of the choice this is an alternative of."""
    choice_optional: bool = False
    by_class: dict[type, Element] = dataclasses.field(default_factory=dict)
    """In a substitution group: class -> member."""

    @property
    def limit(self) -> int:
        """Longest list accepted."""
        return MAX_UNBOUNDED_ITEMS if self.most is None else self.most


@dataclass(slots=True, eq=False)
class Slot:
    """A particle, or the alternatives of a choice."""

    particles: tuple[Particle, ...]
    required: bool


@dataclass(slots=True, eq=False)
class Production:
    """One event of a state and what follows it."""

    code: int
    event: Event
    particle: Particle | None = None
    element: Element | None = None
    after: tuple[State, State, State] | None = None
    """The state then: below the minimum of a list, between, at the maximum. Three times the same but for lists."""


@dataclass(slots=True, eq=False)
class State:
    """What may come next. ``width`` is that of the event code."""

    width: int = 0
    productions: tuple[Production, ...] = ()
    by_element: dict[Element, Production] = dataclasses.field(default_factory=dict)
    """How a writer finds the code."""
    by_name: dict[QName, Production] = dataclasses.field(default_factory=dict)
    """Element (not attribute) name -> its production: how a reader of XML goes on."""
    end: Production | None = None


@dataclass(slots=True, eq=False)
class RecordGrammar:
    """Grammar of one class in one schema set."""

    key: str
    cls: type[Record]
    slots: tuple[Slot, ...] = ()
    """In the order of writing."""
    start: State = dataclasses.field(default_factory=State)
    mixed: bool = False
    depth: int = 1
    """Nesting below and including this type; bounds the recursion of everything that walks the grammar."""
    compiled: dict[str, Callable[..., Any]] = dataclasses.field(default_factory=dict)
    """Functions generated so far (``generated``)."""


@dataclass(slots=True, eq=False)
class SchemaGrammar:
    """Everything the codec needs for one schema set, complete: nothing is derived while messages pass."""

    key: str
    document: tuple[Element, ...]
    """Global elements, in the order of their document codes; one code more is SE(*)."""
    document_width: int
    fragment: tuple[Element, ...]
    """All elements, in the order of their fragment codes; two codes more are SE(*) and ED."""
    fragment_width: int
    namespaces: tuple[str, ...]
    """URIs, that of the messages first."""
    places: dict[str, dict[QName, int]] = dataclasses.field(init=False)
    """Mode -> name -> code."""
    by_class: dict[str, dict[type, tuple[int, ...]]] = dataclasses.field(init=False)
    """Mode -> class -> codes of the elements it stands behind, abstract ones left out."""

    def __post_init__(self) -> None:
        self.places, self.by_class = {}, {}
        for mode, elements in (("document", self.document), ("fragment", self.fragment)):
            self.places[mode] = {element.name: code for code, element in enumerate(elements)}
            classes: dict[type, tuple[int, ...]] = {}
            for code, element in enumerate(elements):
                if element.record is not None and not element.refused:
                    cls = element.record.cls
                    classes[cls] = (*classes.get(cls, ()), code)
            self.by_class[mode] = classes


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
        for namespace in self.schemas.namespaces:
            for cls in classes_of(namespace):
                self.record(cls)
        return SchemaGrammar(
            key=self.schemas.key,
            document=tuple(
                self.named[name] if name in self.schemas.roots else _unmodelled(name)
                for name in self.schemas.global_names
            ),
            document_width=len(self.schemas.global_names).bit_length(),
            fragment=tuple(self.named.get(name) or _unmodelled(name) for name in self.schemas.element_names),
            fragment_width=(len(self.schemas.element_names) + 1).bit_length(),
            namespaces=tuple(namespace.xmlns.uri for namespace in self.schemas.namespaces),
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
        grammar = RecordGrammar(key=self.schemas.key, cls=cls, mixed=cls.mixed, slots=tuple(_slots(particles)))
        inner = [e.record.depth for p in particles for e in p.elements if e.record is not None]
        grammar.depth = 1 + max(inner, default=0)
        _States(grammar).build()
        self.records[cls] = grammar
        return grammar

    def particle(self, index: int, field_: Field) -> Particle:
        kind = Event.ELEMENT
        if field_.attribute:
            kind = Event.ATTRIBUTE
        elif field_.content:
            kind = Event.CONTENT
        elif field_.wildcard:
            kind = Event.WILDCARD
        members = self.schemas.substitutes.get(field_.name, {}) if kind is Event.ELEMENT else {}
        elements = (
            tuple(self.record_element(name, cls) for name, cls in members.items())
            if members
            else (self.element(field_, declared_here=kind is Event.ELEMENT),)
        )
        return Particle(
            index=index,
            field=field_.attribute_name,
            kind=kind,
            elements=elements,
            least=field_.least,
            most=field_.most,
            many=field_.many,
            group=field_.choice,
            choice_optional=field_.choice_optional,
            by_class={e.record.cls: e for e in elements if e.record is not None} if members else {},
        )

    def element(self, field_: Field, *, declared_here: bool) -> Element:
        if field_.refused:
            what = "an element of the schema's wildcard" if field_.wildcard else field_.name.local
            return Element(field_.name, refused=f"{what} is not supported")
        if field_.cls is not None:
            element = self.record_element(field_.name, field_.cls)
        else:
            element = Element(field_.name, datatype=field_.datatype)
        if declared_here:
            self.named.setdefault(field_.name, element)
        return element


def _unmodelled(name: QName) -> Element:
    return Element(name, refused=f"{name.local} is not supported")


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


class _States:
    """Makes the states of one type from its slots."""

    def __init__(self, grammar: RecordGrammar) -> None:
        self.grammar = grammar
        self.slots = grammar.slots
        attributes = [slot.particles[0].kind is Event.ATTRIBUTE for slot in self.slots]
        self.first_content = attributes.count(True)
        self.entries = [State() for _ in range(len(self.slots) + 1)]
        self.open = [State() for _ in self.slots]

    def build(self) -> None:
        for index in range(len(self.entries)):
            self.fill(self.entries[index], index, reached=False)
        for index, slot in enumerate(self.slots):
            if slot.particles[0].most != 1:
                self.fill(self.open[index], index, reached=True)
        self.grammar.start = self.entries[0]

    def fill(self, state: State, index: int, *, reached: bool) -> None:
        """Collect what may come from slot ``index`` on, up to the first that must; ``reached``: its minimum has been."""
        found: list[tuple[int, Event, Particle, Element]] = []
        end = True
        mixed = False
        for place in range(index, len(self.slots)):
            slot = self.slots[place]
            mixed = mixed or place >= self.first_content
            found += [(place, p.kind, p, element) for p in slot.particles for element in p.elements]
            if slot.required and not (place == index and reached):
                end = False
                break
        else:
            mixed = True
        # Attributes are met in order already; a wildcard counts after every named element.
        order = {Event.ATTRIBUTE: 0, Event.ELEMENT: 1, Event.CONTENT: 1, Event.WILDCARD: 2}
        found.sort(key=lambda item: order[item[1]])
        productions = [
            Production(code, event, particle, element, self.after(place, particle))
            for code, (place, event, particle, element) in enumerate(found)
        ]
        if end:
            productions.append(Production(len(productions), Event.END))
            state.end = productions[-1]
        if mixed and self.grammar.mixed:
            productions.append(Production(len(productions), Event.MIXED))
        state.width = len(productions).bit_length()
        state.productions = tuple(productions)
        state.by_element = {p.element: p for p in productions if p.element is not None}
        state.by_name = {p.element.name: p for p in productions if p.element and p.event is Event.ELEMENT}

    def after(self, place: int, particle: Particle) -> tuple[State, State, State]:
        following = self.entries[place + 1]
        if particle.most == 1:
            return (following, following, following)
        return (self.entries[place], self.open[place], following)


@functools.cache
def schema_grammar(key: str) -> SchemaGrammar:
    """The grammar of the schema set called ``key``, derived on first use (some ten milliseconds).

    Raises:
        LocalError: There is no such set.
    """
    return _Builder(schema_set(key)).build()
