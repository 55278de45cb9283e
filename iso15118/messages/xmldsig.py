"""XML signature, the whole of it (xmldsig-core-schema.xsd, W3C).

A signature of ISO 15118-20 takes SignedInfo, References with one Transform, and the value; KeyInfo, Object and what else
the schema offers is here so that nothing a peer may send is lost. Where the schema lets elements repeat in any order, or
text stand between them, a class has ``content``: texts and ``Child`` elements as they came.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from iso15118.messages.model import (
    ATTRIBUTE,
    CONTENT,
    CONTENTS,
    AnyElement,
    AnyURI,
    Base64Binary,
    Child,
    Identity,
    Integer,
    Part,
    Record,
    String,
    Xmlns,
    element,
    one_of,
    sequence,
)

XMLNS = Xmlns("http://www.w3.org/2000/09/xmldsig#")

CryptoBinary = Base64Binary
"""A big-endian number without leading zero octets."""

Contents = Annotated[tuple[Child | str, ...], CONTENTS]


class CanonicalizationMethod(Record):
    """How SignedInfo is made into octets; ISO 15118-20 uses canonical EXI.

    Source: xmldsig-core-schema.xsd, ``CanonicalizationMethodType``.
    """

    mixed = True
    content_model = sequence(AnyElement(other=False, least=0, most=None))

    content: Contents = element("content", default=())
    algorithm: Annotated[AnyURI, ATTRIBUTE] = element("Algorithm")


class SignatureMethod(Record):
    """Algorithm of the signature.

    Source: xmldsig-core-schema.xsd, ``SignatureMethodType``.
    """

    mixed = True
    content_model = sequence(Part("HMACOutputLength", Integer, least=0), AnyElement(other=True, least=0, most=None))

    content: Contents = element("content", default=())
    algorithm: Annotated[AnyURI, ATTRIBUTE] = element("Algorithm")


class Transform(Record):
    """One step from the referenced element to the digested octets.

    Source: xmldsig-core-schema.xsd, ``TransformType``.
    """

    mixed = True
    content_model = one_of(AnyElement(other=True), Part("XPath", String), least=0, most=None)

    content: Contents = element("content", default=())
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
    content_model = sequence(AnyElement(other=True, least=0, most=None))

    content: Contents = element("content", default=())
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


class X509IssuerSerial(Record):
    """A certificate by its issuer and serial number.

    Source: xmldsig-core-schema.xsd, ``X509IssuerSerialType``.
    """

    x509_issuer_name: String = element("X509IssuerName")
    x509_serial_number: Integer = element("X509SerialNumber")


class X509Data(Record):
    """Certificates, and other ways to name one.

    Source: xmldsig-core-schema.xsd, ``X509DataType``.
    """

    content_model = sequence(
        one_of(
            Part("X509IssuerSerial", X509IssuerSerial),
            Part("X509SKI", Base64Binary),
            Part("X509SubjectName", String),
            Part("X509Certificate", Base64Binary),
            Part("X509CRL", Base64Binary),
            AnyElement(other=True),
        ),
        most=None,
    )

    content: Contents = element("content")


class PGPData(Record):
    """A PGP key, by its id, its packet, or both.

    Source: xmldsig-core-schema.xsd, ``PGPDataType``.
    """

    content_model = one_of(
        sequence(
            Part("PGPKeyID", Base64Binary),
            Part("PGPKeyPacket", Base64Binary, least=0),
            AnyElement(other=True, least=0, most=None),
        ),
        sequence(Part("PGPKeyPacket", Base64Binary), AnyElement(other=True, least=0, most=None)),
    )

    content: Contents = element("content")


class SPKIData(Record):
    """Keys of SPKI, as canonical S-expressions.

    Source: xmldsig-core-schema.xsd, ``SPKIDataType``.
    """

    content_model = sequence(Part("SPKISexp", Base64Binary), AnyElement(other=True, least=0), most=None)

    content: Contents = element("content")


class DSAKeyValue(Record):
    """A public DSA key; P and Q belong together, and so do Seed and PgenCounter.

    Source: xmldsig-core-schema.xsd, ``DSAKeyValueType``.
    """

    content_model = sequence(
        sequence(Part("P"), Part("Q"), least=0),
        Part("G", least=0),
        Part("Y"),
        Part("J", least=0),
        sequence(Part("Seed"), Part("PgenCounter"), least=0),
    )

    p: CryptoBinary | None = element("P", default=None)
    q: CryptoBinary | None = element("Q", default=None)
    g: CryptoBinary | None = element("G", default=None)
    y: CryptoBinary = element("Y")
    j: CryptoBinary | None = element("J", default=None)
    seed: CryptoBinary | None = element("Seed", default=None)
    pgen_counter: CryptoBinary | None = element("PgenCounter", default=None)


class RSAKeyValue(Record):
    """A public RSA key.

    Source: xmldsig-core-schema.xsd, ``RSAKeyValueType``.
    """

    modulus: CryptoBinary = element("Modulus")
    exponent: CryptoBinary = element("Exponent")


class KeyValue(Record):
    """A public key, spelled out.

    Source: xmldsig-core-schema.xsd, ``KeyValueType``.
    """

    mixed = True
    content_model = one_of(Part("DSAKeyValue", DSAKeyValue), Part("RSAKeyValue", RSAKeyValue), AnyElement(other=True))

    content: Contents = element("content")


class RetrievalMethod(Record):
    """Where key information is to be found.

    Source: xmldsig-core-schema.xsd, ``RetrievalMethodType``.
    """

    transforms: Transforms | None = element("Transforms", default=None)
    uri: Annotated[AnyURI | None, ATTRIBUTE] = element("URI", default=None)
    type: Annotated[AnyURI | None, ATTRIBUTE] = element("Type", default=None)


class KeyInfo(Record):
    """The key of a signature, in as many ways as the signer likes.

    Source: xmldsig-core-schema.xsd, ``KeyInfoType``.
    """

    mixed = True
    content_model = one_of(
        Part("KeyName", String),
        Part("KeyValue", KeyValue),
        Part("RetrievalMethod", RetrievalMethod),
        Part("X509Data", X509Data),
        Part("PGPData", PGPData),
        Part("SPKIData", SPKIData),
        Part("MgmtData", String),
        AnyElement(other=True),
        most=None,
    )

    content: Contents = element("content")
    id: Annotated[Identity | None, ATTRIBUTE] = element("Id", default=None)


class Object(Record):
    """Anything, carried inside the signature.

    Source: xmldsig-core-schema.xsd, ``ObjectType``.
    """

    mixed = True
    content_model = sequence(AnyElement(other=False), least=0, most=None)

    content: Contents = element("content", default=())
    id: Annotated[Identity | None, ATTRIBUTE] = element("Id", default=None)
    mime_type: Annotated[String | None, ATTRIBUTE] = element("MimeType", default=None)
    encoding: Annotated[AnyURI | None, ATTRIBUTE] = element("Encoding", default=None)


class Signature(Record):
    """XML signature over parts of a message's body.

    Source: xmldsig-core-schema.xsd, ``SignatureType``.
    """

    signed_info: SignedInfo = element("SignedInfo")
    signature_value: SignatureValue = element("SignatureValue")
    key_info: KeyInfo | None = element("KeyInfo", default=None)
    object: tuple[Object, ...] = element("Object", default=())
    id: Annotated[Identity | None, ATTRIBUTE] = element("Id", default=None)


class Manifest(Record):
    """References that whoever uses the signature may check or not.

    Source: xmldsig-core-schema.xsd, ``ManifestType``.
    """

    reference: Annotated[tuple[Reference, ...], Meta(min_length=1)] = element("Reference")
    id: Annotated[Identity | None, ATTRIBUTE] = element("Id", default=None)


class SignatureProperty(Record):
    """Something said about a signature, in elements of other namespaces.

    Source: xmldsig-core-schema.xsd, ``SignaturePropertyType``.
    """

    mixed = True
    content_model = one_of(AnyElement(other=True), most=None)

    content: Contents = element("content")
    target: Annotated[AnyURI, ATTRIBUTE] = element("Target")
    id: Annotated[Identity | None, ATTRIBUTE] = element("Id", default=None)


class SignatureProperties(Record):
    """What is said about a signature.

    Source: xmldsig-core-schema.xsd, ``SignaturePropertiesType``.
    """

    signature_property: Annotated[tuple[SignatureProperty, ...], Meta(min_length=1)] = element("SignatureProperty")
    id: Annotated[Identity | None, ATTRIBUTE] = element("Id", default=None)
