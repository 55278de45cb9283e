"""Metering."""

from __future__ import annotations

import itertools

from conformance.case import Side, case, check, equal
from conformance.tester.car import Car
from conformance.tester.link import Step

SECC = Side.SECC


@case("ME-01", SECC, variant="DC_BPT", needs=("metering",))
@case("ME-01", SECC, variant="DC", service=2, needs=("metering",))
@case("ME-01", SECC, variant="AC", service=1, needs=("metering",))
@case("ME-01", SECC, variant="AC_BPT Scheduled", service=5, dynamic=False, needs=("metering",))
def asked_for(car: Car) -> None:
    car.to(Step.LOOP)
    car.loop(1.0)
    response = car.loop(meter_info_requested=True)
    check(response.meter_info is not None, "no MeterInfo though asked for", message=response, field="MeterInfo")
    check(response.meter_info.meter_id, "no MeterID", message=response, field="MeterID")


@case("ME-01", SECC, variant="a station without meter")
def no_meter(car: Car) -> None:
    car.sut.set("meter", False)
    car.to(Step.LOOP)
    response = car.loop(meter_info_requested=True)
    equal(response.meter_info, None, message=response, field="MeterInfo")
    car.goes_on()


@case("ME-02", SECC, variant="DC", needs=("metering",))
@case("ME-02", SECC, variant="AC", service=5, needs=("metering",))
def first_answer(car: Car) -> None:
    response = car.to(Step.LOOP).loop()
    check(response.meter_info is not None, "no MeterInfo in the first answer", message=response, field="MeterInfo")


@case("ME-03", SECC, variant="DC", needs=("metering",))
@case("ME-03", SECC, variant="AC", service=5, needs=("metering",))
def registers(car: Car) -> None:
    car.to(Step.LOOP)
    seen = []
    for wanted in (6_000.0, -6_000.0, 6_000.0):
        car.sut.set("target_w", wanted)
        car.loop(0.4)
        car.power_w = wanted / 3
        car.sut.set("car_power_w", (car.power_w,) * 3)
        for _ in range(3):
            meter = car.loop(5.0, meter_info_requested=True).meter_info
            check(meter is not None, "no MeterInfo", field="MeterInfo")
            check(
                meter.bpt_discharged_energy_reading_wh is not None, "no register", field="BPT_DischargedEnergyReadingWh"
            )
            seen.append((meter.charged_energy_reading_wh, meter.bpt_discharged_energy_reading_wh))
    for earlier, later in itertools.pairwise(seen):
        check(later[0] >= earlier[0] and later[1] >= earlier[1], f"{earlier} then {later}", field="MeterInfo")
    counted = float(car.sut.observe("charged_wh")), float(car.sut.observe("discharged_wh"))
    for name, told, there in zip(
        ("ChargedEnergyReadingWh", "BPT_DischargedEnergyReadingWh"), seen[-1], counted, strict=True
    ):
        check(there > 10.0, "hardly anything flowed", field=name)
        check(abs(told - there) <= 2.0, f"{told} Wh told, {there:.1f} Wh through the outlet", field=name)


@case("ME-03", SECC, variant="a second session begins at zero", needs=("metering",))
def second_session(car: Car) -> None:
    car.sut.set("target_w", 6_000.0)
    car.to(Step.LOOP).loop(20.0)
    car.at = Step.STOP
    car.to(Step.END)
    car.sut.advance(10.0)
    again = car.again()
    meter = again.to(Step.LOOP).loop().meter_info
    check(meter is not None, "no MeterInfo", field="MeterInfo")
    check(meter.charged_energy_reading_wh <= 1, f"{meter.charged_energy_reading_wh} Wh", field="ChargedEnergyReadingWh")


@case("ME-01", SECC, variant="one way tells no discharge", service=2, needs=("metering",))
def one_register(car: Car) -> None:
    meter = car.to(Step.LOOP).loop().meter_info
    check(meter is not None, "no MeterInfo", field="MeterInfo")
    told = meter.bpt_discharged_energy_reading_wh
    check(not told, f"{told} Wh on a one-way service", field="BPT_DischargedEnergyReadingWh")
