"""The fields of a message class as the grammar sees them: the one place that looks into message classes."""

from __future__ import annotations

from typing import Any

from msgspec import inspect as mi

from iso15118.errors import LocalError
from iso15118.exi import datatypes
from iso15118.exi.datatypes import Datatype
from iso15118.messages.model import QName, Record

__all__ = ["Field", "fields_of", "type_of"]


def fields_of(cls: type[Record]) -> list[Field]:
    """All fields, in the order of the class.

    Raises:
        LocalError: The class can't be written in EXI.
    """
    return [Field(cls, raw) for raw in mi.type_info(cls).fields]  # type: ignore[attr-defined]


class Field:
    """A class's field as the grammar sees it: annotations unwrapped, name qualified."""

    def __init__(self, cls: type[Record], raw: mi.Field) -> None:
        extra: dict[str, Any] = {}
        kind = _unwrap(raw.type, extra)
        if isinstance(kind, mi.UnionType):
            (inner,) = (each for each in kind.types if not isinstance(each, mi.NoneType))
            kind = _unwrap(inner, extra)
        self.attribute_name = raw.name
        self.attribute = bool(extra.get("attribute"))
        self.content = bool(extra.get("content"))
        self.contents = bool(extra.get("contents"))
        self.choice: str = extra.get("choice", "")
        self.choice_optional = bool(extra.get("choice_optional"))
        self.least = 1 if raw.required else 0
        self.most: int | None = 1
        self.many = isinstance(kind, mi.VarTupleType)
        if isinstance(kind, mi.VarTupleType):
            self.least, self.most = kind.min_length or 0, kind.max_length
            if self.contents:
                self.least = 1 if raw.required else 0
            elif (self.least == 0) is raw.required:
                raise LocalError(f"{cls.__qualname__}.{raw.name}: min_length and default disagree")
            kind = _unwrap(kind.item_type, extra)
        self.name = QName(raw.encode_name, _namespace(cls, raw.name, extra, attribute=self.attribute))
        self.cls: type[Record] | None = None
        if isinstance(kind, mi.StructType) and issubclass(kind.cls, Record):
            self.cls = kind.cls
        self.datatype = None if self.contents or self.cls else _datatype(kind, extra)
        if self.choice and self.many:
            raise LocalError(f"{cls.__qualname__}.{raw.name}: a list as alternative")


def type_of(annotation: Any) -> type[Record] | Datatype:
    """The class or datatype an annotation stands for: that of an element that is no field."""
    extra: dict[str, Any] = {}
    kind = _unwrap(mi.type_info(annotation), extra)
    if isinstance(kind, mi.StructType) and issubclass(kind.cls, Record):
        return kind.cls
    return _datatype(kind, extra)


def _unwrap(kind: mi.Type, extra: dict[str, Any]) -> mi.Type:
    while isinstance(kind, mi.Metadata):
        extra.update(kind.extra or {})
        kind = kind.type
    return kind


def _namespace(cls: type[Record], attribute_name: str, extra: dict[str, Any], *, attribute: bool) -> str:
    """Of a reference: the namespace it names; else of the class that declares the field, if that qualifies names."""
    if "namespace" in extra:
        return str(extra["namespace"])
    declaring = next(
        base
        for base in reversed(cls.__mro__)
        if issubclass(base, Record) and attribute_name in getattr(base, "__struct_fields__", ())
    )
    qualified = declaring.xmlns.attributes_qualified if attribute else declaring.xmlns.elements_qualified
    return declaring.xmlns.uri if qualified else ""


def _datatype(kind: mi.Type, extra: dict[str, Any]) -> Datatype:
    match kind:
        case mi.BoolType():
            return datatypes.Boolean()
        case mi.IntType(ge=low, le=high):
            return _integer(low, extra.get("le", high))
        case mi.StrType(min_length=least, max_length=most):
            return datatypes.Text(least or 0, most)
        case mi.BytesType(min_length=least, max_length=most):
            return datatypes.Binary(least or 0, most, hexadecimal=extra.get("lexical") == "hex")
        case mi.EnumType(cls=cls):
            return datatypes.Enumeration(cls)
    raise LocalError(f"no datatype for {kind}")


def _integer(low: int | None, high: int | None) -> Datatype:
    if low is not None and high is not None and high - low < 4096:
        return datatypes.NBit(low, high)
    if low is not None and low >= 0 and high is not None:
        return datatypes.Unsigned(low, high)
    return datatypes.Signed(low, high)
