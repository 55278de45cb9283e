"""Digests of real signatures, in every form that a peer may have digested."""

from __future__ import annotations

import hashlib

import pytest

from iso15118 import exi
from iso15118.errors import LocalError
from iso15118.exi import digest_form, signed_forms
from iso15118.messages import xmldsig
from iso15118.messages.iso20.common import authorization, certificate_installation
from tests.exi.vectors import DATA, corpus, load

SIGNED = load(DATA / "exi_signed.jsonl.gz")
ALGORITHMS = {32: "sha256", 64: "sha512"}


def find(value, identity):
    """The record with this Id, anywhere in a message, and the name of its field."""
    for name in value.__struct_fields__:
        inner = getattr(value, name)
        for each in inner if isinstance(inner, tuple) else (inner,):
            if getattr(each, "id", None) == identity:
                return each
            if hasattr(each, "__struct_fields__") and not isinstance(each, xmldsig.Signature):
                found = find(each, identity)
                if found is not None:
                    return found
    return None


def check(vector):
    message = exi.decode(bytes.fromhex(vector["exi"]), vector["key"])
    info = message.header.signature.signed_info
    for reference in info.reference:
        part = find(message, reference.uri.removeprefix("#"))
        algorithm = ALGORITHMS[len(reference.digest_value)]
        form = digest_form(part, vector["key"], reference.digest_value, algorithm)
        assert form is not None
        assert hashlib.new(algorithm, form.octets).digest() == reference.digest_value
        assert digest_form(part, vector["key"], bytes(len(reference.digest_value)), algorithm) is None
    assert vector["signedinfo_exi"] in [form.octets.hex() for form in signed_forms(info, vector["key"])]


@pytest.mark.parametrize("vector", SIGNED, ids=lambda vector: vector["id"])
def test_a_digest_is_found(vector):
    check(vector)


def test_the_whole_corpus_of_signed_messages():
    vectors = corpus("signed")
    assert len(vectors) == 60
    for vector in vectors:
        check(vector)


def test_signed_info_is_tried_with_both_grammars():
    info = exi.decode(bytes.fromhex(SIGNED[0]["exi"]), SIGNED[0]["key"]).header.signature.signed_info
    forms = list(signed_forms(info, "CommonMessages"))
    assert [form.key for form in forms] == ["xmldsig", "CommonMessages"]
    for form in forms:
        assert exi.decode_fragment(form.octets, form.key).value == info


def test_empty_values_are_tried_in_both_forms():
    part = certificate_installation.SignedCertificateChain(
        id="a", certificate=b"", sub_certificates=certificate_installation.SubCertificates(certificate=(b"c",))
    )
    forms = list(signed_forms(part, "CommonMessages", "OEMProvisioningCertificateChain"))
    assert [form.dialect.empty_values for form in forms] == ["value", "end"]
    digest = hashlib.sha512(forms[1].octets).digest()
    assert digest_form(part, "CommonMessages", digest, "sha512", "OEMProvisioningCertificateChain") == forms[1]


def test_an_algorithm_that_is_not_known_is_the_callers_mistake():
    part = authorization.EIM_AReqAuthorizationMode()
    with pytest.raises(LocalError, match="digest algorithm 'md5'"):
        digest_form(part, "CommonMessages", b"", "md5", "EIM_AReqAuthorizationMode")


def test_signed_info_of_any_message_is_tried_with_common_messages():
    info = exi.decode(bytes.fromhex(SIGNED[0]["exi"]), SIGNED[0]["key"]).header.signature.signed_info
    assert [form.key for form in signed_forms(info, "AC")] == ["xmldsig", "CommonMessages", "AC"]
