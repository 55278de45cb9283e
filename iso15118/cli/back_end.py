"""A station's connection to its OCPP back end, for ``v2g evse --csms``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from iso15118.cli.live import say
from iso15118.errors import LocalError, OcppError
from iso15118.io.clock import Clock
from iso15118.io.pause_store import FileStore, keeping_transactions
from iso15118.io.tcp import Apply
from iso15118.io.websocket import StationLink
from iso15118.ocpp.charger import OcppCharger
from iso15118.ocpp.station import ChargingStation
from iso15118.session.actions import Action, Ended, EvccIdentified
from iso15118.session.services import ServiceId
from iso15118.session.timers import Limits
from sim.ac_devices import AcOutletDevice
from sim.devices import OutletDevice
from sim.scene import transfer_modes

__all__ = ["BackEndLink"]

_EVSE_ID = 1
_FAREWELL_S = 10.0
"""How long the end of the last transaction may take to reach the back end."""


class BackEndLink:
    """OCPP station logic, its link, and the bridge to the outlet's sessions."""

    def __init__(
        self,
        device: OutletDevice | AcOutletDevice,
        url: str,
        station_id: str,
        id_token: str,
        sample_s: float,
        clock: Clock,
        *,
        limits: Limits,
        store: FileStore | None,
    ) -> None:
        if not url.startswith(("ws://", "wss://")):
            raise LocalError(f"--csms {url}: a back end's address looks like ws://host:port/ocpp")
        offset_s = clock.unix_offset_s()
        records = () if store is None else store.transactions()
        self.station = ChargingStation(
            station_id,
            id_token=id_token,
            unix_offset_s=offset_s,
            sample_interval_s=sample_s,
            energy_transfers=transfer_modes(tuple(map(ServiceId, device.offered_services))),
            suspended=records,
        )
        for text in self.station.refused_records:
            say(text)
        for record in records:
            if record.sample is not None and self.station.transaction_id(_EVSE_ID) == record.transaction_id:
                say(f"transaction {record.transaction_id} goes on")
                # A real meter keeps its registers over a restart.
                meter = device.outlet.meter
                meter.jump(record.sample.import_wh - meter.import_wh, record.sample.export_wh - meter.export_wh)
        # The meter of an AC outlet sits at the connector.
        efficiency = device.outlet.config.converter.charge_efficiency if isinstance(device, OutletDevice) else 1.0
        self.charger = OcppCharger(
            device, self.station, _EVSE_ID, unix_offset_s=offset_s, efficiency=efficiency, limits=limits
        )
        self._wake: Callable[[], None] = lambda: None
        self._heard = asyncio.Event()
        self.link = StationLink(
            self.station,
            url,
            clock=clock,
            before_timer=self.charger.measure,
            changed=self._changed,
            before_frames=(lambda _: None) if store is None else keeping_transactions(store, self.station),
        )

    def after(self, apply: Apply) -> Apply:
        """``apply``, then tell the back end's side."""

        def both(action: Action, now: float) -> None:
            apply(action, now)
            if isinstance(action, EvccIdentified):
                self.station.plug_in(_EVSE_ID, now)
            self.charger.observe(action, now)
            if isinstance(action, Ended) and not self.charger.paused:
                self.station.unplug(_EVSE_ID, now)
            self.link.wake()

        return both

    def _changed(self, now: float) -> None:
        self._wake()
        self._heard.set()

    @asynccontextmanager
    async def run(self, wake: Callable[[], None]) -> AsyncIterator[None]:
        """Keep connected while the context lasts; on the way out what the back end has not heard is told."""
        self._wake = wake
        task = asyncio.create_task(self.link.run())
        task.add_done_callback(_tell)
        try:
            yield
            with suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    while self.station.waiting and not task.done():
                        self._heard.clear()
                        await self._heard.wait()
            if self.station.waiting:
                say(f"the back end has not heard of {self.station.waiting} events: it is not connected")
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, OcppError):  # an error has been told already
                await task


def _tell(task: asyncio.Task[None]) -> None:
    """A link ends of its own accord only when the back end is none."""
    if not task.cancelled() and task.exception() is not None:
        say(f"no back end: {task.exception()}")
