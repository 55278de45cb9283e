"""Defects in our own cores: each turns its cases red, and each case can be turned red by one."""

import fnmatch

import pytest

from conformance.case import Verdict
from conformance.mutants import MUTANTS
from conformance.runner import find, run, selected
from conformance.virtual import VirtualBench
from iso15118.session import evcc, secc

BENCH = VirtualBench()
CASES = [case for case in find() if selected(case, BENCH.pics)]


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant(name: str):
    mutant = MUTANTS[name]
    for pattern in mutant.kills:
        assert fnmatch.filter([case.id for case in CASES], pattern), f"{pattern} fits no case"
    before = dict(secc.HANDLERS), dict(evcc.PHASES)
    with mutant.active():
        verdicts = {case.id: run(case, BENCH).verdict for case in CASES if mutant.hits(case.id)}
    assert {id_: verdict for id_, verdict in verdicts.items() if verdict is not Verdict.FAIL} == {}
    assert before == (secc.HANDLERS, evcc.PHASES), "the defect stays"


def test_every_case_can_fail():
    never = [case.id for case in CASES if not any(mutant.hits(case.id) for mutant in MUTANTS.values())]
    assert never == []
