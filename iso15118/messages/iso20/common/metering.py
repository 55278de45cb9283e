"""Metering confirmation.

Part of namespace CommonMessages (V2G_CI_CommonMessages.xsd).
"""

from __future__ import annotations

from typing import Annotated

from iso15118.messages.iso20.common.xmlns import XMLNS
from iso15118.messages.iso20.types import (
    MeterInfo,
    NumericID,
    Receipt,
    SessionID,
    V2GRequest,
    V2GResponse,
)
from iso15118.messages.model import ATTRIBUTE, Identity, Record, choice, element


class Scheduled_SMDTControlMode(Record):
    """The schedule in force.

    Source: V2G_CI_CommonMessages.xsd, ``Scheduled_SMDTControlModeType``.
    """

    selected_schedule_tuple_id: NumericID = element("SelectedScheduleTupleID")


class Dynamic_SMDTControlMode(Record):
    """Dynamic control has no schedule.

    Source: V2G_CI_CommonMessages.xsd, ``Dynamic_SMDTControlModeType``.
    """


class SignedMeteringData(Record):
    """The reading the EV confirms; signed.

    Source: V2G_CI_CommonMessages.xsd, ``SignedMeteringDataType``.
    """

    session_id: SessionID = element("SessionID")
    """The session whose energy is confirmed."""
    meter_info: MeterInfo = element("MeterInfo")
    receipt: Receipt | None = element("Receipt", default=None)
    dynamic_smdt_control_mode: Annotated[Dynamic_SMDTControlMode | None, choice("ControlMode")] = element(
        "Dynamic_SMDTControlMode", default=None
    )
    scheduled_smdt_control_mode: Annotated[Scheduled_SMDTControlMode | None, choice("ControlMode")] = element(
        "Scheduled_SMDTControlMode", default=None
    )
    id: Annotated[Identity, ATTRIBUTE] = element("Id")


class MeteringConfirmationReq(V2GRequest):
    """Signed confirmation of a meter reading (Plug and Charge).

    Source: V2G_CI_CommonMessages.xsd, ``MeteringConfirmationReqType``.
    """

    signed_metering_data: SignedMeteringData = element("SignedMeteringData")


class MeteringConfirmationRes(V2GResponse):
    """Whether the signature was accepted.

    Source: V2G_CI_CommonMessages.xsd, ``MeteringConfirmationResType``.
    """
