"""Parking: what a car tells of it, and what a station answers (value-added service ParkingStatus); level-triggered."""

from __future__ import annotations

from typing import Protocol

import msgspec

from iso15118.errors import LocalError
from iso15118.messages.iso20.common.vehicle_check import EVCheckInStatus, EVCheckOutStatus, ParkingMethod

__all__ = ["CarParking", "CarParkingPort", "ParkingSpace", "StationParkingPort"]


def _check(*lengths: int | None) -> None:
    if any(each is not None and not -(2**15) <= each < 2**15 for each in lengths):
        raise LocalError(f"lengths of parking have 16 bits: {lengths}")


class CarParking(msgspec.Struct, frozen=True, kw_only=True):
    """How far the car has got with parking, or with leaving; the lengths are in the unit of the standard, whatever it is."""

    check_in: EVCheckInStatus | None = None
    """None: nothing to tell."""
    check_out: EVCheckOutStatus | None = None
    """None: nothing to tell; once there is something it counts instead of ``check_in``."""
    method: ParkingMethod = ParkingMethod.Manual
    vehicle_frame: int | None = None
    device_offset: int | None = None
    vehicle_travel: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no message could carry.

        Raises:
            LocalError: A length of more than 16 bits.
        """
        _check(self.vehicle_frame, self.device_offset, self.vehicle_travel)


class ParkingSpace(msgspec.Struct, frozen=True, kw_only=True):
    """Where the station has the car park; lengths as in ``CarParking``."""

    parking_space: int | None = None
    device_location: int | None = None
    target_distance: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no message could carry.

        Raises:
            LocalError: A length of more than 16 bits.
        """
        _check(self.parking_space, self.device_location, self.target_distance)


class CarParkingPort(Protocol):
    """Parking as the car sees it."""

    def parking(self, now: float) -> CarParking:
        """By default there is nothing to tell."""
        return CarParking()


class StationParkingPort(Protocol):
    """Parking as the station sees it."""

    def parking_space(self, now: float) -> ParkingSpace:
        """Told to a car that checks in; by default nothing in particular."""
        return ParkingSpace()

    def may_leave(self, now: float) -> bool:
        """Whether a car that checks out may leave by now (Completed) or has to wait (Scheduled); by default it may."""
        return True
