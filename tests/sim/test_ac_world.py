"""A CSMS runs AC sessions: set points reach the car line by line, registers agree, and both ends are safe."""

from __future__ import annotations

import json

import pytest

from iso15118.session.services import ControlMode, ServiceId
from sim.ac_car import OnBoardConfig
from sim.ac_outlet import AcOutletConfig
from sim.fixed import FixedSetpoint
from sim.scenario import Scenario
from sim.world import World

BOTH = (ServiceId.AC_BPT, ServiceId.AC)


def ac_world(setpoint_w: float, *, trace: list[str] | None = None, **changes: object) -> World:
    given = {"name": "ac", "departure_s": 240.0, "services": BOTH, "station_services": BOTH, "loop_s": 2.0}
    scenario = Scenario(**(given | changes))  # type: ignore[arg-type]
    return World(scenario, FixedSetpoint(setpoint_w), trace=None if trace is None else trace.append)


@pytest.mark.parametrize("mode", list(ControlMode))
@pytest.mark.parametrize("setpoint_w", [-6_000.0, 6_000.0])
def test_a_set_point_is_followed_and_every_register_agrees(mode: ControlMode, setpoint_w: float) -> None:
    lines: list[str] = []
    world = ac_world(setpoint_w, control_mode=mode, trace=lines)
    world.run_until(100.0)
    assert world.snapshot().grid_w == pytest.approx(setpoint_w, abs=20)
    assert world.plant.outlet.reading.power_w == pytest.approx((setpoint_w / 3,) * 3, abs=7)  # type: ignore[union-attr]
    result = world.run()
    assert result.ok, (result.errors, result.violations)
    moved = result.exported_wh if setpoint_w < 0 else result.imported_wh
    assert moved > 250
    assert abs(world.plant.books().gap_wh) < 1e-6
    assert set(result.losses_wh) == {"battery", "charger on board"}
    for registers in (result.iso_session, result.ocpp_session):
        assert registers.export_wh == pytest.approx(result.exported_wh, abs=1)
        assert registers.import_wh == pytest.approx(result.imported_wh, abs=1)
    needs = [json.loads(line)["body"] for line in lines if '"NotifyEVChargingNeeds"' in line]
    assert needs[0]["chargingNeeds"]["requestedEnergyTransfer"] == "AC_BPT"


@pytest.mark.parametrize(("lines", "name"), [(1, "AC_single_phase"), (3, "AC_three_phase")])
def test_a_car_that_only_charges_is_told_by_its_lines(lines: int, name: str) -> None:
    trace: list[str] = []
    world = ac_world(
        2_000.0,
        trace=trace,
        services=(ServiceId.AC,),
        ac_outlet=AcOutletConfig(lines=3),
        on_board=OnBoardConfig(lines=lines),
    )
    result = world.run()
    assert result.ok, (result.errors, result.violations)
    assert result.imported_wh > 80
    needs = [json.loads(line)["body"] for line in trace if '"NotifyEVChargingNeeds"' in line]
    assert needs[0]["chargingNeeds"]["requestedEnergyTransfer"] == name
    assert needs[0]["chargingNeeds"]["v2xChargingParameters"]["maxChargePower"] == pytest.approx(
        3_600 * lines, rel=0.03
    )


def test_an_outlet_of_one_line_serves_a_car_of_three() -> None:
    world = ac_world(3_000.0, ac_outlet=AcOutletConfig(lines=1))
    result = world.run()
    assert result.ok, (result.errors, result.violations)
    assert result.imported_wh > 120
    assert len(world.plant.outlet.line_meters) == 1  # type: ignore[union-attr]


def test_without_permission_nothing_flows_out() -> None:
    result = ac_world(-6_000.0, allowed_energy_transfer=("AC_three_phase",)).run()
    assert result.ok, (result.errors, result.violations)
    assert result.exported_wh == 0.0


@pytest.mark.parametrize("setpoint_w", [-9_000.0, 9_000.0])
def test_a_cable_that_goes_dead_ends_power_without_a_contactor_under_current(setpoint_w: float) -> None:
    world = ac_world(setpoint_w)
    world.run_until(100.0)
    world.connected = False
    world.run_until(110.0)
    assert world.plant.outlet.ac_power_w == 0.0
    assert not world.plant.outlet.contactor.closed
    assert not world.plant.car.contactor.closed
    assert world.plant.violations == []
    assert None not in world.errors.values()


def test_one_connector_has_either_ac_or_dc() -> None:
    with pytest.raises(Exception, match="either AC or DC"):
        ac_world(0.0, station_services=(ServiceId.AC, ServiceId.DC))


def test_services_that_nobody_can_simulate_are_refused() -> None:
    with pytest.raises(Exception, match="WPT"):
        ac_world(0.0, station_services=(ServiceId.WPT,))
