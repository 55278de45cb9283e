"""The station's side of one session: which request is allowed when, and what the core does around the handlers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from iso15118.errors import LocalError, PeerTimeout, RemoteError, SequenceError, SessionError
from iso15118.messages.app import SupportedAppProtocolReq, SupportedAppProtocolRes
from iso15118.messages.iso20 import dc
from iso15118.messages.iso20.common.session_setup import SessionSetupReq
from iso15118.messages.iso20.common.session_stop import SessionStopReq
from iso15118.messages.iso20.types import ResponseCode, V2GRequest, V2GResponse
from iso15118.messages.model import Record
from iso15118.session.actions import Action, Send, SetContactor, SetPilotSignal
from iso15118.session.core import AC_OFF, CHARGE_LOOPS, FINAL_STATES, NO_SESSION, STAGE_OFF, Session, State, Step
from iso15118.session.pause import PausedSessions
from iso15118.session.ports import Charger
from iso15118.session.ports.ac import AcOutletPort
from iso15118.session.secc.context import SeccConfig, SeccContext
from iso15118.session.secc.failed import failed_response
from iso15118.session.services import GeneratorMode, ServiceId
from iso15118.session.side import SideStep
from iso15118.session.timers import Limits, Timer
from iso15118.v2gtp import PayloadType

__all__ = ["Handlers", "Rule", "SeccSession", "SideHandlers", "SideRule"]

Handler = Callable[["SeccSession", Any, float], Step]


_NO_ENERGY_YET = frozenset(
    {
        State.AUTHORIZATION_SETUP,
        State.AUTHORIZATION,
        State.SERVICE_DISCOVERY,
        State.SERVICE_DETAIL,
        State.SERVICE_SELECTION,
        State.AC_CHARGE_PARAMETER_DISCOVERY,
        State.AC_DER_CHARGE_PARAMETER_DISCOVERY,
        State.DC_CHARGE_PARAMETER_DISCOVERY,
        State.SCHEDULE_EXCHANGE,
        State.DC_CABLE_CHECK,
        State.DC_PRE_CHARGE,
    }
)
_ANSWERED_LATER = frozenset(
    {
        Timer.SECC_ONGOING_EIM,
        Timer.SECC_ONGOING_PARAMETER_DISCOVERY,
        Timer.SECC_ONGOING_SCHEDULE_EXCHANGE,
        Timer.SECC_EV_POWER_PROFILE_VIOLATION,
        Timer.SECC_CONNECTOR_LOCK,
    }
)
"""Limits whose end is told in the next answer; the others end the session."""


def _performance_of(request: Record) -> Timer:
    loop = isinstance(request, dc.DC_ChargeLoopReq)
    return Timer.SECC_PERFORMANCE_CHARGE_LOOP if loop else Timer.SECC_PERFORMANCE


class Rule(NamedTuple):
    """How a request is handled in a state, and the states that may follow."""

    handler: Handler
    to: frozenset[State]
    poll: Callable[[SeccSession, float], tuple[Action, ...]] | None = None
    """What is to be done between two messages while the state lasts, whenever the ports are read again."""
    goes_on: bool = False
    """Whether that is to be done as well while this request waits for its answer: it changes nothing of the state."""


Handlers = Mapping[tuple[State, type[Record]], Rule]


class SideRule(NamedTuple):
    """How a request on a side stream is handled, and the states of the main stream beside which it may come."""

    handler: Callable[[SeccSession, Any, float], SideStep]
    states: frozenset[State]


SideHandlers = Mapping[tuple[PayloadType, type[Record]], SideRule]
_NO_SIDE: SideHandlers = MappingProxyType({})


class SeccSession(Session):
    """One session of one outlet."""

    power_off_timer = Timer.SECC_POWER_OFF

    def __init__(
        self,
        charger: Charger,
        handlers: Handlers,
        *,
        side_handlers: SideHandlers = _NO_SIDE,
        config: SeccConfig | None = None,
        random_bytes: Callable[[int], bytes],
        limits: Limits | None = None,
        unix_offset_s: float = 0.0,
        store: PausedSessions | None = None,
        vehicle_binding: bytes | None = None,
        now: float,
    ) -> None:
        """Wait for the first request.

        Args:
            charger: The outlet's ports.
            handlers: The transition table (``iso15118.session.secc.HANDLERS``).
            side_handlers: What may be asked on side streams (``iso15118.session.secc.SIDE_HANDLERS``).
            config: What the outlet is set to.
            random_bytes: Cryptographic randomness, for instance ``secrets.token_bytes`` (V2G20-835).
            limits: The timer table.
            unix_offset_s: Seconds to add to ``now`` to get seconds since 1970.
            store: Paused sessions of this outlet; without one none can be paused.
            vehicle_binding: What the link proves about the vehicle (``pause.bound``).
            now: When the car was connected: the communication setup timer starts.
        """
        super().__init__(limits=limits, unix_offset_s=unix_offset_s, vehicle_binding=vehicle_binding)
        self.charger = charger
        self.config = config or SeccConfig()
        self.emitter_profile = self.config.emitter_profile
        self.random_bytes = random_bytes
        self.store = store
        self.context = SeccContext()
        self.expired: set[Timer] = set()
        """Ongoing limits that have run out: the next answer says so."""
        self.deferred_too_long = False
        self._handlers, self._side_handlers = handlers, side_handlers
        self._deferred: Record | None = None
        self._deferred_by: Timer | None = None
        """How long that answer may be deferred: the handler then has to answer."""
        self._side_deferred: dict[PayloadType, tuple[V2GRequest, Timer]] = {}
        """Side requests that wait for their answer, and how long they may."""
        self._asked: dict[PayloadType | None, float] = {}
        """When a request came that is not answered yet, by stream; None is the main stream."""
        self._answered: list[tuple[Record, float]] = []
        """Requests answered in time, with when they came: the answers may still be on their way out."""
        self.timers.start(Timer.SECC_COMMUNICATION_SETUP, now)

    # --- driver's side ---

    @property
    def service_id(self) -> int:
        """The energy transfer service talked about or selected; 0 before."""
        return self.context.service_id

    @property
    def der_services(self) -> frozenset[ServiceId]:
        """Services of inverters at the grid that the settings allow."""
        return self.config.der_services()

    def receive(self, message: Record, now: float, side: PayloadType | None = None) -> list[Action]:
        """Take one decoded request."""
        if self.state in FINAL_STATES:
            return []
        self._answered.clear()
        if side is not None:
            return self._receive_aside(message, side, now)
        if self._deferred is None:
            self._asked[None] = now
        if not isinstance(message, V2GRequest | SupportedAppProtocolReq):
            return self._fail(self._out_of_order(message), now)
        if isinstance(message, V2GRequest) and not isinstance(message, SessionSetupReq):
            # A session id can't differ before there is one; then the order is wrong, not the session.
            if self.session_id not in (NO_SESSION, message.header.session_id):
                return self._refuse(message, SessionError("foreign SessionID", "FAILED_UnknownSession"), now)
        rule = self._handlers.get((self.state, type(message)))
        if rule is None or self._deferred is not None:
            return self._refuse(message, self._out_of_order(message), now)
        danger = self._danger(now)
        if danger is not None:
            return self._refuse(message, danger, now)
        if self.state in _NO_ENERGY_YET and not isinstance(message, SessionStopReq) and self.charger.stop_wanted(now):
            # Before energy may flow there is no EVSEStatus to carry the wish: a FAILED answer is all there is.
            return self._refuse(message, SessionError("the station wants to end"), now)
        self.timers.stop(Timer.SECC_SEQUENCE, Timer.SECC_SEQUENCE_CHARGE_LOOP)
        return self._handle(rule, message, now)

    # --- handlers' side ---

    @functools.cached_property  # the look at a protocol takes microseconds, and a loop asks several times
    def outlet(self) -> AcOutletPort:
        """The AC outlet.

        Raises:
            LocalError: The station has none; AC services are not offered then.
        """
        if not isinstance(self.charger, AcOutletPort):
            raise LocalError("this charger has no AC outlet")
        return self.charger

    def ok(self, code: ResponseCode = ResponseCode.OK, *, now: float) -> dict[str, Any]:
        """Header and code of a response: the keyword arguments every response begins with."""
        return {"header": self.header(now), "response_code": code}

    def refuse(self, request: Record, code: str, now: float) -> Step:
        """A FAILED answer with every mandatory field; the session ends."""
        return Step(self.state, failed_response(request, code, self.header(now), self.service_id))

    def leave_service(self) -> None:
        """Services are chosen anew: forget the old one, and stop its limits.

        Those of the session run on, and so does that of a request that still waits for its answer on a side stream.
        """
        kept = {Timer.SECC_CONNECTOR_LOCK, *(limit for _, limit in self._side_deferred.values())}
        if self._side_deferred:
            kept.add(Timer.SECC_DEFERRED_POLL)
        self.timers.stop(*(timer for timer in Timer if timer not in kept))
        self.expired &= kept
        self.context = self.context.without_service()

    # --- core's side ---

    def _handle(self, rule: Rule, message: Record, now: float) -> list[Action]:
        step = rule.handler(self, message, now)
        actions = self._emit(step.actions)
        if step.message is None:
            if step.defer is None:
                raise LocalError(f"the handler of {type(message).__name__} neither answered nor deferred")
            if self._deferred is None:
                self._deferred, self._deferred_by = message, step.defer
                self.timers.start(step.defer, now)
            self.timers.start(Timer.SECC_DEFERRED_POLL, now)
            return actions
        self._deferred, self.deferred_too_long = None, False
        limit, self._deferred_by = self._deferred_by, None
        self._stop_limit(limit)
        self._stop_polling()
        actions += [Send(step.message), *self._in_time(message, None, now)]
        failed = self._end_if_failed(message, step.message, now)
        if failed:
            return actions + failed
        if step.state not in rule.to:
            raise LocalError(f"{rule.handler.__name__} may not lead to {step.state}")
        if step.state is State.CLOSING:
            return actions + self._end("SessionStop", now, close_after=Timer.SECC_CLOSE)
        actions += self._enter(step.state)
        # Keyed by the request that is due next; the transition into the loop has the long limit.
        loop = step.state in CHARGE_LOOPS and self.context.loops > 0
        self.timers.start(Timer.SECC_SEQUENCE_CHARGE_LOOP if loop else Timer.SECC_SEQUENCE, now)
        return actions

    def _out_of_order(self, message: Record) -> SequenceError:
        expected = frozenset(cls.__name__ for state, cls in self._handlers if state is self.state)
        return SequenceError(type(message).__name__, self.state.value, expected)

    def _receive_aside(self, message: Record, side: PayloadType, now: float) -> list[Action]:
        """A request on a side stream, judged by a table of its own and answered on that stream."""
        expected = frozenset(cls.__name__ for stream, cls in self._side_handlers if stream is side)
        if not isinstance(message, V2GRequest):
            return self._fail(SequenceError(type(message).__name__, side.name, expected), now)
        if self.session_id not in (NO_SESSION, message.header.session_id):
            return self._refuse(message, SessionError("foreign SessionID", "FAILED_UnknownSession"), now, side)
        rule = self._side_handlers.get((side, type(message)))
        if rule is None or self.state not in rule.states or side in self._side_deferred:
            where = f"{side.name} beside {self.state.value}"
            return self._refuse(message, SequenceError(type(message).__name__, where, expected), now, side)
        danger = self._danger(now)
        if danger is not None:
            return self._refuse(message, danger, now, side)
        self._asked[side] = now
        return self._handle_aside(message, side, now)

    def _handle_aside(self, message: V2GRequest, side: PayloadType, now: float) -> list[Action]:
        step = self._side_handlers[side, type(message)].handler(self, message, now)
        actions = self._emit(step.actions)
        if step.message is None:
            if step.defer is None:
                raise LocalError(f"the handler of {type(message).__name__} neither answered nor deferred")
            if side not in self._side_deferred:
                self._side_deferred[side] = message, step.defer
                self.timers.start(step.defer, now)
            self.timers.start(Timer.SECC_DEFERRED_POLL, now)
            return actions
        _, limit = self._side_deferred.pop(side, (message, None))
        if limit is not None:
            self.expired.discard(limit)
        self._stop_limit(limit)
        self._stop_polling()
        actions += [Send(step.message, side), *self._in_time(message, side, now)]
        return actions + self._end_if_failed(message, step.message, now)

    def carried_out(self, now: float) -> list[Action]:
        """Take notice that the actions of the last call have been carried out."""
        answered, self._answered = self._answered, []
        return [
            late for message, since in answered for late in self._pace(_performance_of(message), since, message, now)
        ]

    def _in_time(self, request: Record, side: PayloadType | None, now: float) -> list[Action]:
        """Tell of an answer that was composed too late; whether the others leave in time, ``carried_out`` will say."""
        since = self._asked.pop(side, now)
        late = self._pace(_performance_of(request), since, request, now)
        if not late:
            self._answered.append((request, since))
        return late

    def _end_if_failed(self, request: Record, response: Record, now: float) -> list[Action]:
        code = getattr(response, "response_code").value  # noqa: B009  (a response by construction)
        if not code.upper().startswith("FAILED"):
            return []
        self.error = SessionError(f"{type(request).__name__} answered {code}", code)
        return self._end(str(self.error), now, close_after=Timer.SECC_CLOSE)

    def _stop_limit(self, limit: Timer | None) -> None:
        """An answer was given; the limit runs on if one on another stream is deferred by it as well."""
        if limit is not None and limit not in [
            self._deferred_by,
            *(other for _, other in self._side_deferred.values()),
        ]:
            self.timers.stop(limit)

    def _stop_polling(self) -> None:
        if self._deferred is None and not self._side_deferred:
            self.timers.stop(Timer.SECC_DEFERRED_POLL)

    def _refuse(
        self,
        request: V2GRequest | SupportedAppProtocolReq,
        error: RemoteError,
        now: float,
        side: PayloadType | None = None,
    ) -> list[Action]:
        """Answer in kind, and where it was asked, with a FAILED code; then end (V2G20-459, V2G20-460)."""
        self.error = error
        response: V2GResponse | SupportedAppProtocolRes = failed_response(
            request, error.response_code, self.header(now), self.service_id
        )
        return [Send(response, side), *self._end(str(error), now, close_after=Timer.SECC_CLOSE)]

    def _timeout(self, timer: Timer, now: float) -> list[Action]:
        if timer is Timer.SECC_DEFERRED_POLL:
            return self._poll(now)
        aside = timer in [limit for _, limit in self._side_deferred.values()]
        if aside:
            self.expired.add(timer)
        if timer is self._deferred_by:
            self.deferred_too_long = True
        if aside or timer is self._deferred_by:
            return self.poll(now)
        if timer in _ANSWERED_LATER:
            self.expired.add(timer)
            return []
        return self._fail(PeerTimeout(timer.name, self.limits.seconds(timer)), now)

    def _must_not_feed_an_island(self) -> bool:
        """Whether the service that was selected gives energy, and by an inverter that only follows the grid."""
        offer = self.context.offer
        following = offer is not None and offer.generator_mode is GeneratorMode.GRID_FOLLOWING
        return following and self.context.bidirectional

    def _danger(self, now: float) -> RemoteError | None:
        if self.charger.reading(now).emergency_stop:
            return SessionError("emergency stop")
        if self.charger.reading(now).islanded and self._must_not_feed_an_island():
            return SessionError("the outlet has become part of an island")
        pilot = self.charger.pilot(now)
        if pilot == "A":
            return SessionError("unplugged")
        # A car in trouble falls back to state B. One that stops regularly may do so with PowerDelivery(Stop), whose
        # answer may be deferred.
        contactor = self._desired.get(SetContactor)
        live = isinstance(contactor, SetContactor) and contactor.closed
        late = self.deferred_too_long or Timer.SECC_CONNECTOR_LOCK in self.expired
        if self.charger.connector_lock(now) is False and (live or late):
            return SessionError("the connector is not locked")
        if pilot == "B" and live and self._deferred is None:
            return SessionError("the car went to pilot state B while the outlet is live")
        return None

    def _end_for_danger(self, danger: RemoteError, now: float) -> list[Action]:
        """Whatever still waits for its answer gets it, where it was asked."""
        answers: list[Action] = [
            Send(failed_response(request, danger.response_code, self.header(now)), side)
            for side, (request, _) in self._side_deferred.items()
        ]
        if self._deferred is None:
            return answers + self._fail(danger, now)
        assert isinstance(self._deferred, V2GRequest)  # nothing defers the handshake
        return answers + self._refuse(self._deferred, danger, now)

    def _poll(self, now: float) -> list[Action]:
        actions = self._poll_main(now)
        for side, (message, _) in list(self._side_deferred.items()):
            if self.state not in FINAL_STATES:
                actions += self._handle_aside(message, side, now)
        return actions

    def _poll_main(self, now: float) -> list[Action]:
        message = self._deferred
        waiting = None if message is None else self._handlers[self.state, type(message)]
        actions: list[Action] = []
        if waiting is None or waiting.goes_on:
            rules = [rule for (state, _), rule in self._handlers.items() if state is self.state]
            actions = [action for rule in rules if rule.poll for action in self._emit(rule.poll(self, now))]
        return actions if waiting is None or message is None else actions + self._handle(waiting, message, now)

    def _present_current_a(self, now: float) -> float:
        if not self.is_ac:
            return self.charger.reading(now).current_a
        return self.outlet.ac_reading(now).current_a(self.outlet.ac_outlet(now).nominal_voltage_v)

    def _safe_outputs(self) -> tuple[Action, ...]:
        off = AC_OFF if self.is_ac else STAGE_OFF
        # The one thing that a car hears whose session is frozen.
        return (off,) if self.error is None else (off, SetPilotSignal(False))

    def _lock_state(self, now: float) -> bool | None:
        return self.charger.connector_lock(now)

    def _contactor_open(self, now: float) -> bool:
        reading = self.charger.reading(now)
        return not (reading.contactor_fault or reading.contactor_closed)
