"""Session stop at the station."""

from __future__ import annotations

from iso15118.messages.iso20.common.session_stop import ChargingSession, SessionStopReq, SessionStopRes
from iso15118.session.actions import KeepPaused
from iso15118.session.core import State, Step
from iso15118.session.secc.pause import allowed, frozen
from iso15118.session.secc.session import Handlers, Rule, SeccSession

__all__ = ["HANDLERS"]


def session_stop(session: SeccSession, request: SessionStopReq, now: float) -> Step:
    """End for good or for now. Service renegotiation is not offered, and refused by its own code."""
    match request.charging_session:
        case ChargingSession.Pause:
            return _pause(session, request, now)
        case ChargingSession.ServiceRenegotiation:
            return session.refuse(request, "FAILED_NoServiceRenegotiationSupported", now)
        case ChargingSession.Terminate:
            return Step(State.CLOSING, SessionStopRes(**session.ok(now=now)))


def _pause(session: SeccSession, request: SessionStopReq, now: float) -> Step:
    """Keep what is needed to go on later, then end."""
    record = frozen(session, now) if session.state in _PAUSABLE and allowed(session) else None
    if record is None:
        return session.refuse(request, "FAILED_PauseNotAllowed", now)
    session.paused = True
    return Step(State.CLOSING, SessionStopRes(**session.ok(now=now)), actions=(KeepPaused(record),))


_PAUSABLE = frozenset(
    {
        State.DC_CABLE_CHECK,
        State.DC_PRE_CHARGE,
        State.POWER_DELIVERY,
        State.DC_WELDING_DETECTION,
        State.SESSION_STOP,
    }
)
"""Once schedules have been exchanged there is something to go on with (V2G20-2122; docs/open-points.md)."""

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
