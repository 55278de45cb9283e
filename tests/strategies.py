"""Hypothesis strategies for messages, derived from the grammar that is derived from the classes.

``messages(cls)`` draws valid instances of a record class; ``any_message(key)`` those of any root of a schema set.
"""

from __future__ import annotations

import functools
from typing import Any

from hypothesis import strategies as st

from iso15118.exi import datatypes
from iso15118.exi.datatypes import Datatype
from iso15118.exi.grammar import Element, Event, Particle, Production, RecordGrammar, Slot, schema_grammar
from iso15118.messages import xmldsig
from iso15118.messages.model import Child, QName, Record
from iso15118.messages.registry import KEYS

MOST_ITEMS = 3
DS = xmldsig.XMLNS.uri
MOST_CHARACTERS = 12

# What XML 1.0 can carry; the categories left out are surrogates.
_CHARACTERS = st.characters(exclude_categories=["Cs"], include_characters="\t\n\r", exclude_characters="￾￿").filter(
    lambda c: c >= " " or c in "\t\n\r"
)


def messages(cls: type[Record], key: str | None = None, *, free: bool = True) -> st.SearchStrategy[Any]:
    """Valid instances of ``cls``, with the substitutes of schema set ``key`` (the first that has the class)."""
    for each in KEYS if key is None else (key,):
        schema = schema_grammar(each)
        codes = schema.by_class["fragment"].get(cls)
        if codes:
            record = schema.fragment[codes[0]].record
            assert record is not None
            return _records(record, free=free)
    raise LookupError(f"{cls.__name__} is in no schema set")


def any_message(key: str, *, free: bool = True) -> st.SearchStrategy[Any]:
    """Valid messages of a schema set: any class that stands behind just one of its roots.

    With ``free`` False they have no free content (texts and elements in any order).
    """
    schema = schema_grammar(key)
    roots = {code: element.record for code, element in enumerate(schema.document)}
    classes = [
        cls
        for cls, codes in schema.by_class["document"].items()
        if len(codes) == 1 and (record := roots[codes[0]]) is not None and possible(record, free=free)
    ]
    return st.sampled_from(sorted(classes, key=lambda cls: cls.__name__)).flatmap(
        lambda cls: messages(cls, key, free=free)
    )


@functools.cache
def _records(grammar: RecordGrammar, *, free: bool) -> st.SearchStrategy[Any]:
    fields: dict[str, Any] = {}
    choices: list[st.SearchStrategy[dict[str, Any]]] = []
    for slot in grammar.slots:
        if slot.particles[0].group:
            choices.append(_choice(slot, free=free))
        elif slot.particles[0].contents:
            fields[slot.particles[0].field] = _contents(grammar) if free else st.just(())
        else:
            fields[slot.particles[0].field] = _field(slot.particles[0], required=slot.required, free=free)
    if grammar.free and grammar.contents is None:
        return st.fixed_dictionaries(fields).map(lambda parts: _agreeing(grammar, parts))
    return st.tuples(st.fixed_dictionaries(fields), *choices).map(
        lambda parts: grammar.cls(**{name: value for part in parts for name, value in part.items()})
    )


def _agreeing(grammar: RecordGrammar, values: dict[str, Any]) -> Any:
    """A record of the fields that belong together: those that the content model does not take are left out."""
    kept = {name: value for name, value in values.items() if value is not None}
    # DSAKeyValue is the one such class: P with Q, Seed with PgenCounter.
    for one, other in (("p", "q"), ("seed", "pgen_counter")):
        if one not in kept or other not in kept:
            kept.pop(one, None)
            kept.pop(other, None)
    return grammar.cls(**kept)


@st.composite
def _contents(draw: st.DrawFn, grammar: RecordGrammar) -> tuple[Child | str, ...]:
    """A walk through the states of free content."""
    state, found = grammar.content, []
    while state.end is None or (len(found) < MOST_ITEMS and draw(st.booleans())):
        options = [p for p in state.productions if p is not state.end and _possible(p)]
        if found and type(found[-1]) is str:
            options = [p for p in options if p is not state.text]
        if not options:
            break
        production = draw(st.sampled_from(options))
        if production is state.text:
            found.append(draw(st.text(_CHARACTERS, min_size=1, max_size=MOST_CHARACTERS)))
        else:
            element = production.element
            if production.event is Event.WILDCARD:
                schema = schema_grammar(grammar.key)
                names = [QName(local, DS) for local in ("DigestValue", "KeyName", "SignatureValue", "RSAKeyValue")]
                element = schema.document[schema.places["document"][draw(st.sampled_from(names))]]
            found.append(Child(element.name, draw(_values((element,), free=True))))
        state = production.after[2]
    return tuple(found)


def _possible(production: Production) -> bool:
    """No element of another namespace than XML signature's may stand for a wildcard."""
    return production.event is not Event.WILDCARD or not production.element.other


def possible(grammar: RecordGrammar, *, free: bool = True) -> bool:
    """There are valid instances. SignatureProperty, for one, has none: it must have an element of another namespace."""
    if grammar.contents is not None and grammar.content.end is None:
        return free and any(_possible(p) for p in grammar.content.productions if p is not grammar.content.text)
    if grammar.free and grammar.contents is None and not free:
        return False
    return all(
        any(
            element.record is None or possible(element.record, free=free)
            for p in slot.particles
            for element in p.elements
        )
        for slot in grammar.slots
        if slot.required
    )


def _choice(slot: Slot, *, free: bool) -> st.SearchStrategy[dict[str, Any]]:
    alternatives = [
        st.fixed_dictionaries({particle.field: _values(particle.elements, free=free)}) for particle in slot.particles
    ]
    return st.one_of(*([] if slot.required else [st.just({})]), *alternatives)


def _field(particle: Particle, *, required: bool, free: bool) -> st.SearchStrategy[Any]:
    values = _values(particle.elements, free=free)
    if values is None:
        return st.none()
    if particle.many:
        most = max(particle.least, MOST_ITEMS if particle.most is None else min(particle.most, MOST_ITEMS))
        return st.lists(values, min_size=particle.least, max_size=most).map(tuple)
    return values if required else st.none() | values


def _values(elements: tuple[Element, ...], *, free: bool) -> Any:
    """Any of the elements' values; None when there are none."""
    found = [
        _simple(element.datatype) if element.record is None else _records(element.record, free=free)
        for element in elements
        if not element.refused and (element.record is None or possible(element.record, free=free))
    ]
    return st.one_of(*found) if found else None


def _simple(datatype: Datatype | None) -> st.SearchStrategy[Any]:
    match datatype:
        case datatypes.Boolean():
            return st.booleans()
        case datatypes.NBit() | datatypes.Unsigned() | datatypes.Signed():
            return st.integers(datatype.low, datatype.high)
        case datatypes.Enumeration(members=members):
            return st.sampled_from(members)
        case datatypes.Text(least=least, most=most):
            return st.text(_CHARACTERS, min_size=least, max_size=_limit(least, most))
        case datatypes.Binary(least=least, most=most):
            return st.binary(min_size=least, max_size=_limit(least, most))
    raise LookupError(datatype)


def _limit(least: int, most: int | None) -> int:
    return max(least, MOST_CHARACTERS if most is None else min(most, MOST_CHARACTERS))
