"""What ``v2g evse`` and ``v2g ev`` share."""

from pathlib import Path

import pytest

from iso15118.cli.live import trace_to
from iso15118.errors import LocalError


def test_a_trace_is_whole_when_its_time_is_over(tmp_path):
    with trace_to(tmp_path / "t.jsonl") as trace:
        trace.event(0.0, "EV", "plant", None, "car", lambda: {"a": 1})
    assert (tmp_path / "t.jsonl").read_text("utf-8").count("\n") == 1
    with trace_to(None) as trace:
        assert trace is None
    with pytest.raises(LocalError, match="can't write the trace"), trace_to(tmp_path / "no" / "t"):
        pass


def test_a_full_disk_ends_the_trace_and_nothing_else(capsys):
    with trace_to(Path("/dev/full")) as trace:
        for _ in range(1_000):  # more than a file's buffer holds
            trace.event(0.0, "EV", "plant", None, "car", lambda: {"text": "x" * 100})
    assert capsys.readouterr().out == "the trace ends here: can't write to /dev/full: No space left on device\n"


def test_a_disk_that_is_full_at_the_end_is_told(capsys):
    with trace_to(Path("/dev/full")) as trace:
        trace.event(0.0, "EV", "plant", None, "car", lambda: {"text": "x"})
    assert "No space left" in capsys.readouterr().out
