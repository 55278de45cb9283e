"""A car on the network, in a dozen lines: ports and ``apply`` in, one session out.

::

    from iso15118 import ev

    class MyCar(ev.SimpleVehicle):
        def apply(self, action, now): ...    # what the session wants of the hardware
        def battery(self, now): ...          # what the hardware measures

    ended = ev.Car(MyCar(), host="::1", port=49152, lab_plain_tcp=True).run()

Ports are read whenever a session needs to know, and every tenth of a second besides; ``apply`` gets desired states
(``SetContactor``, ``SetPilot``) and reports (``LoopSeen``, ``Ended``, ...). Both answer at once and never wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from iso15118.errors import LocalError
from iso15118.io.clock import Clock
from iso15118.io.endpoint import Endpoint, Transmit, warm
from iso15118.io.keeping import keeping
from iso15118.io.sdp import discover
from iso15118.io.tcp import Apply, Connection, connect, no_tls
from iso15118.sdp import PORT, Security
from iso15118.session.actions import (
    Action,
    DropPaused,
    Ended,
    EnergyFlow,
    KeepPaused,
    Late,
    LoopSeen,
    MeteringConfirmed,
    MobilityNeedsTold,
    ParkingTold,
    ReceiptTold,
    ScheduleChosen,
    SchedulesTold,
    ServiceChosen,
    SetAcPower,
    SetConnectorLock,
    SetContactor,
    SetDerControl,
    SetPilot,
    StateChanged,
)
from iso15118.session.app import AC_20, DC_20, Link
from iso15118.session.emitter import EmitterProfile
from iso15118.session.evcc import PHASES, SIDE_PHASES, EvccConfig, EvccSession
from iso15118.session.evcc.chooser import Choice, Situation, choose_by_cost
from iso15118.session.pause import PausedSession, PauseStore
from iso15118.session.ports import (
    AcAbilities,
    AcInletPort,
    AcLimits,
    AcReading,
    Battery,
    CarParking,
    Display,
    EnergyNeeds,
    EnergyOffer,
    SimpleVehicle,
    Termination,
    Vehicle,
    VehicleLimits,
    Wish,
)
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.timers import Limits
from iso15118.trace import Trace

__all__ = [
    "AC_20",
    "AcAbilities",
    "AcInletPort",
    "AcLimits",
    "AcReading",
    "Action",
    "Battery",
    "Car",
    "CarParking",
    "Choice",
    "ControlMode",
    "DC_20",
    "Display",
    "EmitterProfile",
    "Ended",
    "EnergyFlow",
    "EnergyNeeds",
    "EnergyOffer",
    "EvccConfig",
    "Late",
    "LoopSeen",
    "MeteringConfirmed",
    "MobilityNeedsTold",
    "ParkingTold",
    "ReceiptTold",
    "ScheduleChosen",
    "SchedulesTold",
    "ServiceChosen",
    "ServiceId",
    "SetAcPower",
    "SetConnectorLock",
    "SetContactor",
    "SetDerControl",
    "SetPilot",
    "SimpleVehicle",
    "Situation",
    "StateChanged",
    "Termination",
    "Vehicle",
    "VehicleLimits",
    "Wish",
    "choose_by_cost",
]


class Car:
    """A car that goes to a station and runs a session."""

    def __init__(
        self,
        vehicle: Vehicle,
        apply: Apply | None = None,
        *,
        host: str | None = None,
        port: int | None = None,
        interface: str | None = None,
        sdp_port: int = PORT,
        lab_plain_tcp: bool = False,
        config: EvccConfig | None = None,
        resume: PausedSession | None = None,
        store: PauseStore | None = None,
        timer_profile: str = "standard",
        timers: Mapping[str, float] | None = None,
        trace: Trace | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Set up; nothing is opened yet.

        Args:
            vehicle: The car's ports; start from ``SimpleVehicle``.
            apply: ``apply(action, now)`` carries out what the session wants; default: the vehicle's method of that
                name.
            host: Numeric IPv6 address of the station; default ``::1``, unless an interface is named.
            port: The station's TCP port; None: ask by SDP, at ``host`` or on ``interface``.
            interface: Network interface on which to search by multicast.
            sdp_port: UDP port to ask at.
            lab_plain_tcp: Run ISO 15118-20 on plain TCP: for laboratories, never with a public charger.
            config: What the car is set to.
            resume: A session that was paused, to go on with.
            store: Where a paused session is kept for another process; this object remembers it in any case, and asks
                for it in its next session.
            timer_profile: A named set of timers (``iso15118.session.timers.PROFILES``).
            timers: Single timers by name, s.
            trace: Where every message and event goes.
            clock: The session's time; one for all that should share a time.

        Raises:
            LocalError: A wrong option, or no ``lab_plain_tcp``: TLS is not there yet.
        """
        if not lab_plain_tcp:
            raise no_tls("lab_plain_tcp=True")
        if interface is not None and (host is not None or port is not None):
            raise LocalError("a car either searches on an interface or goes to a host: name one of the two")
        self.vehicle = vehicle
        self.config = msgspec.structs.replace(config or EvccConfig(), link=Link.LAB_TCP)
        self.limits = Limits(timers, profile=timer_profile)
        self.host = host or ("::1" if interface is None else None)
        self.port = port
        self.interface = interface
        self.sdp_port = sdp_port
        self.trace = trace
        self.clock = clock or Clock()
        self.resume = resume
        """The session that was paused last, to go on with; None: the next session is a new one."""
        self._apply = apply or _apply_of(vehicle)
        if store is not None:
            self._apply = keeping(store, self._apply)
        self._connection: Connection | None = None

    def run(self) -> Ended:
        """``session`` without an event loop of one's own."""
        return asyncio.run(self.session())

    async def session(self) -> Ended:
        """Find the station, run one session to its end, and say how it ended.

        Cancelling it ends the session safely first: power off, then the connection.

        Raises:
            PeerTimeout: Nobody answered the search.
            SessionError: Nobody listens where the station should.
        """
        warm(self.config.der_services())
        if self.port is None:
            host, port = await discover(
                self.clock, Security.NONE, host=self.host, port=self.sdp_port, interface=self.interface
            )
        else:
            host, port = self.host or "::1", self.port
        self._connection = connection = Connection(self._begin, self._remember, clock=self.clock)
        try:
            await connect(connection, host, port)
        except BaseException:
            connection.stop("no connection")
            raise
        return await connection.wait()

    @property
    def connected(self) -> bool:
        """Whether a session runs."""
        return self._connection is not None and not self._connection.over

    def wake(self) -> None:
        """Have the ports read now instead of within a tenth of a second."""
        if self._connection is not None:
            self._connection.wake()

    def _remember(self, action: Action, now: float) -> object:
        match action:
            case KeepPaused(record=record):
                self.resume = record
            case DropPaused():
                self.resume = None
            case _:
                pass
        return self._apply(action, now)

    def _begin(self, now: float) -> tuple[Endpoint, list[Action | Transmit]]:
        session = EvccSession(
            self.vehicle,
            PHASES,
            side_phases=SIDE_PHASES,
            config=self.config,
            limits=self.limits,
            unix_offset_s=self.clock.unix_offset_s(),
            resume=self.resume,
        )
        endpoint = Endpoint(session, at="EV", trace=self.trace)
        return endpoint, endpoint.carry(session.start(now), now)


def _apply_of(vehicle: Any) -> Apply:
    apply: Apply | None = getattr(vehicle, "apply", None)
    if apply is None:
        raise LocalError("nobody to carry out what a session wants: give apply=..., or the vehicle a method apply()")
    return apply
