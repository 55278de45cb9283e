"""Who stands where: the physics and the two devices that a scenario's services need."""

from __future__ import annotations

from typing import NamedTuple

from iso15118.errors import LocalError
from iso15118.ocpp.charger import TRANSFER_MODES
from iso15118.session.app import AC_20, AC_DER_IEC_20, AC_DER_SAE_20, DC_20, AppProtocolOffer
from iso15118.session.services import AC_SERVICES, ServiceId
from sim.ac_car import AcCar
from sim.ac_devices import AcCarDevice, AcOutletDevice
from sim.ac_outlet import AcOutlet
from sim.ac_plant import AcPlant
from sim.battery import BatteryConfig
from sim.car import Car
from sim.devices import CarDevice, OutletDevice
from sim.outlet import Outlet
from sim.plant import Plant
from sim.scenario import Scenario

__all__ = ["Scene", "protocols_for", "set_scene", "transfer_modes"]


class Scene(NamedTuple):
    """One outlet and one car, their devices, and how much of the AC power arrives at the outlet's connector."""

    plant: Plant | AcPlant
    outlet: OutletDevice | AcOutletDevice
    car: CarDevice | AcCarDevice
    efficiency: float


_PROTOCOLS = {ServiceId.AC_DER_IEC: AC_DER_IEC_20, ServiceId.AC_DER_SAE: AC_DER_SAE_20}
"""Services with a protocol of their own."""


def protocols_for(services: tuple[ServiceId, ...]) -> tuple[AppProtocolOffer, ...]:
    """The protocols that run these services, that of the first service first."""
    plain = {service: AC_20 if service in AC_SERVICES else DC_20 for service in services}
    return tuple(dict.fromkeys(_PROTOCOLS.get(service, plain[service]) for service in services))


def transfer_modes(services: tuple[ServiceId, ...]) -> tuple[str, ...]:
    """What OCPP calls these services, each once."""
    return tuple(dict.fromkeys(mode for service in services for mode in TRANSFER_MODES.get(service, {}).values()))


def set_scene(scenario: Scenario) -> Scene:
    """Build what the station's services need.

    Raises:
        LocalError: The station offers AC and DC services at one connector, or one that nobody can simulate.
    """
    services = scenario.station_services
    unknown = [service.name for service in services if service not in TRANSFER_MODES]
    if unknown:
        raise LocalError(f"scenario {scenario.name!r}: no simulated outlet runs {', '.join(unknown)}")
    ac = [service in AC_SERVICES for service in services]
    if any(ac) and not all(ac):
        raise LocalError(f"scenario {scenario.name!r}: one connector has either AC or DC services")
    numbers = tuple(int(service) for service in services)
    battery = scenario.battery or BatteryConfig(capacity_wh=scenario.capacity_wh)
    stop_at_s = scenario.departure_s - scenario.stop_lead_s
    outlet: OutletDevice | AcOutletDevice
    car: CarDevice | AcCarDevice
    if any(ac):
        ac_plant = AcPlant(AcOutlet(scenario.ac_outlet), AcCar(battery, scenario.on_board, soc=scenario.soc_arrival))
        outlet = AcOutletDevice(ac_plant.outlet, energy_services=numbers)
        car = AcCarDevice(ac_plant.car, departure_s=scenario.departure_s, stop_at_s=stop_at_s, v2x_soc=scenario.v2x_soc)
        scene = Scene(ac_plant, outlet, car, 1.0)
    else:
        plant = Plant(Outlet(scenario.dc_outlet), Car(battery, soc=scenario.soc_arrival))
        outlet = OutletDevice(plant.outlet, energy_services=numbers)
        car = CarDevice(plant.car, departure_s=scenario.departure_s, stop_at_s=stop_at_s, v2x_soc=scenario.v2x_soc)
        scene = Scene(plant, outlet, car, scenario.dc_outlet.converter.charge_efficiency)
    car.target_soc, car.minimum_soc = scenario.target_soc, scenario.minimum_soc
    return scene
