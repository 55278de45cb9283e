"""What the commands of ``v2g exi`` say about input that is none, and about streams that are tolerated."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import NamedTuple

import msgspec
import pytest

from iso15118 import exi
from iso15118.cli import exi_input, main
from tests.exi.samples import CABLE_CHECK_RES, CABLE_CHECK_RES_EXI, LOOP_RES

HEX = CABLE_CHECK_RES_EXI.hex()
XML = exi.to_xml(CABLE_CHECK_RES, "DC")
READERS = ("decode", "encode", "explain", "lint")
LONG = "n" * 3_000_000


class Done(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def v2g(capsys, monkeypatch):
    def run(*words: str, given: bytes | str | None = b"") -> Done:
        data = given.encode() if isinstance(given, str) else given
        monkeypatch.setattr("sys.stdin", None if data is None else io.TextIOWrapper(io.BytesIO(data)))
        try:
            status = main(["exi", *words])
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        return Done(status, *capsys.readouterr())

    return run


# --- input that is none ---


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize("given", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_empty_input_is_an_error_in_one_line(v2g, command, given):
    assert v2g(command, given=given) == Done(1, "", f"v2g exi {command}: standard input is empty\n")


@pytest.mark.parametrize("command", READERS)
def test_an_empty_argument_too(v2g, command):
    what = "text" if command == "encode" else "payload"
    assert v2g(command, "") == Done(1, "", f"v2g exi {command}: an empty {what}\n")


@pytest.mark.parametrize("command", READERS)
def test_too_much_input_has_one_status(v2g, command, monkeypatch):
    monkeypatch.setattr(exi_input, "MAX_LINE_OCTETS", 10)
    assert v2g(command, given=HEX) == Done(1, "", f"v2g exi {command}: more than 10 octets of input\n")
    monkeypatch.setattr(exi_input, "MAX_LINE_OCTETS", max(len(HEX), len(XML)))
    assert v2g(command, given=XML if command == "encode" else HEX).status == 0


@pytest.mark.parametrize("words", [*((command,) for command in READERS), ("decode", "--jsonl"), ("encode", "--jsonl")])
def test_a_closed_input_is_told_in_one_line(v2g, words):
    assert v2g(*words, given=None) == Done(2, "", "v2g: standard input is closed\n")


WITHOUT_OUTPUT = [
    ("decode", HEX),
    ("encode", XML),
    ("encode", "--binary", XML),
    ("explain", HEX),
    ("lint", HEX),
    ("schema", "DC"),
    ("decode", "--jsonl"),
]


@pytest.mark.parametrize("words", WITHOUT_OUTPUT)
def test_a_closed_output_is_told_in_one_line(v2g, words, monkeypatch):
    with monkeypatch.context() as closed:
        closed.setattr("sys.stdout", None)
        done = v2g(*words)
    assert done == Done(2, "", "v2g: standard output is closed\n")


@pytest.mark.skipif(sys.platform == "win32", reason="the shell's way of closing")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_streams_that_the_shell_closed(closed):
    words = "decode" if closed == "<&-" else "decode 80ff" if closed == "2>&-" else f"decode {HEX}"
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m iso15118.cli exi {words} {closed}', sys.executable],
        capture_output=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    told = {"<&-": b"v2g: standard input is closed\n", ">&-": b"v2g: standard output is closed\n", "2>&-": b""}
    assert (done.returncode, done.stdout, done.stderr) == (1 if closed == "2>&-" else 2, b"", told[closed])


@pytest.mark.skipif(sys.platform == "win32", reason="the shell's way of opening")
def test_an_input_that_cannot_be_read():
    done = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m iso15118.cli exi decode 0>/dev/null', sys.executable],
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    (line,) = done.stderr.splitlines()
    assert line.startswith(b"v2g: standard input can't be read: ")


# --- what depends on no schema set is told once ---


@pytest.mark.parametrize(
    ("words", "given", "reason"),
    [
        (("encode",), "<a", "XML is not well-formed: "),
        (("lint",), "<a", "XML is not well-formed: "),
        (("lint",), b'{"a": "\xff"}', "input is not UTF-8: invalid start byte at octet 7"),
        (("encode",), "{,}", "not JSON: "),
        (("lint",), "{,}", "not JSON: "),
        (("encode",), '{"a": 1, "b": 2}', "a JSON object with one member"),
        (("decode", "70"), "", "EXI header 0x70, not 0x80 (bit 0)"),
        (("lint", "70"), "", "EXI header 0x70, not 0x80 (bit 0)"),
        (("lint", "zz"), "", "not hexadecimal: "),
        (("decode", "808"), "", "not hexadecimal: an odd number of digits, 3\n"),
        (("decode", "8 0"), "", "not hexadecimal: "),
        (("decode", "01fe8001000000048080"), "", "begins with 01fe: a V2GTP frame? leave out its 8 octets\n"),
        (("explain",), b"\x01\xfe\x80\x01\0\0\0\x04\x80\x80", "begins with 01fe: a V2GTP frame?"),
        (("decode",), XML.replace("><", ">\n<"), "not hexadecimal but, as it seems, XML or JSON"),
        (("encode",), '{"Foo": {}}', "fits no schema set: Foo: no root of the set\n"),
        (("encode",), '{"": {}}', "fits no schema set: '': no root of the set\n"),
    ],
)
def test_a_reason_that_is_the_same_for_all_sets_is_told_once(v2g, words, given, reason):
    done = v2g(*words, given=given)
    assert done[:2] == (1, "")
    assert done.err.startswith(f"v2g exi {words[0]}: {reason}")
    assert len(done.err.splitlines()) == 1


def test_the_set_that_got_furthest_comes_first(v2g):
    done = v2g("encode", XML.replace("FAILED", "failed"))
    told = done.err.splitlines()
    assert told[:2] == [
        "v2g exi encode: fits no schema set",
        "  as DC: DC_CableCheckRes/ResponseCode: 'failed' is no literal of ResponseCode",
    ]
    assert len(told) == 3
    assert told[2].endswith("AC_DER_SAE, xmldsig: DC_CableCheckRes: no root of the set")
    # The root is of one set; what is wrong with it is as deep in its path as that others don't have it.
    done = v2g("encode", XML.replace("<dc:DC_CableCheckRes ", "<dc:DC_CableCheckRes x='1' "))
    assert done.err.splitlines()[1] == "  as DC: DC_CableCheckRes: attribute x is not expected"
    done = v2g("decode", HEX[:-4])
    assert done.err.splitlines()[1].startswith("  as DC: DC_CableCheckRes/")


@pytest.mark.parametrize(
    "text",
    [
        f"<{LONG}/>",
        f"<a xmlns='{LONG}'/>",
        f"<{LONG}>",
        f"<{LONG}></b>",
        XML.replace("><", f"><{LONG}/><", 1),
        XML.replace("<ct:Header", f"<ct:Header {LONG}='1'", 1),
        XML.replace("FAILED", f"<{LONG}/>"),
        XML.replace("<ct:Header>", f"<ct:Header xmlns='{LONG}'><Header/>"),
        json.dumps({LONG: {}}),
        json.dumps({f"{{{LONG}}}Header": {}}),
        json.dumps({"DC_CableCheckRes": {LONG: 1}}),
        json.dumps({"DC_CableCheckRes": {"ResponseCode": LONG}}),
        json.dumps({"Object": {"content": [{LONG: 1}]}}),
    ],
    ids=range(13),
)
def test_long_names_do_not_fill_the_screen(v2g, text):
    for mode in ("document", "fragment"):
        done = v2g("encode", "--mode", mode, given=text)
        assert done[:2] == (1, "")
        assert len(done.err) < 2_500


def test_names_cannot_act_on_a_terminal(v2g):
    for text in ('{"a\\u001b[2J\\nb": 1}', '{"DC_CableCheckRes": {"\\ud800\\n": 1}}'):
        done = v2g("encode", "-k", "DC", text)
        assert done[:2] == (1, "")
        assert len(done.err.splitlines()) == 1
        assert done.err.rstrip("\n").isprintable()


# --- lint reads what it is given, unaltered ---


@pytest.mark.parametrize("blank", ["", "\ufeff", "\n\n  "])
def test_lint_reads_a_text_as_it_is(v2g, blank):
    odd = msgspec.structs.replace(LOOP_RES.meter_info, meter_id="b\x85c\u2028d")
    message = msgspec.structs.replace(LOOP_RES, meter_info=odd)
    text = json.dumps(exi.to_json(message, "DC"), ensure_ascii=False)
    by_argument = v2g("lint", "-k", "DC", text)
    assert by_argument.status == 1
    assert "U+0085" in by_argument.out
    assert v2g("lint", "-k", "DC", given=blank + text) == by_argument


# --- streams that are tolerated ---


def _with_empty_end() -> str:
    name = msgspec.structs.replace(LOOP_RES.meter_info, meter_id="")
    message = msgspec.structs.replace(LOOP_RES, meter_info=name)
    return exi.encode(message, "DC", dialect=exi.Dialect(empty_values="end")).hex()


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        (HEX + "00", "1 zero octet after the end"),
        (HEX + "0000", "2 zero octets after the end"),
        (f"{int(HEX, 16) | 1:x}", "bits other than zero behind the end, in the last octet: 1"),
        (_with_empty_end(), "1 empty value written as an end without a value"),
    ],
)
def test_what_was_tolerated_is_told(v2g, stream, told):
    done = v2g("decode", "-k", "DC", stream)
    assert (done.status, done.err) == (0, f"v2g exi decode: {told}\n")
    assert done.out.startswith("<dc:DC_C")
    done = v2g("lint", "-k", "DC", stream)
    assert (done.status, done.err) == (1, f"v2g exi lint: {told}\n")
    assert "no findings" not in done.out


def test_lint_knows_dialects(v2g):
    done = v2g("lint", "-k", "DC", "--dialect", "trailing_zeros=refuse", HEX + "00")
    assert done[:2] == (1, "")
    assert done.err.startswith("v2g exi lint: DC_CableCheckRes: 1 zero octets after the end of the message")


# --- usage ---


@pytest.mark.parametrize("command", [*READERS, "schema"])
@pytest.mark.parametrize(("key", "near"), [("dc", "DC"), ("CommonMessage", "CommonMessages"), ("MCS", "")])
def test_an_unknown_key_is_a_wrong_command_line(v2g, command, key, near):
    done = v2g(command, key) if command == "schema" else v2g(command, "-k", key, "zz")
    assert done[:2] == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith(f"v2g: no schema set '{key}'; " + (f"near: {near}; there are" if near else "there are"))


@pytest.mark.parametrize("name", ["dc_chargeloopreq", "DC_CHARGELOOPREQ", "DCChargeLoopReq"])
def test_near_names_of_elements_are_proposed(v2g, name):
    done = v2g("schema", "DC", name)
    assert done[:2] == (1, "")
    assert done.err.startswith(f"v2g exi schema: {name}: no element of DC; near: DC_ChargeLoopReq, ")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("padding=accept", "padding=refuse"), "--dialect padding is given twice"),
        (("string_tables",), "--dialect string_tables: OPTION=VALUE is needed"),
        (("Paddin=accept",), "--dialect: no option 'Paddin'; near: padding; there are acdp_roots, "),
        (("padding=",), "dialect: padding is accept or refuse, not ''"),
    ],
)
@pytest.mark.parametrize("command", READERS)
def test_dialects_that_cannot_be_meant(v2g, command, options, told):
    words = [word for option in options for word in ("--dialect", option)]
    done = v2g(command, *words, HEX)
    assert done[:2] == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith(f"v2g: {told}")
