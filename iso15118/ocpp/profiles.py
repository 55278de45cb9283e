"""Charging profiles: what a back end wants an outlet to do, and the one pure function that says what holds now.

Inside, power is positive into the battery and discharge limits are magnitudes; the wire's signs (setpoint negative =
discharge, dischargeLimit <= 0) are converted where a profile is read. Times are seconds since 1970. Powers are AC, at
the station's meter. Reading a request is :mod:`iso15118.ocpp.profile_reader`'s work.

Supported: TxProfile and TxDefaultProfile in the modes ChargingOnly and CentralSetpoint, ChargingStationMaxProfile, and
ChargingStationExternalConstraints with limits from an external system on the station's side; kinds Absolute, Relative
and Dynamic. The rest is rejected with the reason codes of OCPP 2.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

__all__ = ["Period", "Profile", "Target", "Transaction", "effective_target"]


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a schedule."""

    start_s: float
    """After the start of the schedule, s, >= 0."""
    mode: str
    """OperationModeEnumType."""
    setpoint_w: float | None = None
    """Positive into the battery, negative out of it."""
    limit_w: float | None = None
    """Most import, W, >= 0."""
    discharge_limit_w: float | None = None
    """Most export, W, a magnitude."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A charging profile with its one schedule."""

    profile_id: int
    evse_id: int
    """0: the whole station."""
    stack_level: int
    purpose: str
    kind: str
    schedule_id: int
    periods: tuple[Period, ...]
    transaction_id: str | None = None
    valid_from_s: float | None = None
    valid_to_s: float | None = None
    start_s: float | None = None
    """Absolute: startSchedule. None: the schedule starts with the transaction (Relative) or at once (Dynamic)."""
    duration_s: float | None = None
    """Length of the schedule; for Dynamic the watchdog: without an update for so long the profile is not valid."""
    updated_s: float | None = None
    """Dynamic: when it was received or last updated (dynUpdateTime)."""
    max_offline_s: float | None = None
    """Q11: not valid after so long without a back end; 0 at once, None never."""
    invalid_after_offline: bool = False
    """Q12: once it became invalid that way it stays so."""

    def start_for(self, transaction: Transaction | None) -> float | None:
        """When its schedule starts, seconds since 1970; None: not now."""
        if self.kind == "Dynamic":
            return self.updated_s
        if self.kind == "Relative":
            return None if transaction is None else transaction.start_s
        return self.start_s

    def offline_end_s(self, offline_since_s: float | None) -> float | None:
        """When being offline makes it invalid, seconds since 1970; None: it does not."""
        if offline_since_s is None or self.max_offline_s is None:
            return None
        return offline_since_s + self.max_offline_s

    def boundaries(self, transaction: Transaction | None, offline_since_s: float | None) -> Iterator[float]:
        """Every time at which its answer may change."""
        for time in (self.valid_from_s, self.valid_to_s, self.offline_end_s(offline_since_s)):
            if time is not None:
                yield time
        start_s = self.start_for(transaction)
        if start_s is not None:
            yield from (start_s + period.start_s for period in self.periods)
            if self.duration_s is not None:
                yield start_s + self.duration_s

    def period_at(
        self, time_s: float, transaction: Transaction | None, offline_since_s: float | None = None
    ) -> Period | None:
        """The period that holds at ``time_s``; None when the profile is not valid then."""
        if self.valid_from_s is not None and time_s < self.valid_from_s:
            return None
        if self.valid_to_s is not None and time_s >= self.valid_to_s:
            return None
        if self.transaction_id is not None and (
            transaction is None or transaction.transaction_id != self.transaction_id
        ):
            return None
        offline_end_s = self.offline_end_s(offline_since_s)
        if offline_end_s is not None and time_s >= offline_end_s:
            return None
        start_s = self.start_for(transaction)
        if start_s is None or time_s < start_s:
            return None
        if self.duration_s is not None and time_s >= start_s + self.duration_s:
            return None
        return next((period for period in reversed(self.periods) if start_s + period.start_s <= time_s), None)


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """What profiles need to know of a running transaction."""

    transaction_id: str
    evse_id: int
    start_s: float
    discharge_allowed: bool
    """The back end allowed a bidirectional transfer and the car chose it."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What an outlet should do. Power is AC at the meter."""

    setpoint_w: float | None = None
    """Positive into the battery, negative out of it; None: no set point, charge as the car likes up to ``limit_w``."""
    limit_w: float | None = None
    """Most import, W, a magnitude; None: no limit."""
    discharge_limit_w: float | None = 0.0
    """Most export, W, a magnitude; None: no limit. 0 whenever discharge is not allowed."""
    operation_mode: str = "ChargingOnly"
    valid_until: float | None = None
    """When to ask again, on the clock that was asked with; None: when something happens."""


def effective_target(
    profiles: Iterable[Profile],
    time_s: float,
    *,
    evse_id: int,
    transaction: Transaction | None,
    offline_since_s: float | None = None,
    sharing: int = 1,
) -> Target:
    """What holds for one outlet at ``time_s`` (seconds since 1970), and until when at the earliest.

    By purpose the highest valid stack level leads, and on the same level a profile for the outlet one for the station.
    TxProfile replaces TxDefaultProfile; import limits take the least, export limits the one nearest 0; the set point is
    capped by both. Without a valid profile of the transaction there is no set point and no discharge (Q11).

    Args:
        offline_since_s: When the connection was lost; None while there is one.
        sharing: How many outlets share what is set for the whole station, >= 1; each gets an equal part.
    """
    mine = [profile for profile in profiles if profile.evse_id in {0, evse_id}]
    ahead = [t for profile in mine for t in profile.boundaries(transaction, offline_since_s) if t > time_s]
    valid_until = min(ahead, default=None)

    def leading(purpose: str) -> tuple[Profile, Period] | None:
        valid = [
            (profile, period)
            for profile in mine
            if profile.purpose == purpose
            and (period := profile.period_at(time_s, transaction, offline_since_s)) is not None
        ]
        return max(valid, key=lambda pair: (pair[0].stack_level, pair[0].evse_id > 0), default=None)

    limits: list[float] = []
    discharge_limits: list[float] = []
    for purpose in ("ChargingStationMaxProfile", "ChargingStationExternalConstraints"):
        if (found := leading(purpose)) is not None:
            profile, period = found
            parts = sharing if profile.evse_id == 0 else 1
            if period.limit_w is not None:
                limits.append(period.limit_w / parts)
            if period.discharge_limit_w is not None:
                discharge_limits.append(period.discharge_limit_w / parts)

    own = None if transaction is None else leading("TxProfile") or leading("TxDefaultProfile")
    if own is None:
        return Target(limit_w=min(limits, default=None), valid_until=valid_until)
    period = own[1]
    if period.limit_w is not None:
        limits.append(period.limit_w)
    if period.discharge_limit_w is not None:
        discharge_limits.append(period.discharge_limit_w)
    if period.mode == "ChargingOnly" or transaction is None or not transaction.discharge_allowed:
        discharge_limits.append(0.0)
    limit_w, discharge_limit_w = min(limits, default=None), min(discharge_limits, default=None)
    setpoint_w = period.setpoint_w
    if setpoint_w is not None and limit_w is not None:
        setpoint_w = min(setpoint_w, limit_w)
    if setpoint_w is not None and discharge_limit_w is not None:
        setpoint_w = max(setpoint_w, -discharge_limit_w) + 0.0  # + 0.0: no negative zero on the wire
    return Target(
        setpoint_w=setpoint_w,
        limit_w=limit_w,
        discharge_limit_w=discharge_limit_w,
        operation_mode=period.mode,
        valid_until=valid_until,
    )
