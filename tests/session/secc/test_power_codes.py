"""Response codes of the station from cable check to stop, each caused by a real situation."""

from __future__ import annotations

import pytest

from iso15118.messages.iso20.common.power_delivery import (
    ChargeProgress,
    EVPowerProfile,
    EVPowerProfileEntryList,
    Scheduled_EVPPTControlMode,
)
from iso15118.messages.iso20.common.schedule_exchange import PowerScheduleEntry
from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.messages.iso20.types import Processing
from iso15118.session.core import State
from iso15118.session.ports import IsolationState, OfferedSchedule, Wish
from iso15118.session.quantities import rational
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.timers import Limits
from tests.session.secc.asking import ends, heard, mode_with, replace, told
from tests.session.world import EV, SECC, World

# --- cable, contactors, power ---


def test_isolation_fault() -> None:
    world = World()
    world.isolation = IsolationState.FAULT
    world.start().run().check_end()
    assert world.last_code() == "FAILED"
    assert world.names()[-1] == "DC_CableCheckRes"
    assert world.error(SECC)


def test_cable_check_waits_for_a_ready_pilot() -> None:
    world = World().start().run_to(SECC, State.DC_CABLE_CHECK)
    world.charger.pilot_state = "B"
    request = world.messages("DC_CableCheckReq")[-1]
    world.inject(SECC, request)
    assert world.messages()[-1].evse_processing is Processing.Ongoing
    assert not world.charger.stage.contactor_closed
    world.charger.pilot_state = "C"
    world.inject(SECC, request)
    assert world.charger.stage.contactor_closed
    world.inject(SECC, request)
    assert world.messages()[-1].evse_processing is Processing.Finished


def test_pre_charge_beyond_the_limits() -> None:
    world = World()
    assert told(world, State.DC_PRE_CHARGE, ev_target_voltage=rational(451.0)) == "FAILED_WrongChargeParameter"
    ends(world)


def test_contactor_that_does_not_close() -> None:
    world = World()
    world.secc_contactor_stuck = True
    world.evcc.config = replace(world.evcc.config, pre_charge_tolerance_v=500.0)
    world.start().run().check_end()
    assert world.last_code() == "FAILED_ContactorError"
    assert world.names()[-1] == "PowerDeliveryRes"


def test_contactor_that_falls_open_in_the_loop() -> None:
    world = World().start().run_to(SECC, State.DC_CHARGE_LOOP)
    world.charger.stage = replace(world.charger.stage, contactor_closed=False, contactor_fault=True)
    world.run().check_end()
    assert world.last_code() == "FAILED_ContactorError"


@pytest.mark.parametrize("state", [State.DC_CABLE_CHECK, State.DC_PRE_CHARGE])
def test_contactor_fault_before_energy_flows(state: State) -> None:
    world = World().start().run_to(SECC, state)
    world.charger.stage = replace(world.charger.stage, contactor_fault=True)
    world.run().check_end()
    assert world.last_code() == "FAILED"


def test_current_that_does_not_fall_when_the_car_stops() -> None:
    world = World(evcc_limits=Limits({"EVCC_RAMP_DOWN": 2.0}))
    world.charger.setpoint_w = 4_000.0
    world.start().run_to(SECC, State.DC_CHARGE_LOOP).run(until_s=5.0)
    world.current_stuck = True
    world.vehicle.driver_wish = Wish.STOP
    world.run()
    assert world.last_code() == "FAILED_PowerDeliveryNotApplied"
    assert "FAILED_PowerDeliveryNotApplied" in (world.error(SECC) or "")
    # Contactors open in the end all the same, after SECC_POWER_OFF and EVCC_POWER_OFF: the way out that is left.
    assert len(world.violations) == 1


# --- profile ---


def profile(*entries: tuple[int, float], tuple_id: int = 1, start_s: float = 0.0) -> EVPowerProfile:
    steps = tuple(PowerScheduleEntry(duration=d, power=rational(p, step=0)) for d, p in entries)
    return EVPowerProfile(
        time_anchor=1_800_000_000 + round(start_s),
        scheduled_ev_ppt_control_mode=Scheduled_EVPPTControlMode(selected_schedule_tuple_id=tuple_id),
        ev_power_profile_entries=EVPowerProfileEntryList(ev_power_profile_entry=steps),
    )


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (profile((3_600, 6_000.0)), "OK"),
        (profile((1_800, 0.0), (1_800, 6_000.0), (3_600, -4_000.0)), "OK"),
        (profile((1_800, 2_000.0), (5_400, 0.0), (60, 0.0)), "OK"),  # longer than the schedule, but at rest
        (profile((3_600, 6_000.0), tuple_id=2), "FAILED_ScheduleSelectionInvalid"),
        (profile((3_600, 6_010.0)), "FAILED_EVPowerProfileInvalid"),
        (profile((3_600, -10.0)), "FAILED_EVPowerProfileInvalid"),
        (profile((3_600, 0.0), (3_600, -4_010.0)), "FAILED_EVPowerProfileInvalid"),
        (profile((3_600, 0.0), (3_600, 10.0)), "FAILED_EVPowerProfileInvalid"),
        (profile((7_300, 10.0)), "FAILED_EVPowerProfileInvalid"),
        (profile((60, 10.0), start_s=-120.0), "FAILED_EVPowerProfileInvalid"),
        (profile((7_200, 10.0)), "FAILED_EVPowerProfileInvalid"),  # what all steps it spans allow is nothing
        (profile((7_200, -10.0)), "FAILED_EVPowerProfileInvalid"),
        (profile((7_200, 0.0)), "OK"),
        (None, "FAILED_EVPowerProfileInvalid"),
    ],
)
def test_power_profile_against_the_schedule(given: EVPowerProfile | None, code: str) -> None:
    world = World(mode=ControlMode.SCHEDULED)
    entries = ((3_600.0, 6_000.0), (3_600.0, -4_000.0))
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=entries),)
    assert told(world, State.POWER_DELIVERY, ev_power_profile=given) == code
    if code != "OK":
        ends(world)


@pytest.mark.parametrize("state", [State.DC_PRE_CHARGE, State.POWER_DELIVERY, State.DC_CHARGE_LOOP])
@pytest.mark.parametrize(
    ("progress", "code"),
    [
        (ChargeProgress.Standby, "WARNING_StandbyNotAllowed"),
        (ChargeProgress.ScheduleRenegotiation, "WARNING_ScheduleRenegotiationFailed"),
    ],
)
def test_what_the_station_can_not_do_does_not_end_the_session(
    state: State, progress: ChargeProgress, code: str
) -> None:
    reference = World().start().run_to(SECC, State.POWER_DELIVERY)
    start = reference.messages("PowerDeliveryReq")[-1]
    world = World(secc={"schedule_renegotiation": False})
    world.charger.standby = False
    assert heard(world, state, lambda _: replace(start, charge_progress=progress)) == code
    assert world.secc.state is state


def test_power_delivery_ongoing_is_asked_again() -> None:
    world = World()
    assert told(world, State.POWER_DELIVERY, ev_processing=Processing.Ongoing) == "OK"
    assert world.secc.state is State.POWER_DELIVERY
    world.inject(SECC, world.messages("PowerDeliveryReq")[-1])
    assert world.secc.state is State.DC_CHARGE_LOOP


@pytest.mark.parametrize("allowed", [False, True])
def test_power_delivery_straight_after_ongoing_pre_charge_is_an_option(allowed: bool) -> None:
    reference = World().start().run_to(SECC, State.POWER_DELIVERY)
    start = reference.messages("PowerDeliveryReq")[-1]
    world = World(secc={"power_delivery_after_ongoing_pre_charge": allowed})
    world.start().run_to(SECC, State.DC_PRE_CHARGE)
    world.inject(SECC, world.messages("DC_PreChargeReq")[-1])
    world.inject(SECC, start)
    assert world.last_code() == ("OK" if allowed else "FAILED_SequenceError")


def test_second_start_in_the_loop() -> None:
    reference = World().start().run_to(SECC, State.POWER_DELIVERY)
    start = reference.messages("PowerDeliveryReq")[-1]
    world = World()
    assert heard(world, State.DC_CHARGE_LOOP, lambda _: start) == "FAILED_SequenceError"
    ends(world)


# --- loop and stop ---


@pytest.mark.parametrize("service", [ServiceId.DC, ServiceId.DC_BPT])
@pytest.mark.parametrize("mode", list(ControlMode))
@pytest.mark.parametrize("other_service", [ServiceId.DC, ServiceId.DC_BPT])
@pytest.mark.parametrize("other_mode", list(ControlMode))
def test_loop_in_another_mode(
    service: ServiceId, mode: ControlMode, other_service: ServiceId, other_mode: ControlMode
) -> None:
    other = World(service=other_service, mode=other_mode).start().run_to(SECC, State.DC_CHARGE_LOOP)
    control = other.messages("DC_ChargeLoopReq")[-1].cl_req_control_mode
    world = World(service=service, mode=mode)
    code = told(world, State.DC_CHARGE_LOOP, cl_req_control_mode=control)
    if (service, mode) == (other_service, other_mode):
        assert code == "OK"
        answer = world.messages("DC_ChargeLoopRes")[-1].cl_res_control_mode
        assert type(answer).__name__ == type(control).__name__.replace("Req", "Res")  # in kind (V2G20-1600)
    else:
        assert code == "FAILED"
        ends(world)


def test_negative_charge_limit_in_the_loop() -> None:
    world = World()
    code = heard(world, State.DC_CHARGE_LOOP, lambda r: mode_with(r, ev_maximum_charge_power=rational(-10.0)))
    assert code == "FAILED_WrongChargeParameter"
    ends(world)


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (ChargingSession.Pause, "FAILED_PauseNotAllowed"),
        (ChargingSession.ServiceRenegotiation, "FAILED_NoServiceRenegotiationSupported"),
        (ChargingSession.Terminate, "OK"),
    ],
)
def test_ways_to_stop(wish: ChargingSession, code: str) -> None:
    world = World(secc={"pause_allowed": False})
    world.at(5.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    assert told(world, State.SESSION_STOP, charging_session=wish) == code
    world.run().check_safe()
    assert (world.error(SECC) is None) is (code == "OK")


def test_session_stop_right_after_session_setup() -> None:
    world = World()
    world.at(5.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    world.start().run_to(SECC, State.SESSION_STOP)
    request = world.messages("SessionStopReq")[-1]
    world = World().start().run_to(SECC, State.AUTHORIZATION_SETUP)
    world.inject(SECC, replace(request, header=world.messages()[-1].header))
    assert world.last_code() == "OK"
    world.silence(EV)
    world.run().check_end()
