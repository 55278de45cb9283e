import pytest

from iso15118.ocpp import profile_store
from iso15118.ocpp.profile_reader import ProfileRejected
from iso15118.ocpp.profile_store import ProfileStore
from tests.ocpp.test_profile_reader import DYNAMIC, MAX, PROFILE, TX

ALL = {"t1": TX}


def store(*contents):
    it = ProfileStore((1, 2))
    for content in contents:
        it.put({"evseId": 0 if content["chargingProfilePurpose"].endswith("MaxProfile") else 1,
                "chargingProfile": content}, 100.0, ALL)  # fmt: skip
    return it


def put(it, **changes):
    return it.put({"evseId": 1, "chargingProfile": PROFILE | changes}, 100.0, ALL)


def setpoint(it, time_s=200.0, offline_since_s=None):
    return it.target(time_s, evse_id=1, transaction=TX, offline_since_s=offline_since_s).setpoint_w


def test_the_same_id_replaces_and_the_same_place_is_refused():
    it = store(PROFILE)
    put(it)
    assert len(it.profiles) == 1
    with pytest.raises(ProfileRejected) as raised:
        put(it, id=2)
    assert raised.value.code == "DuplicateProfile"
    put(it, id=2, stackLevel=1)
    assert len(it.profiles) == 2


def test_profiles_that_never_meet_may_share_a_place():
    it = ProfileStore((1,))
    put(it, id=1, validTo="1970-01-01T01:00:00Z")
    put(it, id=2, validFrom="1970-01-01T01:00:00Z")
    assert len(it.profiles) == 2


def test_there_is_a_limit():
    it = ProfileStore((1,))
    for n in range(profile_store.MAX_PROFILES):
        put(it, id=n, stackLevel=n)
    with pytest.raises(ProfileRejected, match="already"):
        put(it, id=1000, stackLevel=1000)


def test_updates_reach_dynamic_profiles_only():
    it = store(DYNAMIC)
    it.update({"chargingProfileId": 1, "scheduleUpdate": {"setpoint": -1.0}}, 150.0, ALL)
    assert setpoint(it) == -1.0
    with pytest.raises(ProfileRejected, match="no profile 9"):
        it.update({"chargingProfileId": 9, "scheduleUpdate": {}}, 150.0, ALL)


@pytest.mark.parametrize(
    ("request_", "left"),
    [
        ({"chargingProfileId": 1}, {2}),
        ({"chargingProfileId": 9}, {1, 2}),
        ({"chargingProfileCriteria": {"chargingProfilePurpose": "TxProfile"}}, {2}),
        ({"chargingProfileCriteria": {"evseId": 0, "stackLevel": 0}}, {1}),
        ({"chargingProfileCriteria": {"stackLevel": 3}}, {1, 2}),
        ({}, set()),
    ],
)
def test_clearing(request_, left):
    it = store(PROFILE, MAX | {"id": 2})
    assert it.clear(request_) == (len(left) < 2)
    assert {profile.profile_id for profile in it.profiles} == left


def test_an_external_system_limits_and_a_back_end_cannot_play_it():
    it = store(DYNAMIC)
    it.set_external_limits(None, 2000.0, 100.0)
    assert setpoint(it) == -2000.0
    it.clear({"chargingProfileCriteria": {"evseId": 0}})
    assert setpoint(it) == -2000.0
    it.set_external_limits(None, None, 100.0)
    assert setpoint(it) == -7000.0
    with pytest.raises(ProfileRejected, match="external system"):
        it.put({"evseId": 0, "chargingProfile": MAX | {"chargingProfilePurpose": "ChargingStationExternalConstraints"}},
               0.0, ALL)  # fmt: skip
    with pytest.raises(ProfileRejected, match="negative id"):
        put(it, id=-1)


def test_what_stays_invalid_after_being_offline_is_gone():
    """Q12."""
    it = store(DYNAMIC | {"maxOfflineDuration": 60, "invalidAfterOfflineDuration": True})
    assert setpoint(it, 160.0, offline_since_s=100.0) is None
    it.back_online(100.0, 159.0)
    assert setpoint(it, 159.0) == -7000.0
    before = it.revision(1)
    it.back_online(100.0, 160.0)
    assert setpoint(it, 160.0) is None
    assert it.revision(1) == before + 1


def test_the_end_of_a_transaction_is_the_end_of_its_profiles():
    it = store(PROFILE, MAX | {"id": 2})
    it.end_transaction("t1")
    assert [profile.profile_id for profile in it.profiles] == [2]


def test_profiles_of_another_outlet_are_no_change_for_this_one():
    it, profile = ProfileStore((1, 2)), PROFILE | {"chargingProfilePurpose": "TxDefaultProfile"}
    profile.pop("transactionId", None)

    def revisions():
        return it.revision(1), it.revision(2)

    it.put({"evseId": 2, "chargingProfile": profile}, 0.0, {})
    assert revisions() == (0, 1)
    it.put({"evseId": 1, "chargingProfile": profile}, 0.0, {})  # it moves over
    assert revisions() == (1, 2)
    it.set_external_limits(1_000.0, None, 0.0)
    assert revisions() == (2, 3)
    it.clear({"chargingProfileId": 1})
    assert revisions() == (3, 3)
