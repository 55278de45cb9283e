"""Whether deployed codecs can read a message: what a conservative sender keeps clear of.

The limits are data (``iso15118.messages.deployed``); here they are laid on the grammar. Of each class it is worked out
once which of its fields can break a rule at all, so that a message without texts and lists costs next to nothing.

Messages are to be valid, which is for ``encode`` to say. A fault in a field that is looked at is raised all the same, as
``encode`` would; one in a field no rule concerns is not seen here.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

from iso15118.exi.bits import Fault
from iso15118.exi.codec import Mode, encode, root_of
from iso15118.exi.datatypes import Binary, Text
from iso15118.exi.grammar import Element, Event, Particle, RecordGrammar, schema_grammar
from iso15118.exi.interpreter import present, step
from iso15118.messages import deployed, xmldsig
from iso15118.messages.deployed import Rule
from iso15118.messages.model import QName

__all__ = ["Finding", "lint"]


class Finding(NamedTuple):
    """One place of a message that deployed codecs stumble over."""

    path: str
    """Where: ``SessionSetupReq/EVCCID``."""
    what: str
    """What is there."""
    rule: Rule
    """Which limit it breaks, who fails, and how that is known."""

    def __str__(self) -> str:
        return f"{self.path}: {self.what}; safe: {self.rule.limit}. {self.rule.fails}"


def lint(message: Any, key: str, mode: Mode = "document", element: QName | str | None = None) -> tuple[Finding, ...]:
    """What in a message is beyond some deployed codec; arguments as for ``encode``, which also says if it is valid.

    Raises:
        CodecError: The schema set has no such root, or a field that has to be looked at is not valid. An answer is no
            promise that all the others are.
        LocalError: Unknown key or mode.
    """
    _, root = root_of(schema_grammar(key), mode, message, element)
    found: list[_Found] = []
    name = root.name.local
    if mode == "fragment":
        _fragment(name, key, found)
    elif name in deployed.SWAPPED_ROOTS.get(key, ()):
        found.append(([], "a root that deployed codecs number differently", deployed.SWAPPED))
    try:
        _walk(root, message, _signed(root, message, within=False), found)
    except (Fault, AttributeError, TypeError):
        encode(message, key, mode, root.name)  # says what is wrong, and where
        raise  # nothing is: the fault is ours
    return tuple(Finding("/".join((name, *reversed(path))), what, rule) for path, what, rule in found)


_Found = tuple[list[str], str, Rule]
"""Steps from the leaf up, as far as the walk has come back; what; rule. Nearly always there is nothing to say, so no
path is made before there is."""


def _fragment(name: str, key: str, found: list[_Found]) -> None:
    if name not in deployed.SIGNED:
        return  # not what a session signs: nobody has to read it
    without = [codec for codec, names in deployed.FRAGMENT_CODECS.items() if name not in names]
    if without:
        found.append(([], f"a fragment that {' and '.join(without)} can't handle", deployed.FRAGMENT))
    elif name == "SignedInfo" and key in ("ACDP", "WPT"):
        found.append(([], f"a fragment that cbV2G can't handle in {key}", deployed.FRAGMENT))


def _signed(element: Element, value: Any, *, within: bool) -> bool:
    """Whether a signature covers the element: it lies in one, or is of a signed kind and bears the Id to refer to."""
    if within or element.name.local not in deployed.SIGNED:
        return within
    return isinstance(value, xmldsig.SignedInfo) or getattr(value, "id", None) is not None


class _Check(NamedTuple):
    """A field that can break a rule."""

    particle: Particle
    most: int | None
    """Longest safe list; None: any."""
    rule: Rule
    """Broken by a longer one."""
    placed: bool
    """Rules say something about its being there."""
    wanted: bool
    """An optional list that may not be empty."""
    required: bool
    """The schema does not let it be absent."""


def _walk(element: Element, value: Any, signed: bool, found: list[_Found]) -> None:
    if element.record is None:
        _simple(element, value, found, signed=signed)
        return
    if type(value) is not element.record.cls:
        raise Fault("another class")
    for check in _plan(element.record, signed):
        particle = check.particle
        held = getattr(value, particle.field)
        if held is None or held == ():
            if check.required:
                raise Fault("required, but missing")
            if check.wanted:
                found.append(([particle.elements[0].name.local], "none of them", deployed.MISSING))
            continue
        if particle.contents:
            _contents(element.record, value, signed, found)
            continue
        if particle.many and type(held) is not tuple:
            raise Fault("no tuple")
        items = held if particle.many else (held,)
        if check.placed:
            _place(element.record, check, len(items), found)
        for count, item in enumerate(items, 1):
            before = len(found)
            child = particle.by_class.get(type(item)) or particle.elements[0]
            if child.record is not None:
                _walk(child, item, _signed(child, item, within=signed), found)
            else:  # attributes are written in one way only: an empty one is no trap
                content = signed and particle.kind is not Event.ATTRIBUTE
                _simple(child, item, found, signed=content, of_signature=_of_signature(element.record))
            for path, _, _ in found[before:]:
                path.append(step(particle, child, count if particle.many else 0))


def _contents(grammar: RecordGrammar, record: Any, signed: bool, found: list[_Found]) -> None:
    """Free content: texts, elements that the model names, and those of a wildcard."""
    for particle, child, item, count in present(grammar, record):
        if not particle.contents:
            continue
        before = len(found)
        unusual = child not in particle.elements or child.name.local in deployed.SIGNATURE_PARTS
        if unusual and _of_signature(grammar):
            found.append(([], "a part no session's signature needs", deployed.SIGNATURE_PART))
        if child.record is not None:
            _walk(child, item, _signed(child, item, within=signed), found)
        else:
            _simple(child, item, found, signed=signed, of_signature=_of_signature(grammar))
        for path, _, _ in found[before:]:
            path.append(step(particle, child, count))


def _simple(element: Element, value: Any, found: list[_Found], *, signed: bool, of_signature: bool = False) -> None:
    if signed and isinstance(element.datatype, Text | Binary) and len(value) == 0:
        found.append(([], "an empty value that is signed", deployed.EMPTY_SIGNED))
    if not isinstance(value, str):
        if isinstance(element.datatype, Text):
            raise Fault("no text")
        return
    if not deployed.is_plain(value):
        wrong = next(character for character in value if not deployed.is_plain(character))
        found.append(([], f"character U+{ord(wrong):04X}", deployed.PLAIN_TEXT))
    if of_signature and len(value) > deployed.MAX_SIGNATURE_TEXT:
        found.append(([], f"{len(value)} characters", deployed.SIGNATURE_TEXT))
    if element.name.local == "ProtocolNamespace" and len(value) > deployed.MAX_NAMESPACE:
        found.append(([], f"{len(value)} characters", deployed.NAMESPACE))


def _place(owner: RecordGrammar, check: _Check, count: int, found: list[_Found]) -> None:
    """Rules about an element's being there, and how often."""
    name = check.particle.elements[0].name.local
    if check.most is not None and count > check.most:
        found.append(([name], f"{count} of them, not at most {check.most}", check.rule))
    if name in deployed.TRUNCATED_LISTS:
        found.append(([name], f"a list of {count}", deployed.TRUNCATED))
    if _is_part(owner, check.particle):
        found.append(([name], "a part no session's signature needs", deployed.SIGNATURE_PART))


@functools.cache
def _plan(grammar: RecordGrammar, signed: bool) -> tuple[_Check, ...]:
    """What of a class has to be looked at; ``signed`` as part of something that is signed."""
    return tuple(_checks(grammar, signed, frozenset()))


def _checks(grammar: RecordGrammar, signed: bool, above: frozenset[RecordGrammar]) -> Iterator[_Check]:
    particles = [particle for slot in grammar.slots for particle in slot.particles]
    required = {slot.particles[0] for slot in grammar.slots if slot.required and not slot.particles[0].group}
    if grammar.contents is not None:
        yield _Check(grammar.contents, None, deployed.LIST, placed=False, wanted=False, required=False)
        particles.remove(grammar.contents)
    wanted = {deployed.MISSED.get(particle.elements[0].name.local) for particle in particles}
    for particle in particles:
        name = particle.elements[0].name.local
        most, rule = _list_limit(name, particle)
        placed = most is not None or name in deployed.TRUNCATED_LISTS or _is_part(grammar, particle)
        if placed or name in wanted or _deep(particle, signed, above | {grammar}):
            yield _Check(particle, most, rule, placed, name in wanted, particle in required)


def _list_limit(name: str, particle: Particle) -> tuple[int | None, Rule]:
    if name in deployed.LIST_LIMITS and particle.many:
        return deployed.LIST_LIMITS[name], deployed.LIST
    if particle.many and particle.most is not None and name not in deployed.AT_MAXIMUM_SAFE:
        return particle.most - 1, deployed.AT_MAXIMUM
    return None, deployed.LIST


def _deep(particle: Particle, signed: bool, above: frozenset[RecordGrammar]) -> bool:
    """Whether a value of the particle, or something in it, can break a rule."""
    for element in particle.elements:
        if element.record is None:
            empty = isinstance(element.datatype, Text | Binary) and element.datatype.least == 0
            if isinstance(element.datatype, Text) or (signed and empty and particle.kind is not Event.ATTRIBUTE):
                return True
        elif not element.refused:
            may_be_signed = signed or element.name.local in deployed.SIGNED
            if element.record in above or any(_checks(element.record, may_be_signed, above)):
                return True
    return False


def _of_signature(grammar: RecordGrammar) -> bool:
    return grammar.cls.xmlns is xmldsig.XMLNS


def _is_part(grammar: RecordGrammar, particle: Particle) -> bool:
    return _of_signature(grammar) and particle.elements[0].name.local in deployed.SIGNATURE_PARTS
