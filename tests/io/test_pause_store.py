"""Paused sessions in files: restarts, damage, limits, and names that a peer has no say in."""

import os

import msgspec
import pytest

from iso15118 import ev, evse
from iso15118.errors import LocalError
from iso15118.io.pause_store import MAX_RECORD_OCTETS, FileStore
from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.pause import MAX_PAUSED
from iso15118.session.ports import Wish
from iso15118.session.services import ControlMode
from tests.io.rig import Rig, discharge
from tests.session.test_pause import paused, resumed
from tests.session.world import EV, SECC


def stores(tmp_path, told=None):
    report = (lambda text: None) if told is None else told.append
    return {at: FileStore(tmp_path / at, report=report) for at in (EV, SECC)}


def record(mode=ControlMode.SCHEDULED):
    return paused(mode=mode).events(act.KeepPaused, SECC)[0].item.record


@pytest.mark.parametrize("mode", list(ControlMode))
def test_a_session_survives_a_restart_of_both_processes(tmp_path, mode):
    """New sessions, new stores: what was kept comes from the files alone."""
    first = paused(mode=mode, stores=stores(tmp_path))
    assert [len(list((tmp_path / at).iterdir())) for at in (EV, SECC)] == [1, 1]
    again = resumed(first, stores=stores(tmp_path))
    assert again.messages("SessionSetupRes")[0].response_code.value == "OK_OldSessionJoined"
    assert again.evcc.session_id == first.evcc.session_id
    assert again.error(EV) is again.error(SECC) is None
    assert list((tmp_path / EV).iterdir()) == list((tmp_path / SECC).iterdir()) == []


@pytest.mark.parametrize("at", [EV, SECC])
@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"\xff\xfe", b'{"version":1}', b'{"version":1,"record":{}}', b"[" * 10_000, b"x" * (MAX_RECORD_OCTETS + 1)],
    ids=["empty", "cut", "no text", "no record", "nothing in it", "deep", "long"],
)  # fmt: skip
def test_a_damaged_file_costs_one_resume_and_is_reported(tmp_path, at, damage):
    first = paused(stores=stores(tmp_path))
    (path,) = (tmp_path / at).iterdir()
    path.write_bytes(damage)
    told = []
    again = resumed(first, stores=stores(tmp_path, told))
    assert again.messages("SessionSetupRes")[0].response_code.value == "OK_NewSessionEstablished"
    assert again.error(EV) is again.error(SECC) is None
    assert told
    assert all(str(path) in text and "\n" not in text for text in told)


def test_what_is_kept_comes_back_whole(tmp_path):
    kept, store = record(), FileStore(tmp_path)
    store.keep(kept)
    store.keep(msgspec.structs.replace(kept, evcc_id="LATER"))
    assert FileStore(tmp_path).find(kept.session_id) == msgspec.structs.replace(kept, evcc_id="LATER")
    store.drop(kept.session_id)
    store.drop(kept.session_id)
    assert FileStore(tmp_path).find(kept.session_id) is None


def test_a_peer_does_not_name_files(tmp_path):
    told = []
    store = FileStore(tmp_path / "store", report=told.append)
    (tmp_path / "secret").write_text("{}")
    for session_id in (b"../secret", b"", b"/etc/pwd\0", bytes(8), b"\xff" * 8, b"../../..", b"." * 8):
        assert store.find(session_id) is None
        store.drop(session_id)
        store.keep(msgspec.structs.replace(record(ControlMode.DYNAMIC), session_id=session_id))
    assert (tmp_path / "secret").exists()
    names = sorted(path.name for path in tmp_path.rglob("*.json"))
    assert names == sorted(f"{octets.hex()}.paused.json" for octets in (bytes(8), b"\xff" * 8, b"../../..", b"." * 8))
    assert len(told) == 3


def test_a_record_under_another_name(tmp_path):
    told = []
    store = FileStore(tmp_path, report=told.append)
    kept = record(ControlMode.DYNAMIC)
    store.keep(kept)
    (path,) = tmp_path.iterdir()
    path.rename(tmp_path / f"{'ab' * 8}.paused.json")
    assert store.find(b"\xab" * 8) is None
    assert "another session" in told[0]


def test_a_file_of_another_format(tmp_path):
    told = []
    store = FileStore(tmp_path, report=told.append)
    kept = record(ControlMode.DYNAMIC)
    store.keep(kept)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":2'))
    assert store.find(kept.session_id) is None
    assert "version 2" in told[0]


def test_the_oldest_files_make_room_and_others_are_left_alone(tmp_path):
    kept, store = record(ControlMode.DYNAMIC), FileStore(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    for i in range(MAX_PAUSED + 2):
        store.keep(msgspec.structs.replace(kept, session_id=i.to_bytes(8, "big")))
        os.utime(tmp_path / f"{i.to_bytes(8, 'big').hex()}.paused.json", (i, i))
    store.keep(msgspec.structs.replace(kept, session_id=b"youngest"))
    assert len(list(tmp_path.iterdir())) == MAX_PAUSED + 1
    assert store.find(b"youngest") is not None
    assert store.find((0).to_bytes(8, "big")) is None
    assert store.find((MAX_PAUSED + 1).to_bytes(8, "big")) is not None


def test_the_latest_of_a_car(tmp_path):
    kept, store = record(ControlMode.DYNAMIC), FileStore(tmp_path)
    assert store.latest(kept.evcc_id) is None
    for session_id, evcc_id, at in ((b"1" * 8, "A", 5.0), (b"2" * 8, "A", 7.0), (b"3" * 8, "B", 9.0)):
        store.keep(msgspec.structs.replace(kept, session_id=session_id, evcc_id=evcc_id, paused_unix_s=at))
    (tmp_path / f"{'cd' * 8}.paused.json").write_text("damaged")
    assert store.latest("A").session_id == b"2" * 8


def test_a_directory_that_can_not_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="can't keep paused sessions"):
        FileStore(tmp_path / "file" / "below")


def test_what_can_not_be_written_or_read_is_reported(tmp_path):
    told = []
    kept, store = record(ControlMode.DYNAMIC), FileStore(tmp_path / "store", report=told.append)
    (tmp_path / "store").rmdir()
    store.keep(kept)
    assert len(told) == 1
    (tmp_path / "store" / f"{kept.session_id.hex()}.paused.json").mkdir(parents=True)
    assert store.find(kept.session_id) is None
    store.drop(kept.session_id)
    store.keep(kept)
    assert len(told) == 4
    store.keep(msgspec.structs.replace(kept, evcc_id="x" * MAX_RECORD_OCTETS))
    assert "not kept" in told[4]
    assert list((tmp_path / "store").iterdir()) == [tmp_path / "store" / f"{kept.session_id.hex()}.paused.json"]


def test_a_file_that_another_process_took_away_hides_no_other(tmp_path, monkeypatch):
    told = []
    kept, store = record(ControlMode.DYNAMIC), FileStore(tmp_path, report=told.append)
    store.keep(msgspec.structs.replace(kept, session_id=b"1" * 8))
    gone, listed = tmp_path / f"{'32' * 8}.paused.json", type(tmp_path).glob
    monkeypatch.setattr(type(tmp_path), "glob", lambda self, pattern: [gone, *listed(self, pattern)])
    assert store.latest(kept.evcc_id).session_id == b"1" * 8
    assert told == []


def test_a_directory_that_may_not_be_written_any_more_costs_a_resume_and_nothing_else(tmp_path, monkeypatch):
    told = []
    kept, store = record(ControlMode.DYNAMIC), FileStore(tmp_path, report=told.append)

    def refused(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refused)
    monkeypatch.setattr(type(tmp_path), "unlink", refused)
    store.keep(kept)
    assert len(told) == 2
    assert all("No space left" in each for each in told)
    assert store.find(kept.session_id) is None


async def test_a_car_and_a_station_pause_and_go_on_over_a_socket(tmp_path):
    rig = Rig(store=FileStore(tmp_path / "secc"), config=evse.SeccConfig(resume_without_binding=True))
    async with rig.station:
        car = rig.car(store=FileStore(tmp_path / "ev"))
        task = await discharge(rig, car)
        rig.vehicle.driver_wish = Wish.PAUSE
        car.wake()
        assert (await task).paused
        assert (await rig.station.session()).paused
        assert car.resume is not None
        kept = FileStore(tmp_path / "ev").latest(car.config.evcc_id)
        assert kept == car.resume
        rig.seen.clear()
        rig.discharging.clear()
        rig.vehicle.driver_wish = ev.Wish.ENERGY
        # Another object, as another process would make it.
        again = rig.car(store=FileStore(tmp_path / "ev"), resume=kept)
        task = await discharge(rig, again)
        rig.vehicle.driver_wish = ev.Wish.STOP
        ended = await task
        assert (ended.error, ended.paused) == (None, False)
        assert again.resume is None
        assert (await rig.station.session()).error is None
    states = [action.after for at, action in rig.seen if at == "SECC" and isinstance(action, evse.StateChanged)]
    assert states[:2] == [State.SESSION_SETUP.value, State.DC_CHARGE_PARAMETER_DISCOVERY.value]
    assert list(tmp_path.rglob("*.json")) == []
