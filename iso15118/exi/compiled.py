"""Runs the functions that ``generate_native`` writes and mypyc compiles: the same calls as ``interpreter``.

The extension module ``_compiled`` is part of compiled wheels only. It says which sources it was made from, and is used
only with exactly those: functions of other message classes would read wrong codes without noticing.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import json
from types import ModuleType
from typing import Any

from iso15118.exi import interpreter
from iso15118.exi.bits import BitReader, BitWriter, Fault, Irregular
from iso15118.exi.grammar import Element, RecordGrammar, schema_grammar

__all__ = [
    "MISSING",
    "Spelling",
    "class_name",
    "prepare",
    "read_document",
    "read_element",
    "write_document",
    "write_element",
]

_HEADER = 0x80
_MODULE = "iso15118.exi._compiled"
_IRREGULAR = (Irregular, Fault, OverflowError, ValueError)
"""What the functions raise where the interpreter has to decide; the last two for numbers of more than 64 bits."""
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


class Spelling:
    """The functions of one module that ``generate_native`` wrote, compiled or not."""

    def __init__(self, module: Any) -> None:
        """``module`` is None where there is none: then nothing here may be called."""
        self._module = module
        self._table: dict[str, dict[str, list[str]]] = json.loads(module.TABLE) if module else {}
        """Schema set -> class -> names of its reader and writer."""
        self._functions: dict[RecordGrammar, tuple[Any, Any]] = {}
        """Reader and writer of each class met so far."""
        self._documents = functools.cache(functools.partial(_Documents, self))

    def functions(self, grammar: RecordGrammar) -> tuple[Any, Any]:
        """Reader and writer of a class."""
        found = self._functions.get(grammar)
        if found is None:
            reader, writer = self._table[grammar.key][class_name(grammar.cls)]
            found = self._functions[grammar] = getattr(self._module, reader), getattr(self._module, writer)
        return found

    def prepare(self, element: Element) -> None:
        """Nothing is made here; look up what will be called."""
        if element.record is not None and not element.refused:
            self.functions(element.record)
            self._documents(element.record.key)

    def read_element(self, reader: BitReader, element: Element) -> Any:
        """As ``interpreter.read_element``."""
        if element.record is None or element.refused:
            return interpreter.read_element(reader, element)
        data = reader.data if type(reader.data) is bytes else bytes(reader.data)
        try:
            value, reader.position = self._module.read(self.functions(element.record)[0], data, reader.position)
        except _IRREGULAR:
            return interpreter.read_element(reader, element)
        return value

    def write_element(self, writer: BitWriter, element: Element, value: Any) -> None:
        """As ``interpreter.write_element``."""
        if element.record is None or element.refused:
            interpreter.write_element(writer, element, value)
            return
        held, bits = writer.held(_LONGEST_HELD_BITS)
        try:
            octets, held, bits = self._module.write(self.functions(element.record)[1], value, held, bits)
        except _IRREGULAR:
            interpreter.write_element(writer, element, value)
            return
        writer.resume(octets, held, bits)

    def read_document(self, data: bytes, key: str) -> Any:
        """The message in a regular document, or None: ``codec`` has to see what it is.

        Raises:
            LocalError: Unknown key.
        """
        documents = self._documents(key)
        if type(data) is not bytes:
            return None
        try:
            return documents.read(documents.readers, documents.width, data)
        except _IRREGULAR:
            return None

    def write_document(self, message: Any, key: str) -> bytes | None:
        """The document of a valid message whose class is behind one root, or None: ``codec`` has to see what it is.

        Raises:
            LocalError: Unknown key.
        """
        documents = self._documents(key)
        root = documents.writers.get(type(message))
        if root is None:
            return None
        try:
            data: bytes = documents.write(root[0], message, root[1], root[2])
        except _IRREGULAR:
            return None
        return data


class _Documents:
    """The roots of one schema set, looked up beforehand."""

    def __init__(self, spelling: Spelling, key: str) -> None:
        schema = schema_grammar(key)
        module = spelling._module  # noqa: SLF001  # a part of it, in a class of its own
        self.read, self.write = module.read_document, module.write_document
        self.width = schema.document_width
        self.readers: list[Any] = [
            None if e.record is None or e.refused else spelling.functions(e.record)[0] for e in schema.document
        ]
        """Code -> reader."""
        self.writers: dict[type, tuple[Any, int, int]] = {}
        """Class -> writer and what comes before: header and code, and how many bits they are."""
        for cls, codes in schema.by_class["document"].items():
            record = schema.document[codes[0]].record
            if len(codes) == 1 and record is not None:
                head = _HEADER << self.width | codes[0]
                self.writers[cls] = spelling.functions(record)[1], head, 8 + self.width


_module, MISSING = _load()
_installed = Spelling(_module)
prepare = _installed.prepare
read_document = _installed.read_document
read_element = _installed.read_element
write_document = _installed.write_document
write_element = _installed.write_element
