"""What events and faults do to a world, and what the verdict makes of it; the shipped files are the rest of the proof."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iso15118.errors import LocalError
from iso15118.session.ports import Wish
from sim import events as ev
from sim.ac_plant import AcPlant
from sim.play import Play
from sim.scenario_file import SHIPPED, ScenarioFile, load
from sim.verdict import Outcome, judge, play_file

SHORT = {"departure_s": 100.0, "back_end.set_point_w": -5_000.0}


def file(name: str = "dc_bpt-dynamic-normal", **sets: Any) -> ScenarioFile:
    expect = {"expect.exported_wh": 0.0, "expect.tolerance_wh": 1e6}
    return load(SHIPPED / f"{name}.toml", sets={**SHORT, **expect, **sets})


def played(name: str = "dc_bpt-dynamic-normal", **sets: Any) -> Outcome:
    return play_file(file(name, **sets))


def missed(outcome: Outcome) -> list[str]:
    return [check.what for check in outcome.checks if not check.ok]


def test_a_set_point_may_change_on_the_way() -> None:
    outcome = played(event=[{"do": "set_point", "at_s": 40, "power_w": 4_000}])
    assert outcome.ok, outcome.failures()
    assert outcome.result.exported_wh > 30
    assert outcome.result.imported_wh > 20


def test_a_schedule_of_the_back_end_is_followed_in_both_control_modes() -> None:
    schedule = [{"at_s": 0, "power_w": -5_000}, {"at_s": 40, "power_w": 4_000}]
    for control in ("DYNAMIC", "SCHEDULED"):
        outcome = played(**{"back_end.schedule": schedule, "car.control": [control]})
        assert outcome.ok, outcome.failures()
        assert outcome.result.exported_wh > 30
        assert outcome.result.imported_wh > 20


def test_a_station_with_another_schedule_has_it_renegotiated() -> None:
    sets = {"car.control": ["SCHEDULED"], "expect.entered": {"ScheduleRenegotiation": 1}}
    outcome = played(event=[{"do": "renegotiate_schedule", "by": "station", "at_s": 50}], **sets)
    assert outcome.ok, outcome.failures()


def test_a_limit_on_site_holds() -> None:
    outcome = played(event=[{"do": "limit_power", "at_s": 0, "discharge_w": 1_000}])
    assert outcome.ok, outcome.failures()
    assert 10 < outcome.result.exported_wh < 22


def test_what_the_back_end_allows_counts_for_cards_from_then_on() -> None:
    both = {"car.services": ["DC_BPT", "DC"], "station.services": ["DC_BPT", "DC"], "expect.service": "DC"}
    outcome = played(event=[{"do": "allow", "at_s": 0, "modes": ["DC"]}], **both)
    assert outcome.ok, outcome.failures()
    assert outcome.result.exported_wh == 0


def test_a_driver_who_wants_less_battery_used_is_heard() -> None:
    outcome = played(event=[{"do": "wish", "at_s": 50, "minimum_soc": 0.6, "target_soc": 0.9, "departure_s": 500}])
    assert outcome.ok, outcome.failures()
    assert 10 < outcome.result.exported_wh < 65


def test_the_station_offers_what_a_peer_profile_needs() -> None:
    play = Play(file(**{"station.peer": "josev", "car.options.complete_power_profile": False, "car.peer": "josev"}))
    assert play.world.scenario.secc.uniform_price_level
    assert play.world.limits.overrides["EVCC_PRE_CHARGE"] == 60.0


def test_the_trace_is_the_same_for_the_same_seed_and_differs_for_another() -> None:
    def traced(seed: int) -> list[str]:
        lines: list[str] = []
        faults = [{"kind": "corrupt", "message": "DC_ChargeLoopReq", "nth": 5}]
        play_file(file(seed=seed, fault=faults), trace=lines.append)
        return lines

    assert traced(1) == traced(1) != traced(2)


@pytest.mark.parametrize(
    ("happening", "error"),
    [
        ({"event": [{"do": "stop", "by": "car", "at_s": 101}]}, "after the departure at 100 s"),
        ({"event": [{"do": "standby", "at_s": 50, "for_s": 8}]}, "for_s must be above 8"),
        ({"event": [{"do": "standby", "at_s": 50, "for_s": 51}]}, "lasts beyond the departure at 100 s"),
        ({"fault": [{"kind": "island", "at_s": 1}]}, "DC station is not part of an island"),
        ({"event": [{"do": "stop", "at_s": 0, "by": "back_end"}]}, "at 0 s there is no transaction"),
        ({"event": [{"do": "resume", "at_s": 50}]}, "a session still runs"),
        ({"event": [{"do": "renegotiate_schedule", "at_s": 50, "by": "back_end"}]}, "by the back end it needs power_w"),
        ({"event": [{"do": "renegotiate_service", "at_s": 50, "by": "back_end"}]}, "by the back_end it needs allow"),
        ({"event": [{"do": "renegotiate_service", "at_s": 50, "by": "car"}]}, "by the car it needs services"),
        (
            {"event": [{"do": "renegotiate_service", "at_s": 50, "by": "car", "services": ["DC"]}]},
            "station.options.service_renegotiation is off",
        ),
    ],
)
def test_what_means_nothing_is_refused(happening: dict[str, Any], error: str) -> None:
    with pytest.raises(LocalError, match=error):
        played(**happening)


def test_an_ac_outlet_has_no_check_of_the_cable_and_an_island_an_order() -> None:
    with pytest.raises(LocalError, match=r"fault\[0\] \(isolation_fault\): AC has no check"):
        Play(file("ac_bpt-dynamic-normal", fault=[{"kind": "isolation_fault"}]))
    with pytest.raises(LocalError, match="back_s must be after at_s"):
        Play(file("ac_bpt-dynamic-normal", fault=[{"kind": "island", "at_s": 9, "back_s": 8}]))


def test_a_word_that_sessions_can_not_do_yet_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    table: dict[type, Callable[[Play, Any], None]] = {}
    monkeypatch.setattr("sim.play.EVENTS", table)
    with pytest.raises(LocalError, match=r"event\[0\] \(stop\): sessions can't do this yet"):
        Play(file(event=[{"do": "stop", "by": "car", "at_s": 3}]))
    assert ev.Stop not in table


# --- standby ---

STANDBY = {"do": "standby", "at_s": 40, "for_s": 30}


def standing_by(name: str, **sets: Any) -> Play:
    return Play(file(name, event=[STANDBY], **sets))


def test_a_station_that_refuses_standby_is_told() -> None:
    play = standing_by("dc_bpt-dynamic-normal")
    play.world.outlet.standby = False
    outcome = judge(play, play.run())
    assert outcome.end == "completed"
    assert (
        "standby 1 is agreed and without power: the car does not rest, the station does not rest"
        in (outcome.failures()[-1])
    )


def test_power_in_standby_is_told() -> None:
    play = standing_by("ac_bpt-dynamic-normal")
    plant = play.world.plant
    assert isinstance(plant, AcPlant)
    play.world.run_until(60.0)
    assert plant.outlet.ac_power_w == 0.0
    plant.car.set_power((1_000.0,) * 3)
    play.world.run_until(65.0)
    plant.car.off()
    assert any("Wh flow" in failure for failure in judge(play, play.run()).failures())


def test_a_standby_that_the_session_does_not_live_to_see_is_told() -> None:
    stop = {"do": "stop", "by": "car", "at_s": 55}
    outcome = played(event=[STANDBY, stop])
    assert outcome.end == "completed"
    assert missed(outcome) == ["standby 1 is agreed and without power"]


def test_a_driver_who_wants_to_leave_is_not_held_by_the_end_of_his_standby() -> None:
    play = Play(file(event=[STANDBY, {"do": "stop", "by": "car", "at_s": 69}]))
    play.world.run_until(75.0)
    assert play.world.car.driver_wish is Wish.STOP


# --- the verdict: every expectation can be missed ---


@pytest.mark.parametrize(
    ("sets", "what"),
    [
        ({"expect.end": "failed"}, "the session is failed"),
        ({"expect.car_error": "x"}, "the car says 'x'"),
        ({"expect.service": "DC"}, "the service is DC"),
        ({"expect.exported_wh": 1, "expect.tolerance_wh": 2}, "exported 1 Wh"),
        ({"expect.imported_wh": 9, "expect.tolerance_wh": 2}, "imported 9 Wh"),
        ({"expect.codes": ["FAILED"]}, "response codes FAILED"),
        ({"expect.entered": {"ScheduleExchange": 2}}, "ScheduleExchange is come to 2 times"),
        ({"expect.messages": ["MeteringConfirmationReq"]}, "MeteringConfirmationReq is seen"),
        ({"expect.violations": ["opened"]}, "physics objects to 'opened'"),
        ({"expect.off_within_s": 1}, "power is off within 1 s"),
        ({"expect.jump_wh": [0, 9]}, "the car is told what flowed"),
        ({"expect.stopped_reason": "Remote"}, "the back end is told Remote"),
        ({"fault": [{"kind": "meter_jump", "at_s": 40, "export_wh": -5}]}, "the back end is told what flowed"),
        ({"fault": [{"kind": "unplug", "at_s": 40}]}, "physics has nothing else to object to"),
        ({"fault": [{"kind": "contactor_stuck", "side": "car"}]}, "the session is completed"),
        (
            {"fault": [{"kind": "cut", "at_s": 40}], "expect.end": "failed", "expect.off_within_s": 0.1},
            "power is off within 0.1 s",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_expectation_that_is_not_met_is_told(sets: dict[str, Any], what: str) -> None:
    outcome = played(**sets)
    assert not outcome.ok
    assert any(each.startswith(what) for each in missed(outcome)), outcome.failures()


@pytest.mark.parametrize(
    ("name", "sets", "what"),
    [
        ("ac_bpt-scheduled-prices", {"expect.schedule": 1}, "schedule 1 is chosen: 2"),
        ("ac_bpt-scheduled-prices", {"expect.cost": 0.05}, "it costs 0.05: 0.045"),
        ("ac_bpt-scheduled-prices", {"expect.told_prices": "levels"}, "prices are told: levels: absolute"),
        ("ac_bpt-scheduled-prices", {"expect.value_added": [[65, 3]]}, "value-added services ((65, 3),) are selected: ()"),
        ("dc_bpt-dynamic-value_added", {"expect.value_added": [[65, 4]]}, "value-added services ((65, 4),) are"),
        ("dc_bpt-dynamic-value_added", {"expect.schedule": 1}, "schedule 1 is chosen: None"),
        ("dc_bpt-scheduled-energy_offer", {"car.control": ["DYNAMIC"]}, "the station is told what the car offers: None"),
        ("ac_bpt-dynamic-prices", {"car.options.pricings": ["NONE", "PRICE_LEVELS"],
                                   "station.options.pricings": ["NONE", "PRICE_LEVELS"],
                                   "station.options.emitter_profile": "FULL"}, "prices are told: levels: "),
    ],
)  # fmt: skip
def test_choices_that_are_not_made_are_told(name: str, sets: dict[str, Any], what: str) -> None:
    outcome = play_file(load(SHIPPED / f"{name}.toml", sets=sets))
    assert any(each.startswith(what) for each in outcome.failures()), outcome.failures()


def test_a_price_that_no_message_could_carry_is_refused_with_its_file() -> None:
    with pytest.raises(LocalError, match=r"dc_bpt-dynamic-normal.toml: .*PriceLevels.entries has 0 items"):
        file(**{"station.prices": {"kind": "levels", "number_of_levels": 1, "entries": []}})


def test_a_session_that_never_ends_is_unfinished() -> None:
    outcome = played(event=[{"do": "stop", "by": "car", "at_s": 99}], timers={"SECC_CLOSE": 500.0, "EVCC_MESSAGE": 500.0},
                     fault=[{"kind": "drop", "message": "SessionStopRes"}])  # fmt: skip
    assert outcome.end in {"unfinished", "failed"}
    assert not outcome.ok


def test_a_fault_that_hits_nothing_is_told() -> None:
    outcome = played(fault=[{"kind": "delay", "message": "DC_ChargLoopReq", "by_s": 0.1}])
    assert missed(outcome) == ["delay DC_ChargLoopReq hits something"]
    outcome = played(fault=[{"kind": "delay", "message": "SessionStopReq", "nth": 2, "by_s": 0.1}])
    assert missed(outcome) == ["delay SessionStopReq hits something"]
    assert played(fault=[{"kind": "delay", "message": "SessionStopReq", "by_s": 0.1}]).ok
    assert played(fault=[{"kind": "delay", "message": "No*", "chance": 0.5, "by_s": 0.1}]).ok


def test_power_that_comes_back_after_a_fault_is_told() -> None:
    sets = {"mode": "true", "expect.end": "failed", "expect.off_within_s": 2.5}
    play = Play(file("ac_bpt-dynamic-normal", fault=[{"kind": "cut", "at_s": 40}], **sets))
    play.world.run_until(50.0)
    assert play.off_in_time == ""
    plant = play.world.plant
    assert isinstance(plant, AcPlant)
    plant.car.close()
    plant.outlet.close()
    play.world.run_until(51.0)
    plant.car.set_power((1_000.0,) * 3)
    play.world.run_until(55.0)
    plant.car.off()
    play.world.run_until(57.0)
    plant.car.open()
    plant.outlet.open()
    assert "and stays off" in missed(judge(play, play.run()))


# --- any fault, any time ---


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("name", ["ac_bpt-dynamic-normal", "dc_bpt-scheduled-normal"])
def test_whatever_the_link_does_power_ends_and_no_contactor_opens_under_current(name: str, seed: int) -> None:
    kinds = ("drop", "delay", "duplicate", "corrupt")
    fault = {"kind": kinds[seed % 4], "chance": 0.02, "count": 1_000}
    if seed % 4 == 1:
        fault["by_s"] = 0.1 * (seed % 7 + 1)
    outcome = played(name, seed=seed, mode="true", fault=[fault], departure_s=60.0)
    # How far it came depends on the seed; what it may not do does not.
    far = ("the session is", "the service is", "response codes", "the back end is told S")
    missing = [each for each in missed(outcome) if not each.startswith(far)]
    assert missing == [], outcome.failures()
    assert outcome.end != "unfinished"


def test_every_layer_is_used(tmp_path: Path) -> None:
    used = {name for path in SHIPPED.glob("*.toml") for name in load(path).layers}
    assert {path.stem for path in (SHIPPED / "layers").glob("*.toml")} <= used
