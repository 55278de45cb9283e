"""Selects cases by PICS and runs them against a bench."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator
from typing import Any

from conformance.case import CASES, Case, Failure, Inconclusive, Judgement, Result, Side, Verdict
from conformance.cases import load_cases
from conformance.pics import Pics
from conformance.sut import Bench, CannotObserve, CannotSet, SutCrashed
from conformance.tester.car import Car
from conformance.tester.station import Station
from iso15118.errors import LocalError

__all__ = ["find", "run", "run_all", "selected"]


def find(patterns: Iterable[str] = (), *, group: str | None = None, side: Side | None = None) -> list[Case]:
    """Cases by id, purpose or shell pattern, in the catalogue's order; all of them without a pattern.

    Raises:
        LocalError: A pattern fits no case.
    """
    load_cases()
    wanted = list(patterns)
    for pattern in wanted:
        if not any(_fits(case, pattern) for case in CASES.values()):
            raise LocalError(f"no case {pattern!r}; v2g conform list names them")
    return [
        case
        for case in CASES.values()
        if (not wanted or any(_fits(case, pattern) for pattern in wanted))
        and group in (None, case.purpose.group)
        and side in (None, case.side)
    ]


def _fits(case: Case, pattern: str) -> bool:
    return pattern in (case.purpose.id, case.purpose.group) or fnmatch.fnmatchcase(case.id, pattern)


def selected(case: Case, pics: Pics) -> bool:
    """Whether the PICS select a case."""
    return (pics.station if case.side is Side.SECC else pics.car).select(case.selection)


def run(case: Case, bench: Bench) -> Result:
    """Run one case; whatever happens becomes a verdict."""
    played: Any = None
    try:
        if case.side is Side.SECC:
            played = Car(bench.station(case.setup), **case.tester)
        else:
            services = case.tester.get("services") or (case.tester["service"],)
            setup = {"services": services, "dynamic": case.tester["dynamic"], **case.setup}
            played = Station(bench.car(setup), **case.tester)
        case.run(played)
    except Failure as failure:
        return _result(case, played, Verdict.FAIL, failure)
    except Inconclusive as inconclusive:
        return _result(case, played, Verdict.INCONC, inconclusive)
    except CannotSet as error:
        return _result(case, played, Verdict.INCONC, Judgement(f"this SUT can't be set to: {error}"))
    except CannotObserve as error:
        return _result(case, played, Verdict.INCONC, Judgement(f"this SUT does not show: {error}"))
    except SutCrashed as crash:
        return _result(case, played, Verdict.FAIL, Judgement(f"the SUT broke down: {crash}"))
    return _result(case, played, Verdict.PASS, None)


def _result(case: Case, played: Any, verdict: Verdict, judgement: Judgement | None) -> Result:
    return Result(
        case=case.id,
        side=case.side.value,
        verdict=verdict,
        reason="" if judgement is None else judgement.reason,
        step="" if played is None else str(played.at),
        message="" if judgement is None else judgement.message,
        field="" if judgement is None else judgement.field,
        seconds=0.0 if played is None else round(played.sut.now, 3),
        messages=0 if played is None else len(played.link.log),
    )


def run_all(cases: Iterable[Case], bench: Bench) -> Iterator[Result]:
    """Run those of the cases that the bench's PICS select, one after the other."""
    for case in cases:
        if selected(case, bench.pics):
            yield run(case, bench)
