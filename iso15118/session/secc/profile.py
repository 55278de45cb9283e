"""The power profile of a car in Scheduled control: whether it may be, and whether the car keeps to it."""

from __future__ import annotations

from collections.abc import Iterable

from iso15118.messages.iso20.common.power_delivery import (
    EVPowerProfile,
    PowerToleranceAcceptance,
    Scheduled_EVPPTControlMode,
)
from iso15118.messages.iso20.types import ResponseCode
from iso15118.session.actions import Action, PowerProfileChosen
from iso15118.session.quantities import entry_power
from iso15118.session.secc.context import HeldTo
from iso15118.session.secc.sent_schedule import AgreedProfile, SentSchedule, inside
from iso15118.session.secc.session import SeccSession
from iso15118.session.services import ControlMode
from iso15118.session.timers import Timer

__all__ = ["VIOLATION_W", "accept_profile", "profile_code", "schedule_bounds"]

VIOLATION_W = 250.0
"""Power so far beyond what was agreed violates it, unless a wider tolerance was. Ours: covers the voltage that a car takes
for its target, and rounding."""


def accept_profile(session: SeccSession, profile: EVPowerProfile | None) -> tuple[ResponseCode, tuple[Action, ...]]:
    """Judge the profile of a PowerDeliveryReq and take it over if it may be.

    Args:
        session: The session.
        profile: As it came.

    Returns:
        The code to answer with if all else is well, FAILED or not, and what to report.
    """
    if session.context.control_mode is ControlMode.DYNAMIC:
        # A profile says nothing there; one of the other control mode shows that the car is in another session than we.
        wrong = profile is not None and profile.scheduled_ev_ppt_control_mode is not None
        return (ResponseCode.FAILED_EVPowerProfileInvalid if wrong else ResponseCode.OK), ()
    mode = None if profile is None else profile.scheduled_ev_ppt_control_mode
    if profile is None or mode is None:
        return ResponseCode.FAILED_EVPowerProfileInvalid, ()
    schedule = session.context.schedules.get(mode.selected_schedule_tuple_id)
    if schedule is None:
        return ResponseCode.FAILED_ScheduleSelectionInvalid, ()
    entries = _entries(profile)
    if not any(duration for duration, _ in entries) or not inside(schedule, profile.time_anchor, entries):
        return ResponseCode.FAILED_EVPowerProfileInvalid, ()
    code = _tolerance_code(session, schedule, mode)
    if code is ResponseCode.FAILED_PowerToleranceNotConfirmed:
        return code, ()
    confirmed = code is ResponseCode.OK_PowerToleranceConfirmed
    context = session.context
    context.schedule_tuple_id = schedule.schedule_tuple_id
    context.profile = AgreedProfile(profile.time_anchor, entries, schedule.power_tolerance_w if confirmed else None)
    return code, (PowerProfileChosen(schedule.schedule_tuple_id, entries),)


def _entries(profile: EVPowerProfile) -> tuple[tuple[int, float], ...]:
    """Duration in s and power of all lines together in W."""
    return tuple(
        (entry.duration, entry_power(entry)) for entry in profile.ev_power_profile_entries.ev_power_profile_entry
    )


def _tolerance_code(session: SeccSession, schedule: SentSchedule, mode: Scheduled_EVPPTControlMode) -> ResponseCode:
    """A tolerance that was not told can't be confirmed; one that was told and left unanswered has not been."""
    if schedule.power_tolerance_w is None:
        return ResponseCode.OK
    if mode.power_tolerance_acceptance is PowerToleranceAcceptance.PowerToleranceConfirmed:
        return ResponseCode.OK_PowerToleranceConfirmed
    if session.config.power_tolerance_required:
        return ResponseCode.FAILED_PowerToleranceNotConfirmed
    return ResponseCode.WARNING_PowerToleranceNotConfirmed


def _agreed_w(session: SeccSession, now: float) -> tuple[float, float] | None:
    """Lowest and highest power the car is held to now, W; None when nothing was agreed."""
    context = session.context
    schedule = context.schedules.get(context.schedule_tuple_id or 0)
    if context.control_mode is not ControlMode.SCHEDULED or schedule is None:
        return None
    at = session.unix_offset_s + now
    if session.config.held_to is HeldTo.SCHEDULE or context.profile is None:
        return schedule.present_w(at)
    return context.profile.present_w(at)


def schedule_bounds(session: SeccSession, now: float) -> tuple[float, float]:
    """Scheduled control: lowest (<= 0) and highest (>= 0) power that was agreed and that a back end allows by now."""
    low, high = session.charger.allowed_w(now)
    agreed = _agreed_w(session, now)
    if agreed is not None:
        low, high = max(low, agreed[0]), min(high, agreed[1])
    return min(0.0, low), max(0.0, high)  # 0 where a back end says NaN


def profile_code(session: SeccSession, powers_w: Iterable[float], now: float) -> ResponseCode:
    """Whether the car keeps to what was agreed (V2G20-1864): a warning first, then FAILED.

    Less power than was announced is a violation only with ``SeccConfig.power_tolerance_both_ways``, of a car that has
    confirmed a tolerance, and while nobody else holds it back.

    Args:
        session: The session.
        powers_w: What it asks for or takes, W; each must fit.
        now: The session's clock.
    """
    agreed, timer = _agreed_w(session, now), Timer.SECC_EV_POWER_PROFILE_VIOLATION
    if agreed is None or session.context.standby:
        session.timers.stop(timer)
        session.expired.discard(timer)
        return ResponseCode.OK
    tolerance = None if session.context.profile is None else session.context.profile.tolerance_w
    margin = max(tolerance or 0.0, VIOLATION_W)
    low, high = min(agreed[0], 0.0), max(agreed[1], 0.0)
    if tolerance is not None and session.config.power_tolerance_both_ways and not _held_back(session, agreed, now):
        low, high = agreed
    if all(low - margin <= power_w <= high + margin for power_w in powers_w):
        session.timers.stop(timer)
        session.expired.discard(timer)
        return ResponseCode.OK
    if timer in session.expired:
        return ResponseCode.FAILED_EVPowerProfileViolation
    session.timers.start_once(timer, now)
    return ResponseCode.WARNING_EVPowerProfileViolation


def _held_back(session: SeccSession, agreed: tuple[float, float], now: float) -> bool:
    low, high = session.charger.allowed_w(now)
    leaving = session.charger.stop_wanted(now) or session.charger.pause_wanted(now)
    return leaving or low > agreed[0] or high < agreed[1]
