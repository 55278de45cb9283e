"""What every charge loop does at the car, whatever the energy: meter, display, needs, and the way out."""

from __future__ import annotations

from typing import Any

from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.messages.iso20.types import ChargeLoopRes, DisplayParameters
from iso15118.session.actions import Action
from iso15118.session.core import NO_CURRENT_A, State, Step
from iso15118.session.evcc.metering import confirmation, take_metering
from iso15118.session.evcc.notification import follow
from iso15118.session.evcc.service import better_service
from iso15118.session.evcc.session import EvccSession
from iso15118.session.evcc.standby import look
from iso15118.session.ports import EnergyNeeds, OfferedSchedule
from iso15118.session.quantities import rational
from iso15118.session.side import Stream
from iso15118.session.timers import Timer
from iso15118.units import DischargeLimitSign

__all__ = [
    "AFTER_LOOP",
    "begin_loop",
    "discharge_sign",
    "display_parameters",
    "end_loop",
    "energy_requests",
    "scheduled_power",
]

AFTER_LOOP = frozenset(
    {
        State.METERING_CONFIRMATION,
        State.POWER_DELIVERY,
        State.POWER_DELIVERY_RENEGOTIATION,
        State.POWER_DELIVERY_STANDBY,
        State.POWER_DELIVERY_STOP,
    }
)
"""Where ``end_loop`` leads, besides round again."""


_MAX_REMAINING_S = 2**32 - 1
"""Largest remaining time there is a number for."""


def discharge_sign(session: EvccSession) -> int:
    """The sign that the option asks for in discharge limits."""
    return 1 if session.config.discharge_limit_sign is DischargeLimitSign.POSITIVE else -1


def begin_loop(session: EvccSession, now: float) -> bool:
    """Notice a wish to stop, and say whether this request asks for MeterInfo."""
    context = session.context
    if better_service(session, now):
        context.leave(ChargingSession.ServiceRenegotiation)
    session.wants_to_leave(now)
    look(session, now)
    interval = session.limits.seconds(Timer.EVCC_METER_INFO_INTERVAL)
    due = context.meter_asked_at is None or now - context.meter_asked_at >= interval
    due = due or context.stopping or (context.resting and not (context.standby or context.standby_refused))
    if due:
        context.meter_asked_at = now
    context.zero_loop_sent = context.resting
    return due


def display_parameters(session: EvccSession, now: float) -> DisplayParameters:
    """What a display may show of the battery."""
    battery, needs, shown = session.vehicle.battery(now), session.needs(now), session.vehicle.display(now)
    capacity_wh = battery.capacity_wh if shown.capacity_wh is None else shown.capacity_wh
    complete = shown.charging_complete
    return DisplayParameters(
        present_soc=_percent(battery.soc_percent if shown.present_soc_percent is None else shown.present_soc_percent),
        minimum_soc=_percent(shown.minimum_soc_percent, needs.minimum_soc_percent),
        target_soc=_percent(shown.target_soc_percent, needs.target_soc_percent),
        maximum_soc=_percent(shown.maximum_soc_percent),
        remaining_time_to_minimum_soc=_remaining(shown.remaining_to_minimum_s),
        remaining_time_to_target_soc=_remaining(shown.remaining_to_target_s),
        remaining_time_to_maximum_soc=_remaining(shown.remaining_to_maximum_s),
        charging_complete=battery.soc_percent >= 100.0 if complete is None else complete,
        battery_energy_capacity=None if capacity_wh is None else rational(capacity_wh, step=0),
        inlet_hot=shown.inlet_hot,
    )


def _percent(*values: float | None) -> int | None:
    """The first that is known, in whole percent from 0 to 100."""
    return next((min(100, max(0, int(value))) for value in values if value is not None), None)


def _remaining(seconds: float | None) -> int | None:
    """A time to come; what has passed is 0, and what no field holds (never) is left out."""
    return None if seconds is None or not seconds < _MAX_REMAINING_S else max(0, round(seconds))


def energy_requests(needs: EnergyNeeds) -> dict[str, Any]:
    """Fields of a control mode for what the driver needs."""
    return {
        "ev_target_energy_request": rational(needs.target_energy_wh, step=0),
        "ev_maximum_energy_request": rational(needs.maximum_energy_wh, step=0),
        "ev_minimum_energy_request": rational(needs.minimum_energy_wh, step=0),
    }


def scheduled_power(schedule: OfferedSchedule, now: float) -> float:
    """What the schedule has now, W; after its last step nothing."""
    at = now - schedule.start_s
    for duration, power in schedule.entries:
        if at < duration:
            return power
        at -= duration
    return 0.0


def end_loop(
    session: EvccSession,
    response: ChargeLoopRes,
    current_a: float,
    actions: tuple[Action, ...],
    now: float,
    *,
    start_again: bool = False,
) -> Step:
    """Go round again, or out through a loop at zero when somebody wants to end.

    Args:
        session: The session.
        response: What was answered.
        current_a: Magnitude of the current as the less hopeful of both sides reads it.
        actions: What to do and report in any case.
        now: The session's clock.
        start_again: Whether the loop goes on only after another PowerDelivery(Start).
    """
    context = session.context
    actions = (*actions, *take_metering(session, response))
    current_gone = current_a <= NO_CURRENT_A
    # The loop at zero must itself have been answered with no current: then its MeterInfo is the last word.
    if context.zero_loop_sent and context.zero_seen and (current_gone or context.ramp_down_over):
        if context.stopping:
            return Step(State.POWER_DELIVERY_STOP, actions=actions)
        if not context.standby and not context.standby_refused:
            return Step(State.POWER_DELIVERY_STANDBY, actions=actions)
    context.zero_seen = context.zero_loop_sent and (current_gone or context.ramp_down_over)
    follow(session, response.evse_status)
    if context.waking or (start_again and not context.resting):
        return Step(State.POWER_DELIVERY, actions=actions)
    if session.config.metering_confirmation_stream is Stream.MAIN and confirmation(session, now) is not None:
        return Step(State.METERING_CONFIRMATION, actions=actions)
    out = session.config.renegotiation_stream is Stream.MAIN and session.wants_renegotiation(now)
    if not context.resting and (context.next_ready or out):  # in standby new schedules wait for its end
        return Step(State.POWER_DELIVERY_RENEGOTIATION, actions=actions)
    return Step(session.state, after=Timer.EVCC_CHARGE_LOOP_INTERVAL, actions=actions)
