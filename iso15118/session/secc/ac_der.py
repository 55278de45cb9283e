"""Inverters at the grid at the station: rounds of parameter discovery, and the way back to service discovery."""

from __future__ import annotations

import abc
from typing import Any

from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.common.service import ServiceDiscoveryReq
from iso15118.messages.iso20.types import CLResControlMode
from iso15118.session.actions import Action, DerAlarm
from iso15118.session.core import State, Step
from iso15118.session.lines import has_negative
from iso15118.session.quantities import number
from iso15118.session.secc.ac import charge_parameter_discovery
from iso15118.session.secc.ac_variant import Variant
from iso15118.session.secc.service import service_discovery
from iso15118.session.secc.session import Handlers, Rule, SeccSession
from iso15118.session.services import ControlMode
from iso15118.session.timers import Timer

__all__ = ["HANDLERS", "DerVariant", "disordered"]

MAX_RETURNS = 8
"""How often a car may go back to service discovery: once for each service a list can hold. Ours."""


class DerVariant(Variant, abc.ABC):
    """What AC_DER_IEC and AC_DER_SAE share."""

    def done(self, session: SeccSession, finished: bool, now: float) -> State | None:
        """Where a round of parameter discovery leads to; None when there were rounds for too long."""
        timer = Timer.SECC_ONGOING_PARAMETER_DISCOVERY
        if finished:
            session.timers.stop(timer)
            session.expired.discard(timer)
            return State.SCHEDULE_EXCHANGE
        session.timers.start_once(timer, now)
        return None if timer in session.expired else State.AC_DER_CHARGE_PARAMETER_DISCOVERY

    def alarm(self, session: SeccSession, status: int) -> tuple[Action, ...]:
        """Report an alarm that has come, changed or gone."""
        if status == session.context.der_alarm:
            return ()
        session.context.der_alarm = status
        return (DerAlarm(session.service_id, status),)

    @abc.abstractmethod
    def least_parameters(self, charge: dict[str, Any]) -> ac.AC_CPDResEnergyTransferMode:
        """The least a FAILED answer in parameter discovery must carry, with the fields that every service has."""

    @abc.abstractmethod
    def least_loop(self, mode: ControlMode) -> CLResControlMode:
        """The least a FAILED answer in the charge loop must carry."""


def disordered(record: object, least: str, most: str) -> bool:
    """Whether a magnitude is below zero, or the least of it above the most, on any line."""
    if has_negative(record, least, most):
        return True
    for suffix in ("", "_l2", "_l3"):
        low, high = getattr(record, least + suffix, None), getattr(record, most + suffix, None)
        if low is not None and high is not None and number(low) > number(high):
            return True
    return False


def return_to_services(session: SeccSession, request: ServiceDiscoveryReq, now: float) -> Step:
    """The car does not accept the settings it was told (V2G20-3154): it chooses again."""
    context = session.context
    if context.der_told is None:
        return session.refuse(request, "FAILED_SequenceError", now)  # nothing it could have refused
    context.der_returns += 1
    if context.der_returns > MAX_RETURNS:
        return session.refuse(request, "FAILED", now)
    session.timers.stop(Timer.SECC_ONGOING_PARAMETER_DISCOVERY)
    session.expired.discard(Timer.SECC_ONGOING_PARAMETER_DISCOVERY)
    session.context = context.without_service()
    return service_discovery(session, request, now)


_STATE = State.AC_DER_CHARGE_PARAMETER_DISCOVERY

HANDLERS: Handlers = {
    (_STATE, ac.AC_ChargeParameterDiscoveryReq): Rule(
        charge_parameter_discovery, frozenset({_STATE, State.SCHEDULE_EXCHANGE})
    ),
    (_STATE, ServiceDiscoveryReq): Rule(return_to_services, frozenset({State.SERVICE_DETAIL})),
}
