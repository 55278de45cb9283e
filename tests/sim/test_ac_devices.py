"""The ports of the AC devices, alone (the other end as the protocol tells it) and joined."""

from __future__ import annotations

import pytest

from iso15118.ocpp.charger import OcppCharger
from iso15118.ocpp.station import ChargingStation
from iso15118.session.actions import Ended, LoopSeen, SetAcPower, SetContactor
from iso15118.session.ports import AcInletPort, AcOutletPort, Charger, SimpleCharger
from iso15118.session.services import ServiceId
from sim.ac_car import AcCar, OnBoardConfig
from sim.ac_devices import AcCarDevice, AcOutletDevice
from sim.ac_outlet import AcOutlet, AcOutletConfig
from sim.car import Car
from sim.devices import CarDevice

POWER = SetAcPower(power_w=(-1_000.0,) * 3, min_power_w=(-3_000.0,) * 3, max_power_w=(3_000.0,) * 3)


def said(*power_w: float) -> LoopSeen:
    return LoopSeen(voltage_v=230.0, current_a=0.0, told_power_w=power_w)


def test_an_outlet_alone_takes_a_car_at_its_word_inside_of_what_it_may() -> None:
    device = AcOutletDevice(AcOutlet(), alone=True)
    device.apply(SetContactor(True), 0.0)
    device.apply(POWER, 1.0)
    device.apply(said(-1_500.0, -9_000.0, 9_000.0), 1.0)
    assert device.ac_reading(2.0).power_w == (-1_500.0, -3_000.0, 3_000.0)
    device.apply(said(-500.0), 2.0)
    assert device.ac_reading(3.0).power_w == (-500.0, 0.0, 0.0), "a single-phase car at three lines"
    device.apply(SetAcPower(), 3.0)
    assert device.ac_reading(4.0).power_w == (0.0,) * 3
    device.apply(Ended("over"), 4.0)
    device.apply(POWER, 5.0)
    assert device.ac_reading(6.0).power_w == (-1_000.0,) * 3, "another car, which has said nothing"


def test_an_outlet_alone_believes_that_a_silent_car_does_what_it_is_told() -> None:
    device = AcOutletDevice(AcOutlet(), alone=True)
    device.apply(SetContactor(True), 0.0)
    assert not device.reading(0.04).contactor_closed
    assert device.reading(0.1).contactor_closed
    device.apply(POWER, 1.0)
    assert device.meter(3_601.0).export_wh == 89_012 + 3_000
    assert device.ac_reading(3_601.0).power_w == (-1_000.0,) * 3
    device.apply(SetContactor(False), 3_602.0)
    assert device.ac_reading(3_603.0).power_w == (0.0,) * 3
    assert not device.reading(3_603.0).contactor_closed
    assert device.outlet.violations == []


def test_a_contactor_that_does_not_follow_is_a_fault() -> None:
    device = AcOutletDevice(AcOutlet())
    device.outlet.contactor.stuck = True
    device.apply(SetContactor(True), 0.0)
    device.outlet.advance(1.0, (0.0,) * 3)
    assert device.reading(1.0).contactor_fault


def test_an_outlet_tells_its_grid_and_its_limits() -> None:
    device = AcOutletDevice(AcOutlet(AcOutletConfig(lines=1, max_current_a=10.0, nominal_frequency_hz=60.0)))
    assert device.ac_limits(0.0).max_charge_power_w == (2_300.0,)
    assert device.ac_outlet(0.0).nominal_frequency_hz == 60.0


@pytest.mark.parametrize("end", [SetAcPower(), Ended("over")])
def test_a_car_alone_has_a_grid(end: object) -> None:
    device = AcCarDevice(AcCar(soc=0.6), alone=True)
    device.apply(SetContactor(True), 0.0)
    device.apply(POWER, 1.0)
    assert device.ac_reading(10.0).power_w == pytest.approx((-1_000.0,) * 3, abs=1.0)
    assert device.battery(10.0).current_a < -7.0
    device.apply(end, 10.0)  # type: ignore[arg-type]
    device.apply(SetContactor(False), 11.0)
    assert not device.battery(12.0).contactor_closed
    assert device.car.violations == []


def test_limits_told_are_rounded_towards_zero_and_never_cross() -> None:
    device = AcCarDevice(AcCar(None, OnBoardConfig(min_charge_power_w=500.0, min_discharge_power_w=500.0), soc=0.999))
    limits, truth = device.ac_limits(0.0), device.car.limits()
    assert 0.0 < limits.max_charge_power_w[0] <= truth.max_charge_power_w[0]
    assert limits.min_charge_power_w[0] <= limits.max_charge_power_w[0]
    assert limits.min_discharge_power_w == (500.0,) * 3


def charger(device: Charger) -> OcppCharger:
    station = ChargingStation("CS-1", id_token="X", energy_transfers=("AC_three_phase", "AC_BPT", "DC"))
    return OcppCharger(device, station, 1, unix_offset_s=0.0)


class NoAc:
    """A charger that can't answer the questions of AC."""

    def __init__(self) -> None:
        self._simple = SimpleCharger()

    def energy_services(self, now: float) -> tuple[int, ...]:
        return self._simple.energy_services(now)


def test_the_bridge_has_the_ports_of_ac_only_if_the_device_has_them() -> None:
    assert isinstance(charger(AcOutletDevice(AcOutlet())), AcOutletPort)
    assert not isinstance(charger(NoAc()), AcOutletPort)  # type: ignore[arg-type]
    assert isinstance(AcCarDevice(AcCar(soc=0.5)), AcInletPort)
    assert isinstance(CarDevice(Car(soc=0.5)), AcInletPort), "as SimpleVehicle is; its services leave AC out"


def test_a_back_end_that_has_not_said_more_allows_charging_only() -> None:
    assert charger(AcOutletDevice(AcOutlet())).energy_services(0.0) == (ServiceId.AC,)
