"""Which service ``v2g ev`` and ``v2g evse`` run, and which of their other options fit it."""

from __future__ import annotations

import enum
import math
from collections.abc import Collection

import typer

from iso15118.errors import LocalError
from iso15118.session.services import AC_SERVICES, BIDIRECTIONAL, ServiceId

__all__ = ["PHASES_HELP", "Phases", "Service", "check_options", "refuse_given", "refuse_no_numbers", "service_ids"]

PHASES_HELP = "AC: lines in use, 1 or 3 (3)."


class Service(enum.StrEnum):
    """Energy services the programs can run."""

    AC = "AC"
    AC_BPT = "AC_BPT"
    DC = "DC"
    DC_BPT = "DC_BPT"
    MCS = "MCS"
    MCS_BPT = "MCS_BPT"


class Phases(enum.StrEnum):
    """Lines of an AC connector."""

    ONE = "1"
    THREE = "3"


def service_ids(services: Collection[Service]) -> tuple[ServiceId, ...]:
    """Their numbers, in order.

    Raises:
        LocalError: One is there twice, or AC and DC are mixed: the simulated hardware has one connector.
    """
    ids = tuple(ServiceId[service.value] for service in services)
    if len(set(ids)) < len(ids):
        raise LocalError(f"--service: {', '.join(service.value for service in services)} names one twice")
    if 0 < len(AC_SERVICES.intersection(ids)) < len(ids):
        raise LocalError(
            f"--service: {', '.join(service.value for service in services)} mixes AC and DC; the simulated connector is one of them"
        )
    return ids


def refuse_given(context: typer.Context, why: str, *names: str) -> None:
    """Refuse options that would be ignored, where they were given: nobody should take them for heard.

    Args:
        context: Of the command.
        why: What the complaint ends with.
        names: Of the parameters.

    Raises:
        LocalError: One was given.
    """
    for name in names:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise LocalError(f"--{name.replace('_', '-')} {why}")


def refuse_no_numbers(context: typer.Context) -> None:
    """Refuse what is a number for a parser and for nothing else; bounds don't keep NaN out.

    Raises:
        LocalError: An option is infinite or NaN.
    """
    for name, value in context.params.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise LocalError(f"--{name.replace('_', '-')} {value:g}: a finite number is needed")


def check_options(
    services: Collection[ServiceId],
    *,
    phases: Phases | None,
    max_charge_power: float | None,
    max_discharge_power: float | None,
    setpoint: float | None = None,
) -> None:
    """Refuse options that mean nothing for these services.

    Raises:
        LocalError: Hardware without power, lines of a DC connector, or power out of a car that can only charge.
    """
    names = ", ".join(service.name for service in services)
    for option, power_w in (("charge", max_charge_power), ("discharge", max_discharge_power)):
        if power_w is not None and not 0.0 < power_w < math.inf:
            raise LocalError(f"--max-{option}-power {power_w:g}: hardware has some power, in W")
    if phases is not None and not AC_SERVICES.intersection(services):
        raise LocalError(f"--phases is for AC; {names} has no lines to choose")
    if BIDIRECTIONAL.intersection(services):
        return
    if max_discharge_power is not None:
        raise LocalError(f"--max-discharge-power needs a service with BPT; {names} only charges")
    if setpoint is not None and setpoint < 0.0:
        raise LocalError(f"--setpoint below zero needs a service with BPT; {names} only charges")
