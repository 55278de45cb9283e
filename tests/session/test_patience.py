"""A car that repeats itself for ever does not keep an outlet for ever, nor live."""

from __future__ import annotations

import importlib
import pkgutil

import msgspec
import pytest

import tests.session
from iso15118.messages.iso20.common.authorization import AuthorizationReq
from iso15118.messages.iso20.common.power_delivery import ChargeProgress, PowerDeliveryReq
from iso15118.messages.iso20.types import Processing, ResponseCode
from iso15118.messages.model import Record
from iso15118.session import actions as act
from iso15118.session.core import FINAL_STATES, State
from iso15118.session.ports import Authorization, IsolationState, OfferedSchedule
from iso15118.session.quantities import rational
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.timers import Timer
from tests.session import test_timers
from tests.session.world import EV, SECC, World

covers = test_timers.covers


def repeat(world: World, request: Record, every_s: float, for_s: float) -> float:
    """Let only that request come, until the station has had enough; returns how long it took."""
    world.freeze(EV)
    begun = world.now
    while world.now - begun < for_s and world.secc.state not in FINAL_STATES:
        world.run(until_s=world.now + every_s)
        if world.secc.state not in FINAL_STATES:
            world.inject(SECC, request)
    return world.now - begun


def arrived(state: State, world: World) -> Record:
    """Run until the station is in ``state``; the request that is about to arrive."""
    if world.secc.state is State.SUPPORTED_APP_PROTOCOL:
        world.start()
    world.run_to(SECC, state)
    return world._queue[0][1]


@covers(Timer.SECC_CABLE_CHECK)
def test_a_cable_check_that_never_ends() -> None:
    world = World()
    world.isolation = IsolationState.PENDING
    assert repeat(world, arrived(State.DC_CABLE_CHECK, world), 5.0, 300.0) == pytest.approx(60.0, abs=5.1)
    assert "SECC_CABLE_CHECK" in str(world.secc.error)
    world.run()
    assert world.secc.state is State.ENDED
    assert world.stage.mode is act.StageMode.OFF


@covers(Timer.SECC_PRE_CHARGE)
def test_a_pre_charge_that_never_ends() -> None:
    world = World()
    assert repeat(world, arrived(State.DC_PRE_CHARGE, world), 5.0, 300.0) == pytest.approx(70.0, abs=5.1)
    assert "SECC_PRE_CHARGE" in str(world.secc.error)
    world.run()
    assert world.secc.state is State.ENDED
    assert world.stage.mode is act.StageMode.OFF


@covers(Timer.SECC_ONGOING_POWER_DELIVERY)
def test_a_power_delivery_that_is_never_meant() -> None:
    world = World(service=ServiceId.AC_BPT)  # in DC the limit of pre-charge runs on until then
    start = arrived(State.POWER_DELIVERY, world)
    undecided = msgspec.structs.replace(start, ev_processing=Processing.Ongoing)
    assert repeat(world, undecided, 5.0, 300.0) == pytest.approx(70.0, abs=5.1)
    world.run()
    assert world.secc.state is State.ENDED
    assert world.stage.mode is act.StageMode.OFF


@covers(Timer.SECC_WELDING_DETECTION)
def test_a_welding_detection_that_never_ends() -> None:
    world = World()
    world.at(20.0, lambda: setattr(world.vehicle, "driver_wish", test_timers.Wish.STOP))
    request = arrived(State.DC_WELDING_DETECTION, world)
    assert repeat(world, request, 5.0, 300.0) == pytest.approx(70.0, abs=5.1)
    world.run()
    assert world.secc.state is State.ENDED
    assert world.stage.mode is act.StageMode.OFF


@pytest.mark.parametrize("answer", [Authorization.PENDING, Authorization.REJECTED])
def test_an_authorization_that_is_never_given(answer: Authorization) -> None:
    world = World()
    world.charger.authorized = answer
    assert repeat(world, arrived(State.AUTHORIZATION, world), 10.0, 900.0) == pytest.approx(180.0, abs=15.0)
    assert "FAILED" in str(world.secc.error)


def test_a_selection_that_was_not_offered_asks_nobody() -> None:
    world = World()
    request = arrived(State.AUTHORIZATION, world)
    assert isinstance(request, AuthorizationReq)
    pnc = msgspec.structs.replace(request, eim_a_req_authorization_mode=None)
    actions = world.inject(SECC, pnc)
    assert not any(isinstance(action, act.AuthorizationWanted) for action in actions)


@pytest.mark.parametrize("allowed", [False, True])
def test_standby_does_not_stretch_the_charge_loops_limit(allowed: bool) -> None:
    """The limit is that of the request that is due next: Standby changes nothing about it."""
    world = World()
    world.charger.setpoint_w = 0.0
    world.charger.standby = allowed
    world.start().run(until_s=15.0)
    assert world.secc.state is State.DC_CHARGE_LOOP
    world.freeze(EV)
    standby = PowerDeliveryReq(
        header=world.messages("DC_ChargeLoopReq")[-1].header,
        ev_processing=Processing.Finished,
        charge_progress=ChargeProgress.Standby,
    )
    world.inject(SECC, standby)
    assert world.secc.next_timer() == pytest.approx(world.now + 0.5)


@pytest.mark.parametrize("state", [State.DC_CABLE_CHECK, State.DC_PRE_CHARGE, State.POWER_DELIVERY])
def test_a_car_that_falls_back_to_pilot_state_b_finds_the_outlet_off(state: State) -> None:
    world = World()
    if state is State.DC_CABLE_CHECK:
        world.isolation = IsolationState.PENDING
        request = arrived(state, world)
        world.inject(SECC, request)  # the test has begun: the outlet's contactor is closed
    else:
        arrived(state, world)
    world.freeze(EV)
    world.charger.pilot_state = "B"
    world.poll()
    assert world.stage.mode is act.StageMode.OFF
    assert "pilot state B" in str(world.secc.error)


def test_a_station_that_wants_to_end_says_so_before_energy_flows() -> None:
    for state in (State.AUTHORIZATION, State.SERVICE_DISCOVERY, State.DC_CHARGE_PARAMETER_DISCOVERY):
        world = World()
        arrived(state, world)
        world.charger.stop = True
        world.run().check_end()
        assert world.error(SECC) is not None
        assert world.error(EV) is not None


@covers(Timer.SECC_EV_POWER_PROFILE_VIOLATION)
def test_a_car_that_asks_for_more_than_its_schedule_is_warned_and_then_refused() -> None:
    """V2G20-1864: WARNING_EVPowerProfileViolation first, FAILED_EVPowerProfileViolation when it goes on."""
    world = World(mode=ControlMode.SCHEDULED)
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((3_600.0, 2_000.0),)),)
    world.start().run(until_s=15.0)
    world.freeze(EV)
    good = world.messages("DC_ChargeLoopReq")[-1]
    greedy = msgspec.structs.replace(good.cl_req_control_mode, ev_target_current=rational(25.0))
    request = msgspec.structs.replace(good, cl_req_control_mode=greedy)
    begun, codes = world.now, []
    while world.secc.state not in FINAL_STATES and world.now < begun + 30:
        world.inject(SECC, request)
        codes.append(world.messages("DC_ChargeLoopRes")[-1].response_code)
        assert world.stage.current_a <= 2_000.0 / 300.0
        world.run(until_s=world.now + 0.25)
    assert set(codes[:-1]) == {ResponseCode.WARNING_EVPowerProfileViolation}
    assert codes[-1] is ResponseCode.FAILED_EVPowerProfileViolation
    assert world.now - begun == pytest.approx(10.0, abs=0.6)


def test_a_warning_ends_when_the_car_keeps_to_its_schedule_again() -> None:
    world = World(mode=ControlMode.SCHEDULED)
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((3_600.0, 2_000.0),)),)
    world.start().run(until_s=15.0)
    world.freeze(EV)
    good = world.messages("DC_ChargeLoopReq")[-1]
    greedy = msgspec.structs.replace(good.cl_req_control_mode, ev_target_current=rational(25.0))
    for step in range(200):  # nine seconds too much, one second right, over and over
        request = good if step % 40 > 36 else msgspec.structs.replace(good, cl_req_control_mode=greedy)
        world.inject(SECC, request)
        world.run(until_s=world.now + 0.25)
    assert world.secc.state is State.DC_CHARGE_LOOP


@covers(Timer.SECC_ONGOING_PARAMETER_DISCOVERY)
@pytest.mark.parametrize("service", [ServiceId.AC_DER_IEC, ServiceId.AC_DER_SAE])
def test_a_car_that_never_makes_up_its_mind(service: ServiceId) -> None:
    world = World(service=service)
    state = State.AC_DER_CHARGE_PARAMETER_DISCOVERY
    assert repeat(world, arrived(state, world), 5.0, 300.0) == pytest.approx(70.0, abs=5.1)
    assert world.last_code() == "FAILED"
    world.run()
    assert world.secc.state is State.ENDED


@covers(Timer.EVCC_ONGOING_PARAMETER_DISCOVERY)
def test_a_station_that_never_knows_its_settings() -> None:
    world = World(service=ServiceId.AC_DER_SAE)
    world.charger.der_sae = lambda now: None  # type: ignore[method-assign]
    world.start().run().check_end()
    assert "EVCC_ONGOING_PARAMETER_DISCOVERY" in (world.error(EV) or "")
    assert world.now == pytest.approx(60.0, abs=5.0)


def test_a_car_may_go_back_to_service_discovery_so_many_times_only() -> None:
    world = World(service=ServiceId.AC_DER_IEC)
    discovery = arrived(State.SERVICE_DISCOVERY, world)
    parameters = arrived(State.AC_DER_CHARGE_PARAMETER_DISCOVERY, world)
    world.freeze(EV)
    again = [parameters, discovery, *world.messages("ServiceDetailReq"), *world.messages("ServiceSelectionReq")]
    for _ in range(8):
        for request in again:
            world.inject(SECC, request)
            assert world.last_code() == "OK"
    world.inject(SECC, parameters)
    world.inject(SECC, discovery)
    assert world.last_code() == "FAILED"


def test_every_timer_is_seen_to_run_out() -> None:
    """By a test of this package that says so with ``covers``, which looks on while it runs."""
    for module in pkgutil.walk_packages(tests.session.__path__, "tests.session."):
        importlib.import_module(module.name)
    assert set(Timer) == test_timers.COVERED
