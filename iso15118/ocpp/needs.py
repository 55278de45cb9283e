"""What a car needs, in OCPP's words: NotifyEVChargingNeeds with v2xChargingParameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from iso15118.errors import OcppError
from iso15118.ocpp.times import from_rfc3339, to_rfc3339

__all__ = ["DEPARTURE_TOLERANCE_S", "ChargingNeeds", "bidirectional", "needs_payload", "read_needs"]

DEPARTURE_TOLERANCE_S = 10.0
"""ISO 15118-20 counts the departure from each message, so the same wish slips a little; so much is no new wish."""


def bidirectional(mode: str) -> bool:
    """Whether an EnergyTransferModeEnumType lets energy flow out of the car: DC_BPT, AC_BPT, AC_BPT_DER and the like."""
    return "_BPT" in mode


class ChargingNeeds(msgspec.Struct, frozen=True, kw_only=True):
    """Needs and limits of car and outlet together: the least of the most, the most of the least.

    Powers, currents and voltages are magnitudes, discharge too; only energy requests may be negative.
    """

    requested_energy_transfer: str
    """EnergyTransferModeEnumType, for instance "DC_BPT"."""
    control_mode: str
    """"ScheduledControl" or "DynamicControl"."""
    mobility_needs_mode: str
    """"EVCC" or "EVCC_SECC"."""
    departure_unix_s: float | None = None
    max_schedule_tuples: int | None = None
    """How many periods of a schedule the car takes (MaximumSupportingPoints)."""
    min_charge_power_w: float = 0.0
    max_charge_power_w: float = 0.0
    min_discharge_power_w: float = 0.0
    max_discharge_power_w: float = 0.0
    min_charge_current_a: float = 0.0
    max_charge_current_a: float = 0.0
    min_discharge_current_a: float = 0.0
    max_discharge_current_a: float = 0.0
    min_voltage_v: float = 0.0
    max_voltage_v: float = 0.0
    target_energy_wh: float | None = None
    """What the car wants by departure; negative: it would give."""
    minimum_energy_wh: float | None = None
    maximum_energy_wh: float | None = None
    minimum_v2x_energy_wh: float | None = None
    maximum_v2x_energy_wh: float | None = None
    target_soc_percent: int | None = None

    @property
    def bidirectional(self) -> bool:
        return bidirectional(self.requested_energy_transfer)

    def same_as(self, other: ChargingNeeds | None) -> bool:
        """Whether a back end that knows ``other`` learns nothing new."""
        if other is None:
            return False
        mine, its = self.departure_unix_s, other.departure_unix_s
        if (mine is None) != (its is None) or abs((mine or 0.0) - (its or 0.0)) > DEPARTURE_TOLERANCE_S:
            return False
        return msgspec.structs.replace(self, departure_unix_s=its) == other


_BOTH_WAYS = (
    ("minChargePower", "min_charge_power_w"),
    ("maxChargePower", "max_charge_power_w"),
    ("minChargeCurrent", "min_charge_current_a"),
    ("maxChargeCurrent", "max_charge_current_a"),
    ("minVoltage", "min_voltage_v"),
    ("maxVoltage", "max_voltage_v"),
    ("evTargetEnergyRequest", "target_energy_wh"),
    ("evMinEnergyRequest", "minimum_energy_wh"),
    ("evMaxEnergyRequest", "maximum_energy_wh"),
    ("targetSoC", "target_soc_percent"),
)
_BIDIRECTIONAL = (
    ("minDischargePower", "min_discharge_power_w"),
    ("maxDischargePower", "max_discharge_power_w"),
    ("minDischargeCurrent", "min_discharge_current_a"),
    ("maxDischargeCurrent", "max_discharge_current_a"),
    ("evMinV2XEnergyRequest", "minimum_v2x_energy_wh"),
    ("evMaxV2XEnergyRequest", "maximum_v2x_energy_wh"),
)
MAX_FIGURE = 1e9
"""Greatest figure a car may state, in W, A, V or Wh, either sign (project limit)."""
_DECIMALS = 6  # OCPP 2.1: no more than six


def needs_payload(evse_id: int, needs: ChargingNeeds, told_unix_s: float, *, offline: bool) -> dict[str, Any]:
    """NotifyEVChargingNeedsRequest; every -20 session uses v2xChargingParameters (K18.FR.06, K19.FR.06).

    Args:
        told_unix_s: When the car said it.
        offline: There was no back end then, so the request says when it was (K18.FR.21, K19.FR.14).
    """
    fields = _BOTH_WAYS + (_BIDIRECTIONAL if needs.bidirectional else ())
    values = ((name, getattr(needs, field)) for name, field in fields)
    charging_needs: dict[str, Any] = {
        "requestedEnergyTransfer": needs.requested_energy_transfer,
        "controlMode": needs.control_mode,
        "mobilityNeedsMode": needs.mobility_needs_mode,
        "v2xChargingParameters": {name: round(value, _DECIMALS) for name, value in values if value is not None},
    }
    if needs.departure_unix_s is not None:
        charging_needs["departureTime"] = to_rfc3339(needs.departure_unix_s)
    payload: dict[str, Any] = {"evseId": evse_id, "chargingNeeds": charging_needs}
    if needs.max_schedule_tuples is not None:
        payload["maxScheduleTuples"] = needs.max_schedule_tuples
    if offline:
        payload["timestamp"] = to_rfc3339(told_unix_s)
    return payload


def read_needs(request: Mapping[str, Any]) -> ChargingNeeds:
    """What a NotifyEVChargingNeedsRequest says, for the back end's side; what it leaves out has the defaults.

    Raises:
        OcppError: the departure is no time, or a figure is beyond ``MAX_FIGURE``.
    """
    needs = request["chargingNeeds"]
    departure = needs.get("departureTime")
    told = needs.get("v2xChargingParameters", {})
    if any(not -MAX_FIGURE <= value <= MAX_FIGURE for value in told.values() if isinstance(value, int | float)):
        raise OcppError("PropertyConstraintViolation", "v2xChargingParameters: a figure is beyond any car")
    return ChargingNeeds(
        requested_energy_transfer=needs["requestedEnergyTransfer"],
        control_mode=needs.get("controlMode", "ScheduledControl"),
        mobility_needs_mode=needs.get("mobilityNeedsMode", "EVCC"),
        departure_unix_s=None if departure is None else from_rfc3339(departure),
        max_schedule_tuples=request.get("maxScheduleTuples"),
        **{field: told[name] for name, field in _BOTH_WAYS + _BIDIRECTIONAL if name in told},
    )
