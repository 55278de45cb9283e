"""AC_DER_IEC at the car: what its inverter can do, what the grid operator wants of it, and set points in the loop."""

from __future__ import annotations

from typing import Any

import msgspec

from iso15118.errors import LocalError
from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.ac_der_iec import modes
from iso15118.messages.iso20.types import CLReqControlMode
from iso15118.session.der import read, spell, spell_fields
from iso15118.session.evcc.ac_der import DerVariant
from iso15118.session.evcc.session import EvccSession
from iso15118.session.lines import read_lines
from iso15118.session.ports.ac import AcLimits
from iso15118.session.ports.der import Consent, IecInletPort, Plain
from iso15118.session.ports.der_iec import IecControl, IecCosPhiSetpoint, IecQSetpoint, IecSettings
from iso15118.session.services import ControlMode

__all__ = ["VARIANT"]


def _port(session: EvccSession) -> IecInletPort:
    if not isinstance(session.vehicle, IecInletPort):
        raise LocalError("this vehicle has no inverter for AC_DER_IEC")
    return session.vehicle


class _Iec(DerVariant):
    def compose_parameters(
        self, session: EvccSession, limits: dict[str, Any], now: float
    ) -> ac.AC_CPDReqEnergyTransferMode:
        car, lines = _port(session).der_iec_car(now), session.context.ac_lines
        return modes.DER_AC_CPDReqEnergyTransferMode(
            **limits,
            **spell_fields(modes.DER_AC_CPDReqEnergyTransferMode, car, lines),
            ev_processing=self.processing(session),
            ev_reactive_power_limits=spell(modes.EVReactivePowerLimits, car, lines),
        )

    def read_parameters(self, session: EvccSession, mode: Any) -> Plain:
        return IecSettings(
            ev_operating_mode=mode.ev_operating_mode,
            grid_connection_mode=mode.grid_connection_mode,
            der_control=read(IecControl, mode.der_control),
        )

    def consent(self, session: EvccSession, settings: Plain, now: float) -> Consent:
        assert isinstance(settings, IecSettings)
        return _port(session).der_iec_consent(settings, now)

    def compose_loop(self, session: EvccSession, fields: dict[str, Any], now: float) -> CLReqControlMode:
        cls = self.loops[session.context.control_mode]
        return cls(**fields, **spell_fields(cls, _port(session).der_iec_car(now), session.context.ac_lines))

    def read_loop(self, session: EvccSession, mode: Any) -> Plain:
        # Set points and cap are those of the moment: what an answer leaves out is no longer wanted.
        q, cos_phi, lines = mode.dso_q_setpoint, mode.dso_cos_phi_setpoint, session.context.ac_lines
        most = read_lines(mode, "dso_maximum_discharge_power", lines)
        assert isinstance(session.context.der_settings, IecSettings)
        return msgspec.structs.replace(
            session.context.der_settings,
            dso_maximum_discharge_power=None if most is None else tuple(abs(value) for value in most),
            dso_q_setpoint=None if q is None else read(IecQSetpoint, q),
            dso_cos_phi_setpoint=None if cos_phi is None else read(IecCosPhiSetpoint, cos_phi),
        )

    def narrow(self, session: EvccSession, bounds: AcLimits) -> AcLimits:
        settings = session.context.der_settings
        most = settings.dso_maximum_discharge_power if isinstance(settings, IecSettings) else None
        return bounds if most is None else bounds.with_discharge_cap(most)


VARIANT = _Iec(
    (modes.DER_AC_CPDReqEnergyTransferMode, modes.DER_AC_CPDResEnergyTransferMode),
    {
        ControlMode.SCHEDULED: (modes.DER_Scheduled_AC_CLReqControlMode, modes.DER_Scheduled_AC_CLResControlMode),
        ControlMode.DYNAMIC: (modes.DER_Dynamic_AC_CLReqControlMode, modes.DER_Dynamic_AC_CLResControlMode),
    },
)
