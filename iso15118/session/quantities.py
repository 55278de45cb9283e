"""RationalNumber to and from floats, and the signs of discharge limits."""

from __future__ import annotations

from iso15118.messages.iso20.common.schedule_exchange import PowerScheduleEntry
from iso15118.messages.iso20.types import RationalNumber
from iso15118.units import decimal, decimal_toward_zero

__all__ = ["ZERO", "entry_power", "limit", "magnitude", "number", "rational"]

ZERO = RationalNumber(exponent=0, value=0)


def rational(quantity: float, *, step: int = -1) -> RationalNumber:
    """Nearest RationalNumber; ``step`` is the power of ten to round to (units.decimal)."""
    exponent, value = decimal(quantity, step=step)
    return RationalNumber(exponent=exponent, value=value)


def limit(quantity: float, *, step: int = -1) -> RationalNumber:
    """RationalNumber of a limit, rounded toward zero so that it never allows more than was meant."""
    exponent, value = decimal_toward_zero(quantity, step=step)
    return RationalNumber(exponent=exponent, value=value)


def number(quantity: RationalNumber) -> float:
    """The float a RationalNumber stands for, in the field's unit."""
    if quantity.exponent < 0:
        return float(quantity.value / 10.0**-quantity.exponent)
    return float(quantity.value * 10.0**quantity.exponent)


def magnitude(quantity: RationalNumber) -> float:
    """Magnitude of a discharge limit: peers disagree about its sign."""
    return abs(number(quantity))


def entry_power(entry: PowerScheduleEntry) -> float:
    """Power of a schedule's or a profile's step, W; of all lines together where it has more than one."""
    return sum(number(power) for power in (entry.power, entry.power_l2, entry.power_l3) if power is not None)
