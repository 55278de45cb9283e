"""Contactors, and the current that carries a power."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.errors import LocalError
from sim.circuit import CLOSE_DIFFERENCE_V, OPEN_CURRENT_A, Contactor, Violation, check_forward, current_for_power


def test_a_contactor_moves_after_its_delay_however_often_it_is_told() -> None:
    contactor = Contactor("K1", 0.05)
    contactor.want(10.0, closed=True)
    contactor.want(10.03, closed=True)
    assert contactor.due_s == 10.05
    assert contactor.settle(10.04, 0.0, 0.0) is None
    assert not contactor.closed
    assert contactor.settle(10.05, 0.0, 0.0) is None
    assert contactor.closed
    assert contactor.due_s == math.inf


def test_a_command_taken_back_in_time_moves_nothing() -> None:
    contactor = Contactor("K1", 0.05)
    contactor.want(0.0, closed=True)
    contactor.want(0.02, closed=False)
    assert contactor.due_s == math.inf
    assert not contactor.closed


def test_opening_under_current_is_recorded() -> None:
    contactor = Contactor("K1", 0.0)
    contactor.want(0.0, closed=True)
    contactor.settle(0.0, 0.0, CLOSE_DIFFERENCE_V)
    contactor.want(1.0, closed=False)
    assert contactor.settle(1.0, -12.0, 0.0) == Violation(time_s=1.0, what="K1 opened under -12.0 A")
    assert not contactor.closed


def test_opening_under_no_current_worth_naming_is_fine() -> None:
    contactor = Contactor("K1", 0.0)
    contactor.want(0.0, closed=True)
    contactor.settle(0.0, 0.0, 0.0)
    contactor.want(1.0, closed=False)
    assert contactor.settle(1.0, OPEN_CURRENT_A, 400.0) is None


def test_closing_on_a_difference_of_voltage_is_recorded() -> None:
    contactor = Contactor("K1", 0.0)
    contactor.want(0.0, closed=True)
    assert contactor.settle(0.0, 0.0, -400.0) == Violation(time_s=0.0, what="K1 closed on a difference of -400 V")


def test_a_stuck_contactor_stays_where_it_is() -> None:
    contactor = Contactor("K1", 0.0)
    contactor.stuck = True
    contactor.want(0.0, closed=True)
    assert contactor.settle(0.0, 0.0, 400.0) is None
    assert not contactor.closed
    assert contactor.due_s == math.inf


@given(st.floats(-20_000.0, 20_000.0), st.floats(200.0, 800.0), st.floats(0.0, 0.5))
def test_the_current_carries_the_power(power_w: float, source_v: float, source_ohm: float) -> None:
    current_a = current_for_power(power_w, source_v, source_ohm)
    assert (source_v + source_ohm * current_a) * current_a == pytest.approx(power_w, rel=1e-9, abs=1e-9)


def test_more_than_a_source_can_give_is_answered_with_its_most() -> None:
    assert current_for_power(-1e9, 400.0, 0.1) == -2000.0
    assert current_for_power(1000.0, 0.0, 0.1) == 0.0


@pytest.mark.parametrize("to_s", [0.5, math.inf, math.nan])
def test_time_goes_forward_only(to_s: float) -> None:
    check_forward(1.0, 1.0)
    with pytest.raises(LocalError, match="can't go"):
        check_forward(1.0, to_s)
