"""Quantities on the wire."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.units import decimal, decimal_toward_zero

VALUES = (-32_768, 32_767)
QUANTITIES = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("quantity", "step", "wire"),
    [
        (0.0, -1, (-1, 0)),
        (-0.0, -1, (-1, 0)),
        (400.0, -1, (-1, 4_000)),
        (3_276.7, -1, (-1, 32_767)),
        (3_276.8, -1, (0, 3_277)),
        (-3_276.8, -1, (-1, -32_768)),
        (150_000.0, -1, (1, 15_000)),
        (-11_000.0, -1, (0, -11_000)),
        (12.345, -2, (-2, 1_234)),
        (12.345, 0, (0, 12)),
        (60_000.0, 0, (1, 6_000)),
        (0.3, -1, (-1, 3)),
        (1e130, -1, (126, 10_000)),
    ],
)
def test_decimal(quantity: float, step: int, wire: tuple[int, int]) -> None:
    assert decimal(quantity, step=step) == wire


@pytest.mark.parametrize(
    ("quantity", "step", "wire"),
    [
        (0.1 * 3, -1, (-1, 3)),  # 0.30000000000000004
        (0.29999999999, -1, (-1, 3)),  # as near to 0.3 as rounding errors bring it
        (0.39, -1, (-1, 3)),
        (-0.39, -1, (-1, -3)),
        (11_000.9, 0, (0, 11_000)),
        (32_769.0, 0, (1, 3_276)),
        (-32_769.0, 0, (1, -3_276)),
    ],
)
def test_decimal_toward_zero(quantity: float, step: int, wire: tuple[int, int]) -> None:
    assert decimal_toward_zero(quantity, step=step) == wire


@given(QUANTITIES, st.integers(-3, 2))
def test_decimal_is_as_near_as_its_exponent_allows(quantity: float, step: int) -> None:
    exponent, value = decimal(quantity, step=step)
    assert VALUES[0] <= value <= VALUES[1]
    assert exponent >= step
    assert abs(value * 10.0**exponent - quantity) <= 10.0**exponent * 0.500001
    if exponent > step:  # a finer one would not have fitted
        assert abs(quantity) > 32_767 * 10.0 ** (exponent - 1) * 0.99999


@given(QUANTITIES)
def test_a_limit_never_allows_more_than_was_meant(quantity: float) -> None:
    exponent, value = decimal_toward_zero(quantity)
    assert abs(value * 10.0**exponent) <= abs(quantity) + 1e-6 * 10.0**exponent
    assert value == 0 or (value > 0) is (quantity > 0)


@pytest.mark.parametrize("quantity", [math.nan, math.inf, -math.inf, 1e131, -1e131])
def test_what_no_field_can_carry(quantity: float) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        decimal(quantity)
    with pytest.raises(ValueError, match="not a quantity"):
        decimal_toward_zero(quantity)


@pytest.mark.parametrize("step", [-129, 128])
def test_step_is_an_exponent(step: int) -> None:
    with pytest.raises(ValueError, match="step"):
        decimal(1.0, step=step)
