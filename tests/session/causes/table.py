"""The register of causes, and how most of them are played."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from iso15118.messages.model import Record
from iso15118.session.core import State
from iso15118.session.ports import Wish
from iso15118.session.services import ControlMode, ServiceId
from tests.session.priced import offered
from tests.session.secc.asking import heard, told
from tests.session.world import World

Cause = Callable[[], World]
CAUSES: dict[tuple[str, str], Cause] = {}
"""(response, situation) -> plays it; the last answer of the station is the one of the row."""
LOOP = State.DC_CHARGE_LOOP
AC_LOOP = State.AC_CHARGE_LOOP


def causes(answer: str, situation: str) -> Callable[[Cause], Cause]:
    """The function plays that row of the table."""

    def note(cause: Cause) -> Cause:
        assert (answer, situation) not in CAUSES
        CAUSES[answer, situation] = cause
        return cause

    return note


def says(answer: str, situation: str, state: State, world: Callable[[], World] = World, **changes: Any) -> None:
    """The station is told something else than it should be, in a regular session."""

    def cause() -> World:
        played = world()
        told(played, state, **changes)
        return played

    causes(answer, situation)(cause)


def hears(
    answer: str, situation: str, state: State, change: Callable[[Any], Record], world: Callable[[], World] = World
) -> None:
    """As ``says``, with a change of the whole request."""

    def cause() -> World:
        played = world()
        heard(played, state, change)
        return played

    causes(answer, situation)(cause)


def scheduled(tolerance_w: float | None = None, service: ServiceId | None = None, **options: Any) -> World:
    """The car chooses among schedules of 6 kW for two hours."""
    world = World(mode=ControlMode.SCHEDULED, service=service, **options)
    world.charger.schedule = (offered(power_tolerance_w=tolerance_w),)
    return world


def stopping(**options: Any) -> World:
    world = World(**options)
    return world.at(5.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))


def of_ac() -> World:
    return World(service=ServiceId.AC_BPT)
