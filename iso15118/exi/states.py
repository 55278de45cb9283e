"""The states of one type: what may come after what, with the event codes."""

from __future__ import annotations

from iso15118.exi.content_model import Automaton
from iso15118.exi.productions import Element, Event, Particle, Production, RecordGrammar, Slot, State

__all__ = ["FreeStates", "States"]

# Attributes are met in their order already; a wildcard counts after every named element.
_ORDER = {Event.ATTRIBUTE: 0, Event.ELEMENT: 1, Event.CONTENT: 1, Event.WILDCARD: 2}

_After = tuple[State, State, State]


def complete(
    state: State, events: list[tuple[Event, Particle, Element, _After]], *, end: bool, text: State | None = None
) -> None:
    """Give the events of a state their codes; ``text`` is the state after text, where that may stand."""
    events.sort(key=lambda item: _ORDER[item[0]])
    productions = [
        Production(code, event, particle, element, after)
        for code, (event, particle, element, after) in enumerate(events)
    ]
    if end:
        state.end = Production(len(productions), Event.END)
        productions.append(state.end)
    if text is not None:
        state.text = Production(len(productions), Event.MIXED, after=(text, text, text))
        productions.append(state.text)
    state.width = len(productions).bit_length()
    state.productions = tuple(productions)
    state.by_element = {p.element: p for p in productions if p.element is not None}
    state.by_name = {p.element.name: p for p in productions if p.element and p.event is Event.ELEMENT}
    state.wildcard = next((p for p in productions if p.event is Event.WILDCARD), None)


class States:
    """The states of a type whose fields say in their order what may follow what."""

    def __init__(self, grammar: RecordGrammar) -> None:
        self.grammar = grammar
        self.slots = grammar.slots
        self.entries = [State() for _ in range(len(self.slots) + 1)]
        self.open = [State() for _ in self.slots]

    def build(self) -> None:
        for index in range(len(self.entries)):
            self.fill(self.entries[index], index, reached=False)
        for index, slot in enumerate(self.slots):
            if slot.particles[0].most != 1:
                self.fill(self.open[index], index, reached=True)
        self.grammar.start = self.entries[0]

    def fill(self, state: State, index: int, *, reached: bool) -> None:
        """Collect what may come from slot ``index`` on, up to the first that must; ``reached``: its minimum has been."""
        events: list[tuple[Event, Particle, Element, _After]] = []
        end = True
        for place in range(index, len(self.slots)):
            slot = self.slots[place]
            events += [(p.kind, p, element, self.after(place, p)) for p in slot.particles for element in p.elements]
            if slot.required and not (place == index and reached):
                end = False
                break
        complete(state, events, end=end)

    def after(self, place: int, particle: Particle) -> tuple[State, State, State]:
        following = self.entries[place + 1]
        if particle.most == 1:
            return (following, following, following)
        return (self.entries[place], self.open[place], following)


class FreeStates:
    """The states of a type that has a content model: one before its content, and one after each position of the model."""

    def __init__(
        self, grammar: RecordGrammar, automaton: Automaton, places: list[tuple[Event, Particle, Element]]
    ) -> None:
        """Join; ``places`` says for each position of the automaton what stands there."""
        self.grammar = grammar
        self.automaton = automaton
        self.places = places
        self.behind = [State() for _ in places]
        self.before = State()

    def build(self) -> None:
        model = self.automaton
        for index, state in enumerate(self.behind):
            self.fill(state, model.follow[index], end=index in model.last)
        self.fill(self.before, model.first, end=model.nullable)
        state = self.before
        for slot in reversed([slot for slot in self.grammar.slots if slot.particles[0].kind is Event.ATTRIBUTE]):
            state = self.attribute(slot, state)
        self.grammar.start, self.grammar.content = state, self.before

    def fill(self, state: State, positions: set[int], *, end: bool) -> None:
        events: list[tuple[Event, Particle, Element, _After]] = []
        for position in sorted(positions):
            after = self.behind[position]
            events.append((*self.places[position], (after, after, after)))
        complete(state, events, end=end, text=state if self.grammar.mixed else None)

    def attribute(self, slot: Slot, later: State) -> State:
        """The state before an attribute: when it may be missing, with all that may come after it."""
        particle = slot.particles[0]
        events: list[tuple[Event, Particle, Element, _After]] = [
            (Event.ATTRIBUTE, particle, particle.elements[0], (later, later, later))
        ]
        state = State()
        if slot.required:
            complete(state, events, end=False)
        else:
            events += [
                (p.event, p.particle, p.element, p.after)
                for p in later.productions
                if p.particle and p.element and p.after
            ]
            complete(state, events, end=later.end is not None, text=self.before if later.text else None)
        return state
