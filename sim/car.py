"""The car's side of the connector: what a car's firmware commands and measures.

Commands are desired states, as those of :mod:`sim.outlet`. Current is positive into the battery.
"""

from __future__ import annotations

from sim.battery import Battery, BatteryConfig
from sim.circuit import Contactor, Violation, check_forward

__all__ = ["Car"]


class Car:
    """The car's side of the connector: battery and contactor.

    Alone, :meth:`advance` takes the current that the station tells, and ``outlet_voltage_v`` what it tells of voltage.
    """

    def __init__(self, config: BatteryConfig | None = None, *, soc: float, now_s: float = 0.0) -> None:
        """A car at rest with ``soc`` from 0 to 1."""
        self.now_s = now_s
        self.battery = Battery(config, soc=soc)
        self.contactor = Contactor("car's contactor")
        self.current_a = 0.0
        """Into the battery right now, A."""
        self.outlet_voltage_v = 0.0
        """What the station puts on the inlet while the car's contactor is open, V."""
        self.violations: list[Violation] = []
        self._beyond = False

    def close(self) -> None:
        """Close the car's contactor."""
        self.contactor.want(self.now_s, closed=True)

    def open(self) -> None:
        """Open the car's contactor."""
        self.contactor.want(self.now_s, closed=False)

    @property
    def inlet_voltage_v(self) -> float:
        """What the car measures at its inlet right now, V."""
        return self.battery.terminal_voltage(self.current_a) if self.contactor.closed else self.outlet_voltage_v

    def advance(self, to_s: float, current_a: float) -> None:
        """Let time pass to ``to_s`` (s) with ``current_a`` from the station (EVSEPresentCurrent, A, signed).

        With the contactor open no current flows, whatever the station tells. Current beyond what the battery's SOC
        limits allow flows, and is a violation.

        Raises:
            LocalError: ``to_s`` lies in the past.
        """
        check_forward(self.now_s, to_s)
        while self.now_s < to_s or self.contactor.due_s <= to_s:
            until_s = min(to_s, self.contactor.due_s)
            self.current_a = current_a if self.contactor.closed else 0.0
            self.battery.advance(self.current_a, until_s - self.now_s)
            self._watch(until_s)
            self.now_s = until_s
            self.settle(until_s)
        self.current_a = current_a if self.contactor.closed else 0.0

    def settle(self, now_s: float) -> None:
        """Do what is due at ``now_s``."""
        self.now_s = now_s
        if now_s < self.contactor.due_s:
            return
        difference_v = self.outlet_voltage_v - self.battery.ocv_v
        violation = self.contactor.settle(now_s, self.current_a, difference_v)
        if violation:
            self.violations.append(violation)
        if not self.contactor.closed:
            self.current_a = 0.0

    def _watch(self, now_s: float) -> None:
        beyond = self.current_a != 0.0 and self.battery.seconds_to_limit(self.current_a) == 0.0
        if beyond and not self._beyond:
            what = f"battery at {self.battery.soc:.2%} took {self.current_a:.1f} A beyond its SOC limit"
            self.violations.append(Violation(time_s=now_s, what=what))
        self._beyond = beyond
