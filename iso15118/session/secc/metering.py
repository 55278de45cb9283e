"""Metering at the station: registers and receipt in the charge loop, and the car's signed confirmation of them."""

from __future__ import annotations

from typing import Any

from iso15118.messages.iso20.common.metering import (
    MeteringConfirmationReq,
    MeteringConfirmationRes,
    SignedMeteringData,
)
from iso15118.messages.iso20.types import EVSENotification, EVSEStatus, MeterInfo
from iso15118.messages.xmldsig import Signature
from iso15118.session.actions import MeteringConfirmed
from iso15118.session.core import CHARGE_LOOPS, State, Step
from iso15118.session.ports import SignatureCheck
from iso15118.session.secc.context import MeterInfoBase
from iso15118.session.secc.failed import failed_response
from iso15118.session.secc.notification import gives_way, status
from iso15118.session.secc.session import Handlers, Rule, SeccSession, SideHandlers, SideRule
from iso15118.session.services import ControlMode
from iso15118.session.side import SideStep
from iso15118.session.timers import Timer
from iso15118.v2gtp import PayloadType

__all__ = ["HANDLERS", "SIDE_HANDLERS", "metering_fields"]

MAX_READINGS = 64
"""How many of the readings told last a car may confirm: about a dozen seconds of loops. Ours."""


def metering_fields(session: SeccSession, requested: bool, now: float) -> dict[str, Any]:
    """EVSEStatus, MeterInfo and Receipt of a response in the charge loop.

    MeterInfo when asked (V2G20-1082), in the first answer (V2G20-1833), with a new receipt (V2G20-1919), and while the
    station wants it confirmed (V2G20-1083) and neither to end nor to pause; other wishes get every other answer.
    """
    context, told = session.context, status(session, now)
    confirm = _confirmation_due(session, now) and gives_way(told, context.loops)
    receipt = session.charger.receipt(now)
    news = receipt is not None and receipt != context.told_receipt
    reading = _meter_info(session, now) if requested or context.loops == 0 or news or confirm else None
    if reading is None:  # not wanted, or no meter: then there is nothing to confirm either, and no receipt
        return {"evse_status": told}
    context.told_receipt = receipt
    if confirm:
        delay_s = session.config.notification_max_delay_s
        told = EVSEStatus(notification_max_delay=delay_s, evse_notification=EVSENotification.MeteringConfirmation)
        context.readings = [*context.readings, (reading, receipt)][-MAX_READINGS:]
    return {"evse_status": told, "meter_info": reading, "receipt": receipt}


def _confirmation_due(session: SeccSession, now: float) -> bool:
    """One confirmation for each time that the port begins to want one."""
    if not session.charger.confirmation_wanted(now):
        session.context.confirmed = False
        return False
    return not session.context.confirmed


def _meter_info(session: SeccSession, now: float) -> MeterInfo | None:
    """Registers of the service session (V2G20-902)."""
    reading, context = session.charger.meter(now), session.context
    if reading is None:
        return None
    if context.register_base is None:  # a meter that was silent when the session was set up
        context.register_base = reading
    base = context.register_base if session.config.meter_info_base is MeterInfoBase.SESSION else None
    return MeterInfo(
        meter_id=reading.meter_id,
        charged_energy_reading_wh=max(0, reading.import_wh - (base.import_wh if base else 0)),
        bpt_discharged_energy_reading_wh=max(0, reading.export_wh - (base.export_wh if base else 0))
        if context.bidirectional and session.config.tell_discharged_energy
        else None,
        meter_timestamp=max(0, int(session.unix_offset_s + now)),
    )


def confirm_aside(session: SeccSession, request: MeteringConfirmationReq, now: float) -> SideStep:
    """Take the car's signature under what the meter said, beside the loop."""
    late = Timer.SECC_METERING_SIGNATURE in session.expired
    code = _judge(session, request, now, late)
    if code is None:
        return SideStep(defer=Timer.SECC_METERING_SIGNATURE)
    if code != "OK":
        return SideStep(failed_response(request, code, session.header(now)))
    return SideStep(MeteringConfirmationRes(**session.ok(now=now)), actions=(_confirmed(session, request),))


def confirm(session: SeccSession, request: MeteringConfirmationReq, now: float) -> Step:
    """Take the car's signature under what the meter said, between two loops."""
    code = _judge(session, request, now, session.deferred_too_long)
    if code is None:
        return Step(session.state, defer=Timer.SECC_METERING_SIGNATURE)
    if code != "OK":
        return session.refuse(request, code, now)
    response = MeteringConfirmationRes(**session.ok(now=now))
    return Step(session.state, response, actions=(_confirmed(session, request),))


def _judge(session: SeccSession, request: MeteringConfirmationReq, now: float, late: bool) -> str | None:
    """Code of the answer; None while whoever checks signatures has not answered."""
    if request is not session.context.confirming:  # else judged already: schedules may have changed since then
        if not session.context.readings:
            return "FAILED_SequenceError"  # nobody asked for it
        if not _as_told(session, request.signed_metering_data) or _digest(request) is None:
            return "FAILED_MeteringSignatureNotValid"
        session.context.confirming = request
    match session.charger.metering_signature(request, now):
        case SignatureCheck.VALID:
            return "OK"
        case SignatureCheck.PENDING if not late:
            return None
        case _:
            return "FAILED_MeteringSignatureNotValid"


def _as_told(session: SeccSession, data: SignedMeteringData) -> bool:
    """Whether the car has signed what it was told, in this session and under the schedule in force."""
    context = session.context
    if data.session_id != session.session_id or (data.meter_info, data.receipt) not in context.readings:
        return False
    if context.control_mode is ControlMode.DYNAMIC:
        return data.dynamic_smdt_control_mode is not None
    chosen = data.scheduled_smdt_control_mode
    return chosen is not None and chosen.selected_schedule_tuple_id == context.schedule_tuple_id


def _digest(request: MeteringConfirmationReq) -> bytes | None:
    """Digest of the signed data by the header's signature; None when there is none for that element."""
    signature, wanted = request.header.signature, f"#{request.signed_metering_data.id}"
    if signature is None:
        return None
    return next((ref.digest_value for ref in signature.signed_info.reference if ref.uri == wanted), None)


def _confirmed(session: SeccSession, request: MeteringConfirmationReq) -> MeteringConfirmed:
    session.context.confirmed, session.context.readings, session.context.confirming = True, [], None
    signature, digest = request.header.signature, _digest(request)
    assert isinstance(signature, Signature)  # judged before
    assert digest is not None
    return MeteringConfirmed(data=request.signed_metering_data, signature=signature, digest=digest)


HANDLERS: Handlers = {
    (state, MeteringConfirmationReq): Rule(confirm, frozenset({state}), goes_on=True)
    for state in State
    if state in CHARGE_LOOPS
}
SIDE_HANDLERS: SideHandlers = {
    (PayloadType.METERING_CONFIRMATION, MeteringConfirmationReq): SideRule(confirm_aside, CHARGE_LOOPS)
}
