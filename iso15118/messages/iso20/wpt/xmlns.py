"""The namespace of wireless charging."""

from __future__ import annotations

from iso15118.messages.model import Xmlns

XMLNS = Xmlns("urn:iso:std:iso:15118:-20:WPT", attributes_qualified=True)
