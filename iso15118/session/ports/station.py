"""What a session asks a charging station; level-triggered (see the package)."""

from __future__ import annotations

import enum
from typing import Protocol

import msgspec

from iso15118.messages.iso20.common.metering import MeteringConfirmationReq
from iso15118.messages.iso20.types import Receipt
from iso15118.session.ports.ac import AcSupportPort
from iso15118.session.ports.lock import ConnectorLockPort
from iso15118.session.ports.parking import StationParkingPort
from iso15118.session.ports.prices import Prices
from iso15118.session.ports.schedule import ChargingNeeds, MobilityNeeds, OfferedSchedule
from iso15118.session.ports.value_added import ValueAddedPort

__all__ = [
    "Authorization",
    "AuthorizationPort",
    "Charger",
    "ChargerLimits",
    "IsolationState",
    "LimitsPort",
    "MeterPort",
    "MeterReading",
    "MobilityPort",
    "PilotPort",
    "SchedulePort",
    "ServicesPort",
    "SignatureCheck",
    "StagePort",
    "StageReading",
    "StandbyPort",
    "StopPort",
    "TargetPort",
]


class Authorization(enum.Enum):
    """Answer of whoever authorizes."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class SignatureCheck(enum.Enum):
    """Answer of whoever checks signatures."""

    PENDING = "pending"
    VALID = "valid"
    INVALID = "invalid"


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
    """Of the test that the stage was told last; a result of before it is passed over."""
    contactor_closed: bool = False
    contactor_fault: bool = False
    """A contactor that does not follow its command."""
    emergency_stop: bool = False
    islanded: bool = False
    """The grid behind the outlet is gone, and something still feeds what is left of it."""
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

    def schedule_revision(self, now: float) -> int:
        """A number that changes when what the car was told last (schedules, prices, consent) no longer holds.

        When it differs from the one told last, and ``ready`` is true, the car is asked to renegotiate.
        """
        return 0

    def dynamic_prices(self, needs: ChargingNeeds, now: float) -> Prices | None:
        """Dynamic control: what energy costs in the hours to come, if anybody is to be told; asked with ``ready``."""
        return None


class MobilityPort(Protocol):
    """Departure and energy as the station or its back end knows them; asked where the service has MobilityNeedsMode 2."""

    def mobility_needs(self, now: float) -> MobilityNeeds:
        """What the car is told in Dynamic control; by default nothing."""
        return MobilityNeeds()


class StagePort(Protocol):
    """The DC stage as measured."""

    def reading(self, now: float) -> StageReading: ...


class MeterPort(Protocol):
    """The AC meter, and what becomes of its readings."""

    def meter(self, now: float) -> MeterReading | None:
        """None when the station has none."""
        ...

    def receipt(self, now: float) -> Receipt | None:
        """What the session has cost so far, if the car is to be told; sent with the registers, and anew when it changes."""
        return None

    def confirmation_wanted(self, now: float) -> bool:
        """Whether the car should sign what the meter says.

        True until the action ``MeteringConfirmed``, which fulfils the wish; the next one begins when it is True again
        after it has been False. A car that can't sign goes on without.
        """
        return False

    def metering_signature(self, request: MeteringConfirmationReq, now: float) -> SignatureCheck:
        """Whether the signature in the request's header is one of this car over what it has confirmed."""
        return SignatureCheck.INVALID


class PilotPort(Protocol):
    """Control pilot as the station sees it: "A" unplugged, "B" connected, "C" ready, "D" ready with ventilation."""

    def pilot(self, now: float) -> str: ...


class StopPort(Protocol):
    """Whether the station (its user, its back end) wants the session to end, or to rest."""

    def stop_wanted(self, now: float) -> bool: ...

    def pause_wanted(self, now: float) -> bool:
        """Whether the car should pause the session and come back later; needs a store of paused sessions."""
        return False

    def resume_allowed(self, now: float) -> bool:
        """Whether a car may go on with the session that was paused here; else it begins a new one."""
        return True


class StandbyPort(Protocol):
    """Whether the car may rest in the loop, without power."""

    def standby_allowed(self, now: float) -> bool:
        """Asked when the car wants to begin with it."""
        return True

    def exit_standby_wanted(self, now: float) -> bool:
        """Whether a car in standby should go on now."""
        return False


class Charger(
    AuthorizationPort,
    ServicesPort,
    LimitsPort,
    TargetPort,
    SchedulePort,
    MobilityPort,
    StagePort,
    MeterPort,
    PilotPort,
    StopPort,
    StandbyPort,
    ValueAddedPort,
    ConnectorLockPort,
    AcSupportPort,
    StationParkingPort,
    Protocol,
):
    """All a station's session asks: the sum of the small ports. ``SimpleCharger`` is one."""
