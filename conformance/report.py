"""Results as JSON and as JUnit XML, for machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

import msgspec

from conformance.case import CASES, Result, Verdict

__all__ = ["count", "json_text", "junit_text"]


def count(results: Sequence[Result]) -> dict[str, int]:
    """How many results have which verdict."""
    counter = Counter(result.verdict for result in results)
    return {verdict.value: counter[verdict] for verdict in Verdict}


def _with_case(result: Result) -> dict[str, Any]:
    case = CASES[result.case]
    return {
        **msgspec.to_builtins(result),
        "title": case.title,
        "purpose": case.purpose.id,
        "requirements": case.purpose.requirements,
    }


def json_text(results: Sequence[Result]) -> str:
    """One object: counts, and every result with its title and requirements."""
    return (
        json.dumps({"verdicts": count(results), "results": [_with_case(result) for result in results]}, indent=2) + "\n"
    )


def junit_text(results: Sequence[Result]) -> str:
    """JUnit XML: FAIL is a failure, INCONC is skipped."""
    verdicts = count(results)
    failed, skipped = verdicts["FAIL"], verdicts["INCONC"]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="conformance" tests="{len(results)}" failures="{failed}" skipped="{skipped}">',
    ]
    for result in results:
        case = CASES[result.case]
        head = f'  <testcase classname={quoteattr(case.purpose.group)} name={quoteattr(result.case)} time="{result.seconds}"'
        if result.verdict is Verdict.PASS:
            lines.append(f"{head}/>")
            continue
        what = "failure" if result.verdict is Verdict.FAIL else "skipped"
        place = ", ".join(filter(None, (result.step, result.message, result.field)))
        lines.append(f"{head}><{what} message={quoteattr(f'{result.reason} ({place})')}/></testcase>")
    return "\n".join([*lines, "</testsuite>"]) + "\n"
