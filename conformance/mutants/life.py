"""Defects of pause, resume and renegotiation, of side streams, and of what services have beyond the plain."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from conformance.mutants.station import changed_parameter, offered_sets
from conformance.mutants.tools import answers, asks, codes, does, every, hears, mutant, replaced, says, swapped, takes
from iso15118.messages.iso20.common.power_delivery import ChannelSelection, ChargeProgress, PowerToleranceAcceptance
from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.messages.iso20.types import EVSEStatus, Processing, ResponseCode
from iso15118.session import actions as act
from iso15118.session import secc
from iso15118.session.core import State, Step
from iso15118.session.evcc.session import EvccSession
from iso15118.session.ports import SignatureCheck, SimpleCharger
from iso15118.session.secc import metering, pause, session_stop
from iso15118.session.secc.session import SeccSession
from iso15118.session.timers import Timer

Patch = AbstractContextManager[None]
LOOP_RES = ("DC_ChargeLoopRes", "AC_ChargeLoopRes")


# --- services beyond the plain ---


@mutant("channel-ignored", "the channel is the other one", "PD-01", "PD-02", "PD-02/AC")
def _channel() -> Patch:
    other = {ChannelSelection.Charge: ChannelSelection.Discharge, ChannelSelection.Discharge: ChannelSelection.Charge}
    return hears(
        "PowerDeliveryReq",
        lambda _, request: replaced(request, bpt_channel_selection=other.get(request.bpt_channel_selection)),
    )


@mutant("tolerance-ignored", "power tolerance is not answered", "PD-07/*")
def _tolerance() -> Patch:
    def change(_: SeccSession, __: Any, response: Any) -> Any:
        return replaced(response, response_code=ResponseCode.OK)

    return answers("PowerDeliveryRes", change)


@mutant("tolerance-taken", "what is not confirmed counts as confirmed", "PD-07/not*")
def _taken() -> Patch:
    name = "ev_power_profile__scheduled_ev_ppt_control_mode__power_tolerance_acceptance"
    return hears(
        "PowerDeliveryReq",
        lambda _, request: replaced(request, **{name: PowerToleranceAcceptance.PowerToleranceConfirmed}),
    )


mutant("needs-not-told", "what the station knows of departure is not told", "CL-14/SECC/DC", "CL-14/SECC/AC")(
    says(LOOP_RES, cl_res_control_mode__target_soc=None, cl_res_control_mode__departure_time=None)
)
mutant("minimum-alone", "a least state of charge is told though the car states its needs", "CL-14/SECC/by the car")(
    says(LOOP_RES, cl_res_control_mode__minimum_soc=40)
)


@mutant("car-needs-nothing", "the car leaves when it is told needs", "CL-14/EVCC/*")
def _needs() -> Patch:
    def change(session: EvccSession, response: Any) -> Any:
        if response.cl_res_control_mode.minimum_soc is not None:
            session.context.leave(ChargingSession.Terminate)
            session.fail("needs")
        return response

    return takes(State.DC_CHARGE_LOOP, change)


@mutant("generator-invented", "grid forming is offered by a station that can't", "CL-16/only following is offered")
def _generator() -> Patch:
    return offered_sets(lambda each: changed_parameter(each, "GeneratorMode", 2))


@mutant("generator-not-offered", "grid forming is not offered by a station that can", "CL-16/forming is offered")
def _no_generator() -> Patch:
    return offered_sets(lambda each: changed_parameter(each, "GeneratorMode", 1))


@mutant("megawatt-connector", "a connector that there is not", "MC-02/*")
def _connector() -> Patch:
    return offered_sets(lambda each: changed_parameter(each, "Connector", 9))


@mutant("no-megawatt", "services of megawatt charging can't be selected", "MC-01/SECC/*")
def _no_megawatt() -> Patch:
    def change(_: SeccSession, request: Any) -> Any:
        mega = request.selected_energy_transfer_service.service_id in (8, 9)
        return replaced(request, selected_energy_transfer_service__parameter_set_id=99) if mega else request

    return hears("ServiceSelectionReq", change)


@mutant("car-no-megawatt", "the car takes no set of megawatt charging", "MC-01/EVCC/*")
def _car_no_megawatt() -> Patch:
    def change(_: EvccSession, response: Any) -> Any:
        mega = response.service_id in (8, 9)
        return replaced(response, service_parameter_list__parameter_set=()) if mega else response

    return takes(State.SERVICE_DETAIL, change)


# --- pause and resume ---


@mutant("pause-forgotten", "a paused session is not kept", "SS-02/*", "PR-03/SECC/*")
def _forgotten() -> Patch:
    return does(lambda _, action: None if isinstance(action, act.KeepPaused) else action)


@mutant("binding-ignored", "any car joins a paused session", "SS-03/binding/*")
def _binding() -> Patch:
    return swapped(pause, "_bound", lambda session, record: True)


@mutant("pause-not-told", "the station's wish to pause is not told", "PR-01/*")
def _pause_not_told() -> Patch:
    return says(LOOP_RES, evse_status=None)()


@mutant("pause-delay", "a car has more than a minute to pause", "PR-01/*")
def _delay() -> Patch:
    def change(_: SeccSession, __: Any, response: Any) -> Any:
        status = response.evse_status
        if status is None:
            return response
        later = EVSEStatus(notification_max_delay=600, evse_notification=status.evse_notification)
        return replaced(response, evse_status=later)

    return answers(LOOP_RES, change)


mutant("pause-code", "a pause is refused by another code", "PR-02/*")(
    lambda: codes({"FAILED_PauseNotAllowed": "FAILED"})
)


@mutant("pause-always", "a pause is promised though it is not allowed", "PR-02/by configuration")
def _always() -> Patch:
    return swapped(session_stop, "allowed", lambda session: True)


def _joins_at(state: State) -> Patch:
    def wrap(rule: secc.Rule) -> secc.Rule:
        def handler(session: SeccSession, request: Any, now: float) -> Step:
            step = rule.handler(session, request, now)
            return step._replace(state=state) if any(request.header.session_id) else step

        handler.__name__ = "session_setup"
        return rule._replace(handler=handler, to=rule.to | {state})

    setup = {key: wrap(rule) for key, rule in secc.HANDLERS.items() if key[1].__name__ == "SessionSetupReq"}
    return swapped(secc, "HANDLERS", {**secc.HANDLERS, **setup})


_RESUMED = ("PR-03/SECC/DC_BPT", "PR-03/SECC/AC_BPT", "PR-03/SECC/AC Scheduled", "PR-03/SECC/DC_BPT Scheduled")


@mutant("resume-authorizes", "a resumed session begins at authorization", *_RESUMED, "PR-03/SECC/*/AuthorizationSetup")
def _authorizes() -> Patch:
    return _joins_at(State.AUTHORIZATION_SETUP)


@mutant("resume-discovers", "a resumed session begins at the services", *_RESUMED, "PR-03/SECC/*/ServiceDiscovery")
def _discovers() -> Patch:
    return _joins_at(State.SERVICE_DISCOVERY)


@mutant(
    "car-never-joins",
    "the car begins anew though it was let in",
    "PR-03/EVCC/DC_BPT",
    "PR-03/EVCC/AC_BPT",
    "PR-03/EVCC/DC_BPT Scheduled",
)
def _never_joins() -> Patch:
    return takes(
        State.SESSION_SETUP,
        lambda _, response: replaced(response, response_code=ResponseCode.OK_NewSessionEstablished),
    )


@mutant("car-always-joined", "the car goes on though the session is a new one", "PR-04")
def _always_joined() -> Patch:
    return takes(
        State.SESSION_SETUP,
        lambda session, response: replaced(
            response,
            response_code=ResponseCode.OK_NewSessionEstablished
            if session.resume is None
            else ResponseCode.OK_OldSessionJoined,
            header__session_id=response.header.session_id if session.resume is None else session.resume.session_id,
        ),
    )


@mutant(
    "car-terminates",
    "the car ends what it is asked to pause or to change",
    "PR-03/EVCC/the station wants the pause",
    "PR-05/EVCC/*",
)
def _terminates() -> Patch:
    return asks(State.SESSION_STOP, lambda _, request: replaced(request, charging_session=ChargingSession.Terminate))


# --- renegotiation ---


@mutant("renegotiation-ends", "service renegotiation ends the session", "PR-05/SECC/*", "PR-06/*")
def _ends() -> Patch:
    return hears("SessionStopReq", lambda _, request: replaced(request, charging_session=ChargingSession.Terminate))


mutant("renegotiation-code", "service renegotiation is refused by another code", "PR-06/*")(
    lambda: codes({"FAILED_NoServiceRenegotiationSupported": "FAILED"})
)


@mutant("new-schedules-fatal", "schedule renegotiation that can't be had is FAILED", "PR-07/SECC/can't be had")
def _fatal() -> Patch:
    def change(_: SeccSession, __: Any, response: Any) -> Any:
        warned = response.response_code is ResponseCode.WARNING_ScheduleRenegotiationFailed
        return replaced(response, response_code=ResponseCode.FAILED_ScheduleRenegotiation) if warned else response

    return answers("PowerDeliveryRes", change)


@mutant(
    "schedules-never-new",
    "schedule renegotiation can't be had",
    "PR-07/SECC/new schedules",
    "PR-07/SECC/the old schedule can't be chosen",
    "PR-07/SECC/nothing to go on with",
    "SI-01",
)
def _never_new() -> Patch:
    def change(_: SeccSession, request: Any, response: Any) -> Any:
        asked = request.charge_progress is ChargeProgress.ScheduleRenegotiation
        code = ResponseCode.WARNING_ScheduleRenegotiationFailed
        return replaced(response, response_code=code) if asked else response

    return answers("PowerDeliveryRes", change)


@mutant(
    "old-schedule-stays",
    "the old schedules are offered anew",
    "PR-07/SECC/new schedules",
    "PR-07/SECC/the old schedule can't be chosen",
)
def _old_stays() -> Patch:
    kept: dict[int, Any] = {}

    def change(session: SeccSession, _: Any, response: Any) -> Any:
        if response.evse_processing is not Processing.Finished:
            return response
        mode = kept.setdefault(id(session), response.scheduled_se_res_control_mode)
        session.context.next_schedules = session.context.schedules or session.context.next_schedules
        return replaced(response, scheduled_se_res_control_mode=mode)

    return answers("ScheduleExchangeRes", change)


mutant("no-schedules-code", "no schedules are told by another code", "PR-07/SECC/nothing to go on with")(
    lambda: codes({"FAILED_ScheduleRenegotiation": "FAILED"})
)


@mutant("new-schedules-not-told", "that there are new schedules is not told", "PR-07/SECC/the station wants it*")
def _not_told() -> Patch:
    return says(LOOP_RES, evse_status=None)()


@mutant("car-keeps-schedule", "the car does not ask for new schedules", "PR-07/EVCC/*")
def _keeps() -> Patch:
    receive = EvccSession.receive

    def wrong(self: EvccSession, message: Any, now: float, *rest: Any) -> Any:
        if hasattr(message, "evse_status"):
            message = replaced(message, evse_status=None)
        return receive(self, message, now, *rest)

    return swapped(EvccSession, "receive", wrong)


# --- metering confirmation and side streams ---

_CONFIRMED = ("ME-04/SECC/Dynamic", "ME-04/SECC/Scheduled", "ME-04/SECC/AC")


def _signature(check: SignatureCheck) -> Patch:
    return swapped(SimpleCharger, "metering_signature", lambda self, request, now: check)


@mutant("signature-never", "no signature is good enough", *_CONFIRMED, "SI-02/Dynamic", "SI-02/AC")
def _never() -> Patch:
    return _signature(SignatureCheck.INVALID)


@mutant("signature-any", "any signature is good enough", "ME-04/SECC/refused/*")
def _any_signature() -> Patch:
    return every(
        _signature(SignatureCheck.VALID),
        swapped(metering, "_as_told", lambda session, data: True),
        swapped(metering, "_digest", lambda request: b"digest"),
        swapped(metering, "_confirmed", lambda session, request: act.EnergyFlow(True)),
    )


mutant("signature-code", "a wrong signature is refused by another code", "ME-04/SECC/refused/*")(
    lambda: codes({"FAILED_MeteringSignatureNotValid": "FAILED"})
)


@mutant("confirmation-without-reading", "a confirmation is wanted of nothing", *_CONFIRMED)
def _without_reading() -> Patch:
    return says(LOOP_RES, meter_info=None)()


@mutant("car-confirms-nothing", "the car confirms another reading", "ME-04/EVCC/*")
def _nothing() -> Patch:
    receive = EvccSession.receive

    def wrong(self: EvccSession, message: Any, now: float, *rest: Any) -> Any:
        if getattr(message, "meter_info", None) is not None:
            message = replaced(message, meter_info__charged_energy_reading_wh=1)
        return receive(self, message, now, *rest)

    return swapped(EvccSession, "receive", wrong)


@mutant(
    "aside-on-main",
    "what was asked aside is answered on the main stream",
    "SI-02/Dynamic",
    "SI-02/AC",
    "SI-02/the loop goes on*",
    "SI-03/*",
    "SI-01",
    "SI-01/*",
)
def _on_main() -> Patch:
    def main(actions: list[act.Action]) -> list[act.Action]:
        return [act.Send(each.message) if isinstance(each, act.Send) else each for each in actions]

    aside = SeccSession._handle_aside  # noqa: SLF001
    refuse = SeccSession._refuse  # noqa: SLF001
    return every(
        swapped(SeccSession, "_handle_aside", lambda self, *words: main(aside(self, *words))),
        swapped(SeccSession, "_refuse", lambda self, *words: main(refuse(self, *words))),
    )


@mutant("aside-stops-the-clock", "a message aside stops the loop's limit", "SI-02/the loop's limit stays")
def _stops_the_clock() -> Patch:
    aside = SeccSession._handle_aside  # noqa: SLF001

    def wrong(self: SeccSession, *words: Any) -> list[act.Action]:
        self.timers.stop(Timer.SECC_SEQUENCE_CHARGE_LOOP)
        return aside(self, *words)

    return swapped(SeccSession, "_handle_aside", wrong)
