"""A station and a car in one event loop on ::1, with quick simulated hardware."""

import asyncio
from collections.abc import Callable

from iso15118 import ev, evse
from iso15118.io.clock import Clock
from sim.battery import BatteryConfig
from sim.car import Car
from sim.converter import ConverterConfig
from sim.devices import CarDevice, OutletDevice
from sim.outlet import Outlet, OutletConfig

QUICK = OutletConfig(
    converter=ConverterConfig(ramp_a_per_s=400.0, stop_ramp_a_per_s=400.0, slew_v_per_s=4000.0),
    cable_check_s=0.05,
    contactor_delay_s=0.01,
)

PACE = {"EVCC_ONGOING_INTERVAL": 0.02, "EVCC_PRE_CHARGE_INTERVAL": 0.02, "EVCC_CHARGE_LOOP_INTERVAL": 0.02}
"""A car that asks often: sessions take less time."""


class Rig:
    """One outlet, one car, and what both were told to do."""

    def __init__(self, *, setpoint_w: float = -5000.0, **options: object) -> None:
        clock = Clock()
        self.outlet = OutletDevice(Outlet(QUICK, now_s=clock.now()), alone=True)
        self.outlet.setpoint_w = setpoint_w
        self.vehicle = CarDevice(Car(BatteryConfig(), soc=0.6, now_s=clock.now()), alone=True)
        self.seen: list[tuple[str, evse.Action]] = []
        self.discharging = asyncio.Event()
        """Set when the car has seen current flow out of it."""
        self._common: dict[str, object] = {
            "lab_plain_tcp": True,
            "timer_profile": "lab",
            "clock": clock,
            "timers": PACE,
        }
        self.station = evse.Station(self.outlet, self.at_station, **(self._common | options))
        self.clock = clock

    def car(self, **options: object) -> ev.Car:
        return ev.Car(self.vehicle, self.at_car, **(self._common | {"port": self.station.port} | options))

    def at_station(self, action: evse.Action, now: float) -> None:
        self.outlet.apply(action, now)
        self.seen.append(("SECC", action))

    def at_car(self, action: ev.Action, now: float) -> None:
        self.vehicle.apply(action, now)
        self.seen.append(("EV", action))
        if isinstance(action, ev.LoopSeen) and action.current_a < -5:
            self.discharging.set()

    def ended(self, at: str) -> evse.Ended:
        (ended,) = (action for where, action in self.seen if where == at and isinstance(action, evse.Ended))
        return ended

    def exported_wh(self) -> float:
        return self.outlet.outlet.meter.exported_wh

    async def check_off(self) -> None:
        """The outlet is without current and open, and never was misused on the way."""
        outlet = self.outlet.outlet
        await until(lambda: not self.outlet.reading(self.clock.now()).contactor_closed)
        assert outlet.current_a == 0
        assert outlet.violations == []
        stages = [action for where, action in self.seen if where == "SECC" and isinstance(action, evse.SetStage)]
        assert stages[-1].mode is evse.StageMode.OFF

    async def check_car_open(self) -> None:
        """The car is off the cable, and its contactor never moved under current."""
        await until(lambda: not self.vehicle.battery(self.clock.now()).contactor_closed)
        assert self.vehicle.car.violations == []


async def until(holds: Callable[[], bool]) -> None:
    """Let the event loop run until something is so; the limit is for a broken build only."""
    async with asyncio.timeout(60):
        while True:
            if holds():
                return
            await asyncio.sleep(0)


async def discharge(rig: Rig, car: ev.Car) -> asyncio.Task[ev.Ended]:
    """Start the car; back when current flows out of it."""
    task = asyncio.create_task(car.session())
    async with asyncio.timeout(60):
        await rig.discharging.wait()
    return task
