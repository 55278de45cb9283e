"""The station's user API: switches, several outlets in one process, nothing loaded late."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from iso15118 import ev, evse
from iso15118.errors import LocalError
from iso15118.trace import Trace
from tests.io.rig import Rig, discharge, until

ROOT = Path(__file__).parents[1]


def test_plain_tcp_needs_the_lab_switch():
    with pytest.raises(LocalError, match="TLS 1.3, which comes in a later release"):
        evse.Station(evse.SimpleCharger(), print)


def test_somebody_must_carry_out_what_is_wanted():
    with pytest.raises(LocalError, match="give apply="):
        evse.Station(evse.SimpleCharger(), lab_plain_tcp=True)


@pytest.mark.parametrize("options", [{"timer_profile": "hurry"}, {"timers": {"TEA": 1.0}}, {"interface": "nowhere0"}])
def test_wrong_options_are_refused_at_once(options):
    with pytest.raises(LocalError, match=r"hurry|TEA|nowhere0"):
        evse.Station(evse.SimpleCharger(), print, lab_plain_tcp=True, **options)


async def test_a_station_that_is_not_open():
    station = evse.Station(evse.SimpleCharger(), print, lab_plain_tcp=True)
    station.wake()
    with pytest.raises(LocalError, match="not open"):
        await station.session()


async def test_several_outlets_in_one_process():
    """Each with its own port and SDP port, all at the same time, each with a power of its own."""
    rigs = [Rig(setpoint_w=watts, sdp_port=0) for watts in (-3000.0, -5000.0, 4000.0)]
    for rig in rigs:
        await rig.station.__aenter__()
    cars = [asyncio.create_task(rig.car(port=None, sdp_port=rig.station.sdp_port).session()) for rig in rigs]
    sessions = [asyncio.create_task(rig.station.session()) for rig in rigs]
    for rig in rigs[:2]:
        await rig.discharging.wait()
    assert all(rig.station.busy for rig in rigs)
    rigs[0].vehicle.driver_wish = ev.Wish.STOP
    assert (await sessions[0]).error is None
    assert rigs[1].station.busy, "the end of one session is nothing to another"
    rigs[1].outlet.stop = rigs[2].outlet.stop = True
    ended = await asyncio.gather(*sessions, *cars)
    for rig in rigs:
        await rig.station.__aexit__()
        await rig.check_off()
    assert {each.error for each in ended} == {None}
    assert [rig.exported_wh() > 0 for rig in rigs] == [True, True, False]
    assert rigs[2].outlet.outlet.meter.imported_wh > 0


async def test_sessions_follow_each_other():
    lines: list[str] = []
    rig = Rig(trace=Trace(lines.append))
    serving = asyncio.create_task(rig.station.serve(2))
    for _ in range(2):
        await until(lambda: rig.station.port != 0 and not rig.station.busy)
        rig.discharging.clear()
        rig.vehicle.driver_wish = ev.Wish.ENERGY
        car = await discharge(rig, rig.car(trace=None))
        rig.vehicle.driver_wish = ev.Wish.STOP
        assert (await car).error is None
    assert [ended.error for ended in await serving] == [None, None]
    names = [json.loads(line)["name"] for line in lines]
    assert names.count("SessionSetupReq") == names.count("SessionStopRes") == 2


LATE = """
import asyncio, sys
from tests.io.rig import Rig, discharge
from iso15118 import ev
from iso15118.exi import grammar
async def main():
    rig = Rig(sdp_port=0)
    async with rig.station:
        before = set(sys.modules)
        task = asyncio.create_task(rig.car(port=None, sdp_port=rig.station.sdp_port).session())
        await rig.discharging.wait()
        rig.vehicle.driver_wish = ev.Wish.STOP
        ended = await asyncio.gather(task, rig.station.session())
        assert all(each.error is None for each in ended), ended
        print(*sorted(set(sys.modules) - before))
asyncio.run(main())
"""


def test_nothing_is_imported_once_a_car_can_find_the_station():
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
