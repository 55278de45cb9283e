"""SDP over UDP on ::1, by unicast: loopback delivers no multicast."""

import asyncio
import ipaddress
import socket

import pytest

from iso15118.errors import LocalError, SessionError
from iso15118.io.clock import Clock
from iso15118.io.sdp import discover, link_local, open_responder
from iso15118.sdp import Endpoint, SdpServer, Security
from tests.io.rig import Rig

THERE = Endpoint(ipaddress.IPv6Address("::1"), 4711)


async def test_a_car_finds_a_station():
    clock = Clock()
    transport, port = await open_responder(SdpServer({Security.NONE: THERE}), clock, host="::1", port=0)
    try:
        assert await discover(clock, Security.NONE, host="::1", port=port) == ("::1", 4711)
    finally:
        transport.close()


async def test_garbage_is_passed_over_and_a_busy_outlet_stays_silent():
    clock, busy = Clock(), [True]
    transport, port = await open_responder(
        SdpServer({Security.NONE: THERE}), clock, host="::1", port=0, busy=lambda: busy[0]
    )
    try:
        noise, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, family=socket.AF_INET6
        )
        noise.sendto(b"noise", ("::1", port))
        search = asyncio.create_task(discover(clock, Security.NONE, host="::1", port=port))
        assert not (await asyncio.wait((search,), timeout=0.3))[0]
        busy[0] = False
        assert await search == ("::1", 4711)
        noise.close()
    finally:
        transport.close()


async def test_a_security_that_was_not_asked_for(monkeypatch):
    monkeypatch.setattr("iso15118.sdp.MAX_REQUESTS", 2)
    clock = Clock()
    transport, port = await open_responder(SdpServer({Security.TLS: THERE}), clock, host="::1", port=0)
    try:
        with pytest.raises(SessionError, match="offers TLS"):
            await discover(clock, Security.NONE, host="::1", port=port)
    finally:
        transport.close()


async def test_a_search_needs_one_place():
    with pytest.raises(LocalError, match="name one of the two"):
        await discover(Clock(), Security.NONE)
    with pytest.raises(LocalError, match="name one of the two"):
        await discover(Clock(), Security.NONE, host="::1", interface="lo")
    with pytest.raises(LocalError, match="no network interface 'nowhere0'"):
        await discover(Clock(), Security.NONE, interface="nowhere0")


async def test_a_port_that_is_taken():
    clock, server = Clock(), SdpServer({Security.NONE: THERE})
    transport, port = await open_responder(server, clock, host="::1", port=0)
    try:
        with pytest.raises(LocalError, match="can't answer SDP"):
            await open_responder(server, clock, host="::1", port=port)
        with pytest.raises(LocalError, match="can't answer SDP"):
            async with Rig(sdp_port=port).station:
                pass
    finally:
        transport.close()


def test_loopback_has_no_link_local_address():
    with pytest.raises(LocalError, match="no link-local"):
        link_local("lo")
