"""The controller against a small physics of its own, through the real OCPP frames; the whole demo has its own test."""

import math

import msgspec
import pytest

from iso15118.errors import LocalError
from iso15118.ocpp.station import MeterSample
from sim.control import SetDynamic, SetProfile, Told, TransactionView, UpdateSetpoint
from sim.evening import Evening, EveningPlan
from tests.ocpp.pair import NEEDS, UNIX, Pair

WINDOW_S, DEPARTURE_S = 7_200.0, 46_800.0


def plan(**changes):
    given = {"window_start_s": UNIX, "window_end_s": UNIX + WINDOW_S, "departure_s": UNIX + DEPARTURE_S}
    return EveningPlan(**(given | changes))


class House:
    """Car and outlet in steps of a second: losses each way, a ramp, commands taken up once a loop."""

    def __init__(self, station, *, capacity_wh=60_000.0, soc=0.60, efficiency=0.95, ramp_w_s=2_000.0, loop_s=10,
                 begin_s=40, told=round, most_w=11_000.0):  # fmt: skip
        self.station, self.capacity_wh, self.soc, self.efficiency = station, capacity_wh, soc, efficiency
        self.ramp_w_s, self.loop_s, self.begin_s, self.told, self.most_w = ramp_w_s, loop_s, begin_s, told, most_w
        self.now, self.power_w, self.wanted_w, self.import_wh, self.export_wh = 0, 0.0, 0.0, 0.0, 0.0
        self.peak_w = 0.0

    def advance(self, now):
        while self.now + 1 <= now:
            if self.now >= self.begin_s and self.now % self.loop_s == 0:
                setpoint_w = self.station.target(1, float(self.now)).setpoint_w
                self.wanted_w = min(max(setpoint_w or 0.0, -self.most_w), self.most_w)
            change = min(max(self.wanted_w - self.power_w, -self.ramp_w_s), self.ramp_w_s)
            self.power_w += change
            energy_wh = self.power_w / 3600
            self.import_wh += max(energy_wh, 0.0)
            self.export_wh += max(-energy_wh, 0.0)
            stored_wh = energy_wh * self.efficiency if energy_wh > 0 else energy_wh / self.efficiency
            self.soc = min(self.soc + stored_wh / self.capacity_wh, 1.0)
            self.peak_w = max(self.peak_w, abs(self.power_w))
            self.now += 1

    def __call__(self, now):
        self.advance(now)
        percent = None if self.told is None else self.told(100 * self.soc)
        return MeterSample(
            import_wh=1_000_000 + int(self.import_wh),
            export_wh=50_000 + int(self.export_wh),
            power_w=self.power_w,
            voltage_v=400.0,
            current_a=self.power_w / 400.0,
            soc_percent=percent,
        )


def evening(*, needs=NEEDS, offline=(), until=DEPARTURE_S, arrival_s=0.0, the_plan=None, **physics):
    """Play it; returns both ends and the physics."""
    pair = Pair(Evening(the_plan or plan()))
    house = House(pair.station, **physics)
    pair.meter = house
    pair.now = arrival_s
    house.advance(arrival_s)
    pair.connect()
    soc = physics.get("soc", 0.60)
    capacity = physics.get("capacity_wh", 60_000.0)
    pair.plug_in(
        msgspec.structs.replace(
            needs, target_energy_wh=(0.85 - soc) * capacity, maximum_energy_wh=(1.0 - soc) * capacity
        )
    )
    for begin, end in offline:
        pair.run_until(begin).disconnect().run_until(end)
        pair.connect()
    pair.run_until(until)
    house.advance(until)
    return pair, house


@pytest.mark.parametrize(
    "physics",
    [
        {},
        {"told": math.floor},
        {"told": math.ceil},
        {"told": None},
        {"efficiency": 0.90},
        {"efficiency": 0.98, "capacity_wh": 80_000.0},
        {"capacity_wh": 45_000.0, "soc": 0.70},
        {"ramp_w_s": 200.0, "begin_s": 120},
        {"loop_s": 1},
        {"loop_s": 7, "begin_s": 5},
    ],
    ids=str,
)
def test_fifteen_kilowatt_hours_and_eighty_five_per_cent(physics):
    pair, house = evening(**physics)
    assert house.export_wh == pytest.approx(15_000, abs=5)
    assert 0.85 <= house.soc <= 0.88
    assert house.peak_w <= 11_000
    assert not pair.csms.refusals
    assert pair.errors() == []
    (begun, last) = pair.csms.registers("CS-1")
    assert last[1] - begun[1] == pytest.approx(house.export_wh, abs=1)


def test_nothing_is_exported_after_the_window_and_nothing_imported_in_it():
    pair, house = evening(until=WINDOW_S + 30.0)
    assert house.export_wh == pytest.approx(15_000, abs=5)
    assert house.power_w == 0.0
    assert house.import_wh == 0.0
    assert pair.calls("UpdateDynamicSchedule", "csms")
    kinds = [call["chargingProfile"]["chargingProfileKind"] for call in pair.calls("SetChargingProfile", "csms")]
    assert {"Dynamic", "Absolute"} <= set(kinds)


def test_a_car_that_gives_less_for_a_while_is_caught_up_with():
    pair = Pair(Evening(plan()))
    house = pair.meter = House(pair.station)
    pair.connect().plug_in()
    pair.run_until(1800.0)
    house.most_w = 3_000.0
    pair.run_until(3000.0)
    house.most_w = 11_000.0
    pair.run_until(WINDOW_S + 30.0)
    assert house.export_wh == pytest.approx(15_000, abs=5)


def test_limits_of_the_car_are_kept_and_the_shortfall_shows():
    needs = msgspec.structs.replace(NEEDS, max_discharge_power_w=5_000.0, max_charge_power_w=6_000.0)
    _, house = evening(needs=needs)
    assert house.peak_w <= 6_000.0
    assert 9_800 < house.export_wh < 10_000
    assert 0.85 <= house.soc <= 0.88


def test_a_car_with_a_least_power_is_stopped_in_time():
    _, house = evening(needs=msgspec.structs.replace(NEEDS, min_discharge_power_w=1_500.0))
    assert house.export_wh == pytest.approx(15_000, abs=10)


@pytest.mark.parametrize("offline", [(2_000.0, 4_000.0), (20_000.0, 26_000.0), (30_000.0, 40_000.0)], ids=str)
def test_a_back_end_that_was_away_catches_up(offline):
    pair, house = evening(offline=(offline,))
    assert house.export_wh == pytest.approx(15_000, abs=5)
    assert 0.85 <= house.soc <= 0.88
    assert pair.view.seq_nos == set(range(len(pair.view.seq_nos)))


def test_a_back_end_gone_for_good_has_left_a_plan():
    """From the middle of the window on: the export stops with the window, and the night's plan charges the car."""
    pair = Pair(Evening(plan()))
    house = pair.meter = House(pair.station)
    pair.connect().plug_in()
    pair.run_until(3_600.0).disconnect().run_until(DEPARTURE_S)
    house.advance(DEPARTURE_S)
    assert house.export_wh == pytest.approx(15_000, rel=0.06)
    assert 0.85 <= house.soc <= 0.90


def test_an_early_bird_waits_for_the_window():
    later = plan(window_start_s=UNIX + 1800.0, window_end_s=UNIX + 1800.0 + WINDOW_S)
    pair, house = evening(until=1800.0, the_plan=later)
    assert house.export_wh == 0.0
    pair.run_until(1800.0 + WINDOW_S + 30.0)
    assert house.export_wh == pytest.approx(15_000, abs=5)


def test_a_late_car_and_one_that_only_charges_are_charged():
    for needs, arrival_s in ((NEEDS, WINDOW_S + 600.0),
                             (msgspec.structs.replace(NEEDS, requested_energy_transfer="DC"), 0.0)):  # fmt: skip
        _, house = evening(needs=needs, arrival_s=arrival_s)
        assert house.export_wh == 0.0
        assert 0.85 <= house.soc <= 0.88


def test_little_time_is_used_at_full_power():
    needs = msgspec.structs.replace(NEEDS, departure_unix_s=UNIX + WINDOW_S + 3 * 3600)
    _, house = evening(needs=needs, until=WINDOW_S + 3 * 3600)
    assert house.export_wh == pytest.approx(15_000, abs=5)
    assert house.peak_w == pytest.approx(11_000, abs=1)
    assert house.soc > 0.80


def test_in_scheduled_control_the_plan_says_it_all_at_the_start():
    needs = msgspec.structs.replace(NEEDS, control_mode="ScheduledControl")
    pair, house = evening(needs=needs)
    assert pair.calls("UpdateDynamicSchedule", "csms") == []
    assert len(pair.calls("SetChargingProfile", "csms")) == 1
    powers = [power_w for _, power_w in pair.station.schedule(1, 0.0, DEPARTURE_S)]
    assert powers[0] == -7_500.0
    assert house.export_wh == pytest.approx(15_000, rel=0.02)
    assert 0.85 <= house.soc <= 0.90


def test_a_changed_wish_changes_the_night():
    pair, _ = evening(until=8_000.0)
    before = len(pair.calls("SetChargingProfile", "csms"))
    pair.station.charging_needs(1, msgspec.structs.replace(NEEDS, departure_unix_s=UNIX + 30_000), 8_000.0)
    pair.exchange()
    (call,) = pair.calls("SetChargingProfile", "csms")[before:]
    last = call["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"][-1]
    assert last["startPeriod"] == pytest.approx(30_000 - 2_700 - 8_000, abs=2)


def test_the_end_of_a_session_is_forgotten():
    pair, _ = evening(until=600.0)
    pair.station.end_session(1, "Local", 600.0)
    pair.exchange()
    assert pair.controller._cars == {}


def test_it_decides_nothing_for_strangers_and_old_samples():
    controller = Evening(plan())
    view = TransactionView("CS-1", 1, "t")
    sample = Told(time_s=UNIX, import_wh=0, export_wh=0)
    assert controller.on_sample(view, sample, UNIX) == ()
    view.begin = view.last = sample
    decisions = controller.on_needs(view, NEEDS, UNIX)
    assert [type(d) for d in decisions] == [SetDynamic, SetProfile]
    assert controller.on_sample(view, sample, UNIX + 1_000) == ()
    late = Told(time_s=UNIX + 600, import_wh=0, export_wh=10)
    (update,) = controller.on_sample(view, late, UNIX + 600)
    assert isinstance(update, UpdateSetpoint)
    assert update.setpoint_w < decisions[0].setpoint_w


@pytest.mark.parametrize(
    "changes",
    [{"window_end_s": UNIX}, {"departure_s": UNIX}, {"export_wh": -1.0}, {"max_power_w": 0.0},
     {"target_soc_percent": 100}],
)  # fmt: skip
def test_an_impossible_plan_is_refused(changes):
    with pytest.raises(LocalError):
        plan(**changes)


@pytest.mark.parametrize("control_mode", ["ScheduledControl", "DynamicControl"])
@pytest.mark.parametrize(
    "wish",
    [
        {"departure_unix_s": 253_402_300_799.0},
        {"target_energy_wh": 1e9},
        {"max_charge_power_w": 1e-300, "max_discharge_power_w": 1e-300},
    ],
    ids=["year 9999", "a GWh", "no power"],
)
def test_absurd_wishes_make_no_absurd_plan(wish, control_mode):
    plan = EveningPlan(window_start_s=UNIX, window_end_s=UNIX + 7_200, departure_s=UNIX + 46_800)
    needs = msgspec.structs.replace(NEEDS, control_mode=control_mode, **wish)
    pair = Pair(Evening(plan)).connect().plug_in(needs)
    pair.run_until(600.0)
    assert not pair.csms.refusals


@pytest.mark.parametrize("after_s", [0.0, 60.0])
def test_needs_told_again_at_the_end_of_the_window(after_s):
    plan = EveningPlan(window_start_s=UNIX, window_end_s=UNIX + 7_200, departure_s=UNIX + 46_800)
    needs = msgspec.structs.replace(NEEDS, control_mode="ScheduledControl")
    pair = Pair(Evening(plan)).connect().plug_in(needs)
    pair.run_until(7_200.0 + after_s)
    pair.station.charging_needs(1, msgspec.structs.replace(needs, target_energy_wh=100.0), pair.now)
    pair.exchange()
    assert not pair.csms.refusals
