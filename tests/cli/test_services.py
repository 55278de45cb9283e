"""Which options fit a service: every combination that means nothing is refused in a line that names the option."""

from __future__ import annotations

import math

import pytest

from iso15118.cli.services import Phases, Service, check_options, service_ids
from iso15118.errors import LocalError
from iso15118.session.services import ServiceId

NOTHING = {"phases": None, "max_charge_power": None, "max_discharge_power": None, "setpoint": None}


@pytest.mark.parametrize("service", Service)
def test_every_service_has_its_number(service) -> None:
    ids = service_ids([service])
    assert [each.name for each in ids] == [service.value]
    check_options(ids, **NOTHING)


@pytest.mark.parametrize(
    ("services", "complaint"),
    [
        ((Service.AC, Service.DC), "--service: AC, DC mixes AC and DC"),
        ((Service.DC, Service.DC), "--service: DC, DC names one twice"),
    ],
)
def test_services_that_one_connector_can_not_have(services, complaint) -> None:
    with pytest.raises(LocalError, match=complaint):
        service_ids(services)


@pytest.mark.parametrize(
    ("service", "options", "complaint"),
    [
        (ServiceId.DC_BPT, {"phases": Phases.ONE}, "--phases is for AC; DC_BPT has no lines"),
        (
            ServiceId.AC,
            {"max_discharge_power": 100.0},
            "--max-discharge-power needs a service with BPT; AC only charges",
        ),
        (ServiceId.MCS, {"setpoint": -1.0}, "--setpoint below zero needs a service with BPT; MCS only charges"),
        (ServiceId.AC_BPT, {"max_charge_power": 0.0}, "--max-charge-power 0: hardware has some power"),
        (ServiceId.AC_BPT, {"max_discharge_power": math.inf}, "--max-discharge-power inf: hardware has some power"),
        (ServiceId.DC_BPT, {"max_charge_power": math.nan}, "--max-charge-power nan: hardware has some power"),
    ],
)
def test_options_that_mean_nothing_for_a_service(service, options, complaint) -> None:
    with pytest.raises(LocalError, match=complaint):
        check_options((service,), **(NOTHING | options))


def test_options_that_do() -> None:
    both = (ServiceId.AC_BPT, ServiceId.AC)
    check_options(both, phases=Phases.THREE, max_charge_power=1.0, max_discharge_power=1.0, setpoint=-1.0)
