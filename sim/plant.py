"""One outlet and one car on one cable, and the energy account of both.

::

    grid -- meter -- converter --+-- station's contactor -- cable -- car's contactor -- battery
                                 bleeder

:class:`Outlet` and :class:`Car` stand alone where the two ends run in two processes and know of each other what the
protocol tells; :class:`Plant` joins them where both are simulated.
"""

from __future__ import annotations

import msgspec

from iso15118.errors import LocalError
from sim.car import Car
from sim.circuit import Violation, check_forward
from sim.outlet import MAX_STEP_S, Isolation, Outlet, OutletConfig

__all__ = ["MAX_STEP_S", "Books", "Car", "Isolation", "Outlet", "OutletConfig", "Plant"]


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """Energy since the plant was made, Wh, each entry integrated where it arises."""

    imported_wh: float
    exported_wh: float
    battery_in_wh: float
    battery_out_wh: float
    battery_loss_wh: float
    converter_loss_wh: float

    @property
    def gap_wh(self) -> float:
        """Imported - exported - (battery_in - battery_out + losses): zero but for rounding, or the model is wrong."""
        return (
            (self.imported_wh - self.exported_wh)
            - (self.battery_in_wh - self.battery_out_wh)
            - (self.battery_loss_wh + self.converter_loss_wh)
        )


class Plant:
    """An outlet and a car on one cable, in one time."""

    converter_name = "converter"
    """What loses ``Books.converter_loss_wh``: in DC it stands in the station, in AC in the car."""

    def __init__(self, outlet: Outlet, car: Car, *, plugged: bool = True, max_step_s: float = MAX_STEP_S) -> None:
        """Join two ends that stand at the same time; ``max_step_s`` > 0 is the longest step under current."""
        if outlet.now_s != car.now_s:
            raise LocalError(f"outlet at {outlet.now_s} s and car at {car.now_s} s: advance one of them first")
        if not max_step_s > 0.0:
            raise LocalError(f"max_step_s must be positive, not {max_step_s}")
        self.outlet = outlet
        self.car = car
        self.max_step_s = max_step_s
        self.plugged = plugged

    @property
    def now_s(self) -> float:
        """Present time, s."""
        return self.outlet.now_s

    def plug(self) -> None:
        """Put the connector in."""
        self.plugged = True

    def unplug(self) -> None:
        """Tear the connector out; under current that is a violation."""
        if self.plugged and self.car.current_a != 0.0:
            what = f"connector pulled under {self.car.current_a:.1f} A"
            self.outlet.violations.append(Violation(time_s=self.now_s, what=what))
        self.plugged = False
        self.car.outlet_voltage_v = self.car.current_a = 0.0
        self.outlet.converter.idle(0.0)

    def advance(self, to_s: float) -> None:
        """Let time pass to ``to_s`` (s), exact at every contactor's movement and end of ramp in between.

        Raises:
            LocalError: ``to_s`` lies in the past.
        """
        outlet, car = self.outlet, self.car
        now_s = outlet.now_s
        check_forward(now_s, to_s)
        while True:
            until_s = min(to_s, outlet.due_s, car.contactor.due_s)
            dt_s = until_s - now_s
            if dt_s > 0.0:
                if self.plugged and car.contactor.closed and outlet.contactor.closed:
                    step_s = self._step(min(dt_s, self.max_step_s), until_s, dt_s)
                else:
                    step_s = dt_s
                    outlet.now_s = until_s
                    outlet.rest(self._load_v(), dt_s)
                now_s = outlet.now_s
                if step_s != dt_s:
                    continue
            if until_s >= outlet.due_s or until_s >= car.contactor.due_s:
                self._settle(until_s)
            else:
                break
        car.now_s = now_s
        if not car.contactor.closed:
            car.outlet_voltage_v = outlet.voltage_v if self.plugged else 0.0

    def _load_v(self) -> float | None:
        """The battery's voltage as the cable sees it without a closed circuit, None if it does not."""
        return self.car.battery.ocv_v if self.plugged and self.car.contactor.closed else None

    def _step(self, max_s: float, until_s: float, dt_s: float) -> float:
        """One step under closed contactors, ``max_s`` at most; the time after ``dt_s`` is ``until_s``, exactly."""
        outlet, battery = self.outlet, self.car.battery
        converter = outlet.converter
        step_s = outlet.plan(
            battery.ocv_v,
            battery.resistance_ohm,
            battery.max_charge_current_a(),
            battery.max_discharge_current_a(),
            max_s,
        )
        mean_a = converter.mean_a
        step_s = min(step_s, battery.seconds_to_limit(mean_a))
        mean_v = battery.advance(mean_a, step_s)
        self.car.current_a = end_a = converter.current_a
        outlet.now_s = until_s if step_s == dt_s else outlet.now_s + step_s
        outlet.deliver(mean_v, battery.ocv_v + battery.resistance_ohm * end_a, step_s)
        return step_s

    def _settle(self, now_s: float) -> None:
        """Do what is due at ``now_s``, the car's part first."""
        outlet, car = self.outlet, self.car
        car.outlet_voltage_v = outlet.voltage_v if self.plugged else 0.0
        was_closed = car.contactor.closed
        car.settle(now_s)
        if was_closed and not car.contactor.closed:
            outlet.now_s = now_s
            outlet.rest(None, 0.0)  # the circuit is broken: no current from here on
        elif car.contactor.closed and not was_closed and self.plugged and outlet.contactor.closed:
            outlet.converter.voltage_v = car.battery.ocv_v
        outlet.settle(now_s, self._load_v())
        car.current_a = outlet.current_a

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
            converter_loss_wh=self.outlet.converter.loss_wh,
        )
