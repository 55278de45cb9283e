"""SessionSetup at the car."""

from __future__ import annotations

from iso15118.messages.iso20.common.session_setup import SessionSetupReq, SessionSetupRes
from iso15118.session.core import NO_SESSION, State, Step
from iso15118.session.evcc.session import EvccSession, Phase, Phases
from iso15118.session.timers import Timer

__all__ = ["PHASES"]


def compose(session: EvccSession, now: float) -> SessionSetupReq:
    """Ask for a new session: the header carries SessionID zero."""
    return SessionSetupReq(header=session.header(now), evcc_id=session.config.evcc_id)


def opened(session: EvccSession, response: SessionSetupRes, now: float) -> Step:
    """Take the SessionID the station assigned."""
    if response.header.session_id == NO_SESSION:
        return session.fail("the station assigned SessionID zero")
    session.session_id = response.header.session_id
    session.context.evse_id = response.evse_id
    session.timers.stop(Timer.EVCC_COMMUNICATION_SETUP)
    return Step(State.AUTHORIZATION_SETUP)


PHASES: Phases = {
    State.SESSION_SETUP: Phase(compose, SessionSetupRes, opened, frozenset({State.AUTHORIZATION_SETUP})),
}
