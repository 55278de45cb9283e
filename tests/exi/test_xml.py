from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.exi import xml
from iso15118.messages import xmldsig
from iso15118.messages.iso20.common import authorization, certificate_installation
from tests.exi.samples import APP_REQ, CABLE_CHECK_RES, HEADER, LOOP_RES

DC = "urn:iso:std:iso:15118:-20:DC"
CT = "urn:iso:std:iso:15118:-20:CommonTypes"
CABLE_CHECK_RES_XML = (
    f'<dc:DC_CableCheckRes xmlns:dc="{DC}" xmlns:ct="{CT}"><ct:Header><ct:SessionID>0102030405060708</ct:SessionID>'
    "<ct:TimeStamp>300</ct:TimeStamp></ct:Header><ct:ResponseCode>FAILED</ct:ResponseCode>"
    "<dc:EVSEProcessing>Ongoing</dc:EVSEProcessing></dc:DC_CableCheckRes>"
)


def test_no_declaration_no_white_space_canonical_forms():
    assert exi.to_xml(CABLE_CHECK_RES, "DC") == CABLE_CHECK_RES_XML
    text = exi.to_xml(LOOP_RES, "DC")
    assert "<ct:MeterID>M &lt;1&gt; &amp; ☃</ct:MeterID>" in text
    assert "<ct:MeterSignature>AP8=</ct:MeterSignature>" in text
    assert "<dc:EVSEVoltageLimitAchieved>true</dc:EVSEVoltageLimitAchieved>" in text


def test_local_elements_of_the_handshake_are_unqualified():
    assert exi.to_xml(APP_REQ, "AppProtocol").startswith(
        '<ap:supportedAppProtocolReq xmlns:ap="urn:iso:15118:2:2010:AppProtocol"><AppProtocol><ProtocolNamespace>'
    )


def test_an_empty_type_is_an_empty_element():
    message = authorization.AuthorizationReq(
        header=HEADER,
        selected_authorization_service=authorization.Authorization.EIM,
        eim_a_req_authorization_mode=authorization.EIM_AReqAuthorizationMode(),
    )
    text = exi.to_xml(message, "CommonMessages")
    assert text.endswith("<m:EIM_AReqAuthorizationMode/></m:AuthorizationReq>")
    assert exi.from_xml(text, "CommonMessages").value == message


@pytest.mark.parametrize("text", ["\r", "a\r\nb", "\t\n ", " x ", "]]>", "<&>\"'", "\U0001f600", "", "é"])
def test_text_survives_exactly_in_elements_and_attributes(text):
    chain = certificate_installation.SignedCertificateChain(id=text, certificate=b"")
    written = exi.to_xml(chain, "CommonMessages", "fragment")
    assert exi.from_xml(written, "CommonMessages", "fragment").value == chain
    message = msgspec.structs.replace(LOOP_RES.meter_info, meter_id=text)
    written = exi.to_xml(message, "DC", "fragment")
    assert exi.from_xml(written, "DC", "fragment").value == message


def test_simple_content_beside_an_attribute():
    value = xmldsig.SignatureValue(value=b"\x01", id="v")
    text = exi.to_xml(value, "xmldsig")
    assert text == f'<ds:SignatureValue xmlns:ds="{xmldsig.XMLNS.uri}" Id="v">AQ==</ds:SignatureValue>'
    assert exi.from_xml(text, "xmldsig").value == value


def test_prefixes_comments_and_white_space_between_elements_are_free():
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
        <!-- a cable check -->
        <DC_CableCheckRes xmlns="{DC}" xmlns:c="{CT}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                          xsi:schemaLocation="{DC} V2G_CI_DC.xsd">
          <c:Header><c:SessionID> 0102030405<!-- split -->060708 </c:SessionID><c:TimeStamp>+300</c:TimeStamp></c:Header>
          <c:ResponseCode><![CDATA[FAILED]]></c:ResponseCode><?skip me?>
          <EVSEProcessing>Ongoing</EVSEProcessing>
        </DC_CableCheckRes>"""
    assert exi.from_xml(text, "DC").value == CABLE_CHECK_RES


@pytest.mark.parametrize(
    ("old", "new", "path", "reason"),
    [
        ("<dc:DC_CableCheckRes", "<DC_CableCheckRes", "", "not well-formed"),
        ("dc:DC_CableCheckRes", "dc:Unknown", "Unknown", "no root of DC"),
        ("dc:DC_CableCheckRes", "dc:EVSEProcessing", "EVSEProcessing", "no root of DC"),
        ("dc:EVSEProcessing", "dc:Processing", "DC_CableCheckRes", "Processing is not expected; expected: EVSEProc"),
        ("dc:EVSEProcessing", "ct:EVSEProcessing", "DC_CableCheckRes", "not expected"),
        ("<dc:EVSEProcessing>Ongoing</dc:EVSEProcessing>", "", "DC_CableCheckRes", "ends too early; expected: EVSEP"),
        ("<ct:ResponseCode>", "<ct:ResponseCode a='b'>", "DC_CableCheckRes/ResponseCode", "attribute a is not"),
        (">FAILED<", "><b/>FAILED<", "DC_CableCheckRes/ResponseCode", "b is not expected; a value is"),
        (">FAILED<", ">failed<", "DC_CableCheckRes/ResponseCode", "'failed' is no literal of ResponseCode"),
        (">300<", ">-1<", "DC_CableCheckRes/Header/TimeStamp", "-1 is not an integer 0..18446744073709551615"),
        ("<ct:Header>", "<ct:Header>text", "DC_CableCheckRes/Header", "text between elements"),
        ("</ct:Header>", "</ct:Header>text", "DC_CableCheckRes", "text between elements"),
        (
            "</ct:Header>",
            f'<Signature xmlns="{xmldsig.XMLNS.uri}"><KeyInfo/></Signature></ct:Header>',
            "DC_CableCheckRes/Header/Signature",
            "KeyInfo is not expected; expected: @Id, SignedInfo",
        ),
    ],
)
def test_what_is_not_valid_is_refused_where_it_is(old, new, path, reason):
    with pytest.raises(CodecError) as caught:
        exi.from_xml(CABLE_CHECK_RES_XML.replace(old, new), "DC")
    assert caught.value.path == path
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    ("text", "path", "reason"),
    [
        ("<d:Transform xmlns:d='{0}'/>", "Transform", "attribute Algorithm is required, but missing"),
        ("<d:Transform xmlns:d='{0}' Algorithm='a'><d:X/></d:Transform>", "Transform", "X may not stand here"),
        ("<d:X509Data xmlns:d='{0}'>text</d:X509Data>", "X509Data", "text between elements"),
        ("<d:Transform xmlns:d='{0}' d:Algorithm='a'/>", "Transform", "attribute Algorithm is not expected"),
        ("<d:SignatureValue xmlns:d='{0}'><b/></d:SignatureValue>", "SignatureValue", "b is not expected"),
        ("<d:SignatureValue xmlns:d='{0}'>?</d:SignatureValue>", "SignatureValue/text()", "not base64: '?'"),
        ("<d:KeyInfo xmlns:d='{0}'/>", "KeyInfo", "ends too early; expected: @Id, KeyName, KeyValue"),
        ("<d:KeyInfo xmlns:d='{0}'>text</d:KeyInfo>", "KeyInfo", "ends too early; expected: @Id, KeyName, KeyValue"),
    ],
)
def test_attributes_and_refused_branches(text, path, reason):
    with pytest.raises(CodecError) as caught:
        exi.from_xml(text.format(xmldsig.XMLNS.uri), "xmldsig")
    assert caught.value.path == path
    assert reason in caught.value.reason


@pytest.mark.parametrize("text", ["", "<", "<a>", "<a/><b/>", "text", "<a>\x00</a>", "<a>\ud800</a>", "<a>&b;</a>"])
def test_what_is_no_xml_is_refused(text):
    with pytest.raises(CodecError):
        exi.from_xml(text, "DC")


@pytest.mark.parametrize(
    "subset", ['<!ENTITY a "FAILED">', '<!ENTITY a SYSTEM "file:///etc/passwd">', '<!ENTITY % a "b">', ""]
)
def test_a_doctype_is_refused(subset):
    text = CABLE_CHECK_RES_XML.replace("FAILED", "&a;" if "ENTITY a" in subset else "FAILED")
    with pytest.raises(CodecError, match="DOCTYPE"):
        exi.from_xml(f"<!DOCTYPE x [{subset}]>{text}", "DC")


def test_entities_do_not_multiply():
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    with pytest.raises(CodecError):
        exi.from_xml(f'<!DOCTYPE x [<!ENTITY a0 "0123456789">{entities}]><x b="&a9;">&a9;</x>', "DC")


def test_the_length_of_a_text_is_limited(monkeypatch):
    monkeypatch.setattr(xml, "MAX_XML_CHARACTERS", 100)
    with pytest.raises(CodecError, match="more than the limit of 100"):
        exi.from_xml(CABLE_CHECK_RES_XML, "DC")


def test_without_lxml_writing_works_and_reading_says_what_to_install():
    program = (
        "import sys; sys.modules['lxml'] = None\n"
        "from iso15118 import exi\n"
        "from iso15118.errors import MissingExtra\n"
        "from tests.exi.samples import CABLE_CHECK_RES\n"
        "text = exi.to_xml(CABLE_CHECK_RES, 'DC')\n"
        "try: exi.from_xml(text, 'DC')\n"
        "except MissingExtra as error: assert 'evbpt[xml]' in str(error)\n"
        "else: raise SystemExit(1)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
