"""Power that is safe: what car, station and policy allow at this moment, and how limits look on the wire."""

from __future__ import annotations

import math

import msgspec

from iso15118.messages.iso20 import dc
from iso15118.messages.iso20.common.power_delivery import ChannelSelection
from iso15118.messages.iso20.types import RationalNumber
from iso15118.session.actions import SetStage, StageMode
from iso15118.session.lines import smaller
from iso15118.session.ports import ChargerLimits
from iso15118.session.quantities import limit, magnitude, number
from iso15118.session.secc.context import SeccContext
from iso15118.session.secc.mobility import stated
from iso15118.session.secc.notification import overdue
from iso15118.session.secc.session import SeccSession
from iso15118.units import DischargeLimitSign

__all__ = [
    "allowed",
    "charge_permitted",
    "discharge_limit",
    "discharge_permitted",
    "discharge_sign",
    "has_negative_charge_limit",
    "impossible",
    "in_force",
    "read_limits",
    "regulate",
    "target_w",
]


_MOST_AC_FOR_DC = 1.25
"""No stage takes more from the grid than so much for what it gives the car: a set point beyond has not been reached."""


def _read(mode: object, name: str, default: float) -> float:
    quantity = getattr(mode, name, None)
    return default if quantity is None else magnitude(quantity)


def read_limits(mode: object, base: ChargerLimits) -> ChargerLimits:
    """The car's limits from any energy transfer or control mode; what it leaves out stays as in ``base``."""
    return ChargerLimits(
        max_charge_power_w=_read(mode, "ev_maximum_charge_power", base.max_charge_power_w),
        min_charge_power_w=_read(mode, "ev_minimum_charge_power", base.min_charge_power_w),
        max_charge_current_a=_read(mode, "ev_maximum_charge_current", base.max_charge_current_a),
        min_charge_current_a=_read(mode, "ev_minimum_charge_current", base.min_charge_current_a),
        max_discharge_power_w=_read(mode, "ev_maximum_discharge_power", base.max_discharge_power_w),
        min_discharge_power_w=_read(mode, "ev_minimum_discharge_power", base.min_discharge_power_w),
        max_discharge_current_a=_read(mode, "ev_maximum_discharge_current", base.max_discharge_current_a),
        min_discharge_current_a=_read(mode, "ev_minimum_discharge_current", base.min_discharge_current_a),
        max_voltage_v=_read(mode, "ev_maximum_voltage", base.max_voltage_v),
        min_voltage_v=_read(mode, "ev_minimum_voltage", base.min_voltage_v),
    )


def impossible(mode: dc.DC_CPDReqEnergyTransferMode, station: ChargerLimits) -> bool:
    """Whether the car's limits can't be served: FAILED_WrongChargeParameter (V2G20-2272)."""
    charge = (
        mode.ev_maximum_charge_power,
        mode.ev_minimum_charge_power,
        mode.ev_maximum_charge_current,
        mode.ev_minimum_charge_current,
        mode.ev_maximum_voltage,
        mode.ev_minimum_voltage,
    )
    if any(quantity.value < 0 for quantity in charge):
        return True
    car = read_limits(mode, ChargerLimits(max_discharge_power_w=0.0, max_discharge_current_a=0.0))
    if car.min_charge_power_w > car.max_charge_power_w or car.min_charge_current_a > car.max_charge_current_a:
        return True
    if car.min_discharge_power_w > car.max_discharge_power_w:
        return True
    if car.min_discharge_current_a > car.max_discharge_current_a or car.min_voltage_v > car.max_voltage_v:
        return True
    return car.max_voltage_v < station.min_voltage_v or car.min_voltage_v > station.max_voltage_v


def in_force(session: SeccSession, now: float) -> ChargerLimits:
    """The station's limits now, at most what parameter discovery said (V2G20-2654, V2G20-2655)."""
    told, at = session.context.told, session.charger.limits(now)
    return ChargerLimits(
        max_charge_power_w=smaller(told.max_charge_power_w, at.max_charge_power_w),
        min_charge_power_w=max(told.min_charge_power_w, at.min_charge_power_w),
        max_charge_current_a=smaller(told.max_charge_current_a, at.max_charge_current_a),
        min_charge_current_a=max(told.min_charge_current_a, at.min_charge_current_a),
        max_discharge_power_w=smaller(told.max_discharge_power_w, at.max_discharge_power_w),
        min_discharge_power_w=max(told.min_discharge_power_w, at.min_discharge_power_w),
        max_discharge_current_a=smaller(told.max_discharge_current_a, at.max_discharge_current_a),
        min_discharge_current_a=max(told.min_discharge_current_a, at.min_discharge_current_a),
        max_voltage_v=smaller(told.max_voltage_v, at.max_voltage_v),
        min_voltage_v=max(told.min_voltage_v, at.min_voltage_v),
    )


def allowed(session: SeccSession, now: float) -> ChargerLimits:
    """Minimum of car and station, in both directions; zero means zero. No discharge unless a BPT service was chosen."""
    car, station = session.context.vehicle, in_force(session, now)
    both = session.context.bidirectional
    return ChargerLimits(
        max_charge_power_w=min(car.max_charge_power_w, station.max_charge_power_w),
        min_charge_power_w=max(car.min_charge_power_w, station.min_charge_power_w),
        max_charge_current_a=min(car.max_charge_current_a, station.max_charge_current_a),
        min_charge_current_a=max(car.min_charge_current_a, station.min_charge_current_a),
        max_discharge_power_w=min(car.max_discharge_power_w, station.max_discharge_power_w) if both else 0.0,
        min_discharge_power_w=max(car.min_discharge_power_w, station.min_discharge_power_w) if both else 0.0,
        max_discharge_current_a=min(car.max_discharge_current_a, station.max_discharge_current_a) if both else 0.0,
        min_discharge_current_a=max(car.min_discharge_current_a, station.min_discharge_current_a) if both else 0.0,
        max_voltage_v=min(car.max_voltage_v, station.max_voltage_v),
        min_voltage_v=max(car.min_voltage_v, station.min_voltage_v),
    )


def target_w(session: SeccSession, now: float) -> float | None:
    """Dynamic control: the set point, W; none where the port has none, and zero where it says what is no number."""
    target = session.charger.target_w(now)
    return 0.0 if target is not None and math.isnan(target) else target


def charge_permitted(session: SeccSession) -> bool:
    """Whether energy may flow into the car: not while it has selected the channel for discharging."""
    return session.context.channel is not ChannelSelection.Discharge


def discharge_permitted(session: SeccSession, now: float) -> bool:
    """What the energy requests of the car, and the state of charge, allow (docs/open-points.md, "discharge window").

    The battery must hold more than the minimum. With V2X requests it must also not be below the V2X window
    or at its lower end (EVMinimumV2XEnergyRequest not below 0); above the window and without requests the options
    decide. At MinimumSOC, whoever stated it, discharging ends whatever the requests say.
    """
    context: SeccContext = session.context
    if not context.bidirectional or context.channel is ChannelSelection.Charge:
        return False
    floors = [stated(session, now).minimum_soc_percent]
    floors += [] if context.needs is None else [context.needs.minimum_soc_percent]
    present = context.present_soc_percent
    if present is not None and any(floor is not None and present <= floor for floor in floors):
        return False
    if context.minimum_energy_wh is not None and context.minimum_energy_wh > 0:
        return False
    if context.minimum_v2x_energy_wh is None:
        return session.config.discharge_without_v2x_requests
    if context.minimum_v2x_energy_wh >= 0:
        return False
    above = context.maximum_v2x_energy_wh is not None and context.maximum_v2x_energy_wh < 0
    return session.config.discharge_above_v2x_window if above else True


def regulate(
    session: SeccSession,
    mode: StageMode,
    set_point: float,
    now: float,
    *,
    low_w: float = -math.inf,
    high_w: float = math.inf,
) -> SetStage:
    """The stage's set point (W for AC_POWER, A for CURRENT) with the bounds in force.

    ``low_w`` (<= 0) and ``high_w`` (>= 0) narrow the DC power further: a schedule, a back end.
    """
    bounds = allowed(session, now)
    if not discharge_permitted(session, now):
        bounds = msgspec.structs.replace(bounds, max_discharge_power_w=0.0, max_discharge_current_a=0.0)
        set_point = max(set_point, 0.0)
    if not charge_permitted(session):
        bounds = msgspec.structs.replace(bounds, max_charge_power_w=0.0, max_charge_current_a=0.0)
        set_point = min(set_point, 0.0)
    bounds = msgspec.structs.replace(
        bounds,
        max_charge_power_w=min(bounds.max_charge_power_w, high_w),
        max_discharge_power_w=min(bounds.max_discharge_power_w, -low_w),
    )
    volts = session.charger.reading(now).voltage_v
    set_point = _on_its_way(session, mode, set_point, now)
    if mode is StageMode.CURRENT:
        if volts > 0:
            set_point = max(min(set_point, bounds.max_charge_power_w / volts), -bounds.max_discharge_power_w / volts)
        set_point = min(max(set_point, -bounds.max_discharge_current_a), bounds.max_charge_current_a)
    else:
        set_point = _clip_ac(set_point, bounds)
    reached = set_point if mode is StageMode.CURRENT else min(set_point, bounds.max_charge_power_w * _MOST_AC_FOR_DC)
    session.context.ramp.hold((reached,))
    return SetStage(
        mode=mode,
        current_a=set_point if mode is StageMode.CURRENT else 0.0,
        ac_power_w=set_point if mode is StageMode.AC_POWER else 0.0,
        min_current_a=-bounds.max_discharge_current_a,
        max_current_a=bounds.max_charge_current_a,
        min_power_w=-bounds.max_discharge_power_w,
        max_power_w=bounds.max_charge_power_w,
        min_voltage_v=bounds.min_voltage_v,
        max_voltage_v=bounds.max_voltage_v,
    )


def _on_its_way(session: SeccSession, mode: StageMode, set_point: float, now: float) -> float:
    """The set point as far as the outlet's ramp lets it come by now, before any limit.

    What the car asks for itself, and the station's wish to end, take power away at once.
    """
    rate = session.charger.limits(now).power_ramp_w_per_s
    scheduled = mode is StageMode.CURRENT
    if scheduled and rate is not None:
        rate /= max(session.charger.reading(now).voltage_v, 1.0)
    at_once = scheduled or overdue(session, now)
    return session.context.ramp.follow((set_point,), rate, now, toward_zero_at_once=at_once)[0]


def _clip_ac(power_w: float, bounds: ChargerLimits) -> float:
    """An AC set point that the DC bounds don't contradict.

    Losses keep AC below DC while discharging and above it while charging: the stage holds the DC bounds, and only where
    they are zero, or in the direction where AC can't exceed them, does the set point itself give way.
    """
    if power_w > 0 and not (bounds.max_charge_power_w and bounds.max_charge_current_a):
        return 0.0
    if power_w < 0 and not (bounds.max_discharge_power_w and bounds.max_discharge_current_a):
        return 0.0
    if power_w == math.inf:
        power_w = bounds.max_charge_power_w * _MOST_AC_FOR_DC
    return max(power_w, -bounds.max_discharge_power_w)


def discharge_sign(session: SeccSession) -> int:
    """The sign that the option asks for in discharge limits."""
    match session.config.discharge_limit_sign:
        case DischargeLimitSign.POSITIVE:
            return 1
        case DischargeLimitSign.NEGATIVE:
            return -1
        case DischargeLimitSign.MIRROR_PEER:
            return session.context.peer_discharge_sign or -1


def discharge_limit(session: SeccSession, quantity: float) -> RationalNumber:
    """A discharge limit with the sign the option asks for."""
    return limit(discharge_sign(session) * quantity)


def has_negative_charge_limit(mode: object) -> bool:
    """Charge limits are positive on the wire; a negative one is FAILED_WrongChargeParameter."""
    names = (
        "ev_maximum_charge_power",
        "ev_minimum_charge_power",
        "ev_maximum_charge_current",
        "ev_maximum_voltage",
        "ev_minimum_voltage",
    )
    quantities = (getattr(mode, name, None) for name in names)
    return any(isinstance(q, RationalNumber) and number(q) < 0 for q in quantities)
