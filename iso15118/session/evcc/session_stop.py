"""Session stop at the car."""

from __future__ import annotations

from iso15118.messages.iso20.common.session_stop import ChargingSession, SessionStopReq, SessionStopRes
from iso15118.session.core import State, Step
from iso15118.session.evcc.session import EvccSession, Phase, Phases

__all__ = ["PHASES"]


def compose(session: EvccSession, now: float) -> SessionStopReq:
    """End the way the car has made up its mind to; for good when it left before there was a loop to leave."""
    how = session.context.leaving or ChargingSession.Terminate
    return SessionStopReq(header=session.header(now), charging_session=how)


def ended(session: EvccSession, response: SessionStopRes, now: float) -> Step:
    """All is said; the car closes the connection (V2G20-1643)."""
    return Step(State.CLOSING)


PHASES: Phases = {State.SESSION_STOP: Phase(compose, SessionStopRes, ended, frozenset({State.CLOSING}))}
