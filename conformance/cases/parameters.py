"""Charge parameter discovery."""

from __future__ import annotations

from typing import Any

from conformance.case import Side, case, check, equal
from conformance.tester import requests
from conformance.tester.car import Car
from conformance.tester.link import Step, amount, name_of, replace, value_of
from conformance.tester.station import Station
from iso15118.messages.iso20.types import RationalNumber

SECC, EVCC = Side.SECC, Side.EVCC
WRONG = "FAILED_WrongChargeParameter"
DC_DISCHARGE = ("ev_maximum_discharge_power", "ev_maximum_discharge_current")
MODE = "dc_cpd_req_energy_transfer_mode"


def _told(car: Car) -> Any:
    response = car.to(Step.PARAMETERS).good(car.request(Step.PARAMETERS))
    car.at = car.following(Step.PARAMETERS)
    return response


@case("CP-01", SECC, variant="DC_BPT")
@case("CP-01", SECC, variant="MCS_BPT", service=9)
def both_directions(car: Car) -> None:
    mode = _told(car).dc_cpd_res_energy_transfer_mode
    equal(name_of(mode), "BPT_DC_CPDResEnergyTransferMode")
    for name in ("charge_power", "charge_current", "discharge_power", "discharge_current"):
        most = value_of(getattr(mode, f"evse_maximum_{name}"))
        least = value_of(getattr(mode, f"evse_minimum_{name}"))
        check(abs(most) > 0, "no such power", field=f"evse_maximum_{name}")
        check(abs(least) <= abs(most), "minimum above maximum", field=f"evse_minimum_{name}")
    check(value_of(mode.evse_maximum_voltage) > value_of(mode.evse_minimum_voltage), "no voltage fits")


@case("CP-01", SECC, variant="AC_BPT", service=5)
def both_directions_ac(car: Car) -> None:
    mode = _told(car).ac_cpd_res_energy_transfer_mode
    equal(name_of(mode), "BPT_AC_CPDResEnergyTransferMode")
    for name in ("charge_power", "discharge_power"):
        check(value_of(getattr(mode, f"evse_maximum_{name}")), "no such power", field=f"evse_maximum_{name}")
    check(45 <= value_of(mode.evse_nominal_frequency) <= 65, "no such grid", field="evse_nominal_frequency")


@case("CP-01", SECC, variant="DC", service=2)
def one_direction(car: Car) -> None:
    equal(name_of(_told(car).dc_cpd_res_energy_transfer_mode), "DC_CPDResEnergyTransferMode")


@case("CP-01", SECC, variant="AC", service=1)
def one_direction_ac(car: Car) -> None:
    equal(name_of(_told(car).ac_cpd_res_energy_transfer_mode), "AC_CPDResEnergyTransferMode")


def _other_kind(car: Car) -> None:
    car.to(Step.PARAMETERS)
    make = requests.ac_parameters if car.is_ac else requests.dc_parameters
    response = car.refused(make(car.link.header(), bpt=not car.bpt), WRONG)
    mode = response.ac_cpd_res_energy_transfer_mode if car.is_ac else response.dc_cpd_res_energy_transfer_mode
    check(mode is not None, "a mandatory field is missing", message=response)


@case("CP-02", SECC, variant="DC_BPT")
@case("CP-02", SECC, variant="AC_BPT", service=5)
@case("CP-02", SECC, variant="MCS_BPT", service=9)
def one_way_parameters(car: Car) -> None:
    _other_kind(car)


@case("CP-03", SECC, variant="DC", service=2)
@case("CP-03", SECC, variant="AC", service=1)
@case("CP-03", SECC, variant="MCS", service=8)
def two_way_parameters(car: Car) -> None:
    _other_kind(car)


@case("CP-04", SECC)
def station_that_takes_nothing(car: Car) -> None:
    car.sut.set("limits", {"max_discharge_power_w": 0.0, "max_discharge_current_a": 0.0})
    mode = _told(car).dc_cpd_res_energy_transfer_mode
    equal(value_of(mode.evse_maximum_discharge_power), 0.0, field="EVSEMaximumDischargePower")
    car.sut.set("target_w", -5_000.0)
    car.to(Step.STOP)
    car.loop(1.0)
    check(float(car.sut.observe("current_a")) >= 0.0, "it discharges all the same", field="current_a")


_IMPOSSIBLE = {
    "voltages below the station's": {"ev_maximum_voltage": amount(60.0), "ev_minimum_voltage": amount(40.0)},
    "voltages above the station's": {"ev_maximum_voltage": amount(900.0), "ev_minimum_voltage": amount(800.0)},
    "negative charge power": {"ev_maximum_charge_power": amount(-10_000.0)},
    "negative charge current": {"ev_maximum_charge_current": amount(-28.0)},
    "minimum above maximum power": {"ev_minimum_charge_power": amount(20_000.0)},
    "minimum above maximum current": {"ev_minimum_charge_current": amount(60.0)},
    "minimum above maximum voltage": {"ev_minimum_voltage": amount(460.0)},
}


@case("CP-05", SECC, over=_IMPOSSIBLE)
def limits_that_do_not_meet(car: Car, fields: dict[str, RationalNumber]) -> None:
    request = car.to(Step.PARAMETERS).request(Step.PARAMETERS)
    car.refused(replace(request, **{f"{MODE}__{name}": value for name, value in fields.items()}), WRONG)


@case(
    "CP-05",
    SECC,
    variant="AC",
    service=5,
    over={
        "negative charge power": {"ev_maximum_charge_power": amount(-3_000.0)},
        "minimum above maximum power": {"ev_minimum_charge_power_l2": amount(9_000.0)},
        "minimum above maximum discharge power": {"ev_minimum_discharge_power": amount(9_000.0)},
    },
)
def ac_limits_that_do_not_meet(car: Car, fields: dict[str, RationalNumber]) -> None:
    request = car.to(Step.PARAMETERS).request(Step.PARAMETERS)
    changes = {f"ac_cpd_req_energy_transfer_mode__{name}": value for name, value in fields.items()}
    car.refused(replace(request, **changes), WRONG)


def _discharges(station: Station, sign: int) -> None:
    """A Scheduled car gives what the station takes, whatever the sign of its limits."""
    station.sign = sign
    station.tuples = (_giving(),)
    station.to(Step.LOOP, judged=True)
    station.serve(2.0)
    request = station.to(Step.LOOP)
    current = value_of(request.cl_req_control_mode.ev_target_current)
    # 12 kW are scheduled; the station takes 8 kW and 22 A, so that at 400 V it is 20 A.
    check(-20.5 <= current <= -19.0, f"EVTargetCurrent {current:g} A", message=request, field="EVTargetCurrent")


def _giving() -> Any:
    from conformance.tester import responses
    from conformance.tester.link import UNIX_S

    return responses.schedule_tuple(UNIX_S, ((36_000, 0.0),), ((36_000, -12_000.0),))


@case("CP-06", EVCC, dynamic=False, needs=("discharge_schedule",))
def negative_limits(station: Station) -> None:
    _discharges(station, -1)


@case("CP-07", EVCC, dynamic=False, needs=("discharge_schedule",))
def positive_limits(station: Station) -> None:
    _discharges(station, +1)


@case("CP-08", SECC, over={"negative": -1, "positive": 1})
def any_sign(car: Car, sign: int) -> None:
    car.to(Step.PARAMETERS)
    car.good(requests.dc_parameters(car.link.header(), bpt=True, sign=sign))
    car.at = Step.SCHEDULE
    car.sut.set("target_w", -20_000.0)
    car.to(Step.LOOP)
    mode = requests.dc_loop(car.link.header(), bpt=True, dynamic=True, sign=sign).cl_req_control_mode
    for _ in range(5):
        response = car.good(car.loop_request(cl_req_control_mode=mode))
        car.sut.advance(0.2)
    current = float(car.sut.observe("current_a"))
    check(-23.0 <= current <= -21.0, f"{current:g} A out of the car that gives 9 kW at 400 V", field="current_a")
    told = value_of(response.cl_res_control_mode.evse_maximum_discharge_power)
    check(abs(told) > 0, "the station's own limit is zero", message=response, field="EVSEMaximumDischargePower")


@case("CP-09", SECC)
def empty_battery(car: Car) -> None:
    request = car.to(Step.PARAMETERS).request(Step.PARAMETERS)
    zero = {f"{MODE}__{name}": amount(0.0) for name in DC_DISCHARGE}
    car.good(replace(request, **zero))
    car.at = Step.SCHEDULE
    car.sut.set("target_w", -5_000.0)
    car.to(Step.LOOP)
    for _ in range(10):
        regular = car.request(Step.LOOP)
        car.good(replace(regular, **{f"cl_req_control_mode__{name}": amount(0.0) for name in DC_DISCHARGE}))
        car.sut.advance(0.2)
    lowest = min(float(value) for _, value in car.sut.history("current_a"))
    check(lowest >= 0.0, f"{lowest:g} A out of an empty battery", field="current_a")


_EXTREME = {
    "minimum above maximum discharge power": {"ev_minimum_discharge_power": amount(-10_000.0)},
    "minimum above maximum discharge current": {"ev_minimum_discharge_current": amount(-60.0)},
    "largest exponent, negative": {"ev_maximum_charge_power": RationalNumber(exponent=127, value=-32_768)},
    "largest voltages": {
        "ev_maximum_voltage": RationalNumber(exponent=127, value=32_767),
        "ev_minimum_voltage": RationalNumber(exponent=127, value=32_767),
    },
}


@case("CP-10", SECC, over=_EXTREME)
def extremes_are_refused(car: Car, fields: dict[str, RationalNumber]) -> None:
    request = car.to(Step.PARAMETERS).request(Step.PARAMETERS)
    car.refused(replace(request, **{f"{MODE}__{name}": value for name, value in fields.items()}), WRONG)


_HARMLESS = {
    "largest power": RationalNumber(exponent=127, value=32_767),
    "smallest power": RationalNumber(exponent=-128, value=32_767),
}


@case("CP-10", SECC, variant="harmless", over=_HARMLESS)
def extremes_do_no_harm(car: Car, quantity: RationalNumber) -> None:
    request = car.to(Step.PARAMETERS).request(Step.PARAMETERS)
    car.good(replace(request, **{f"{MODE}__ev_maximum_charge_power": quantity}))
    car.at = Step.SCHEDULE
    car.to(Step.LOOP)
    for _ in range(3):
        car.good(replace(car.request(Step.LOOP), cl_req_control_mode__ev_maximum_charge_power=quantity))
        car.sut.advance(0.2)
    current = float(car.sut.observe("current_a"))
    check(-25.0 <= current <= 28.1, f"{current:g} A", field="current_a")
    check(quantity.exponent > 0 or current <= 0.001, f"{current:g} A into a car that takes nothing", field="current_a")


@case("CP-11", SECC, over={"three lines": 3, "one line": 1}, service=5, lines=3)
def lines(car: Car, number: int) -> None:
    car.lines = number
    car.to(Step.PARAMETERS)
    mode = car.good(car.request(Step.PARAMETERS)).ac_cpd_res_energy_transfer_mode
    check(value_of(mode.evse_maximum_charge_power) > 0, "no power on the first line")
    for suffix in ("_l2", "_l3"):
        told = getattr(mode, f"evse_maximum_charge_power{suffix}")
        # A station may leave out lines that are alike, but must not name lines that are not in use.
        check(number == 3 or told is None, f"line {suffix} is not in use", field=f"evse_maximum_charge_power{suffix}")
    car.at = Step.SCHEDULE
    car.goes_on()
