"""V2GTP behind the connection: headers, payload types, pieces."""

from __future__ import annotations

import struct

from conformance.case import Side, case, check
from conformance.tester.car import Car
from conformance.tester.link import Step, code_of
from conformance.tester.station import Station

SECC, EVCC = Side.SECC, Side.EVCC
SILENCE_S = 2.0
_HEADERS = {
    "no payload": (0x01, 0xFE, 0x8002, 0),
    "an unknown type": (0x01, 0xFE, 0x7001, None),
    "another version": (0xFF, 0xFE, 0x8002, None),
    "another inverse": (0x01, 0xFF, 0x8002, None),
}


def _framed(payload: bytes, header: tuple[int, int, int, int | None]) -> bytes:
    version, inverse, payload_type, length = header
    told = len(payload) if length is None else length
    return struct.pack("!BBHI", version, inverse, payload_type, told) + (b"" if length == 0 else payload)


@case("TP-02", SECC, over=_HEADERS)
def wrong_header(car: Car, header: tuple[int, int, int, int | None]) -> None:
    payload = car.to(Step.SESSION_SETUP).link.encode(car.request(Step.SESSION_SETUP))
    car.sut.send(_framed(payload, header))
    response = car.link.receive(SILENCE_S)
    check(response is None, "an answer", message=response)


@case("TP-03", SECC, over={"AC as common": 0x8002, "AC as DC": 0x8004}, service=5)
def ac_under_another_type(car: Car, payload_type: int) -> None:
    request = car.to(Step.PARAMETERS).request(Step.PARAMETERS)
    payload = car.link.encode(request)
    car.sut.send(_framed(payload, (0x01, 0xFE, payload_type, None)))
    response = car.link.receive(SILENCE_S)
    taken = response is not None and code_of(response).startswith("OK")
    check(not taken, "it is taken", message=response)


@case("TP-03", SECC, over={"DC as AC": 0x8003, "DC as common": 0x8002})
def dc_under_another_type(car: Car, payload_type: int) -> None:
    ac_under_another_type(car, payload_type)


@case("TP-03", EVCC, over={"DC as AC": 0x8003, "DC as common": 0x8002})
def answer_under_another_type(station: Station, payload_type: int) -> None:
    request = station.to(Step.PARAMETERS)
    payload = station.link.encode(station.regular(request))
    station.answered()
    station.sut.send(_framed(payload, (0x01, 0xFE, payload_type, None)))
    after = station.link.receive(SILENCE_S + 1.0)
    check(after is None, "it is taken", message=after)


@case("TP-04", SECC, service=None)
def handshake_as_common(car: Car) -> None:
    payload = car.link.encode(car.request(Step.SAP))
    car.sut.send(_framed(payload, (0x01, 0xFE, 0x8002, None)))
    response = car.link.receive(SILENCE_S)
    check(response is None or not code_of(response).startswith("OK"), "it is taken", message=response)


@case("TP-04", EVCC, service=None)
def handshake_answered_as_common(station: Station) -> None:
    payload = station.link.encode(station.regular(station.to(Step.SAP)))
    station.answered()
    station.sut.send(_framed(payload, (0x01, 0xFE, 0x8002, None)))
    after = station.link.receive(SILENCE_S + 1.0)
    check(after is None, "it is taken", message=after)


@case("TP-05", SECC, over={"octet by octet": 1, "in two": 20, "the header alone": 8})
def in_pieces(car: Car, size: int) -> None:
    for step in (Step.SAP, Step.SESSION_SETUP, Step.AUTHORIZATION_SETUP):
        car.to(step)
        request = car.request(step)
        octets = car.link.frame(request)
        for at in range(0, len(octets), size):
            car.sut.send(octets[at : at + size])
            car.sut.advance(0.001)
        response = car.answer(request)
        check(code_of(response).startswith("OK"), code_of(response), message=response)
        if step is Step.SESSION_SETUP:
            car.link.session_id = response.header.session_id
        car.at = car.following(step)


@case("TP-05", SECC, variant="two at once")
def together(car: Car) -> None:
    car.to(Step.AUTHORIZATION_SETUP)
    first, second = car.request(Step.AUTHORIZATION_SETUP), car.request(Step.AUTHORIZATION)
    car.sut.send(car.link.frame(first) + car.link.frame(second))
    for request in (first, second):
        response = car.answer(request)
        check(code_of(response).startswith("OK"), code_of(response), message=response)


@case("TP-05", EVCC, over={"octet by octet": 1, "in two": 20})
def answers_in_pieces(station: Station, size: int) -> None:
    request = station.to(Step.SAP)
    for step in (Step.SAP, Step.SESSION_SETUP, Step.AUTHORIZATION_SETUP):
        octets = station.link.frame(station.regular(request))
        station.answered()
        for at in range(0, len(octets), size):
            station.sut.send(octets[at : at + size])
            station.sut.advance(0.001)
        request = station.hear(2.0)
        check(station.at is not step, "it asks again")


_LENGTHS = {"4 GiB": 0xFFFFFFFF, "16 MiB": 1 << 24}


@case("TP-06", SECC, over=_LENGTHS)
def absurd_length(car: Car, length: int) -> None:
    car.to(Step.SERVICE_DETAIL)
    car.sut.send(struct.pack("!BBHI", 0x01, 0xFE, 0x8002, length) + bytes(100))
    response = car.link.receive(SILENCE_S)
    check(response is None, "an answer", message=response)
    car.sut.advance(6.0)
    car.off()


@case("TP-06", EVCC, over=_LENGTHS)
def absurd_length_of_an_answer(station: Station, length: int) -> None:
    station.to(Step.SERVICE_DETAIL)
    station.answered()
    station.sut.send(struct.pack("!BBHI", 0x01, 0xFE, 0x8002, length) + bytes(100))
    station.sut.advance(1.9)  # before its own patience is over
    station.off()
