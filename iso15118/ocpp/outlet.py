"""What the station knows of one outlet, and the transaction that runs there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iso15118.ocpp.metering import MeterSample
from iso15118.ocpp.needs import ChargingNeeds, bidirectional
from iso15118.ocpp.profiles import Transaction

__all__ = ["EventLog", "OutletState", "stopped_reason", "trigger_of_stop"]

_REASONS = frozenset({
    "DeAuthorized", "EmergencyStop", "EnergyLimitReached", "EVDisconnected", "GroundFault", "ImmediateReset",
    "MasterPass", "Local", "LocalOutOfCredit", "Other", "OvercurrentFault", "PowerLoss", "PowerQuality", "Reboot",
    "Remote", "SOCLimitReached", "StoppedByEV", "TimeLimitReached", "Timeout", "ReqEnergyTransferRejected",
})  # fmt: skip
"""ReasonEnumType."""
_SESSION_REASONS: Mapping[str, str] = {
    "SessionStop": "StoppedByEV",
    "emergency stop": "EmergencyStop",
    "the car went to pilot state B while the outlet is live": "StoppedByEV",
    "the peer closed the connection": "StoppedByEV",
    "the station wants to end": "Local",
    "unplugged": "EVDisconnected",
}
"""How a session of ours puts the same; no word of the back end's is in it, so a wish of the station's own comes first."""
_SILENCE = ": nothing within "
"""What the end of a session whose car fell silent has in its text (PeerTimeout)."""
_ABOVE_WISHES = frozenset({"EmergencyStop", "EVDisconnected"})
"""What happened, whatever the station wanted at the time."""
_TRIGGERS: Mapping[str, str] = {
    "DeAuthorized": "Deauthorized",
    "EVDisconnected": "EVCommunicationLost",
    "EnergyLimitReached": "EnergyLimitReached",
    "Local": "StopAuthorized",
    "Remote": "RemoteStop",
    "SOCLimitReached": "SoCLimitReached",
    "StoppedByEV": "ChargingStateChanged",
    "TimeLimitReached": "TimeLimitReached",
}


def stopped_reason(text: str, wanted: str | None) -> str:
    """ReasonEnumType for the end of a session.

    Args:
        text: How the session put it: a reason of OCPP's, or a text of the session's own.
        wanted: Why the station asked for the end; None when it did not. However the session then ended, this is the
            reason, unless someone pressed the emergency stop or pulled the connector out.
    """
    reason = _SESSION_REASONS.get(text, "Timeout" if _SILENCE in text else text)
    if wanted is not None and reason not in _ABOVE_WISHES:
        return wanted
    return reason if reason in _REASONS else "Other"


def trigger_of_stop(reason: str) -> str:
    """TriggerReasonEnumType that goes with a reason for stopping."""
    return _TRIGGERS.get(reason, "AbnormalCondition")


class EventLog:
    """A running transaction as its TransactionEvents tell it."""

    def __init__(self, transaction_id: str, evse_id: int, start_unix_s: float) -> None:
        self.transaction_id, self.evse_id, self.start_unix_s = transaction_id, evse_id, start_unix_s
        self.seq_no = 0
        """Of the next event."""
        self.charging_state = "EVConnected"
        self.operation_mode = "ChargingOnly"
        """As last told."""
        self.next_sample_s = float("inf")
        """When the next periodic sample is due, on the station's clock."""

    def event(self, kind: str, trigger: str, timestamp: str, *, offline: bool) -> dict[str, Any]:
        """TransactionEventRequest with what every event has; counts it."""
        payload: dict[str, Any] = {
            "eventType": kind,
            "timestamp": timestamp,
            "triggerReason": trigger,
            "seqNo": self.seq_no,
            "transactionInfo": {
                "transactionId": self.transaction_id,
                "chargingState": self.charging_state,
                "operationMode": self.operation_mode,
            },
            "evse": {"id": self.evse_id, "connectorId": 1},
        }
        if offline:
            payload["offline"] = True
        self.seq_no += 1
        return payload


class OutletState:
    """One outlet: cable, authorization, needs, transaction. ``begin_session`` forgets all but the cable."""

    def __init__(self, evse_id: int, one_way: frozenset[str]) -> None:
        self.evse_id, self._one_way = evse_id, one_way
        self.plugged = False
        self.sample: MeterSample | None = None
        self.begin_session()

    def begin_session(self) -> None:
        """A new session begins with nothing known; answers to the old one's questions find no one waiting."""
        self.evcc_id: str | None = None
        self.authorization_wanted = False
        self.authorization_call: str | None = None
        self.authorization_retry_s: float | None = None
        self.authorization = "pending"
        self.allowed = self._one_way
        self.meter_wanted_s: float | None = None
        self.needs: ChargingNeeds | None = None
        self.needs_told_unix_s = 0.0
        self.needs_offline = False
        self.needs_call: str | None = None
        self.needs_to_send = False
        self.needs_settled = False
        self.needs_deadline_s = float("inf")
        self.stop_reason: str | None = None
        self.log: EventLog | None = None
        self.suspended_unix_s: float | None = None
        """Since when its session has been paused; None: it is not."""

    @property
    def discharge_allowed(self) -> bool:
        """The back end allowed a bidirectional transfer, and the car chose one or has not chosen yet."""
        allowed = any(map(bidirectional, self.allowed))
        return allowed and (self.needs is None or self.needs.bidirectional)

    @property
    def transaction(self) -> Transaction | None:
        """What the profiles need to know of the running transaction; None when there is none."""
        if self.log is None:
            return None
        return Transaction(
            transaction_id=self.log.transaction_id,
            evse_id=self.evse_id,
            start_s=self.log.start_unix_s,
            discharge_allowed=self.discharge_allowed,
        )
