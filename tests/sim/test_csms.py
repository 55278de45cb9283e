import json

import msgspec
import pytest

from iso15118.errors import LocalError
from sim import csms
from sim.control import SetDynamic, SetProfile, UpdateSetpoint
from sim.csms import Csms
from tests.ocpp.pair import NEEDS, UNIX, Pair, Quiet


def back_end(controller=None, **options):
    it = Csms(controller or Quiet(), tokens={"card"}, unix_offset_s=UNIX, **options)
    it.connected("CS-1", 0.0)
    return it


def ask(it, action, payload, station="CS-1"):
    """The answer to a call of a station."""
    it.receive(station, json.dumps([2, "q", action, payload]), 1.0)
    frames = [json.loads(text) for text in it.take_frames(station)]
    (answer,) = [frame for frame in frames if frame[1] == "q"]
    return answer


def event(seq_no=0, kind="Updated", value=None, **changes):
    payload = {
        "eventType": kind,
        "timestamp": "2026-01-15T17:00:01.000Z",
        "triggerReason": "Trigger",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": "t1"},
        "evse": {"id": 1},
    }
    if value is not None:
        sampled = {"value": value, "measurand": "Energy.Active.Export.Register"}
        payload["meterValue"] = [{"timestamp": payload["timestamp"], "sampledValue": [sampled]}]
    return payload | changes


def needs(transfer="DC_BPT", **parameters):
    return {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": transfer, "v2xChargingParameters": parameters}}


def test_boot_and_heartbeat_tell_the_time():
    it = back_end()
    boot = {"reason": "PowerUp", "chargingStation": {"model": "m", "vendorName": "v"}}
    assert ask(it, "BootNotification", boot)[2] == {
        "currentTime": "2026-01-15T17:00:01.000Z",
        "interval": csms.HEARTBEAT_S,
        "status": "Accepted",
    }
    assert ask(it, "Heartbeat", {})[2] == {"currentTime": "2026-01-15T17:00:01.000Z"}


def test_cards():
    it = back_end()
    card = {"idToken": {"idToken": "card", "type": "ISO14443"}}
    assert ask(it, "Authorize", card)[2] == {
        "idTokenInfo": {"status": "Accepted"},
        "allowedEnergyTransfer": ["DC", "DC_BPT"],
    }
    assert ask(it, "Authorize", {"idToken": {"idToken": "x", "type": "ISO14443"}})[2] == {
        "idTokenInfo": {"status": "Unknown"}
    }
    assert "allowedEnergyTransfer" not in ask(back_end(allowed_energy_transfer=None), "Authorize", card)[2]
    assert ask(it, "TransactionEvent", event(idToken={"idToken": "x", "type": "ISO14443"}))[2] == {
        "idTokenInfo": {"status": "Unknown"}
    }


def test_needs_without_a_transaction_or_permission_are_rejected():
    it = back_end(allowed_energy_transfer=("DC",))
    assert ask(it, "NotifyEVChargingNeeds", needs("DC"))[2] == {"status": "Rejected"}
    ask(it, "TransactionEvent", event())
    assert ask(it, "NotifyEVChargingNeeds", needs("DC_BPT"))[2] == {"status": "Rejected"}
    assert ask(it, "NotifyEVChargingNeeds", needs("DC"))[2] == {"status": "NoChargingProfile"}


def test_registers_first_and_last_told_whatever_the_order():
    it = back_end()
    assert it.registers("CS-1") == ((0, 0), (0, 0))
    ask(it, "TransactionEvent", event(0, "Started", 100))
    ask(it, "TransactionEvent", event(2, value=300, timestamp="2026-01-15T17:03:00Z"))
    ask(it, "TransactionEvent", event(1, value=200, timestamp="2026-01-15T17:02:00Z"))
    ask(it, "TransactionEvent", event(2, value=999, timestamp="2026-01-15T17:04:00Z"))
    assert it.registers("CS-1") == ((0, 100), (0, 300))
    (view,) = it.transactions("CS-1")
    assert view.exported_wh == 200
    assert view.imported_wh == 0


def test_other_units_are_understood():
    it = back_end()
    unit = {"unit": "kWh", "multiplier": 1}
    sampled = [
        {"value": 1.5, "unitOfMeasure": unit},
        {"value": 7, "measurand": "Power.Active.Export", "unitOfMeasure": {"unit": "kW"}},
        {"value": 9, "measurand": "SoC", "phase": "L1"},
    ]
    ask(it, "TransactionEvent", event(meterValue=[{"timestamp": "2026-01-15T17:00:01Z", "sampledValue": sampled}]))
    (sample,) = it.controller.samples
    assert (sample.import_wh, sample.power_w, sample.soc_percent) == (15_000, -7000.0, None)


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("TransactionEvent", event(timestamp="2016-12-31T23:59:60Z")),
        ("TransactionEvent", event(value=10**400)),
        ("NotifyEVChargingNeeds", needs(evTargetEnergyRequest=10**400)),
    ],
    ids=["time", "register", "needs"],
)
def test_what_passes_the_schema_and_is_nonsense_is_refused(action, payload):
    it = back_end()
    assert ask(it, action, payload)[0] == 4


def test_there_is_a_limit_to_transactions_and_events(monkeypatch):
    monkeypatch.setattr(csms, "MAX_TRANSACTIONS", 2)
    monkeypatch.setattr(csms, "MAX_EVENTS", 2)
    it = back_end()
    for n in range(3):
        ask(it, "TransactionEvent", event(transactionInfo={"transactionId": f"t{n}"}))
    assert [view.transaction_id for view in it.transactions("CS-1")] == ["t1", "t2"]
    ask(it, "TransactionEvent", event(1))
    assert ask(it, "TransactionEvent", event(2))[0] == 4


def test_decisions_become_profiles():
    it = back_end(Quiet(SetProfile(periods=((UNIX + 0.6, -7000.04), (UNIX + 600.4, 0.0))),
                        SetDynamic(setpoint_w=-1.0, valid_to_s=UNIX + 60, max_offline_s=30),
                        UpdateSetpoint(setpoint_w=2.0)))  # fmt: skip
    ask(it, "TransactionEvent", event(kind="Started"))
    it.receive("CS-1", json.dumps([2, "q", "NotifyEVChargingNeeds", needs()]), 1.0)
    sent = []
    while texts := it.take_frames("CS-1"):
        for frame in map(json.loads, texts):
            if frame[0] == 2:
                sent.append(frame[2:])
                it.receive("CS-1", json.dumps([3, frame[1], {"status": "Accepted"}]), 1.0)
    (absolute, dynamic) = sent
    assert absolute[1]["chargingProfile"] == {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "transactionId": "t1",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [{
            "id": 1,
            "chargingRateUnit": "W",
            "startSchedule": "2026-01-15T17:00:00.000Z",
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "operationMode": "CentralSetpoint", "setpoint": -7000.0},
                {"startPeriod": 600, "operationMode": "CentralSetpoint", "setpoint": 0.0},
            ],
        }],
    }  # fmt: skip
    assert dynamic[1]["chargingProfile"]["validTo"] == "2026-01-15T17:01:00.000Z"
    assert dynamic[1]["chargingProfile"]["maxOfflineDuration"] == 30
    periods = dynamic[1]["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]
    assert periods[0]["setpoint"] == 2.0, "what changes before it is sent is sent once"


def test_of_two_steps_in_the_same_second_the_later_one_counts():
    it = back_end(Quiet(SetProfile(periods=((UNIX + 0.6, -1.0), (UNIX + 60.1, 0.0), (UNIX + 60.4, 5.0)))))
    ask(it, "TransactionEvent", event(kind="Started"))
    it.receive("CS-1", json.dumps([2, "q", "NotifyEVChargingNeeds", needs()]), 1.0)
    (call,) = [frame for frame in map(json.loads, it.take_frames("CS-1")) if frame[0] == 2]
    periods = call[3]["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]
    assert [(period["startPeriod"], period["setpoint"]) for period in periods] == [(0, -1.0), (60, 5.0)]


def calls(it):
    """What the back end asks for next: action, payload, and the id to answer."""
    return [(frame[2], frame[3], frame[1]) for frame in map(json.loads, it.take_frames("CS-1")) if frame[0] == 2]


def setpoint_of(payload):
    return payload["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"][0]["setpoint"]


def test_an_update_goes_to_a_profile_that_is_held_and_is_one_itself_where_none_is():
    it = back_end(Quiet(UpdateSetpoint(setpoint_w=2.0)))
    ask(it, "TransactionEvent", event(kind="Started"))
    it.receive("CS-1", json.dumps([2, "q", "NotifyEVChargingNeeds", needs()]), 1.0)
    ((action, payload, call_id),) = calls(it)
    assert (action, setpoint_of(payload)) == ("SetChargingProfile", 2.0)
    it.receive("CS-1", json.dumps([3, call_id, {"status": "Accepted"}]), 1.0)
    it.receive("CS-1", json.dumps([2, "r", "NotifyEVChargingNeeds", needs()]), 2.0)
    ((action, payload, _),) = calls(it)
    assert action == "UpdateDynamicSchedule"
    assert payload == {"chargingProfileId": 1, "scheduleUpdate": {"setpoint": 2.0}}


def tell(it, payload):
    """A TransactionEvent; what the back end says is left for ``calls``."""
    it.receive("CS-1", json.dumps([2, "e", "TransactionEvent", payload]), 1.0)


def test_a_profile_lost_with_the_connection_is_sent_again_when_it_is_back():
    it = back_end(Quiet(SetProfile(periods=((UNIX, -7000.0),)), SetDynamic(setpoint_w=-1.0)))
    ask(it, "TransactionEvent", event(kind="Started"))
    it.receive("CS-1", json.dumps([2, "q", "NotifyEVChargingNeeds", needs()]), 1.0)
    it.take_frames("CS-1")
    it.disconnected("CS-1", 2.0)
    it.connected("CS-1", 9.0)
    tell(it, event(1, value=1))
    ((action, payload, call_id),) = calls(it)
    assert (action, setpoint_of(payload)) == ("SetChargingProfile", -7000.0)
    it.receive("CS-1", json.dumps([3, call_id, {"status": "Accepted"}]), 9.0)
    ((action, payload, _),) = calls(it)
    assert (action, setpoint_of(payload)) == ("SetChargingProfile", -1.0)


def test_a_profile_that_was_refused_is_tried_again_with_the_next_event_and_forgotten_at_the_end():
    it = back_end(Quiet(SetDynamic(setpoint_w=-1.0)))
    ask(it, "TransactionEvent", event(kind="Started"))
    it.receive("CS-1", json.dumps([2, "q", "NotifyEVChargingNeeds", needs()]), 1.0)
    ((_, _, call_id),) = calls(it)
    it.receive("CS-1", json.dumps([3, call_id, {"status": "Rejected"}]), 1.0)
    assert calls(it) == []
    assert len(it.refusals) == 1
    tell(it, event(1, value=1))
    ((action, _, call_id),) = calls(it)
    assert action == "SetChargingProfile"
    it.receive("CS-1", json.dumps([3, call_id, {"status": "Rejected"}]), 1.0)
    tell(it, event(2, "Ended", 2))
    assert calls(it) == []


def test_a_register_that_a_station_leaves_out_keeps_its_last_value():
    it = back_end()
    both = [{"value": 500, "measurand": "Energy.Active.Import.Register"},
            {"value": 700, "measurand": "Energy.Active.Export.Register"}]  # fmt: skip
    for number, sampled in enumerate((both, both[:1])):
        meter = [{"timestamp": f"2026-01-15T17:0{number}:00Z", "sampledValue": sampled}]
        stamp = f"2026-01-15T17:0{number}:00Z"
        ask(it, "TransactionEvent", event(number, meterValue=meter, timestamp=stamp))
    assert it.registers("CS-1") == ((500, 700), (500, 700))


def test_stations_do_not_mix():
    it = back_end()
    it.connected("CS-2", 0.0)
    ask(it, "TransactionEvent", event(0, "Started", 100))
    assert it.transactions("CS-2") == ()
    it.disconnected("CS-2", 1.0)
    with pytest.raises(LocalError, match="CS-3"):
        it.receive("CS-3", "[]", 0.0)


def test_a_silent_station_is_a_refusal():
    pair = Pair(Quiet(SetDynamic(setpoint_w=-1.0))).connect().plug_in(msgspec.structs.replace(NEEDS))
    pair.csms.request_stop("CS-1", pair.view.transaction_id, 0.0)
    pair.csms.take_frames("CS-1")
    pair.csms.handle_timer(pair.csms.next_timer())
    assert pair.csms.refusals[-1].code == "Timeout"
    pair.csms.request_stop("CS-1", pair.view.transaction_id, 40.0)
    pair.disconnect()
    assert pair.csms.refusals[-1].code == "Disconnected"


def test_a_register_told_late_counts_from_what_it_says_then():
    it = back_end()
    imported = {"value": 500, "measurand": "Energy.Active.Import.Register"}
    exported = {"value": 70_000, "measurand": "Energy.Active.Export.Register"}
    for number, sampled in enumerate(([imported], [imported, exported], [imported, exported | {"value": 70_010}])):
        stamp = f"2026-01-15T17:0{number}:00Z"
        tell(it, event(number, meterValue=[{"timestamp": stamp, "sampledValue": sampled}], timestamp=stamp))
    assert it.registers("CS-1") == ((500, 70_000), (500, 70_010))
