"""What energy costs, and what a car asks for its own: prices beside schedules, in plain numbers.

Fees are in the currency of their schedule; energy fees are per kWh. The schemas name no unit, deployed stacks and OCPP
2.1 take it so (docs/open-points.md, "prices"). Lengths are those of the schema: more is refused when a price is made.
"""

from __future__ import annotations

import enum

import msgspec

from iso15118.errors import LocalError

__all__ = [
    "AbsolutePrices",
    "AdditionalServiceFee",
    "EnergyOffer",
    "EnergyPrice",
    "OverstayFee",
    "PriceAlgorithm",
    "PriceLevels",
    "PriceStack",
    "Prices",
    "TaxRate",
]


_MOST = 1e100
"""Magnitude of figures whose sums and products stay finite."""


class PriceAlgorithm(enum.Enum):
    """Which energy has which price, when a stack has several price rules; names as deployed stacks spell them."""

    POWER = "urn:iso:std:iso:15118:-20:PriceAlgorithm:1-Power"
    """All energy at the price of the range in which the power lies."""
    PEAK_POWER = "urn:iso:std:iso:15118:-20:PriceAlgorithm:2-PeakPower"
    """All energy of a stack at the price of the range in which its highest power lies."""
    STACKED_ENERGY = "urn:iso:std:iso:15118:-20:PriceAlgorithm:3-StackedEnergy"
    """Each share of the power at the price of its own range."""


class EnergyPrice(msgspec.Struct, frozen=True, kw_only=True):
    """One price rule: what holds from a power on."""

    energy_fee: float
    """Per kWh; of energy out of the car it is what the car gets (docs/open-points.md, "prices")."""
    power_range_start_w: float = 0.0
    """From this power on; the magnitude counts."""
    parking_fee: float | None = None
    """For every ``parking_fee_period_s``, whether energy flows or not."""
    parking_fee_period_s: int | None = None
    carbon_dioxide_emission_g_per_kwh: int | None = None
    """0 to 65535."""
    renewable_generation_percent: int | None = None
    """0 to 100."""

    def __post_init__(self) -> None:
        _finite("EnergyPrice", self.energy_fee, self.power_range_start_w, self.parking_fee)
        _within("EnergyPrice.parking_fee_period_s", self.parking_fee_period_s, 2**32 - 1)
        _within("EnergyPrice.carbon_dioxide_emission_g_per_kwh", self.carbon_dioxide_emission_g_per_kwh, 65_535)
        _within("EnergyPrice.renewable_generation_percent", self.renewable_generation_percent, 100)


class PriceStack(msgspec.Struct, frozen=True, kw_only=True):
    """The price rules of a while, by power range."""

    duration_s: float
    rules: tuple[EnergyPrice, ...]
    """1 to 8."""

    def __post_init__(self) -> None:
        _finite("PriceStack.duration_s", self.duration_s)
        _count("PriceStack.rules", self.rules, 8, least=1)


class TaxRate(msgspec.Struct, frozen=True, kw_only=True):
    """One tax and what it applies to."""

    rate_percent: float
    name: str | None = None
    """At most 80 characters."""
    included_in_price: bool | None = None
    """Whether the fees hold it already; None counts as no."""
    on_energy_fee: bool = True
    on_parking_fee: bool = True
    on_overstay_fee: bool = True
    on_minimum_maximum_cost: bool = True

    def __post_init__(self) -> None:
        _finite("TaxRate.rate_percent", self.rate_percent)
        _length("TaxRate.name", self.name, 80)


class OverstayFee(msgspec.Struct, frozen=True, kw_only=True):
    """A fee for staying on when charging has ended."""

    start_s: float
    """From so long after the end of charging on."""
    fee: float
    """For every ``period_s``."""
    period_s: int
    description: str | None = None
    """At most 160 characters."""

    def __post_init__(self) -> None:
        _finite("OverstayFee", self.start_s, self.fee)
        _within("OverstayFee.period_s", self.period_s, 2**32 - 1)
        _length("OverstayFee.description", self.description, 160)


class AdditionalServiceFee(msgspec.Struct, frozen=True):
    """A service at a fixed fee."""

    name: str
    """At most 80 characters."""
    fee: float

    def __post_init__(self) -> None:
        _finite("AdditionalServiceFee.fee", self.fee)
        _length("AdditionalServiceFee.name", self.name, 80)


class AbsolutePrices(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="absolute"):
    """Prices in a currency, with taxes, overstay and additional services."""

    stacks: tuple[PriceStack, ...]
    """One after the other from ``start_s`` on; 1 to 1024."""
    start_s: float | None = None
    """On the session's clock; None: where the schedule begins, or now where there is none."""
    price_schedule_id: int = 1
    """1 to 4294967295."""
    description: str | None = None
    """At most 160 characters."""
    currency: str = "EUR"
    """ISO 4217."""
    language: str = "en"
    """At most 3 characters."""
    price_algorithm: str = PriceAlgorithm.POWER.value
    """A URN; what is none of ``PriceAlgorithm`` is counted like POWER."""
    minimum_cost: float | None = None
    maximum_cost: float | None = None
    """Of energy, parking and overstay together, without taxes."""
    taxes: tuple[TaxRate, ...] = ()
    """At most 10."""
    overstay_fees: tuple[OverstayFee, ...] = ()
    """At most 5, by their start; each holds until the next one starts."""
    overstay_time_threshold_s: float | None = None
    overstay_power_threshold_w: float | None = None
    """Below this power charging counts as ended."""
    additional_services: tuple[AdditionalServiceFee, ...] = ()
    """At most 5."""

    def __post_init__(self) -> None:
        _count("AbsolutePrices.stacks", self.stacks, 1024, least=1)
        _count("AbsolutePrices.taxes", self.taxes, 10)
        _count("AbsolutePrices.overstay_fees", self.overstay_fees, 5)
        _count("AbsolutePrices.additional_services", self.additional_services, 5)
        _finite("AbsolutePrices", self.start_s, self.minimum_cost, self.maximum_cost)
        _finite("AbsolutePrices", self.overstay_time_threshold_s, self.overstay_power_threshold_w)
        _within("AbsolutePrices.price_schedule_id", self.price_schedule_id, 2**32 - 1, least=1)
        _length("AbsolutePrices.description", self.description, 160)
        _length("AbsolutePrices.currency", self.currency, 3)
        _length("AbsolutePrices.language", self.language, 3)
        _length("AbsolutePrices.price_algorithm", self.price_algorithm, 255)


class PriceLevels(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="levels"):
    """Prices as levels without a currency; 0 is the cheapest."""

    entries: tuple[tuple[float, int], ...]
    """Duration in s and level (0 to 255), one after the other from ``start_s`` on; 1 to 1024."""
    number_of_levels: int
    """0 to 255."""
    start_s: float | None = None
    """On the session's clock; None: where the schedule begins, or now where there is none."""
    price_schedule_id: int = 1
    """1 to 4294967295."""
    description: str | None = None
    """At most 160 characters."""

    def __post_init__(self) -> None:
        _count("PriceLevels.entries", self.entries, 1024, least=1)
        _within("PriceLevels.number_of_levels", self.number_of_levels, 255)
        _within("PriceLevels.price_schedule_id", self.price_schedule_id, 2**32 - 1, least=1)
        _length("PriceLevels.description", self.description, 160)
        _finite("PriceLevels.start_s", self.start_s)
        for duration_s, level in self.entries:
            _finite("PriceLevels.entries", duration_s)
            _within("PriceLevels.entries", level, 255)


Prices = AbsolutePrices | PriceLevels


class EnergyOffer(msgspec.Struct, frozen=True, kw_only=True):
    """What a car would take and give over time, and at which prices (EVEnergyOffer, Scheduled control)."""

    start_s: float
    """On the session's clock."""
    entries: tuple[tuple[float, float], ...]
    """Duration in s and power in W, negative out of the car; 1 to 1024."""
    stacks: tuple[PriceStack, ...]
    """Prices from ``price_start_s`` on: only energy fees and power ranges have a place in the message; 1 to 1024."""
    price_start_s: float | None = None
    """On the session's clock; None: ``start_s``."""
    currency: str = "EUR"
    price_algorithm: str = PriceAlgorithm.POWER.value

    def __post_init__(self) -> None:
        _count("EnergyOffer.entries", self.entries, 1024, least=1)
        _count("EnergyOffer.stacks", self.stacks, 1024, least=1)
        _finite("EnergyOffer", self.start_s, self.price_start_s, *(value for entry in self.entries for value in entry))
        _length("EnergyOffer.currency", self.currency, 3)
        _length("EnergyOffer.price_algorithm", self.price_algorithm, 255)


def _finite(name: str, *values: float | None) -> None:
    if not all(value is None or abs(value) <= _MOST for value in values):
        raise LocalError(f"{name} needs finite numbers, not {values}")


def _within(name: str, value: int | None, most: int, *, least: int = 0) -> None:
    if value is not None and not least <= value <= most:
        raise LocalError(f"{name} is {value}, outside {least} to {most}")


def _count(name: str, values: tuple[object, ...], most: int, *, least: int = 0) -> None:
    if not least <= len(values) <= most:
        raise LocalError(f"{name} has {len(values)} items, outside {least} to {most}")


def _length(name: str, text: str | None, most: int) -> None:
    if text is not None and len(text) > most:
        raise LocalError(f"{name} has {len(text)} characters, more than {most}")
