"""The simplest controller: one set point for every car, from its needs until it leaves."""

from __future__ import annotations

from iso15118.ocpp.needs import ChargingNeeds
from sim.control import Decision, SetDynamic, SetProfile, Told, TransactionView

__all__ = ["FixedSetpoint"]


class FixedSetpoint:
    """Gives each car the same set point; a car that only charges gets no negative one."""

    def __init__(self, setpoint_w: float, *, valid_to_s: float | None = None) -> None:
        """Decide once.

        Args:
            setpoint_w: At the meter; negative takes power out of the cars.
            valid_to_s: When it lapses, in seconds since 1970; None for never. Dynamic control only.
        """
        self.setpoint_w = setpoint_w
        self.valid_to_s = valid_to_s

    def on_needs(self, view: TransactionView, needs: ChargingNeeds, unix_s: float) -> tuple[Decision, ...]:
        """A Dynamic profile for Dynamic control; in Scheduled control the car needs a schedule to follow."""
        setpoint_w = self.setpoint_w if needs.bidirectional else max(self.setpoint_w, 0.0)
        if needs.control_mode == "ScheduledControl":
            return (SetProfile(periods=((unix_s, setpoint_w),)),)
        return (SetDynamic(setpoint_w=setpoint_w, valid_to_s=self.valid_to_s),)

    def on_sample(self, view: TransactionView, sample: Told, unix_s: float) -> tuple[Decision, ...]:
        """Nothing to correct."""
        return ()

    def next_timer(self) -> float | None:
        """Never."""
        return None

    def on_timer(self, unix_s: float) -> tuple[tuple[str, Decision], ...]:
        """Never called."""
        return ()
