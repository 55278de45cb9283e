"""Parameter sets: what a station offers of each service, and which of them a car takes.

Both sides choose from the same values. A station offers every legal combination of those it names; a car takes what it
names, the preferred value first. The numbers of a station's sets follow from its choices alone, not from the moment.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from iso15118.errors import LocalError
from iso15118.messages import deployed
from iso15118.messages.iso20.common.service import Parameter, ParameterSet
from iso15118.session.actions import ServiceChosen
from iso15118.session.emitter import EmitterProfile
from iso15118.session.services import (
    AC_SERVICES,
    BIDIRECTIONAL,
    ISLANDING_NAMES,
    AcConnector,
    BptChannel,
    ControlMode,
    DcConnector,
    GeneratorMode,
    IslandingDetection,
    McsConnector,
    MobilityNeedsMode,
    Offer,
    Pricing,
    ServiceId,
)

__all__ = ["ParameterChoices", "check_choices", "parameter_sets", "preferred", "service_chosen"]

_MCS = frozenset({ServiceId.MCS, ServiceId.MCS_BPT})
_MAX_SETS = 32
"""maxOccurs of ParameterSet."""


class ParameterChoices(msgspec.Struct, frozen=True, kw_only=True):
    """Values of the parameters that a side can choose; of a car the preferred one first."""

    pricings: tuple[Pricing, ...] = (Pricing.NONE,)
    mobility_needs_modes: tuple[MobilityNeedsMode, ...] = (MobilityNeedsMode.EVCC,)
    """Who states departure and energy. SECC goes with Dynamic control only (V2G20-2663)."""
    bpt_channels: tuple[BptChannel, ...] = (BptChannel.UNIFIED,)
    generator_modes: tuple[GeneratorMode, ...] = (GeneratorMode.GRID_FOLLOWING,)
    islanding_detections: tuple[IslandingDetection, ...] = (IslandingDetection.PASSIVE,)
    """AC_BPT: how islands are to be detected."""
    ac_connectors: tuple[AcConnector, ...] = (AcConnector.THREE_PHASE, AcConnector.SINGLE_PHASE)
    dc_connectors: tuple[DcConnector, ...] = (DcConnector.EXTENDED,)
    mcs_connectors: tuple[McsConnector, ...] = (McsConnector.MCS,)


def check_choices(
    option: str, choices: ParameterChoices, services: Iterable[ServiceId], profile: EmitterProfile | None
) -> None:
    """Refuse choices that name nothing, something twice, or more sets than can be told.

    Args:
        option: Name of the settings, for the error.
        choices: What was chosen.
        services: Those that may be offered; of a car none.
        profile: What may be sent; None for a car, which sends no sets.

    Raises:
        LocalError: What is wrong and what to do about it.
    """
    for name in ParameterChoices.__struct_fields__:
        values = getattr(choices, name)
        if not values or len(set(values)) < len(values):
            raise LocalError(f"{option}.{name} must name at least one value, and each once, not {values!r}")
    if profile is None:
        return
    most = deployed.LIST_LIMITS["ParameterSet"] if profile is EmitterProfile.CONSERVATIVE else _MAX_SETS
    for service_id in sorted(services):
        count = sum(1 for _ in _combinations(service_id, choices))
        if count > most:
            full = "" if profile is EmitterProfile.FULL else ", or emitter_profile=EmitterProfile.FULL for testers"
            raise LocalError(
                f"{option} makes {count} parameter sets of {service_id.name}, more than the {most} that can be told: "
                f"choose fewer connectors, pricings, mobility needs modes, BPT channels or generator modes{full}"
            )


def _connectors(service_id: int, choices: ParameterChoices) -> Sequence[AcConnector | DcConnector | McsConnector]:
    if service_id in AC_SERVICES:
        return choices.ac_connectors
    return choices.mcs_connectors if service_id in _MCS else choices.dc_connectors


def _control(choices: ParameterChoices) -> tuple[tuple[ControlMode, MobilityNeedsMode], ...]:
    """Both control modes, always (V2G20-2656); the SECC states needs with Dynamic control only (V2G20-2663)."""
    scheduled = (ControlMode.SCHEDULED, MobilityNeedsMode.EVCC)
    return (scheduled, *((ControlMode.DYNAMIC, mode) for mode in sorted(choices.mobility_needs_modes)))


def _combinations(service_id: int, choices: ParameterChoices) -> Iterator[dict[str, int]]:
    """Every legal combination in the order of the sets' numbers: what differs most between two outlets comes first."""
    both, ac = service_id in BIDIRECTIONAL, service_id in AC_SERVICES
    for connector, channel, generator, islanding, pricing, (control, mobility) in itertools.product(
        _connectors(service_id, choices),
        choices.bpt_channels if both else (None,),
        choices.generator_modes if both else (None,),
        choices.islanding_detections if service_id == ServiceId.AC_BPT else (None,),
        choices.pricings,
        _control(choices),
    ):
        values: dict[str, int | None] = {
            "Connector": connector,
            "ControlMode": control,
            "EVSENominalVoltage": 0 if ac else None,
            "MobilityNeedsMode": mobility,
            "Pricing": pricing,
            "BPTChannel": channel,
            "GeneratorMode": generator,
            ISLANDING_NAMES[0]: islanding,
        }
        yield {name: int(value) for name, value in values.items() if value is not None}


def parameter_sets(
    service_id: int,
    choices: ParameterChoices,
    *,
    lines: int = 3,
    nominal_voltage_v: float = 230.0,
    islanding_name: str = ISLANDING_NAMES[0],
    der_functions: int = 0,
) -> tuple[ParameterSet, ...]:
    """The parameter sets an outlet offers of a service.

    By default 1 is Scheduled and 2 Dynamic control; in AC those are the three-phase sets, and 3 and 4 the single-phase
    ones, which a three-phase outlet can serve as well.

    Args:
        service_id: The service.
        choices: What the outlet offers.
        lines: AC: lines of the outlet, 1 or 3; sets that need more are left out and keep their numbers.
        nominal_voltage_v: AC: line to neutral; told in whole volts.
        islanding_name: AC_BPT: how the parameter of islanding detection is spelled.
        der_functions: AC_DER_IEC: bitmap of the functions that are wanted of the inverter.
    """
    sets = []
    for set_id, values in enumerate(_combinations(service_id, choices), start=1):
        if service_id in AC_SERVICES:
            if AcConnector(values["Connector"]).lines > lines:
                continue
            values["EVSENominalVoltage"] = round(nominal_voltage_v)
        if service_id == ServiceId.AC_DER_IEC:
            values["DERControlFunctions"] = der_functions
        names = {ISLANDING_NAMES[0]: islanding_name}
        parameters = tuple(Parameter(name=names.get(name, name), int_value=v) for name, v in values.items())
        sets.append(ParameterSet(parameter_set_id=set_id, parameter=parameters))
    return tuple(sets)


def service_chosen(service_id: int, offer: Offer, value_added: Mapping[int, int]) -> ServiceChosen:
    """The report of what was selected: a service with one of its sets, and value-added services with one of theirs."""
    both, islanding = service_id in BIDIRECTIONAL, offer.islanding_detection
    return ServiceChosen(
        service_id=service_id,
        parameter_set_id=offer.parameter_set_id,
        control_mode=int(offer.control_mode or ControlMode.SCHEDULED),
        mobility_needs_mode=int(offer.mobility_needs_mode),
        bidirectional=both,
        pricing=int(offer.pricing),
        bpt_channel=int(offer.bpt_channel) if both else None,
        generator_mode=int(offer.generator_mode) if both else None,
        islanding_detection=None if islanding is None else int(islanding),
        value_added=tuple(value_added.items()),
    )


def preferred(
    service_id: int,
    offers: Iterable[Offer],
    choices: ParameterChoices,
    control_modes: Sequence[ControlMode],
    lines: int = 0,
) -> Offer | None:
    """The offered set that a car likes best; None when it can use none.

    The control mode decides first, then the connector, pricing, who states the needs, channel and generator mode. What
    a set leaves out counts as the standard's plainest value. A DC car leaves the generator mode to the station, whose
    inverter it is (docs/open-points.md): it has a preference, but takes any.

    Args:
        service_id: The service.
        offers: Its sets as read.
        choices: What the car takes, the preferred value first.
        control_modes: The same for control modes.
        lines: AC: lines of the car's charger.
    """
    ranked: list[tuple[tuple[int, ...], Offer]] = []
    for offer in offers:
        rank = _rank(service_id, offer, choices, control_modes, lines)
        if rank is not None:
            ranked.append((rank, offer))
    return min(ranked, key=lambda each: each[0], default=(None, None))[1]


def _rank(
    service_id: int, offer: Offer, choices: ParameterChoices, control_modes: Sequence[ControlMode], lines: int
) -> tuple[int, ...] | None:
    """Places of the set's values in the car's preferences; None when one is not among them."""
    ac, both = service_id in AC_SERVICES, service_id in BIDIRECTIONAL
    connectors = _connectors(service_id, choices)
    connector = offer.integers.get("Connector", None if ac else int(connectors[0]))
    if ac and (offer.ac_lines or lines + 1) > lines:
        return None
    generators = choices.generator_modes if ac else (*choices.generator_modes, *GeneratorMode)
    places: list[tuple[object, Sequence[object]]] = [
        (offer.control_mode, control_modes),
        (connector, connectors),
        (offer.pricing, choices.pricings),
        (offer.mobility_needs_mode, choices.mobility_needs_modes),
    ]
    if both:
        places += [(offer.bpt_channel, choices.bpt_channels), (offer.generator_mode, generators)]
    if offer.islanding_detection is not None:
        places.append((offer.islanding_detection, choices.islanding_detections))
    if any(value not in known for value, known in places):
        return None
    return tuple(known.index(value) for value, known in places)
