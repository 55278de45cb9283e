"""XML signature, as far as ISO 15118-20 signatures use it (xmldsig-core-schema.xsd, W3C).

Branches no signature of a charging session takes (KeyInfo, Object, wildcards, text in mixed content, ...) count in the
event codes and are refused with a clear error.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from iso15118.messages.model import (
    ATTRIBUTE,
    CONTENT,
    MANY,
    REFUSED,
    WILDCARD,
    AnyURI,
    Base64Binary,
    Identity,
    Integer,
    Record,
    String,
    Xmlns,
    element,
)

XMLNS = Xmlns("http://www.w3.org/2000/09/xmldsig#")


class CanonicalizationMethod(Record):
    """How SignedInfo is made into octets; ISO 15118-20 uses canonical EXI.

    Source: xmldsig-core-schema.xsd, ``CanonicalizationMethodType``.
    """

    mixed = True

    any: Annotated[None, WILDCARD, MANY] = element("*", default=None)
    algorithm: Annotated[AnyURI, ATTRIBUTE] = element("Algorithm")


class SignatureMethod(Record):
    """Algorithm of the signature.

    Source: xmldsig-core-schema.xsd, ``SignatureMethodType``.
    """

    mixed = True

    hmac_output_length: Annotated[None, REFUSED] = element("HMACOutputLength", default=None)
    any: Annotated[None, WILDCARD, MANY] = element("*", default=None)
    algorithm: Annotated[AnyURI, ATTRIBUTE] = element("Algorithm")


class Transform(Record):
    """One step from the referenced element to the digested octets.

    Source: xmldsig-core-schema.xsd, ``TransformType``.
    """

    mixed = True

    x_path: Annotated[None, REFUSED] = element("XPath", default=None)
    any: Annotated[None, WILDCARD, MANY] = element("*", default=None)
    algorithm: Annotated[AnyURI, ATTRIBUTE] = element("Algorithm")


class Transforms(Record):
    """Steps from the referenced element to the digested octets.

    Source: xmldsig-core-schema.xsd, ``TransformsType``.
    """

    transform: Annotated[tuple[Transform, ...], Meta(min_length=1)] = element("Transform")


class DigestMethod(Record):
    """Algorithm of a digest.

    Source: xmldsig-core-schema.xsd, ``DigestMethodType``.
    """

    mixed = True

    any: Annotated[None, WILDCARD, MANY] = element("*", default=None)
    algorithm: Annotated[AnyURI, ATTRIBUTE] = element("Algorithm")


class Reference(Record):
    """One signed element, by its Id, and its digest.

    Source: xmldsig-core-schema.xsd, ``ReferenceType``.
    """

    transforms: Transforms | None = element("Transforms", default=None)
    digest_method: DigestMethod = element("DigestMethod")
    digest_value: Base64Binary = element("DigestValue")
    id: Annotated[Identity | None, ATTRIBUTE] = element("Id", default=None)
    uri: Annotated[AnyURI | None, ATTRIBUTE] = element("URI", default=None)
    """``#`` and the Id of the signed element."""
    type: Annotated[AnyURI | None, ATTRIBUTE] = element("Type", default=None)


class SignedInfo(Record):
    """What the signature value signs.

    Source: xmldsig-core-schema.xsd, ``SignedInfoType``.
    """

    canonicalization_method: CanonicalizationMethod = element("CanonicalizationMethod")
    signature_method: SignatureMethod = element("SignatureMethod")
    reference: Annotated[tuple[Reference, ...], Meta(min_length=1)] = element("Reference")
    id: Annotated[Identity | None, ATTRIBUTE] = element("Id", default=None)


class SignatureValue(Record):
    """The signature: raw r and s for ECDSA.

    Source: xmldsig-core-schema.xsd, ``SignatureValueType``.
    """

    value: Annotated[Base64Binary, CONTENT] = element("value")
    id: Annotated[Identity | None, ATTRIBUTE] = element("Id", default=None)


class Signature(Record):
    """XML signature over parts of a message's body.

    Source: xmldsig-core-schema.xsd, ``SignatureType``.
    """

    signed_info: SignedInfo = element("SignedInfo")
    signature_value: SignatureValue = element("SignatureValue")
    key_info: Annotated[None, REFUSED] = element("KeyInfo", default=None)
    object: Annotated[None, REFUSED, MANY] = element("Object", default=None)
    id: Annotated[Identity | None, ATTRIBUTE] = element("Id", default=None)


class X509IssuerSerial(Record):
    """A certificate by its issuer and serial number.

    Source: xmldsig-core-schema.xsd, ``X509IssuerSerialType``.
    """

    x509_issuer_name: String = element("X509IssuerName")
    x509_serial_number: Integer = element("X509SerialNumber")
