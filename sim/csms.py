"""A back end for any number of stations, sans-IO: it keeps the books and lets a controller decide.

It knows what OCPP tells it and nothing else. ``connected``, ``receive``, ``take_frames``, ``handle_timer`` as on the
station's side, each with the station's name. ``now`` is monotonic seconds; controllers think in seconds since 1970.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from iso15118.errors import LocalError, OcppError
from iso15118.ocpp.metering import read_values
from iso15118.ocpp.needs import read_needs
from iso15118.ocpp.rpc import MAX_FRAME_BYTES, Answered, Called, Event, Failed, Payload, RpcPeer
from iso15118.ocpp.times import from_rfc3339, to_rfc3339
from sim.control import Controller, Decision, SetDynamic, SetProfile, Told, TransactionView, UpdateSetpoint

__all__ = ["Csms"]

HEARTBEAT_S = 300
"""Interval told in the answer to a boot, s."""
MAX_TRANSACTIONS = 1000
"""Transactions remembered for each station; the oldest go first."""
MAX_EVENTS = 100_000
"""Events of one transaction: two months of samples once a minute."""
MAX_REFUSALS = 100
"""Refusals remembered."""


_Place = tuple[str, int]
"""A transaction and a stack level: where one profile of ours has its place."""


class _Station:
    def __init__(self, station_id: str, handles: frozenset[str]) -> None:
        self.rpc = RpcPeer("csms-", handles)
        self.station_id = station_id
        self.transactions: dict[str, TransactionView] = {}
        self.wanted: dict[_Place, SetProfile | SetDynamic] = {}
        """What the controller wants to hold, whether or not the station knows it yet."""
        self.unsent: dict[_Place, None] = {}
        """Places whose profile has to be sent, in order."""
        self.held: set[_Place] = set()
        """Places whose profile the station has accepted."""
        self.asked: dict[str, _Place] = {}
        """Calls about a place that are not answered yet."""
        self.profile_ids: dict[_Place, int] = {}
        self.boots = 0

    def forget(self, transaction_id: str) -> None:
        """Drop everything about a transaction's profiles."""
        for places in (self.wanted, self.unsent, self.profile_ids):
            for place in [place for place in places if place[0] == transaction_id]:
                del places[place]
        self.held = {place for place in self.held if place[0] != transaction_id}
        self.asked = {call_id: place for call_id, place in self.asked.items() if place[0] != transaction_id}


class Csms:
    """The back end."""

    max_frame_bytes = MAX_FRAME_BYTES
    """Largest frame it reads."""

    def __init__(
        self,
        controller: Controller,
        *,
        tokens: Collection[str],
        unix_offset_s: float = 0.0,
        allowed_energy_transfer: tuple[str, ...] | None = ("DC", "DC_BPT"),
    ) -> None:
        """A back end without stations.

        Args:
            controller: Decides about power.
            tokens: The cards it accepts.
            unix_offset_s: Seconds since 1970 minus ``now``.
            allowed_energy_transfer: What accepted cards may do; None leaves it out, which means charging only.
        """
        self.controller = controller
        self.refusals: deque[Failed | tuple[str, Payload, Payload]] = deque(maxlen=MAX_REFUSALS)
        """Calls of ours that failed, and answers other than Accepted: (action, request, answer)."""
        self._tokens, self._offset_s, self._allowed = frozenset(tokens), unix_offset_s, allowed_energy_transfer
        self._stations: dict[str, _Station] = {}
        self._profile_count = 0
        self._handlers: Mapping[str, Callable[[_Station, Payload, float], tuple[Payload, Callable[[], None]]]] = {
            "Authorize": self._authorize,
            "BootNotification": self._boot,
            "Heartbeat": self._heartbeat,
            "NotifyEVChargingNeeds": self._needs,
            "StatusNotification": self._status,
            "TransactionEvent": self._event,
        }

    # --- the connections ---

    def connected(self, station_id: str, now: float) -> None:
        """A station is there."""
        if station_id not in self._stations:
            self._stations[station_id] = _Station(station_id, frozenset(self._handlers))
        station = self._stations[station_id]
        station.rpc.connected(now)
        self._send(station, now)

    def disconnected(self, station_id: str, now: float) -> None:
        """A station is gone; what the controller wants and it does not know yet is sent when it is back."""
        station = self._station(station_id)
        for event in station.rpc.disconnected(now):
            self._handle(station, event, now)

    def receive(self, station_id: str, text: str, now: float) -> None:
        """A frame of a station."""
        station = self._station(station_id)
        for event in station.rpc.receive(text, now):
            self._handle(station, event, now)

    def take_frames(self, station_id: str) -> list[str]:
        """Texts to send to a station, in order."""
        return self._station(station_id).rpc.take_frames()

    def next_timer(self) -> float | None:
        """When to call ``handle_timer``; None for never."""
        decide = self.controller.next_timer()
        due = [station.rpc.next_timer() for station in self._stations.values()]
        due.append(None if decide is None else decide - self._offset_s)
        return min((time for time in due if time is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Do what is due."""
        for station in self._stations.values():
            for event in station.rpc.handle_timer(now):
                self._handle(station, event, now)
        decide = self.controller.next_timer()
        if decide is not None and now >= decide - self._offset_s:
            for transaction_id, decision in self.controller.on_timer(decide):
                for station in self._stations.values():
                    if transaction_id in station.transactions:
                        self._do(station, station.transactions[transaction_id], (decision,), now)

    # --- what is known, and what an operator may want ---

    def transactions(self, station_id: str) -> tuple[TransactionView, ...]:
        """A station's transactions, oldest first."""
        return tuple(self._station(station_id).transactions.values())

    def registers(self, station_id: str) -> tuple[tuple[int, int], tuple[int, int]]:
        """Import and export in Wh as first and as last told in the station's latest transaction; zeros without one."""
        views = self.transactions(station_id)
        if not views or views[-1].begin is None or views[-1].last is None:
            return (0, 0), (0, 0)
        begin, last = views[-1].begin, views[-1].last
        return (begin.import_wh, begin.export_wh), (last.import_wh, last.export_wh)

    def request_stop(self, station_id: str, transaction_id: str, now: float) -> None:
        """Ask a station to end a transaction."""
        self._station(station_id).rpc.call("RequestStopTransaction", {"transactionId": transaction_id}, now)

    def decide(self, station_id: str, transaction_id: str, decisions: tuple[Decision, ...], now: float) -> None:
        """Do what an operator, or a controller that was not asked, wants of a running transaction."""
        station = self._station(station_id)
        self._do(station, station.transactions[transaction_id], decisions, now)

    def allow(self, modes: tuple[str, ...]) -> None:
        """What cards that authorize from now on may do (EnergyTransferModeEnumType)."""
        self._allowed = modes

    def allow_now(self, station_id: str, transaction_id: str, modes: tuple[str, ...], now: float) -> None:
        """What a running transaction may do from now on, and cards that authorize later."""
        self._allowed = modes
        request = {"transactionId": transaction_id, "allowedEnergyTransfer": list(modes)}
        self._station(station_id).rpc.call("NotifyAllowedEnergyTransfer", request, now)

    # --- what stations say ---

    def _handle(self, station: _Station, event: Event, now: float) -> None:
        match event:
            case Called(call_id, action, payload):
                try:
                    answer, then = self._handlers[action](station, payload, now)
                except OcppError as error:
                    station.rpc.refuse(call_id, error.code, error.description)
                    return
                station.rpc.reply(call_id, answer)
                then()
            case Answered(call_id, action, request, payload):
                place = station.asked.pop(call_id, None)
                accepted = payload.get("status", "Accepted") == "Accepted"
                if not accepted:
                    self.refusals.append((action, request, payload))
                if place is not None:
                    (station.held.add if accepted else station.held.discard)(place)
            case Failed(call_id):
                self.refusals.append(event)
                place = station.asked.pop(call_id, None)
                if place is not None:
                    station.held.discard(place)
            case _:
                pass

    def _boot(self, station: _Station, request: Payload, now: float) -> tuple[Payload, Callable[[], None]]:
        del request
        station.boots += 1
        time = to_rfc3339(now + self._offset_s)
        return {"currentTime": time, "interval": HEARTBEAT_S, "status": "Accepted"}, _nothing

    def _heartbeat(self, station: _Station, request: Payload, now: float) -> tuple[Payload, Callable[[], None]]:
        del station, request
        return {"currentTime": to_rfc3339(now + self._offset_s)}, _nothing

    def _status(self, station: _Station, request: Payload, now: float) -> tuple[Payload, Callable[[], None]]:
        del station, request, now
        return {}, _nothing

    def _authorize(self, station: _Station, request: Payload, now: float) -> tuple[Payload, Callable[[], None]]:
        del station, now
        if request["idToken"]["idToken"] not in self._tokens:
            return {"idTokenInfo": {"status": "Unknown"}}, _nothing
        answer: Payload = {"idTokenInfo": {"status": "Accepted"}}
        if self._allowed is not None:
            answer["allowedEnergyTransfer"] = list(self._allowed)
        return answer, _nothing

    def _needs(self, station: _Station, request: Payload, now: float) -> tuple[Payload, Callable[[], None]]:
        needs = read_needs(request)
        view = next(
            (v for v in station.transactions.values() if v.evse_id == request["evseId"] and v.ended_s is None), None
        )
        if view is None or (self._allowed is not None and needs.requested_energy_transfer not in self._allowed):
            return {"status": "Rejected"}, _nothing
        view.needs = needs
        decisions = self.controller.on_needs(view, needs, self._unix(now))
        status = "Accepted" if decisions else "NoChargingProfile"
        return {"status": status}, lambda: self._do(station, view, decisions, now)

    def _event(self, station: _Station, request: Payload, now: float) -> tuple[Payload, Callable[[], None]]:
        time_s = from_rfc3339(request["timestamp"])
        info = request["transactionInfo"]
        view = station.transactions.get(info["transactionId"])
        if view is None:
            evse_id = request.get("evse", {}).get("id", 0)
            view = TransactionView(station.station_id, evse_id, info["transactionId"])
            station.transactions[view.transaction_id] = view
            if len(station.transactions) > MAX_TRANSACTIONS:
                over = (name for name, other in station.transactions.items() if other.ended_s is not None)
                oldest = next(over, next(iter(station.transactions)))
                del station.transactions[oldest]
                station.forget(oldest)
        if request["seqNo"] in view.seq_nos:
            return {}, _nothing  # sent again, because our answer was lost
        if len(view.seq_nos) >= MAX_EVENTS:
            raise OcppError("InternalError", f"a transaction has at most {MAX_EVENTS} events here")
        view.seq_nos.add(request["seqNo"])
        view.charging_state = info.get("chargingState", view.charging_state)
        view.operation_mode = info.get("operationMode", view.operation_mode)
        for extra in request.get("idToken", {}).get("additionalInfo", []):
            if extra["type"] == "EVCCID":
                view.evcc_id = extra["additionalIdToken"]
        if request["eventType"] == "Ended":
            view.ended_s, view.stopped_reason = time_s, info.get("stoppedReason", "Local")
            station.forget(view.transaction_id)
        answer: Payload = {}
        if "idToken" in request:
            known = request["idToken"]["idToken"] in self._tokens
            answer["idTokenInfo"] = {"status": "Accepted" if known else "Unknown"}
        told = self._told(view, request, time_s)
        if told is None:
            return answer, _nothing
        decisions = self.controller.on_sample(view, told, self._unix(now))
        return answer, lambda: self._do(station, view, decisions, now)

    @staticmethod
    def _told(view: TransactionView, request: Payload, time_s: float) -> Told | None:
        values = read_values(request.get("meterValue", ()))
        imported, exported = (values.get(f"Energy.Active.{way}.Register") for way in ("Import", "Export"))
        known = view.last
        if imported is None and exported is None:
            return None
        power = values.get("Power.Active.Import"), values.get("Power.Active.Export")
        told = Told(
            time_s=time_s,
            import_wh=known.import_wh if imported is None and known else round(imported or 0),
            export_wh=known.export_wh if exported is None and known else round(exported or 0),
            power_w=None if power == (None, None) else (power[0] or 0.0) - (power[1] or 0.0),
            soc_percent=values.get("SoC"),
            setpoint_w=values.get("Power.Active.Setpoint"),
        )
        begin = view.begin or told
        # A register that is told for the first time has stood there all along: it counts from what it says now.
        if imported is not None and "import" not in view.registers_told:
            begin = msgspec.structs.replace(begin, import_wh=told.import_wh)
            view.registers_told.add("import")
        if exported is not None and "export" not in view.registers_told:
            begin = msgspec.structs.replace(begin, export_wh=told.export_wh)
            view.registers_told.add("export")
        view.begin = begin
        if view.last is None or told.time_s >= view.last.time_s:
            view.last = told
        return told

    # --- what the controller wants ---

    def _do(self, station: _Station, view: TransactionView, decisions: tuple[Decision, ...], now: float) -> None:
        """Take over what the controller wants, and send what the station does not know yet."""
        if view.ended_s is not None:
            return
        for decision in decisions:
            place = (view.transaction_id, decision.stack_level)
            wanted = station.wanted.get(place)
            if not isinstance(decision, UpdateSetpoint):
                station.wanted[place], station.unsent[place] = decision, None
            elif not isinstance(wanted, SetDynamic):  # nothing to update there: the set point is a profile of its own
                station.wanted[place] = SetDynamic(setpoint_w=decision.setpoint_w, stack_level=decision.stack_level)
                station.unsent[place] = None
            else:
                station.wanted[place] = msgspec.structs.replace(wanted, setpoint_w=decision.setpoint_w)
                self._update(station, place, decision.setpoint_w, now)
        # A profile that was refused or lost on its way is tried again whenever there is something to say.
        asked = set(station.asked.values())
        for place in station.wanted:
            if place[0] == view.transaction_id and place not in station.held and place not in asked:
                station.unsent[place] = None
        self._send(station, now)

    def _update(self, station: _Station, place: _Place, setpoint_w: float, now: float) -> None:
        """UpdateDynamicSchedule where the station holds the profile; else the profile itself says it."""
        if place not in station.held or place in station.unsent or not station.rpc.online or station.rpc.full:
            station.unsent[place] = None
            return
        request = {
            "chargingProfileId": station.profile_ids[place],
            "scheduleUpdate": {"setpoint": round(setpoint_w, 1)},
        }
        station.asked[station.rpc.call("UpdateDynamicSchedule", request, now)] = place

    def _send(self, station: _Station, now: float) -> None:
        for place in list(station.unsent):
            if not station.rpc.online or station.rpc.full:
                return
            del station.unsent[place]
            wanted = station.wanted[place]
            if (
                isinstance(wanted, SetDynamic)
                and wanted.valid_to_s is not None
                and wanted.valid_to_s <= self._unix(now)
            ):
                continue  # too late: it would be over when it arrives
            station.held.discard(place)
            view = station.transactions[place[0]]
            station.asked[station.rpc.call("SetChargingProfile", self._request(station, view, wanted), now)] = place

    def _request(self, station: _Station, view: TransactionView, decision: SetProfile | SetDynamic) -> Payload:
        place = (view.transaction_id, decision.stack_level)
        if place not in station.profile_ids:
            self._profile_count += 1
            station.profile_ids[place] = self._profile_count
        profile: dict[str, Any] = {
            "id": station.profile_ids[place],
            "stackLevel": decision.stack_level,
            "chargingProfilePurpose": "TxProfile",
            "transactionId": view.transaction_id,
        }
        schedule: dict[str, Any] = {"id": station.profile_ids[place], "chargingRateUnit": "W"}
        periods: list[tuple[int, float]]
        if isinstance(decision, SetProfile):
            start = int(decision.periods[0][0])
            schedule["startSchedule"] = to_rfc3339(start)
            starts = {max(round(time_s) - start, 0) if n else 0: w for n, (time_s, w) in enumerate(decision.periods)}
            periods = sorted(starts.items())  # of two steps in the same second the later one counts
            profile["chargingProfileKind"] = "Absolute"
        else:
            periods = [(0, decision.setpoint_w)]
            profile["chargingProfileKind"] = "Dynamic"
            if decision.valid_to_s is not None:
                profile["validTo"] = to_rfc3339(decision.valid_to_s)
            if decision.max_offline_s is not None:
                profile["maxOfflineDuration"] = decision.max_offline_s
        schedule["chargingSchedulePeriod"] = [
            {"startPeriod": start_s, "operationMode": "CentralSetpoint", "setpoint": round(setpoint_w, 1) + 0.0}
            for start_s, setpoint_w in periods
        ]
        profile["chargingSchedule"] = [schedule]
        return {"evseId": view.evse_id, "chargingProfile": profile}

    def _station(self, station_id: str) -> _Station:
        try:
            return self._stations[station_id]
        except KeyError:
            raise LocalError(f"no station {station_id!r} has ever connected") from None

    def _unix(self, now: float) -> float:
        return round(now + self._offset_s, 3)


def _nothing() -> None:
    """Nothing more to do once the answer is written."""
