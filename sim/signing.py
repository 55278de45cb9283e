"""Signatures of a simulated car: they really sign, with a key that car and station share until there are contracts."""

from __future__ import annotations

import hashlib
import hmac

from iso15118 import exi
from iso15118.exi.forms import digest_form, signed_forms
from iso15118.messages.iso20.common.metering import MeteringConfirmationReq
from iso15118.messages.model import Record
from iso15118.messages.xmldsig import (
    CanonicalizationMethod,
    DigestMethod,
    Reference,
    Signature,
    SignatureMethod,
    SignatureValue,
    SignedInfo,
)
from iso15118.session.ports import SignatureCheck, SimpleCharger, SimpleVehicle

__all__ = ["KEY", "SigningCar", "SigningStation"]

KEY = b"a simulated car's key"
"""No secret: whoever reads this may sign as any simulated car."""
_KEYSET = "CommonMessages"


def signed(element: Record, key: bytes) -> Signature:
    """A signature over one element with an Id."""
    octets = next(signed_forms(element, _KEYSET)).octets
    reference = Reference(
        digest_method=DigestMethod(algorithm="http://www.w3.org/2001/04/xmlenc#sha512"),
        digest_value=hashlib.sha512(octets).digest(),
        uri=f"#{getattr(element, 'id')}",  # noqa: B009  (elements that are signed have one)
    )
    info = SignedInfo(
        canonicalization_method=CanonicalizationMethod(algorithm="http://www.w3.org/TR/canonical-exi/"),
        signature_method=SignatureMethod(algorithm="urn:evbpt:sim:hmac-sha512"),
        reference=(reference,),
    )
    return Signature(signed_info=info, signature_value=SignatureValue(value=_mac(info, key)))


def _mac(info: SignedInfo, key: bytes) -> bytes:
    return hmac.digest(key, exi.encode(info, "xmldsig", "fragment"), "sha512")


class SigningCar(SimpleVehicle):
    """Signs with ``key``, unless it has none."""

    key: bytes | None = KEY

    def sign(self, element: Record, now: float) -> Signature | None:
        """At once."""
        return None if self.key is None else signed(element, self.key)


class SigningStation(SimpleCharger):
    """Checks what a ``SigningCar`` has signed."""

    def metering_signature(self, request: MeteringConfirmationReq, now: float) -> SignatureCheck:
        """Digest, then signature."""
        data, signature = request.signed_metering_data, request.header.signature
        if signature is None or not signature.signed_info.reference:
            return SignatureCheck.INVALID
        info = signature.signed_info
        digest_fits = digest_form(data, _KEYSET, info.reference[0].digest_value, "sha512") is not None
        value_fits = hmac.compare_digest(_mac(info, KEY), signature.signature_value.value)
        return SignatureCheck.VALID if digest_fits and value_fits else SignatureCheck.INVALID
