"""One AC outlet and one car on one cable, and the energy account of both.

::

    grid -- meter -- station's contactor -- cable -- car's relay -- charger on board -- battery
"""

from __future__ import annotations

import math

from iso15118.errors import LocalError
from iso15118.session.ports import AcReading
from sim.ac_car import AcCar
from sim.ac_outlet import AcOutlet
from sim.circuit import Violation, check_forward
from sim.outlet import MAX_STEP_S
from sim.plant import Books

__all__ = ["AcPlant"]


class AcPlant:
    """An AC outlet and a car on one cable, in one time; for whoever moves time as :class:`sim.plant.Plant` is."""

    converter_name = "charger on board"
    """What loses ``Books.converter_loss_wh``."""

    def __init__(self, outlet: AcOutlet, car: AcCar, *, plugged: bool = True, max_step_s: float = MAX_STEP_S) -> None:
        """Join two ends that stand at the same time; ``max_step_s`` > 0 is the longest step under current."""
        if outlet.now_s != car.now_s:
            raise LocalError(f"outlet at {outlet.now_s} s and car at {car.now_s} s: advance one of them first")
        if not max_step_s > 0.0:
            raise LocalError(f"max_step_s must be positive, not {max_step_s}")
        self.outlet = outlet
        self.car = car
        self.plugged = plugged
        self.max_step_s = max_step_s

    @property
    def now_s(self) -> float:
        """Present time, s."""
        return self.outlet.now_s

    def plug(self) -> None:
        """Put the connector in."""
        self.plugged = True

    def unplug(self) -> None:
        """Tear the connector out; under current that is a violation."""
        if self.plugged and abs(self.outlet.current_a) > 0.0:
            what = f"connector pulled under {self.outlet.current_a:.1f} A"
            self.outlet.violations.append(Violation(time_s=self.now_s, what=what))
        self.plugged = False
        self._stall()

    def lose_grid(self) -> None:
        """The grid goes away: what is left of it is an island with the car, until the charger notices."""
        if self.outlet.grid_lost_s is None:
            self.outlet.grid_lost_s = self.now_s

    def restore_grid(self) -> None:
        """The grid is back."""
        self.outlet.grid_lost_s = None
        self.car.reset()

    @property
    def _live(self) -> bool:
        return self.plugged and self.car.contactor.closed and self.outlet.contactor.closed

    @property
    def _notice_s(self) -> float:
        lost_s = self.outlet.grid_lost_s
        return math.inf if lost_s is None or self.car.islanded else lost_s + self.car.config.island_trip_s

    def advance(self, to_s: float) -> None:
        """Let time pass to ``to_s`` (s), exact at every contactor's movement and end of ramp in between.

        Raises:
            LocalError: ``to_s`` lies in the past.
        """
        outlet, car = self.outlet, self.car
        check_forward(outlet.now_s, to_s)
        while True:
            due_s = min(outlet.contactor.due_s, car.contactor.due_s, max(self._notice_s, outlet.now_s))
            until_s = min(to_s, due_s)
            dt_s = until_s - outlet.now_s
            if dt_s > 0.0 and self._live:
                step_s, power_w = car.step(min(dt_s, self.max_step_s))
                outlet.deliver(car.shared(power_w), step_s)
                car.now_s = outlet.now_s = until_s if step_s == dt_s else outlet.now_s + step_s
                outlet.show(car.reading())
                if step_s != dt_s:
                    continue
            else:
                car.now_s = outlet.now_s = until_s
                if not self._live:
                    self._stall()
            if until_s < due_s:
                return
            self._settle(until_s)

    def _settle(self, now_s: float) -> None:
        """Do what is due at ``now_s``, the car's part first."""
        if now_s >= self._notice_s:
            self.car.notice_island()
        current_a = self.outlet.current_a
        self.car.settle(now_s, current_a)
        if not self.car.contactor.closed:
            self._stall()
        self.outlet.settle(now_s)
        if not self._live:
            self._stall()

    def _stall(self) -> None:
        self.car.stall()
        none = (0.0,) * self.outlet.config.lines
        self.outlet.show(AcReading(power_w=none, reactive_var=none))

    @property
    def violations(self) -> list[Violation]:
        """What went wrong on either side, in order of time."""
        return sorted(self.outlet.violations + self.car.violations, key=lambda violation: violation.time_s)

    def books(self) -> Books:
        """The energy account so far."""
        meter, battery = self.outlet.meter, self.car.battery
        return Books(
            imported_wh=meter.imported_wh,
            exported_wh=meter.exported_wh,
            battery_in_wh=battery.battery_in_wh,
            battery_out_wh=battery.battery_out_wh,
            battery_loss_wh=battery.loss_wh,
            converter_loss_wh=self.car.charger.loss_wh,
        )
