"""A transaction whose session is paused goes on after a restart of the station's process, from its record."""

import msgspec
import pytest

from iso15118.io.pause_store import FileStore, keeping_transactions
from iso15118.ocpp.charger import OcppCharger
from iso15118.ocpp.station import ChargingStation
from iso15118.ocpp.suspended import MAX_UNDELIVERED, shortened
from iso15118.session.actions import EvccIdentified
from iso15118.session.timers import Limits, Timer
from sim.control import SetDynamic
from tests.ocpp.test_life import Bridged, paused, resumed
from tests.session.world import SECC, UNIX_S, World


class Restarting(Bridged):
    """Records are written before each exchange, as a driver does; ``restart`` makes all of the station anew."""

    def __init__(self, directory, **options):
        super().__init__(**options)
        self.directory, self.told = directory, []
        self.join()

    def join(self):
        self.store = FileStore(self.directory, report=self.told.append)
        self.keep = keeping_transactions(self.store, self.station)

    def before_frames(self):
        self.keep(self.now)

    def run_until(self, time):
        super().run_until(time)
        self.keep(self.now)
        return self

    def restart(self, *, away_s=600.0, **options):
        """Kill the process; nothing that it knew is left but the files."""
        device = self.charger.device
        if self.online:
            self.online = False
            self.csms.disconnected("CS-1", self.now)
        self.now += away_s
        records = FileStore(self.directory, report=self.told.append).transactions()
        self.station = ChargingStation(
            "CS-1", evse_count=2, id_token="card", unix_offset_s=UNIX_S, suspended=records, **options
        )
        self.charger = OcppCharger(device, self.station, 1, unix_offset_s=UNIX_S)
        self.join()
        self.charger.measure(self.now)  # as a link does before it connects
        self.keep(self.now)
        return self

    def numbers(self):
        """seqNo of all events of the first transaction, each once, as they came."""
        name = self.events()[0]["transactionInfo"]["transactionId"]
        numbers = [event["seqNo"] for event in self.events() if event["transactionInfo"]["transactionId"] == name]
        return list(dict.fromkeys(numbers))

    def files(self):
        return len(list(self.directory.glob("*.transaction.json")))


@pytest.mark.parametrize("waits_s", [0.0, 200.0])
def test_the_transaction_goes_on_after_a_restart(tmp_path, waits_s):
    pair = Restarting(tmp_path).connect()
    first = paused()
    pair.play(first).run_until(pair.now + waits_s)
    assert pair.files() == 1
    before, seen = len(pair.events()), len(pair.frames)
    pair.restart()
    assert pair.charger.resume_allowed(pair.now)
    assert pair.charger.ready(pair.now), "the needs of before the pause have been answered"
    pair.connect().run_until(pair.now + 100.0)
    assert [s["connectorStatus"] for s in pair.calls("StatusNotification")][-2:] == ["Occupied", "Available"]
    assert pair.frames[seen][1][2] == "BootNotification"
    first.now = pair.now
    pair.play(resumed(first))
    again = pair.events()[before:]
    assert again[0]["seqNo"] == pair.events()[before - 1]["seqNo"] + 1
    assert not any("offline" in event for event in again)
    assert pair.numbers() == list(range(len(pair.events())))
    assert [kind for kind, _, _ in pair.states() if kind != "Updated"] == ["Started", "Ended"]
    assert pair.short()[-3:] == [("Updated", "Charging"), ("Updated", "SuspendedEVSE"), ("Ended", "EVConnected")]
    assert len({transaction for _, _, transaction in pair.states()}) == 1
    assert len(pair.calls("Authorize")) == len(pair.calls("NotifyEVChargingNeeds")) == 1
    assert not pair.errors()
    assert pair.told == []
    assert pair.files() == 0


def test_a_session_that_asks_the_bridge_itself_is_joined_only_with_the_transaction(tmp_path):
    pair = Restarting(tmp_path).connect()
    first = paused()
    pair.play(first)
    for directory, code in ((tmp_path, "OK_OldSessionJoined"), (tmp_path / "none", "OK_NewSessionEstablished")):
        pair.directory = directory
        pair.restart()
        first.charger.resume = pair.charger.resume_allowed(pair.now)
        first.now = pair.now
        records = dict(first.stores[SECC].records)
        assert resumed(first).messages("SessionSetupRes")[0].response_code.value == code
        first.stores[SECC].records.update(records)


def test_once_the_session_goes_on_there_is_nothing_to_keep(tmp_path):
    pair = Restarting(tmp_path).connect()
    first = paused()
    pair.play(first)
    pair.restart().connect()
    assert pair.files() == 1
    pair.charger.observe(EvccIdentified("car", b"12345678", resumed=True), pair.now)
    pair.exchange()
    assert pair.files() == 0
    # What ends it from now on is the session's business.
    first.charger.pilot_state = "A"
    pair.run_until(pair.now + 70.0)
    assert pair.events()[-1]["eventType"] == "Updated"


def test_a_car_that_was_unplugged_meanwhile_ends_it_as_offline(tmp_path):
    pair = Restarting(tmp_path).connect()
    first = paused()
    pair.play(first)
    first.charger.pilot_state = "A"
    pair.restart().connect()
    ended = pair.events()[-1]
    assert (ended["eventType"], ended["offline"]) == ("Ended", True)
    assert ended["transactionInfo"]["stoppedReason"] == "EVDisconnected"
    assert ended["meterValue"]
    assert pair.numbers() == list(range(len(pair.events())))
    assert pair.calls("StatusNotification")[-2]["connectorStatus"] == "Available"
    assert not pair.charger.resume_allowed(pair.now)
    pair.exchange()
    assert pair.files() == 0


def test_a_pause_that_lasts_too_long_ends_the_transaction(tmp_path):
    pair = Restarting(tmp_path).connect()
    pair.play(paused())
    limit_s = Limits().seconds(Timer.SECC_PAUSED_SESSION)
    pair.restart(away_s=limit_s - 30.0).connect().run_until(pair.now + 20.0)
    assert pair.events()[-1]["eventType"] == "Updated"
    pair.run_until(pair.now + 60.0)
    ended = pair.events()[-1]
    assert (ended["eventType"], ended["transactionInfo"]["stoppedReason"]) == ("Ended", "TimeLimitReached")
    assert not pair.charger.resume_allowed(pair.now)


def test_events_that_were_not_delivered_are_delivered_after_the_restart(tmp_path):
    pair = Restarting(tmp_path).connect()
    first = paused()
    pair.play(first)
    pair.disconnect().run_until(pair.now + 300.0)
    told = len(pair.events())
    pair.restart().run_until(pair.now + 130.0)  # no back end yet
    pair.restart().connect()
    assert pair.numbers() == list(range(len(pair.events())))
    late = pair.events()[told:]
    assert len(late) >= 6
    assert all(event["offline"] for event in late)
    assert [event["timestamp"] for event in late] == sorted(event["timestamp"] for event in late)


def test_the_end_of_a_transaction_is_kept_until_the_back_end_knows_it(tmp_path):
    pair = Restarting(tmp_path).connect()
    first = paused()
    pair.play(first)
    first.charger.pilot_state = "A"
    pair.restart()
    assert pair.files() == 1
    first.charger.pilot_state = "B"
    pair.restart()
    assert not pair.charger.resume_allowed(pair.now)
    pair.connect()
    assert [event["eventType"] for event in pair.events()].count("Ended") == 1
    pair.exchange()
    assert pair.files() == 0


def test_what_the_back_end_asked_for_is_done_after_the_restart(tmp_path):
    pair = Restarting(tmp_path).connect()
    pair.play(paused())
    pair.csms.request_stop("CS-1", pair.station.transaction_id(1), pair.now)
    pair.exchange()
    pair.restart().connect()
    assert pair.events()[-1]["transactionInfo"]["stoppedReason"] == "Remote"


def test_its_set_point_goes_on_and_what_is_invalid_offline_does_not(tmp_path):
    pair = Restarting(tmp_path).connect()
    pair.controller = pair.csms.controller
    pair.play(paused())
    name = pair.station.transaction_id(1)
    pair.csms.decide("CS-1", name, (SetDynamic(setpoint_w=3_000.0),), pair.now)
    pair.exchange()
    assert pair.station.target(1, pair.now).setpoint_w == 3_000.0
    pair.restart()
    assert pair.station.target(1, pair.now).setpoint_w == 3_000.0
    (record,) = pair.store.transactions()
    (profile,) = record.profiles
    limited = msgspec.structs.replace(profile, max_offline_s=60.0, invalid_after_offline=True)
    pair.store.keep_transaction(msgspec.structs.replace(record, profiles=(limited,)))
    pair.restart()
    assert pair.station.target(1, pair.now).setpoint_w is None
    pair.connect()
    assert pair.station.target(1, pair.now).setpoint_w is None


@pytest.mark.parametrize("damage", [b"", b"{", b'{"version":1,"record":{}}', b'{"version":2,"record":{}}', None])
def test_a_damaged_record_costs_the_transaction_and_is_reported(tmp_path, damage):
    pair = Restarting(tmp_path).connect()
    first = paused()
    pair.play(first)
    (path,) = tmp_path.glob("*.transaction.json")
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    pair.restart().connect()
    assert not pair.charger.resume_allowed(pair.now)
    assert all(str(path) in text and "\n" not in text for text in pair.told)
    assert bool(pair.told) is (damage is not None)
    first.charger.resume, first.now = False, pair.now
    pair.play(resumed(first))
    assert [kind for kind, _, _ in pair.states() if kind != "Updated"] == ["Started", "Started", "Ended"]


def test_records_that_make_no_sense_are_refused_and_dropped(tmp_path):
    pair = Restarting(tmp_path).connect()
    pair.play(paused())
    name = pair.station.transaction_id(1)
    pair.csms.decide("CS-1", name, (SetDynamic(setpoint_w=3_000.0),), pair.now)
    pair.exchange()
    (record,) = pair.store.transactions()
    (profile,) = record.profiles
    event = pair.events()[-1]
    replace = msgspec.structs.replace
    bad_mode = replace(profile, periods=(replace(profile.periods[0], mode="Upwards"),))
    records = [
        record,
        replace(record, transaction_id="second"),
        replace(record, transaction_id="far", evse_id=9),
        replace(record, transaction_id="alien", evse_id=2, profiles=(profile,)),
        replace(record, evse_id=2, profiles=(bad_mode,)),
        replace(record, transaction_id="others", evse_id=2, profiles=(), undelivered=(event,)),
        replace(record, transaction_id="nothing", evse_id=2, profiles=(), undelivered=({},)),
        replace(record, transaction_id="broken", evse_id=2, profiles=(),
                undelivered=({"transactionInfo": {"transactionId": "broken"}, "triggerReason": "Luck"},)),
    ]  # fmt: skip
    station = ChargingStation("CS-1", evse_count=2, id_token="card", suspended=records)
    assert len(station.refused_records) == 7
    assert station.transaction_id(1) == name
    assert station.transaction_id(2) == "broken"
    assert station.dropped_events == 1
    dropped = [action.transaction_id for action in station.take_records(0.0) if hasattr(action, "transaction_id")]
    assert dropped == ["second", "far", "alien", "others", "nothing"]


def test_samples_make_room_before_other_events():
    sample = [{"triggerReason": "MeterValuePeriodic", "seqNo": n} for n in range(2 * MAX_UNDELIVERED)]
    other = [{"triggerReason": "ChargingStateChanged", "seqNo": n} for n in range(1000, 1003)]
    kept = shortened([other[0], *sample, *other[1:]])
    assert len(kept) == MAX_UNDELIVERED
    assert [event for event in kept if event in other] == other
    assert kept[-3] == sample[-1]
    assert shortened(other * 100) == tuple((other * 100)[-MAX_UNDELIVERED:])


def test_nothing_is_kept_of_a_transaction_that_runs(tmp_path):
    world = World()
    pair = Restarting(tmp_path).connect()
    pair.play(world.start().run(until_s=30.0))
    assert pair.station.transaction_id(1) is not None
    assert pair.station.take_records(pair.now) == []
    assert pair.files() == 0


def test_a_transaction_does_not_name_files(tmp_path):
    pair = Restarting(tmp_path / "store").connect()
    pair.play(paused())
    (record,) = pair.store.transactions()
    for name in ("../../x", "/etc/x", "a/b"):
        pair.store.keep_transaction(msgspec.structs.replace(record, transaction_id=name))
    assert pair.files() == 4
    assert {each.transaction_id for each in pair.store.transactions()} >= {"../../x", "/etc/x", "a/b"}
    for each in pair.store.transactions():
        pair.store.drop_transaction(each.transaction_id)
    assert list(tmp_path.rglob("*")) == [tmp_path / "store"]
