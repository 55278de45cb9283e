"""SupportedAppProtocol at the station."""

from __future__ import annotations

from iso15118.messages.app import SupportedAppProtocolReq
from iso15118.session.app import negotiate
from iso15118.session.core import State, Step
from iso15118.session.secc.session import Handlers, Rule, SeccSession

__all__ = ["HANDLERS"]


def supported_app_protocol(session: SeccSession, request: SupportedAppProtocolReq, now: float) -> Step:
    """Choose, or refuse when there is nothing in common: the session ends with the refusal."""
    response, session.context.protocol = negotiate(request, session.config.served, session.config.link)
    return Step(State.SESSION_SETUP, response)


HANDLERS: Handlers = {
    (State.SUPPORTED_APP_PROTOCOL, SupportedAppProtocolReq): Rule(
        supported_app_protocol, frozenset({State.SESSION_SETUP})
    ),
}
