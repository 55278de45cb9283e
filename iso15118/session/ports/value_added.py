"""Value-added services: what a station offers beside energy, and what a car takes of it; level-triggered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from iso15118.errors import LocalError
from iso15118.session.services import Offer, ServiceId

__all__ = ["ValueAddedChoicePort", "ValueAddedPort", "ValueAddedService"]

_MOST_IDS, _MOST_SETS, _MOST_PARAMETERS, _LONGEST = 65_535, 32, 32, 80
"""Largest ServiceID; maxOccurs of ParameterSet and Parameter; maxLength of names and texts."""
_MOST_INT = 2**31


class ValueAddedService(msgspec.Struct, frozen=True, kw_only=True):
    """A service beside energy, with the sets of parameters from which a car can choose.

    Deployed stations and cars know Internet (65) by ``Protocol`` (a text: http, https, ftp) and ``Port``, ParkingStatus
    (66) by ``IntendedService`` (1 check-in, 2 check-out) and ``ParkingStatusType`` (1 and 2 automatic, 3 and 4 manual
    parking, inside and outside); any other id is a private agreement.
    """

    service_id: int
    """65 Internet, 66 ParkingStatus, or an id of one's own up to 65535; not that of an energy service."""
    free: bool = True
    parameter_sets: Mapping[int, Mapping[str, bool | int | float | str]]
    """Set id to parameters by name: a truth value, a whole number, a number or a text."""

    def __post_init__(self) -> None:
        """Refuse what no message could carry.

        Raises:
            LocalError: What is out of range.
        """
        if not 0 < self.service_id <= _MOST_IDS or self.service_id in tuple(ServiceId):
            raise LocalError(f"{self.service_id} is no id of a value-added service")
        what = f"value-added service {self.service_id}"
        if not 0 < len(self.parameter_sets) <= _MOST_SETS:
            raise LocalError(f"{what} needs 1 to {_MOST_SETS} parameter sets")
        for set_id, parameters in self.parameter_sets.items():
            if not (0 <= set_id <= _MOST_IDS and 0 < len(parameters) <= _MOST_PARAMETERS):
                raise LocalError(f"parameter set {set_id} of {what} needs 1 to {_MOST_PARAMETERS} parameters")
            for name, value in parameters.items():
                long = len(name) > _LONGEST or (isinstance(value, str) and len(value) > _LONGEST)
                large = not isinstance(value, str) and not -_MOST_INT <= value < _MOST_INT
                if long or large:
                    raise LocalError(f"{name!r} of {what} is too long or too large")


class ValueAddedPort(Protocol):
    """What the station offers beside energy."""

    def value_added_services(self, now: float) -> tuple[ValueAddedService, ...]:
        """Read at service discovery; by default nothing. Some deployed cars fail when there is anything."""
        return ()


class ValueAddedChoicePort(Protocol):
    """Which set of a value-added service the car takes (which services it asks about: ``EvccConfig``)."""

    def value_added_set(self, service_id: int, offers: tuple[Offer, ...], now: float) -> int | None:
        """Id of the set to take, by default the first; None: the service is not taken after all."""
        return offers[0].parameter_set_id
