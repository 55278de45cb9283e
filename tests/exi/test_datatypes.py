from __future__ import annotations

import enum

import pytest

from iso15118.exi import datatypes
from iso15118.exi.bits import BitReader, BitWriter, Fault


class Colour(enum.Enum):
    red = "red"
    green = "green"
    blue_ish = "blue-ish"


PERCENT = datatypes.NBit(0, 100)
BYTE = datatypes.NBit(-128, 127)
UNSIGNED_LONG = datatypes.Unsigned(0, 2**64 - 1)
SHORT = datatypes.Signed(-32_768, 32_767)
INTEGER = datatypes.Signed(None, None)
NAME = datatypes.Text(0, 80)
HEX = datatypes.Binary(8, 8, hexadecimal=True)
BASE64 = datatypes.Binary()


def stream(datatype, value):
    writer = BitWriter()
    datatype.check(value)
    datatype.write(writer, value)
    return writer.finish()


def bits(text):
    text = text.replace(" ", "")
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")


@pytest.mark.parametrize(
    ("datatype", "value", "expected"),
    [
        (datatypes.Boolean(), True, "1"),
        (PERCENT, 100, "1100100"),
        (BYTE, -2, "01111110"),
        (datatypes.NBit(1, 20), 20, "10011"),
        (datatypes.NBit(12, 1024), 1024, "1111110100"),
        (UNSIGNED_LONG, 300, "10101100 00000010"),
        # numericIDType begins at 1 but its Unsigned Integer counts from 0.
        (datatypes.Unsigned(1, 2**32 - 1), 1, "00000001"),
        (SHORT, 5, "0 00000101"),
        (SHORT, -1, "1 00000000"),
        (datatypes.Enumeration(Colour), Colour.green, "01"),
        (NAME, "Aé", "00000100 01000001 11101001 00000001"),
        # Beyond the Basic Multilingual Plane: one code point, U+1F600.
        (NAME, "\U0001f600", "00000011 10000000 11101100 00000111"),
        (NAME, "", "00000010"),
        (HEX, bytes(range(8)), "00001000" + "".join(f"{octet:08b}" for octet in range(8))),
        (BASE64, b"", "00000000"),
    ],
)
def test_worked_examples(datatype, value, expected):
    assert stream(datatype, value) == bits(expected)
    assert datatype.read(BitReader(bits(expected))) == value


@pytest.mark.parametrize(
    ("datatype", "pattern", "reason"),
    [
        (PERCENT, "1100101", "101 is not an integer 0..100"),
        (datatypes.Unsigned(0, 65_535), "10000000 10000000 00000100", "65536 is not an integer"),
        (datatypes.Unsigned(1, 9999), "00000000", "0 is not an integer 1..9999"),
        (SHORT, "0 10000000 10000000 00000010", "32768 is not"),
        (SHORT, "1 10000000 10000000 00000010", "-32769 is not"),
        (datatypes.Enumeration(Colour), "11", "literal 3 of Colour, which has 3"),
        (NAME, "00000000", "string table"),
        (NAME, "00000001", "string table"),
        (NAME, "01010011" + "01000001" * 81, "81 characters, not 0..80"),
        (NAME, "00000011 00000000", "U.0000"),
        (NAME, "00000011 10000000 10110000 00000011", "U.D800"),
        (NAME, "00000011 11111111 11111111 00000011", "U.FFFF"),
        (NAME, "00000011 10000000 10000000 01000100", "code point 0x110000"),
        (NAME, "00000011" + "10000000" * 12, "more than 10 octets"),
        (NAME, "00010011 01000001", "17 octets announced, 1 left"),
        (HEX, "00000111" + "00000000" * 8, "7 octets, not 8"),
        (BASE64, "00000100 00000000", "4 octets announced, 1 left"),
    ],
)
def test_what_the_form_could_carry_but_the_type_does_not_is_refused(datatype, pattern, reason):
    with pytest.raises(Fault, match=reason) as caught:
        datatype.read(BitReader(bits(pattern)))
    assert caught.value.bit is not None


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        (datatypes.Boolean(), 1),
        (PERCENT, True),
        (PERCENT, 101),
        (PERCENT, 1.0),
        (UNSIGNED_LONG, 2**64),
        (UNSIGNED_LONG, -1),
        (INTEGER, 1 << 2800),
        (datatypes.Enumeration(Colour), "red"),
        (NAME, b"text"),
        (NAME, "x" * 81),
        (NAME, "\x00"),
        (NAME, "\ud800"),
        (NAME, "￾"),
        (HEX, bytearray(8)),
        (HEX, bytes(9)),
    ],
)
def test_wrong_python_values_are_refused(datatype, value):
    with pytest.raises(Fault):
        datatype.check(value)


def test_a_long_integer_has_a_limit_of_its_own():
    serial = (1 << 160) - 1
    assert INTEGER.read(BitReader(stream(INTEGER, serial))) == serial
    assert INTEGER.read(BitReader(stream(INTEGER, -(1 << 2799)))) == -(1 << 2799)
    with pytest.raises(Fault, match="more than 400 octets"):
        INTEGER.read(BitReader(b"\x7f" + b"\xff" * 500))


@pytest.mark.parametrize(
    ("datatype", "text", "value", "canonical"),
    [
        (datatypes.Boolean(), " 1\n", True, "true"),
        (datatypes.Boolean(), "false", False, "false"),
        (SHORT, " +007 ", 7, "7"),
        (SHORT, "-0", 0, "0"),
        (datatypes.Enumeration(Colour), "blue-ish", Colour.blue_ish, "blue-ish"),
        (NAME, " a\tb ", " a\tb ", " a\tb "),
        (HEX, "00aabbccddeeff01", bytes.fromhex("00aabbccddeeff01"), "00AABBCCDDEEFF01"),
        (BASE64, "AQ ID\n", b"\x01\x02\x03", "AQID"),
    ],
)
def test_lexical_forms(datatype, text, value, canonical):
    assert datatype.parse(text) == value
    assert datatype.text(value) == canonical
    assert datatype.from_json(datatype.to_json(value)) == value


@pytest.mark.parametrize(
    ("datatype", "text"),
    [
        (datatypes.Boolean(), "True"),
        (SHORT, "1e3"),
        (SHORT, "32768"),
        (SHORT, ""),
        (SHORT, "١"),
        (INTEGER, "9" * 5000),
        (datatypes.Enumeration(Colour), "Red"),
        (HEX, "0011"),
        (HEX, "zz"),
        (BASE64, "AQI"),
        (BASE64, "AR=="),
        (BASE64, "é"),
    ],
)
def test_wrong_lexical_forms_are_refused(datatype, text):
    with pytest.raises(Fault):
        datatype.parse(text)


@pytest.mark.parametrize(
    ("datatype", "value"),
    [(datatypes.Boolean(), "true"), (SHORT, "7"), (SHORT, 7.0), (SHORT, True), (NAME, 7), (HEX, None)],
)
def test_wrong_json_values_are_refused(datatype, value):
    with pytest.raises(Fault):
        datatype.from_json(value)
