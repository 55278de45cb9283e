"""Service discovery, detail and selection at the station."""

from __future__ import annotations

from iso15118.messages.iso20.common.service import (
    ParameterSet,
    Service,
    ServiceDetailReq,
    ServiceDetailRes,
    ServiceDiscoveryReq,
    ServiceDiscoveryRes,
    ServiceList,
    ServiceParameterList,
    ServiceSelectionReq,
    ServiceSelectionRes,
)
from iso15118.session.actions import ServiceChosen
from iso15118.session.core import PARAMETER_DISCOVERIES, State, Step, parameter_discovery_of
from iso15118.session.parameter_sets import parameter_sets, service_chosen
from iso15118.session.ports.ac import AcOutletPort
from iso15118.session.ports.der import IecOutletPort, SaeOutletPort
from iso15118.session.secc.context import SeccContext
from iso15118.session.secc.session import Handlers, Rule, SeccSession
from iso15118.session.services import (
    AC_SERVICES,
    BIDIRECTIONAL,
    ControlMode,
    Offer,
    ServiceId,
    read_offer,
    services_of,
)
from iso15118.session.value_added import service_list, shown, spell_sets

__all__ = ["HANDLERS", "chosen", "offered", "offered_sets", "select"]

MAX_DETAILS = 128
"""ServiceDetail requests of one session: eight for each of the services that the two lists can hold. Ours."""


def _supported(session: SeccSession, now: float) -> frozenset[ServiceId]:
    """Energy services whose sessions this station can run under the protocol of the handshake."""
    services = services_of(session.context.protocol, der_with_ac=session.config.der_with_ac_protocol)
    if not isinstance(session.charger, AcOutletPort):
        return services - AC_SERVICES
    if ServiceId.AC_DER_IEC in services and _der_functions(session, now) is None:
        services -= {ServiceId.AC_DER_IEC}
    return services if isinstance(session.charger, SaeOutletPort) else services - {ServiceId.AC_DER_SAE}


def _der_functions(session: SeccSession, now: float) -> int | None:
    """AC_DER_IEC: bitmap of the functions that are wanted; None while that is not known."""
    settings = session.charger.der_iec(now) if isinstance(session.charger, IecOutletPort) else None
    return None if settings is None else int(settings.functions())


def offered(session: SeccSession, now: float) -> tuple[int, ...]:
    """The energy services that may be offered now."""
    supported = _supported(session, now)
    return tuple(int(s) for s in dict.fromkeys(session.charger.energy_services(now)) if s in supported)


def offered_sets(session: SeccSession, service_id: int, now: float) -> tuple[ParameterSet, ...]:
    """What the outlet offers of a service."""
    if service_id not in AC_SERVICES:
        return parameter_sets(service_id, session.config)
    return parameter_sets(
        service_id,
        session.config,
        lines=session.outlet.ac_limits(now).lines,
        nominal_voltage_v=session.outlet.ac_outlet(now).nominal_voltage_v,
        islanding_name=session.config.islanding_detection_name,
        der_functions=(_der_functions(session, now) or 0) if service_id == ServiceId.AC_DER_IEC else 0,
    )


def service_discovery(session: SeccSession, request: ServiceDiscoveryReq, now: float) -> Step:
    """Offer what the ports allow; SupportedServiceIDs filters value-added services only (V2G20-1249)."""
    services = offered(session, now)
    if not services:
        return session.refuse(request, "FAILED", now)
    added = session.charger.value_added_services(now)
    session.context.offered_services = services
    session.context.offered_value_added = shown(added, request.supported_service_ids, session.emitter_profile)
    response = ServiceDiscoveryRes(
        **session.ok(now=now),
        service_renegotiation_supported=session.config.service_renegotiation,
        energy_transfer_service_list=ServiceList(
            service=tuple(Service(service_id=service_id, free_service=False) for service_id in services)
        ),
        vas_list=service_list(session.context.offered_value_added),
    )
    return Step(State.SERVICE_DETAIL, response)


def service_detail(session: SeccSession, request: ServiceDetailReq, now: float) -> Step:
    """The sets of an offered service; of an energy service in both control modes (V2G20-2656)."""
    context = session.context
    added = {each.service_id: each for each in context.offered_value_added}.get(request.service_id)
    if added is None and request.service_id not in context.offered_services:
        return session.refuse(request, "FAILED_ServiceIDInvalid", now)
    context.detailed_services.add(request.service_id)
    context.details += 1
    if context.details > MAX_DETAILS:
        return session.refuse(request, "FAILED", now)
    sets = spell_sets(added, session.emitter_profile) if added else offered_sets(session, request.service_id, now)
    response = ServiceDetailRes(
        **session.ok(now=now),
        service_id=request.service_id,
        service_parameter_list=ServiceParameterList(parameter_set=sets),
    )
    return Step(State.SERVICE_SELECTION, response)


def service_selection(session: SeccSession, request: ServiceSelectionReq, now: float) -> Step:
    """Accept a pair that was offered and detailed (V2G20-1216, V2G20-433, V2G20-1618)."""
    context = session.context
    selected = request.selected_energy_transfer_service
    if selected.service_id not in context.offered_services:
        return session.refuse(request, "FAILED_NoEnergyTransferServiceSelected", now)
    sets = {s.parameter_set_id: read_offer(s) for s in offered_sets(session, selected.service_id, now)}
    offer = sets.get(selected.parameter_set_id)
    added = _value_added(session, request)
    if offer is None or selected.service_id not in context.detailed_services or added is None:
        return session.refuse(request, "FAILED_ServiceSelectionInvalid", now)
    select(context, selected.service_id, offer)
    context.value_added = added
    return Step(
        parameter_discovery_of(context.service_id),
        ServiceSelectionRes(**session.ok(now=now)),
        actions=(chosen(context),),
    )


def _value_added(session: SeccSession, request: ServiceSelectionReq) -> dict[int, int] | None:
    """The value-added services that are selected, each with its set; None when one was not offered so (V2G20-467)."""
    context = session.context
    added_sets = {
        each.service_id: {one.parameter_set_id for one in spell_sets(each, session.emitter_profile)}
        for each in context.offered_value_added
        if each.service_id in context.detailed_services
    }
    chosen_ = [] if request.selected_vas_list is None else list(request.selected_vas_list.selected_service)
    if any(each.parameter_set_id not in added_sets.get(each.service_id, ()) for each in chosen_):
        return None
    return {each.service_id: each.parameter_set_id for each in chosen_}


def select(context: SeccContext, service_id: int, offer: Offer) -> None:
    """Take a pair over, with what follows from it."""
    context.service_id, context.parameter_set_id = service_id, offer.parameter_set_id
    context.offer = offer
    context.control_mode = offer.control_mode or ControlMode.SCHEDULED
    context.mobility_needs_mode = offer.mobility_needs_mode
    context.bidirectional = service_id in BIDIRECTIONAL
    context.ac_lines = (offer.ac_lines or 0) if service_id in AC_SERVICES else 0


def chosen(context: SeccContext) -> ServiceChosen:
    """The report of what was selected."""
    assert context.offer is not None  # this is what was selected
    return service_chosen(context.service_id, context.offer, context.value_added)


_DETAIL = Rule(service_detail, frozenset({State.SERVICE_SELECTION}))

HANDLERS: Handlers = {
    (State.SERVICE_DISCOVERY, ServiceDiscoveryReq): Rule(service_discovery, frozenset({State.SERVICE_DETAIL})),
    (State.SERVICE_DETAIL, ServiceDetailReq): _DETAIL,
    (State.SERVICE_SELECTION, ServiceDetailReq): _DETAIL,
    (State.SERVICE_SELECTION, ServiceSelectionReq): Rule(service_selection, PARAMETER_DISCOVERIES),
}
