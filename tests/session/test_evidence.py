"""Evidence that nothing of the table of response codes is only written: every row is caused, by a real situation."""

from __future__ import annotations

import pytest

from iso15118.session.core import State
from tests.session.causes import CAUSES
from tests.session.world import SECC, code_of
from tools import response_codes
from tools.response_codes import LATER, ROWS, Row


def test_the_table_says_each_thing_once_and_all_of_it_has_a_cause() -> None:
    rows = [(row.answer, row.situation) for row in ROWS]
    assert len(rows) == len(set(rows))
    assert set(rows) == set(CAUSES)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.answer}-{row.code}-{row.situation}")
def test_a_row_of_the_table_is_caused(row: Row) -> None:
    world = CAUSES[row.answer, row.situation]()
    answer = [e.item for e in world.log if e.at == SECC and type(e.item).__name__.endswith("Res")][-1]
    assert code_of(answer) == row.code
    if row.answer != "any":
        assert type(answer).__name__ == f"{row.answer}Res"
    assert (world.secc.error is not None) is row.code.upper().startswith("FAILED")
    if row.code.upper().startswith("FAILED"):
        world.current_stuck = False
        world.run()
        assert world.secc.state is State.ENDED
        assert world.error(SECC)


def test_every_code_that_the_station_can_send_is_in_the_table_and_no_other() -> None:
    sent = set(response_codes.sent())
    assert sent == {row.code for row in ROWS}
    assert sent.isdisjoint(LATER)
    assert sent | set(LATER) == response_codes.codes()


def test_the_committed_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert response_codes.main(["--check"]) == 0, capsys.readouterr().out
