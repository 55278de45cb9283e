"""A car that charges at AC: the charger on board, the relay of its inlet, and the battery behind them.

The charger is a power stage as a DC station has one (:mod:`sim.converter`), only on the other side of the connector.
Power is positive into the car; a tuple has one value a line. All default figures are ours.
"""

from __future__ import annotations

import math

import msgspec

from iso15118.errors import LocalError
from iso15118.session.ports import AcLimits, AcReading, PerLine
from sim.battery import Battery, BatteryConfig
from sim.circuit import CONTACTOR_DELAY_S, Contactor, Violation
from sim.converter import Converter, ConverterConfig

__all__ = ["AcCar", "OnBoardConfig"]


class OnBoardConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a charger on board is; magnitudes."""

    lines: int = 3
    """1 or 3."""
    max_charge_power_w: float = 3_680.0
    """Of each line, W."""
    min_charge_power_w: float = 0.0
    """Of each line, W: less can't be taken."""
    max_discharge_power_w: float = 3_680.0
    """Of each line, W; 0 for a charger that only charges."""
    min_discharge_power_w: float = 0.0
    max_apparent_va: float = 4_000.0
    """Of each line: reactive power finds room beside active power up to it."""
    charge_efficiency: float = 0.94
    """DC power over AC power while charging, above 0 up to 1."""
    discharge_efficiency: float = 0.94
    """AC power over DC power while discharging, above 0 up to 1."""
    ramp_a_per_s: float = 20.0
    """At the battery."""
    stop_ramp_a_per_s: float = 200.0
    """How fast current goes to zero when the charger is switched off."""
    island_trip_s: float = 0.5
    """How long the charger takes to notice that the grid has gone, s."""
    relay_delay_s: float = CONTACTOR_DELAY_S

    def __post_init__(self) -> None:
        if self.lines not in (1, 3):
            raise LocalError(f"a charger on board has 1 or 3 lines, not {self.lines}")
        if not self.max_charge_power_w > 0.0 or not self.max_discharge_power_w >= 0.0:
            raise LocalError("max_charge_power_w must be positive, max_discharge_power_w not negative")

    def stage(self) -> ConverterConfig:
        """The power stage that it is."""
        return ConverterConfig(
            max_import_power_w=self.lines * self.max_charge_power_w,
            # A stage has two directions; the limits told to the station keep it from the one it must not use.
            max_export_power_w=max(self.lines * self.max_discharge_power_w, 1.0),
            max_charge_current_a=1_000.0,
            max_discharge_current_a=1_000.0,
            max_voltage_v=1_000.0,
            charge_efficiency=self.charge_efficiency,
            discharge_efficiency=self.discharge_efficiency,
            ramp_a_per_s=self.ramp_a_per_s,
            stop_ramp_a_per_s=self.stop_ramp_a_per_s,
        )


class AcCar:
    """The car's side of an AC connector. Commands are desired states and hold until the next one."""

    def __init__(
        self,
        battery: BatteryConfig | None = None,
        config: OnBoardConfig | None = None,
        *,
        soc: float,
        now_s: float = 0.0,
    ) -> None:
        """A car at rest with ``soc`` from 0 to 1."""
        self.now_s = now_s
        self.config = config = config or OnBoardConfig()
        self.battery = Battery(battery, soc=soc)
        self.charger = Converter(config.stage())
        self.contactor = Contactor("car's relay", config.relay_delay_s)
        self.islanded = False
        """The charger has noticed that the grid went away."""
        self.forms_grid = False
        """An inverter that forms the grid goes on where there is no other; one that follows it is off then."""
        self.violations: list[Violation] = []
        self._shares: PerLine = (1.0 / config.lines,) * config.lines
        self._wanted: PerLine = (0.0,) * config.lines
        self._reactive: PerLine = (0.0,) * config.lines

    # -- what a session wants ------------------------------------------------------------------------------------

    def set_power(self, power_w: PerLine, reactive_var: PerLine = ()) -> None:
        """Draw (positive) or feed (negative) ``power_w``, with ``reactive_var`` as far as there is room for it.

        Raises:
            LocalError: More lines than the charger has, or lines of both signs: one battery can't do that.
        """
        lines = self.config.lines
        if len(power_w) > lines:
            raise LocalError(f"{len(power_w)} lines at a charger of {lines}")
        power_w = (*power_w, *(0.0,) * lines)[:lines]
        self._wanted, total = power_w, sum(power_w)
        if min(power_w) < 0.0 < max(power_w):
            raise LocalError(f"power of both signs at once: {power_w}")
        if total == 0.0:
            self.off()
        elif not self.tripped:
            self._shares = tuple(power / total for power in power_w)
            self.charger.set_ac_power(total)
        self._reactive = (*reactive_var, *(0.0,) * lines)[:lines]

    def off(self) -> None:
        """Bring power to zero at once."""
        self.charger.off()
        self._wanted = self._reactive = (0.0,) * self.config.lines

    @property
    def tripped(self) -> bool:
        """Whether the charger is off until :meth:`reset`."""
        return self.islanded and not self.forms_grid

    def notice_island(self) -> None:
        """The grid has gone: no power until :meth:`reset`, unless the inverter forms a grid."""
        self.islanded = True
        if self.tripped:
            self.charger.off()

    def reset(self) -> None:
        """The grid is back: what was wanted last is wanted still."""
        self.islanded = False
        self.set_power(self._wanted, self._reactive)

    def close(self) -> None:
        """Close the relay of the inlet."""
        self.contactor.want(self.now_s, closed=True)

    def open(self) -> None:
        """Open the relay of the inlet."""
        self.contactor.want(self.now_s, closed=False)

    # -- what is measured ----------------------------------------------------------------------------------------

    @property
    def current_a(self) -> float:
        """Into the battery right now, A."""
        return self.charger.current_a

    @property
    def inlet_voltage_v(self) -> float:
        """Of the DC side: an AC inlet has none."""
        return 0.0

    def limits(self) -> AcLimits:
        """What charger and battery can do now, line by line."""
        config, battery = self.config, self.battery
        charge_a, discharge_a = battery.max_charge_current_a(), battery.max_discharge_current_a()
        charge_w = charge_a * battery.terminal_voltage(charge_a) / config.charge_efficiency / config.lines
        discharge_w = discharge_a * battery.terminal_voltage(-discharge_a) * config.discharge_efficiency / config.lines
        charge, discharge = min(config.max_charge_power_w, charge_w), min(config.max_discharge_power_w, discharge_w)
        return AcLimits(
            max_charge_power_w=(charge,) * config.lines,
            min_charge_power_w=(min(config.min_charge_power_w, charge),) * config.lines,
            max_discharge_power_w=(discharge,) * config.lines,
            min_discharge_power_w=(min(config.min_discharge_power_w, discharge),) * config.lines,
        )

    def shared(self, power_w: float) -> PerLine:
        """A power of all lines together as the charger spreads it."""
        return tuple(power_w * share for share in self._shares)

    def reading(self) -> AcReading:
        """What flows right now."""
        power = self.shared(self.charger.ac_power_w)
        room = [math.sqrt(max(self.config.max_apparent_va**2 - value**2, 0.0)) for value in power]
        live = self.contactor.closed and any(power)
        reactive = tuple(
            min(max(value, -most), most) if live else 0.0 for value, most in zip(self._reactive, room, strict=True)
        )
        return AcReading(power_w=power, reactive_var=reactive, islanded=self.islanded)

    # -- time ----------------------------------------------------------------------------------------------------

    def step(self, max_s: float) -> tuple[float, float]:
        """One step at a live inlet, ``max_s`` at most: its length, s, and its mean AC power, W."""
        battery, charger = self.battery, self.charger
        step_s = charger.track(
            battery.ocv_v,
            battery.resistance_ohm,
            battery.max_charge_current_a(),
            battery.max_discharge_current_a(),
            max_s,
        )
        step_s = min(step_s, battery.seconds_to_limit(charger.mean_a))
        mean_v = battery.advance(charger.mean_a, step_s)
        return step_s, charger.deliver(mean_v, battery.terminal_voltage(charger.current_a), step_s)

    def stall(self) -> None:
        """No grid at the charger's terminals: no current."""
        self.charger.current_a = self.charger.mean_a = 0.0

    def settle(self, now_s: float, current_a: float) -> None:
        """Do what is due at ``now_s``, with ``current_a`` through the line that carries most."""
        self.now_s = now_s
        if now_s < self.contactor.due_s:
            return
        violation = self.contactor.settle(now_s, current_a, 0.0)
        if violation:
            self.violations.append(violation)
        if not self.contactor.closed:
            self.stall()
