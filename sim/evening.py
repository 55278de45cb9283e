"""The controller of the demo: give back a fixed energy in the evening, leave charged in the morning.

It sees what OCPP tells (:mod:`sim.csms`): needs once, registers and SoC once a minute. From that:

*The window.* A Dynamic profile on stack level 1 holds the set point and is valid until the window's end. Each sample
says what is still missing; the set point becomes what is missing over the time that is left, so set-up, ramps and losses
correct themselves. In the last minutes it is what is missing over `TAU_S`: power falls off from sample to sample, and a
command that takes effect ten seconds late moves little energy. The rest goes at a low power until a computed second.

*The night.* An Absolute profile on stack level 0, beneath the window's, says from the beginning when to charge and when
to stop, so that the car is charged even if the back end goes away. Charging is late and flat: a battery ages least when
it rests low, and a fixed power needs few corrections. How much a per cent takes at the meter is learned at the seconds
at which the SoC, told in whole per cent, changes: no capacity and no efficiency needs to be known. Charging stops when
the SoC told is one per cent above the wanted one: however the car rounds, it has at least what was wanted.

In Scheduled control the car follows the plan it was given at the start (a change would mean renegotiation), so the
window stands in the Absolute profile as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from iso15118.errors import LocalError
from iso15118.ocpp.needs import ChargingNeeds
from sim.control import Decision, SetDynamic, SetProfile, Told, TransactionView, UpdateSetpoint
from sim.learning import SocLearner

if TYPE_CHECKING:
    from sim.scenario import Scenario

__all__ = ["Evening", "EveningPlan"]

RESERVE_S = 360.0
"""How long before the window's end the flat part aims to be done; the fading part takes the rest."""
TAU_S = 120.0
"""Time constant of the fading part: two samples."""
FADE_W = 400.0
"""The fading part ends at this power; ten seconds of it are about one Wh."""
LAST_STEP_S = 75.0
"""What can be done within so long is done until a computed second, without waiting for another sample."""
STALE_S = 150.0
"""Older samples are book-keeping after a disconnection, not ground for a decision."""
DONE_WH = 1
"""Registers count whole Wh; closer than this is done."""
CHARGE_W = 7_400.0
"""Power of the night's charging at the meter where time allows."""
LEAST_CHARGE_W = 1_000.0
"""Less than this is not worth the converter's own losses."""
MORNING_RESERVE_S = 2_700.0
"""How long before departure the charging aims to be done."""
SOC_MARGIN_PERCENT = 1
"""Added to the wanted SoC, since the car may round up."""
EFFICIENCY = 0.93
"""One way between meter and battery, assumed until something better has been learned."""
LONGEST_S = 604_800.0
"""Nothing is planned for longer than a week, whatever a car says of its departure and its hunger."""
LEAST_W = 1.0
"""A limit below this counts as zero."""
UPDATE_W = 5.0
"""A set point of the window is sent when it differs by at least this."""
CHANGE_W, CHANGE_S = 200.0, 120.0
"""A new plan for the night is sent when it differs by more than this."""


class EveningPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator wants. Times are seconds since 1970, energy and power AC at the meter."""

    window_start_s: float
    window_end_s: float
    departure_s: float
    """Used when the car names no departure."""
    export_wh: float = 15_000.0
    target_soc_percent: int = 85
    """At departure, at least; the car's own wish counts if it tells a higher one."""
    max_power_w: float = 11_000.0
    """Either way."""

    def __post_init__(self) -> None:
        if not self.window_start_s < self.window_end_s <= self.departure_s:
            raise LocalError("the window must begin before it ends, and end before the departure")
        if self.export_wh < 0 or self.max_power_w <= 0 or not 0 < self.target_soc_percent <= 98:
            raise LocalError("export_wh >= 0, max_power_w > 0 and target_soc_percent from 1 to 98 are needed")


class _Car:
    """What is remembered of one transaction."""

    def __init__(self, view: TransactionView, needs: ChargingNeeds, departure_s: float) -> None:
        self.view = view
        self.told(needs, departure_s)
        self.setpoint_w: float | None = None
        """Of the window's profile as last commanded; None before it was sent."""
        self.last_step_until_s: float | None = None
        self.exported = False
        self.night: tuple[tuple[float, float], ...] = ()
        self.charged = False
        self.soc = SocLearner()

    def told(self, needs: ChargingNeeds, departure_s: float) -> None:
        """What the car wants from now on; its energy requests count from now."""
        self.needs, self.departure_s = needs, departure_s
        self.told_at_wh = (self.view.imported_wh, self.view.exported_wh)

    @property
    def dynamic(self) -> bool:
        return self.needs.control_mode == "DynamicControl"


class Evening:
    """The controller; see the module."""

    def __init__(self, plan: EveningPlan) -> None:
        self.plan = plan
        self._cars: dict[str, _Car] = {}

    @classmethod
    def of(cls, scenario: Scenario) -> Evening:
        """The evening of the demo: 15 kWh within two hours from the arrival, 85 % at departure."""
        start = float(scenario.arrival_unix_s)
        return cls(
            EveningPlan(
                window_start_s=start,
                window_end_s=start + 7_200.0,
                departure_s=start + scenario.departure_s,
                target_soc_percent=round(100 * scenario.target_soc),
            )
        )

    # --- what the back end asks ---

    def on_needs(self, view: TransactionView, needs: ChargingNeeds, unix_s: float) -> tuple[Decision, ...]:
        """Begin: the window's set point if it is open, and a first plan for the night."""
        departure_s = self.plan.departure_s if needs.departure_unix_s is None else needs.departure_unix_s
        departure_s = min(departure_s, unix_s + LONGEST_S)
        known = self._cars.get(view.transaction_id)
        if known is not None:  # only the car's wishes have changed
            known.told(needs, departure_s)
            known.exported = known.exported or unix_s >= self.plan.window_end_s
            return self._night(known, unix_s)
        car = self._cars[view.transaction_id] = _Car(view, needs, departure_s)
        car.exported = not needs.bidirectional or self.plan.export_wh <= 0 or unix_s >= self.plan.window_end_s
        return (*self._open_window(car, unix_s), *self._night(car, unix_s))

    def on_sample(self, view: TransactionView, sample: Told, unix_s: float) -> tuple[Decision, ...]:
        """Correct what the sample shows."""
        car = self._cars.get(view.transaction_id)
        if car is None:
            return ()
        if view.ended_s is not None:
            del self._cars[view.transaction_id]
            return ()
        car.soc.learn(sample, discharging=not car.exported)
        if unix_s - sample.time_s > STALE_S or not car.dynamic:
            return ()
        if not car.exported and unix_s >= self.plan.window_start_s:
            return self._window(car, sample)
        return self._night(car, unix_s)

    def next_timer(self) -> float | None:
        """The window's opening, while a car waits for it."""
        waiting = any(car.setpoint_w is None and not car.exported and car.dynamic for car in self._cars.values())
        return self.plan.window_start_s if waiting else None

    def on_timer(self, unix_s: float) -> tuple[tuple[str, Decision], ...]:
        """Open the window for those who wait."""
        return tuple(
            (name, decision) for name, car in self._cars.items() for decision in self._open_window(car, unix_s)
        )

    # --- the window ---

    def _most_w(self, car: _Car) -> float:
        most_w = min(self.plan.max_power_w, car.needs.max_discharge_power_w)
        return most_w if most_w >= LEAST_W else 0.0

    def _missing_wh(self, car: _Car, export_wh: int | None = None) -> float:
        if car.view.begin is None or export_wh is None:
            return self.plan.export_wh - car.view.exported_wh
        return self.plan.export_wh - (export_wh - car.view.begin.export_wh)

    def _open_window(self, car: _Car, unix_s: float) -> tuple[Decision, ...]:
        if car.exported or car.setpoint_w is not None or not car.dynamic or unix_s < self.plan.window_start_s:
            return ()
        car.setpoint_w = -self._power_w(car, self._missing_wh(car), unix_s)
        return (SetDynamic(setpoint_w=car.setpoint_w, valid_to_s=self.plan.window_end_s),)

    def _power_w(self, car: _Car, missing_wh: float, unix_s: float) -> float:
        """What is missing over the time that is left, at least the fading power, at most what both sides can."""
        left_s = max(self.plan.window_end_s - RESERVE_S - unix_s, TAU_S)
        least_w = max(FADE_W, car.needs.min_discharge_power_w)
        return min(max(missing_wh * 3600.0 / left_s, least_w), self._most_w(car))

    def _window(self, car: _Car, sample: Told) -> tuple[Decision, ...]:
        time_s = sample.time_s
        if time_s >= self.plan.window_end_s:
            car.exported = True
            return self._night(car, time_s)
        if car.last_step_until_s is not None and time_s < car.last_step_until_s:
            return ()
        missing_wh = self._missing_wh(car, sample.export_wh)
        if missing_wh <= DONE_WH:
            car.exported = True
            stop = () if car.last_step_until_s is not None else (UpdateSetpoint(setpoint_w=0.0),)
            return (*stop, *self._night(car, time_s))
        power_w = self._power_w(car, missing_wh, time_s)
        if power_w <= 0:  # the car gives nothing; the window ends by itself
            return ()
        needed_s = missing_wh * 3600.0 / power_w
        if needed_s <= LAST_STEP_S or car.last_step_until_s is not None:
            car.last_step_until_s = min(time_s + needed_s, self.plan.window_end_s)
            car.setpoint_w = -power_w
            return (SetDynamic(setpoint_w=-power_w, valid_to_s=car.last_step_until_s),)
        if car.setpoint_w is not None and abs(car.setpoint_w + power_w) < UPDATE_W:
            return ()
        car.setpoint_w = -power_w
        return (UpdateSetpoint(setpoint_w=-power_w),)

    # --- the night ---

    def _wanted_percent(self, car: _Car) -> int:
        wish = car.needs.target_soc_percent or 0
        return min(max(self.plan.target_soc_percent, wish) + SOC_MARGIN_PERCENT, 100)

    def _to_import_wh(self, car: _Car) -> float:
        """What charging still takes at the meter: by SoC if the car tells it, else by what it asked for at first."""
        wanted = self._wanted_percent(car)
        coming_wh = 0.0 if car.exported else max(self._missing_wh(car), 0.0)  # will be given, and lacks then
        by_soc = car.soc.to_import_wh(wanted, EFFICIENCY)
        if by_soc is not None:
            return by_soc + coming_wh / EFFICIENCY**2
        asked_wh = car.needs.target_energy_wh or 0.0
        given_wh = (car.view.exported_wh - car.told_at_wh[1] + coming_wh) / EFFICIENCY
        margin_wh = SOC_MARGIN_PERCENT * car.soc.capacity_wh(car.needs, self.plan.target_soc_percent) / 100.0
        stored_wh = (car.view.imported_wh - car.told_at_wh[0]) * EFFICIENCY
        return max(asked_wh + margin_wh + given_wh - stored_wh, 0.0) / EFFICIENCY

    def _night(self, car: _Car, unix_s: float) -> tuple[Decision, ...]:
        """The plan for the night, if it has to change."""
        if car.charged:
            return ()
        most_w = min(self.plan.max_power_w, car.needs.max_charge_power_w)
        most_w = most_w if most_w >= LEAST_W else 0.0
        to_import_wh = self._to_import_wh(car)
        if car.exported and car.soc.percent is not None and car.soc.percent >= self._wanted_percent(car):
            car.charged = True
            return self._send(car, ((unix_s, 0.0),))
        if to_import_wh <= 0 or most_w <= 0:
            rest = [(unix_s, 0.0)] if car.dynamic or car.exported else self._scheduled_window(car, unix_s)
            return self._send(car, tuple(rest))
        done_s = car.departure_s - MORNING_RESERVE_S
        earliest_s = unix_s if car.exported else self.plan.window_end_s
        if self._has_begun(car, unix_s):
            power_w = to_import_wh * 3600.0 / max(done_s - unix_s, 60.0)
            start_s = earliest_s
        else:
            flat_w = to_import_wh * 3600.0 / max(done_s - earliest_s, 60.0)
            power_w = max(flat_w, CHARGE_W)
            start_s = max(done_s - to_import_wh * 3600.0 / min(power_w, most_w), earliest_s)
        power_w = min(max(power_w, LEAST_CHARGE_W), most_w)
        end_s = min(start_s + to_import_wh * 3600.0 / power_w, unix_s + LONGEST_S)
        steps = [(start_s, power_w), (end_s, 0.0)]
        if start_s > unix_s:
            steps.insert(0, (unix_s, 0.0))
        if not car.dynamic and not car.exported:
            steps = self._scheduled_window(car, unix_s) + [step for step in steps if step[0] >= self.plan.window_end_s]
        # Of two steps that begin at the same second the later one holds.
        starts = [round(start_s) for start_s, _ in steps[1:]]
        steps = [step for step, following in zip(steps, [*starts, None], strict=True) if round(step[0]) != following]
        return self._send(car, tuple(steps))

    def _scheduled_window(self, car: _Car, unix_s: float) -> list[tuple[float, float]]:
        begin_s = max(unix_s, self.plan.window_start_s)
        power_w = min(self.plan.export_wh * 3600.0 / (self.plan.window_end_s - begin_s), self._most_w(car))
        steps = [(begin_s, -power_w), (self.plan.window_end_s, 0.0)]
        return steps if begin_s <= unix_s else [(unix_s, 0.0), *steps]

    @staticmethod
    def _has_begun(car: _Car, unix_s: float) -> bool:
        return any(start_s <= unix_s and power_w > 0 for start_s, power_w in car.night)

    @staticmethod
    def _send(car: _Car, steps: tuple[tuple[float, float], ...]) -> tuple[Decision, ...]:
        """The plan as a decision, unless the one already sent is as good."""
        old, new = _ahead(car.night, steps[0][0]), _ahead(steps, steps[0][0])
        if len(old) == len(new) and all(
            abs(a[0] - b[0]) <= CHANGE_S and abs(a[1] - b[1]) <= CHANGE_W for a, b in zip(old, new, strict=True)
        ):
            return ()
        car.night = steps
        return (SetProfile(periods=steps),)


def _ahead(steps: tuple[tuple[float, float], ...], unix_s: float) -> list[tuple[float, float]]:
    """The steps from ``unix_s`` on, the one that holds then first."""
    past = [power_w for start_s, power_w in steps if start_s <= unix_s]
    return [(unix_s, power_w) for power_w in past[-1:]] + [step for step in steps if step[0] > unix_s]
