"""Source of the compiled spelling: one module with the functions of every class, typed for mypyc.

``python -m iso15118.exi.generate_native FILE`` writes it; ``setup.py`` does so when a compiled wheel is asked for. The
text is ``native``, then the objects the functions refer to, then the functions. What is equal in several schema sets is
written once.
"""

from __future__ import annotations

import enum
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from iso15118.exi import datatypes
from iso15118.exi.compiled import class_name
from iso15118.exi.datatypes import Datatype
from iso15118.exi.fingerprint import fingerprint
from iso15118.exi.generate import ReaderSource, Source, mask
from iso15118.exi.generate_writers import WriterSource
from iso15118.exi.grammar import RecordGrammar, schema_grammar
from iso15118.messages.model import Record
from iso15118.messages.registry import KEYS

__all__ = ["NativeReaderSource", "NativeWriterSource", "module_text"]

_NATIVE_BITS = 62
_NAME = re.compile(r"\b[A-Z][0-9]+\b|\b[RW]_\w+\b")


def _is_native(*bounds: int) -> bool:
    """The values fit what ``native`` calls i64."""
    return all(-(1 << _NATIVE_BITS) <= bound < 1 << _NATIVE_BITS for bound in bounds)


class NativeReaderSource(ReaderSource):
    """``def name(r: Reader) -> Any``."""

    def begin(self) -> None:
        self.add(0, f"def {self.name}(r: Reader) -> Any:")
        self.add(1, "x: i64 = 0", "i: i64 = 0")
        for slot in self.grammar.slots:
            for particle in slot.particles:
                self.add(1, f"v{particle.index}: Any = None")
                if particle.many:
                    self.add(1, f"l{particle.index}: list[Any] = []")

    def finish(self, record: str) -> None:
        self.add(1, f"return {record}")

    def skip(self, depth: int, width: int) -> None:
        if width:
            self.add(depth, f"skip(r, {width})")

    def code(self, depth: int, width: int, first: int, count: int) -> None:
        plus = f" + {first}" if first else ""
        self.add(depth, f"i = code(r, {width}, {count}){plus}")

    def record(self, depth: int, variable: str, grammar: RecordGrammar, lead: int) -> None:
        self.skip(depth, lead)
        self.add(depth, f"{variable} = {self.call('R', grammar)}(r)")

    def fused(self, depth: int, lead: int, width: int, trail: int) -> None:
        wrong = mask(lead) << width + trail | mask(trail)
        total = lead + width + trail
        self.add(depth, f"x = fused(r, {total}, {wrong})" if wrong else f"x = take(r, {total})")

    def integer(self, depth: int, variable: str, lead: int, trail: int, low: int, high: int, *, signed: bool) -> None:
        helper = "signed" if signed else "unsigned"
        if not _is_native(low, high):
            assert not signed, "no type of the schemas has a sign and 64 bits"
            helper = "unsigned_long"
        self.add(depth, f"{variable} = {helper}(r, {lead}, {trail}, {low}, {high})")

    def octets(self, depth: int, variable: str, lead: int, trail: int, length: int) -> None:
        self.skip(depth, lead)
        self.add(depth, f"{variable} = read_binary(r, {length}, {length})")
        self.skip(depth, trail)

    def general(self, depth: int, variable: str, datatype: Datatype) -> None:
        match datatype:
            case datatypes.Text(least=least, most=most):
                bounds = f"{least + 2}, {-1 if most is None else most + 2}"
                self.add(depth, f"{variable} = read_text(r, {bounds}, {self.refer('D', datatype)})")
            case datatypes.Binary(least=least, most=most):
                self.add(depth, f"{variable} = read_binary(r, {least}, {-1 if most is None else most})")
            case _:
                self.add(depth, f"{variable} = read_general(r, {self.refer('D', datatype)})")


class NativeWriterSource(WriterSource):
    """``def name(w: Writer, v: Any) -> None``."""

    def begin(self, cls: str) -> None:
        self.add(0, f"def {self.name}(w: Writer, v: Any) -> None:")
        self.add(1, "x: Any = None", "s: i64 = 0", "k: i64 = 0", "y: i64 = 0")
        self.add(1, f"if type(v) is not {cls}: irregular()")

    def finish(self, width: str, code: str) -> None:
        self.put(1, width, code)

    def put(self, depth: int, width: str, code: str) -> None:
        if width != "0":
            self.add(depth, f"put(w, {code}, {width})")

    def record(self, depth: int, grammar: RecordGrammar, width: str, code: str) -> None:
        self.put(depth, width, code)
        self.add(depth, f"{self.call('W', grammar)}(w, x)")

    def simple(self, depth: int, datatype: Datatype, lead: int, code: int, trail: int) -> None:
        match datatype:
            case datatypes.Boolean():
                self.fixed(depth, "boolean(x)", lead, code, 1, trail)
            case datatypes.NBit(low=low, high=high, width=width):
                self.fixed(depth, f"(number(x, {low}, {high}) - {low})", lead, code, width, trail)
            case _:
                super().simple(depth, datatype, lead, code, trail)

    def fixed(self, depth: int, value: str, lead: int, code: int, width: int, trail: int) -> None:
        before = f"{code << width + trail} | " if code else ""
        shifted = f"{value} << {trail}" if trail else value
        if not value.startswith("("):  # a flag, or a literal's place, which comes boxed from a dict
            self.add(depth, f"y = {value}")
            shifted = f"y << {trail}" if trail else "y"
        self.add(depth, f"put(w, {before}{shifted}, {lead + width + trail})")

    def integer(self, depth: int, low: int, high: int, lead: int, code: int, trail: int, *, signed: bool) -> None:
        helper = "write_signed" if signed else "write_unsigned"
        if not _is_native(low, high):
            assert not signed, "no type of the schemas has a sign and 64 bits"
            helper = "write_unsigned_long"
        self.add(depth, f"{helper}(w, x, {lead}, {code}, {low}, {high}, {trail})")

    def octets(self, depth: int, length: int, lead: int, code: int, trail: int) -> None:
        self.put(depth, str(lead), str(code))
        self.add(depth, f"write_binary(w, x, {length}, {length})")
        self.put(depth, str(trail), "0")

    def general(self, depth: int, datatype: Datatype) -> None:
        match datatype:
            case datatypes.Text(least=least, most=most):
                bounds = f"{least}, {-1 if most is None else most}"
                self.add(depth, f"write_text(w, x, {bounds}, {self.refer('D', datatype)})")
            case datatypes.Binary(least=least, most=most):
                self.add(depth, f"write_binary(w, x, {least}, {-1 if most is None else most})")
            case _:
                self.add(depth, f"write_general(w, x, {self.refer('D', datatype)})")


class _Module:
    """Collects objects and functions under names of their own, equal ones once."""

    def __init__(self) -> None:
        self.objects: dict[str, str] = {}
        """Declaration without the name -> name."""
        self.functions: dict[str, str] = {}
        """Text with a placeholder for the name -> name."""
        self.made: dict[tuple[str, RecordGrammar], str] = {}

    def function(self, letter: str, grammar: RecordGrammar) -> str:
        """Name of the reader or writer of a class."""
        name = self.made.get((letter, grammar))
        if name is None:
            source = _SOURCES[letter](grammar, _PLACEHOLDER)
            names = {called: self.function(*needed) for called, needed in source.needs.items()}
            names |= {local: self.object(local[0], value) for local, value in source.names.items()}
            text = _NAME.sub(lambda found: names[found[0]], source.text())
            name = self.functions.setdefault(text, f"{letter}{len(self.functions)}")
            self.made[letter, grammar] = name
        return name

    def object(self, prefix: str, value: Any) -> str:
        return self.objects.setdefault(_declaration(value), f"{prefix}_{len(self.objects)}")

    def text(self) -> str:
        """The objects, then the functions."""
        objects = "".join(f"{name}{declaration}\n" for declaration, name in self.objects.items())
        functions = "\n\n".join(text.replace(_PLACEHOLDER, name, 1) for text, name in self.functions.items())
        return f"{objects}\n\n{functions}"

    def table(self) -> dict[str, dict[str, list[str]]]:
        """Schema set -> class -> names of its reader and writer."""
        table: dict[str, dict[str, list[str]]] = {}
        for (letter, grammar), name in self.made.items():
            classes = table.setdefault(grammar.key, {})
            classes.setdefault(class_name(grammar.cls), ["", ""])["RW".index(letter)] = name
        return table


_PLACEHOLDER = "NAME"
_SOURCES: dict[str, type[Source]] = {"R": NativeReaderSource, "W": NativeWriterSource}


def _declaration(value: Any) -> str:
    """``: type = expression`` of an object that functions refer to."""
    match value:
        case Record():
            fields = [field for field in value.__struct_fields__ if getattr(value, field) is None]
            return f": Final[Any] = blank(load({type(value).__module__!r}, {type(value).__qualname__!r}), *{fields!r})"
        case type():
            return f": Final[Any] = load({value.__module__!r}, {value.__qualname__!r})"
        case dict():
            return f": Final[dict[str, int]] = {value!r}"
        case (enum.Enum() as member, *_):
            cls = type(member)
            return f": Final[list[Any]] = list(load({cls.__module__!r}, {cls.__qualname__!r}))"
        case tuple():
            return f": Final[list[int]] = {list(value)!r}"
        case datatypes.Text(least=least, most=most):
            return f": Final[Any] = datatypes.Text({least}, {most})"
        case datatypes.Signed(low=low, high=high) | datatypes.Unsigned(low=low, high=high):
            return f": Final[Any] = datatypes.{type(value).__name__}({low}, {high})"
        case datatypes.NBit(low=low, high=high):
            return f": Final[Any] = datatypes.NBit({low}, {high})"
        case datatypes.Enumeration(cls=cls):
            return f": Final[Any] = datatypes.Enumeration(load({cls.__module__!r}, {cls.__qualname__!r}))"
        case datatypes.Boolean():
            return ": Final[Any] = datatypes.Boolean()"
    raise NotImplementedError(f"no declaration for {value!r}")


def _records(keys: Iterable[str]) -> Iterator[RecordGrammar]:
    """Every class that may stand in a document or fragment; what they contain follows by itself."""
    for key in keys:
        grammar = schema_grammar(key)
        for element in (*grammar.document, *grammar.fragment):
            if element.record is not None and not element.refused:
                yield element.record


def module_text(keys: Iterable[str] = KEYS) -> str:
    """The module's source."""
    module = _Module()
    for grammar in _records(keys):
        for letter in _SOURCES:
            module.function(letter, grammar)
    native = (Path(__file__).parent / "native.py").read_text("utf-8")
    head = (
        "import importlib\n\nfrom iso15118.exi import datatypes\nfrom iso15118.exi.fingerprint import require\n\n\n"
        "def load(module: str, name: str) -> Any:\n    return getattr(importlib.import_module(module), name)\n\n\n"
        "replace: Final[Any] = importlib.import_module('msgspec.structs').replace\n"
        "blank: Final[Any] = importlib.import_module('iso15118.exi.generate').blank\n"
        f"require({fingerprint()!r})\n"
        f"TABLE: Final = {json.dumps(module.table())!r}\n"
    )
    return f"{native}\n\n{head}{module.text()}"


def main() -> None:
    Path(sys.argv[1]).write_text(module_text(), "utf-8")


if __name__ == "__main__":
    main()
