"""Session setup."""

from __future__ import annotations

import itertools

from conformance.case import Side, case, check, equal
from conformance.tester.car import Car
from conformance.tester.link import NO_SESSION, Step, replace
from conformance.tester.station import Station

SECC, EVCC = Side.SECC, Side.EVCC
FOREIGN = bytes.fromhex("0102030405060708")
NEW = "OK_NewSessionEstablished"

DC_STEPS = tuple(step for step in Step if step not in (Step.SAP, Step.SESSION_SETUP, Step.END))
AC_STEPS = (Step.PARAMETERS, Step.POWER_DELIVERY, Step.LOOP, Step.STOP, Step.SESSION_STOP)


@case("SS-01", SECC)
def new_session(car: Car) -> None:
    response = car.to(Step.SESSION_SETUP).coded(car.request(Step.SESSION_SETUP), NEW)
    session_id = response.header.session_id
    equal(len(session_id), 8, message=response, field="SessionID")
    check(session_id != NO_SESSION, "SessionID is zero", message=response, field="SessionID")
    check(response.evse_id, "EVSEID is empty", message=response, field="EVSEID")


@case("SS-03", SECC, over={"an id nobody knows": FOREIGN})
def unknown_id(car: Car, session_id: bytes) -> None:
    car.to(Step.SESSION_SETUP)
    car.link.session_id = session_id
    response = car.coded(car.request(Step.SESSION_SETUP), NEW)
    check(response.header.session_id not in (session_id, NO_SESSION), "the id is not fresh", message=response)
    car.link.session_id = response.header.session_id
    car.good(car.request(Step.AUTHORIZATION_SETUP))  # not parameter discovery


@case("SS-04", SECC)
def random_ids(car: Car) -> None:
    ids = []
    for _ in range(1000):
        car.perform(Step.SAP)
        car.link.session_id = NO_SESSION
        response = car.good(car.request(Step.SESSION_SETUP))
        ids.append(int.from_bytes(response.header.session_id, "big"))
        car.sut.disconnect()
        car.sut.advance(6.0)
        car.link.connect()
    equal(len(set(ids)), len(ids), field="SessionID")
    # Of 64 fair bits none is set in fewer than 400 or more than 600 of 1000 ids (more than six standard deviations).
    fair = sum(400 <= sum(each >> bit & 1 for each in ids) <= 600 for bit in range(64))
    check(fair >= 58, f"only {fair} of 64 bits look random", field="SessionID")
    steps = {later - earlier for earlier, later in itertools.pairwise(ids)}
    check(len(steps) > 900, "the next id follows from the last", field="SessionID")


def _foreign(car: Car, step: Step, session_id: bytes) -> None:
    car.to(step)
    regular = car.request(step)
    if step is Step.LOOP:
        car.loop(1.0)
    own = car.link.session_id
    response = car.coded(replace(regular, header__session_id=session_id), "FAILED_UnknownSession")
    check(response.header.session_id in (own, session_id), "neither id", message=response, field="SessionID")
    car.ends()


@case("SS-05", SECC, variant="foreign", over=DC_STEPS)
def foreign_id(car: Car, step: str) -> None:
    _foreign(car, Step(step), FOREIGN)


@case("SS-05", SECC, variant="foreign, AC", over=AC_STEPS, service=5)
def foreign_id_ac(car: Car, step: str) -> None:
    _foreign(car, Step(step), FOREIGN)


@case("SS-05", SECC, variant="zero", over=(Step.AUTHORIZATION_SETUP, Step.SERVICE_DETAIL, Step.LOOP))
def zero_id(car: Car, step: str) -> None:
    _foreign(car, Step(step), NO_SESSION)


@case("SS-06", EVCC, over=tuple(step for step in DC_STEPS if step not in (Step.WELDING, Step.SESSION_STOP)))
def foreign_answer(station: Station, name: str) -> None:
    step = Step(name)
    if not step.before(Step.STOP):
        station.to(Step.LOOP)
        station.sut.set("wish", "stop")
    request = station.to(step)
    station.reply(request, header__session_id=FOREIGN)
    station.ends()


@case("SS-06", EVCC, variant="zero")
def no_id(station: Station) -> None:
    station.reply(station.to(Step.SESSION_SETUP), header__session_id=NO_SESSION)
    station.ends()


_STAMPS = {"zero": 0, "seconds": 1_900_000_000, "microseconds": 1_900_000_000_000_000, "largest": 2**64 - 1}


@case("SS-07", SECC, over=_STAMPS)
def any_time_stamp(car: Car, stamp: int) -> None:
    car.to(Step.SESSION_SETUP)
    for step in (Step.SESSION_SETUP, Step.AUTHORIZATION_SETUP, Step.AUTHORIZATION, Step.SERVICE_DISCOVERY):
        response = car.good(replace(car.request(step), header__time_stamp=stamp))
        car.link.session_id = response.header.session_id
        car.at = car.following(step)
    car.goes_on()


@case("SS-07", EVCC, over=_STAMPS)
def any_time_stamp_of_the_station(station: Station, stamp: int) -> None:
    for step in (Step.SESSION_SETUP, Step.AUTHORIZATION_SETUP, Step.SERVICE_DISCOVERY, Step.SCHEDULE):
        station.reply(station.to(step, judged=True), header__time_stamp=stamp)
    station.to(Step.LOOP, judged=True)
    station.serve(1.0)
    station.goes_on()
