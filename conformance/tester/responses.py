"""Regular answers of the tester's station, one for each request; whatever a case wants otherwise it replaces."""

from __future__ import annotations

from typing import Any

from conformance.tester.least import least
from conformance.tester.link import amount, value_of
from conformance.tester.requests import DER_MODES
from iso15118.messages.iso20 import ac, dc
from iso15118.messages.iso20.common import schedule_exchange as se
from iso15118.messages.iso20.common import service
from iso15118.messages.iso20.types import MeterInfo, Processing

__all__ = [
    "ac_loop",
    "ac_parameters",
    "dc_loop",
    "dc_parameters",
    "der_parameters",
    "meter",
    "parameter_sets",
    "schedule",
    "schedule_tuple",
]

CHARGE_W, CHARGE_A = 10_500.0, 29.0
"""The most the tester's station gives."""
DISCHARGE_W, DISCHARGE_A = 8_000.0, 22.0
"""The most it takes."""
LINE_W = 3_500.0


def parameter_sets(service_id: int, extra: tuple[service.Parameter, ...] = ()) -> tuple[service.ParameterSet, ...]:
    """Set 1 is Scheduled, set 2 Dynamic; ``extra`` is added to both."""
    sets = []
    for mode in (1, 2):
        is_ac = service_id in (1, 5, 10, 11)
        values = {"Connector": 2, "ControlMode": mode, "MobilityNeedsMode": 1, "Pricing": 0}
        if service_id in (8, 9):
            values["Connector"] = 1
        if is_ac:
            values["EVSENominalVoltage"] = 230
        if service_id in (5, 6, 9):
            values |= {"BPTChannel": 1, "GeneratorMode": 1}
        if service_id == 10:
            values["DERControlFunctions"] = 0
        if service_id == 5:
            values["GridCodeIslandingDetectionMethod"] = 2
        parameters = tuple(service.Parameter(name=name, int_value=value) for name, value in values.items())
        sets.append(service.ParameterSet(parameter_set_id=mode, parameter=parameters + extra))
    return tuple(sets)


def dc_parameters(*, bpt: bool, sign: int = -1) -> Any:
    """The energy transfer mode of DC_ChargeParameterDiscoveryRes."""
    fields = {
        "evse_maximum_charge_power": amount(CHARGE_W),
        "evse_minimum_charge_power": amount(0.0),
        "evse_maximum_charge_current": amount(CHARGE_A),
        "evse_minimum_charge_current": amount(0.0),
        "evse_maximum_voltage": amount(500.0),
        "evse_minimum_voltage": amount(150.0),
    }
    if not bpt:
        return dc.DC_CPDResEnergyTransferMode(**fields)
    return dc.BPT_DC_CPDResEnergyTransferMode(
        **fields,
        evse_maximum_discharge_power=amount(sign * DISCHARGE_W),
        evse_minimum_discharge_power=amount(0.0),
        evse_maximum_discharge_current=amount(sign * DISCHARGE_A),
        evse_minimum_discharge_current=amount(0.0),
    )


def ac_parameters(*, bpt: bool, lines: int = 3, sign: int = -1) -> Any:
    """The energy transfer mode of AC_ChargeParameterDiscoveryRes."""
    suffixes = ("", "_l2", "_l3")[:lines]
    fields: dict[str, Any] = {"evse_nominal_frequency": amount(50.0)}
    for suffix in suffixes:
        fields[f"evse_maximum_charge_power{suffix}"] = amount(LINE_W)
        fields[f"evse_minimum_charge_power{suffix}"] = amount(0.0)
        if bpt:
            fields[f"evse_maximum_discharge_power{suffix}"] = amount(sign * LINE_W)
            fields[f"evse_minimum_discharge_power{suffix}"] = amount(0.0)
    return ac.BPT_AC_CPDResEnergyTransferMode(**fields) if bpt else ac.AC_CPDResEnergyTransferMode(**fields)


def der_parameters(service: int, *, lines: int = 3) -> Any:
    """What is wanted of an inverter: as little as the message allows, and our limits."""
    kind = DER_MODES[service].DER_AC_CPDResEnergyTransferMode
    fields: dict[str, Any] = {"evse_nominal_frequency": amount(50.0)}
    for suffix in ("", "_l2", "_l3")[:lines]:
        for name in ("maximum_charge", "nominal_charge"):
            fields[f"evse_{name}_power{suffix}"] = amount(LINE_W)
        for name in ("maximum_discharge", "nominal_discharge"):
            fields[f"evse_{name}_power{suffix}"] = amount(-LINE_W)
    return least(kind, **{name: value for name, value in fields.items() if name in kind.__struct_fields__})


def _power(anchor: int, entries: tuple[tuple[int, float], ...]) -> se.PowerSchedule:
    return se.PowerSchedule(
        time_anchor=anchor,
        power_schedule_entries=se.PowerScheduleEntryList(
            power_schedule_entry=tuple(
                se.PowerScheduleEntry(duration=duration, power=amount(power)) for duration, power in entries
            )
        ),
    )


def schedule_tuple(
    anchor: int,
    charging: tuple[tuple[int, float], ...] = ((36_000, 6_000.0),),
    discharging: tuple[tuple[int, float], ...] = (),
    id_: int = 1,
) -> se.ScheduleTuple:
    """One tuple: durations in s and powers in W; no price."""
    giving = se.ChargingSchedule(power_schedule=_power(anchor, discharging)) if discharging else None
    return se.ScheduleTuple(
        schedule_tuple_id=id_,
        charging_schedule=se.ChargingSchedule(power_schedule=_power(anchor, charging)),
        discharging_schedule=giving,
    )


def schedule(base: dict[str, Any], tuples: tuple[se.ScheduleTuple, ...]) -> se.ScheduleExchangeRes:
    """ScheduleExchangeRes, Finished; without tuples that of Dynamic control."""
    base |= {"evse_processing": Processing.Finished}
    if tuples:
        mode = se.Scheduled_SEResControlMode(schedule_tuple=tuples)
        return se.ScheduleExchangeRes(**base, scheduled_se_res_control_mode=mode)
    return se.ScheduleExchangeRes(**base, dynamic_se_res_control_mode=se.Dynamic_SEResControlMode())


def meter(at: int, charged_wh: int = 0, discharged_wh: int | None = 0) -> MeterInfo:
    """Registers of the tester's meter."""
    return MeterInfo(
        meter_id="TESTER1",
        charged_energy_reading_wh=charged_wh,
        bpt_discharged_energy_reading_wh=discharged_wh,
        meter_timestamp=at,
    )


def dc_loop(base: dict[str, Any], request: dc.DC_ChargeLoopReq, current_a: float, sign: int = -1) -> Any:
    """A round of the loop, in kind."""
    asked = request.cl_req_control_mode
    charge: dict[str, Any] = {
        "evse_maximum_charge_power": amount(CHARGE_W),
        "evse_minimum_charge_power": amount(0.0),
        "evse_maximum_charge_current": amount(CHARGE_A),
        "evse_maximum_voltage": amount(500.0),
    }
    discharge: dict[str, Any] = {
        "evse_maximum_discharge_power": amount(sign * DISCHARGE_W),
        "evse_minimum_discharge_power": amount(0.0),
        "evse_maximum_discharge_current": amount(sign * DISCHARGE_A),
        "evse_minimum_voltage": amount(150.0),
    }
    mode: Any
    if isinstance(asked, dc.BPT_Dynamic_DC_CLReqControlMode):
        mode = dc.BPT_Dynamic_DC_CLResControlMode(**charge, **discharge)
    elif isinstance(asked, dc.Dynamic_DC_CLReqControlMode):
        mode = dc.Dynamic_DC_CLResControlMode(**charge)
    elif isinstance(asked, dc.BPT_Scheduled_DC_CLReqControlMode):
        mode = dc.BPT_Scheduled_DC_CLResControlMode(**charge, **discharge)
    else:
        mode = dc.Scheduled_DC_CLResControlMode(**charge)
    return dc.DC_ChargeLoopRes(
        **base,
        evse_present_current=amount(current_a),
        evse_present_voltage=amount(400.0),
        evse_power_limit_achieved=False,
        evse_current_limit_achieved=False,
        evse_voltage_limit_achieved=False,
        cl_res_control_mode=mode,
    )


def ac_loop(base: dict[str, Any], request: ac.AC_ChargeLoopReq, target_w: float) -> Any:
    """A round of the loop, in kind; ``target_w`` is that of each line that the car uses."""
    asked = request.cl_req_control_mode
    suffixes = [s for s in ("", "_l2", "_l3") if getattr(asked, f"ev_present_active_power{s}", None) is not None]
    fields: dict[str, Any] = {}
    for suffix in suffixes:
        fields[f"evse_target_active_power{suffix}"] = amount(target_w)
        fields[f"evse_present_active_power{suffix}"] = amount(
            value_of(getattr(asked, f"ev_present_active_power{suffix}"))
        )
    kinds: tuple[tuple[Any, Any], ...] = (
        (ac.BPT_Dynamic_AC_CLReqControlMode, ac.BPT_Dynamic_AC_CLResControlMode),
        (ac.Dynamic_AC_CLReqControlMode, ac.Dynamic_AC_CLResControlMode),
        (ac.BPT_Scheduled_AC_CLReqControlMode, ac.BPT_Scheduled_AC_CLResControlMode),
        (ac.Scheduled_AC_CLReqControlMode, ac.Scheduled_AC_CLResControlMode),
    )
    if type(asked).__name__.startswith("DER_"):
        module = next(each for each in DER_MODES.values() if isinstance(asked, each.__dict__[type(asked).__name__]))
        der = getattr(module, type(asked).__name__.replace("Req", "Res"))
        fields |= {
            f"evse_maximum_{way}_power{suffix}": amount(sign * LINE_W)
            for way, sign in (("charge", 1), ("discharge", -1))
            for suffix in suffixes
        }
        mode = least(der, **{name: value for name, value in fields.items() if name in der.__struct_fields__})
        return ac.AC_ChargeLoopRes(**base, cl_res_control_mode=mode)
    kind = next(answer for question, answer in kinds if isinstance(asked, question))
    return ac.AC_ChargeLoopRes(**base, cl_res_control_mode=kind(**fields))
