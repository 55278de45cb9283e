"""What each AC service has of its own in the messages that all of them share, at the car."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from iso15118.messages.iso20 import ac
from iso15118.messages.iso20.types import CLReqControlMode
from iso15118.messages.model import Record
from iso15118.session.actions import Action
from iso15118.session.core import Step
from iso15118.session.evcc.session import EvccSession
from iso15118.session.ports.ac import AcLimits
from iso15118.session.services import ControlMode, ServiceId

__all__ = ["Variant", "variant_of"]


class Variant:
    """AC and AC_BPT; the other services replace what is different with them."""

    def __init__(
        self,
        parameters: tuple[type[ac.AC_CPDReqEnergyTransferMode], type[ac.AC_CPDResEnergyTransferMode]],
        loops: Mapping[ControlMode, tuple[type[CLReqControlMode], type[Record]]],
    ) -> None:
        """Name the modes.

        Args:
            parameters: Modes of parameter discovery: the car's, and the one the station has to answer with.
            loops: The same of the charge loop, by control mode; an answer may be of a subclass.
        """
        self.parameters, self.parameters_answer = parameters
        self.loops = {mode: pair[0] for mode, pair in loops.items()}
        self.loop_answers = {mode: pair[1] for mode, pair in loops.items()}

    def compose_parameters(
        self, session: EvccSession, limits: dict[str, Any], now: float
    ) -> ac.AC_CPDReqEnergyTransferMode:
        """The mode of a request in parameter discovery, from the fields that tell limits."""
        return self.parameters(**limits)

    def parameters_told(self, session: EvccSession, mode: Any, now: float) -> Step:
        """Where the station's parameters lead to."""
        return Step(session.after_parameters(now))

    def compose_loop(self, session: EvccSession, fields: dict[str, Any], now: float) -> CLReqControlMode:
        """The mode of a request in the charge loop, from the fields that every service has."""
        return self.loops[session.context.control_mode](**fields)

    def looped(self, session: EvccSession, mode: Any, now: float) -> tuple[Action, ...]:
        """Follow what an answer in the charge loop tells besides power."""
        return ()

    def narrow(self, session: EvccSession, bounds: AcLimits) -> AcLimits:
        """What the service's own rules leave of limits."""
        return bounds


_PLAIN: Mapping[int, Variant] = MappingProxyType(
    {
        ServiceId.AC: Variant(
            (ac.AC_CPDReqEnergyTransferMode, ac.AC_CPDResEnergyTransferMode),
            {
                ControlMode.SCHEDULED: (ac.Scheduled_AC_CLReqControlMode, ac.Scheduled_AC_CLResControlMode),
                ControlMode.DYNAMIC: (ac.Dynamic_AC_CLReqControlMode, ac.Dynamic_AC_CLResControlMode),
            },
        ),
        ServiceId.AC_BPT: Variant(
            (ac.BPT_AC_CPDReqEnergyTransferMode, ac.BPT_AC_CPDResEnergyTransferMode),
            {
                # Of the answers the members of BPT add nothing: a station that forgets them is understood all the same.
                ControlMode.SCHEDULED: (ac.BPT_Scheduled_AC_CLReqControlMode, ac.Scheduled_AC_CLResControlMode),
                ControlMode.DYNAMIC: (ac.BPT_Dynamic_AC_CLReqControlMode, ac.Dynamic_AC_CLResControlMode),
            },
        ),
    }
)


def variant_of(service_id: int) -> Variant:
    """What an AC service has of its own."""
    # Loaded by those cars only that have such a service: small machines save the memory.
    if service_id == ServiceId.AC_DER_IEC:
        from iso15118.session.evcc import ac_der_iec

        return ac_der_iec.VARIANT
    if service_id == ServiceId.AC_DER_SAE:
        from iso15118.session.evcc import ac_der_sae

        return ac_der_sae.VARIANT
    return _PLAIN[service_id]
