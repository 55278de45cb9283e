import msgspec
import pytest

from sim.control import Told
from sim.learning import SocLearner
from tests.ocpp.pair import NEEDS


def test_what_a_per_cent_takes_is_learned_where_it_changes():
    learner = SocLearner()
    assert learner.to_import_wh(86, 0.93) is None
    for n in range(200):
        percent = int(30 + n * 50 / 630)
        learner.learn(Told(time_s=n, import_wh=n * 50, export_wh=0, soc_percent=percent), discharging=False)
    assert learner.wh_per_percent(charging=True) == pytest.approx(630, rel=0.02)
    assert learner.wh_per_percent(charging=False) is None
    assert learner.to_import_wh(86, 0.93) == pytest.approx((86 - 30) * 630 - 199 * 50, abs=600)
    assert learner.to_import_wh(40, 0.93) == 0.0


def test_without_a_hint_the_battery_has_a_usual_size():
    assert SocLearner.capacity_wh(NEEDS, 85) == pytest.approx(60_000)
    assert SocLearner.capacity_wh(msgspec.structs.replace(NEEDS, maximum_energy_wh=None), 85) == 60_000
    assert SocLearner.capacity_wh(msgspec.structs.replace(NEEDS, maximum_energy_wh=1.0), 85) == 60_000


def test_what_discharging_gave_tells_what_charging_will_take():
    learner = SocLearner()
    for n in range(200):
        learner.learn(
            Told(time_s=n, import_wh=0, export_wh=n * 50, soc_percent=int(60 - n * 50 / 570)), discharging=True
        )
    assert learner.wh_per_percent(charging=False) == pytest.approx(570, rel=0.03)
    per_percent = learner.to_import_wh(86, 0.93) / (86 - (60 - 199 * 50 / 570))
    assert per_percent == pytest.approx(570 / 0.93**2, rel=0.05)


def test_a_car_that_tells_no_charge_teaches_nothing():
    learner = SocLearner()
    learner.learn(Told(time_s=0, import_wh=0, export_wh=0), discharging=False)
    assert learner.percent is None
    assert learner.to_import_wh(86, 0.93) is None
