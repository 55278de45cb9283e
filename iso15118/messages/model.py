"""What every message class is made of: an immutable record whose fields carry their schema names.

A message class is the only source of names, order, ranges and cardinality of its complex type (design decision 1):

* ``attribute_name: Type = element("SchemaName")``, in schema order; ``default=None`` marks minOccurs="0".
* A tuple is a list; ``Meta(min_length=, max_length=)`` on it are minOccurs and maxOccurs.
* ``Annotated[T | None, choice("Group")]`` is one alternative of an ``xs:choice``; neighbours with the same group name
  exclude each other, and one of them must be there unless the choice is optional.
* ``Annotated[T, ATTRIBUTE]`` is an XML attribute, ``Annotated[T, CONTENT]`` the simple content beside attributes.
* ``Annotated[T, reference(NAMESPACE)]`` is an element of another namespace (``ref=`` in the schema). When the schema set
  knows members of a substitution group for that element, any of them may stand there.
* ``Annotated[tuple[Child | str, ...], CONTENTS]`` is free content, where order matters or names repeat: elements and, in
  a mixed type, texts. ``content_model`` of the class says what may follow what. A class without such a field may have a
  ``content_model`` too, when its fields belong together in ways that a default can't say.

Construction does not validate (a tester may build a wrong message); the borders, encode and decode, do.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Annotated, Any, ClassVar, NamedTuple, dataclass_transform

import msgspec
from msgspec import Meta

__all__ = [
    "ATTRIBUTE",
    "CONTENT",
    "CONTENTS",
    "AnyElement",
    "AnyURI",
    "Base64Binary",
    "Boolean",
    "Byte",
    "Child",
    "Group",
    "Identity",
    "Int",
    "Integer",
    "Namespace",
    "Part",
    "QName",
    "Record",
    "Short",
    "String",
    "UnsignedByte",
    "UnsignedInt",
    "UnsignedLong",
    "UnsignedShort",
    "Xmlns",
    "choice",
    "classes_in",
    "element",
    "one_of",
    "parts_of",
    "reference",
    "sequence",
]


class Xmlns(NamedTuple):
    """A target namespace and how its schema file qualifies local names (elementFormDefault, attributeFormDefault)."""

    uri: str
    elements_qualified: bool = True
    attributes_qualified: bool = False


# The value range is the wire format (EXI 1.0, 7.1.5 and 7.1.9): at most 4096 values are an n-bit number counted from
# the smallest, a range from zero up is an Unsigned Integer, the rest an Integer. A field states its range once.
Boolean = bool
Byte = Annotated[int, Meta(ge=-128, le=127, title="xs:byte")]
Short = Annotated[int, Meta(ge=-32_768, le=32_767, title="xs:short")]
Int = Annotated[int, Meta(ge=-2_147_483_648, le=2_147_483_647, title="xs:int")]
Integer = Annotated[int, Meta(title="xs:integer")]
UnsignedByte = Annotated[int, Meta(ge=0, le=255, title="xs:unsignedByte")]
UnsignedShort = Annotated[int, Meta(ge=0, le=65_535, title="xs:unsignedShort")]
UnsignedInt = Annotated[int, Meta(ge=0, le=4_294_967_295, title="xs:unsignedInt")]
# msgspec keeps bounds in signed 64 bits, so the upper bound of xs:unsignedLong stands in an annotation of ours.
UnsignedLong = Annotated[int, Meta(ge=0, title="xs:unsignedLong", extra={"le": 2**64 - 1})]
String = Annotated[str, Meta(title="xs:string")]
AnyURI = Annotated[str, Meta(title="xs:anyURI")]
Identity = Annotated[str, Meta(title="xs:ID")]
Base64Binary = Annotated[bytes, Meta(title="xs:base64Binary")]
# xs:hexBinary is Annotated[bytes, Meta(extra={"lexical": "hex"})]; every other bytes field is written as base64.

ATTRIBUTE = Meta(extra={"attribute": True})
CONTENT = Meta(extra={"content": True})
CONTENTS = Meta(extra={"contents": True})


def choice(group: str, *, optional: bool = False) -> Meta:
    """One alternative of the ``xs:choice`` called ``group``; ``optional`` is minOccurs="0" on the choice."""
    return Meta(extra={"choice": group, "choice_optional": optional})


def reference(namespace: Xmlns) -> Meta:
    """The element is declared globally in ``namespace``, not locally in the type."""
    return Meta(extra={"namespace": namespace.uri})


def element(name: str, **default: Any) -> Any:
    """A field and its schema name; ``default=None`` (or ``()`` for a list) makes it optional."""
    return msgspec.field(name=name, **default)


class QName(NamedTuple):
    """An element name; sorts as EXI sorts event codes: by local name, then by URI."""

    local: str
    uri: str


class Child(msgspec.Struct, frozen=True):
    """An element in free content."""

    name: QName
    value: Any
    """A Record, or the plain value of a simple type."""


class Part(NamedTuple):
    """An element of a content model, in the namespace of the class that has the model."""

    name: str
    type: Any = None
    """Class or simple type; None: that of the class's field of this name."""
    least: int = 1


class AnyElement(NamedTuple):
    """``xs:any``: a global element of the schema set, of another namespace than the model's when ``other`` is set."""

    other: bool
    least: int = 1
    most: int | None = 1


class Group(NamedTuple):
    """``xs:sequence`` or ``xs:choice`` of a content model."""

    particles: tuple[Part | AnyElement | Group, ...]
    alternatives: bool
    least: int
    most: int | None
    """1, or None: unbounded."""


def sequence(*particles: Part | AnyElement | Group, least: int = 1, most: int | None = 1) -> Group:
    """One after the other."""
    return Group(particles, alternatives=False, least=least, most=most)


def one_of(*particles: Part | AnyElement | Group, least: int = 1, most: int | None = 1) -> Group:
    """One of them; ``most=None`` is any number of them in any order."""
    return Group(particles, alternatives=True, least=least, most=most)


def parts_of(group: Group) -> Iterator[Part]:
    """The elements of a content model, in its order."""
    for particle in group.particles:
        if isinstance(particle, Group):
            yield from parts_of(particle)
        elif isinstance(particle, Part):
            yield particle


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field, element))
class _RecordMeta(msgspec.StructMeta):
    # kw_only is not inherited by msgspec's structs: said here once for every class. Frozen records of values can't form
    # reference cycles, so the garbage collector need not track them.
    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        defaults = {"frozen": True, "kw_only": True, "forbid_unknown_fields": True, "omit_defaults": True, "gc": False}
        module = sys.modules.get(namespace.get("__module__", ""))
        namespace.setdefault("xmlns", getattr(module, "XMLNS", Xmlns("")))
        namespace.setdefault("abstract", False)
        namespace.setdefault("mixed", False)
        namespace.setdefault("content_model", None)
        return super().__new__(mcls, name, bases, namespace, **{**defaults, **options})


class Record(msgspec.Struct, metaclass=_RecordMeta):
    """Base of every complex type: frozen, keyword-only, comparable, printable.

    A class belongs to the namespace that its module declares as ``XMLNS``; an inherited field belongs to the namespace of
    the class that declares it.
    """

    xmlns: ClassVar[Xmlns]
    """Namespace of the type: that of its module."""
    abstract: ClassVar[bool]
    """An abstract type keeps its code in the grammar but never stands in a message. Not inherited."""
    mixed: ClassVar[bool]
    """Text may stand between the type's children. Not inherited."""
    content_model: ClassVar[Group | None]
    """What may follow what, where the order of the fields does not say it. Not inherited."""


class Namespace(NamedTuple):
    """What one schema file declares, as far as codes depend on it.

    ``roots`` maps the global elements of complex type to their classes, ``simple_roots`` those of simple type to it. All
    elements, global or of a class, count in the event codes. ``substitutes`` maps the qname of a substitution group's head
    to the members this namespace adds. ``type_names`` are the schema's named types, needed where EXI writes an element's
    name (wildcards); left empty, no element of this namespace may stand for a wildcard.
    """

    xmlns: Xmlns
    modules: tuple[ModuleType, ...]
    roots: Mapping[str, type[Record]]
    simple_roots: Mapping[str, Any] = {}
    type_names: tuple[str, ...] = ()
    substitutes: Mapping[QName, Mapping[str, type[Record]]] = {}


def classes_in(module: ModuleType) -> Iterator[type[Record]]:
    """Every complex type a module declares, in its order."""
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Record) and value.__module__ == module.__name__:
            yield value
