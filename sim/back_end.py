"""The controller of a scenario: set points by the clock, and what an operator does in between."""

from __future__ import annotations

from iso15118.ocpp.needs import ChargingNeeds
from sim.control import Decision, SetDynamic, SetProfile, Told, TransactionView, UpdateSetpoint

__all__ = ["BackEnd"]


class BackEnd:
    """Gives every car the set point of the moment; without one it says nothing, and cars charge as they like.

    In Scheduled control the car gets all steps as one plan; an order that comes later is a new plan.
    """

    def __init__(self, steps: tuple[tuple[float, float], ...] = ()) -> None:
        """Take a plan: (seconds since 1970, W at the meter, positive into the car), rising."""
        self._steps = list(steps)
        self._views: dict[str, TransactionView] = {}
        self._told: dict[str, float] = {}
        """Transaction -> the set point it knows."""

    def order(self, unix_s: float, power_w: float) -> tuple[tuple[str, Decision], ...]:
        """From now on another power: what is planned for later is dropped."""
        self._steps = [step for step in self._steps if step[0] < unix_s] + [(unix_s, power_w)]
        return tuple((name, self._decision(view, unix_s)) for name, view in self._live().items())

    def on_needs(self, view: TransactionView, needs: ChargingNeeds, unix_s: float) -> tuple[Decision, ...]:
        """The set point of the moment, or the whole plan; the car waits for a profile, so it is sent as one."""
        self._views[view.transaction_id] = view
        self._told.pop(view.transaction_id, None)
        return (self._decision(view, unix_s),) if self._steps else ()

    def on_sample(self, view: TransactionView, sample: Told, unix_s: float) -> tuple[Decision, ...]:
        """Nothing to correct."""
        return ()

    def next_timer(self) -> float | None:
        """The next step that a car does not know yet."""
        begun = max((s for _, view in self._live().items() if (s := self._known_s(view)) is not None), default=None)
        return None if begun is None else next((step[0] for step in self._steps if step[0] > begun), None)

    def on_timer(self, unix_s: float) -> tuple[tuple[str, Decision], ...]:
        """The next step, to those in Dynamic control."""
        decisions = []
        for name, view in self._live().items():
            if self._known_s(view) is not None:
                decisions.append((name, self._decision(view, unix_s)))
        return tuple(decisions)

    def _live(self) -> dict[str, TransactionView]:
        return {name: view for name, view in self._views.items() if view.ended_s is None}

    def _known_s(self, view: TransactionView) -> float | None:
        """Up to when a car in Dynamic control knows the steps; None for others."""
        return self._told.get(view.transaction_id)

    def _decision(self, view: TransactionView, unix_s: float) -> Decision:
        needs = view.needs
        one_way = needs is not None and not needs.bidirectional

        def power(wanted_w: float) -> float:
            return max(wanted_w, 0.0) if one_way else wanted_w

        past = [step for step in self._steps if step[0] <= unix_s]
        now_w = power(past[-1][1]) if past else 0.0
        if needs is not None and needs.control_mode == "ScheduledControl":
            later = [(at_s, power(wanted_w)) for at_s, wanted_w in self._steps if at_s > unix_s]
            return SetProfile(periods=((unix_s, now_w), *later))
        known = view.transaction_id in self._told
        self._told[view.transaction_id] = unix_s
        return UpdateSetpoint(setpoint_w=now_w) if known else SetDynamic(setpoint_w=now_w)
