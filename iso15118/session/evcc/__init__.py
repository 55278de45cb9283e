"""The car's side of a session: one file a phase, merged here into one transition table."""

from __future__ import annotations

from iso15118.session.evcc import (
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
    standby,
)
from iso15118.session.evcc.context import EvccConfig, EvccContext
from iso15118.session.evcc.session import EvccSession, Phase, Phases, SidePhase, SidePhases

__all__ = [
    "PHASES",
    "SIDE_PHASES",
    "EvccConfig",
    "EvccContext",
    "EvccSession",
    "Phase",
    "Phases",
    "SidePhase",
    "SidePhases",
]

PHASES: Phases = {
    **app.PHASES,
    **session_setup.PHASES,
    **authorization.PHASES,
    **service.PHASES,
    **ac.PHASES,
    **ac_der.PHASES,
    **dc.PHASES,
    **schedule_exchange.PHASES,
    **power_delivery.PHASES,
    **metering.PHASES,
    **renegotiation.PHASES,
    **standby.PHASES,
    **session_stop.PHASES,
}
"""State -> request, response, handler and the states that may follow: the whole order of a session at the car."""

SIDE_PHASES: SidePhases = {**metering.SIDE_PHASES, **parking.SIDE_PHASES, **renegotiation.SIDE_PHASES}
"""Side stream -> what the car asks there, while the main stream goes on."""
