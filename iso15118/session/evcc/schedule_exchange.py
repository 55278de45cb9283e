"""Schedule exchange at the car: needs out, schedules (Scheduled) or consent (Dynamic) in."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from iso15118.messages.iso20.common.schedule_exchange import (
    ChargingSchedule,
    Dynamic_SEReqControlMode,
    Scheduled_SEReqControlMode,
    ScheduleExchangeReq,
    ScheduleExchangeRes,
    ScheduleTuple,
)
from iso15118.messages.iso20.types import Processing
from iso15118.session.actions import SetPilot
from iso15118.session.core import State, Step
from iso15118.session.evcc.mobility import learn
from iso15118.session.evcc.session import EvccSession, Phase, Phases
from iso15118.session.ports import EnergyNeeds, OfferedSchedule
from iso15118.session.quantities import number, rational
from iso15118.session.services import ControlMode
from iso15118.session.timers import Timer

__all__ = ["PHASES"]

_DAY_S = 86_400
"""Departure told in Dynamic control when the driver has named none."""


def compose(session: EvccSession, now: float) -> ScheduleExchangeReq:
    """Tell the needs; repeated with fresh figures while Ongoing."""
    session.timers.start_once(Timer.EVCC_ONGOING_SCHEDULE_EXCHANGE, now)
    needs = session.vehicle.needs(now)
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
    scheduled = Scheduled_SEReqControlMode(departure_time=departure, **energies)
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


def exchanged(session: EvccSession, response: ScheduleExchangeRes, now: float) -> Step:
    """Ask again while Ongoing; then take a schedule, and show that the car is ready."""
    dynamic = session.context.control_mode is ControlMode.DYNAMIC
    mode = response.dynamic_se_res_control_mode if dynamic else response.scheduled_se_res_control_mode
    if mode is None:
        return session.fail("the station answered ScheduleExchange in another control mode")
    finished = response.evse_processing is Processing.Finished
    told = () if session.wants_to_stop(now) else learn(session, mode, now)
    if not finished and not session.wants_to_stop(now):
        return Step(State.SCHEDULE_EXCHANGE, after=Timer.EVCC_ONGOING_INTERVAL, actions=told)
    session.timers.stop(Timer.EVCC_ONGOING_SCHEDULE_EXCHANGE)
    if finished and response.scheduled_se_res_control_mode is not None and not dynamic:
        offered = response.scheduled_se_res_control_mode.schedule_tuple
        kept = [each for each in offered if each.schedule_tuple_id == session.context.kept_tuple_id]
        session.context.schedule = read_tuple(session, (kept or offered)[0])
    if session.wants_to_leave(now):
        return Step(State.SESSION_STOP, actions=told)
    if session.is_ac:
        return Step(State.POWER_DELIVERY, actions=told)  # the pilot stays at B until PowerDelivery(Start) (V2G20-1617)
    return Step(State.DC_CABLE_CHECK, actions=(*told, SetPilot("C")))


def read_tuple(session: EvccSession, schedule: ScheduleTuple) -> OfferedSchedule:
    """One signed series of steps: where a discharging schedule is not zero it wins over the charging one.

    The two may begin at different times. The sign of discharging entries is disagreed about: their magnitude counts,
    and a charging schedule never discharges.
    """
    charging = _steps(schedule.charging_schedule, 1)
    discharging = [] if schedule.discharging_schedule is None else _steps(schedule.discharging_schedule, -1)
    times = sorted({time for begin, end, _ in charging + discharging for time in (begin, end)})
    entries = tuple(
        (float(end - begin), _power_at(discharging, begin) or _power_at(charging, begin))
        for begin, end in pairwise(times)
    )
    start_s = (times[0] if times else 0) - session.unix_offset_s
    return OfferedSchedule(schedule_tuple_id=schedule.schedule_tuple_id, start_s=start_s, entries=entries)


def _steps(schedule: ChargingSchedule, sign: int) -> list[tuple[int, int, float]]:
    """Begin and end of each step, in s since 1970, and its power in W with the direction's sign."""
    steps, begin = [], schedule.power_schedule.time_anchor
    for entry in schedule.power_schedule.power_schedule_entries.power_schedule_entry:
        power = number(entry.power)
        steps.append((begin, begin + entry.duration, max(power, 0.0) if sign > 0 else -abs(power)))
        begin += entry.duration
    return steps


def _power_at(steps: list[tuple[int, int, float]], at: int) -> float:
    return next((power for begin, end, power in steps if begin <= at < end), 0.0)


PHASES: Phases = {
    State.SCHEDULE_EXCHANGE: Phase(
        compose,
        ScheduleExchangeRes,
        exchanged,
        frozenset({State.SCHEDULE_EXCHANGE, State.DC_CABLE_CHECK, State.POWER_DELIVERY, State.SESSION_STOP}),
    ),
}
