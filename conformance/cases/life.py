"""Pause, resume, renegotiation."""

from __future__ import annotations

from typing import Any

from conformance.case import Side, case, check, equal
from conformance.tester import responses
from conformance.tester.car import Car
from conformance.tester.link import UNIX_S, Step, code_of, name_of, replace, value_of
from conformance.tester.station import SESSION_ID, Station
from iso15118.messages.iso20.common import power_delivery as pd
from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.messages.iso20.types import EVSENotification, EVSEStatus, Processing

SECC, EVCC = Side.SECC, Side.EVCC
JOINED, NEW = "OK_OldSessionJoined", "OK_NewSessionEstablished"
PAUSE_DELAY_S = 60
SCHEDULES_ASIDE = 0x8101
"""Payload type of schedule renegotiation beside the loop."""


def _pause(car: Car) -> Any:
    return replace(car.request(Step.SESSION_STOP), charging_session=ChargingSession.Pause)


def _paused(car: Car) -> Car:
    """Pause regularly, unplug nothing, and call again: the handshake is over, the old id is asked for."""
    car.to(Step.LOOP).loop(1.0)
    car.to(Step.SESSION_STOP)
    car.good(_pause(car))
    session_id = car.link.session_id
    car.sut.disconnect()
    car.sut.advance(600.0)
    again = car.again().to(Step.SESSION_SETUP)
    again.link.session_id = session_id
    return again


def _resumed(car: Car) -> Car:
    again = _paused(car)
    old = again.link.session_id
    response = again.coded(again.request(Step.SESSION_SETUP), JOINED)
    equal(response.header.session_id, old, message=response, field="SessionID")
    again.at = Step.PARAMETERS
    return again


@case("SS-02", SECC, variant="DC_BPT", needs=("pause",))
@case("SS-02", SECC, variant="AC_BPT", service=5, needs=("pause",))
def joins(car: Car) -> None:
    _resumed(car)


def _not_joined(again: Car) -> None:
    old = again.link.session_id
    response = again.coded(again.request(Step.SESSION_SETUP), NEW)
    check(response.header.session_id not in (old, bytes(8)), "the id is not fresh", message=response, field="SessionID")
    again.link.session_id = response.header.session_id
    again.good(again.request(Step.AUTHORIZATION_SETUP))


@case(
    "SS-03", SECC, variant="binding", over={"another certificate": b"another", "no certificate": None}, needs=("pause",)
)
def another_car(car: Car, binding: bytes | None) -> None:
    car.to(Step.LOOP)
    car.to(Step.SESSION_STOP)
    car.good(_pause(car))
    session_id = car.link.session_id
    car.sut.disconnect()
    car.sut.advance(600.0)
    car.sut.set("binding", binding)
    again = car.again().to(Step.SESSION_SETUP)
    again.link.session_id = session_id
    _not_joined(again)


@case("SS-03", SECC, variant="another id than the paused one", needs=("pause",))
def another_id(car: Car) -> None:
    again = _paused(car)
    again.link.session_id = bytes(reversed(again.link.session_id))
    _not_joined(again)


@case("SS-03", SECC, variant="a session that was ended", needs=("pause",))
def ended_for_good(car: Car) -> None:
    car.to(Step.END)
    session_id = car.link.session_id
    car.sut.advance(600.0)
    again = car.again().to(Step.SESSION_SETUP)
    again.link.session_id = session_id
    _not_joined(again)


# --- pause ---


@case("PR-01", SECC, variant="Dynamic", needs=("pause",))
@case("PR-01", SECC, variant="Scheduled", dynamic=False, needs=("pause",))
@case("PR-01", SECC, variant="AC", service=5, needs=("pause",))
def station_wants_a_pause(car: Car) -> None:
    car.to(Step.LOOP).loop(1.0)
    car.sut.set("pause", True)
    delays = []
    for _ in range(3):
        response = car.loop(0.2)
        status = response.evse_status
        check(status is not None, "the wish is not told", message=response, field="EVSEStatus")
        equal(status.evse_notification, EVSENotification.Pause, message=response, field="EVSENotification")
        delays.append(status.notification_max_delay)
        car.sut.advance(0.2)
        car.loop(2.0)
    check(max(delays) <= PAUSE_DELAY_S, f"{delays} s", field="NotificationMaxDelay")
    check(0 < delays[-1] <= delays[0], f"{delays} s", field="NotificationMaxDelay")
    car.at = Step.STOP
    car.to(Step.SESSION_STOP)
    car.good(_pause(car))


@case("PR-02", SECC, variant="by configuration", setup={"pause": False})
def pause_not_allowed(car: Car) -> None:
    car.to(Step.SESSION_STOP)
    car.refused(_pause(car), "FAILED_PauseNotAllowed")


@case(
    "PR-02",
    SECC,
    variant="before there is anything to go on with",
    over=(Step.AUTHORIZATION_SETUP, Step.SERVICE_DETAIL),
)
def too_early(car: Car, step: str) -> None:
    car.to(Step(step))
    car.refused(_pause(car), "FAILED_PauseNotAllowed")


# --- resume ---


@case("PR-03", SECC, variant="DC_BPT", needs=("pause",))
@case("PR-03", SECC, variant="AC_BPT", service=5, needs=("pause",))
@case("PR-03", SECC, variant="AC Scheduled", service=1, dynamic=False, needs=("pause",))
@case("PR-03", SECC, variant="DC_BPT Scheduled", dynamic=False, needs=("pause",))
def resumed(car: Car) -> None:
    chosen = None
    if not car.dynamic:
        car.sut.set("schedules", ((4, ((86_000.0, 5_000.0),)),))
        chosen = 4
    again = _resumed(car)
    if chosen is not None:
        again.to(Step.SCHEDULE, judged=True)
        again.perform(Step.SCHEDULE)
        ids = [each.schedule_tuple_id for each in again.schedules]
        check(chosen in ids, f"the chosen tuple is not among {ids}", field="ScheduleTupleID")
    again.goes_on()


@case(
    "PR-03",
    SECC,
    variant="no authorization again",
    needs=("pause",),
    over=(Step.AUTHORIZATION_SETUP, Step.SERVICE_DISCOVERY),
)
def not_from_the_beginning(car: Car, step: str) -> None:
    again = _resumed(car)
    again.refused(again.request(Step(step)), "FAILED_SequenceError")


def _leaves(station: Station, wish: str = "pause") -> Any:
    station.to(Step.LOOP)
    station.serve(1.0)
    station.sut.set("wish", wish)
    return station.to(Step.SESSION_STOP)


def _calls_again(station: Station) -> Any:
    request = _leaves(station)
    equal(request.charging_session, ChargingSession.Pause, message=request, field="ChargingSession")
    station.settle()
    station.ends()
    station.sut.set("wish", "energy")
    station.sut.advance(600.0)
    station.again()
    request = station.to(Step.SESSION_SETUP)
    equal(request.header.session_id, SESSION_ID, message=request, field="SessionID")
    return request


@case("PR-03", EVCC, variant="DC_BPT", needs=("pause",))
@case("PR-03", EVCC, variant="AC_BPT", service=5, needs=("pause",))
@case("PR-03", EVCC, variant="DC_BPT Scheduled", dynamic=False, needs=("pause",))
def car_resumes(station: Station) -> None:
    bpt = station.bpt
    station.joins = True
    station.reply(_calls_again(station))
    request = station.heard(Step.PARAMETERS)
    mode = getattr(request, "dc_cpd_req_energy_transfer_mode", None) or request.ac_cpd_req_energy_transfer_mode
    equal(name_of(mode).startswith("BPT_"), bpt, message=request, field="CPDReqEnergyTransferMode")
    station.to(Step.LOOP, judged=True)
    station.goes_on()


@case("PR-03", EVCC, variant="the station wants the pause", needs=("pause",))
def station_pauses_the_car(station: Station) -> None:
    station.to(Step.LOOP)
    station.status = EVSEStatus(notification_max_delay=30, evse_notification=EVSENotification.Pause)
    began = station.sut.now
    request = station.to(Step.SESSION_STOP, judged=True)
    check(station.sut.now - began <= 31.0, f"after {station.sut.now - began:.1f} s", message=request)
    equal(request.charging_session, ChargingSession.Pause, message=request, field="ChargingSession")


@case("PR-04", EVCC, needs=("pause",))
def starts_over(station: Station) -> None:
    request = _calls_again(station)
    station.reply(request)
    request = station.heard(Step.AUTHORIZATION_SETUP)
    equal(request.header.session_id, station.link.session_id, message=request, field="SessionID")
    station.to(Step.SERVICE_SELECTION, judged=True)
    station.to(Step.LOOP, judged=True)
    station.goes_on()


# --- renegotiation ---


def _renegotiate(car: Car) -> Any:
    return replace(car.request(Step.SESSION_STOP), charging_session=ChargingSession.ServiceRenegotiation)


@case(
    "PR-05",
    SECC,
    variant="DC to DC_BPT",
    service=2,
    setup={"service_renegotiation": True},
    needs=("service_renegotiation", "DC_BPT"),
)
@case(
    "PR-05",
    SECC,
    variant="AC to AC_BPT",
    service=1,
    setup={"service_renegotiation": True},
    needs=("service_renegotiation", "AC_BPT"),
)
def another_service(car: Car) -> None:
    car.to(Step.LOOP).loop(1.0)
    car.to(Step.SESSION_STOP)
    session_id = car.link.session_id
    car.coded(_renegotiate(car), "OK")
    car.sut.advance(7.0)
    check(not car.sut.closed, "the connection is gone")
    car.at = Step.SERVICE_DISCOVERY
    car.service, car.bpt = car.service + 4, True
    response = car.good(car.request(Step.SERVICE_DISCOVERY))
    equal(response.header.session_id, session_id, message=response, field="SessionID")
    car.at = Step.SERVICE_DETAIL
    car.sut.set("target_w", -4_000.0)
    car.to(Step.LOOP, judged=True)
    car.loop(1.0)
    if not car.is_ac:
        current = float(car.sut.observe("current_a"))
        check(abs(current + 10.0) < 0.5, f"{current:g} A", field="current_a")
    car.sut.set("target_w", 0.0)
    car.goes_on()


@case("PR-05", EVCC, variant="DC to DC_BPT", service=2, services=(6, 2), needs=("service_renegotiation", "DC_BPT"))
def car_changes_services(station: Station) -> None:
    station.renegotiation, station.services = True, (2,)
    station.to(Step.LOOP)
    station.services = (2, 6)
    station.status = EVSEStatus(notification_max_delay=10, evse_notification=EVSENotification.ServiceRenegotiation)
    request = station.to(Step.SESSION_STOP, judged=True)
    equal(request.charging_session, ChargingSession.ServiceRenegotiation, message=request, field="ChargingSession")
    station.status = None
    station.settle()
    request = station.heard(Step.SERVICE_DISCOVERY)
    equal(request.header.session_id, SESSION_ID, message=request, field="SessionID")
    request = station.to(Step.SERVICE_SELECTION, judged=True)
    equal(request.selected_energy_transfer_service.service_id, 6, message=request, field="ServiceID")
    station.to(Step.LOOP, judged=True)
    station.goes_on()


@case("PR-06", SECC, variant="DC")
@case("PR-06", SECC, variant="AC", service=1)
def not_offered(car: Car) -> None:
    car.to(Step.SESSION_STOP)
    car.refused(_renegotiate(car), "FAILED_NoServiceRenegotiationSupported")


@case("PR-07", SECC, variant="can't be had", setup={"schedule_renegotiation": False})
def no_new_schedules(car: Car) -> None:
    car.to(Step.LOOP).loop(0.6)
    request = replace(car.request(Step.STOP), charge_progress=pd.ChargeProgress.ScheduleRenegotiation)
    car.coded(request, "WARNING_ScheduleRenegotiationFailed")
    car.goes_on()


def _scheduled(car: Car) -> Any:
    """Into the loop under one schedule, with another one made; returns the request for it."""
    car.sut.set("schedules", ((1, ((80_000.0, 4_000.0),)),))
    car.to(Step.LOOP)
    car.current_a = 9.0
    car.loop(1.0)
    car.sut.set("schedules", ((2, ((80_000.0, 8_000.0),)),))
    return replace(car.request(Step.STOP), charge_progress=pd.ChargeProgress.ScheduleRenegotiation)


def _new_schedule_followed(car: Car) -> None:
    car.current_a = 18.0
    car.loop(2.0)
    current = float(car.sut.observe("current_a"))
    check(abs(current - 18.0) < 0.2, f"{current:g} A under a schedule of 8 kW", field="current_a")
    car.at = Step.STOP
    car.goes_on()


@case("PR-07", SECC, variant="new schedules", dynamic=False, needs=("schedule_renegotiation",))
def new_schedules(car: Car) -> None:
    car.good(_scheduled(car))
    check(abs(float(car.sut.observe("current_a"))) < 1.0, "power without a schedule", field="current_a")
    equal(car.sut.observe("contactor"), 1.0, field="contactor")
    car.at = Step.SCHEDULE
    car.perform(Step.SCHEDULE)
    equal([each.schedule_tuple_id for each in car.schedules], [2], field="ScheduleTupleID")
    car.start(car.request(Step.POWER_DELIVERY))
    _new_schedule_followed(car)


@case("PR-07", SECC, variant="the old schedule can't be chosen", dynamic=False, needs=("schedule_renegotiation",))
def old_schedule(car: Car) -> None:
    car.good(_scheduled(car))
    old = car.schedules
    car.at = Step.SCHEDULE
    car.perform(Step.SCHEDULE)
    car.schedules = old
    car.refused(car.request(Step.POWER_DELIVERY), "FAILED_ScheduleSelectionInvalid")


@case("PR-07", SECC, variant="nothing to go on with", dynamic=False, needs=("schedule_renegotiation",))
def no_schedules(car: Car) -> None:
    car.good(_scheduled(car))
    car.sut.set("schedules", None)
    for _ in range(3):
        response = car.ask(car.request(Step.SCHEDULE))
        if response.evse_processing is Processing.Finished or code_of(response) != "OK":
            break
        car.sut.advance(0.5)
    equal(code_of(response), "FAILED_ScheduleRenegotiation", message=response, field="ResponseCode")
    car.ends()


@case("PR-07", SECC, variant="the station wants it", dynamic=False, needs=("schedule_renegotiation",))
@case("PR-07", SECC, variant="the station wants it, Dynamic AC", service=5, needs=("schedule_renegotiation",))
def station_wants_new_schedules(car: Car) -> None:
    car.to(Step.LOOP).loop(0.6)
    car.sut.set("schedules", ((2, ((80_000.0, 8_000.0),)),))
    response = car.loop(0.2)
    check(response.evse_status is not None, "the wish is not told", message=response, field="EVSEStatus")
    told = response.evse_status.evse_notification
    equal(told, EVSENotification.ScheduleRenegotiation, message=response, field="EVSENotification")


@case("PR-07", EVCC, variant="the station wants it", dynamic=False, needs=("schedule_renegotiation",))
def car_renegotiates(station: Station) -> None:
    station.to(Step.LOOP)
    station.tuples = (responses.schedule_tuple(UNIX_S, ((80_000, 8_000.0),), id_=2),)
    station.status = EVSEStatus(notification_max_delay=10, evse_notification=EVSENotification.ScheduleRenegotiation)
    request = station.to(Step.SCHEDULE, judged=True)
    aside = station.link.log[-1].payload_type == SCHEDULES_ASIDE
    station.status = None
    station.link.send(station.regular(request), SCHEDULES_ASIDE if aside else None)
    station.answered()
    request = station.to(Step.POWER_DELIVERY, judged=True)
    chosen = request.ev_power_profile.scheduled_ev_ppt_control_mode.selected_schedule_tuple_id
    equal(chosen, 2, message=request, field="SelectedScheduleTupleID")
    station.serve(3.0)
    request = station.to(Step.LOOP, judged=True)
    current = value_of(request.cl_req_control_mode.ev_target_current)
    check(abs(current - 20.0) < 0.5, f"{current:g} A under a schedule of 8 kW", message=request)
    station.goes_on()


# --- schedules beside the loop ---


@case("SI-01", SECC, dynamic=False, needs=("schedule_renegotiation", "side_streams"))
def schedules_aside(car: Car) -> None:
    request = _scheduled(car)
    for _ in range(5):
        asked = car.request(Step.SCHEDULE)
        car.link.send(asked, SCHEDULES_ASIDE)
        response = car.answer(asked)
        equal(car.link.log[-1].payload_type, SCHEDULES_ASIDE, message=response, field="PayloadType")
        equal(code_of(response), "OK", message=response, field="ResponseCode")
        car.loop(1.0)  # under the old schedule
        if response.evse_processing is Processing.Finished:
            break
    equal(response.evse_processing, Processing.Finished, message=response, field="EVSEProcessing")
    current = float(car.sut.observe("current_a"))
    check(abs(current - 9.0) < 0.2, f"{current:g} A", field="current_a")
    car.schedules = response.scheduled_se_res_control_mode.schedule_tuple
    profile = car.request(Step.POWER_DELIVERY).ev_power_profile
    car.good(replace(request, header=car.link.header(), ev_power_profile=profile))
    _new_schedule_followed(car)


@case("SI-01", SECC, variant="before the loop", needs=("schedule_renegotiation", "side_streams"))
def schedules_aside_too_early(car: Car) -> None:
    asked = car.to(Step.CABLE_CHECK).request(Step.SCHEDULE)
    car.link.send(asked, SCHEDULES_ASIDE)
    response = car.answer(asked)
    equal(car.link.log[-1].payload_type, SCHEDULES_ASIDE, message=response, field="PayloadType")
    equal(code_of(response), "FAILED_SequenceError", message=response, field="ResponseCode")
    car.ends()
