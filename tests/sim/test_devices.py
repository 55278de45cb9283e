"""The ports over outlet and car: what they tell, and what they do when told."""

import math

import pytest

from iso15118.session.actions import Ended, EnergyFlow, LoopSeen, SetContactor, SetPilot, SetStage, StageMode
from iso15118.session.core import STAGE_OFF
from iso15118.session.ports import IsolationState, Wish
from sim.battery import BatteryConfig
from sim.car import Car
from sim.devices import CarDevice, OutletDevice
from sim.outlet import Outlet

BOUNDS = {"min_current_a": -30.0, "max_current_a": 30.0, "min_power_w": -11_000.0, "max_power_w": 11_000.0}


def charged(outlet: OutletDevice, stage: SetStage, seconds: float = 30.0) -> float:
    """Walk an outlet alone through cable check and pre-charge into ``stage``; the time afterwards."""
    outlet.apply(SetContactor(True), 0.0)
    outlet.apply(SetStage(mode=StageMode.ISOLATION_TEST, voltage_v=500.0), 0.0)
    assert outlet.reading(0.5).isolation is IsolationState.PENDING
    reading = outlet.reading(10.0)
    assert reading.isolation is IsolationState.VALID
    assert reading.contactor_closed
    outlet.apply(STAGE_OFF, 10.0)
    outlet.apply(SetStage(mode=StageMode.PRECHARGE, voltage_v=400.0), 10.0)
    assert outlet.reading(20.0).voltage_v == pytest.approx(400.0)
    outlet.apply(EnergyFlow(True), 20.0)
    outlet.apply(stage, 20.0)
    return 20.0 + seconds


def test_an_outlet_alone_regulates_at_the_meter():
    outlet = OutletDevice(Outlet(), alone=True)
    now = charged(outlet, SetStage(mode=StageMode.AC_POWER, ac_power_w=-5000.0, **BOUNDS))
    reading, meter = outlet.reading(now), outlet.meter(now)
    assert meter.power_w == pytest.approx(-5000.0)
    assert reading.voltage_v * reading.current_a == pytest.approx(-5000.0 / 0.95)
    assert meter.export_wh - 89_012 == pytest.approx(5000 * 30 / 3600, abs=2)
    assert meter.import_wh == 1_234_567


def test_an_outlet_keeps_the_bounds_it_was_given():
    outlet = OutletDevice(Outlet(), alone=True)
    now = charged(outlet, SetStage(mode=StageMode.CURRENT, current_a=-25.0, **(BOUNDS | {"min_current_a": -7.0})))
    assert outlet.reading(now).current_a == pytest.approx(-7.0)
    outlet.apply(SetStage(mode=StageMode.CURRENT, current_a=25.0, **(BOUNDS | {"max_power_w": 4000.0})), now)
    assert outlet.reading(now + 30).current_a == pytest.approx(10.0)
    outlet.apply(SetStage(mode=StageMode.AC_POWER, ac_power_w=-9000.0), now + 30)
    assert outlet.reading(now + 60).current_a == 0.0, "zero means zero"


def test_an_outlet_opens_without_current_and_forgets_the_cable():
    outlet = OutletDevice(Outlet(), alone=True)
    now = charged(outlet, SetStage(mode=StageMode.AC_POWER, ac_power_w=9000.0, **BOUNDS))
    outlet.apply(SetContactor(False), now)
    outlet.apply(Ended("over"), now)
    reading = outlet.reading(now + 5.0)
    assert not reading.contactor_closed
    assert reading.current_a == 0.0
    assert reading.isolation is IsolationState.PENDING
    assert outlet.outlet.violations == []


def test_an_outlet_tells_its_faults():
    outlet = OutletDevice(Outlet(), alone=True)
    outlet.outlet.contactor.stuck = True
    outlet.outlet.isolation_fault = True
    outlet.apply(SetStage(mode=StageMode.ISOLATION_TEST, voltage_v=500.0), 0.0)
    reading = outlet.reading(10.0)
    assert reading.contactor_fault
    assert reading.isolation is IsolationState.FAULT
    outlet.emergency_stop = True
    assert outlet.reading(10.0).emergency_stop


def test_a_joined_outlet_leaves_time_alone():
    outlet = OutletDevice(Outlet())
    outlet.reading(100.0)
    assert outlet.outlet.now_s == 0.0


def test_limits_are_those_of_the_stage():
    limits = OutletDevice(Outlet()).limits(0.0)
    assert limits.max_charge_power_w == 10_450.0
    assert limits.max_discharge_power_w == 11_578.0
    assert (limits.min_voltage_v, limits.max_voltage_v) == (150.0, 500.0)


def test_a_car_alone_takes_what_the_station_tells():
    device = CarDevice(Car(soc=0.6), alone=True)
    device.apply(SetContactor(True), 0.0)
    assert device.battery(1.0).contactor_closed
    device.apply(LoopSeen(voltage_v=400.0, current_a=-25.0), 1.0)
    battery = device.battery(361.0)
    assert battery.current_a == -25.0
    assert battery.voltage_v < device.car.battery.ocv_v
    assert device.car.battery.battery_out_wh == pytest.approx(25 * 401.5 / 10, rel=1e-3)
    assert battery.soc_percent == pytest.approx(60 - 100 * 1004 / 60_000, abs=0.05)


@pytest.mark.parametrize("end", [SetPilot("B"), EnergyFlow(False), Ended("over"), SetContactor(False)])
def test_a_car_alone_opens_without_current(end):
    device = CarDevice(Car(soc=0.6), alone=True)
    device.apply(SetContactor(True), 0.0)
    device.apply(LoopSeen(voltage_v=400.0, current_a=-25.0), 1.0)
    device.apply(end, 2.0)
    device.apply(SetContactor(False), 2.0)
    assert not device.battery(3.0).contactor_closed
    assert device.car.violations == []


def test_needs_count_from_now_to_the_drivers_states_of_charge():
    needs = CarDevice(Car(soc=0.6), departure_s=100.0, target_soc=0.85, minimum_soc=0.2).needs(0.0)
    assert needs.target_energy_wh == pytest.approx(0.25 * 60_000, rel=0.02)
    assert needs.minimum_energy_wh == pytest.approx(-0.4 * 60_000, rel=0.02)
    assert needs.maximum_energy_wh == pytest.approx(0.4 * 60_000, rel=0.03)
    assert needs.minimum_v2x_energy_wh == needs.minimum_energy_wh
    assert needs.maximum_v2x_energy_wh == needs.maximum_energy_wh
    assert (needs.target_soc_percent, needs.minimum_soc_percent, needs.departure_s) == (85, 20, 100.0)
    window = CarDevice(Car(soc=0.6), v2x_soc=(0.3, 0.5)).needs(0.0)
    assert window.minimum_v2x_energy_wh < 0 < -window.maximum_v2x_energy_wh


@pytest.mark.parametrize("soc", [0.0, 0.01, 0.3, 0.6, 0.951, 0.99, 1.0])
def test_limits_promise_no_more_than_the_battery_has(soc):
    device = CarDevice(Car(BatteryConfig(), soc=soc))
    limits, battery = device.limits(0.0), device.car.battery
    assert battery.max_charge_current_a() - 1 < limits.max_charge_current_a <= battery.max_charge_current_a()
    assert battery.max_discharge_current_a() - 1 < limits.max_discharge_current_a <= battery.max_discharge_current_a()
    assert math.fmod(limits.max_charge_power_w, 100.0) == 0.0
    assert (limits.max_discharge_power_w > 0) is (soc > 0)
    assert (limits.max_charge_power_w > 0) is (soc < 1)


def test_a_car_ends_when_its_time_has_come():
    device = CarDevice(Car(soc=0.6), stop_at_s=10.0)
    assert (device.wish(9.9), device.wish(10.0)) == (Wish.ENERGY, Wish.STOP)
    device = CarDevice(Car(soc=0.6))
    assert device.wish(1e9) is Wish.ENERGY
    device.driver_wish = Wish.STOP
    assert device.wish(0.0) is Wish.STOP


def test_whatever_comes_after_energy_begins_with_a_check_of_its_own():
    device = OutletDevice(Outlet())
    device.apply(SetStage(mode=StageMode.ISOLATION_TEST, voltage_v=500.0), 0.0)
    device.outlet.advance(10.0, None)
    assert device.reading(10.0).isolation is IsolationState.VALID
    device.apply(EnergyFlow(False), 10.0)
    assert device.reading(10.0).isolation is IsolationState.PENDING
