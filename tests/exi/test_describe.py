"""The grammar as a tree that people read: what stands there is what the codec does."""

from __future__ import annotations

import re

import pytest

from iso15118.errors import CodecError, LocalError
from iso15118.exi.describe import describe_element, describe_roots, type_text
from iso15118.exi.grammar import schema_grammar
from iso15118.messages.registry import KEYS
from tests.exi.samples import CABLE_CHECK_RES_EXI

PROCESSING = "Processing, 3 literals, 2 bits: Finished, Ongoing, Ongoing_WaitingForCustomerInteraction"


def row(lines: list[str], name: str) -> list[str]:
    """Cells of the first row of that name."""
    (line,) = [line for line in lines if line.strip().split("  ")[0] == name][:1]
    return re.split(r"  +", line.strip())


def test_a_message_as_a_tree():
    lines = describe_element("DC", "DC_CableCheckRes")
    assert lines == [
        "DC_CableCheckRes of DC: document code 12, bits 001100; fragment code 22, bits 00010110",
        "",
        "element         times  code    type",
        "Header          1      0       MessageHeader",
        "  SessionID     1      0       hexBinary, 8 octets",
        "  TimeStamp     1      0       integer 0..2^64-1, octets of 7 bits",
        "  Signature     0..1   00      Signature (see: v2g exi schema xmldsig Signature)",
        "  (end)                01 | 0",
        "ResponseCode    1      0       ResponseCode, 40 literals, 6 bits",
        f"EVSEProcessing  1      0       {PROCESSING}",
        "(end)                  0",
    ]


def test_codes_are_those_of_the_stream():
    """The bits of the worked example, taken from the tree in the order of the message."""
    lines = describe_element("DC", "DC_CableCheckRes")
    header, root = "10000000", re.findall(r"bits (\d+);", lines[0])[0]
    session_id = "00001000" + "".join(f"{octet:08b}" for octet in range(1, 9))
    literals = {line.split()[1]: line.split()[0] for line in describe_element("DC", "EVSEProcessing")[2:]}
    codes = {line.split()[1]: line.split()[0] for line in describe_element("DC", "ResponseCode")[2:]}
    bits = "".join(
        [
            *(header, root, row(lines, "Header")[2]),
            *(row(lines, "SessionID")[2], "0", session_id, "0"),
            *(row(lines, "TimeStamp")[2], "0", "1010110000000010", "0", row(lines, "(end)")[1].split(" | ")[0]),
            *(row(lines, "ResponseCode")[2], "0", codes["FAILED"], "0"),
            *(row(lines, "EVSEProcessing")[2], "0", literals["Ongoing"], "0", "0"),
        ]
    )
    assert int(bits.ljust(8 * len(CABLE_CHECK_RES_EXI), "0"), 2).to_bytes(len(CABLE_CHECK_RES_EXI), "big") == (
        CABLE_CHECK_RES_EXI
    )


def test_substitutes_choices_lists_attributes():
    loop = describe_element("DC", "DC_ChargeLoopReq")
    at = next(index for index, line in enumerate(loop) if line.startswith("one of the substitutes"))
    members = [line.split()[:2] for line in loop[at:] if re.match(r"  \w", line) and not line.startswith("    ")]
    assert members == [
        ["BPT_Dynamic_DC_CLReqControlMode", "000"],
        ["BPT_Scheduled_DC_CLReqControlMode", "001"],
        ["CLReqControlMode", "010"],
        ["Dynamic_DC_CLReqControlMode", "011"],
        ["Scheduled_DC_CLReqControlMode", "100"],
    ]
    assert "refused: CLReqControlMode is abstract: one of its substitutes must stand here" in "\n".join(loop)
    details = describe_element("CommonMessages", "ServiceDetailRes")
    assert row(details, "ParameterSet") == ["ParameterSet", "1..32", "0 | 00", "ParameterSet"]
    assert row(details, "@Name") == ["@Name", "1", "0", "text, 0..80 characters"]
    assert row(details, "one of") == ["one of", "1"]
    assert row(details, "finiteString")[1] == "101"


def test_an_element_has_a_code_for_each_state_it_can_come_in():
    loop = describe_element("DC", "DC_ChargeLoopReq")
    assert row(loop, "MeterInfoRequested")[2] == "01 | 0"
    assert row(loop, "InletHot")[2].endswith("| ...")  # not more than four are shown


def test_signatures_are_spelled_out_on_request():
    brief, full = (describe_element("DC", "DC_CableCheckReq", signatures=wanted) for wanted in (False, True))
    assert not any("SignedInfo" in line for line in brief)
    assert row(full, "SignedInfo")[:2] == ["SignedInfo", "1"]
    signed_info = describe_element("xmldsig", "SignedInfo")
    assert row(signed_info, "@Algorithm")[1] == "1"
    assert row(signed_info, "(text between elements)")[2] == "10"
    assert row(signed_info, "(any element)")[1] == "00"


def test_content_models_are_regular_expressions():
    assert describe_element("xmldsig", "PGPData")[2:] == [
        "element          times  code     type",
        "content                          ((PGPKeyID, PGPKeyPacket?, (any element)*) | (PGPKeyPacket, (any element)*))",
        "  PGPKeyID              00       base64Binary",
        "  PGPKeyPacket          01 | 00  base64Binary",
        "  (any element)         01 | 00  refused: elements of another namespace only, of which none is supported",
        "(end)                   10 | 01",
    ]
    assert row(describe_element("xmldsig", "Object"), "(any element)")[-1] == (
        "a global element of XML signature, by its name"
    )
    dsa = describe_element("xmldsig", "DSAKeyValue")
    assert row(dsa, "content")[-1] == "((P, Q)?, G?, Y, J?, (Seed, PgenCounter)?)"
    assert row(dsa, "Q")[1:3] == ["0..1", "0"]  # once P has come, Q must
    assert dsa[-1].startswith("(end)")


def test_a_type_is_spelled_out_once():
    lines = describe_element("DC", "DC_ChargeLoopRes")
    assert sum(line.strip().startswith("Exponent") for line in lines) == 1
    assert any(line.endswith("RationalNumber (as above)") for line in lines)


def test_simple_elements_show_their_values():
    assert describe_element("DC", "EVSEProcessing") == [
        "EVSEProcessing of DC: fragment code 70, bits 01000110",
        f"value: {PROCESSING}",
        "  00  Finished",
        "  01  Ongoing",
        "  10  Ongoing_WaitingForCustomerInteraction",
    ]


def test_roots_of_a_schema_set():
    assert describe_roots("AppProtocol") == [
        "AppProtocol: urn:iso:15118:2:2010:AppProtocol",
        "documents: 2 roots, codes of 2 bits",
        "fragments: 9 elements, codes of 4 bits; 10 ends one",
        "",
        "code  bits  fragment  root",
        "0     00    7         supportedAppProtocolReq",
        "1     01    8         supportedAppProtocolRes",
    ]
    abstract = [line for line in describe_roots("DC") if "CLReqControlMode" in line and "refused" in line]
    assert [line.split()[:4] for line in abstract] == [["6", "000110", "12", "CLReqControlMode"]]


@pytest.mark.parametrize("key", KEYS)
def test_every_element_of_every_set_can_be_described(key):
    schema = schema_grammar(key)
    for element in schema.fragment:
        lines = describe_element(key, element.name, signatures=True)
        assert lines[0].startswith(f"{element.name.local} of {key}: ")
        assert all(line == line.rstrip() for line in lines)
    assert len(describe_roots(key)) == 5 + len(schema.document)


def test_no_such_thing():
    with pytest.raises(CodecError, match="EVCCID"):
        describe_element("DC", "EVCCID")
    with pytest.raises(LocalError, match="no schema set"):
        describe_roots("DIN")


def test_types_in_words():
    found = {
        type_text(element.datatype)
        for element in schema_grammar("CommonMessages").fragment
        if element.datatype is not None
    }
    assert {
        "boolean, 1 bit",
        "integer 0..65535, octets of 7 bits",
        "integer -2147483648..2147483647, sign and octets of 7 bits",
        "integer, sign and octets of 7 bits",
        "base64Binary, 133 octets",
        "text, 0..255 characters",
    } <= found
