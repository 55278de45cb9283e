"""Response codes of the station, each caused by a real situation: a car that says something else than it should."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from iso15118.messages.app import AppProtocol, ResponseCode, SupportedAppProtocolReq
from iso15118.messages.iso20.common.authorization import Authorization, AuthorizationReq, EIM_AReqAuthorizationMode
from iso15118.messages.iso20.common.power_delivery import (
    ChargeProgress,
    EVPowerProfile,
    EVPowerProfileEntryList,
    Scheduled_EVPPTControlMode,
)
from iso15118.messages.iso20.common.schedule_exchange import PowerScheduleEntry, Scheduled_SEReqControlMode
from iso15118.messages.iso20.common.service import SelectedService, SelectedServiceList
from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.messages.iso20.types import Processing, RationalNumber
from iso15118.messages.model import Record
from iso15118.session import actions as act
from iso15118.session.app import Link
from iso15118.session.core import State
from iso15118.session.ports import IsolationState, OfferedSchedule, Wish
from iso15118.session.quantities import rational
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.timers import Limits
from tests.session.world import EV, SECC, World, code_of

replace = msgspec.structs.replace


def told(world: World, state: State, **changes: Any) -> str:
    """Play to ``state``, have the station receive the next request with some fields changed, and name its answer."""
    return heard(world, state, lambda request: replace(request, **changes))


def heard(world: World, state: State, change: Callable[[Any], Record]) -> str:
    if world.secc.state is State.SUPPORTED_APP_PROTOCOL:
        world.start()
    world.run_to(SECC, state)
    request = [m for m in world.messages() if type(m).__name__.endswith("Req")][-1]
    (answer,) = [a.message for a in world.inject(SECC, change(request)) if isinstance(a, act.Send)]
    return code_of(answer)


def mode_with(request: Any, **changes: Any) -> Record:
    """A parameter-discovery or loop request whose mode says something else."""
    name = "cl_req_control_mode" if hasattr(request, "cl_req_control_mode") else "dc_cpd_req_energy_transfer_mode"
    return replace(request, **{name: replace(getattr(request, name), **changes)})


def ends(world: World) -> None:
    """The session is over at the station, safely."""
    world.run().check_safe()
    assert world.secc.state is State.ENDED
    assert world.error(SECC)


# --- handshake ---


def offer(*entries: tuple[str, int, int, int]) -> SupportedAppProtocolReq:
    return SupportedAppProtocolReq(
        app_protocol=tuple(
            AppProtocol(
                protocol_namespace=namespace,
                version_number_major=major,
                version_number_minor=0,
                schema_id=schema_id,
                priority=priority,
            )
            for namespace, major, schema_id, priority in entries
        )
    )


DC_NAMESPACE = "urn:iso:std:iso:15118:-20:DC"


@pytest.mark.parametrize(
    "request_",
    [
        offer(),
        offer(("urn:iso:std:iso:15118:-20:AC", 1, 1, 1)),
        offer(("urn:din:70121:2012:MsgDef", 2, 0, 1)),
        offer((DC_NAMESPACE, 2, 1, 1)),
        offer(("urn:tesla:din:2018", 0, 0, 3), ("urn:din:70121:2012:MsgDef", 2, 1, 2)),
    ],
)
def test_handshake_without_a_common_protocol(request_: SupportedAppProtocolReq) -> None:
    world = World()
    world.inject(SECC, request_)
    (answer,) = world.messages()
    assert (answer.response_code, answer.schema_id) == (ResponseCode.Failed_NoNegotiation, None)
    ends(world)


@pytest.mark.parametrize("link", [Link.TCP, Link.TLS_1_2])
def test_handshake_on_a_link_that_may_not_carry_it(link: Link) -> None:
    world = World(secc={})
    world.secc.config = replace(world.secc.config, link=link)
    world.inject(SECC, offer((DC_NAMESPACE, 1, 1, 1)))
    assert world.last_code() == "Failed_NoNegotiation"
    ends(world)


def test_handshake_takes_the_highest_priority_it_serves() -> None:
    many = [(f"urn:example:{i}", 1, i, i) for i in range(1, 20)]
    world = World()
    world.inject(SECC, offer(*many[::-1], (DC_NAMESPACE, 1, 77, 20)))
    (answer,) = world.messages()
    assert (answer.response_code.value, answer.schema_id) == ("OK_SuccessfulNegotiation", 77)
    assert world.secc.state is State.SESSION_SETUP


# --- authorization and services ---


def test_authorization_by_a_way_that_was_not_offered_may_be_tried_again() -> None:
    world = World()
    code = told(
        world,
        State.AUTHORIZATION,
        selected_authorization_service=Authorization.PnC,
        eim_a_req_authorization_mode=EIM_AReqAuthorizationMode(),
    )
    assert code == "WARNING_AuthorizationSelectionInvalid"
    assert world.secc.state is State.AUTHORIZATION
    request = world.messages("AuthorizationReq")[-1]
    assert isinstance(request, AuthorizationReq)
    world.inject(SECC, request)
    assert world.secc.state is State.SERVICE_DISCOVERY


def test_rejected_authorization_may_be_tried_again() -> None:
    world = World()
    world.charger.authorized = world.charger.authorized.REJECTED
    assert told(world, State.AUTHORIZATION) == "WARNING_EIMAuthorizationFailure"
    world.charger.authorized = world.charger.authorized.ACCEPTED
    world.inject(SECC, world.messages("AuthorizationReq")[-1])
    assert world.last_code() == "OK"
    assert world.secc.state is State.SERVICE_DISCOVERY


def test_details_of_a_service_that_was_not_offered() -> None:
    world = World()
    assert told(world, State.SERVICE_DETAIL, service_id=5) == "FAILED_ServiceIDInvalid"
    ends(world)


def test_a_back_end_may_forbid_the_bidirectional_service() -> None:
    world = World(evcc={"services": (ServiceId.DC_BPT, ServiceId.DC)})
    world.charger.offered_services = (2,)
    world.at(10.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    assert {e.item.service_id for e in world.events(act.ServiceChosen)} == {2}


@pytest.mark.parametrize(
    ("service_id", "set_id", "code"),
    [
        (1, 1, "FAILED_NoEnergyTransferServiceSelected"),
        (65, 1, "FAILED_NoEnergyTransferServiceSelected"),
        (6, 3, "FAILED_ServiceSelectionInvalid"),
        (2, 1, "FAILED_ServiceSelectionInvalid"),  # offered, but nobody asked for its details
    ],
)
def test_selection_of_what_was_not_offered(service_id: int, set_id: int, code: str) -> None:
    world = World()
    pair = SelectedService(service_id=service_id, parameter_set_id=set_id)
    assert told(world, State.SERVICE_SELECTION, selected_energy_transfer_service=pair) == code
    ends(world)


def test_selection_of_value_added_services() -> None:
    world = World()
    vas = SelectedServiceList(selected_service=(SelectedService(service_id=65, parameter_set_id=1),))
    assert told(world, State.SERVICE_SELECTION, selected_vas_list=vas) == "FAILED_ServiceSelectionInvalid"
    ends(world)


def test_station_with_nothing_to_offer() -> None:
    world = World()
    world.charger.offered_services = (1, 5)
    assert told(world, State.SERVICE_DISCOVERY) == "FAILED"
    ends(world)


# --- parameters and schedules ---


@pytest.mark.parametrize("service", [ServiceId.DC, ServiceId.DC_BPT])
def test_parameters_of_the_other_service(service: ServiceId) -> None:
    other = World(service=ServiceId.DC if service is ServiceId.DC_BPT else ServiceId.DC_BPT)
    other.start().run_to(SECC, State.DC_CHARGE_PARAMETER_DISCOVERY)
    mode = other.messages()[-1].dc_cpd_req_energy_transfer_mode
    world = World(service=service)
    code = told(world, State.DC_CHARGE_PARAMETER_DISCOVERY, dc_cpd_req_energy_transfer_mode=mode)
    assert code == "FAILED_WrongChargeParameter"
    ends(world)


@pytest.mark.parametrize(
    "changes",
    [
        {"ev_maximum_charge_power": rational(-11_000.0)},
        {"ev_maximum_charge_current": rational(-1.0)},
        {"ev_minimum_charge_power": rational(-1.0)},
        {"ev_minimum_charge_power": rational(12_000.0)},
        {"ev_minimum_charge_current": rational(33.0)},
        {"ev_minimum_discharge_power": rational(-12_000.0)},
        {"ev_minimum_discharge_current": rational(33.0)},
        {"ev_minimum_voltage": rational(460.0)},
        {"ev_minimum_voltage": rational(600.0), "ev_maximum_voltage": rational(900.0)},
        {"ev_minimum_voltage": rational(10.0), "ev_maximum_voltage": rational(100.0)},
        {"ev_minimum_charge_power": RationalNumber(exponent=127, value=32_767)},
        {"ev_maximum_voltage": RationalNumber(exponent=-128, value=1)},
    ],
)
def test_impossible_limits_in_parameter_discovery(changes: dict[str, RationalNumber]) -> None:
    world = World()
    code = heard(world, State.DC_CHARGE_PARAMETER_DISCOVERY, lambda request: mode_with(request, **changes))
    assert code == "FAILED_WrongChargeParameter"
    ends(world)


@pytest.mark.parametrize("extreme", [RationalNumber(exponent=127, value=32_767), rational(0.0)])
def test_extreme_but_possible_limits_are_taken(extreme: RationalNumber) -> None:
    world = World()
    names = ("charge_power", "charge_current", "discharge_power", "discharge_current")
    changes = {f"ev_maximum_{name}": extreme for name in names}
    assert heard(world, State.DC_CHARGE_PARAMETER_DISCOVERY, lambda r: mode_with(r, **changes)) == "OK"


@pytest.mark.parametrize("mode", list(ControlMode))
def test_needs_in_the_other_control_mode(mode: ControlMode) -> None:
    other = World(mode=ControlMode.DYNAMIC if mode is ControlMode.SCHEDULED else ControlMode.SCHEDULED)
    other.start().run_to(SECC, State.SCHEDULE_EXCHANGE)
    request = other.messages()[-1]
    world = World(mode=mode)
    code = told(
        world,
        State.SCHEDULE_EXCHANGE,
        dynamic_se_req_control_mode=request.dynamic_se_req_control_mode,
        scheduled_se_req_control_mode=request.scheduled_se_req_control_mode,
    )
    assert code == "FAILED"
    ends(world)


@pytest.mark.parametrize(
    "changes",
    [
        {"ev_maximum_v2x_energy_request": rational(1_000.0)},
        {"ev_minimum_v2x_energy_request": rational(1_000.0)},
        {"minimum_soc": 80, "target_soc": 70},
    ],
)
def test_inconsistent_needs(changes: dict[str, Any]) -> None:
    """V2G20-2681: the V2X requests are a pair; V2G20-1640: MinimumSOC is not above TargetSOC."""

    def change(request: Any) -> Record:
        mode = replace(request.dynamic_se_req_control_mode, **changes)
        return replace(request, dynamic_se_req_control_mode=mode)

    world = World()
    assert heard(world, State.SCHEDULE_EXCHANGE, change) == "FAILED_WrongChargeParameter"
    ends(world)


def test_energy_that_may_be_taken_from_the_battery_is_a_legal_need() -> None:
    def change(request: Any) -> Record:
        mode = replace(request.dynamic_se_req_control_mode, ev_minimum_energy_request=rational(-20_000.0))
        return replace(request, dynamic_se_req_control_mode=mode)

    assert heard(World(), State.SCHEDULE_EXCHANGE, change) == "OK"


def test_station_without_a_schedule() -> None:
    world = World(mode=ControlMode.SCHEDULED)
    world.charger.schedules = lambda needs, now: ()  # type: ignore[method-assign]
    assert told(world, State.SCHEDULE_EXCHANGE) == "FAILED"
    ends(world)


# --- cable, contactors, power ---


def test_isolation_fault() -> None:
    world = World()
    world.isolation = IsolationState.FAULT
    world.start().run().check_end()
    assert world.last_code() == "FAILED"
    assert world.names()[-1] == "DC_CableCheckRes"
    assert world.error(SECC)


def test_cable_check_waits_for_a_ready_pilot() -> None:
    world = World().start().run_to(SECC, State.DC_CABLE_CHECK)
    world.charger.pilot_state = "B"
    request = world.messages("DC_CableCheckReq")[-1]
    world.inject(SECC, request)
    assert world.messages()[-1].evse_processing is Processing.Ongoing
    assert not world.charger.stage.contactor_closed
    world.charger.pilot_state = "C"
    world.inject(SECC, request)
    assert world.charger.stage.contactor_closed
    world.inject(SECC, request)
    assert world.messages()[-1].evse_processing is Processing.Finished


def test_pre_charge_beyond_the_limits() -> None:
    world = World()
    assert told(world, State.DC_PRE_CHARGE, ev_target_voltage=rational(451.0)) == "FAILED_WrongChargeParameter"
    ends(world)


def test_contactor_that_does_not_close() -> None:
    world = World()
    world.secc_contactor_stuck = True
    world.evcc.config = replace(world.evcc.config, pre_charge_tolerance_v=500.0)
    world.start().run().check_end()
    assert world.last_code() == "FAILED_ContactorError"
    assert world.names()[-1] == "PowerDeliveryRes"


def test_contactor_that_falls_open_in_the_loop() -> None:
    world = World().start().run_to(SECC, State.DC_CHARGE_LOOP)
    world.charger.stage = replace(world.charger.stage, contactor_closed=False, contactor_fault=True)
    world.run().check_end()
    assert world.last_code() == "FAILED_ContactorError"


@pytest.mark.parametrize("state", [State.DC_CABLE_CHECK, State.DC_PRE_CHARGE])
def test_contactor_fault_before_energy_flows(state: State) -> None:
    world = World().start().run_to(SECC, state)
    world.charger.stage = replace(world.charger.stage, contactor_fault=True)
    world.run().check_end()
    assert world.last_code() == "FAILED"


def test_current_that_does_not_fall_when_the_car_stops() -> None:
    world = World(evcc_limits=Limits({"EVCC_RAMP_DOWN": 2.0}))
    world.charger.setpoint_w = 4_000.0
    world.start().run_to(SECC, State.DC_CHARGE_LOOP).run(until_s=5.0)
    world.current_stuck = True
    world.vehicle.driver_wish = Wish.STOP
    world.run()
    assert world.last_code() == "FAILED_PowerDeliveryNotApplied"
    assert "FAILED_PowerDeliveryNotApplied" in (world.error(SECC) or "")
    # Contactors open in the end all the same, after SECC_POWER_OFF and EVCC_POWER_OFF: the way out that is left.
    assert len(world.violations) == 1


# --- profile ---


def profile(*entries: tuple[int, float], tuple_id: int = 1, start_s: float = 0.0) -> EVPowerProfile:
    steps = tuple(PowerScheduleEntry(duration=d, power=rational(p, step=0)) for d, p in entries)
    return EVPowerProfile(
        time_anchor=1_800_000_000 + round(start_s),
        scheduled_ev_ppt_control_mode=Scheduled_EVPPTControlMode(selected_schedule_tuple_id=tuple_id),
        ev_power_profile_entries=EVPowerProfileEntryList(ev_power_profile_entry=steps),
    )


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (profile((3_600, 6_000.0)), "OK"),
        (profile((1_800, 0.0), (1_800, 6_000.0), (3_600, -4_000.0)), "OK"),
        (profile((1_800, 2_000.0), (5_400, 0.0), (60, 0.0)), "OK"),  # longer than the schedule, but at rest
        (profile((3_600, 6_000.0), tuple_id=2), "FAILED_ScheduleSelectionInvalid"),
        (profile((3_600, 6_010.0)), "FAILED_EVPowerProfileInvalid"),
        (profile((3_600, -10.0)), "FAILED_EVPowerProfileInvalid"),
        (profile((3_600, 0.0), (3_600, -4_010.0)), "FAILED_EVPowerProfileInvalid"),
        (profile((3_600, 0.0), (3_600, 10.0)), "FAILED_EVPowerProfileInvalid"),
        (profile((7_300, 10.0)), "FAILED_EVPowerProfileInvalid"),
        (profile((60, 10.0), start_s=-120.0), "FAILED_EVPowerProfileInvalid"),
        (None, "FAILED_EVPowerProfileInvalid"),
    ],
)
def test_power_profile_against_the_schedule(given: EVPowerProfile | None, code: str) -> None:
    world = World(mode=ControlMode.SCHEDULED)
    entries = ((3_600.0, 6_000.0), (3_600.0, -4_000.0))
    world.charger.schedule = (OfferedSchedule(start_s=0.0, entries=entries),)
    assert told(world, State.POWER_DELIVERY, ev_power_profile=given) == code
    if code != "OK":
        ends(world)


@pytest.mark.parametrize("state", [State.DC_PRE_CHARGE, State.POWER_DELIVERY, State.DC_CHARGE_LOOP])
@pytest.mark.parametrize(
    ("progress", "code"),
    [
        (ChargeProgress.Standby, "WARNING_StandbyNotAllowed"),
        (ChargeProgress.ScheduleRenegotiation, "WARNING_ScheduleRenegotiationFailed"),
    ],
)
def test_what_the_station_can_not_do_does_not_end_the_session(
    state: State, progress: ChargeProgress, code: str
) -> None:
    reference = World().start().run_to(SECC, State.POWER_DELIVERY)
    start = reference.messages("PowerDeliveryReq")[-1]
    world = World()
    assert heard(world, state, lambda _: replace(start, charge_progress=progress)) == code
    assert world.secc.state is state


def test_power_delivery_ongoing_is_asked_again() -> None:
    world = World()
    assert told(world, State.POWER_DELIVERY, ev_processing=Processing.Ongoing) == "OK"
    assert world.secc.state is State.POWER_DELIVERY
    world.inject(SECC, world.messages("PowerDeliveryReq")[-1])
    assert world.secc.state is State.DC_CHARGE_LOOP


@pytest.mark.parametrize("allowed", [False, True])
def test_power_delivery_straight_after_ongoing_pre_charge_is_an_option(allowed: bool) -> None:
    reference = World().start().run_to(SECC, State.POWER_DELIVERY)
    start = reference.messages("PowerDeliveryReq")[-1]
    world = World(secc={"power_delivery_after_ongoing_pre_charge": allowed})
    world.start().run_to(SECC, State.DC_PRE_CHARGE)
    world.inject(SECC, world.messages("DC_PreChargeReq")[-1])
    world.inject(SECC, start)
    assert world.last_code() == ("OK" if allowed else "FAILED_SequenceError")


def test_second_start_in_the_loop() -> None:
    reference = World().start().run_to(SECC, State.POWER_DELIVERY)
    start = reference.messages("PowerDeliveryReq")[-1]
    world = World()
    assert heard(world, State.DC_CHARGE_LOOP, lambda _: start) == "FAILED_SequenceError"
    ends(world)


# --- loop and stop ---


@pytest.mark.parametrize("service", [ServiceId.DC, ServiceId.DC_BPT])
@pytest.mark.parametrize("mode", list(ControlMode))
@pytest.mark.parametrize("other_service", [ServiceId.DC, ServiceId.DC_BPT])
@pytest.mark.parametrize("other_mode", list(ControlMode))
def test_loop_in_another_mode(
    service: ServiceId, mode: ControlMode, other_service: ServiceId, other_mode: ControlMode
) -> None:
    other = World(service=other_service, mode=other_mode).start().run_to(SECC, State.DC_CHARGE_LOOP)
    control = other.messages("DC_ChargeLoopReq")[-1].cl_req_control_mode
    world = World(service=service, mode=mode)
    code = told(world, State.DC_CHARGE_LOOP, cl_req_control_mode=control)
    if (service, mode) == (other_service, other_mode):
        assert code == "OK"
        answer = world.messages("DC_ChargeLoopRes")[-1].cl_res_control_mode
        assert type(answer).__name__ == type(control).__name__.replace("Req", "Res")  # in kind (V2G20-1600)
    else:
        assert code == "FAILED"
        ends(world)


def test_negative_charge_limit_in_the_loop() -> None:
    world = World()
    code = heard(world, State.DC_CHARGE_LOOP, lambda r: mode_with(r, ev_maximum_charge_power=rational(-10.0)))
    assert code == "FAILED_WrongChargeParameter"
    ends(world)


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (ChargingSession.Pause, "FAILED_PauseNotAllowed"),
        (ChargingSession.ServiceRenegotiation, "FAILED_NoServiceRenegotiationSupported"),
        (ChargingSession.Terminate, "OK"),
    ],
)
def test_ways_to_stop(wish: ChargingSession, code: str) -> None:
    world = World()
    world.at(5.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    assert told(world, State.SESSION_STOP, charging_session=wish) == code
    world.run().check_safe()
    assert (world.error(SECC) is None) is (code == "OK")


def test_session_stop_right_after_session_setup() -> None:
    world = World()
    world.at(5.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    world.start().run_to(SECC, State.SESSION_STOP)
    request = world.messages("SessionStopReq")[-1]
    world = World().start().run_to(SECC, State.AUTHORIZATION_SETUP)
    world.inject(SECC, replace(request, header=world.messages()[-1].header))
    assert world.last_code() == "OK"
    world.silence(EV)
    world.run().check_end()


def test_scheduled_needs_may_be_left_out() -> None:
    world = World(mode=ControlMode.SCHEDULED)
    code = told(world, State.SCHEDULE_EXCHANGE, scheduled_se_req_control_mode=Scheduled_SEReqControlMode())
    assert code == "OK"
    (needs,) = (event.item.needs for event in world.events(act.NeedsTold))
    assert needs.departure_s is needs.target_energy_wh is needs.minimum_energy_wh is None


def test_services_may_be_named_by_their_enumeration_and_twice() -> None:
    world = World()
    world.charger.offered_services = (ServiceId.DC_BPT, ServiceId.AC, ServiceId.DC_BPT, ServiceId.DC)
    assert told(world, State.SERVICE_DISCOVERY) == "OK"
    offered = world.messages("ServiceDiscoveryRes")[0].energy_transfer_service_list.service
    assert [service.service_id for service in offered] == [6, 2]
