"""The namespace of AC with the grid functions of an inverter, after North American grid codes (Amendment 1)."""

from __future__ import annotations

from iso15118.messages.model import Xmlns

XMLNS = Xmlns("urn:iso:std:iso:15118:-20:AC-DER-SAE", attributes_qualified=True)
