"""VehicleCheckIn and VehicleCheckOut beside the session, for a car that has selected ParkingStatus."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from iso15118.errors import LocalError
from iso15118.messages.iso20.common.vehicle_check import EVCheckInStatus, EVCheckOutStatus, ParkingMethod
from iso15118.session import actions as act
from iso15118.session.core import State
from iso15118.session.ports import CarParking, ParkingSpace, ValueAddedService, Wish
from iso15118.session.services import ServiceId, ValueAdded
from iso15118.session.timers import Timer
from iso15118.v2gtp import PayloadType
from tests.session.samples import samples, with_session
from tests.session.test_timers import covers
from tests.session.world import EV, SECC, World, code_of

replace = msgspec.structs.replace
STATUS = ValueAddedService(
    service_id=ValueAdded.PARKING_STATUS, parameter_sets={1: {"IntendedService": 1, "ParkingStatusType": 3}}
)
IN, OUT = EVCheckInStatus, EVCheckOutStatus


def parking(**options: Any) -> World:
    world = World(evcc={"value_added_services": (ValueAdded.PARKING_STATUS,)}, **options)
    world.charger.value_added = (STATUS,)
    return world


def tell(world: World, **values: Any) -> None:
    world.vehicle.parked = CarParking(**values)


@pytest.mark.parametrize("service", [ServiceId.DC_BPT, ServiceId.AC])
def test_a_car_checks_in_and_out_beside_the_session(service: ServiceId) -> None:
    world = parking(service=service)
    world.charger.space = ParkingSpace(parking_space=7, target_distance=-120)
    tell(world, check_in=IN.CheckIn, method=ParkingMethod.AutoParking, vehicle_travel=42)
    for at, status in ((3.0, IN.Processing), (5.0, IN.Completed)):
        world.at(at, lambda status=status: tell(world, check_in=status))
    world.at(8.0, lambda: tell(world, check_out=OUT.CheckOut))
    world.at(10.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    requests = world.messages("VehicleCheckInReq")
    assert [m.ev_check_in_status for m in requests] == [IN.CheckIn, IN.Processing, IN.Completed]
    assert (requests[0].parking_method, requests[0].vehicle_travel) == (ParkingMethod.AutoParking, 42)
    assert [e.item.check_in or e.item.check_out for e in world.events(act.VehicleChecked, SECC)] == [
        "CheckIn",
        "Processing",
        "Completed",
        "CheckOut",
    ]
    told = [e.item for e in world.events(act.ParkingTold, EV)]
    assert told == [act.ParkingTold(space=world.charger.space)] * 3 + [act.ParkingTold(may_leave=True)]
    sides = {e.side for e in world.log if type(e.item).__name__.startswith("VehicleCheck") and e.side}
    assert sides == {PayloadType.PARKING_STATUS}


def test_a_car_that_has_to_wait_asks_until_it_may_leave() -> None:
    world = parking()
    world.charger.leave_granted = False
    world.at(5.0, lambda: tell(world, check_out=OUT.CheckOut))
    world.at(7.0, lambda: setattr(world.charger, "leave_granted", True)).start().run(until_s=12.0)
    asked = [e.now for e in world.log if type(e.item).__name__ == "VehicleCheckOutReq"]
    assert 4 <= len(asked) <= 6
    assert asked[0] == pytest.approx(5.0, abs=0.3)
    assert asked[-1] == pytest.approx(7.4, abs=0.5)
    assert [e.item.may_leave for e in world.events(act.ParkingTold)] == [False] * (len(asked) - 1) + [True]


def test_without_the_service_nothing_is_told() -> None:
    world = World()
    tell(world, check_in=IN.CheckIn)
    world.start().run(until_s=10.0)
    assert not world.messages("VehicleCheckInReq")
    quiet = parking().start().run(until_s=10.0)
    assert not quiet.messages("VehicleCheckInReq")


@pytest.mark.parametrize("name", ["VehicleCheckInReq", "VehicleCheckOutReq"])
@pytest.mark.parametrize(("world", "code"), [(World, "FAILED_SequenceError"), (parking, "OK")])
def test_a_station_answers_where_the_service_was_selected(world: Any, code: str, name: str) -> None:
    here = world().start().run(until_s=5.0)
    request = next(message for cls, message in samples().items() if cls.__name__ == name)
    here.inject(SECC, with_session(request, here.secc.session_id), PayloadType.PARKING_STATUS)
    assert code_of(here.messages(name.replace("Req", "Res"))[-1]) == code


def test_before_services_are_chosen_it_is_out_of_order() -> None:
    world = parking().start().run_to(SECC, State.SERVICE_DETAIL)
    request = next(message for cls, message in samples().items() if cls.__name__ == "VehicleCheckInReq")
    world.inject(SECC, with_session(request, world.secc.session_id), PayloadType.PARKING_STATUS)
    assert world.last_code() == "FAILED_SequenceError"


@covers(Timer.EVCC_MESSAGE_PARKING_STATUS)
def test_an_answer_that_does_not_come_ends_the_session() -> None:
    world = parking()
    world.lost = lambda sender, message: type(message).__name__ == "VehicleCheckInRes"
    world.at(5.0, lambda: tell(world, check_in=IN.CheckIn)).start().run().check_end()
    assert world.error(EV) == "EVCC_MESSAGE_PARKING_STATUS: nothing within 2 s"


def test_lengths_have_16_bits() -> None:
    for cls, name in ((CarParking, "vehicle_frame"), (ParkingSpace, "target_distance")):
        with pytest.raises(LocalError):
            cls(**{name: 2**15})
