"""Firmware on a Unix socket: it connects, a station opens (or a car is ready to go), and both speak lines of JSON.

The firmware is the hardware: without it there is no station. Whoever connects opens it, and when the connection goes, or
stays silent for too long while a session runs, the session ends (power off first, then the connection to the car).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from iso15118 import __version__
from iso15118.errors import LocalError
from iso15118.io.tcp import Apply
from iso15118.sidecar import MAX_LINE, Firmware, LineError, line

__all__ = ["SILENCE_S", "serve_ev", "serve_evse"]

SILENCE_S = 2.0
"""Firmware that says nothing for so long while a session runs counts as dead; any line will do, ``{}`` too. Ours."""

MAX_UNREAD = 1 << 20
"""Octets that may wait for firmware which does not read; beyond, it counts as dead. Ours."""


class Station(Protocol):
    """As much of ``iso15118.evse.Station`` as is needed here; open while it is entered."""

    host: str
    port: int
    sdp_port: int | None

    @property
    def busy(self) -> bool: ...

    def wake(self) -> None: ...

    async def __aenter__(self) -> Any: ...

    async def __aexit__(self, *_: object) -> Any: ...


class Car(Protocol):
    """As much of ``iso15118.ev.Car`` as is needed here."""

    async def session(self) -> object: ...

    def wake(self) -> None: ...


class _Work(Protocol):
    """What the firmware's connection drives: a station or a car."""

    def wake(self) -> None: ...

    @property
    def running(self) -> bool: ...

    def command(self, message: dict[str, Any]) -> None: ...


class _Line:
    """One connection of firmware."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silence_s: float) -> None:
        self.reader, self.writer, self.silence_s = reader, writer, silence_s
        self.firmware: Firmware

    def write(self, data: bytes) -> None:
        """Send one line; firmware that does not read is given up."""
        transport = self.writer.transport
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() > MAX_UNREAD:
            transport.abort()
            return
        self.writer.write(data)

    def apply(self, action: Any, now: float) -> None:
        """Carry a session's action to the firmware."""
        self.write(self.firmware.tell(action, now))

    async def drive(self, work: _Work) -> None:
        """Take lines until the firmware is gone, or silent for too long while ``work`` runs."""
        number, clock = 0, asyncio.get_running_loop().time
        heard = clock()
        while True:
            if not work.running:
                heard = clock()
            elif clock() - heard > self.silence_s:
                self.write(line("error", {"line": number, "where": "silence", "what": f"none for {self.silence_s} s"}))
                return
            try:
                async with asyncio.timeout(self.silence_s / 4):
                    data = await self.reader.readline()
            except TimeoutError:
                continue
            except ValueError:  # nobody knows where the next line begins
                what = f"longer than {MAX_LINE} octets: the connection ends"
                self.write(line("error", {"line": number + 1, "where": "line", "what": what}))
                return
            except ConnectionError:
                return
            if not data:
                return
            number, heard = number + 1, clock()
            try:
                message = self.firmware.take(data)
                if "get" in message:
                    self.write(line("state", self.firmware.state(message["get"])))
                work.command(message)
            except LineError as error:
                self.write(self.firmware.refusal(number, error))
            else:
                work.wake()


class _StationWork:
    def __init__(self, station: Station) -> None:
        self._station = station
        self.wake = station.wake

    @property
    def running(self) -> bool:
        return self._station.busy

    def command(self, message: dict[str, Any]) -> None:
        """A station has no commands of its own."""


class _CarWork:
    """Goes to the station when the firmware says so, one session at a time."""

    def __init__(self, car: Car, told: Callable[[bytes], object]) -> None:
        self._car, self._told = car, told
        self._task: asyncio.Task[None] | None = None
        self.wake = car.wake

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    def command(self, message: dict[str, Any]) -> None:
        if "go" not in message:
            return
        if self.running:
            raise LineError("go", "a session runs already")
        self._task = asyncio.create_task(self._session())

    async def _session(self) -> None:
        try:
            await self._car.session()
        except Exception as error:  # noqa: BLE001  (nobody there, or what was set can't be said: the firmware may try again)
            self._told(line("error", {"line": 0, "where": "go", "what": str(error)}))

    async def end(self) -> None:
        """End a session that runs: power off first."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task


async def serve_evse(
    path: str,
    make: Callable[[Any, Apply], Station],
    *,
    silence_s: float = SILENCE_S,
    connections: int | None = None,
    on_open: Callable[[], object] = lambda: None,
) -> None:
    """Be a station for whoever connects to the Unix socket ``path``.

    Args:
        path: Where the socket is made; only the same user may connect.
        make: Makes the station from its ports and ``apply``; called for each connection of firmware.
        silence_s: How long firmware may be silent while a session runs, s.
        connections: End after so many connections of firmware; None: until cancelled.
        on_open: Called once the socket is there.

    Raises:
        LocalError: The socket can't be made, or somebody listens there already.
    """

    @asynccontextmanager
    async def opened(connection: _Line) -> AsyncIterator[_Work]:
        connection.firmware = firmware = Firmware("evse")
        station = make(firmware.ports, connection.apply)
        await station.__aenter__()
        try:
            connection.write(firmware.hello(__version__, silence_s))
            where = {"host": station.host, "port": station.port, "sdp_port": station.sdp_port}
            connection.write(line("listening", where))
            yield _StationWork(station)
        finally:
            try:
                await station.__aexit__()
            except Exception as error:  # noqa: BLE001  (what this firmware has set; the next one finds a station again)
                connection.write(line("error", {"line": 0, "where": "session", "what": str(error)}))

    await _serve(path, opened, silence_s, connections, on_open)


async def serve_ev(
    path: str,
    make: Callable[[Any, Apply], Car],
    *,
    silence_s: float = SILENCE_S,
    connections: int | None = None,
    on_open: Callable[[], object] = lambda: None,
) -> None:
    """Be a car for whoever connects to the Unix socket ``path``; it goes to the station at ``{"go": true}``.

    Arguments and errors as in ``serve_evse``.
    """

    @asynccontextmanager
    async def opened(connection: _Line) -> AsyncIterator[_Work]:
        connection.firmware = firmware = Firmware("ev")
        work = _CarWork(make(firmware.ports, connection.apply), connection.write)
        connection.write(firmware.hello(__version__, silence_s))
        try:
            yield work
        finally:
            await work.end()

    await _serve(path, opened, silence_s, connections, on_open)


_Opened = Callable[[_Line], AbstractAsyncContextManager[_Work]]


async def _serve(
    path: str, opened: _Opened, silence_s: float, connections: int | None, on_open: Callable[[], object]
) -> None:
    served: asyncio.Queue[Exception | None] = asyncio.Queue()
    present: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if present:
            writer.write(line("error", {"line": 0, "where": "socket", "what": "another firmware is connected"}))
            writer.close()
            return
        present.add(task)
        connection, fault = _Line(reader, writer, silence_s), None
        try:
            async with opened(connection) as work:
                await connection.drive(work)
        except Exception as error:  # noqa: BLE001  (whoever serves has to know)
            fault = error
        finally:
            present.discard(task)
            writer.close()
            served.put_nowait(fault)

    server = await asyncio.start_unix_server(connected, sock=_bind(path), limit=MAX_LINE)
    try:
        on_open()
        count = 0
        while connections is None or count < connections:
            fault = await served.get()
            if fault is not None:
                raise fault
            count += 1
    finally:
        server.close()
        for task in tuple(present):
            task.cancel()
        await asyncio.gather(*present, return_exceptions=True)
        _remove(path)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        Path(path).unlink()


def _bind(path: str) -> socket.socket:
    """A Unix socket for its owner alone; one that nobody listens on any more is replaced."""
    if Path(path).is_socket() and not _answers(path):
        _remove(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        sock.bind(path)
    except OSError as error:
        sock.close()
        raise LocalError(f"no socket at {path}: {error.strerror or error}") from None
    finally:
        os.umask(mask)
    return sock


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True
