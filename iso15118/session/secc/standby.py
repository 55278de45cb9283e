"""Standby at the station: the loop goes on without power until the car starts again."""

from __future__ import annotations

import msgspec

from iso15118.messages.iso20.common.power_delivery import PowerDeliveryReq, PowerDeliveryRes
from iso15118.messages.iso20.types import ResponseCode
from iso15118.session.actions import Action, EnergyFlow, SetAcPower, SetContactor, SetStage
from iso15118.session.core import AC_OFF, CHARGE_LOOPS, NO_CURRENT_A, STAGE_OFF, Step
from iso15118.session.secc.notification import status
from iso15118.session.secc.session import SeccSession
from iso15118.session.timers import Timer

__all__ = ["may_be_open", "no_ac_power", "no_power", "standby"]


def standby(session: SeccSession, request: PowerDeliveryReq, now: float) -> Step:
    """From the loop, if the station allows it: current to zero first, then the answer; a warning otherwise."""
    if session.state not in CHARGE_LOOPS or not session.charger.standby_allowed(now):
        return _answer(session, ResponseCode.WARNING_StandbyNotAllowed, now)
    off: Action = AC_OFF if session.is_ac else STAGE_OFF
    if abs(session.present_current_a(now)) > NO_CURRENT_A:
        if session.deferred_too_long:
            return session.refuse(request, "FAILED_PowerDeliveryNotApplied", now)
        return Step(session.state, defer=Timer.SECC_POWER_DELIVERY_STOP, actions=(off,))
    session.context.standby = True
    actions: tuple[Action, ...] = (off, EnergyFlow(False, by_car=True))
    if may_be_open(session):
        actions = (*actions, SetContactor(False))
    return _answer(session, ResponseCode.OK, now)._replace(actions=actions)


def _answer(session: SeccSession, code: ResponseCode, now: float) -> Step:
    return Step(session.state, PowerDeliveryRes(**session.ok(code, now=now), evse_status=status(session, now)))


def may_be_open(session: SeccSession) -> bool:
    """Whether the outlet's contactor is open on purpose: in standby of AC, by an option."""
    return session.context.standby and session.is_ac and session.config.standby_opens_ac_contactor


def no_power(stage: SetStage) -> SetStage:
    """A stage that regulates, to nothing: the battery stays joined to it."""
    return msgspec.structs.replace(
        stage,
        current_a=0.0,
        ac_power_w=0.0,
        min_current_a=0.0,
        max_current_a=0.0,
        min_power_w=0.0,
        max_power_w=0.0,
    )


def no_ac_power(lines: int) -> SetAcPower:
    """Nothing on every line in use."""
    none = (0.0,) * lines
    return SetAcPower(power_w=none, min_power_w=none, max_power_w=none)
