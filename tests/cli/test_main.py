"""``v2g`` itself: help, wrong words, missing extras."""

import subprocess
import sys

import pytest

from iso15118 import __version__
from iso15118.cli import COMMANDS, main

WITHOUT = "import sys; sys.modules[{missing!r}] = None; from iso15118.cli import main; sys.exit(main({words!r}))"


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_help_lists_every_command(words, capsys):
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in COMMANDS)


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"v2g {__version__}\n"


def test_an_unknown_command_names_the_known_ones(capsys):
    assert main(["charge"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"v2g: no command 'charge'; there are: {', '.join(COMMANDS)} (v2g --help)\n"


@pytest.mark.parametrize("missing", ["typer", "rich"])
@pytest.mark.parametrize("words", [[], ["exi", "--help"]])
def test_bare_v2g_says_in_one_line_what_to_install(missing, words):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(missing=missing, words=words)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "v2g needs an extra: pip install 'evbpt[cli]'\n"
