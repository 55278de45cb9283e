"""Registers, receipts and signed confirmations, with a car and a station that share a secret (ME-01 to ME-04)."""

from __future__ import annotations

import itertools
import json
from typing import Any

import msgspec
import pytest

from iso15118.exi.forms import digest_form
from iso15118.io.endpoint import Endpoint, Transmit
from iso15118.messages.iso20.common.metering import MeteringConfirmationReq, Scheduled_SMDTControlMode
from iso15118.messages.iso20.types import DetailedCost, EVSENotification, Receipt
from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.ports import OfferedSchedule, Wish
from iso15118.session.quantities import rational
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.side import Stream
from iso15118.session.timers import Limits, Timer
from iso15118.trace import Trace
from iso15118.v2gtp import PayloadType
from tests.session.secc.asking import ends
from tests.session.signing import KEY, signed
from tests.session.test_timers import covers
from tests.session.world import EV, SECC, World, code_of

replace = msgspec.structs.replace
SIDE = PayloadType.METERING_CONFIRMATION
SERVICES = [ServiceId.DC_BPT, ServiceId.AC_BPT, ServiceId.DC]
RECEIPT = Receipt(
    time_anchor=1_800_000_000, energy_costs=DetailedCost(amount=rational(3.5), cost_per_unit=rational(0.3))
)


def loops(world: World) -> list[Any]:
    """What the station has answered in the loop."""
    return [*world.messages("DC_ChargeLoopRes"), *world.messages("AC_ChargeLoopRes")]


def asked(response: Any) -> bool:
    status = response.evse_status
    return status is not None and status.evse_notification is EVSENotification.MeteringConfirmation


def confirmed(world: World, at: str) -> list[act.MeteringConfirmed]:
    return [event.item for event in world.events(act.MeteringConfirmed, at)]


def running(*, key: bytes | None = KEY, stream: Stream = Stream.SIDE, until_s: float = 8.0, **options: Any) -> World:
    """A car in the loop that takes or gives 6 kW and can sign."""
    options["evcc"] = {"metering_confirmation_stream": stream} | options.pop("evcc", {})
    world = World(**options)
    world.vehicle.key = key
    world.charger.setpoint_w = -6_000.0 if world.evcc.config.services[0] is not ServiceId.DC else 6_000.0
    return world.start().run(until_s=until_s)


def want(world: World, after_s: float = 0.0) -> World:
    """The station wants a confirmation; its back end drops the wish with the action, as documented."""
    world.at(world.now + after_s, lambda: setattr(world.charger, "confirmation", True))
    return world.run(until_s=world.now + after_s)


@pytest.mark.parametrize("stream", list(Stream))
@pytest.mark.parametrize("mode", list(ControlMode))
@pytest.mark.parametrize("service", SERVICES)
def test_a_reading_is_confirmed(service: ServiceId, mode: ControlMode, stream: Stream) -> None:
    """V2G20-1083, ME-04: notification with MeterInfo, signed request, OK; both sides report the record once."""
    world = running(service=service, mode=mode, stream=stream)
    want(world).run(until_s=12.0)
    (request,) = world.messages("MeteringConfirmationReq")
    (event,) = [e for e in world.log if e.item is request]
    assert event.side is (SIDE if stream is Stream.SIDE else None)
    assert code_of(world.messages("MeteringConfirmationRes")[0]) == "OK"
    (asking,) = [response for response in loops(world) if asked(response)]
    data = request.signed_metering_data
    assert data.meter_info == asking.meter_info
    assert data.receipt is None
    assert data.session_id == world.secc.session_id
    in_force = data.scheduled_smdt_control_mode
    assert (in_force is None) is (mode is ControlMode.DYNAMIC)
    assert in_force is None or in_force.selected_schedule_tuple_id == world.secc.context.schedule_tuple_id
    (kept,) = confirmed(world, SECC)
    assert (kept.data, kept.signature) == (data, request.header.signature)
    assert digest_form(kept.data, "CommonMessages", kept.digest, "sha512") is not None
    assert confirmed(world, EV) == [kept]
    assert world.secc.state is world.evcc.state
    world.vehicle.driver_wish = Wish.STOP
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert len(world.messages("MeteringConfirmationReq")) == 1


@pytest.mark.parametrize("stream", list(Stream))
def test_the_loop_keeps_its_pace_and_power_goes_on(stream: Stream) -> None:
    world = running(stream=stream)
    want(world).run(until_s=12.0)
    at = [e.now for e in world.log if type(e.item).__name__ == "DC_ChargeLoopReq"]
    gaps = {round(b - a, 6) for a, b in itertools.pairwise(at)}
    assert gaps == ({0.2} if stream is Stream.SIDE else {0.2, 0.0})
    assert all(e.current_a == -15.0 for e in world.log if e.now > 8.0)


def test_a_wish_that_is_kept_up_is_fulfilled_once_and_a_new_one_again() -> None:
    world = running()
    want(world).run(until_s=10.0)
    assert len(confirmed(world, SECC)) == 1
    world.at(11.0, lambda: setattr(world.charger, "confirmation", False)).run(until_s=13.0)
    want(world).run(until_s=16.0)
    first, second = confirmed(world, SECC)
    assert (
        second.data.meter_info.bpt_discharged_energy_reading_wh > first.data.meter_info.bpt_discharged_energy_reading_wh
    )


def test_a_wish_of_before_the_session_is_not_lost() -> None:
    world = World()
    world.charger.confirmation, world.vehicle.key = True, KEY
    world.start().run(until_s=8.0)
    assert asked(loops(world)[0])
    assert len(confirmed(world, SECC)) == 1


def test_a_car_that_can_not_sign_goes_on_and_one_that_can_later_signs_then() -> None:
    world = running(key=None)
    want(world).run(until_s=20.0)
    assert world.vehicle.asked > 10
    assert not world.messages("MeteringConfirmationReq")
    assert all(asked(r) and r.meter_info for r in loops(world) if r.header.time_stamp > 1_800_000_009)
    world.vehicle.key = KEY
    world.poll()
    world.run(until_s=22.0)
    assert len(confirmed(world, SECC)) == 1
    assert not asked(loops(world)[-1])


def test_a_wish_that_is_taken_back_while_the_car_signs() -> None:
    world = running()
    want(world)
    world.when("MeteringConfirmationReq", lambda: setattr(world.charger, "confirmation", False)).run(until_s=12.0)
    assert code_of(world.messages("MeteringConfirmationRes")[0]) == "OK"
    assert len(confirmed(world, SECC)) == 1


def test_terminate_is_more_pressing() -> None:
    world = running(key=None)
    want(world).run(until_s=9.0)
    world.charger.stop = True
    world.run().check_end()
    last = loops(world)[-1]
    assert last.evse_status.evse_notification is EVSENotification.Terminate
    assert world.error(EV) is world.error(SECC) is None


def test_without_a_meter_there_is_nothing_to_confirm_and_no_receipt() -> None:
    world = running()
    world.charger.meter_reading, world.charger.cost_receipt = None, RECEIPT
    want(world).run(until_s=12.0)
    assert not any(asked(response) or response.receipt for response in loops(world))


# --- signatures ---


def tampered(world: World, change: str) -> MeteringConfirmationReq:
    """What the car would have said, changed in one place; signed again where the change is to be one of the data."""
    request = world.messages("MeteringConfirmationReq")[-1]
    data, header = request.signed_metering_data, request.header
    meter = data.meter_info
    fields: dict[str, Any] = {}
    match change:
        case "registers":
            fields["meter_info"] = replace(meter, charged_energy_reading_wh=meter.charged_energy_reading_wh + 1)
        case "session":
            fields["session_id"] = b"\xff" * 8
        case "receipt":
            fields["receipt"] = RECEIPT
        case "control mode":
            fields["dynamic_smdt_control_mode"] = None
            fields["scheduled_smdt_control_mode"] = Scheduled_SMDTControlMode(selected_schedule_tuple_id=1)
        case "another tuple":
            fields["scheduled_smdt_control_mode"] = Scheduled_SMDTControlMode(selected_schedule_tuple_id=77)
    data = replace(data, **fields)
    match change:
        case "no signature":
            header = replace(header, signature=None)
        case "another key":
            header = replace(header, signature=signed(data, b"another"))
        case "another element":
            header = replace(header, signature=signed(data, KEY, "#id2"))
        case "signed before it was changed":
            data = replace(data, meter_info=replace(meter, meter_id="M2"))
        case _:
            header = replace(header, signature=signed(data, KEY))
    return replace(request, header=header, signed_metering_data=data)


@pytest.mark.parametrize(
    "change",
    [
        *("registers", "session", "receipt", "control mode", "another tuple"),
        *("no signature", "another key", "another element", "signed before it was changed"),
    ],
)
@pytest.mark.parametrize("stream", list(Stream))
def test_what_was_not_told_or_not_signed_is_refused(stream: Stream, change: str) -> None:
    """ME-04: FAILED_MeteringSignatureNotValid, and the session ends."""
    mode = ControlMode.SCHEDULED if change == "another tuple" else ControlMode.DYNAMIC
    world = running(mode=mode)
    world.lost = lambda sender, message: isinstance(message, MeteringConfirmationReq)
    want(world).run(until=lambda: bool(world.messages("MeteringConfirmationReq")))
    actions = world.inject(SECC, tampered(world, change), SIDE if stream is Stream.SIDE else None)
    (answer,) = [a for a in actions if isinstance(a, act.Send)]
    assert answer.side is (SIDE if stream is Stream.SIDE else None)
    assert code_of(answer.message) == "FAILED_MeteringSignatureNotValid"
    assert not confirmed(world, SECC)
    ends(world)


@pytest.mark.parametrize("stream", list(Stream))
def test_the_same_request_unchanged_is_accepted(stream: Stream) -> None:
    """What the test before changes is all that it is refused for."""
    world = running()
    world.lost = lambda sender, message: isinstance(message, MeteringConfirmationReq)
    want(world).run(until=lambda: bool(world.messages("MeteringConfirmationReq")))
    actions = world.inject(SECC, tampered(world, "nothing"), SIDE if stream is Stream.SIDE else None)
    (answer,) = [a for a in actions if isinstance(a, act.Send)]
    assert code_of(answer.message) == "OK"


@pytest.mark.parametrize("stream", list(Stream))
def test_nobody_asked(stream: Stream) -> None:
    """FAILED_SequenceError before the station has asked, and again once it has got what it asked for."""
    for wanted in (False, True):
        world = running()
        if wanted:
            want(world).run(until_s=10.0)
        else:
            source = running()
            want(source).run(until_s=10.0)
        request = (world if wanted else source).messages("MeteringConfirmationReq")[-1]
        actions = world.inject(SECC, request, SIDE if stream is Stream.SIDE else None)
        (answer,) = [a for a in actions if isinstance(a, act.Send)]
        assert code_of(answer.message) == "FAILED_SequenceError"
        ends(world)


@pytest.mark.parametrize("stream", list(Stream))
def test_an_answer_waits_for_the_check(stream: Stream) -> None:
    """Beside the loop the loop goes on meanwhile; the answer comes with the first look after the check."""
    world = running(stream=stream)
    world.charger.check_ready = False
    want(world)
    world.at(9.0, lambda: setattr(world.charger, "check_ready", True))
    world.run(until_s=12.0)
    (sent,) = [e.now for e in world.log if type(e.item).__name__ == "MeteringConfirmationReq"]
    (answered,) = [e.now for e in world.log if type(e.item).__name__ == "MeteringConfirmationRes"]
    between = [e for e in world.log if type(e.item).__name__ == "DC_ChargeLoopRes" and sent < e.now < 9.0]
    assert answered == 9.0
    assert len(between) == (0 if stream is Stream.MAIN else 4)
    assert len(confirmed(world, SECC)) == 1
    assert world.charger.checked > 5
    assert world.secc.error is world.evcc.error is None


@covers(Timer.SECC_METERING_SIGNATURE)
@pytest.mark.parametrize("stream", list(Stream))
def test_a_check_that_never_ends_is_none(stream: Stream) -> None:
    world = running(stream=stream)
    world.charger.check_ready = False
    want(world).run().check_end()
    (sent,) = [e.now for e in world.log if type(e.item).__name__ == "MeteringConfirmationReq"]
    (answer,) = [e for e in world.log if type(e.item).__name__ == "MeteringConfirmationRes"]
    assert code_of(answer.item) == "FAILED_MeteringSignatureNotValid"
    assert answer.now == pytest.approx(sent + 1.4)
    assert not confirmed(world, EV)


@covers(Timer.EVCC_MESSAGE_METERING_CONFIRMATION)
def test_a_station_that_never_answers_a_confirmation() -> None:
    world = running(secc_limits=Limits({"SECC_METERING_SIGNATURE": 30.0}))
    world.charger.check_ready = False
    want(world).run().check_end()
    (sent,) = [e.now for e in world.log if type(e.item).__name__ == "MeteringConfirmationReq"]
    assert world.error(EV) == "EVCC_MESSAGE_METERING_CONFIRMATION: nothing within 2 s"
    assert world.events(act.Ended, EV)[0].now >= sent + 2.0
    assert [e for e in world.log if type(e.item).__name__ == "DC_ChargeLoopRes"][-1].now >= sent + 1.8


def test_two_streams_may_wait_for_the_same_limit() -> None:
    """What is answered on one leaves the other its time."""
    world = running()
    world.charger.check_ready = False
    world.lost = lambda sender, message: isinstance(message, MeteringConfirmationReq)
    want(world).run(until=lambda: bool(world.messages("MeteringConfirmationReq")))
    request, begun = tampered(world, "nothing"), world.now
    world.freeze(EV)
    world.inject(SECC, request, SIDE)
    world.run(until_s=begun + 0.4)
    world.inject(SECC, request)
    world.run(until_s=begun + 9.0)
    answers = [(e.side, code_of(e.item)) for e in world.log if type(e.item).__name__ == "MeteringConfirmationRes"]
    assert answers == [(None, "FAILED_MeteringSignatureNotValid")]  # the first that fails ends the session
    assert world.secc.state is State.ENDED


def test_a_schedule_that_changes_while_a_signature_is_checked() -> None:
    """What was confirmed was so when it was said: it is judged by the schedule of then."""
    world = running(mode=ControlMode.SCHEDULED, evcc={"renegotiation_stream": Stream.SIDE})
    old = world.secc.context.schedule_tuple_id
    world.charger.check_ready = False
    want(world).run(until=lambda: bool(world.messages("MeteringConfirmationReq")))
    world.charger.schedule = (OfferedSchedule(schedule_tuple_id=9, start_s=0.0, entries=((36_000.0, 2_000.0),)),)
    world.charger.schedule_number += 1
    world.at(world.now + 1.3, lambda: setattr(world.charger, "check_ready", True))
    world.run(until=lambda: world.secc.context.schedule_tuple_id == 9)
    assert not confirmed(world, SECC)
    world.run(until_s=world.now + 2.0)
    assert world.secc.context.schedule_tuple_id == 9 != old
    (kept,) = confirmed(world, SECC)
    assert kept.data.scheduled_smdt_control_mode is not None
    assert kept.data.scheduled_smdt_control_mode.selected_schedule_tuple_id == old
    assert world.secc.error is world.evcc.error is None


# --- registers and receipts ---


def test_registers_count_both_ways_and_never_back() -> None:
    """ME-01 to ME-03: asked for, in the first answer unasked, and monotonic through charge and discharge."""
    world = World()
    world.charger.setpoint_w = 6_000.0
    world.at(60.0, lambda: setattr(world.charger, "setpoint_w", -6_000.0))
    world.at(130.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    pairs = list(zip(world.messages("DC_ChargeLoopReq"), world.messages("DC_ChargeLoopRes"), strict=True))
    assert pairs[0][1].meter_info is not None
    assert all((req.meter_info_requested or res is pairs[0][1]) is (res.meter_info is not None) for req, res in pairs)
    told = [res.meter_info for _, res in pairs if res.meter_info]
    for name in ("charged_energy_reading_wh", "bpt_discharged_energy_reading_wh"):
        values = [getattr(meter, name) for meter in told]
        assert values == sorted(values)
        assert values[-1] > 50


def test_a_receipt_comes_with_its_registers_and_is_reported() -> None:
    """V2G20-1919; told when it is new, and with every MeterInfo."""
    world = running()
    dearer = replace(RECEIPT, time_anchor=RECEIPT.time_anchor + 60)
    for at, receipt in ((9.05, RECEIPT), (10.05, dearer), (11.05, None)):
        world.at(at, lambda receipt=receipt: setattr(world.charger, "cost_receipt", receipt))
    world.run(until_s=13.0)
    told = [response for response in loops(world) if response.receipt]
    assert [response.receipt for response in told] == [RECEIPT, dearer]
    assert all(response.meter_info for response in told)
    reports = [event.item for event in world.events(act.ReceiptTold, EV)]
    assert reports == [act.ReceiptTold(receipt=r.receipt, meter_info=r.meter_info) for r in told]


def test_a_receipt_is_signed_with_its_registers() -> None:
    world = running()
    world.charger.cost_receipt = RECEIPT
    want(world).run(until_s=12.0)
    (kept,) = confirmed(world, SECC)
    assert kept.data.receipt == RECEIPT


def test_a_receipt_without_registers_is_read_all_the_same() -> None:
    world = World().start().run_to(EV, State.DC_CHARGE_LOOP)
    response = replace(world._queue[0][1], receipt=RECEIPT, meter_info=None)
    world.inject(EV, response)
    assert [event.item for event in world.events(act.ReceiptTold)] == [
        act.ReceiptTold(receipt=RECEIPT, meter_info=None)
    ]


def test_by_octets() -> None:
    """On payload type 0x8102, written and read by the codec, and named in the trace."""
    lines: list[str] = []
    world = running(until_s=8.0)
    world.charger.confirmation = True
    ends_ = {at: Endpoint(world.session(at), at=at, trace=Trace(lines.append)) for at in (EV, SECC)}
    payload_types: list[int] = []
    now, queue = 8.0, [(SECC, b"")]
    while now < 9.0:
        now += 0.05
        for at in (EV, SECC):
            for action in ends_[at].handle_timer(now):
                if isinstance(action, Transmit):
                    queue.append((EV if at == SECC else SECC, action.data))
        while queue:
            to, data = queue.pop(0)
            payload_types.append(int.from_bytes(data[2:4], "big"))
            for action in ends_[to].receive_data(data, now):
                if isinstance(action, Transmit):
                    queue.append((EV if to == SECC else SECC, action.data))
    assert payload_types.count(0x8102) == 2
    rows = [json.loads(line) for line in lines]
    streams = {
        (row["at"], row["name"], row["direction"]) for row in rows if row.get("stream") == "METERING_CONFIRMATION"
    }
    assert streams == {
        (at, f"MeteringConfirmation{kind}", direction)
        for at, kind, direction in (
            ("EV", "Req", "tx"),
            ("SECC", "Req", "rx"),
            ("SECC", "Res", "tx"),
            ("EV", "Res", "rx"),
        )
    }
    assert isinstance(world.secc.context.readings, list)
    assert not world.secc.context.readings
