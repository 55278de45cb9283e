"""``report.html``: one file, no network, power, SOC and set points over time, and the books."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sim.result import Result, Sample
from sim.scenario import Scenario

__all__ = ["report_html", "summary_lines"]

_WIDTH, _HEIGHT = 960, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 14, 30

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5d6877; --line: #d9dfe7; --page: #ffffff; --card: #f5f7fa;
  --grid: #2563a8; --battery: #b35c00; --setpoint: #5d6877; --soc: #147a52; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9f0; --soft: #9aa6b5; --line: #343d4a; --page: #12161c;
  --card: #1b212a; --grid: #6ea8e6; --battery: #e09a4a; --setpoint: #9aa6b5; --soc: #58c08f; } }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 32px 0 6px; }
p.lead { color: var(--soft); margin: 0 0 20px; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 12px; }
.fact { background: var(--card); border-radius: 8px; padding: 12px 14px; }
.fact b { display: block; font-size: 22px; font-variant-numeric: tabular-nums; } .fact span { color: var(--soft); }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
.rule { stroke: var(--line); stroke-width: 1; } .zero { stroke: var(--soft); stroke-width: 1; }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round; } .dashed { stroke-dasharray: 5 4; stroke-width: 1.5; }
.cursor { stroke: var(--soft); stroke-width: 1; visibility: hidden; }
.legend { display: flex; gap: 18px; flex-wrap: wrap; color: var(--soft); font-size: 13px; min-height: 20px; }
.legend i { display: inline-block; width: 14px; height: 3px; vertical-align: middle; margin-right: 6px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
td, th { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n { text-align: right; } .scroll { overflow-x: auto; } .bad { color: #c0392b; font-weight: 600; }
"""

_SCRIPT = """
const data = JSON.parse(document.getElementById("data").textContent);
for (const svg of document.querySelectorAll("svg[data-chart]")) {
  const cursor = svg.querySelector(".cursor"), out = svg.parentElement.querySelector("output");
  const left = %d, right = %d, width = %d;
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) * width / box.width;
    const share = (x - left) / (width - left - right);
    if (share < 0 || share > 1) return;
    const row = data.rows[Math.min(data.rows.length - 1, Math.round(share * (data.rows.length - 1)))];
    cursor.setAttribute("x1", x); cursor.setAttribute("x2", x); cursor.style.visibility = "visible";
    out.textContent = row[0] + "   grid " + row[1] + " kW   battery " + row[2] + " kW   set point " + row[3]
      + "   SOC " + row[4] + " %%";
  });
  svg.addEventListener("pointerleave", () => { cursor.style.visibility = "hidden"; out.textContent = ""; });
}
""" % (_LEFT, _RIGHT, _WIDTH)  # noqa: UP031  (braces of JavaScript read better without an f-string)


def report_html(scenario: Scenario, result: Result) -> str:
    """The whole page."""
    samples = result.samples
    power = _chart(
        scenario,
        samples,
        [
            ("set point", "setpoint", True, lambda s: None if s.setpoint_w is None else s.setpoint_w / 1000),
            ("grid, AC at the meter", "grid", False, lambda s: s.grid_w / 1000),
            ("battery, inside", "battery", False, lambda s: s.battery_w / 1000),
        ],
        "kW",
    )
    soc = _chart(scenario, samples, [("state of charge", "soc", False, lambda s: s.soc * 100)], "%")
    title = f"{scenario.name}: {result.exported_wh / 1000:.2f} kWh out of the car"
    return (
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{html.escape(title)}</h1><p class=lead>{html.escape(_lead(scenario, result))}</p>"
        f"<div class=facts>{_facts(result)}</div>"
        f"<h2>Power (positive into the car, negative out of it)</h2>{power}"
        f"<h2>State of charge</h2>{soc}"
        f"<h2>The books</h2><div class=scroll>{_books(result)}</div>"
        f'<script type="application/json" id=data>{_data(scenario, samples)}</script><script>{_SCRIPT}</script>'
        "</main></body></html>\n"
    )


def _lead(scenario: Scenario, result: Result) -> str:
    text = (
        f"{_clock(scenario, 0.0)} to {_clock(scenario, scenario.departure_s)}, mode {result.mode}, seed {result.seed}, "
        f"{result.messages['iso15118']} ISO 15118-20 and {result.messages['ocpp']} OCPP messages."
    )
    if result.timer_overrides:
        text += " Timers changed: " + ", ".join(f"{n} {s:g} s" for n, s in result.timer_overrides.items()) + "."
    if result.mode == "paced":
        text += " A paced run is no conformance evidence."
    return text


def _facts(result: Result) -> str:
    facts = [
        (f"{result.exported_wh / 1000:.3f} kWh", "exported, AC at the meter"),
        (f"{result.imported_wh / 1000:.3f} kWh", "imported, AC at the meter"),
        (f"{result.soc_arrival:.0%} to {result.soc_departure:.1%}", "state of charge"),
        (f"{sum(result.losses_wh.values()) / 1000:.3f} kWh", f"lost in {' and '.join(result.losses_wh)}"),
    ]
    return "".join(f"<div class=fact><b>{value}</b><span>{what}</span></div>" for value, what in facts)


def _books(result: Result) -> str:
    iso, ocpp = result.iso_session, result.ocpp_session
    rows: list[tuple[str, str]] = [
        ("imported at the meter", f"{result.imported_wh:,.1f} Wh"),
        ("exported at the meter", f"{result.exported_wh:,.1f} Wh"),
        ("into the cells (open-circuit voltage times current)", f"{result.battery_in_wh:,.1f} Wh"),
        ("out of the cells", f"{result.battery_out_wh:,.1f} Wh"),
        *((f"lost in the {name}", f"{value:,.1f} Wh") for name, value in result.losses_wh.items()),
        ("imported - exported - (in - out) - losses", f"{result.gap_wh:,.3f} Wh"),
        ("told to the car (MeterInfo): import, export", f"{iso.import_wh:,} Wh, {iso.export_wh:,} Wh"),
        ("told to the back end (registers): import, export", f"{ocpp.import_wh:,} Wh, {ocpp.export_wh:,} Wh"),
    ]
    body = "".join(f"<tr><td>{html.escape(name)}</td><td class=n>{value}</td></tr>" for name, value in rows)
    for who, error in result.errors.items():
        ending = "regular" if error is None else f"<span class=bad>{html.escape(error)}</span>"
        body += f"<tr><td>end of the session at the {who}</td><td class=n>{ending}</td></tr>"
    for violation in result.violations:
        body += f"<tr><td class=bad>violation</td><td class=n>{html.escape(violation)}</td></tr>"
    return f"<table>{body}</table>"


def _clock(scenario: Scenario, t: float) -> str:
    return datetime.fromtimestamp(scenario.arrival_unix_s + t, UTC).strftime("%H:%M")


def _data(scenario: Scenario, samples: Sequence[Sample]) -> str:
    rows = [
        [
            _clock(scenario, s.t),
            f"{s.grid_w / 1000:.2f}",
            f"{s.battery_w / 1000:.2f}",
            "none" if s.setpoint_w is None else f"{s.setpoint_w / 1000:.2f} kW",
            f"{s.soc * 100:.1f}",
        ]
        for s in samples
    ]
    return json.dumps({"rows": rows}).replace("</", "<\\/")


_Series = tuple[str, str, bool, Callable[[Sample], float | None]]


def _chart(scenario: Scenario, samples: Sequence[Sample], series: Sequence[_Series], unit: str) -> str:
    values = [v for _, _, _, read in series for s in samples if (v := read(s)) is not None]
    low, high = (min([*values, 0.0]), max([*values, 0.0])) if values else (0.0, 1.0)
    step = _nice((high - low or 1.0) / 4)
    low, high = step * (low // step), step * -(-high // step) or step
    end = samples[-1].t if samples else 1.0

    def x(t: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * t / (end or 1.0)

    def y(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / ((high - low) or 1.0)

    parts = [f'<svg data-chart viewBox="0 0 {_WIDTH} {_HEIGHT}" role=img aria-label="{html.escape(series[-1][0])}">']
    tick = low
    while tick <= high + step / 2:
        kind = "zero" if abs(tick) < step / 1000 else "rule"
        parts.append(f"<line class={kind} x1={_LEFT} x2={_WIDTH - _RIGHT} y1={y(tick):.1f} y2={y(tick):.1f} />")
        parts.append(f"<text x={_LEFT - 8} y={y(tick) + 4:.1f} text-anchor=end>{tick:g} {unit}</text>")
        tick += step
    hours = max(1, round(end / 3600 / 13))
    for hour in range(0, int(end // 3600) + 1, hours):
        parts.append(
            f"<text x={x(hour * 3600):.1f} y={_HEIGHT - 8} text-anchor=middle>{_clock(scenario, hour * 3600)}</text>"
        )
    for _, colour, dashed, read in series:
        parts.append(_curve([(x(s.t), read(s)) for s in samples], y, colour, dashed))
    parts.append(f"<line class=cursor y1={_TOP} y2={_HEIGHT - _BOTTOM} /></svg>")
    legend = "".join(f'<span><i style="background:var(--{c})"></i>{html.escape(n)}</span>' for n, c, _, _ in series)
    return f"<div>{''.join(parts)}<div class=legend>{legend}<output></output></div></div>"


def _curve(points: Sequence[tuple[float, float | None]], y: Callable[[float], float], colour: str, steps: bool) -> str:
    """A path; a gap where there is no value; steps for what holds until it changes."""
    path: list[str] = []
    drawing = False
    for px, value in points:
        if value is None:
            drawing = False
            continue
        if not drawing:
            path.append(f"M{px:.1f} {y(value):.1f}")
        else:
            path.append(f"H{px:.1f}V{y(value):.1f}" if steps else f"L{px:.1f} {y(value):.1f}")
        drawing = True
    dashed = " dashed" if steps else ""
    return f'<path class="curve{dashed}" style="stroke:var(--{colour})" d="{"".join(path)}" />'


def _nice(step: float) -> float:
    """1, 2, 5 times a power of ten, at least ``step``."""
    power: float = 10.0 ** len(str(int(step))) / 10 if step >= 1 else 0.1
    return next((power * f for f in (1, 2, 5, 10) if power * f >= step), step)


def summary_lines(result: Result) -> list[tuple[str, Any]]:
    """What a terminal shows at the end: label and value."""
    return [
        ("exported", f"{result.exported_wh / 1000:.3f} kWh (AC, at the meter)"),
        ("imported", f"{result.imported_wh / 1000:.3f} kWh"),
        ("state of charge", f"{result.soc_arrival:.1%} -> {result.soc_departure:.1%}"),
        ("battery", f"{result.battery_out_wh / 1000:.3f} kWh out, {result.battery_in_wh / 1000:.3f} kWh in"),
        ("losses", ", ".join(f"{name} {value:.0f} Wh" for name, value in result.losses_wh.items())),
        ("told to the car", f"{result.iso_session.import_wh} Wh in, {result.iso_session.export_wh} Wh out"),
        ("told to the back end", f"{result.ocpp_session.import_wh} Wh in, {result.ocpp_session.export_wh} Wh out"),
        ("messages", f"{result.messages['iso15118']} ISO 15118-20, {result.messages['ocpp']} OCPP"),
        ("time", f"{result.virtual_seconds:.0f} s played in {result.wall_seconds:.1f} s, mode {result.mode}"),
    ]
