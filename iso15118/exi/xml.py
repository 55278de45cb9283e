"""A message as XML text and back, by the same grammar as EXI.

Written without declaration and white space of our own, with canonical lexical forms, so that parsing the text gives
exactly the values of the message. Read leniently where XML is (prefixes, white space between elements, comments), and
strictly where the schema is. DOCTYPE and entities of its own are refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from iso15118.errors import CodecError, MissingExtra
from iso15118.exi.bits import Fault, short_name
from iso15118.exi.codec import Content, Mode, codec_error, find_element, root_of
from iso15118.exi.contents import TEXT, deeper, expected, production_of
from iso15118.exi.grammar import Element, Event, Particle, RecordGrammar, State, schema_grammar
from iso15118.exi.interpreter import at, check_record, check_simple, present, step
from iso15118.messages.model import Child, QName, Record

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["MAX_XML_CHARACTERS", "from_xml", "to_xml"]

MAX_XML_CHARACTERS = 1 << 24
"""Longest XML text read: eight characters for each octet of the longest EXI stream."""

_MOST_MESSAGE = 200
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
# Where schema files are: no part of the message, ignored as EXI encoders do.
_IGNORED = {QName("schemaLocation", _XSI), QName("noNamespaceSchemaLocation", _XSI)}

_PREFIXES = {
    "urn:iso:15118:2:2010:AppProtocol": "ap",
    "urn:iso:std:iso:15118:-20:CommonMessages": "m",
    "urn:iso:std:iso:15118:-20:CommonTypes": "ct",
    "http://www.w3.org/2000/09/xmldsig#": "ds",
}

# A parser turns a bare CR into LF, and white space in attributes into spaces; references stay.
_TEXT = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("\r"): "&#13;"}
_ATTRIBUTE = {**_TEXT, ord('"'): "&quot;", ord("\t"): "&#9;", ord("\n"): "&#10;"}


def to_xml(message: Any, key: str, mode: Mode = "document", element: QName | str | None = None) -> str:
    """XML text of a message or fragment; arguments as for ``encode``.

    Raises:
        CodecError: The message is not valid; ``path`` says where.
        LocalError: Unknown key or mode.
    """
    _, root = root_of(schema_grammar(key), mode, message, element)
    writer = _Writer()
    try:
        writer.element(root, message)
    except Fault as fault:
        raise codec_error(fault, root.name.local) from None
    return writer.finish()


class _Writer:
    def __init__(self) -> None:
        self.out: list[str] = []
        self.prefixes: dict[str, str] = {}
        self.nesting = 0

    def name(self, name: QName) -> str:
        if not name.uri:
            return name.local
        prefix = self.prefixes.get(name.uri)
        if prefix is None:
            # Namespaces of ISO 15118-20 end in their own short name (...:DC); the others are in the table.
            prefix = _PREFIXES.get(name.uri) or re.sub(r"[^a-z]", "", name.uri.rpartition(":")[2].lower())
            self.prefixes[name.uri] = prefix
        return f"{prefix}:{name.local}"

    def element(self, element: Element, value: Any) -> None:
        name = self.name(element.name)
        if element.record is None:
            text = check_simple(element, value).text(value).translate(_TEXT)
            self.out.append(f"<{name}>{text}</{name}>")
            return
        check_record(element, value)
        self.out.append(f"<{name}")
        is_open = True
        for particle, child, inner, count in present(element.record, value):
            try:
                if particle.kind is Event.ATTRIBUTE:
                    text = check_simple(child, inner).text(inner).translate(_ATTRIBUTE)
                    self.out.append(f' {self.name(child.name)}="{text}"')
                    continue
                if is_open:
                    self.out.append(">")
                    is_open = False
                if particle.kind is Event.CONTENT or child is TEXT:
                    self.out.append(check_simple(child, inner).text(inner).translate(_TEXT))
                else:
                    nesting = self.nesting
                    self.nesting = deeper(nesting, particle, child)
                    self.element(child, inner)
                    self.nesting = nesting
            except Fault as fault:
                fault.path.append(step(particle, child, count))
                raise
        self.out.append("/>" if is_open else f"</{name}>")

    def finish(self) -> str:
        """All of it, with the namespaces declared at the root."""
        declared = "".join(f' xmlns:{prefix}="{uri}"' for uri, prefix in self.prefixes.items())
        start = re.match(r"<[^\s>/]+", self.out[0])
        assert start is not None
        self.out[0] = start[0] + declared + self.out[0][start.end() :]
        return "".join(self.out)


def from_xml(text: str, key: str, mode: Mode = "document") -> Content:
    """The message or fragment in XML text.

    Raises:
        CodecError: Not well-formed, or not valid; ``path`` says where.
        LocalError: Unknown key or mode.
        MissingExtra: lxml is not installed.
    """
    schema = schema_grammar(key)
    node = _parse(text)
    name = _qname(node.tag)
    _, root = find_element(schema, mode, name)
    try:
        return Content(name, _read(node, root, 0))
    except Fault as fault:
        raise codec_error(fault, name.local) from None


def _parse(text: str) -> etree._Element:
    try:
        from lxml import etree
    except ModuleNotFoundError:
        raise MissingExtra("reading XML", "xml") from None
    if len(text) > MAX_XML_CHARACTERS:
        raise CodecError(f"{len(text)} characters of XML, more than the limit of {MAX_XML_CHARACTERS}")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        dtd_validation=False,
        huge_tree=True,  # certificates are long texts; MAX_XML_CHARACTERS is the limit
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except UnicodeEncodeError as error:
        raise CodecError(f"character U+{ord(text[error.start]):04X}, which XML can't carry") from None
    except etree.XMLSyntaxError as error:
        raise CodecError(f"XML is not well-formed: {_short(' '.join(str(error.msg).split()))}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise CodecError("XML with a DOCTYPE is not accepted")
    return root


def _short(message: str) -> str:
    """What the parser says, without the middle of the long names it may quote: the position is at the end."""
    return message if len(message) <= _MOST_MESSAGE else f"{message[:120]}...{message[-60:]}"


def _qname(tag: str | bytes | Any) -> QName:
    uri, brace, local = str(tag).rpartition("}")
    return QName(local, uri[1:] if brace else "")


def _read(node: etree._Element, element: Element, nesting: int) -> Any:
    if element.refused:
        raise Fault(element.refused)
    if element.record is not None:
        return _read_record(node, element.record, nesting)
    assert element.datatype is not None
    _attributes(node, ())
    for child in node:
        raise Fault(f"{short_name(_qname(child.tag).local)} is not expected; a value is")
    return element.datatype.parse(node.text or "")


def _attributes(node: etree._Element, known: tuple[QName, ...]) -> dict[QName, str]:
    # Counted before they are read: reading takes a time that grows with the square of their number.
    if len(node.attrib) > len(known) + len(_IGNORED):
        raise Fault(f"{len(node.attrib)} attributes, more than are expected")
    found = {_qname(name): str(value) for name, value in node.attrib.items()}
    for name in found:
        if name not in known and name not in _IGNORED:
            raise Fault(f"attribute {short_name(name.local)} is not expected")
    return found


def _read_record(node: etree._Element, grammar: RecordGrammar, nesting: int) -> Record:
    values: dict[str, Any] = {}
    state = _read_attributes(node, grammar, values)
    content = grammar.slots[-1].particles[0] if grammar.slots else None
    if content is not None and content.kind is Event.CONTENT:
        for child in node:
            raise Fault(f"{short_name(_qname(child.tag).local)} is not expected; a value is")
        values[content.field] = _parse_value(content, node.text or "")
        return grammar.cls(**values)
    _text(grammar, node.text, values)
    for child in node:
        production, element = production_of(grammar, state, _qname(child.tag))
        particle, after = production.particle, production.after
        assert particle is not None
        assert after is not None
        items: list[Any] | None = values.setdefault(particle.field, []) if particle.many else None
        count = 0 if items is None else len(items) + 1
        if count > particle.limit:
            raise at(particle, Fault(f"more than the limit of {particle.limit}"))
        try:
            value = _read(child, element, deeper(nesting, particle, element))
        except Fault as fault:
            fault.path.append(step(particle, element, count))
            raise
        if items is None:
            values[particle.field] = value
        else:
            items.append(Child(element.name, value) if particle.contents else value)
        state = after[(count >= particle.least) + (count == particle.most) if count else 2]
        _text(grammar, child.tail, values)
    if state.end is None:
        raise Fault(f"ends too early; expected: {expected(state)}")
    return grammar.cls(**{name: tuple(value) if type(value) is list else value for name, value in values.items()})


def _read_attributes(node: etree._Element, grammar: RecordGrammar, values: dict[str, Any]) -> State:
    """Fill in attributes; the state after them."""
    slots = [slot for slot in grammar.slots if slot.particles[0].kind is Event.ATTRIBUTE]
    found = _attributes(node, tuple(slot.particles[0].elements[0].name for slot in slots))
    state = grammar.start
    for slot in slots:
        particle = slot.particles[0]
        name = particle.elements[0].name
        if name in found:
            after = state.by_element[particle.elements[0]].after
            assert after is not None
            values[particle.field], state = _parse_value(particle, found[name]), after[2]
        elif slot.required:
            raise Fault(f"attribute {name.local} is required, but missing")
    return state


def _parse_value(particle: Particle, text: str) -> Any:
    element = particle.elements[0]
    assert element.datatype is not None
    try:
        return element.datatype.parse(text)
    except Fault as fault:
        fault.path.append(step(particle, element))
        raise


def _text(grammar: RecordGrammar, text: str | None, values: dict[str, Any]) -> None:
    """Take text between elements: all of it in mixed content; elsewhere only white space may stand."""
    if not text:
        return
    if grammar.mixed and grammar.contents is not None:
        contents = values.setdefault(grammar.contents.field, [])
        if len(contents) == grammar.contents.limit:
            raise Fault(f"more than the limit of {grammar.contents.limit} texts and elements")
        assert TEXT.datatype is not None
        contents.append(TEXT.datatype.parse(text))
    elif text.strip("\t\n\r "):
        raise Fault("text between elements is not expected")
