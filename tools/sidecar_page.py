"""Writes docs/reference/sidecar.md from the ports and actions: ``python -m tools.sidecar_page``."""

from __future__ import annotations

import ast
import enum
import inspect
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from iso15118.session import actions
from iso15118.session.ports import SimpleCharger, SimpleVehicle
from iso15118.sidecar import MAX_LINE, PROTOCOL, kind_of, plain

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "sidecar.md"

_INTRO = f"""# The sidecar: ports and actions as lines of JSON

Made by `python -m tools.sidecar_page` from the classes it describes; a test holds it to them.

`v2g evse --sidecar SOCKET` and `v2g ev --sidecar SOCKET` make a Unix socket (for the same user only) on which firmware in
any language takes the place of the hardware. Protocol number {PROTOCOL}. One JSON object a line, UTF-8; lines of firmware have at most {MAX_LINE}
octets; one connection of firmware at a time. `examples/sidecar/outlet.c` is a whole DC outlet in 150 lines of C.

- Inputs are **level-triggered**: what firmware sets holds until it sets something else, is read whenever the session
  needs it, and can be set in any state, before a car is there as well.
- `do` lines carry **desired states**: reach and keep them; getting one twice does no harm.
- A station is open while firmware is connected. When the connection goes, or says nothing for `silence_s` while a session
  runs, the session ends: power off, then the connection to the car. Firmware that loses the socket switches off by itself.
- Power has one sign: positive into the battery. Octets are hexadecimal text. `null` in place of a number that can not be missing
  means infinite.

## From the firmware

| line | meaning |
| --- | --- |
| `{{"set": {{NAME: VALUE, ...}}}}` | sets what is named, all or nothing; of an object only the members given change |
| `{{"get": [NAME, ...]}}`, `{{"get": null}}` | asks what is set: answered by `state` |
| `{{"go": true}}` | `ev` only: go to the station and run a session; it stands alone |
| `{{}}` | nothing, but the firmware is alive |

## To the firmware

| line | meaning |
| --- | --- |
| `{{"hello": {{"protocol", "side", "version", "silence_s", "state"}}}}` | the first line; `state` is everything that can be set, as it stands |
| `{{"listening": {{"host", "port", "sdp_port"}}}}` | `evse` only: cars can come |
| `{{"do": {{ACTION: {{...}}}}, "t": S}}` | a desired state, see below; `t` is the session's clock in s |
| `{{"tell": {{ACTION: {{...}}}}, "t": S}}` | a report, see below |
| `{{"state": {{NAME: VALUE, ...}}}}` | the answer to `get` |
| `{{"error": {{"line", "where", "what"}}}}` | line number `line` of this connection (from 1) had no effect, and why; 0: not about a line |

Times in ports and actions ending in `_s` that are moments (not durations) are on the session's clock, which is `t`.
"""


def _name(kind: Any) -> str:
    """A type in words of JSON."""
    if kind is type(None):
        return "null"
    if get_origin(kind) in (types.UnionType, Union):
        return " or ".join(_name(part) for part in get_args(kind))
    if get_origin(kind) is tuple:
        inner = [_name(part) for part in get_args(kind) if part is not Ellipsis]
        return f"list of {inner[0]}" if Ellipsis in get_args(kind) else f"[{', '.join(inner)}]"
    if get_origin(kind) in (dict, types.MappingProxyType):
        return "object"
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return ", ".join(f"`{msgspec.json.encode(member).decode()}`" for member in kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    return {float: "number", int: "integer", bool: "true or false", str: "text", bytes: "octets"}.get(kind, "any")


def _first(doc: str | None) -> str:
    return "" if doc is None else " ".join(inspect.cleandoc(doc).split("\n\n")[0].split())


def _comments(kind: type) -> dict[str, str]:
    """Docstrings behind the fields of a class, by name."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__[:-1]):
        try:
            tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(base)))
        except (OSError, TypeError, SyntaxError):
            continue
        (definition,) = tree.body
        assert isinstance(definition, ast.ClassDef)
        name = None
        for node in definition.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                name = node.target.id
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and name is not None:
                found[name] = " ".join(str(node.value.value).split())
                name = None
            else:
                name = None
    return found


def _structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for hint in get_type_hints(kind).values():
            yield from _structs(hint)
    for part in get_args(kind):
        yield from _structs(part)


def _rows(kind: type[msgspec.Struct]) -> Iterator[str]:
    comments, hints = _comments(kind), get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        made = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        default = "" if field.required else f"`{msgspec.json.encode(plain(made)).decode()}`"
        yield f"| `{field.name}` | {_name(hints[field.name])} | {default} | {comments.get(field.name, '')} |"


def _hints(made: object) -> dict[str, Any]:
    return {name: kind_of(name, hint) for name, hint in get_type_hints(type(made)).items()}


def _state(title: str, made: object) -> Iterator[str]:
    yield f"\n## What a {title} can set\n"
    yield "| name | type | default |"
    yield "| --- | --- | --- |"
    for name, hint in _hints(made).items():
        default = plain(getattr(made, name))
        shown = "as listed below" if isinstance(default, dict) else f"`{msgspec.json.encode(default).decode()}`"
        yield f"| `{name}` | {_name(hint)} | {shown} |"


def page() -> str:
    """The page's text."""
    lines = [_INTRO.rstrip("\n")]
    charger, vehicle = SimpleCharger(), SimpleVehicle()
    lines += _state("station", charger)
    lines.append('\nUnlike in Python, a station begins with `authorized` `"pending"` and `pilot_state` `"A"`.')
    lines += _state("car", vehicle)
    kinds = [getattr(actions, name) for name in actions.__all__ if name not in ("Action", "Close", "Send")]
    kinds = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
    for title, chosen in (("Desired states (`do`)", True), ("Reports (`tell`)", False)):
        lines.append(f"\n## {title}\n")
        lines += ["| action | members | meaning |", "| --- | --- | --- |"]
        for kind in kinds:
            if kind.__name__.startswith("Set") is chosen:
                members = "; ".join(f"`{name}`: {_name(hint)}" for name, hint in get_type_hints(kind).items())
                lines.append(f"| `{kind.__name__}` | {members} | {_first(kind.__doc__)} |")
    lines.append(
        "\n## Objects\n\nMembers of the objects above; those without a default must be given when one is set for "
        "the first time."
    )
    hints = [hint for made in (charger, vehicle) for hint in _hints(made).values()]
    hints += [hint for kind in kinds for hint in get_type_hints(kind).values()]
    for struct in sorted({s for hint in hints for s in _structs(hint)}, key=lambda struct: struct.__name__):
        lines += [f"\n### {struct.__name__}\n", _first(struct.__doc__), "", "| member | type | default | meaning |"]
        lines += ["| --- | --- | --- | --- |", *_rows(struct)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
