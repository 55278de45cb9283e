"""The power profile the car announces at PowerDelivery(Start), and keeps to from then on."""

from __future__ import annotations

import msgspec

from iso15118.messages.iso20.common.power_delivery import (
    Dynamic_EVPPTControlMode,
    EVPowerProfile,
    EVPowerProfileEntryList,
    PowerToleranceAcceptance,
    Scheduled_EVPPTControlMode,
)
from iso15118.messages.iso20.common.schedule_exchange import PowerScheduleEntry
from iso15118.session.emitter import longest
from iso15118.session.evcc.plan import PowerRange
from iso15118.session.evcc.session import EvccSession
from iso15118.session.quantities import limit
from iso15118.session.services import ControlMode

__all__ = ["compose_profile", "power_range"]

_DAY_S = 86_400
_MAX_ENTRIES = 2048
"""maxOccurs of EVPowerProfileEntry."""
_MAX_TIME = 2**63
"""A station may anchor its schedule anywhere in 64 bits; a float nearer to their end might round beyond it."""


def power_range(session: EvccSession, now: float) -> PowerRange:
    """What the car can take and give now; in AC on all lines in use together."""
    both = session.context.bidirectional
    if session.is_ac:
        lines = session.inlet.ac_limits(now).first(session.context.ac_lines)
        return PowerRange(
            max_charge_power_w=sum(lines.max_charge_power_w),
            min_charge_power_w=sum(lines.min_charge_power_w),
            max_discharge_power_w=sum(lines.max_discharge_power_w) if both else 0.0,
            min_discharge_power_w=sum(lines.min_discharge_power_w) if both else 0.0,
        )
    limits = session.vehicle.limits(now)
    return PowerRange(
        max_charge_power_w=limits.max_charge_power_w,
        min_charge_power_w=limits.min_charge_power_w,
        max_discharge_power_w=limits.max_discharge_power_w if both else 0.0,
        min_discharge_power_w=limits.min_discharge_power_w if both else 0.0,
    )


def compose_profile(session: EvccSession, now: float) -> EVPowerProfile | None:
    """What the car means to take: what was chosen, as far as its limits go by now; it is then held to that."""
    context, config = session.context, session.config
    schedule = context.schedule
    if context.control_mode is not ControlMode.SCHEDULED:
        return _dynamic_profile(session, now) if config.complete_power_profile else None
    if schedule is None:
        return None
    power = power_range(session, now)
    steps = tuple(
        (duration, min(max(watts, -power.max_discharge_power_w), power.max_charge_power_w))
        for duration, watts in schedule.entries[: longest(_MAX_ENTRIES, session.emitter_profile)]
    )
    context.schedule = msgspec.structs.replace(schedule, entries=steps)
    acceptance = None
    if schedule.power_tolerance_w is not None or config.complete_power_profile:
        acceptance = (
            PowerToleranceAcceptance.PowerToleranceConfirmed
            if context.confirm_tolerance
            else PowerToleranceAcceptance.PowerToleranceNotConfirmed
        )
    return EVPowerProfile(
        time_anchor=max(0, min(round(session.unix_offset_s + schedule.start_s), _MAX_TIME)),
        scheduled_ev_ppt_control_mode=Scheduled_EVPPTControlMode(
            selected_schedule_tuple_id=schedule.schedule_tuple_id, power_tolerance_acceptance=acceptance
        ),
        ev_power_profile_entries=_entries(steps),
    )


def _entries(steps: tuple[tuple[float, float], ...]) -> EVPowerProfileEntryList:
    return EVPowerProfileEntryList(
        ev_power_profile_entry=tuple(
            PowerScheduleEntry(duration=round(duration), power=limit(watts, step=0)) for duration, watts in steps
        )
    )


def _dynamic_profile(session: EvccSession, now: float) -> EVPowerProfile:
    """In Dynamic control a profile binds nobody: the most the car takes, until departure or a day."""
    departure_s = session.needs(now).departure_s
    duration = _DAY_S if departure_s is None else max(1, round(departure_s - now))
    return EVPowerProfile(
        time_anchor=max(0, round(session.unix_offset_s + now)),
        dynamic_ev_ppt_control_mode=Dynamic_EVPPTControlMode(),
        ev_power_profile_entries=_entries(((duration, power_range(session, now).max_charge_power_w),)),
    )
