"""Ready-made ports with sensible defaults: a dozen lines make a working station or car of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from iso15118.messages.iso20.common.metering import MeteringConfirmationReq
from iso15118.messages.iso20.common.power_delivery import ChannelSelection
from iso15118.messages.iso20.types import Receipt
from iso15118.messages.model import Record
from iso15118.messages.xmldsig import Signature
from iso15118.session.ports.ac import AcAbilities, AcLimits, AcOutlet, AcReading, AcSupport
from iso15118.session.ports.car import Battery, Display, EnergyNeeds, Termination, VehicleLimits, Wish
from iso15118.session.ports.der import Consent, Plain, check_kind
from iso15118.session.ports.prices import EnergyOffer, Prices
from iso15118.session.ports.schedule import ChargingNeeds, MobilityNeeds, OfferedSchedule
from iso15118.session.ports.station import Authorization, ChargerLimits, MeterReading, SignatureCheck, StageReading
from iso15118.session.ports.value_added import ValueAddedService
from iso15118.session.services import Offer

if TYPE_CHECKING:
    from iso15118.session.ports.der_iec import IecCar, IecSettings
    from iso15118.session.ports.der_sae import SaeSettings
    from iso15118.session.ports.der_sae_car import SaeCar
from iso15118.session.ports.parking import CarParking, ParkingSpace

__all__ = [
    "SimpleCharger",
    "SimpleVehicle",
]


class SimpleCharger:
    """Default answers to every question of a station; set the attributes, or override what you know better."""

    # Declared, so that whoever sets them from outside (a sidecar's client) can be told their types.
    authorized: Authorization
    offered_services: tuple[int, ...]
    charger_limits: ChargerLimits
    setpoint_w: float | None
    schedule_ready: bool
    schedule_number: int
    schedule: tuple[OfferedSchedule, ...]
    mobility: MobilityNeeds
    energy_prices: Prices | None
    stage: StageReading
    ac_grid: AcOutlet
    ac_charger_limits: AcLimits
    ac_measured: AcReading
    iec_settings: Plain | None
    """AC_DER_IEC: what is wanted of the car's inverter (``IecSettings``); None for an example of ours."""
    sae_settings: Plain | None
    """AC_DER_SAE: the same (``SaeSettings``)."""
    meter_reading: MeterReading | None
    value_added: tuple[ValueAddedService, ...]
    locked: bool | None
    support: AcSupport
    space: ParkingSpace
    leave_granted: bool
    pilot_state: str
    stop: bool
    pause: bool
    resume: bool
    standby: bool
    exit_standby: bool
    cost_receipt: Receipt | None
    confirmation: bool
    signature_check: SignatureCheck

    def __init__(self, *, energy_services: tuple[int, ...] = (6, 2), limits: ChargerLimits | None = None) -> None:
        self.authorized = Authorization.ACCEPTED
        self.offered_services = energy_services
        self.charger_limits = limits or ChargerLimits()
        self.setpoint_w = None
        self.schedule_ready = True
        self.schedule_number = 0
        self.schedule = ()
        self.mobility = MobilityNeeds()
        self.energy_prices = None
        self.stage = StageReading()
        self.ac_grid = AcOutlet()
        self.ac_charger_limits = AcLimits()
        self.ac_measured = AcReading()
        self.iec_settings = None
        self.sae_settings = None
        self.meter_reading = None
        self.value_added = ()
        self.locked = None
        self.support = AcSupport()
        self.space = ParkingSpace()
        self.leave_granted = True
        self.pilot_state = "C"
        self.stop = False
        self.pause = False
        self.resume = True
        self.standby = True
        self.exit_standby = False
        self.cost_receipt = None
        self.confirmation = False
        self.signature_check = SignatureCheck.INVALID

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

    def schedule_revision(self, now: float) -> int:
        return self.schedule_number

    def schedules(self, needs: ChargingNeeds, now: float) -> tuple[OfferedSchedule, ...]:
        """What was set, else one schedule at the set point (or the most both sides can) until departure or a day."""
        if self.schedule:
            return self.schedule
        ac = sum(self.ac_charger_limits.max_charge_power_w[: needs.lines])
        most = min(needs.max_charge_power_w, ac if needs.lines else self.charger_limits.max_charge_power_w)
        power = most if self.setpoint_w is None else self.setpoint_w
        duration = 86_400.0 if needs.departure_s is None else max(needs.departure_s - now, 1.0)
        return (OfferedSchedule(start_s=now, entries=((duration, power),)),)

    def mobility_needs(self, now: float) -> MobilityNeeds:
        return self.mobility

    def dynamic_prices(self, needs: ChargingNeeds, now: float) -> Prices | None:
        return self.energy_prices

    def reading(self, now: float) -> StageReading:
        return self.stage

    def ac_outlet(self, now: float) -> AcOutlet:
        return self.ac_grid

    def ac_limits(self, now: float) -> AcLimits:
        return self.ac_charger_limits

    def ac_reading(self, now: float) -> AcReading:
        return self.ac_measured

    # The structures of inverters at the grid are loaded by those only whose sessions ask for them.

    def der_iec(self, now: float) -> IecSettings | None:
        from iso15118.session.ports.der_iec import EXAMPLE_IEC_SETTINGS, IecSettings

        return check_kind("iec_settings", self.iec_settings or EXAMPLE_IEC_SETTINGS, IecSettings)

    def der_sae(self, now: float) -> SaeSettings | None:
        from iso15118.session.ports.der_sae import SaeSettings, example_sae

        grid = self.ac_grid
        settings = self.sae_settings or example_sae(grid.nominal_voltage_v, grid.nominal_frequency_hz)
        return check_kind("sae_settings", settings, SaeSettings)

    def meter(self, now: float) -> MeterReading | None:
        return self.meter_reading

    def connector_lock(self, now: float) -> bool | None:
        return self.locked

    def parking_space(self, now: float) -> ParkingSpace:
        return self.space

    def may_leave(self, now: float) -> bool:
        return self.leave_granted

    def ac_support(self, now: float) -> AcSupport:
        return self.support

    def value_added_services(self, now: float) -> tuple[ValueAddedService, ...]:
        return self.value_added

    def receipt(self, now: float) -> Receipt | None:
        return self.cost_receipt

    def confirmation_wanted(self, now: float) -> bool:
        return self.confirmation

    def metering_signature(self, request: MeteringConfirmationReq, now: float) -> SignatureCheck:
        """What was set; override it with a real check before confirmations are wanted."""
        return self.signature_check

    def pilot(self, now: float) -> str:
        return self.pilot_state

    def stop_wanted(self, now: float) -> bool:
        return self.stop

    def pause_wanted(self, now: float) -> bool:
        return self.pause

    def resume_allowed(self, now: float) -> bool:
        return self.resume

    def standby_allowed(self, now: float) -> bool:
        return self.standby

    def exit_standby_wanted(self, now: float) -> bool:
        return self.exit_standby


class SimpleVehicle:
    """Default answers to every question of a car; set the attributes, or override what you know better."""

    battery_reading: Battery
    vehicle_limits: VehicleLimits
    ac_inlet_limits: AcLimits
    ac_measured: AcReading
    iec_car: Plain | None
    """AC_DER_IEC: what the inverter can do (``IecCar``); None for an example of ours."""
    sae_car: Plain | None
    """AC_DER_SAE: the same (``SaeCar``)."""
    consent: Consent | None
    """What the car makes of settings of its inverter; None to accept what the inverter can do."""
    energy_needs: EnergyNeeds
    needs_number: int
    energy_to_offer: EnergyOffer | None
    driver_wish: Wish
    wanted_channel: ChannelSelection | None
    locked: bool | None
    pilot_signal_on: bool
    abilities: AcAbilities
    parked: CarParking
    services_wanted: tuple[int, ...] | None
    termination_reason: Termination
    shown: Display

    def __init__(self, *, limits: VehicleLimits | None = None, needs: EnergyNeeds | None = None) -> None:
        self.battery_reading = Battery(voltage_v=400.0)
        self.vehicle_limits = limits or VehicleLimits()
        self.ac_inlet_limits = AcLimits()
        self.ac_measured = AcReading()
        self.iec_car = None
        self.sae_car = None
        self.consent = None
        self.energy_needs = needs or EnergyNeeds()
        self.needs_number = 0
        self.energy_to_offer = None
        self.driver_wish = Wish.ENERGY
        self.wanted_channel = None
        self.locked = None
        self.pilot_signal_on = True
        self.abilities = AcAbilities()
        self.parked = CarParking()
        self.services_wanted = None
        self.termination_reason = Termination()
        self.shown = Display()

    def battery(self, now: float) -> Battery:
        return self.battery_reading

    def limits(self, now: float) -> VehicleLimits:
        return self.vehicle_limits

    def ac_limits(self, now: float) -> AcLimits:
        return self.ac_inlet_limits

    def ac_reading(self, now: float) -> AcReading:
        return self.ac_measured

    def der_iec_car(self, now: float) -> IecCar:
        from iso15118.session.ports.der_iec import EXAMPLE_IEC_CAR, IecCar

        return check_kind("iec_car", self.iec_car or EXAMPLE_IEC_CAR, IecCar)

    def der_iec_consent(self, settings: IecSettings, now: float) -> Consent:
        return self.consent or (Consent.ACCEPTED if self.der_iec_car(now).accepts(settings) else Consent.REJECTED)

    def der_sae_car(self, now: float) -> SaeCar:
        from iso15118.session.ports.der_sae_car import EXAMPLE_SAE_CAR, SaeCar

        return check_kind("sae_car", self.sae_car or EXAMPLE_SAE_CAR, SaeCar)

    def der_sae_consent(self, settings: SaeSettings, now: float) -> Consent:
        return self.consent or (Consent.ACCEPTED if self.der_sae_car(now).accepts(settings) else Consent.REJECTED)

    def needs(self, now: float) -> EnergyNeeds:
        return self.energy_needs

    def needs_revision(self, now: float) -> int:
        return self.needs_number

    def energy_offer(self, now: float) -> EnergyOffer | None:
        return self.energy_to_offer

    def wish(self, now: float) -> Wish:
        return self.driver_wish

    def channel(self, now: float) -> ChannelSelection | None:
        return self.wanted_channel

    def preferred_services(self, now: float) -> tuple[int, ...] | None:
        return self.services_wanted

    def termination(self, now: float) -> Termination:
        return self.termination_reason

    def display(self, now: float) -> Display:
        return self.shown

    def value_added_set(self, service_id: int, offers: tuple[Offer, ...], now: float) -> int | None:
        return offers[0].parameter_set_id

    def sign(self, element: Record, now: float) -> Signature | None:
        """None: it has no key. Override it."""
        return None

    def connector_lock(self, now: float) -> bool | None:
        return self.locked

    def pilot_signal(self, now: float) -> bool:
        return self.pilot_signal_on

    def ac_abilities(self, now: float) -> AcAbilities:
        return self.abilities

    def parking(self, now: float) -> CarParking:
        return self.parked
