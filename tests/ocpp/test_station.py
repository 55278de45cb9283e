import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso15118.errors import LocalError
from iso15118.ocpp import schemas, station_core
from iso15118.ocpp.station import NEEDS_WAIT_S, ChargingStation, MeterSample, Target
from iso15118.ocpp.times import from_rfc3339, to_rfc3339
from sim.control import SetDynamic, SetProfile, UpdateSetpoint
from tests.ocpp.pair import CAR, METER, NEEDS, UNIX, Pair, Quiet

OUT = SetDynamic(setpoint_w=-7000.0)
TIME = "2026-01-15T17:00:00.000Z"


class Scripted:
    """A station whose back end is the test itself."""

    def __init__(self, **options):
        self.station = ChargingStation("CS-1", id_token="card", unix_offset_s=UNIX, **options)
        self.sent = []
        self.station.connected(0.0)

    def take(self):
        frames = [json.loads(text) for text in self.station.take_frames()]
        self.sent += frames
        return frames

    def answer(self, payload, now, kind=3):
        call_id = [frame for frame in self.sent if frame[0] == 2][-1][1]
        frame = [3, call_id, payload] if kind == 3 else [4, call_id, payload, "", {}]
        self.station.receive(json.dumps(frame), now)
        return self.take()

    def boot(self, status="Accepted", interval=300):
        self.take()
        return self.answer({"currentTime": TIME, "interval": interval, "status": status}, 0.0)


def test_boot_status_heartbeat():
    pair = Pair().connect()
    assert [frame[2] for who, frame in pair.frames if who == "station"] == [
        "BootNotification",
        "StatusNotification",
        "StatusNotification",
    ]
    assert pair.station.online
    pair.run_until(700.0)
    assert len(pair.calls("Heartbeat")) == 2


@pytest.mark.parametrize(("interval", "wait"), [(30, 30.0), (0, station_core.RETRY_S), (1, 10.0), (10**400, 604_800.0)])
def test_a_station_that_is_not_accepted_says_nothing_but_boot(interval, wait):
    it = Scripted()
    if interval > 10**300:
        it.boot(interval=interval)
        assert it.station.next_timer() <= wait + 1
        return
    assert it.boot("Pending", interval) == []
    it.station.plug_in(1, 1.0)
    it.station.request_authorization(1, 1.0)
    assert it.take() == []
    assert it.station.next_timer() == wait
    it.station.handle_timer(wait)
    (frame,) = it.take()
    assert frame[2] == "BootNotification"
    assert [frame[2] for frame in it.answer({"currentTime": TIME, "interval": 60, "status": "Accepted"}, wait)] == [
        "StatusNotification"
    ]


def test_a_failed_boot_is_tried_again():
    it = Scripted()
    it.take()
    it.answer("InternalError", 1.0, kind=4)
    assert it.station.next_timer() == 1.0 + station_core.RETRY_S


def test_the_card_and_the_car_are_asked_for_and_allowed_modes_obeyed():
    """Q01: EVCCID as additional information, allowedEnergyTransfer in the answer."""
    pair = Pair().connect()
    assert pair.station.authorization(1) == "pending"
    assert pair.station.allowed_energy_transfer(1) == {"DC"}
    pair.plug_in()
    (request,) = pair.calls("Authorize")
    assert request["idToken"] == {
        "idToken": "card",
        "type": "ISO14443",
        "additionalInfo": [{"additionalIdToken": CAR, "type": "EVCCID"}],
    }
    assert pair.station.authorization(1) == "accepted"
    assert pair.station.allowed_energy_transfer(1) == {"DC", "DC_BPT"}
    assert pair.station.authorization(2) == "pending"
    assert pair.view.evcc_id == CAR


def test_an_answer_without_allowed_modes_means_charging_only():
    pair = Pair(allowed_energy_transfer=None).connect().plug_in()
    assert pair.station.authorization(1) == "accepted"
    assert pair.station.allowed_energy_transfer(1) == {"DC"}


def test_an_unknown_card_is_rejected_and_there_is_no_transaction():
    station = ChargingStation("CS-1", id_token="stolen", unix_offset_s=UNIX)
    pair = Pair(station=station).connect().plug_in()
    assert pair.station.authorization(1) == "rejected"
    assert pair.station.transaction_id(1) is None
    assert pair.events() == []


def test_a_failed_authorization_is_asked_again():
    it = Scripted()
    it.boot()
    it.answer({}, 0.0)
    it.station.request_authorization(1, 1.0)
    assert it.take()[0][2] == "Authorize"
    it.answer("InternalError", 2.0, kind=4)
    assert it.station.authorization(1) == "pending"
    assert it.station.next_timer() == 2.0 + station_core.AUTHORIZE_RETRY_S
    it.station.handle_timer(2.0 + station_core.AUTHORIZE_RETRY_S)
    assert it.take()[0][2] == "Authorize"


def test_a_transaction_in_events():
    pair = Pair(Quiet(OUT)).connect().plug_in()
    pair.station.energy_flow(1, True, 0.0)
    pair.meter = lambda now: MeterSample(
        import_wh=1_000_000, export_wh=50_000 + round(7000 * now / 3600), power_w=-7000.0, voltage_v=400.0,
        current_a=-17.5, soc_percent=59,
    )  # fmt: skip
    pair.run_until(130.0)
    pair.station.measure(1, pair.meter(130.0), 130.0)
    pair.station.energy_flow(1, False, 130.0)
    pair.station.end_session(1, "SessionStop", 130.0)
    pair.station.unplug(1, 131.0)
    pair.exchange()

    assert pair.errors() == []
    assert [(e["eventType"], e["triggerReason"], e["transactionInfo"]["chargingState"]) for e in pair.events()] == [
        ("Started", "Authorized", "EVConnected"),
        ("Updated", "OperationModeChanged", "EVConnected"),
        ("Updated", "ChargingStateChanged", "Charging"),
        ("Updated", "MeterValuePeriodic", "Charging"),
        ("Updated", "MeterValuePeriodic", "Charging"),
        ("Updated", "ChargingStateChanged", "SuspendedEVSE"),
        ("Ended", "ChargingStateChanged", "EVConnected"),
    ]
    assert [e["seqNo"] for e in pair.events()] == list(range(7))
    assert [e["transactionInfo"]["operationMode"] for e in pair.events()] == ["ChargingOnly"] + 6 * ["CentralSetpoint"]
    assert not any(e.get("offline") for e in pair.events())
    (sample,) = pair.events()[4]["meterValue"]
    assert sample["timestamp"] == to_rfc3339(UNIX + 120)
    assert {v["measurand"]: v["value"] for v in sample["sampledValue"]} == {
        "Energy.Active.Import.Register": 1_000_000,
        "Energy.Active.Export.Register": 50_233,
        "Power.Active.Import": 0.0,
        "Power.Active.Export": 7000.0,
        "Current.Import": 0.0,
        "Current.Export": 17.5,
        "Voltage": 400.0,
        "Power.Active.Setpoint": -7000.0,
        "SoC": 59,
    }
    assert pair.events()[0]["meterValue"][0]["sampledValue"][1] == {
        "value": 50_000,
        "measurand": "Energy.Active.Export.Register",
        "context": "Transaction.Begin",
        "location": "Outlet",
        "unitOfMeasure": {"unit": "Wh"},
    }
    assert {v["context"] for v in pair.events()[-1]["meterValue"][0]["sampledValue"]} == {"Transaction.End"}
    assert pair.csms.registers("CS-1") == ((1_000_000, 50_000), (1_000_000, 50_253))
    assert pair.view.stopped_reason == "StoppedByEV"
    assert [s["connectorStatus"] for s in pair.calls("StatusNotification") if s["evseId"] == 1] == [
        "Available",
        "Occupied",
        "Available",
    ]


def test_needs_are_told_once_for_each_that_differ():
    pair = Pair().connect().plug_in()
    pair.station.charging_needs(1, msgspec.structs.replace(NEEDS, departure_unix_s=UNIX + 46_802), 1.0)
    pair.exchange()
    (request,) = pair.calls("NotifyEVChargingNeeds")
    assert request == {
        "evseId": 1,
        "maxScheduleTuples": 1024,
        "chargingNeeds": {
            "requestedEnergyTransfer": "DC_BPT",
            "controlMode": "DynamicControl",
            "mobilityNeedsMode": "EVCC_SECC",
            "departureTime": "2026-01-16T06:00:00.000Z",
            "v2xChargingParameters": {
                "minChargePower": 0.0,
                "maxChargePower": 11_000.0,
                "minDischargePower": 0.0,
                "maxDischargePower": 11_000.0,
                "minChargeCurrent": 0.0,
                "maxChargeCurrent": 30.0,
                "minDischargeCurrent": 0.0,
                "maxDischargeCurrent": 30.0,
                "minVoltage": 150.0,
                "maxVoltage": 500.0,
                "evTargetEnergyRequest": 15_000.0,
                "evMinEnergyRequest": -20_000.0,
                "evMaxEnergyRequest": 24_000.0,
                "targetSoC": 85,
            },
        },
    }
    pair.station.charging_needs(1, msgspec.structs.replace(NEEDS, target_energy_wh=14_000.0), 2.0)
    pair.exchange()
    assert len(pair.calls("NotifyEVChargingNeeds")) == 2
    assert pair.view.needs == msgspec.structs.replace(NEEDS, target_energy_wh=14_000.0)


def test_one_way_needs_say_nothing_of_discharge():
    pair = Pair().connect().plug_in(msgspec.structs.replace(NEEDS, requested_energy_transfer="DC"))
    parameters = pair.calls("NotifyEVChargingNeeds")[0]["chargingNeeds"]["v2xChargingParameters"]
    assert not any("Discharge" in name for name in parameters)


def booted_with_needs(status):
    it = Scripted()
    it.boot()
    it.answer({}, 0.0)
    it.station.request_authorization(1, 1.0)
    it.take()
    it.answer({"idTokenInfo": {"status": "Accepted"}, "allowedEnergyTransfer": ["DC", "DC_BPT", "AC_BPT"]}, 1.0)
    it.station.measure(1, METER, 1.0)
    it.take()
    it.answer({}, 1.0)
    assert not it.station.needs_answered(1, 1.0)
    it.station.charging_needs(1, NEEDS, 1.0)
    it.take()
    it.answer({"status": status}, 1.0)
    return it


def test_after_accepted_needs_the_profile_is_waited_for_but_not_forever():
    it = booted_with_needs("Accepted")
    assert not it.station.needs_answered(1, NEEDS_WAIT_S)
    assert it.station.needs_answered(1, 1.0 + NEEDS_WAIT_S)
    assert it.station.target(1, 1.0) == Target()
    assert it.station.allowed_energy_transfer(1) == {"DC", "DC_BPT"}


@pytest.mark.parametrize("status", ["Processing", "NoChargingProfile"])
def test_a_back_end_may_say_not_to_wait(status):
    it = booted_with_needs(status)
    assert it.station.needs_answered(1, 1.0)
    assert not it.station.stop_requested(1)


def test_rejected_needs_end_the_session_with_their_reason():
    """Q01.FR.06."""
    it = booted_with_needs("Rejected")
    assert it.station.stop_requested(1)
    it.station.end_session(1, "SessionStop", 2.0)
    (event,) = it.take()
    assert event[3]["triggerReason"] == "AbnormalCondition"
    assert event[3]["transactionInfo"]["stoppedReason"] == "ReqEnergyTransferRejected"


def test_a_profile_answers_the_needs_and_sets_the_target():
    pair = Pair(Quiet(OUT)).connect().plug_in()
    assert pair.station.needs_answered(1, 0.0)
    assert pair.station.target(1, 0.0) == Target(
        setpoint_w=-7000.0, discharge_limit_w=None, operation_mode="CentralSetpoint"
    )
    assert pair.station.target(2, 0.0) == Target()


def test_updates_clearing_and_stop():
    pair = Pair(Quiet(OUT)).connect().plug_in()
    rpc = pair.csms._stations["CS-1"].rpc
    rpc.call("UpdateDynamicSchedule", {"chargingProfileId": 1, "scheduleUpdate": {"setpoint": 3000}}, 0.0)
    pair.exchange()
    assert pair.station.target(1, 0.0).setpoint_w == 3000.0
    rpc.call("UpdateDynamicSchedule", {"chargingProfileId": 9, "scheduleUpdate": {"setpoint": 3000}}, 0.0)
    rpc.call("ClearChargingProfile", {"chargingProfileId": 9}, 0.0)
    rpc.call("NotifyAllowedEnergyTransfer",
             {"transactionId": pair.view.transaction_id, "allowedEnergyTransfer": ["DC"]}, 0.0)  # fmt: skip
    rpc.call("NotifyAllowedEnergyTransfer", {"transactionId": "no", "allowedEnergyTransfer": ["DC"]}, 0.0)
    rpc.call("RequestStopTransaction", {"transactionId": "no"}, 0.0)
    pair.exchange()
    assert [
        (action, answer["status"], answer.get("statusInfo", {}).get("reasonCode"))
        for action, _, answer in pair.csms.refusals
    ] == [
        ("UpdateDynamicSchedule", "Rejected", "InvalidProfile"),
        ("ClearChargingProfile", "Unknown", None),
        ("NotifyAllowedEnergyTransfer", "Rejected", "UnsupportedRequest"),
        ("NotifyAllowedEnergyTransfer", "Rejected", "InvalidValue"),
        ("RequestStopTransaction", "Rejected", "TxNotFound"),
    ]
    rpc.call("ClearChargingProfile", {"chargingProfileId": 1}, 0.0)
    pair.exchange()
    assert pair.station.target(1, 0.0) == Target()
    assert pair.events()[-1]["triggerReason"] == "OperationModeChanged"

    pair.csms.request_stop("CS-1", pair.view.transaction_id, 0.0)
    pair.exchange()
    assert pair.station.stop_requested(1)
    pair.station.end_session(1, "SessionStop", 1.0)
    pair.exchange()
    assert (pair.events()[-1]["triggerReason"], pair.view.stopped_reason) == ("RemoteStop", "Remote")
    assert not pair.station.stop_requested(1)


def test_a_rejected_profile_says_why():
    profile = SetProfile(periods=((UNIX, -7000.0),))
    pair = Pair(Quiet(profile)).connect().plug_in(msgspec.structs.replace(NEEDS, requested_energy_transfer="DC"))
    ((action, _, answer),) = pair.csms.refusals
    assert (action, answer["statusInfo"]["reasonCode"]) == ("SetChargingProfile", "InvalidOperationMode")
    assert pair.station.target(1, 0.0) == Target()


def test_a_period_ends_when_it_says_and_the_charger_is_told_when_to_ask():
    plan = SetProfile(periods=((UNIX, -7000.0), (UNIX + 600, 0.0), (UNIX + 1200, 4000.0)))
    pair = Pair(Quiet(plan)).connect().plug_in()
    target = pair.station.target(1, 0.0)
    assert target.setpoint_w == -7000.0
    assert target.valid_until == pytest.approx(600.0, abs=0.01)
    assert pair.station.target(1, target.valid_until).setpoint_w == 0.0
    assert pair.station.schedule(1, 0.0, 3600.0) == [(0.0, -7000.0), (600.0, 0.0), (1200.0, 4000.0)]
    assert pair.station.schedule(1, 300.0, 600.0) == [(0.0, -7000.0), (300.0, 0.0)]


def test_a_schedule_fits_the_car():
    plan = SetProfile(periods=tuple((UNIX + 600 * n, -1000.0 * (1 + n)) for n in range(20)))
    pair = Pair(Quiet(plan)).connect().plug_in(msgspec.structs.replace(NEEDS, max_schedule_tuples=12))
    schedule = pair.station.schedule(1, 0.0, 86_400.0)
    assert len(schedule) == 12
    assert schedule[-2:] == [(6000.0, -11_000.0), (6600.0, 0.0)]


def test_without_any_profile_there_is_no_schedule():
    assert Pair().connect().plug_in().station.schedule(1, 0.0, 3600.0) == []


def test_an_energy_manager_on_site_caps_and_is_no_permission():
    pair = Pair(Quiet(OUT)).connect().plug_in()
    pair.station.set_external_limits(None, 2000.0, 1.0)
    assert pair.station.target(1, 1.0).setpoint_w == -2000.0


def test_a_connector_torn_out_ends_the_transaction():
    pair = Pair().connect().plug_in()
    pair.station.unplug(1, 5.0)
    pair.exchange()
    assert pair.view.stopped_reason == "EVDisconnected"
    assert pair.station.transaction_id(1) is None


def test_a_back_end_that_goes_away_during_discharge_misses_nothing():
    """Q11: the profile holds; events are queued, marked and numbered without a gap; the meter loses nothing."""
    pair = Pair(Quiet(OUT)).connect().plug_in()
    pair.meter = lambda now: msgspec.structs.replace(METER, export_wh=50_000 + round(7000 * now / 3600))
    pair.station.energy_flow(1, True, 0.0)
    pair.run_until(100.0).disconnect()
    pair.run_until(1000.0)
    assert pair.station.target(1, 1000.0).setpoint_w == -7000.0
    assert pair.station.next_timer() is not None

    pair.connect().run_until(1100.0)
    events = pair.events()
    assert [e["seqNo"] for e in events] == list(range(len(events)))
    assert pair.view.seq_nos == set(range(len(events)))
    offline = [e for e in events if e.get("offline")]
    assert len(offline) == 15
    assert all(100 < from_rfc3339(e["timestamp"]) - UNIX <= 1000 for e in offline)
    assert len(pair.controller.samples) == 1 + 18
    assert pair.csms.registers("CS-1")[1][1] == 50_000 + round(7000 * 1080 / 3600)
    assert len(pair.calls("BootNotification")) == 1


def test_an_event_whose_answer_was_lost_is_sent_again_and_counted_once():
    pair = Pair(Quiet(OUT)).connect().plug_in()
    pair.station.energy_flow(1, True, 1.0)
    (text,) = pair.station.take_frames()
    pair.csms.receive("CS-1", text, 1.0)
    pair.disconnect()
    pair.connect()
    assert pair.view.seq_nos == {0, 1, 2}
    assert pair.events()[-1]["seqNo"] == 2
    assert pair.errors() == []


def test_a_session_that_ends_offline_is_told_later():
    pair = Pair(Quiet(OUT)).connect().plug_in()
    pair.disconnect()
    pair.station.end_session(1, "SessionStop", 10.0)
    pair.station.unplug(1, 11.0)
    pair.now = 20.0
    pair.connect()
    assert pair.view.ended_s == UNIX + 10.0
    assert pair.events()[-1]["offline"] is True
    assert pair.calls("StatusNotification")[-2]["connectorStatus"] == "Available"


def test_what_was_asked_offline_is_asked_when_there_is_someone_to_ask():
    pair = Pair(Quiet(OUT))
    pair.station.plug_in(1, 0.0)
    pair.station.request_authorization(1, 0.0)
    pair.station.charging_needs(1, NEEDS, 0.0)
    assert pair.station.take_frames() == []
    pair.now = 5.0
    pair.connect().run_until(5.0)
    assert pair.station.target(1, 5.0).setpoint_w == -7000.0
    assert pair.calls("NotifyEVChargingNeeds")[0]["timestamp"] == TIME


def test_a_profile_may_forbid_going_on_alone():
    """Q11 with maxOfflineDuration, and Q12: it holds again afterwards."""
    pair = Pair(Quiet(SetDynamic(setpoint_w=-7000.0, max_offline_s=60))).connect().plug_in()
    pair.run_until(100.0).disconnect()
    assert pair.station.target(1, 159.0).setpoint_w == -7000.0
    assert pair.station.target(1, 160.1) == Target()
    pair.run_until(170.0)
    pair.connect()
    assert pair.station.target(1, 170.0).setpoint_w == -7000.0
    modes = [
        e["transactionInfo"]["operationMode"] for e in pair.events() if e["triggerReason"] == "OperationModeChanged"
    ]
    assert modes == ["CentralSetpoint", "ChargingOnly", "CentralSetpoint"]


def test_a_silent_back_end_is_told_again():
    it = booted_with_needs("Processing")
    it.station.energy_flow(1, True, 2.0)
    (first,) = it.take()
    it.station.handle_timer(32.0)
    assert it.take() == [], "a pause first: what else there is goes out meanwhile"
    it.station.handle_timer(62.0)
    assert it.take() == [first]


def test_samples_stop_before_the_queue_is_full_and_the_numbers_have_no_gap(monkeypatch):
    monkeypatch.setattr(station_core, "MAX_QUEUED_SAMPLES", 5)
    pair = Pair().connect().plug_in()
    pair.disconnect()
    pair.run_until(1000.0)
    assert pair.station.dropped_events > 0
    pair.station.end_session(1, "SessionStop", 1000.0)
    pair.connect()
    assert pair.view.seq_nos == set(range(len(pair.view.seq_nos)))
    assert pair.view.ended_s is not None


def test_two_outlets_do_not_mix():
    pair = Pair(Quiet(OUT)).connect().plug_in()
    pair.now = 1.0
    pair.station.request_authorization(2, 1.0)
    pair.station.measure(2, METER, 1.0)
    pair.run_until(1.0)
    pair.station.charging_needs(2, NEEDS, 1.0)
    pair.run_until(1.0)
    first, second = pair.csms.transactions("CS-1")
    assert (first.evse_id, second.evse_id) == (1, 2)
    assert first.transaction_id != second.transaction_id
    pair.station.end_session(1, "Local", 2.0)
    assert pair.station.target(1, 2.0) == Target()
    assert pair.station.target(2, 2.0).setpoint_w == -7000.0


def test_the_same_evening_gives_the_same_frames():
    def play():
        return Pair(Quiet(OUT)).connect().plug_in().run_until(500.0).frames

    assert play() == play()


def test_the_callers_mistakes():
    station = ChargingStation("CS-1", id_token="card")
    with pytest.raises(LocalError, match="outlets 1 to 1"):
        station.target(2, 0.0)
    with pytest.raises(LocalError, match="at least one"):
        ChargingStation("CS-1", evse_count=0, id_token="card")


ACTIONS = ("SetChargingProfile", "UpdateDynamicSchedule", "ClearChargingProfile", "RequestStopTransaction")
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=60)
@given(st.sampled_from(ACTIONS), st.integers(-2, 3), numbers, numbers, numbers, st.sampled_from(["TxProfile", "TxDefaultProfile", "ChargingStationMaxProfile"]))  # fmt: skip
def test_no_request_breaks_the_station(action, evse_id, one, two, three, purpose):
    pair = Pair(Quiet(OUT)).connect().plug_in()
    period = {"startPeriod": one, "setpoint": two, "limit": three, "operationMode": "CentralSetpoint"}
    schedule = {"id": 1, "chargingRateUnit": "W", "duration": one, "chargingSchedulePeriod": [period]}
    profile = {"id": evse_id, "stackLevel": 1, "chargingProfilePurpose": purpose, "chargingProfileKind": "Dynamic",
               "transactionId": pair.view.transaction_id, "chargingSchedule": [schedule]}  # fmt: skip
    payload = {
        "SetChargingProfile": {"evseId": evse_id, "chargingProfile": profile},
        "UpdateDynamicSchedule": {"chargingProfileId": 1, "scheduleUpdate": {"setpoint": two, "limit": three}},
        "ClearChargingProfile": {"chargingProfileId": evse_id},
        "RequestStopTransaction": {"transactionId": pair.view.transaction_id},
    }[action]
    pair.station.receive(json.dumps([2, "x", action, payload]), 1.0)
    (answer,) = [json.loads(text) for text in pair.station.take_frames()][:1]
    assert answer[1] == "x"
    assert answer[0] in (3, 4)
    if answer[0] == 3:
        schemas.check(action, "Response", answer[2])


def test_the_controllers_timer():
    quiet = Quiet(OUT)
    pair = Pair(quiet).connect().plug_in()
    quiet.timer, quiet.timed = UNIX + 50, ((pair.view.transaction_id, UpdateSetpoint(setpoint_w=-1.0)),)
    pair.run_until(60.0)
    assert pair.station.target(1, 60.0).setpoint_w == -1.0


def test_energy_transfers_may_change_where_services_can_be_chosen_anew():
    pair = Pair(Quiet(OUT)).connect().plug_in()
    pair.station._service_renegotiation = True
    rpc, transaction = pair.csms._stations["CS-1"].rpc, pair.view.transaction_id
    for modes in (["DC"], ["AC_BPT"]):
        rpc.call("NotifyAllowedEnergyTransfer", {"transactionId": transaction, "allowedEnergyTransfer": modes}, 0.0)
    pair.exchange()
    assert pair.station.allowed_energy_transfer(1) == {"DC"}, (
        "what is not supported here is refused and changes nothing"
    )
    assert [answer["status"] for _, _, answer in pair.csms.refusals] == ["Rejected"]


def test_needs_of_another_service_are_told_and_waited_for_anew():
    pair = Pair(Quiet(OUT)).connect().plug_in()
    assert pair.station.needs_answered(1, pair.now)
    told = len(pair.calls("NotifyEVChargingNeeds"))
    pair.station.expect_needs(1)
    assert not pair.station.needs_answered(1, pair.now)
    pair.station.charging_needs(1, NEEDS, pair.now)
    pair.exchange()
    assert len(pair.calls("NotifyEVChargingNeeds")) == told + 1, "the same ones as before"


def test_whatever_changes_profiles_changes_the_revision_of_schedules():
    pair = Pair(Quiet(OUT)).connect().plug_in()
    rpc, seen = pair.csms._stations["CS-1"].rpc, [pair.station.schedule_revision(1)]
    rpc.call("UpdateDynamicSchedule", {"chargingProfileId": 1, "scheduleUpdate": {"setpoint": 3000}}, 0.0)
    pair.exchange()
    seen.append(pair.station.schedule_revision(1))
    pair.station.set_external_limits(1_000.0, None, pair.now)
    seen.append(pair.station.schedule_revision(1))
    rpc.call("ClearChargingProfile", {"chargingProfileId": 1}, 0.0)
    pair.exchange()
    seen.append(pair.station.schedule_revision(1))
    rpc.call("ClearChargingProfile", {"chargingProfileId": 1}, 0.0)
    pair.exchange()
    assert len(set(seen)) == len(seen)
    assert pair.station.schedule_revision(1) == seen[-1], "nothing was there to clear"
