"""Authorization at the station, by external means."""

from __future__ import annotations

from iso15118.messages.iso20.common.authorization import (
    Authorization,
    AuthorizationReq,
    AuthorizationRes,
    AuthorizationSetupReq,
    AuthorizationSetupRes,
    EIM_ASResAuthorizationMode,
)
from iso15118.messages.iso20.types import Processing, ResponseCode
from iso15118.session import ports
from iso15118.session.actions import AuthorizationWanted
from iso15118.session.core import State, Step
from iso15118.session.secc.session import Handlers, Rule, SeccSession
from iso15118.session.timers import Timer

__all__ = ["HANDLERS"]


def authorization_setup(session: SeccSession, request: AuthorizationSetupReq, now: float) -> Step:
    """Offer external means (V2G20-1220)."""
    response = AuthorizationSetupRes(
        **session.ok(now=now),
        authorization_services=(Authorization.EIM,),
        certificate_installation_service=False,
        eim_as_res_authorization_mode=EIM_ASResAuthorizationMode(),
    )
    return Step(State.AUTHORIZATION, response)


def authorization(session: SeccSession, request: AuthorizationReq, now: float) -> Step:
    """Say what the port says; SECC_ONGOING_EIM limits how long it may take, further attempts after a refusal included."""
    if Timer.SECC_ONGOING_EIM in session.expired:
        return session.refuse(request, "FAILED", now)
    session.timers.start_once(Timer.SECC_ONGOING_EIM, now)
    if request.selected_authorization_service is not Authorization.EIM or request.eim_a_req_authorization_mode is None:
        # V2G20-2209: the session goes on, the car may choose again.
        # Nobody is asked about a service that is not offered.
        answer = _answer(session, ResponseCode.WARNING_AuthorizationSelectionInvalid, Processing.Finished, now)
        return answer._replace(actions=())
    match session.charger.authorization(now):
        case ports.Authorization.ACCEPTED:
            session.timers.stop(Timer.SECC_ONGOING_EIM)
            answer = _answer(session, ResponseCode.OK, Processing.Finished, now)
            return answer._replace(state=State.SERVICE_DISCOVERY)
        case ports.Authorization.REJECTED:
            # V2G20-2219, V2G20-2230: Finished with a warning; another request is allowed.
            return _answer(session, ResponseCode.WARNING_EIMAuthorizationFailure, Processing.Finished, now)
        case ports.Authorization.PENDING:
            return _answer(session, ResponseCode.OK, Processing.Ongoing, now)


def _answer(session: SeccSession, code: ResponseCode, processing: Processing, now: float) -> Step:
    return Step(
        State.AUTHORIZATION,
        AuthorizationRes(**session.ok(code, now=now), evse_processing=processing),
        actions=(AuthorizationWanted(Authorization.EIM.value),),
    )


HANDLERS: Handlers = {
    (State.AUTHORIZATION_SETUP, AuthorizationSetupReq): Rule(authorization_setup, frozenset({State.AUTHORIZATION})),
    (State.AUTHORIZATION, AuthorizationReq): Rule(
        authorization, frozenset({State.AUTHORIZATION, State.SERVICE_DISCOVERY})
    ),
}
