from __future__ import annotations

import copy

import pytest

from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.messages import xmldsig
from tests.exi.samples import APP_REQ, LOOP_RES

LOOP = {
    "DC_ChargeLoopRes": {
        "Header": {"SessionID": "0102030405060708", "TimeStamp": 300},
        "ResponseCode": "OK",
        "MeterInfo": {"MeterID": "M <1> & ☃", "ChargedEnergyReadingWh": 18446744073709551615, "MeterSignature": "AP8="},
        "Receipt": {"TimeAnchor": 0, "TaxCosts": [{"TaxRuleID": 1, "Amount": {"Exponent": 0, "Value": -5}}]},
        "EVSEPresentCurrent": {"Exponent": -1, "Value": -250},
        "EVSEPresentVoltage": {"Exponent": -1, "Value": 4000},
        "EVSEPowerLimitAchieved": False,
        "EVSECurrentLimitAchieved": False,
        "EVSEVoltageLimitAchieved": True,
        "BPT_Scheduled_DC_CLResControlMode": {"EVSEMaximumDischargePower": {"Exponent": 3, "Value": 11}},
    }
}


def test_shape():
    assert exi.to_json(LOOP_RES, "DC") == LOOP
    assert exi.from_json(LOOP, "DC").value == LOOP_RES


def test_a_list_of_one_is_a_list():
    assert isinstance(exi.to_json(APP_REQ, "AppProtocol")["supportedAppProtocolReq"]["AppProtocol"], list)


def test_simple_content_is_called_value_and_attributes_have_plain_names():
    value = xmldsig.SignatureValue(value=b"\x01", id="v")
    assert exi.to_json(value, "xmldsig") == {"SignatureValue": {"Id": "v", "value": "AQ=="}}
    assert exi.from_json({"SignatureValue": {"Id": "v", "value": "AQ=="}}, "xmldsig").value == value


def test_a_simple_element_as_fragment():
    assert exi.to_json(7, "DC", "fragment", "TimeStamp") == {"TimeStamp": 7}
    assert exi.from_json({"TimeStamp": 7}, "DC", "fragment").value == 7


def broken(**changes):
    data = copy.deepcopy(LOOP)
    for name, value in changes.items():
        if value is None:
            del data["DC_ChargeLoopRes"][name]
        else:
            data["DC_ChargeLoopRes"][name] = value
    return data


@pytest.mark.parametrize(
    ("data", "path", "reason"),
    [
        ([], "", "a JSON object with one member"),
        ({}, "", "a JSON object with one member"),
        ({"A": {}}, "A", "no root of DC"),
        ({"KeyInfo": {}}, "KeyInfo", "content is required, but missing"),
        ({"DC_ChargeLoopRes": []}, "DC_ChargeLoopRes", "a JSON object is needed"),
        (broken(Header=None), "DC_ChargeLoopRes", "Header is required, but missing"),
        (broken(Other=1), "DC_ChargeLoopRes", "Other is not expected"),
        (broken(ResponseCode=1), "DC_ChargeLoopRes/ResponseCode", "must be a JSON string"),
        (broken(EVSEPresentVoltage={"Exponent": 0}), "DC_ChargeLoopRes/EVSEPresentVoltage", "Value is required"),
        (
            broken(EVSEPresentVoltage={"Exponent": 0, "Value": 1.5}),
            "DC_ChargeLoopRes/EVSEPresentVoltage/Value",
            "an integer -32768..32767 is needed, not 1.5",
        ),
        (broken(BPT_Scheduled_DC_CLResControlMode=None), "DC_ChargeLoopRes", "is required, but missing"),
        (broken(Scheduled_DC_CLResControlMode={}), "DC_ChargeLoopRes", "excludes another member"),
        (broken(Receipt={"TimeAnchor": 0, "TaxCosts": {}}), "DC_ChargeLoopRes/Receipt", "must be a JSON array"),
        (
            broken(Receipt={"TimeAnchor": 0, "TaxCosts": [*LOOP["DC_ChargeLoopRes"]["Receipt"]["TaxCosts"], {}]}),
            "DC_ChargeLoopRes/Receipt/TaxCosts[2]",
            "TaxRuleID is required",
        ),
        (
            broken(Receipt={"TimeAnchor": 0, "TaxCosts": LOOP["DC_ChargeLoopRes"]["Receipt"]["TaxCosts"] * 11}),
            "DC_ChargeLoopRes/Receipt/TaxCosts",
            "11 times, not 0..10",
        ),
    ],
)
def test_what_is_not_valid_is_refused_where_it_is(data, path, reason):
    with pytest.raises(CodecError) as caught:
        exi.from_json(data, "DC")
    assert caught.value.path == path
    assert reason in caught.value.reason


def test_two_alternatives_of_a_choice_exclude_each_other():
    parameter = {"Parameter": {"Name": "x", "boolValue": True, "intValue": 1}}
    with pytest.raises(CodecError, match="only one of boolValue, intValue may be there"):
        exi.from_json(parameter, "CommonMessages", "fragment")
