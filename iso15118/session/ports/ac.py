"""What an AC session asks its surroundings, line by line; level-triggered as everything in ``ports``.

A station or car with these ports can run AC services besides those of ``ports``; one without them is never asked. A
tuple has one value (single-phase) or three. Signs: positive into the car; limits are magnitudes >= 0, and zero means
zero.
"""

from __future__ import annotations

import math
from typing import Protocol, runtime_checkable

import msgspec

from iso15118.errors import LocalError

__all__ = [
    "AcAbilities",
    "AcAbilitiesPort",
    "AcInletPort",
    "AcLimits",
    "AcOutlet",
    "AcOutletPort",
    "AcReading",
    "AcSupport",
    "AcSupportPort",
    "PerLine",
]

PerLine = tuple[float, ...]
"""One value a line: L1, or L1, L2 and L3."""


def _check(lines: set[int], what: str) -> None:
    if lines not in ({1}, {3}):
        raise LocalError(f"{what} needs one value for every line, 1 or 3, not {sorted(lines)}")


class AcLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What an AC outlet, or the charger in a car, can do now; magnitudes in W, one value a line.

    How many values there are says how many lines there are.
    """

    max_charge_power_w: PerLine = (3_680.0, 3_680.0, 3_680.0)
    min_charge_power_w: PerLine = (0.0, 0.0, 0.0)
    max_discharge_power_w: PerLine = (3_680.0, 3_680.0, 3_680.0)
    min_discharge_power_w: PerLine = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        """Refuse limits of different numbers of lines.

        Raises:
            LocalError: Not one or three values, or not everywhere as many.
        """
        _check({len(getattr(self, name)) for name in self.__struct_fields__}, "AcLimits")

    @property
    def lines(self) -> int:
        """Number of lines, 1 or 3."""
        return len(self.max_charge_power_w)

    def first(self, lines: int) -> AcLimits:
        """The same for the first ``lines`` lines: a three-phase outlet with a single-phase car.

        Of more lines than there are the others allow nothing: an outlet that has lost two of three.
        """
        none = (0.0,) * lines
        return AcLimits(**{name: (*getattr(self, name), *none)[:lines] for name in self.__struct_fields__})

    def with_discharge_cap(self, most_w: PerLine) -> AcLimits:
        """The same with the discharge of each line capped; a single value, or the last, goes for all that are left."""
        caps = (*most_w, *(most_w[-1:] * self.lines))[: self.lines]
        capped = tuple(min(pair) for pair in zip(self.max_discharge_power_w, caps, strict=True))
        return msgspec.structs.replace(self, max_discharge_power_w=capped)


class AcOutlet(msgspec.Struct, frozen=True, kw_only=True):
    """What the grid behind an AC outlet is like."""

    nominal_voltage_v: float = 230.0
    """Line to neutral."""
    nominal_frequency_hz: float = 50.0
    power_ramp_w_per_s: float | None = None
    max_power_asymmetry_w: float | None = None
    """How far the power of two lines may differ; None for any."""


class AcReading(msgspec.Struct, frozen=True, kw_only=True):
    """AC as measured at the outlet or at the inlet."""

    power_w: PerLine = (0.0, 0.0, 0.0)
    """Active power."""
    reactive_var: PerLine = (0.0, 0.0, 0.0)
    """Reactive power; positive when the car draws it."""
    islanded: bool = False
    """Of a car: its charger has detected that the grid is gone (islanding detection of AC_BPT)."""

    def current_a(self, voltage_v: float) -> float:
        """Current of the line that carries most, from its apparent power; infinite when a sensor says NaN."""
        apparent = [math.hypot(*pair) for pair in zip(self.power_w, self.reactive_var, strict=False)]
        if any(math.isnan(value) for value in apparent):
            return math.inf
        return max(apparent, default=0.0) / voltage_v


class AcSupport(msgspec.Struct, frozen=True, kw_only=True):
    """What a station asks of a car beside active power."""

    reactive_var: PerLine = ()
    """Reactive power of each line, positive when the car draws it; empty: none is asked for."""
    frequency_hz: float | None = None


class AcAbilities(msgspec.Struct, frozen=True, kw_only=True):
    """What the charger in a car can do beside active power, which comes first; one value a line, 1 or 3."""

    max_reactive_var: PerLine = (0.0, 0.0, 0.0)
    """Magnitude, in either direction."""
    max_apparent_va: PerLine = (math.inf, math.inf, math.inf)
    """What active and reactive power may make together."""

    def __post_init__(self) -> None:
        """Refuse abilities of different numbers of lines.

        Raises:
            LocalError: Not one or three values, or not everywhere as many.
        """
        _check({len(self.max_reactive_var), len(self.max_apparent_va)}, "AcAbilities")


class AcSupportPort(Protocol):
    """Support of the grid that a station asks for."""

    def ac_support(self, now: float) -> AcSupport:
        """By default nothing."""
        return AcSupport()


class AcAbilitiesPort(Protocol):
    """Support of the grid that the charger in a car can give."""

    def ac_abilities(self, now: float) -> AcAbilities:
        """By default none."""
        return AcAbilities()


@runtime_checkable
class AcOutletPort(Protocol):
    """The AC outlet of a station. Contactor, faults and emergency stop are read from ``StagePort`` as in DC."""

    def ac_outlet(self, now: float) -> AcOutlet:
        """What the grid is like."""
        ...

    def ac_limits(self, now: float) -> AcLimits:
        """What the outlet can do."""
        ...

    def ac_reading(self, now: float) -> AcReading:
        """What flows through it."""
        ...


@runtime_checkable
class AcInletPort(Protocol):
    """The charger in a car."""

    def ac_limits(self, now: float) -> AcLimits:
        """What the charger can do, the battery included."""
        ...

    def ac_reading(self, now: float) -> AcReading:
        """What flows through it."""
        ...
