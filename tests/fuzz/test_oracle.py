"""The checks hold for the vectors, and notice what they are there to notice."""

from __future__ import annotations

import dataclasses

import pytest

from fuzz import oracle
from fuzz.oracle import CHECKS, Finding, Numbers
from fuzz.seeds import seeds, write_seeds
from iso15118.errors import CodecError
from iso15118.exi import codec, interpreter
from iso15118.exi.backend import BACKENDS, Backend
from iso15118.exi.bits import Fault


@pytest.mark.parametrize("key", CHECKS)
def test_every_seed_passes_and_most_are_understood(key):
    numbers = Numbers()
    for seed in seeds(key):
        CHECKS[key](key, seed, numbers)
    assert numbers["accepted"] > numbers.total() / 5
    for nothing in (b"", b"\0", b"\1"):
        CHECKS[key](key, nothing, numbers)


def test_seeds_are_files_named_by_their_content(tmp_path):
    count = write_seeds("DC", tmp_path)
    assert count == len({path.read_bytes() for path in tmp_path.iterdir()}) > 50
    assert write_seeds("DC", tmp_path) == count == len(list(tmp_path.iterdir()))


SEED = next(seed for seed in seeds("DC") if seed[:2] == b"\x00\x80")


def wrong(name: str, *, reads=None, writes=None) -> Backend:
    """A spelling with a fault in it."""
    return BACKENDS["interpreter"]._replace(
        name=name, read_element=reads or interpreter.read_element, write_element=writes or interpreter.write_element
    )


def refuses(reader, element):
    raise Fault("no", reader.position)


def refuses_without_place(reader, element):
    raise Fault("no")


def crashes(reader, element):
    raise IndexError("no")


def writes_one_bit_more(writer, element, value):
    interpreter.write_element(writer, element, value)
    writer.bits(1, 1)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (wrong("interpreter", reads=refuses), "by the interpreter codec as"),
        (wrong("interpreter", writes=writes_one_bit_more), "otherwise by the interpreter codec"),
        (wrong("compiled", reads=refuses), "by the compiled codec as"),
    ],
)
def test_a_difference_between_the_spellings_is_a_finding(monkeypatch, fault, says):
    monkeypatch.setattr(oracle, "OTHERS", [fault])
    with pytest.raises(Finding, match=says):
        oracle.check_exi("DC", SEED, Numbers())


def test_a_refusal_without_a_place_is_a_finding(monkeypatch):
    monkeypatch.setattr(oracle, "GENERATED", wrong("generated", reads=refuses_without_place))
    with pytest.raises(Finding, match="no place"):
        oracle.check_exi("DC", SEED, Numbers())


def test_another_exception_is_not_caught(monkeypatch):
    monkeypatch.setattr(oracle, "GENERATED", wrong("generated", reads=crashes))
    with pytest.raises(IndexError):
        oracle.check_exi("DC", SEED, Numbers())


def test_compiled_code_reads_every_stream(monkeypatch):
    read = []

    def reads(reader, element):
        read.append(reader.data)
        return interpreter.read_element(reader, element)

    monkeypatch.setattr(oracle, "OTHERS", [wrong("compiled", reads=reads)])
    streams = [SEED[:length] for length in range(3, len(SEED))]
    for stream in streams:
        oracle.check_exi("DC", stream, Numbers())
    assert {stream[1:] for stream in streams} == set(read)


def test_dialects_are_checked_by_themselves(monkeypatch):
    monkeypatch.setattr(oracle, "OTHERS", [wrong("compiled", reads=crashes)])
    numbers = Numbers()
    for choice in (4, 5, 6, 7):
        oracle.check_exi("DC", bytes([choice]) + SEED[1:], numbers)
    assert numbers == {"dialect": 4, "dialect_accepted": 2}


def test_the_spelling_in_use_is_put_back():
    before = codec.read_element, codec.write_element
    with pytest.raises(IndexError):
        oracle.outcome(wrong("generated", reads=crashes), SEED[1:], "DC", "document")
    with pytest.raises(CodecError):
        oracle.written(oracle.GENERATED, dataclasses.replace(codec.read(SEED[1:], "DC"), value=None), "DC", "document")
    assert (codec.read_element, codec.write_element) == before


def test_whole_signatures_are_seeds_of_xml_signature():
    from fuzz.seeds import seeds

    some = list(seeds("xmldsig"))
    assert sum(seed[:1] == b"\0" for seed in some) > 30
    assert len(list(seeds("DC"))) > 100
