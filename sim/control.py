"""What a back end's controller sees and decides: views of transactions in, decisions out."""

from __future__ import annotations

from typing import Protocol

import msgspec

from iso15118.ocpp.needs import ChargingNeeds

__all__ = ["Controller", "Decision", "SetDynamic", "SetProfile", "Told", "TransactionView", "UpdateSetpoint"]


class SetProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Send a TxProfile of kind Absolute whose set points follow each other."""

    periods: tuple[tuple[float, float], ...]
    """(seconds since 1970, W at the meter, positive into the battery), rising; whole seconds count."""
    stack_level: int = 0


class SetDynamic(msgspec.Struct, frozen=True, kw_only=True):
    """Send a TxProfile of kind Dynamic with one set point, valid until ``valid_to_s`` (seconds since 1970)."""

    setpoint_w: float
    valid_to_s: float | None = None
    max_offline_s: int | None = None
    stack_level: int = 1


class UpdateSetpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Change the set point of the Dynamic profile."""

    setpoint_w: float
    stack_level: int = 1


Decision = SetProfile | SetDynamic | UpdateSetpoint


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Meter values of one event. Registers and power are AC at the station's meter."""

    time_s: float
    """When the station measured it, seconds since 1970."""
    import_wh: int
    export_wh: int
    power_w: float | None = None
    """Positive into the car."""
    soc_percent: float | None = None
    setpoint_w: float | None = None


class TransactionView:
    """A transaction as the back end knows it. Controllers read it."""

    def __init__(self, station_id: str, evse_id: int, transaction_id: str) -> None:
        self.station_id, self.evse_id, self.transaction_id = station_id, evse_id, transaction_id
        self.evcc_id: str | None = None
        self.needs: ChargingNeeds | None = None
        self.begin: Told | None = None
        """The first registers told."""
        self.last: Told | None = None
        """The last ones told, by the station's clock."""
        self.charging_state: str | None = None
        self.operation_mode: str | None = None
        self.ended_s: float | None = None
        """Seconds since 1970."""
        self.stopped_reason: str | None = None
        self.registers_told: set[str] = set()
        """Which of "import" and "export" the station has told so far."""
        self.seq_nos: set[int] = set()
        """Numbers of the events received."""

    @property
    def imported_wh(self) -> int:
        return self.last.import_wh - self.begin.import_wh if self.begin and self.last else 0

    @property
    def exported_wh(self) -> int:
        return self.last.export_wh - self.begin.export_wh if self.begin and self.last else 0


class Controller(Protocol):
    """Decides about power. Times are seconds since 1970."""

    def on_needs(self, view: TransactionView, needs: ChargingNeeds, unix_s: float) -> tuple[Decision, ...]:
        """A car has told its needs. No decision: the station uses its default."""
        ...

    def on_sample(self, view: TransactionView, sample: Told, unix_s: float) -> tuple[Decision, ...]:
        """Meter values came; after a disconnection they may be old. The last ones come when ``view`` has ended."""
        ...

    def next_timer(self) -> float | None:
        """When ``on_timer`` is wanted; None for never."""
        ...

    def on_timer(self, unix_s: float) -> tuple[tuple[str, Decision], ...]:
        """Decisions with the ids of the transactions they are for."""
        ...
