"""Session stop at the station."""

from __future__ import annotations

from iso15118.messages.iso20.common.session_stop import ChargingSession, SessionStopReq, SessionStopRes
from iso15118.session.core import State, Step
from iso15118.session.secc.session import Handlers, Rule, SeccSession

__all__ = ["HANDLERS"]


def session_stop(session: SeccSession, request: SessionStopReq, now: float) -> Step:
    """End. Pause and service renegotiation are not offered, and refused by their own codes."""
    match request.charging_session:
        case ChargingSession.Pause:
            return session.refuse(request, "FAILED_PauseNotAllowed", now)
        case ChargingSession.ServiceRenegotiation:
            return session.refuse(request, "FAILED_NoServiceRenegotiationSupported", now)
        case ChargingSession.Terminate:
            return Step(State.CLOSING, SessionStopRes(**session.ok(now=now)))


_STOP = Rule(session_stop, frozenset({State.CLOSING}))

# A car may leave from session setup on whenever no energy flows (docs/open-points.md, "when a session may be stopped").
HANDLERS: Handlers = {
    (state, SessionStopReq): _STOP
    for state in (
        State.AUTHORIZATION_SETUP,
        State.AUTHORIZATION,
        State.SERVICE_DISCOVERY,
        State.SERVICE_DETAIL,
        State.SERVICE_SELECTION,
        State.AC_CHARGE_PARAMETER_DISCOVERY,
        State.DC_CHARGE_PARAMETER_DISCOVERY,
        State.SCHEDULE_EXCHANGE,
        State.DC_CABLE_CHECK,
        State.DC_PRE_CHARGE,
        State.POWER_DELIVERY,
        State.DC_WELDING_DETECTION,
        State.SESSION_STOP,
    )
}
