"""What stands between a session and the physics: the ports over an outlet and a car, and what the session wants of them.

Both serve in two forms. Joined (the default), :class:`sim.plant.Plant` moves time before anybody reads a port. Alone, as
in ``v2g evse`` and ``v2g ev``, a device moves its own end to the present whenever it is asked or told something, with
what the protocol says of the other end: the outlet takes the car for a source of the voltage it pre-charged to, the car
takes the current that the station tells in the charge loop.
"""

from __future__ import annotations

import math

from iso15118.session.actions import (
    Action,
    Ended,
    EnergyFlow,
    LoopSeen,
    MeteringConfirmed,
    SetContactor,
    SetPilot,
    SetStage,
    StageMode,
)
from iso15118.session.ports import (
    Battery,
    ChargerLimits,
    EnergyNeeds,
    IsolationState,
    MeterReading,
    StageReading,
    VehicleLimits,
    Wish,
)
from sim.battery import Battery as TractionBattery
from sim.car import Car
from sim.converter import Limit
from sim.outlet import Isolation, Outlet
from sim.signing import SigningCar, SigningStation

__all__ = ["LIMIT_STEP_W", "CarDevice", "DriverDevice", "OutletDevice", "floor_to"]

_ISOLATION = {Isolation.VALID: IsolationState.VALID, Isolation.FAULT: IsolationState.FAULT}

LIMIT_STEP_A = 1.0
LIMIT_STEP_W = 100.0
"""A car tells its limits in such steps, rounded towards zero: they change seldom, and never promise too much. Ours."""


class OutletDevice(SigningStation):
    """A station's ports over a simulated outlet; the rest answers as ``SimpleCharger`` does."""

    def __init__(
        self,
        outlet: Outlet,
        *,
        energy_services: tuple[int, ...] = (6, 2),
        meter_id: str = "SIM-METER-1",
        alone: bool = False,
    ) -> None:
        """Join an outlet; alone, nobody else moves its time."""
        config = outlet.config.converter
        super().__init__(
            energy_services=energy_services,
            limits=ChargerLimits(
                max_charge_power_w=math.floor(config.max_charge_power_w),
                max_charge_current_a=config.max_charge_current_a,
                max_discharge_power_w=math.floor(config.max_discharge_power_w),
                max_discharge_current_a=config.max_discharge_current_a,
                max_voltage_v=config.max_voltage_v,
                min_voltage_v=config.min_voltage_v,
            ),
        )
        self.outlet = outlet
        self.meter_id = meter_id
        self.alone = alone
        self.emergency_stop = False
        """The red button."""
        self._car_v = 0.0
        self._car_there = False

    # --- what is measured ---

    def reading(self, now: float) -> StageReading:
        """The stage as it stands."""
        self._arrive(now)
        outlet = self.outlet
        contactor, limit = outlet.contactor, outlet.converter.limit
        return StageReading(
            voltage_v=outlet.voltage_v,
            current_a=outlet.current_a,
            isolation=_ISOLATION.get(outlet.isolation, IsolationState.PENDING),
            contactor_closed=contactor.closed,
            contactor_fault=contactor.closed is not contactor.wanted and contactor.due_s == math.inf,
            emergency_stop=self.emergency_stop,
            power_limit_achieved=limit is Limit.POWER,
            current_limit_achieved=limit is Limit.CURRENT,
            voltage_limit_achieved=limit is Limit.VOLTAGE,
        )

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

    # --- what a session wants ---

    def apply(self, action: Action, now: float) -> None:
        """Do what the session wants; reports that say nothing to hardware are passed over."""
        self._arrive(now)
        match action:
            case SetStage():
                self._stage(action)
            case SetContactor(closed=True):
                self.outlet.close()
            case SetContactor():
                self.outlet.release()
            case EnergyFlow(flowing=True):
                self._car_there = True
            case EnergyFlow(by_car=True):
                pass  # in standby contactors stay closed: no other check of the cable can be had
            case EnergyFlow() | Ended():
                self.outlet.forget_cable()  # whatever comes next begins with a check of its own
            case MeteringConfirmed():
                self.confirmation = False
            case _:
                pass

    def _stage(self, stage: SetStage) -> None:
        outlet = self.outlet
        match stage.mode:
            case StageMode.OFF:
                outlet.off()
            case StageMode.ISOLATION_TEST:
                outlet.check_cable()
            case StageMode.PRECHARGE:
                self._car_v = stage.voltage_v
                outlet.set_voltage(stage.voltage_v)
            case StageMode.CURRENT:
                self._limit(stage)
                outlet.set_current(stage.current_a)
            case StageMode.AC_POWER:
                self._limit(stage)
                outlet.set_ac_power(stage.ac_power_w)

    def _limit(self, stage: SetStage) -> None:
        self.outlet.limit_load(
            charge_current_a=stage.max_current_a,
            discharge_current_a=-stage.min_current_a,
            charge_power_w=stage.max_power_w,
            discharge_power_w=-stage.min_power_w,
        )

    def _arrive(self, now: float) -> None:
        if not self.alone:
            return
        # The car's battery holds the cable's voltage until our own contactor has opened: current may still fall.
        self.outlet.advance(max(now, self.outlet.now_s), self._car_v if self._car_there else None)
        self._car_there = self._car_there and self.outlet.contactor.closed


class DriverDevice(SigningCar):
    """What driver and battery say, whatever the connector of the car is."""

    def __init__(
        self,
        traction: TractionBattery,
        *,
        departure_s: float | None = None,
        target_soc: float = 0.85,
        minimum_soc: float = 0.20,
        v2x_soc: tuple[float, float] | None = None,
        stop_at_s: float | None = None,
        alone: bool = False,
    ) -> None:
        """Join a battery.

        Args:
            traction: The physics.
            departure_s: When the driver leaves, on the session's clock; None when unknown.
            target_soc: State of charge wanted by then, 0 to 1.
            minimum_soc: Below it the car asks for energy and gives none, 0 to 1.
            v2x_soc: Lowest and highest state of charge between which the battery serves the grid; left out: from
                ``minimum_soc`` to the battery's own upper limit.
            stop_at_s: When the car ends the session, on the session's clock; None for never of its own accord.
            alone: Whether nobody else moves the car's time.
        """
        super().__init__()
        self.traction = traction
        self.departure_s = departure_s
        self.target_soc = target_soc
        self.minimum_soc = minimum_soc
        self.v2x_soc = v2x_soc
        self.stop_at_s = stop_at_s
        self.pause_at_s: float | None = None
        """When the car pauses the session, on the session's clock; None for never of its own accord."""
        self.alone = alone
        self.emergency_stop = False

    def limits(self, now: float) -> VehicleLimits:
        """What the battery takes and gives at this state of charge."""
        self._arrive(now)
        battery, config = self.traction, self.traction.config
        charge_a, discharge_a = battery.max_charge_current_a(), battery.max_discharge_current_a()
        charge_w = min(charge_a * battery.terminal_voltage(charge_a), config.max_charge_power_w)
        discharge_w = min(discharge_a * battery.terminal_voltage(-discharge_a), config.max_discharge_power_w)
        return VehicleLimits(
            max_charge_power_w=floor_to(charge_w, LIMIT_STEP_W),
            max_charge_current_a=floor_to(charge_a, LIMIT_STEP_A),
            max_discharge_power_w=floor_to(discharge_w, LIMIT_STEP_W),
            max_discharge_current_a=floor_to(discharge_a, LIMIT_STEP_A),
            max_voltage_v=config.max_voltage_v,
            min_voltage_v=config.min_voltage_v,
        )

    def needs(self, now: float) -> EnergyNeeds:
        """Energies from now to the driver's states of charge."""
        self._arrive(now)
        battery = self.traction
        low, high = self.v2x_soc or (self.minimum_soc, max(battery.config.soc_max, self.minimum_soc))
        return EnergyNeeds(
            departure_s=self.departure_s,
            target_energy_wh=battery.energy_to_soc_wh(self.target_soc),
            maximum_energy_wh=battery.energy_to_soc_wh(max(battery.config.soc_max, self.target_soc)),
            minimum_energy_wh=battery.energy_to_soc_wh(self.minimum_soc),
            maximum_v2x_energy_wh=battery.energy_to_soc_wh(high),
            minimum_v2x_energy_wh=battery.energy_to_soc_wh(low),
            target_soc_percent=round(self.target_soc * 100),
            minimum_soc_percent=round(self.minimum_soc * 100),
        )

    def wish(self, now: float) -> Wish:
        """STOP or PAUSE when its time has come."""
        if self.stop_at_s is not None and now >= self.stop_at_s:
            return Wish.STOP
        if self.pause_at_s is not None and now >= self.pause_at_s:
            return Wish.PAUSE
        return self.driver_wish

    def _arrive(self, now: float) -> None:
        """Alone, move time to the present; there is nothing to move here."""


class CarDevice(DriverDevice):
    """A car's ports over a simulated car."""

    def __init__(
        self,
        car: Car,
        *,
        departure_s: float | None = None,
        target_soc: float = 0.85,
        minimum_soc: float = 0.20,
        v2x_soc: tuple[float, float] | None = None,
        stop_at_s: float | None = None,
        alone: bool = False,
    ) -> None:
        """Join a car; see :class:`DriverDevice`."""
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
        self._told_a = 0.0

    def battery(self, now: float) -> Battery:
        """The battery as it stands."""
        self._arrive(now)
        car = self.car
        return Battery(
            voltage_v=car.battery.terminal_voltage(car.current_a),
            inlet_voltage_v=car.inlet_voltage_v,
            current_a=car.current_a,
            soc_percent=car.battery.soc * 100.0,
            capacity_wh=car.battery.config.capacity_wh,
            contactor_closed=car.contactor.closed,
            emergency_stop=self.emergency_stop,
        )

    def apply(self, action: Action, now: float) -> None:
        """Do what the session wants; alone, hear from its reports what the station does."""
        self._arrive(now)
        match action:
            case SetContactor(closed=True):
                if self.alone:
                    # The session says so only once the station has told a voltage near the battery's.
                    self.car.outlet_voltage_v = self.car.battery.ocv_v
                self.car.close()
            case SetContactor():
                self._told_a = 0.0
                self._arrive(now)
                self.car.open()
            case SetPilot(state="B") | EnergyFlow(flowing=False) | Ended():
                # A station switches off when the pilot falls back to B.
                self._told_a = 0.0
                self._arrive(now)
            case LoopSeen(current_a=current_a):
                self._told_a = current_a
                self._arrive(now)
            case _:
                pass

    def _arrive(self, now: float) -> None:
        if self.alone:
            self.car.advance(max(now, self.car.now_s), self._told_a)


def floor_to(value: float, step: float) -> float:
    """Rounded towards zero to a whole number of steps."""
    # A hair of rounding must not cost a whole step.
    return math.floor(value / step + 1e-9) * step
