"""Why a transaction ended, as the back end hears it from real sessions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sim.evening import Evening
from sim.scenario import Scenario
from sim.world import World


def emergency(world: World) -> None:
    world.outlet.emergency_stop = True
    world.poll()


def silence(world: World) -> None:
    """The car's firmware hangs: neither a message nor pilot state B comes from it any more."""
    world.connected = False
    world.evcc.session.timers.clear()


def remote(world: World) -> None:
    station_id = world.station.station_id
    world.csms.request_stop(station_id, world.csms.transactions(station_id)[-1].transaction_id, world.now)
    world.ocpp.exchange()


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (emergency, "EmergencyStop"),
        (World.unplug, "EVDisconnected"),
        (silence, "Timeout"),
        (remote, "Remote"),
    ],
)
@pytest.mark.parametrize("state", ["DC_CableCheck", "DC_ChargeLoop"])
def test_reason(cause: Callable[[World], None], reason: str, state: str) -> None:
    scenario = Scenario(name="reason", departure_s=14_400.0)
    world = World(scenario, Evening.of(scenario))
    while world.secc.session.state.value != state:
        world.run_until(world.now + 0.05)
        assert world.now < 60

    cause(world)
    world.run_until(world.now + 200)

    (view,) = world.csms.transactions(world.station.station_id)
    assert view.stopped_reason == reason
