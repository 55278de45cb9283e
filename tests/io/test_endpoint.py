"""Bytes in, bytes out: what the endpoint does with payloads that are no messages, and with frames of other types."""

import json

import msgspec
import pytest

from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.io.endpoint import Endpoint, Transmit
from iso15118.messages.iso20 import ac, acdp
from iso15118.messages.iso20.common.vehicle_check import EVCheckInStatus, ParkingMethod, VehicleCheckInReq
from iso15118.messages.iso20.types import MessageHeader, RationalNumber
from iso15118.session.actions import Close, Ended, Send, SetAcPower, SetContactor, SetPilot
from iso15118.session.app import AC_20, AC_DER_IEC_20, AC_DER_SAE_20, Link
from iso15118.session.core import State
from iso15118.session.evcc import PHASES, EvccConfig, EvccSession
from iso15118.session.ports import OfferedSchedule, SimpleCharger, SimpleVehicle, Wish
from iso15118.session.ports.ac import AcReading
from iso15118.session.secc import HANDLERS, SeccConfig, SeccSession
from iso15118.session.services import ControlMode, ServiceId
from iso15118.trace import Trace
from iso15118.v2gtp import PayloadType, frame_bytes, parse_datagram
from tests.io.test_tcp import HELLO


def station(lines: list[str] | None = None) -> Endpoint:
    session = SeccSession(
        SimpleCharger(), HANDLERS, config=SeccConfig(link=Link.LAB_TCP), random_bytes=lambda n: bytes([7]) * n, now=0.0
    )
    return Endpoint(session, at="SECC", trace=None if lines is None else Trace(lines.append))


def test_an_answer_is_one_piece():
    (answer,) = (a for a in station().receive_data(HELLO, 1.0) if isinstance(a, Transmit))
    assert answer.name == "supportedAppProtocolRes"
    assert answer.data[:4] == bytes.fromhex("01fe8001")


def test_every_message_is_traced_both_ways():
    lines: list[str] = []
    station(lines).receive_data(HELLO, 1.0)
    rows = [json.loads(line) for line in lines]
    assert [(row["at"], row["direction"], row["name"]) for row in rows] == [
        ("SECC", "rx", "supportedAppProtocolReq"),
        ("SECC", "tx", "supportedAppProtocolRes"),
    ]
    assert rows[0]["body"]["AppProtocol"][0]["ProtocolNamespace"] == "urn:iso:std:iso:15118:-20:DC"


@pytest.mark.parametrize("what", ["Connect", "Disconnect"])
def test_a_message_is_named_as_its_root_not_as_its_class(monkeypatch, what):
    """ACDP has one class behind two roots. No session speaks it so far: this one is let hear it, and refuses."""
    monkeypatch.setattr("iso15118.io.endpoint._SPOKEN", frozenset({PayloadType.ACDP}))
    request = acdp.ACDP_ConnectReq(
        header=MessageHeader(session_id=bytes(8), time_stamp=0),
        ev_electrical_charging_device_status=acdp.ElectricalChargingDeviceStatus.State_A,
    )
    lines: list[str] = []
    payload = exi.encode(request, "ACDP", element=f"ACDP_{what}Req")
    (sent,) = (
        a for a in station(lines).receive_data(frame_bytes(PayloadType.ACDP, payload), 1.0) if isinstance(a, Transmit)
    )
    assert sent.name == f"ACDP_{what}Res"
    assert exi.read(parse_datagram(sent.data).payload, "ACDP").name.local == f"ACDP_{what}Res"
    rows = [json.loads(line) for line in lines]
    assert [row["name"] for row in rows if row["kind"] == "iso15118"] == [f"ACDP_{what}Req", f"ACDP_{what}Res"]


def test_of_two_roots_a_request_must_be_named():
    """A session's ``Send`` has no place for the name, so nothing is guessed."""
    request = acdp.ACDP_ConnectReq(
        header=MessageHeader(session_id=bytes(8), time_stamp=0),
        ev_electrical_charging_device_status=acdp.ElectricalChargingDeviceStatus.State_A,
    )
    with pytest.raises(CodecError, match="more than one element, so name one"):
        station().carry([Send(request)], 1.0)


def test_a_payload_type_that_is_not_spoken_gets_no_answer():
    lines: list[str] = []
    endpoint = station(lines)
    assert endpoint.receive_data(frame_bytes(PayloadType.ACDP, b"\x80"), 1.0) == []
    assert endpoint.receive_data(frame_bytes(0x1234, b""), 1.0) == []
    assert endpoint.ignored == 2
    assert all(json.loads(line)["name"] == "unreadable" for line in lines)


def test_a_side_request_is_answered_on_its_own_payload_type():
    """And the trace says on which stream both were."""
    lines: list[str] = []
    endpoint = station(lines)
    request = VehicleCheckInReq(
        header=MessageHeader(session_id=bytes(8), time_stamp=0),
        ev_check_in_status=EVCheckInStatus.CheckIn,
        parking_method=ParkingMethod.Manual,
    )
    frame = frame_bytes(PayloadType.PARKING_STATUS, exi.encode(request, "CommonMessages"))
    (answer,) = (a for a in endpoint.receive_data(frame, 1.0) if isinstance(a, Transmit))
    sent = parse_datagram(answer.data)
    assert sent.payload_type == 0x8104
    assert exi.decode(sent.payload, "CommonMessages").response_code.value == "FAILED_SequenceError"
    rows = [json.loads(line) for line in lines]
    assert [(row["name"], row["stream"]) for row in rows] == [
        ("VehicleCheckInReq", "PARKING_STATUS"),
        ("VehicleCheckInRes", "PARKING_STATUS"),
    ]
    lines.clear()
    station(lines).receive_data(HELLO, 1.0)
    assert all("stream" not in json.loads(line) for line in lines)


def test_system_status_of_acdp_is_not_spoken():
    endpoint = station()
    assert endpoint.receive_data(frame_bytes(PayloadType.ACDP_SYSTEM_STATUS, b"\x80"), 1.0) == []
    assert endpoint.ignored == 1


def test_a_payload_that_is_no_message_ends_the_session():
    actions = station().receive_data(frame_bytes(PayloadType.SAP, b"\x80\xff\xff"), 1.0)
    assert [type(action) for action in actions][-3:] == [Close, *[type(actions[-2])], Ended]
    assert actions[-1].error is not None


def test_messages_before_a_broken_header_count():
    endpoint = station()
    actions = endpoint.receive_data(HELLO + b"\x02" * 8, 1.0)
    assert isinstance(actions[1] if not isinstance(actions[0], Transmit) else actions[0], Transmit)
    assert isinstance(actions[-1], Ended)
    assert "V2GTP header" in str(actions[-1].error)


def test_a_lost_connection_has_a_reason():
    endpoint = station()
    (ended,) = (a for a in endpoint.connection_lost(1.0, "cut") if isinstance(a, Ended))
    assert ended.error == "cut"
    assert endpoint.next_timer() is None
    assert endpoint.receive_data(HELLO, 2.0) == []


@pytest.mark.parametrize(
    ("service_id", "payload_type", "key"),
    [(ServiceId.AC_BPT, 0x8003, "AC"), (ServiceId.AC_DER_IEC, 0x8010, "AC_DER_IEC")],
)
def test_an_ac_message_is_written_in_the_schema_set_of_the_selected_service(service_id, payload_type, key):
    """The octets differ: another payload type alone would not do."""
    message = ac.AC_ChargeLoopReq(
        header=MessageHeader(session_id=bytes(8), time_stamp=0),
        meter_info_requested=False,
        cl_req_control_mode=ac.Scheduled_AC_CLReqControlMode(
            ev_present_active_power=RationalNumber(exponent=0, value=11)
        ),
    )
    endpoint = station()
    endpoint.session.context.service_id = service_id
    (sent,) = endpoint.carry([Send(message)], 1.0)
    frame = parse_datagram(sent.data)
    assert frame.payload_type == payload_type
    assert frame.payload == exi.encode(message, key) != exi.encode(message, "AC" if key != "AC" else "AC_DER_IEC")


@pytest.mark.parametrize("mode", list(ControlMode))
@pytest.mark.parametrize("service", [ServiceId.AC, ServiceId.AC_BPT])
def test_an_ac_session_by_octets(mode, service):
    """Two endpoints, one byte stream each way: to SessionStop, with nothing that deployed codecs can't read."""
    lines: list[str] = []
    charger, vehicle = SimpleCharger(energy_services=(5, 1)), SimpleVehicle()
    charger.pilot_state = "B"
    charger.setpoint_w = -3000.0 if service is ServiceId.AC_BPT else 3000.0
    charger.schedule = (OfferedSchedule(start_s=0.0, entries=((3600.0, charger.setpoint_w),)),)
    secc = SeccSession(
        charger,
        HANDLERS,
        config=SeccConfig(link=Link.LAB_TCP, served=(AC_20,)),
        random_bytes=lambda n: bytes([7]) * n,
        now=0.0,
    )
    config = EvccConfig(link=Link.LAB_TCP, protocols=(AC_20,), services=(service,), control_modes=(mode,))
    evcc = EvccSession(vehicle, PHASES, config=config)
    ends = {"EV": Endpoint(evcc, at="EV"), "SECC": Endpoint(secc, at="SECC", trace=Trace(lines.append))}
    sent: list[tuple[str, bytes]] = []
    powers: list[tuple[float, ...]] = []

    def carry_out(at, actions):
        for action in actions:
            match action:
                case Transmit(data=data):
                    sent.append(("SECC" if at == "EV" else "EV", data))
                case SetPilot(state=state):
                    charger.pilot_state = state
                case SetContactor(closed=closed) if at == "SECC":
                    charger.stage = msgspec.structs.replace(charger.stage, contactor_closed=closed)
                case SetAcPower(power_w=power_w) if at == "EV":
                    powers.append(power_w)
                    charger.ac_measured = vehicle.ac_measured = AcReading(power_w=power_w)

    now = 0.0
    carry_out("EV", ends["EV"].carry(evcc.start(now), now))
    while evcc.state is not State.ENDED:
        if sent:
            to, data = sent.pop(0)
            carry_out(to, ends[to].receive_data(data, now))
        else:
            now = min(end.next_timer() for end in ends.values() if end.next_timer() is not None)
            for at, end in ends.items():
                carry_out(at, [*end.handle_timer(now), *end.poll(now)])
        if now > 3.0:
            vehicle.driver_wish = Wish.STOP
    carry_out("SECC", ends["SECC"].connection_lost(now))
    assert evcc.error is secc.error is None
    assert secc.state is State.ENDED
    assert [sum(power) for power in powers] == pytest.approx([charger.setpoint_w, 0.0])
    assert ends["EV"].outside == ends["SECC"].outside == ends["SECC"].ignored == 0
    rows = [json.loads(line) for line in lines]
    names = [row["name"] for row in rows]
    assert names[-1] == "SessionStopRes"
    # Loops that say the same but for what is measured are one run in the trace.
    assert names.count("AC_ChargeLoopReq") < ends["EV"].messages - 12


@pytest.mark.parametrize(
    ("protocol", "service", "payload_type"),
    [(AC_DER_IEC_20, ServiceId.AC_DER_IEC, 0x8010), (AC_DER_SAE_20, ServiceId.AC_DER_SAE, 0x8011)],
)
def test_messages_of_an_inverter_have_their_own_payload_type_and_no_other(protocol, service, payload_type):
    """Read by the schema set of plain AC they would be taken for others: frames of another set are not read at all."""
    charger, vehicle = SimpleCharger(energy_services=(service,)), SimpleVehicle()
    secc = Endpoint(
        SeccSession(
            charger,
            HANDLERS,
            config=SeccConfig(link=Link.LAB_TCP, served=(protocol,)),
            random_bytes=lambda n: bytes([7]) * n,
            now=0.0,
        ),
        at="SECC",
    )
    config = EvccConfig(link=Link.LAB_TCP, protocols=(protocol,), services=(service,))
    ev = Endpoint(EvccSession(vehicle, PHASES, config=config), at="EV")
    said = ev.carry(ev.session.start(0.0), 0.0)
    sent = []
    for _ in range(40):
        for action in said:
            if isinstance(action, Transmit):
                sent.append((int.from_bytes(action.data[2:4]), action.name))
        data = b"".join(action.data for action in said if isinstance(action, Transmit))
        if sent[-1][1] == "ScheduleExchangeReq":
            break
        to = secc if len(sent) % 2 else ev
        said = to.receive_data(data, 0.0)
    assert {kind for kind, name in sent if name.startswith("AC_")} == {payload_type}
    assert [name for _, name in sent].count("AC_ChargeParameterDiscoveryReq") == 2
    for other in {0x8003, 0x8010, 0x8011} - {payload_type}:
        before = secc.ignored
        assert secc.receive_data(frame_bytes(PayloadType(other), bytes(8)), 0.0) == []
        assert secc.ignored == before + 1


def test_a_station_without_inverters_speaks_none_of_their_payload_types():
    it = station()
    for other in (0x8010, 0x8011):
        assert it.receive_data(frame_bytes(PayloadType(other), bytes(8)), 0.0) == []
    assert it.ignored == 2
