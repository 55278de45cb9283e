"""``v2g sim``: play a scenario in virtual time, and write what came of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from iso15118.cli.sim_run import list_files, run_files
from iso15118.errors import LocalError
from sim import world
from sim.evening import Evening
from sim.report import report_html, summary_lines
from sim.result import Result, Snapshot
from sim.scenario import FidelityMode, Scenario, evening

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Play a scenario in virtual time.")


@app.callback()
def _group() -> None:
    """Play a scenario in virtual time."""


@app.command("evening")
def play_evening(
    mode: Annotated[FidelityMode, typer.Option(help="paced: slower charge loop; true: every message.")] = (
        FidelityMode.PACED
    ),
    loop: Annotated[float, typer.Option(help="Period of the charge loop in paced mode, s (at most 10).")] = 10.0,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder for summary.json, trace.jsonl and report.html.")] = Path("out"),
) -> None:
    """A car arrives at 17:00, gives 15 kWh back until 19:00 and leaves charged at 06:00."""
    scenario = evening(mode=mode, seed=seed, loop_s=loop)
    result = play(scenario, out)
    if not result.ok:
        problems = [f"{who}: {error}" for who, error in result.errors.items() if error] + list(result.violations)
        raise LocalError("the session did not end regularly: " + "; ".join(problems or ["it did not end"]))


app.command("run")(run_files)
app.command("list")(list_files)


def play(scenario: Scenario, out: Path) -> Result:
    """Play ``scenario`` with live progress and write the three files to ``out``."""
    console = Console(stderr=False)
    try:
        out.mkdir(parents=True, exist_ok=True)
        file = (out / "trace.jsonl").open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise LocalError(f"can't write to {out}: {error.strerror}; name another folder with --out") from None
    try:
        with file as trace, _progress(scenario, console) as show:
            result = world.simulate(scenario, Evening.of(scenario), trace=trace.write, progress=show)
        (out / "summary.json").write_text(json.dumps(result.summary(), indent=2) + "\n", encoding="utf-8")
        (out / "report.html").write_text(report_html(scenario, result), encoding="utf-8")
    except OSError as error:
        raise LocalError(f"can't write to {out}: {error.strerror}") from None
    table = Table.grid(padding=(0, 2))
    for label, value in summary_lines(result):
        table.add_row(label, str(value))
    console.print(table)
    console.print(f"written to {out}/: summary.json, trace.jsonl, report.html")
    return result


class _Show:
    """Progress: a live table on a terminal, a plain line every virtual hour elsewhere."""

    def __init__(self, scenario: Scenario, live: Live | None) -> None:
        self.scenario = scenario
        self.live = live

    def __call__(self, snapshot: Snapshot) -> None:
        if self.live is not None:
            self.live.update(self._table(snapshot))
        elif snapshot.t % 3600 < self.scenario.state_s:
            sys.stdout.write(f"{self._line(snapshot)}\n")
            sys.stdout.flush()

    def _line(self, s: Snapshot) -> str:
        clock = _clock(self.scenario, s.t)
        return (
            f"{clock}  {s.state:28} SOC {s.soc:6.1%}  grid {s.grid_w / 1000:+7.2f} kW  battery "
            f"{s.battery_w / 1000:+7.2f} kW  import {s.import_wh} Wh  export {s.export_wh} Wh"
        )

    def _table(self, s: Snapshot) -> Table:
        table = Table(title=f"{self.scenario.name}  {_clock(self.scenario, s.t)}", title_justify="left")
        for column in ("state", "SOC", "grid", "", "battery", "set point", "import", "export"):
            table.add_column(
                column, justify="left" if column in ("state", "") else "right", min_width=27 * (column == "state")
            )
        cells = round(min(abs(s.grid_w) / 11_000, 1.0) * 10)
        bar = f"[cyan]{'<' * cells:>10}[/]|{'':10}" if s.grid_w < 0 else f"{'':10}|[green]{'>' * cells:<10}[/]"
        table.add_row(
            s.state,
            f"{s.soc:.1%}",
            f"{s.grid_w / 1000:+.2f} kW",
            bar,
            f"{s.battery_w / 1000:+.2f} kW",
            "none" if s.setpoint_w is None else f"{s.setpoint_w / 1000:+.2f} kW",
            f"{s.import_wh} Wh",
            f"{s.export_wh} Wh",
        )
        return table


@contextmanager
def _progress(scenario: Scenario, console: Console) -> Iterator[_Show]:
    if not console.is_terminal:
        yield _Show(scenario, None)
        return
    with Live(console=console, refresh_per_second=8) as live:
        yield _Show(scenario, live)


def _clock(scenario: Scenario, t: float) -> str:
    seconds = int(scenario.arrival_unix_s + t) % 86_400
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"
