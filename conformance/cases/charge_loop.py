"""Charge loop: power and its limits, needs, schedules, emergency stop."""

from __future__ import annotations

from typing import Any

from conformance.case import Side, case, check, equal
from conformance.tester.car import Car
from conformance.tester.link import Step, amount, value_of
from conformance.tester.station import Station

SECC, EVCC = Side.SECC, Side.EVCC
MODE = "cl_req_control_mode"


def _current(car: Car) -> float:
    return float(car.sut.observe("current_a"))


def _told_current(response: Any) -> float:
    return value_of(response.evse_present_current)


_GIVING = ((1, ((36_000.0, -8_000.0),)),)


@case("CL-05", SECC, dynamic=False, needs=("discharge_schedule",))
def target_discharges(car: Car) -> None:
    car.sut.set("schedules", _GIVING)
    car.to(Step.LOOP)
    car.current_a = -10.0
    response = car.loop(1.0)
    check(abs(_current(car) + 10.0) < 0.5, f"{_current(car):g} A at the outlet", field="current_a")
    check(abs(_told_current(response) + 10.0) < 0.5, f"{_told_current(response):g} A", message=response)
    check(380 <= value_of(response.evse_present_voltage) <= 420, "no such voltage", message=response)


@case("CL-05", SECC, variant="charging is positive", dynamic=False)
def target_charges(car: Car) -> None:
    car.to(Step.LOOP)
    car.current_a = 10.0
    response = car.loop(1.0)
    check(abs(_current(car) - 10.0) < 0.5, f"{_current(car):g} A at the outlet", field="current_a")
    check(abs(_told_current(response) - 10.0) < 0.5, f"{_told_current(response):g} A", message=response)


@case("CL-05", SECC, variant="Dynamic")
def set_point_discharges(car: Car) -> None:
    car.sut.set("target_w", -4_000.0)
    car.to(Step.LOOP)
    response = car.loop(1.0)
    check(abs(_current(car) + 10.0) < 0.5, f"{_current(car):g} A at the outlet", field="current_a")
    check(abs(_told_current(response) + 10.0) < 0.5, f"{_told_current(response):g} A", message=response)


@case("CL-05", SECC, variant="never one way", service=2)
def never_out_of_a_one_way_service(car: Car) -> None:
    car.sut.set("target_w", -4_000.0)
    car.to(Step.LOOP)
    car.loop(2.0)
    lowest = min(float(value) for _, value in car.sut.history("current_a"))
    check(lowest >= 0.0, f"{lowest:g} A", field="current_a")


@case("CL-06", SECC, dynamic=False)
def target_above_limit(car: Car) -> None:
    car.sut.set("limits", {"max_charge_current_a": 20.0, "max_charge_power_w": 9_000.0})
    car.to(Step.LOOP)
    car.current_a = 22.0  # inside the schedule of 9 kW
    car.loop(2.0)
    highest = max(float(value) for _, value in car.sut.history("current_a"))
    check(highest <= 20.01, f"{highest:g} A with 20 A allowed", field="current_a")
    check(_current(car) >= 19.5, f"only {_current(car):g} A", field="current_a")


@case("CL-06", SECC, variant="of power", dynamic=False)
def target_above_power(car: Car) -> None:
    car.sut.set("limits", {"max_charge_power_w": 6_000.0})
    car.to(Step.LOOP)
    car.current_a = 15.4  # 160 W above the limit: no violation of the schedule yet
    car.loop(2.0)
    highest = max(float(value) for _, value in car.sut.history("power_w"))
    check(highest <= 6_001.0, f"{highest:g} W with 6 kW allowed", field="power_w")


@case("CL-06", SECC, variant="Dynamic, limits of the car")
def car_limits(car: Car) -> None:
    car.sut.set("target_w", 11_000.0)
    car.to(Step.LOOP)
    car.loop(1.0, **{f"{MODE}__ev_maximum_charge_current": amount(12.0)})
    check(abs(_current(car) - 12.0) < 0.2, f"{_current(car):g} A into a car that takes 12 A", field="current_a")
    car.loop(1.0, **{f"{MODE}__ev_maximum_charge_power": amount(2_000.0)})
    check(abs(_current(car) - 5.0) < 0.2, f"{_current(car):g} A into a car that takes 2 kW", field="current_a")


@case("CL-06", SECC, variant="Dynamic, zero means zero")
def zero_means_zero(car: Car) -> None:
    car.sut.set("target_w", 5_000.0)
    car.to(Step.LOOP)
    car.loop(1.0)
    car.loop(0.4, **{f"{MODE}__ev_maximum_charge_power": amount(0.0)})
    check(abs(_current(car)) < 0.1, f"{_current(car):g} A into a car that takes nothing", field="current_a")
    car.loop(0.4)
    car.sut.set("limits", {"max_charge_power_w": 0.0})
    car.loop(0.4)
    check(abs(_current(car)) < 0.1, f"{_current(car):g} A of a station that gives nothing", field="current_a")


@case("CL-07", SECC, dynamic=False, needs=("discharge_schedule",))
def target_below_limit(car: Car) -> None:
    car.sut.set("schedules", ((1, ((36_000.0, -9_000.0),)),))
    car.sut.set("limits", {"max_discharge_current_a": 15.0})
    car.to(Step.LOOP)
    car.current_a = -22.0
    response = car.loop(2.0)
    lowest = min(float(value) for _, value in car.sut.history("current_a"))
    check(-15.01 <= lowest <= -14.5, f"{lowest:g} A with 15 A allowed", field="current_a")
    check(abs(_told_current(response) - lowest) < 0.2, "told otherwise", message=response, field="EVSEPresentCurrent")


@case("CL-07", SECC, variant="Dynamic, limits of the car")
def car_limits_out(car: Car) -> None:
    car.sut.set("target_w", -11_000.0)
    car.to(Step.LOOP)
    car.loop(1.0, **{f"{MODE}__ev_maximum_discharge_current": amount(-8.0)})
    check(abs(_current(car) + 8.0) < 0.2, f"{_current(car):g} A out of a car that gives 8 A", field="current_a")
    car.loop(1.0, **{f"{MODE}__ev_maximum_discharge_power": amount(-2_000.0)})
    check(abs(_current(car) + 5.0) < 0.2, f"{_current(car):g} A out of a car that gives 2 kW", field="current_a")


def _told_limits(response: Any) -> tuple[float, float]:
    mode = response.cl_res_control_mode
    return value_of(mode.evse_maximum_charge_power), abs(value_of(mode.evse_maximum_discharge_power))


@case("CL-08", SECC, variant="Dynamic")
@case("CL-08", SECC, variant="Scheduled", dynamic=False)
def lowered_limits(car: Car) -> None:
    car.to(Step.LOOP)
    before = _told_limits(car.loop(0.4))
    car.sut.set("limits", {"max_charge_power_w": 4_000.0, "max_discharge_power_w": 3_000.0})
    lower = car.loop(0.4)
    equal(_told_limits(lower), (4_000.0, 3_000.0), message=lower, field="EVSEMaximumChargePower")
    car.sut.set("limits", {"max_charge_power_w": 50_000.0, "max_discharge_power_w": 50_000.0})
    higher = _told_limits(car.loop(0.4))
    check(higher <= before, f"{higher} W, more than parameter discovery's {before} W", field="EVSEMaximumChargePower")


@case("CL-08", SECC, variant="are kept")
def lowered_limits_are_kept(car: Car) -> None:
    car.sut.set("target_w", 10_000.0)
    car.to(Step.LOOP)
    car.loop(1.0)
    car.sut.set("limits", {"max_charge_power_w": 4_000.0})
    car.loop(0.4)
    power = float(car.sut.observe("power_w"))
    check(3_900.0 <= power <= 4_001.0, f"{power:g} W with 4 kW allowed", field="power_w")
    car.sut.set("target_w", -10_000.0)
    car.loop(0.4)
    car.sut.set("limits", {"max_discharge_power_w": 3_000.0})
    car.loop(0.4)
    power = float(car.sut.observe("power_w"))
    check(-3_001.0 <= power <= -2_900.0, f"{power:g} W with 3 kW allowed", field="power_w")


def _ac_target(car: Car) -> float:
    mode = car.loop(0.2).cl_res_control_mode
    return sum(value_of(getattr(mode, f"evse_target_active_power{suffix}")) for suffix in ("", "_l2", "_l3"))


@case("CL-09", SECC, service=5)
def ac_target_changes_sign(car: Car) -> None:
    car.to(Step.LOOP)
    for wanted in (6_000.0, -6_000.0, 0.0, 6_000.0, -3_000.0):
        car.sut.set("target_w", wanted)
        told = _ac_target(car)
        check(abs(told - wanted) < 10.0, f"{told:g} W told of {wanted:g} W", field="EVSETargetActivePower")
    car.sut.set("target_w", 0.0)
    car.goes_on()


@case("CL-09", SECC, variant="never one way", service=1)
def ac_target_of_a_one_way_service(car: Car) -> None:
    car.sut.set("target_w", -6_000.0)
    car.to(Step.LOOP)
    told = _ac_target(car)
    check(told >= 0.0, f"{told:g} W", field="EVSETargetActivePower")


@case("CL-09", SECC, variant="inside the car's limits", service=5)
def ac_target_inside_limits(car: Car) -> None:
    car.to(Step.LOOP)
    for wanted, most in ((30_000.0, 9_900.0), (-30_000.0, -9_900.0)):  # three lines of 3.3 kW
        car.sut.set("target_w", wanted)
        told = _ac_target(car)
        check(abs(told - most) < 10.0, f"{told:g} W told to a car that can {most:g} W", field="EVSETargetActivePower")


def _served(station: Station, target_w: float) -> tuple[float, Any]:
    station.target_w = target_w
    station.serve(2.0)
    request = station.to(Step.LOOP)
    return float(station.sut.observe("power_w")), request


@case("CL-10", EVCC, service=5)
def target_followed(station: Station) -> None:
    station.to(Step.LOOP)
    for target in (2_000.0, -2_000.0, 0.0, -1_000.0):
        power, request = _served(station, target)
        check(abs(power - 3 * target) < 10.0, f"{power:g} W with {target:g} W on each line", field="power_w")
        mode = request.cl_req_control_mode
        told = sum(value_of(getattr(mode, f"ev_present_active_power{s}")) for s in ("", "_l2", "_l3"))
        check(abs(told - power) < 10.0, f"{told:g} W told", message=request, field="EVPresentActivePower")


@case("CL-10", EVCC, variant="inside both limits", service=5)
def target_inside_limits(station: Station) -> None:
    station.to(Step.LOOP)
    for target, most in ((9_000.0, 3_500.0), (-9_000.0, -3_500.0)):  # what the tester said in parameter discovery
        power, _ = _served(station, target)
        check(abs(power) <= 3 * abs(most) + 10.0, f"{power:g} W with {most:g} W allowed on a line", field="power_w")
        check(power * target > 0, f"{power:g} W", field="power_w")


@case("CL-10", EVCC, variant="never one way", service=1)
def target_of_a_one_way_service(station: Station) -> None:
    station.to(Step.LOOP)
    power, _ = _served(station, -2_000.0)
    check(power >= 0.0, f"{power:g} W", field="power_w")


@case("CL-11", SECC)
def back_and_forth(car: Car) -> None:
    car.to(Step.LOOP)
    for wanted in (8_000.0, 0.0, -8_000.0, 0.0, 8_000.0):
        car.sut.set("target_w", wanted)
        car.loop(10.0)
        power = float(car.sut.observe("power_w"))
        check(abs(power - wanted) < 50.0, f"{power:g} W with a set point of {wanted:g} W", field="power_w")
    meter = car.loop(meter_info_requested=True).meter_info
    check(meter is not None, "no MeterInfo")
    # 8 kW for 10 s are 22 Wh, twice in and once out.
    for name, told, expected in (
        ("ChargedEnergyReadingWh", meter.charged_energy_reading_wh, 44.5),
        ("BPT_DischargedEnergyReadingWh", meter.bpt_discharged_energy_reading_wh, 22.2),
    ):
        check(abs(told - expected) < 2.5, f"{told} Wh of {expected} Wh", field=name)
    car.sut.set("target_w", 0.0)
    car.goes_on()


# --- what the car's needs allow ---


def _minimum(value: float) -> dict[str, Any]:
    return {f"{MODE}__ev_minimum_energy_request": amount(value)}


def _v2x(maximum: float, minimum: float) -> dict[str, Any]:
    return {
        f"{MODE}__ev_maximum_v2x_energy_request": amount(maximum),
        f"{MODE}__ev_minimum_v2x_energy_request": amount(minimum),
    }


@case(
    "CL-12",
    SECC,
    over={
        "below the least energy": (_minimum(-1_000.0), _minimum(500.0)),
        "below the V2X window": (_v2x(5_000.0, -1_000.0), _v2x(5_000.0, 500.0)),
    },
)
def enough_given(car: Car, value: tuple[dict[str, Any], dict[str, Any]]) -> None:
    allowed, over = value
    car.sut.set("target_w", -6_000.0)
    car.to(Step.LOOP)
    car.loop(1.0, **allowed)
    check(_current(car) < -10.0, f"{_current(car):g} A: no discharge though it is allowed", field="current_a")
    car.loop(1.0, **over)
    check(_current(car) > -0.1, f"{_current(car):g} A out of a car that must keep its energy", field="current_a")
    car.sut.set("target_w", 0.0)
    car.goes_on()


@case("CL-12", SECC, variant="AC", service=5)
def enough_given_ac(car: Car) -> None:
    car.sut.set("target_w", -6_000.0)
    car.to(Step.LOOP)
    for least, expected in ((-1_000.0, -6_000.0), (500.0, 0.0)):
        mode = car.loop(0.4, **_minimum(least)).cl_res_control_mode
        told = sum(value_of(getattr(mode, f"evse_target_active_power{s}")) for s in ("", "_l2", "_l3"))
        check(abs(told - expected) < 10.0, f"{told:g} W", field="EVSETargetActivePower")


@case("CL-13", SECC)
def limit_of_zero(car: Car) -> None:
    car.sut.set("target_w", -6_000.0)
    car.to(Step.LOOP)
    car.loop(1.0)
    car.loop(0.4, **{f"{MODE}__ev_maximum_discharge_power": amount(0.0)})
    check(_current(car) > -0.1, f"{_current(car):g} A", field="current_a")


@case("CL-13", SECC, variant="current")
def current_of_zero(car: Car) -> None:
    car.sut.set("target_w", -6_000.0)
    car.to(Step.LOOP)
    car.loop(1.0)
    car.loop(0.4, **{f"{MODE}__ev_maximum_discharge_current": amount(0.0)})
    check(_current(car) > -0.1, f"{_current(car):g} A", field="current_a")


@case("CL-13", SECC, variant="of the station")
def station_limit_of_zero(car: Car) -> None:
    car.sut.set("target_w", -6_000.0)
    car.to(Step.LOOP)
    car.loop(1.0)
    car.sut.set("limits", {"max_discharge_power_w": 0.0})
    car.loop(0.4)
    check(_current(car) > -0.1, f"{_current(car):g} A", field="current_a")


@case("CL-15", SECC, dynamic=False)
def outside_the_schedule(car: Car) -> None:
    car.sut.set("schedules", ((1, ((36_000.0, 4_000.0),)),))
    car.to(Step.LOOP)
    car.current_a = 9.0
    car.loop(1.0)
    car.current_a = 20.0
    warned = False
    for _ in range(500):
        response = car.ask(car.request(Step.LOOP))
        code = response.response_code.value
        if code == "FAILED_EVPowerProfileViolation":
            check(warned, "no warning before", message=response, field="ResponseCode")
            car.ends()
            return
        equal(code, "WARNING_EVPowerProfileViolation", message=response, field="ResponseCode")
        check(_current(car) <= 10.1, f"{_current(car):g} A with a schedule of 4 kW", field="current_a")
        warned = True
        car.sut.advance(0.2)
    check(False, "warned for 100 s, and nothing happens")


@case("CL-15", SECC, variant="heeded", dynamic=False)
def back_inside_the_schedule(car: Car) -> None:
    car.sut.set("schedules", ((1, ((36_000.0, 4_000.0),)),))
    car.to(Step.LOOP)
    car.perform(Step.LOOP)
    car.current_a = 20.0
    car.coded(car.request(Step.LOOP), "WARNING_EVPowerProfileViolation")
    car.sut.advance(0.2)
    car.current_a = 9.0
    car.loop(30.0)
    car.at = Step.STOP
    car.goes_on()


@case("CL-17", SECC, variant="Dynamic")
def grid_limit(car: Car) -> None:
    car.sut.set("target_w", -8_000.0)
    car.to(Step.LOOP)
    car.loop(1.0)
    car.sut.set("target_w", -2_000.0)
    car.sut.advance(0.1)
    check(abs(_current(car) + 5.0) < 0.2, f"{_current(car):g} A with a set point of -2 kW", field="current_a")
    response = car.loop(0.2)
    check(abs(_told_current(response) + 5.0) < 0.2, "told otherwise", message=response, field="EVSEPresentCurrent")
    car.sut.set("target_w", 0.0)
    car.goes_on()


@case("CL-18", SECC, variant="DC")
@case("CL-18", SECC, variant="DC Scheduled", dynamic=False)
@case("CL-18", SECC, variant="AC", service=5)
def emergency_stop(car: Car) -> None:
    car.sut.set("target_w", 6_000.0)
    car.to(Step.LOOP)
    car.current_a = 10.0
    car.loop(1.0)
    car.sut.set("emergency_stop", True)
    car.sut.advance(0.3)  # silence alone ends the loop after 0.5 s
    equal(car.sut.observe("contactor"), 0.0, field="contactor")
    check(abs(_current(car)) < 1.0, f"{_current(car):g} A", field="current_a")
    car.ends()
