"""Every spelling of the codec does what the interpreter does, and which one runs is a choice that can be forced."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import iso15118
from iso15118 import exi
from iso15118.errors import LocalError
from iso15118.exi import backend, codec, compiled, fingerprint
from iso15118.exi.bits import BitReader, BitWriter, Fault
from iso15118.exi.grammar import schema_grammar
from iso15118.messages.iso20 import dc
from iso15118.messages.iso20.common import certificate_installation
from iso15118.messages.iso20.types import MessageHeader, MeterInfo, RationalNumber
from iso15118.messages.registry import KEYS
from tests.exi.samples import APP_REQ, CABLE_CHECK_RES, LOOP_RES
from tests.exi.spellings import BUILT, native, outcome, running, spelling, written
from tests.exi.test_properties import RELAXED, damaged
from tests.exi.vectors import DATA, load, sample
from tests.strategies import any_message

OTHERS = [name for name in BUILT if name != "interpreter"]
VECTORS = sample()


class Forbidden:
    """Stands for the interpreter where it must not be needed."""

    @staticmethod
    def read_element(reader, element):
        raise AssertionError(f"{element.name.local} was read by the interpreter, from bit {reader.position}")

    @staticmethod
    def write_element(writer, element, value):
        raise AssertionError(f"{element.name.local} was written by the interpreter: {value}")


@pytest.mark.parametrize("name", [name for name in OTHERS if name != "generated"])
def test_regular_messages_do_not_need_the_interpreter(name, monkeypatch):
    monkeypatch.setattr(compiled, "interpreter", Forbidden)
    count = 0
    for vector in VECTORS:
        data = bytes.fromhex(vector.get("exi_empty_ch", vector["exi"]))
        content = outcome(name, data, vector["key"], vector["mode"])
        assert written(name, content.value, vector["key"], vector["mode"], content.name) == data
        count += 1
    assert count > 200


@pytest.mark.parametrize("name", OTHERS)
def test_all_vectors_are_read_and_written_alike(name):
    for vector in VECTORS:
        case = bytes.fromhex(vector["exi"]), vector["key"], vector["mode"]
        content = outcome("interpreter", *case)
        assert outcome(name, *case) == content
        again = content.value, vector["key"], vector["mode"], content.name
        assert written(name, *again) == written("interpreter", *again)


@pytest.mark.parametrize("name", OTHERS)
def test_malformed_streams_are_refused_alike(name):
    for vector in load(DATA / "exi_malformed.jsonl.gz"):
        case = bytes.fromhex(vector["exi"]), vector["key"], vector["mode"]
        assert outcome(name, *case) == outcome("interpreter", *case)


@settings(RELAXED, max_examples=150)
@given(damaged())
def test_damaged_streams_are_refused_or_read_alike(case):
    expected = outcome("interpreter", *case)
    for name in OTHERS:
        assert outcome(name, *case) == expected


@pytest.mark.parametrize("key", KEYS)
@RELAXED
@given(data=st.data())
def test_any_valid_message_is_written_and_read_alike(key, data):
    message = data.draw(any_message(key))
    expected = written("interpreter", message, key, "document")
    for name in OTHERS:
        assert written(name, message, key, "document") == expected
        assert outcome(name, expected, key, "document").value == message


@pytest.mark.parametrize("name", ["native", "compiled"])
def test_documents_have_a_way_of_their_own_that_is_no_other(name):
    if name not in BUILT:
        pytest.skip(compiled.MISSING)
    own = spelling(name)
    for message, key in ((CABLE_CHECK_RES, "DC"), (LOOP_RES, "DC"), (APP_REQ, "AppProtocol")):
        data = written("interpreter", message, key, "document")
        assert own.write_document(message, key) == data
        assert own.read_document(data, key) == message
        for irregular in (data + b"\0", data[:-1], b"\x81" + data[1:], data[:2], b"", bytearray(data)):
            assert own.read_document(irregular, key) is None
    assert own.write_document(RationalNumber(exponent=0, value=0), "DC") is None
    assert own.write_document(MessageHeader(session_id=b"", time_stamp=0), "DC") is None
    with pytest.raises(LocalError, match="no schema set"):
        own.read_document(b"\x80\0\0", "AD")


def header(time_stamp) -> MessageHeader:
    return MessageHeader(session_id=bytes(range(8)), time_stamp=time_stamp)


BOUNDS = sorted({sign * (1 << bits) + step for bits in (0, 6, 7, 8, 13, 14, 15, 16, 21, 31, 32, 49, 55, 56, 57, 61, 62, 63, 64)
                 for sign in (1, -1) for step in (-1, 0, 1)})  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_numbers_at_and_beyond_their_bounds(name):
    """Every power of two at which a representation changes, in fields of 8, 16, 32 and 64 bits, signed and not."""
    accepted = 0
    for number in BOUNDS:
        for value, element in (
            (header(number), "Header"),
            (RationalNumber(exponent=number, value=0), "EVPresentVoltage"),
            (RationalNumber(exponent=0, value=number), "EVPresentVoltage"),
            (MeterInfo(meter_id="m", charged_energy_reading_wh=number), "MeterInfo"),
            (MeterInfo(meter_id="m", charged_energy_reading_wh=0, meter_status=number), "MeterInfo"),
        ):
            expected = written("interpreter", value, "DC", "fragment", element)
            assert written(name, value, "DC", "fragment", element) == expected
            if isinstance(expected, bytes):
                assert outcome(name, expected, "DC", "fragment").value == value
                accepted += 1
    assert accepted > 100


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("wrong", [True, 1.0, "1", None, b"1", [1], 10**5000], ids=lambda wrong: type(wrong).__name__)
def test_what_is_no_number_is_refused_alike(name, wrong):
    value = header(wrong)
    assert written(name, value, "DC", "fragment", "Header") == written("interpreter", value, "DC", "fragment", "Header")


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("octets", range(1, 13))
@pytest.mark.parametrize("last", [0, 1, 2, 127, 255])
def test_integers_in_more_octets_than_they_need(name, octets, last):
    """``octets`` octets of which the first say little: liberal up to ten, and never more than the type holds."""
    writer = BitWriter()
    element = next(e for e in schema_grammar("DC").fragment if e.name.local == "Header")
    writer.bits(0, 2)
    writer.bits(8, 8)
    writer.octets(bytes(8))
    writer.bits(0, 3)
    writer.octets(b"\x80" * (octets - 1) + bytes([last]))
    writer.bits(0b001, 3)
    writer.bits(0, 64)
    results = []
    for each in ("interpreter", name):
        reader = BitReader(writer.finish())
        try:
            results.append((spelling(each).read_element(reader, element), reader.position))
        except Fault as fault:
            results.append(fault.args)
    assert results[0] == results[1]


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize(
    "length", [0, 1, 5, 6, 7, 8, 15, 16, 17, 31, 32, 33, 55, 56, 57, 63, 64, 65, 127, 128, 800, 1600]
)
def test_long_octets_cross_every_window(name, length):
    certificate = bytes(range(256)) * 7
    chain = certificate_installation.CertificateChain(
        certificate=certificate[:length],
        sub_certificates=certificate_installation.SubCertificates(
            certificate=(certificate[: length // 2], certificate[length // 2 : length], b"end")
        ),
    )
    data = written("interpreter", chain, "CommonMessages", "fragment")
    assert written(name, chain, "CommonMessages", "fragment") == data
    assert outcome(name, data, "CommonMessages", "fragment").value == chain


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize(
    "text", ["", "a", "\n", "é", "a" * 32, "a" * 31 + "é", "\U0001f600" * 8, "\0", "\x7f", "\ud800"]
)
def test_text_of_all_kinds(name, text):
    value = MeterInfo(meter_id=text, charged_energy_reading_wh=1)
    expected = written("interpreter", value, "DC", "fragment", "MeterInfo")
    assert written(name, value, "DC", "fragment", "MeterInfo") == expected
    if isinstance(expected, bytes):
        assert outcome(name, expected, "DC", "fragment").value == value


@pytest.mark.parametrize("name", OTHERS)
def test_a_refusal_leaves_what_the_interpreter_leaves(name):
    element = next(e for e in schema_grammar("DC").document if e.name.local == "DC_CableCheckRes")
    refused = dc.DC_CableCheckRes(
        header=header(1), response_code=CABLE_CHECK_RES.response_code, evse_processing="no literal"
    )
    for before in (0, 3, 60, 700):
        streams = []
        for each in (name, "interpreter"):
            writer = BitWriter()
            writer.bits((1 << before) - 1, before)
            with pytest.raises(Fault, match="is needed"):
                spelling(each).write_element(writer, element, refused)
            spelling(each).write_element(writer, element, CABLE_CHECK_RES)
            writer.bits(1, 1)
            streams.append(writer.finish())
        assert streams[0] == streams[1]


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A Python of its own, in which no backend is forced but by ``variables``."""
    path = str(Path(iso15118.__file__).parents[1])
    environment = {**os.environ, "EVBPT_EXI_BACKEND": "", "PYTHONPATH": path, **variables}
    return subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


SHOW = "from iso15118 import exi; print(exi.BACKEND, exi.codec.read_element.__module__)"


@pytest.mark.parametrize("name", ["interpreter", "generated"])
def test_a_backend_can_be_forced(name):
    assert run("-c", SHOW, EVBPT_EXI_BACKEND=name).stdout.split() == [name, f"iso15118.exi.{name}"]


def test_the_quickest_there_is_runs_unless_told_otherwise():
    assert run("-c", SHOW, EVBPT_EXI_BACKEND="").stdout.split()[0] == BUILT[-1].replace("native", "generated")
    assert backend.choose().name == BUILT[-1].replace("native", "generated")


def test_a_backend_that_is_not_there_is_said_in_words():
    with pytest.raises(LocalError, match="EVBPT_EXI_BACKEND=jit: there are interpreter, generated, compiled"):
        backend.choose("jit")
    missing = backend.BACKENDS["compiled"]._replace(missing="the compiled codec is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(backend.BACKENDS, "compiled", missing)
        assert backend.choose().name == "generated"
        with pytest.raises(
            LocalError, match=r"compiled: the compiled codec is not installed; install a compiled wheel"
        ):
            backend.choose("compiled")
    assert "LocalError: EVBPT_EXI_BACKEND=jit" in run("-c", SHOW, EVBPT_EXI_BACKEND="jit").stderr


def test_a_module_made_from_other_sources_is_not_loaded(tmp_path):
    root = Path(iso15118.__file__).parent
    copy = tmp_path / "iso15118"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    assert fingerprint.fingerprint(copy) == fingerprint.fingerprint()
    fingerprint.require(fingerprint.fingerprint())
    (copy / "exi" / "_compiled.py").write_text(
        f"from iso15118.exi.fingerprint import require\nrequire({fingerprint.fingerprint()!r})\nNEVER\n"
    )
    # A file beside the others changes them as well: the module has to refuse before its first real line.
    shown = run("-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{SHOW}; print(exi.compiled.MISSING)")
    assert shown.stdout.splitlines() == [
        "generated iso15118.exi.generated", "the compiled codec can't be loaded: it was made from other sources"
    ]  # fmt: skip
    (copy / "messages" / "xmldsig.py").unlink()
    assert fingerprint.fingerprint(copy) != fingerprint.fingerprint()
    assert fingerprint.fingerprint(tmp_path) == ""
    with pytest.raises(ImportError, match="made from other sources"):
        fingerprint.require("")


def test_equal_functions_of_several_schema_sets_are_written_once():
    table = native()._table
    assert set(table) == set(KEYS)
    names = {name for classes in table.values() for pair in classes.values() for name in pair}
    classes = {name for each in table.values() for name in each}
    assert len(names) < 2.5 * len(classes) < sum(2 * len(each) for each in table.values())


def test_the_codec_takes_the_spelling_that_was_put_in_its_place():
    for name in BUILT:
        with running(name):
            assert codec.read_element == spelling(name).read_element
            assert exi.decode(exi.encode(CABLE_CHECK_RES, "DC"), "DC") == CABLE_CHECK_RES
