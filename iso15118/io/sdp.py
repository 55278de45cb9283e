"""SDP over UDP: how a car finds the station, by multicast on a named interface or by unicast where there is none."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import cast

from iso15118.errors import LocalError
from iso15118.io.clock import Clock
from iso15118.io.tcp import address
from iso15118.sdp import MULTICAST_ADDRESS, PORT, SdpClient, SdpResponse, SdpServer, Security

__all__ = ["Responder", "discover", "link_local", "open_responder"]

_IF_INET6 = Path("/proc/net/if_inet6")
_LINK_SCOPE = "20"


def link_local(interface: str) -> str:
    """The link-local address of a network interface, with its zone (``fe80::1%eth0``).

    Raises:
        LocalError: There is no such interface, it has no link-local address, or the system can't tell (not Linux).
    """
    try:
        rows = [line.split() for line in _IF_INET6.read_text(encoding="ascii").splitlines()]
    except OSError:
        raise LocalError(f"{_IF_INET6} can't be read: give the address (fe80::...%{interface}) instead") from None
    for row in rows:
        if row[5] == interface and row[3] == _LINK_SCOPE:
            return f"{ipaddress.IPv6Address(bytes.fromhex(row[0]))}%{interface}"
    raise LocalError(f"interface {interface!r} has no link-local IPv6 address; is it up?")


class Responder(asyncio.DatagramProtocol):
    """The station's side on a socket."""

    def __init__(self, server: SdpServer, clock: Clock, *, interface: int, busy: Callable[[], bool]) -> None:
        self._server = server
        self._clock = clock
        self._interface = interface
        self._busy = busy
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers go through."""
        # No isinstance: asyncio's own datagram transport is none of its DatagramTransport in Python 3.11.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int, int, int]) -> None:
        """Answer a request, unless it came in by another interface or the outlet is taken."""
        if self._transport is None or self._busy() or (self._interface and addr[3] != self._interface):
            return
        answer = self._server.receive(data, self._clock.now())
        if answer is not None:
            self._transport.sendto(answer, addr)


async def open_responder(
    server: SdpServer,
    clock: Clock,
    *,
    host: str,
    port: int = PORT,
    interface: str | None = None,
    busy: Callable[[], bool] = lambda: False,
) -> tuple[asyncio.DatagramTransport, int]:
    """Answer discovery requests; returns the transport to close and the port it got.

    Args:
        server: What is answered.
        clock: For its limits.
        host: Where unicast requests are taken; without an interface the only ones.
        port: UDP port, 0 for any.
        interface: Take multicast requests on this network interface (instead of ``host``).
        busy: No request is answered while it says True.

    Raises:
        LocalError: Bad address or interface, or one that can't be had.
    """
    index = 0 if interface is None else _index(interface)
    where = address(host, port) if interface is None else ("::", port, 0, 0)
    sock = _udp()
    try:
        if interface is not None:
            # Another station on another interface of this machine may want the same port.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            group = socket.inet_pton(socket.AF_INET6, MULTICAST_ADDRESS) + struct.pack("@I", index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
        sock.bind(where)
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Responder(server, clock, interface=index, busy=busy), sock=sock
        )
    except OSError as error:
        sock.close()
        raise LocalError(f"can't answer SDP on [{where[0]}]:{port}: {error.strerror or error}") from None
    return transport, int(sock.getsockname()[1])


class _Seeker(asyncio.DatagramProtocol):
    """The car's side on a socket."""

    def __init__(self, client: SdpClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self.found: asyncio.Future[tuple[SdpResponse, int]] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str, int, int, int]) -> None:
        """Take the first answer that fits, and by which interface it came."""
        response = self._client.receive(data, self._clock.now())
        if response is not None and not self.found.done():
            self.found.set_result((response, addr[3]))


async def discover(
    clock: Clock,
    security: Security,
    *,
    host: str | None = None,
    port: int = PORT,
    interface: str | None = None,
) -> tuple[str, int]:
    """Find a station: host (with its zone, where it needs one) and TCP port.

    Args:
        clock: For the pace of requests.
        security: What to ask for, and to accept.
        host: Ask there, by unicast.
        port: UDP port.
        interface: Ask all stations on this network interface, by multicast.

    Raises:
        LocalError: Not exactly one of ``host`` and ``interface``, or one that does not exist.
        PeerTimeout: Nobody answered.
        SessionError: The station offers another security.
    """
    if (host is None) is (interface is None):
        raise LocalError("SDP asks either one host or all stations on an interface: name one of the two")
    if host is not None:
        where = address(host, port)
    else:
        assert interface is not None
        where = (MULTICAST_ADDRESS, port, 0, _index(interface))
    client = SdpClient(security)
    transport, seeker = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Seeker(client, clock), sock=_udp()
    )
    try:
        datagrams = client.start(clock.now())
        while not seeker.found.done():
            for datagram in datagrams:
                transport.sendto(datagram, where)
            due = client.next_timer()
            await asyncio.wait((seeker.found,), timeout=None if due is None else max(0.0, due - clock.now()))
            if not seeker.found.done():
                datagrams = client.handle_timer(clock.now())
        response, index = seeker.found.result()
    finally:
        transport.close()
    at = response.endpoint.address
    return f"{at}%{index}" if at.is_link_local else str(at), response.endpoint.port


def _index(interface: str) -> int:
    try:
        return socket.if_nametoindex(interface)
    except OSError:
        raise LocalError(f"there is no network interface {interface!r}") from None


def _udp() -> socket.socket:
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return sock
