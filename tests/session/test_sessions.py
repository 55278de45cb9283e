"""Whole sessions, both sides back to back in virtual time."""

from __future__ import annotations

import msgspec
import pytest

from iso15118.messages.iso20.common.power_delivery import ChargeProgress
from iso15118.messages.iso20.types import EVSENotification, Processing
from iso15118.session import actions as act
from iso15118.session.core import NO_CURRENT_A, State
from iso15118.session.ports import Authorization, ChargerLimits, EnergyNeeds, OfferedSchedule, Wish
from iso15118.session.quantities import number
from iso15118.session.secc import MeterInfoBase
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.timers import Limits, Timer
from tests.session.world import EV, EXPORT_WH, IMPORT_WH, SECC, World

WHOLE = [
    "SupportedAppProtocol",
    "SessionSetup",
    "AuthorizationSetup",
    "Authorization",
    "ServiceDiscovery",
    "ServiceDetail",
    "ServiceSelection",
    "DC_ChargeParameterDiscovery",
    "ScheduleExchange",
    "DC_CableCheck",
    "DC_PreCharge",
    "PowerDelivery",
    "DC_ChargeLoop",
    "PowerDelivery",
    "DC_WeldingDetection",
    "SessionStop",
]
"""The flow of a session; repetitions count once."""

BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))
BOTH_SERVICES = pytest.mark.parametrize("service", [ServiceId.DC, ServiceId.DC_BPT])
EV_STATES = [
    State.SUPPORTED_APP_PROTOCOL,
    State.SESSION_SETUP,
    State.AUTHORIZATION_SETUP,
    State.AUTHORIZATION,
    State.SERVICE_DISCOVERY,
    State.SERVICE_DETAIL,
    State.SERVICE_SELECTION,
    State.DC_CHARGE_PARAMETER_DISCOVERY,
    State.SCHEDULE_EXCHANGE,
    State.DC_CABLE_CHECK,
    State.DC_PRE_CHARGE,
    State.POWER_DELIVERY,
]
"""States of the car before the charge loop."""


def stop(world: World) -> None:
    world.vehicle.driver_wish = Wish.STOP


def demand(world: World, power_w: float) -> None:
    """Dynamic: a set point. Scheduled: a schedule of that power."""
    world.charger.setpoint_w = power_w
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((7_200.0, power_w),)),)


def loops(world: World) -> list[float]:
    """Currents the station told in its charge loops, A."""
    return [number(response.evse_present_current) for response in world.messages("DC_ChargeLoopRes")]


@BOTH_MODES
@BOTH_SERVICES
def test_session_from_handshake_to_session_stop(mode: ControlMode, service: ServiceId) -> None:
    world = World(mode=mode, service=service)
    demand(world, 6_000.0)
    world.at(60.0, lambda: stop(world)).start().run().check_end()
    assert world.names(EV) == [f"{phase}Req" for phase in WHOLE]
    assert world.names(SECC) == [f"{phase}Res" for phase in WHOLE]
    assert world.error(EV) is world.error(SECC) is None
    assert max(loops(world)) == pytest.approx(15.0)  # 6 kW at 400 V
    imported, exported = world.registers()
    assert 90 < imported < 100
    assert exported == 0


@BOTH_MODES
@pytest.mark.parametrize("power_w", [10_000.0, -10_000.0])
@pytest.mark.parametrize("who", [EV, SECC])
def test_slow_current_is_waited_for(mode: ControlMode, power_w: float, who: str) -> None:
    """At 5 A/s it takes the stage 5 s to come to rest, many loops and longer than any answer may take."""
    world = World(mode=mode)
    world.ramp_a_per_s = 5.0
    demand(world, power_w)
    world.start().run(until_s=30.0)
    assert abs(world.current_a) == 25.0
    if who == EV:
        stop(world)
    else:
        world.charger.stop = True
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert 34.5 < world.events(act.SetContactor)[-1].now < 36.5
    # The loop that brings the last word of the meter begins when current has gone already.
    assert all(abs(current) <= NO_CURRENT_A for current in loops(world)[-2:])
    assert abs(loops(world)[-3]) > NO_CURRENT_A


@BOTH_MODES
def test_energy_flows_out_of_the_car(mode: ControlMode) -> None:
    world = World(mode=mode)
    demand(world, -6_000.0)
    soc = world.vehicle.battery_reading.soc_percent
    world.at(60.0, lambda: stop(world)).start().run().check_end()
    assert min(loops(world)) == pytest.approx(-15.0)
    assert max(loops(world)) == 0.0
    imported, exported = world.registers()
    assert imported == 0
    assert 90 < exported < 100
    assert world.vehicle.battery_reading.soc_percent < soc
    last = [r.meter_info for r in world.messages("DC_ChargeLoopRes") if r.meter_info][-1]
    assert (last.charged_energy_reading_wh, last.bpt_discharged_energy_reading_wh) == (0, exported)


@BOTH_MODES
@BOTH_SERVICES
def test_last_loop_before_power_delivery_stop_has_no_current_and_the_last_word_of_the_meter(
    mode: ControlMode, service: ServiceId
) -> None:
    world = World(mode=mode, service=service)
    demand(world, -6_000.0 if service is ServiceId.DC_BPT else 6_000.0)
    world.at(60.0, lambda: stop(world)).start().run().check_end()
    said = world.messages()
    at = next(i for i, m in enumerate(said) if getattr(m, "charge_progress", None) is ChargeProgress.Stop)
    request, response = said[at - 2 : at]
    assert request.meter_info_requested
    target = getattr(request.cl_req_control_mode, "ev_target_current", None)
    assert target is None or number(target) == 0.0
    assert number(response.evse_present_current) == 0.0
    imported, exported = world.registers()
    assert response.meter_info.charged_energy_reading_wh == imported
    assert (response.meter_info.bpt_discharged_energy_reading_wh or 0) == exported


def test_first_loop_tells_the_meter_unasked_and_later_ones_when_asked() -> None:
    world = World()
    world.at(100.0, lambda: stop(world)).start().run().check_end()
    requests, responses = world.messages("DC_ChargeLoopReq"), world.messages("DC_ChargeLoopRes")
    told = [response.meter_info is not None for response in responses]
    assert told[0]
    assert told[1:] == [request.meter_info_requested for request in requests][1:]
    assert sum(told) < 8  # once a minute, and at the end


def test_scheduled_power_follows_the_steps_of_the_schedule() -> None:
    world = World(mode=ControlMode.SCHEDULED)
    entries = ((20.0, 4_000.0), (20.0, 0.0), (20.0, -4_000.0))
    world.charger.schedule = (OfferedSchedule(schedule_tuple_id=3, start_s=0.0, entries=entries),)
    world.at(90.0, lambda: stop(world)).start().run().check_end()
    seen = {round(e.now // 20): e.current_a for e in world.events(act.LoopSeen, SECC) if 5 < e.now % 20 < 15}
    assert seen == {0: 10.0, 1: 0.0, 2: -10.0, 3: 0.0, 4: 0.0}
    (chosen,) = world.events(act.PowerProfileChosen)
    assert chosen.item == act.PowerProfileChosen(3, entries)


@pytest.mark.parametrize("start_s", [0.0, 0.4, 0.5, 0.9])
@pytest.mark.parametrize(("points", "told_s"), [(1_024, 140), (12, 12)])
def test_a_schedule_in_fractions_of_seconds_is_told_and_judged_in_whole_ones(
    points: int, told_s: int, start_s: float
) -> None:
    """Boundaries are rounded, not durations: 200 steps of 0.7 s stay 140 s, and the car's copy fits exactly."""
    world = World(mode=ControlMode.SCHEDULED, evcc={"maximum_supporting_points": points})
    entries = tuple((0.7, -4_000.0 if i % 2 else 4_000.0) for i in range(200))
    world.charger.schedule = (OfferedSchedule(start_s=start_s, entries=entries),)
    world.at(20.0, lambda: stop(world)).start().run().check_end()
    assert world.error(SECC) is None
    (chosen,) = world.events(act.PowerProfileChosen)
    assert all(duration == 1 for duration, _ in chosen.item.entries)
    assert sum(duration for duration, _ in chosen.item.entries) == pytest.approx(told_s, abs=1)


def test_dynamic_set_point_changes_direction_at_once() -> None:
    world = World()
    demand(world, 8_000.0)
    world.at(20.0, lambda: demand(world, -8_000.0)).at(40.0, lambda: demand(world, 8_000.0))
    world.at(60.0, lambda: stop(world)).start().run().check_end()
    for at, current in ((15.0, 20.0), (20.5, -20.0), (39.5, -20.0), (40.5, 20.0)):
        before = [e for e in world.events(act.LoopSeen, SECC) if e.now <= at][-1]
        assert before.current_a == current
    imported, exported = world.registers()
    assert imported > 80
    assert exported == pytest.approx(44, abs=1)


def test_a_new_set_point_or_limit_takes_effect_between_two_loops() -> None:
    world = World(evcc_limits=Limits({"EVCC_CHARGE_LOOP_INTERVAL": 10.0}), secc_limits=Limits(profile="field_60s"))
    demand(world, 8_000.0)
    world.at(24.0, lambda: demand(world, -8_000.0)).start().run(until_s=23.9)
    said = len(world.messages())
    assert world.current_a == 20.0
    world.run(until_s=24.0)
    assert world.current_a == -20.0
    world.charger.charger_limits = ChargerLimits(max_discharge_power_w=0.0)
    world.poll()
    assert world.current_a == 0.0
    assert len(world.messages()) == said


def test_between_two_loops_a_target_current_holds_inside_the_limits() -> None:
    limits = Limits({"EVCC_CHARGE_LOOP_INTERVAL": 10.0})
    world = World(mode=ControlMode.SCHEDULED, evcc_limits=limits, secc_limits=Limits(profile="field_60s"))
    demand(world, -8_000.0)
    world.start().run(until_s=24.0)
    assert world.current_a == -20.0
    world.charger.charger_limits = ChargerLimits(max_discharge_current_a=4.0)
    world.poll()
    assert world.current_a == -4.0
    world.charger.charger_limits = ChargerLimits()
    world.poll()
    assert world.current_a == -20.0
    world.charger.stop = True
    world.poll()
    assert world.current_a == 0.0


@BOTH_MODES
@pytest.mark.parametrize("state", [*EV_STATES, State.DC_CHARGE_LOOP])
def test_the_drivers_wish_to_stop_counts_in_every_state(mode: ControlMode, state: State) -> None:
    world = World(mode=mode)
    demand(world, -6_000.0)
    world.start().run_to(EV, state)
    stop(world)
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert world.names(EV)[-1] == "SessionStopReq"
    if state in (State.POWER_DELIVERY, State.DC_CHARGE_LOOP):
        assert world.names(EV)[-4:-1] == ["DC_ChargeLoopReq", "PowerDeliveryReq", "DC_WeldingDetectionReq"]
    else:
        assert "DC_ChargeLoopReq" not in world.names(EV)
    if state is not State.DC_CHARGE_LOOP:
        assert world.registers() == (0, 0)


@BOTH_MODES
@pytest.mark.parametrize("state", [*EV_STATES, State.DC_CHARGE_LOOP])
def test_the_stations_wish_to_stop_counts_in_every_state(mode: ControlMode, state: State) -> None:
    world = World(mode=mode)
    demand(world, -6_000.0)
    world.start().run_to(EV, state)
    world.charger.stop = True
    world.poll()
    world.run().check_end()
    if state in (State.POWER_DELIVERY, State.DC_CHARGE_LOOP):
        assert world.error(EV) is world.error(SECC) is None
        statuses = [m.evse_status for m in world.messages() if getattr(m, "evse_status", None)]
        assert {status.evse_notification for status in statuses} == {EVSENotification.Terminate}
    else:
        # Before the loop a response code is the only way to say so.
        assert world.error(SECC) is not None
        assert world.last_code() == "FAILED"
        assert not world.events(act.EnergyFlow)


@BOTH_MODES
def test_a_station_that_wants_to_stop_at_the_start_gets_loops_at_zero(mode: ControlMode) -> None:
    world = World(mode=mode)
    demand(world, -6_000.0)
    world.start().run_to(SECC, State.POWER_DELIVERY)
    world.charger.stop = True
    world.run().check_end()
    (start, _) = world.messages("PowerDeliveryRes")
    assert start.evse_status.evse_notification is EVSENotification.Terminate
    assert world.error(EV) is world.error(SECC) is None
    assert set(loops(world)) == {0.0}
    assert len(loops(world)) == 2
    assert world.registers() == (0, 0)


def test_a_meter_that_appears_late_counts_from_then() -> None:
    world = World()
    reading = world.charger.meter_reading
    world.charger.meter_reading = None
    demand(world, 8_000.0)
    world.start().run(until_s=10.0)
    world.charger.meter_reading = reading
    world.at(30.0, lambda: stop(world)).run().check_end()
    told = [r.meter_info.charged_energy_reading_wh for r in world.messages("DC_ChargeLoopRes") if r.meter_info]
    assert told[0] == 0
    assert told == sorted(told)


def test_a_wish_that_the_station_takes_back_leaves_no_timer_behind() -> None:
    world = World().start().run_to(SECC, State.DC_CHARGE_LOOP)
    request = world.messages("DC_ChargeLoopReq")[-1]
    for wanted in (True, False):
        world.charger.stop = wanted
        world.inject(SECC, request)
        assert world.secc.timers.running(Timer.SECC_STOP_NOTIFICATION) is wanted
        assert (world.messages("DC_ChargeLoopRes")[-1].evse_status is not None) is wanted


@pytest.mark.parametrize("state", EV_STATES)
def test_a_set_point_given_in_any_state_is_there_when_the_loop_begins(state: State) -> None:
    world = World()
    world.start().run_to(EV, state)
    world.charger.setpoint_w = -4_000.0
    world.at(20.0, lambda: stop(world)).run().check_end()
    first, *_, last = [e.item for e in world.events(act.SetStage, SECC) if e.item.mode is act.StageMode.AC_POWER]
    assert first.ac_power_w == -4_000.0
    assert last.ac_power_w == 0.0


@pytest.mark.parametrize("state", EV_STATES[:4])
@pytest.mark.parametrize("answer", [Authorization.ACCEPTED, Authorization.REJECTED])
def test_an_authorization_given_in_any_state_is_not_lost(state: State, answer: Authorization) -> None:
    world = World()
    world.charger.authorized = Authorization.PENDING
    world.start().run_to(EV, state)
    world.charger.authorized = answer
    world.at(20.0, lambda: stop(world)).run().check_end()
    assert ("ServiceDiscoveryReq" in world.names()) is (answer is Authorization.ACCEPTED)
    assert world.error(SECC) is None


@BOTH_MODES
@pytest.mark.parametrize("state", EV_STATES[:9])
def test_a_schedule_that_becomes_ready_in_any_state_is_not_lost(mode: ControlMode, state: State) -> None:
    world = World(mode=mode)
    world.charger.schedule_ready = False
    world.start().run_to(EV, state)
    world.charger.schedule_ready = True
    world.at(20.0, lambda: stop(world)).run().check_end()
    assert world.error(SECC) is None
    assert "DC_ChargeLoopReq" in world.names()


@BOTH_MODES
def test_a_slow_back_end_keeps_both_questions_ongoing(mode: ControlMode) -> None:
    world = World(mode=mode)
    world.charger.authorized = Authorization.PENDING
    world.charger.schedule_ready = False
    world.at(25.0, lambda: setattr(world.charger, "authorized", Authorization.ACCEPTED))
    world.at(60.0, lambda: setattr(world.charger, "schedule_ready", True))
    world.at(80.0, lambda: stop(world)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    asked = world.messages("AuthorizationReq")
    assert len(asked) == 51  # every half second, unaltered but for the time stamp
    assert len({msgspec.structs.replace(r, header=asked[0].header) for r in asked}) == 1
    for name, count in (("AuthorizationRes", 50), ("ScheduleExchangeRes", 69)):
        answers = [r.evse_processing for r in world.messages(name)]
        assert answers[-1] is Processing.Finished
        assert answers[:-1].count(Processing.Ongoing) == len(answers) - 1 >= count
    assert len(world.events(act.NeedsTold)) == 1  # said once, however often the car asks
    assert len(world.events(act.AuthorizationWanted)) == 51


def test_rejected_by_external_means_leaves_politely() -> None:
    world = World()
    world.charger.authorized = Authorization.REJECTED
    world.start().run().check_end()
    assert world.names(EV)[-2:] == ["AuthorizationReq", "SessionStopReq"]
    assert world.error(EV) is world.error(SECC) is None
    (answer,) = world.messages("AuthorizationRes")
    assert (answer.response_code.value, answer.evse_processing) == (
        "WARNING_EIMAuthorizationFailure",
        Processing.Finished,
    )


@pytest.mark.parametrize("base", list(MeterInfoBase))
def test_meter_info_counts_from_the_session_or_from_the_meters_zero(base: MeterInfoBase) -> None:
    world = World(secc={"meter_info_base": base})
    demand(world, 8_000.0)
    world.at(30.0, lambda: demand(world, -8_000.0)).at(90.0, lambda: stop(world)).start().run().check_end()
    told = [r.meter_info for r in world.messages("DC_ChargeLoopRes") if r.meter_info]
    imported, exported = world.registers()
    assert imported > 50 < exported
    zero = (0, 0) if base is MeterInfoBase.SESSION else (IMPORT_WH, EXPORT_WH)
    pairs = [(m.charged_energy_reading_wh, m.bpt_discharged_energy_reading_wh) for m in told]
    assert pairs[0] == zero
    assert pairs[-1] == (zero[0] + imported, zero[1] + exported)
    assert pairs == sorted(pairs)
    last = world.events(act.LoopSeen, EV)[-1].item
    assert (last.charged_wh, last.discharged_wh) == pairs[-1]


def test_unidirectional_service_tells_no_discharge_register() -> None:
    world = World(service=ServiceId.DC)
    world.at(10.0, lambda: stop(world)).start().run().check_end()
    told = [r.meter_info for r in world.messages("DC_ChargeLoopRes") if r.meter_info]
    assert {m.bpt_discharged_energy_reading_wh for m in told} == {None}


def test_station_without_a_meter_tells_none() -> None:
    world = World()
    world.charger.meter_reading = None
    world.at(10.0, lambda: stop(world)).start().run().check_end()
    assert not any(r.meter_info for r in world.messages("DC_ChargeLoopRes"))


def test_the_station_reports_what_it_learns() -> None:
    needs = EnergyNeeds(
        departure_s=7_200.0,
        target_energy_wh=9_000.0,
        maximum_energy_wh=20_000.0,
        minimum_energy_wh=-15_000.0,
        maximum_v2x_energy_wh=10_000.0,
        minimum_v2x_energy_wh=-12_000.0,
        target_soc_percent=85,
        minimum_soc_percent=30,
    )
    world = World(needs=needs)
    world.at(10.0, lambda: stop(world)).start().run().check_end()
    (identified,) = world.events(act.EvccIdentified)
    assert identified.item.session_id == world.secc.session_id == world.evcc.session_id
    for at in (EV, SECC):
        (chosen,) = world.events(act.ServiceChosen, at)
        assert chosen.item == act.ServiceChosen(
            service_id=6,
            parameter_set_id=2,
            control_mode=2,
            mobility_needs_mode=1,
            bidirectional=True,
            bpt_channel=1,
            generator_mode=1,
        )
    (told,) = (event.item.needs for event in world.events(act.NeedsTold))
    for name in needs.__struct_fields__:
        expected = getattr(needs, name)
        assert getattr(told, name) == (pytest.approx(expected, abs=1.0) if name == "departure_s" else expected)
    limits = world.vehicle.vehicle_limits
    assert all(getattr(told, name) == getattr(limits, name) for name in limits.__struct_fields__)
    flows = [event.item.flowing for event in world.events(act.EnergyFlow, SECC)]
    assert flows == [True, False]


def test_after_its_last_step_a_schedule_allows_nothing() -> None:
    """A schedule that ends before the session does leaves zero power, not the last step."""
    world = World(mode=ControlMode.SCHEDULED)
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((10.0, 4_000.0),)),)
    world.at(20.0, lambda: stop(world)).start().run().check_end()
    assert next(e.current_a for e in world.events(act.LoopSeen, SECC) if e.now > 10.5) == 0.0


def test_session_setup_that_asks_to_resume_opens_a_new_session() -> None:
    world = World().start().run_to(SECC, State.SESSION_SETUP)
    request = world.messages("SessionSetupReq")[0]
    asks = msgspec.structs.replace(
        request, header=msgspec.structs.replace(request.header, session_id=b"\1\2\3\4\5\6\7\x08")
    )
    world.inject(SECC, asks)
    assert world.last_code() == "OK_NewSessionEstablished"
    assert world.secc.session_id not in (bytes(8), asks.header.session_id)
