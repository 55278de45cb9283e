"""The generated functions: regular messages never need the interpreter, and nothing else gets past them."""

from __future__ import annotations

import json
import linecache
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.exi import codec, generated, interpreter
from iso15118.exi.bits import BitReader, BitWriter
from iso15118.exi.grammar import schema_grammar
from iso15118.exi.json import _value as plain_json
from iso15118.messages.iso20.common import certificate_installation
from iso15118.messages.registry import KEYS
from tests.exi.samples import CABLE_CHECK_RES, LOOP_RES
from tests.exi.spellings import running
from tests.exi.test_properties import RELAXED, damaged
from tests.exi.vectors import DATA, load, sample
from tests.strategies import any_message

VECTORS = sample()


class Forbidden:
    """Stands for the interpreter where it must not be needed."""

    @staticmethod
    def read_element(reader, element):
        raise AssertionError(f"{element.name.local} was read by the interpreter, from bit {reader.position}")

    @staticmethod
    def write_element(writer, element, value):
        raise AssertionError(f"{element.name.local} was written by the interpreter: {value}")


@pytest.fixture(autouse=True)
def _generated():
    """Also where a quicker spelling is installed."""
    with running("generated"):
        yield


@pytest.fixture
def alone(monkeypatch):
    monkeypatch.setattr(generated, "interpreter", Forbidden)


@pytest.mark.usefixtures("alone")
def test_regular_messages_do_not_need_the_interpreter():
    for vector in VECTORS:
        key, mode = vector["key"], vector["mode"]
        data = bytes.fromhex(vector.get("exi_empty_ch", vector["exi"]))
        content = exi.read(data, key, mode)
        assert exi.encode(content.value, key, mode, content.name) == data


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("key", KEYS)
@RELAXED
@given(data=st.data())
def test_any_valid_message_is_regular(key, data):
    message = data.draw(any_message(key, free=False))
    assert exi.decode(exi.encode(message, key), key) == message


def outcome(backend, data: bytes, key: str, mode: str):
    """What a backend makes of a stream: content, or where and why it is refused."""
    saved = codec.read_element
    codec.read_element = backend.read_element
    try:
        return exi.read(data, key, mode)
    except CodecError as error:
        return error.args
    finally:
        codec.read_element = saved


@settings(RELAXED, max_examples=250)
@given(damaged())
def test_both_spellings_agree_on_damaged_streams(case):
    assert outcome(generated, *case) == outcome(interpreter, *case)


def test_both_spellings_agree_on_malformed_streams():
    for vector in load(DATA / "exi_malformed.jsonl.gz"):
        case = (bytes.fromhex(vector["exi"]), vector["key"], vector["mode"])
        assert outcome(generated, *case) == outcome(interpreter, *case)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("length", [0, 1, 62, 63, 64, 65, 126, 127, 128, 1600])
def test_long_values_cross_the_window(length):
    certificate = bytes(range(256)) * 7
    chain = certificate_installation.CertificateChain(
        certificate=certificate[:length],
        sub_certificates=certificate_installation.SubCertificates(
            certificate=(certificate[: length // 2], certificate[length // 2 : length], b"end")
        ),
    )
    data = exi.encode(chain, "CommonMessages", "fragment")
    assert exi.decode_fragment(data, "CommonMessages").value == chain


def test_what_was_written_before_a_refusal_is_taken_back():
    element = next(e for e in schema_grammar("DC").document if e.name.local == "DC_CableCheckRes")
    writer = BitWriter()
    writer.bits(5, 3)
    mark = writer.mark()
    with pytest.raises(Exception, match="is needed"):
        generated.write_element(writer, element, LOOP_RES)
    assert writer.mark() == mark
    generated.write_element(writer, element, CABLE_CHECK_RES)
    reader = BitReader(writer.finish())
    assert reader.bits(3) == 5
    assert generated.read_element(reader, element) == CABLE_CHECK_RES


def test_a_simple_element_and_a_refused_one_go_to_the_interpreter():
    elements = {e.name.local: e for e in schema_grammar("DC").fragment}
    for name in ("TimeStamp", "DigestValue", "CLReqControlMode"):
        generated.prepare(elements[name])
    writer = BitWriter()
    generated.write_element(writer, elements["TimeStamp"], 300)
    assert generated.read_element(BitReader(writer.finish()), elements["TimeStamp"]) == 300


def test_tracebacks_show_the_generated_source():
    element = next(e for e in schema_grammar("DC").fragment if e.name.local == "EVPresentVoltage")
    generated.prepare(element)
    assert element.record is not None
    reader = element.record.compiled["R"]
    with pytest.raises(TypeError) as caught:
        reader(None, "no integer", 100)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].line == "x = acc >> rem & 2047"
    assert linecache.getline("<exi DC R_RationalNumber>", 1) == "def R_RationalNumber(r, acc, rem):\n"


@pytest.mark.parametrize("key", KEYS)
@RELAXED
@given(data=st.data())
def test_both_spellings_make_the_same_json_in_the_same_order(key, data):
    message = data.draw(any_message(key, free=False))
    _, root = codec.root_of(schema_grammar(key), "document", message, None)
    assert root.record is not None
    assert json.dumps(generated.json_value(root.record, message)) == json.dumps(plain_json(root, message))
