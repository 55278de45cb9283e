"""Types of Amendment 1 that stand in several places, names with several types, and curves."""

from __future__ import annotations

import pytest

from iso15118 import exi
from iso15118.errors import CodecError
from iso15118.exi.datatypes import Enumeration
from iso15118.exi.grammar import schema_grammar
from iso15118.exi.interpreter import expected
from iso15118.messages.iso20.ac_der_iec import control as iec
from iso15118.messages.iso20.ac_der_iec.xmlns import XMLNS
from tests.exi.samples import rational
from tests.exi.test_der import DER, bits
from tests.exi.test_grammar import grammar_of

CURVE = iec.DERCurve(
    x_unit=iec.CurveDataPointsUnit.V,
    y_unit=iec.CurveDataPointsUnit.var,
    curve_data_points=iec.CurveDataPointsList(
        curve_data_point=tuple(
            iec.DataTuple(
                x_value=rational(220 + place), y_value=iec.SetpointExcitation(setpoint_value=rational(-place))
            )
            for place in range(2)
        )
    ),
    pt1_response_reactive_power=True,
    step_response_time_constant_reactive_power=rational(5, -1),
)
CURVES = ("volt_var", "watt_var", "watt_cos_phi")


def test_alternatives_of_one_type_differ_by_their_code_alone():
    streams = []
    for code, field in enumerate(CURVES):
        value = iec.ReactivePowerSupport(**{field: CURVE})
        stream = exi.encode(value, "AC_DER_IEC", "fragment")
        content = exi.decode_fragment(stream, "AC_DER_IEC")
        assert content.value == value
        assert exi.from_xml(exi.to_xml(value, "AC_DER_IEC", "fragment"), "AC_DER_IEC", "fragment").value == value
        # After the header and the nine bits of the fragment's code: two for three alternatives.
        assert int(bits(stream)[17:19], 2) == code
        streams.append(bits(stream)[:17] + bits(stream)[19:])
    assert streams == streams[:1] * 3


@pytest.mark.parametrize("fields", [(), CURVES[:2], CURVES])
def test_one_alternative_must_be_there_and_only_one(fields):
    value = iec.ReactivePowerSupport(**dict.fromkeys(fields, CURVE))
    with pytest.raises(CodecError, match="VoltVar"):
        exi.encode(value, "AC_DER_IEC", "fragment")


def test_a_type_behind_several_elements_needs_a_name_as_a_fragment():
    with pytest.raises(CodecError, match="name one"):
        exi.encode(CURVE, "AC_DER_IEC", "fragment")
    for name in ("VoltVar", "WattVar", "WattCosPhi"):
        content = exi.decode_fragment(exi.encode(CURVE, "AC_DER_IEC", "fragment", name), "AC_DER_IEC")
        assert (content.name.local, content.value) == (name, CURVE)


def active_power_support(frequency_delay: int, voltage_delay: int) -> iec.ActivePowerSupport:
    response = {"pt1_response_active_power": False, "step_response_time_constant_active_power": rational(1)}
    return iec.ActivePowerSupport(
        over_frequency_watt=iec.FrequencyWatt(
            fstart=rational(502, -1),
            fstop=rational(515, -1),
            slope=rational(5),
            intentional_delay_power_control=frequency_delay,
            power_reference=iec.PowerReference.MomentaryPower,
            hysteresis_control=False,
            **response,
        ),
        volt_watt=iec.VoltWatt(
            power_reference=iec.PowerReference.MaximumDischargePower,
            u_start=rational(250),
            u_stop=rational(260),
            intentional_delay_power_control=voltage_delay,
            **response,
        ),
    )


def test_one_name_with_two_types_has_the_range_of_its_place():
    greatest = active_power_support(2**16 - 1, 2**32 - 1)
    stream = exi.encode(greatest, "AC_DER_IEC", "fragment")
    assert exi.decode_fragment(stream, "AC_DER_IEC").value == greatest
    for beyond, place in (
        (active_power_support(2**16, 0), "OverFrequencyWatt"),
        (active_power_support(0, 2**32), "VoltWatt"),
    ):
        with pytest.raises(CodecError) as caught:
            exi.encode(beyond, "AC_DER_IEC", "fragment")
        assert caught.value.path == f"ActivePowerSupport/{place}/IntentionalDelayPowerControl"


def test_one_name_with_two_types_is_refused_as_a_fragment():
    """Which of the two is meant can't be told, and a value of one need not be a value of the other."""
    name = "IntentionalDelayPowerControl"
    (code,) = (code for code, each in enumerate(schema_grammar("AC_DER_IEC").fragment) if each.name.local == name)
    for value in (0, 2**16):
        with pytest.raises(CodecError, match=name):
            exi.encode(value, "AC_DER_IEC", "fragment", name)
        with pytest.raises(CodecError, match=name):
            exi.from_xml(f'<{name} xmlns="{XMLNS.uri}">{value}</{name}>', "AC_DER_IEC", "fragment")
        with pytest.raises(CodecError, match=name):
            exi.from_json({name: value}, "AC_DER_IEC", "fragment")
    # Header, the element's code, its value 0 between the codes of text and end, the fragment's end.
    stream = f"{0x80:08b}{code:09b}0{0:08b}0{260:09b}"
    stream += "0" * (-len(stream) % 8)
    with pytest.raises(CodecError, match=name):
        exi.decode_fragment(int(stream, 2).to_bytes(len(stream) // 8, "big"), "AC_DER_IEC")


@pytest.mark.parametrize("key", DER)
def test_a_curve_has_two_to_ten_points(key):
    grammar = grammar_of(key, "CurveDataPoints")
    (point,) = grammar.start.productions
    assert point.after is not None
    below, between, full = point.after
    assert (expected(grammar.start), grammar.start.width) == (expected(below), below.width) == ("CurveDataPoint", 1)
    assert (expected(between), between.width) == ("CurveDataPoint, the end", 2)
    assert (expected(full), full.width) == ("the end", 1)


def test_a_longest_curve_ends_by_one_bit_and_a_longer_one_is_refused():
    points = CURVE.curve_data_points.curve_data_point
    for count in (2, 10):
        value = iec.CurveDataPointsList(curve_data_point=points[:1] * count)
        stream = exi.encode(value, "AC_DER_IEC", "fragment")
        assert exi.decode_fragment(stream, "AC_DER_IEC").value == value
    bits_of = {count: len(points_stream(points[:1] * count)) for count in (2, 3, 9, 10)}
    # A point more costs its content and a code of two bits; the tenth saves a bit at the end, which is alone then.
    assert bits_of[10] - bits_of[9] == bits_of[3] - bits_of[2] - 1
    for count in (1, 11):
        with pytest.raises(CodecError, match=r"CurveDataPoint|points"):
            exi.encode(iec.CurveDataPointsList(curve_data_point=points[:1] * count), "AC_DER_IEC", "fragment")


def points_stream(points: tuple[iec.DataTuple, ...]) -> str:
    """Bits of a fragment up to its end, which is 260 in nine bits and so has two zeros in front of the padding."""
    stream = bits(exi.encode(iec.CurveDataPointsList(curve_data_point=points), "AC_DER_IEC", "fragment"))
    return stream.rstrip("0")


@pytest.mark.parametrize(("key", "literals", "width"), [("AC_DER_IEC", 5, 3), ("AC_DER_SAE", 11, 4)])
def test_units_of_curves(key, literals, width):
    for axis in ("xUnit", "yUnit"):
        (datatype,) = {each.datatype for each in schema_grammar(key).fragment if each.name.local == axis}
        assert isinstance(datatype, Enumeration)
        assert (len(datatype.members), datatype.width) == (literals, width)
