"""How a defect is put into our cores: by an entry of a transition table, a limit, an action, an answer of a port."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import msgspec

from iso15118.session import actions as act
from iso15118.session import evcc, secc
from iso15118.session.core import Session, State, Step
from iso15118.session.evcc.session import EvccSession
from iso15118.session.secc import session as secc_session
from iso15118.session.secc.failed import failed_response
from iso15118.session.secc.session import SeccSession
from iso15118.session.timers import Limits, Timer

__all__ = [
    "MUTANTS",
    "Mutant",
    "answers",
    "asks",
    "codes",
    "does",
    "every",
    "hears",
    "limit",
    "mutant",
    "replaced",
    "says",
    "swapped",
    "takes",
    "without",
]

Patch = Callable[[], AbstractContextManager[None]]


class Mutant(msgspec.Struct, frozen=True):
    """One defect."""

    name: str
    text: str
    """What is wrong."""
    kills: tuple[str, ...]
    """Patterns of case ids; every case that fits one must be FAIL."""
    active: Patch
    """The context in which our cores have the defect."""

    def hits(self, case_id: str) -> bool:
        """Whether that case must be FAIL."""
        return any(fnmatch.fnmatchcase(case_id, pattern) for pattern in self.kills)


MUTANTS: dict[str, Mutant] = {}
"""By name."""


def mutant(name: str, text: str, *kills: str) -> Callable[[Patch], Patch]:
    """Register a patch."""

    def add(patch: Patch) -> Patch:
        if name in MUTANTS:
            raise ValueError(f"two mutants are called {name}")
        MUTANTS[name] = Mutant(name, text, kills, patch)
        return patch

    return add


# --- tools ---


@contextmanager
def swapped(owner: Any, name: str, value: object) -> Iterator[None]:
    """An attribute has another value for a while."""
    before, own = getattr(owner, name), name in vars(owner)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if own:
            setattr(owner, name, before)
        else:
            delattr(owner, name)  # what is inherited must go on being inherited


@contextmanager
def every(*patches: AbstractContextManager[None]) -> Iterator[None]:
    """All of them together."""
    with ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        yield


def replaced(message: Any, **changes: object) -> Any:
    """Other fields; ``mode__field`` one level down, where there is such a field."""
    flat: dict[str, object] = {}
    nested: dict[str, dict[str, object]] = {}
    for name, value in changes.items():
        outer, _, inner = name.partition("__")
        if not hasattr(message, outer):
            continue
        if inner:
            nested.setdefault(outer, {})[inner] = value
        else:
            flat[outer] = value
    for outer, below in nested.items():
        if getattr(message, outer) is not None:
            flat[outer] = replaced(getattr(message, outer), **below)
    return msgspec.structs.replace(message, **flat)


def _tuple(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def _named(function: Any, like: Any) -> Any:
    function.__name__ = like.__name__
    return function


def answers(
    names: str | tuple[str, ...], change: Callable[[SeccSession, Any, Any], Any]
) -> AbstractContextManager[None]:
    """Whatever our station answers with those messages is changed: ``change(session, request, response)``."""
    wanted = _tuple(names)

    def wrap(rule: secc.Rule) -> secc.Rule:
        def handler(session: SeccSession, request: Any, now: float) -> Step:
            step = rule.handler(session, request, now)
            if type(step.message).__name__ in wanted:
                step = step._replace(message=change(session, request, step.message))
            return step

        return rule._replace(handler=_named(handler, rule.handler))

    return swapped(secc, "HANDLERS", {key: wrap(rule) for key, rule in secc.HANDLERS.items()})


def says(names: str | tuple[str, ...], **changes: object) -> Patch:
    """Fields of a good answer are wrong."""

    def change(_: SeccSession, __: Any, response: Any) -> Any:
        good = not str(response.response_code.value).upper().startswith("FAILED")
        return replaced(response, **changes) if good else response

    return lambda: answers(names, change)


def hears(names: str | tuple[str, ...], change: Callable[[SeccSession, Any], Any]) -> AbstractContextManager[None]:
    """Our station reads other requests than were sent: a check that is not made."""
    wanted = _tuple(names)

    def wrap(rule: secc.Rule) -> secc.Rule:
        def handler(session: SeccSession, request: Any, now: float) -> Step:
            if type(request).__name__ in wanted:
                request = change(session, request)
            return rule.handler(session, request, now)

        return rule._replace(handler=_named(handler, rule.handler))

    return swapped(secc, "HANDLERS", {key: wrap(rule) for key, rule in secc.HANDLERS.items()})


def without(*keys: tuple[State, str]) -> AbstractContextManager[None]:
    """Our station does not know these requests in these states."""
    rules = {key: rule for key, rule in secc.HANDLERS.items() if (key[0], key[1].__name__) not in keys}
    return swapped(secc, "HANDLERS", rules)


def codes(change: Mapping[str, str]) -> AbstractContextManager[None]:
    """Refusals have another code."""

    def wrong(request: Any, code: str, header: Any) -> Any:
        return failed_response(request, change.get(code, code), header)

    return swapped(secc_session, "failed_response", wrong)


def limit(timer: Timer, factor: float) -> Patch:
    """A timer runs too long or too short."""
    seconds = Limits.seconds

    def wrong(self: Limits, asked: Timer) -> float:
        return seconds(self, asked) * (factor if asked is timer else 1.0)

    return lambda: swapped(Limits, "seconds", wrong)


def does(change: Callable[[Session, act.Action], act.Action | None]) -> AbstractContextManager[None]:
    """Actions are changed, or lost (None)."""
    emit = Session._emit  # noqa: SLF001  (a defect is where a defect can be)

    def wrong(self: Session, actions: Any) -> list[act.Action]:
        changed = [change(self, action) for action in emit(self, actions)]
        return [action for action in changed if action is not None]

    return swapped(Session, "_emit", wrong)


def asks(state: State, change: Callable[[EvccSession, Any], Any]) -> AbstractContextManager[None]:
    """Our car's request in a state is changed."""
    phase = evcc.PHASES[state]

    def compose(session: EvccSession, now: float) -> Any:
        return change(session, phase.compose(session, now))

    return swapped(evcc, "PHASES", {**evcc.PHASES, state: phase._replace(compose=_named(compose, phase.compose))})


def takes(state: State, change: Callable[[EvccSession, Any], Any]) -> AbstractContextManager[None]:
    """Our car reads another answer in a state than was sent."""
    phase = evcc.PHASES[state]

    def handler(session: EvccSession, response: Any, now: float) -> Step:
        return phase.handler(session, change(session, response), now)

    return swapped(evcc, "PHASES", {**evcc.PHASES, state: phase._replace(handler=_named(handler, phase.handler))})
