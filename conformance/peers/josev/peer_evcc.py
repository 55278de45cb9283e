"""Josev's EVCC for one session. Runs in Josev's environment: ``peer_evcc.py CONFIG.json scheduled|dynamic``.

Its simulated car has 20 kV, asks for 300 kA, and says 200 kW whatever it is told; a station that checks would refuse.
This one has 400 V and moderate wishes. In a bidirectional service it discharges: in DC as much as it likes, in AC what
the station tells it. Nothing of its protocol is touched.
"""

# Types here would be the peer's, and its distribution has our import name.
# ruff: noqa: ANN001, ANN201, ANN202, T201

import asyncio
import json
import sys

from peer_warm import warm

from iso15118.evcc import Config, EVCCHandler
from iso15118.evcc.comm_session_handler import EVCCCommunicationSession
from iso15118.evcc.controller.simulator import SimEVController
from iso15118.evcc.evcc_config import load_from_file
from iso15118.evcc.states.iso15118_20_states import ACChargeLoop
from iso15118.shared.exificient_exi_codec import ExificientEXICodec
from iso15118.shared.messages.enums import ControlMode, ParameterName, ServiceV20
from iso15118.shared.messages.iso15118_20.ac import (
    BPTDynamicACChargeLoopReqParams,
    BPTScheduledACChargeLoopReqParams,
    DynamicACChargeLoopReqParams,
    ScheduledACChargeLoopReqParams,
)
from iso15118.shared.messages.iso15118_20.common_messages import (
    EVPowerProfile,
    EVPowerScheduleEntry,
    EVPowerScheduleEntryList,
    SelectedEnergyService,
)
from iso15118.shared.messages.iso15118_20.common_types import RationalNumber
from iso15118.shared.messages.iso15118_20.dc import (
    BPTDynamicDCChargeLoopReqParams,
    BPTScheduledDCChargeLoopReqParams,
    DynamicDCChargeLoopReqParams,
    ScheduledDCChargeLoopReqParams,
)

BATTERY_V = 400
CURRENT_A = 12
MAX_W = 11_000.0
LINES = ("", "_l2", "_l3")


def amount(value: int, exponent: int = 0) -> RationalNumber:
    return RationalNumber(exponent=exponent, value=value)


ENERGY = {
    "ev_target_energy_request": amount(20, 3),
    "ev_max_energy_request": amount(40, 3),
    "ev_min_energy_request": amount(-10, 3),  # the battery has 10 kWh to give
}
CHARGE = {"ev_max_charge_power": amount(11, 3), "ev_min_charge_power": amount(100)}
DISCHARGE = {"ev_max_discharge_power": amount(11, 3), "ev_min_discharge_power": amount(100)}
DC_CHARGE = {
    **ENERGY,
    **CHARGE,
    "ev_max_charge_current": amount(125),
    "ev_max_voltage": amount(450),
    "ev_min_voltage": amount(300),
}


class PlausibleCar(SimEVController):
    """The simulated car with figures of a 400 V car, in the control mode asked for."""

    control_mode = ControlMode.SCHEDULED
    target_w: tuple = ()
    """AC: what the station has told, one value a line in use."""

    async def select_energy_service_v20(self, services):
        service = services[0]
        for parameter_set in service.parameter_sets:
            for parameter in parameter_set.parameters:
                if parameter.name == ParameterName.CONTROL_MODE and parameter.int_value == self.control_mode.value:
                    return SelectedEnergyService(
                        service=service.service, is_free=service.is_free, parameter_set=parameter_set
                    )
        raise RuntimeError(f"the station offers no parameter set with {self.control_mode}")

    async def get_scheduled_se_params(self, selected_energy_service):
        params = await super().get_scheduled_se_params(selected_energy_service)
        params.ev_min_energy_request = ENERGY["ev_min_energy_request"]
        return params

    async def get_dynamic_se_params(self, selected_energy_service):
        params = await super().get_dynamic_se_params(selected_energy_service)
        # Stock arrives below its own minimum and with nothing to give.
        params.min_soc = 5
        params.ev_min_v2x_energy_request = ENERGY["ev_min_energy_request"]
        return params

    async def process_scheduled_se_params(self, scheduled_params, pause):
        profile, progress = await super().process_scheduled_se_params(scheduled_params, pause)
        if profile is None:
            return None, progress
        # Stock copies the charging half and anchors it in 1970.
        chosen = scheduled_params.schedule_tuples[0]
        half = chosen.discharging_schedule or chosen.charging_schedule
        entries = half.power_schedule.schedule_entry_list.entries
        return EVPowerProfile(
            time_anchor=half.power_schedule.time_anchor,
            entry_list=EVPowerScheduleEntryList(
                entries=[EVPowerScheduleEntry(duration=each.duration, power=each.power) for each in entries]
            ),
            scheduled_profile=profile.scheduled_profile,
        ), progress

    # --- DC ---

    async def get_present_voltage(self):
        return amount(BATTERY_V)

    async def get_target_voltage(self):
        return amount(BATTERY_V)

    async def is_precharged(self, present_voltage_evse):
        return abs(float(present_voltage_evse.get_decimal_value()) - BATTERY_V) < 20

    async def get_scheduled_dc_charge_loop_params(self):
        return ScheduledDCChargeLoopReqParams(ev_target_current=amount(CURRENT_A), ev_target_voltage=amount(BATTERY_V))

    async def get_bpt_scheduled_dc_charge_loop_params(self):
        # Stock passes nested models on as dictionaries without their aliases; built directly here.
        return BPTScheduledDCChargeLoopReqParams(
            ev_target_current=amount(-CURRENT_A), ev_target_voltage=amount(BATTERY_V)
        )

    async def get_dynamic_dc_charge_loop_params(self):
        return DynamicDCChargeLoopReqParams(**DC_CHARGE)

    async def get_bpt_dynamic_dc_charge_loop_params(self):
        return BPTDynamicDCChargeLoopReqParams(**DC_CHARGE, **DISCHARGE, ev_max_discharge_current=amount(30))

    # --- AC ---

    async def get_ac_charge_loop_params_v20(self, control_mode, selected_service):
        bidirectional = selected_service == ServiceV20.AC_BPT
        low_w = -MAX_W if bidirectional else 0.0
        share_w = max(1, len(self.target_w))
        taken_w = [int(min(max(each, low_w / share_w), MAX_W / share_w)) for each in self.target_w or (0.0,)]
        present = {f"ev_present_active_power{line}": amount(watts) for line, watts in zip(LINES, taken_w, strict=False)}
        if control_mode == ControlMode.SCHEDULED:
            kind = BPTScheduledACChargeLoopReqParams if bidirectional else ScheduledACChargeLoopReqParams
            return kind(**present)
        present |= {"departure_time": 7200, "ev_present_reactive_power": amount(0), **ENERGY, **CHARGE}
        return (
            BPTDynamicACChargeLoopReqParams(**present, **DISCHARGE)
            if bidirectional
            else (DynamicACChargeLoopReqParams(**present))
        )


def report_end() -> None:
    """Print how the session ended, as its own log does not say it in one place."""
    stop = EVCCCommunicationSession.stop

    async def told(self, reason):
        state = type(self.current_state).__name__
        print(json.dumps({"state": state, "reason": reason}), flush=True)
        await stop(self, reason)

    EVCCCommunicationSession.stop = told


def hear_targets() -> None:
    """Let the car know the power that the station tells: its own state machine does not pass it on."""
    process = ACChargeLoop.process_message

    async def heard(self, message, message_exi=None):
        modes = ("scheduled_params", "dynamic_params", "bpt_scheduled_params", "bpt_dynamic_params")
        for mode in filter(None, (getattr(message, name, None) for name in modes)):
            told = (getattr(mode, f"evse_target_active_power{line}") for line in LINES)
            PlausibleCar.target_w = tuple(float(each.get_decimal_value()) for each in told if each is not None)
        await process(self, message, message_exi)

    ACChargeLoop.process_message = heard


async def main() -> None:
    path, mode = sys.argv[1:3]
    PlausibleCar.control_mode = ControlMode.DYNAMIC if mode == "dynamic" else ControlMode.SCHEDULED
    config = Config()
    config.load_envs()
    config.ev_config_file_path = path
    car = await load_from_file(path)
    report_end()
    hear_targets()
    codec = ExificientEXICodec()
    warm(codec)
    await EVCCHandler(evcc_config=car, iface=config.iface, exi_codec=codec, ev_controller=PlausibleCar(car)).start()


asyncio.run(main())
