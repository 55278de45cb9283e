"""Pause and resume at the station: what is kept, and whether a car may go on with it."""

from __future__ import annotations

from iso15118.messages.iso20.common.session_setup import SessionSetupReq
from iso15118.session.core import NO_SESSION
from iso15118.session.pause import PausedSession, bound, shifted_needs
from iso15118.session.secc.service import offered, offered_sets, select
from iso15118.session.secc.session import SeccSession
from iso15118.session.services import read_offer
from iso15118.session.timers import Timer

__all__ = ["allowed", "frozen", "joined", "thaw"]


def allowed(session: SeccSession) -> bool:
    """Whether this station pauses sessions at all: it may by its configuration, and has where to keep them."""
    return session.config.pause_allowed and session.store is not None


def frozen(session: SeccSession, now: float) -> PausedSession | None:
    """All that is needed to go on later; None where there is nothing to go on with."""
    context = session.context
    if context.protocol is None or context.offer is None:
        return None
    needs, chosen = context.needs, context.schedule_tuple_id
    return PausedSession(
        session_id=session.session_id,
        evcc_id=context.evcc_id,
        evse_id=session.config.evse_id,
        binding=bound(session.session_id, session.vehicle_binding),
        protocol=context.protocol,
        service_id=context.service_id,
        offer=context.offer,
        offered_services=context.offered_services,
        paused_unix_s=session.unix_offset_s + now,
        schedule_tuple_id=context.kept_tuple_id if chosen is None else chosen,
        sent=context.sent,
        schedule_revision=context.told_revision,
        needs=None if needs is None else shifted_needs(needs, session.unix_offset_s),
        value_added=context.value_added,
        meter_base=context.register_base,
        discharge_sign=context.peer_discharge_sign,
    )


def joined(session: SeccSession, request: SessionSetupReq, now: float) -> PausedSession | None:
    """The paused session that the car asks for, if it may go on with it (V2G20-2545); else a new one is opened."""
    asked = request.header.session_id
    if asked == NO_SESSION or session.store is None or not session.config.pause_allowed:
        return None
    record = session.store.find(asked)
    if record is None:
        return None
    age_s = session.unix_offset_s + now - record.paused_unix_s
    same = (
        record.evcc_id == request.evcc_id
        and record.evse_id == session.config.evse_id
        and record.protocol == session.context.protocol
        and _still_offered(session, record, now)
        and session.charger.resume_allowed(now)
        and age_s <= session.limits.seconds(Timer.SECC_PAUSED_SESSION)
    )
    return record if same and _bound(session, record) else None


def _still_offered(session: SeccSession, record: PausedSession, now: float) -> bool:
    """Whether the service is one of those on offer, with the very set that was selected, whatever its number is now."""
    if record.service_id not in offered(session, now):
        return False
    sets = [read_offer(each) for each in offered_sets(session, record.service_id, now)]
    return any((each.integers, each.texts) == (record.offer.integers, record.offer.texts) for each in sets)


def _bound(session: SeccSession, record: PausedSession) -> bool:
    """Whether it is the same vehicle by what the links prove; where one proved nothing the lab option decides."""
    presented = bound(record.session_id, session.vehicle_binding)
    if presented is None or record.binding is None:
        return session.config.resume_without_binding
    return presented == record.binding


def thaw(session: SeccSession, record: PausedSession) -> None:
    """Go on where the session was paused: at parameter discovery, with all that was agreed before."""
    context = session.context
    session.session_id = record.session_id
    context.evcc_id = record.evcc_id
    context.register_base = record.meter_base
    context.offered_services = record.offered_services
    select(context, record.service_id, record.offer)
    context.value_added = record.value_added
    context.kept_tuple_id = record.schedule_tuple_id
    context.kept = record.sent
    context.peer_discharge_sign = record.discharge_sign
    context.kept_revision = record.schedule_revision
    context.needs = None if record.needs is None else shifted_needs(record.needs, -session.unix_offset_s)
