"""Every message in every state, on both sides: the table's handler, or the documented refusal."""

from __future__ import annotations

import pytest

from iso15118.messages.iso20.types import V2GRequest
from iso15118.messages.model import Record
from iso15118.session import actions as act
from iso15118.session.core import FINAL_STATES, State
from iso15118.session.evcc import PHASES
from iso15118.session.ports import Authorization, IsolationState
from iso15118.session.secc import HANDLERS
from iso15118.session.services import ControlMode, ServiceId
from tests.session.samples import classes, requests, responses, samples, with_session
from tests.session.world import EV, SECC, World, code_of, encoded

SECC_STATES = list(dict.fromkeys(state for state, _ in HANDLERS))
EV_ONLY = {
    State.METERING_CONFIRMATION,
    State.POWER_DELIVERY_RENEGOTIATION,
    State.POWER_DELIVERY_STANDBY,
    State.POWER_DELIVERY_STOP,
}
EV_PAUSES = [State.AUTHORIZATION, State.SCHEDULE_EXCHANGE, State.DC_CABLE_CHECK, State.DC_PRE_CHARGE]


def world_in(at: str, state: State) -> World:
    """A regular session just before the message that ``state`` expects; of AC where only AC comes there."""
    world = World(encoded=False, towards=state)
    world.charger.setpoint_w = -6_000.0
    world.start()
    if state in (State.POWER_DELIVERY_STOP, State.DC_WELDING_DETECTION, State.SESSION_STOP):
        world.run_to(EV, State.DC_CHARGE_LOOP)
        world.charger.stop = True
    world.run_to(at, state)
    world.encoded = True
    return world


def final_world(at: str, state: State) -> World:
    """A session that has ended, with the other side asleep."""
    world = World(encoded=False)
    world.charger.setpoint_w = -6_000.0
    world.start().run_to(at, State.DC_CHARGE_LOOP).run(until_s=5.0)
    world.current_stuck = state is State.POWER_OFF
    world.freeze(EV if at == SECC else SECC)
    session = world.session(at)
    if state is State.CLOSING:
        assert at == SECC
        world.inject(SECC, with_session(samples()[requests()[0]], session.session_id))
    world.run(until=lambda: session.state is state)
    assert session.state is state
    world.encoded = True
    return world


def sends(actions: list[act.Action]) -> list[Record]:
    return [action.message for action in actions if isinstance(action, act.Send)]


def test_there_is_a_sample_of_every_message() -> None:
    assert set(classes()) == set(samples())
    for message in samples().values():
        encoded(message)


def test_every_state_is_in_a_table_or_final() -> None:
    assert set(State) == set(SECC_STATES) | FINAL_STATES | EV_ONLY
    assert set(State) == set(PHASES) | FINAL_STATES
    reachable = {target for rule in HANDLERS.values() for target in rule.to}
    assert reachable == set(SECC_STATES) - {State.SUPPORTED_APP_PROTOCOL} | {State.CLOSING}
    reachable = {target for phase in PHASES.values() for target in phase.to}
    assert reachable == set(PHASES) - {State.SUPPORTED_APP_PROTOCOL} | {State.CLOSING}


@pytest.mark.parametrize("state", SECC_STATES, ids=lambda state: state.value)
@pytest.mark.parametrize("cls", requests(), ids=lambda cls: cls.__name__)
def test_request_at_the_station(state: State, cls: type[Record]) -> None:
    world = world_in(SECC, state)
    message = with_session(samples()[cls], world.secc.session_id)
    actions = world.inject(SECC, message)
    (answer,) = sends(actions)  # never none, never two; the world has encoded it
    assert type(answer).__name__ == cls.__name__.replace("Req", "Res")
    rule = HANDLERS.get((state, cls))
    if rule is not None:
        if code_of(answer).startswith("FAILED"):
            assert world.secc.state in FINAL_STATES
        else:
            assert world.secc.state in rule.to | {State.ENDED}
        return
    assert code_of(answer) == ("FAILED_SequenceError" if issubclass(cls, V2GRequest) else "Failed_NoNegotiation")
    assert world.secc.state is State.CLOSING
    assert world.secc.error is not None
    assert world.secc.error.response_code == "FAILED_SequenceError"
    world.run().check_safe()
    assert world.secc.state is State.ENDED


@pytest.mark.parametrize("state", SECC_STATES, ids=lambda state: state.value)
@pytest.mark.parametrize("cls", responses(), ids=lambda cls: cls.__name__)
def test_response_at_the_station_ends_the_session(state: State, cls: type[Record]) -> None:
    world = world_in(SECC, state)
    actions = world.inject(SECC, with_session(samples()[cls], world.secc.session_id))
    assert not sends(actions)
    world.run().check_end()
    assert cls.__name__ in (world.error(SECC) or "")


@pytest.mark.parametrize("state", list(PHASES), ids=lambda state: state.value)
@pytest.mark.parametrize("cls", classes(), ids=lambda cls: cls.__name__)
def test_message_at_the_car(state: State, cls: type[Record]) -> None:
    world = world_in(EV, state)
    phase = PHASES[state]
    actions = world.inject(EV, with_session(samples()[cls], world.evcc.session_id or bytes(8)))
    if cls is phase.response:
        # SessionSetupRes with SessionID zero is the one sample that does not fit its own place.
        assert world.evcc.state in phase.to | FINAL_STATES
        return
    assert not sends(actions)
    assert world.evcc.state in FINAL_STATES
    world.run().check_end()
    assert world.error(EV) is not None
    assert cls.__name__ in (world.error(EV) or "")


@pytest.mark.parametrize("state", EV_PAUSES, ids=lambda state: state.value)
def test_answer_that_nobody_asked_for_ends_the_session(state: State) -> None:
    """Between two requests of an Ongoing phase even the right response is out of order."""
    world = World()
    match state:
        case State.AUTHORIZATION:
            world.charger.authorized = Authorization.PENDING
        case State.SCHEDULE_EXCHANGE:
            world.charger.schedule_ready = False
        case State.DC_CABLE_CHECK:
            world.isolation = IsolationState.PENDING
    world.start().run(until=lambda: world.evcc.state is state and not world.evcc._awaiting)
    answer = with_session(samples()[PHASES[state].response], world.evcc.session_id)
    world.inject(EV, answer)
    world.run().check_end()
    assert "expects nothing" in (world.error(EV) or "")


@pytest.mark.parametrize(
    ("at", "state"),
    [(SECC, State.POWER_OFF), (SECC, State.CLOSING), (SECC, State.ENDED), (EV, State.POWER_OFF), (EV, State.ENDED)],
)
def test_messages_in_final_states_are_ignored(at: str, state: State) -> None:
    world = final_world(at, state)
    session = world.session(at)
    before = len(world.log)
    for message in samples().values():
        assert session.receive(with_session(message, session.session_id), world.now) == []
    assert session.state is state
    assert len(world.log) == before


@pytest.mark.parametrize("state", SECC_STATES[2:], ids=lambda state: state.value)
@pytest.mark.parametrize("cls", requests(), ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("foreign", [bytes(8), b"\xff" * 8], ids=["zero", "foreign"])
def test_request_of_another_session(state: State, cls: type[Record], foreign: bytes) -> None:
    if cls.__name__ in ("SessionSetupReq", "SupportedAppProtocolReq"):
        return  # these carry none of their own
    world = world_in(SECC, state)
    mine = world.secc.session_id
    (answer,) = sends(world.inject(SECC, with_session(samples()[cls], foreign)))
    assert type(answer).__name__ == cls.__name__.replace("Req", "Res")
    assert code_of(answer) == "FAILED_UnknownSession"
    assert answer.header.session_id == mine  # type: ignore[attr-defined]
    world.run().check_safe()
    assert world.secc.state is State.ENDED


@pytest.mark.parametrize("state", list(PHASES)[2:], ids=lambda state: state.value)
def test_answer_of_another_session(state: State) -> None:
    world = world_in(EV, state)
    actions = world.inject(EV, with_session(samples()[PHASES[state].response], b"\xff" * 8))
    assert not sends(actions)
    world.run().check_end()
    assert "foreign SessionID" in (world.error(EV) or "")


@pytest.fixture(scope="module")
def der_requests() -> list[Record]:
    """One request of each class and kind that only sessions of inverters have."""
    found: dict[type, Record] = {}
    for service in (ServiceId.AC_DER_IEC, ServiceId.AC_DER_SAE):
        for mode in ControlMode:
            world = World(service=service, mode=mode).start().run(until_s=10.0)
            for message in world.messages("AC_ChargeParameterDiscoveryReq") + world.messages("AC_ChargeLoopReq"):
                kind = getattr(message, "ac_cpd_req_energy_transfer_mode", None) or message.cl_req_control_mode
                found[type(kind)] = message
    assert len(found) == 6
    return list(found.values())


@pytest.mark.parametrize("state", SECC_STATES[2:], ids=lambda state: state.value)
@pytest.mark.parametrize("index", range(6))
def test_request_of_an_inverter_at_the_station(state: State, index: int, der_requests: list[Record]) -> None:
    """In a session of another service, or of the other variant, it is refused in words that session can write."""
    world = world_in(SECC, state)
    message = der_requests[index]
    (answer,) = sends(world.inject(SECC, with_session(message, world.secc.session_id)))
    assert type(answer).__name__ == type(message).__name__.replace("Req", "Res")
    rule = HANDLERS.get((state, type(message)))
    fits = state is State.AC_DER_CHARGE_PARAMETER_DISCOVERY and "der_iec" in repr(
        type(getattr(message, "ac_cpd_req_energy_transfer_mode", None))
    )
    if fits:
        assert code_of(answer) == "OK"
        return
    expected = {State.AC_CHARGE_LOOP: "FAILED"}.get(state, "FAILED_WrongChargeParameter")
    assert code_of(answer) == ("FAILED_SequenceError" if rule is None else expected)
    world.run().check_safe()
    assert world.secc.state is State.ENDED
