"""The namespace of CommonMessages; its types stand in one file a phase beside this one."""

from __future__ import annotations

from iso15118.messages.model import Xmlns

XMLNS = Xmlns("urn:iso:std:iso:15118:-20:CommonMessages", attributes_qualified=True)
