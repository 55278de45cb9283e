"""AC at the station: parameters and charge loop, line by line. The car regulates; the station tells it the power."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.types import ResponseCode
from iso15118.session.actions import Action, LoopSeen, SetAcPower
from iso15118.session.core import State, Step
from iso15118.session.lines import (
    NOTHING,
    balanced,
    clip,
    has_negative,
    inside,
    minimum,
    nearer_zero,
    read_limits,
    read_lines,
    share,
    spell,
    spell_limit,
    together,
)
from iso15118.session.ports.ac import AcLimits, PerLine
from iso15118.session.quantities import limit, rational
from iso15118.session.secc.ac_variant import variant_of
from iso15118.session.secc.limits import charge_permitted, discharge_permitted, target_w
from iso15118.session.secc.loop import displayed, learn_requests
from iso15118.session.secc.metering import metering_fields
from iso15118.session.secc.mobility import loop_fields
from iso15118.session.secc.notification import overdue
from iso15118.session.secc.profile import profile_code, schedule_bounds
from iso15118.session.secc.session import Handlers, Rule, SeccSession
from iso15118.session.secc.standby import may_be_open, no_ac_power
from iso15118.session.services import ControlMode

__all__ = ["HANDLERS"]

_CHARGE = ("ev_maximum_charge_power", "ev_minimum_charge_power")


def _impossible(mode: ac.AC_CPDReqEnergyTransferMode, car: AcLimits) -> bool:
    """Whether the car's limits can't be served (V2G20-1619)."""
    if has_negative(mode, *_CHARGE):
        return True
    pairs = (
        *zip(car.min_charge_power_w, car.max_charge_power_w, strict=True),
        *zip(car.min_discharge_power_w, car.max_discharge_power_w, strict=True),
    )
    return any(least > most for least, most in pairs)


def charge_parameter_discovery(session: SeccSession, request: ac.AC_ChargeParameterDiscoveryReq, now: float) -> Step:
    """Exchange limits; those of the car must fit the service and be possible (V2G20-1619)."""
    context, lines, grid = session.context, session.context.ac_lines, session.outlet.ac_outlet(now)
    mode = request.ac_cpd_req_energy_transfer_mode
    car = read_limits(mode, "ev", NOTHING.first(lines))
    variant = variant_of(session.service_id)
    if type(mode) is not variant.parameters or _impossible(mode, car) or variant.impossible(session, mode):
        return session.refuse(request, "FAILED_WrongChargeParameter", now)
    _see_discharge_limit(session, mode)
    context.ac_vehicle = car
    context.ac_told = station = session.outlet.ac_limits(now).first(lines)
    context.vehicle = together(car, grid.nominal_voltage_v)
    reports = variant.learn(session, mode)
    charge: dict[str, Any] = {
        **spell_limit("evse_maximum_charge_power", station.max_charge_power_w),
        **spell_limit("evse_minimum_charge_power", station.min_charge_power_w),
        "evse_nominal_frequency": rational(grid.nominal_frequency_hz),
        "maximum_power_asymmetry": None if grid.max_power_asymmetry_w is None else limit(grid.max_power_asymmetry_w),
        "evse_power_ramp_limitation": None if grid.power_ramp_w_per_s is None else limit(grid.power_ramp_w_per_s),
    }
    answer = variant.answer_parameters(session, charge, station, now)
    following = None if answer is None else variant.following(session, mode, answer, now)
    if answer is None or following is None:
        return session.refuse(request, "FAILED", now)
    response = ac.AC_ChargeParameterDiscoveryRes(**session.ok(now=now), ac_cpd_res_energy_transfer_mode=answer)
    return Step(following, response, actions=reports)


def _see_discharge_limit(session: SeccSession, mode: object) -> None:
    """Remember the car's sign, from whichever line has one."""
    names = [f"ev_maximum_discharge_power{suffix}" for suffix in ("", "_l2", "_l3")]
    session.context.see_discharge_limit(*(getattr(mode, name, None) for name in names))


def _allowed(session: SeccSession, now: float) -> AcLimits:
    """What car, station and policy allow now, line by line; never more than parameter discovery said."""
    context = session.context
    station = minimum(context.ac_told, session.outlet.ac_limits(now).first(context.ac_lines))
    bounds = variant_of(session.service_id).narrow(session, minimum(context.ac_vehicle, station), now)
    none = (0.0,) * context.ac_lines
    if not charge_permitted(session):
        bounds = msgspec.structs.replace(bounds, max_charge_power_w=none, min_charge_power_w=none)
    if not discharge_permitted(session, now):
        bounds = msgspec.structs.replace(bounds, max_discharge_power_w=none, min_discharge_power_w=none)
    return bounds


def _target(session: SeccSession, now: float) -> SetAcPower:
    """The power the car is told, line by line.

    Dynamic: the target port, or as much as all allow when it has none. Scheduled: what the schedule has now and a back
    end allows by now.
    """
    if session.context.standby:
        session.context.ramp.rest()
        return no_ac_power(session.context.ac_lines)
    context, bounds = session.context, _allowed(session, now)
    low, high = -math.inf, math.inf
    total: float | None
    if context.control_mode is ControlMode.SCHEDULED:
        low, high = schedule_bounds(session, now)
        total = low if low < 0.0 else high
    else:
        total = target_w(session, now)
    if overdue(session, now):
        total = 0.0
    asymmetry_w = session.outlet.ac_outlet(now).max_power_asymmetry_w
    support = session.charger.ac_support(now)
    none = (0.0,) * context.ac_lines
    return SetAcPower(
        power_w=_on_its_way(session, share(math.inf if total is None else total, bounds, asymmetry_w), bounds, now),
        min_power_w=share(low, msgspec.structs.replace(bounds, min_discharge_power_w=(0.0,) * context.ac_lines)),
        max_power_w=share(high, msgspec.structs.replace(bounds, min_charge_power_w=(0.0,) * context.ac_lines)),
        reactive_var=support.reactive_var[: context.ac_lines] or none,
        frequency_hz=support.frequency_hz,
    )


def _on_its_way(session: SeccSession, wanted: PerLine, bounds: AcLimits, now: float) -> PerLine:
    """The power of each line as far as the outlet's ramp lets it come by now, inside the limits whatever the ramp says.

    Schedules, and the station's wish to end, take power away at once.
    """
    grid, ramp = session.outlet.ac_outlet(now), session.context.ramp
    at_once = session.context.control_mode is ControlMode.SCHEDULED or overdue(session, now)
    ramped = inside(ramp.follow(wanted, grid.power_ramp_w_per_s, now, toward_zero_at_once=at_once), bounds)
    if balanced(ramped, grid.max_power_asymmetry_w) != ramped:  # one line's limit has fallen
        ramped = nearer_zero(ramped, wanted)
    ramp.hold(ramped)
    return balanced(clip(ramped, bounds), grid.max_power_asymmetry_w)


def charge_loop(session: SeccSession, request: ac.AC_ChargeLoopReq, now: float) -> Step:
    """Tell the car its power and the truth about the meter; answer in kind."""
    context, mode = session.context, request.cl_req_control_mode
    variant = variant_of(session.service_id)
    if type(mode) is not variant.loops[context.control_mode]:  # V2G20-1600: the answer has to be in kind
        return session.refuse(request, "FAILED", now)
    if has_negative(mode, *_CHARGE) or variant.impossible(session, mode):
        return session.refuse(request, "FAILED_WrongChargeParameter", now)
    reading = session.charger.reading(now)
    if reading.contactor_fault or not (reading.contactor_closed or may_be_open(session)):
        return session.refuse(request, "FAILED_ContactorError", now)
    context.ac_vehicle = read_limits(mode, "ev", context.ac_vehicle)
    _see_discharge_limit(session, mode)
    soc = learn_requests(session, request)
    reports = variant.learn(session, mode)
    measured = session.outlet.ac_reading(now).power_w[: context.ac_lines]
    # A car may say one thing and do another, and an outlet need not measure: each counts.
    said = read_lines(mode, "ev_present_active_power", context.ac_lines) or ()
    code = profile_code(session, (sum(said), sum(measured)), now)
    if code is ResponseCode.FAILED_EVPowerProfileViolation:
        return session.refuse(request, code.value, now)
    power, volts = _target(session, now), session.outlet.ac_outlet(now).nominal_voltage_v
    seen = LoopSeen(
        voltage_v=volts,
        current_a=sum(measured) / volts,
        ac_power_w=measured,
        told_power_w=said,
        soc_percent=soc,
        display=displayed(request),
    )
    fields: dict[str, Any] = {
        **spell_limit("evse_target_active_power", power.power_w),
        **spell("evse_present_active_power", measured),
        **loop_fields(session, now),
    }
    support = session.charger.ac_support(now)
    if support.reactive_var:
        fields |= spell("evse_target_reactive_power", support.reactive_var[: context.ac_lines])
    response = ac.AC_ChargeLoopRes(
        **session.ok(code, now=now),
        **metering_fields(session, request.meter_info_requested, now),
        evse_target_frequency=None if support.frequency_hz is None else rational(support.frequency_hz, step=-3),
        cl_res_control_mode=variant.answer_loop(session, fields, now),
    )
    context.loops += 1
    return Step(State.AC_CHARGE_LOOP, response, actions=(*reports, power, seen))


def follow(session: SeccSession, now: float) -> tuple[Action, ...]:
    """Between two loops the supervision of the outlet learns at once what the car will learn next."""
    return (_target(session, now),) if session.context.loops else ()


HANDLERS: Handlers = {
    (State.AC_CHARGE_PARAMETER_DISCOVERY, ac.AC_ChargeParameterDiscoveryReq): Rule(
        charge_parameter_discovery, frozenset({State.SCHEDULE_EXCHANGE})
    ),
    (State.AC_CHARGE_LOOP, ac.AC_ChargeLoopReq): Rule(charge_loop, frozenset({State.AC_CHARGE_LOOP}), follow),
}
