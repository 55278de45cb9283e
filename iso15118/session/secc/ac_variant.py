"""What each AC service has of its own in the messages that all of them share, at the station."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.types import CLResControlMode
from iso15118.messages.model import Record
from iso15118.session.actions import Action
from iso15118.session.core import State
from iso15118.session.lines import spell_limit
from iso15118.session.ports.ac import AcLimits
from iso15118.session.secc.limits import discharge_sign
from iso15118.session.secc.session import SeccSession
from iso15118.session.services import ControlMode, ServiceId

__all__ = ["Variant", "variant_of"]


class Variant:
    """AC; the other services replace what is different with them."""

    def __init__(
        self,
        parameters: tuple[type[ac.AC_CPDReqEnergyTransferMode], type[ac.AC_CPDResEnergyTransferMode]],
        loops: Mapping[ControlMode, tuple[type[Record], type[CLResControlMode]]],
    ) -> None:
        """Name the modes.

        Args:
            parameters: Modes of parameter discovery: the one the car has to send, and that of the answer.
            loops: The same of the charge loop, by control mode.
        """
        self.parameters, self.parameters_answer = parameters
        self.loops = {mode: pair[0] for mode, pair in loops.items()}
        self.loop_answers = {mode: pair[1] for mode, pair in loops.items()}

    def impossible(self, session: SeccSession, mode: Any) -> bool:
        """Whether what the car tells in either message, besides its limits of active power, can't be."""
        return False

    def answer_parameters(
        self, session: SeccSession, charge: dict[str, Any], station: AcLimits, now: float
    ) -> ac.AC_CPDResEnergyTransferMode | None:
        """The mode of the answer in parameter discovery; None when the service can't be run as things are.

        Args:
            session: The session.
            charge: Fields that every service has.
            station: Limits of the outlet on the lines in use.
            now: The session's clock.
        """
        return self.parameters_answer(**charge)

    def following(self, session: SeccSession, mode: Any, answer: Any, now: float) -> State | None:
        """Where an answer in parameter discovery leads to; None when it has gone on for too long."""
        return State.SCHEDULE_EXCHANGE

    def learn(self, session: SeccSession, mode: Any) -> tuple[Action, ...]:
        """Remember what a mode tells besides limits of power, and report it."""
        return ()

    def narrow(self, session: SeccSession, bounds: AcLimits, now: float) -> AcLimits:
        """What the service's own rules leave of limits."""
        return bounds

    def answer_loop(self, session: SeccSession, fields: dict[str, Any], now: float) -> CLResControlMode:
        """The mode of the answer in the charge loop, from the fields that every service has."""
        return self.loop_answers[session.context.control_mode](**fields)


class _Bidirectional(Variant):
    """AC_BPT."""

    def answer_parameters(
        self, session: SeccSession, charge: dict[str, Any], station: AcLimits, now: float
    ) -> ac.AC_CPDResEnergyTransferMode | None:
        sign = discharge_sign(session)
        return self.parameters_answer(
            **charge,
            **spell_limit("evse_maximum_discharge_power", station.max_discharge_power_w, sign),
            **spell_limit("evse_minimum_discharge_power", station.min_discharge_power_w, sign),
        )


_PLAIN: Mapping[int, Variant] = MappingProxyType(
    {
        ServiceId.AC: Variant(
            (ac.AC_CPDReqEnergyTransferMode, ac.AC_CPDResEnergyTransferMode),
            {
                ControlMode.SCHEDULED: (ac.Scheduled_AC_CLReqControlMode, ac.Scheduled_AC_CLResControlMode),
                ControlMode.DYNAMIC: (ac.Dynamic_AC_CLReqControlMode, ac.Dynamic_AC_CLResControlMode),
            },
        ),
        ServiceId.AC_BPT: _Bidirectional(
            (ac.BPT_AC_CPDReqEnergyTransferMode, ac.BPT_AC_CPDResEnergyTransferMode),
            {
                ControlMode.SCHEDULED: (ac.BPT_Scheduled_AC_CLReqControlMode, ac.BPT_Scheduled_AC_CLResControlMode),
                ControlMode.DYNAMIC: (ac.BPT_Dynamic_AC_CLReqControlMode, ac.BPT_Dynamic_AC_CLResControlMode),
            },
        ),
    }
)


def variant_of(service_id: int) -> Variant:
    """What an AC service has of its own."""
    # Loaded by those stations only that have such a service: small machines save the memory.
    if service_id == ServiceId.AC_DER_IEC:
        from iso15118.session.secc import ac_der_iec

        return ac_der_iec.VARIANT
    if service_id == ServiceId.AC_DER_SAE:
        from iso15118.session.secc import ac_der_sae

        return ac_der_sae.VARIANT
    return _PLAIN[service_id]
