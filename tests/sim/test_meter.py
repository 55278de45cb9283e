"""The meter: registers in whole Wh that lose nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.errors import LocalError
from sim.meter import Meter


def test_registers_start_where_they_are_told_and_not_at_zero() -> None:
    assert (Meter().import_wh > 0, Meter().export_wh > 0) == (True, True)
    meter = Meter(import_wh=7, export_wh=9)
    assert (meter.import_wh, meter.export_wh, meter.imported_wh, meter.exported_wh) == (7, 9, 0.0, 0.0)


def test_the_reading_is_rounded_down_and_the_fraction_kept() -> None:
    meter = Meter(import_wh=10, export_wh=20)
    meter.advance(1800.0, 1.0)
    assert (meter.import_wh, meter.imported_wh) == (10, 0.5)
    meter.advance(1800.0, 1.0)
    assert (meter.import_wh, meter.imported_wh) == (11, 1.0)
    meter.advance(-9000.0, 1.0)
    assert (meter.import_wh, meter.export_wh, meter.exported_wh) == (11, 22, 2.5)
    meter.advance(0.0, 3600.0)
    assert (meter.import_wh, meter.export_wh) == (11, 22)


@given(
    st.lists(st.tuples(st.floats(-22_000.0, 22_000.0), st.floats(0.0, 3600.0)), max_size=50),
    st.integers(0, 10**15),
    st.integers(0, 10**15),
)
def test_nothing_is_lost_whatever_the_readings_were(
    steps: list[tuple[float, float]], import_wh: int, export_wh: int
) -> None:
    meter = Meter(import_wh=import_wh, export_wh=export_wh)
    imported = exported = 0.0
    for power_w, dt_s in steps:
        before = (meter.import_wh, meter.export_wh)
        meter.advance(power_w, dt_s)
        assert meter.import_wh >= before[0]
        assert meter.export_wh >= before[1]
        imported += max(power_w, 0.0) * dt_s / 3600.0
        exported += max(-power_w, 0.0) * dt_s / 3600.0
    assert meter.imported_wh == pytest.approx(imported, abs=1e-6)
    assert meter.exported_wh == pytest.approx(exported, abs=1e-6)
    assert 0.0 <= meter.imported_wh - (meter.import_wh - import_wh) < 1.0
    assert 0.0 <= meter.exported_wh - (meter.export_wh - export_wh) < 1.0


@pytest.mark.parametrize(("import_wh", "export_wh"), [(-1, 0), (0, -1)])
def test_negative_readings_are_refused(import_wh: int, export_wh: int) -> None:
    with pytest.raises(LocalError, match="negative"):
        Meter(import_wh=import_wh, export_wh=export_wh)
