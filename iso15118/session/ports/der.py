"""What sessions of inverters at the grid (AC_DER_IEC, AC_DER_SAE) ask besides what AC asks.

A station or car with these ports can run these services; one without them is never asked. ``der_iec`` and ``der_sae``
have the plain structures; this module only has what both share, and is all that a station without such services loads.
"""

from __future__ import annotations

import enum
import functools
import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar, get_args, runtime_checkable

import msgspec
from msgspec import Meta

from iso15118.errors import LocalError

if TYPE_CHECKING:
    from iso15118.session.ports.der_iec import IecCar, IecSettings
    from iso15118.session.ports.der_sae import SaeSettings
    from iso15118.session.ports.der_sae_car import SaeCar

__all__ = [
    "Consent",
    "Factor",
    "IecInletPort",
    "IecOutletPort",
    "Magnitude",
    "Magnitudes",
    "Numbers",
    "Plain",
    "Points",
    "SaeInletPort",
    "SaeOutletPort",
    "check_curve",
    "check_kind",
    "class_in",
    "first_lines",
]

Points = Annotated[tuple[tuple[float, float], ...], Meta(min_length=2, max_length=10)]
"""Points of a curve, x and y; 2 to 10, x never falling; straight lines between them."""
Magnitude = Annotated[float, Meta(ge=0)]
Factor = Annotated[float, Meta(ge=-1, le=1)]
"""A power factor."""
Numbers = Annotated[tuple[float, ...], Meta(min_length=1, max_length=3)]
"""One value a line (1 or 3)."""
Magnitudes = Annotated[tuple[Magnitude, ...], Meta(min_length=1, max_length=3)]
"""One value >= 0 a line (1 or 3)."""
_MOST = 1e12
"""Largest number a setting may have. Ours."""


class Consent(enum.Enum):
    """What the car makes of the station's settings."""

    PENDING = "pending"
    """Still thinking: parameter discovery goes on."""
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """The car looks for another service, or leaves."""


def class_in(kind: Any, base: type[Any]) -> type[Any] | None:
    """The subclass of ``base`` that a type, or one alternative of it, is; None when there is none."""
    if isinstance(kind, type):
        return kind if issubclass(kind, base) else None
    return next((found for each in get_args(kind) if (found := class_in(each, base)) is not None), None)


class Plain(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the plain structures: every value is checked when one is made.

    Fields have the names of the schema's elements; of elements with ``_L2`` and ``_L3`` beside them a tuple has one
    value a line (1 or 3).
    """

    def __post_init__(self) -> None:
        """Refuse values outside of their ranges.

        Raises:
            LocalError: A value of the wrong type or range, or a curve that is none.
        """
        for name, kind, wanted, optional in _checked(type(self)):
            value = getattr(self, name)
            where = f"{type(self).__name__}.{name}"
            for number in _numbers(value):
                if not abs(number) <= _MOST:
                    raise LocalError(f"{where} needs a number between -{_MOST:g} and {_MOST:g}, not {number}")
            if value is None and optional:
                continue
            if wanted is not None:
                if not isinstance(value, wanted):
                    raise LocalError(f"{where} needs a {wanted.__name__}, not {value!r}")
                continue
            try:
                same = msgspec.convert(value, kind) == value
            except msgspec.ValidationError as error:
                raise LocalError(f"{where}: {error}") from error
            if not same:
                raise LocalError(f"{where} needs a member of its enumeration, not {value!r}")
            if name.startswith("curve_data_points"):
                check_curve([point[0] for point in value], where)


@functools.cache
def _checked(cls: type[Plain]) -> tuple[tuple[str, Any, type[Any] | None, bool], ...]:
    """Of each field its name, its type, the class of ours that it is, and whether it may be None."""
    return tuple(
        (
            field.name,
            field.type,
            class_in(field.type, Plain) or class_in(field.type, enum.Flag),
            class_in(field.type, type(None)) is not None,
        )
        for field in msgspec.structs.fields(cls)
    )


def _numbers(value: object) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _numbers(each)


def check_curve(x: Sequence[float], where: str) -> None:
    """Refuse a curve that goes back.

    Raises:
        LocalError: x falls somewhere, or is no number.
    """
    if any(math.isnan(value) for value in x) or any(a > b for a, b in pairwise(x)):
        raise LocalError(f"{where} needs points whose x never falls, not {list(x)}")


_P = TypeVar("_P", bound=Plain)


def check_kind(where: str, value: Plain, kind: type[_P]) -> _P:
    """The value, if it is of that class.

    Raises:
        LocalError: It is not.
    """
    if not isinstance(value, kind):
        raise LocalError(f"{where} needs a {kind.__name__}, not a {type(value).__name__}")
    return value


def first_lines(values: tuple[Any, ...], lines: int) -> tuple[Any, ...]:
    """The values for the first ``lines`` lines; a single one, or the last, goes for those that have none."""
    return (*values, *(values[-1:] * lines))[:lines]


@runtime_checkable
class IecOutletPort(Protocol):
    """A station with AC_DER_IEC."""

    def der_iec(self, now: float) -> IecSettings | None:
        """What the grid operator wants of the car's inverter; None while that is not known: not offered then."""
        ...


@runtime_checkable
class SaeOutletPort(Protocol):
    """A station with AC_DER_SAE."""

    def der_sae(self, now: float) -> SaeSettings | None:
        """What the grid operator wants of the car's inverter; None while that is not known: Ongoing on the wire."""
        ...


@runtime_checkable
class IecInletPort(Protocol):
    """A car with AC_DER_IEC."""

    def der_iec_car(self, now: float) -> IecCar:
        """What the inverter can do."""
        ...

    def der_iec_consent(self, settings: IecSettings, now: float) -> Consent:
        """Whether the car accepts these settings."""
        ...


@runtime_checkable
class SaeInletPort(Protocol):
    """A car with AC_DER_SAE."""

    def der_sae_car(self, now: float) -> SaeCar:
        """What the inverter can do, and how it does."""
        ...

    def der_sae_consent(self, settings: SaeSettings, now: float) -> Consent:
        """Whether the car accepts these settings."""
        ...
