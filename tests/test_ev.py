"""The car's user API."""

import pytest

from iso15118 import ev
from iso15118.errors import LocalError, PeerTimeout, SessionError
from iso15118.session.app import Link
from iso15118.session.evcc import EvccConfig
from tests.io.rig import Rig, discharge


def test_plain_tcp_needs_the_lab_switch():
    with pytest.raises(LocalError, match="TLS 1.3, which comes in a later release"):
        ev.Car(ev.SimpleVehicle(), print)


def test_somebody_must_carry_out_what_is_wanted():
    with pytest.raises(LocalError, match="give apply="):
        ev.Car(ev.SimpleVehicle(), lab_plain_tcp=True)


def test_a_car_searches_or_goes_to_a_host():
    with pytest.raises(LocalError, match="name one of the two"):
        ev.Car(ev.SimpleVehicle(), print, lab_plain_tcp=True, interface="lo", host="::1")


def test_the_lab_switch_is_what_allows_the_link():
    car = ev.Car(ev.SimpleVehicle(), print, lab_plain_tcp=True, config=EvccConfig(evcc_id="X"))
    assert car.config == EvccConfig(evcc_id="X", link=Link.LAB_TCP)
    assert not car.connected


async def test_nobody_there():
    rig = Rig()
    async with rig.station:
        port = rig.station.port
    with pytest.raises(SessionError, match=rf"no station at \[::1\]:{port}"):
        await rig.car(port=port).session()


async def test_nobody_answers(monkeypatch):
    monkeypatch.setattr("iso15118.sdp.MAX_REQUESTS", 2)
    rig = Rig(sdp_port=0)
    async with rig.station:
        sdp_port = rig.station.sdp_port
    with pytest.raises(PeerTimeout, match="SDP, 2 requests"):
        await rig.car(port=None, sdp_port=sdp_port).session()


@pytest.mark.parametrize("control", list(ev.ControlMode))
async def test_both_kinds_of_control_discharge(control):
    rig = Rig()
    async with rig.station:
        task = await discharge(rig, rig.car(config=EvccConfig(control_modes=(control,))))
        rig.outlet.stop = True  # this time the station wants to end
        assert (await task).error is None
        assert (await rig.station.session()).error is None
    chosen = [action for _, action in rig.seen if isinstance(action, ev.ServiceChosen)]
    assert [action.control_mode for action in chosen] == [control, control]
    assert rig.exported_wh() > 0
