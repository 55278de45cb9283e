"""A small honest world for two sessions back to back: ideal stage, contactors, pilot and battery on a virtual clock.

Nothing here is a mock: current flows when both contactors are closed and the stage is told to drive it, registers and
SOC are its integral, contactors do what they are told unless they are stuck. Everything said and done is recorded in
order, and the physical rule that no contactor opens under current is watched all the time.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from iso15118 import exi
from iso15118.errors import RemoteError
from iso15118.messages import app
from iso15118.messages.iso20 import ac, acdp, dc
from iso15118.messages.iso20.wpt import xmlns as wpt
from iso15118.messages.model import Record
from iso15118.session import actions as act
from iso15118.session.app import AC_20, AC_DER_IEC_20, AC_DER_SAE_20, DC_20, Link
from iso15118.session.core import NO_CURRENT_A, Session, State
from iso15118.session.evcc import PHASES, SIDE_PHASES, EvccConfig, EvccSession, SidePhases
from iso15118.session.pause import MemoryStore, PauseStore
from iso15118.session.ports import (
    EnergyNeeds,
    IsolationState,
    MeterReading,
    VehicleLimits,
    Wish,
)
from iso15118.session.ports.ac import AcReading
from iso15118.session.secc import HANDLERS, SIDE_HANDLERS, SeccConfig, SeccSession, SideHandlers
from iso15118.session.services import AC_SERVICES, DER_SERVICES, ControlMode, ServiceId
from iso15118.session.side import Stream
from iso15118.session.timers import Limits
from iso15118.v2gtp import PayloadType
from tests.session.signing import KEY, KeyCharger, KeyVehicle

EV, SECC = "EV", "SECC"
IMPORT_WH, EXPORT_WH = 1_234, 567
"""What the meter's registers read at the start."""
UNIX_S = 1_800_000_000.0
MOST_EVENTS = 20_000
"""A world that does more than this does not end."""


class Event(NamedTuple):
    """One thing said (a message) or done (an action)."""

    now: float
    at: str
    item: Any
    current_a: float
    """Current at that moment, before the item had any effect."""
    side: PayloadType | None = None
    """The side stream of a message; None for the main stream."""


_KEYS = {
    app.XMLNS.uri: "AppProtocol",
    ac.XMLNS.uri: "AC",
    dc.XMLNS.uri: "DC",
    acdp.XMLNS.uri: "ACDP",
    wpt.XMLNS.uri: "WPT",
}


_PROTOCOLS = {ServiceId.AC_DER_IEC: AC_DER_IEC_20, ServiceId.AC_DER_SAE: AC_DER_SAE_20}


def code_key(message: Record, service_id: int = 0) -> str:
    """Schema set of a message of a session of that service."""
    key = _KEYS.get(type(message).xmlns.uri, "CommonMessages")
    return ServiceId(service_id).name if key == "AC" and service_id in DER_SERVICES else key


def encoded(message: Record, service_id: int = 0) -> bytes:
    """As it goes over the wire; a class behind two roots as the one that has its name."""
    key = code_key(message, service_id)
    return exi.encode(message, key, element=type(message).__name__ if key == "ACDP" else None)


def code_of(response: Record) -> str:
    """Literal of a response's code."""
    literal: str = getattr(response, "response_code").value  # noqa: B009
    return literal


def service_for(state: State) -> ServiceId:
    """A service whose session comes to that state; DC where it does not matter."""
    if state is State.AC_DER_CHARGE_PARAMETER_DISCOVERY:
        return ServiceId.AC_DER_IEC
    return ServiceId.AC_BPT if state.value.startswith("AC_") else ServiceId.DC_BPT


class World:
    """One car at one outlet."""

    def __init__(
        self,
        *,
        mode: ControlMode = ControlMode.DYNAMIC,
        service: ServiceId | None = None,
        towards: State | None = None,
        secc: dict[str, Any] | None = None,
        evcc: dict[str, Any] | None = None,
        needs: EnergyNeeds | None = None,
        secc_limits: Limits | None = None,
        evcc_limits: Limits | None = None,
        encoded: bool = True,
        side_handlers: SideHandlers | None = None,
        side_phases: SidePhases | None = None,
        stores: dict[str, PauseStore] | None = None,
        binding: dict[str, bytes | None] | None = None,
        after: World | None = None,
        restarted_s: float | None = None,
    ) -> None:
        """Plug in; ``start`` begins.

        Args:
            mode: The car's control mode.
            service: The car's service; DC_BPT, or the one that ``towards`` takes.
            towards: A state the session is to come to: where it takes a wish or an option, it has them.
            secc: Options of the station.
            evcc: Options of the car.
            needs: Of the driver.
            secc_limits: Timers of the station.
            evcc_limits: Timers of the car.
            encoded: Every message must pass the codec's border.
            side_handlers: The station's table of what runs beside the loop.
            side_phases: The car's.
            stores: Where each side keeps paused sessions.
            binding: What the link proves about the vehicle, as each side knows it.
            after: A world that has ended: the same hardware, meter and stores, and new sessions on both sides; the
                car asks for a session that it finds paused.
            restarted_s: What the clock of both sides shows meanwhile: their processes began anew.
        """
        self.now, self.unix_s = (0.0, UNIX_S) if after is None else (after.now, after.unix_s)
        if restarted_s is not None:
            self.now, self.unix_s = restarted_s, self.unix_s + self.now - restarted_s
        self.charger = KeyCharger()
        self.charger.pilot_state = "B"
        self.charger.offered_services = (6, 2, 5, 1, 9, 8, 10, 11)
        self.charger.meter_reading = MeterReading(meter_id="M1", import_wh=IMPORT_WH, export_wh=EXPORT_WH)
        self.vehicle = KeyVehicle(
            limits=VehicleLimits(),
            needs=needs or EnergyNeeds(departure_s=36_000.0, target_energy_wh=5_000.0, maximum_energy_wh=20_000.0),
        )
        if after is not None:
            self.charger, self.vehicle = after.charger, after.vehicle
        self.stores: dict[str, PauseStore] = stores or (
            {EV: MemoryStore(), SECC: MemoryStore()} if after is None else after.stores
        )
        binding = binding if binding is not None else dict.fromkeys((EV, SECC), b"the vehicle's certificate")
        paused = () if after is None else [e.item.record.session_id for e in after.events(act.KeepPaused, EV)]
        service = service or service_for(towards or State.SESSION_SETUP)
        protocol = _PROTOCOLS.get(service, AC_20 if service in AC_SERVICES else DC_20)
        random_ids = itertools.count(1) if after is None else after._random_ids
        self._random_ids = random_ids
        self.secc = SeccSession(
            self.charger,
            HANDLERS,
            side_handlers=SIDE_HANDLERS if side_handlers is None else side_handlers,
            config=SeccConfig(link=Link.LAB_TCP, **({"served": (DC_20, protocol)} | (secc or {}))),
            random_bytes=lambda n: next(random_ids).to_bytes(n, "big"),
            limits=secc_limits,
            unix_offset_s=self.unix_s,
            store=self.stores[SECC],
            vehicle_binding=binding[SECC],
            now=self.now,
        )
        config: dict[str, Any] = {
            "link": Link.LAB_TCP,
            "protocols": (protocol,),
            "services": (service,),
            "control_modes": (mode,),
        } | (evcc or {})
        if towards is State.METERING_CONFIRMATION:
            config["metering_confirmation_stream"] = Stream.MAIN
            self.charger.confirmation, self.vehicle.key = True, KEY
        if towards is State.POWER_DELIVERY_STANDBY:
            self.vehicle.driver_wish = Wish.STANDBY
        self.evcc = EvccSession(
            self.vehicle,
            PHASES,
            side_phases=SIDE_PHASES if side_phases is None else side_phases,
            config=EvccConfig(**config),
            limits=evcc_limits,
            unix_offset_s=self.unix_s,
            resume=next((record for each in paused if (record := self.stores[EV].find(each))), None),
            vehicle_binding=binding[EV],
        )
        self.encoded = encoded
        self.log: list[Event] = []
        self.ended: dict[str, act.Ended] = {}
        self.violations: list[str] = []
        # Faults, set by tests.
        self.lost: Callable[[str, Record], bool] = lambda sender, message: False
        self.secc_contactor_stuck = self.evcc_contactor_stuck = False
        self.isolation: IsolationState = IsolationState.VALID
        self.current_stuck = False
        self.locks_stuck: set[str] = set()
        """Sides whose lock does not move; there is one only where the port says so."""
        self.islanded = False
        """What the charger in the car detects of the grid; the station's word is in ``charger.stage``."""
        # Physics.
        self.ramp_a_per_s = math.inf
        """How quickly current follows what the stage is told."""
        self.stage = act.SetStage(mode=act.StageMode.OFF)
        self.inverter = act.SetAcPower()
        """What the charger in the car has been told."""
        self.ac_target = act.SetAcPower()
        """What the AC outlet has been told."""
        self.current_a = 0.0
        """At the battery, whatever the outlet: an ideal charger stands between AC and DC."""
        self._charged_wh = 0.0 if after is None else after._charged_wh
        self._discharged_wh = 0.0 if after is None else after._discharged_wh
        self._queue: deque[tuple[str, Record | None, PayloadType | None]] = deque()
        self._script: list[tuple[float, int, Callable[[], object]]] = []
        self._count = itertools.count()
        self._frozen: set[str] = set()
        self._watches: list[tuple[Callable[[Event], bool], Callable[[], object]]] = []

        if towards in (State.SCHEDULE_RENEGOTIATION, State.POWER_DELIVERY_RENEGOTIATION):
            self.when("DC_ChargeLoopReq", lambda: setattr(self.charger, "schedule_number", 1))

    # --- what tests do ---

    def start(self) -> World:
        """The car begins."""
        self._do(EV, self.evcc.start(self.now))
        return self

    def at(self, time_s: float, change: Callable[[], object]) -> World:
        """Change something at a moment; both sides then read their ports."""
        heapq.heappush(self._script, (time_s, next(self._count), change))
        return self

    def when(self, name: str, change: Callable[[], object], *, nth: int = 1) -> World:
        """Change something when the ``nth`` message called ``name`` is sent, before it arrives."""
        seen = itertools.count(1)
        self._watches.append((lambda e: type(e.item).__name__ == name and next(seen) == nth, change))
        return self

    def run(self, *, until: Callable[[], bool] | None = None, until_s: float = 1e9) -> World:
        """Let everything happen until nothing is left, ``until`` holds (asked before each event) or time is up."""
        for _ in range(MOST_EVENTS):
            if until is not None and until():
                return self
            if self._queue:
                self._deliver(*self._queue.popleft())
                continue
            awake = [at for at in (EV, SECC) if at not in self._frozen]
            due = [t for t in (self.session(at).next_timer() for at in awake) if t is not None]
            due += [self._script[0][0]] if self._script else []
            if not due or min(due) > until_s:
                self._advance(self.now if until_s == 1e9 else until_s)
                return self
            self._advance(max(self.now, min(due)))
            if self._script and self._script[0][0] <= self.now:
                heapq.heappop(self._script)[2]()
                self.poll()
                continue
            for at in awake:
                self._do(at, self.session(at).handle_timer(self.now))
        raise AssertionError(f"still going on after {MOST_EVENTS} events: {self.secc.state}, {self.evcc.state}")

    def run_to(self, at: str, state: State) -> World:
        """Run until one side is in ``state`` and the message for it is about to arrive."""
        session = self.session(at)
        self.run(until=lambda: session.state is state and bool(self._queue) and self._queue[0][0] == at)
        assert session.state is state, f"{at} never came to {state}, it is in {session.state}"
        return self

    def poll(self) -> None:
        """Both sides read their ports."""
        self._settle()
        for at in (SECC, EV):
            if at not in self._frozen:
                self._do(at, self.session(at).poll(self.now))

    def inject(self, to: str, message: Record, side: PayloadType | None = None) -> list[act.Action]:
        """Have one side receive a message that the other did not send; what is queued is lost."""
        self._queue.clear()
        actions = self.session(to).receive(message, self.now, side)
        self._do(to, actions)
        return actions

    def reject(self, at: str, error: RemoteError) -> None:
        """Have one side receive a payload that is no message."""
        self._do(at, self.session(at).reject(error, self.now))

    def silence(self, who: str) -> None:
        """From now on nothing that ``who`` sends arrives, and its end of the connection stays open."""
        self.lost = lambda sender, message: sender == who

    def freeze(self, who: str) -> None:
        """From now on ``who`` does nothing at all: no timer, no message, no pilot, no close."""
        self._frozen.add(who)
        self._queue = deque(entry for entry in self._queue if entry[0] == who)

    def cut(self) -> None:
        """The connection is gone for both."""
        self._queue.clear()
        self._do(EV, self.evcc.connection_lost(self.now))
        self._do(SECC, self.secc.connection_lost(self.now))

    def unplug(self) -> None:
        """The connector is torn out: no current, no pilot, no bytes."""
        self.charger.pilot_state = "A"
        self.current_a = 0.0
        self.vehicle.battery_reading = msgspec.structs.replace(self.vehicle.battery_reading, current_a=0.0)
        self._do(SECC, self.secc.poll(self.now))
        self.cut()

    # --- what tests ask ---

    def session(self, at: str) -> Session:
        return self.secc if at == SECC else self.evcc

    def messages(self, name: str | None = None) -> list[Any]:
        """What was said, in order."""
        said = [event.item for event in self.log if isinstance(event.item, Record)]
        return said if name is None else [item for item in said if type(item).__name__ == name]

    def names(self, at: str | None = None) -> list[str]:
        """Names of what was said, repetitions in a row once."""
        names = [type(e.item).__name__ for e in self.log if isinstance(e.item, Record) and at in (None, e.at)]
        return [name for name, before in zip(names, [None, *names], strict=False) if name != before]

    def events(self, kind: Any, at: str | None = None) -> list[Event]:
        """What was done, of a kind."""
        return [event for event in self.log if isinstance(event.item, kind) and at in (None, event.at)]

    def last_code(self) -> str:
        """Code of the last response."""
        return code_of([m for m in self.messages() if type(m).__name__.endswith("Res")][-1])

    def error(self, at: str) -> str | None:
        return self.ended[at].error

    def registers(self) -> tuple[int, int]:
        """What the meter has counted since the start: import and export, Wh."""
        reading = self.charger.meter_reading
        assert reading is not None
        return reading.import_wh - IMPORT_WH, reading.export_wh - EXPORT_WH

    def check_end(self) -> World:
        """Both sides have ended, safely."""
        assert self.secc.state is State.ENDED, self.secc.state
        assert self.evcc.state is State.ENDED, self.evcc.state
        assert set(self.ended) == {EV, SECC}
        assert self.secc.next_timer() is None
        assert self.evcc.next_timer() is None
        self.check_safe()
        return self

    def check_safe(self) -> World:
        """No contactor has opened under current, and what has ended left nothing on."""
        assert not self.violations, self.violations
        if self.secc.state is State.ENDED:
            assert self.stage.mode is act.StageMode.OFF
            assert not any(self.ac_target.power_w)
            assert self.secc_contactor_stuck or not self.charger.stage.contactor_closed
        if self.evcc.state is State.ENDED:
            assert not any(self.inverter.power_w)
            assert self.evcc_contactor_stuck or not self.vehicle.battery_reading.contactor_closed
        if State.ENDED in (self.secc.state, self.evcc.state):
            assert self.current_a == 0.0
        return self

    # --- how it works ---

    def _send(self, to: str, message: Record | None, side: PayloadType | None) -> None:
        """Put a message (None: the end of the connection) on its way."""
        self._queue.append((to, message, side))

    def _deliver(self, to: str, message: Record | None, side: PayloadType | None) -> None:
        if to in self._frozen:
            return
        session = self.session(to)
        if message is None:
            self._do(to, session.connection_lost(self.now))
        else:
            self._do(to, session.receive(message, self.now, side))

    def _do(self, at: str, actions: list[act.Action]) -> None:
        for action in actions:
            item = action.message if isinstance(action, act.Send) else action
            side = action.side if isinstance(action, act.Send) else None
            event = Event(self.now, at, item, self.current_a, side)
            self.log.append(event)
            match action:
                case act.Send(message=message):
                    if self.encoded:
                        data = encoded(message, self.session(at).service_id)
                        if self.session(at).service_id in DER_SERVICES:  # its modes are told apart by the schema set
                            assert exi.decode(data, code_key(message, self.session(at).service_id)) == message
                    for matches, change in list(self._watches):
                        if matches(event):
                            change()
                            self.poll()
                    if not self.lost(at, message):
                        self._send(EV if at == SECC else SECC, message, side)
                case act.Close():
                    self._send(EV if at == SECC else SECC, None, None)
                case _:
                    self._carry_out(at, action)
            self._settle()

    def _carry_out(self, at: str, action: act.Action) -> None:
        match action:
            case act.Ended():
                assert at not in self.ended, "ended twice"
                self.ended[at] = action
            case act.KeepPaused(record=record):
                self.stores[at].keep(record)
            case act.DropPaused(session_id=session_id):
                self.stores[at].drop(session_id)
            case act.SetStage():
                self.stage = action
            case act.SetAcPower():
                self._power(at, action)
            case act.SetContactor(closed=closed):
                self._contactor(at, closed)
            case act.SetConnectorLock(locked=locked):
                self._lock(at, locked)
            case act.SetPilotSignal(on=on):
                self.vehicle.pilot_signal_on = on
                if not on and self.evcc.is_ac and not self.current_stuck:
                    self.inverter = act.SetAcPower()  # a charger stops by itself, whatever its session does
            case act.SetPilot(state=state):
                self.charger.pilot_state = state if self.charger.pilot_state != "A" else "A"
                self._settle()
                if SECC not in self._frozen:
                    self._do(SECC, self.secc.poll(self.now))
            case _:
                pass

    def _power(self, at: str, wanted: act.SetAcPower) -> None:
        """Whoever says a power says one that its own hardware can do now."""
        session = self.evcc if at == EV else self.secc
        limits = (self.vehicle.ac_inlet_limits if at == EV else self.charger.ac_charger_limits).first(3)
        for power, charge, discharge in zip(
            wanted.power_w, limits.max_charge_power_w, limits.max_discharge_power_w, strict=False
        ):
            if not -discharge * session.context.bidirectional <= power <= charge:
                self.violations.append(f"{self.now}: {at} wants {wanted.power_w} of {limits}")
        if at == EV:
            self.inverter = wanted
        else:
            self.ac_target = wanted

    def _lock(self, at: str, locked: bool) -> None:
        port = self.charger if at == SECC else self.vehicle
        if port.locked is None:
            return  # there is none
        contactor = self.charger.stage if at == SECC else self.vehicle.battery_reading
        if not locked and contactor.contactor_closed:
            self.violations.append(f"{self.now}: {at} unlocks the connector with its contactor closed")
        if at not in self.locks_stuck:
            port.locked = locked

    def _contactor(self, at: str, closed: bool) -> None:
        through = self._ac_reading().current_a(230.0) if self.evcc.is_ac else abs(self.current_a)
        if not closed and through > NO_CURRENT_A:
            self.violations.append(f"{self.now}: {at} opens its contactor under {through} A")
        if at == SECC and not self.secc_contactor_stuck:
            self.charger.stage = msgspec.structs.replace(self.charger.stage, contactor_closed=closed)
        if at == EV and not self.evcc_contactor_stuck:
            self.vehicle.battery_reading = msgspec.structs.replace(
                self.vehicle.battery_reading, contactor_closed=closed
            )

    def _settle(self) -> None:
        """Currents and voltages follow at once."""
        battery, outlet = self.vehicle.battery_reading, self.charger.stage
        joined = battery.contactor_closed and outlet.contactor_closed and self.charger.pilot_state != "A"
        if not joined:
            self.current_a = 0.0
        elif not self.current_stuck and math.isinf(self.ramp_a_per_s):
            self.current_a = self._driven(battery.voltage_v)
        voltage = battery.voltage_v if joined else self._output()
        isolation = outlet.isolation
        if self.stage.mode is act.StageMode.ISOLATION_TEST:
            isolation = self.isolation
        self.charger.stage = msgspec.structs.replace(
            outlet, voltage_v=voltage, current_a=self.current_a, isolation=isolation
        )
        inlet = battery.voltage_v if battery.contactor_closed else voltage
        self.vehicle.battery_reading = msgspec.structs.replace(battery, current_a=self.current_a, inlet_voltage_v=inlet)
        self.charger.ac_measured = self.vehicle.ac_measured = self._ac_reading()

    def _ramp(self, dt: float) -> None:
        battery, outlet = self.vehicle.battery_reading, self.charger.stage
        if self.current_stuck or math.isinf(self.ramp_a_per_s):
            return
        if battery.contactor_closed and outlet.contactor_closed and self.charger.pilot_state != "A":
            step = self._driven(battery.voltage_v) - self.current_a
            self.current_a += math.copysign(min(abs(step), self.ramp_a_per_s * dt), step)
            self._settle()

    def _ac_reading(self) -> AcReading:
        """The lines carry what the battery gets, in the shares that the car's charger was told."""
        if not self.evcc.is_ac:
            return AcReading()
        told, total = self.inverter.power_w, sum(self.inverter.power_w)
        power = self.current_a * self.vehicle.battery_reading.voltage_v
        shares = tuple(power * (value / total if total else 1 / len(told)) for value in told)
        return AcReading(power_w=shares, islanded=self.islanded, reactive_var=self._reactive())

    def _reactive(self) -> tuple[float, ...]:
        joined = self.vehicle.battery_reading.contactor_closed and self.charger.stage.contactor_closed
        return self.inverter.reactive_var if joined else (0.0,) * len(self.inverter.power_w)

    def _driven(self, voltage: float) -> float:
        if self.evcc.is_ac:
            return sum(self.inverter.power_w) / voltage
        stage = self.stage
        match stage.mode:
            case act.StageMode.CURRENT:
                wanted = stage.current_a
            case act.StageMode.AC_POWER:
                wanted = min(max(stage.ac_power_w, stage.min_power_w), stage.max_power_w) / voltage
            case _:
                return 0.0
        return min(max(wanted, stage.min_current_a), stage.max_current_a)

    def _output(self) -> float:
        stage = self.stage
        match stage.mode:
            case act.StageMode.PRECHARGE | act.StageMode.ISOLATION_TEST:
                return stage.voltage_v if self.charger.stage.contactor_closed else 0.0
            case _:
                return 0.0

    def _advance(self, to: float) -> None:
        """Integrate energy at constant current; the stage is ideal, so DC and AC are the same."""
        dt, self.now = to - self.now, to
        energy_wh = self.current_a * self.vehicle.battery_reading.voltage_v * dt / 3600.0
        if energy_wh > 0:
            self._charged_wh += energy_wh
        else:
            self._discharged_wh -= energy_wh
        if self.charger.meter_reading is not None:
            self.charger.meter_reading = msgspec.structs.replace(
                self.charger.meter_reading,
                import_wh=IMPORT_WH + int(self._charged_wh),
                export_wh=EXPORT_WH + int(self._discharged_wh),
            )
        soc = self.vehicle.battery_reading.soc_percent + energy_wh / 600.0
        self.vehicle.battery_reading = msgspec.structs.replace(
            self.vehicle.battery_reading, soc_percent=min(100.0, max(0.0, soc))
        )
        self._ramp(dt)
