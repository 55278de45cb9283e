"""The bridge between one outlet's ISO 15118-20 session and the OCPP station logic.

To the session it is the outlet's ports: what hardware knows comes from the device, what a back end knows from the
station. To the station it reports what the session says. It decides nothing of its own but how the two speak.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from iso15118.messages.iso20.common.metering import MeteringConfirmationReq
from iso15118.messages.iso20.types import Receipt
from iso15118.ocpp.station import ChargingNeeds as OcppNeeds
from iso15118.ocpp.station import ChargingStation, MeterSample
from iso15118.session.actions import (
    Action,
    AuthorizationWanted,
    Ended,
    EnergyFlow,
    EvccIdentified,
    LoopSeen,
    NeedsTold,
    ServiceChosen,
)
from iso15118.session.lines import together
from iso15118.session.ports import (
    AcLimits,
    AcOutlet,
    AcOutletPort,
    AcReading,
    AcSupport,
    Authorization,
    Charger,
    ChargerLimits,
    ChargingNeeds,
    MeterReading,
    MobilityNeeds,
    OfferedSchedule,
    ParkingSpace,
    Prices,
    SignatureCheck,
    StageReading,
    ValueAddedService,
)
from iso15118.session.ports.der import IecOutletPort, SaeOutletPort
from iso15118.session.services import ControlMode, MobilityNeedsMode, ServiceId
from iso15118.session.timers import Limits, Timer

if TYPE_CHECKING:
    from iso15118.session.ports.der_iec import IecSettings
    from iso15118.session.ports.der_sae import SaeSettings

__all__ = ["TRANSFER_MODES", "OcppCharger"]

TRANSFER_MODES: Mapping[int, Mapping[int, str]] = {
    ServiceId.AC: {1: "AC_single_phase", 3: "AC_three_phase"},
    ServiceId.AC_BPT: {1: "AC_BPT", 3: "AC_BPT"},
    ServiceId.AC_DER_IEC: {1: "AC_BPT_DER", 3: "AC_BPT_DER"},
    ServiceId.AC_DER_SAE: {1: "AC_BPT_DER", 3: "AC_BPT_DER"},
    ServiceId.DC: {0: "DC"},
    ServiceId.DC_BPT: {0: "DC_BPT"},
    ServiceId.MCS: {0: "DC"},
    ServiceId.MCS_BPT: {0: "DC_BPT"},
}
"""Energy service -> lines in use (0 in DC) -> EnergyTransferModeEnumType, which has no word of its own for MCS."""

_DAY_S = 86_400.0


class OcppCharger(Charger):
    """Ports of an outlet whose authorization, services, set points and schedules come from a back end.

    It has the ports of an AC outlet (``AcOutletPort``), and of one for inverters (``IecOutletPort``, ``SaeOutletPort``), if
    the device has them.
    """

    ac_outlet: Callable[[float], AcOutlet]
    ac_limits: Callable[[float], AcLimits]
    ac_reading: Callable[[float], AcReading]
    der_iec: Callable[[float], IecSettings | None]
    der_sae: Callable[[float], SaeSettings | None]

    def __init__(
        self,
        device: Charger,
        station: ChargingStation,
        evse_id: int,
        *,
        unix_offset_s: float,
        efficiency: float = 1.0,
        limits: Limits | None = None,
    ) -> None:
        """Join.

        Args:
            device: The outlet's hardware: limits, stage, meter, pilot; its stop wish counts too.
            station: The OCPP logic of the whole station.
            evse_id: Which of its outlets this is, from 1.
            unix_offset_s: Seconds to add to ``now`` to get seconds since 1970.
            efficiency: From AC at the meter to DC at the outlet, one way (0 to 1]; converts a back end's schedule,
                which counts at the meter, into one for the car. 1 when unknown, and at an AC outlet.
            limits: Those of the outlet's sessions: how long a paused one, and so its transaction, may rest.
        """
        self.device = device
        self.station = station
        self.evse_id = evse_id
        self.unix_offset_s = unix_offset_s
        self.efficiency = efficiency
        self._soc: int | None = None
        self._paused_limit_s = (limits or Limits()).seconds(Timer.SECC_PAUSED_SESSION)
        self._lines = 0
        self._scheduled = False
        self._resumed = False
        if isinstance(device, AcOutletPort):
            # Only then: a session offers AC at a charger that can answer these (``AcOutletPort``).
            self.ac_outlet, self.ac_limits, self.ac_reading = device.ac_outlet, device.ac_limits, device.ac_reading
        if isinstance(device, IecOutletPort):
            self.der_iec = device.der_iec
        if isinstance(device, SaeOutletPort):
            self.der_sae = device.der_sae

    # --- ports ---

    def authorization(self, now: float) -> Authorization:
        return Authorization(self.station.authorization(self.evse_id))

    def energy_services(self, now: float) -> tuple[int, ...]:
        allowed = self.station.allowed_energy_transfer(self.evse_id)
        services = self.device.energy_services(now)
        return tuple(s for s in services if allowed.intersection(TRANSFER_MODES.get(s, {}).values()))

    def limits(self, now: float) -> ChargerLimits:
        return self.device.limits(now)

    def target_w(self, now: float) -> float | None:
        """The back end's set point; without one charging only, up to its limit if it gave one."""
        target = self.station.target(self.evse_id, now)
        return target.limit_w if target.setpoint_w is None else target.setpoint_w

    def allowed_w(self, now: float) -> tuple[float, float]:
        """Between zero and the set point, within the limits; without a set point charging only. Power at the outlet."""
        target = self.station.target(self.evse_id, now)
        high = math.inf if target.limit_w is None else target.limit_w
        if target.setpoint_w is None:
            return 0.0, self._at_outlet(high)
        return self._at_outlet(min(target.setpoint_w, 0.0)), self._at_outlet(min(max(target.setpoint_w, 0.0), high))

    def ready(self, now: float) -> bool:
        return self.station.needs_answered(self.evse_id, now)

    def schedule_revision(self, now: float) -> int:
        """Changes with every profile while the car follows a schedule; in Dynamic control profiles change by the minute."""
        own = self.device.schedule_revision(now)
        return own + self.station.schedule_revision(self.evse_id) if self._scheduled else own

    def schedules(self, needs: ChargingNeeds, now: float) -> tuple[OfferedSchedule, ...]:
        """The back end's plan until departure (or a day), as power at the outlet; the device's own without one."""
        horizon = _DAY_S if needs.departure_s is None else max(needs.departure_s - now, 1.0)
        plan = self.station.schedule(self.evse_id, now, horizon)
        starts = [start for start, _ in plan] + [horizon]
        entries = tuple(
            (end - start, self._at_outlet(setpoint_w))
            for (start, setpoint_w), end in zip(plan, starts[1:], strict=True)
            if end > start
        )
        if not entries:
            return self.device.schedules(needs, now)
        return (OfferedSchedule(start_s=now, entries=entries),)

    def mobility_needs(self, now: float) -> MobilityNeeds:
        return self.device.mobility_needs(now)

    def dynamic_prices(self, needs: ChargingNeeds, now: float) -> Prices | None:
        return self.device.dynamic_prices(needs, now)

    def connector_lock(self, now: float) -> bool | None:
        return self.device.connector_lock(now)

    def parking_space(self, now: float) -> ParkingSpace:
        return self.device.parking_space(now)

    def may_leave(self, now: float) -> bool:
        return self.device.may_leave(now)

    def ac_support(self, now: float) -> AcSupport:
        return self.device.ac_support(now)

    def value_added_services(self, now: float) -> tuple[ValueAddedService, ...]:
        return self.device.value_added_services(now)

    def _at_outlet(self, ac_power_w: float) -> float:
        return ac_power_w * self.efficiency if ac_power_w > 0 else ac_power_w / self.efficiency

    def reading(self, now: float) -> StageReading:
        return self.device.reading(now)

    def meter(self, now: float) -> MeterReading | None:
        return self.device.meter(now)

    def receipt(self, now: float) -> Receipt | None:
        return self.device.receipt(now)

    def confirmation_wanted(self, now: float) -> bool:
        return self.device.confirmation_wanted(now)

    def metering_signature(self, request: MeteringConfirmationReq, now: float) -> SignatureCheck:
        return self.device.metering_signature(request, now)

    def pilot(self, now: float) -> str:
        return self.device.pilot(now)

    def stop_wanted(self, now: float) -> bool:
        return self.station.stop_requested(self.evse_id) or self.device.stop_wanted(now)

    def pause_wanted(self, now: float) -> bool:
        return self.device.pause_wanted(now)

    def resume_allowed(self, now: float) -> bool:
        """While the transaction lasts: a session without one would not be authorized at the back end."""
        running = self.station.transaction_id(self.evse_id) is not None
        return running and self.device.resume_allowed(now)

    def standby_allowed(self, now: float) -> bool:
        return self.device.standby_allowed(now)

    def exit_standby_wanted(self, now: float) -> bool:
        return self.device.exit_standby_wanted(now)

    @property
    def paused(self) -> bool:
        """Whether a session rests here, and its transaction goes on without it."""
        return self.station.suspended_since(self.evse_id) is not None

    # --- reports ---

    def observe(self, action: Action, now: float) -> None:
        """Tell the station what the session says; call it with every action of the session."""
        match action:
            case EvccIdentified(evcc_id=evcc_id, resumed=resumed):
                if resumed:
                    self.station.resume(self.evse_id)
                elif self.station.transaction_id(self.evse_id) is not None:
                    # A car that paused has begun anew, or it is another car: what was paused is over.
                    self.station.end_session(self.evse_id, "StoppedByEV", now)
                self._resumed = resumed
                self.station.set_evcc_id(self.evse_id, evcc_id, now)
            case AuthorizationWanted():
                self.station.request_authorization(self.evse_id, now)
            case ServiceChosen():
                # Needs that were told for another service are no longer those that the back end should answer. With a
                # paused session that goes on its service was chosen again, and its needs are kept.
                if not self._resumed:
                    self.station.expect_needs(self.evse_id)
                self._resumed = False
            case NeedsTold(needs=needs):
                self._lines = needs.lines
                self._scheduled = needs.control_mode == ControlMode.SCHEDULED
                self.station.charging_needs(self.evse_id, self._needs(needs, now), now)
            case EnergyFlow(flowing=flowing, by_car=by_car):
                self.measure(now)
                self.station.energy_flow(self.evse_id, flowing, now, by_car=by_car)
            case LoopSeen(soc_percent=soc):
                self._soc = self._soc if soc is None else soc
                self.measure(now)
            case Ended(paused=True):  # the transaction goes on
                self.measure(now)
                self.station.suspend(self.evse_id, now, by_car=not self.device.pause_wanted(now))
            case Ended() if self.paused:
                pass  # of somebody who never said who it was: a port scan does not end what is paused here
            case Ended(reason=reason, error=error):
                self.measure(now)
                if error is None and self.device.stop_wanted(now):
                    reason = "the station wants to end"
                self.station.end_session(self.evse_id, reason if error is None else error, now)
            case _:
                pass

    def measure(self, now: float) -> None:
        """Give the station the meter's present truth; it samples at its own times.

        While a session is paused, nothing else would tell that the car was unplugged, that the back end wants the
        transaction to end, or that it has rested too long.
        """
        self._measure(now)
        paused_unix_s = self.station.suspended_since(self.evse_id)
        if paused_unix_s is None:
            return
        if self.device.pilot(now) == "A":
            self.station.unplug(self.evse_id, now)
        elif self.station.stop_requested(self.evse_id):
            self.station.end_session(self.evse_id, "Remote", now)
        elif self.unix_offset_s + now - paused_unix_s > self._paused_limit_s:
            self.station.end_session(self.evse_id, "TimeLimitReached", now)

    def _measure(self, now: float) -> None:
        meter = self.device.meter(now)
        if meter is None:
            return
        voltage_v, current_a = self._volts_and_amperes(now)
        sample = MeterSample(
            import_wh=meter.import_wh,
            export_wh=meter.export_wh,
            power_w=meter.power_w,
            voltage_v=voltage_v,
            current_a=current_a,
            soc_percent=self._soc,
        )
        self.station.measure(self.evse_id, sample, now)

    def _volts_and_amperes(self, now: float) -> tuple[float, float]:
        """At the outlet; in AC the nominal voltage of a line, and the current of all lines together."""
        if not self._lines:
            stage = self.device.reading(now)
            return stage.voltage_v, stage.current_a
        volts = self.ac_outlet(now).nominal_voltage_v
        return volts, sum(self.ac_reading(now).power_w) / volts

    def _own_limits(self, needs: ChargingNeeds, now: float) -> ChargerLimits:
        """The outlet's limits in the words of DC; in AC the power of all lines together."""
        if not needs.lines:
            return self.device.limits(now)
        return together(self.ac_limits(now).first(needs.lines), self.ac_outlet(now).nominal_voltage_v)

    def _needs(self, needs: ChargingNeeds, now: float) -> OcppNeeds:
        """OCPP wants the least of the most and the most of the least of both sides."""
        own = self._own_limits(needs, now)
        departure = None if needs.departure_s is None else self.unix_offset_s + needs.departure_s
        return OcppNeeds(
            requested_energy_transfer=TRANSFER_MODES[needs.service_id][needs.lines],
            control_mode="DynamicControl" if needs.control_mode == ControlMode.DYNAMIC else "ScheduledControl",
            mobility_needs_mode="EVCC_SECC" if needs.mobility_needs_mode == MobilityNeedsMode.SECC else "EVCC",
            departure_unix_s=departure,
            max_schedule_tuples=needs.maximum_supporting_points,
            min_charge_power_w=max(needs.min_charge_power_w, own.min_charge_power_w),
            max_charge_power_w=min(needs.max_charge_power_w, own.max_charge_power_w),
            min_discharge_power_w=max(needs.min_discharge_power_w, own.min_discharge_power_w),
            max_discharge_power_w=min(needs.max_discharge_power_w, own.max_discharge_power_w),
            min_charge_current_a=max(needs.min_charge_current_a, own.min_charge_current_a),
            max_charge_current_a=min(needs.max_charge_current_a, own.max_charge_current_a),
            min_discharge_current_a=max(needs.min_discharge_current_a, own.min_discharge_current_a),
            max_discharge_current_a=min(needs.max_discharge_current_a, own.max_discharge_current_a),
            min_voltage_v=max(needs.min_voltage_v, own.min_voltage_v),
            max_voltage_v=min(needs.max_voltage_v, own.max_voltage_v),
            target_energy_wh=needs.target_energy_wh,
            minimum_energy_wh=needs.minimum_energy_wh,
            maximum_energy_wh=needs.maximum_energy_wh,
            minimum_v2x_energy_wh=needs.minimum_v2x_energy_wh,
            maximum_v2x_energy_wh=needs.maximum_v2x_energy_wh,
            target_soc_percent=needs.target_soc_percent,
        )
