"""Real frames, damaged: they are answered or ignored, and never raise."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.control import SetDynamic, SetProfile, UpdateSetpoint
from tests.ocpp.pair import UNIX, Pair, Quiet

DECISIONS = (SetProfile(periods=((UNIX, -7000.0), (UNIX + 600, 0.0))), SetDynamic(setpoint_w=-1.0, valid_to_s=UNIX + 99),
             UpdateSetpoint(setpoint_w=-2.0))  # fmt: skip


def fresh():
    return Pair(Quiet(*DECISIONS)).connect()


def played():
    pair = fresh().plug_in()
    pair.station.energy_flow(1, True, 0.0)
    pair.run_until(400.0)
    pair.csms.request_stop("CS-1", pair.view.transaction_id, 400.0)
    pair.exchange()
    pair.station.end_session(1, "SessionStop", 400.0)
    return pair.exchange().frames


FRAMES = played()
STRANGE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5), st.just([]), st.just({}), st.sampled_from(["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]),
)  # fmt: skip


def damage(data, frame):
    """Replace, remove or double one place."""
    frame = copy.deepcopy(frame)
    place = frame
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return frame
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and data.draw(st.booleans()):
            place = place[key]
            continue
        match data.draw(st.sampled_from(["replace", "remove", "double"])):
            case "replace":
                place[key] = data.draw(STRANGE)
            case "remove":
                del place[key]
            case _ if isinstance(place, list):
                place.insert(key, place[key])
            case _:
                place[f"{key}_L2"] = place[key]
        return frame


@pytest.mark.parametrize("sender", ["station", "csms"])
@settings(max_examples=150)
@given(data=st.data())
def test_a_damaged_frame_never_raises(sender, data):
    pair = fresh().plug_in()
    frames = [frame for who, frame in FRAMES if who == sender]
    text = json.dumps(damage(data, data.draw(st.sampled_from(frames))))
    if sender == "station":
        pair.csms.receive("CS-1", text, 1.0)
    else:
        pair.station.receive(text, 1.0)
        pair.station.target(1, 2.0)
        pair.station.next_timer()
    pair.exchange()


@pytest.mark.parametrize("sender", ["station", "csms"])
def test_frames_cut_short_never_raise(sender):
    pair = fresh().plug_in()
    for text in (json.dumps(frame) for who, frame in FRAMES if who == sender):
        for cut in range(0, len(text), 7):
            if sender == "station":
                pair.csms.receive("CS-1", text[:cut], 1.0)
            else:
                pair.station.receive(text[:cut], 1.0)
