"""HOW it is written: message <-> EXI, XML text and JSON, all from the grammar of the message classes."""

from __future__ import annotations

from iso15118.exi import backend
from iso15118.exi.codec import MAX_EXI_OCTETS, Content, Mode, decode, decode_fragment, encode, read, warm
from iso15118.exi.dialect import SCHEMA, Dialect
from iso15118.exi.forms import Form, digest_form, signed_forms
from iso15118.exi.json import from_json, to_json
from iso15118.exi.xml import from_xml, to_xml

__all__ = [
    "BACKEND",
    "MAX_EXI_OCTETS",
    "SCHEMA",
    "Content",
    "Dialect",
    "Form",
    "Mode",
    "decode",
    "decode_fragment",
    "digest_form",
    "encode",
    "from_json",
    "from_xml",
    "read",
    "signed_forms",
    "to_json",
    "to_xml",
    "warm",
]

BACKEND = backend.chosen.name
"""Which spelling of the codec runs: ``interpreter``, ``generated`` or ``compiled`` (see ``backend``)."""
