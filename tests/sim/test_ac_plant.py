"""AC: what the grid gives, the battery gets, less losses that were counted where they arose; line by line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso15118.errors import LocalError
from sim.ac_car import AcCar, OnBoardConfig
from sim.ac_outlet import AcOutlet, AcOutletConfig
from sim.ac_plant import AcPlant
from sim.battery import BatteryConfig


def live_plant(
    soc: float = 0.6, *, charger: OnBoardConfig | None = None, battery: BatteryConfig | None = None
) -> AcPlant:
    """At 1 s, contactor and relay closed."""
    plant = AcPlant(AcOutlet(), AcCar(battery, charger, soc=soc))
    plant.outlet.close()
    plant.car.close()
    plant.advance(1.0)
    return plant


def assert_balanced(plant: AcPlant) -> None:
    assert abs(plant.books().gap_wh) < 1e-6


@pytest.mark.parametrize("power_w", [3_000.0, -3_000.0])
def test_power_of_three_lines_reaches_the_battery_less_the_chargers_losses(power_w: float) -> None:
    plant = live_plant()
    plant.car.set_power((power_w / 3,) * 3)
    plant.advance(3_601.0)
    books = plant.books()
    moved = books.imported_wh if power_w > 0 else books.exported_wh
    assert moved == pytest.approx(3_000.0, abs=2.0)
    loss = 0.06 * moved if power_w > 0 else moved * (1 / 0.94 - 1)
    assert books.converter_loss_wh == pytest.approx(loss, rel=1e-6)
    assert books.battery_loss_wh > 0
    assert_balanced(plant)
    assert plant.violations == []


def test_lines_of_different_power_are_metered_each_for_itself() -> None:
    plant = live_plant()
    plant.car.set_power((2_000.0, 500.0, 0.0))
    plant.advance(3_601.0)
    meters = plant.outlet.line_meters
    assert [meter.imported_wh for meter in meters] == pytest.approx([2_000.0, 500.0, 0.0], abs=2.0)
    assert sum(meter.imported_wh for meter in meters) == pytest.approx(plant.outlet.meter.imported_wh, abs=1e-6)
    assert plant.outlet.reading.power_w == pytest.approx((2_000.0, 500.0, 0.0), abs=1.0)
    assert plant.outlet.current_a == pytest.approx(2_000.0 / 230.0, abs=0.01)


def test_a_charger_ramps_and_stops_faster() -> None:
    plant = live_plant()
    plant.car.set_power((3_680.0,) * 3)
    plant.advance(1.5)
    assert 3_000.0 < plant.outlet.ac_power_w < 5_000.0
    plant.advance(5.0)
    assert plant.outlet.ac_power_w == pytest.approx(11_040.0, abs=5.0)
    plant.car.off()
    plant.advance(5.2)
    assert plant.outlet.ac_power_w == 0.0


def test_reactive_power_finds_room_beside_active_power() -> None:
    plant = live_plant()
    plant.car.set_power((3_000.0, 1_000.0, 1_000.0), (5_000.0, -1_000.0))
    plant.advance(10.0)
    assert plant.outlet.reading.reactive_var == pytest.approx(
        ((4_000.0**2 - 3_000.0**2) ** 0.5, -1_000.0, 0.0), abs=2.0
    )


def test_limits_are_those_of_charger_and_battery() -> None:
    assert live_plant().car.limits().max_charge_power_w == (3_680.0,) * 3
    small = live_plant(battery=BatteryConfig(max_discharge_power_w=3_000.0)).car.limits()
    assert sum(small.max_discharge_power_w) == pytest.approx(3_000.0 * 0.94, abs=1.0)
    assert sum(live_plant(0.0).car.limits().max_discharge_power_w) == 0.0


def test_a_battery_that_is_full_takes_no_more() -> None:
    plant = live_plant(0.999)
    plant.car.set_power((3_680.0,) * 3)
    plant.advance(3_600.0)
    assert plant.car.battery.soc == pytest.approx(1.0, abs=1e-6)
    assert plant.outlet.ac_power_w == 0.0
    assert_balanced(plant)


def test_a_contactor_that_opens_under_current_is_recorded_and_ends_it() -> None:
    plant = live_plant()
    plant.car.set_power((-3_000.0,) * 3)
    plant.advance(10.0)
    plant.outlet.open()
    plant.advance(11.0)
    assert [violation.what for violation in plant.violations] == ["station's contactor opened under -13.0 A"]
    assert plant.outlet.ac_power_w == plant.car.current_a == 0.0
    assert_balanced(plant)


def test_the_connector_can_be_torn_out() -> None:
    plant = live_plant()
    plant.car.set_power((3_000.0,) * 3)
    plant.advance(10.0)
    plant.unplug()
    plant.advance(20.0)
    assert "connector pulled under 13.0 A" in plant.violations[0].what
    assert plant.outlet.ac_power_w == 0.0
    assert_balanced(plant)


def test_an_island_is_noticed_and_power_ends_until_the_grid_is_back() -> None:
    plant = live_plant(charger=OnBoardConfig(island_trip_s=0.5))
    plant.car.set_power((-3_000.0,) * 3)
    plant.advance(10.0)
    plant.lose_grid()
    plant.advance(10.4)
    assert plant.outlet.ac_power_w == pytest.approx(-9_000.0, abs=5.0)
    plant.advance(10.8)
    assert plant.outlet.ac_power_w == 0.0
    plant.car.set_power((-3_000.0,) * 3)
    plant.advance(20.0)
    assert plant.outlet.ac_power_w == 0.0, "off until the grid is back"
    plant.restore_grid()
    plant.advance(30.0)
    assert plant.outlet.ac_power_w == pytest.approx(-9_000.0, abs=5.0)
    assert_balanced(plant)


def test_both_ends_tell_that_the_grid_is_gone_once_they_have_noticed() -> None:
    plant = live_plant(charger=OnBoardConfig(island_trip_s=0.5))
    plant.lose_grid()
    seen = []
    for after_s in (0.4, 0.6, 1.1):
        plant.advance(plant.outlet.grid_lost_s + after_s)  # type: ignore[operator]
        seen.append((plant.car.reading().islanded, plant.outlet.islanded))
    assert seen == [(False, False), (True, False), (True, True)]
    plant.restore_grid()
    assert not plant.car.reading().islanded
    assert not plant.outlet.islanded


def test_an_inverter_that_forms_a_grid_goes_on() -> None:
    plant = live_plant()
    plant.car.forms_grid = True
    plant.car.set_power((-3_000.0,) * 3)
    plant.lose_grid()
    plant.advance(30.0)
    assert plant.outlet.ac_power_w == pytest.approx(-9_000.0, abs=5.0)
    assert plant.car.reading().islanded, "it knows"
    assert_balanced(plant)


def test_a_line_beyond_its_rating_is_a_violation() -> None:
    plant = AcPlant(AcOutlet(AcOutletConfig(max_current_a=10.0)), AcCar(soc=0.5))
    plant.outlet.close()
    plant.car.close()
    plant.advance(1.0)
    plant.car.set_power((3_000.0,) * 3)
    plant.advance(20.0)
    assert "rated 10 A" in plant.violations[0].what


@pytest.mark.parametrize("power_w", [(1_000.0, -1_000.0, 0.0), (1.0, 1.0, 1.0, 1.0)])
def test_what_one_battery_cant_do_is_refused(power_w: tuple[float, ...]) -> None:
    with pytest.raises(LocalError):
        live_plant().car.set_power(power_w)


@pytest.mark.parametrize("change", [{"lines": 2}, {"max_charge_power_w": 0.0}])
def test_a_charger_must_be_possible(change: dict[str, float]) -> None:
    with pytest.raises(LocalError):
        OnBoardConfig(**change)  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"lines": 2}, {"nominal_voltage_v": 0.0}])
def test_an_outlet_must_be_possible(change: dict[str, float]) -> None:
    with pytest.raises(LocalError):
        AcOutletConfig(**change)  # type: ignore[arg-type]


commands = st.tuples(
    st.sampled_from(["power", "off", "open car", "close car", "open outlet", "close outlet", "lose", "restore"]),
    st.floats(-15_000.0, 15_000.0),
    st.floats(0.01, 900.0),
)


@settings(max_examples=60, deadline=None)
@given(soc=st.floats(0.0, 1.0), script=st.lists(commands, max_size=12))
def test_energy_is_conserved_whatever_happens(soc: float, script: list[tuple[str, float, float]]) -> None:
    plant = live_plant(soc)
    for kind, value, seconds in script:
        match kind:
            case "power":
                plant.car.set_power((value / 2, value / 4, value / 4))
            case "off":
                plant.car.off()
            case "open car":
                plant.car.open()
            case "close car":
                plant.car.close()
            case "open outlet":
                plant.outlet.open()
            case "close outlet":
                plant.outlet.close()
            case "lose":
                plant.lose_grid()
            case _:
                plant.restore_grid()
        plant.advance(plant.now_s + seconds)
    assert abs(plant.books().gap_wh) < 1e-6
    assert 0.0 <= plant.car.battery.soc <= 1.0
    meters = plant.outlet.line_meters
    assert sum(m.imported_wh for m in meters) == pytest.approx(plant.outlet.meter.imported_wh, abs=1e-6)
    assert sum(m.exported_wh for m in meters) == pytest.approx(plant.outlet.meter.exported_wh, abs=1e-6)


def test_the_pattern_of_steps_does_not_matter() -> None:
    once, often = live_plant(), live_plant()
    for plant, step in ((once, 300.0), (often, 0.7)):
        plant.car.set_power((-2_000.0,) * 3)
        while plant.now_s < 301.0:
            plant.advance(min(plant.now_s + step, 301.0))
    assert once.books().exported_wh == pytest.approx(often.books().exported_wh, abs=0.05)
