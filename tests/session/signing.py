"""A car and a station that share a secret: signatures that really sign, until there are contract keys."""

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

KEY = b"shared by the two of them"
KEYSET = "CommonMessages"


def signed(element: Record, key: bytes, uri: str | None = None) -> Signature:
    """A signature over one element with an Id."""
    form = next(signed_forms(element, KEYSET))
    reference = Reference(
        digest_method=DigestMethod(algorithm="http://www.w3.org/2001/04/xmlenc#sha512"),
        digest_value=hashlib.sha512(form.octets).digest(),
        uri=uri or f"#{getattr(element, 'id')}",  # noqa: B009
    )
    info = SignedInfo(
        canonicalization_method=CanonicalizationMethod(algorithm="http://www.w3.org/TR/canonical-exi/"),
        signature_method=SignatureMethod(algorithm="urn:test:hmac-sha512"),
        reference=(reference,),
    )
    return Signature(signed_info=info, signature_value=SignatureValue(value=_mac(info, key)))


def _mac(info: SignedInfo, key: bytes) -> bytes:
    return hmac.digest(key, exi.encode(info, "xmldsig", "fragment"), "sha512")


class KeyCharger(SimpleCharger):
    """Checks signatures, at once or when it has been told that it may."""

    check_ready = True
    checked = 0

    def metering_signature(self, request: MeteringConfirmationReq, now: float) -> SignatureCheck:
        """Digest, then signature."""
        self.checked += 1
        if not self.check_ready:
            return SignatureCheck.PENDING
        data, signature = request.signed_metering_data, request.header.signature
        assert signature is not None
        info = signature.signed_info
        digest_fits = digest_form(data, KEYSET, info.reference[0].digest_value, "sha512") is not None
        value_fits = hmac.compare_digest(_mac(info, KEY), signature.signature_value.value)
        return SignatureCheck.VALID if digest_fits and value_fits else SignatureCheck.INVALID


class KeyVehicle(SimpleVehicle):
    """Signs with its key, if it has one."""

    key: bytes | None = None
    asked = 0

    def sign(self, element: Record, now: float) -> Signature | None:
        """Sign."""
        self.asked += 1
        return None if self.key is None else signed(element, self.key)
