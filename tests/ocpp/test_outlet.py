import pytest

from iso15118.ocpp.outlet import EventLog, OutletState, stopped_reason, trigger_of_stop
from tests.ocpp.pair import NEEDS


@pytest.mark.parametrize(
    ("text", "wanted", "reason", "trigger"),
    [
        ("SessionStop", None, "StoppedByEV", "ChargingStateChanged"),
        ("SessionStop", "Remote", "Remote", "RemoteStop"),
        ("unplugged", "Remote", "EVDisconnected", "EVCommunicationLost"),
        ("SOCLimitReached", None, "SOCLimitReached", "SoCLimitReached"),
        ("SECC_SEQUENCE_CHARGE_LOOP: nothing within 0.5 s", None, "Timeout", "AbnormalCondition"),
        ("SECC_SEQUENCE_CHARGE_LOOP: nothing within 0.5 s", "Remote", "Remote", "RemoteStop"),
        ("emergency stop", "Remote", "EmergencyStop", "AbnormalCondition"),
        ("DC_CableCheckReq answered FAILED", "Remote", "Remote", "RemoteStop"),
        ("DC_CableCheckReq answered FAILED", None, "Other", "AbnormalCondition"),
        ("the station wants to end", "ReqEnergyTransferRejected", "ReqEnergyTransferRejected", "AbnormalCondition"),
        ("SessionStop", "ReqEnergyTransferRejected", "ReqEnergyTransferRejected", "AbnormalCondition"),
    ],
)
def test_reasons_in_ocpps_words(text, wanted, reason, trigger):
    assert stopped_reason(text, wanted) == reason
    assert trigger_of_stop(reason) == trigger


def test_events_are_numbered():
    log = EventLog("t", 1, 0.0)
    first, second = (log.event("Updated", "Trigger", "now", offline=offline) for offline in (False, True))
    assert (first["seqNo"], second["seqNo"]) == (0, 1)
    assert "offline" not in first
    assert second["offline"] is True


def test_discharge_needs_the_back_ends_word_and_the_cars_choice():
    outlet = OutletState(1, frozenset({"DC"}))
    assert not outlet.discharge_allowed
    outlet.allowed = frozenset({"DC", "DC_BPT"})
    assert outlet.discharge_allowed
    outlet.needs = NEEDS
    assert outlet.discharge_allowed
    outlet.allowed = frozenset({"DC"})
    assert not outlet.discharge_allowed
    outlet.begin_session()
    assert outlet.needs is None
    assert outlet.transaction is None
