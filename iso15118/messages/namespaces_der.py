"""What the schema files of Amendment 1 declare: AC with the grid functions of an inverter, in two variants.

Neither has messages of its own: each adds six members to substitution groups of AC and CommonTypes, so the four messages
of AC have another grammar in each of the three sets.
"""

from __future__ import annotations

from typing import Any

from iso15118.messages.iso20 import ac, types
from iso15118.messages.iso20.ac_der_iec import control as iec_control
from iso15118.messages.iso20.ac_der_iec import modes as iec_modes
from iso15118.messages.iso20.ac_der_iec import xmlns as iec_xmlns
from iso15118.messages.iso20.ac_der_sae import control as sae_control
from iso15118.messages.iso20.ac_der_sae import curves as sae_curves
from iso15118.messages.iso20.ac_der_sae import modes as sae_modes
from iso15118.messages.iso20.ac_der_sae import present as sae_present
from iso15118.messages.iso20.ac_der_sae import ratings as sae_ratings
from iso15118.messages.iso20.ac_der_sae import xmlns as sae_xmlns
from iso15118.messages.model import Namespace, QName, Record

__all__ = ["AC_DER_IEC", "AC_DER_SAE"]

# Head of the substitution group -> members. Those of Dynamic_AC_CLReqControlMode and its like are members of the group
# of CLReqControlMode too, the only head a message refers to.
_MEMBERS = {
    QName("AC_CPDReqEnergyTransferMode", ac.XMLNS.uri): ("DER_AC_CPDReqEnergyTransferMode",),
    QName("AC_CPDResEnergyTransferMode", ac.XMLNS.uri): ("DER_AC_CPDResEnergyTransferMode",),
    QName("CLReqControlMode", types.XMLNS.uri): (
        "DER_Dynamic_AC_CLReqControlMode",
        "DER_Scheduled_AC_CLReqControlMode",
    ),
    QName("CLResControlMode", types.XMLNS.uri): (
        "DER_Dynamic_AC_CLResControlMode",
        "DER_Scheduled_AC_CLResControlMode",
    ),
}


def _substitutes(modes: Any) -> dict[QName, dict[str, type[Record]]]:
    return {head: {name: getattr(modes, name) for name in names} for head, names in _MEMBERS.items()}


def _roots(modes: Any) -> dict[str, type[Record]]:
    return {name: cls for members in _substitutes(modes).values() for name, cls in members.items()}


AC_DER_IEC = Namespace(
    xmlns=iec_xmlns.XMLNS,
    modules=(iec_modes, iec_control),
    roots=_roots(iec_modes),
    substitutes=_substitutes(iec_modes),
)

AC_DER_SAE = Namespace(
    xmlns=sae_xmlns.XMLNS,
    modules=(sae_modes, sae_control, sae_curves, sae_ratings, sae_present),
    roots={**_roots(sae_modes), "FrequencyDroop": sae_control.FrequencyDroop},
    substitutes=_substitutes(sae_modes),
)
