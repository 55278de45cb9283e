"""Value-added services on the wire: lists, parameter sets and selections, for both sides."""

from __future__ import annotations

from collections.abc import Mapping

from iso15118.messages import deployed
from iso15118.messages.iso20.common.service import (
    Parameter,
    ParameterSet,
    SelectedService,
    SelectedServiceList,
    Service,
    ServiceIDList,
    ServiceList,
)
from iso15118.session.emitter import EmitterProfile, longest
from iso15118.session.ports.value_added import ValueAddedService
from iso15118.session.quantities import rational

__all__ = ["service_list", "shown", "spell_selection", "spell_sets"]

_MAX_SERVICES = 8
"""maxOccurs of Service."""
_MAX_SELECTED = 16
"""maxOccurs of SelectedService."""


def shown(
    services: tuple[ValueAddedService, ...], wanted: ServiceIDList | None, profile: EmitterProfile
) -> tuple[ValueAddedService, ...]:
    """Those a car is told of: the ones it supports if it says so (V2G20-1248, V2G20-1249), as many as a list may hold."""
    found = [each for each in services if wanted is None or each.service_id in wanted.service_id]
    return tuple({each.service_id: each for each in reversed(found)}.values())[::-1][: longest(_MAX_SERVICES, profile)]


def service_list(services: tuple[ValueAddedService, ...]) -> ServiceList | None:
    """The list of service discovery; None when there is nothing to tell."""
    if not services:
        return None
    return ServiceList(
        service=tuple(Service(service_id=int(each.service_id), free_service=each.free) for each in services)
    )


def spell_sets(service: ValueAddedService, profile: EmitterProfile) -> tuple[ParameterSet, ...]:
    """Its parameter sets, as many as the emitter profile lets through: which to offer is the station's choice."""
    most = None if profile is EmitterProfile.FULL else deployed.LIST_LIMITS["ParameterSet"]
    return tuple(
        ParameterSet(
            parameter_set_id=set_id, parameter=tuple(_parameter(name, value) for name, value in parameters.items())
        )
        for set_id, parameters in list(service.parameter_sets.items())[:most]
    )


def _parameter(name: str, value: bool | float | str) -> Parameter:
    match value:
        case bool():
            return Parameter(name=name, bool_value=value)
        case int():
            return Parameter(name=name, int_value=int(value))
        case float():
            return Parameter(name=name, rational_number=rational(value, step=-3))
        case str():
            return Parameter(name=name, finite_string=value)


def spell_selection(chosen: Mapping[int, int], profile: EmitterProfile) -> SelectedServiceList | None:
    """Service id to set id as service selection tells it; None when nothing was chosen."""
    pairs = list(chosen.items())[: longest(_MAX_SELECTED, profile)]
    if not pairs:
        return None
    return SelectedServiceList(
        selected_service=tuple(SelectedService(service_id=int(sid), parameter_set_id=set_id) for sid, set_id in pairs)
    )
