"""MobilityNeedsMode 2: departure and energy as the station states them, and what a minimum does to discharging."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from iso15118.errors import LocalError
from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.ports import EnergyNeeds, MobilityNeeds, OfferedSchedule, Wish
from iso15118.session.services import AC_SERVICES, ControlMode, MobilityNeedsMode, ServiceId
from tests.session.world import EV, SECC, World

replace = msgspec.structs.replace
BOTH = pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
ALL = pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.DC, ServiceId.AC_BPT, ServiceId.AC])
BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))
STATED = MobilityNeeds(departure_s=7_200.0, target_soc_percent=80, minimum_soc_percent=30, ack_max_delay_s=30)


def world_with(service: ServiceId, stated: MobilityNeeds = STATED, **options: Any) -> World:
    needs_modes = (MobilityNeedsMode.SECC,)
    options = {"secc": {"mobility_needs_modes": needs_modes}} | options
    world = World(service=service, **options)
    world.charger.mobility = stated
    return world


def loop_modes(world: World) -> list[Any]:
    name = "AC_ChargeLoopRes" if world.evcc.is_ac else "DC_ChargeLoopRes"
    return [message.cl_res_control_mode for message in world.messages(name)]


def told(world: World) -> list[MobilityNeeds]:
    return [event.item.needs for event in world.events(act.MobilityNeedsTold, EV)]


@ALL
def test_the_station_states_departure_and_energy_and_the_car_reports_them(service: ServiceId) -> None:
    """CL-14."""
    world = world_with(service)
    world.start().run(until_s=10.0)
    (chosen, _) = world.events(act.ServiceChosen)
    assert chosen.item.mobility_needs_mode == MobilityNeedsMode.SECC
    said = world.messages("ScheduleExchangeRes")[-1].dynamic_se_res_control_mode
    assert (said.target_soc, said.minimum_soc) == (80, 30)
    assert said.departure_time == pytest.approx(7_200.0, abs=5)
    for mode in loop_modes(world):
        assert (mode.target_soc, mode.minimum_soc, mode.ack_max_delay) == (80, 30, 30)
    # Told twice: the loop adds the delay, the departure comes nearer with every message and is still the same.
    assert [replace(needs, departure_s=0.0) for needs in told(world)] == [
        replace(STATED, departure_s=0.0, ack_max_delay_s=None),
        replace(STATED, departure_s=0.0),
    ]
    assert all(needs.departure_s == pytest.approx(7_200.0, abs=1.0) for needs in told(world))
    world.charger.mobility = MobilityNeeds(departure_s=3_600.0, target_soc_percent=90)
    world.run(until_s=11.0)
    assert told(world)[-1].target_soc_percent == 90
    assert told(world)[-1].minimum_soc_percent is None
    assert len(told(world)) == 3


@pytest.mark.parametrize(
    "options",
    [{"secc": {}}, {"mode": ControlMode.SCHEDULED}],
    ids=["needs by the car", "Scheduled"],
)
@BOTH
def test_otherwise_nothing_is_stated(service: ServiceId, options: dict[str, Any]) -> None:
    """V2G20-2663: Scheduled control knows no needs of the station, though it offers them with Dynamic control."""
    world = world_with(service, **options)
    world.start().run(until_s=10.0)
    assert loop_modes(world)
    assert all(getattr(mode, "departure_time", None) is None for mode in loop_modes(world))
    assert not told(world)


def test_by_default_a_station_has_nothing_to_state() -> None:
    world = world_with(ServiceId.DC_BPT, MobilityNeeds())
    world.start().run(until_s=10.0)
    assert all(mode.departure_time is mode.target_soc is mode.ack_max_delay is None for mode in loop_modes(world))
    assert not told(world)


@BOTH
def test_a_departure_that_is_over_is_now(service: ServiceId) -> None:
    world = world_with(service, MobilityNeeds(departure_s=5.0))
    world.start().run(until_s=10.0)
    assert loop_modes(world)[-1].departure_time == 0


@pytest.mark.parametrize(
    "values",
    [
        {"minimum_soc_percent": 30},
        {"minimum_soc_percent": 81, "target_soc_percent": 80},
        {"target_soc_percent": 101},
        {"target_soc_percent": -1},
        {"ack_max_delay_s": 65_536},
    ],
)
def test_what_may_not_be_said_cannot_be_made(values: dict[str, int]) -> None:
    """V2G20-1290, V2G20-1366."""
    with pytest.raises(LocalError, match="MobilityNeeds"):
        MobilityNeeds(**values)


@pytest.mark.parametrize("target", [None, 29])
@BOTH
def test_a_minimum_that_may_not_be_said_is_passed_over(service: ServiceId, target: int | None) -> None:
    world = world_with(service, MobilityNeeds(target_soc_percent=80))
    world.start().run_to(EV, State.AC_CHARGE_LOOP if service in AC_SERVICES else State.DC_CHARGE_LOOP)
    answer = world.messages()[-1]
    mode = replace(answer.cl_res_control_mode, minimum_soc=30, target_soc=target)
    world.inject(EV, replace(answer, cl_res_control_mode=mode))
    assert told(world)[-1] == MobilityNeeds(target_soc_percent=target)
    assert EV not in world.ended


# --- minimum state of charge ---


def discharging(world: World) -> World:
    world.charger.setpoint_w = -6_000.0
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((7_200.0, -6_000.0),)),)
    world.vehicle.battery_reading = replace(world.vehicle.battery_reading, soc_percent=31.2)
    world.start().run(until_s=10.0)
    assert world.current_a == pytest.approx(-15.0)
    return world


def down_to(world: World, soc: float) -> None:
    world.vehicle.battery_reading = replace(world.vehicle.battery_reading, soc_percent=soc)
    world.run(until_s=world.now + 1.0)


@BOTH
@pytest.mark.parametrize("whose", ["the car's", "the station's"])
def test_at_the_minimum_discharging_ends_and_the_session_stays(service: ServiceId, whose: str) -> None:
    """CL-12, Dynamic control: charging goes on to be possible."""
    if whose == "the car's":
        world = World(service=service, needs=EnergyNeeds(minimum_soc_percent=30, target_soc_percent=80))
    else:
        world = world_with(service)
    discharging(world)
    down_to(world, 30.0)
    assert world.current_a == 0.0
    limits = world.messages(f"{'AC' if world.evcc.is_ac else 'DC'}_ChargeLoopReq")[-1].cl_req_control_mode
    assert limits.ev_maximum_discharge_power.value == 0
    assert world.secc.state in (State.AC_CHARGE_LOOP, State.DC_CHARGE_LOOP)
    world.charger.setpoint_w = 6_000.0
    world.run(until_s=world.now + 1.0)
    assert world.current_a == pytest.approx(15.0)
    world.vehicle.driver_wish = Wish.STOP
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None


@BOTH
def test_at_the_minimum_a_schedule_that_discharges_has_to_wait(service: ServiceId) -> None:
    """CL-12, Scheduled control: the car asks for nothing below its minimum."""
    needs = EnergyNeeds(minimum_soc_percent=30, target_soc_percent=80)
    world = discharging(World(service=service, needs=needs, mode=ControlMode.SCHEDULED))
    down_to(world, 30.0)
    assert world.current_a == 0.0
    down_to(world, 31.0)
    assert world.current_a == pytest.approx(-15.0)


@BOTH
def test_the_station_does_not_rely_on_the_car_at_the_minimum(service: ServiceId) -> None:
    """A car that goes on telling discharge limits is asked for nothing either."""
    world = discharging(world_with(service))
    world.run_to(SECC, State.AC_CHARGE_LOOP if world.evcc.is_ac else State.DC_CHARGE_LOOP)
    request = world.messages()[-1]
    display = replace(request.display_parameters, present_soc=30)
    world.inject(SECC, replace(request, display_parameters=display))
    assert sum(world.ac_target.power_w) == world.stage.ac_power_w == world.stage.min_power_w == 0.0


@BOTH
@pytest.mark.parametrize(("least", "discharges"), [(-1.0, True), (0.0, False), (1.0, False)])
def test_at_the_lower_end_of_the_window_discharging_ends(service: ServiceId, least: float, discharges: bool) -> None:
    """CL-12: what may be given has been given."""
    world = World(service=service, needs=EnergyNeeds(minimum_v2x_energy_wh=-500.0, maximum_v2x_energy_wh=5_000.0))
    discharging(world)
    world.vehicle.energy_needs = replace(world.vehicle.energy_needs, minimum_v2x_energy_wh=least)
    world.run(until_s=11.0)
    assert world.current_a == pytest.approx(-15.0 if discharges else 0.0)
