"""What the EV offers to give back, and at which price.

Part of namespace CommonMessages (V2G_CI_CommonMessages.xsd).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from iso15118.messages.iso20.common.price_schedule import Currency
from iso15118.messages.iso20.common.xmlns import XMLNS
from iso15118.messages.iso20.types import Identifier, RationalNumber
from iso15118.messages.model import Record, UnsignedInt, UnsignedLong, element


class EVPowerScheduleEntry(Record):
    """One step: how long and how much; discharging steps are negative.

    Source: V2G_CI_CommonMessages.xsd, ``EVPowerScheduleEntryType``.
    """

    duration: UnsignedInt = element("Duration")
    """Unit: s."""
    power: RationalNumber = element("Power")
    """Unit: W."""


class EVPowerScheduleEntryList(Record):
    """Up to 1024 steps.

    Source: V2G_CI_CommonMessages.xsd, ``EVPowerScheduleEntryListType``.
    """

    ev_power_schedule_entry: Annotated[tuple[EVPowerScheduleEntry, ...], Meta(min_length=1, max_length=1024)] = element(
        "EVPowerScheduleEntry"
    )


class EVPowerSchedule(Record):
    """Power the EV offers over time.

    Source: V2G_CI_CommonMessages.xsd, ``EVPowerScheduleType``.
    """

    time_anchor: UnsignedLong = element("TimeAnchor")
    """Unit: s since 1970-01-01T00:00Z."""
    ev_power_schedule_entries: EVPowerScheduleEntryList = element("EVPowerScheduleEntries")


class EVPriceRule(Record):
    """Price from a power on.

    Source: V2G_CI_CommonMessages.xsd, ``EVPriceRuleType``.
    """

    energy_fee: RationalNumber = element("EnergyFee")
    """Price the EV asks from PowerRangeStart on; our sources name no unit (deployed stacks take it per kWh)."""
    power_range_start: RationalNumber = element("PowerRangeStart")
    """Unit: W."""


class EVPriceRuleStack(Record):
    """Prices that hold for a while, by power range.

    Source: V2G_CI_CommonMessages.xsd, ``EVPriceRuleStackType``.
    """

    duration: UnsignedInt = element("Duration")
    """Unit: s."""
    ev_price_rule: Annotated[tuple[EVPriceRule, ...], Meta(min_length=1, max_length=8)] = element("EVPriceRule")


class EVPriceRuleStackList(Record):
    """Up to 1024 steps.

    Source: V2G_CI_CommonMessages.xsd, ``EVPriceRuleStackListType``.
    """

    ev_price_rule_stack: Annotated[tuple[EVPriceRuleStack, ...], Meta(min_length=1, max_length=1024)] = element(
        "EVPriceRuleStack"
    )


class EVAbsolutePriceSchedule(Record):
    """Price the EV asks.

    Source: V2G_CI_CommonMessages.xsd, ``EVAbsolutePriceScheduleType``.
    """

    time_anchor: UnsignedLong = element("TimeAnchor")
    """Unit: s since 1970-01-01T00:00Z."""
    currency: Currency = element("Currency")
    price_algorithm: Identifier = element("PriceAlgorithm")
    ev_price_rule_stacks: EVPriceRuleStackList = element("EVPriceRuleStacks")


class EVEnergyOffer(Record):
    """Energy the EV offers to give back, and its price.

    Source: V2G_CI_CommonMessages.xsd, ``EVEnergyOfferType``.
    """

    ev_power_schedule: EVPowerSchedule = element("EVPowerSchedule")
    ev_absolute_price_schedule: EVAbsolutePriceSchedule = element("EVAbsolutePriceSchedule")
