"""Schedules and needs: what car and station tell each other about the hours to come."""

from __future__ import annotations

import msgspec

__all__ = [
    "ChargingNeeds",
    "OfferedSchedule",
]


class OfferedSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule for Scheduled control. Power at the outlet, signed; negative entries discharge the car."""

    schedule_tuple_id: int = 1
    start_s: float
    """On the session's clock."""
    entries: tuple[tuple[float, float], ...]
    """Duration in s and power in W, one after the other; at least one."""


class ChargingNeeds(msgspec.Struct, frozen=True, kw_only=True):
    """What the car told in parameter discovery and schedule exchange; powers and currents are magnitudes."""

    service_id: int
    control_mode: int
    mobility_needs_mode: int
    bidirectional: bool
    maximum_supporting_points: int
    departure_s: float | None = None
    """On the session's clock."""
    target_energy_wh: float | None = None
    maximum_energy_wh: float | None = None
    minimum_energy_wh: float | None = None
    maximum_v2x_energy_wh: float | None = None
    minimum_v2x_energy_wh: float | None = None
    target_soc_percent: int | None = None
    minimum_soc_percent: int | None = None
    max_charge_power_w: float = 0.0
    min_charge_power_w: float = 0.0
    max_charge_current_a: float = 0.0
    min_charge_current_a: float = 0.0
    max_discharge_power_w: float = 0.0
    min_discharge_power_w: float = 0.0
    max_discharge_current_a: float = 0.0
    min_discharge_current_a: float = 0.0
    max_voltage_v: float = 0.0
    min_voltage_v: float = 0.0
    lines: int = 0
    """AC: lines in use, 1 or 3; powers are those of all together. 0 in DC."""
