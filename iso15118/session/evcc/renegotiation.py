"""Schedule renegotiation at the car: because the station wants it, or because the driver's needs have changed.

``EvccConfig.renegotiation_stream`` says which way: out of the loop and back (main), or ScheduleExchange beside the loop
and PowerDelivery(ScheduleRenegotiation) to change over (side). The old schedule is followed until the new one is
accepted; out of the loop there is no power. A renegotiation that the station does not grant is asked for again after
EVCC_RENEGOTIATION_RETRY, if it is still wanted then.
"""

from __future__ import annotations

from iso15118.messages.iso20.common.power_delivery import ChargeProgress, PowerDeliveryReq, PowerDeliveryRes
from iso15118.messages.iso20.common.schedule_exchange import ScheduleExchangeRes
from iso15118.messages.iso20.types import Processing, ResponseCode
from iso15118.messages.model import Record
from iso15118.session.actions import Action, EnergyFlow
from iso15118.session.core import AC_OFF, CHARGE_LOOPS, State, Step
from iso15118.session.evcc.notification import follow
from iso15118.session.evcc.profile import compose_profile
from iso15118.session.evcc.schedule_exchange import compose, taken
from iso15118.session.evcc.session import EvccSession, Phase, Phases, SidePhase, SidePhases
from iso15118.session.services import DER_SERVICES
from iso15118.session.side import Stream
from iso15118.session.timers import Timer
from iso15118.v2gtp import PayloadType

__all__ = ["PHASES", "SIDE_PHASES"]

_NOT_GRANTED = ResponseCode.WARNING_ScheduleRenegotiationFailed


def compose_renegotiation(session: EvccSession, now: float) -> PowerDeliveryReq:
    """Ask to leave the loop for new schedules, or to change over to the one chosen beside it."""
    context = session.context
    if context.next_ready:
        context.swap_plans()
    chosen = compose_profile(session, now) if context.next_ready else None
    return PowerDeliveryReq(
        header=session.header(now),
        ev_processing=Processing.Finished,
        charge_progress=ChargeProgress.ScheduleRenegotiation,
        ev_power_profile=chosen,
    )


def hold(session: EvccSession, now: float) -> tuple[Action, ...]:
    """No power out of the loop; in DC the station sees to that."""
    if session.context.next_ready:
        return ()
    if not session.is_ac:
        return (EnergyFlow(False),)
    session.context.ramp.rest()  # whatever comes of it, power begins at zero again
    return AC_OFF, EnergyFlow(False)


def renegotiated(session: EvccSession, response: PowerDeliveryRes, now: float) -> Step:
    """Granted: on to the new schedules, or over to the new one; else back into the loop as it was."""
    context = session.context
    follow(session, response.evse_status)
    loop = State.AC_CHARGE_LOOP if session.is_ac else State.DC_CHARGE_LOOP
    if response.response_code is _NOT_GRANTED:
        if context.next_ready:
            context.swap_plans()
        _give_up(session, now)
        return Step(loop, actions=(EnergyFlow(True),))
    if context.next_ready:
        context.drop_next()
        return Step(loop)
    context.renegotiating = True
    if context.stopping:
        return Step(State.POWER_DELIVERY_STOP)
    if session.config.renegotiation_repeats_parameters and session.service_id not in DER_SERVICES:
        return Step(State.AC_CHARGE_PARAMETER_DISCOVERY if session.is_ac else State.DC_CHARGE_PARAMETER_DISCOVERY)
    return Step(State.SCHEDULE_RENEGOTIATION)


def _give_up(session: EvccSession, now: float) -> None:
    context = session.context
    context.give_up_next()
    session.timers.stop(Timer.EVCC_ONGOING_SCHEDULE_EXCHANGE, Timer.EVCC_SIDE_INTERVAL)
    session.timers.start(Timer.EVCC_RENEGOTIATION_RETRY, now)


def exchanged_again(session: EvccSession, response: ScheduleExchangeRes, now: float) -> Step:
    """Ask again while Ongoing; then start again with the new schedule, or stop if somebody wants to end."""
    done = taken(session, response, now)
    if done is None:
        return session.fail("the station answered ScheduleExchange in another control mode")
    if session.wants_to_leave(now):
        session.timers.stop(Timer.EVCC_ONGOING_SCHEDULE_EXCHANGE)
        return Step(State.POWER_DELIVERY_STOP, actions=done.told)
    if not done.finished:
        return Step(State.SCHEDULE_RENEGOTIATION, after=Timer.EVCC_ONGOING_INTERVAL, actions=done.told)
    session.context.renegotiating = False
    session.context.adopt(done.schedule, confirm_tolerance=done.confirm_tolerance)
    return Step(State.POWER_DELIVERY, actions=done.told)


def compose_aside(session: EvccSession, now: float) -> Record | None:
    """Tell the needs beside the loop, when a renegotiation is wanted; repeated with fresh figures while Ongoing."""
    context = session.context
    if session.config.renegotiation_stream is Stream.MAIN or context.next_ready or context.stopping:
        return None
    if session.timers.running(Timer.EVCC_SIDE_INTERVAL):
        return None
    if not context.asking_aside and not session.wants_renegotiation(now):
        return None
    if not context.asking_aside:
        context.asking_aside, context.revision_before = True, context.told_revision
    return compose(session, now)


def exchanged_aside(session: EvccSession, response: ScheduleExchangeRes, now: float) -> tuple[Action, ...]:
    """Ask again while Ongoing; the schedule that is chosen waits for the next turn of the loop."""
    context = session.context
    if not context.asking_aside:
        return ()  # it took too long, and the car has given up
    if response.response_code is _NOT_GRANTED:
        _give_up(session, now)
        return ()
    done = taken(session, response, now)
    if done is None:
        return session.fail("the station answered ScheduleExchange in another control mode").actions
    if done.finished:
        context.asking_aside, context.next_ready = False, True
        context.other_plan = (done.schedule, done.confirm_tolerance)
    else:
        session.timers.start(Timer.EVCC_SIDE_INTERVAL, now)
    return done.told


PHASES: Phases = {
    State.POWER_DELIVERY_RENEGOTIATION: Phase(
        compose_renegotiation,
        PowerDeliveryRes,
        renegotiated,
        CHARGE_LOOPS
        | {
            State.AC_CHARGE_PARAMETER_DISCOVERY,
            State.DC_CHARGE_PARAMETER_DISCOVERY,
            State.SCHEDULE_RENEGOTIATION,
            State.POWER_DELIVERY_STOP,
        },
        with_request=hold,
    ),
    State.SCHEDULE_RENEGOTIATION: Phase(
        compose,
        ScheduleExchangeRes,
        exchanged_again,
        frozenset({State.SCHEDULE_RENEGOTIATION, State.POWER_DELIVERY, State.POWER_DELIVERY_STOP}),
    ),
}
SIDE_PHASES: SidePhases = {
    PayloadType.SCHEDULE_RENEGOTIATION: SidePhase(
        compose_aside,
        ScheduleExchangeRes,
        exchanged_aside,
        CHARGE_LOOPS,
        Timer.EVCC_MESSAGE_SCHEDULE_RENEGOTIATION,
    )
}
