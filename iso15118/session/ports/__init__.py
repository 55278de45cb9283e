"""What a session asks its surroundings: read-only, answered at once, asked again whenever it matters.

Ports are level-triggered: they tell the present truth. "Not yet known" is an answer (None, PENDING), and the session
says Ongoing on the wire. Whoever learns something asynchronously (a back end, a sensor) writes it into the state from
which the port reads; nothing can come too early or in the wrong state.

Every port has a simple implementation with sensible defaults, so that a dozen lines make a working station or car.
``now`` is the session's clock (monotonic seconds). Signs: positive into the battery; limits are magnitudes >= 0.
"""

from __future__ import annotations

from iso15118.session.ports.ac import AcInletPort, AcLimits, AcOutlet, AcOutletPort, AcReading, PerLine
from iso15118.session.ports.car import (
    Battery,
    BatteryPort,
    ChannelPort,
    Display,
    DisplayPort,
    EnergyNeeds,
    NeedsPort,
    ServicesWishPort,
    SignerPort,
    Termination,
    TerminationPort,
    Vehicle,
    VehicleLimits,
    VehicleLimitsPort,
    Wish,
    WishPort,
)
from iso15118.session.ports.prices import (
    AbsolutePrices,
    AdditionalServiceFee,
    EnergyOffer,
    EnergyPrice,
    OverstayFee,
    PriceAlgorithm,
    PriceLevels,
    Prices,
    PriceStack,
    TaxRate,
)
from iso15118.session.ports.schedule import ChargingNeeds, MobilityNeeds, OfferedSchedule
from iso15118.session.ports.simple import SimpleCharger, SimpleVehicle
from iso15118.session.ports.station import (
    Authorization,
    AuthorizationPort,
    Charger,
    ChargerLimits,
    IsolationState,
    LimitsPort,
    MeterPort,
    MeterReading,
    MobilityPort,
    PilotPort,
    SchedulePort,
    ServicesPort,
    SignatureCheck,
    StagePort,
    StageReading,
    StopPort,
    TargetPort,
)
from iso15118.session.ports.value_added import ValueAddedChoicePort, ValueAddedPort, ValueAddedService

__all__ = [
    "AbsolutePrices",
    "AcInletPort",
    "AcLimits",
    "AcOutlet",
    "AcOutletPort",
    "AcReading",
    "AdditionalServiceFee",
    "Authorization",
    "AuthorizationPort",
    "Battery",
    "BatteryPort",
    "ChannelPort",
    "Charger",
    "ChargerLimits",
    "ChargingNeeds",
    "Display",
    "DisplayPort",
    "EnergyNeeds",
    "EnergyOffer",
    "EnergyPrice",
    "IsolationState",
    "LimitsPort",
    "MeterPort",
    "MeterReading",
    "MobilityNeeds",
    "MobilityPort",
    "NeedsPort",
    "OfferedSchedule",
    "OverstayFee",
    "PerLine",
    "PilotPort",
    "PriceAlgorithm",
    "PriceLevels",
    "PriceStack",
    "Prices",
    "SchedulePort",
    "ServicesPort",
    "ServicesWishPort",
    "SignatureCheck",
    "SignerPort",
    "SimpleCharger",
    "SimpleVehicle",
    "StagePort",
    "StageReading",
    "StopPort",
    "TargetPort",
    "TaxRate",
    "Termination",
    "TerminationPort",
    "ValueAddedChoicePort",
    "ValueAddedPort",
    "ValueAddedService",
    "Vehicle",
    "VehicleLimits",
    "VehicleLimitsPort",
    "Wish",
    "WishPort",
]
