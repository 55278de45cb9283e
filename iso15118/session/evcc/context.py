"""What a car is set to, and what it learns in one session."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from iso15118.messages.iso20.common.metering import MeteringConfirmationReq
from iso15118.messages.iso20.common.power_delivery import ChannelSelection
from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.messages.iso20.types import MeterInfo, Receipt
from iso15118.session.app import DC_20, AppProtocolOffer, Link, usable
from iso15118.session.emitter import EmitterProfile, check_protocols, check_text
from iso15118.session.evcc.chooser import Chooser, choose_by_cost
from iso15118.session.lines import NOTHING
from iso15118.session.parameter_sets import ParameterChoices, check_choices
from iso15118.session.pause import PausedSession
from iso15118.session.ports import ChargerLimits, MobilityNeeds, OfferedSchedule
from iso15118.session.ports.ac import AcLimits, PerLine
from iso15118.session.ports.der import Plain
from iso15118.session.ports.parking import CarParking
from iso15118.session.ramp import Ramp
from iso15118.session.services import (
    DER_SERVICES,
    BptChannel,
    ControlMode,
    DcConnector,
    IslandingDetection,
    McsConnector,
    MobilityNeedsMode,
    Offer,
    Pricing,
    ServiceId,
    services_of,
)
from iso15118.session.side import Stream
from iso15118.units import DischargeLimitSign

__all__ = ["EvccConfig", "EvccContext"]


_FINALITY = (ChargingSession.ServiceRenegotiation, ChargingSession.Pause, ChargingSession.Terminate)
"""From the least final way to leave a session to the most."""


class EvccConfig(ParameterChoices, frozen=True, kw_only=True):
    """What a car is set to; every open point of the standard is an option here (docs/open-points.md).

    Of the parameter choices it takes the preferred one, first in its tuple, among those that are offered.
    """

    pricings: tuple[Pricing, ...] = tuple(Pricing)
    mobility_needs_modes: tuple[MobilityNeedsMode, ...] = tuple(MobilityNeedsMode)
    bpt_channels: tuple[BptChannel, ...] = tuple(BptChannel)
    islanding_detections: tuple[IslandingDetection, ...] = tuple(IslandingDetection)
    dc_connectors: tuple[DcConnector, ...] = tuple(DcConnector)
    mcs_connectors: tuple[McsConnector, ...] = tuple(McsConnector)

    evcc_id: str = "WMIEVBPT0000001"
    link: Link = Link.TLS_1_3
    protocols: tuple[AppProtocolOffer, ...] = (DC_20,)
    services: tuple[ServiceId, ...] = (ServiceId.DC_BPT, ServiceId.DC)
    """Energy services the car can use, the preferred one first."""
    value_added_services: tuple[int, ...] = ()
    """Value-added services to take where they are offered (65 Internet, 66 ParkingStatus); the port ``value_added_set``
    chooses from their sets."""
    control_modes: tuple[ControlMode, ...] = (ControlMode.DYNAMIC, ControlMode.SCHEDULED)
    """Control modes the car can use, the preferred one first."""
    discharge_limit_sign: DischargeLimitSign = DischargeLimitSign.NEGATIVE
    """MIRROR_PEER counts as NEGATIVE: the car speaks first."""
    maximum_supporting_points: int = 1024
    """Longest schedule the car can take, 12 to 1024."""
    pre_charge_tolerance_v: float = 20.0
    """How near the outlet must come to the battery before contactors close. Ours."""
    safe_voltage_v: float = 60.0
    """Welding detection is done when the outlet has fallen below this."""
    chooser: Chooser = choose_by_cost
    """Scheduled control: which schedule the car takes and how it uses it (``evcc.chooser``)."""
    complete_power_profile: bool = False
    """Peer profile: some stations want EVPowerProfile in Dynamic control too, and PowerToleranceAcceptance in Scheduled."""
    renegotiation_stream: Stream = Stream.MAIN
    """Where schedules are renegotiated: out of the loop and back, without power meanwhile, or beside the loop."""
    renegotiation_repeats_parameters: bool = False
    """Peer profile: some stations want parameter discovery again after PowerDelivery(ScheduleRenegotiation)."""
    metering_confirmation_stream: Stream = Stream.SIDE
    """Where a signed meter reading is sent: beside the charge loop, or between two of its messages."""
    der_with_ac_protocol: bool = False
    """Peer profile: some stations offer AC_DER services after a handshake for plain AC."""
    emitter_profile: EmitterProfile = EmitterProfile.CONSERVATIVE
    """Whether to send only what every deployed codec can read."""

    def __post_init__(self) -> None:
        """Refuse what is outside of the emitter profile.

        Raises:
            LocalError: Deployed codecs could not read it, or a choice of parameters makes no sense.
        """
        check_text("EvccConfig.evcc_id", self.evcc_id, self.emitter_profile)
        check_protocols("EvccConfig.protocols", usable(self.protocols, self.link), self.emitter_profile)
        check_choices("EvccConfig", self, (), None)

    def der_services(self) -> frozenset[ServiceId]:
        """Services of inverters at the grid that the car can use under the protocols it offers."""
        services = (services_of(each, der_with_ac=self.der_with_ac_protocol) for each in self.protocols)
        return DER_SERVICES.intersection(self.services, frozenset[ServiceId]().union(*services))


@dataclass(slots=True)
class EvccContext:
    """What one session has learnt; handlers read and write it."""

    protocol: AppProtocolOffer | None = None
    evse_id: str = ""
    candidates: list[int] = field(default_factory=list)
    """Offered services the car can use, the preferred one first; asked for their details in turn."""
    offered_services: tuple[int, ...] = ()
    """Energy services the station offered last."""
    renegotiation_supported: bool = False
    """Whether the station lets services be chosen anew in this session."""
    service_rounds: int = 0
    """How often services were chosen anew."""
    passed_over: set[int] = field(default_factory=set)
    """Services that were offered, but in no parameter set the car can use."""
    service_id: int = 0
    value_added_left: list[int] = field(default_factory=list)
    """Value-added services whose details are still to be asked for."""
    asked_service_id: int = 0
    """The service whose details were asked for last."""
    value_added: dict[int, int] = field(default_factory=dict)
    """Value-added services to select, or selected, each with its set."""
    offer: Offer | None = None
    control_mode: ControlMode = ControlMode.DYNAMIC
    bidirectional: bool = False
    station: ChargerLimits = field(default_factory=ChargerLimits)
    """The station's limits, latest first."""
    ac_station: AcLimits = NOTHING
    """AC: as ``station``, line by line."""
    ac_lines: int = 0
    """AC: lines in use, 1 or 3."""
    ac_voltage_v: float = 230.0
    """AC: nominal voltage, line to neutral."""
    ac_asymmetry_w: float | None = None
    """AC: how far the power of two lines may differ."""
    target_reactive_var: PerLine = ()
    """AC: EVSETargetReactivePower of each line; empty when the station asks for none."""
    target_frequency_hz: float | None = None
    """AC: EVSETargetFrequency."""
    ramp_w_per_s: float | None = None
    """EVSEPowerRampLimitation; None when the station named none."""
    ramp: Ramp = field(default_factory=Ramp)
    """The power or current the car takes, on its way."""
    der_settings: Plain | None = None
    """AC_DER_*: the station's settings, latest first (``IecSettings``, ``SaeSettings``)."""
    der_accepted: Plain | None = None
    """AC_DER_*: the last of these that the car has accepted."""
    der_ratings: Plain | None = None
    """AC_DER_SAE: what the inverter could do when that was last told."""
    der_ratings_s: float = 0.0
    """AC_DER_SAE: since when that is so."""
    der_finished: bool = False
    """AC_DER_*: the last request of parameter discovery said Finished."""
    rejected_services: set[int] = field(default_factory=set)
    """AC_DER_*: services whose settings the car did not accept."""
    schedule: OfferedSchedule | None = None
    """Scheduled control: the chosen schedule; its entries are the power profile the car keeps to."""
    confirm_tolerance: bool = True
    """Whether the car confirms the power tolerance of the chosen schedule."""
    channel: ChannelSelection | None = None
    """Separated channels: the one that was selected last; None with a unified channel."""
    station_needs: MobilityNeeds = field(default_factory=MobilityNeeds)
    """Departure and energy as the station states them (MobilityNeedsMode 2)."""
    asked: PausedSession | None = None
    """The paused session that was asked for."""
    kept_tuple_id: int | None = None
    """Of before a pause: the schedule tuple that was chosen; chosen again when it is offered (V2G20-1058)."""
    pre_charged: bool = False
    lock_over: bool = False
    """The connector had its time to be locked."""
    parking_told: CarParking = field(default_factory=CarParking)
    """What the station was told of parking last."""
    parking_told_at: float = -math.inf
    waits_to_leave: bool = False
    """The station has not let the car go yet (VehicleCheckOut)."""
    start_pending: bool = False
    """The last PowerDelivery(Start) said that the car is not ready yet."""
    leaving: ChargingSession | None = None
    """How the session is to be left once somebody wants to end it; the last one that was more final counts."""
    resting: bool = False
    """The loop is at zero: the car leaves, is in standby, or on the way into it or out of it."""
    standby: bool = False
    """Standby is agreed upon: energy flows only after another PowerDelivery(Start)."""
    waking: bool = False
    """The car is about to leave standby and go on."""
    standby_refused: bool = False
    """The station allows no standby: the car rests by its own limits while it wants to."""
    standby_left: bool = False
    """The station wanted the car out of standby: it goes on although it would rest."""
    zero_loop_sent: bool = False
    """A loop at zero that asked for MeterInfo has been sent."""
    zero_seen: bool = False
    """A loop at zero has been answered with no current."""
    ramp_down_over: bool = False
    station_wants_schedule: bool = False
    """The station's last word was EVSENotification ScheduleRenegotiation."""
    told_revision: int | None = None
    """Revision of the needs that were told last."""
    revision_before: int | None = None
    """The same before the exchange beside the loop: that of the needs which the schedule in force is for."""
    renegotiating: bool = False
    """Out of the loop for new schedules."""
    asking_aside: bool = False
    """ScheduleExchange runs beside the loop."""
    next_ready: bool = False
    """It has come to its end: what was chosen waits for PowerDelivery(ScheduleRenegotiation)."""
    other_plan: tuple[OfferedSchedule | None, bool] = (None, False)
    """What was chosen; from that PowerDelivery to its answer what was followed before. As ``adopt`` takes it."""
    meter_asked_at: float | None = None
    to_confirm: tuple[MeterInfo, Receipt | None] | None = None
    """What the station wants to have signed, as long as it says so."""
    confirming: MeteringConfirmationReq | None = None
    """What was signed and waits for the station's answer."""
    contactor_opened: bool = False
    welding_over: bool = False
    last_current_a: float = 0.0
    last_voltage_v: float = 0.0

    @property
    def stopping(self) -> bool:
        """Whether somebody wants to end: the loop runs at zero, then PowerDelivery(Stop)."""
        return self.leaving is not None

    def without_service(self) -> EvccContext:
        """What remains of it when services are chosen anew: all but what was bound to the old one (V2G20-1477)."""
        return EvccContext(
            protocol=self.protocol,
            evse_id=self.evse_id,
            rejected_services=self.rejected_services,
            lock_over=self.lock_over,
            service_rounds=self.service_rounds + 1,
            confirming=self.confirming,
        )

    def give_up_next(self) -> None:
        """The renegotiation under way is not granted: what was told in it is to be told again."""
        if self.asking_aside or self.next_ready:
            self.told_revision = self.revision_before
        self.drop_next()

    def drop_next(self) -> None:
        """No renegotiation is under way any more."""
        self.renegotiating = self.asking_aside = self.next_ready = False
        self.other_plan = (None, False)

    def adopt(self, schedule: OfferedSchedule | None, *, confirm_tolerance: bool) -> None:
        """Follow a schedule from now; None, as in Dynamic control, changes nothing."""
        if schedule is not None:
            self.schedule, self.confirm_tolerance = schedule, confirm_tolerance

    def swap_plans(self) -> None:
        """Follow the other schedule: the new one, or the old one again when it is not granted."""
        plan, self.other_plan = self.other_plan, (self.schedule, self.confirm_tolerance)
        self.adopt(plan[0], confirm_tolerance=plan[1])

    def leave(self, how: ChargingSession) -> None:
        """Have the session left; a wish is never replaced by a less final one."""
        if self.leaving is None or _FINALITY.index(how) > _FINALITY.index(self.leaving):
            self.leaving = how
