"""What is told at the end of a session, and what is shown meanwhile."""

from __future__ import annotations

import pytest

from iso15118.session import actions as act
from iso15118.session.emitter import EmitterProfile
from iso15118.session.ports import Battery, Display, EnergyNeeds, Termination, Wish
from iso15118.session.services import ServiceId
from tests.session.world import SECC, World


def stopped(world: World) -> World:
    return world.at(20.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()


def test_the_car_says_why_and_the_station_reports_it() -> None:
    world = World()
    world.vehicle.termination_reason = Termination(code="E17", explanation="the battery is cold")
    (stop,) = stopped(world).messages("SessionStopReq")
    assert (stop.ev_termination_code, stop.ev_termination_explanation) == ("E17", "the battery is cold")
    ended = world.ended[SECC]
    assert (ended.termination_code, ended.termination_explanation) == ("E17", "the battery is cold")
    assert ended.error is None


def test_nothing_to_say() -> None:
    world = stopped(World())
    (stop,) = world.messages("SessionStopReq")
    assert stop.ev_termination_code is stop.ev_termination_explanation is None
    assert world.ended[SECC].termination_code is None


@pytest.mark.parametrize(("profile", "umlaut"), [(EmitterProfile.CONSERVATIVE, "?"), (EmitterProfile.FULL, "ä")])
def test_what_is_too_long_or_not_plain_is_said_all_the_same(profile: EmitterProfile, umlaut: str) -> None:
    world = World(evcc={"emitter_profile": profile})
    world.vehicle.termination_reason = Termination(code="x" * 81, explanation="ä" * 200)
    (stop,) = stopped(world).messages("SessionStopReq")
    assert (stop.ev_termination_code, stop.ev_termination_explanation) == ("x" * 80, umlaut * 160)


@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC])
def test_all_that_may_be_shown_comes_to_the_station(service: ServiceId) -> None:
    world = World(service=service)
    world.vehicle.shown = shown = Display(
        present_soc_percent=41,
        minimum_soc_percent=20,
        target_soc_percent=80,
        maximum_soc_percent=95,
        remaining_to_minimum_s=0,
        remaining_to_target_s=7_200,
        remaining_to_maximum_s=9_000,
        charging_complete=False,
        capacity_wh=60_000.0,
        inlet_hot=True,
    )
    seen = stopped(world).events(act.LoopSeen, SECC)
    assert {e.item.display for e in seen} == {shown}
    assert {e.item.soc_percent for e in seen} == {41}


def test_battery_and_needs_say_what_the_port_does_not() -> None:
    world = World(needs=EnergyNeeds(target_soc_percent=85, minimum_soc_percent=30))
    world.vehicle.battery_reading = Battery(voltage_v=400.0, soc_percent=99.9, capacity_wh=50_000.0)
    first = stopped(world).events(act.LoopSeen, SECC)[0].item.display
    assert first == Display(
        present_soc_percent=99,
        minimum_soc_percent=30,
        target_soc_percent=85,
        charging_complete=False,
        capacity_wh=50_000.0,
    )


def test_times_that_no_number_holds_are_left_out_and_those_that_have_passed_are_none() -> None:
    world = World()
    world.vehicle.shown = Display(
        remaining_to_minimum_s=-5.0, remaining_to_target_s=float("inf"), remaining_to_maximum_s=float("nan")
    )
    first = stopped(world).events(act.LoopSeen, SECC)[0].item.display
    assert (first.remaining_to_minimum_s, first.remaining_to_target_s, first.remaining_to_maximum_s) == (0, None, None)
