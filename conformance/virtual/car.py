"""Our car as a SUT: a battery, contactors, a pilot, and the tester's outlet in front of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from conformance.sut import CAR_SETUP, CannotSet, Seen, SutCrashed
from conformance.tester.signature import shaped_signature
from conformance.virtual.sut import LINKS, UNIX_S, VirtualSut
from iso15118.errors import LocalError
from iso15118.io.endpoint import Endpoint
from iso15118.messages.model import Record
from iso15118.messages.xmldsig import Signature
from iso15118.session import actions as act
from iso15118.session import evcc
from iso15118.session.app import AC_20, DC_20, AppProtocolOffer, Family
from iso15118.session.pause import PausedSession
from iso15118.session.ports import EnergyNeeds, SimpleVehicle, Wish
from iso15118.session.ports.ac import AcReading
from iso15118.session.services import AC_SERVICES, ControlMode, ServiceId

__all__ = ["VirtualCar"]


def _protocol(services: tuple[ServiceId, ...]) -> AppProtocolOffer:
    """What is to be offered for the services."""
    for kind in ("IEC", "SAE"):
        if ServiceId[f"AC_DER_{kind}"] in services:
            return AppProtocolOffer(f"urn:iso:std:iso:15118:-20:AC-DER-{kind}", 1, 0, Family.ISO_20)
    return AC_20 if set(services) <= AC_SERVICES else DC_20


class SigningVehicle(SimpleVehicle):
    """A car whose signatures say nothing: there is no key behind them."""

    signs = False

    def sign(self, element: Record, now: float) -> Signature | None:
        """A signature over the element, of the right shape."""
        return shaped_signature(getattr(element, "id", "")) if self.signs else None


class VirtualCar(VirtualSut):
    """A car at the tester's outlet.

    Setup: ``CAR_SETUP`` of ``conformance.sut``.
    """

    def __init__(self, setup: Mapping[str, Any]) -> None:
        super().__init__()
        if not setup.keys() <= CAR_SETUP.keys():
            raise CannotSet(", ".join(setup.keys() - CAR_SETUP.keys()))
        services = tuple(ServiceId(each) for each in setup.get("services", (6,)))
        modes = tuple(ControlMode) if setup.get("dynamic") is None else (ControlMode(1 + setup["dynamic"]),)
        self._config = evcc.EvccConfig(
            link=LINKS[setup.get("link", "tls13")],
            protocols=(_protocol(services),),
            services=services,
            control_modes=modes,
        )
        self.vehicle = SigningVehicle(
            needs=EnergyNeeds(departure_s=36_000.0, target_energy_wh=5_000.0, maximum_energy_wh=20_000.0)
        )
        self._paused: PausedSession | None = None
        self._pilot = "B"
        self._inverter = act.SetAcPower()
        self._outlet_v = 0.0
        self._outlet_a = 0.0
        self._outlet_contactor = False

    def connect(self) -> None:
        """The car calls; not at all when it has nothing to offer on such a connection."""
        try:
            super().connect()
        except SutCrashed as crash:
            if not isinstance(crash.__cause__, LocalError):
                raise
            self.closed = self.ended = True

    # --- conditions ---

    def _set_outlet_voltage_v(self, value: float) -> None:
        self._outlet_v = value

    def _set_outlet_current_a(self, value: float) -> None:
        self._outlet_a = value

    def _set_outlet_contactor(self, value: bool) -> None:
        self._outlet_contactor = value

    def _set_wish(self, value: str) -> None:
        self.vehicle.driver_wish = Wish(value)

    def _set_signer(self, value: bool) -> None:
        self.vehicle.signs = value

    def _set_needs(self, value: dict[str, Any]) -> None:
        self.vehicle.energy_needs = msgspec.structs.replace(self.vehicle.energy_needs, **value)

    def _set_limits(self, value: dict[str, float]) -> None:
        self.vehicle.vehicle_limits = msgspec.structs.replace(self.vehicle.vehicle_limits, **value)

    def _set_battery(self, value: dict[str, Any]) -> None:
        self.vehicle.battery_reading = msgspec.structs.replace(self.vehicle.battery_reading, **value)

    # --- the world ---

    def _open(self) -> tuple[Endpoint, list[act.Action]]:
        session = evcc.EvccSession(
            self.vehicle,
            evcc.PHASES,
            side_phases=evcc.SIDE_PHASES,
            config=self._config,
            unix_offset_s=UNIX_S,
            resume=self._paused,
            vehicle_binding=b"our certificate",
        )
        return Endpoint(session, at="EV"), session.start(self.now)

    def _carry_out(self, action: act.Action) -> None:
        match action:
            case act.SetPilot(state=state):
                self._pilot = state
            case act.SetContactor(closed=closed):
                self.vehicle.battery_reading = msgspec.structs.replace(
                    self.vehicle.battery_reading, contactor_closed=closed
                )
            case act.KeepPaused(record=record):
                self._paused = record
            case act.DropPaused():
                self._paused = None
            case act.SetAcPower():
                self._inverter = action
            case _:
                pass

    @property
    def _is_ac(self) -> bool:
        return self._endpoint is not None and self._endpoint.session.is_ac

    def _settle(self) -> None:
        battery = self.vehicle.battery_reading
        joined = battery.contactor_closed and self._outlet_contactor
        current = self._outlet_a if joined and not self._is_ac else 0.0
        inlet = battery.voltage_v if battery.contactor_closed else self._outlet_v
        self.vehicle.battery_reading = msgspec.structs.replace(battery, current_a=current, inlet_voltage_v=inlet)
        power = self._inverter.power_w if joined and self._is_ac else (0.0, 0.0, 0.0)
        self.vehicle.ac_measured = AcReading(power_w=power)

    def _power_w(self) -> float:
        battery = self.vehicle.battery_reading
        return sum(self.vehicle.ac_measured.power_w) if self._is_ac else battery.current_a * battery.voltage_v

    def _pass_time(self, seconds: float) -> None:
        """The battery is large enough for a case."""

    def _quantities(self) -> dict[str, Seen]:
        battery = self.vehicle.battery_reading
        power = self._power_w()
        return {
            "pilot": self._pilot,
            "contactor": float(battery.contactor_closed),
            "power_w": power,
            "current_a": power / 230.0 if self._is_ac else battery.current_a,
        }
