"""The car's side of one session: what is asked when, and what the core does around the handlers."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec.structs import replace

from iso15118.errors import LocalError, PeerTimeout, RemoteError, SequenceError, SessionError
from iso15118.messages.iso20.common.session_setup import SessionSetupRes
from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.messages.iso20.types import V2GResponse
from iso15118.messages.model import Record
from iso15118.session.actions import Action, Send, SetContactor, SetPilot
from iso15118.session.core import AC_OFF, CHARGE_LOOPS, FINAL_STATES, Session, State, Step
from iso15118.session.evcc.context import EvccConfig, EvccContext
from iso15118.session.pause import PausedSession
from iso15118.session.ports import EnergyNeeds, Vehicle, Wish
from iso15118.session.ports.ac import AcInletPort
from iso15118.session.services import GeneratorMode, ServiceId
from iso15118.session.timers import Limits, Timer
from iso15118.v2gtp import PayloadType

__all__ = ["EvccSession", "Phase", "Phases", "SidePhase", "SidePhases"]

_MAX_DEPARTURE_S = 2**32 - 1
"""Largest DepartureTime."""


class Phase(NamedTuple):
    """One request of the car: how it is made, what answers it, how long that may take, and what may follow."""

    compose: Callable[[EvccSession, float], Record]
    response: type[Record]
    handler: Callable[[EvccSession, Any, float], Step]
    to: frozenset[State]
    timer: Timer = Timer.EVCC_MESSAGE
    with_request: Callable[[EvccSession, float], tuple[Action, ...]] | None = None
    """What is to be done as soon as the request is on its way."""


Phases = Mapping[State, Phase]


class SidePhase(NamedTuple):
    """What the car asks on a side stream, while the main stream goes on."""

    compose: Callable[[EvccSession, float], Record | None]
    """The request to send now, or None while there is nothing to ask; called whenever the ports are read."""
    response: type[Record] | tuple[type[Record], ...]
    """What answers it; several where there are several requests."""
    handler: Callable[[EvccSession, Any, float], tuple[Action, ...]]
    states: frozenset[State]
    """Beside which states of the main stream the car asks. An answer is taken beside any."""
    timer: Timer
    """How long the answer may take; a timer of this stream alone."""


SidePhases = Mapping[PayloadType, SidePhase]
_NO_SIDE: SidePhases = MappingProxyType({})


class EvccSession(Session):
    """One session of one car."""

    power_off_timer = Timer.EVCC_POWER_OFF

    def __init__(
        self,
        vehicle: Vehicle,
        phases: Phases,
        *,
        side_phases: SidePhases = _NO_SIDE,
        config: EvccConfig | None = None,
        limits: Limits | None = None,
        unix_offset_s: float = 0.0,
        resume: PausedSession | None = None,
        vehicle_binding: bytes | None = None,
    ) -> None:
        """Prepare; ``start`` sends the first request.

        Args:
            vehicle: The car's ports.
            phases: The transition table (``iso15118.session.evcc.PHASES``).
            side_phases: What is asked on side streams (``iso15118.session.evcc.SIDE_PHASES``).
            config: What the car is set to.
            limits: The timer table.
            unix_offset_s: Seconds to add to ``now`` to get seconds since 1970.
            resume: A session that was paused at this station, to go on with.
            vehicle_binding: What the link proves about this vehicle (``pause.bound``).
        """
        super().__init__(limits=limits, unix_offset_s=unix_offset_s, vehicle_binding=vehicle_binding)
        self.vehicle = vehicle
        self.config = config or EvccConfig()
        self.emitter_profile = self.config.emitter_profile
        self.resume = resume
        self.context = EvccContext()
        self._phases, self._side_phases = phases, side_phases
        self._asked_aside: set[PayloadType] = set()
        self._awaiting = False
        self._answered_at: float | None = None
        """When the main stream was answered last."""
        self._pause: Timer | None = None

    # --- driver's side ---

    @property
    def service_id(self) -> int:
        """The energy transfer service talked about or selected; 0 before."""
        return self.context.service_id

    @property
    def der_services(self) -> frozenset[ServiceId]:
        """Services of inverters at the grid that the settings allow."""
        return self.config.der_services()

    def start(self, now: float) -> list[Action]:
        """Send SupportedAppProtocolReq.

        Raises:
            LocalError: The session has begun already, or nothing may be offered on this link.
        """
        if self._awaiting or self.state is not State.SUPPORTED_APP_PROTOCOL:
            raise LocalError("the session has begun already")
        self.timers.start(Timer.EVCC_COMMUNICATION_SETUP, now)
        return self._compose(now)

    def receive(self, message: Record, now: float, side: PayloadType | None = None) -> list[Action]:
        """Take one decoded response."""
        if self.state in FINAL_STATES:
            return []
        if side is not None:
            return self._receive_aside(message, side, now)
        phase = self._phases[self.state]
        if not self._awaiting or type(message) is not phase.response:
            expected = frozenset({phase.response.__name__} if self._awaiting else ())
            return self._fail(SequenceError(type(message).__name__, self.state.value, expected), now)
        danger = self._danger(now)
        if danger is not None:
            return self._fail(danger, now)
        self.timers.stop(phase.timer)
        self._awaiting, self._answered_at = False, now
        error = self._refused(message, self.state.value)
        if error is not None:
            return self._fail(error, now)
        actions = self._take(phase, phase.handler(self, message, now), now)
        return actions + self._ask_aside(now)

    # --- handlers' side ---

    @functools.cached_property  # the look at a protocol takes microseconds, and a loop asks several times
    def inlet(self) -> AcInletPort:
        """The charger in the car.

        Raises:
            LocalError: The car has none; it uses no AC service then.
        """
        if not isinstance(self.vehicle, AcInletPort):
            raise LocalError("this vehicle has no charger for AC")
        return self.vehicle

    def needs(self, now: float) -> EnergyNeeds:
        """What the driver needs; a departure that no message could name is none."""
        needs = self.vehicle.needs(now)
        departure_s = needs.departure_s
        if departure_s is None or (math.isfinite(departure_s) and departure_s - now <= _MAX_DEPARTURE_S):
            return needs
        return replace(needs, departure_s=None)

    def wants_to_stop(self, now: float) -> bool:
        """Whether the driver, or an earlier event, ends the session."""
        return self.context.stopping or self.vehicle.wish(now) is Wish.STOP

    def wants_renegotiation(self, now: float) -> bool:
        """Whether the station or the driver wants a new schedule, and none was refused a moment ago."""
        if self.context.stopping or self.timers.running(Timer.EVCC_RENEGOTIATION_RETRY):
            return False
        changed = self.vehicle.needs_revision(now) != self.context.told_revision
        return changed or self.context.station_wants_schedule

    def after_parameters(self, now: float) -> State:
        """What follows parameter discovery; under closed contactors a wish to end waits for PowerDelivery(Stop)."""
        if self.context.renegotiating:
            return State.SCHEDULE_RENEGOTIATION
        return State.SESSION_STOP if self.wants_to_stop(now) else State.SCHEDULE_EXCHANGE

    def wants_to_leave(self, now: float) -> bool:
        """As ``wants_to_stop``, where the session can be paused as well; how it is to be left is noted."""
        match self.vehicle.wish(now):
            case Wish.STOP:
                self.context.leave(ChargingSession.Terminate)
            case Wish.PAUSE:
                self.context.leave(ChargingSession.Pause)
            case Wish.ENERGY | Wish.STANDBY:
                pass
        return self.context.stopping

    def fail(self, reason: str) -> Step:
        """The session can't go on."""
        self._failure = SessionError(reason)
        return Step(State.POWER_OFF)

    # --- core's side ---

    _failure: SessionError | None = None

    def _take(self, phase: Phase, step: Step, now: float) -> list[Action]:
        if self._failure is not None:
            return self._fail(self._failure, now)
        if step.state not in phase.to:
            raise LocalError(f"{phase.handler.__name__} may not lead to {step.state}")
        actions = self._emit(step.actions)
        if step.state is State.CLOSING:
            return actions + self._end("SessionStop", now, close_after=None)
        actions += self._enter(step.state)
        if step.after is None:
            return actions + self._compose(now)
        self._pause = step.after
        self.timers.start(step.after, now)
        return actions

    def _refused(self, message: Record, asked: str) -> SessionError | None:
        """What an answer says that ends the session, whatever else it says (V2G20-735)."""
        if not isinstance(message, V2GResponse):
            return None
        if not isinstance(message, SessionSetupRes) and message.header.session_id != self.session_id:
            return SessionError("the station answered with a foreign SessionID")
        code = message.response_code.value
        if code.startswith("FAILED"):
            return SessionError(f"the station answered {asked} with {code}", code)
        return None

    def _receive_aside(self, message: Record, side: PayloadType, now: float) -> list[Action]:
        """An answer on a side stream: it may come before or after that of the main stream, and in a later state."""
        phase = self._side_phases.get(side)
        if phase is None or side not in self._asked_aside or not isinstance(message, phase.response):
            asked = phase is not None and side in self._asked_aside
            several = phase.response if phase is not None and asked else ()
            classes = several if isinstance(several, tuple) else (several,)
            expected = frozenset(cls.__name__ for cls in classes)
            return self._fail(SequenceError(type(message).__name__, side.name, expected), now)
        danger = self._danger(now)
        if danger is not None:
            return self._fail(danger, now)
        self.timers.stop(phase.timer)
        self._asked_aside.discard(side)
        error = self._refused(message, side.name)
        if error is not None:
            return self._fail(error, now)
        actions = self._emit(phase.handler(self, message, now))
        return self._fail(self._failure, now) if self._failure is not None else actions + self._ask_aside(now)

    def _ask_aside(self, now: float) -> list[Action]:
        """Send what there is to ask on side streams on which nothing is asked yet."""
        actions: list[Action] = []
        for side, phase in self._side_phases.items():
            if side in self._asked_aside or self.state not in phase.states:
                continue
            request = phase.compose(self, now)
            if request is not None:
                self._asked_aside.add(side)
                self.timers.start(phase.timer, now)
                actions.append(Send(request, side))
        return actions

    def _compose(self, now: float) -> list[Action]:
        phase = self._phases[self.state]
        request = phase.compose(self, now)
        self._awaiting, self._pause = True, None
        self.timers.start(phase.timer, now)
        done = () if phase.with_request is None else phase.with_request(self, now)
        actions: list[Action] = [Send(request)]
        if self.state in CHARGE_LOOPS and self._answered_at is not None:
            actions += self._pace(Timer.EVCC_PERFORMANCE_CHARGE_LOOP, self._answered_at, request, now)
        return actions + self._emit(done)

    def _timeout(self, timer: Timer, now: float) -> list[Action]:
        if timer is self._pause:
            return self._compose(now) + self._ask_aside(now)
        if timer is Timer.EVCC_RAMP_DOWN:
            self.context.ramp_down_over = True
            return []
        if timer is Timer.EVCC_CONNECTOR_LOCK:
            self.context.lock_over = True
            return self.poll(now)
        if timer is Timer.EVCC_WELDING_DETECTION:
            self.context.welding_over = True
            return []
        if timer is Timer.EVCC_ONGOING_SCHEDULE_EXCHANGE and self.context.asking_aside:
            self.context.give_up_next()  # the old schedule goes on
            self.timers.start(Timer.EVCC_RENEGOTIATION_RETRY, now)
            return []
        if timer in (Timer.EVCC_SIDE_INTERVAL, Timer.EVCC_RENEGOTIATION_RETRY):
            return self._ask_aside(now)
        return self._fail(PeerTimeout(timer.name, self.limits.seconds(timer)), now)

    def _danger(self, now: float) -> RemoteError | None:
        if self.vehicle.battery(now).emergency_stop:
            return SessionError("emergency stop")
        if self.vehicle.connector_lock(now) is False and (self._is_live() or self.context.lock_over):
            return SessionError("the connector is not locked")
        offer = self.context.offer
        if self.is_ac and self.context.bidirectional and offer is not None:
            forming = offer.generator_mode is GeneratorMode.GRID_FORMING
            if not forming and self.inlet.ac_reading(now).islanded:
                return SessionError("the inlet has become part of an island")
        return None

    def _poll(self, now: float) -> list[Action]:
        if self._is_live() and not self.vehicle.pilot_signal(now):
            return self._fail(SessionError("the station switched off the signal of its control pilot"), now)
        return self._ask_aside(now)  # all else is asked when the next request is composed

    def _present_current_a(self, now: float) -> float:
        if not self.is_ac:
            return self.vehicle.battery(now).current_a
        return self.inlet.ac_reading(now).current_a(self.context.ac_voltage_v)

    def _safe_outputs(self) -> tuple[Action, ...]:
        # Pilot state B tells the station to switch off, whatever else is lost.
        return (AC_OFF, SetPilot("B")) if self.is_ac else (SetPilot("B"),)

    def _lock_state(self, now: float) -> bool | None:
        return self.vehicle.connector_lock(now)

    def _contactor_open(self, now: float) -> bool:
        return not self.vehicle.battery(now).contactor_closed

    def _is_live(self) -> bool:
        """Whether our contactors are to be closed."""
        contactor = self._desired.get(SetContactor)
        return isinstance(contactor, SetContactor) and contactor.closed
