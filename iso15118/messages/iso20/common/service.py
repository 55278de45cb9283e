"""Service discovery, detail and selection.

Part of namespace CommonMessages (V2G_CI_CommonMessages.xsd).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from iso15118.messages.iso20.common.xmlns import XMLNS
from iso15118.messages.iso20.types import Name, RationalNumber, V2GRequest, V2GResponse
from iso15118.messages.model import (
    ATTRIBUTE,
    Byte,
    Int,
    Record,
    Short,
    UnsignedShort,
    choice,
    element,
)

ServiceID = UnsignedShort


class ServiceIDList(Record):
    """Up to 16 service ids.

    Source: V2G_CI_CommonMessages.xsd, ``ServiceIDListType``.
    """

    service_id: Annotated[tuple[ServiceID, ...], Meta(min_length=1, max_length=16)] = element("ServiceID")


class Service(Record):
    """One offered service.

    Source: V2G_CI_CommonMessages.xsd, ``ServiceType``.
    """

    service_id: ServiceID = element("ServiceID")
    free_service: bool = element("FreeService")


class ServiceList(Record):
    """Up to 8 offered services.

    Source: V2G_CI_CommonMessages.xsd, ``ServiceListType``.
    """

    service: Annotated[tuple[Service, ...], Meta(min_length=1, max_length=8)] = element("Service")


class SelectedService(Record):
    """A service and one of its parameter sets.

    Source: V2G_CI_CommonMessages.xsd, ``SelectedServiceType``.
    """

    service_id: ServiceID = element("ServiceID")
    parameter_set_id: ServiceID = element("ParameterSetID")


class SelectedServiceList(Record):
    """Up to 16 chosen value-added services.

    Source: V2G_CI_CommonMessages.xsd, ``SelectedServiceListType``.
    """

    selected_service: Annotated[tuple[SelectedService, ...], Meta(min_length=1, max_length=16)] = element(
        "SelectedService"
    )


class Parameter(Record):
    """A named value of one of six types.

    Source: V2G_CI_CommonMessages.xsd, ``ParameterType``.
    """

    bool_value: Annotated[bool | None, choice("Value")] = element("boolValue", default=None)
    byte_value: Annotated[Byte | None, choice("Value")] = element("byteValue", default=None)
    short_value: Annotated[Short | None, choice("Value")] = element("shortValue", default=None)
    int_value: Annotated[Int | None, choice("Value")] = element("intValue", default=None)
    rational_number: Annotated[RationalNumber | None, choice("Value")] = element("rationalNumber", default=None)
    finite_string: Annotated[Name | None, choice("Value")] = element("finiteString", default=None)
    name: Annotated[Name, ATTRIBUTE] = element("Name")


class ParameterSet(Record):
    """Up to 32 parameters under one id.

    Source: V2G_CI_CommonMessages.xsd, ``ParameterSetType``.
    """

    parameter_set_id: ServiceID = element("ParameterSetID")
    parameter: Annotated[tuple[Parameter, ...], Meta(min_length=1, max_length=32)] = element("Parameter")


class ServiceParameterList(Record):
    """Up to 32 parameter sets.

    Source: V2G_CI_CommonMessages.xsd, ``ServiceParameterListType``.
    """

    parameter_set: Annotated[tuple[ParameterSet, ...], Meta(min_length=1, max_length=32)] = element("ParameterSet")


class ServiceDiscoveryReq(V2GRequest):
    """Asks for services; without SupportedServiceIDs for all of them (V2G20-1248).

    Source: V2G_CI_CommonMessages.xsd, ``ServiceDiscoveryReqType``.
    """

    supported_service_ids: ServiceIDList | None = element("SupportedServiceIDs", default=None)


class ServiceDiscoveryRes(V2GResponse):
    """Energy transfer services and value-added services on offer.

    Source: V2G_CI_CommonMessages.xsd, ``ServiceDiscoveryResType``.
    """

    service_renegotiation_supported: bool = element("ServiceRenegotiationSupported")
    energy_transfer_service_list: ServiceList = element("EnergyTransferServiceList")
    vas_list: ServiceList | None = element("VASList", default=None)


class ServiceDetailReq(V2GRequest):
    """Asks for the parameter sets of one service.

    Source: V2G_CI_CommonMessages.xsd, ``ServiceDetailReqType``.
    """

    service_id: ServiceID = element("ServiceID")


class ServiceDetailRes(V2GResponse):
    """Parameter sets of one service.

    Source: V2G_CI_CommonMessages.xsd, ``ServiceDetailResType``.
    """

    service_id: ServiceID = element("ServiceID")
    service_parameter_list: ServiceParameterList = element("ServiceParameterList")


class ServiceSelectionReq(V2GRequest):
    """The chosen service and parameter set, and value-added services.

    Source: V2G_CI_CommonMessages.xsd, ``ServiceSelectionReqType``.
    """

    selected_energy_transfer_service: SelectedService = element("SelectedEnergyTransferService")
    selected_vas_list: SelectedServiceList | None = element("SelectedVASList", default=None)


class ServiceSelectionRes(V2GResponse):
    """Whether the selection holds.

    Source: V2G_CI_CommonMessages.xsd, ``ServiceSelectionResType``.
    """
