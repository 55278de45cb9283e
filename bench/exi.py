"""How quick the EXI codec is: two charge-loop messages, beside msgspec's JSON codec on the same content.

    python -m bench.exi

Ratios carry over from one machine to another much better than microseconds do. JSON is the yardstick because it is C
code on plain dictionaries, with no ranges to check and no bits to shift: about as quick as Python gets.
"""

from __future__ import annotations

import platform
import timeit
from collections.abc import Callable

import msgspec

from iso15118 import exi
from iso15118.messages.iso20 import dc
from iso15118.messages.iso20.types import (
    EVSENotification,
    EVSEStatus,
    MessageHeader,
    MeterInfo,
    RationalNumber,
    ResponseCode,
)

KEY = "DC"
REPEATS = 7
BATCH_S = 0.1
"""About how long one of the repeats takes; the best of them counts, since noise only ever adds."""


def number(value: int, exponent: int = 0) -> RationalNumber:
    return RationalNumber(exponent=exponent, value=value)


HEADER = MessageHeader(session_id=bytes.fromhex("3D4CBF93371CCE51"), time_stamp=1_795_543_200)

REQUEST = dc.DC_ChargeLoopReq(
    header=HEADER,
    meter_info_requested=True,
    ev_present_voltage=number(4012, -1),
    cl_req_control_mode=dc.BPT_Dynamic_DC_CLReqControlMode(
        departure_time=46_800,
        ev_target_energy_request=number(1500, 1),
        ev_maximum_energy_request=number(2400, 1),
        ev_minimum_energy_request=number(-1500, 1),
        ev_maximum_charge_power=number(1100, 1),
        ev_minimum_charge_power=number(0),
        ev_maximum_charge_current=number(300, -1),
        ev_maximum_voltage=number(4200, -1),
        ev_minimum_voltage=number(3000, -1),
        ev_maximum_discharge_power=number(-1100, 1),
        ev_minimum_discharge_power=number(0),
        ev_maximum_discharge_current=number(-300, -1),
        ev_maximum_v2x_energy_request=number(900, 1),
        ev_minimum_v2x_energy_request=number(-2100, 1),
    ),
)
"""What a car says in Dynamic control, four times a second."""

RESPONSE = dc.DC_ChargeLoopRes(
    header=HEADER,
    response_code=ResponseCode.OK,
    evse_status=EVSEStatus(notification_max_delay=0, evse_notification=EVSENotification.Terminate),
    meter_info=MeterInfo(
        meter_id="DE-EVB-0001", charged_energy_reading_wh=1_204_331, bpt_discharged_energy_reading_wh=7_512
    ),
    evse_present_current=number(-267, -1),
    evse_present_voltage=number(4009, -1),
    evse_power_limit_achieved=False,
    evse_current_limit_achieved=False,
    evse_voltage_limit_achieved=False,
    cl_res_control_mode=dc.BPT_Dynamic_DC_CLResControlMode(
        evse_maximum_charge_power=number(1100, 1),
        evse_minimum_charge_power=number(0),
        evse_maximum_charge_current=number(300, -1),
        evse_maximum_voltage=number(5000, -1),
        evse_maximum_discharge_power=number(-1100, 1),
        evse_minimum_discharge_power=number(0),
        evse_maximum_discharge_current=number(-300, -1),
        evse_minimum_voltage=number(2000, -1),
    ),
)
"""What a station answers, with the meter's registers."""


def best_us(function: Callable[[], object]) -> float:
    """Microseconds one call takes, in the best of ``REPEATS`` batches."""
    timer = timeit.Timer(function)
    calls, seconds = timer.autorange()
    calls = max(1, round(calls * BATCH_S / seconds))
    return min(timer.repeat(REPEATS, calls)) / calls * 1e6


def main() -> None:
    exi.warm(KEY)
    print(f"EXI backend: {exi.BACKEND}; Python {platform.python_version()}, {platform.machine()}")
    print(f"{'message':18} {'':7} {'EXI':>10} {'JSON':>10} {'EXI/JSON':>9}   size EXI/JSON")
    for message in (REQUEST, RESPONSE):
        name = type(message).__name__
        plain = exi.to_json(message, KEY)
        data, text = exi.encode(message, KEY), msgspec.json.encode(plain)
        if exi.decode(data, KEY) != message or msgspec.json.decode(text) != plain:
            raise SystemExit(f"{name} does not survive the round trip: nothing to measure")
        rows = (
            ("encode", lambda m=message: exi.encode(m, KEY), lambda p=plain: msgspec.json.encode(p)),
            ("decode", lambda d=data: exi.decode(d, KEY), lambda t=text: msgspec.json.decode(t)),
        )
        for what, ours, theirs in rows:
            a, b = best_us(ours), best_us(theirs)
            print(f"{name:18} {what:7} {a:7.1f} us {b:7.1f} us {a / b:9.1f}   {len(data)}/{len(text)} bytes")


if __name__ == "__main__":
    main()
