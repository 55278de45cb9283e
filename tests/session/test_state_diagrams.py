"""The page of states says what the tables say."""

from __future__ import annotations

import pytest

from tools import state_diagrams


def test_the_committed_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert state_diagrams.main(["--check"]) == 0, capsys.readouterr().out


def test_every_row_of_both_tables_is_on_the_page() -> None:
    page = state_diagrams.page()
    for state, request in state_diagrams.HANDLERS:
        assert f"| `{state.value}` | {request.__name__} |" in page
    for state, phase in state_diagrams.PHASES.items():
        assert f"| `{state.value}` | {phase.response.__name__}, `{phase.timer.name}`" in page
