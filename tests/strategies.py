"""Hypothesis strategies for messages, derived from the grammar that is derived from the classes.

``messages(cls)`` draws valid instances of a record class; ``any_message(key)`` those of any root of a schema set.
"""

from __future__ import annotations

import functools
from typing import Any

from hypothesis import strategies as st

from iso15118.exi import datatypes
from iso15118.exi.datatypes import Datatype
from iso15118.exi.grammar import Element, Particle, RecordGrammar, Slot, schema_grammar
from iso15118.messages.model import Record
from iso15118.messages.registry import KEYS

MOST_ITEMS = 3
MOST_CHARACTERS = 12

# What XML 1.0 can carry; the categories left out are surrogates.
_CHARACTERS = st.characters(exclude_categories=["Cs"], include_characters="\t\n\r", exclude_characters="￾￿").filter(
    lambda c: c >= " " or c in "\t\n\r"
)


def messages(cls: type[Record], key: str | None = None) -> st.SearchStrategy[Any]:
    """Valid instances of ``cls``, with the substitutes of schema set ``key`` (the first that has the class)."""
    for each in KEYS if key is None else (key,):
        schema = schema_grammar(each)
        codes = schema.by_class["fragment"].get(cls)
        if codes:
            record = schema.fragment[codes[0]].record
            assert record is not None
            return _records(record)
    raise LookupError(f"{cls.__name__} is in no schema set")


def any_message(key: str) -> st.SearchStrategy[Any]:
    """Valid messages of a schema set: any class that stands behind just one of its roots."""
    schema = schema_grammar(key)
    classes = [cls for cls, codes in schema.by_class["document"].items() if len(codes) == 1]
    return st.sampled_from(sorted(classes, key=lambda cls: cls.__name__)).flatmap(lambda cls: messages(cls, key))


@functools.cache
def _records(grammar: RecordGrammar) -> st.SearchStrategy[Any]:
    fields: dict[str, Any] = {}
    choices: list[st.SearchStrategy[dict[str, Any]]] = []
    for slot in grammar.slots:
        if slot.particles[0].group:
            choices.append(_choice(slot))
        elif not slot.particles[0].elements[0].refused or len(slot.particles[0].elements) > 1:
            fields[slot.particles[0].field] = _field(slot.particles[0], required=slot.required)
    return st.tuples(st.fixed_dictionaries(fields), *choices).map(
        lambda parts: grammar.cls(**{name: value for part in parts for name, value in part.items()})
    )


def _choice(slot: Slot) -> st.SearchStrategy[dict[str, Any]]:
    alternatives = [st.fixed_dictionaries({particle.field: _values(particle.elements)}) for particle in slot.particles]
    return st.one_of(*([] if slot.required else [st.just({})]), *alternatives)


def _field(particle: Particle, *, required: bool) -> st.SearchStrategy[Any]:
    values = _values(particle.elements)
    if particle.many:
        most = max(particle.least, MOST_ITEMS if particle.most is None else min(particle.most, MOST_ITEMS))
        return st.lists(values, min_size=particle.least, max_size=most).map(tuple)
    return values if required else st.none() | values


def _values(elements: tuple[Element, ...]) -> st.SearchStrategy[Any]:
    return st.one_of(
        *(
            _records(element.record) if element.record is not None else _simple(element.datatype)
            for element in elements
            if not element.refused
        )
    )


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
