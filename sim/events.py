"""What happens in a scenario at a time: the life of a session (``[[event]]``) and what goes wrong (``[[fault]]``).

These are the words of the scenario format; what they do to a world is said in :mod:`sim.play` and :mod:`sim.faults`.
Times in s from the arrival, power in W at the meter, positive into the car.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from iso15118.session.services import ServiceId

__all__ = [
    "Allow",
    "BackEndGone",
    "ConfirmMetering",
    "ContactorStuck",
    "Corrupt",
    "Cut",
    "Delay",
    "Drop",
    "Duplicate",
    "EmergencyStop",
    "Event",
    "Fault",
    "Island",
    "IsolationFault",
    "LimitPower",
    "LinkFault",
    "MeterJump",
    "Pause",
    "RenegotiateSchedule",
    "RenegotiateService",
    "Resume",
    "SetPoint",
    "Silent",
    "Standby",
    "Stop",
    "Unplug",
    "Wish",
    "WrongSignature",
]

Time = Annotated[float, Meta(ge=0.0)]
"""s from the arrival."""
Magnitude = Annotated[float, Meta(ge=0.0)]
Side = Literal["car", "station"]
Anyone = Literal["car", "station", "back_end"]


class Stop(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="stop"):
    """Somebody ends the session: the driver, the station (its button), the back end (RequestStopTransaction)."""

    at_s: Time
    by: Anyone


class Pause(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="pause"):
    """Somebody wants the session to rest; it may be resumed later."""

    at_s: Time
    by: Side


class Resume(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="resume"):
    """The car that paused comes back."""

    at_s: Time


class RenegotiateSchedule(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="renegotiate_schedule"):
    """Somebody wants another schedule while energy flows."""

    at_s: Time
    by: Anyone
    power_w: float | None = None
    """By the back end: the set point from now on."""
    target_soc: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    """By the car: what the driver wants from now on."""


class RenegotiateService(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="renegotiate_service"):
    """Somebody wants another service; ``station.options.service_renegotiation`` must allow it."""

    at_s: Time
    by: Anyone
    services: tuple[ServiceId, ...] | None = None
    """By the car: what it wants from now on, the preferred one first. By the station: what it offers from now on."""
    allow: tuple[str, ...] | None = None
    """By the back end: EnergyTransferModeEnumType from now on (NotifyAllowedEnergyTransfer)."""


class ConfirmMetering(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="confirm_metering"):
    """The station wants a signature under its meter reading."""

    at_s: Time


class Standby(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="standby"):
    """The car stands by with the session open, and goes on after a while."""

    at_s: Time
    for_s: Annotated[float, Meta(gt=0.0)]
    until: Literal["car", "station"] = "car"
    """Who ends it: the driver, or the station, that calls the car back (ExitStandby)."""


class SetPoint(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="set_point"):
    """The back end wants another power."""

    at_s: Time
    power_w: float


class Allow(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="allow"):
    """The back end allows other energy transfers to cards that authorize from now on."""

    at_s: Time
    modes: tuple[str, ...]
    """EnergyTransferModeEnumType."""


class LimitPower(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="limit_power"):
    """An energy manager on site limits the whole station; what is left out is not limited."""

    at_s: Time
    charge_w: Magnitude | None = None
    discharge_w: Magnitude | None = None


class Wish(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="wish"):
    """The driver changes his mind."""

    at_s: Time
    target_soc: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    minimum_soc: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    departure_s: Time | None = None


Event = (
    Stop
    | Pause
    | Resume
    | RenegotiateSchedule
    | RenegotiateService
    | ConfirmMetering
    | Standby
    | SetPoint
    | Allow
    | LimitPower
    | Wish
)
"""All of ``[[event]]``, told apart by ``do``."""


class LinkFault(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Which messages a fault of the link is for: of those that match, ``count`` from the ``nth`` on."""

    to: Literal["car", "station", "both"] = "both"
    message: str = "*"
    """Name of the message; ``*`` stands for anything: ``DC_ChargeLoop*``."""
    nth: Annotated[int, Meta(ge=1)] = 1
    count: Annotated[int, Meta(ge=1)] = 1
    from_s: Time = 0.0
    """Messages sent earlier do not count."""
    chance: Annotated[float, Meta(ge=0.0, le=1.0)] = 1.0
    """How likely each of them is hit, drawn from the scenario's seed."""


class Drop(LinkFault, frozen=True, kw_only=True, tag="drop"):
    """The message is lost."""


class Delay(LinkFault, frozen=True, kw_only=True, tag="delay"):
    """The message, and what follows it on its way, comes later."""

    by_s: Annotated[float, Meta(gt=0.0)]


class Duplicate(LinkFault, frozen=True, kw_only=True, tag="duplicate"):
    """The message comes twice."""


class Corrupt(LinkFault, frozen=True, kw_only=True, tag="corrupt"):
    """Bits of the message turn over, where the scenario's seed says; the frame's header stays."""

    bits: Annotated[int, Meta(ge=1)] = 8


class Cut(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="cut"):
    """The cable carries no more bytes either way; the connector stays."""

    at_s: Time


class Silent(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="silent"):
    """One side's firmware hangs: it says and does nothing any more."""

    at_s: Time
    side: Side


class Unplug(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="unplug"):
    """The connector is torn out."""

    at_s: Time


class ContactorStuck(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="contactor_stuck"):
    """A contactor stays where it is from then on: welded when closed, broken when open."""

    side: Side
    at_s: Time = 0.0


class MeterJump(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="meter_jump"):
    """The meter's registers jump; no energy was behind it."""

    at_s: Time
    import_wh: int = 0
    export_wh: int = 0


class BackEndGone(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="back_end_gone"):
    """The back end is not connected for a while."""

    from_s: Time
    to_s: Time


class EmergencyStop(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="emergency_stop"):
    """Somebody hits the red button."""

    at_s: Time
    by: Side


class IsolationFault(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="isolation_fault"):
    """DC: the check of the cable finds that its isolation is bad."""


class WrongSignature(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="wrong_signature"):
    """What the car signs from then on is signed with a key that the station does not know."""

    at_s: Time = 0.0


class Island(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="island"):
    """AC: the grid goes away, and an island is left with the car; perhaps it comes back.

    Whoever notices first (``car.charger.island_trip_s``, ``station.ac.island_detection_s``) ends a session with an
    inverter that follows the grid; one that forms it goes on.
    """

    at_s: Time
    back_s: Time | None = None


Fault = (
    Drop
    | Delay
    | Duplicate
    | Corrupt
    | Cut
    | Silent
    | Unplug
    | ContactorStuck
    | MeterJump
    | BackEndGone
    | EmergencyStop
    | IsolationFault
    | WrongSignature
    | Island
)
"""All of ``[[fault]]``, told apart by ``kind``."""
