"""Power delivery at the station: start and stop of the flow of energy."""

from __future__ import annotations

from iso15118.messages.iso20.common.power_delivery import (
    ChannelSelection,
    ChargeProgress,
    PowerDeliveryReq,
    PowerDeliveryRes,
)
from iso15118.messages.iso20.types import Processing, ResponseCode
from iso15118.session.actions import Action, EnergyFlow, SetContactor
from iso15118.session.core import AC_OFF, CHARGE_LOOPS, NO_CURRENT_A, STAGE_OFF, State, Step
from iso15118.session.secc.notification import status
from iso15118.session.secc.profile import accept_profile
from iso15118.session.secc.renegotiation import renegotiate
from iso15118.session.secc.session import Handlers, Rule, SeccSession
from iso15118.session.secc.standby import standby
from iso15118.session.services import BptChannel
from iso15118.session.timers import Timer

__all__ = ["HANDLERS"]


def power_delivery(session: SeccSession, request: PowerDeliveryReq, now: float) -> Step:
    """Start, stop, renegotiate, or explain why not."""
    if session.state is State.SCHEDULE_RENEGOTIATION and request.charge_progress is not ChargeProgress.Stop:
        return session.refuse(request, "FAILED_SequenceError", now)  # schedules come first
    match request.charge_progress:
        case ChargeProgress.Start:
            return _start(session, request, now)
        case ChargeProgress.Stop:
            return stop(session, request, now)
        case ChargeProgress.Standby:
            return standby(session, request, now)
        case ChargeProgress.ScheduleRenegotiation:
            return renegotiate(session, request, now)


def _stay(session: SeccSession, code: ResponseCode, now: float) -> Step:
    return Step(session.state, PowerDeliveryRes(**session.ok(code, now=now), evse_status=status(session, now)))


def _start(session: SeccSession, request: PowerDeliveryReq, now: float) -> Step:
    context = session.context
    channel = _channel(session, request)
    if session.state in CHARGE_LOOPS and channel is context.channel and not context.standby:
        # Only another channel and the end of standby are worth a start in the loop.
        return session.refuse(request, "FAILED_SequenceError", now)
    ready = session.is_ac or context.pre_charged or session.config.power_delivery_after_ongoing_pre_charge
    if not ready:
        return session.refuse(request, "FAILED_SequenceError", now)
    if request.ev_processing is not Processing.Finished:
        if session.state not in CHARGE_LOOPS:
            session.timers.start_once(Timer.SECC_ONGOING_POWER_DELIVERY, now)
        return _stay(session, ResponseCode.OK, now)
    reading = session.charger.reading(now)
    if reading.contactor_fault or not (reading.contactor_closed or session.is_ac):
        return session.refuse(request, "FAILED_ContactorError", now)
    if context.renegotiating:
        context.take_next()
    code, told = accept_profile(session, request.ev_power_profile)
    if code.value.startswith("FAILED"):
        return session.refuse(request, code.value, now)
    if session.is_ac:
        waiting = _close_ac(session, request, now)
        if waiting is not None:
            return waiting
    session.timers.stop(Timer.SECC_PRE_CHARGE, Timer.SECC_ONGOING_POWER_DELIVERY)
    response = PowerDeliveryRes(**session.ok(code, now=now), evse_status=status(session, now))
    actions: tuple[Action, ...] = (*told, EnergyFlow(True))
    if session.is_ac:
        # One that reads closed may be about to open: services chosen anew take less time than its movement.
        actions = (SetContactor(True), *actions)
    if session.state not in CHARGE_LOOPS or context.standby:
        context.ramp.rest()
    context.channel, context.renegotiating, context.standby = channel, False, False
    return Step(State.AC_CHARGE_LOOP if session.is_ac else State.DC_CHARGE_LOOP, response, actions=actions)


def _channel(session: SeccSession, request: PowerDeliveryReq) -> ChannelSelection | None:
    """The channel that is to be used; without a selection that for charging, from which nothing flows out of the car."""
    offer = session.context.offer
    if offer is None or offer.bpt_channel is not BptChannel.SEPARATED:
        return None
    return request.bpt_channel_selection or ChannelSelection.Charge


def _close_ac(session: SeccSession, request: PowerDeliveryReq, now: float) -> Step | None:
    """AC: the pilot shows C or D, the connector is locked, the contactor closes, then the answer is given; None then."""
    closed = session.charger.reading(now).contactor_closed
    ready = session.charger.pilot(now) in ("C", "D") and session.charger.connector_lock(now) is not False
    if ready and closed:
        return None
    if session.deferred_too_long or (closed and not ready):
        return session.refuse(request, "FAILED_ContactorError" if ready else "FAILED_PowerDeliveryNotApplied", now)
    return Step(session.state, defer=Timer.SECC_AC_CONTACTOR, actions=(SetContactor(ready),))


def stop(session: SeccSession, request: PowerDeliveryReq, now: float) -> Step:
    """Current to zero first: the answer waits for it, then the outlet's contactor opens."""
    off = AC_OFF if session.is_ac else STAGE_OFF
    if abs(session.present_current_a(now)) > NO_CURRENT_A:
        if session.deferred_too_long:
            return session.refuse(request, "FAILED_PowerDeliveryNotApplied", now)
        return Step(session.state, defer=Timer.SECC_POWER_DELIVERY_STOP, actions=(off,))
    session.timers.stop(Timer.SECC_STOP_NOTIFICATION, Timer.SECC_PRE_CHARGE, Timer.SECC_EV_POWER_PROFILE_VIOLATION)
    session.timers.stop(Timer.SECC_ONGOING_SCHEDULE_EXCHANGE, Timer.SECC_ONGOING_POWER_DELIVERY)
    session.context.drop_next()
    actions = (off, EnergyFlow(False), SetContactor(False))
    if not session.is_ac:
        session.timers.start(Timer.SECC_WELDING_DETECTION, now)
    state = State.SESSION_STOP if session.is_ac else State.DC_WELDING_DETECTION
    return Step(state, PowerDeliveryRes(**session.ok(now=now)), actions=actions)


HANDLERS: Handlers = {
    (state, PowerDeliveryReq): Rule(power_delivery, frozenset({state, *following}))
    for state, following in (
        (State.DC_PRE_CHARGE, (State.DC_CHARGE_LOOP, State.DC_WELDING_DETECTION)),
        (
            State.POWER_DELIVERY,
            (State.AC_CHARGE_LOOP, State.DC_CHARGE_LOOP, State.DC_WELDING_DETECTION, State.SESSION_STOP),
        ),
        (State.AC_CHARGE_LOOP, (State.SCHEDULE_RENEGOTIATION, State.SESSION_STOP)),
        (State.DC_CHARGE_LOOP, (State.SCHEDULE_RENEGOTIATION, State.DC_WELDING_DETECTION)),
        (State.SCHEDULE_RENEGOTIATION, (State.DC_WELDING_DETECTION, State.SESSION_STOP)),
    )
}
