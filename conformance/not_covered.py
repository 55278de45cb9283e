"""Purposes of the catalogue that have no case (yet), and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["NOT_COVERED"]

_NETWORK = "needs a SUT at a network address; the cores begin behind discovery"
_TLS = "needs TLS, which is below the session: follows with certificates"
_SOON = "follows with the next step of this work"
_CONTRACT = "needs contract certificates: follows with them"

NOT_COVERED: Mapping[str, str] = MappingProxyType(
    {
        **{f"SDP-{number:02}": _NETWORK for number in range(1, 7)},
        "TP-01": _NETWORK,
        **{f"TL-{number:02}": _TLS for number in range(1, 10)},
        **dict.fromkeys(
            ("TP-02", "TP-03", "TP-04", "TP-05", "TP-06", "SS-02", "SV-15", "PD-01", "PD-02", "PD-07"), _SOON
        ),
        **dict.fromkeys(("CL-14", "CL-16", "ME-04", "MC-01", "MC-02", "SI-01", "SI-02", "SI-03"), _SOON),
        **{f"PR-{number:02}": _SOON for number in range(1, 8)},
        **{f"DE-{number:02}": _SOON for number in range(1, 7)},
        "ER-06/EVCC": _SOON,
        "AU-02": _CONTRACT,
        "AU-08": _CONTRACT,
        "AU-09": _CONTRACT,
        "AU-11": _CONTRACT,
        "AU-12": _CONTRACT,
    }
)
"""Id, or id and side where one side only has no case -> reason."""
