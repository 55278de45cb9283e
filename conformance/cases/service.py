"""Service discovery, detail and selection."""

from __future__ import annotations

from typing import Any

from conformance.case import Side, case, check, equal
from conformance.tester.car import Car
from conformance.tester.link import Step, replace
from conformance.tester.station import Station
from iso15118.messages.iso20.common import service

SECC, EVCC = Side.SECC, Side.EVCC
AC, DC, AC_BPT, DC_BPT = 1, 2, 5, 6


def _ids(response: Any) -> set[int]:
    return {each.service_id for each in response.energy_transfer_service_list.service}


def _discover(car: Car, *ids: int) -> Any:
    request = car.to(Step.SERVICE_DISCOVERY).request(Step.SERVICE_DISCOVERY)
    if ids:
        request = replace(request, supported_service_ids=service.ServiceIDList(service_id=ids))
    return car.good(request)


@case("SV-01", SECC, variant="DC", service=DC, needs=("DC_BPT",))
def all_services(car: Car) -> None:
    response = _discover(car)
    check({DC, DC_BPT} <= _ids(response), f"only {_ids(response)}", message=response)
    check(not {AC, AC_BPT} & _ids(response), "services of another namespace than chosen", message=response)


@case("SV-01", SECC, variant="AC", service=AC, needs=("AC_BPT",))
def all_services_ac(car: Car) -> None:
    response = _discover(car)
    check({AC, AC_BPT} <= _ids(response), f"only {_ids(response)}", message=response)
    check(not {DC, DC_BPT} & _ids(response), "services of another namespace than chosen", message=response)


@case("SV-01", SECC, variant="as the back end allows", service=DC)
def what_is_allowed(car: Car) -> None:
    car.sut.set("services", (DC,))
    response = _discover(car)
    equal(_ids(response), {DC}, message=response, field="EnergyTransferServiceList")


@case("SV-02", SECC)
def list_of_ids(car: Car) -> None:
    response = _discover(car, DC_BPT)
    check(DC_BPT in _ids(response), f"only {_ids(response)}", message=response, field="EnergyTransferServiceList")
    car.perform(Step.SERVICE_DETAIL)


@case("SV-03", SECC)
def list_of_unknown_ids(car: Car) -> None:
    response = _discover(car, 61_000)
    check(_ids(response), "an empty list", message=response, field="EnergyTransferServiceList")


def _parameters(car: Car) -> list[dict[str, Any]]:
    car.to(Step.SERVICE_DETAIL)
    response = car.good(car.request(Step.SERVICE_DETAIL))
    equal(response.service_id, car.service, message=response, field="ServiceID")
    sets = response.service_parameter_list.parameter_set
    ids = [each.parameter_set_id for each in sets]
    equal(len(set(ids)), len(ids), message=response, field="ParameterSetID")
    return [{parameter.name: parameter.int_value for parameter in each.parameter} for each in sets]


_COMMON = {"Connector": (1, 2, 3, 4), "ControlMode": (1, 2), "MobilityNeedsMode": (1, 2), "Pricing": (0, 1, 2)}
_BPT = {"BPTChannel": (1, 2), "GeneratorMode": (1, 2)}


def _complete(car: Car, known: dict[str, tuple[int, ...]]) -> None:
    for values in _parameters(car):
        for name, allowed in known.items():
            check(name in values, f"{name} is missing", message=car.link.log[-1].message, field=name)
            check(values[name] in allowed, f"{name} is {values[name]}", message=car.link.log[-1].message, field=name)


@case("SV-04", SECC, service=AC_BPT)
def sets_of_ac_bpt(car: Car) -> None:
    _complete(car, {**_COMMON, "Connector": (1, 2), **_BPT})
    response = car.link.log[-1].message
    for values in [
        {parameter.name: parameter for parameter in each.parameter}
        for each in response.service_parameter_list.parameter_set  # type: ignore[attr-defined]
    ]:
        check("EVSENominalVoltage" in values, "it is missing", message=response, field="EVSENominalVoltage")
        islanding = {"GridCodeIslandingDetectionMethod", "DetectionMethodGridCodeIslanding"} & values.keys()
        check(islanding, "no islanding detection method", message=response, field="GridCodeIslandingDetectionMethod")


@case("SV-05", SECC)
def sets_of_dc_bpt(car: Car) -> None:
    _complete(car, {**_COMMON, **_BPT})


@case("SV-05", SECC, variant="one way", service=DC)
def sets_of_dc(car: Car) -> None:
    _complete(car, _COMMON)


@case("SV-06", SECC, over={"of another namespace": AC, "unknown": 60_999})
def details_of_what_was_not_offered(car: Car, service_id: int) -> None:
    request = replace(car.to(Step.SERVICE_DETAIL).request(Step.SERVICE_DETAIL), service_id=service_id)
    car.refused(request, "FAILED_ServiceIDInvalid")


@case("SV-07", SECC, variant="AC", service=AC, needs=("scheduled",))
@case("SV-07", SECC, variant="AC_BPT", service=AC_BPT, needs=("scheduled",))
@case("SV-07", SECC, variant="DC", service=DC, needs=("scheduled",))
@case("SV-07", SECC, variant="DC_BPT", service=DC_BPT, needs=("scheduled",))
@case("SV-07", SECC, variant="MCS", service=8, needs=("scheduled",))
@case("SV-07", SECC, variant="MCS_BPT", service=9, needs=("scheduled",))
def both_control_modes(car: Car) -> None:
    modes = {values.get("ControlMode") for values in _parameters(car)}
    equal(modes, {1, 2}, message=car.link.log[-1].message, field="ControlMode")


@case("SV-08", SECC, variant="AC", service=AC_BPT)
@case("SV-08", SECC, variant="DC", service=DC_BPT)
def needs_by_the_station(car: Car) -> None:
    for values in _parameters(car):
        scheduled = values.get("ControlMode") == 1
        check(not scheduled or values.get("MobilityNeedsMode") == 1, "2 with Scheduled", field="MobilityNeedsMode")


@case(
    "SV-08",
    SECC,
    variant="DC, where a station states needs",
    needs=("mobility_needs_secc",),
    setup={"mobility_needs_secc": True},
)
@case(
    "SV-08",
    SECC,
    variant="AC, where a station states needs",
    service=AC_BPT,
    needs=("mobility_needs_secc",),
    setup={"mobility_needs_secc": True},
)
def needs_by_the_station_offered(car: Car) -> None:
    offered = {(values.get("ControlMode"), values.get("MobilityNeedsMode")) for values in _parameters(car)}
    equal(offered, {(1, 1), (2, 1), (2, 2)}, message=car.link.log[-1].message, field="MobilityNeedsMode")


def _select(car: Car, service_id: int, set_id: int, vas: tuple[int, int] | None = None) -> Any:
    selected = service.SelectedService(service_id=service_id, parameter_set_id=set_id)
    chosen = None
    if vas is not None:
        chosen = service.SelectedServiceList(
            selected_service=(service.SelectedService(service_id=vas[0], parameter_set_id=vas[1]),)
        )
    return service.ServiceSelectionReq(
        header=car.link.header(), selected_energy_transfer_service=selected, selected_vas_list=chosen
    )


@case("SV-09", SECC)
def unknown_set(car: Car) -> None:
    car.to(Step.SERVICE_SELECTION)
    car.refused(_select(car, car.service, 60_000), "FAILED_ServiceSelectionInvalid")


@case("SV-10", SECC, needs=("DC",))
def details_never_asked_for(car: Car) -> None:
    car.to(Step.SERVICE_SELECTION)
    car.refused(_select(car, DC, car.parameter_set), "FAILED_ServiceSelectionInvalid")


@case("SV-11", SECC, over={"a value-added service": 65, "of another namespace": AC, "unknown": 60_999})
def no_energy_service(car: Car, service_id: int) -> None:
    car.to(Step.SERVICE_SELECTION)
    car.refused(_select(car, service_id, 1), "FAILED_NoEnergyTransferServiceSelected")


@case("SV-12", SECC, over={"unknown": (61_000, 1), "Internet": (65, 60_000)})
def value_added(car: Car, vas: tuple[int, int]) -> None:
    car.to(Step.SERVICE_SELECTION)
    car.refused(_select(car, car.service, car.parameter_set, vas), "FAILED_ServiceSelectionInvalid")


_INTERNET = (65, {1: {"Protocol": "http", "Port": 80}, 2: {"Protocol": "https", "Port": 443}})
_PARKING = (66, {1: {"IntendedService": 1, "ParkingStatusType": 1}})


@case("SV-02", SECC, variant="value-added services are filtered", needs=("vas",))
def filtered_vas(car: Car) -> None:
    car.sut.set("value_added", (_INTERNET, _PARKING))
    response = _discover(car, DC_BPT, 66)
    told = {each.service_id for each in response.vas_list.service} if response.vas_list else set()
    equal(told, {66}, message=response, field="VASList")
    check(DC_BPT in _ids(response), f"only {_ids(response)}", message=response, field="EnergyTransferServiceList")


def _internet_detailed(car: Car) -> None:
    car.sut.set("value_added", (_INTERNET,))
    response = _discover(car)
    told = {each.service_id for each in response.vas_list.service} if response.vas_list else set()
    equal(told, {65}, message=response, field="VASList")
    car.at = Step.SERVICE_DETAIL
    request = replace(car.request(Step.SERVICE_DETAIL), service_id=65)
    response = car.good(request)
    ids = {each.parameter_set_id for each in response.service_parameter_list.parameter_set}
    equal(ids, {1, 2}, message=response, field="ParameterSetID")
    car.to(Step.SERVICE_SELECTION)


@case("SV-12", SECC, variant="offered", needs=("vas",))
def vas_selected(car: Car) -> None:
    _internet_detailed(car)
    car.good(_select(car, car.service, car.parameter_set, (65, 2)))
    car.at = Step.PARAMETERS
    car.goes_on()


@case("SV-12", SECC, variant="offered, but not that set", needs=("vas",))
def vas_of_another_set(car: Car) -> None:
    _internet_detailed(car)
    car.refused(_select(car, car.service, car.parameter_set, (65, 9)), "FAILED_ServiceSelectionInvalid")


@case("SV-13", EVCC, variant="both directions preferred", service=DC_BPT, services=(DC_BPT, DC), needs=("DC",))
@case("SV-13", EVCC, variant="one way preferred", service=DC, services=(DC, DC_BPT), needs=("DC_BPT",))
def preferred_service(station: Station) -> None:
    preferred = station.service
    station.services = tuple(sorted(station.services))
    request = station.to(Step.SERVICE_SELECTION)
    selected = request.selected_energy_transfer_service
    equal(selected.service_id, preferred, message=request, field="ServiceID")
    equal(selected.parameter_set_id, 2, message=request, field="ParameterSetID")
    asked = {each.service_id for each in station.link.said("ServiceDetailReq")}
    check(preferred in asked, "its details were never asked for", message=request)


@case("SV-13", EVCC, variant="the other one when the first is not offered", services=(DC_BPT, DC), needs=("DC",))
def second_choice(station: Station) -> None:
    station.services = (DC,)
    request = station.to(Step.SERVICE_SELECTION)
    equal(request.selected_energy_transfer_service.service_id, DC, message=request, field="ServiceID")


@case("SV-13", EVCC, variant="no set that fits", dynamic=False)
def no_set_fits(station: Station) -> None:
    def dynamic_only(_: object, response: Any) -> Any:
        sets = response.service_parameter_list.parameter_set[1:]
        return replace(response, service_parameter_list__parameter_set=sets)

    station.instead(Step.SERVICE_DETAIL, dynamic_only)
    station.to(Step.SERVICE_DETAIL)
    station.reply(station.link.said("ServiceDetailReq")[-1])
    request = station.link.receive(5.0)
    check(not isinstance(request, service.ServiceSelectionReq), "a set that was not offered", message=request)


@case("SV-14", EVCC, over={"GeneratorMode": "GeneratorMode", "an unknown name": "Colour"})
def parameter_twice(station: Station, name: str) -> None:
    def twice(_: object, response: Any) -> Any:
        more = (service.Parameter(name=name, int_value=1),) * 2
        sets = tuple(
            replace(each, parameter=(*each.parameter, *more)) for each in response.service_parameter_list.parameter_set
        )
        return replace(response, service_parameter_list__parameter_set=sets)

    station.instead(Step.SERVICE_DETAIL, twice)
    request = station.to(Step.SERVICE_SELECTION, judged=True)
    equal(request.selected_energy_transfer_service.parameter_set_id, 2, message=request, field="ParameterSetID")
    station.reply(request)
    station.heard(Step.PARAMETERS)
