"""The EXI forms under which a peer may have digested what it signed.

A digest is over the fragment of an element, a signature over the fragment of SignedInfo. Where deployed codecs write
these differently, so do digests; whoever verifies has to try the forms.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from iso15118.errors import LocalError
from iso15118.exi.codec import encode
from iso15118.exi.dialect import SCHEMA, Dialect
from iso15118.messages import xmldsig
from iso15118.messages.model import QName

__all__ = ["Form", "digest_form", "signed_forms"]

_END = Dialect(empty_values="end")


class Form(NamedTuple):
    """One way to write an element that is signed."""

    key: str
    """Schema set whose fragment grammar it is written with."""
    dialect: Dialect
    octets: bytes
    """What is digested: the EXI fragment, its header included."""


def signed_forms(value: Any, key: str, element: QName | str | None = None) -> Iterator[Form]:
    """The forms of an element, the likeliest first; those that are the same octets once.

    SignedInfo is written with the grammar of XML signature alone (as Josev and the codecs made by cbexigen for that
    purpose do), or with that of CommonMessages, or with that of the message's own schema set. An empty value is written as a value of length 0 or as an
    end without a value.

    Args:
        value: A Record that a message contains, or SignedInfo.
        key: Schema set of the message.
        element: Name of the element; needed where the class does not tell it.

    Raises:
        CodecError: The value is not valid.
        LocalError: Unknown key.
    """
    keys = ("xmldsig", "CommonMessages", key) if type(value) is xmldsig.SignedInfo else (key,)
    found: set[bytes] = set()
    for each in keys:
        for dialect in (SCHEMA, _END):
            octets = encode(value, each, "fragment", element, dialect)
            if octets not in found:
                found.add(octets)
                yield Form(each, dialect, octets)


def digest_form(value: Any, key: str, digest: bytes, algorithm: str, element: QName | str | None = None) -> Form | None:
    """The form of an element that has this digest; None: it has been changed, or is written in a way we don't know.

    Args:
        value: As for ``signed_forms``.
        key: As for ``signed_forms``.
        digest: DigestValue of the Reference.
        algorithm: ``sha256`` or ``sha512``.
        element: As for ``signed_forms``.

    Raises:
        CodecError: The value is not valid.
        LocalError: Unknown key or algorithm.
    """
    if algorithm not in {"sha256", "sha512"}:
        raise LocalError(f"digest algorithm {algorithm!r}; there are sha256 and sha512")
    for form in signed_forms(value, key, element):
        if hashlib.new(algorithm, form.octets).digest() == digest:
            return form
    return None
