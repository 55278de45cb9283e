from __future__ import annotations

import pytest

from iso15118.exi.generate import ReaderSource
from iso15118.exi.generate_writers import JsonSource, WriterSource
from iso15118.exi.grammar import schema_grammar
from iso15118.messages.registry import KEYS


def record(key, local):
    element = next(e for e in schema_grammar(key).fragment if e.name.local == local)
    assert element.record is not None
    return element.record


def test_neighbouring_bits_are_read_in_one_go():
    """SE(Exponent), CH, eight bits, EE: eleven bits, of which all but the eight must be zero."""
    text = ReaderSource(record("DC", "EVPresentVoltage"), "read").text()
    assert "    rem -= 11\n" in text
    assert f"    if x & {0b11_00000000_1}: raise Irregular\n" in text
    assert "    v0 = (x >> 1) - 128\n" in text


def test_the_same_grammar_gives_the_same_source():
    grammar = record("CommonMessages", "ScheduleExchangeRes")
    assert ReaderSource(grammar, "f").text() == ReaderSource(grammar, "f").text()
    assert WriterSource(grammar, "f").text() == WriterSource(grammar, "f").text()


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("source", [ReaderSource, WriterSource, JsonSource])
def test_every_class_has_a_source_and_its_needs_are_named(key, source):
    for element in schema_grammar(key).fragment:
        if element.record is not None:
            made = source(element.record, "f")
            compile(made.text(), "f", "exec")
            for needed in made.needs:
                assert f"{needed}(" in made.text()
