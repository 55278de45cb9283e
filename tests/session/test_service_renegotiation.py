"""Service renegotiation, both sides back to back: another energy service in the same session."""

from __future__ import annotations

from typing import Any

import pytest

from iso15118.messages.iso20.common.session_stop import ChargingSession, SessionStopReq
from iso15118.messages.iso20.types import EVSENotification
from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.ports import Wish
from iso15118.session.services import BptChannel, ControlMode, ServiceId
from tests.session.world import EV, SECC, World, code_of

YES: dict[str, Any] = {"service_renegotiation": True}
DC_ONLY_THEN_BOTH: dict[str, Any] = {"services": (ServiceId.DC_BPT, ServiceId.DC)}
AC_ONLY_THEN_BOTH: dict[str, Any] = {"services": (ServiceId.AC_BPT, ServiceId.AC)}


def stop(world: World) -> None:
    world.vehicle.driver_wish = Wish.STOP


def offer(world: World, *services: int) -> None:
    world.charger.offered_services = services


def chosen(world: World, at: str = SECC) -> list[int]:
    return [e.item.service_id for e in world.events(act.ServiceChosen, at)]


@pytest.mark.parametrize("mode", list(ControlMode))
@pytest.mark.parametrize(("one", "both", "is_ac"), [(2, 6, False), (1, 5, True)])
def test_the_back_end_allows_discharging_while_the_car_charges(
    mode: ControlMode, one: int, both: int, is_ac: bool
) -> None:
    """PR-05, V2G20-1477: OK, the session stays open, back to ServiceDiscovery; id, authorization and meter base stay."""
    evcc: dict[str, Any] = AC_ONLY_THEN_BOTH if is_ac else DC_ONLY_THEN_BOTH
    world = World(mode=mode, service=ServiceId(both), secc=YES, evcc=evcc)
    offer(world, one)
    world.charger.setpoint_w = 6_000.0
    world.start().run(until_s=30.0)
    imported, _ = world.registers()
    assert imported > 15
    offer(world, one, both)
    world.charger.setpoint_w = -6_000.0
    world.poll()
    world.at(90.0, lambda: stop(world)).run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert chosen(world) == chosen(world, EV) == [one, both]
    assert [m.charging_session for m in world.messages("SessionStopReq")] == [
        ChargingSession.ServiceRenegotiation,
        ChargingSession.Terminate,
    ]
    names = world.names(EV)
    at = names.index("SessionStopReq")
    assert names[at + 1] == "ServiceDiscoveryReq"
    assert names.count("SessionSetupReq") == names.count("AuthorizationReq") == 1
    assert len({m.header.session_id for m in world.messages() if hasattr(m, "header")}) == 2  # zero, and one
    kind = "AC" if is_ac else "DC"
    told = [r.meter_info for r in world.messages(f"{kind}_ChargeLoopRes") if r.meter_info][-1]
    assert told.charged_energy_reading_wh >= imported  # of both parts
    _, exported = world.registers()
    assert exported > 50
    flows = [e.item.flowing for e in world.events(act.EnergyFlow, SECC)]
    assert flows == [True, False, True, False]


def test_the_notification_lasts_until_services_are_chosen_anew_and_no_longer() -> None:
    world = World(secc=YES, evcc=DC_ONLY_THEN_BOTH)
    offer(world, 2)
    world.at(20.0, lambda: offer(world, 2, 6)).at(60.0, lambda: stop(world)).start().run().check_end()
    notes = [r.evse_status.evse_notification for r in world.messages("DC_ChargeLoopRes") if r.evse_status]
    assert set(notes) == {EVSENotification.ServiceRenegotiation}
    last = max(i for i, r in enumerate(world.messages("DC_ChargeLoopRes")) if r.evse_status)
    assert last < len(world.messages("DC_ChargeLoopRes")) - 50


def test_a_service_that_may_not_be_used_any_more_is_left() -> None:
    world = World(secc=YES, evcc=DC_ONLY_THEN_BOTH)
    offer(world, 2, 6)
    world.at(20.0, lambda: offer(world, 2)).at(60.0, lambda: stop(world)).start().run().check_end()
    assert chosen(world) == [6, 2]


def test_another_order_or_nothing_at_all_is_no_new_offer() -> None:
    world = World(secc=YES, evcc=DC_ONLY_THEN_BOTH)
    offer(world, 2, 6)
    world.at(20.0, lambda: offer(world, 6, 2)).at(30.0, lambda: offer(world)).at(40.0, lambda: stop(world))
    world.start().run().check_end()
    assert chosen(world) == [6]
    assert not any(r.evse_status for r in world.messages("DC_ChargeLoopRes"))


def test_services_of_the_other_protocol_are_no_new_offer() -> None:
    world = World(secc=YES, evcc=DC_ONLY_THEN_BOTH)
    offer(world, 2)
    world.at(20.0, lambda: offer(world, 2, 5, 1)).at(40.0, lambda: stop(world)).start().run().check_end()
    assert chosen(world) == [2]


def test_a_station_that_does_not_support_it_does_not_ask_for_it() -> None:
    world = World(evcc=DC_ONLY_THEN_BOTH)
    offer(world, 2)
    world.at(20.0, lambda: offer(world, 2, 6)).at(40.0, lambda: stop(world)).start().run().check_end()
    assert chosen(world) == [2]
    assert not world.messages("ServiceDiscoveryRes")[0].service_renegotiation_supported


# --- the car's wish ---


def test_the_car_wants_another_service_of_those_on_offer() -> None:
    world = World(secc=YES, evcc={"services": (ServiceId.DC, ServiceId.DC_BPT)})
    world.charger.setpoint_w = -6_000.0
    world.at(20.0, lambda: setattr(world.vehicle, "services_wanted", (6, 2)))
    world.at(60.0, lambda: setattr(world.vehicle, "services_wanted", None))
    world.at(100.0, lambda: stop(world)).start().run().check_end()
    assert chosen(world) == chosen(world, EV) == [2, 6, 2]
    assert world.error(EV) is world.error(SECC) is None
    assert world.registers()[1] > 40


def test_the_car_does_not_ask_a_station_that_does_not_support_it() -> None:
    world = World(evcc={"services": (ServiceId.DC, ServiceId.DC_BPT)})
    world.at(20.0, lambda: setattr(world.vehicle, "services_wanted", (6, 2)))
    world.at(40.0, lambda: stop(world)).start().run().check_end()
    assert chosen(world) == [2]
    assert world.error(EV) is None


def test_a_service_without_a_usable_set_is_not_asked_for_again_and_again() -> None:
    """The station offers DC_BPT with a separated channel only, which this car can't use."""
    evcc = DC_ONLY_THEN_BOTH | {"bpt_channels": (BptChannel.UNIFIED,)}
    world = World(secc=YES | {"bpt_channels": (BptChannel.SEPARATED,)}, evcc=evcc)
    world.at(30.0, lambda: stop(world)).start().run().check_end()
    assert [m.service_id for m in world.messages("ServiceDetailReq")] == [6, 2]
    assert chosen(world) == [2]


def test_a_wish_to_stop_that_comes_meanwhile_wins() -> None:
    world = World(secc=YES, evcc=DC_ONLY_THEN_BOTH)
    offer(world, 2)
    world.at(20.0, lambda: offer(world, 2, 6)).when("DC_WeldingDetectionReq", lambda: stop(world))
    world.start().run().check_end()
    assert [m.charging_session for m in world.messages("SessionStopReq")] == [ChargingSession.Terminate]


@pytest.mark.parametrize("state", [State.SERVICE_DISCOVERY, State.SERVICE_SELECTION, State.DC_PRE_CHARGE])
def test_a_stop_counts_on_the_second_round_as_well(state: State) -> None:
    world = World(secc=YES, evcc=DC_ONLY_THEN_BOTH)
    offer(world, 2)
    world.at(20.0, lambda: offer(world, 2, 6)).start().run(until_s=21.0)
    world.run(until=lambda: world.evcc.state is State.SERVICE_DISCOVERY)
    world.run_to(EV, state)
    stop(world)
    world.run().check_end()
    assert world.error(EV) is world.error(SECC) is None


# --- at the station ---

AGREED = [
    State.DC_CHARGE_PARAMETER_DISCOVERY,
    State.SCHEDULE_EXCHANGE,
    State.DC_CABLE_CHECK,
    State.DC_PRE_CHARGE,
    State.DC_WELDING_DETECTION,
]


def asks(world: World) -> str:
    request = SessionStopReq(header=world.evcc.header(world.now), charging_session=ChargingSession.ServiceRenegotiation)
    (answer,) = [a.message for a in world.inject(SECC, request) if isinstance(a, act.Send)]
    return code_of(answer)


@pytest.mark.parametrize("state", AGREED)
def test_once_a_service_is_chosen_another_one_can_be(state: State) -> None:
    world = World(secc=YES).start()
    if state is State.DC_WELDING_DETECTION:
        world.at(5.0, lambda: stop(world))
    world.run_to(SECC, state)
    assert asks(world) == "OK"
    assert world.secc.state is State.SERVICE_DISCOVERY
    assert not world.charger.stage.contactor_closed
    assert world.stage.mode is act.StageMode.OFF
    assert world.secc.context.service_id == 0
    assert world.secc.context.register_base is not None
    world.freeze(EV)
    world.run()
    assert "SECC_SEQUENCE" in str(world.secc.error)  # and no other timer of the old service
    assert world.now > 59.0


@pytest.mark.parametrize("state", [State.AUTHORIZATION, State.SERVICE_SELECTION])
def test_before_that_it_can_not(state: State) -> None:
    world = World(secc=YES).start().run_to(SECC, state)
    assert asks(world) == "FAILED_NoServiceRenegotiationSupported"


@pytest.mark.parametrize("state", AGREED)
def test_not_supported(state: State) -> None:
    """PR-06."""
    world = World().start()
    if state is State.DC_WELDING_DETECTION:
        world.at(5.0, lambda: stop(world))
    world.run_to(SECC, state)
    assert asks(world) == "FAILED_NoServiceRenegotiationSupported"


def test_not_while_current_flows() -> None:
    world = World(secc=YES)
    world.charger.setpoint_w = 6_000.0
    world.at(5.0, lambda: stop(world)).start().run_to(SECC, State.DC_WELDING_DETECTION)
    world.current_stuck = True
    world.charger.stage = type(world.charger.stage)(current_a=5.0)
    assert asks(world) == "FAILED"


def test_limits_that_ran_out_in_the_first_round_are_fresh_in_the_second() -> None:
    world = World(secc=YES, evcc=DC_ONLY_THEN_BOTH)
    offer(world, 2)
    world.charger.schedule_ready = False
    world.at(70.0, lambda: offer(world, 2, 6)).start().run(until_s=70.0)
    assert world.secc.state is State.DC_CHARGE_LOOP  # by SECC_ONGOING_SCHEDULE_EXCHANGE
    world.run(until=lambda: world.secc.state is State.SERVICE_DISCOVERY)
    world.run_to(EV, State.SCHEDULE_EXCHANGE).run(until_s=world.now + 40.0)
    assert world.evcc.state is State.SCHEDULE_EXCHANGE  # Ongoing again
    stop(world)
    world.run().check_end()


def test_a_pause_after_a_renegotiation_keeps_the_new_service() -> None:
    world = World(secc=YES, evcc=DC_ONLY_THEN_BOTH)
    offer(world, 2)
    world.at(20.0, lambda: offer(world, 2, 6)).at(50.0, lambda: setattr(world.vehicle, "driver_wish", Wish.PAUSE))
    world.start().run().check_end()
    world.vehicle.driver_wish = Wish.ENERGY
    again = World(after=world, secc=YES, evcc=DC_ONLY_THEN_BOTH)
    again.at(again.now + 20.0, lambda: stop(again)).start().run().check_end()
    assert chosen(again) == [6]
    assert again.evcc.context.renegotiation_supported
