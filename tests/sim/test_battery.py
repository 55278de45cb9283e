"""The battery: energy held, limits, losses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.errors import LocalError
from sim.battery import OCV_BY_SOC, Battery, BatteryConfig

LINEAR = ((0.0, 330.0), (1.0, 420.0))


@pytest.mark.parametrize("table", [OCV_BY_SOC, LINEAR, ((0.0, 300.0), (0.1, 380.0), (1.0, 380.0))])
@pytest.mark.parametrize("steps", [1, 7, 997])
def test_60_kwh_usable_means_60_kwh_from_empty_to_full(table: tuple[tuple[float, float], ...], steps: int) -> None:
    battery = Battery(BatteryConfig(capacity_wh=60_000.0, ocv_by_soc=table), soc=0.0)
    current_a = battery.capacity_ah
    for _ in range(steps):
        battery.advance(current_a, 3600.0 / steps)
    assert battery.soc == pytest.approx(1.0, abs=1e-12)
    assert battery.battery_in_wh == pytest.approx(60_000.0, rel=1e-6)
    assert battery.energy_wh == pytest.approx(60_000.0, rel=1e-12)
    for _ in range(steps):
        battery.advance(-current_a, 3600.0 / steps)
    assert battery.soc == pytest.approx(0.0, abs=1e-12)
    assert battery.battery_out_wh == pytest.approx(60_000.0, rel=1e-6)


def test_energy_to_a_soc_is_signed_and_what_it_takes() -> None:
    battery = Battery(soc=0.6)
    assert battery.energy_to_soc_wh(0.6) == 0.0
    assert battery.energy_to_soc_wh(1.0) + battery.energy_wh == pytest.approx(60_000.0)
    assert battery.energy_to_soc_wh(0.0) == pytest.approx(-battery.energy_wh)

    needed_wh = battery.energy_to_soc_wh(0.85)
    battery.advance(30.0, 0.25 * battery.capacity_ah / 30.0 * 3600.0)
    assert battery.soc == pytest.approx(0.85)
    assert battery.battery_in_wh == pytest.approx(needed_wh)
    assert battery.energy_to_soc_wh(0.6) == pytest.approx(-needed_wh)


def test_terminal_voltage_rises_when_charging_and_sags_when_discharging() -> None:
    battery = Battery(BatteryConfig(resistance_ohm=0.1), soc=0.6)
    assert battery.ocv_v == battery.terminal_voltage(0.0) == pytest.approx(401.5)
    assert battery.terminal_voltage(30.0) == pytest.approx(404.5)
    assert battery.terminal_voltage(-30.0) == pytest.approx(398.5)


def test_advance_returns_the_mean_terminal_voltage_and_counts_heat_by_itself() -> None:
    battery = Battery(BatteryConfig(ocv_by_soc=LINEAR, resistance_ohm=0.2), soc=0.5)
    before_v = battery.ocv_v
    mean_v = battery.advance(-25.0, 600.0)
    assert mean_v == pytest.approx((before_v + battery.ocv_v) / 2.0 - 0.2 * 25.0)
    assert battery.loss_wh == pytest.approx(0.2 * 25.0**2 * 600.0 / 3600.0)
    assert (battery.battery_in_wh, battery.battery_out_wh > 0.0) == (0.0, True)


def test_no_current_changes_nothing() -> None:
    battery = Battery(soc=0.5)
    assert battery.advance(0.0, 1e6) == battery.ocv_v
    assert (battery.soc, battery.loss_wh, battery.battery_in_wh, battery.battery_out_wh) == (0.5, 0.0, 0.0, 0.0)


@given(st.floats(0.0, 1.0), st.lists(st.tuples(st.floats(-60.0, 60.0), st.floats(0.0, 900.0)), max_size=30))
def test_what_went_in_less_what_came_out_is_what_is_there(soc: float, steps: list[tuple[float, float]]) -> None:
    battery = Battery(soc=soc)
    start_wh = battery.energy_wh
    for current_a, dt_s in steps:
        battery.advance(current_a, dt_s)
    assert battery.energy_wh - start_wh == pytest.approx(battery.battery_in_wh - battery.battery_out_wh, abs=1e-4)
    assert battery.loss_wh >= 0.0


def test_one_long_step_and_many_short_ones_agree() -> None:
    long, short = Battery(soc=0.37), Battery(soc=0.37)
    long.advance(28.0, 7200.0)
    for _ in range(28_800):
        short.advance(28.0, 0.25)
    assert short.soc == pytest.approx(long.soc, abs=1e-9)
    assert short.battery_in_wh == pytest.approx(long.battery_in_wh, rel=1e-8)
    assert short.loss_wh == pytest.approx(long.loss_wh, rel=1e-8)


def test_in_mid_range_the_ratings_are_the_limits() -> None:
    battery = Battery(BatteryConfig(max_charge_current_a=40.0, max_discharge_current_a=30.0), soc=0.5)
    assert battery.max_charge_current_a() == 40.0
    assert battery.max_discharge_current_a() == 30.0


def test_power_is_limited_at_the_terminals() -> None:
    battery = Battery(BatteryConfig(max_charge_power_w=11_000.0, max_discharge_power_w=9_000.0), soc=0.5)
    charge_a, discharge_a = battery.max_charge_current_a(), battery.max_discharge_current_a()
    assert battery.terminal_voltage(charge_a) * charge_a == pytest.approx(11_000.0)
    assert battery.terminal_voltage(-discharge_a) * discharge_a == pytest.approx(9_000.0)


def test_voltage_is_limited_at_the_terminals() -> None:
    config = BatteryConfig(max_voltage_v=410.0, min_voltage_v=370.0, ocv_by_soc=LINEAR, taper_soc=0.01)
    for soc in (0.75, 0.85):
        battery = Battery(config, soc=soc)
        assert battery.terminal_voltage(battery.max_charge_current_a()) == pytest.approx(410.0)
    for soc in (0.46, 0.48):
        battery = Battery(config, soc=soc)
        assert battery.terminal_voltage(-battery.max_discharge_current_a()) == pytest.approx(370.0)
    assert Battery(config, soc=0.95).max_charge_current_a() == 0.0
    assert Battery(config, soc=0.2).max_discharge_current_a() == 0.0


def test_current_tapers_towards_the_soc_limits_and_ends_there() -> None:
    config = BatteryConfig(soc_min=0.1, soc_max=0.9, taper_soc=0.05, trickle_a=1.0)
    charge = [Battery(config, soc=soc).max_charge_current_a() for soc in (0.86, 0.88, 0.89, 0.8999999, 0.9, 0.95)]
    assert charge == sorted(charge, reverse=True)
    assert charge[3] == pytest.approx(1.0, abs=0.01)
    assert charge[4:] == [0.0, 0.0]
    discharge = [Battery(config, soc=soc).max_discharge_current_a() for soc in (0.14, 0.12, 0.11, 0.1000001, 0.1, 0.05)]
    assert discharge == sorted(discharge, reverse=True)
    assert discharge[3] == pytest.approx(1.0, abs=0.01)
    assert discharge[4:] == [0.0, 0.0]


def test_the_time_to_a_limit_leads_to_it_exactly() -> None:
    battery = Battery(BatteryConfig(soc_min=0.2, soc_max=0.8), soc=0.5)
    assert battery.seconds_to_limit(0.0) == float("inf")
    battery.advance(17.3, battery.seconds_to_limit(17.3))
    assert battery.soc == 0.8
    assert (battery.max_charge_current_a(), battery.seconds_to_limit(1.0)) == (0.0, 0.0)
    battery.advance(-23.1, battery.seconds_to_limit(-23.1))
    assert battery.soc == 0.2
    assert battery.max_discharge_current_a() == 0.0


def test_a_trickle_away_from_a_limit_moves_charge_however_small_the_step() -> None:
    battery = Battery(soc=1.0)
    for _ in range(1000):
        battery.advance(-1e-6, 1.0)
    assert battery.soc < 1.0


def test_current_forced_beyond_the_limits_is_taken_as_it_comes() -> None:
    battery = Battery(soc=1.0)
    battery.advance(10.0, 3600.0)
    assert battery.soc == pytest.approx(1.0 + 10.0 / battery.capacity_ah)
    assert battery.ocv_v > 420.0
    empty = Battery(soc=0.0)
    empty.advance(-10.0, 3600.0)
    assert empty.soc < 0.0
    assert empty.ocv_v < 330.0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"ocv_by_soc": ((0.0, 330.0),)}, "rise strictly"),
        ({"ocv_by_soc": ((0.0, 330.0), (0.5, 340.0))}, "rise strictly"),
        ({"ocv_by_soc": ((0.0, 330.0), (0.5, 340.0), (0.5, 350.0), (1.0, 360.0))}, "rise strictly"),
        ({"ocv_by_soc": ((0.0, 330.0), (1.0, 320.0))}, "never fall"),
        ({"ocv_by_soc": ((0.0, 0.0), (1.0, 320.0))}, "positive"),
        ({"soc_min": 0.9, "soc_max": 0.1}, "soc_min"),
        ({"soc_max": 1.1}, "soc_max"),
        ({"resistance_ohm": 0.0}, "resistance_ohm"),
        ({"capacity_wh": float("nan")}, "capacity_wh"),
        ({"max_voltage_v": 300.0}, "misses"),
        ({"min_voltage_v": 500.0}, "misses"),
    ],
)
def test_a_battery_that_makes_no_sense_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(LocalError, match=says):
        BatteryConfig(**wrong)


@pytest.mark.parametrize("soc", [-0.01, 1.01, 60.0])
def test_soc_is_a_fraction(soc: float) -> None:
    with pytest.raises(LocalError, match="fraction"):
        Battery(soc=soc)
