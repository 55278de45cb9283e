"""``v2g conform``: conformance cases, listed and run."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from conformance.case import Case, Result, Side, Verdict
from conformance.catalogue import GROUPS, PURPOSES
from conformance.mutants import MUTANTS
from conformance.not_covered import NOT_COVERED
from conformance.pics import FEATURES, OWN, load
from conformance.report import count, json_text, junit_text
from conformance.runner import find, run, run_all, selected
from conformance.virtual import VirtualBench
from iso15118.errors import LocalError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Conformance cases, listed and run.")

Patterns = Annotated[list[str] | None, typer.Argument(help="Ids, purposes or patterns: SS-01 'ER-0*'; default all.")]
Group = Annotated[str | None, typer.Option(help=f"Only this group: {', '.join(GROUPS)}.")]
SideOption = Annotated[Side | None, typer.Option(help="Only cases of this side under test.")]
PicsOption = Annotated[Path, typer.Option(help="What the system under test supports (TOML).", show_default="our own")]

_COLOURS = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.INCONC: "yellow"}


@app.callback()
def _group() -> None:
    """Conformance cases, listed and run."""


def _find(patterns: list[str] | None, group: str | None, side: Side | None) -> list[Case]:
    if group is not None and group not in GROUPS:
        raise LocalError(f"no group {group!r}; there are {', '.join(GROUPS)}")
    return find(patterns or (), group=group, side=side)


@app.command("list")
def list_cases(
    patterns: Patterns = None,
    group: Group = None,
    side: SideOption = None,
    missing: Annotated[bool, typer.Option("--missing", help="Purposes without a case, and why.")] = False,
    conditions: Annotated[bool, typer.Option("--conditions", help="What PICS can say, and what it means.")] = False,
) -> None:
    """Print cases with their side, requirements and conditions."""
    if conditions and (missing or patterns or group or side):
        raise LocalError("--conditions stands alone")
    if missing and patterns:
        raise LocalError("--missing is about purposes without a case: patterns of cases don't go with it")
    console = Console()
    if conditions:
        console.print(_columns(("condition", "meaning"), FEATURES.items()))
    elif missing:
        console.print(_columns(("purpose", "side", "title", "why there is no case"), _missing(group, side)))
    else:
        cases = _find(patterns, group, side)
        rows = [
            (case.id, case.side.value, case.title, ", ".join(case.purpose.requirements), ", ".join(case.selection))
            for case in cases
        ]
        console.print(_columns(("case", "side", "title", "requirements", "if"), rows))
        console.print(f"{len(cases)} cases of {len({case.purpose.id for case in cases})} purposes")


def _columns(names: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _missing(group: str | None, side: Side | None) -> Iterator[tuple[str, str, str, str]]:
    for key, reason in NOT_COVERED.items():
        id_, _, only = key.partition("/")
        purpose = PURPOSES[id_]
        sides = [only] if only else _sides(purpose.side)
        if group in (None, purpose.group) and (side is None or side.value in sides):
            yield id_, only or purpose.side, purpose.title, reason


def _sides(side: str) -> list[str]:
    return ["SECC", "EVCC"] if side == "both" else [side]


@app.command("run")
def run_cases(
    patterns: Patterns = None,
    group: Group = None,
    side: SideOption = None,
    pics: PicsOption = OWN,
    json: Annotated[Path | None, typer.Option(help="Write the results there as JSON.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the results there as JUnit XML.")] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="A line for every case, not only what is not PASS.")
    ] = False,
) -> None:
    """Run cases against our own cores in virtual time. Exit status 1 when one of them is FAIL."""
    console = Console()
    bench = VirtualBench(load(pics))
    cases = _find(patterns, group, side)
    if not any(selected(case, bench.pics) for case in cases):
        why = f"{pics.name} selects none of {len(cases)} cases" if cases else "no case is of all that"
        raise LocalError(f"nothing to run: {why}")
    results: list[Result] = []
    for result in run_all(cases, bench):
        results.append(result)
        if verbose or result.verdict is not Verdict.PASS:
            _show(console, result)
    console.print(_table(results))
    for path, text in ((json, json_text), (junit, junit_text)):
        if path is not None:
            try:
                path.write_text(text(results), "utf-8")
            except OSError as error:
                raise LocalError(f"can't write {path}: {error.strerror}") from None
    left_out = sum(not selected(case, bench.pics) for case in cases)
    if left_out:
        console.print(f"{left_out} cases are not selected by {pics.name}")
    if count(results)["FAIL"]:
        raise typer.Exit(1)


@app.command("mutants")
def run_mutants(
    patterns: Annotated[list[str] | None, typer.Argument(help="Names or patterns of mutants; default all.")] = None,
) -> None:
    """Seed defects into our own cores: every one must turn its cases red. Exit status 1 when one does not."""
    console = Console()
    for pattern in patterns or ():
        if not fnmatch.filter(MUTANTS, pattern):
            raise LocalError(f"no mutant {pattern!r}")
    bench = VirtualBench()
    cases = [case for case in find() if selected(case, bench.pics)]
    failed: set[str] = set()
    survived = 0
    for mutant in MUTANTS.values():
        if patterns and not any(fnmatch.fnmatchcase(mutant.name, pattern) for pattern in patterns):
            continue
        mine = [case for case in cases if mutant.hits(case.id)]
        with mutant.active():
            red = {case.id for case in mine if run(case, bench).verdict is Verdict.FAIL}
        failed |= red
        alive = [case.id for case in mine if case.id not in red]
        survived += bool(alive) or not mine
        colour = "red" if alive or not mine else "green"
        console.print(f"[{colour}]{len(red):4}[/] {mutant.name}: {mutant.text}", highlight=False, soft_wrap=True)
        for id_ in alive:
            console.print(f"     [red]not failed[/] {id_}", highlight=False, soft_wrap=True)
    if not patterns:
        never = [case.id for case in cases if case.id not in failed]
        console.print(
            f"{len(MUTANTS)} mutants, {survived} of them not caught; {len(never)} of {len(cases)} cases failed by none"
        )
        for id_ in never:
            console.print(f"     {id_}", highlight=False)
    if survived:
        raise typer.Exit(1)


def _show(console: Console, result: Result) -> None:
    colour = _COLOURS[result.verdict]
    place = " ".join(filter(None, (result.step, result.message, result.field)))
    told = (
        f"  {result.reason} [dim]({place})[/]"
        if result.reason
        else f"  [dim]{result.messages} messages, {result.seconds:g} s[/]"
    )
    console.print(f"[{colour}]{result.verdict.value:6}[/] {result.case}{told}", highlight=False, soft_wrap=True)


def _table(results: list[Result]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("group", overflow="fold")
    for verdict in Verdict:
        table.add_column(verdict.value, justify="right", style=_COLOURS[verdict])
    for letters, name in GROUPS.items():
        own = [result for result in results if result.case.startswith(f"{letters}-")]
        if own:
            table.add_row(f"{letters:4}{name}", *(str(number or "") for number in count(own).values()))
    table.add_row("[bold]all", *(str(number) for number in count(results).values()))
    return table
