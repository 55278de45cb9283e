"""The tester's station: answers a car under test until it comes to where a case wants to answer otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.case import Failure, Inconclusive, check, equal, fail
from conformance.sut import Sut
from conformance.tester import requests, responses
from conformance.tester.link import NO_SESSION, UNIX_S, Link, Step, amount, replace, value_of
from iso15118.messages import app
from iso15118.messages.iso20 import ac, dc
from iso15118.messages.iso20.common import authorization as auth
from iso15118.messages.iso20.common import power_delivery as pd
from iso15118.messages.iso20.common import schedule_exchange as se
from iso15118.messages.iso20.common import service
from iso15118.messages.iso20.common.session_setup import SessionSetupReq, SessionSetupRes
from iso15118.messages.iso20.common.session_stop import SessionStopReq, SessionStopRes
from iso15118.messages.iso20.types import MeterInfo, Processing, ResponseCode
from iso15118.messages.model import Record

__all__ = ["SESSION_ID", "Station", "step_of"]

SESSION_ID = bytes.fromhex("C0FFEE0123456789")
PATIENCE_S = 90.0
"""How long the tester waits for a request on the way."""
MOST_REQUESTS = 400
"""A car that says more before it comes to a step never does."""

_STEPS: dict[type[Record], Step] = {
    app.SupportedAppProtocolReq: Step.SAP,
    SessionSetupReq: Step.SESSION_SETUP,
    auth.AuthorizationSetupReq: Step.AUTHORIZATION_SETUP,
    auth.AuthorizationReq: Step.AUTHORIZATION,
    service.ServiceDiscoveryReq: Step.SERVICE_DISCOVERY,
    service.ServiceDetailReq: Step.SERVICE_DETAIL,
    service.ServiceSelectionReq: Step.SERVICE_SELECTION,
    ac.AC_ChargeParameterDiscoveryReq: Step.PARAMETERS,
    dc.DC_ChargeParameterDiscoveryReq: Step.PARAMETERS,
    se.ScheduleExchangeReq: Step.SCHEDULE,
    dc.DC_CableCheckReq: Step.CABLE_CHECK,
    dc.DC_PreChargeReq: Step.PRE_CHARGE,
    ac.AC_ChargeLoopReq: Step.LOOP,
    dc.DC_ChargeLoopReq: Step.LOOP,
    dc.DC_WeldingDetectionReq: Step.WELDING,
    SessionStopReq: Step.SESSION_STOP,
}


def step_of(request: Record) -> Step:
    """Which step a request belongs to."""
    if isinstance(request, pd.PowerDeliveryReq):
        return Step.STOP if request.charge_progress is pd.ChargeProgress.Stop else Step.POWER_DELIVERY
    return _STEPS[type(request)]


class Station:
    """A station by script."""

    def __init__(self, sut: Sut, *, service: int = 6, dynamic: bool = True, services: tuple[int, ...] = ()) -> None:
        """Wait for the car.

        Args:
            sut: The car.
            service: Energy service it is to select.
            dynamic: Whether it is to select Dynamic control.
            services: What is offered; the service alone when left out.
        """
        self.sut = sut
        self.link = Link(sut)
        self.service = service
        self.dynamic = dynamic
        self.services = services or (service,)
        self.bpt = service in (5, 6, 9, 10, 11)
        self.renegotiation = False
        """ServiceRenegotiationSupported."""
        self.joins = False
        """Whether a car that wants to resume is let in."""
        self.sign = -1
        """Sign of the discharge limits we send."""
        self.at = Step.SAP
        self.selected: Any = None
        """What the car selected: service and parameter set."""
        self.tuples: tuple[Any, ...] = (responses.schedule_tuple(UNIX_S),)
        self.current_a = 10.0
        """DC: what our stage drives in the loop, positive into the car."""
        self.target_w = 2_000.0
        """AC: what the car is told, on each line."""
        self.status: Any = None
        """EVSEStatus of the loop."""
        self.cable_check_s = 1.0
        """How long our isolation test takes."""
        self._cable_check_from: float | None = None
        self._open: Any = None
        """The request that has not been answered yet."""
        self._overrides: dict[Step, Callable[[Any, Any], Any]] = {}
        self.link.connect()

    def again(self) -> None:
        """The car calls another time."""
        self.at, self._open, self._cable_check_from = Step.SAP, None, None
        self.link.connect()

    # --- listening ---

    def hear(self, within_s: float = PATIENCE_S) -> Any:
        """The car's next request.

        Raises:
            Failure: None came in time.
        """
        before = self.sut.now
        request = self.link.receive(within_s)
        if request is None:
            closed = "; the car closed the connection" if self.sut.closed else ""
            fail(f"no request for {self.sut.now - before:.2f} s in step {self.at}{closed}")
        self.at = step_of(request)
        self._open = request
        return request

    def heard(self, step: Step, within_s: float = PATIENCE_S) -> Any:
        """The next request, which must be of that step."""
        request = self.hear(within_s)
        equal(self.at, step, message=request)
        return request

    def to(self, step: Step, *, judged: bool = False) -> Any:
        """Answer regularly until a request of ``step`` comes; that one is returned, and not answered.

        Raises:
            Inconclusive: It never came, and it was only the way to the purpose.
        """
        try:
            for _ in range(MOST_REQUESTS):
                self.settle()
                request = self.hear()
                if self.at is step:
                    return request
            fail(f"{MOST_REQUESTS} requests, and none of {step}")
        except Failure as failure:
            if judged:
                raise
            raise Inconclusive(
                f"on the way to {step}: {failure.reason}", message=failure.message, field=failure.field
            ) from None

    def serve(self, seconds: float) -> list[Any]:
        """Answer regularly for so long; returns the requests."""
        self.settle()
        limit = self.sut.now + seconds
        requests = []
        while self.sut.now < limit and (request := self.link.receive(limit - self.sut.now)) is not None:
            self.at = step_of(request)
            requests.append(request)
            self.reply(request)
        return requests

    # --- what a case expects of an end ---

    def ends(self, within_s: float = 5.0) -> None:
        """The car gives up: it says no more, opens its contactors, shows pilot state B and closes the connection."""
        request = self.link.receive(within_s)
        check(request is None, "the car goes on", message=request)
        self.off()

    def off_after(self, began: float, limit_s: float, slack_s: float = 1.5) -> None:
        """The car gave up once a limit was over: not before it, and not much later."""
        self.off()
        took = float(self.sut.history("connected")[-1][0]) - began
        check(limit_s - 0.1 <= took <= limit_s + slack_s, f"given up after {took:.2f} s, not {limit_s:g} s")

    def off(self) -> None:
        """The connection is closed, the car's contactors are open, and it shows state B."""
        check(self.sut.closed, "the connection is still open")
        self.sut.set("outlet_current_a", 0.0)
        equal(self.sut.observe("pilot"), "B", field="pilot")
        equal(self.sut.observe("contactor"), 0.0, field="contactor")

    def goes_on(self) -> None:
        """The session is alive: it comes to a regular end when the driver wants it."""
        self.sut.set("wish", "stop")
        self.finish()

    def finish(self) -> None:
        """Answer regularly until the car has stopped the session and closed."""
        self.to(Step.SESSION_STOP, judged=True)
        self.settle()
        self.ends()

    # --- answering ---

    def settle(self) -> None:
        """Answer what is still open, regularly."""
        if self._open is not None:
            self.reply(self._open)

    def answered(self) -> None:
        """What is open gets no regular answer (any more)."""
        self._open = None

    def say(self, message: Record) -> None:
        """Send any message."""
        self.answered()
        self.link.send(message)

    def reply(self, request: Any, **changes: object) -> Any:
        """Answer regularly, but for ``changes`` (as in ``replace``)."""
        response = self.regular(request)
        if changes:
            response = replace(response, **changes)
        self.say(response)
        return response

    def instead(self, step: Step, change: Callable[[Any, Any], Any]) -> None:
        """From now on change every regular answer of a step: ``change(request, response)`` returns what is sent."""
        self._overrides[step] = change

    def meter(self) -> MeterInfo:
        """What our meter reads now."""
        return responses.meter(int(UNIX_S + self.sut.now), charged_wh=12)

    def base(self, code: ResponseCode = ResponseCode.OK) -> dict[str, Any]:
        """What every response begins with."""
        return {"header": self.link.header(), "response_code": code}

    def regular(self, request: Any) -> Any:
        """The regular answer to a request, and what our outlet does with it."""
        step = step_of(request)
        response = self._early(request) if step.before(Step.PARAMETERS) else self._energy(request, step)
        change = self._overrides.get(step)
        return response if change is None else change(request, response)

    def _early(self, request: Any) -> Any:
        match request:
            case app.SupportedAppProtocolReq():
                first = min(request.app_protocol, key=lambda entry: entry.priority)
                return app.SupportedAppProtocolRes(
                    response_code=app.ResponseCode.OK_SuccessfulNegotiation, schema_id=first.schema_id
                )
            case SessionSetupReq():
                asked = request.header.session_id
                code = ResponseCode.OK_NewSessionEstablished
                if self.joins and asked != NO_SESSION:
                    self.link.session_id, code = asked, ResponseCode.OK_OldSessionJoined
                else:
                    self.link.session_id = SESSION_ID if asked == NO_SESSION else self.new_id()
                return SessionSetupRes(**self.base(code), evse_id="DE*TST*E1")
            case auth.AuthorizationSetupReq():
                return auth.AuthorizationSetupRes(
                    **self.base(),
                    authorization_services=(auth.Authorization.EIM,),
                    certificate_installation_service=False,
                    eim_as_res_authorization_mode=auth.EIM_ASResAuthorizationMode(),
                )
            case auth.AuthorizationReq():
                return auth.AuthorizationRes(**self.base(), evse_processing=Processing.Finished)
            case service.ServiceDiscoveryReq():
                offered = tuple(service.Service(service_id=each, free_service=False) for each in self.services)
                return service.ServiceDiscoveryRes(
                    **self.base(),
                    service_renegotiation_supported=self.renegotiation,
                    energy_transfer_service_list=service.ServiceList(service=offered),
                )
            case service.ServiceDetailReq():
                sets = responses.parameter_sets(request.service_id)
                return service.ServiceDetailRes(
                    **self.base(),
                    service_id=request.service_id,
                    service_parameter_list=service.ServiceParameterList(parameter_set=sets),
                )
            case _:
                self.selected = request.selected_energy_transfer_service
                self.bpt = self.selected.service_id in (5, 6, 9, 10, 11)
                self.dynamic = self.selected.parameter_set_id == 2
                self.link.ac_payload_type = {10: 0x8010, 11: 0x8011}.get(self.selected.service_id, 0x8003)
                return service.ServiceSelectionRes(**self.base())

    def new_id(self) -> bytes:
        """What a station says to a car that wants to resume an unknown session."""
        return bytes(reversed(SESSION_ID))

    def _energy(self, request: Any, step: Step) -> Any:
        match step:
            case Step.PARAMETERS:
                if isinstance(request, ac.AC_ChargeParameterDiscoveryReq):
                    der = self.selected is not None and self.selected.service_id in requests.DER_MODES
                    mode = (
                        responses.der_parameters(self.selected.service_id)
                        if der
                        else responses.ac_parameters(bpt=self.bpt, sign=self.sign)
                    )
                    return ac.AC_ChargeParameterDiscoveryRes(**self.base(), ac_cpd_res_energy_transfer_mode=mode)
                mode = responses.dc_parameters(bpt=self.bpt, sign=self.sign)
                return dc.DC_ChargeParameterDiscoveryRes(**self.base(), dc_cpd_res_energy_transfer_mode=mode)
            case Step.SCHEDULE:
                return responses.schedule(self.base(), () if self.dynamic else self.tuples)
            case Step.CABLE_CHECK:
                return self._cable_check()
            case Step.PRE_CHARGE:
                self.sut.set("outlet_voltage_v", value_of(request.ev_target_voltage))
                return dc.DC_PreChargeRes(**self.base(), evse_present_voltage=request.ev_target_voltage)
            case Step.POWER_DELIVERY:
                self.sut.set("outlet_contactor", True)
                return pd.PowerDeliveryRes(**self.base())
            case Step.LOOP:
                return self._loop(request)
            case Step.STOP:
                self.sut.set("outlet_current_a", 0.0)
                self.sut.set("outlet_contactor", False)
                self.sut.set("outlet_voltage_v", 0.0)
                return pd.PowerDeliveryRes(**self.base())
            case Step.WELDING:
                return dc.DC_WeldingDetectionRes(**self.base(), evse_present_voltage=amount(0.0))
            case _:
                return SessionStopRes(**self.base())

    def _cable_check(self) -> dc.DC_CableCheckRes:
        if self._cable_check_from is None:
            self._cable_check_from = self.sut.now
        self.sut.set("outlet_contactor", True)
        over = self.sut.now - self._cable_check_from >= self.cable_check_s
        done = over and self.sut.observe("pilot") in ("C", "D")
        return dc.DC_CableCheckRes(**self.base(), evse_processing=Processing.Finished if done else Processing.Ongoing)

    def _loop(self, request: Any) -> Any:
        base = {**self.base(), "evse_status": self.status}
        if request.meter_info_requested:
            base["meter_info"] = responses.meter(int(UNIX_S + self.sut.now))
        if isinstance(request, ac.AC_ChargeLoopReq):
            return responses.ac_loop(base, request, self.target_w)
        mode = request.cl_req_control_mode
        current = self.current_a
        if isinstance(mode, dc.Scheduled_DC_CLReqControlMode):
            current = value_of(mode.ev_target_current)
        elif not value_of(mode.ev_maximum_charge_power) and current > 0:
            current = 0.0  # the car allows nothing any more: it is about to stop
        self.sut.set("outlet_current_a", current)
        return responses.dc_loop(base, request, current, self.sign)
