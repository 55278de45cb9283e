"""Schedule exchange: needs of the EV, schedules or targets of the station.

Part of namespace CommonMessages (V2G_CI_CommonMessages.xsd).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from iso15118.messages.iso20.common.energy_offer import EVEnergyOffer
from iso15118.messages.iso20.common.price_schedule import (
    AbsolutePriceSchedule,
    PriceLevelSchedule,
)
from iso15118.messages.iso20.common.xmlns import XMLNS
from iso15118.messages.iso20.types import (
    NumericID,
    PercentValue,
    Processing,
    RationalNumber,
    V2GRequest,
    V2GResponse,
)
from iso15118.messages.model import Record, UnsignedInt, UnsignedLong, choice, element

MaxSupportingPointsScheduleTuple = Annotated[int, Meta(ge=12, le=1024, title="maxSupportingPointsScheduleTupleType")]


class PowerScheduleEntry(Record):
    """One step: how long and how much; discharging steps are negative.

    Source: V2G_CI_CommonMessages.xsd, ``PowerScheduleEntryType``.
    """

    duration: UnsignedInt = element("Duration")
    """Unit: s."""
    power: RationalNumber = element("Power")
    """Unit: W."""
    power_l2: RationalNumber | None = element("Power_L2", default=None)
    """Unit: W."""
    power_l3: RationalNumber | None = element("Power_L3", default=None)
    """Unit: W."""


class PowerScheduleEntryList(Record):
    """Up to 1024 steps.

    Source: V2G_CI_CommonMessages.xsd, ``PowerScheduleEntryListType``.
    """

    power_schedule_entry: Annotated[tuple[PowerScheduleEntry, ...], Meta(min_length=1, max_length=1024)] = element(
        "PowerScheduleEntry"
    )


class PowerSchedule(Record):
    """Power over time.

    Source: V2G_CI_CommonMessages.xsd, ``PowerScheduleType``.
    """

    time_anchor: UnsignedLong = element("TimeAnchor")
    """Unit: s since 1970-01-01T00:00Z."""
    available_energy: RationalNumber | None = element("AvailableEnergy", default=None)
    """Unit: Wh."""
    power_tolerance: RationalNumber | None = element("PowerTolerance", default=None)
    """Unit: W."""
    power_schedule_entries: PowerScheduleEntryList = element("PowerScheduleEntries")


class ChargingSchedule(Record):
    """Power over time and, optionally, prices.

    Source: V2G_CI_CommonMessages.xsd, ``ChargingScheduleType``.
    """

    power_schedule: PowerSchedule = element("PowerSchedule")
    absolute_price_schedule: Annotated[AbsolutePriceSchedule | None, choice("PriceSchedule", optional=True)] = element(
        "AbsolutePriceSchedule", default=None
    )
    price_level_schedule: Annotated[PriceLevelSchedule | None, choice("PriceSchedule", optional=True)] = element(
        "PriceLevelSchedule", default=None
    )


class ScheduleTuple(Record):
    """Schedules to charge and, optionally, to discharge by.

    Source: V2G_CI_CommonMessages.xsd, ``ScheduleTupleType``.
    """

    schedule_tuple_id: NumericID = element("ScheduleTupleID")
    charging_schedule: ChargingSchedule = element("ChargingSchedule")
    discharging_schedule: ChargingSchedule | None = element("DischargingSchedule", default=None)


class Scheduled_SEReqControlMode(Record):
    """Needs in Scheduled control; the EV will follow a schedule.

    Source: V2G_CI_CommonMessages.xsd, ``Scheduled_SEReqControlModeType``.
    """

    departure_time: UnsignedInt | None = element("DepartureTime", default=None)
    """Unit: s, from this message on."""
    ev_target_energy_request: RationalNumber | None = element("EVTargetEnergyRequest", default=None)
    """Unit: Wh."""
    ev_maximum_energy_request: RationalNumber | None = element("EVMaximumEnergyRequest", default=None)
    """Unit: Wh."""
    ev_minimum_energy_request: RationalNumber | None = element("EVMinimumEnergyRequest", default=None)
    """Unit: Wh."""
    ev_energy_offer: EVEnergyOffer | None = element("EVEnergyOffer", default=None)


class Scheduled_SEResControlMode(Record):
    """Up to three schedules to choose from.

    Source: V2G_CI_CommonMessages.xsd, ``Scheduled_SEResControlModeType``.
    """

    schedule_tuple: Annotated[tuple[ScheduleTuple, ...], Meta(min_length=1, max_length=3)] = element("ScheduleTuple")


class Dynamic_SEReqControlMode(Record):
    """Needs in Dynamic control; the station will decide.

    Source: V2G_CI_CommonMessages.xsd, ``Dynamic_SEReqControlModeType``.
    """

    departure_time: UnsignedInt = element("DepartureTime")
    """Unit: s, from this message on."""
    minimum_soc: PercentValue | None = element("MinimumSOC", default=None)
    """Unit: %."""
    target_soc: PercentValue | None = element("TargetSOC", default=None)
    """Unit: %."""
    ev_target_energy_request: RationalNumber = element("EVTargetEnergyRequest")
    """Unit: Wh."""
    ev_maximum_energy_request: RationalNumber = element("EVMaximumEnergyRequest")
    """Unit: Wh."""
    ev_minimum_energy_request: RationalNumber = element("EVMinimumEnergyRequest")
    """Unit: Wh."""
    ev_maximum_v2x_energy_request: RationalNumber | None = element("EVMaximumV2XEnergyRequest", default=None)
    """Unit: Wh. Comes with EVMinimumV2XEnergyRequest or not at all (V2G20-2681)."""
    ev_minimum_v2x_energy_request: RationalNumber | None = element("EVMinimumV2XEnergyRequest", default=None)
    """Unit: Wh. Comes with EVMaximumV2XEnergyRequest or not at all (V2G20-2681)."""


class Dynamic_SEResControlMode(Record):
    """Needs as changed by the station, and prices.

    Source: V2G_CI_CommonMessages.xsd, ``Dynamic_SEResControlModeType``.
    """

    departure_time: UnsignedInt | None = element("DepartureTime", default=None)
    """Unit: s, from this message on."""
    minimum_soc: PercentValue | None = element("MinimumSOC", default=None)
    """Unit: %."""
    target_soc: PercentValue | None = element("TargetSOC", default=None)
    """Unit: %."""
    absolute_price_schedule: Annotated[AbsolutePriceSchedule | None, choice("PriceSchedule", optional=True)] = element(
        "AbsolutePriceSchedule", default=None
    )
    price_level_schedule: Annotated[PriceLevelSchedule | None, choice("PriceSchedule", optional=True)] = element(
        "PriceLevelSchedule", default=None
    )


class ScheduleExchangeReq(V2GRequest):
    """The EV's needs, on which schedules or targets are based.

    Source: V2G_CI_CommonMessages.xsd, ``ScheduleExchangeReqType``.
    """

    maximum_supporting_points: MaxSupportingPointsScheduleTuple = element("MaximumSupportingPoints")
    dynamic_se_req_control_mode: Annotated[Dynamic_SEReqControlMode | None, choice("ControlMode")] = element(
        "Dynamic_SEReqControlMode", default=None
    )
    scheduled_se_req_control_mode: Annotated[Scheduled_SEReqControlMode | None, choice("ControlMode")] = element(
        "Scheduled_SEReqControlMode", default=None
    )


class ScheduleExchangeRes(V2GResponse):
    """Schedules (Scheduled) or targets (Dynamic); repeated while Ongoing.

    Source: V2G_CI_CommonMessages.xsd, ``ScheduleExchangeResType``.
    """

    evse_processing: Processing = element("EVSEProcessing")
    go_to_pause: bool | None = element("GoToPause", default=None)
    """The EV may pause until its schedule begins."""
    dynamic_se_res_control_mode: Annotated[Dynamic_SEResControlMode | None, choice("ControlMode")] = element(
        "Dynamic_SEResControlMode", default=None
    )
    scheduled_se_res_control_mode: Annotated[Scheduled_SEResControlMode | None, choice("ControlMode")] = element(
        "Scheduled_SEResControlMode", default=None
    )
