"""The outlet alone: its load is a voltage that the car tells."""

from __future__ import annotations

import math

import pytest

from iso15118.errors import LocalError
from sim.converter import ConverterConfig
from sim.outlet import Isolation, Outlet, OutletConfig


def live_outlet(load_v: float = 390.0) -> Outlet:
    """An outlet after pre-charge, at 10 s, with its contactor closed and the car's battery on it."""
    outlet = Outlet()
    outlet.close()
    outlet.set_voltage(load_v)
    outlet.advance(10.0, None)
    outlet.advance(11.0, load_v)
    return outlet


def test_pre_charge_settles_before_the_connector_shows_it() -> None:
    outlet = Outlet()
    outlet.set_voltage(390.0)
    outlet.advance(5.0, None)
    assert outlet.voltage_v == 0.0  # the contactor is open
    outlet.close()
    outlet.advance(5.04, None)
    assert outlet.voltage_v == 0.0
    outlet.advance(5.05, None)
    assert outlet.voltage_v == 390.0
    assert outlet.violations == []


@pytest.mark.parametrize(("fault", "result"), [(False, Isolation.VALID), (True, Isolation.FAULT)])
def test_the_cable_check_takes_its_time_and_lets_go_of_the_voltage(fault: bool, result: Isolation) -> None:
    outlet = Outlet(OutletConfig(cable_check_s=2.0, converter=ConverterConfig(slew_v_per_s=250.0)))
    outlet.isolation_fault = fault
    outlet.check_cable()
    seen = []
    for to_s in (1.0, 3.99, 4.0, 5.0):
        outlet.advance(to_s, None)
        seen.append((outlet.isolation, outlet.voltage_v))
        outlet.check_cable()  # repeated, and not begun anew
    checking = Isolation.CHECKING
    assert seen[:2] == [(checking, 250.0), (checking, 500.0)]
    assert [isolation for isolation, _ in seen[2:]] == [result, result]
    assert seen[3][1] < 60.0


@pytest.mark.parametrize(("to_s", "isolation"), [(3.9, Isolation.CHECKING), (4.0, Isolation.VALID)])
def test_a_slow_contactor_delays_the_check(to_s: float, isolation: Isolation) -> None:
    outlet = Outlet(OutletConfig(cable_check_s=1.0, contactor_delay_s=3.0))
    outlet.check_cable()
    outlet.advance(to_s, None)
    assert outlet.isolation is isolation


def test_another_command_ends_a_check_without_result() -> None:
    outlet = Outlet()
    outlet.check_cable()
    outlet.advance(1.0, None)
    outlet.off()
    outlet.advance(60.0, None)
    assert outlet.isolation is Isolation.UNKNOWN


def test_another_car_is_checked_anew_and_brings_its_own_limits() -> None:
    outlet = live_outlet()
    outlet.check_cable()
    outlet.limit_load(charge_current_a=1.0)
    outlet.forget_cable()
    assert outlet.isolation is Isolation.UNKNOWN
    outlet.set_current(10.0)
    outlet.advance(20.0, 390.0)
    assert outlet.current_a == 10.0


def test_power_at_the_meter_follows_the_voltage_that_the_car_tells() -> None:
    outlet = live_outlet()
    outlet.set_ac_power(-7500.0)
    for second in range(12, 3600):
        outlet.advance(float(second), 390.0 - second / 1000.0)
        if second > 15:
            assert outlet.ac_power_w == pytest.approx(-7500.0)
    assert outlet.voltage_v == pytest.approx(386.401)
    assert outlet.current_a == pytest.approx(-7500.0 / 0.95 / 386.401)
    assert outlet.meter.exported_wh == pytest.approx(7500.0 * 3588.0 / 3600.0, abs=2.0)
    assert outlet.meter.imported_wh == 0.0


def test_nothing_flows_without_a_load_or_with_the_contactor_open() -> None:
    outlet = Outlet()
    outlet.close()
    outlet.set_current(20.0)
    outlet.advance(10.0, None)
    assert outlet.current_a == 0.0
    outlet.open()
    outlet.advance(11.0, None)
    outlet.advance(20.0, 390.0)
    assert (outlet.current_a, outlet.voltage_v) == (0.0, 390.0)
    assert outlet.meter.imported_wh == 0.0


@pytest.mark.parametrize(
    ("limit", "current_a", "flows_a"),
    [
        ({"charge_current_a": 5.0}, 20.0, 5.0),
        ({"charge_current_a": 5.0}, -20.0, -20.0),
        ({"discharge_current_a": 0.0}, -20.0, 0.0),
        ({"charge_power_w": 3900.0}, 20.0, 10.0),
        ({"discharge_power_w": 1950.0}, -20.0, -5.0),
        ({}, 20.0, 20.0),
    ],
)
def test_what_the_car_told_limits_the_current(limit: dict[str, float], current_a: float, flows_a: float) -> None:
    outlet = live_outlet()
    outlet.limit_load(**limit)
    outlet.set_current(current_a)
    outlet.advance(20.0, 390.0)
    assert outlet.current_a == pytest.approx(flows_a)


@pytest.mark.parametrize("value", [-1.0, math.nan])
def test_limits_are_magnitudes(value: float) -> None:
    with pytest.raises(LocalError, match="magnitudes"):
        Outlet().limit_load(charge_power_w=value)


def test_release_opens_only_when_no_current_flows() -> None:
    outlet = live_outlet()
    outlet.set_ac_power(11_000.0)
    outlet.advance(20.0, 390.0)
    outlet.release()
    outlet.advance(20.1, 390.0)
    assert outlet.contactor.closed
    assert outlet.current_a > 0.0
    outlet.advance(20.3, 390.0)
    assert not outlet.contactor.closed
    assert outlet.violations == []


def test_a_release_outlives_a_repeated_off_and_ends_with_a_new_set_point() -> None:
    stopping, going_on = live_outlet(), live_outlet()
    for outlet in (stopping, going_on):
        outlet.set_current(20.0)
        outlet.advance(20.0, 390.0)
        outlet.release()
    stopping.off()
    going_on.set_current(10.0)
    for outlet in (stopping, going_on):
        outlet.advance(30.0, 390.0)
    assert (stopping.contactor.closed, stopping.current_a) == (False, 0.0)
    assert (going_on.contactor.closed, going_on.current_a) == (True, 10.0)


def test_release_without_current_opens_at_once() -> None:
    outlet = live_outlet()
    outlet.release()
    outlet.advance(11.05, 390.0)
    assert not outlet.contactor.closed


def test_opening_under_current_breaks_it_and_is_recorded() -> None:
    outlet = live_outlet()
    outlet.set_ac_power(-11_000.0)
    outlet.advance(20.0, 390.0)
    outlet.open()
    outlet.advance(21.0, 390.0)
    assert outlet.current_a == 0.0
    assert [violation.time_s for violation in outlet.violations] == [20.05]
    assert "opened under -29.7 A" in outlet.violations[0].what


def test_closing_onto_a_battery_without_pre_charge_is_recorded() -> None:
    outlet = Outlet()
    outlet.close()
    outlet.advance(1.0, 390.0)
    assert [violation.what for violation in outlet.violations] == [
        "station's contactor closed on a difference of -390 V"
    ]
    assert outlet.voltage_v == 390.0


def test_a_cable_that_is_let_go_loses_its_voltage() -> None:
    outlet = live_outlet()
    outlet.release()
    outlet.advance(12.0, 390.0)
    assert outlet.voltage_v == 390.0  # the car's contactor is still closed
    outlet.advance(13.0, None)
    assert outlet.voltage_v < 60.0


def test_standby_is_metered() -> None:
    outlet = Outlet(OutletConfig(converter=ConverterConfig(standby_w=36.0)))
    outlet.set_voltage(0.0)
    outlet.advance(3600.0, None)
    assert outlet.meter.imported_wh == pytest.approx(36.0)


def test_the_registers_start_as_configured() -> None:
    outlet = Outlet(OutletConfig(import_register_wh=11, export_register_wh=22))
    assert (outlet.meter.import_wh, outlet.meter.export_wh) == (11, 22)


@pytest.mark.parametrize("to_s", [9.0, math.nan])
def test_time_goes_forward(to_s: float) -> None:
    with pytest.raises(LocalError, match="time can't go"):
        Outlet(now_s=10.0).advance(to_s, None)
