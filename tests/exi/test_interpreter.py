"""What the borders refuse: messages that were built wrong, and streams that leave the schema."""

from __future__ import annotations

import msgspec
import pytest

from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.exi.bits import BitReader, BitWriter
from iso15118.exi.grammar import MAX_UNBOUNDED_ITEMS
from iso15118.messages.iso20.common import authorization, schedule_exchange, service
from iso15118.messages.iso20.types import CLResControlMode, MeterInfo, ResponseCode
from iso15118.messages.model import Record
from iso15118.messages.xmldsig import CanonicalizationMethod, Transform, Transforms
from tests.exi.samples import APP_REQ, CABLE_CHECK_RES, CABLE_CHECK_RES_EXI, HEADER, LOOP_RES, rational

pytestmark = pytest.mark.usefixtures("backend")


def changed(record: Record, **fields: object) -> Record:
    return msgspec.structs.replace(record, **fields)


AUTHORIZATION = authorization.AuthorizationReq(
    header=HEADER,
    selected_authorization_service=authorization.Authorization.EIM,
    eim_a_req_authorization_mode=authorization.EIM_AReqAuthorizationMode(),
)
PARAMETER = service.Parameter(name="Connector", int_value=2)
LOOP = "DC_ChargeLoopRes"
CONTROL_MODES = [f"{prefix}_DC_CLResControlMode" for prefix in ("BPT_Dynamic", "BPT_Scheduled", "Dynamic", "Scheduled")]


@pytest.mark.parametrize(
    ("message", "key", "path", "reason"),
    [
        (changed(LOOP_RES, response_code="OK"), "DC", f"{LOOP}/ResponseCode", "a ResponseCode is needed, not 'OK'"),
        (changed(LOOP_RES, header=None), "DC", f"{LOOP}/Header", "required, but missing"),
        (
            changed(LOOP_RES, header=changed(HEADER, session_id=b"1234567")),
            "DC",
            f"{LOOP}/Header/SessionID",
            "7 octets, not 8",
        ),
        (
            changed(LOOP_RES, header=changed(HEADER, time_stamp=2**64)),
            "DC",
            f"{LOOP}/Header/TimeStamp",
            "18446744073709551616 is not an integer 0..18446744073709551615",
        ),
        (changed(LOOP_RES, meter_info=HEADER), "DC", f"{LOOP}/MeterInfo", "a MeterInfo is needed, not a MessageHeader"),
        (
            changed(LOOP_RES, evse_present_current=rational(40_000)),
            "DC",
            f"{LOOP}/EVSEPresentCurrent/Value",
            "40000 is not an integer -32768..32767",
        ),
        (
            changed(LOOP_RES, receipt=changed(LOOP_RES.receipt, tax_costs=[])),
            "DC",
            f"{LOOP}/Receipt/TaxCosts",
            "a tuple is needed, not a list",
        ),
        (
            changed(LOOP_RES, receipt=changed(LOOP_RES.receipt, tax_costs=LOOP_RES.receipt.tax_costs * 11)),
            "DC",
            f"{LOOP}/Receipt/TaxCosts",
            "11 times, not 0..10",
        ),
        (
            changed(LOOP_RES, receipt=changed(LOOP_RES.receipt, tax_costs=(LOOP_RES.receipt.tax_costs[0], None))),
            "DC",
            f"{LOOP}/Receipt/TaxCosts[2]",
            "a DetailedTax is needed, not a NoneType",
        ),
        (
            changed(LOOP_RES, cl_res_control_mode=rational(1)),
            "DC",
            f"{LOOP}/BPT_Dynamic_DC_CLResControlMode",
            f"one of {', '.join(CONTROL_MODES)} is needed, not a RationalNumber",
        ),
        (
            changed(LOOP_RES, cl_res_control_mode=CLResControlMode()),
            "DC",
            f"{LOOP}/CLResControlMode",
            "CLResControlMode is abstract: one of its substitutes must stand here",
        ),
        (changed(APP_REQ, app_protocol=()), "AppProtocol", "supportedAppProtocolReq/AppProtocol", "0 times, not 1..20"),
        (
            changed(AUTHORIZATION, eim_a_req_authorization_mode=None),
            "CommonMessages",
            "AuthorizationReq",
            "one of EIM_AReqAuthorizationMode, PnC_AReqAuthorizationMode is required, but missing",
        ),
        (
            service.ServiceDetailRes(
                header=HEADER,
                response_code=ResponseCode.OK,
                service_id=6,
                service_parameter_list=service.ServiceParameterList(
                    parameter_set=(
                        service.ParameterSet(
                            parameter_set_id=1, parameter=(PARAMETER, changed(PARAMETER, bool_value=True))
                        ),
                    )
                ),
            ),
            "CommonMessages",
            "ServiceDetailRes/ServiceParameterList/ParameterSet[1]/Parameter[2]",
            "only one of boolValue, intValue may be there",
        ),
    ],
)
def test_a_wrong_message_is_refused_where_it_is_wrong(message, key, path, reason):
    for write in (exi.encode, exi.to_xml, exi.to_json):
        with pytest.raises(CodecError) as caught:
            write(message, key)
        assert (caught.value.path, caught.value.reason, caught.value.bit) == (path, reason, None)


def test_an_attribute_that_is_wrong_is_named_with_an_at_sign():
    with pytest.raises(CodecError, match=r"^CanonicalizationMethod/@Algorithm: a str is needed, not 7$"):
        exi.encode(CanonicalizationMethod(algorithm=7), "xmldsig")


def test_an_optional_choice_may_be_left_out():
    message = schedule_exchange.ScheduleExchangeRes(
        header=HEADER,
        response_code=ResponseCode.OK,
        evse_processing=CABLE_CHECK_RES.evse_processing,
        dynamic_se_res_control_mode=schedule_exchange.Dynamic_SEResControlMode(),
    )
    assert exi.decode(exi.encode(message, "CommonMessages"), "CommonMessages") == message


def flipped(data: bytes, bit: int, width: int, value: int) -> bytes:
    """``data`` with ``width`` bits at ``bit`` replaced."""
    reader, writer = BitReader(data), BitWriter()
    writer.bits(reader.bits(bit), bit)
    reader.bits(width)
    writer.bits(value, width)
    rest = reader.limit - reader.position
    writer.bits(reader.bits(rest), rest)
    return writer.finish()


@pytest.mark.parametrize(
    ("bit", "width", "value", "path", "reason"),
    [
        (0, 8, 0x81, "", "EXI header 0x81, not 0x80"),
        (8, 6, 48, "", "root code 48 is no element of DC"),
        (8, 6, 6, "CLReqControlMode", "CLReqControlMode is abstract: one of its substitutes must stand here"),
        (14, 1, 1, "DC_CableCheckRes", "an event the schema does not declare here; it declares Header"),
        (16, 1, 1, "DC_CableCheckRes/Header/SessionID", "0 octets, not 8"),
        (91, 1, 1, "DC_CableCheckRes/Header/TimeStamp", "content the schema does not declare"),
        (17, 8, 9, "DC_CableCheckRes/Header/SessionID", "9 octets, not 8"),
        (89, 1, 1, "DC_CableCheckRes/Header/SessionID", "more than a value"),
        (
            109,
            2,
            2,
            "DC_CableCheckRes/Header",
            "an event the schema does not declare here; it declares Signature, the end",
        ),
        (113, 6, 41, "DC_CableCheckRes/ResponseCode", "literal 41 of ResponseCode, which has 40"),
        (122, 2, 3, "DC_CableCheckRes/EVSEProcessing", "literal 3 of Processing, which has 3"),
        (125, 1, 1, "DC_CableCheckRes", "an event the schema does not declare here; it declares the end"),
    ],
)
def test_a_stream_that_leaves_the_schema_is_refused_with_path_and_bit(bit, width, value, path, reason):
    with pytest.raises(CodecError) as caught:
        exi.decode(flipped(CABLE_CHECK_RES_EXI, bit, width, value), "DC")
    assert (caught.value.path, caught.value.reason) == (path, reason)
    assert caught.value.bit in {bit, bit + width}


def test_a_wildcard_takes_what_the_schema_set_knows():
    """Behind the codes of the element and its attribute: text 10, any element 00, the end 01."""
    data = exi.encode(CanonicalizationMethod(algorithm="a"), "xmldsig")
    end = 8 + 5 + 1 + 8 + 8
    assert exi.decode(flipped(data, end, 2, 1), "xmldsig") == CanonicalizationMethod(algorithm="a")
    for uri, reason in ((0, "not of the schema set"), (1, "namespace ''"), (6, "not of the schema set")):
        with pytest.raises(CodecError, match=reason):
            exi.decode(flipped(flipped(data + bytes(2), end, 2, 0), end + 2, 3, uri), "xmldsig")


def test_an_empty_value_is_read_in_both_forms_and_written_as_characters():
    message = changed(LOOP_RES, meter_info=MeterInfo(meter_id="", charged_energy_reading_wh=0))
    data = exi.encode(message, "DC")
    at = 111 + 1 + 1 + 6 + 1 + 3 + 1  # Header .. ResponseCode, SE(MeterInfo), SE(MeterID)
    assert BitReader(flipped(data, 0, at, 0)).octets(0) == b""
    reader = BitReader(data)
    head = reader.bits(at)
    assert reader.bits(1 + 8 + 1) == 0b0_00000010_0
    rest = reader.limit - reader.position
    writer = BitWriter()
    writer.bits(head, at)
    writer.bits(0b1_000, 4)
    writer.bits(reader.bits(rest), rest)
    assert exi.decode(writer.finish(), "DC") == message


def test_a_list_without_bound_in_the_schema_has_one_here():
    longest = Transforms(transform=(Transform(algorithm=""),) * MAX_UNBOUNDED_ITEMS)
    data = exi.encode(longest, "xmldsig")
    assert exi.decode(data, "xmldsig") == longest
    too_long = Transforms(transform=(Transform(algorithm=""),) * (MAX_UNBOUNDED_ITEMS + 1))
    for write in (exi.encode, exi.to_xml, exi.to_json):
        with pytest.raises(CodecError, match=r"Transforms/Transform: 65 times, not 1\.\.64"):
            write(too_long, "xmldsig")
    # Header, root code, SE(Transform); an item of 12 bits; 63 times SE(Transform) in the open list and an item.
    items = 8 + 5 + 1 + 12 + 63 * (2 + 12)
    reader, writer = BitReader(data), BitWriter()
    writer.bits(reader.bits(items), items)
    writer.bits(0b00_0_00000010_010_01, 16)
    with pytest.raises(CodecError, match="Transforms/Transform: more than the limit of 64"):
        exi.decode(writer.finish(), "xmldsig")
    text = exi.to_xml(longest, "xmldsig").replace("</ds:Transforms>", '<ds:Transform Algorithm=""/></ds:Transforms>')
    with pytest.raises(CodecError, match="Transforms/Transform: more than the limit of 64"):
        exi.from_xml(text, "xmldsig")
