"""Which way energy may flow at the car: service, channel, and how full the battery is."""

from __future__ import annotations

from iso15118.messages.iso20.common.power_delivery import ChannelSelection
from iso15118.session.evcc.loop import scheduled_power
from iso15118.session.evcc.session import EvccSession
from iso15118.session.services import BptChannel, ControlMode

__all__ = ["choose_channel", "may_charge", "may_discharge", "other_channel"]


def may_charge(session: EvccSession) -> bool:
    """Whether energy may flow into the battery: not through the channel for discharging."""
    return session.context.channel is not ChannelSelection.Discharge


def may_discharge(session: EvccSession, now: float) -> bool:
    """Whether energy may leave the battery: in a bidirectional service, by a channel that has that direction, above
    MinimumSOC, whoever stated it.
    """
    context = session.context
    if not context.bidirectional or context.channel is ChannelSelection.Charge:
        return False
    soc = session.vehicle.battery(now).soc_percent
    floors = (session.needs(now).minimum_soc_percent, context.station_needs.minimum_soc_percent)
    return all(floor is None or soc > floor for floor in floors)


def choose_channel(session: EvccSession, now: float) -> ChannelSelection | None:
    """The channel the car wants now; None where there is but a unified one.

    The vehicle's own word counts first. Without it a schedule decides in Scheduled control, a step at zero changing
    nothing, and in Dynamic control the energy that the driver wants: less than nothing is discharged.
    """
    context = session.context
    if context.offer is None or context.offer.bpt_channel is not BptChannel.SEPARATED:
        return None
    wish = session.vehicle.channel(now)
    if wish is not None:
        return wish
    if context.control_mode is ControlMode.DYNAMIC:
        giving = session.needs(now).target_energy_wh < 0
        return ChannelSelection.Discharge if giving else ChannelSelection.Charge
    power = 0.0 if context.schedule is None else scheduled_power(context.schedule, now)
    if power == 0.0:
        return context.channel or ChannelSelection.Charge
    return ChannelSelection.Discharge if power < 0 else ChannelSelection.Charge


def other_channel(session: EvccSession, now: float) -> bool:
    """Whether the loop is to be left for a PowerDelivery(Start) with the other channel."""
    return not session.wants_to_stop(now) and choose_channel(session, now) is not session.context.channel
