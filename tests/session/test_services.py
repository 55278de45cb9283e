"""Services and parameters as read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso15118.errors import LocalError
from iso15118.messages.app import SupportedAppProtocolReq
from iso15118.messages.iso20 import ac, acdp, dc
from iso15118.messages.iso20.common.service import Parameter, ParameterSet
from iso15118.messages.iso20.common.session_setup import SessionSetupReq
from iso15118.messages.iso20.types import RationalNumber
from iso15118.messages.iso20.wpt.pairing import WPT_PairingReq
from iso15118.messages.model import Record
from iso15118.session.app import AC_20, DC_20
from iso15118.session.services import (
    ISLANDING_NAMES,
    ControlMode,
    IslandingDetection,
    MobilityNeedsMode,
    ServiceId,
    payload_type_of,
    read_offer,
    services_of,
)
from iso15118.v2gtp import SCHEMA_KEYS, PayloadType
from tests.strategies import messages


@pytest.mark.parametrize("name", ISLANDING_NAMES)
@pytest.mark.parametrize(
    ("value", "read"), [(1, IslandingDetection.ACTIVE), (2, IslandingDetection.PASSIVE), (3, None)]
)
def test_both_spellings_of_islanding_detection_are_read(name: str, value: int, read: IslandingDetection | None) -> None:
    parameters = (Parameter(name=name, int_value=value),)
    assert read_offer(ParameterSet(parameter_set_id=1, parameter=parameters)).islanding_detection is read


@pytest.mark.parametrize(
    ("parameter", "volts"),
    [
        ({"int_value": 120}, 120.0),
        ({"rational_number": RationalNumber(exponent=-1, value=2305)}, 230.5),
        ({"int_value": 0}, 230.0),
        ({"int_value": -5}, 230.0),
        ({"finite_string": "high"}, 230.0),
        ({"finite_string": "nan"}, 230.0),
    ],
)
def test_nominal_voltage_however_it_is_given(parameter: dict[str, Any], volts: float) -> None:
    given = ParameterSet(parameter_set_id=1, parameter=(Parameter(name="EVSENominalVoltage", **parameter),))
    assert read_offer(given).nominal_voltage_v == volts


@pytest.mark.parametrize(("connector", "lines"), [(1, 1), (2, 3), (3, None)])
def test_lines_of_a_connector(connector: int, lines: int | None) -> None:
    given = ParameterSet(parameter_set_id=1, parameter=(Parameter(name="Connector", int_value=connector),))
    assert read_offer(given).ac_lines == lines


def test_each_protocol_has_its_services() -> None:
    assert services_of(AC_20) == {1, 5}
    assert services_of(DC_20) == {2, 6, 8, 9}
    assert services_of(None) == frozenset()


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
@settings(max_examples=10)  # what is in the message has no say
@given(data=st.data())
def test_the_selected_service_decides_how_an_ac_message_is_sent(
    service_id: int, payload_type: int, key: str, cls: type[Record], data: st.DataObject
) -> None:
    message = data.draw(messages(cls))
    assert payload_type_of(message, service_id) == payload_type
    assert SCHEMA_KEYS[payload_type] == key


@settings(max_examples=20)
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
