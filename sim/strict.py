"""From the plain values of a TOML file to objects, strictly: whatever is wrong is told with its key and what is allowed.

Numbers are not text, unknown keys are refused with the nearest known one, members of enumerations are written by name or
by value.
"""

from __future__ import annotations

import difflib
import enum
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from iso15118.errors import LocalError

__all__ = ["read"]

T = TypeVar("T")

_PLAIN: Mapping[type, tuple[type, str]] = {
    inspect.BoolType: (bool, "true or false"),
    inspect.IntType: (int, "a whole number"),
    inspect.StrType: (str, "text"),
}


def read(cls: type[T], data: object, where: str, *, closed: Mapping[type, Mapping[str, str]] | None = None) -> T:
    """Make a ``cls`` of plain values.

    Args:
        cls: A ``msgspec.Struct`` class, or a union of tagged ones.
        data: What a TOML parser made.
        where: What errors begin with: the file.
        closed: Class -> its fields that may not be given, with what to do instead.

    Raises:
        LocalError: Anything is wrong.
    """
    try:
        values = _Reader(closed or {}).value(data, inspect.type_info(cls), "")
        return msgspec.convert(values, cls, str_keys=True)  # keys of TOML are text, numbers among them
    except LocalError as error:
        raise LocalError(f"{where}: {error}") from None
    except msgspec.ValidationError as error:
        raise LocalError(f"{where}: {error}") from None


def _at(path: str, what: str) -> LocalError:
    return LocalError(f"{path}: {what}" if path else what)


class _Reader:
    """Walks values along types; what it returns is what ``msgspec.convert`` takes."""

    def __init__(self, closed: Mapping[type, Mapping[str, str]]) -> None:
        self._closed = closed

    def value(self, value: object, kind: inspect.Type, path: str) -> Any:
        match kind:
            case inspect.UnionType():
                return self._union(value, kind, path)
            case inspect.StructType():
                return self._struct(value, kind, path)
            case inspect.EnumType():
                return _member(value, kind.cls, path)
            case inspect.LiteralType():
                if value not in kind.values:
                    raise _at(path, f"{value!r} is not one of {_names(kind.values)}")
                return value
            case inspect.VarTupleType() | inspect.ListType() | inspect.TupleType():
                return self._list(value, kind, path)
            case inspect.DictType():
                if not isinstance(value, dict):
                    raise _at(path, f"a table is needed, not {value!r}")
                return {key: self.value(each, kind.value_type, f"{path}.{key}") for key, each in value.items()}
            case inspect.FloatType():
                return _number(value, kind, path)
            case _:
                return _plain(value, kind, path)

    def _list(
        self, value: object, kind: inspect.VarTupleType | inspect.ListType | inspect.TupleType, path: str
    ) -> list[Any]:
        if not isinstance(value, list):
            raise _at(path, f"a list is needed, not {value!r}")
        if isinstance(kind, inspect.TupleType):
            if len(value) != len(kind.item_types):
                raise _at(path, f"a list of {len(kind.item_types)} is needed, not of {len(value)}")
            kinds = kind.item_types
        else:
            kinds = (kind.item_type,) * len(value)
        pairs = enumerate(zip(value, kinds, strict=True))
        return [self.value(each, one, f"{path}[{index}]") for index, (each, one) in pairs]

    def _union(self, value: object, kind: inspect.UnionType, path: str) -> Any:
        structs = [each for each in kind.types if isinstance(each, inspect.StructType)]
        if len(structs) > 1:
            return self._tagged(value, structs, path)
        rest = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
        if len(rest) == 1:
            return self.value(value, rest[0], path)
        for each in rest:
            try:
                return self.value(value, each, path)
            except LocalError:
                continue
        raise _at(path, f"{value!r} is nothing that may stand here")

    def _tagged(self, value: object, structs: list[inspect.StructType], path: str) -> Any:
        field = structs[0].tag_field
        if not isinstance(value, dict) or field not in value:
            raise _at(path, f"a table with {field} is needed; {field} is one of {_names(each.tag for each in structs)}")
        for each in structs:
            if each.tag == value[field]:
                return self._struct(value, each, path)
        tags = [str(each.tag) for each in structs]
        raise _at(
            f"{path}.{field}", f"no {value[field]!r}{_nearest(str(value[field]), tags)}; there are {_names(tags)}"
        )

    def _struct(self, value: object, kind: inspect.StructType, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _at(path, f"a table is needed, not {value!r}")
        closed = self._closed.get(kind.cls, {})
        fields = {field.encode_name: field for field in kind.fields if field.encode_name not in closed}
        values: dict[str, Any] = {}
        for key, each in value.items():
            inside = f"{path}.{key}" if path else key
            if key == kind.tag_field:
                values[key] = each
            elif key in closed:
                raise _at(inside, f"is not set here: {closed[key]}")
            elif key not in fields:
                raise _at(inside, f"no such key{_nearest(key, list(fields))}; allowed here: {_names(sorted(fields))}")
            else:
                values[key] = self.value(each, fields[key].type, inside)
        for name, field in fields.items():
            if field.required and name not in values:
                raise _at(path, f"{name} is missing")
        return values


def _member(value: object, cls: type[enum.Enum], path: str) -> Any:
    """A member by name, in any case, or by value."""
    for member in cls:
        if isinstance(value, str) and value.lower() in (member.name.lower(), str(member.value).lower()):
            return member.value
        if not isinstance(value, bool) and value == member.value:
            return member.value
    names = [member.name for member in cls]
    raise _at(path, f"no {value!r}{_nearest(str(value), names)}; there are {_names(names)}")


def _number(value: object, kind: inspect.FloatType, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _at(path, f"a number is needed, not {value!r}")
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124  (NaN)
        raise _at(path, "a finite number is needed")
    if (kind.ge is not None and value < kind.ge) or (kind.gt is not None and value <= kind.gt):
        bound = f"at least {kind.ge:g}" if kind.ge is not None else f"above {kind.gt:g}"
        raise _at(path, f"must be {bound}, not {value:g}")
    if kind.le is not None and value > kind.le:
        raise _at(path, f"must be at most {kind.le:g}, not {value:g}")
    return float(value)


def _plain(value: object, kind: inspect.Type, path: str) -> Any:
    expected = _PLAIN.get(type(kind))
    if expected is None:
        raise LocalError(f"{path}: no rule for {kind}")
    python, words = expected
    if not isinstance(value, python) or (python is int and isinstance(value, bool)):
        raise _at(path, f"{words} is needed, not {value!r}")
    if isinstance(kind, inspect.IntType) and kind.ge is not None and isinstance(value, int) and value < kind.ge:
        raise _at(path, f"must be at least {kind.ge}, not {value}")
    return value


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.5)
    return f", did you mean {near[0]}?" if near else ""


def _names(values: Any) -> str:
    return ", ".join(map(str, values))
