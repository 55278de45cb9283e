"""The wire between station and back end in virtual time: the same frames as on a websocket, with a latency."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.world import World

__all__ = ["OcppLink"]

_CALL, _RESULT, _ERROR, _RESULT_ERROR, _SEND = 2, 3, 4, 5, 6


class OcppLink:
    """Carries frames both ways while connected; what is under way when the connection breaks is lost."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.connected = False
        self.messages = 0
        """Frames delivered."""
        self._epoch = 0
        self._actions: dict[str, str] = {}
        self._handles: dict[str, Any] = {}

    def connect(self) -> None:
        """The websocket is up."""
        self.connected = True
        self._epoch += 1
        self.world.csms.connected(self._id, self.world.now)
        self.world.station.connected(self.world.now)
        self.exchange()

    def disconnect(self) -> None:
        """The websocket is gone."""
        self.connected = False
        self._epoch += 1
        self._actions.clear()
        self.world.station.disconnected(self.world.now)
        self.world.csms.disconnected(self._id, self.world.now)
        self.exchange()

    def exchange(self) -> None:
        """Send what either side has to say, and keep their timers."""
        world = self.world
        if self.connected:
            for text in world.station.take_frames():
                self._carry(text, "SECC", "CSMS", self._to_csms)
            for text in world.csms.take_frames(self._id):
                self._carry(text, "CSMS", "SECC", self._to_station)
        self._arm("station", world.station.next_timer(), self._station_timer)
        self._arm("csms", world.csms.next_timer(), self._csms_timer)

    @property
    def _id(self) -> str:
        return self.world.station.station_id

    def _carry(self, text: str, sender: str, receiver: str, deliver: Callable[[str, float], None]) -> None:
        epoch, now = self._epoch, self.world.now
        self._trace(text, sender, "tx", now)

        def arrive(now: float) -> None:
            if epoch != self._epoch:
                return
            self.messages += 1
            self._trace(text, receiver, "rx", now)
            deliver(text, now)

        self.world.heap.at(self.world.arrival(f"to {receiver} by OCPP", self.world.scenario.ocpp_latency_s), arrive)

    def _to_csms(self, text: str, now: float) -> None:
        self.world.csms.receive(self._id, text, now)
        self.exchange()

    def _to_station(self, text: str, now: float) -> None:
        self.world.station.receive(text, now)
        self.world.poll()

    def _station_timer(self, now: float) -> None:
        self.world.plant.advance(now)
        self.world.charger.measure(now)
        self.world.station.handle_timer(now)
        self.world.poll()

    def _csms_timer(self, now: float) -> None:
        self.world.csms.handle_timer(now)
        self.exchange()

    def _arm(self, who: str, due: float | None, callback: Callable[[float], None]) -> None:
        handle = self._handles.get(who)
        if handle is not None and handle.pending:
            if handle.time == due:
                return
            handle.cancel()
        if due is not None:
            self._handles[who] = self.world.heap.at(max(due, self.world.now), callback)

    def _trace(self, text: str, at: str, direction: str, now: float) -> None:
        """A call bears its action's name; an answer that name with Response, an error with Error."""
        if self.world.trace is None:
            return
        frame: list[Any] = json.loads(text)
        kind, message_id = frame[0], str(frame[1])
        if kind in (_CALL, _SEND):
            self._actions[message_id] = name = str(frame[2])
            body = frame[3]
        elif kind == _RESULT:
            name, body = f"{self._actions.get(message_id, '')}Response", frame[2]
        else:
            name = f"{self._actions.get(message_id, '')}Error"
            body = {"code": frame[2], "description": frame[3], "details": frame[4]}
        self.world.trace.event(now, at, "ocpp", direction, name, lambda: body)
