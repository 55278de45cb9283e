"""Defects of our car."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from conformance.mutants.tools import asks, does, limit, mutant, replaced, swapped, takes
from iso15118.messages.app import ResponseCode as AppCode
from iso15118.messages.iso20.common import authorization as auth
from iso15118.messages.iso20.common.service import Parameter
from iso15118.messages.iso20.types import Processing, RationalNumber, ResponseCode
from iso15118.session import actions as act
from iso15118.session import evcc
from iso15118.session.core import Session, State
from iso15118.session.evcc.session import EvccSession
from iso15118.session.ports import SimpleVehicle, Wish
from iso15118.session.timers import Timer

Patch = AbstractContextManager[None]
ZERO = RationalNumber(exponent=0, value=0)


@mutant("car-ignores-refusal", "the car goes on after Failed_NoNegotiation", "SAP-09")
def _refusal() -> Patch:
    return takes(
        State.SUPPORTED_APP_PROTOCOL,
        lambda _, response: replaced(response, response_code=AppCode.OK_SuccessfulNegotiation, schema_id=1),
    )


def _receives(change: Any) -> Patch:
    """Every answer goes through ``change(session, response)`` before the car judges it."""
    receive = EvccSession.receive

    def wrong(self: EvccSession, message: Any, now: float, *rest: Any) -> Any:
        return receive(self, change(self, message), now, *rest)

    return swapped(EvccSession, "receive", wrong)


@mutant("car-any-session", "the car takes answers of other sessions", "SS-06/[A-Z]*")
def _any_session() -> Patch:
    def change(session: EvccSession, response: Any) -> Any:
        if hasattr(response, "header") and any(session.session_id):
            return replaced(response, header__session_id=session.session_id)
        return response

    return _receives(change)


@mutant("car-session-zero", "the car takes SessionID zero", "SS-06/zero")
def _zero() -> Patch:
    return takes(State.SESSION_SETUP, lambda _, response: replaced(response, header__session_id=bytes(7) + b"\1"))


@mutant("car-clock", "the car refuses time stamps that are not its own", "SS-07/EVCC/*")
def _clock() -> Patch:
    def change(_: EvccSession, response: Any) -> Any:
        header = getattr(response, "header", None)
        if header is not None and abs(header.time_stamp - 1_800_000_000) > 86_400:
            return replaced(response, response_code=ResponseCode.FAILED)
        return response

    return _receives(change)


# --- authorization and services ---


@mutant("car-wants-contract", "the car selects what it has not", "AU-03/*")
def _contract() -> Patch:
    return asks(
        State.AUTHORIZATION,
        lambda _, request: replaced(request, selected_authorization_service=auth.Authorization.PnC),
    )


@mutant("car-first-way", "only the first way of authorization is looked at", "AU-03/contracts first")
def _first_way() -> Patch:
    return takes(
        State.AUTHORIZATION_SETUP,
        lambda _, response: replaced(response, authorization_services=response.authorization_services[:1]),
    )


@mutant("car-alters-request", "the repeated AuthorizationReq is another one", "AU-07")
def _alters() -> Patch:
    asked: set[int] = set()

    def change(session: EvccSession, request: Any) -> Any:
        first = id(session) not in asked
        asked.add(id(session))
        return request if first else replaced(request, selected_authorization_service=auth.Authorization.PnC)

    return asks(State.AUTHORIZATION, change)


mutant("car-authorization-late", "authorization is awaited too long", "AU-07/gives up after 60 s")(
    limit(Timer.EVCC_ONGOING_AUTHORIZATION, 2.0)
)


def _finished(state: State) -> Patch:
    return takes(state, lambda _, response: replaced(response, evse_processing=Processing.Finished))


@mutant("car-not-waiting", "Ongoing counts as Finished", "SE-09/*")
def _not_waiting() -> Patch:
    return _finished(State.SCHEDULE_EXCHANGE)


@mutant("car-not-authorized", "Ongoing authorization counts as Finished", "AU-07", "AU-07/*")
def _not_authorized() -> Patch:
    return _finished(State.AUTHORIZATION)


@mutant(
    "car-other-service",
    "the car selects what it does not prefer",
    "SV-13/both directions preferred",
    "SV-13/one way preferred",
    "SV-13/the other one when the first is not offered",
)
def _other_service() -> Patch:
    return asks(
        State.SERVICE_SELECTION,
        lambda _, request: replaced(request, selected_energy_transfer_service__service_id=1),
    )


@mutant("car-any-set", "a set that was not offered is selected", "SV-13/no set that fits")
def _any_set() -> Patch:
    def change(_: EvccSession, response: Any) -> Any:
        sets = response.service_parameter_list.parameter_set
        values = tuple(each for each in sets[0].parameter if each.name != "ControlMode")
        more = replaced(sets[0], parameter_set_id=9, parameter=(*values, Parameter(name="ControlMode", int_value=1)))
        return replaced(response, service_parameter_list__parameter_set=(*sets, more))

    return takes(State.SERVICE_DETAIL, change)


@mutant("car-no-doubles", "a set with a parameter twice is not taken", "SV-14/*")
def _doubles() -> Patch:
    def change(_: EvccSession, response: Any) -> Any:
        sets = response.service_parameter_list.parameter_set
        single = tuple(each for each in sets if len({p.name for p in each.parameter}) == len(each.parameter))
        return replaced(response, service_parameter_list__parameter_set=single)

    return takes(State.SERVICE_DETAIL, change)


# --- limits and schedules ---


@mutant("car-negative-is-zero", "negative discharge limits count as zero", "CP-06")
def _negative() -> Patch:
    return _loops_too(-1)


@mutant("car-positive-is-zero", "positive discharge limits count as zero", "CP-07")
def _positive() -> Patch:
    return _loops_too(1)


def _loops_too(sign: int) -> Patch:
    """The loop's limits as well: the latest ones count."""

    def change(_: EvccSession, response: Any) -> Any:
        for field in ("dc_cpd_res_energy_transfer_mode", "cl_res_control_mode"):
            mode = getattr(response, field, None)
            names = ("evse_maximum_discharge_power", "evse_maximum_discharge_current")
            told = [name for name in names if getattr(mode, name, None) is not None]
            wrong = {name: ZERO for name in told if getattr(mode, name).value * sign > 0}
            if wrong:
                response = replaced(response, **{field: replaced(mode, **wrong)})
        return response

    return _receives(change)


@mutant("car-soc", "the car's least state of charge is above its target", "SE-05/EVCC")
def _soc() -> Patch:
    return asks(
        State.SCHEDULE_EXCHANGE, lambda _, request: replaced(request, dynamic_se_req_control_mode__minimum_soc=99)
    )


def _tuples(change: Any) -> Patch:
    def wrong(_: EvccSession, response: Any) -> Any:
        mode = response.scheduled_se_res_control_mode
        if mode is None:
            return response
        return replaced(response, scheduled_se_res_control_mode__schedule_tuple=tuple(map(change, mode.schedule_tuple)))

    return takes(State.SCHEDULE_EXCHANGE, wrong)


@mutant("car-never-gives", "discharging schedules are ignored", "SE-07", "CP-06", "CP-07")
def _never_gives() -> Patch:
    return _tuples(lambda each: replaced(each, discharging_schedule=None))


@mutant("car-wants-prices", "a tuple without prices is not taken", "SE-08")
def _wants_prices() -> Patch:
    return takes(
        State.SCHEDULE_EXCHANGE,
        lambda _, response: (
            response
            if response.scheduled_se_res_control_mode is None
            else replaced(response, scheduled_se_res_control_mode=None)
        ),
    )


mutant("car-schedule-late", "schedules are awaited too long", "SE-09/gives up")(
    limit(Timer.EVCC_ONGOING_SCHEDULE_EXCHANGE, 2.0)
)

# --- pilot, power, stop ---


def _never(unwanted: act.Action) -> Patch:
    return does(lambda _, action: None if action == unwanted else action)


@mutant("car-never-ready", "the pilot never shows C", "PD-09/AC", "PD-09/AC_BPT", "PD-09/AC_BPT Scheduled")
def _never_ready() -> Patch:
    return _never(act.SetPilot("C"))


@mutant("car-stays-ready", "the pilot stays at C", "PD-09/back to B after the stop", "ST-04/EVCC/*", "ER-02/FAILED*")
def _stays_ready() -> Patch:
    return _never(act.SetPilot("B"))


@mutant(
    "car-ready-early",
    "the pilot shows C before power delivery in AC",
    "PD-09/AC",
    "PD-09/AC_BPT",
    "PD-09/AC_BPT Scheduled",
)
def _ready_early() -> Patch:
    phase = evcc.PHASES[State.SCHEDULE_EXCHANGE]
    early = phase._replace(with_request=lambda session, now: (act.SetPilot("C"),))
    return swapped(evcc, "PHASES", {**evcc.PHASES, State.SCHEDULE_EXCHANGE: early})


@mutant(
    "car-contactor-stays", "the car's contactors stay closed", "ST-04/EVCC/DC_BPT", "ER-02/FAILED*", "TI-04/ChargeLoop"
)
def _stays() -> Patch:
    return _never(act.SetContactor(False))


def _ac_power(change: Any) -> Patch:
    def wrong(_: Session, action: act.Action) -> act.Action:
        if not isinstance(action, act.SetAcPower):
            return action
        changed: act.Action = replaced(action, power_w=tuple(map(change, action.power_w)))
        return changed

    return does(wrong)


@mutant("car-target-abs", "a negative AC target charges", "CL-10")
def _target_abs() -> Patch:
    return _ac_power(abs)


@mutant("car-gives-one-way", "the car gives on a one-way service", "CL-10/never one way")
def _gives() -> Patch:
    return _ac_power(lambda value: -1_000.0)


@mutant("car-limits-ignored", "the car takes more than both allow", "CL-10/inside both limits", "CL-10")
def _limits() -> Patch:
    return _ac_power(lambda value: 2.0 * value)


@mutant("car-told-nothing", "the car tells no power", "CL-10")
def _told() -> Patch:
    def change(_: EvccSession, request: Any) -> Any:
        names = [f"cl_req_control_mode__ev_present_active_power{line}" for line in ("", "_l2", "_l3")]
        return replaced(request, **dict.fromkeys(names, ZERO))

    return asks(State.AC_CHARGE_LOOP, change)


@mutant(
    "car-deaf",
    "the station's wish to stop is ignored",
    "ST-04/EVCC/DC_BPT",
    "ST-04/EVCC/DC",
    "ST-04/EVCC/AC_BPT",
    "ST-04/EVCC/DC_BPT Scheduled",
    "ST-04/EVCC/AC Scheduled",
)
def _deaf() -> Patch:
    return _receives(
        lambda _, response: replaced(response, evse_status=None) if hasattr(response, "evse_status") else response
    )


@mutant("driver-ignored", "the driver's wish to stop is ignored", "ST-04/EVCC/the driver stops*", "ST-05/EVCC/*")
def _driver() -> Patch:
    return swapped(SimpleVehicle, "wish", lambda self, now: Wish.ENERGY)


# --- timers and errors ---

mutant("car-message-late", "answers are awaited too long", *(f"TI-04/{step}" for step in (
    "SupportedAppProtocol", "SessionSetup", "AuthorizationSetup", "Authorization", "ServiceDiscovery",
    "ServiceSelection", "ChargeParameterDiscovery", "ScheduleExchange", "CableCheck", "PreCharge", "PowerDelivery",
    "PowerDeliveryStop", "WeldingDetection", "SessionStop", "AC/PowerDelivery",
)))(limit(Timer.EVCC_MESSAGE, 2.0))  # fmt: skip
mutant("car-message-early", "answers are hardly awaited", "TI-04/Session*", "TI-04/P*", "TI-04/AC/PowerDelivery")(
    limit(Timer.EVCC_MESSAGE, 0.5)
)
mutant("car-detail-late", "ServiceDetailRes is awaited too long", "TI-04/ServiceDetail")(
    limit(Timer.EVCC_MESSAGE_SERVICE_DETAIL, 2.0)
)
mutant("car-loop-late", "a missing answer in the loop is borne too long", "TI-04/ChargeLoop", "TI-04/AC/ChargeLoop")(
    limit(Timer.EVCC_MESSAGE_CHARGE_LOOP, 5.0)
)
mutant("car-slow", "the loop has a pace of 0.4 s", "TI-05/*")(limit(Timer.EVCC_CHARGE_LOOP_INTERVAL, 2.0))
mutant("car-cable-check-late", "a cable check is awaited too long", "TI-06/CableCheck")(
    limit(Timer.EVCC_CABLE_CHECK, 1.2)
)
mutant("car-pre-charge-late", "a pre-charge is awaited too long", "TI-06/PreCharge")(limit(Timer.EVCC_PRE_CHARGE, 2.0))
mutant("car-welding-late", "welding detection is repeated too long", "TI-06/WeldingDetection")(
    limit(Timer.EVCC_WELDING_DETECTION, 1.2)
)


@mutant("car-failed-is-fine", "FAILED counts as OK", "ER-02/FAILED*", "ER-02/in step/*", "ER-02/in step, AC/*")
def _fine() -> Patch:
    def change(_: EvccSession, response: Any) -> Any:
        if str(getattr(response, "response_code", "")).startswith("ResponseCode.FAILED"):
            return replaced(response, response_code=ResponseCode.OK)
        return response

    return _receives(change)


@mutant("car-warning-is-fatal", "a warning counts as FAILED", "ER-03/*")
def _fatal() -> Patch:
    def change(_: EvccSession, response: Any) -> Any:
        if str(getattr(response, "response_code", "")).startswith("ResponseCode.WARNING"):
            return replaced(response, response_code=ResponseCode.FAILED)
        return response

    return _receives(change)


@mutant("car-any-answer", "an answer of another kind is passed over", "ER-02/an answer of another kind/*")
def _any_answer() -> Patch:
    receive = EvccSession.receive

    def wrong(self: EvccSession, message: Any, now: float, *rest: Any) -> Any:
        # It waits on, as if nothing had come.
        expected = evcc.PHASES[self.state].response if self.state in evcc.PHASES else None
        if type(message) is not expected:
            self.timers.clear()
            return []
        return receive(self, message, now, *rest)

    return swapped(EvccSession, "receive", wrong)


@mutant("car-damage-ignored", "unreadable answers are ignored, and nothing else is awaited", "ER-04/EVCC/*")
def _damage() -> Patch:
    def wrong(self: Session, error: Exception, now: float) -> list[act.Action]:
        self.timers.clear()
        return []

    return swapped(Session, "reject", wrong)
