"""The station's side of the connector, whole: what a station's firmware commands and measures.

Commands are desired states: they may be repeated, act at the present time and hold until the next one. All default
figures are ours. Current and power are positive into the car.
"""

from __future__ import annotations

import enum
import math

import msgspec

from iso15118.errors import LocalError
from sim.circuit import CONTACTOR_DELAY_S, Contactor, Violation, check_forward
from sim.converter import Converter, ConverterConfig
from sim.meter import Meter

__all__ = ["MAX_STEP_S", "Isolation", "Outlet", "OutletConfig"]

MAX_STEP_S = 1.0
"""An outlet under current takes it as constant, and its limits as unchanged, for no longer than this."""


class Isolation(enum.Enum):
    """What the station knows of the cable's isolation."""

    UNKNOWN = "unknown"
    CHECKING = "checking"
    VALID = "valid"
    FAULT = "fault"


class OutletConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What an outlet is."""

    converter: ConverterConfig = ConverterConfig()
    contactor_delay_s: float = CONTACTOR_DELAY_S
    cable_check_voltage_v: float = 500.0
    """Test voltage of the isolation check, V, up to the converter's rating."""
    cable_check_s: float = 2.0
    """How long the isolation monitor measures once the test voltage stands."""
    import_register_wh: int = 1_234_567
    """What the meter's import register reads at the start, Wh."""
    export_register_wh: int = 89_012
    """What the meter's export register reads at the start, Wh."""


class Outlet:
    """The station's side of the connector: meter, converter, contactor, isolation monitor.

    Alone, :meth:`advance` takes the voltage of the load as the car tells it. Joined, :class:`sim.plant.Plant` moves
    time with the step methods (:meth:`plan`, :meth:`deliver`, :meth:`rest`, :meth:`settle`).
    """

    def __init__(self, config: OutletConfig | None = None, *, now_s: float = 0.0) -> None:
        self.config = config = config or OutletConfig()
        self.now_s = now_s
        self.converter = Converter(config.converter)
        self.meter = Meter(import_wh=config.import_register_wh, export_wh=config.export_register_wh)
        self.contactor = Contactor("station's contactor", config.contactor_delay_s)
        self.isolation = Isolation.UNKNOWN
        self.isolation_fault = False
        """Set it to have the next check find a fault."""
        self.violations: list[Violation] = []
        self._check_due_s = math.inf
        self._cable_v = 0.0
        self._releasing = False
        self._charge_a = self._discharge_a = self._charge_w = self._discharge_w = math.inf

    # -- what a session wants ------------------------------------------------------------------------------------

    def off(self) -> None:
        """Bring the current to zero and let the output's voltage fall; the contactor stays."""
        self._end_check()
        self.converter.off()

    def set_voltage(self, voltage_v: float) -> None:
        """Hold ``voltage_v`` (V) at the open output: pre-charge."""
        self._take_over()
        self.converter.set_voltage(voltage_v)

    def set_current(self, current_a: float) -> None:
        """Drive ``current_a`` (DC A, signed)."""
        self._take_over()
        self.converter.set_current(current_a)

    def set_ac_power(self, power_w: float) -> None:
        """Have the meter see ``power_w`` (AC W, signed), whatever the voltage of the battery does meanwhile."""
        self._take_over()
        self.converter.set_ac_power(power_w)

    def limit_load(
        self,
        *,
        charge_current_a: float = math.inf,
        discharge_current_a: float = math.inf,
        charge_power_w: float = math.inf,
        discharge_power_w: float = math.inf,
    ) -> None:
        """Keep within what the car told, DC magnitudes >= 0; whatever is not given is not limited."""
        limits = (charge_current_a, discharge_current_a, charge_power_w, discharge_power_w)
        if not all(limit >= 0.0 for limit in limits):
            raise LocalError(f"limits of a load are magnitudes, not {limits}")
        self._charge_a, self._discharge_a, self._charge_w, self._discharge_w = limits

    def close(self) -> None:
        """Close the station's contactor."""
        self._releasing = False
        self.contactor.want(self.now_s, closed=True)

    def open(self) -> None:
        """Open the station's contactor now, under current or not; see :meth:`release`."""
        self.contactor.want(self.now_s, closed=False)

    def release(self) -> None:
        """Bring the current to zero and only then open the contactor: the way to stop, in an emergency as well.

        :meth:`close` or a new set point takes it back; :meth:`off` does not.
        """
        self.off()
        self._releasing = True
        self._release_if_idle(self.now_s)

    def check_cable(self) -> None:
        """Close the contactor, apply the test voltage, and have the result in :attr:`isolation` some time later.

        Without effect while a check runs or once it has a result; :meth:`forget_cable` makes it possible again.
        """
        if self.isolation is not Isolation.UNKNOWN:
            return
        self.close()
        self.converter.set_voltage(self.config.cable_check_voltage_v)
        closing_s = 0.0 if self.contactor.closed else self.contactor.due_s - self.now_s
        self._check_due_s = self.now_s + max(closing_s, self.converter.settle_s()) + self.config.cable_check_s
        self.isolation = Isolation.CHECKING

    def forget_cable(self) -> None:
        """Another car: nothing is known of the cable any more, and of the load's limits."""
        self.off()
        self.isolation = Isolation.UNKNOWN
        self.limit_load()

    def _take_over(self) -> None:
        """A set point ends whatever else was using the converter."""
        self._releasing = False
        self._end_check()

    def _end_check(self) -> None:
        if self.isolation is Isolation.CHECKING:
            self.isolation, self._check_due_s = Isolation.UNKNOWN, math.inf

    # -- what is measured ----------------------------------------------------------------------------------------

    @property
    def voltage_v(self) -> float:
        """At the connector right now, V."""
        return self.converter.voltage_v if self.contactor.closed else self._cable_v

    @property
    def current_a(self) -> float:
        """At the connector right now, DC A, signed."""
        return self.converter.current_a

    @property
    def power_w(self) -> float:
        """At the connector right now, DC W, signed."""
        return self.voltage_v * self.converter.current_a

    @property
    def ac_power_w(self) -> float:
        """At the meter right now, W, signed."""
        return self.converter.ac_power_w

    # -- time ----------------------------------------------------------------------------------------------------

    def advance(self, to_s: float, load_voltage_v: float | None) -> None:
        """Let time pass to ``to_s`` (s) with a battery of ``load_voltage_v`` (V) at the connector, or with none.

        The voltage is that of the car's side while its contactor is closed (EVPresentVoltage between
        PowerDelivery(Start) and the end of the charge loop). It holds for the whole step.

        Raises:
            LocalError: ``to_s`` lies in the past.
        """
        check_forward(self.now_s, to_s)
        while self.now_s < to_s or self.due_s <= to_s:
            until_s = min(to_s, self.due_s)
            dt_s = until_s - self.now_s
            if dt_s <= 0.0:
                self.settle(until_s, load_voltage_v)
                continue
            if load_voltage_v is not None and self.contactor.closed:
                step_s = self.plan(load_voltage_v, 0.0, math.inf, math.inf, min(dt_s, MAX_STEP_S))
                self.now_s = until_s if step_s == dt_s else self.now_s + step_s
                self.deliver(load_voltage_v, load_voltage_v, step_s)
            else:
                self.now_s = until_s
                self.rest(load_voltage_v, dt_s)

    @property
    def due_s(self) -> float:
        """When the next thing of this outlet is due, s: a contactor's movement or the result of a check."""
        return min(self.contactor.due_s, self._check_due_s)

    def plan(self, load_v: float, load_ohm: float, max_charge_a: float, max_discharge_a: float, dt_s: float) -> float:
        """As :meth:`sim.converter.Converter.track`, with the limits that the car told."""
        max_charge_a = min(max_charge_a, self._charge_a)
        max_discharge_a = min(max_discharge_a, self._discharge_a)
        # What power means in amperes is judged at the voltage last seen, as a station would.
        voltage_v = self.converter.voltage_v or load_v
        if max_charge_a * voltage_v > self._charge_w:
            max_charge_a = self._charge_w / voltage_v
        if max_discharge_a * voltage_v > self._discharge_w:
            max_discharge_a = self._discharge_w / voltage_v
        return self.converter.track(load_v, load_ohm, max_charge_a, max_discharge_a, dt_s)

    def deliver(self, mean_v: float, end_v: float, dt_s: float) -> None:
        """As :meth:`sim.converter.Converter.deliver`, metered; :attr:`now_s` is the end of the step."""
        self.meter.advance(self.converter.deliver(mean_v, end_v, dt_s), dt_s)
        if self._releasing:
            self._release_if_idle(self.now_s)

    def rest(self, load_v: float | None, dt_s: float) -> None:
        """Pass a step without a closed circuit; ``load_v`` as in :meth:`advance`."""
        power_w = self.converter.idle(dt_s)
        if power_w:
            self.meter.advance(power_w, dt_s)
        if self._releasing:  # the car opened first: there is no current left to bring to zero
            self._release_if_idle(self.now_s)
        if load_v is not None:
            self._cable_v = load_v
        elif not self.contactor.closed and self._cable_v:
            self._cable_v *= math.exp(-dt_s / self.config.converter.discharge_time_constant_s)

    def settle(self, now_s: float, load_v: float | None) -> None:
        """Do what is due at ``now_s``."""
        self.now_s = now_s
        if now_s >= self.contactor.due_s:
            voltage_v = self.voltage_v
            difference_v = 0.0 if load_v is None else self.converter.voltage_v - load_v
            violation = self.contactor.settle(now_s, self.converter.current_a, difference_v)
            if violation:
                self.violations.append(violation)
            if not self.contactor.closed:
                self.converter.idle(0.0)
                self._cable_v = voltage_v
            elif load_v is not None:
                self.converter.voltage_v = load_v
        if now_s >= self._check_due_s:
            self._check_due_s = math.inf
            self.isolation = Isolation.FAULT if self.isolation_fault else Isolation.VALID
            self.converter.off()

    def _release_if_idle(self, now_s: float) -> None:
        if self.converter.current_a == 0.0:
            self._releasing = False
            self.contactor.want(now_s, closed=False)
