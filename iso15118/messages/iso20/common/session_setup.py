"""Session setup: the first message pair of a session.

Part of namespace CommonMessages (V2G_CI_CommonMessages.xsd).
"""

from __future__ import annotations

from iso15118.messages.iso20.common.xmlns import XMLNS
from iso15118.messages.iso20.types import Identifier, V2GRequest, V2GResponse
from iso15118.messages.model import element


class SessionSetupReq(V2GRequest):
    """Opens a session, or asks to resume a paused one by its SessionID.

    Source: V2G_CI_CommonMessages.xsd, ``SessionSetupReqType``.
    """

    evcc_id: Identifier = element("EVCCID")
    """Identifier of the vehicle's communication controller."""


class SessionSetupRes(V2GResponse):
    """The outlet names itself; the header carries the SessionID from here on.

    Source: V2G_CI_CommonMessages.xsd, ``SessionSetupResType``.
    """

    evse_id: Identifier = element("EVSEID")
    """Identifier of the outlet."""
