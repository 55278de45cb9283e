"""The tester's car: drives a station under test to a step, asks what a case wants to ask, and leaves."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from conformance.case import Failure, Inconclusive, check, equal, fail
from conformance.sut import Sut
from conformance.tester import requests
from conformance.tester.link import NO_SESSION, Link, Step, amount, code_of, name_of, replace, value_of
from iso15118.messages.iso20 import dc
from iso15118.messages.iso20.common import authorization as auth
from iso15118.messages.iso20.common import power_delivery as pd
from iso15118.messages.iso20.common import service
from iso15118.messages.iso20.common.session_setup import SessionSetupReq
from iso15118.messages.iso20.common.session_stop import ChargingSession, SessionStopReq
from iso15118.messages.iso20.types import Processing
from iso15118.messages.model import Record

__all__ = ["Car"]

ANSWER_S = 1.5
"""How long a station may take for an answer: the general performance limit."""
CLOSE_S = 5.0
"""How long a station waits for the car to close."""
PATIENCE = 40
"""How often the tester repeats a request while Ongoing."""


_PLAIN: Mapping[str, int] = MappingProxyType(
    {"BPTChannel": 1, "GeneratorMode": 1, "MobilityNeedsMode": 1, "Pricing": 0}
)


class Car:
    """A car by script."""

    def __init__(
        self,
        sut: Sut,
        *,
        service: int = 6,
        dynamic: bool = True,
        lines: int = 3,
        parameters: Mapping[str, int] = _PLAIN,
    ) -> None:
        """Be plugged in; nothing is said yet.

        Args:
            sut: The station.
            service: Energy service to select.
            dynamic: Dynamic control, else Scheduled.
            lines: AC: lines to use.
            parameters: What a parameter set must say, where it says it.
        """
        self.sut = sut
        self.link = Link(sut)
        self.service = service
        self.dynamic = dynamic
        self.lines = lines
        self.parameters = {**_PLAIN, **parameters}
        self.bpt = service in (5, 6, 9, 10, 11)
        self.is_ac = service in (1, 5, 10, 11)
        self.at = Step.SAP
        self.schedules: tuple[Any, ...] = ()
        """Schedule tuples the station offered."""
        self.parameter_set: int = 0
        self.detail: Any = None
        """The ServiceDetailRes of the service."""
        self.services: tuple[int, ...] = ()
        self.current_a = 0.0
        """Scheduled DC: the target current of the next loop."""
        self.power_w = 0.0
        """AC: what the car takes on each line."""
        sut.set("pilot", "B")
        self.link.connect()

    def again(self) -> Car:
        """The same car, plugged in for another session."""
        return Car(self.sut, service=self.service, dynamic=self.dynamic, lines=self.lines, parameters=self.parameters)

    # --- asking ---

    def ask(self, request: Record, within_s: float = ANSWER_S) -> Any:
        """Send a request and take its answer.

        Raises:
            Failure: No answer in time, or one of another kind.
        """
        self.link.send(request)
        return self.answer(request, within_s)

    def answer(self, request: Record, within_s: float = ANSWER_S) -> Any:
        """Take the answer to what was sent."""
        before = self.sut.now
        response = self.link.receive(within_s)
        if response is None:
            closed = "; the connection was closed" if self.sut.closed else ""
            fail(f"{name_of(request)} has no answer after {self.sut.now - before:.2f} s{closed}", message=request)
        equal(name_of(response), name_of(request).removesuffix("Req") + "Res", message=response)
        return response

    def good(self, request: Record, within_s: float = ANSWER_S) -> Any:
        """As ``ask``; the answer must begin with OK."""
        response = self.ask(request, within_s)
        check(code_of(response).startswith("OK"), code_of(response), message=response, field="ResponseCode")
        return response

    def coded(self, request: Record, code: str, within_s: float = ANSWER_S) -> Any:
        """As ``ask``; the answer must have that code."""
        response = self.ask(request, within_s)
        equal(code_of(response), code, message=response, field="ResponseCode")
        return response

    # --- what a case expects of an end ---

    def refused(self, request: Record, code: str, within_s: float = ANSWER_S) -> Any:
        """The answer has a FAILED code, carries our SessionID, and the session ends with the outlet off."""
        response = self.coded(request, code, within_s)
        header = getattr(response, "header", None)
        if header is not None and self.link.session_id != NO_SESSION and code != "FAILED_UnknownSession":
            equal(header.session_id, self.link.session_id, message=response, field="SessionID")
        self.ends()
        return response

    def ends(self) -> None:
        """The session is over: nothing is answered any more, the outlet goes off, and the connection is closed."""
        self.link.send(SessionStopReq(header=self.link.header(), charging_session=ChargingSession.Terminate))
        response = self.link.receive(CLOSE_S + 3.0)
        check(response is None, "the session goes on after its end", message=response)
        self.off()

    def off(self) -> None:
        """The connection is closed, the contactor open and no current flows."""
        check(self.sut.closed, "the connection is still open")
        equal(self.sut.observe("contactor"), 0.0, field="contactor")
        check(abs(float(self.sut.observe("current_a"))) < 1.0, "current still flows", field="current_a")

    def goes_on(self) -> None:
        """The session is alive: it comes to its regular end from here."""
        self.to(Step.END, judged=True)

    # --- the way through a session ---

    def to(self, step: Step, *, judged: bool = False) -> Car:
        """Go on, legally, until ``step`` is due.

        Args:
            step: Where to.
            judged: The way is part of what is to be shown: a failure is one of the SUT.

        Raises:
            Inconclusive: The SUT did not let us, and it was only the way to the purpose.
        """
        try:
            while self.at is not step:
                check(not step.before(self.at), f"{step} was passed already")
                self.perform(self.at)
        except Failure as failure:
            if judged:
                raise
            raise Inconclusive(
                f"on the way to {step}: {failure.reason}", message=failure.message, field=failure.field
            ) from None
        return self

    def perform(self, step: Step) -> Any:
        """One step, repetitions included; returns its last answer."""
        done = getattr(self, f"_{step.name.lower()}")()
        self.at = self.following(step)
        return done

    def following(self, step: Step) -> Step:
        """The step after another, in a session of our service."""
        order = [each for each in Step if not (self.is_ac and each in _DC_ONLY)]
        return order[order.index(step) + 1]

    def request(self, step: Step) -> Any:
        """The regular request of a step."""
        header = self.link.header()
        match step:
            case Step.SAP:
                return requests.offer(requests.app_protocol(self.namespace))
            case Step.SESSION_SETUP:
                return SessionSetupReq(header=header, evcc_id="WMITESTER000001")
            case Step.AUTHORIZATION_SETUP:
                return auth.AuthorizationSetupReq(header=header)
            case Step.AUTHORIZATION:
                return auth.AuthorizationReq(
                    header=header,
                    selected_authorization_service=auth.Authorization.EIM,
                    eim_a_req_authorization_mode=auth.EIM_AReqAuthorizationMode(),
                )
            case Step.SERVICE_DISCOVERY:
                return service.ServiceDiscoveryReq(header=header)
            case Step.SERVICE_DETAIL:
                return service.ServiceDetailReq(header=header, service_id=self.service)
            case Step.SERVICE_SELECTION:
                selected = service.SelectedService(service_id=self.service, parameter_set_id=self.parameter_set)
                return service.ServiceSelectionReq(header=header, selected_energy_transfer_service=selected)
            case Step.PARAMETERS:
                if self.service in requests.DER_MODES:
                    return requests.der_parameters(header, self.service, lines=self.lines)
                if self.is_ac:
                    return requests.ac_parameters(header, bpt=self.bpt, lines=self.lines)
                return requests.dc_parameters(header, bpt=self.bpt)
            case Step.SCHEDULE:
                return requests.needs(header, dynamic=self.dynamic)
            case _:
                return self._energy_request(step)

    def _energy_request(self, step: Step) -> Any:
        header = self.link.header()
        match step:
            case Step.CABLE_CHECK:
                return dc.DC_CableCheckReq(header=header)
            case Step.PRE_CHARGE:
                return dc.DC_PreChargeReq(
                    header=header,
                    ev_processing=Processing.Ongoing,
                    ev_present_voltage=amount(0.0),
                    ev_target_voltage=amount(400.0),
                )
            case Step.POWER_DELIVERY:
                return pd.PowerDeliveryReq(
                    header=header,
                    ev_processing=Processing.Finished,
                    charge_progress=pd.ChargeProgress.Start,
                    ev_power_profile=None if self.dynamic else requests.profile(self.schedules[0]),
                )
            case Step.LOOP:
                kind = {"bpt": self.bpt, "dynamic": self.dynamic}
                if self.service in requests.DER_MODES:
                    return requests.der_loop(
                        header, self.service, dynamic=self.dynamic, power_w=self.power_w, lines=self.lines
                    )
                if self.is_ac:
                    return requests.ac_loop(header, **kind, power_w=self.power_w, lines=self.lines)
                return requests.dc_loop(header, **kind, current_a=self.current_a)
            case Step.STOP:
                return pd.PowerDeliveryReq(
                    header=header, ev_processing=Processing.Finished, charge_progress=pd.ChargeProgress.Stop
                )
            case Step.WELDING:
                return dc.DC_WeldingDetectionReq(header=header, ev_processing=Processing.Finished)
            case Step.SESSION_STOP:
                return SessionStopReq(header=header, charging_session=ChargingSession.Terminate)
            case _:
                raise LookupError(step)

    @property
    def namespace(self) -> str:
        """What is offered for the service."""
        special = {10: "AC_DER_IEC", 11: "AC_DER_SAE"}
        return special.get(self.service, "AC" if self.is_ac else "DC")

    def _sap(self) -> Any:
        self.link.ac_payload_type = {10: 0x8010, 11: 0x8011}.get(self.service, 0x8003)
        return self.good(self.request(Step.SAP))

    def _session_setup(self) -> Any:
        response = self.good(self.request(Step.SESSION_SETUP))
        self.link.session_id = response.header.session_id
        return response

    def _authorization_setup(self) -> Any:
        return self.good(self.request(Step.AUTHORIZATION_SETUP))

    def _authorization(self) -> Any:
        return self._until_finished(Step.AUTHORIZATION)

    def _until_finished(self, step: Step, pause_s: float = 0.5) -> Any:
        for _ in range(PATIENCE):
            response = self.good(self.request(step))
            if response.evse_processing is Processing.Finished:
                return response
            self.sut.advance(pause_s)
        return fail(f"still not Finished after {PATIENCE * pause_s:g} s", message=response, field="EVSEProcessing")

    def _service_discovery(self) -> Any:
        response = self.good(self.request(Step.SERVICE_DISCOVERY))
        self.services = tuple(each.service_id for each in response.energy_transfer_service_list.service)
        check(self.service in self.services, f"service {self.service} is not offered", message=response)
        return response

    def _service_detail(self) -> Any:
        self.detail = self.good(self.request(Step.SERVICE_DETAIL))
        for parameter_set in self.detail.service_parameter_list.parameter_set:
            values = {each.name: each.int_value for each in reversed(parameter_set.parameter)}
            fits = not self.is_ac or values.get("Connector") == (2 if self.lines == 3 else 1)
            if values.get("ControlMode") == (2 if self.dynamic else 1) and fits and self.takes(values):
                self.parameter_set = parameter_set.parameter_set_id
                return self.detail
        return fail("no parameter set fits the tester", message=self.detail)

    def takes(self, parameters: dict[str, Any]) -> bool:
        """Whether a set with these integer parameters is what this tester wants."""
        return all(parameters.get(name, value) == value for name, value in self.parameters.items())

    def _service_selection(self) -> Any:
        return self.good(self.request(Step.SERVICE_SELECTION))

    def _parameters(self) -> Any:
        return self.good(self.request(Step.PARAMETERS))

    def _schedule(self) -> Any:
        response = self._until_finished(Step.SCHEDULE)
        if response.scheduled_se_res_control_mode is not None:
            self.schedules = response.scheduled_se_res_control_mode.schedule_tuple
        check(self.dynamic or self.schedules, "no schedule to choose from", message=response)
        return response

    def _cable_check(self) -> Any:
        self.sut.set("pilot", "C")
        return self._until_finished(Step.CABLE_CHECK)

    def _pre_charge(self) -> Any:
        request = self.request(Step.PRE_CHARGE)
        for _ in range(PATIENCE):
            response = self.good(request)
            if abs(value_of(response.evse_present_voltage) - value_of(request.ev_target_voltage)) < 20.0:
                break
            self.sut.advance(0.1)
        else:
            fail("the outlet's voltage does not come", message=response, field="EVSEPresentVoltage")
        self.sut.set("car_contactor", True)
        finished = dc.DC_PreChargeReq(
            header=self.link.header(),
            ev_processing=Processing.Finished,
            ev_present_voltage=amount(400.0),
            ev_target_voltage=amount(400.0),
        )
        return self.good(finished)

    def _power_delivery(self) -> Any:
        return self.start(self.request(Step.POWER_DELIVERY))

    def start(self, request: Record) -> Any:
        """PowerDelivery(Start); the answer must be OK. In AC the pilot goes to C right behind the request."""
        self.link.send(request)
        if self.is_ac:
            self.sut.set("pilot", "C")
        response = self.answer(request)
        check(code_of(response).startswith("OK"), code_of(response), message=response, field="ResponseCode")
        return response

    def _loop(self) -> Any:
        return self.loop()

    def loop(self, seconds: float = 0.0, **changes: object) -> Any:
        """Rounds of the loop, one every 0.2 s, for so long; returns the last answer. ``changes`` as in ``replace``."""
        rounds = 1 + round(seconds / 0.2)
        for each in range(rounds):
            response = self.good(self.loop_request(**changes))
            if each < rounds - 1:
                self.sut.advance(0.2)
        return response

    def loop_request(self, **changes: object) -> Any:
        """The request of a round."""
        request = self.request(Step.LOOP)
        return replace(request, header=self.link.header(), **changes) if changes else request

    def _stop(self) -> Any:
        self.power_w, self.current_a = 0.0, 0.0
        self.sut.set("car_power_w", (0.0, 0.0, 0.0))
        response = self.good(self.request(Step.STOP))
        self.sut.set("pilot", "B")
        self.sut.set("car_contactor", False)
        return response

    def _welding(self) -> Any:
        return self.good(self.request(Step.WELDING))

    def _session_stop(self) -> Any:
        response = self.good(self.request(Step.SESSION_STOP))
        self.sut.disconnect()
        return response


_DC_ONLY = (Step.CABLE_CHECK, Step.PRE_CHARGE, Step.WELDING)
