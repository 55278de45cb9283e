"""Firmware on a Unix socket: a whole session by lines of JSON, inputs in any state, firmware that dies."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from iso15118.errors import LocalError
from iso15118.ev import Car, SimpleVehicle
from iso15118.evse import Station
from iso15118.io.sidecar import serve_ev, serve_evse
from iso15118.session.actions import Action, LoopSeen
from iso15118.session.ports import Battery, Wish
from iso15118.sidecar import MAX_LINE
from tests.io.rig import PACE, Rig

LAB: dict[str, Any] = {"lab_plain_tcp": True, "timer_profile": "lab", "timers": PACE}
FED_S = 5.0
"""Silence that a loaded machine does not reach between two lines of a live firmware."""


class FirmwareClient:
    """An outlet's (or a car's) firmware: follows desired states at once, and keeps what it was told."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.lines: list[dict[str, Any]] = []
        self.news = asyncio.Event()
        self.closed = False
        self.outlet = True
        self.stage: dict[str, Any] = {"isolation": "valid"}
        self.react: Callable[[dict[str, Any]], object] = lambda line: None

    def set(self, **values: object) -> None:
        self.send({"set": values})

    def send(self, message: object) -> None:
        self.writer.write(json.dumps(message).encode() + b"\n")

    async def run(self) -> None:
        with suppress(ConnectionError):  # what was said last found nobody
            while data := await self.reader.readline():
                line = json.loads(data)
                self.lines.append(line)
                self.news.set()
                self.react(line)
                if self.outlet:
                    self._follow(line.get("do", {}))
        self.closed = True
        self.news.set()

    def _follow(self, do: dict[str, Any]) -> None:
        if "SetContactor" in do:
            self.stage["contactor_closed"] = do["SetContactor"]["closed"]
        if "SetStage" in do:
            mode, body = do["SetStage"]["mode"], do["SetStage"]
            self.stage["voltage_v"] = 0.0 if mode == "off" else body["voltage_v"] or 400.0
            self.stage["current_a"] = {"current": body["current_a"], "ac_power": body["ac_power_w"] / 400.0}.get(
                mode, 0.0
            )
        if "SetContactor" in do or "SetStage" in do:
            self.set(stage=self.stage)

    def told(self, kind: str) -> list[Any]:
        return [line[kind] for line in self.lines if kind in line]

    async def until(self, holds: Callable[[], Any]) -> Any:
        while not holds() and not self.closed:
            self.news.clear()
            await self.news.wait()
        return holds()

    def ended(self) -> dict[str, Any] | None:
        return next((tell["Ended"] for tell in self.told("tell") if "Ended" in tell), None)

    def listening(self) -> int | None:
        return next((each["port"] for each in self.told("listening")), None)


@asynccontextmanager
async def firmware(path: Path) -> AsyncIterator[FirmwareClient]:
    client = FirmwareClient(*await asyncio.open_unix_connection(str(path)))
    task = asyncio.create_task(client.run())
    try:
        yield client
    finally:
        client.writer.close()
        await task


async def opened(serve: Callable[[Callable[[], object]], Awaitable[None]]) -> asyncio.Task[None]:
    there = asyncio.Event()
    task = asyncio.ensure_future(serve(there.set))
    waiting = asyncio.ensure_future(there.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        await task
    return task  # type: ignore[return-value]


def station(path: Path, **options: Any) -> Callable[[Callable[[], object]], Awaitable[None]]:
    return lambda there: serve_evse(
        str(path),
        lambda charger, apply: Station(charger, apply, **LAB),
        on_open=there,
        **{"silence_s": FED_S, **options},
    )


class PlainCar(SimpleVehicle):
    """Goes along until it has given back, then wants to end."""

    closed, amps = False, 0.0

    def apply(self, action: Action, now: float) -> None:
        if type(action).__name__ == "SetContactor":
            self.closed = action.closed  # type: ignore[union-attr]
        if isinstance(action, LoopSeen):
            self.amps = action.current_a
            if action.current_a < 0:
                self.driver_wish = Wish.STOP

    def battery(self, now: float) -> Battery:
        return Battery(voltage_v=400.0, contactor_closed=self.closed)


async def test_a_session_with_firmware_that_gives_power_back(tmp_path: Path) -> None:
    task = await opened(station(tmp_path / "s", connections=1))
    async with firmware(tmp_path / "s") as client:
        client.set(pilot_state="C", authorized="accepted", setpoint_w=-2000.0)
        port = await client.until(client.listening)
        ended = await Car(PlainCar(), port=port, **LAB).session()
        assert ended.error is None
        assert (await client.until(client.ended))["error"] is None
        currents = [tell["LoopSeen"]["current_a"] for tell in client.told("tell") if "LoopSeen" in tell]
        assert min(currents) == -5.0
        assert client.told("error") == []
    await task
    assert not (tmp_path / "s").exists()


STATES = ("SessionSetup", "Authorization", "ScheduleExchange", "DC_PreCharge", "DC_ChargeLoop")


@pytest.mark.parametrize("state", [None, *STATES])
async def test_a_wish_to_stop_is_not_lost_whenever_it_is_said(tmp_path: Path, state: str | None) -> None:
    task = await opened(station(tmp_path / "s", connections=1))
    async with firmware(tmp_path / "s") as client:

        def react(line: dict[str, Any]) -> None:
            if line.get("tell", {}).get("StateChanged", {}).get("after") == state:
                client.set(stop=True)  # once, and never again

        client.react = react
        client.set(pilot_state="C", authorized="accepted", setpoint_w=2000.0, stop=state is None)
        port = await client.until(client.listening)
        await Car(PlainCar(), port=port, **LAB).session()
        ended = await client.until(client.ended)
        assert ended["error"] in (None, "the station wants to end")
    await task


async def test_firmware_that_goes_takes_its_session_along(tmp_path: Path) -> None:
    task = await opened(station(tmp_path / "s"))
    async with firmware(tmp_path / "s") as client:
        client.set(pilot_state="C", authorized="accepted", setpoint_w=2000.0)
        car = Car(PlainCar(), port=await client.until(client.listening), **LAB)
        session = asyncio.create_task(car.session())
        await client.until(lambda: any("LoopSeen" in tell for tell in client.told("tell")))
    ended = await session
    assert "closed the connection" in (ended.error or "")
    async with firmware(tmp_path / "s") as client:  # and the next finds a station of which nothing is known
        await client.until(client.listening)
        assert client.told("hello")[0]["state"]["authorized"] == "pending"
    task.cancel()


async def test_firmware_that_falls_silent_counts_as_dead(tmp_path: Path) -> None:
    task = await opened(station(tmp_path / "s", silence_s=0.5))
    async with firmware(tmp_path / "s") as client:
        client.set(pilot_state="C", authorized="accepted", setpoint_w=2000.0)
        car = Car(PlainCar(), port=await client.until(client.listening), **LAB)
        ended = await car.session()  # a frozen firmware: nothing changes any more, so nothing is said
        assert ended.error is not None
        await client.until(lambda: client.closed)
        assert client.told("error")[-1]["where"] == "silence"
    task.cancel()


async def test_only_one_firmware_at_a_time(tmp_path: Path) -> None:
    task = await opened(station(tmp_path / "s"))
    async with firmware(tmp_path / "s") as first, firmware(tmp_path / "s") as second:
        assert await second.until(lambda: second.told("error")) == [
            {"line": 0, "where": "socket", "what": "another firmware is connected"}
        ]
        await second.until(lambda: second.closed)
        first.send({"get": ["pilot_state"]})
        assert await first.until(lambda: first.told("state")) == [{"pilot_state": "A"}]
    task.cancel()


async def test_a_wrong_line_is_answered_and_the_connection_goes_on(tmp_path: Path) -> None:
    task = await opened(station(tmp_path / "s"))
    async with firmware(tmp_path / "s") as client:
        client.set(pilot_state=7)
        client.writer.write(b"nonsense\n")
        client.send({"get": ["pilot_state"]})
        await client.until(lambda: client.told("state"))
        assert [(error["line"], error["where"]) for error in client.told("error")] == [
            (1, "set.pilot_state"),
            (2, "line"),
        ]
    async with firmware(tmp_path / "s") as client:
        client.writer.write(b"x" * (1 << 18))  # a line without end
        await client.until(lambda: client.closed)
        assert client.closed
        assert client.told("error")[-1]["what"] == f"longer than {MAX_LINE} octets: the connection ends"
    task.cancel()


async def test_a_line_of_brackets_ends_neither_the_connection_nor_the_service(tmp_path: Path) -> None:
    task = await opened(station(tmp_path / "s"))
    async with firmware(tmp_path / "s") as client:
        client.writer.write(b"[" * 60_000 + b"\n")
        client.send({"get": ["pilot_state"]})
        assert await client.until(lambda: client.told("state")) == [{"pilot_state": "A"}]
        assert client.told("error")[0]["where"] == "line"
    assert not task.done()
    task.cancel()


async def test_firmware_that_never_reads_is_given_up_and_makes_room(tmp_path: Path) -> None:
    task = await opened(station(tmp_path / "s"))
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"), limit=1)
    with pytest.raises(ConnectionError):
        for _ in range(2_000):
            writer.write(b'{"get": null}\n')
            await writer.drain()
            await asyncio.sleep(0)
    async with firmware(tmp_path / "s") as client:
        client.send({"get": ["pilot_state"]})
        assert await client.until(lambda: client.told("state")) == [{"pilot_state": "A"}]
    assert not task.done()
    task.cancel()
    del reader


async def test_many_that_come_at_once_are_sent_away_and_the_first_is_served(tmp_path: Path) -> None:
    task = await opened(station(tmp_path / "s"))
    async with firmware(tmp_path / "s") as first:
        await first.until(first.listening)
        others = [await asyncio.open_unix_connection(str(tmp_path / "s")) for _ in range(100)]
        for reader, writer in others:
            assert b"another firmware is connected" in await reader.read()
            writer.close()
        first.send({"get": ["pilot_state"]})
        assert await first.until(lambda: first.told("state")) == [{"pilot_state": "A"}]
    task.cancel()


async def test_a_line_without_its_end_counts_for_nothing_until_it_has_one(tmp_path: Path) -> None:
    task = await opened(station(tmp_path / "s"))
    async with firmware(tmp_path / "s") as client:
        client.writer.write(b'{"set": {"stop": tr')
        await asyncio.sleep(0.05)
        assert not client.told("error")
        client.writer.write(b'ue}}\n{"get": ["stop"]}\n')
        assert await client.until(lambda: client.told("state")) == [{"stop": True}]
    task.cancel()


async def test_firmware_that_sets_what_can_not_be_said_and_goes_ends_its_session_and_no_more(tmp_path: Path) -> None:
    task = await opened(station(tmp_path / "s"))
    car = PlainCar()
    async with firmware(tmp_path / "s") as client:
        client.set(authorized="accepted", pilot_state="C", stage=client.stage)
        port = await client.until(client.listening)
        drive = asyncio.create_task(Car(car, car.apply, port=port, **LAB).session())
        await client.until(lambda: any("LoopSeen" in tell for tell in client.told("tell")))
        client.outlet = False
        client.set(stage={**client.stage, "voltage_v": 1e300, "current_a": -1e300})
        await client.until(lambda: any("fault" in str(line) or "quantity" in str(line) for line in client.lines))
    assert (await drive).error is not None
    async with firmware(tmp_path / "s") as client:
        client.send({"get": ["pilot_state"]})
        assert await client.until(lambda: client.told("state")) == [{"pilot_state": "A"}]
    assert not task.done()
    task.cancel()


async def test_a_car_that_can_not_say_what_was_set_is_told_and_may_go_again(tmp_path: Path) -> None:
    rig = Rig()
    async with rig.station:
        task = await opened(
            lambda there: serve_ev(
                str(tmp_path / "s"),
                lambda vehicle, apply: Car(vehicle, apply, port=rig.station.port, **LAB),
                on_open=there,
                silence_s=FED_S,
            )
        )
        async with firmware(tmp_path / "s") as client:
            client.set(vehicle_limits={"max_charge_power_w": 1e300})
            client.send({"go": True})
            assert await client.until(lambda: client.told("error"))
            assert "quantity" in client.told("error")[0]["what"]
        async with firmware(tmp_path / "s") as client:
            client.send({"get": ["driver_wish"]})
            assert await client.until(lambda: client.told("state")) == [{"driver_wish": "energy"}]
        assert not task.done()
        task.cancel()


async def test_the_socket_is_for_its_owner_and_is_replaced_when_dead(tmp_path: Path) -> None:
    path = tmp_path / "s"
    task = await opened(station(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(LocalError, match="no socket at"):
        await opened(station(path))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    path.touch()
    with pytest.raises(LocalError, match="no socket at"):
        await opened(station(path))  # somebody's file is left alone
    assert path.exists()


async def test_a_car_goes_when_it_is_told_and_again_when_nobody_was_there(tmp_path: Path) -> None:
    port = 1
    task = await opened(
        lambda there: serve_ev(
            str(tmp_path / "s"),
            lambda vehicle, apply: Car(vehicle, apply, port=port, **LAB),
            on_open=there,
            silence_s=FED_S,
        )
    )
    async with firmware(tmp_path / "s") as client:
        client.send({"go": True})
        await client.until(lambda: client.told("error"))
        assert "no station" in client.told("error")[0]["what"]
    rig = Rig()
    async with rig.station:
        port = rig.station.port
        async with firmware(tmp_path / "s") as client:

            def react(line: dict[str, Any]) -> None:
                do = line.get("do", {})
                if "SetContactor" in do:
                    client.set(battery_reading={"contactor_closed": do["SetContactor"]["closed"]})
                if "SetPilot" in do:
                    rig.outlet.pilot_state = do["SetPilot"]["state"]
                if "LoopSeen" in line.get("tell", {}):
                    client.set(driver_wish="stop")

            client.react, client.outlet = react, False
            client.send({"go": True})
            client.send({"go": True})
            assert (await client.until(client.ended))["error"] is None
            assert [error["what"] for error in client.told("error")] == ["a session runs already"]
    task.cancel()
