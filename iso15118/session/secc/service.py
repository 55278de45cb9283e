"""Service discovery, detail and selection at the station."""

from __future__ import annotations

from iso15118.messages.iso20.common.service import (
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
from iso15118.session.core import State, Step
from iso15118.session.secc.session import Handlers, Rule, SeccSession
from iso15118.session.services import BIDIRECTIONAL, ControlMode, ServiceId, dc_parameter_sets, read_offer

__all__ = ["HANDLERS"]

MAX_DETAILS = 64
"""ServiceDetail requests of one session: eight for each of the eight services a list can hold. Ours."""

_SUPPORTED = frozenset({ServiceId.DC, ServiceId.DC_BPT})
"""Energy services whose sessions this station can run."""


def service_discovery(session: SeccSession, request: ServiceDiscoveryReq, now: float) -> Step:
    """Offer what the port allows. SupportedServiceIDs filters value-added services only (V2G20-1249): there are none."""
    offered = tuple(int(s) for s in dict.fromkeys(session.charger.energy_services(now)) if s in _SUPPORTED)
    if not offered:
        return session.refuse(request, "FAILED", now)
    session.context.offered_services = offered
    response = ServiceDiscoveryRes(
        **session.ok(now=now),
        service_renegotiation_supported=False,
        energy_transfer_service_list=ServiceList(
            service=tuple(Service(service_id=service_id, free_service=False) for service_id in offered)
        ),
    )
    return Step(State.SERVICE_DETAIL, response)


def service_detail(session: SeccSession, request: ServiceDetailReq, now: float) -> Step:
    """Both control modes of an offered service (V2G20-2656)."""
    if request.service_id not in session.context.offered_services:
        return session.refuse(request, "FAILED_ServiceIDInvalid", now)
    session.context.detailed_services.add(request.service_id)
    session.context.details += 1
    if session.context.details > MAX_DETAILS:
        return session.refuse(request, "FAILED", now)
    response = ServiceDetailRes(
        **session.ok(now=now),
        service_id=request.service_id,
        service_parameter_list=ServiceParameterList(parameter_set=dc_parameter_sets(request.service_id)),
    )
    return Step(State.SERVICE_SELECTION, response)


def service_selection(session: SeccSession, request: ServiceSelectionReq, now: float) -> Step:
    """Accept a pair that was offered and detailed (V2G20-1216, V2G20-433, V2G20-1618)."""
    context = session.context
    selected = request.selected_energy_transfer_service
    if selected.service_id not in context.offered_services:
        return session.refuse(request, "FAILED_NoEnergyTransferServiceSelected", now)
    sets = {s.parameter_set_id: read_offer(s) for s in dc_parameter_sets(selected.service_id)}
    offer = sets.get(selected.parameter_set_id)
    # There are no value-added services: whatever is selected of them was never offered.
    if offer is None or selected.service_id not in context.detailed_services or request.selected_vas_list is not None:
        return session.refuse(request, "FAILED_ServiceSelectionInvalid", now)
    context.service_id, context.parameter_set_id = selected.service_id, selected.parameter_set_id
    context.control_mode = offer.control_mode or ControlMode.SCHEDULED
    context.mobility_needs_mode = offer.mobility_needs_mode
    context.bidirectional = selected.service_id in BIDIRECTIONAL
    chosen = ServiceChosen(
        service_id=context.service_id,
        parameter_set_id=context.parameter_set_id,
        control_mode=context.control_mode,
        mobility_needs_mode=context.mobility_needs_mode,
        bidirectional=context.bidirectional,
    )
    return Step(State.DC_CHARGE_PARAMETER_DISCOVERY, ServiceSelectionRes(**session.ok(now=now)), actions=(chosen,))


_DETAIL = Rule(service_detail, frozenset({State.SERVICE_SELECTION}))

HANDLERS: Handlers = {
    (State.SERVICE_DISCOVERY, ServiceDiscoveryReq): Rule(service_discovery, frozenset({State.SERVICE_DETAIL})),
    (State.SERVICE_DETAIL, ServiceDetailReq): _DETAIL,
    (State.SERVICE_SELECTION, ServiceDetailReq): _DETAIL,
    (State.SERVICE_SELECTION, ServiceSelectionReq): Rule(
        service_selection, frozenset({State.DC_CHARGE_PARAMETER_DISCOVERY})
    ),
}
