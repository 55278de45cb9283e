"""VehicleCheckIn and VehicleCheckOut at the car, beside the main stream (docs/open-points.md)."""

from __future__ import annotations

from iso15118.messages.iso20.common.vehicle_check import (
    EVSECheckOutStatus,
    VehicleCheckInReq,
    VehicleCheckInRes,
    VehicleCheckOutReq,
    VehicleCheckOutRes,
)
from iso15118.messages.model import Record
from iso15118.session.actions import Action, ParkingTold
from iso15118.session.core import PARKING_STATES
from iso15118.session.evcc.session import EvccSession, SidePhase, SidePhases
from iso15118.session.ports.parking import ParkingSpace
from iso15118.session.services import ValueAdded
from iso15118.session.timers import Timer
from iso15118.v2gtp import PayloadType

__all__ = ["SIDE_PHASES"]


def compose(session: EvccSession, now: float) -> Record | None:
    """Tell what is new of parking or leaving; a car that has to wait asks again after a while whether it may leave."""
    context, parking = session.context, session.vehicle.parking(now)
    if ValueAdded.PARKING_STATUS not in context.value_added or parking == context.parking_told:
        waited = now - context.parking_told_at >= session.limits.seconds(Timer.EVCC_ONGOING_INTERVAL)
        if not (context.waits_to_leave and waited):
            return None
    context.parking_told, context.parking_told_at = parking, now
    if parking.check_out is not None:
        return VehicleCheckOutReq(
            header=session.header(now),
            ev_check_out_status=parking.check_out,
            check_out_time=max(0, int(session.unix_offset_s + now)),
        )
    if parking.check_in is None:
        return None
    return VehicleCheckInReq(
        header=session.header(now),
        ev_check_in_status=parking.check_in,
        parking_method=parking.method,
        vehicle_frame=parking.vehicle_frame,
        device_offset=parking.device_offset,
        vehicle_travel=parking.vehicle_travel,
    )


def told(session: EvccSession, response: VehicleCheckInRes | VehicleCheckOutRes, now: float) -> tuple[Action, ...]:
    """Report where to park, or whether the car may leave."""
    if isinstance(response, VehicleCheckInRes):
        space = ParkingSpace(
            parking_space=response.parking_space,
            device_location=response.device_location,
            target_distance=response.target_distance,
        )
        return (ParkingTold(space=space),)
    may_leave = response.evse_check_out_status is EVSECheckOutStatus.Completed
    session.context.waits_to_leave = not may_leave
    return (ParkingTold(may_leave=may_leave),)


SIDE_PHASES: SidePhases = {
    PayloadType.PARKING_STATUS: SidePhase(
        compose, (VehicleCheckInRes, VehicleCheckOutRes), told, PARKING_STATES, Timer.EVCC_MESSAGE_PARKING_STATUS
    )
}
