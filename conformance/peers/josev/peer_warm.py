"""Warms Josev's codec before a session: its first calls take longer than its own time limits leave on a busy machine.

Runs in Josev's environment. The messages are of the kinds that a session exchanges, with figures that mean nothing.
"""

# Types here would be the peer's, and its distribution has our import name.
# ruff: noqa: ANN001, ANN201

import logging
import time

from iso15118.shared.exi_codec import EXI
from iso15118.shared.messages.enums import Namespace
from iso15118.shared.messages.iso15118_20.ac import ACChargeLoopReq, BPTDynamicACChargeLoopReqParams
from iso15118.shared.messages.iso15118_20.common_messages import SessionSetupReq
from iso15118.shared.messages.iso15118_20.common_types import MessageHeader, RationalNumber
from iso15118.shared.messages.iso15118_20.dc import BPTScheduledDCChargeLoopReqParams, DCChargeLoopReq

ROUNDS = 40
"""A codec that was called so often has come near to its lasting speed."""


def warm(codec):
    """Write and read each kind of message ``ROUNDS`` times with ``codec``."""
    one = RationalNumber(exponent=0, value=1)
    header = MessageHeader(session_id="0000000000000001", timestamp=int(time.time()))
    energy = dict.fromkeys(("ev_target_energy_request", "ev_max_energy_request", "ev_min_energy_request"), one)
    powers = dict.fromkeys(
        (
            *("ev_max_charge_power", "ev_min_charge_power", "ev_max_discharge_power", "ev_min_discharge_power"),
            *("ev_present_active_power", "ev_present_reactive_power"),
        ),
        one,
    )
    messages = (
        (SessionSetupReq(header=header, evcc_id="WARM"), Namespace.ISO_V20_COMMON_MSG),
        (
            DCChargeLoopReq(
                header=header,
                ev_present_voltage=one,
                meter_info_requested=False,
                bpt_scheduled_params=BPTScheduledDCChargeLoopReqParams(ev_target_current=one, ev_target_voltage=one),
            ),
            Namespace.ISO_V20_DC,
        ),
        (
            ACChargeLoopReq(
                header=header,
                meter_info_requested=False,
                bpt_dynamic_params=BPTDynamicACChargeLoopReqParams(**energy, **powers),
            ),
            Namespace.ISO_V20_AC,
        ),
    )
    exi = EXI()
    exi.set_exi_codec(codec)
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        for _ in range(ROUNDS):
            for message, namespace in messages:
                exi.from_exi(exi.to_exi(message, namespace), namespace)
    finally:
        logging.disable(level)
