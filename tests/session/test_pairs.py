"""Every message in every state, main stream and side streams, at both sides: the table's handler, or a refusal.

A regular session is played once to each state of each side; every message of every schema set is then given to a copy
of the session that stands there. What a copy answers is encoded; how a refusal ends is played to the end once per state.
``test_the_pairs_are_all_there_are`` says what "every" means.
"""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Iterator
from typing import Any

import pytest

from iso15118 import exi
from iso15118.messages.iso20.types import V2GRequest, V2GResponse
from iso15118.messages.model import Record
from iso15118.session import actions as act
from iso15118.session.core import FINAL_STATES, Session, State
from iso15118.session.evcc import PHASES, SIDE_PHASES
from iso15118.session.ports import Authorization, IsolationState
from iso15118.session.secc import HANDLERS, SIDE_HANDLERS
from iso15118.session.services import DER_SERVICES, ControlMode, ServiceId
from iso15118.session.side import SIDE_STREAMS
from iso15118.v2gtp import PayloadType
from tests.session.samples import classes, requests, responses, samples, with_session
from tests.session.world import EV, SECC, World, code_key, code_of, encoded

SECC_STATES = list(dict.fromkeys(state for state, _ in HANDLERS))
EV_ONLY = {
    State.METERING_CONFIRMATION,
    State.POWER_DELIVERY_RENEGOTIATION,
    State.POWER_DELIVERY_STANDBY,
    State.POWER_DELIVERY_STOP,
}
EV_PAUSES = [State.AUTHORIZATION, State.SCHEDULE_EXCHANGE, State.DC_CABLE_CHECK, State.DC_PRE_CHARGE]
SIDES = sorted(SIDE_STREAMS)
FINAL = [(SECC, State.POWER_OFF), (SECC, State.CLOSING), (SECC, State.ENDED), (EV, State.POWER_OFF), (EV, State.ENDED)]

each_secc_state = pytest.mark.parametrize("state", SECC_STATES, ids=lambda state: state.value)
each_ev_state = pytest.mark.parametrize("state", list(PHASES), ids=lambda state: state.value)


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


@functools.cache
def played(at: str, state: State) -> World:
    """The same, once for all; only copies of its sessions may receive anything."""
    return world_in(at, state)


def twin(world: World, at: str) -> Any:
    """A copy of one side's session: the same history, what it only reads shared."""
    session = world.session(at)
    shared = (
        "charger",
        "vehicle",
        "config",
        "limits",
        "store",
        "_handlers",
        "_side_handlers",
        "_phases",
        "_side_phases",
    )
    return copy.deepcopy(session, {id(it): it for name in shared if (it := getattr(session, name, None)) is not None})


class Pairs:
    """Collects what is wrong with which message, so that one test names all of its pairs."""

    def __init__(self) -> None:
        self.tried = 0
        self.wrong: list[str] = []

    @contextlib.contextmanager
    def pair(self, *names: Any) -> Iterator[None]:
        """What fails inside is a fault of that pair."""
        self.tried += 1
        try:
            yield
        except Exception as error:  # noqa: BLE001  (whatever it is, it is a fault of this pair)
            self.wrong.append(f"{' '.join(map(str, names))}: {type(error).__name__} {error}")

    def check(self, expected: int) -> None:
        """Nothing was wrong, and so many pairs were tried."""
        assert not self.wrong, "\n".join(self.wrong)
        assert self.tried == expected


def sends(actions: list[act.Action], side: PayloadType | None = None) -> list[Any]:
    """What is sent, on that stream and no other, and encoded as the wire wants it."""
    sent = [action for action in actions if isinstance(action, act.Send)]
    assert all(action.side is side for action in sent)
    return [action.message for action in sent]


def on_the_wire(answer: Record, session: Session) -> None:
    """The codec can write it, and reads the same."""
    key = code_key(answer, session.service_id)
    data = encoded(answer, session.service_id)
    if session.service_id in DER_SERVICES:  # its modes are told apart by the schema set
        assert exi.decode(data, key) == answer


def one_answer(session: Session, request: Record, now: float, side: PayloadType | None = None) -> Any:
    """Never none and never two, in kind, on the stream where it was asked."""
    (answer,) = sends(session.receive(request, now, side), side)
    assert type(answer).__name__ == type(request).__name__.replace("Req", "Res")
    on_the_wire(answer, session)
    return answer


def refused(session: Session, answer: Record, code: str = "FAILED_SequenceError") -> None:
    """By that code; the session ends, and its error says the same."""
    assert code_of(answer) == (code if isinstance(answer, V2GResponse) else "Failed_NoNegotiation")
    assert session.state is State.CLOSING or session.state is State.POWER_OFF
    assert session.error is not None
    assert session.error.response_code == code


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


# --- what "every" means ---


def test_there_is_a_sample_of_every_message() -> None:
    assert set(classes()) == set(samples()) == set(requests()) | set(responses())
    for message in samples().values():
        encoded(message)


def test_every_state_is_in_a_table_or_final() -> None:
    assert set(State) == set(SECC_STATES) | FINAL_STATES | EV_ONLY
    assert set(State) == set(PHASES) | FINAL_STATES
    reachable = {target for rule in HANDLERS.values() for target in rule.to}
    assert reachable == set(SECC_STATES) - {State.SUPPORTED_APP_PROTOCOL} | {State.CLOSING}
    reachable = {target for phase in PHASES.values() for target in phase.to}
    assert reachable == set(PHASES) - {State.SUPPORTED_APP_PROTOCOL} | {State.CLOSING}


def test_the_pairs_are_all_there_are() -> None:
    """Both sides x their states x the streams x all messages; what no test below goes through fails here."""
    everything = {
        *((SECC, state) for state in set(State) - EV_ONLY),
        *((EV, state) for state in set(State) - {State.CLOSING}),  # the car closes at once
    }
    tested = {*((SECC, state) for state in SECC_STATES), *((EV, state) for state in PHASES), *FINAL}
    assert tested == everything
    streams = {kind for kind in PayloadType if kind.value & 0xFF00 == 0x8100}
    assert set(SIDES) == streams - {PayloadType.ACDP_SYSTEM_STATUS}  # no session is told of it before ACDP has sessions
    assert {side for side, _ in SIDE_HANDLERS} | set(SIDE_PHASES) <= set(SIDES)


# --- the main stream ---


@each_secc_state
def test_requests_at_the_station(state: State) -> None:
    world, pairs = played(SECC, state), Pairs()
    for cls in requests():
        with pairs.pair(cls.__name__):
            session = twin(world, SECC)
            answer = one_answer(session, with_session(samples()[cls], session.session_id), world.now)
            rule = HANDLERS.get((state, cls))
            if rule is None:
                refused(session, answer)
            elif code_of(answer).startswith("FAILED"):
                assert session.state in FINAL_STATES
            else:
                assert session.state in rule.to | {State.ENDED}
    pairs.check(len(requests()))


@each_secc_state
def test_responses_at_the_station_end_the_session(state: State) -> None:
    world, pairs = played(SECC, state), Pairs()
    for cls in responses():
        with pairs.pair(cls.__name__):
            session = twin(world, SECC)
            actions = session.receive(with_session(samples()[cls], session.session_id), world.now)
            assert not sends(actions)
            assert session.state in FINAL_STATES
            assert cls.__name__ in str(session.error)
    pairs.check(len(responses()))


@each_ev_state
def test_messages_at_the_car(state: State) -> None:
    world, phase, pairs = played(EV, state), PHASES[state], Pairs()
    for cls in classes():
        with pairs.pair(cls.__name__):
            session = twin(world, EV)
            actions = session.receive(with_session(samples()[cls], session.session_id or bytes(8)), world.now)
            if cls is phase.response:
                # SessionSetupRes with SessionID zero is the one sample that does not fit its own place.
                assert session.state in phase.to | FINAL_STATES
                continue
            assert not sends(actions)
            assert session.state in FINAL_STATES
            assert cls.__name__ in str(session.error)
    pairs.check(len(classes()))


@each_secc_state
def test_a_refusal_at_the_station_ends_safely(state: State) -> None:
    """The way to the end does not depend on what was refused: once with an answer, and once without one."""
    wrong = next(cls for cls in requests() if (state, cls) not in HANDLERS)
    for cls in (wrong, responses()[0]):
        world = world_in(SECC, state)
        world.inject(SECC, with_session(samples()[cls], world.secc.session_id))
        world.run().check_end()
        assert world.secc.state is State.ENDED
        assert world.error(SECC)


@each_ev_state
def test_a_wrong_message_ends_the_car_safely(state: State) -> None:
    wrong = next(cls for cls in classes() if cls is not PHASES[state].response)
    world = world_in(EV, state)
    world.inject(EV, with_session(samples()[wrong], world.evcc.session_id or bytes(8)))
    world.run().check_end()
    assert wrong.__name__ in (world.error(EV) or "")


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


@pytest.mark.parametrize(("at", "state"), FINAL)
def test_messages_in_final_states_are_ignored(at: str, state: State) -> None:
    world = final_world(at, state)
    session = world.session(at)
    before = len(world.log)
    for message in samples().values():
        for side in (None, *SIDES):
            assert session.receive(with_session(message, session.session_id), world.now, side) == []
    assert session.state is state
    assert len(world.log) == before


# --- side streams ---


@each_secc_state
def test_requests_at_the_station_on_side_streams(state: State) -> None:
    """V2G20-459: what has no place there is refused there, by a response in kind, and the session ends.

    The handshake has no response there. What has a place is answered there, and leaves the main stream where it was.
    """
    world, pairs = played(SECC, state), Pairs()
    for side in SIDES:
        for cls in requests():
            with pairs.pair(cls.__name__, "on", side.name):
                session = twin(world, SECC)
                request = with_session(samples()[cls], session.session_id)
                if not issubclass(cls, V2GRequest):
                    assert not sends(session.receive(request, world.now, side), side)
                    assert session.state in FINAL_STATES
                    assert cls.__name__ in str(session.error)
                    continue
                answer = one_answer(session, request, world.now, side)
                rule = SIDE_HANDLERS.get((side, cls))
                if rule is None or state not in rule.states:
                    refused(session, answer)
                elif code_of(answer).startswith("FAILED"):
                    assert session.state in FINAL_STATES
                else:
                    assert session.state is state
                    assert session.error is None
    pairs.check(len(SIDES) * len(requests()))


@each_secc_state
def test_responses_at_the_station_on_side_streams(state: State) -> None:
    world, pairs = played(SECC, state), Pairs()
    for side in SIDES:
        for cls in responses():
            with pairs.pair(cls.__name__, "on", side.name):
                session = twin(world, SECC)
                message = with_session(samples()[cls], session.session_id)
                assert not sends(session.receive(message, world.now, side), side)
                assert session.state in FINAL_STATES
                assert f"{cls.__name__} in state {side.name}" in str(session.error)
    pairs.check(len(SIDES) * len(responses()))


@each_ev_state
def test_messages_at_the_car_on_side_streams(state: State) -> None:
    """Nobody has asked anything there; what an answer does that was asked for, test_side has."""
    world, pairs = played(EV, state), Pairs()
    assert not world.evcc._asked_aside
    for side in SIDES:
        for cls in classes():
            with pairs.pair(cls.__name__, "on", side.name):
                session = twin(world, EV)
                message = with_session(samples()[cls], session.session_id or bytes(8))
                assert not sends(session.receive(message, world.now, side), side)
                assert session.state in FINAL_STATES
                assert f"{cls.__name__} in state {side.name}, which expects nothing" in str(session.error)
    pairs.check(len(SIDES) * len(classes()))


# --- other sessions ---


@pytest.mark.parametrize("state", SECC_STATES[2:], ids=lambda state: state.value)
def test_requests_of_another_session(state: State) -> None:
    world, pairs = played(SECC, state), Pairs()
    own = [cls for cls in requests() if cls.__name__ not in ("SessionSetupReq", "SupportedAppProtocolReq")]
    for foreign in (bytes(8), b"\xff" * 8):
        for side in (None, *SIDES):
            for cls in own:
                with pairs.pair(cls.__name__, foreign.hex(), "on", side):
                    session = twin(world, SECC)
                    answer = one_answer(session, with_session(samples()[cls], foreign), world.now, side)
                    refused(session, answer, "FAILED_UnknownSession")
                    assert answer.header.session_id == world.secc.session_id
    pairs.check(2 * (1 + len(SIDES)) * len(own))


@pytest.mark.parametrize("state", list(PHASES)[2:], ids=lambda state: state.value)
def test_answer_of_another_session(state: State) -> None:
    world = world_in(EV, state)
    actions = world.inject(EV, with_session(samples()[PHASES[state].response], b"\xff" * 8))
    assert not sends(actions)
    world.run().check_end()
    assert "foreign SessionID" in (world.error(EV) or "")


# --- inverters ---


@pytest.fixture(scope="module")
def der_requests() -> list[Record]:
    """One request of each class and kind that only sessions of inverters have."""
    found: dict[type, Record] = {}
    for service in (ServiceId.AC_DER_IEC, ServiceId.AC_DER_SAE):
        for mode in ControlMode:
            world = World(service=service, mode=mode).start().run_to(SECC, State.AC_CHARGE_LOOP)
            for message in world.messages("AC_ChargeParameterDiscoveryReq") + world.messages("AC_ChargeLoopReq"):
                kind = getattr(message, "ac_cpd_req_energy_transfer_mode", None) or message.cl_req_control_mode
                found[type(kind)] = message
    assert len(found) == 6
    return list(found.values())


@pytest.mark.parametrize("state", SECC_STATES[2:], ids=lambda state: state.value)
def test_requests_of_an_inverter_at_the_station(state: State, der_requests: list[Record]) -> None:
    """In a session of another service, or of the other variant, it is refused in words that session can write."""
    world, pairs = played(SECC, state), Pairs()
    for message in der_requests:
        kind = type(getattr(message, "ac_cpd_req_energy_transfer_mode", None))
        with pairs.pair(type(message).__name__, kind.__name__):
            session = twin(world, SECC)
            answer = one_answer(session, with_session(message, session.session_id), world.now)
            if state is State.AC_DER_CHARGE_PARAMETER_DISCOVERY and "der_iec" in repr(kind):
                assert code_of(answer) == "OK"
                continue
            expected = "FAILED" if state is State.AC_CHARGE_LOOP else "FAILED_WrongChargeParameter"
            if (state, type(message)) not in HANDLERS or state is State.SCHEDULE_RENEGOTIATION:
                expected = "FAILED_SequenceError"  # nobody discovers parameters again unless that is an option
            refused(session, answer, expected)
    pairs.check(len(der_requests))
