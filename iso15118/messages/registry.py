"""Schema sets: which namespaces belong together, and the event codes that follow from it.

A V2GTP payload type names a schema set; the set decides the event codes of its roots and fragments.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from iso15118.errors import LocalError
from iso15118.messages.model import Namespace, QName, Record
from iso15118.messages.namespaces import AC, ACDP, APP_PROTOCOL, COMMON_MESSAGES, COMMON_TYPES, DC, WPT, XMLDSIG
from iso15118.messages.namespaces_der import AC_DER_IEC, AC_DER_SAE

__all__ = ["KEYS", "SchemaSet", "classes_of", "schema_set"]

_SETS: Mapping[str, tuple[Namespace, ...]] = {
    "AppProtocol": (APP_PROTOCOL,),
    "CommonMessages": (COMMON_MESSAGES, COMMON_TYPES, XMLDSIG),
    "AC": (AC, COMMON_TYPES, XMLDSIG),
    "DC": (DC, COMMON_TYPES, XMLDSIG),
    "ACDP": (ACDP, COMMON_TYPES, XMLDSIG),
    "WPT": (WPT, COMMON_TYPES, XMLDSIG),
    "AC_DER_IEC": (AC_DER_IEC, AC, COMMON_TYPES, XMLDSIG),
    "AC_DER_SAE": (AC_DER_SAE, AC, COMMON_TYPES, XMLDSIG),
    "xmldsig": (XMLDSIG,),
}

KEYS = tuple(_SETS)
"""Names of the schema sets, as the command line and the codec take them."""


class SchemaSet(NamedTuple):
    """One grammar: the main namespace first, then what it imports."""

    key: str
    namespaces: tuple[Namespace, ...]
    roots: Mapping[QName, type[Record]]
    """Modelled global elements."""
    global_names: tuple[QName, ...]
    """All global elements, modelled or not, in the order of their document codes."""
    element_names: tuple[QName, ...]
    """All elements declared anywhere, in the order of their fragment codes."""
    substitutes: Mapping[QName, Mapping[QName, type[Record]]]
    """Head of a substitution group -> members, the head included, in the order of their codes."""


def classes_of(namespace: Namespace) -> Iterator[type[Record]]:
    """Every complex type a namespace declares."""
    for module in namespace.modules:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Record) and value.__module__ == module.__name__:
                yield value


def _own_elements(cls: type[Record]) -> Iterator[QName]:
    """Elements a class declares itself: no inherited fields, no attributes, wildcards or references."""
    import msgspec.structs  # only when a schema set is first asked for

    bases = (base for base in cls.__mro__[1:] if issubclass(base, Record))
    inherited = {name for base in bases for name in base.__struct_fields__}
    uri = cls.xmlns.uri if cls.xmlns.elements_qualified else ""
    for field in msgspec.structs.fields(cls):
        extra: dict[str, Any] = {}
        for meta in getattr(field.type, "__metadata__", ()):
            extra.update(meta.extra or {})
        skipped = extra.keys() & {"attribute", "content", "wildcard", "namespace"}
        if field.name not in inherited and not skipped:
            yield QName(field.encode_name, uri)


@functools.cache
def schema_set(key: str) -> SchemaSet:
    """The schema set called ``key``.

    Raises:
        LocalError: There is no such set.
    """
    namespaces = _SETS.get(key)
    if namespaces is None:
        raise LocalError(f"no schema set {key!r}; there are {', '.join(KEYS)}")
    roots = {QName(name, ns.xmlns.uri): cls for ns in namespaces for name, cls in ns.roots.items()}
    global_names = {*roots, *(QName(name, ns.xmlns.uri) for ns in namespaces for name in ns.other_roots)}
    locals_ = {QName(name, ns.xmlns.uri) for ns in namespaces for name in ns.other_elements}
    for namespace in namespaces:
        for cls in classes_of(namespace):
            locals_.update(_own_elements(cls))
    substitutes: dict[QName, dict[QName, type[Record]]] = {}
    for namespace in namespaces:
        for head, members in namespace.substitutes.items():
            group = substitutes.setdefault(head, {})
            group.update({QName(name, namespace.xmlns.uri): cls for name, cls in members.items()})
    return SchemaSet(
        key=key,
        namespaces=namespaces,
        roots=roots,
        global_names=tuple(sorted(global_names)),
        element_names=tuple(sorted(global_names | locals_)),
        substitutes={head: dict(sorted(members.items())) for head, members in substitutes.items()},
    )
