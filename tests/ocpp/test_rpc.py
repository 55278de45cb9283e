import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.errors import LocalError
from iso15118.ocpp import rpc
from iso15118.ocpp.rpc import Answered, AnswerRefused, Broken, Called, Failed, Notified, RpcPeer

TIME = "2026-01-01T17:00:00.000Z"


def peer(**options):
    it = RpcPeer("S", frozenset({"Heartbeat", "NotifyPeriodicEventStream", "UpdateDynamicSchedule"}), **options)
    it.connected(0.0)
    return it


def frames(it):
    return [json.loads(text) for text in it.take_frames()]


def test_a_call_its_answer_and_the_next_in_the_queue():
    it = peer()
    assert it.call("Heartbeat", {}, 1.0) == "S1"
    assert it.call("Heartbeat", {}, 1.0) == "S2"
    assert frames(it) == [[2, "S1", "Heartbeat", {}]]
    assert it.next_timer() == 1.0 + rpc.CALL_TIMEOUT_S

    assert it.receive(json.dumps([3, "S1", {"currentTime": TIME}]), 2.0) == [
        Answered("S1", "Heartbeat", {}, {"currentTime": TIME})
    ]
    assert frames(it) == [[2, "S2", "Heartbeat", {}]]


def test_the_peers_call_is_an_event_and_the_answer_a_frame():
    it = peer()
    assert it.receive('[2,"x","Heartbeat",{}]', 0.0) == [Called("x", "Heartbeat", {})]
    it.reply("x", {"currentTime": TIME})
    it.reply("x", {"currentTime": TIME})  # a second answer goes nowhere
    assert frames(it) == [[3, "x", {"currentTime": TIME}]]


def test_a_refusal_and_an_invalid_answer_of_our_own():
    it = peer()
    it.receive('[2,"x","Heartbeat",{}]', 0.0)
    it.refuse("x", "GenericError", "no")
    it.receive('[2,"y","Heartbeat",{}]', 0.0)
    with pytest.raises(LocalError, match="Heartbeat"):
        it.reply("y", {"currentTime": 5})
    assert [frame[:3] for frame in frames(it)] == [[4, "x", "GenericError"], [4, "y", "InternalError"]]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("nonsense", [4, "-1", "RpcFrameworkError"]),
        ("[" * 100_000, [4, "-1", "RpcFrameworkError"]),
        ("{}", [4, "-1", "RpcFrameworkError"]),
        ("[2]", [4, "-1", "RpcFrameworkError"]),
        ('[2,5,"Heartbeat",{}]', [4, "-1", "RpcFrameworkError"]),
        (f'[2,"{"i" * 37}","Heartbeat",{{}}]', [4, "-1", "RpcFrameworkError"]),
        ('[2,"x","Heartbeat"]', [4, "x", "RpcFrameworkError"]),
        ('[2,"x",7,{}]', [4, "x", "RpcFrameworkError"]),
        ('[9,"x","Heartbeat",{}]', [4, "x", "MessageTypeNotSupported"]),
        ('[2,"x","NoSuchThing",{}]', [4, "x", "NotImplemented"]),
        ('[2,"x","Reset",{}]', [4, "x", "NotSupported"]),
        ('[2,"x","Heartbeat",{"a":1}]', [4, "x", "FormatViolation"]),
        ('[2,"x","Heartbeat",[]]', [4, "x", "FormatViolation"]),
        ('[2,"x","UpdateDynamicSchedule",{"chargingProfileId":"1","scheduleUpdate":{}}]', [4, "x", "TypeConstraintViolation"]),
        ('[2,"x","UpdateDynamicSchedule",{}]', [4, "x", "OccurrenceConstraintViolation"]),
    ],
)  # fmt: skip
def test_wrong_calls_are_answered_as_ocpp_j_says(text, answer):
    it = peer()
    (event,) = it.receive(text, 0.0)
    assert isinstance(event, Broken)
    (frame,) = frames(it)
    assert frame[:3] == answer
    assert len(frame) == 5


@pytest.mark.parametrize("text", ['[3,"x"]', '[3,"x",{}]', '[4,"x","GenericError"]', '[4,"-1","a","b",{}]', '[6,"x"]',
                                  '[3,"",{}]', '[6,"x","Heartbeat",{}]', '[6,"x","NotifyPeriodicEventStream",{}]'])  # fmt: skip
def test_what_has_no_answer_gets_none(text):
    it = peer()
    (event,) = it.receive(text, 0.0)
    assert isinstance(event, Broken)
    assert frames(it) == []


def test_a_frame_beyond_the_limit_is_not_even_read():
    it = peer()
    assert isinstance(it.receive(" " * (rpc.MAX_FRAME_BYTES + 1), 0.0)[0], Broken)
    assert frames(it)[0][2] == "RpcFrameworkError"


def test_an_invalid_result_is_told_to_the_peer_and_to_us():
    it = peer()
    it.call("Heartbeat", {}, 0.0)
    it.take_frames()
    (event,) = it.receive('[3,"S1",{}]', 1.0)
    assert isinstance(event, Failed)
    assert event.code == "OccurrenceConstraintViolation"
    assert frames(it)[0][:3] == [5, "S1", "OccurrenceConstraintViolation"]


def test_a_refused_call_and_a_refused_answer():
    it = peer()
    it.call("Heartbeat", {}, 0.0)
    assert it.receive('[4,"S1","GenericError","busy",{}]', 1.0) == [
        Failed("S1", "Heartbeat", {}, "GenericError", "busy")
    ]
    assert it.receive('[5,"x","FormatViolation","odd",{}]', 1.0) == [AnswerRefused("x", "FormatViolation", "odd")]
    assert it.next_timer() is None


def test_send_in_both_directions():
    stream = {"id": 1, "pending": 0, "basetime": TIME, "data": [{"t": 0, "v": "1"}]}
    it, other = peer(), peer()
    it.send("NotifyPeriodicEventStream", stream)
    (text,) = it.take_frames()
    assert other.receive(text, 0.0) == [Notified("NotifyPeriodicEventStream", stream)]
    it.disconnected(1.0)
    it.send("NotifyPeriodicEventStream", stream)
    assert it.take_frames() == []


def test_silence_fails_a_call_and_repeats_a_kept_one():
    it = peer(call_timeout_s=5.0)
    it.call("Heartbeat", {}, 0.0)
    it.call("Heartbeat", {}, 0.0, keep=True)
    assert it.handle_timer(4.9) == []
    (event,) = it.handle_timer(5.0)
    assert isinstance(event, Failed)
    assert (event.call_id, event.code) == ("S1", "Timeout")
    assert [frame[1] for frame in frames(it)] == ["S1", "S2"]
    sent = [5.0]
    for _ in range(40):
        now = it.next_timer()
        assert it.handle_timer(now) == [], "what is kept is never given up"
        if [frame[1] for frame in frames(it)].count("S2"):
            sent.append(now)
    gaps = [later - earlier for earlier, later in itertools.pairwise(sent)]
    assert gaps[:3] == [10.0, 15.0, 20.0], "five seconds for the answer and a pause that grows"
    assert max(gaps) == 5.0 * (1 + rpc.MAX_PATIENCE)


def test_a_kept_call_that_is_never_answered_does_not_block_what_is_not_kept():
    it = peer(call_timeout_s=5.0)
    it.call("Heartbeat", {}, 0.0, keep=True)
    it.call("Heartbeat", {}, 0.0, keep=True)
    it.handle_timer(5.0)
    it.take_frames()
    third = it.call("Heartbeat", {}, 6.0)
    ((_, call_id, *_),) = frames(it)
    assert call_id == third
    it.receive(f'[3,"{third}",{{"currentTime":"2026-01-15T17:00:00Z"}}]', 6.5)
    assert frames(it) == [], "the second kept call keeps its place behind the first"
    it.handle_timer(it.next_timer())
    assert [frame[1] for frame in frames(it)] == ["S1"]
    it.receive('[3,"S1",{"currentTime":"2026-01-15T17:00:00Z"}]', 11.0)
    assert [frame[1] for frame in frames(it)] == ["S2"]


def test_what_is_kept_survives_a_disconnection_in_order_and_the_rest_fails():
    it = peer()
    it.call("Heartbeat", {}, 0.0, keep=True)
    it.call("Heartbeat", {}, 0.0)
    it.call("Heartbeat", {}, 0.0, keep=True)
    it.take_frames()
    assert [event.call_id for event in it.disconnected(1.0)] == ["S2"]
    assert it.next_timer() is None
    it.call("Heartbeat", {}, 2.0, keep=True)
    assert it.take_frames() == []

    sent = []
    it.connected(3.0)
    while texts := it.take_frames():
        (text,) = texts
        sent.append(json.loads(text)[1])
        it.receive(json.dumps([3, sent[-1], {"currentTime": TIME}]), 3.0)
    assert sent == ["S1", "S3", "S4"]


def test_behind_a_closed_gate_only_urgent_calls_go():
    it = peer()
    it.gate_open = False
    it.call("Heartbeat", {}, 0.0, keep=True)
    assert it.take_frames() == []
    it.call("BootNotification", {"reason": "PowerUp", "chargingStation": {"model": "m", "vendorName": "v"}}, 0.0, urgent=True)  # fmt: skip
    assert [frame[2] for frame in frames(it)] == ["BootNotification"]
    it.receive(json.dumps([3, "S2", {"currentTime": TIME, "interval": 60, "status": "Accepted"}]), 1.0)
    assert it.take_frames() == []
    it.open_gate(1.0)
    assert [frame[2] for frame in frames(it)] == ["Heartbeat"]


def test_limits_on_what_waits():
    it = peer(max_queued_calls=2)
    for _ in range(3):  # one goes out, two wait
        it.call("Heartbeat", {}, 0.0)
    with pytest.raises(LocalError, match="no room"):
        it.call("Heartbeat", {}, 0.0)
    for n in range(rpc.MAX_UNANSWERED):
        assert isinstance(it.receive(f'[2,"c{n}","Heartbeat",{{}}]', 0.0)[0], Called)
    assert isinstance(it.receive('[2,"more","Heartbeat",{}]', 0.0)[0], Broken)


def test_our_own_mistakes_are_ours():
    with pytest.raises(LocalError, match="not valid"):
        peer().call("Heartbeat", {"a": 1}, 0.0)
    with pytest.raises(LocalError, match="Nonsense"):
        RpcPeer("S", frozenset({"Nonsense"}))
    with pytest.raises(LocalError, match="prefix"):
        RpcPeer("S" * 25, frozenset())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(
        st.text(max_size=30)
        | json_values.map(json.dumps)
        | st.tuples(
            st.integers(1, 7),
            st.sampled_from(["S1", "x"]) | json_values,
            st.sampled_from(["Heartbeat", "Reset"]) | json_values,
            json_values,
        ).map(json.dumps),
        max_size=5,
    )
)
def test_no_text_of_a_peer_raises(texts):
    it = peer()
    it.call("Heartbeat", {}, 0.0)
    for text in texts:
        it.receive(text, 1.0)
        for frame in it.take_frames():
            json.loads(frame)
