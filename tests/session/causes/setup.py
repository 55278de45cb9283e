"""Causes from the handshake to the schedules."""

from __future__ import annotations

from typing import Any

from iso15118.messages.app import AppProtocol, SupportedAppProtocolReq
from iso15118.messages.iso20 import dc
from iso15118.messages.iso20.common.authorization import Authorization as Way
from iso15118.messages.iso20.common.authorization import EIM_AReqAuthorizationMode
from iso15118.messages.iso20.common.service import SelectedService, SelectedServiceList
from iso15118.messages.iso20.common.vehicle_check import VehicleCheckInReq
from iso15118.messages.model import Record
from iso15118.session.app import Link
from iso15118.session.core import FINAL_STATES, State
from iso15118.session.ports import Authorization, Wish
from iso15118.session.quantities import rational
from iso15118.session.services import ControlMode, ServiceId
from iso15118.session.side import Stream
from iso15118.session.timers import Limits
from iso15118.v2gtp import PayloadType
from tests.session.causes.table import AC_LOOP, LOOP, causes, hears, of_ac, says, scheduled
from tests.session.samples import samples, with_session
from tests.session.secc.asking import heard, mode_with, replace, told
from tests.session.world import EV, SECC, World, code_of

# --- handshake and session ---


def offering(namespace: str, minor: int = 0, world: World | None = None) -> World:
    world = world or World()
    entry = AppProtocol(
        protocol_namespace=namespace, version_number_major=1, version_number_minor=minor, schema_id=1, priority=1
    )
    world.inject(SECC, SupportedAppProtocolReq(app_protocol=(entry,)))
    return world


DC_NAMESPACE = "urn:iso:std:iso:15118:-20:DC"
causes("SupportedAppProtocol", "a protocol in common")(lambda: offering(DC_NAMESPACE))
causes("SupportedAppProtocol", "a protocol in common whose minor version differs")(lambda: offering(DC_NAMESPACE, 7))
causes("SupportedAppProtocol", "no protocol in common")(lambda: offering("urn:example:another"))


@causes("SupportedAppProtocol", "a link without TLS 1.3, and no lab option for it")
def plain_link() -> World:
    world = World()
    world.secc.config = replace(world.secc.config, link=Link.TCP)
    return offering(DC_NAMESPACE, world=world)


causes("SessionSetup", "a new session")(lambda: World().start().run_to(SECC, State.AUTHORIZATION_SETUP))
causes("any", "what the session expects, and nothing against it")(lambda: World().start().run_to(SECC, LOOP))


def coming_back(**options: Any) -> World:
    first = World()
    first.at(20.0, lambda: setattr(first.vehicle, "driver_wish", Wish.PAUSE)).start().run().check_end()
    first.vehicle.driver_wish = Wish.ENERGY
    world = World(after=first, **options).start()
    return world.run(until=lambda: bool(world.messages("SessionSetupRes")))


causes("SessionSetup", "a paused session, asked for by the same vehicle")(coming_back)
causes("SessionSetup", "a paused session, asked for by another vehicle")(
    lambda: coming_back(binding={EV: b"the vehicle's certificate", SECC: b"another"})
)
hears("any", "the SessionID in the header is another one", LOOP, lambda request: with_session(request, b"\xff" * 8))


def aside(session_id: bytes | None = None) -> World:
    world = World().start().run_to(SECC, LOOP)
    request = with_session(samples()[VehicleCheckInReq], session_id or world.secc.session_id)
    world.inject(SECC, request, PayloadType.PARKING_STATUS)
    return world


causes("any", "the SessionID of a message on a side stream is another one")(lambda: aside(b"\xff" * 8))
causes("any", "a message on a side stream that has no place there")(aside)
hears(
    "any",
    "a message that is not expected now",
    State.SERVICE_DETAIL,
    lambda request: with_session(samples()[dc.DC_CableCheckReq], request.header.session_id),
)


@causes("any", "an emergency stop at the station")
def emergency() -> World:
    world = World().start().run_to(SECC, LOOP)
    world.charger.stage = replace(world.charger.stage, emergency_stop=True)
    return world.run().check_end()


@causes("any", "the station wants to end before energy flows")
def wants_to_end() -> World:
    world = World().start().run_to(SECC, State.SERVICE_DISCOVERY)
    world.charger.stop = True
    return world.run().check_end()


# --- authorization and services ---

says(
    "Authorization",
    "a service of authorization that was not offered",
    State.AUTHORIZATION,
    selected_authorization_service=Way.PnC,
    eim_a_req_authorization_mode=EIM_AReqAuthorizationMode(),
)


@causes("Authorization", "external means refuse")
def card_refused() -> World:
    world = World()
    world.charger.authorized = Authorization.REJECTED
    told(world, State.AUTHORIZATION)
    return world


@causes("Authorization", "external means have said nothing within SECC_ONGOING_EIM")
def no_card() -> World:
    world = World(evcc_limits=Limits({"EVCC_ONGOING_AUTHORIZATION": 1_000.0}))
    world.charger.authorized = Authorization.PENDING
    return world.start().run().check_end()


def offers(*services: int) -> World:
    world = World()
    world.charger.offered_services = services
    return world


says("ServiceDiscovery", "nothing to offer on this protocol", State.SERVICE_DISCOVERY, lambda: offers(1, 5))
says("ServiceDetail", "a service that was not offered", State.SERVICE_DETAIL, service_id=5)


@causes("ServiceDetail", "details asked for over and over")
def details() -> World:
    world = World().start().run_to(SECC, State.SERVICE_DETAIL)
    request = world.messages("ServiceDetailReq")[-1]
    while world.secc.state not in FINAL_STATES:
        world.inject(SECC, request)
    return world


says(
    "ServiceSelection",
    "no energy service that was offered",
    State.SERVICE_SELECTION,
    selected_energy_transfer_service=SelectedService(service_id=1, parameter_set_id=1),
)
says(
    "ServiceSelection",
    "an unknown parameter set",
    State.SERVICE_SELECTION,
    selected_energy_transfer_service=SelectedService(service_id=6, parameter_set_id=77),
)
says(
    "ServiceSelection",
    "a value-added service that was not offered",
    State.SERVICE_SELECTION,
    selected_vas_list=SelectedServiceList(selected_service=(SelectedService(service_id=65, parameter_set_id=1),)),
)


# --- parameters and schedules ---


@causes("DC_ChargeParameterDiscovery", "parameters of another service")
def of_another_service() -> World:
    other = World(service=ServiceId.DC).start().run_to(SECC, State.DC_CHARGE_PARAMETER_DISCOVERY)
    mode = other.messages()[-1].dc_cpd_req_energy_transfer_mode
    world = World()
    told(world, State.DC_CHARGE_PARAMETER_DISCOVERY, dc_cpd_req_energy_transfer_mode=mode)
    return world


def below_zero(request: Any) -> Record:
    return mode_with(request, ev_maximum_charge_power=rational(-10.0))


hears("DC_ChargeParameterDiscovery", "a limit below zero", State.DC_CHARGE_PARAMETER_DISCOVERY, below_zero)
hears("AC_ChargeParameterDiscovery", "a limit below zero", State.AC_CHARGE_PARAMETER_DISCOVERY, below_zero, of_ac)
hears("DC_ChargeLoop", "a charge limit below zero", LOOP, below_zero)
hears("AC_ChargeLoop", "a charge limit below zero", AC_LOOP, below_zero, of_ac)


def impossible_reactive(request: Any) -> Record:
    limits = request.ac_cpd_req_energy_transfer_mode.ev_reactive_power_limits
    wrong = replace(limits, ev_maximum_charge_reactive_power=rational(-1.0))
    return mode_with(request, ev_reactive_power_limits=wrong)


hears(
    "AC_ChargeParameterDiscovery",
    "reactive limits of an inverter that can't be",
    State.AC_DER_CHARGE_PARAMETER_DISCOVERY,
    impossible_reactive,
    lambda: World(service=ServiceId.AC_DER_IEC),
)


def contradicting(request: Any) -> Record:
    mode = replace(request.dynamic_se_req_control_mode, minimum_soc=80, target_soc=70)
    return replace(request, dynamic_se_req_control_mode=mode)


hears("ScheduleExchange", "needs that contradict each other", State.SCHEDULE_EXCHANGE, contradicting)


@causes("ScheduleExchange", "needs of the other control mode")
def other_needs() -> World:
    request = World(mode=ControlMode.SCHEDULED).start().run_to(SECC, State.SCHEDULE_EXCHANGE).messages()[-1]
    world = World()
    heard(world, State.SCHEDULE_EXCHANGE, lambda own: with_session(request, own.header.session_id))
    return world


@causes("ScheduleExchange", "no schedule to offer")
def no_schedule() -> World:
    world = scheduled()
    world.charger.schedule = ()
    world.charger.schedules = lambda needs, now: ()  # type: ignore[method-assign]
    told(world, State.SCHEDULE_EXCHANGE)
    return world


def renegotiating(stream: Stream, **secc: Any) -> World:
    """The car wants another schedule after 8 s, and the station has none."""
    world = scheduled(evcc={"renegotiation_stream": stream}, secc=secc).start().run(until_s=8.0)
    world.when("ScheduleExchangeReq", lambda: setattr(world.charger, "schedules", lambda needs, now: ()))
    world.vehicle.needs_number += 1
    name = "ScheduleExchangeRes" if not secc else "PowerDeliveryRes"
    before = len(world.messages(name))
    answers = lambda: [code_of(each) for each in world.messages(name)[before:]]  # noqa: E731
    return world.run(until=lambda: any(code != "OK" for code in answers()))


causes("ScheduleExchange", "no schedule to offer in a renegotiation out of the loop")(
    lambda: renegotiating(Stream.MAIN)
)
causes("ScheduleExchange", "no schedule to offer in a renegotiation beside the loop")(
    lambda: renegotiating(Stream.SIDE)
)
causes("PowerDelivery", "schedule renegotiation of a station that does not")(
    lambda: renegotiating(Stream.MAIN, schedule_renegotiation=False)
)
