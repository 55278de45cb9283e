"""Write docs/reference/scenario-format.md from the classes that read scenario files.

python -m tools.scenario_format            write the file
python -m tools.scenario_format --check    exit 1 when the committed file is not what the classes say
"""

from __future__ import annotations

import ast
import enum
import inspect
import sys
import textwrap
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect as types

from iso15118.session import ports
from sim import events, scenario_file
from sim.ac_car import OnBoardConfig
from sim.ac_outlet import AcOutletConfig
from sim.battery import BatteryConfig
from sim.converter import ConverterConfig
from sim.outlet import OutletConfig

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "scenario-format.md"

_HEAD = """\
# Scenario files

Made by `python -m tools.scenario_format` from the classes that read them; a test holds it to them.

A scenario is a TOML file that says what is played, what goes wrong and what must come of it, so that it tests itself:
`v2g sim run FILE` plays it and exits with 0 only if the expected end was met. `v2g sim list` names the shipped ones; they
lie in the package, in `sim/scenarios/`.

```toml
title = "A car gives back, pauses and comes back"
layers = ["ac_bpt", "dynamic"]     # files to build upon

[car]
soc = 0.5

[back_end]
set_point_w = -5000                # out of the car

[[event]]
do = "pause"
by = "car"
at_s = 60

[[event]]
do = "resume"
at_s = 100

[expect]
stopped_reason = "StoppedByEV"
```

- Times are in s from the arrival, power in W and energy in Wh at the station's AC meter, positive into the car. Limits are
  magnitudes.
- Unknown keys, values of another type and events that sessions can't do are refused, with the nearest known word and what is
  allowed.
- **Layers** are files of the same form, of the package or beside the file, in order. A table is merged key by key, a value or
  a list replaces what was there; `[[event]]` and `[[fault]]` are added.
- Members of enumerations are written by name (`"DC_BPT"`) or by value.
- **Everything random** (latencies, session ids, link faults) is drawn from `seed`: same file, same bytes.
- `--set KEY=VALUE` changes a value for one run: `--set car.soc=0.3 --set mode=true`.

What is always checked, whatever `[expect]` says: meter, battery and losses add up to 1 Wh; what the car and the back end were
told agrees with the meter to 1 Wh (of a session that broke off: is not more); response codes other than OK are those
expected; no contactor opened under current and nothing else happened that physics objects to, unless expected; a standby is
agreed and nothing flows in it; what a car offers is what the station was told; every fault of the link that is sure to hit
something does; at the end no power flows and no contactor is closed, unless it is stuck.
"""

_TABLES: tuple[tuple[str, type], ...] = (
    ("The file", scenario_file.ScenarioFile),
    ("`[car]`", scenario_file.CarPart),
    ("`[car.battery]`", BatteryConfig),
    ("`[car.charger]`", OnBoardConfig),
    ("`[station]`", scenario_file.StationPart),
    ("`[station.dc]`", OutletConfig),
    ("`[station.dc.converter]`", ConverterConfig),
    ("`[station.ac]`", AcOutletConfig),
    ("`[[station.value_added]]`", ports.ValueAddedService),
    ("`[[station.schedules]]`", ports.OfferedSchedule),
    ('Prices of `kind = "absolute"`', ports.AbsolutePrices),
    ('Prices of `kind = "levels"`', ports.PriceLevels),
    ("`stacks`", ports.PriceStack),
    ("`rules`", ports.EnergyPrice),
    ("`[car.energy_offer]`", ports.EnergyOffer),
    ("`[back_end]`", scenario_file.BackEndPart),
    ("`[[back_end.schedule]]`", scenario_file.Step),
    ("`[link]`", scenario_file.LinkPart),
    ("`[expect]`", scenario_file.Expectation),
)


def page() -> str:
    """The whole page."""
    lines = [_HEAD]
    for title, cls in _TABLES:
        lines += [f"## {title}", "", _first_line(cls), "", *_table(cls), ""]
    lines += ["## `[car.options]` and `[station.options]`", "", _options(), ""]
    for title, union, field in (("`[[event]]`", events.Event, "do"), ("`[[fault]]`", events.Fault, "kind")):
        lines += [f"## {title}", "", f"`{field}` says what; the rest depends on it.", ""]
        for cls in union.__args__:
            tag = cls.__struct_config__.tag
            lines += [f'### `{field} = "{tag}"`', "", _first_line(cls), "", *_table(cls), ""]
    return "\n".join(lines).rstrip() + "\n"


def _options() -> str:
    closed = "; ".join(
        f"of `{cls.__name__}` not {', '.join(f'`{name}` ({why})' for name, why in names.items())}"
        for cls, names in scenario_file.CLOSED.items()
    )
    return (
        "All fields of `EvccConfig` (`iso15118/session/evcc/context.py`) and `SeccConfig` (`iso15118/session/secc/context.py`) "
        f"by name, {closed}. [Open points](../open-points.md) says what most of them are for."
    )


def _first_line(cls: type) -> str:
    return inspect.cleandoc(cls.__doc__ or "").replace("``", "`")


def _table(cls: type) -> list[str]:
    info = types.type_info(cls)
    assert isinstance(info, types.StructType)
    if not info.fields:
        return ["Nothing more to say."]
    docs = {name: text for base in reversed(cls.__mro__) for name, text in field_docs(base).items()}
    rows = ["| key | is | default | meaning |", "| --- | --- | --- | --- |"]
    for field in info.fields:
        default = "needed" if field.required else _default(field)
        meaning = " ".join(docs.get(field.name, "").replace("``", "`").split())
        rows.append(f"| `{field.encode_name}` | {_kind(field.type)} | {default} | {meaning} |")
    return rows


def field_docs(cls: type) -> dict[str, str]:
    """The texts below the fields of a class's own body."""
    if cls.__module__.split(".")[0] in ("builtins", "msgspec"):
        return {}
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(body, ast.ClassDef)
    docs = {}
    for node, after in zip(body.body, [*body.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(after, ast.Expr):
            if isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
                docs[node.target.id] = after.value.value
    return docs


def _default(field: types.Field) -> str:
    if field.default_factory is not msgspec.NODEFAULT:
        value: Any = field.default_factory()
    else:
        value = field.default
    if value is None:
        return ""
    if isinstance(value, msgspec.Struct):
        return "as there"
    if isinstance(value, tuple) and len(value) > 8:
        return "see `sim/battery.py`"
    return f"`{_word(value)}`"


def _word(value: Any) -> str:
    if isinstance(value, enum.Enum):
        return f'"{value.name}"'
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_word, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return "{}"
    return f"{value:g}" if isinstance(value, float) and value < 1e6 else str(value)


def _kind(kind: types.Type) -> str:
    match kind:
        case types.UnionType():
            parts = [each for each in kind.types if not isinstance(each, types.NoneType)]
            if len(parts) > 1:
                tables = any(isinstance(each, types.StructType) for each in parts)
                return "table" if tables else " or ".join(sorted(map(_kind, parts)))
            return _kind(parts[0])
        case types.StructType():
            return "table"
        case types.DictType():
            return f"table of {_kind(kind.value_type)}"
        case types.EnumType():
            names = [member.name for member in kind.cls]
            return f"`{kind.cls.__name__}`" if len(names) > 3 else " or ".join(f'"{name}"' for name in names)
        case types.LiteralType():
            return " or ".join(f'"{value}"' for value in sorted(kind.values, key=str))
        case types.VarTupleType():
            return f"list of {_kind(kind.item_type)}"
        case types.TupleType():
            return f"list of {len(kind.item_types)} ({_kind(kind.item_types[0])})"
        case types.FloatType() | types.IntType():
            return _number(kind)
        case types.BoolType():
            return "true or false"
        case _:
            return "text"


def _number(kind: types.FloatType | types.IntType) -> str:
    bounds = [f">= {kind.ge:g}" if kind.ge is not None else "", f"> {kind.gt:g}" if kind.gt is not None else ""]
    bounds.append(f"<= {kind.le:g}" if kind.le is not None else "")
    return " ".join(["whole number" if isinstance(kind, types.IntType) else "number", *filter(None, bounds)])


def main(argv: list[str]) -> int:
    """Write the page, or check it."""
    text = page()
    if "--check" in argv:
        if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
            print(f"{PAGE.relative_to(ROOT)} is stale: python -m tools.scenario_format")
            return 1
        return 0
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
