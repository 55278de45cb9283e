"""Python source of a writer and of a JSON writer for one class; see ``generate``."""

from __future__ import annotations

from iso15118.exi import datatypes
from iso15118.exi.datatypes import Datatype
from iso15118.exi.generate import LONGEST_FUSED_OCTETS, Source, is_irregular, is_refused
from iso15118.exi.grammar import Element, Event, Particle, RecordGrammar, Slot, State

__all__ = ["JsonSource", "WriterSource"]


def _is_small(datatype: Datatype | None) -> bool:
    """Values take some octets at most."""
    match datatype:
        case datatypes.Boolean() | datatypes.NBit() | datatypes.Enumeration() | datatypes.Unsigned():
            return True
        case datatypes.Signed(high=int()):
            return True
    return False


class WriterSource(Source):
    """``def name(w, v, acc) -> acc``: ``acc`` holds what ``w`` has not got yet, behind a one that marks its beginning.

    As with readers, the walk is one for every spelling; ``begin`` and all from ``put`` on are this spelling's own.
    """

    def __init__(self, grammar: RecordGrammar, name: str) -> None:
        super().__init__(grammar, name)
        self.begin(self.refer("C", grammar.cls))
        if is_irregular(grammar):
            self.add(1, "raise Irregular")
            return
        # States by their place here: those between slots, then those inside lists.
        self.all_states = list(self.states)
        for slot in grammar.slots:
            inside = self.open_state(slot.particles[0]) if slot.particles[0].many else None
            self.all_states.append(inside or State())
        widths = self.refer("W", tuple(state.width for state in self.all_states))
        firsts = self.refer("F", tuple(self.first(s) if s.productions else 0 for s in self.all_states))
        self.tables = (widths, firsts)
        possible = {0}
        for index, slot in enumerate(grammar.slots):
            if index == len(grammar.slots) - 1 and self.with_end(slot, possible):
                self.finish("0", "0")
                return
            possible = self.slot(index, slot, possible)
        width, code = self.code(possible, self.end)
        self.finish(width, code)

    def with_end(self, slot: Slot, possible: set[int]) -> bool:
        """Write the last slot and the record's end in one go, if the slot is a plain value and only the end may follow."""
        particle, state = slot.particles[0], self.states[-1]
        plain = particle.elements[0].datatype is not None and len(slot.particles) == 1 and not particle.many
        if not plain or not slot.required or is_refused(particle) or self.first(state) != self.end:
            return False
        self.add(1, f"x = v.{particle.field}")
        self.one(1, particle, possible, state.width)
        return True

    def code(self, possible: set[int], number: int) -> tuple[str, str]:
        """Width and value of an event code, as numbers where only one state is possible."""
        if len(possible) == 1:
            state = self.all_states[next(iter(possible))]
            return str(state.width), str(number - self.first(state))
        widths, firsts = self.tables
        return f"{widths}[s]", f"({number} - {firsts}[s])"

    def slot(self, index: int, slot: Slot, possible: set[int]) -> set[int]:
        """Write one slot; the states possible afterwards. ``s`` holds the state where there are several."""
        first = slot.particles[0]
        if all(is_refused(particle) for particle in slot.particles):
            if slot.required:
                self.add(1, "raise Irregular")
            else:
                self.add(1, f"x = v.{first.field}", self.free_content())
            return possible
        if first.many:
            return self.many(index, first, possible)
        if not slot.required:
            self.note_state(possible)
        depth = 1
        if first.group:
            self.add(1, "k = 0")
        for particle in slot.particles:
            self.add(1, f"x = v.{particle.field}")
            if first.group or not slot.required:
                depth = 2
                self.add(1, "if x is not None:")
            if first.group:
                self.add(2, "k += 1")
            self.one(depth, particle, possible)
            if not slot.required:
                self.add(2, f"s = {index + 1}")
        if first.group:
            self.add(1, f"if k {'!= 1' if slot.required else '> 1'}: raise Irregular")
        return {index + 1} if slot.required else possible | {index + 1}

    def note_state(self, possible: set[int]) -> None:
        """Put the one possible state into s, since soon there will be several."""
        if len(possible) == 1:
            self.add(1, f"s = {next(iter(possible))}")

    def one(self, depth: int, particle: Particle, possible: set[int], end: int = 0) -> None:
        """Write x with its event code, and behind it ``end`` bits, all zero."""
        if particle.by_class:
            self.substitute(depth, particle, possible)
            return
        element = particle.elements[0]
        width, code = self.code(possible, self.number[element])
        if width.isdigit():
            self.value(depth, particle, element, int(width), int(code), end)
        else:
            self.put(depth, width, code)
            self.value(depth, particle, element, 0, 0, end)

    def substitute(self, depth: int, particle: Particle, possible: set[int]) -> None:
        word = "if"
        for element in particle.elements:
            if element.record is not None and not element.refused:
                self.add(depth, f"{word} type(x) is {self.refer('C', element.record.cls)}:")
                width, code = self.code(possible, self.number[element])
                self.record(depth + 1, element.record, width, code)
                word = "elif"
        self.add(depth, "else: raise Irregular")

    def many(self, index: int, particle: Particle, possible: set[int]) -> set[int]:
        element = particle.elements[0]
        inside = len(self.states) + index
        self.note_state(possible)
        self.add(1, f"x = v.{particle.field}")
        self.add(1, f"if type(x) is not tuple or not {particle.least} <= len(x) <= {particle.limit}: raise Irregular")
        self.add(1, "k = 0", "for x in x:", "    if k == 0:")
        width, code = self.code(possible, self.number[element])
        self.put(3, width, code)
        if particle.least > 1:
            self.add(2, f"elif k < {particle.least}:")
            self.put(3, str(self.states[index].width), "0")
        self.add(2, "else:")
        self.put(3, str(self.all_states[inside].width), "0")
        self.add(2, "k += 1")
        self.value(2, particle, element, 0, 0)
        full = f"{index + 1} if k == {particle.most} else " if particle.most is not None else ""
        self.add(1, f"if k: s = {full}{inside}")
        after = {inside} | ({index + 1} if particle.most is not None else set())
        return after if particle.least else after | possible

    def value(self, depth: int, particle: Particle, element: Element, lead: int, code: int, end: int = 0) -> None:
        """Write x; ``code``, in ``lead`` bits, comes before, and behind a plain value ``end`` bits, all zero."""
        if element.record is not None:
            self.record(depth, element.record, str(lead), str(code))
            return
        assert element.datatype is not None
        frame = 1 if particle.kind is Event.ELEMENT else 0
        self.simple(depth, element.datatype, lead + frame, code << frame, frame + end)

    def simple(self, depth: int, datatype: Datatype, lead: int, code: int, trail: int) -> None:
        match datatype:
            case datatypes.Boolean():
                self.add(depth, "if x is not True and x is not False: raise Irregular")
                self.fixed(depth, "x", lead, code, 1, trail)
            case datatypes.NBit(low=low, high=high, width=width):
                self.add(depth, f"if type(x) is not int or not {low} <= x <= {high}: raise Irregular")
                offset = f"(x - {low})" if low > 0 else f"(x + {-low})" if low else "x"
                self.fixed(depth, offset, lead, code, width, trail)
            case datatypes.Enumeration(cls=cls, index=index, width=width):
                self.add(depth, f"if type(x) is not {self.refer('C', cls)}: raise Irregular")
                self.fixed(depth, f"{self.refer('E', index)}[x._value_]", lead, code, width, trail)
            case datatypes.Unsigned(low=low, high=high):
                self.integer(depth, low, high, lead, code, trail, signed=False)
            case datatypes.Signed(low=int(low), high=int(high)):
                self.integer(depth, low, high, lead, code, trail, signed=True)
            case datatypes.Binary(least=least, most=most) if least == most and least <= LONGEST_FUSED_OCTETS:
                self.octets(depth, least, lead, code, trail)
            case _:
                self.put(depth, str(lead), str(code))
                self.general(depth, datatype)
                self.put(depth, str(trail), "0")

    def begin(self, cls: str) -> None:
        self.add(0, f"def {self.name}(w, v, acc):")
        self.add(1, f"if type(v) is not {cls}: raise Irregular")
        parts = [particle for slot in self.grammar.slots for particle in slot.particles]
        if any(p.many or not all(_is_small(e.datatype) for e in p.elements) for p in parts):
            self.add(1, "if acc > FULL: acc = flush(w, acc)")

    def finish(self, width: str, code: str) -> None:
        self.put(1, width, code)
        self.add(1, "return acc")

    def put(self, depth: int, width: str, code: str) -> None:
        """Write an event code."""
        if width != "0":
            self.add(depth, f"acc = acc << {width}" + (f" | {code}" if code != "0" else ""))

    def record(self, depth: int, grammar: RecordGrammar, width: str, code: str) -> None:
        """Write an event code and x, the record it announces."""
        before = f"acc << {width}" if width != "0" else "acc"
        if code != "0":
            before += f" | {code}"
        self.add(depth, f"acc = {self.call('W', grammar)}(w, x, {before})")

    def fixed(self, depth: int, value: str, lead: int, code: int, width: int, trail: int) -> None:
        """Write an expression of known width, the event before it and the end of its element."""
        total = lead + width + trail
        before = f" | {code << width + trail}" if code else ""
        shifted = f"{value} << {trail}" if trail else value
        self.add(depth, f"acc = acc << {total}{before} | {shifted}")

    def integer(self, depth: int, low: int, high: int, lead: int, code: int, trail: int, *, signed: bool) -> None:
        self.add(depth, f"if type(x) is not int or not {low} <= x <= {high}: raise Irregular")
        lead += signed
        code <<= signed
        sign = ""
        if signed:
            sign = " | y"
            self.add(depth, "y = 0", f"if x < 0: x = ~x; y = {1 << 8 + trail}")

        def octets(count: int, value: str) -> str:
            width = 8 * count + trail
            before = f" | {code << width}" if code else ""
            moved = f"{sign} << {width - 8 - trail}" if sign and count > 1 else sign
            return f"acc = acc << {lead + width}{before}{moved} | {value}"

        end = f" << {trail}" if trail else ""
        self.add(depth, "if x < 128:", "    " + octets(1, f"x{end}"))
        self.add(depth, "elif x < 16384:", "    " + octets(2, f"(x & 127 | 128) << {8 + trail} | x >> 7{end}"))
        self.add(depth, "else:")
        # More are rare: one after the other, the sign first.
        self.add(
            depth + 1,
            f"acc = acc << {lead}" + (f" | {code}" if code else "") + (f" | y >> {8 + trail}" if sign else ""),
        )
        self.add(depth + 1, "while x > 127:", "    acc = acc << 8 | x & 127 | 128", "    x >>= 7")
        self.add(depth + 1, f"acc = acc << {8 + trail} | x{end}")

    def octets(self, depth: int, length: int, lead: int, code: int, trail: int) -> None:
        """Write x, a few octets of known number, with their length and the events around them."""
        self.add(depth, f"if type(x) is not bytes or len(x) != {length}: raise Irregular")
        before = (code << 8 | length) << 8 * length + trail
        value = "int.from_bytes(x, 'big')" + (f" << {trail}" if trail else "")
        self.add(depth, f"acc = acc << {lead + 8 + 8 * length + trail} | {before} | {value}")

    def general(self, depth: int, datatype: Datatype) -> None:
        helper = "general"
        if isinstance(datatype, datatypes.Text | datatypes.Binary):
            helper = "text" if isinstance(datatype, datatypes.Text) else "binary"
        self.add(depth, f"acc = write_{helper}(w, x, acc, {self.refer('D', datatype)})")


class JsonSource(Source):
    """``def name(v) -> dict``, as ``json.to_json`` makes it."""

    def __init__(self, grammar: RecordGrammar, name: str) -> None:
        super().__init__(grammar, name)
        self.add(0, f"def {name}(v):")
        if is_irregular(grammar):
            self.add(1, "raise Irregular")
            return
        self.add(1, f"if type(v) is not {self.refer('C', grammar.cls)}: raise Irregular", "d = {}")
        for slot in grammar.slots:
            grouped = slot.particles[0].group
            if grouped:
                self.add(1, "k = 0")
            for particle in slot.particles:
                self.particle(particle, required=slot.required and not grouped)
                if grouped:
                    self.add(2, "k += 1")
            if grouped:
                self.add(1, f"if k {'!= 1' if slot.required else '> 1'}: raise Irregular")
        self.add(1, "return d")

    def particle(self, particle: Particle, *, required: bool) -> None:
        element = particle.elements[0]
        key = "value" if particle.kind is Event.CONTENT else element.name.local
        self.add(1, f"x = v.{particle.field}")
        if is_refused(particle):
            self.add(1, "raise Irregular" if required else self.free_content())
        elif particle.many:
            self.add(
                1, f"if type(x) is not tuple or not {particle.least} <= len(x) <= {particle.limit}: raise Irregular"
            )
            self.add(1, "if x:", f"    d[{key!r}] = items = []", "    for x in x:")
            self.value(3, element, "items.append({})")
        else:
            depth = 1
            if not required:
                depth = 2
                self.add(1, "if x is not None:")
            if particle.by_class:
                self.substitute(depth, particle)
            else:
                self.value(depth, element, f"d[{key!r}] = {{}}")

    def substitute(self, depth: int, particle: Particle) -> None:
        word = "if"
        for element in particle.elements:
            if element.record is not None and not element.refused:
                self.add(depth, f"{word} type(x) is {self.refer('C', element.record.cls)}:")
                self.value(depth + 1, element, f"d[{element.name.local!r}] = {{}}")
                word = "elif"
        self.add(depth, "else: raise Irregular")

    def value(self, depth: int, element: Element, into: str) -> None:
        """Put the JSON value of x where ``into`` says."""
        if element.record is not None:
            self.add(depth, into.format(f"{self.call('J', element.record)}(x)"))
            return
        match element.datatype:
            case datatypes.Boolean():
                self.add(depth, "if x is not True and x is not False: raise Irregular", into.format("x"))
            case datatypes.NBit(low=int(low), high=int(high)) | datatypes.Unsigned(low=int(low), high=int(high)):
                self.integer(depth, low, high, into)
            case datatypes.Signed(low=int(low), high=int(high)):
                self.integer(depth, low, high, into)
            case datatypes.Enumeration(cls=cls):
                self.add(depth, f"if type(x) is not {self.refer('C', cls)}: raise Irregular", into.format("x._value_"))
            case datatype:
                name = self.refer("D", datatype)
                self.add(depth, f"{name}.check(x)", into.format(f"{name}.to_json(x)"))

    def integer(self, depth: int, low: int, high: int, into: str) -> None:
        self.add(depth, f"if type(x) is not int or not {low} <= x <= {high}: raise Irregular", into.format("x"))
