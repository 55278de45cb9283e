"""A session that is paused: one frozen record a side, and where such records are kept.

A session never writes: it looks a record up (``PausedSessions``), and says ``KeepPaused`` and ``DropPaused``, which its
driver carries out on a ``PauseStore``. Times in a record are seconds since 1970, since the session's own clock may begin
anew before the car comes back.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

import msgspec
from msgspec.structs import replace

from iso15118.messages.iso20.common.schedule_exchange import Scheduled_SEResControlMode
from iso15118.session.app import AppProtocolOffer
from iso15118.session.ports.schedule import ChargingNeeds, OfferedSchedule
from iso15118.session.ports.station import MeterReading
from iso15118.session.services import Offer

__all__ = [
    "MAX_PAUSED",
    "MemoryStore",
    "PauseStore",
    "PausedSession",
    "PausedSessions",
    "bound",
    "shifted_needs",
    "shifted_schedule",
]

MAX_PAUSED = 64
"""Records a store holds; the oldest make room. Ours: one outlet pauses one session at a time."""


class PausedSession(msgspec.Struct, frozen=True, kw_only=True):
    """All that one side needs to go on with a session where it was paused.

    That there is a record says as well that the session was authorized, and stays so (V2G20-1844).
    """

    session_id: bytes
    evcc_id: str
    evse_id: str
    binding: bytes | None
    """What ties the session to the vehicle (``bound``); None when nothing did."""
    protocol: AppProtocolOffer
    """A session is resumed under the protocol it was paused under."""
    service_id: int
    offer: Offer
    """The parameter set that was selected, as read; says the control mode too."""
    offered_services: tuple[int, ...]
    """What was offered last; offered again when services can't be renegotiated (V2G20-1644)."""
    renegotiation_supported: bool = False
    """EVCC: whether they can."""
    paused_unix_s: float
    value_added: dict[int, int] = {}
    """Value-added services that were selected, each with its set."""
    schedule_tuple_id: int | None = None
    """Scheduled control: the tuple the car chose; it is kept (V2G20-1058)."""
    sent: Scheduled_SEResControlMode | None = None
    """SECC, Scheduled control: the schedules as they were sent."""
    schedule_revision: int | None = None
    """SECC: their revision, as the schedule port counts; None when it is not known."""
    schedule: OfferedSchedule | None = None
    """EVCC, Scheduled control: the schedule the car chose; ``start_s`` is in seconds since 1970."""
    needs: ChargingNeeds | None = None
    """SECC: what the car told; ``departure_s`` is in seconds since 1970."""
    meter_base: MeterReading | None = None
    """SECC: registers at the start of the service session, from which MeterInfo counts."""
    discharge_sign: int = 0
    """SECC: the sign the car gives its discharge limits, +1 or -1; 0 when it has shown none."""


def bound(session_id: bytes, vehicle_binding: bytes | None) -> bytes | None:
    """What ties a session to a vehicle: SHA-512 over the SessionID and what the link knows of the vehicle (V2G20-2630).

    Args:
        session_id: Of the session.
        vehicle_binding: What the link proves about the vehicle, the same for each of its connections (over TLS the
            SHA-512 of its leaf certificate); None when the link proves nothing.
    """
    return None if vehicle_binding is None else hashlib.sha512(session_id + vehicle_binding).digest()


def shifted_schedule(schedule: OfferedSchedule, by_s: float) -> OfferedSchedule:
    """A schedule on another clock, with its prices."""
    halves = {name: getattr(schedule, name) for name in ("charging_prices", "discharging_prices")}
    prices = {
        name: half if half is None or half.start_s is None else replace(half, start_s=half.start_s + by_s)
        for name, half in halves.items()
    }
    return replace(schedule, start_s=schedule.start_s + by_s, **prices)


def shifted_needs(needs: ChargingNeeds, by_s: float) -> ChargingNeeds:
    """Needs on another clock, with the car's offer."""
    offer, departure_s = needs.energy_offer, needs.departure_s
    if offer is not None:
        price_start_s = None if offer.price_start_s is None else offer.price_start_s + by_s
        offer = replace(offer, start_s=offer.start_s + by_s, price_start_s=price_start_s)
    return replace(needs, departure_s=None if departure_s is None else departure_s + by_s, energy_offer=offer)


class PausedSessions(Protocol):
    """What a station's session asks about paused ones; answered at once."""

    def find(self, session_id: bytes) -> PausedSession | None:
        """The record of that session; None when there is none."""
        ...


class PauseStore(PausedSessions, Protocol):
    """Where a driver keeps records."""

    def keep(self, record: PausedSession) -> None:
        """Keep a record; one of the same session is replaced."""
        ...

    def drop(self, session_id: bytes) -> None:
        """Forget a record; none is no error."""
        ...


class MemoryStore:
    """Records that last as long as the process."""

    def __init__(self, most: int = MAX_PAUSED) -> None:
        """Begin empty; ``most`` records are held, the oldest make room."""
        self.records: dict[bytes, PausedSession] = {}
        self._most = most

    def find(self, session_id: bytes) -> PausedSession | None:
        """As ``PausedSessions.find``."""
        return self.records.get(session_id)

    def keep(self, record: PausedSession) -> None:
        """As ``PauseStore.keep``."""
        self.records.pop(record.session_id, None)
        self.records[record.session_id] = record
        while len(self.records) > self._most:
            del self.records[next(iter(self.records))]

    def drop(self, session_id: bytes) -> None:
        """As ``PauseStore.drop``."""
        self.records.pop(session_id, None)
