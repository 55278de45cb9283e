"""``v2g exi``, as its users and the tools built on it see it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from iso15118 import exi
from iso15118.cli import main
from iso15118.messages.registry import KEYS
from tests.exi.samples import CABLE_CHECK_RES, CABLE_CHECK_RES_EXI
from tests.exi.vectors import DATA, load

XML = exi.to_xml(CABLE_CHECK_RES, "DC")
JSON = exi.to_json(CABLE_CHECK_RES, "DC")
HEX = CABLE_CHECK_RES_EXI.hex()


class Done(NamedTuple):
    returncode: int
    stdout: bytes
    stderr: bytes


def v2g(*words: str, given: bytes | str = b"") -> Done:
    """The command in this process, on streams of its own: a process for each call would take most of the time."""
    streams = [io.TextIOWrapper(io.BytesIO(data), encoding="utf-8") for data in (as_bytes(given), b"", b"")]
    with pytest.MonkeyPatch.context() as patch:
        for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
            patch.setattr(sys, name, stream)
        try:
            status = main(["exi", *words])
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
    for stream in streams[1:]:
        stream.flush()
    _, out, err = (stream.buffer.getvalue() for stream in streams)
    return Done(status, out, err)


def as_bytes(given: bytes | str) -> bytes:
    return given.encode() if isinstance(given, str) else given


def in_a_process(*words: str, given: bytes | str = b"") -> Done:
    """The command as a shell starts it."""
    command = [sys.executable, "-m", "iso15118.cli", "exi", *words]
    done = subprocess.run(command, input=as_bytes(given), capture_output=True, check=False, timeout=120)
    return Done(done.returncode, done.stdout, done.stderr)


def lines(*words: str, requests: list[object], run: Callable[..., Done] = v2g) -> list[dict[str, object]]:
    given = "".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in requests)
    done = run(*words, "--jsonl", given=given)
    assert done.returncode == 0
    assert done.stderr == b""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_decode_lines_answers_each_line_in_order():
    request = {"key": "DC", "mode": "document", "exi": HEX}
    answer = {"message": "DC_CableCheckRes", "xml": XML, "json": JSON}
    bad = [
        "{",
        "",
        "[" * 100_000,
        "[]",
        {**request, "key": "MCS"},
        {**request, "key": 7},
        {**request, "exi": HEX[:-1]},
        {**request, "exi": "zz"},
        {**request, "exi": HEX[:-2]},
        {**request, "exi": None},
        {**request, "mode": "message"},
        {**request, "mode": []},
    ]
    answers = lines("decode", requests=[request, *bad, request])
    assert answers[0] == answers[-1] == answer
    assert [set(each) for each in answers[1:-1]] == [{"error"}] * len(bad)


def test_encode_lines_answers_each_line_in_order():
    request = {"key": "DC", "mode": "document", "xml": XML}
    bad = [
        {**request, "xml": XML.replace("FAILED", "failed")},
        {**request, "xml": XML.replace("FAILED", "\x00")},
        {**request, "xml": XML.replace("FAILED", "\ud800")},
        {**request, "xml": "<"},
        {**request, "xml": 1},
        {"key": "DC"},
        "x",
    ]
    answers = lines("encode", requests=[request, *bad, request])
    assert answers[0] == answers[-1] == {"exi": HEX}
    assert [set(each) for each in answers[1:-1]] == [{"error"}] * len(bad)


def test_the_last_line_needs_no_line_end():
    done = v2g("decode", "--jsonl", given=json.dumps({"key": "DC", "exi": HEX}))
    assert json.loads(done.stdout)["message"] == "DC_CableCheckRes"


def test_vectors_pass_through_both_filters():
    vectors = load(DATA / "exi_vectors.jsonl.gz")
    decoded = lines("decode", run=in_a_process, requests=[{k: v[k] for k in ("key", "mode", "exi")} for v in vectors])
    assert [each["message"] for each in decoded] == [vector["message"] for vector in vectors]
    encoded = lines(
        "encode",
        run=in_a_process,
        requests=[{"key": v["key"], "mode": v["mode"], "xml": each["xml"]} for v, each in zip(vectors, decoded)],
    )
    assert [each["exi"] for each in encoded] == [v.get("exi_empty_ch", v["exi"]) for v in vectors]


def test_answers_come_while_the_pipe_is_open():
    with subprocess.Popen(
        [sys.executable, "-m", "iso15118.cli", "exi", "decode", "--jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(2):
            process.stdin.write(json.dumps({"key": "DC", "exi": HEX}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["json"] == JSON
        process.stdin.close()
        assert process.wait(60) == 0


@pytest.mark.parametrize("words", [[HEX], ["--key", "DC", HEX.upper()], ["--mode", "document", HEX]])
def test_decode_takes_an_argument(words):
    done = v2g("decode", *words)
    assert (done.returncode, done.stdout.decode()) == (0, XML + "\n")


@pytest.mark.parametrize(
    "given", [HEX, f"{HEX}\n", CABLE_CHECK_RES_EXI, " ".join(f"{b:02X}" for b in CABLE_CHECK_RES_EXI)]
)
def test_decode_takes_hexadecimal_or_binary_from_a_pipe(given):
    done = v2g("decode", "--format", "json", given=given)
    assert done.returncode == 0
    assert json.loads(done.stdout) == JSON


@pytest.mark.parametrize("given", [XML, json.dumps(JSON)])
def test_encode_takes_xml_or_json(given):
    assert v2g("encode", given=given).stdout.decode() == HEX + "\n"
    assert v2g("encode", given).stdout.decode() == HEX + "\n"
    assert v2g("encode", "--binary", "-k", "DC", given=given).stdout == CABLE_CHECK_RES_EXI


def test_errors_say_where_and_the_other_payloads_are_still_read():
    done = in_a_process("decode", "--key", "DC", HEX[:20], HEX)
    assert done.returncode == 1
    assert done.stdout.decode() == XML + "\n"
    assert (
        done.stderr.decode()
        == "v2g exi decode: DC_CableCheckRes/Header/SessionID: 8 octets announced, 6 left (bit 25)\n"
    )


def test_without_a_key_the_reasons_of_all_are_shown():
    done = v2g("decode", "80ff")
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "v2g exi decode: fits no schema set",
        "  as AppProtocol: root code 3 is no element of AppProtocol (bit 8)",
        f"  as {', '.join(KEYS[1:-1])}: root code 63 is no element of the set (bit 8)",
        "  as xmldsig: root code 31 is no element of xmldsig (bit 8)",
    ]


def test_a_key_is_asked_for_where_several_fit():
    fragment = '{"SignatureValue": {"value": "AQ=="}}'
    done = v2g("encode", fragment)
    assert done.returncode == 1
    several = ", ".join(KEYS[1:])  # signatures are part of every set but the handshake's
    assert f"fits more than one schema set ({several}); choose with --key" in done.stderr.decode()
    assert v2g("encode", "-k", "xmldsig", fragment).returncode == 0


def test_zero_octets_after_the_end_are_told():
    done = v2g("decode", HEX + "0000")
    assert done.returncode == 0
    assert "2 zero octets after the end" in done.stderr.decode()


@pytest.mark.parametrize(
    ("words", "given"),
    [(["decode", "zz"], b""), (["encode"], b"\xff\xff"), (["encode", "{"], b"")],
)
def test_wrong_input_is_told_in_one_line(words, given):
    done = v2g(*words, given=given)
    assert done.returncode == 1
    assert done.stdout == b""
    (line,) = done.stderr.splitlines()
    assert line.startswith(b"v2g exi")
