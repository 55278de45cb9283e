"""Scenario files: what is wrong is told with its key and what is allowed; layers build upon each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from iso15118.errors import LocalError
from iso15118.session.services import ControlMode, ServiceId
from iso15118.units import DischargeLimitSign
from sim import events
from sim.scenario_file import ScenarioFile, load


def write(folder: Path, text: str, name: str = "a.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str) -> ScenarioFile:
    return load(write(folder, f'title = "x"\n{text}'))


def test_names_of_enumerations_are_words(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        '[car]\nservices = ["AC_BPT", 1]\ncontrol = ["scheduled"]\noptions = {discharge_limit_sign = "positive"}\n',
    )
    assert file.car.services == (ServiceId.AC_BPT, ServiceId.AC)
    assert file.car.control == (ControlMode.SCHEDULED,)
    assert file.car.options.discharge_limit_sign is DischargeLimitSign.POSITIVE


def test_events_and_faults_are_told_apart_by_a_word(tmp_path: Path) -> None:
    file = read(tmp_path, '[[event]]\ndo = "stop"\nby = "car"\nat_s = 3\n[[fault]]\nkind = "drop"\nnth = 2\n')
    assert file.event == (events.Stop(at_s=3.0, by="car"),)
    assert file.fault == (events.Drop(nth=2),)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[car]\nsocc = 0.5", r"car\.socc: no such key, did you mean soc\?; allowed here: battery, charger"),
        ("departur = 3", r"departur: no such key, did you mean departure_s\?"),
        ("[car]\nsoc = 1.5", r"car\.soc: must be at most 1, not 1\.5"),
        ("[car]\nsoc = -1", r"car\.soc: must be at least 0, not -1"),
        ("[car]\nsoc = true", r"car\.soc: a number is needed, not True"),
        ("[car]\nsoc = nan", r"car\.soc: a finite number is needed"),
        ("[car]\nsoc = 'x'", r"car\.soc: a number is needed, not 'x'"),
        ("car = 3", r"car: a table is needed, not 3"),
        ("loop_s = 0", r"loop_s: must be above 0, not 0"),
        ("seed = 1.5", r"seed: a whole number is needed, not 1\.5"),
        ("seed = true", r"seed: a whole number is needed, not True"),
        ("layers = 'x'", r"layers: a list of names is needed"),
        ("layers = ['nowhere']", r"layers: no 'nowhere'; there are ac, ac_bpt"),
        ("[car]\nservices = 'DC'", r"car\.services: a list is needed"),
        ("[car]\nservices = ['DC_BP']", r"car\.services\[0\]: no 'DC_BP', did you mean DC_BPT\?; there are AC, DC"),
        ("[car]\nv2x_soc = [0.1]", r"car\.v2x_soc: a list of 2 is needed, not of 1"),
        ("[[event]]\nat_s = 1", r"event\[0\]: a table with do is needed; do is one of stop, pause"),
        ("[[event]]\ndo = 'stap'\nat_s = 1", r"event\[0\]\.do: no 'stap', did you mean stop\?; there are stop, pause"),
        ("[[event]]\ndo = 'stop'\nat_s = 1", r"event\[0\]: by is missing"),
        ("[[event]]\ndo = 'stop'\nat_s = 1\nby = 'me'", r"event\[0\]\.by: 'me' is not one of back_end, car, station"),
        ("[[fault]]\nkind = 'drop'\nnth = 0", r"fault\[0\]\.nth: must be at least 1, not 0"),
        ("[timers]\nSECC_X = 1", r"timers\.SECC_X: no such timer; there are SECC_COMMUNICATION_SETUP"),
        ("[timers]\nEVCC_MESSAGE = 0", r"timers\.EVCC_MESSAGE: must be above 0"),
        ("[expect]\nentered = {Nowhere = 1}", r"expect\.entered\.Nowhere: no such state; there are AC_ChargeLoop"),
        ("timers = 1", r"timers: a table is needed"),
        ("timer_profile = 'x'", r"timer_profile: no 'x'; there are standard"),
        ("[car]\npeer = 'x'", r"car\.peer: no 'x'; there are none, josev"),
        ("[car.options]\nlink = 'TLS 1.3'", r"car\.options\.link: is not set here: a simulated link is plain TCP"),
        (
            "[station.options]\nserved = []",
            r"station\.options\.served: is not set here: it follows from station\.services",
        ),
        ("[station.ac]\nlines = 2", r"1 or 3 lines, not 2"),
        ("x = ", r"no TOML"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, error: str) -> None:
    with pytest.raises(LocalError, match=error) as caught:
        read(tmp_path, text)
    assert str(tmp_path / "a.toml") in str(caught.value), "the file is named"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"nowhere\.toml: can't be read: No such file"):
        load(tmp_path / "nowhere.toml")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(LocalError, match="can't be read"):
        load(tmp_path / "a.toml")


def test_a_file_needs_a_title_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, 'title = "the layer\'s"\n', "low.toml")
    with pytest.raises(LocalError, match="title is missing"):
        load(write(tmp_path, 'layers = ["low"]\n'))


def test_layers_are_merged_key_by_key_and_events_added(tmp_path: Path) -> None:
    low = '[car]\nsoc = 0.3\ntarget_soc = 0.5\nservices = ["DC"]\n[[event]]\ndo = "stop"\nby = "car"\nat_s = 9\n'
    write(tmp_path, low, "low.toml")
    text = 'layers = ["low"]\n[car]\nsoc = 0.4\nservices = ["AC"]\n[[event]]\ndo = "resume"\nat_s = 8\n'
    file = read(tmp_path, text)
    assert (file.car.soc, file.car.target_soc, file.car.services) == (0.4, 0.5, (ServiceId.AC,))
    assert [type(event) for event in file.event] == [events.Stop, events.Resume]


def test_a_file_beside_wins_over_a_shipped_layer(tmp_path: Path) -> None:
    write(tmp_path, "[car]\nsoc = 0.111\n", "ac.toml")
    assert read(tmp_path, 'layers = ["ac"]').car.soc == 0.111


def test_layers_that_go_round_are_refused(tmp_path: Path) -> None:
    write(tmp_path, 'layers = ["b"]\n', "a.toml")
    write(tmp_path, 'layers = ["a"]\n', "b.toml")
    with pytest.raises(LocalError, match="layers go round"):
        load(tmp_path / "a.toml")


def test_a_value_may_be_set_from_outside(tmp_path: Path) -> None:
    path = write(tmp_path, 'title = "x"\n[car]\nsoc = 0.3\n')
    file = load(path, sets={"car.soc": 0.4, "expect.end": "failed", "back_end.set_point_w": -1})
    assert (file.car.soc, file.expect.end, file.back_end.set_point_w) == (0.4, "failed", -1.0)
    with pytest.raises(LocalError, match="title is no table"):
        load(path, sets={"title.x": 1})
