"""What every charge loop does at the station, whatever the energy: needs, schedule, meter."""

from __future__ import annotations

from collections.abc import Iterable

from iso15118.messages.iso20.ac import AC_ChargeLoopReq
from iso15118.messages.iso20.dc import DC_ChargeLoopReq
from iso15118.messages.iso20.types import MeterInfo, ResponseCode
from iso15118.session.quantities import number
from iso15118.session.secc.context import MeterInfoBase
from iso15118.session.secc.profile import VIOLATION_W
from iso15118.session.secc.session import SeccSession
from iso15118.session.services import ControlMode
from iso15118.session.timers import Timer

__all__ = ["learn_requests", "meter_info", "profile_code", "schedule_bounds"]


def learn_requests(session: SeccSession, request: DC_ChargeLoopReq | AC_ChargeLoopReq) -> int | None:
    """Energy requests and state of charge as of now: they decide whether discharging is permitted.

    Returns:
        The state of charge in percent, when the car tells it with this request.
    """
    mode, display = request.cl_req_control_mode, request.display_parameters
    for attribute, name in (
        ("minimum_energy_wh", "ev_minimum_energy_request"),
        ("minimum_v2x_energy_wh", "ev_minimum_v2x_energy_request"),
        ("maximum_v2x_energy_wh", "ev_maximum_v2x_energy_request"),
    ):
        quantity = getattr(mode, name, None)
        if quantity is not None:
            setattr(session.context, attribute, number(quantity))
    told = None if display is None else display.present_soc
    if told is not None:
        session.context.present_soc_percent = told
    return told


def schedule_bounds(session: SeccSession, now: float) -> tuple[float, float]:
    """Scheduled control: lowest (<= 0) and highest (>= 0) power that the schedule has now and a back end allows by now."""
    low, high = session.charger.allowed_w(now)
    schedule = session.context.schedules.get(session.context.schedule_tuple_id or 0)
    if schedule is not None:
        by_schedule = schedule.present_w(session.unix_offset_s + now)
        low, high = max(low, by_schedule[0]), min(high, by_schedule[1])
    return min(low, 0.0), max(high, 0.0)


def profile_code(session: SeccSession, powers_w: Iterable[float], now: float) -> ResponseCode:
    """Whether the car keeps to its schedule (V2G20-1864): a warning first, then FAILED.

    Args:
        session: The session.
        powers_w: What it asks for or takes, W; each must fit.
        now: The session's clock.
    """
    schedule = session.context.schedules.get(session.context.schedule_tuple_id or 0)
    if session.context.control_mode is not ControlMode.SCHEDULED or schedule is None:
        return ResponseCode.OK
    low, high = schedule.present_w(session.unix_offset_s + now)
    timer = Timer.SECC_EV_POWER_PROFILE_VIOLATION
    if all(low - VIOLATION_W <= power_w <= high + VIOLATION_W for power_w in powers_w):
        session.timers.stop(timer)
        session.expired.discard(timer)
        return ResponseCode.OK
    if timer in session.expired:
        return ResponseCode.FAILED_EVPowerProfileViolation
    session.timers.start_once(timer, now)
    return ResponseCode.WARNING_EVPowerProfileViolation


def meter_info(session: SeccSession, wanted: bool, now: float) -> MeterInfo | None:
    """Registers of the service session (V2G20-902), when asked (V2G20-1082) and in the first answer (V2G20-1833)."""
    reading, context = session.charger.meter(now), session.context
    if reading is None or not wanted:
        return None
    if context.register_base is None:  # a meter that was silent when the session was set up
        context.register_base = reading
    base = context.register_base if session.config.meter_info_base is MeterInfoBase.SESSION else None
    return MeterInfo(
        meter_id=reading.meter_id,
        charged_energy_reading_wh=max(0, reading.import_wh - (base.import_wh if base else 0)),
        bpt_discharged_energy_reading_wh=max(0, reading.export_wh - (base.export_wh if base else 0))
        if context.bidirectional and session.config.tell_discharged_energy
        else None,
        meter_timestamp=max(0, int(session.unix_offset_s + now)),
    )
