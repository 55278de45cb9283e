"""DC at the car: parameters, cable check, pre-charge, charge loop, welding detection."""

from __future__ import annotations

from typing import Any

import msgspec

from iso15118.messages.iso20 import dc
from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.messages.iso20.types import Processing, RationalNumber
from iso15118.session.actions import LoopSeen, SetContactor
from iso15118.session.core import State, Step
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
from iso15118.session.evcc.power_delivery import open_without_current
from iso15118.session.evcc.schedule_exchange import v2x_requests
from iso15118.session.evcc.session import EvccSession, Phase, Phases
from iso15118.session.ports import ChargerLimits, VehicleLimits
from iso15118.session.quantities import limit, magnitude, number, rational
from iso15118.session.services import ControlMode
from iso15118.session.timers import Timer

__all__ = ["PHASES"]


def _discharge(session: EvccSession, quantity: float) -> RationalNumber:
    return limit(discharge_sign(session) * quantity)


# --- charge parameter discovery ---


def compose_parameters(session: EvccSession, now: float) -> dc.DC_ChargeParameterDiscoveryReq:
    """Tell the car's limits for the chosen service."""
    limits = session.vehicle.limits(now)
    charge: dict[str, Any] = {
        "ev_maximum_charge_power": limit(limits.max_charge_power_w),
        "ev_minimum_charge_power": limit(limits.min_charge_power_w),
        "ev_maximum_charge_current": limit(limits.max_charge_current_a),
        "ev_minimum_charge_current": limit(limits.min_charge_current_a),
        "ev_maximum_voltage": limit(limits.max_voltage_v),
        "ev_minimum_voltage": limit(limits.min_voltage_v),
        "target_soc": session.needs(now).target_soc_percent,
    }
    mode: dc.DC_CPDReqEnergyTransferMode
    if session.context.bidirectional:
        mode = dc.BPT_DC_CPDReqEnergyTransferMode(
            **charge,
            ev_maximum_discharge_power=_discharge(session, limits.max_discharge_power_w),
            ev_minimum_discharge_power=_discharge(session, limits.min_discharge_power_w),
            ev_maximum_discharge_current=_discharge(session, limits.max_discharge_current_a),
            ev_minimum_discharge_current=_discharge(session, limits.min_discharge_current_a),
        )
    else:
        mode = dc.DC_CPDReqEnergyTransferMode(**charge)
    return dc.DC_ChargeParameterDiscoveryReq(header=session.header(now), dc_cpd_req_energy_transfer_mode=mode)


def parameters_told(session: EvccSession, response: dc.DC_ChargeParameterDiscoveryRes, now: float) -> Step:
    """Remember the station's limits."""
    mode = response.dc_cpd_res_energy_transfer_mode
    both = isinstance(mode, dc.BPT_DC_CPDResEnergyTransferMode)
    if both is not session.context.bidirectional:
        return session.fail("the station's parameters do not fit the chosen service")
    ramp = mode.evse_power_ramp_limitation
    session.context.ramp_w_per_s = None if ramp is None else magnitude(ramp)
    session.context.station = _station_limits(mode, ChargerLimits(max_discharge_power_w=0, max_discharge_current_a=0))
    return Step(session.after_parameters(now))


def _station_limits(mode: object, base: ChargerLimits) -> ChargerLimits:
    """The station's limits from any energy transfer or control mode; what it leaves out stays as in ``base``.

    Discharge limits by magnitude, whatever their sign; a charge limit below zero counts as zero.
    """

    def read(name: str, default: float) -> float:
        quantity = getattr(mode, name, None)
        if quantity is None:
            return default
        return magnitude(quantity) if "discharge" in name else max(0.0, number(quantity))

    return ChargerLimits(
        max_charge_power_w=read("evse_maximum_charge_power", base.max_charge_power_w),
        min_charge_power_w=read("evse_minimum_charge_power", base.min_charge_power_w),
        max_charge_current_a=read("evse_maximum_charge_current", base.max_charge_current_a),
        min_charge_current_a=read("evse_minimum_charge_current", base.min_charge_current_a),
        max_discharge_power_w=read("evse_maximum_discharge_power", base.max_discharge_power_w),
        min_discharge_power_w=read("evse_minimum_discharge_power", base.min_discharge_power_w),
        max_discharge_current_a=read("evse_maximum_discharge_current", base.max_discharge_current_a),
        min_discharge_current_a=read("evse_minimum_discharge_current", base.min_discharge_current_a),
        max_voltage_v=read("evse_maximum_voltage", base.max_voltage_v),
        min_voltage_v=read("evse_minimum_voltage", base.min_voltage_v),
    )


# --- cable check and pre-charge ---


def compose_cable_check(session: EvccSession, now: float) -> dc.DC_CableCheckReq:
    """Ask for the isolation test."""
    session.timers.start_once(Timer.EVCC_CABLE_CHECK, now)
    return dc.DC_CableCheckReq(header=session.header(now))


def cable_checked(session: EvccSession, response: dc.DC_CableCheckRes, now: float) -> Step:
    """Ask again while Ongoing."""
    if session.wants_to_leave(now):
        session.timers.stop(Timer.EVCC_CABLE_CHECK)
        return Step(State.SESSION_STOP)
    if response.evse_processing is not Processing.Finished:
        return Step(State.DC_CABLE_CHECK, after=Timer.EVCC_ONGOING_INTERVAL)
    session.timers.stop(Timer.EVCC_CABLE_CHECK)
    return Step(State.DC_PRE_CHARGE)


def compose_pre_charge(session: EvccSession, now: float) -> dc.DC_PreChargeReq:
    """Ask for the battery's voltage; Finished once the contactors have closed."""
    session.timers.start_once(Timer.EVCC_PRE_CHARGE, now)
    battery = session.vehicle.battery(now)
    session.context.pre_charged = battery.contactor_closed
    return dc.DC_PreChargeReq(
        header=session.header(now),
        ev_processing=Processing.Finished if battery.contactor_closed else Processing.Ongoing,
        ev_present_voltage=rational(battery.inlet_voltage_v),
        ev_target_voltage=rational(battery.voltage_v),
    )


def pre_charged(session: EvccSession, response: dc.DC_PreChargeRes, now: float) -> Step:
    """Close the contactors when the outlet has the battery's voltage; go on when they have closed."""
    if session.wants_to_leave(now):
        session.timers.stop(Timer.EVCC_PRE_CHARGE)
        return Step(State.SESSION_STOP, actions=open_without_current(session, now))
    if session.context.pre_charged:
        session.timers.stop(Timer.EVCC_PRE_CHARGE)
        return Step(State.POWER_DELIVERY)
    difference = number(response.evse_present_voltage) - session.vehicle.battery(now).voltage_v
    locked = session.vehicle.connector_lock(now) is not False
    near = locked and abs(difference) <= session.config.pre_charge_tolerance_v
    return Step(
        State.DC_PRE_CHARGE,
        after=Timer.EVCC_PRE_CHARGE_INTERVAL,
        actions=(SetContactor(True),) if near else (),
    )


# --- charge loop ---


def compose_charge_loop(session: EvccSession, now: float) -> dc.DC_ChargeLoopReq:
    """Tell limits and needs (Dynamic) or the target current (Scheduled); all zero while stopping."""
    meter = begin_loop(session, now)
    limits = _present_limits(session, now)
    dynamic = session.context.control_mode is ControlMode.DYNAMIC
    return dc.DC_ChargeLoopReq(
        header=session.header(now),
        display_parameters=display_parameters(session, now),
        meter_info_requested=meter,
        ev_present_voltage=rational(session.vehicle.battery(now).voltage_v),
        cl_req_control_mode=_dynamic(session, limits, now) if dynamic else _scheduled(session, now),
    )


def _present_limits(session: EvccSession, now: float) -> VehicleLimits:
    """The battery's limits; nothing in a direction in which energy may not flow now."""
    limits = session.vehicle.limits(now)
    none = [] if may_charge(session) else ["max_charge_power_w", "min_charge_power_w", "max_charge_current_a"]
    if not may_discharge(session, now):
        none += ["max_discharge_power_w", "min_discharge_power_w", "max_discharge_current_a"]
    return msgspec.structs.replace(limits, **dict.fromkeys(none, 0.0))


def _dynamic(session: EvccSession, limits: VehicleLimits, now: float) -> dc.Dynamic_DC_CLReqControlMode:
    needs, stop = session.needs(now), session.context.resting
    common: dict[str, Any] = {
        "departure_time": None if needs.departure_s is None else max(0, round(needs.departure_s - now)),
        **energy_requests(needs),
        "ev_maximum_charge_power": limit(0.0 if stop else limits.max_charge_power_w),
        "ev_minimum_charge_power": limit(0.0 if stop else limits.min_charge_power_w),
        "ev_maximum_charge_current": limit(0.0 if stop else limits.max_charge_current_a),
        "ev_maximum_voltage": limit(limits.max_voltage_v),
        "ev_minimum_voltage": limit(limits.min_voltage_v),
    }
    if not session.context.bidirectional:
        return dc.Dynamic_DC_CLReqControlMode(**common)
    return dc.BPT_Dynamic_DC_CLReqControlMode(
        **common,
        ev_maximum_discharge_power=_discharge(session, 0.0 if stop else limits.max_discharge_power_w),
        ev_minimum_discharge_power=_discharge(session, 0.0 if stop else limits.min_discharge_power_w),
        ev_maximum_discharge_current=_discharge(session, 0.0 if stop else limits.max_discharge_current_a),
        **v2x_requests(session, needs),
    )


def _scheduled(session: EvccSession, now: float) -> dc.Scheduled_DC_CLReqControlMode:
    limits, needs = _present_limits(session, now), session.needs(now)
    common: dict[str, Any] = {
        **energy_requests(needs),
        "ev_target_current": rational(target_current(session, now), step=-2),
        "ev_target_voltage": limit(limits.max_voltage_v),
        "ev_maximum_charge_power": limit(limits.max_charge_power_w),
        "ev_maximum_charge_current": limit(limits.max_charge_current_a),
        "ev_maximum_voltage": limit(limits.max_voltage_v),
        "ev_minimum_voltage": limit(limits.min_voltage_v),
    }
    if not session.context.bidirectional:
        return dc.Scheduled_DC_CLReqControlMode(**common)
    return dc.BPT_Scheduled_DC_CLReqControlMode(
        **common,
        ev_maximum_discharge_power=_discharge(session, limits.max_discharge_power_w),
        ev_maximum_discharge_current=_discharge(session, limits.max_discharge_current_a),
    )


def target_current(session: EvccSession, now: float) -> float:
    """The current that makes the schedule's power at the battery's voltage, inside the limits of both sides, in A."""
    context, schedule = session.context, session.context.schedule
    if context.resting or schedule is None:
        context.ramp.rest()
        return 0.0
    limits, station = _present_limits(session, now), context.station
    power = scheduled_power(schedule, now)
    power = min(power, limits.max_charge_power_w, station.max_charge_power_w)
    power = max(power, -limits.max_discharge_power_w, -station.max_discharge_power_w)
    volts = max(session.vehicle.battery(now).voltage_v, 1.0)
    current = power / volts
    current = min(current, limits.max_charge_current_a, station.max_charge_current_a)
    current = max(current, -limits.max_discharge_current_a, -station.max_discharge_current_a)
    rate = None if context.ramp_w_per_s is None else context.ramp_w_per_s / volts
    return context.ramp.follow((current,), rate, now, toward_zero_at_once=True)[0]


def looped(session: EvccSession, response: dc.DC_ChargeLoopRes, now: float) -> Step:
    """Go round again, or out through a loop at zero when somebody wants to end."""
    context = session.context
    context.last_current_a = number(response.evse_present_current)
    context.last_voltage_v = number(response.evse_present_voltage)
    context.station = _station_limits(response.cl_res_control_mode, context.station)
    charged_wh, discharged_wh = registers(response)
    seen = LoopSeen(
        voltage_v=context.last_voltage_v,
        current_a=context.last_current_a,
        charged_wh=charged_wh,
        discharged_wh=discharged_wh,
    )
    current_a = max(abs(context.last_current_a), abs(session.vehicle.battery(now).current_a))
    needs = learn(session, response.cl_res_control_mode, now)
    return end_loop(session, response, current_a, (*needs, seen), now, start_again=other_channel(session, now))


# --- welding detection ---


def compose_welding_detection(session: EvccSession, now: float) -> dc.DC_WeldingDetectionReq:
    """Ask for the outlet's voltage; Finished once the contactors are known to be open."""
    context = session.context
    done = context.contactor_opened or context.welding_over
    return dc.DC_WeldingDetectionReq(
        header=session.header(now), ev_processing=Processing.Finished if done else Processing.Ongoing
    )


def welding_detected(session: EvccSession, response: dc.DC_WeldingDetectionRes, now: float) -> Step:
    """Contactors are open when they say so and the outlet's voltage has gone."""
    context = session.context
    if context.contactor_opened or context.welding_over:
        session.timers.stop(Timer.EVCC_WELDING_DETECTION)
        if not context.contactor_opened:
            # Neither another service nor the session after a pause: the next cable check would meet the battery.
            context.leave(ChargingSession.Terminate)
        return Step(State.SESSION_STOP)
    low = number(response.evse_present_voltage) < session.config.safe_voltage_v
    context.contactor_opened = low and not session.vehicle.battery(now).contactor_closed
    return Step(
        State.DC_WELDING_DETECTION, after=Timer.EVCC_ONGOING_INTERVAL, actions=open_without_current(session, now)
    )


PHASES: Phases = {
    State.DC_CHARGE_PARAMETER_DISCOVERY: Phase(
        compose_parameters,
        dc.DC_ChargeParameterDiscoveryRes,
        parameters_told,
        frozenset({State.SCHEDULE_EXCHANGE, State.SCHEDULE_RENEGOTIATION, State.SESSION_STOP}),
    ),
    State.DC_CABLE_CHECK: Phase(
        compose_cable_check,
        dc.DC_CableCheckRes,
        cable_checked,
        frozenset({State.DC_CABLE_CHECK, State.DC_PRE_CHARGE, State.SESSION_STOP}),
    ),
    State.DC_PRE_CHARGE: Phase(
        compose_pre_charge,
        dc.DC_PreChargeRes,
        pre_charged,
        frozenset({State.DC_PRE_CHARGE, State.POWER_DELIVERY, State.SESSION_STOP}),
    ),
    State.DC_CHARGE_LOOP: Phase(
        compose_charge_loop,
        dc.DC_ChargeLoopRes,
        looped,
        AFTER_LOOP | {State.DC_CHARGE_LOOP},
        Timer.EVCC_MESSAGE_CHARGE_LOOP,
    ),
    State.DC_WELDING_DETECTION: Phase(
        compose_welding_detection,
        dc.DC_WeldingDetectionRes,
        welding_detected,
        frozenset({State.DC_WELDING_DETECTION, State.SESSION_STOP}),
    ),
}
