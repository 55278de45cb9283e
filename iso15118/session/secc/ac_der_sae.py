"""AC_DER_SAE at the station: SupportedModes -> DERControl -> EnabledModes, and changes of settings in the loop."""

from __future__ import annotations

from typing import Any

import msgspec

from iso15118.errors import SessionError
from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.ac_der_sae import control, modes, ratings
from iso15118.messages.iso20.types import CLResControlMode, Processing
from iso15118.session.actions import Action, DerCarTold, DerModesTold
from iso15118.session.core import State
from iso15118.session.der import read, spell
from iso15118.session.lines import minimum, spell_limit
from iso15118.session.ports.ac import AcLimits
from iso15118.session.ports.der import SaeOutletPort
from iso15118.session.ports.der_sae import SaeMode, SaeSettings, example_sae
from iso15118.session.ports.der_sae_car import SaeCar
from iso15118.session.quantities import ZERO, number
from iso15118.session.secc.ac_der import DerVariant, disordered
from iso15118.session.secc.limits import discharge_sign
from iso15118.session.secc.session import SeccSession
from iso15118.session.services import ControlMode

__all__ = ["VARIANT"]

_VARS = tuple(f"var_{kind}_during_{way}charging" for kind in ("absorption", "injection") for way in ("", "dis"))
_APPARENT = tuple(
    f"ev_maximum_apparent_power_during_{way}charging_and_var_{kind}"
    for way in ("", "dis")
    for kind in ("absorption", "injection")
)


def _car(session: SeccSession) -> SaeCar | None:
    car = session.context.der_car
    return car if isinstance(car, SaeCar) else None


def _told(session: SeccSession) -> SaeSettings | None:
    told = session.context.der_told
    return told if isinstance(told, SaeSettings) else None


def _wanted(session: SeccSession, now: float) -> SaeSettings | None:
    """What is wanted of this car: as the port says, without what it does not have. None when nobody knows."""
    settings = session.charger.der_sae(now) if isinstance(session.charger, SaeOutletPort) else None
    car = _car(session)
    if settings is None or car is None:
        return settings
    wanted = settings.der_control.only(car.supported_modes)
    if session.config.discharge_only_j3072_certified and not car.j3072_certified:
        service = msgspec.structs.replace(wanted.enter_service, permit_service=False)
        wanted = msgspec.structs.replace(wanted, enter_service=service)
    return msgspec.structs.replace(settings, der_control=wanted)


class _Sae(DerVariant):
    def impossible(self, session: SeccSession, mode: Any) -> bool:
        car = _car(session)
        if not isinstance(mode, modes.DER_AC_CPDReqEnergyTransferMode):
            supported = SaeMode(0) if car is None else car.supported_modes
            return bool(_known(mode.enabled_modes) & ~supported)
        if _known(mode.enabled_modes) & ~_known(mode.supported_modes):
            return True
        low, nominal, high = (number(getattr(mode, f"ev_{name}_voltage")) for name in ("minimum", "nominal", "maximum"))
        apparent = any(disordered(mode.ev_apparent_power_limits, name, name) for name in _APPARENT)
        reactive = any(_less(mode.ev_reactive_power_limits, name) for name in _VARS)
        if not low <= nominal <= high or apparent or reactive:
            return True
        try:
            read(SaeCar, mode)
        except SessionError:
            return True
        return False

    def answer_parameters(
        self, session: SeccSession, charge: dict[str, Any], station: AcLimits, now: float
    ) -> ac.AC_CPDResEnergyTransferMode | None:
        context, sign = session.context, discharge_sign(session)
        wanted, told = _wanted(session, now), _told(session)
        # The car may only go on with settings it has seen. A car that is told them now for the first time may, though:
        # it has finished knowing that it would accept any.
        settled = wanted is not None and told in (None, wanted)
        grid = session.outlet.ac_outlet(now)
        settings = wanted or example_sae(grid.nominal_voltage_v, grid.nominal_frequency_hz, on=False)
        if settings != told:
            context.der_told, context.der_changed_s = settings, now
        powers: dict[str, Any] = {
            # At most the maximum (V2G20-3228; by magnitude V2G20-3229).
            **spell_limit("evse_nominal_charge_power", station.max_charge_power_w),
            **spell_limit("evse_nominal_discharge_power", station.max_discharge_power_w, sign),
            **spell_limit("evse_maximum_discharge_power", station.max_discharge_power_w, sign),
        }
        return modes.DER_AC_CPDResEnergyTransferMode(
            **charge,
            **powers,
            evse_processing=Processing.Finished if settled else Processing.Ongoing,
            der_control_cpd_res=spell(control.DERControlCPDRes, settings.der_control, context.ac_lines, sign=sign),
            evse_reactive_power_limits=spell(
                ratings.EVSEReactivePowerLimits, settings.evse_reactive_power_limits, context.ac_lines, sign=sign
            ),
            grid_limits=spell(ratings.GridLimits, settings.grid_limits, context.ac_lines),
            required_der_operating_mode=settings.required_der_operating_mode,
            grid_connection_mode=settings.grid_connection_mode,
            evse_update_time=max(0, int((session.unix_offset_s + context.der_changed_s) * 1e6)),
        )

    def following(self, session: SeccSession, mode: Any, answer: Any, now: float) -> State | None:
        finished = mode.ev_processing is answer.evse_processing is Processing.Finished
        return self.done(session, finished, now)

    def learn(self, session: SeccSession, mode: Any) -> tuple[Action, ...]:
        context, before = session.context, _car(session)
        reports: tuple[Action, ...] = ()
        if isinstance(mode, modes.DER_AC_CPDReqEnergyTransferMode):
            base = SaeCar() if before is None else before
            supported = _known(mode.supported_modes)
            car = msgspec.structs.replace(read(SaeCar, mode, base), supported_modes=supported, enabled_modes=None)
            context.der_car = car
            if car != before:
                reports = (DerCarTold(car),)
        else:
            supported = SaeMode(0) if before is None else before.supported_modes
            reports = self.alarm(session, mode.der_alarm_status)
        told = _told(session)
        wanted = SaeMode(0) if told is None else told.der_control.modes()
        seen = DerModesTold(supported=int(supported), wanted=int(wanted), enabled=int(_known(mode.enabled_modes)))
        if seen != context.der_modes:
            context.der_modes = seen
            reports = (*reports, seen)
        return reports

    def narrow(self, session: SeccSession, bounds: AcLimits, now: float) -> AcLimits:
        wanted = _wanted(session, now) or _told(session)
        if wanted is None:
            return bounds
        most = wanted.der_control.most_discharge_w(session.context.ac_vehicle.max_discharge_power_w)
        return bounds.with_discharge_cap(most)

    def answer_loop(self, session: SeccSession, fields: dict[str, Any], now: float) -> CLResControlMode:
        context, sign, told = session.context, discharge_sign(session), _told(session)
        assert told is not None  # parameter discovery has told some
        wanted = _wanted(session, now) or told
        # V2G20-3236: only what has changed is told again; the loop has no place for the limits of the grid.
        fields["der_control_cl_res"] = spell(
            control.DERControlCLRes, wanted.der_control, context.ac_lines, sign=sign, told=told.der_control
        )
        for name in ("required_der_operating_mode", "grid_connection_mode"):
            if getattr(wanted, name) is not getattr(told, name):
                fields[name] = getattr(wanted, name)
        if wanted != told:
            context.der_told, context.der_changed_s = wanted, now
        station = minimum(context.ac_told, session.outlet.ac_limits(now).first(context.ac_lines))
        fields |= spell_limit("evse_maximum_charge_power", station.max_charge_power_w)
        fields |= spell_limit("evse_maximum_discharge_power", station.max_discharge_power_w, sign)
        return super().answer_loop(session, fields, now)

    def least_parameters(self, charge: dict[str, Any]) -> ac.AC_CPDResEnergyTransferMode:
        least = example_sae(on=False)
        return modes.DER_AC_CPDResEnergyTransferMode(
            **charge,
            evse_processing=Processing.Finished,
            der_control_cpd_res=spell(control.DERControlCPDRes, least.der_control, 1),
            evse_maximum_discharge_power=ZERO,
            evse_reactive_power_limits=spell(ratings.EVSEReactivePowerLimits, least.evse_reactive_power_limits, 1),
            grid_limits=spell(ratings.GridLimits, least.grid_limits, 1),
            required_der_operating_mode=least.required_der_operating_mode,
            grid_connection_mode=least.grid_connection_mode,
            evse_update_time=0,
        )

    def least_loop(self, mode: ControlMode) -> CLResControlMode:
        off = control.DERControlCLRes(enter_service_cl_res=control.EnterServiceCLRes(permit_service=False))
        if mode is ControlMode.DYNAMIC:
            return modes.DER_Dynamic_AC_CLResControlMode(evse_target_active_power=ZERO, der_control_cl_res=off)
        return modes.DER_Scheduled_AC_CLResControlMode(der_control_cl_res=off)


def _known(bitmap: int) -> SaeMode:
    """Without the bits that have no meaning."""
    return SaeMode(bitmap & sum(SaeMode))


def _less(limits: object, name: str) -> bool:
    """Whether the most of a reactive power is less than the least of it, by magnitude: their signs are disagreed about."""
    for suffix in ("", "_l2", "_l3"):
        least, most = (getattr(limits, f"ev_{kind}_{name}{suffix}", None) for kind in ("minimum", "maximum"))
        if least is not None and most is not None and abs(number(least)) > abs(number(most)):
            return True
    return False


VARIANT = _Sae(
    (modes.DER_AC_CPDReqEnergyTransferMode, modes.DER_AC_CPDResEnergyTransferMode),
    {
        ControlMode.SCHEDULED: (modes.DER_Scheduled_AC_CLReqControlMode, modes.DER_Scheduled_AC_CLResControlMode),
        ControlMode.DYNAMIC: (modes.DER_Dynamic_AC_CLReqControlMode, modes.DER_Dynamic_AC_CLResControlMode),
    },
)
