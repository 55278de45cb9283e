"""What a station is set to, and what it learns in one session."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from iso15118.messages.iso20.common.metering import MeteringConfirmationReq
from iso15118.messages.iso20.common.power_delivery import ChannelSelection
from iso15118.messages.iso20.common.schedule_exchange import Scheduled_SEResControlMode
from iso15118.messages.iso20.types import EVSENotification, MeterInfo, RationalNumber, Receipt
from iso15118.session.actions import DerModesTold
from iso15118.session.app import DC_20, AppProtocolOffer, Link
from iso15118.session.emitter import EmitterProfile, check_text
from iso15118.session.lines import NOTHING
from iso15118.session.parameter_sets import ParameterChoices, check_choices
from iso15118.session.ports import ChargerLimits, ChargingNeeds, MeterReading
from iso15118.session.ports.ac import AcLimits
from iso15118.session.ports.der import Plain
from iso15118.session.ports.value_added import ValueAddedService
from iso15118.session.quantities import number
from iso15118.session.ramp import Ramp
from iso15118.session.secc.sent_schedule import AgreedProfile, SentSchedule
from iso15118.session.services import (
    DER_SERVICES,
    ISLANDING_NAMES,
    ControlMode,
    MobilityNeedsMode,
    Offer,
    ServiceId,
    services_of,
)
from iso15118.units import DischargeLimitSign

__all__ = ["HeldTo", "MeterInfoBase", "SeccConfig", "SeccContext"]


MAX_NAME = 80
"""maxLength of a parameter's name."""


class MeterInfoBase(enum.Enum):
    """What MeterInfo counts from: the start of the service session (V2G20-902), or the meter's own zero."""

    SESSION = "session"
    METER = "meter"


class HeldTo(enum.Enum):
    """What a car must keep to while it charges in Scheduled control."""

    PROFILE = "profile"
    """The profile it has announced."""
    SCHEDULE = "schedule"
    """Peer profile: all that the schedule it has chosen allows; some cars announce no more than the charging half."""


class SeccConfig(ParameterChoices, frozen=True, kw_only=True):
    """What an outlet is set to; every open point of the standard is an option here (docs/open-points.md).

    It offers each legal combination of its parameter choices: at most four sets of a service, unless the emitter
    profile is FULL. A bidirectional AC outlet with a second value of anything has to leave out a connector.
    """

    evse_id: str = "DE*EVB*E0001"
    link: Link = Link.TLS_1_3
    served: tuple[AppProtocolOffer, ...] = (DC_20,)
    discharge_limit_sign: DischargeLimitSign = DischargeLimitSign.MIRROR_PEER
    meter_info_base: MeterInfoBase = MeterInfoBase.SESSION
    discharge_without_v2x_requests: bool = True
    """When the car sends no V2X energy requests: discharge while EVMinimumEnergyRequest is not positive."""
    discharge_above_v2x_window: bool = True
    """Whether to discharge when EVMaximumV2XEnergyRequest is negative: the battery is above the window."""
    power_delivery_after_ongoing_pre_charge: bool = False
    """Peer profile: some cars go from PreCharge(Ongoing) straight to PowerDelivery."""
    tell_discharged_energy: bool = True
    """Peer profile: some cars can't read BPT_DischargedEnergyReadingWh, and end the session over it."""
    uniform_price_level: bool = False
    """Peer profile: some cars want a price with every schedule; a single level says nothing."""
    held_to: HeldTo = HeldTo.PROFILE
    """What counts as a violation of the power profile while charging."""
    power_tolerance_required: bool = False
    """A car that does not confirm a schedule's power tolerance gets FAILED instead of a warning."""
    power_tolerance_both_ways: bool = False
    """Whether a car that has confirmed a power tolerance violates its profile by taking or giving less as well."""
    schedule_renegotiation: bool = True
    """Whether schedules may be renegotiated in the loop; a car that asks for it otherwise is warned."""
    renegotiation_repeats_parameters: bool = False
    """Peer profile: some cars repeat parameter discovery after PowerDelivery(ScheduleRenegotiation)."""
    notification_max_delay_s: int = 0
    """NotificationMaxDelay of EVSENotification Terminate: how long the car may go on after the first one; 0: at once."""
    pause_allowed: bool = True
    """Whether sessions may be paused; it takes a store of paused sessions as well."""
    pause_max_delay_s: int = 60
    """NotificationMaxDelay of EVSENotification Pause (V2G20-1850, V2G20-3308)."""
    notification_delay_counts_down: bool = True
    """Whether NotificationMaxDelay is told as what is left of it (V2G20-3318), or unchanged."""
    resume_without_binding: bool = False
    """For laboratories: a car whose link proves nothing about it may resume a session by its EVCCID alone."""
    standby_opens_ac_contactor: bool = False
    """Whether an AC outlet opens its contactor in standby; a DC outlet never does, the battery would have to be met again."""
    service_renegotiation: bool = False
    """Whether services may be changed in a session (ServiceRenegotiationSupported). Some deployed cars drop the link."""
    pilot_b_after_stop: bool = False
    """Refuse welding detection by FAILED unless the pilot shows state B by then (V2G20-921, V2G20-922)."""
    isolation_test_voltage_v: float = 500.0
    islanding_detection_name: str = ISLANDING_NAMES[0]
    """Peer profile: how that parameter is spelled."""
    der_with_ac_protocol: bool = False
    """Peer profile: some cars ask for AC_DER services after a handshake for plain AC."""
    discharge_only_j3072_certified: bool = True
    """AC_DER_SAE: whether a car that says it is not certified by SAE J3072 may only charge."""
    emitter_profile: EmitterProfile = EmitterProfile.CONSERVATIVE
    """Whether to send only what every deployed codec can read."""

    def __post_init__(self) -> None:
        """Refuse what is outside of the emitter profile.

        Raises:
            LocalError: Deployed codecs could not read it, or a choice of parameters makes no sense.
        """
        check_text("SeccConfig.evse_id", self.evse_id, self.emitter_profile)
        name = self.islanding_detection_name
        check_text("SeccConfig.islanding_detection_name", name, self.emitter_profile, MAX_NAME)
        check_choices("SeccConfig", self, self._services(), self.emitter_profile)

    def _services(self) -> frozenset[ServiceId]:
        services = (services_of(each, der_with_ac=self.der_with_ac_protocol) for each in self.served)
        return frozenset[ServiceId]().union(*services)

    def der_services(self) -> frozenset[ServiceId]:
        """Services of inverters at the grid that can be run under the protocols that are served."""
        return self._services() & DER_SERVICES


@dataclass(slots=True)
class SeccContext:
    """What one session has learnt; handlers read and write it."""

    evcc_id: str = ""
    protocol: AppProtocolOffer | None = None
    register_base: MeterReading | None = None
    readings: list[tuple[MeterInfo, Receipt | None]] = field(default_factory=list)
    """What the car may confirm: told with EVSENotification MeteringConfirmation since the last confirmation."""
    confirming: MeteringConfirmationReq | None = None
    """What the car has confirmed and is being checked."""
    confirmed: bool = False
    """The station's present wish for a confirmation has been fulfilled."""
    told_receipt: Receipt | None = None
    offered_services: tuple[int, ...] = ()
    offered_value_added: tuple[ValueAddedService, ...] = ()
    """As told in service discovery."""
    detailed_services: set[int] = field(default_factory=set)
    service_rounds: int = 0
    """How often services were chosen anew."""
    details: int = 0
    """ServiceDetail requests answered."""
    service_id: int = 0
    parameter_set_id: int = 0
    offer: Offer | None = None
    """The parameter set that was selected."""
    value_added: dict[int, int] = field(default_factory=dict)
    """Value-added services that were selected, each with its set."""
    control_mode: ControlMode = ControlMode.SCHEDULED
    mobility_needs_mode: MobilityNeedsMode = MobilityNeedsMode.EVCC
    bidirectional: bool = False
    vehicle: ChargerLimits = field(default_factory=ChargerLimits)
    """The car's limits, latest first: parameter discovery, then the charge loop."""
    told: ChargerLimits = field(default_factory=ChargerLimits)
    """Our limits as told in parameter discovery: later ones never exceed them (V2G20-2654)."""
    ac_vehicle: AcLimits = NOTHING
    """AC: as ``vehicle``, line by line."""
    ac_told: AcLimits = NOTHING
    """AC: as ``told``, line by line."""
    ac_lines: int = 0
    """AC: lines in use, 1 or 3."""
    der_told: Plain | None = None
    """AC_DER_*: settings as told last (``IecSettings``, ``SaeSettings``)."""
    der_changed_s: float = 0.0
    """AC_DER_SAE: when these settings last changed, on the session's clock."""
    der_car: Plain | None = None
    """AC_DER_*: what the car's inverter can do (``IecCar``, ``SaeCar``)."""
    der_modes: DerModesTold | None = None
    der_alarm: int = 0
    der_returns: int = 0
    """How often the car went back to service discovery because it did not accept the settings."""
    needs: ChargingNeeds | None = None
    schedules: dict[int, SentSchedule] = field(default_factory=dict)
    schedule_tuple_id: int | None = None
    sent: Scheduled_SEResControlMode | None = None
    """``schedules`` as they were sent."""
    next_schedules: dict[int, SentSchedule] | None = None
    """Told in a renegotiation and not chosen yet; None when there are none. Empty in Dynamic control."""
    next_sent: Scheduled_SEResControlMode | None = None
    """``next_schedules`` as they were sent."""
    renegotiating: bool = False
    """Out of the loop for new schedules."""
    exchanging_aside: bool = False
    """ScheduleExchange runs beside the loop and has not come to its end."""
    needs_heard: bool = False
    """The needs have been reported in this renegotiation: whoever makes schedules has had a chance to hear them."""
    told_revision: int | None = None
    """Revision of the station's schedules that was told last; None before there was any."""
    kept: Scheduled_SEResControlMode | None = None
    """Of before a pause: what was sent then; sent again (V2G20-1058)."""
    kept_tuple_id: int | None = None
    """Of before a pause: the tuple the car had chosen."""
    kept_revision: int | None = None
    """Of before a pause: the revision of ``kept``."""
    profile: AgreedProfile | None = None
    """Scheduled control: the profile of the car that was accepted last."""
    channel: ChannelSelection | None = None
    """Separated channels: the one in use; None while there is none, and with a unified channel."""
    minimum_energy_wh: float | None = None
    minimum_v2x_energy_wh: float | None = None
    maximum_v2x_energy_wh: float | None = None
    target_soc_percent: int | None = None
    present_soc_percent: int | None = None
    """As the car displayed it last."""
    target_current_a: float = 0.0
    """Scheduled control: what the car asked for last; positive into the car."""
    isolation_tested: bool = False
    """The stage has been told to test the isolation of the cable."""
    pre_charged: bool = False
    ramp: Ramp = field(default_factory=Ramp)
    """The set point of the stage, or of the lines, on its way."""
    loops: int = 0
    standby: bool = False
    """The car rests in the loop: no power, whatever anybody wants."""
    notified: EVSENotification | None = None
    """The wish of the station that the car was told last."""
    notified_at: float = 0.0
    """When the car was told it first."""
    peer_discharge_sign: int = 0
    """+1 or -1 once the car has shown its own sign of discharge limits, else 0."""

    def without_service(self) -> SeccContext:
        """What remains of it when services are chosen anew: all but what was bound to the old one (V2G20-1477)."""
        return SeccContext(
            evcc_id=self.evcc_id,
            protocol=self.protocol,
            register_base=self.register_base,
            confirming=self.confirming,
            peer_discharge_sign=self.peer_discharge_sign,
            der_returns=self.der_returns,
            service_rounds=self.service_rounds + 1,
        )

    def take_next(self) -> None:
        """What was told in a renegotiation is what a profile may choose from now."""
        if self.next_schedules is not None:
            self.schedules, self.sent = self.next_schedules, self.next_sent
            self.next_schedules = self.next_sent = None

    def drop_next(self) -> None:
        """No renegotiation is under way any more."""
        self.renegotiating = self.exchanging_aside = False
        self.next_schedules = self.next_sent = None

    def see_discharge_limit(self, *limits: RationalNumber | None) -> None:
        """Remember the sign the car gives its discharge limits."""
        for limit in limits:
            if limit is not None and limit.value and not self.peer_discharge_sign:
                self.peer_discharge_sign = 1 if number(limit) > 0 else -1
