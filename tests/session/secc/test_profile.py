"""Codes of the station about the power profile of a car, at PowerDelivery and while it charges."""

from __future__ import annotations

from typing import Any

import pytest

from iso15118.messages.iso20.common.power_delivery import Dynamic_EVPPTControlMode, PowerToleranceAcceptance
from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.ports import OfferedSchedule
from iso15118.session.quantities import rational
from iso15118.session.secc import HeldTo
from iso15118.session.secc.sent_schedule import AgreedProfile
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.timers import Timer
from tests.session.priced import offered
from tests.session.secc.asking import ends, heard, replace, told
from tests.session.secc.test_power_codes import profile
from tests.session.world import SECC, World, code_of

CONFIRMED, NOT_CONFIRMED = (
    PowerToleranceAcceptance.PowerToleranceConfirmed,
    PowerToleranceAcceptance.PowerToleranceNotConfirmed,
)


def scheduled(*schedules: OfferedSchedule, **options: Any) -> World:
    world = World(mode=ControlMode.SCHEDULED, **options)
    world.charger.schedule = schedules
    return world


def accepting(given: Any, acceptance: PowerToleranceAcceptance | None) -> Any:
    mode = replace(given.scheduled_ev_ppt_control_mode, power_tolerance_acceptance=acceptance)
    return replace(given, scheduled_ev_ppt_control_mode=mode)


# --- at PowerDelivery ---


@pytest.mark.parametrize(
    ("tolerance_w", "acceptance", "required", "code"),
    [
        (500.0, CONFIRMED, False, "OK_PowerToleranceConfirmed"),
        (500.0, CONFIRMED, True, "OK_PowerToleranceConfirmed"),
        (500.0, NOT_CONFIRMED, False, "WARNING_PowerToleranceNotConfirmed"),
        (500.0, NOT_CONFIRMED, True, "FAILED_PowerToleranceNotConfirmed"),
        (500.0, None, False, "WARNING_PowerToleranceNotConfirmed"),
        (500.0, None, True, "FAILED_PowerToleranceNotConfirmed"),
        (None, CONFIRMED, True, "OK"),
        (None, NOT_CONFIRMED, True, "OK"),
        (None, None, True, "OK"),
    ],
)
def test_power_tolerance(
    tolerance_w: float | None, acceptance: PowerToleranceAcceptance | None, required: bool, code: str
) -> None:
    world = scheduled(offered(power_tolerance_w=tolerance_w), secc={"power_tolerance_required": required})
    given = accepting(profile((3_600, 6_000.0)), acceptance)
    assert told(world, State.POWER_DELIVERY, ev_power_profile=given) == code
    if code.startswith("FAILED"):
        ends(world)
        assert not world.events(act.PowerProfileChosen)
    else:
        assert world.secc.state is State.DC_CHARGE_LOOP
        (chosen,) = world.events(act.PowerProfileChosen)
        assert chosen.item == act.PowerProfileChosen(1, ((3_600, 6_000.0),))


def test_tolerance_is_judged_when_the_contactor_of_an_ac_outlet_has_closed_too() -> None:
    world = scheduled(offered(2_000.0, power_tolerance_w=500.0), service=ServiceId.AC_BPT)
    world.start().run_to(SECC, State.POWER_DELIVERY)
    request = world.messages("PowerDeliveryReq")[-1]
    given = accepting(request.ev_power_profile, NOT_CONFIRMED)
    world.inject(SECC, replace(request, ev_power_profile=given))
    world.run(until=lambda: bool(world.messages("PowerDeliveryRes")))
    assert code_of(world.messages("PowerDeliveryRes")[-1]) == "WARNING_PowerToleranceNotConfirmed"
    assert len(world.events(act.PowerProfileChosen)) == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (profile((0, 1_000.0)), "FAILED_EVPowerProfileInvalid"),  # no time at all
        (profile((0, 1_000.0), (0, 0.0)), "FAILED_EVPowerProfileInvalid"),
        (profile((0, 9e9), (3_600, 1_000.0)), "OK"),  # a step of no time says nothing
        (profile((3_600, 1_000.0), start_s=-100.0), "FAILED_EVPowerProfileInvalid"),  # begins before its schedule
        (profile((100, 0.0), (3_500, 1_000.0), start_s=-100.0), "OK"),
        (profile((3_600, 1_000.0), start_s=-1.0), "OK"),  # a clock may be a second off
        (profile((3_600, 1_000.0), start_s=1e9), "FAILED_EVPowerProfileInvalid"),
        (profile(*[(1, 10.0)] * 2_048), "OK"),
    ],
)
def test_lengths_and_anchors_of_a_profile(given: Any, code: str) -> None:
    world = scheduled(offered())
    assert told(world, State.POWER_DELIVERY, ev_power_profile=given) == code


def test_a_profile_may_use_all_of_a_corridor_and_no_more() -> None:
    both = OfferedSchedule(start_s=0.0, entries=((7_200.0, 6_000.0),), discharge_entries=((3_600.0, -5_000.0),))
    for steps, code in (
        (((1_800, 6_000.0), (1_800, -5_000.0), (3_600, 6_000.0)), "OK"),
        (((3_600, 6_000.0), (3_600, -5_000.0)), "FAILED_EVPowerProfileInvalid"),
        (((3_600, -5_010.0),), "FAILED_EVPowerProfileInvalid"),
    ):
        assert told(scheduled(both), State.POWER_DELIVERY, ev_power_profile=profile(*steps)) == code


def test_power_of_three_lines_counts_together() -> None:
    def lines(power: float) -> Any:
        given = profile((3_600, power))
        (entry,) = given.ev_power_profile_entries.ev_power_profile_entry
        entry = replace(entry, power_l2=rational(power), power_l3=rational(power))
        return replace(
            given, ev_power_profile_entries=replace(given.ev_power_profile_entries, ev_power_profile_entry=(entry,))
        )

    assert told(scheduled(offered()), State.POWER_DELIVERY, ev_power_profile=lines(2_000.0)) == "OK"
    code = told(scheduled(offered()), State.POWER_DELIVERY, ev_power_profile=lines(2_010.0))
    assert code == "FAILED_EVPowerProfileInvalid"


def test_a_scheduled_profile_in_dynamic_control() -> None:
    world = World()
    code = told(world, State.POWER_DELIVERY, ev_power_profile=profile((3_600, 0.0)))
    assert code == "FAILED_EVPowerProfileInvalid"
    ends(world)


def test_a_dynamic_profile_says_nothing_in_dynamic_and_too_little_in_scheduled_control() -> None:
    given = replace(
        profile((3_600, 1e6)),
        scheduled_ev_ppt_control_mode=None,
        dynamic_ev_ppt_control_mode=Dynamic_EVPPTControlMode(),
    )
    assert told(World(), State.POWER_DELIVERY, ev_power_profile=given) == "OK"
    assert told(scheduled(), State.POWER_DELIVERY, ev_power_profile=given) == "FAILED_EVPowerProfileInvalid"


# --- while charging ---


def drawing(world: World, amperes: float) -> str:
    """One charge loop of a car that wants so much, and what the station says to it."""

    def wants(request: Any) -> Any:
        mode = replace(request.cl_req_control_mode, ev_target_current=rational(amperes))
        return replace(request, cl_req_control_mode=mode)

    return heard(world, State.DC_CHARGE_LOOP, wants)


def announced(*steps: tuple[int, float], tolerance_w: float | None = None, **options: Any) -> World:
    """A session at 400 V whose car has announced these steps on a schedule of 8 kW, 8 kW out for the second hour."""
    schedule = OfferedSchedule(
        start_s=-60.0, entries=((3_600.0, 8_000.0), (3_600.0, -8_000.0)), power_tolerance_w=tolerance_w
    )
    world = scheduled(schedule, secc=options)
    given = accepting(profile(*steps, start_s=-60.0), CONFIRMED)
    assert told(world, State.POWER_DELIVERY, ev_power_profile=given).startswith("OK")
    # The car goes on from the answer to its own request, which said something else.
    return world


@pytest.mark.parametrize(
    ("amperes", "code"),
    [
        (10.0, "OK"),
        (10.6, "OK"),
        (10.7, "WARNING_EVPowerProfileViolation"),
        (0.0, "OK"),
        (-1.0, "WARNING_EVPowerProfileViolation"),
    ],
)
def test_a_car_is_held_to_the_profile_it_announced(amperes: float, code: str) -> None:
    assert drawing(announced((3_600, 4_000.0)), amperes) == code


@pytest.mark.parametrize(("amperes", "code"), [(20.6, "OK"), (20.7, "WARNING_EVPowerProfileViolation")])
def test_or_to_its_schedule_as_a_peer_profile(amperes: float, code: str) -> None:
    assert drawing(announced((3_600, 4_000.0), held_to=HeldTo.SCHEDULE), amperes) == code


@pytest.mark.parametrize(
    ("amperes", "both_ways", "code"),
    [
        (12.4, False, "OK"),
        (12.6, False, "WARNING_EVPowerProfileViolation"),
        (7.4, False, "OK"),
        (7.6, True, "OK"),
        (7.4, True, "WARNING_EVPowerProfileViolation"),
    ],
)
def test_a_confirmed_tolerance_of_a_kilowatt(amperes: float, both_ways: bool, code: str) -> None:
    world = announced((3_600, 4_000.0), tolerance_w=1_000.0, power_tolerance_both_ways=both_ways)
    assert drawing(world, amperes) == code


@pytest.mark.parametrize("who", ["stop", "back end"])
def test_a_car_that_somebody_holds_back_may_take_less(who: str) -> None:
    world = announced((3_600, 4_000.0), tolerance_w=1_000.0, power_tolerance_both_ways=True)
    if who == "stop":
        world.charger.stop = True
    else:
        world.charger.allowed_w = lambda now: (0.0, 2_000.0)  # type: ignore[method-assign]
    assert drawing(world, 0.0) == "OK"


def test_a_violation_that_lasts_ends_the_session_and_one_that_passes_does_not() -> None:
    world = announced((3_600, 4_000.0))
    assert drawing(world, 15.0) == "WARNING_EVPowerProfileViolation"
    assert drawing(world, 10.0) == "OK"
    assert not world.secc.timers.running(Timer.SECC_EV_POWER_PROFILE_VIOLATION)
    assert drawing(world, 15.0) == "WARNING_EVPowerProfileViolation"
    world.now += Timer.SECC_EV_POWER_PROFILE_VIOLATION.default_s
    world.secc.timers.stop(Timer.SECC_SEQUENCE_CHARGE_LOOP)
    world.secc.handle_timer(world.now)
    assert drawing(world, 15.0) == "FAILED_EVPowerProfileViolation"
    ends(world)


def test_beyond_its_profile_a_car_has_announced_nothing() -> None:
    told_ = AgreedProfile(1_000, ((60, 4_000.0), (60, -3_000.0)))
    assert told_.present_w(1_030.0) == (4_000.0, 4_000.0)
    assert told_.present_w(1_060.5) == (-3_000.0, 4_000.0)
    assert told_.present_w(1_090.0) == (-3_000.0, -3_000.0)
    assert told_.present_w(1_119.5) == (-3_000.0, 0.0)
    assert told_.present_w(1_200.0) == (0.0, 0.0)
    assert told_.present_w(1_000.5) == (0.0, 4_000.0)
