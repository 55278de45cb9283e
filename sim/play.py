"""Playing a scenario file: the world it describes, what happens in it, and the verdict on what came of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from iso15118.errors import LocalError
from iso15118.io.peers import peer_profile
from iso15118.session.timers import PROFILES
from sim import events as ev
from sim.back_end import BackEnd
from sim.faults import LinkFaults
from sim.happenings import EVENTS, FAULTS, check
from sim.result import Result, Snapshot
from sim.scenario import Scenario
from sim.scenario_file import ScenarioFile
from sim.signing import KEY
from sim.world import World

__all__ = ["Play"]


class Play:
    """One run of a scenario file."""

    def __init__(
        self,
        file: ScenarioFile,
        *,
        name: str = "scenario",
        trace: Callable[[str], object] | None = None,
        progress: Callable[[Snapshot], object] | None = None,
    ) -> None:
        """Set the scene.

        Raises:
            LocalError: The file asks for what can't be played.
        """
        self.file = file
        steps = tuple((step.at_s, step.power_w) for step in file.back_end.schedule)
        if file.back_end.set_point_w is not None:
            steps = ((0.0, file.back_end.set_point_w), *steps)
        unix_s = float(file.arrival_unix_s)
        self.back_end = BackEnd(tuple((unix_s + at_s, power_w) for at_s, power_w in steps))
        self.struck_s: float | None = None
        """When the first fault struck."""
        self.rests: list[str] = []
        """What was wrong with each standby, in words; "" for one in which both sides rested without power."""
        self.off_in_time: str | None = None
        """Whether power was off in time after it: "" if it was, else what was wrong; None while nobody looked."""
        self._flowed_wh = 0.0
        on_the_link = [fault for fault in file.fault if isinstance(fault, ev.LinkFault | ev.Cut)]
        faults = LinkFaults(on_the_link, seed=file.seed)
        faults.on_hit = self._struck
        self.world = World(self._scenario(file, name), self.back_end, trace=trace, progress=progress, faults=faults)
        self.world.car.key = KEY if file.car.signs else None
        self.world.car.energy_to_offer = file.car.energy_offer
        self.world.outlet.schedule = file.station.schedules
        self.world.outlet.energy_prices = file.station.prices
        self.world.outlet.value_added = file.station.value_added
        for index, event in enumerate(file.event):
            self._plan(event, EVENTS, f"event[{index}] ({type(event).__struct_config__.tag})")
        for index, fault in enumerate(file.fault):
            if not isinstance(fault, ev.LinkFault | ev.BackEndGone):
                self._plan(fault, FAULTS, f"fault[{index}] ({type(fault).__struct_config__.tag})")

    def run(self) -> Result:
        """Play to the end."""
        return self.world.run()

    # --- from file to world ---

    @staticmethod
    def _scenario(file: ScenarioFile, name: str) -> Scenario:
        car, station = file.car, file.station
        gone = tuple((fault.from_s, fault.to_s) for fault in file.fault if isinstance(fault, ev.BackEndGone))
        timers = {**PROFILES[file.timer_profile]}
        for peer in (car.peer, station.peer):
            timers |= peer_profile(peer).timers
        return Scenario(
            name=name,
            seed=file.seed,
            mode=file.mode,
            arrival_unix_s=file.arrival_unix_s,
            departure_s=file.departure_s,
            soc_arrival=car.soc,
            target_soc=car.target_soc,
            minimum_soc=car.minimum_soc,
            v2x_soc=car.v2x_soc,
            battery=car.battery,
            on_board=car.charger,
            dc_outlet=station.dc,
            ac_outlet=station.ac,
            secc=_for_peer(station.options, peer_profile(station.peer).secc_options),
            evcc=_for_peer(car.options, peer_profile(car.peer).evcc_options),
            control_mode=car.control[0],
            control_fallbacks=car.control[1:],
            services=car.services,
            station_services=station.services,
            loop_s=file.loop_s,
            sample_s=file.back_end.sample_s,
            state_s=5.0,
            link_latency_s=file.link.latency_s,
            ocpp_latency_s=file.back_end.latency_s,
            jitter=file.link.jitter,
            back_end_gone=gone,
            allowed_energy_transfer=file.back_end.allow,
            timers={**timers, **file.timers},
        )

    def _plan(self, happening: Any, table: Mapping[type, Callable[[Play, Any], None]], where: str) -> None:
        do = table.get(type(happening))
        if do is None:
            raise LocalError(f"{where}: sessions can't do this yet")
        try:
            check(self.file, happening)
        except LocalError as error:
            raise LocalError(f"{where}: {error}") from None
        at_s = getattr(happening, "at_s", 0.0)
        if at_s > self.file.departure_s:
            raise LocalError(f"{where}: at_s {at_s:g} is after the departure at {self.file.departure_s:g} s")
        self.world.heap.at(at_s, functools.partial(self._happen, do, happening))

    def _happen(self, do: Callable[[Play, Any], None], happening: Any, now: float) -> None:
        self.world.plant.advance(now)
        if type(happening) in FAULTS:
            self._struck(now)
        do(self, happening)
        self.world.poll()

    # --- safety after a fault ---

    def _struck(self, now: float) -> None:
        if self.struck_s is not None:
            return
        self.struck_s = now
        if self.file.expect.off_within_s is not None:
            self.world.heap.at(now + self.file.expect.off_within_s, self._look)

    def _look(self, now: float) -> None:
        self.off_in_time, self._flowed_wh = live_parts(self.world), self.flowed_wh

    @property
    def flowed_wh(self) -> float:
        """What has flowed through the meter so far, both ways together."""
        self.world.plant.advance(self.world.now)
        books = self.world.plant.books()
        return books.imported_wh + books.exported_wh

    @property
    def flowed_since_wh(self) -> float:
        """What has flowed since somebody looked whether power was off; 0 if nobody did."""
        return 0.0 if self.off_in_time is None else self.flowed_wh - self._flowed_wh

    # --- back end ---

    def order(self, power_w: float) -> None:
        """The back end wants another power from now on."""
        world = self.world
        unix_s = world.scenario.arrival_unix_s + world.now
        for transaction_id, decision in self.back_end.order(unix_s, power_w):
            world.csms.decide(world.station.station_id, transaction_id, (decision,), world.now)
        world.ocpp.exchange()


def live_parts(world: World) -> str:
    """What is still live, in words; "" when power is off and every contactor that can is open.

    A side whose firmware hangs moves no contactor.
    """
    plant = world.plant
    plant.advance(world.now)
    live = []
    if abs(plant.outlet.ac_power_w) > 1.0:
        live.append(f"{plant.outlet.ac_power_w:.0f} W flow")
    for side, contactor in (("SECC", plant.outlet.contactor), ("EV", plant.car.contactor)):
        if contactor.closed and not contactor.stuck and side not in world.silent:
            live.append(f"the {contactor.name} is closed")
    return ", ".join(live)


def _for_peer(options: Any, changes: Mapping[str, Any]) -> Any:
    """Options with those of a peer profile, where the file did not say otherwise."""
    default = type(options)()
    new = {name: value for name, value in changes.items() if getattr(options, name) == getattr(default, name)}
    return msgspec.structs.replace(options, **new)
