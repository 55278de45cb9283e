"""Every limit of a session in seconds, in one table with its source, and deadlines that run on somebody else's clock.

``Limits`` is the table with overrides by name; ``PROFILES`` are named sets of overrides. A session never reads a clock:
``Deadlines`` only remembers when something is due.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping

from iso15118.errors import LocalError

__all__ = ["PROFILES", "Deadlines", "Limits", "Timer"]


class Timer(enum.Enum):
    """A named limit: default in seconds, and where the figure comes from."""

    def __init__(self, default_s: float, source: str) -> None:
        self.default_s = default_s
        self.source = source

    def __new__(cls, default_s: float, source: str) -> Timer:
        # The value is the position: equal limits must not become aliases of each other.
        member = object.__new__(cls)
        member._value_ = len(cls.__members__)
        return member

    # Communication setup
    SECC_COMMUNICATION_SETUP = 18.0, "seen in EVerest"
    EVCC_COMMUNICATION_SETUP = 20.0, "seen in Josev"

    # The SECC waits for the next request (V2G20-441, V2G20-443), keyed by the request that is allowed next.
    SECC_SEQUENCE = 60.0, "Table 215, V2G20-441"
    SECC_SEQUENCE_CHARGE_LOOP = 0.5, "V2G20-1500, V2G20-1502"

    # The EVCC waits for a response (V2G20-436 to 440).
    EVCC_MESSAGE = 2.0, "seen in Josev; V2G20-436"
    EVCC_MESSAGE_SERVICE_DETAIL = 5.0, "seen in Josev"
    EVCC_MESSAGE_CHARGE_LOOP = 0.5, "seen in Josev"
    EVCC_MESSAGE_PARKING_STATUS = 2.0, "as EVCC_MESSAGE, on the side stream"
    EVCC_MESSAGE_METERING_CONFIRMATION = 2.0, "as EVCC_MESSAGE, on the side stream"
    EVCC_MESSAGE_SCHEDULE_RENEGOTIATION = 2.0, "as EVCC_MESSAGE, on the side stream"

    # How quickly one ought to be. Nothing runs out here: what is late is counted and told, never an error.
    SECC_PERFORMANCE = 1.5, "Tables 215 and 217: from a request to its response"
    SECC_PERFORMANCE_CHARGE_LOOP = 0.25, "V2G20-1502, Table 217: the same for DC_ChargeLoopReq"
    EVCC_PERFORMANCE_CHARGE_LOOP = (
        0.25,
        "V2G20-1499, V2G20-1501: from a response in the loop to the next request of the loop",
    )

    # How long "Ongoing" may last.
    EVCC_ONGOING_AUTHORIZATION = 60.0, "seen in Josev"
    EVCC_ONGOING_PARAMETER_DISCOVERY = 60.0, "ours: AC_DER_IEC and AC_DER_SAE, until both sides have finished"
    EVCC_ONGOING_SCHEDULE_EXCHANGE = 60.0, "55 s of the SECC and a margin of ours"
    EVCC_CABLE_CHECK = 40.0, "seen in Josev"
    EVCC_PRE_CHARGE = 10.0, "seen in Josev; another source has 60 s"
    EVCC_WELDING_DETECTION = 60.0, "seen in Josev"
    SECC_ONGOING_EIM = 180.0, "seen in EVerest"
    SECC_ONGOING_PARAMETER_DISCOVERY = 65.0, "ours: the EVCC's 60 s and a margin"
    SECC_ONGOING_SCHEDULE_EXCHANGE = 55.0, "seen in EVerest"
    SECC_ONGOING_POWER_DELIVERY = 70.0, "ours: as long as pre-charge may take"

    SECC_CABLE_CHECK = 60.0, "ours: the EVCC's 40 s and a margin"
    SECC_PRE_CHARGE = 70.0, "ours: the longer of the EVCC's figures and a margin; runs until PowerDelivery(Start)"
    SECC_WELDING_DETECTION = 70.0, "ours: the EVCC's 60 s and a margin"

    # Our own pace. The EVCC asks again after these.
    EVCC_CHARGE_LOOP_INTERVAL = 0.2, "ours; V2G20-1499 and V2G20-1501 ask for at most 0.25 s"
    EVCC_ONGOING_INTERVAL = 0.5, "ours"
    EVCC_SIDE_INTERVAL = 0.5, "ours: as EVCC_ONGOING_INTERVAL, for ScheduleExchange beside the loop"
    EVCC_RENEGOTIATION_RETRY = 60.0, "ours: when a renegotiation that was not granted is asked for again"
    EVCC_PRE_CHARGE_INTERVAL = 0.1, "ours"
    EVCC_METER_INFO_INTERVAL = 60.0, "ours: how often MeterInfo is asked for"

    # Power off in time. The facts have no figure for a DC outlet with BPT: project parameters.
    SECC_AC_CONTACTOR = 1.4, "seen in EVerest; inside the 1.5 s performance of PowerDelivery"
    SECC_POWER_DELIVERY_STOP = 1.4, "ours: inside the 1.5 s performance of PowerDelivery"
    SECC_METERING_SIGNATURE = 1.4, "ours: how long the check of a signature may take, inside the performance of 1.5 s"
    SECC_EV_POWER_PROFILE_VIOLATION = 10.0, "ours: how long warnings come before FAILED_EVPowerProfileViolation"
    SECC_STOP_NOTIFICATION = 60.0, "ours: how long the car may take to follow EVSENotification Terminate"
    EVCC_RAMP_DOWN = 10.0, "ours: how long current may take to fall to zero before PowerDelivery(Stop)"

    SECC_CONNECTOR_LOCK = 3.0, "ours: how long the connector may take to be locked, from SessionSetup on"
    EVCC_CONNECTOR_LOCK = 3.0, "ours: as SECC_CONNECTOR_LOCK, at the inlet"
    SECC_POWER_OFF = 1.0, "ours: current to zero after a fault or lost communication; then contactors open regardless"
    EVCC_POWER_OFF = 1.0, "ours: as SECC_POWER_OFF, for the car's contactors"
    POWER_OFF_POLL = 0.05, "ours: how often the current is read meanwhile"
    SECC_DEFERRED_POLL = 0.05, "ours: how often a deferred answer is tried again"

    SECC_CLOSE = 5.0, "V2G20-1643"

    SECC_PAUSED_SESSION = 172_800.0, "ours: how long a paused session can be resumed, two days"


PROFILES: Mapping[str, Mapping[str, float]] = {
    "standard": {},
    # Deployed peers wait 60 s in the charge loop too.
    "field_60s": {"SECC_SEQUENCE_CHARGE_LOOP": 60.0},
    # For a loaded laptop: never conformance evidence.
    "lab": {
        "SECC_SEQUENCE_CHARGE_LOOP": 60.0,
        "EVCC_MESSAGE": 30.0,
        "EVCC_MESSAGE_SERVICE_DETAIL": 30.0,
        "EVCC_MESSAGE_CHARGE_LOOP": 30.0,
        "EVCC_MESSAGE_METERING_CONFIRMATION": 30.0,
        "EVCC_MESSAGE_SCHEDULE_RENEGOTIATION": 30.0,
        "EVCC_PRE_CHARGE": 60.0,
        "EVCC_RAMP_DOWN": 60.0,
        "SECC_AC_CONTACTOR": 20.0,
        "SECC_POWER_DELIVERY_STOP": 20.0,
        "SECC_CABLE_CHECK": 120.0,
        "SECC_PRE_CHARGE": 120.0,
        "SECC_WELDING_DETECTION": 120.0,
        "SECC_COMMUNICATION_SETUP": 60.0,
        "EVCC_COMMUNICATION_SETUP": 60.0,
    },
}
"""Named sets of overrides, by timer name."""


class Limits:
    """The table of limits with overrides by name."""

    def __init__(self, overrides: Mapping[str, float] | None = None, *, profile: str = "standard") -> None:
        """Build the table.

        Args:
            overrides: Timer name -> seconds; wins over the profile.
            profile: One of ``PROFILES``.

        Raises:
            LocalError: An unknown profile or timer name, or a limit that is not positive and finite.
        """
        if profile not in PROFILES:
            raise LocalError(f"no timer profile {profile!r}; there are {', '.join(PROFILES)}")
        self.profile = profile
        self.overrides: dict[str, float] = {**PROFILES[profile], **(overrides or {})}
        for name, seconds in self.overrides.items():
            if name not in Timer.__members__:
                raise LocalError(f"no timer {name!r}; there are {', '.join(Timer.__members__)}")
            if not (seconds > 0 and math.isfinite(seconds)):
                raise LocalError(f"timer {name} needs a positive number of seconds, not {seconds}")

    def seconds(self, timer: Timer) -> float:
        """The limit in force, in seconds."""
        return self.overrides.get(timer.name, timer.default_s)


class Deadlines:
    """Which timers run and when they are due, on the clock that supplied ``now``."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._due: dict[Timer, float] = {}

    def start(self, timer: Timer, now: float) -> None:
        """(Re)start a timer."""
        self._due[timer] = now + self.limits.seconds(timer)

    def start_once(self, timer: Timer, now: float) -> None:
        """Start a timer unless it runs already: limits over several messages."""
        if timer not in self._due:
            self.start(timer, now)

    def stop(self, *timers: Timer) -> None:
        """Stop timers; those that don't run are ignored."""
        for timer in timers:
            self._due.pop(timer, None)

    def clear(self) -> None:
        """Stop all."""
        self._due.clear()

    def running(self, timer: Timer) -> bool:
        """Whether a timer runs."""
        return timer in self._due

    def next(self) -> float | None:
        """When the earliest timer is due; None for never."""
        return min(self._due.values(), default=None)

    def pop_due(self, now: float) -> Timer | None:
        """Remove and return the earliest timer that has run out by ``now``; None when there is none."""
        due = min(((at, timer.value, timer) for timer, at in self._due.items() if at <= now), default=None)
        if due is None:
            return None
        del self._due[due[2]]
        return due[2]
