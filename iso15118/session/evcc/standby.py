"""Standby at the car: the loop goes on at zero, first by the car's own limits, then by agreement with the station."""

from __future__ import annotations

from iso15118.messages.iso20.common.power_delivery import ChargeProgress, PowerDeliveryReq, PowerDeliveryRes
from iso15118.messages.iso20.types import Processing
from iso15118.session.actions import EnergyFlow
from iso15118.session.core import State, Step
from iso15118.session.evcc.notification import follow
from iso15118.session.evcc.session import EvccSession, Phase, Phases
from iso15118.session.ports import Wish
from iso15118.session.timers import Timer

__all__ = ["PHASES", "look"]


def look(session: EvccSession, now: float) -> None:
    """What the loop that is about to be composed is to be: at zero, towards standby, or out of it."""
    context = session.context
    if session.vehicle.wish(now) is not Wish.STANDBY:
        context.standby_refused = context.standby_left = False
        wanted = False
    else:
        wanted = not context.standby_left
    context.waking = context.standby and not wanted and not context.stopping
    context.resting = context.stopping or context.standby or wanted
    if (context.standby and not context.stopping) or not context.resting:
        session.timers.stop(Timer.EVCC_RAMP_DOWN)
        context.ramp_down_over = False
    elif not context.standby_refused or context.stopping:
        session.timers.start_once(Timer.EVCC_RAMP_DOWN, now)


def compose(session: EvccSession, now: float) -> PowerDeliveryReq:
    """Ask for standby, after a loop at zero current."""
    return PowerDeliveryReq(
        header=session.header(now), ev_processing=Processing.Finished, charge_progress=ChargeProgress.Standby
    )


def answered(session: EvccSession, response: PowerDeliveryRes, now: float) -> Step:
    """Go on with the loop in any case (V2G20-2113); a station that refuses has the car rest by its own limits."""
    context = session.context
    context.standby = not response.response_code.value.startswith("WARNING")
    context.standby_refused = not context.standby
    session.timers.stop(Timer.EVCC_RAMP_DOWN)
    context.ramp_down_over = False
    follow(session, response.evse_status)
    loop = State.AC_CHARGE_LOOP if session.is_ac else State.DC_CHARGE_LOOP
    return Step(loop, actions=(EnergyFlow(False, by_car=True),) if context.standby else ())


PHASES: Phases = {
    State.POWER_DELIVERY_STANDBY: Phase(
        compose, PowerDeliveryRes, answered, frozenset({State.AC_CHARGE_LOOP, State.DC_CHARGE_LOOP})
    ),
}
