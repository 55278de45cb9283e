"""The page about scenario files says what the classes say."""

from __future__ import annotations

import tomllib

import pytest

from sim import events, strict
from sim.scenario_file import CLOSED, ScenarioFile
from tools import scenario_format


def test_the_committed_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert scenario_format.main(["--check"]) == 0, capsys.readouterr().out


def test_every_word_of_events_and_faults_is_on_the_page() -> None:
    page = scenario_format.page()
    for union, field in ((events.Event, "do"), (events.Fault, "kind")):
        for cls in union.__args__:
            assert f'### `{field} = "{cls.__struct_config__.tag}"`' in page


def test_the_example_on_the_page_is_a_scenario() -> None:
    text = scenario_format.page().split("```toml\n")[1].split("```")[0]
    data = tomllib.loads(text)
    assert strict.read(ScenarioFile, data, "page", closed=CLOSED).expect.stopped_reason == "StoppedByEV"
