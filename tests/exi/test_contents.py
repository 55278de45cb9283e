"""Free content of XML signature: texts, repeated choices, wildcards, fields that belong together."""

from __future__ import annotations

import json

import pytest

from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.exi.contents import MAX_NESTING, expected
from iso15118.exi.grammar import MAX_UNBOUNDED_ITEMS, schema_grammar
from iso15118.messages import xmldsig
from iso15118.messages.model import Child, QName

DS = xmldsig.XMLNS.uri


def child(name, value):
    return Child(QName(name, DS), value)


def record_of(local):
    return next(e.record for e in schema_grammar("xmldsig").document if e.name.local == local)


KEY_INFO = xmldsig.KeyInfo(
    id="k",
    content=(
        "see ",
        child("KeyName", "grid"),
        child(
            "X509Data",
            xmldsig.X509Data(content=(child("X509SKI", b"\1"), child("X509CRL", b""), child("X509SKI", b"\2"))),
        ),
        " and ",
        child(
            "KeyValue", xmldsig.KeyValue(content=(child("DSAKeyValue", xmldsig.DSAKeyValue(p=b"p", q=b"q", y=b"y")),))
        ),
        child("SPKIData", xmldsig.SPKIData(content=(child("SPKISexp", b"a"), child("SPKISexp", b"b")))),
        child("PGPData", xmldsig.PGPData(content=(child("PGPKeyPacket", b"packet"),))),
    ),
)
OBJECT = xmldsig.Object(
    mime_type="x/y",
    content=(
        "\t",
        child("DigestValue", b"digest"),
        " ",
        child("Object", xmldsig.Object(content=(child("KeyName", "in"),))),
    ),
)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("message", [KEY_INFO, OBJECT], ids=["KeyInfo", "Object"])
@pytest.mark.parametrize("key", ["xmldsig", "DC"])
def test_free_content_survives_every_form(message, key):
    assert exi.read(exi.encode(message, key), key).value == message
    assert exi.from_xml(exi.to_xml(message, key), key).value == message
    assert exi.from_json(json.loads(json.dumps(exi.to_json(message, key))), key).value == message


def test_free_content_as_xml_and_json():
    assert exi.to_xml(OBJECT, "xmldsig") == (
        f'<ds:Object xmlns:ds="{DS}" MimeType="x/y">\t<ds:DigestValue>ZGlnZXN0</ds:DigestValue> '
        "<ds:Object><ds:KeyName>in</ds:KeyName></ds:Object></ds:Object>"
    )
    assert exi.to_json(OBJECT, "xmldsig") == {
        "Object": {
            "MimeType": "x/y",
            "content": ["\t", {"DigestValue": "ZGlnZXN0"}, " ", {"Object": {"content": [{"KeyName": "in"}]}}],
        }
    }


def both_refuse(message, reason, path):
    for write in (exi.encode, exi.to_xml, exi.to_json):
        with pytest.raises(CodecError, match=reason) as caught:
            write(message, "xmldsig")
        assert caught.value.path == path


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(
    ("message", "reason", "path"),
    [
        (xmldsig.KeyInfo(content=()), "ends too early; expected: KeyName", "KeyInfo"),
        (xmldsig.KeyInfo(content=("only text",)), "ends too early; expected: KeyName", "KeyInfo"),
        (
            xmldsig.KeyInfo(content=(child("P", b""),)),
            "P may not stand here: only elements of another namespace",
            "KeyInfo",
        ),
        (xmldsig.KeyInfo(content=(child("DigestValue", b""),)), "only elements of another namespace", "KeyInfo"),
        (xmldsig.KeyInfo(content=(Child("KeyName", "v"),)), "a QName of two texts, not a str", "KeyInfo"),
        (xmldsig.KeyInfo(content=(Child(["a"], "v"),)), "a QName of two texts, not a list", "KeyInfo"),
        (xmldsig.KeyInfo(content=(Child(QName("KeyName", 5), "v"),)), "a QName of two texts", "KeyInfo"),
        (xmldsig.DigestMethod(algorithm="a", content=None), "a tuple is needed, not a NoneType", "DigestMethod"),
        (xmldsig.Object(content=[]), "a tuple is needed, not a list", "Object"),
        (xmldsig.KeyInfo(content=(7,)), "a Child or str is needed, not a int", "KeyInfo"),
        (xmldsig.KeyInfo(content=(child("KeyName", 7),)), "a str is needed", "KeyInfo/KeyName[1]"),
        (xmldsig.Object(content=("a", "b")), "one next to another", "Object"),
        (xmldsig.Object(content=("",)), "an empty text", "Object"),
        (xmldsig.Object(content=("\0",)), "XML can't carry", "Object/#text[1]"),
        (xmldsig.X509Data(content=("a",)), "text between elements is not expected", "X509Data"),
        (xmldsig.SPKIData(content=(child("SPKISexp", b""), child("X509SKI", b""))), "may not stand here", "SPKIData"),
        (xmldsig.PGPData(content=(child("PGPKeyPacket", b""),) * 2), "may not stand here", "PGPData"),
        (xmldsig.KeyValue(content=(child("KeyName", ""),)), "may not stand here", "KeyValue"),
        (xmldsig.DSAKeyValue(p=b"p", y=b"y"), "Y is not expected; expected: Q", "DSAKeyValue"),
        (xmldsig.DSAKeyValue(q=b"q", y=b"y"), "Q is not expected; expected: P, G, Y", "DSAKeyValue"),
        (xmldsig.DSAKeyValue(y=b"y", seed=b"s"), "incomplete; expected: PgenCounter", "DSAKeyValue"),
        (xmldsig.Object(content=(child("KeyName", "a"),) * (MAX_UNBOUNDED_ITEMS + 1)), "65 times, not 0..64", "Object"),
    ],
)
def test_what_the_content_model_does_not_take_is_refused(message, reason, path):
    both_refuse(message, reason, path)


def nested(levels):
    value = xmldsig.Object()
    for _ in range(levels):
        value = xmldsig.Object(content=(child("Object", value),))
    return value


def test_wildcards_inside_one_another_have_a_limit():
    deep = nested(MAX_NESTING)
    data, text, plain = exi.encode(deep, "xmldsig"), exi.to_xml(deep, "xmldsig"), exi.to_json(deep, "xmldsig")
    assert exi.decode(data, "xmldsig") == exi.from_xml(text, "xmldsig").value == exi.from_json(plain, "xmldsig").value
    both_refuse(
        nested(MAX_NESTING + 1),
        "wildcards inside one another",
        "/".join(["Object"] + ["Object[1]"] * (MAX_NESTING + 1)),
    )
    both_refuse(nested(400), "wildcards inside one another", "/".join(["Object"] + ["Object[1]"] * (MAX_NESTING + 1)))

    text = text.replace("<ds:Object/>", "<ds:Object><ds:Object/></ds:Object>")
    with pytest.raises(CodecError, match="wildcards inside one another"):
        exi.from_xml(text, "xmldsig")
    level = plain
    for _ in range(MAX_NESTING):
        (level,) = level["Object"]["content"]
    level["Object"]["content"] = [{"Object": {}}]
    with pytest.raises(CodecError, match="wildcards inside one another"):
        exi.from_json(plain, "xmldsig")


def test_the_states_of_a_repeated_sequence():
    """After each SPKISexp another may come; a wildcard's code is behind every name's, wherever the schema has it."""
    record = record_of("SPKIData")
    assert expected(record.content) == "SPKISexp"
    after = record.content.productions[0].after
    assert after is not None
    assert expected(after[2]) == "SPKISexp, any element, the end"
    assert after[2].width == 2


def test_the_states_of_two_sequences_that_share_an_element():
    record = record_of("PGPData")
    assert expected(record.content) == "PGPKeyID, PGPKeyPacket"
    behind_id, behind_packet = (p.after[2] for p in record.content.productions)
    assert expected(behind_id) == "PGPKeyPacket, any element, the end"
    assert expected(behind_packet) == "any element, the end"


def test_pieces_of_text_in_a_stream_are_one_text():
    """Object: text (code 5 of 0..5), twice, then the end; written by hand since no writer makes it."""
    bits = "10000000" + "01001" + "101" + "00000011" + "01100001" + "10" + "00000011" + "01100010" + "01"
    data = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    assert exi.decode(data, "xmldsig") == xmldsig.Object(content=("ab",))
