"""EVSENotification at the car: what becomes of the station's wishes."""

from __future__ import annotations

from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.messages.iso20.types import EVSENotification, EVSEStatus
from iso15118.session.core import MAX_SERVICE_ROUNDS
from iso15118.session.evcc.session import EvccSession

__all__ = ["follow"]

_LEAVE = {
    EVSENotification.Terminate: ChargingSession.Terminate,
    EVSENotification.Pause: ChargingSession.Pause,
    EVSENotification.ServiceRenegotiation: ChargingSession.ServiceRenegotiation,
}


def follow(session: EvccSession, status: EVSEStatus | None) -> None:
    """Note what the station wants, and follow at once; a wish that the car can't follow but must not ignore is an end."""
    wish = None if status is None else status.evse_notification
    session.context.station_wants_schedule = wish is EVSENotification.ScheduleRenegotiation
    how = None if status is None else _LEAVE.get(status.evse_notification)
    context = session.context
    may = context.renegotiation_supported and context.service_rounds < MAX_SERVICE_ROUNDS
    if how is ChargingSession.ServiceRenegotiation and not may:
        how = ChargingSession.Terminate
    if status is not None and status.evse_notification is EVSENotification.ExitStandby and session.context.standby:
        session.context.standby_left = True
    if how is not None:
        session.context.leave(how)
