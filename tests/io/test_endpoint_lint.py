"""What an endpoint does with messages that some deployed codecs can't read: send them, count them, tell them once."""

from __future__ import annotations

import json

import msgspec

from iso15118 import exi
from iso15118.io.endpoint import Endpoint, Transmit
from iso15118.messages.model import Record
from iso15118.session.actions import Send
from iso15118.session.app import Link
from iso15118.session.emitter import EmitterProfile
from iso15118.session.ports import SimpleCharger
from iso15118.session.secc import HANDLERS, SeccConfig, SeccSession
from iso15118.trace import Trace
from tests.exi.samples import CABLE_CHECK_RES, LOOP_RES


def station(lines: list[str], profile: EmitterProfile = EmitterProfile.CONSERVATIVE) -> Endpoint:
    config = SeccConfig(link=Link.LAB_TCP, emitter_profile=profile)
    session = SeccSession(SimpleCharger(), HANDLERS, config=config, random_bytes=bytes, now=0.0)
    return Endpoint(session, at="SECC", trace=Trace(lines.append))


def send(endpoint: Endpoint, message: Record, now: float) -> None:
    (sent,) = endpoint.carry([Send(message)], now)
    assert isinstance(sent, Transmit)
    assert exi.decode(sent.data[8:], "DC") == message


def rows(lines: list[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines]


def test_a_message_outside_is_sent_and_told_once():
    lines: list[str] = []
    endpoint = station(lines)
    for now in (1.0, 2.0, 3.0):
        send(endpoint, LOOP_RES, now)  # its meter has a name beyond ASCII
    warnings = [row for row in rows(lines) if row["kind"] == "warning"]
    (warning,) = warnings
    assert (warning["t"], warning["at"], warning["direction"], warning["name"]) == (
        1.0,
        "SECC",
        "tx",
        "DC_ChargeLoopRes",
    )
    (finding,) = warning["body"]["findings"]  # type: ignore[index]
    assert finding["path"] == "DC_ChargeLoopRes/MeterInfo/MeterID"
    assert finding["rule"] == "plain-text"
    assert finding["fails"].startswith("cbV2G")
    assert endpoint.outside == 3


def test_another_message_is_told_for_itself():
    lines: list[str] = []
    endpoint = station(lines)
    header = msgspec.structs.replace(LOOP_RES.header, signature=None)
    send(endpoint, LOOP_RES, 1.0)
    full = LOOP_RES.receipt.tax_costs * 10
    send(
        endpoint,
        msgspec.structs.replace(
            LOOP_RES, header=header, receipt=msgspec.structs.replace(LOOP_RES.receipt, tax_costs=full)
        ),
        2.0,
    )
    told = [row["body"]["findings"] for row in rows(lines) if row["kind"] == "warning"]  # type: ignore[index]
    assert [[finding["rule"] for finding in findings] for findings in told] == [["plain-text"], ["list-at-maximum"]]


def test_nothing_is_told_of_what_is_inside_nor_to_those_who_left_the_profile():
    inside: list[str] = []
    endpoint = station(inside)
    send(endpoint, CABLE_CHECK_RES, 1.0)
    left: list[str] = []
    tester = station(left, EmitterProfile.FULL)
    send(tester, LOOP_RES, 1.0)
    assert endpoint.outside == tester.outside == 0
    assert {row["kind"] for row in rows(inside + left)} == {"iso15118"}


def test_without_a_trace_it_is_counted():
    endpoint = station([])
    endpoint.trace = None
    send(endpoint, LOOP_RES, 1.0)
    assert endpoint.outside == 1
