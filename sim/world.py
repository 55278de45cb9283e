"""The whole evening in one process: car, cable, station, back end and physics under one virtual clock.

``simulate(scenario, controller)`` plays a scenario to its end. ``World`` is the stepping form for co-simulation:
``run_until(t)``, look around, change something, go on. Same scenario and seed, same trace, byte for byte.

Both cores speak real V2GTP and EXI bytes over an in-process link, station and back end real OCPP frames; the physics
advance to the present before anyone reads a port.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import msgspec

from iso15118.io.endpoint import Endpoint, Transmit
from iso15118.ocpp.charger import OcppCharger
from iso15118.ocpp.station import ChargingStation
from iso15118.session.actions import Action, Close, Ended, LoopSeen, SetPilot
from iso15118.session.app import Link
from iso15118.session.evcc import PHASES, SIDE_PHASES, EvccSession
from iso15118.session.secc import HANDLERS, SIDE_HANDLERS, SeccSession
from iso15118.session.timers import Limits
from iso15118.trace import Trace
from sim.clock import Handle, Heap
from sim.control import Controller
from sim.csms import Csms
from sim.ocpp_link import OcppLink
from sim.result import Result, Sample, Snapshot
from sim.scenario import Scenario
from sim.scene import protocols_for, set_scene, transfer_modes

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
    ) -> None:
        """Set the scene; nothing happens before ``run_until`` or ``run``.

        Args:
            scenario: What is played.
            controller: Decides for the back end; it sees what OCPP tells and nothing else.
            trace: Takes trace lines as they arise (a text file's ``write``).
            progress: Called with a snapshot every ``scenario.state_s`` of virtual time.
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
        )
        allowed = modes if scenario.allowed_energy_transfer is None else scenario.allowed_energy_transfer
        self.csms = Csms(controller, tokens={scenario.id_token}, unix_offset_s=offset, allowed_energy_transfer=allowed)
        self.charger = OcppCharger(self.outlet, self.station, EVSE_ID, unix_offset_s=offset, efficiency=efficiency)
        self.secc, self.evcc = self._sessions(Limits(scenario.timer_overrides()), offset)
        self.ocpp = OcppLink(self)
        self.connected = True
        """Whether the cable carries bytes; tests cut it."""
        self.samples: list[Sample] = []
        self.iso_registers = (0, 0)
        """Charged and discharged Wh of the session as last told to the car."""
        self.errors: dict[str, str | None] = {}
        """How each side's session ended, once it has."""
        self._timers: dict[str, Handle] = {}
        self._arrivals: dict[str, float] = {}
        self._wall_s = 0.0
        self._begin()

    def _sessions(self, limits: Limits, offset: float) -> tuple[Endpoint, Endpoint]:
        """Both cores, each with its codec."""
        scenario = self.scenario
        served = protocols_for(scenario.station_services)
        secc = SeccSession(
            self.charger,
            HANDLERS,
            side_handlers=SIDE_HANDLERS,
            config=msgspec.structs.replace(scenario.secc, link=Link.LAB_TCP, served=served),
            random_bytes=self.rng.randbytes,
            limits=limits,
            unix_offset_s=offset,
            now=0.0,
        )
        config = msgspec.structs.replace(
            scenario.evcc,
            link=Link.LAB_TCP,
            protocols=protocols_for(scenario.services),
            services=scenario.services,
            control_modes=(scenario.control_mode,),
        )
        evcc = EvccSession(
            self.car, PHASES, side_phases=SIDE_PHASES, config=config, limits=limits, unix_offset_s=offset
        )
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
        self.apply_secc(self.secc.poll(self.now))
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
        session = self.evcc.session
        assert isinstance(session, EvccSession)
        self.apply_evcc(self.evcc.carry(session.start(now), now))
        self._arm()

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
                case Transmit(data=data):
                    self._carry(data, "to SECC", self._to_secc)
                    continue
                case SetPilot(state=state):
                    self.outlet.pilot_state = state if self.plant.plugged else "A"
                case LoopSeen(charged_wh=charged, discharged_wh=discharged) if charged is not None:
                    self.iso_registers = (charged, discharged or 0)
                case Close():
                    self.heap.at(self.arrival("to SECC", self.scenario.link_latency_s), self._closed_by_car)
                case Ended(error=error):
                    self.errors["EV"] = error
                case _:
                    pass
            self.car.apply(action, now)
        self._arm()

    def apply_secc(self, actions: list[Action | Transmit]) -> None:
        """Carry out what the station's session wants, and tell the OCPP side."""
        now = self.now
        for action in actions:
            match action:
                case Transmit(data=data):
                    self._carry(data, "to EV", self._to_evcc)
                    continue
                case Close():
                    self.heap.at(self.arrival("to EV", self.scenario.link_latency_s), self._closed_by_station)
                case Ended(error=error):
                    self.errors["SECC"] = error
                case _:
                    pass
            self.outlet.apply(action, now)
            self.charger.observe(action, now)
        self.ocpp.exchange()
        self._arm()

    def poll(self) -> None:
        """Both sessions read their ports again."""
        self.plant.advance(self.now)
        self.apply_secc(self.secc.poll(self.now))
        self.apply_evcc(self.evcc.poll(self.now))

    def arrival(self, way: str, latency_s: float) -> float:
        """When what is sent now arrives: the latency varies, the order of one way's frames does not."""
        spread = 1.0 + self.scenario.jitter * (2.0 * self.rng.random() - 1.0)
        self._arrivals[way] = max(self.now + latency_s * spread, self._arrivals.get(way, 0.0))
        return self._arrivals[way]

    def _carry(self, data: bytes, way: str, arrive: Callable[[bytes, float], None]) -> None:
        self.heap.at(self.arrival(way, self.scenario.link_latency_s), lambda now: arrive(data, now))

    def _to_secc(self, data: bytes, now: float) -> None:
        if self.connected:
            self.plant.advance(now)
            self.apply_secc(self.secc.receive_data(data, now))

    def _to_evcc(self, data: bytes, now: float) -> None:
        if self.connected:
            self.plant.advance(now)
            self.apply_evcc(self.evcc.receive_data(data, now))

    def _closed_by_car(self, now: float) -> None:
        if self.connected:  # a dead cable carries no end of a connection either
            self.plant.advance(now)
            self.apply_secc(self.secc.connection_lost(now))

    def _closed_by_station(self, now: float) -> None:
        if self.connected:
            self.plant.advance(now)
            self.apply_evcc(self.evcc.connection_lost(now))

    # --- timers of all who have them ---

    def _arm(self) -> None:
        """Keep one heap entry for each side's earliest timer."""
        self._arm_one("evcc", self.evcc.next_timer(), self._evcc_timer)
        self._arm_one("secc", self.secc.next_timer(), self._secc_timer)

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
