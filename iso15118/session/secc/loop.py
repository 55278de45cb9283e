"""What every charge loop tells the station, whatever the energy."""

from __future__ import annotations

from iso15118.messages.iso20.ac import AC_ChargeLoopReq
from iso15118.messages.iso20.dc import DC_ChargeLoopReq
from iso15118.session.ports import Display
from iso15118.session.quantities import number
from iso15118.session.secc.session import SeccSession

__all__ = ["displayed", "learn_requests"]


def learn_requests(session: SeccSession, request: DC_ChargeLoopReq | AC_ChargeLoopReq) -> int | None:
    """Energy requests and state of charge as of now: they decide whether discharging is permitted.

    Returns:
        The state of charge in percent, when the car tells it with this request.
    """
    mode, display = request.cl_req_control_mode, request.display_parameters
    for attribute, name in (
        ("minimum_energy_wh", "ev_minimum_energy_request"),
        ("minimum_v2x_energy_wh", "ev_minimum_v2x_energy_request"),
        ("maximum_v2x_energy_wh", "ev_maximum_v2x_energy_request"),
    ):
        quantity = getattr(mode, name, None)
        if quantity is not None:
            setattr(session.context, attribute, number(quantity))
    told = None if display is None else display.present_soc
    if told is not None:
        session.context.present_soc_percent = told
    return told


def displayed(request: DC_ChargeLoopReq | AC_ChargeLoopReq) -> Display | None:
    """What the car says may be shown of it; None when it says nothing."""
    shown = request.display_parameters
    if shown is None:
        return None
    capacity = shown.battery_energy_capacity
    return Display(
        present_soc_percent=shown.present_soc,
        minimum_soc_percent=shown.minimum_soc,
        target_soc_percent=shown.target_soc,
        maximum_soc_percent=shown.maximum_soc,
        remaining_to_minimum_s=shown.remaining_time_to_minimum_soc,
        remaining_to_target_s=shown.remaining_time_to_target_soc,
        remaining_to_maximum_s=shown.remaining_time_to_maximum_soc,
        charging_complete=shown.charging_complete,
        capacity_wh=None if capacity is None else number(capacity),
        inlet_hot=shown.inlet_hot,
    )
