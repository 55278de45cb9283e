"""Defects of our station in the loop: answers in kind, power and its limits, meters."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from conformance.mutants.parameters import as_kind
from conformance.mutants.tools import answers, does, every, hears, limit, mutant, replaced, says, swapped
from iso15118.messages.iso20 import ac, dc
from iso15118.messages.iso20.types import MeterInfo, RationalNumber, ResponseCode
from iso15118.session import actions as act
from iso15118.session import secc
from iso15118.session.core import Session
from iso15118.session.ports import SimpleCharger
from iso15118.session.secc.session import SeccSession
from iso15118.session.services import ControlMode
from iso15118.session.timers import Timer

Patch = AbstractContextManager[None]
ZERO = RationalNumber(exponent=0, value=0)
LOOPS = ("DC_ChargeLoopReq", "AC_ChargeLoopReq")
LOOP_RES = ("DC_ChargeLoopRes", "AC_ChargeLoopRes")
MODE = "cl_req_control_mode"


def _kw(value: int) -> RationalNumber:
    return RationalNumber(exponent=3, value=value)


# --- in kind ---


def _loop_kind(session: SeccSession, suffix: str, *, other: bool) -> Any:
    """The control mode of the loop that fits what was selected, or one that does not."""
    module: Any = ac if session.is_ac else dc
    both = session.context.bidirectional
    dynamic = (session.context.control_mode is ControlMode.DYNAMIC) is not other
    letters = "AC" if session.is_ac else "DC"
    return getattr(module, f"{'BPT_' if both else ''}{'Dynamic' if dynamic else 'Scheduled'}_{letters}_CL{suffix}")


def _filled(kind: Any, mode: Any) -> Any:
    return as_kind(mode, kind)


@mutant("loop-not-in-kind", "loops are answered in the other control mode", "CL-01/*", "CL-02/*", "CL-03/*")
def _not_in_kind() -> Patch:
    def change(session: SeccSession, _: Any, response: Any) -> Any:
        kind = _loop_kind(session, "ResControlMode", other=True)
        return replaced(response, cl_res_control_mode=_filled(kind, response.cl_res_control_mode))

    return answers(LOOP_RES, change)


mutant(
    "loop-without-limits",
    "limits of zero in the loop",
    "CL-01/*_BPT",
    "CL-02/*_BPT",
    "CL-08/Dynamic",
    "CL-08/Scheduled",
    "CP-08/*",
)(says("DC_ChargeLoopRes", cl_res_control_mode__evse_maximum_discharge_power=ZERO))


@mutant("any-loop", "loops of another kind are taken", "CL-04/*")
def _any_loop() -> Patch:
    def change(session: SeccSession, request: Any) -> Any:
        kind = _loop_kind(session, "ReqControlMode", other=False)
        return replaced(request, cl_req_control_mode=_filled(kind, request.cl_req_control_mode))

    return hears(LOOPS, change)


# --- power ---


@mutant("target-abs", "a negative target current charges", "CL-05", "CL-07")
def _abs() -> Patch:
    def change(_: SeccSession, request: Any) -> Any:
        target = getattr(request.cl_req_control_mode, "ev_target_current", None)
        if target is None:
            return request
        return replaced(request, cl_req_control_mode__ev_target_current=replaced(target, value=abs(target.value)))

    return hears("DC_ChargeLoopReq", change)


@mutant(
    "told-current-sign",
    "the present current is told with the wrong sign",
    "CL-05",
    "CL-05/charging is positive",
    "CL-05/Dynamic",
    "CL-07",
    "CL-17/*",
)
def _told_sign() -> Patch:
    def change(_: SeccSession, __: Any, response: Any) -> Any:
        told = response.evse_present_current
        return replaced(response, evse_present_current=replaced(told, value=-told.value))

    return answers("DC_ChargeLoopRes", change)


@mutant("told-voltage", "the present voltage is told as zero", "CL-05")
def _told_voltage() -> Patch:
    return says("DC_ChargeLoopRes", evse_present_voltage=ZERO)()


def _stage(**changes: float) -> Patch:
    def change(_: Session, action: act.Action) -> act.Action:
        live = isinstance(action, act.SetStage) and action.mode in (act.StageMode.CURRENT, act.StageMode.AC_POWER)
        changed: act.Action = replaced(action, **changes) if live else action
        return changed

    return does(change)


@mutant("set-point-sign", "the stage is driven the wrong way", "CL-05/Dynamic", "CL-11", "CL-17/*")
def _set_point_sign() -> Patch:
    def change(_: Session, action: act.Action) -> act.Action:
        if isinstance(action, act.SetStage) and action.mode is act.StageMode.AC_POWER:
            turned: act.Action = replaced(action, ac_power_w=-action.ac_power_w)
            return turned
        return action

    return does(change)


@mutant("service-ignored", "power flows out of a car on a one-way service", "CL-05/never one way")
def _service_ignored() -> Patch:
    return every(_stage(ac_power_w=-4_000.0, min_current_a=-30.0, min_power_w=-11_000.0))


@mutant("current-limit-ignored", "limits of charge current are ignored", "CL-06")
def _current_limit() -> Patch:
    def change(_: Session, action: act.Action) -> act.Action:
        if isinstance(action, act.SetStage) and action.mode is act.StageMode.CURRENT and action.current_a > 0:
            more: act.Action = replaced(action, max_current_a=1e3, current_a=action.current_a + 2.5)
            return more
        return action

    return does(change)


def _charge(**changes: RationalNumber) -> Patch:
    return hears(
        "DC_ChargeLoopReq",
        lambda _, request: replaced(request, **{f"{MODE}__{name}": value for name, value in changes.items()}),
    )


@mutant(
    "power-limit-ignored",
    "the station's limit of charge power is ignored",
    "CL-06/of power",
    "CL-06/Dynamic, zero means zero",
    "CL-08/are kept",
)
def _power_limit() -> Patch:
    def change(_: Session, action: act.Action) -> act.Action:
        if not isinstance(action, act.SetStage) or action.mode not in (act.StageMode.CURRENT, act.StageMode.AC_POWER):
            return action
        more: act.Action = replaced(
            action, max_power_w=2e4, max_current_a=30.0, current_a=action.current_a * 1.1, ac_power_w=5_000.0
        )
        return more

    return does(change)


@mutant(
    "car-charge-limits-ignored",
    "limits of charging in the loop are ignored",
    "CL-06/Dynamic, limits of the car",
    "CL-06/Dynamic, zero means zero",
    "CP-10/harmless/smallest power",
)
def _car_charge() -> Patch:
    return every(_charge(ev_maximum_charge_current=_amperes(28), ev_maximum_charge_power=_kw(10)))


def _amperes(value: int) -> RationalNumber:
    return RationalNumber(exponent=0, value=value)


@mutant(
    "car-discharge-limits-ignored",
    "limits of discharging in the loop are ignored",
    "CL-07/Dynamic, limits of the car",
    "CL-13",
    "CL-13/current",
)
def _car_discharge() -> Patch:
    return _charge(ev_maximum_discharge_current=_amperes(25), ev_maximum_discharge_power=_kw(9))


@mutant(
    "discharge-limit-ignored",
    "the station's limits of discharging are ignored",
    "CL-07",
    "CL-13/of the station",
    "CL-08/are kept",
)
def _discharge_limit() -> Patch:
    limits = SimpleCharger.limits
    return swapped(
        SimpleCharger,
        "limits",
        lambda self, now: replaced(limits(self, now), max_discharge_current_a=30.0, max_discharge_power_w=11_000.0),
    )


@mutant(
    "zero-is-no-limit",
    "a limit of zero counts as none",
    "CP-04",
    "CP-09",
    "CL-13",
    "CL-13/current",
    "CL-13/of the station",
)
def _zero() -> Patch:
    def change(_: Session, action: act.Action) -> act.Action:
        if isinstance(action, act.SetStage) and action.mode is act.StageMode.AC_POWER:
            none = not action.min_current_a or not action.min_power_w or not action.ac_power_w
            wrong: act.Action = (
                replaced(action, min_current_a=-30.0, min_power_w=-11e3, ac_power_w=-5e3) if none else action
            )
            return wrong
        return action

    return does(change)


mutant(
    "limits-never-change",
    "the loop tells the limits of parameter discovery for ever",
    "CL-08/Dynamic",
    "CL-08/Scheduled",
)(says("DC_ChargeLoopRes", cl_res_control_mode__evse_maximum_charge_power=_kw(11)))


@mutant("needs-ignored", "the car's energy requests are ignored", "CL-12/*")
def _needs() -> Patch:
    changes = {f"{MODE}__ev_minimum_energy_request": _kw(-1), f"{MODE}__ev_minimum_v2x_energy_request": None}
    changes[f"{MODE}__ev_maximum_v2x_energy_request"] = None
    return hears(LOOPS, lambda _, request: replaced(request, **changes))


def _ac_targets(change: Any) -> Patch:
    def wrong(_: SeccSession, __: Any, response: Any) -> Any:
        names = [f"evse_target_active_power{line}" for line in ("", "_l2", "_l3")]
        mode = response.cl_res_control_mode
        told = {name: change(getattr(mode, name)) for name in names if getattr(mode, name, None) is not None}
        return replaced(response, cl_res_control_mode=replaced(mode, **told))

    return answers("AC_ChargeLoopRes", wrong)


@mutant("ac-target-abs", "a negative AC target is told as positive", "CL-09", "CL-12/AC")
def _ac_abs() -> Patch:
    return _ac_targets(lambda told: replaced(told, value=abs(told.value)))


@mutant(
    "ac-target-negative",
    "the AC target is told with the wrong sign",
    "CL-09",
    "CL-09/never one way",
    "CL-03/AC",
    "CL-03/AC_BPT",
)
def _ac_negative() -> Patch:
    return _ac_targets(lambda told: replaced(told, value=-abs(told.value) or -1))


@mutant(
    "ac-target-total",
    "each line is told the power of all",
    "CL-09",
    "CL-09/inside the car's limits",
    "CL-03/AC",
    "CL-03/AC_BPT",
)
def _ac_total() -> Patch:
    return _ac_targets(lambda told: replaced(told, value=min(told.value * 3, 32_767), exponent=told.exponent))


mutant("profile-violation-for-ever", "a violated profile is warned of for ever", "CL-15")(
    limit(Timer.SECC_EV_POWER_PROFILE_VIOLATION, 100.0)
)


@mutant("profile-violation-at-once", "a violated profile is FAILED without a warning", "CL-15", "CL-15/heeded")
def _violation() -> Patch:
    def change(_: SeccSession, __: Any, response: Any) -> Any:
        warned = response.response_code is ResponseCode.WARNING_EVPowerProfileViolation
        return replaced(response, response_code=ResponseCode.FAILED_EVPowerProfileViolation) if warned else response

    return answers(LOOP_RES, change)


@mutant("set-point-late", "a set point waits for the next loop", "CL-17/*")
def _late() -> Patch:
    return swapped(secc, "HANDLERS", {key: rule._replace(poll=None) for key, rule in secc.HANDLERS.items()})


@mutant("emergency-ignored", "the emergency stop is not looked at", "CL-18/*")
def _emergency() -> Patch:
    reading = SimpleCharger.reading
    return swapped(SimpleCharger, "reading", lambda self, now: replaced(reading(self, now), emergency_stop=False))


# --- meters ---

mutant(
    "no-meter-info",
    "meter readings are never told",
    "ME-01/DC*",
    "ME-01/AC*",
    "ME-02/*",
    "ME-03/*",
    "ME-01/one way tells no discharge",
    "CL-11",
)(says(LOOP_RES, meter_info=None))
mutant("meter-invented", "a station without a meter tells readings", "ME-01/a station without meter")(
    says(LOOP_RES, meter_info=MeterInfo(meter_id="M1", charged_energy_reading_wh=1))
)


@mutant("meter-when-asked-only", "the first answer has no readings unless asked", "ME-02/*")
def _asked_only() -> Patch:
    def change(_: SeccSession, request: Any, response: Any) -> Any:
        return response if request.meter_info_requested else replaced(response, meter_info=None)

    return answers(LOOP_RES, change)


def _meters(change: Any) -> Patch:
    def wrong(_: SeccSession, __: Any, response: Any) -> Any:
        told = response.meter_info
        return response if told is None else replaced(response, meter_info=change(told))

    return answers(LOOP_RES, wrong)


@mutant("registers-swapped", "the registers are swapped", "ME-03/DC", "ME-03/AC", "CL-11")
def _swapped() -> Patch:
    return _meters(
        lambda told: replaced(
            told,
            charged_energy_reading_wh=told.bpt_discharged_energy_reading_wh or 0,
            bpt_discharged_energy_reading_wh=told.charged_energy_reading_wh,
        )
    )


@mutant("meter-since-ever", "readings count since the meter was built", "ME-03/*", "CL-11")
def _since_ever() -> Patch:
    return _meters(lambda told: replaced(told, charged_energy_reading_wh=told.charged_energy_reading_wh + 4_321))


@mutant("one-register", "what is discharged is not told", "ME-03/DC", "ME-03/AC")
def _one_register() -> Patch:
    return _meters(lambda told: replaced(told, bpt_discharged_energy_reading_wh=None))


@mutant("discharged-one-way", "a one-way service tells discharged energy", "ME-01/one way tells no discharge")
def _discharged_one_way() -> Patch:
    return _meters(lambda told: replaced(told, bpt_discharged_energy_reading_wh=5))
