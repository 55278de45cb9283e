"""Things go wrong in the middle of a discharge: power goes first, contactors after, and no Wh is lost."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from iso15118.messages.iso20.common.session_setup import SessionSetupReq
from iso15118.session.core import State
from iso15118.session.services import ControlMode, ServiceId
from iso15118.v2gtp import PayloadType, frame_bytes
from sim.evening import Evening
from sim.fixed import FixedSetpoint
from sim.result import Result
from sim.scenario import Scenario, evening
from sim.world import World

HALF_PAST_FIVE = 1800.0


def discharging(**changes: object) -> World:
    """A world in which energy has been flowing out of the car for a while."""
    scenario = Scenario(name="faults", **changes)  # type: ignore[arg-type]  (changes are fields of Scenario)
    world = World(scenario, Evening.of(scenario))
    world.run_until(HALF_PAST_FIVE)
    assert world.snapshot().grid_w < -1_000
    return world


def check_safe(world: World) -> Result:
    """No current, contactors open, nothing opened under current, and the books add up to the last Wh."""
    result = world.result()
    assert world.plant.outlet.current_a == 0
    assert not world.plant.outlet.contactor.closed
    assert not world.plant.car.contactor.closed
    assert result.violations == ()
    assert abs(world.plant.books().gap_wh) < 0.001
    return result


GARBAGE = b"\x80\xff\xff\xff\xff"
FOREIGN = frame_bytes(PayloadType.COMMON_MESSAGES, GARBAGE)
TRUNCATED = frame_bytes(PayloadType.DC, bytes.fromhex("80340400810182028303840ac0"))
BROKEN_HEADER = b"\x01\xff" + bytes(20)


@pytest.mark.parametrize("data", [FOREIGN, TRUNCATED, BROKEN_HEADER], ids=["garbage", "truncated", "broken header"])
@pytest.mark.parametrize("victim", ["SECC", "EV"])
def test_a_payload_that_is_no_message_ends_the_session_safely(data: bytes, victim: str) -> None:
    world = discharging()

    if victim == "SECC":
        world.apply_secc(world.secc.receive_data(data, world.now))
    else:
        world.apply_evcc(world.evcc.receive_data(data, world.now))
    world.run_until(world.now + 30)

    result = check_safe(world)
    assert result.errors[victim] is not None
    assert world.secc.session.state is State.ENDED
    assert world.evcc.session.state is State.ENDED
    begun, last = world.csms.registers(world.station.station_id)
    assert last[1] - begun[1] == pytest.approx(result.exported_wh, abs=1)


def test_a_wrong_message_is_answered_and_ends_the_session_safely() -> None:
    world = discharging()
    request = SessionSetupReq(header=world.evcc.session.header(world.now), evcc_id="X")

    world.apply_secc(world.secc.carry(world.secc.session.receive(request, world.now), world.now))
    world.run_until(world.now + 30)

    assert check_safe(world).errors["SECC"] is not None
    assert world.errors["EV"] is not None, "the car did not ask for a SessionSetupRes"


@pytest.mark.parametrize("silent", ["car", "both"])
def test_a_peer_that_goes_silent_ends_the_session_within_its_limit(silent: str) -> None:
    world = discharging()
    if silent == "both":
        world.connected = False
    else:
        world.apply_evcc(world.evcc.session.poll(world.now))  # type: ignore[arg-type]  (nothing to carry)
        world.evcc.session.timers.clear()  # a car whose firmware hangs

    world.run_until(world.now + 60)

    result = world.result()
    assert "SECC_SEQUENCE_CHARGE_LOOP" in str(result.errors["SECC"])
    assert world.plant.outlet.current_a == 0
    assert not world.plant.outlet.contactor.closed
    assert result.violations == ()


def test_a_connector_torn_out_ends_both_sessions() -> None:
    world = discharging()

    world.unplug()
    world.run_until(world.now + 30)

    assert world.plant.outlet.current_a == 0
    assert not world.plant.outlet.contactor.closed
    assert world.errors["SECC"] == "unplugged"


def test_an_emergency_stop_needs_no_message() -> None:
    world = discharging()

    world.outlet.emergency_stop = True
    world.poll()
    world.run_until(world.now + 30)

    assert check_safe(world).errors["SECC"] == "emergency stop"


def test_a_back_end_that_is_gone_for_ten_minutes_costs_no_wh() -> None:
    scenario = Scenario(name="gone", back_end_gone=((1200.0, 1800.0),), departure_s=10_800.0, target_soc=0.3)
    lines: list[str] = []
    world = World(scenario, Evening.of(scenario), trace=lines.append)

    world.run_until(1500.0)
    assert world.snapshot().grid_w < -1_000, "a valid profile stays valid while the back end is away"
    result = world.run()

    assert result.ok, (result.errors, result.violations)
    assert result.ocpp_session.export_wh == pytest.approx(result.exported_wh, abs=1)
    assert result.ocpp_session == result.iso_session
    events = [
        row["body"]
        for row in map(json.loads, lines)
        if row["name"] == "TransactionEvent" and row["at"] == "CSMS" and row["direction"] == "rx"
    ]
    numbers = [event["seqNo"] for event in events]
    assert numbers == list(range(len(numbers))), "no event is lost, and their order is kept"
    assert any(event.get("offline") for event in events)


def test_without_permission_nothing_flows_out() -> None:
    """The station may not offer the bidirectional service: the evening becomes a plain charging session."""
    scenario = Scenario(name="one way", station_services=(ServiceId.DC,), departure_s=7_200.0, target_soc=0.62)
    world = World(scenario, Evening.of(scenario))

    result = world.run()

    assert result.errors == {"EV": None, "SECC": None}
    assert result.exported_wh == 0
    assert result.imported_wh >= 0


def test_scheduled_control_discharges_by_schedule() -> None:
    scenario = Scenario(name="scheduled", control_mode=ControlMode.SCHEDULED, departure_s=10_800.0, target_soc=0.4)
    world = World(scenario, Evening.of(scenario))

    result = world.run()

    assert result.ok, (result.errors, result.violations)
    assert result.exported_wh > 5_000
    assert result.iso_session == result.ocpp_session


def test_the_stepping_form_gives_the_same_bytes() -> None:
    def traced(advance: Callable[[World], object]) -> list[str]:
        scenario = evening()
        lines: list[str] = []
        world = World(scenario, Evening.of(scenario), trace=lines.append)
        advance(world)
        world.result()
        return lines

    def in_steps(world: World) -> None:
        for step in range(1, 41):
            world.run_until(step * 30.0)

    assert traced(lambda world: world.run_until(1200.0)) == traced(in_steps)


def test_a_profile_that_ends_stops_the_discharge_at_once_and_not_with_the_next_loop() -> None:
    scenario = Scenario(name="lapse", departure_s=3_600.0)
    end_s = 1_201.0
    world = World(scenario, FixedSetpoint(-5_000.0, valid_to_s=scenario.arrival_unix_s + end_s))
    world.run_until(end_s - 0.5)
    assert world.snapshot().grid_w == pytest.approx(-5_000, abs=10)

    world.run_until(end_s + 1.0)

    assert world.snapshot().grid_w >= 0, "no valid profile, no discharge"


def test_scheduled_control_stops_at_once_when_the_back_end_takes_its_profile_back() -> None:
    """No valid profile, no discharge: whatever schedule the car has been given."""
    scenario = Scenario(name="taken back", control_mode=ControlMode.SCHEDULED, departure_s=3_600.0)
    world = World(scenario, FixedSetpoint(-5_000.0))
    world.run_until(900.0)
    assert world.snapshot().grid_w == pytest.approx(-5_000, abs=50)

    world.station.receive('[2,"x1","ClearChargingProfile",{"chargingProfileCriteria":{"evseId":1}}]', world.now)
    world.poll()
    world.run_until(902.0)

    assert world.snapshot().grid_w == pytest.approx(0, abs=1)


@pytest.mark.parametrize("latency_s", [0.02, 0.25, 0.42, 0.54, 1.3])
@pytest.mark.parametrize("mode", [ControlMode.DYNAMIC, ControlMode.SCHEDULED])
def test_a_session_ends_before_the_departure_whatever_the_phase(latency_s: float, mode: ControlMode) -> None:
    """How charge loops and seconds fall must not matter: neither for the end nor for a schedule's boundaries."""
    scenario = Scenario(
        name="phase", departure_s=1_500.0, ocpp_latency_s=latency_s, control_mode=mode, seed=int(latency_s * 100)
    )
    result = World(scenario, FixedSetpoint(-6_000.0)).run()

    assert result.ok, (result.errors, result.violations)
    assert result.exported_wh > 2_000
    assert result.iso_session == result.ocpp_session
