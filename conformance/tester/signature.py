"""Signatures of the right shape, for cases in which whoever checks them is told what to say."""

from __future__ import annotations

from iso15118.messages.xmldsig import (
    CanonicalizationMethod,
    DigestMethod,
    Reference,
    Signature,
    SignatureMethod,
    SignatureValue,
    SignedInfo,
)

__all__ = ["shaped_signature"]


def shaped_signature(element_id: str) -> Signature:
    """A signature over the element with that Id: no key stands behind it."""
    reference = Reference(
        digest_method=DigestMethod(algorithm="http://www.w3.org/2001/04/xmlenc#sha512"),
        digest_value=bytes(64),
        uri=f"#{element_id}",
    )
    info = SignedInfo(
        canonicalization_method=CanonicalizationMethod(algorithm="http://www.w3.org/TR/canonical-exi/"),
        signature_method=SignatureMethod(algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"),
        reference=(reference,),
    )
    return Signature(signed_info=info, signature_value=SignatureValue(value=bytes(132)))
