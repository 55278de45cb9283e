"""Simulated signatures really sign: another key, or another reading, is found out."""

from __future__ import annotations

import msgspec

from iso15118.messages.iso20.common.metering import Dynamic_SMDTControlMode, MeteringConfirmationReq, SignedMeteringData
from iso15118.messages.iso20.types import MessageHeader, MeterInfo
from iso15118.session.ports import SignatureCheck
from sim.signing import SigningCar, SigningStation

DATA = SignedMeteringData(
    session_id=bytes(8),
    meter_info=MeterInfo(meter_id="M1", charged_energy_reading_wh=5),
    dynamic_smdt_control_mode=Dynamic_SMDTControlMode(),
    id="id1",
)


def request(car: SigningCar, data: SignedMeteringData = DATA) -> MeteringConfirmationReq:
    header = MessageHeader(session_id=bytes(8), time_stamp=1, signature=car.sign(DATA, 0.0))
    return MeteringConfirmationReq(header=header, signed_metering_data=data)


def test_a_signature_fits_what_was_signed() -> None:
    assert SigningStation().metering_signature(request(SigningCar()), 0.0) is SignatureCheck.VALID


def test_another_key_is_found_out() -> None:
    car = SigningCar()
    car.key = b"another"
    assert SigningStation().metering_signature(request(car), 0.0) is SignatureCheck.INVALID


def test_another_reading_is_found_out() -> None:
    other = msgspec.structs.replace(DATA, meter_info=MeterInfo(meter_id="M1", charged_energy_reading_wh=6))
    assert SigningStation().metering_signature(request(SigningCar(), other), 0.0) is SignatureCheck.INVALID


def test_a_car_without_a_key_signs_nothing() -> None:
    car = SigningCar()
    car.key = None
    assert SigningStation().metering_signature(request(car), 0.0) is SignatureCheck.INVALID
