"""The failing link by itself: what is sent becomes what arrives, by count, time and seed."""

from __future__ import annotations

import pytest

from iso15118.v2gtp import FrameReader, PayloadType, frame_bytes
from sim.events import Corrupt, Cut, Delay, Drop, Duplicate
from sim.faults import Arrival, LinkFaults

DATA = frame_bytes(PayloadType.DC, bytes(range(64)))
GOOD = [Arrival(0.0, DATA)]


def send(faults: LinkFaults, count: int = 5, name: str = "DC_ChargeLoopReq") -> list[list[Arrival]]:
    return [faults.carry("station", name, DATA, float(second)) for second in range(count)]


def test_a_good_link_carries_everything() -> None:
    faults = LinkFaults()
    assert send(faults) == [GOOD] * 5
    assert faults.alive(1e9)
    assert faults.hits == []


def test_the_nth_message_that_matches_is_hit_and_as_many_as_asked() -> None:
    faults = LinkFaults([Drop(message="DC_ChargeLoop*", nth=2, count=2)])
    assert faults.carry("station", "SessionSetupReq", DATA, 0.0) == GOOD
    assert send(faults) == [GOOD, [], [], GOOD, GOOD]
    assert faults.hits == [(1.0, "drop DC_ChargeLoopReq"), (2.0, "drop DC_ChargeLoopReq")]


def test_only_the_way_asked_for_is_hit() -> None:
    faults = LinkFaults([Drop(to="car")])
    assert send(faults) == [GOOD] * 5
    assert faults.carry("car", "X", DATA, 9.0) == []


def test_earlier_messages_do_not_count() -> None:
    assert send(LinkFaults([Drop(from_s=2.0)])) == [GOOD, GOOD, [], GOOD, GOOD]


def test_what_is_late_and_what_comes_twice() -> None:
    assert send(LinkFaults([Delay(by_s=0.5)]), 2) == [[Arrival(0.5, DATA)], GOOD]
    assert send(LinkFaults([Duplicate()]), 2) == [GOOD * 2, GOOD]


def test_damage_spares_the_header_and_turns_over_as_many_bits_as_asked() -> None:
    ((arrival,),) = send(LinkFaults([Corrupt(bits=24)], seed=3), 1)
    assert arrival.data[:8] == DATA[:8]
    difference = int.from_bytes(arrival.data, "big") ^ int.from_bytes(DATA, "big")
    assert difference.bit_count() == 24
    (frame,) = FrameReader().feed(arrival.data)
    assert len(frame.payload) == 64


def test_no_more_bits_than_there_are() -> None:
    short = frame_bytes(PayloadType.DC, b"\x00")
    (arrival,) = LinkFaults([Corrupt(bits=100)]).carry("car", "X", short, 0.0)
    assert arrival.data == short[:8] + b"\xff"


def test_a_cut_cable_carries_nothing_any_more() -> None:
    faults = LinkFaults([Cut(at_s=2.0)])
    assert send(faults) == [GOOD, GOOD, [], [], []]
    assert [faults.alive(now) for now in (1.9, 2.0)] == [True, False]


def test_chance_is_drawn_from_the_seed() -> None:
    def pattern(seed: int) -> list[bool]:
        return [bool(each) for each in send(LinkFaults([Drop(count=100, chance=0.5)], seed=seed), 100)]

    assert pattern(1) == pattern(1) != pattern(2)
    assert 30 < sum(pattern(1)) < 70


def test_the_first_fault_that_hits_decides() -> None:
    assert send(LinkFaults([Drop(nth=2), Duplicate(nth=1, count=2)]), 3) == [GOOD * 2, [], GOOD * 2]


@pytest.mark.parametrize("fault", [Drop(), Cut(at_s=0.0)])
def test_whoever_wants_to_know_is_told_of_hits(fault: Drop | Cut) -> None:
    told: list[float] = []
    faults = LinkFaults([fault])
    faults.on_hit = told.append
    send(faults, 2)
    assert told == ([0.0] if isinstance(fault, Drop) else [])
