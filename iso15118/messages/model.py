"""What every message class is made of: an immutable record whose fields carry their schema names.

A message class is the only source of names, order, ranges and cardinality of its complex type (design decision 1):

* ``attribute_name: Type = element("SchemaName")``, in schema order; ``default=None`` marks minOccurs="0".
* A tuple is a list; ``Meta(min_length=, max_length=)`` on it are minOccurs and maxOccurs.
* ``Annotated[T | None, choice("Group")]`` is one alternative of an ``xs:choice``; neighbours with the same group name
  exclude each other, and one of them must be there unless the choice is optional.
* ``Annotated[T, ATTRIBUTE]`` is an XML attribute, ``Annotated[T, CONTENT]`` the simple content beside attributes.
* ``Annotated[T, reference(NAMESPACE)]`` is an element of another namespace (``ref=`` in the schema). When the schema set
  knows members of a substitution group for that element, any of them may stand there.
* ``Annotated[None, REFUSED]`` is a branch of the schema that counts in the grammar but is not modelled: a document that
  takes it is refused with a clear error. ``WILDCARD`` is the same for ``xs:any``.

Construction does not validate (a tester may build a wrong message); the borders, encode and decode, do.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Annotated, Any, ClassVar, NamedTuple, dataclass_transform

import msgspec
from msgspec import Meta

__all__ = [
    "ATTRIBUTE",
    "CONTENT",
    "MANY",
    "REFUSED",
    "WILDCARD",
    "AnyURI",
    "Base64Binary",
    "Boolean",
    "Byte",
    "Identity",
    "Int",
    "Integer",
    "Namespace",
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
    "element",
    "reference",
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
REFUSED = Meta(extra={"refused": True})
WILDCARD = Meta(extra={"refused": True, "wildcard": True})
MANY = Meta(extra={"unbounded": True})
"""Beside REFUSED or WILDCARD: maxOccurs="unbounded"."""


def choice(group: str, *, optional: bool = False) -> Meta:
    """One alternative of the ``xs:choice`` called ``group``; ``optional`` is minOccurs="0" on the choice."""
    return Meta(extra={"choice": group, "choice_optional": optional})


def reference(namespace: Xmlns) -> Meta:
    """The element is declared globally in ``namespace``, not locally in the type."""
    return Meta(extra={"namespace": namespace.uri})


def element(name: str, **default: Any) -> Any:
    """A field and its schema name; ``default=None`` (or ``()`` for a list) makes it optional."""
    return msgspec.field(name=name, **default)


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
    """Text may stand between the type's children (counts in the grammar; refused unless modelled). Not inherited."""


class QName(NamedTuple):
    """An element name; sorts as EXI sorts event codes: by local name, then by URI."""

    local: str
    uri: str


class Namespace(NamedTuple):
    """What one schema file declares, as far as codes depend on it.

    ``roots`` maps the global elements that are modelled to their classes; ``other_roots`` are global elements that are
    not; ``other_elements`` are local elements that no class reaches. All of them count in the event codes.
    ``substitutes`` maps the qname of a substitution group's head to the members this namespace adds.
    """

    xmlns: Xmlns
    modules: tuple[ModuleType, ...]
    roots: Mapping[str, type[Record]]
    other_roots: tuple[str, ...] = ()
    other_elements: tuple[str, ...] = ()
    substitutes: Mapping[QName, Mapping[str, type[Record]]] = {}
