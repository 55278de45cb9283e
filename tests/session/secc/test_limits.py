"""Signs and bounds: what the station lets its stage do, and how limits look on the wire."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from iso15118.messages.iso20 import dc
from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.ports import ChargerLimits, EnergyNeeds, OfferedSchedule, VehicleLimits, Wish
from iso15118.session.quantities import number, rational
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.timers import Limits
from iso15118.units import DischargeLimitSign
from tests.session.world import SECC, World

Sign = DischargeLimitSign
BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))


def in_loop(world: World, power_w: float) -> act.SetStage:
    """Run into the loop with that wish for power; what the stage is told then."""
    world.charger.setpoint_w = power_w
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((3_600.0, power_w),)),)
    world.start().run(until_s=10.0)
    assert world.secc.state is State.DC_CHARGE_LOOP
    return world.stage


def discharge_fields(message: Any) -> list[float]:
    """Every discharge limit in a message."""
    found = []
    for name in message.__struct_fields__:
        value = getattr(message, name)
        if "discharge" in name and hasattr(value, "exponent"):
            found.append(number(value))
        elif isinstance(value, msgspec.Struct):
            found += discharge_fields(value)
    return found


def signs(world: World, *names: str) -> set[int]:
    """Signs of the discharge limits that are not zero, in messages of these names."""
    limits = [limit for name in names for message in world.messages(name) for limit in discharge_fields(message)]
    assert limits
    return {1 if limit > 0 else -1 for limit in limits if limit}


# --- signs ---


@BOTH_MODES
@pytest.mark.parametrize("ev_sign", [Sign.POSITIVE, Sign.NEGATIVE, Sign.MIRROR_PEER])
@pytest.mark.parametrize("evse_sign", list(Sign))
def test_both_signs_mean_the_same_and_are_sent_as_the_options_say(
    mode: ControlMode, ev_sign: Sign, evse_sign: Sign
) -> None:
    world = World(mode=mode, evcc={"discharge_limit_sign": ev_sign}, secc={"discharge_limit_sign": evse_sign})
    world.at(20.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    assert in_loop(world, -6_000.0).min_current_a == -30.0
    assert world.current_a == -15.0
    world.run().check_end()
    car = 1 if ev_sign is Sign.POSITIVE else -1  # a car speaks first: nothing to mirror yet
    station = {Sign.POSITIVE: 1, Sign.NEGATIVE: -1, Sign.MIRROR_PEER: car}[evse_sign]
    assert signs(world, "DC_ChargeParameterDiscoveryReq", "DC_ChargeLoopReq") == {car}
    assert signs(world, "DC_ChargeParameterDiscoveryRes", "DC_ChargeLoopRes") == {station}
    assert world.evcc.context.station.max_discharge_power_w == 11_000.0


def test_mirror_is_negative_until_the_car_has_shown_its_sign() -> None:
    """A car with an empty battery shows zeros in parameter discovery, and its sign in the loop."""
    empty = VehicleLimits(max_discharge_power_w=0.0, max_discharge_current_a=0.0)
    world = World(evcc={"discharge_limit_sign": Sign.POSITIVE})
    world.vehicle.vehicle_limits = empty
    in_loop(world, -6_000.0)
    assert world.current_a == 0.0
    assert signs(world, "DC_ChargeParameterDiscoveryRes", "DC_ChargeLoopRes") == {-1}
    world.vehicle.vehicle_limits = VehicleLimits()
    world.run(until_s=11.0)
    assert discharge_fields(world.messages("DC_ChargeLoopRes")[-1])[0] > 0
    assert world.current_a == -15.0


# --- bounds ---


@BOTH_MODES
@pytest.mark.parametrize(
    ("power_w", "limits", "current_a"),
    [
        (20_000.0, {"car": {"max_charge_current_a": 16.0}}, 16.0),
        (20_000.0, {"station": {"max_charge_current_a": 14.0}}, 14.0),
        (20_000.0, {"car": {"max_charge_power_w": 4_000.0}}, 10.0),
        (20_000.0, {"station": {"max_charge_power_w": 3_200.0}}, 8.0),
        (20_000.0, {}, 27.5),  # 11 kW of both at 400 V
        (-20_000.0, {"car": {"max_discharge_current_a": 16.0}}, -16.0),
        (-20_000.0, {"station": {"max_discharge_current_a": 14.0}}, -14.0),
        (-20_000.0, {"car": {"max_discharge_power_w": 4_000.0}}, -10.0),
        (-20_000.0, {"station": {"max_discharge_power_w": 3_200.0}}, -8.0),
        (-20_000.0, {}, -27.5),
        (6_000.0, {"car": {"max_charge_power_w": 0.0}}, 0.0),
        (6_000.0, {"car": {"max_charge_current_a": 0.0}}, 0.0),
        (6_000.0, {"station": {"max_charge_power_w": 0.0}}, 0.0),
        (6_000.0, {"station": {"max_charge_current_a": 0.0}}, 0.0),
        (-6_000.0, {"car": {"max_discharge_power_w": 0.0}}, 0.0),
        (-6_000.0, {"car": {"max_discharge_current_a": 0.0}}, 0.0),
        (-6_000.0, {"station": {"max_discharge_power_w": 0.0}}, 0.0),
        (-6_000.0, {"station": {"max_discharge_current_a": 0.0}}, 0.0),
    ],
)
def test_power_stays_inside_the_limits_of_both(
    mode: ControlMode, power_w: float, limits: dict[str, dict[str, float]], current_a: float
) -> None:
    """A limit of zero means zero, and in Dynamic control the set point itself gives way then."""
    world = World(mode=mode)
    world.vehicle.vehicle_limits = VehicleLimits(**limits.get("car", {}))
    world.charger.charger_limits = ChargerLimits(**limits.get("station", {}))
    stage = in_loop(world, power_w)
    assert world.current_a == pytest.approx(current_a, abs=0.02)
    if current_a == 0.0:
        assert (stage.ac_power_w, stage.current_a) == (0.0, 0.0)
    assert -stage.min_current_a <= 30.0 >= stage.max_current_a


@BOTH_MODES
def test_limits_that_fall_during_the_loop_are_followed_at_once(mode: ControlMode) -> None:
    world = World(mode=mode)
    in_loop(world, -8_000.0)
    assert world.current_a == -20.0
    world.vehicle.vehicle_limits = VehicleLimits(max_discharge_current_a=5.0)
    world.run(until_s=10.5)
    assert world.current_a == -5.0
    world.charger.charger_limits = ChargerLimits(max_discharge_power_w=800.0)
    world.run(until_s=11.0)
    assert world.current_a == pytest.approx(-2.0)
    world.vehicle.vehicle_limits = VehicleLimits(max_discharge_current_a=0.0)
    world.run(until_s=11.5)
    assert world.current_a == 0.0
    assert world.secc.state is State.DC_CHARGE_LOOP


@pytest.mark.parametrize("target_a", [100.0, -100.0])
def test_a_target_current_beyond_the_limits_is_clipped(target_a: float) -> None:
    """V2G20-2188: targets are no limits, and limits hold while they are chased."""
    world = World(mode=ControlMode.SCHEDULED)
    in_loop(world, 50_000.0 if target_a > 0 else -50_000.0)
    request = world.messages("DC_ChargeLoopReq")[-1]
    mode = msgspec.structs.replace(request.cl_req_control_mode, ev_target_current=rational(target_a))
    world.inject(SECC, msgspec.structs.replace(request, cl_req_control_mode=mode))
    most_a = min(30.0, 11_000.0 / world.charger.stage.voltage_v)
    assert world.stage.current_a == pytest.approx(most_a if target_a > 0 else -most_a)


@pytest.mark.parametrize("target_a", [10.0, -10.0])
def test_a_target_current_beyond_the_schedule_is_clipped_to_it(target_a: float) -> None:
    """A car that agreed to 400 W does not get ten times that, and none in the other direction."""
    world = World(mode=ControlMode.SCHEDULED)
    in_loop(world, 400.0)
    request = world.messages("DC_ChargeLoopReq")[-1]
    mode = msgspec.structs.replace(request.cl_req_control_mode, ev_target_current=rational(target_a))
    world.inject(SECC, msgspec.structs.replace(request, cl_req_control_mode=mode))
    assert world.stage.current_a == pytest.approx(400.0 / world.charger.stage.voltage_v if target_a > 0 else 0.0)


def test_what_a_back_end_takes_back_is_taken_back_between_two_loops() -> None:
    """K16.FR.11: a lower value applies at once, whatever the schedule said; without permission nothing flows out."""
    world = World(mode=ControlMode.SCHEDULED, evcc_limits=Limits({"EVCC_CHARGE_LOOP_INTERVAL": 0.4}))
    in_loop(world, -8_000.0)
    assert world.current_a == pytest.approx(-20.0)
    world.charger.allowed_w = lambda now: (-2_000.0, 0.0)
    world.poll()
    assert world.stage.current_a == pytest.approx(-5.0)
    world.charger.allowed_w = lambda now: (0.0, 0.0)
    world.poll()
    assert world.stage.current_a == 0.0


def test_the_station_never_tells_or_uses_more_than_parameter_discovery_said() -> None:
    """V2G20-2654, V2G20-2655."""
    world = World()
    world.charger.charger_limits = ChargerLimits(
        max_charge_power_w=5_000.0,
        min_charge_power_w=500.0,
        max_discharge_power_w=4_000.0,
        min_discharge_power_w=400.0,
        max_voltage_v=440.0,
        min_voltage_v=300.0,
    )
    in_loop(world, 20_000.0)
    world.charger.charger_limits = ChargerLimits()
    world.run(until_s=11.0)
    told = world.messages("DC_ChargeLoopRes")[-1].cl_res_control_mode
    assert isinstance(told, dc.BPT_Dynamic_DC_CLResControlMode)
    assert number(told.evse_maximum_charge_power) == 5_000.0
    assert number(told.evse_minimum_charge_power) == 500.0
    assert number(told.evse_maximum_discharge_power) == -4_000.0
    assert number(told.evse_minimum_discharge_power) == -400.0
    assert world.current_a == 12.5
    assert (world.stage.min_power_w, world.stage.max_power_w) == (-4_000.0, 5_000.0)
    assert (world.stage.min_voltage_v, world.stage.max_voltage_v) == (300.0, 440.0)


def test_without_a_set_point_the_car_charges_as_it_likes() -> None:
    world = World()
    world.vehicle.vehicle_limits = VehicleLimits(max_charge_current_a=12.0)
    world.start().run(until_s=10.0)
    assert world.current_a == 12.0


# --- may the car be discharged at all ---


@BOTH_MODES
def test_no_discharge_without_a_bidirectional_service(mode: ControlMode) -> None:
    world = World(mode=mode, service=ServiceId.DC)
    stage = in_loop(world, -6_000.0)
    assert world.current_a == 0.0
    assert (stage.min_current_a, stage.min_power_w, stage.ac_power_w) == (0.0, 0.0, 0.0)


def test_a_schedule_without_a_bidirectional_service_has_no_discharge_in_it() -> None:
    world = World(mode=ControlMode.SCHEDULED, service=ServiceId.DC)
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((60.0, -4_000.0), (60.0, 4_000.0))),)
    world.at(90.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    (offered,) = world.messages("ScheduleExchangeRes")[-1].scheduled_se_res_control_mode.schedule_tuple
    assert offered.discharging_schedule is None
    (chosen,) = world.events(act.PowerProfileChosen)
    assert chosen.item.entries == ((60.0, 0.0), (60.0, 4_000.0))
    imported, exported = world.registers()
    assert imported > 30
    assert exported == 0


def test_target_current_below_zero_without_a_bidirectional_service() -> None:
    world = World(mode=ControlMode.SCHEDULED, service=ServiceId.DC)
    in_loop(world, 0.0)
    request = world.messages("DC_ChargeLoopReq")[-1]
    mode = msgspec.structs.replace(request.cl_req_control_mode, ev_target_current=rational(-10.0))
    world.inject(SECC, msgspec.structs.replace(request, cl_req_control_mode=mode))
    assert world.stage.current_a == 0.0


@pytest.mark.parametrize(
    ("minimum", "v2x", "option", "discharges"),
    [
        # EVMinimumEnergyRequest: energy the battery needs before anything else.
        (0.0, None, {}, True),
        (-5_000.0, None, {}, True),
        (1.0, None, {}, False),
        # No V2X requests: an option.
        (-5_000.0, None, {"discharge_without_v2x_requests": False}, False),
        (-5_000.0, None, {"discharge_without_v2x_requests": True}, True),
        # Minimum and maximum of the window, counted from now: inside, below, above.
        (-5_000.0, (-2_000.0, 3_000.0), {}, True),
        (-5_000.0, (-2_000.0, 3_000.0), {"discharge_without_v2x_requests": False}, True),
        (-5_000.0, (500.0, 3_000.0), {}, False),
        (-5_000.0, (-4_000.0, -1_000.0), {}, True),
        (-5_000.0, (-4_000.0, -1_000.0), {"discharge_above_v2x_window": False}, False),
        (1.0, (-2_000.0, 3_000.0), {}, False),
    ],
)
def test_energy_requests_decide_about_discharging(
    minimum: float, v2x: tuple[float, float] | None, option: dict[str, bool], discharges: bool
) -> None:
    needs = EnergyNeeds(
        departure_s=36_000.0,
        target_energy_wh=9_000.0,
        maximum_energy_wh=20_000.0,
        minimum_energy_wh=minimum,
        minimum_v2x_energy_wh=None if v2x is None else v2x[0],
        maximum_v2x_energy_wh=None if v2x is None else v2x[1],
    )
    world = World(needs=needs, secc=option)
    stage = in_loop(world, -6_000.0)
    assert world.current_a == (-15.0 if discharges else 0.0)
    assert stage.ac_power_w == (-6_000.0 if discharges else 0.0)
    # Charging is never in question.
    world.charger.setpoint_w = 6_000.0
    world.run(until_s=11.0)
    assert world.current_a == 15.0


@pytest.mark.parametrize("window", [(500.0, 3_000.0), (-4_000.0, -1_000.0)])
def test_a_window_that_the_loop_does_not_repeat_still_holds(window: tuple[float, float]) -> None:
    needs = EnergyNeeds(minimum_v2x_energy_wh=window[0], maximum_v2x_energy_wh=window[1])
    world = World(needs=needs, secc={"discharge_above_v2x_window": False})
    world.charger.setpoint_w = -6_000.0
    world.start().run_to(SECC, State.DC_CHARGE_LOOP)
    request = world.messages("DC_ChargeLoopReq")[-1]
    mode = msgspec.structs.replace(
        request.cl_req_control_mode, ev_minimum_v2x_energy_request=None, ev_maximum_v2x_energy_request=None
    )
    world.inject(SECC, msgspec.structs.replace(request, cl_req_control_mode=mode))
    assert world.last_code() == "OK"
    assert world.stage.ac_power_w == 0.0


def test_discharge_ends_when_the_window_is_left_and_the_session_stays() -> None:
    world = World()
    in_loop(world, -6_000.0)
    assert world.current_a == -15.0
    world.vehicle.energy_needs = msgspec.structs.replace(world.vehicle.energy_needs, minimum_energy_wh=10.0)
    world.run(until_s=11.0)
    assert world.current_a == 0.0
    assert world.secc.state is State.DC_CHARGE_LOOP
