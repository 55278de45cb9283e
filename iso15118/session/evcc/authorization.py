"""Authorization at the car, by external means."""

from __future__ import annotations

from iso15118.messages.iso20.common.authorization import (
    Authorization,
    AuthorizationReq,
    AuthorizationRes,
    AuthorizationSetupReq,
    AuthorizationSetupRes,
    EIM_AReqAuthorizationMode,
)
from iso15118.messages.iso20.types import Processing
from iso15118.session.core import State, Step
from iso15118.session.evcc.session import EvccSession, Phase, Phases
from iso15118.session.timers import Timer

__all__ = ["PHASES"]


def compose_setup(session: EvccSession, now: float) -> AuthorizationSetupReq:
    """Ask for the ways of authorization."""
    return AuthorizationSetupReq(header=session.header(now))


def offered(session: EvccSession, response: AuthorizationSetupRes, now: float) -> Step:
    """External means must be among the ways, in whichever place (V2G20-2566)."""
    if Authorization.EIM not in response.authorization_services:
        return session.fail("the station offers no authorization by external means")
    return Step(State.SESSION_STOP if session.wants_to_stop(now) else State.AUTHORIZATION)


def compose(session: EvccSession, now: float) -> AuthorizationReq:
    """Choose external means; repeated unaltered while Ongoing (V2G20-1582)."""
    session.timers.start_once(Timer.EVCC_ONGOING_AUTHORIZATION, now)
    return AuthorizationReq(
        header=session.header(now),
        selected_authorization_service=Authorization.EIM,
        eim_a_req_authorization_mode=EIM_AReqAuthorizationMode(),
    )


def decided(session: EvccSession, response: AuthorizationRes, now: float) -> Step:
    """Go on when accepted, ask again while Ongoing, leave when refused."""
    # External means are all we have: after a warning there is nothing else to choose.
    if session.wants_to_stop(now) or response.response_code.value.startswith("WARNING"):
        session.timers.stop(Timer.EVCC_ONGOING_AUTHORIZATION)
        return Step(State.SESSION_STOP)
    if response.evse_processing is not Processing.Finished:
        return Step(State.AUTHORIZATION, after=Timer.EVCC_ONGOING_INTERVAL)
    session.timers.stop(Timer.EVCC_ONGOING_AUTHORIZATION)
    return Step(State.SERVICE_DISCOVERY)


PHASES: Phases = {
    State.AUTHORIZATION_SETUP: Phase(
        compose_setup, AuthorizationSetupRes, offered, frozenset({State.AUTHORIZATION, State.SESSION_STOP})
    ),
    State.AUTHORIZATION: Phase(
        compose,
        AuthorizationRes,
        decided,
        frozenset({State.AUTHORIZATION, State.SERVICE_DISCOVERY, State.SESSION_STOP}),
    ),
}
