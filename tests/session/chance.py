"""A world with luck of its own: random legal choices, random delays, random faults, and what must hold all the same.

``Plan`` is one session's luck, frozen and printed by hypothesis when it fails; ``RandomWorld`` plays it. What it watches:

- no exception, and an end on both sides, every contactor open (unless it is stuck) and nothing left on;
- no contactor opens under current, unless the power-off limit has passed;
- current and power stay inside what car and station allow (or allowed until a moment ago);
- nothing flows out of a car unless a bidirectional service was chosen;
- a station out of its charge loop, or with a car in standby, drives no power.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import strategies as st

from iso15118.errors import CodecError
from iso15118.messages.iso20.common.power_delivery import ChannelSelection
from iso15118.messages.model import Record
from iso15118.session import actions as act
from iso15118.session.core import CHARGE_LOOPS, State
from iso15118.session.ports import (
    AcAbilities,
    AcLimits,
    AcOutlet,
    AcSupport,
    Authorization,
    ChargerLimits,
    EnergyNeeds,
    IsolationState,
    MobilityNeeds,
    OfferedSchedule,
    SignatureCheck,
    ValueAddedService,
    VehicleLimits,
    Wish,
)
from iso15118.session.ports.der import Consent
from iso15118.session.ports.der_iec import IecSettings
from iso15118.session.ports.der_sae import example_sae
from iso15118.session.services import (
    AC_SERVICES,
    BptChannel,
    ControlMode,
    GeneratorMode,
    MobilityNeedsMode,
    Pricing,
    ServiceId,
)
from iso15118.session.side import Stream
from iso15118.session.timers import Limits
from iso15118.v2gtp import PayloadType
from tests.session.signing import KEY
from tests.session.world import EV, SECC, World

__all__ = ["Plan", "RandomWorld", "plans"]

END_S = 90.0
"""When everybody wants to end, if nobody did before."""
GRACE_S = 3.0
"""How long a limit that has fallen may still be used: a loop, its delay and what a schedule's steps leave open."""
LOOP_S = 1.0


class Happening(msgspec.Struct, frozen=True):
    """Something changes at a moment: an attribute of a port, by name, or a fault."""

    at_s: float
    what: str
    value: Any = None


class Damage(msgspec.Struct, frozen=True):
    """What becomes of the n-th message of one sender."""

    sender: str
    number: int
    kind: str
    """lost, late, twice or broken."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One session's luck."""

    service: ServiceId
    mode: ControlMode
    encoded: bool
    secc: dict[str, Any]
    evcc: dict[str, Any]
    charger_limits: ChargerLimits
    vehicle_limits: VehicleLimits
    outlet_lines: AcLimits
    inlet_lines: AcLimits
    needs: EnergyNeeds
    schedule: tuple[OfferedSchedule, ...]
    setpoint_w: float | None
    latencies_s: tuple[float, ...]
    """One after the other, round and round; positive, so that messages take their time."""
    happenings: tuple[Happening, ...]
    damages: tuple[Damage, ...]
    comes_back: bool
    """Whether a car that has paused goes on later."""
    restarted_s: float | None = None
    """What the clocks show then, if both processes begin anew."""


class RandomWorld(World):
    """Plays a plan."""

    def __init__(self, plan: Plan, after: RandomWorld | None = None) -> None:
        timers = Limits({"EVCC_CHARGE_LOOP_INTERVAL": LOOP_S, "SECC_SEQUENCE_CHARGE_LOOP": LOOP_S + 1.5})
        super().__init__(
            service=plan.service,
            mode=plan.mode,
            secc=plan.secc,
            evcc={**plan.evcc, "services": (plan.service, *_OTHERS[plan.service])},
            needs=plan.needs,
            secc_limits=timers,
            evcc_limits=timers,
            encoded=plan.encoded,
            after=after,
            restarted_s=None if after is None else plan.restarted_s,
        )
        self.plan = plan
        self.excused = False
        """Whether hardware is broken in a way that may open a contactor under current after its limit."""
        self._latency = deque(plan.latencies_s)
        self._sent = {EV: 0, SECC: 0}
        self._arrives = {EV: 0.0, SECC: 0.0}
        self._allowed: deque[tuple[float, float, float]] = deque()
        self.vehicle.key = KEY
        end_s = self.now + END_S
        if after is not None:
            # The car comes back: what was wanted before it left is wanted no more.
            self.vehicle.driver_wish, self.charger.pause, self.charger.stop = Wish.ENERGY, False, False
            if self.charger.pilot_state != "A":
                self.charger.pilot_state = "B"
            end_s = self.now + 20.0
            self.at(end_s, self._leave)
            self.at(end_s + 20.0, lambda: setattr(self.charger, "stop", True))
            return
        self.charger.charger_limits, self.vehicle.vehicle_limits = plan.charger_limits, plan.vehicle_limits
        self.charger.ac_charger_limits, self.vehicle.ac_inlet_limits = plan.outlet_lines, plan.inlet_lines
        self.charger.schedule, self.charger.setpoint_w = plan.schedule, plan.setpoint_w
        for each in plan.happenings:
            self.at(each.at_s, self._change(each))
        self.at(end_s, self._leave)
        self.at(end_s + 20.0, lambda: setattr(self.charger, "stop", True))

    def play(self) -> RandomWorld:
        """From the first request to the end, whatever comes."""
        self.start()
        self.run()
        self._check()
        if self.plan.comes_back and self.events(act.KeepPaused, EV) and not self.excused:
            undisturbed = msgspec.structs.replace(self.plan, happenings=(), damages=(), comes_back=False)
            return RandomWorld(undisturbed, self).play()
        return self

    # --- what happens ---

    def _leave(self) -> None:
        self.vehicle.driver_wish = Wish.STOP

    def _change(self, happening: Happening) -> Callable[[], object]:
        what, value = happening.what, happening.value
        if what in _FAULTS:
            return lambda: _FAULTS[what](self)
        owner = self.vehicle if what in vars(self.vehicle) and what not in vars(self.charger) else self.charger
        assert hasattr(owner, what), what
        return lambda: setattr(owner, what, value)

    def _send(self, to: str, message: Record | None, side: PayloadType | None) -> None:
        sender = SECC if to == EV else EV
        self._sent[sender] += 1
        kinds = {each.kind for each in self.plan.damages if (each.sender, each.number) == (sender, self._sent[sender])}
        if message is not None and "lost" in kinds:
            return
        self._latency.rotate(-1)
        delay = self._latency[0] + (4.0 if "late" in kinds else 0.0)
        # One way keeps its order, as a stream does.
        self._arrives[to] = at = max(self._arrives[to], self.now + delay)
        for _ in range(2 if message is not None and "twice" in kinds else 1):
            self._arrive(at, to, message, side, broken="broken" in kinds)

    def _arrive(self, at: float, to: str, message: Record | None, side: PayloadType | None, *, broken: bool) -> None:
        def arrive() -> None:
            if broken and message is not None:
                if to not in self._frozen:
                    self.reject(to, CodecError("damaged on the way"))
            else:
                self._deliver(to, message, side)

        heapq.heappush(self._script, (at, next(self._count), arrive))

    # --- what must hold ---

    def _advance(self, to: float) -> None:
        self._watch()
        super()._advance(to)
        self._watch()

    def _watch(self) -> None:
        """Power at the battery is inside what both sides allow now, or did within the last moments."""
        low, high = self._bounds()
        while self._allowed and self._allowed[0][0] < self.now - GRACE_S:
            self._allowed.popleft()
        self._allowed.append((self.now, low, high))
        power = self.current_a * self.vehicle.battery_reading.voltage_v
        least, most = min(a[1] for a in self._allowed), max(a[2] for a in self._allowed)
        slack = 1.0 + 1e-3 * abs(power)
        if not least - slack <= power <= most + slack and not self.current_stuck:
            self.violations.append(f"{self.now}: {power:.1f} W outside of {least:.1f} to {most:.1f}")
        resting = self.secc.state not in CHARGE_LOOPS or self.secc.context.standby
        if SECC not in self._frozen and resting and self._driven_now():
            self.violations.append(f"{self.now}: the station drives power in {self.secc.state}: {self.stage}")

    def _driven_now(self) -> bool:
        """Whether the station drives power, or has a car told to."""
        regulating = self.stage.mode in (act.StageMode.CURRENT, act.StageMode.AC_POWER)
        return any(self.ac_target.power_w) or (regulating and bool(self.stage.current_a or self.stage.ac_power_w))

    def _bounds(self) -> tuple[float, float]:
        volts = self.vehicle.battery_reading.voltage_v
        if self.evcc.is_ac:
            lines = self.evcc.context.ac_lines
            if not lines:
                return 0.0, 0.0
            pair = [limits.first(lines) for limits in (self.charger.ac_charger_limits, self.vehicle.ac_inlet_limits)]
            high = sum(map(min, *(each.max_charge_power_w for each in pair)))
            low = -sum(map(min, *(each.max_discharge_power_w for each in pair)))
        else:
            both = (self.charger.charger_limits, self.vehicle.vehicle_limits)
            high = min(min(each.max_charge_power_w, each.max_charge_current_a * volts) for each in both)
            low = -min(min(each.max_discharge_power_w, each.max_discharge_current_a * volts) for each in both)
        return (low if self.evcc.context.bidirectional else 0.0), high

    def _contactor(self, at: str, closed: bool) -> None:
        before = len(self.violations)
        super()._contactor(at, closed)
        if self.excused:
            del self.violations[before:]

    def _check(self) -> None:
        assert not self.violations, self.violations[:3]
        for at, session in ((SECC, self.secc), (EV, self.evcc)):
            if at in self._frozen:
                continue
            assert session.state is State.ENDED, f"{at} hangs in {session.state}"
            assert session.fault is None, session.fault
            assert self.ended[at] is not None
            assert session.next_timer() is None
        if not self._frozen:
            self.check_safe()


# --- faults ----------------------------------------------------------------------------------------------------------


def _replace(owner: Any, name: str, **fields: Any) -> None:
    setattr(owner, name, msgspec.structs.replace(getattr(owner, name), **fields))


def _stuck(world: RandomWorld) -> None:
    world.current_stuck = world.excused = True


def _contactor_stuck(world: RandomWorld) -> None:
    world.secc_contactor_stuck = True
    _replace(world.charger, "stage", contactor_fault=True)


def _freeze(who: str) -> Callable[[RandomWorld], None]:
    def freeze(world: RandomWorld) -> None:
        world.excused = True  # a dead computer regulates nothing: the other side opens after its limit
        world.freeze(who)

    return freeze


_FAULTS: dict[str, Callable[[RandomWorld], object]] = {
    "cut": lambda world: world.cut(),
    "unplug": lambda world: world.unplug(),
    "frozen car": _freeze(EV),
    "frozen station": _freeze(SECC),
    "silent car": lambda world: world.silence(EV),
    "silent station": lambda world: world.silence(SECC),
    "emergency stop at the station": lambda world: _replace(world.charger, "stage", emergency_stop=True),
    "emergency stop in the car": lambda world: _replace(world.vehicle, "battery_reading", emergency_stop=True),
    "isolation fault": lambda world: setattr(world, "isolation", IsolationState.FAULT),
    "station's contactor stuck": _contactor_stuck,
    "car's contactor stuck": lambda world: setattr(world, "evcc_contactor_stuck", True),
    "current stuck": _stuck,
    "island": lambda world: (_replace(world.charger, "stage", islanded=True), setattr(world, "islanded", True)),
    "meter gone": lambda world: setattr(world.charger, "meter_reading", None),
    "meter jumps": lambda world: (
        world.charger.meter_reading is None or _replace(world.charger, "meter_reading", import_wh=0, export_wh=10**9)
    ),
    "pilot B": lambda world: world.charger.pilot_state == "A" or setattr(world.charger, "pilot_state", "B"),
}


# --- luck ------------------------------------------------------------------------------------------------------------

_OTHERS = {service: tuple(other for other in ServiceId if other is not service) for service in ServiceId}
_WATTS = st.sampled_from((11_000.0, 3_000.0, 50_000.0, 22_000.0, 11_000.0, 7_000.0, 100.0, 0.0))
_AMPS = st.sampled_from((32.0, 125.0, 16.0, 64.0, 250.0, 1.0, 0.0))
_SETPOINT = st.sampled_from((-7_000.0, 7_000.0, None, 0.0, 500.0, -500.0, 1e6, -1e6))
_RAMPS = st.sampled_from((None, 100.0, 2_000.0, 0.0))
_TIMES = st.integers(0, int(END_S) * 10).map(lambda tenths: tenths / 10.0)
_ENERGY = st.sampled_from((-40_000.0, 30_000.0, -1_000.0, 0.0, 1_000.0))


def _limits(kind: Any, draw: Any) -> Any:
    fields = {
        f"max_{way}_{quantity}": draw(values)
        for way in ("charge", "discharge")
        for quantity, values in (("power_w", _WATTS), ("current_a", _AMPS))
    }
    if kind is ChargerLimits:
        fields["power_ramp_w_per_s"] = draw(_RAMPS)
    return kind(**fields)


def _lines(draw: Any, lines: int) -> AcLimits:
    none = (0.0,) * lines
    kinds = ((3_680.0,) * 3, (7_400.0,) * 3, (500.0, 3_680.0, 0.0), (7_400.0, 0.0, 100.0), (0.0,) * 3)
    one = st.sampled_from(kinds).map(lambda powers: powers[:lines])
    return AcLimits(
        max_charge_power_w=draw(one),
        min_charge_power_w=none,
        max_discharge_power_w=draw(one),
        min_discharge_power_w=none,
    )


def _needs(draw: Any) -> EnergyNeeds:
    least, target, most = sorted(draw(st.tuples(_ENERGY, _ENERGY, _ENERGY)))
    v2x = draw(st.none() | st.tuples(_ENERGY, _ENERGY))
    departure = draw(st.none() | st.sampled_from((20.0, 60.0, 36_000.0)))
    pair = {} if v2x is None else {"minimum_v2x_energy_wh": min(v2x), "maximum_v2x_energy_wh": max(v2x)}
    return EnergyNeeds(
        departure_s=departure, minimum_energy_wh=least, target_energy_wh=target, maximum_energy_wh=most, **pair
    )


def _schedules(draw: Any) -> tuple[OfferedSchedule, ...]:
    step = st.tuples(
        st.sampled_from((5.0, 30.0, 900.0)), st.sampled_from((-20_000.0, -3_000.0, 0.0, 3_000.0, 20_000.0))
    )
    count = draw(st.integers(0, 2))
    return tuple(
        OfferedSchedule(schedule_tuple_id=i, start_s=0.0, entries=tuple(draw(st.lists(step, min_size=1, max_size=4))))
        for i in range(1, count + 1)
    )


_WISHES: tuple[tuple[str, Any], ...] = (
    ("schedule_number", st.integers(0, 3)),
    ("needs_number", st.integers(0, 3)),
    ("schedule", None),
    ("ac_charger_limits", None),
    ("ac_inlet_limits", None),
    ("ac_grid", st.builds(AcOutlet, power_ramp_w_per_s=_RAMPS, max_power_asymmetry_w=_RAMPS)),
    ("support", st.sampled_from((AcSupport(), AcSupport(reactive_var=(500.0, -500.0, 1e6), frequency_hz=50.1)))),
    ("abilities", st.sampled_from((AcAbilities(), AcAbilities(max_reactive_var=(1_000.0,) * 3)))),
    ("check_ready", st.booleans()),
    ("locked", st.sampled_from((None, True, True, False))),
    ("consent", st.none() | st.sampled_from(Consent)),
    ("iec_settings", st.builds(IecSettings, dso_maximum_discharge_power=st.sampled_from((None, (0.0,), (500.0,))))),
    ("sae_settings", st.booleans().map(lambda on: example_sae(on=on))),
    ("resume", st.booleans()),
    ("setpoint_w", _SETPOINT),
    ("charger_limits", None),
    ("vehicle_limits", None),
    ("energy_needs", None),
    ("driver_wish", st.sampled_from(Wish)),
    ("pause", st.booleans()),
    ("standby", st.booleans()),
    ("exit_standby", st.booleans()),
    ("services_wanted", st.sampled_from((None, (6, 2, 5, 1), (2, 6, 1, 5)))),
    ("stop", st.booleans()),
    ("offered_services", st.sampled_from(((2,), (6, 2), (1,), (5, 1), (6, 2, 5, 1), (10, 11, 9, 8)))),
    ("authorized", st.sampled_from(Authorization)),
    ("schedule_ready", st.booleans()),
    ("mobility", st.sampled_from((MobilityNeeds(), MobilityNeeds(target_soc_percent=80, minimum_soc_percent=49)))),
    ("confirmation", st.booleans()),
    ("signature_check", st.sampled_from(SignatureCheck)),
    ("wanted_channel", st.sampled_from((None, *ChannelSelection))),
    ("services_wanted", st.sampled_from((None, (2,), (6,), (5, 1), (1,)))),
    ("value_added", st.sampled_from(((), (ValueAddedService(service_id=65, parameter_sets={1: {"Port": 80}}),)))),
)


@st.composite
def _happenings(draw: Any) -> Happening:
    at = draw(_TIMES)
    what, values = draw(st.sampled_from(_WISHES))
    if values is not None:
        return Happening(at, what, draw(values))
    made = {
        "charger_limits": lambda: _limits(ChargerLimits, draw),
        "vehicle_limits": lambda: _limits(VehicleLimits, draw),
        "energy_needs": lambda: _needs(draw),
        "schedule": lambda: _schedules(draw),
        "ac_charger_limits": lambda: _lines(draw, draw(st.sampled_from((1, 3)))),
        "ac_inlet_limits": lambda: _lines(draw, draw(st.sampled_from((1, 3)))),
    }
    return Happening(at, what, made[what]())


_BROKEN = st.builds(Happening, _TIMES, st.sampled_from(sorted(_FAULTS)))
_DAMAGES = st.builds(
    Damage, st.sampled_from((EV, SECC)), st.integers(1, 60), st.sampled_from(("lost", "late", "twice", "broken"))
)
_SERVICES = (
    ServiceId.AC,
    ServiceId.AC_BPT,
    ServiceId.DC,
    ServiceId.DC_BPT,
    ServiceId.MCS,
    ServiceId.MCS_BPT,
    ServiceId.AC_DER_IEC,
    ServiceId.AC_DER_SAE,
)


@st.composite
def plans(draw: Any) -> Plan:
    """Any luck a session may have; half of the sessions have no fault."""
    service = draw(st.sampled_from(_SERVICES))
    lines = draw(st.sampled_from((1, 3))) if service in AC_SERVICES else 3
    faulty, repeats = draw(st.booleans()), draw(st.booleans())
    secc: dict[str, Any] = {
        "pricings": (draw(st.sampled_from(Pricing)),),
        "mobility_needs_modes": draw(st.sampled_from(((MobilityNeedsMode.EVCC,), tuple(MobilityNeedsMode)))),
        "bpt_channels": (draw(st.sampled_from(BptChannel)),),
        "generator_modes": (draw(st.sampled_from(GeneratorMode)),),
        "discharge_without_v2x_requests": draw(st.booleans()),
        "pause_allowed": draw(st.booleans()),
        "service_renegotiation": draw(st.booleans()),
        "standby_opens_ac_contactor": draw(st.booleans()),
        "schedule_renegotiation": draw(st.booleans()),
        "renegotiation_repeats_parameters": repeats,
        "notification_max_delay_s": draw(st.sampled_from((0, 10))),
    }
    if len(secc["mobility_needs_modes"]) == 2 and service in AC_SERVICES:
        secc["mobility_needs_modes"] = (MobilityNeedsMode.EVCC,)  # more sets than deployed codecs take
    return Plan(
        service=service,
        mode=draw(st.sampled_from(ControlMode)),
        encoded=draw(st.integers(0, 3)) == 0,
        secc=secc,
        evcc={
            "generator_modes": tuple(GeneratorMode),
            "renegotiation_stream": draw(st.sampled_from(Stream)),
            "metering_confirmation_stream": draw(st.sampled_from(Stream)),
            "renegotiation_repeats_parameters": repeats,
        },
        charger_limits=_limits(ChargerLimits, draw),
        vehicle_limits=_limits(VehicleLimits, draw),
        outlet_lines=_lines(draw, lines),
        inlet_lines=_lines(draw, draw(st.sampled_from((1, 3)))),
        needs=_needs(draw),
        schedule=_schedules(draw),
        setpoint_w=draw(_SETPOINT),
        latencies_s=tuple(draw(st.lists(st.sampled_from((0.001, 0.05, 0.1, 0.2)), min_size=1, max_size=6))),
        happenings=tuple(draw(st.lists(_happenings(), max_size=8)))
        + (tuple(draw(st.lists(_BROKEN, max_size=2))) if faulty else ()),
        damages=tuple(draw(st.lists(_DAMAGES, max_size=2))) if faulty else (),
        comes_back=draw(st.booleans()),
        restarted_s=draw(st.sampled_from((None, 0.0, 1e6))),
    )
