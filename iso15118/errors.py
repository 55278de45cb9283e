"""The exception tree: ours and theirs.

::

    V2GError
    ├── LocalError                 we were used wrongly: configuration, API, a missing extra
    │   └── MissingExtra           an optional part of the distribution is not installed
    └── RemoteError                the peer did something the protocol does not allow; knows its answer
        ├── FramingError           V2GTP or SDP header out of order
        ├── CodecError             EXI, XML or JSON that is no message: path and bit position
        ├── SequenceError          a well-formed message the state does not expect
        ├── SessionError           a wrong session id, a FAILED answer, a refused offer
        ├── PeerTimeout            the peer stayed silent beyond a limit
        └── OcppError              an OCPP frame or payload that is not valid

Any other exception caused by a peer's bytes is a bug of this library.
"""

from __future__ import annotations

__all__ = [
    "CodecError",
    "FramingError",
    "LocalError",
    "MissingExtra",
    "OcppError",
    "PeerTimeout",
    "RemoteError",
    "SequenceError",
    "SessionError",
    "V2GError",
]


class V2GError(Exception):
    """Every error this library raises on purpose."""


class LocalError(V2GError):
    """The caller's mistake: a wrong argument, configuration or order of calls."""


class MissingExtra(LocalError):
    """An optional part is not installed; the text says which ``pip install`` brings it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(what, extra)
        self.what, self.extra = what, extra

    def __str__(self) -> str:
        return f"{self.what} needs an extra: pip install 'evbpt[{self.extra}]'"


class RemoteError(V2GError):
    """The peer did something the protocol does not allow.

    ``response_code`` is the schema literal of the code an SECC answers with; an EVCC ignores it and closes.
    """

    response_code: str = "FAILED"


class FramingError(RemoteError):
    """A V2GTP or SDP header or length that is out of order."""


class CodecError(RemoteError):
    """A payload that is not a message of its schema set, or a message that its schema forbids.

    ``path`` names the element (``DC_ChargeLoopReq/Header/SessionID``), ``bit`` the position in the EXI stream where
    the fault was seen (None when there is no stream: encoding, XML or JSON).
    """

    def __init__(self, reason: str, path: str = "", bit: int | None = None) -> None:
        super().__init__(reason, path, bit)
        self.reason, self.path, self.bit = reason, path, bit

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        at = f" (bit {self.bit})" if self.bit is not None else ""
        return f"{where}{self.reason}{at}"


class SequenceError(RemoteError):
    """A well-formed message that the current state does not expect (V2G20-459)."""

    response_code = "FAILED_SequenceError"

    def __init__(self, received: str, state: str, expected: frozenset[str]) -> None:
        super().__init__(received, state, expected)
        self.received, self.state, self.expected = received, state, expected

    def __str__(self) -> str:
        expected = ", ".join(sorted(self.expected)) or "nothing"
        return f"{self.received} in state {self.state}, which expects {expected}"


class SessionError(RemoteError):
    """The session can't go on: a FAILED answer, a foreign session id, no common protocol or service."""

    def __init__(self, reason: str, response_code: str = "FAILED") -> None:
        super().__init__(reason, response_code)
        self.reason, self.response_code = reason, response_code

    def __str__(self) -> str:
        return self.reason


class PeerTimeout(RemoteError):
    """The peer stayed silent, or kept us waiting, beyond a named limit."""

    def __init__(self, timer: str, limit_s: float) -> None:
        super().__init__(timer, limit_s)
        self.timer, self.limit_s = timer, limit_s

    def __str__(self) -> str:
        return f"{self.timer}: nothing within {self.limit_s:g} s"


class OcppError(RemoteError):
    """An OCPP frame or payload that is not valid; ``code`` is the OCPP-J error code to answer with."""

    def __init__(self, code: str, description: str, details: dict[str, object] | None = None) -> None:
        super().__init__(code, description)
        self.code, self.description, self.details = code, description, details or {}

    def __str__(self) -> str:
        return f"{self.code}: {self.description}"
