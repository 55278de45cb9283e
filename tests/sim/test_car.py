"""The car alone: its current is what the station tells."""

from __future__ import annotations

import pytest

from iso15118.errors import LocalError
from sim.battery import BatteryConfig
from sim.car import Car


def closed_car(soc: float = 0.6) -> Car:
    """A car after pre-charge, at 1 s, with its contactor closed."""
    car = Car(soc=soc)
    car.outlet_voltage_v = car.battery.ocv_v
    car.close()
    car.advance(1.0, 0.0)
    return car


def test_the_inlet_shows_the_station_until_the_contactor_closes() -> None:
    car = Car(soc=0.6)
    car.outlet_voltage_v = 385.0
    assert car.inlet_voltage_v == 385.0
    car.close()
    car.advance(0.049, 0.0)
    assert car.inlet_voltage_v == 385.0
    car.advance(0.05, 0.0)
    assert car.inlet_voltage_v == car.battery.ocv_v
    assert car.violations == []


def test_the_told_current_moves_the_battery() -> None:
    car = closed_car()
    car.advance(3601.0, -20.0)
    assert car.battery.soc == pytest.approx(0.6 - 20.0 / car.battery.capacity_ah)
    assert car.current_a == -20.0
    assert car.inlet_voltage_v == pytest.approx(car.battery.ocv_v - 2.0)


def test_no_current_flows_through_an_open_contactor() -> None:
    car = Car(soc=0.6)
    car.advance(3600.0, -20.0)
    assert (car.battery.soc, car.current_a) == (0.6, 0.0)


def test_current_counts_only_from_the_moment_the_contactor_closed() -> None:
    car = Car(soc=0.6)
    car.outlet_voltage_v = car.battery.ocv_v
    car.close()
    car.advance(10.05, 20.0)
    assert car.battery.soc == pytest.approx(0.6 + 20.0 * 10.0 / 3600.0 / car.battery.capacity_ah)


def test_closing_without_pre_charge_is_recorded() -> None:
    car = Car(soc=0.6)
    car.close()
    car.advance(1.0, 0.0)
    assert [violation.what for violation in car.violations] == ["car's contactor closed on a difference of -402 V"]


def test_opening_under_current_is_recorded_and_ends_it() -> None:
    car = closed_car()
    car.advance(2.0, 20.0)
    car.open()
    car.advance(3.0, 20.0)
    assert [(violation.time_s, violation.what) for violation in car.violations] == [
        (2.05, "car's contactor opened under 20.0 A")
    ]
    assert car.current_a == 0.0


def test_a_welded_contactor_keeps_the_battery_on_the_inlet() -> None:
    car = closed_car()
    car.contactor.stuck = True
    car.open()
    car.outlet_voltage_v = 0.0
    car.advance(10.0, 0.0)
    assert car.inlet_voltage_v > 300.0


def test_current_beyond_the_soc_limits_is_recorded_once_a_time() -> None:
    car = Car(BatteryConfig(soc_min=0.2), soc=0.2)
    car.outlet_voltage_v = car.battery.ocv_v
    car.close()
    car.advance(1.0, 0.0)
    for second in range(2, 10):
        car.advance(float(second), -5.0)
    car.advance(10.0, 0.0)
    car.advance(11.0, -5.0)
    assert len(car.violations) == 2
    assert "beyond its SOC limit" in car.violations[0].what


def test_time_goes_forward() -> None:
    with pytest.raises(LocalError, match="time can't go"):
        Car(soc=0.5, now_s=10.0).advance(9.0, 0.0)
