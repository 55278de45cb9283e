"""Settings of an inverter at the grid, from plain structures into messages and back. For both sides.

A plain structure has its schema type's fields under the same names (``ports.der.Plain``), so both ways are one walk over
the fields of the message. What the charge loop may change has types of its own there, whose names end in ``CLRes``: what
they leave out stays as it was.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from iso15118.errors import LocalError, SessionError
from iso15118.messages.iso20.types import RationalNumber
from iso15118.messages.model import Record
from iso15118.session.ports.der import Plain, class_in, first_lines
from iso15118.session.quantities import number, rational

__all__ = ["read", "spell", "spell_fields"]

_P = TypeVar("_P", bound=Plain)
_LINES = ("", "_l2", "_l3")
_STEP = -3
"""Settings are told to the thousandth: a dead band is 0.036 Hz."""


class _Field(msgspec.Struct, frozen=True):
    """What is to be known of a message's field."""

    name: str
    record: type[Record] | None
    """The class inside, if it is one."""
    rational: bool
    per_line: bool
    required: bool


@functools.cache
def _fields(cls: type[Record]) -> tuple[_Field, ...]:
    fields = msgspec.structs.fields(cls)
    names = {field.name for field in fields}
    found = []
    for field in fields:
        if field.name.endswith(_LINES[1:]) and field.name[:-3] in names and not field.name.startswith("curve_data"):
            continue
        record = class_in(field.type, Record)
        found.append(
            _Field(
                field.name,
                None if record is RationalNumber else record,
                record is RationalNumber,
                f"{field.name}_l2" in names and not field.name.startswith("curve_data"),
                field.required,
            )
        )
    return tuple(found)


@functools.cache
def _kinds(cls: type[Plain]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(cls)}


def _plain_name(name: str) -> str:
    return name.removesuffix("_cpd_res").removesuffix("_cl_res")


def _partial(cls: type[Record]) -> bool:
    return cls.__name__.endswith("CLRes")


def _opposed(name: str) -> bool:
    """Injecting reactive power has the sign of discharging (docs/open-points.md)."""
    return "_var_injection_" in name


def _value(field: _Field, value: Any, sign: int) -> Any:
    if field.rational:
        return rational(sign * value, step=_STEP)
    return value.value if isinstance(value, enum.Flag) else value


def spell_fields(
    cls: type[Record], plain: Plain, lines: int, *, sign: int = -1, told: Plain | None = None
) -> dict[str, Any]:
    """Fields of a message class for those of a plain structure; what the structure does not have is left out.

    Args:
        cls: The message class.
        plain: What is to be told.
        lines: Lines in use, 1 or 3.
        sign: That of injected reactive power.
        told: What was told before; of a ``CLRes`` class what is equal to that is left out.
    """
    fields: dict[str, Any] = {}
    for field in _fields(cls):
        value = getattr(plain, _plain_name(field.name), None)
        before = None if told is None else getattr(told, _plain_name(field.name), None)
        if value is None or (told is not None and value == before and not field.required):
            continue
        if field.per_line:
            each = first_lines(value, lines)
            opposed = sign if _opposed(field.name) else 1
            fields |= {field.name + _LINES[i]: _value(field, v, opposed) for i, v in enumerate(each)}
        elif field.record is None:
            fields[field.name] = _value(field, value, 1)
        elif field.name.startswith("curve_data_points"):
            fields[field.name] = _spell_points(field.record, value)
        else:
            fields[field.name] = spell(
                field.record, value, lines, sign=sign, told=before if _partial(field.record) else None
            )
    return fields


def spell(cls: type[Record], plain: Plain, lines: int, *, sign: int = -1, told: Plain | None = None) -> Any:
    """A message's record for a plain structure; arguments as of ``spell_fields``."""
    return cls(**spell_fields(cls, plain, lines, sign=sign, told=told))


def _spell_points(cls: type[Record], points: tuple[tuple[Any, ...], ...]) -> Record:
    (points_field,) = msgspec.structs.fields(cls)
    item: Any = class_in(points_field.type, Record)
    inner = next(field.record for field in _fields(item) if field.name == "y_value")
    made = []
    for x, y, *excitation in points:
        told = rational(y, step=_STEP)
        value = told if inner is None else inner(setpoint_value=told, excitation=excitation[0] if excitation else None)
        made.append(item(x_value=rational(x, step=_STEP), y_value=value))
    return cls(curve_data_point=tuple(made))


def read(cls: type[_P], record: Record, base: _P | None = None, extra: Mapping[str, Any] | None = None) -> _P:
    """The plain structure for a message's record.

    Args:
        cls: The plain class.
        record: What was received.
        base: What was known before: fields that the record leaves out, or has no place for, are taken from it.
        extra: Fields that the record has no place for.

    Raises:
        SessionError: The values can't be: a curve that goes back, a factor above one.
    """
    fields: dict[str, Any] = {} if base is None else {name: getattr(base, name) for name in base.__struct_fields__}
    kinds = _kinds(cls)
    for field in _fields(type(record)):
        name = _plain_name(field.name)
        value = getattr(record, field.name)
        if name not in kinds or value is None:
            if name in kinds and base is not None and not _partial(type(record)):
                fields[name] = None if class_in(kinds[name], type(None)) else fields[name]
            continue
        if field.per_line:
            others = [getattr(record, field.name + suffix) for suffix in _LINES[1:]]
            values = [value] if others == [None, None] else [value, *(value if v is None else v for v in others)]
            fields[name] = tuple(_number(each, magnitude=_opposed(name)) for each in values)
        elif name.startswith("curve_data_points"):
            fields[name] = _read_points(value, kinds[name])
        elif (inner := class_in(kinds[name], Plain)) is not None:
            fields[name] = read(inner, value, fields.get(name) if _partial(type(value)) else None)
        else:
            flag = class_in(kinds[name], enum.Flag)
            fields[name] = _number(value) if flag is None else flag(value)
    try:
        return cls(**fields, **(extra or {}))
    except LocalError as error:
        raise SessionError(f"impossible settings: {error}", "FAILED_WrongChargeParameter") from error


def _number(value: Any, *, magnitude: bool = False) -> Any:
    if not isinstance(value, RationalNumber):
        return value
    return abs(number(value)) if magnitude else number(value)


def _read_points(value: Any, kind: Any) -> tuple[Any, ...]:
    point = class_in(kind, tuple)
    points: list[tuple[Any, ...]] = []
    for each in value.curve_data_point:
        x, y = number(each.x_value), each.y_value
        if isinstance(y, RationalNumber):
            points.append((x, number(y)))
        else:
            made = (x, number(y.setpoint_value), y.excitation)
            points.append(point(*made) if point is not None else made)
    return tuple(points)
