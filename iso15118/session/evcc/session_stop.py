"""Session stop at the car."""

from __future__ import annotations

from iso15118.messages.iso20.common.session_stop import ChargingSession, SessionStopReq, SessionStopRes
from iso15118.session.actions import KeepPaused
from iso15118.session.core import State, Step
from iso15118.session.emitter import safe_text
from iso15118.session.evcc.pause import frozen
from iso15118.session.evcc.power_delivery import open_without_current
from iso15118.session.evcc.session import EvccSession, Phase, Phases
from iso15118.session.ports import Wish

__all__ = ["PHASES"]

MAX_CODE, MAX_EXPLANATION = 80, 160
"""maxLength of EVTerminationCode and EVTerminationExplanation."""


def compose(session: EvccSession, now: float) -> SessionStopReq:
    """End the way the car has made up its mind to; for good when it left before there was a loop to leave."""
    context = session.context
    if context.leaving is None or session.vehicle.wish(now) is Wish.STOP:
        context.leave(ChargingSession.Terminate)
    how = context.leaving or ChargingSession.Terminate
    why = session.vehicle.termination(now)
    return SessionStopReq(
        header=session.header(now),
        charging_session=how,
        ev_termination_code=safe_text(why.code, session.emitter_profile, MAX_CODE),
        ev_termination_explanation=safe_text(why.explanation, session.emitter_profile, MAX_EXPLANATION),
    )


def ended(session: EvccSession, response: SessionStopRes, now: float) -> Step:
    """All is said, for good or for now, and the car closes the connection (V2G20-1643); or services are chosen anew."""
    if session.context.leaving is ChargingSession.ServiceRenegotiation:
        opened = open_without_current(session, now)
        if not opened:
            return session.fail("current still flows at the car")
        session.context = session.context.without_service()
        return Step(State.SERVICE_DISCOVERY, actions=opened)
    record = frozen(session, now) if session.context.leaving is ChargingSession.Pause else None
    session.paused = record is not None
    return Step(State.CLOSING, actions=() if record is None else (KeepPaused(record),))


PHASES: Phases = {
    State.SESSION_STOP: Phase(compose, SessionStopRes, ended, frozenset({State.CLOSING, State.SERVICE_DISCOVERY}))
}
