"""What goes wrong: current is zero before a contactor opens, and both sides come to an end."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import pytest

from iso15118.errors import CodecError
from iso15118.messages.iso20.common.power_delivery import ChargeProgress
from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.evcc import PHASES
from iso15118.session.ports import IsolationState, Wish
from iso15118.session.quantities import ZERO
from iso15118.session.secc import HANDLERS
from iso15118.session.services import ControlMode
from iso15118.session.timers import Limits
from tests.session.world import EV, SECC, World

SECC_STATES = list(dict.fromkeys(state for state, _ in HANDLERS))
BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))
replace = msgspec.structs.replace


def running(
    mode: ControlMode = ControlMode.DYNAMIC, power_w: float = -6_000.0, ramp_a_per_s: float = math.inf
) -> World:
    """A session in which energy flows."""
    world = World(mode=mode)
    world.ramp_a_per_s = ramp_a_per_s
    world.charger.setpoint_w = power_w
    world.start().run(until_s=10.0)
    assert world.current_a == power_w / 400.0
    return world


def emergency_at_station(world: World) -> None:
    world.charger.stage = replace(world.charger.stage, emergency_stop=True)


def emergency_at_car(world: World) -> None:
    world.vehicle.battery_reading = replace(world.vehicle.battery_reading, emergency_stop=True)


def order(world: World) -> list[str]:
    """Stage off, contactors and closes, in the order in which they were wanted, from the last set point on."""
    story: list[str] = []
    for event in world.log:
        match event.item:
            case act.SetStage(mode=mode):
                story = [] if mode is not act.StageMode.OFF else [*story, "off"]
            case act.SetContactor(closed=False):
                assert abs(event.current_a) <= 1.0, event
                story.append(f"{event.at} opens")
            case act.Close():
                story.append(f"{event.at} closes")
            case _:
                pass
    return story


FAULTS: dict[str, Callable[[World], object]] = {
    "emergency stop at the station": emergency_at_station,
    "emergency stop at the car": emergency_at_car,
    "unplugged": World.unplug,
    "connection cut": World.cut,
    "car's messages lost": lambda world: world.silence(EV),
    "station's messages lost": lambda world: world.silence(SECC),
    "garbage at the station": lambda world: world.reject(SECC, CodecError("not EXI")),
    "garbage at the car": lambda world: world.reject(EV, CodecError("not EXI")),
    "car falls back to pilot state B": lambda world: setattr(world.charger, "pilot_state", "B"),
    "station's contactor falls open": lambda world: setattr(
        world.charger, "stage", replace(world.charger.stage, contactor_closed=False, contactor_fault=True)
    ),
}


@BOTH_MODES
@pytest.mark.parametrize("power_w", [6_000.0, -6_000.0])
@pytest.mark.parametrize("ramp_a_per_s", [math.inf, 20.0])
@pytest.mark.parametrize("fault", FAULTS)
def test_fault_while_energy_flows(mode: ControlMode, power_w: float, ramp_a_per_s: float, fault: str) -> None:
    world = running(mode, power_w, ramp_a_per_s)
    FAULTS[fault](world)
    world.poll()
    world.run().check_end()
    story = order(world)
    assert story[0] == "off"
    assert {"SECC opens", "EV opens"} <= set(story)
    assert world.error(EV) or world.error(SECC)
    # A second at most until the outlet is dead, two where only a silence of 0.5 s tells.
    opened = [e.now for e in world.events(act.SetContactor, SECC) if not e.item.closed]
    assert opened[-1] <= 12.0
    assert world.events(act.EnergyFlow, SECC)[-1].item.flowing is False


@pytest.mark.parametrize("fault", [f for f in FAULTS if f != "car falls back to pilot state B"])
@pytest.mark.parametrize("state", SECC_STATES, ids=lambda state: state.value)
def test_fault_in_every_state(state: State, fault: str) -> None:
    world = World(towards=state)
    world.charger.setpoint_w = -6_000.0
    world.at(5.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    world.start().run_to(SECC, state)
    FAULTS[fault](world)
    world.poll()
    world.run().check_end()


@pytest.mark.parametrize("lost", ["Req", "Res"])
@pytest.mark.parametrize("state", list(PHASES), ids=lambda state: state.value)
def test_one_lost_message_ends_the_session(state: State, lost: str) -> None:
    world = World(towards=state)
    phase = PHASES[state].response.__name__[:-3]
    world.charger.setpoint_w = -6_000.0
    world.at(5.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    world.lost = lambda sender, message: type(message).__name__ == phase + lost
    world.start().run().check_end()
    assert world.error(EV) or world.error(SECC)


def test_emergency_stop_of_the_station_needs_no_request_and_names_itself_in_the_next_answer() -> None:
    world = running()
    emergency_at_station(world)
    at = world.now
    world.poll()
    assert world.stage.mode is act.StageMode.OFF
    world.run().check_end()
    assert world.error(SECC) == "emergency stop"
    (opened,) = [e for e in world.events(act.SetContactor, SECC) if not e.item.closed]
    assert opened.now <= at + 0.05

    world = running()
    emergency_at_station(world)  # nobody polls: the next request finds it
    world.run().check_end()
    assert world.last_code() == "FAILED"
    assert world.error(SECC) == "emergency stop"


def test_emergency_stop_while_an_answer_is_deferred() -> None:
    world = running()
    world.current_stuck = True
    start = world.messages("PowerDeliveryReq")[-1]
    world.inject(SECC, replace(start, charge_progress=ChargeProgress.Stop))
    assert world.secc.state is State.DC_CHARGE_LOOP
    emergency_at_station(world)
    world.current_stuck = False
    world.poll()
    assert world.last_code() == "FAILED"
    assert world.messages()[-1].__class__.__name__ == "PowerDeliveryRes"
    world.run().check_safe()
    assert world.error(SECC) == "emergency stop"


def test_unplugged_while_an_answer_is_deferred() -> None:
    world = running()
    world.current_stuck = True
    start = world.messages("PowerDeliveryReq")[-1]
    world.inject(SECC, replace(start, charge_progress=ChargeProgress.Stop))
    world.current_stuck = False
    world.unplug()
    world.run().check_end()
    assert world.error(SECC) == "unplugged"


def test_next_request_while_an_answer_is_deferred() -> None:
    world = running()
    world.current_stuck = True
    start = world.messages("PowerDeliveryReq")[-1]
    request = world.messages("DC_ChargeLoopReq")[-1]
    world.inject(SECC, replace(start, charge_progress=ChargeProgress.Stop))
    world.inject(SECC, request)
    assert world.last_code() == "FAILED_SequenceError"
    world.current_stuck = False
    world._settle()
    world.run().check_safe()


def test_pilot_state_b_with_a_deferred_stop_is_a_regular_stop() -> None:
    world = running()
    world.current_stuck = True
    start = world.messages("PowerDeliveryReq")[-1]
    world.freeze(EV)
    world.inject(SECC, replace(start, charge_progress=ChargeProgress.Stop))
    world.charger.pilot_state = "B"
    world.poll()
    world.current_stuck = False
    world.poll()
    assert world.last_code() == "OK"
    assert world.secc.state is State.DC_WELDING_DETECTION


def test_car_answered_with_failed_goes_to_pilot_b_waits_for_current_and_opens() -> None:
    world = running()
    answer = world.messages("DC_ChargeLoopRes")[-1]
    world.freeze(SECC)  # a station that says FAILED and then does nothing about it for a while
    world.evcc._awaiting = True
    world.inject(EV, replace(answer, response_code=type(answer.response_code).FAILED))
    assert world.charger.pilot_state == "B"
    assert world.vehicle.battery_reading.contactor_closed
    assert not world.events(act.Close)
    world.run(until_s=10.5)
    assert world.vehicle.battery_reading.contactor_closed
    world.stage = act.SetStage(mode=act.StageMode.OFF)
    world._settle()
    world.run(until_s=10.6)
    assert not world.vehicle.battery_reading.contactor_closed
    assert world.evcc.state is State.ENDED
    assert not world.violations
    assert "DC_ChargeLoop with FAILED" in (world.error(EV) or "")


def test_cable_cut_while_power_goes_off_leaves_nothing_to_close() -> None:
    world = running()
    world.current_stuck = True
    emergency_at_station(world)
    world.poll()
    assert world.secc.state is State.POWER_OFF
    assert world.secc.connection_lost(world.now) == []
    world.current_stuck = False
    world.run().check_safe()
    assert not world.events(act.Close, SECC)
    assert world.secc.state is State.ENDED


def test_nothing_more_happens_after_the_end() -> None:
    world = running()
    world.cut()
    world.run().check_end()
    for session in (world.secc, world.evcc):
        assert session.poll(99.0) == []
        assert session.handle_timer(99.0) == []
        assert session.connection_lost(99.0) == []
        assert session.reject(CodecError("late"), 99.0) == []


def test_isolation_fault_ends_before_any_energy() -> None:
    world = World()
    world.isolation = IsolationState.FAULT
    world.start().run().check_end()
    assert not world.events(act.EnergyFlow)
    assert world.registers() == (0, 0)


@pytest.mark.parametrize("stuck", [EV, SECC])
def test_a_welded_contactor_leaves_the_other_to_open(stuck: str) -> None:
    world = running()
    world.secc_contactor_stuck, world.evcc_contactor_stuck = stuck == SECC, stuck == EV
    world.vehicle.driver_wish = Wish.STOP
    world.run().check_end()
    assert world.current_a == 0.0


def test_a_station_that_lies_about_its_current_does_not_make_the_car_open_under_load() -> None:
    """The car's own sensor decides: it waits in the loop, then in welding detection."""
    world = World(evcc_limits=Limits({"EVCC_RAMP_DOWN": 1.0}))
    world.charger.setpoint_w = 4_000.0
    world.start().run(until_s=10.0)
    world.freeze(SECC)
    world.vehicle.driver_wish = Wish.STOP
    loop = replace(world.messages("DC_ChargeLoopRes")[-1], evse_present_current=ZERO)
    answers = {
        State.DC_CHARGE_LOOP: loop,
        State.POWER_DELIVERY_STOP: world.messages("PowerDeliveryRes")[-1],
    }
    while world.evcc.state in answers:
        world.run(until_s=world.now + 0.2)
        world.inject(EV, answers[world.evcc.state])
    asked = [e.now for e in world.log if getattr(e.item, "charge_progress", None) is ChargeProgress.Stop]
    assert asked[0] >= 11.0  # EVCC_RAMP_DOWN: only then does it leave the loop under current
    assert world.evcc.state is State.DC_WELDING_DETECTION
    assert world.vehicle.battery_reading.contactor_closed
    assert world.charger.pilot_state == "B"
    assert not world.violations


def test_emergency_stop_of_the_car_is_found_with_the_next_answer_too() -> None:
    world = running()
    emergency_at_car(world)  # nobody polls
    world.run().check_end()
    assert world.error(EV) == "emergency stop"


def test_power_off_goes_on_at_a_poll() -> None:
    world = running()
    world.current_stuck = True
    emergency_at_station(world)
    world.poll()
    assert world.secc.state is State.POWER_OFF
    world.current_stuck = False
    world.poll()  # the sensor has news: no need to wait for the timer
    assert world.secc.state is State.ENDED
    world.run().check_end()
