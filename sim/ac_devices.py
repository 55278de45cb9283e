"""The ports of an AC outlet and of a car with a charger on board, over their physics.

As in :mod:`sim.devices`: joined, :class:`sim.ac_plant.AcPlant` moves time; alone, each moves its own end, the outlet
with a car that takes what it says it takes (EVPresentActivePower) inside of what it may, the car with a grid that is
always there.
"""

from __future__ import annotations

import math

from iso15118.session.actions import (
    Action,
    Ended,
    LoopSeen,
    MeteringConfirmed,
    ServiceChosen,
    SetAcPower,
    SetContactor,
)
from iso15118.session.core import AC_OFF
from iso15118.session.ports import (
    AcLimits,
    AcOutlet,
    AcReading,
    Battery,
    MeterReading,
    PerLine,
    StageReading,
)
from iso15118.session.services import GeneratorMode
from sim.ac_car import AcCar
from sim.ac_outlet import AcOutlet as Outlet
from sim.ac_plant import AcPlant
from sim.devices import LIMIT_STEP_W, DriverDevice, floor_to
from sim.signing import SigningStation

__all__ = ["AcCarDevice", "AcOutletDevice"]


class AcOutletDevice(SigningStation):
    """A station's ports over a simulated AC outlet; the rest answers as ``SimpleCharger`` does."""

    def __init__(
        self,
        outlet: Outlet,
        *,
        energy_services: tuple[int, ...] = (5, 1),
        meter_id: str = "SIM-METER-1",
        alone: bool = False,
    ) -> None:
        """Join an outlet; alone, nobody else moves its time."""
        super().__init__(energy_services=energy_services)
        self.outlet = outlet
        self.meter_id = meter_id
        self.alone = alone
        self.emergency_stop = False
        """The red button."""
        config = outlet.config
        most, none = config.max_power_w, (0.0,) * config.lines
        self.ac_charger_limits = AcLimits(
            max_charge_power_w=most,
            min_charge_power_w=none,
            max_discharge_power_w=most,
            min_discharge_power_w=none,
        )
        self._told = SetAcPower()
        self._said_w: PerLine = ()

    def reading(self, now: float) -> StageReading:
        """Contactor, emergency stop, and whether the grid is gone."""
        self._arrive(now)
        contactor = self.outlet.contactor
        return StageReading(
            contactor_closed=contactor.closed,
            contactor_fault=contactor.closed is not contactor.wanted and contactor.due_s == math.inf,
            emergency_stop=self.emergency_stop,
            islanded=self.outlet.islanded,
        )

    def ac_outlet(self, now: float) -> AcOutlet:
        """What the grid is like."""
        config = self.outlet.config
        return AcOutlet(
            nominal_voltage_v=config.nominal_voltage_v,
            nominal_frequency_hz=config.nominal_frequency_hz,
            power_ramp_w_per_s=config.power_ramp_w_per_s,
            max_power_asymmetry_w=config.max_power_asymmetry_w,
        )

    def ac_reading(self, now: float) -> AcReading:
        """What flows through it."""
        self._arrive(now)
        return self.outlet.reading

    def meter(self, now: float) -> MeterReading:
        """Both registers and the power right now."""
        self._arrive(now)
        meter = self.outlet.meter
        return MeterReading(
            meter_id=self.meter_id,
            import_wh=meter.import_wh,
            export_wh=meter.export_wh,
            power_w=self.outlet.ac_power_w,
        )

    def apply(self, action: Action, now: float) -> None:
        """Do what the session wants; the power is the car's to regulate."""
        self._arrive(now)
        match action:
            case SetContactor(closed=True):
                self.outlet.close()
            case SetContactor():
                self._told = AC_OFF
                self._arrive(now)
                self.outlet.open()
            case SetAcPower():
                self._told = action
            case LoopSeen(told_power_w=power_w):
                self._said_w = power_w
            case Ended():
                self._told, self._said_w = AC_OFF, ()
            case MeteringConfirmed():
                self.confirmation = False
            case _:
                pass

    def _arrive(self, now: float) -> None:
        if not self.alone:
            return
        told, none = self._told, (0.0,) * self.outlet.config.lines
        bounds = zip(self._said_w, told.min_power_w, told.max_power_w, strict=False)
        # Before a car has said anything it is believed to do what it was told.
        taken = [min(max(said, low), high) for said, low, high in bounds] if self._said_w else told.power_w
        self.outlet.advance(max(now, self.outlet.now_s), (*taken, *none)[: len(none)])


class AcCarDevice(DriverDevice):
    """A car's ports over a simulated car with a charger on board."""

    def __init__(
        self,
        car: AcCar,
        *,
        departure_s: float | None = None,
        target_soc: float = 0.85,
        minimum_soc: float = 0.20,
        v2x_soc: tuple[float, float] | None = None,
        stop_at_s: float | None = None,
        alone: bool = False,
    ) -> None:
        """Join a car; see :class:`sim.devices.DriverDevice`."""
        super().__init__(
            car.battery,
            departure_s=departure_s,
            target_soc=target_soc,
            minimum_soc=minimum_soc,
            v2x_soc=v2x_soc,
            stop_at_s=stop_at_s,
            alone=alone,
        )
        self.car = car
        self._plant = AcPlant(Outlet(now_s=car.now_s), car) if alone else None
        if self._plant is not None:
            self._plant.outlet.close()

    def battery(self, now: float) -> Battery:
        """The battery as it stands; ``contactor_closed`` is the relay of the inlet."""
        self._arrive(now)
        car = self.car
        return Battery(
            voltage_v=car.battery.terminal_voltage(car.current_a),
            current_a=car.current_a,
            soc_percent=car.battery.soc * 100.0,
            capacity_wh=car.battery.config.capacity_wh,
            contactor_closed=car.contactor.closed,
            emergency_stop=self.emergency_stop,
        )

    def ac_limits(self, now: float) -> AcLimits:
        """What charger and battery can do, rounded towards zero: told limits never promise too much."""
        self._arrive(now)
        limits = self.car.limits()
        step_w = LIMIT_STEP_W / limits.lines
        most = tuple(floor_to(power, step_w) for power in limits.max_charge_power_w)
        least = tuple(map(min, limits.min_charge_power_w, most))
        gives = tuple(floor_to(power, step_w) for power in limits.max_discharge_power_w)
        gives_least = tuple(map(min, limits.min_discharge_power_w, gives))
        return AcLimits(
            max_charge_power_w=most,
            min_charge_power_w=least,
            max_discharge_power_w=gives,
            min_discharge_power_w=gives_least,
        )

    def ac_reading(self, now: float) -> AcReading:
        """What flows through the charger."""
        self._arrive(now)
        return self.car.reading()

    def apply(self, action: Action, now: float) -> None:
        """Do what the session wants."""
        self._arrive(now)
        match action:
            case SetContactor(closed=True):
                self.car.close()
            case SetContactor():
                self.car.open()
            case SetAcPower(power_w=power_w):
                self.car.set_power(power_w[: self.car.config.lines])
            case ServiceChosen(generator_mode=mode):
                self.car.forms_grid = mode == GeneratorMode.GRID_FORMING
            case Ended():
                self.car.off()
            case _:
                pass

    def _arrive(self, now: float) -> None:
        if self._plant is not None:
            self._plant.advance(max(now, self.car.now_s))
