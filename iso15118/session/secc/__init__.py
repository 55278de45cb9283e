"""The station's side of a session: one file a phase, merged here into one transition table."""

from __future__ import annotations

from iso15118.session.secc import (
    ac,
    ac_der,
    app,
    authorization,
    dc,
    metering,
    parking,
    power_delivery,
    renegotiation,
    schedule_exchange,
    service,
    session_setup,
    session_stop,
)
from iso15118.session.secc.context import HeldTo, MeterInfoBase, SeccConfig, SeccContext
from iso15118.session.secc.session import Handlers, Rule, SeccSession, SideHandlers, SideRule

__all__ = [
    "HANDLERS",
    "SIDE_HANDLERS",
    "Handlers",
    "HeldTo",
    "MeterInfoBase",
    "Rule",
    "SeccConfig",
    "SeccContext",
    "SeccSession",
    "SideHandlers",
    "SideRule",
]

HANDLERS: Handlers = {
    **app.HANDLERS,
    **session_setup.HANDLERS,
    **authorization.HANDLERS,
    **service.HANDLERS,
    **ac.HANDLERS,
    **ac_der.HANDLERS,
    **dc.HANDLERS,
    **schedule_exchange.HANDLERS,
    **power_delivery.HANDLERS,
    **metering.HANDLERS,
    **renegotiation.HANDLERS,
    **session_stop.HANDLERS,
}
"""(state, request) -> handler and the states that may follow: the whole order of a session at the station."""

SIDE_HANDLERS: SideHandlers = {**metering.SIDE_HANDLERS, **parking.SIDE_HANDLERS, **renegotiation.SIDE_HANDLERS}
"""(side stream, request) -> handler and the states of the main stream beside which it may come."""
