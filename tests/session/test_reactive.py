"""Support of the grid in AC: reactive power and frequency, as far as the charger in the car can."""

from __future__ import annotations

import msgspec
import pytest

from iso15118.errors import LocalError
from iso15118.session.ports import AcAbilities, AcSupport, OfferedSchedule, Wish
from iso15118.session.quantities import number
from iso15118.session.services import ControlMode, ServiceId
from tests.session.world import EV, SECC, World

replace = msgspec.structs.replace
BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))
BOTH_SERVICES = pytest.mark.parametrize("service", [ServiceId.AC, ServiceId.AC_BPT])


def supporting(
    support: AcSupport, abilities: AcAbilities, mode: ControlMode, service: ServiceId = ServiceId.AC_BPT
) -> World:
    world = World(service=service, mode=mode)
    world.charger.setpoint_w = 6_000.0
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((7_200.0, 6_000.0),)),)
    world.charger.support, world.vehicle.abilities = support, abilities
    return world.start().run(until_s=10.0)


@BOTH_MODES
@BOTH_SERVICES
def test_a_car_gives_the_reactive_power_it_is_asked_for(mode: ControlMode, service: ServiceId) -> None:
    asked = AcSupport(reactive_var=(500.0, -700.0, 0.0), frequency_hz=50.02)
    world = supporting(asked, AcAbilities(max_reactive_var=(1_000.0,) * 3), mode, service)
    assert world.inverter.reactive_var == (500.0, -700.0, 0.0)
    assert world.inverter.frequency_hz == pytest.approx(50.02)
    assert world.ac_target.reactive_var == (500.0, -700.0, 0.0)
    assert world.inverter.power_w == pytest.approx((2_000.0,) * 3)  # active power is what it was
    answer = world.messages("AC_ChargeLoopRes")[-1]
    assert number(answer.evse_target_frequency) == pytest.approx(50.02)
    assert number(answer.cl_res_control_mode.evse_target_reactive_power_l2) == -700.0
    request = world.messages("AC_ChargeLoopReq")[-1].cl_req_control_mode
    assert number(request.ev_present_reactive_power_l2) == -700.0
    world.vehicle.driver_wish = Wish.STOP
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert not any(world.inverter.reactive_var)


@BOTH_MODES
@pytest.mark.parametrize(
    ("abilities", "var"),
    [
        (AcAbilities(), 0.0),
        (AcAbilities(max_reactive_var=(300.0,) * 3), 300.0),
        # 2,000 W of 2,500 VA leave 1,500 var; of 1,500 VA nothing: active power comes first.
        (AcAbilities(max_reactive_var=(9_000.0,) * 3, max_apparent_va=(2_500.0,) * 3), 1_500.0),
        (AcAbilities(max_reactive_var=(9_000.0,) * 3, max_apparent_va=(1_500.0,) * 3), 0.0),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_car_gives_no_more_than_it_can(mode: ControlMode, abilities: AcAbilities, var: float, sign: int) -> None:
    world = supporting(AcSupport(reactive_var=(sign * 5_000.0,) * 3), abilities, mode)
    assert world.inverter.reactive_var == pytest.approx((sign * var,) * 3)
    assert world.inverter.power_w == pytest.approx((2_000.0,) * 3)


@BOTH_MODES
def test_by_default_nothing_is_asked_for(mode: ControlMode) -> None:
    world = supporting(AcSupport(), AcAbilities(max_reactive_var=(1_000.0,) * 3), mode)
    answer = world.messages("AC_ChargeLoopRes")[-1]
    assert answer.evse_target_frequency is None
    assert answer.cl_res_control_mode.evse_target_reactive_power is None
    assert not any(world.inverter.reactive_var)
    assert world.inverter.frequency_hz is None


@BOTH_MODES
def test_a_wish_that_ends_is_followed(mode: ControlMode) -> None:
    world = supporting(AcSupport(reactive_var=(500.0,) * 3), AcAbilities(max_reactive_var=(1_000.0,) * 3), mode)
    world.charger.support = AcSupport()
    world.run(until_s=11.0)
    assert not any(world.inverter.reactive_var)


def test_one_line_has_one_value() -> None:
    world = World(service=ServiceId.AC_BPT)
    world.vehicle.ac_inlet_limits = world.vehicle.ac_inlet_limits.first(1)
    world.charger.support = AcSupport(reactive_var=(500.0, 600.0, 700.0))
    world.vehicle.abilities = AcAbilities(max_reactive_var=(1_000.0,), max_apparent_va=(9_000.0,))
    world.start().run(until_s=10.0)
    assert world.inverter.reactive_var == (500.0,)
    with pytest.raises(LocalError):
        AcAbilities(max_reactive_var=(1.0,))


@pytest.mark.parametrize("power_w", [3_000.0, -3_000.0])
def test_both_directions_leave_the_same_room(power_w: float) -> None:
    """CL-09, CL-10: set points change their sign and back; what the reactive power may be is the same."""
    world = supporting(
        AcSupport(reactive_var=(5_000.0,) * 3),
        AcAbilities(max_reactive_var=(9_000.0,) * 3, max_apparent_va=(1_250.0,) * 3),
        ControlMode.DYNAMIC,
    )
    world.charger.setpoint_w = power_w
    world.run(until_s=11.0)
    assert world.inverter.power_w == pytest.approx((power_w / 3,) * 3)
    assert world.inverter.reactive_var == pytest.approx((750.0,) * 3)
    present = world.messages("AC_ChargeLoopReq")[-1].cl_req_control_mode.ev_present_active_power
    assert number(present) == pytest.approx(power_w / 3, abs=0.1)
