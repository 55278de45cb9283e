"""The driver over real sockets on ::1: cut bytes, lost peers, silence, and ways to stop."""

import asyncio
import socket

import pytest

from iso15118 import ev, evse, exi
from iso15118.errors import LocalError, SessionError
from iso15118.io.tcp import Connection, address, connect
from iso15118.messages.app import SupportedAppProtocolRes
from iso15118.messages.iso20.common.session_setup import SessionSetupReq, SessionSetupRes
from iso15118.messages.iso20.types import MessageHeader, ResponseCode
from iso15118.session.app import DC_20, Link, offer
from iso15118.v2gtp import SCHEMA_KEYS, Frame, FrameReader, PayloadType, frame_bytes
from tests.io.rig import PACE, Rig, discharge, until

HELLO = frame_bytes(PayloadType.SAP, exi.encode(offer((DC_20,), Link.LAB_TCP), "AppProtocol"))
SETUP = frame_bytes(
    PayloadType.COMMON_MESSAGES,
    exi.encode(
        SessionSetupReq(header=MessageHeader(session_id=bytes(8), time_stamp=0), evcc_id="WMIEVBPT0000001"),
        "CommonMessages",
    ),
)


async def raw(rig: Rig) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A peer without manners."""
    return await asyncio.open_connection("::1", rig.station.port)


async def answers(reader: asyncio.StreamReader, count: int | None = None) -> list[object]:
    """So many messages; without a count all until the connection ends."""
    frames: list[Frame] = []
    splitter = FrameReader()
    async with asyncio.timeout(60):
        while count is None or len(frames) < count:
            data = await reader.read(65536)
            if not data:
                break
            frames += splitter.feed(data)
    return [exi.decode(frame.payload, SCHEMA_KEYS[frame.payload_type]) for frame in frames]


async def test_a_session_from_end_to_end():
    rig = Rig()
    async with rig.station:
        car = await discharge(rig, rig.car())
        rig.vehicle.driver_wish = ev.Wish.STOP
        ended = await asyncio.gather(rig.station.session(), car)

    assert ended == [evse.Ended("SessionStop", None)] * 2
    assert rig.exported_wh() > 0
    assert rig.vehicle.car.battery.battery_out_wh > 0
    await rig.check_off()
    await rig.check_car_open()


async def test_time_spent_on_an_answer_is_counted_by_the_wall_clock():
    """TI-03: with a limit that nobody can meet every answer is late, and the session goes on all the same."""
    rig = Rig(timers=PACE | {"SECC_PERFORMANCE": 1e-9})
    async with rig.station:
        car = await discharge(rig, rig.car())
        rig.vehicle.driver_wish = ev.Wish.STOP
        ended = await asyncio.gather(rig.station.session(), car)
    assert ended == [evse.Ended("SessionStop", None)] * 2
    late = [action for at, action in rig.seen if isinstance(action, evse.Late) and at == "SECC"]
    assert {action.limit for action in late} >= {"SECC_PERFORMANCE"}
    assert {"SessionSetupReq", "ServiceDetailReq"} <= {action.message for action in late}


async def test_frames_may_arrive_in_pieces():
    rig = Rig()
    async with rig.station:
        reader, writer = await raw(rig)
        for index in range(len(HELLO)):
            writer.write(HELLO[index : index + 1])
            await writer.drain()
            await asyncio.sleep(0)
        (answer,) = await answers(reader, 1)
        writer.close()
    assert isinstance(answer, SupportedAppProtocolRes)


async def test_frames_may_arrive_together():
    """Each is answered in its turn; the third is out of order, so the session ends with an answer in kind."""
    rig = Rig(timers={"SECC_CLOSE": 0.1})
    async with rig.station:
        reader, writer = await raw(rig)
        writer.write(HELLO + SETUP + SETUP)
        got = await answers(reader)
        ended = await rig.station.session()
        writer.close()
    assert [type(answer) for answer in got] == [SupportedAppProtocolRes, SessionSetupRes, SessionSetupRes]
    assert got[2].response_code is ResponseCode.FAILED_SequenceError
    assert "SessionSetupReq" in str(ended.error)


async def test_a_frame_is_one_write_without_delay(monkeypatch):
    rig = Rig()
    writes: list[bytes] = []
    original = Connection._write

    def write(self: Connection, data: bytes) -> None:
        sock = self._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        writes.append(data)
        original(self, data)

    monkeypatch.setattr(Connection, "_write", write)
    async with rig.station:
        reader, writer = await raw(rig)
        writer.write(HELLO + SETUP)
        await answers(reader, 2)
        writer.close()
    assert len(writes) == 2
    for data in writes:
        assert len(FrameReader().feed(data)) == 1


async def test_a_peer_that_closes_while_discharging():
    rig = Rig()
    async with rig.station:
        car = await discharge(rig, rig.car())
        rig.station._connection._transport.abort()
        station = await rig.station.session()
        await rig.check_off()
        there = await car
    assert "lost" in str(station.error) or "closed" in str(station.error)
    assert there.error is not None
    await rig.check_car_open()


async def test_garbage_while_discharging():
    rig = Rig()
    async with rig.station:
        connection = rig.car()
        car = await discharge(rig, connection)
        connection._connection._transport.write(b"\x00garbage" * 4)
        station = await rig.station.session()
        await rig.check_off()
        await car
    assert "V2GTP header" in str(station.error)


async def test_a_peer_that_stays_silent():
    rig = Rig(timers={"SECC_SEQUENCE": 0.2})
    async with rig.station:
        reader, writer = await raw(rig)
        writer.write(HELLO)
        ended = await rig.station.session()
        assert await answers(reader)  # what was said, then the end of the stream
        writer.close()
    assert "SECC_SEQUENCE: nothing within 0.2 s" in str(ended.error)


async def test_a_station_that_stays_silent():
    rig = Rig()
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "::1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        ended = await rig.car(port=port, timers=PACE | {"EVCC_MESSAGE": 0.2}).session()
    assert "EVCC_MESSAGE: nothing within 0.2 s" in str(ended.error)


async def test_cancelling_a_station_switches_off_first():
    rig = Rig()
    serving = asyncio.create_task(rig.station.serve())
    await until(lambda: rig.station.port != 0)
    car = await discharge(rig, rig.car())

    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving

    await rig.check_off()
    assert rig.ended("SECC").error == "stopped on our side"
    assert (await car).error is not None
    with pytest.raises(SessionError, match="no station at"):
        await rig.car().session()


async def test_cancelling_a_car_opens_its_contactor_and_the_station_follows():
    rig = Rig()
    async with rig.station:
        car = await discharge(rig, rig.car())
        car.cancel()
        with pytest.raises(asyncio.CancelledError):
            await car
        assert rig.ended("EV").error == "stopped on our side"
        await rig.station.session()
        await rig.check_off()
    await rig.check_car_open()


async def test_leaving_an_open_station_ends_its_session():
    rig = Rig()
    async with rig.station:
        car = await discharge(rig, rig.car())
    assert rig.ended("SECC").error == "the station is switched off"
    await rig.check_off()
    await car


async def test_an_error_of_the_user_ends_the_session_safely():
    rig = Rig()

    def apply(action: evse.Action, now: float) -> None:
        rig.at_station(action, now)
        if isinstance(action, evse.LoopSeen) and action.current_a < -5:
            raise ZeroDivisionError("a slip of the hand")

    rig.station._apply = apply
    async with rig.station:
        car = asyncio.create_task(rig.car().session())
        with pytest.raises(ZeroDivisionError, match="slip"):
            await rig.station.session()
        await rig.check_off()
        await car


async def test_a_port_that_raises_ends_the_session_safely():
    rig = Rig()
    async with rig.station:
        car = await discharge(rig, rig.car())
        rig.outlet.target_w = lambda now: 1 / 0
        with pytest.raises(ZeroDivisionError):
            await rig.station.session()
        await rig.check_off()
        await car


async def test_an_emergency_stop_needs_no_message():
    rig = Rig()
    async with rig.station:
        car = await discharge(rig, rig.car())
        rig.outlet.emergency_stop = True
        rig.station.wake()
        ended = await rig.station.session()
        await rig.check_off()
        await car
    assert ended.error == "emergency stop"


async def test_one_outlet_one_session():
    rig = Rig()
    async with rig.station:
        _, first = await raw(rig)
        await until(lambda: rig.station.busy)
        reader, second = await raw(rig)
        assert await answers(reader) == []
        first.close()
        second.close()
        await until(lambda: not rig.station.busy)


@pytest.mark.parametrize(
    ("host", "port", "complaint"),
    [
        ("127.0.0.1", 1, "no IPv6 address"),
        ("localhost", 1, "no IPv6 address"),
        ("::1", 65536, "port 65536"),
        ("fe80::1%nowhere0", 1, "no network interface 'nowhere0'"),
    ],
)
def test_addresses_that_are_none(host, port, complaint):
    with pytest.raises(LocalError, match=complaint):
        address(host, port)


def test_an_address_keeps_its_zone():
    index = socket.if_nametoindex("lo")
    assert address("fe80::1%lo", 7) == ("fe80::1", 7, 0, index)
    assert address(f"fe80::1%{index}", 7) == ("fe80::1", 7, 0, index)
    assert address("::1", 7) == ("::1", 7, 0, 0)


async def test_a_port_that_is_taken():
    rig = Rig()
    async with rig.station:
        with pytest.raises(LocalError, match="can't listen"):
            async with Rig(port=rig.station.port).station:
                pass


async def test_a_connection_stopped_before_it_stands():
    rig = Rig()
    async with rig.station:
        connection = Connection(rig.car()._begin, rig.at_car, clock=rig.clock)
        connection.stop("never mind")
        await connect(connection, "::1", rig.station.port)
        assert (await connection.wait()).error == "never mind"


async def test_a_peer_that_does_not_read_counts_as_lost():
    rig = Rig()
    async with rig.station:
        _, writer = await raw(rig)
        await until(lambda: rig.station.busy and rig.station._connection.endpoint is not None)
        rig.station._connection._write(bytes(1 << 24))  # more than both systems hold for a reader that does not read
        writer.write(HELLO)
        ended = await rig.station.session()
        writer.close()
    assert "connection" in str(ended.error)
