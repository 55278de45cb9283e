"""EVSENotification at the station: which of its wishes the car is told with the next answer that can carry one."""

from __future__ import annotations

from iso15118.messages.iso20.types import EVSENotification, EVSEStatus
from iso15118.session.secc.session import SeccSession
from iso15118.session.timers import Timer

__all__ = ["status", "wanted"]


def wanted(session: SeccSession, now: float) -> EVSENotification | None:
    """The station's most pressing wish, read from its ports; None for none."""
    return EVSENotification.Terminate if session.charger.stop_wanted(now) else None


def status(session: SeccSession, now: float) -> EVSEStatus | None:
    """The station's wish, while it has one."""
    notification = wanted(session, now)
    if notification is not EVSENotification.Terminate:
        session.timers.stop(Timer.SECC_STOP_NOTIFICATION)
    if notification is None:
        return None
    if notification is EVSENotification.Terminate:
        session.timers.start_once(Timer.SECC_STOP_NOTIFICATION, now)
    return EVSEStatus(notification_max_delay=session.config.notification_max_delay_s, evse_notification=notification)
