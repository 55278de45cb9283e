"""docs/how-to/read-an-exi-stream.md: every command in it is run, and prints what stands there."""

from __future__ import annotations

import contextlib
import re
import shlex
from pathlib import Path

import pytest

from iso15118.cli import main

HOW_TO = Path(__file__).parents[1] / "docs" / "how-to" / "read-an-exi-stream.md"
TEXT = HOW_TO.read_text(encoding="utf-8")
COMMANDS = [
    example.partition("\n")
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL)
    for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
]


@pytest.mark.parametrize(("command", "output"), [(command, output) for command, _, output in COMMANDS])
def test_a_command_prints_what_the_text_shows(command, output, capsys):
    program, *words = shlex.split(command)
    assert program == "v2g"
    with contextlib.suppress(SystemExit):  # how a command gives its status
        main(words)
    assert capsys.readouterr() == (output, "")


def test_the_text_shows_every_tool():
    assert {command.split()[2] for command, _, _ in COMMANDS} == {"decode", "explain", "schema", "lint"}


def test_the_program_runs(capsys):
    (program,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(program, str(HOW_TO), "exec"), {})
    assert "0 8 header" in capsys.readouterr().out
