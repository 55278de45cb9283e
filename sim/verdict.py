"""The verdict on a run: what the file expects, and what is always so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from iso15118.session.actions import NeedsTold, ScheduleChosen, SchedulesTold, ServiceChosen
from iso15118.session.services import ServiceId
from sim.events import LinkFault, Standby
from sim.play import Play, live_parts
from sim.result import Result, Snapshot
from sim.scenario import Scenario
from sim.scenario_file import NO_WH, Expectation, ScenarioFile

__all__ = ["BALANCE_WH", "Check", "Outcome", "play_file"]

BALANCE_WH = 1.0
"""Energy adds up to this, at every meter and register."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    what: str
    ok: bool
    found: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run."""

    title: str
    scenario: Scenario
    end: str
    checks: tuple[Check, ...]
    result: Result

    @property
    def ok(self) -> bool:
        """Whether the expected end was met, and everything that is always so held."""
        return all(check.ok for check in self.checks)

    def failures(self) -> tuple[str, ...]:
        """What was not as it should be, in words."""
        return tuple(f"{check.what}: {check.found}" for check in self.checks if not check.ok)


def play_file(
    file: ScenarioFile,
    *,
    name: str = "scenario",
    trace: Callable[[str], object] | None = None,
    progress: Callable[[Snapshot], object] | None = None,
) -> Outcome:
    """Play a scenario and judge it; arguments as for :class:`sim.play.Play`.

    Raises:
        LocalError: The file asks for what can't be played.
    """
    play = Play(file, name=name, trace=trace, progress=progress)
    result = play.run()
    return judge(play, result)


def judge(play: Play, result: Result) -> Outcome:
    """Look at everything."""
    end = _end(play)
    return Outcome(
        title=play.file.title,
        scenario=play.world.scenario,
        end=end,
        checks=tuple(_checks(play, result, end)),
        result=result,
    )


def _end(play: Play) -> str:
    """How it ended for the sides whose firmware does not hang."""
    world = play.world
    errors = [world.errors.get(side, "unfinished") for side in ("EV", "SECC") if side not in world.silent]
    if "unfinished" in errors:
        return "unfinished"
    if any(errors):
        return "failed"
    return "paused" if any(world.paused.values()) else "completed"


def _checks(play: Play, result: Result, end: str) -> Iterator[Check]:
    expect, world = play.file.expect, play.world
    errors = {who: error or "regular" for who, error in world.errors.items()}
    yield Check(what=f"the session is {expect.end}", ok=end == expect.end, found=f"{end}; {errors}")
    for who, side in (("car", "EV"), ("station", "SECC")):
        wanted, error = getattr(expect, f"{who}_error"), world.errors.get(side) or ""
        if wanted is not None:
            yield Check(what=f"the {who} says {wanted!r}", ok=wanted in error, found=error or "nothing")
    if expect.service is not None:
        found = ServiceId(world.service_id).name if world.service_id else "none"
        yield Check(what=f"the service is {expect.service.name}", ok=found == expect.service.name, found=found)
    yield from _choices(play)
    yield from _energies(play, result, end)
    codes = tuple(sorted(code for code in world.codes if not code.startswith("OK")))
    wanted_codes = tuple(sorted(expect.codes))
    yield Check(
        what=f"response codes {', '.join(wanted_codes) or 'are all OK'}",
        ok=codes == wanted_codes,
        found=", ".join(codes) or "all OK",
    )
    for name in expect.messages:
        count = world.messages[name]
        yield Check(what=f"{name} is seen", ok=count > 0, found=f"{count} times")
    for state, wanted_times in expect.entered.items():
        times = world.entered[state]
        yield Check(what=f"{state} is come to {wanted_times} times", ok=times == wanted_times, found=f"{times} times")
    yield _violations(expect, result)
    if expect.off_within_s is not None:
        late = "no fault struck" if play.off_in_time is None else play.off_in_time
        yield Check(what=f"power is off within {expect.off_within_s:g} s", ok=late == "", found=late or "it was")
        since_wh = play.flowed_since_wh
        yield Check(what="and stays off", ok=since_wh <= NO_WH, found=f"{since_wh:.3f} Wh flow afterwards")
    on_the_link = [fault for fault in play.file.fault if isinstance(fault, LinkFault)]
    for index in sorted(world.faults.unused):
        what = f"{type(on_the_link[index]).__name__.lower()} {on_the_link[index].message} hits something"
        yield Check(what=what, ok=False, found="no such message, or not so many")
    for index, wrong in enumerate(play.rests):
        yield Check(what=f"standby {index + 1} is agreed and without power", ok=not wrong, found=wrong or "it was")
    planned = sum(isinstance(event, Standby) for event in play.file.event)
    if planned != len(play.rests):
        yield Check(what=f"{planned} standbys are seen", ok=False, found=str(len(play.rests)))
    live = live_parts(world)
    yield Check(what="at the end nothing is live", ok=not live, found=live or "nothing")
    if expect.stopped_reason is not None:
        views = world.csms.transactions(world.station.station_id)
        told = str(views[-1].stopped_reason) if views else "nothing"
        yield Check(what=f"the back end is told {expect.stopped_reason}", ok=told == expect.stopped_reason, found=told)


def _choices(play: Play) -> Iterator[Check]:
    """What was told and chosen beside the service."""
    expect, last = play.file.expect, play.world.last
    chosen, told = last.get(("EV", ScheduleChosen)), last.get(("EV", SchedulesTold))
    if expect.schedule is not None:
        found = chosen.schedule_tuple_id if isinstance(chosen, ScheduleChosen) else None
        yield Check(what=f"schedule {expect.schedule} is chosen", ok=found == expect.schedule, found=str(found))
    if expect.cost is not None:
        cost = chosen.cost if isinstance(chosen, ScheduleChosen) else None
        near = cost is not None and abs(cost - expect.cost) <= 0.001
        yield Check(what=f"it costs {expect.cost:g}", ok=near, found=str(cost))
    if expect.told_prices is not None:
        kinds = _kinds_of_prices(told) if isinstance(told, SchedulesTold) else []
        yield Check(
            what=f"prices are told: {expect.told_prices}", ok=kinds == [expect.told_prices], found=", ".join(kinds)
        )
    if expect.value_added is not None:
        service = last.get(("EV", ServiceChosen))
        found_sets = service.value_added if isinstance(service, ServiceChosen) else ()
        yield Check(
            what=f"value-added services {expect.value_added} are selected",
            ok=sorted(found_sets) == sorted(expect.value_added),
            found=str(found_sets),
        )
    offer, needs = play.file.car.energy_offer, last.get(("SECC", NeedsTold))
    if offer is not None:
        heard = needs.needs.energy_offer if isinstance(needs, NeedsTold) else None
        same = heard is not None and heard.entries == offer.entries and heard.stacks == offer.stacks
        yield Check(what="the station is told what the car offers", ok=same, found=str(heard))


def _kinds_of_prices(told: SchedulesTold) -> list[str]:
    """Each kind once."""
    prices = [told.dynamic_prices, *(each.charging_prices for each in told.schedules)]
    return sorted({str(each.__struct_config__.tag) for each in prices if each is not None})


def _violations(expect: Expectation, result: Result) -> Check:
    left = list(result.violations)
    for part in expect.violations:
        hit = next((each for each in left if part in each), None)
        if hit is None:
            return Check(what=f"physics objects to {part!r}", ok=False, found="; ".join(result.violations) or "nothing")
        left.remove(hit)
    return Check(what="physics has nothing else to object to", ok=not left, found="; ".join(left) or "nothing")


def _energies(play: Play, result: Result, end: str) -> Iterator[Check]:
    expect, books = play.file.expect, play.world.plant.books()
    yield Check(
        what="meter, battery and losses add up",
        ok=abs(books.gap_wh) <= BALANCE_WH,
        found=f"{books.gap_wh:.6f} Wh apart",
    )
    for name, wanted, found in (
        ("imported", expect.imported_wh, books.imported_wh),
        ("exported", expect.exported_wh, books.exported_wh),
    ):
        if wanted is not None:
            near = abs(found - wanted) <= expect.tolerance_wh
            yield Check(
                what=f"{name} {wanted:g} Wh, give or take {expect.tolerance_wh:g}", ok=near, found=f"{found:.1f} Wh"
            )
    truth = (books.imported_wh + expect.jump_wh[0], books.exported_wh + expect.jump_wh[1])
    for whom, registers in (("the car", result.iso_session), ("the back end", result.ocpp_session)):
        told = (registers.import_wh, registers.export_wh)
        apart = [value - true for value, true in zip(told, truth, strict=True)]
        # A session that broke off had no last word for the car: it knows what it was told before.
        # Of a station that hangs the back end hears nothing more.
        complete = end != "failed" if whom == "the car" else "SECC" not in play.world.silent
        ok = all((not complete or each >= -BALANCE_WH) and each <= BALANCE_WH for each in apart)
        yield Check(what=f"{whom} is told what flowed", ok=ok, found=f"{told[0]} Wh in, {told[1]} Wh out")
