"""Is a payload what OCPP 2.1 says it is? The schemas come from the ``ocpp`` distribution, which is never imported.

Validators are compiled on first use and kept: a station speaks a dozen of the ninety actions.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from iso15118.errors import MissingExtra, OcppError

__all__ = ["SEND_ACTIONS", "Kind", "check", "known_actions"]

Kind = Literal["Request", "Response", "Send"]
"""Which payload of an action: of its CALL, of its CALLRESULT, or of a SEND."""

SEND_ACTIONS: frozenset[str] = frozenset({"NotifyPeriodicEventStream"})
"""Actions that travel as SEND, without an answer."""

MAX_ERROR_TEXT = 255
"""Longest errorDescription of OCPP-J, characters."""

_CODES = {
    "Required": "OccurrenceConstraintViolation",
    "MinItems": "OccurrenceConstraintViolation",
    "MaxItems": "OccurrenceConstraintViolation",
    "AdditionalItems": "OccurrenceConstraintViolation",
    "Type": "TypeConstraintViolation",
    "AdditionalProperties": "FormatViolation",
}
"""What the validator found wrong -> OCPP-J error code; anything else is a PropertyConstraintViolation."""


@cache
def _folder() -> Path:
    spec = importlib.util.find_spec("ocpp")  # finding is free, importing costs a third of a second
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place, "v21", "schemas")
        if folder.is_dir():
            return folder
    raise MissingExtra("OCPP 2.1 (its JSON schemas)", "ocpp")


@cache
def known_actions() -> frozenset[str]:
    """Every action of OCPP 2.1.

    Raises:
        MissingExtra: the distribution that holds the schemas is not installed.
    """
    return frozenset(path.stem.removesuffix("Request") for path in _folder().glob("*Request.json")) | SEND_ACTIONS


@cache
def _validator(name: str) -> Callable[[Any], Any]:
    try:
        import jsonschema_rs
    except ImportError as error:
        raise MissingExtra("OCPP 2.1 (its validator)", "ocpp") from error
    schema = msgspec.json.decode((_folder() / f"{name}.json").read_bytes().removeprefix(b"\xef\xbb\xbf"))
    schema.pop("$id", None)  # an id would make the validator look for references elsewhere
    return jsonschema_rs.Draft6Validator(schema, validate_formats=True).iter_errors


def check(action: str, kind: Kind, payload: object) -> None:
    """Return if ``payload`` is a valid one for the action.

    Raises:
        OcppError: it is not; ``code`` is the OCPP-J error code, the text says where and what.
        MissingExtra: schemas or validator are not installed.
    """
    if action not in known_actions():
        raise OcppError("NotImplemented", f"{action[:50]} is no action of OCPP 2.1")
    if (kind == "Send") != (action in SEND_ACTIONS):
        raise OcppError("MessageTypeNotSupported", f"{action} does not travel as {kind}")
    if not isinstance(payload, dict):
        raise OcppError("FormatViolation", f"{action}: a payload is an object")
    for error in _validator(action if kind == "Send" else action + kind)(payload):
        where = "/".join(str(step) for step in error.instance_path)
        code = _CODES.get(type(error.kind).__name__, "PropertyConstraintViolation")
        raise OcppError(code, f"{action}{kind} /{where}: {error.message}"[:MAX_ERROR_TEXT])
