"""DC at the station: parameters, cable check, pre-charge, charge loop, welding detection."""

from __future__ import annotations

from typing import Any

from iso15118.messages.iso20 import dc
from iso15118.messages.iso20.types import Processing, ResponseCode
from iso15118.session.actions import Action, LoopSeen, SetContactor, SetStage, StageMode
from iso15118.session.core import STAGE_OFF, State, Step
from iso15118.session.ports import ChargerLimits, IsolationState, StageReading
from iso15118.session.quantities import limit, number, rational
from iso15118.session.secc.limits import (
    allowed,
    discharge_limit,
    has_negative_charge_limit,
    impossible,
    in_force,
    read_limits,
    regulate,
    target_w,
)
from iso15118.session.secc.loop import displayed, learn_requests
from iso15118.session.secc.metering import metering_fields
from iso15118.session.secc.mobility import loop_fields
from iso15118.session.secc.notification import overdue
from iso15118.session.secc.profile import profile_code, schedule_bounds
from iso15118.session.secc.session import Handlers, Rule, SeccSession
from iso15118.session.secc.standby import no_power
from iso15118.session.services import ControlMode
from iso15118.session.timers import Timer

__all__ = ["HANDLERS"]


def charge_parameter_discovery(session: SeccSession, request: dc.DC_ChargeParameterDiscoveryReq, now: float) -> Step:
    """Exchange limits; those of the car must fit the service and be possible (V2G20-2272)."""
    context, station = session.context, session.charger.limits(now)
    mode = request.dc_cpd_req_energy_transfer_mode
    fits = isinstance(mode, dc.BPT_DC_CPDReqEnergyTransferMode) is context.bidirectional
    if not fits or impossible(mode, station):
        return session.refuse(request, "FAILED_WrongChargeParameter", now)
    if isinstance(mode, dc.BPT_DC_CPDReqEnergyTransferMode):
        context.see_discharge_limit(mode.ev_maximum_discharge_power, mode.ev_maximum_discharge_current)
    none = ChargerLimits(max_discharge_power_w=0.0, max_discharge_current_a=0.0)
    context.vehicle = read_limits(mode, none)
    context.target_soc_percent = mode.target_soc
    context.told = station
    charge: dict[str, Any] = {
        "evse_maximum_charge_power": limit(station.max_charge_power_w),
        "evse_minimum_charge_power": limit(station.min_charge_power_w),
        "evse_maximum_charge_current": limit(station.max_charge_current_a),
        "evse_minimum_charge_current": limit(station.min_charge_current_a),
        "evse_maximum_voltage": limit(station.max_voltage_v),
        "evse_minimum_voltage": limit(station.min_voltage_v),
        "evse_power_ramp_limitation": None if station.power_ramp_w_per_s is None else limit(station.power_ramp_w_per_s),
    }
    answer: dc.DC_CPDResEnergyTransferMode
    if context.bidirectional:
        answer = dc.BPT_DC_CPDResEnergyTransferMode(
            **charge,
            evse_maximum_discharge_power=discharge_limit(session, station.max_discharge_power_w),
            evse_minimum_discharge_power=discharge_limit(session, station.min_discharge_power_w),
            evse_maximum_discharge_current=discharge_limit(session, station.max_discharge_current_a),
            evse_minimum_discharge_current=discharge_limit(session, station.min_discharge_current_a),
        )
    else:
        answer = dc.DC_CPDResEnergyTransferMode(**charge)
    response = dc.DC_ChargeParameterDiscoveryRes(**session.ok(now=now), dc_cpd_res_energy_transfer_mode=answer)
    return Step(State.SCHEDULE_EXCHANGE, response)


def cable_check(session: SeccSession, request: dc.DC_CableCheckReq, now: float) -> Step:
    """Test the isolation; Ongoing until the monitor knows. The pilot must show C or D first (V2G20-917), and
    the connector be locked.
    """
    reading = session.charger.reading(now)
    ready = session.charger.pilot(now) in ("C", "D") and session.charger.connector_lock(now) is not False
    if reading.isolation is IsolationState.FAULT or reading.contactor_fault:
        return session.refuse(request, "FAILED", now)
    session.timers.start_once(Timer.SECC_CABLE_CHECK, now)
    actions: tuple[Action, ...] = ()
    if ready:
        voltage = min(session.config.isolation_test_voltage_v, allowed(session, now).max_voltage_v)
        test = SetStage(mode=StageMode.ISOLATION_TEST, voltage_v=voltage)
        actions = (SetContactor(True), test)
    # A result of before this check, perhaps of before services were chosen anew, is none.
    done = ready and session.context.isolation_tested and reading.isolation is IsolationState.VALID
    session.context.isolation_tested = ready
    if done:
        session.timers.stop(Timer.SECC_CABLE_CHECK)
        actions = (SetContactor(True), STAGE_OFF)
    response = dc.DC_CableCheckRes(
        **session.ok(now=now), evse_processing=Processing.Finished if done else Processing.Ongoing
    )
    return Step(State.DC_PRE_CHARGE if done else State.DC_CABLE_CHECK, response, actions=actions)


def pre_charge(session: SeccSession, request: dc.DC_PreChargeReq, now: float) -> Step:
    """Bring the outlet to the battery's voltage; the car says when it is satisfied."""
    if session.is_ac or session.context.renegotiating:  # these share the state, not the message
        return session.refuse(request, "FAILED_SequenceError", now)
    bounds, target = allowed(session, now), number(request.ev_target_voltage)
    if session.charger.reading(now).contactor_fault:
        return session.refuse(request, "FAILED", now)
    session.timers.start_once(Timer.SECC_PRE_CHARGE, now)
    if target > bounds.max_voltage_v:
        return session.refuse(request, "FAILED_WrongChargeParameter", now)
    stage = SetStage(mode=StageMode.PRECHARGE, voltage_v=max(target, 0.0), max_voltage_v=bounds.max_voltage_v)
    session.context.pre_charged = request.ev_processing is Processing.Finished
    response = dc.DC_PreChargeRes(
        **session.ok(now=now), evse_present_voltage=rational(session.charger.reading(now).voltage_v)
    )
    state = State.POWER_DELIVERY if session.context.pre_charged else State.DC_PRE_CHARGE
    return Step(state, response, actions=(SetContactor(True), stage))


def charge_loop(session: SeccSession, request: dc.DC_ChargeLoopReq, now: float) -> Step:
    """Give the stage its set point and the car the truth; answer in kind (V2G20-1600)."""
    context, mode = session.context, request.cl_req_control_mode
    dynamic = isinstance(mode, dc.Dynamic_DC_CLReqControlMode)
    bidirectional = isinstance(mode, dc.BPT_Dynamic_DC_CLReqControlMode | dc.BPT_Scheduled_DC_CLReqControlMode)
    if dynamic is not (context.control_mode is ControlMode.DYNAMIC) or bidirectional is not context.bidirectional:
        return session.refuse(request, "FAILED", now)
    if has_negative_charge_limit(mode):
        return session.refuse(request, "FAILED_WrongChargeParameter", now)
    reading = session.charger.reading(now)
    if reading.contactor_fault or not reading.contactor_closed:
        return session.refuse(request, "FAILED_ContactorError", now)
    context.vehicle = read_limits(mode, context.vehicle)
    if isinstance(mode, dc.BPT_Dynamic_DC_CLReqControlMode | dc.BPT_Scheduled_DC_CLReqControlMode):
        context.see_discharge_limit(mode.ev_maximum_discharge_power, mode.ev_maximum_discharge_current)
    soc = learn_requests(session, request)
    context.target_current_a = (
        number(mode.ev_target_current) if isinstance(mode, dc.Scheduled_DC_CLReqControlMode) else 0.0
    )
    code = profile_code(session, (context.target_current_a * reading.voltage_v,), now)
    if code is ResponseCode.FAILED_EVPowerProfileViolation:
        return session.refuse(request, code.value, now)
    stage = _set_point(session, now)
    seen = LoopSeen(
        voltage_v=reading.voltage_v,
        current_a=reading.current_a,
        soc_percent=soc,
        display=displayed(request),
    )
    response = dc.DC_ChargeLoopRes(
        **session.ok(code, now=now),
        **metering_fields(session, request.meter_info_requested, now),
        evse_present_current=rational(reading.current_a, step=-2),
        evse_present_voltage=rational(reading.voltage_v),
        evse_power_limit_achieved=reading.power_limit_achieved,
        evse_current_limit_achieved=reading.current_limit_achieved,
        evse_voltage_limit_achieved=reading.voltage_limit_achieved,
        cl_res_control_mode=_answer_in_kind(session, mode, now),
    )
    context.loops += 1
    return Step(State.DC_CHARGE_LOOP, response, actions=(stage, seen))


def _set_point(session: SeccSession, now: float) -> SetStage:
    """Scheduled: the car's target current. Dynamic: the target port, or as much as all allow when it has none."""
    if session.context.standby:
        scheduled = session.context.control_mode is ControlMode.SCHEDULED
        return no_power(regulate(session, StageMode.CURRENT if scheduled else StageMode.AC_POWER, 0.0, now))
    stop = overdue(session, now)
    if session.context.control_mode is ControlMode.SCHEDULED:
        return _scheduled(session, 0.0 if stop else session.context.target_current_a, now)
    power_w = 0.0 if stop else target_w(session, now)
    if power_w is None:
        power_w = session.charger.limits(now).max_charge_power_w
    return regulate(session, StageMode.AC_POWER, power_w, now)


def _scheduled(session: SeccSession, target_a: float, now: float) -> SetStage:
    """The car's target, inside its schedule as it is now and what a back end allows by now: a lower value holds at once."""
    low, high = schedule_bounds(session, now)
    return regulate(session, StageMode.CURRENT, target_a, now, low_w=low, high_w=high)


def follow(session: SeccSession, now: float) -> tuple[Action, ...]:
    """Between two loops: a new set point or limit takes effect at once, and so does the end of one."""
    return (_set_point(session, now),) if session.context.loops else ()


def _answer_in_kind(session: SeccSession, mode: object, now: float) -> Any:
    """Capability or cap, never the set point; at most what parameter discovery said (V2G20-2654, V2G20-2655)."""
    station = in_force(session, now)
    charge: dict[str, Any] = {
        "evse_maximum_charge_power": limit(station.max_charge_power_w),
        "evse_minimum_charge_power": limit(station.min_charge_power_w),
        "evse_maximum_charge_current": limit(station.max_charge_current_a),
        "evse_maximum_voltage": limit(station.max_voltage_v),
    }
    discharge: dict[str, Any] = {
        "evse_maximum_discharge_power": discharge_limit(session, station.max_discharge_power_w),
        "evse_minimum_discharge_power": discharge_limit(session, station.min_discharge_power_w),
        "evse_maximum_discharge_current": discharge_limit(session, station.max_discharge_current_a),
        "evse_minimum_voltage": limit(station.min_voltage_v),
    }
    if isinstance(mode, dc.BPT_Dynamic_DC_CLReqControlMode):
        return dc.BPT_Dynamic_DC_CLResControlMode(**charge, **discharge, **loop_fields(session, now))
    if isinstance(mode, dc.Dynamic_DC_CLReqControlMode):
        return dc.Dynamic_DC_CLResControlMode(**charge, **loop_fields(session, now))
    if isinstance(mode, dc.BPT_Scheduled_DC_CLReqControlMode):
        return dc.BPT_Scheduled_DC_CLResControlMode(**charge, **discharge)
    return dc.Scheduled_DC_CLResControlMode(**charge)


def welding_detection(session: SeccSession, request: dc.DC_WeldingDetectionReq, now: float) -> Step:
    """Tell the outlet's voltage while the car tries its contactors."""
    if session.config.pilot_b_after_stop and session.charger.pilot(now) != "B":
        return session.refuse(request, "FAILED", now)
    reading: StageReading = session.charger.reading(now)
    response = dc.DC_WeldingDetectionRes(**session.ok(now=now), evse_present_voltage=rational(reading.voltage_v))
    done = request.ev_processing is Processing.Finished
    if done:
        session.timers.stop(Timer.SECC_WELDING_DETECTION)
    return Step(State.SESSION_STOP if done else State.DC_WELDING_DETECTION, response)


HANDLERS: Handlers = {
    (State.DC_CHARGE_PARAMETER_DISCOVERY, dc.DC_ChargeParameterDiscoveryReq): Rule(
        charge_parameter_discovery, frozenset({State.SCHEDULE_EXCHANGE})
    ),
    (State.DC_CABLE_CHECK, dc.DC_CableCheckReq): Rule(
        cable_check, frozenset({State.DC_CABLE_CHECK, State.DC_PRE_CHARGE})
    ),
    (State.DC_PRE_CHARGE, dc.DC_PreChargeReq): Rule(pre_charge, frozenset({State.DC_PRE_CHARGE, State.POWER_DELIVERY})),
    (State.POWER_DELIVERY, dc.DC_PreChargeReq): Rule(
        pre_charge, frozenset({State.DC_PRE_CHARGE, State.POWER_DELIVERY})
    ),
    (State.DC_CHARGE_LOOP, dc.DC_ChargeLoopReq): Rule(charge_loop, frozenset({State.DC_CHARGE_LOOP}), follow),
    (State.DC_WELDING_DETECTION, dc.DC_WeldingDetectionReq): Rule(
        welding_detection, frozenset({State.DC_WELDING_DETECTION, State.SESSION_STOP})
    ),
}
