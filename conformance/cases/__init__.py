"""The cases, one file a group of purposes; each file registers its own when it is imported."""

from __future__ import annotations

import importlib

from conformance.case import CASES
from conformance.catalogue import PURPOSES

__all__ = ["load_cases"]

_FILES = (
    "sap",
    "session_setup",
    "authorization",
    "service",
    "parameters",
    "schedule",
    "power_delivery",
    "standby",
    "dc",
    "loop_kinds",
    "charge_loop",
    "metering",
    "stop",
    "timing",
    "errors",
    "octets",
    "choices",
    "life",
    "aside",
    "der",
)


def load_cases() -> None:
    """Import every file; the register then has the catalogue's order."""
    for name in _FILES:
        importlib.import_module(f"{__name__}.{name}")
    order = {id_: position for position, id_ in enumerate(PURPOSES)}
    ordered = sorted(CASES.items(), key=lambda item: order[item[1].purpose.id])
    CASES.clear()
    CASES.update(ordered)
