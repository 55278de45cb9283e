"""``v2g exi schema``, ``lint`` and ``explain``, in this process: what they print and how they end."""

from __future__ import annotations

import io
import json
from typing import NamedTuple

import pytest

from iso15118 import exi
from iso15118.cli import main
from iso15118.exi.describe import describe_element, describe_roots
from iso15118.exi.explain import explain
from tests.exi.samples import APP_REQ, CABLE_CHECK_RES, CABLE_CHECK_RES_EXI, LOOP_RES
from tests.exi.vectors import DATA, load

HEX = CABLE_CHECK_RES_EXI.hex()
LOOP_HEX = exi.encode(LOOP_RES, "DC").hex()
LOOP_FINDING = "DC_ChargeLoopRes/MeterInfo/MeterID: character U+2603; safe: printable ASCII."


class Done(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def v2g(capsys, monkeypatch):
    def run(*words: str, given: bytes | str = b"") -> Done:
        data = given.encode() if isinstance(given, str) else given
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        try:
            status = main(["exi", *words])
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        return Done(status, *capsys.readouterr())

    return run


# --- schema ---


def test_schema_of_a_set_and_of_a_message(v2g):
    assert v2g("schema", "AppProtocol") == Done(0, "\n".join(describe_roots("AppProtocol")) + "\n", "")
    message = "\n".join(describe_element("DC", "DC_CableCheckRes")) + "\n"
    assert v2g("schema", "DC", "DC_CableCheckRes") == Done(0, message, "")
    full = v2g("schema", "DC", "DC_CableCheckRes", "--signatures").out
    assert "SignatureValue" in full
    assert "SignatureValue" not in message


def test_schema_of_what_there_is_not(v2g):
    done = v2g("schema", "DC", "DC_ChargLoopReq")
    assert done[:2] == (1, "")
    assert done.err.startswith("v2g exi schema: DC_ChargLoopReq: no element of DC; near: DC_ChargeLoopReq, ")
    assert v2g("schema", "DC", "Xyzzy") == Done(1, "", "v2g exi schema: Xyzzy: no element of DC\n")
    done = v2g("schema", "DIN")
    assert done[:2] == (2, "")
    assert done.err.startswith("v2g: no schema set 'DIN'; there are ")


# --- lint ---


def test_lint_is_silent_success_for_what_everybody_reads(v2g):
    assert v2g("lint", HEX, "--key", "DC") == Done(0, "DC_CableCheckRes of DC: no findings\n", "")
    assert v2g("lint", HEX, "-k", "DC", "--json") == Done(0, "", "")


@pytest.mark.parametrize("form", ["hex", "binary", "xml", "json", "argument"])
def test_lint_takes_a_message_in_any_form(v2g, form):
    given = {
        "hex": LOOP_HEX,
        "binary": bytes.fromhex(LOOP_HEX),
        "xml": '<?xml version="1.0"?>\n' + exi.to_xml(LOOP_RES, "DC"),
        "json": json.dumps(exi.to_json(LOOP_RES, "DC"), indent=2),
        "argument": b"",
    }[form]
    words = [exi.to_xml(LOOP_RES, "DC")] if form == "argument" else []
    done = v2g("lint", "--key", "DC", *words, given=given)
    assert (done.status, done.err) == (1, "")
    (line,) = done.out.splitlines()
    assert line.startswith(LOOP_FINDING)


def test_lint_for_tools(v2g):
    done = v2g("lint", "--json", "--key", "DC", LOOP_HEX)
    assert done.status == 1
    (line,) = done.out.splitlines()
    finding = json.loads(line)
    assert list(finding) == ["path", "what", "rule", "limit", "fails", "source"]
    assert finding["rule"] == "plain-text"


def test_lint_goes_on_after_a_bad_payload(v2g):
    done = v2g("lint", "-k", "DC", HEX[:20], "zz", LOOP_HEX)
    assert done.status == 1
    assert [line.partition(" ")[0] for line in done.out.splitlines()] == ["DC_ChargeLoopRes/MeterInfo/MeterID:"]
    assert [line.startswith("v2g exi lint: ") for line in done.err.splitlines()] == [True, True]


def test_lint_finds_the_schema_set(v2g):
    done = v2g("lint", exi.encode(APP_REQ, "AppProtocol").hex())
    assert done == Done(0, "supportedAppProtocolReq of AppProtocol: no findings\n", "")


def test_lint_of_a_fragment(v2g):
    fragment = exi.encode(CABLE_CHECK_RES.header, "DC", "fragment", "Header").hex()
    assert v2g("lint", "--mode", "fragment", "-k", "DC", fragment).out == "Header of DC: no findings\n"


# --- explain ---


def test_explain_says_what_each_bit_means(v2g):
    done = v2g("explain", HEX, "--key", "DC")
    explanation = explain(CABLE_CHECK_RES_EXI, "DC")
    assert done == Done(0, "\n".join(["DC_CableCheckRes of DC", *explanation.lines()]) + "\n", "")


def test_explain_finds_the_schema_set(v2g):
    assert v2g("explain", LOOP_HEX).out.startswith("DC_ChargeLoopRes of DC\n")


def test_explain_for_tools(v2g):
    done = v2g("explain", "--json", "-k", "DC", HEX)
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert rows == [step.to_json() for step in explain(CABLE_CHECK_RES_EXI, "DC").steps]
    assert done.status == 0


def test_explain_of_a_fault_ends_with_it(v2g):
    done = v2g("explain", HEX[:20], HEX, "-k", "DC")
    assert (done.status, done.err) == (1, "")
    bad, good = done.out.split("\n\n")
    assert bad.startswith("as DC\n")
    assert bad.splitlines()[-1] == "fault: DC_CableCheckRes/Header/SessionID: 8 octets announced, 6 left (bit 25)"
    assert good.startswith("DC_CableCheckRes of DC\n")
    row = json.loads(v2g("explain", HEX[:20], "-k", "DC", "--json").out.splitlines()[-1])
    assert row == {"fault": "8 octets announced, 6 left", "path": "DC_CableCheckRes/Header/SessionID", "bit": 25}


def test_explain_of_a_fault_takes_the_set_that_reads_furthest(v2g):
    # Root 38 is no message of any other set; the last octet has a literal that there is not.
    done = v2g("explain", "80980400810182028303840ac022ff")
    assert done.status == 1
    assert done.out.startswith("as CommonMessages\n")
    assert "SE(SessionStopRes)" in done.out


def test_explain_wants_a_set_where_several_fit(v2g):
    fragment = exi.encode(b"x", "xmldsig", "fragment", "DigestValue").hex()
    assert v2g("explain", "-m", "fragment", fragment, "-k", "xmldsig").status == 0
    done = v2g("explain", "zz")
    assert done[:2] == (1, "")
    assert done.err.startswith("v2g exi explain: not hexadecimal")


def test_explain_asks_only_where_sets_see_different_contents(v2g):
    done = v2g("explain", "-m", "fragment", "802d0820")
    assert done[:2] == (1, "")
    assert "fits more than one schema set (ACDP, AC_DER_IEC); choose with --key" in done.err
    for key, name in (("ACDP", "EVSEIsolationStatus"), ("AC_DER_IEC", "EVOperatingMode")):
        assert v2g("explain", "-m", "fragment", "802d0820", "-k", key).out.startswith(f"{name} of {key}\n")
    fragment = exi.encode(b"x", "xmldsig", "fragment", "DigestValue").hex()
    assert v2g("explain", "-m", "fragment", fragment).out.startswith("DigestValue of xmldsig\n")


def test_explain_of_too_much_is_refused(v2g):
    for options in ((), ("-k", "DC")):
        done = v2g("explain", HEX + "01" * (1 << 16), *options)
        assert done[:2] == (1, "")
        assert "octets, more than the limit of 65536 for an explanation" in done.err


# --- dialects ---


def test_every_command_that_reads_or_writes_streams_knows_dialects(v2g):
    vector = next(v for v in load(DATA / "exi_vectors.jsonl.gz") if v["message"] == "ACDP_ConnectRes")
    xml = v2g("decode", "-k", "ACDP", vector["exi"]).out
    swapped = ("-k", "ACDP", "--dialect", "acdp_roots=cbexigen")
    theirs = v2g("encode", *swapped, xml).out.strip()
    assert theirs != vector["exi"]
    assert v2g("decode", *swapped, theirs).out == xml
    assert v2g("explain", *swapped, theirs).out.startswith("ACDP_ConnectRes of ACDP\n")
    done = v2g("decode", *swapped, "--dialect", "trailing_zeros=refuse", theirs + "00")
    assert (done.status, done.out) == (1, "")
    assert "1 zero octets after the end" in done.err


@pytest.mark.parametrize("option", ["acdp_roots", "acdp_roots=ours", "roots=schema"])
def test_an_unknown_dialect_is_told_in_one_line(v2g, option):
    for command in ("decode", "encode", "explain"):
        done = v2g(command, "--dialect", option, HEX)
        assert done[:2] == (2, "")
        assert len(done.err.splitlines()) == 1


def test_the_form_for_tools_takes_no_dialect(v2g):
    for command in ("decode", "encode"):
        done = v2g(command, "--jsonl", "--dialect", "acdp_roots=cbexigen")
        assert done.status == 2
        assert "dialect would go unused" in done.err
