"""What a simulation plays: one car, one outlet, one back end, and what goes wrong."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from iso15118.errors import LocalError
from iso15118.session.evcc import EvccConfig
from iso15118.session.secc import SeccConfig
from iso15118.session.services import ControlMode, ServiceId
from sim.ac_car import OnBoardConfig
from sim.ac_outlet import AcOutletConfig
from sim.battery import BatteryConfig
from sim.outlet import OutletConfig

__all__ = ["ID_TOKEN", "FidelityMode", "Scenario", "evening"]


ID_TOKEN = "EVBPT-0001"  # noqa: S105  (a card number in a simulation, no secret)
"""The card that authorizes where nobody names another."""


class FidelityMode(enum.Enum):
    """How true to life time is; printed in every report."""

    PACED = "paced"
    """Virtual time, every kind of message in real bytes, a slower charge loop. Never conformance evidence."""
    TRUE = "true"
    """Virtual time, every byte, the standard's cadence."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One stay of one car. Times in s from the arrival; the session's clock starts there."""

    name: str = "session"
    seed: int = 1
    mode: FidelityMode = FidelityMode.PACED
    arrival_unix_s: int = 1_795_539_600
    """2026-11-24 17:00 UTC; local time is taken as UTC."""
    departure_s: float = 46_800.0
    """When the driver leaves."""
    stop_before_departure_s: float | None = None
    """How long before that the car ends the session; None: as long as it may take (``stop_lead_s``)."""
    capacity_wh: float = 60_000.0
    soc_arrival: float = 0.60
    target_soc: float = 0.85
    minimum_soc: float = 0.20
    """Below it the car asks for energy and gives none."""
    v2x_soc: tuple[float, float] | None = None
    """Between which the battery serves the grid; None: from ``minimum_soc`` to the battery's own limit."""
    battery: BatteryConfig | None = None
    """None: the default one with ``capacity_wh``."""
    on_board: OnBoardConfig = OnBoardConfig()
    """The charger in the car, for AC services."""
    dc_outlet: OutletConfig = OutletConfig()
    ac_outlet: AcOutletConfig = AcOutletConfig()
    secc: SeccConfig = SeccConfig()
    """What the station is set to; ``link`` and ``served`` follow from the scenario."""
    evcc: EvccConfig = EvccConfig()
    """What the car is set to; ``link``, ``protocols``, ``services`` and ``control_modes`` follow from the scenario."""
    control_mode: ControlMode = ControlMode.DYNAMIC
    control_fallbacks: tuple[ControlMode, ...] = ()
    """Control modes the car takes where there is none of ``control_mode``."""
    services: tuple[ServiceId, ...] = (ServiceId.DC_BPT, ServiceId.DC)
    """What the car can use, the preferred one first."""
    station_services: tuple[ServiceId, ...] = (ServiceId.DC_BPT, ServiceId.DC)
    loop_s: float = 10.0
    """Period of the charge loop in PACED mode, at most 10 s; TRUE runs it every 0.25 s."""
    sample_s: float = 60.0
    """How often the station sends meter values to the back end."""
    state_s: float = 60.0
    """How often the trace gets a state line."""
    link_latency_s: float = 0.002
    """One way, on the cable, on average."""
    ocpp_latency_s: float = 0.05
    """One way, to the back end, on average."""
    jitter: float = 0.2
    """Latencies vary evenly by that fraction, drawn from ``seed``; frames keep their order."""
    back_end_gone: tuple[tuple[float, float], ...] = ()
    """Spans in which the back end is not connected."""
    id_token: str = ID_TOKEN
    """What authorizes the car at the back end (an RFID card, say)."""
    allowed_energy_transfer: tuple[str, ...] | None = None
    """EnergyTransferModeEnumType that the back end allows; None: all that the station has."""
    timers: Mapping[str, float] = {}
    """Further timer overrides by name."""

    def __post_init__(self) -> None:
        """Refuse what can't be played."""
        checks = {
            "loop_s must be above 0 and at most 10": 0 < self.loop_s <= 10,
            "departure_s must be positive": self.departure_s > 0,
            "SOCs must be from 0 to 1": all(0 <= s <= 1 for s in (self.soc_arrival, self.target_soc, self.minimum_soc)),
            "capacity_wh must be positive": self.capacity_wh > 0,
            "latencies must not be negative": self.link_latency_s >= 0 and self.ocpp_latency_s >= 0,
            "jitter must be from 0 to 1": 0 <= self.jitter <= 1,
            "sample_s and state_s must be positive": self.sample_s > 0 and self.state_s > 0,
            "spans of back_end_gone must run forward": all(a < b for a, b in self.back_end_gone),
        }
        for complaint, fine in checks.items():
            if not fine:
                raise LocalError(f"scenario {self.name!r}: {complaint}")

    @property
    def period_s(self) -> float:
        """Period of the charge loop in force."""
        return self.loop_s if self.mode is FidelityMode.PACED else 0.25

    @property
    def stop_lead_s(self) -> float:
        """When to begin to end: three loops to come to zero, a spare one, and welding detection."""
        return 4 * self.period_s + 20.0 if self.stop_before_departure_s is None else self.stop_before_departure_s

    def timer_overrides(self) -> dict[str, float]:
        """Every timer that differs from the standard's table, by name: reports print them."""
        pause = max(self.period_s - 2 * self.link_latency_s, 0.001)
        overrides = {"EVCC_CHARGE_LOOP_INTERVAL": pause}
        if self.mode is FidelityMode.PACED:
            overrides["SECC_SEQUENCE_CHARGE_LOOP"] = self.period_s + 0.5
            overrides["EVCC_PERFORMANCE_CHARGE_LOOP"] = self.period_s
        return {**overrides, **self.timers}


def evening(*, mode: FidelityMode = FidelityMode.PACED, seed: int = 1, loop_s: float = 10.0) -> Scenario:
    """A car arrives at 17:00 at 60 % of 60 kWh and leaves at 06:00; in between it gives 15 kWh back."""
    return Scenario(name="evening", mode=mode, seed=seed, loop_s=loop_s)
