"""Inverters at the grid at the station: what it refuses, and what it answers to cars that are not ours."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.ac_der_iec import modes as iec
from iso15118.messages.iso20.ac_der_sae import modes as sae
from iso15118.messages.iso20.common.service import ServiceDiscoveryReq
from iso15118.messages.iso20.types import Processing
from iso15118.messages.model import Record
from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.ports import OfferedSchedule
from iso15118.session.ports.der_iec import IecCar, IecSettings
from iso15118.session.ports.der_sae import SaeMode
from iso15118.session.ports.der_sae_car import SaeCar, SaeReactiveRatings
from iso15118.session.quantities import ZERO, number, rational
from iso15118.session.services import ControlMode, ServiceId
from tests.session.secc.asking import ends, heard, mode_with, told
from tests.session.world import SECC, World

replace = msgspec.structs.replace
IEC, SAE = ServiceId.AC_DER_IEC, ServiceId.AC_DER_SAE
CPD = State.AC_DER_CHARGE_PARAMETER_DISCOVERY
LOOP = State.AC_CHARGE_LOOP
BOTH = pytest.mark.parametrize("service", [IEC, SAE])
BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))
WRONG = "FAILED_WrongChargeParameter"


def changed(world: World, state: State, **changes: Any) -> str:
    """The station's answer to a request whose mode says something else."""
    return heard(world, state, lambda request: mode_with(request, **changes))


def looping(service: ServiceId, mode: ControlMode = ControlMode.DYNAMIC) -> World:
    world = World(service=service, mode=mode)
    world.charger.setpoint_w = -3_000.0
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((3_600.0, -3_000.0),)),)
    return world.start().run(until_s=10.0)


def other_modes(service: ServiceId) -> list[Record]:
    """Modes of parameter discovery that do not belong to the service."""
    world = World(service=SAE if service is IEC else IEC).start().run_to(SECC, CPD)
    foreign = world.messages("AC_ChargeParameterDiscoveryReq")[0].ac_cpd_req_energy_transfer_mode
    plain = ac.AC_CPDReqEnergyTransferMode(ev_maximum_charge_power=ZERO, ev_minimum_charge_power=ZERO)
    both = ac.BPT_AC_CPDReqEnergyTransferMode(
        ev_maximum_charge_power=ZERO,
        ev_minimum_charge_power=ZERO,
        ev_maximum_discharge_power=ZERO,
        ev_minimum_discharge_power=ZERO,
    )
    return [plain, both, foreign]


@BOTH
@pytest.mark.parametrize("index", [0, 1, 2], ids=["AC", "BPT", "the other variant"])
def test_a_mode_of_another_service_is_a_wrong_parameter(service: ServiceId, index: int) -> None:
    mode = other_modes(service)[index]
    world = World(service=service)
    assert told(world, CPD, ac_cpd_req_energy_transfer_mode=mode) == WRONG
    ends(world)


@pytest.mark.parametrize("service", [ServiceId.AC, ServiceId.AC_BPT])
def test_a_der_mode_in_a_session_of_plain_ac_is_a_wrong_parameter(service: ServiceId) -> None:
    world = World(service=service)
    state = State.AC_CHARGE_PARAMETER_DISCOVERY
    assert told(world, state, ac_cpd_req_energy_transfer_mode=other_modes(SAE)[2]) == WRONG
    ends(world)


@BOTH
@BOTH_MODES
def test_a_loop_in_another_mode_fails_in_kind(service: ServiceId, mode: ControlMode) -> None:
    other = ControlMode.SCHEDULED if mode is ControlMode.DYNAMIC else ControlMode.DYNAMIC
    foreign = looping(service, other).messages("AC_ChargeLoopReq")[-1].cl_req_control_mode
    world = looping(service, mode)
    assert told(world, LOOP, cl_req_control_mode=foreign) == "FAILED"
    answer = world.messages("AC_ChargeLoopRes")[-1].cl_res_control_mode
    assert type(answer).__name__.startswith(f"DER_{other.name.capitalize()}")
    ends(world)


@BOTH
@BOTH_MODES
def test_a_loop_in_a_plain_mode_fails_in_the_plain_mode(service: ServiceId, mode: ControlMode) -> None:
    world = looping(service, mode)
    plain = ac.Scheduled_AC_CLReqControlMode(ev_present_active_power=ZERO)
    assert told(world, LOOP, cl_req_control_mode=plain) == "FAILED"
    assert type(world.messages("AC_ChargeLoopRes")[-1].cl_res_control_mode) is ac.Scheduled_AC_CLResControlMode
    ends(world)


@BOTH
@pytest.mark.parametrize(
    "changes",
    [
        {"ev_maximum_charge_power": rational(-1.0)},
        {"ev_minimum_charge_power_l2": rational(-1.0)},
        {"ev_minimum_charge_power": rational(9_000.0)},
        {"ev_minimum_discharge_power_l3": rational(-9_000.0)},
    ],
)
def test_limits_of_power_that_can_not_be(service: ServiceId, changes: dict[str, Any]) -> None:
    world = World(service=service)
    assert changed(world, CPD, **changes) == WRONG
    answer = world.messages("AC_ChargeParameterDiscoveryRes")[-1].ac_cpd_res_energy_transfer_mode
    assert isinstance(answer, (iec if service is IEC else sae).DER_AC_CPDResEnergyTransferMode)
    ends(world)


@pytest.mark.parametrize(
    "changes",
    [
        {"ev_maximum_charge_reactive_power": rational(-1.0)},
        {"ev_minimum_charge_reactive_power_l2": rational(9_000.0)},
        {"ev_minimum_discharge_reactive_power": rational(9_000.0)},
        {"ev_maximum_discharge_reactive_power_l3": rational(-1.0)},
    ],
)
def test_iec_reactive_limits_that_can_not_be(changes: dict[str, Any]) -> None:
    world = World(service=IEC)

    def change(request: Any) -> Record:
        limits = request.ac_cpd_req_energy_transfer_mode.ev_reactive_power_limits
        return mode_with(request, ev_reactive_power_limits=replace(limits, **changes))

    assert heard(world, CPD, change) == WRONG
    ends(world)


def test_iec_a_negative_reactive_limit_in_the_loop() -> None:
    world = looping(IEC)
    assert changed(world, LOOP, ev_maximum_charge_reactive_power=rational(-1.0)) == WRONG
    ends(world)


def test_iec_reactive_limits_may_be_left_out() -> None:
    world = World(service=IEC)
    assert changed(world, CPD, ev_reactive_power_limits=None) == "OK"
    (reported,) = world.events(act.DerCarTold)
    assert reported.item.car.ev_maximum_charge_reactive_power == (0.0,) * 3


def test_iec_what_the_car_tells_is_reported_again_when_it_changes() -> None:
    world = looping(IEC)
    world.vehicle.iec_car = IecCar(
        ev_maximum_charge_reactive_power=(700.0,) * 3, ev_session_total_discharge_energy_available=4_000.0
    )
    world.run(until_s=world.now + 1.0)
    cars = [event.item.car for event in world.events(act.DerCarTold)]
    assert len(cars) == 2
    assert cars[1].ev_maximum_charge_reactive_power == (700.0,) * 3
    assert cars[1].ev_session_total_discharge_energy_available == 4_000.0
    assert cars[1].functions == IecSettings().functions()


def test_iec_settings_that_get_lost_before_they_are_told() -> None:
    world = World(service=IEC).start().run_to(SECC, CPD)
    world.charger.der_iec = lambda now: None  # type: ignore[method-assign]
    world.run().check_safe()
    assert world.last_code() == "FAILED"


@pytest.mark.parametrize(
    "changes",
    [
        {"enabled_modes": 1 << 8, "supported_modes": 0b11},
        {"ev_minimum_voltage": rational(300.0)},
        {"ev_nominal_voltage": rational(100.0)},
    ],
)
def test_sae_declarations_that_can_not_be(changes: dict[str, Any]) -> None:
    world = World(service=SAE)
    assert changed(world, CPD, **changes) == WRONG
    ends(world)


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("ev_apparent_power_limits", "ev_maximum_apparent_power_during_charging_and_var_injection_l2"),
        ("ev_excitation_limits", "ev_specified_over_excited_power_factor_l3"),
        ("ev_excitation_limits", "ev_specified_under_excited_discharge_power"),
    ],
)
def test_sae_ratings_below_zero(part: str, changes: str) -> None:
    world = World(service=SAE)

    def change(request: Any) -> Record:
        limits = getattr(request.ac_cpd_req_energy_transfer_mode, part)
        return mode_with(request, **{part: replace(limits, **{changes: rational(-1.0)})})

    assert heard(world, CPD, change) == WRONG
    ends(world)


@pytest.mark.parametrize("kind", ["absorption", "injection"])
def test_sae_least_reactive_power_above_the_most(kind: str) -> None:
    world = World(service=SAE)
    least: dict[str, Any] = {f"ev_minimum_var_{kind}_during_discharging": (1_601.0,)}
    world.vehicle.sae_car = SaeCar(ev_reactive_power_limits=SaeReactiveRatings(**least))
    world.start().run().check_safe()
    assert world.last_code() == WRONG


@BOTH_MODES
def test_sae_modes_enabled_that_were_not_supported(mode: ControlMode) -> None:
    world = World(service=SAE, mode=mode)
    world.vehicle.sae_car = SaeCar(supported_modes=SaeMode.CHARGE | SaeMode.DISCHARGE)
    world.charger.setpoint_w = -3_000.0
    world.start().run(until_s=10.0)
    assert changed(world, LOOP, enabled_modes=0b11) == "OK"
    assert changed(world, LOOP, enabled_modes=0b11 | SaeMode.VOLT_VAR) == WRONG
    ends(world)


def test_sae_bits_without_a_meaning_are_ignored() -> None:
    world = looping(SAE)
    enabled = world.messages("AC_ChargeLoopReq")[-1].cl_req_control_mode.enabled_modes
    assert changed(world, LOOP, enabled_modes=enabled | 1 << 2 | 1 << 9 | 1 << 25 | 1 << 31) == "OK"
    assert world.events(act.DerModesTold)[-1].item.enabled == enabled


def test_sae_a_mode_that_does_not_act_is_told_and_no_fault() -> None:
    """Nothing makes a station enforce its wishes: it is the utility that judges."""
    world = looping(SAE)
    assert changed(world, LOOP, enabled_modes=0b11) == "OK"
    last = world.events(act.DerModesTold)[-1].item
    assert last.enabled == 0b11
    assert last.wanted & SaeMode.VOLT_VAR


@BOTH
def test_a_car_that_has_finished_at_once_may_go_on(service: ServiceId) -> None:
    world = World(service=service)
    assert changed(world, CPD, ev_processing=Processing.Finished) == "OK"
    assert world.secc.state is State.SCHEDULE_EXCHANGE


def test_sae_a_car_that_has_finished_on_settings_that_are_gone_has_to_look_again() -> None:
    world = World(service=SAE).start().run_to(SECC, CPD)
    request = world._queue[0][1]
    world.inject(SECC, request)
    world.charger.ac_grid = replace(world.charger.ac_grid, nominal_frequency_hz=60.0)
    done = mode_with(request, ev_processing=Processing.Finished)
    world.inject(SECC, done)
    assert world.secc.state is CPD
    answers = [m.ac_cpd_res_energy_transfer_mode for m in world.messages("AC_ChargeParameterDiscoveryRes")]
    assert answers[-1].evse_processing is Processing.Ongoing
    assert number(answers[-1].grid_limits.grid_nominal_frequency) == 60.0
    world.inject(SECC, done)
    assert world.secc.state is State.SCHEDULE_EXCHANGE


@BOTH
def test_service_discovery_before_any_settings_were_told_is_out_of_order(service: ServiceId) -> None:
    world = World(service=service)
    assert heard(world, CPD, lambda r: ServiceDiscoveryReq(header=r.header)) == "FAILED_SequenceError"
    ends(world)


@BOTH
def test_the_service_given_back_is_selected_anew_only_with_its_details(service: ServiceId) -> None:
    world = World(service=service)
    selection = []
    heard(world, CPD, lambda r: r)
    selection = world.messages("ServiceSelectionReq")
    discovery = world.messages("ServiceDiscoveryReq")[0]
    world.inject(SECC, discovery)
    assert world.secc.state is State.SERVICE_DETAIL
    assert world.secc.service_id == 0
    world.inject(SECC, selection[0])
    assert world.last_code() == "FAILED_SequenceError"
