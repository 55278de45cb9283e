"""What a back end sees of the life of a session: pauses, standby, another service in the same transaction.

Sessions of two cores in virtual time; what the station's side reports goes through the bridge to a back end.
"""

import pytest

from iso15118.ocpp.charger import OcppCharger
from iso15118.ocpp.station import ChargingStation
from iso15118.session.actions import Ended
from iso15118.session.ports import Authorization, ChargingNeeds, OfferedSchedule, SimpleCharger, Wish
from iso15118.session.services import ServiceId
from sim.csms import Csms
from tests.ocpp.pair import Pair, Quiet
from tests.session.world import SECC, UNIX_S, World


class Bridged(Pair):
    """A back end, and one outlet whose sessions are played by worlds, one after the other."""

    def __init__(self, *, allowed=("DC", "DC_BPT"), **options):
        station = ChargingStation("CS-1", evse_count=2, id_token="card", unix_offset_s=UNIX_S, **options)
        super().__init__(Quiet(), station=station)
        self.csms = Csms(Quiet(), tokens={"card"}, unix_offset_s=UNIX_S, allowed_energy_transfer=allowed)
        self.world = None
        self.charger = None

    def play(self, world):
        """All that a world's station reported, at its time."""
        self.world = world
        if self.charger is None:
            self.charger = OcppCharger(world.charger, self.station, 1, unix_offset_s=UNIX_S)
            self.station.plug_in(1, self.now)
        for event in world.log:
            if event.at == SECC:
                self.run_until(max(self.now, event.now))
                self.charger.observe(event.item, self.now)
                self.exchange()
        return self

    def run_until(self, time):
        """As in a process: the meter is read before the station's timers."""
        while True:
            self.exchange()
            due = [at for at in (self.station.next_timer(), self.csms.next_timer()) if at is not None]
            if not due or min(due) > time:
                break
            self.now = max(self.now, min(due))
            if self.charger is not None:
                self.charger.measure(self.now)
            self.station.handle_timer(self.now)
            self.csms.handle_timer(self.now)
        self.now = time
        return self.exchange()

    def states(self):
        """Type, chargingState and transaction of the events that told a new state."""
        told = []
        for event in self.events():
            info = event["transactionInfo"]
            state = (event["eventType"], info["chargingState"], info["transactionId"])
            if not told or told[-1] != state:
                told.append(state)
        return told

    def short(self):
        return [(kind, state) for kind, state, _ in self.states()]


def paused(who="car"):
    world = World(service=ServiceId.DC)
    world.charger.setpoint_w = 6_000.0
    if who == "car":
        world.at(20.0, lambda: setattr(world.vehicle, "driver_wish", Wish.PAUSE))
    else:
        world.at(20.0, lambda: setattr(world.charger, "pause", True))
    world.start().run().check_end()
    assert world.ended[SECC].paused
    return world


def resumed(before):
    before.vehicle.driver_wish, before.charger.pause = Wish.ENERGY, False
    world = World(after=before, service=ServiceId.DC)
    world.at(world.now + 20.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    return world.start().run().check_end()


@pytest.mark.parametrize(("who", "state"), [("car", "SuspendedEV"), ("station", "SuspendedEVSE")])
def test_the_transaction_goes_on_over_a_pause(who, state):
    pair = Bridged().connect()
    first = paused(who)
    pair.play(first)
    if who == "station":
        first.charger.pause = True
    assert pair.short()[-1] == ("Updated", state)
    pair.run_until(pair.now + 7_000.0)  # samples go on as well
    assert pair.short()[-1] == ("Updated", state)
    first.now = pair.now
    pair.play(resumed(first))
    told = pair.short()
    assert [kind for kind, _ in told].count("Started") == 1
    assert told[-3:] == [("Updated", "Charging"), ("Updated", "SuspendedEVSE"), ("Ended", "EVConnected")]
    assert len({transaction for _, _, transaction in pair.states()}) == 1
    assert len(pair.calls("Authorize")) == 1
    assert len(pair.calls("NotifyEVChargingNeeds")) == 1
    assert not pair.errors()


def test_a_car_that_is_unplugged_while_paused_ends_the_transaction():
    pair = Bridged().connect()
    first = paused()
    pair.play(first)
    assert pair.charger.resume_allowed(pair.now)
    first.charger.pilot_state = "A"
    pair.run_until(pair.now + 61.0)
    ended = pair.events()[-1]
    assert (ended["eventType"], ended["transactionInfo"]["stoppedReason"]) == ("Ended", "EVDisconnected")
    assert pair.station.transaction_id(1) is None
    assert not pair.charger.resume_allowed(pair.now)
    # Plugged in again, it can't go on with what has ended.
    first.charger.pilot_state, first.charger.resume, first.now = "B", False, pair.now
    again = resumed(first)
    assert again.messages("SessionSetupRes")[0].response_code.value == "OK_NewSessionEstablished"


def test_who_never_says_who_he_is_does_not_end_what_is_paused():
    pair = Bridged().connect()
    pair.play(paused())
    pair.charger.observe(Ended("no common protocol", "no common protocol"), pair.now)
    pair.exchange()
    assert pair.charger.paused
    assert pair.charger.resume_allowed(pair.now)
    assert pair.short()[-1] == ("Updated", "SuspendedEV")


def test_the_back_end_ends_a_paused_transaction():
    pair = Bridged().connect()
    pair.play(paused())
    pair.csms.request_stop("CS-1", pair.station.transaction_id(1), pair.now)
    pair.run_until(pair.now + 61.0)
    ended = pair.events()[-1]
    assert (ended["eventType"], ended["transactionInfo"]["stoppedReason"]) == ("Ended", "Remote")
    assert not pair.charger.resume_allowed(pair.now)


def test_a_new_session_ends_what_was_paused_and_begins_another_transaction():
    pair = Bridged().connect()
    first = paused()
    pair.play(first)
    first.charger.resume = False
    pair.play(resumed(first))
    assert [kind for kind, _, _ in pair.states() if kind != "Updated"] == ["Started", "Ended", "Started", "Ended"]
    assert len({transaction for _, _, transaction in pair.states()}) == 2


def test_standby_is_suspended_by_the_car():
    world = World(service=ServiceId.DC)
    world.charger.setpoint_w = 6_000.0
    for at, wish in ((20.0, Wish.STANDBY), (40.0, Wish.ENERGY), (60.0, Wish.STOP)):
        world.at(at, lambda wish=wish: setattr(world.vehicle, "driver_wish", wish))
    pair = Bridged().connect().play(world.start().run().check_end())
    assert pair.short() == [
        ("Started", "EVConnected"),
        ("Updated", "Charging"),
        ("Updated", "SuspendedEV"),
        ("Updated", "Charging"),
        ("Updated", "SuspendedEVSE"),
        ("Ended", "EVConnected"),
    ]


@pytest.mark.parametrize("allowed", [("DC",), None])
def test_the_back_end_allows_discharging_in_a_running_transaction(allowed):
    """Q02: at first charging only, then NotifyAllowedEnergyTransfer; the session chooses its service anew."""
    pair = Bridged(service_renegotiation=True, allowed=allowed).connect()
    world = World(
        service=ServiceId.DC_BPT,
        secc={"service_renegotiation": True},
        evcc={"services": (ServiceId.DC_BPT, ServiceId.DC)},
    )
    # This time the session asks the bridge while it runs.
    pair.charger = world.secc.charger = OcppCharger(world.charger, pair.station, 1, unix_offset_s=UNIX_S)
    world.charger.authorized = Authorization.PENDING
    pair.station.plug_in(1, 0.0)
    seen = 0

    def step():
        nonlocal seen
        events, seen = world.log[seen:], len(world.log)
        for event in events:
            if event.at == SECC:
                pair.charger.observe(event.item, world.now)
        pair.run_until(world.now)
        world.poll()
        if world.now < 90.0:
            world.at(world.now + 0.1, step)

    def allow():
        modes = ("DC", "DC_BPT")
        pair.csms.allow_now("CS-1", pair.station.transaction_id(1), modes, world.now)

    world.at(0.05, step).at(40.0, allow).at(70.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    world.start().run().check_end()
    asked = [each["chargingNeeds"]["requestedEnergyTransfer"] for each in pair.calls("NotifyEVChargingNeeds")]
    assert asked == ["DC", "DC_BPT"]
    assert not pair.csms.refusals
    assert len({transaction for _, _, transaction in pair.states()}) == 1
    assert world.secc.context.service_id == ServiceId.DC_BPT


def test_a_session_that_can_not_go_on_without_its_transaction():
    first = paused()
    first.charger.resume = False
    (opened,) = resumed(first).messages("SessionSetupRes")
    assert opened.response_code.value == "OK_NewSessionEstablished"


def test_a_station_with_schedules_of_its_own_offers_them_while_the_back_end_has_no_plan():
    device, station = SimpleCharger(), ChargingStation("CS-1", id_token="card")
    charger = OcppCharger(device, station, 1, unix_offset_s=0.0)
    needs = ChargingNeeds(
        service_id=ServiceId.DC,
        control_mode=1,
        mobility_needs_mode=1,
        bidirectional=False,
        maximum_supporting_points=12,
        max_charge_power_w=5_000.0,
        departure_s=100.0,
    )
    assert [each.entries for each in charger.schedules(needs, 0.0)] == [((100.0, 5_000.0),)]
    device.schedule = tuple(OfferedSchedule(schedule_tuple_id=i, start_s=0.0, entries=((9.0, 1.0),)) for i in (1, 2))
    assert charger.schedules(needs, 0.0) == device.schedule
