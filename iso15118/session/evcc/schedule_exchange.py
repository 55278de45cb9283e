"""Schedule exchange at the car: needs out, schedules (Scheduled) or consent (Dynamic) in."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from iso15118.messages.iso20.common.schedule_exchange import (
    ChargingSchedule,
    Dynamic_SEReqControlMode,
    Scheduled_SEReqControlMode,
    ScheduleExchangeReq,
    ScheduleExchangeRes,
    ScheduleTuple,
)
from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.messages.iso20.types import Processing
from iso15118.session.actions import Action, ScheduleChosen, SchedulesTold, SetPilot
from iso15118.session.core import State, Step
from iso15118.session.evcc.chooser import Situation
from iso15118.session.evcc.mobility import learn
from iso15118.session.evcc.profile import power_range
from iso15118.session.evcc.session import EvccSession, Phase, Phases
from iso15118.session.ports import EnergyNeeds, OfferedSchedule
from iso15118.session.prices import read_prices, spell_energy_offer
from iso15118.session.quantities import entry_power, magnitude, rational
from iso15118.session.services import ControlMode
from iso15118.session.timers import Timer

__all__ = ["PHASES"]

_DAY_S = 86_400
"""Departure told in Dynamic control when the driver has named none."""


def compose(session: EvccSession, now: float) -> ScheduleExchangeReq:
    """Tell the needs; repeated with fresh figures while Ongoing."""
    session.timers.start_once(Timer.EVCC_ONGOING_SCHEDULE_EXCHANGE, now)
    needs = session.needs(now)
    session.context.told_revision = session.vehicle.needs_revision(now)
    departure = None if needs.departure_s is None else max(0, round(needs.departure_s - now))
    base: dict[str, Any] = {
        "header": session.header(now),
        "maximum_supporting_points": session.config.maximum_supporting_points,
    }
    energies: dict[str, Any] = {
        "ev_target_energy_request": rational(needs.target_energy_wh, step=0),
        "ev_maximum_energy_request": rational(needs.maximum_energy_wh, step=0),
        "ev_minimum_energy_request": rational(needs.minimum_energy_wh, step=0),
    }
    if session.context.control_mode is ControlMode.DYNAMIC:
        dynamic = Dynamic_SEReqControlMode(
            departure_time=_DAY_S if departure is None else departure,
            minimum_soc=needs.minimum_soc_percent,
            target_soc=needs.target_soc_percent,
            **energies,
            **v2x_requests(session, needs),
        )
        return ScheduleExchangeReq(**base, dynamic_se_req_control_mode=dynamic)
    offer = session.vehicle.energy_offer(now) if session.context.bidirectional else None
    scheduled = Scheduled_SEReqControlMode(
        departure_time=departure,
        **energies,
        ev_energy_offer=None
        if offer is None
        else spell_energy_offer(offer, session.unix_offset_s, session.emitter_profile),
    )
    return ScheduleExchangeReq(**base, scheduled_se_req_control_mode=scheduled)


def v2x_requests(session: EvccSession, needs: EnergyNeeds) -> dict[str, Any]:
    """The pair of V2X energy requests, or nothing (V2G20-2681)."""
    maximum, minimum = needs.maximum_v2x_energy_wh, needs.minimum_v2x_energy_wh
    if not session.context.bidirectional or maximum is None or minimum is None:
        return {}
    return {
        "ev_maximum_v2x_energy_request": rational(maximum, step=0),
        "ev_minimum_v2x_energy_request": rational(minimum, step=0),
    }


class Taken(NamedTuple):
    """What a ScheduleExchangeRes says."""

    finished: bool
    told: tuple[Action, ...]
    schedule: OfferedSchedule | None = None
    """Scheduled control, finished: what was chosen; None when nothing will do, and the session is to end."""
    confirm_tolerance: bool = False
    """Whether the car confirms the power tolerance of that schedule."""


def taken(session: EvccSession, response: ScheduleExchangeRes, now: float) -> Taken | None:
    """Read an answer, and choose; None when it is one of another control mode."""
    dynamic = session.context.control_mode is ControlMode.DYNAMIC
    mode = response.dynamic_se_res_control_mode if dynamic else response.scheduled_se_res_control_mode
    if mode is None:
        return None
    told = () if session.wants_to_stop(now) else learn(session, mode, now)
    if response.evse_processing is not Processing.Finished:
        return Taken(False, told)
    session.timers.stop(Timer.EVCC_ONGOING_SCHEDULE_EXCHANGE)
    schedule, confirm_tolerance, chosen = _take(session, response, now)
    return Taken(True, (*told, *chosen), schedule, confirm_tolerance)


def exchanged(session: EvccSession, response: ScheduleExchangeRes, now: float) -> Step:
    """Ask again while Ongoing; then take a schedule, and show that the car is ready."""
    done = taken(session, response, now)
    if done is None:
        return session.fail("the station answered ScheduleExchange in another control mode")
    if not done.finished and not session.wants_to_stop(now):
        return Step(State.SCHEDULE_EXCHANGE, after=Timer.EVCC_ONGOING_INTERVAL, actions=done.told)
    session.timers.stop(Timer.EVCC_ONGOING_SCHEDULE_EXCHANGE)
    if done.finished:
        session.context.adopt(done.schedule, confirm_tolerance=done.confirm_tolerance)
        session.context.kept_tuple_id = None  # what was chosen before a pause binds once
    if session.wants_to_leave(now):
        return Step(State.SESSION_STOP, actions=done.told)
    if session.is_ac:
        # The pilot stays at B until PowerDelivery(Start) (V2G20-1617).
        return Step(State.POWER_DELIVERY, actions=done.told)
    return Step(State.DC_CABLE_CHECK, actions=(*done.told, SetPilot("C")))


_Choice = tuple[OfferedSchedule | None, bool, tuple[Action, ...]]
"""The schedule, whether its power tolerance is confirmed, and what is to be reported."""


def _take(session: EvccSession, response: ScheduleExchangeRes, now: float) -> _Choice:
    """Read all that the station offers, and choose from it in Scheduled control."""
    dynamic, scheduled = response.dynamic_se_res_control_mode, response.scheduled_se_res_control_mode
    if scheduled is not None and session.context.control_mode is ControlMode.SCHEDULED:
        return _choose(session, tuple(read_tuple(session, each) for each in scheduled.schedule_tuple), now)
    prices = None
    if dynamic is not None:
        prices = read_prices(dynamic.absolute_price_schedule, dynamic.price_level_schedule, session.unix_offset_s)
    return None, False, () if prices is None else (SchedulesTold(dynamic_prices=prices),)


def _choose(session: EvccSession, offered: tuple[OfferedSchedule, ...], now: float) -> _Choice:
    """Let the chooser decide; a schedule of before a pause is taken again when it is offered (V2G20-1058)."""
    context, told = session.context, SchedulesTold(schedules=offered)
    kept = [each for each in offered if each.schedule_tuple_id == context.kept_tuple_id]
    situation = Situation(
        schedules=tuple(kept) or offered,
        needs=session.needs(now),
        power=power_range(session, now),
        now=now,
    )
    choice = session.config.chooser(situation)
    if choice is None:
        context.leave(ChargingSession.Terminate)
        return None, False, (told,)
    schedule = msgspec.structs.replace(choice.schedule, entries=choice.entries, discharge_entries=())
    chosen = ScheduleChosen(
        schedule_tuple_id=choice.schedule.schedule_tuple_id,
        entries=choice.entries,
        covers_need=choice.covers_need,
        cost=choice.cost,
    )
    return schedule, choice.confirm_tolerance, (told, chosen)


def read_tuple(session: EvccSession, schedule: ScheduleTuple) -> OfferedSchedule:
    """Both directions as two series from one start, with their prices.

    On the wire the two may begin at different times. The sign of discharging entries is disagreed about: their magnitude
    counts, and a charging schedule never discharges.
    """
    charging, discharging = schedule.charging_schedule, schedule.discharging_schedule
    into = _steps(charging, 1)
    out = [] if discharging is None else _steps(discharging, -1)
    times = sorted({time for begin, end, _ in into + out for time in (begin, end)})
    spans = [(begin, end) for begin, end in pairwise(times) if end > begin]
    start = times[0] if times else charging.power_schedule.time_anchor
    tolerance, available = charging.power_schedule.power_tolerance, charging.power_schedule.available_energy
    prices = [
        None
        if half is None
        else read_prices(half.absolute_price_schedule, half.price_level_schedule, session.unix_offset_s)
        for half in (charging, discharging)
    ]
    return OfferedSchedule(
        schedule_tuple_id=schedule.schedule_tuple_id,
        start_s=start - session.unix_offset_s,
        entries=_series(into, spans) or ((1.0, 0.0),),  # a schedule of no time allows nothing
        discharge_entries=_series(out, spans) if out else (),
        power_tolerance_w=None if tolerance is None else magnitude(tolerance),
        available_energy_wh=None if available is None else magnitude(available),
        charging_prices=prices[0],
        discharging_prices=prices[1],
    )


def _steps(schedule: ChargingSchedule, sign: int) -> list[tuple[int, int, float]]:
    """Begin and end of each step, in s since 1970, and its power in W with the direction's sign."""
    steps, begin = [], schedule.power_schedule.time_anchor
    for entry in schedule.power_schedule.power_schedule_entries.power_schedule_entry:
        power = entry_power(entry)
        if entry.duration:
            steps.append((begin, begin + entry.duration, max(power, 0.0) if sign > 0 else -abs(power)))
        begin += entry.duration
    return steps


def _series(steps: list[tuple[int, int, float]], spans: list[tuple[int, int]]) -> tuple[tuple[float, float], ...]:
    """The steps cut at the boundaries of both directions; 0 where they have none."""
    series, at = [], 0
    for begin, end in spans:
        while at < len(steps) and steps[at][1] <= begin:
            at += 1
        inside = at < len(steps) and steps[at][0] <= begin
        series.append((float(end - begin), steps[at][2] if inside else 0.0))
    return tuple(series)


PHASES: Phases = {
    State.SCHEDULE_EXCHANGE: Phase(
        compose,
        ScheduleExchangeRes,
        exchanged,
        frozenset({State.SCHEDULE_EXCHANGE, State.DC_CABLE_CHECK, State.POWER_DELIVERY, State.SESSION_STOP}),
    ),
}
