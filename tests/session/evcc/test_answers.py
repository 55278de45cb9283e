"""The car and the answers it may get: what it takes, what it leaves for, what it does not believe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from iso15118.errors import LocalError
from iso15118.messages.app import ResponseCode as AppResponseCode
from iso15118.messages.iso20.common.authorization import Authorization
from iso15118.messages.iso20.common.schedule_exchange import (
    ChargingSchedule,
    PowerSchedule,
    PowerScheduleEntry,
    PowerScheduleEntryList,
    Scheduled_SEResControlMode,
    ScheduleTuple,
)
from iso15118.messages.iso20.types import EVSENotification, EVSEStatus, RationalNumber, ResponseCode
from iso15118.messages.model import Record
from iso15118.session import actions as act
from iso15118.session.app import Link
from iso15118.session.core import State
from iso15118.session.evcc import PHASES, EvccSession
from iso15118.session.ports import OfferedSchedule, SimpleVehicle, VehicleLimits, Wish
from iso15118.session.quantities import number, rational
from iso15118.session.services import ControlMode, ServiceId
from tests.session.world import EV, SECC, UNIX_S, World

replace = msgspec.structs.replace


def answered(world: World, state: State, change: Callable[[Any], Record]) -> World:
    """Play to ``state`` and have the car receive the station's answer with something changed."""
    if world.evcc.state is State.SUPPORTED_APP_PROTOCOL:
        world.start()
    world.run_to(EV, state)
    answer = [m for m in world.messages() if type(m).__name__.endswith("Res")][-1]
    world.inject(EV, change(answer))
    return world


def with_(**changes: Any) -> Callable[[Any], Record]:
    return lambda answer: replace(answer, **changes)


def test_start_only_once() -> None:
    world = World().start()
    with pytest.raises(LocalError, match="begun already"):
        world.evcc.start(0.0)


@pytest.mark.parametrize("link", [Link.TCP, Link.TLS_1_2])
def test_nothing_is_offered_on_a_link_that_may_not_carry_it(link: Link) -> None:
    world = World()
    world.evcc.config = replace(world.evcc.config, link=link)
    with pytest.raises(LocalError, match="TLS 1.3"):
        world.start()


@pytest.mark.parametrize("state", list(PHASES)[1:], ids=lambda state: state.value)
def test_any_failed_code_ends_the_session(state: State) -> None:
    world = World(towards=state)
    world.at(5.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    answered(world, state, with_(response_code=ResponseCode.FAILED_AssociationError))
    assert world.charger.pilot_state in ("B", "A")
    world.run().check_end()
    assert "FAILED_AssociationError" in (world.error(EV) or "")
    assert world.evcc.error is not None
    assert world.evcc.error.response_code == "FAILED_AssociationError"


@pytest.mark.parametrize("state", [s for s in list(PHASES)[1:] if s is not State.AUTHORIZATION])
def test_no_warning_ends_the_session(state: State) -> None:
    world = World(towards=state)
    world.at(5.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    answered(world, state, with_(response_code=ResponseCode.WARNING_CertificateExpired))
    world.run().check_end()
    assert world.error(EV) is None


@pytest.mark.parametrize(
    "code", [ResponseCode.WARNING_EIMAuthorizationFailure, ResponseCode.WARNING_AuthorizationSelectionInvalid]
)
def test_external_means_are_all_there_is(code: ResponseCode) -> None:
    world = answered(World(), State.AUTHORIZATION, with_(response_code=code))
    assert world.evcc.state is State.SESSION_STOP


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"response_code": AppResponseCode.Failed_NoNegotiation, "schema_id": None}, "none of the offered"),
        ({"schema_id": 7}, "SchemaID 7, which was not offered"),
    ],
)
def test_handshake_that_leads_nowhere(changes: dict[str, Any], reason: str) -> None:
    world = answered(World(), State.SUPPORTED_APP_PROTOCOL, with_(**changes))
    world.run().check_end()
    assert reason in (world.error(EV) or "")


def test_schema_id_may_be_left_out_when_there_was_no_choice() -> None:
    world = answered(World(), State.SUPPORTED_APP_PROTOCOL, with_(schema_id=None))
    assert world.evcc.state is State.SESSION_SETUP


def test_session_id_zero_is_none() -> None:
    world = World()
    answered(world, State.SESSION_SETUP, lambda a: replace(a, header=replace(a.header, session_id=bytes(8))))
    world.run().check_end()
    assert "SessionID zero" in (world.error(EV) or "")


@pytest.mark.parametrize("ways", [(Authorization.PnC, Authorization.EIM), (Authorization.EIM, Authorization.PnC)])
def test_external_means_are_chosen_wherever_they_stand(ways: tuple[Authorization, ...]) -> None:
    world = answered(World(), State.AUTHORIZATION_SETUP, with_(authorization_services=ways))
    assert world.messages()[-1].selected_authorization_service is Authorization.EIM


def test_station_with_contracts_only() -> None:
    world = answered(World(), State.AUTHORIZATION_SETUP, with_(authorization_services=(Authorization.PnC,)))
    world.run().check_end()
    assert "external means" in (world.error(EV) or "")


# --- services ---


def choice(offered: tuple[int, ...], wanted: tuple[ServiceId, ...], modes: tuple[ControlMode, ...]) -> World:
    world = World(evcc={"services": wanted, "control_modes": modes})
    world.charger.offered_services = offered
    world.at(5.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP))
    return world.start().run().check_end()


BOTH = (ControlMode.DYNAMIC, ControlMode.SCHEDULED)


@pytest.mark.parametrize(
    ("offered", "wanted", "chosen"),
    [
        ((2, 6), (ServiceId.DC_BPT, ServiceId.DC), 6),
        ((6, 2), (ServiceId.DC, ServiceId.DC_BPT), 2),
        ((2,), (ServiceId.DC_BPT, ServiceId.DC), 2),
        ((2,), (ServiceId.DC_BPT,), None),
    ],
)
def test_preferred_service_among_those_offered(
    offered: tuple[int, ...], wanted: tuple[ServiceId, ...], chosen: int | None
) -> None:
    world = choice(offered, wanted, BOTH)
    assert world.error(EV) is None
    assert [e.item.service_id for e in world.events(act.ServiceChosen, EV)] == ([] if chosen is None else [chosen])
    if chosen is None:
        assert world.names(EV)[-2:] == ["ServiceDiscoveryReq", "SessionStopReq"]


@pytest.mark.parametrize("modes", [BOTH, BOTH[::-1]])
def test_preferred_control_mode(modes: tuple[ControlMode, ...]) -> None:
    world = choice((6,), (ServiceId.DC_BPT,), modes)
    assert [e.item.control_mode for e in world.events(act.ServiceChosen, EV)] == [int(modes[0])]


def without_control_mode(answer: Any) -> Record:
    sets = tuple(
        replace(s, parameter=tuple(p for p in s.parameter if p.name != "ControlMode"))
        for s in answer.service_parameter_list.parameter_set
    )
    return replace(answer, service_parameter_list=replace(answer.service_parameter_list, parameter_set=sets))


def test_a_service_without_a_usable_set_is_passed_over() -> None:
    world = World(evcc={"services": (ServiceId.DC_BPT, ServiceId.DC)})
    answered(world, State.SERVICE_DETAIL, without_control_mode)
    assert world.messages()[-1].service_id == 2
    world.run(until=lambda: bool(world.events(act.ServiceChosen, EV)))
    assert world.evcc.context.service_id == 2
    assert not world.evcc.context.bidirectional


def test_no_usable_set_at_all_ends_politely() -> None:
    world = World()
    answered(world, State.SERVICE_DETAIL, without_control_mode)
    world.run().check_end()
    assert world.names(EV)[-1] == "SessionStopReq"
    assert world.error(EV) is None


def test_parameters_of_the_other_service() -> None:
    other = World(service=ServiceId.DC).start().run_to(EV, State.DC_CHARGE_PARAMETER_DISCOVERY)
    mode = other.messages()[-1].dc_cpd_res_energy_transfer_mode
    world = answered(World(), State.DC_CHARGE_PARAMETER_DISCOVERY, with_(dc_cpd_res_energy_transfer_mode=mode))
    world.run().check_end()
    assert "do not fit the chosen service" in (world.error(EV) or "")


@pytest.mark.parametrize("sign", [1, -1])
def test_discharge_limits_of_the_station_count_by_magnitude_and_negative_charge_limits_as_none(sign: int) -> None:
    def change(answer: Any) -> Record:
        mode = replace(
            answer.dc_cpd_res_energy_transfer_mode,
            evse_maximum_charge_power=rational(sign * 4_000.0),
            evse_maximum_discharge_power=rational(sign * 2_990.0),
        )
        return replace(answer, dc_cpd_res_energy_transfer_mode=mode)

    world = answered(World(), State.DC_CHARGE_PARAMETER_DISCOVERY, change)
    assert world.evcc.context.station.max_discharge_power_w == 2_990.0
    assert world.evcc.context.station.max_charge_power_w == max(0.0, sign * 4_000.0)


# --- schedules ---


def schedule(*entries: tuple[int, RationalNumber]) -> ChargingSchedule:
    steps = tuple(PowerScheduleEntry(duration=duration, power=power) for duration, power in entries)
    return ChargingSchedule(
        power_schedule=PowerSchedule(
            time_anchor=round(UNIX_S), power_schedule_entries=PowerScheduleEntryList(power_schedule_entry=steps)
        )
    )


def offered(charging: ChargingSchedule, discharging: ChargingSchedule | None = None, anchor: int | None = None) -> Any:
    if anchor is not None:
        charging = replace(charging, power_schedule=replace(charging.power_schedule, time_anchor=anchor))
    tuple_ = ScheduleTuple(schedule_tuple_id=7, charging_schedule=charging, discharging_schedule=discharging)
    return with_(scheduled_se_res_control_mode=Scheduled_SEResControlMode(schedule_tuple=(tuple_,)))


def test_charging_and_discharging_schedules_become_one_series() -> None:
    world = World(mode=ControlMode.SCHEDULED)
    charging = schedule((600, rational(4_000.0)), (1_200, rational(0.0)))
    discharging = schedule((900, rational(0.0)), (300, rational(-234.0)), (600, rational(500.0)))
    answered(world, State.SCHEDULE_EXCHANGE, offered(charging, discharging))
    assert world.evcc.context.schedule == OfferedSchedule(
        schedule_tuple_id=7,
        start_s=0.0,
        entries=((600.0, 4_000.0), (300.0, 0.0), (300.0, -234.0), (600.0, -500.0)),
    )


@pytest.mark.parametrize("anchor", [0, 2**64 - 1, round(UNIX_S) - 1_000])
@pytest.mark.parametrize(
    "power",
    [RationalNumber(exponent=127, value=32_767), RationalNumber(exponent=127, value=-32_768), rational(20_000.0)],
)
def test_absurd_schedules_are_cut_to_what_the_car_can(anchor: int, power: RationalNumber) -> None:
    """The profile the car answers with can be written, whatever the station's schedule said."""
    world = World(mode=ControlMode.SCHEDULED)
    answered(world, State.SCHEDULE_EXCHANGE, offered(schedule((4_294_967_295, power), (0, power)), None, anchor))
    world.run()
    world.check_safe()
    for request in world.messages("PowerDeliveryReq")[:1]:
        powers = [number(e.power) for e in request.ev_power_profile.ev_power_profile_entries.ev_power_profile_entry]
        assert all(-11_000.0 <= p <= 11_000.0 for p in powers)


def test_answer_in_the_other_control_mode() -> None:
    other = World(mode=ControlMode.SCHEDULED).start().run_to(EV, State.SCHEDULE_EXCHANGE)
    mode = other.messages()[-1].scheduled_se_res_control_mode
    change = with_(dynamic_se_res_control_mode=None, scheduled_se_res_control_mode=mode)
    world = answered(World(), State.SCHEDULE_EXCHANGE, change)
    world.run().check_end()
    assert "another control mode" in (world.error(EV) or "")


# --- loop ---


@pytest.mark.parametrize(
    ("notification", "ends"),
    [
        (EVSENotification.Terminate, True),
        (EVSENotification.Pause, True),
        (EVSENotification.ServiceRenegotiation, True),
        (EVSENotification.ScheduleRenegotiation, False),
        (EVSENotification.ExitStandby, False),
        (EVSENotification.MeteringConfirmation, False),
    ],
)
def test_what_the_station_may_want_in_the_loop(notification: EVSENotification, ends: bool) -> None:
    world = World()
    status = EVSEStatus(notification_max_delay=0, evse_notification=notification)
    answered(world, State.DC_CHARGE_LOOP, with_(evse_status=status))
    world.run(until_s=5.0)
    assert (world.evcc.state is State.ENDED) is ends
    world.check_safe()


def test_target_current_stays_inside_what_the_station_tells() -> None:
    world = World(mode=ControlMode.SCHEDULED)
    world.charger.setpoint_w = 10_000.0
    world.start().run_to(EV, State.DC_CHARGE_LOOP)
    answer = world.messages("DC_ChargeLoopRes")[-1]
    mode = replace(answer.cl_res_control_mode, evse_maximum_charge_current=rational(5.0))
    world.inject(EV, replace(answer, cl_res_control_mode=mode))
    world.run(until_s=world.now + 0.2)
    assert number(world.messages("DC_ChargeLoopReq")[-1].cl_req_control_mode.ev_target_current) == 5.0


def test_car_stays_in_the_loop_while_the_station_still_tells_current() -> None:
    world = World()
    world.charger.setpoint_w = 0.0
    world.start().run_to(EV, State.DC_CHARGE_LOOP)
    answer = world.messages("DC_ChargeLoopRes")[-1]
    world.freeze(SECC)
    world.vehicle.driver_wish = Wish.STOP
    for amperes in (3.0, -3.0, 3.0, 0.0, 0.0):
        assert world.evcc.state is State.DC_CHARGE_LOOP
        world.inject(EV, replace(answer, evse_present_current=rational(amperes)))
        world.run(until_s=world.now + 0.2)
    assert world.evcc.state is State.POWER_DELIVERY_STOP


def test_contactors_close_only_when_the_outlet_has_the_batterys_voltage() -> None:
    world = World().start().run_to(EV, State.DC_PRE_CHARGE)
    answer = world.messages("DC_PreChargeRes")[-1]
    for voltage, closes in ((379.0, False), (421.0, False), (380.0, True)):
        world.evcc._awaiting = True
        world.inject(EV, replace(answer, evse_present_voltage=rational(voltage)))
        assert bool(world.events(act.SetContactor, EV)) is closes


def test_a_car_is_a_few_lines() -> None:
    vehicle = SimpleVehicle(limits=VehicleLimits(max_charge_current_a=10.0))
    session = EvccSession(vehicle, PHASES)
    (send,) = session.start(0.0)
    assert isinstance(send, act.Send)
    assert session.next_timer() == 2.0
