"""All cases against our own cores, in virtual time."""

import pytest

from conformance.case import Case, Verdict
from conformance.runner import find, run, selected
from conformance.virtual import VirtualBench

BENCH = VirtualBench()
INCONCLUSIVE: dict[str, str] = {}
"""Cases that can't come to their purpose with our cores, and the beginning of what they say then."""


@pytest.mark.parametrize("case", [each for each in find() if selected(each, BENCH.pics)], ids=lambda each: each.id)
def test_case(case: Case):
    result = run(case, BENCH)
    if case.id in INCONCLUSIVE:
        assert (result.verdict, result.reason[: len(INCONCLUSIVE[case.id])]) == (
            Verdict.INCONC,
            INCONCLUSIVE[case.id],
        )
    else:
        assert result.verdict is Verdict.PASS, result


def test_the_same_run_has_the_same_result():
    (case,) = find(["CL-11"])
    assert run(case, BENCH) == run(case, BENCH)
