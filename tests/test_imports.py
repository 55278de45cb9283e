"""The arrows between layers, held: who may import whom, and what stays out below ``iso15118/io``.

The table is the architecture in short; a new part gets a line here before it gets a file.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]

EVERYWHERE = {"errors", "units", "trace"}
"""What every layer may import; these import no layer."""

LAYERS = {
    "errors": set(),
    "units": set(),
    "trace": set(),
    "messages": set(),
    "exi": {"messages"},
    "v2gtp": {"exi", "messages"},
    "sdp": {"v2gtp"},
    "sidecar": {"session"},
    "slac": set(),
    "security": {"messages", "exi"},
    "session": {"messages", "v2gtp"},
    "ocpp": {"messages", "session"},
    "io": {"sidecar", "messages", "exi", "v2gtp", "sdp", "slac", "security", "session", "ocpp"},
    "ev": {"messages", "exi", "v2gtp", "sdp", "slac", "security", "session", "io"},
    "evse": {"messages", "exi", "v2gtp", "sdp", "slac", "security", "session", "ocpp", "io"},
}
"""Part of ``iso15118`` to the parts it may import besides itself and ``EVERYWHERE``. ``cli`` may import all."""

WORLDS = {"sim", "certs", "conformance"}
"""Packages that may import the protocol, and that of it only ``iso15118/cli`` may import."""

WAITS = {"io", "cli", "ev", "evse"}
"""Parts that may wait, read a clock and draw randomness."""

NO_SANS_IO = {
    *("asyncio", "concurrent", "multiprocessing", "queue", "sched", "select", "selectors", "signal", "socket"),
    *("socketserver", "subprocess", "threading", "time", "websockets"),
    *("secrets", "uuid"),
}
"""Modules that wait, read a clock, open a connection or draw randomness of their own."""

NO_SANS_IO_NAMES = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("random.random", "random.randrange", "random.randint", "random.choice", "random.uniform", "random.SystemRandom"),
    *("os.urandom", "os.getpid"),
}
"""The same, as single functions of modules that are harmless otherwise."""


class Import(NamedTuple):
    """``importer`` says on ``line`` that it needs ``imported``."""

    importer: str
    line: int
    imported: str

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def sources(package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports_of(module: str, path: Path) -> Iterator[Import]:
    """Every import, at whatever depth and for whatever purpose: also the lazy ones, and those for types only."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parts, base] if base else parts)
            # `from iso15118 import exi` names a part by what is imported, `from iso15118.exi import codec` by where from.
            for alias in node.names:
                yield Import(module, node.lineno, f"{base}.{alias.name}")


def part(module: str) -> str:
    """Part of ``iso15118`` a dotted name belongs to; '' for the package itself."""
    return [*module.split("."), ""][1]


ALL = [
    found for package in ("iso15118", "sim") for module, path in sources(package) for found in imports_of(module, path)
]


def test_every_part_has_a_line_in_the_table():
    parts = {part(module) for module, _ in sources("iso15118")} - {"", "cli"}
    assert parts <= LAYERS.keys()


def test_arrows_between_the_layers():
    wrong = []
    for found in ALL:
        importer, imported = found.importer.split("."), found.imported.split(".")
        if importer[0] != "iso15118" or imported[0] != "iso15118" or part(found.importer) in {"", "cli"}:
            continue
        allowed = LAYERS[part(found.importer)] | EVERYWHERE | {part(found.importer), "__version__"}
        if part(found.imported) not in allowed:
            wrong.append(str(found))
    assert not wrong, "\n".join(wrong)


def test_only_the_command_line_knows_the_worlds():
    wrong = [
        str(found)
        for found in ALL
        if found.importer.startswith("iso15118")
        and found.imported.split(".")[0] in WORLDS
        and part(found.importer) != "cli"
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_waits_below_io():
    wrong = [
        str(found)
        for found in ALL
        if found.importer.startswith("iso15118")
        and part(found.importer) not in WAITS
        and found.imported.split(".")[0] in NO_SANS_IO
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", ["iso15118", "sim"])
def test_nothing_reads_a_clock_or_draws_randomness_below_io(package):
    wrong = []
    for module, path in sources(package):
        if package == "iso15118" and part(module) in WAITS:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                name = ".".join(ast.unparse(node).split(".")[-2:])
                if name in NO_SANS_IO_NAMES:
                    wrong.append(f"{module}:{node.lineno} uses {name}")
    assert not wrong, "\n".join(wrong)


def test_the_simulator_has_no_threads_and_no_event_loop():
    banned = {"asyncio", "threading", "socket", "selectors", "websockets"}
    wrong = [str(found) for found in ALL if found.importer.startswith("sim") and found.imported.split(".")[0] in banned]
    assert not wrong, "\n".join(wrong)


def test_one_module_looks_into_message_classes():
    importers = {found.importer for found in ALL if found.imported.startswith("msgspec.inspect")}
    assert importers <= {"iso15118.exi.fields", "sim.strict"}  # the second reads scenario files, not messages


def modules_after(statement: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return set(done.stdout.split())


def test_import_iso15118_loads_nothing_else():
    ours = {
        name
        for name in modules_after("import iso15118")
        if name.split(".")[0] in {"iso15118", "msgspec", "asyncio"} | WORLDS
    }
    assert ours == {"iso15118"}


def test_the_core_needs_no_extra():
    """What a firmware imports: no world, no command line, no package of an extra."""
    loaded = {
        name.split(".")[0] for name in modules_after("from iso15118 import errors, exi, messages, sdp, session, v2gtp")
    }
    extras = {"typer", "click", "rich", "lxml", "ocpp", "jsonschema_rs", "websockets", "cryptography", "OpenSSL"}
    assert not loaded & (extras | WORLDS)


def test_the_command_line_loads_a_command_when_it_runs():
    assert {name for name in modules_after("import iso15118.cli") if name.startswith("iso15118")} == {
        "iso15118",
        "iso15118.cli",
        "iso15118.errors",
    }


def test_public_parts_load_on_first_use():
    import iso15118

    assert iso15118.errors.V2GError.__name__ == "V2GError"
    assert set(iso15118.__all__) == set(dir(iso15118))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = iso15118.nonsense


def test_a_station_and_a_car_load_no_back_end() -> None:
    """Whoever embeds them without OCPP pays neither time nor memory for it."""
    code = "import sys, iso15118.ev, iso15118.evse; print(*(name for name in sys.modules if '.ocpp' in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []
