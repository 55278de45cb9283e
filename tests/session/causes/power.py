"""Causes from the cable check to the stop."""

from __future__ import annotations

from typing import Any

from iso15118.messages.iso20.common.metering import MeteringConfirmationReq
from iso15118.messages.iso20.common.power_delivery import ChargeProgress, PowerToleranceAcceptance
from iso15118.messages.iso20.common.session_stop import ChargingSession, SessionStopReq
from iso15118.session.core import FINAL_STATES, State
from iso15118.session.ports import IsolationState, OfferedSchedule, Wish
from iso15118.session.quantities import rational
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.side import Stream
from iso15118.session.timers import Limits
from tests.session.causes.table import AC_LOOP, LOOP, causes, of_ac, says, scheduled, stopping
from tests.session.secc.asking import heard, mode_with, replace, told
from tests.session.secc.test_power_codes import profile
from tests.session.signing import KEY
from tests.session.world import EV, SECC, World

# --- cable, contactors, power ---


@causes("DC_CableCheck", "an isolation fault")
def isolation() -> World:
    world = World()
    world.isolation = IsolationState.FAULT
    return world.start().run().check_end()


says("DC_PreCharge", "a voltage above the limits", State.DC_PRE_CHARGE, ev_target_voltage=rational(451.0))


def broken(state: State, **changes: bool) -> World:
    """The contactor says so when the car is about to ask."""
    world = (of_ac() if state is AC_LOOP else World()).start().run_to(SECC, state)
    request = world._queue[0][1]
    assert request is not None
    world.charger.stage = replace(world.charger.stage, **changes)
    world.inject(SECC, request)
    return world


causes("DC_PreCharge", "a contactor fault")(lambda: broken(State.DC_PRE_CHARGE, contactor_fault=True))
causes("PowerDelivery", "the DC contactor is not closed")(lambda: broken(State.POWER_DELIVERY, contactor_closed=False))
causes("DC_ChargeLoop", "the contactor has fallen open")(lambda: broken(LOOP, contactor_closed=False))
causes("AC_ChargeLoop", "the contactor has fallen open")(
    lambda: broken(AC_LOOP, contactor_closed=False, contactor_fault=True)
)


def started_in_ac(pilot: str) -> World:
    world = of_ac()
    world.secc_contactor_stuck = True
    world.start().run_to(SECC, State.POWER_DELIVERY)
    world.charger.pilot_state = pilot
    return world.run().check_end()


causes("PowerDelivery", "the AC contactor does not close within SECC_AC_CONTACTOR")(lambda: started_in_ac("C"))
causes("PowerDelivery", "AC, and the pilot does not show C or D")(lambda: started_in_ac("B"))


@causes("PowerDelivery", "stop, and current does not go within SECC_POWER_DELIVERY_STOP")
def stuck() -> World:
    world = World(evcc_limits=Limits({"EVCC_RAMP_DOWN": 2.0}))
    world.charger.setpoint_w = 4_000.0
    world.start().run_to(SECC, LOOP).run(until_s=5.0)
    world.current_stuck = True
    world.vehicle.driver_wish = Wish.STOP
    return world.run()


@causes("PowerDelivery", "pre-charge is not over")
def too_early() -> World:
    start = World().start().run_to(SECC, State.POWER_DELIVERY).messages("PowerDeliveryReq")[-1]
    world = World()
    heard(world, State.DC_PRE_CHARGE, lambda _: start)
    return world


def standing_by(state: State, allowed: bool) -> World:
    start = World().start().run_to(SECC, State.POWER_DELIVERY).messages("PowerDeliveryReq")[-1]
    world = World()
    world.charger.standby = allowed
    heard(world, state, lambda _: replace(start, charge_progress=ChargeProgress.Standby))
    return world


causes("PowerDelivery", "standby before energy flows")(lambda: standing_by(State.POWER_DELIVERY, True))
causes("PowerDelivery", "standby at a station that does not allow it")(lambda: standing_by(LOOP, False))


# --- profile ---


def announcing(steps: tuple[tuple[int, float], ...] | None, confirmed: bool | None = None, **options: Any) -> World:
    """PowerDelivery(Start) with such a profile."""
    world = scheduled(tolerance_w=None if confirmed is None else 500.0, **options)
    given = None if steps is None else profile(*steps)
    if given is not None and confirmed is not None:
        word = PowerToleranceAcceptance
        said = word.PowerToleranceConfirmed if confirmed else word.PowerToleranceNotConfirmed
        mode = replace(given.scheduled_ev_ppt_control_mode, power_tolerance_acceptance=said)
        given = replace(given, scheduled_ev_ppt_control_mode=mode)
    told(world, State.POWER_DELIVERY, ev_power_profile=given)
    return world


says(
    "PowerDelivery",
    "a schedule tuple that was not offered",
    State.POWER_DELIVERY,
    scheduled,
    ev_power_profile=profile((3_600, 0.0), tuple_id=77),
)
FITS = ((3_600, 6_000.0),)
causes("PowerDelivery", "a profile above the schedule")(lambda: announcing(((3_600, 6_010.0),)))
causes("PowerDelivery", "no profile in Scheduled control")(lambda: announcing(None))
causes("PowerDelivery", "the power tolerance is confirmed")(lambda: announcing(FITS, True))
causes("PowerDelivery", "the power tolerance is not confirmed")(lambda: announcing(FITS, False))
causes("PowerDelivery", "the power tolerance is not confirmed, and has to be (power_tolerance_required)")(
    lambda: announcing(FITS, False, secc={"power_tolerance_required": True})
)


def greedy(service: ServiceId, for_s: float) -> World:
    """A car that has announced at most 2 kW takes or asks for more, all the time."""
    world = scheduled(service=service)
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((3_600.0, 2_000.0),)),)
    world.start().run(until_s=15.0)
    world.freeze(EV)
    is_dc = service is ServiceId.DC_BPT
    name = "ev_target_current" if is_dc else "ev_present_active_power"
    request = mode_with(world.messages(f"{'DC' if is_dc else 'AC'}_ChargeLoopReq")[-1], **{name: rational(9_000.0)})
    if is_dc:
        request = mode_with(request, ev_target_current=rational(25.0))
    begun = world.now
    while world.secc.state not in FINAL_STATES and world.now <= begun + for_s:
        world.inject(SECC, request)
        world.run(until_s=world.now + 0.25)
    return world


for kind, service in (("DC", ServiceId.DC_BPT), ("AC", ServiceId.AC_BPT)):
    causes(f"{kind}_ChargeLoop", "more power than announced")(lambda service=service: greedy(service, 1.0))
    causes(f"{kind}_ChargeLoop", "more power than announced for SECC_EV_POWER_PROFILE_VIOLATION")(
        lambda service=service: greedy(service, 30.0)
    )


# --- loop ---


def in_the_other_mode(service: ServiceId, state: State) -> World:
    other = World(service=service, mode=ControlMode.SCHEDULED).start().run_to(SECC, state)
    world = World(service=service)
    told(world, state, cl_req_control_mode=other.messages()[-1].cl_req_control_mode)
    return world


causes("DC_ChargeLoop", "another control mode than the selected one")(lambda: in_the_other_mode(ServiceId.DC_BPT, LOOP))
causes("AC_ChargeLoop", "another control mode than the selected one")(
    lambda: in_the_other_mode(ServiceId.AC_BPT, AC_LOOP)
)


def confirming(*, asked: bool = True, checked: bool = True, tampered: bool = False) -> World:
    """A car that can sign, at a station that wants a confirmation."""
    world = World(evcc={"metering_confirmation_stream": Stream.MAIN})
    world.vehicle.key, world.charger.check_ready = KEY, checked
    world.lost = lambda sender, message: tampered and isinstance(message, MeteringConfirmationReq)
    world.start().run(until_s=8.0)
    world.charger.confirmation = True
    if not checked:
        return world.run().check_end()
    world.run(until=lambda: bool(world.messages("MeteringConfirmationReq")))
    if not asked:
        world.run(until_s=world.now + 2.0)
    request = world.messages("MeteringConfirmationReq")[-1]
    data = request.signed_metering_data
    meter = replace(data.meter_info, charged_energy_reading_wh=9_999)
    if tampered:
        request = replace(request, signed_metering_data=replace(data, meter_info=meter))
    world.inject(SECC, request)
    return world


causes("MeteringConfirmation", "what is signed is not what was told")(lambda: confirming(tampered=True))
causes("MeteringConfirmation", "nobody has checked the signature within SECC_METERING_SIGNATURE")(
    lambda: confirming(checked=False)
)
causes("MeteringConfirmation", "nobody asked for it")(lambda: confirming(asked=False))


# --- stop ---


@causes("DC_WeldingDetection", "pilot not in B, where that is demanded (pilot_b_after_stop)")
def pilot_still_c() -> World:
    world = stopping(secc={"pilot_b_after_stop": True}).start().run_to(SECC, State.DC_WELDING_DETECTION)
    world.charger.pilot_state = "C"
    request = world._queue[0][1]
    assert request is not None
    world.inject(SECC, request)
    return world


def leaving(wish: ChargingSession, **options: Any) -> World:
    world = stopping(**options)
    told(world, State.SESSION_STOP, charging_session=wish)
    return world


causes("SessionStop", "a pause at a station that can't")(
    lambda: leaving(ChargingSession.Pause, secc={"pause_allowed": False})
)
causes("SessionStop", "service renegotiation at a station that does not")(
    lambda: leaving(ChargingSession.ServiceRenegotiation)
)


@causes("SessionStop", "a pause before schedules have been exchanged")
def paused_too_early() -> World:
    world = World().start().run_to(SECC, State.SERVICE_DETAIL)
    world.inject(SECC, SessionStopReq(header=world.evcc.header(world.now), charging_session=ChargingSession.Pause))
    return world


@causes("SessionStop", "service renegotiation while current flows")
def current_flows() -> World:
    world = stopping(secc={"service_renegotiation": True}).start().run_to(SECC, State.DC_WELDING_DETECTION)
    world.current_stuck = True
    world.charger.stage = replace(world.charger.stage, current_a=5.0)
    wish = ChargingSession.ServiceRenegotiation
    world.inject(SECC, SessionStopReq(header=world.evcc.header(world.now), charging_session=wish))
    return world
