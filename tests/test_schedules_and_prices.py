"""The examples of docs/how-to/schedules-and-prices.md, run one after the other as a reader would."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

from iso15118 import ev
from iso15118.session.evcc.chooser import PowerRange

PAGE = (Path(__file__).parents[1] / "docs" / "how-to" / "schedules-and-prices.md").read_text(encoding="utf-8")


def test_the_page_does_what_it_says() -> None:
    names: dict[str, Any] = {"__name__": "page"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
            exec(compile(block, "page", "exec"), names)
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert printed.getvalue() == shown
    needs = ev.EnergyNeeds(target_energy_wh=0.0, maximum_energy_wh=20_000.0, minimum_energy_wh=-15_000.0)
    power = PowerRange(max_charge_power_w=11_000.0, max_discharge_power_w=11_000.0)
    kept = names["config"].chooser(
        ev.Situation(schedules=(names["EVENING"], names["FLAT"]), needs=needs, power=power, now=0.0)
    )
    assert all(watts >= 0 for _, watts in kept.entries)
