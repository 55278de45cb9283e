"""Defects of our station that are about stopping, time and faults."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from conformance.mutants.tools import codes, does, every, limit, mutant, replaced, says, swapped
from iso15118 import exi
from iso15118.errors import FramingError
from iso15118.io.endpoint import Endpoint
from iso15118.messages.app import ResponseCode as AppCode
from iso15118.messages.app import SupportedAppProtocolReq
from iso15118.messages.iso20.common import authorization as auth
from iso15118.messages.iso20.types import EVSENotification, EVSEStatus, RationalNumber
from iso15118.session import actions as act
from iso15118.session import secc
from iso15118.session.core import Session, State, Step
from iso15118.session.secc import session as secc_session
from iso15118.session.secc.failed import failed_response
from iso15118.session.secc.session import SeccSession
from iso15118.session.timers import Timer
from iso15118.v2gtp import SCHEMA_KEYS

Patch = AbstractContextManager[None]
ZERO = RationalNumber(exponent=0, value=0)
LOOPS = ("DC_ChargeLoopReq", "AC_ChargeLoopReq")
LOOP_RES = ("DC_ChargeLoopRes", "AC_ChargeLoopRes")
MODE = "cl_req_control_mode"


def _kw(value: int) -> RationalNumber:
    return RationalNumber(exponent=3, value=value)


# --- stop ---

mutant("closes-late", "the station leaves the connection open", "ST-02", "ST-02/*")(limit(Timer.SECC_CLOSE, 2.0))
mutant("closes-at-once", "the station closes before the car can", "ST-02", "ST-02/*")(limit(Timer.SECC_CLOSE, 0.1))


@mutant("contactor-stays", "the contactor is not opened", "ST-01/*", "ST-05/SECC/PowerDelivery", "CL-18/*")
def _stays() -> Patch:
    return does(lambda _, action: None if action == act.SetContactor(False) else action)


@mutant(
    "contactor-first",
    "contactors open under current",
    "ST-03/discharging",
    "ST-03/charging",
    "ST-03/after/*",
    "ST-03/AC",
    "ST-03/a current that does not stop",
)
def _contactor_first() -> Patch:
    return swapped(SeccSession, "_present_current_a", lambda self, now: 0.0)


mutant("stop-not-told", "the station's wish to stop is not told", "ST-04/SECC/*")(says(LOOP_RES, evse_status=None))


@mutant("always-told", "the station always wants to stop", "ST-04/SECC/*")
def _always() -> Patch:
    status = EVSEStatus(notification_max_delay=0, evse_notification=EVSENotification.Terminate)
    return says(LOOP_RES, evse_status=status)()


# --- timers and errors ---

mutant("sequence-late", "silence is borne too long", "TI-01/*")(limit(Timer.SECC_SEQUENCE, 1.5))
mutant("sequence-early", "silence is not borne", "TI-01/*")(limit(Timer.SECC_SEQUENCE, 0.5))
mutant("loop-late", "silence in the loop is borne like any", "TI-02/[DA]*")(
    limit(Timer.SECC_SEQUENCE_CHARGE_LOOP, 120.0)
)
mutant("loop-early", "silence in the loop is hardly borne", "TI-02/[DA]*")(limit(Timer.SECC_SEQUENCE_CHARGE_LOOP, 0.5))
mutant("nobody-there", "a connection without a handshake is kept", "TI-02/nobody there at all")(
    limit(Timer.SECC_COMMUNICATION_SETUP, 10.0)
)


def _slow(state: State, request_name: str) -> Patch:
    asked: dict[int, float] = {}

    def wrap(rule: secc.Rule) -> secc.Rule:
        def handler(session: SeccSession, request: Any, now: float) -> Step:
            if now - asked.setdefault(id(request), now) < 1.7:
                return Step(session.state, defer=Timer.SECC_AC_CONTACTOR)
            return rule.handler(session, request, now)

        handler.__name__ = getattr(rule.handler, "__name__", "handler")
        return rule._replace(handler=handler)

    rules = {
        key: wrap(rule) if (key[0], key[1].__name__) == (state, request_name) else rule
        for key, rule in secc.HANDLERS.items()
    }
    return every(swapped(secc, "HANDLERS", rules), limit(Timer.SECC_AC_CONTACTOR, 2.0)())


for _state, _request, _step in (
    (State.SUPPORTED_APP_PROTOCOL, "SupportedAppProtocolReq", "SupportedAppProtocol"),
    (State.SESSION_SETUP, "SessionSetupReq", "SessionSetup"),
    (State.AUTHORIZATION_SETUP, "AuthorizationSetupReq", "AuthorizationSetup"),
    (State.AUTHORIZATION, "AuthorizationReq", "Authorization"),
    (State.SERVICE_DISCOVERY, "ServiceDiscoveryReq", "ServiceDiscovery"),
    (State.SERVICE_DETAIL, "ServiceDetailReq", "ServiceDetail"),
    (State.SERVICE_SELECTION, "ServiceSelectionReq", "ServiceSelection"),
    (State.DC_CHARGE_PARAMETER_DISCOVERY, "DC_ChargeParameterDiscoveryReq", "ChargeParameterDiscovery"),
    (State.SCHEDULE_EXCHANGE, "ScheduleExchangeReq", "ScheduleExchange"),
    (State.DC_CABLE_CHECK, "DC_CableCheckReq", "CableCheck"),
    (State.DC_PRE_CHARGE, "DC_PreChargeReq", "PreCharge"),
    (State.POWER_DELIVERY, "PowerDeliveryReq", "PowerDelivery"),
    (State.DC_CHARGE_LOOP, "DC_ChargeLoopReq", "ChargeLoop"),
    (State.DC_CHARGE_LOOP, "PowerDeliveryReq", "PowerDeliveryStop"),
    (State.DC_WELDING_DETECTION, "DC_WeldingDetectionReq", "WeldingDetection"),
    (State.SESSION_STOP, "SessionStopReq", "SessionStop"),
):
    mutant(f"slow-{_step}", f"{_request} is answered after 1.7 s", f"TI-03/{_step}")(partial(_slow, _state, _request))
mutant("slow-contactor", "the AC contactor is awaited too long", "TI-03/AC contactor")(
    partial(_slow, State.POWER_DELIVERY, "PowerDeliveryReq")
)

mutant(
    "sequence-code",
    "requests out of order are refused by another code",
    "ER-01/*: [!S]*",
    "ER-01/*: S[!u]*",
    "ER-01/a request that no session of today has/*",
)(lambda: codes({"FAILED_SequenceError": "FAILED"}))


@mutant("handshake-again", "a handshake may come at any time", "ER-01/*: Su*")
def _again() -> Patch:
    def wrong(request: Any, code: str, header: Any) -> Any:
        response = failed_response(request, code, header)
        late = isinstance(request, SupportedAppProtocolReq)
        return replaced(response, response_code=AppCode.OK_SuccessfulNegotiation) if late else response

    return swapped(secc_session, "failed_response", wrong)


@mutant("responses-ignored", "a response to a station is ignored", "ER-01/a response")
def _responses() -> Patch:
    receive = SeccSession.receive

    def wrong(self: SeccSession, message: Any, now: float, *rest: Any) -> Any:
        return [] if type(message).__name__.endswith("Res") else receive(self, message, now, *rest)

    return swapped(SeccSession, "receive", wrong)


@mutant(
    "failure-does-not-end",
    "the session goes on after a FAILED answer of a handler",
    *(
        "CP-02/*",
        "CP-03/*",
        "CP-05/*",
        "PD-03/*",
        "SE-03/*",
        "SV-06/*",
        "SV-09",
        "SV-10",
        "CL-04/*",
        "CL-15",
        "DC-02/*",
    ),
    "ER-01/*ChargeLoop: PowerDelivery",
)
def _no_end() -> Patch:
    return swapped(SeccSession, "_end_if_failed", lambda self, request, response, now: [])


@mutant(
    "refusal-does-not-end", "the session goes on after a request out of order", "ER-01/*: Se*", "ER-01/*: A*", "SS-05/*"
)
def _goes_on() -> Patch:
    refuse = SeccSession._refuse  # noqa: SLF001  (a defect is where a defect can be)

    def wrong(self: SeccSession, *words: Any) -> list[act.Action]:
        return [action for action in refuse(self, *words) if isinstance(action, act.Send)]

    def undo(self: SeccSession, *words: Any) -> list[act.Action]:
        state, timers = self.state, dict(self.timers._due)  # noqa: SLF001
        actions = wrong(self, *words)
        self.state, self.timers._due = state, timers  # noqa: SLF001
        return actions

    return swapped(SeccSession, "_refuse", undo)


@mutant(
    "damage-ignored",
    "unreadable messages are ignored",
    "ER-04/SECC/truncated/[!C]*",
    "ER-04/SECC/no EXI at all",
    "ER-06/SECC*",
)
def _damage() -> Patch:
    return swapped(Session, "reject", lambda self, error, now: [])


@mutant("damage-crashes", "unreadable messages crash", "ER-04/*", "ER-06/*")
def _crash() -> Patch:
    def wrong(self: Session, error: Exception, now: float) -> list[act.Action]:
        raise error

    return swapped(Session, "reject", wrong)


@mutant("canonical-only", "only canonical streams are read", "ER-05/*")
def _canonical() -> Patch:
    frame_of = Endpoint._frame  # noqa: SLF001

    def wrong(self: Endpoint, frame: Any, now: float) -> Any:
        key = SCHEMA_KEYS.get(frame.payload_type, "")
        content = exi.read(frame.payload, key)
        if exi.encode(content.value, key) != frame.payload:
            return self.carry(self.session.reject(FramingError("not canonical"), now), now)
        return frame_of(self, frame, now)

    return swapped(Endpoint, "_frame", wrong)


@mutant("guesses", "what can't be read counts as what is due", "ER-06/SECC", "ER-06/SECC/*")
def _guesses() -> Patch:
    def wrong(self: SeccSession, error: Exception, now: float) -> list[act.Action]:
        return self.receive(auth.AuthorizationSetupReq(header=self.header(now)), now)

    return swapped(SeccSession, "reject", wrong)
