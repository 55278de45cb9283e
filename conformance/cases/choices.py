"""What services have beyond the plain: channels, generator modes, mobility needs by the station, tolerance, MCS."""

from __future__ import annotations

from typing import Any

from conformance.case import Side, case, check, equal
from conformance.tester.car import Car
from conformance.tester.link import Step, replace, value_of
from conformance.tester.station import Station
from iso15118.messages.iso20.common import power_delivery as pd

SECC, EVCC = Side.SECC, Side.EVCC
SEPARATED: dict[str, Any] = {
    "needs": ("separated_channel",),
    "setup": {"separated_channel": True},
    "parameters": {"BPTChannel": 2},
}


def _started(car: Car, channel: pd.ChannelSelection) -> None:
    request = car.to(Step.POWER_DELIVERY).request(Step.POWER_DELIVERY)
    car.start(replace(request, bpt_channel_selection=channel))
    car.at = Step.LOOP


def _current(car: Car, target_w: float) -> float:
    car.sut.set("target_w", target_w)
    car.loop(0.6)
    return float(car.sut.observe("current_a"))


@case("PD-01", SECC, **SEPARATED)
def charge_channel(car: Car) -> None:
    _started(car, pd.ChannelSelection.Charge)
    check(abs(_current(car, 4_000.0) - 10.0) < 0.5, "no charging", field="current_a")
    check(_current(car, -4_000.0) > -0.1, "it discharges", field="current_a")
    car.at = Step.STOP
    car.goes_on()


@case("PD-02", SECC, **SEPARATED)
def discharge_channel(car: Car) -> None:
    _started(car, pd.ChannelSelection.Discharge)
    check(abs(_current(car, -4_000.0) + 10.0) < 0.5, "no discharging", field="current_a")
    check(_current(car, 4_000.0) < 0.1, "it charges", field="current_a")
    car.at = Step.STOP
    car.goes_on()


@case("PD-02", SECC, variant="AC", service=5, **SEPARATED)
def discharge_channel_ac(car: Car) -> None:
    _started(car, pd.ChannelSelection.Discharge)
    for target_w, expected in ((-6_000.0, -6_000.0), (6_000.0, 0.0)):
        car.sut.set("target_w", target_w)
        mode = car.loop(0.4).cl_res_control_mode
        told = sum(value_of(getattr(mode, f"evse_target_active_power{line}")) for line in ("", "_l2", "_l3"))
        check(abs(told - expected) < 10.0, f"{told:g} W told", field="EVSETargetActivePower")


def _accepting(car: Car, acceptance: pd.PowerToleranceAcceptance | None) -> Any:
    car.sut.set("power_tolerance_w", 300.0)
    car.sut.set("schedules", ((1, ((36_000.0, 6_000.0),)),))
    request = car.to(Step.POWER_DELIVERY).request(Step.POWER_DELIVERY)
    told = car.schedules[0].charging_schedule.power_schedule.power_tolerance
    check(value_of(told) == 300.0, "no PowerTolerance in the schedule", field="PowerTolerance")
    name = "ev_power_profile__scheduled_ev_ppt_control_mode__power_tolerance_acceptance"
    return replace(request, **{name: acceptance})


YES, NO = pd.PowerToleranceAcceptance.PowerToleranceConfirmed, pd.PowerToleranceAcceptance.PowerToleranceNotConfirmed


@case("PD-07", SECC, variant="confirmed", dynamic=False, needs=("power_tolerance",))
def tolerance_confirmed(car: Car) -> None:
    car.coded(_accepting(car, YES), "OK_PowerToleranceConfirmed")
    car.at = Step.LOOP
    car.goes_on()


@case("PD-07", SECC, variant="not confirmed", dynamic=False, needs=("power_tolerance",))
def tolerance_not_confirmed(car: Car) -> None:
    car.coded(_accepting(car, NO), "WARNING_PowerToleranceNotConfirmed")
    car.at = Step.LOOP
    car.goes_on()


@case(
    "PD-07",
    SECC,
    variant="not confirmed though it has to be",
    dynamic=False,
    needs=("power_tolerance",),
    setup={"tolerance_required": True},
)
def tolerance_required(car: Car) -> None:
    car.refused(_accepting(car, NO), "FAILED_PowerToleranceNotConfirmed")


@case(
    "CL-14",
    SECC,
    variant="DC",
    needs=("mobility_needs_secc",),
    setup={"mobility_needs_secc": True},
    parameters={"MobilityNeedsMode": 2},
)
@case(
    "CL-14",
    SECC,
    variant="AC",
    service=5,
    needs=("mobility_needs_secc",),
    setup={"mobility_needs_secc": True},
    parameters={"MobilityNeedsMode": 2},
)
def needs_by_the_station(car: Car) -> None:
    stated = {"departure_s": 7_200.0, "target_soc_percent": 80, "minimum_soc_percent": 40, "ack_max_delay_s": 30}
    car.sut.set("mobility", stated)
    car.to(Step.LOOP)
    response = car.loop(1.0)
    mode = response.cl_res_control_mode
    equal((mode.target_soc, mode.minimum_soc), (80, 40), message=response, field="TargetSOC")
    left = 7_200.0 - car.sut.now
    told = mode.departure_time
    check(
        told is not None and abs(told - left) <= 2.0,
        f"{told} s of {left:.0f} s",
        message=response,
        field="DepartureTime",
    )
    car.goes_on()


@case("CL-14", SECC, variant="by the car", needs=("mobility_needs_secc",), setup={"mobility_needs_secc": True})
def needs_by_the_car(car: Car) -> None:
    car.sut.set("mobility", {"target_soc_percent": 80, "minimum_soc_percent": 40})
    response = car.to(Step.LOOP).loop(1.0)
    mode = response.cl_res_control_mode
    check(mode.minimum_soc is None or mode.target_soc is not None, "MinimumSOC alone", message=response)
    equal((mode.target_soc, mode.minimum_soc), (None, None), message=response, field="TargetSOC")


@case(
    "CL-14", EVCC, over={"consistent": (80, 40), "a minimum above the target": (40, 80), "a minimum alone": (None, 40)}
)
def needs_told_to_the_car(station: Station, value: tuple[int | None, int]) -> None:
    target, least = value

    def tell(_: object, response: Any) -> Any:
        return replace(response, cl_res_control_mode__target_soc=target, cl_res_control_mode__minimum_soc=least)

    station.to(Step.LOOP)
    station.instead(Step.LOOP, tell)
    check(len(station.serve(2.0)) > 5, "it stops looping")
    station.goes_on()


def _generators(car: Car) -> set[int]:
    car.to(Step.SERVICE_DETAIL)
    response = car.good(car.request(Step.SERVICE_DETAIL))
    return {
        parameter.int_value
        for each in response.service_parameter_list.parameter_set
        for parameter in each.parameter
        if parameter.name == "GeneratorMode"
    }


@case("CL-16", SECC, variant="only following is offered")
def only_following(car: Car) -> None:
    generators = _generators(car)
    equal(generators, {1}, field="GeneratorMode")
    ids = {each.parameter_set_id for each in car.link.log[-1].message.service_parameter_list.parameter_set}  # type: ignore[attr-defined]
    car.parameter_set = max(ids) + 1
    car.refused(car.request(Step.SERVICE_SELECTION), "FAILED_ServiceSelectionInvalid")


@case(
    "CL-16",
    SECC,
    variant="forming is offered",
    needs=("grid_forming",),
    setup={"grid_forming": True},
    parameters={"GeneratorMode": 2},
)
def forming(car: Car) -> None:
    car.to(Step.LOOP, judged=True)
    car.goes_on()


@case("MC-01", SECC, variant="MCS", service=8)
@case("MC-01", SECC, variant="MCS_BPT", service=9)
@case("MC-01", SECC, variant="MCS_BPT Scheduled", service=9, dynamic=False)
def megawatt(car: Car) -> None:
    car.to(Step.LOOP, judged=True)
    car.current_a = 10.0
    if car.bpt and car.dynamic:
        check(abs(_current(car, -4_000.0) + 10.0) < 0.5, "no discharging", field="current_a")
        car.sut.set("target_w", 0.0)
    car.loop(1.0)
    car.at = Step.STOP
    car.goes_on()


@case("MC-01", EVCC, variant="MCS", service=8)
@case("MC-01", EVCC, variant="MCS_BPT", service=9)
def megawatt_of_the_car(station: Station) -> None:
    service = station.service
    request = station.to(Step.SERVICE_SELECTION, judged=True)
    equal(request.selected_energy_transfer_service.service_id, service, message=request, field="ServiceID")
    station.to(Step.LOOP, judged=True)
    station.goes_on()


@case("MC-02", SECC, variant="MCS", service=8)
@case("MC-02", SECC, variant="MCS_BPT", service=9)
def megawatt_sets(car: Car) -> None:
    response = car.to(Step.SERVICE_DETAIL).good(car.request(Step.SERVICE_DETAIL))
    for each in response.service_parameter_list.parameter_set:
        values = {parameter.name: parameter.int_value for parameter in each.parameter}
        check(values.get("Connector") in range(1, 8), f"{values.get('Connector')}", message=response, field="Connector")
        check(values.get("ControlMode") in (1, 2), "no control mode", message=response, field="ControlMode")
        check(car.bpt is ("BPTChannel" in values), "BPTChannel", message=response, field="BPTChannel")
