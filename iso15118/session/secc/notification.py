"""EVSENotification at the station: which of its wishes the car is told with the next answer that can carry one."""

from __future__ import annotations

import math

from iso15118.messages.iso20.types import EVSENotification, EVSEStatus
from iso15118.session.secc.pause import allowed
from iso15118.session.secc.service import offered
from iso15118.session.secc.session import SeccSession
from iso15118.session.timers import Timer

__all__ = ["gives_way", "overdue", "status", "wanted"]


def wanted(session: SeccSession, now: float) -> EVSENotification | None:
    """The station's most pressing wish, read from its ports; None for none.

    To end and to pause come first. The others take turns from loop to loop: a car may follow one of them and pass over
    another for ever.
    """
    if session.charger.stop_wanted(now):
        return EVSENotification.Terminate
    if allowed(session) and session.charger.pause_wanted(now):
        return EVSENotification.Pause
    wishes = _patient(session, now)
    return wishes[session.context.loops // 2 % len(wishes)] if wishes else None


def gives_way(status_: EVSEStatus | None, loops: int) -> bool:
    """Whether the answer of this loop has room for the wish to have a meter reading confirmed: every other one, at least.

    Args:
        status_: What would be told otherwise.
        loops: Loops that have been answered.
    """
    return status_ is None or (status_.evse_notification not in _URGENT and loops % 2 == 1)


_URGENT = (EVSENotification.Terminate, EVSENotification.Pause)


def _patient(session: SeccSession, now: float) -> list[EVSENotification]:
    wishes = []
    if session.context.standby and session.charger.exit_standby_wanted(now):
        wishes.append(EVSENotification.ExitStandby)
    if _new_offer(session, now):
        wishes.append(EVSENotification.ServiceRenegotiation)
    if schedules_are_new(session, now):
        wishes.append(EVSENotification.ScheduleRenegotiation)
    return wishes


def _new_offer(session: SeccSession, now: float) -> bool:
    """Whether other energy services may be offered than were offered last: a back end allows or forbids some by now."""
    if not session.config.service_renegotiation:
        return False
    services = set(offered(session, now))
    return bool(services) and services != set(session.context.offered_services)


def status(session: SeccSession, now: float) -> EVSEStatus | None:
    """The station's wish, while it has one, and how long the car may take to follow it."""
    notification = wanted(session, now)
    if notification is not session.context.notified:
        session.context.notified, session.context.notified_at = notification, now
    if notification is not EVSENotification.Terminate:
        session.timers.stop(Timer.SECC_STOP_NOTIFICATION)
    if notification is None:
        return None
    left_s = _left_s(session, notification, now)
    if notification is EVSENotification.Terminate and left_s == 0:
        session.timers.start_once(Timer.SECC_STOP_NOTIFICATION, now)
    counts = session.config.notification_delay_counts_down
    told_s = math.ceil(left_s) if counts else _delay_s(session, notification)
    return EVSEStatus(notification_max_delay=told_s, evse_notification=notification)


def overdue(session: SeccSession, now: float) -> bool:
    """Whether the car should have left the loop by now: from then on there is no power."""
    notification = wanted(session, now)
    if notification not in _URGENT:
        return False
    return _left_s(session, notification, now) == 0


def _delay_s(session: SeccSession, notification: EVSENotification) -> int:
    """How long the car may take, s."""
    pause = notification is EVSENotification.Pause
    return session.config.pause_max_delay_s if pause else session.config.notification_max_delay_s


def _left_s(session: SeccSession, notification: EVSENotification, now: float) -> float:
    """What is left of it, s; it counts from when the car was told first (V2G20-3318)."""
    since = session.context.notified_at if notification is session.context.notified else now
    return max(0.0, _delay_s(session, notification) - (now - since))


def schedules_are_new(session: SeccSession, now: float) -> bool:
    """Whether the station has other schedules than those it told last, and is ready to tell them."""
    told = session.context.told_revision
    if told is None or not session.config.schedule_renegotiation or not session.charger.ready(now):
        return False
    return session.charger.schedule_revision(now) != told
