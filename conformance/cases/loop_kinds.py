"""Charge loop: answers in kind, and what is not of the kind that was selected."""

from __future__ import annotations

from typing import Any

from conformance.case import Side, case, check, equal
from conformance.tester import requests
from conformance.tester.car import Car
from conformance.tester.link import Step, name_of, value_of

SECC, EVCC = Side.SECC, Side.EVCC
MODE = "cl_req_control_mode"


def _current(car: Car) -> float:
    return float(car.sut.observe("current_a"))


def _told_current(response: Any) -> float:
    return value_of(response.evse_present_current)


_RES = {
    (False, True): "Dynamic_{}_CLResControlMode",
    (True, True): "BPT_Dynamic_{}_CLResControlMode",
    (False, False): "Scheduled_{}_CLResControlMode",
    (True, False): "BPT_Scheduled_{}_CLResControlMode",
}


def _in_kind(car: Car) -> Any:
    car.to(Step.LOOP)
    for _ in range(3):
        response = car.loop()
        mode = response.cl_res_control_mode
        expected = _RES[car.bpt, car.dynamic].format("AC" if car.is_ac else "DC")
        equal(name_of(mode), expected, message=response, field="CLResControlMode")
        car.sut.advance(0.2)
    return mode


@case("CL-01", SECC, variant="DC_BPT", dynamic=False)
@case("CL-01", SECC, variant="MCS_BPT", service=9, dynamic=False)
def bpt_scheduled(car: Car) -> None:
    mode = _in_kind(car)
    for name in ("charge_power", "charge_current", "discharge_power", "discharge_current"):
        value = getattr(mode, f"evse_maximum_{name}")
        check(value is not None and value_of(value), "no limit", field=f"evse_maximum_{name}")


@case("CL-01", SECC, variant="DC", service=2, dynamic=False)
@case("CL-02", SECC, variant="DC", service=2)
def one_way(car: Car) -> None:
    _in_kind(car)
    car.goes_on()


@case("CL-02", SECC, variant="DC_BPT")
@case("CL-02", SECC, variant="MCS_BPT", service=9)
def bpt_dynamic(car: Car) -> None:
    mode = _in_kind(car)
    for name in ("charge_power", "charge_current", "discharge_power", "discharge_current"):
        check(value_of(getattr(mode, f"evse_maximum_{name}")), "no limit", field=f"evse_maximum_{name}")


@case("CL-03", SECC, variant="AC_BPT", service=5)
@case("CL-03", SECC, variant="AC", service=1)
def ac_dynamic(car: Car) -> None:
    car.sut.set("target_w", 6_000.0)
    mode = _in_kind(car)
    total = sum(value_of(getattr(mode, f"evse_target_active_power{suffix}")) for suffix in ("", "_l2", "_l3"))
    check(abs(total - 6_000.0) < 10.0, f"{total:g} W of 6000 W", field="EVSETargetActivePower")


@case("CL-03", SECC, variant="AC_BPT Scheduled", service=5, dynamic=False)
@case("CL-03", SECC, variant="AC Scheduled", service=1, dynamic=False)
def ac_scheduled(car: Car) -> None:
    _in_kind(car)
    car.goes_on()


def _another_kind(car: Car, *, bpt: bool, dynamic: bool) -> None:
    car.to(Step.LOOP)
    car.perform(Step.LOOP)
    make = requests.ac_loop if car.is_ac else requests.dc_loop
    car.refused(make(car.link.header(), bpt=bpt, dynamic=dynamic), "FAILED")


@case("CL-04", SECC, variant="one way on DC_BPT")
@case("CL-04", SECC, variant="one way on AC_BPT", service=5)
@case("CL-04", SECC, variant="one way on DC_BPT Scheduled", dynamic=False)
@case("CL-04", SECC, variant="both ways on DC", service=2)
@case("CL-04", SECC, variant="both ways on AC", service=1)
@case("CL-04", SECC, variant="both ways on DC Scheduled", service=2, dynamic=False)
def another_direction(car: Car) -> None:
    _another_kind(car, bpt=not car.bpt, dynamic=car.dynamic)


@case("CL-04", SECC, variant="Scheduled on Dynamic DC_BPT")
@case("CL-04", SECC, variant="Scheduled on Dynamic AC", service=1)
@case("CL-04", SECC, variant="Dynamic on Scheduled DC_BPT", dynamic=False)
@case("CL-04", SECC, variant="Dynamic on Scheduled AC_BPT", service=5, dynamic=False)
def another_control_mode(car: Car) -> None:
    _another_kind(car, bpt=car.bpt, dynamic=not car.dynamic)
