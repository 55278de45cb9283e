"""The car's traction battery: an open-circuit voltage that depends on charge, behind a resistance.

Charge is the state, energy is integrated: what goes in or comes out is open-circuit voltage times current over time,
what gets warm is resistance times current squared over time. All default figures are ours; they describe a plausible
60 kWh car at the 400 V level and no product.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

import msgspec

from iso15118.errors import LocalError
from sim.circuit import current_for_power

__all__ = ["OCV_BY_SOC", "Battery", "BatteryConfig"]

OCV_BY_SOC: tuple[tuple[float, float], ...] = (
    (0.00, 330.0),
    (0.02, 370.0),
    (0.05, 385.0),
    (0.10, 391.0),
    (0.20, 395.0),
    (0.30, 397.0),
    (0.40, 398.5),
    (0.50, 400.0),
    (0.60, 401.5),
    (0.70, 403.0),
    (0.80, 405.0),
    (0.90, 408.0),
    (0.95, 411.0),
    (1.00, 420.0),
)
"""State of charge (0 to 1) and open-circuit voltage (V) of the default battery, rising, linear in between."""

SNAP_AH = 1e-9
"""Closer than this to a limit of charge counts as at it, so that rounding leaves no crumb to chase."""
TRAPEZOID_AH = 1e-3
"""A step over a knot of the table that moves no more than this is integrated by the trapezoidal rule."""


class BatteryConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a battery is. Powers and currents are magnitudes, at its terminals."""

    capacity_wh: float = 60_000.0
    """Usable energy between SOC 0 and 1, Wh: the integral of open-circuit voltage over charge. The capacity in Ah
    follows from it and from the table."""
    ocv_by_soc: tuple[tuple[float, float], ...] = OCV_BY_SOC
    """SOC from 0 to 1 strictly rising, with volts > 0 that never fall."""
    resistance_ohm: float = 0.1
    soc_min: float = 0.0
    """No discharge current is offered at or below this SOC (0 to 1)."""
    soc_max: float = 1.0
    """No charge current is offered at or above this SOC (0 to 1)."""
    max_charge_current_a: float = 250.0
    max_discharge_current_a: float = 60.0
    max_charge_power_w: float = 100_000.0
    max_discharge_power_w: float = 22_000.0
    max_voltage_v: float = 425.0
    """Terminal voltage at which charging turns from constant current to constant voltage, V."""
    min_voltage_v: float = 320.0
    """Terminal voltage that discharging does not go below, V."""
    taper_soc: float = 0.05
    """Over this span of SOC before either limit the offered current falls linearly to ``trickle_a``."""
    trickle_a: float = 1.0
    """What is still offered right before a limit, A; it makes the limit reachable in finite time."""

    def __post_init__(self) -> None:
        socs = [soc for soc, _ in self.ocv_by_soc]
        volts = [volt for _, volt in self.ocv_by_soc]
        if len(socs) < 2 or socs[0] != 0.0 or socs[-1] != 1.0 or any(b <= a for a, b in pairwise(socs)):
            raise LocalError(f"ocv_by_soc: SOC must rise strictly from 0 to 1, not {socs}")
        if volts[0] <= 0.0 or any(b < a for a, b in pairwise(volts)):
            raise LocalError(f"ocv_by_soc: volts must be positive and never fall, not {volts}")
        if not 0.0 <= self.soc_min < self.soc_max <= 1.0:
            raise LocalError(f"soc_min {self.soc_min} and soc_max {self.soc_max} must be in order within 0 to 1")
        for name in (
            "capacity_wh",
            "resistance_ohm",
            "max_charge_current_a",
            "max_discharge_current_a",
            "max_charge_power_w",
            "max_discharge_power_w",
            "max_voltage_v",
            "min_voltage_v",
            "taper_soc",
            "trickle_a",
        ):
            value = getattr(self, name)
            if not 0.0 < value < float("inf"):
                raise LocalError(f"{name} must be positive and finite, not {value}")
        if not self.min_voltage_v < volts[-1] or not self.max_voltage_v > volts[0]:
            raise LocalError(
                f"min_voltage_v {self.min_voltage_v} to max_voltage_v {self.max_voltage_v} misses the OCV table"
            )


class Battery:
    """A battery in its present state. Current is positive into it, in A.

    ``battery_in_wh`` and ``battery_out_wh`` are the integrals of open-circuit voltage times current by direction, both
    counted upwards from 0; ``loss_wh`` is the integral of resistance times current squared.
    """

    __slots__ = (
        "_charge_ah",
        "_empty_ah",
        "_full_ah",
        "_knot_ah",
        "_knot_v",
        "_knot_wh",
        "_segment",
        "_slope",
        "_taper_ah",
        "battery_in_wh",
        "battery_out_wh",
        "capacity_ah",
        "config",
        "loss_wh",
        "ocv_v",
        "resistance_ohm",
    )

    def __init__(self, config: BatteryConfig | None = None, *, soc: float) -> None:
        """A battery at rest with ``soc`` from 0 to 1."""
        self.config = config = config or BatteryConfig()
        if not 0.0 <= soc <= 1.0:
            raise LocalError(f"soc must be within 0 to 1, not {soc}: give a fraction, not per cent")
        table = config.ocv_by_soc
        mean_v = sum((va + vb) / 2.0 * (sb - sa) for (sa, va), (sb, vb) in pairwise(table))
        self.capacity_ah = config.capacity_wh / mean_v
        self.resistance_ohm = config.resistance_ohm
        self._knot_ah = [s * self.capacity_ah for s, _ in table]
        self._knot_v = [v for _, v in table]
        self._slope = [(vb - va) / ((sb - sa) * self.capacity_ah) for (sa, va), (sb, vb) in pairwise(table)]
        self._knot_wh = [0.0]
        for (sa, va), (sb, vb) in pairwise(table):
            self._knot_wh.append(self._knot_wh[-1] + (va + vb) / 2.0 * (sb - sa) * self.capacity_ah)
        self._empty_ah = config.soc_min * self.capacity_ah
        self._full_ah = config.soc_max * self.capacity_ah
        self._taper_ah = config.taper_soc * self.capacity_ah
        self._charge_ah = soc * self.capacity_ah
        self._segment = self._segment_of(self._charge_ah)
        self.ocv_v = self._ocv_in(self._segment, self._charge_ah)
        """Open-circuit voltage right now, V."""
        self.battery_in_wh = 0.0
        self.battery_out_wh = 0.0
        self.loss_wh = 0.0

    def _segment_of(self, charge_ah: float) -> int:
        return min(max(bisect_right(self._knot_ah, charge_ah) - 1, 0), len(self._slope) - 1)

    def _ocv_in(self, segment: int, charge_ah: float) -> float:
        return self._knot_v[segment] + self._slope[segment] * (charge_ah - self._knot_ah[segment])

    @property
    def soc(self) -> float:
        """State of charge, 0 to 1; outside of that only if current was forced in or out beyond the limits."""
        return self._charge_ah / self.capacity_ah

    @property
    def energy_wh(self) -> float:
        """Energy between SOC 0 and now at open-circuit voltage, Wh."""
        return self._energy_at_wh(self._charge_ah)

    def _energy_at_wh(self, charge_ah: float) -> float:
        segment = self._segment_of(charge_ah)
        beyond_ah = charge_ah - self._knot_ah[segment]
        mean_v = self._knot_v[segment] + self._slope[segment] * beyond_ah / 2.0
        return self._knot_wh[segment] + mean_v * beyond_ah

    def energy_to_soc_wh(self, soc: float) -> float:
        """Energy at open-circuit voltage that must go in (positive) or out (negative) to reach ``soc``, Wh."""
        return self._energy_at_wh(soc * self.capacity_ah) - self.energy_wh

    def terminal_voltage(self, current_a: float) -> float:
        """Voltage at the terminals under ``current_a``, V."""
        return self.ocv_v + self.resistance_ohm * current_a

    def max_charge_current_a(self) -> float:
        """Greatest current the battery takes right now, A, >= 0: rating, power, constant voltage, taper, SOC limit."""
        config = self.config
        room_ah = self._full_ah - self._charge_ah
        if room_ah <= SNAP_AH:
            return 0.0
        limit_a = config.max_charge_current_a
        ohm = self.resistance_ohm
        if room_ah < self._taper_ah:
            trickle_a = config.trickle_a
            limit_a = min(limit_a, trickle_a + (limit_a - trickle_a) * room_ah / self._taper_ah)
        if self.ocv_v + ohm * limit_a > config.max_voltage_v:
            limit_a = (config.max_voltage_v - self.ocv_v) / ohm
        if (self.ocv_v + ohm * limit_a) * limit_a > config.max_charge_power_w:
            limit_a = current_for_power(config.max_charge_power_w, self.ocv_v, ohm)
        return max(limit_a, 0.0)

    def max_discharge_current_a(self) -> float:
        """Greatest current the battery gives right now, A, a magnitude >= 0; limits as for charging."""
        config = self.config
        room_ah = self._charge_ah - self._empty_ah
        if room_ah <= SNAP_AH:
            return 0.0
        limit_a = config.max_discharge_current_a
        ohm = self.resistance_ohm
        if room_ah < self._taper_ah:
            trickle_a = config.trickle_a
            limit_a = min(limit_a, trickle_a + (limit_a - trickle_a) * room_ah / self._taper_ah)
        if self.ocv_v - ohm * limit_a < config.min_voltage_v:
            limit_a = (self.ocv_v - config.min_voltage_v) / ohm
        if (self.ocv_v - ohm * limit_a) * limit_a > config.max_discharge_power_w:
            limit_a = -current_for_power(-config.max_discharge_power_w, self.ocv_v, ohm)
        return max(limit_a, 0.0)

    def seconds_to_limit(self, current_a: float) -> float:
        """How long ``current_a`` can flow until the SOC limit in its direction, s; infinity for no current."""
        if current_a > 0.0:
            return max(self._full_ah - self._charge_ah, 0.0) * 3600.0 / current_a
        if current_a < 0.0:
            return max(self._charge_ah - self._empty_ah, 0.0) * -3600.0 / current_a
        return float("inf")

    def advance(self, current_a: float, dt_s: float) -> float:
        """Let ``current_a`` flow for ``dt_s`` seconds and return the mean terminal voltage meanwhile, V.

        The current is taken as it comes, within the limits offered or not: physics does not ask. Beyond the ends of
        the table the open-circuit voltage goes on with the slope of the last stretch.
        """
        if current_a == 0.0:
            return self.ocv_v
        before_ah = self._charge_ah
        hours = dt_s / 3600.0
        after_ah = before_ah + current_a * hours
        limit_ah = self._full_ah if current_a > 0.0 else self._empty_ah
        if -SNAP_AH < after_ah - limit_ah < SNAP_AH and abs(before_ah - limit_ah) > SNAP_AH:
            after_ah = limit_ah
        segment = self._segment
        knots = self._knot_ah
        if knots[segment] <= after_ah <= knots[segment + 1]:
            after_v = self._knot_v[segment] + self._slope[segment] * (after_ah - knots[segment])
            mean_v = (self.ocv_v + after_v) / 2.0  # exact: the table is linear within a segment
        else:
            segment = self._segment_of(after_ah)
            after_v = self._ocv_in(segment, after_ah)
            moved_ah = after_ah - before_ah
            if abs(moved_ah) > TRAPEZOID_AH:
                mean_v = (self._energy_at_wh(after_ah) - self._energy_at_wh(before_ah)) / moved_ah
            else:  # the difference of two large numbers would be all noise
                mean_v = (self.ocv_v + after_v) / 2.0
            self._segment = segment
        self._charge_ah = after_ah
        self.ocv_v = after_v
        if current_a > 0.0:
            self.battery_in_wh += mean_v * current_a * hours
        else:
            self.battery_out_wh -= mean_v * current_a * hours
        self.loss_wh += self.resistance_ohm * current_a * current_a * hours
        return mean_v + self.resistance_ohm * current_a
