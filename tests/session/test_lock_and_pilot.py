"""The connector is locked while energy may flow, and the pilot's signal tells a car that nothing else reaches."""

from __future__ import annotations

import msgspec
import pytest

from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.ports import Wish
from iso15118.session.services import ServiceId
from iso15118.session.timers import Timer
from tests.session.test_timers import covers
from tests.session.world import EV, SECC, World

replace = msgspec.structs.replace
BOTH = pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
SIDES = pytest.mark.parametrize("who", [SECC, EV])


def with_locks(service: ServiceId) -> World:
    """A world whose socket and inlet have locks, open at first."""
    world = World(service=service)
    world.charger.setpoint_w = -6_000.0
    world.charger.locked = world.vehicle.locked = False
    return world


def story(world: World, who: str) -> list[object]:
    return [e.item for e in world.events(act.SetConnectorLock | act.SetContactor, who)]


@BOTH
def test_locked_before_the_contactor_closes_and_unlocked_after_it_has_opened(service: ServiceId) -> None:
    world = with_locks(service)
    world.at(10.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    for who in (SECC, EV):
        assert story(world, who) == [
            act.SetConnectorLock(True),
            act.SetContactor(True),
            act.SetContactor(False),
            act.SetConnectorLock(False),
        ]
    assert world.charger.locked is world.vehicle.locked is False


@BOTH
@SIDES
def test_a_fault_unlocks_after_the_contactor_has_opened(service: ServiceId, who: str) -> None:
    world = with_locks(service).start().run(until_s=10.0)
    assert world.charger.locked is world.vehicle.locked is True
    world.cut()
    world.run().check_end()
    assert story(world, who)[-2:] == [act.SetContactor(False), act.SetConnectorLock(False)]


@BOTH
def test_a_contactor_that_stays_closed_keeps_the_connector(service: ServiceId) -> None:
    world = with_locks(service).start().run(until_s=10.0)
    world.secc_contactor_stuck = True
    world.cut()
    before = world.now
    world.run()
    assert world.charger.locked is True
    assert act.SetConnectorLock(False) not in story(world, SECC)
    assert world.now - before <= 2 * Timer.SECC_POWER_OFF.default_s + 0.1
    assert not world.violations


@covers(Timer.SECC_CONNECTOR_LOCK, but=lambda service: service is ServiceId.AC_BPT)  # its contactor is waited for less
@BOTH
def test_a_socket_that_does_not_lock_ends_the_session_before_power(service: ServiceId) -> None:
    world = with_locks(service)
    world.locks_stuck = {SECC}
    world.start().run().check_end()
    assert world.error(SECC) == "the connector is not locked"
    assert not world.events(act.EnergyFlow)
    if service is ServiceId.DC_BPT:
        assert not world.events(act.SetContactor, SECC)
    at = next(e.now for e in world.events(act.StateChanged, SECC) if e.item.after == "PowerOff")
    # An AC car has asked for power by then, and the answer waits no longer than for a contactor.
    assert at <= Timer.SECC_CONNECTOR_LOCK.default_s + 0.6


@covers(Timer.EVCC_CONNECTOR_LOCK)
@BOTH
def test_an_inlet_that_does_not_lock_ends_the_session_before_power(service: ServiceId) -> None:
    world = with_locks(service)
    world.locks_stuck = {EV}
    world.start().run().check_end()
    assert world.error(EV) == "the connector is not locked"
    assert not world.events(act.EnergyFlow, EV)
    assert act.SetContactor(True) not in story(world, EV)
    at = next(e.now for e in world.events(act.StateChanged, EV) if e.item.after == "PowerOff")
    assert at == pytest.approx(Timer.EVCC_CONNECTOR_LOCK.default_s)


def test_an_ac_car_says_that_it_is_not_ready_while_its_inlet_locks() -> None:
    """PD-08: EVProcessing Ongoing; the pilot stays at B until the connector is locked."""
    world = with_locks(ServiceId.AC_BPT)
    world.locks_stuck = {EV}
    world.at(1.2, lambda: setattr(world.vehicle, "locked", True)).start().run(until_s=10.0)
    starts = world.messages("PowerDeliveryReq")
    assert [m.ev_processing.value for m in starts] == ["Ongoing", "Ongoing", "Ongoing", "Finished"]
    assert world.current_a == pytest.approx(-15.0)


def test_the_driver_may_leave_while_the_inlet_locks() -> None:
    world = with_locks(ServiceId.AC_BPT)
    world.locks_stuck = {EV}
    world.at(1.2, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert not world.events(act.EnergyFlow)


@BOTH
@SIDES
def test_a_lock_that_opens_under_power_ends_the_session(service: ServiceId, who: str) -> None:
    world = with_locks(service).start().run(until_s=10.0)
    (world.charger if who == SECC else world.vehicle).locked = False
    world.poll()
    world.run().check_end()
    assert world.error(who) == "the connector is not locked"


@BOTH
def test_without_a_lock_nothing_waits(service: ServiceId) -> None:
    world = World(service=service)
    world.charger.setpoint_w = -6_000.0
    world.start().run(until_s=10.0)
    assert world.current_a == pytest.approx(-15.0)
    assert world.events(act.SetConnectorLock, SECC)  # said in any case: a lock need not be able to tell


# --- the pilot's signal ---


def signals(world: World) -> list[bool]:
    return [e.item.on for e in world.events(act.SetPilotSignal, SECC)]


@BOTH
def test_the_signal_goes_with_a_fault_only(service: ServiceId) -> None:
    world = World(service=service)
    world.at(10.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    assert signals(world) == [True]
    world = World(service=service).start().run(until_s=10.0)
    world.charger.stage = replace(world.charger.stage, emergency_stop=True)
    world.poll()
    assert signals(world) == [True, False]


def test_an_ac_car_that_is_frozen_stops_by_the_pilot_before_the_contactor_opens() -> None:
    world = World(service=ServiceId.AC_BPT)
    world.charger.setpoint_w = -6_000.0
    world.start().run(until_s=10.0)
    world.freeze(EV)
    world.run(until=lambda: SECC in world.ended)
    assert not world.violations
    (opened,) = [e for e in world.events(act.SetContactor, SECC) if not e.item.closed]
    (off,) = [e for e in world.events(act.SetPilotSignal, SECC) if not e.item.on]
    assert off.now < opened.now <= off.now + 0.1
    assert opened.current_a == 0.0


@BOTH
def test_a_car_whose_pilot_loses_its_signal_goes_off(service: ServiceId) -> None:
    world = World(service=service)
    world.charger.setpoint_w = -6_000.0
    world.start().run(until_s=10.0)
    world.vehicle.pilot_signal_on = False
    world.poll()
    world.run().check_end()
    assert world.error(EV) == "the station switched off the signal of its control pilot"


def test_without_a_signal_before_power_the_car_goes_on_talking() -> None:
    """It tells nothing then that the messages don't tell better."""
    world = World(service=ServiceId.DC_BPT)
    world.start().run_to(EV, State.SCHEDULE_EXCHANGE)
    world.vehicle.pilot_signal_on = False
    world.poll()
    assert EV not in world.ended


# --- pilot states ---


@pytest.mark.parametrize(("checked", "code"), [(True, "FAILED"), (False, "OK")])
def test_welding_detection_wants_state_b_where_the_option_says_so(checked: bool, code: str) -> None:
    """DC-06: V2G20-921, V2G20-922."""
    world = World(secc={"pilot_b_after_stop": checked})
    world.at(10.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start()
    world.run_to(SECC, State.DC_WELDING_DETECTION)
    world.charger.pilot_state = "C"
    world.inject(SECC, world._queue[0][1])
    assert world.last_code() == code


def test_a_car_that_shows_state_b_in_time_passes() -> None:
    world = World(secc={"pilot_b_after_stop": True})
    world.at(10.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
