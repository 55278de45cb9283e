"""ISO 15118-20 for car and charging station, with power in both directions.

``import iso15118`` costs next to nothing: the parts load when they are first named. Start with ``iso15118.evse`` (a
station in ten lines), ``iso15118.ev`` (a car in ten lines), ``iso15118.exi`` (messages to bytes and back) and
``iso15118.errors`` (the exception tree).
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

__all__ = ["__version__", "errors", "ev", "evse", "exi", "messages", "sdp", "session", "units", "v2gtp"]


def __getattr__(name: str) -> Any:
    """Load a public part on first use (PEP 562)."""
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
