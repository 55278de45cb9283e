"""Value-added services: offered, filtered, detailed and selected beside energy."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from iso15118.errors import LocalError
from iso15118.messages.deployed import LIST_LIMITS
from iso15118.messages.iso20.common.service import SelectedService, SelectedServiceList, ServiceIDList
from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.emitter import EmitterProfile
from iso15118.session.ports import ValueAddedService, Wish
from iso15118.session.services import ServiceId, ValueAdded, read_offer
from tests.session.world import EV, SECC, World, code_of

replace = msgspec.structs.replace
INTERNET = ValueAddedService(
    service_id=ValueAdded.INTERNET,
    parameter_sets={1: {"Protocol": "http", "Port": 80}, 2: {"Protocol": "https", "Port": 443}},
)
PARKING = ValueAddedService(
    service_id=ValueAdded.PARKING_STATUS,
    free=False,
    parameter_sets={7: {"IntendedService": 1, "ParkingStatusType": 3}},
)
OWN = ValueAddedService(service_id=4_711, parameter_sets={1: {"Coffee": True, "Litres": 0.25}})
ALL = (INTERNET, PARKING, OWN)


def world_with(offered: tuple[ValueAddedService, ...] = ALL, wanted: tuple[int, ...] = (), **options: Any) -> World:
    world = World(evcc={"value_added_services": wanted}, **options)
    world.charger.value_added = offered
    return world


def run(world: World) -> World:
    world.at(10.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    return world


def listed(world: World) -> list[tuple[int, bool]]:
    answer = world.messages("ServiceDiscoveryRes")[-1]
    return [] if answer.vas_list is None else [(each.service_id, each.free_service) for each in answer.vas_list.service]


@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC])
def test_a_car_selects_what_it_wants_beside_energy(service: ServiceId) -> None:
    world = run(world_with(wanted=(4_711, 65, 99), service=service))
    assert world.error(EV) is world.error(SECC) is None
    assert listed(world) == [(65, True), (66, False), (4_711, True)]
    assert [m.service_id for m in world.messages("ServiceDetailReq")] == [service, 4_711, 65]
    (request,) = world.messages("ServiceSelectionReq")
    pairs = [(each.service_id, each.parameter_set_id) for each in request.selected_vas_list.selected_service]
    assert pairs == [(4_711, 1), (65, 1)]
    for side in (EV, SECC):
        (chosen,) = world.events(act.ServiceChosen, side)
        assert chosen.item.value_added == ((4_711, 1), (65, 1))
        assert chosen.item.service_id == service


def test_parameters_keep_their_kinds() -> None:
    world = run(world_with(wanted=(65, 4_711)))
    _, internet, own = world.messages("ServiceDetailRes")
    sets = [read_offer(each) for each in internet.service_parameter_list.parameter_set]
    assert [(each.parameter_set_id, each.texts, each.integers) for each in sets] == [
        (1, {"Protocol": "http"}, {"Port": 80}),
        (2, {"Protocol": "https"}, {"Port": 443}),
    ]
    (only,) = own.service_parameter_list.parameter_set
    assert only.parameter[0].bool_value is True
    assert read_offer(only).texts == {"Litres": "0.25"}


def test_the_cars_port_chooses_among_the_sets() -> None:
    world = world_with(wanted=(65, 66))
    world.vehicle.value_added_set = (  # type: ignore[method-assign]
        lambda service_id, offers, now: offers[-1].parameter_set_id if service_id == 65 else None
    )
    run(world)
    (chosen,) = world.events(act.ServiceChosen, EV)
    assert chosen.item.value_added == ((65, 2),)  # 66 was looked at and left


def test_a_car_that_wants_nothing_asks_for_nothing() -> None:
    world = run(world_with())
    assert [m.service_id for m in world.messages("ServiceDetailReq")] == [6]
    assert world.messages("ServiceSelectionReq")[0].selected_vas_list is None
    assert not listed(run(World()))


@pytest.mark.parametrize(
    ("supported", "expected"),
    [(None, [65, 66, 4_711]), ((6, 66), [66]), ((65, 4_711), [65, 4_711]), ((99,), [])],
)
def test_a_station_filters_value_added_services_only(supported: tuple[int, ...] | None, expected: list[int]) -> None:
    """SV-01 to SV-03: V2G20-1248, V2G20-1249; the energy services are told in any case."""
    world = world_with()
    world.start().run_to(SECC, State.SERVICE_DISCOVERY)
    request = world.messages("ServiceDiscoveryReq")[-1]
    ids = None if supported is None else ServiceIDList(service_id=supported)
    world.inject(SECC, replace(request, supported_service_ids=ids))
    assert [service_id for service_id, _ in listed(world)] == expected
    energy = world.messages("ServiceDiscoveryRes")[-1].energy_transfer_service_list.service
    assert [each.service_id for each in energy] == [6, 2, 9, 8]


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        (((65, 1),), "OK"),
        (((65, 2), (4_711, 1)), "OK"),
        (((65, 3),), "FAILED_ServiceSelectionInvalid"),
        (((67, 1),), "FAILED_ServiceSelectionInvalid"),
        (((65, 1), (4_711, 2)), "FAILED_ServiceSelectionInvalid"),
        (((66, 7),), "FAILED_ServiceSelectionInvalid"),  # SV-10: offered, but its details were never asked for
        (((2, 1),), "FAILED_ServiceSelectionInvalid"),
    ],
)
def test_selections_that_were_not_offered_are_refused(pairs: tuple[tuple[int, int], ...], code: str) -> None:
    """SV-12: V2G20-433, V2G20-467."""
    world = world_with(wanted=(65, 4_711))
    world.start().run_to(SECC, State.SERVICE_SELECTION).run(until=lambda: bool(world.messages("ServiceSelectionReq")))
    request = world.messages("ServiceSelectionReq")[-1]
    chosen = tuple(SelectedService(service_id=sid, parameter_set_id=set_id) for sid, set_id in pairs)
    world.inject(SECC, replace(request, selected_vas_list=SelectedServiceList(selected_service=chosen)))
    assert code_of(world.messages("ServiceSelectionRes")[-1]) == code


def test_details_of_a_value_added_service_that_is_not_offered() -> None:
    """SV-06: V2G20-425."""
    world = world_with((PARKING,))
    world.start().run_to(SECC, State.SERVICE_DETAIL)
    world.inject(SECC, replace(world.messages("ServiceDetailReq")[-1], service_id=65))
    assert world.last_code() == "FAILED_ServiceIDInvalid"


def test_what_is_offered_is_fixed_when_it_is_told() -> None:
    """A port that changes its mind between discovery and selection breaks no session."""
    world = world_with(wanted=(65,))
    world.when("ServiceDiscoveryRes", lambda: setattr(world.charger, "value_added", ()))
    run(world)
    assert world.error(EV) is None
    assert world.events(act.ServiceChosen, SECC)[0].item.value_added == ((65, 1),)


@pytest.mark.parametrize("profile", list(EmitterProfile))
def test_lists_are_as_long_as_the_profile_allows(profile: EmitterProfile) -> None:
    full = profile is EmitterProfile.FULL
    many = tuple(
        ValueAddedService(service_id=100 + i, parameter_sets={n: {"N": n} for n in range(9)}) for i in range(12)
    )
    world = run(world_with((many[0], *many), wanted=(100,), secc={"emitter_profile": profile}))
    assert [service_id for service_id, _ in listed(world)] == list(range(100, 108 if full else 107))
    sets = world.messages("ServiceDetailRes")[-1].service_parameter_list.parameter_set
    assert len(sets) == (9 if full else LIST_LIMITS["ParameterSet"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"service_id": 0},
        {"service_id": ServiceId.DC},
        {"service_id": 65_536},
        {"parameter_sets": {}},
        {"parameter_sets": {1: {}}},
        {"parameter_sets": {-1: {"A": 1}}},
        {"parameter_sets": {1: {"A" * 81: 1}}},
        {"parameter_sets": {1: {"A": "b" * 81}}},
        {"parameter_sets": {1: {"A": 2**31}}},
        {"parameter_sets": {1: {"A": float("nan")}}},
    ],
)
def test_what_no_message_could_carry_cannot_be_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(LocalError):
        ValueAddedService(**{"service_id": 65, "parameter_sets": {1: {"A": 1}}, **wrong})
