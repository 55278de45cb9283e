"""Schedule renegotiation at the station, in either of two ways; the old schedule is in force until a new one is chosen.

On the main stream: PowerDelivery(ScheduleRenegotiation) leaves the loop, ScheduleExchange follows, PowerDelivery(Start)
leads back. Contactors stay closed, but there is no power meanwhile: without a loop nobody could change it. On the side
stream ScheduleExchange runs beside the loop, and PowerDelivery(ScheduleRenegotiation) changes over within the loop.
"""

from __future__ import annotations

from iso15118.messages.iso20 import ac, dc
from iso15118.messages.iso20.common.power_delivery import PowerDeliveryReq, PowerDeliveryRes
from iso15118.messages.iso20.common.schedule_exchange import ScheduleExchangeReq
from iso15118.messages.iso20.types import ResponseCode
from iso15118.session.actions import Action, EnergyFlow, StageMode
from iso15118.session.core import AC_OFF, CHARGE_LOOPS, State, Step
from iso15118.session.secc import ac as ac_phase
from iso15118.session.secc import dc as dc_phase
from iso15118.session.secc.failed import failed_response
from iso15118.session.secc.limits import regulate
from iso15118.session.secc.notification import status
from iso15118.session.secc.profile import accept_profile
from iso15118.session.secc.schedule_exchange import exchange
from iso15118.session.secc.session import Handlers, Rule, SeccSession, SideHandlers, SideRule
from iso15118.session.services import DER_SERVICES
from iso15118.session.side import SideStep
from iso15118.session.timers import Timer
from iso15118.v2gtp import PayloadType

__all__ = ["HANDLERS", "SIDE_HANDLERS", "renegotiate"]


def renegotiate(session: SeccSession, request: PowerDeliveryReq, now: float) -> Step:
    """PowerDelivery(ScheduleRenegotiation): out of the loop, or over to the schedules of the side stream.

    A warning, and all goes on as before, when there is nothing to renegotiate yet, when this station does not, or while
    an exchange on the side stream has not come to its end.
    """
    context = session.context
    if context.exchanging_aside and Timer.SECC_ONGOING_SCHEDULE_EXCHANGE in session.expired:
        context.drop_next()  # the car has given it up, or it could have been answered by now
    possible = session.state in CHARGE_LOOPS and session.config.schedule_renegotiation
    if not possible or context.exchanging_aside:
        code = ResponseCode.WARNING_ScheduleRenegotiationFailed
        return Step(session.state, PowerDeliveryRes(**session.ok(code, now=now), evse_status=status(session, now)))
    if context.next_schedules is not None:
        return _change_over(session, request, now)
    context.renegotiating, context.needs_heard = True, False
    context.loops, context.target_current_a = 0, 0.0  # whatever was asked for in the loop is over
    session.timers.stop(Timer.SECC_EV_POWER_PROFILE_VIOLATION)
    session.expired.discard(Timer.SECC_EV_POWER_PROFILE_VIOLATION)
    off: Action = AC_OFF if session.is_ac else regulate(session, StageMode.CURRENT, 0.0, now)
    response = PowerDeliveryRes(**session.ok(now=now), evse_status=status(session, now))
    return Step(State.SCHEDULE_RENEGOTIATION, response, actions=(off, EnergyFlow(False)))


def _change_over(session: SeccSession, request: PowerDeliveryReq, now: float) -> Step:
    session.context.take_next()
    code, told = accept_profile(session, request.ev_power_profile)
    if code.value.startswith("FAILED"):
        return session.refuse(request, code.value, now)
    response = PowerDeliveryRes(**session.ok(code, now=now), evse_status=status(session, now))
    return Step(session.state, response, actions=told)


def exchange_again(session: SeccSession, request: ScheduleExchangeReq, now: float) -> Step:
    """Needs and schedules anew, without power; FAILED_ScheduleRenegotiation when there is nothing to go on with."""
    done = exchange(session, request, now, again=True)
    if done.failed is not None:
        return session.refuse(request, "FAILED_ScheduleRenegotiation" if done.nothing else done.failed, now)
    following = State.POWER_DELIVERY if done.finished else State.SCHEDULE_RENEGOTIATION
    return Step(following, done.response, actions=done.told)


def exchange_aside(session: SeccSession, request: ScheduleExchangeReq, now: float) -> SideStep:
    """Needs and schedules anew, beside the loop; a warning when there is nothing better than what is in force."""
    context = session.context
    if not context.exchanging_aside:
        context.exchanging_aside, context.needs_heard, context.next_schedules = True, False, None
    done = exchange(session, request, now, again=True)
    possible = session.config.schedule_renegotiation
    if done.failed is not None and not done.nothing:
        return SideStep(failed_response(request, done.failed, session.header(now)))
    if done.nothing or not possible:
        context.exchanging_aside, context.next_schedules = False, None
        code = ResponseCode.WARNING_ScheduleRenegotiationFailed
        return SideStep(failed_response(request, code.value, session.header(now)), actions=done.told)
    context.exchanging_aside = not done.finished
    return SideStep(done.response, actions=done.told)


def parameters_again(
    session: SeccSession, request: ac.AC_ChargeParameterDiscoveryReq | dc.DC_ChargeParameterDiscoveryReq, now: float
) -> Step:
    """Limits anew, from a car that has the habit (``renegotiation_repeats_parameters``); else out of order.

    In AC_DER_IEC and AC_DER_SAE it is out of order in any case: parameter discovery is a negotiation there.
    """
    is_ac = isinstance(request, ac.AC_ChargeParameterDiscoveryReq)
    habit = session.config.renegotiation_repeats_parameters and session.service_id not in DER_SERVICES
    if not habit or is_ac is not session.is_ac:
        return session.refuse(request, "FAILED_SequenceError", now)
    discovery = ac_phase.charge_parameter_discovery if is_ac else dc_phase.charge_parameter_discovery
    step = discovery(session, request, now)  # type: ignore[arg-type]  # told apart by is_ac
    return step._replace(state=State.SCHEDULE_RENEGOTIATION)


HANDLERS: Handlers = {
    (State.SCHEDULE_RENEGOTIATION, ScheduleExchangeReq): Rule(
        exchange_again, frozenset({State.SCHEDULE_RENEGOTIATION, State.POWER_DELIVERY})
    ),
    **{
        (State.SCHEDULE_RENEGOTIATION, request): Rule(parameters_again, frozenset({State.SCHEDULE_RENEGOTIATION}))
        for request in (ac.AC_ChargeParameterDiscoveryReq, dc.DC_ChargeParameterDiscoveryReq)
    },
}
SIDE_HANDLERS: SideHandlers = {
    (PayloadType.SCHEDULE_RENEGOTIATION, ScheduleExchangeReq): SideRule(exchange_aside, CHARGE_LOOPS)
}
