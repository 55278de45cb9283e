"""Vehicle check-in and check-out, and parking.

Part of namespace CommonMessages (V2G_CI_CommonMessages.xsd).
"""

from __future__ import annotations

import enum

from iso15118.messages.iso20.common.xmlns import XMLNS
from iso15118.messages.iso20.types import Processing, V2GRequest, V2GResponse
from iso15118.messages.model import Record, Short, UnsignedLong, UnsignedShort, element


class EVCheckInStatus(enum.Enum):
    """Progress of parking.

    Source: V2G_CI_CommonMessages.xsd, ``evCheckInStatusType``.
    """

    CheckIn = "CheckIn"
    Processing = "Processing"
    Completed = "Completed"


class EVCheckOutStatus(enum.Enum):
    """Progress of leaving.

    Source: V2G_CI_CommonMessages.xsd, ``evCheckOutStatusType``.
    """

    CheckOut = "CheckOut"
    Processing = "Processing"
    Completed = "Completed"


class EVSECheckOutStatus(enum.Enum):
    """Progress of leaving, as the station sees it.

    Source: V2G_CI_CommonMessages.xsd, ``evseCheckOutStatusType``.
    """

    Scheduled = "Scheduled"
    Completed = "Completed"


class ParkingMethod(enum.Enum):
    """Who parks the vehicle.

    Source: V2G_CI_CommonMessages.xsd, ``parkingMethodType``.
    """

    AutoParking = "AutoParking"
    MVGuideManual = "MVGuideManual"
    Manual = "Manual"


class TargetPosition(Record):
    """Where to park; no message carries it, but its names count in fragment codes.

    Source: V2G_CI_CommonMessages.xsd, ``TargetPositionType``.
    """

    target_offset_x: UnsignedShort = element("TargetOffsetX")
    target_offset_y: UnsignedShort = element("TargetOffsetY")


class VehicleCheckInReq(V2GRequest):
    """The vehicle reports how far it has got with parking.

    Source: V2G_CI_CommonMessages.xsd, ``VehicleCheckInReqType``.
    """

    ev_check_in_status: EVCheckInStatus = element("EVCheckInStatus")
    parking_method: ParkingMethod = element("ParkingMethod")
    vehicle_frame: Short | None = element("VehicleFrame", default=None)
    """Distance in the unit the standard defines for parking (not given by our sources)."""
    device_offset: Short | None = element("DeviceOffset", default=None)
    """Distance in the unit the standard defines for parking (not given by our sources)."""
    vehicle_travel: Short | None = element("VehicleTravel", default=None)
    """Distance in the unit the standard defines for parking (not given by our sources)."""


class VehicleCheckInRes(V2GResponse):
    """Where the vehicle should park.

    Source: V2G_CI_CommonMessages.xsd, ``VehicleCheckInResType``.
    """

    parking_space: Short | None = element("ParkingSpace", default=None)
    """Distance in the unit the standard defines for parking (not given by our sources)."""
    device_location: Short | None = element("DeviceLocation", default=None)
    """Distance in the unit the standard defines for parking (not given by our sources)."""
    target_distance: Short | None = element("TargetDistance", default=None)
    """Distance in the unit the standard defines for parking (not given by our sources)."""


class VehicleCheckOutReq(V2GRequest):
    """The vehicle is about to leave.

    Source: V2G_CI_CommonMessages.xsd, ``VehicleCheckOutReqType``.
    """

    ev_check_out_status: EVCheckOutStatus = element("EVCheckOutStatus")
    check_out_time: UnsignedLong = element("CheckOutTime")
    """Unit: s since 1970-01-01T00:00Z."""


class VehicleCheckOutRes(V2GResponse):
    """Whether the vehicle may leave.

    Source: V2G_CI_CommonMessages.xsd, ``VehicleCheckOutResType``.
    """

    evse_check_out_status: EVSECheckOutStatus = element("EVSECheckOutStatus")
