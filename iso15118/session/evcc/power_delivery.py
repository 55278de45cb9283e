"""Power delivery at the car: start and stop of the flow of energy."""

from __future__ import annotations

from iso15118.messages.iso20.common.power_delivery import (
    ChargeProgress,
    Dynamic_EVPPTControlMode,
    EVPowerProfile,
    EVPowerProfileEntryList,
    PowerDeliveryReq,
    PowerDeliveryRes,
    PowerToleranceAcceptance,
    Scheduled_EVPPTControlMode,
)
from iso15118.messages.iso20.common.schedule_exchange import PowerScheduleEntry
from iso15118.messages.iso20.types import Processing
from iso15118.session.actions import Action, EnergyFlow, SetContactor, SetPilot
from iso15118.session.core import NO_CURRENT_A, State, Step
from iso15118.session.evcc.directions import choose_channel
from iso15118.session.evcc.notification import follow
from iso15118.session.evcc.session import EvccSession, Phase, Phases
from iso15118.session.quantities import limit
from iso15118.session.services import ControlMode
from iso15118.session.timers import Timer

__all__ = ["PHASES", "open_without_current"]

_DAY_S = 86_400
_MAX_ENTRIES = 2048
"""maxOccurs of EVPowerProfileEntry."""
_MAX_TIME = 2**63
"""A station may anchor its schedule anywhere in 64 bits; a float nearer to their end might round beyond it."""


def compose_start(session: EvccSession, now: float) -> PowerDeliveryReq:
    """Start; in Scheduled control with the profile of the chosen schedule, with separated channels with one of them."""
    session.context.channel = choose_channel(session, now)
    session.context.ramp.hold(())
    return PowerDeliveryReq(
        header=session.header(now),
        ev_processing=Processing.Finished,
        charge_progress=ChargeProgress.Start,
        ev_power_profile=_profile(session, now),
        bpt_channel_selection=session.context.channel,
    )


def _profile(session: EvccSession, now: float) -> EVPowerProfile | None:
    """What the car means to take: the schedule, as far as its own limits go."""
    schedule = session.context.schedule
    if session.context.control_mode is not ControlMode.SCHEDULED:
        return _dynamic_profile(session, now) if session.config.complete_power_profile else None
    if schedule is None:
        return None
    charge_w, discharge_w = _most(session, now)
    entries = tuple(
        PowerScheduleEntry(duration=round(duration), power=limit(min(max(power, -discharge_w), charge_w), step=0))
        for duration, power in schedule.entries[:_MAX_ENTRIES]
    )
    return EVPowerProfile(
        time_anchor=max(0, min(round(session.unix_offset_s + schedule.start_s), _MAX_TIME)),
        scheduled_ev_ppt_control_mode=Scheduled_EVPPTControlMode(
            selected_schedule_tuple_id=schedule.schedule_tuple_id,
            power_tolerance_acceptance=PowerToleranceAcceptance.PowerToleranceConfirmed
            if session.config.complete_power_profile
            else None,
        ),
        ev_power_profile_entries=EVPowerProfileEntryList(ev_power_profile_entry=entries),
    )


def _most(session: EvccSession, now: float) -> tuple[float, float]:
    """The most the car can take and give, W; in AC of all lines in use together."""
    if not session.is_ac:
        limits = session.vehicle.limits(now)
        return limits.max_charge_power_w, limits.max_discharge_power_w
    lines = session.inlet.ac_limits(now).first(session.context.ac_lines)
    return sum(lines.max_charge_power_w), sum(lines.max_discharge_power_w)


def _dynamic_profile(session: EvccSession, now: float) -> EVPowerProfile:
    """In Dynamic control a profile binds nobody: the most the car takes, until departure or a day."""
    departure_s = session.vehicle.needs(now).departure_s
    duration = _DAY_S if departure_s is None else max(1, round(departure_s - now))
    most = limit(_most(session, now)[0], step=0)
    return EVPowerProfile(
        time_anchor=max(0, round(session.unix_offset_s + now)),
        dynamic_ev_ppt_control_mode=Dynamic_EVPPTControlMode(),
        ev_power_profile_entries=EVPowerProfileEntryList(
            ev_power_profile_entry=(PowerScheduleEntry(duration=duration, power=most),)
        ),
    )


def show_ready(session: EvccSession, now: float) -> tuple[Action, ...]:
    """AC: pilot state C with PowerDelivery(Start), not before it (V2G20-847, V2G20-1617); in DC it is long there."""
    return (SetPilot("C"),) if session.is_ac else ()


def started(session: EvccSession, response: PowerDeliveryRes, now: float) -> Step:
    """Into the loop; if somebody wants to end already, the loop runs at zero and leads out again."""
    follow(session, response.evse_status)
    if session.is_ac:
        return Step(State.AC_CHARGE_LOOP, actions=(SetContactor(True), EnergyFlow(True)))
    return Step(State.DC_CHARGE_LOOP, actions=(EnergyFlow(True),))


def compose_stop(session: EvccSession, now: float) -> PowerDeliveryReq:
    """Stop, after a loop at zero current."""
    return PowerDeliveryReq(
        header=session.header(now), ev_processing=Processing.Finished, charge_progress=ChargeProgress.Stop
    )


def stopped(session: EvccSession, response: PowerDeliveryRes, now: float) -> Step:
    """The station says that current is zero: open the contactors, then look whether they really did."""
    session.timers.stop(Timer.EVCC_RAMP_DOWN)
    actions = (EnergyFlow(False), SetPilot("B"), *open_without_current(session, now))
    if session.is_ac:
        return Step(State.SESSION_STOP, actions=actions)
    session.timers.start_once(Timer.EVCC_WELDING_DETECTION, now)
    return Step(State.DC_WELDING_DETECTION, actions=actions)


def open_without_current(session: EvccSession, now: float) -> tuple[Action, ...]:
    """Open the car's contactors if its own sensor reads no current, whatever the station says; else not yet."""
    if abs(session.present_current_a(now)) > NO_CURRENT_A:
        return ()
    return (SetContactor(False),)


PHASES: Phases = {
    State.POWER_DELIVERY: Phase(
        compose_start,
        PowerDeliveryRes,
        started,
        frozenset({State.AC_CHARGE_LOOP, State.DC_CHARGE_LOOP}),
        with_request=show_ready,
    ),
    State.POWER_DELIVERY_STOP: Phase(
        compose_stop, PowerDeliveryRes, stopped, frozenset({State.DC_WELDING_DETECTION, State.SESSION_STOP})
    ),
}
