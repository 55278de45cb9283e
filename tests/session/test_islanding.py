"""An inverter that follows the grid stops when there is none left; one that forms it may go on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.ports import IsolationState, OfferedSchedule
from iso15118.session.services import AcConnector, ControlMode, GeneratorMode, ServiceId
from iso15118.session.timers import Limits
from tests.session.world import EV, SECC, World

replace = msgspec.structs.replace
BOTH = pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
DETECTORS = [(ServiceId.DC_BPT, SECC), (ServiceId.AC_BPT, SECC), (ServiceId.AC_BPT, EV)]
"""In DC the inverter is in the station, and so is what detects an island."""
BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))
FORMING = {"generator_modes": (GeneratorMode.GRID_FORMING,)}


def feeding(world: World) -> World:
    world.charger.setpoint_w = -6_000.0
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((7_200.0, -6_000.0),)),)
    world.start().run(until_s=10.0)
    assert world.secc.state in (State.AC_CHARGE_LOOP, State.DC_CHARGE_LOOP)
    return world


def island(world: World, who: str) -> None:
    """The grid is gone; one side notices."""
    if who == SECC:
        world.charger.stage = replace(world.charger.stage, islanded=True)
    else:
        world.islanded = True
    world.poll()


@BOTH_MODES
@pytest.mark.parametrize(("service", "who"), DETECTORS)
def test_grid_following_goes_off_when_it_feeds_an_island(service: ServiceId, mode: ControlMode, who: str) -> None:
    world = feeding(World(service=service, mode=mode))
    assert world.current_a == pytest.approx(-15.0)
    before = world.now
    island(world, who)
    world.run().check_end()
    assert "island" in (world.error(who) or "")
    assert world.now - before < 10.0
    off = next(e for e in world.log if e.now >= before and isinstance(e.item, act.SetStage | act.SetAcPower))
    assert off.now == before  # at once


@pytest.mark.parametrize(("service", "who"), DETECTORS)
def test_current_that_does_not_vanish_is_cut_within_the_limit(service: ServiceId, who: str) -> None:
    side = "secc" if who == SECC else "evcc"
    limits = {f"{side}_limits": Limits({f"{side.upper()}_POWER_OFF": 0.7})}
    world = feeding(World(service=service, **limits))  # type: ignore[arg-type]
    world.current_stuck = True
    world.freeze(EV if who == SECC else SECC)
    island(world, who)
    before = world.now
    world.run(until=lambda: who in world.ended)
    opened = next(e for e in world.events(act.SetContactor, who) if not e.item.closed)
    assert opened.now == pytest.approx(before + 0.7)


@BOTH
def test_grid_forming_may_go_on(service: ServiceId) -> None:
    secc: dict[str, Any] = FORMING | {"ac_connectors": (AcConnector.THREE_PHASE,)}
    world = feeding(World(service=service, secc=secc, evcc=FORMING))
    island(world, SECC)
    island(world, EV)
    world.run(until_s=20.0)
    assert not world.ended
    assert world.current_a == pytest.approx(-15.0)


@pytest.mark.parametrize("service", [ServiceId.DC, ServiceId.AC])
def test_a_load_feeds_no_island(service: ServiceId) -> None:
    world = World(service=service)
    world.charger.setpoint_w = 6_000.0
    world.start().run(until_s=10.0)
    island(world, SECC)
    island(world, EV)
    world.run(until_s=20.0)
    assert not world.ended


def test_an_island_before_energy_flows_ends_the_session_as_well() -> None:
    world = World(service=ServiceId.DC_BPT)
    world.isolation = IsolationState.PENDING
    world.start().run_to(SECC, State.DC_CABLE_CHECK)
    island(world, SECC)
    world.run().check_end()
    assert "island" in (world.error(SECC) or "")
