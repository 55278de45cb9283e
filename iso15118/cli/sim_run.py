"""``v2g sim run`` and ``v2g sim list``: scenario files, played and judged."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from iso15118.errors import LocalError
from sim.report import report_html, summary_lines
from sim.scenario_file import ScenarioFile, load, shipped
from sim.verdict import Outcome, play_file

__all__ = ["list_files", "run_files"]


def run_files(
    files: Annotated[list[str] | None, typer.Argument(help="Scenario files, or names of shipped ones.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for summary.json, trace.jsonl and report.html of each run.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the file's.")] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE instead of the file's: --set car.soc=0.3; repeatable.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every shipped file.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print every check, not only the failed ones.")
    ] = False,
) -> None:
    """Play scenario files; the exit status is 0 only if each met its expected end, and 1 otherwise."""
    paths = [_find(name) for name in files or []] + (shipped() if everything else [])
    if not paths:
        raise LocalError("name a scenario file, or a shipped one (v2g sim list), or --all")
    twice = sorted({path.stem for path in paths if [each.stem for each in paths].count(path.stem) > 1})
    if out is not None and twice:
        raise LocalError(f"--out: two runs would be written to {out / twice[0]}")
    changes = _changes(sets or [], seed)
    loaded = [
        (path, load(path, sets=changes)) for path in paths
    ]  # a mistake in the last file is told before the first run
    console = Console(highlight=False)
    failed = 0
    for path, file in loaded:
        try:
            outcome = _play(path, file, out)
        except LocalError as error:
            raise LocalError(f"{path}: {error}") from None
        failed += not outcome.ok
        _print(console, path.stem, outcome, verbose=verbose or len(loaded) == 1)
    if len(loaded) > 1:
        console.print(f"{len(loaded) - failed} of {len(loaded)} met their expected end")
    if failed:
        raise typer.Exit(1)


def list_files() -> None:
    """Name the scenario files that are shipped, with what each is about."""
    width = max(len(path.stem) for path in shipped())
    for path in shipped():
        typer.echo(f"{path.stem:{width}}  {load(path).title}")


def _find(name: str) -> Path:
    path = Path(name)
    if path.is_file():
        return path
    known = {each.stem: each for each in shipped()}
    if name.removesuffix(".toml") in known:
        return known[name.removesuffix(".toml")]
    raise LocalError(f"no file {name!r}, and no shipped scenario of that name (v2g sim list)")


def _changes(sets: list[str], seed: int | None) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for each in sets:
        key, equals, text = each.partition("=")
        if not equals or not key:
            raise LocalError(f"--set {each}: KEY=VALUE is needed")
        try:
            changes[key] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            changes[key] = text  # a word without quotes
    return changes if seed is None else {**changes, "seed": seed}


def _play(path: Path, file: ScenarioFile, out: Path | None) -> Outcome:
    if out is None:
        return play_file(file, name=path.stem)
    folder = out / path.stem
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trace_file = (folder / "trace.jsonl").open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise LocalError(f"can't write to {folder}: {error.strerror}; name another folder with --out") from None
    try:
        with trace_file as trace:
            write: Callable[[str], object] = trace.write
            outcome = play_file(file, name=path.stem, trace=write)
        _sum_up(file, outcome, folder)
    except OSError as error:
        raise LocalError(f"can't write to {folder}: {error.strerror}") from None
    return outcome


def _sum_up(file: ScenarioFile, outcome: Outcome, folder: Path) -> None:
    checks = [{"what": check.what, "ok": check.ok, "found": check.found} for check in outcome.checks]
    summary = {"title": file.title, "ok": outcome.ok, "end": outcome.end, "checks": checks, **outcome.result.summary()}
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    (folder / "report.html").write_text(report_html(outcome.scenario, outcome.result), encoding="utf-8")


def _print(console: Console, name: str, outcome: Outcome, *, verbose: bool) -> None:
    word = "[green]met   [/]" if outcome.ok else "[red]missed[/]"
    console.print(f"{word}  {escape(name)}  {escape(outcome.title)}: {outcome.end}", soft_wrap=True)
    shown = outcome.checks if verbose else [check for check in outcome.checks if not check.ok]
    for check in shown:
        mark = "[green]ok[/]" if check.ok else "[red]not[/]"
        console.print(f"        {mark}  {escape(check.what)}: {escape(check.found)}", soft_wrap=True)
    if verbose:
        for label, value in summary_lines(outcome.result):
            console.print(f"        {label:21} {escape(str(value))}", soft_wrap=True)
