"""Requests of the tester's car, one function a step; whatever a case wants otherwise it replaces."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from conformance.tester.least import least
from conformance.tester.link import amount
from iso15118.messages import app
from iso15118.messages.iso20 import ac, dc
from iso15118.messages.iso20.ac_der_iec import modes as iec
from iso15118.messages.iso20.ac_der_sae import modes as sae
from iso15118.messages.iso20.ac_der_sae import ratings
from iso15118.messages.iso20.common import power_delivery as pd
from iso15118.messages.iso20.common import schedule_exchange as se
from iso15118.messages.iso20.types import MessageHeader, Processing

__all__ = [
    "DER_MODES",
    "NAMESPACES",
    "ac_loop",
    "ac_parameters",
    "app_protocol",
    "dc_loop",
    "dc_parameters",
    "der_loop",
    "der_parameters",
    "needs",
    "offer",
    "profile",
]

NAMESPACES = {
    "AC": "urn:iso:std:iso:15118:-20:AC",
    "DC": "urn:iso:std:iso:15118:-20:DC",
    "AC_DER_IEC": "urn:iso:std:iso:15118:-20:AC-DER-IEC",
    "AC_DER_SAE": "urn:iso:std:iso:15118:-20:AC-DER-SAE",
}
CHARGE_W, CHARGE_A = 10_000.0, 28.0
"""The most the tester's car takes."""
DISCHARGE_W, DISCHARGE_A = 9_000.0, 25.0
"""The most it gives."""
LINE_W = 3_300.0
"""AC: the most it takes on a line."""


def app_protocol(
    namespace: str, schema_id: int = 1, priority: int = 1, major: int = 1, minor: int = 0
) -> app.AppProtocol:
    """One entry of the offer."""
    return app.AppProtocol(
        protocol_namespace=NAMESPACES.get(namespace, namespace),
        version_number_major=major,
        version_number_minor=minor,
        schema_id=schema_id,
        priority=priority,
    )


def offer(*entries: app.AppProtocol) -> app.SupportedAppProtocolReq:
    """The handshake's request."""
    return app.SupportedAppProtocolReq(app_protocol=entries)


def _charge() -> dict[str, Any]:
    return {
        "ev_maximum_charge_power": amount(CHARGE_W),
        "ev_minimum_charge_power": amount(0.0),
        "ev_maximum_charge_current": amount(CHARGE_A),
        "ev_maximum_voltage": amount(450.0),
        "ev_minimum_voltage": amount(280.0),
    }


def _discharge(sign: int) -> dict[str, Any]:
    return {
        "ev_maximum_discharge_power": amount(sign * DISCHARGE_W),
        "ev_minimum_discharge_power": amount(0.0),
        "ev_maximum_discharge_current": amount(sign * DISCHARGE_A),
    }


def dc_parameters(header: MessageHeader, *, bpt: bool, sign: int = -1) -> dc.DC_ChargeParameterDiscoveryReq:
    """Limits of the car."""
    fields = {**_charge(), "ev_minimum_charge_current": amount(0.0)}
    mode: dc.DC_CPDReqEnergyTransferMode
    if bpt:
        mode = dc.BPT_DC_CPDReqEnergyTransferMode(
            **fields, **_discharge(sign), ev_minimum_discharge_current=amount(0.0)
        )
    else:
        mode = dc.DC_CPDReqEnergyTransferMode(**fields)
    return dc.DC_ChargeParameterDiscoveryReq(header=header, dc_cpd_req_energy_transfer_mode=mode)


def _lines(name: str, value: float, lines: int) -> dict[str, Any]:
    return {f"{name}{suffix}": amount(value) for suffix in ("", "_l2", "_l3")[:lines]}


def _ac_limits(lines: int, *, bpt: bool, sign: int) -> dict[str, Any]:
    fields = {
        **_lines("ev_maximum_charge_power", LINE_W, lines),
        **_lines("ev_minimum_charge_power", 0.0, lines),
    }
    if bpt:
        fields |= _lines("ev_maximum_discharge_power", sign * LINE_W, lines)
        fields |= _lines("ev_minimum_discharge_power", 0.0, lines)
    return fields


def ac_parameters(
    header: MessageHeader, *, bpt: bool, lines: int = 3, sign: int = -1
) -> ac.AC_ChargeParameterDiscoveryReq:
    """Limits of the car, line by line."""
    kind = ac.BPT_AC_CPDReqEnergyTransferMode if bpt else ac.AC_CPDReqEnergyTransferMode
    return ac.AC_ChargeParameterDiscoveryReq(
        header=header, ac_cpd_req_energy_transfer_mode=kind(**_ac_limits(lines, bpt=bpt, sign=sign))
    )


DER_MODES: Mapping[int, Any] = MappingProxyType({10: iec, 11: sae})
"""Service -> the module of its energy transfer and control modes."""


def der_parameters(
    header: MessageHeader, service: int, *, lines: int = 3, processing: Processing = Processing.Finished
) -> ac.AC_ChargeParameterDiscoveryReq:
    """Limits of an inverter at the grid; what else its message must have is zero."""
    kind = DER_MODES[service].DER_AC_CPDReqEnergyTransferMode
    fields = _known(kind, _ac_limits(lines, bpt=True, sign=-1))
    if service == 11:  # here zero would be no inverter
        factors = {f"ev_specified_{way}_excited_power_factor": amount(0.9) for way in ("over", "under")}
        fields["ev_excitation_limits"] = least(ratings.EVExcitationLimits, **factors)
        for name, volts in (("nominal", 230.0), ("minimum", 207.0), ("maximum", 253.0)):
            fields[f"ev_{name}_voltage"] = amount(volts)
    mode = least(kind, **fields, ev_processing=processing)
    return ac.AC_ChargeParameterDiscoveryReq(header=header, ac_cpd_req_energy_transfer_mode=mode)


def der_loop(
    header: MessageHeader, service: int, *, dynamic: bool, power_w: float = 0.0, meter: bool = False, lines: int = 3
) -> ac.AC_ChargeLoopReq:
    """A round of the loop of an inverter at the grid."""
    kind = getattr(DER_MODES[service], f"DER_{'Dynamic' if dynamic else 'Scheduled'}_AC_CLReqControlMode")
    fields = _ac_limits(lines, bpt=True, sign=-1) | _lines("ev_present_active_power", power_w, lines)
    fields |= energy() | _lines("ev_present_reactive_power", 0.0, lines)
    mode = least(kind, **_known(kind, fields))
    return ac.AC_ChargeLoopReq(header=header, meter_info_requested=meter, cl_req_control_mode=mode)


def _known(kind: Any, fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in kind.__struct_fields__}


def energy(target: float = 5_000.0, maximum: float = 20_000.0, minimum: float = -2_000.0) -> dict[str, Any]:
    """Energy requests, Wh; a negative minimum may be taken from the battery."""
    return {
        "ev_target_energy_request": amount(target),
        "ev_maximum_energy_request": amount(maximum),
        "ev_minimum_energy_request": amount(minimum),
    }


def needs(header: MessageHeader, *, dynamic: bool) -> se.ScheduleExchangeReq:
    """ScheduleExchangeReq."""
    fields: dict[str, Any] = {"header": header, "maximum_supporting_points": 1024}
    if dynamic:
        mode = se.Dynamic_SEReqControlMode(departure_time=36_000, **energy())
        return se.ScheduleExchangeReq(**fields, dynamic_se_req_control_mode=mode)
    scheduled = se.Scheduled_SEReqControlMode(departure_time=36_000, **energy())
    return se.ScheduleExchangeReq(**fields, scheduled_se_req_control_mode=scheduled)


def profile(schedule: se.ScheduleTuple, factor: float = 1.0) -> pd.EVPowerProfile:
    """A profile that follows a tuple step by step; ``factor`` makes one that does not.

    Where the discharging schedule is not zero it wins over the charging one.
    """
    charging = schedule.charging_schedule.power_schedule
    entries = charging.power_schedule_entries.power_schedule_entry
    discharging = schedule.discharging_schedule
    if discharging is not None:
        giving = discharging.power_schedule.power_schedule_entries.power_schedule_entry
        entries = tuple(give if give.power.value else take for give, take in zip(giving, entries, strict=True))
    if factor != 1.0:
        entries = tuple(
            se.PowerScheduleEntry(
                duration=entry.duration, power=amount(entry.power.value * 10.0**entry.power.exponent * factor)
            )
            for entry in entries
        )
    return pd.EVPowerProfile(
        time_anchor=charging.time_anchor,
        scheduled_ev_ppt_control_mode=pd.Scheduled_EVPPTControlMode(
            selected_schedule_tuple_id=schedule.schedule_tuple_id
        ),
        ev_power_profile_entries=pd.EVPowerProfileEntryList(ev_power_profile_entry=entries),
    )


def dc_loop(
    header: MessageHeader,
    *,
    bpt: bool,
    dynamic: bool,
    current_a: float = 0.0,
    meter: bool = False,
    sign: int = -1,
) -> dc.DC_ChargeLoopReq:
    """A round of the loop; ``current_a`` is the target of Scheduled control."""
    mode: Any
    if dynamic:
        fields = {**energy(), **_charge()}
        kind = dc.BPT_Dynamic_DC_CLReqControlMode if bpt else dc.Dynamic_DC_CLReqControlMode
        mode = kind(**fields, **(_discharge(sign) if bpt else {}))
    else:
        scheduled = dc.BPT_Scheduled_DC_CLReqControlMode if bpt else dc.Scheduled_DC_CLReqControlMode
        mode = scheduled(ev_target_current=amount(current_a), ev_target_voltage=amount(450.0))
    return dc.DC_ChargeLoopReq(
        header=header, meter_info_requested=meter, ev_present_voltage=amount(400.0), cl_req_control_mode=mode
    )


def ac_loop(
    header: MessageHeader,
    *,
    bpt: bool,
    dynamic: bool,
    power_w: float = 0.0,
    meter: bool = False,
    lines: int = 3,
    sign: int = -1,
) -> ac.AC_ChargeLoopReq:
    """A round of the loop; ``power_w`` is what the car takes on each line."""
    fields: dict[str, Any] = {
        **_lines("ev_present_active_power", power_w, lines),
        **(
            energy() | _ac_limits(lines, bpt=bpt, sign=sign) | _lines("ev_present_reactive_power", 0.0, lines)
            if dynamic
            else {}
        ),
    }
    kinds: dict[tuple[bool, bool], Any] = {
        (True, True): ac.BPT_Dynamic_AC_CLReqControlMode,
        (True, False): ac.Dynamic_AC_CLReqControlMode,
        (False, True): ac.BPT_Scheduled_AC_CLReqControlMode,
        (False, False): ac.Scheduled_AC_CLReqControlMode,
    }
    return ac.AC_ChargeLoopReq(
        header=header, meter_info_requested=meter, cl_req_control_mode=kinds[dynamic, bpt](**fields)
    )
