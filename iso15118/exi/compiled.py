"""Runs the functions that ``generate_native`` writes and mypyc compiles: the same calls as ``interpreter``.

The extension module ``_compiled`` is part of compiled wheels only. It says which sources it was made from, and is used
only with exactly those: functions of other message classes would read wrong codes without noticing.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

from iso15118.exi import interpreter
from iso15118.exi.bits import BitReader, BitWriter, Fault, Irregular
from iso15118.exi.grammar import Element, RecordGrammar

__all__ = ["MISSING", "class_name", "prepare", "read_element", "write_element"]

_MODULE = "iso15118.exi._compiled"
_IRREGULAR = (Irregular, Fault, OverflowError)
_LONGEST_HELD_BITS = 48


def class_name(cls: type) -> str:
    """How the compiled module calls a message class."""
    return f"{cls.__module__}:{cls.__qualname__}"


def _load() -> tuple[ModuleType | None, str]:
    """The compiled module, or why it can't be used."""
    if importlib.util.find_spec(_MODULE) is None:
        return None, "the compiled codec is not installed"
    try:
        module = importlib.import_module(_MODULE)
    except ImportError as error:
        return None, f"the compiled codec can't be loaded: {error}"
    return module, ""


_module: Any
_module, MISSING = _load()
_TABLE: dict[str, dict[str, list[str]]] = {} if MISSING else json.loads(_module.TABLE)
"""Schema set -> class -> names of its reader and writer."""
_read: Any = getattr(_module, "read", None)
_write: Any = getattr(_module, "write", None)


def _bind(grammar: RecordGrammar, wanted: str = "native R") -> Callable[..., Any]:
    """Look a class's functions up, once."""
    reader, writer = _TABLE[grammar.key][class_name(grammar.cls)]
    grammar.compiled["native R"] = getattr(_module, reader)
    grammar.compiled["native W"] = getattr(_module, writer)
    return grammar.compiled[wanted]


def prepare(element: Element) -> None:
    """Nothing is made here; look up what is called."""
    if element.record is not None and not element.refused:
        _bind(element.record)


def read_element(reader: BitReader, element: Element) -> Any:
    """As ``interpreter.read_element``."""
    grammar = element.record
    if grammar is None or element.refused:
        return interpreter.read_element(reader, element)
    function = grammar.compiled.get("native R") or _bind(grammar, "native R")
    data = reader.data if type(reader.data) is bytes else bytes(reader.data)
    try:
        value, reader.position = _read(function, data, reader.position)
    except _IRREGULAR:
        return interpreter.read_element(reader, element)
    return value


def write_element(writer: BitWriter, element: Element, value: Any) -> None:
    """As ``interpreter.write_element``."""
    grammar = element.record
    if grammar is None or element.refused:
        interpreter.write_element(writer, element, value)
        return
    function = grammar.compiled.get("native W") or _bind(grammar, "native W")
    held, bits = writer.held(_LONGEST_HELD_BITS)
    try:
        octets, held, bits = _write(function, value, held, bits)
    except _IRREGULAR:
        interpreter.write_element(writer, element, value)
        return
    writer.resume(octets, held, bits)
