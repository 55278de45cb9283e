"""What pyproject.toml, Makefile and README promise to each other."""

import re
import tomllib
from pathlib import Path

import pytest

import iso15118
from iso15118.cli import COMMANDS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]


def names(requirements):
    return {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}


def test_the_core_needs_msgspec_and_nothing_else():
    assert names(PROJECT["project"]["dependencies"]) == {"msgspec"}


def test_the_version_is_said_once():
    assert "version" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "iso15118.__version__"}
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert f"## {iso15118.__version__}" in changelog


def test_the_schema_source_is_pinned():
    assert "ocpp==2.1.0" in EXTRAS["ocpp"]


def test_dev_brings_all_that_the_tests_use():
    assert names(EXTRAS["dev"]) >= {"evbpt", "hypothesis", "mypy", "pytest", "pytest-asyncio", "ruff"}
    assert "evbpt[all]" in EXTRAS["dev"]


def test_an_error_that_names_an_extra_names_one_that_exists():
    for path in [*(ROOT / "iso15118").rglob("*.py"), *(ROOT / "sim").rglob("*.py")]:
        for extra in re.findall(r"MissingExtra\([^)]*\"(\w+)\"\)", path.read_text(encoding="utf-8")):
            assert extra in EXTRAS, f"{path}: {extra}"


@pytest.mark.parametrize("extra", [name for name in EXTRAS if name != "dev"])
def test_the_readme_explains_every_extra(extra):
    assert f"`{extra}`" in (ROOT / "README.md").read_text()


def test_the_readme_names_every_command_and_target():
    readme = (ROOT / "README.md").read_text()
    for command in COMMANDS:
        assert f"v2g {command}" in readme
    for target in ("demo", "test", "lint", "bench", "interop"):
        assert f"make {target}" in readme


def test_links_in_the_documents_lead_somewhere():
    for path in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if not re.match(r"https?:|mailto:", target):
                assert (path.parent / target).exists(), f"{path.relative_to(ROOT)}: {target}"


def test_no_file_of_the_repository_knows_this_machine():
    """Paths of the machine a change was written on have no place in it."""
    machine = re.compile(r"(?<![\w.])/(?:work|home|root)/\w|\.\./shared")
    suffixes = {".py", ".md", ".toml", ".json", ""}
    for folder in ("iso15118", "sim", "tests", "docs", "tools", "bench", ".ci"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in suffixes and path != Path(__file__):
                found = machine.search(path.read_text(encoding="utf-8"))
                assert not found, f"{path.relative_to(ROOT)}: {found and found[0]}"


def test_the_wheel_carries_the_scenario_files():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["sim"]
    carried = {path for pattern in patterns for path in (ROOT / "sim").glob(pattern)}
    assert set((ROOT / "sim").rglob("*.toml")) <= carried
