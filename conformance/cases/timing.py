"""Timing."""

from __future__ import annotations

from conformance.case import Side, case, check
from conformance.tester.car import Car
from conformance.tester.link import Step, amount, replace
from conformance.tester.station import Station
from iso15118.messages.iso20.types import Processing

SECC, EVCC = Side.SECC, Side.EVCC

_SILENT = tuple(step for step in Step if step not in (Step.SAP, Step.SESSION_SETUP, Step.STOP, Step.END))


def _ends_after(car: Car, limit_s: float) -> None:
    """Silence from now on: the connection stands until the limit, and is gone soon after it."""
    car.sut.advance(limit_s - 0.05)
    check(not car.sut.closed, f"given up before {limit_s:g} s")
    car.sut.advance(0.1 + 1.5)  # what is left, and time to bring current to zero
    check(car.sut.closed, f"still there {limit_s + 1.55:g} s after the last request")
    car.off()


@case("TI-01", SECC, over=_SILENT)
def silence(car: Car, step: str) -> None:
    car.to(Step(step))
    _ends_after(car, 60.0)


@case("TI-01", SECC, variant="AC", over=(Step.PARAMETERS, Step.POWER_DELIVERY, Step.LOOP), service=5)
def silence_ac(car: Car, step: str) -> None:
    car.to(Step(step))
    _ends_after(car, 60.0)


@case("TI-02", SECC, variant="DC_BPT")
@case("TI-02", SECC, variant="DC_BPT Scheduled", dynamic=False)
@case("TI-02", SECC, variant="AC_BPT", service=5)
@case("TI-02", SECC, variant="AC Scheduled", service=1, dynamic=False)
def silence_in_the_loop(car: Car) -> None:
    car.sut.set("target_w", -6_000.0)
    car.to(Step.LOOP).loop(2.0)
    _ends_after(car, 0.5)


@case("TI-02", SECC, variant="nobody there at all")
def nobody_calls(car: Car) -> None:
    car.sut.advance(17.0)
    check(not car.sut.closed, "given up at once")
    car.sut.advance(5.0)
    check(car.sut.closed, "22 s without a handshake, and still there")


_LIMITS = {Step.LOOP: 0.25}
"""Performance of the answer where it is not 1.5 s."""


@case("TI-03", SECC, over=tuple(step for step in Step if step is not Step.END))
def answers_in_time(car: Car, name: str) -> None:
    step = Step(name)
    car.to(step)
    if step is Step.STOP:
        car.sut.set("ramp_a_per_s", 40.0)
        car.loop(0.4)
    before = car.sut.now
    car.good(car.request(step), within_s=3.0)
    took = car.sut.now - before
    limit = _LIMITS.get(step, 1.5)
    check(took <= limit, f"answered after {took:.2f} s, later than {limit:g} s", message=car.link.log[-1].message)


@case("TI-03", SECC, variant="AC contactor", service=5)
def ac_in_time(car: Car) -> None:
    car.to(Step.POWER_DELIVERY)
    before = car.sut.now
    car.perform(Step.POWER_DELIVERY)
    check(car.sut.now - before <= 1.5, f"answered after {car.sut.now - before:.2f} s")


_MESSAGE_S = {
    Step.SAP: 2.0,
    Step.SESSION_SETUP: 2.0,
    Step.AUTHORIZATION_SETUP: 2.0,
    Step.AUTHORIZATION: 2.0,
    Step.SERVICE_DISCOVERY: 2.0,
    Step.SERVICE_DETAIL: 5.0,
    Step.SERVICE_SELECTION: 2.0,
    Step.PARAMETERS: 2.0,
    Step.SCHEDULE: 2.0,
    Step.CABLE_CHECK: 2.0,
    Step.PRE_CHARGE: 2.0,
    Step.POWER_DELIVERY: 2.0,
    Step.LOOP: 0.5,
    Step.STOP: 2.0,
    Step.WELDING: 2.0,
    Step.SESSION_STOP: 2.0,
}


def _to_late(station: Station, step: Step) -> None:
    """To any step, those after the loop included."""
    if Step.LOOP.before(step):
        station.to(Step.LOOP)
        station.sut.set("wish", "stop")
    station.to(step)


@case("TI-04", EVCC, over={str(step): (step, limit) for step, limit in _MESSAGE_S.items()})
def no_answer(station: Station, value: tuple[Step, float]) -> None:
    step, limit_s = value
    _to_late(station, step)
    _gives_up_after(station, limit_s)


@case("TI-04", EVCC, variant="AC", service=5, over={str(step): step for step in (Step.POWER_DELIVERY, Step.LOOP)})
def no_answer_ac(station: Station, step: Step) -> None:
    station.to(step)
    _gives_up_after(station, _MESSAGE_S[step])


def _gives_up_after(station: Station, limit_s: float) -> None:
    began = station.sut.now
    station.sut.advance(limit_s - 0.05)
    check(not station.sut.closed, f"given up before {limit_s:g} s", message=station.link.log[-1].message)
    station.sut.set("outlet_current_a", 0.0)
    station.sut.advance(1.6)
    station.off_after(began, limit_s)


@case("TI-05", EVCC, variant="DC_BPT")
@case("TI-05", EVCC, variant="DC_BPT Scheduled", dynamic=False)
@case("TI-05", EVCC, variant="AC_BPT", service=5)
def pace(station: Station) -> None:
    station.to(Step.LOOP)
    for _ in range(20):
        station.settle()
        before = station.sut.now
        request = station.heard(Step.LOOP)
        took = station.sut.now - before
        check(took <= 0.25, f"the next loop came after {took:.3f} s", message=request)


def _endless(station: Station, step: Step) -> float:
    """Never Finished from now on; when that began."""
    change: dict[str, object] = {"evse_processing": Processing.Ongoing} if step is Step.CABLE_CHECK else {}
    if step in (Step.PRE_CHARGE, Step.WELDING):
        # No voltage comes, or none goes away.
        change = {"evse_present_voltage": amount(5.0 if step is Step.PRE_CHARGE else 400.0)}
    station.instead(step, lambda _, response: replace(response, **change))
    _to_late(station, step)
    return station.sut.now


@case("TI-06", EVCC, over={"CableCheck": (Step.CABLE_CHECK, 40.0), "PreCharge": (Step.PRE_CHARGE, 10.0)})
def never_finished(station: Station, value: tuple[Step, float]) -> None:
    step, limit_s = value
    began = _endless(station, step)
    station.serve(limit_s + 10.0)
    station.off_after(began, limit_s)


@case("TI-06", EVCC, variant="WeldingDetection")
def welded(station: Station) -> None:
    began = _endless(station, Step.WELDING)
    station.to(Step.SESSION_STOP, judged=True)
    took = station.sut.now - began
    check(59.0 <= took <= 62.0, f"given up after {took:.1f} s", message=station.link.log[-1].message)
