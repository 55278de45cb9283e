"""Named peer profiles: what it takes to talk to a deployed stack that departs from the standard.

Each departure is an option of ours with the standard's behaviour as its default; a profile only switches options. None
of them is conformance evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from iso15118.errors import LocalError
from iso15118.session.evcc import EvccConfig
from iso15118.session.evcc.chooser import follow_first
from iso15118.session.secc import HeldTo, SeccConfig
from iso15118.units import DischargeLimitSign

__all__ = ["PEERS", "PEER_HELP", "PeerProfile", "peer_profile"]


class PeerProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Options that differ from their defaults for one kind of peer."""

    why: str
    timers: Mapping[str, float] = {}
    """Timer name to s."""
    secc_options: Mapping[str, Any] = {}
    """Fields of ``SeccConfig``."""
    evcc_options: Mapping[str, Any] = {}
    """Fields of ``EvccConfig``."""

    def secc(self) -> SeccConfig:
        """A station's settings for this peer."""
        return SeccConfig(**self.secc_options)

    def evcc(self) -> EvccConfig:
        """A car's settings for this peer."""
        return EvccConfig(**self.evcc_options)


PEERS: Mapping[str, PeerProfile] = {
    "none": PeerProfile(why="a peer that keeps to the standard"),
    "josev": PeerProfile(
        why="Josev 0.31: a codec that needs up to 0.5 s a message, discharge limits as positive numbers, "
        "a price wanted with every schedule, a power profile in Dynamic control too, none of discharging, and prices that its "
        "simulated station makes up",
        timers={
            # Its first codec call takes 0.3 s, a charge loop up to 0.3 s on a busy machine; its own limits stay as they are.
            "SECC_SEQUENCE_CHARGE_LOOP": 60.0,
            "EVCC_MESSAGE": 20.0,
            "EVCC_MESSAGE_SERVICE_DETAIL": 20.0,
            "EVCC_MESSAGE_CHARGE_LOOP": 20.0,
            "EVCC_COMMUNICATION_SETUP": 60.0,
            "SECC_COMMUNICATION_SETUP": 60.0,
            "EVCC_PRE_CHARGE": 60.0,
            "EVCC_RAMP_DOWN": 60.0,
        },
        secc_options={
            "uniform_price_level": True,
            "power_delivery_after_ongoing_pre_charge": True,
            "tell_discharged_energy": False,
            "held_to": HeldTo.SCHEDULE,
        },
        evcc_options={
            "discharge_limit_sign": DischargeLimitSign.POSITIVE,
            "complete_power_profile": True,
            "chooser": follow_first,
        },
    ),
}
"""By name."""

PEER_HELP = f"Options for a deployed peer: {', '.join(PEERS)}."


def peer_profile(name: str) -> PeerProfile:
    """A profile by name.

    Raises:
        LocalError: There is none of this name.
    """
    if name not in PEERS:
        raise LocalError(f"no peer profile {name!r}; there are {', '.join(PEERS)}")
    return PEERS[name]
