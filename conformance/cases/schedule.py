"""Schedule exchange."""

from __future__ import annotations

from typing import Any

from conformance.case import Side, case, check, equal
from conformance.tester import requests, responses
from conformance.tester.car import Car
from conformance.tester.link import UNIX_S, Step, amount, replace, value_of
from conformance.tester.station import Station
from iso15118.messages.iso20.common import energy_offer as offers
from iso15118.messages.iso20.types import Processing

SECC, EVCC = Side.SECC, Side.EVCC
SCHEDULED, DYNAMIC = "scheduled_se_req_control_mode", "dynamic_se_req_control_mode"


def _check_schedules(car: Car, response: Any) -> None:
    mode = response.scheduled_se_res_control_mode
    check(mode is not None, "no schedules", message=response, field="Scheduled_SEResControlMode")
    check(response.dynamic_se_res_control_mode is None, "Dynamic beside", message=response)
    ids = [each.schedule_tuple_id for each in mode.schedule_tuple]
    check(0 < len(ids) <= 3, f"{len(ids)} tuples", message=response, field="ScheduleTuple")
    equal(len(set(ids)), len(ids), message=response, field="ScheduleTupleID")
    for each in mode.schedule_tuple:
        power = each.charging_schedule.power_schedule
        check(abs(power.time_anchor - UNIX_S - car.sut.now) < 3_600, "anchored elsewhere", field="TimeAnchor")
        for entry in power.power_schedule_entries.power_schedule_entry:
            check(value_of(entry.power) >= 0, "a charging schedule that discharges", message=response, field="Power")
        if each.discharging_schedule is not None:
            given = each.discharging_schedule.power_schedule.power_schedule_entries.power_schedule_entry
            check(car.bpt, "a discharging schedule on a one-way service", message=response)
            check(all(value_of(entry.power) <= 0 for entry in given), "it charges", message=response, field="Power")


@case("SE-01", SECC, variant="DC", service=2, dynamic=False)
@case("SE-01", SECC, variant="DC_BPT", dynamic=False)
@case("SE-01", SECC, variant="AC", service=1, dynamic=False)
@case("SE-01", SECC, variant="AC_BPT", service=5, dynamic=False)
def schedules(car: Car) -> None:
    response = car.to(Step.SCHEDULE).good(car.request(Step.SCHEDULE))
    equal(response.evse_processing, Processing.Finished, message=response, field="EVSEProcessing")
    _check_schedules(car, response)


@case("SE-01", SECC, variant="both directions", dynamic=False, needs=("discharge_schedule",))
def schedules_in_both_directions(car: Car) -> None:
    car.sut.set("schedules", ((1, ((1_800.0, 5_000.0), (1_800.0, -4_000.0), (3_600.0, 0.0))),))
    response = car.to(Step.SCHEDULE).good(car.request(Step.SCHEDULE))
    _check_schedules(car, response)
    (only,) = response.scheduled_se_res_control_mode.schedule_tuple
    check(only.discharging_schedule is not None, "no discharging schedule", message=response)
    given = only.discharging_schedule.power_schedule.power_schedule_entries.power_schedule_entry
    check(any(value_of(entry.power) == -4_000.0 for entry in given), "not the schedule", message=response)


@case("SE-01", SECC, variant="as many steps as the car can take", dynamic=False)
def few_points(car: Car) -> None:
    entries = tuple((600.0, 1_000.0 * (1 + each % 5)) for each in range(40))
    car.sut.set("schedules", ((1, entries),))
    request = car.to(Step.SCHEDULE).request(Step.SCHEDULE)
    response = car.good(replace(request, maximum_supporting_points=12))
    (only,) = response.scheduled_se_res_control_mode.schedule_tuple
    count = len(only.charging_schedule.power_schedule.power_schedule_entries.power_schedule_entry)
    check(0 < count <= 12, f"{count} entries", message=response, field="PowerScheduleEntry")


@case("SE-01", SECC, variant="waits for the back end", dynamic=False)
@case("SE-02", SECC, variant="waits for the back end")
def waits(car: Car) -> None:
    car.sut.set("schedule_ready", False)
    car.to(Step.SCHEDULE)
    for _ in range(4):
        response = car.good(car.request(Step.SCHEDULE))
        equal(response.evse_processing, Processing.Ongoing, message=response, field="EVSEProcessing")
        car.sut.advance(1.0)
    car.sut.set("schedule_ready", True)
    response = car.good(car.request(Step.SCHEDULE))
    equal(response.evse_processing, Processing.Finished, message=response, field="EVSEProcessing")
    car.good(car.request(Step.CABLE_CHECK))


@case("SE-02", SECC, variant="DC", service=2)
@case("SE-02", SECC, variant="DC_BPT")
@case("SE-02", SECC, variant="AC", service=1)
@case("SE-02", SECC, variant="AC_BPT", service=5)
def in_kind(car: Car) -> None:
    response = car.to(Step.SCHEDULE).good(car.request(Step.SCHEDULE))
    equal(response.evse_processing, Processing.Finished, message=response, field="EVSEProcessing")
    check(response.dynamic_se_res_control_mode is not None, "not Dynamic", message=response)
    check(response.scheduled_se_res_control_mode is None, "Scheduled beside", message=response)


@case("SE-03", SECC, variant="Dynamic", dynamic=True)
@case("SE-03", SECC, variant="Scheduled", dynamic=False)
def another_control_mode(car: Car) -> None:
    car.to(Step.SCHEDULE)
    response = car.refused(requests.needs(car.link.header(), dynamic=not car.dynamic), "FAILED")
    modes = (response.scheduled_se_res_control_mode, response.dynamic_se_res_control_mode)
    check(sum(mode is not None for mode in modes) == 1, "not one control mode", message=response)


_V2X = ("ev_maximum_v2x_energy_request", "ev_minimum_v2x_energy_request")


@case("SE-04", SECC, over={"maximum alone": _V2X[0], "minimum alone": _V2X[1]})
def half_a_pair(car: Car, name: str) -> None:
    request = car.to(Step.SCHEDULE).request(Step.SCHEDULE)
    car.refused(replace(request, **{f"{DYNAMIC}__{name}": amount(1_000.0)}), "FAILED_WrongChargeParameter")


@case("SE-04", SECC, variant="the pair")
def the_pair(car: Car) -> None:
    request = car.to(Step.SCHEDULE).request(Step.SCHEDULE)
    car.good(replace(request, **{f"{DYNAMIC}__{_V2X[0]}": amount(4_000.0), f"{DYNAMIC}__{_V2X[1]}": amount(-2_000.0)}))


@case("SE-05", SECC, over={"above": (80, 60)})
def least_above_target(car: Car, value: tuple[int, int]) -> None:
    least, target = value
    request = car.to(Step.SCHEDULE).request(Step.SCHEDULE)
    changes = {f"{DYNAMIC}__minimum_soc": least, f"{DYNAMIC}__target_soc": target}
    car.refused(replace(request, **changes), "FAILED_WrongChargeParameter")


@case("SE-05", SECC, variant="equal")
def least_is_target(car: Car) -> None:
    request = car.to(Step.SCHEDULE).request(Step.SCHEDULE)
    car.good(replace(request, **{f"{DYNAMIC}__minimum_soc": 60, f"{DYNAMIC}__target_soc": 60}))


@case("SE-05", EVCC)
def least_of_the_car(station: Station) -> None:
    station.sut.set("needs", {"minimum_soc_percent": 40, "target_soc_percent": 80})
    request = station.to(Step.SCHEDULE)
    mode = request.dynamic_se_req_control_mode
    if mode.minimum_soc is not None and mode.target_soc is not None:
        check(mode.minimum_soc <= mode.target_soc, "MinimumSOC above TargetSOC", message=request, field="MinimumSOC")
    equal(mode.target_soc, 80, message=request, field="TargetSOC")


@case("SE-06", SECC, dynamic=False)
def offer_to_discharge(car: Car) -> None:
    entry = offers.EVPowerScheduleEntry(duration=3_600, power=amount(-10_000.0))
    price = offers.EVPriceRule(energy_fee=amount(0.2), power_range_start=amount(0.0))
    stack = offers.EVPriceRuleStack(duration=3_600, ev_price_rule=(price,))
    offer = offers.EVEnergyOffer(
        ev_power_schedule=offers.EVPowerSchedule(
            time_anchor=int(UNIX_S + car.sut.now),
            ev_power_schedule_entries=offers.EVPowerScheduleEntryList(ev_power_schedule_entry=(entry,)),
        ),
        ev_absolute_price_schedule=offers.EVAbsolutePriceSchedule(
            time_anchor=int(UNIX_S + car.sut.now),
            currency="EUR",
            price_algorithm="urn:iso:std:iso:15118:-20:PriceAlgorithm:1-Power",
            ev_price_rule_stacks=offers.EVPriceRuleStackList(ev_price_rule_stack=(stack,)),
        ),
    )
    request = car.to(Step.SCHEDULE).request(Step.SCHEDULE)
    response = car.good(replace(request, **{f"{SCHEDULED}__ev_energy_offer": offer}))
    _check_schedules(car, response)


@case("SE-07", EVCC, dynamic=False, needs=("discharge_schedule",))
def both_directions(station: Station) -> None:
    # Half a minute of charging, then discharging: the target current follows, with its sign.
    now = UNIX_S
    station.tuples = (responses.schedule_tuple(now, ((30, 4_000.0), (3_600, 0.0)), ((30, 0.0), (3_600, -2_340.0)), 7),)
    request = station.to(Step.POWER_DELIVERY)
    profile = request.ev_power_profile
    check(profile is not None, "no profile", message=request, field="EVPowerProfile")
    chosen = profile.scheduled_ev_ppt_control_mode.selected_schedule_tuple_id
    equal(chosen, 7, message=request, field="SelectedScheduleTupleID")
    powers = [value_of(entry.power) for entry in profile.ev_power_profile_entries.ev_power_profile_entry]
    check(min(powers) < 0 < max(powers), f"powers {powers}", message=request, field="EVPowerProfileEntry")
    early = station.to(Step.LOOP)
    station.serve(40.0)
    late = station.to(Step.LOOP)
    for request, expected in ((early, 10.0), (late, -5.85)):
        current = value_of(request.cl_req_control_mode.ev_target_current)
        check(abs(current - expected) < 0.5, f"{current:g} A", message=request, field="EVTargetCurrent")


@case("SE-08", EVCC, dynamic=False)
def without_prices(station: Station) -> None:
    request = station.to(Step.POWER_DELIVERY, judged=True)
    mode = request.ev_power_profile.scheduled_ev_ppt_control_mode
    equal(mode.selected_schedule_tuple_id, 1, message=request, field="SelectedScheduleTupleID")


def _ongoing(station: Station) -> Any:
    first = station.to(Step.SCHEDULE)
    station.instead(Step.SCHEDULE, lambda _, response: replace(response, evse_processing=Processing.Ongoing))
    return first


@case("SE-09", EVCC, variant="Dynamic")
@case("SE-09", EVCC, variant="Scheduled", dynamic=False)
def repeats(station: Station) -> None:
    station.reply(_ongoing(station))
    for _ in range(4):
        station.reply(station.heard(Step.SCHEDULE, within_s=2.0))
    station.instead(Step.SCHEDULE, lambda _, response: response)
    station.reply(station.heard(Step.SCHEDULE))
    station.heard(Step.CABLE_CHECK)


@case("SE-09", EVCC, variant="gives up")
def gives_up(station: Station) -> None:
    first = _ongoing(station)
    began = station.sut.now
    station.reply(first)
    check(len(station.serve(70.0)) > 5, "it hardly asked again")
    station.off_after(began, 60.0)


@case("SE-10", SECC, variant="Dynamic")
@case("SE-10", SECC, variant="Scheduled", dynamic=False)
def negative_least(car: Car) -> None:
    mode = DYNAMIC if car.dynamic else SCHEDULED
    request = car.to(Step.SCHEDULE).request(Step.SCHEDULE)
    car.good(replace(request, **{f"{mode}__ev_minimum_energy_request": amount(-20_000.0)}))
