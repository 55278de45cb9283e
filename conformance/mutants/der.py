"""Defects in sessions of inverters at the grid."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any

from conformance.mutants.tools import answers, hears, mutant, replaced, swapped, takes
from conformance.tester.least import least
from conformance.tester.requests import DER_MODES, der_parameters
from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.types import Processing
from iso15118.session import services
from iso15118.session.core import State
from iso15118.session.evcc.session import EvccSession
from iso15118.session.secc.session import SeccSession

Patch = AbstractContextManager[None]
CPD, CPD_MODE = "AC_ChargeParameterDiscoveryReq", "ac_cpd_req_energy_transfer_mode"
_KINDS = ("IEC", "SAE", "IEC Scheduled", "SAE Scheduled")


@mutant("der-as-ac", "messages of inverters go under the payload type of plain AC", "DE-01/*", "DE-06/*")
def _as_ac() -> Patch:
    return swapped(services, "_AC_OF_SERVICE", MappingProxyType({}))


@mutant("der-not-in-kind", "parameters of an inverter are answered as plain AC", *(f"DE-01/{kind}" for kind in _KINDS))
def _not_in_kind() -> Patch:
    mode = least(ac.AC_CPDResEnergyTransferMode)

    def change(_: SeccSession, __: Any, response: Any) -> Any:
        return replaced(response, ac_cpd_res_energy_transfer_mode=mode)

    return answers("AC_ChargeParameterDiscoveryRes", change)


@mutant("der-no-rounds", "parameter discovery of an inverter has one round", "DE-02/*", "DE-05/*")
def _no_rounds() -> Patch:
    return hears(CPD, lambda _, request: replaced(request, **{f"{CPD_MODE}__ev_processing": Processing.Finished}))


@mutant(
    "der-loop-not-in-kind", "the loop of an inverter is answered as plain AC", *(f"DE-03/{kind}" for kind in _KINDS)
)
def _loop() -> Patch:
    mode = least(ac.Dynamic_AC_CLResControlMode)
    return answers("AC_ChargeLoopRes", lambda _, __, response: replaced(response, cl_res_control_mode=mode))


@mutant("der-target-abs", "an inverter is never told to feed", "DE-03/IEC discharges")
def _abs() -> Patch:
    def change(_: SeccSession, __: Any, response: Any) -> Any:
        mode = response.cl_res_control_mode
        told = replaced(mode.evse_target_active_power, value=abs(mode.evse_target_active_power.value))
        return replaced(response, cl_res_control_mode__evse_target_active_power=told)

    return answers("AC_ChargeLoopRes", change)


@mutant("der-any-parameters", "parameters of plain AC are taken of an inverter", "DE-04/*")
def _any() -> Patch:
    def change(session: SeccSession, request: Any) -> Any:
        mode = getattr(request, CPD_MODE)
        kind = DER_MODES[session.service_id].DER_AC_CPDReqEnergyTransferMode
        if type(mode) is kind:
            return request
        return der_parameters(request.header, session.service_id)

    return hears(CPD, change)


@mutant("car-no-der", "the car takes no set of an inverter's service", "DE-06/*")
def _car() -> Patch:
    def change(_: EvccSession, response: Any) -> Any:
        der = response.service_id in DER_MODES
        return replaced(response, service_parameter_list__parameter_set=()) if der else response

    return takes(State.SERVICE_DETAIL, change)
