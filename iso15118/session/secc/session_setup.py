"""SessionSetup at the station."""

from __future__ import annotations

from iso15118.messages.iso20.common.session_setup import SessionSetupReq, SessionSetupRes
from iso15118.messages.iso20.types import ResponseCode
from iso15118.session.actions import Action, DropPaused, EvccIdentified, SetConnectorLock, SetPilotSignal
from iso15118.session.core import NO_SESSION, PARAMETER_DISCOVERIES, State, Step, parameter_discovery_of
from iso15118.session.pause import PausedSession
from iso15118.session.secc.pause import joined, thaw
from iso15118.session.secc.service import chosen
from iso15118.session.secc.session import Handlers, Rule, SeccSession
from iso15118.session.timers import Timer

__all__ = ["HANDLERS"]


def session_setup(session: SeccSession, request: SessionSetupReq, now: float) -> Step:
    """Join the paused session that the car asks for and is bound to, or open a new one with a fresh id."""
    session.timers.stop(Timer.SECC_COMMUNICATION_SETUP)
    record = joined(session, request, now)
    if record is not None:
        return _join(session, record, now)
    while session.session_id in (NO_SESSION, request.header.session_id):  # new and not zero (V2G20-2106)
        session.session_id = session.random_bytes(8)
    session.context.evcc_id = request.evcc_id
    session.context.register_base = session.charger.meter(now)
    response = SessionSetupRes(
        **session.ok(ResponseCode.OK_NewSessionEstablished, now=now), evse_id=session.config.evse_id
    )
    return Step(
        State.AUTHORIZATION_SETUP,
        response,
        actions=(*_connected(session, now), EvccIdentified(request.evcc_id, session.session_id)),
    )


def _connected(session: SeccSession, now: float) -> tuple[Action, ...]:
    """What holds from now on until the session ends: connector locked, signal on the control pilot."""
    session.timers.start(Timer.SECC_CONNECTOR_LOCK, now)
    return SetConnectorLock(True), SetPilotSignal(True)


def _join(session: SeccSession, record: PausedSession, now: float) -> Step:
    """Go on with the old session: authorized, its service chosen, at parameter discovery (V2G20-1032, V2G20-2622)."""
    thaw(session, record)
    response = SessionSetupRes(**session.ok(ResponseCode.OK_OldSessionJoined, now=now), evse_id=session.config.evse_id)
    return Step(
        parameter_discovery_of(session.service_id),
        response,
        actions=(
            DropPaused(record.session_id),  # it is a running session again; another pause keeps another record
            *_connected(session, now),
            EvccIdentified(record.evcc_id, record.session_id, resumed=True),
            chosen(session.context),
        ),
    )


HANDLERS: Handlers = {
    (State.SESSION_SETUP, SessionSetupReq): Rule(
        session_setup,
        frozenset({State.AUTHORIZATION_SETUP, *PARAMETER_DISCOVERIES}),
    ),
}
