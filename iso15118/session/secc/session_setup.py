"""SessionSetup at the station."""

from __future__ import annotations

from iso15118.messages.iso20.common.session_setup import SessionSetupReq, SessionSetupRes
from iso15118.messages.iso20.types import ResponseCode
from iso15118.session.actions import EvccIdentified
from iso15118.session.core import NO_SESSION, State, Step
from iso15118.session.secc.session import Handlers, Rule, SeccSession
from iso15118.session.timers import Timer

__all__ = ["HANDLERS"]


def session_setup(session: SeccSession, request: SessionSetupReq, now: float) -> Step:
    """Open a session with a fresh id.

    A car that asks to resume gets a new session as well: nothing binds it to a paused one (V2G20-2626, V2G20-2627).
    """
    while session.session_id in (NO_SESSION, request.header.session_id):  # new and not zero (V2G20-2106)
        session.session_id = session.random_bytes(8)
    session.timers.stop(Timer.SECC_COMMUNICATION_SETUP)
    session.context.evcc_id = request.evcc_id
    session.context.register_base = session.charger.meter(now)
    response = SessionSetupRes(
        **session.ok(ResponseCode.OK_NewSessionEstablished, now=now), evse_id=session.config.evse_id
    )
    return Step(
        State.AUTHORIZATION_SETUP,
        response,
        actions=(EvccIdentified(request.evcc_id, session.session_id),),
    )


HANDLERS: Handlers = {
    (State.SESSION_SETUP, SessionSetupReq): Rule(session_setup, frozenset({State.AUTHORIZATION_SETUP})),
}
