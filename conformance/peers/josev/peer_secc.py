"""Josev's SECC. Runs in Josev's environment: ``peer_secc.py``; SIGTERM ends it.

Its simulated station reports 1 V and 1 A for ever, tells 10 W in AC, and schedules from 1970 on; a car that looks would
not close its contactor. This one follows what the car asks for, or in Dynamic control decides itself inside the car's
limits. In a bidirectional service it discharges. Nothing of its protocol is touched.
"""

# Types here would be the peer's, and its distribution has our import name.
# ruff: noqa: ANN001, ANN201, T201

import asyncio
import signal
import time

from peer_warm import warm

from iso15118.secc import SECCHandler
from iso15118.secc.controller.interface import ServiceStatus
from iso15118.secc.controller.simulator import SimEVSEController
from iso15118.secc.secc_settings import Config
from iso15118.shared.exificient_exi_codec import ExificientEXICodec
from iso15118.shared.messages.enums import ServiceV20
from iso15118.shared.messages.iso15118_20.common_types import RationalNumber
from iso15118.shared.messages.iso15118_20.dc import (
    BPTDCChargeParameterDiscoveryResParams,
    DCChargeParameterDiscoveryResParams,
)

CURRENT_A = 12.0
POWER_W = 6_000
RAMP_W_PER_S = 5_000


class PlausibleStation(SimEVSEController):
    """The simulated station with an output that follows."""

    bidirectional = False

    async def get_scheduled_se_params(self, selected_energy_service, schedule_exchange_req):
        params = await super().get_scheduled_se_params(selected_energy_service, schedule_exchange_req)
        for each in params.schedule_tuples:
            if selected_energy_service.service not in (ServiceV20.AC_BPT, ServiceV20.DC_BPT):
                each.discharging_schedule = None  # stock offers one to cars that can only charge
            for schedule in filter(None, (each.charging_schedule, each.discharging_schedule)):
                schedule.power_schedule.time_anchor = int(time.time())
        return params

    # --- DC ---

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
            charge_a, discharge_a = limits.max_charge_current or 0, abs(limits.max_discharge_current or 0)
            output.present_current = -min(CURRENT_A, discharge_a) if self.bidirectional else min(CURRENT_A, charge_a)

    async def stop_charger(self):
        output = self.evse_data_context
        output.present_current = output.present_voltage = output.present_active_power = 0

    async def get_dc_charge_params_v20(self, energy_service):
        amount = RationalNumber.get_rational_repr
        self.bidirectional = energy_service == ServiceV20.DC_BPT
        charge = {
            "evse_max_charge_power": amount(30000),
            "evse_min_charge_power": amount(100),
            "evse_max_charge_current": amount(100),
            "evse_min_charge_current": amount(1),
            "evse_max_voltage": amount(920),
            "evse_min_voltage": amount(150),
            "evse_power_ramp_limit": amount(1000),
        }
        if not self.bidirectional:
            return DCChargeParameterDiscoveryResParams(**charge)
        return BPTDCChargeParameterDiscoveryResParams(
            **charge,
            evse_max_discharge_power=amount(20000),
            evse_min_discharge_power=amount(100),
            evse_max_discharge_current=amount(60),
            evse_min_discharge_current=amount(1),
        )

    # --- AC ---

    async def get_ac_charge_params_v20(self, energy_service):
        self.bidirectional = energy_service == ServiceV20.AC_BPT
        limits = self.evse_data_context.session_limits.ac_limits
        for name in vars(limits):
            setattr(limits, name, 0)
        # What its code tells as EVSETargetActivePower: the larger of these that is not zero, of all lines together.
        limits.max_discharge_power = POWER_W if self.bidirectional else 0
        limits.max_charge_power = 0 if self.bidirectional else POWER_W
        params = await super().get_ac_charge_params_v20(energy_service)
        params.evse_power_ramp_limit = RationalNumber.get_rational_repr(RAMP_W_PER_S)  # stock: a minute for 6 kW
        return params

    async def get_ac_charge_loop_params_v20(self, control_mode, selected_service):
        output, car = self.evse_data_context, self.ev_data_context
        for line in ("", "_l2", "_l3"):  # its meter reads what the car says
            setattr(output, f"present_active_power{line}", getattr(car, f"present_active_power{line}") or 0)
        return await super().get_ac_charge_loop_params_v20(control_mode, selected_service)


async def main() -> None:
    config = Config()
    config.load_envs()
    station = PlausibleStation()
    await station.set_status(ServiceStatus.STARTING)
    codec = ExificientEXICodec()
    warm(codec)
    handler = SECCHandler(exi_codec=codec, evse_controller=station, config=config)
    task = asyncio.create_task(handler.start(config.iface))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        print("stopped", flush=True)


asyncio.run(main())
