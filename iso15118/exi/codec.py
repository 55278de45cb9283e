"""A message or fragment and its EXI stream, in the profile of ISO 15118-20.

The stream is one header octet 0x80 (no cookie, no options), then bit-packed events, then zero bits to the octet. The
schema set, which the V2GTP payload type names, decides every code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from iso15118.errors import CodecError, LocalError
from iso15118.exi import backend, compiled, interpreter
from iso15118.exi.bits import BitReader, BitWriter, Fault, short_name
from iso15118.exi.dialect import SCHEMA, Dialect, StringTables
from iso15118.exi.grammar import Element, SchemaGrammar, schema_grammar
from iso15118.messages.model import QName, Record
from iso15118.messages.registry import KEYS

__all__ = [
    "MAX_EXI_OCTETS",
    "Content",
    "Mode",
    "codec_error",
    "decode",
    "decode_fragment",
    "encode",
    "find_element",
    "read",
    "read_from",
    "root_of",
    "warm",
]

HEADER = 0x80
"""EXI header: distinguishing bits, no options, final version 1 (EXI 1.0, 5)."""
_HEADER_OCTET = bytes([HEADER])

MAX_EXI_OCTETS = 1 << 20
"""Longest stream decoded: that of the longest V2GTP payload accepted (``v2gtp.MAX_PAYLOAD``), forty times the longest
message of the public vectors."""

Mode = Literal["document", "fragment"]

read_element = backend.chosen.read_element
write_element = backend.chosen.write_element


@dataclass(frozen=True, slots=True)
class Content:
    """What a stream contained. Contents are equal when name and value are, whatever was tolerated about the stream."""

    name: QName
    """The root element."""
    value: Any
    """A Record; of a fragment that is a simple element, its plain value."""
    trailing_octets: int = field(default=0, compare=False)
    """Zero octets after the end (others are refused): harmless, but no encoder should send them."""
    padding: int = field(default=0, compare=False)
    """Bits behind the end in the last octet, which should be zero."""
    empty_ends: int = field(default=0, compare=False)
    """Empty values that were written as an end without a value (see ``Dialect.empty_values``)."""


def warm(key: str | None = None) -> None:
    """Derive the grammar of one schema set, or of all, so that no message has to wait for it."""
    for each in KEYS if key is None else (key,):
        for element in schema_grammar(each).document:
            backend.chosen.prepare(element)


def encode(
    message: Any,
    key: str,
    mode: Mode = "document",
    element: QName | str | None = None,
    dialect: Dialect = SCHEMA,
) -> bytes:
    """The EXI stream of a message, or of an element as a fragment (what signatures digest).

    Args:
        message: A Record; for a simple element as fragment, its value.
        key: Name of the schema set (``registry.KEYS``).
        mode: A document has a global element as root, a fragment any element.
        element: Name of the root; needed where the class does not tell it.
        dialect: What the peer writes otherwise than the schemas say.

    Raises:
        CodecError: The message is not valid; ``path`` says where.
        LocalError: Unknown key or mode.
    """
    if write_element is compiled.write_element and mode == "document" and element is None and dialect is SCHEMA:
        document = compiled.write_document(message, key)  # the regular course, in one call
        if document is not None and len(document) <= MAX_EXI_OCTETS:
            return document
    schema = schema_grammar(key)
    writer = BitWriter()
    write = write_element
    elements, width = _roots(schema, mode)
    code, root = root_of(schema, mode, message, element)
    if dialect is not SCHEMA:
        code = dialect.root_code(code, key, mode)
        if dialect.empty_values == "end":
            writer.empty_ends, write = True, interpreter.write_element
    writer.bits(HEADER << width | code, 8 + width)
    try:
        write(writer, root, message)
    except Fault as fault:
        raise codec_error(fault, root.name.local) from None
    if mode == "fragment":
        writer.bits(len(elements) + 1, width)
    data = writer.finish()
    if len(data) > MAX_EXI_OCTETS:
        raise CodecError(f"{len(data)} octets, more than the limit of {MAX_EXI_OCTETS}", root.name.local)
    return data


def decode(data: bytes, key: str, dialect: Dialect = SCHEMA) -> Record:
    """The message in an EXI document.

    Raises:
        CodecError: The stream is not a valid message of the schema set; ``path`` and ``bit`` say where.
        LocalError: Unknown key.
    """
    if read_element is compiled.read_element and dialect is SCHEMA and len(data) <= MAX_EXI_OCTETS:
        message: Record | None = compiled.read_document(data, key)  # the regular course, in one call
        if message is not None:
            return message
    reader = BitReader(data)
    root, value = _read(reader, key, "document", read_element, dialect)
    if dialect is SCHEMA:
        _trailing(reader, root.name.local)  # nothing else that ``read`` looks at would be refused
    else:
        _content(root, value, reader, dialect)
    if not isinstance(value, Record):
        raise CodecError("an element that is no message", root.name.local, 8)
    return value


def decode_fragment(data: bytes, key: str, dialect: Dialect = SCHEMA) -> Content:
    """The element in an EXI fragment, with its name.

    Raises:
        CodecError: As ``decode``.
        LocalError: Unknown key.
    """
    return read(data, key, "fragment", dialect)


def read(data: bytes, key: str, mode: Mode = "document", dialect: Dialect = SCHEMA) -> Content:
    """Name and value of the root of an EXI stream, and what about it was tolerated.

    Raises:
        CodecError: As ``decode``.
        LocalError: Unknown key or mode.
    """
    return read_from(BitReader(data), key, mode, read_element, dialect)


def read_from(
    reader: BitReader,
    key: str,
    mode: Mode,
    element_reader: Callable[[BitReader, Element], Any],
    dialect: Dialect = SCHEMA,
) -> Content:
    """As ``read``, by a reader of one's own and a spelling of one's choice.

    Raises:
        CodecError: As ``decode``.
        LocalError: Unknown key or mode.
    """
    root, value = _read(reader, key, mode, element_reader, dialect)
    return _content(root, value, reader, dialect)


def _content(root: Element, value: Any, reader: BitReader, dialect: Dialect) -> Content:
    rest = -reader.position & 7
    padding = reader.data[reader.position >> 3] & (1 << rest) - 1 if rest else 0
    content = Content(root.name, value, _trailing(reader, root.name.local), padding, reader.empty_ends)
    if dialect is not SCHEMA:
        _refuse(content, reader, dialect)
    return content


def _read(
    reader: BitReader, key: str, mode: Mode, element_reader: Callable[[BitReader, Element], Any], dialect: Dialect
) -> tuple[Element, Any]:
    schema = schema_grammar(key)
    elements, width = _roots(schema, mode)
    data = reader.data
    name = ""
    if dialect.string_tables == "read":
        reader.tables = StringTables()
        if element_reader is read_element:  # of the spellings only the interpreter follows references
            element_reader = interpreter.read_element
    try:
        if len(data) > MAX_EXI_OCTETS:
            raise Fault(f"{len(data)} octets, more than the limit of {MAX_EXI_OCTETS}", 0)
        if not data.startswith(_HEADER_OCTET):
            raise Fault(f"EXI header {reader.bits(8):#04x}, not {HEADER:#04x}", 0)
        reader.position = 8
        code = reader.bits(width)
        if dialect is not SCHEMA:
            code = dialect.root_code(code, key, mode)
        if code >= len(elements):
            raise Fault(f"root code {code} is no element of {key}", 8)
        root = elements[code]
        name = root.name.local
        value = element_reader(reader, root)
        if mode == "fragment" and reader.bits(width) != len(elements) + 1:
            raise Fault("more than one element in the fragment", reader.position - width)
    except Fault as fault:
        raise codec_error(fault, name) from None
    return root, value


def _refuse(content: Content, reader: BitReader, dialect: Dialect) -> None:
    """What the dialect does not take, although it does no harm."""
    reason = ""
    if dialect.empty_ends == "refuse" and content.empty_ends:
        reason = f"{content.empty_ends} empty values that are written as an end without a value"
    elif dialect.padding == "refuse" and content.padding:
        reason = f"padding bits other than zero: {content.padding:#b}"
    elif dialect.trailing_zeros == "refuse" and content.trailing_octets:
        reason = f"{content.trailing_octets} zero octets after the end of the message"
    if reason:
        raise CodecError(reason, content.name.local, reader.position)


def _trailing(reader: BitReader, name: str) -> int:
    """Count the zero octets after the end.

    A stream of another schema set can decode as a shorter message of this one; the unread octets are the only trace
    it leaves. So octets other than zero are a fault.
    """
    end = (reader.position + 7) >> 3
    if end == len(reader.data):
        return 0
    tail = reader.data[end:]
    if tail.strip(b"\0"):
        raise CodecError(f"{len(tail)} octets after the end of the message", name, 8 * end)
    return len(tail)


def codec_error(fault: Fault, root: str) -> CodecError:
    """The public error of a fault seen below the element called ``root``."""
    path = [*fault.path, root] if root else fault.path
    return CodecError(fault.reason, "/".join(reversed(path)), fault.bit)


def _roots(schema: SchemaGrammar, mode: Mode) -> tuple[tuple[Element, ...], int]:
    match mode:
        case "document":
            return schema.document, schema.document_width
        case "fragment":
            return schema.fragment, schema.fragment_width
    raise LocalError(f"mode {mode!r}; there are document and fragment")


def find_element(schema: SchemaGrammar, mode: Mode, name: QName | str) -> tuple[int, Element]:
    """Code and element of a name; a plain local name means the first namespace of the set that has it.

    Raises:
        CodecError: The set has no such root.
    """
    elements, _ = _roots(schema, mode)
    places = schema.places[mode]
    if isinstance(name, QName):
        code = places.get(name)
    else:
        codes = (places.get(QName(name, uri)) for uri in (*schema.namespaces, ""))
        code = next((each for each in codes if each is not None), None)
    if code is None:
        local = name.local if isinstance(name, QName) else name
        known = sorted(repr(each.uri) for each in places if each.local == local)
        instead = (
            f" in namespace {name.uri[:60]!r}; {' and '.join(known)} has it"
            if known and isinstance(name, QName)
            else ""
        )
        what = "root" if mode == "document" else "element"
        raise CodecError(f"no {what} of {schema.key}{instead}", short_name(local) or "''")
    return code, elements[code]


def root_of(schema: SchemaGrammar, mode: Mode, message: Any, element: QName | str | None) -> tuple[int, Element]:
    """Code and element under which a message is written: the named one, else the one of its class.

    Raises:
        CodecError: There is none, or more than one.
        LocalError: Unknown mode.
    """
    if element is not None:
        return find_element(schema, mode, element)
    elements, _ = _roots(schema, mode)
    found = schema.by_class[mode].get(type(message), ())
    # A global element is preferred: a fragment named after its own root.
    if mode == "fragment" and len(found) > 1:
        found = tuple(code for code in found if schema.fragment[code].name in schema.places["document"]) or found
    if len(found) != 1:
        what = "no element" if not found else "more than one element, so name one,"
        raise CodecError(f"{schema.key} has {what} for this class", type(message).__name__)
    return found[0], elements[found[0]]
