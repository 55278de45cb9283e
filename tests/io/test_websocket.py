"""Real websockets on ::1. Every wait is for an event; the limit is only there so that a fault ends."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

from iso15118.errors import OcppError
from iso15118.io.clock import Clock
from iso15118.io.websocket import SUBPROTOCOL, BackEndServer, StationLink
from iso15118.ocpp.station import ChargingStation, MeterSample, Target
from sim.control import SetDynamic
from sim.csms import Csms
from tests.ocpp.pair import METER, NEEDS, Quiet

LIMIT_S = 60.0


class Site:
    """A station and its link; ``until`` waits for something to become true."""

    def __init__(self, url, station_id="CS-1"):
        self.clock = Clock()
        self.station = ChargingStation(station_id, id_token="card", unix_offset_s=self.clock.unix_offset_s())
        self.news = asyncio.Event()
        self.link = StationLink(
            self.station, url, clock=self.clock, before_timer=self.measure, changed=self.tell, reconnect_s=(0.0, 0.01)
        )
        self.meter = METER

    def measure(self, now):
        self.station.measure(1, self.meter, now)

    def tell(self, _now):
        self.news.set()

    async def until(self, predicate):
        async with asyncio.timeout(LIMIT_S):
            while not predicate():
                self.news.clear()
                self.link.wake()
                await self.news.wait()

    async def plug_in(self):
        self.station.plug_in(1, self.clock.now())
        self.station.set_evcc_id(1, "CAR", self.clock.now())
        self.station.request_authorization(1, self.clock.now())
        await self.until(lambda: self.station.transaction_id(1) is not None)
        self.station.charging_needs(1, NEEDS, self.clock.now())
        await self.until(lambda: self.station.needs_answered(1, self.clock.now()))


@asynccontextmanager
async def running(site):
    task = asyncio.create_task(site.link.run())
    try:
        yield site
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def back_end():
    clock = Clock()
    csms = Csms(Quiet(SetDynamic(setpoint_w=-7000.0)), tokens={"card"}, unix_offset_s=clock.unix_offset_s())
    return BackEndServer(csms, clock=clock, known=lambda name: name.startswith("CS-"))


def url(port):
    return f"ws://[::1]:{port}/ocpp"


async def test_a_whole_authorization_and_a_set_point_over_the_wire():
    server = back_end()
    async with server.listen() as port, running(Site(url(port))) as site:
        await site.plug_in()
        assert site.station.online
        assert site.station.target(1, site.clock.now()).setpoint_w == -7000.0

        (view,) = server.back_end.transactions("CS-1")
        server.back_end.request_stop("CS-1", view.transaction_id, server.clock.now())
        server.wake()
        await site.until(lambda: site.station.stop_requested(1))


async def test_a_back_end_that_goes_away_and_comes_back_misses_nothing():
    server = back_end()
    async with server.listen() as port, running(Site(url(port))) as site:
        await site.plug_in()
        connection, gone = server._live["CS-1"]
        await connection.close(1012)
        async with asyncio.timeout(LIMIT_S):
            await gone.wait()
        site.station.energy_flow(1, True, site.clock.now())
        site.station.measure(1, MeterSample(import_wh=1_000_000, export_wh=50_500), site.clock.now())
        site.station.end_session(1, "SessionStop", site.clock.now())
        (view,) = server.back_end.transactions("CS-1")
        await site.until(lambda: view.ended_s is not None)
        assert server.back_end.registers("CS-1") == ((1_000_000, 50_000), (1_000_000, 50_500))
        assert view.seq_nos == set(range(len(view.seq_nos)))
        assert site.station.target(1, site.clock.now()) == Target()


async def test_a_server_that_is_not_there_yet_is_found_later():
    server = back_end()
    async with server.listen() as port:
        pass
    async with running(Site(url(port))) as site, server.listen(port=port):
        await site.until(lambda: site.station.online)


async def test_two_stations_at_one_back_end():
    server = back_end()
    async with server.listen() as port, running(Site(url(port))) as one, running(Site(url(port), "CS-2")) as two:
        await one.plug_in()
        await two.plug_in()
        assert len(server.back_end.transactions("CS-1")) == len(server.back_end.transactions("CS-2")) == 1


async def test_a_newer_connection_replaces_an_older_one():
    server = back_end()
    async with server.listen() as port, connect(f"{url(port)}/CS-9", subprotocols=[SUBPROTOCOL]) as old:
        await old.send('[2,"a","Heartbeat",{}]')
        assert json.loads(await old.recv())[0] == 3
        async with connect(f"{url(port)}/CS-9", subprotocols=[SUBPROTOCOL]) as new:
            with pytest.raises(ConnectionClosed):
                await old.recv()
            await new.send('[2,"b","Heartbeat",{}]')
            assert json.loads(await new.recv())[:2] == [3, "b"]


@pytest.mark.parametrize(
    ("path", "protocols", "status"),
    [("/ocpp/XX-1", ["ocpp2.1"], 404), ("/CS-1", ["ocpp2.1"], 404), ("/ocpp/CS-1", ["ocpp1.6"], 400),
     ("/ocpp/CS-1", None, 400), (f"/ocpp/CS-{'1' * 50}", ["ocpp2.1"], 404)],
)  # fmt: skip
async def test_strangers_are_turned_away(path, protocols, status):
    async with back_end().listen() as port:
        with pytest.raises(InvalidStatus) as raised:
            await connect(f"ws://[::1]:{port}{path}", subprotocols=protocols)
        assert raised.value.response.status_code == status


@pytest.mark.parametrize(("message", "code"), [(b"binary", 1003), ("x" * (1 << 20 | 1), 1009)], ids=["bytes", "large"])
async def test_what_is_no_ocpp_ends_the_connection(message, code):
    async with back_end().listen() as port, connect(f"{url(port)}/CS-1", subprotocols=[SUBPROTOCOL]) as connection:
        await connection.send(message)
        with pytest.raises(ConnectionClosed) as raised:
            await connection.recv()
        assert raised.value.rcvd.code == code


async def test_a_back_end_of_another_protocol_is_refused_for_good():
    async def anything(connection):
        await connection.wait_closed()

    async with serve(anything, "::1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(OcppError, match=r"ocpp2\.1"):
            async with asyncio.timeout(LIMIT_S):
                await Site(url(port)).link.run()
    with pytest.raises(OcppError, match="no address"):
        await Site("http://nowhere").link.run()
