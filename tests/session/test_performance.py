"""Performance limits: what is late is counted, reported and traced, and nothing comes of it (TI-03, TI-05)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from iso15118.io.endpoint import Endpoint
from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.ports import Wish
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.timers import Limits, Timer
from iso15118.trace import Trace
from tests.session.test_timers import covers
from tests.session.world import EV, SECC, World


def lates(world: World, at: str) -> list[act.Late]:
    return [event.item for event in world.events(act.Late, at)]


def stopped(world: World) -> World:
    """Played to its regular end."""
    world.vehicle.driver_wish = Wish.STOP
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    return world


@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
@pytest.mark.parametrize("mode", list(ControlMode))
def test_nothing_is_late_in_a_regular_session(service: ServiceId, mode: ControlMode) -> None:
    world = World(service=service, mode=mode).start().run(until_s=20.0)
    stopped(world)
    assert not world.events(act.Late)
    assert not world.secc.late
    assert not world.evcc.late


@covers(Timer.SECC_PERFORMANCE)
def test_an_answer_that_was_deferred_too_long() -> None:
    """TI-03: 1.5 s from request to answer. Here current does not go, and the limit of the deferral is a laboratory's."""
    world = World(secc_limits=Limits(profile="lab"), evcc_limits=Limits(profile="lab"))
    world.charger.setpoint_w = 4_000.0
    world.start().run_to(SECC, State.DC_CHARGE_LOOP).run(until_s=5.0)
    world.vehicle.driver_wish = Wish.STOP
    world.run(until=lambda: world.evcc.state is State.POWER_DELIVERY_STOP)
    asked = world.now
    world.current_a, world.current_stuck = 5.0, True  # back again when the station looks
    world._settle()
    world.at(asked + 1.6, lambda: setattr(world, "current_stuck", False))
    world.run().check_end()
    (late,) = lates(world, SECC)
    assert late == act.Late(
        limit="SECC_PERFORMANCE", limit_s=1.5, took_s=pytest.approx(1.6, abs=0.051), message="PowerDeliveryReq"
    )
    assert world.secc.late == {Timer.SECC_PERFORMANCE: 1}
    assert world.error(SECC) is world.error(EV) is None


@covers(Timer.SECC_PERFORMANCE_CHARGE_LOOP, but=lambda late, **_: not late)
@pytest.mark.parametrize(("took_s", "late"), [(0.25, 0), (0.26, 1)])
def test_a_loop_answer_that_takes_its_time_to_be_carried_out(took_s: float, late: int) -> None:
    """TI-03: 0.25 s in the DC loop. Time passes where actions are carried out, so their driver tells when that is done."""
    world = World().start().run_to(SECC, State.DC_CHARGE_LOOP)
    world.inject(SECC, world.messages("DC_ChargeLoopReq")[-1])
    told = world.secc.carried_out(world.now + took_s)
    assert len(told) == world.secc.late.total() == late
    if told:
        assert told == [
            act.Late(
                limit="SECC_PERFORMANCE_CHARGE_LOOP",
                limit_s=0.25,
                took_s=pytest.approx(0.26),
                message="DC_ChargeLoopReq",
            )
        ]
    assert world.secc.carried_out(world.now + 9.0) == []  # told once
    assert world.secc.error is None


@covers(Timer.SECC_PERFORMANCE)
def test_any_other_answer_has_more_time_and_an_older_one_is_none_of_the_next() -> None:
    world = World(service=ServiceId.AC_BPT).start().run_to(SECC, State.AC_CHARGE_LOOP)
    world.inject(SECC, world.messages("AC_ChargeLoopReq")[-1])
    assert world.secc.carried_out(world.now + 1.5) == []
    world.now += 0.2
    world.inject(SECC, world.messages("AC_ChargeLoopReq")[-1])  # nobody said that this one was carried out
    world.now += 0.2
    world.inject(SECC, world.messages("AC_ChargeLoopReq")[-1])
    (late,) = world.secc.carried_out(world.now + 1.51)
    assert isinstance(late, act.Late)
    assert late.took_s == pytest.approx(1.51)
    assert world.secc.late == {Timer.SECC_PERFORMANCE: 1}


@covers(Timer.EVCC_PERFORMANCE_CHARGE_LOOP)
def test_a_car_that_asks_late_in_the_loop() -> None:
    """TI-05: the next request within 0.25 s of the answer; a slower car is late every time, and goes on."""
    world = World(evcc_limits=Limits({"EVCC_CHARGE_LOOP_INTERVAL": 0.3})).start().run(until_s=20.0)
    stopped(world)
    told = lates(world, EV)
    loops = len(world.messages("DC_ChargeLoopReq"))
    assert len(told) == loops - 1 == world.evcc.late[Timer.EVCC_PERFORMANCE_CHARGE_LOOP]  # the first follows at once
    assert {(late.limit, late.message) for late in told} == {("EVCC_PERFORMANCE_CHARGE_LOOP", "DC_ChargeLoopReq")}
    assert told[0].took_s == pytest.approx(0.3)
    assert not lates(world, SECC)


def test_the_trace_tells_what_was_late() -> None:
    lines: list[str] = []
    world = World()
    endpoint = Endpoint(world.evcc, at="EV", trace=Trace(lines.append))
    late = act.Late(limit="EVCC_PERFORMANCE_CHARGE_LOOP", limit_s=0.25, took_s=0.3004, message="DC_ChargeLoopReq")
    assert endpoint.carry([late], 7.0) == [late]
    (row,) = [json.loads(line) for line in lines]
    expected: dict[str, Any] = {"limit": "EVCC_PERFORMANCE_CHARGE_LOOP", "limit_s": 0.25, "took_s": 0.3}
    assert (row["kind"], row["name"], row["body"]) == ("warning", "DC_ChargeLoopReq", expected)
    assert endpoint.carried_out(9.0) == []
