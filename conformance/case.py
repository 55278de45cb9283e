"""A conformance case: its own stimuli and its own oracle, and what comes of it.

A case drives a system under test (SUT) through the tester (``conformance.tester``), never through our session code: it
builds its messages itself and judges the answers itself.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NoReturn, TypeVar

import msgspec

from conformance.catalogue import PURPOSES, Purpose
from iso15118.errors import LocalError

__all__ = ["CASES", "Case", "Failure", "Inconclusive", "Result", "Side", "Verdict", "case", "check", "equal", "fail"]

T = TypeVar("T")


class Side(enum.Enum):
    """Which side is under test."""

    SECC = "SECC"
    EVCC = "EVCC"


class Verdict(enum.Enum):
    """What a run of a case says about the SUT."""

    PASS = "PASS"  # noqa: S105  (a verdict)
    FAIL = "FAIL"
    INCONC = "INCONC"
    """The purpose was never reached, or could not be observed: nothing is said about the SUT."""


class Judgement(Exception):
    """A case stops: why, and where."""

    def __init__(self, reason: str, *, message: str = "", field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.message = message
        """Name of the message that was judged."""
        self.field = field


class Failure(Judgement):
    """The SUT did not do what the purpose asks for."""


class Inconclusive(Judgement):
    """The case could not come to its purpose."""


def fail(reason: str, *, message: object = None, field: str = "") -> NoReturn:
    """The verdict is FAIL.

    Raises:
        Failure: Always.
    """
    raise Failure(reason, message="" if message is None else type(message).__name__, field=field)


def check(holds: object, reason: str, *, message: object = None, field: str = "") -> None:
    """FAIL unless ``holds``.

    Raises:
        Failure: It does not.
    """
    if not holds:
        fail(reason, message=message, field=field)


def equal(actual: object, expected: object, *, message: object = None, field: str = "") -> None:
    """FAIL unless both are equal.

    Raises:
        Failure: They differ.
    """
    check(actual == expected, f"{actual!r} instead of {expected!r}", message=message, field=field)


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case of one purpose of the catalogue."""

    id: str
    """The purpose's id, and the variant behind a slash where there are several."""
    purpose: Purpose
    side: Side
    selection: tuple[str, ...]
    """Conditions on the PICS (``conformance.pics``); all must hold."""
    setup: Mapping[str, Any]
    """What the SUT has to be set to before it is started (``conformance.sut``)."""
    run: Callable[[Any], None]
    """Takes the tester that plays the other side."""
    tester: Mapping[str, Any]
    """What the tester plays: service, control mode, ..."""

    @property
    def title(self) -> str:
        """The purpose in a few words, and the variant."""
        variant = self.id.partition("/")[2]
        return f"{self.purpose.title} ({variant})" if variant else self.purpose.title


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one run."""

    case: str
    side: str
    verdict: Verdict
    reason: str = ""
    step: str = ""
    """The step of the session that was due."""
    message: str = ""
    field: str = ""
    seconds: float = 0.0
    """Time that passed for the SUT."""
    messages: int = 0
    """Messages exchanged."""


CASES: dict[str, Case] = {}
"""Every case by id; ``conformance.cases`` fills it."""

_NAMES = {1: "AC", 2: "DC", 5: "AC_BPT", 6: "DC_BPT", 8: "MCS", 9: "MCS_BPT", 10: "AC_DER_IEC", 11: "AC_DER_SAE"}


def case(
    purpose: str,
    side: Side,
    *,
    variant: str = "",
    over: Mapping[str, object] | Iterable[str] = (),
    needs: tuple[str, ...] = (),
    setup: Mapping[str, Any] | None = None,
    service: int | None = 6,
    dynamic: bool = True,
    **tester: object,
) -> Callable[[T], T]:
    """Make cases of a function.

    Args:
        purpose: Its id in the catalogue.
        side: The side under test.
        variant: What tells this case from others of the purpose.
        over: Variants to make a case each of; the function takes the variant's value as its second argument.
        needs: Conditions on the PICS beside service and control mode.
        setup: What the SUT has to be set to.
        service: The energy service the tester uses; None when the case does not depend on one.
        dynamic: Dynamic control, else Scheduled.
        tester: What else the tester plays.

    Raises:
        LocalError: The purpose is not in the catalogue, or the id is taken.
    """
    if purpose not in PURPOSES:
        raise LocalError(f"no purpose {purpose!r} in the catalogue")
    if side.value not in PURPOSES[purpose].side and PURPOSES[purpose].side != "both":
        raise LocalError(f"{purpose} is a purpose of the {PURPOSES[purpose].side}, not of the {side.value}")
    values: Mapping[str, object] = over if isinstance(over, Mapping) else {name: name for name in over}

    def add(name: str, run: Callable[[Any], None]) -> None:
        # Purposes of both sides are told apart by the side.
        parts = [side.value] if PURPOSES[purpose].side == "both" else []
        id_ = "/".join([purpose, *parts, *filter(None, (variant, name))])
        if id_ in CASES:
            raise LocalError(f"two cases are called {id_}")
        own = () if service is None else (_NAMES[service], "dynamic" if dynamic else "scheduled")
        CASES[id_] = Case(
            id=id_,
            purpose=PURPOSES[purpose],
            side=side,
            selection=(*own, *needs),
            setup=dict(setup or {}),
            run=run,
            tester={"service": 6 if service is None else service, "dynamic": dynamic, **tester},
        )

    def decorate(function: Any) -> Any:
        if not values:
            add("", function)
        for name, value in values.items():
            add(name, partial(_with, function, value))
        return function

    return decorate


def _with(function: Callable[[Any, Any], None], value: object, played: Any) -> None:
    function(played, value)
