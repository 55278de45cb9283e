"""AC at the car: what it makes of the station's answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.common.service import Parameter
from iso15118.messages.model import Record
from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.ports import OfferedSchedule, Wish
from iso15118.session.ports.ac import AcLimits, AcReading
from iso15118.session.quantities import number, rational
from iso15118.session.services import ControlMode, ServiceId
from tests.session.world import EV, SECC, World

BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))
SUFFIXES = ("", "_l2", "_l3")
replace = msgspec.structs.replace


def answered(world: World, state: State, change: Callable[[Any], Record]) -> World:
    """Play to ``state`` and have the car receive the station's answer with something changed."""
    if world.evcc.state is State.SUPPORTED_APP_PROTOCOL:
        world.start()
    world.run_to(EV, state)
    answer = [m for m in world.messages() if type(m).__name__.endswith("Res")][-1]
    world.inject(EV, change(answer))
    return world


def looping(mode: ControlMode, power_w: float = 9_000.0, service: ServiceId = ServiceId.AC_BPT) -> World:
    world = World(mode=mode, service=service)
    world.charger.setpoint_w = power_w
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((3_600.0, power_w),)),)
    world.start().run(until_s=10.0).run_to(EV, State.AC_CHARGE_LOOP)
    return world


def target(*watts: float | None) -> Callable[[Any], Record]:
    """An answer whose target is that, L1 first; None where it has none."""

    def change(answer: Any) -> Record:
        values = dict(zip(SUFFIXES, (*watts, None, None), strict=False))
        fields = {
            f"evse_target_active_power{suffix}": None if value is None else rational(value)
            for suffix, value in values.items()
        }
        return replace(answer, cl_res_control_mode=replace(answer.cl_res_control_mode, **fields))

    return change


@pytest.mark.parametrize(
    ("watts", "expected"),
    [
        ((3_000.0,), (1_000.0,) * 3),  # one value alone is a total
        ((-3_000.0,), (-1_000.0,) * 3),
        ((500.0, 600.0, 700.0), (500.0, 600.0, 700.0)),
        ((500.0, -600.0, 700.0), (500.0, -600.0, 700.0)),
        ((500.0, 600.0), (500.0, 600.0, 0.0)),
        ((90_000.0,), (3_680.0,) * 3),
        ((-90_000.0,), (-3_680.0,) * 3),
        ((0.0,), (0.0,) * 3),
    ],
)
def test_dynamic_target_is_followed_inside_the_limits(watts: tuple[float, ...], expected: tuple[float, ...]) -> None:
    world = answered(looping(ControlMode.DYNAMIC), State.AC_CHARGE_LOOP, target(*watts))
    assert world.inverter.power_w == pytest.approx(expected)


@pytest.mark.parametrize(
    ("schedule_w", "watts", "expected"),
    [
        (9_000.0, (None,), 3_000.0),  # the target is optional
        (9_000.0, (6_000.0,), 2_000.0),
        (9_000.0, (11_000.0,), 3_000.0),  # never above the schedule
        (9_000.0, (0.0,), 0.0),
        (9_000.0, (-6_000.0,), 0.0),  # nor against it
        (-9_000.0, (None,), -3_000.0),
        (-9_000.0, (-6_000.0,), -2_000.0),
        (-9_000.0, (6_000.0,), 0.0),
    ],
)
def test_scheduled_target_narrows_the_schedule(schedule_w: float, watts: tuple[float | None], expected: float) -> None:
    world = answered(looping(ControlMode.SCHEDULED, schedule_w), State.AC_CHARGE_LOOP, target(*watts))
    assert world.inverter.power_w == pytest.approx((expected,) * 3)


@BOTH_MODES
def test_a_negative_charge_limit_of_the_station_is_zero(mode: ControlMode) -> None:
    world = World(mode=mode, service=ServiceId.AC_BPT)
    world.charger.setpoint_w = 9_000.0

    def change(answer: Any) -> Record:
        told = replace(answer.ac_cpd_res_energy_transfer_mode, evse_maximum_charge_power_l2=rational(-5.0))
        return replace(answer, ac_cpd_res_energy_transfer_mode=told)

    answered(world, State.AC_CHARGE_PARAMETER_DISCOVERY, change).run(until_s=10.0)
    power = world.inverter.power_w
    assert power[0] == power[2] > 0.0 == power[1]


@pytest.mark.parametrize("service", [ServiceId.AC, ServiceId.AC_BPT])
def test_parameters_of_the_other_service_end_the_session(service: ServiceId) -> None:
    zero = rational(0.0)
    charge = {"evse_maximum_charge_power": zero, "evse_minimum_charge_power": zero, "evse_nominal_frequency": zero}
    other: ac.AC_CPDResEnergyTransferMode = ac.AC_CPDResEnergyTransferMode(**charge)
    if service is ServiceId.AC:
        other = ac.BPT_AC_CPDResEnergyTransferMode(
            **charge, evse_maximum_discharge_power=zero, evse_minimum_discharge_power=zero
        )
    world = answered(
        World(service=service),
        State.AC_CHARGE_PARAMETER_DISCOVERY,
        lambda answer: replace(answer, ac_cpd_res_energy_transfer_mode=other),
    )
    world.run().check_end()
    assert world.error(EV) == "the station's parameters do not fit the chosen service"


@BOTH_MODES
def test_an_answer_in_the_other_control_mode_ends_the_session(mode: ControlMode) -> None:
    zero = rational(0.0)
    other: Record = ac.BPT_Scheduled_AC_CLResControlMode()
    if mode is ControlMode.SCHEDULED:
        other = ac.BPT_Dynamic_AC_CLResControlMode(evse_target_active_power=zero)
    world = answered(looping(mode), State.AC_CHARGE_LOOP, lambda answer: replace(answer, cl_res_control_mode=other))
    world.run().check_end()
    assert world.error(EV) == "the station answered AC_ChargeLoop in another control mode"


@BOTH_MODES
@pytest.mark.parametrize("lines", [1, 3])
def test_reactive_power_is_told_line_by_line(mode: ControlMode, lines: int) -> None:
    world = looping(mode)
    world.evcc.context.ac_lines = lines
    world.evcc.context.ac_station = world.evcc.context.ac_station.first(lines)
    world.vehicle.ac_reading = lambda now: AcReading(  # type: ignore[method-assign]
        power_w=(1.0, 2.0, 3.0), reactive_var=(-10.0, 20.0, 30.0)
    )
    world._queue.clear()
    world._do(EV, world.evcc._compose(world.now))
    request = world.messages("AC_ChargeLoopReq")[-1].cl_req_control_mode
    for name, values in (("active", (1.0, 2.0, 3.0)), ("reactive", (-10.0, 20.0, 30.0))):
        told = [getattr(request, f"ev_present_{name}_power{suffix}") for suffix in SUFFIXES]
        assert [number(value) for value in told if value is not None] == list(values[:lines])


@BOTH_MODES
def test_a_wish_to_stop_makes_power_and_limits_zero(mode: ControlMode) -> None:
    world = looping(mode)
    world.vehicle.driver_wish = Wish.STOP
    world.run().check_end()
    requests = world.messages("AC_ChargeLoopReq")
    last = requests[-1]
    assert last.meter_info_requested
    for suffix in SUFFIXES:
        for name in ("ev_maximum_charge_power", "ev_maximum_discharge_power", "ev_present_active_power"):
            assert number(getattr(last.cl_req_control_mode, name + suffix)) == 0.0


# --- parameter sets ---


def offered(change: Callable[[dict[str, Parameter]], dict[str, Parameter]], which: set[int]) -> Callable[[Any], Record]:
    """A ServiceDetailRes with some parameters changed in the sets named."""

    def whole(answer: Any) -> Record:
        sets = tuple(
            replace(each, parameter=tuple(change({p.name: p for p in each.parameter}).values()))
            if each.parameter_set_id in which
            else each
            for each in answer.service_parameter_list.parameter_set
        )
        return replace(answer, service_parameter_list=replace(answer.service_parameter_list, parameter_set=sets))

    return whole


def setting(name: str, value: int) -> Callable[[dict[str, Parameter]], dict[str, Parameter]]:
    return lambda parameters: parameters | {name: Parameter(name=name, int_value=value)}


@pytest.mark.parametrize(("name", "value"), [("Connector", 3), ("GeneratorMode", 2)])
def test_a_set_the_car_can_not_serve_is_passed_over(name: str, value: int) -> None:
    """Three-phase Dynamic is the car's first choice; what it finds there sends it to single-phase Dynamic."""
    world = World(service=ServiceId.AC_BPT)
    answered(world, State.SERVICE_DETAIL, offered(setting(name, value), {2}))
    assert world.messages("ServiceSelectionReq")[-1].selected_energy_transfer_service.parameter_set_id == 4
    assert world.evcc.context.ac_lines == 1


def test_without_a_usable_set_the_session_ends() -> None:
    world = World(service=ServiceId.AC_BPT)
    answered(world, State.SERVICE_DETAIL, offered(setting("GeneratorMode", 2), {1, 2, 3, 4}))
    world.run().check_end()
    assert world.names(EV)[-2:] == ["ServiceDetailReq", "SessionStopReq"]


@BOTH_MODES
@pytest.mark.parametrize(
    ("lines", "sets"), [(3, {ControlMode.SCHEDULED: 1, ControlMode.DYNAMIC: 2}), (1, {1: 3, 2: 4})]
)
def test_the_set_with_the_most_lines_is_taken(mode: ControlMode, lines: int, sets: dict[int, int]) -> None:
    world = World(mode=mode, service=ServiceId.AC)
    if lines == 1:
        world.vehicle.ac_inlet_limits = AcLimits(
            max_charge_power_w=(3_680.0,),
            min_charge_power_w=(0.0,),
            max_discharge_power_w=(0.0,),
            min_discharge_power_w=(0.0,),
        )
    world.start().run_to(SECC, State.SERVICE_SELECTION)
    (request,) = world.messages("ServiceSelectionReq")
    assert request.selected_energy_transfer_service.parameter_set_id == sets[mode]


def test_the_nominal_voltage_is_the_stations() -> None:
    world = World(service=ServiceId.AC)
    answered(world, State.SERVICE_DETAIL, offered(setting("EVSENominalVoltage", 120), {2}))
    world.run(until_s=10.0)
    assert world.evcc.context.ac_voltage_v == 120.0
    seen = [e.item for e in world.events(act.LoopSeen, EV)][-1]
    assert seen.voltage_v == 120.0
    assert seen.voltage_v * seen.current_a == pytest.approx(sum(seen.ac_power_w))
