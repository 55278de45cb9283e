"""SessionSetup at the car."""

from __future__ import annotations

from iso15118.messages.iso20.common.session_setup import SessionSetupReq, SessionSetupRes
from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.messages.iso20.types import ResponseCode
from iso15118.session.actions import Action, DropPaused, SetConnectorLock
from iso15118.session.core import NO_SESSION, PARAMETER_DISCOVERIES, State, Step, parameter_discovery_of
from iso15118.session.evcc.pause import asked, thaw
from iso15118.session.evcc.service import chosen
from iso15118.session.evcc.session import EvccSession, Phase, Phases
from iso15118.session.timers import Timer

__all__ = ["PHASES"]


def compose(session: EvccSession, now: float) -> SessionSetupReq:
    """Ask for a new session (SessionID zero in the header), or by its SessionID for the one that was paused."""
    session.context.asked = record = asked(session, now)
    session.session_id = NO_SESSION if record is None else record.session_id
    return SessionSetupReq(header=session.header(now), evcc_id=session.config.evcc_id)


def opened(session: EvccSession, response: SessionSetupRes, now: float) -> Step:
    """Take the SessionID the station assigned, or go on with the paused session it joined."""
    record, assigned = session.context.asked, response.header.session_id
    if assigned == NO_SESSION:
        return session.fail("the station assigned SessionID zero")
    joined = response.response_code is ResponseCode.OK_OldSessionJoined
    if joined and (record is None or assigned != record.session_id):
        return session.fail("the station joined a session that was not asked for")
    session.session_id = assigned
    session.context.evse_id = response.evse_id
    session.timers.stop(Timer.EVCC_COMMUNICATION_SETUP)
    # Running again, or purged because the station knows nothing of it any more (V2G20-2615): no record in either case.
    used: tuple[Action, ...] = () if session.resume is None else (DropPaused(session.resume.session_id),)
    session.timers.start(Timer.EVCC_CONNECTOR_LOCK, now)
    used = (*used, SetConnectorLock(True))
    if not joined or record is None:
        return Step(State.AUTHORIZATION_SETUP, actions=used)
    if response.evse_id != record.evse_id:  # another station (V2G20-2539): purge and terminate (V2G20-2613, V2G20-2614)
        session.context.leave(ChargingSession.Terminate)
        return Step(State.SESSION_STOP, actions=used)
    thaw(session, record)
    return Step(parameter_discovery_of(session.service_id), actions=(*used, chosen(session)))


PHASES: Phases = {
    State.SESSION_SETUP: Phase(
        compose,
        SessionSetupRes,
        opened,
        frozenset(
            {
                State.AUTHORIZATION_SETUP,
                *PARAMETER_DISCOVERIES,
                State.SESSION_STOP,
            }
        ),
    ),
}
