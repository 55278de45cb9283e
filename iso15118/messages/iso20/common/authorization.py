"""Authorization set-up and authorization, by external means or Plug and Charge.

Part of namespace CommonMessages (V2G_CI_CommonMessages.xsd).
"""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from iso15118.messages.iso20.common.certificate_installation import (
    ContractCertificateChain,
)
from iso15118.messages.iso20.common.xmlns import XMLNS
from iso15118.messages.iso20.types import Name, Processing, V2GRequest, V2GResponse
from iso15118.messages.model import ATTRIBUTE, Identity, Record, choice, element


class Authorization(enum.Enum):
    """Way of authorization: external means (EIM) or Plug and Charge (PnC).

    Source: V2G_CI_CommonMessages.xsd, ``authorizationType``.
    """

    EIM = "EIM"
    PnC = "PnC"


GenChallenge = Annotated[bytes, Meta(min_length=16, max_length=16, title="genChallengeType")]


class SupportedProvidersList(Record):
    """Mobility service providers the station knows.

    Source: V2G_CI_CommonMessages.xsd, ``SupportedProvidersListType``.
    """

    provider_id: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=128)] = element("ProviderID")


class PnC_ASResAuthorizationMode(Record):
    """Challenge for Plug and Charge.

    Source: V2G_CI_CommonMessages.xsd, ``PnC_ASResAuthorizationModeType``.
    """

    gen_challenge: GenChallenge = element("GenChallenge")
    """128 random bits, echoed in AuthorizationReq (V2G20-697, V2G20-2565)."""
    supported_providers: SupportedProvidersList | None = element("SupportedProviders", default=None)


class EIM_ASResAuthorizationMode(Record):
    """Authorization by external means needs nothing.

    Source: V2G_CI_CommonMessages.xsd, ``EIM_ASResAuthorizationModeType``.
    """


class PnC_AReqAuthorizationMode(Record):
    """Contract chain and the echoed challenge; signed.

    Source: V2G_CI_CommonMessages.xsd, ``PnC_AReqAuthorizationModeType``.
    """

    gen_challenge: GenChallenge = element("GenChallenge")
    """128 random bits, echoed in AuthorizationReq (V2G20-697, V2G20-2565)."""
    contract_certificate_chain: ContractCertificateChain = element("ContractCertificateChain")
    id: Annotated[Identity, ATTRIBUTE] = element("Id")


class EIM_AReqAuthorizationMode(Record):
    """Authorization by external means needs nothing.

    Source: V2G_CI_CommonMessages.xsd, ``EIM_AReqAuthorizationModeType``.
    """


class AuthorizationSetupReq(V2GRequest):
    """Asks for the ways of authorization.

    Source: V2G_CI_CommonMessages.xsd, ``AuthorizationSetupReqType``.
    """


class AuthorizationSetupRes(V2GResponse):
    """Ways of authorization the station offers (V2G20-1219, V2G20-1220).

    Source: V2G_CI_CommonMessages.xsd, ``AuthorizationSetupResType``.
    """

    authorization_services: Annotated[tuple[Authorization, ...], Meta(min_length=1, max_length=2)] = element(
        "AuthorizationServices"
    )
    certificate_installation_service: bool = element("CertificateInstallationService")
    eim_as_res_authorization_mode: Annotated[EIM_ASResAuthorizationMode | None, choice("AuthorizationMode")] = element(
        "EIM_ASResAuthorizationMode", default=None
    )
    pnc_as_res_authorization_mode: Annotated[PnC_ASResAuthorizationMode | None, choice("AuthorizationMode")] = element(
        "PnC_ASResAuthorizationMode", default=None
    )


class AuthorizationReq(V2GRequest):
    """The chosen way of authorization; repeated unaltered while Ongoing (V2G20-1582).

    Source: V2G_CI_CommonMessages.xsd, ``AuthorizationReqType``.
    """

    selected_authorization_service: Authorization = element("SelectedAuthorizationService")
    eim_a_req_authorization_mode: Annotated[EIM_AReqAuthorizationMode | None, choice("AuthorizationMode")] = element(
        "EIM_AReqAuthorizationMode", default=None
    )
    pnc_a_req_authorization_mode: Annotated[PnC_AReqAuthorizationMode | None, choice("AuthorizationMode")] = element(
        "PnC_AReqAuthorizationMode", default=None
    )


class AuthorizationRes(V2GResponse):
    """Whether authorization has been decided.

    Source: V2G_CI_CommonMessages.xsd, ``AuthorizationResType``.
    """

    evse_processing: Processing = element("EVSEProcessing")
