"""Schedules and needs: what car and station tell each other about the hours to come."""

from __future__ import annotations

import msgspec

from iso15118.errors import LocalError

__all__ = [
    "ChargingNeeds",
    "MobilityNeeds",
    "OfferedSchedule",
]


class OfferedSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule for Scheduled control. Power at the outlet, signed; negative entries discharge the car."""

    schedule_tuple_id: int = 1
    start_s: float
    """On the session's clock."""
    entries: tuple[tuple[float, float], ...]
    """Duration in s and power in W, one after the other; at least one."""


class MobilityNeeds(msgspec.Struct, frozen=True, kw_only=True):
    """What the station's side knows of departure and energy (MobilityNeedsMode 2); None for what it does not know."""

    departure_s: float | None = None
    """On the session's clock."""
    target_soc_percent: int | None = None
    minimum_soc_percent: int | None = None
    """Only with a target, and not above it (V2G20-1290, V2G20-1366)."""
    ack_max_delay_s: int | None = None
    """How long the car may take to follow a new set point."""

    def __post_init__(self) -> None:
        """Refuse what may not be said.

        Raises:
            LocalError: A percentage or delay out of range, or a minimum without a target or above it.
        """
        for value, most in (
            (self.target_soc_percent, 100),
            (self.minimum_soc_percent, 100),
            (self.ack_max_delay_s, 65_535),
        ):
            if value is not None and not 0 <= value <= most:
                raise LocalError(f"MobilityNeeds: {value} is not between 0 and {most}")
        least = self.minimum_soc_percent
        if least is not None and (self.target_soc_percent is None or least > self.target_soc_percent):
            raise LocalError(
                f"MobilityNeeds: minimum_soc_percent {least} needs a target_soc_percent that is not below it"
            )


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
