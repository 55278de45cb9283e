"""Power delivery at the car: start and stop of the flow of energy."""

from __future__ import annotations

from iso15118.messages.iso20.common.power_delivery import ChargeProgress, PowerDeliveryReq, PowerDeliveryRes
from iso15118.messages.iso20.types import Processing
from iso15118.session.actions import Action, EnergyFlow, SetContactor, SetPilot
from iso15118.session.core import NO_CURRENT_A, State, Step
from iso15118.session.evcc.directions import choose_channel
from iso15118.session.evcc.notification import follow
from iso15118.session.evcc.profile import compose_profile
from iso15118.session.evcc.session import EvccSession, Phase, Phases
from iso15118.session.timers import Timer

__all__ = ["PHASES", "open_without_current"]


def compose_start(session: EvccSession, now: float) -> PowerDeliveryReq:
    """Start; in Scheduled control with the profile of the chosen schedule, with separated channels with one of them."""
    session.context.start_pending = session.vehicle.connector_lock(now) is False
    session.context.channel = choose_channel(session, now)
    session.context.ramp.rest()
    return PowerDeliveryReq(
        header=session.header(now),
        ev_processing=Processing.Ongoing if session.context.start_pending else Processing.Finished,
        charge_progress=ChargeProgress.Start,
        ev_power_profile=compose_profile(session, now),
        bpt_channel_selection=session.context.channel,
    )


def show_ready(session: EvccSession, now: float) -> tuple[Action, ...]:
    """AC: pilot state C with PowerDelivery(Start), not before it (V2G20-847, V2G20-1617); in DC it is long there."""
    return (SetPilot("C"),) if session.is_ac and not session.context.start_pending else ()


def started(session: EvccSession, response: PowerDeliveryRes, now: float) -> Step:
    """Into the loop; if somebody wants to end already, the loop runs at zero and leads out again."""
    session.context.standby = False
    follow(session, response.evse_status)
    if session.context.start_pending:
        leave = session.wants_to_stop(now) or session.context.stopping
        return Step(State.SESSION_STOP) if leave else Step(State.POWER_DELIVERY, after=Timer.EVCC_ONGOING_INTERVAL)
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
    session.timers.stop(Timer.EVCC_RAMP_DOWN, Timer.EVCC_ONGOING_SCHEDULE_EXCHANGE, Timer.EVCC_SIDE_INTERVAL)
    session.context.drop_next()
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
        frozenset({State.AC_CHARGE_LOOP, State.DC_CHARGE_LOOP, State.POWER_DELIVERY, State.SESSION_STOP}),
        with_request=show_ready,
    ),
    State.POWER_DELIVERY_STOP: Phase(
        compose_stop, PowerDeliveryRes, stopped, frozenset({State.DC_WELDING_DETECTION, State.SESSION_STOP})
    ),
}
