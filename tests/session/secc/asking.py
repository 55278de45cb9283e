"""A car that says something else than it should."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from iso15118.messages.model import Record
from iso15118.session import actions as act
from iso15118.session.core import State
from tests.session.world import SECC, World, code_of

replace = msgspec.structs.replace


def told(world: World, state: State, **changes: Any) -> str:
    """Play to ``state``, have the station receive the next request with some fields changed, and name its answer."""
    return heard(world, state, lambda request: replace(request, **changes))


def heard(world: World, state: State, change: Callable[[Any], Record]) -> str:
    if world.secc.state is State.SUPPORTED_APP_PROTOCOL:
        world.start()
    world.run_to(SECC, state)
    request = [m for m in world.messages() if type(m).__name__.endswith("Req")][-1]
    (answer,) = [a.message for a in world.inject(SECC, change(request)) if isinstance(a, act.Send)]
    return code_of(answer)


def mode_with(request: Any, **changes: Any) -> Record:
    """A parameter-discovery or loop request whose mode says something else."""
    names = ("cl_req_control_mode", "dc_cpd_req_energy_transfer_mode", "ac_cpd_req_energy_transfer_mode")
    (name,) = (name for name in names if hasattr(request, name))
    return replace(request, **{name: replace(getattr(request, name), **changes)})


def ends(world: World) -> None:
    """The session is over at the station, safely."""
    world.run().check_safe()
    assert world.secc.state is State.ENDED
    assert world.error(SECC)
