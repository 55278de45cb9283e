"""Supported app protocol."""

from __future__ import annotations

from conformance.case import Side, case, check, equal
from conformance.tester.car import Car
from conformance.tester.link import Step, code_of
from conformance.tester.requests import app_protocol, offer
from conformance.tester.station import Station
from iso15118.messages import app

SECC, EVCC = Side.SECC, Side.EVCC
OK, DEVIATION = "OK_SuccessfulNegotiation", "OK_SuccessfulNegotiationWithMinorDeviation"
NOTHING = "Failed_NoNegotiation"


def _chosen(car: Car, request: app.SupportedAppProtocolReq, code: str, schema_id: int | None) -> None:
    response = car.coded(request, code)
    equal(response.schema_id, schema_id, message=response, field="SchemaID")


@case("SAP-01", SECC, over={"AC": ("AC", 5), "DC": ("DC", 7)}, service=None)
def one_offer(car: Car, value: tuple[str, int]) -> None:
    namespace, schema_id = value
    _chosen(car, offer(app_protocol(namespace, schema_id)), OK, schema_id)


@case("SAP-02", SECC, service=None, setup={"protocols": ("DC",)})
def filter_before_ranking(car: Car) -> None:
    _chosen(car, offer(app_protocol("AC", 1, 1), app_protocol("DC", 2, 2)), OK, 2)


@case("SAP-03", SECC, service=None, needs=("AC", "DC"))
def priority_decides(car: Car) -> None:
    _chosen(car, offer(app_protocol("AC", 1, 9), app_protocol("DC", 2, 3), app_protocol("urn:x", 3, 1)), OK, 2)


@case(
    "SAP-04",
    SECC,
    service=None,
    over={
        "unknown namespaces": offer(app_protocol("urn:x"), app_protocol("urn:y", 2, 2)),
        "another major version": offer(app_protocol("DC", major=2)),
    },
)
def nothing_in_common(car: Car, request: app.SupportedAppProtocolReq) -> None:
    _chosen(car, request, NOTHING, None)
    car.ends()


@case("SAP-05", SECC, service=None)
def minor_deviation(car: Car) -> None:
    _chosen(car, offer(app_protocol("DC", 4, minor=3)), DEVIATION, 4)


_DIN = "urn:din:70121:2012:MsgDef"
_ISO_2 = "urn:iso:15118:2:2013:MsgDef"


@case(
    "SAP-06",
    SECC,
    service=None,
    over={
        "SchemaID 0": offer(app_protocol(_DIN, 0, 1, 2)),
        "a maker's own DIN": offer(app_protocol("urn:tesla:din:2018", 1, 1, 0, 7), app_protocol(_DIN, 2, 2, 2)),
        "DIN before -2": offer(app_protocol(_DIN, 0, 1, 2), app_protocol(_ISO_2, 1, 2, 2)),
        "priorities without a 1": offer(app_protocol(_ISO_2, 0, 3, 2), app_protocol(_DIN, 1, 2, 2)),
    },
)
def cars_on_the_road(car: Car, request: app.SupportedAppProtocolReq) -> None:
    _chosen(car, request, NOTHING, None)
    car.ends()


@case("SAP-07", SECC, variant="plain TCP", service=None, setup={"link": "tcp"})
@case("SAP-07", SECC, variant="TLS 1.2", service=None, setup={"link": "tls12"})
def not_without_tls_13(car: Car) -> None:
    _chosen(car, offer(app_protocol("DC"), app_protocol("AC", 2, 2)), NOTHING, None)


@case("SAP-08", EVCC, variant="plain TCP", service=None, setup={"link": "tcp"})
@case("SAP-08", EVCC, variant="TLS 1.2", service=None, setup={"link": "tls12"})
def not_offered_without_tls_13(station: Station) -> None:
    request = station.link.receive(25.0)  # a car with nothing to offer need not call
    for entry in getattr(request, "app_protocol", ()):
        check("15118:-20" not in entry.protocol_namespace, "-20 is offered", message=request, field="ProtocolNamespace")


@case("SAP-09", EVCC, service=None)
def refusal_ends(station: Station) -> None:
    station.to(Step.SAP)
    station.say(app.SupportedAppProtocolRes(response_code=app.ResponseCode.Failed_NoNegotiation))
    station.ends()


@case("SAP-10", SECC, service=None)
def twenty_offers(car: Car) -> None:
    entries = [app_protocol(f"urn:example:{each}", each, each) for each in range(1, 20)]
    response = car.good(offer(*entries, app_protocol("DC", 20, 20)))
    equal((code_of(response), response.schema_id), (OK, 20), message=response)
