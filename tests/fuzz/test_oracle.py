"""The checks hold for the vectors, and notice what they are there to notice."""

from __future__ import annotations

import pytest

from fuzz import oracle
from fuzz.oracle import CHECKS, Finding, Numbers
from fuzz.seeds import seeds, write_seeds
from iso15118.errors import CodecError
from iso15118.exi import generated, interpreter
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


def wrong(*, reads=None, writes=None):
    """The interpreter with a fault of ours in it."""

    class Wrong:
        read_element = staticmethod(reads or interpreter.read_element)
        write_element = staticmethod(writes or interpreter.write_element)

    return Wrong


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
    ("spelling", "fault", "says"),
    [
        ("interpreter", wrong(reads=refuses), "by the interpreter as"),
        ("generated", wrong(reads=refuses_without_place), "no place"),
        ("generated", wrong(writes=writes_one_bit_more), "in two ways"),
    ],
)
def test_a_difference_between_the_spellings_is_a_finding(monkeypatch, spelling, fault, says):
    monkeypatch.setattr(oracle, spelling, fault)
    with pytest.raises(Finding, match=says):
        oracle.check_exi("DC", SEED, Numbers())


def test_another_exception_is_not_caught(monkeypatch):
    monkeypatch.setattr(oracle, "generated", wrong(reads=crashes))
    with pytest.raises(IndexError):
        oracle.check_exi("DC", SEED, Numbers())


def test_the_spelling_in_use_is_put_back(monkeypatch):
    from iso15118.exi import codec

    before = codec.read_element, codec.write_element
    with pytest.raises(IndexError):
        oracle.outcome(wrong(reads=crashes), SEED[1:], "DC", "document")
    with pytest.raises(CodecError):
        oracle.written(generated, oracle.codec.read(SEED[1:], "DC")._replace(value=None), "DC", "document")
    assert (codec.read_element, codec.write_element) == before
