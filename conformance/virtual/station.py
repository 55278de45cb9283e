"""Our station as a SUT: an ideal stage, contactor and meter, and the tester's car as its load."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

import msgspec

from conformance.sut import STATION_SETUP, CannotSet, Seen
from conformance.virtual.sut import LINKS, UNIX_S, VirtualSut, toward
from iso15118.io.endpoint import Endpoint
from iso15118.session import actions as act
from iso15118.session import secc
from iso15118.session.app import AC_20, DC_20, AppProtocolOffer, Family
from iso15118.session.pause import MemoryStore
from iso15118.session.ports import (
    Authorization,
    ChargingNeeds,
    IsolationState,
    MeterReading,
    MobilityNeeds,
    OfferedSchedule,
    SignatureCheck,
    SimpleCharger,
    ValueAddedService,
)
from iso15118.session.ports.ac import AcReading
from iso15118.session.services import AcConnector, BptChannel, GeneratorMode, MobilityNeedsMode

__all__ = ["VirtualStation"]

_PROTOCOLS = {
    "AC": AC_20,
    "DC": DC_20,
    **{
        f"AC_DER_{kind}": AppProtocolOffer(f"urn:iso:std:iso:15118:-20:AC-DER-{kind}", 1, 0, Family.ISO_20)
        for kind in ("IEC", "SAE")
    },
}
_OFF = act.SetStage(mode=act.StageMode.OFF)
NOMINAL_V = 230.0
_BINDING = b"the tester's certificate"
"""What our connection proves about the tester's car."""
IMPORT_WH, EXPORT_WH = 4_321.0, 765.0
"""What the meter reads at first: a session must not count that."""


def _choices(setup: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of services beyond the plain ones; no room for single-phase sets beside them."""
    choices: dict[str, Any] = {}
    if setup.get("separated_channel"):
        choices["bpt_channels"] = tuple(BptChannel)
    if setup.get("grid_forming"):
        choices["generator_modes"] = tuple(GeneratorMode)
    if setup.get("mobility_needs_secc"):
        choices["mobility_needs_modes"] = tuple(MobilityNeedsMode)
    return {**choices, "ac_connectors": (AcConnector.THREE_PHASE,)} if choices else {}


class _Charger(SimpleCharger):
    """A charger that may have no schedule at all."""

    none = False

    def schedules(self, needs: ChargingNeeds, now: float) -> tuple[OfferedSchedule, ...]:
        """What was set; the default when nothing was."""
        return () if self.none else super().schedules(needs, now)


class VirtualStation(VirtualSut):
    """A station, its outlet, and whatever the tester plugs into it.

    Setup: ``STATION_SETUP`` of ``conformance.sut``.
    """

    def __init__(self, setup: Mapping[str, Any]) -> None:
        super().__init__()
        if not setup.keys() <= STATION_SETUP.keys():
            raise CannotSet(", ".join(setup.keys() - STATION_SETUP.keys()))
        self._config = secc.SeccConfig(
            link=LINKS[setup.get("link", "tls13")],
            served=tuple(_PROTOCOLS[name] for name in setup.get("protocols", tuple(_PROTOCOLS))),
            power_delivery_after_ongoing_pre_charge=setup.get("ongoing_pre_charge", False),
            pause_allowed=setup.get("pause", True),
            service_renegotiation=setup.get("service_renegotiation", False),
            schedule_renegotiation=setup.get("schedule_renegotiation", True),
            power_tolerance_required=setup.get("tolerance_required", False),
            **_choices(setup),
        )
        self._random = random.Random(20)
        self.charger = _Charger(energy_services=(10, 11, 6, 2, 5, 1, 9, 8))
        self.charger.pilot_state = "B"
        self._stage = _OFF
        self._isolation = IsolationState.VALID
        self._contactor = "free"
        self._ramp_a_per_s = math.inf
        self._car_contactor = False
        self._battery_v = 400.0
        self._car_power_w: tuple[float, ...] = (0.0, 0.0, 0.0)
        self._current_a = 0.0
        self._counted_wh = [0.0, 0.0]
        self._ac = False
        self._store = MemoryStore()
        self._binding: bytes | None = _BINDING
        self._tolerance_w: float | None = None
        self._set_meter(True)

    # --- conditions ---

    def _set_pilot(self, value: str) -> None:
        self.charger.pilot_state = value

    def _set_car_contactor(self, value: bool) -> None:
        self._car_contactor = value

    def _set_battery_voltage_v(self, value: float) -> None:
        self._battery_v = value

    def _set_car_power_w(self, value: tuple[float, ...]) -> None:
        self._car_power_w = (*value, 0.0, 0.0)[:3]

    def _set_authorization(self, value: str) -> None:
        self.charger.authorized = Authorization(value)

    def _set_services(self, value: tuple[int, ...]) -> None:
        self.charger.offered_services = value

    def _set_schedule_ready(self, value: bool) -> None:
        self.charger.schedule_ready = value

    def _set_schedules(self, value: tuple[tuple[int, tuple[tuple[float, float], ...]], ...] | None) -> None:
        self.charger.schedule_number += 1
        self.charger.none = value is None
        self.charger.schedule = tuple(
            OfferedSchedule(
                schedule_tuple_id=id_, start_s=self.now, entries=entries, power_tolerance_w=self._tolerance_w
            )
            for id_, entries in value or ()
        )

    def _set_power_tolerance_w(self, value: float | None) -> None:
        self._tolerance_w = value

    def _set_binding(self, value: bytes | None) -> None:
        self._binding = value

    def _set_pause(self, value: bool) -> None:
        self.charger.pause = value

    def _set_standby(self, value: bool) -> None:
        self.charger.standby = value

    def _set_exit_standby(self, value: bool) -> None:
        self.charger.exit_standby = value

    def _set_mobility(self, value: dict[str, Any]) -> None:
        self.charger.mobility = MobilityNeeds(**value)

    def _set_value_added(self, value: tuple[tuple[int, dict[int, dict[str, Any]]], ...]) -> None:
        self.charger.value_added = tuple(
            ValueAddedService(service_id=service_id, parameter_sets=sets) for service_id, sets in value
        )

    def _set_confirmation(self, value: bool) -> None:
        self.charger.confirmation = value

    def _set_signature(self, value: str) -> None:
        self.charger.signature_check = SignatureCheck(value)

    def _set_target_w(self, value: float | None) -> None:
        self.charger.setpoint_w = value

    def _set_limits(self, value: dict[str, float]) -> None:
        known = self.charger.charger_limits.__struct_fields__
        self.charger.charger_limits = msgspec.structs.replace(
            self.charger.charger_limits, **{name: limit for name, limit in value.items() if name in known}
        )

    def _set_ac_limits(self, value: dict[str, Any]) -> None:
        self.charger.ac_charger_limits = msgspec.structs.replace(self.charger.ac_charger_limits, **value)

    def _set_isolation(self, value: str) -> None:
        self._isolation = IsolationState(value)

    def _set_contactor(self, value: str) -> None:
        self._contactor = value
        self._close(self.charger.stage.contactor_closed)

    def _set_meter(self, value: bool) -> None:
        self.charger.meter_reading = self._meter() if value else None

    def _set_stop(self, value: bool) -> None:
        self.charger.stop = value

    def _set_emergency_stop(self, value: bool) -> None:
        self.charger.stage = msgspec.structs.replace(self.charger.stage, emergency_stop=value)

    def _set_ramp_a_per_s(self, value: float) -> None:
        self._ramp_a_per_s = value

    # --- the world ---

    def _open(self) -> tuple[Endpoint, list[act.Action]]:
        session = secc.SeccSession(
            self.charger,
            secc.HANDLERS,
            side_handlers=secc.SIDE_HANDLERS,
            config=self._config,
            random_bytes=self._random.randbytes,
            unix_offset_s=UNIX_S,
            store=self._store,
            vehicle_binding=self._binding,
            now=self.now,
        )
        return Endpoint(session, at="SECC"), []

    def _carry_out(self, action: act.Action) -> None:
        match action:
            case act.SetStage():
                self._stage = action
            case act.SetContactor(closed=closed):
                self._close(closed)
            case act.KeepPaused(record=record):
                self._store.keep(record)
            case act.DropPaused(session_id=session_id):
                self._store.drop(session_id)
            case _:
                pass

    def _close(self, closed: bool) -> None:
        closed = {"free": closed, "stuck_open": False, "stuck_closed": True}[self._contactor]
        self.charger.stage = msgspec.structs.replace(self.charger.stage, contactor_closed=closed)

    @property
    def _joined(self) -> bool:
        plugged = self.charger.pilot_state != "A"
        return self.charger.stage.contactor_closed and plugged and (self._is_ac or self._car_contactor)

    @property
    def _is_ac(self) -> bool:
        return self._endpoint is not None and self._endpoint.session.is_ac

    def _settle(self) -> None:
        if not self._joined or self._is_ac:
            self._current_a = 0.0
        elif math.isinf(self._ramp_a_per_s):
            self._current_a = self._driven()
        live = self._stage.mode in (act.StageMode.PRECHARGE, act.StageMode.ISOLATION_TEST)
        voltage = self._stage.voltage_v if live and self.charger.stage.contactor_closed else 0.0
        if self._stage.mode is act.StageMode.ISOLATION_TEST:
            self.charger.stage = msgspec.structs.replace(self.charger.stage, isolation=self._isolation)
        on_ac = self._car_power_w if self._is_ac and self._joined else (0.0, 0.0, 0.0)
        self.charger.ac_measured = AcReading(power_w=on_ac)
        self.charger.stage = msgspec.structs.replace(
            self.charger.stage,
            voltage_v=self._battery_v if self._joined and not self._is_ac else voltage,
            current_a=self._current_a,
        )
        if self.charger.meter_reading is not None:
            self.charger.meter_reading = self._meter()

    def _driven(self) -> float:
        stage = self._stage
        match stage.mode:
            case act.StageMode.CURRENT:
                wanted = stage.current_a
            case act.StageMode.AC_POWER:
                wanted = min(max(stage.ac_power_w, stage.min_power_w), stage.max_power_w) / self._battery_v
            case _:
                return 0.0
        return min(max(wanted, stage.min_current_a), stage.max_current_a)

    def _power_w(self) -> float:
        return sum(self.charger.ac_measured.power_w) if self._is_ac else self._current_a * self._battery_v

    def _pass_time(self, seconds: float) -> None:
        energy_wh = self._power_w() * seconds / 3600.0
        self._counted_wh[energy_wh < 0] += abs(energy_wh)
        if self._joined and not self._is_ac:
            self._current_a = toward(self._current_a, self._driven(), self._ramp_a_per_s * seconds)

    def _meter(self) -> MeterReading:
        taken, given = self._counted_wh
        return MeterReading(meter_id="M1", import_wh=int(IMPORT_WH + taken), export_wh=int(EXPORT_WH + given))

    def _quantities(self) -> dict[str, Seen]:
        power = self._power_w()
        return {
            "contactor": float(self.charger.stage.contactor_closed),
            "current_a": power / NOMINAL_V if self._is_ac else self._current_a,
            "power_w": power,
            "voltage_v": self.charger.stage.voltage_v,
            "charged_wh": self._counted_wh[0],
            "discharged_wh": self._counted_wh[1],
        }
