"""Metering at the car: what the station's meter and receipt say, and the car's signature under them when it is asked."""

from __future__ import annotations

from typing import Any

import msgspec

from iso15118.messages.iso20.common.metering import (
    Dynamic_SMDTControlMode,
    MeteringConfirmationReq,
    MeteringConfirmationRes,
    Scheduled_SMDTControlMode,
    SignedMeteringData,
)
from iso15118.messages.iso20.types import ChargeLoopRes, EVSENotification
from iso15118.messages.model import Record
from iso15118.session.actions import Action, MeteringConfirmed, ReceiptTold
from iso15118.session.core import CHARGE_LOOPS, State, Step
from iso15118.session.evcc.session import EvccSession, Phase, Phases, SidePhase, SidePhases
from iso15118.session.services import ControlMode
from iso15118.session.side import Stream
from iso15118.session.timers import Timer
from iso15118.v2gtp import PayloadType

__all__ = ["PHASES", "SIDE_PHASES", "confirmation", "registers", "take_metering"]

_ID = "id1"
"""Id of the signed element; one a message."""


def registers(response: ChargeLoopRes) -> tuple[int | None, int | None]:
    """What the station's meter has counted, into the car and out of it, Wh; None where it does not say."""
    meter = response.meter_info
    return (None, None) if meter is None else (meter.charged_energy_reading_wh, meter.bpt_discharged_energy_reading_wh)


def take_metering(session: EvccSession, response: ChargeLoopRes) -> tuple[Action, ...]:
    """Note what is to be confirmed as long as the station wants it; report a receipt."""
    status, meter = response.evse_status, response.meter_info
    asked = status is not None and status.evse_notification is EVSENotification.MeteringConfirmation
    session.context.to_confirm = (meter, response.receipt) if asked and meter is not None else None
    return () if response.receipt is None else (ReceiptTold(receipt=response.receipt, meter_info=meter),)


def confirmation(session: EvccSession, now: float) -> MeteringConfirmationReq | None:
    """The reading, signed; None when nothing is to be confirmed, or when the car can't sign (yet)."""
    context = session.context
    if context.to_confirm is None:
        return None
    meter, receipt = context.to_confirm
    mode: dict[str, Any] = {"dynamic_smdt_control_mode": Dynamic_SMDTControlMode()}
    if context.control_mode is ControlMode.SCHEDULED:
        chosen = 1 if context.schedule is None else context.schedule.schedule_tuple_id
        mode = {"scheduled_smdt_control_mode": Scheduled_SMDTControlMode(selected_schedule_tuple_id=chosen)}
    data = SignedMeteringData(session_id=session.session_id, meter_info=meter, receipt=receipt, id=_ID, **mode)
    signature = session.vehicle.sign(data, now)
    if signature is None:
        return None
    header = msgspec.structs.replace(session.header(now), signature=signature)
    context.confirming = MeteringConfirmationReq(header=header, signed_metering_data=data)
    return context.confirming


def compose_aside(session: EvccSession, now: float) -> Record | None:
    """Confirm what the meter says, beside the loop."""
    aside = session.config.metering_confirmation_stream is Stream.SIDE
    return confirmation(session, now) if aside else None


def confirmed_aside(session: EvccSession, response: MeteringConfirmationRes, now: float) -> tuple[Action, ...]:
    """The station has it; what it wants next, the next answer in the loop says."""
    context = session.context
    request, context.to_confirm, context.confirming = context.confirming, None, None
    if request is None or request.header.signature is None:
        return ()
    (reference,) = [ref for ref in request.header.signature.signed_info.reference if ref.uri == f"#{_ID}"]
    return (
        MeteringConfirmed(
            data=request.signed_metering_data, signature=request.header.signature, digest=reference.digest_value
        ),
    )


def compose(session: EvccSession, now: float) -> Record:
    """Confirm what the meter says, between two loops."""
    assert session.context.confirming is not None  # that is what led here
    return session.context.confirming


def confirmed(session: EvccSession, response: MeteringConfirmationRes, now: float) -> Step:
    """The station has it: back into the loop."""
    loop = State.AC_CHARGE_LOOP if session.is_ac else State.DC_CHARGE_LOOP
    return Step(loop, actions=confirmed_aside(session, response, now))


PHASES: Phases = {State.METERING_CONFIRMATION: Phase(compose, MeteringConfirmationRes, confirmed, CHARGE_LOOPS)}
SIDE_PHASES: SidePhases = {
    PayloadType.METERING_CONFIRMATION: SidePhase(
        compose_aside,
        MeteringConfirmationRes,
        confirmed_aside,
        CHARGE_LOOPS,
        Timer.EVCC_MESSAGE_METERING_CONFIRMATION,
    )
}
