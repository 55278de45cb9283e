"""A few messages that tests begin from."""

from __future__ import annotations

from iso15118.messages import app
from iso15118.messages.iso20 import dc
from iso15118.messages.iso20.types import (
    DetailedTax,
    MessageHeader,
    MeterInfo,
    Processing,
    RationalNumber,
    Receipt,
    ResponseCode,
)

HEADER = MessageHeader(session_id=bytes(range(1, 9)), time_stamp=300)


def rational(value: int, exponent: int = 0) -> RationalNumber:
    return RationalNumber(exponent=exponent, value=value)


CABLE_CHECK_RES = dc.DC_CableCheckRes(
    header=HEADER, response_code=ResponseCode.FAILED, evse_processing=Processing.Ongoing
)
CABLE_CHECK_RES_EXI = bytes.fromhex("80300400810182028303840ac0222a10")
"""The worked example of the profile, equal in both families of codecs."""

LOOP_RES = dc.DC_ChargeLoopRes(
    header=HEADER,
    response_code=ResponseCode.OK,
    meter_info=MeterInfo(meter_id="M <1> & ☃", charged_energy_reading_wh=2**64 - 1, meter_signature=b"\x00\xff"),
    receipt=Receipt(time_anchor=0, tax_costs=(DetailedTax(tax_rule_id=1, amount=rational(-5)),)),
    evse_present_current=rational(-250, -1),
    evse_present_voltage=rational(4000, -1),
    evse_power_limit_achieved=False,
    evse_current_limit_achieved=False,
    evse_voltage_limit_achieved=True,
    cl_res_control_mode=dc.BPT_Scheduled_DC_CLResControlMode(evse_maximum_discharge_power=rational(11, 3)),
)

APP_REQ = app.SupportedAppProtocolReq(
    app_protocol=(
        app.AppProtocol(
            protocol_namespace="urn:iso:std:iso:15118:-20:DC",
            version_number_major=1,
            version_number_minor=0,
            schema_id=1,
            priority=1,
        ),
    )
)
