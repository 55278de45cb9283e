"""PICS: what a SUT is said to support. Cases whose conditions do not hold are not selected.

A TOML file with a table for each side::

    [station]
    services = ["DC", "DC_BPT"]
    supports = ["scheduled", "dynamic", "EIM", "metering"]
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from iso15118.errors import LocalError

__all__ = ["FEATURES", "OWN", "SERVICES", "Pics", "SidePics", "load"]

SERVICES = ("AC", "DC", "AC_BPT", "DC_BPT", "MCS", "MCS_BPT", "AC_DER_IEC", "AC_DER_SAE")
FEATURES: Mapping[str, str] = MappingProxyType(
    {
        "scheduled": "Scheduled control",
        "dynamic": "Dynamic control",
        "EIM": "authorization by external means",
        "PnC": "Plug and Charge",
        "metering": "the station has a meter; the car asks for MeterInfo",
        "metering_confirmation": "signed confirmation of meter readings",
        "pause": "pause and resume",
        "standby": "ChargeProgress Standby",
        "schedule_renegotiation": "new schedules in the charge loop",
        "service_renegotiation": "another service in the same session",
        "side_streams": "payload types beside the charge loop",
        "vas": "value-added services",
        "separated_channel": "BPTChannel separated",
        "grid_forming": "GeneratorMode grid forming",
        "mobility_needs_secc": "MobilityNeedsMode 2",
        "power_tolerance": "power tolerance of schedules",
        "discharge_schedule": "schedules with discharging",
        "quirk_ongoing_pre_charge": "PowerDelivery after PreCharge(Ongoing) is served",
    }
)
"""Features a side may support, beside services."""


class SidePics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one side supports."""

    services: tuple[str, ...] = ()
    supports: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what nobody has heard of.

        Raises:
            LocalError: An unknown service or feature.
        """
        for given, known in ((self.services, SERVICES), (self.supports, tuple(FEATURES))):
            for name in given:
                if name not in known:
                    raise LocalError(f"PICS: no {name!r}; there are {', '.join(known)}")

    def holds(self, condition: str) -> bool:
        """Whether a condition holds: a service, a feature, or ``not`` and one of them.

        Raises:
            LocalError: There is no such service or feature.
        """
        name = condition.removeprefix("not ")
        if name not in SERVICES and name not in FEATURES:
            raise LocalError(f"no PICS condition {condition!r}")
        return (name in self.services or name in self.supports) is (name == condition)

    def select(self, conditions: Iterable[str]) -> bool:
        """Whether all conditions hold."""
        return all(self.holds(condition) for condition in conditions)


class Pics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a SUT supports; a side that is left out supports nothing."""

    station: SidePics = SidePics()
    car: SidePics = SidePics()


OWN = Path(__file__).parent / "own.toml"
"""PICS of this project's own cores."""


def load(path: Path = OWN) -> Pics:
    """Read a file.

    Raises:
        LocalError: It can't be read, or does not say what PICS say.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Pics)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise LocalError(f"{path}: {error}") from None
