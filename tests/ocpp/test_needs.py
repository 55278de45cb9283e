import msgspec
import pytest

from iso15118.errors import OcppError
from iso15118.ocpp import schemas
from iso15118.ocpp.needs import ChargingNeeds, needs_payload, read_needs
from tests.ocpp.pair import NEEDS, UNIX


def test_what_is_told_is_what_is_read():
    payload = needs_payload(1, NEEDS, UNIX, offline=True)
    schemas.check("NotifyEVChargingNeeds", "Request", payload)
    assert payload["timestamp"] == "2026-01-15T17:00:00.000Z"
    assert read_needs(payload) == NEEDS


def test_discharge_is_told_as_magnitudes_and_energy_with_its_sign():
    parameters = needs_payload(1, NEEDS, UNIX, offline=False)["chargingNeeds"]["v2xChargingParameters"]
    assert parameters["maxDischargePower"] == 11_000.0
    assert parameters["evMinEnergyRequest"] == -20_000.0


def test_what_was_not_told_is_not_sent():
    bare = ChargingNeeds(requested_energy_transfer="DC", control_mode="ScheduledControl", mobility_needs_mode="EVCC")
    payload = needs_payload(2, bare, UNIX, offline=False)
    schemas.check("NotifyEVChargingNeeds", "Request", payload)
    assert set(payload) == {"evseId", "chargingNeeds"}
    assert "departureTime" not in payload["chargingNeeds"]
    assert "evTargetEnergyRequest" not in payload["chargingNeeds"]["v2xChargingParameters"]


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"departure_unix_s": UNIX + 46_805}, True),
        ({"departure_unix_s": UNIX + 46_900}, False),
        ({"departure_unix_s": None}, False),
        ({"target_energy_wh": 1.0}, False),
    ],
)
def test_what_a_back_end_knows_already(changes, same):
    assert NEEDS.same_as(msgspec.structs.replace(NEEDS, **changes)) is same
    assert not NEEDS.same_as(None)


@pytest.mark.parametrize(
    "needs",
    [
        {"departureTime": "2016-12-31T23:59:60Z"},
        {"v2xChargingParameters": {"maxChargePower": 1e300}},
    ],
)
def test_nonsense_is_refused(needs):
    with pytest.raises(OcppError):
        read_needs({"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "DC_BPT"} | needs})


@pytest.mark.parametrize("mode", ["DC_BPT", "AC_BPT", "AC_BPT_DER", "DC_ACDP_BPT", "DC", "AC_three_phase", "AC_DER"])
def test_whether_energy_may_flow_out_of_the_car_is_in_the_name(mode):
    assert msgspec.structs.replace(NEEDS, requested_energy_transfer=mode).bidirectional is ("BPT" in mode)
