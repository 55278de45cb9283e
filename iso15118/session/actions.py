"""What a session tells the world: a closed vocabulary, frozen and comparable.

``Send`` and ``Close`` are for the driver. The ``Set...`` actions are desired states: repeating or losing one does no
harm, since the next one says it again. The rest are reports for the application and for a back end's adapter.
"""

from __future__ import annotations

import enum

import msgspec

from iso15118.messages.iso20.common.metering import SignedMeteringData
from iso15118.messages.iso20.types import MeterInfo, Receipt
from iso15118.messages.model import Record
from iso15118.messages.xmldsig import Signature
from iso15118.session.pause import PausedSession
from iso15118.session.ports import ChargingNeeds, Display, MobilityNeeds, OfferedSchedule, Prices
from iso15118.session.ports.ac import PerLine
from iso15118.session.ports.der import Plain
from iso15118.session.ports.parking import ParkingSpace
from iso15118.v2gtp import PayloadType

__all__ = [
    "Action",
    "AuthorizationWanted",
    "Close",
    "DerAlarm",
    "DerCarTold",
    "DerModesTold",
    "DropPaused",
    "Ended",
    "EnergyFlow",
    "EvccIdentified",
    "KeepPaused",
    "Late",
    "LoopSeen",
    "MeteringConfirmed",
    "MobilityNeedsTold",
    "NeedsTold",
    "ParkingTold",
    "PowerProfileChosen",
    "ReceiptTold",
    "Send",
    "ScheduleChosen",
    "SchedulesTold",
    "ServiceChosen",
    "SetAcPower",
    "SetConnectorLock",
    "SetContactor",
    "SetDerControl",
    "SetPilot",
    "SetPilotSignal",
    "SetStage",
    "StageMode",
    "StateChanged",
    "VehicleChecked",
]


class Send(msgspec.Struct, frozen=True):
    """Encode and send one message now."""

    message: Record
    side: PayloadType | None = None
    """The side stream to send it on; None for the main stream, whose payload type follows from the message."""


class Close(msgspec.Struct, frozen=True):
    """Close the transport connection now."""

    reason: str


class StageMode(enum.Enum):
    """What the station's power stage is to do."""

    OFF = "off"
    """No current, no voltage."""
    ISOLATION_TEST = "isolation_test"
    """Apply the test voltage to the cable and judge its isolation."""
    PRECHARGE = "precharge"
    """Bring the outlet to ``voltage_v`` with hardly any current."""
    CURRENT = "current"
    """Regulate the DC current to ``current_a`` (Scheduled control: the car says it)."""
    AC_POWER = "ac_power"
    """Regulate to ``ac_power_w`` at the station's meter (Dynamic control: the station or its back end says it)."""


class SetStage(msgspec.Struct, frozen=True, kw_only=True):
    """Desired state of the station's DC stage. Signs: positive into the car, negative out of it."""

    mode: StageMode
    voltage_v: float = 0.0
    """PRECHARGE and ISOLATION_TEST: the voltage to reach."""
    current_a: float = 0.0
    """CURRENT: the set point."""
    ac_power_w: float = 0.0
    """AC_POWER: the set point at the AC meter."""
    min_current_a: float = 0.0
    """Lowest DC current that car and station allow now (<= 0; negative = discharge)."""
    max_current_a: float = 0.0
    """Highest DC current that car and station allow now (>= 0)."""
    min_power_w: float = 0.0
    """Lowest DC power that car and station allow now (<= 0)."""
    max_power_w: float = 0.0
    """Highest DC power that car and station allow now (>= 0)."""
    min_voltage_v: float = 0.0
    max_voltage_v: float = 0.0


class SetAcPower(msgspec.Struct, frozen=True, kw_only=True):
    """Desired power at the AC connector, one value a line; positive into the car, negative out of it.

    At the car: what its charger is to draw or feed. At the station: what the car has been told (Dynamic control) or may
    take now (Scheduled control), for supervision; the car does the regulating.
    """

    power_w: PerLine = (0.0, 0.0, 0.0)
    min_power_w: PerLine = (0.0, 0.0, 0.0)
    """Lowest power that car and station allow now (<= 0)."""
    max_power_w: PerLine = (0.0, 0.0, 0.0)
    """Highest power that car and station allow now (>= 0)."""
    reactive_var: PerLine = (0.0, 0.0, 0.0)
    """Reactive power beside it, positive when the car draws it. At the car inside what its charger can; at the station
    what the car has been asked for."""
    frequency_hz: float | None = None
    """The frequency the station asks for; None when it asks for none."""


class SetDerControl(msgspec.Struct, frozen=True):
    """EV only, AC_DER_IEC and AC_DER_SAE. Desired settings of the car's inverter: accepted ones, told by the station."""

    settings: Plain
    """``IecSettings`` or ``SaeSettings``."""


class VehicleChecked(msgspec.Struct, frozen=True, kw_only=True):
    """SECC: what the car told of parking or leaving (ParkingStatus): one of the two."""

    check_in: str | None = None
    """``CheckIn``, ``Processing`` or ``Completed``."""
    check_out: str | None = None
    """``CheckOut``, ``Processing`` or ``Completed``."""


class ParkingTold(msgspec.Struct, frozen=True, kw_only=True):
    """EV: what the station answered to parking or leaving (ParkingStatus): one of the two."""

    space: ParkingSpace | None = None
    may_leave: bool | None = None


class SetContactor(msgspec.Struct, frozen=True):
    """Desired state of our side's contactors: the station's at the outlet, the car's at the inlet."""

    closed: bool


class SetConnectorLock(msgspec.Struct, frozen=True):
    """Desired state of our side's connector lock: the station's at its socket, the car's at its inlet.

    Carried out in its place in the order of actions: unlocking comes after the contactors have been told to open.
    """

    locked: bool


class SetPilotSignal(msgspec.Struct, frozen=True):
    """SECC only. Whether the control pilot carries its signal (PWM).

    Without it a car stops taking and giving energy, even one whose session is frozen: it is switched off when a session
    ends by a fault, before the contactors open.
    """

    on: bool


class SetPilot(msgspec.Struct, frozen=True):
    """EV only. Desired control pilot state: "B" connected, "C" ready for energy."""

    state: str


class StateChanged(msgspec.Struct, frozen=True):
    """For traces and displays."""

    before: str
    after: str


class EvccIdentified(msgspec.Struct, frozen=True):
    """SECC: the car said who it is (SessionSetupReq)."""

    evcc_id: str
    session_id: bytes
    resumed: bool = False
    """A paused session goes on: it is authorized already, and the service is chosen."""


class AuthorizationWanted(msgspec.Struct, frozen=True):
    """SECC: the car asks for authorization; repeated with every AuthorizationReq, the answer is read from the port."""

    service: str
    """``EIM`` or ``PnC``."""


class ServiceChosen(msgspec.Struct, frozen=True):
    """Service, parameter set and what follows from them."""

    service_id: int
    parameter_set_id: int
    control_mode: int
    """1 Scheduled, 2 Dynamic."""
    mobility_needs_mode: int
    """1 by the EVCC, 2 with the SECC."""
    bidirectional: bool
    pricing: int = 0
    """0 none, 1 absolute, 2 price levels."""
    bpt_channel: int | None = None
    """Bidirectional services: 1 unified, 2 separated."""
    generator_mode: int | None = None
    """Bidirectional services: the inverter 1 follows the grid or 2 forms it: the station's in DC, the car's in AC."""
    islanding_detection: int | None = None
    """AC_BPT, where it was told: 1 active, 2 passive."""
    value_added: tuple[tuple[int, int], ...] = ()
    """Value-added services that were selected with it: service id and parameter set id."""


class NeedsTold(msgspec.Struct, frozen=True):
    """SECC: what the car needs, from ScheduleExchangeReq and parameter discovery; again when a repetition differs."""

    needs: ChargingNeeds


class MobilityNeedsTold(msgspec.Struct, frozen=True):
    """EV: departure and energy as the station knows them (MobilityNeedsMode 2); again when it changes its mind."""

    needs: MobilityNeeds


class PowerProfileChosen(msgspec.Struct, frozen=True):
    """SECC, Scheduled control: which tuple the car follows and how (PowerDeliveryReq)."""

    schedule_tuple_id: int
    entries: tuple[tuple[float, float], ...]
    """Duration in s and power in W (negative out of the car), one after the other."""


class SchedulesTold(msgspec.Struct, frozen=True, kw_only=True):
    """EV: what the station offers; Scheduled control schedules with their prices, Dynamic control prices alone."""

    schedules: tuple[OfferedSchedule, ...] = ()
    dynamic_prices: Prices | None = None


class ScheduleChosen(msgspec.Struct, frozen=True, kw_only=True):
    """EV, Scheduled control: which tuple the car will follow and how."""

    schedule_tuple_id: int
    entries: tuple[tuple[float, float], ...]
    """Duration in s and power in W (negative out of the car), one after the other from the schedule's start on."""
    covers_need: bool
    """Whether the target is reached by departure."""
    cost: float | None
    """In the currency of the schedule's prices; None where it has no absolute ones."""


class DerCarTold(msgspec.Struct, frozen=True):
    """SECC: what the car's inverter can do, from parameter discovery; again when it tells something else."""

    car: Plain
    """``IecCar`` or ``SaeCar``."""


class DerModesTold(msgspec.Struct, frozen=True, kw_only=True):
    """SECC, AC_DER_SAE: bitmaps (``SaeMode``) of functions; again when one changes."""

    supported: int
    """What the car has."""
    wanted: int
    """What the station's settings enable of that."""
    enabled: int
    """What acts, as the car says; it need not be what is wanted."""


class DerAlarm(msgspec.Struct, frozen=True):
    """SECC: the car's inverter tells of trouble, or of its end, as the schema's numbers, to which it gives no meaning."""

    service_id: int
    status: int
    """AC_DER_SAE: DERAlarmStatus, a bitmap; AC_DER_IEC: GridEventCondition. 0 for none."""


class EnergyFlow(msgspec.Struct, frozen=True):
    """Energy may flow (PowerDelivery Start accepted) or no longer does."""

    flowing: bool
    by_car: bool = False
    """It no longer does because the car wants it so, and not the station."""


class LoopSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One round of the charge loop, as our side sees it. Signs: positive into the car.

    In AC the voltage is the nominal one, and the current what makes the power of all lines with it.
    """

    voltage_v: float
    current_a: float
    ac_power_w: PerLine = ()
    """AC: active power of each line."""
    told_power_w: PerLine = ()
    """SECC, AC: the active power of each line that the car says it takes (EVPresentActivePower)."""
    soc_percent: int | None = None
    charged_wh: int | None = None
    """EV: MeterInfo.ChargedEnergyReadingWh, when the station sent it."""
    discharged_wh: int | None = None
    """EV: MeterInfo.BPT_DischargedEnergyReadingWh, when the station sent it."""
    display: Display | None = None
    """SECC: what the car says may be shown of it."""


class KeepPaused(msgspec.Struct, frozen=True):
    """Keep what is needed to resume the session, before the peer learns that it is paused; for the driver."""

    record: PausedSession


class DropPaused(msgspec.Struct, frozen=True):
    """Forget a paused session: it goes on, or can't be resumed any more; for the driver."""

    session_id: bytes


class MeteringConfirmed(msgspec.Struct, frozen=True, kw_only=True):
    """A meter reading that the car has signed and the station accepted; told on both sides, for whoever keeps records.

    ``exi.digest_form(data, "CommonMessages", digest, algorithm)`` gives the octets that were signed.
    """

    data: SignedMeteringData
    """What was signed: session, registers, receipt, schedule."""
    signature: Signature
    digest: bytes
    """Digest of ``data`` in the signature."""


class ReceiptTold(msgspec.Struct, frozen=True, kw_only=True):
    """EV: what the station says that the session has cost so far; informative."""

    receipt: Receipt
    meter_info: MeterInfo | None
    """The registers it belongs to (V2G20-1919), if the station told them."""


class Late(msgspec.Struct, frozen=True, kw_only=True):
    """A message of ours took longer than it ought to (a performance limit of ``Timer``): telemetry, not an error."""

    limit: str
    """Name of the limit."""
    limit_s: float
    took_s: float
    message: str
    """SECC: the request that was answered late. EVCC: the request that came late."""


class Ended(msgspec.Struct, frozen=True):
    """The session is over. ``error`` is None after a regular SessionStop, else the text of what went wrong."""

    reason: str
    error: str | None = None
    paused: bool = False
    """Over for now: the car may come back and go on with the same session."""
    termination_code: str | None = None
    """SECC: why the car ended the session, if it said so (EVTerminationCode)."""
    termination_explanation: str | None = None
    """SECC: the same in words (EVTerminationExplanation)."""


Action = (
    Send
    | Close
    | SetStage
    | SetAcPower
    | SetContactor
    | VehicleChecked
    | ParkingTold
    | SetDerControl
    | SetPilot
    | SetConnectorLock
    | SetPilotSignal
    | StateChanged
    | EvccIdentified
    | KeepPaused
    | DropPaused
    | AuthorizationWanted
    | ServiceChosen
    | NeedsTold
    | MobilityNeedsTold
    | PowerProfileChosen
    | SchedulesTold
    | ScheduleChosen
    | DerCarTold
    | DerModesTold
    | DerAlarm
    | EnergyFlow
    | LoopSeen
    | MeteringConfirmed
    | ReceiptTold
    | Late
    | Ended
)
