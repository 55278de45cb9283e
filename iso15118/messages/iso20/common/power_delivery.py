"""Power delivery: start, stop, standby and renegotiation.

Part of namespace CommonMessages (V2G_CI_CommonMessages.xsd).
"""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from iso15118.messages.iso20.common.schedule_exchange import PowerScheduleEntry
from iso15118.messages.iso20.common.xmlns import XMLNS
from iso15118.messages.iso20.types import (
    EVSEStatus,
    NumericID,
    Processing,
    V2GRequest,
    V2GResponse,
)
from iso15118.messages.model import Record, UnsignedLong, choice, element


class ChargeProgress(enum.Enum):
    """What the EV wants of the flow of energy.

    Source: V2G_CI_CommonMessages.xsd, ``chargeProgressType``.
    """

    Start = "Start"
    Stop = "Stop"
    Standby = "Standby"
    ScheduleRenegotiation = "ScheduleRenegotiation"


class ChannelSelection(enum.Enum):
    """Direction, where charging and discharging use separated channels.

    Source: V2G_CI_CommonMessages.xsd, ``channelSelectionType``.
    """

    Charge = "Charge"
    Discharge = "Discharge"


class PowerToleranceAcceptance(enum.Enum):
    """Whether the EV accepts the schedule's power tolerance.

    Source: V2G_CI_CommonMessages.xsd, ``powerToleranceAcceptanceType``.
    """

    PowerToleranceNotConfirmed = "PowerToleranceNotConfirmed"
    PowerToleranceConfirmed = "PowerToleranceConfirmed"


class EVPowerProfileEntryList(Record):
    """Up to 2048 steps.

    Source: V2G_CI_CommonMessages.xsd, ``EVPowerProfileEntryListType``.
    """

    ev_power_profile_entry: Annotated[tuple[PowerScheduleEntry, ...], Meta(min_length=1, max_length=2048)] = element(
        "EVPowerProfileEntry"
    )


class Scheduled_EVPPTControlMode(Record):
    """The chosen schedule.

    Source: V2G_CI_CommonMessages.xsd, ``Scheduled_EVPPTControlModeType``.
    """

    selected_schedule_tuple_id: NumericID = element("SelectedScheduleTupleID")
    power_tolerance_acceptance: PowerToleranceAcceptance | None = element("PowerToleranceAcceptance", default=None)


class Dynamic_EVPPTControlMode(Record):
    """Dynamic control has no schedule.

    Source: V2G_CI_CommonMessages.xsd, ``Dynamic_EVPPTControlModeType``.
    """


class EVPowerProfile(Record):
    """Power the EV means to take (or give) over time.

    Source: V2G_CI_CommonMessages.xsd, ``EVPowerProfileType``.
    """

    time_anchor: UnsignedLong = element("TimeAnchor")
    """Unit: s since 1970-01-01T00:00Z."""
    dynamic_ev_ppt_control_mode: Annotated[Dynamic_EVPPTControlMode | None, choice("ControlMode")] = element(
        "Dynamic_EVPPTControlMode", default=None
    )
    scheduled_ev_ppt_control_mode: Annotated[Scheduled_EVPPTControlMode | None, choice("ControlMode")] = element(
        "Scheduled_EVPPTControlMode", default=None
    )
    ev_power_profile_entries: EVPowerProfileEntryList = element("EVPowerProfileEntries")


class PowerDeliveryReq(V2GRequest):
    """Starts, stops or suspends the flow of energy.

    Source: V2G_CI_CommonMessages.xsd, ``PowerDeliveryReqType``.
    """

    ev_processing: Processing = element("EVProcessing")
    charge_progress: ChargeProgress = element("ChargeProgress")
    ev_power_profile: EVPowerProfile | None = element("EVPowerProfile", default=None)
    bpt_channel_selection: ChannelSelection | None = element("BPT_ChannelSelection", default=None)


class PowerDeliveryRes(V2GResponse):
    """Whether the station followed.

    Source: V2G_CI_CommonMessages.xsd, ``PowerDeliveryResType``.
    """

    evse_status: EVSEStatus | None = element("EVSEStatus", default=None)
