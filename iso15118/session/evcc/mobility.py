"""Departure and energy as the station states them, read by the car: MobilityNeedsMode 2."""

from __future__ import annotations

from typing import Any

from iso15118.errors import LocalError
from iso15118.session.actions import Action, MobilityNeedsTold
from iso15118.session.evcc.session import EvccSession
from iso15118.session.ports import MobilityNeeds
from iso15118.session.services import ControlMode, MobilityNeedsMode

__all__ = ["learn"]

_SLIP_S = 1.5
"""DepartureTime counts from each message in whole seconds: a change of so much is none. Ours."""


def learn(session: EvccSession, mode: Any, now: float) -> tuple[Action, ...]:
    """Read what the station states; reported when it is new.

    A minimum that may not be said (V2G20-1290, V2G20-1366) is passed over: a car has no code to answer it with.

    Args:
        session: The session.
        mode: The control mode of an answer in schedule exchange or in the charge loop.
        now: The session's clock.
    """
    context = session.context
    asked = context.offer is not None and context.offer.mobility_needs_mode is MobilityNeedsMode.SECC
    if not asked or context.control_mode is not ControlMode.DYNAMIC:
        return ()
    departure: int | None = getattr(mode, "departure_time", None)
    values: dict[str, Any] = {
        "departure_s": None if departure is None else now + departure,
        "target_soc_percent": getattr(mode, "target_soc", None),
        # Only the loop has a place for it: an answer in schedule exchange takes nothing back.
        "ack_max_delay_s": getattr(mode, "ack_max_delay", context.station_needs.ack_max_delay_s),
    }
    try:
        told = MobilityNeeds(minimum_soc_percent=getattr(mode, "minimum_soc", None), **values)
    except LocalError:
        told = MobilityNeeds(**values)
    if _same(told, context.station_needs):
        return ()
    context.station_needs = told
    return (MobilityNeedsTold(told),)


def _same(one: MobilityNeeds, other: MobilityNeeds) -> bool:
    for name in MobilityNeeds.__struct_fields__:
        a, b = getattr(one, name), getattr(other, name)
        slip = _SLIP_S if name == "departure_s" else 0
        if a != b and (a is None or b is None or abs(a - b) > slip):
            return False
    return True
