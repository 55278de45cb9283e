"""Physical quantities on the wire and inside.

Inside, power and current have one sign: positive into the battery, negative out of it. The wire has others; conversion
happens once, at each border (docs/open-points.md, "signs"). Imports nothing of ours, so that every layer may use it.
"""

from __future__ import annotations

import enum
import math
from typing import NewType

__all__ = ["DischargeLimitSign", "SignedPower", "decimal", "decimal_toward_zero"]

SignedPower = NewType("SignedPower", float)
"""Watts; positive into the battery, negative out of it."""

_EXPONENTS = (-128, 127)
_VALUES = (-32_768, 32_767)


class DischargeLimitSign(enum.Enum):
    """Which sign we give discharge limits on the wire; on input their magnitude is taken in any case.

    V2G20-1213 makes them non-positive; several deployed stacks send positive numbers. Default of a station:
    ``MIRROR_PEER`` (negative until the car has shown its own sign); of a car: ``NEGATIVE``.
    """

    POSITIVE = "positive"
    NEGATIVE = "negative"
    MIRROR_PEER = "mirror_peer"


def decimal(quantity: float, *, step: int = -1) -> tuple[int, int]:
    """Exponent and value of the RationalNumber nearest to ``quantity``.

    Args:
        quantity: In the unit the field asks for (V, A, W or Wh; never kW or mA).
        step: Power of ten to round to, if it fits: -1 keeps tenths. Range -128 to 127.

    Returns:
        The finest exponent from ``step`` upwards whose value fits 16 bits signed: ``decimal(400.0)`` is ``(-1, 4000)``,
        ``decimal(150_000.0)`` is ``(1, 15000)``.

    Raises:
        ValueError: The quantity is not finite or too large.

    Source: ``RationalNumberType`` in V2G_CI_CommonTypes.xsd (xs:byte, xs:short).
    """
    return _fit(quantity, step, round)


def decimal_toward_zero(quantity: float, *, step: int = -1) -> tuple[int, int]:
    """As ``decimal``, rounded toward zero: for limits, so that rounding never allows more than was meant."""
    return _fit(quantity, step, math.trunc)


def _fit(quantity: float, step: int, rounding: object) -> tuple[int, int]:
    if not math.isfinite(quantity) or abs(quantity) > 1e130:
        raise ValueError(f"not a quantity a RationalNumber can carry: {quantity}")
    if not _EXPONENTS[0] <= step <= _EXPONENTS[1]:
        raise ValueError(f"step {step} is outside {_EXPONENTS[0]} to {_EXPONENTS[1]}")
    exponent = step
    while True:
        scaled = quantity * 10.0**-exponent if exponent < 0 else quantity / 10.0**exponent
        # 0.1 * 3 is 0.30000000000000004: a hair below a whole number must not lose one step toward zero.
        scaled = round(scaled, 6) if abs(scaled) < 1e9 else scaled
        value = math.trunc(scaled) if rounding is math.trunc else round(scaled)
        if _VALUES[0] <= value <= _VALUES[1]:
            return exponent, value
        exponent += 1
