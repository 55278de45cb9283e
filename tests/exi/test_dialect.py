"""Where deployed codecs differ: each option, both ways, and the default without it."""

from __future__ import annotations

import pytest

from iso15118 import exi
from iso15118.errors import CodecError, LocalError
from iso15118.exi import Dialect
from iso15118.exi.bits import BitWriter
from iso15118.messages import app, xmldsig
from iso15118.messages.iso20 import acdp
from tests.exi.samples import CABLE_CHECK_RES, CABLE_CHECK_RES_EXI, LOOP_RES
from tests.exi.vectors import DATA, load, sample

CBEXIGEN = Dialect(acdp_roots="cbexigen")
END = Dialect(empty_values="end")
TABLES = Dialect(string_tables="read")
ACDP = [v for v in sample() if v["key"] == "ACDP" and v["mode"] == "document"]


def root_code(data: bytes) -> int:
    return data[1] >> 2


def test_the_two_orders_of_acdp_roots():
    seen = {}
    for vector in ACDP:
        content = exi.read(bytes.fromhex(vector["exi"]), "ACDP")
        ours, theirs = (
            exi.encode(content.value, "ACDP", element=content.name, dialect=d) for d in (exi.SCHEMA, CBEXIGEN)
        )
        seen[content.name.local] = (root_code(ours), root_code(theirs))
        assert exi.read(theirs, "ACDP", dialect=CBEXIGEN) == content
        assert ours[2:] == theirs[2:]
    assert seen["ACDP_ConnectReq"] == (0, 0)
    assert seen["ACDP_ConnectRes"] == (1, 2)
    assert seen["ACDP_DisconnectReq"] == (2, 1)
    assert seen["ACDP_DisconnectRes"] == (3, 3)


def test_the_order_of_acdp_roots_is_that_of_documents_of_acdp_only():
    assert exi.encode(CABLE_CHECK_RES, "DC", dialect=CBEXIGEN) == CABLE_CHECK_RES_EXI
    name = "ACDP_ConnectReq"
    vector = next(v for v in ACDP if v["message"] == name)
    message = exi.decode(bytes.fromhex(vector["exi"]), "ACDP")
    assert type(message).__module__ == acdp.__name__
    assert exi.encode(message, "ACDP", "fragment", name, CBEXIGEN) == exi.encode(message, "ACDP", "fragment", name)


def test_both_forms_of_empty_values_are_written():
    both = [v for v in sample() if "exi_empty_ch" in v]
    assert len(both) > 10
    for vector in both:
        content = exi.read(bytes.fromhex(vector["exi"]), vector["key"], vector["mode"])
        assert content.empty_ends > 0
        written = exi.encode(content.value, vector["key"], vector["mode"], content.name, END)
        assert written.hex() == vector["exi"]
        assert exi.read(bytes.fromhex(vector["exi_empty_ch"]), vector["key"], vector["mode"]).empty_ends == 0


def test_an_empty_value_beside_attributes_in_both_forms():
    for value in (xmldsig.SignatureValue(value=b""), xmldsig.SignatureValue(value=b"", id="a")):
        plain, end = (exi.encode(value, "xmldsig", dialect=d) for d in (exi.SCHEMA, END))
        assert plain != end
        assert exi.read(end, "xmldsig") == exi.read(plain, "xmldsig")
        assert exi.read(end, "xmldsig").empty_ends == 1


@pytest.mark.parametrize(
    ("option", "data", "reason"),
    [
        ("trailing_zeros", CABLE_CHECK_RES_EXI + bytes(2), "2 zero octets after the end"),
        (
            "padding",
            CABLE_CHECK_RES_EXI[:-1] + bytes([CABLE_CHECK_RES_EXI[-1] | 0b11]),
            "padding bits other than zero: 0b11",
        ),
    ],
)
def test_what_is_tolerated_is_reported_and_can_be_refused(option, data, reason):
    content = exi.read(data, "DC")
    assert content.value == CABLE_CHECK_RES
    assert content.trailing_octets + content.padding > 0
    with pytest.raises(CodecError, match=reason):
        exi.read(data, "DC", dialect=Dialect(**{option: "refuse"}))
    with pytest.raises(CodecError, match=reason):
        exi.decode(data, "DC", Dialect(**{option: "refuse"}))
    assert exi.decode(CABLE_CHECK_RES_EXI, "DC", Dialect(**{option: "refuse"})) == CABLE_CHECK_RES


def test_an_end_without_a_value_can_be_refused():
    data = exi.encode(xmldsig.SignatureValue(value=b""), "xmldsig", dialect=END)
    with pytest.raises(CodecError, match="1 empty values that are written as an end"):
        exi.read(data, "xmldsig", dialect=Dialect(empty_ends="refuse"))


def handshake(*strings: tuple[int, str]) -> bytes:
    """A SupportedAppProtocolReq whose namespaces are spelled out or, with a table and a place, referred to."""
    writer = BitWriter()
    writer.bits(0x80 << 2, 10)
    for number, (table, text) in enumerate(strings):
        writer.bits(0, 1 if number == 0 else 2)
        writer.bits(0, 2)  # ProtocolNamespace, its characters
        if table < 0:
            writer.unsigned(len(text) + 2)
            writer.octets(text.encode())
        else:
            writer.unsigned(table)
            writer.bits(int(text, 2) if text else 0, len(text))
        writer.bits(0, 1)
        for value in (1, 0):
            writer.bits(0, 2)
            writer.unsigned(value)
            writer.bits(0, 1)
        writer.bits(0, 2)
        writer.bits(number, 8)
        writer.bits(0, 1)
        writer.bits(0, 2)
        writer.bits(number, 5)
        writer.bits(0, 1)
        writer.bits(0, 1)
    writer.bits(1, 2)
    return writer.finish()


def protocols(*names: str) -> app.SupportedAppProtocolReq:
    return app.SupportedAppProtocolReq(
        app_protocol=tuple(
            app.AppProtocol(
                protocol_namespace=name,
                version_number_major=1,
                version_number_minor=0,
                schema_id=number,
                priority=number + 1,
            )
            for number, name in enumerate(names)
        )
    )


def test_references_to_strings_are_read_on_request_only():
    """Table 0 is that of the element, 1 that of the stream; a place takes as many bits as the table needs."""
    assert exi.encode(protocols("a", "b"), "AppProtocol") == handshake((-1, "a"), (-1, "b"))
    data = handshake((-1, "a"), (0, ""), (-1, "b"), (0, "1"), (1, "0"), (-1, "c"), (0, "10"))
    assert exi.decode(data, "AppProtocol", TABLES) == protocols("a", "a", "b", "b", "a", "c", "c")
    with pytest.raises(CodecError, match="a string table reference") as caught:
        exi.decode(data, "AppProtocol")
    assert caught.value.path == "supportedAppProtocolReq/AppProtocol[2]/ProtocolNamespace"


@pytest.mark.parametrize("strings", [((0, ""),), ((1, ""),), ((-1, "a"), (-1, "b"), (-1, "c"), (0, "11"))])
def test_a_reference_to_nothing_is_refused(strings):
    with pytest.raises(CodecError, match=r"string \d of a table that has \d"):
        exi.decode(handshake(*strings), "AppProtocol", TABLES)


def test_tables_do_not_change_a_stream_without_references():
    for vector in load(DATA / "exi_vectors.jsonl.gz"):
        data = bytes.fromhex(vector["exi"])
        assert exi.read(data, vector["key"], vector["mode"], TABLES) == exi.read(data, vector["key"], vector["mode"])


def test_an_option_that_is_none_is_the_callers_mistake():
    with pytest.raises(LocalError, match="dialect: acdp_roots is schema or cbexigen, not 'cbv2g'"):
        Dialect(acdp_roots="cbv2g")


def test_a_message_survives_every_dialect():
    for dialect in (CBEXIGEN, END, TABLES):
        assert exi.decode(exi.encode(LOOP_RES, "DC", dialect=dialect), "DC", dialect) == LOOP_RES
