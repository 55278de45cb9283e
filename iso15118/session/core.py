"""What both sides of a session share: states, steps, desired outputs, deadlines and the safe end.

The contract of a session, for whoever drives it (a socket, a simulator, a test):

1. ``receive(message, now)`` for every decoded message (with the payload type, if it came on a side stream),
   ``reject(error, now)`` for a payload that is none,
   ``connection_lost(now)`` when the transport is gone, ``handle_timer(now)`` when ``next_timer()`` is due,
   ``poll(now)`` whenever a port may have something new (an emergency stop, a back end's answer), and
   ``broken(error, now)`` when one of these calls, or carrying out an action, raised.
2. Carry out the returned actions in their order. Where that takes time, ``carried_out(now)`` then counts it.
3. Wait until ``next_timer()``, a message or news from a port; then go to 1.

Nothing in here waits, reads a clock or draws randomness. ``now`` is monotonic seconds on any clock.
"""

from __future__ import annotations

import abc
import enum
import math
from collections import Counter
from typing import NamedTuple

from iso15118.errors import RemoteError
from iso15118.messages.iso20.types import MessageHeader
from iso15118.messages.model import Record
from iso15118.session.actions import (
    Action,
    Close,
    DropPaused,
    Ended,
    EnergyFlow,
    Late,
    SetAcPower,
    SetConnectorLock,
    SetContactor,
    SetDerControl,
    SetPilot,
    SetPilotSignal,
    SetStage,
    StageMode,
    StateChanged,
)
from iso15118.session.emitter import EmitterProfile
from iso15118.session.services import AC_SERVICES, DER_SERVICES, ServiceId
from iso15118.session.timers import Deadlines, Limits, Timer
from iso15118.v2gtp import PayloadType

__all__ = [
    "AC_OFF",
    "CHARGE_LOOPS",
    "FINAL_STATES",
    "MAX_SERVICE_ROUNDS",
    "NO_CURRENT_A",
    "NO_SESSION",
    "PARAMETER_DISCOVERIES",
    "PARKING_STATES",
    "STAGE_OFF",
    "Session",
    "State",
    "Step",
    "parameter_discovery_of",
]

NO_CURRENT_A = 1.0
"""Below this magnitude (A) current counts as zero when contactors open. Ours; CCS contactors open under a few amperes."""

_ROUNDING_S = 1e-6
"""Sums and differences of times are floats: so much is not late."""

MAX_SERVICE_ROUNDS = 256
"""How often services may be chosen anew in one session; each time contactors open and close. Ours."""

NO_SESSION = bytes(8)
"""The SessionID of the first request."""


class State(enum.Enum):
    """Where a session stands. SECC: which request is expected; EVCC: which response is awaited (or comes next)."""

    SUPPORTED_APP_PROTOCOL = "SupportedAppProtocol"
    SESSION_SETUP = "SessionSetup"
    AUTHORIZATION_SETUP = "AuthorizationSetup"
    AUTHORIZATION = "Authorization"
    SERVICE_DISCOVERY = "ServiceDiscovery"
    SERVICE_DETAIL = "ServiceDetail"
    SERVICE_SELECTION = "ServiceSelection"
    AC_CHARGE_PARAMETER_DISCOVERY = "AC_ChargeParameterDiscovery"
    AC_DER_CHARGE_PARAMETER_DISCOVERY = "AC_DER_ChargeParameterDiscovery"
    """As AC_ChargeParameterDiscovery, for inverters at the grid: settings are negotiated there, in several rounds."""
    DC_CHARGE_PARAMETER_DISCOVERY = "DC_ChargeParameterDiscovery"
    SCHEDULE_EXCHANGE = "ScheduleExchange"
    DC_CABLE_CHECK = "DC_CableCheck"
    DC_PRE_CHARGE = "DC_PreCharge"
    POWER_DELIVERY = "PowerDelivery"
    AC_CHARGE_LOOP = "AC_ChargeLoop"
    DC_CHARGE_LOOP = "DC_ChargeLoop"
    POWER_DELIVERY_RENEGOTIATION = "PowerDelivery_ScheduleRenegotiation"
    """EVCC: whether schedules may be renegotiated, or the new one is accepted; the station stays in the loop."""
    SCHEDULE_RENEGOTIATION = "ScheduleRenegotiation"
    """Out of the loop for new schedules: contactors are closed, there is no power."""
    METERING_CONFIRMATION = "MeteringConfirmation"
    """EVCC, when it confirms on the main stream; the station stays in the loop."""
    POWER_DELIVERY_STANDBY = "PowerDelivery_Standby"
    POWER_DELIVERY_STOP = "PowerDelivery_Stop"
    DC_WELDING_DETECTION = "DC_WeldingDetection"
    SESSION_STOP = "SessionStop"
    POWER_OFF = "PowerOff"
    """Our end after a fault: current goes to zero, then contactors open."""
    CLOSING = "Closing"
    """SECC: all is said; the EV closes the connection, or we do after SECC_CLOSE."""
    ENDED = "Ended"


CHARGE_LOOPS = frozenset({State.AC_CHARGE_LOOP, State.DC_CHARGE_LOOP})
"""States in which energy flows."""

PARAMETER_DISCOVERIES = frozenset(
    {
        State.AC_CHARGE_PARAMETER_DISCOVERY,
        State.AC_DER_CHARGE_PARAMETER_DISCOVERY,
        State.DC_CHARGE_PARAMETER_DISCOVERY,
    }
)
"""What follows the choice of a service."""

FINAL_STATES = frozenset({State.POWER_OFF, State.CLOSING, State.ENDED})
"""States in which messages are ignored: the session has ended."""


def parameter_discovery_of(service_id: int) -> State:
    """The parameter discovery of a service."""
    if service_id in DER_SERVICES:
        return State.AC_DER_CHARGE_PARAMETER_DISCOVERY
    return State.AC_CHARGE_PARAMETER_DISCOVERY if service_id in AC_SERVICES else State.DC_CHARGE_PARAMETER_DISCOVERY


_DESIRED_STATES = (SetStage, SetAcPower, SetContactor, SetPilot, SetConnectorLock, SetPilotSignal, SetDerControl)


PARKING_STATES = (
    PARAMETER_DISCOVERIES
    | CHARGE_LOOPS
    | {
        State.SCHEDULE_EXCHANGE,
        State.DC_CABLE_CHECK,
        State.DC_PRE_CHARGE,
        State.POWER_DELIVERY,
    }
)
"""States beside which a car tells of parking: from when services are chosen until the flow of energy ends. Ours."""


class Step(NamedTuple):
    """What a handler decides.

    ``message``: SECC, the response to send now. ``after``: EVCC, the pause before the next state's request is composed.
    ``defer``: SECC, no answer yet: the same request is handled again at every poll until that timer runs out, then once
    more with ``session.deferred_too_long`` set. ``actions``: desired states and reports, in order.
    """

    state: State
    message: Record | None = None
    after: Timer | None = None
    defer: Timer | None = None
    actions: tuple[Action, ...] = ()


class Session(abc.ABC):
    """One side of one session: messages, times and port readings in, actions out."""

    power_off_timer: Timer
    """How long current may take to vanish after a fault."""
    emitter_profile = EmitterProfile.CONSERVATIVE
    """How much of the schema may be used in what is sent."""

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        unix_offset_s: float = 0.0,
        vehicle_binding: bytes | None = None,
    ) -> None:
        """Start in the first state.

        Args:
            limits: The timer table with its overrides; default: the standard's.
            unix_offset_s: Seconds to add to ``now`` to get seconds since 1970, for message headers.
            vehicle_binding: What the link proves about the vehicle; only compared (``pause.bound``).
        """
        self.limits = limits or Limits()
        self.timers = Deadlines(self.limits)
        self.unix_offset_s = unix_offset_s
        self.vehicle_binding = vehicle_binding
        self.state = State.SUPPORTED_APP_PROTOCOL
        self.session_id = NO_SESSION
        self.error: RemoteError | None = None
        """Why the session ended, if not regularly."""
        self.fault: Exception | None = None
        """What our own side raised, first: a port or whoever carries out actions."""
        self.paused = False
        """Whether the session was paused regularly: it can be resumed unless an error follows."""
        self.late: Counter[Timer] = Counter()
        """How often each performance limit was missed."""
        self.peer_termination: tuple[str | None, str | None] = (None, None)
        """SECC: why the car ends the session, as a code and in words."""
        self._desired: dict[type, Action] = {}
        self._flowing = False
        self._reason = ""
        self._close_after: Timer | None = None
        self._close = True
        self._opened_at = 0.0
        """When the contactors were told to open."""

    # --- for drivers ---

    @property
    @abc.abstractmethod
    def service_id(self) -> int:
        """The energy transfer service talked about or selected (``ServiceId``); 0 before."""

    @property
    @abc.abstractmethod
    def der_services(self) -> frozenset[ServiceId]:
        """Services of inverters at the grid that the settings allow: only for these their schema sets are loaded."""

    @property
    def is_ac(self) -> bool:
        """Whether the service talked about or selected is one of AC."""
        return self.service_id in AC_SERVICES

    @abc.abstractmethod
    def receive(self, message: Record, now: float, side: PayloadType | None = None) -> list[Action]:
        """Take one decoded message.

        Args:
            message: What was read.
            now: The session's clock.
            side: The side stream it came on (one of ``side.SIDE_STREAMS``); None for the main stream.
        """

    def reject(self, error: RemoteError, now: float) -> list[Action]:
        """Take notice of a payload that is no message: the session ends, power off first."""
        return [] if self.state in FINAL_STATES else self._fail(error, now)

    def connection_lost(self, now: float, reason: str = "the peer closed the connection") -> list[Action]:
        """Take notice that the transport is gone."""
        if self.state is State.CLOSING:
            return self._finish(now)
        if self.state is State.POWER_OFF:
            self._close = False  # power off goes on, but there is nothing left to close
        if self.state in FINAL_STATES:
            return []
        return self._fail(RemoteError(reason), now, close=False)

    def broken(self, error: Exception, now: float) -> list[Action]:
        """Take notice that our own side raised: power off, and every desired state of that is said again.

        What raised may have taken composed actions with it, so what was desired may never have been done.
        """
        self.fault = self.fault or error
        if self.state is State.ENDED:
            return []
        if SetContactor in self._desired:
            self._desired[SetContactor] = SetContactor(True)  # perhaps never opened
        if self.state not in FINAL_STATES:
            return self._fail(RemoteError(f"{type(error).__name__}: {error}"), now)
        self.error = self.error or RemoteError(f"{type(error).__name__}: {error}")
        self._close_after = None
        if self.state is State.CLOSING:
            self.timers.start(self.power_off_timer, now)
            return self._enter(State.POWER_OFF) + self._power_off(now, False)
        return self._power_off(now, False)

    def outputs_off(self) -> tuple[Action, ...]:
        """The desired states of a dead session, in order: the last resort of a driver that can't go on."""
        return (*self._safe_outputs(), SetContactor(False))

    def next_timer(self) -> float | None:
        """When to call ``handle_timer``, on the clock that supplies ``now``; None for never."""
        return self.timers.next()

    def handle_timer(self, now: float) -> list[Action]:
        """Act on every timer that is due, earliest first; one may stop another that was due as well."""
        actions: list[Action] = []
        for _ in Timer:  # each timer once a call: whatever is due again by then waits for the next
            timer = self.timers.pop_due(now)
            if timer is None:
                break
            if self.state is State.POWER_OFF:
                actions += self._power_off(now, timer is self.power_off_timer)
            elif self.state is State.CLOSING:
                actions += [Close(self._reason), *self._finish(now)]
            else:
                actions += self._timeout(timer, now)
        return actions

    def poll(self, now: float) -> list[Action]:
        """Read the ports again: an emergency stop or a deferred answer needs no message from the peer."""
        if self.state is State.POWER_OFF:
            return self._power_off(now, False)
        if self.state in FINAL_STATES:
            return []
        danger = self._danger(now)
        return self._poll(now) if danger is None else self._end_for_danger(danger, now)

    def carried_out(self, now: float) -> list[Action]:
        """Take notice that the actions of the last call have been carried out: telemetry of how long all of it took.

        Only for drivers on a wall clock; in virtual time a call and its actions take none.
        """
        return []

    # --- for handlers ---

    def header(self, now: float) -> MessageHeader:
        """Header of a message sent now."""
        return MessageHeader(session_id=self.session_id, time_stamp=max(0, int(self.unix_offset_s + now)))

    def present_current_a(self, now: float) -> float:
        """Current through our contactors; in AC that of the line which carries most. Infinite when it is not known."""
        current = self._present_current_a(now)
        return math.inf if math.isnan(current) else current

    # --- for the two sides ---

    @abc.abstractmethod
    def _timeout(self, timer: Timer, now: float) -> list[Action]:
        """A timer ran out in a state that is not final."""

    @abc.abstractmethod
    def _danger(self, now: float) -> RemoteError | None:
        """What our own sensors say that must end the session whatever the peer says; None when all is well."""

    def _end_for_danger(self, danger: RemoteError, now: float) -> list[Action]:
        """End because of ``_danger``, in a state that is not final."""
        return self._fail(danger, now)

    @abc.abstractmethod
    def _poll(self, now: float) -> list[Action]:
        """Re-read the ports in a state that is not final, and without danger."""

    @abc.abstractmethod
    def _present_current_a(self, now: float) -> float:
        """Current through our contactors, as our own sensor reads it."""

    @abc.abstractmethod
    def _safe_outputs(self) -> tuple[Action, ...]:
        """Desired states that bring current to zero without opening a contactor yet."""

    def _enter(self, state: State) -> list[Action]:
        if state is self.state:
            return []
        changed = StateChanged(before=self.state.value, after=state.value)
        self.state = state
        return [changed]

    def _pace(self, limit: Timer, since: float, message: Record, now: float) -> list[Action]:
        """Count and report what took longer than a performance limit."""
        took_s, limit_s = now - since, self.limits.seconds(limit)
        if took_s <= limit_s + _ROUNDING_S:
            return []
        self.late[limit] += 1
        return [Late(limit=limit.name, limit_s=limit_s, took_s=took_s, message=type(message).__name__)]

    def _emit(self, actions: tuple[Action, ...] | list[Action]) -> list[Action]:
        """Drop desired states that are what we desired already; remember the rest."""
        new: list[Action] = []
        for action in actions:
            if isinstance(action, _DESIRED_STATES):
                if self._desired.get(type(action)) == action:
                    continue
                self._desired[type(action)] = action
            elif isinstance(action, EnergyFlow):
                if action.flowing == self._flowing:
                    continue
                self._flowing = action.flowing
            new.append(action)
        return new

    def _fail(self, error: RemoteError, now: float, *, close: bool = True) -> list[Action]:
        """End because of ``error``: power off first, then contactors, then the connection."""
        self.error = error
        return self._end(str(error), now, close_after=None, close=close)

    def _end(self, reason: str, now: float, *, close_after: Timer | None, close: bool = True) -> list[Action]:
        self.timers.clear()
        self._reason, self._close_after, self._close = reason, close_after, close
        actions = self._emit(self._safe_outputs())
        actions += self._enter(State.POWER_OFF)
        self.timers.start(self.power_off_timer, now)
        return actions + self._power_off(now, False)

    def _power_off(self, now: float, out_of_time: bool) -> list[Action]:
        """Open the contactor once current is gone, or the limit has passed; then close the connection."""
        actions: list[Action] = []
        if self.fault is not None:
            # Whoever carries out actions may have failed at these; a desired state may be said as often as one likes.
            for output in self._safe_outputs():
                self._desired.pop(type(output), None)
            actions = self._emit(self._safe_outputs())
        contactor = self._desired.get(SetContactor)
        closed = isinstance(contactor, SetContactor) and contactor.closed
        # Not "> NO_CURRENT_A": a sensor that says NaN has not said that current is gone.
        if closed and not out_of_time and not abs(self._current_or_unknown_a(now)) <= NO_CURRENT_A:
            self.timers.start_once(Timer.POWER_OFF_POLL, now)
            return actions
        self.timers.clear()
        actions += self._emit([EnergyFlow(False)])
        if closed:
            actions += self._emit([SetContactor(False)])
        if self._holds_connector(now, opening=closed) and (closed or not out_of_time):
            # A contactor that has just been told to open gets as long again as current had to vanish.
            self._opened_at = now if closed else self._opened_at
            self.timers.start(self.power_off_timer, self._opened_at)
            self.timers.start(Timer.POWER_OFF_POLL, now)
            return actions
        if SetConnectorLock in self._desired and not self._holds_connector(now, opening=False):
            actions += self._emit([SetConnectorLock(False)])
        if not self._close:
            return actions + self._finish(now)
        if self._close_after is None:
            return [*actions, Close(self._reason), *self._finish(now)]
        self.timers.start(self._close_after, now)
        return actions + self._enter(State.CLOSING)

    def _holds_connector(self, now: float, *, opening: bool) -> bool:
        """Whether the lock has to hold the connector: our contactors are, or may be, closed.

        Args:
            now: The session's clock.
            opening: Whether they have been told to open this very moment, so that no sensor can know yet.
        """
        try:
            return self._lock_state(now) is not None and (opening or not self._contactor_open(now))
        except Exception as error:  # noqa: BLE001  (as below: unknown counts as closed)
            self.fault = self.fault or error
            return True

    @abc.abstractmethod
    def _lock_state(self, now: float) -> bool | None:
        """What the port says of our connector lock."""

    @abc.abstractmethod
    def _contactor_open(self, now: float) -> bool:
        """Whether our contactors are open, as their sensors see it."""

    def _current_or_unknown_a(self, now: float) -> float:
        try:
            return self._present_current_a(now)
        except Exception as error:  # noqa: BLE001  (a port of the user's may raise anything)
            # A sensor that fails must not keep the outlet live: unknown counts as flowing, so the power-off limit
            # decides. Nothing is hidden: the driver raises ``fault`` once the session has ended.
            self.fault = self.fault or error
            return math.inf

    def _finish(self, now: float) -> list[Action]:
        self.timers.clear()
        actions = self._enter(State.ENDED)
        code, explanation = self.peer_termination
        if self.error is None:
            ended = Ended(self._reason, None, self.paused, code, explanation)
            return [*actions, ended]
        if self.paused:  # what is broken is not gone on with
            actions.append(DropPaused(self.session_id))
        return [*actions, Ended(self._reason, str(self.error), False, code, explanation)]


STAGE_OFF = SetStage(mode=StageMode.OFF)
"""Desired state of a stage at rest."""

AC_OFF = SetAcPower()
"""Desired power of an AC connector at rest."""
