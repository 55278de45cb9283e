"""The ports and actions of a session as lines of JSON, for firmware that is not written in Python. Sans-IO.

What firmware knows is the state of ready-made ports (``SimpleCharger``, ``SimpleVehicle``): it sets attributes by name,
at any time, and a session reads them when it needs to (level-triggered). What a session wants comes back as actions. The
messages one by one: docs/reference/sidecar.md, which is made from the same classes.

A line is an object with one member, its kind. Octets are hexadecimal text. JSON has no infinity: it is null.
"""

from __future__ import annotations

import importlib
import math
import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from iso15118.errors import LocalError
from iso15118.session.actions import Action
from iso15118.session.ports import Authorization, SimpleCharger, SimpleVehicle

__all__ = ["MAX_LINE", "PROTOCOL", "Firmware", "LineError", "kind_of", "line", "plain"]

PROTOCOL = 1
"""Number of this protocol; told in ``hello``. Members may be added under the same number, never taken away."""

MAX_LINE = 1 << 16
"""Longest line of firmware, octets. Ours: a schedule of a thousand entries has half as many."""


class LineError(LocalError):
    """A line that can't be used: where in it, and what is wrong. Nothing of it has had an effect."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(where, what)
        self.where, self.what = where, what

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def plain(value: Any) -> Any:
    """``value`` as JSON can hold it: octets as hexadecimal text, infinity as null."""
    return _json_able(msgspec.to_builtins(value, builtin_types=(bytes,)))


def _json_able(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _json_able(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_able(item) for item in value]
    return value


def line(kind: str, body: object, **also: object) -> bytes:
    """One line to the firmware, its newline included."""
    return msgspec.json.encode({kind: plain(body), **also}) + b"\n"


class Firmware:
    """What the firmware at the other end has said so far, and how it is told what a session wants."""

    def __init__(self, side: str) -> None:
        """Nothing is known yet.

        Args:
            side: ``evse`` or ``ev``.
        """
        self.side = side
        self.ports = _charger() if side == "evse" else SimpleVehicle()
        self.desired: dict[str, Any] = {}
        """The latest desired states, by the name of their action."""
        self._types = get_type_hints(type(self.ports))

    # --- from the firmware ---

    def take(self, data: bytes) -> dict[str, Any]:
        """Read one line; ``set`` takes effect at once and whole, or not at all. Returns the commands in it.

        Raises:
            LineError: It is none, or it would set what can't be set.
        """
        try:
            message = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise LineError("line", f"no JSON: {error}") from None
        if not isinstance(message, dict):
            raise LineError("line", 'an object is expected, such as {"set": {"stop": true}}')
        unknown = set(message) - _COMMANDS[self.side]
        if unknown:
            known = ", ".join(sorted(_COMMANDS[self.side]))
            raise LineError("line", f"no command {min(unknown)!r}; there are {known}")
        if "go" in message and (message["go"] is not True or len(message) > 1):
            raise LineError("go", 'it stands alone, as {"go": true}')
        if "get" in message:
            self.state(message["get"])  # complains before anything has an effect
        if "set" in message:
            self._set(message["set"])
        return message

    def state(self, names: object = None) -> dict[str, Any]:
        """What is set, of all names or of those given.

        Raises:
            LineError: A name that there is not.
        """
        if names is None:
            names = list(self._types)
        if not isinstance(names, list):
            raise LineError("get", "a list of names is expected, or null for all")
        return {name: plain(getattr(self.ports, self._known("get", name))) for name in names}

    def _known(self, where: str, name: object) -> str:
        if not isinstance(name, str) or name not in self._types:
            raise LineError(where, f"no {name!r}; there are {', '.join(sorted(self._types))}")
        return name

    def _set(self, changes: object) -> None:
        if not isinstance(changes, dict):
            raise LineError("set", "an object is expected, names to values")
        values = {
            self._known("set", name): self._value(
                f"set.{name}", kind_of(name, self._types[name]), getattr(self.ports, name), value
            )
            for name, value in changes.items()
        }
        for name, value in values.items():
            setattr(self.ports, name, value)

    def _value(self, where: str, kind: Any, present: object, value: Any) -> Any:
        """``value`` in its type; of an object only what is given changes."""
        struct = _struct(kind)
        if struct is not None and isinstance(value, dict):
            for name in value:
                if name not in struct.__struct_fields__:
                    raise LineError(where, f"no {name!r}; there are {', '.join(struct.__struct_fields__)}")
            if isinstance(present, struct):
                value = {**msgspec.structs.asdict(present), **value}
        try:
            return msgspec.convert(_infinite(kind, value), kind)
        except msgspec.ValidationError as error:
            what, _, place = str(error).partition(" - at `$")
            raise LineError(where + place.rstrip("`"), what) from None
        except LocalError as error:
            raise LineError(where, str(error)) from None

    # --- to the firmware ---

    def hello(self, version: str, silence_s: float) -> bytes:
        """The first line of a connection: who speaks, and what is set by default."""
        body = {
            "protocol": PROTOCOL,
            "side": self.side,
            "version": version,
            "silence_s": silence_s,
            "state": self.state(),
        }
        return line("hello", body)

    def tell(self, action: Action, now: float) -> bytes:
        """What a session wants (``do``, a desired state) or reports (``tell``)."""
        name = type(action).__name__
        if not name.startswith("Set"):
            return line("tell", {name: action}, t=round(now, 3))
        self.desired[name] = action
        return line("do", {name: action}, t=round(now, 3))

    def refusal(self, number: int, error: LineError) -> bytes:
        """Why line ``number`` (from 1) had no effect."""
        return line("error", {"line": number, "where": error.where, "what": error.what})


_COMMANDS: Mapping[str, frozenset[str]] = {
    "evse": frozenset({"set", "get"}),
    "ev": frozenset({"set", "get", "go"}),
}


_DER = "iso15118.session.ports.der_"
_LATE = {
    "iec_settings": (f"{_DER}iec", "IecSettings"),
    "iec_car": (f"{_DER}iec", "IecCar"),
    "sae_settings": (f"{_DER}sae", "SaeSettings"),
    "sae_car": (f"{_DER}sae_car", "SaeCar"),
}
"""Attributes whose types are loaded when somebody sets them: few stations talk about inverters at the grid."""


def kind_of(name: str, declared: Any) -> Any:
    """The type of an attribute of the ready-made ports, whole where the declaration only says ``Plain``."""
    if name not in _LATE:
        return declared
    module, kind = _LATE[name]
    return getattr(importlib.import_module(module), kind) | None


def _charger() -> SimpleCharger:
    """A station of which nothing is known must not deliver: nobody is authorized, nothing is plugged in."""
    charger = SimpleCharger()
    charger.authorized = Authorization.PENDING
    charger.pilot_state = "A"
    return charger


def _infinite(kind: Any, value: Any) -> Any:
    """``value`` with infinity where null stands for a number that can't be missing: as it is told, so it can be set."""
    if value is None:
        return math.inf if kind is float else None
    struct = _struct(kind)
    if struct is not None and isinstance(value, dict):
        hints = get_type_hints(struct)
        return {name: _infinite(hints.get(name), item) for name, item in value.items()}
    if get_origin(kind) is tuple and isinstance(value, list | tuple):
        kinds = get_args(kind)
        if kinds[-1] is Ellipsis:
            return [_infinite(kinds[0], item) for item in value]
        return value if len(kinds) != len(value) else [_infinite(k, item) for k, item in zip(kinds, value, strict=True)]
    return value


def _struct(kind: Any) -> type[msgspec.Struct] | None:
    """The struct that ``kind`` is or may be."""
    if get_origin(kind) in (types.UnionType, Union):
        return next((struct for struct in map(_struct, get_args(kind)) if struct is not None), None)
    return kind if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else None
