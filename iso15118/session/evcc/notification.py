"""EVSENotification at the car: what becomes of the station's wishes."""

from __future__ import annotations

from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.messages.iso20.types import EVSENotification, EVSEStatus
from iso15118.session.evcc.session import EvccSession

__all__ = ["follow"]

_END = (EVSENotification.Terminate, EVSENotification.Pause, EVSENotification.ServiceRenegotiation)


def follow(session: EvccSession, status: EVSEStatus | None) -> None:
    """Note what the station wants; wishes that the car can't follow but must not ignore end the session."""
    if status is not None and status.evse_notification in _END:
        session.context.leave(ChargingSession.Terminate)
