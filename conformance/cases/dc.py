"""Cable check, pre-charge and welding detection."""

from __future__ import annotations

from conformance.case import Side, case, check, equal
from conformance.tester.car import Car
from conformance.tester.link import Step, amount, replace, value_of
from iso15118.messages.iso20.types import Processing

SECC = Side.SECC


@case("DC-01", SECC, variant="DC_BPT")
@case("DC-01", SECC, variant="DC", service=2)
@case("DC-01", SECC, variant="MCS", service=8)
def ongoing_then_finished(car: Car) -> None:
    car.to(Step.CABLE_CHECK)
    car.sut.set("isolation", "pending")
    car.sut.set("pilot", "C")
    for _ in range(3):
        response = car.good(car.request(Step.CABLE_CHECK))
        equal(response.evse_processing, Processing.Ongoing, message=response, field="EVSEProcessing")
        car.sut.advance(0.5)
    car.sut.set("isolation", "valid")
    car.perform(Step.CABLE_CHECK)
    voltage = max(float(value) for _, value in car.sut.history("voltage_v"))
    check(voltage > 100.0, f"isolation was tested at {voltage:g} V", field="voltage_v")
    car.good(car.request(Step.PRE_CHARGE))


@case("DC-01", SECC, variant="no pre-charge before")
def not_before_it_is_finished(car: Car) -> None:
    car.to(Step.CABLE_CHECK)
    car.sut.set("isolation", "pending")
    car.sut.set("pilot", "C")
    car.good(car.request(Step.CABLE_CHECK))
    car.refused(car.request(Step.PRE_CHARGE), "FAILED_SequenceError")


@case("DC-02", SECC, variant="at once")
def isolation_fault(car: Car) -> None:
    car.sut.set("isolation", "fault")
    car.to(Step.CABLE_CHECK)
    car.sut.set("pilot", "C")
    for _ in range(40):
        response = car.ask(car.request(Step.CABLE_CHECK))
        if response.response_code.value == "FAILED":
            car.ends()
            return
        equal(response.evse_processing, Processing.Ongoing, message=response, field="EVSEProcessing")
        car.sut.advance(0.5)
    check(False, "the fault was never told")


@case("DC-03", SECC, over={"400 V": 400.0, "300 V": 300.0})
def pre_charge(car: Car, volts: float) -> None:
    car.sut.set("battery_voltage_v", volts)
    car.to(Step.PRE_CHARGE)
    request = replace(car.request(Step.PRE_CHARGE), ev_target_voltage=amount(volts))
    for _ in range(30):
        response = car.good(request)
        car.sut.advance(0.1)
    told = value_of(response.evse_present_voltage)
    check(abs(told - volts) < 20.0, f"{told:g} V after 3 s", message=response, field="EVSEPresentVoltage")
    shown = float(car.sut.observe("voltage_v"))
    check(abs(shown - volts) < 20.0, f"{shown:g} V at the outlet", field="voltage_v")
    check(abs(float(car.sut.observe("current_a"))) < 2.0, "current flows", field="current_a")
    car.sut.set("car_contactor", True)
    car.good(replace(request, ev_processing=Processing.Finished))
    car.good(car.request(Step.POWER_DELIVERY))


@case("DC-03", SECC, variant="no power delivery before it is Finished")
def power_delivery_too_early(car: Car) -> None:
    car.to(Step.PRE_CHARGE).good(car.request(Step.PRE_CHARGE))
    car.refused(car.request(Step.POWER_DELIVERY), "FAILED_SequenceError")


@case("DC-03", SECC, variant="not above the limits")
def voltage_above_limits(car: Car) -> None:
    car.to(Step.PRE_CHARGE)
    request = replace(car.request(Step.PRE_CHARGE), ev_target_voltage=amount(480.0))  # the car said 450 V at most
    car.ask(request)
    car.sut.advance(1.0)
    highest = float(car.sut.observe("voltage_v"))
    check(highest <= 451.0, f"{highest:g} V", field="voltage_v")


@case("DC-04", SECC)
def stop_in_pre_charge(car: Car) -> None:
    car.to(Step.PRE_CHARGE).good(car.request(Step.PRE_CHARGE))
    car.good(car.request(Step.SESSION_STOP))
    car.sut.disconnect()
    car.sut.advance(3.0)
    car.off()
    equal(car.sut.observe("voltage_v"), 0.0, field="voltage_v")


@case("DC-05", SECC)
def welding_detection(car: Car) -> None:
    car.to(Step.WELDING)
    for _ in range(3):
        response = car.good(replace(car.request(Step.WELDING), ev_processing=Processing.Ongoing))
        check(value_of(response.evse_present_voltage) < 60.0, "voltage is left", message=response)
        car.sut.advance(0.5)
    car.good(car.request(Step.WELDING))
    car.good(car.request(Step.SESSION_STOP))


@case("DC-05", SECC, variant="tells the outlet's voltage")
def welded(car: Car) -> None:
    # A contactor of the station that sticks leaves the battery's voltage at the outlet.
    car.to(Step.STOP)
    car.sut.set("contactor", "stuck_closed")
    car.good(car.request(Step.STOP))
    response = car.good(replace(car.request(Step.WELDING), ev_processing=Processing.Ongoing))
    told = value_of(response.evse_present_voltage)
    check(abs(told - 400.0) < 20.0, f"{told:g} V told, 400 V there", message=response, field="EVSEPresentVoltage")


@case("DC-06", SECC)
def no_pilot(car: Car) -> None:
    car.to(Step.CABLE_CHECK)
    for _ in range(10):
        response = car.ask(car.request(Step.CABLE_CHECK))
        if response.response_code.value.startswith("FAILED"):
            car.ends()
            return
        equal(response.evse_processing, Processing.Ongoing, message=response, field="EVSEProcessing")
        equal(car.sut.observe("voltage_v"), 0.0, field="voltage_v")
        car.sut.advance(0.5)


@case(
    "DC-07",
    SECC,
    needs=("quirk_ongoing_pre_charge",),
    setup={"ongoing_pre_charge": True},
)
def power_delivery_after_ongoing(car: Car) -> None:
    car.to(Step.PRE_CHARGE)
    for _ in range(5):
        car.good(car.request(Step.PRE_CHARGE))
        car.sut.advance(0.1)
    car.sut.set("car_contactor", True)
    car.good(car.request(Step.POWER_DELIVERY))
    car.at = Step.LOOP
    car.goes_on()
