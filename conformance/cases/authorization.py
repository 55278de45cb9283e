"""Authorization by external means. What needs a contract follows with certificates."""

from __future__ import annotations

from conformance.case import Side, case, check, equal
from conformance.tester.car import Car
from conformance.tester.link import Step, replace
from conformance.tester.station import Station
from iso15118.messages.iso20.common import authorization as auth
from iso15118.messages.iso20.types import Processing, ResponseCode

SECC, EVCC = Side.SECC, Side.EVCC
EIM, PNC = auth.Authorization.EIM, auth.Authorization.PnC
ANSWER_S = 1.5


@case("AU-01", SECC, needs=("EIM", "not PnC"))
def external_means(car: Car) -> None:
    response = car.to(Step.AUTHORIZATION_SETUP).good(car.request(Step.AUTHORIZATION_SETUP))
    equal(response.authorization_services, (EIM,), message=response, field="AuthorizationServices")
    check(response.eim_as_res_authorization_mode is not None, "no EIM mode", message=response)
    check(response.pnc_as_res_authorization_mode is None, "a PnC mode beside", message=response)


@case(
    "AU-03",
    EVCC,
    over={"alone": (EIM,), "contracts first": (PNC, EIM), "contracts last": (EIM, PNC)},
    needs=("EIM", "not PnC"),
)
def finds_external_means(station: Station, offered: tuple[auth.Authorization, ...]) -> None:
    request = station.to(Step.AUTHORIZATION_SETUP)
    modes: dict[str, object] = {"authorization_services": offered}
    if PNC in offered:
        modes["pnc_as_res_authorization_mode"] = auth.PnC_ASResAuthorizationMode(gen_challenge=bytes(range(16)))
        modes["eim_as_res_authorization_mode"] = None
    station.reply(request, **modes)
    request = station.heard(Step.AUTHORIZATION)
    equal(request.selected_authorization_service, EIM, message=request, field="SelectedAuthorizationService")
    check(request.eim_a_req_authorization_mode is not None, "no EIM mode", message=request)
    station.reply(request)
    station.heard(Step.SERVICE_DISCOVERY)


def _contract() -> auth.PnC_AReqAuthorizationMode:
    from iso15118.messages.iso20.common import certificate_installation as ci

    return auth.PnC_AReqAuthorizationMode(
        gen_challenge=bytes(16),
        contract_certificate_chain=ci.ContractCertificateChain(
            certificate=b"\1", sub_certificates=ci.SubCertificates(certificate=(b"\2",))
        ),
        id="id1",
    )


@case("AU-04", SECC, needs=("not PnC",))
def not_offered(car: Car) -> None:
    request = replace(
        car.to(Step.AUTHORIZATION).request(Step.AUTHORIZATION),
        selected_authorization_service=PNC,
        eim_a_req_authorization_mode=None,
        pnc_a_req_authorization_mode=_contract(),
    )
    car.coded(request, "WARNING_AuthorizationSelectionInvalid")
    car.perform(Step.AUTHORIZATION)
    car.good(car.request(Step.SERVICE_DISCOVERY))


@case("AU-05", SECC)
def pending(car: Car) -> None:
    car.sut.set("authorization", "pending")
    car.to(Step.AUTHORIZATION)
    for _ in range(5):
        response = car.good(car.request(Step.AUTHORIZATION))
        equal(response.evse_processing, Processing.Ongoing, message=response, field="EVSEProcessing")
        car.sut.advance(1.0)
    car.sut.set("authorization", "accepted")
    response = car.good(car.request(Step.AUTHORIZATION))
    equal(response.evse_processing, Processing.Finished, message=response, field="EVSEProcessing")
    car.good(car.request(Step.SERVICE_DISCOVERY))


@case("AU-06", SECC)
def rejected(car: Car) -> None:
    car.sut.set("authorization", "rejected")
    car.to(Step.AUTHORIZATION)
    for _ in range(2):
        response = car.coded(car.request(Step.AUTHORIZATION), "WARNING_EIMAuthorizationFailure", within_s=ANSWER_S)
        equal(response.evse_processing, Processing.Finished, message=response, field="EVSEProcessing")
        car.sut.advance(1.0)
    car.sut.set("authorization", "accepted")
    car.perform(Step.AUTHORIZATION)
    car.good(car.request(Step.SERVICE_DISCOVERY))


@case("AU-06", SECC, variant="no service without authorization")
def rejected_means_no_service(car: Car) -> None:
    car.sut.set("authorization", "rejected")
    car.to(Step.AUTHORIZATION).ask(car.request(Step.AUTHORIZATION))
    car.refused(car.request(Step.SERVICE_DISCOVERY), "FAILED_SequenceError")


def _ongoing(station: Station) -> None:
    station.instead(Step.AUTHORIZATION, lambda _, response: replace(response, evse_processing=Processing.Ongoing))


@case("AU-07", EVCC)
def repeats_unaltered(station: Station) -> None:
    first = station.to(Step.AUTHORIZATION)
    _ongoing(station)
    station.reply(first)
    for _ in range(4):
        again = station.heard(Step.AUTHORIZATION, within_s=2.0)
        same = replace(again, header=first.header)
        equal(same, first, message=again)
        station.reply(again)
    station.instead(Step.AUTHORIZATION, lambda _, response: response)
    station.reply(station.heard(Step.AUTHORIZATION))
    station.heard(Step.SERVICE_DISCOVERY)


@case("AU-07", EVCC, variant="gives up after 60 s")
def gives_up(station: Station) -> None:
    station.to(Step.AUTHORIZATION)
    began = station.sut.now
    _ongoing(station)
    station.reply(station.link.said("AuthorizationReq")[-1])
    requests = station.serve(70.0)
    check(len(requests) > 5, "it hardly asked again")
    station.off_after(began, 60.0)


@case("AU-10", SECC)
def never_decided(car: Car) -> None:
    car.sut.set("authorization", "pending")
    car.to(Step.AUTHORIZATION)
    for _ in range(300):
        response = car.ask(car.request(Step.AUTHORIZATION))
        if response.response_code is ResponseCode.FAILED:
            check(car.sut.now >= 55.0, f"given up after {car.sut.now:.0f} s already", message=response)
            car.ends()
            return
        equal(response.evse_processing, Processing.Ongoing, message=response, field="EVSEProcessing")
        car.sut.advance(1.0)
    check(False, "300 s, and still Ongoing")
