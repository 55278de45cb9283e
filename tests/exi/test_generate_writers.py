from __future__ import annotations

from iso15118.exi.generate_writers import JsonSource, WriterSource
from tests.exi.test_generate import record


def test_where_one_state_is_possible_its_code_is_a_number():
    text = WriterSource(record("DC", "DC_CableCheckRes"), "write").text()
    assert "[s]" not in text


def test_where_several_are_possible_the_code_is_looked_up():
    text = WriterSource(record("DC", "DC_ChargeLoopReq"), "write").text()
    assert "acc = acc << W1[s] | (2 - F2[s])" in text


def test_json_members_are_schema_names():
    text = JsonSource(record("DC", "EVPresentVoltage"), "json").text()
    assert "    d['Exponent'] = x\n" in text
    assert "    if type(x) is not int or not -32768 <= x <= 32767: raise Irregular\n" in text
