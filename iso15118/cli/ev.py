"""``v2g ev``: a car on the network, with a simulated battery in real time."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from iso15118.cli.live import EMITTER_HELP, PROFILE_HELP, Pace, lines_text, outcome, run_until_stopped, say, trace_to
from iso15118.cli.services import (
    PHASES_HELP,
    Phases,
    Service,
    check_options,
    refuse_given,
    refuse_no_numbers,
    service_ids,
)
from iso15118.cli.sidecar import CONNECTIONS_HELP, SIDECAR_HELP, run_car
from iso15118.ev import Car as NetworkCar
from iso15118.ev import Vehicle
from iso15118.io.clock import Clock
from iso15118.io.pause_store import FileStore
from iso15118.io.peers import PEER_HELP, peer_profile
from iso15118.io.tcp import Apply, no_tls
from iso15118.sdp import PORT
from iso15118.session.actions import Action, EnergyFlow, LoopSeen, ServiceChosen, StateChanged
from iso15118.session.emitter import EmitterProfile
from iso15118.session.ports import Wish
from iso15118.session.services import AC_SERVICES, ControlMode, ServiceId
from iso15118.trace import Trace
from sim.ac_car import AcCar, OnBoardConfig
from sim.ac_devices import AcCarDevice
from sim.battery import BatteryConfig
from sim.car import Car
from sim.devices import CarDevice
from sim.scene import protocols_for

__all__ = ["app"]

app = typer.Typer(add_completion=False, rich_markup_mode=None)


_SIMULATED = (
    "phases",
    "max_charge_power",
    "max_discharge_power",
    "seconds",
    "pause_after",
    "soc",
    "target_soc",
    "minimum_soc",
    "capacity_wh",
    "departure_h",
)


class Control(enum.StrEnum):
    """Who decides about power."""

    DYNAMIC = "dynamic"
    SCHEDULED = "scheduled"


@app.command(epilog="Example:  v2g ev --lab-plain-tcp --service AC_BPT --control dynamic --seconds 10")
def ev(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="IPv6 address of the station (::1).", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(help="Its TCP port; left out: ask by SDP.", show_default=False)] = None,
    interface: Annotated[
        str | None, typer.Option(help="Search on this network interface by multicast.", show_default=False)
    ] = None,
    sdp_port: Annotated[int, typer.Option(help="UDP port to ask at.")] = PORT,
    lab_plain_tcp: Annotated[
        bool, typer.Option("--lab-plain-tcp", help="Plain TCP: laboratories only. TLS comes in a later release.")
    ] = False,
    control: Annotated[
        Control,
        typer.Option("--control", "--control-mode", help="dynamic: the station decides; scheduled: by schedule."),
    ] = Control.DYNAMIC,
    service: Annotated[
        Service, typer.Option(help="Those with BPT give back, the others only charge.")
    ] = Service.DC_BPT,
    phases: Annotated[Phases | None, typer.Option(help=PHASES_HELP, show_default=False)] = None,
    max_charge_power: Annotated[
        float | None, typer.Option(help="W; of all lines in AC (3680 each), at the battery in DC.", min=0.0)
    ] = None,
    max_discharge_power: Annotated[
        float | None, typer.Option(help="W, a magnitude; as --max-charge-power.", min=0.0)
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="End after so much time of energy flow; left out: until stopped.", min=0.0)
    ] = None,
    pause_after: Annotated[
        float | None, typer.Option(help="Pause after so much time of energy flow.", show_default=False, min=0.0)
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(help="Directory for a paused session; one that is there is resumed.", show_default=False),
    ] = None,
    soc: Annotated[float, typer.Option(help="State of charge on arrival, 0 to 1.", min=0.0, max=1.0)] = 0.60,
    target_soc: Annotated[float, typer.Option(help="Wanted at departure, 0 to 1.", min=0.0, max=1.0)] = 0.85,
    minimum_soc: Annotated[float, typer.Option(help="Below it nothing is given, 0 to 1.", min=0.0, max=1.0)] = 0.20,
    capacity_wh: Annotated[float, typer.Option(help="Of the battery, Wh.")] = 60_000.0,
    departure_h: Annotated[
        float | None, typer.Option(help="Hours until the driver leaves.", show_default=False, min=0.0)
    ] = None,
    timer_profile: Annotated[str, typer.Option(help=PROFILE_HELP)] = "standard",
    peer: Annotated[str, typer.Option(help=PEER_HELP)] = "none",
    emitter: Annotated[EmitterProfile, typer.Option(help=EMITTER_HELP)] = EmitterProfile.CONSERVATIVE,
    trace: Annotated[Path | None, typer.Option(help="Write every message to this file, JSON lines.")] = None,
    sidecar: Annotated[Path | None, typer.Option(help=SIDECAR_HELP, show_default=False)] = None,
    connections: Annotated[int, typer.Option(help=CONNECTIONS_HELP, min=0)] = 0,
) -> None:
    """Run a car with a simulated battery (60 kWh at 400 V) through one session in real time."""
    if not lab_plain_tcp:
        raise no_tls("--lab-plain-tcp")
    refuse_no_numbers(context)
    profile = peer_profile(peer)
    if sidecar is not None:
        refuse_given(context, "is for the simulated hardware, and there is none with --sidecar", *_SIMULATED)
    else:
        refuse_given(context, "needs --sidecar", "connections")
    if port is not None:
        refuse_given(context, "means nothing with --port, which needs no search", "sdp_port")
    services = service_ids([service])
    check_options(services, phases=phases, max_charge_power=max_charge_power, max_discharge_power=max_discharge_power)
    clock = Clock()
    powers = {"max_charge_power_w": max_charge_power, "max_discharge_power_w": max_discharge_power}
    device = _device(
        services,
        phases,
        BatteryConfig(capacity_wh=capacity_wh),
        soc,
        clock.now(),
        limits={name: power for name, power in powers.items() if power is not None},
        departure_s=None if departure_h is None else clock.now() + departure_h * 3600.0,
        target_soc=target_soc,
        minimum_soc=minimum_soc,
    )
    config = msgspec.structs.replace(
        profile.evcc(),
        protocols=protocols_for(services),
        services=services,
        control_modes=(ControlMode[control.value.upper()],),
        emitter_profile=emitter,
    )
    paused = None if store is None else FileStore(store, report=say)
    with trace_to(trace) as tracer:
        reporter = _Reporter(device, tracer, seconds, pause_after)

        def car_of(vehicle: Vehicle, apply: Apply) -> NetworkCar:
            return NetworkCar(
                vehicle,
                apply,
                host=host,
                port=port,
                interface=interface,
                sdp_port=sdp_port,
                lab_plain_tcp=lab_plain_tcp,
                config=config,
                resume=None if paused is None else paused.latest(config.evcc_id),
                store=paused,
                timer_profile=timer_profile,
                timers=profile.timers,
                trace=tracer,
                clock=clock,
            )

        if sidecar is not None:
            raise run_car(sidecar, car_of, connections)
        network = car_of(device, reporter.apply)

        def wish() -> bool:
            device.driver_wish = Wish.STOP
            return network.connected

        async def session() -> bool:
            ended = await network.session()
            regular = outcome("session", ended)
            reporter.sum_up()
            return regular

        raise run_until_stopped("v2g ev", session, wish)


Device = CarDevice | AcCarDevice


def _device(
    services: tuple[ServiceId, ...],
    phases: Phases | None,
    battery: BatteryConfig,
    soc: float,
    now: float,
    *,
    limits: Mapping[str, float],
    **needs: Any,
) -> Device:
    """The simulated car that can use these services; ``limits`` bind its charger in AC and its battery in DC."""
    if not AC_SERVICES.intersection(services):
        return CarDevice(Car(msgspec.structs.replace(battery, **limits), soc=soc, now_s=now), alone=True, **needs)
    lines = int(phases or Phases.THREE)
    charger = OnBoardConfig(lines=lines)
    charger = msgspec.structs.replace(charger, **{name: power_w / lines for name, power_w in limits.items()})
    most = max(charger.max_charge_power_w, charger.max_discharge_power_w, charger.max_apparent_va)
    charger = msgspec.structs.replace(charger, max_apparent_va=most)
    return AcCarDevice(AcCar(battery, charger, soc=soc, now_s=now), alone=True, **needs)


class _Reporter:
    """Says in plain lines, and in the trace, what the car sees."""

    def __init__(self, device: Device, trace: Trace | None, seconds: float | None, pause_after: float | None) -> None:
        self._device = device
        self._trace = trace
        self._seconds = seconds
        self._pause_after = pause_after
        self._pace = Pace(1.0)
        self._told = (0, 0)

    def sum_up(self) -> None:
        """What the station's meter and the battery counted."""
        battery = self._device.car.battery
        say(
            f"the station's meter says charged {self._told[0]} Wh, discharged {self._told[1]} Wh; "
            f"the battery took {battery.battery_in_wh:.1f} Wh and gave {battery.battery_out_wh:.1f} Wh"
        )
        for violation in self._device.car.violations:
            say(f"hardware misused at {violation.time_s:.2f} s: {violation.what}")

    def apply(self, action: Action, now: float) -> None:
        """Hand on to the hardware, then tell."""
        self._device.apply(action, now)
        match action:
            case StateChanged(before=before, after=after):
                say(f"{now:8.2f} s  {before} -> {after}")
            case ServiceChosen(service_id=service, control_mode=mode):
                say(f"{now:8.2f} s  {ServiceId(service).name}, {ControlMode(mode).name.lower()} control")
            case EnergyFlow(flowing=True):
                if self._seconds is not None:
                    self._device.stop_at_s = now + self._seconds
                if self._pause_after is not None:
                    self._device.pause_at_s = now + self._pause_after
            case LoopSeen(charged_wh=charged, discharged_wh=discharged):
                if charged is not None:
                    self._told = (charged, discharged or 0)
                if self._pace.due(now):
                    self._tell_power(action, now)
            case _:
                pass

    def _tell_power(self, seen: LoopSeen, now: float) -> None:
        battery = self._device.car.battery
        power_w = seen.voltage_v * seen.current_a
        seen_as = (
            f"AC {power_w:+.0f} W{lines_text(seen.ac_power_w)}"
            if seen.ac_power_w
            else f"DC {power_w:+.0f} W  {seen.voltage_v:.1f} V {seen.current_a:+.2f} A"
        )
        say(
            f"{now:8.2f} s  {seen_as}"
            f"  battery {battery.soc:.3%}  station's meter: charged {self._told[0]} Wh, discharged {self._told[1]} Wh"
        )
        if self._trace is not None:
            body = {
                "power_w": {
                    "outlet": round(power_w, 1),
                    "battery": round(battery.ocv_v * self._device.car.current_a, 1),
                },
                "soc": round(battery.soc, 5),
            }
            self._trace.event(now, "plant", "state", None, "car", lambda: body)
