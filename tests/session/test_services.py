"""Parameter sets, offered and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso15118.errors import LocalError
from iso15118.messages.app import SupportedAppProtocolReq
from iso15118.messages.iso20 import ac, acdp, dc
from iso15118.messages.iso20.common.service import Parameter, ParameterSet
from iso15118.messages.iso20.common.session_setup import SessionSetupReq
from iso15118.messages.iso20.types import RationalNumber
from iso15118.messages.iso20.wpt.pairing import WPT_PairingReq
from iso15118.messages.model import Record
from iso15118.session.services import (
    BIDIRECTIONAL,
    ControlMode,
    DcConnector,
    MobilityNeedsMode,
    ServiceId,
    dc_parameter_sets,
    payload_type_of,
    read_offer,
)
from iso15118.v2gtp import SCHEMA_KEYS, PayloadType
from tests.strategies import messages


@pytest.mark.parametrize("service", [ServiceId.DC, ServiceId.DC_BPT])
def test_both_control_modes_are_offered_and_read_back(service: ServiceId) -> None:
    """V2G20-2656; V2G20-2663: MobilityNeedsMode 2 never with Scheduled control."""
    offers = [read_offer(s) for s in dc_parameter_sets(service, DcConnector.CORE)]
    assert [offer.control_mode for offer in offers] == [ControlMode.SCHEDULED, ControlMode.DYNAMIC]
    for offer in offers:
        assert offer.integers["Connector"] == 1
        assert offer.integers["Pricing"] == 0
        assert offer.mobility_needs_mode is MobilityNeedsMode.EVCC
        assert ("BPTChannel" in offer.integers) is ("GeneratorMode" in offer.integers) is (service in BIDIRECTIONAL)


def test_of_a_name_that_occurs_twice_the_first_counts() -> None:
    parameters = (
        Parameter(name="GeneratorMode", int_value=1),
        Parameter(name="GeneratorMode", int_value=2),
        Parameter(name="ControlMode", byte_value=2),
        Parameter(name="MobilityNeedsMode", short_value=2),
        Parameter(name="Pretty", bool_value=True),
        Parameter(name="Nominal", rational_number=RationalNumber(exponent=1, value=40)),
        Parameter(name="Name", finite_string="x"),
    )
    offer = read_offer(ParameterSet(parameter_set_id=9, parameter=parameters))
    assert offer.integers == {"GeneratorMode": 1, "ControlMode": 2, "MobilityNeedsMode": 2, "Pretty": 1}
    assert offer.texts == {"Nominal": "400", "Name": "x"}
    assert (offer.control_mode, offer.mobility_needs_mode) == (ControlMode.DYNAMIC, MobilityNeedsMode.SECC)


def test_a_set_with_an_unknown_control_mode_has_none() -> None:
    unknown = ParameterSet(parameter_set_id=1, parameter=(Parameter(name="ControlMode", int_value=3),))
    assert read_offer(unknown).control_mode is None


@given(messages(ParameterSet))
def test_any_set_can_be_read(parameter_set: ParameterSet) -> None:
    offer = read_offer(parameter_set)
    assert set(offer.integers) | set(offer.texts) == {parameter.name for parameter in parameter_set.parameter}


@pytest.mark.parametrize(
    ("service_id", "payload_type", "key"),
    [
        (ServiceId.AC, 0x8003, "AC"),
        (ServiceId.AC_BPT, 0x8003, "AC"),
        (ServiceId.AC_DER_IEC, 0x8010, "AC_DER_IEC"),
        (ServiceId.AC_DER_SAE, 0x8011, "AC_DER_SAE"),
    ],
)
@pytest.mark.parametrize("cls", [ac.AC_ChargeParameterDiscoveryReq, ac.AC_ChargeLoopReq, ac.AC_ChargeLoopRes])
@given(data=st.data())
def test_the_selected_service_decides_how_an_ac_message_is_sent(
    service_id: int, payload_type: int, key: str, cls: type[Record], data: st.DataObject
) -> None:
    message = data.draw(messages(cls))
    assert payload_type_of(message, service_id) == payload_type
    assert SCHEMA_KEYS[payload_type] == key


@given(service_id=st.sampled_from([0, *ServiceId]), data=st.data())
def test_other_messages_go_the_same_way_whatever_the_service(service_id: int, data: st.DataObject) -> None:
    expected = {
        SupportedAppProtocolReq: PayloadType.SAP,
        SessionSetupReq: PayloadType.COMMON_MESSAGES,
        dc.DC_CableCheckReq: PayloadType.DC,
        acdp.ACDP_SystemStatusReq: PayloadType.ACDP,
        WPT_PairingReq: PayloadType.WPT,
    }
    for cls, payload_type in expected.items():
        assert payload_type_of(data.draw(messages(cls)), service_id) is payload_type


def test_what_no_session_sends_has_no_payload_type() -> None:
    with pytest.raises(LocalError, match=r"RationalNumber of namespace 'urn:iso:std:iso:15118:-20:CommonTypes'"):
        payload_type_of(RationalNumber(exponent=0, value=1), ServiceId.AC)
