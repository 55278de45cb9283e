"""SDP: how a car finds the station on its link, sans-IO.

The car multicasts a request to ``ff02::1`` port 15118, the station answers with its address, port and whether it speaks
TLS there. Loopback delivers no multicast: there the request goes to ``::1`` by unicast, and is answered the same way
(SDP-06).
"""

from __future__ import annotations

import enum
import ipaddress
import struct
from collections import deque
from collections.abc import Collection, Mapping

import msgspec

from iso15118.errors import FramingError, LocalError, PeerTimeout, SessionError
from iso15118.v2gtp import PayloadType, frame_bytes, parse_datagram

__all__ = [
    "MAX_ANSWERS_PER_S",
    "MAX_REQUESTS",
    "MULTICAST_ADDRESS",
    "PORT",
    "RETRY_S",
    "Endpoint",
    "SdpClient",
    "SdpResponse",
    "SdpServer",
    "Security",
    "parse_request",
    "parse_response",
    "request_bytes",
    "response_bytes",
]

PORT = 15118
"""UDP port a station listens on."""

MULTICAST_ADDRESS = "ff02::1"
"""All nodes of the link."""

RETRY_S = 0.25
"""Seconds from one request of the car to its next."""

MAX_REQUESTS = 50
"""Requests a car sends at most, in one discovery."""

MAX_ANSWERS_PER_S = 100
"""Answers a station gives in any one second; ours: room for two dozen cars, and no use as an amplifier."""

_TCP = 0x00
_REQUEST = struct.Struct("!BB")
_RESPONSE = struct.Struct("!16sHBB")


class Security(enum.IntEnum):
    """What runs on the TCP connection. ISO 15118-20 proper runs on TLS only."""

    TLS = 0x00
    NONE = 0x10

    def __str__(self) -> str:
        return "TLS" if self is Security.TLS else "plain TCP"


class Endpoint(msgspec.Struct, frozen=True):
    """Where a station listens."""

    address: ipaddress.IPv6Address
    """Link-local on a real link; its zone is that of the interface the answer leaves by."""
    port: int
    """TCP port, 1 to 65535."""


class SdpResponse(msgspec.Struct, frozen=True):
    """A station's answer."""

    endpoint: Endpoint
    security: Security


def request_bytes(security: Security) -> bytes:
    """A car's request, as a datagram."""
    return frame_bytes(PayloadType.SDP_REQUEST, _REQUEST.pack(security, _TCP))


def parse_request(datagram: bytes) -> Security:
    """What the car asks for.

    Raises:
        FramingError: The datagram is no SDP request for TCP. A station ignores it (TP-01).
    """
    payload = _payload(datagram, PayloadType.SDP_REQUEST, _REQUEST.size)
    security, transport = _REQUEST.unpack(payload)
    return _security(security, transport)


def response_bytes(response: SdpResponse) -> bytes:
    """A station's answer, as a datagram.

    Raises:
        LocalError: The endpoint is not one a car could connect to.
    """
    endpoint = response.endpoint
    fault = _fault(endpoint)
    if fault:
        raise LocalError(f"a station can't answer SDP with {fault}")
    payload = _RESPONSE.pack(endpoint.address.packed, endpoint.port, response.security, _TCP)
    return frame_bytes(PayloadType.SDP_RESPONSE, payload)


def parse_response(datagram: bytes) -> SdpResponse:
    """Where the station is.

    Raises:
        FramingError: The datagram is no SDP response, or names an endpoint one can't connect to.
    """
    payload = _payload(datagram, PayloadType.SDP_RESPONSE, _RESPONSE.size)
    packed, port, security, transport = _RESPONSE.unpack(payload)
    endpoint = Endpoint(ipaddress.IPv6Address(packed), port)
    fault = _fault(endpoint)
    if fault:
        raise FramingError(f"SDP response with {fault}")
    return SdpResponse(endpoint, _security(security, transport))


class SdpClient:
    """The car's side: ask, ask again, take the first fitting answer.

    Send what ``start`` and ``handle_timer`` return, call ``handle_timer`` when ``next_timer`` is due, pass every datagram
    to ``receive``; done when that returns an answer. Anyone on the link can send a datagram, so one that is no answer, or
    offers a security that was not accepted, is passed over and the search goes on.

    Args:
        security: What to ask for.
        accept: What to take; by default only what was asked for. A car that takes ``Security.NONE`` from a station
            without TLS must not offer ISO 15118-20 there (SDP-03).
    """

    def __init__(self, security: Security = Security.TLS, accept: Collection[Security] | None = None) -> None:
        self.security = security
        self.accept = frozenset({security} if accept is None else accept)
        self.sent = 0
        """Requests sent so far."""
        self.response: SdpResponse | None = None
        """The answer taken; the first one stays."""
        self._refused: SdpResponse | None = None
        self._deadline: float | None = None

    def start(self, now: float) -> list[bytes]:
        """Begin a search; ``now`` in seconds on the caller's monotonic clock, here as everywhere below."""
        self.sent = 0
        self.response = self._refused = None
        return self._request(now)

    def next_timer(self) -> float | None:
        """When to call ``handle_timer``; None when there is nothing to wait for."""
        return self._deadline

    def handle_timer(self, now: float) -> list[bytes]:
        """Datagrams to send now: a request when one is due, else none.

        Raises:
            PeerTimeout: ``MAX_REQUESTS`` requests, no answer.
            SessionError: Only answers with a security that was not accepted.
        """
        if self._deadline is None or now < self._deadline:
            return []
        if self.sent < MAX_REQUESTS:
            return self._request(now)
        self._deadline = None
        if self._refused is not None:
            raise SessionError(
                f"the station at {self._refused.endpoint.address} offers {self._refused.security}, "
                f"accepted is only {' or '.join(map(str, sorted(self.accept)))}"
            )
        raise PeerTimeout(f"SDP, {self.sent} requests", RETRY_S * self.sent)

    def receive(self, datagram: bytes, now: float) -> SdpResponse | None:
        """The station's answer if ``datagram`` is one that fits, else None."""
        if self._deadline is None:
            return None
        try:
            response = parse_response(datagram)
        except FramingError:
            return None
        if response.security not in self.accept:
            self._refused = response
            return None
        self.response = response
        self._deadline = None
        return response

    def _request(self, now: float) -> list[bytes]:
        self.sent += 1
        self._deadline = now + RETRY_S
        return [request_bytes(self.security)]


class SdpServer:
    """The station's side: one answer a request, up to a limit.

    Args:
        endpoints: Where it listens, by security. A request is answered with what it asks for where that exists, else
            with what exists: the answer tells the car what the station has (SDP-02, SDP-03).
        until: Time, on the clock of ``now``, after which no request is answered any more (SDP-04: the communication
            setup timeout after the link came up); None for never.

    Raises:
        LocalError: No endpoint, or one that a car could not connect to.
    """

    def __init__(self, endpoints: Mapping[Security, Endpoint], until: float | None = None) -> None:
        if not endpoints:
            raise LocalError("an SDP server needs at least one endpoint to announce")
        self._answers = {
            security: response_bytes(SdpResponse(endpoint, security)) for security, endpoint in endpoints.items()
        }
        self.until = until
        self._recent: deque[float] = deque(maxlen=MAX_ANSWERS_PER_S)

    def receive(self, datagram: bytes, now: float) -> bytes | None:
        """The datagram to send back to where ``datagram`` came from, or None: not a request, too late or too many."""
        if self.until is not None and now > self.until:
            return None
        try:
            asked = parse_request(datagram)
        except FramingError:
            return None
        if len(self._recent) == MAX_ANSWERS_PER_S and now - self._recent[0] < 1.0:
            return None
        self._recent.append(now)
        return self._answers[asked] if asked in self._answers else next(iter(self._answers.values()))


def _payload(datagram: bytes, expected: PayloadType, size: int) -> bytes:
    frame = parse_datagram(datagram)
    if frame.payload_type != expected or len(frame.payload) != size:
        raise FramingError(f"{frame} where {expected:#06x} with {size} bytes belongs")
    return frame.payload


def _security(security: int, transport: int) -> Security:
    if transport != _TCP:
        raise FramingError(f"SDP transport {transport:#04x}; only TCP ({_TCP:#04x}) is defined")
    try:
        return Security(security)
    except ValueError:
        raise FramingError(f"SDP security {security:#04x}, neither TLS (0x00) nor none (0x10)") from None


def _fault(endpoint: Endpoint) -> str | None:
    """What keeps a car from connecting to ``endpoint``, in words; None if nothing does."""
    if endpoint.address.is_multicast or endpoint.address.is_unspecified:
        return f"the address {endpoint.address}, which is no single host's"
    if not 0 < endpoint.port <= 0xFFFF:
        return f"port {endpoint.port}, which is not in 1 to 65535"
    return None
