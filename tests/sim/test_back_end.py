"""The controller of scenarios: set points by the clock, as each control mode takes them."""

from __future__ import annotations

import msgspec

from sim.back_end import BackEnd
from sim.control import SetDynamic, SetProfile, Told, TransactionView, UpdateSetpoint
from tests.ocpp.pair import NEEDS


def view(**changes: object) -> TransactionView:
    made = TransactionView("CS-1", 1, "T1")
    made.needs = msgspec.structs.replace(NEEDS, **changes)
    return made


def test_dynamic_control_gets_one_set_point_after_the_other() -> None:
    back_end, car = BackEnd(((0.0, -5_000.0), (100.0, 3_000.0))), view()
    assert car.needs is not None
    assert back_end.next_timer() is None
    assert back_end.on_needs(car, car.needs, 10.0) == (SetDynamic(setpoint_w=-5_000.0),)
    assert back_end.next_timer() == 100.0
    assert back_end.on_timer(100.0) == (("T1", UpdateSetpoint(setpoint_w=3_000.0)),)
    assert back_end.next_timer() is None
    assert back_end.on_sample(car, Told(time_s=1.0, import_wh=0, export_wh=0), 1.0) == ()


def test_scheduled_control_gets_the_plan() -> None:
    back_end, car = BackEnd(((0.0, -5_000.0), (100.0, 3_000.0))), view(control_mode="ScheduledControl")
    assert car.needs is not None
    plan = SetProfile(periods=((10.0, -5_000.0), (100.0, 3_000.0)))
    assert back_end.on_needs(car, car.needs, 10.0) == (plan,)
    assert back_end.next_timer() is None
    assert back_end.on_timer(100.0) == ()


def test_a_car_that_only_charges_gets_no_negative_power() -> None:
    car = view(requested_energy_transfer="DC")
    assert car.needs is not None
    assert BackEnd(((0.0, -5_000.0),)).on_needs(car, car.needs, 10.0) == (SetDynamic(setpoint_w=0.0),)


def test_without_a_plan_it_says_nothing() -> None:
    car = view()
    assert car.needs is not None
    assert BackEnd().on_needs(car, car.needs, 10.0) == ()


def test_an_order_replaces_what_was_planned_for_later() -> None:
    back_end, car = BackEnd(((0.0, -5_000.0), (100.0, 3_000.0))), view()
    assert car.needs is not None
    back_end.on_needs(car, car.needs, 10.0)
    assert back_end.order(50.0, 1_000.0) == (("T1", UpdateSetpoint(setpoint_w=1_000.0)),)
    assert back_end.next_timer() is None
    car.ended_s = 60.0
    assert back_end.order(70.0, 0.0) == ()


def test_before_the_first_step_there_is_no_power() -> None:
    car = view()
    assert car.needs is not None
    assert BackEnd(((100.0, 3_000.0),)).on_needs(car, car.needs, 10.0) == (SetDynamic(setpoint_w=0.0),)
