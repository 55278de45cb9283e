"""Pause and resume at the car: what is kept, when it may be asked for again, and how it is taken up."""

from __future__ import annotations

from iso15118.session.evcc.service import select, would_take
from iso15118.session.evcc.session import EvccSession
from iso15118.session.pause import PausedSession, bound, shifted_schedule

__all__ = ["asked", "frozen", "thaw"]


def frozen(session: EvccSession, now: float) -> PausedSession | None:
    """All that is needed to go on later; None where there is nothing to go on with."""
    context = session.context
    if context.protocol is None or context.offer is None:
        return None
    schedule = context.schedule
    return PausedSession(
        session_id=session.session_id,
        evcc_id=session.config.evcc_id,
        evse_id=context.evse_id,
        binding=bound(session.session_id, session.vehicle_binding),
        protocol=context.protocol,
        service_id=context.service_id,
        offer=context.offer,
        offered_services=context.offered_services,
        renegotiation_supported=context.renegotiation_supported,
        value_added=context.value_added,
        paused_unix_s=session.unix_offset_s + now,
        schedule_tuple_id=None if schedule is None else schedule.schedule_tuple_id,
        schedule=None if schedule is None else shifted_schedule(schedule, session.unix_offset_s),
    )


def asked(session: EvccSession, now: float) -> PausedSession | None:
    """The paused session to ask for: this car's, under the protocol that was just agreed upon, with a service that it
    may still use; None for a new one.
    """
    record = session.resume
    if record is None or record.protocol != session.context.protocol or record.evcc_id != session.config.evcc_id:
        return None
    if not would_take(session, record.service_id, record.offer, now):
        return None
    return record if record.binding == bound(record.session_id, session.vehicle_binding) else None


def thaw(session: EvccSession, record: PausedSession) -> None:
    """Go on where the session was paused: at parameter discovery, with all that was agreed before."""
    context = session.context
    context.offered_services = record.offered_services
    context.renegotiation_supported = record.renegotiation_supported
    select(session, record.service_id, record.offer)
    context.value_added = record.value_added
    if record.schedule is not None:
        context.schedule = shifted_schedule(record.schedule, -session.unix_offset_s)
    context.kept_tuple_id = record.schedule_tuple_id
