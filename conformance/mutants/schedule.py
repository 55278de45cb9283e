"""Defects of our station in schedule exchange and power delivery, and in what precedes the loop."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from conformance.mutants.tools import (
    answers,
    codes,
    does,
    every,
    hears,
    limit,
    mutant,
    replaced,
    says,
    swapped,
    without,
)
from iso15118.messages.iso20.common import schedule_exchange as se
from iso15118.messages.iso20.types import Processing, RationalNumber
from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.ports import IsolationState, SimpleCharger
from iso15118.session.secc.session import SeccSession
from iso15118.session.services import ControlMode
from iso15118.session.timers import Timer

Patch = AbstractContextManager[None]
ZERO = RationalNumber(exponent=0, value=0)
DYNAMIC, SCHEDULED = "dynamic_se_req_control_mode", "scheduled_se_req_control_mode"


# --- schedule exchange ---


def _schedules(change: Any) -> Patch:
    """Every schedule tuple that is offered goes through ``change``."""

    def wrong(_: SeccSession, __: Any, response: Any) -> Any:
        if response.response_code.value.startswith("FAILED") or response.scheduled_se_res_control_mode is None:
            return response
        tuples = tuple(map(change, response.scheduled_se_res_control_mode.schedule_tuple))
        return replaced(response, scheduled_se_res_control_mode__schedule_tuple=tuples)

    return answers("ScheduleExchangeRes", wrong)


_SE_01 = ("SE-01/DC", "SE-01/DC_BPT", "SE-01/AC", "SE-01/AC_BPT")


@mutant("schedule-of-another-day", "schedules are anchored a day late", *_SE_01, "SE-01/both directions", "SE-06")
def _another_day() -> Patch:
    def change(each: Any) -> Any:
        power = each.charging_schedule.power_schedule
        return replaced(
            each,
            charging_schedule=replaced(
                each.charging_schedule, power_schedule=replaced(power, time_anchor=power.time_anchor + 86_400)
            ),
        )

    return _schedules(change)


@mutant("no-discharging-schedule", "discharging schedules are left out", "SE-01/both directions")
def _no_discharging() -> Patch:
    return _schedules(lambda each: replaced(each, discharging_schedule=None))


@mutant("points-ignored", "MaximumSupportingPoints is ignored", "SE-01/as many steps as the car can take")
def _points() -> Patch:
    return hears("ScheduleExchangeReq", lambda _, request: replaced(request, maximum_supporting_points=1024))


@mutant(
    "back-end-not-awaited",
    "schedules are told before they are made",
    "SE-01/waits for the back end",
    "SE-02/waits for the back end",
)
def _not_awaited() -> Patch:
    return swapped(SimpleCharger, "ready", lambda self, now: True)


mutant("never-finished", "EVSEProcessing stays Ongoing", *_SE_01, "SE-02/*")(
    says("ScheduleExchangeRes", evse_processing=Processing.Ongoing)
)


@mutant(
    "dynamic-in-schedules",
    "Dynamic control is answered like Scheduled",
    "SE-02/DC",
    "SE-02/DC_BPT",
    "SE-02/AC",
    "SE-02/AC_BPT",
)
def _dynamic_in_schedules() -> Patch:
    power = se.PowerSchedule(
        time_anchor=1,
        power_schedule_entries=se.PowerScheduleEntryList(
            power_schedule_entry=(se.PowerScheduleEntry(duration=1, power=ZERO),)
        ),
    )
    only = se.ScheduleTuple(schedule_tuple_id=1, charging_schedule=se.ChargingSchedule(power_schedule=power))
    mode = se.Scheduled_SEResControlMode(schedule_tuple=(only,))

    def change(_: SeccSession, __: Any, response: Any) -> Any:
        return replaced(response, dynamic_se_res_control_mode=None, scheduled_se_res_control_mode=mode)

    return answers("ScheduleExchangeRes", change)


@mutant("any-control-mode", "needs of the other control mode are taken", "SE-03/*")
def _any_control_mode() -> Patch:
    def change(session: SeccSession, request: Any) -> Any:
        energy: dict[str, Any] = dict.fromkeys(
            ("ev_target_energy_request", "ev_maximum_energy_request", "ev_minimum_energy_request"), ZERO
        )
        if session.context.control_mode is ControlMode.DYNAMIC:
            dynamic = se.Dynamic_SEReqControlMode(departure_time=3_600, **energy)
            return replaced(request, dynamic_se_req_control_mode=dynamic, scheduled_se_req_control_mode=None)
        scheduled = se.Scheduled_SEReqControlMode()
        return replaced(request, dynamic_se_req_control_mode=None, scheduled_se_req_control_mode=scheduled)

    return hears("ScheduleExchangeReq", change)


def _dynamic(**changes: object) -> Patch:
    nested = {f"{DYNAMIC}__{name}": value for name, value in changes.items()}
    return hears("ScheduleExchangeReq", lambda _, request: replaced(request, **nested))


@mutant("half-a-pair", "half a pair of V2X requests is taken", "SE-04/maximum alone", "SE-04/minimum alone")
def _half_a_pair() -> Patch:
    return _dynamic(ev_maximum_v2x_energy_request=None, ev_minimum_v2x_energy_request=None)


@mutant("no-pair", "V2X requests are refused", "SE-04/the pair")
def _no_pair() -> Patch:
    return _dynamic(ev_minimum_v2x_energy_request=None)


@mutant("any-soc", "states of charge are not compared", "SE-05/SECC/above")
def _any_soc() -> Patch:
    return _dynamic(minimum_soc=None)


@mutant("soc-strictly-below", "a least state of charge that is the target is refused", "SE-05/SECC/equal")
def _strictly() -> Patch:
    def change(_: SeccSession, request: Any) -> Any:
        mode = request.dynamic_se_req_control_mode
        if mode is None or mode.minimum_soc is None:
            return request
        return replaced(request, dynamic_se_req_control_mode__minimum_soc=mode.minimum_soc + 1)

    return hears("ScheduleExchangeReq", change)


@mutant("no-offers", "energy offers are refused", "SE-06")
def _no_offers() -> Patch:
    def change(_: SeccSession, request: Any) -> Any:
        mode = request.scheduled_se_req_control_mode
        refused = mode is not None and mode.ev_energy_offer is not None
        return replaced(request, scheduled_se_req_control_mode=None) if refused else request

    return hears("ScheduleExchangeReq", change)


@mutant("no-negative-needs", "negative energy requests are refused", "SE-10/*")
def _no_negative() -> Patch:
    def change(_: SeccSession, request: Any) -> Any:
        mode = request.dynamic_se_req_control_mode or request.scheduled_se_req_control_mode
        negative = mode.ev_minimum_energy_request.value < -10_000 or mode.ev_minimum_energy_request.value == -2_000
        return replaced(request, **{DYNAMIC: None, SCHEDULED: None}) if negative else request

    return hears("ScheduleExchangeReq", change)


# --- cable check, pre-charge, welding detection ---


@mutant("no-isolation-test", "isolation always counts as valid", "DC-01/*", "DC-02/*")
def _no_isolation_test() -> Patch:
    reading = SimpleCharger.reading

    def tested(session: SeccSession, request: Any) -> Any:
        session.context.isolation_tested = True
        return request

    return every(
        swapped(
            SimpleCharger, "reading", lambda self, now: replaced(reading(self, now), isolation=IsolationState.VALID)
        ),
        hears("DC_CableCheckReq", tested),
    )


def _stage(mode: act.StageMode, **changes: object) -> Patch:
    return does(
        lambda _, action: (
            replaced(action, **changes) if isinstance(action, act.SetStage) and action.mode is mode else action
        )
    )


@mutant("no-test-voltage", "isolation is judged without a voltage", "DC-01/DC_BPT", "DC-01/DC", "DC-01/MCS")
def _no_test_voltage() -> Patch:
    return _stage(act.StageMode.ISOLATION_TEST, voltage_v=0.0)


@mutant("no-pre-charge", "no voltage at the outlet", "DC-03/400 V", "DC-03/300 V")
def _no_pre_charge() -> Patch:
    return _stage(act.StageMode.PRECHARGE, voltage_v=0.0)


@mutant("always-400", "pre-charge knows one voltage", "DC-03/300 V")
def _always_400() -> Patch:
    return _stage(act.StageMode.PRECHARGE, voltage_v=400.0)


@mutant("voltage-limits-ignored", "pre-charge goes above the car's limits", "DC-03/not above the limits")
def _voltage_limits() -> Patch:
    def change(session: SeccSession, request: Any) -> Any:
        session.context.vehicle = replaced(session.context.vehicle, max_voltage_v=500.0)
        return request

    return hears("DC_PreChargeReq", change)


@mutant(
    "pre-charge-taken-as-done", "power delivery may come too early", "DC-03/no power delivery before it is Finished"
)
def _done() -> Patch:
    return hears("DC_PreChargeReq", lambda _, request: replaced(request, ev_processing=Processing.Finished))


@mutant("no-early-stop", "no stop before power delivery", "DC-04", "ST-05/SECC/*")
def _no_early_stop() -> Patch:
    return without(*((state, "SessionStopReq") for state in State if state is not State.SESSION_STOP))


mutant("welding-always-live", "welding detection tells a voltage that is not there", "DC-05")(
    says("DC_WeldingDetectionRes", evse_present_voltage=RationalNumber(exponent=0, value=400))
)
mutant("welding-never-live", "welding detection hides the voltage", "DC-05/tells the outlet's voltage")(
    says("DC_WeldingDetectionRes", evse_present_voltage=ZERO)
)


@mutant(
    "pilot-ignored", "the pilot counts as C", "DC-06", "PD-05/AC closes for C only", "PD-05/the car does not show C"
)
def _pilot() -> Patch:
    return swapped(SimpleCharger, "pilot", lambda self, now: "C")


@mutant("no-power-delivery-in-pre-charge", "the peer profile is not honoured", "DC-07")
def _no_quirk() -> Patch:
    return without((State.DC_PRE_CHARGE, "PowerDeliveryReq"))


# --- power delivery ---


def _profile(change: Any) -> Patch:
    def wrong(session: SeccSession, request: Any) -> Any:
        started = request.charge_progress.name == "Start" and request.ev_power_profile is not None
        return change(session, request) if started else request

    return hears("PowerDeliveryReq", wrong)


@mutant("any-tuple", "any schedule tuple is taken", "PD-03/*")
def _any_tuple() -> Patch:
    name = "ev_power_profile__scheduled_ev_ppt_control_mode__selected_schedule_tuple_id"
    return _profile(lambda session, request: replaced(request, **{name: next(iter(session.context.schedules))}))


mutant("tuple-code", "an unknown tuple is refused by another code", "PD-03/*")(
    lambda: codes({"FAILED_ScheduleSelectionInvalid": "FAILED"})
)


@mutant("any-profile", "any profile is taken", "PD-04/DC", "PD-04/AC", "PD-04/discharging where the schedule charges")
def _any_profile() -> Patch:
    def change(_: SeccSession, request: Any) -> Any:
        entries = request.ev_power_profile.ev_power_profile_entries.ev_power_profile_entry
        zero = tuple(replaced(each, power=ZERO) for each in entries)
        return replaced(request, ev_power_profile__ev_power_profile_entries__ev_power_profile_entry=zero)

    return _profile(change)


mutant("profile-code", "a wrong profile is refused by another code", "PD-04/DC", "PD-04/AC", "PD-04/no profile")(
    lambda: codes({"FAILED_EVPowerProfileInvalid": "FAILED"})
)


@mutant("profile-must-be-schedule", "a profile below its schedule is refused", "PD-04/below is fine")
def _below() -> Patch:
    def change(_: SeccSession, request: Any) -> Any:
        entries = request.ev_power_profile.ev_power_profile_entries.ev_power_profile_entry
        more = tuple(replaced(each, power=RationalNumber(exponent=3, value=30)) for each in entries)
        return replaced(request, ev_power_profile__ev_power_profile_entries__ev_power_profile_entry=more)

    return _profile(change)


mutant("contactor-code", "a contactor that does not close is told by another code", "PD-05/AC", "PD-05/AC_BPT")(
    lambda: codes({"FAILED_ContactorError": "FAILED"})
)
mutant(
    "contactor-late",
    "a contactor that does not close is told late",
    "PD-05/AC",
    "PD-05/AC_BPT",
    "PD-05/the car does not show C",
)(limit(Timer.SECC_AC_CONTACTOR, 1.5))


@mutant("processing-ignored", "a car that is still processing is started", "PD-08/*")
def _processing() -> Patch:
    return hears("PowerDeliveryReq", lambda _, request: replaced(request, ev_processing=Processing.Finished))
