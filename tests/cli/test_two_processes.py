"""``v2g evse`` and ``v2g ev`` as two processes on ::1: a car that gives back, over real sockets.

Profile ``lab``: on a loaded machine the session takes longer, and must not fail.
"""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from iso15118.cli import main
from iso15118.io.tcp import no_tls

LIMIT_S = 120
"""For a broken build only."""


@contextmanager
def v2g(*words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "iso15118.cli", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, out + err
    assert err == ""
    return out


def ports(station: subprocess.Popen[str]) -> tuple[str, str]:
    """TCP and UDP port, once the station listens."""
    found = re.search(r"\[::1\]:(\d+) .*SDP on UDP (\d+)", station.stdout.readline())
    return found[1], found[2]


NO_TLS = no_tls("--lab-plain-tcp")
LAB = ("--lab-plain-tcp", "--timer-profile", "lab")


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_car_gives_back_in_both_kinds_of_control(tmp_path):
    """Two stations and two cars at once: four processes, one discharging session each kind of control."""
    with (
        v2g("evse", *LAB, "--sdp-port", "0", "--setpoint", "-11000", "--sessions", "1",
            "--trace", str(tmp_path / "secc.jsonl")) as first,
        v2g("evse", *LAB, "--sdp-port", "0", "--setpoint", "-11000", "--sessions", "1") as second,
    ):  # fmt: skip
        by_sdp, by_port = ports(first)[1], ports(second)[0]
        with (
            v2g("ev", *LAB, "--control", "dynamic", "--sdp-port", by_sdp, "--seconds", "3",
                "--trace", str(tmp_path / "ev.jsonl")) as dynamic,
            v2g("ev", *LAB, "--control", "scheduled", "--port", by_port, "--seconds", "3") as scheduled,
        ):  # fmt: skip
            told = {"dynamic": (finish(dynamic), finish(first)), "scheduled": (finish(scheduled), finish(second))}

    for control, (car, station) in told.items():
        assert f"DC_BPT, {control} control" in car
        assert "session ended regularly: SessionStop" in car
        assert "misused" not in car + station
        imported, exported = map(int, re.search(r"imported (\d+) Wh, exported (\d+) Wh", station).groups())
        charged, discharged = map(int, re.search(r"charged (\d+) Wh, discharged (\d+) Wh; the", car).groups())
        assert exported > 0
        assert (charged, discharged) == (imported, exported), "the last word to the car is what the meter says"
        given = float(re.search(r"gave ([\d.]+) Wh", car)[1])
        assert exported < given

    both = rows(tmp_path / "secc.jsonl"), rows(tmp_path / "ev.jsonl")
    for side, sender in zip(both, ("tx", "rx"), strict=True):
        meters = [row["body"]["MeterInfo"] for row in side
                  if row["name"] == "DC_ChargeLoopRes" and row["direction"] == sender and "MeterInfo" in row["body"]]  # fmt: skip
        assert meters[0]["BPT_DischargedEnergyReadingWh"] == 0
        assert meters[-1]["BPT_DischargedEnergyReadingWh"] > 0
    assert any(row["kind"] == "state" and row["body"]["power_w"]["grid"] < 0 for row in both[0])
    assert any(row["kind"] == "state" and row["body"]["power_w"]["battery"] < 0 for row in both[1])


def test_a_car_gives_back_in_ac(tmp_path):
    """Two stations and two cars: three lines under Dynamic control, one of three under Scheduled."""
    station = ("--service", "AC_BPT", "--setpoint", "-6000", "--sessions", "1")
    with (
        v2g("evse", *LAB, *station, "--sdp-port", "0", "--trace", str(tmp_path / "secc.jsonl")) as first,
        v2g("evse", *LAB, *station, "--sdp-port", "0", "--max-discharge-power", "9000") as second,
    ):
        by_sdp, by_port = ports(first)[1], ports(second)[0]
        car = ("ev", *LAB, "--service", "AC_BPT", "--seconds", "3")
        with (
            v2g(*car, "--control-mode", "dynamic", "--sdp-port", by_sdp) as dynamic,
            v2g(*car, "--control", "scheduled", "--phases", "1", "--max-discharge-power", "4000", "--port", by_port)
            as scheduled,
        ):  # fmt: skip
            told = {"dynamic": (finish(dynamic), finish(first)), "scheduled": (finish(scheduled), finish(second))}

    for control, (car_said, station_said) in told.items():
        assert f"AC_BPT, {control} control" in car_said
        assert "session ended regularly: SessionStop" in car_said
        assert "misused" not in car_said + station_said
        imported, exported = map(int, re.search(r"imported (\d+) Wh, exported (\d+) Wh", station_said).groups())
        charged, discharged = map(int, re.search(r"charged (\d+) Wh, discharged (\d+) Wh; the", car_said).groups())
        assert exported > 0
        assert (charged, discharged) == (imported, exported), "the last word to the car is what the meter says"
        assert exported < float(re.search(r"gave ([\d.]+) Wh", car_said)[1])
    assert "AC -6000 W  (-2000 -2000 -2000)" in told["dynamic"][0]
    assert "AC -6000 W  (-2000 -2000 -2000)" in told["dynamic"][1]
    # The station's 9 kW are 3 kW a line, and the car uses one.
    assert re.search(r"AC -3000 W  battery", told["scheduled"][0])
    assert "AC -3000 W  (-3000 +0 +0)" in told["scheduled"][1]
    loops = [row["body"] for row in rows(tmp_path / "secc.jsonl") if row["name"] == "AC_ChargeLoopRes"]
    modes = [loop["BPT_Dynamic_AC_CLResControlMode"] for loop in loops]
    assert {"Exponent": -1, "Value": -20000} in [mode["EVSETargetActivePower_L3"] for mode in modes]


@pytest.mark.slow  # the messages are those of DC, which the tests above see; the service is conformance's and session's
def test_megawatt_by_the_messages_of_dc():
    with v2g("evse", *LAB, "--service", "MCS_BPT", "--no-sdp", "--setpoint", "-5000", "--sessions", "1") as station:
        port = re.search(r"\[::1\]:(\d+)", station.stdout.readline())[1]
        with v2g("ev", *LAB, "--service", "MCS_BPT", "--port", port, "--seconds", "2") as car:
            told = finish(car)
        assert "exported 0 Wh" not in finish(station)
    assert "MCS_BPT, dynamic control" in told
    assert "session ended regularly: SessionStop" in told


def test_a_station_that_is_interrupted_asks_the_car_to_end():
    with v2g("evse", *LAB, "--sdp-port", "0") as station:
        port, _ = ports(station)
        with v2g("ev", *LAB, "--port", port) as car:
            for line in car.stdout:
                if "DC -" in line or "DC +" in line:
                    break
            station.send_signal(signal.SIGINT)
            assert "session ended regularly" in finish(car)
        assert "session 1 ended regularly" in finish(station)


def test_a_station_without_a_car_stops_at_once():
    with v2g("evse", *LAB, "--sdp-port", "0") as station:
        ports(station)
        station.send_signal(signal.SIGTERM)
        _, err = station.communicate(timeout=LIMIT_S)
    assert station.returncode == 1
    assert err == "v2g evse: stopped\n"


@pytest.mark.parametrize(
    ("words", "complaint", "status"),
    [
        (("ev",), f"v2g: {NO_TLS}", 2),
        (("evse",), f"v2g: {NO_TLS}", 2),
        (("ev", *LAB, "--port", "1"), "v2g ev: no station at [::1]:1: ", 1),
        (("ev", "--lab-plain-tcp", "--timer-profile", "hurry"), "v2g: no timer profile 'hurry'", 2),
        (("evse", "--lab-plain-tcp", "--peer", "nobody"), "v2g: no peer profile 'nobody'", 2),
        (("evse", "--lab-plain-tcp", "--host", "127.0.0.1"), "v2g: '127.0.0.1' is no IPv6 address", 2),
        (("ev", *LAB, "--service", "DC", "--phases", "1"), "v2g: --phases is for AC; DC has no lines to choose", 2),
        (
            ("ev", *LAB, "--service", "AC", "--max-discharge-power", "9"),
            "v2g: --max-discharge-power needs a service",
            2,
        ),
        (("evse", *LAB, "--sidecar", "/nowhere/x", "--phases", "1"), "v2g: --phases is for the simulated hardware", 2),
        (("ev", *LAB, "--sidecar", "/nowhere/x", "--soc", "0.6"), "v2g: --soc is for the simulated hardware", 2),
        (("evse", *LAB, "--connections", "1"), "v2g: --connections needs --sidecar", 2),
        (("ev", *LAB, "--connections", "1"), "v2g: --connections needs --sidecar", 2),
        (("evse", *LAB, "--csms", "ws://x", "--setpoint", "1"), "v2g: --setpoint is the back end's to say", 2),
        (("evse", *LAB, "--setpoint", "nan"), "v2g: --setpoint nan: a finite number is needed", 2),
        (("ev", *LAB, "--departure-h", "inf"), "v2g: --departure-h inf: a finite number is needed", 2),
        (("csms", "--setpoint", "nan"), "v2g: --setpoint nan: a finite number is needed", 2),
        (("evse", *LAB, "--id-token", "X"), "v2g: --id-token needs --csms", 2),
        (("evse", *LAB, "--resume-without-binding"), "v2g: --resume-without-binding needs --store", 2),
        (("evse", *LAB, "--no-sdp", "--sdp-port", "0"), "v2g: --sdp-port means nothing with --no-sdp", 2),
        (("ev", *LAB, "--port", "1", "--sdp-port", "0"), "v2g: --sdp-port means nothing with --port", 2),
        (("evse", *LAB, "--service", "AC", "--service", "DC"), "v2g: --service: AC, DC mixes AC and DC", 2),
        (("evse", *LAB, "--service", "AC", "--setpoint", "-9"), "v2g: --setpoint below zero needs a service", 2),
        (("evse", *LAB, "--trace", "/nowhere/x.jsonl"), "v2g: can't write the trace to /nowhere/x.jsonl", 2),
    ],
)
def test_errors_take_one_line(words, complaint, status, capsys):
    try:
        ended = main(words)
    except SystemExit as end:
        ended = end.code
    assert ended == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(complaint)
    assert err.count("\n") == 1


def test_a_process_ends_with_the_status_of_its_command():
    with v2g("ev", "--lab-plain-tcp", "--timer-profile", "hurry") as process:
        out, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 2
    assert (out, err.count("\n")) == ("", 1)


def test_a_car_pauses_and_goes_on_after_both_programs_were_restarted(tmp_path):
    """And its transaction at the back end goes on with it."""
    secc, car = ("--store", str(tmp_path / "secc")), ("--store", str(tmp_path / "ev"))
    told = []
    with v2g("csms", "--setpoint", "-6000", "--transactions", "1") as csms:
        url = re.search(r"ws://\S+", csms.stdout.readline())[0]
        for how in (("--pause-after", "1"), ("--seconds", "1")):
            with v2g("evse", *LAB, "--sdp-port", "0", "--csms", url, "--sessions", "1", "--resume-without-binding",
                     *secc) as station:  # fmt: skip
                first = "" if "--seconds" not in how else station.stdout.readline()
                port, _ = ports(station)
                with v2g("ev", *LAB, "--port", port, *how, *car) as vehicle:
                    told.append((finish(vehicle), first + finish(station)))
        back_end = finish(csms)
    (first_car, first_station), (second_car, second_station) = told
    assert "session paused" in first_car
    assert "session 1 paused" in first_station
    assert re.search(r"transaction CS-1-1-\w+ goes on\n", second_station)
    assert "goes on with its paused session" in second_station
    assert "SessionSetup -> DC_ChargeParameterDiscovery" in second_car
    assert "session ended regularly: SessionStop" in second_car
    assert back_end.count("transaction ended, StoppedByEV") == 1
    sums = [int(n) for text in (first_station, second_station) for n in re.search(r"exported (\d+) Wh", text).groups()]
    assert f"exported {sum(sums)} Wh" in back_end.splitlines()[-2]
    assert list((tmp_path / "secc").iterdir()) == []
