"""What fuzzing has found, each input as small as it was understood; none may come back."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from fuzz.oracle import CHECKS, Numbers


class Found(NamedTuple):
    key: str
    data: str
    """The input, in hexadecimal; the first octet says how the rest is read (``fuzz.oracle``)."""
    what: str


FINDINGS = [
    Found(
        "CommonMessages",
        "00808c0400000000000000000000a036140362480363401001202005d005ca0361403624803634010012020062a00d84",
        "an element that may not stand for a wildcard was refused without its place in the stream",
    ),
]


@pytest.mark.parametrize("found", FINDINGS, ids=lambda found: found.what)
def test_found(found):
    CHECKS[found.key](found.key, bytes.fromhex(found.data), Numbers())
