"""A transaction whose session is paused, as one frozen record, so that it goes on after a restart of the process.

The station never writes: ``ChargingStation.take_records`` says ``KeepSuspended`` and ``DropSuspended``, which its driver
carries out on a ``TransactionStore`` before it sends what ``take_frames`` returns; so no seqNo is used twice. Times in a
record are seconds since 1970, since the station's own clock may begin anew.

There is no card in it: only Started tells the card, and by then it is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Protocol

import msgspec

from iso15118.ocpp.metering import MeterSample
from iso15118.ocpp.needs import ChargingNeeds
from iso15118.ocpp.outlet import EventLog, OutletState
from iso15118.ocpp.profile_reader import MODES_BY_PURPOSE
from iso15118.ocpp.profiles import Profile
from iso15118.ocpp.rpc_events import Payload

__all__ = [
    "MAX_UNDELIVERED",
    "DropSuspended",
    "KeepSuspended",
    "SuspendedTransaction",
    "TransactionStore",
    "fault_of",
    "freeze",
    "same",
    "shortened",
    "thaw",
]

MAX_UNDELIVERED = 64
"""Events in a record that the back end has not answered yet; periodic samples make room first (project limit)."""

ChargingState = Literal["Charging", "EVConnected", "SuspendedEV", "SuspendedEVSE", "Idle"]
OperationMode = Literal[
    "Idle",
    "ChargingOnly",
    "CentralSetpoint",
    "ExternalSetpoint",
    "ExternalLimits",
    "CentralFrequency",
    "LocalFrequency",
    "LocalLoadBalancing",
]


class SuspendedTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """All that a station needs to go on with a transaction where it stood."""

    transaction_id: Annotated[str, msgspec.Meta(min_length=1, max_length=36)]
    evse_id: Annotated[int, msgspec.Meta(ge=1)]
    start_unix_s: float
    suspended_unix_s: float
    """When its session was paused."""
    seq_no: Annotated[int, msgspec.Meta(ge=0)]
    """Of the next event."""
    charging_state: ChargingState
    operation_mode: OperationMode
    evcc_id: Annotated[str, msgspec.Meta(max_length=255)] | None
    allowed: tuple[str, ...]
    """EnergyTransferModeEnumType that the back end allows."""
    needs: ChargingNeeds | None
    """What the car told; told again after the pause it is no news to the back end."""
    needs_told_unix_s: float
    needs_untold: bool
    """The back end has not answered them yet."""
    stop_reason: Literal["Remote", "DeAuthorized", "ReqEnergyTransferRejected"] | None
    """Why it is to end, where the back end has said so already."""
    profiles: tuple[Profile, ...]
    """Its TxProfiles."""
    sample: MeterSample | None
    """What the meter said when the record was made; registers are cumulative."""
    saved_unix_s: float
    """When the record was made."""
    offline_since_unix_s: float | None
    """Since when there had been no back end by then; None: there was one."""
    undelivered: tuple[dict[str, Any], ...] = ()
    """TransactionEvents that the back end has not answered yet, in order."""
    ended: bool = False
    """Only ``undelivered`` is left of it."""


class KeepSuspended(msgspec.Struct, frozen=True):
    """Keep a record; one of the same transaction is replaced."""

    record: SuspendedTransaction


class DropSuspended(msgspec.Struct, frozen=True):
    """Forget a record: the transaction goes on with its session, or the back end knows all of it."""

    transaction_id: str


class TransactionStore(Protocol):
    """Where a driver keeps records."""

    def keep_transaction(self, record: SuspendedTransaction) -> None:
        """Keep a record; one of the same transaction is replaced."""
        ...

    def drop_transaction(self, transaction_id: str) -> None:
        """Forget a record; none is no error."""
        ...

    def transactions(self) -> tuple[SuspendedTransaction, ...]:
        """All records, for ``ChargingStation(suspended=...)``."""
        ...


def freeze(
    outlet: OutletState,
    *,
    profiles: Iterable[Profile],
    undelivered: Iterable[Payload],
    unix_s: float,
    offline_since_unix_s: float | None,
) -> SuspendedTransaction | None:
    """The record of the transaction that is suspended at this outlet; None when there is none."""
    log = outlet.log
    if log is None or outlet.suspended_unix_s is None:
        return None
    reason: Any = outlet.stop_reason
    state: Any = log.charging_state
    mode: Any = log.operation_mode
    return SuspendedTransaction(
        transaction_id=log.transaction_id,
        evse_id=outlet.evse_id,
        start_unix_s=log.start_unix_s,
        suspended_unix_s=outlet.suspended_unix_s,
        seq_no=log.seq_no,
        charging_state=state,
        operation_mode=mode,
        evcc_id=outlet.evcc_id,
        allowed=tuple(sorted(outlet.allowed)),
        needs=outlet.needs,
        needs_told_unix_s=outlet.needs_told_unix_s,
        needs_untold=outlet.needs_to_send or outlet.needs_call is not None,
        stop_reason=reason,
        profiles=tuple(profile for profile in profiles if profile.transaction_id == log.transaction_id),
        sample=outlet.sample,
        saved_unix_s=unix_s,
        offline_since_unix_s=offline_since_unix_s,
        undelivered=shortened(undelivered),
    )


def thaw(outlet: OutletState, record: SuspendedTransaction, supported: frozenset[str]) -> None:
    """Put the outlet where the record left it; its car counts as plugged in until the pilot says otherwise."""
    log = outlet.log = EventLog(record.transaction_id, outlet.evse_id, record.start_unix_s)
    log.seq_no, log.charging_state, log.operation_mode = record.seq_no, record.charging_state, record.operation_mode
    outlet.plugged = True
    outlet.suspended_unix_s = record.suspended_unix_s
    outlet.evcc_id = record.evcc_id
    outlet.authorization_wanted, outlet.authorization = True, "accepted"
    outlet.allowed = supported.intersection(record.allowed)
    outlet.needs, outlet.needs_told_unix_s = record.needs, record.needs_told_unix_s
    outlet.needs_to_send = outlet.needs_offline = record.needs_untold
    # Waited for once; what the back end says about them later counts as ever.
    outlet.needs_settled = True
    outlet.stop_reason = record.stop_reason
    outlet.sample = record.sample


def same(one: SuspendedTransaction, other: SuspendedTransaction) -> bool:
    """Whether a record says no more than the other: the meter alone, which any event tells, is no reason to write."""
    return one == msgspec.structs.replace(other, sample=one.sample, saved_unix_s=one.saved_unix_s)


def shortened(events: Iterable[Payload], most: int = MAX_UNDELIVERED) -> tuple[dict[str, Any], ...]:
    """At most so many events, in order; the oldest periodic samples are left out first, then the oldest of all."""
    kept = list(events)
    for spare in [event for event in kept if event["triggerReason"] == "MeterValuePeriodic"][
        : max(len(kept) - most, 0)
    ]:
        kept.remove(spare)
    return tuple(kept[-most:])


def fault_of(record: SuspendedTransaction) -> str | None:
    """What in a record that could be read makes no sense; None when it does."""
    for profile in record.profiles:
        if profile.purpose != "TxProfile" or profile.transaction_id != record.transaction_id:
            return f"profile {profile.profile_id} is none of its own"
        if any(period.mode not in MODES_BY_PURPOSE["TxProfile"] for period in profile.periods):
            return f"profile {profile.profile_id} has an unknown operation mode"
    for payload in record.undelivered:
        if payload.get("transactionInfo", {}).get("transactionId") != record.transaction_id:
            return "an event is none of its own"
    return None
