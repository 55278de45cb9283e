"""The wall clock, as sessions want it: monotonic seconds, and what to add for the date."""

from __future__ import annotations

import time

__all__ = ["Clock"]


class Clock:
    """Seconds since it was made; never goes back."""

    def __init__(self) -> None:
        self._origin_s = time.monotonic()

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic() - self._origin_s

    def unix_offset_s(self) -> float:
        """What to add to ``now()`` for seconds since 1970, as the system's date stands at the moment."""
        return time.time() - self.now()
