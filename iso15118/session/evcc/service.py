"""Service discovery, detail and selection at the car."""

from __future__ import annotations

from iso15118.messages.iso20.common.service import (
    SelectedService,
    ServiceDetailReq,
    ServiceDetailRes,
    ServiceDiscoveryReq,
    ServiceDiscoveryRes,
    ServiceSelectionReq,
    ServiceSelectionRes,
)
from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.session.actions import ServiceChosen
from iso15118.session.core import MAX_SERVICE_ROUNDS, PARAMETER_DISCOVERIES, State, Step, parameter_discovery_of
from iso15118.session.evcc.session import EvccSession, Phase, Phases
from iso15118.session.parameter_sets import preferred, service_chosen
from iso15118.session.ports.ac import AcInletPort
from iso15118.session.ports.der import IecInletPort, SaeInletPort
from iso15118.session.services import AC_SERVICES, BIDIRECTIONAL, ControlMode, Offer, ServiceId, read_offer, services_of
from iso15118.session.timers import Timer
from iso15118.session.value_added import spell_selection

__all__ = ["PHASES", "better_service", "chosen", "select", "would_take"]


def compose_discovery(session: EvccSession, now: float) -> ServiceDiscoveryReq:
    """Ask for all services (V2G20-1248)."""
    return ServiceDiscoveryReq(header=session.header(now))


def discovered(session: EvccSession, response: ServiceDiscoveryRes, now: float) -> Step:
    """Line up the offered services the car can use, the preferred one first."""
    if session.wants_to_stop(now):
        return Step(State.SESSION_STOP)
    offered = tuple(service.service_id for service in response.energy_transfer_service_list.service)
    session.context.offered_services = offered
    added = () if response.vas_list is None else response.vas_list.service
    ids = {service.service_id for service in added}
    session.context.value_added = {}
    session.context.value_added_left = [each for each in session.config.value_added_services if each in ids]
    session.context.renegotiation_supported = response.service_renegotiation_supported
    session.context.candidates = _candidates(session, now)
    return _next_candidate(session)


def _candidates(session: EvccSession, now: float) -> list[int]:
    """Services on offer that the car can use now, the preferred one first."""
    usable = _usable(session)
    return [int(s) for s in _wanted(session, now) if s in session.context.offered_services and s in usable]


def _wanted(session: EvccSession, now: float) -> tuple[int, ...]:
    """Services the car wants to use now, the preferred one first."""
    preferred_first = session.vehicle.preferred_services(now)
    return session.config.services if preferred_first is None else preferred_first


def better_service(session: EvccSession, now: float) -> bool:
    """Whether the car would choose another service of those on offer by now, and the station lets it."""
    context = session.context
    others = [each for each in _candidates(session, now) if each not in context.passed_over]
    may = context.renegotiation_supported and context.service_rounds < MAX_SERVICE_ROUNDS
    return may and bool(others) and others[0] != context.service_id


def _usable(session: EvccSession) -> frozenset[ServiceId]:
    """Services whose sessions this car can run, and whose settings it has not rejected."""
    services = services_of(session.context.protocol, der_with_ac=session.config.der_with_ac_protocol)
    if not isinstance(session.vehicle, AcInletPort):
        services -= AC_SERVICES
    if not isinstance(session.vehicle, IecInletPort):
        services -= {ServiceId.AC_DER_IEC}
    if not isinstance(session.vehicle, SaeInletPort):
        services -= {ServiceId.AC_DER_SAE}
    return services - session.context.rejected_services


def _next_candidate(session: EvccSession) -> Step:
    if not session.context.candidates:
        session.context.leave(ChargingSession.Terminate)
        return Step(State.SESSION_STOP)
    session.context.service_id = session.context.asked_service_id = session.context.candidates.pop(0)
    return Step(State.SERVICE_DETAIL)


def compose_detail(session: EvccSession, now: float) -> ServiceDetailReq:
    """Ask for the parameter sets of the service at hand."""
    return ServiceDetailReq(header=session.header(now), service_id=int(session.context.asked_service_id))


def detailed(session: EvccSession, response: ServiceDetailRes, now: float) -> Step:
    """Take the set the car likes best; without a usable one try the next service, with one the value-added services."""
    if session.wants_to_stop(now):
        return Step(State.SESSION_STOP)
    context = session.context
    offers = tuple(read_offer(parameter_set) for parameter_set in response.service_parameter_list.parameter_set)
    if context.asked_service_id == context.service_id:
        offer = _preferred(session, context.service_id, offers, now)
        if offer is None or offer.control_mode is None:
            context.passed_over.add(context.service_id)
            return _next_candidate(session)
        select(session, context.service_id, offer)
    else:
        set_id = session.vehicle.value_added_set(context.asked_service_id, offers, now)
        if set_id is not None:
            context.value_added[context.asked_service_id] = set_id
    if not context.value_added_left:
        return Step(State.SERVICE_SELECTION)
    context.asked_service_id = context.value_added_left.pop(0)
    return Step(State.SERVICE_DETAIL)


def _preferred(session: EvccSession, service_id: int, offers: tuple[Offer, ...], now: float) -> Offer | None:
    """The set of a service that the car likes best; None when it can use none."""
    config = session.config
    if service_id == ServiceId.AC_DER_IEC and isinstance(session.vehicle, IecInletPort):
        functions = session.vehicle.der_iec_car(now).functions
        offers = tuple(each for each in offers if not each.integers.get("DERControlFunctions", 0) & ~functions)
    lines = session.inlet.ac_limits(now).lines if service_id in AC_SERVICES else 0
    return preferred(service_id, offers, config, config.control_modes, lines)


def would_take(session: EvccSession, service_id: int, offer: Offer, now: float) -> bool:
    """Whether the car may still use a service, with a set that it chose before a pause."""
    usable = service_id in _wanted(session, now) and service_id in _usable(session)
    return usable and _preferred(session, service_id, (offer,), now) is not None


def compose_selection(session: EvccSession, now: float) -> ServiceSelectionReq:
    """Select the pair (V2G20-1216), and the value-added services."""
    context = session.context
    selected = SelectedService(
        service_id=context.service_id,
        parameter_set_id=context.offer.parameter_set_id if context.offer else 0,
    )
    return ServiceSelectionReq(
        header=session.header(now),
        selected_energy_transfer_service=selected,
        selected_vas_list=spell_selection(context.value_added, session.emitter_profile),
    )


def selected(session: EvccSession, response: ServiceSelectionRes, now: float) -> Step:
    """The selection holds."""
    if session.wants_to_stop(now):
        return Step(State.SESSION_STOP)
    return Step(parameter_discovery_of(session.service_id), actions=(chosen(session),))


def select(session: EvccSession, service_id: int, offer: Offer) -> None:
    """Take a pair over, with what follows from it."""
    context = session.context
    context.service_id, context.offer = service_id, offer
    context.control_mode = offer.control_mode or ControlMode.SCHEDULED
    context.bidirectional = service_id in BIDIRECTIONAL
    if session.is_ac:
        context.ac_lines, context.ac_voltage_v = offer.ac_lines or 1, offer.nominal_voltage_v


def chosen(session: EvccSession) -> ServiceChosen:
    """The report of what was selected."""
    context = session.context
    assert context.offer is not None  # this is what was selected
    return service_chosen(context.service_id, context.offer, context.value_added)


PHASES: Phases = {
    State.SERVICE_DISCOVERY: Phase(
        compose_discovery, ServiceDiscoveryRes, discovered, frozenset({State.SERVICE_DETAIL, State.SESSION_STOP})
    ),
    State.SERVICE_DETAIL: Phase(
        compose_detail,
        ServiceDetailRes,
        detailed,
        frozenset({State.SERVICE_DETAIL, State.SERVICE_SELECTION, State.SESSION_STOP}),
        Timer.EVCC_MESSAGE_SERVICE_DETAIL,
    ),
    State.SERVICE_SELECTION: Phase(
        compose_selection,
        ServiceSelectionRes,
        selected,
        PARAMETER_DISCOVERIES | {State.SESSION_STOP},
    ),
}
