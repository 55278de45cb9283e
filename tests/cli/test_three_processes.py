"""Back end, station and car as three processes on ::1: OCPP 2.1 over a websocket, ISO 15118-20 over TCP."""

from __future__ import annotations

import re

import pytest

from tests.cli.test_two_processes import LAB, finish, ports, v2g


@pytest.mark.parametrize("service", ["DC_BPT", "AC_BPT"])
def test_a_back_end_takes_power_out_of_a_car(service):
    what = ("--service", service)
    with v2g("csms", "--setpoint", "-6000", "--transactions", "1") as csms:
        url = re.search(r"ws://\S+", csms.stdout.readline())[0]
        with v2g("evse", *LAB, *what, "--sdp-port", "0", "--csms", url, "--sample", "1", "--sessions", "1") as evse:
            port, _ = ports(evse)
            with v2g("ev", *LAB, *what, "--port", port, "--seconds", "3") as car:
                told_by_car, told_by_station, told_by_back_end = finish(car), finish(evse), finish(csms)

    assert "session ended regularly: SessionStop" in told_by_car
    imported, exported = map(int, re.search(r"imported (\d+) Wh, exported (\d+) Wh", told_by_station).groups())
    assert exported > 0
    assert f"imported {imported} Wh, exported {exported} Wh" in told_by_back_end.splitlines()[-2]
    assert "transaction ended, StoppedByEV" in told_by_back_end
    assert re.search(r"CS-1: -\d{3,} W", told_by_back_end)


def test_a_back_end_that_refuses_the_card_leaves_the_car_without_energy():
    with v2g("csms", "--setpoint", "-6000", "--token", "SOMEBODY-ELSE") as csms:
        url = re.search(r"ws://\S+", csms.stdout.readline())[0]
        with v2g("evse", *LAB, "--sdp-port", "0", "--csms", url, "--sessions", "1") as evse:
            port, _ = ports(evse)
            with v2g("ev", *LAB, "--port", port, "--seconds", "3") as car:
                finish(car)
                told_by_station = finish(evse)
        csms.terminate()
        finish(csms)

    assert "imported 0 Wh, exported 0 Wh" in told_by_station
    assert "DC_ChargeLoop" not in told_by_station


def test_an_address_that_is_none_and_a_port_that_is_taken_are_one_line_each():
    with v2g("evse", *LAB, "--sdp-port", "0", "--csms", "http://x") as evse:
        assert "looks like ws://host:port/ocpp" in evse.communicate(timeout=60)[1]
        assert evse.returncode == 2
    with v2g("csms") as first:
        port = re.search(r"]:(\d+)/", first.stdout.readline())[1]
        with v2g("csms", "--port", port) as second:
            told = second.communicate(timeout=60)[1]
            assert f"can't listen on [::1]:{port}" in told
            assert told.count("\n") == 1
            assert second.returncode == 2
