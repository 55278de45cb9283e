"""Purposes of the catalogue that have no case (yet), and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["NOT_COVERED"]

_NETWORK = "needs a SUT at a network address; the cores begin behind discovery"
_TLS = "needs TLS, which is below the session: follows with certificates"
_CONTRACT = "needs contract certificates: follows with them"

NOT_COVERED: Mapping[str, str] = MappingProxyType(
    {
        **{f"SDP-{number:02}": _NETWORK for number in range(1, 7)},
        "TP-01": _NETWORK,
        **{f"TL-{number:02}": _TLS for number in range(1, 10)},
        "SV-15": "needs an encoder of the other spelling; the codec's own tests read both",
        "ER-06/EVCC": "a car is told strict EXI by a station only; the codec it reads with is that of ER-06/SECC",
        "AU-02": _CONTRACT,
        "AU-08": _CONTRACT,
        "AU-09": _CONTRACT,
        "AU-11": _CONTRACT,
        "AU-12": _CONTRACT,
    }
)
"""Id, or id and side where one side only has no case -> reason."""
