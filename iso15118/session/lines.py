"""Power of single lines: how messages spell it, and how limits and set points are shared out. For both sides.

A value without suffix belongs to L1 where the same mode has ``_L2`` or ``_L3`` for it, else to all lines together
(docs/open-points.md, "units of messages").
"""

from __future__ import annotations

import math
from collections.abc import Callable

from iso15118.messages.iso20.types import RationalNumber
from iso15118.session.ports.ac import AcLimits, PerLine
from iso15118.session.ports.station import ChargerLimits
from iso15118.session.quantities import limit, number, rational

__all__ = [
    "NOTHING",
    "balanced",
    "clip",
    "has_negative",
    "inside",
    "minimum",
    "nearer_zero",
    "read_limits",
    "read_lines",
    "share",
    "smaller",
    "spell",
    "spell_limit",
    "together",
]

NOTHING = AcLimits(max_charge_power_w=(0.0,) * 3, max_discharge_power_w=(0.0,) * 3)
"""Limits that allow nothing: what those start from who have told none."""
_ROUNDING_W = 1e-6
_SUFFIXES = ("", "_l2", "_l3")


def read_lines(mode: object, name: str, lines: int) -> PerLine | None:
    """The value of each line of a field of a mode, signs as they are; None when the mode does not have it.

    A total is shared evenly; a line that is left out while another has a suffix has zero. With one line only the value
    without suffix counts.
    """
    values = [getattr(mode, name + suffix, None) for suffix in _SUFFIXES]
    if values[0] is None:
        return None
    first = number(values[0])
    if lines == 1:
        return (first,)
    if values[1] is None and values[2] is None:
        return (first / lines,) * lines
    return tuple(0.0 if value is None else number(value) for value in values)


def read_limits(mode: object, side: str, base: AcLimits) -> AcLimits:
    """Limits of a peer from any energy transfer or control mode; what it leaves out stays as in ``base``.

    Args:
        mode: What was received.
        side: ``ev`` or ``evse``: how the names of its fields begin.
        base: What was known before; its number of lines counts.
    """

    def read(name: str, before: PerLine) -> PerLine:
        values = read_lines(mode, f"{side}_{name}_power", base.lines)
        if values is None:
            return before
        # The sign of discharge limits is disagreed about; a charge limit below zero allows nothing.
        return tuple(abs(value) if "discharge" in name else max(0.0, value) for value in values)

    return AcLimits(
        max_charge_power_w=read("maximum_charge", base.max_charge_power_w),
        min_charge_power_w=read("minimum_charge", base.min_charge_power_w),
        max_discharge_power_w=read("maximum_discharge", base.max_discharge_power_w),
        min_discharge_power_w=read("minimum_discharge", base.min_discharge_power_w),
    )


def has_negative(mode: object, *names: str) -> bool:
    """Whether a field, or one of its lines, is below zero."""
    values = (getattr(mode, name + suffix, None) for name in names for suffix in _SUFFIXES)
    return any(isinstance(value, RationalNumber) and value.value < 0 for value in values)


def spell(name: str, values: PerLine) -> dict[str, RationalNumber]:
    """Fields of a mode for a measurement or a target, one a line."""
    return {name + suffix: rational(value) for suffix, value in zip(_SUFFIXES, values, strict=False)}


def spell_limit(name: str, values: PerLine, sign: int = 1) -> dict[str, RationalNumber]:
    """Fields of a mode for a limit, one a line, rounded toward zero."""
    return {name + suffix: limit(sign * value) for suffix, value in zip(_SUFFIXES, values, strict=False)}


def _each(pick: Callable[[float, float], float], one: PerLine, other: PerLine) -> PerLine:
    return tuple(pick(a, b) for a, b in zip(one, other, strict=True))


def smaller(one: float, other: float) -> float:
    """The smaller of two limits; nothing where one is no number: whoever says so knows none."""
    return 0.0 if math.isnan(one) or math.isnan(other) else min(one, other)


def minimum(one: AcLimits, other: AcLimits) -> AcLimits:
    """What both allow, line by line: the smaller maxima and the larger minima."""
    return AcLimits(
        max_charge_power_w=_each(smaller, one.max_charge_power_w, other.max_charge_power_w),
        min_charge_power_w=_each(max, one.min_charge_power_w, other.min_charge_power_w),
        max_discharge_power_w=_each(smaller, one.max_discharge_power_w, other.max_discharge_power_w),
        min_discharge_power_w=_each(max, one.min_discharge_power_w, other.min_discharge_power_w),
    )


def inside(power_w: PerLine, bounds: AcLimits) -> PerLine:
    """Power inside the maxima."""
    limits = zip(power_w, bounds.max_charge_power_w, bounds.max_discharge_power_w, strict=True)
    return tuple(max(min(power, charge), -discharge) for power, charge, discharge in limits)


def nearer_zero(one: PerLine, other: PerLine) -> PerLine:
    """Of each line the smaller power, and none where the two have different directions."""
    pairs = zip(one, other, strict=True)
    return tuple(math.copysign(min(abs(a), abs(b)), b) if a * b > 0 else 0.0 for a, b in pairs)


def balanced(power_w: PerLine, asymmetry_w: float | None) -> PerLine:
    """The same, or nothing at all where two lines differ by more than they may."""
    if asymmetry_w is not None and max(power_w) - min(power_w) > asymmetry_w + _ROUNDING_W:
        return (0.0,) * len(power_w)
    return power_w


def clip(power_w: PerLine, bounds: AcLimits) -> PerLine:
    """Power inside the maxima; what is then smaller than the minimum of its direction is zero: it can't be served."""
    clipped = []
    for line, value in enumerate(inside(power_w, bounds)):
        least = bounds.min_charge_power_w[line] if value > 0 else bounds.min_discharge_power_w[line]
        clipped.append(value if abs(value) >= least else 0.0)
    return tuple(clipped)


def share(total_w: float, bounds: AcLimits, asymmetry_w: float | None = None) -> PerLine:
    """Share a set point out over the lines as evenly as their limits allow.

    Args:
        total_w: The set point; infinite for as much as possible.
        bounds: Limits of each line.
        asymmetry_w: How far two lines may differ; None for any. What can't be shared out inside it is left out.
    """
    most = bounds.max_charge_power_w if total_w > 0 else bounds.max_discharge_power_w
    if asymmetry_w is not None:
        most = tuple(min(value, min(most) + asymmetry_w) for value in most)
    left, powers = abs(total_w), [0.0] * len(most)
    # The line with the least room is filled first, so that each later one takes an even share of what is left.
    for done, line in enumerate(sorted(range(len(most)), key=lambda line: most[line])):
        powers[line] = min(most[line], left / (len(most) - done))
        left -= powers[line] if math.isfinite(left) else 0.0
    # A line below its minimum may have left the others alone.
    return balanced(clip(tuple(math.copysign(power, total_w) for power in powers), bounds), asymmetry_w)


def together(limits: AcLimits, voltage_v: float) -> ChargerLimits:
    """Limits of all lines together, for those who think in one power; currents are of the largest line."""
    return ChargerLimits(
        max_charge_power_w=sum(limits.max_charge_power_w),
        min_charge_power_w=sum(limits.min_charge_power_w),
        max_charge_current_a=max(limits.max_charge_power_w) / voltage_v,
        min_charge_current_a=max(limits.min_charge_power_w) / voltage_v,
        max_discharge_power_w=sum(limits.max_discharge_power_w),
        min_discharge_power_w=sum(limits.min_discharge_power_w),
        max_discharge_current_a=max(limits.max_discharge_power_w) / voltage_v,
        min_discharge_current_a=max(limits.min_discharge_power_w) / voltage_v,
        max_voltage_v=voltage_v,
        min_voltage_v=voltage_v,
    )
