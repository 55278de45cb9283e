"""Our own side breaks while power flows: whatever raises, and for however long, the end is without current and open."""

import asyncio
import math
import socket

import pytest

from iso15118 import ev, evse
from tests.io.rig import PACE, Rig, discharge, until
from tests.io.test_tcp import HELLO, SETUP

QUICK_OFF = {"SECC_POWER_OFF": 0.3, "EVCC_POWER_OFF": 0.3}


def quick() -> Rig:
    return Rig(timers=PACE | QUICK_OFF)


def fails(now: float) -> object:
    raise OSError("current sensor: bus error")


async def off(rig: Rig) -> None:
    """As ``Rig.check_off``, of a charger that can't be asked."""
    outlet = rig.outlet.outlet
    await until(lambda: not outlet.contactor.wanted)
    assert outlet.current_a == 0


def told(rig: Rig, at: str) -> list[evse.Action]:
    return [action for where, action in rig.seen if where == at]


def order(actions: list[evse.Action]) -> tuple[int, int]:
    """Where the stage was first switched off for good, and where the contactor was opened."""
    opened = max(i for i, action in enumerate(actions) if action == evse.SetContactor(False))
    running = max(i for i, a in enumerate(actions) if isinstance(a, evse.SetStage) and a.mode is not evse.StageMode.OFF)
    stage_off = min(
        i
        for i, a in enumerate(actions)
        if i > running and isinstance(a, evse.SetStage) and a.mode is evse.StageMode.OFF
    )
    return stage_off, opened


async def test_a_reading_that_raises_for_ever():
    rig = quick()
    async with rig.station:
        car = await discharge(rig, rig.car())
        rig.outlet.reading = fails
        with pytest.raises(OSError, match="bus error"):
            await rig.station.session()
        await car
    stage_off, opened = order(told(rig, "SECC"))
    assert stage_off < opened
    assert isinstance(told(rig, "SECC")[-1], evse.Ended)
    assert "bus error" in rig.ended("SECC").error
    rig.outlet._arrive(rig.clock.now())
    await off(rig)


async def test_a_reading_that_fails_once_the_session_is_ending():
    """The regular way, by stop(), and by cancelling: the error still comes out."""
    rig = quick()
    async with rig.station:
        car = await discharge(rig, rig.car())
        rig.outlet.reading = fails
        rig.station._connection.stop("enough")
        with pytest.raises(OSError, match="bus error"):
            await rig.station.session()
        await car
    assert order(told(rig, "SECC"))[0] < order(told(rig, "SECC"))[1]
    assert rig.ended("SECC").error == "enough"


async def test_cancelling_a_station_whose_reading_raises():
    rig = quick()
    serving = asyncio.create_task(rig.station.serve())
    await until(lambda: rig.station.port != 0)
    car = await discharge(rig, rig.car())
    rig.outlet.reading = fails
    serving.cancel()
    with pytest.raises((asyncio.CancelledError, OSError)):
        await serving
    assert order(told(rig, "SECC"))[0] < order(told(rig, "SECC"))[1]
    await car


async def test_a_current_that_is_no_number_has_not_gone():
    rig = quick()
    async with rig.station:
        car = await discharge(rig, rig.car())
        rig.outlet.reading = lambda now: evse.StageReading(voltage_v=400.0, current_a=math.nan, contactor_closed=True)
        rig.station._connection.stop("enough")
        begun = rig.clock.now()
        await rig.station.session()
        assert rig.clock.now() - begun >= QUICK_OFF["SECC_POWER_OFF"]
        await car
    assert told(rig, "SECC").count(evse.SetContactor(False)) == 1


@pytest.mark.parametrize("way", ["nothing else", "cancel"])
async def test_a_battery_that_raises_for_ever(way):
    rig = quick()
    async with rig.station:
        car = await discharge(rig, rig.car())
        rig.vehicle.battery = fails
        if way == "cancel":
            car.cancel()
        with pytest.raises(asyncio.CancelledError if way == "cancel" else OSError):
            await car
        await rig.station.session()
        await rig.check_off()
    actions = told(rig, "EV")
    assert ev.SetPilot("B") in actions
    assert actions.index(ev.SetPilot("B")) < max(i for i, a in enumerate(actions) if a == ev.SetContactor(False))
    assert isinstance(actions[-1], ev.Ended)


WHAT = {
    "stage off": lambda action: action == evse.SetStage(mode=evse.StageMode.OFF),
    "contactor open": lambda action: action == evse.SetContactor(False),
    "ended": lambda action: isinstance(action, evse.Ended),
    "power off": lambda action: isinstance(action, evse.StateChanged) and action.after == "PowerOff",
}


@pytest.mark.parametrize("what", WHAT)
async def test_what_is_wanted_is_said_again_when_apply_raises_once(what):
    """Before the hardware heard it."""
    rig = quick()
    raised: list[evse.Action] = []

    def apply(action: evse.Action, now: float) -> None:
        if rig.discharging.is_set() and not raised and WHAT[what](action):
            raised.append(action)
            raise OSError("output: bus error")
        rig.at_station(action, now)

    rig.station._apply = apply
    async with rig.station:
        car = await discharge(rig, rig.car())
        rig.outlet.emergency_stop = True
        with pytest.raises(OSError, match="output: bus error"):
            await rig.station.session()
        await rig.check_off()
        await car
    assert len(raised) == 1


async def test_reports_that_can_not_be_told_do_not_hurry_the_contactor():
    """As in ``v2g evse | head``: every line fails, the hardware is fine."""
    rig = Rig()

    def apply(action: evse.Action, now: float) -> None:
        rig.at_station(action, now)
        if rig.discharging.is_set() and not isinstance(action, evse.SetStage | evse.SetContactor):
            raise BrokenPipeError

    rig.station._apply = apply
    async with rig.station:
        car = await discharge(rig, rig.car())
        with pytest.raises(BrokenPipeError):
            await rig.station.session()
        await rig.check_off()
        await car


async def test_a_port_scan_is_no_session():
    """Only a car that got past SupportedAppProtocol counts; what did not is forgotten."""
    rig = Rig()
    serving = asyncio.create_task(rig.station.serve(1))
    await until(lambda: rig.station.port != 0)
    for _ in range(evse.MAX_WAITING + 4):
        _, writer = await asyncio.open_connection("::1", rig.station.port)
        await until(lambda: rig.station.busy)
        writer.close()
        await until(lambda: not rig.station.busy)
        assert not rig.station._waiting
    assert not serving.done()
    car = await discharge(rig, rig.car())
    assert rig.station.in_session
    rig.vehicle.driver_wish = ev.Wish.STOP
    await car
    assert await serving == [evse.Ended("SessionStop", None)]


async def test_scans_while_nobody_asks_leave_nothing_behind():
    rig = Rig()
    async with rig.station:
        for _ in range(3):
            _, writer = await asyncio.open_connection("::1", rig.station.port)
            await until(lambda: rig.station.busy)
            writer.close()
            await until(lambda: not rig.station.busy)
        assert not rig.station._waiting


async def test_a_port_that_raises_before_a_car_has_spoken_is_told():
    rig = Rig()
    rig.outlet.reading = fails
    async with rig.station:
        _, writer = await asyncio.open_connection("::1", rig.station.port)
        with pytest.raises(OSError, match="bus error"):
            await rig.station.session()
        writer.close()


async def test_a_car_that_falls_silent_while_discharging_without_an_end():
    """Half open: no FIN, no reset, nobody reads. The session's own timer ends it, and the connection goes."""
    rig = Rig(timers=PACE | {"SECC_SEQUENCE_CHARGE_LOOP": 0.3})
    async with rig.station:
        task = await discharge(rig, car := rig.car())
        silent = car._connection
        silent._timer.cancel()
        silent._poller.cancel()
        silent._transport.pause_reading()
        silent._step = lambda call: None  # the car's computer hangs
        ended = await rig.station.session()
        assert "SECC_SEQUENCE_CHARGE_LOOP: nothing within 0.3 s" in str(ended.error)
        await rig.check_off()
        assert not rig.station.busy
        del silent._step
        silent._transport.abort()
        await task


async def test_what_comes_after_the_end_changes_nothing():
    """A stopped station lets the car close; until then what still arrives is read and dropped."""
    rig = Rig(timers={"SECC_CLOSE": 0.2})
    async with rig.station:
        sock = socket.create_connection(("::1", rig.station.port))
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(sock, HELLO + SETUP + SETUP)
        session = asyncio.create_task(rig.station.session())
        await until(lambda: any(getattr(a, "after", "") == "Closing" for a in told(rig, "SECC")))
        seen = len(rig.seen)
        await loop.sock_sendall(sock, HELLO + b"\x00garbage" * 1000)
        ended = await session
        sock.close()
    assert "SessionSetupReq" in str(ended.error)
    assert [type(action) for action in told(rig, "SECC")[seen:]] == [evse.StateChanged, evse.Ended]
