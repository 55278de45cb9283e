"""Scenario files: one TOML file says what is played, what goes wrong and what must come of it, and so tests itself.

``load`` reads a file with its layers. A layer is a file of the same form that a scenario builds upon; tables are merged
key by key, lists and values replaced, ``[[event]]`` and ``[[fault]]`` added. docs/reference/scenario-format.md is made of
these classes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from iso15118.errors import LocalError
from iso15118.io.peers import PEERS
from iso15118.session.core import State
from iso15118.session.evcc import EvccConfig
from iso15118.session.ports import EnergyOffer, OfferedSchedule, Prices, ValueAddedService
from iso15118.session.secc import SeccConfig
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.timers import PROFILES, Timer
from sim import strict
from sim.ac_car import OnBoardConfig
from sim.ac_outlet import AcOutletConfig
from sim.battery import BatteryConfig
from sim.events import Event, Fault
from sim.outlet import OutletConfig
from sim.scenario import FidelityMode

__all__ = [
    "CLOSED",
    "BackEndPart",
    "CarPart",
    "Expectation",
    "LinkPart",
    "ScenarioFile",
    "StationPart",
    "load",
    "shipped",
]

SHIPPED = Path(__file__).parent / "scenarios"
"""Where the files of this package lie; their layers in ``layers`` beneath."""
NO_WH = 0.001
"""What may flow where nothing does: rounding."""
MAX_LAYERS = 16
"""A file has at most so many layers, layers of layers included (project limit)."""

CLOSED: Mapping[type, Mapping[str, str]] = {
    SeccConfig: {"link": "a simulated link is plain TCP", "served": "it follows from station.services"},
    EvccConfig: {
        "link": "a simulated link is plain TCP",
        "protocols": "it follows from car.services",
        "services": "see car.services",
        "control_modes": "see car.control",
    },
}
"""Options of the cores that a scenario says in another place."""

Soc = Annotated[float, Meta(ge=0.0, le=1.0)]
Positive = Annotated[float, Meta(gt=0.0)]
NotNegative = Annotated[float, Meta(ge=0.0)]


class CarPart(msgspec.Struct, frozen=True, kw_only=True):
    """The car and its driver."""

    services: tuple[ServiceId, ...] = (ServiceId.DC_BPT, ServiceId.DC)
    """What it can use, the preferred one first."""
    control: tuple[ControlMode, ...] = (ControlMode.DYNAMIC,)
    """Control modes it can use, the preferred one first."""
    soc: Soc = 0.6
    """State of charge on arrival, 0 to 1."""
    target_soc: Soc = 0.85
    """Wanted at departure."""
    minimum_soc: Soc = 0.2
    """Below it the car asks for energy and gives none."""
    v2x_soc: tuple[Soc, Soc] | None = None
    """Between which the battery serves the grid; left out: from ``minimum_soc`` to the battery's own limit."""
    battery: BatteryConfig = BatteryConfig()
    charger: OnBoardConfig = OnBoardConfig()
    """The charger on board, for AC."""
    energy_offer: EnergyOffer | None = None
    """What it would take and give, and at which prices: told in Scheduled control of a service that gives back."""
    signs: bool = True
    """Whether it has a key to sign meter readings with."""
    peer: str = "none"
    """Profile of a deployed peer that the car is set for."""
    options: EvccConfig = EvccConfig()
    """What the car's core is set to, by name."""


class StationPart(msgspec.Struct, frozen=True, kw_only=True):
    """The station and its outlet."""

    services: tuple[ServiceId, ...] = (ServiceId.DC_BPT, ServiceId.DC)
    """What it offers; either AC or DC, since it has one connector."""
    dc: OutletConfig = OutletConfig()
    """The outlet of a DC station."""
    ac: AcOutletConfig = AcOutletConfig()
    """The outlet of an AC station."""
    schedules: tuple[OfferedSchedule, ...] = ()
    """Of its own, with prices if it likes: offered in Scheduled control unless the back end has a plan (and
    without its set point a car only charges). Times from the
    arrival, power at the outlet; in ``station.options.pricings`` the kind of the prices must be offered, and in
    ``car.options.pricings`` be preferred."""
    prices: Prices | None = None
    """Told in Dynamic control."""
    value_added: tuple[ValueAddedService, ...] = ()
    """Offered beside energy; ``car.options.value_added_services`` says which of them the car takes."""
    peer: str = "none"
    """Profile of a deployed peer that the station is set for."""
    options: SeccConfig = SeccConfig()
    """What the station's core is set to, by name."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of ``back_end.schedule``."""

    at_s: NotNegative
    power_w: float


class BackEndPart(msgspec.Struct, frozen=True, kw_only=True):
    """What the back end does over OCPP."""

    set_point_w: float | None = None
    """From the beginning; left out: none, and the car charges as it likes."""
    schedule: tuple[Step, ...] = ()
    """Instead of a set point: steps that follow each other."""
    allow: tuple[str, ...] | None = None
    """EnergyTransferModeEnumType; left out: all that the station has."""
    sample_s: Positive = 10.0
    """How often the station sends meter values."""
    latency_s: NotNegative = 0.05
    """One way, on average."""


class LinkPart(msgspec.Struct, frozen=True, kw_only=True):
    """The cable's bytes."""

    latency_s: NotNegative = 0.002
    """One way, on average."""
    jitter: Soc = 0.2
    """Latencies vary evenly by that fraction."""


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What must come of it. What is left out is not looked at, but for what is always so."""

    end: Literal["completed", "failed", "paused"] = "completed"
    """Whether both sides ended regularly, at least one did not, or the session rests."""
    car_error: str | None = None
    """A part of how the car puts why it failed."""
    station_error: str | None = None
    """A part of how the station puts it."""
    service: ServiceId | None = None
    """What was selected last."""
    schedule: int | None = None
    """Id of the schedule that the car chose last."""
    cost: float | None = None
    """What that costs as the car reckons, in the currency of its prices, to a thousandth."""
    told_prices: Literal["absolute", "levels"] | None = None
    """Kind of the prices that the car was told last, with schedules or in Dynamic control."""
    value_added: tuple[tuple[int, int], ...] | None = None
    """Value-added services that were selected last, each with its parameter set: ``[[65, 4]]``."""
    imported_wh: NotNegative | None = None
    """Into the car, AC at the meter."""
    exported_wh: NotNegative | None = None
    """Out of the car, AC at the meter."""
    tolerance_wh: NotNegative = 2.0
    """Of the two above."""
    codes: tuple[str, ...] = ()
    """Response codes that are seen besides OK and its kinds: exactly these."""
    messages: tuple[str, ...] = ()
    """Messages that are seen, among others."""
    entered: dict[str, int] = {}
    """How often the station's session came to a state (docs/reference/session-states.md): ``{ScheduleExchange = 2}``."""
    violations: tuple[str, ...] = ()
    """What physics had to object to: a part of each, and nothing else. None for none."""
    off_within_s: Positive | None = None
    """After the first fault the power is zero, and every contactor that can is open, within this."""
    jump_wh: tuple[int, int] = (0, 0)
    """By how much the registers told differ from the energy that flowed, import and export: the meter jumped."""
    stopped_reason: str | None = None
    """Of the OCPP transaction (ReasonEnumType)."""


class ScenarioFile(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file; also what its layers may say."""

    title: str
    """One line for people."""
    layers: tuple[str, ...] = ()
    """Files to build upon, in order; of this package's layers, or beside the file."""
    seed: int = 1
    """Of everything random: latencies, session ids, faults."""
    mode: FidelityMode = FidelityMode.PACED
    """Paced: a slower charge loop; true: the standard's."""
    loop_s: Annotated[float, Meta(gt=0.0, le=10.0)] = 2.0
    """Period of the charge loop in paced mode."""
    arrival_unix_s: int = 1_795_539_600
    departure_s: Positive = 180.0
    """When the connector is pulled, s from the arrival; the car ends the session in time before."""
    car: CarPart = CarPart()
    station: StationPart = StationPart()
    back_end: BackEndPart = BackEndPart()
    link: LinkPart = LinkPart()
    timer_profile: str = "standard"
    """Named set of timer overrides."""
    timers: dict[str, Positive] = {}
    """Timers of both sides by name, s."""
    event: tuple[Event, ...] = ()
    """The life of the session."""
    fault: tuple[Fault, ...] = ()
    """What goes wrong."""
    expect: Expectation = Expectation()

    def __post_init__(self) -> None:
        for key, name, known in (
            ("car.peer", self.car.peer, PEERS),
            ("station.peer", self.station.peer, PEERS),
            ("timer_profile", self.timer_profile, PROFILES),
        ):
            if name not in known:
                raise LocalError(f"{key}: no {name!r}; there are {', '.join(known)}")
        states = {state.value for state in State}
        for name in self.expect.entered:
            if name not in states:
                raise LocalError(f"expect.entered.{name}: no such state; there are {', '.join(sorted(states))}")
        for name in self.timers:
            if name not in Timer.__members__:
                raise LocalError(f"timers.{name}: no such timer; there are {', '.join(Timer.__members__)}")


def shipped() -> list[Path]:
    """The scenario files of this package, by name."""
    return sorted(SHIPPED.glob("*.toml"))


def load(path: Path, *, sets: Mapping[str, Any] | None = None) -> ScenarioFile:
    """Read a file with its layers.

    Args:
        path: The file.
        sets: Values that win over the file's, by dotted key: ``{"car.soc": 0.3}``.

    Raises:
        LocalError: The file can't be read, or says something that is not allowed.
    """
    data = _merged(path, [])
    for key, value in (sets or {}).items():
        _put(data, key, value)
    return strict.read(ScenarioFile, data, str(path), closed=CLOSED)


def _merged(path: Path, above: list[Path]) -> dict[str, Any]:
    if path in above or len(above) >= MAX_LAYERS:
        raise LocalError(f"{path}: layers go round, or are more than {MAX_LAYERS} deep")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"{path}: can't be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LocalError(f"{path}: no TOML: {error}") from None
    layers = data.get("layers", [])
    if not isinstance(layers, list) or not all(isinstance(name, str) for name in layers):
        raise LocalError(f"{path}: layers: a list of names is needed")
    merged: dict[str, Any] = {}
    for name in layers:
        _merge(merged, _merged(_layer(path, name), [*above, path]))
    if not above:
        merged.pop("title", None)
    _merge(merged, data)
    return merged


def _layer(path: Path, name: str) -> Path:
    candidates = [folder / f"{name}.toml" for folder in (path.parent, path.parent / "layers", SHIPPED / "layers")]
    found = next((each for each in candidates if each.is_file()), None)
    if found is None:
        known = ", ".join(sorted(each.stem for each in (SHIPPED / "layers").glob("*.toml")))
        raise LocalError(f"{path}: layers: no {name!r}; there are {known}, and files beside this one")
    return found


def _merge(into: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        old = into.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value)
        elif key in ("event", "fault") and isinstance(old, list) and isinstance(value, list):
            into[key] = [*old, *value]
        else:
            into[key] = value


def _put(data: dict[str, Any], key: str, value: Any) -> None:
    *tables, last = key.split(".")
    for name in tables:
        inner = data.setdefault(name, {})
        if not isinstance(inner, dict):
            raise LocalError(f"--set {key}: {name} is no table")
        data = inner
    data[last] = value
