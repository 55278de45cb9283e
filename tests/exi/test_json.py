from __future__ import annotations

import copy
import json

import pytest

from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.exi.grammar import Event, schema_grammar
from iso15118.messages import xmldsig
from iso15118.messages.model import QName
from iso15118.messages.registry import KEYS
from tests.exi.samples import APP_REQ, LOOP_RES
from tests.exi.test_enumeration import least, smallest
from tests.strategies import possible

CT = "urn:iso:std:iso:15118:-20:CommonTypes"

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


WITHOUT_VALUES = {"IntentionalDelayPowerControl", "SignatureProperties", "SignatureProperty"}
"""Refused as a fragment for its two types; the others need an element of another namespace than XML signature's."""


@pytest.mark.parametrize("mode", ["document", "fragment"])
@pytest.mark.parametrize("key", KEYS)
def test_every_element_comes_back_under_its_own_name(key, mode):
    left_out = set()
    schema = schema_grammar(key)
    for element in schema.document if mode == "document" else schema.fragment:
        if element.refused or (element.record is not None and not possible(element.record)):
            if element.record is None or not element.record.cls.abstract:
                left_out.add(element.name.local)
            continue
        value = least(element.datatype) if element.record is None else smallest(element.record)
        tree = exi.to_json(value, key, mode, element.name)
        assert exi.from_json(json.loads(json.dumps(tree)), key, mode) == exi.Content(element.name, value)
    assert left_out <= WITHOUT_VALUES


def test_a_root_has_its_namespace_where_its_name_alone_means_another():
    name = QName("DepartureTime", CT)
    assert exi.to_json(7, "CommonMessages", "fragment", "DepartureTime") == {"DepartureTime": 7}
    tree = {f"{{{CT}}}DepartureTime": 7}
    assert exi.to_json(7, "CommonMessages", "fragment", name) == tree
    assert exi.from_json(tree, "CommonMessages", "fragment").name == name
    # It may be there where it is not needed.
    assert exi.from_json({f"{{{CT}}}TimeStamp": 7}, "DC", "fragment").name == QName("TimeStamp", CT)
    assert exi.from_json({"{}AppProtocol": PROTOCOL}, "AppProtocol", "fragment").name == QName("AppProtocol", "")


PROTOCOL = exi.to_json(APP_REQ, "AppProtocol")["supportedAppProtocolReq"]["AppProtocol"][0]


@pytest.mark.parametrize("name", ["{urn:x}TimeStamp", "{}TimeStamp", "{TimeStamp", "}TimeStamp", "{}", ""])
def test_a_namespace_that_has_no_such_element_is_refused(name):
    with pytest.raises(CodecError, match="no element of DC"):
        exi.from_json({name: 7}, "DC", "fragment")


@pytest.mark.parametrize("key", KEYS)
def test_inside_an_element_local_names_are_enough(key):
    """No class has two members of one name, and all that may stand in free content is of one namespace."""
    schema = schema_grammar(key)
    assert set(schema.local_names) <= {xmldsig.XMLNS.uri}
    for record in {element.record for element in schema.fragment if element.record is not None}:
        particles = [particle for slot in record.slots for particle in slot.particles]
        members = ["content" for each in particles if each.contents]
        members += ["value" for each in particles if each.kind is Event.CONTENT]
        for particle in particles:
            names = [element.name for element in particle.elements if not element.refused]
            if particle.contents:
                assert {name.uri for name in names} <= {xmldsig.XMLNS.uri}
                assert len({name.local for name in names}) == len(names)
            elif particle.kind is not Event.CONTENT:
                members += [name.local for name in names]
        assert len(set(members)) == len(members)
