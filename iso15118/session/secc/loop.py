"""What every charge loop does at the station, whatever the energy: needs and meter."""

from __future__ import annotations

from iso15118.messages.iso20.ac import AC_ChargeLoopReq
from iso15118.messages.iso20.dc import DC_ChargeLoopReq
from iso15118.messages.iso20.types import MeterInfo
from iso15118.session.quantities import number
from iso15118.session.secc.context import MeterInfoBase
from iso15118.session.secc.session import SeccSession

__all__ = ["learn_requests", "meter_info"]


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


def meter_info(session: SeccSession, wanted: bool, now: float) -> MeterInfo | None:
    """Registers of the service session (V2G20-902), when asked (V2G20-1082) and in the first answer (V2G20-1833)."""
    reading, context = session.charger.meter(now), session.context
    if reading is None or not wanted:
        return None
    if context.register_base is None:  # a meter that was silent when the session was set up
        context.register_base = reading
    base = context.register_base if session.config.meter_info_base is MeterInfoBase.SESSION else None
    return MeterInfo(
        meter_id=reading.meter_id,
        charged_energy_reading_wh=max(0, reading.import_wh - (base.import_wh if base else 0)),
        bpt_discharged_energy_reading_wh=max(0, reading.export_wh - (base.export_wh if base else 0))
        if context.bidirectional and session.config.tell_discharged_energy
        else None,
        meter_timestamp=max(0, int(session.unix_offset_s + now)),
    )
