"""``v2g conform``: what it prints, what it writes, and how it ends."""

import json
from xml.etree import ElementTree as ET

import pytest

from conformance import mutants
from iso15118.cli import main

pytestmark = pytest.mark.usefixtures("wide")


@pytest.fixture
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def run(*words: str) -> int:
    try:
        return main(["conform", *words])
    except SystemExit as end:
        return int(end.code or 0)


def test_list_names_cases_with_requirements_and_conditions(capsys):
    assert run("list", "SS-01", "TI-02*") == 0
    out = capsys.readouterr().out
    assert "SS-01" in out
    assert "V2G20-2106" in out
    assert "DC_BPT, dynamic" in out
    assert "of 2 purposes" in out


def test_list_by_group_and_side(capsys):
    run("list", "--group", "SE", "--side", "EVCC")
    out = capsys.readouterr().out
    assert "SE-08" in out
    assert "SE-01" not in out
    assert "SECC" not in out.replace("EVCC", "")


def test_list_of_what_is_missing_has_reasons(capsys):
    run("list", "--missing")
    out = capsys.readouterr().out
    assert "TL-01" in out
    assert "needs TLS" in out


def test_run_writes_json_and_junit(tmp_path, capsys):
    assert run("run", "SAP", "--json", str(tmp_path / "r.json"), "--junit", str(tmp_path / "r.xml")) == 0
    results = json.loads((tmp_path / "r.json").read_text())
    assert results["verdicts"]["FAIL"] == 0
    assert {result["purpose"] for result in results["results"]} >= {"SAP-01", "SAP-10"}
    suite = ET.parse(tmp_path / "r.xml").getroot()
    assert suite.get("tests") == str(len(results["results"]))
    assert "Supported app protocol" in capsys.readouterr().out


def test_a_failure_is_told_with_its_place_and_ends_with_status_1(tmp_path, capsys):
    with mutants.MUTANTS["session-id-zero"].active():
        assert run("run", "SS-01", "--junit", str(tmp_path / "r.xml")) == 1
    out = capsys.readouterr().out
    assert "FAIL" in out
    assert "SessionID" in out
    (case,) = ET.parse(tmp_path / "r.xml").getroot()
    assert case[0].tag == "failure"


def test_pics_select(tmp_path, capsys):
    pics = tmp_path / "dc.toml"
    pics.write_text('[station]\nservices = ["DC"]\nsupports = ["dynamic"]\n')
    assert run("run", "CL-02", "-v", "--pics", str(pics)) == 0
    out = capsys.readouterr().out
    assert "CL-02/DC " in out
    assert "CL-02/DC_BPT" not in out
    assert "are not selected by dc.toml" in out


@pytest.mark.parametrize("words", [("run", "XX-1"), ("list", "--group", "XX"), ("run", "--pics", "/nowhere.toml")])
def test_wrong_words_end_in_one_line(words, capsys):
    assert run(*words) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_pics_of_unknown_words_are_refused(tmp_path, capsys):
    pics = tmp_path / "dc.toml"
    pics.write_text('[station]\nsupports = ["magic"]\n')
    assert run("run", "--pics", str(pics)) == 2
    assert "magic" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("run", "SS-01", "--group", "PD"), "nothing to run: no case is of all that"),
        (("run", "SS-02", "--pics", "{pics}"), "nothing to run: none.toml selects none of"),
        (("mutants", "nobody"), "no mutant 'nobody'"),
        (("list", "SS-01", "--missing"), "--missing is about purposes"),
        (("list", "--conditions", "--missing"), "--conditions stands alone"),
    ],
)
def test_what_would_show_nothing_is_refused(words, complaint, tmp_path, capsys):
    (tmp_path / "none.toml").write_text("[station]\nservices = []\n", "utf-8")
    assert main(["conform", *(word.format(pics=tmp_path / "none.toml") for word in words)]) == 2
    assert complaint in capsys.readouterr().err
