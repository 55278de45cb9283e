"""The whole evening in one process: car, cable, station, back end and physics under one virtual clock.

``simulate(scenario, controller)`` plays a scenario to its end. ``World`` is the stepping form for co-simulation:
``run_until(t)``, look around, change something, go on. Same scenario and seed, same trace, byte for byte.

Both cores speak real V2GTP and EXI bytes over an in-process link, station and back end real OCPP frames; the physics
advance to the present before anyone reads a port.
"""

from __future__ import annotations

import functools
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Literal

from iso15118.errors import LocalError
from iso15118.io.endpoint import Endpoint, Transmit
from iso15118.ocpp.charger import OcppCharger
from iso15118.ocpp.station import ChargingStation
from iso15118.session.actions import (
    Action,
    Close,
    DropPaused,
    Ended,
    KeepPaused,
    LoopSeen,
    NeedsTold,
    ScheduleChosen,
    SchedulesTold,
    ServiceChosen,
    SetPilot,
    StateChanged,
)
from iso15118.session.core import State
from iso15118.session.evcc import EvccSession
from iso15118.session.pause import MemoryStore, PausedSession
from iso15118.session.timers import Limits
from iso15118.trace import Trace
from sim.clock import Handle, Heap
from sim.control import Controller
from sim.csms import Csms
from sim.ends import car_session, station_session
from sim.faults import LinkFaults
from sim.ocpp_link import OcppLink
from sim.result import Result, Sample, Snapshot
from sim.scenario import Scenario
from sim.scene import set_scene, transfer_modes

__all__ = ["World", "simulate"]

STATION_ID = "CS-1"
EVSE_ID = 1
_CLOSING_TIME_S = 20.0
"""After departure the last messages are let through for so long."""


class World:
    """One car at one outlet of one station with one back end."""

    def __init__(
        self,
        scenario: Scenario,
        controller: Controller,
        *,
        trace: Callable[[str], object] | None = None,
        progress: Callable[[Snapshot], object] | None = None,
        faults: LinkFaults | None = None,
    ) -> None:
        """Set the scene; nothing happens before ``run_until`` or ``run``.

        Args:
            scenario: What is played.
            controller: Decides for the back end; it sees what OCPP tells and nothing else.
            trace: Takes trace lines as they arise (a text file's ``write``).
            progress: Called with a snapshot every ``scenario.state_s`` of virtual time.
            faults: How the cable fails; None for a good one.
        """
        self.scenario = scenario
        self.heap = Heap()
        self.trace = None if trace is None else Trace(trace)
        self.progress = progress
        # A simulation must be repeatable; real sessions use a CSPRNG.
        self.rng = random.Random(scenario.seed)
        self.plant, self.outlet, self.car, efficiency = set_scene(scenario)
        offset = float(scenario.arrival_unix_s)
        modes = transfer_modes(scenario.station_services)
        self.station = ChargingStation(
            STATION_ID,
            evse_count=1,
            id_token=scenario.id_token,
            unix_offset_s=offset,
            sample_interval_s=scenario.sample_s,
            energy_transfers=modes,
            service_renegotiation=scenario.secc.service_renegotiation,
        )
        allowed = modes if scenario.allowed_energy_transfer is None else scenario.allowed_energy_transfer
        self.csms = Csms(controller, tokens={scenario.id_token}, unix_offset_s=offset, allowed_energy_transfer=allowed)
        self.charger = OcppCharger(self.outlet, self.station, EVSE_ID, unix_offset_s=offset, efficiency=efficiency)
        self.limits = Limits(scenario.timer_overrides())
        self.stores = {"EV": MemoryStore(), "SECC": MemoryStore()}
        """Paused sessions of either side."""
        self.sessions = 1
        """Sessions begun, resumed ones included."""
        self.secc, self.evcc = self._ends(None)
        self.ocpp = OcppLink(self)
        self.connected = True
        """Whether the cable carries bytes; tests cut it."""
        self.faults = faults or LinkFaults()
        self.silent: set[str] = set()
        """Sides (``EV``, ``SECC``) whose firmware hangs: they say and do nothing any more."""
        self.messages: Counter[str] = Counter()
        """Messages sent, by name."""
        self.codes: Counter[str] = Counter()
        """Response codes sent."""
        self.entered: Counter[str] = Counter()
        """How often the station's session came to a state."""
        self.service_id = 0
        """The energy transfer service selected last; 0 before."""
        self.last: dict[tuple[str, type], Action] = {}
        """The last report of each kind that a side (``EV``, ``SECC``) made of what it was told and what it chose."""
        self.samples: list[Sample] = []
        self.iso_registers = (0, 0)
        """Charged and discharged Wh of the session as last told to the car."""
        self.errors: dict[str, str | None] = {}
        """How each side's session ended, once it has."""
        self.paused: dict[str, bool] = {}
        """Whether it ended only for now."""
        self._timers: dict[str, Handle] = {}
        self._arrivals: dict[str, float] = {}
        self._wall_s = 0.0
        self._begin()

    def _ends(self, resume: PausedSession | None) -> tuple[Endpoint, Endpoint]:
        """Both cores, each with its codec; the car goes on with ``resume`` if it has that."""
        scenario, limits, store = self.scenario, self.limits, self.stores["SECC"]
        secc = station_session(scenario, self.charger, limits, self.rng.randbytes, store, self.now)
        evcc = car_session(scenario, self.car, limits, resume)
        return Endpoint(secc, at="SECC", trace=self.trace), Endpoint(evcc, at="EV", trace=self.trace)

    # --- the stepping form ---

    @property
    def now(self) -> float:
        """Virtual time, s since the arrival."""
        return self.heap.now

    def run_until(self, time_s: float) -> None:
        """Let everything happen that is due up to ``time_s``, and physics advance to it."""
        begun = time.perf_counter()
        self.heap.run_until(time_s)
        self.plant.advance(time_s)
        self._wall_s += time.perf_counter() - begun

    def run(self) -> Result:
        """Play to the end."""
        self.run_until(self.scenario.departure_s + _CLOSING_TIME_S)
        return self.result()

    def result(self) -> Result:
        """What has come of it so far."""
        if self.trace is not None:
            self.trace.flush()
        return Result.of(self, self._wall_s)

    def snapshot(self) -> Snapshot:
        """Where things stand now."""
        self.plant.advance(self.now)
        return Snapshot.of(self)

    # --- what tests and scenarios do to it ---

    def unplug(self) -> None:
        """Tear the connector out."""
        self.plant.advance(self.now)
        self.plant.unplug()
        self.outlet.pilot_state = "A"
        self.connected = False
        if "SECC" not in self.silent:
            self.apply_secc(self.secc.poll(self.now))
        if "EV" not in self.silent:
            self.apply_evcc(self.evcc.connection_lost(self.now))
        self.station.unplug(EVSE_ID, self.now)
        self.ocpp.exchange()

    # --- one event after the other ---

    def _begin(self) -> None:
        self.heap.at(0.0, self._arrive)
        self.heap.at(self.scenario.departure_s, self._depart)
        self.heap.at(0.0, self._state)
        for begin, end in self.scenario.back_end_gone:
            self.heap.at(begin, lambda now: self.ocpp.disconnect())
            self.heap.at(end, lambda now: self.ocpp.connect())

    def _arrive(self, now: float) -> None:
        self.ocpp.connect()
        self.station.plug_in(EVSE_ID, now)
        self.outlet.pilot_state = "B"
        self.ocpp.exchange()
        self._start(now)

    def _start(self, now: float) -> None:
        session = self.evcc.session
        assert isinstance(session, EvccSession)
        self.apply_evcc(self.evcc.carry(session.start(now), now))
        self._arm()

    def reconnect(self) -> None:
        """The car begins another session, with what it has kept of a paused one.

        Raises:
            LocalError: A session still runs.
        """
        if not all(end.session.state is State.ENDED for end in (self.evcc, self.secc)):
            raise LocalError(f"at {self.now:.0f} s a session still runs: the car can't begin another")
        records = self.stores["EV"].records
        self.errors.clear()
        self.sessions += 1
        self._arrivals.clear()
        self.secc, self.evcc = self._ends(next(reversed(records.values()), None))
        self._start(self.now)

    def _depart(self, now: float) -> None:
        if self.plant.plugged:
            self.unplug()

    def _state(self, now: float) -> None:
        snapshot = self.snapshot()
        self.samples.append(snapshot.sample())
        if self.trace is not None:
            self.trace.event(now, "plant", "state", None, "plant", snapshot.body)
        if self.progress is not None:
            self.progress(snapshot)
        upcoming = now + self.scenario.state_s
        if upcoming <= self.scenario.departure_s + _CLOSING_TIME_S:
            self.heap.at(upcoming, self._state)

    def apply_evcc(self, actions: list[Action | Transmit]) -> None:
        """Carry out what the car's session wants."""
        now = self.now
        for action in actions:
            match action:
                case Transmit():
                    self._carry(action, "station", self._to_secc)
                    continue
                case ScheduleChosen() | SchedulesTold():
                    self.last["EV", type(action)] = action
                case ServiceChosen(service_id=service_id):
                    self.service_id = service_id
                    self.last["EV", type(action)] = action
                case SetPilot(state=state):
                    self.outlet.pilot_state = state if self.plant.plugged else "A"
                case LoopSeen(charged_wh=charged, discharged_wh=discharged) if charged is not None:
                    # A service that only charges does not tell what flowed out before it was chosen.
                    self.iso_registers = (charged, self.iso_registers[1] if discharged is None else discharged)
                case Close():
                    self.heap.at(self.arrival("station", self.scenario.link_latency_s), self._closed_by_car)
                case Ended(error=error, paused=paused):
                    self.errors["EV"] = error
                    self.paused["EV"] = paused
                case KeepPaused(record=record):
                    self.stores["EV"].keep(record)
                case DropPaused(session_id=session_id):
                    self.stores["EV"].drop(session_id)
                case _:
                    pass
            self.car.apply(action, now)
        self._arm()

    def apply_secc(self, actions: list[Action | Transmit]) -> None:
        """Carry out what the station's session wants, and tell the OCPP side."""
        now = self.now
        for action in actions:
            match action:
                case Transmit():
                    self._carry(action, "car", self._to_evcc)
                    continue
                case NeedsTold():
                    self.last["SECC", type(action)] = action
                case StateChanged(after=after):
                    self.entered[after] += 1
                case Close():
                    self.heap.at(self.arrival("car", self.scenario.link_latency_s), self._closed_by_station)
                case Ended(error=error, paused=paused):
                    self.errors["SECC"] = error
                    self.paused["SECC"] = paused
                case KeepPaused(record=record):
                    self.stores["SECC"].keep(record)
                case DropPaused(session_id=session_id):
                    self.stores["SECC"].drop(session_id)
                case _:
                    pass
            self.outlet.apply(action, now)
            self.charger.observe(action, now)
        self.ocpp.exchange()
        self._arm()

    def poll(self) -> None:
        """Both sessions read their ports again."""
        self.plant.advance(self.now)
        if "SECC" not in self.silent:
            self.apply_secc(self.secc.poll(self.now))
        if "EV" not in self.silent:
            self.apply_evcc(self.evcc.poll(self.now))

    def hang(self, side: str) -> None:
        """A side's firmware hangs (``EV`` or ``SECC``): its outputs stay as they are."""
        self.silent.add(side)
        self._arm()

    def arrival(self, way: str, latency_s: float) -> float:
        """When what is sent now arrives: the latency varies, the order of one way's frames does not."""
        spread = 1.0 + self.scenario.jitter * (2.0 * self.rng.random() - 1.0)
        self._arrivals[way] = max(self.now + latency_s * spread, self._arrivals.get(way, 0.0))
        return self._arrivals[way]

    def _carry(self, sent: Transmit, to: Literal["car", "station"], arrive: Callable[[bytes, float], None]) -> None:
        self.messages[sent.name] += 1
        if sent.response_code is not None:
            self.codes[sent.response_code] += 1
        for arrival in self.faults.carry(to, sent.name, sent.data, self.now):
            at = self.arrival(to, self.scenario.link_latency_s) + arrival.delay_s
            self._arrivals[to] = at  # what is late keeps back what was sent after it
            self.heap.at(at, functools.partial(arrive, arrival.data))

    def _reaches(self, side: str, now: float) -> bool:
        """Whether the cable brings anything to a side that listens, the end of a connection included."""
        return self.connected and self.faults.alive(now) and side not in self.silent

    def _to_secc(self, data: bytes, now: float) -> None:
        if self._reaches("SECC", now):
            self.plant.advance(now)
            self.apply_secc(self.secc.receive_data(data, now))

    def _to_evcc(self, data: bytes, now: float) -> None:
        if self._reaches("EV", now):
            self.plant.advance(now)
            self.apply_evcc(self.evcc.receive_data(data, now))

    def _closed_by_car(self, now: float) -> None:
        if self._reaches("SECC", now):  # a dead cable carries no end of a connection either
            self.plant.advance(now)
            self.apply_secc(self.secc.connection_lost(now))

    def _closed_by_station(self, now: float) -> None:
        if self._reaches("EV", now):
            self.plant.advance(now)
            self.apply_evcc(self.evcc.connection_lost(now))

    # --- timers of all who have them ---

    def _arm(self) -> None:
        """Keep one heap entry for each side's earliest timer."""
        for side, end, callback in (("EV", self.evcc, self._evcc_timer), ("SECC", self.secc, self._secc_timer)):
            self._arm_one(side, None if side in self.silent else end.next_timer(), callback)

    def _arm_one(self, who: str, due: float | None, callback: Callable[[float], None]) -> None:
        handle = self._timers.get(who)
        if handle is not None and handle.pending:
            if handle.time == due:
                return
            handle.cancel()
        if due is not None:
            self._timers[who] = self.heap.at(max(due, self.now), callback)

    def _evcc_timer(self, now: float) -> None:
        self.plant.advance(now)
        self.apply_evcc(self.evcc.handle_timer(now))

    def _secc_timer(self, now: float) -> None:
        self.plant.advance(now)
        self.apply_secc(self.secc.handle_timer(now))


def simulate(
    scenario: Scenario,
    controller: Controller,
    *,
    trace: Callable[[str], object] | None = None,
    progress: Callable[[Snapshot], object] | None = None,
) -> Result:
    """Play ``scenario`` to its end under ``controller`` and say what came of it.

    Raises:
        LocalError: The scenario can't be played.
        MissingExtra: The extra ``sim`` is not installed.
    """
    return World(scenario, controller, trace=trace, progress=progress).run()
