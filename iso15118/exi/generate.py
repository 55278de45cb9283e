"""Python source of a reader for one class, made from its grammar; ``generate_writers`` makes those of the writers.

The functions do what ``interpreter`` does, with every table lookup and every name resolved beforehand and neighbouring
bits handled in one go. They know the regular course only: at anything else they raise ``Irregular``, and the interpreter,
which knows every rule, reads or writes the message again and decides. So there is one place that says what is wrong.

A reader keeps a window of the stream in the integer ``acc``, of which the lowest ``rem`` bits are unread; a writer keeps
its last bits in ``acc``, behind a one. ``generated`` has the functions that the source calls.

Events are numbered through a class: one number for each element of each particle, in order, then the end. In every state
the codes of the events are consecutive such numbers, so a code is "number minus the state's first number".
"""

from __future__ import annotations

from typing import Any

import msgspec.structs

from iso15118.exi import datatypes
from iso15118.exi.datatypes import Datatype
from iso15118.exi.grammar import Element, Event, Particle, RecordGrammar, Slot, State
from iso15118.messages.model import Record

__all__ = ["LONGEST_FUSED_OCTETS", "ReaderSource", "Source", "blank", "is_irregular", "is_refused", "mask"]

LONGEST_FUSED_OCTETS = 16
"""Octets of known number are handled together with the bits around them up to this."""


def mask(width: int) -> int:
    """``width`` bits, all ones."""
    return (1 << width) - 1


def blank(cls: type[Record], *fields: str) -> Record:
    """An instance with defaults where there are any, but for ``fields``, which are still to be set."""
    required = (field.name for field in msgspec.structs.fields(cls) if field.required)
    return cls(**dict.fromkeys([*required, *fields]))


def is_refused(particle: Particle) -> bool:
    """No message that the generated functions handle has this particle: free content is the interpreter's."""
    return particle.contents or all(element.refused for element in particle.elements)


def is_irregular(grammar: RecordGrammar) -> bool:
    """The interpreter handles every message that has this class."""
    return grammar.free and grammar.contents is None


def takes_lead(grammar: RecordGrammar) -> bool:
    """The record begins with a plain value, whose reader can take bits before the record in the same go."""
    first = grammar.start.productions[:1]
    return (
        not is_irregular(grammar)
        and len(grammar.start.productions) == 1
        and all(
            p.element is not None
            and p.element.datatype is not None
            and p.particle is not None
            and not p.particle.many
            and not is_refused(p.particle)
            for p in first
        )
    )


class Source:
    """What both directions share: numbering, names, and the lines written so far."""

    def __init__(self, grammar: RecordGrammar, name: str) -> None:
        self.grammar = grammar
        self.name = name
        self.lines: list[str] = []
        self.names: dict[str, Any] = {}
        """Objects the source refers to."""
        self.needs: dict[str, tuple[str, RecordGrammar]] = {}
        """Functions the source calls: name -> letter and class."""
        self.number: dict[Element, int] = {}
        self.states: list[State] = [grammar.start]
        for slot in grammar.slots:
            for particle in slot.particles:
                for element in particle.elements:
                    self.number[element] = len(self.number)
            self.states.append(self.following(slot))
        self.end = len(self.number)

    def following(self, slot: Slot) -> State:
        """The state once a slot is done."""
        element = slot.particles[0].elements[0]
        return next(p.after[2] for s in self.reachable() for p in s.productions if p.element is element and p.after)

    def reachable(self) -> list[State]:
        found = [self.grammar.start]
        for state in found:
            found += [
                each for p in state.productions for each in p.after or () if each not in found and each.productions
            ]
        return found

    def first(self, state: State) -> int:
        """Number of the event with code 0."""
        numbers = [self.event_number(state, code) for code in range(self.count(state))]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), self.grammar.cls
        return numbers[0]

    def event_number(self, state: State, code: int) -> int:
        element = state.productions[code].element
        return self.end if element is None else self.number[element]

    def count(self, state: State) -> int:
        """Events but for text in mixed content, which is irregular."""
        return sum(production.event is not Event.MIXED for production in state.productions)

    def open_state(self, particle: Particle) -> State:
        """The state of a list between its bounds."""
        production = next(
            p for s in self.reachable() for p in s.productions if p.particle is particle and p.after is not None
        )
        assert production.after is not None
        return production.after[1]

    def add(self, depth: int, *lines: str) -> None:
        self.lines += ["    " * depth + line for line in lines]

    def refer(self, prefix: str, value: Any) -> str:
        name = f"{prefix}{len(self.names)}"
        self.names[name] = value
        return name

    def call(self, letter: str, grammar: RecordGrammar) -> str:
        name = f"{letter}_{grammar.cls.__name__}"
        self.needs[name] = letter, grammar
        return name

    def free_content(self) -> str:
        """Only an empty x is the generated functions' own; what else it may be is for the interpreter to say."""
        return "if type(x) is not tuple or x: raise Irregular"

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


class ReaderSource(Source):
    """``def name(r, acc, rem) -> (record, acc, rem)``.

    The walk over the grammar is one for every spelling; what a primitive looks like (``begin`` and all from ``skip`` on)
    is this spelling's own.
    """

    def __init__(self, grammar: RecordGrammar, name: str, lead: int = 0) -> None:
        """``lead`` bits, all zero, come before the record; ``takes_lead`` says where that may be asked for."""
        super().__init__(grammar, name)
        self.begin()
        if is_irregular(grammar):
            self.add(1, "raise Irregular")
            return
        self.defaults()
        known = True  # the state is known, its event code still unread; else the event's number is in i
        last = self.states[-1]
        for index, slot in enumerate(grammar.slots):
            state = self.states[index]
            particle = slot.particles[0]
            single = len(slot.particles) == len(particle.elements) == 1
            if known and self.count(state) == 1 and single and not particle.many:
                end = last.width if index == len(grammar.slots) - 1 else 0
                self.value(1, particle, particle.elements[0], state.width + (lead if index == 0 else 0), end)
                if end:
                    known = False
                continue
            if known:
                self.event(1, state)
            known = self.slot(index, slot, single=single)
        if known:
            self.skip(1, last.width)
        values = {p.field: f"v{p.index}" for slot in grammar.slots for p in slot.particles if not is_refused(p)}
        fields = "".join(f", {field}={value}" for field, value in values.items())
        # To alter a copy is three times as quick as to call the class: a metaclass written in Python costs the calls of
        # its classes CPython's short way for keyword arguments (before 3.12).
        self.finish(f"replace({self.refer('T', blank(grammar.cls, *values))}{fields})")

    def defaults(self) -> None:
        for slot in self.grammar.slots:
            for particle in slot.particles:
                if (particle.group or not slot.required) and not is_refused(particle):
                    self.add(1, f"v{particle.index} = {'()' if particle.many else 'None'}")

    def event(self, depth: int, state: State) -> None:
        """Read an event code and make it the event's number, in i."""
        first, count = self.first(state), self.count(state)
        if count == 1:
            self.skip(depth, state.width)
            self.add(depth, f"i = {first}")
        else:
            self.code(depth, state.width, first, count)

    def slot(self, index: int, slot: Slot, *, single: bool) -> bool:
        """Read the slot if i names one of its elements; True when no event code has been read beyond it."""
        particle = slot.particles[0]
        numbers = [self.number[element] for each in slot.particles for element in each.elements]
        if is_refused(particle):
            self.add(1, "raise Irregular" if slot.required else f"if i <= {numbers[-1]}: raise Irregular")
            return False
        if particle.many:
            assert single
            self.many(index, particle, numbers[0], 1 if slot.required else 2)
            return False
        depth = 1
        if not slot.required:
            depth = 2
            # Whatever comes before has been dealt with, so only the last number needs a test.
            self.add(1, f"if i <= {numbers[-1]}:")
        if single:
            self.value(depth, particle, particle.elements[0], 0)
        else:
            word = "if"
            for each in slot.particles:
                for element in each.elements:
                    self.add(depth, f"{word} i == {self.number[element]}:")
                    self.value(depth + 1, each, element, 0)
                    word = "elif"
        if slot.required:
            return True
        self.event(2, self.states[index + 1])
        return False

    def many(self, index: int, particle: Particle, number: int, depth: int) -> None:
        """Read a list; then the event that ended it is in i."""
        if depth == 2:
            self.add(1, f"if i == {number}:")
        items = f"l{particle.index}"
        self.add(depth, f"{items} = []", "while True:")
        inner = depth + 1
        self.value(inner, particle, particle.elements[0], 0)
        self.add(inner, f"{items}.append(v{particle.index})")
        if particle.most is not None:
            self.add(inner, f"if len({items}) == {particle.most}:")
            self.event(inner + 1, self.states[index + 1])
            self.add(inner + 1, "break")
        else:
            self.add(inner, f"if len({items}) > {particle.limit}: raise Irregular")
        if particle.least > 1:
            self.add(inner, f"if len({items}) < {particle.least}:")
            self.event(inner + 1, self.states[index])
            self.add(inner + 1, "continue")
        self.event(inner, self.open_state(particle))
        self.add(inner, f"if i != {number}: break")
        self.add(depth, f"v{particle.index} = tuple({items})")

    def value(self, depth: int, particle: Particle, element: Element, lead: int, end: int = 0) -> None:
        """Read a value into its variable; ``lead`` bits of event code, all zero, come before, ``end`` bits behind."""
        variable = f"v{particle.index}"
        if element.refused:
            self.add(depth, "raise Irregular")
            return
        if element.record is not None:
            self.record(depth, variable, element.record, lead)
            self.skip(depth, end)
            return
        assert element.datatype is not None
        frame = 1 if particle.kind is Event.ELEMENT else 0  # the CH event before an element's value, EE behind
        self.simple(depth, variable, element.datatype, lead + frame, frame + end)

    def simple(self, depth: int, variable: str, datatype: Datatype, lead: int, trail: int) -> None:
        match datatype:
            case datatypes.Boolean():
                self.fused(depth, lead, 1, trail)
                self.add(depth, f"{variable} = x > {mask(trail)}")
            case datatypes.NBit(low=low, high=high, width=width):
                self.fused(depth, lead, width, trail)
                if high - low != mask(width):
                    self.add(depth, f"if x > {high - low << trail | mask(trail)}: raise Irregular")
                self.add(
                    depth, f"{variable} = (x >> {trail})" + (f" + {low}" if low > 0 else f" - {-low}" if low else "")
                )
            case datatypes.Enumeration(members=members, width=width):
                self.fused(depth, lead, width, trail)
                if len(members) != 1 << width:
                    self.add(depth, f"if x >= {len(members) << trail}: raise Irregular")
                self.add(depth, f"{variable} = {self.refer('E', members)}[x >> {trail}]")
            case datatypes.Unsigned(low=low, high=high):
                self.integer(depth, variable, lead, trail, low, high, signed=False)
            case datatypes.Signed(low=int(low), high=int(high)):
                self.integer(depth, variable, lead, trail, low, high, signed=True)
            case datatypes.Binary(least=least, most=most) if least == most and least <= LONGEST_FUSED_OCTETS:
                self.octets(depth, variable, lead, trail, least)
            case _:
                self.skip(depth, lead)
                self.general(depth, variable, datatype)
                self.skip(depth, trail)

    def begin(self) -> None:
        self.add(0, f"def {self.name}(r, acc, rem):")

    def finish(self, record: str) -> None:
        self.add(1, f"return {record}, acc, rem")

    def bits(self, depth: int, width: int) -> None:
        """Make the next ``width`` bits the lowest of ``acc >> rem``."""
        self.add(depth, f"rem -= {width}", f"if rem < 0: acc, rem = refill(r, acc, rem, {width})")

    def skip(self, depth: int, width: int) -> None:
        """Read bits that must be zero: an event where no other may come."""
        if width:
            self.bits(depth, width)
            self.add(depth, f"if acc >> rem & {mask(width)}: raise Irregular")

    def code(self, depth: int, width: int, first: int, count: int) -> None:
        """Read the code of one of ``count`` events, the first of which has the number ``first``."""
        self.bits(depth, width)
        plus = f" + {first}" if first else ""
        self.add(depth, f"i = (acc >> rem & {mask(width)}){plus}")
        self.add(depth, f"if i > {first + count - 1}: raise Irregular")

    def record(self, depth: int, variable: str, grammar: RecordGrammar, lead: int) -> None:
        letter = "R"
        if lead == 1 and takes_lead(grammar):
            letter = "R1"
        else:
            self.skip(depth, lead)
        self.add(depth, f"{variable}, acc, rem = {self.call(letter, grammar)}(r, acc, rem)")

    def fused(self, depth: int, lead: int, width: int, trail: int) -> None:
        """Read a fixed number of bits with the events around them, which must have code 0, into x."""
        self.bits(depth, lead + width + trail)
        self.add(depth, f"x = acc >> rem & {mask(lead + width + trail)}")
        wrong = mask(lead) << width + trail | mask(trail)
        if wrong:
            self.add(depth, f"if x & {wrong}: raise Irregular")

    def integer(self, depth: int, variable: str, lead: int, trail: int, low: int, high: int, *, signed: bool) -> None:
        """Read an integer and what ends its element; one or two octets are by far the commonest."""
        first = lead + signed + 8 + trail
        self.bits(depth, first)
        self.add(depth, f"x = acc >> rem & {mask(first)}")
        if lead:
            self.add(depth, f"if x >= {1 << first - lead}: raise Irregular")
        self.add(depth, f"{variable} = x >> {trail} & 127" if trail else f"{variable} = x & 127")
        self.add(depth, f"if x & {128 << trail}:")
        # The second octet: the bits behind the first are read again.
        self.add(depth + 1, "rem -= 8", f"if rem < 0: acc, rem = refill(r, acc, rem, {8 + trail})")
        self.add(depth + 1, f"y = acc >> rem & {mask(8 + trail)}")
        self.add(depth + 1, f"if y & {128 << trail | mask(trail)}:")
        self.add(depth + 2, f"{variable}, acc, rem = longer(r, acc, rem + {8 + trail}, {variable}, {trail})")
        self.add(depth + 1, "else:")
        self.add(depth + 2, f"{variable} |= y << {7 - trail}" if trail < 7 else f"{variable} |= y >> {trail - 7}")
        if trail:
            self.add(depth, f"elif x & {mask(trail)}: raise Irregular")
        if signed:
            self.add(depth, f"if x & {256 << trail}: {variable} = ~{variable}")
            self.add(depth, f"if not {low} <= {variable} <= {high}: raise Irregular")
        else:
            low_test = f" or {variable} < {low}" if low else ""
            self.add(depth, f"if {variable} > {high}{low_test}: raise Irregular")

    def octets(self, depth: int, variable: str, lead: int, trail: int, length: int) -> None:
        """Read a few octets of known number, with their length before and the end of their element behind."""
        total = lead + 8 + 8 * length + trail
        self.bits(depth, total)
        self.add(depth, f"x = (acc >> rem & {mask(total)}) - {length << 8 * length + trail}")
        # What is left of a right length and of right events is nothing.
        self.add(
            depth,
            f"if x < 0 or x > {mask(8 * length + trail)}"
            + (f" or x & {mask(trail)}" if trail else "")
            + ": raise Irregular",
        )
        self.add(depth, f"{variable} = (x >> {trail}).to_bytes({length}, 'big')")

    def general(self, depth: int, variable: str, datatype: Datatype) -> None:
        helper = "general"
        if isinstance(datatype, datatypes.Text | datatypes.Binary):
            helper = "text" if isinstance(datatype, datatypes.Text) else "binary"
        self.add(depth, f"{variable}, acc, rem = read_{helper}(r, acc, rem, {self.refer('D', datatype)})")
