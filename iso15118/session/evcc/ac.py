"""AC at the car: parameters and charge loop, line by line. The car's own charger regulates the power."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from iso15118.messages.iso20 import ac
from iso15118.session.actions import LoopSeen, SetAcPower
from iso15118.session.core import AC_OFF, State, Step
from iso15118.session.evcc.ac_variant import variant_of
from iso15118.session.evcc.directions import may_charge, may_discharge, other_channel
from iso15118.session.evcc.loop import (
    AFTER_LOOP,
    begin_loop,
    discharge_sign,
    display_parameters,
    end_loop,
    energy_requests,
    scheduled_power,
)
from iso15118.session.evcc.metering import registers
from iso15118.session.evcc.mobility import learn
from iso15118.session.evcc.schedule_exchange import v2x_requests
from iso15118.session.evcc.session import EvccSession, Phase, Phases
from iso15118.session.lines import NOTHING, clip, inside, minimum, read_limits, read_lines, share, spell, spell_limit
from iso15118.session.ports.ac import AcLimits, PerLine
from iso15118.session.quantities import magnitude, number
from iso15118.session.services import ControlMode
from iso15118.session.timers import Timer

__all__ = ["PHASES"]


def _limits(session: EvccSession, now: float) -> AcLimits:
    """The car's limits on the lines in use."""
    return session.inlet.ac_limits(now).first(session.context.ac_lines)


def _present(session: EvccSession, limits: AcLimits, now: float) -> AcLimits:
    """The same with nothing in a direction in which energy may not flow now."""
    none = (0.0,) * session.context.ac_lines
    if not may_charge(session):
        limits = msgspec.structs.replace(limits, max_charge_power_w=none, min_charge_power_w=none)
    if not may_discharge(session, now):
        limits = msgspec.structs.replace(limits, max_discharge_power_w=none, min_discharge_power_w=none)
    return limits


def _spelled(session: EvccSession, limits: AcLimits) -> dict[str, Any]:
    """Fields of every mode that tells limits."""
    fields = {
        **spell_limit("ev_maximum_charge_power", limits.max_charge_power_w),
        **spell_limit("ev_minimum_charge_power", limits.min_charge_power_w),
    }
    if not session.context.bidirectional:
        return fields
    sign = discharge_sign(session)
    return {
        **fields,
        **spell_limit("ev_maximum_discharge_power", limits.max_discharge_power_w, sign),
        **spell_limit("ev_minimum_discharge_power", limits.min_discharge_power_w, sign),
    }


# --- charge parameter discovery ---


def compose_parameters(session: EvccSession, now: float) -> ac.AC_ChargeParameterDiscoveryReq:
    """Tell the car's limits for the chosen service."""
    limits = _spelled(session, _limits(session, now))
    mode = variant_of(session.service_id).compose_parameters(session, limits, now)
    return ac.AC_ChargeParameterDiscoveryReq(header=session.header(now), ac_cpd_req_energy_transfer_mode=mode)


def parameters_told(session: EvccSession, response: ac.AC_ChargeParameterDiscoveryRes, now: float) -> Step:
    """Remember the station's limits."""
    context, mode = session.context, response.ac_cpd_res_energy_transfer_mode
    variant = variant_of(session.service_id)
    if type(mode) is not variant.parameters_answer:
        return session.fail("the station's parameters do not fit the chosen service")
    context.ac_station = read_limits(mode, "evse", NOTHING.first(context.ac_lines))
    asymmetry = mode.maximum_power_asymmetry
    context.ac_asymmetry_w = None if asymmetry is None else magnitude(asymmetry)
    ramp = mode.evse_power_ramp_limitation
    context.ramp_w_per_s = None if ramp is None else magnitude(ramp)
    return variant.parameters_told(session, mode, now)


# --- charge loop ---


def compose_charge_loop(session: EvccSession, now: float) -> ac.AC_ChargeLoopReq:
    """Tell what the car takes or gives, its limits and (Dynamic) its needs; limits of zero while stopping."""
    meter = begin_loop(session, now)
    context, needs = session.context, session.needs(now)
    reading = session.inlet.ac_reading(now)
    limits = NOTHING.first(context.ac_lines) if context.resting else _present(session, _limits(session, now), now)
    fields: dict[str, Any] = {
        **energy_requests(needs),
        **_spelled(session, limits),
        **spell("ev_present_active_power", reading.power_w[: context.ac_lines]),
        **spell("ev_present_reactive_power", reading.reactive_var[: context.ac_lines]),
    }
    if context.control_mode is ControlMode.DYNAMIC:
        fields["departure_time"] = None if needs.departure_s is None else max(0, round(needs.departure_s - now))
        fields |= v2x_requests(session, needs)
    return ac.AC_ChargeLoopReq(
        header=session.header(now),
        display_parameters=display_parameters(session, now),
        meter_info_requested=meter,
        cl_req_control_mode=variant_of(session.service_id).compose_loop(session, fields, now),
    )


def _bounds(session: EvccSession, now: float) -> AcLimits:
    """What car and station allow, line by line; nothing out of the car unless a bidirectional service was chosen."""
    bounds = minimum(_limits(session, now), session.context.ac_station)
    bounds = variant_of(session.service_id).narrow(session, bounds)
    return _present(session, bounds, now)


def power(session: EvccSession, target_w: PerLine | None, now: float) -> SetAcPower:
    """What the car's charger is to do.

    Dynamic: the station's target. Scheduled: the schedule's power, between zero and the station's target if it named
    one. Inside the limits of both sides in any case, and zero while stopping.

    Args:
        session: The session.
        target_w: EVSETargetActivePower of each line; None when the station named none.
        now: The session's clock.
    """
    context = session.context
    if session.wants_to_leave(now) or context.resting:
        context.ramp.rest()
        return AC_OFF
    bounds = _bounds(session, now)
    if context.control_mode is ControlMode.DYNAMIC:
        wanted = target_w or (0.0,) * context.ac_lines
    else:
        total = 0.0 if context.schedule is None else scheduled_power(context.schedule, now)
        wanted = share(total, bounds, context.ac_asymmetry_w)
        if target_w is not None:
            pairs = zip(wanted, target_w, strict=True)
            wanted = tuple(min(max(value, min(target, 0.0)), max(target, 0.0)) for value, target in pairs)
    # A station may have its reasons to want less: that is never slowed.
    wanted = context.ramp.follow(inside(wanted, bounds), context.ramp_w_per_s, now, toward_zero_at_once=True)
    active = clip(wanted, bounds)
    return SetAcPower(
        power_w=active,
        reactive_var=_reactive(session, active, now),
        frequency_hz=context.target_frequency_hz,
        min_power_w=tuple(-value for value in bounds.max_discharge_power_w),
        max_power_w=bounds.max_charge_power_w,
    )


def _reactive(session: EvccSession, active_w: PerLine, now: float) -> PerLine:
    """The reactive power that the station asks for, as far as the charger can beside the active power."""
    abilities, asked = session.vehicle.ac_abilities(now), session.context.target_reactive_var
    found = []
    for line, active in enumerate(active_w):
        most = abilities.max_reactive_var[line] if line < len(abilities.max_reactive_var) else 0.0
        apparent = abilities.max_apparent_va[line] if line < len(abilities.max_apparent_va) else 0.0
        most = min(most, math.sqrt(max(apparent**2 - active**2, 0.0)))
        var = asked[line] if line < len(asked) else 0.0
        found.append(max(min(var, most), -most))
    return tuple(found)


def looped(session: EvccSession, response: ac.AC_ChargeLoopRes, now: float) -> Step:
    """Follow the station's power; go round again, or out through a loop at zero when somebody wants to end."""
    context, mode = session.context, response.cl_res_control_mode
    variant = variant_of(session.service_id)
    if not isinstance(mode, variant.loop_answers[context.control_mode]):
        return session.fail("the station answered AC_ChargeLoop in another control mode")
    target = read_lines(mode, "evse_target_active_power", context.ac_lines)
    context.target_reactive_var = read_lines(mode, "evse_target_reactive_power", context.ac_lines) or ()
    frequency = response.evse_target_frequency
    context.target_frequency_hz = None if frequency is None else number(frequency)
    measured = session.inlet.ac_reading(now).power_w[: context.ac_lines]
    told = read_lines(mode, "evse_present_active_power", context.ac_lines) or ()
    context.last_voltage_v = context.ac_voltage_v
    context.last_current_a = sum(told or measured) / context.ac_voltage_v
    charged_wh, discharged_wh = registers(response)
    seen = LoopSeen(
        voltage_v=context.last_voltage_v,
        current_a=context.last_current_a,
        ac_power_w=told or measured,
        charged_wh=charged_wh,
        discharged_wh=discharged_wh,
    )
    largest = max((abs(value) for value in told), default=0.0) / context.ac_voltage_v
    current_a = max(largest, session.present_current_a(now))
    followed = variant.looped(session, mode, now)
    told_needs = learn(session, mode, now)
    step = end_loop(session, response, current_a, (seen,), now, start_again=other_channel(session, now))
    return step._replace(actions=(*told_needs, *step.actions, *followed, power(session, target, now)))


PHASES: Phases = {
    State.AC_CHARGE_PARAMETER_DISCOVERY: Phase(
        compose_parameters,
        ac.AC_ChargeParameterDiscoveryRes,
        parameters_told,
        frozenset({State.SCHEDULE_EXCHANGE, State.SCHEDULE_RENEGOTIATION, State.SESSION_STOP}),
    ),
    State.AC_CHARGE_LOOP: Phase(
        compose_charge_loop,
        ac.AC_ChargeLoopRes,
        looped,
        AFTER_LOOP | {State.AC_CHARGE_LOOP},
        Timer.EVCC_MESSAGE_CHARGE_LOOP,
    ),
}
