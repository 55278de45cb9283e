"""Side streams: an exchange beside the running session that disturbs neither its state, its timers nor its answers.

Every message on every side stream in every state: test_pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from iso15118.messages.iso20.common.vehicle_check import (
    EVCheckInStatus,
    ParkingMethod,
    VehicleCheckInReq,
    VehicleCheckInRes,
)
from iso15118.messages.model import Record
from iso15118.session import actions as act
from iso15118.session.core import CHARGE_LOOPS, State
from iso15118.session.evcc import EvccSession, SidePhase
from iso15118.session.ports import Wish
from iso15118.session.secc import SeccSession, SideRule
from iso15118.session.side import SideStep
from iso15118.session.timers import Timer
from iso15118.v2gtp import PayloadType
from tests.session.samples import samples, with_session
from tests.session.world import EV, SECC, World, code_of

PARKING = PayloadType.PARKING_STATUS


class Parking:
    """A small exchange of our own: the car asks when a flag is set, the station answers when it is told to."""

    def __init__(self) -> None:
        self.ask = self.ready = False
        self.asked = self.answered = 0

    def answer(self, session: SeccSession, request: VehicleCheckInReq, now: float) -> SideStep:
        """Answer when it is time."""
        self.asked += 1
        if not self.ready and Timer.SECC_CLOSE not in session.expired:
            return SideStep(defer=Timer.SECC_CLOSE)
        return SideStep(VehicleCheckInRes(**session.ok(now=now)))

    def compose(self, session: EvccSession, now: float) -> Record | None:
        """Ask once."""
        if not self.ask:
            return None
        self.ask = False
        return VehicleCheckInReq(
            header=session.header(now),
            ev_check_in_status=EVCheckInStatus.CheckIn,
            parking_method=ParkingMethod.Manual,
        )

    def taken(self, session: EvccSession, response: VehicleCheckInRes, now: float) -> tuple[act.Action, ...]:
        """Count."""
        self.answered += 1
        return ()


def looping(parking: Parking, *, until_s: float = 5.0) -> World:
    """A car and a station with that exchange, in the charge loop."""
    world = World(
        side_handlers={(PARKING, VehicleCheckInReq): SideRule(parking.answer, CHARGE_LOOPS)},
        side_phases={
            PARKING: SidePhase(
                parking.compose, VehicleCheckInRes, parking.taken, CHARGE_LOOPS, Timer.EVCC_MESSAGE_SERVICE_DETAIL
            )
        },
    )
    world.charger.setpoint_w = -6_000.0
    return world.start().run_to(SECC, State.DC_CHARGE_LOOP).run(until_s=until_s)


def set_(parking: Parking, **flags: Any) -> Callable[[], None]:
    return lambda: [setattr(parking, name, value) for name, value in flags.items()] and None


def aside(world: World) -> list[tuple[str, float]]:
    """Names and times of what was said on side streams."""
    return [(type(e.item).__name__, round(e.now, 3)) for e in world.log if e.side is not None]


def loop_times(world: World, name: str) -> list[float]:
    return [round(e.now, 3) for e in world.log if type(e.item).__name__ == name]


def test_it_runs_beside_the_loop_and_leaves_its_pace_alone() -> None:
    undisturbed = looping(Parking(), until_s=8.0)
    parking = Parking()
    parking.ready = True
    world = looping(parking).at(6.07, set_(parking, ask=True)).run(until_s=8.0)
    assert aside(world) == [("VehicleCheckInReq", 6.07), ("VehicleCheckInRes", 6.07)]  # at once, by poll
    assert parking.answered == 1
    for name in ("DC_ChargeLoopReq", "DC_ChargeLoopRes"):
        assert loop_times(world, name) == loop_times(undisturbed, name)
    assert world.secc.next_timer() == undisturbed.secc.next_timer()
    world.vehicle.driver_wish = Wish.STOP
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None


def test_a_deferred_side_answer_comes_between_loops_and_before_a_loop_answer() -> None:
    """The main stream goes on meanwhile, and the answer is tried again at every look."""
    parking = Parking()
    world = looping(parking).at(6.07, set_(parking, ask=True)).at(6.71, set_(parking, ready=True))
    world.run(until_s=8.0)
    assert aside(world) == [("VehicleCheckInReq", 6.07), ("VehicleCheckInRes", 6.71)]
    assert len([at for at in loop_times(world, "DC_ChargeLoopRes") if 6.07 < at < 6.71]) == 4
    assert parking.asked > 3
    assert world.secc.state is world.evcc.state is State.DC_CHARGE_LOOP


def test_a_side_answer_between_loop_request_and_loop_answer() -> None:
    """And the other order: the loop's answer first, though the side request came first."""
    parking = Parking()
    world = looping(parking)
    world.lost = lambda sender, message: sender == SECC  # hold the answers back, and deliver them as we like
    world.run(until=lambda: type(world.log[-1].item).__name__ == "DC_ChargeLoopRes" and world.now > 5.0)
    loop_answer = world.log[-1].item
    set_(parking, ask=True, ready=True)()
    world.poll()
    world.run(until=lambda: type(world.log[-1].item).__name__ == "VehicleCheckInRes")
    side_answer = world.log[-1].item
    world.lost = lambda sender, message: False
    world.inject(EV, side_answer, PARKING)
    assert parking.answered == 1
    assert world.evcc.state is State.DC_CHARGE_LOOP
    assert world.evcc.timers.running(Timer.EVCC_MESSAGE_CHARGE_LOOP)  # the loop's answer is still due
    world.inject(EV, loop_answer)
    world.run(until_s=7.0)
    assert world.evcc.error is world.secc.error is None


def test_both_may_be_outstanding_and_the_loop_is_answered_first() -> None:
    parking = Parking()
    world = looping(parking)
    world.run(until=lambda: bool(world._queue) and world._queue[0][0] == SECC)  # a loop request is on its way
    set_(parking, ask=True)()
    world.poll()
    assert [side for _, _, side in world._queue] == [None, PARKING]
    world.run(until_s=world.now + 0.3)
    set_(parking, ready=True)()
    world.run(until_s=world.now + 0.3)
    said = [type(e.item).__name__ for e in world.log if isinstance(e.item, Record)]
    after = said[said.index("VehicleCheckInReq") - 1 :]
    assert after[:3] == ["DC_ChargeLoopReq", "VehicleCheckInReq", "DC_ChargeLoopRes"]
    assert after[-1] != "VehicleCheckInReq"
    assert parking.answered == 1


def test_a_deferred_answer_to_stop_waits_on_although_a_side_request_is_answered() -> None:
    """The deferred answer of the main stream is neither lost nor given early."""
    parking = Parking()
    parking.ready = True
    world = looping(parking)
    world.vehicle.driver_wish = Wish.STOP
    world.run(until=lambda: world.evcc.state is State.POWER_DELIVERY_STOP)
    world.current_a = 5.0  # gone when the car left, back when the station looks
    world.current_stuck = True
    world._settle()
    world.run(until=lambda: world.secc._deferred is not None)
    request = with_session(samples()[VehicleCheckInReq], world.secc.session_id)
    actions = world.secc.receive(request, world.now, PARKING)
    assert [code_of(a.message) for a in actions if isinstance(a, act.Send)] == ["OK"]
    assert world.secc._deferred is not None
    assert world.secc.timers.running(Timer.SECC_POWER_DELIVERY_STOP)
    assert world.secc.timers.running(Timer.SECC_DEFERRED_POLL)
    world.current_stuck = False
    world._settle()
    world.run(until=lambda: world.secc.state is State.DC_WELDING_DETECTION)
    assert code_of(world.messages("PowerDeliveryRes")[-1]) == "OK"


@pytest.mark.parametrize("how", ["stop", "emergency at the station", "emergency in the car", "cut"])
def test_the_session_ends_while_a_side_exchange_is_outstanding(how: str) -> None:
    parking = Parking()
    world = looping(parking)
    set_(parking, ask=True)()
    world.poll()
    world.run(until_s=5.3)
    assert parking.asked
    match how:
        case "stop":
            world.vehicle.driver_wish = Wish.STOP
        case "emergency at the station":
            world.charger.stage = msgspec.structs.replace(world.charger.stage, emergency_stop=True)
            world.poll()
            # Whoever asked is told, on the stream on which it asked.
            (failed,) = [e for e in world.log if type(e.item).__name__ == "VehicleCheckInRes"]
            assert (failed.side, code_of(failed.item)) == (PARKING, "FAILED")
        case "emergency in the car":
            world.vehicle.battery_reading = msgspec.structs.replace(world.vehicle.battery_reading, emergency_stop=True)
            world.poll()
        case "cut":
            world.cut()
    world.run().check_end()
    assert (world.error(EV) is None) is (how == "stop")
    assert parking.answered == 0  # nothing waits for it


def test_an_answer_that_comes_after_the_loop_was_left_is_taken() -> None:
    parking = Parking()
    world = looping(parking)
    world.vehicle.driver_wish = Wish.STOP
    world.run(until=lambda: world.evcc.context.zero_seen)
    set_(parking, ask=True)()
    world.poll()
    world.run(until=lambda: parking.answered == 1 or world.evcc.state is State.SESSION_STOP)
    set_(parking, ready=True)()
    world.poll()
    world.run().check_end()
    assert parking.answered == 1
    assert world.error(EV) is world.error(SECC) is None


def test_each_stream_has_a_message_timer_of_its_own() -> None:
    """The loop goes on for the whole of it, then the car ends because of the side stream alone."""
    parking = Parking()
    world = looping(parking)
    world.lost = lambda sender, message: type(message).__name__ == "VehicleCheckInRes"
    set_(parking, ask=True, ready=True)()
    world.poll()
    world.run(until_s=9.99)
    assert world.evcc.error is None
    world.run().check_end()
    assert world.error(EV) == "EVCC_MESSAGE_SERVICE_DETAIL: nothing within 5 s"
    assert loop_times(world, "DC_ChargeLoopRes")[-1] >= 9.8


def test_the_handshake_and_a_response_have_no_answer_on_a_side_stream() -> None:
    for cls in ("SupportedAppProtocolReq", "VehicleCheckInRes"):
        world = World().start().run_to(SECC, State.DC_CHARGE_LOOP)
        (message,) = [message for message in samples().values() if type(message).__name__ == cls]
        actions = world.inject(SECC, with_session(message, world.secc.session_id), PARKING)
        assert not [a for a in actions if isinstance(a, act.Send)]
        world.run().check_end()
        assert cls in (world.error(SECC) or "")


@pytest.mark.parametrize("state", [State.SESSION_SETUP, State.AUTHORIZATION, State.DC_PRE_CHARGE, State.SESSION_STOP])
def test_a_side_request_beside_a_wrong_state(state: State) -> None:
    parking = Parking()
    world = World(side_handlers={(PARKING, VehicleCheckInReq): SideRule(parking.answer, CHARGE_LOOPS)})
    world.start()
    if state is State.SESSION_STOP:
        world.at(5.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    world.run_to(SECC, state)
    request = with_session(samples()[VehicleCheckInReq], world.secc.session_id)
    (answer,) = [a for a in world.inject(SECC, request, PARKING) if isinstance(a, act.Send)]
    assert (answer.side, code_of(answer.message)) == (PARKING, "FAILED_SequenceError")
    assert not parking.asked
    world.run().check_safe()


def test_an_answer_can_only_be_deferred_so_long() -> None:
    """The handler then has to answer; the limit of one request is none of the next."""
    parking = Parking()
    world = looping(parking)
    world.evcc.timers.limits.overrides["EVCC_MESSAGE_SERVICE_DETAIL"] = 60.0
    for asked in (6.07, 20.07):
        world.at(asked, set_(parking, ask=True))
    world.run(until_s=26.0)
    assert aside(world) == [
        *(("VehicleCheckInReq", 6.07), ("VehicleCheckInRes", 11.07)),
        *(("VehicleCheckInReq", 20.07), ("VehicleCheckInRes", 25.07)),
    ]


def test_a_second_request_before_the_first_is_answered() -> None:
    parking = Parking()
    world = looping(parking)
    request = with_session(samples()[VehicleCheckInReq], world.secc.session_id)
    assert not [a for a in world.inject(SECC, request, PARKING) if isinstance(a, act.Send)]
    (answer,) = [a for a in world.inject(SECC, request, PARKING) if isinstance(a, act.Send)]
    assert (answer.side, code_of(answer.message)) == (PARKING, "FAILED_SequenceError")
    world.run().check_safe()


@pytest.mark.parametrize("foreign", [bytes(8), b"\xff" * 8], ids=["zero", "foreign"])
def test_a_side_request_of_another_session(foreign: bytes) -> None:
    world = looping(Parking())
    mine = world.secc.session_id
    request = with_session(samples()[VehicleCheckInReq], foreign)
    (answer,) = [a for a in world.inject(SECC, request, PARKING) if isinstance(a, act.Send)]
    assert (answer.side, code_of(answer.message)) == (PARKING, "FAILED_UnknownSession")
    assert answer.message.header.session_id == mine  # type: ignore[attr-defined]
    world.run().check_safe()


def test_a_side_request_under_an_emergency_stop() -> None:
    world = looping(Parking())
    world.charger.stage = msgspec.structs.replace(world.charger.stage, emergency_stop=True)
    request = with_session(samples()[VehicleCheckInReq], world.secc.session_id)
    (answer,) = [a for a in world.inject(SECC, request, PARKING) if isinstance(a, act.Send)]
    assert (answer.side, code_of(answer.message)) == (PARKING, "FAILED")
    world.run().check_safe()


def test_a_handler_that_neither_answers_nor_defers_is_a_bug() -> None:
    world = World(side_handlers={(PARKING, VehicleCheckInReq): SideRule(lambda *_: SideStep(), CHARGE_LOOPS)})
    world.start().run_to(SECC, State.DC_CHARGE_LOOP)
    with pytest.raises(Exception, match="neither answered nor deferred"):
        world.secc.receive(with_session(samples()[VehicleCheckInReq], world.secc.session_id), world.now, PARKING)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("wrong", "VehicleCheckOutRes in state PARKING_STATUS, which expects VehicleCheckInRes"),
        ("foreign", "foreign SessionID"),
        ("FAILED", "the station answered PARKING_STATUS with FAILED"),
        ("emergency", "emergency stop"),
        ("refused by the car", "not with us"),
        ("WARNING", None),
    ],
)
def test_what_an_answer_on_a_side_stream_does(answer: str, error: str | None) -> None:
    parking = Parking()
    world = looping(parking)
    set_(parking, ask=True)()
    world.poll()
    mine = world.evcc.session_id
    response: Any = with_session(samples()[VehicleCheckInRes], mine)
    match answer:
        case "wrong":
            (other,) = [m for m in samples().values() if type(m).__name__ == "VehicleCheckOutRes"]
            response = with_session(other, mine)
        case "foreign":
            response = with_session(response, b"\xff" * 8)
        case "FAILED" | "WARNING":
            (code,) = [
                c
                for c in type(response.response_code)
                if c.name in ("FAILED", "WARNING_StandbyNotAllowed") and c.name.startswith(answer)
            ]
            response = msgspec.structs.replace(response, response_code=code)
        case "emergency":
            world.vehicle.battery_reading = msgspec.structs.replace(world.vehicle.battery_reading, emergency_stop=True)
        case "refused by the car":
            phase = world.evcc._side_phases[PARKING]
            refusing = phase._replace(handler=lambda session, *_: session.fail("not with us").actions)
            world.evcc._side_phases = {PARKING: refusing}
    world.evcc.receive(response, world.now, PARKING)
    assert (None if world.evcc.error is None else error in str(world.evcc.error)) is (None if error is None else True)
