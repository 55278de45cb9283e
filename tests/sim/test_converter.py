"""The power stage: ratings, ramps, voltages that settle, losses of its own."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.errors import LocalError
from sim.converter import Converter, ConverterConfig, Limit, Mode

INF = math.inf
NO_HURRY = 1e6


def settled(converter: Converter, source_v: float = 400.0, source_ohm: float = 0.0) -> float:
    """Run until the current no longer moves and return it."""
    for _ in range(10_000):
        before_a = converter.current_a
        converter.track(source_v, source_ohm, INF, INF, 0.1)
        end_v = source_v + source_ohm * converter.current_a
        converter.deliver(end_v, end_v, 0.1)
        if converter.current_a == converter.mean_a == before_a:
            return before_a
    raise AssertionError("the current never settled")


def test_a_new_stage_is_off_and_dead() -> None:
    converter = Converter()
    assert (converter.mode, converter.voltage_v, converter.current_a, converter.ac_power_w) == (Mode.OFF, 0.0, 0.0, 0.0)
    assert converter.settle_s() == 0.0


def test_an_open_output_slews_to_its_set_point_and_stays() -> None:
    converter = Converter(ConverterConfig(slew_v_per_s=200.0))
    converter.set_voltage(400.0)
    assert converter.settle_s() == 2.0
    converter.idle(1.5)
    assert converter.voltage_v == pytest.approx(300.0)
    converter.idle(0.5)
    assert converter.voltage_v == 400.0
    converter.idle(60.0)
    assert converter.voltage_v == 400.0
    converter.set_voltage(380.0)
    converter.idle(0.05)
    assert converter.voltage_v == pytest.approx(390.0)


def test_an_output_that_is_switched_off_decays_below_60_v_within_a_second() -> None:
    whole, pieces = Converter(), Converter()
    for converter in (whole, pieces):
        converter.set_voltage(420.0)
        converter.idle(10.0)
        converter.off()
    whole.idle(1.0)
    for _ in range(100):
        pieces.idle(0.01)
    assert 0.0 < whole.voltage_v < 60.0
    assert pieces.voltage_v == pytest.approx(whole.voltage_v)


@pytest.mark.parametrize(("asked_v", "held_v"), [(-5.0, 0.0), (499.0, 499.0), (1000.0, 500.0)])
def test_voltage_set_points_are_cut_to_the_rating(asked_v: float, held_v: float) -> None:
    converter = Converter(ConverterConfig(max_voltage_v=500.0))
    converter.set_voltage(asked_v)
    converter.idle(100.0)
    assert converter.voltage_v == held_v


def test_holding_a_voltage_drives_no_current_into_a_load() -> None:
    converter = Converter()
    converter.set_voltage(400.0)
    assert settled(converter, 380.0) == 0.0


@pytest.mark.parametrize("power_w", [11_000.0, 3_000.0, 1.0, 0.0, -1.0, -3_000.0, -11_000.0])
@pytest.mark.parametrize("source_ohm", [0.0, 0.1])
@pytest.mark.parametrize("standby_w", [0.0, 40.0])
def test_the_ac_side_gets_what_was_asked(power_w: float, source_ohm: float, standby_w: float) -> None:
    converter = Converter(
        ConverterConfig(standby_w=standby_w, max_import_power_w=12_000.0, max_export_power_w=12_000.0)
    )
    converter.set_ac_power(power_w)
    settled(converter, 400.0, source_ohm)
    assert converter.ac_power_w == pytest.approx(power_w, abs=1e-6)
    assert converter.limit is Limit.NONE


def test_efficiency_has_a_direction() -> None:
    converter = Converter(ConverterConfig(charge_efficiency=0.96, discharge_efficiency=0.9))
    converter.set_current(10.0)
    settled(converter, 400.0)
    assert converter.dc_power_w == pytest.approx(4000.0)
    assert converter.ac_power_w == pytest.approx(4000.0 / 0.96)
    converter.set_current(-10.0)
    settled(converter, 400.0)
    assert converter.dc_power_w == pytest.approx(-4000.0)
    assert converter.ac_power_w == pytest.approx(-4000.0 * 0.9)


@pytest.mark.parametrize(
    ("current_a", "loss_w"), [(10.0, 4000.0 * (1.0 / 0.95 - 1.0) + 25.0), (-10.0, 4000.0 * (1.0 - 0.95) + 25.0)]
)
def test_losses_have_a_formula_of_their_own(current_a: float, loss_w: float) -> None:
    converter = Converter(ConverterConfig(standby_w=25.0))
    converter.set_current(current_a)
    settled(converter)
    before_wh = converter.loss_wh
    converter.track(400.0, 0.0, INF, INF, 0.1)
    ac_w = converter.deliver(400.0, 400.0, 3600.0)
    assert converter.loss_wh - before_wh == pytest.approx(loss_w)
    assert ac_w - 400.0 * current_a == pytest.approx(loss_w)


def test_standby_is_drawn_while_on_and_only_then() -> None:
    converter = Converter(ConverterConfig(standby_w=25.0))
    assert converter.idle(3600.0) == 0.0
    converter.set_voltage(400.0)
    assert converter.idle(3600.0) == 25.0
    assert converter.loss_wh == 25.0
    assert converter.ac_power_w == 25.0


@pytest.mark.parametrize(
    ("power_w", "limit"), [(50_000.0, Limit.POWER), (-50_000.0, Limit.POWER), (11_000.0, Limit.NONE)]
)
def test_power_is_cut_to_the_rating_at_the_meter(power_w: float, limit: Limit) -> None:
    converter = Converter(ConverterConfig(max_charge_current_a=100.0, max_discharge_current_a=100.0))
    converter.set_ac_power(power_w)
    settled(converter, 390.0, 0.1)
    assert converter.ac_power_w == pytest.approx(math.copysign(11_000.0, power_w))
    assert converter.limit is limit


def test_the_dc_side_of_the_power_ratings() -> None:
    config = ConverterConfig(max_import_power_w=10_000.0, max_export_power_w=9_000.0, standby_w=100.0)
    assert config.max_charge_power_w == pytest.approx(9_900.0 * 0.95)
    assert config.max_discharge_power_w == pytest.approx(9_100.0 / 0.95)


@pytest.mark.parametrize("current_a", [30.0, -30.0])
def test_current_is_cut_to_the_rating(current_a: float) -> None:
    converter = Converter(ConverterConfig(max_charge_current_a=12.0, max_discharge_current_a=12.0))
    converter.set_current(current_a)
    assert settled(converter) == math.copysign(12.0, current_a)
    assert converter.limit is Limit.CURRENT


def test_voltage_bounds_the_current() -> None:
    converter = Converter(ConverterConfig(min_voltage_v=200.0, max_voltage_v=401.0))
    converter.set_current(20.0)
    assert settled(converter, 400.0, 0.1) == pytest.approx(10.0)
    assert converter.limit is Limit.VOLTAGE
    assert settled(converter, 405.0, 0.1) == 0.0
    assert settled(converter, 405.0, 0.0) == 0.0
    converter.set_current(-5.0)
    assert settled(converter, 199.0) == 0.0
    assert converter.limit is Limit.VOLTAGE


def test_current_ramps_and_the_step_ends_where_the_ramp_does() -> None:
    converter = Converter(ConverterConfig(ramp_a_per_s=20.0, ramp_step_s=0.1))
    converter.set_current(5.0)
    lengths, means = [], []
    while converter.current_a != 5.0:
        lengths.append(converter.track(400.0, 0.0, INF, INF, NO_HURRY))
        means.append(converter.mean_a)
    assert lengths == pytest.approx([0.1, 0.1, 0.05])
    assert means == pytest.approx([1.0, 3.0, 4.5])
    assert converter.track(400.0, 0.0, INF, INF, 0.7) == 0.7


def test_a_reversal_passes_through_zero_and_no_step_has_both_signs() -> None:
    converter = Converter(ConverterConfig(ramp_a_per_s=20.0))
    converter.set_current(3.0)
    settled(converter)
    converter.set_current(-3.0)
    seen = []
    passed_s = 0.0
    while converter.current_a != -3.0:
        before_a = converter.current_a
        passed_s += converter.track(400.0, 0.0, INF, INF, NO_HURRY)
        assert before_a * converter.current_a >= 0.0
        seen.append(converter.current_a)
    assert 0.0 in seen
    assert passed_s == pytest.approx(6.0 / 20.0)


def test_off_stops_faster_than_a_set_point_of_zero() -> None:
    def seconds_to_zero(stop: str) -> float:
        converter = Converter()
        converter.set_current(20.0)
        settled(converter)
        if stop == "off":
            converter.off()
        else:
            converter.set_current(0.0)
        passed_s = 0.0
        while converter.current_a:
            passed_s += converter.track(400.0, 0.0, INF, INF, NO_HURRY)
        return passed_s

    assert seconds_to_zero("off") == pytest.approx(0.1)
    assert seconds_to_zero("zero") == pytest.approx(1.0)


def test_limits_of_the_load_hold_at_once() -> None:
    converter = Converter()
    converter.set_current(28.0)
    settled(converter)
    converter.track(400.0, 0.0, 10.0, 5.0, 1.0)
    assert (converter.mean_a, converter.limit) == (10.0, Limit.LOAD)
    converter.set_current(-28.0)
    for _ in range(100):
        converter.track(400.0, 0.0, 10.0, 5.0, 1.0)
    assert (converter.current_a, converter.limit) == (-5.0, Limit.LOAD)
    converter.track(400.0, 0.0, 0.0, 0.0, 1.0)
    assert converter.current_a == 0.0


@given(st.lists(st.tuples(st.sampled_from(["off", "a", "w"]), st.floats(-50_000.0, 50_000.0)), max_size=12))
def test_no_command_leads_beyond_the_ratings(commands: list[tuple[str, float]]) -> None:
    converter = Converter(ConverterConfig())
    for kind, value in commands:
        match kind:
            case "off":
                converter.off()
            case "a":
                converter.set_current(value)
            case _:
                converter.set_ac_power(value)
        for _ in range(30):
            converter.track(390.0, 0.1, INF, INF, 0.25)
            end_v = 390.0 + 0.1 * converter.current_a
            converter.deliver(end_v, end_v, 0.25)
            assert abs(converter.current_a) <= 40.0
            assert abs(converter.ac_power_w) <= 11_000.0 * (1 + 1e-6)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_set_point_is_a_number(value: float) -> None:
    converter = Converter()
    for command in (converter.set_voltage, converter.set_current, converter.set_ac_power):
        with pytest.raises(LocalError, match="finite"):
            command(value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ramp_a_per_s": 0.0},
        {"standby_w": -1.0},
        {"charge_efficiency": 1.1},
        {"discharge_efficiency": 0.0},
        {"min_voltage_v": 600.0},
        {"max_voltage_v": math.inf},
    ],
)
def test_a_stage_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(LocalError):
        ConverterConfig(**wrong)
