"""Standby and the way out of it, both sides back to back."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from iso15118.messages.iso20.common.power_delivery import ChannelSelection, ChargeProgress
from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.messages.iso20.types import EVSENotification, ResponseCode
from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.ports import OfferedSchedule, Wish
from iso15118.session.secc import MeterInfoBase
from iso15118.session.services import AC_SERVICES, BptChannel, ControlMode, ServiceId
from iso15118.session.timers import Limits
from tests.session.world import EV, SECC, World, code_of

SERVICES = pytest.mark.parametrize(
    "service", [ServiceId.DC_BPT, ServiceId.AC_BPT, ServiceId.DC, ServiceId.AC, ServiceId.AC_DER_SAE]
)
BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))


def wish(world: World, what: Wish) -> None:
    world.vehicle.driver_wish = what


def made(**options: Any) -> World:
    """A world in which 6 kW are wanted."""
    world = World(**options)
    world.charger.setpoint_w = 6_000.0
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((7_200.0, 6_000.0),)),)
    return world


def progress(world: World) -> list[ChargeProgress]:
    return [m.charge_progress for m in world.messages("PowerDeliveryReq")]


def answers(world: World) -> list[str]:
    return [code_of(m) for m in world.messages("PowerDeliveryRes")]


@SERVICES
@BOTH_MODES
def test_the_car_rests_and_goes_on(service: ServiceId, mode: ControlMode) -> None:
    """V2G20-2113: the loop goes on meanwhile, without power whatever the target says."""
    world = made(service=service, mode=mode)
    world.at(20.0, lambda: wish(world, Wish.STANDBY)).start().run(until_s=30.0)
    assert world.current_a == 0.0
    before = world.registers()
    world.charger.setpoint_w = 9_000.0
    world.poll()
    world.run(until_s=60.0)
    assert world.current_a == 0.0
    assert world.registers() == before
    assert world.charger.stage.contactor_closed
    assert world.vehicle.battery_reading.contactor_closed
    kind = "AC" if service in AC_SERVICES else "DC"
    loops = [e.now for e in world.log if type(e.item).__name__ == f"{kind}_ChargeLoopReq" and e.now > 25.0]
    assert len(loops) > 150
    wish(world, Wish.ENERGY)
    world.run(until_s=65.0)
    assert world.current_a > 10.0
    world.at(80.0, lambda: wish(world, Wish.STOP)).run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert progress(world) == [
        ChargeProgress.Start,
        ChargeProgress.Standby,
        ChargeProgress.Start,
        ChargeProgress.Stop,
    ]
    assert answers(world) == ["OK"] * 4
    for at in (EV, SECC):
        flows = [(e.item.flowing, e.item.by_car) for e in world.events(act.EnergyFlow, at)]
        assert flows == [(True, False), (False, True), (True, False), (False, False)]


@BOTH_MODES
@pytest.mark.parametrize("ramp", [5.0, 1e9])
def test_current_is_zero_before_standby_is_asked_for(mode: ControlMode, ramp: float) -> None:
    world = made(mode=mode)
    world.ramp_a_per_s = ramp
    world.at(20.0, lambda: wish(world, Wish.STANDBY)).start().run(until_s=60.0)
    (asked,) = [e for e in world.log if getattr(e.item, "charge_progress", None) is ChargeProgress.Standby]
    assert abs(asked.current_a) <= 1.0
    assert (asked.now > 22.5) is (ramp == 5.0)
    assert world.secc.context.standby


@BOTH_MODES
def test_a_station_that_allows_none(mode: ControlMode) -> None:
    """WARNING_StandbyNotAllowed ends nothing; the car rests by its own limits and does not ask again."""
    world = made(mode=mode)
    world.charger.standby = False
    world.at(20.0, lambda: wish(world, Wish.STANDBY)).start().run(until_s=60.0)
    assert answers(world) == ["OK", "WARNING_StandbyNotAllowed"]
    assert world.current_a == 0.0
    told = [r.meter_info for r in world.messages("DC_ChargeLoopRes") if r.meter_info]
    assert len(told) < 10
    wish(world, Wish.ENERGY)
    world.run(until_s=62.0)
    assert world.current_a == 15.0
    world.charger.standby = True
    wish(world, Wish.STANDBY)
    world.run(until_s=70.0)
    assert answers(world) == ["OK", "WARNING_StandbyNotAllowed", "OK"]
    world.at(80.0, lambda: wish(world, Wish.STOP)).run().check_end()
    assert world.error(EV) is None


@pytest.mark.parametrize("state", [State.SERVICE_DETAIL, State.DC_PRE_CHARGE, State.POWER_DELIVERY])
def test_the_wish_counts_in_every_state(state: State) -> None:
    world = made().start().run_to(EV, state)
    wish(world, Wish.STANDBY)
    world.run(until_s=30.0)
    assert world.secc.context.standby
    assert world.registers() == (0, 0)


@pytest.mark.parametrize(("then", "how"), [(Wish.STOP, ChargingSession.Terminate), (Wish.PAUSE, ChargingSession.Pause)])
@SERVICES
def test_out_of_standby_without_going_on(service: ServiceId, then: Wish, how: ChargingSession) -> None:
    world = made(service=service)
    world.at(20.0, lambda: wish(world, Wish.STANDBY)).at(40.0, lambda: wish(world, then)).start().run().check_end()
    assert progress(world) == [ChargeProgress.Start, ChargeProgress.Standby, ChargeProgress.Stop]
    assert world.messages("SessionStopReq")[-1].charging_session is how
    assert world.error(EV) is world.error(SECC) is None


@pytest.mark.parametrize("moment_s", [20.1, 20.25, 20.5, 20.75, 21.0])
def test_a_wish_that_is_taken_back_at_any_moment(moment_s: float) -> None:
    world = made()
    world.at(20.0, lambda: wish(world, Wish.STANDBY)).at(moment_s, lambda: wish(world, Wish.ENERGY))
    world.start().run(until_s=30.0)
    assert world.current_a == 15.0
    assert world.evcc.context.standby is world.secc.context.standby is False
    world.at(31.0, lambda: wish(world, Wish.STOP)).run().check_end()
    assert world.error(EV) is world.error(SECC) is None


# --- the station's wishes ---


def notes(world: World) -> set[EVSENotification]:
    return {r.evse_status.evse_notification for r in world.messages("DC_ChargeLoopRes") if r.evse_status}


def test_the_station_wants_the_car_out_of_standby() -> None:
    """The car goes on although its driver would still rest; when the driver has changed his mind once it may rest again."""
    world = made()
    world.charger.exit_standby = True  # nothing to be out of yet
    world.start().run(until_s=10.0)
    assert not notes(world)
    world.charger.exit_standby = False
    wish(world, Wish.STANDBY)
    world.run(until_s=20.0)
    world.charger.exit_standby = True
    world.run(until_s=30.0)
    assert notes(world) == {EVSENotification.ExitStandby}
    assert world.current_a == 15.0
    assert progress(world) == [ChargeProgress.Start, ChargeProgress.Standby, ChargeProgress.Start]
    world.charger.exit_standby = False
    world.run(until_s=40.0)
    assert world.current_a == 15.0
    wish(world, Wish.ENERGY)
    world.run(until_s=41.0)
    wish(world, Wish.STANDBY)
    world.run(until_s=50.0)
    assert world.current_a == 0.0
    assert world.secc.context.standby


@pytest.mark.parametrize("what", ["stop", "pause"])
def test_the_station_ends_or_pauses_a_session_in_standby(what: str) -> None:
    world = made()
    world.at(20.0, lambda: wish(world, Wish.STANDBY)).at(40.0, lambda: setattr(world.charger, what, True))
    world.start().run().check_end()
    assert progress(world) == [ChargeProgress.Start, ChargeProgress.Standby, ChargeProgress.Stop]
    assert world.ended[SECC].paused is (what == "pause")
    assert world.error(EV) is world.error(SECC) is None


def test_services_are_chosen_anew_out_of_standby() -> None:
    world = made(secc={"service_renegotiation": True}, evcc={"services": (ServiceId.DC_BPT, ServiceId.DC)})
    world.charger.offered_services = (2,)
    world.at(20.0, lambda: wish(world, Wish.STANDBY))
    world.at(40.0, lambda: setattr(world.charger, "offered_services", (2, 6)))
    world.at(80.0, lambda: wish(world, Wish.STOP)).start().run().check_end()
    assert [e.item.service_id for e in world.events(act.ServiceChosen, SECC)] == [2, 6]
    assert progress(world).count(ChargeProgress.Standby) == 2
    assert world.error(EV) is world.error(SECC) is None


# --- at the station ---


def asked(world: World, how: ChargeProgress) -> str:
    """The car asks out of its loop, whatever it wants."""
    request = world.messages("PowerDeliveryReq")[-1]
    changed = type(request)(
        header=world.evcc.header(world.now),
        ev_processing=request.ev_processing,
        charge_progress=how,
        ev_power_profile=request.ev_power_profile,
    )
    (answer,) = [a.message for a in world.inject(SECC, changed) if isinstance(a, act.Send)]
    return code_of(answer)


@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
def test_not_before_energy_may_flow(service: ServiceId) -> None:
    world = made(service=service).start().run_to(SECC, State.POWER_DELIVERY)
    assert asked(world, ChargeProgress.Standby) == "WARNING_StandbyNotAllowed"
    assert world.secc.state is State.POWER_DELIVERY


def test_the_answer_waits_for_current_to_be_zero() -> None:
    """A car that asks under current."""
    world = made()
    world.ramp_a_per_s = 100.0
    world.start().run(until_s=20.0)
    request = world.messages("PowerDeliveryReq")[-1]
    changed = type(request)(
        header=world.evcc.header(world.now),
        ev_processing=request.ev_processing,
        charge_progress=ChargeProgress.Standby,
    )
    world.freeze(EV)
    assert not [a for a in world.inject(SECC, changed) if isinstance(a, act.Send)]
    world.run(until=lambda: type(world.messages()[-1]).__name__ == "PowerDeliveryRes")
    assert world.last_code() == "OK"
    assert abs(world.current_a) <= 1.0


def test_current_that_does_not_go() -> None:
    world = made().start().run(until_s=20.0)
    request = world.messages("PowerDeliveryReq")[-1]
    changed = type(request)(
        header=world.evcc.header(world.now),
        ev_processing=request.ev_processing,
        charge_progress=ChargeProgress.Standby,
    )
    world.current_stuck = True
    world.freeze(EV)
    world.inject(SECC, changed)
    world.run(until_s=21.5)
    assert world.last_code() == "FAILED_PowerDeliveryNotApplied"


def test_start_in_the_loop_is_for_standby_only() -> None:
    world = made().start().run(until_s=20.0)
    assert asked(world, ChargeProgress.Start) == "FAILED_SequenceError"


def test_whatever_a_car_in_standby_asks_for_it_gets_nothing() -> None:
    world = made(mode=ControlMode.SCHEDULED).start().run(until_s=20.0)
    loop = world.messages("DC_ChargeLoopReq")[-1]
    world.at(20.0, lambda: wish(world, Wish.STANDBY)).run(until_s=30.0)
    world.freeze(EV)
    world.inject(SECC, loop)  # 15 A
    assert world.secc.context.target_current_a == 15.0
    assert world.current_a == 0.0
    assert world.stage.current_a == world.stage.max_current_a == world.stage.min_current_a == 0.0
    assert world.stage.mode is act.StageMode.CURRENT


def test_an_ac_outlet_in_standby_tells_no_power_whatever_the_car_could_take() -> None:
    world = made(service=ServiceId.AC_BPT).start().run(until_s=20.0)
    loop = world.messages("AC_ChargeLoopReq")[-1]
    world.at(20.0, lambda: wish(world, Wish.STANDBY)).run(until_s=30.0)
    world.freeze(EV)
    world.inject(SECC, loop)  # with the limits of a car that is awake
    answer = world.messages("AC_ChargeLoopRes")[-1].cl_res_control_mode
    assert answer.evse_target_active_power.value == 0
    assert not any(world.ac_target.power_w)
    assert not any(world.ac_target.max_power_w)


def test_a_car_in_standby_violates_no_profile() -> None:
    secc = {"power_tolerance_both_ways": True, "meter_info_base": MeterInfoBase.METER}
    world = made(mode=ControlMode.SCHEDULED, secc=secc, evcc={"complete_power_profile": True})
    world.at(20.0, lambda: wish(world, Wish.STANDBY)).start().run(until_s=90.0)
    after = world.messages("DC_ChargeLoopRes")[-200:]
    assert {r.response_code for r in after} == {ResponseCode.OK}


@pytest.mark.parametrize("opens", [False, True])
def test_the_contactor_of_an_ac_outlet_opens_in_standby_by_an_option_only(opens: bool) -> None:
    world = made(service=ServiceId.AC_BPT, secc={"standby_opens_ac_contactor": opens})
    world.at(20.0, lambda: wish(world, Wish.STANDBY)).start().run(until_s=40.0)
    assert world.charger.stage.contactor_closed is not opens
    wish(world, Wish.ENERGY)
    world.run(until_s=45.0)
    assert world.charger.stage.contactor_closed
    assert world.current_a == 15.0
    world.at(50.0, lambda: wish(world, Wish.STOP)).run().check_end()
    assert world.error(EV) is world.error(SECC) is None


@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
@pytest.mark.parametrize("moment_s", [20.0, 30.0])
def test_power_comes_back_by_the_ramp(service: ServiceId, moment_s: float) -> None:
    """Also when standby began while it was still on its way."""
    world = made(service=service)
    world.charger.charger_limits = replace(world.charger.charger_limits, power_ramp_w_per_s=400.0)
    world.charger.ac_grid = replace(world.charger.ac_grid, power_ramp_w_per_s=400.0)
    world.at(moment_s, lambda: wish(world, Wish.STANDBY)).at(60.0, lambda: wish(world, Wish.ENERGY))
    world.start().run(until_s=63.0)
    assert 0.0 < world.current_a < 4.0
    world.run(until_s=90.0)
    assert world.current_a == 15.0


def test_another_channel_is_no_way_out_of_standby() -> None:
    channels = {"bpt_channels": (BptChannel.SEPARATED,)}
    world = made(secc=channels, evcc=channels)
    world.at(20.0, lambda: wish(world, Wish.STANDBY))
    world.at(30.0, lambda: setattr(world.vehicle, "wanted_channel", ChannelSelection.Discharge))
    world.start().run(until_s=40.0)
    assert world.secc.context.standby
    assert progress(world)[-1] is ChargeProgress.Standby


def test_a_ramp_that_takes_too_long_is_not_waited_for() -> None:
    """EVCC_RAMP_DOWN: the station is asked all the same, and has to bring the current down."""
    world = made(evcc_limits=Limits({"EVCC_RAMP_DOWN": 1.0}), secc_limits=Limits({"SECC_POWER_DELIVERY_STOP": 10.0}))
    world.ramp_a_per_s = 3.0
    world.evcc.limits.overrides["EVCC_MESSAGE"] = 20.0
    world.at(30.0, lambda: wish(world, Wish.STANDBY)).start().run(until_s=60.0)
    (asked_for,) = [e for e in world.log if getattr(e.item, "charge_progress", None) is ChargeProgress.Standby]
    assert abs(asked_for.current_a) > 1.0
    assert world.secc.context.standby
    assert world.current_a == 0.0
    assert not world.evcc.context.ramp_down_over
