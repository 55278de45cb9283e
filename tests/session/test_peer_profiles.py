"""Options for deployed peers: off by default, legal when on, and our own other side takes them."""

from __future__ import annotations

import pytest

from iso15118.messages.iso20.common.power_delivery import PowerToleranceAcceptance
from iso15118.session.ports import OfferedSchedule, Wish
from iso15118.session.quantities import number
from iso15118.session.services import ControlMode
from tests.session.world import EV, SECC, World

BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))
OFF_AND_ON = pytest.mark.parametrize("on", [False, True])


def whole(world: World) -> World:
    """A regular session in both directions."""
    world.charger.setpoint_w = 4_000.0
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((3_600.0, 4_000.0), (3_600.0, -4_000.0))),)
    world.at(10.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    return world


@BOTH_MODES
@OFF_AND_ON
def test_complete_power_profile(mode: ControlMode, on: bool) -> None:
    world = whole(World(mode=mode, evcc={"complete_power_profile": on}))
    profile = world.messages("PowerDeliveryReq")[0].ev_power_profile
    if mode is ControlMode.SCHEDULED:
        acceptance = profile.scheduled_ev_ppt_control_mode.power_tolerance_acceptance
        assert acceptance is (PowerToleranceAcceptance.PowerToleranceConfirmed if on else None)
    else:
        assert (profile is not None) is on
    if profile is not None and mode is ControlMode.DYNAMIC:
        (entry,) = profile.ev_power_profile_entries.ev_power_profile_entry
        assert number(entry.power) == world.vehicle.vehicle_limits.max_charge_power_w
        assert entry.duration == pytest.approx(36_000, abs=5)  # until departure


@OFF_AND_ON
def test_a_price_with_every_schedule(on: bool) -> None:
    world = whole(World(mode=ControlMode.SCHEDULED, secc={"uniform_price_level": on}))
    (offered,) = world.messages("ScheduleExchangeRes")[-1].scheduled_se_res_control_mode.schedule_tuple
    prices = [offered.charging_schedule.price_level_schedule, offered.discharging_schedule.price_level_schedule]
    assert [price is not None for price in prices] == [on, on]
    if on:
        (entry,) = prices[0].price_level_schedule_entries.price_level_schedule_entry
        assert (entry.duration, entry.price_level, prices[0].number_of_price_levels) == (7_200, 0, 1)


@OFF_AND_ON
def test_discharged_energy_may_be_left_out(on: bool) -> None:
    world = whole(World(secc={"tell_discharged_energy": on}))
    told = [r.meter_info for r in world.messages("DC_ChargeLoopRes") if r.meter_info]
    assert {m.bpt_discharged_energy_reading_wh is not None for m in told} == {on}


@pytest.mark.parametrize(("soc", "complete"), [(99.9, False), (100.0, True)])
def test_charging_complete_is_shown_with_a_full_battery(soc: float, complete: bool) -> None:
    world = World()
    world.vehicle.battery_reading = type(world.vehicle.battery_reading)(voltage_v=400.0, soc_percent=soc)
    world.charger.setpoint_w = 0.0
    world.at(10.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    assert {r.display_parameters.charging_complete for r in world.messages("DC_ChargeLoopReq")} == {complete}
