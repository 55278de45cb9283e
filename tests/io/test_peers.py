"""Peer profiles: every name in them exists, and switched on they still make sessions."""

import json

import msgspec
import pytest

from iso15118.errors import LocalError
from iso15118.io.peers import PEERS, peer_profile
from iso15118.session.evcc import EvccConfig
from iso15118.session.ports import Wish
from iso15118.session.secc import SeccConfig
from iso15118.session.services import ControlMode
from iso15118.session.timers import Limits
from iso15118.trace import Trace
from tests.io.rig import Rig, discharge


@pytest.mark.parametrize("profile", PEERS.values(), ids=PEERS)
def test_profiles_are_made_of_options_and_timers_that_exist(profile):
    assert profile.why
    assert Limits(profile.timers)
    assert isinstance(profile.secc(), SeccConfig)
    assert isinstance(profile.evcc(), EvccConfig)


def test_a_standard_peer_needs_nothing():
    profile = peer_profile("none")
    assert (profile.secc(), profile.evcc(), dict(profile.timers)) == (SeccConfig(), EvccConfig(), {})


def test_an_unknown_peer_names_the_known_ones():
    with pytest.raises(LocalError, match="no peer profile 'nobody'; there are none, josev"):
        peer_profile("nobody")


@pytest.mark.parametrize("control", list(ControlMode))
async def test_the_options_for_josev_still_make_a_session_of_ours(control):
    profile = peer_profile("josev")
    lines: list[str] = []
    rig = Rig(config=profile.secc(), trace=Trace(lines.append))
    async with rig.station:
        config = msgspec.structs.replace(profile.evcc(), control_modes=(control,))
        car = await discharge(rig, rig.car(config=config, trace=None))
        rig.vehicle.driver_wish = Wish.STOP
        assert (await car).error is None
    said: dict[str, list[dict[str, object]]] = {}
    for row in map(json.loads, lines):
        said.setdefault(row["name"], []).append(row["body"])
    start = said["PowerDeliveryReq"][0]["EVPowerProfile"]
    (schedule,) = said["ScheduleExchangeRes"]
    if control is ControlMode.SCHEDULED:
        assert start["Scheduled_EVPPTControlMode"]["PowerToleranceAcceptance"] == "PowerToleranceConfirmed"
        (offered,) = schedule["Scheduled_SEResControlMode"]["ScheduleTuple"]
        for kind in ("ChargingSchedule", "DischargingSchedule"):
            assert offered[kind]["PriceLevelSchedule"]["NumberOfPriceLevels"] == 1
    else:
        assert start["Dynamic_EVPPTControlMode"] == {}
        assert len(start["EVPowerProfileEntries"]["EVPowerProfileEntry"]) == 1
    meters = [body["MeterInfo"] for body in said["DC_ChargeLoopRes"] if "MeterInfo" in body]
    assert meters
    assert not any("BPT_DischargedEnergyReadingWh" in meter for meter in meters)
