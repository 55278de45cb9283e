"""RationalNumber to and from floats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.messages.iso20.types import RationalNumber
from iso15118.session.quantities import ZERO, limit, magnitude, number, rational


@pytest.mark.parametrize(
    ("exponent", "value", "expected"),
    [
        (0, 0, 0.0),
        (-1, 4_000, 400.0),
        (3, 11, 11_000.0),
        (-2, -1_234, -12.34),
        (127, 32_767, 3.2767e131),
        (-128, 1, 1e-128),
    ],
)
def test_number(exponent: int, value: int, expected: float) -> None:
    assert number(RationalNumber(exponent=exponent, value=value)) == pytest.approx(expected)


@given(st.integers(-128, 127), st.integers(-32_768, 32_767))
def test_magnitude_has_no_sign(exponent: int, value: int) -> None:
    quantity = RationalNumber(exponent=exponent, value=value)
    assert magnitude(quantity) == abs(number(quantity))


@given(st.floats(-500_000.0, 500_000.0))
def test_there_and_back(quantity: float) -> None:
    wire = rational(quantity)
    assert number(wire) == pytest.approx(quantity, abs=10.0**wire.exponent)
    assert abs(number(limit(quantity))) <= abs(quantity) + 1e-6 * 10.0 ** limit(quantity).exponent


def test_zero() -> None:
    assert number(ZERO) == number(rational(0.0)) == 0.0
