"""A charging station on the network, in a dozen lines: ports and ``apply`` in, sessions out.

::

    from iso15118 import evse

    class Outlet(evse.SimpleCharger):
        def apply(self, action, now): ...    # what the session wants of the hardware
        def reading(self, now): ...          # what the hardware measures

    evse.Station(Outlet(), port=49152, lab_plain_tcp=True).run()

Ports are read whenever a session needs to know, and every tenth of a second besides; ``apply`` gets desired states
(``SetStage``, ``SetContactor``) and reports (``LoopSeen``, ``Ended``, ...). Both answer at once and never wait. One
``Station`` is one outlet; several in one process are several stations in one event loop, each with its own port.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Self

import msgspec

from iso15118.errors import LocalError
from iso15118.io.clock import Clock
from iso15118.io.endpoint import Endpoint, Transmit, warm
from iso15118.io.keeping import keeping
from iso15118.io.sdp import link_local, open_responder
from iso15118.io.tcp import Apply, Connection, listen, no_tls
from iso15118.sdp import Endpoint as SdpEndpoint
from iso15118.sdp import SdpServer, Security
from iso15118.session.actions import (
    Action,
    AuthorizationWanted,
    DerAlarm,
    DerCarTold,
    DerModesTold,
    Ended,
    EnergyFlow,
    EvccIdentified,
    Late,
    LoopSeen,
    MeteringConfirmed,
    NeedsTold,
    PowerProfileChosen,
    ServiceChosen,
    SetAcPower,
    SetConnectorLock,
    SetContactor,
    SetPilotSignal,
    SetStage,
    StageMode,
    StateChanged,
    VehicleChecked,
)
from iso15118.session.app import AC_20, DC_20, Link
from iso15118.session.emitter import EmitterProfile
from iso15118.session.pause import PauseStore
from iso15118.session.ports import (
    AbsolutePrices,
    AcLimits,
    AcOutlet,
    AcOutletPort,
    AcReading,
    AcSupport,
    AdditionalServiceFee,
    Authorization,
    Charger,
    ChargerLimits,
    ChargingNeeds,
    EnergyPrice,
    IsolationState,
    MeterReading,
    MobilityNeeds,
    OfferedSchedule,
    OverstayFee,
    ParkingSpace,
    PriceAlgorithm,
    PriceLevels,
    PriceStack,
    SignatureCheck,
    SimpleCharger,
    StageReading,
    TaxRate,
    ValueAddedService,
)
from iso15118.session.secc import HANDLERS, SIDE_HANDLERS, SeccConfig, SeccSession
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.timers import Limits
from iso15118.trace import Trace

__all__ = [
    "AC_20",
    "AbsolutePrices",
    "AcLimits",
    "AcOutlet",
    "AcOutletPort",
    "AcReading",
    "AcSupport",
    "Action",
    "AdditionalServiceFee",
    "Authorization",
    "AuthorizationWanted",
    "Charger",
    "ChargerLimits",
    "ChargingNeeds",
    "ControlMode",
    "DC_20",
    "DerAlarm",
    "DerCarTold",
    "DerModesTold",
    "EmitterProfile",
    "Ended",
    "EnergyFlow",
    "EnergyPrice",
    "EvccIdentified",
    "IsolationState",
    "Late",
    "LoopSeen",
    "MAX_WAITING",
    "MeterReading",
    "MeteringConfirmed",
    "MobilityNeeds",
    "NeedsTold",
    "OfferedSchedule",
    "OverstayFee",
    "ParkingSpace",
    "PowerProfileChosen",
    "PriceAlgorithm",
    "PriceLevels",
    "PriceStack",
    "SeccConfig",
    "ServiceChosen",
    "ServiceId",
    "SetAcPower",
    "SetConnectorLock",
    "SetContactor",
    "SetPilotSignal",
    "SetStage",
    "SignatureCheck",
    "SimpleCharger",
    "StageMode",
    "StageReading",
    "StateChanged",
    "Station",
    "TaxRate",
    "ValueAddedService",
    "VehicleChecked",
]

MAX_WAITING = 16
"""Sessions that nobody has asked for yet with ``Station.session``; the oldest are forgotten. Ours."""


class Station:
    """One outlet that listens, tells cars where, and runs one session after the other."""

    def __init__(
        self,
        charger: Charger,
        apply: Apply | None = None,
        *,
        host: str | None = None,
        port: int = 0,
        interface: str | None = None,
        sdp_port: int | None = None,
        lab_plain_tcp: bool = False,
        config: SeccConfig | None = None,
        store: PauseStore | None = None,
        timer_profile: str = "standard",
        timers: Mapping[str, float] | None = None,
        trace: Trace | None = None,
        clock: Clock | None = None,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """Set up; nothing is opened yet.

        Args:
            charger: The outlet's ports; start from ``SimpleCharger``.
            apply: ``apply(action, now)`` carries out what the session wants; default: the charger's method of that
                name.
            host: Numeric IPv6 address to listen on; default: the interface's link-local one, else ``::1``.
            port: TCP port; 0 for any free one (``Station.port`` says which).
            interface: Network interface on which cars search by multicast.
            sdp_port: UDP port on which the station can be found; None: it can't be. The standard's is 15118.
            lab_plain_tcp: Run ISO 15118-20 on plain TCP: for laboratories, never on a public charger.
            config: What the outlet is set to.
            store: Where paused sessions are kept (``pause.MemoryStore``, ``io.pause_store.FileStore``); without one none
                can be paused.
            timer_profile: A named set of timers (``iso15118.session.timers.PROFILES``).
            timers: Single timers by name, s.
            trace: Where every message and event goes.
            clock: The session's time; one for all that should share a time.
            random_bytes: Cryptographic randomness.

        Raises:
            LocalError: A wrong option, or no ``lab_plain_tcp``: TLS is not there yet.
        """
        if not lab_plain_tcp:
            raise no_tls("lab_plain_tcp=True")
        self.charger = charger
        self.config = msgspec.structs.replace(config or SeccConfig(), link=Link.LAB_TCP)
        self.limits = Limits(timers, profile=timer_profile)
        self.interface = interface
        self.host = host or ("::1" if interface is None else link_local(interface))
        self.port = port
        """TCP port; the real one once the station is open."""
        self.sdp_port = sdp_port
        """UDP port; the real one once the station is open."""
        self.trace = trace
        self.clock = clock or Clock()
        self._store = store
        self._apply = apply or _apply_of(charger)
        if store is not None:
            self._apply = keeping(store, self._apply)
        self._random_bytes = random_bytes
        self._server: asyncio.Server | None = None
        self._responder: asyncio.DatagramTransport | None = None
        self._connection: Connection | None = None
        self._waiting: deque[Connection] = deque(maxlen=MAX_WAITING)
        self._accepted = asyncio.Event()

    def run(self, sessions: int | None = None) -> list[Ended]:
        """``serve`` without an event loop of one's own."""
        return asyncio.run(self.serve(sessions))

    async def serve(self, sessions: int | None = None) -> list[Ended]:
        """Open, run sessions, close; returns how they ended.

        Args:
            sessions: How many; None: until cancelled, which ends a running session safely (power off first).
        """
        ended: list[Ended] = []
        async with self:
            while sessions is None or len(ended) < sessions:
                result = await self.session()
                if sessions is not None:
                    ended.append(result)
        return ended

    async def session(self) -> Ended:
        """Wait for a car and run its session to the end; the station must be open (``async with``).

        A connection that never got past SupportedAppProtocol, such as a port scan, is no session and not told of.

        Raises:
            Exception: What ``apply`` or a port raised; the session was ended safely before.
        """
        if self._server is None:
            raise LocalError("the station is not open: use it in `async with`, or call serve()")
        while True:
            while not self._waiting:
                self._accepted.clear()
                await self._accepted.wait()
            connection = self._waiting.popleft()
            ended = await connection.wait()
            if connection.began:
                return ended

    def wake(self) -> None:
        """Have the ports read now instead of within a tenth of a second."""
        if self._connection is not None:
            self._connection.wake()

    @property
    def busy(self) -> bool:
        """Whether a session runs: the outlet can't be found, and further connections are refused."""
        return self._connection is not None

    @property
    def in_session(self) -> bool:
        """Whether a car that is connected has agreed on a protocol: its session will be told of."""
        return self._connection is not None and self._connection.began

    async def __aenter__(self) -> Self:
        """Listen; all that a session needs is imported and built before a car can find it."""
        warm(self.config.der_services())
        self._server, self.port = await listen(self._accept, self.host, self.port)
        if self.sdp_port is not None:
            endpoint = SdpEndpoint(ipaddress.IPv6Address(self.host.partition("%")[0]), self.port)
            try:
                self._responder, self.sdp_port = await open_responder(
                    SdpServer({Security.NONE: endpoint}),
                    self.clock,
                    host=self.host,
                    port=self.sdp_port,
                    interface=self.interface,
                    busy=lambda: self.busy,
                )
            except BaseException:
                self._server.close()
                raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening; a session that still runs is ended safely."""
        if self._responder is not None:
            self._responder.close()
        if self._server is not None:
            self._server.close()
        connection = self._connection
        if connection is not None:
            connection.stop("the station is switched off")
            await connection.wait()

    def _accept(self) -> asyncio.BaseProtocol:
        if self._connection is not None:
            return _Refusal()
        self._connection = Connection(self._begin, self._apply, clock=self.clock, on_over=self._free)
        self._waiting.append(self._connection)
        self._accepted.set()
        return self._connection

    def _free(self) -> None:
        connection, self._connection = self._connection, None
        assert connection is not None
        if connection in self._waiting and not connection.began and connection.fault is None:
            self._waiting.remove(connection)

    def _begin(self, now: float) -> tuple[Endpoint, list[Action | Transmit]]:
        session = SeccSession(
            self.charger,
            HANDLERS,
            side_handlers=SIDE_HANDLERS,
            config=self.config,
            random_bytes=self._random_bytes,
            limits=self.limits,
            unix_offset_s=self.clock.unix_offset_s(),
            store=self._store,
            now=now,
        )
        return Endpoint(session, at="SECC", trace=self.trace), []


class _Refusal(asyncio.Protocol):
    """One outlet, one session: a second connection is closed at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close."""
        transport.close()


def _apply_of(charger: Any) -> Apply:
    apply: Apply | None = getattr(charger, "apply", None)
    if apply is None:
        raise LocalError("nobody to carry out what a session wants: give apply=..., or the charger a method apply()")
    return apply
