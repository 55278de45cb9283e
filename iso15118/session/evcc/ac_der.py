"""Inverters at the grid at the car: rounds of parameter discovery until it has made up its mind about the settings."""

from __future__ import annotations

import abc
from typing import Any

from iso15118.errors import SessionError
from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.common.session_stop import ChargingSession
from iso15118.messages.iso20.types import Processing
from iso15118.session.actions import Action, SetDerControl
from iso15118.session.core import State, Step
from iso15118.session.evcc.ac import compose_parameters, parameters_told
from iso15118.session.evcc.ac_variant import Variant
from iso15118.session.evcc.session import EvccSession, Phase, Phases
from iso15118.session.lines import read_limits
from iso15118.session.ports.der import Consent, Plain
from iso15118.session.timers import Timer

__all__ = ["PHASES", "DerVariant"]


class DerVariant(Variant, abc.ABC):
    """What AC_DER_IEC and AC_DER_SAE share."""

    @abc.abstractmethod
    def read_parameters(self, session: EvccSession, mode: Any) -> Plain:
        """The station's settings, from an answer in parameter discovery.

        Raises:
            SessionError: They can't be.
        """

    @abc.abstractmethod
    def read_loop(self, session: EvccSession, mode: Any) -> Plain:
        """The station's settings, from an answer in the charge loop.

        Raises:
            SessionError: They can't be.
        """

    @abc.abstractmethod
    def consent(self, session: EvccSession, settings: Plain, now: float) -> Consent:
        """What the car makes of settings."""

    def station_finished(self, mode: Any) -> bool:
        """Whether the station has finished its side of parameter discovery."""
        return True

    def processing(self, session: EvccSession) -> Processing:
        """EVProcessing of the next request: Finished once the settings are accepted that were told last."""
        context = session.context
        context.der_finished = context.der_settings is not None and context.der_accepted == context.der_settings
        return Processing.Finished if context.der_finished else Processing.Ongoing

    def parameters_told(self, session: EvccSession, mode: Any, now: float) -> Step:
        """Accept, think on or reject what the station wants (V2G20-3150, V2G20-3151, V2G20-3154)."""
        context, again = session.context, State.AC_DER_CHARGE_PARAMETER_DISCOVERY
        if session.wants_to_stop(now):
            return _over(session, Step(State.SESSION_STOP))
        try:
            context.der_settings = self.read_parameters(session, mode)
            consent = self.consent(session, context.der_settings, now)
        except SessionError:
            consent = Consent.REJECTED
        over = context.der_finished and self.station_finished(mode)  # the station expects ScheduleExchangeReq by now
        if consent is Consent.ACCEPTED:
            context.der_accepted = context.der_settings
            assert context.der_accepted is not None
            if over:
                return _over(session, Step(State.SCHEDULE_EXCHANGE, actions=(SetDerControl(context.der_accepted),)))
            # Whoever had finished waits for the station.
            return Step(again, after=Timer.EVCC_ONGOING_INTERVAL if context.der_finished else None)
        if over:
            context.leave(ChargingSession.Terminate)
            return _over(session, Step(State.SESSION_STOP))
        if consent is Consent.PENDING:
            return Step(again, after=Timer.EVCC_ONGOING_INTERVAL)
        context.rejected_services.add(context.service_id)
        session.context = context.without_service()
        return _over(session, Step(State.SERVICE_DISCOVERY))

    def looped(self, session: EvccSession, mode: Any, now: float) -> tuple[Action, ...]:
        """Follow changed limits and settings; a car that does not accept them leaves."""
        context = session.context
        context.ac_station = read_limits(mode, "evse", context.ac_station)
        try:
            context.der_settings = self.read_loop(session, mode)
            consent = Consent.ACCEPTED
            if context.der_settings != context.der_accepted:
                consent = self.consent(session, context.der_settings, now)
        except SessionError:
            consent = Consent.REJECTED
        if consent is Consent.ACCEPTED:
            context.der_accepted = context.der_settings
        if consent is Consent.REJECTED:
            context.leave(ChargingSession.Terminate)
        return () if context.der_accepted is None else (SetDerControl(context.der_accepted),)


def _over(session: EvccSession, step: Step) -> Step:
    session.timers.stop(Timer.EVCC_ONGOING_PARAMETER_DISCOVERY)
    return step


def compose(session: EvccSession, now: float) -> ac.AC_ChargeParameterDiscoveryReq:
    """Tell what the inverter can do, and whether the car has made up its mind about the station's settings."""
    session.timers.start_once(Timer.EVCC_ONGOING_PARAMETER_DISCOVERY, now)
    return compose_parameters(session, now)


_STATE = State.AC_DER_CHARGE_PARAMETER_DISCOVERY

PHASES: Phases = {
    _STATE: Phase(
        compose,
        ac.AC_ChargeParameterDiscoveryRes,
        parameters_told,
        frozenset({_STATE, State.SERVICE_DISCOVERY, State.SCHEDULE_EXCHANGE, State.SESSION_STOP}),
    ),
}
