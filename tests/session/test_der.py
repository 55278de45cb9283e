"""Settings of an inverter: from plain structures into messages and back, nothing lost."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from iso15118.errors import SessionError
from iso15118.messages.iso20.ac_der_iec import control as iec
from iso15118.messages.iso20.ac_der_sae import control as sae
from iso15118.messages.iso20.ac_der_sae import ratings
from iso15118.session.der import read, spell
from iso15118.session.ports.der_iec import IecControl
from iso15118.session.ports.der_sae import SaeControl, SaeLimitMaxDischargePower, example_sae
from iso15118.session.ports.der_sae_car import SaeReactiveRatings
from iso15118.session.quantities import number, rational
from tests.session.test_ac_der import EVERYTHING
from tests.strategies import messages

replace = msgspec.structs.replace


def test_what_was_told_is_what_is_read() -> None:
    assert read(IecControl, spell(iec.DERControl, EVERYTHING.der_control, 3)) == EVERYTHING.der_control
    control = example_sae().der_control
    assert read(SaeControl, spell(sae.DERControlCPDRes, control, 1)) == control
    three = read(SaeControl, spell(sae.DERControlCPDRes, control, 3))
    assert three.active_power_support.limit_max_discharge_power.percentage_value == (100,) * 3
    assert read(SaeControl, spell(sae.DERControlCPDRes, three, 3)) == three


@pytest.mark.parametrize("sign", [1, -1])
def test_injection_has_the_sign_asked_for_and_is_read_as_a_magnitude(sign: int) -> None:
    told = spell(ratings.EVReactivePowerLimits, SaeReactiveRatings(), 3, sign=sign)
    assert number(told.ev_maximum_var_injection_during_charging_l2) == sign * 1_600.0
    assert number(told.ev_maximum_var_absorption_during_charging_l2) == 1_600.0
    assert read(SaeReactiveRatings, told) == SaeReactiveRatings()


def test_a_change_is_all_that_is_told_and_all_else_stays() -> None:
    before = example_sae().der_control
    limit = SaeLimitMaxDischargePower(enable=True, percentage_value=(50,))
    after = replace(before, active_power_support=replace(before.active_power_support, limit_max_discharge_power=limit))
    told = spell(sae.DERControlCLRes, after, 1, told=before)
    assert told.voltage_trip is told.frequency_trip is told.reactive_power_support_cl_res is None
    assert told.active_power_support_cl_res.volt_watt is None
    assert told.enter_service_cl_res == sae.EnterServiceCLRes(permit_service=True)
    assert read(SaeControl, told, before) == after


def test_a_curve_that_is_no_longer_in_a_changed_block_is_gone() -> None:
    """What a block of its own leaves out is not wanted; only the types of the loop leave out what stays."""
    control = example_sae().der_control
    trip = control.voltage_trip
    before = replace(control, voltage_trip=replace(trip, over_voltage_may_trip_curve=trip.over_voltage_must_trip_curve))
    told = spell(sae.DERControlCLRes, control, 1, told=before)
    assert read(SaeControl, told, before) == control


def test_settings_of_a_peer_that_can_not_be_are_a_fault_of_the_peer() -> None:
    told = spell(iec.DERControl, EVERYTHING.der_control, 3)
    curve = told.reactive_power_support.volt_var
    points = curve.curve_data_points.curve_data_point
    backwards = replace(curve, curve_data_points=iec.CurveDataPointsList(curve_data_point=points[::-1]))
    wrong = replace(told, reactive_power_support=iec.ReactivePowerSupport(volt_var=backwards))
    with pytest.raises(SessionError, match="impossible settings"):
        read(IecControl, wrong)


def test_a_line_that_is_left_out_is_as_the_first() -> None:
    limit = sae.LimitMaxDischargePower(enable=True, percentage_value=10, percentage_value_l3=30)
    assert read(SaeLimitMaxDischargePower, limit).percentage_value == (10, 10, 30)


@settings(max_examples=20, deadline=None)
@given(messages(sae.DERControlCPDRes), messages(iec.DERControl))
def test_whatever_a_peer_says_is_read_or_refused(control: Any, other: Any) -> None:
    for cls, record in ((SaeControl, control), (IecControl, other)):
        try:
            plain = read(cls, record)
        except SessionError:
            continue
        # The thousandth is told: smaller ones of the peer's are lost when they are told on.
        spell(type(record), plain, 3)


def test_thousandths_survive() -> None:
    droop = spell(sae.DERControlCPDRes, example_sae().der_control, 1).active_power_support_cpd_res.frequency_droop
    assert number(droop.over_frequency_droop.db) == 0.036
    assert rational(0.036).value == 0  # which the usual tenth would make of it
