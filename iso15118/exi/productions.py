"""What a grammar is made of: elements, particles, states and their productions. ``grammar`` derives them from classes."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from iso15118.exi.datatypes import Datatype
from iso15118.messages.model import QName, Record

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
]

MAX_UNBOUNDED_ITEMS = 64
"""Longest list the schema gives no bound (Reference and Transform of xmldsig): that of most bounded lists of the schema.
Signatures of a session refer to one element each, by one transform."""


class Event(enum.Enum):
    """Kinds of first-level events, as EXI 1.0 abbreviates them."""

    ATTRIBUTE = "AT"
    ELEMENT = "SE"
    WILDCARD = "SE(*)"
    END = "EE"
    CONTENT = "CH"
    """The simple content of a type that has attributes beside it."""
    MIXED = "CH(mixed)"
    """Text between the children of a mixed type."""


@dataclass(slots=True, eq=False, repr=False)
class Element:
    """A field's or root's element or attribute name with its type: exactly one of ``datatype``, ``record``, ``refused``."""

    name: QName
    datatype: Datatype | None = None
    record: RecordGrammar | None = None
    refused: str = ""
    """Why it may not stand in a message, although the schema has a code for it."""
    other: bool = False
    """A wildcard's: elements of the class's own namespace are left out."""


@dataclass(slots=True, eq=False, repr=False)
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
    contents: bool = False
    """A list of texts and ``Child`` elements (``Record.content_model``)."""
    by_class: dict[type, Element] = dataclasses.field(default_factory=dict)
    """In a substitution group: class -> member."""

    @property
    def limit(self) -> int:
        """Longest list accepted."""
        return MAX_UNBOUNDED_ITEMS if self.most is None else self.most


@dataclass(slots=True, eq=False, repr=False)
class Slot:
    """A particle, or the alternatives of a choice."""

    particles: tuple[Particle, ...]
    required: bool


@dataclass(slots=True, eq=False, repr=False)
class Production:
    """One event of a state and what follows it."""

    code: int
    event: Event
    particle: Particle | None = None
    element: Element | None = None
    after: tuple[State, State, State] | None = None
    """The state then: below the minimum of a list, between, at the maximum. Three times the same but for lists."""


@dataclass(slots=True, eq=False, repr=False)
class State:
    """What may come next. ``width`` is that of the event code."""

    width: int = 0
    productions: tuple[Production, ...] = ()
    by_element: dict[Element, Production] = dataclasses.field(default_factory=dict)
    """How a writer finds the code."""
    by_name: dict[QName, Production] = dataclasses.field(default_factory=dict)
    """Element (not attribute) name -> its production: how a reader of XML goes on."""
    end: Production | None = None
    text: Production | None = None
    """Text between elements of a mixed type."""
    wildcard: Production | None = None


@dataclass(slots=True, eq=False, repr=False)
class RecordGrammar:
    """Grammar of one class in one schema set."""

    key: str
    cls: type[Record]
    slots: tuple[Slot, ...] = ()
    """In the order of writing."""
    start: State = dataclasses.field(default_factory=State)
    mixed: bool = False
    free: bool = False
    """The class has a content model: fields alone don't say what may follow what."""
    contents: Particle | None = None
    """Where a free class keeps texts and elements, if it does not have a field for each."""
    content: State = dataclasses.field(default_factory=State)
    """Of a free class: the state behind the attributes."""
    depth: int = 1
    """Nesting below and including this type; bounds the recursion of everything that walks the grammar."""
    compiled: dict[str, Callable[..., Any]] = dataclasses.field(default_factory=dict)
    """Functions generated so far (``generated``)."""


@dataclass(slots=True, eq=False, repr=False)
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
    uris: tuple[str, ...] = ()
    """URIs in the order of their codes, where a stream names an element (wildcards)."""
    local_names: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    """URI -> local names in the order of their codes; of namespaces whose elements may stand for a wildcard."""
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
