"""AC_DER_IEC at the station: what the grid operator wants of the car's inverter, and caps and set points in the loop."""

from __future__ import annotations

from typing import Any

import msgspec

from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.ac_der_iec import control, modes
from iso15118.messages.iso20.types import CLResControlMode, Processing
from iso15118.session.actions import Action, DerCarTold
from iso15118.session.core import State
from iso15118.session.der import read, spell
from iso15118.session.lines import minimum, spell_limit
from iso15118.session.ports.ac import AcLimits
from iso15118.session.ports.der import IecOutletPort, first_lines
from iso15118.session.ports.der_iec import IecCar, IecFunction, IecSettings
from iso15118.session.quantities import ZERO
from iso15118.session.secc.ac_der import DerVariant, disordered
from iso15118.session.secc.limits import discharge_sign
from iso15118.session.secc.session import SeccSession
from iso15118.session.services import ControlMode

__all__ = ["VARIANT", "settings"]

_REACTIVE = ("charge_reactive_power", "discharge_reactive_power")


def settings(session: SeccSession, now: float) -> IecSettings | None:
    """What the grid operator wants, as the port says; None when nobody knows."""
    return session.charger.der_iec(now) if isinstance(session.charger, IecOutletPort) else None


def _announced(session: SeccSession) -> IecFunction:
    offer = session.context.offer
    return IecFunction(0 if offer is None else offer.integers.get("DERControlFunctions", 0))


class _Iec(DerVariant):
    def impossible(self, session: SeccSession, mode: Any) -> bool:
        limits = getattr(mode, "ev_reactive_power_limits", mode)
        return any(disordered(limits, f"ev_minimum_{name}", f"ev_maximum_{name}") for name in _REACTIVE)

    def answer_parameters(
        self, session: SeccSession, charge: dict[str, Any], station: AcLimits, now: float
    ) -> ac.AC_CPDResEnergyTransferMode | None:
        wanted, sign = settings(session, now), discharge_sign(session)
        if wanted is None:
            return None
        session.context.der_told = wanted
        return modes.DER_AC_CPDResEnergyTransferMode(
            **charge,
            # Equal to the maximum, nominal power is right by either reading of V2G20-3229.
            **spell_limit("evse_nominal_charge_power", station.max_charge_power_w),
            **spell_limit("evse_nominal_discharge_power", station.max_discharge_power_w, sign),
            **spell_limit("evse_maximum_discharge_power", station.max_discharge_power_w, sign),
            ev_operating_mode=wanted.ev_operating_mode,
            grid_connection_mode=wanted.grid_connection_mode,
            der_control=spell(control.DERControl, wanted.der_control, session.context.ac_lines),
        )

    def following(self, session: SeccSession, mode: Any, answer: Any, now: float) -> State | None:
        # V2G20-3150, V2G20-3151: the car says when it is done; the answer has no word for it.
        return self.done(session, mode.ev_processing is Processing.Finished, now)

    def learn(self, session: SeccSession, mode: Any) -> tuple[Action, ...]:
        context, known = session.context, session.context.der_car
        nothing = (0.0,) * context.ac_lines
        before = known if isinstance(known, IecCar) else None
        base = before or IecCar(
            functions=_announced(session),  # by selecting the service the car says that it has them
            ev_maximum_charge_reactive_power=nothing,
            ev_maximum_discharge_reactive_power=nothing,
        )
        if isinstance(mode, modes.DER_AC_CPDReqEnergyTransferMode):
            limits = mode.ev_reactive_power_limits
            base = base if limits is None else read(IecCar, limits, base)
        car = read(IecCar, mode, base)
        context.der_car = car
        same = before is not None and car == msgspec.structs.replace(
            before, grid_event_condition=car.grid_event_condition
        )
        reports: tuple[Action, ...] = () if same else (DerCarTold(car),)
        return (*reports, *self.alarm(session, car.grid_event_condition))

    def narrow(self, session: SeccSession, bounds: AcLimits, now: float) -> AcLimits:
        wanted = settings(session, now)
        most = None if wanted is None else wanted.dso_maximum_discharge_power
        return bounds if most is None else bounds.with_discharge_cap(most)

    def answer_loop(self, session: SeccSession, fields: dict[str, Any], now: float) -> CLResControlMode:
        context, sign = session.context, discharge_sign(session)
        lines, announced = context.ac_lines, _announced(session)
        station = minimum(context.ac_told, session.outlet.ac_limits(now).first(lines))
        fields |= spell_limit("evse_maximum_charge_power", station.max_charge_power_w)
        fields |= spell_limit("evse_maximum_discharge_power", station.max_discharge_power_w, sign)
        wanted = settings(session, now)
        if wanted is not None:
            if wanted.dso_maximum_discharge_power is not None:
                most = first_lines(wanted.dso_maximum_discharge_power, lines)
                fields |= spell_limit("dso_maximum_discharge_power", most, sign)
            if wanted.dso_q_setpoint is not None and IecFunction.DSO_Q_SETPOINT in announced:
                fields["dso_q_setpoint"] = spell(control.DSOQSetpoint, wanted.dso_q_setpoint, lines)
            if wanted.dso_cos_phi_setpoint is not None and IecFunction.DSO_COS_PHI_SETPOINT in announced:
                fields["dso_cos_phi_setpoint"] = spell(control.DSOCosPhiSetpoint, wanted.dso_cos_phi_setpoint, lines)
        return super().answer_loop(session, fields, now)

    def least_parameters(self, charge: dict[str, Any]) -> ac.AC_CPDResEnergyTransferMode:
        return modes.DER_AC_CPDResEnergyTransferMode(
            **charge,
            evse_nominal_charge_power=ZERO,
            evse_nominal_discharge_power=ZERO,
            evse_maximum_discharge_power=ZERO,
            ev_operating_mode=modes.EVOperatingMode.GridFollowing,
            grid_connection_mode=modes.GridConnectionMode.GridConnected,
            der_control=control.DERControl(),
        )

    def least_loop(self, mode: ControlMode) -> CLResControlMode:
        zero: dict[str, Any] = dict.fromkeys(("evse_maximum_charge_power", "evse_maximum_discharge_power"), ZERO)
        if mode is ControlMode.DYNAMIC:
            return modes.DER_Dynamic_AC_CLResControlMode(evse_target_active_power=ZERO, **zero)
        return modes.DER_Scheduled_AC_CLResControlMode(**zero)


VARIANT = _Iec(
    (modes.DER_AC_CPDReqEnergyTransferMode, modes.DER_AC_CPDResEnergyTransferMode),
    {
        ControlMode.SCHEDULED: (modes.DER_Scheduled_AC_CLReqControlMode, modes.DER_Scheduled_AC_CLResControlMode),
        ControlMode.DYNAMIC: (modes.DER_Dynamic_AC_CLReqControlMode, modes.DER_Dynamic_AC_CLResControlMode),
    },
)
