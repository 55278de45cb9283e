"""What was built apart and happens together: renegotiations, pauses, confirmations and faults in each other's way."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from iso15118.messages.iso20.common.power_delivery import ChannelSelection
from iso15118.messages.iso20.common.session_stop import ChargingSession, SessionStopReq
from iso15118.messages.iso20.common.vehicle_check import EVCheckInStatus
from iso15118.messages.iso20.types import EVSENotification, ResponseCode
from iso15118.session import actions as act
from iso15118.session.core import MAX_SERVICE_ROUNDS, State
from iso15118.session.ports import (
    AbsolutePrices,
    AcOutlet,
    EnergyNeeds,
    EnergyPrice,
    MobilityNeeds,
    OfferedSchedule,
    PriceStack,
    ValueAddedService,
    Wish,
)
from iso15118.session.ports.ac import AcReading
from iso15118.session.ports.parking import CarParking
from iso15118.session.services import (
    AC_SERVICES,
    BIDIRECTIONAL,
    DC_SERVICES,
    BptChannel,
    ControlMode,
    GeneratorMode,
    MobilityNeedsMode,
    Pricing,
    ServiceId,
)
from iso15118.session.side import Stream
from iso15118.session.timers import Limits
from tests.session.signing import KEY
from tests.session.test_pause import paused
from tests.session.world import EV, SECC, World

replace = msgspec.structs.replace
YES: dict[str, Any] = {"service_renegotiation": True}
AC_BOTH: dict[str, Any] = {"services": (ServiceId.AC_BPT, ServiceId.AC)}


def stop(world: World) -> None:
    world.vehicle.driver_wish = Wish.STOP


def offer(world: World, *services: int) -> None:
    world.charger.offered_services = services


def come_back(before: World, **options: Any) -> World:
    """A world that goes on where another one was paused; it is not started yet."""
    before.vehicle.driver_wish = Wish.ENERGY
    options = {"mode": before.evcc.context.control_mode, "service": before.evcc.service_id} | options
    return World(after=before, **options)


# --- confirmations beside ---


def confirming(**options: Any) -> World:
    """An AC session in which a confirmation waits for its check while another service comes on offer."""
    world = World(service=ServiceId.AC_BPT, secc=YES, evcc=AC_BOTH, **options)
    offer(world, 1)
    world.vehicle.key, world.charger.check_ready = KEY, False
    world.at(10.0, lambda: setattr(world.charger, "confirmation", True))
    world.when("MeteringConfirmationReq", lambda: offer(world, 1, 5))
    return world.at(30.0, lambda: stop(world))


def test_services_are_chosen_anew_while_a_signature_is_being_checked() -> None:
    world = confirming()
    world.when("ServiceSelectionRes", lambda: setattr(world.charger, "check_ready", True), nth=2)
    world.start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    for who in (EV, SECC):
        confirmed = world.events(act.MeteringConfirmed, who)[0]
        chosen = list(world.events(act.ServiceChosen, who))
        assert chosen[1].now - 0.5 < confirmed.now < chosen[1].now + 0.5


def test_services_are_chosen_anew_while_nobody_checks_a_signature() -> None:
    """The limit of the check goes on."""
    world = confirming().start()
    world.run(until=lambda: SECC in world.ended)
    assert "FAILED_MeteringSignatureNotValid" in str(world.error(SECC))
    assert len(world.messages("ServiceDiscoveryReq")) == 2
    assert world.now < 20.0


@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
def test_limits_fall_while_a_signature_is_checked_between_two_loops(service: ServiceId) -> None:
    world = World(service=service, evcc={"metering_confirmation_stream": Stream.MAIN})
    world.charger.setpoint_w = 6_000.0
    world.vehicle.key, world.charger.check_ready, world.charger.confirmation = KEY, False, True
    world.start().run(until=lambda: bool(world.messages("MeteringConfirmationReq")))
    world.run(until_s=world.now + 0.2)
    world.charger.setpoint_w = -1_000.0
    world.poll()
    told = world.stage.ac_power_w if service is ServiceId.DC_BPT else sum(world.ac_target.power_w)
    assert told == pytest.approx(-1_000.0)
    world.charger.check_ready = True
    world.at(10.0, lambda: stop(world)).run().check_end()
    assert world.error(EV) is world.error(SECC) is None


@pytest.mark.parametrize("stream", list(Stream))
def test_a_confirmation_is_asked_for_though_the_car_never_renegotiates(stream: Stream) -> None:
    world = World(evcc={"metering_confirmation_stream": stream}, encoded=False)
    world.vehicle.key = KEY
    world.start().run(until_s=10.0)
    world.evcc.wants_renegotiation = lambda now: False  # type: ignore[method-assign]  # a car that does not know it
    world.charger.schedule_number += 1
    world.charger.confirmation = True
    world.at(20.0, lambda: stop(world)).run().check_end()
    assert world.events(act.MeteringConfirmed, SECC)
    told = {r.evse_status.evse_notification for r in world.messages("DC_ChargeLoopRes") if r.evse_status}
    assert told == {EVSENotification.ScheduleRenegotiation, EVSENotification.MeteringConfirmation}


# --- services chosen anew ---


def test_a_lock_that_opens_while_services_are_chosen_anew() -> None:
    world = World(service=ServiceId.AC_BPT, secc=YES, evcc=AC_BOTH)
    offer(world, 1)
    world.charger.locked = world.vehicle.locked = False
    world.at(10.0, lambda: offer(world, 1, 5)).start().run(until_s=9.0)
    world.when("ServiceSelectionRes", lambda: setattr(world.vehicle, "locked", False))
    world.locks_stuck = {EV}
    world.run(until_s=120.0)
    assert world.error(EV) == "the connector is not locked"


def test_a_socket_whose_lock_opens_while_services_are_chosen_anew() -> None:
    world = World(service=ServiceId.AC_BPT, secc=YES, evcc=AC_BOTH)
    offer(world, 1)
    world.charger.locked = False
    world.at(10.0, lambda: offer(world, 1, 5)).start().run(until_s=9.0)
    world.when("ServiceSelectionRes", lambda: setattr(world.charger, "locked", False))
    world.locks_stuck = {SECC}
    world.run(until_s=120.0)
    assert world.error(SECC) == "the connector is not locked"


def test_a_car_with_a_stuck_contactor_chooses_no_other_service() -> None:
    """The isolation of the cable would be tested with the battery joined to it."""
    world = World(secc=YES, evcc={"services": (ServiceId.DC_BPT, ServiceId.DC)})
    offer(world, 2)
    world.at(20.0, lambda: offer(world, 2, 6)).start().run(until_s=19.0)
    world.evcc_contactor_stuck = True
    world.run()
    assert len(world.messages("ServiceDiscoveryReq")) == 1
    assert world.ended[EV] is not None


def test_a_car_whose_sensor_lags_opens_its_relay_before_services_are_chosen_anew() -> None:
    world = World(service=ServiceId.AC_BPT, secc=YES, evcc=AC_BOTH)
    offer(world, 1)
    world.at(20.0, lambda: offer(world, 1, 5)).start().run_to(EV, State.POWER_DELIVERY_STOP)
    world.vehicle.ac_measured = AcReading(power_w=(3_000.0, 0.0, 0.0))
    world.inject(EV, world._queue[0][1])
    assert world.vehicle.battery_reading.contactor_closed
    world.run_to(EV, State.SERVICE_DISCOVERY)
    assert not world.vehicle.battery_reading.contactor_closed
    world.at(60.0, lambda: stop(world)).run().check_end()
    assert world.error(EV) is world.error(SECC) is None


def test_a_car_that_still_carries_current_chooses_no_other_service() -> None:
    world = World(service=ServiceId.AC_BPT, secc=YES, evcc=AC_BOTH)
    offer(world, 1)
    world.at(20.0, lambda: offer(world, 1, 5)).start().run_to(EV, State.SESSION_STOP)
    world.vehicle.ac_measured = AcReading(power_w=(3_000.0, 0.0, 0.0))
    world.inject(EV, world._queue[0][1])
    world.run()
    assert world.error(EV) == "current still flows at the car"


def test_isolation_is_tested_again_whatever_the_monitor_still_says() -> None:
    """The result of the first check stands until another one is made."""
    world = World(secc=YES, evcc={"services": (ServiceId.DC_BPT, ServiceId.DC)})
    offer(world, 2)
    world.at(20.0, lambda: offer(world, 2, 6)).at(40.0, lambda: stop(world)).start().run().check_end()
    tests = [e for e in world.events(act.SetStage, SECC) if e.item.mode is act.StageMode.ISOLATION_TEST]
    assert [e.now > 20.0 for e in tests] == [False, True]


def test_services_are_not_chosen_anew_for_ever() -> None:
    world = World(secc=YES, evcc={"services": (ServiceId.DC_BPT, ServiceId.DC)})
    offer(world, 2)
    world.start().run(until_s=10.0)
    world.secc.context.service_rounds = world.evcc.context.service_rounds = MAX_SERVICE_ROUNDS - 1
    world.at(20.0, lambda: offer(world, 2, 6)).at(40.0, lambda: offer(world, 2)).run().check_end()
    assert len(world.messages("ServiceDiscoveryReq")) == 2
    assert world.error(EV) is world.error(SECC) is None


def test_a_station_has_enough_of_a_car_that_chooses_services_anew_for_ever() -> None:
    world = World(secc=YES).start().run_to(SECC, State.SCHEDULE_EXCHANGE)
    world.secc.context.service_rounds = MAX_SERVICE_ROUNDS
    request = SessionStopReq(header=world.evcc.header(world.now), charging_session=ChargingSession.ServiceRenegotiation)
    world.inject(SECC, request)
    assert world.last_code() == "FAILED_NoServiceRenegotiationSupported"


# --- schedules ---


@pytest.mark.parametrize("why", ["refused", "no answer", "change over refused"])
def test_a_wish_of_the_driver_that_was_not_granted_beside_the_loop_is_told_again(why: str) -> None:
    world = World(mode=ControlMode.SCHEDULED, evcc={"renegotiation_stream": Stream.SIDE}, encoded=False)
    world.start().run(until_s=5.0)
    world.vehicle.needs_number += 1

    def allow(yes: bool) -> None:
        if why == "no answer":
            world.charger.schedule_ready = yes
        else:
            world.secc.config = replace(world.secc.config, schedule_renegotiation=yes)

    if why == "change over refused":
        world.when("ScheduleExchangeRes", lambda: allow(False), nth=2)
    else:
        allow(False)
    world.at(70.0, lambda: allow(True)).at(150.0, lambda: stop(world)).run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert len(world.events(act.PowerProfileChosen, SECC)) == 2


def test_a_car_gives_up_beside_the_loop_and_asks_out_of_it() -> None:
    world = World(mode=ControlMode.SCHEDULED, evcc={"renegotiation_stream": Stream.SIDE})
    world.start().run(until_s=5.0)
    world.charger.schedule_ready = False
    world.vehicle.needs_number += 1
    world.run(until=lambda: any(e.side for e in world.log))
    world.evcc.config = replace(world.evcc.config, renegotiation_stream=Stream.MAIN)
    world.run(until_s=140.0)
    codes = [r.response_code for r in world.messages("PowerDeliveryRes")]
    assert ResponseCode.WARNING_ScheduleRenegotiationFailed not in codes
    assert State.SCHEDULE_RENEGOTIATION.value in [e.item.after for e in world.events(act.StateChanged, SECC)]


# --- ramps ---


@pytest.mark.parametrize("mode", list(ControlMode))
@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
def test_after_a_renegotiation_power_begins_at_zero_however_long_it_took(service: ServiceId, mode: ControlMode) -> None:
    world = World(service=service, mode=mode, encoded=False)
    world.charger.setpoint_w = 6_000.0
    world.charger.ac_grid = AcOutlet(power_ramp_w_per_s=100.0)
    world.charger.charger_limits = replace(world.charger.charger_limits, power_ramp_w_per_s=100.0)
    world.start().run(until_s=10.0)
    world.charger.schedule_number += 1
    world.when("ScheduleExchangeReq", lambda: setattr(world.charger, "schedule_ready", False))
    world.at(40.0, lambda: setattr(world.charger, "schedule_ready", True))
    world.run(until_s=39.0)
    assert world.evcc.state is State.SCHEDULE_RENEGOTIATION
    world.run(until=lambda: world.current_a > 0.0)
    assert world.current_a * world.vehicle.battery_reading.voltage_v < 100.0
    assert sum(world.ac_target.power_w) < 200.0 or mode is ControlMode.SCHEDULED
    world.run(until_s=world.now + 5.0)
    assert 300.0 < world.current_a * world.vehicle.battery_reading.voltage_v < 700.0


def test_a_renegotiation_that_is_refused_begins_its_ramp_at_zero() -> None:
    world = World(
        service=ServiceId.AC_BPT, mode=ControlMode.SCHEDULED, secc={"schedule_renegotiation": False}, encoded=False
    )
    world.charger.ac_grid = AcOutlet(power_ramp_w_per_s=100.0)
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((36_000.0, 3_000.0),)),)
    world.start().run(until_s=60.0)
    world.vehicle.needs_number += 1
    world.run(until=lambda: world.evcc.state is State.POWER_DELIVERY_RENEGOTIATION)
    at = len(world.log)
    world.run(until_s=world.now + 2.0)
    powers = [sum(e.item.power_w) for e in world.log[at:] if e.at == EV and isinstance(e.item, act.SetAcPower)]
    assert powers[0] <= 300.0
    assert powers == sorted(powers)


# --- paused and resumed ---


def test_a_car_does_not_resume_a_service_that_it_may_no_longer_use() -> None:
    first = paused(service=ServiceId.DC_BPT)
    again = come_back(first, evcc={"services": (ServiceId.DC,)})
    again.at(again.now + 20.0, lambda: stop(again)).start().run().check_end()
    assert [e.item.service_id for e in again.events(act.ServiceChosen, EV)] == [2]
    assert len(again.messages("AuthorizationReq")) == 1
    assert again.error(EV) is again.error(SECC) is None


def test_a_car_does_not_resume_a_control_mode_that_it_may_no_longer_use() -> None:
    first = paused(service=ServiceId.DC_BPT, mode=ControlMode.DYNAMIC)
    again = come_back(first, mode=ControlMode.SCHEDULED)
    again.at(again.now + 20.0, lambda: stop(again)).start().run().check_end()
    assert [e.item.control_mode for e in again.events(act.ServiceChosen, EV)] == [1]
    assert again.error(EV) is again.error(SECC) is None


def test_a_station_does_not_resume_what_it_no_longer_offers() -> None:
    """Here an inverter that may form a grid: it would feed an island."""
    forming = {"generator_modes": (GeneratorMode.GRID_FORMING,)}
    first = paused(service=ServiceId.DC_BPT, secc=forming)
    again = come_back(first, secc={"generator_modes": (GeneratorMode.GRID_FOLLOWING,)})
    again.at(again.now + 20.0, lambda: stop(again)).start().run().check_end()
    assert [e.item.generator_mode for e in again.events(act.ServiceChosen, SECC)] == [1]
    assert again.error(EV) is again.error(SECC) is None


def test_an_outlet_that_lost_two_lines_does_not_resume_on_three() -> None:
    first = paused(service=ServiceId.AC_BPT)
    first.charger.ac_charger_limits = first.charger.ac_charger_limits.first(1)
    again = come_back(first)
    again.at(again.now + 20.0, lambda: stop(again)).start().run().check_end()
    assert again.secc.context.ac_lines == 1
    assert again.error(EV) is again.error(SECC) is None


def test_schedules_that_changed_during_a_pause_are_told_in_a_renegotiation() -> None:
    first = paused(mode=ControlMode.SCHEDULED)
    first.charger.schedule = (OfferedSchedule(schedule_tuple_id=3, start_s=0.0, entries=((7_200.0, 500.0),)),)
    first.charger.schedule_number += 1
    again = come_back(first)
    again.at(again.now + 20.0, lambda: stop(again)).start().run().check_end()
    assert again.error(EV) is again.error(SECC) is None
    assert [e.item.schedule_tuple_id for e in again.events(act.PowerProfileChosen, SECC)] == [7, 3]


def test_schedules_that_stay_the_same_during_a_pause_are_not_renegotiated() -> None:
    again = come_back(paused(mode=ControlMode.SCHEDULED))
    again.at(again.now + 20.0, lambda: stop(again)).start().run().check_end()
    assert [e.item.schedule_tuple_id for e in again.events(act.PowerProfileChosen, SECC)] == [7]


def test_a_schedule_is_kept_over_two_pauses_without_power_between() -> None:
    first = paused(mode=ControlMode.SCHEDULED)
    second = come_back(first)
    second.start().run_to(SECC, State.DC_CABLE_CHECK)
    second.vehicle.driver_wish = Wish.PAUSE
    second.run().check_end()
    assert second.ended[SECC].paused
    second.charger.schedule = (OfferedSchedule(schedule_tuple_id=3, start_s=0.0, entries=((7_200.0, 500.0),)),)
    third = come_back(second)
    third.at(third.now + 10.0, lambda: stop(third)).start().run().check_end()
    assert [e.item.schedule_tuple_id for e in third.events(act.PowerProfileChosen, SECC)][:1] == [7]


@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
def test_a_process_that_begins_anew_has_another_clock(service: ServiceId) -> None:
    first = World(service=service, mode=ControlMode.SCHEDULED, secc={"pricings": (Pricing.ABSOLUTE,)})
    prices = AbsolutePrices(
        stacks=(PriceStack(duration_s=7_200.0, rules=(EnergyPrice(energy_fee=0.3),)),), start_s=5.0, currency="EUR"
    )
    first.charger.schedule = (
        OfferedSchedule(start_s=5.0, entries=((3_600.0, 3_000.0), (3_600.0, 1_000.0)), charging_prices=prices),
    )
    first.vehicle.energy_needs = EnergyNeeds(departure_s=7_000.0, target_energy_wh=3_500.0, maximum_energy_wh=20_000.0)
    first.at(100.0, lambda: setattr(first.vehicle, "driver_wish", Wish.PAUSE)).start().run().check_end()
    before = first.evcc.context.schedule
    assert before is not None
    assert first.secc.context.needs is not None
    shift = 77.0 - first.now
    first.vehicle.energy_needs = replace(first.vehicle.energy_needs, departure_s=7_000.0 + shift)
    again = come_back(first, restarted_s=77.0, secc={"pricings": (Pricing.ABSOLUTE,)})
    again.start().run_to(SECC, State.SCHEDULE_EXCHANGE)
    after = again.evcc.context.schedule
    assert after is not None
    assert after.start_s == pytest.approx(before.start_s + shift)
    assert isinstance(after.charging_prices, AbsolutePrices)
    assert isinstance(before.charging_prices, AbsolutePrices)
    assert after.charging_prices.start_s == pytest.approx(before.charging_prices.start_s + shift)  # type: ignore[operator]
    needs = again.secc.context.needs
    assert needs is not None
    assert needs.departure_s == pytest.approx(7_000.0 + shift, abs=1.5)
    again.at(200.0, lambda: stop(again)).run().check_end()
    assert again.error(EV) is again.error(SECC) is None


# --- everything in one session ---

EVERYTHING: dict[str, Any] = {"bpt_channels": (BptChannel.SEPARATED,), "service_renegotiation": True}


@pytest.mark.parametrize("stream", list(Stream))
@pytest.mark.parametrize("mode", list(ControlMode))
@pytest.mark.parametrize("service", [each for each in ServiceId if each in DC_SERVICES | AC_SERVICES])
def test_a_life(service: ServiceId, mode: ControlMode, stream: Stream) -> None:
    """Charged, renegotiated to discharge, rested, paused over a restart, resumed, renegotiated, ended."""
    both = service in BIDIRECTIONAL
    slow = Limits({"EVCC_CHARGE_LOOP_INTERVAL": 1.0, "SECC_SEQUENCE_CHARGE_LOOP": 2.5})
    options: dict[str, Any] = {
        "encoded": False,
        "secc_limits": slow,
        "evcc_limits": slow,
        "secc": dict(EVERYTHING),
        "evcc": {"renegotiation_stream": stream, "metering_confirmation_stream": stream},
    }
    if mode is ControlMode.DYNAMIC and service not in AC_SERVICES:
        options["secc"]["mobility_needs_modes"] = (MobilityNeedsMode.SECC,)
    first = World(service=service, mode=mode, **options)
    first.vehicle.key, first.charger.mobility = KEY, MobilityNeeds(departure_s=5_000.0, target_soc_percent=80)

    def power(world: World, power_w: float) -> None:
        channel = ChannelSelection.Discharge if power_w < 0 else ChannelSelection.Charge
        world.vehicle.wanted_channel, world.charger.setpoint_w = channel if both else None, power_w
        world.charger.schedule = (
            OfferedSchedule(schedule_tuple_id=2, start_s=world.now, entries=((9_000.0, power_w),)),
        )
        world.charger.schedule_number += 1
        world.charger.confirmation = not world.charger.confirmation

    away = -3_000.0 if both else 1_500.0
    power(first, 3_000.0)
    first.at(20.0, lambda: power(first, away))
    first.at(60.0, lambda: setattr(first.vehicle, "driver_wish", Wish.STANDBY))
    first.at(70.0, lambda: setattr(first.vehicle, "driver_wish", Wish.ENERGY))
    first.at(80.0, lambda: setattr(first.vehicle, "driver_wish", Wish.PAUSE))
    first.start().run().check_end()
    assert first.error(EV) is first.error(SECC) is None
    assert first.ended[SECC].paused
    assert first.registers()[1 if both else 0] > 20
    imported, exported = first.registers()
    again = come_back(first, restarted_s=7.0, **options)
    again.at(30.0, lambda: power(again, 3_000.0))
    again.at(60.0, lambda: stop(again)).start().run().check_end()
    assert again.error(EV) is again.error(SECC) is None
    assert len(again.messages("AuthorizationReq")) == 0
    assert again.registers()[0] > imported + 15
    assert again.registers()[1] > exported + 10 if both else again.registers()[1] == 0
    flows = [e.item.flowing for e in first.events(act.EnergyFlow, SECC)]
    assert flows == ([True, False] * 3 if stream is Stream.MAIN else [True, False] * 2)


def test_a_car_that_parks_repeats_its_parameters_in_a_renegotiation() -> None:
    repeats = {"renegotiation_repeats_parameters": True}
    world = World(secc=repeats, evcc=repeats | {"value_added_services": (66,)}, mode=ControlMode.SCHEDULED)
    world.charger.value_added = (ValueAddedService(service_id=66, parameter_sets={1: {"IntendedService": 1}}),)
    world.start().run(until_s=10.0)
    world.charger.schedule_number += 1
    world.run_to(EV, State.DC_CHARGE_PARAMETER_DISCOVERY)
    world.vehicle.parked = CarParking(check_in=EVCheckInStatus.CheckIn)
    world.poll()
    world.at(20.0, lambda: stop(world)).run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert world.messages("VehicleCheckInRes")


# --- numbers that are none ---


@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
def test_a_set_point_that_is_no_number_is_no_power(service: ServiceId) -> None:
    world = World(service=service, encoded=False)
    world.charger.setpoint_w = math.nan
    world.at(10.0, lambda: stop(world)).start().run(until_s=9.0)
    kind = act.SetAcPower if service in AC_SERVICES else act.SetStage
    told = world.events(kind, SECC)[-1].item
    power = sum(told.power_w) if service in AC_SERVICES else told.ac_power_w
    assert power == 0.0
    world.run().check_end()


def test_a_set_point_without_end_is_what_the_limits_allow() -> None:
    world = World()
    world.charger.setpoint_w = math.inf
    world.at(10.0, lambda: stop(world)).start().run(until_s=9.0)
    told = world.events(act.SetStage, SECC)[-1].item
    assert math.isfinite(told.ac_power_w)
    assert told.ac_power_w >= told.max_power_w
    world.run().check_end()


@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
def test_schedules_without_steps_or_end(service: ServiceId) -> None:
    world = World(service=service, mode=ControlMode.SCHEDULED)
    world.charger.schedule = (
        OfferedSchedule(start_s=0.0, entries=()),
        OfferedSchedule(
            schedule_tuple_id=2, start_s=0.0, entries=((60.0, math.nan), (math.inf, math.inf), (60.0, -math.inf))
        ),
    )
    world.at(90.0, lambda: stop(world)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert world.registers()[0] > 20


@pytest.mark.parametrize("mode", list(ControlMode))
@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
@pytest.mark.parametrize("departure_s", [math.inf, -math.inf, math.nan, 1e15, -5.0])
def test_a_departure_at_no_time(service: ServiceId, mode: ControlMode, departure_s: float) -> None:
    needs = EnergyNeeds(departure_s=departure_s, target_energy_wh=5_000.0, maximum_energy_wh=20_000.0)
    world = World(service=service, mode=mode, needs=needs, evcc={"complete_power_profile": True})
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((3_600.0, 3_000.0),)),)
    world.at(10.0, lambda: stop(world)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None


@pytest.mark.parametrize("mode", list(ControlMode))
@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
@pytest.mark.parametrize("what", ["limits", "ramp"])
def test_a_limit_that_is_no_number_any_more_allows_nothing(service: ServiceId, mode: ControlMode, what: str) -> None:
    world = World(service=service, mode=mode)
    world.charger.setpoint_w = 5_000.0
    world.start().run(until_s=5.0)
    assert world.current_a > 5.0
    nan = (math.nan,) * 3
    if what == "limits":
        world.charger.charger_limits = replace(world.charger.charger_limits, max_charge_power_w=math.nan)
        world.charger.ac_charger_limits = replace(world.charger.ac_charger_limits, max_charge_power_w=nan)
    else:
        world.charger.charger_limits = replace(world.charger.charger_limits, power_ramp_w_per_s=math.nan)
        world.charger.ac_grid = AcOutlet(power_ramp_w_per_s=math.nan)
    world.run(until_s=6.0)
    told = world.stage.ac_power_w + world.stage.current_a + sum(world.ac_target.power_w)
    assert told == 0.0 if what == "limits" else math.isfinite(told)
