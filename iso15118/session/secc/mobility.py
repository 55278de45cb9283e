"""Departure and energy as the station states them: MobilityNeedsMode 2, Dynamic control only (V2G20-2663)."""

from __future__ import annotations

from typing import Any

from iso15118.session.ports import MobilityNeeds
from iso15118.session.secc.session import SeccSession
from iso15118.session.services import ControlMode, MobilityNeedsMode

__all__ = ["loop_fields", "schedule_fields", "stated"]

_MOST_S = 2**32 - 1
"""Largest DepartureTime."""


def stated(session: SeccSession, now: float) -> MobilityNeeds:
    """What the station states; nothing where the service leaves it to the car."""
    context = session.context
    if context.mobility_needs_mode is not MobilityNeedsMode.SECC or context.control_mode is not ControlMode.DYNAMIC:
        return MobilityNeeds()
    return session.charger.mobility_needs(now)


def schedule_fields(session: SeccSession, now: float) -> dict[str, Any]:
    """Fields of the answer in schedule exchange."""
    needs = stated(session, now)
    departure = None if needs.departure_s is None else round(min(max(needs.departure_s - now, 0.0), _MOST_S))
    return {
        "departure_time": departure,
        "target_soc": needs.target_soc_percent,
        "minimum_soc": needs.minimum_soc_percent,
    }


def loop_fields(session: SeccSession, now: float) -> dict[str, Any]:
    """Fields of an answer in the charge loop; none in Scheduled control, whose answer has no place for them."""
    if session.context.control_mode is not ControlMode.DYNAMIC:
        return {}
    return {**schedule_fields(session, now), "ack_max_delay": stated(session, now).ack_max_delay_s}
