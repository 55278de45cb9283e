"""Session stop: the last message pair.

Part of namespace CommonMessages (V2G_CI_CommonMessages.xsd).
"""

from __future__ import annotations

import enum

from iso15118.messages.iso20.common.xmlns import XMLNS
from iso15118.messages.iso20.types import Description, Name, V2GRequest, V2GResponse
from iso15118.messages.model import element


class ChargingSession(enum.Enum):
    """How the EV wants the session to end.

    Source: V2G_CI_CommonMessages.xsd, ``chargingSessionType``.
    """

    Pause = "Pause"
    Terminate = "Terminate"
    ServiceRenegotiation = "ServiceRenegotiation"


class SessionStopReq(V2GRequest):
    """Ends or pauses the session, or returns to service discovery.

    Source: V2G_CI_CommonMessages.xsd, ``SessionStopReqType``.
    """

    charging_session: ChargingSession = element("ChargingSession")
    ev_termination_code: Name | None = element("EVTerminationCode", default=None)
    """Reason of the EV, for diagnosis."""
    ev_termination_explanation: Description | None = element("EVTerminationExplanation", default=None)
    """The same in words."""


class SessionStopRes(V2GResponse):
    """The last message of a session.

    Source: V2G_CI_CommonMessages.xsd, ``SessionStopResType``.
    """
