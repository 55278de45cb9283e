"""From SetChargingProfile and UpdateDynamicSchedule to a :class:`~iso15118.ocpp.profiles.Profile`, or a rejection.

The requests have passed the schema already; here the rules of OCPP 2.1 apply that a schema cannot hold. What a rule
tells the *station* to reject is rejected with its reason code; else the station is liberal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import msgspec

from iso15118.errors import OcppError
from iso15118.ocpp.profiles import Period, Profile, Transaction
from iso15118.ocpp.times import from_rfc3339

__all__ = ["MODES_BY_PURPOSE", "ProfileRejected", "read_profile", "read_update"]

MODES_BY_PURPOSE: Mapping[str, frozenset[str]] = {
    "TxProfile": frozenset({"ChargingOnly", "CentralSetpoint"}),
    "TxDefaultProfile": frozenset({"ChargingOnly", "CentralSetpoint"}),
    "ChargingStationMaxProfile": frozenset({"ChargingOnly"}),
    "ChargingStationExternalConstraints": frozenset({"ChargingOnly", "ExternalLimits"}),
}
"""Operation modes that may stand in a profile of each supported purpose: OCPP's table, less what is not built."""

MAX_POWER_W = 1e9
"""Beyond this a figure is a mistake and no power (project limit)."""
MAX_SECONDS = 10 * 366 * 86_400
"""Longest duration and latest period, s: ten years (project limit)."""

_OTHER_PHASES = ("_L2", "_L3")
_UNSUPPORTED_SCHEDULE = ("limitAtSoC", "useLocalTime", "randomizedDelay")
_UNSUPPORTED_PERIOD = ("setpointReactive", "v2xBaseline", "v2xFreqWattCurve", "v2xSignalWattCurve")


class ProfileRejected(OcppError):
    """The station can't or may not follow; ``code`` is the reason code of the answer's statusInfo."""


def read_profile(
    evse_id: int,
    content: Mapping[str, Any],
    time_s: float,
    *,
    evse_ids: Iterable[int],
    transactions: Mapping[str, Transaction],
) -> Profile:
    """The ``chargingProfile`` of a request received at ``time_s`` (seconds since 1970).

    Args:
        evse_ids: The station's outlets; 0 stands for all of them.
        transactions: The running ones, by id.

    Raises:
        ProfileRejected: one of OCPP's rules is broken, or something is asked for that is not supported.
        OcppError: a time is none.
    """
    purpose, kind = content["chargingProfilePurpose"], content["chargingProfileKind"]
    if purpose not in MODES_BY_PURPOSE:
        raise ProfileRejected("UnsupportedPurpose", f"{purpose} is not supported")
    if kind not in {"Absolute", "Relative", "Dynamic"}:
        raise ProfileRejected("UnsupportedParam", f"kind {kind} is not supported")
    if evse_id and evse_id not in set(evse_ids):
        raise ProfileRejected("UnknownEVSE", f"there is no EVSE {evse_id}")
    if purpose == "ChargingStationMaxProfile" and evse_id:
        raise ProfileRejected("InvalidProfile", "a ChargingStationMaxProfile is for EVSE 0")
    transaction = _transaction(purpose, evse_id, content.get("transactionId"), transactions)
    if len(content["chargingSchedule"]) != 1:
        raise ProfileRejected("InvalidSchedule", "exactly one chargingSchedule is supported")
    schedule = content["chargingSchedule"][0]
    periods = _periods(purpose, kind, schedule)
    if transaction is not None and not transaction.discharge_allowed and _discharges(periods):
        raise ProfileRejected("InvalidOperationMode", "the transaction has no bidirectional energy transfer")
    if kind != "Dynamic" and ("dynUpdateInterval" in content or "dynUpdateTime" in content):
        raise ProfileRejected("InvalidProfile", "dynUpdateInterval and dynUpdateTime are for kind Dynamic")
    if "dynUpdateInterval" in content:
        raise ProfileRejected("UnsupportedParam", "dynUpdateInterval: updates are pushed here, not pulled")
    if (kind == "Absolute") != ("startSchedule" in schedule) and kind != "Dynamic":
        raise ProfileRejected("InvalidSchedule", "startSchedule belongs to kind Absolute, and is needed there")
    return Profile(
        profile_id=content["id"],
        evse_id=evse_id,
        stack_level=content["stackLevel"],
        purpose=purpose,
        kind=kind,
        schedule_id=schedule["id"],
        periods=periods,
        transaction_id=content.get("transactionId"),
        valid_from_s=_time(content.get("validFrom")),
        valid_to_s=_time(content.get("validTo")),
        start_s=_time(schedule.get("startSchedule")) if kind == "Absolute" else None,
        duration_s=_seconds("duration", schedule.get("duration")),
        updated_s=time_s if kind == "Dynamic" else None,
        max_offline_s=_seconds("maxOfflineDuration", content.get("maxOfflineDuration")),
        invalid_after_offline=content.get("invalidAfterOfflineDuration", False),
    )


def read_update(profile: Profile, update: Mapping[str, Any], time_s: float, transaction: Transaction | None) -> Profile:
    """The profile with the ``scheduleUpdate`` of an UpdateDynamicSchedule; the fields left out stay as they are.

    Raises:
        ProfileRejected: the profile is not Dynamic, or the result would break a rule.
    """
    if profile.kind != "Dynamic":
        raise ProfileRejected("InvalidProfile", f"profile {profile.profile_id} is not Dynamic")
    old = profile.periods[0]
    before = {
        "setpoint": old.setpoint_w,
        "limit": old.limit_w,
        "dischargeLimit": None if old.discharge_limit_w is None else -old.discharge_limit_w,
    }
    merged = {"startPeriod": 0, "operationMode": old.mode} | {k: v for k, v in before.items() if v is not None}
    period = _period(profile.purpose, merged | dict(update), f"profile {profile.profile_id}")
    if transaction is not None and not transaction.discharge_allowed and _discharges((period,)):
        raise ProfileRejected("InvalidOperationMode", "the transaction has no bidirectional energy transfer")
    return msgspec.structs.replace(profile, periods=(period,), updated_s=time_s)


def _transaction(
    purpose: str, evse_id: int, transaction_id: str | None, transactions: Mapping[str, Transaction]
) -> Transaction | None:
    if purpose != "TxProfile":
        if transaction_id is not None:
            raise ProfileRejected("InvalidProfile", "transactionId belongs to a TxProfile")
        return None
    if not evse_id or transaction_id is None:
        raise ProfileRejected("InvalidProfile", "a TxProfile needs an EVSE and a transactionId")
    transaction = transactions.get(transaction_id)
    if transaction is None:
        raise ProfileRejected("TxNotFound", f"no transaction {transaction_id}")
    if transaction.evse_id != evse_id:
        raise ProfileRejected("InvalidProfile", f"transaction {transaction_id} is not on EVSE {evse_id}")
    return transaction


def _periods(purpose: str, kind: str, schedule: Mapping[str, Any]) -> tuple[Period, ...]:
    where = f"schedule {schedule['id']}"
    if schedule["chargingRateUnit"] != "W":
        raise ProfileRejected("UnsupportedRateUnit", f"{where}: only W is supported")
    for name in _UNSUPPORTED_SCHEDULE:
        if schedule.get(name):
            raise ProfileRejected("UnsupportedParam", f"{where}: {name} is not supported")
    periods = tuple(
        _period(purpose, period, f"{where} startPeriod {period['startPeriod']}")
        for period in schedule["chargingSchedulePeriod"]
    )
    starts = [period.start_s for period in periods]
    if starts[0] != 0 or any(b <= a for a, b in pairwise(starts)):
        raise ProfileRejected("InvalidSchedule", f"{where}: startPeriod begins at 0 and rises")
    if kind == "Dynamic" and len(periods) != 1:
        raise ProfileRejected("InvalidSchedule", f"{where}: kind Dynamic has exactly one period")
    return periods


def _period(purpose: str, content: Mapping[str, Any], where: str) -> Period:
    mode = content.get("operationMode", "ChargingOnly")
    if mode not in MODES_BY_PURPOSE[purpose]:
        raise ProfileRejected("InvalidOperationMode", f"{where}: {mode} in a {purpose}")
    for name in content:
        if name.endswith(_OTHER_PHASES) or name in {"numberPhases", "phaseToUse"}:
            raise ProfileRejected("NoPhaseForDC", f"{where}: {name}")
        if name in _UNSUPPORTED_PERIOD or (name in {"evseSleep", "preconditioningRequest"} and content[name]):
            raise ProfileRejected("UnsupportedParam", f"{where}: {name} is not supported")
    setpoint_w = _power(where, "setpoint", content)
    limit_w = _power(where, "limit", content)
    discharge_w = _power(where, "dischargeLimit", content)
    if limit_w is not None and limit_w < 0:
        raise ProfileRejected("InvalidSchedule", f"{where}: limit is not negative; a set point discharges")
    if mode == "ChargingOnly" and (limit_w is None or setpoint_w is not None or discharge_w is not None):
        raise ProfileRejected("InvalidSchedule", f"{where}: ChargingOnly has a limit and nothing else")
    if mode == "ExternalLimits" and setpoint_w is not None:
        raise ProfileRejected("InvalidSchedule", f"{where}: ExternalLimits has no setpoint")
    if mode == "CentralSetpoint":
        if setpoint_w is None:
            raise ProfileRejected("InvalidSchedule", f"{where}: CentralSetpoint needs a setpoint")
        above = limit_w is not None and setpoint_w > limit_w
        below = discharge_w is not None and setpoint_w < discharge_w
        if above or below:
            raise ProfileRejected("InvalidSchedule", f"{where}: setpoint lies outside dischargeLimit to limit (V2X.05)")
    start_s = _seconds(f"{where}: startPeriod", content["startPeriod"])
    assert start_s is not None
    return Period(
        start_s=start_s,
        mode=mode,
        setpoint_w=setpoint_w,
        limit_w=limit_w,
        discharge_limit_w=None if discharge_w is None else abs(discharge_w),
    )


def _discharges(periods: Iterable[Period]) -> bool:
    return any(period.setpoint_w is not None and period.setpoint_w < 0 for period in periods)


def _power(where: str, name: str, content: Mapping[str, Any]) -> float | None:
    value = content.get(name)
    if value is None:
        return None
    if not -MAX_POWER_W <= value <= MAX_POWER_W:
        raise ProfileRejected("InvalidSchedule", f"{where}: {name} is no power")
    return float(value)


def _seconds(what: str, value: Any) -> float | None:
    if value is None:
        return None
    if not 0 <= value <= MAX_SECONDS:
        raise ProfileRejected("InvalidSchedule", f"{what} must lie within 0 to {MAX_SECONDS} s")
    return float(value)


def _time(text: str | None) -> float | None:
    return None if text is None else from_rfc3339(text)
