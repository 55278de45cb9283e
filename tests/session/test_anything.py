"""Whatever happens in whatever order: nothing raises, every message can be written, power goes off first, it ends."""

from __future__ import annotations

import math

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iso15118.errors import CodecError
from iso15118.messages.model import Record
from iso15118.session.core import FINAL_STATES
from iso15118.session.evcc import PHASES, SIDE_PHASES
from iso15118.session.ports import (
    Authorization,
    ChargerLimits,
    EnergyNeeds,
    IsolationState,
    OfferedSchedule,
    VehicleLimits,
    Wish,
)
from iso15118.session.ports.ac import AcLimits, AcOutlet
from iso15118.session.ports.der import Consent
from iso15118.session.ports.der_iec import IecSettings
from iso15118.session.ports.der_sae import example_sae
from iso15118.session.ports.der_sae_car import SaeCar
from iso15118.session.secc import HANDLERS, SIDE_HANDLERS
from iso15118.session.services import AC_SERVICES, DER_SERVICES, ControlMode, Pricing, ServiceId
from iso15118.session.side import SIDE_STREAMS, Stream
from tests.session.priced import stack, tariff
from tests.session.samples import classes, samples, with_session
from tests.session.signing import KEY
from tests.session.world import EV, SECC, World
from tests.strategies import messages

replace = msgspec.structs.replace

SERVICES = (
    ServiceId.DC,
    ServiceId.DC_BPT,
    ServiceId.AC,
    ServiceId.AC_BPT,
    ServiceId.AC_DER_IEC,
    ServiceId.AC_DER_SAE,
)
SIDES = st.sampled_from([EV, SECC])
POWERS = st.none() | st.floats(-30_000.0, 30_000.0)
MAGNITUDES = st.sampled_from([0.0, 0.04, 5.0, 4_000.0, 11_000.0])
AC_LIMITS = st.sampled_from([1, 3]).flatmap(
    lambda lines: st.lists(st.tuples(*[MAGNITUDES] * 4), min_size=lines, max_size=lines).map(
        lambda rows: AcLimits(**dict(zip(AcLimits.__struct_fields__, zip(*rows, strict=True), strict=True)))
    )
)
RAMPS = st.sampled_from([math.inf, 60.0])
ENERGIES = st.floats(-60_000.0, 60_000.0)


@st.composite
def schedules(draw: st.DrawFn) -> tuple[OfferedSchedule, ...]:
    entries = st.lists(st.tuples(st.floats(0.1, 90_000.0), st.floats(-30_000.0, 30_000.0)), min_size=1, max_size=4)
    out = st.lists(st.tuples(st.floats(0.1, 90_000.0), st.floats(-30_000.0, 0.0)), max_size=4)
    fees = st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=3)
    prices = st.none() | st.lists(st.tuples(st.floats(0.0, 10.0), fees), min_size=1, max_size=4).map(
        lambda stacks: tariff(*(stack(hours, *each) for hours, each in stacks))
    )
    start = draw(st.floats(-100.0, 100.0))
    return tuple(
        OfferedSchedule(
            schedule_tuple_id=i,
            start_s=start,
            entries=tuple(draw(entries)),
            discharge_entries=tuple(draw(out)),
            power_tolerance_w=draw(st.none() | MAGNITUDES),
            charging_prices=draw(prices),
            discharging_prices=draw(prices),
        )
        for i in range(1, draw(st.integers(1, 3)) + 1)
    )


def charger(draw: st.DrawFn, world: World) -> None:
    """Something changes at the station."""
    port = world.charger
    match draw(st.integers(0, 12)):
        case 0:
            port.authorized = draw(st.sampled_from(list(Authorization)))
        case 1:
            port.schedule_ready = draw(st.booleans())
        case 2:
            port.schedule = draw(schedules())
        case 3:
            port.charger_limits = ChargerLimits(
                max_charge_power_w=draw(MAGNITUDES),
                max_discharge_power_w=draw(MAGNITUDES),
                max_charge_current_a=draw(MAGNITUDES),
                max_discharge_current_a=draw(MAGNITUDES),
                power_ramp_w_per_s=draw(st.none() | MAGNITUDES),
            )
            port.ac_charger_limits = draw(AC_LIMITS)
            port.ac_grid = AcOutlet(max_power_asymmetry_w=draw(st.none() | MAGNITUDES))
        case 4:
            port.stop = draw(st.booleans())
        case 5:
            world.isolation = draw(st.sampled_from(list(IsolationState)))
        case 6:
            port.stage = replace(port.stage, contactor_fault=draw(st.booleans()))
        case 7:
            port.stage = replace(port.stage, emergency_stop=draw(st.booleans()))
        case 8:
            port.meter_reading = None
        case 9:
            port.offered_services = draw(st.sampled_from([(2, 6, 5, 1), (2, 1), (6, 5), ()]))
        case 10:
            port.iec_settings = IecSettings(dso_maximum_discharge_power=draw(st.none() | st.tuples(MAGNITUDES)))
            port.sae_settings = example_sae(on=draw(st.booleans()))
        case 11:
            port.schedule_number += 1
        case 12:
            port.pause, port.confirmation = draw(st.booleans()), draw(st.booleans())
            port.check_ready = draw(st.booleans())
    world.poll()


def vehicle(draw: st.DrawFn, world: World) -> None:
    """Something changes at the car."""
    port = world.vehicle
    match draw(st.integers(0, 6)):
        case 0:
            port.driver_wish = draw(st.sampled_from(list(Wish)))
        case 1:
            port.vehicle_limits = VehicleLimits(
                max_charge_power_w=draw(MAGNITUDES),
                max_discharge_power_w=draw(MAGNITUDES),
                max_charge_current_a=draw(MAGNITUDES),
                max_discharge_current_a=draw(MAGNITUDES),
            )
            port.ac_inlet_limits = draw(AC_LIMITS)
        case 2:
            pair = draw(st.none() | st.tuples(ENERGIES, ENERGIES))
            port.energy_needs = EnergyNeeds(
                departure_s=draw(st.none() | st.floats(0.0, 90_000.0)),
                target_energy_wh=draw(ENERGIES),
                minimum_energy_wh=draw(ENERGIES),
                maximum_v2x_energy_wh=None if pair is None else pair[0],
                minimum_v2x_energy_wh=None if pair is None else pair[1],
            )
        case 3:
            port.battery_reading = replace(port.battery_reading, emergency_stop=draw(st.booleans()))
        case 4:
            world.evcc_contactor_stuck = True
        case 5:
            port.consent = draw(st.none() | st.sampled_from(list(Consent)))
            port.sae_car = SaeCar(der_alarm_status=draw(st.integers(0, 3)), j3072_certified=draw(st.booleans()))
        case 6:
            port.needs_number += 1
    world.poll()


def line(draw: st.DrawFn, world: World) -> None:
    """Something happens to the connection."""
    match draw(st.integers(0, 4)):
        case 0:
            if world._queue:
                world._queue.popleft()
        case 1:
            world.silence(draw(SIDES))
        case 2:
            world.reject(draw(SIDES), CodecError("garbage"))
        case 3:
            world.cut()
        case 4:
            world.unplug()


def peer(draw: st.DrawFn, world: World) -> None:
    """One side says something of its own making: legal or not, in its place or not."""
    at = draw(SIDES)
    session = world.session(at)
    if session.state in FINAL_STATES:
        return
    expected = (
        [cls for state, cls in HANDLERS if state is session.state] if at == SECC else [PHASES[session.state].response]
    )
    message: Record
    if draw(st.integers(0, 3)) == 0:
        side = draw(st.sampled_from(sorted(SIDE_STREAMS, key=lambda each: each.value)))
        asked = [cls for stream, cls in SIDE_HANDLERS if stream is side]
        answers = SIDE_PHASES[side].response
        some = asked if at == SECC else list(answers) if isinstance(answers, tuple) else [answers]
        message = draw(messages(draw(st.sampled_from(some))))
        world.inject(at, with_session(message, session.session_id), side)
        return
    match draw(st.integers(0, 3)):
        case 0:
            message = samples()[draw(st.sampled_from(classes()))]
        case 1:
            message = draw(messages(draw(st.sampled_from(classes()))))
        case _:
            cls = draw(st.sampled_from(expected))
            der = session.service_id in DER_SERVICES and cls.__name__.startswith("AC_")
            message = draw(messages(cls, ServiceId(session.service_id).name if der else None))
    if draw(st.integers(0, 9)):
        message = with_session(message, session.session_id)
    world.inject(at, message)


def clock(draw: st.DrawFn, world: World) -> None:
    """Timers are handled though nothing is due, ports read though nothing is new."""
    for session, at in ((world.secc, SECC), (world.evcc, EV)):
        world._do(at, session.handle_timer(world.now))
        world._do(at, session.poll(world.now))


@st.composite
def stories(draw: st.DrawFn) -> World:
    """A world after some surprises; each may come between any two messages, or after some time."""
    world = World(
        mode=draw(st.sampled_from(list(ControlMode))),
        service=draw(st.sampled_from(list(SERVICES))),
        secc={
            "pricings": draw(st.sampled_from([(Pricing.NONE,), (Pricing.ABSOLUTE,)])),
            "service_renegotiation": True,
            "renegotiation_repeats_parameters": draw(st.booleans()),
        },
        evcc={
            "renegotiation_stream": draw(st.sampled_from(Stream)),
            "metering_confirmation_stream": draw(st.sampled_from(Stream)),
        },
    )
    world.charger.schedule = draw(st.just(()) | schedules())
    world.charger.setpoint_w, world.vehicle.key = draw(POWERS), KEY
    # In AC the car regulates. One that learns of a fault by a silence, and is slow besides, is cut off under load.
    world.ramp_a_per_s = math.inf if world.evcc.config.services[0] in AC_SERVICES else draw(RAMPS)
    world.start()
    for _ in range(draw(st.integers(1, 6))):
        if draw(st.booleans()):
            steps = iter(range(draw(st.integers(0, 60))))
            world.run(until=lambda steps=steps: next(steps, None) is None)  # type: ignore[misc]
        else:
            world.run(until_s=world.now + draw(st.floats(0.0, 30.0)))
        draw(st.sampled_from([charger, vehicle, vehicle, line, peer, peer, peer, clock]))(draw, world)
    return world


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(stories())
def test_anything_may_happen(world: World) -> None:
    # In the end the driver wants to leave: a car that is well follows, and one that is not has left already.
    world.vehicle.driver_wish = Wish.STOP
    world.run().check_end()
