"""Whatever limits, requests and set points say: power stays inside all of them, at every step and on every line.

Every set point that a session gives its hardware is judged the moment it is given, by what the ports say then and by what
the other side has said so far, read from the messages themselves.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iso15118.messages.iso20 import ac, dc
from iso15118.messages.iso20.common.power_delivery import ChannelSelection, ChargeProgress, PowerDeliveryReq
from iso15118.messages.iso20.common.schedule_exchange import ScheduleExchangeReq
from iso15118.session import actions as act
from iso15118.session.core import CHARGE_LOOPS
from iso15118.session.ports import (
    ChargerLimits,
    EnergyNeeds,
    MobilityNeeds,
    OfferedSchedule,
    VehicleLimits,
    Wish,
)
from iso15118.session.ports.ac import AcLimits
from iso15118.session.quantities import number
from iso15118.session.services import BptChannel, ControlMode, MobilityNeedsMode, ServiceId
from tests.session.world import EV, SECC, World

replace = msgspec.structs.replace
WATTS = st.sampled_from([700.0, 3_000.0, 9_000.0, 9_000.0, 0.0, 0.04])
AMPERES = st.sampled_from([3.0, 20.0, 30.0, 30.0, 0.0, 0.04])
POWERS = st.sampled_from([-12_000.0, -2_000.0, -2_000.0, 0.0, 2_000.0, 12_000.0, math.inf, -math.inf, None])
ENERGIES = st.sampled_from([-9_000.0, -9_000.0, -0.4, 0.0, 0.6])
BPT = (ServiceId.DC_BPT, ServiceId.AC_BPT)
SLACK = 1e-6
DC_NAMES = ("max_charge_power_w", "max_discharge_power_w", "max_charge_current_a", "max_discharge_current_a")


def told(mode: Any, side: str, kind: str, unit: str, before: list[float]) -> list[float]:
    """A maximum of each line, as a message tells it; what it leaves out stays."""
    values = [getattr(mode, f"{side}_maximum_{kind}_{unit}{suffix}", None) for suffix in ("", "_l2", "_l3")]
    if values[0] is None:
        return before
    return [abs(number(value)) for value in values[: len(before)] if value is not None]


class Judge(World):
    """A world that looks at every set point."""

    def __init__(self, **options: Any) -> None:
        super().__init__(encoded=False, **options)
        self.lines = 3 if self.evcc.is_ac or ServiceId.AC_BPT in self.evcc.config.services else 1
        self.car: dict[tuple[str, str], list[float]] = {}
        self.station: dict[tuple[str, str], list[float]] = {}
        self.minimum_energy: float | None = None
        self.minimum_v2x: float | None = None
        self.floor: int | None = None
        self.soc: int | None = None
        self.channel: ChannelSelection | None = None
        self.started = False
        self.judged = 0

    # --- what has been said ---

    def _deliver(self, to: str, message: Any, *side: Any) -> None:
        self._hear(message)
        super()._deliver(to, message, *side)

    def _hear(self, message: Any) -> None:
        match message:
            case ac.AC_ChargeParameterDiscoveryReq():
                self._limits(self.car, "ev", message.ac_cpd_req_energy_transfer_mode)
            case dc.DC_ChargeParameterDiscoveryReq():
                self._limits(self.car, "ev", message.dc_cpd_req_energy_transfer_mode)
            case ac.AC_ChargeParameterDiscoveryRes():
                self._limits(self.station, "evse", message.ac_cpd_res_energy_transfer_mode)
            case dc.DC_ChargeParameterDiscoveryRes():
                self._limits(self.station, "evse", message.dc_cpd_res_energy_transfer_mode)
            case ac.AC_ChargeLoopReq() | dc.DC_ChargeLoopReq():
                self._limits(self.car, "ev", message.cl_req_control_mode)
                self._requests(message.cl_req_control_mode)
                self.soc = message.display_parameters.present_soc if message.display_parameters else self.soc
            case ScheduleExchangeReq():
                self._requests(message.dynamic_se_req_control_mode or message.scheduled_se_req_control_mode)
                dynamic = message.dynamic_se_req_control_mode
                self.floor = None if dynamic is None else dynamic.minimum_soc
            case PowerDeliveryReq(charge_progress=ChargeProgress.Start):
                self.channel = message.bpt_channel_selection
            case _:
                pass

    def _limits(self, known: dict[tuple[str, str], list[float]], side: str, mode: Any) -> None:
        for kind in ("charge", "discharge"):
            for unit in ("power", "current"):
                known[kind, unit] = told(mode, side, kind, unit, known.get((kind, unit), [0.0] * self.lines))

    def _requests(self, mode: Any) -> None:
        for attribute, name in (
            ("minimum_energy", "ev_minimum_energy_request"),
            ("minimum_v2x", "ev_minimum_v2x_energy_request"),
        ):
            value = getattr(mode, name, None)
            if value is not None:
                setattr(self, attribute, number(value))

    def may_discharge(self) -> bool:
        """What follows from all of that, by the rules of docs/open-points.md."""
        offer = self.secc.context.offer
        floor = self.floor
        if offer is not None and offer.mobility_needs_mode is MobilityNeedsMode.SECC:
            floor = max(floor or 0, self.charger.mobility.minimum_soc_percent or 0)
        return (
            self.evcc.config.services[0] in BPT
            and self.channel is not ChannelSelection.Charge
            and (self.minimum_energy is None or self.minimum_energy <= 0)
            and (self.minimum_v2x is None or self.minimum_v2x < 0)
        ) and (self.soc is None or not floor or self.soc > floor)

    # --- what is done ---

    def _do(self, at: str, actions: list[act.Action]) -> None:
        for action in actions:
            match action:
                case act.SetStage(mode=act.StageMode.CURRENT | act.StageMode.AC_POWER):
                    self._judge_stage(action)
                case act.SetAcPower() if at == SECC and any(action.power_w):
                    self._judge_lines(action, self.charger.ac_charger_limits, self.car)
                case act.SetAcPower() if any(action.power_w):
                    self._judge_lines(action, self.vehicle.ac_inlet_limits, self.station)
                    floor = self.vehicle.needs(self.now).minimum_soc_percent
                    if floor is not None and self.vehicle.battery_reading.soc_percent <= floor:
                        assert min(action.power_w) >= 0
                case _:
                    pass
        super()._do(at, actions)

    def _judge_stage(self, stage: act.SetStage) -> None:
        self.judged += 1
        assert self.secc.state in CHARGE_LOOPS
        own = self.charger.charger_limits
        charge = min(self.car["charge", "power"][0], own.max_charge_power_w)
        discharge = min(self.car["discharge", "power"][0], own.max_discharge_power_w)
        charge_a = min(self.car["charge", "current"][0], own.max_charge_current_a)
        discharge_a = min(self.car["discharge", "current"][0], own.max_discharge_current_a)
        if not self.may_discharge():
            discharge = discharge_a = 0.0
        if self.channel is ChannelSelection.Discharge:
            charge = charge_a = 0.0
        if stage.mode is act.StageMode.CURRENT:
            low, high = self.charger.allowed_w(self.now)
            discharge, charge = min(discharge, -min(low, 0.0)), min(charge, max(high, 0.0))
        assert -discharge - SLACK <= stage.min_power_w <= 0.0 <= stage.max_power_w <= charge + SLACK
        assert -discharge_a - SLACK <= stage.min_current_a <= 0.0 <= stage.max_current_a <= charge_a + SLACK
        assert stage.min_current_a - SLACK <= stage.current_a <= stage.max_current_a + SLACK
        assert stage.ac_power_w >= stage.min_power_w - SLACK
        assert stage.ac_power_w <= 0 or stage.max_power_w * stage.max_current_a > 0
        volts = self.charger.stage.voltage_v
        assert stage.min_power_w - SLACK <= stage.current_a * volts <= stage.max_power_w + SLACK

    def _judge_lines(self, power: act.SetAcPower, own: AcLimits, other: dict[tuple[str, str], list[float]]) -> None:
        self.judged += 1
        assert {self.secc.state, self.evcc.state} & CHARGE_LOOPS
        for line, watts in enumerate(power.power_w):
            charge = min(own.max_charge_power_w[line], other["charge", "power"][line])
            discharge = min(own.max_discharge_power_w[line], other["discharge", "power"][line])
            if self.channel is ChannelSelection.Discharge:
                charge = 0.0
            # The car may know of its own requests before the station does; then it is the station's to stop.
            if self.channel is ChannelSelection.Charge or self.evcc.config.services[0] not in BPT:
                discharge = 0.0
            assert -discharge - SLACK <= watts <= charge + SLACK
            if own is self.charger.ac_charger_limits and not self.may_discharge():
                assert watts >= 0
                assert power.min_power_w[line] == 0


def ac_limits(draw: st.DrawFn) -> AcLimits:
    lines = [tuple(draw(WATTS) for _ in range(3)) for _ in range(2)]
    return AcLimits(max_charge_power_w=lines[0], max_discharge_power_w=lines[1])


def change(draw: st.DrawFn, world: Judge) -> None:
    """Something changes on either side."""
    charger, vehicle = world.charger, world.vehicle
    match draw(st.integers(0, 7)):
        case 0:
            charger.setpoint_w = draw(POWERS)
        case 1:
            rate = draw(st.none() | st.sampled_from([0.0, 500.0, 4_000.0]))
            charger.charger_limits = ChargerLimits(
                max_charge_power_w=draw(WATTS),
                max_discharge_power_w=draw(WATTS),
                max_charge_current_a=draw(AMPERES),
                max_discharge_current_a=draw(AMPERES),
                power_ramp_w_per_s=rate,
            )
            charger.ac_grid = replace(charger.ac_grid, power_ramp_w_per_s=rate)
            charger.ac_charger_limits = ac_limits(draw)
        case 2:
            vehicle.vehicle_limits = VehicleLimits(
                max_charge_power_w=draw(WATTS),
                max_discharge_power_w=draw(WATTS),
                max_charge_current_a=draw(AMPERES),
                max_discharge_current_a=draw(AMPERES),
            )
            vehicle.ac_inlet_limits = ac_limits(draw)
        case 3:
            window = draw(st.none() | st.tuples(ENERGIES, ENERGIES))
            floor = draw(st.sampled_from([None, 20, 50, 80]))
            vehicle.energy_needs = EnergyNeeds(
                minimum_energy_wh=draw(ENERGIES),
                target_energy_wh=draw(ENERGIES),
                minimum_v2x_energy_wh=None if window is None else window[0],
                maximum_v2x_energy_wh=None if window is None else window[1],
                minimum_soc_percent=floor,
            )
        case 4:
            soc = draw(st.sampled_from([19.9, 50.0, 81.0]))
            vehicle.battery_reading = replace(vehicle.battery_reading, soc_percent=soc)
        case 5:
            charger.mobility = draw(
                st.sampled_from([MobilityNeeds(), MobilityNeeds(target_soc_percent=90, minimum_soc_percent=50)])
            )
        case 6:
            low, high = draw(st.sampled_from([(-math.inf, math.inf), (-1_000.0, 500.0), (0.0, 0.0), (1.0, -1.0)]))
            charger.allowed_w = lambda now: (low, high)  # type: ignore[method-assign]
        case 7:
            vehicle.wanted_channel = draw(st.sampled_from([None, *ChannelSelection]))
    world.poll()


@st.composite
def nights(draw: st.DrawFn) -> Judge:
    """A session with changes of every kind, before the loop and in it."""
    mode = draw(st.sampled_from(list(ControlMode)))
    service = draw(st.sampled_from([*BPT, *BPT, ServiceId.DC]))
    world = Judge(
        mode=mode,
        service=service,
        secc={
            "bpt_channels": (draw(st.sampled_from(list(BptChannel))),),
            "mobility_needs_modes": (draw(st.sampled_from(list(MobilityNeedsMode))),),
        },
    )
    world.charger.setpoint_w = draw(POWERS)
    powers = st.sampled_from([0.0, 3_000.0, -3_000.0, 20_000.0, -20_000.0])
    entries = tuple((draw(st.sampled_from([1.0, 5.0, 3_600.0])), draw(powers)) for _ in range(3))
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=entries),)
    for _ in range(draw(st.integers(0, 2))):
        change(draw, world)
    world.start().run(until_s=draw(st.sampled_from([0.5, 3.0])))
    for _ in range(12):
        change(draw, world)
        world.run(until_s=world.now + draw(st.sampled_from([0.7, 0.1, 0.0, 2.0])))
    return world


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(nights())
def test_power_stays_inside_all_limits(world: Judge) -> None:
    world.vehicle.driver_wish = Wish.STOP
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None or SECC in world.ended


def test_the_judge_sees_set_points() -> None:
    for service in BPT:
        for mode in ControlMode:
            world = Judge(mode=mode, service=service)
            world.charger.setpoint_w = -3_000.0
            world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=((3_600.0, -3_000.0),)),)
            world.start().run(until_s=5.0)
            assert world.judged
            assert world.may_discharge()
