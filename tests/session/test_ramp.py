"""Set points move no faster than EVSEPowerRampLimitation allows, and power is taken away at once all the same."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.session import actions as act
from iso15118.session.ports import ChargerLimits, OfferedSchedule, Wish
from iso15118.session.ports.ac import AcLimits, AcOutlet
from iso15118.session.ramp import Ramp
from iso15118.session.services import ControlMode, ServiceId
from tests.session.world import EV, SECC, World

replace = msgspec.structs.replace
BOTH = pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))
RATE = 1_000.0
NOTHING = ChargerLimits(
    max_charge_power_w=0.0,
    max_discharge_power_w=0.0,
    max_charge_current_a=0.0,
    max_discharge_current_a=0.0,
    power_ramp_w_per_s=RATE,
)
AC_NOTHING = AcLimits(max_charge_power_w=(0.0,) * 3, max_discharge_power_w=(0.0,) * 3)
CAR_NOTHING = dict.fromkeys(
    ("max_charge_power_w", "max_discharge_power_w", "max_charge_current_a", "max_discharge_current_a"), 0.0
)
POWERS = st.floats(-20_000.0, 20_000.0)


# --- the ramp alone ---


def steps(ramp: Ramp, wishes: list[tuple[float, float]], rate: float | None, *, at_once: bool = False) -> list[float]:
    return [ramp.follow((wish,), rate, now, toward_zero_at_once=at_once)[0] for now, wish in wishes]


def test_the_way_begins_when_the_wish_is_noticed() -> None:
    wishes = [(10.0, 500.0), (10.1, 500.0), (10.2, 500.0), (11.0, 500.0), (60.0, -500.0), (60.2, -500.0)]
    assert steps(Ramp(), wishes, 1_000.0) == pytest.approx([0.0, 100.0, 200.0, 500.0, 500.0, 300.0])


def test_without_a_rate_there_is_no_way() -> None:
    assert steps(Ramp(), [(0.0, 500.0), (0.0, -math.inf), (0.0, 3.0)], None) == [500.0, -math.inf, 3.0]


def test_a_rate_of_zero_means_zero() -> None:
    assert steps(Ramp(), [(float(now), math.inf) for now in range(5)], 0.0) == [0.0] * 5


def test_toward_zero_at_once() -> None:
    wishes = [(0.0, 500.0), (0.5, 500.0), (0.6, 200.0), (0.7, -200.0), (0.8, -200.0)]
    assert steps(Ramp(), wishes, 1_000.0, at_once=True) == pytest.approx([0.0, 500.0, 200.0, 0.0, -100.0])


def test_all_lines_together_keep_to_the_rate() -> None:
    ramp = Ramp()
    ramp.follow((900.0, -300.0, 0.0), 600.0, 0.0, toward_zero_at_once=False)
    assert ramp.follow((900.0, -300.0, 0.0), 600.0, 1.0, toward_zero_at_once=False) == (450.0, -150.0, 0.0)


def test_what_was_cut_off_is_not_caught_up_with() -> None:
    ramp = Ramp()
    steps(ramp, [(0.0, 500.0), (0.5, 500.0)], 1_000.0)
    ramp.hold((100.0,))
    assert steps(ramp, [(0.6, 500.0), (0.7, 500.0)], 1_000.0) == pytest.approx([100.0, 200.0])


@given(st.lists(st.tuples(st.floats(0.0, 5.0), POWERS), max_size=30), st.floats(0.0, 5_000.0), st.booleans())
def test_a_ramp_is_never_left(wishes: list[tuple[float, float]], rate: float, at_once: bool) -> None:
    ramp, now, before = Ramp(), 0.0, 0.0
    for wait, wish in wishes:
        now += wait
        value = ramp.follow((wish,), rate, now, toward_zero_at_once=at_once)[0]
        from_ = 0.0 if value * before < 0 else before
        if not at_once:
            assert abs(value - before) <= rate * wait + 1e-6
        elif abs(value) > abs(before) or value * before < 0:
            assert abs(value - from_) <= rate * wait + 1e-6
        assert min(before, wish, 0.0 if at_once else wish) - 1e-6 <= value <= max(before, wish, 0.0) + 1e-6
        before = value


# --- in sessions ---


def slow(service: ServiceId, mode: ControlMode, rate: float = RATE) -> World:
    world = World(service=service, mode=mode)
    world.charger.charger_limits = ChargerLimits(power_ramp_w_per_s=rate)
    world.charger.ac_grid = AcOutlet(power_ramp_w_per_s=rate)
    return world


def demand(world: World, *powers: tuple[float, float]) -> World:
    """From each moment on that power: by set points (Dynamic) or by a schedule (Scheduled)."""
    ends = [*(at for at, _ in powers[1:]), 7_200.0]
    entries = tuple((end - at, power) for (at, power), end in zip(powers, ends, strict=True))
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=entries),)
    for at, power in powers:
        world.at(at, lambda power=power: setattr(world.charger, "setpoint_w", power))
    return world


def set_points(world: World, at: str) -> list[tuple[float, float]]:
    """When and how much, W; what a DC stage is told in amperes at the battery's voltage."""
    found = []
    for event in world.events(act.SetStage | act.SetAcPower, at):
        match event.item:
            case act.SetStage(mode=act.StageMode.CURRENT, current_a=amperes):
                found.append((event.now, amperes * 400.0))
            case act.SetStage(mode=act.StageMode.AC_POWER, ac_power_w=watts):
                found.append((event.now, watts))
            case act.SetAcPower(power_w=lines):
                found.append((event.now, sum(lines)))
    return found


def check_ramp(points: list[tuple[float, float]], rate: float, *, falling: bool) -> None:
    """Away from zero never faster than the rate, and toward it neither where ``falling``."""
    assert points
    for (at, before), (now, after) in itertools.pairwise(points):
        away = abs(after) > abs(before) or before * after < 0
        if away or falling:
            assert abs(after - before) <= rate * (now - at) + 1.0, (at, before, now, after)


@BOTH
@BOTH_MODES
def test_both_sides_keep_to_the_ramp(service: ServiceId, mode: ControlMode) -> None:
    world = demand(slow(service, mode), (0.0, 6_000.0), (20.0, 2_000.0), (30.0, -6_000.0), (50.0, 3_000.0))
    world.start()
    for at, power in ((5.0, None), (19.0, 6_000.0), (29.0, 2_000.0), (49.0, -6_000.0), (65.0, 3_000.0)):
        world.run(until_s=at)
        if power is None:
            assert 2_000.0 < world.current_a * 400.0 < 5_500.0  # still on its way
        else:
            assert world.current_a * 400.0 == pytest.approx(power, abs=2.0)
    check_ramp(set_points(world, SECC), RATE, falling=mode is ControlMode.DYNAMIC)
    if world.evcc.is_ac:
        check_ramp(set_points(world, EV), RATE, falling=False)
    elif mode is ControlMode.SCHEDULED:
        wishes = [
            (e.now, e.item.cl_req_control_mode.ev_target_current)
            for e in world.log
            if type(e.item).__name__ == "DC_ChargeLoopReq"
        ]
        amperes = [(at, current.value * 10.0**current.exponent) for at, current in wishes]
        check_ramp([(at, value * 400.0) for at, value in amperes], RATE, falling=False)


@BOTH
@BOTH_MODES
@pytest.mark.parametrize("power_w", [6_000.0, -6_000.0])
@pytest.mark.parametrize(
    "change",
    [
        lambda world: setattr(world.charger, "stop", True),
        lambda world: setattr(world.vehicle, "driver_wish", Wish.STOP),
        lambda world: setattr(world.charger, "stage", replace(world.charger.stage, emergency_stop=True)),
        lambda world: (
            setattr(world.charger, "charger_limits", NOTHING),
            setattr(world.charger, "ac_charger_limits", AC_NOTHING),
        ),
        lambda world: (
            setattr(world.vehicle, "vehicle_limits", replace(world.vehicle.vehicle_limits, **CAR_NOTHING)),
            setattr(world.vehicle, "ac_inlet_limits", AC_NOTHING),
        ),
    ],
    ids=["the station stops", "the driver stops", "emergency stop", "the station's limits", "the car's limits"],
)
def test_power_is_taken_away_at_once(
    service: ServiceId, mode: ControlMode, power_w: float, change: Callable[[World], Any]
) -> None:
    world = demand(slow(service, mode), (0.0, power_w)).start().run(until_s=20.0)
    assert world.current_a * 400.0 == pytest.approx(power_w, abs=2.0)
    change(world)
    world.poll()
    # In AC a station in trouble can only wait for the car, and open its contactor in the end.
    trouble = world.charger.stage.emergency_stop and world.evcc.is_ac
    world.run(until_s=21.5 if trouble else 20.5)
    assert world.current_a == 0.0


@BOTH
def test_what_a_limit_took_away_comes_back_by_the_ramp(service: ServiceId) -> None:
    world = demand(slow(service, ControlMode.DYNAMIC), (0.0, 6_000.0)).start().run(until_s=20.0)
    less = replace(ChargerLimits(power_ramp_w_per_s=RATE), max_charge_power_w=1_500.0)
    before = world.charger.charger_limits, world.charger.ac_charger_limits
    world.charger.charger_limits = less
    world.charger.ac_charger_limits = replace(AcLimits(), max_charge_power_w=(500.0,) * 3)
    world.run(until_s=21.0)
    assert world.current_a * 400.0 == pytest.approx(1_500.0, abs=2.0)
    world.charger.charger_limits, world.charger.ac_charger_limits = before
    world.run(until_s=23.0)
    assert 2_500.0 < world.current_a * 400.0 < 4_000.0
    world.run(until_s=30.0)
    assert world.current_a * 400.0 == pytest.approx(6_000.0, abs=2.0)


@BOTH
@BOTH_MODES
def test_a_ramp_of_zero_lets_nothing_flow(service: ServiceId, mode: ControlMode) -> None:
    world = demand(slow(service, mode, 0.0), (0.0, 6_000.0)).start().run(until_s=20.0)
    assert world.current_a == 0.0


def test_lines_on_their_way_stay_balanced() -> None:
    """One line's limit falls while all are on their way down: the others must not be left behind."""
    world = slow(ServiceId.AC_BPT, ControlMode.DYNAMIC)
    world.charger.ac_grid = AcOutlet(power_ramp_w_per_s=RATE, max_power_asymmetry_w=1_000.0)
    demand(world, (0.0, 9_000.0)).start().run(until_s=20.0)
    assert world.inverter.power_w == pytest.approx((3_000.0,) * 3)
    world.charger.ac_charger_limits = replace(AcLimits(), max_charge_power_w=(500.0, 3_680.0, 3_680.0))
    world.run(until_s=40.0)
    for event in world.events(act.SetAcPower):
        assert max(event.item.power_w) - min(event.item.power_w) <= 1_000.0 + 1e-3
    assert world.inverter.power_w == pytest.approx((500.0, 1_500.0, 1_500.0))
