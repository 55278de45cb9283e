"""What a session asks a car; level-triggered (see the package)."""

from __future__ import annotations

import enum
from typing import Protocol

import msgspec

from iso15118.messages.iso20.common.power_delivery import ChannelSelection
from iso15118.messages.model import Record
from iso15118.messages.xmldsig import Signature
from iso15118.session.ports.ac import AcAbilitiesPort
from iso15118.session.ports.lock import ConnectorLockPort, PilotSignalPort
from iso15118.session.ports.parking import CarParkingPort
from iso15118.session.ports.prices import EnergyOffer
from iso15118.session.ports.value_added import ValueAddedChoicePort

__all__ = [
    "Battery",
    "BatteryPort",
    "Display",
    "DisplayPort",
    "ChannelPort",
    "EnergyNeeds",
    "NeedsPort",
    "ServicesWishPort",
    "SignerPort",
    "Termination",
    "TerminationPort",
    "Vehicle",
    "VehicleLimits",
    "VehicleLimitsPort",
    "Wish",
    "WishPort",
]


class Wish(enum.Enum):
    """What the driver wants now."""

    ENERGY = "energy"
    """Take part: charge or discharge as agreed."""
    STANDBY = "standby"
    """Stay in the loop without power, ready to go on at any moment."""
    PAUSE = "pause"
    """Leave for now and go on later; possible once schedules have been exchanged, until then as ENERGY."""
    STOP = "stop"
    """End the session."""


class Battery(msgspec.Struct, frozen=True, kw_only=True):
    """The battery as measured; of a car that charges at AC ``contactor_closed`` is the relay of its inlet."""

    voltage_v: float
    """Terminal voltage, in front of the contactors: also the voltage to precharge to."""
    inlet_voltage_v: float = 0.0
    """Voltage at the inlet, behind the contactors."""
    current_a: float = 0.0
    """As the car's own sensor reads it; positive into the battery."""
    soc_percent: float = 50.0
    capacity_wh: float | None = None
    contactor_closed: bool = False
    emergency_stop: bool = False


class VehicleLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the battery allows now; magnitudes. Zero means zero."""

    max_charge_power_w: float = 11_000.0
    min_charge_power_w: float = 0.0
    max_charge_current_a: float = 32.0
    min_charge_current_a: float = 0.0
    max_discharge_power_w: float = 11_000.0
    min_discharge_power_w: float = 0.0
    max_discharge_current_a: float = 32.0
    min_discharge_current_a: float = 0.0
    max_voltage_v: float = 450.0
    min_voltage_v: float = 280.0


class EnergyNeeds(msgspec.Struct, frozen=True, kw_only=True):
    """What the driver needs; energies in Wh from now on, negative = the battery holds more than that."""

    departure_s: float | None = None
    """On the session's clock."""
    target_energy_wh: float = 0.0
    maximum_energy_wh: float = 0.0
    minimum_energy_wh: float = 0.0
    maximum_v2x_energy_wh: float | None = None
    """With minimum_v2x_energy_wh or not at all (V2G20-2681)."""
    minimum_v2x_energy_wh: float | None = None
    target_soc_percent: int | None = None
    minimum_soc_percent: int | None = None


class Termination(msgspec.Struct, frozen=True, kw_only=True):
    """Why a car ends a session; texts beyond 80 and 160 characters are cut."""

    code: str | None = None
    explanation: str | None = None


class Display(msgspec.Struct, frozen=True, kw_only=True):
    """What a station may show of a car, never a basis for control (DisplayParameters); None where it is not known."""

    present_soc_percent: int | None = None
    minimum_soc_percent: int | None = None
    target_soc_percent: int | None = None
    maximum_soc_percent: int | None = None
    remaining_to_minimum_s: float | None = None
    remaining_to_target_s: float | None = None
    remaining_to_maximum_s: float | None = None
    charging_complete: bool | None = None
    capacity_wh: float | None = None
    inlet_hot: bool | None = None


class BatteryPort(Protocol):
    """The battery as measured."""

    def battery(self, now: float) -> Battery: ...


class VehicleLimitsPort(Protocol):
    """What the battery allows."""

    def limits(self, now: float) -> VehicleLimits: ...


class NeedsPort(Protocol):
    """What the driver needs."""

    def needs(self, now: float) -> EnergyNeeds: ...

    def needs_revision(self, now: float) -> int:
        """A number that changes when the needs differ so much from those told last that a new schedule is wanted.

        What follows from charging as agreed is no such difference. Only a session in the charge loop renegotiates.
        """
        return 0

    def energy_offer(self, now: float) -> EnergyOffer | None:
        """Scheduled control of a bidirectional service: what the car would take and give, and at which prices."""
        return None


class WishPort(Protocol):
    """What the driver wants now."""

    def wish(self, now: float) -> Wish: ...


class ChannelPort(Protocol):
    """Separated BPT channels: which one the car wants to use."""

    def channel(self, now: float) -> ChannelSelection | None:
        """The channel; None leaves it to the schedule (Scheduled control) or to the target energy (Dynamic control)."""
        return None


class SignerPort(Protocol):
    """Whoever has the car's contract key."""

    def sign(self, element: Record, now: float) -> Signature | None:
        """A signature over one element of a message that has an ``id``; None: this car can't, or not yet."""
        return None


class ServicesWishPort(Protocol):
    """Which energy transfer services the car wants by now."""

    def preferred_services(self, now: float) -> tuple[int, ...] | None:
        """Those it can use, the preferred one first; None for those of its configuration.

        When another one of those on offer comes first during the charge loop, services are chosen anew, if the station
        supports that.
        """
        return None


class TerminationPort(Protocol):
    """Why the car ends a session, for the station's diagnosis."""

    def termination(self, now: float) -> Termination:
        """Asked when the session is about to end or to pause."""
        return Termination()


class DisplayPort(Protocol):
    """What a station may show of the car."""

    def display(self, now: float) -> Display:
        """What is None is taken from battery and needs where they have it, else left out."""
        return Display()


class Vehicle(
    BatteryPort,
    VehicleLimitsPort,
    NeedsPort,
    WishPort,
    ChannelPort,
    ValueAddedChoicePort,
    ConnectorLockPort,
    PilotSignalPort,
    AcAbilitiesPort,
    CarParkingPort,
    SignerPort,
    ServicesWishPort,
    TerminationPort,
    DisplayPort,
    Protocol,
):
    """All a car's session asks: the sum of the small ports. ``SimpleVehicle`` is one."""
