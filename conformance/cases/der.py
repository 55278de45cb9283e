"""Distributed energy resources (Amendment 1), by the grid codes of IEC and of SAE."""

from __future__ import annotations

from typing import Any

from conformance.case import Side, case, check, equal
from conformance.tester import requests
from conformance.tester.car import Car
from conformance.tester.link import Step, name_of, value_of
from conformance.tester.station import Station
from iso15118.messages.iso20.types import Processing

SECC, EVCC = Side.SECC, Side.EVCC
IEC, SAE = 10, 11
PAYLOAD_TYPES = {IEC: 0x8010, SAE: 0x8011}


def _own(car: Car, mode: Any, name: str) -> None:
    """The mode is that of the service's own namespace, under its own payload type."""
    expected = getattr(requests.DER_MODES[car.service], name)
    check(type(mode) is expected, f"{name_of(mode)} of {type(mode).__module__}", field=name)
    equal(car.link.log[-1].payload_type, PAYLOAD_TYPES[car.service], field="PayloadType")


@case("DE-01", SECC, variant="IEC", service=IEC)
@case("DE-01", SECC, variant="SAE", service=SAE)
@case("DE-01", SECC, variant="IEC Scheduled", service=IEC, dynamic=False)
@case("DE-01", SECC, variant="SAE Scheduled", service=SAE, dynamic=False)
def parameters(car: Car) -> None:
    response = car.to(Step.PARAMETERS).good(car.request(Step.PARAMETERS))
    mode = response.ac_cpd_res_energy_transfer_mode
    _own(car, mode, "DER_AC_CPDResEnergyTransferMode")
    for name in ("charge", "discharge"):
        check(value_of(getattr(mode, f"evse_maximum_{name}_power")), "no such power", message=response, field=name)


@case("DE-02", SECC, variant="IEC", service=IEC)
@case("DE-02", SECC, variant="SAE", service=SAE)
def ongoing_stays(car: Car) -> None:
    car.to(Step.PARAMETERS)
    for _ in range(3):
        car.good(requests.der_parameters(car.link.header(), car.service, processing=Processing.Ongoing))
        car.sut.advance(0.5)
    car.good(car.request(Step.PARAMETERS))
    car.good(car.request(Step.SCHEDULE))


@case("DE-02", SECC, variant="IEC, no schedule before it is Finished", service=IEC)
@case("DE-02", SECC, variant="SAE, no schedule before it is Finished", service=SAE)
def not_before_finished(car: Car) -> None:
    car.to(Step.PARAMETERS)
    car.good(requests.der_parameters(car.link.header(), car.service, processing=Processing.Ongoing))
    car.refused(car.request(Step.SCHEDULE), "FAILED_SequenceError")


@case("DE-03", SECC, variant="IEC", service=IEC)
@case("DE-03", SECC, variant="SAE", service=SAE)
@case("DE-03", SECC, variant="IEC Scheduled", service=IEC, dynamic=False)
@case("DE-03", SECC, variant="SAE Scheduled", service=SAE, dynamic=False)
def loop(car: Car) -> None:
    car.to(Step.LOOP)
    response = car.loop(1.0)
    mode = response.cl_res_control_mode
    _own(car, mode, f"DER_{'Dynamic' if car.dynamic else 'Scheduled'}_AC_CLResControlMode")
    least, target = getattr(mode, "minimum_soc", None), getattr(mode, "target_soc", None)
    check(least is None or (target is not None and least <= target), "MinimumSOC", message=response, field="MinimumSOC")
    car.at = Step.STOP
    car.goes_on()


@case("DE-03", SECC, variant="IEC discharges", service=IEC)
def loop_discharges(car: Car) -> None:
    car.sut.set("target_w", -3_000.0)
    mode = car.to(Step.LOOP).loop(0.4).cl_res_control_mode
    told = sum(value_of(getattr(mode, f"evse_target_active_power{line}")) for line in ("", "_l2", "_l3"))
    check(abs(told + 3_000.0) < 10.0, f"{told:g} W told of -3 kW", field="EVSETargetActivePower")


@case("DE-04", SECC, variant="IEC", service=IEC, over={"AC": False, "AC_BPT": True})
@case("DE-04", SECC, variant="SAE", service=SAE, over={"AC": False, "AC_BPT": True})
def plain_parameters(car: Car, bpt: bool) -> None:
    car.to(Step.PARAMETERS)
    car.refused(requests.ac_parameters(car.link.header(), bpt=bpt), "FAILED_WrongChargeParameter")


@case("DE-05", SECC, variant="IEC", service=IEC)
@case("DE-05", SECC, variant="SAE", service=SAE)
def back_to_the_services(car: Car) -> None:
    car.to(Step.PARAMETERS)
    car.good(requests.der_parameters(car.link.header(), car.service, processing=Processing.Ongoing))
    car.at = Step.SERVICE_DISCOVERY
    car.to(Step.LOOP, judged=True)
    car.goes_on()


@case("DE-06", EVCC, variant="IEC", service=IEC)
@case("DE-06", EVCC, variant="SAE", service=SAE)
@case("DE-06", EVCC, variant="IEC Scheduled", service=IEC, dynamic=False)
def car_runs(station: Station) -> None:
    request = station.to(Step.PARAMETERS, judged=True)
    kind = requests.DER_MODES[station.service].DER_AC_CPDReqEnergyTransferMode
    mode = request.ac_cpd_req_energy_transfer_mode
    check(type(mode) is kind, f"{name_of(mode)} of {type(mode).__module__}", message=request)
    equal(station.link.log[-1].payload_type, PAYLOAD_TYPES[station.service], message=request, field="PayloadType")
    request = station.to(Step.LOOP, judged=True)
    name = f"DER_{'Dynamic' if station.dynamic else 'Scheduled'}_AC_CLReqControlMode"
    asked = request.cl_req_control_mode
    check(type(asked) is getattr(requests.DER_MODES[station.service], name), name_of(asked), message=request)
    station.goes_on()
