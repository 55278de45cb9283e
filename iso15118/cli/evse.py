"""``v2g evse``: a charging station on the network, with simulated hardware in real time."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from iso15118.cli.back_end import BackEndLink
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
from iso15118.cli.sidecar import CONNECTIONS_HELP, SIDECAR_HELP, run_station
from iso15118.evse import Charger, Station
from iso15118.io.clock import Clock
from iso15118.io.pause_store import FileStore
from iso15118.io.peers import PEER_HELP, peer_profile
from iso15118.io.tcp import Apply, no_tls
from iso15118.sdp import PORT
from iso15118.session.actions import Action, EvccIdentified, LoopSeen, ServiceChosen, StateChanged
from iso15118.session.emitter import EmitterProfile
from iso15118.session.ports import AcLimits
from iso15118.session.services import AC_SERVICES, ControlMode, ServiceId
from iso15118.session.timers import Limits
from iso15118.trace import Trace
from sim.ac_devices import AcOutletDevice
from sim.ac_outlet import AcOutlet, AcOutletConfig
from sim.converter import ConverterConfig
from sim.devices import OutletDevice
from sim.outlet import Outlet, OutletConfig
from sim.scenario import ID_TOKEN
from sim.scene import protocols_for

__all__ = ["app"]

app = typer.Typer(add_completion=False, rich_markup_mode=None)


Device = OutletDevice | AcOutletDevice

_SIMULATED = ("csms", "setpoint", "phases", "max_charge_power", "max_discharge_power", "sessions")


@app.command(epilog="Example:  v2g evse --lab-plain-tcp --service AC_BPT --setpoint -5000 --sessions 1")
def evse(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="IPv6 address to listen on (::1).", show_default=False)] = None,
    port: Annotated[int, typer.Option(help="TCP port; 0 for any free one.")] = 0,
    interface: Annotated[
        str | None, typer.Option(help="Network interface on which cars search by multicast.", show_default=False)
    ] = None,
    sdp_port: Annotated[int, typer.Option(help="UDP port on which cars find the station; 0 for any free one.")] = PORT,
    sdp: Annotated[bool, typer.Option("--sdp/--no-sdp", help="Whether cars can find the station.")] = True,
    lab_plain_tcp: Annotated[
        bool, typer.Option("--lab-plain-tcp", help="Plain TCP: laboratories only. TLS comes in a later release.")
    ] = False,
    service: Annotated[
        list[Service] | None,
        typer.Option(help="Offer this service; again for more (DC_BPT and DC).", show_default=False),
    ] = None,
    phases: Annotated[Phases | None, typer.Option(help=PHASES_HELP, show_default=False)] = None,
    max_charge_power: Annotated[
        float | None, typer.Option(help="W, at the meter (11000; AC 3680 a line).", show_default=False, min=0.0)
    ] = None,
    max_discharge_power: Annotated[
        float | None, typer.Option(help="W, a magnitude; as --max-charge-power.", show_default=False, min=0.0)
    ] = None,
    setpoint: Annotated[
        float | None,
        typer.Option(help="Power at the AC meter, W; negative discharges the car. Left out: as the car likes."),
    ] = None,
    csms: Annotated[
        str | None,
        typer.Option(help="Back end that authorizes and gives set points: ws://host:port/ocpp.", show_default=False),
    ] = None,
    station_id: Annotated[str, typer.Option(help="The station's name at the back end.")] = "CS-1",
    id_token: Annotated[str, typer.Option(help="The card that authorizes at the back end.")] = ID_TOKEN,
    sample: Annotated[float, typer.Option(help="Period of meter values to the back end, s.")] = 60.0,
    store: Annotated[
        Path | None,
        typer.Option(
            help="Directory for paused sessions and their transactions; without it none can be paused.",
            show_default=False,
        ),
    ] = None,
    resume_without_binding: Annotated[
        bool, typer.Option(help="Resume by EVCCID alone: plain TCP proves nothing about the car.")
    ] = False,
    sessions: Annotated[int, typer.Option(help="End after so many sessions; 0: run until stopped.", min=0)] = 0,
    timer_profile: Annotated[str, typer.Option(help=PROFILE_HELP)] = "standard",
    peer: Annotated[str, typer.Option(help=PEER_HELP)] = "none",
    emitter: Annotated[EmitterProfile, typer.Option(help=EMITTER_HELP)] = EmitterProfile.CONSERVATIVE,
    trace: Annotated[Path | None, typer.Option(help="Write every message to this file, JSON lines.")] = None,
    sidecar: Annotated[Path | None, typer.Option(help=SIDECAR_HELP, show_default=False)] = None,
    connections: Annotated[int, typer.Option(help=CONNECTIONS_HELP, min=0)] = 0,
) -> None:
    """Run a charging station with one simulated outlet (11 kW both ways) in real time: DC unless --service says AC."""
    if not lab_plain_tcp:
        raise no_tls("--lab-plain-tcp")
    refuse_no_numbers(context)
    profile = peer_profile(peer)
    clock = Clock()
    if sidecar is not None:
        refuse_given(context, "is for the simulated hardware, and there is none with --sidecar", *_SIMULATED)
    else:
        refuse_given(context, "needs --sidecar", "connections")
    if csms is None:
        refuse_given(context, "needs --csms", "station_id", "id_token", "sample")
    else:
        refuse_given(context, "is the back end's to say with --csms", "setpoint")
    if store is None:
        refuse_given(context, "needs --store", "resume_without_binding")
    if not sdp:
        refuse_given(context, "means nothing with --no-sdp", "sdp_port")
    services = service_ids(service or (Service.DC_BPT, Service.DC))
    check_options(
        services,
        phases=phases,
        max_charge_power=max_charge_power,
        max_discharge_power=max_discharge_power,
        setpoint=setpoint,
    )
    device = _device(services, phases, max_charge_power, max_discharge_power, clock.now())
    device.setpoint_w = setpoint
    with trace_to(trace) as tracer:
        reporter = _Reporter(device, tracer)
        files = None if store is None else FileStore(store, report=say)
        back_end = None
        if csms is not None:
            limits = Limits(profile.timers, profile=timer_profile)
            back_end = BackEndLink(device, csms, station_id, id_token, sample, clock, limits=limits, store=files)

        def station_of(charger: Charger, apply: Apply) -> Station:
            return Station(
                charger,
                apply,
                host=host,
                port=port,
                interface=interface,
                sdp_port=sdp_port if sdp else None,
                lab_plain_tcp=lab_plain_tcp,
                config=msgspec.structs.replace(
                    profile.secc(),
                    served=protocols_for(services),
                    emitter_profile=emitter,
                    resume_without_binding=resume_without_binding,
                ),
                store=files,
                timer_profile=timer_profile,
                timers=profile.timers,
                trace=tracer,
                clock=clock,
            )

        if sidecar is not None:
            raise run_station(sidecar, station_of, connections)
        station = station_of(
            device if back_end is None else back_end.charger,
            reporter.apply if back_end is None else back_end.after(reporter.apply),
        )

        def wish() -> bool:
            device.stop = True
            return station.in_session

        raise run_until_stopped("v2g evse", lambda: _serve(station, device, reporter, sessions, back_end), wish)


def _device(
    services: tuple[ServiceId, ...],
    phases: Phases | None,
    max_charge_power_w: float | None,
    max_discharge_power_w: float | None,
    now: float,
) -> Device:
    """The simulated hardware that runs these services."""
    if not AC_SERVICES.intersection(services):
        powers = {"max_import_power_w": max_charge_power_w, "max_export_power_w": max_discharge_power_w}
        converter = ConverterConfig(**{name: power_w for name, power_w in powers.items() if power_w is not None})
        outlet = Outlet(OutletConfig(converter=converter), now_s=now)
        return OutletDevice(outlet, energy_services=services, alone=True)
    config = AcOutletConfig(lines=int(phases or Phases.THREE))
    rated_w = sum(config.max_power_w)
    charge_w = rated_w if max_charge_power_w is None else max_charge_power_w
    discharge_w = rated_w if max_discharge_power_w is None else max_discharge_power_w
    most_a = max(charge_w, discharge_w) / config.lines / config.nominal_voltage_v
    config = msgspec.structs.replace(config, max_current_a=max(most_a, config.max_current_a))
    device = AcOutletDevice(AcOutlet(config, now_s=now), energy_services=services, alone=True)
    none = (0.0,) * config.lines
    device.ac_charger_limits = AcLimits(
        max_charge_power_w=(charge_w / config.lines,) * config.lines,
        min_charge_power_w=none,
        max_discharge_power_w=(discharge_w / config.lines,) * config.lines,
        min_discharge_power_w=none,
    )
    return device


async def _serve(
    station: Station, device: Device, reporter: _Reporter, sessions: int, back_end: BackEndLink | None
) -> bool:
    regular, done = True, 0
    async with station, contextlib.nullcontext() if back_end is None else back_end.run(station.wake):
        found = "" if station.sdp_port is None else f", SDP on UDP {station.sdp_port}"
        say(f"listening on [{station.host}]:{station.port} (plain TCP by the lab switch){found}")
        while not device.stop and (sessions == 0 or done < sessions):
            reporter.begin()
            ended = await station.session()
            done += 1
            regular = outcome(f"session {done}", ended) and regular
            reporter.sum_up(done)
    return regular


class _Reporter:
    """Says in plain lines, and in the trace, what the station sees."""

    def __init__(self, device: Device, trace: Trace | None) -> None:
        self._device = device
        self._trace = trace
        self._pace = Pace(1.0)
        self._soc: int | None = None
        self.begin()

    def begin(self) -> None:
        """Another session: its energy counts from here."""
        meter = self._device.outlet.meter
        self._base = (meter.import_wh, meter.export_wh)

    def sum_up(self, number: int) -> None:
        """What the meter counted."""
        meter = self._device.outlet.meter
        say(
            f"session {number} imported {meter.import_wh - self._base[0]} Wh, exported {meter.export_wh - self._base[1]} Wh"
            f" (registers {meter.import_wh} Wh, {meter.export_wh} Wh)"
        )
        for violation in self._device.outlet.violations:
            say(f"hardware misused at {violation.time_s:.2f} s: {violation.what}")
        self._device.outlet.violations.clear()

    def apply(self, action: Action, now: float) -> None:
        """Hand on to the hardware, then tell."""
        self._device.apply(action, now)
        match action:
            case StateChanged(before=before, after=after):
                say(f"{now:8.2f} s  {before} -> {after}")
            case EvccIdentified(evcc_id=evcc_id, resumed=resumed):
                say(f"{now:8.2f} s  car {evcc_id}{', goes on with its paused session' if resumed else ''}")
            case ServiceChosen(service_id=service, control_mode=mode):
                say(f"{now:8.2f} s  {ServiceId(service).name}, {ControlMode(mode).name.lower()} control")
            case LoopSeen(soc_percent=soc):
                self._soc = self._soc if soc is None else soc
                if self._pace.due(now):
                    self._tell_power(now)
            case _:
                pass

    def _tell_power(self, now: float) -> None:
        outlet = self._device.outlet
        meter = outlet.meter
        soc = "" if self._soc is None else f"  car {self._soc} %"
        flow = (
            lines_text(outlet.reading.power_w)
            if isinstance(outlet, AcOutlet)
            else f"  DC {outlet.voltage_v:.1f} V {outlet.current_a:+.2f} A"
        )
        say(
            f"{now:8.2f} s  AC {outlet.ac_power_w:+.0f} W{flow}{soc}"
            f"  import {meter.import_wh} Wh  export {meter.export_wh} Wh"
        )
        if self._trace is not None:
            body = {
                "power_w": {
                    "grid": round(outlet.ac_power_w, 1),
                    "outlet": round(outlet.power_w, 1),
                },
                "soc": None if self._soc is None else self._soc / 100,
                "setpoint_w": self._device.setpoint_w,
                "import_register_wh": meter.import_wh,
                "export_register_wh": meter.export_wh,
            }
            self._trace.event(now, "plant", "state", None, "outlet", lambda: body)
