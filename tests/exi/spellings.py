"""The spellings of the codec that tests compare, and how to put one in the place of the one that runs."""

from __future__ import annotations

import contextlib
import functools
import sys
from types import ModuleType

from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.exi import codec, compiled, generate_native, generated, interpreter

NAMES = ("interpreter", "generated", "native", "compiled")
BUILT = tuple(name for name in NAMES if name != "compiled" or not compiled.MISSING)
"""Those there are: the compiled one only where it has been built."""


@functools.cache
def native() -> compiled.Spelling:
    """The compiled spelling's source, run by Python: the same functions, so that they are tested without a compiler too."""
    name = "exi_native"
    module = sys.modules[name] = ModuleType(name)
    exec(compile(generate_native.module_text(), f"<{name}>", "exec"), vars(module))
    return compiled.Spelling(module)


def spelling(name: str):
    match name:
        case "interpreter":
            return interpreter
        case "generated":
            return generated
        case "native":
            return native()
    return compiled


@contextlib.contextmanager
def running(name: str):
    """The codec with this spelling."""
    saved = codec.read_element, codec.write_element
    codec.read_element, codec.write_element = spelling(name).read_element, spelling(name).write_element
    try:
        yield
    finally:
        codec.read_element, codec.write_element = saved


def outcome(name: str, data: bytes, key: str, mode: str):
    """What a spelling makes of a stream: content, or where and why it is refused."""
    with running(name):
        try:
            return exi.read(data, key, mode)
        except CodecError as error:
            return error.args


def written(name: str, value, key: str, mode: str, element=None):
    """What a spelling makes of a value: a stream, or why it is refused."""
    with running(name):
        try:
            return exi.encode(value, key, mode, element)
        except CodecError as error:
            return error.args
