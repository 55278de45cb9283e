"""Defects of our station in charge parameter discovery."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from msgspec import NODEFAULT, structs

from conformance.mutants.tools import answers, hears, mutant, replaced, says
from iso15118.messages import app as app_messages
from iso15118.messages.iso20 import ac, dc
from iso15118.messages.iso20.types import RationalNumber
from iso15118.session.secc.session import SeccSession

Patch = AbstractContextManager[None]
ZERO = RationalNumber(exponent=0, value=0)
OK = app_messages.ResponseCode.OK_SuccessfulNegotiation


_KINDS: tuple[tuple[Any, Any], ...] = (
    (dc.DC_CPDReqEnergyTransferMode, dc.BPT_DC_CPDReqEnergyTransferMode),
    (ac.AC_CPDReqEnergyTransferMode, ac.BPT_AC_CPDReqEnergyTransferMode),
)


def as_kind(mode: Any, kind: Any) -> Any:
    """The same fields as another kind; what it has more is zero."""
    known = {name: getattr(mode, name) for name in kind.__struct_fields__ if hasattr(mode, name)}
    return kind(**{**dict.fromkeys(_required(kind), ZERO), **known})


def _required(kind: Any) -> list[str]:
    return [field.name for field in structs.fields(kind) if field.default is NODEFAULT]


def _fitting_parameters(session: SeccSession, request: Any) -> Any:
    name = "dc_cpd_req_energy_transfer_mode" if hasattr(request, "dc_cpd_req_energy_transfer_mode") else ""
    name = name or "ac_cpd_req_energy_transfer_mode"
    one, both = _KINDS[name.startswith("ac")]
    return replaced(request, **{name: as_kind(getattr(request, name), both if session.context.bidirectional else one)})


CPD = ("DC_ChargeParameterDiscoveryReq", "AC_ChargeParameterDiscoveryReq")
CPD_RES = ("DC_ChargeParameterDiscoveryRes", "AC_ChargeParameterDiscoveryRes")


@mutant("any-parameters", "parameters of another kind are taken", "CP-02/*", "CP-03/*")
def _any_parameters() -> Patch:
    return hears(CPD, _fitting_parameters)


@mutant("parameters-not-in-kind", "the other kind of limits is answered", "CP-01/*")
def _not_in_kind() -> Patch:
    def change(session: SeccSession, _: Any, response: Any) -> Any:
        if response.response_code.value.startswith("FAILED"):
            return response
        is_ac = hasattr(response, "ac_cpd_res_energy_transfer_mode")
        name = ("ac" if is_ac else "dc") + "_cpd_res_energy_transfer_mode"
        module: Any = ac if is_ac else dc
        letters = "AC" if is_ac else "DC"
        kind = f"{letters}_CPDResEnergyTransferMode"
        kind = kind if session.context.bidirectional else f"BPT_{kind}"
        return replaced(response, **{name: as_kind(getattr(response, name), getattr(module, kind))})

    return answers(CPD_RES, change)


mutant(
    "no-discharge-limit",
    "the station's discharge power is told as zero",
    "CP-01/DC_BPT",
    "CP-01/MCS_BPT",
    "CP-01/AC_BPT",
)(
    says(
        CPD_RES,
        dc_cpd_res_energy_transfer_mode__evse_maximum_discharge_power=ZERO,
        ac_cpd_res_energy_transfer_mode__evse_maximum_discharge_power=ZERO,
    )
)
mutant("discharge-limit-invented", "a station that takes nothing tells a limit", "CP-04")(
    says(
        "DC_ChargeParameterDiscoveryRes",
        dc_cpd_res_energy_transfer_mode__evse_maximum_discharge_power=RationalNumber(exponent=3, value=11),
    )
)


@mutant("any-limits", "limits of the car are not checked", "CP-05/*", "CP-10/[lm]*")
def _any_limits() -> Patch:
    def change(session: SeccSession, request: Any) -> Any:
        name = (
            "dc_cpd_req_energy_transfer_mode"
            if hasattr(request, "dc_cpd_req_energy_transfer_mode")
            else "ac_cpd_req_energy_transfer_mode"
        )
        mode = getattr(request, name)
        sane = {field: _sane(field) for field in mode.__struct_fields__ if getattr(mode, field) is not None}
        return replaced(request, **{name: replaced(mode, **sane)})

    return hears(CPD, change)


def _sane(field: str) -> RationalNumber | None:
    if field == "target_soc":
        return None
    least = RationalNumber(exponent=0, value=280) if "voltage" in field else ZERO
    most = RationalNumber(exponent=0, value=400 if "voltage" in field else 30)
    return least if "minimum" in field else most


def _unsigned(sign: int) -> Patch:
    """Discharge limits of one sign count as zero."""

    def change(_: SeccSession, request: Any) -> Any:
        for name in ("dc_cpd_req_energy_transfer_mode", "cl_req_control_mode"):
            mode = getattr(request, name, None)
            if mode is not None:
                wrong = {
                    field: ZERO
                    for field in mode.__struct_fields__
                    if "maximum_discharge" in field and getattr(mode, field) is not None
                    if getattr(mode, field).value * sign > 0
                }
                request = replaced(request, **{name: replaced(mode, **wrong)})
        return request

    return hears(("DC_ChargeParameterDiscoveryReq", "DC_ChargeLoopReq"), change)


@mutant("negative-is-zero", "negative discharge limits of a car count as zero", "CP-08/negative")
def _negative_is_zero() -> Patch:
    return _unsigned(-1)


@mutant("positive-is-zero", "positive discharge limits of a car count as zero", "CP-08/positive")
def _positive_is_zero() -> Patch:
    return _unsigned(1)


@mutant("overflow", "large exponents overflow", "CP-10/harmless/largest power")
def _overflow() -> Patch:
    def change(_: SeccSession, request: Any) -> Any:
        if request.dc_cpd_req_energy_transfer_mode.ev_maximum_charge_power.exponent > 100:
            raise OverflowError
        return request

    return hears("DC_ChargeParameterDiscoveryReq", change)


mutant("always-three-lines", "limits of lines that are not in use are told", "CP-11/one line")(
    says(
        "AC_ChargeParameterDiscoveryRes",
        ac_cpd_res_energy_transfer_mode__evse_maximum_charge_power_l2=RationalNumber(exponent=3, value=3),
    )
)


@mutant("one-line-only", "limits per line are refused", "CP-11/three lines")
def _one_line_only() -> Patch:
    def change(_: SeccSession, request: Any) -> Any:
        name = "ac_cpd_req_energy_transfer_mode__ev_minimum_charge_power"
        more = request.ac_cpd_req_energy_transfer_mode.ev_maximum_charge_power_l2 is not None
        return replaced(request, **{name: RationalNumber(exponent=3, value=30)}) if more else request

    return hears("AC_ChargeParameterDiscoveryReq", change)
