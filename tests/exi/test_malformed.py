"""Damaged and hostile streams: refused for the right reason, or accepted for a reason that is written down."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from iso15118 import exi
from iso15118.messages.registry import KEYS
from tests.exi.vectors import DATA, corpus, load
from tests.exi.verdicts import MORE_LIBERAL, REASONS, REFUSED_ALONE, STRICTER, TABLE, unexplained, verdict

SAMPLE = load(DATA / "exi_malformed.jsonl.gz")
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "exi-verdicts.md"
VERDICTS = json.loads(TABLE.read_text(encoding="utf-8"))


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("vector", SAMPLE, ids=lambda vector: vector["id"])
def test_the_verdict_is_the_one_that_is_written_down(vector):
    ours = verdict(vector)
    assert ours == VERDICTS[vector["id"]]
    assert not unexplained(vector, ours)


def test_every_stream_of_the_sample_has_a_verdict():
    assert set(VERDICTS) == {vector["id"] for vector in SAMPLE}
    assert set(VERDICTS.values()) <= {"accept", *REASONS}


def test_the_sample_covers_every_key_and_most_reasons():
    # The corpus has no damaged streams of Amendment 1; test_der damages its own.
    assert {vector["key"] for vector in SAMPLE} == {key for key in KEYS if not key.startswith("AC_DER")}
    assert set(VERDICTS.values()) >= {
        *("accept", "header", "root", "end", "undeclared", "abstract", "literal", "range", "length"),
        *("long integer", "character", "string table", "left over"),
    }


@pytest.mark.usefixtures("backend")
def test_whole_corpus():
    vectors = corpus("malformed")
    verdicts = {vector["id"]: verdict(vector) for vector in vectors}
    assert not list(filter(None, (unexplained(vector, verdicts[vector["id"]]) for vector in vectors)))
    # What is excused is needed: a stream that has another verdict by now is no exception any more.
    refused = {vector["id"] for vector in vectors if vector["ref"] == "reject"}
    assert {vector for vector in MORE_LIBERAL if verdicts[vector] == "accept"} == set(MORE_LIBERAL) <= refused
    assert all(verdicts[vector] not in {"accept", *STRICTER} for vector in REFUSED_ALONE)
    assert {verdicts[v["id"]] for v in vectors if v["ref"] == "accept"} >= set(STRICTER)


def test_the_page_counts_what_the_corpus_has():
    vectors = corpus("malformed")
    counts = Counter(verdict(vector) for vector in vectors if vector["ref"] == "accept")
    text = PAGE.read_text(encoding="utf-8")
    assert f"The corpus has {len(vectors)} streams" in text
    assert f"({', '.join(MORE_LIBERAL)})" in text
    _, _, section = text.partition("## Against the reference")
    table, _, _ = section.partition("## What a stream may cost")
    assert [int(count) for count in re.findall(r"^\|[^|]*\| (\d+)", table, re.MULTILINE)] == [
        *(counts.pop(reason) for reason in STRICTER),
        len(REFUSED_ALONE),
    ]
    assert counts.total() - counts["accept"] == len(REFUSED_ALONE)


def test_zero_octets_behind_a_message_are_reported_and_others_are_refused():
    trailing = [vector for vector in SAMPLE if vector["category"] == "trailing"]
    seen = set()
    for vector in trailing:
        if vector["note"] == "one zero byte appended":
            content = exi.read(bytes.fromhex(vector["exi"]), vector["key"], vector["mode"])
            assert content.trailing_octets == 1
        else:
            assert verdict(vector) == "left over"
        seen.add(vector["note"])
    assert seen >= {"one zero byte appended", "7 random bytes appended"}
