"""Playing a scenario file: the world it describes, what happens in it, and the verdict on what came of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from iso15118.errors import LocalError
from iso15118.io.endpoint import Endpoint
from iso15118.io.peers import peer_profile
from iso15118.session.core import CHARGE_LOOPS
from iso15118.session.evcc import EvccSession
from iso15118.session.ports import Wish as DriverWish
from iso15118.session.secc import SeccSession
from iso15118.session.timers import PROFILES
from sim import events as ev
from sim.ac_plant import AcPlant
from sim.back_end import BackEnd
from sim.faults import LinkFaults
from sim.outlet import Outlet
from sim.result import Result, Snapshot
from sim.scenario import FidelityMode, Scenario
from sim.scenario_file import ScenarioFile
from sim.signing import KEY
from sim.world import World

__all__ = ["Play"]

SIDES = {"car": "EV", "station": "SECC"}
NO_WH = 0.001
"""What may flow in standby: rounding."""


class Play:
    """One run of a scenario file."""

    def __init__(
        self,
        file: ScenarioFile,
        *,
        name: str = "scenario",
        trace: Callable[[str], object] | None = None,
        progress: Callable[[Snapshot], object] | None = None,
    ) -> None:
        """Set the scene.

        Raises:
            LocalError: The file asks for what can't be played.
        """
        self.file = file
        steps = tuple((step.at_s, step.power_w) for step in file.back_end.schedule)
        if file.back_end.set_point_w is not None:
            steps = ((0.0, file.back_end.set_point_w), *steps)
        unix_s = float(file.arrival_unix_s)
        self.back_end = BackEnd(tuple((unix_s + at_s, power_w) for at_s, power_w in steps))
        self.struck_s: float | None = None
        """When the first fault struck."""
        self.rests: list[str] = []
        """What was wrong with each standby, in words; "" for one in which both sides rested without power."""
        self.off_in_time: str | None = None
        """Whether power was off in time after it: "" if it was, else what was wrong; None while nobody looked."""
        on_the_link = [fault for fault in file.fault if isinstance(fault, ev.LinkFault | ev.Cut)]
        faults = LinkFaults(on_the_link, seed=file.seed)
        faults.on_hit = self._struck
        self.world = World(self._scenario(file, name), self.back_end, trace=trace, progress=progress, faults=faults)
        self.world.car.key = KEY if file.car.signs else None
        for index, event in enumerate(file.event):
            self._plan(event, _EVENTS, f"event[{index}] ({type(event).__struct_config__.tag})")
        for index, fault in enumerate(file.fault):
            if not isinstance(fault, ev.LinkFault | ev.BackEndGone):
                self._plan(fault, _FAULTS, f"fault[{index}] ({type(fault).__struct_config__.tag})")

    def run(self) -> Result:
        """Play to the end."""
        return self.world.run()

    # --- from file to world ---

    @staticmethod
    def _scenario(file: ScenarioFile, name: str) -> Scenario:
        car, station = file.car, file.station
        gone = tuple((fault.from_s, fault.to_s) for fault in file.fault if isinstance(fault, ev.BackEndGone))
        timers = {**PROFILES[file.timer_profile]}
        for peer in (car.peer, station.peer):
            timers |= peer_profile(peer).timers
        return Scenario(
            name=name,
            seed=file.seed,
            mode=file.mode,
            arrival_unix_s=file.arrival_unix_s,
            departure_s=file.departure_s,
            soc_arrival=car.soc,
            target_soc=car.target_soc,
            minimum_soc=car.minimum_soc,
            v2x_soc=car.v2x_soc,
            battery=car.battery,
            on_board=car.charger,
            dc_outlet=station.dc,
            ac_outlet=station.ac,
            secc=_for_peer(station.options, peer_profile(station.peer).secc_options),
            evcc=_for_peer(car.options, peer_profile(car.peer).evcc_options),
            control_mode=car.control[0],
            control_fallbacks=car.control[1:],
            services=car.services,
            station_services=station.services,
            loop_s=file.loop_s,
            sample_s=file.back_end.sample_s,
            state_s=5.0,
            link_latency_s=file.link.latency_s,
            ocpp_latency_s=file.back_end.latency_s,
            jitter=file.link.jitter,
            back_end_gone=gone,
            allowed_energy_transfer=file.back_end.allow,
            timers={**timers, **file.timers},
        )

    def _plan(self, happening: Any, table: Mapping[type, Callable[[Play, Any], None]], where: str) -> None:
        do = table.get(type(happening))
        if do is None:
            raise LocalError(f"{where}: sessions can't do this yet")
        try:
            _check(self.file, happening)
        except LocalError as error:
            raise LocalError(f"{where}: {error}") from None
        at_s = getattr(happening, "at_s", 0.0)
        if at_s > self.file.departure_s:
            raise LocalError(f"{where}: at_s {at_s:g} is after the departure at {self.file.departure_s:g} s")
        self.world.heap.at(at_s, functools.partial(self._happen, do, happening))

    def _happen(self, do: Callable[[Play, Any], None], happening: Any, now: float) -> None:
        self.world.plant.advance(now)
        if type(happening) in _FAULTS:
            self._struck(now)
        do(self, happening)
        self.world.poll()

    # --- safety after a fault ---

    def _struck(self, now: float) -> None:
        if self.struck_s is not None:
            return
        self.struck_s = now
        if self.file.expect.off_within_s is not None:
            self.world.heap.at(now + self.file.expect.off_within_s, self._look)

    def _look(self, now: float) -> None:
        self.world.plant.advance(now)
        self.off_in_time = live_parts(self.world)

    # --- back end ---

    def order(self, power_w: float) -> None:
        """The back end wants another power from now on."""
        world = self.world
        unix_s = world.scenario.arrival_unix_s + world.now
        for transaction_id, decision in self.back_end.order(unix_s, power_w):
            world.csms.decide(world.station.station_id, transaction_id, (decision,), world.now)
        world.ocpp.exchange()


def live_parts(world: World) -> str:
    """What is still live, in words; "" when power is off and every contactor that can is open.

    A side whose firmware hangs moves no contactor.
    """
    plant = world.plant
    live = []
    if abs(plant.outlet.ac_power_w) > 1.0:
        live.append(f"{plant.outlet.ac_power_w:.0f} W flow")
    for side, contactor in (("SECC", plant.outlet.contactor), ("EV", plant.car.contactor)):
        if contactor.closed and not contactor.stuck and side not in world.silent:
            live.append(f"the {contactor.name} is closed")
    return ", ".join(live)


def _for_peer(options: Any, changes: Mapping[str, Any]) -> Any:
    """Options with those of a peer profile, where the file did not say otherwise."""
    default = type(options)()
    new = {name: value for name, value in changes.items() if getattr(options, name) == getattr(default, name)}
    return msgspec.structs.replace(options, **new)


def _check(file: ScenarioFile, happening: Any) -> None:
    """Refuse what would mean nothing at this outlet."""
    ac = any(service.name.startswith("AC") for service in file.station.services)
    if isinstance(happening, ev.Island) and not ac:
        raise LocalError("a DC station is not part of an island here; AC stations are")
    if isinstance(happening, ev.IsolationFault) and ac:
        raise LocalError("AC has no check of the cable")
    if isinstance(happening, ev.Standby):
        if happening.for_s <= settle_s(file):
            raise LocalError(f"for_s must be above {settle_s(file):g}: so long it may take until power is off")
        if happening.at_s + happening.for_s > file.departure_s:
            raise LocalError(f"it lasts beyond the departure at {file.departure_s:g} s")
    if isinstance(happening, ev.RenegotiateSchedule) and happening.by == "back_end" and happening.power_w is None:
        raise LocalError("by the back end it needs power_w")
    if isinstance(happening, ev.RenegotiateService):
        key = "allow" if happening.by == "back_end" else "services"
        if not getattr(happening, key):
            raise LocalError(f"by the {happening.by} it needs {key}")
        if not file.station.options.service_renegotiation:
            raise LocalError("station.options.service_renegotiation is off")
    if isinstance(happening, ev.Island) and happening.back_s is not None and happening.back_s <= happening.at_s:
        raise LocalError("back_s must be after at_s")


# --- the life of a session ---


def _stop(play: Play, event: ev.Stop) -> None:
    world = play.world
    match event.by:
        case "car":
            world.car.driver_wish = DriverWish.STOP
        case "station":
            world.outlet.stop = True
        case "back_end":
            transaction_id = world.station.transaction_id(1)
            if transaction_id is not None:
                world.csms.request_stop(world.station.station_id, transaction_id, world.now)
                world.ocpp.exchange()


def _pause(play: Play, event: ev.Pause) -> None:
    if event.by == "car":
        play.world.car.driver_wish = DriverWish.PAUSE
    else:
        play.world.outlet.pause = True


def _resume(play: Play, event: ev.Resume) -> None:
    play.world.outlet.pause = False
    play.world.car.driver_wish = DriverWish.ENERGY
    play.world.reconnect()


def _renegotiate_schedule(play: Play, event: ev.RenegotiateSchedule) -> None:
    world = play.world
    match event.by:
        case "car":
            if event.target_soc is not None:
                world.car.target_soc = event.target_soc
            world.car.needs_number += 1
        case "station":
            world.outlet.schedule_number += 1
        case "back_end":
            play.order(event.power_w or 0.0)


def _renegotiate_service(play: Play, event: ev.RenegotiateService) -> None:
    world, services = play.world, tuple(int(service) for service in event.services or ())
    match event.by:
        case "car":
            world.car.services_wanted = services
        case "station":
            world.outlet.offered_services = services
        case "back_end":
            transaction_id = world.station.transaction_id(1)
            if transaction_id is not None:
                world.csms.allow_now(world.station.station_id, transaction_id, event.allow or (), world.now)
                world.ocpp.exchange()


def _confirm_metering(play: Play, event: ev.ConfirmMetering) -> None:
    play.world.outlet.confirmation = True


def _standby(play: Play, event: ev.Standby) -> None:
    world = play.world
    world.car.driver_wish = DriverWish.STANDBY
    end_s = event.at_s + event.for_s
    moved_wh = [0.0]

    def flowed() -> float:
        world.plant.advance(world.now)
        books = world.plant.books()
        return books.imported_wh + books.exported_wh

    def settled(now: float) -> None:
        moved_wh[0] = flowed()

    def over(now: float) -> None:
        resting = [side for side, end in (("car", world.evcc), ("station", world.secc)) if not _rests(end)]
        wrong = [f"the {side} does not rest" for side in resting]
        if (moved := flowed() - moved_wh[0]) > NO_WH:
            wrong.append(f"{moved:.3f} Wh flow")
        play.rests.append(", ".join(wrong))
        if event.until == "station":
            world.outlet.exit_standby = True
        elif world.car.driver_wish is DriverWish.STANDBY:
            world.car.driver_wish = DriverWish.ENERGY
        world.poll()

    world.heap.at(event.at_s + settle_s(play.file), settled)
    world.heap.at(end_s, over)


def _rests(end: Endpoint) -> bool:
    session = end.session
    assert isinstance(session, EvccSession | SeccSession)
    return session.state in CHARGE_LOOPS and session.context.standby


def settle_s(file: ScenarioFile) -> float:
    """How long a standby takes to begin: two loops at zero and the question, each a period away from the other."""
    return 3 * (file.loop_s if file.mode is FidelityMode.PACED else 0.25) + 2.0


def _set_point(play: Play, event: ev.SetPoint) -> None:
    play.order(event.power_w)


def _allow(play: Play, event: ev.Allow) -> None:
    play.world.csms.allow(event.modes)


def _limit_power(play: Play, event: ev.LimitPower) -> None:
    play.world.station.set_external_limits(event.charge_w, event.discharge_w, play.world.now)


def _wish(play: Play, event: ev.Wish) -> None:
    car = play.world.car
    for name in ("target_soc", "minimum_soc", "departure_s"):
        value = getattr(event, name)
        if value is not None:
            setattr(car, name, value)


_EVENTS: Mapping[type, Callable[[Play, Any], None]] = {
    ev.Stop: _stop,
    ev.Pause: _pause,
    ev.Resume: _resume,
    ev.RenegotiateSchedule: _renegotiate_schedule,
    ev.RenegotiateService: _renegotiate_service,
    ev.ConfirmMetering: _confirm_metering,
    ev.Standby: _standby,
    ev.SetPoint: _set_point,
    ev.Allow: _allow,
    ev.LimitPower: _limit_power,
    ev.Wish: _wish,
}
"""What the words of ``[[event]]`` do; a word that is not here is refused."""


# --- what goes wrong ---


def _cut(play: Play, fault: ev.Cut) -> None:
    """The link's model does it; here is only its moment."""


def _silent(play: Play, fault: ev.Silent) -> None:
    play.world.hang(SIDES[fault.side])


def _unplug(play: Play, fault: ev.Unplug) -> None:
    play.world.unplug()


def _contactor_stuck(play: Play, fault: ev.ContactorStuck) -> None:
    plant = play.world.plant
    (plant.car if fault.side == "car" else plant.outlet).contactor.stuck = True


def _meter_jump(play: Play, fault: ev.MeterJump) -> None:
    play.world.plant.outlet.meter.jump(fault.import_wh, fault.export_wh)


def _emergency_stop(play: Play, fault: ev.EmergencyStop) -> None:
    (play.world.car if fault.by == "car" else play.world.outlet).emergency_stop = True


def _isolation_fault(play: Play, fault: ev.IsolationFault) -> None:
    outlet = play.world.plant.outlet
    assert isinstance(outlet, Outlet)
    outlet.isolation_fault = True


def _wrong_signature(play: Play, fault: ev.WrongSignature) -> None:
    play.world.car.key = b"a key that nobody knows"


def _island(play: Play, fault: ev.Island) -> None:
    plant, heap = play.world.plant, play.world.heap
    assert isinstance(plant, AcPlant)
    plant.lose_grid()
    for noticed_s in (plant.car.config.island_trip_s, plant.outlet.config.island_detection_s):
        heap.at(fault.at_s + noticed_s, lambda now: play.world.poll())

    def back(now: float) -> None:
        plant.advance(now)
        plant.restore_grid()
        play.world.poll()

    if fault.back_s is not None:
        heap.at(fault.back_s, back)


_FAULTS: Mapping[type, Callable[[Play, Any], None]] = {
    ev.Cut: _cut,
    ev.Silent: _silent,
    ev.Unplug: _unplug,
    ev.ContactorStuck: _contactor_stuck,
    ev.MeterJump: _meter_jump,
    ev.EmergencyStop: _emergency_stop,
    ev.IsolationFault: _isolation_fault,
    ev.WrongSignature: _wrong_signature,
    ev.Island: _island,
}
"""What the words of ``[[fault]]`` do, those of the link apart."""
