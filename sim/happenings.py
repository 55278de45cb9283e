"""What the words of ``[[event]]`` and ``[[fault]]`` do to a world, and which of them make no sense in a scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from iso15118.errors import LocalError
from iso15118.io.endpoint import Endpoint
from iso15118.session.core import CHARGE_LOOPS
from iso15118.session.evcc import EvccSession
from iso15118.session.ports import Wish as DriverWish
from iso15118.session.secc import SeccSession
from sim import events as ev
from sim.ac_plant import AcPlant
from sim.outlet import Outlet
from sim.scenario import FidelityMode
from sim.scenario_file import NO_WH, ScenarioFile

if TYPE_CHECKING:
    from sim.play import Play

__all__ = ["EVENTS", "FAULTS", "check"]

SIDES = {"car": "EV", "station": "SECC"}


def check(file: ScenarioFile, happening: Any) -> None:
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
            world.csms.request_stop(world.station.station_id, _transaction(play), world.now)
            world.ocpp.exchange()


def _transaction(play: Play) -> str:
    """What the back end speaks of."""
    transaction_id = play.world.station.transaction_id(1)
    if transaction_id is None:
        raise LocalError(f"at {play.world.now:g} s there is no transaction that the back end could speak of")
    return transaction_id


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
            world.csms.allow_now(world.station.station_id, _transaction(play), event.allow or (), world.now)
            world.ocpp.exchange()


def _confirm_metering(play: Play, event: ev.ConfirmMetering) -> None:
    play.world.outlet.confirmation = True


def _standby(play: Play, event: ev.Standby) -> None:
    world = play.world
    world.car.driver_wish = DriverWish.STANDBY
    end_s = event.at_s + event.for_s
    moved_wh = [0.0]

    def settled(now: float) -> None:
        moved_wh[0] = play.flowed_wh

    def over(now: float) -> None:
        resting = [side for side, end in (("car", world.evcc), ("station", world.secc)) if not _rests(end)]
        wrong = [f"the {side} does not rest" for side in resting]
        if (moved := play.flowed_wh - moved_wh[0]) > NO_WH:
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


EVENTS: Mapping[type, Callable[[Play, Any], None]] = {
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


FAULTS: Mapping[type, Callable[[Play, Any], None]] = {
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
