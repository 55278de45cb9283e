"""The page of sequences says what the scenarios play."""

from __future__ import annotations

from tools import sequence_diagrams


def test_the_committed_page_is_current() -> None:
    committed = sequence_diagrams.PAGE.read_text(encoding="utf-8")
    assert committed == sequence_diagrams.page(), "run: python -m tools.sequence_diagrams"
