import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.errors import LocalError, OcppError
from iso15118.ocpp.times import from_rfc3339, to_rfc3339


@pytest.mark.parametrize(
    ("text", "unix_s"),
    [
        ("1970-01-01T00:00:00.000Z", 0.0),
        ("2026-01-15T17:00:00.250Z", 1768496400.25),
        ("2026-01-15T18:00:00.25+01:00", 1768496400.25),
        ("2026-01-15t17:00:00.25z", 1768496400.25),
        ("2026-01-15T17:00:00.25", 1768496400.25),
    ],
)
def test_known_times(text, unix_s):
    assert from_rfc3339(text) == unix_s


@given(st.integers(0, 2**42))
def test_milliseconds_survive(ms):
    assert round(from_rfc3339(to_rfc3339(ms / 1000)) * 1000) == ms


def test_what_is_no_time():
    with pytest.raises(OcppError):
        from_rfc3339("2016-12-31T23:59:60Z")
    with pytest.raises(LocalError):
        to_rfc3339(1e18)
