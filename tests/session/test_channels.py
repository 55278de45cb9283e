"""Separated BPT channels: one direction at a time, and how a car changes it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from iso15118.messages.iso20.common.power_delivery import ChannelSelection, ChargeProgress
from iso15118.session.core import State
from iso15118.session.ports import OfferedSchedule, Wish
from iso15118.session.services import BptChannel, ControlMode, ServiceId
from tests.session.world import EV, SECC, World, code_of

replace = msgspec.structs.replace
BOTH = pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))
SEPARATED = {"bpt_channels": (BptChannel.SEPARATED,)}
CHARGE, DISCHARGE = ChannelSelection.Charge, ChannelSelection.Discharge


def separated(service: ServiceId, mode: ControlMode = ControlMode.DYNAMIC, **options: Any) -> World:
    return World(service=service, mode=mode, **({"secc": SEPARATED} | options))


def demand(world: World, power_w: float) -> World:
    """Dynamic: a set point. Scheduled: a schedule of that power."""
    world.charger.setpoint_w = power_w
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((7_200.0, power_w),)),)
    return world


def selections(world: World) -> list[ChannelSelection | None]:
    starts = [m for m in world.messages("PowerDeliveryReq") if m.charge_progress is ChargeProgress.Start]
    return [start.bpt_channel_selection for start in starts]


def stop(world: World) -> None:
    world.vehicle.driver_wish = Wish.STOP


@BOTH
@BOTH_MODES
@pytest.mark.parametrize(("channel", "power_w"), [(CHARGE, 6_000.0), (DISCHARGE, -6_000.0)])
def test_energy_flows_by_the_channel_that_was_selected(
    service: ServiceId, mode: ControlMode, channel: ChannelSelection, power_w: float
) -> None:
    """PD-01, PD-02."""
    world = demand(separated(service, mode), power_w)
    world.vehicle.wanted_channel = channel
    world.at(30.0, lambda: stop(world)).start().run(until_s=20.0)
    assert selections(world) == [channel]
    assert world.current_a == pytest.approx(power_w / 400.0)
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None


@BOTH
@BOTH_MODES
@pytest.mark.parametrize(("channel", "power_w"), [(CHARGE, -6_000.0), (DISCHARGE, 6_000.0)])
def test_nothing_flows_against_the_channel(
    service: ServiceId, mode: ControlMode, channel: ChannelSelection, power_w: float
) -> None:
    world = demand(separated(service, mode), power_w)
    world.vehicle.wanted_channel = channel
    world.at(30.0, lambda: stop(world)).start().run(until_s=20.0)
    assert world.current_a == 0.0
    least, most = world.stage.min_power_w, world.stage.max_power_w
    if world.evcc.is_ac:
        least, most = sum(world.ac_target.min_power_w), sum(world.ac_target.max_power_w)
        assert sum(world.inverter.min_power_w if channel is CHARGE else world.inverter.max_power_w) == 0.0
    assert (least if channel is CHARGE else most) == 0.0
    world.run().check_end()


@BOTH
@BOTH_MODES
@pytest.mark.parametrize(("channel", "power_w"), [(CHARGE, -6_000.0), (DISCHARGE, 6_000.0)])
def test_the_station_enforces_the_channel_whatever_the_car_asks_for(
    service: ServiceId, mode: ControlMode, channel: ChannelSelection, power_w: float
) -> None:
    """A car that selected one channel and then behaves as if there were a unified one."""
    world = demand(separated(service, mode), power_w)
    world.vehicle.wanted_channel = channel
    world.start().run(until_s=20.0)
    world.evcc.context.channel = None
    world.vehicle.channel = lambda now: None  # type: ignore[method-assign]
    world.evcc.context.offer = replace(world.evcc.context.offer, integers={})
    world.run(until_s=25.0)
    assert (world.stage.current_a, world.stage.ac_power_w) == (0.0, 0.0)
    assert not any(world.ac_target.power_w)
    assert SECC not in world.ended


@BOTH
def test_with_a_unified_channel_nothing_is_selected(service: ServiceId) -> None:
    world = demand(World(service=service), -6_000.0)
    world.vehicle.wanted_channel = CHARGE
    world.start().run(until_s=20.0)
    assert selections(world) == [None]
    assert world.current_a == pytest.approx(-15.0)


def test_a_selection_in_a_unified_channel_says_nothing() -> None:
    world = demand(World(), -6_000.0)
    world.start().run_to(SECC, State.POWER_DELIVERY)
    start = replace(world.messages("PowerDeliveryReq")[-1], bpt_channel_selection=CHARGE)
    world.inject(SECC, start)
    world.run(until_s=20.0)
    assert world.current_a == pytest.approx(-15.0)


@BOTH
@BOTH_MODES
def test_without_a_selection_the_car_charges(service: ServiceId, mode: ControlMode) -> None:
    world = demand(separated(service, mode), 6_000.0)
    world.start().run_to(SECC, State.POWER_DELIVERY)
    world.inject(SECC, replace(world.messages("PowerDeliveryReq")[-1], bpt_channel_selection=None))
    world.run(until_s=5.0)
    assert world.last_code() == "OK"
    assert world.secc.context.channel is CHARGE
    assert world.current_a == pytest.approx(15.0)


@BOTH
@BOTH_MODES
def test_the_channel_is_changed_from_the_loop(service: ServiceId, mode: ControlMode) -> None:
    """Charge, discharge, charge: another Start each time, and the session stays. CL-11."""
    world = separated(service, mode)
    world.charger.schedule = (
        OfferedSchedule(start_s=0.0, entries=((20.0, 6_000.0), (10.0, 0.0), (20.0, -6_000.0), (7_200.0, 6_000.0))),
    )
    demands = ((0.0, 6_000.0, CHARGE), (20.0, 0.0, CHARGE), (30.0, -6_000.0, DISCHARGE), (50.0, 6_000.0, CHARGE))
    for at, power, channel in demands if mode is ControlMode.DYNAMIC else ():
        world.at(at, lambda power=power, channel=channel: change(world, power, channel))
    world.start()
    for at, current in ((10.0, 15.0), (25.0, 0.0), (40.0, -15.0), (60.0, 15.0)):
        world.run(until_s=at)
        assert world.current_a == pytest.approx(current)
    assert selections(world) == [CHARGE, DISCHARGE, CHARGE]
    stop(world)
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    imported, exported = world.registers()
    assert imported > 0
    assert 31 <= exported <= 34


def change(world: World, power_w: float, channel: ChannelSelection) -> None:
    world.charger.setpoint_w = power_w
    world.vehicle.wanted_channel = channel


@BOTH
@pytest.mark.parametrize(("energy_wh", "channel"), [(5_000.0, CHARGE), (0.0, CHARGE), (-5_000.0, DISCHARGE)])
def test_in_dynamic_control_the_energy_that_is_wanted_decides(
    service: ServiceId, energy_wh: float, channel: ChannelSelection
) -> None:
    world = separated(service)
    world.vehicle.energy_needs = replace(world.vehicle.energy_needs, target_energy_wh=energy_wh)
    world.start().run(until_s=20.0)
    assert selections(world) == [channel]


def test_another_start_with_the_same_channel_is_out_of_order() -> None:
    world = demand(separated(ServiceId.DC_BPT), 6_000.0)
    world.start().run_to(SECC, State.DC_CHARGE_LOOP)
    world.inject(SECC, replace(world.messages("PowerDeliveryReq")[-1], bpt_channel_selection=CHARGE))
    assert code_of(world.messages("PowerDeliveryRes")[-1]) == "FAILED_SequenceError"


def test_the_driver_may_end_instead_of_changing_the_channel() -> None:
    world = demand(separated(ServiceId.DC_BPT), 6_000.0)
    world.start().run(until_s=20.0)
    world.vehicle.wanted_channel = DISCHARGE
    stop(world)
    world.run().check_end()
    assert selections(world) == [CHARGE]


def test_a_car_that_takes_only_a_unified_channel_leaves() -> None:
    world = separated(ServiceId.DC_BPT, evcc={"bpt_channels": (BptChannel.UNIFIED,)})
    world.start().run().check_end()
    assert world.names(EV)[-2:] == ["ServiceDetailReq", "SessionStopReq"]
