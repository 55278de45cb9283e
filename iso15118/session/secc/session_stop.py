"""Session stop at the station."""

from __future__ import annotations

from iso15118.messages.iso20.common.session_stop import ChargingSession, SessionStopReq, SessionStopRes
from iso15118.session.actions import EnergyFlow, KeepPaused, SetContactor
from iso15118.session.core import (
    AC_OFF,
    MAX_SERVICE_ROUNDS,
    NO_CURRENT_A,
    PARAMETER_DISCOVERIES,
    STAGE_OFF,
    State,
    Step,
)
from iso15118.session.secc.pause import allowed, frozen
from iso15118.session.secc.session import Handlers, Rule, SeccSession

__all__ = ["HANDLERS"]


def session_stop(session: SeccSession, request: SessionStopReq, now: float) -> Step:
    """End for good or for now, or go back to service discovery."""
    session.peer_termination = request.ev_termination_code, request.ev_termination_explanation
    match request.charging_session:
        case ChargingSession.Pause:
            return _pause(session, request, now)
        case ChargingSession.ServiceRenegotiation:
            return _renegotiate(session, request, now)
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


def _renegotiate(session: SeccSession, request: SessionStopReq, now: float) -> Step:
    """Back to service discovery; id, authorization and the base of the meter stay (V2G20-1477)."""
    enough = session.context.service_rounds >= MAX_SERVICE_ROUNDS
    if enough or session.state not in _RENEGOTIABLE or not session.config.service_renegotiation:
        return session.refuse(request, "FAILED_NoServiceRenegotiationSupported", now)
    if abs(session.present_current_a(now)) > NO_CURRENT_A:
        return session.refuse(request, "FAILED", now)
    off = AC_OFF if session.is_ac else STAGE_OFF
    session.leave_service()
    actions = (off, EnergyFlow(False), SetContactor(False))
    return Step(State.SERVICE_DISCOVERY, SessionStopRes(**session.ok(now=now)), actions=actions)


_RENEGOTIABLE = _PAUSABLE | PARAMETER_DISCOVERIES | {State.SCHEDULE_EXCHANGE}
"""Once a service is chosen another one can be."""

_STOP = Rule(session_stop, frozenset({State.CLOSING}))
_STOP_OR_GO_ON = Rule(session_stop, frozenset({State.CLOSING, State.SERVICE_DISCOVERY}))

# A car may leave from session setup on whenever no energy flows (docs/open-points.md, "when a session may be stopped").
HANDLERS: Handlers = {
    (state, SessionStopReq): _STOP_OR_GO_ON if state in _RENEGOTIABLE else _STOP
    for state in (
        State.AUTHORIZATION_SETUP,
        State.AUTHORIZATION,
        State.SERVICE_DISCOVERY,
        State.SERVICE_DETAIL,
        State.SERVICE_SELECTION,
        State.AC_CHARGE_PARAMETER_DISCOVERY,
        State.AC_DER_CHARGE_PARAMETER_DISCOVERY,
        State.DC_CHARGE_PARAMETER_DISCOVERY,
        State.SCHEDULE_EXCHANGE,
        State.DC_CABLE_CHECK,
        State.DC_PRE_CHARGE,
        State.POWER_DELIVERY,
        State.DC_WELDING_DETECTION,
        State.SESSION_STOP,
    )
}
