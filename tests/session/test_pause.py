"""Pause and resume, both sides back to back in virtual time; the second session is made of objects of its own."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from iso15118.messages.iso20.common.session_stop import ChargingSession, SessionStopReq
from iso15118.messages.iso20.types import EVSENotification, ResponseCode
from iso15118.session import actions as act
from iso15118.session.app import AC_20
from iso15118.session.core import NO_SESSION, State
from iso15118.session.pause import MAX_PAUSED, MemoryStore, PausedSession, bound
from iso15118.session.ports import EnergyNeeds, OfferedSchedule, Wish
from iso15118.session.services import AC_SERVICES, BIDIRECTIONAL, ControlMode, ServiceId
from tests.session.world import EV, SECC, UNIX_S, World

SERVICES = pytest.mark.parametrize(
    "service", [ServiceId.DC_BPT, ServiceId.DC, ServiceId.AC_BPT, ServiceId.AC, ServiceId.AC_DER_IEC]
)
BOTH_MODES = pytest.mark.parametrize("mode", list(ControlMode))
AFTER_SCHEDULES = [State.DC_CABLE_CHECK, State.DC_PRE_CHARGE, State.POWER_DELIVERY, State.DC_CHARGE_LOOP]


def pause(world: World) -> None:
    world.vehicle.driver_wish = Wish.PAUSE


def go_on(world: World) -> None:
    world.vehicle.driver_wish = Wish.ENERGY


def paused(**options: Any) -> World:
    """A session that the car has paused after 20 s."""
    world = World(**options)
    # There is more than is needed: any schedule will do, so the car takes the first.
    world.vehicle.energy_needs = EnergyNeeds(
        departure_s=36_000.0, target_energy_wh=-5_000.0, maximum_energy_wh=20_000.0
    )
    sign = -1 if world.evcc.config.services[0] in BIDIRECTIONAL else 1
    world.charger.setpoint_w = sign * 3_000.0
    entries = ((3_600.0, sign * 4_000.0), (3_600.0, 3_000.0))
    world.charger.schedule = (
        OfferedSchedule(schedule_tuple_id=7, start_s=0.0, entries=entries),
        OfferedSchedule(schedule_tuple_id=8, start_s=0.0, entries=((7_200.0, 1_000.0),)),
    )
    world.at(20.0, lambda: pause(world)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert world.ended[EV].paused
    assert world.ended[SECC].paused
    return world


def resumed(before: World, **options: Any) -> World:
    """The car has come back; 20 s later it leaves for good."""
    go_on(before)
    options = {"mode": before.evcc.context.control_mode, "service": before.evcc.service_id} | options
    world = World(after=before, **options)
    world.at(world.now + 20.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    return world.start().run().check_end()


@SERVICES
@BOTH_MODES
def test_a_paused_session_goes_on_at_parameter_discovery(service: ServiceId, mode: ControlMode) -> None:
    """V2G20-1032, V2G20-1844, V2G20-2097, V2G20-2098, V2G20-2622, V2G20-2623; PR-03."""
    first = paused(service=service, mode=mode)
    (stop,) = first.messages("SessionStopReq")
    assert stop.charging_session is ChargingSession.Pause
    again = resumed(first)
    kind = "AC" if service in AC_SERVICES else "DC"
    assert again.names(EV)[:4] == [
        "SupportedAppProtocolReq",
        "SessionSetupReq",
        f"{kind}_ChargeParameterDiscoveryReq",
        "ScheduleExchangeReq",
    ]
    (opened,) = again.messages("SessionSetupRes")
    assert opened.response_code is ResponseCode.OK_OldSessionJoined
    assert opened.header.session_id == first.secc.session_id == again.evcc.session_id
    assert again.error(EV) is again.error(SECC) is None
    assert not again.ended[EV].paused
    for session in (again.secc, again.evcc):
        assert (session.service_id, session.context.control_mode) == (service, mode)  # type: ignore[attr-defined]
    imported, exported = again.registers()
    assert (imported > 15, exported > 15) == (service not in BIDIRECTIONAL, service in BIDIRECTIONAL)
    assert not again.stores[SECC].find(first.secc.session_id)
    assert not again.stores[EV].find(first.secc.session_id)


@SERVICES
def test_the_chosen_schedule_is_kept_although_the_station_would_offer_another(service: ServiceId) -> None:
    """V2G20-1058."""
    first = paused(service=service, mode=ControlMode.SCHEDULED)
    first.charger.schedule = (OfferedSchedule(schedule_tuple_id=9, start_s=0.0, entries=((7_200.0, 2_000.0),)),)
    (sent,) = first.messages("ScheduleExchangeRes")
    again = resumed(first)
    (resent,) = again.messages("ScheduleExchangeRes")
    assert resent.scheduled_se_res_control_mode == sent.scheduled_se_res_control_mode
    (chosen,) = again.events(act.PowerProfileChosen)
    assert chosen.item.schedule_tuple_id == 7
    assert again.secc.context.schedules == first.secc.context.schedules


def test_a_tuple_that_was_not_the_first_is_chosen_again() -> None:
    first = paused(mode=ControlMode.SCHEDULED)
    for store in (first.stores[EV], first.stores[SECC]):
        record = store.find(first.secc.session_id)
        assert record is not None
        store.keep(msgspec.structs.replace(record, schedule_tuple_id=8))
    (chosen,) = resumed(first).events(act.PowerProfileChosen)
    assert chosen.item.schedule_tuple_id == 8


def test_a_schedule_that_is_over_is_not_kept() -> None:
    first = paused(mode=ControlMode.SCHEDULED)
    first.now = 7_300.0
    first.charger.schedule = (OfferedSchedule(schedule_tuple_id=9, start_s=7_300.0, entries=((7_200.0, 2_000.0),)),)
    (chosen,) = resumed(first).events(act.PowerProfileChosen)
    assert chosen.item.schedule_tuple_id == 9


def test_needs_and_the_base_of_the_meter_are_kept() -> None:
    first = paused()
    (told,), before = first.events(act.NeedsTold), first.registers()[1]
    again = resumed(first)
    assert not again.events(act.NeedsTold)  # nothing new
    assert again.secc.context.needs == told.item.needs
    last = [r.meter_info for r in again.messages("DC_ChargeLoopRes") if r.meter_info][-1]
    _, exported = again.registers()
    assert last.bpt_discharged_energy_reading_wh == exported  # of both parts (V2G20-902)
    assert exported > before + 10


def test_what_was_agreed_beside_the_energy_is_kept() -> None:
    first = paused()
    changed(discharge_sign=1, value_added={66: 2})(first)
    go_on(first)
    again = World(after=first).start().run_to(EV, State.DC_CHARGE_PARAMETER_DISCOVERY)
    assert again.secc.context.value_added == {66: 2}
    answer = again.messages("DC_ChargeParameterDiscoveryRes")[-1].dc_cpd_res_energy_transfer_mode
    assert answer.evse_maximum_discharge_power.value > 0  # as the car has shown


def test_a_clock_that_begins_anew_changes_nothing() -> None:
    """A restart: the session's own seconds begin at another zero, the date goes on."""
    first = paused(mode=ControlMode.SCHEDULED)
    record, car = (first.stores[at].find(first.secc.session_id) for at in (SECC, EV))
    assert record is not None
    assert record.needs is not None
    assert record.needs.departure_s == UNIX_S + 36_000.0
    assert car is not None
    assert car.schedule is not None
    assert car.schedule.start_s == UNIX_S
    go_on(first)
    again = World(after=first, mode=ControlMode.SCHEDULED)
    for session in (again.secc, again.evcc):
        session.unix_offset_s += 1_000.0
    again.start().run_to(EV, State.DC_CHARGE_LOOP)
    assert again.evcc.context.schedule is not None
    assert again.evcc.context.schedule.start_s == -1_000.0
    assert [each.anchor for each in again.secc.context.schedules.values()] == [UNIX_S, UNIX_S]


@pytest.mark.parametrize("state", AFTER_SCHEDULES)
@BOTH_MODES
def test_the_drivers_wish_to_pause_counts_in_every_state(mode: ControlMode, state: State) -> None:
    """Before schedules have been exchanged there is nothing to go on with: the wish waits (V2G20-2122)."""
    for early in (State.SUPPORTED_APP_PROTOCOL, State.SERVICE_DETAIL, State.SCHEDULE_EXCHANGE, state):
        world = World(mode=mode).start().run_to(EV, early)
        pause(world)
        world.run().check_end()
        assert world.error(EV) is world.error(SECC) is None
        assert world.ended[EV].paused
        assert ("DC_ChargeLoopReq" in world.names(EV)) is (early in (State.POWER_DELIVERY, State.DC_CHARGE_LOOP))
        assert resumed(world).ended[SECC].error is None


def test_a_wish_to_stop_that_comes_while_pausing_wins() -> None:
    world = World()
    world.at(20.0, lambda: pause(world)).when(
        "DC_WeldingDetectionReq", lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)
    )
    world.start().run().check_end()
    (stop,) = world.messages("SessionStopReq")
    assert stop.charging_session is ChargingSession.Terminate
    assert not world.ended[EV].paused
    assert not world.events(act.KeepPaused)


# --- the station's wish ---


def notified(world: World) -> list[tuple[EVSENotification, int]]:
    loops = world.messages("DC_ChargeLoopRes")
    return [(r.evse_status.evse_notification, r.evse_status.notification_max_delay) for r in loops if r.evse_status]


@BOTH_MODES
def test_the_station_wants_a_pause(mode: ControlMode) -> None:
    """PR-01: EVSENotification Pause with 60 s (V2G20-1850, V2G20-3308); the car follows."""
    world = World(mode=mode)
    world.at(20.0, lambda: setattr(world.charger, "pause", True)).start().run().check_end()
    assert notified(world)[0] == (EVSENotification.Pause, 60)
    assert world.error(EV) is world.error(SECC) is None
    assert world.ended[EV].paused
    world.charger.pause = False
    assert resumed(world).ended[EV].error is None


@pytest.mark.parametrize("state", [State.SESSION_SETUP, State.SERVICE_SELECTION, State.DC_CABLE_CHECK])
def test_the_stations_wish_to_pause_counts_in_every_state(state: State) -> None:
    world = World().start().run_to(SECC, state)
    world.charger.pause = True
    world.run().check_end()
    assert world.ended[SECC].paused


def goes_on_looping(world: World, until_s: float) -> None:
    """The car does not follow: it repeats its last loop."""
    request = world.messages("DC_ChargeLoopReq")[-1]
    world.freeze(EV)
    while world.now < until_s:
        world.run(until_s=world.now + 0.2)
        world.inject(SECC, request)


def test_the_delay_counts_down_and_then_there_is_no_power() -> None:
    """V2G20-3318."""
    world = World()
    world.charger.setpoint_w = 6_000.0
    world.start().run(until_s=20.0)
    world.charger.pause = True
    goes_on_looping(world, 79.0)
    told = [delay for _, delay in notified(world)]
    assert told == sorted(told, reverse=True)
    assert (told[0], told[-1]) == (60, 2)
    assert world.current_a == 15.0
    goes_on_looping(world, 82.0)
    assert notified(world)[-1] == (EVSENotification.Pause, 0)
    assert world.current_a == 0.0
    world.charger.pause = False
    goes_on_looping(world, 83.0)
    assert world.current_a == 15.0
    assert world.secc.state is State.DC_CHARGE_LOOP


def test_a_delay_that_does_not_count_down() -> None:
    world = World(secc={"pause_max_delay_s": 5, "notification_delay_counts_down": False}).start().run(until_s=20.0)
    world.charger.pause = True
    goes_on_looping(world, 30.0)
    assert {delay for _, delay in notified(world)} == {5}
    assert world.current_a == 0.0


def test_the_delay_of_terminate_is_really_given() -> None:
    """Power flows on until it is over; then there is none, and the car's time to follow begins."""
    world = World(secc={"notification_max_delay_s": 10})
    world.charger.setpoint_w = 6_000.0
    world.start().run(until_s=20.0)
    world.charger.stop = True
    goes_on_looping(world, 29.0)
    assert notified(world)[-1] == (EVSENotification.Terminate, 2)
    assert world.current_a == 15.0
    goes_on_looping(world, 89.0)
    assert world.current_a == 0.0
    assert world.secc.error is None
    goes_on_looping(world, 91.0)
    assert "SECC_STOP_NOTIFICATION" in str(world.secc.error)


@pytest.mark.parametrize("secc", [{"pause_allowed": False}, {}])
def test_a_station_that_can_not_pause_does_not_ask_for_it(secc: dict[str, Any]) -> None:
    world = World(secc=secc)
    if not secc:
        world.secc.store = None
    world.charger.pause = True
    world.start().run(until_s=30.0)
    assert not notified(world)
    pause(world)
    world.run().check_end()
    assert world.last_code() == "FAILED_PauseNotAllowed"  # PR-02
    assert not world.events(act.KeepPaused)


@pytest.mark.parametrize("state", [State.AUTHORIZATION, State.SERVICE_DETAIL, State.SCHEDULE_EXCHANGE])
def test_no_pause_before_schedules_have_been_exchanged(state: State) -> None:
    world = World().start().run_to(SECC, state)
    world.inject(SECC, SessionStopReq(header=world.evcc.header(world.now), charging_session=ChargingSession.Pause))
    assert world.last_code() == "FAILED_PauseNotAllowed"
    assert not world.events(act.KeepPaused)


# --- a resume that is not granted ---


def changed(**fields: Any) -> Any:
    def change(world: World) -> None:
        record = world.stores[SECC].find(world.secc.session_id)
        assert record is not None
        world.stores[SECC].keep(msgspec.structs.replace(record, **fields))

    return change


@pytest.mark.parametrize(
    ("before", "options"),
    [
        (lambda world: world.stores[SECC].drop(world.secc.session_id), {}),
        (lambda world: setattr(world.charger, "resume", False), {}),
        (changed(evcc_id="SOMEBODY"), {}),
        (changed(evse_id="ELSEWHERE"), {}),
        (changed(protocol=AC_20), {}),
        (changed(binding=None), {}),
        (lambda world: None, {"binding": {EV: b"the vehicle's certificate", SECC: b"another"}}),
        (lambda world: None, {"binding": {EV: b"the vehicle's certificate", SECC: None}}),
        (lambda world: None, {"secc": {"pause_allowed": False}}),
        (lambda world: setattr(world.charger, "offered_services", (2,)), {"evcc": {"services": (6, 2)}}),
        (lambda world: setattr(world, "now", 172_900.0), {}),
    ],
    ids=[
        "unknown",
        "not wanted",
        "another car",
        "another outlet",
        "another protocol",
        "unbound",
        "another certificate",
        "no certificate",
        "not allowed any more",
        "service withdrawn",
        "too old",
    ],
)
def test_a_resume_that_is_not_granted_is_a_new_session(before: Any, options: dict[str, Any]) -> None:
    """V2G20-2626, V2G20-2627, V2G20-2615; PR-04: a fresh id, authorization included."""
    first = paused()
    before(first)
    record = first.stores[SECC].find(first.secc.session_id)
    again = resumed(first, **options)
    (asked,), (opened,) = again.messages("SessionSetupReq"), again.messages("SessionSetupRes")
    assert asked.header.session_id == first.secc.session_id
    assert opened.response_code is ResponseCode.OK_NewSessionEstablished
    assert opened.header.session_id not in (first.secc.session_id, NO_SESSION)
    assert again.names(EV)[2:4] == ["AuthorizationSetupReq", "AuthorizationReq"]
    assert again.evcc.context.kept_tuple_id is None
    assert again.error(EV) is again.error(SECC) is None
    assert again.stores[EV].find(first.secc.session_id) is None
    assert again.stores[SECC].find(first.secc.session_id) == record  # still there for whom it belongs to


def test_without_a_binding_the_lab_option_decides() -> None:
    nothing: dict[str, bytes | None] = {EV: None, SECC: None}
    for granted in (True, False):
        first = paused(binding=nothing)
        again = resumed(first, binding=nothing, secc={"resume_without_binding": granted})
        (opened,) = again.messages("SessionSetupRes")
        assert (opened.response_code is ResponseCode.OK_OldSessionJoined) is granted
    # It never overrules a link that proves another vehicle.
    another: dict[str, bytes | None] = {EV: b"the vehicle's certificate", SECC: b"another"}
    again = resumed(paused(), binding=another, secc={"resume_without_binding": True})
    assert again.messages("SessionSetupRes")[0].response_code is ResponseCode.OK_NewSessionEstablished


def test_a_record_of_another_car_or_protocol_is_not_asked_for() -> None:
    first = paused()
    for options in (
        {"evcc": {"evcc_id": "ANOTHER"}},
        {"service": ServiceId.AC_BPT},
        {"binding": {EV: b"another", SECC: b"another"}},
    ):
        first.stores[EV].keep(first.events(act.KeepPaused, EV)[0].item.record)
        again = resumed(first, **options)
        assert again.messages("SessionSetupReq")[0].header.session_id == NO_SESSION
        assert again.stores[EV].find(first.secc.session_id) is None
        first.now = again.now


def test_another_station_that_joins_the_session_is_left() -> None:
    """V2G20-2539, V2G20-2613, V2G20-2614."""
    first = paused()
    record = first.stores[EV].find(first.secc.session_id)
    assert record is not None
    first.stores[EV].keep(msgspec.structs.replace(record, evse_id="ELSEWHERE"))
    again = resumed(first)
    assert again.names(EV)[2:] == ["SessionStopReq"]
    assert again.messages("SessionStopReq")[0].charging_session is ChargingSession.Terminate
    assert again.stores[EV].find(first.secc.session_id) is None


@pytest.mark.parametrize("asked_for", [True, False])
def test_a_station_that_joins_what_was_not_asked_for(asked_for: bool) -> None:
    first = paused()
    go_on(first)
    again = World(after=first if asked_for else None).start().run_to(EV, State.SESSION_SETUP)
    answer = msgspec.structs.replace(
        again.messages("SessionSetupRes")[0],
        response_code=ResponseCode.OK_OldSessionJoined,
        header=msgspec.structs.replace(again.secc.header(again.now), session_id=b"12345678"),
    )
    again.inject(EV, answer)
    again.run().check_end()
    assert "not asked for" in (again.error(EV) or "")


def test_a_pause_that_ends_by_a_fault_is_none() -> None:
    """The record is dropped again when something breaks before the session is over."""
    world = World()
    world.at(20.0, lambda: pause(world)).start().run(until=lambda: world.secc.state is State.CLOSING)
    assert world.stores[SECC].find(world.secc.session_id) is not None
    world._do(SECC, world.secc.broken(OSError("disk full"), world.now))
    world.run()
    assert world.stores[SECC].find(world.secc.session_id) is None
    assert not world.ended[SECC].paused


# --- the store in memory ---


def test_the_oldest_records_make_room() -> None:
    record = paused().events(act.KeepPaused, SECC)[0].item.record
    store = MemoryStore()
    for i in range(MAX_PAUSED + 2):
        store.keep(msgspec.structs.replace(record, session_id=i.to_bytes(8, "big")))
    assert list(store.records) == [i.to_bytes(8, "big") for i in range(2, MAX_PAUSED + 2)]
    store.keep(msgspec.structs.replace(record, session_id=(2).to_bytes(8, "big"), evcc_id="NEW"))
    assert len(store.records) == MAX_PAUSED
    assert list(store.records.values())[-1].evcc_id == "NEW"


def test_what_binds_a_session_is_another_for_every_session_and_vehicle() -> None:
    assert bound(b"1", None) is None
    assert len({bound(b"1", b"a"), bound(b"2", b"a"), bound(b"1", b"b")}) == 3


def test_a_record_is_json_and_back() -> None:
    """As a file has it."""
    for mode in ControlMode:
        for at in (EV, SECC):
            (kept,) = paused(mode=mode).events(act.KeepPaused, at)
            record = kept.item.record
            assert msgspec.json.decode(msgspec.json.encode(record), type=PausedSession) == record
