"""Stop."""

from __future__ import annotations

from typing import Any

from conformance.case import Side, case, check, equal
from conformance.tester.car import CLOSE_S, Car
from conformance.tester.link import Step, value_of
from conformance.tester.station import Station
from iso15118.messages.iso20 import types
from iso15118.messages.iso20.common import power_delivery as pd
from iso15118.messages.iso20.common.session_stop import ChargingSession

SECC, EVCC = Side.SECC, Side.EVCC


@case("ST-01", SECC, variant="DC_BPT")
@case("ST-01", SECC, variant="DC_BPT Scheduled", dynamic=False)
@case("ST-01", SECC, variant="DC", service=2)
@case("ST-01", SECC, variant="AC", service=1)
@case("ST-01", SECC, variant="AC_BPT", service=5)
@case("ST-01", SECC, variant="AC_BPT Scheduled", service=5, dynamic=False)
def regular(car: Car) -> None:
    car.to(Step.LOOP)
    car.current_a = 10.0
    car.loop(1.0)
    car.to(Step.END, judged=True)
    car.sut.advance(1.0)
    car.off()


@case("ST-02", SECC)
def waits_for_the_car(car: Car) -> None:
    car.to(Step.SESSION_STOP).good(car.request(Step.SESSION_STOP))
    car.sut.advance(CLOSE_S - 0.5)
    check(not car.sut.closed, "closed before five seconds were over")
    car.sut.advance(1.0)
    check(car.sut.closed, "still open after five seconds")


@case("ST-02", SECC, variant="after a refusal")
def waits_for_the_car_after_a_refusal(car: Car) -> None:
    car.to(Step.SERVICE_DETAIL).coded(car.request(Step.SESSION_SETUP), "FAILED_SequenceError")
    car.sut.advance(CLOSE_S - 0.5)
    check(not car.sut.closed, "closed before five seconds were over")
    car.sut.advance(1.0)
    check(car.sut.closed, "still open after five seconds")


def _current_when_opened(sut: Any) -> float:
    """Largest current at the moment the contactor opened."""
    opened = [at for at, value in sut.history("contactor") if value == 0.0 and at > 0.0]
    check(opened, "the contactor never opened", field="contactor")
    at = opened[-1]
    currents = [float(value) for when, value in sut.history("current_a") if when < at]
    return currents[-1] if currents else 0.0


@case("ST-03", SECC, over={"discharging": -8_000.0, "charging": 8_000.0})
def current_first(car: Car, target_w: float) -> None:
    car.sut.set("target_w", target_w)
    car.to(Step.LOOP)
    car.loop(2.0)
    flowing = float(car.sut.observe("current_a"))
    check(abs(flowing) > 15.0, f"only {flowing:g} A to begin with", field="current_a")
    car.sut.set("ramp_a_per_s", 40.0)
    response = car.good(car.request(Step.STOP))
    at_answer = float(car.sut.observe("current_a"))
    check(abs(at_answer) <= 1.0, f"{at_answer:g} A when PowerDelivery(Stop) is answered", message=response)
    left = _current_when_opened(car.sut)
    # 40 A/s move by 2 A between two looks of 50 ms.
    check(abs(left) <= 3.0, f"the contactor opened under {left:g} A", field="contactor")


@case(
    "ST-03",
    SECC,
    over={"a foreign session": "session", "silence": "silence", "the car is gone": "gone"},
    variant="after",
)
def current_first_after_a_fault(car: Car, fault: str) -> None:
    car.sut.set("target_w", -8_000.0)
    car.to(Step.LOOP)
    car.loop(2.0)
    car.sut.set("ramp_a_per_s", 40.0)
    if fault == "session":
        car.link.session_id = bytes(range(8))
        car.link.send(car.request(Step.LOOP))
    elif fault == "gone":
        car.sut.disconnect()
    car.sut.advance(3.0)
    left = _current_when_opened(car.sut)
    check(abs(left) <= 3.0, f"the contactor opened under {left:g} A", field="contactor")


@case("ST-03", SECC, variant="AC", service=5)
def current_first_ac(car: Car) -> None:
    car.sut.set("target_w", -6_000.0)
    car.to(Step.LOOP)
    car.sut.set("car_power_w", (-2_000.0,) * 3)
    car.loop(1.0)
    request = car.request(Step.STOP)
    car.link.send(request)
    car.sut.advance(0.5)
    equal(car.sut.observe("contactor"), 1.0, field="contactor")  # the car still feeds: it is not to be cut off
    car.sut.set("car_power_w", (0.0,) * 3)
    response = car.answer(request)
    equal(response.response_code.value, "OK", message=response, field="ResponseCode")
    equal(car.sut.observe("contactor"), 0.0, field="contactor")


@case("ST-03", SECC, variant="a current that does not stop", service=5)
def current_stays(car: Car) -> None:
    car.sut.set("target_w", -6_000.0)
    car.to(Step.LOOP)
    car.sut.set("car_power_w", (-2_000.0,) * 3)
    car.loop(1.0)
    response = car.coded(car.request(Step.STOP), "FAILED_PowerDeliveryNotApplied")
    check(response is not None, "no answer")


@case("ST-04", SECC, variant="DC_BPT")
@case("ST-04", SECC, variant="DC_BPT Scheduled", dynamic=False)
@case("ST-04", SECC, variant="AC", service=1)
@case("ST-04", SECC, variant="AC_BPT Scheduled", service=5, dynamic=False)
def station_wants_to_stop(car: Car) -> None:
    car.sut.set("target_w", 6_000.0)
    car.to(Step.LOOP)
    response = car.loop(1.0)
    equal(response.evse_status, None, message=response, field="EVSEStatus")
    car.sut.set("stop", True)
    response = car.loop(0.4)
    check(response.evse_status is not None, "the wish is not told", message=response, field="EVSEStatus")
    equal(response.evse_status.evse_notification.value, "Terminate", message=response, field="EVSENotification")
    check(abs(float(car.sut.observe("current_a"))) < 1.0, "power goes on", field="current_a")
    car.at = Step.STOP
    car.goes_on()


def _told_to_stop(station: Station) -> None:
    station.to(Step.LOOP)
    station.status = types.EVSEStatus(notification_max_delay=10, evse_notification=types.EVSENotification.Terminate)
    began = station.sut.now
    request = station.to(Step.STOP, judged=True)
    check(station.sut.now - began <= 11.0, f"after {station.sut.now - began:.1f} s", message=request)
    last = station.link.said(by_sut=True)[-2]
    mode = getattr(last, "cl_req_control_mode", None)
    current = value_of(getattr(mode, "ev_target_current", None))
    equal(current, 0.0, message=last, field="EVTargetCurrent")
    check(abs(float(station.sut.observe("current_a"))) < 1.5, "current still flows", field="current_a")
    equal(request.charge_progress, pd.ChargeProgress.Stop, message=request, field="ChargeProgress")
    request = station.to(Step.SESSION_STOP, judged=True)
    equal(request.charging_session, ChargingSession.Terminate, message=request, field="ChargingSession")
    station.settle()
    station.ends()


@case("ST-04", EVCC, variant="DC_BPT")
@case("ST-04", EVCC, variant="DC_BPT Scheduled", dynamic=False)
@case("ST-04", EVCC, variant="DC", service=2)
@case("ST-04", EVCC, variant="AC_BPT", service=5)
@case("ST-04", EVCC, variant="AC Scheduled", service=1, dynamic=False)
def station_wants_the_car_to_stop(station: Station) -> None:
    _told_to_stop(station)


@case("ST-04", EVCC, variant="the driver stops")
@case("ST-04", EVCC, variant="the driver stops, AC", service=5)
def driver_stops(station: Station) -> None:
    station.to(Step.LOOP)
    station.serve(1.0)
    station.goes_on()
    names = [type(each).__name__ for each in station.link.said(by_sut=True)]
    check("PowerDeliveryReq" in names[-6:], f"{names[-6:]}")


_EARLY = (Step.AUTHORIZATION_SETUP, Step.AUTHORIZATION, Step.SERVICE_DISCOVERY, Step.SERVICE_DETAIL, Step.PARAMETERS)


@case("ST-05", SECC, over=(*_EARLY, Step.SCHEDULE, Step.CABLE_CHECK, Step.PRE_CHARGE, Step.POWER_DELIVERY))
def early_stop(car: Car, step: str) -> None:
    car.to(Step(step)).good(car.request(Step.SESSION_STOP))
    car.sut.disconnect()
    car.sut.advance(3.0)
    car.off()


@case("ST-05", EVCC, over=(Step.AUTHORIZATION_SETUP, Step.SERVICE_DISCOVERY, Step.SCHEDULE, Step.PRE_CHARGE))
def driver_leaves_early(station: Station, step: str) -> None:
    station.to(Step(step))
    station.sut.set("wish", "stop")
    station.settle()
    while station.hear() and station.at is not Step.SESSION_STOP:
        check(station.at.before(Step.LOOP), "it goes on", message=station.link.log[-1].message)
        station.settle()
    station.settle()
    station.ends()
