"""Times on OCPP's wire: RFC 3339 in UTC, milliseconds (OCPP 2.1 allows three fractional digits)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from iso15118.errors import LocalError, OcppError

__all__ = ["from_rfc3339", "to_rfc3339"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_rfc3339(unix_s: float) -> str:
    """Seconds since 1970 as the wire writes them: ``2026-01-15T17:00:00.250Z``.

    Raises:
        LocalError: the time lies outside the years 1 to 9999.
    """
    try:
        time = _EPOCH + timedelta(milliseconds=round(unix_s * 1000.0))
    except (OverflowError, ValueError) as error:
        raise LocalError(f"{unix_s} s since 1970 is no time that can be written") from error
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"


def from_rfc3339(text: str) -> float:
    """Seconds since 1970 of a time on the wire; one without offset counts as UTC.

    Raises:
        OcppError: this is no time (the schema lets a leap second pass, a clock here does not).
    """
    try:
        time = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise OcppError("PropertyConstraintViolation", f"{text[:40]} is no time of RFC 3339") from error
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
