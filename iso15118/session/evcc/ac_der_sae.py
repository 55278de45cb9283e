"""AC_DER_SAE at the car: SupportedModes -> DERControl -> EnabledModes, and how the inverter does in the loop."""

from __future__ import annotations

from typing import Any

import msgspec

from iso15118.errors import LocalError
from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.ac_der_sae import modes
from iso15118.messages.iso20.types import CLReqControlMode, Processing
from iso15118.session.der import read, spell_fields
from iso15118.session.evcc.ac_der import DerVariant
from iso15118.session.evcc.loop import discharge_sign
from iso15118.session.evcc.session import EvccSession
from iso15118.session.ports.ac import AcLimits
from iso15118.session.ports.der import Consent, Plain, SaeInletPort
from iso15118.session.ports.der_sae import SaeControl, SaeGridLimits, SaeReactiveLimits, SaeSettings
from iso15118.session.ports.der_sae_car import SaeCar
from iso15118.session.services import ControlMode

__all__ = ["VARIANT"]


_MEASURED = frozenset({"ev_present_voltage", "ev_present_frequency", "der_alarm_status"})


def _port(session: EvccSession) -> SaeInletPort:
    if not isinstance(session.vehicle, SaeInletPort):
        raise LocalError("this vehicle has no inverter for AC_DER_SAE")
    return session.vehicle


def _fields(session: EvccSession, cls: Any, now: float) -> dict[str, Any]:
    """What the car tells of its inverter in either message."""
    car, accepted = _port(session).der_sae_car(now), session.context.der_accepted
    enabled = car.enabled(accepted if isinstance(accepted, SaeSettings) else None)
    told = spell_fields(cls, car, session.context.ac_lines, sign=discharge_sign(session))
    return told | {"enabled_modes": int(enabled), "ev_update_time": _update_time(session, car, now)}


def _update_time(session: EvccSession, car: SaeCar, now: float) -> int:
    """When the ratings last changed, in microseconds since 1970, as a deployed car counts."""
    context = session.context
    before = context.der_ratings
    if not isinstance(before, SaeCar) or _ratings(car) != _ratings(before):
        context.der_ratings_s = now
    context.der_ratings = car
    return max(0, int((session.unix_offset_s + context.der_ratings_s) * 1e6))


def _ratings(car: SaeCar) -> list[object]:
    return [getattr(car, name) for name in car.__struct_fields__ if name not in _MEASURED]


class _Sae(DerVariant):
    def compose_parameters(
        self, session: EvccSession, limits: dict[str, Any], now: float
    ) -> ac.AC_CPDReqEnergyTransferMode:
        fields = _fields(session, modes.DER_AC_CPDReqEnergyTransferMode, now)
        return modes.DER_AC_CPDReqEnergyTransferMode(**limits, **fields, ev_processing=self.processing(session))

    def read_parameters(self, session: EvccSession, mode: Any) -> Plain:
        return SaeSettings(
            der_control=read(SaeControl, mode.der_control_cpd_res),
            grid_limits=read(SaeGridLimits, mode.grid_limits),
            evse_reactive_power_limits=read(SaeReactiveLimits, mode.evse_reactive_power_limits),
            required_der_operating_mode=mode.required_der_operating_mode,
            grid_connection_mode=mode.grid_connection_mode,
        )

    def station_finished(self, mode: Any) -> bool:
        return mode.evse_processing is Processing.Finished

    def consent(self, session: EvccSession, settings: Plain, now: float) -> Consent:
        assert isinstance(settings, SaeSettings)
        return _port(session).der_sae_consent(settings, now)

    def compose_loop(self, session: EvccSession, fields: dict[str, Any], now: float) -> CLReqControlMode:
        cls = self.loops[session.context.control_mode]
        return cls(**fields, **_fields(session, cls, now))

    def read_loop(self, session: EvccSession, mode: Any) -> Plain:
        before = session.context.der_settings
        assert isinstance(before, SaeSettings)
        changed = {
            name: getattr(mode, name)
            for name in ("required_der_operating_mode", "grid_connection_mode")
            if getattr(mode, name) is not None
        }
        control = read(SaeControl, mode.der_control_cl_res, before.der_control)
        return msgspec.structs.replace(before, der_control=control, **changed)

    def narrow(self, session: EvccSession, bounds: AcLimits) -> AcLimits:
        # What takes power away counts at once, accepted or not.
        settings = session.context.der_settings
        if not isinstance(settings, SaeSettings):
            return bounds
        return bounds.with_discharge_cap(settings.der_control.most_discharge_w(bounds.max_discharge_power_w))


VARIANT = _Sae(
    (modes.DER_AC_CPDReqEnergyTransferMode, modes.DER_AC_CPDResEnergyTransferMode),
    {
        ControlMode.SCHEDULED: (modes.DER_Scheduled_AC_CLReqControlMode, modes.DER_Scheduled_AC_CLResControlMode),
        ControlMode.DYNAMIC: (modes.DER_Dynamic_AC_CLReqControlMode, modes.DER_Dynamic_AC_CLResControlMode),
    },
)
