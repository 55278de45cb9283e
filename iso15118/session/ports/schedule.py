"""Schedules and needs: what car and station tell each other about the hours to come."""

from __future__ import annotations

from itertools import accumulate, pairwise

import msgspec

from iso15118.errors import LocalError
from iso15118.session.ports.prices import EnergyOffer, Prices

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
    discharge_entries: tuple[tuple[float, float], ...] = ()
    """A second series from the same start, power <= 0: while it lasts the car may do either. Empty: ``entries`` alone."""
    power_tolerance_w: float | None = None
    """How far the car may stray from the profile it announces, W; None: nothing is said about it."""
    available_energy_wh: float | None = None
    """Energy that is there for the charging schedule, Wh; None: nothing is said about it."""
    charging_prices: Prices | None = None
    """Sent when they are of the kind that the selected parameter Pricing names."""
    discharging_prices: Prices | None = None
    """As ``charging_prices``, for energy out of the car."""

    @property
    def corridor(self) -> tuple[tuple[float, float, float], ...]:
        """Both series as one: duration in s, lowest (<= 0) and highest (>= 0) power in W."""
        if not self.discharge_entries:
            return tuple((duration, min(power, 0.0), max(power, 0.0)) for duration, power in self.entries)
        series = (self.entries, self.discharge_entries)
        ends = [list(accumulate(duration for duration, _ in entries)) for entries in series]
        steps, at = [], [0, 0]
        for begin, end in pairwise(sorted({0.0, *ends[0], *ends[1]})):
            powers = [0.0, 0.0]
            for i in (0, 1):
                while at[i] < len(ends[i]) and ends[i][at[i]] <= begin:
                    at[i] += 1
                powers[i] = series[i][at[i]][1] if at[i] < len(ends[i]) else 0.0
            steps.append((end - begin, min(*powers, 0.0), max(powers[0], 0.0)))
        return tuple(steps)


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
    pricing: int = 0
    """What prices the selected parameter set speaks of: 0 none, 1 absolute, 2 levels."""
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
    energy_offer: EnergyOffer | None = None
    """Scheduled control: what the car would take and give, and at which prices."""
