"""Streams of deployed codecs: read to the same XML and JSON, written to the same bytes; damaged ones refused."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import pytest
from lxml import etree

from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.messages.registry import KEYS
from tests.exi.vectors import DATA, PHANTOM, corpus, sample, signatures

VECTORS = sample() + signatures()
END = exi.Dialect(empty_values="end")
"""How the codec that made the vectors writes empty values."""


def infoset(node: Any) -> tuple[Any, ...]:
    """What XML text means: qualified names, attributes, text."""
    children = [infoset(child) for child in node]
    text = node.text or ""
    return node.tag, sorted(node.attrib.items()), "" if children and not text.strip() else text, children


def parsed(text: str) -> tuple[Any, ...]:
    return infoset(etree.fromstring(text.encode()))


def check(vector: dict[str, Any]) -> None:
    """Both directions of one vector, over EXI, XML and JSON."""
    key, mode = vector["key"], vector.get("mode") or "document"
    content = exi.read(bytes.fromhex(vector["exi"]), key, mode)
    assert content.name.local == vector["message"]
    assert content.trailing_octets == 0

    written = exi.to_xml(content.value, key, mode, content.name)
    assert parsed(written) == parsed(vector["xml"])
    assert exi.from_xml(written, key, mode) == content

    from_their_xml = exi.from_xml(vector["xml"], key, mode)
    assert from_their_xml == content
    encoded = exi.encode(from_their_xml.value, key, mode, from_their_xml.name)
    if "exi_empty_ch" in vector or not content.empty_ends:
        assert encoded.hex() == vector.get("exi_empty_ch", vector["exi"])
    assert exi.encode(content.value, key, mode, content.name, END).hex() == vector["exi"]
    if "exi_empty_ch" in vector:
        assert exi.read(encoded, key, mode) == content

    as_json = exi.to_json(content.value, key, mode, content.name)
    if vector.get("json") is not None and vector["id"] not in PHANTOM:
        assert as_json == vector["json"]
    assert exi.from_json(json.loads(json.dumps(as_json)), key, mode) == content


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_vector(vector):
    check(vector)


def test_sample_covers_every_key():
    assert {vector["key"] for vector in VECTORS} == set(KEYS)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", ["public", "kat"])
def test_whole_corpus(name):
    for vector in corpus(name):
        if vector.get("class") in {None, "core", "fragment", "big"}:
            check(vector)


@pytest.mark.usefixtures("backend")
def test_whole_corpus_of_amendment_1():
    vectors = corpus("amd1_public")
    assert {vector["key"] for vector in vectors} == {"AC_DER_IEC", "AC_DER_SAE"}
    for vector in vectors:
        check(vector)


def test_signatures_with_every_branch_of_the_schema():
    """KeyInfo, Object, text in mixed content, wildcards. The JSON that came with them has no order: ours does."""
    vectors = [vector for vector in corpus("public") if vector.get("class") == "sigx"]
    assert len(vectors) == 50
    for vector in vectors:
        check({**vector, "json": None})


def test_exotic_streams_are_read_or_refused_clearly():
    """xsi:type, and elements of ISO namespaces in the place of a wildcard: nothing a V2G stack sends."""
    read = 0
    for vector in corpus("public"):
        if vector.get("class") == "exotic":
            try:
                check({**vector, "json": None})
            except CodecError as error:
                assert re.search(r"wildcard is not supported|not declare here|is abstract", error.reason)
            else:
                read += 1
    assert read == 7


def test_the_data_files_are_reproducible_archives():
    """No file name or time stamp in the gzip header, so that the same data is the same file."""
    for path in DATA.glob("*.jsonl.gz"):
        header = path.read_bytes()[:10]
        assert header[3] == 0
        assert header[4:8] == b"\0\0\0\0"
        gzip.decompress(path.read_bytes())
