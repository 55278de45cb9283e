"""Whole AC sessions, both sides back to back in virtual time."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from iso15118.messages.iso20.common.power_delivery import ChargeProgress
from iso15118.messages.iso20.types import V2GRequest
from iso15118.session import actions as act
from iso15118.session.app import AC_20, DC_20
from iso15118.session.core import State
from iso15118.session.ports import ChargerLimits, EnergyNeeds, OfferedSchedule, SimpleCharger, SimpleVehicle, Wish
from iso15118.session.ports.ac import AcLimits, AcOutlet, AcReading
from iso15118.session.quantities import number, rational
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.timers import Limits, Timer
from iso15118.units import DischargeLimitSign
from tests.session.world import EV, SECC, World, code_of

WHOLE = [
    "SupportedAppProtocol",
    "SessionSetup",
    "AuthorizationSetup",
    "Authorization",
    "ServiceDiscovery",
    "ServiceDetail",
    "ServiceSelection",
    "AC_ChargeParameterDiscovery",
    "ScheduleExchange",
    "PowerDelivery",
    "AC_ChargeLoop",
    "PowerDelivery",
    "SessionStop",
]
BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))
BOTH_SERVICES = pytest.mark.parametrize("service", [ServiceId.AC, ServiceId.AC_BPT])
LINES = pytest.mark.parametrize("lines", [1, 3])
SUFFIXES = ("", "_l2", "_l3")
BPT = ServiceId.AC_BPT
replace = msgspec.structs.replace


def limits(lines: int, **watts: float) -> AcLimits:
    """Limits that are the same on every line; what is not said: 3,680 W at most, 0 W at least."""
    values = {name: 0.0 if name.startswith("min") else 3_680.0 for name in AcLimits.__struct_fields__} | watts
    return AcLimits(**{name: (value,) * lines for name, value in values.items()})


def demand(world: World, power_w: float) -> World:
    """Dynamic: a set point. Scheduled: a schedule of that power."""
    world.charger.setpoint_w = power_w
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((7_200.0, power_w),)),)
    return world


def stop(world: World) -> None:
    world.vehicle.driver_wish = Wish.STOP


def running(world: World, power_w: float) -> act.SetAcPower:
    """Run into the loop with that wish for power; what the car's charger is told then."""
    demand(world, power_w).start().run(until_s=10.0)
    assert world.secc.state is State.AC_CHARGE_LOOP
    return world.inverter


def per_line(mode: Any, name: str) -> list[float]:
    values = [getattr(mode, name + suffix) for suffix in SUFFIXES]
    return [number(value) for value in values if value is not None]


@BOTH_MODES
@BOTH_SERVICES
@LINES
def test_session_from_handshake_to_session_stop(mode: ControlMode, service: ServiceId, lines: int) -> None:
    world = demand(World(mode=mode, service=service), 3_000.0)
    world.vehicle.ac_inlet_limits = limits(lines)
    world.at(60.0, lambda: stop(world)).start().run().check_end()
    assert world.names(EV) == [f"{phase}Req" for phase in WHOLE]
    assert world.names(SECC) == [f"{phase}Res" for phase in WHOLE]
    assert world.error(EV) is world.error(SECC) is None
    imported, exported = world.registers()
    assert 48 <= imported <= 50
    assert exported == 0
    seen = [e.item for e in world.events(act.LoopSeen, SECC) if 10 < e.now < 50]
    assert {each.ac_power_w for each in seen} == {(3_000.0 / lines,) * lines}
    assert {round(each.voltage_v * each.current_a, 6) for each in seen} == {3_000.0}


@BOTH_MODES
@LINES
def test_energy_flows_out_of_the_car(mode: ControlMode, lines: int) -> None:
    world = demand(World(mode=mode, service=BPT), -3_000.0)
    world.vehicle.ac_inlet_limits = limits(lines)
    soc = world.vehicle.battery_reading.soc_percent
    world.at(60.0, lambda: stop(world)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    imported, exported = world.registers()
    assert imported == 0
    assert 48 <= exported <= 50
    assert world.vehicle.battery_reading.soc_percent < soc
    responses = world.messages("AC_ChargeLoopRes")
    last = [r.meter_info for r in responses if r.meter_info][-1]
    assert (last.charged_energy_reading_wh, last.bpt_discharged_energy_reading_wh) == (0, exported)
    middle = responses[len(responses) // 2].cl_res_control_mode
    assert per_line(middle, "evse_target_active_power") == [-3_000.0 / lines] * lines
    assert per_line(middle, "evse_present_active_power") == [-3_000.0 / lines] * lines
    request = world.messages("AC_ChargeLoopReq")[len(responses) // 2]
    assert per_line(request.cl_req_control_mode, "ev_present_active_power") == [-3_000.0 / lines] * lines


@BOTH_MODES
@pytest.mark.parametrize(("outlet", "car", "lines"), [(3, 3, 3), (3, 1, 1), (1, 3, 1), (1, 1, 1)])
def test_lines_in_use_are_those_of_both(mode: ControlMode, outlet: int, car: int, lines: int) -> None:
    world = World(mode=mode, service=BPT)
    world.charger.ac_charger_limits, world.vehicle.ac_inlet_limits = limits(outlet), limits(car)
    assert running(world, 20_000.0).power_w == (3_680.0,) * lines
    (told,) = world.events(act.NeedsTold)
    assert told.item.needs.lines == lines
    assert told.item.needs.max_charge_power_w == told.item.needs.max_discharge_power_w == lines * 3_680.0
    mode_ = world.messages("AC_ChargeParameterDiscoveryRes")[-1].ac_cpd_res_energy_transfer_mode
    assert per_line(mode_, "evse_maximum_charge_power") == [3_680.0] * lines


@BOTH_MODES
@pytest.mark.parametrize(
    ("power_w", "changes", "expected_w"),
    [
        (20_000.0, {}, 3_680.0),
        (20_000.0, {"car": {"max_charge_power_w": 2_000.0}}, 2_000.0),
        (20_000.0, {"station": {"max_charge_power_w": 2_500.0}}, 2_500.0),
        (-20_000.0, {}, -3_680.0),
        (-20_000.0, {"car": {"max_discharge_power_w": 2_000.0}}, -2_000.0),
        (-20_000.0, {"station": {"max_discharge_power_w": 2_500.0}}, -2_500.0),
        (3_000.0, {"car": {"max_charge_power_w": 0.0}}, 0.0),
        (3_000.0, {"station": {"max_charge_power_w": 0.0}}, 0.0),
        (-3_000.0, {"car": {"max_discharge_power_w": 0.0}}, 0.0),
        (-3_000.0, {"station": {"max_discharge_power_w": 0.0}}, 0.0),
        # Below a minimum nothing can be served.
        (3_000.0, {"car": {"min_charge_power_w": 1_380.0}}, 0.0),
        (3_000.0, {"station": {"min_charge_power_w": 1_380.0}}, 0.0),
        (-3_000.0, {"car": {"min_discharge_power_w": 1_380.0}}, 0.0),
        (-3_000.0, {"station": {"min_discharge_power_w": 1_380.0}}, 0.0),
        (6_000.0, {"car": {"min_charge_power_w": 1_380.0}}, 2_000.0),
    ],
)
def test_each_line_stays_inside_the_limits_of_both(
    mode: ControlMode, power_w: float, changes: dict[str, dict[str, float]], expected_w: float
) -> None:
    world = World(mode=mode, service=BPT)
    world.vehicle.ac_inlet_limits = limits(3, **changes.get("car", {}))
    world.charger.ac_charger_limits = limits(3, **changes.get("station", {}))
    assert running(world, power_w).power_w == pytest.approx((expected_w,) * 3)
    assert sum(world.charger.ac_measured.power_w) == pytest.approx(3 * expected_w)


@BOTH_MODES
def test_lines_with_different_limits_share_a_set_point(mode: ControlMode) -> None:
    world = World(mode=mode, service=BPT)
    world.vehicle.ac_inlet_limits = replace(limits(3), max_charge_power_w=(1_000.0, 3_680.0, 3_680.0))
    world.charger.ac_charger_limits = replace(limits(3), max_charge_power_w=(3_680.0, 3_680.0, 1_500.0))
    assert running(world, 6_000.0).power_w == pytest.approx((1_000.0, 3_500.0, 1_500.0))


@BOTH_MODES
def test_lines_differ_no_more_than_the_grid_likes(mode: ControlMode) -> None:
    world = World(mode=mode, service=BPT)
    world.charger.ac_grid = AcOutlet(max_power_asymmetry_w=500.0)
    world.vehicle.ac_inlet_limits = replace(limits(3), max_charge_power_w=(1_000.0, 3_680.0, 3_680.0))
    assert running(world, 9_000.0).power_w == pytest.approx((1_000.0, 1_500.0, 1_500.0))


@BOTH_MODES
def test_limits_that_fall_during_the_loop_are_followed(mode: ControlMode) -> None:
    world = World(mode=mode, service=BPT)
    assert running(world, -9_000.0).power_w == pytest.approx((-3_000.0,) * 3)
    world.vehicle.ac_inlet_limits = limits(3, max_discharge_power_w=1_000.0)
    world.run(until_s=10.5)
    assert world.inverter.power_w == pytest.approx((-1_000.0,) * 3)
    world.charger.ac_charger_limits = limits(3, max_discharge_power_w=400.0)
    world.run(until_s=11.0)
    assert world.inverter.power_w == pytest.approx((-400.0,) * 3)
    world.charger.ac_charger_limits = limits(1, max_discharge_power_w=400.0)  # two fuses have blown
    world.run(until_s=11.5)
    assert world.inverter.power_w == pytest.approx((-400.0, 0.0, 0.0))
    world.charger.ac_charger_limits = limits(3, max_discharge_power_w=0.0)
    world.run(until_s=12.0)
    assert world.inverter.power_w == (0.0,) * 3
    assert world.secc.state is State.AC_CHARGE_LOOP


def test_never_more_than_parameter_discovery_said() -> None:
    world = World(service=BPT)
    world.charger.ac_charger_limits = limits(3, max_charge_power_w=1_000.0)
    running(world, 9_000.0)
    world.charger.ac_charger_limits = limits(3)
    world.run(until_s=11.0)
    assert world.inverter.power_w == world.ac_target.power_w == (1_000.0,) * 3


@BOTH_MODES
def test_no_discharge_without_a_bidirectional_service(mode: ControlMode) -> None:
    world = World(mode=mode, service=ServiceId.AC)
    assert running(world, -3_000.0).power_w == (0.0,) * 3
    assert world.ac_target.power_w == world.ac_target.min_power_w == (0.0,) * 3


def test_a_car_does_not_discharge_for_a_station_that_asks_in_a_service_without_it() -> None:
    world = World(service=ServiceId.AC)
    running(world, 3_000.0)
    world.run_to(EV, State.AC_CHARGE_LOOP)
    answer = world.messages("AC_ChargeLoopRes")[-1]
    mode = replace(answer.cl_res_control_mode, **{f"evse_target_active_power{s}": rational(-1_000.0) for s in SUFFIXES})
    world.inject(EV, replace(answer, cl_res_control_mode=mode))
    assert world.inverter.power_w == (0.0,) * 3


@pytest.mark.parametrize(
    ("needs", "option", "discharges"),
    [
        ({"minimum_energy_wh": 0.0}, {}, True),
        ({"minimum_energy_wh": 1.0}, {}, False),
        ({}, {"discharge_without_v2x_requests": False}, False),
        ({"minimum_v2x_energy_wh": -2_000.0, "maximum_v2x_energy_wh": 3_000.0}, {}, True),
        ({"minimum_v2x_energy_wh": 500.0, "maximum_v2x_energy_wh": 3_000.0}, {}, False),
        ({"minimum_v2x_energy_wh": -4_000.0, "maximum_v2x_energy_wh": -1_000.0}, {}, True),
        (
            {"minimum_v2x_energy_wh": -4_000.0, "maximum_v2x_energy_wh": -1_000.0},
            {"discharge_above_v2x_window": False},
            False,
        ),
    ],
)
def test_energy_requests_decide_about_discharging(
    needs: dict[str, float], option: dict[str, bool], discharges: bool
) -> None:
    world = World(service=BPT, needs=EnergyNeeds(**needs), secc=option)
    assert running(world, -3_000.0).power_w == pytest.approx((-1_000.0 if discharges else 0.0,) * 3)
    world.charger.setpoint_w = 3_000.0
    world.run(until_s=11.0)
    assert world.inverter.power_w == (1_000.0,) * 3


@BOTH_MODES
@pytest.mark.parametrize("ev_sign", [DischargeLimitSign.POSITIVE, DischargeLimitSign.NEGATIVE])
@pytest.mark.parametrize("evse_sign", list(DischargeLimitSign))
def test_signs_of_discharge_limits_are_as_the_options_say(
    mode: ControlMode, ev_sign: DischargeLimitSign, evse_sign: DischargeLimitSign
) -> None:
    options = {"evcc": {"discharge_limit_sign": ev_sign}, "secc": {"discharge_limit_sign": evse_sign}}
    world = World(mode=mode, service=BPT, **options)  # type: ignore[arg-type]
    assert running(world, -3_000.0).power_w == pytest.approx((-1_000.0,) * 3)
    car = 1 if ev_sign is DischargeLimitSign.POSITIVE else -1
    station = {DischargeLimitSign.POSITIVE: 1, DischargeLimitSign.NEGATIVE: -1}.get(evse_sign, car)
    request = world.messages("AC_ChargeParameterDiscoveryReq")[-1].ac_cpd_req_energy_transfer_mode
    answer = world.messages("AC_ChargeParameterDiscoveryRes")[-1].ac_cpd_res_energy_transfer_mode
    loop = world.messages("AC_ChargeLoopReq")[-1].cl_req_control_mode
    assert per_line(request, "ev_maximum_discharge_power") == [car * 3_680.0] * 3
    assert per_line(loop, "ev_maximum_discharge_power") == [car * 3_680.0] * 3
    assert per_line(answer, "evse_maximum_discharge_power") == [station * 3_680.0] * 3


def test_without_a_set_point_the_car_charges_as_it_likes() -> None:
    world = World(service=BPT)
    world.vehicle.ac_inlet_limits = limits(3, max_charge_power_w=2_300.0)
    world.start().run(until_s=10.0)
    assert world.inverter.power_w == (2_300.0,) * 3


def test_scheduled_power_follows_the_steps_and_a_back_end_that_takes_them_back() -> None:
    world = World(mode=ControlMode.SCHEDULED, service=BPT)
    entries = ((20.0, 6_000.0), (20.0, 0.0), (60.0, -6_000.0))
    world.charger.schedule = (OfferedSchedule(schedule_tuple_id=3, start_s=0.0, entries=entries),)
    world.start()
    for at, power in ((15.0, 2_000.0), (30.0, 0.0), (50.0, -2_000.0)):
        world.run(until_s=at)
        assert world.inverter.power_w == pytest.approx((power,) * 3)
    (chosen,) = world.events(act.PowerProfileChosen)
    assert chosen.item == act.PowerProfileChosen(3, entries)
    world.charger.allowed_w = lambda now: (-1_500.0, 0.0)  # type: ignore[method-assign]
    world.run(until_s=51.0)
    assert world.inverter.power_w == pytest.approx((-500.0,) * 3)
    world.charger.allowed_w = lambda now: (0.0, 0.0)  # type: ignore[method-assign]
    world.run(until_s=52.0)
    assert world.inverter.power_w == (0.0,) * 3


def test_a_new_set_point_reaches_the_outlet_between_two_loops_and_the_car_with_the_next() -> None:
    world = World(
        service=BPT,
        evcc_limits=Limits({"EVCC_CHARGE_LOOP_INTERVAL": 10.0}),
        secc_limits=Limits(profile="field_60s"),
    )
    demand(world, 6_000.0).start().run(until_s=23.0)
    world.charger.setpoint_w = -6_000.0
    world.poll()
    assert world.ac_target.power_w == pytest.approx((-2_000.0,) * 3)
    assert world.inverter.power_w == pytest.approx((2_000.0,) * 3)
    world.run(until_s=33.0)
    assert world.inverter.power_w == pytest.approx((-2_000.0,) * 3)


# --- contactor, pilot, stop ---


@BOTH_MODES
@BOTH_SERVICES
def test_the_outlet_is_live_only_between_start_and_stop(mode: ControlMode, service: ServiceId) -> None:
    """V2G20-847, V2G20-1617: pilot state C comes with PowerDelivery(Start), and the contactor after it."""
    world = demand(World(mode=mode, service=service), 3_000.0)
    world.at(20.0, lambda: stop(world)).start().run().check_end()
    story = [
        type(e.item).__name__ if isinstance(e.item, V2GRequest) else e.item
        for e in world.log
        if isinstance(e.item, act.SetContactor | act.SetPilot) or type(e.item).__name__ == "PowerDeliveryReq"
    ]
    assert story[:4] == ["PowerDeliveryReq", act.SetPilot("C"), act.SetContactor(True), act.SetContactor(True)]
    assert story[4:] == ["PowerDeliveryReq", act.SetContactor(False), act.SetPilot("B"), act.SetContactor(False)]


def test_an_answer_to_start_waits_for_the_contactor() -> None:
    world = demand(World(service=BPT), 3_000.0)
    world.secc_contactor_stuck = True
    world.start().run_to(SECC, State.POWER_DELIVERY).run(until_s=world.now + 0.5)
    assert not world.messages("PowerDeliveryRes")
    world.secc_contactor_stuck = False
    world.charger.stage = replace(world.charger.stage, contactor_closed=True)
    world.poll()
    assert world.last_code() == "OK"
    assert world.secc.state is State.AC_CHARGE_LOOP


def test_pilot_that_falls_back_while_start_waits() -> None:
    """Whatever the contactor does in the end: no answer OK, and nothing stays closed."""
    world = World(service=BPT)
    world.secc_contactor_stuck = True
    world.start().run_to(SECC, State.POWER_DELIVERY).run(until_s=world.now + 0.5)
    world.charger.pilot_state = "B"
    world.poll()
    assert world.events(act.SetContactor, SECC)[-1].item == act.SetContactor(False)
    world.charger.stage = replace(world.charger.stage, contactor_closed=True)  # too late
    world.secc_contactor_stuck = False
    world.poll()
    assert world.last_code() == "FAILED_PowerDeliveryNotApplied"
    world.run()
    assert not world.events(act.EnergyFlow)


@BOTH_MODES
@pytest.mark.parametrize("power_w", [9_000.0, -9_000.0])
@pytest.mark.parametrize("who", [EV, SECC])
def test_slow_power_is_waited_for(mode: ControlMode, power_w: float, who: str) -> None:
    world = World(mode=mode, service=BPT)
    world.ramp_a_per_s = 5.0
    demand(world, power_w).start().run(until_s=30.0)
    assert abs(world.current_a) == pytest.approx(22.5)
    if who == EV:
        stop(world)
    else:
        world.charger.stop = True
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert 34.0 < world.events(act.SetContactor)[-1].now < 36.5


@BOTH_MODES
@pytest.mark.parametrize("state", [State.SERVICE_DETAIL, State.AC_CHARGE_PARAMETER_DISCOVERY, State.SCHEDULE_EXCHANGE])
def test_the_drivers_wish_to_stop_before_energy_flows(mode: ControlMode, state: State) -> None:
    world = demand(World(mode=mode, service=BPT), -3_000.0)
    world.start().run_to(EV, state)
    stop(world)
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert "AC_ChargeLoopReq" not in world.names()


@BOTH_MODES
@pytest.mark.parametrize("who", [EV, SECC])
def test_a_wish_to_stop_at_the_start_leads_through_loops_at_zero(mode: ControlMode, who: str) -> None:
    world = demand(World(mode=mode, service=BPT), -3_000.0)
    world.start().run_to(SECC, State.POWER_DELIVERY)
    if who == EV:
        stop(world)
    else:
        world.charger.stop = True
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert world.names(EV)[-4:] == ["PowerDeliveryReq", "AC_ChargeLoopReq", "PowerDeliveryReq", "SessionStopReq"]
    assert world.registers() == (0, 0)


def test_power_that_does_not_fall_after_stop() -> None:
    world = World(service=BPT)
    running(world, -9_000.0)
    world.current_stuck = True
    stop(world)
    world.run(until=lambda: bool(world.ended))
    assert code_of(world.messages("PowerDeliveryRes")[-1]) == "FAILED_PowerDeliveryNotApplied"
    opened = next(e for e in world.events(act.SetContactor) if not e.item.closed)
    # Nothing but the contactors is left then: they open under load, a second later.
    assert opened.current_a != 0.0
    asked = [e.now for e in world.log if type(e.item).__name__ == "PowerDeliveryReq"][-1]
    assert opened.now == pytest.approx(asked + 1.4 + Timer.SECC_POWER_OFF.default_s)


def test_a_car_that_is_frozen_is_cut_off() -> None:
    """Half a second of silence; then the pilot's signal goes, and a charger that does not heed it has another second."""
    world = World(service=BPT)
    running(world, -9_000.0)
    world.freeze(EV)
    world.current_stuck = True
    said = [e.now for e in world.log if type(e.item).__name__ == "AC_ChargeLoopRes"][-1]
    world.run()
    assert world.secc.state is State.ENDED
    (opened,) = [e for e in world.events(act.SetContactor, SECC) if not e.item.closed]
    assert opened.now == pytest.approx(said + 0.5 + Timer.SECC_POWER_OFF.default_s)
    assert world.current_a == 0.0


@BOTH_MODES
def test_what_the_station_wants_to_stop_is_zero_at_once(mode: ControlMode) -> None:
    world = World(mode=mode, service=BPT)
    running(world, -9_000.0)
    world.charger.stop = True
    world.poll()
    assert world.ac_target.power_w == (0.0,) * 3


@BOTH_MODES
def test_stop_out_of_the_blue_is_off_at_the_outlet_before_it_is_answered(mode: ControlMode) -> None:
    world = World(mode=mode, service=BPT)
    running(world, -9_000.0)
    start = world.messages("PowerDeliveryReq")[-1]
    actions = world.inject(SECC, replace(start, charge_progress=ChargeProgress.Stop))
    assert actions == [act.SetAcPower()]
    assert world.secc.state is State.AC_CHARGE_LOOP


def test_a_car_that_wants_to_stop_is_at_zero_whatever_it_is_told() -> None:
    world = World(service=BPT)
    running(world, -9_000.0)
    world.run_to(EV, State.AC_CHARGE_LOOP)
    answer = world.messages("AC_ChargeLoopRes")[-1]
    stop(world)
    world.inject(EV, answer)
    assert number(answer.cl_res_control_mode.evse_target_active_power) == -3_000.0
    assert world.inverter.power_w == (0.0,) * 3


@pytest.mark.parametrize("who", [EV, SECC])
def test_power_is_gone_when_both_sensors_say_so(who: str) -> None:
    """The car waits for either as long as it may, and does not open its relay under what its own sensor reads."""
    world = World(service=BPT)
    running(world, -9_000.0)
    port = world.vehicle if who == EV else world.charger
    port.ac_reading = lambda now: AcReading(power_w=(-900.0,) * 3)  # type: ignore[method-assign]
    stop(world)
    asked = world.now
    world.run(until=lambda: len(world.messages("PowerDeliveryReq")) == 2)
    assert world.now >= asked + Timer.EVCC_RAMP_DOWN.default_s
    world.run(until=lambda: bool(world.messages("SessionStopReq")) or bool(world.ended))
    if who == EV:
        assert world.vehicle.battery_reading.contactor_closed
        world.run()
        assert not world.vehicle.battery_reading.contactor_closed


# --- who offers and takes what ---


def test_both_protocols_in_one_handshake() -> None:
    """The services offered are those of the protocol that was chosen."""
    for protocols, offered in (((AC_20, DC_20), {5, 1}), ((DC_20, AC_20), {6, 2, 9, 8})):
        world = World(service=BPT, evcc={"protocols": protocols, "services": (ServiceId.AC_BPT, ServiceId.DC_BPT)})
        world.at(10.0, lambda world=world: stop(world)).start().run().check_end()
        (answer,) = world.messages("ServiceDiscoveryRes")
        assert {s.service_id for s in answer.energy_transfer_service_list.service} == offered
        (chosen,) = {e.item.service_id for e in world.events(act.ServiceChosen)}
        assert chosen == (5 if 5 in offered else 6)


class _DcOnly:
    """A station or a car as it was written before there was AC: without the ports of AC."""

    def __init__(self, inner: SimpleCharger | SimpleVehicle) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        if name.startswith("ac_"):
            raise AttributeError(name)
        return getattr(self._inner, name)


def test_a_charger_without_ac_ports_offers_no_ac() -> None:
    world = World(service=BPT)
    world.secc.charger = _DcOnly(world.charger)  # type: ignore[assignment]
    world.start().run().check_end()
    assert world.names()[-1] == "ServiceDiscoveryRes"
    assert world.last_code() == "FAILED"


def test_a_car_without_ac_ports_takes_no_ac() -> None:
    world = World(service=BPT)
    world.evcc.vehicle = _DcOnly(world.vehicle)  # type: ignore[assignment]
    world.start().run().check_end()
    assert world.error(EV) is None
    assert world.names(EV)[-2:] == ["ServiceDiscoveryReq", "SessionStopReq"]


def test_a_station_without_a_schedule_offers_what_the_lines_can() -> None:
    world = World(mode=ControlMode.SCHEDULED, service=BPT)
    world.charger.charger_limits = ChargerLimits(max_charge_power_w=1.0)  # DC: beside the point
    world.vehicle.ac_inlet_limits = limits(3, max_charge_power_w=2_000.0)
    world.start().run(until_s=10.0)
    (chosen,) = world.events(act.PowerProfileChosen)
    assert chosen.item.entries[0][1] == 6_000.0
    assert world.inverter.power_w == pytest.approx((2_000.0,) * 3)


@BOTH_MODES
@pytest.mark.parametrize("service", [ServiceId.MCS, ServiceId.MCS_BPT])
def test_mcs_runs_by_the_messages_of_dc(mode: ControlMode, service: ServiceId) -> None:
    world = demand(World(mode=mode, service=service), -6_000.0)
    world.at(30.0, lambda: stop(world)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert (world.registers()[1] > 0) is (service is ServiceId.MCS_BPT)
    assert {e.item.service_id for e in world.events(act.ServiceChosen)} == {service}
    assert "DC_WeldingDetectionRes" in world.names()
