"""Power delivery at the car: start and stop of the flow of energy."""

from __future__ import annotations

from iso15118.messages.iso20.common.power_delivery import (
    ChargeProgress,
    EVPowerProfile,
    EVPowerProfileEntryList,
    PowerDeliveryReq,
    PowerDeliveryRes,
    Scheduled_EVPPTControlMode,
)
from iso15118.messages.iso20.common.schedule_exchange import PowerScheduleEntry
from iso15118.messages.iso20.types import EVSENotification, EVSEStatus, Processing
from iso15118.session.actions import EnergyFlow, SetContactor, SetPilot
from iso15118.session.core import State, Step
from iso15118.session.evcc.session import EvccSession, Phase, Phases
from iso15118.session.quantities import rational
from iso15118.session.services import ControlMode
from iso15118.session.timers import Timer

__all__ = ["PHASES", "asks_to_end"]

_MAX_ENTRIES = 2048
"""maxOccurs of EVPowerProfileEntry."""


def asks_to_end(status: EVSEStatus | None) -> bool:
    """Whether the station wants the flow of energy to end; wishes the car can't follow end the session too."""
    return status is not None and status.evse_notification in (
        EVSENotification.Terminate,
        EVSENotification.Pause,
        EVSENotification.ServiceRenegotiation,
    )


def compose_start(session: EvccSession, now: float) -> PowerDeliveryReq:
    """Start; in Scheduled control with the profile of the chosen schedule."""
    return PowerDeliveryReq(
        header=session.header(now),
        ev_processing=Processing.Finished,
        charge_progress=ChargeProgress.Start,
        ev_power_profile=_profile(session),
    )


def _profile(session: EvccSession) -> EVPowerProfile | None:
    schedule = session.context.schedule
    if session.context.control_mode is not ControlMode.SCHEDULED or schedule is None:
        return None
    entries = tuple(
        PowerScheduleEntry(duration=round(duration), power=rational(power, step=0))
        for duration, power in schedule.entries[:_MAX_ENTRIES]
    )
    return EVPowerProfile(
        time_anchor=max(0, round(session.unix_offset_s + schedule.start_s)),
        scheduled_ev_ppt_control_mode=Scheduled_EVPPTControlMode(selected_schedule_tuple_id=schedule.schedule_tuple_id),
        ev_power_profile_entries=EVPowerProfileEntryList(ev_power_profile_entry=entries),
    )


def started(session: EvccSession, response: PowerDeliveryRes, now: float) -> Step:
    """Into the loop; if the station wants to end already, the loop runs at zero and leads out again."""
    if asks_to_end(response.evse_status):
        session.context.stopping = True
    return Step(State.DC_CHARGE_LOOP, actions=(EnergyFlow(True),))


def compose_stop(session: EvccSession, now: float) -> PowerDeliveryReq:
    """Stop, after a loop at zero current."""
    return PowerDeliveryReq(
        header=session.header(now), ev_processing=Processing.Finished, charge_progress=ChargeProgress.Stop
    )


def stopped(session: EvccSession, response: PowerDeliveryRes, now: float) -> Step:
    """Current is zero on both sides: open the contactors, then look whether they really did."""
    session.timers.stop(Timer.EVCC_RAMP_DOWN)
    session.timers.start_once(Timer.EVCC_WELDING_DETECTION, now)
    return Step(State.DC_WELDING_DETECTION, actions=(EnergyFlow(False), SetContactor(False), SetPilot("B")))


PHASES: Phases = {
    State.POWER_DELIVERY: Phase(compose_start, PowerDeliveryRes, started, frozenset({State.DC_CHARGE_LOOP})),
    State.POWER_DELIVERY_STOP: Phase(compose_stop, PowerDeliveryRes, stopped, frozenset({State.DC_WELDING_DETECTION})),
}
