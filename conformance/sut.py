"""The port to a system under test: octets, time, conditions and observations.

Today our own cores in virtual time stand behind it (``conformance.virtual``); a station or a car at a network address
can as well. Whatever a SUT can't be set to (``CannotSet``) or does not show (``CannotObserve``) makes a case INCONC, and
the PICS deselect cases beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from conformance.pics import Pics

__all__ = [
    "CAR_CONDITIONS",
    "CAR_SETUP",
    "STATION_CONDITIONS",
    "STATION_SETUP",
    "Bench",
    "CannotObserve",
    "CannotSet",
    "Seen",
    "Sut",
    "SutCrashed",
]

Seen = float | str
"""An observed value: a number, or a name (pilot state)."""


class CannotSet(Exception):
    """The SUT can't be put under that condition, or be set up that way."""


class CannotObserve(Exception):
    """The SUT does not show that quantity."""


class SutCrashed(Exception):
    """The SUT itself broke down: never a verdict other than FAIL."""


class Sut(Protocol):
    """A station or a car, seen from outside.

    Times are seconds of the SUT's clock. Quantities: ``connected`` (1 or 0), ``contactor`` (1 closed, 0 open),
    ``current_a`` and ``power_w`` (positive into the car) of the SUT's own connector; of a station ``voltage_v``,
    ``charged_wh`` and ``discharged_wh`` through it; of a car ``pilot``.
    """

    @property
    def now(self) -> float:
        """Seconds since the SUT was started."""
        ...

    @property
    def closed(self) -> bool:
        """Whether there is no connection (any more)."""
        ...

    def connect(self) -> None:
        """Open a connection: the tester calls a station; a car calls the tester."""
        ...

    def disconnect(self) -> None:
        """Close the connection from the tester's end."""
        ...

    def send(self, octets: bytes) -> None:
        """Send to the SUT."""
        ...

    def receive(self, within_s: float) -> bytes | None:
        """The next octets the SUT sends within that time; None when the time is over or the connection closed."""
        ...

    def advance(self, seconds: float) -> None:
        """Let time pass; what the SUT sends meanwhile waits to be received."""
        ...

    def set(self, condition: str, value: Any) -> None:
        """Put the SUT, or what surrounds it, under a condition.

        Raises:
            CannotSet: There is no way to.
        """
        ...

    def observe(self, quantity: str) -> Seen:
        """What a quantity is now.

        Raises:
            CannotObserve: Nothing shows it.
        """
        ...

    def history(self, quantity: str) -> Sequence[tuple[float, Seen]]:
        """Every change of a quantity so far: when, and to what; in order.

        Raises:
            CannotObserve: Nothing shows it.
        """
        ...


class Bench(Protocol):
    """Where SUTs come from: a fresh one for every case."""

    pics: Pics

    def station(self, setup: Mapping[str, Any]) -> Sut:
        """A station that waits for a connection.

        Raises:
            CannotSet: It can't be set up that way.
        """
        ...

    def car(self, setup: Mapping[str, Any]) -> Sut:
        """A car that is plugged in.

        Raises:
            CannotSet: It can't be set up that way.
        """
        ...


STATION_SETUP: Mapping[str, str] = MappingProxyType(
    {
        "link": "what the connection is said to run on: tls13 (default), tls12, tcp",
        "protocols": "what the station serves: DC, AC, AC_DER_IEC, AC_DER_SAE (default: all)",
        "ongoing_pre_charge": "whether PowerDelivery may follow PreCharge(Ongoing); default no",
        "pause": "whether sessions may be paused; default yes",
        "service_renegotiation": "whether services may be chosen anew; default no",
        "schedule_renegotiation": "whether new schedules can be had in the loop; default yes",
        "tolerance_required": "whether a car has to confirm a power tolerance; default no",
        "separated_channel": "whether BPTChannel 2 is offered beside 1; default no",
        "grid_forming": "whether GeneratorMode 2 is offered beside 1; default no",
        "mobility_needs_secc": "whether MobilityNeedsMode 2 is offered beside 1; default no",
    }
)
"""What a station may have to be set to before it is started."""

CAR_SETUP: Mapping[str, str] = MappingProxyType(
    {
        "link": "what the connection is said to run on: tls13 (default), tls12, tcp",
        "services": "ids of the energy services the car can use, the preferred one first",
        "dynamic": "whether it is to select Dynamic control; either when left out",
    }
)
"""What a car may have to be set to before it is started."""

STATION_CONDITIONS: Mapping[str, str] = MappingProxyType(
    {
        "pilot": "control pilot state the car shows: A, B, C or D",
        "car_contactor": "whether the car's contactors are closed",
        "battery_voltage_v": "voltage behind the car's contactors",
        "car_power_w": "AC: what the car draws (positive) or feeds on each line once the outlet is live",
        "authorization": "what whoever authorizes says: pending, accepted, rejected",
        "services": "ids of the energy services that may be offered",
        "schedule_ready": "whether schedules have been made",
        "schedules": "schedules to offer from now on: (tuple id, ((duration s, power W), ...)), ...; None for none",
        "power_tolerance_w": "power tolerance of the schedules that are set next, or None",
        "binding": "what the next connection proves about the tester's car (octets), or None",
        "pause": "whether the station wants the car to pause",
        "standby": "whether the station lets the car stand by",
        "exit_standby": "whether the station wants a car in standby to go on",
        "mobility": "what the station knows of departure and energy: names of MobilityNeeds -> value",
        "value_added": "services beside energy: (id, {set id: {parameter: value}}), ...",
        "confirmation": "whether meter readings are to be confirmed",
        "signature": "what whoever checks signatures says: valid, invalid, pending",
        "target_w": "set point of the back end in Dynamic control, or None",
        "limits": "what the outlet can do: names of a limit -> value",
        "isolation": "result of the isolation test: valid, fault, pending",
        "contactor": "what the outlet's contactor does: free, stuck_open, stuck_closed",
        "meter": "whether there is a meter",
        "stop": "whether the station wants to end the session",
        "emergency_stop": "the button on the outlet",
        "ramp_a_per_s": "how quickly the stage's current changes",
    }
)
"""Conditions of a station, and what they mean."""

CAR_CONDITIONS: Mapping[str, str] = MappingProxyType(
    {
        "outlet_voltage_v": "voltage that the tester applies to the outlet",
        "outlet_current_a": "DC: current that the tester drives, positive into the car",
        "outlet_contactor": "whether the tester's contactor is closed",
        "wish": "what the driver wants: energy, standby, pause, stop",
        "signer": "whether the car can sign meter readings",
        "needs": "what the driver needs: names of EnergyNeeds -> value",
        "limits": "what the battery allows: names of a limit -> value",
        "battery": "the battery as measured: names -> value",
    }
)
"""Conditions of a car, and what they mean."""
