"""The charging logic of a station as OCPP 2.1 sees it, sans-IO, for any number of outlets.

Towards the back end: ``connected``, ``receive``, ``handle_timer``, ``take_frames``, ``disconnected``; after any call of
any method new frames may wait and ``next_timer`` may have changed. Towards the charger everything is level-triggered:
it tells what is so (``plug_in``, ``charging_needs``, ``measure`` ...) whenever it likes, and reads what is known
(``authorization``, ``target``, ``stop_requested`` ...) at once. What a back end could not be told or asked because it
was away is told or asked when it is back.

A transaction starts when the card is accepted (TxStartPoint Authorized: the EVCCID is known by then) and ends with the
session. Offline, its events are queued and marked; those a back end does not answer are sent again until it does. Only
an event that finds no room in the queue, or that the back end refuses outright, is lost, and ``dropped_events`` counts
it. Profiles stay valid offline unless they say otherwise (Q11).

A transaction whose session is paused survives a restart of the process: ``take_records`` says what to keep
(:mod:`iso15118.ocpp.suspended`), and ``suspended=`` takes it back.

``now`` is monotonic seconds; ``unix_offset_s`` added to it gives seconds since 1970.
"""

from __future__ import annotations

import msgspec

from iso15118.ocpp.metering import MeterSample, register_values
from iso15118.ocpp.needs import ChargingNeeds
from iso15118.ocpp.outlet import stopped_reason, trigger_of_stop
from iso15118.ocpp.profiles import Target
from iso15118.ocpp.rpc import MAX_FRAME_BYTES, Payload
from iso15118.ocpp.station_core import NEEDS_WAIT_S, SAMPLE_INTERVAL_S, TIMER_SLACK_S, StationCore
from iso15118.ocpp.suspended import DropSuspended, KeepSuspended, SuspendedTransaction, freeze, same, shortened

__all__ = ["NEEDS_WAIT_S", "SAMPLE_INTERVAL_S", "ChargingNeeds", "ChargingStation", "MeterSample", "Target"]

MAX_SCHEDULE_ENTRIES = 1024
"""Most entries of a schedule (ISO 15118-20 MaximumSupportingPoints)."""


class ChargingStation(StationCore):
    """One charging station with outlets 1 to ``evse_count``, each with connector 1."""

    max_frame_bytes = MAX_FRAME_BYTES
    """Largest frame it reads."""

    # --- towards the back end ---

    def connected(self, now: float) -> None:
        """There is a connection: boot once, afterwards go on where it broke."""
        if self._offline_since_s is not None:
            self._store.back_online(self._offline_since_s, self._unix(now))
            self._offline_since_s = None
        for outlet in self._outlets.values():
            self._sample_from(outlet, now)
        self._rpc.connected(now)
        if self._accepted:
            self._next_heartbeat_s = now + self._heartbeat_interval_s
            self._tell_status(now)
        else:
            self._rpc.call("BootNotification", self._boot, now, urgent=True)
        self._refresh(now)

    def disconnected(self, now: float) -> None:
        """The connection is gone."""
        if self._rpc.online:
            self._offline_since_s = self._unix(now)
        for event in self._rpc.disconnected(now):
            self._handle(event, now)
        self._next_heartbeat_s = self._next_boot_s = None
        self._refresh(now)

    def receive(self, text: str, now: float) -> None:
        """A frame of the back end."""
        for event in self._rpc.receive(text, now):
            self._handle(event, now)
        self._refresh(now)

    def take_frames(self) -> list[str]:
        """Texts to send, in order."""
        return self._rpc.take_frames()

    def next_timer(self) -> float | None:
        """When to call ``handle_timer``; None for never. Give fresh meter values (``measure``) before."""
        due = [self._rpc.next_timer(), self._next_heartbeat_s, self._next_boot_s]
        for outlet in self._outlets.values():
            if self.online and outlet.authorization_call is None:
                due.append(outlet.authorization_retry_s)
            due.append(outlet.meter_wanted_s)
            if outlet.log is not None:
                due.append(outlet.log.next_sample_s)
                valid_until = self._target(outlet, self._asked_unix_s).valid_until
                due.append(None if valid_until is None else valid_until - self._offset_s + TIMER_SLACK_S)
        return min((time for time in due if time is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Do what is due."""
        for event in self._rpc.handle_timer(now):
            self._handle(event, now)
        if self._next_heartbeat_s is not None and now >= self._next_heartbeat_s:
            self._next_heartbeat_s = now + self._heartbeat_interval_s
            if not self._rpc.full:
                self._rpc.call("Heartbeat", {}, now)
        if self._next_boot_s is not None and now >= self._next_boot_s:
            self._next_boot_s = None
            self._rpc.call("BootNotification", self._boot, now, urgent=True)
        for outlet in self._outlets.values():
            if outlet.meter_wanted_s is not None:
                self._start(outlet, now)
            if outlet.log is not None and now >= outlet.log.next_sample_s:
                self._periodic_sample(outlet, outlet.log, now)
        self._refresh(now)

    @property
    def waiting(self) -> int:
        """Calls that the back end has not answered yet; 0 when it knows everything."""
        return self._rpc.unanswered

    def take_records(self, now: float) -> list[KeepSuspended | DropSuspended]:
        """What the driver has to keep or forget so that suspended transactions survive a restart.

        Carry it out before what ``take_frames`` returns is sent: then no event's number is used twice.
        """
        wanted = self._wanted_records(now)
        actions: list[KeepSuspended | DropSuspended] = [
            DropSuspended(name) for name in self._records if name not in wanted
        ]
        for name, record in wanted.items():
            before = self._records.get(name)
            if before is None or not same(record, before):
                actions.append(KeepSuspended(record))
            else:
                wanted[name] = before
        self._records = wanted
        return actions

    def _wanted_records(self, now: float) -> dict[str, SuspendedTransaction]:
        if not self._records and all(outlet.suspended_unix_s is None for outlet in self._outlets.values()):
            return {}
        undelivered: dict[str, list[Payload]] = {}
        for payload in self._rpc.kept:
            undelivered.setdefault(payload["transactionInfo"]["transactionId"], []).append(payload)
        running = self._transactions()
        wanted: dict[str, SuspendedTransaction] = {}
        for name, record in self._records.items():
            if name not in running and name in undelivered:
                # It has ended, and the back end is still to hear of it.
                left = shortened(undelivered[name])
                wanted[name] = msgspec.structs.replace(record, ended=True, undelivered=left)
        for outlet in self._outlets.values():
            frozen = freeze(
                outlet,
                profiles=self._store.profiles,
                undelivered=() if outlet.log is None else undelivered.get(outlet.log.transaction_id, ()),
                unix_s=self._unix(now),
                offline_since_unix_s=self._offline_since_s,
            )
            if frozen is not None:
                wanted[frozen.transaction_id] = frozen
        return wanted

    # --- towards the charger: what it tells ---

    def plug_in(self, evse_id: int, now: float) -> None:
        """A car is connected."""
        outlet = self._outlet(evse_id)
        if not outlet.plugged:
            outlet.plugged = True
            self._tell_status(now, outlet)

    def unplug(self, evse_id: int, now: float) -> None:
        """The car is gone; a transaction that still runs ends as EVDisconnected."""
        outlet = self._outlet(evse_id)
        if outlet.log is not None:
            self.end_session(evse_id, "EVDisconnected", now)
        outlet.begin_session()
        if outlet.plugged:
            outlet.plugged = False
            self._tell_status(now, outlet)

    def set_evcc_id(self, evse_id: int, evcc_id: str, now: float) -> None:
        """The car has told its EVCCID, at most 255 characters."""
        self._outlet(evse_id).evcc_id = evcc_id[:255]
        self._refresh(now)

    def request_authorization(self, evse_id: int, now: float) -> None:
        """The session wants to know whether it may go on; ask again as often as you like."""
        outlet = self._outlet(evse_id)
        outlet.authorization_wanted = True
        self._refresh(now)

    def expect_needs(self, evse_id: int) -> None:
        """The car has chosen a service and will tell needs: those told before no longer count."""
        outlet = self._outlet(evse_id)
        outlet.needs, outlet.needs_call = None, None
        outlet.needs_to_send = outlet.needs_settled = False

    def charging_needs(self, evse_id: int, needs: ChargingNeeds, now: float) -> None:
        """The car has told its needs; the back end is told once for each that differs."""
        outlet = self._outlet(evse_id)
        if needs.same_as(outlet.needs):
            return
        outlet.needs, outlet.needs_told_unix_s, outlet.needs_offline = needs, self._unix(now), not self.online
        outlet.needs_to_send, outlet.needs_settled = True, False
        outlet.needs_call = None
        outlet.needs_deadline_s = now + NEEDS_WAIT_S
        self._refresh(now)

    def measure(self, evse_id: int, sample: MeterSample, now: float) -> None:
        """The present truth of the meter; the station sends it at its own times."""
        outlet = self._outlet(evse_id)
        outlet.sample = sample
        self._sample_from(outlet, now)
        if outlet.meter_wanted_s is not None:
            self._start(outlet, now)
            self._refresh(now)

    def energy_flow(self, evse_id: int, flowing: bool, now: float, *, by_car: bool = False) -> None:
        """Whether energy may flow; ``by_car``: the car wants none for now, in standby or by a pause."""
        outlet = self._outlet(evse_id)
        if outlet.log is None:
            return
        paused = "EVConnected" if outlet.log.charging_state == "EVConnected" else "SuspendedEVSE"
        if by_car:
            paused = "SuspendedEV"
        state = "Charging" if flowing else paused
        if state != outlet.log.charging_state:
            outlet.log.charging_state = state
            self._event(outlet.log, "Updated", "ChargingStateChanged", now)

    def suspend(self, evse_id: int, now: float, *, by_car: bool) -> None:
        """The session is paused; the transaction goes on, over a restart too if records are kept (``take_records``)."""
        self.energy_flow(evse_id, False, now, by_car=by_car)
        self._outlet(evse_id).suspended_unix_s = self._unix(now)

    def resume(self, evse_id: int) -> None:
        """The paused session goes on."""
        self._outlet(evse_id).suspended_unix_s = None

    def end_session(self, evse_id: int, reason: str, now: float) -> None:
        """The session is over. ``reason`` is a ReasonEnumType, or how the session puts it; anything else is Other."""
        outlet = self._outlet(evse_id)
        log = outlet.log
        if log is not None:
            why = stopped_reason(reason, outlet.stop_reason)
            log.charging_state = "EVConnected" if outlet.plugged else "Idle"
            extra: Payload = {"info": {"stoppedReason": why}}
            if outlet.sample is not None:
                extra["values"] = register_values(outlet.sample, "Transaction.End")
            self._event(log, "Ended", trigger_of_stop(why), now, **extra)
            self._store.end_transaction(log.transaction_id)
        outlet.begin_session()

    def set_external_limits(self, limit_w: float | None, discharge_limit_w: float | None, now: float) -> None:
        """Limits of the whole station from an energy manager on site, magnitudes in W; both None: none any more."""
        self._store.set_external_limits(limit_w, discharge_limit_w, self._unix(now))
        self._refresh(now)

    # --- towards the charger: what it may read ---

    def authorization(self, evse_id: int) -> str:
        """One of "pending", "accepted" and "rejected"."""
        return self._outlet(evse_id).authorization

    def allowed_energy_transfer(self, evse_id: int) -> frozenset[str]:
        """EnergyTransferModeEnumType that the back end allows; only those without BPT until it says more (Q01)."""
        return self._outlet(evse_id).allowed

    def needs_answered(self, evse_id: int, now: float) -> bool:
        """Whether to wait no longer: a profile came, the back end said not to wait, or `NEEDS_WAIT_S` have passed."""
        outlet = self._outlet(evse_id)
        return outlet.needs is not None and (outlet.needs_settled or now >= outlet.needs_deadline_s)

    def transaction_id(self, evse_id: int) -> str | None:
        """Of the running transaction; None when there is none."""
        log = self._outlet(evse_id).log
        return None if log is None else log.transaction_id

    def suspended_since(self, evse_id: int) -> float | None:
        """When the session was paused that may go on, seconds since 1970; None when there is none."""
        return self._outlet(evse_id).suspended_unix_s

    def stop_requested(self, evse_id: int) -> bool:
        """Whether the back end wants the session to end."""
        return self._outlet(evse_id).stop_reason is not None

    def target(self, evse_id: int, now: float) -> Target:
        """What the outlet should do now; ``valid_until`` is on the clock of ``now``."""
        target = self._target(self._outlet(evse_id), self._unix(now))
        if target.valid_until is None:
            return target
        return Target(
            setpoint_w=target.setpoint_w,
            limit_w=target.limit_w,
            discharge_limit_w=target.discharge_limit_w,
            operation_mode=target.operation_mode,
            valid_until=target.valid_until - self._offset_s + TIMER_SLACK_S,
        )

    def schedule_revision(self, evse_id: int) -> int:
        """A number that changes whenever ``schedule`` may have something new to say."""
        return self._store.revision(evse_id)

    def schedule(self, evse_id: int, now: float, horizon_s: float) -> list[tuple[float, float]]:
        """What is known of the next ``horizon_s`` seconds, for Scheduled control.

        Returns:
            Pairs of (s after ``now``, W at the meter; positive into the battery), rising from 0. Where there is no set
            point the car may charge up to its own limit. Empty when nothing at all is known. What does not fit into
            the number of entries the car takes becomes 0 W.
        """
        outlet = self._outlet(evse_id)
        most = MAX_SCHEDULE_ENTRIES
        if outlet.needs is not None and outlet.needs.max_schedule_tuples:
            most = min(most, outlet.needs.max_schedule_tuples)
        own_limit_w = 0.0 if outlet.needs is None else outlet.needs.max_charge_power_w
        begin = time = self._unix(now)
        entries: list[tuple[float, float]] = []
        known = False
        while time < begin + horizon_s:
            target = self._target(outlet, time)
            free_w = own_limit_w if target.limit_w is None else min(own_limit_w, target.limit_w)
            power_w = free_w if target.setpoint_w is None else target.setpoint_w
            known = known or target.setpoint_w is not None or target.limit_w is not None
            if not entries or entries[-1][1] != power_w:
                if len(entries) == most - 1 and target.valid_until is not None:
                    entries.append((time - begin, 0.0))
                    break
                entries.append((time - begin, power_w))
            if target.valid_until is None:
                break
            time = target.valid_until
        return entries if known else []
