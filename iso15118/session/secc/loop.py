"""What every charge loop tells the station, whatever the energy."""

from __future__ import annotations

from iso15118.messages.iso20.ac import AC_ChargeLoopReq
from iso15118.messages.iso20.dc import DC_ChargeLoopReq
from iso15118.session.quantities import number
from iso15118.session.secc.session import SeccSession

__all__ = ["learn_requests"]


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
