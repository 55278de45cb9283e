"""OCPP over websockets: the only place that waits for a back end or a station.

Both ends are sans-IO objects; this connects them. A station's link never gives up: it reconnects with growing delays and
keeps the station's timers going meanwhile, so that samples are taken and queued. Plain ``ws://`` only; whoever needs TLS
puts it in front.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Protocol

from iso15118.errors import MissingExtra, OcppError
from iso15118.io.clock import Clock

try:
    from websockets.asyncio.client import connect
    from websockets.asyncio.connection import Connection
    from websockets.asyncio.server import Server, ServerConnection, serve
    from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI, NegotiationError
    from websockets.http11 import Request, Response
    from websockets.typing import Subprotocol
except ImportError as error:
    raise MissingExtra("OCPP over websockets", "ocpp") from error

__all__ = ["RECONNECT_S", "SUBPROTOCOL", "BackEnd", "BackEndServer", "Station", "StationLink"]

SUBPROTOCOL = Subprotocol("ocpp2.1")
RECONNECT_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Delay before each attempt to connect after a failure, s; the last one again and again. A connection that held for
longer than the last delay begins anew (project default)."""
OPEN_S = 10.0
"""How long a connection may take to come up, s."""
CLOSE_S = 2.0
"""How long the closing handshake may take, s."""
SEND_S = 30.0
"""How long a frame may wait for a peer that does not read, s; then the connection counts as lost."""
PING_S = 20.0
"""How often a websocket ping is sent, and how long its answer may take, s."""
MAX_CONNECTIONS = 1_000
"""Stations connected to one server."""
_PATH = re.compile(r"/ocpp/([A-Za-z0-9*_=:+|@.\-]{1,48})")
"""Path of a station's connection; its name is an identifierString of at most 48 characters."""


class _Side(Protocol):
    """What a connection drives."""

    def receive(self, text: str, now: float) -> None: ...
    def take_frames(self) -> list[str]: ...
    def next_timer(self) -> float | None: ...
    def handle_timer(self, now: float) -> None: ...


class Station(_Side, Protocol):
    """A station's OCPP logic (``iso15118.ocpp.station.ChargingStation``)."""

    station_id: str
    max_frame_bytes: int

    def connected(self, now: float) -> None: ...
    def disconnected(self, now: float) -> None: ...


class BackEnd(Protocol):
    """A back end for many stations (``sim.csms.Csms``)."""

    max_frame_bytes: int

    def connected(self, station_id: str, now: float) -> None: ...
    def disconnected(self, station_id: str, now: float) -> None: ...
    def receive(self, station_id: str, text: str, now: float) -> None: ...
    def take_frames(self, station_id: str) -> list[str]: ...
    def next_timer(self) -> float | None: ...
    def handle_timer(self, now: float) -> None: ...


def _nothing(*_: object) -> None:
    """Whoever wants to know nothing."""


class StationLink:
    """Keeps a station connected. ``run`` it as a task; cancel that to end."""

    def __init__(
        self,
        station: Station,
        url: str,
        *,
        clock: Clock,
        before_timer: Callable[[float], object] = _nothing,
        changed: Callable[[float], object] = _nothing,
        before_frames: Callable[[float], object] = _nothing,
        reconnect_s: tuple[float, ...] = RECONNECT_S,
    ) -> None:
        """A link that is not running yet.

        Args:
            station: The logic; whoever else tells it something calls ``wake`` afterwards.
            url: Of the back end, without the station's name: ``ws://host:port/ocpp``.
            clock: The station's time.
            before_timer: Called with the time before the station connects or its timers are handled: measure there.
            changed: Called with the time after the back end has said something: poll sessions there.
            before_frames: Called with the time before frames of the station may leave, and after it was told something:
                write there what must survive a restart (``pause_store.keeping_transactions``).
            reconnect_s: Delays before each further attempt, s; at least one.
        """
        self.station, self.clock = station, clock
        self.url = f"{url.rstrip('/')}/{station.station_id}"
        self.connected = asyncio.Event()
        """Set while there is a connection."""
        self._before_timer, self._changed, self._reconnect_s = before_timer, changed, reconnect_s
        self._before_frames = before_frames
        self._news = asyncio.Event()

    def wake(self) -> None:
        """The station has been told something: look for frames and timers anew. Call it from the event loop."""
        self._before_frames(self.clock.now())
        self._news.set()

    async def run(self) -> None:
        """Connect, and again whenever the connection is gone.

        Raises:
            OcppError: the back end does not speak OCPP 2.1; trying again would not teach it.
        """
        failures = 0
        while True:
            with suppress(OSError, TimeoutError, InvalidHandshake, ConnectionClosed):
                began = self.clock.now()
                await self._connection()
                if self.clock.now() - began > self._reconnect_s[-1]:
                    failures = 0
            delay_s = self._reconnect_s[min(failures, len(self._reconnect_s) - 1)]
            failures += 1
            await self._offline(self.clock.now() + delay_s)

    async def _connection(self) -> None:
        try:
            connection = await connect(
                self.url,
                subprotocols=[SUBPROTOCOL],
                max_size=self.station.max_frame_bytes,
                open_timeout=OPEN_S,
                close_timeout=CLOSE_S,
                ping_interval=PING_S,
                ping_timeout=PING_S,
            )
        except InvalidURI as error:
            raise OcppError("ProtocolError", f"{self.url} is no address of a back end") from error
        async with connection:
            if connection.subprotocol != SUBPROTOCOL:
                raise OcppError("ProtocolError", f"{self.url} does not speak {SUBPROTOCOL}")
            self._before_timer(self.clock.now())  # what happened by now happened without a back end
            self.station.connected(self.clock.now())
            self.connected.set()
            try:
                await _drive(
                    connection,
                    self.station,
                    self.clock,
                    self._news,
                    self._before_timer,
                    self._changed,
                    self._before_frames,
                )
            finally:
                self.connected.clear()
                self.station.disconnected(self.clock.now())
                self._before_frames(self.clock.now())
                self._changed(self.clock.now())

    async def _offline(self, until: float) -> None:
        """Let time pass for the station until the next attempt."""
        self._before_timer(self.clock.now())
        while (now := self.clock.now()) < until:
            self._before_frames(now)
            due = self.station.next_timer()
            if due is not None and due <= now:
                self._before_timer(now)
                self.station.handle_timer(now)
                self._changed(now)
                continue
            await _news_or(self._news, min(until, until if due is None else due) - now)


class _OneStation:
    """A back end as one of its stations sees it; news for others wakes their connections."""

    def __init__(self, back_end: BackEnd, station_id: str, wake_all: Callable[[], None]) -> None:
        self._back_end, self._station_id, self._wake_all = back_end, station_id, wake_all

    def receive(self, text: str, now: float) -> None:
        self._back_end.receive(self._station_id, text, now)
        self._wake_all()

    def take_frames(self) -> list[str]:
        return self._back_end.take_frames(self._station_id)

    def next_timer(self) -> float | None:
        return self._back_end.next_timer()

    def handle_timer(self, now: float) -> None:
        self._back_end.handle_timer(now)
        self._wake_all()


class BackEndServer:
    """Lets stations connect to a back end at ``/ocpp/STATION``; a second connection of one replaces its first."""

    def __init__(self, back_end: BackEnd, *, clock: Clock, known: Callable[[str], bool] = lambda _: True) -> None:
        """A server that does not listen yet.

        Args:
            back_end: The logic.
            clock: The back end's time.
            known: Whether a station of this name may connect.
        """
        self.back_end, self.clock = back_end, clock
        self._known = known
        self._live: dict[str, tuple[ServerConnection, asyncio.Event]] = {}
        self._news: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def listen(self, host: str = "::1", port: int = 0) -> AsyncIterator[int]:
        """Listen while the context lasts; gives the port."""
        server: Server = await serve(
            self._serve,
            host,
            port,
            subprotocols=[SUBPROTOCOL],
            select_subprotocol=_select,
            process_request=self._admit,
            max_size=self.back_end.max_frame_bytes,
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
            ping_interval=PING_S,
            ping_timeout=PING_S,
        )
        async with server:
            yield next(iter(server.sockets)).getsockname()[1]

    def wake(self) -> None:
        """The back end has been told something (a stop request, say): look for frames anew."""
        for news in self._news.values():
            news.set()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        match = _PATH.fullmatch(request.path)
        if match is None or not self._known(match[1]):
            return connection.respond(HTTPStatus.NOT_FOUND, "no such station\n")
        if len(self._live) >= MAX_CONNECTIONS and match[1] not in self._live:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "too many stations\n")
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        match = _PATH.fullmatch(connection.request.path)
        assert match is not None  # _admit has seen to it
        station_id = match[1]
        while (other := self._live.get(station_id)) is not None:
            await other[0].close(1000, "replaced by a newer connection")
            await other[1].wait()
        gone, news = asyncio.Event(), asyncio.Event()
        self._live[station_id], self._news[station_id] = (connection, gone), news
        self.back_end.connected(station_id, self.clock.now())
        try:
            with suppress(ConnectionClosed, TimeoutError):
                await _drive(connection, _OneStation(self.back_end, station_id, self.wake), self.clock, news)
        finally:
            del self._live[station_id], self._news[station_id]
            self.back_end.disconnected(station_id, self.clock.now())
            gone.set()


def _select(_connection: ServerConnection, offered: object) -> Subprotocol:
    if isinstance(offered, list | tuple) and SUBPROTOCOL in offered:
        return SUBPROTOCOL
    raise NegotiationError(f"only {SUBPROTOCOL} is spoken here")


async def _news_or(news: asyncio.Event, timeout_s: float | None) -> None:
    """Return at news, or after ``timeout_s`` seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await news.wait()
    news.clear()


async def _drive(
    connection: Connection,
    side: _Side,
    clock: Clock,
    news: asyncio.Event,
    before_timer: Callable[[float], object] = _nothing,
    changed: Callable[[float], object] = _nothing,
    before_frames: Callable[[float], object] = _nothing,
) -> None:
    """Carry frames and keep timers until the connection is gone, which raises ConnectionClosed or TimeoutError."""
    reading = asyncio.create_task(_read(connection, side, clock, news, changed))
    try:
        while not reading.done():
            before_frames(clock.now())
            for text in side.take_frames():
                async with asyncio.timeout(SEND_S):
                    await connection.send(text)
            now, due = clock.now(), side.next_timer()
            if due is not None and due <= now:
                before_timer(now)
                side.handle_timer(now)
                changed(now)
                continue
            await _news_or(news, None if due is None else due - now)
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError, ConnectionClosed):
            await reading
    await connection.wait_closed()


async def _read(
    connection: Connection, side: _Side, clock: Clock, news: asyncio.Event, changed: Callable[[float], object]
) -> None:
    """Hand over every text frame, and wake the other half after each and at the end."""
    try:
        async for message in connection:
            if not isinstance(message, str):
                await connection.close(1003, "OCPP-J is text")
                break
            side.receive(message, clock.now())
            changed(clock.now())
            news.set()
    finally:
        news.set()
