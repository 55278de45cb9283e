"""Inverters at the grid at the car: what it makes of stations that are not ours."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.types import Processing
from iso15118.messages.model import Record
from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.ports.der import Consent
from iso15118.session.ports.der_sae_car import SaeCar
from iso15118.session.quantities import ZERO
from iso15118.session.services import ControlMode, ServiceId
from tests.session.evcc.test_ac import answered
from tests.session.test_ac_der import EVERYTHING, saes
from tests.session.world import EV, SECC, World

replace = msgspec.structs.replace
IEC, SAE = ServiceId.AC_DER_IEC, ServiceId.AC_DER_SAE
CPD = State.AC_DER_CHARGE_PARAMETER_DISCOVERY


def mode_of(answer: Any) -> Any:
    return answer.ac_cpd_res_energy_transfer_mode


def backwards(answer: Any) -> Record:
    """The same answer with its first curve told from its end."""
    mode = mode_of(answer)
    if hasattr(mode, "der_control"):
        support = mode.der_control.reactive_power_support
        curve = _reversed(support.volt_var)
        control = replace(mode.der_control, reactive_power_support=replace(support, volt_var=curve))
        return replace(answer, ac_cpd_res_energy_transfer_mode=replace(mode, der_control=control))
    control = mode.der_control_cpd_res
    curve = _reversed(control.voltage_trip.over_voltage_must_trip_curve)
    trip = replace(control.voltage_trip, over_voltage_must_trip_curve=curve)
    told = replace(control, voltage_trip=trip)
    return replace(answer, ac_cpd_res_energy_transfer_mode=replace(mode, der_control_cpd_res=told))


def _reversed(curve: Any) -> Any:
    points = curve.curve_data_points
    return replace(curve, curve_data_points=replace(points, curve_data_point=points.curve_data_point[::-1]))


@pytest.mark.parametrize("service", [IEC, SAE])
def test_a_curve_that_goes_back_is_not_accepted(service: ServiceId) -> None:
    world = World(service=service)
    world.charger.iec_settings = EVERYTHING
    answered(world, CPD, backwards)
    assert world.evcc.state is State.SERVICE_DISCOVERY
    world.run().check_end()
    assert world.error(EV) is None
    assert not world.events(act.SetDerControl)


@pytest.mark.parametrize("service", [IEC, SAE])
def test_settings_rejected_when_the_station_has_moved_on_end_the_session(service: ServiceId) -> None:
    """The car had finished and accepted; the answer to that has others, and the station expects ScheduleExchangeReq."""
    world = World(service=service)
    world.charger.iec_settings = EVERYTHING
    world.start().run_to(EV, CPD)
    first = world._queue[0][1]
    world.run(until=lambda: world.evcc.context.der_finished and bool(world._queue) and world._queue[0][0] == EV)
    world.inject(EV, backwards(first))
    assert world.evcc.state is State.SESSION_STOP
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None


@pytest.mark.parametrize("service", [IEC, SAE])
def test_parameters_in_a_plain_mode_end_the_session(service: ServiceId) -> None:
    plain = ac.AC_CPDResEnergyTransferMode(
        evse_maximum_charge_power=ZERO, evse_minimum_charge_power=ZERO, evse_nominal_frequency=ZERO
    )
    world = answered(World(service=service), CPD, lambda a: replace(a, ac_cpd_res_energy_transfer_mode=plain))
    world.run().check_end()
    assert "do not fit the chosen service" in (world.error(EV) or "")


@pytest.mark.parametrize("service", [IEC, SAE])
def test_a_loop_in_a_plain_mode_ends_the_session(service: ServiceId) -> None:
    world = World(service=service)
    world.start().run(until_s=5.0)
    plain = ac.Dynamic_AC_CLResControlMode(evse_target_active_power=ZERO)
    answered(world, State.AC_CHARGE_LOOP, lambda a: replace(a, cl_res_control_mode=plain))
    world.run().check_end()
    assert "another control mode" in (world.error(EV) or "")


def test_sae_a_station_that_goes_on_is_asked_again_with_finished() -> None:
    """A deployed station repeats the car's own Ongoing."""

    def going_on(answer: Any) -> Record:
        mode = replace(mode_of(answer), evse_processing=Processing.Ongoing)
        return replace(answer, ac_cpd_res_energy_transfer_mode=mode)

    world = answered(World(service=SAE), CPD, going_on)
    world.run(until=lambda: world.evcc.state is State.SCHEDULE_EXCHANGE)
    requests = [m.ac_cpd_req_energy_transfer_mode for m in world.messages("AC_ChargeParameterDiscoveryReq")]
    assert [r.ev_processing for r in requests] == [Processing.Ongoing, Processing.Finished]


@pytest.mark.parametrize("mode", list(ControlMode))
def test_sae_update_time_moves_with_the_ratings_only(mode: ControlMode) -> None:
    world = World(service=SAE, mode=mode)
    world.start().run(until_s=5.0)
    world.vehicle.sae_car = SaeCar(ev_present_voltage=233.0, der_alarm_status=1)
    world.run(until_s=6.0)
    world.vehicle.sae_car = SaeCar(ev_useable_watt_hours=50_000)
    world.run(until_s=7.0)
    times = [m.cl_req_control_mode.ev_update_time for m in world.messages("AC_ChargeLoopReq")]
    assert len(set(times)) == 2
    assert 6e6 <= times[-1] - times[0] <= 6.3e6


def test_sae_what_the_car_does_not_accept_does_not_act() -> None:
    world = World(service=SAE)
    world.start().run(until_s=5.0)
    before = world.messages("AC_ChargeLoopReq")[-1].cl_req_control_mode.enabled_modes
    world.vehicle.consent = Consent.PENDING
    control = world.charger.der_sae(0.0)
    assert control is not None
    support = control.der_control.active_power_support
    saes(world, volt_watt=replace(support.volt_watt, enable=True))
    world.run(until_s=6.0)
    assert world.messages("AC_ChargeLoopReq")[-1].cl_req_control_mode.enabled_modes == before
    world.vehicle.consent = None
    world.run(until_s=7.0)
    assert world.messages("AC_ChargeLoopReq")[-1].cl_req_control_mode.enabled_modes != before
