"""AC at the station: response codes, each caused by a real situation, and every request in the states AC shares."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.common.power_delivery import ChargeProgress
from iso15118.messages.iso20.types import Processing
from iso15118.messages.model import Record
from iso15118.session import actions as act
from iso15118.session.core import FINAL_STATES, State
from iso15118.session.ports import OfferedSchedule, Wish
from iso15118.session.ports.ac import AcLimits, AcReading
from iso15118.session.quantities import number, rational
from iso15118.session.secc import HANDLERS, MeterInfoBase
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.timers import Limits, Timer
from tests.session.samples import requests, samples, with_session
from tests.session.secc.asking import ends, heard, mode_with, told
from tests.session.world import IMPORT_WH, SECC, World, code_of

BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))
SHARED = [State.SERVICE_SELECTION, State.SCHEDULE_EXCHANGE, State.POWER_DELIVERY, State.SESSION_STOP]
"""States of AC sessions that DC has as well; those of AC alone are in test_pairs."""
AC_ONLY = [State.AC_CHARGE_PARAMETER_DISCOVERY, State.AC_CHARGE_LOOP]
replace = msgspec.structs.replace


def looping(
    mode: ControlMode = ControlMode.DYNAMIC, power_w: float = 3_000.0, service: int = 5, **options: Any
) -> World:
    world = World(mode=mode, service=ServiceId(service), **options)
    world.charger.setpoint_w = power_w
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((3_600.0, power_w),)),)
    world.start().run(until_s=10.0)
    assert world.secc.state is State.AC_CHARGE_LOOP
    return world


@pytest.mark.parametrize("state", SHARED, ids=lambda state: state.value)
@pytest.mark.parametrize("cls", requests(), ids=lambda cls: cls.__name__)
def test_request_in_a_state_that_ac_shares_with_dc(state: State, cls: type[Record]) -> None:
    """By the table, except that messages of DC are never in order in an AC session."""
    world = World(service=ServiceId.AC_BPT)
    world.at(5.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run_to(SECC, state)
    actions = world.inject(SECC, with_session(samples()[cls], world.secc.session_id))
    sent = [action.message for action in actions if isinstance(action, act.Send)]
    if not sent:  # PowerDelivery(Start) waits for the contactor
        assert cls.__name__ == "PowerDeliveryReq"
        return
    (answer,) = sent
    if (state, cls) in HANDLERS and not cls.__name__.startswith("DC_"):
        assert code_of(answer) != "FAILED_SequenceError"
        return
    assert code_of(answer) in ("FAILED_SequenceError", "Failed_NoNegotiation")
    assert world.secc.state in FINAL_STATES
    ends(world)


@pytest.mark.parametrize("dc_state", [State.DC_CHARGE_PARAMETER_DISCOVERY, State.DC_CHARGE_LOOP])
@pytest.mark.parametrize("cls", [ac.AC_ChargeParameterDiscoveryReq, ac.AC_ChargeLoopReq])
def test_messages_of_ac_in_a_session_of_dc(dc_state: State, cls: type[Record]) -> None:
    world = World()
    assert heard(world, dc_state, lambda r: with_session(samples()[cls], r.header.session_id)) == "FAILED_SequenceError"
    ends(world)


@pytest.mark.parametrize("state", AC_ONLY)
@pytest.mark.parametrize("name", ["DC_ChargeParameterDiscoveryReq", "DC_ChargeLoopReq"])
def test_messages_of_dc_in_a_session_of_ac(state: State, name: str) -> None:
    world = World(service=ServiceId.AC)
    message = next(samples()[cls] for cls in requests() if cls.__name__ == name)
    code = heard(world, state, lambda r: with_session(message, r.header.session_id))
    assert code == "FAILED_SequenceError"
    ends(world)


# --- parameter discovery ---


@pytest.mark.parametrize(
    "changes",
    [
        {"ev_maximum_charge_power": rational(-1.0)},
        {"ev_maximum_charge_power_l2": rational(-1.0)},
        {"ev_minimum_charge_power_l3": rational(-1.0)},
        {"ev_minimum_charge_power": rational(4_000.0)},  # of 3,680
        {"ev_minimum_charge_power_l3": rational(4_000.0)},
        {"ev_minimum_discharge_power_l2": rational(-4_000.0)},
    ],
)
def test_impossible_limits(changes: dict[str, object]) -> None:
    world = World(service=ServiceId.AC_BPT)
    code = heard(world, State.AC_CHARGE_PARAMETER_DISCOVERY, lambda r: mode_with(r, **changes))
    assert code == "FAILED_WrongChargeParameter"
    ends(world)


@pytest.mark.parametrize("service", [ServiceId.AC, ServiceId.AC_BPT])
def test_parameters_of_the_other_service(service: ServiceId) -> None:
    world = World(service=service)
    charge = {"ev_maximum_charge_power": rational(1.0), "ev_minimum_charge_power": rational(0.0)}
    discharge = {"ev_maximum_discharge_power": rational(1.0), "ev_minimum_discharge_power": rational(0.0)}
    other: object = ac.AC_CPDReqEnergyTransferMode(**charge)
    if service is ServiceId.AC:
        other = ac.BPT_AC_CPDReqEnergyTransferMode(**charge, **discharge)
    code = told(world, State.AC_CHARGE_PARAMETER_DISCOVERY, ac_cpd_req_energy_transfer_mode=other)
    assert code == "FAILED_WrongChargeParameter"
    ends(world)


def test_what_the_grid_is_like_is_told() -> None:
    world = World(service=ServiceId.AC)
    world.charger.ac_grid = replace(
        world.charger.ac_grid, nominal_frequency_hz=60.0, power_ramp_w_per_s=500.0, max_power_asymmetry_w=4_600.0
    )
    world.start().run_to(SECC, State.SCHEDULE_EXCHANGE)
    answer = world.messages("AC_ChargeParameterDiscoveryRes")[-1].ac_cpd_res_energy_transfer_mode
    assert number(answer.evse_nominal_frequency) == 60.0
    assert number(answer.evse_power_ramp_limitation) == 500.0
    assert number(answer.maximum_power_asymmetry) == 4_600.0
    assert world.evcc.context.ac_asymmetry_w == 4_600.0


@pytest.mark.parametrize("set_id", [0, 5, 99])
def test_a_parameter_set_that_was_not_offered(set_id: int) -> None:
    world = World(service=ServiceId.AC_BPT).start().run_to(SECC, State.SERVICE_SELECTION)
    request = world.messages("ServiceSelectionReq")[-1]
    chosen = replace(request.selected_energy_transfer_service, parameter_set_id=set_id)
    world.inject(SECC, replace(request, selected_energy_transfer_service=chosen))
    assert world.last_code() == "FAILED_ServiceSelectionInvalid"
    ends(world)


@pytest.mark.parametrize("service_id", [ServiceId.DC, ServiceId.DC_BPT, ServiceId.MCS])
def test_a_service_of_dc_under_the_protocol_of_ac(service_id: int) -> None:
    """The port offers it, the handshake does not."""
    world = World(service=ServiceId.AC_BPT)
    assert told(world, State.SERVICE_DETAIL, service_id=int(service_id)) == "FAILED_ServiceIDInvalid"
    ends(world)


def test_a_three_phase_set_at_a_single_phase_outlet() -> None:
    world = World(service=ServiceId.AC)
    one = {name: (1_000.0,) for name in AcLimits.__struct_fields__ if name.startswith("max")}
    world.charger.ac_charger_limits = AcLimits(**one, min_charge_power_w=(0.0,), min_discharge_power_w=(0.0,))
    world.start().run_to(SECC, State.SERVICE_SELECTION)
    request = world.messages("ServiceSelectionReq")[-1]
    assert request.selected_energy_transfer_service.parameter_set_id == 4
    chosen = replace(request.selected_energy_transfer_service, parameter_set_id=2)
    world.inject(SECC, replace(request, selected_energy_transfer_service=chosen))
    assert world.last_code() == "FAILED_ServiceSelectionInvalid"
    ends(world)


# --- charge loop ---


def other_kinds(request: ac.AC_ChargeLoopReq) -> list[Record]:
    """The three control modes that do not answer to what was selected."""
    zero = rational(0.0)
    present = {"ev_present_active_power": zero}
    charge = {"ev_maximum_charge_power": zero, "ev_minimum_charge_power": zero}
    energy = dict.fromkeys(("ev_target_energy_request", "ev_maximum_energy_request", "ev_minimum_energy_request"), zero)
    dynamic = {**present, **charge, **energy, "ev_present_reactive_power": zero}
    discharge = {"ev_maximum_discharge_power": zero, "ev_minimum_discharge_power": zero}
    modes: list[Record] = [
        ac.Scheduled_AC_CLReqControlMode(**present),
        ac.BPT_Scheduled_AC_CLReqControlMode(**present),
        ac.Dynamic_AC_CLReqControlMode(**dynamic),
        ac.BPT_Dynamic_AC_CLReqControlMode(**dynamic, **discharge),
    ]
    return [mode for mode in modes if type(mode) is not type(request.cl_req_control_mode)]


@BOTH_MODES
@pytest.mark.parametrize("service", [ServiceId.AC, ServiceId.AC_BPT])
@pytest.mark.parametrize("other", range(3))
def test_a_loop_in_another_mode_or_direction(mode: ControlMode, service: ServiceId, other: int) -> None:
    """V2G20-1600: the same variant as was agreed."""
    world = looping(mode, service=service)
    request = world.messages("AC_ChargeLoopReq")[-1]
    world.inject(SECC, replace(request, cl_req_control_mode=other_kinds(request)[other]))
    assert world.last_code() == "FAILED"
    assert type(world.messages()[-1]).__name__ == "AC_ChargeLoopRes"
    ends(world)


@BOTH_MODES
@pytest.mark.parametrize("service", [ServiceId.AC, ServiceId.AC_BPT])
def test_answers_are_in_kind(mode: ControlMode, service: ServiceId) -> None:
    world = looping(mode, service=service)
    asked = type(world.messages("AC_ChargeLoopReq")[-1].cl_req_control_mode).__name__
    answered = type(world.messages("AC_ChargeLoopRes")[-1].cl_res_control_mode).__name__
    assert answered == asked.replace("CLReq", "CLRes")
    assert asked.startswith("BPT") is (service is ServiceId.AC_BPT)
    assert ("Dynamic" in asked) is (mode is ControlMode.DYNAMIC)


@BOTH_MODES
@pytest.mark.parametrize(
    "name", ["ev_maximum_charge_power", "ev_minimum_charge_power_l2", "ev_maximum_charge_power_l3"]
)
def test_a_negative_charge_limit_in_the_loop(mode: ControlMode, name: str) -> None:
    world = looping(mode)
    request = world.messages("AC_ChargeLoopReq")[-1]
    world.inject(SECC, mode_with(request, **{name: rational(-5.0)}))
    assert world.last_code() == "FAILED_WrongChargeParameter"
    ends(world)


@pytest.mark.parametrize("changes", [{"contactor_closed": False}, {"contactor_fault": True}])
def test_a_contactor_that_fails_in_the_loop(changes: dict[str, bool]) -> None:
    world = looping()
    request = world.messages("AC_ChargeLoopReq")[-1]
    world.charger.stage = replace(world.charger.stage, **changes)
    world.inject(SECC, request)
    assert world.last_code() == "FAILED_ContactorError"
    ends(world)


def test_start_in_the_loop_and_before_its_turn() -> None:
    world = looping()
    start = world.messages("PowerDeliveryReq")[-1]
    world.inject(SECC, start)
    assert world.last_code() == "FAILED_SequenceError"
    ends(world)
    world = World(service=ServiceId.AC)
    code = heard(
        world,
        State.SCHEDULE_EXCHANGE,
        lambda r: replace(start, header=replace(start.header, session_id=r.header.session_id)),
    )
    assert code == "FAILED_SequenceError"
    ends(world)


@pytest.mark.parametrize(
    ("progress", "code"),
    [
        (ChargeProgress.Standby, "WARNING_StandbyNotAllowed"),
        (ChargeProgress.ScheduleRenegotiation, "WARNING_ScheduleRenegotiationFailed"),
    ],
)
def test_what_is_not_offered_leaves_the_loop_as_it_is(progress: ChargeProgress, code: str) -> None:
    world = looping(secc={"schedule_renegotiation": False})
    world.charger.standby = False
    start = world.messages("PowerDeliveryReq")[-1]
    world.inject(SECC, replace(start, charge_progress=progress))
    assert world.last_code() == code
    assert world.secc.state is State.AC_CHARGE_LOOP


def test_start_that_is_not_finished_closes_nothing() -> None:
    world = World(service=ServiceId.AC)
    assert told(world, State.POWER_DELIVERY, ev_processing=Processing.Ongoing) == "OK"
    assert world.secc.state is State.POWER_DELIVERY
    assert not world.events(act.SetContactor)


@pytest.mark.parametrize("who", ["says", "measured"])
def test_more_power_than_the_schedule_has(who: str) -> None:
    """V2G20-1864: warnings first, then FAILED; it counts what the car says and what the outlet measures."""
    world = World(
        mode=ControlMode.SCHEDULED,
        service=ServiceId.AC,
        secc_limits=Limits(profile="field_60s"),
        evcc_limits=Limits({"EVCC_CHARGE_LOOP_INTERVAL": 30.0, "EVCC_MESSAGE_CHARGE_LOOP": 60.0}),
    )
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((3_600.0, 3_000.0),)),)
    world.start().run(until_s=5.0)
    request = world.messages("AC_ChargeLoopReq")[-1]

    def loop(total_w: float) -> str:
        third = rational(total_w / 3)
        fields = {f"ev_present_active_power{suffix}": third for suffix in ("", "_l2", "_l3")}
        world.charger.ac_measured = AcReading(power_w=(total_w / 3,) * 3 if who == "measured" else (0.0,) * 3)
        session = world.secc
        actions = session.receive(mode_with(request, **fields) if who == "says" else request, world.now)
        return code_of(next(a.message for a in actions if isinstance(a, act.Send)))

    assert loop(3_200.0) == "OK"
    assert loop(3_600.0) == "WARNING_EVPowerProfileViolation"
    assert loop(3_000.0) == "OK"
    assert not world.secc.timers.running(Timer.SECC_EV_POWER_PROFILE_VIOLATION)
    assert loop(3_600.0) == "WARNING_EVPowerProfileViolation"
    world.now += Timer.SECC_EV_POWER_PROFILE_VIOLATION.default_s
    world.secc.handle_timer(world.now)
    assert loop(3_600.0) == "FAILED_EVPowerProfileViolation"


def test_what_the_car_says_and_what_the_outlet_measures_are_told_apart() -> None:
    world = looping()
    world.charger.ac_measured = AcReading(power_w=(900.0, 800.0, 700.0))
    said = {f"ev_present_active_power{suffix}": rational(-500.0) for suffix in ("", "_l2", "_l3")}
    world.inject(SECC, mode_with(world.messages("AC_ChargeLoopReq")[-1], **said))
    seen = world.events(act.LoopSeen, SECC)[-1].item
    assert (seen.told_power_w, seen.ac_power_w) == ((-500.0,) * 3, (900.0, 800.0, 700.0))


@pytest.mark.parametrize(("base", "zero"), [(MeterInfoBase.SESSION, 0), (MeterInfoBase.METER, IMPORT_WH)])
def test_meter_counts_as_in_dc(base: MeterInfoBase, zero: int) -> None:
    world = World(service=ServiceId.AC, secc={"meter_info_base": base})
    world.start().run(until_s=3.0)
    first = world.messages("AC_ChargeLoopRes")[0].meter_info
    assert (first.charged_energy_reading_wh, first.bpt_discharged_energy_reading_wh) == (zero, None)


@BOTH_MODES
def test_a_target_is_never_rounded_above_a_limit(mode: ControlMode) -> None:
    world = World(mode=mode, service=ServiceId.AC)
    world.charger.ac_charger_limits = AcLimits(max_charge_power_w=(3_999.9,) * 3)
    world.vehicle.ac_inlet_limits = AcLimits(max_charge_power_w=(11_000.0,) * 3)
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((3_600.0, 20_000.0),)),)
    world.start().run(until_s=5.0)
    answer = world.messages("AC_ChargeLoopRes")[-1].cl_res_control_mode
    assert number(answer.evse_target_active_power) == 3_999.0
    assert world.inverter.power_w == (3_999.0,) * 3
