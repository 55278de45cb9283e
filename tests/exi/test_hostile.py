"""What a peer or a caller may send to make the codec work for nothing, or answer with the wrong exception."""

from __future__ import annotations

import pytest

from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.messages.iso20.types import MessageHeader

HEADER = "<ct:SessionID>0102030405060708</ct:SessionID><ct:TimeStamp>300</ct:TimeStamp>"
CHECK = (
    '<dc:DC_CableCheckReq xmlns:dc="urn:iso:std:iso:15118:-20:DC" xmlns:ct="urn:iso:std:iso:15118:-20:CommonTypes"{}>'
)


class Awkward:
    def __repr__(self) -> str:
        raise RuntimeError("no repr for you")


def deep(levels: int) -> list[object]:
    value: list[object] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [10**5000, -(10**5000), deep(100_000), Awkward(), float("nan"), b"x" * 10**6],
    ids=["huge", "negative", "deep", "awkward", "nan", "octets"],
)
def test_a_wrong_value_of_any_kind_is_a_codec_error(value: object) -> None:
    header = MessageHeader(session_id=bytes(8), time_stamp=value)
    for write in (exi.encode, exi.to_xml, exi.to_json):
        with pytest.raises(CodecError, match="TimeStamp"):
            write(header, "DC", "fragment", "Header")
    with pytest.raises(CodecError):
        exi.from_json({"DC_CableCheckReq": {"Header": {"SessionID": "00" * 8, "TimeStamp": value}}}, "DC")


def test_many_attributes_are_refused_before_they_are_read() -> None:
    many = "".join(f' a{n}=""' for n in range(50_000))
    text = CHECK.format(many) + f"<ct:Header>{HEADER}</ct:Header></dc:DC_CableCheckReq>"
    with pytest.raises(CodecError, match="50000 attributes, more than are expected"):
        exi.from_xml(text, "DC")


def test_base64_has_xml_white_space_only() -> None:
    good = '<ds:DigestValue xmlns:ds="http://www.w3.org/2000/09/xmldsig#">A A\n\tA=</ds:DigestValue>'
    assert exi.from_xml(good, "xmldsig", "fragment").value == b"\0\0"
    with pytest.raises(CodecError, match="base64"):
        exi.from_xml(good.replace(">A A", ">A\u00a0A"), "xmldsig", "fragment")


def test_what_is_too_long_to_decode_is_not_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exi.codec, "MAX_EXI_OCTETS", 16)
    with pytest.raises(CodecError, match="more than the limit of 16"):
        exi.encode(MessageHeader(session_id=bytes(8), time_stamp=2**60), "DC", "fragment", "Header")
