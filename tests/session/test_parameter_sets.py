"""Parameter sets: what a station offers, and which of them a car takes."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iso15118.errors import LocalError
from iso15118.messages.deployed import LIST_LIMITS
from iso15118.messages.iso20.common.service import Parameter, ParameterSet
from iso15118.session import actions as act
from iso15118.session.app import AC_20, DC_20, Link
from iso15118.session.core import State
from iso15118.session.emitter import EmitterProfile
from iso15118.session.evcc import EvccConfig
from iso15118.session.parameter_sets import ParameterChoices, parameter_sets, preferred
from iso15118.session.ports import Wish
from iso15118.session.secc import SeccConfig
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
    read_offer,
)
from tests.session.world import EV, SECC, World

SERVICES = [ServiceId.AC, ServiceId.AC_BPT, ServiceId.DC, ServiceId.DC_BPT, ServiceId.MCS, ServiceId.MCS_BPT]
BOTH_NEEDS = (MobilityNeedsMode.EVCC, MobilityNeedsMode.SECC)
FULL = EmitterProfile.FULL


def some(values: Any) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(list(values)), min_size=1, unique=True).map(tuple)


CHOICES = st.builds(
    ParameterChoices,
    pricings=some(Pricing),
    mobility_needs_modes=some(MobilityNeedsMode),
    bpt_channels=some(BptChannel),
    generator_modes=some(GeneratorMode),
    islanding_detections=some(IslandingDetection),
    ac_connectors=some(AcConnector),
    dc_connectors=some(DcConnector),
    mcs_connectors=some(McsConnector),
)


def offers(service: int, choices: ParameterChoices | None = None, **options: Any) -> list[Offer]:
    return [read_offer(each) for each in parameter_sets(service, choices or ParameterChoices(), **options)]


# --- what a station offers ---


@pytest.mark.parametrize("service", SERVICES)
def test_by_default_both_control_modes_are_offered_and_little_else(service: ServiceId) -> None:
    """V2G20-2656; the numbers are those that sets have always had."""
    ac, both = service in AC_SERVICES, service in BIDIRECTIONAL
    found = offers(service, nominal_voltage_v=229.6)
    assert [(o.parameter_set_id, o.control_mode) for o in found] == list(
        zip(range(1, 5 if ac else 3), itertools.cycle(ControlMode), strict=False)
    )
    if ac:
        assert [o.ac_lines for o in found] == [3, 3, 1, 1]
        assert [o.parameter_set_id for o in offers(service, lines=1)] == [3, 4]
    for offer in found:
        connector = 1 if service in (ServiceId.MCS, ServiceId.MCS_BPT) else offer.integers["Connector"] if ac else 2
        assert offer.integers["Connector"] == connector
        assert offer.integers["Pricing"] == Pricing.NONE
        assert offer.integers["MobilityNeedsMode"] == MobilityNeedsMode.EVCC
        assert offer.integers.get("EVSENominalVoltage") == (230 if ac else None)
        assert offer.integers.get("BPTChannel") == (BptChannel.UNIFIED if both else None)
        assert offer.integers.get("GeneratorMode") == (GeneratorMode.GRID_FOLLOWING if both else None)
        assert offer.islanding_detection is (IslandingDetection.PASSIVE if both and ac else None)


@given(service=st.sampled_from(SERVICES), choices=CHOICES, lines=st.sampled_from([1, 3]))
def test_every_legal_combination_is_offered_once(service: ServiceId, choices: ParameterChoices, lines: int) -> None:
    """V2G20-2656: both control modes of everything; V2G20-2663: MobilityNeedsMode 2 only with Dynamic control."""
    sets = parameter_sets(service, choices, lines=lines)
    found = [read_offer(each) for each in sets]
    assert len({tuple(sorted(o.integers.items())) for o in found}) == len(found)
    ids = [o.parameter_set_id for o in found]
    assert ids == sorted(set(ids))
    for offer in found:
        if offer.control_mode is ControlMode.SCHEDULED:
            assert offer.mobility_needs_mode is MobilityNeedsMode.EVCC
    dynamic = {o.mobility_needs_mode for o in found if o.control_mode is ControlMode.DYNAMIC}
    fitting = service not in AC_SERVICES or any(c.lines <= lines for c in choices.ac_connectors)
    assert dynamic == (set(choices.mobility_needs_modes) if fitting else set())
    assert {o.control_mode for o in found} == (set(ControlMode) if fitting else set())
    assert {o.pricing for o in found} == (set(choices.pricings) if fitting else set())
    assert all(len(each.parameter) <= LIST_LIMITS["Parameter"] for each in sets)
    more = {o.parameter_set_id: o.integers for o in offers(service, choices, lines=3)}
    assert all(more[o.parameter_set_id] == o.integers for o in found)  # numbers don't depend on the moment


@pytest.mark.parametrize("name", ISLANDING_NAMES)
def test_islanding_detection_is_spelled_as_the_option_says(name: str) -> None:
    (first, *_) = parameter_sets(ServiceId.AC_BPT, ParameterChoices(), islanding_name=name)
    assert [parameter.name for parameter in first.parameter][-1] == name


@pytest.mark.parametrize(
    "choices",
    [
        {"pricings": (Pricing.NONE, Pricing.ABSOLUTE)},
        {"dc_connectors": (DcConnector.CORE, DcConnector.EXTENDED)},
        {"mobility_needs_modes": BOTH_NEEDS},
        {"served": (AC_20,), "ac_connectors": (AcConnector.THREE_PHASE,), "bpt_channels": tuple(BptChannel)},
        {"served": (AC_20,), "pricings": (Pricing.ABSOLUTE,), "mobility_needs_modes": (MobilityNeedsMode.SECC,)},
        {"pricings": tuple(Pricing), "bpt_channels": tuple(BptChannel), "emitter_profile": FULL},
    ],
)
def test_what_deployed_codecs_take_may_be_offered(choices: dict[str, Any]) -> None:
    assert SeccConfig(**choices)


@pytest.mark.parametrize(
    ("choices", "text"),
    [
        ({"pricings": tuple(Pricing)}, "makes 6 parameter sets of DC, more than the 4 .*EmitterProfile.FULL"),
        ({"served": (AC_20,), "pricings": (Pricing.NONE, Pricing.ABSOLUTE)}, "makes 8 parameter sets of AC, more than"),
        ({"bpt_channels": tuple(BptChannel), "generator_modes": tuple(GeneratorMode)}, "8 parameter sets of DC_BPT"),
        (
            {
                "pricings": tuple(Pricing),
                "bpt_channels": tuple(BptChannel),
                "dc_connectors": tuple(DcConnector),
                "emitter_profile": FULL,
            },
            "makes 48 parameter sets of DC_BPT, more than the 32 that can be told: choose fewer [^:]*$",
        ),
        ({"pricings": ()}, r"SeccConfig.pricings must name at least one value, and each once, not \(\)"),
        ({"dc_connectors": (DcConnector.CORE,) * 2}, "SeccConfig.dc_connectors must name"),
    ],
)
def test_choices_that_cannot_be_told_are_refused(choices: dict[str, Any], text: str) -> None:
    with pytest.raises(LocalError, match=text):
        SeccConfig(**choices)


def test_a_car_must_take_something() -> None:
    assert EvccConfig(pricings=tuple(Pricing), bpt_channels=tuple(BptChannel), generator_modes=tuple(GeneratorMode))
    with pytest.raises(LocalError, match=r"EvccConfig.generator_modes must name"):
        EvccConfig(generator_modes=())


# --- what a car takes ---


def read(**integers: int) -> Offer:
    parameters = tuple(Parameter(name=name, int_value=value) for name, value in integers.items())
    return read_offer(ParameterSet(parameter_set_id=integers.pop("id", 1), parameter=parameters))


@given(CHOICES, CHOICES, st.permutations(list(ControlMode)), st.sampled_from(SERVICES))
def test_what_is_taken_is_offered_and_among_what_the_car_takes(
    station: ParameterChoices, car: ParameterChoices, control_modes: list[ControlMode], service: ServiceId
) -> None:
    found = offers(service, station)
    taken = preferred(service, found, car, control_modes[:1], 3)
    if taken is None:
        return
    assert taken in found
    assert taken.control_mode is control_modes[0]
    assert taken.pricing in car.pricings
    assert taken.mobility_needs_mode in car.mobility_needs_modes
    if service in BIDIRECTIONAL:
        assert taken.bpt_channel in car.bpt_channels
        assert taken.generator_mode in car.generator_modes or service not in AC_SERVICES
    both = [p for p in car.pricings if p in station.pricings]
    assert taken.pricing is both[0]


@given(CHOICES, st.sampled_from(SERVICES))
def test_a_car_that_takes_everything_finds_a_set(choices: ParameterChoices, service: ServiceId) -> None:
    everything = ParameterChoices(
        pricings=tuple(Pricing),
        mobility_needs_modes=BOTH_NEEDS,
        bpt_channels=tuple(BptChannel),
        generator_modes=tuple(GeneratorMode),
        islanding_detections=tuple(IslandingDetection),
        dc_connectors=tuple(DcConnector),
        mcs_connectors=tuple(McsConnector),
    )
    assert preferred(service, offers(service, choices), everything, list(ControlMode), 3) is not None


def test_what_a_set_leaves_out_counts_as_the_plainest_value() -> None:
    """A deployed station tells neither BPTChannel nor GeneratorMode nor, for DC, anything about islands."""
    bare = read(ControlMode=2)
    for service in (ServiceId.DC_BPT, ServiceId.DC, ServiceId.MCS_BPT):
        assert preferred(service, [bare], EvccConfig(), [ControlMode.DYNAMIC]) is bare
    assert preferred(ServiceId.AC_BPT, [bare], EvccConfig(), [ControlMode.DYNAMIC], 3) is None  # no Connector
    single = read(ControlMode=2, Connector=1)
    assert preferred(ServiceId.AC_BPT, [bare, single], EvccConfig(), [ControlMode.DYNAMIC], 1) is single


def test_sets_of_unknown_control_mode_are_passed_over() -> None:
    assert preferred(ServiceId.DC, [read(ControlMode=3), read(Connector=2)], EvccConfig(), list(ControlMode)) is None


def test_a_charger_with_one_line_takes_no_three_phase_set() -> None:
    for lines, expected in ((3, 3), (1, 1)):
        taken = preferred(ServiceId.AC, offers(ServiceId.AC), EvccConfig(), [ControlMode.DYNAMIC], lines)
        assert taken is not None
        assert taken.ac_lines == expected


def test_in_dc_the_generator_mode_is_the_stations() -> None:
    forming = ParameterChoices(generator_modes=(GeneratorMode.GRID_FORMING,))
    assert preferred(ServiceId.DC_BPT, offers(ServiceId.DC_BPT, forming), EvccConfig(), list(ControlMode))
    assert not preferred(ServiceId.AC_BPT, offers(ServiceId.AC_BPT, forming), EvccConfig(), list(ControlMode), 3)


# --- in sessions ---


def test_a_car_that_finds_no_set_leaves() -> None:
    """CL-16: an inverter that only follows the grid is not taken to form one."""
    world = World(service=ServiceId.AC_BPT, secc={"generator_modes": (GeneratorMode.GRID_FORMING,)})
    world.start().run().check_end()
    assert world.error(EV) is None
    assert world.names(EV)[-2:] == ["ServiceDetailReq", "SessionStopReq"]


def test_a_set_that_is_not_offered_cannot_be_selected() -> None:
    """CL-16 and SV-09 at the station: grid forming, where it is not offered, is no set at all."""
    world = World(service=ServiceId.AC_BPT, secc={"generator_modes": (GeneratorMode.GRID_FOLLOWING,)})
    world.start().run_to(SECC, State.SERVICE_SELECTION)
    request = world.messages("ServiceSelectionReq")[-1]
    selected = replace(request.selected_energy_transfer_service, parameter_set_id=5)
    world.inject(SECC, replace(request, selected_energy_transfer_service=selected))
    assert world.last_code() == "FAILED_ServiceSelectionInvalid"


@pytest.mark.parametrize(
    ("service", "station", "car", "read_back"),
    [
        (ServiceId.DC_BPT, {"pricings": (Pricing.NONE, Pricing.ABSOLUTE)}, {"pricings": (Pricing.ABSOLUTE,)}, 4),
        (ServiceId.DC, {"mobility_needs_modes": BOTH_NEEDS}, {"mobility_needs_modes": BOTH_NEEDS[::-1]}, 3),
        (ServiceId.MCS, {"mcs_connectors": (McsConnector.MCS, McsConnector.CHAOJI)}, {}, 2),
        (ServiceId.AC, {}, {"ac_connectors": (AcConnector.SINGLE_PHASE,)}, 4),
    ],
)
def test_a_session_runs_with_the_set_the_car_likes_best(
    service: ServiceId, station: dict[str, Any], car: dict[str, Any], read_back: int
) -> None:
    """SV-13."""
    world = World(service=service, secc=station, evcc=car)
    world.at(10.0, lambda: setattr(world.vehicle, "driver_wish", Wish.STOP)).start().run().check_end()
    assert world.error(EV) is world.error(SECC) is None
    assert {e.item.parameter_set_id for e in world.events(act.ServiceChosen)} == {read_back}


def test_defaults_are_inside_the_conservative_profile() -> None:
    assert SeccConfig(served=(DC_20, AC_20), link=Link.TLS_1_3)
