"""Defects of our station that are about what is said and taken, in the order of a session."""

from __future__ import annotations

import itertools
from contextlib import AbstractContextManager
from typing import Any

from conformance.mutants.tools import answers, codes, hears, limit, mutant, replaced, says, swapped
from iso15118.errors import FramingError
from iso15118.messages import app as app_messages
from iso15118.messages.iso20.common import authorization as auth
from iso15118.messages.iso20.common.service import Parameter, Service
from iso15118.messages.iso20.types import Processing, RationalNumber, ResponseCode
from iso15118.session import app
from iso15118.session.ports import Authorization, SimpleCharger
from iso15118.session.secc.session import SeccSession
from iso15118.session.timers import Timer

Patch = AbstractContextManager[None]
ZERO = RationalNumber(exponent=0, value=0)
OK = app_messages.ResponseCode.OK_SuccessfulNegotiation

# --- handshake ---

mutant(
    "sap-schema-id", "a SchemaID of its own instead of the car's", "SAP-01/*", "SAP-02", "SAP-03", "SAP-05", "SAP-10"
)(says("SupportedAppProtocolRes", schema_id=99))
mutant("sap-minor", "another minor version counts as the same", "SAP-05")(
    says("SupportedAppProtocolRes", response_code=OK)
)


@mutant("sap-array-order", "the first entry wins, whatever its priority", "SAP-03")
def _array_order() -> Patch:
    def change(_: SeccSession, request: Any) -> Any:
        entries = enumerate(request.app_protocol, start=1)
        return replaced(request, app_protocol=tuple(replaced(each, priority=at) for at, each in entries))

    return hears("SupportedAppProtocolReq", change)


@mutant("sap-no-filter", "the highest priority wins, served or not", "SAP-02", "SAP-10")
def _no_filter() -> Patch:
    def change(_: SeccSession, request: Any, response: Any) -> Any:
        return replaced(response, schema_id=min(request.app_protocol, key=lambda each: each.priority).schema_id)

    return answers("SupportedAppProtocolRes", change)


@mutant("sap-anything", "what is not spoken is agreed to", "SAP-04/*", "SAP-06/*", "SAP-07/*")
def _anything() -> Patch:
    def change(_: SeccSession, request: Any, response: Any) -> Any:
        return replaced(response, response_code=OK, schema_id=request.app_protocol[0].schema_id)

    return answers("SupportedAppProtocolRes", change)


@mutant("sap-any-link", "-20 is offered and chosen without TLS 1.3", "SAP-07/*", "SAP-08/*")
def _any_link() -> Patch:
    return swapped(app, "usable", lambda protocols, link: tuple(protocols))


@mutant("sap-five", "only five offers are read", "SAP-10")
def _five() -> Patch:
    return hears("SupportedAppProtocolReq", lambda _, request: replaced(request, app_protocol=request.app_protocol[:5]))


# --- session setup ---

mutant("session-id-zero", "the SessionID is zero", "SS-01", "SS-03/an id nobody knows")(
    says("SessionSetupRes", header__session_id=bytes(8))
)
mutant("unknown-session-code", "a foreign session is refused by another code", "SS-05/*")(
    lambda: codes({"FAILED_UnknownSession": "FAILED"})
)


@mutant("session-id-counter", "SessionIDs are counted", "SS-04")
def _counter() -> Patch:
    ids = itertools.count(1)

    def change(session: SeccSession, request: Any) -> Any:
        session.random_bytes = lambda length: next(ids).to_bytes(length, "big")
        return request

    return hears("SessionSetupReq", change)


@mutant("session-id-32-bits", "SessionIDs come from 32 bits", "SS-04")
def _few_bits() -> Patch:
    def change(session: SeccSession, request: Any) -> Any:
        regular = session.random_bytes
        session.random_bytes = lambda length: bytes(length - 4) + regular(4)
        return request

    return hears("SessionSetupReq", change)


@mutant("joins-anything", "whatever session is asked for is joined", "SS-03/*")
def _joins() -> Patch:
    def change(_: SeccSession, request: Any, response: Any) -> Any:
        if not any(request.header.session_id):
            return response
        joined = ResponseCode.OK_OldSessionJoined
        return replaced(response, header__session_id=request.header.session_id, response_code=joined)

    return answers("SessionSetupRes", change)


@mutant("foreign-session", "requests of other sessions are taken", "SS-05/*")
def _foreign() -> Patch:
    receive = SeccSession.receive

    def wrong(self: SeccSession, message: Any, now: float, *rest: Any) -> Any:
        if hasattr(message, "header") and any(self.session_id):
            message = replaced(message, header__session_id=self.session_id)
        return receive(self, message, now, *rest)

    return swapped(SeccSession, "receive", wrong)


# --- authorization ---

mutant("eim-with-challenge", "a challenge though contracts are not offered", "AU-01")(
    says(
        "AuthorizationSetupRes", pnc_as_res_authorization_mode=auth.PnC_ASResAuthorizationMode(gen_challenge=bytes(16))
    )
)
mutant("eim-for-ever", "an authorization may take for ever", "AU-10")(limit(Timer.SECC_ONGOING_EIM, 10.0))
mutant("eim-impatient", "an authorization may take hardly any time", "AU-10")(limit(Timer.SECC_ONGOING_EIM, 0.1))


@mutant("everybody-authorized", "nobody is asked who may charge", "AU-05", "AU-06", "AU-06/*", "AU-10")
def _authorized() -> Patch:
    return swapped(SimpleCharger, "authorization", lambda self, now: Authorization.ACCEPTED)


@mutant("warnings-are-failures", "a warning of AuthorizationRes is FAILED", "AU-04", "AU-06")
def _warnings() -> Patch:
    def change(_: SeccSession, __: Any, response: Any) -> Any:
        warned = response.response_code.value.startswith("WARNING")
        return replaced(response, response_code=ResponseCode.FAILED) if warned else response

    return answers("AuthorizationRes", change)


@mutant("refused-but-ongoing", "a refusal is told with Ongoing", "AU-06")
def _ongoing() -> Patch:
    def change(_: SeccSession, __: Any, response: Any) -> Any:
        warned = response.response_code.value.startswith("WARNING")
        return replaced(response, evse_processing=Processing.Ongoing) if warned else response

    return answers("AuthorizationRes", change)


# --- services ---


@mutant("every-namespace", "services of other namespaces are offered", "SV-01/DC", "SV-01/AC")
def _every_namespace() -> Patch:
    def change(_: SeccSession, __: Any, response: Any) -> Any:
        more = tuple(Service(service_id=each, free_service=False) for each in (1, 2))
        services = response.energy_transfer_service_list.service
        return replaced(response, energy_transfer_service_list__service=services[:2] + more)

    return answers("ServiceDiscoveryRes", change)


@mutant("one-service", "only one service is offered", "SV-01/DC", "SV-01/AC")
def _one_service() -> Patch:
    def change(_: SeccSession, __: Any, response: Any) -> Any:
        services = response.energy_transfer_service_list.service
        return replaced(response, energy_transfer_service_list__service=services[:1])

    return answers("ServiceDiscoveryRes", change)


@mutant("back-end-ignored", "services are offered that the back end forbids", "SV-01/as the back end allows")
def _back_end() -> Patch:
    return swapped(SimpleCharger, "energy_services", lambda self, now: (6, 2, 5, 1))


@mutant("filtered-energy", "a list of ids hides energy services", "SV-03")
def _filtered() -> Patch:
    def change(_: SeccSession, request: Any, response: Any) -> Any:
        if request.supported_service_ids is None:
            return response
        services = response.energy_transfer_service_list.service
        kept = tuple(each for each in services if each.service_id in request.supported_service_ids.service_id)
        return replaced(response, energy_transfer_service_list__service=kept)

    return answers("ServiceDiscoveryRes", change)


@mutant("no-list", "a list of ids is refused", "SV-02", "SV-03")
def _no_list() -> Patch:
    def change(_: SeccSession, request: Any, response: Any) -> Any:
        code = ResponseCode.OK if request.supported_service_ids is None else ResponseCode.FAILED
        return replaced(response, response_code=code)

    return answers("ServiceDiscoveryRes", change)


@mutant("stamps-of-today", "time stamps that are not the station's are refused", "SS-07/SECC/*")
def _stamps() -> Patch:
    receive = SeccSession.receive

    def wrong(self: SeccSession, message: Any, now: float, *rest: Any) -> Any:
        header = getattr(message, "header", None)
        if header is not None and abs(header.time_stamp - 1_800_000_000) > 86_400:
            return self.reject(FramingError("an impossible time"), now)
        return receive(self, message, now, *rest)

    return swapped(SeccSession, "receive", wrong)


def offered_sets(change: Any) -> Patch:
    """Every parameter set that is offered goes through ``change`` (None leaves it out)."""

    def wrong(_: SeccSession, __: Any, response: Any) -> Any:
        if response.response_code.value.startswith("FAILED"):
            return response
        sets = tuple(filter(None, map(change, response.service_parameter_list.parameter_set)))
        return replaced(response, service_parameter_list__parameter_set=sets)

    return answers("ServiceDetailRes", wrong)


def _mode(parameter_set: Any) -> Any:
    return next(each.int_value for each in parameter_set.parameter if each.name == "ControlMode")


def changed_parameter(parameter_set: Any, name: str, value: int | None) -> Any:
    kept = [each for each in parameter_set.parameter if each.name != name]
    if value is not None:
        kept.append(Parameter(name=name, int_value=value))
    return replaced(parameter_set, parameter=tuple(kept))


@mutant("no-generator-mode", "GeneratorMode is left out", "SV-04", "SV-05")
def _no_generator_mode() -> Patch:
    return offered_sets(lambda each: changed_parameter(each, "GeneratorMode", None))


@mutant("no-pricing", "Pricing is left out", "SV-04", "SV-05", "SV-05/*")
def _no_pricing() -> Patch:
    return offered_sets(lambda each: changed_parameter(each, "Pricing", None))


@mutant("dynamic-only", "Scheduled control is not offered", "SV-07/*")
def _dynamic_only() -> Patch:
    return offered_sets(lambda each: each if _mode(each) == 2 else None)


@mutant("needs-by-station-scheduled", "mobility needs by the station with Scheduled control", "SV-08/*")
def _needs_by_station() -> Patch:
    return offered_sets(lambda each: changed_parameter(each, "MobilityNeedsMode", 2))


@mutant("any-detail", "details of services that were not offered", "SV-06/*")
def _any_detail() -> Patch:
    return hears("ServiceDetailReq", lambda _, request: replaced(request, service_id=6))


@mutant("any-set", "any parameter set can be selected", "SV-09")
def _any_set() -> Patch:
    return hears(
        "ServiceSelectionReq",
        lambda _, request: replaced(request, selected_energy_transfer_service__parameter_set_id=1),
    )


@mutant("never-detailed", "services can be selected whose details nobody asked for", "SV-10")
def _never_detailed() -> Patch:
    def change(session: SeccSession, request: Any) -> Any:
        session.context.detailed_services |= set(session.context.offered_services)
        return request

    return hears("ServiceSelectionReq", change)


@mutant("any-energy-service", "anything counts as an energy service", "SV-11/*")
def _any_energy_service() -> Patch:
    def change(session: SeccSession, request: Any) -> Any:
        known = session.context.offered_services[0]
        session.context.detailed_services.add(known)
        return replaced(
            request,
            selected_energy_transfer_service__service_id=known,
            selected_energy_transfer_service__parameter_set_id=1,
        )

    return hears("ServiceSelectionReq", change)


@mutant("any-vas", "any value-added service can be selected", "SV-12/unknown", "SV-12/Internet", "SV-12/offered, but*")
def _any_vas() -> Patch:
    return hears("ServiceSelectionReq", lambda _, request: replaced(request, selected_vas_list=None))


@mutant("no-vas", "no value-added service can be selected", "SV-12/offered")
def _no_vas() -> Patch:
    def change(_: SeccSession, request: Any) -> Any:
        if request.selected_vas_list is None:
            return request
        wrong = tuple(replaced(each, parameter_set_id=999) for each in request.selected_vas_list.selected_service)
        return replaced(request, selected_vas_list__selected_service=wrong)

    return hears("ServiceSelectionReq", change)


@mutant(
    "vas-not-filtered", "a list of ids does not filter value-added services", "SV-02/value-added services are filtered"
)
def _not_filtered() -> Patch:
    return hears("ServiceDiscoveryReq", lambda _, request: replaced(request, supported_service_ids=None))


@mutant("vas-hidden", "value-added services are not told", "SV-02/value-added services are filtered", "SV-12/offered*")
def _hidden() -> Patch:
    return says("ServiceDiscoveryRes", vas_list=None)()
