"""How much energy at the meter a per cent of charge takes, learned from an SoC that is told in whole per cent.

The SoC told is exact at one instant only: when it changes. Between two changes lies a known charge, and the registers
say what it cost; nothing about the car needs to be known beforehand.
"""

from __future__ import annotations

from iso15118.ocpp.needs import ChargingNeeds
from sim.control import Told

__all__ = ["SocLearner"]

LEAST_PERCENT = 5.0
"""So far apart two changes must be before what lies between them is believed."""
DEFAULT_CAPACITY_WH = 60_000.0
"""When nothing has been told from which it could be derived."""
BEYOND_PERCENT = 1.0
"""The SoC is believed to lie no further than this from the last one told."""


class SocLearner:
    """Follows one car."""

    def __init__(self) -> None:
        self.percent: float | None = None
        """As last told."""
        self._first: dict[bool, tuple[float, int]] = {}
        self._last: dict[bool, tuple[float, int]] = {}
        self._at_change: tuple[float, int, int] | None = None
        self._now = (0, 0)

    def learn(self, sample: Told, *, discharging: bool) -> None:
        """Take a sample; ``discharging`` says which way energy is meant to go, so that the directions stay apart."""
        self._now = (sample.import_wh, sample.export_wh)
        if sample.soc_percent is None:
            return
        before, self.percent = self.percent, sample.soc_percent
        if before is None or before == sample.soc_percent:
            return
        charging = sample.soc_percent > before
        self._at_change = (max(before, sample.soc_percent), sample.import_wh, sample.export_wh)
        if charging != discharging:
            point = (self._at_change[0], sample.import_wh if charging else sample.export_wh)
            self._first.setdefault(charging, point)
            self._last[charging] = point

    def wh_per_percent(self, *, charging: bool) -> float | None:
        """At the meter, in one direction; None while not known."""
        if charging not in self._first:
            return None
        percent = abs(self._last[charging][0] - self._first[charging][0])
        return (self._last[charging][1] - self._first[charging][1]) / percent if percent >= LEAST_PERCENT else None

    def to_import_wh(self, wanted_percent: float, efficiency: float) -> float | None:
        """Energy at the meter to reach an SoC; None when the car has told none, or nothing is known of its size.

        Args:
            wanted_percent: 0 to 100.
            efficiency: One way; turns what discharging gave into what charging will take.
        """
        per_percent = self.wh_per_percent(charging=True)
        given = self.wh_per_percent(charging=False)
        if per_percent is None and given is not None:
            per_percent = given / efficiency**2
        if per_percent is None or self.percent is None:
            return None
        now = self.percent
        if self._at_change is not None:
            at, imported, exported = self._at_change
            moved = (self._now[0] - imported - (self._now[1] - exported) / efficiency**2) / per_percent
            now = min(max(at + moved, self.percent - BEYOND_PERCENT), self.percent + BEYOND_PERCENT)
        if self.percent >= wanted_percent:
            return 0.0
        least = 0.2  # it has not been told yet, so something is still missing
        return max(wanted_percent - now, least) * per_percent

    @staticmethod
    def capacity_wh(needs: ChargingNeeds, target_percent: int) -> float:
        """A guess of the battery's size from the car's requests for its target and for full."""
        target = needs.target_soc_percent or target_percent
        if needs.maximum_energy_wh is None or needs.target_energy_wh is None or target >= 100:
            return DEFAULT_CAPACITY_WH
        guess = (needs.maximum_energy_wh - needs.target_energy_wh) * 100.0 / (100 - target)
        return guess if guess > 0 else DEFAULT_CAPACITY_WH
