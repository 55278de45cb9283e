"""Schema sets: which namespaces belong together, and the event codes that follow from it.

A V2GTP payload type names a schema set; the set decides the event codes of its roots and fragments.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from iso15118.errors import LocalError
from iso15118.messages.model import Namespace, QName, Record, classes_in, parts_of
from iso15118.messages.namespaces import AC, ACDP, APP_PROTOCOL, COMMON_MESSAGES, COMMON_TYPES, DC, WPT, XMLDSIG

__all__ = ["KEYS", "SchemaSet", "classes_of", "schema_set"]


def _der(key: str) -> tuple[Namespace, ...]:
    from iso15118.messages import namespaces_der  # small machines without such an inverter save the memory

    namespace: Namespace = getattr(namespaces_der, key)
    return (namespace, AC, COMMON_TYPES, XMLDSIG)


_SETS: Mapping[str, tuple[Namespace, ...] | Callable[[str], tuple[Namespace, ...]]] = {
    "AppProtocol": (APP_PROTOCOL,),
    "CommonMessages": (COMMON_MESSAGES, COMMON_TYPES, XMLDSIG),
    "AC": (AC, COMMON_TYPES, XMLDSIG),
    "DC": (DC, COMMON_TYPES, XMLDSIG),
    "ACDP": (ACDP, COMMON_TYPES, XMLDSIG),
    "WPT": (WPT, COMMON_TYPES, XMLDSIG),
    "AC_DER_IEC": _der,
    "AC_DER_SAE": _der,
    "xmldsig": (XMLDSIG,),
}

KEYS = tuple(_SETS)
"""Names of the schema sets, as the command line and the codec take them."""


_FIRST_URIS = (
    "",
    "http://www.w3.org/XML/1998/namespace",
    "http://www.w3.org/2001/XMLSchema-instance",
    "http://www.w3.org/2001/XMLSchema",
)


class SchemaSet(NamedTuple):
    """One grammar: the main namespace first, then what it imports."""

    key: str
    namespaces: tuple[Namespace, ...]
    roots: Mapping[QName, type[Record]]
    """Global elements of complex type."""
    simple_roots: Mapping[QName, Any]
    """Global elements of simple type."""
    global_names: tuple[QName, ...]
    """All global elements, in the order of their document codes."""
    element_names: tuple[QName, ...]
    """All elements declared anywhere, in the order of their fragment codes."""
    substitutes: Mapping[QName, Mapping[QName, type[Record]]]
    """Head of a substitution group -> members, the head included, in the order of their codes."""
    uris: tuple[str, ...]
    """Namespaces in the order of their codes (EXI 1.0, D.1): four that are always there, then those of the set."""
    local_names: dict[str, tuple[str, ...]]
    """URI -> its names in the order of their codes (D.3); of namespaces that list their types."""


def classes_of(namespace: Namespace) -> Iterator[type[Record]]:
    """Every complex type a namespace declares."""
    for module in namespace.modules:
        yield from classes_in(module)


def _own_elements(cls: type[Record]) -> Iterator[QName]:
    """Elements a class declares itself: no inherited fields, no attributes or references."""
    import msgspec.structs  # only when a schema set is first asked for

    bases = (base for base in cls.__mro__[1:] if issubclass(base, Record))
    inherited = {name for base in bases for name in base.__struct_fields__}
    uri = cls.xmlns.uri if cls.xmlns.elements_qualified else ""
    for field in msgspec.structs.fields(cls):
        extra: dict[str, Any] = {}
        for meta in getattr(field.type, "__metadata__", ()):
            extra.update(meta.extra or {})
        skipped = extra.keys() & {"attribute", "content", "contents", "namespace"}
        if field.name not in inherited and not skipped:
            yield QName(field.encode_name, uri)
    if cls.content_model is not None:
        yield from (QName(part.name, uri) for part in parts_of(cls.content_model))


@functools.cache
def schema_set(key: str) -> SchemaSet:
    """The schema set called ``key``.

    Raises:
        LocalError: There is no such set.
    """
    found = _SETS.get(key)
    if found is None:
        raise LocalError(f"no schema set {key!r}; there are {', '.join(KEYS)}")
    namespaces = found(key) if callable(found) else found
    roots = {QName(name, ns.xmlns.uri): cls for ns in namespaces for name, cls in ns.roots.items()}
    simple_roots = {QName(name, ns.xmlns.uri): kind for ns in namespaces for name, kind in ns.simple_roots.items()}
    global_names = {*roots, *simple_roots}
    locals_: set[QName] = set()
    for namespace in namespaces:
        for cls in classes_of(namespace):
            locals_.update(_own_elements(cls))
    substitutes: dict[QName, dict[QName, type[Record]]] = {}
    for namespace in namespaces:
        for head, members in namespace.substitutes.items():
            group = substitutes.setdefault(head, {})
            group.update({QName(name, namespace.xmlns.uri): cls for name, cls in members.items()})
    names = global_names | locals_
    return SchemaSet(
        key=key,
        namespaces=namespaces,
        roots=roots,
        simple_roots=simple_roots,
        global_names=tuple(sorted(global_names)),
        element_names=tuple(sorted(names)),
        substitutes={head: dict(sorted(members.items())) for head, members in substitutes.items()},
        uris=(*_FIRST_URIS, *sorted(namespace.xmlns.uri for namespace in namespaces)),
        local_names={
            namespace.xmlns.uri: tuple(
                sorted({name.local for name in names if name.uri == namespace.xmlns.uri} | set(namespace.type_names))
            )
            for namespace in namespaces
            if namespace.type_names
        },
    )
