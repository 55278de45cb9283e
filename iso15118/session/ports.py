"""What a session asks its surroundings: read-only, answered at once, asked again whenever it matters.

Ports are level-triggered: they tell the present truth. "Not yet known" is an answer (None, PENDING), and the session
says Ongoing on the wire. Whoever learns something asynchronously (a back end, a sensor) writes it into the state from
which the port reads; nothing can come too early or in the wrong state.

Every port has a simple implementation with sensible defaults, so that a dozen lines make a working station or car.
``now`` is the session's clock (monotonic seconds). Signs: positive into the battery; limits are magnitudes >= 0.
"""

from __future__ import annotations

import enum
import math
from typing import Protocol

import msgspec

from iso15118.session.ac_ports import AcLimits, AcOutlet, AcReading

__all__ = [
    "Authorization",
    "AuthorizationPort",
    "Battery",
    "BatteryPort",
    "Charger",
    "ChargerLimits",
    "ChargingNeeds",
    "EnergyNeeds",
    "IsolationState",
    "LimitsPort",
    "MeterPort",
    "MeterReading",
    "NeedsPort",
    "OfferedSchedule",
    "PilotPort",
    "SchedulePort",
    "ServicesPort",
    "StagePort",
    "SimpleCharger",
    "SimpleVehicle",
    "StageReading",
    "StopPort",
    "TargetPort",
    "Vehicle",
    "VehicleLimits",
    "VehicleLimitsPort",
    "Wish",
    "WishPort",
]


# --- the station -----------------------------------------------------------------------------------------------------


class Authorization(enum.Enum):
    """Answer of whoever authorizes."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class ChargerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the outlet can do now, at DC; magnitudes. Zero means zero, not "no limit"."""

    max_charge_power_w: float = 11_000.0
    min_charge_power_w: float = 0.0
    max_charge_current_a: float = 30.0
    min_charge_current_a: float = 0.0
    max_discharge_power_w: float = 11_000.0
    min_discharge_power_w: float = 0.0
    max_discharge_current_a: float = 30.0
    min_discharge_current_a: float = 0.0
    max_voltage_v: float = 500.0
    min_voltage_v: float = 150.0
    power_ramp_w_per_s: float | None = None


class IsolationState(enum.Enum):
    """Result of the isolation test."""

    PENDING = "pending"
    VALID = "valid"
    FAULT = "fault"


class StageReading(msgspec.Struct, frozen=True, kw_only=True):
    """The DC stage as measured at the outlet; of an AC outlet only contactor, faults and emergency stop."""

    voltage_v: float = 0.0
    current_a: float = 0.0
    """Positive into the car."""
    isolation: IsolationState = IsolationState.PENDING
    contactor_closed: bool = False
    contactor_fault: bool = False
    """A contactor that does not follow its command."""
    emergency_stop: bool = False
    power_limit_achieved: bool = False
    current_limit_achieved: bool = False
    voltage_limit_achieved: bool = False


class MeterReading(msgspec.Struct, frozen=True, kw_only=True):
    """Cumulative registers of the station's AC meter, integer Wh."""

    meter_id: str
    import_wh: int
    export_wh: int
    power_w: float = 0.0
    """AC power right now; positive into the car."""


class OfferedSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule for Scheduled control. Power at the outlet, signed; negative entries discharge the car."""

    schedule_tuple_id: int = 1
    start_s: float
    """On the session's clock."""
    entries: tuple[tuple[float, float], ...]
    """Duration in s and power in W, one after the other; at least one."""


class ChargingNeeds(msgspec.Struct, frozen=True, kw_only=True):
    """What the car told in parameter discovery and schedule exchange; powers and currents are magnitudes."""

    service_id: int
    control_mode: int
    mobility_needs_mode: int
    bidirectional: bool
    maximum_supporting_points: int
    departure_s: float | None = None
    """On the session's clock."""
    target_energy_wh: float | None = None
    maximum_energy_wh: float | None = None
    minimum_energy_wh: float | None = None
    maximum_v2x_energy_wh: float | None = None
    minimum_v2x_energy_wh: float | None = None
    target_soc_percent: int | None = None
    minimum_soc_percent: int | None = None
    max_charge_power_w: float = 0.0
    min_charge_power_w: float = 0.0
    max_charge_current_a: float = 0.0
    min_charge_current_a: float = 0.0
    max_discharge_power_w: float = 0.0
    min_discharge_power_w: float = 0.0
    max_discharge_current_a: float = 0.0
    min_discharge_current_a: float = 0.0
    max_voltage_v: float = 0.0
    min_voltage_v: float = 0.0
    lines: int = 0
    """AC: lines in use, 1 or 3; powers are those of all together. 0 in DC."""


class AuthorizationPort(Protocol):
    """Who may charge."""

    def authorization(self, now: float) -> Authorization: ...


class ServicesPort(Protocol):
    """Which energy transfer services may be offered now (a back end may forbid the bidirectional ones)."""

    def energy_services(self, now: float) -> tuple[int, ...]: ...


class LimitsPort(Protocol):
    """What the outlet can do."""

    def limits(self, now: float) -> ChargerLimits: ...


class TargetPort(Protocol):
    """Dynamic control: the set point at the AC meter in W; None when there is none (charge as the car likes)."""

    def target_w(self, now: float) -> float | None: ...

    def allowed_w(self, now: float) -> tuple[float, float]:
        """Scheduled control: lowest (<= 0) and highest (>= 0) power at the outlet that is allowed by now.

        A schedule that was agreed upon may have been taken back; infinite where nobody says anything.
        """
        ...


class SchedulePort(Protocol):
    """Schedules for Scheduled control, and whether a back end has made up its mind."""

    def ready(self, now: float) -> bool:
        """False keeps ScheduleExchange at Ongoing (both control modes)."""
        ...

    def schedules(self, needs: ChargingNeeds, now: float) -> tuple[OfferedSchedule, ...]:
        """One to three schedules to choose from."""
        ...


class StagePort(Protocol):
    """The DC stage as measured."""

    def reading(self, now: float) -> StageReading: ...


class MeterPort(Protocol):
    """The AC meter; None when the station has none."""

    def meter(self, now: float) -> MeterReading | None: ...


class PilotPort(Protocol):
    """Control pilot as the station sees it: "A" unplugged, "B" connected, "C" ready, "D" ready with ventilation."""

    def pilot(self, now: float) -> str: ...


class StopPort(Protocol):
    """Whether the station (its user, its back end) wants the session to end."""

    def stop_wanted(self, now: float) -> bool: ...


class SimpleCharger:
    """Default answers to every question of a station; set the attributes, or override what you know better."""

    def __init__(self, *, energy_services: tuple[int, ...] = (6, 2), limits: ChargerLimits | None = None) -> None:
        self.authorized = Authorization.ACCEPTED
        self.offered_services = energy_services
        self.charger_limits = limits or ChargerLimits()
        self.setpoint_w: float | None = None
        self.schedule_ready = True
        self.schedule: tuple[OfferedSchedule, ...] = ()
        self.stage = StageReading()
        self.ac_grid = AcOutlet()
        self.ac_charger_limits = AcLimits()
        self.ac_measured = AcReading()
        self.meter_reading: MeterReading | None = None
        self.pilot_state = "C"
        self.stop = False

    def authorization(self, now: float) -> Authorization:
        return self.authorized

    def energy_services(self, now: float) -> tuple[int, ...]:
        return self.offered_services

    def limits(self, now: float) -> ChargerLimits:
        return self.charger_limits

    def target_w(self, now: float) -> float | None:
        return self.setpoint_w

    def allowed_w(self, now: float) -> tuple[float, float]:
        return -math.inf, math.inf

    def ready(self, now: float) -> bool:
        return self.schedule_ready

    def schedules(self, needs: ChargingNeeds, now: float) -> tuple[OfferedSchedule, ...]:
        """What was set, else one schedule at the set point (or the most both sides can) until departure or a day."""
        if self.schedule:
            return self.schedule
        ac = sum(self.ac_charger_limits.max_charge_power_w[: needs.lines])
        most = min(needs.max_charge_power_w, ac if needs.lines else self.charger_limits.max_charge_power_w)
        power = most if self.setpoint_w is None else self.setpoint_w
        duration = 86_400.0 if needs.departure_s is None else max(needs.departure_s - now, 1.0)
        return (OfferedSchedule(start_s=now, entries=((duration, power),)),)

    def reading(self, now: float) -> StageReading:
        return self.stage

    def ac_outlet(self, now: float) -> AcOutlet:
        return self.ac_grid

    def ac_limits(self, now: float) -> AcLimits:
        return self.ac_charger_limits

    def ac_reading(self, now: float) -> AcReading:
        return self.ac_measured

    def meter(self, now: float) -> MeterReading | None:
        return self.meter_reading

    def pilot(self, now: float) -> str:
        return self.pilot_state

    def stop_wanted(self, now: float) -> bool:
        return self.stop


class Charger(
    AuthorizationPort,
    ServicesPort,
    LimitsPort,
    TargetPort,
    SchedulePort,
    StagePort,
    MeterPort,
    PilotPort,
    StopPort,
    Protocol,
):
    """All a station's session asks: the sum of the small ports. ``SimpleCharger`` is one."""


# --- the car ---------------------------------------------------------------------------------------------------------


class Wish(enum.Enum):
    """What the driver wants now."""

    ENERGY = "energy"
    """Take part: charge or discharge as agreed."""
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


class BatteryPort(Protocol):
    """The battery as measured."""

    def battery(self, now: float) -> Battery: ...


class VehicleLimitsPort(Protocol):
    """What the battery allows."""

    def limits(self, now: float) -> VehicleLimits: ...


class NeedsPort(Protocol):
    """What the driver needs."""

    def needs(self, now: float) -> EnergyNeeds: ...


class WishPort(Protocol):
    """What the driver wants now."""

    def wish(self, now: float) -> Wish: ...


class SimpleVehicle:
    """Default answers to every question of a car; set the attributes, or override what you know better."""

    def __init__(self, *, limits: VehicleLimits | None = None, needs: EnergyNeeds | None = None) -> None:
        self.battery_reading = Battery(voltage_v=400.0)
        self.vehicle_limits = limits or VehicleLimits()
        self.ac_inlet_limits = AcLimits()
        self.ac_measured = AcReading()
        self.energy_needs = needs or EnergyNeeds()
        self.driver_wish = Wish.ENERGY

    def battery(self, now: float) -> Battery:
        return self.battery_reading

    def limits(self, now: float) -> VehicleLimits:
        return self.vehicle_limits

    def ac_limits(self, now: float) -> AcLimits:
        return self.ac_inlet_limits

    def ac_reading(self, now: float) -> AcReading:
        return self.ac_measured

    def needs(self, now: float) -> EnergyNeeds:
        return self.energy_needs

    def wish(self, now: float) -> Wish:
        return self.driver_wish


class Vehicle(BatteryPort, VehicleLimitsPort, NeedsPort, WishPort, Protocol):
    """All a car's session asks: the sum of the small ports. ``SimpleVehicle`` is one."""
