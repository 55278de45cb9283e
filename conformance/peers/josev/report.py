"""Writes down what was run with Josev and what came of it, as a page in Markdown."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable

from conformance.peers.josev.harness import JOSEV, MOST_RETRIES
from conformance.peers.josev.outcome import Outcome
from iso15118 import __version__
from iso15118.io.peers import peer_profile

__all__ = ["report"]


def report(outcomes: Iterable[Outcome], date: str) -> str:
    """The page."""
    # By a program on the path, as the peer itself is started.
    command = ["java", "-version"]
    java = subprocess.run(command, check=False, capture_output=True, text=True).stderr.partition("\n")[0]  # noqa: S603
    return _PAGE.format(
        date=date,
        josev=JOSEV,
        java=java,
        version=__version__,
        most_retries=MOST_RETRIES,
        rows="\n".join(map(_row, outcomes)),
        timers="\n".join(f"| `{name}` | {seconds:g} s |" for name, seconds in peer_profile("josev").timers.items()),
    )


def _row(each: Outcome) -> str:
    run = each.run
    cells = (
        run.service,
        run.control,
        "its car, our station" if run.peer == "EVCC" else "our car, its station",
        "to SessionStop" if each.regular else "ended by a fault",
        str(each.messages),
        str(each.loops),
        "-" if each.least_current_a is None else f"{each.least_current_a:g} A",
        f"{each.least_power_w:.0f} W",
        f"{each.charged_wh:g} Wh",
        f"{each.discharged_wh:g} Wh",
        f"{each.seconds:g} s",
        "; ".join(each.retries) or "none",
    )
    return f"| {' | '.join(cells)} |"


_PAGE = """\
# Sessions with Josev

Run on {date} by `make interop`: {josev} from PyPI, {java}, evbpt {version}. Plain TCP, discovery by multicast, two network
namespaces joined by a veth pair, each side in processes of its own. This page is written by the run; each run leaves our
trace, both sides' output and a pcap of the cable in `out/interop/`.

| service | control | who | session | messages | charge loops | lowest EVSEPresentCurrent | lowest power | charged | discharged | time | begun again |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

Negative current and power flow out of the car. Power is EVSEPresentVoltage times EVSEPresentCurrent in DC, and the
EVPresentActivePower of all lines in AC. Energy is what our side counted: our meter, in whole Wh, where the car is Josev's, the
battery of our car where the station is. A bidirectional run discharges, the others charge.

A run is begun again at most {most_retries} times, and only when Josev's own time limit has ended it (2 s for a message, 0.5 s in
the charge loop, which a busy machine exceeds); the last column says each such reason. Josev's processes run at real-time priority
where that is allowed, and write and read some messages before the session, since the first calls of its codec are slow. The time
includes the start of Josev's JVM where its car is the peer.

## What it took

Josev's protocol code runs unchanged; its simulated hardware does not. Stock figures (a car at 20 kV that draws 200 kW whatever it
is told, has nothing to give and stands below its own minimum; a station that reports 1 V for ever, tells 10 W in AC and offers
schedules that begin in 1970) are replaced by plausible ones in `conformance/peers/josev/peer_evcc.py` and `peer_secc.py`. On our
side the named profile `josev` (`v2g ev --peer josev`, `iso15118.io.peers`) switches these options, each of which has the standard's
behaviour as its default:

| option | because Josev |
| --- | --- |
| `discharge_limit_sign=positive` (car) | sends and expects positive discharge limits |
| `complete_power_profile` (car) | refuses PowerDeliveryReq(Start) without EVPowerProfile in Dynamic control, and without PowerToleranceAcceptance in Scheduled |
| `uniform_price_level` (station) | refuses a schedule without prices |
| `power_delivery_after_ongoing_pre_charge` (station) | goes from PreCharge(Ongoing) to PowerDelivery |
| `tell_discharged_energy=False` (station) | can't read BPT_DischargedEnergyReadingWh in MeterInfo |
| `chooser=follow_first` (car) | sends prices that its simulated station makes up |
| `held_to=schedule` (station) | announces no more than the charging half of a schedule in stock form |

and these limits of time, as it takes up to 0.5 s a message, and more on a loaded machine:

| timer | limit |
| --- | --- |
{timers}

What else it insists on is so by default: one message in one write, the station's TCP port in 49152 to 65535, ChargingComplete in
DisplayParameters, no value-added services unless they are configured, an integer ControlMode in the first parameter set. Its
station's parameter sets without BPTChannel, GeneratorMode and islanding detection are taken as a unified channel and grid
following.
"""
