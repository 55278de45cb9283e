"""Error handling."""

from __future__ import annotations

import random
from typing import Any

from conformance.case import Side, case, check
from conformance.tester.car import Car
from conformance.tester.link import Step, code_of, name_of, replace
from conformance.tester.station import Station, step_of
from iso15118.messages.iso20.common import metering
from iso15118.messages.iso20.types import MeterInfo, ResponseCode
from iso15118.v2gtp import frame_bytes

SECC, EVCC = Side.SECC, Side.EVCC
SEQUENCE = "FAILED_SequenceError"

_ALLOWED: dict[Step, frozenset[Step]] = {
    # Beside the step itself: the requests that a station may take there.
    Step.SERVICE_SELECTION: frozenset({Step.SERVICE_DETAIL}),
    Step.POWER_DELIVERY: frozenset({Step.PRE_CHARGE, Step.STOP}),
    Step.LOOP: frozenset({Step.STOP}),
    Step.STOP: frozenset({Step.LOOP}),
}
_EVERY = tuple(step for step in Step if step is not Step.END)
_STATES = tuple(step for step in _EVERY if step is not Step.STOP)


def _may_come(state: Step, request: Step) -> bool:
    if request is state or request in _ALLOWED.get(state, frozenset()):
        return True
    if state is Step.PRE_CHARGE and request in (Step.POWER_DELIVERY, Step.STOP):
        return True  # some stations serve cars that skip the last pre-charge, and cars that stop there
    if request is Step.SESSION_STOP:
        # When energy does not flow a car may leave; whether before session setup is nobody's business.
        return state is not Step.LOOP
    return False


def _unexpected(state: Step, *, is_ac: bool) -> list[Step]:
    dc_only = (Step.CABLE_CHECK, Step.PRE_CHARGE, Step.WELDING)
    return [request for request in _EVERY if not _may_come(state, request) and not (is_ac and request in dc_only)]


def _out_of_order(state: Step, request: Step) -> Any:
    def run(car: Car) -> None:
        car.schedules = car.schedules or (_any_schedule(),)
        car.to(state)
        if state is Step.LOOP:
            car.perform(Step.LOOP)
        message = car.request(request)
        if request is Step.SAP:
            car.refused(message, "Failed_NoNegotiation")
            return
        response = car.coded(message, SEQUENCE)
        _mandatory(response)
        car.ends()

    return run


def _any_schedule() -> Any:
    from conformance.tester import responses
    from conformance.tester.link import UNIX_S

    return responses.schedule_tuple(UNIX_S)


def _mandatory(response: Any) -> None:
    """It was decoded, so the schema's mandatory fields are there; the choices between fields are looked at here."""
    if name_of(response) == "ScheduleExchangeRes":
        modes = (response.scheduled_se_res_control_mode, response.dynamic_se_res_control_mode)
        check(sum(mode is not None for mode in modes) == 1, "not one control mode", message=response)
    if name_of(response) == "AuthorizationSetupRes":
        check(response.authorization_services, "no services", message=response, field="AuthorizationServices")


for _state in _STATES:
    for _request in _unexpected(_state, is_ac=False):
        case("ER-01", SECC, variant=f"{_state}: {_request}")(_out_of_order(_state, _request))
for _state in (Step.PARAMETERS, Step.SCHEDULE, Step.POWER_DELIVERY, Step.LOOP, Step.SESSION_STOP):
    for _request in _unexpected(_state, is_ac=True):
        case("ER-01", SECC, variant=f"AC {_state}: {_request}", service=5)(_out_of_order(_state, _request))


@case("ER-01", SECC, variant="a request that no session of today has", over=(Step.SERVICE_DETAIL, Step.LOOP))
def unheard_of(car: Car, step: str) -> None:
    car.to(Step(step))
    if Step(step) is Step.LOOP:
        car.perform(Step.LOOP)
    request = metering.MeteringConfirmationReq(
        header=car.link.header(),
        signed_metering_data=metering.SignedMeteringData(
            session_id=car.link.session_id,
            meter_info=MeterInfo(meter_id="M1", charged_energy_reading_wh=1),
            dynamic_smdt_control_mode=metering.Dynamic_SMDTControlMode(),
            id="id1",
        ),
    )
    car.refused(request, SEQUENCE)


@case("ER-01", SECC, variant="a response")
def response_to_a_station(car: Car) -> None:
    from iso15118.messages.iso20.common.session_setup import SessionSetupRes

    car.to(Step.AUTHORIZATION)
    car.link.send(SessionSetupRes(header=car.link.header(), response_code=ResponseCode.OK, evse_id="DE*X*E1"))
    response = car.link.receive(2.0)
    check(response is None, "a response is answered", message=response)
    car.ends()


# --- the car ---

_FAILED = tuple(code.value for code in ResponseCode if code.value.startswith("FAILED"))
_STEPS = (
    Step.SESSION_SETUP,
    Step.AUTHORIZATION_SETUP,
    Step.AUTHORIZATION,
    Step.SERVICE_DISCOVERY,
    Step.SERVICE_DETAIL,
    Step.SERVICE_SELECTION,
    Step.PARAMETERS,
    Step.SCHEDULE,
    Step.CABLE_CHECK,
    Step.PRE_CHARGE,
    Step.POWER_DELIVERY,
    Step.LOOP,
    Step.STOP,
)


def _fails(station: Station, step: Step, code: str) -> None:
    if Step.LOOP.before(step):
        station.to(Step.LOOP)
        station.sut.set("wish", "stop")
    station.reply(station.to(step), response_code=ResponseCode(code))
    station.sut.set("outlet_current_a", 0.0)
    station.ends(3.0)


@case("ER-02", EVCC, over=_FAILED)
def failed_in_the_loop(station: Station, code: str) -> None:
    _fails(station, Step.LOOP, code)


@case("ER-02", EVCC, variant="in step", over=_STEPS)
def failed_anywhere(station: Station, step: str) -> None:
    _fails(station, Step(step), "FAILED")


@case("ER-02", EVCC, variant="in step, AC", over=(Step.PARAMETERS, Step.POWER_DELIVERY, Step.LOOP), service=5)
def failed_anywhere_ac(station: Station, step: str) -> None:
    _fails(station, Step(step), "FAILED")


@case("ER-02", EVCC, variant="an answer of another kind", over=(Step.AUTHORIZATION_SETUP, Step.SCHEDULE, Step.LOOP))
def another_answer(station: Station, step: str) -> None:
    from iso15118.messages.iso20.common.session_stop import SessionStopRes

    station.to(Step(step))
    station.say(SessionStopRes(**station.base()))
    station.sut.set("outlet_current_a", 0.0)
    station.ends(3.0)


_WARNINGS = tuple(code.value for code in ResponseCode if code.value.startswith("WARNING"))


@case("ER-03", EVCC, over=_WARNINGS)
def warned_in_the_loop(station: Station, code: str) -> None:
    station.to(Step.LOOP)
    station.instead(Step.LOOP, lambda _, response: replace(response, response_code=ResponseCode(code)))
    requests = station.serve(3.0)
    check(len(requests) > 5, "it stops looping")
    check(all(step_of(each) is Step.LOOP for each in requests), "it leaves the loop")
    station.goes_on()


@case(
    "ER-03", EVCC, variant="on the way", over=(Step.SERVICE_SELECTION, Step.PARAMETERS, Step.SCHEDULE, Step.PRE_CHARGE)
)
def warned_on_the_way(station: Station, step: str) -> None:
    station.reply(station.to(Step(step)), response_code=ResponseCode.WARNING_WPT)
    station.to(Step.LOOP, judged=True)
    station.goes_on()


# --- octets ---

_DAMAGED = (Step.SAP, Step.SESSION_SETUP, Step.SERVICE_SELECTION, Step.PARAMETERS, Step.LOOP)


def _damaged(car: Car, step: Step, payload: bytes, payload_type: int) -> None:
    """Whatever comes of a damaged message: no crash, and the station still ends or goes on as a whole."""
    car.link.sut.send(frame_bytes(payload_type, payload))
    octets = car.sut.receive(0.4)
    car.sut.advance(7.0)
    # Silence of 7 s ends the loop; elsewhere a message that was taken may have been answered.
    if octets is None or step is Step.LOOP:
        check(car.sut.closed, f"an unreadable message, and the connection stands: {payload.hex()}")


@case("ER-04", SECC, variant="truncated", over=_DAMAGED)
def truncated(car: Car, name: str) -> None:
    step = Step(name)
    first = car
    whole = 1
    length = 0
    while length < whole:
        played = first if length == 0 else Car(_fresh(car), service=car.service)
        played.to(step)
        if step is Step.LOOP:
            played.perform(Step.LOOP)
        request = played.request(step)
        payload = played.link.encode(request)
        whole = min(len(payload), 24)
        _damaged(played, step, payload[:length], played.link.payload_type(request))
        length += max(1, whole // 8)


def _fresh(car: Car) -> Any:
    car.sut.disconnect()
    car.sut.advance(10.0)
    return car.sut


@case("ER-04", SECC, variant="bits turned", over=_DAMAGED)
def bits_turned(car: Car, name: str) -> None:
    step, chance = Step(name), random.Random(name)
    played = car
    for round_ in range(8):
        played = car if round_ == 0 else Car(_fresh(played), service=car.service)
        played.to(step)
        if step is Step.LOOP:
            played.perform(Step.LOOP)
        request = played.request(step)
        payload = bytearray(played.link.encode(request))
        for _ in range(chance.randrange(1, 4)):
            payload[chance.randrange(len(payload))] ^= 1 << chance.randrange(8)
        played.link.sut.send(frame_bytes(played.link.payload_type(request), bytes(payload)))
        played.sut.advance(70.0)  # whatever it took this for: alone, it ends
        check(played.sut.closed, f"still there after {bytes(payload).hex()}")
        played.off()


@case("ER-04", SECC, variant="no EXI at all")
def no_exi(car: Car) -> None:
    car.to(Step.SERVICE_DETAIL)
    car.sut.send(frame_bytes(0x8002, b"\xff" * 40))
    check(car.sut.receive(0.4) is None, "an answer")
    car.sut.advance(6.0)
    car.off()


@case("ER-04", SECC, variant="in the loop", service=6)
def no_exi_in_the_loop(car: Car) -> None:
    car.sut.set("target_w", 6_000.0)
    car.to(Step.LOOP).loop(1.0)
    car.sut.send(frame_bytes(0x8004, b"\x80\xff\xff\xff"))
    car.sut.advance(2.0)
    car.off()


@case("ER-04", EVCC, over=(Step.SAP, Step.SESSION_SETUP, Step.SCHEDULE, Step.LOOP))
def damaged_answers(station: Station, name: str) -> None:
    step = Step(name)
    request = station.to(step)
    response = station.regular(request)
    payload = station.link.encode(response)
    station.sut.send(frame_bytes(station.link.payload_type(response), payload[: len(payload) // 2]))
    station.sut.set("outlet_current_a", 0.0)
    station.sut.advance(3.0)
    station.off()


def _padded(payload: bytes, how: str) -> bytes:
    if how == "an extra zero octet":
        return payload + b"\0"
    return payload[:-1] + bytes([payload[-1] | 1]) if how == "a pad bit" else payload


def _unused_bits(payload: bytes, read: Any) -> bool:
    """Whether the last bit of a payload is padding: turned, it reads the same."""
    from iso15118.errors import CodecError

    turned = payload[:-1] + bytes([payload[-1] ^ 1])
    try:
        return bool(read(turned) == read(payload))
    except CodecError:
        return False


_PADDING = ("a pad bit", "an extra zero octet")
_PADDED = (Step.AUTHORIZATION_SETUP, Step.SERVICE_DISCOVERY, Step.SCHEDULE, Step.LOOP)


@case("ER-05", SECC, over=_PADDING)
def padding(car: Car, how: str) -> None:
    from iso15118 import exi

    for step in _PADDED:
        car.to(step)
        request = car.request(step)
        kind = car.link.payload_type(request)
        key = {0x8002: "CommonMessages", 0x8004: "DC"}[kind]
        payload = car.link.encode(request)
        if how == "a pad bit" and not _unused_bits(payload, lambda data, key=key: exi.read(data, key).value):
            continue
        car.sut.send(frame_bytes(kind, _padded(payload, how)))
        response = car.answer(request)
        check(code_of(response).startswith("OK"), code_of(response), message=response, field="ResponseCode")
        if step is not Step.LOOP:
            car.at = car.following(step)


@case("ER-05", EVCC, over=_PADDING)
def padding_of_the_station(station: Station, how: str) -> None:
    from iso15118 import exi

    for step in (Step.AUTHORIZATION_SETUP, Step.SERVICE_DISCOVERY, Step.POWER_DELIVERY):
        request = station.to(step)
        response = station.regular(request)
        payload = station.link.encode(response)
        if how == "a pad bit" and not _unused_bits(payload, lambda data: exi.read(data, "CommonMessages").value):
            continue
        station.answered()
        station.sut.send(frame_bytes(0x8002, _padded(payload, how)))
        station.hear(2.0)
        check(station.at is not step, "it asks again")


def _strict(car: Car) -> bytes:
    """AuthorizationSetupReq as the strict grammar has it: no bits where only one thing may follow."""
    request = car.request(Step.AUTHORIZATION_SETUP)
    bits = "".join(f"{octet:08b}" for octet in car.link.encode(request))
    session_id = "".join(f"{octet:08b}" for octet in request.header.session_id)
    # Ours: EXI header, root, three single bits (Header, SessionID, characters), length 8, SessionID.
    root = bits[8 : bits.index(session_id) - 8 - 3]
    stamp, groups = request.header.time_stamp, []
    while stamp:
        stamp, group = stamp >> 7, stamp & 127
        groups.append(group)
    time_stamp = "".join(f"{group | (128 if each < len(groups) - 1 else 0):08b}" for each, group in enumerate(groups))
    strict = bits[:8] + root + f"{8:08b}" + session_id + time_stamp + "1"  # 1: no Signature, the header ends
    strict += "0" * (-len(strict) % 8)
    return bytes(int(strict[at : at + 8], 2) for at in range(0, len(strict), 8))


@case("ER-06", SECC)
def strict(car: Car) -> None:
    car.sut.send(frame_bytes(0x8002, _strict(car.to(Step.AUTHORIZATION_SETUP))))
    response = car.link.receive(2.0)
    check(response is None, "a message of the strict grammar is taken", message=response)
    car.sut.advance(6.0)
    car.off()


@case("ER-06", SECC, variant="options in the header")
def options(car: Car) -> None:
    request = car.to(Step.AUTHORIZATION_SETUP).request(Step.AUTHORIZATION_SETUP)
    payload = car.link.encode(request)
    car.sut.send(frame_bytes(0x8002, bytes([payload[0] | 0x20]) + payload[1:]))
    response = car.link.receive(2.0)
    check(response is None, "a stream with options is taken", message=response)
    car.sut.advance(6.0)
    car.off()
