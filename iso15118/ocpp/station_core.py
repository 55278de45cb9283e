"""What a station does with what the back end says, and what it tells by itself: the inside of the station.

:mod:`iso15118.ocpp.station` is the outside, with the contract; nothing else uses this.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from iso15118.errors import LocalError, OcppError
from iso15118.ocpp.metering import meter_value, register_values, sampled_values
from iso15118.ocpp.needs import bidirectional, needs_payload
from iso15118.ocpp.outlet import EventLog, OutletState
from iso15118.ocpp.profile_store import ProfileStore
from iso15118.ocpp.profiles import Target, Transaction
from iso15118.ocpp.rpc import MAX_QUEUED_CALLS, Answered, Called, Event, Failed, Payload, RpcPeer
from iso15118.ocpp.suspended import SuspendedTransaction, fault_of, thaw
from iso15118.ocpp.times import to_rfc3339

__all__ = ["AUTHORIZE_RETRY_S", "ID_TOKEN_TYPE", "NEEDS_WAIT_S", "RETRY_S", "SAMPLE_INTERVAL_S", "StationCore"]

ID_TOKEN_TYPE = "ISO14443"  # noqa: S105  (the kind of a card, no secret)
"""IdTokenType of a card."""
SAMPLE_INTERVAL_S = 60.0
"""Default of SampledDataCtrlr.TxUpdatedInterval here, s."""
NEEDS_WAIT_S = 50.0
"""How long a charging profile is waited for after the needs were told: within the 55 s of ScheduleExchange."""
RETRY_S = 60.0
"""After so long a failed boot, or one whose answer names no interval, is tried again (project default), s."""
AUTHORIZE_RETRY_S = 10.0
"""After so long a failed Authorize is tried again (project default), s."""
MIN_HEARTBEAT_S = 10.0
"""A shorter interval is taken for this (project limit)."""
MAX_HEARTBEAT_S = 604_800
"""A longer interval is taken for this: a week (project limit)."""
MAX_QUEUED_SAMPLES = MAX_QUEUED_CALLS // 2
"""Beyond this many waiting calls periodic samples are left out; registers and other events still find room."""
TIMER_SLACK_S = 0.001
"""Times of profiles are in ms since 1970; a timer on another clock may come a rounding too early without this."""


class StationCore:
    """State and reactions of a station; see :class:`~iso15118.ocpp.station.ChargingStation`."""

    def __init__(
        self,
        station_id: str,
        *,
        evse_count: int = 1,
        id_token: str,
        id_token_type: str = ID_TOKEN_TYPE,
        unix_offset_s: float = 0.0,
        sample_interval_s: float = SAMPLE_INTERVAL_S,
        energy_transfers: Collection[str] = ("DC", "DC_BPT"),
        service_renegotiation: bool = False,
        suspended: Iterable[SuspendedTransaction] = (),
        model: str = "evbpt station",
        vendor: str = "evbpt",
    ) -> None:
        """A station that is not connected yet.

        Args:
            station_id: As the back end knows it.
            evse_count: How many outlets, >= 1.
            id_token: The card that authorizes (EIM).
            id_token_type: IdTokenType of it.
            unix_offset_s: Seconds since 1970 minus ``now``.
            sample_interval_s: How often meter values are sent during a transaction, s, > 0.
            energy_transfers: EnergyTransferModeEnumType of all outlets; without an answer of the back end only those
                without BPT are allowed.
            service_renegotiation: Whether its sessions can choose services anew (``SeccConfig.service_renegotiation``); a
                back end may then allow and forbid energy transfers during a transaction (Q02).
            suspended: Records of transactions to go on with, from before a restart; ``take_records`` made them.
            model: For BootNotification, at most 20 characters.
            vendor: For BootNotification, at most 50 characters.

        Raises:
            LocalError: an argument is out of range.
        """
        if evse_count < 1 or sample_interval_s <= 0:
            raise LocalError("a station has at least one outlet and samples at a positive interval")
        self.station_id = station_id
        self.dropped_events = 0
        """Events that found no room in the queue, or that the back end refused with a CALLERROR or an invalid answer."""
        self._supported = frozenset(energy_transfers)
        self._service_renegotiation = service_renegotiation
        self._one_way = frozenset(mode for mode in self._supported if not bidirectional(mode))
        self._id_token = {"idToken": id_token, "type": id_token_type}
        self._boot = {"reason": "PowerUp", "chargingStation": {"model": model, "vendorName": vendor}}
        self._offset_s, self._sample_interval_s = unix_offset_s, sample_interval_s
        self._outlets = {n: OutletState(n, self._one_way) for n in range(1, evse_count + 1)}
        self._store = ProfileStore(self._outlets)
        self._handlers: Mapping[str, Callable[[Payload, float], Payload]] = {
            "SetChargingProfile": self._set_charging_profile,
            "UpdateDynamicSchedule": self._update_dynamic_schedule,
            "ClearChargingProfile": self._clear_charging_profile,
            "RequestStopTransaction": self._request_stop,
            "NotifyAllowedEnergyTransfer": self._allowed_energy_transfer_changed,
        }
        self._rpc = RpcPeer(f"{station_id[:16]}-", frozenset(self._handlers))
        self._rpc.gate_open = False
        self._accepted = False
        self._heartbeat_interval_s = RETRY_S
        self._next_heartbeat_s: float | None = None
        self._next_boot_s: float | None = None
        self._offline_since_s: float | None = None
        self._asked_unix_s = unix_offset_s
        """When the profiles were last looked at."""
        self._records: dict[str, SuspendedTransaction] = {}
        """As the driver keeps them."""
        self.refused_records: tuple[str, ...] = ()
        """Records that were given and can't be gone on with, and why; the driver keeps them no longer."""
        for record in suspended:
            self._restore(record)

    @property
    def online(self) -> bool:
        """There is a connection and the back end has accepted the station."""
        return self._rpc.online and self._accepted

    def _restore(self, record: SuspendedTransaction) -> None:
        """Go on with a transaction from before a restart."""
        name = record.transaction_id
        self._records[name] = record
        outlet = self._outlets.get(record.evse_id)
        fault = fault_of(record)
        if outlet is None:
            fault = f"there is no outlet {record.evse_id}"
        elif outlet.log is not None and not record.ended:
            fault = f"{outlet.log.transaction_id} goes on at outlet {record.evse_id} already"
        if outlet is None or fault is not None:
            self.refused_records += (f"transaction {name} can't go on: {fault}",)
            return
        for payload in record.undelivered:
            try:
                self._rpc.call("TransactionEvent", payload, 0.0, keep=True)
            except LocalError as error:
                self.refused_records += (f"an event of transaction {name} is lost: {error}",)
                self.dropped_events += 1
        if record.ended:
            return
        thaw(outlet, record, self._supported)
        self._store.restore(record.profiles)
        since = record.saved_unix_s if record.offline_since_unix_s is None else record.offline_since_unix_s
        self._offline_since_s = since if self._offline_since_s is None else min(since, self._offline_since_s)

    # --- what the back end says ---

    def _handle(self, event: Event, now: float) -> None:
        match event:
            case Called(call_id, action, payload):
                self._rpc.reply(call_id, self._handlers[action](payload, now))
            case Answered(call_id, action, request, payload):
                self._answered(call_id, action, request, payload, now)
            case Failed(call_id, action):
                self._failed(call_id, action, now)
            case _:
                pass  # nothing this station could do about it

    def _answered(self, call_id: str, action: str, request: Payload, payload: Payload, now: float) -> None:
        match action:
            case "BootNotification":
                self._booted(payload, now)
            case "Authorize":
                for outlet in self._outlets.values():
                    if outlet.authorization_call == call_id:
                        outlet.authorization_call = None
                        self._authorized(outlet, payload, now)
            case "NotifyEVChargingNeeds":
                for outlet in self._outlets.values():
                    if outlet.needs_call == call_id:
                        outlet.needs_call = None
                        if payload["status"] == "Rejected":
                            outlet.stop_reason = "ReqEnergyTransferRejected"
                        if payload["status"] != "Accepted":
                            outlet.needs_settled = True
            case "TransactionEvent":
                if payload.get("idTokenInfo", {}).get("status", "Accepted") != "Accepted":
                    outlet = self._outlets[request["evse"]["id"]]
                    if self._runs(outlet, request["transactionInfo"]["transactionId"]):
                        outlet.stop_reason = outlet.stop_reason or "DeAuthorized"
            case _:
                pass

    def _failed(self, call_id: str, action: str, now: float) -> None:
        if action == "TransactionEvent":
            self.dropped_events += 1
        if action == "BootNotification" and self._rpc.online:
            self._next_boot_s = now + RETRY_S
        for outlet in self._outlets.values():
            if outlet.authorization_call == call_id:
                outlet.authorization_call = None
                outlet.authorization_retry_s = now + (AUTHORIZE_RETRY_S if self._rpc.online else 0.0)
            if outlet.needs_call == call_id:
                outlet.needs_call = None
                if self._rpc.online:
                    outlet.needs_settled = True  # a back end that can't say anything about them won't be waited for
                else:
                    outlet.needs_to_send = outlet.needs_offline = True

    def _booted(self, payload: Payload, now: float) -> None:
        interval_s = float(max(0, min(payload["interval"], MAX_HEARTBEAT_S)))
        if payload["status"] != "Accepted":
            self._next_boot_s = now + (max(interval_s, MIN_HEARTBEAT_S) if interval_s > 0 else RETRY_S)
            return
        self._accepted = True
        self._heartbeat_interval_s = max(interval_s, MIN_HEARTBEAT_S)
        self._next_heartbeat_s = now + self._heartbeat_interval_s
        self._tell_status(now)
        self._rpc.open_gate(now)

    def _authorized(self, outlet: OutletState, payload: Payload, now: float) -> None:
        if payload["idTokenInfo"]["status"] != "Accepted":
            outlet.authorization = "rejected"
            return
        outlet.authorization = "accepted"
        if "allowedEnergyTransfer" in payload:
            outlet.allowed = self._supported & frozenset(payload["allowedEnergyTransfer"])
        outlet.meter_wanted_s = now  # the transaction begins with a fresh reading

    def _set_charging_profile(self, request: Payload, now: float) -> Payload:
        try:
            profile = self._store.put(request, self._unix(now), self._transactions())
        except OcppError as error:
            return _rejected(error.code, error.description)
        for outlet in self._outlets.values():
            if profile.purpose == "TxProfile" and profile.evse_id == outlet.evse_id:
                outlet.needs_settled = True
        return {"status": "Accepted"}

    def _update_dynamic_schedule(self, request: Payload, now: float) -> Payload:
        try:
            self._store.update(request, self._unix(now), self._transactions())
        except OcppError as error:
            return _rejected(error.code, error.description)
        return {"status": "Accepted"}

    def _clear_charging_profile(self, request: Payload, now: float) -> Payload:
        del now
        return {"status": "Accepted" if self._store.clear(request) else "Unknown"}

    def _request_stop(self, request: Payload, now: float) -> Payload:
        del now
        for outlet in self._outlets.values():
            if self._runs(outlet, request["transactionId"]):
                outlet.stop_reason = "Remote"
                return {"status": "Accepted"}
        return _rejected("TxNotFound", f"no transaction {request['transactionId']}")

    def _allowed_energy_transfer_changed(self, request: Payload, now: float) -> Payload:
        del now
        outlet = next((each for each in self._outlets.values() if self._runs(each, request["transactionId"])), None)
        if outlet is None:
            return _rejected("InvalidValue", f"no transaction {request['transactionId']}")
        if not self._service_renegotiation:
            return _rejected("UnsupportedRequest", "services can't be renegotiated during a session here")
        allowed = self._supported & frozenset(request["allowedEnergyTransfer"])
        if not allowed:
            return _rejected("InvalidValue", "none of these energy transfers is supported here")
        outlet.allowed = allowed
        return {"status": "Accepted"}

    # --- what follows ---

    def _refresh(self, now: float) -> None:
        """Send what is known and not yet told, wherever that is possible now."""
        self._asked_unix_s = self._unix(now)
        for outlet in self._outlets.values():
            if self.online:
                self._ask(outlet, now)
            if outlet.log is not None:
                mode = self._target(outlet, self._asked_unix_s).operation_mode
                if mode != outlet.log.operation_mode:
                    outlet.log.operation_mode = mode
                    self._event(outlet.log, "Updated", "OperationModeChanged", now)

    def _ask(self, outlet: OutletState, now: float) -> None:
        if self._rpc.full:
            return
        wants = outlet.authorization_wanted and outlet.authorization == "pending"
        due = outlet.authorization_retry_s is None or now >= outlet.authorization_retry_s
        if wants and due and outlet.authorization_call is None:
            outlet.authorization_retry_s = None
            outlet.authorization_call = self._rpc.call("Authorize", {"idToken": self._token(outlet)}, now)
        if outlet.needs_to_send and outlet.needs is not None and outlet.log is not None:
            outlet.needs_to_send = False
            payload = needs_payload(
                outlet.evse_id, outlet.needs, outlet.needs_told_unix_s, offline=outlet.needs_offline
            )
            outlet.needs_call = self._rpc.call("NotifyEVChargingNeeds", payload, now)

    def _start(self, outlet: OutletState, now: float) -> None:
        outlet.meter_wanted_s = None
        start = self._unix(now)
        name = f"{self.station_id[:16]}-{outlet.evse_id}-{round(start * 1000):x}"
        log = outlet.log = EventLog(name, outlet.evse_id, start)
        log.next_sample_s = now + self._sample_interval_s
        extra: Payload = {"idToken": self._token(outlet)}
        if outlet.sample is not None:
            extra["values"] = register_values(outlet.sample, "Transaction.Begin")
        self._event(log, "Started", "Authorized", now, **extra)

    def _sample_from(self, outlet: OutletState, now: float) -> None:
        """A transaction that goes on after a restart is sampled from the first moment that is known."""
        if outlet.log is not None and outlet.log.next_sample_s == float("inf"):
            outlet.log.next_sample_s = now + self._sample_interval_s

    def _periodic_sample(self, outlet: OutletState, log: EventLog, now: float) -> None:
        missed = (now - log.next_sample_s) // self._sample_interval_s
        log.next_sample_s += (missed + 1) * self._sample_interval_s
        if outlet.sample is None:
            return
        if self._rpc.queued >= MAX_QUEUED_SAMPLES:
            self.dropped_events += 1
            return
        setpoint_w = self._target(outlet, self._unix(now)).setpoint_w
        values = sampled_values(outlet.sample, "Sample.Periodic", setpoint_w)
        self._event(log, "Updated", "MeterValuePeriodic", now, values=values)

    def _event(
        self,
        log: EventLog,
        kind: str,
        trigger: str,
        now: float,
        *,
        values: list[dict[str, Any]] | None = None,
        info: Payload | None = None,
        **more: Any,
    ) -> None:
        """Queue a TransactionEvent; only what found room is counted, so that the numbers have no gaps."""
        if self._rpc.full:
            self.dropped_events += 1
            return
        unix_s = self._unix(now)
        payload = log.event(kind, trigger, to_rfc3339(unix_s), offline=not self._rpc.online) | more
        payload["transactionInfo"] |= info or {}
        if values:
            payload["meterValue"] = [meter_value(unix_s, values)]
        self._rpc.call("TransactionEvent", payload, now, keep=True)

    def _tell_status(self, now: float, *outlets: OutletState) -> None:
        if not self.online or self._rpc.full:
            return  # all are told after the next boot or reconnection
        for outlet in outlets or self._outlets.values():
            payload = {
                "timestamp": to_rfc3339(self._unix(now)),
                "connectorStatus": "Occupied" if outlet.plugged else "Available",
                "evseId": outlet.evse_id,
                "connectorId": 1,
            }
            self._rpc.call("StatusNotification", payload, now)

    def _token(self, outlet: OutletState) -> Payload:
        if outlet.evcc_id is None:
            return dict(self._id_token)
        return self._id_token | {"additionalInfo": [{"additionalIdToken": outlet.evcc_id, "type": "EVCCID"}]}

    def _target(self, outlet: OutletState, unix_s: float) -> Target:
        return self._store.target(
            unix_s,
            evse_id=outlet.evse_id,
            transaction=outlet.transaction,
            offline_since_s=self._offline_since_s,
            sharing=max(len(self._transactions()), 1),
        )

    def _transactions(self) -> dict[str, Transaction]:
        running = (outlet.transaction for outlet in self._outlets.values())
        return {transaction.transaction_id: transaction for transaction in running if transaction is not None}

    @staticmethod
    def _runs(outlet: OutletState, transaction_id: str) -> bool:
        return outlet.log is not None and outlet.log.transaction_id == transaction_id

    def _outlet(self, evse_id: int) -> OutletState:
        try:
            return self._outlets[evse_id]
        except KeyError:
            raise LocalError(f"{self.station_id} has outlets 1 to {len(self._outlets)}, not {evse_id}") from None

    def _unix(self, now: float) -> float:
        return round(now + self._offset_s, 3)


def _rejected(code: str, text: str) -> Payload:
    return {"status": "Rejected", "statusInfo": {"reasonCode": code[:20], "additionalInfo": text[:1024]}}
