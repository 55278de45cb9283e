"""Price schedules of the station.

Part of namespace CommonMessages (V2G_CI_CommonMessages.xsd).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from iso15118.messages.iso20.common.xmlns import XMLNS
from iso15118.messages.iso20.types import (
    Description,
    Identifier,
    Name,
    NumericID,
    RationalNumber,
)
from iso15118.messages.model import (
    ATTRIBUTE,
    Identity,
    Record,
    UnsignedByte,
    UnsignedInt,
    UnsignedLong,
    UnsignedShort,
    element,
)

Currency = Annotated[str, Meta(max_length=3, title="currencyType")]


Language = Annotated[str, Meta(max_length=3, title="languageType")]


class PriceSchedule(Record):
    """What every price schedule begins with.

    Source: V2G_CI_CommonMessages.xsd, ``PriceScheduleType``.
    """

    abstract = True

    time_anchor: UnsignedLong = element("TimeAnchor")
    """Unit: s since 1970-01-01T00:00Z."""
    price_schedule_id: NumericID = element("PriceScheduleID")
    price_schedule_description: Description | None = element("PriceScheduleDescription", default=None)


class PriceLevelScheduleEntry(Record):
    """One step: how long and which level (0 is the cheapest).

    Source: V2G_CI_CommonMessages.xsd, ``PriceLevelScheduleEntryType``.
    """

    duration: UnsignedInt = element("Duration")
    """Unit: s."""
    price_level: UnsignedByte = element("PriceLevel")


class PriceLevelScheduleEntryList(Record):
    """Up to 1024 steps.

    Source: V2G_CI_CommonMessages.xsd, ``PriceLevelScheduleEntryListType``.
    """

    price_level_schedule_entry: Annotated[tuple[PriceLevelScheduleEntry, ...], Meta(min_length=1, max_length=1024)] = (
        element("PriceLevelScheduleEntry")
    )


class PriceLevelSchedule(PriceSchedule):
    """Prices as levels without a currency.

    Source: V2G_CI_CommonMessages.xsd, ``PriceLevelScheduleType``.
    """

    number_of_price_levels: UnsignedByte = element("NumberOfPriceLevels")
    price_level_schedule_entries: PriceLevelScheduleEntryList = element("PriceLevelScheduleEntries")
    id: Annotated[Identity | None, ATTRIBUTE] = element("Id", default=None)


class TaxRule(Record):
    """One tax and what it applies to.

    Source: V2G_CI_CommonMessages.xsd, ``TaxRuleType``.
    """

    tax_rule_id: NumericID = element("TaxRuleID")
    tax_rule_name: Name | None = element("TaxRuleName", default=None)
    tax_rate: RationalNumber = element("TaxRate")
    """Unit: %."""
    tax_included_in_price: bool | None = element("TaxIncludedInPrice", default=None)
    applies_to_energy_fee: bool = element("AppliesToEnergyFee")
    applies_to_parking_fee: bool = element("AppliesToParkingFee")
    applies_to_overstay_fee: bool = element("AppliesToOverstayFee")
    applies_minimum_maximum_cost: bool = element("AppliesMinimumMaximumCost")


class TaxRuleList(Record):
    """Up to 10 taxes.

    Source: V2G_CI_CommonMessages.xsd, ``TaxRuleListType``.
    """

    tax_rule: Annotated[tuple[TaxRule, ...], Meta(min_length=1, max_length=10)] = element("TaxRule")


class PriceRule(Record):
    """Price from a power on.

    Source: V2G_CI_CommonMessages.xsd, ``PriceRuleType``.
    """

    energy_fee: RationalNumber = element("EnergyFee")
    """Price of energy from PowerRangeStart on, in the schedule's currency; our sources name no unit (deployed stacks take it per kWh)."""
    parking_fee: RationalNumber | None = element("ParkingFee", default=None)
    """In the schedule's currency, for every ParkingFeePeriod."""
    parking_fee_period: UnsignedInt | None = element("ParkingFeePeriod", default=None)
    """Unit: s."""
    carbon_dioxide_emission: UnsignedShort | None = element("CarbonDioxideEmission", default=None)
    """Unit: g/kWh."""
    renewable_generation_percentage: UnsignedByte | None = element("RenewableGenerationPercentage", default=None)
    """Unit: %."""
    power_range_start: RationalNumber = element("PowerRangeStart")
    """Unit: W."""


class PriceRuleStack(Record):
    """Prices that hold for a while, by power range.

    Source: V2G_CI_CommonMessages.xsd, ``PriceRuleStackType``.
    """

    duration: UnsignedInt = element("Duration")
    """Unit: s."""
    price_rule: Annotated[tuple[PriceRule, ...], Meta(min_length=1, max_length=8)] = element("PriceRule")


class PriceRuleStackList(Record):
    """Up to 1024 steps.

    Source: V2G_CI_CommonMessages.xsd, ``PriceRuleStackListType``.
    """

    price_rule_stack: Annotated[tuple[PriceRuleStack, ...], Meta(min_length=1, max_length=1024)] = element(
        "PriceRuleStack"
    )


class OverstayRule(Record):
    """One fee for staying.

    Source: V2G_CI_CommonMessages.xsd, ``OverstayRuleType``.
    """

    overstay_rule_description: Description | None = element("OverstayRuleDescription", default=None)
    start_time: UnsignedInt = element("StartTime")
    """Unit: s; our sources do not say from when (the end of charging, by its place)."""
    overstay_fee: RationalNumber = element("OverstayFee")
    """In the schedule's currency, for every OverstayFeePeriod."""
    overstay_fee_period: UnsignedInt = element("OverstayFeePeriod")
    """Unit: s."""


class OverstayRuleList(Record):
    """Fees for staying beyond the end of charging.

    Source: V2G_CI_CommonMessages.xsd, ``OverstayRuleListType``.
    """

    overstay_time_threshold: UnsignedInt | None = element("OverstayTimeThreshold", default=None)
    """Unit: s."""
    overstay_power_threshold: RationalNumber | None = element("OverstayPowerThreshold", default=None)
    """Unit: W."""
    overstay_rule: Annotated[tuple[OverstayRule, ...], Meta(min_length=1, max_length=5)] = element("OverstayRule")


class AdditionalService(Record):
    """A service at a fixed fee.

    Source: V2G_CI_CommonMessages.xsd, ``AdditionalServiceType``.
    """

    service_name: Name = element("ServiceName")
    service_fee: RationalNumber = element("ServiceFee")
    """Unit: the schedule's currency."""


class AdditionalServiceList(Record):
    """Up to 5 services.

    Source: V2G_CI_CommonMessages.xsd, ``AdditionalServiceListType``.
    """

    additional_service: Annotated[tuple[AdditionalService, ...], Meta(min_length=1, max_length=5)] = element(
        "AdditionalService"
    )


class AbsolutePriceSchedule(PriceSchedule):
    """Prices in a currency, with taxes, overstay and additional services.

    Source: V2G_CI_CommonMessages.xsd, ``AbsolutePriceScheduleType``.
    """

    currency: Currency = element("Currency")
    language: Language = element("Language")
    price_algorithm: Identifier = element("PriceAlgorithm")
    minimum_cost: RationalNumber | None = element("MinimumCost", default=None)
    """Unit: the schedule's currency."""
    maximum_cost: RationalNumber | None = element("MaximumCost", default=None)
    """Unit: the schedule's currency."""
    tax_rules: TaxRuleList | None = element("TaxRules", default=None)
    price_rule_stacks: PriceRuleStackList = element("PriceRuleStacks")
    overstay_rules: OverstayRuleList | None = element("OverstayRules", default=None)
    additional_selected_services: AdditionalServiceList | None = element("AdditionalSelectedServices", default=None)
    id: Annotated[Identity | None, ATTRIBUTE] = element("Id", default=None)
