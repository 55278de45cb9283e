"""Schedules renegotiated by either side, in both control modes, in both ways, while contactors stay closed (PR-07)."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from iso15118.messages.iso20.common.power_delivery import ChargeProgress, PowerDeliveryReq
from iso15118.messages.iso20.common.schedule_exchange import ScheduleExchangeReq
from iso15118.messages.iso20.types import EVSENotification, Processing, ResponseCode
from iso15118.session import actions as act
from iso15118.session.core import CHARGE_LOOPS, State
from iso15118.session.ports import EnergyNeeds, OfferedSchedule, Wish
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.side import Stream
from iso15118.session.timers import Limits, Timer
from iso15118.v2gtp import PayloadType
from tests.session.samples import samples, with_session
from tests.session.secc.asking import ends
from tests.session.test_timers import covers
from tests.session.world import EV, SECC, World, code_of

replace = msgspec.structs.replace
SIDE = PayloadType.SCHEDULE_RENEGOTIATION
OLD_W, NEW_W = 6_000.0, -4_000.0


def schedule(power_w: float, tuple_id: int) -> tuple[OfferedSchedule, ...]:
    return (OfferedSchedule(schedule_tuple_id=tuple_id, start_s=0.0, entries=((36_000.0, power_w),)),)


def looping(
    mode: ControlMode = ControlMode.SCHEDULED,
    stream: Stream = Stream.MAIN,
    service: ServiceId = ServiceId.DC_BPT,
    until_s: float = 8.0,
    **options: Any,
) -> World:
    """In the loop at 6 kW."""
    options["evcc"] = {"renegotiation_stream": stream} | options.pop("evcc", {})
    world = World(mode=mode, service=service, **options)
    world.charger.setpoint_w = OLD_W
    world.charger.schedule = schedule(OLD_W, 1)
    return world.start().run(until_s=until_s)


def wish(world: World, who: str = SECC) -> World:
    """From now on there is another schedule, or another need; the set point of Dynamic control follows."""
    world.charger.schedule = schedule(NEW_W, 2)
    if who == SECC:
        world.charger.schedule_number += 1
    else:
        world.vehicle.needs_number += 1
        world.vehicle.energy_needs = EnergyNeeds(departure_s=20_000.0, target_energy_wh=-3_000.0)
    world.poll()
    return world


def since(world: World, at_s: float) -> list[str]:
    """Names of what was said after a moment, repetitions in a row once; SE for ScheduleExchange on the side stream."""
    said = [e for e in world.log if isinstance(e.item, msgspec.Struct) and e.now > at_s]
    names = [
        f"{type(e.item).__name__}{'/side' if e.side else ''}"
        for e in said
        if type(e.item).__name__[-3:] in ("Req", "Res")
    ]
    return [name for name, before in zip(names, [None, *names], strict=False) if name != before]


def kept_closed(world: World) -> None:
    """No contactor has moved."""
    assert not [e for e in world.events(act.SetContactor) if not e.item.closed]


def power_w(world: World) -> float:
    return round(world.current_a * 400.0, -2)


SERVICES = [ServiceId.DC_BPT, ServiceId.AC_BPT]


@pytest.mark.parametrize("who", [SECC, EV])
@pytest.mark.parametrize("mode", list(ControlMode))
@pytest.mark.parametrize("service", SERVICES)
def test_out_of_the_loop_and_back(service: ServiceId, mode: ControlMode, who: str) -> None:
    """PowerDelivery(ScheduleRenegotiation), ScheduleExchange until Finished, PowerDelivery(Start); no power meanwhile."""
    world = looping(mode, service=service)
    assert power_w(world) == OLD_W
    wish(world, who).run(until_s=12.0)
    loop = "AC_ChargeLoop" if service is ServiceId.AC_BPT else "DC_ChargeLoop"
    said = since(world, 8.0)
    first = said.index("PowerDeliveryReq")
    expected = ["PowerDeliveryReq", "PowerDeliveryRes", "ScheduleExchangeReq", "ScheduleExchangeRes"]
    assert said[first:] == [
        *expected,
        *("ScheduleExchangeReq", "ScheduleExchangeRes", "PowerDeliveryReq", "PowerDeliveryRes"),
        *[f"{loop}{kind}" for kind in ("Req", "Res")] * (len(said[first + 8 :]) // 2),
    ]
    leave, start = world.messages("PowerDeliveryReq")[-2:]
    assert leave.charge_progress is ChargeProgress.ScheduleRenegotiation
    assert leave.ev_power_profile is None
    assert start.charge_progress is ChargeProgress.Start
    kept_closed(world)
    left = next(e.now for e in world.log if e.item is leave)
    back = next(e.now for e in world.log if e.item is start)
    assert back - left == pytest.approx(0.5)  # one answer is Ongoing: the back end has to hear the needs first
    quiet = [e for e in world.log if left < e.now < back or (e.now == back and e.item is start)]
    assert quiet
    assert all(e.current_a == 0.0 for e in quiet)
    flow = [e.item.flowing for e in world.events(act.EnergyFlow, SECC) if e.now > 8.0]
    assert flow == [False, True]
    if mode is ControlMode.SCHEDULED:
        assert power_w(world) == NEW_W
        assert world.evcc.context.schedule is not None
        assert world.evcc.context.schedule.schedule_tuple_id == world.secc.context.schedule_tuple_id == 2
    else:
        assert power_w(world) == OLD_W  # the set point is the station's, and it has not changed it
    told = [e.item.needs for e in world.events(act.NeedsTold, SECC)]
    assert len([e for e in world.events(act.NeedsTold, SECC) if e.now >= 8.0]) == 1
    assert told[-1].target_energy_wh == (-3_000.0 if who == EV else 5_000.0)
    chosen = [e.item.schedule_tuple_id for e in world.events(act.PowerProfileChosen, SECC)]
    assert chosen == ([1, 2] if mode is ControlMode.SCHEDULED else [])
    world.vehicle.driver_wish = Wish.STOP
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None


@pytest.mark.parametrize("who", [SECC, EV])
@pytest.mark.parametrize("mode", list(ControlMode))
@pytest.mark.parametrize("service", SERVICES)
def test_beside_the_loop(service: ServiceId, mode: ControlMode, who: str) -> None:
    """ScheduleExchange on 0x8101; the old schedule holds until PowerDelivery(ScheduleRenegotiation) changes over."""
    world = looping(mode, Stream.SIDE, service)
    wish(world, who).run(until_s=12.0)
    aside = [e for e in world.log if e.side is SIDE]
    assert [type(e.item).__name__ for e in aside] == ["ScheduleExchangeReq", "ScheduleExchangeRes"] * 2
    assert [e.item.evse_processing for e in aside[1::2]] == [Processing.Ongoing, Processing.Finished]
    (change,) = [
        m for m in world.messages("PowerDeliveryReq") if m.charge_progress is ChargeProgress.ScheduleRenegotiation
    ]
    (at,) = [e.now for e in world.log if e.item is change]
    assert (change.ev_power_profile is not None) is (mode is ControlMode.SCHEDULED)
    kept_closed(world)
    before = [e for e in world.log if 8.0 < e.now < at]
    assert {round(e.current_a * 400.0, -2) for e in before} == {OLD_W}
    loops = [e.now for e in world.log if type(e.item).__name__.endswith("ChargeLoopReq")]
    assert max(b - a for a, b in itertools.pairwise(loops)) < 0.25
    assert [e.item.flowing for e in world.events(act.EnergyFlow, SECC)] == [True]
    if mode is ControlMode.SCHEDULED:
        assert power_w(world) == NEW_W
        assert [e.item.schedule_tuple_id for e in world.events(act.PowerProfileChosen, SECC)] == [1, 2]
    assert len([e for e in world.events(act.NeedsTold, SECC) if e.now >= 8.0]) == 1
    world.vehicle.driver_wish = Wish.STOP
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None


@pytest.mark.parametrize("stream", list(Stream))
def test_a_wish_of_the_station_is_told_until_it_is_followed_and_then_no_more(stream: Stream) -> None:
    world = looping(stream=stream)
    wish(world).run(until_s=15.0)
    notified = [
        e.now
        for e in world.log
        if getattr(e.item, "evse_status", None) is not None
        and e.item.evse_status.evse_notification is EVSENotification.ScheduleRenegotiation
    ]
    assert notified
    assert notified[-1] < 9.5
    exchanges = [e for e in world.log if type(e.item).__name__ == "ScheduleExchangeReq" and e.now > 8.0]
    assert len(exchanges) == 2
    assert not world.evcc.context.station_wants_schedule


def test_a_wish_before_the_first_exchange_is_fulfilled_by_it() -> None:
    world = World(mode=ControlMode.SCHEDULED)
    world.charger.schedule_number = 7
    world.vehicle.needs_number = 3
    world.start().run(until_s=12.0)
    assert len(world.messages("PowerDeliveryReq")) == 1


@pytest.mark.parametrize("stream", list(Stream))
def test_a_wish_while_one_is_being_fulfilled_is_the_next(stream: Stream) -> None:
    """Nothing is lost: what changes after the schedules were told is renegotiated again."""
    world = looping(stream=stream)
    begins = "ScheduleExchangeReq"
    done = len(world.messages(begins))

    def again() -> None:
        world.charger.schedule = schedule(2_000.0, 3)
        world.charger.schedule_number += 1

    name = "PowerDeliveryReq" if stream is Stream.SIDE else "ScheduleExchangeRes"
    world.when(name, again, nth=1 if stream is Stream.SIDE else 2)
    wish(world).run(until_s=15.0)
    assert len(world.messages(begins)) == done + 4
    assert power_w(world) == 2_000.0
    assert [e.item.schedule_tuple_id for e in world.events(act.PowerProfileChosen, SECC)] == [1, 2, 3]


def test_a_station_that_is_not_ready_yet_does_not_ask() -> None:
    """Out of the loop there would be no power until it is."""
    world = looping()
    world.charger.schedule_ready = False
    wish(world).run(until_s=15.0)
    assert len(world.messages("PowerDeliveryReq")) == 1
    world.charger.schedule_ready = True
    world.poll()
    world.run(until_s=18.0)
    assert power_w(world) == NEW_W


@pytest.mark.parametrize("stream", list(Stream))
def test_the_station_waits_for_its_back_end(stream: Stream) -> None:
    """Ongoing as long as the port says so: the first schedule after the needs were heard counts."""
    world = looping(stream=stream)
    world.when("ScheduleExchangeReq", lambda: setattr(world.charger, "schedule_ready", False))
    world.at(12.03, lambda: setattr(world.charger, "schedule_ready", True))
    wish(world, EV).run(until_s=15.0)
    answers = [e for e in world.log if type(e.item).__name__ == "ScheduleExchangeRes" and e.now > 8.0]
    assert [e.item.evse_processing for e in answers[:-1]] == [Processing.Ongoing] * (len(answers) - 1)
    assert answers[-1].item.evse_processing is Processing.Finished
    assert answers[-1].now == pytest.approx(12.03, abs=0.5)
    assert len(answers) > 6
    assert power_w(world) == NEW_W
    kept_closed(world)


# --- limits ---


@covers(Timer.SECC_ONGOING_SCHEDULE_EXCHANGE)
@pytest.mark.parametrize("stream", list(Stream))
def test_a_back_end_that_does_not_answer_leaves_the_station_with_what_it_has(stream: Stream) -> None:
    """55 s of Ongoing, each time anew: the limit of one exchange is none of the next."""
    world = looping(stream=stream, evcc_limits=Limits({"EVCC_ONGOING_SCHEDULE_EXCHANGE": 1_000.0}))
    for begun in (8.0, 100.0):
        world.run(until_s=begun)
        world.when("ScheduleExchangeReq", lambda: setattr(world.charger, "schedule_ready", False))
        wish(world, EV).run(until_s=begun + 70.0)
        answers = [e for e in world.log if type(e.item).__name__ == "ScheduleExchangeRes" and e.now > begun]
        assert answers[-1].item.evse_processing is Processing.Finished
        assert answers[-1].now - answers[0].now == pytest.approx(55.0, abs=0.6)
    assert power_w(world) == NEW_W


@covers(Timer.EVCC_ONGOING_SCHEDULE_EXCHANGE, Timer.EVCC_RENEGOTIATION_RETRY, Timer.EVCC_SIDE_INTERVAL)
def test_beside_the_loop_the_car_gives_up_goes_on_and_tries_again() -> None:
    world = looping(stream=Stream.SIDE, secc_limits=Limits({"SECC_ONGOING_SCHEDULE_EXCHANGE": 1_000.0}))
    world.when("ScheduleExchangeReq", lambda: setattr(world.charger, "schedule_ready", False))
    wish(world, EV).run(until_s=8.0 + 75.0)
    asked = [e.now for e in world.log if type(e.item).__name__ == "ScheduleExchangeReq" and e.now >= 8.0]
    assert {round(b - a, 6) for a, b in itertools.pairwise(asked)} == {0.5}
    assert asked[-1] == pytest.approx(8.0 + 60.0, abs=0.6)
    assert power_w(world) == OLD_W
    assert world.evcc.state is State.DC_CHARGE_LOOP
    world.vehicle.needs_number += 1  # what was asked for was told; this was not
    world.run(until_s=8.0 + 60.0 + 59.9)
    assert [e.now for e in world.log if type(e.item).__name__ == "ScheduleExchangeReq"][-1] == asked[-1]
    world.charger.schedule_ready = True
    world.run(until_s=8.0 + 60.0 + 62.0)
    assert power_w(world) == NEW_W
    assert world.secc.error is world.evcc.error is None


@covers(Timer.EVCC_ONGOING_SCHEDULE_EXCHANGE)
def test_out_of_the_loop_the_car_does_not_wait_for_ever() -> None:
    world = looping(secc_limits=Limits({"SECC_ONGOING_SCHEDULE_EXCHANGE": 1_000.0}))
    world.when("ScheduleExchangeReq", lambda: setattr(world.charger, "schedule_ready", False))
    wish(world, EV).run().check_end()
    assert world.error(EV) == "EVCC_ONGOING_SCHEDULE_EXCHANGE: nothing within 60 s"


@covers(Timer.EVCC_MESSAGE_SCHEDULE_RENEGOTIATION)
def test_a_station_that_does_not_know_the_side_stream() -> None:
    """It ignores the payload type: 2 s, while the loop goes on. That is why the main stream is the default."""
    world = looping(stream=Stream.SIDE)
    world.lost = lambda sender, message: isinstance(message, ScheduleExchangeReq)
    wish(world, EV).run().check_end()
    assert world.error(EV) == "EVCC_MESSAGE_SCHEDULE_RENEGOTIATION: nothing within 2 s"
    assert [e.now for e in world.log if type(e.item).__name__ == "DC_ChargeLoopRes"][-1] > 9.7


# --- what is not granted ---


@covers(Timer.EVCC_RENEGOTIATION_RETRY)
@pytest.mark.parametrize("stream", list(Stream))
def test_a_station_that_does_not_renegotiate(stream: Stream) -> None:
    """WARNING_ScheduleRenegotiationFailed: the old schedule goes on, and the car asks once a minute."""
    world = looping(stream=stream, secc={"schedule_renegotiation": False})
    wish(world).run(until_s=10.0)
    assert not since(world, 8.0).count("PowerDeliveryReq")  # it does not ask either
    wish(world, EV).run(until_s=30.0)
    name = "PowerDeliveryRes" if stream is Stream.MAIN else "ScheduleExchangeRes"
    told = [e for e in world.log if type(e.item).__name__ == name and e.now >= 10.0]
    codes = [code_of(e.item) for e in told]
    assert codes[-1] == "WARNING_ScheduleRenegotiationFailed"
    assert power_w(world) == OLD_W
    before = len(told)
    world.vehicle.needs_number += 1
    world.run(until_s=told[-1].now + 59.0)
    assert len([e for e in world.log if type(e.item).__name__ == name and e.now >= 10.0]) == before
    world.run(until_s=told[-1].now + 64.0)
    assert len([e for e in world.log if type(e.item).__name__ == name and e.now >= 10.0]) > before
    assert world.secc.error is world.evcc.error is None
    kept_closed(world)


def test_nothing_to_offer_out_of_the_loop_is_the_end() -> None:
    """FAILED_ScheduleRenegotiation: no power, and no schedule to have some under."""
    world = looping()
    world.when("ScheduleExchangeReq", lambda: setattr(world.charger, "schedules", lambda needs, now: ()))
    wish(world, EV).run().check_end()
    assert code_of(world.messages("ScheduleExchangeRes")[-1]) == "FAILED_ScheduleRenegotiation"


def test_nothing_to_offer_beside_the_loop_is_a_warning() -> None:
    world = looping(stream=Stream.SIDE)
    world.when("ScheduleExchangeReq", lambda: setattr(world.charger, "schedules", lambda needs, now: ()))
    wish(world, EV).run(until_s=15.0)
    assert code_of(world.messages("ScheduleExchangeRes")[-1]) == "WARNING_ScheduleRenegotiationFailed"
    assert power_w(world) == OLD_W
    assert world.secc.error is world.evcc.error is None


def asking(world: World, **changes: Any) -> PowerDeliveryReq:
    """PowerDelivery(ScheduleRenegotiation) of this session's car, changed."""
    start = world.messages("PowerDeliveryReq")[0]
    fields = {"charge_progress": ChargeProgress.ScheduleRenegotiation, "ev_power_profile": None} | changes
    return replace(start, **fields)


def answer(world: World, message: Any, side: PayloadType | None = None) -> str:
    (sent,) = [a for a in world.inject(SECC, message, side) if isinstance(a, act.Send)]
    assert sent.side is side
    return code_of(sent.message)


def test_a_change_over_before_the_exchange_beside_the_loop_has_ended() -> None:
    world = looping(stream=Stream.SIDE)
    exchange = world.messages("ScheduleExchangeReq")[0]
    assert answer(world, exchange, SIDE) == "OK"  # Ongoing
    assert answer(world, asking(world)) == "WARNING_ScheduleRenegotiationFailed"
    assert world.secc.state is State.DC_CHARGE_LOOP
    assert answer(world, exchange, SIDE) == "OK"  # and it goes on as if nothing had been
    assert world.messages("ScheduleExchangeRes")[-1].evse_processing is Processing.Finished


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        ("none", "FAILED_EVPowerProfileInvalid"),
        ("of the old schedule", "FAILED_ScheduleSelectionInvalid"),
        ("above the new schedule", "FAILED_EVPowerProfileInvalid"),
    ],
)
@pytest.mark.parametrize("stream", list(Stream))
def test_a_profile_that_does_not_fit_the_new_schedule(stream: Stream, profile: str, code: str) -> None:
    world = looping(stream=stream)
    wish(world)
    old = world.messages("PowerDeliveryReq")[0].ev_power_profile
    mode = old.scheduled_ev_ppt_control_mode
    given = {
        "none": None,
        "of the old schedule": old,
        "above the new schedule": replace(
            old, scheduled_ev_ppt_control_mode=replace(mode, selected_schedule_tuple_id=2)
        ),
    }[profile]
    exchange = world.messages("ScheduleExchangeReq")[0]
    side = SIDE if stream is Stream.SIDE else None
    if side is None:
        assert answer(world, asking(world)) == "OK"
    assert answer(world, exchange, side) == answer(world, exchange, side) == "OK"
    progress = ChargeProgress.Start if side is None else ChargeProgress.ScheduleRenegotiation
    assert answer(world, asking(world, charge_progress=progress, ev_power_profile=given)) == code
    ends(world)


def test_a_new_exchange_beside_the_loop_replaces_one_that_was_not_chosen() -> None:
    world = looping(stream=Stream.SIDE)
    wish(world)
    exchange = world.messages("ScheduleExchangeReq")[0]
    assert answer(world, exchange, SIDE) == answer(world, exchange, SIDE) == "OK"
    assert world.secc.context.next_schedules is not None
    assert answer(world, exchange, SIDE) == "OK"
    assert world.secc.context.next_schedules is None
    assert world.secc.context.schedule_tuple_id == 1


@pytest.mark.parametrize("side", [None, SIDE])
def test_the_other_control_mode(side: PayloadType | None) -> None:
    world = looping()
    other = looping(ControlMode.DYNAMIC)
    if side is None:
        answer(world, asking(world))
    request = with_session(other.messages("ScheduleExchangeReq")[0], world.secc.session_id)
    assert answer(world, request, side) == "FAILED"
    ends(world)


# --- order ---


def out_of_the_loop(**options: Any) -> World:
    """At the station that expects ScheduleExchangeReq in a renegotiation."""
    world = looping(**options)
    assert answer(world, asking(world)) == "OK"
    assert world.secc.state is State.SCHEDULE_RENEGOTIATION
    return world


@pytest.mark.parametrize(
    "progress", [ChargeProgress.Start, ChargeProgress.ScheduleRenegotiation, ChargeProgress.Standby]
)
def test_schedules_come_before_the_next_start(progress: ChargeProgress) -> None:
    world = out_of_the_loop()
    assert answer(world, asking(world, charge_progress=progress)) == "FAILED_SequenceError"
    ends(world)


def test_a_car_may_stop_instead() -> None:
    world = out_of_the_loop()
    assert answer(world, asking(world, charge_progress=ChargeProgress.Stop)) == "OK"
    assert world.secc.state is State.DC_WELDING_DETECTION
    assert not world.secc.context.renegotiating


def test_contactors_are_closed_so_there_is_no_session_stop_and_no_pre_charge() -> None:
    for name in ("SessionStopReq", "DC_PreChargeReq"):
        world = out_of_the_loop()
        if name == "DC_PreChargeReq":
            exchange = world.messages("ScheduleExchangeReq")[0]
            assert answer(world, exchange) == answer(world, exchange) == "OK"
            assert world.secc.state is State.POWER_DELIVERY
        (request,) = [m for m in samples().values() if type(m).__name__ == name]
        assert answer(world, with_session(request, world.secc.session_id)) == "FAILED_SequenceError"
        ends(world)


@pytest.mark.parametrize("stream", list(Stream))
@pytest.mark.parametrize("how", ["driver", "station"])
def test_a_wish_to_stop_in_the_middle(how: str, stream: Stream) -> None:
    """It needs no new schedule, and contactors open without current."""
    world = looping(stream=stream)
    world.charger.schedule_ready = False
    wish(world, EV).run(until_s=10.0)
    if how == "driver":
        world.vehicle.driver_wish = Wish.STOP
    else:
        world.charger.stop = world.charger.schedule_ready = True
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert world.messages("PowerDeliveryReq")[-1].charge_progress is ChargeProgress.Stop


def test_a_station_that_wants_to_end_says_so_with_the_grant_already() -> None:
    world = looping()
    world.when("PowerDeliveryReq", lambda: setattr(world.charger, "stop", True))
    wish(world, EV).run().check_end()
    progress = [m.charge_progress for m in world.messages("PowerDeliveryReq")]
    assert progress == [ChargeProgress.Start, ChargeProgress.ScheduleRenegotiation, ChargeProgress.Stop]
    assert world.error(EV) is world.error(SECC) is None


def test_nobody_renegotiates_on_the_way_out() -> None:
    world = looping()
    world.ramp_a_per_s = 5.0
    world.vehicle.driver_wish = Wish.STOP
    world.run(until_s=8.3)
    wish(wish(world), EV).run().check_end()
    assert [m.charge_progress for m in world.messages("PowerDeliveryReq")] == [
        ChargeProgress.Start,
        ChargeProgress.Stop,
    ]


def test_the_answer_of_a_side_exchange_that_was_given_up_is_dropped() -> None:
    world = looping(stream=Stream.SIDE)
    world.lost = lambda sender, message: type(message).__name__ == "ScheduleExchangeRes"
    wish(world, EV)
    world.run(until=lambda: bool(world.messages("ScheduleExchangeRes")[1:]))
    late = world.messages("ScheduleExchangeRes")[-1]
    world.evcc.context.drop_next()
    assert world.inject(EV, late, SIDE) == []
    assert not world.evcc.context.next_ready
    assert world.evcc.state in CHARGE_LOOPS


def test_an_answer_in_another_control_mode_ends_the_session() -> None:
    other = looping(ControlMode.DYNAMIC)
    for stream in Stream:
        world = looping(stream=stream)
        wish(world, EV).run(until=lambda world=world: len(world.messages("ScheduleExchangeReq")) == 2)
        wrong = with_session(other.messages("ScheduleExchangeRes")[0], world.evcc.session_id)
        world.inject(EV, wrong, SIDE if stream is Stream.SIDE else None)
        world.run().check_end()
        assert "another control mode" in (world.error(EV) or "")


# --- a habit of peers ---


@pytest.mark.parametrize("how", ["goes on", "driver stops"])
@pytest.mark.parametrize("service", SERVICES)
def test_parameter_discovery_is_repeated_by_an_option_of_both(service: ServiceId, how: str) -> None:
    option = {"renegotiation_repeats_parameters": True}
    world = looping(service=service, secc=option, evcc=option)
    discovery = "AC_ChargeParameterDiscovery" if service is ServiceId.AC_BPT else "DC_ChargeParameterDiscovery"
    if how == "driver stops":
        world.when(f"{discovery}Req", lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
        wish(world).run().check_end()
        assert world.error(EV) is world.error(SECC) is None
        return
    wish(world).run(until_s=12.0)
    said = since(world, 8.0)
    first = said.index("PowerDeliveryReq")
    assert said[first + 2 : first + 5] == [f"{discovery}Req", f"{discovery}Res", "ScheduleExchangeReq"]
    assert power_w(world) == NEW_W
    kept_closed(world)


def test_parameters_of_an_inverter_are_not_repeated_for_a_schedule() -> None:
    """In AC_DER_IEC they are a negotiation; the option says nothing there."""
    option = {"renegotiation_repeats_parameters": True}
    world = looping(service=ServiceId.AC_DER_IEC, secc=option, evcc=option)
    wish(world).run(until_s=12.0)
    said = since(world, 8.0)
    assert "ScheduleExchangeReq" in said
    assert "AC_ChargeParameterDiscoveryReq" not in said
    assert power_w(world) == NEW_W
    assert answer(world, asking(world)) == "OK"
    again = world.messages("AC_ChargeParameterDiscoveryReq")[0]
    assert answer(world, again) == "FAILED_SequenceError"


def test_a_station_without_the_option_refuses_it() -> None:
    world = out_of_the_loop()
    request = world.messages("DC_ChargeParameterDiscoveryReq")[0]
    assert answer(world, request) == "FAILED_SequenceError"
    ends(world)


def test_a_car_without_the_option_is_served_by_a_station_with_it() -> None:
    world = looping(secc={"renegotiation_repeats_parameters": True})
    wish(world).run(until_s=12.0)
    assert power_w(world) == NEW_W


def test_parameters_of_the_other_kind_of_current_are_refused() -> None:
    world = out_of_the_loop(secc={"renegotiation_repeats_parameters": True})
    (request,) = [m for m in samples().values() if type(m).__name__ == "AC_ChargeParameterDiscoveryReq"]
    assert answer(world, with_session(request, world.secc.session_id)) == "FAILED_SequenceError"


def test_a_warning_of_another_kind_is_no_refusal() -> None:
    world = looping()
    wish(world, EV).run(until=lambda: world.evcc.state is State.POWER_DELIVERY_RENEGOTIATION and bool(world._queue))
    world.run(until=lambda: world._queue[0][0] == EV)
    granted = replace(world._queue[0][1], response_code=ResponseCode.WARNING_StandbyNotAllowed)
    world.evcc.receive(granted, world.now)
    assert world.evcc.state is State.SCHEDULE_RENEGOTIATION
