"""SupportedAppProtocol at the car."""

from __future__ import annotations

from iso15118.messages.app import ResponseCode, SupportedAppProtocolReq, SupportedAppProtocolRes
from iso15118.session.app import offer, usable
from iso15118.session.core import State, Step
from iso15118.session.evcc.session import EvccSession, Phase, Phases
from iso15118.session.timers import Timer

__all__ = ["PHASES"]


def compose(session: EvccSession, now: float) -> SupportedAppProtocolReq:
    """Offer what may be offered on this link."""
    return offer(session.config.protocols, session.config.link)


def chosen(session: EvccSession, response: SupportedAppProtocolRes, now: float) -> Step:
    """Go on with the station's choice."""
    if response.response_code is ResponseCode.Failed_NoNegotiation:
        return session.fail("the station speaks none of the offered protocols")
    offered = dict(enumerate(usable(session.config.protocols, session.config.link), start=1))
    # A station may leave the SchemaID out when there was one choice only.
    schema_id = 1 if response.schema_id is None and len(offered) == 1 else response.schema_id
    session.context.protocol = offered.get(schema_id or 0)
    if session.context.protocol is None:
        return session.fail(f"the station chose SchemaID {response.schema_id}, which was not offered")
    return Step(State.SESSION_SETUP)


PHASES: Phases = {
    State.SUPPORTED_APP_PROTOCOL: Phase(
        compose, SupportedAppProtocolRes, chosen, frozenset({State.SESSION_SETUP}), Timer.EVCC_MESSAGE
    ),
}
