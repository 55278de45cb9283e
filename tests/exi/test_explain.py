"""What each bit of a stream means, and how far a bad stream makes sense."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from iso15118 import exi
from iso15118.errors import CodecError, LocalError
from iso15118.exi.explain import MAX_EXPLAINED_OCTETS, Explanation, explain
from iso15118.exi.grammar import schema_grammar
from iso15118.io.endpoint import MAX_MESSAGE_OCTETS
from iso15118.messages import xmldsig
from iso15118.messages.model import Child, QName
from tests.exi.samples import CABLE_CHECK_RES_EXI, HEADER, LOOP_RES
from tests.exi.test_dialect import CBEXIGEN, TABLES, handshake
from tests.exi.vectors import DATA, load

SESSION_SETUP_REQ = bytes.fromhex("808c0400810182028303840ac0220220f48080")
VECTORS = load(DATA / "exi_vectors.jsonl.gz")
MALFORMED = load(DATA / "exi_malformed.jsonl.gz")

# Bit offset, width, bits and meaning, as an independent codec and EXIficient have them; the octets of a value are one row.
HEADER_ROWS = [
    (14, 1, "0", "SE(Header)"),
    (15, 1, "0", "SE(SessionID)"),
    (16, 1, "0", "CH"),
    (17, 8, "00001000", "length 8"),
    (25, 64, "".join(f"{octet:08b}" for octet in range(1, 9)), "0102030405060708"),
    (89, 1, "0", "EE(SessionID)"),
    (90, 1, "0", "SE(TimeStamp)"),
    (91, 1, "0", "CH"),
    (92, 16, "1010110000000010", "300"),
    (108, 1, "0", "EE(TimeStamp)"),
    (109, 2, "01", "EE(Header)"),
]
SESSION_SETUP_ROWS = [
    (0, 8, "10000000", "header"),
    (8, 6, "100011", "SE(SessionSetupReq)"),
    *HEADER_ROWS,
    (111, 1, "0", "SE(EVCCID)"),
    (112, 1, "0", "CH"),
    (113, 8, "00000100", "length 2"),
    (121, 24, "010000011110100100000001", "'Aé'"),
    (145, 1, "0", "EE(EVCCID)"),
    (146, 1, "0", "EE(SessionSetupReq)"),
    (147, 5, "00000", "padding"),
]
CABLE_CHECK_ROWS = [
    (0, 8, "10000000", "header"),
    (8, 6, "001100", "SE(DC_CableCheckRes)"),
    *HEADER_ROWS,
    (111, 1, "0", "SE(ResponseCode)"),
    (112, 1, "0", "CH"),
    (113, 6, "010101", "FAILED"),
    (119, 1, "0", "EE(ResponseCode)"),
    (120, 1, "0", "SE(EVSEProcessing)"),
    (121, 1, "0", "CH"),
    (122, 2, "01", "Ongoing"),
    (124, 1, "0", "EE(EVSEProcessing)"),
    (125, 1, "0", "EE(DC_CableCheckRes)"),
    (126, 2, "00", "padding"),
]


def rows(explanation: Explanation) -> list[tuple[int, int, str, str]]:
    return [(step.bit, step.width, step.bits, step.what) for step in explanation.steps]


def bits(data: bytes) -> str:
    return "".join(f"{octet:08b}" for octet in data)


@pytest.mark.parametrize(
    ("data", "key", "expected"),
    [(SESSION_SETUP_REQ, "CommonMessages", SESSION_SETUP_ROWS), (CABLE_CHECK_RES_EXI, "DC", CABLE_CHECK_ROWS)],
    ids=["SessionSetupReq", "DC_CableCheckRes"],
)
def test_worked_examples(data, key, expected):
    explanation = explain(data, key)
    assert rows(explanation) == expected
    assert explanation.error is None
    assert explanation.content == exi.read(data, key)


def test_events_know_their_state_and_depth():
    steps = explain(SESSION_SETUP_REQ, "CommonMessages").steps
    told = [(step.event, step.name, step.declared, step.depth) for step in steps if step.event in ("SE", "EE")]
    assert told == [
        ("SE", "SessionSetupReq", 54, 0),
        ("SE", "Header", 1, 1),
        ("SE", "SessionID", 1, 2),
        ("EE", "SessionID", 1, 2),
        ("SE", "TimeStamp", 1, 2),
        ("EE", "TimeStamp", 1, 2),
        ("EE", "Header", 2, 1),
        ("SE", "EVCCID", 1, 1),
        ("EE", "EVCCID", 1, 1),
        ("EE", "SessionSetupReq", 1, 0),
    ]


def test_lines_are_a_table_indented_by_depth():
    lines = list(explain(CABLE_CHECK_RES_EXI, "DC").lines())
    assert lines[0] == "   bit  width  bits                      event"
    assert lines[5] == "    16      1  0                               CH"
    assert lines[7] == "    25     64  000000010000001000000...        0102030405060708"
    assert lines[-1] == "   126      2  00                        padding"


def test_every_vector_is_explained_bit_by_bit():
    for vector in VECTORS:
        data = bytes.fromhex(vector["exi"])
        explanation = explain(data, vector["key"], vector["mode"])
        assert explanation.content == exi.read(data, vector["key"], vector["mode"])
        assert "".join(step.bits for step in explanation.steps) == bits(data)
        position = 0
        for step in explanation.steps:
            assert (step.bit, step.width) == (position, len(step.bits))
            position += step.width
        assert json.dumps([step.to_json() for step in explanation.steps])


def test_a_bad_stream_is_explained_up_to_its_fault():
    faulty = 0
    for vector in MALFORMED:
        data = bytes.fromhex(vector["exi"])
        mode = vector.get("mode", "document")
        explanation = explain(data, vector["key"], mode)
        assert bits(data).startswith("".join(step.bits for step in explanation.steps))
        try:
            content = exi.read(data, vector["key"], mode)
        except CodecError as error:
            faulty += 1
            assert explanation.content is None
            assert str(explanation.error) == str(error)
        else:
            assert (explanation.content, explanation.error) == (content, None)
    assert faulty > 50


@pytest.mark.parametrize(
    ("data", "last", "fault"),
    [
        ("81", (0, 8, "10000001", "not understood"), "EXI header 0x81, not 0x80 (bit 0)"),
        ("80ff", (8, 8, "11111111", "not understood"), "root code 63 is no element of DC (bit 8)"),
        (
            "80300400810182028303840ac022ff10",
            (112, 16, "1111111100010000", "not understood"),
            "DC_CableCheckRes/ResponseCode: content the schema does not declare (bit 112)",
        ),
        (
            CABLE_CHECK_RES_EXI.hex() + "01",
            (126, 10, "0000000001", "not understood"),
            "DC_CableCheckRes: 1 octets after the end of the message (bit 128)",
        ),
        ("", None, "the stream ends here (bit 0)"),
    ],
)
def test_faults(data, last, fault):
    explanation = explain(bytes.fromhex(data), "DC")
    assert rows(explanation)[-1:] == ([last] if last else [])
    assert list(explanation.lines())[-1] == f"fault: {fault}"


def test_not_more_than_the_beginning_of_what_is_not_understood_is_shown():
    data = bytes.fromhex("80ff") + bytes(1000)
    assert explain(data, "DC").steps[-1].width == 64


def test_fragments_end_with_an_event_of_their_own():
    header = exi.encode(HEADER, "DC", "fragment", "Header")
    found = rows(explain(header, "DC", "fragment"))
    assert found[1][3] == "SE(Header)"
    assert [row[1:] for row in found if row[3] == "ED"] == [(8, "10010110", "ED")]
    simple = exi.encode("x", "CommonMessages", "fragment", "EVCCID")
    assert [row[3] for row in rows(explain(simple, "CommonMessages", "fragment"))] == [
        *("header", "SE(EVCCID)", "CH", "length 1", "'x'", "EE(EVCCID)", "ED", "padding")
    ]


def test_empty_values_in_both_forms():
    """Content of length 0, or an end that the schema does not declare, behind the escape."""
    content = exi.encode("", "CommonMessages", "fragment", "EVCCID")
    assert [row[3] for row in rows(explain(content, "CommonMessages", "fragment"))][2:5] == [
        "CH",
        "length 0",
        "EE(EVCCID)",
    ]
    start = bits(content)[:17]
    end = f"{len(schema_grammar('CommonMessages').fragment) + 1:09b}"
    stream = start + "1000" + end
    data = int(stream.ljust(-(-len(stream) // 8) * 8, "0"), 2).to_bytes(-(-len(stream) // 8), "big")
    assert rows(explain(data, "CommonMessages", "fragment"))[2:4] == [
        (17, 4, "1000", "EE(EVCCID)"),
        (21, 9, end, "ED"),
    ]


def test_attributes_lists_and_long_values():
    reference = xmldsig.Reference(
        uri="#id1",
        digest_method=xmldsig.DigestMethod(algorithm="urn:x"),
        digest_value=bytes(64),
    )
    data = exi.encode(reference, "xmldsig")
    told = [row[3] for row in rows(explain(data, "xmldsig"))]
    assert told[:5] == ["header", "SE(Reference)", "AT(URI)", "length 4", "'#id1'"]
    assert "0" * 57 + "..." in told
    loop = explain(exi.encode(LOOP_RES, "DC"), "DC")
    assert [step.value for step in loop.steps if step.event == "value"][3] == LOOP_RES.meter_info.meter_id


def test_free_content_with_a_wildcard():
    name = QName("KeyName", xmldsig.XMLNS.uri)
    method = xmldsig.CanonicalizationMethod(algorithm="a", content=("hé", Child(name, "k"), "b"))
    steps = explain(exi.encode(method, "xmldsig"), "xmldsig").steps
    assert [(step.depth, step.what) for step in steps[5:]] == [
        (1, "CH"),
        (1, "length 2"),
        (1, "'hé'"),
        (1, "SE(*)"),
        (2, "name KeyName"),
        (2, "CH"),
        (2, "length 1"),
        (2, "'k'"),
        (1, "EE(KeyName)"),
        (1, "CH"),
        (1, "length 1"),
        (1, "'b'"),
        (0, "EE(CanonicalizationMethod)"),
        (0, "padding"),
    ]
    assert [step.declared for step in steps if step.event in ("SE(*)", "name")] == [3, 0]


def test_a_reference_to_a_string_is_a_value_without_a_length_of_its_own():
    data = handshake((-1, "ab"), (0, ""))
    steps = explain(data, "AppProtocol", dialect=TABLES).steps
    assert [(step.event, step.width, step.value) for step in steps if step.value == "ab"] == [
        ("value", 16, "ab"),
        ("value", 8, "ab"),
    ]
    assert "".join(step.bits for step in steps) == bits(data)
    refused = explain(data, "AppProtocol")
    assert "a string table reference" in str(refused.error)
    assert refused.steps[-1].event == "rest"


def test_roots_in_the_order_of_another_codec():
    vector = next(v for v in VECTORS if v["message"] == "ACDP_ConnectRes" and v["mode"] == "document")
    content = exi.read(bytes.fromhex(vector["exi"]), "ACDP")
    theirs = exi.encode(content.value, "ACDP", element=content.name, dialect=CBEXIGEN)
    explanation = explain(theirs, "ACDP", dialect=CBEXIGEN)
    assert explanation.steps[1].what == "SE(ACDP_ConnectRes)"
    assert explanation.content == content


def test_json_says_all_of_a_step():
    step = explain(CABLE_CHECK_RES_EXI, "DC").steps
    assert step[6].to_json() == {
        "bit": 25,
        "width": 64,
        "bits": bits(bytes(range(1, 9))),
        "event": "value",
        "name": "",
        "value": "0102030405060708",
        "declared": 0,
        "depth": 3,
    }
    assert next(each for each in step if each.bit == 113).to_json()["value"] == "FAILED"


def test_no_such_schema_set():
    with pytest.raises(LocalError, match="no schema set"):
        explain(b"\x80", "DIN")


def test_what_a_session_takes_can_be_explained_and_no_more():
    assert MAX_EXPLAINED_OCTETS == MAX_MESSAGE_OCTETS
    data = CABLE_CHECK_RES_EXI + bytes(MAX_EXPLAINED_OCTETS - len(CABLE_CHECK_RES_EXI))
    assert explain(data, "DC").error is None
    with pytest.raises(CodecError, match="65537 octets, more than the limit of 65536 for an explanation"):
        explain(data + b"\0", "DC")


def test_an_explanation_takes_a_bounded_multiple_of_its_stream():
    streams = [(bytes.fromhex(v["exi"]), v["key"], v["mode"]) for v in VECTORS if len(v["exi"]) > 400]
    data, key, mode = max(streams, key=lambda stream: len(explain(*stream).steps) / len(stream[0]))
    tracemalloc.start()
    try:
        explanation = explain(data, key, mode)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(explanation.steps) > len(data)
    assert peak < 512 * len(data)
