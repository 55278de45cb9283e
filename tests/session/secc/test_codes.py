"""Response codes of the station up to schedule exchange, each caused by a real situation."""

from __future__ import annotations

from typing import Any

import pytest

from iso15118.messages.app import AppProtocol, ResponseCode, SupportedAppProtocolReq
from iso15118.messages.iso20.common.authorization import Authorization, AuthorizationReq, EIM_AReqAuthorizationMode
from iso15118.messages.iso20.common.schedule_exchange import Scheduled_SEReqControlMode
from iso15118.messages.iso20.common.service import SelectedService, SelectedServiceList
from iso15118.messages.iso20.types import RationalNumber
from iso15118.messages.model import Record
from iso15118.session import actions as act
from iso15118.session.app import Link
from iso15118.session.core import State
from iso15118.session.ports import Wish
from iso15118.session.quantities import rational
from iso15118.session.services import ControlMode, ServiceId
from tests.session.secc.asking import ends, heard, mode_with, replace, told
from tests.session.world import SECC, World

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
