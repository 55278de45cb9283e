"""Power of single lines: spelled, read, clipped and shared out."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.errors import LocalError
from iso15118.messages.iso20 import ac
from iso15118.session.lines import (
    NOTHING,
    clip,
    has_negative,
    minimum,
    read_limits,
    read_lines,
    share,
    spell,
)
from iso15118.session.ports.ac import AcLimits, AcReading
from iso15118.session.quantities import rational

WATTS = st.floats(0.0, 50_000.0)


@st.composite
def limits(draw: st.DrawFn, lines: int | None = None) -> AcLimits:
    count = lines or draw(st.sampled_from([1, 3]))
    names = AcLimits.__struct_fields__
    return AcLimits(**{name: draw(st.tuples(*[WATTS] * count)) for name in names})


def mode(**watts: float) -> ac.Scheduled_AC_CLReqControlMode:
    fields: dict[str, Any] = {"ev_present_active_power": 0.0} | watts
    return ac.Scheduled_AC_CLReqControlMode(**{name: rational(value) for name, value in fields.items()})


@pytest.mark.parametrize(
    ("fields", "lines", "expected"),
    [
        ({"": 3_000.0}, 1, (3_000.0,)),
        ({"": 3_000.0}, 3, (1_000.0,) * 3),  # a total
        ({"": -3_000.0}, 3, (-1_000.0,) * 3),
        ({"": 1.0, "_l2": 2.0, "_l3": 3.0}, 3, (1.0, 2.0, 3.0)),
        ({"": 1.0, "_l2": 2.0}, 3, (1.0, 2.0, 0.0)),
        ({"": 1.0, "_l3": 3.0}, 3, (1.0, 0.0, 3.0)),
        ({"": 1.0, "_l2": 2.0, "_l3": 3.0}, 1, (1.0,)),
        ({}, 3, (0.0,) * 3),
    ],
)
def test_the_suffixes_say_what_a_value_belongs_to(
    fields: dict[str, float], lines: int, expected: tuple[float, ...]
) -> None:
    said = mode(**{f"ev_present_active_power{suffix}": value for suffix, value in fields.items()})
    assert read_lines(said, "ev_present_active_power", lines) == pytest.approx(expected)


@pytest.mark.parametrize("lines", [1, 3])
def test_what_is_spelled_is_read_back(lines: int) -> None:
    values = (1_500.0, -20.0, 0.5)[:lines]
    fields: dict[str, Any] = spell("ev_present_active_power", values)
    assert len(fields) == lines
    assert read_lines(ac.Scheduled_AC_CLReqControlMode(**fields), "ev_present_active_power", lines) == values


def test_what_a_mode_leaves_out_stays() -> None:
    base = AcLimits(max_charge_power_w=(5.0,) * 3)
    assert read_lines(mode(), "ev_maximum_charge_power", 3) is None
    assert read_limits(mode(), "ev", base) == base
    assert read_limits(mode(ev_maximum_charge_power=0.0), "ev", base).max_charge_power_w == (0.0,) * 3


def test_signs_on_the_wire() -> None:
    """Discharge limits by magnitude, a charge limit below zero allows nothing."""
    fields = {name: rational(-900.0) for name in ("ev_maximum_charge_power", "ev_maximum_discharge_power")}
    told = ac.BPT_Scheduled_AC_CLReqControlMode(ev_present_active_power=rational(0.0), **fields)
    read = read_limits(told, "ev", NOTHING)
    assert read.max_charge_power_w == (0.0,) * 3
    assert read.max_discharge_power_w == (300.0,) * 3
    assert has_negative(told, "ev_maximum_charge_power")
    assert has_negative(mode(ev_maximum_charge_power=1.0, ev_maximum_charge_power_l3=-1.0), "ev_maximum_charge_power")
    assert not has_negative(mode(), "ev_maximum_charge_power")


@given(limits(3), limits(3))
def test_what_both_allow_is_allowed_by_each(one: AcLimits, other: AcLimits) -> None:
    both = minimum(one, other)
    for each in (one, other):
        for name in AcLimits.__struct_fields__:
            for value, bound in zip(getattr(both, name), getattr(each, name), strict=True):
                assert value <= bound if name.startswith("max") else value >= bound


@given(limits(), st.floats(-200_000.0, 200_000.0) | st.sampled_from([math.inf, -math.inf]), st.none() | WATTS)
def test_a_shared_set_point_keeps_every_limit(bounds: AcLimits, total: float, asymmetry: float | None) -> None:
    powers = share(total, bounds, asymmetry)
    assert len(powers) == bounds.lines
    assert abs(sum(powers)) <= abs(total) * (1 + 1e-9)
    for line, power in enumerate(powers):
        assert power == 0.0 or (power > 0.0) is (total > 0.0)
        assert -bounds.max_discharge_power_w[line] <= power <= bounds.max_charge_power_w[line]
        least = bounds.min_charge_power_w if power > 0 else bounds.min_discharge_power_w
        assert power == 0.0 or abs(power) >= least[line]
    if asymmetry is not None:
        assert max(powers) - min(powers) <= asymmetry + 1e-6
    assert clip(powers, bounds) == powers


@given(st.tuples(WATTS, WATTS, WATTS), st.floats(0.0, 200_000.0))
def test_nothing_of_a_set_point_is_left_where_a_line_has_room(most: tuple[float, ...], total: float) -> None:
    powers = share(total, AcLimits(max_charge_power_w=most))
    assert sum(powers) == pytest.approx(min(total, sum(most)), abs=1e-6)
    full = [power for power, bound in zip(powers, most, strict=True) if power < bound - 1e-6]
    assert max(full, default=0.0) == pytest.approx(min(full, default=0.0), abs=1e-6)  # the others carry the same


@pytest.mark.parametrize("total", [10_000.0, -10_000.0, 0.1, 1_000.0 / 3])
def test_lines_that_may_not_differ_still_carry_what_thirds_do_not_add_up_to(total: float) -> None:
    """A deployed station tells MaximumPowerAsymmetry 0."""
    powers = share(total, AcLimits(), 0.0)
    assert sum(powers) == pytest.approx(total)
    assert max(powers) - min(powers) <= 1e-6


@pytest.mark.parametrize("values", [(), (1.0, 2.0), (1.0,) * 4])
def test_lines_are_one_or_three(values: tuple[float, ...]) -> None:
    with pytest.raises(LocalError, match="1 or 3"):
        AcLimits(**dict.fromkeys(AcLimits.__struct_fields__, values))
    with pytest.raises(LocalError, match="one value for every line"):
        AcLimits(max_charge_power_w=(1.0,))


def test_fewer_lines_and_more() -> None:
    bounds = AcLimits(max_charge_power_w=(1.0, 2.0, 3.0))
    assert bounds.first(1).max_charge_power_w == (1.0,)
    assert bounds.first(1).first(3).max_charge_power_w == (1.0, 0.0, 0.0)


def test_current_is_that_of_the_fullest_line_by_apparent_power() -> None:
    assert AcReading(power_w=(0.0, -690.0, 230.0), reactive_var=(0.0, 920.0, 0.0)).current_a(230.0) == 5.0
    assert AcReading(power_w=(230.0,)).current_a(230.0) == 1.0
    assert AcReading(power_w=(0.0, math.nan, 0.0)).current_a(230.0) == math.inf
    assert AcReading().current_a(230.0) == 0.0
