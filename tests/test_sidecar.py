"""Lines of JSON to ports and from actions, without a socket."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iso15118.session import actions as act
from iso15118.session.ports import Authorization, IsolationState, Wish
from iso15118.session.ports.der_iec import EXAMPLE_IEC_SETTINGS
from iso15118.sidecar import Firmware, LineError, plain
from tools.sidecar_page import PAGE, page


def take(firmware: Firmware, message: Any) -> dict[str, Any]:
    return firmware.take(msgspec.json.encode(message))


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tools.sidecar_page"


def test_a_station_of_which_nothing_is_known_does_not_deliver() -> None:
    ports = Firmware("evse").ports
    assert (ports.authorization(0.0), ports.pilot(0.0)) == (Authorization.PENDING, "A")


def test_what_is_set_is_what_the_session_reads() -> None:
    firmware = Firmware("evse")
    take(firmware, {"set": {"authorized": "accepted", "pilot_state": "C", "setpoint_w": -5000, "stop": True}})
    ports = firmware.ports
    assert ports.authorization(0.0) is Authorization.ACCEPTED
    assert (ports.pilot(0.0), ports.target_w(0.0), ports.stop_wanted(0.0)) == ("C", -5000.0, True)
    take(firmware, {"set": {"setpoint_w": None}})
    assert ports.target_w(0.0) is None


def test_of_an_object_only_what_is_given_changes() -> None:
    firmware = Firmware("evse")
    take(firmware, {"set": {"stage": {"voltage_v": 400, "isolation": "valid"}}})
    take(firmware, {"set": {"stage": {"current_a": -12.5}}})
    stage = firmware.ports.reading(0.0)
    assert (stage.voltage_v, stage.current_a, stage.isolation) == (400.0, -12.5, IsolationState.VALID)


def test_an_object_that_was_null_is_made_whole() -> None:
    firmware = Firmware("evse")
    with pytest.raises(LineError, match="import_wh"):
        take(firmware, {"set": {"meter_reading": {"meter_id": "M"}}})
    take(firmware, {"set": {"meter_reading": {"meter_id": "M", "import_wh": 1, "export_wh": 2}}})
    take(firmware, {"set": {"meter_reading": {"export_wh": 3}}})
    reading = firmware.ports.meter(0.0)
    assert reading is not None
    assert (reading.meter_id, reading.import_wh, reading.export_wh) == ("M", 1, 3)


def test_a_car_says_its_wish_and_goes_when_told() -> None:
    firmware = Firmware("ev")
    take(firmware, {"set": {"driver_wish": "stop"}})
    assert firmware.ports.wish(0.0) is Wish.STOP
    assert take(firmware, {"go": True}) == {"go": True}


WRONG: list[tuple[str, Any, str, str]] = [
    ("evse", {"set": {"stage": {"voltage_v": "400"}}}, "set.stage.voltage_v", "Expected `float`, got `str`"),
    ("evse", {"set": {"stage": {"volts": 400}}}, "set.stage", "no 'volts'"),
    ("evse", {"set": {"stage": 400}}, "set.stage", "Expected `object`, got `int`"),
    ("evse", {"set": {"authorized": "yes"}}, "set.authorized", "Invalid enum value 'yes'"),
    ("evse", {"set": {"setpoint": 1}}, "set", "no 'setpoint'"),
    ("evse", {"set": {"ac_charger_limits": {"max_charge_power_w": [1, 2]}}}, "set.ac_charger_limits", "1 or 3"),
    ("evse", {"set": []}, "set", "an object is expected"),
    ("evse", {"get": ["nothing"]}, "get", "no 'nothing'"),
    ("evse", {"get": "stage"}, "get", "a list of names"),
    ("evse", {"go": True}, "line", "no command 'go'"),
    ("ev", {"go": 1}, "go", "it stands alone"),
    ("ev", {"go": True, "set": {"driver_wish": "stop"}}, "go", "it stands alone"),
    ("ev", {"put": {}}, "line", "no command 'put'"),
    ("ev", [1], "line", "an object is expected"),
]


@pytest.mark.parametrize(("side", "message", "where", "what"), WRONG)
def test_a_wrong_line_is_told_where_and_has_no_effect(side: str, message: Any, where: str, what: str) -> None:
    firmware = Firmware(side)
    before = firmware.state()
    with pytest.raises(LineError) as caught:
        take(firmware, message)
    assert caught.value.where == where
    assert what in caught.value.what
    assert firmware.state() == before
    told = msgspec.json.decode(firmware.refusal(7, caught.value))
    assert told == {"error": {"line": 7, "where": caught.value.where, "what": caught.value.what}}


def test_a_line_with_one_wrong_value_sets_nothing() -> None:
    firmware = Firmware("evse")
    with pytest.raises(LineError):
        take(firmware, {"set": {"stop": True, "pilot_state": 3}})
    assert not firmware.ports.stop_wanted(0.0)


@given(st.binary(max_size=200))
@example(b'"\x80"')
@example(b"[" * 60_000)
@example(b'{"set":{"stop":' + b"[" * 60_000)
def test_octets_are_a_line_or_a_line_error(data: bytes) -> None:
    firmware = Firmware("evse")
    before = firmware.state()
    try:
        firmware.take(data)
    except LineError:
        assert firmware.state() == before


@pytest.mark.parametrize("side", ["evse", "ev"])
def test_everything_that_is_told_can_be_set(side: str) -> None:
    firmware = Firmware(side)
    state = firmware.state()
    take(firmware, {"set": state})
    assert firmware.state() == state
    assert msgspec.json.decode(firmware.hello("1", 2.0))["hello"]["state"] == state


def test_settings_of_inverters_are_set_whole_and_in_parts() -> None:
    firmware = Firmware("evse")
    example = plain(EXAMPLE_IEC_SETTINGS)
    take(firmware, {"set": {"iec_settings": example}})
    assert firmware.ports.der_iec(0.0) == EXAMPLE_IEC_SETTINGS
    take(firmware, {"set": {"iec_settings": {"grid_connection_mode": "GridIslanded"}}})
    settings = firmware.ports.der_iec(0.0)
    assert settings.grid_connection_mode.value == "GridIslanded"
    assert settings.der_control == EXAMPLE_IEC_SETTINGS.der_control
    with pytest.raises(LineError, match="no 'nonsense'"):
        take(firmware, {"set": {"sae_settings": {"nonsense": 1}}})


def test_null_is_infinite_where_a_number_can_not_be_missing() -> None:
    firmware = Firmware("evse")
    take(firmware, {"set": {"schedule": [{"start_s": 0, "entries": [[None, 5000]]}]}})
    assert firmware.ports.schedule[0].entries == ((math.inf, 5000.0),)
    take(firmware, {"set": {"setpoint_w": None}})
    assert firmware.ports.target_w(0.0) is None


def test_actions_are_told_by_kind() -> None:
    firmware = Firmware("evse")
    do = msgspec.json.decode(firmware.tell(act.SetContactor(True), 1.5))
    assert do == {"do": {"SetContactor": {"closed": True}}, "t": 1.5}
    tell = msgspec.json.decode(firmware.tell(act.EvccIdentified("X", bytes.fromhex("00FF00FF00FF00FF")), 2.0))
    assert (tell["t"], set(tell)) == (2.0, {"tell", "t"})
    assert tell["tell"]["EvccIdentified"]["session_id"] == "00FF00FF00FF00FF"
    assert plain(act.SetStage(mode=act.StageMode.OFF, max_power_w=math.inf))["max_power_w"] is None
