"""Certificate chains and the installation of contract certificates.

Part of namespace CommonMessages (V2G_CI_CommonMessages.xsd).
"""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from iso15118.messages.iso20.common.xmlns import XMLNS
from iso15118.messages.iso20.types import (
    Identifier,
    ListOfRootCertificateIDs,
    Processing,
    V2GRequest,
    V2GResponse,
)
from iso15118.messages.model import (
    ATTRIBUTE,
    Identity,
    Record,
    UnsignedByte,
    choice,
    element,
)

Certificate = Annotated[bytes, Meta(max_length=1600, title="certificateType")]


class SubCertificates(Record):
    """Up to 3 sub-CA certificates.

    Source: V2G_CI_CommonMessages.xsd, ``SubCertificatesType``.
    """

    certificate: Annotated[tuple[Certificate, ...], Meta(min_length=1, max_length=3)] = element("Certificate")


class CertificateChain(Record):
    """A leaf certificate and its sub-CAs.

    Source: V2G_CI_CommonMessages.xsd, ``CertificateChainType``.
    """

    certificate: Certificate = element("Certificate")
    sub_certificates: SubCertificates | None = element("SubCertificates", default=None)


class SignedCertificateChain(Record):
    """A certificate chain that is signed in the message.

    Source: V2G_CI_CommonMessages.xsd, ``SignedCertificateChainType``.
    """

    certificate: Certificate = element("Certificate")
    sub_certificates: SubCertificates | None = element("SubCertificates", default=None)
    id: Annotated[Identity, ATTRIBUTE] = element("Id")


class ContractCertificateChain(Record):
    """A contract certificate and its sub-CAs.

    Source: V2G_CI_CommonMessages.xsd, ``ContractCertificateChainType``.
    """

    certificate: Certificate = element("Certificate")
    sub_certificates: SubCertificates = element("SubCertificates")


class EMAIDList(Record):
    """Up to 8 contract ids.

    Source: V2G_CI_CommonMessages.xsd, ``EMAIDListType``.
    """

    emaid: Annotated[tuple[Identifier, ...], Meta(min_length=1, max_length=8)] = element("EMAID")


class ECDHCurve(enum.Enum):
    """Curve of the key agreement that protects a contract key.

    Source: V2G_CI_CommonMessages.xsd, ``ecdhCurveType``.
    """

    SECP521 = "SECP521"
    X448 = "X448"


DHPublicKey = Annotated[bytes, Meta(min_length=133, max_length=133, title="dhPublicKeyType")]


SECP521_EncryptedPrivateKey = Annotated[
    bytes, Meta(min_length=94, max_length=94, title="secp521_EncryptedPrivateKeyType")
]


X448_EncryptedPrivateKey = Annotated[bytes, Meta(min_length=84, max_length=84, title="x448_EncryptedPrivateKeyType")]


TPM_EncryptedPrivateKey = Annotated[bytes, Meta(min_length=206, max_length=206, title="tpm_EncryptedPrivateKeyType")]


class SignedInstallationData(Record):
    """One contract: chain, key agreement and encrypted private key; signed.

    Source: V2G_CI_CommonMessages.xsd, ``SignedInstallationDataType``.
    """

    contract_certificate_chain: ContractCertificateChain = element("ContractCertificateChain")
    ecdh_curve: ECDHCurve = element("ECDHCurve")
    dh_public_key: DHPublicKey = element("DHPublicKey")
    secp521_encrypted_private_key: Annotated[SECP521_EncryptedPrivateKey | None, choice("EncryptedPrivateKey")] = (
        element("SECP521_EncryptedPrivateKey", default=None)
    )
    x448_encrypted_private_key: Annotated[X448_EncryptedPrivateKey | None, choice("EncryptedPrivateKey")] = element(
        "X448_EncryptedPrivateKey", default=None
    )
    tpm_encrypted_private_key: Annotated[TPM_EncryptedPrivateKey | None, choice("EncryptedPrivateKey")] = element(
        "TPM_EncryptedPrivateKey", default=None
    )
    id: Annotated[Identity, ATTRIBUTE] = element("Id")


class CertificateInstallationReq(V2GRequest):
    """Asks for contract certificates by way of the OEM provisioning certificate.

    Source: V2G_CI_CommonMessages.xsd, ``CertificateInstallationReqType``.
    """

    oem_provisioning_certificate_chain: SignedCertificateChain = element("OEMProvisioningCertificateChain")
    list_of_root_certificate_ids: ListOfRootCertificateIDs = element("ListOfRootCertificateIDs")
    maximum_contract_certificate_chains: UnsignedByte = element("MaximumContractCertificateChains")
    prioritized_emaids: EMAIDList | None = element("PrioritizedEMAIDs", default=None)


class CertificateInstallationRes(V2GResponse):
    """One contract certificate chain with its encrypted private key.

    Source: V2G_CI_CommonMessages.xsd, ``CertificateInstallationResType``.
    """

    evse_processing: Processing = element("EVSEProcessing")
    cps_certificate_chain: CertificateChain = element("CPSCertificateChain")
    signed_installation_data: SignedInstallationData = element("SignedInstallationData")
    remaining_contract_certificate_chains: UnsignedByte = element("RemainingContractCertificateChains")
    """Chains still to be fetched by further requests."""
