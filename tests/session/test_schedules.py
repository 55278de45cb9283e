"""Schedules from offer to energy: both sides back to back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from iso15118.messages.iso20.common.power_delivery import PowerToleranceAcceptance
from iso15118.messages.iso20.types import Processing
from iso15118.session import actions as act
from iso15118.session.evcc.chooser import Choice, Situation, choose_by_cost
from iso15118.session.ports import EnergyNeeds, EnergyOffer, OfferedSchedule, VehicleLimits, Wish
from iso15118.session.services import ControlMode, Pricing, ServiceId
from tests.session.priced import HOUR_S, LEVELS, WHOLE, stack, tariff
from tests.session.world import EV, SECC, World

replace = msgspec.structs.replace


def stop(world: World) -> None:
    world.vehicle.driver_wish = Wish.STOP


def priced(
    *schedules: OfferedSchedule,
    pricing: Pricing = Pricing.ABSOLUTE,
    mode: ControlMode = ControlMode.SCHEDULED,
    **options: Any,
) -> World:
    """A world whose station offers schedules with prices."""
    secc = {"pricings": (pricing,)} | options.pop("secc", {})
    world = World(mode=mode, secc=secc, **options)
    world.charger.schedule = schedules
    return world


def minutes(*powers_w: float, schedule_tuple_id: int = 1, **changes: Any) -> OfferedSchedule:
    entries = tuple((60.0, power) for power in powers_w)
    return OfferedSchedule(schedule_tuple_id=schedule_tuple_id, start_s=0.0, entries=entries, **changes)


def by_minutes(*fees: float, **changes: Any) -> Any:
    return tariff(*(stack(1 / 60, fee) for fee in fees), **changes)


def need(target_wh: float, departure_s: float = 240.0, **changes: Any) -> EnergyNeeds:
    values: dict[str, Any] = {"departure_s": departure_s, "target_energy_wh": target_wh, "maximum_energy_wh": 20_000.0}
    return EnergyNeeds(**values | changes)


@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
def test_the_car_takes_the_cheapest_and_gets_what_it_needs_at_the_right_time(service: ServiceId) -> None:
    dear = minutes(6_000.0, 6_000.0, 6_000.0, 6_000.0, charging_prices=by_minutes(0.4, 0.4, 0.4, 0.4))
    cheap = minutes(
        6_000.0, 6_000.0, 6_000.0, 6_000.0, schedule_tuple_id=2, charging_prices=by_minutes(0.9, 0.1, 0.9, 0.2)
    )
    world = priced(dear, cheap, needs=need(150.0), service=service)
    world.at(260.0, lambda: stop(world)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    (chosen,) = world.events(act.ScheduleChosen)
    assert chosen.item == act.ScheduleChosen(
        schedule_tuple_id=2,
        entries=((60.0, 0.0), (60.0, 6_000.0), (60.0, 0.0), (30.0, 6_000.0), (30.0, 0.0)),
        covers_need=True,
        cost=pytest.approx(0.1 * 0.1 + 0.05 * 0.2),
    )
    (accepted,) = world.events(act.PowerProfileChosen)
    assert accepted.item == act.PowerProfileChosen(2, chosen.item.entries)
    imported, exported = world.registers()
    assert (imported, exported) == (pytest.approx(150, abs=2), 0)
    (told,) = world.events(act.SchedulesTold)
    assert [each.schedule_tuple_id for each in told.item.schedules] == [1, 2]


def test_the_car_sells_what_it_can_spare_and_buys_it_back() -> None:
    corridor = minutes(
        6_000.0,
        6_000.0,
        6_000.0,
        discharge_entries=((180.0, -6_000.0),),
        charging_prices=by_minutes(0.5, 0.5, 0.1),
        discharging_prices=by_minutes(0.2, 0.4, 0.2),
    )
    world = priced(corridor, needs=need(0.0, minimum_energy_wh=-10_000.0))
    world.at(200.0, lambda: stop(world)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    imported, exported = world.registers()
    assert (imported, exported) == (pytest.approx(100, abs=2), pytest.approx(100, abs=2))
    (chosen,) = world.events(act.ScheduleChosen)
    assert chosen.item.cost == pytest.approx(0.1 * 0.1 - 0.1 * 0.4)


def test_an_ac_corridor_lets_the_car_charge_while_it_might_discharge() -> None:
    """What the station tells as target follows the profile, not the discharging half of the schedule."""
    corridor = minutes(
        6_000.0,
        6_000.0,
        discharge_entries=((120.0, -6_000.0),),
        charging_prices=by_minutes(0.5, 0.1),
        discharging_prices=by_minutes(0.05, 0.05),
    )
    world = priced(corridor, needs=need(100.0), service=ServiceId.AC_BPT)
    world.at(130.0, lambda: stop(world)).start().run().check_end()
    assert world.registers() == (pytest.approx(100, abs=2), 0)


def test_levels_and_no_prices_go_the_same_way() -> None:
    levels = replace(LEVELS, entries=((60.0, 2), (60.0, 0)))
    world = priced(minutes(6_000.0, 6_000.0, charging_prices=levels), pricing=Pricing.PRICE_LEVELS, needs=need(50.0))
    world.at(130.0, lambda: stop(world)).start().run().check_end()
    (chosen,) = world.events(act.ScheduleChosen)
    assert chosen.item.entries == ((60.0, 0.0), (30.0, 6_000.0), (30.0, 0.0))
    assert chosen.item.cost is None
    plain = World(mode=ControlMode.SCHEDULED)
    plain.charger.schedule = (minutes(6_000.0, charging_prices=WHOLE),)  # Pricing says none: none is sent
    plain.at(70.0, lambda: stop(plain)).start().run().check_end()
    (told,) = plain.events(act.SchedulesTold)
    assert told.item.schedules[0].charging_prices is None
    assert plain.error(EV) is None


@pytest.mark.parametrize("pricing", list(Pricing))
def test_prices_in_dynamic_control_are_told_to_the_driver(pricing: Pricing) -> None:
    world = priced(pricing=pricing, mode=ControlMode.DYNAMIC)
    world.charger.energy_prices = LEVELS if pricing is Pricing.PRICE_LEVELS else WHOLE
    world.at(5.0, lambda: stop(world)).start().run().check_end()
    told = [event.item.dynamic_prices for event in world.events(act.SchedulesTold)]
    assert told == ([] if pricing is Pricing.NONE else [world.charger.energy_prices])
    assert world.error(EV) is world.error(SECC) is None


def test_a_chooser_of_ones_own() -> None:
    def last(situation: Situation) -> Choice:
        return choose_by_cost(replace(situation, schedules=situation.schedules[-1:]))

    world = priced(minutes(6_000.0), minutes(1_000.0, schedule_tuple_id=2), evcc={"chooser": last})
    world.at(20.0, lambda: stop(world)).start().run().check_end()
    (accepted,) = world.events(act.PowerProfileChosen)
    assert accepted.item.schedule_tuple_id == 2


def test_a_car_that_finds_nothing_leaves() -> None:
    world = priced(minutes(6_000.0), evcc={"chooser": lambda situation: None})
    world.start().run().check_end()
    assert world.names(EV)[-2:] == ["ScheduleExchangeReq", "SessionStopReq"]
    assert world.error(EV) is world.error(SECC) is None


@pytest.mark.parametrize("tolerance_w", [None, 500.0])
@pytest.mark.parametrize("confirm", [False, True])
def test_the_car_answers_a_tolerance_that_was_told(tolerance_w: float | None, confirm: bool) -> None:
    def chooser(situation: Situation) -> Choice:
        return replace(choose_by_cost(situation), confirm_tolerance=confirm)

    world = priced(minutes(6_000.0, power_tolerance_w=tolerance_w), evcc={"chooser": chooser})
    world.at(20.0, lambda: stop(world)).start().run().check_end()
    said = world.messages("PowerDeliveryReq")[
        0
    ].ev_power_profile.scheduled_ev_ppt_control_mode.power_tolerance_acceptance
    literals = {False: "PowerToleranceNotConfirmed", True: "PowerToleranceConfirmed"}
    assert said is (None if tolerance_w is None else PowerToleranceAcceptance(literals[confirm]))
    code = world.messages("PowerDeliveryRes")[0].response_code.value
    expected = {False: "WARNING_PowerToleranceNotConfirmed", True: "OK_PowerToleranceConfirmed"}
    assert code == ("OK" if tolerance_w is None else expected[confirm])
    assert world.error(EV) is world.error(SECC) is None


def test_a_car_whose_limits_rise_again_keeps_to_what_it_announced() -> None:
    """They fall between the choice of a schedule and PowerDelivery, which is when the profile is announced."""
    world = priced(minutes(6_000.0, 6_000.0))

    def limited(power_w: float) -> None:
        world.vehicle.vehicle_limits = VehicleLimits(max_charge_power_w=power_w)

    world.when("DC_CableCheckReq", lambda: limited(2_000.0)).when("PowerDeliveryRes", lambda: limited(11_000.0))
    world.at(60.0, lambda: stop(world)).start().run().check_end()
    assert world.error(SECC) is None
    (accepted,) = world.events(act.PowerProfileChosen)
    assert {power for _, power in accepted.item.entries} == {2_000.0}
    assert {r.response_code.value for r in world.messages("DC_ChargeLoopRes")} == {"OK"}
    assert max(e.current_a for e in world.events(act.LoopSeen, SECC)) == 5.0


def test_needs_are_told_again_when_they_change_while_the_back_end_thinks() -> None:
    world = priced(minutes(6_000.0))
    world.charger.schedule_ready = False
    world.at(10.0, lambda: setattr(world.vehicle, "energy_needs", need(777.0)))
    world.at(20.0, lambda: setattr(world.charger, "schedule_ready", True))
    world.at(40.0, lambda: stop(world)).start().run().check_end()
    told = [event.item.needs.target_energy_wh for event in world.events(act.NeedsTold)]
    assert told == [5_000.0, 777.0]
    answers = [r.evse_processing for r in world.messages("ScheduleExchangeRes")]
    assert len(answers) > 30
    assert answers[:-1] == [Processing.Ongoing] * (len(answers) - 1)
    assert not any(
        answer.scheduled_se_res_control_mode.schedule_tuple[0].charging_schedule.absolute_price_schedule
        for answer in world.messages("ScheduleExchangeRes")[:-1]
    )
    (chosen,) = world.events(act.ScheduleChosen)
    assert chosen.now >= 20.0


def test_a_schedule_of_the_past_moves_nothing() -> None:
    old = OfferedSchedule(start_s=-2 * HOUR_S, entries=((HOUR_S, 6_000.0),), charging_prices=tariff(stack(1.0, 0.1)))
    world = priced(old)
    world.at(10.0, lambda: stop(world)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert world.registers() == (0, 0)
    (chosen,) = world.events(act.ScheduleChosen)
    assert not chosen.item.covers_need


# --- energy offers ---

OFFER = EnergyOffer(
    start_s=60.0, entries=((1_800.0, -10_000.0), (600.0, 3_700.0)), stacks=(stack(1.0, 0.32),), price_start_s=0.0
)


@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC_BPT])
def test_an_energy_offer_with_negative_power_reaches_whoever_makes_the_schedule(service: ServiceId) -> None:
    """SE-06."""
    asked: list[Any] = []
    world = World(mode=ControlMode.SCHEDULED, service=service)
    world.vehicle.energy_to_offer = OFFER
    schedules = world.charger.schedules
    world.charger.schedules = lambda needs, now: asked.append(needs) or schedules(needs, now)  # type: ignore[method-assign,func-returns-value]
    world.at(20.0, lambda: stop(world)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    (told,) = world.events(act.NeedsTold)
    assert told.item.needs.energy_offer == OFFER
    assert asked == [told.item.needs]


@pytest.mark.parametrize(
    ("mode", "service"), [(ControlMode.DYNAMIC, ServiceId.DC_BPT), (ControlMode.SCHEDULED, ServiceId.DC)]
)
def test_nothing_is_offered_where_it_has_no_place(mode: ControlMode, service: ServiceId) -> None:
    world = World(mode=mode, service=service)
    world.vehicle.energy_to_offer = OFFER
    world.at(20.0, lambda: stop(world)).start().run().check_end()
    (told,) = world.events(act.NeedsTold)
    assert told.item.needs.energy_offer is None


def test_a_new_offer_is_told_again_while_the_back_end_thinks() -> None:
    world = World(mode=ControlMode.SCHEDULED)
    world.charger.schedule_ready = False
    world.vehicle.energy_to_offer = OFFER
    other = replace(OFFER, stacks=(stack(1.0, 0.25),))
    world.at(10.0, lambda: setattr(world.vehicle, "energy_to_offer", other))
    world.at(20.0, lambda: setattr(world.charger, "schedule_ready", True))
    world.at(30.0, lambda: stop(world)).start().run().check_end()
    assert [event.item.needs.energy_offer for event in world.events(act.NeedsTold)] == [OFFER, other]
