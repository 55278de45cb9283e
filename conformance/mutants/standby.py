"""Defects of standby, on both sides."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from conformance.mutants.tools import answers, asks, mutant, replaced, says, swapped, takes
from iso15118.messages.iso20.common.power_delivery import ChargeProgress
from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.messages.iso20.types import ResponseCode
from iso15118.session.core import State
from iso15118.session.evcc import loop
from iso15118.session.evcc import standby as car_standby
from iso15118.session.evcc.session import EvccSession
from iso15118.session.ports import SimpleCharger
from iso15118.session.secc import power_delivery, standby
from iso15118.session.secc.session import SeccSession

Patch = AbstractContextManager[None]
LOOP_RES = ("DC_ChargeLoopRes", "AC_ChargeLoopRes")


@mutant("standby-is-fatal", "standby that can't be had is FAILED", "PD-06/*")
def _fatal() -> Patch:
    def change(_: SeccSession, __: Any, response: Any) -> Any:
        warned = response.response_code is ResponseCode.WARNING_StandbyNotAllowed
        return replaced(response, response_code=ResponseCode.FAILED) if warned else response

    return answers("PowerDeliveryRes", change)


@mutant("standby-always", "standby is had whatever the station says", "PD-06/*")
def _always() -> Patch:
    return swapped(SimpleCharger, "standby_allowed", lambda charger, now: True)


@mutant("standby-with-power", "power goes on in standby", "PD-10/SECC/*BPT*")
def _with_power() -> Patch:
    def agreed(session: SeccSession, request: Any, now: float) -> Any:
        return standby._answer(session, ResponseCode.OK, now)  # noqa: SLF001  (a defect is where a defect can be)

    return swapped(power_delivery, "standby", agreed)


mutant("exit-not-told", "the car is not called out of standby", "PD-10/SECC/called back*")(
    says(LOOP_RES, evse_status=None)
)


@mutant("car-stops-instead", "a car that would rest stops", "PD-10/EVCC/*")
def _stops() -> Patch:
    return asks(State.POWER_DELIVERY_STANDBY, lambda _, request: replaced(request, charge_progress=ChargeProgress.Stop))


@mutant("car-sleeps", "a car in standby stays there", "PD-10/EVCC/*BPT*", "PD-10/EVCC/called back*")
def _sleeps() -> Patch:
    look = car_standby.look

    def looks(session: EvccSession, now: float) -> None:
        look(session, now)
        session.context.waking = False

    return swapped(loop, "look", looks)


@mutant("car-takes-no-for-end", "a car whose standby is refused ends the session", "PD-10/EVCC/refused*")
def _no() -> Patch:
    def change(session: EvccSession, response: Any) -> Any:
        if response.response_code.value.startswith("WARNING"):
            session.context.leave(ChargingSession.Terminate)
        return response

    return takes(State.POWER_DELIVERY_STANDBY, change)
