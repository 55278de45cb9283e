"""The connector lock, and the signal on the control pilot as a car sees it; level-triggered."""

from __future__ import annotations

from typing import Protocol

__all__ = ["ConnectorLockPort", "PilotSignalPort"]


class ConnectorLockPort(Protocol):
    """What holds the connector: the station's lock at its socket, or the car's at its inlet."""

    def connector_lock(self, now: float) -> bool | None:
        """Whether it is locked; None, the default, where there is no lock or nobody can tell."""
        return None


class PilotSignalPort(Protocol):
    """The control pilot as the car sees it."""

    def pilot_signal(self, now: float) -> bool:
        """Whether the station's signal (PWM) is there; without it no energy may flow."""
        return True
