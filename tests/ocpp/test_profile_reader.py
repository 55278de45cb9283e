import pytest

from iso15118.errors import OcppError
from iso15118.ocpp import schemas
from iso15118.ocpp.profile_reader import ProfileRejected, read_profile, read_update
from iso15118.ocpp.profiles import Period, Transaction

TX = Transaction(transaction_id="t1", evse_id=1, start_s=0.0, discharge_allowed=True)
ONE_WAY = Transaction(transaction_id="t2", evse_id=2, start_s=0.0, discharge_allowed=False)
START = "1970-01-01T00:01:40.000Z"
PERIOD = {"startPeriod": 0, "operationMode": "CentralSetpoint", "setpoint": -7000.0}
SCHEDULE = {"id": 5, "chargingRateUnit": "W", "startSchedule": START, "chargingSchedulePeriod": [PERIOD]}
PROFILE = {
    "id": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Absolute",
    "transactionId": "t1",
    "chargingSchedule": [SCHEDULE],
}


def without(content, name):
    return {key: value for key, value in content.items() if key != name}


DYNAMIC = PROFILE | {"chargingProfileKind": "Dynamic", "chargingSchedule": [without(SCHEDULE, "startSchedule")]}
MAX = without(PROFILE, "transactionId") | {
    "chargingProfilePurpose": "ChargingStationMaxProfile",
    "chargingSchedule": [SCHEDULE | {"chargingSchedulePeriod": [{"startPeriod": 0, "limit": 5000.0}]}],
}


def scheduled(**changes):
    return PROFILE | {"chargingSchedule": [SCHEDULE | changes]}


def step(**changes):
    return scheduled(chargingSchedulePeriod=[PERIOD | changes])


def read(content, evse_id=1):
    schemas.check("SetChargingProfile", "Request", {"evseId": evse_id, "chargingProfile": content})
    return read_profile(evse_id, content, 500.0, evse_ids=(1, 2), transactions={"t1": TX, "t2": ONE_WAY})


def test_signs_and_times_are_ours_inside():
    profile = read(
        step(limit=1000, dischargeLimit=-8000.0)
        | {
            "validFrom": START,
            "validTo": "1970-01-01T01:00:00Z",
            "maxOfflineDuration": 60,
            "invalidAfterOfflineDuration": True,
        }
    )
    assert profile.periods == (
        Period(start_s=0.0, mode="CentralSetpoint", setpoint_w=-7000.0, limit_w=1000.0, discharge_limit_w=8000.0),
    )
    assert (profile.start_s, profile.valid_from_s, profile.valid_to_s) == (100.0, 100.0, 3600.0)
    assert (profile.max_offline_s, profile.invalid_after_offline, profile.updated_s) == (60.0, True, None)


def test_the_mode_left_out_is_charging_only():
    assert read(MAX, evse_id=0).periods[0].mode == "ChargingOnly"


@pytest.mark.parametrize(
    ("content", "evse_id", "code"),
    [
        (PROFILE | {"chargingProfilePurpose": "PriorityCharging"}, 1, "UnsupportedPurpose"),
        (PROFILE | {"chargingProfileKind": "Recurring"}, 1, "UnsupportedParam"),
        (PROFILE, 7, "UnknownEVSE"),
        (PROFILE, 0, "InvalidProfile"),
        (PROFILE, 2, "InvalidProfile"),
        (without(PROFILE, "transactionId"), 1, "InvalidProfile"),
        (PROFILE | {"transactionId": "t9"}, 1, "TxNotFound"),
        (PROFILE | {"transactionId": "t2"}, 2, "InvalidOperationMode"),
        (PROFILE | {"chargingProfilePurpose": "TxDefaultProfile"}, 1, "InvalidProfile"),
        (MAX, 1, "InvalidProfile"),
        (MAX | {"chargingSchedule": [SCHEDULE]}, 0, "InvalidOperationMode"),
        (PROFILE | {"chargingSchedule": [SCHEDULE, SCHEDULE]}, 1, "InvalidSchedule"),
        (PROFILE | {"dynUpdateTime": START}, 1, "InvalidProfile"),
        (DYNAMIC | {"dynUpdateInterval": 60}, 1, "UnsupportedParam"),
        (PROFILE | {"chargingSchedule": [without(SCHEDULE, "startSchedule")]}, 1, "InvalidSchedule"),
        (PROFILE | {"chargingProfileKind": "Relative"}, 1, "InvalidSchedule"),
        (PROFILE | {"maxOfflineDuration": -1}, 1, "InvalidSchedule"),
        (scheduled(chargingRateUnit="A"), 1, "UnsupportedRateUnit"),
        (scheduled(useLocalTime=True), 1, "UnsupportedParam"),
        (scheduled(limitAtSoC={"soc": 80, "limit": 1.0}), 1, "UnsupportedParam"),
        (scheduled(duration=10**12), 1, "InvalidSchedule"),
        (scheduled(chargingSchedulePeriod=[PERIOD | {"startPeriod": 5}]), 1, "InvalidSchedule"),
        (scheduled(chargingSchedulePeriod=[PERIOD, PERIOD]), 1, "InvalidSchedule"),
        (
            DYNAMIC
            | {"chargingSchedule": [SCHEDULE | {"chargingSchedulePeriod": [PERIOD, PERIOD | {"startPeriod": 9}]}]},
            1,
            "InvalidSchedule",
        ),
        (step(operationMode="LocalFrequency"), 1, "InvalidOperationMode"),
        (step(setpoint_L2=-1.0), 1, "NoPhaseForDC"),
        (step(numberPhases=3), 1, "NoPhaseForDC"),
        (step(setpointReactive=1.0), 1, "UnsupportedParam"),
        (step(evseSleep=True), 1, "UnsupportedParam"),
        (step(limit=-1.0), 1, "InvalidSchedule"),
        (step(operationMode="ChargingOnly"), 1, "InvalidSchedule"),
        (step(operationMode="ChargingOnly", limit=1.0), 1, "InvalidSchedule"),
        (step(dischargeLimit=-6000.0), 1, "InvalidSchedule"),
        (step(setpoint=9000.0, limit=8000.0), 1, "InvalidSchedule"),
        (step(setpoint=-1e12), 1, "InvalidSchedule"),
        (step(setpoint=10**300), 1, "InvalidSchedule"),
        (scheduled(chargingSchedulePeriod=[without(PERIOD, "setpoint")]), 1, "InvalidSchedule"),
    ],
)
def test_rules_the_station_enforces(content, evse_id, code):
    with pytest.raises(ProfileRejected) as raised:
        read(content, evse_id)
    assert raised.value.code == code


def test_a_leap_second_is_no_time_here():
    with pytest.raises(OcppError):
        read_profile(1, PROFILE | {"validTo": "2016-12-31T23:59:60Z"}, 0.0, evse_ids=(1,), transactions={"t1": TX})


def test_an_update_changes_what_it_names_and_renews_the_watchdog():
    profile = read(DYNAMIC | {"chargingSchedule": [without(SCHEDULE, "startSchedule") | {"duration": 300}]})
    assert profile.updated_s == 500.0
    updated = read_update(profile, {"setpoint": -100.0, "dischargeLimit": -200.0}, 600.0, TX)
    assert (updated.updated_s, updated.duration_s) == (600.0, 300.0)
    assert (updated.periods[0].setpoint_w, updated.periods[0].discharge_limit_w) == (-100.0, 200.0)
    again = read_update(updated, {"limit": 50.0}, 700.0, TX)
    assert (again.periods[0].setpoint_w, again.periods[0].discharge_limit_w, again.periods[0].limit_w) == (
        -100.0,
        200.0,
        50.0,
    )


def test_updates_obey_the_same_rules():
    with pytest.raises(ProfileRejected, match="not Dynamic"):
        read_update(read(PROFILE), {"setpoint": 1.0}, 0.0, TX)
    with pytest.raises(ProfileRejected, match=r"V2X\.05"):
        read_update(read(DYNAMIC), {"dischargeLimit": -1.0}, 0.0, TX)
    with pytest.raises(ProfileRejected, match="bidirectional"):
        read_update(read(DYNAMIC), {"setpoint": -1.0}, 0.0, ONE_WAY)
