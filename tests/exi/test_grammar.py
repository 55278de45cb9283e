"""Event codes, as the deployed codecs have them."""

from __future__ import annotations

import pytest

from iso15118.errors import LocalError
from iso15118.exi.grammar import Event, RecordGrammar, State, schema_grammar
from iso15118.exi.interpreter import expected
from iso15118.messages.model import QName
from iso15118.messages.registry import KEYS

DSIG = "http://www.w3.org/2000/09/xmldsig#"


def grammar_of(key: str, local: str) -> RecordGrammar:
    (element,) = (each for each in schema_grammar(key).fragment if each.name.local == local)
    assert element.record is not None
    return element.record


def after(state: State, *names: str) -> State:
    for name in names:
        production = next(p for p in state.productions if p.element and p.element.name.local == name)
        assert production.after is not None
        state = production.after[2]
    return state


@pytest.mark.parametrize(
    ("key", "roots", "root_width", "elements", "element_width"),
    [
        ("AppProtocol", 2, 2, 9, 4),
        ("CommonMessages", 54, 6, 281, 9),
        ("DC", 48, 6, 149, 8),
        ("xmldsig", 24, 5, 45, 6),
    ],
)
def test_numbers_of_roots_and_elements(key, roots, root_width, elements, element_width):
    schema = schema_grammar(key)
    assert (len(schema.document), schema.document_width) == (roots, root_width)
    assert (len(schema.fragment), schema.fragment_width) == (elements, element_width)


@pytest.mark.parametrize(
    ("key", "mode", "local", "code"),
    [
        ("AppProtocol", "document", "supportedAppProtocolRes", 1),
        ("CommonMessages", "document", "SessionSetupReq", 35),
        ("CommonMessages", "document", "VehicleCheckOutRes", 52),
        ("DC", "document", "DC_CableCheckRes", 12),
        ("DC", "document", "DC_ChargeLoopReq", 13),
        ("CommonMessages", "fragment", "PnC_AReqAuthorizationMode", 151),
        ("CommonMessages", "fragment", "OEMProvisioningCertificateChain", 128),
        ("CommonMessages", "fragment", "SignedInstallationData", 231),
        ("CommonMessages", "fragment", "SignedMeteringData", 232),
        ("CommonMessages", "fragment", "AbsolutePriceSchedule", 0),
        ("CommonMessages", "fragment", "PriceLevelSchedule", 167),
        ("CommonMessages", "fragment", "SignedInfo", 230),
        ("CommonMessages", "fragment", "MeteringConfirmationReq", 119),
        ("DC", "fragment", "SignedInfo", 129),
        ("DC", "fragment", "DC_ChargeParameterDiscoveryRes", 26),
        ("xmldsig", "fragment", "SignedInfo", 32),
    ],
)
def test_codes_of_roots_and_fragments(key, mode, local, code):
    schema = schema_grammar(key)
    elements = schema.document if mode == "document" else schema.fragment
    assert elements[code].name.local == local
    assert schema.places[mode][elements[code].name] == code


def test_header_after_its_time_stamp_is_the_worked_example():
    header = grammar_of("CommonMessages", "Header")
    state = after(header.start, "SessionID", "TimeStamp")
    assert (expected(state), state.width) == ("Signature, the end", 2)


def test_one_event_still_costs_a_bit():
    assert grammar_of("DC", "Header").start.width == 1


def test_substitutes_stand_in_order_of_their_names_the_abstract_head_included():
    state = after(grammar_of("DC", "DC_ChargeLoopReq").start, "Header", "MeterInfoRequested", "EVPresentVoltage")
    assert expected(state).split(", ") == [
        "BPT_Dynamic_DC_CLReqControlMode",
        "BPT_Scheduled_DC_CLReqControlMode",
        "CLReqControlMode",
        "Dynamic_DC_CLReqControlMode",
        "Scheduled_DC_CLReqControlMode",
    ]
    assert state.width == 3


@pytest.mark.parametrize(
    ("local", "events", "width"),
    [
        ("CanonicalizationMethod", [Event.WILDCARD, Event.END, Event.MIXED], 2),
        ("SignatureMethod", [Event.ELEMENT, Event.WILDCARD, Event.END, Event.MIXED], 3),
        ("Transform", [Event.ELEMENT, Event.WILDCARD, Event.END, Event.MIXED], 3),
        ("DigestMethod", [Event.WILDCARD, Event.END, Event.MIXED], 2),
    ],
)
def test_mixed_types_of_xmldsig(local, events, width):
    grammar = grammar_of("xmldsig", local)
    assert expected(grammar.start) == "@Algorithm"
    state = after(grammar.start, "Algorithm")
    assert ([production.event for production in state.productions], state.width) == (events, width)


def test_attributes_come_first_by_name_and_share_the_state_of_the_content():
    state = grammar_of("xmldsig", "Reference").start
    assert expected(state) == "@Id, @Type, @URI, Transforms, DigestMethod"


def test_attributes_of_common_messages_are_qualified_and_those_of_xmldsig_not():
    mode = grammar_of("CommonMessages", "PnC_AReqAuthorizationMode").start.productions[0]
    assert mode.element is not None
    assert mode.element.name == QName("Id", "urn:iso:std:iso:15118:-20:CommonMessages")
    info = grammar_of("CommonMessages", "SignedInfo").start.productions[0]
    assert info.element is not None
    assert info.element.name == QName("Id", "")


def test_a_list_is_open_between_its_bounds():
    grammar = grammar_of("CommonMessages", "PowerScheduleEntries")
    production = grammar.start.productions[0]
    assert production.after is not None
    _, between, full = production.after
    assert expected(grammar.start) == "PowerScheduleEntry"
    assert (expected(between), between.width) == ("PowerScheduleEntry, the end", 2)
    assert (expected(full), full.width) == ("the end", 1)


def test_a_list_without_upper_bound_stays_open():
    grammar = grammar_of("xmldsig", "Transforms")
    production = grammar.start.productions[0]
    assert production.particle is not None
    assert production.particle.most is None
    assert production.after is not None
    assert expected(production.after[1]) == "Transform, the end"


@pytest.mark.parametrize("key", KEYS)
def test_nesting_is_bounded_by_the_schema(key):
    """No type contains itself, so the recursion of reader and writer ends."""
    depths = [element.record.depth for element in schema_grammar(key).fragment if element.record]
    assert 1 <= max(depths) <= 12


@pytest.mark.parametrize("key", KEYS)
def test_every_state_is_consistent(key):
    for element in schema_grammar(key).fragment:
        if element.record is None:
            continue
        todo, seen = [element.record.start], set()
        while todo:
            state = todo.pop()
            if id(state) in seen:
                continue
            seen.add(id(state))
            assert state.productions
            assert [p.code for p in state.productions] == list(range(len(state.productions)))
            assert len(state.productions) < 2**state.width <= 2 * len(state.productions) + 1
            todo += [following for p in state.productions for following in p.after or ()]


def test_an_unknown_key_names_the_known_ones():
    with pytest.raises(LocalError, match=r"'MCS'.*AppProtocol"):
        schema_grammar("MCS")


def test_an_element_is_printed_in_a_line():
    """Its grammar is a graph: printed as a tree the least message would fill hundreds of megabytes."""
    element = schema_grammar("AppProtocol").document[0]
    assert len(repr(element)) < 200
