"""Josev's EVCC for one session. Runs in Josev's environment: ``peer_evcc.py CONFIG.json scheduled|dynamic``.

Its simulated car has 20 kV and asks for 300 kA; a station that checks would refuse. This one has 400 V and moderate
wishes, and discharges. Nothing of its protocol is touched.
"""

# Types here would be the peer's, and its distribution has our import name.
# ruff: noqa: ANN001, ANN201, ANN202, T201

import asyncio
import json
import sys

from iso15118.evcc import Config, EVCCHandler
from iso15118.evcc.comm_session_handler import EVCCCommunicationSession
from iso15118.evcc.controller.simulator import SimEVController
from iso15118.evcc.evcc_config import load_from_file
from iso15118.shared.exificient_exi_codec import ExificientEXICodec
from iso15118.shared.messages.enums import ControlMode, ParameterName
from iso15118.shared.messages.iso15118_20.common_messages import SelectedEnergyService
from iso15118.shared.messages.iso15118_20.common_types import RationalNumber
from iso15118.shared.messages.iso15118_20.dc import (
    BPTDynamicDCChargeLoopReqParams,
    BPTScheduledDCChargeLoopReqParams,
    ScheduledDCChargeLoopReqParams,
)

BATTERY_V = 400
DISCHARGE_A = -12


def amount(value: int, exponent: int = 0) -> RationalNumber:
    return RationalNumber(exponent=exponent, value=value)


class PlausibleCar(SimEVController):
    """The simulated car with figures of a 400 V car, in the control mode asked for."""

    control_mode = ControlMode.SCHEDULED

    async def select_energy_service_v20(self, services):
        service = services[0]
        for parameter_set in service.parameter_sets:
            for parameter in parameter_set.parameters:
                if parameter.name == ParameterName.CONTROL_MODE and parameter.int_value == self.control_mode.value:
                    return SelectedEnergyService(
                        service=service.service, is_free=service.is_free, parameter_set=parameter_set
                    )
        raise RuntimeError(f"the station offers no parameter set with {self.control_mode}")

    async def get_present_voltage(self):
        return amount(BATTERY_V)

    async def get_target_voltage(self):
        return amount(BATTERY_V)

    async def is_precharged(self, present_voltage_evse):
        return abs(float(present_voltage_evse.get_decimal_value()) - BATTERY_V) < 20

    async def get_scheduled_se_params(self, selected_energy_service):
        params = await super().get_scheduled_se_params(selected_energy_service)
        params.ev_min_energy_request = amount(-10, 3)  # the battery has 10 kWh to give
        return params

    async def get_scheduled_dc_charge_loop_params(self):
        return ScheduledDCChargeLoopReqParams(
            ev_target_current=amount(DISCHARGE_A), ev_target_voltage=amount(BATTERY_V)
        )

    async def get_bpt_scheduled_dc_charge_loop_params(self):
        # Stock passes nested models on as dictionaries without their aliases; built directly here.
        return BPTScheduledDCChargeLoopReqParams(
            ev_target_current=amount(DISCHARGE_A), ev_target_voltage=amount(BATTERY_V)
        )

    async def get_bpt_dynamic_dc_charge_loop_params(self):
        return BPTDynamicDCChargeLoopReqParams(
            ev_target_energy_request=amount(20, 3),
            ev_max_energy_request=amount(40, 3),
            ev_min_energy_request=amount(-10, 3),
            ev_max_charge_power=amount(50, 3),
            ev_min_charge_power=amount(100),
            ev_max_charge_current=amount(125),
            ev_max_voltage=amount(450),
            ev_min_voltage=amount(300),
            ev_max_discharge_power=amount(10, 3),
            ev_min_discharge_power=amount(100),
            ev_max_discharge_current=amount(30),
        )


def report_end() -> None:
    """Print how the session ended, as its own log does not say it in one place."""
    stop = EVCCCommunicationSession.stop

    async def told(self, reason):
        state = type(self.current_state).__name__
        print(json.dumps({"state": state, "reason": reason}), flush=True)
        await stop(self, reason)

    EVCCCommunicationSession.stop = told


async def main() -> None:
    path, mode = sys.argv[1:3]
    PlausibleCar.control_mode = ControlMode.DYNAMIC if mode == "dynamic" else ControlMode.SCHEDULED
    config = Config()
    config.load_envs()
    config.ev_config_file_path = path
    car = await load_from_file(path)
    report_end()
    await EVCCHandler(
        evcc_config=car, iface=config.iface, exi_codec=ExificientEXICodec(), ev_controller=PlausibleCar(car)
    ).start()


asyncio.run(main())
