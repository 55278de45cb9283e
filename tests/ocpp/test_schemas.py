import importlib.util
import sys

import pytest

from iso15118.errors import MissingExtra, OcppError
from iso15118.ocpp import schemas


def test_all_actions_are_known_without_importing_the_package_that_lists_them():
    assert len(schemas.known_actions()) == 91
    assert "NotifyPeriodicEventStream" in schemas.known_actions()
    assert "ocpp" not in sys.modules or sys.modules["ocpp"].__spec__ is not None


@pytest.mark.parametrize(
    ("action", "kind", "payload", "code"),
    [
        ("Heartbeat", "Request", {"x": 1}, "FormatViolation"),
        ("Heartbeat", "Request", [], "FormatViolation"),
        ("Nonsense", "Request", {}, "NotImplemented"),
        ("BootNotification", "Request", {}, "OccurrenceConstraintViolation"),
        ("NotifyPeriodicEventStream", "Request", {}, "MessageTypeNotSupported"),
        ("Heartbeat", "Send", {}, "MessageTypeNotSupported"),
        ("Heartbeat", "Response", {"currentTime": 5}, "TypeConstraintViolation"),
        ("Heartbeat", "Response", {"currentTime": "yesterday"}, "PropertyConstraintViolation"),
        (
            "UpdateDynamicSchedule",
            "Request",
            {"chargingProfileId": 1, "scheduleUpdate": {"dischargeLimit": 5.0}},
            "PropertyConstraintViolation",
        ),
    ],
)
def test_a_wrong_payload_says_how_it_is_wrong(action, kind, payload, code):
    with pytest.raises(OcppError) as raised:
        schemas.check(action, kind, payload)
    assert raised.value.code == code
    assert len(raised.value.description) <= schemas.MAX_ERROR_TEXT


def test_names_that_other_libraries_mangle_are_fine_here():
    schemas.check("UpdateDynamicSchedule", "Request", {"chargingProfileId": 1, "scheduleUpdate": {"setpoint_L2": -1.5}})


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    schemas._folder.cache_clear()
    try:
        with pytest.raises(MissingExtra, match=r"evbpt\[ocpp\]"):
            schemas._folder()
    finally:
        schemas._folder.cache_clear()
