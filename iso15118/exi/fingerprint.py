"""Which sources the functions of the codec are made from; a compiled module runs with exactly those."""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["fingerprint", "require"]

_SOURCES = ("messages/**/*.py", "exi/*.py")
"""What decides about the functions, below the package; more than that, since nothing may be missing."""


def fingerprint(root: Path = Path(__file__).parents[1]) -> str:
    """Digest of the sources; empty where they are not installed as files."""
    digest = hashlib.sha256()
    for pattern in _SOURCES:
        files = sorted(root.glob(pattern))
        if not files:
            return ""
        for file in files:
            digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def require(made_from: str) -> None:
    """Called by the compiled module as it is loaded, before it looks at any message class.

    Raises:
        ImportError: The sources are others than those it was made from: its codes may be wrong.
    """
    if not made_from or made_from != fingerprint():
        raise ImportError("it was made from other sources")
