"""Which spelling of the codec runs: the interpreter, generated Python functions, or the same functions compiled.

All three read and write the same octets and refuse the same ones with the same errors (the tests compare them). The
compiled one runs where a compiled wheel is installed, else the generated one. The environment variable
``EVBPT_EXI_BACKEND`` forces one of the three, for the whole process: it is looked at when this module is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

from iso15118.errors import LocalError
from iso15118.exi import compiled, generated, interpreter
from iso15118.exi.bits import BitReader, BitWriter
from iso15118.exi.grammar import Element

__all__ = ["BACKENDS", "VARIABLE", "Backend", "choose", "chosen"]

VARIABLE = "EVBPT_EXI_BACKEND"


class Backend(NamedTuple):
    """One spelling of the codec."""

    name: str
    read_element: Callable[[BitReader, Element], Any]
    write_element: Callable[[BitWriter, Element, Any], None]
    prepare: Callable[[Element], None]
    """Do beforehand what the first message with this element would otherwise wait for."""
    missing: str = ""
    """Why it can't run here; empty where it can."""


def _prepare_interpreter(element: Element) -> None:
    generated.prepare(element, "J")  # JSON is written by generated functions in any case


def _prepare_compiled(element: Element) -> None:
    compiled.prepare(element)
    generated.prepare(element, "J")


BACKENDS = {
    "interpreter": Backend("interpreter", interpreter.read_element, interpreter.write_element, _prepare_interpreter),
    "generated": Backend("generated", generated.read_element, generated.write_element, generated.prepare),
    "compiled": Backend(
        "compiled", compiled.read_element, compiled.write_element, _prepare_compiled, missing=compiled.MISSING
    ),
}


def choose(name: str = "") -> Backend:
    """The backend called ``name``; without a name the quickest there is.

    Raises:
        LocalError: There is no such backend, or it can't run here.
    """
    if not name:
        return next(each for each in reversed(BACKENDS.values()) if not each.missing)
    backend = BACKENDS.get(name)
    if backend is None:
        raise LocalError(f"{VARIABLE}={name}: there are {', '.join(BACKENDS)}")
    if backend.missing:
        raise LocalError(
            f"{VARIABLE}={name}: {backend.missing}; install a compiled wheel (README, Install), "
            f"or leave the variable out for the {choose().name} one"
        )
    return backend


chosen = choose(os.environ.get(VARIABLE, ""))
"""The backend of this process."""
