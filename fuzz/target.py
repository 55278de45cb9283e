"""The fuzz target of one key, in one process: libFuzzer by way of atheris.

    python -m fuzz.target --key DC [--numbers FILE] [libFuzzer's options] CORPUS...
    python -m fuzz.target --key DC FILE         # an input again

``fuzz.run`` starts it, shares the work out and keeps count.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import atheris

from fuzz.mutate import damaged
from fuzz.oracle import CHECKS, GENERATED, Numbers
from fuzz.seeds import seeds
from iso15118.exi.grammar import Element, schema_grammar
from iso15118.messages.registry import KEYS

WATCHED = {
    "xmldsig": ["exi.codec", "exi.contents", "exi.datatypes", "exi.generated", "exi.interpreter"],
    "xml": ["exi.xml", "exi.contents", "exi.datatypes"],
    "json": ["exi.json", "exi.contents", "exi.datatypes"],
    "v2gtp": ["v2gtp"],
    "sdp": ["sdp", "v2gtp"],
}
"""Modules whose branches guide the search."""

WATCHED_BESIDE = ["exi.contents", "exi.generated"]
"""The same for any other schema set, beside the functions generated for it. They follow the grammar; the interpreter is the
same for every set, runs on every stream as well, and halves the speed when it is watched."""

LIBFUZZER_MUTATIONS = 16
"""One mutation in so many is left to libFuzzer's own."""

ANOTHER_DIALECT = 16
"""One input in so many is read by the options of a dialect, which the first octet chooses (``oracle.check_exi``)."""

FROM_A_SEED = 3
"""One mutation in so many begins from a seed: a corpus soon consists of streams that are refused in ever new ways, and
few of their descendants are accepted again."""

NUMBERS_EVERY = 10_000


def _watch(function: FunctionType) -> None:
    # Comparisons are not traced: they cost much, and bits are no magic words to be found by them.
    function.__code__ = atheris.patch_code(function.__code__, trace_dataflow=False)


def _functions(module: Any) -> list[FunctionType]:
    """Functions and methods a module defines."""
    found: list[FunctionType] = []
    spaces = [vars(module)]
    spaces += [vars(each) for each in vars(module).values() if isinstance(each, type)]
    for space in spaces:
        for value in list(space.values()):
            inner = getattr(value, "fget", None) or getattr(value, "__func__", None) or value
            inner = getattr(inner, "__wrapped__", inner)
            if isinstance(inner, FunctionType) and inner.__module__ == module.__name__ and inner not in found:
                found.append(inner)
    return found


def _generated(elements: tuple[Element, ...]) -> list[FunctionType]:
    """The functions generated for these elements and all they contain."""
    found: list[FunctionType] = []
    records = [element.record for element in elements]
    for record in records:
        if record is None:
            continue
        found += [f for f in record.compiled.values() if isinstance(f, FunctionType) and f not in found]
        inner = [e.record for slot in record.slots for particle in slot.particles for e in particle.elements]
        records += [each for each in inner if each not in records]
    return found


def instrument(key: str) -> int:
    """Make branches visible to libFuzzer; how many functions."""
    functions = [
        function
        for name in WATCHED.get(key, WATCHED_BESIDE)
        for function in _functions(importlib.import_module(f"iso15118.{name}"))
    ]
    if key in KEYS:
        elements = schema_grammar(key).fragment
        for element in elements:
            GENERATED.prepare(element)
        functions += _generated(elements)
    for function in functions:
        _watch(function)
    return len(functions)


def mutator(key: str) -> Callable[[bytes, int, int], bytes]:
    """The mutator of a schema set: of the first octet the mode stays, the stream behind it is damaged bit by bit."""
    inputs = list(seeds(key))

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if len(data) < 3 or not rng.randrange(LIBFUZZER_MUTATIONS):
            return bytes(atheris.Mutate(data, max_size))
        if not rng.randrange(FROM_A_SEED):
            data = rng.choice(inputs)
        choice = data[0] & 1
        if not rng.randrange(ANOTHER_DIALECT):
            choice |= rng.randrange(2, 4) << 1
        return bytes([choice]) + damaged(data[1:], rng.choice(inputs)[1:], rng, max_size - 1)

    return mutate


def crossover(first: bytes, second: bytes, max_size: int, seed: int) -> bytes:
    """The beginning of one stream and the end of another, cut at any bit."""
    rng = random.Random(seed)
    return first[:1] + damaged(first[1:], second[1:], rng, max_size - 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--key", required=True, choices=CHECKS)
    parser.add_argument("--numbers", type=Path, help="where to write how often inputs were accepted and compared")
    arguments, rest = parser.parse_known_args()
    key, check, numbers = arguments.key, CHECKS[arguments.key], Numbers()
    print(f"{instrument(key)} functions of {key} are watched", file=sys.stderr)

    def one(data: bytes) -> None:
        numbers["inputs"] += 1
        check(key, data, numbers)
        if arguments.numbers is not None and numbers["inputs"] % NUMBERS_EVERY == 0:
            arguments.numbers.write_text(json.dumps(numbers))

    options = {"custom_mutator": mutator(key), "custom_crossover": crossover} if key in KEYS else {}
    atheris.Setup([sys.argv[0], *rest], one, **options)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
