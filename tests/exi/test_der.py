"""How the grammars of AC_DER_IEC and AC_DER_SAE differ from that of AC, whose messages they share."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.exi.grammar import schema_grammar
from iso15118.exi.interpreter import expected
from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.ac_der_iec import modes as iec_modes
from iso15118.messages.iso20.ac_der_sae import modes as sae_modes
from iso15118.messages.model import Record
from tests.exi.test_grammar import after, grammar_of
from tests.exi.vectors import corpus, sample
from tests.strategies import messages

DER = ("AC_DER_IEC", "AC_DER_SAE")
MODES: dict[str, Any] = {"AC_DER_IEC": iec_modes, "AC_DER_SAE": sae_modes}
RELAXED = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
VECTORS = [vector for vector in sample() if vector["key"] in {"AC", *DER} and vector["mode"] == "document"]


def mode_of(message: Record) -> Record:
    (name,) = (name for name in message.__struct_fields__ if name.endswith("_mode"))
    mode = getattr(message, name)
    assert isinstance(mode, Record)
    return mode


def is_bpt(message: Record) -> bool:
    return type(mode_of(message)).__name__.startswith("BPT_")


def bits(data: bytes) -> str:
    return "".join(f"{octet:08b}" for octet in data)


# --- codes ---


@pytest.mark.parametrize("key", DER)
def test_roots_of_messages_keep_their_codes_and_six_members_come_after_them(key):
    names = [element.name.local for element in schema_grammar(key).document]
    assert names[:15] == [element.name.local for element in schema_grammar("AC").document][:15]
    assert names[2:6] == [
        "AC_ChargeLoopReq",
        "AC_ChargeLoopRes",
        "AC_ChargeParameterDiscoveryReq",
        "AC_ChargeParameterDiscoveryRes",
    ]
    assert names[15:21] == [
        "DER_AC_CPDReqEnergyTransferMode",
        "DER_AC_CPDResEnergyTransferMode",
        "DER_Dynamic_AC_CLReqControlMode",
        "DER_Dynamic_AC_CLResControlMode",
        "DER_Scheduled_AC_CLReqControlMode",
        "DER_Scheduled_AC_CLResControlMode",
    ]


@pytest.mark.parametrize(
    ("key", "roots", "elements", "shift"), [("AC_DER_IEC", 48, 259, 6), ("AC_DER_SAE", 49, 367, 7)]
)
def test_numbers_of_roots_and_elements(key, roots, elements, shift):
    schema, plain = schema_grammar(key), schema_grammar("AC")
    assert (len(schema.document), schema.document_width) == (roots, 6)
    assert (len(schema.fragment), schema.fragment_width) == (elements, 9)
    for root in plain.document:
        if root.name.local >= "KeyInfo":
            assert schema.places["document"][root.name] == plain.places["document"][root.name] + shift


def test_frequency_droop_is_a_root_of_the_one_that_is_also_a_field():
    schema = schema_grammar("AC_DER_SAE")
    assert schema.document[26].name.local == "FrequencyDroop"
    field = after(grammar_of("AC_DER_SAE", "ActivePowerSupportCPDRes").start).productions[0].element
    assert field is not None
    assert field.record is schema.document[26].record


@pytest.mark.parametrize("key", DER)
@pytest.mark.parametrize(
    ("kind", "first", "last"), [("Req", [], "MeterInfoRequested"), ("Res", ["ResponseCode"], "EVSETargetFrequency")]
)
def test_members_of_substitution_groups(key, kind, first, last):
    state = after(grammar_of(key, f"AC_ChargeParameterDiscovery{kind}").start, "Header", *first)
    assert expected(state).split(", ") == [
        f"AC_CPD{kind}EnergyTransferMode",
        f"BPT_AC_CPD{kind}EnergyTransferMode",
        f"DER_AC_CPD{kind}EnergyTransferMode",
    ]
    assert state.width == 2
    state = after(grammar_of(key, f"AC_ChargeLoop{kind}").start, "Header", *first, last)
    assert expected(state).split(", ") == [
        f"BPT_Dynamic_AC_CL{kind}ControlMode",
        f"BPT_Scheduled_AC_CL{kind}ControlMode",
        f"CL{kind}ControlMode",
        f"DER_Dynamic_AC_CL{kind}ControlMode",
        f"DER_Scheduled_AC_CL{kind}ControlMode",
        f"Dynamic_AC_CL{kind}ControlMode",
        f"Scheduled_AC_CL{kind}ControlMode",
    ]
    assert state.width == 3


# --- the same message in the three sets ---

OPTIONAL = ("EVSEStatus", "MeterInfo", "Receipt", "EVSETargetFrequency")
"""What a loop response may hold between ResponseCode and control mode."""
# Key -> bits of a code while so many of OPTIONAL may still come.
WIDTHS = {"AC": {4: 4, 3: 4, 2: 3, 1: 3, 0: 3}} | {key: {4: 4, 3: 4, 2: 4, 1: 4, 0: 3} for key in DER}
PLACES = {"AC": {"Dynamic": 3, "Scheduled": 4}} | {key: {"Dynamic": 5, "Scheduled": 6} for key in DER}


def content(value: Any, name: str) -> str:
    """Bits of an element between its event code and the next, as a fragment of AC has them."""
    schema = schema_grammar("AC")
    last = f"{len(schema.fragment) + 1:b}"
    fragment = bits(exi.encode(value, "AC", "fragment", name)).rstrip("0")
    assert last[-1] == "1"  # else the padding could not be told from the end
    assert fragment.endswith(last)
    return fragment[8 + schema.fragment_width : -len(last)]


def loop_response(message: ac.AC_ChargeLoopRes, key: str) -> str:
    """The stream put together by hand, from parts that are the same in all three sets."""
    stream = f"{0x80:08b}{3:06b}"
    stream += "0" + content(message.header, "Header") + "0" + content(message.response_code, "ResponseCode")
    values = (message.evse_status, message.meter_info, message.receipt, message.evse_target_frequency)
    left = list(OPTIONAL)
    for name, value in zip(OPTIONAL, values, strict=True):
        if value is not None:
            width, code = WIDTHS[key][len(left)], left.index(name)
            del left[: code + 1]
            stream += f"{code:0{width}b}" + content(value, name)
    mode = type(message.cl_res_control_mode).__name__
    places = {"BPT_Dynamic": 0, "BPT_Scheduled": 1, **PLACES[key]}
    code = len(left) + places[mode.removesuffix("_AC_CLResControlMode")]
    stream += f"{code:0{WIDTHS[key][len(left)]}b}" + content(message.cl_res_control_mode, mode) + "0"
    return stream + "0" * (-len(stream) % 8)


def compare(message: Record, key: str) -> str:
    """Hold what the sets have in common and what not; the answer names the case."""
    plain, der = exi.encode(message, "AC"), exi.encode(message, key)
    case = f"{type(message).__name__}, {'BPT' if is_bpt(message) else 'plain'}"
    assert exi.decode(der, key) == message
    if isinstance(message, ac.AC_ChargeLoopReq) and not is_bpt(message):
        dynamic = isinstance(message.cl_req_control_mode, ac.Dynamic_AC_CLReqControlMode)
        one_code_differs(plain, der, *((3, 5) if dynamic else (4, 6)))
    elif isinstance(message, ac.AC_ChargeLoopRes):
        assert bits(plain) == loop_response(message, "AC")
        assert bits(der) == loop_response(message, key)
        widened = (message.meter_info is not None) + (message.receipt is not None)
        case += ", wider" * bool(widened)
        assert (plain == der) is (is_bpt(message) and not widened)
    else:
        assert plain == der
    return case


def one_code_differs(plain: bytes, der: bytes, was: int, is_now: int) -> None:
    assert len(plain) == len(der)
    before, now = int.from_bytes(plain, "big"), int.from_bytes(der, "big")
    difference = before ^ now
    shift = difference.bit_length() - (was ^ is_now).bit_length()
    assert difference == (was ^ is_now) << shift
    assert (before >> shift & 7, now >> shift & 7) == (was, is_now)


@pytest.mark.parametrize("key", DER)
@pytest.mark.parametrize(
    "cls",
    [ac.AC_ChargeParameterDiscoveryReq, ac.AC_ChargeParameterDiscoveryRes, ac.AC_ChargeLoopReq, ac.AC_ChargeLoopRes],
)
@RELAXED
@given(data=st.data())
def test_a_message_of_ac_keeps_or_changes_its_bytes_as_the_schema_says(key, cls, data):
    compare(data.draw(messages(cls, "AC", free=False)), key)


@pytest.mark.parametrize("key", DER)
def test_vectors_of_ac_keep_or_change_their_bytes_as_the_schema_says(key):
    cases = Counter(compare(exi.decode(bytes.fromhex(v["exi"]), "AC"), key) for v in VECTORS if v["key"] == "AC")
    assert len(cases) == 10


@pytest.mark.parametrize("key", DER)
def test_whole_corpus_of_ac_keeps_or_changes_its_bytes(key):
    """Counts as measured with the reference codec of the corpus."""
    vectors = [v for v in corpus("public") if v["key"] == "AC" and v["mode"] == "document" and v["class"] != "sigx"]
    cases = Counter(compare(exi.decode(bytes.fromhex(v["exi"]), "AC"), key) for v in vectors)
    discovery = sum(count for case, count in cases.items() if "Discovery" in case)
    assert (discovery, cases["AC_ChargeLoopReq, BPT"], cases["AC_ChargeLoopRes, BPT"]) == (328, 131, 19)
    assert (cases["AC_ChargeLoopReq, plain"], cases["AC_ChargeLoopRes, BPT, wider"]) == (133, 74)
    assert cases["AC_ChargeLoopRes, plain"] + cases["AC_ChargeLoopRes, plain, wider"] == 91


# --- the trap: a reader with the wrong grammar ---


def is_der(message: Record) -> bool:
    return type(mode_of(message)).__name__.startswith("DER_")


# Message -> its field and the names of the modes in the DER namespace.
_DER_MODES = {
    "AC_ChargeParameterDiscoveryReq": ("ac_cpd_req_energy_transfer_mode", ["DER_AC_CPDReqEnergyTransferMode"]),
    "AC_ChargeParameterDiscoveryRes": ("ac_cpd_res_energy_transfer_mode", ["DER_AC_CPDResEnergyTransferMode"]),
    "AC_ChargeLoopReq": (
        "cl_req_control_mode",
        ["DER_Dynamic_AC_CLReqControlMode", "DER_Scheduled_AC_CLReqControlMode"],
    ),
    "AC_ChargeLoopRes": (
        "cl_res_control_mode",
        ["DER_Dynamic_AC_CLResControlMode", "DER_Scheduled_AC_CLResControlMode"],
    ),
}


@st.composite
def der_message(draw: Any, key: str) -> Record:
    """A message of AC with a mode of the DER namespace."""
    root, (field, modes) = draw(st.sampled_from(list(_DER_MODES.items())))
    mode = getattr(MODES[key], draw(st.sampled_from(modes)))
    message = draw(messages(getattr(ac, root), "AC"))
    return msgspec.structs.replace(message, **{field: draw(messages(mode, key))})


@pytest.mark.parametrize("key", DER)
@RELAXED
@given(data=st.data())
def test_a_message_with_a_der_mode_loses_nothing_and_is_no_message_of_ac(key, data):
    message = data.draw(der_message(key))
    encoded = exi.encode(message, key)
    assert exi.decode(encoded, key) == message
    with pytest.raises(CodecError):
        exi.decode(encoded, "AC")
    with pytest.raises(CodecError):
        exi.encode(message, "AC")


def refusal(data: bytes, key: str) -> str:
    with pytest.raises(CodecError) as caught:
        exi.decode(data, key)
    return str(caught.value)


@pytest.mark.usefixtures("backend")
def test_a_der_message_read_as_ac_is_refused_often_only_for_what_is_left_over():
    """The plain grammar misreads loops without noticing; the unread octets are the only trace."""
    last_resort = Counter()
    for vector in VECTORS:
        data = bytes.fromhex(vector["exi"])
        if vector["key"] in DER and is_der(exi.decode(data, vector["key"])):
            reason = refusal(data, "AC")
            last_resort[vector["message"], "after the end of the message" in reason] += 1
    assert last_resort["AC_ChargeLoopReq", True] >= 10
    assert last_resort["AC_ChargeLoopReq", False] == 0
    assert min(last_resort["AC_ChargeLoopRes", left_over] for left_over in (True, False)) >= 1
    assert last_resort["AC_ChargeParameterDiscoveryReq", False] >= 5
    assert last_resort["AC_ChargeParameterDiscoveryRes", False] >= 5


@pytest.mark.parametrize(("key", "other"), [DER, DER[::-1]])
def test_a_message_of_one_variant_is_refused_by_the_other(key, other):
    found = 0
    for vector in VECTORS:
        data = bytes.fromhex(vector["exi"])
        if vector["key"] == key and is_der(exi.decode(data, key)):
            refusal(data, other)
            found += 1
    assert found >= 20


def test_whole_corpus_read_by_the_wrong_grammar_is_refused():
    last_resort = Counter()
    for vector in corpus("amd1_public"):
        data = bytes.fromhex(vector["exi"])
        if vector["mode"] == "document" and is_der(exi.decode(data, vector["key"])):
            last_resort[vector["message"], "after the end" in refusal(data, "AC")] += 1
            refusal(data, DER[vector["key"] == "AC_DER_IEC"])
    assert last_resort["AC_ChargeLoopReq", True] == 336
    assert last_resort["AC_ChargeLoopReq", False] == 0
    assert last_resort["AC_ChargeLoopRes", True] == 87
    assert last_resort["AC_ChargeLoopRes", False] == 252
    assert {left_over for message, left_over in last_resort if "Discovery" in message} == {False}
