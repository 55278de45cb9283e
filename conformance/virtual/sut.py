"""What our station and our car have in common as SUTs: virtual time, octets, and a record of what was observed."""

from __future__ import annotations

import abc
import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from conformance.sut import CannotObserve, CannotSet, Seen, SutCrashed
from iso15118.io.endpoint import Endpoint, Transmit
from iso15118.session import actions as act
from iso15118.session.app import Link

__all__ = ["LINKS", "UNIX_S", "VirtualSut", "toward"]

T = TypeVar("T")

UNIX_S = 1_800_000_000.0
"""Seconds since 1970 when the clock reads 0."""
LINKS = {"tls13": Link.TLS_1_3, "tls12": Link.TLS_1_2, "tcp": Link.TCP}
"""What the connection is said to run on."""
_MOST_EVENTS = 50_000


class VirtualSut(abc.ABC):
    """One end of a session as a SUT."""

    def __init__(self) -> None:
        self.now = 0.0
        self.closed = True
        self.ended = False
        """Whether the session has ended: its connection may be gone before."""
        self._endpoint: Endpoint | None = None
        self._outbox: deque[bytes] = deque()
        self._history: dict[str, list[tuple[float, Seen]]] = {}

    # --- the port ---

    def connect(self) -> None:
        """A new session."""
        self.closed = self.ended = False
        self._outbox.clear()
        self._endpoint, actions = self._guard(self._open)
        self._record()
        self._do(self._endpoint.carry(actions, self.now))

    def disconnect(self) -> None:
        """The tester closes."""
        if not self.closed:
            self.closed = True
            self._record()
            self._call(lambda endpoint: endpoint.connection_lost(self.now))

    def send(self, octets: bytes) -> None:
        """The SUT gets octets, unless the connection is closed."""
        if not self.closed:
            self._call(lambda endpoint: endpoint.receive_data(octets, self.now))

    def receive(self, within_s: float) -> bytes | None:
        """Let time pass until the SUT says something."""
        limit = self.now + max(within_s, 0.0)
        for _ in range(_MOST_EVENTS):
            if self._outbox:
                return self._outbox.popleft()
            if self.closed:
                return None
            if not self._step(limit):
                self._move(limit)
                return self._outbox.popleft() if self._outbox else None
        raise SutCrashed(f"more than {_MOST_EVENTS} events without end")

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        limit = self.now + seconds
        for _ in range(_MOST_EVENTS):
            if not self._step(limit):
                self._move(limit)
                return
        raise SutCrashed(f"more than {_MOST_EVENTS} events without end")

    def set(self, condition: str, value: Any) -> None:
        """Change something; the session reads its ports again."""
        setter = getattr(self, f"_set_{condition}", None)
        if setter is None:
            raise CannotSet(condition)
        setter(value)
        self._settled()
        self._call(lambda endpoint: endpoint.poll(self.now))

    def observe(self, quantity: str) -> Seen:
        """The present value."""
        try:
            return self._all()[quantity]
        except KeyError:
            raise CannotObserve(quantity) from None

    def history(self, quantity: str) -> Sequence[tuple[float, Seen]]:
        """All changes."""
        self.observe(quantity)
        return self._history.get(quantity, [])

    # --- for the two sides ---

    @abc.abstractmethod
    def _open(self) -> tuple[Endpoint, list[act.Action]]:
        """A new session, and what it does at once."""

    @abc.abstractmethod
    def _carry_out(self, action: act.Action) -> None:
        """A desired state becomes true, as far as the world lets it."""

    @abc.abstractmethod
    def _settle(self) -> None:
        """Currents and voltages follow."""

    @abc.abstractmethod
    def _pass_time(self, seconds: float) -> None:
        """Energy is counted, and currents ramp."""

    @abc.abstractmethod
    def _quantities(self) -> dict[str, Seen]:
        """All that can be observed."""

    # --- how it works ---

    def _all(self) -> dict[str, Seen]:
        return {"connected": float(not self.closed), **self._quantities()}

    def _guard(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except Exception as error:
            raise SutCrashed(f"{type(error).__name__}: {error}") from error

    def _call(self, call: Callable[[Endpoint], list[act.Action | Transmit]]) -> None:
        endpoint = self._endpoint
        if endpoint is not None and not self.ended:
            self._do(self._guard(lambda: call(endpoint)))

    def _step(self, limit: float) -> bool:
        """One event no later than ``limit``; False when there is none."""
        due = None if self._endpoint is None or self.ended else self._endpoint.next_timer()
        if due is None or due > limit:
            return False
        self._move(max(self.now, due))
        self._call(lambda endpoint: endpoint.handle_timer(self.now))
        return True

    def _move(self, to: float) -> None:
        seconds, self.now = to - self.now, to
        if seconds > 0:
            self._pass_time(seconds)
            self._settled()

    def _do(self, actions: list[act.Action | Transmit]) -> None:
        for action in actions:
            match action:
                case Transmit(data=data):
                    if not self.closed:
                        self._outbox.append(data)
                case act.Close():
                    self.closed = True
                    self._record()
                case act.Ended():
                    self.ended = True
                case _:
                    self._carry_out(action)
                    self._settled()

    def _settled(self) -> None:
        self._settle()
        self._record()

    def _record(self) -> None:
        for name, value in self._all().items():
            changes = self._history.setdefault(name, [])
            if not changes or changes[-1][1] != value:
                changes.append((self.now, value))


def toward(value: float, target: float, most: float) -> float:
    """``value`` after a change of at most ``most`` toward ``target``."""
    return target if math.isinf(most) else value + min(max(target - value, -most), most)
