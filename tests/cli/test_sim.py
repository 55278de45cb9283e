"""``v2g sim`` as a user meets it: files, plain lines, errors in one line."""

from __future__ import annotations

import pytest

from iso15118.cli import main


def run(*words: str) -> int:
    try:
        return main(["sim", *words])
    except SystemExit as end:
        return int(end.code or 0)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("evening", "--loop", "11"), "loop_s must be above 0 and at most 10"),
        (("evening", "--out", "/proc/nowhere"), "can't write to /proc/nowhere"),
    ],
)
def test_what_can_not_be_played_is_one_line(
    words: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2

    told = capsys.readouterr().err
    assert complaint in told
    assert told.count("\n") == 1
