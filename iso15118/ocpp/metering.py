"""What the meter says, in OCPP's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from iso15118.errors import OcppError
from iso15118.ocpp.times import to_rfc3339

__all__ = ["MeterSample", "meter_value", "read_values", "register_values", "sampled_values"]


class MeterSample(msgspec.Struct, frozen=True, kw_only=True):
    """The present truth of one outlet. Registers and power are AC at the station's meter."""

    import_wh: int
    """Cumulative register, grid to car."""
    export_wh: int
    """Cumulative register, car to grid."""
    power_w: float = 0.0
    """Positive into the car."""
    voltage_v: float = 0.0
    """At the outlet."""
    current_a: float = 0.0
    """At the outlet, positive into the car."""
    soc_percent: int | None = None


def meter_value(unix_s: float, values: list[dict[str, Any]]) -> dict[str, Any]:
    """MeterValueType."""
    return {"timestamp": to_rfc3339(unix_s), "sampledValue": values}


def register_values(sample: MeterSample, context: str) -> list[dict[str, Any]]:
    """Both registers, never re-based; ``context`` is a ReadingContextEnumType."""
    return [
        _value("Energy.Active.Import.Register", sample.import_wh, "Wh", context),
        _value("Energy.Active.Export.Register", sample.export_wh, "Wh", context),
    ]


def sampled_values(sample: MeterSample, context: str, setpoint_w: float | None) -> list[dict[str, Any]]:
    """Registers, power and current by direction (magnitudes), set point (signed), voltage and SoC."""
    values = [
        *register_values(sample, context),
        _value("Power.Active.Import", max(sample.power_w, 0.0), "W", context),
        _value("Power.Active.Export", max(-sample.power_w, 0.0), "W", context),
        _value("Current.Import", max(sample.current_a, 0.0), "A", context),
        _value("Current.Export", max(-sample.current_a, 0.0), "A", context),
        _value("Voltage", sample.voltage_v, "V", context),
    ]
    if setpoint_w is not None:
        values.append(_value("Power.Active.Setpoint", setpoint_w, "W", context))
    if sample.soc_percent is not None:
        values.append(_value("SoC", sample.soc_percent, "Percent", context) | {"location": "EV"})
    return values


_UNITS: Mapping[str, float] = {"kWh": 1000.0, "kW": 1000.0}
MAX_VALUE = 1e15
"""Greatest sampled value, either sign (project limit)."""
MAX_MULTIPLIER = 9
"""Greatest power of ten of a unit that is followed (project limit)."""


def read_values(meter_values: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Measurand -> value in W, Wh, V, A or per cent, the latest of each, without phases; for the back end's side.

    Raises:
        OcppError: a value is beyond ``MAX_VALUE``.
    """
    values: dict[str, float] = {}
    for entry in meter_values:
        for sampled in entry["sampledValue"]:
            unit = sampled.get("unitOfMeasure", {})
            power = min(max(unit.get("multiplier", 0), -MAX_MULTIPLIER), MAX_MULTIPLIER)
            if "phase" not in sampled:
                if not -MAX_VALUE <= sampled["value"] <= MAX_VALUE:
                    raise OcppError("PropertyConstraintViolation", "a sampled value is beyond any meter")
                factor = 10.0**power * _UNITS.get(unit.get("unit", "Wh"), 1.0)
                values[sampled.get("measurand", "Energy.Active.Import.Register")] = sampled["value"] * factor
    return values


def _value(measurand: str, value: float, unit: str, context: str) -> dict[str, Any]:
    return {
        "value": round(value, 3),
        "measurand": measurand,
        "context": context,
        "location": "Outlet",
        "unitOfMeasure": {"unit": unit},
    }
