"""An input given once, in any state and between any two messages, is never lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from iso15118.session import actions as act
from iso15118.session.ports import Wish
from iso15118.session.services import ControlMode, ServiceId
from tests.session.world import EV, SECC, World

STATES = {
    ServiceId.DC_BPT: (
        "SessionSetup", "AuthorizationSetup", "Authorization", "ServiceDiscovery", "ServiceDetail", "ServiceSelection",
        "DC_ChargeParameterDiscovery", "ScheduleExchange", "DC_CableCheck", "DC_PreCharge", "PowerDelivery",
        "DC_ChargeLoop",
    ),
    ServiceId.AC_BPT: ("AC_ChargeParameterDiscovery", "ScheduleExchange", "PowerDelivery", "AC_ChargeLoop"),
}  # fmt: skip


def _replace(owner: Any, name: str, **fields: Any) -> None:
    setattr(owner, name, msgspec.structs.replace(getattr(owner, name), **fields))


INPUTS: dict[str, Callable[[World], object]] = {
    "the station wants to stop": lambda world: setattr(world.charger, "stop", True),
    "the station wants to pause": lambda world: setattr(world.charger, "pause", True),
    "the driver wants to stop": lambda world: setattr(world.vehicle, "driver_wish", Wish.STOP),
    "the driver wants to pause": lambda world: setattr(world.vehicle, "driver_wish", Wish.PAUSE),
    "emergency stop at the station": lambda world: _replace(world.charger, "stage", emergency_stop=True),
    "emergency stop in the car": lambda world: _replace(world.vehicle, "battery_reading", emergency_stop=True),
}


def once_in(world: World, at: str, state: str, change: Callable[[World], object]) -> None:
    """Change something the moment a side comes into a state; nobody is told, and it is not said again."""
    seen = []

    def entered(event: Any) -> bool:
        item = event.item
        if seen or event.at != at or not isinstance(item, act.StateChanged) or item.after != state:
            return False
        seen.append(event)
        change(world)
        return False

    do = world._do

    def watched(where: str, actions: list[act.Action]) -> None:
        before = len(world.log)
        do(where, actions)
        for event in world.log[before:]:
            entered(event)

    world._do = watched  # type: ignore[method-assign]


@pytest.mark.parametrize("what", INPUTS)
@pytest.mark.parametrize("at", [SECC, EV])
@pytest.mark.parametrize(
    ("service", "state"), [(service, state) for service, states in STATES.items() for state in states]
)
def test_an_input_given_once_in_any_state_has_its_effect(service: ServiceId, state: str, at: str, what: str) -> None:
    world = World(service=service, mode=ControlMode.DYNAMIC, encoded=False)
    world.charger.setpoint_w = -3_000.0
    once_in(world, at, state, INPUTS[what])
    world.start().run(until_s=120.0)
    world.check_end()  # left alone, it would go on for hours
    errors = [world.error(side) for side in (SECC, EV)]
    if "emergency" in what:
        assert "emergency stop" in errors
    if "pause" in what:
        assert [event.at for event in world.events(act.KeepPaused)] == [SECC, EV]
        assert errors == [None, None]
    if "driver wants to stop" in what:
        assert errors == [None, None]


def test_without_an_input_it_goes_on() -> None:
    world = World(mode=ControlMode.DYNAMIC, encoded=False)
    world.start().run(until_s=120.0)
    assert not world.ended
