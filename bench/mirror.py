"""The yardstick: the content of a message as classes that msgspec's JSON codec reads as quickly as it can.

msgspec can't read a message class as it stands where a member of a substitution group may be: the field is typed with
the abstract head. A mirror is the same tree of classes, made for one message: same names, ranges, enumerations and
options, and the concrete member where the message has one. A record that the message leaves out costs JSON nothing and
is declared as absent.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable
from typing import Annotated, Any, Union

import msgspec

from iso15118.messages.model import Record

__all__ = ["mirror_of", "mirror_type"]


def mirror_of(message: Record) -> msgspec.Struct:
    """The message's content as an instance of its mirror."""
    mirror: msgspec.Struct = msgspec.convert(message, mirror_type(message), from_attributes=True)
    return mirror


def mirror_type(message: Record) -> type[msgspec.Struct]:
    """The mirror of a message's class, as this message fills it."""
    return _Mirrors().of(type(message), [message])


class _Mirrors:
    """Mirrors that have been made: a class that stands in many places is one mirror if it is filled alike."""

    def __init__(self) -> None:
        self._made: dict[tuple[type, tuple[type | None, ...]], type[msgspec.Struct]] = {}

    def of(self, cls: type[Record], instances: list[Record]) -> type[msgspec.Struct]:
        fields = []
        inner: list[type | None] = []
        for field in msgspec.structs.fields(cls):
            values = [getattr(each, field.name) for each in instances]
            default = msgspec.NODEFAULT if field.required else field.default
            hint = self._hint(field.type, values, inner)
            fields.append((field.name, hint, msgspec.field(default=default, name=field.encode_name)))
        made = self._made.get((cls, tuple(inner)))
        if made is None:
            config = cls.__struct_config__
            made = self._made[cls, tuple(inner)] = msgspec.defstruct(
                cls.__name__,
                fields,
                frozen=config.frozen,
                kw_only=True,
                forbid_unknown_fields=config.forbid_unknown_fields,
                omit_defaults=config.omit_defaults,
                gc=config.gc,
            )
        return made

    def _hint(self, hint: Any, values: Iterable[Any], inner: list[type | None]) -> Any:
        """An annotation with mirrors in place of records; what was put in their place is added to ``inner``."""
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is Annotated:
            kind, *metadata = arguments
            return Annotated[(self._hint(kind, values, inner), *metadata)]
        if origin in {Union, types.UnionType}:
            return Union[tuple(self._hint(each, values, inner) for each in arguments)]  # noqa: UP007  (made at run time)
        if origin is tuple:
            items = [item for value in values for item in value or ()]
            return tuple[self._hint(arguments[0], items, inner), ...]  # type: ignore[misc]  # as above
        if not (isinstance(hint, type) and issubclass(hint, Record)):
            return hint
        found = [value for value in values if isinstance(value, hint)]
        classes = {type(value) for value in found}
        if len(classes) > 1:
            names = ", ".join(sorted(each.__name__ for each in classes))
            raise TypeError(f"a mirror has one class where the message has {names}")
        inner.append(self.of(classes.pop(), found) if classes else None)
        return inner[-1]
