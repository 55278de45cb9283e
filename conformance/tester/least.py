"""The least instance of a message type: every mandatory field, by its annotation, and no other."""

from __future__ import annotations

import enum
import types
import typing
from typing import Any

import msgspec

from conformance.tester.link import amount
from iso15118.messages.iso20.types import RationalNumber

__all__ = ["least"]


def least(kind: Any, **fields: object) -> Any:
    """An instance of a Struct with what is given, what is mandatory beside it, and numbers of zero."""
    hints = typing.get_type_hints(kind, include_extras=True)
    values = dict(fields)
    for field in msgspec.structs.fields(kind):
        if (
            field.name not in values
            and field.default is msgspec.NODEFAULT
            and field.default_factory is msgspec.NODEFAULT
        ):
            values[field.name] = _value(hints[field.name])
    return kind(**values)


def _value(hint: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return _bounded(hint)
    if origin in (typing.Union, types.UnionType):
        return _value(typing.get_args(hint)[0])
    if origin is tuple:
        return (_value(typing.get_args(hint)[0]),)
    if hint is RationalNumber:
        return amount(0.0)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return next(iter(hint))
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return least(hint)
    return hint()


def _bounded(hint: Any) -> Any:
    inner, *notes = typing.get_args(hint)
    meta = next((note for note in notes if isinstance(note, msgspec.Meta)), None)
    if typing.get_origin(inner) is tuple:
        count = 1 if meta is None or not meta.min_length else meta.min_length
        return (_value(typing.get_args(inner)[0]),) * count
    if inner is int and meta is not None and meta.ge is not None:
        return int(max(meta.ge, 0))
    if inner is str:
        return "x" * max(1, (meta.min_length or 1) if meta else 1)
    if inner is bytes:
        return bytes((meta.min_length or 0) if meta else 0)
    return _value(inner)
