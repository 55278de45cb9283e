"""Metering confirmation, in its turn and beside the loop."""

from __future__ import annotations

from typing import Any

from conformance.case import Side, case, check, equal
from conformance.tester.car import Car
from conformance.tester.link import Step, code_of, name_of, replace
from conformance.tester.signature import shaped_signature
from conformance.tester.station import Station
from iso15118.messages.iso20.common import metering
from iso15118.messages.iso20.types import EVSENotification, EVSEStatus, MeterInfo

SECC, EVCC = Side.SECC, Side.EVCC
CONFIRMATION = 0x8102
"""Payload type of metering confirmation beside the loop."""
INVALID = "FAILED_MeteringSignatureNotValid"


def _told(car: Car) -> Any:
    """Into the loop, until the station wants its readings confirmed."""
    car.to(Step.LOOP).loop(1.0)
    car.sut.set("confirmation", True)
    response = car.loop(0.2)
    status = response.evse_status
    check(status is not None, "the wish is not told", message=response, field="EVSEStatus")
    equal(status.evse_notification, EVSENotification.MeteringConfirmation, message=response, field="EVSENotification")
    check(response.meter_info is not None, "nothing to confirm", message=response, field="MeterInfo")
    return response.meter_info


def _confirmation(car: Car, meter: Any, *, signed: bool = True) -> Any:
    mode: dict[str, Any] = {"dynamic_smdt_control_mode": metering.Dynamic_SMDTControlMode()}
    if not car.dynamic:
        tuple_id = car.schedules[0].schedule_tuple_id
        mode = {"scheduled_smdt_control_mode": metering.Scheduled_SMDTControlMode(selected_schedule_tuple_id=tuple_id)}
    data = metering.SignedMeteringData(session_id=car.link.session_id, meter_info=meter, id="id1", **mode)
    request = metering.MeteringConfirmationReq(header=car.link.header(), signed_metering_data=data)
    return replace(request, header__signature=shaped_signature("id1")) if signed else request


def _aside(car: Car, request: Any) -> Any:
    car.link.send(request, CONFIRMATION)
    response = car.answer(request)
    equal(car.link.log[-1].payload_type, CONFIRMATION, message=response, field="PayloadType")
    return response


@case("ME-04", SECC, variant="Dynamic", needs=("metering_confirmation",))
@case("ME-04", SECC, variant="Scheduled", dynamic=False, needs=("metering_confirmation",))
@case("ME-04", SECC, variant="AC", service=5, needs=("metering_confirmation",))
def confirmed(car: Car) -> None:
    car.sut.set("signature", "valid")
    car.good(_confirmation(car, _told(car)))
    response = car.loop(0.4)
    equal(response.evse_status, None, message=response, field="EVSEStatus")
    car.goes_on()


@case(
    "ME-04",
    SECC,
    variant="refused",
    over={"a wrong signature": "signature", "another reading": "reading", "no signature": "none"},
    needs=("metering_confirmation",),
)
def not_confirmed(car: Car, fault: str) -> None:
    car.sut.set("signature", "invalid" if fault == "signature" else "valid")
    meter = _told(car)
    if fault == "reading":
        meter = replace(meter, charged_energy_reading_wh=meter.charged_energy_reading_wh + 1)
    car.refused(_confirmation(car, meter, signed=fault != "none"), INVALID)


@case("ME-04", EVCC, variant="Dynamic", needs=("metering_confirmation",))
@case("ME-04", EVCC, variant="AC", service=5, needs=("metering_confirmation",))
def car_confirms(station: Station) -> None:
    station.sut.set("signer", True)
    request = station.to(Step.LOOP)
    status = EVSEStatus(notification_max_delay=10, evse_notification=EVSENotification.MeteringConfirmation)
    meter = station.meter()
    station.reply(request, evse_status=status, meter_info=meter)
    confirmation = None
    for _ in range(10):
        message = station.link.receive(2.0)
        check(message is not None, "the car says no more")
        if isinstance(message, metering.MeteringConfirmationReq):
            confirmation = message
            break
        station.reply(message)
    check(confirmation is not None, "it does not confirm")
    assert confirmation is not None
    equal(confirmation.signed_metering_data.meter_info, meter, message=confirmation, field="MeterInfo")
    check(confirmation.header.signature is not None, "no signature", message=confirmation, field="Signature")
    own = station.link.log[-1].payload_type
    station.link.send(metering.MeteringConfirmationRes(**station.base()), own)
    station.serve(2.0)
    station.goes_on()


@case("SI-02", SECC, variant="Dynamic", needs=("metering_confirmation", "side_streams"))
@case("SI-02", SECC, variant="AC", service=5, needs=("metering_confirmation", "side_streams"))
def confirmed_aside(car: Car) -> None:
    car.sut.set("signature", "valid")
    meter = _told(car)
    response = _aside(car, _confirmation(car, meter))
    check(code_of(response).startswith("OK"), code_of(response), message=response, field="ResponseCode")
    car.loop(1.0)
    car.goes_on()


@case(
    "SI-02",
    SECC,
    variant="the loop goes on while a signature is checked",
    needs=("metering_confirmation", "side_streams"),
)
def loop_goes_on(car: Car) -> None:
    car.sut.set("signature", "pending")
    car.link.send(_confirmation(car, _told(car)), CONFIRMATION)
    for _ in range(3):
        request = car.request(Step.LOOP)
        car.link.send(request)
        response = car.link.receive(0.25)
        equal(None if response is None else name_of(response), "DC_ChargeLoopRes")
        car.sut.advance(0.15)
    car.sut.set("signature", "valid")
    response = car.link.receive(0.2)
    equal(None if response is None else name_of(response), "MeteringConfirmationRes")
    equal(car.link.log[-1].payload_type, CONFIRMATION, message=response, field="PayloadType")
    car.goes_on()


@case("SI-02", SECC, variant="the loop's limit stays", needs=("metering_confirmation", "side_streams"))
def limit_stays(car: Car) -> None:
    car.sut.set("signature", "valid")
    meter = _told(car)
    car.sut.advance(0.3)
    _aside(car, _confirmation(car, meter))
    car.sut.advance(1.5)  # no loop for longer than 0.5 s
    car.off()


@case("SI-03", SECC, variant="a message of the main stream", needs=("side_streams",))
def main_message_aside(car: Car) -> None:
    car.to(Step.LOOP).loop(0.4)
    response = _aside(car, car.request(Step.STOP))
    equal(code_of(response), "FAILED_SequenceError", message=response, field="ResponseCode")
    car.ends()


@case("SI-03", SECC, variant="before the loop", needs=("metering_confirmation", "side_streams"))
def too_early(car: Car) -> None:
    car.to(Step.SERVICE_DETAIL)
    request = _confirmation(car, MeterInfo(meter_id="M1", charged_energy_reading_wh=1))
    response = _aside(car, request)
    equal(code_of(response), "FAILED_SequenceError", message=response, field="ResponseCode")
    car.ends()


@case("SI-03", SECC, variant="a foreign session", needs=("metering_confirmation", "side_streams"))
def foreign_aside(car: Car) -> None:
    car.sut.set("signature", "valid")
    request = _confirmation(car, _told(car))
    response = _aside(car, replace(request, header__session_id=bytes(range(8))))
    equal(code_of(response), "FAILED_UnknownSession", message=response, field="ResponseCode")
    car.ends()
