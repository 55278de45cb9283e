"""Power delivery."""

from __future__ import annotations

from conformance.case import Side, case, check, equal
from conformance.tester import requests
from conformance.tester.car import Car
from conformance.tester.link import Step, replace
from conformance.tester.station import Station
from iso15118.messages.iso20.types import Processing

SECC, EVCC = Side.SECC, Side.EVCC
PROFILE = "ev_power_profile"
ANSWER_S = 1.5


@case("PD-03", SECC, variant="DC", dynamic=False)
@case("PD-03", SECC, variant="AC", service=5, dynamic=False)
def unknown_tuple(car: Car) -> None:
    request = car.to(Step.POWER_DELIVERY).request(Step.POWER_DELIVERY)
    known = {each.schedule_tuple_id for each in car.schedules}
    unknown = next(each for each in range(1, 10) if each not in known)
    changed = replace(request, **{f"{PROFILE}__scheduled_ev_ppt_control_mode__selected_schedule_tuple_id": unknown})
    car.refused(changed, "FAILED_ScheduleSelectionInvalid")


@case("PD-04", SECC, variant="DC", dynamic=False)
@case("PD-04", SECC, variant="AC", service=5, dynamic=False)
def profile_above(car: Car) -> None:
    request = car.to(Step.POWER_DELIVERY).request(Step.POWER_DELIVERY)
    above = requests.profile(car.schedules[0], 1.5)
    car.refused(replace(request, ev_power_profile=above), "FAILED_EVPowerProfileInvalid")


@case("PD-04", SECC, variant="no profile", dynamic=False)
def no_profile(car: Car) -> None:
    request = car.to(Step.POWER_DELIVERY).request(Step.POWER_DELIVERY)
    car.refused(replace(request, ev_power_profile=None), "FAILED_EVPowerProfileInvalid")


@case("PD-04", SECC, variant="discharging where the schedule charges", dynamic=False)
def profile_of_the_other_direction(car: Car) -> None:
    request = car.to(Step.POWER_DELIVERY).request(Step.POWER_DELIVERY)
    below = requests.profile(car.schedules[0], -1.0)
    car.refused(replace(request, ev_power_profile=below), "FAILED_EVPowerProfileInvalid")


@case("PD-04", SECC, variant="below is fine", dynamic=False)
def profile_below(car: Car) -> None:
    request = car.to(Step.POWER_DELIVERY).request(Step.POWER_DELIVERY)
    car.start(replace(request, ev_power_profile=requests.profile(car.schedules[0], 0.5)))
    car.at = Step.LOOP
    car.goes_on()


@case("PD-05", SECC, variant="AC", service=1)
@case("PD-05", SECC, variant="AC_BPT", service=5)
def contactor_does_not_close(car: Car) -> None:
    car.sut.set("contactor", "stuck_open")
    request = car.to(Step.POWER_DELIVERY).request(Step.POWER_DELIVERY)
    car.link.send(request)
    car.sut.set("pilot", "C")
    response = car.answer(request, ANSWER_S)
    equal(response.response_code.value, "FAILED_ContactorError", message=response, field="ResponseCode")
    car.ends()


@case("PD-05", SECC, variant="the car does not show C", service=5)
def no_pilot(car: Car) -> None:
    request = car.to(Step.POWER_DELIVERY).request(Step.POWER_DELIVERY)
    car.refused(request, "FAILED_PowerDeliveryNotApplied", within_s=ANSWER_S)


@case("PD-05", SECC, variant="AC closes for C only", service=5)
def closes_with_the_pilot(car: Car) -> None:
    request = car.to(Step.POWER_DELIVERY).request(Step.POWER_DELIVERY)
    car.link.send(request)
    car.sut.advance(0.2)
    equal(car.sut.observe("contactor"), 0.0, field="contactor")
    car.sut.set("pilot", "C")
    response = car.answer(request, ANSWER_S)
    equal(response.response_code.value, "OK", message=response, field="ResponseCode")
    equal(car.sut.observe("contactor"), 1.0, field="contactor")


@case("PD-08", SECC, variant="DC")
@case("PD-08", SECC, variant="DC Scheduled", dynamic=False)
def still_processing(car: Car) -> None:
    request = car.to(Step.POWER_DELIVERY).request(Step.POWER_DELIVERY)
    for _ in range(4):
        car.good(replace(request, ev_processing=Processing.Ongoing))
        car.sut.advance(0.5)
    check(abs(float(car.sut.observe("current_a"))) < 1.0, "current flows already", field="current_a")
    car.goes_on()


@case("PD-08", SECC, variant="AC", service=5)
def still_processing_ac(car: Car) -> None:
    request = car.to(Step.POWER_DELIVERY).request(Step.POWER_DELIVERY)
    for _ in range(3):
        car.good(replace(request, ev_processing=Processing.Ongoing))
        car.sut.advance(0.5)
    equal(car.sut.observe("contactor"), 0.0, field="contactor")
    car.goes_on()


@case("PD-09", EVCC, variant="AC", service=1)
@case("PD-09", EVCC, variant="AC_BPT", service=5)
@case("PD-09", EVCC, variant="AC_BPT Scheduled", service=5, dynamic=False)
def pilot(station: Station) -> None:
    for step in (Step.SERVICE_SELECTION, Step.SCHEDULE):
        request = station.to(step)
        station.sut.advance(0.5)
        shown = station.sut.observe("pilot")
        check(shown == "B", f"{shown} before PowerDelivery(Start)", message=request, field="pilot")
    request = station.to(Step.POWER_DELIVERY)
    station.sut.advance(0.25)
    check(station.sut.observe("pilot") in ("C", "D"), "not C 250 ms after PowerDelivery(Start)", field="pilot")
    station.reply(request)
    station.heard(Step.LOOP)


@case("PD-09", EVCC, variant="back to B after the stop", service=5)
def pilot_at_the_end(station: Station) -> None:
    station.to(Step.LOOP)
    station.sut.set("wish", "stop")
    station.finish()
    equal(station.sut.observe("pilot"), "B", field="pilot")
