"""The station's DC power stage: what it is told, what it makes of it, and what it loses doing so.

All default figures are ours; they describe a plausible 11 kW bidirectional stage and no product. Current and power are
positive into the car. Ratings of power are on the AC side, where set points and meter are.
"""

from __future__ import annotations

import enum
import math

import msgspec

from iso15118.errors import LocalError
from sim.circuit import current_for_power

__all__ = ["Converter", "ConverterConfig", "Limit", "Mode"]

SNAP_S = 0.001
"""A gap that the ramp would close within this time is closed at once: a set point that follows the battery's voltage
drifts by microamperes, and is no ramp."""


ROUNDING = 1.000_000_001
"""A power is above a rating only by more than this factor: a set point at the rating is not limited by it."""


class Mode(enum.Enum):
    """What the stage is told to do."""

    OFF = "off"
    """No current; the output decays through its bleeder."""
    VOLTAGE = "voltage"
    """Hold a voltage on the open output (cable check, pre-charge); no current."""
    CURRENT = "current"
    """Drive a DC current."""
    AC_POWER = "ac_power"
    """Drive the DC current that makes the AC side take or give a power."""


class Limit(enum.Enum):
    """What keeps the current from its set point."""

    NONE = "none"
    LOAD = "load"
    """A limit of the car."""
    CURRENT = "current"
    POWER = "power"
    VOLTAGE = "voltage"


class ConverterConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a power stage is; magnitudes."""

    max_import_power_w: float = 11_000.0
    """Greatest AC power while charging, W."""
    max_export_power_w: float = 11_000.0
    """Greatest AC power while discharging, W."""
    max_charge_current_a: float = 40.0
    """DC, A."""
    max_discharge_current_a: float = 40.0
    """DC, A."""
    max_voltage_v: float = 500.0
    min_voltage_v: float = 150.0
    """No current is driven into or out of a load below this voltage."""
    charge_efficiency: float = 0.95
    """DC power over AC power while charging, above 0 up to 1."""
    discharge_efficiency: float = 0.95
    """AC power over DC power while discharging, above 0 up to 1."""
    standby_w: float = 0.0
    """AC power that the stage takes for itself in every mode but OFF, W, >= 0."""
    ramp_a_per_s: float = 20.0
    stop_ramp_a_per_s: float = 200.0
    """How fast current goes to zero in mode OFF."""
    ramp_step_s: float = 0.1
    """While current ramps it is taken as constant for no longer than this."""
    slew_v_per_s: float = 250.0
    """How fast the voltage of an unloaded output follows its set point."""
    discharge_time_constant_s: float = 0.4
    """The bleeder: an output that is switched off falls to 1/e of its voltage in this time."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if not (0.0 < value < math.inf or (name == "standby_w" and value == 0.0)):
                raise LocalError(f"{name} must be positive and finite, not {value}")
        if self.charge_efficiency > 1.0 or self.discharge_efficiency > 1.0:
            raise LocalError("efficiencies are fractions: above 0, up to 1")
        if self.min_voltage_v >= self.max_voltage_v:
            raise LocalError(f"min_voltage_v {self.min_voltage_v} must be below max_voltage_v {self.max_voltage_v}")

    @property
    def max_charge_power_w(self) -> float:
        """Greatest DC power while charging, W."""
        return max(self.max_import_power_w - self.standby_w, 0.0) * self.charge_efficiency

    @property
    def max_discharge_power_w(self) -> float:
        """Greatest DC power while discharging, W, a magnitude."""
        return (self.max_export_power_w + self.standby_w) / self.discharge_efficiency


class Converter:
    """A power stage in its present state.

    Commands are desired states and hold until the next one; set points beyond the ratings are cut to them. The owner
    moves time: :meth:`track` then :meth:`deliver` while a load is connected, :meth:`idle` while none is.
    ``loss_wh`` is integrated from the DC power and the efficiency of its direction, plus standby.
    """

    __slots__ = ("_max_charge_w", "_max_discharge_w", "config", "current_a", "limit", "loss_wh", "mean_a", "mode",
                 "set_point", "voltage_v")  # fmt: skip

    def __init__(self, config: ConverterConfig | None = None) -> None:
        self.config = config = config or ConverterConfig()
        self._max_charge_w = config.max_charge_power_w
        self._max_discharge_w = config.max_discharge_power_w
        self.mode = Mode.OFF
        self.set_point = 0.0
        """Of the present mode: V, A or AC W."""
        self.limit = Limit.NONE
        self.voltage_v = 0.0
        """At the stage's output right now, V."""
        self.current_a = 0.0
        """Right now, A."""
        self.mean_a = 0.0
        """Over the step that :meth:`track` last planned, A."""
        self.loss_wh = 0.0

    def off(self) -> None:
        """Bring the current to zero and let go of the output."""
        self.mode, self.set_point, self.limit = Mode.OFF, 0.0, Limit.NONE

    def set_voltage(self, voltage_v: float) -> None:
        """Bring the open output to ``voltage_v`` (V, >= 0; cut to the rating) and hold it."""
        _check_finite("voltage_v", voltage_v)
        self.mode, self.limit = Mode.VOLTAGE, Limit.NONE
        self.set_point = min(max(voltage_v, 0.0), self.config.max_voltage_v)

    def set_current(self, current_a: float) -> None:
        """Drive ``current_a`` (A, signed) as far as stage and load allow."""
        _check_finite("current_a", current_a)
        self.mode, self.set_point = Mode.CURRENT, current_a

    def set_ac_power(self, power_w: float) -> None:
        """Have the AC side take (positive) or give (negative) ``power_w`` as far as stage and load allow."""
        _check_finite("power_w", power_w)
        self.mode, self.set_point = Mode.AC_POWER, power_w

    @property
    def dc_power_w(self) -> float:
        """At the output right now, W, signed."""
        return self.voltage_v * self.current_a

    @property
    def ac_power_w(self) -> float:
        """At the meter right now, W, signed, standby included."""
        dc_w = self.voltage_v * self.current_a
        ac_w = dc_w / self.config.charge_efficiency if dc_w > 0.0 else dc_w * self.config.discharge_efficiency
        return ac_w if self.mode is Mode.OFF else ac_w + self.config.standby_w

    def settle_s(self) -> float:
        """How long the unloaded output still needs to reach a voltage set point, s; 0 in the other modes."""
        if self.mode is not Mode.VOLTAGE:
            return 0.0
        return abs(self.set_point - self.voltage_v) / self.config.slew_v_per_s

    def target_a(self, source_v: float, source_ohm: float) -> float:
        """The current the present command asks for into a load of ``source_v`` behind ``source_ohm``, within ratings.

        Sets :attr:`limit` to what cut it.
        """
        config = self.config
        mode = self.mode
        self.limit = Limit.NONE
        if mode is Mode.AC_POWER:
            power_w = self.set_point - config.standby_w
            power_w = power_w * config.charge_efficiency if power_w > 0.0 else power_w / config.discharge_efficiency
            target_a = current_for_power(power_w, source_v, source_ohm)
        elif mode is Mode.CURRENT:
            target_a = self.set_point
        else:
            return 0.0
        if source_v < config.min_voltage_v:
            self.limit = Limit.VOLTAGE
            return 0.0
        if target_a > 0.0:
            return self._charge_within_ratings(target_a, source_v, source_ohm)
        return -self._discharge_within_ratings(-target_a, source_v, source_ohm)

    def _charge_within_ratings(self, target_a: float, source_v: float, source_ohm: float) -> float:
        """The greatest magnitude up to ``target_a`` that the ratings allow into the load."""
        config = self.config
        if target_a > config.max_charge_current_a:
            target_a, self.limit = config.max_charge_current_a, Limit.CURRENT
        if (source_v + source_ohm * target_a) * target_a > self._max_charge_w * ROUNDING:
            target_a, self.limit = current_for_power(self._max_charge_w, source_v, source_ohm), Limit.POWER
        if source_v + source_ohm * target_a > config.max_voltage_v:
            target_a = max(config.max_voltage_v - source_v, 0.0) / source_ohm if source_ohm else 0.0
            self.limit = Limit.VOLTAGE
        return target_a

    def _discharge_within_ratings(self, target_a: float, source_v: float, source_ohm: float) -> float:
        """The greatest magnitude up to ``target_a`` that the ratings allow out of the load."""
        config = self.config
        if target_a > config.max_discharge_current_a:
            target_a, self.limit = config.max_discharge_current_a, Limit.CURRENT
        if (source_v - source_ohm * target_a) * target_a > self._max_discharge_w * ROUNDING:
            target_a, self.limit = -current_for_power(-self._max_discharge_w, source_v, source_ohm), Limit.POWER
        return target_a

    def track(
        self, source_v: float, source_ohm: float, max_charge_a: float, max_discharge_a: float, dt_s: float
    ) -> float:
        """Plan the next step with a load, of ``dt_s`` at most, and return its length in seconds.

        The load is ``source_v`` behind ``source_ohm`` and allows from ``-max_discharge_a`` to ``max_charge_a``; those
        two bound the current at once, everything else at the ramp. Afterwards :attr:`mean_a` is the current of the
        step, which never has both signs, and :attr:`current_a` the one at its end.
        """
        target_a = self.target_a(source_v, source_ohm)
        if target_a > max_charge_a:
            target_a, self.limit = max_charge_a, Limit.LOAD
        elif target_a < -max_discharge_a:
            target_a, self.limit = -max_discharge_a, Limit.LOAD
        start_a = self.current_a
        if start_a > max_charge_a:
            start_a = max_charge_a
        elif start_a < -max_discharge_a:
            start_a = -max_discharge_a
        config = self.config
        ramp = config.stop_ramp_a_per_s if self.mode is Mode.OFF else config.ramp_a_per_s
        gap_a = target_a - start_a
        snap_a = ramp * SNAP_S
        if -snap_a < gap_a < snap_a:
            self.current_a = self.mean_a = target_a
            return dt_s
        if start_a * target_a < 0.0:
            target_a, gap_a = 0.0, -start_a
        whole_s = abs(gap_a) / ramp
        dt_s = min(dt_s, config.ramp_step_s)
        if whole_s <= dt_s:
            dt_s, end_a = whole_s, target_a
        else:
            end_a = start_a + math.copysign(ramp * dt_s, gap_a)
        self.current_a = end_a
        self.mean_a = (start_a + end_a) / 2.0
        return dt_s

    def deliver(self, mean_v: float, end_v: float, dt_s: float) -> float:
        """Carry the planned step out at ``mean_v``, ending at ``end_v`` (V), and return its mean AC power, W."""
        config = self.config
        dc_w = mean_v * self.mean_a
        self.voltage_v = end_v
        if dc_w > 0.0:
            ac_w = dc_w / config.charge_efficiency
            loss_w = dc_w * (1.0 / config.charge_efficiency - 1.0)
        else:
            ac_w = dc_w * config.discharge_efficiency
            loss_w = -dc_w * (1.0 - config.discharge_efficiency)
        if self.mode is not Mode.OFF:
            ac_w += config.standby_w
            loss_w += config.standby_w
        self.loss_wh += loss_w * dt_s / 3600.0
        return ac_w

    def idle(self, dt_s: float) -> float:
        """Pass ``dt_s`` seconds without a load, exactly for any length; return the mean AC power, W."""
        config = self.config
        self.current_a = self.mean_a = 0.0
        if self.mode is Mode.OFF:
            self.voltage_v *= math.exp(-dt_s / config.discharge_time_constant_s)
            return 0.0
        if self.mode is Mode.VOLTAGE:
            gap_v = self.set_point - self.voltage_v
            step_v = config.slew_v_per_s * dt_s
            self.voltage_v = self.set_point if abs(gap_v) <= step_v else self.voltage_v + math.copysign(step_v, gap_v)
        self.loss_wh += config.standby_w * dt_s / 3600.0
        return config.standby_w


def _check_finite(name: str, value: float) -> None:
    if not math.isfinite(value):
        raise LocalError(f"{name} must be a finite number, not {value}")
