"""Write docs/reference/response-codes.md: every response code that the station can send, and what causes it.

python -m tools.response_codes            write the file
python -m tools.response_codes --check    exit 1 when the committed file is not what this module says

``tests/session/test_evidence.py`` causes every situation listed here between two sessions, and compares the codes listed
with those that the station's source can send.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from iso15118.messages import app
from iso15118.messages.iso20.types import ResponseCode

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "response-codes.md"


class Row(NamedTuple):
    """One situation in which the station sends a code."""

    answer: str
    """The response, without Res."""
    situation: str
    code: str


_ROWS = (
    ("SupportedAppProtocol", "a protocol in common", "OK_SuccessfulNegotiation"),
    (
        "SupportedAppProtocol",
        "a protocol in common whose minor version differs",
        "OK_SuccessfulNegotiationWithMinorDeviation",
    ),
    ("SupportedAppProtocol", "no protocol in common", "Failed_NoNegotiation"),
    ("SupportedAppProtocol", "a link without TLS 1.3, and no lab option for it", "Failed_NoNegotiation"),
    ("SessionSetup", "a new session", "OK_NewSessionEstablished"),
    ("SessionSetup", "a paused session, asked for by the same vehicle", "OK_OldSessionJoined"),
    ("SessionSetup", "a paused session, asked for by another vehicle", "OK_NewSessionEstablished"),
    ("any", "what the session expects, and nothing against it", "OK"),
    ("any", "the SessionID in the header is another one", "FAILED_UnknownSession"),
    ("any", "the SessionID of a message on a side stream is another one", "FAILED_UnknownSession"),
    ("any", "a message that is not expected now", "FAILED_SequenceError"),
    ("any", "a message on a side stream that has no place there", "FAILED_SequenceError"),
    ("any", "an emergency stop at the station", "FAILED"),
    ("any", "the station wants to end before energy flows", "FAILED"),
    ("Authorization", "a service of authorization that was not offered", "WARNING_AuthorizationSelectionInvalid"),
    ("Authorization", "external means refuse", "WARNING_EIMAuthorizationFailure"),
    ("Authorization", "external means have said nothing within SECC_ONGOING_EIM", "FAILED"),
    ("ServiceDiscovery", "nothing to offer on this protocol", "FAILED"),
    ("ServiceDetail", "a service that was not offered", "FAILED_ServiceIDInvalid"),
    ("ServiceDetail", "details asked for over and over", "FAILED"),
    ("ServiceSelection", "no energy service that was offered", "FAILED_NoEnergyTransferServiceSelected"),
    ("ServiceSelection", "an unknown parameter set", "FAILED_ServiceSelectionInvalid"),
    ("ServiceSelection", "a value-added service that was not offered", "FAILED_ServiceSelectionInvalid"),
    ("DC_ChargeParameterDiscovery", "parameters of another service", "FAILED_WrongChargeParameter"),
    ("DC_ChargeParameterDiscovery", "a limit below zero", "FAILED_WrongChargeParameter"),
    ("AC_ChargeParameterDiscovery", "a limit below zero", "FAILED_WrongChargeParameter"),
    ("AC_ChargeParameterDiscovery", "reactive limits of an inverter that can't be", "FAILED_WrongChargeParameter"),
    ("ScheduleExchange", "needs that contradict each other", "FAILED_WrongChargeParameter"),
    ("ScheduleExchange", "needs of the other control mode", "FAILED"),
    ("ScheduleExchange", "no schedule to offer", "FAILED"),
    ("ScheduleExchange", "no schedule to offer in a renegotiation out of the loop", "FAILED_ScheduleRenegotiation"),
    (
        "ScheduleExchange",
        "no schedule to offer in a renegotiation beside the loop",
        "WARNING_ScheduleRenegotiationFailed",
    ),
    ("DC_CableCheck", "an isolation fault", "FAILED"),
    ("DC_PreCharge", "a voltage above the limits", "FAILED_WrongChargeParameter"),
    ("DC_PreCharge", "a contactor fault", "FAILED"),
    ("PowerDelivery", "a schedule tuple that was not offered", "FAILED_ScheduleSelectionInvalid"),
    ("PowerDelivery", "a profile above the schedule", "FAILED_EVPowerProfileInvalid"),
    ("PowerDelivery", "no profile in Scheduled control", "FAILED_EVPowerProfileInvalid"),
    ("PowerDelivery", "the power tolerance is confirmed", "OK_PowerToleranceConfirmed"),
    ("PowerDelivery", "the power tolerance is not confirmed", "WARNING_PowerToleranceNotConfirmed"),
    (
        "PowerDelivery",
        "the power tolerance is not confirmed, and has to be (power_tolerance_required)",
        "FAILED_PowerToleranceNotConfirmed",
    ),
    ("PowerDelivery", "pre-charge is not over", "FAILED_SequenceError"),
    ("PowerDelivery", "the DC contactor is not closed", "FAILED_ContactorError"),
    ("PowerDelivery", "the AC contactor does not close within SECC_AC_CONTACTOR", "FAILED_ContactorError"),
    ("PowerDelivery", "AC, and the pilot does not show C or D", "FAILED_PowerDeliveryNotApplied"),
    (
        "PowerDelivery",
        "stop, and current does not go within SECC_POWER_DELIVERY_STOP",
        "FAILED_PowerDeliveryNotApplied",
    ),
    ("PowerDelivery", "standby before energy flows", "WARNING_StandbyNotAllowed"),
    ("PowerDelivery", "standby at a station that does not allow it", "WARNING_StandbyNotAllowed"),
    (
        "PowerDelivery",
        "schedule renegotiation of a station that does not",
        "WARNING_ScheduleRenegotiationFailed",
    ),
    ("AC_ChargeLoop", "another control mode than the selected one", "FAILED"),
    ("DC_ChargeLoop", "another control mode than the selected one", "FAILED"),
    ("DC_ChargeLoop", "a charge limit below zero", "FAILED_WrongChargeParameter"),
    ("AC_ChargeLoop", "a charge limit below zero", "FAILED_WrongChargeParameter"),
    ("DC_ChargeLoop", "more power than announced", "WARNING_EVPowerProfileViolation"),
    (
        "DC_ChargeLoop",
        "more power than announced for SECC_EV_POWER_PROFILE_VIOLATION",
        "FAILED_EVPowerProfileViolation",
    ),
    ("AC_ChargeLoop", "more power than announced", "WARNING_EVPowerProfileViolation"),
    (
        "AC_ChargeLoop",
        "more power than announced for SECC_EV_POWER_PROFILE_VIOLATION",
        "FAILED_EVPowerProfileViolation",
    ),
    ("DC_ChargeLoop", "the contactor has fallen open", "FAILED_ContactorError"),
    ("AC_ChargeLoop", "the contactor has fallen open", "FAILED_ContactorError"),
    ("MeteringConfirmation", "what is signed is not what was told", "FAILED_MeteringSignatureNotValid"),
    (
        "MeteringConfirmation",
        "nobody has checked the signature within SECC_METERING_SIGNATURE",
        "FAILED_MeteringSignatureNotValid",
    ),
    ("MeteringConfirmation", "nobody asked for it", "FAILED_SequenceError"),
    ("DC_WeldingDetection", "pilot not in B, where that is demanded (pilot_b_after_stop)", "FAILED"),
    ("SessionStop", "a pause at a station that can't", "FAILED_PauseNotAllowed"),
    ("SessionStop", "a pause before schedules have been exchanged", "FAILED_PauseNotAllowed"),
    (
        "SessionStop",
        "service renegotiation at a station that does not",
        "FAILED_NoServiceRenegotiationSupported",
    ),
    ("SessionStop", "service renegotiation while current flows", "FAILED"),
)
ROWS: tuple[Row, ...] = tuple(Row(*row) for row in _ROWS)
"""The table, in the order of a session."""

_PNC = "authorization by contract certificate follows with certificates"
LATER: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "OK_CertificateExpiresSoon",
            "WARNING_CertificateExpired",
            "WARNING_CertificateNotYetValid",
            "WARNING_CertificateRevoked",
            "WARNING_CertificateValidationError",
            "WARNING_ChallengeInvalid",
            "WARNING_eMSPUnknown",
            "WARNING_GeneralPnCAuthorizationError",
            "FAILED_SignatureError",
        ),
        _PNC,
    ),
    **dict.fromkeys(
        ("WARNING_NoCertificateAvailable", "WARNING_NoContractMatchingPCIDFound"),
        "installation of certificates follows with certificates",
    ),
    "WARNING_WPT": "sessions of WPT follow",
    "FAILED_AssociationError": "sessions of ACDP and WPT follow",
}
"""Codes of the schemas that the station does not send yet, and why."""

_HEAD = """\
# Response codes of the station

Made by `python -m tools.response_codes`. A test causes every situation below between a car and a station in virtual time
and reads the code off the answer; another compares the codes with those in the station's source, so that none is sent
without a row and none has a row that is not sent.

- Any `FAILED` code (`Failed_NoNegotiation` of the handshake included) ends the session on both sides; the answer carries
  every mandatory field all the same. A `WARNING` never ends a session.
- A message out of order, or of another session, is answered in kind: by the response that belongs to it, on the stream
  on which it came (V2G20-459, V2G20-460).

| response | situation | code |
| --- | --- | --- |
"""

_LITERAL = re.compile(r"(OK|WARNING|FAILED|Failed)(_\w+)?")


def codes() -> frozenset[str]:
    """Every code of both schemas."""
    return frozenset(code.value for code in (*ResponseCode, *app.ResponseCode))


def sent() -> dict[str, set[str]]:
    """Code -> modules of the station that name it in their source: as ``ResponseCode.X`` or as a literal."""
    session = ROOT / "iso15118" / "session"
    found: dict[str, set[str]] = {}
    for path in (*session.glob("*.py"), *(session / "secc").glob("*.py"), ROOT / "iso15118" / "errors.py"):
        for code in _named(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(code, set()).add(path.stem)
    return found


def _named(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _LITERAL.fullmatch(node.value):
            yield node.value
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("ResponseCode"):
            yield node.attr


def page() -> str:
    """The whole page."""
    lines = [f"| {row.answer} | {row.situation} | `{row.code}` |" for row in ROWS]
    later = [f"| `{code}` | {reason} |" for code, reason in LATER.items()]
    head = ["", "## Not sent yet", "", "| code | why |", "| --- | --- |"]
    return _HEAD + "\n".join([*lines, *head, *later, ""])


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    if "--check" in arguments:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page()
        print("current" if current else f"{PAGE} is not current: run python -m tools.response_codes")
        return 0 if current else 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
