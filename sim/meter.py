"""The station's meter on the AC side: two registers that only ever grow."""

from __future__ import annotations

from iso15118.errors import LocalError

__all__ = ["Meter"]


class Meter:
    """Cumulative import and export registers of one outlet.

    The readings are whole Wh, rounded down, as a meter shows them; the fraction is kept, so nothing is ever lost.
    Import is energy from the grid to the car, export the other way.
    """

    __slots__ = ("_export_rest", "_export_start", "_import_rest", "_import_start", "export_wh", "import_wh")

    def __init__(self, *, import_wh: int = 1_234_567, export_wh: int = 89_012) -> None:
        """Registers that start at the given readings, Wh, >= 0: a meter has a life before the session."""
        if import_wh < 0 or export_wh < 0:
            raise LocalError(f"meter readings can't be negative: import {import_wh} Wh, export {export_wh} Wh")
        self.import_wh = self._import_start = import_wh
        self.export_wh = self._export_start = export_wh
        self._import_rest = 0.0
        self._export_rest = 0.0

    def advance(self, power_w: float, dt_s: float) -> None:
        """Count ``power_w`` (positive: import) over ``dt_s`` seconds."""
        if power_w > 0.0:
            rest = self._import_rest + power_w * dt_s / 3600.0
            if rest >= 1.0:
                whole = int(rest)
                self.import_wh += whole
                rest -= whole
            self._import_rest = rest
        elif power_w < 0.0:
            rest = self._export_rest - power_w * dt_s / 3600.0
            if rest >= 1.0:
                whole = int(rest)
                self.export_wh += whole
                rest -= whole
            self._export_rest = rest

    def jump(self, import_wh: int, export_wh: int) -> None:
        """A fault: the readings change by so much without any energy behind it; they don't fall below zero."""
        import_wh, export_wh = max(import_wh, -self.import_wh), max(export_wh, -self.export_wh)
        self.import_wh += import_wh
        self._import_start += import_wh
        self.export_wh += export_wh
        self._export_start += export_wh

    @property
    def imported_wh(self) -> float:
        """Imported since the meter was made, Wh, with the fraction that the reading leaves out."""
        return self.import_wh - self._import_start + self._import_rest

    @property
    def exported_wh(self) -> float:
        """Exported since the meter was made, Wh, with the fraction that the reading leaves out."""
        return self.export_wh - self._export_start + self._export_rest
