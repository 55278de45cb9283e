"""VehicleCheckIn and VehicleCheckOut at the station, beside the main stream (docs/open-points.md)."""

from __future__ import annotations

from iso15118.messages.iso20.common.vehicle_check import (
    EVSECheckOutStatus,
    VehicleCheckInReq,
    VehicleCheckInRes,
    VehicleCheckOutReq,
    VehicleCheckOutRes,
)
from iso15118.session.actions import VehicleChecked
from iso15118.session.core import PARKING_STATES, State
from iso15118.session.secc.failed import failed_response
from iso15118.session.secc.session import SeccSession, SideHandlers, SideRule
from iso15118.session.services import ValueAdded
from iso15118.session.side import SideStep
from iso15118.v2gtp import PayloadType

__all__ = ["SIDE_HANDLERS"]


def _was_selected(session: SeccSession) -> bool:
    return ValueAdded.PARKING_STATUS in session.context.value_added


def check_in(session: SeccSession, request: VehicleCheckInReq, now: float) -> SideStep:
    """Tell the car where to park; only where it selected ParkingStatus."""
    if not _was_selected(session):
        return SideStep(failed_response(request, "FAILED_SequenceError", session.header(now)))
    space = session.charger.parking_space(now)
    response = VehicleCheckInRes(
        **session.ok(now=now),
        parking_space=space.parking_space,
        device_location=space.device_location,
        target_distance=space.target_distance,
    )
    return SideStep(response, actions=(VehicleChecked(check_in=request.ev_check_in_status.value),))


def check_out(session: SeccSession, request: VehicleCheckOutReq, now: float) -> SideStep:
    """Tell the car whether it may leave; only where it selected ParkingStatus."""
    if not _was_selected(session):
        return SideStep(failed_response(request, "FAILED_SequenceError", session.header(now)))
    completed = session.charger.may_leave(now)
    status = EVSECheckOutStatus.Completed if completed else EVSECheckOutStatus.Scheduled
    response = VehicleCheckOutRes(**session.ok(now=now), evse_check_out_status=status)
    return SideStep(response, actions=(VehicleChecked(check_out=request.ev_check_out_status.value),))


# The main stream may be further here than it was when the car asked; one that repeats parameter discovery in a schedule
# renegotiation is in it, and the station is not.
_STATES = PARKING_STATES | {State.SCHEDULE_RENEGOTIATION, State.DC_WELDING_DETECTION, State.SESSION_STOP}

SIDE_HANDLERS: SideHandlers = {
    (PayloadType.PARKING_STATUS, VehicleCheckInReq): SideRule(check_in, _STATES),
    (PayloadType.PARKING_STATUS, VehicleCheckOutReq): SideRule(check_out, _STATES),
}
