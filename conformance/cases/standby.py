"""Standby: the loop goes on without power until the car starts again."""

from __future__ import annotations

from typing import Any

from conformance.case import Side, case, check, equal
from conformance.tester.car import Car
from conformance.tester.link import Step, replace, value_of
from conformance.tester.station import Station
from iso15118.messages.iso20.common import power_delivery as pd
from iso15118.messages.iso20.types import EVSENotification, EVSEStatus, ResponseCode

SECC, EVCC = Side.SECC, Side.EVCC
NEXT_LOOP_S = 2.0
"""How long a car may leave a station without another round of the loop, once standby is agreed."""


def _asked(car: Car) -> Any:
    return replace(car.request(Step.STOP), charge_progress=pd.ChargeProgress.Standby)


@case("PD-06", SECC, variant="DC")
@case("PD-06", SECC, variant="AC", service=5)
def refused(car: Car) -> None:
    car.sut.set("standby", False)
    car.to(Step.LOOP).loop(0.6)
    car.coded(_asked(car), "WARNING_StandbyNotAllowed")
    car.goes_on()


def _no_power(car: Car, response: Any) -> None:
    current = float(car.sut.observe("current_a"))
    check(abs(current) < 0.1, f"{current:g} A in standby", message=response, field="current_a")
    told = getattr(response.cl_res_control_mode, "evse_target_active_power", None)
    check(told is None or not value_of(told), "power is asked for", message=response, field="EVSETargetActivePower")


@case("PD-10", SECC, variant="DC_BPT", needs=("standby",))
@case("PD-10", SECC, variant="DC_BPT Scheduled", dynamic=False, needs=("standby",))
@case("PD-10", SECC, variant="AC_BPT", service=5, needs=("standby",))
def rests(car: Car) -> None:
    car.sut.set("target_w", 4_000.0)
    car.to(Step.LOOP)
    car.current_a = 9.0
    car.loop(1.0)
    if not car.is_ac:
        check(float(car.sut.observe("current_a")) > 5.0, "no current before standby", field="current_a")
    car.good(_asked(car))
    for _ in range(5):
        _no_power(car, car.loop(0.4))
    equal(car.sut.observe("contactor"), 1.0, field="contactor")
    car.start(car.request(Step.POWER_DELIVERY))
    response = car.loop(1.0)
    if car.is_ac:
        asked = value_of(response.cl_res_control_mode.evse_target_active_power)
        check(asked > 500.0, f"{asked:g} W after standby", message=response, field="EVSETargetActivePower")
    else:
        check(float(car.sut.observe("current_a")) > 5.0, "no current after standby", field="current_a")
    car.at = Step.STOP
    car.goes_on()


@case("PD-10", SECC, variant="called back", needs=("standby",))
@case("PD-10", SECC, variant="called back, AC", service=5, needs=("standby",))
def calls_back(car: Car) -> None:
    car.to(Step.LOOP).loop(0.6)
    car.good(_asked(car))
    response = car.loop(0.6)
    check(response.evse_status is None, "called back at once", message=response, field="EVSEStatus")
    car.sut.set("exit_standby", True)
    response = car.loop(0.2)
    check(response.evse_status is not None, "the wish is not told", message=response, field="EVSEStatus")
    told = response.evse_status.evse_notification
    equal(told, EVSENotification.ExitStandby, message=response, field="EVSENotification")
    car.start(car.request(Step.POWER_DELIVERY))
    response = car.loop(0.6)
    check(response.evse_status is None, "called back still", message=response, field="EVSEStatus")


def _wants(station: Station) -> Any:
    """The car's request for standby; it comes after current has gone."""
    station.to(Step.LOOP)
    station.serve(1.0)
    station.sut.set("wish", "standby")
    request = station.to(Step.POWER_DELIVERY, judged=True)
    equal(request.charge_progress, pd.ChargeProgress.Standby, message=request, field="ChargeProgress")
    current = float(station.sut.observe("current_a"))
    check(abs(current) < 1.0, f"{current:g} A still flow", message=request, field="current_a")
    return request


def _starts(station: Station) -> None:
    request = station.to(Step.POWER_DELIVERY, judged=True)
    equal(request.charge_progress, pd.ChargeProgress.Start, message=request, field="ChargeProgress")
    station.reply(request)
    station.heard(Step.LOOP)
    station.goes_on()


def _only_loops(station: Station, seconds: float) -> None:
    began = station.sut.now
    requests = station.serve(seconds)
    check(len(requests) > 3, f"{len(requests)} rounds in {seconds:g} s", field="ChargeLoopReq")
    for request in requests:
        check(hasattr(request, "cl_req_control_mode"), f"{seconds:g} s of rest", message=request)
    check(station.sut.now - began < seconds + NEXT_LOOP_S, "the loop rests as well")


@case("PD-10", EVCC, variant="DC_BPT", needs=("standby",))
@case("PD-10", EVCC, variant="DC_BPT Scheduled", dynamic=False, needs=("standby",))
@case("PD-10", EVCC, variant="AC_BPT", service=5, needs=("standby",))
def car_rests(station: Station) -> None:
    station.reply(_wants(station))
    station.heard(Step.LOOP, NEXT_LOOP_S)
    _only_loops(station, 5.0)
    for quantity, wanted in (("contactor", 1.0), ("pilot", "C"), ("current_a", 0.0)):
        equal(station.sut.observe(quantity), wanted, field=quantity)
    station.sut.set("wish", "energy")
    _starts(station)


@case("PD-10", EVCC, variant="called back", needs=("standby",))
@case("PD-10", EVCC, variant="called back, AC", service=5, needs=("standby",))
def car_is_called_back(station: Station) -> None:
    station.reply(_wants(station))
    _only_loops(station, 2.0)
    station.status = EVSEStatus(notification_max_delay=10, evse_notification=EVSENotification.ExitStandby)
    _starts(station)


@case("PD-10", EVCC, variant="refused", needs=("standby",))
@case("PD-10", EVCC, variant="refused, AC", service=5, needs=("standby",))
def car_is_refused(station: Station) -> None:
    station.reply(_wants(station), response_code=ResponseCode.WARNING_StandbyNotAllowed)
    _only_loops(station, 3.0)
    station.goes_on()
