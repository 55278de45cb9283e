"""The two sessions of a scenario, set up as it says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec

from iso15118.session.app import Link
from iso15118.session.evcc import PHASES, SIDE_PHASES, EvccSession
from iso15118.session.pause import PausedSession, PausedSessions
from iso15118.session.ports import Charger, Vehicle
from iso15118.session.secc import HANDLERS, SIDE_HANDLERS, SeccSession
from iso15118.session.timers import Limits
from sim.scenario import Scenario
from sim.scene import protocols_for

__all__ = ["car_session", "station_session"]


def _binding(scenario: Scenario) -> bytes:
    """Without TLS a link proves nothing; the simulated one is taken to know its only car."""
    return hashlib.sha512(scenario.evcc.evcc_id.encode()).digest()


def station_session(
    scenario: Scenario,
    charger: Charger,
    limits: Limits,
    random_bytes: Callable[[int], bytes],
    store: PausedSessions,
    now: float,
) -> SeccSession:
    """The station's core; ``now`` is when the car's connection comes."""
    served = protocols_for(scenario.station_services)
    return SeccSession(
        charger,
        HANDLERS,
        side_handlers=SIDE_HANDLERS,
        config=msgspec.structs.replace(scenario.secc, link=Link.LAB_TCP, served=served),
        random_bytes=random_bytes,
        limits=limits,
        unix_offset_s=float(scenario.arrival_unix_s),
        store=store,
        vehicle_binding=_binding(scenario),
        now=now,
    )


def car_session(scenario: Scenario, vehicle: Vehicle, limits: Limits, resume: PausedSession | None) -> EvccSession:
    """The car's core; it goes on with ``resume`` if it has that."""
    config = msgspec.structs.replace(
        scenario.evcc,
        link=Link.LAB_TCP,
        protocols=protocols_for(scenario.services),
        services=scenario.services,
        control_modes=(scenario.control_mode, *scenario.control_fallbacks),
    )
    return EvccSession(
        vehicle,
        PHASES,
        side_phases=SIDE_PHASES,
        config=config,
        limits=limits,
        unix_offset_s=float(scenario.arrival_unix_s),
        resume=resume,
        vehicle_binding=_binding(scenario),
    )
