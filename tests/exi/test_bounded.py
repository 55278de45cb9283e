"""What a stream may cost: steps and memory, in proportion to its length, whoever wrote it.

Steps are counted, never seconds: reads of the bit reader, bits it hands out, and lines of Python that run. Memory is the
peak of what Python allocates. docs/reference/exi-verdicts.md states the same bounds.
"""

from __future__ import annotations

import contextlib
import random
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fuzz.mutate import damaged
from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.exi import codec, interpreter
from iso15118.exi.backend import BACKENDS
from iso15118.exi.bits import BitReader, BitWriter, Fault
from iso15118.exi.codec import MAX_EXI_OCTETS
from iso15118.exi.datatypes import Binary, Datatype, Signed, Text
from iso15118.exi.dialect import Dialect
from iso15118.exi.grammar import schema_grammar
from iso15118.messages import xmldsig
from iso15118.messages.model import Child, QName
from iso15118.messages.registry import KEYS
from tests.exi.vectors import DATA, corpus, load, sample, signatures

READS_MORE = 16
"""Reads beyond one for each bit: of events and literals that take no bit, and the one that finds the end."""

LINES_PER_BIT, LINES_MORE = 10, 1_000
"""Lines of Python for a stream, at most."""

MEMORY_FACTOR, MEMORY_MORE = 128, 16_384
"""Octets of memory for each octet of a stream, and beside. Most of it are small records, whose fields take a few bits in
a stream and an object in memory; the dearest are empty elements in free content."""

VALUE_MEMORY_FACTOR = 12
"""The same for a single value. Text with one character beyond the BMP takes four octets for each."""

VECTORS = sample() + signatures()
MALFORMED = load(DATA / "exi_malformed.jsonl.gz")
DAMAGED = 2_000


class CountingReader(BitReader):
    """Counts how often it is read, and how many bits it has handed out, again ones too."""

    __slots__ = ("handed_out", "reads")
    last: CountingReader

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.reads = self.handed_out = 0
        CountingReader.last = self

    def bits(self, width: int) -> int:
        self.reads += 1
        self.handed_out += width
        return super().bits(width)


def streams() -> list[tuple[bytes, str, str]]:
    """Damaged streams of the sample, sound ones damaged further, always the same."""
    rng = random.Random(20)
    cases = [(bytes.fromhex(vector["exi"]), vector["key"], vector["mode"]) for vector in MALFORMED]
    for _ in range(DAMAGED):
        one, other = rng.choice(VECTORS), rng.choice(VECTORS)
        stream = damaged(bytes.fromhex(one["exi"]), bytes.fromhex(other["exi"]), rng, 8_000)
        cases.append((stream, one["key"], one.get("mode") or "document"))
    return cases


STREAMS = streams()


def read(case: tuple[bytes, str, str]) -> Any:
    try:
        return exi.read(*case)
    except CodecError as error:
        return error


def lines_of(action: Callable[[], Any]) -> int:
    """How many lines of Python run."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)
    return count


def peak_of(action: Callable[[], Any]) -> int:
    """Octets allocated at once, at most."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def check_memory(case: tuple[bytes, str, str]) -> None:
    assert peak_of(lambda: read(case)) <= MEMORY_FACTOR * len(case[0]) + MEMORY_MORE


@pytest.fixture(scope="module", autouse=True)
def _derived():
    """Grammars and functions are made once, and not on account of a stream."""
    for key in KEYS:
        for element in schema_grammar(key).fragment:
            for spelling in BACKENDS.values():
                if not spelling.missing:
                    spelling.prepare(element)
    for vector in VECTORS:
        exi.read(bytes.fromhex(vector["exi"]), vector["key"], vector.get("mode") or "document")


def test_a_stream_is_read_once_and_no_read_is_for_nothing(monkeypatch):
    monkeypatch.setattr(codec, "BitReader", CountingReader)
    monkeypatch.setattr(codec, "read_element", interpreter.read_element)
    for case in STREAMS:
        read(case)
        reader = CountingReader.last
        assert reader.data == case[0]
        assert reader.reads <= reader.limit + READS_MORE, case
        # The last read may have asked for more than there was.
        assert reader.position <= reader.limit
        assert reader.handed_out <= reader.limit + max(64, reader.limit), case


@pytest.mark.usefixtures("backend")
def test_lines_run_are_linear_in_the_stream():
    for case in STREAMS[::4]:
        assert lines_of(lambda case=case: read(case)) <= LINES_PER_BIT * 8 * len(case[0]) + LINES_MORE, case


@pytest.mark.usefixtures("backend")
def test_memory_is_linear_in_the_stream():
    for case in STREAMS[::4]:
        check_memory(case)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", ["malformed", "public", "amd1_public"])
def test_whole_corpus_within_the_bounds(name):
    for vector in corpus(name):
        case = (bytes.fromhex(vector["exi"]), vector["key"], vector.get("mode") or "document")
        check_memory(case)
        assert lines_of(lambda case=case: read(case)) <= LINES_PER_BIT * 8 * len(case[0]) + LINES_MORE, vector["id"]


def unsigned(value: int) -> bytes:
    writer = BitWriter()
    writer.unsigned(value)
    return writer.finish()


WIDE, ASTRAL, OVERLONG = unsigned(0x7FF), unsigned(0x1F600), b"\xe1" + b"\x80" * 8 + b"\0"


def hostile(name: str, size: int) -> tuple[Datatype, bytes]:
    """A value that is as much work as may be, in about ``size`` octets."""

    def text(piece: bytes, more: bytes = b"") -> bytes:
        count = size // len(piece)
        return unsigned(count + 2 + bool(more)) + piece * count + more

    match name:
        case "text beyond ASCII":
            return Text(), text(WIDE)
        case "text beyond the BMP":
            return Text(), text(ASTRAL)
        case "text, the last character wide":
            return Text(), text(b"a", ASTRAL)
        case "text in as many octets as may be":
            return Text(), text(OVERLONG)
        case "text that ends half-way":
            return Text(), unsigned(size) + WIDE * (size // 2)
        case "text, announced":
            return Text(), unsigned(1 << 32)
        case "text, announced beyond 64 bits":
            return Text(), unsigned((1 << 70) - 1)
        case "octets":
            return Binary(), unsigned(size) + bytes(size)
        case "octets, announced":
            return Binary(), unsigned(1 << 32)
        case "an integer without an end":
            return Signed(None, None), b"\x80" * size
        case "an integer of 400 octets":
            return Signed(None, None), b"\x7f" + b"\xff" * 399 + b"\x7f"
    raise LookupError(name)


@pytest.mark.parametrize("shift", [0, 3])
@pytest.mark.parametrize(
    "name",
    [
        *("text beyond ASCII", "text beyond the BMP", "text, the last character wide"),
        *("text in as many octets as may be", "text that ends half-way", "text, announced"),
        *("text, announced beyond 64 bits", "octets", "octets, announced"),
        *("an integer without an end", "an integer of 400 octets"),
    ],
)
def test_no_value_costs_more_than_its_octets(name, shift):
    def prepared(size: int) -> tuple[Callable[[], None], int]:
        datatype, octets = hostile(name, size)
        writer = BitWriter()
        writer.bits(0, shift)
        writer.octets(octets)
        data = writer.finish()

        def run() -> None:
            reader = CountingReader(data)
            reader.position = shift
            with contextlib.suppress(Fault):
                datatype.read(reader)

        return run, len(data)

    run, size = prepared(MAX_EXI_OCTETS)
    assert peak_of(run) <= VALUE_MEMORY_FACTOR * size + MEMORY_MORE
    assert CountingReader.last.handed_out <= 8 * size
    run, size = prepared(MAX_EXI_OCTETS // 64)
    assert lines_of(run) <= LINES_PER_BIT * 8 * size + LINES_MORE


def texts(count: int) -> bytes:
    """A fragment with one text in as many pieces: the one list of events without a limit."""
    schema = schema_grammar("xmldsig")
    code, element = codec.find_element(schema, "fragment", "Object")
    assert element.record is not None
    writer = BitWriter()
    writer.bits(0x80 << schema.fragment_width | code, 8 + schema.fragment_width)
    state = element.record.start
    for _ in range(count):
        assert state.text is not None
        assert state.text.after is not None
        writer.bits(state.text.code, state.width)
        writer.unsigned(4)
        writer.octets(b"ab")
        state = state.text.after[2]
    assert state.end is not None
    writer.bits(state.end.code, state.width)
    writer.bits(len(schema.fragment) + 1, schema.fragment_width)
    return writer.finish()


@pytest.mark.usefixtures("backend")
def test_a_text_in_many_pieces_is_not_copied_with_each():
    case = (texts(40_000), "xmldsig", "fragment")
    assert len(case[0]) > 120_000
    assert peak_of(lambda: read(case)) <= MEMORY_FACTOR * len(case[0])
    assert exi.read(*case).value.content == ("ab" * 40_000,)
    case = (texts(5_000), "xmldsig", "fragment")
    assert lines_of(lambda: read(case)) <= LINES_PER_BIT * 8 * len(case[0]) + LINES_MORE


@pytest.mark.usefixtures("backend")
def test_empty_elements_in_lists_of_lists_stay_within_the_bound():
    """Limits of lists multiply. Seven bits for an element, a Child and a record in memory: nothing costs more."""
    ds = xmldsig.XMLNS.uri
    info = xmldsig.KeyInfo(content=(Child(QName("RetrievalMethod", ds), xmldsig.RetrievalMethod()),) * 64)
    inner = xmldsig.Object(content=(Child(QName("KeyInfo", ds), info),) * 64)
    data = exi.encode(xmldsig.Object(content=(Child(QName("Object", ds), inner),) * 8), "xmldsig")
    assert len(data) > 28_000
    peak = peak_of(lambda: exi.read(data, "xmldsig"))
    assert MEMORY_FACTOR / 2 * len(data) < peak <= MEMORY_FACTOR * len(data) + MEMORY_MORE


def references(length: int, count: int) -> bytes:
    """A fragment with one text, and references to it: of a few bits each, whatever they stand for."""
    schema = schema_grammar("xmldsig")
    code, element = codec.find_element(schema, "fragment", "Object")
    assert element.record is not None
    writer = BitWriter()
    writer.bits(0x80 << schema.fragment_width | code, 8 + schema.fragment_width)
    state = element.record.start
    for place in range(count + 1):
        assert state.text is not None
        assert state.text.after is not None
        writer.bits(state.text.code, state.width)
        writer.unsigned(0 if place else length + 2)
        writer.octets(b"" if place else b"a" * length)
        state = state.text.after[2]
    return writer.finish()


def test_references_to_strings_stand_for_no_more_than_a_stream_could_spell_out():
    """Where a dialect reads them at all."""
    stream = references(100_000, 100_000)

    def run() -> None:
        with pytest.raises(CodecError, match="references to more than 1048576 characters"):
            exi.read(stream, "xmldsig", "fragment", Dialect(string_tables="read"))

    assert peak_of(run) <= MEMORY_FACTOR * len(stream)
    assert lines_of(run) <= LINES_PER_BIT * 8 * len(stream) + LINES_MORE


HEADER = "<ct:Header><ct:SessionID>0102030405060708</ct:SessionID><ct:TimeStamp>300</ct:TimeStamp>{}</ct:Header>"
CHECK = (
    '<dc:DC_CableCheckReq xmlns:dc="urn:iso:std:iso:15118:-20:DC" xmlns:ct="urn:iso:std:iso:15118:-20:CommonTypes">'
    "{}</dc:DC_CableCheckReq>"
)
MANY = 20_000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (CHECK.format((HEADER.format("")) * MANY), "not expected"),
        (CHECK.format("<ct:Header>" * MANY), "not well-formed"),
        (CHECK.format("<ct:Header>" * 200 + "</ct:Header>" * 200), "not expected"),
        (CHECK.format(HEADER.format("") + "<!-- -->" * MANY), None),
        (CHECK.format(HEADER.format("") + "<?a?>" * MANY), None),
        (CHECK.format(HEADER.format("") + " \n" * MANY), None),
        (CHECK.format(HEADER.format("<ct:TimeStamp>1</ct:TimeStamp>" * MANY)), "not expected"),
        (CHECK.format(HEADER.format("").replace("300", "9" * 50 * MANY)), "integer"),
        (CHECK.format(HEADER.format("").replace("0102", "01" * 10 * MANY)), "octets"),
        (CHECK.format(HEADER.format("").replace("0102", "&#48;" * 2 * MANY + "0102")), "octets"),
    ],
    ids=["children", "deep", "nested", "comments", "instructions", "space", "again", "digits", "hex", "references"],
)
def test_xml_costs_no_more_than_its_length(text, says):
    def run() -> None:
        if says is None:
            assert exi.decode(exi.encode(exi.from_xml(text, "DC").value, "DC"), "DC").header.time_stamp == 300
        else:
            with pytest.raises(CodecError, match=says):
                exi.from_xml(text, "DC")

    assert lines_of(run) <= 8 * len(text) + 10_000
    assert peak_of(run) <= MEMORY_FACTOR * len(text) + MEMORY_MORE


@pytest.mark.parametrize("wrap", [lambda inner: {"Header": inner}, lambda inner: [inner]], ids=["objects", "arrays"])
def test_json_may_be_as_deep_as_it_likes(wrap):
    tree: Any = {}
    for _ in range(100_000):
        tree = wrap(tree)

    def run() -> None:
        with pytest.raises(CodecError, match="DC_CableCheckReq"):
            exi.from_json({"DC_CableCheckReq": tree}, "DC")

    assert lines_of(run) < 10_000


def test_the_document_states_these_bounds():
    text = (Path(__file__).parents[2] / "docs" / "reference" / "exi-verdicts.md").read_text(encoding="utf-8")
    for figure in (
        f"{LINES_PER_BIT} lines",
        f"{LINES_MORE:,} lines",
        f"{MEMORY_FACTOR} octets",
        "16 KiB",
        f"{VALUE_MEMORY_FACTOR} octets",
    ):
        assert figure in text, figure
