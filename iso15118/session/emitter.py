"""How much of the schema a session uses in what it sends: what every deployed codec can read, or all of it.

A setting that would make a session send more than its profile allows is refused when it is made. What comes from
elsewhere while the session runs (a meter's name, a back end's schedule) is shortened where the protocol leaves the
choice to us; the rest is sent as it is and told in the trace by ``io.endpoint`` (docs/decisions/0008).
"""

from __future__ import annotations

import enum

from iso15118.errors import LocalError
from iso15118.messages import deployed
from iso15118.session.app import AppProtocolOffer

__all__ = ["EmitterProfile", "check_protocols", "check_text", "longest", "safe_text"]


class EmitterProfile(enum.Enum):
    """What a session may send."""

    CONSERVATIVE = "conservative"
    """What every deployed codec is known to read (``iso15118.messages.deployed``)."""
    FULL = "full"
    """Whatever the schema allows: for testers."""


_LEAVE = "emitter_profile=EmitterProfile.FULL sends it all the same"


def check_text(option: str, text: str, profile: EmitterProfile, most: int | None = None) -> None:
    """Refuse a setting that deployed codecs can't read.

    Args:
        option: Its name, for the error.
        text: What would be sent.
        profile: That of the session.
        most: Longest safe text, characters.

    Raises:
        LocalError: The text is outside of the profile.
    """
    if profile is EmitterProfile.FULL:
        return
    if not deployed.is_plain(text):
        raise LocalError(f"{option} {text!r} is more than printable ASCII, which some deployed codecs refuse; {_LEAVE}")
    if most is not None and len(text) > most:
        raise LocalError(
            f"{option} has {len(text)} characters, more than the {most} some deployed codecs take; {_LEAVE}"
        )


def check_protocols(option: str, protocols: tuple[AppProtocolOffer, ...], profile: EmitterProfile) -> None:
    """Refuse an offer that deployed codecs can't read.

    Args:
        option: Its name, for the error.
        protocols: What would be offered.
        profile: That of the session.

    Raises:
        LocalError: The offer is outside of the profile.
    """
    most = deployed.LIST_LIMITS["AppProtocol"]
    if profile is EmitterProfile.CONSERVATIVE and len(protocols) > most:
        raise LocalError(
            f"{option} offers {len(protocols)} protocols, more than the {most} some deployed codecs take; {_LEAVE}"
        )
    for protocol in protocols:
        check_text(option, protocol.namespace, profile, deployed.MAX_NAMESPACE)


def longest(most: int, profile: EmitterProfile) -> int:
    """How long a list may be of which the schema allows ``most``: some deployed codecs fail on a full one."""
    return most if profile is EmitterProfile.FULL else most - 1


def safe_text(text: str | None, profile: EmitterProfile, most: int) -> str | None:
    """A text that arises while the session runs, as it may be sent: cut, and plain where the profile wants that.

    Args:
        text: What would be said; None and nothing are left out.
        profile: That of the session.
        most: maxLength of the field.
    """
    if not text:
        return None
    if profile is EmitterProfile.CONSERVATIVE:
        text = "".join(each if deployed.is_plain(each) else "?" for each in text)
    return text[:most]
