"""Every limit of the table runs out in virtual time, exactly when it should and with its documented effect."""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import msgspec
import pytest

from iso15118.errors import LocalError
from iso15118.messages.iso20.common.power_delivery import ChargeProgress
from iso15118.messages.iso20.types import Processing
from iso15118.session import actions as act
from iso15118.session.core import CHARGE_LOOPS, Session, State
from iso15118.session.evcc import PHASES
from iso15118.session.ports import Authorization, IsolationState, Wish
from iso15118.session.secc import HANDLERS
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.timers import PROFILES, Deadlines, Limits, Timer
from tests.session.world import EV, SECC, UNIX_S, World, code_of

SECC_STATES = list(dict.fromkeys(state for state, _ in HANDLERS))
COVERED: set[Timer] = set()
"""Which timers the tests below see run out; the last test wants all."""

Test = TypeVar("Test", bound=Callable[..., None])
ASKED_BY_AGE = {Timer.EVCC_METER_INFO_INTERVAL, Timer.SECC_PAUSED_SESSION}
"""These two run nowhere: what is asked is how long ago something was. All others are seen to run out."""


def covers(
    *timers: Timer, any_of: bool = False, but: Callable[..., bool] = lambda **_: False
) -> Callable[[Test], Test]:
    """Say which timers a test sees run out, in virtual time; and see that they do.

    Args:
        timers: All of them run out while the test runs.
        any_of: One of them does; which one is the test's parameter.
        but: Whether, with these parameters, the test shows the opposite.
    """
    COVERED.update(timers)
    wanted = set(timers) - ASKED_BY_AGE

    def watch(test: Test) -> Test:
        @functools.wraps(test)
        def watched(**parameters: Any) -> None:
            with watching() as ran_out:
                test(**parameters)
            seen = wanted & ran_out
            if but(**parameters):
                assert not seen
            else:
                assert seen if any_of else seen == wanted, f"{sorted(t.name for t in wanted - seen)} did not run out"

        return cast("Test", watched)

    return watch


@contextlib.contextmanager
def watching() -> Iterator[set[Timer]]:
    """Look on while deadlines run out and messages are late."""
    ran_out: set[Timer] = set()
    due, pace = Deadlines.pop_due, Session._pace

    def pop_due(self: Deadlines, now: float) -> Timer | None:
        timer = due(self, now)
        ran_out.update(() if timer is None else (timer,))
        return timer

    def _pace(self: Session, limit: Timer, *rest: Any) -> list[act.Action]:
        late = pace(self, limit, *rest)
        ran_out.update((limit,) if late else ())
        return late

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Deadlines, "pop_due", pop_due)
        patch.setattr(Session, "_pace", _pace)
        yield ran_out


def expires(world: World, at: str, timer: Timer, due: float, *, seconds: float | None = None) -> None:
    """``timer`` ends the session of one side at ``due`` and not a moment earlier."""
    seconds = timer.default_s if seconds is None else seconds
    session = world.session(at)
    world.run(until_s=math.nextafter(due, 0.0) - 1e-9)
    assert session.error is None, session.error
    world.run(until_s=due + 1e-9)
    assert session.error is not None
    assert str(session.error) == f"{timer.name}: nothing within {seconds:g} s"
    world.current_stuck = False
    world.run().check_safe()
    assert session.state is State.ENDED


def last(world: World, name: str) -> float:
    """When a message was last sent, s."""
    return [e.now for e in world.log if type(e.item).__name__ == name][-1]


# --- the table ---


def test_the_standard_figures() -> None:
    limits = Limits()
    assert {timer.name: limits.seconds(timer) for timer in Timer} == {
        "SECC_COMMUNICATION_SETUP": 18.0,
        "EVCC_COMMUNICATION_SETUP": 20.0,
        "SECC_SEQUENCE": 60.0,
        "SECC_SEQUENCE_CHARGE_LOOP": 0.5,
        "EVCC_MESSAGE": 2.0,
        "EVCC_MESSAGE_SERVICE_DETAIL": 5.0,
        "EVCC_MESSAGE_CHARGE_LOOP": 0.5,
        "EVCC_MESSAGE_PARKING_STATUS": 2.0,
        "EVCC_MESSAGE_METERING_CONFIRMATION": 2.0,
        "EVCC_MESSAGE_SCHEDULE_RENEGOTIATION": 2.0,
        "EVCC_SIDE_INTERVAL": 0.5,
        "EVCC_RENEGOTIATION_RETRY": 60.0,
        "SECC_PERFORMANCE": 1.5,
        "SECC_PERFORMANCE_CHARGE_LOOP": 0.25,
        "EVCC_PERFORMANCE_CHARGE_LOOP": 0.25,
        "EVCC_ONGOING_AUTHORIZATION": 60.0,
        "EVCC_ONGOING_PARAMETER_DISCOVERY": 60.0,
        "EVCC_ONGOING_SCHEDULE_EXCHANGE": 60.0,
        "EVCC_CABLE_CHECK": 40.0,
        "EVCC_PRE_CHARGE": 10.0,
        "EVCC_WELDING_DETECTION": 60.0,
        "SECC_ONGOING_EIM": 180.0,
        "SECC_ONGOING_PARAMETER_DISCOVERY": 65.0,
        "SECC_ONGOING_SCHEDULE_EXCHANGE": 55.0,
        "SECC_ONGOING_POWER_DELIVERY": 70.0,
        "SECC_CABLE_CHECK": 60.0,
        "SECC_PRE_CHARGE": 70.0,
        "SECC_WELDING_DETECTION": 70.0,
        "SECC_METERING_SIGNATURE": 1.4,
        "SECC_EV_POWER_PROFILE_VIOLATION": 10.0,
        "EVCC_CHARGE_LOOP_INTERVAL": 0.2,
        "EVCC_ONGOING_INTERVAL": 0.5,
        "EVCC_PRE_CHARGE_INTERVAL": 0.1,
        "EVCC_METER_INFO_INTERVAL": 60.0,
        "SECC_AC_CONTACTOR": 1.4,
        "SECC_POWER_DELIVERY_STOP": 1.4,
        "SECC_STOP_NOTIFICATION": 60.0,
        "EVCC_RAMP_DOWN": 10.0,
        "SECC_CONNECTOR_LOCK": 3.0,
        "EVCC_CONNECTOR_LOCK": 3.0,
        "SECC_POWER_OFF": 1.0,
        "EVCC_POWER_OFF": 1.0,
        "POWER_OFF_POLL": 0.05,
        "SECC_DEFERRED_POLL": 0.05,
        "SECC_CLOSE": 5.0,
        "SECC_PAUSED_SESSION": 172_800.0,
    }
    assert len({timer.value for timer in Timer}) == len(Timer)  # equal limits are no aliases
    assert all(timer.source for timer in Timer)


def test_overrides_win_over_profiles_and_both_over_the_standard() -> None:
    assert Limits(profile="field_60s").seconds(Timer.SECC_SEQUENCE_CHARGE_LOOP) == 60.0
    limits = Limits({"SECC_SEQUENCE_CHARGE_LOOP": 2.0}, profile="lab")
    assert limits.seconds(Timer.SECC_SEQUENCE_CHARGE_LOOP) == 2.0
    assert limits.seconds(Timer.EVCC_MESSAGE) == PROFILES["lab"]["EVCC_MESSAGE"]
    assert limits.seconds(Timer.SECC_CLOSE) == 5.0
    for profile in PROFILES:
        assert Limits(profile=profile).profile == profile


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan, math.inf])
def test_limits_are_positive_and_finite(seconds: float) -> None:
    with pytest.raises(LocalError, match="SECC_CLOSE needs a positive number"):
        Limits({"SECC_CLOSE": seconds})


def test_unknown_names_are_refused_with_those_that_exist() -> None:
    with pytest.raises(LocalError, match=r"no timer 'SECC_CLOSED'; there are .*SECC_CLOSE"):
        Limits({"SECC_CLOSED": 1.0})
    with pytest.raises(LocalError, match=r"no timer profile 'fast'; there are standard, field_60s, lab"):
        Limits(profile="fast")


def test_deadlines() -> None:
    deadlines = Deadlines(Limits())
    assert deadlines.next() is None
    deadlines.start(Timer.SECC_CLOSE, 10.0)
    deadlines.start_once(Timer.SECC_CLOSE, 12.0)
    deadlines.start(Timer.EVCC_MESSAGE, 11.0)
    deadlines.start(Timer.SECC_SEQUENCE, 11.0)
    assert deadlines.next() == 13.0
    assert deadlines.pop_due(12.9) is None
    assert deadlines.pop_due(15.0) is Timer.EVCC_MESSAGE
    assert deadlines.pop_due(15.0) is Timer.SECC_CLOSE
    assert deadlines.pop_due(15.0) is None
    assert deadlines.running(Timer.SECC_SEQUENCE)
    deadlines.stop(Timer.SECC_SEQUENCE, Timer.SECC_CLOSE)
    assert deadlines.next() is None


# --- silence ---


@covers(Timer.SECC_COMMUNICATION_SETUP)
def test_station_waits_for_the_first_message() -> None:
    expires(World(), SECC, Timer.SECC_COMMUNICATION_SETUP, 18.0)


@covers(Timer.SECC_COMMUNICATION_SETUP)
def test_station_waits_for_session_setup_no_longer() -> None:
    world = World().start().run_to(SECC, State.SESSION_SETUP)
    world.freeze(EV)
    expires(world, SECC, Timer.SECC_COMMUNICATION_SETUP, 18.0)


@covers(Timer.EVCC_COMMUNICATION_SETUP)
def test_car_waits_for_a_session_no_longer_even_if_each_message_may_take_its_time() -> None:
    world = World(evcc_limits=Limits({"EVCC_MESSAGE": 30.0}))
    world.freeze(SECC)
    expires(world.start(), EV, Timer.EVCC_COMMUNICATION_SETUP, 20.0)


@covers(Timer.SECC_SEQUENCE)
@pytest.mark.parametrize("state", SECC_STATES[2:], ids=lambda state: state.value)
@pytest.mark.parametrize("mode", list(ControlMode))
def test_station_waits_for_the_next_request(state: State, mode: ControlMode) -> None:
    """60 s, except between a charge-loop response and the next request: 0.5 s."""
    world = World(mode=mode, towards=state)
    world.at(8.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    world.start().run_to(SECC, state)
    world.freeze(EV)
    sent = world.now
    # The first request of a loop follows PowerDeliveryRes: it has the long limit too.
    expires(world, SECC, Timer.SECC_SEQUENCE, [e.now for e in world.log if e.at == SECC][-1] + 60.0)
    assert world.now >= sent + 60.0


@covers(Timer.SECC_SEQUENCE_CHARGE_LOOP)
@pytest.mark.parametrize("mode", list(ControlMode))
def test_station_waits_half_a_second_in_the_loop(mode: ControlMode) -> None:
    world = World(mode=mode)
    world.charger.setpoint_w = -6_000.0
    world.start().run_to(SECC, State.DC_CHARGE_LOOP).run(until_s=5.0)
    world.freeze(EV)
    expires(world, SECC, Timer.SECC_SEQUENCE_CHARGE_LOOP, last(world, "DC_ChargeLoopRes") + 0.5)
    assert world.stage.mode is act.StageMode.OFF


@covers(Timer.SECC_SEQUENCE)
def test_station_waits_60_s_for_what_follows_the_loop() -> None:
    world = World()
    world.start().run_to(SECC, State.DC_CHARGE_LOOP).run(until_s=5.0)
    world.vehicle.driver_wish = Wish.STOP
    world.run(until=lambda: world.secc.state is State.DC_WELDING_DETECTION)
    world.freeze(EV)
    expires(world, SECC, Timer.SECC_SEQUENCE, last(world, "PowerDeliveryRes") + 60.0)


@covers(Timer.SECC_SEQUENCE_CHARGE_LOOP)
def test_profile_for_peers_that_are_slow_in_the_loop() -> None:
    world = World(secc_limits=Limits(profile="field_60s"))
    world.start().run_to(SECC, State.DC_CHARGE_LOOP).run(until_s=5.0)
    world.freeze(EV)
    due = last(world, "DC_ChargeLoopRes") + 60.0
    expires(world, SECC, Timer.SECC_SEQUENCE_CHARGE_LOOP, due, seconds=60.0)


@covers(*{phase.timer for phase in PHASES.values()}, any_of=True)
@pytest.mark.parametrize("state", list(PHASES), ids=lambda state: state.value)
def test_car_waits_for_the_response(state: State) -> None:
    world = World(towards=state, secc_limits=Limits(profile="field_60s"))  # else the station may be first
    world.charger.setpoint_w = -6_000.0
    world.at(8.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    world.start()
    if state in CHARGE_LOOPS:
        world.run_to(EV, state).run(until_s=5.0)
    world.run_to(EV, state)
    world.silence(SECC)
    world._queue.clear()
    timer = PHASES[state].timer
    assert timer.default_s == {"ServiceDetail": 5.0, "AC_ChargeLoop": 0.5, "DC_ChargeLoop": 0.5}.get(state.value, 2.0)
    expires(world, EV, timer, [e.now for e in world.log if e.at == EV][-1] + timer.default_s)
    assert world.charger.pilot_state == "B"


@covers(Timer.SECC_CLOSE)
def test_station_keeps_the_connection_until_the_car_closes() -> None:
    """V2G20-1643: 5 s."""
    world = World()
    world.at(5.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    world.start().run_to(EV, State.SESSION_STOP)
    world.freeze(EV)
    said = last(world, "SessionStopRes")
    world.run(until_s=said + 4.999)
    assert world.secc.state is State.CLOSING
    assert not world.events(act.Close)
    world.run(until_s=said + 5.0)
    assert [(e.now, e.at) for e in world.events(act.Close)][:1] == [(said + 5.0, SECC)]
    assert world.secc.state is State.ENDED


@covers(Timer.SECC_AC_CONTACTOR)
@pytest.mark.parametrize(("pilot", "code"), [("C", "FAILED_ContactorError"), ("B", "FAILED_PowerDeliveryNotApplied")])
def test_station_waits_for_its_ac_contactor_and_for_the_pilot(pilot: str, code: str) -> None:
    world = World(service=ServiceId.AC)
    world.secc_contactor_stuck = True
    world.start().run_to(SECC, State.POWER_DELIVERY)
    world.charger.pilot_state = pilot
    asked = world.now
    world.run(until_s=asked + 1.4 - 1e-9)
    assert not world.messages("PowerDeliveryRes")
    world.run(until_s=asked + 1.4 + 1e-9)
    assert world.last_code() == code
    world.run().check_end()
    assert not world.events(act.EnergyFlow)


# --- Ongoing ---


@covers(Timer.EVCC_ONGOING_AUTHORIZATION)
def test_car_gives_up_an_authorization_that_never_comes() -> None:
    world = World()
    world.charger.authorized = Authorization.PENDING
    world.start().run_to(EV, State.AUTHORIZATION)
    expires(world, EV, Timer.EVCC_ONGOING_AUTHORIZATION, world.now + 60.0)


@covers(Timer.SECC_ONGOING_EIM)
def test_station_gives_up_an_authorization_that_never_comes() -> None:
    world = World(evcc_limits=Limits({"EVCC_ONGOING_AUTHORIZATION": 1_000.0}))
    world.charger.authorized = Authorization.PENDING
    world.start().run().check_end()
    answers = [(e.now, code_of(e.item)) for e in world.log if type(e.item).__name__ == "AuthorizationRes"]
    assert {code for _, code in answers[:-1]} == {"OK"}
    assert answers[-1] == (180.0, "FAILED")


@covers(Timer.SECC_ONGOING_SCHEDULE_EXCHANGE)
@pytest.mark.parametrize("mode", list(ControlMode))
def test_station_ends_the_wait_for_a_schedule_with_what_it_has(mode: ControlMode) -> None:
    world = World(mode=mode)
    world.charger.schedule_ready = False
    world.at(70.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    answers = [(e.now, e.item.evse_processing) for e in world.log if type(e.item).__name__ == "ScheduleExchangeRes"]
    assert {processing for _, processing in answers[:-1]} == {Processing.Ongoing}
    assert answers[-1] == (55.0, Processing.Finished)
    assert world.error(SECC) is None


@covers(Timer.EVCC_ONGOING_SCHEDULE_EXCHANGE)
def test_car_gives_up_a_schedule_that_never_comes() -> None:
    world = World(secc_limits=Limits({"SECC_ONGOING_SCHEDULE_EXCHANGE": 1_000.0}))
    world.charger.schedule_ready = False
    world.start().run_to(EV, State.SCHEDULE_EXCHANGE)
    expires(world, EV, Timer.EVCC_ONGOING_SCHEDULE_EXCHANGE, world.now + 60.0)


@covers(Timer.EVCC_CABLE_CHECK)
def test_car_gives_up_a_cable_check_that_never_ends() -> None:
    world = World()
    world.isolation = IsolationState.PENDING
    world.start().run_to(EV, State.DC_CABLE_CHECK)
    expires(world, EV, Timer.EVCC_CABLE_CHECK, world.now + 40.0)


@covers(Timer.EVCC_PRE_CHARGE)
@pytest.mark.parametrize("fault", ["station's voltage", "car's contactor"])
def test_car_gives_up_a_pre_charge_that_never_ends(fault: str) -> None:
    world = World()
    world.secc_contactor_stuck = fault == "station's voltage"
    world.evcc_contactor_stuck = fault == "car's contactor"
    world.start().run_to(EV, State.DC_PRE_CHARGE)
    expires(world, EV, Timer.EVCC_PRE_CHARGE, world.now + 10.0)


@covers(Timer.EVCC_WELDING_DETECTION)
def test_car_ends_a_welding_detection_that_never_sees_open_contactors() -> None:
    world = World()
    world.start().run_to(SECC, State.DC_CHARGE_LOOP)
    world.evcc_contactor_stuck = True
    world.vehicle.driver_wish = Wish.STOP
    world.run().check_end()
    stopped = last(world, "PowerDeliveryRes")
    requests = [e for e in world.log if type(e.item).__name__ == "DC_WeldingDetectionReq"]
    assert {e.item.ev_processing for e in requests[:-1]} == {Processing.Ongoing}
    assert requests[-1].item.ev_processing is Processing.Finished
    assert requests[-1].now == pytest.approx(stopped + 60.0, abs=0.5)
    assert requests[-1].now >= stopped + 60.0


# --- pace ---


def pauses(world: World, name: str) -> set[float]:
    at = [e.now for e in world.log if type(e.item).__name__ == name]
    return {round(b - a, 6) for a, b in itertools.pairwise(at)}


@covers(
    Timer.EVCC_CHARGE_LOOP_INTERVAL,
    Timer.EVCC_ONGOING_INTERVAL,
    Timer.EVCC_PRE_CHARGE_INTERVAL,
    Timer.EVCC_METER_INFO_INTERVAL,
)
def test_pace_of_the_car() -> None:
    world = World()
    world.charger.schedule_ready = False
    world.at(20.0, lambda: setattr(world.charger, "schedule_ready", True))
    world.at(200.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    assert pauses(world, "ScheduleExchangeReq") == {0.5}
    assert pauses(world, "DC_CableCheckReq") == {0.5}
    assert pauses(world, "DC_PreChargeReq") == {0.1}
    assert pauses(world, "DC_ChargeLoopReq") == {0.2}
    asked = [e.now for e in world.log if getattr(e.item, "meter_info_requested", False)]
    assert [round(at - asked[0]) for at in asked[:4]] == [0, 60, 120, round(200 - asked[0])]


# --- power off ---


@covers(Timer.SECC_DEFERRED_POLL)
def test_station_defers_its_answer_to_stop_until_current_is_gone() -> None:
    world = World().start().run_to(SECC, State.POWER_DELIVERY)
    request = msgspec.structs.replace(world.messages("PowerDeliveryReq")[-1], charge_progress=ChargeProgress.Stop)
    world.charger.setpoint_w = 4_000.0
    world.run(until_s=5.0)
    world.current_stuck = True
    asked = world.now
    world.freeze(EV)
    world.inject(SECC, request)
    assert world.stage.mode is act.StageMode.OFF
    world.run(until_s=asked + 1.02)
    world.current_stuck = False
    world._settle()
    world.run(until_s=asked + 1.2)
    answer = [e for e in world.log if type(e.item).__name__ == "PowerDeliveryRes"][-1]
    assert code_of(answer.item) == "OK"
    assert answer.now == pytest.approx(asked + 1.05)  # the next look after current was gone


@covers(Timer.SECC_POWER_DELIVERY_STOP)
def test_station_says_so_when_current_does_not_go_in_time() -> None:
    world = World().start().run_to(SECC, State.POWER_DELIVERY)
    request = msgspec.structs.replace(world.messages("PowerDeliveryReq")[-1], charge_progress=ChargeProgress.Stop)
    world.charger.setpoint_w = 4_000.0
    world.run(until_s=5.0)
    world.current_stuck = True
    asked = world.now
    world.freeze(EV)
    world.inject(SECC, request)
    world.run(until_s=asked + 1.39)
    assert last(world, "PowerDeliveryRes") < asked
    world.run(until_s=asked + 1.4)
    assert world.messages()[-1].response_code.value == "FAILED_PowerDeliveryNotApplied"
    assert world.now == asked + 1.4


@covers(Timer.POWER_OFF_POLL, Timer.SECC_POWER_OFF, Timer.EVCC_POWER_OFF)
@pytest.mark.parametrize(("at", "timer"), [(SECC, Timer.SECC_POWER_OFF), (EV, Timer.EVCC_POWER_OFF)])
def test_contactors_open_regardless_when_current_does_not_go(at: str, timer: Timer) -> None:
    world = World()
    world.charger.setpoint_w = -6_000.0
    world.start().run_to(SECC, State.DC_CHARGE_LOOP).run(until_s=5.0)
    world.current_stuck = True
    if at == SECC:
        world.charger.stage = msgspec.structs.replace(world.charger.stage, emergency_stop=True)
    else:
        world.vehicle.battery_reading = msgspec.structs.replace(world.vehicle.battery_reading, emergency_stop=True)
    world.poll()
    world.run(until_s=5.99)
    assert not [e for e in world.events(act.SetContactor, at) if not e.item.closed]
    world.run(until_s=6.0)
    (opened,) = [e for e in world.events(act.SetContactor, at) if not e.item.closed]
    assert opened.now == 6.0
    world.run()


def test_contactors_open_as_soon_as_current_has_gone() -> None:
    world = World()
    world.charger.setpoint_w = -6_000.0
    world.start().run_to(SECC, State.DC_CHARGE_LOOP).run(until_s=5.0)
    world.current_stuck = True
    world.charger.stage = msgspec.structs.replace(world.charger.stage, emergency_stop=True)
    world.poll()
    world.at(5.52, lambda: setattr(world, "current_stuck", False)).run()
    (opened,) = [e for e in world.events(act.SetContactor, SECC) if not e.item.closed]
    assert 5.52 <= opened.now <= 5.57
    world.check_end()


@covers(Timer.SECC_STOP_NOTIFICATION)
def test_car_that_does_not_follow_terminate() -> None:
    world = World()
    world.start().run_to(SECC, State.DC_CHARGE_LOOP)
    world.charger.stop = True
    request = world.messages("DC_ChargeLoopReq")[-1]
    asked = world.now
    world.freeze(EV)
    for step in range(300):  # the car goes on as if nothing had been said
        world.run(until_s=asked + step * 0.2)
        assert world.secc.error is None
        world.inject(SECC, request)
    expires(world, SECC, Timer.SECC_STOP_NOTIFICATION, asked + 60.0)


@covers(Timer.EVCC_RAMP_DOWN)
def test_car_leaves_the_loop_when_the_station_does_not_bring_current_to_zero() -> None:
    world = World()
    world.charger.setpoint_w = 4_000.0
    world.start().run_to(SECC, State.DC_CHARGE_LOOP).run(until_s=5.0)
    world.current_stuck = True
    world.vehicle.driver_wish = Wish.STOP
    first_at_zero = world.now
    world.run(until=lambda: world.evcc.state is State.POWER_DELIVERY_STOP)
    assert world.now == pytest.approx(first_at_zero + 10.2, abs=0.4)
    world.current_stuck = False
    world._settle()
    world.run().check_end()
    assert world.error(EV) is None


@covers(Timer.SECC_PAUSED_SESSION)
@pytest.mark.parametrize("late_s", [-0.5, 0.5])
def test_how_long_a_paused_session_can_be_resumed(late_s: float) -> None:
    world = World()
    world.at(20.0, lambda: setattr(world.vehicle, "driver_wish", Wish.PAUSE)).start().run()
    record = world.stores[SECC].find(world.secc.session_id)
    assert record is not None
    world.now = record.paused_unix_s - UNIX_S + Timer.SECC_PAUSED_SESSION.default_s + late_s
    world.vehicle.driver_wish = Wish.ENERGY
    again = World(after=world).start().run_to(EV, State.SESSION_SETUP)
    assert again.last_code() == ("OK_OldSessionJoined" if late_s < 0 else "OK_NewSessionEstablished")
