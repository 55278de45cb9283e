"""The driver: one TCP connection, one session, and the waiting in between.

A session says what it wants as actions; this is who carries them out. Bytes go out in one write a frame, without delay;
everything else goes to ``apply``. Nothing is ever half read: bytes reach the endpoint as they arrive, and a cancelled
wait leaves by way of power-off.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import random
import socket
from collections.abc import Callable

from iso15118.errors import LocalError, SessionError
from iso15118.io.clock import Clock
from iso15118.io.endpoint import Endpoint, Transmit
from iso15118.session.actions import Action, Close, Ended, StateChanged
from iso15118.session.core import State

__all__ = [
    "FLUSH_S",
    "MAX_UNSENT",
    "POLL_S",
    "PORTS",
    "Apply",
    "Begin",
    "Connection",
    "address",
    "connect",
    "listen",
    "no_tls",
]

Apply = Callable[[Action, float], object]
"""Takes every action that is not the driver's own, with the session's time; answers at once."""

Begin = Callable[[float], tuple[Endpoint, list[Action | Transmit]]]
"""Makes the endpoint when the connection stands, and says what is to be done first."""

POLL_S = 0.1
"""How often the ports are read besides ``Connection.wake``, s. Ours: an emergency stop that nobody announces takes effect
within it."""

MAX_UNSENT = 1 << 20
"""Bytes that may wait for a peer which does not read; beyond, it counts as lost. Ours."""

FLUSH_S = 1.0
"""How long a closed connection may take to send what was written, s. Ours."""

PORTS = range(49152, 65536)
"""TCP ports of a station: the dynamic ones (RFC 6335). Deployed cars take no other (seen in Josev)."""

_TRIES = 100

CONNECT_S = 5.0
"""How long a connection may take to come up, s. Ours."""


class Connection(asyncio.Protocol):
    """Drives one endpoint over one connection until its session has ended."""

    def __init__(
        self,
        begin: Begin,
        apply: Apply,
        *,
        clock: Clock,
        poll_s: float = POLL_S,
        on_over: Callable[[], object] = lambda: None,
    ) -> None:
        """Wait for the connection; needs a running event loop.

        Args:
            begin: Makes the endpoint.
            apply: Carries out what the session wants.
            clock: The session's time.
            poll_s: How often the ports are read without being told of news, s.
            on_over: Called once, when session and connection are both gone.
        """
        self.clock = clock
        self.endpoint: Endpoint | None = None
        self._begin = begin
        self._apply = apply
        self._poll_s = poll_s
        self._on_over = on_over
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._poller: asyncio.TimerHandle | None = None
        self._flush: asyncio.TimerHandle | None = None
        self._waking = False
        self._ended: Ended | None = None
        self._fault: Exception | None = None
        self._began = False

    # --- for whoever runs it ---

    @property
    def over(self) -> bool:
        """Whether session and connection are both gone."""
        return self._over.done()

    @property
    def began(self) -> bool:
        """Whether the two sides agreed on a protocol: what happened before is no session."""
        return self._began

    @property
    def fault(self) -> Exception | None:
        """What ``apply`` or a port raised, first."""
        return self._fault or (None if self.endpoint is None else self.endpoint.session.fault)

    async def wait(self) -> Ended:
        """How the session ended, once current is off, contactors are open and the connection is closed.

        Cancelling it ends the session first: power off (within the power-off limit), then the connection.

        Raises:
            Exception: What ``apply`` or a port raised; the session was ended safely before.
        """
        cancelled = False
        while not self._over.done():
            try:
                await asyncio.wait((self._over,))
            except asyncio.CancelledError:
                cancelled = True
                self.stop("stopped on our side")
        if cancelled:
            raise asyncio.CancelledError
        fault = self.fault
        if fault is not None:
            raise fault
        assert self._ended is not None
        return self._ended

    def stop(self, reason: str) -> None:
        """End the session now, as if the connection were lost: power off, then close. ``wait`` returns afterwards."""
        if self.endpoint is None:
            self._give_up(Ended(reason, reason))
        elif self._ended is None:
            endpoint = self.endpoint
            self._step(lambda now: endpoint.connection_lost(now, reason))

    def wake(self) -> None:
        """Have the ports read at once: something is new. From another thread by ``loop.call_soon_threadsafe``."""
        if not self._waking:
            self._waking = True
            self._loop.call_soon(self._poll)

    # --- asyncio's side ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the session."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._over.done():
            transport.abort()
            return
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.endpoint, actions = self._begin(self.clock.now())
        except Exception as error:  # noqa: BLE001  (a port of the user's may raise anything)
            self._fault = error
            self._give_up(Ended(str(error), str(error)))
            return
        self._step(lambda _: actions)
        self._poll()

    def data_received(self, data: bytes) -> None:
        """Take bytes as they come."""
        endpoint = self.endpoint
        if endpoint is not None and self._ended is None:
            self._step(lambda now: endpoint.receive_data(data, now))

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone; the session may still need time to switch off."""
        self._transport = None
        if self._flush is not None:
            self._flush.cancel()
        endpoint = self.endpoint
        if endpoint is not None and self._ended is None:
            reason = "the peer closed the connection" if exc is None else f"connection lost: {exc}"
            self._step(lambda now: endpoint.connection_lost(now, reason))
        self._settle()

    # --- one step after the other ---

    def _step(self, call: Callable[[float], list[Action | Transmit]]) -> None:
        now = self.clock.now()
        try:
            actions = call(now)
        except Exception as error:  # noqa: BLE001  (a port of the user's may raise anything)
            self._break(error, now)
        else:
            self._carry_out(actions, now)
            if self.endpoint is not None and self._ended is None:
                now = self.clock.now()
                self._carry_out(self.endpoint.carried_out(now), now)
        self._arm()

    def _carry_out(self, actions: list[Action | Transmit], now: float) -> None:
        broken: Exception | None = None
        for action in actions:
            match action:
                case Transmit(data=data):
                    self._write(data)
                    continue
                case Close():
                    self._close()
                    continue
                case Ended():
                    self._ended = action
                case StateChanged(before=State.SUPPORTED_APP_PROTOCOL.value, after=State.SESSION_SETUP.value):
                    self._began = True
                case _:
                    pass
            try:
                self._apply(action, now)
            except Exception as error:  # noqa: BLE001  (the user's code; what follows must still be tried)
                broken = broken or error
        if broken is not None:
            self._break(broken, now)
        if self._ended is not None:
            self._close()
            self._settle()

    def _write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > MAX_UNSENT:
            self._transport.abort()
            return
        self._transport.write(data)

    def _break(self, error: Exception, now: float) -> None:
        """Our own side is broken: end safely, and let ``wait`` raise it."""
        first, self._fault = self._fault is None, self._fault or error
        if self.endpoint is None:
            return
        if self._ended is not None:
            self._all_off(self.endpoint, now)  # the last word to the hardware may be what failed
            return
        if not first:
            # Broken while ending: the session goes on to its power-off limit and repeats what it wants at every look.
            return
        try:
            actions = self.endpoint.broken(error, now)
        except Exception:  # noqa: BLE001  (the first error is the one to tell)
            self._give_up(Ended(str(error), str(error)))
            return
        self._carry_out(actions, now)

    def _give_up(self, ended: Ended) -> None:
        """Nothing can be asked of the session any more, or there is none: everything off, and the connection goes."""
        if self._ended is None:
            self._ended = ended
            if self.endpoint is not None:
                now = self.clock.now()
                self._all_off(self.endpoint, now)
                self._try(ended, now)
        if self._transport is not None:
            self._transport.abort()
        self._settle()

    def _all_off(self, endpoint: Endpoint, now: float) -> None:
        for output in endpoint.session.outputs_off():
            self._try(output, now)

    def _try(self, action: Action, now: float) -> None:
        with contextlib.suppress(Exception):  # the first error is the one to tell; what follows must still be tried
            self._apply(action, now)

    def _close(self) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.close()
            self._flush = self._loop.call_later(FLUSH_S, transport.abort)

    def _settle(self) -> None:
        """Over when the session has ended and the transport is gone."""
        if self._ended is None:
            return
        for handle in (self._timer, self._poller):
            if handle is not None:
                handle.cancel()
        if self._transport is None and not self._over.done():
            self._over.set_result(None)
            self._on_over()

    # --- waiting ---

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = None if self.endpoint is None or self._ended is not None else self.endpoint.next_timer()
        if due is not None:
            self._timer = self._loop.call_later(max(0.0, due - self.clock.now()), self._due)

    def _due(self) -> None:
        endpoint = self.endpoint
        if endpoint is not None and self._ended is None:
            self._step(endpoint.handle_timer)

    def _poll(self) -> None:
        self._waking = False
        endpoint = self.endpoint
        if endpoint is None or self._ended is not None:
            return
        self._step(endpoint.poll)
        if self._poller is not None:
            self._poller.cancel()
        if self._ended is None:
            self._poller = self._loop.call_later(self._poll_s, self._poll)


def no_tls(switch: str) -> LocalError:
    """The answer to a session without the lab switch, in the words of whoever asks: ``switch`` turns it on."""
    return LocalError(
        f"ISO 15118-20 runs on TLS 1.3, which comes in a later release; a laboratory can ask for plain TCP with {switch}"
    )


# --- sockets ---------------------------------------------------------------------------------------------------------


def address(host: str, port: int) -> tuple[str, int, int, int]:
    """A socket address of a numeric host. Names are not resolved: a charging link has none, and resolving waits.

    Raises:
        LocalError: No IPv6 address, an unknown interface behind ``%``, or an impossible port.
    """
    try:
        parsed = ipaddress.IPv6Address(host)
    except ValueError:
        raise LocalError(f"{host!r} is no IPv6 address; ISO 15118 runs on IPv6 (for example ::1)") from None
    if not 0 <= port <= 0xFFFF:
        raise LocalError(f"port {port} is not in 0 to 65535")
    scope = parsed.scope_id or "0"
    try:
        index = int(scope) if scope.isdecimal() else socket.if_nametoindex(scope)
    except OSError:
        raise LocalError(f"there is no network interface {scope!r}") from None
    return str(parsed).partition("%")[0], port, 0, index


async def connect(connection: Connection, host: str, port: int) -> None:
    """Bring a connection up; from then on it drives itself.

    Raises:
        LocalError: Bad address.
        SessionError: Nobody listens there, or not within ``CONNECT_S``.
    """
    loop = asyncio.get_running_loop()
    where = address(host, port)
    sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        await asyncio.wait_for(loop.sock_connect(sock, where), CONNECT_S)
    except OSError as error:  # TimeoutError is one
        sock.close()
        raise SessionError(f"no station at [{host}]:{port}: {error.strerror or 'no answer'}") from None
    except BaseException:
        sock.close()
        raise
    await loop.create_connection(lambda: connection, sock=sock)


async def listen(make: Callable[[], asyncio.BaseProtocol], host: str, port: int) -> tuple[asyncio.Server, int]:
    """Accept connections; returns the server and the port it got (for port 0 one of ``PORTS``).

    Raises:
        LocalError: Bad address, or one that can't be had.
    """
    where = address(host, port)
    sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(sock, where)
        server = await asyncio.get_running_loop().create_server(make, sock=sock)
    except OSError as error:
        sock.close()
        raise LocalError(f"can't listen on [{host}]:{port}: {error.strerror or error}") from None
    return server, int(sock.getsockname()[1])


def _bind(sock: socket.socket, where: tuple[str, int, int, int]) -> None:
    """Bind; for port 0 to a free one of ``PORTS``, which the system's own choice would often not be."""
    host, port, *rest = where
    if port:
        sock.bind(where)
        return
    for port in random.sample(PORTS, _TRIES):
        try:
            sock.bind((host, port, *rest))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return
    raise OSError(errno.EADDRINUSE, f"none of {_TRIES} ports tried is free")
