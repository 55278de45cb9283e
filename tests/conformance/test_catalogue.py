"""The catalogue and the register of cases say the same, and the tester stands on its own feet."""

import ast
from pathlib import Path

import pytest

from conformance.case import Side, case
from conformance.catalogue import GROUPS, PURPOSES
from conformance.not_covered import NOT_COVERED
from conformance.pics import FEATURES, SERVICES, load
from conformance.runner import find, selected
from iso15118.errors import LocalError

ROOT = Path(__file__).parents[2] / "conformance"


def sides(id_: str) -> set[str]:
    side = PURPOSES[id_].side
    return {"SECC", "EVCC"} if side == "both" else {side}


def test_every_purpose_has_cases_or_a_reason():
    """On every side it is about; and no reason is left where there are cases."""
    with_cases = {(each.purpose.id, each.side.value) for each in find()}
    excused = set()
    for key in NOT_COVERED:
        id_, _, side = key.partition("/")
        excused |= {(id_, each) for each in ({side} if side else sides(id_))}
    assert with_cases | excused == {(id_, side) for id_ in PURPOSES for side in sides(id_)}
    assert not with_cases & excused


def test_groups_and_reasons_are_named():
    assert {purpose.group for purpose in PURPOSES.values()} == GROUPS.keys()
    assert all(id_.startswith(f"{purpose.group}-") for id_, purpose in PURPOSES.items())
    assert all(len(reason) > 10 for reason in NOT_COVERED.values())


def test_every_selection_can_be_asked_of_pics():
    pics = load()
    for each in find():
        selected(each, pics)


def test_every_word_of_pics_selects_something():
    words = {condition.removeprefix("not ") for each in find() for condition in each.selection}
    assert words >= FEATURES.keys() | set(SERVICES)


def test_the_tester_knows_nothing_of_our_sessions():
    """A case may not ask the code under test what is right."""
    wrong = []
    for path in [*(ROOT / "cases").glob("*.py"), *(ROOT / "tester").glob("*.py"), *ROOT.glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("iso15118.session", "iso15118.io")):
                if path.name != "mutants.py":
                    wrong.append(f"{path.name}: {node.module}")
    assert not wrong


def test_a_case_of_no_purpose_is_refused():
    with pytest.raises(LocalError):
        case("XX-99", Side.SECC)
    with pytest.raises(LocalError):
        case("SAP-01", Side.EVCC)


def test_patterns_find_cases():
    assert {each.purpose.id for each in find(["SS-0*"])} >= {"SS-01", "SS-05"}
    assert all(each.side is Side.EVCC for each in find(side=Side.EVCC))
    assert all(each.purpose.group == "CL" for each in find(group="CL"))
    with pytest.raises(LocalError):
        find(["nothing like that"])
