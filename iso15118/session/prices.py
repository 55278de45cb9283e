"""Prices and energy offers to the wire and back.

Boundaries are sent in whole seconds, and as on the wire nothing drifts: boundaries are rounded, not durations. What is
read is taken as it is; figures that no sum could hold are cut to a size that one can.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from iso15118.messages import deployed
from iso15118.messages.iso20.common import energy_offer as offer_wire
from iso15118.messages.iso20.common import price_schedule as wire
from iso15118.messages.iso20.types import RationalNumber
from iso15118.session.emitter import EmitterProfile, longest
from iso15118.session.ports.prices import (
    AbsolutePrices,
    AdditionalServiceFee,
    EnergyOffer,
    EnergyPrice,
    OverstayFee,
    PriceLevels,
    Prices,
    PriceStack,
    TaxRate,
)
from iso15118.session.quantities import number, rational
from iso15118.session.services import Pricing

__all__ = ["price_fields", "priced_until", "read_energy_offer", "read_prices", "spell_energy_offer", "whole_seconds_of"]

_FINE = -6
"""Fees are rounded to a millionth where 16 bits have room for it."""
_MOST = 1e100
"""Magnitude at which figures of a peer are cut: their sums and products stay finite."""
_MAX_STEPS = 1024
"""maxOccurs of PriceRuleStack, PriceLevelScheduleEntry and of the steps of an energy offer."""
_MAX_TIME = 2**63
_MAX_DURATION = 2**32 - 1


def whole_seconds_of(start: float, durations: Sequence[float]) -> tuple[int, list[tuple[int, int]]]:
    """A series of steps in whole seconds.

    Args:
        start: Where it begins, s since 1970.
        durations: Of its steps, s.

    Returns:
        The rounded beginning, and index and rounded duration of each step that is left.
    """
    end, boundary = start, max(0, min(round(start), _MAX_TIME))
    anchor, steps = boundary, []
    for i, duration in enumerate(durations):
        end += min(max(duration, 0.0), float(_MAX_DURATION))
        if round(end) > boundary:
            steps.append((i, min(round(end) - boundary, _MAX_DURATION)))
            boundary = round(end)
    return anchor, steps


def _most_stacks(most: int, profile: EmitterProfile) -> int:
    if profile is EmitterProfile.FULL:
        return most
    return min(most, deployed.LIST_LIMITS["PriceRuleStack"])


def _fee(fee: float) -> RationalNumber:
    return rational(fee, step=_FINE)


def _optional(fee: float | None) -> RationalNumber | None:
    return None if fee is None else _fee(fee)


def _read(quantity: RationalNumber) -> float:
    return max(-_MOST, min(number(quantity), _MOST))


def _read_optional(quantity: RationalNumber | None) -> float | None:
    return None if quantity is None else _read(quantity)


# --- to the wire ---


def price_fields(
    prices: Prices | None,
    pricing: Pricing,
    *,
    start_s: float,
    unix_offset_s: float,
    most: int,
    profile: EmitterProfile,
) -> dict[str, Any]:
    """Fields of a ChargingSchedule or of Dynamic_SEResControlMode; none when the prices are of another kind.

    Args:
        prices: What a schedule port said.
        pricing: The selected parameter: prices of another kind than it names are not sent.
        start_s: Where prices without a start of their own begin, on the session's clock.
        unix_offset_s: Seconds to add to get seconds since 1970.
        most: Steps that the car can take.
        profile: That of the session.
    """
    start = unix_offset_s + (start_s if prices is None or prices.start_s is None else prices.start_s)
    if isinstance(prices, AbsolutePrices) and pricing is Pricing.ABSOLUTE:
        return {"absolute_price_schedule": _absolute(prices, start, _most_stacks(most, profile))}
    if isinstance(prices, PriceLevels) and pricing is Pricing.PRICE_LEVELS:
        return {"price_level_schedule": _levels(prices, start, min(most, longest(_MAX_STEPS, profile)))}
    return {}


def priced_until(fields: dict[str, Any], prices: Prices | None) -> int | None:
    """Until when (s since 1970) prices are sent, if they had to be cut to fit; None when they were not.

    Nothing should be offered beyond it: the car would not know what it pays.
    """
    if not fields or prices is None:
        return None
    sent = fields.get("absolute_price_schedule")
    if isinstance(sent, wire.AbsolutePriceSchedule) and isinstance(prices, AbsolutePrices):
        durations = [stack.duration for stack in sent.price_rule_stacks.price_rule_stack]
        whole = sum(stack.duration_s for stack in prices.stacks)
    else:
        sent = fields["price_level_schedule"]
        durations = [entry.duration for entry in sent.price_level_schedule_entries.price_level_schedule_entry]
        whole = sum(duration_s for duration_s, _ in prices.entries) if isinstance(prices, PriceLevels) else 0.0
    return sent.time_anchor + sum(durations) if sum(durations) < whole - 1.0 else None


def _absolute(prices: AbsolutePrices, start: float, most: int) -> wire.AbsolutePriceSchedule:
    stacks = _merged(prices.stacks)
    anchor, steps = whole_seconds_of(start, [stack.duration_s for stack in stacks])
    sent = tuple(
        wire.PriceRuleStack(duration=duration, price_rule=tuple(_rule(rule) for rule in stacks[i].rules))
        for i, duration in steps[:most] or [(0, 1)]
    )
    overstay = tuple(
        wire.OverstayRule(
            overstay_rule_description=fee.description,
            start_time=_seconds(fee.start_s),
            overstay_fee=_fee(fee.fee),
            overstay_fee_period=fee.period_s,
        )
        for fee in prices.overstay_fees
    )
    services = tuple(
        wire.AdditionalService(service_name=service.name, service_fee=_fee(service.fee))
        for service in prices.additional_services
    )
    threshold = prices.overstay_time_threshold_s
    return wire.AbsolutePriceSchedule(
        time_anchor=anchor,
        price_schedule_id=prices.price_schedule_id,
        price_schedule_description=prices.description,
        currency=prices.currency,
        language=prices.language,
        price_algorithm=prices.price_algorithm,
        minimum_cost=_optional(prices.minimum_cost),
        maximum_cost=_optional(prices.maximum_cost),
        tax_rules=wire.TaxRuleList(tax_rule=tuple(_tax(i, tax) for i, tax in enumerate(prices.taxes, start=1)))
        if prices.taxes
        else None,
        price_rule_stacks=wire.PriceRuleStackList(price_rule_stack=sent),
        overstay_rules=wire.OverstayRuleList(
            overstay_time_threshold=None if threshold is None else _seconds(threshold),
            overstay_power_threshold=_optional(prices.overstay_power_threshold_w),
            overstay_rule=overstay,
        )
        if overstay
        else None,
        additional_selected_services=wire.AdditionalServiceList(additional_service=services) if services else None,
    )


def _merged(stacks: tuple[PriceStack, ...]) -> tuple[PriceStack, ...]:
    """Neighbours with equal rules become one: a car's memory for stacks is short."""
    merged: list[PriceStack] = []
    for stack in stacks:
        if merged and merged[-1].rules == stack.rules:
            merged[-1] = PriceStack(duration_s=merged[-1].duration_s + stack.duration_s, rules=stack.rules)
        else:
            merged.append(stack)
    return tuple(merged)


def _rule(rule: EnergyPrice) -> wire.PriceRule:
    return wire.PriceRule(
        energy_fee=_fee(rule.energy_fee),
        parking_fee=_optional(rule.parking_fee),
        parking_fee_period=rule.parking_fee_period_s,
        carbon_dioxide_emission=rule.carbon_dioxide_emission_g_per_kwh,
        renewable_generation_percentage=rule.renewable_generation_percent,
        power_range_start=rational(rule.power_range_start_w, step=0),
    )


def _tax(tax_rule_id: int, tax: TaxRate) -> wire.TaxRule:
    return wire.TaxRule(
        tax_rule_id=tax_rule_id,
        tax_rule_name=tax.name,
        tax_rate=_fee(tax.rate_percent),
        tax_included_in_price=tax.included_in_price,
        applies_to_energy_fee=tax.on_energy_fee,
        applies_to_parking_fee=tax.on_parking_fee,
        applies_to_overstay_fee=tax.on_overstay_fee,
        applies_minimum_maximum_cost=tax.on_minimum_maximum_cost,
    )


def _seconds(duration_s: float) -> int:
    return max(0, min(round(duration_s), _MAX_DURATION))


def _levels(prices: PriceLevels, start: float, most: int) -> wire.PriceLevelSchedule:
    anchor, steps = whole_seconds_of(start, [duration for duration, _ in prices.entries])
    entries = tuple(
        wire.PriceLevelScheduleEntry(duration=duration, price_level=prices.entries[i][1])
        for i, duration in steps[:most] or [(0, 1)]
    )
    return wire.PriceLevelSchedule(
        time_anchor=anchor,
        price_schedule_id=prices.price_schedule_id,
        price_schedule_description=prices.description,
        number_of_price_levels=prices.number_of_levels,
        price_level_schedule_entries=wire.PriceLevelScheduleEntryList(price_level_schedule_entry=entries),
    )


def spell_energy_offer(offer: EnergyOffer, unix_offset_s: float, profile: EmitterProfile) -> offer_wire.EVEnergyOffer:
    """EVEnergyOffer as it can be sent."""
    anchor, steps = whole_seconds_of(unix_offset_s + offer.start_s, [duration for duration, _ in offer.entries])
    entries = tuple(
        offer_wire.EVPowerScheduleEntry(duration=duration, power=rational(offer.entries[i][1], step=0))
        for i, duration in steps[: longest(_MAX_STEPS, profile)] or [(0, 1)]
    )
    price_start_s = offer.start_s if offer.price_start_s is None else offer.price_start_s
    stacks = _merged(offer.stacks)
    price_anchor, price_steps = whole_seconds_of(unix_offset_s + price_start_s, [stack.duration_s for stack in stacks])
    sent = tuple(
        offer_wire.EVPriceRuleStack(
            duration=duration,
            ev_price_rule=tuple(
                offer_wire.EVPriceRule(
                    energy_fee=_fee(rule.energy_fee), power_range_start=rational(rule.power_range_start_w, step=0)
                )
                for rule in stacks[i].rules
            ),
        )
        for i, duration in price_steps[: longest(_MAX_STEPS, profile)] or [(0, 1)]
    )
    return offer_wire.EVEnergyOffer(
        ev_power_schedule=offer_wire.EVPowerSchedule(
            time_anchor=anchor,
            ev_power_schedule_entries=offer_wire.EVPowerScheduleEntryList(ev_power_schedule_entry=entries),
        ),
        ev_absolute_price_schedule=offer_wire.EVAbsolutePriceSchedule(
            time_anchor=price_anchor,
            currency=offer.currency,
            price_algorithm=offer.price_algorithm,
            ev_price_rule_stacks=offer_wire.EVPriceRuleStackList(ev_price_rule_stack=sent),
        ),
    )


# --- from the wire ---


def read_prices(
    absolute: wire.AbsolutePriceSchedule | None, levels: wire.PriceLevelSchedule | None, unix_offset_s: float
) -> Prices | None:
    """Prices as they came, whatever Pricing says; None when there are none."""
    if absolute is not None:
        return _read_absolute(absolute, unix_offset_s)
    if levels is None:
        return None
    entries = levels.price_level_schedule_entries.price_level_schedule_entry
    return PriceLevels(
        entries=tuple((float(entry.duration), entry.price_level) for entry in entries),
        number_of_levels=levels.number_of_price_levels,
        start_s=levels.time_anchor - unix_offset_s,
        price_schedule_id=levels.price_schedule_id,
        description=levels.price_schedule_description,
    )


def _read_absolute(prices: wire.AbsolutePriceSchedule, unix_offset_s: float) -> AbsolutePrices:
    overstay = prices.overstay_rules
    threshold = None if overstay is None else overstay.overstay_time_threshold
    services = prices.additional_selected_services
    return AbsolutePrices(
        stacks=tuple(
            PriceStack(duration_s=float(stack.duration), rules=tuple(_read_rule(rule) for rule in stack.price_rule))
            for stack in prices.price_rule_stacks.price_rule_stack
        ),
        start_s=prices.time_anchor - unix_offset_s,
        price_schedule_id=prices.price_schedule_id,
        description=prices.price_schedule_description,
        currency=prices.currency,
        language=prices.language,
        price_algorithm=prices.price_algorithm,
        minimum_cost=_read_optional(prices.minimum_cost),
        maximum_cost=_read_optional(prices.maximum_cost),
        taxes=() if prices.tax_rules is None else tuple(_read_tax(tax) for tax in prices.tax_rules.tax_rule),
        overstay_fees=tuple(
            OverstayFee(
                start_s=float(rule.start_time),
                fee=_read(rule.overstay_fee),
                period_s=rule.overstay_fee_period,
                description=rule.overstay_rule_description,
            )
            for rule in (() if overstay is None else overstay.overstay_rule)
        ),
        overstay_time_threshold_s=None if threshold is None else float(threshold),
        overstay_power_threshold_w=None if overstay is None else _read_optional(overstay.overstay_power_threshold),
        additional_services=tuple(
            AdditionalServiceFee(service.service_name, _read(service.service_fee))
            for service in (() if services is None else services.additional_service)
        ),
    )


def _read_rule(rule: wire.PriceRule) -> EnergyPrice:
    return EnergyPrice(
        energy_fee=_read(rule.energy_fee),
        power_range_start_w=_read(rule.power_range_start),
        parking_fee=_read_optional(rule.parking_fee),
        parking_fee_period_s=rule.parking_fee_period,
        carbon_dioxide_emission_g_per_kwh=rule.carbon_dioxide_emission,
        # The schema has an octet for it; more than all of it is all of it.
        renewable_generation_percent=None
        if rule.renewable_generation_percentage is None
        else min(rule.renewable_generation_percentage, 100),
    )


def _read_tax(tax: wire.TaxRule) -> TaxRate:
    return TaxRate(
        rate_percent=_read(tax.tax_rate),
        name=tax.tax_rule_name,
        included_in_price=tax.tax_included_in_price,
        on_energy_fee=tax.applies_to_energy_fee,
        on_parking_fee=tax.applies_to_parking_fee,
        on_overstay_fee=tax.applies_to_overstay_fee,
        on_minimum_maximum_cost=tax.applies_minimum_maximum_cost,
    )


def read_energy_offer(offer: offer_wire.EVEnergyOffer, unix_offset_s: float) -> EnergyOffer:
    """EVEnergyOffer as it came: negative power is energy that the car would give."""
    power, prices = offer.ev_power_schedule, offer.ev_absolute_price_schedule
    return EnergyOffer(
        start_s=power.time_anchor - unix_offset_s,
        entries=tuple(
            (float(entry.duration), _read(entry.power))
            for entry in power.ev_power_schedule_entries.ev_power_schedule_entry
        ),
        stacks=tuple(
            PriceStack(
                duration_s=float(stack.duration),
                rules=tuple(
                    EnergyPrice(energy_fee=_read(rule.energy_fee), power_range_start_w=_read(rule.power_range_start))
                    for rule in stack.ev_price_rule
                ),
            )
            for stack in prices.ev_price_rule_stacks.ev_price_rule_stack
        ),
        price_start_s=prices.time_anchor - unix_offset_s,
        currency=prices.currency,
        price_algorithm=prices.price_algorithm,
    )
