"""What a simulation says: snapshots on the way, a summary at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from sim.world import World

__all__ = ["Registers", "Result", "Sample", "Snapshot"]


class Registers(msgspec.Struct, frozen=True):
    """Energy of one session, Wh, as one side was told."""

    import_wh: int
    export_wh: int


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One point of the plots."""

    t: float
    soc: float
    grid_w: float
    outlet_w: float
    battery_w: float
    setpoint_w: float | None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Where things stand: power at three places (positive into the car), state of charge, registers."""

    t: float
    state: str
    soc: float
    grid_w: float
    """AC, at the station's meter."""
    outlet_w: float
    """At the outlet: DC, or AC where the charger is in the car."""
    battery_w: float
    """Into the cells: open-circuit voltage times current."""
    voltage_v: float
    current_a: float
    setpoint_w: float | None
    """What the back end asks for now; None without a set point."""
    import_wh: int
    """The meter's cumulative register."""
    export_wh: int

    @classmethod
    def of(cls, world: World) -> Snapshot:
        """Read the world as it stands."""
        outlet, battery = world.plant.outlet, world.plant.car.battery
        return cls(
            t=world.now,
            state=world.secc.session.state.value,
            soc=battery.soc,
            grid_w=outlet.ac_power_w,
            outlet_w=outlet.power_w,
            battery_w=battery.ocv_v * world.plant.car.current_a,
            voltage_v=outlet.voltage_v,
            current_a=outlet.current_a,
            setpoint_w=world.station.target(1, world.now).setpoint_w,
            import_wh=outlet.meter.import_wh,
            export_wh=outlet.meter.export_wh,
        )

    def sample(self) -> Sample:
        """What of it is plotted."""
        return Sample(
            t=self.t,
            soc=self.soc,
            grid_w=self.grid_w,
            outlet_w=self.outlet_w,
            battery_w=self.battery_w,
            setpoint_w=self.setpoint_w,
        )

    def body(self) -> dict[str, Any]:
        """What a state line of the trace carries."""
        return {
            "session": self.state,
            "power_w": {
                "grid": round(self.grid_w, 1),
                "outlet": round(self.outlet_w, 1),
                "battery": round(self.battery_w, 1),
            },
            "soc": round(self.soc, 5),
            "voltage_v": round(self.voltage_v, 2),
            "current_a": round(self.current_a, 3),
            "setpoint_w": self.setpoint_w,
            "import_register_wh": self.import_wh,
            "export_register_wh": self.export_wh,
        }


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The summary of a run; ``summary()`` is what ``summary.json`` holds."""

    scenario: str
    mode: str
    seed: int
    exported_wh: float
    """AC, at the station's meter, this session."""
    imported_wh: float
    soc_arrival: float
    soc_departure: float
    battery_out_wh: float
    """Integral of open-circuit voltage times current, out of the cells."""
    battery_in_wh: float
    losses_wh: Mapping[str, float]
    """Each integrated where it arises."""
    iso_session: Registers
    """Differences of the registers last told to the car."""
    ocpp_session: Registers
    """Differences of the registers last told to the back end."""
    messages: Mapping[str, int]
    timer_overrides: Mapping[str, float]
    virtual_seconds: float
    wall_seconds: float
    errors: Mapping[str, str | None]
    """How each side's session ended; None is regular."""
    violations: tuple[str, ...]
    """What the physics had to object to, for instance a contactor opened under current."""
    samples: tuple[Sample, ...] = ()

    @classmethod
    def of(cls, world: World, wall_s: float) -> Result:
        """Sum up the world as it stands."""
        books = world.plant.books()
        scenario = world.scenario
        begin, last = world.csms.registers(world.station.station_id)
        return cls(
            scenario=scenario.name,
            mode=scenario.mode.value,
            seed=scenario.seed,
            exported_wh=round(books.exported_wh, 3),
            imported_wh=round(books.imported_wh, 3),
            soc_arrival=scenario.soc_arrival,
            soc_departure=round(world.plant.car.battery.soc, 6),
            battery_out_wh=round(books.battery_out_wh, 3),
            battery_in_wh=round(books.battery_in_wh, 3),
            losses_wh={
                "battery": round(books.battery_loss_wh, 3),
                world.plant.converter_name: round(books.converter_loss_wh, 3),
            },
            iso_session=Registers(*world.iso_registers),
            ocpp_session=Registers(last[0] - begin[0], last[1] - begin[1]),
            messages={"iso15118": world.messages.total(), "ocpp": world.ocpp.messages},
            timer_overrides=scenario.timer_overrides(),
            virtual_seconds=world.now,
            wall_seconds=round(wall_s, 3),
            errors=dict(world.errors),
            violations=tuple(f"{violation.time_s:.3f} s: {violation.what}" for violation in world.plant.violations),
            samples=tuple(world.samples),
        )

    @property
    def gap_wh(self) -> float:
        """Imported - exported - (into the battery - out of it + losses), Wh: what does not add up."""
        stored = self.battery_in_wh - self.battery_out_wh
        return self.imported_wh - self.exported_wh - stored - sum(self.losses_wh.values())

    @property
    def ok(self) -> bool:
        """Whether both sessions ended regularly and physics had nothing to object to."""
        return self.errors == {"EV": None, "SECC": None} and not self.violations

    def summary(self) -> dict[str, Any]:
        """Everything but the plotted samples, as plain values."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        del values["samples"]
        return values
