"""The vectors in tests/data, and those of the whole corpus when EVBPT_VECTORS names its directory."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from iso15118.messages.registry import KEYS

DATA = Path(__file__).parent.parent / "data"
# The wrapper that made the JSON adds a SchemaID the stream does not have.
PHANTOM = {f"AppProtocol-supportedAppProtocolRes-s0-{number}" for number in ("001", "006", "009")}


def load(path: Path) -> list[dict[str, Any]]:
    """Vectors of the keys this version knows."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [vector for vector in map(json.loads, lines) if vector["key"] in KEYS]


def sample() -> list[dict[str, Any]]:
    """The valid streams in tests/data."""
    return [vector for name in ("exi_vectors", "exi_vectors_amd1") for vector in load(DATA / f"{name}.jsonl.gz")]


def signatures() -> list[dict[str, Any]]:
    """Valid streams with every branch of XML signature, which the generated functions leave to the interpreter."""
    return load(DATA / "exi_vectors_sigx.jsonl.gz")


def corpus(name: str) -> list[dict[str, Any]]:
    """A file of the whole corpus; the test is skipped when it is not at hand."""
    directory = os.environ.get("EVBPT_VECTORS")
    if not directory:
        pytest.skip("EVBPT_VECTORS does not name the directory of the whole corpus")
    return load(Path(directory) / f"{name}.jsonl.gz")
