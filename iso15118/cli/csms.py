"""``v2g csms``: a small OCPP 2.1 back end on a websocket, to try a station against."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

import typer

from iso15118.cli.live import run_until_stopped, say
from iso15118.cli.services import refuse_no_numbers
from iso15118.errors import LocalError
from iso15118.io.clock import Clock
from iso15118.io.websocket import BackEndServer
from iso15118.ocpp.charger import TRANSFER_MODES
from iso15118.ocpp.needs import ChargingNeeds
from iso15118.session.services import ServiceId
from sim.control import Decision, Told, TransactionView
from sim.csms import Csms
from sim.fixed import FixedSetpoint
from sim.scenario import ID_TOKEN
from sim.scene import transfer_modes

__all__ = ["app"]

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example:  v2g csms --port 9000 --setpoint -5000")
def csms(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "::1",
    port: Annotated[int, typer.Option(help="TCP port; 0 for any free one.", min=0, max=65535)] = 0,
    setpoint: Annotated[
        float, typer.Option(help="Power of every car at its station's meter, W; negative discharges.")
    ] = 0.0,
    token: Annotated[list[str] | None, typer.Option(help="Card that is accepted; may be repeated.")] = None,
    transactions: Annotated[int, typer.Option(help="End after so many; 0: run until stopped.", min=0)] = 0,
) -> None:
    """Run a back end that gives every car one set point. Plain ws://, for laboratories."""
    refuse_no_numbers(context)
    over = asyncio.Event()
    clock = Clock()
    controller = _Telling(setpoint, transactions, over)
    back_end = Csms(
        controller,
        tokens=set(token or [ID_TOKEN]),
        unix_offset_s=clock.unix_offset_s(),
        allowed_energy_transfer=transfer_modes(tuple(map(ServiceId, TRANSFER_MODES))),
    )

    def wish() -> bool:
        over.set()
        return True

    raise run_until_stopped("v2g csms", lambda: _serve(back_end, clock, host, port, over), wish)


async def _serve(back_end: Csms, clock: Clock, host: str, port: int, over: asyncio.Event) -> bool:
    async with contextlib.AsyncExitStack() as stack:
        try:
            real_port = await stack.enter_async_context(BackEndServer(back_end, clock=clock).listen(host, port))
        except OSError as error:
            raise LocalError(f"can't listen on [{host}]:{port}: {error.strerror}") from None
        say(f"listening on ws://[{host}]:{real_port}/ocpp")
        await over.wait()
        await asyncio.sleep(_LAST_ANSWER_S)
    return True


_LAST_ANSWER_S = 0.2
"""Time for the answer to the last event to leave before the connection is closed."""


class _Telling(FixedSetpoint):
    """Says in plain lines what stations tell."""

    def __init__(self, setpoint_w: float, transactions: int, over: asyncio.Event) -> None:
        super().__init__(setpoint_w)
        self._left = transactions
        self._over = over

    def on_needs(self, view: TransactionView, needs: ChargingNeeds, unix_s: float) -> tuple[Decision, ...]:
        """Tell, and decide as ``FixedSetpoint`` does."""
        wants = "no energy" if needs.target_energy_wh is None else f"{needs.target_energy_wh:+.0f} Wh"
        say(f"{view.station_id}: car {view.evcc_id} wants {wants} by {needs.requested_energy_transfer}")
        return super().on_needs(view, needs, unix_s)

    def on_sample(self, view: TransactionView, sample: Told, unix_s: float) -> tuple[Decision, ...]:
        """Tell the registers; after the last transaction be done."""
        power = "" if sample.power_w is None else f"{sample.power_w:+.0f} W, "
        say(f"{view.station_id}: {power}imported {view.imported_wh} Wh, exported {view.exported_wh} Wh")
        if view.ended_s is not None:
            say(f"{view.station_id}: transaction ended, {view.stopped_reason}")
            self._left -= 1
            if self._left == 0:
                self._over.set()
        return ()
