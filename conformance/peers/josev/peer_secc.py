"""Josev's SECC. Runs in Josev's environment: ``peer_secc.py``; SIGTERM ends it.

Its simulated station reports 1 V and 1 A for ever and schedules from 1970 on; a car that looks would not close its
contactor. This one follows what the car asks for, or in Dynamic control discharges inside the car's limits. Nothing of
its protocol is touched.
"""

# Types here would be the peer's, and its distribution has our import name.
# ruff: noqa: ANN001, ANN201, T201

import asyncio
import signal
import time

from iso15118.secc import SECCHandler
from iso15118.secc.controller.interface import ServiceStatus
from iso15118.secc.controller.simulator import SimEVSEController
from iso15118.secc.secc_settings import Config
from iso15118.shared.exificient_exi_codec import ExificientEXICodec
from iso15118.shared.messages.iso15118_20.common_types import RationalNumber
from iso15118.shared.messages.iso15118_20.dc import BPTDCChargeParameterDiscoveryResParams

DISCHARGE_A = -12.0


class PlausibleStation(SimEVSEController):
    """The simulated station with an output that follows."""

    async def send_charging_command(
        self, ev_target_voltage, ev_target_current, is_precharge=False, is_session_bpt=False
    ):
        output = self.evse_data_context
        if ev_target_voltage is not None and not is_session_bpt and ev_target_current == 0:
            output.present_voltage, output.present_current = ev_target_voltage, 0
        elif ev_target_current is not None:
            output.present_current = ev_target_current
        else:  # Dynamic control: it is the station that decides
            limits = self.ev_data_context.session_limits.dc_limits
            output.present_current = max(DISCHARGE_A, -abs(limits.max_discharge_current or 0))

    async def stop_charger(self):
        self.evse_data_context.present_current = self.evse_data_context.present_voltage = 0

    async def get_scheduled_se_params(self, selected_energy_service, schedule_exchange_req):
        params = await super().get_scheduled_se_params(selected_energy_service, schedule_exchange_req)
        for each in params.schedule_tuples:
            for schedule in (each.charging_schedule, each.discharging_schedule):
                schedule.power_schedule.time_anchor = int(time.time())
        return params

    async def get_dc_charge_params_v20(self, energy_service):
        amount = RationalNumber.get_rational_repr
        return BPTDCChargeParameterDiscoveryResParams(
            evse_max_charge_power=amount(30000),
            evse_min_charge_power=amount(100),
            evse_max_charge_current=amount(100),
            evse_min_charge_current=amount(1),
            evse_max_voltage=amount(920),
            evse_min_voltage=amount(150),
            evse_power_ramp_limit=amount(1000),
            evse_max_discharge_power=amount(20000),
            evse_min_discharge_power=amount(100),
            evse_max_discharge_current=amount(60),
            evse_min_discharge_current=amount(1),
        )


async def main() -> None:
    config = Config()
    config.load_envs()
    station = PlausibleStation()
    await station.set_status(ServiceStatus.STARTING)
    handler = SECCHandler(exi_codec=ExificientEXICodec(), evse_controller=station, config=config)
    task = asyncio.create_task(handler.start(config.iface))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        print("stopped", flush=True)


asyncio.run(main())
