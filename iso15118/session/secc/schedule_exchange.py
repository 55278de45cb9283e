"""Schedule exchange at the station: needs in, schedules (Scheduled) or consent (Dynamic) out."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from iso15118.messages.iso20.common.price_schedule import (
    PriceLevelSchedule,
    PriceLevelScheduleEntry,
    PriceLevelScheduleEntryList,
)
from iso15118.messages.iso20.common.schedule_exchange import (
    ChargingSchedule,
    Dynamic_SEReqControlMode,
    Dynamic_SEResControlMode,
    PowerSchedule,
    PowerScheduleEntry,
    PowerScheduleEntryList,
    Scheduled_SEReqControlMode,
    Scheduled_SEResControlMode,
    ScheduleExchangeReq,
    ScheduleExchangeRes,
    ScheduleTuple,
)
from iso15118.messages.iso20.types import Processing, RationalNumber
from iso15118.session.actions import Action, NeedsTold
from iso15118.session.core import State, Step
from iso15118.session.emitter import longest
from iso15118.session.ports import ChargingNeeds, OfferedSchedule
from iso15118.session.ports.prices import Prices
from iso15118.session.prices import price_fields, priced_until, read_energy_offer
from iso15118.session.quantities import limit, number
from iso15118.session.secc.failed import least_schedule
from iso15118.session.secc.mobility import schedule_fields
from iso15118.session.secc.sent_schedule import SentSchedule, as_sent, whole_seconds
from iso15118.session.secc.session import Handlers, Rule, SeccSession
from iso15118.session.services import ControlMode, Pricing
from iso15118.session.timers import Timer

__all__ = ["HANDLERS", "Exchange", "exchange", "needs_of"]

_MAX_TUPLES = 3
_MAX_ENTRIES = 1024
"""maxOccurs of ScheduleTuple and PowerScheduleEntry."""


class Exchange(NamedTuple):
    """What comes of one ScheduleExchangeReq."""

    response: ScheduleExchangeRes | None = None
    """None when it failed."""
    finished: bool = False
    told: tuple[Action, ...] = ()
    failed: str | None = None
    """Code to refuse it with."""
    nothing: bool = False
    """It failed because the station has nothing to offer."""


def schedule_exchange(session: SeccSession, request: ScheduleExchangeReq, now: float) -> Step:
    """Report the needs; Ongoing until the schedule port is ready or SECC_ONGOING_SCHEDULE_EXCHANGE runs out."""
    done = exchange(session, request, now)
    if done.failed is not None:
        return session.refuse(request, done.failed, now)
    session.context.take_next()
    following = State.POWER_DELIVERY if session.is_ac else State.DC_CABLE_CHECK
    return Step(following if done.finished else State.SCHEDULE_EXCHANGE, done.response, actions=done.told)


def exchange(session: SeccSession, request: ScheduleExchangeReq, now: float, *, again: bool = False) -> Exchange:
    """Take the needs, and answer with what there is; what is offered waits in ``context.next_schedules``.

    Args:
        session: The session.
        request: What the car said.
        now: The session's clock.
        again: In a renegotiation. The needs are reported anew, and the first answer is Ongoing: nobody can be ready
            for needs that have not been heard.
    """
    context = session.context
    dynamic, scheduled = request.dynamic_se_req_control_mode, request.scheduled_se_req_control_mode
    if (dynamic if context.control_mode is ControlMode.DYNAMIC else scheduled) is None:
        return Exchange(failed="FAILED")
    if dynamic is not None and not _consistent(dynamic):
        return Exchange(failed="FAILED_WrongChargeParameter")
    needs = needs_of(session, request, now)
    first = again and not context.needs_heard
    told = () if _same(needs, context.needs) and not first else (NeedsTold(needs),)
    context.needs, context.needs_heard = needs, True
    if first:
        session.timers.stop(Timer.SECC_ONGOING_SCHEDULE_EXCHANGE)
        session.expired.discard(Timer.SECC_ONGOING_SCHEDULE_EXCHANGE)
    session.timers.start_once(Timer.SECC_ONGOING_SCHEDULE_EXCHANGE, now)
    late = Timer.SECC_ONGOING_SCHEDULE_EXCHANGE in session.expired
    finished = not first and (session.charger.ready(now) or late)
    if finished:
        session.timers.stop(Timer.SECC_ONGOING_SCHEDULE_EXCHANGE)
        context.told_revision = session.charger.schedule_revision(now)
    base = {
        **session.ok(now=now),
        "evse_processing": Processing.Finished if finished else Processing.Ongoing,
    }
    if context.control_mode is ControlMode.DYNAMIC:
        prices = session.charger.dynamic_prices(needs, now) if finished else None
        mode_now = Dynamic_SEResControlMode(
            **schedule_fields(session, now), **_prices(session, prices, now, _most_points(session, needs))
        )
        context.next_schedules = {} if finished else None
        return Exchange(ScheduleExchangeRes(**base, dynamic_se_res_control_mode=mode_now), finished, told)
    if not finished:
        return Exchange(ScheduleExchangeRes(**base, scheduled_se_res_control_mode=least_schedule()), told=told)
    mode = (None if again else _kept(session, now)) or _schedules(session, needs, now)
    if not mode.schedule_tuple:
        context.next_schedules = context.next_sent = None
        return Exchange(told=told, failed="FAILED", nothing=True)
    return Exchange(ScheduleExchangeRes(**base, scheduled_se_res_control_mode=mode), finished, told)


def _consistent(mode: Dynamic_SEReqControlMode) -> bool:
    """V2G20-2681: the V2X requests are a pair; V2G20-1640: MinimumSOC is not above TargetSOC."""
    pair = (mode.ev_maximum_v2x_energy_request is None) == (mode.ev_minimum_v2x_energy_request is None)
    if mode.minimum_soc is None or mode.target_soc is None:
        return pair
    return pair and mode.minimum_soc <= mode.target_soc


def _same(new: ChargingNeeds, old: ChargingNeeds | None) -> bool:
    """Whether a repeated request says the same; departure counts from each message, so a second of slip is none."""
    if old is None:
        return False
    drift = (new.departure_s or 0.0) - (old.departure_s or 0.0)
    return abs(drift) <= 1.5 and _without_departure(new) == _without_departure(old)


def _without_departure(needs: ChargingNeeds) -> dict[str, Any]:
    return {name: getattr(needs, name) for name in needs.__struct_fields__ if name != "departure_s"}


def needs_of(session: SeccSession, request: ScheduleExchangeReq, now: float) -> ChargingNeeds:
    """What the car needs, from this request and from parameter discovery."""
    context = session.context
    mode: Dynamic_SEReqControlMode | Scheduled_SEReqControlMode | None = (
        request.dynamic_se_req_control_mode or request.scheduled_se_req_control_mode
    )
    values: dict[str, Any] = {}
    for name, field in (
        ("target_energy_wh", "ev_target_energy_request"),
        ("maximum_energy_wh", "ev_maximum_energy_request"),
        ("minimum_energy_wh", "ev_minimum_energy_request"),
        ("maximum_v2x_energy_wh", "ev_maximum_v2x_energy_request"),
        ("minimum_v2x_energy_wh", "ev_minimum_v2x_energy_request"),
    ):
        quantity = getattr(mode, field, None)
        values[name] = number(quantity) if isinstance(quantity, RationalNumber) else None
    context.minimum_energy_wh = values["minimum_energy_wh"]
    context.minimum_v2x_energy_wh = values["minimum_v2x_energy_wh"]
    context.maximum_v2x_energy_wh = values["maximum_v2x_energy_wh"]
    departure = None if mode is None or mode.departure_time is None else now + mode.departure_time
    car = {name: getattr(context.vehicle, name) for name in context.vehicle.__struct_fields__ if "ramp" not in name}
    target_soc = getattr(mode, "target_soc", None)
    offer = getattr(mode, "ev_energy_offer", None)
    return ChargingNeeds(
        service_id=context.service_id,
        control_mode=int(context.control_mode),
        mobility_needs_mode=int(context.mobility_needs_mode),
        bidirectional=context.bidirectional,
        lines=context.ac_lines,
        maximum_supporting_points=request.maximum_supporting_points,
        pricing=int(_pricing(session)),
        departure_s=departure,
        energy_offer=None if offer is None else read_energy_offer(offer, session.unix_offset_s),
        target_soc_percent=context.target_soc_percent if target_soc is None else target_soc,
        minimum_soc_percent=getattr(mode, "minimum_soc", None),
        **values,
        **car,
    )


def _kept(session: SeccSession, now: float) -> Scheduled_SEResControlMode | None:
    """After a pause: the schedules of before it, while the chosen one lasts (V2G20-1058)."""
    context, kept = session.context, session.context.kept
    if kept is None:
        return None
    schedules = {each.schedule_tuple_id: as_sent(each) for each in kept.schedule_tuple}
    chosen = schedules.get(context.kept_tuple_id or 0)
    if chosen is None or chosen.end <= session.unix_offset_s + now:
        return None
    context.next_schedules, context.next_sent = schedules, kept
    if context.kept_revision is not None:
        context.told_revision = context.kept_revision  # what came meanwhile is told in a renegotiation
    return kept


def _most_points(session: SeccSession, needs: ChargingNeeds) -> int:
    return min(needs.maximum_supporting_points, longest(_MAX_ENTRIES, session.emitter_profile))


def _schedules(session: SeccSession, needs: ChargingNeeds, now: float) -> Scheduled_SEResControlMode:
    # Which schedules to offer is the station's choice: the first ones, as many as the car's codec can be trusted with.
    offered = [each for each in session.charger.schedules(needs, now) if each.corridor]  # one without steps is none
    offered = offered[: longest(_MAX_TUPLES, session.emitter_profile)]
    schedules: dict[int, SentSchedule] = {}
    sent = Scheduled_SEResControlMode(
        schedule_tuple=tuple(_tuple(session, each, _most_points(session, needs), schedules) for each in offered)
    )
    session.context.next_schedules, session.context.next_sent = schedules, sent
    return sent


def _tuple(
    session: SeccSession, offered: OfferedSchedule, most: int, schedules: dict[int, SentSchedule]
) -> ScheduleTuple:
    """Make a tuple, and note in ``schedules`` what it says. Charging entries >= 0; where the car may discharge, a second schedule with entries <= 0.

    Where prices have to be cut to what the car can take, the schedule ends with them.
    """
    both = session.context.bidirectional
    halves = (offered.charging_prices, offered.discharging_prices if both else None)
    prices = [_prices(session, half, offered.start_s, most) for half in halves]
    ends = [end for end in map(priced_until, prices, halves) if end is not None]
    sent = whole_seconds(offered, session.unix_offset_s, most, discharge=both).until(min(ends, default=None))
    schedules[sent.schedule_tuple_id] = sent
    if session.config.uniform_price_level:
        prices = [half or {"price_level_schedule": _uniform_price(sent)} for half in prices]
    power = _power(sent.anchor, [(duration, high) for duration, _, high in sent.steps], offered)
    if offered.available_energy_wh is not None:
        power = msgspec.structs.replace(power, available_energy=limit(offered.available_energy_wh, step=0))
    discharging = None
    if any(low < 0 for _, low, _ in sent.steps):
        discharging = ChargingSchedule(
            power_schedule=_power(sent.anchor, [(duration, low) for duration, low, _ in sent.steps], offered),
            **prices[1],
        )
    return ScheduleTuple(
        schedule_tuple_id=sent.schedule_tuple_id,
        charging_schedule=ChargingSchedule(power_schedule=power, **prices[0]),
        discharging_schedule=discharging,
    )


def _prices(session: SeccSession, prices: Prices | None, start_s: float, most: int) -> dict[str, Any]:
    return price_fields(
        prices,
        _pricing(session),
        start_s=start_s,
        unix_offset_s=session.unix_offset_s,
        most=most,
        profile=session.emitter_profile,
    )


def _pricing(session: SeccSession) -> Pricing:
    return Pricing.NONE if session.context.offer is None else session.context.offer.pricing


def _uniform_price(schedule: SentSchedule) -> PriceLevelSchedule:
    whole = PriceLevelScheduleEntry(duration=sum(duration for duration, _, _ in schedule.steps), price_level=0)
    return PriceLevelSchedule(
        time_anchor=schedule.anchor,
        price_schedule_id=1,
        number_of_price_levels=1,
        price_level_schedule_entries=PriceLevelScheduleEntryList(price_level_schedule_entry=(whole,)),
    )


def _power(anchor: int, steps: list[tuple[int, float]], offered: OfferedSchedule) -> PowerSchedule:
    entries = tuple(PowerScheduleEntry(duration=duration, power=limit(power, step=0)) for duration, power in steps)
    tolerance = offered.power_tolerance_w
    return PowerSchedule(
        time_anchor=anchor,
        power_tolerance=None if tolerance is None else limit(tolerance, step=0),
        power_schedule_entries=PowerScheduleEntryList(power_schedule_entry=entries),
    )


HANDLERS: Handlers = {
    (State.SCHEDULE_EXCHANGE, ScheduleExchangeReq): Rule(
        schedule_exchange, frozenset({State.SCHEDULE_EXCHANGE, State.DC_CABLE_CHECK, State.POWER_DELIVERY})
    ),
}
