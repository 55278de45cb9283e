"""An AC outlet: grid, meter and contactor. What flows is decided by the charger in the car.

All default figures are ours; they describe a plausible three-phase outlet and no product. Power is positive into the
car; a tuple has one value a line.
"""

from __future__ import annotations

import math

import msgspec

from iso15118.errors import LocalError
from iso15118.session.ports import AcReading, PerLine
from sim.circuit import CONTACTOR_DELAY_S, Contactor, Violation, check_forward
from sim.meter import Meter

__all__ = ["AcOutlet", "AcOutletConfig"]

OVERCURRENT = 1.05
"""A line that carries more than its rating times this is a violation (our figure)."""


class AcOutletConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What an outlet is."""

    lines: int = 3
    """1 or 3."""
    nominal_voltage_v: float = 230.0
    """Line to neutral."""
    nominal_frequency_hz: float = 50.0
    max_current_a: float = 16.0
    """Of each line, either way."""
    power_ramp_w_per_s: float | None = None
    """Told to the car."""
    max_power_asymmetry_w: float | None = None
    """Told to the car."""
    contactor_delay_s: float = CONTACTOR_DELAY_S
    island_detection_s: float = 1.0
    """How long the station takes to notice that the grid has gone, s."""
    import_register_wh: int = 1_234_567
    """What the meter's import register reads at the start, Wh."""
    export_register_wh: int = 89_012
    """What the meter's export register reads at the start, Wh."""

    def __post_init__(self) -> None:
        if self.lines not in (1, 3):
            raise LocalError(f"an AC outlet has 1 or 3 lines, not {self.lines}")
        for name in ("nominal_voltage_v", "nominal_frequency_hz", "max_current_a"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise LocalError(f"{name} must be positive and finite, not {getattr(self, name)}")
        if not self.island_detection_s >= 0.0:
            raise LocalError(f"island_detection_s must not be negative, not {self.island_detection_s}")

    @property
    def max_power_w(self) -> PerLine:
        """Of each line, a magnitude."""
        return (self.max_current_a * self.nominal_voltage_v,) * self.lines


class AcOutlet:
    """The station's side of an AC connector: meter, contactor, and the grid behind them.

    Alone, :meth:`advance` takes the power that the car is believed to take. Joined, :class:`sim.ac_plant.AcPlant` moves
    time with :meth:`deliver` and :meth:`settle`.
    """

    def __init__(self, config: AcOutletConfig | None = None, *, now_s: float = 0.0) -> None:
        self.config = config = config or AcOutletConfig()
        self.now_s = now_s
        self.meter = Meter(import_wh=config.import_register_wh, export_wh=config.export_register_wh)
        """Of all lines together."""
        self.line_meters = tuple(Meter(import_wh=0, export_wh=0) for _ in range(config.lines))
        self.contactor = Contactor("station's contactor", config.contactor_delay_s)
        self.grid_voltage_v = config.nominal_voltage_v
        """Line to neutral, as it is now."""
        self.grid_frequency_hz = config.nominal_frequency_hz
        """As it is now."""
        self.grid_lost_s: float | None = None
        """When the grid went away, and the neighbours' load became an island with the car; None while it is there."""
        self.violations: list[Violation] = []
        self._none = (0.0,) * config.lines
        self.reading = AcReading(power_w=self._none, reactive_var=self._none)
        """What flows right now."""
        self._over = False

    # -- what a session wants ------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the contactor."""
        self.contactor.want(self.now_s, closed=True)

    def open(self) -> None:
        """Open the contactor, under current or not: only the car can bring it to zero."""
        self.contactor.want(self.now_s, closed=False)

    # -- what is measured ----------------------------------------------------------------------------------------

    @property
    def islanded(self) -> bool:
        """Whether the station has noticed that the grid is gone."""
        return self.grid_lost_s is not None and self.now_s >= self.grid_lost_s + self.config.island_detection_s

    @property
    def voltage_v(self) -> float:
        """At the connector right now, line to neutral, V."""
        return self.grid_voltage_v if self.contactor.closed else 0.0

    @property
    def current_a(self) -> float:
        """Of the line that carries most, A, with the sign of the power of all together."""
        return math.copysign(self.reading.current_a(self.grid_voltage_v or 1.0), self.ac_power_w)

    @property
    def ac_power_w(self) -> float:
        """At the meter right now, all lines together, W, signed."""
        return sum(self.reading.power_w)

    @property
    def power_w(self) -> float:
        """At the connector: the meter sits there."""
        return self.ac_power_w

    # -- time ----------------------------------------------------------------------------------------------------

    def advance(self, to_s: float, power_w: PerLine) -> None:
        """Let time pass to ``to_s`` (s) with a car that takes ``power_w`` while the contactor is closed.

        Raises:
            LocalError: ``to_s`` lies in the past.
        """
        check_forward(self.now_s, to_s)
        while self.now_s < to_s or self.contactor.due_s <= to_s:
            until_s = min(to_s, self.contactor.due_s)
            power = power_w if self.contactor.closed else self._none
            self.show(AcReading(power_w=power, reactive_var=self._none))
            self.deliver(power, until_s - self.now_s)
            self.now_s = until_s
            self.settle(until_s)

    def deliver(self, power_w: PerLine, dt_s: float) -> None:
        """Count the mean power of a step."""
        if dt_s <= 0.0:
            return
        self.meter.advance(sum(power_w), dt_s)
        for meter, power in zip(self.line_meters, power_w, strict=False):
            meter.advance(power, dt_s)

    def show(self, reading: AcReading) -> None:
        """What flows from now on."""
        self.reading = reading
        over = abs(self.current_a) > self.config.max_current_a * OVERCURRENT
        if over and not self._over:
            what = f"a line carries {abs(self.current_a):.1f} A, rated {self.config.max_current_a:g} A"
            self.violations.append(Violation(time_s=self.now_s, what=what))
        self._over = over

    def settle(self, now_s: float) -> None:
        """Do what is due at ``now_s``."""
        self.now_s = now_s
        if now_s < self.contactor.due_s:
            return
        violation = self.contactor.settle(now_s, self.current_a, 0.0)
        if violation:
            self.violations.append(violation)
        if not self.contactor.closed:
            self.show(AcReading(power_w=self._none, reactive_var=self._none))
