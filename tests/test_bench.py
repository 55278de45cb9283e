"""The bench measures real messages by real processes; how quick they are is nobody's business here."""

import json
import sys

import msgspec
import pytest

from bench.exi import main
from bench.measure import Child, Lost, codecs, measure
from bench.messages import CHAINS, KEYS, LOOPS, MESSAGES
from bench.mirror import mirror_of, mirror_type
from bench.report import Target, targets
from iso15118 import exi
from iso15118.messages.iso20 import dc
from iso15118.messages.iso20.types import DetailedTax, RationalNumber, Receipt

SIZES = {"SessionSetupReq": (30, 50), "CertificateInstallationRes": (4700, 5000), "AuthorizationReq": (2400, 2600)}


@pytest.mark.parametrize("name", MESSAGES)
def test_the_measured_messages_survive(name):
    data = exi.encode(MESSAGES[name], KEYS[name])
    assert exi.decode(data, KEYS[name]) == MESSAGES[name]
    least, most = SIZES.get(name, (50, 300))
    assert least <= len(data) <= most


@pytest.mark.parametrize("name", MESSAGES)
def test_a_mirror_has_the_content_of_its_message(name):
    mirror = mirror_of(MESSAGES[name])
    text = msgspec.json.encode(mirror)
    assert text == msgspec.json.encode(MESSAGES[name])
    assert msgspec.json.decode(text, type=type(mirror)) == mirror


def test_a_mirror_has_the_concrete_member_and_the_ranges():
    mirror = mirror_type(MESSAGES["DC_ChargeLoopReq"])
    fields = {field.name: field.type for field in msgspec.structs.fields(mirror)}
    assert fields["cl_req_control_mode"].__args__[0].__name__ == "BPT_Dynamic_DC_CLReqControlMode"
    text = msgspec.json.encode(MESSAGES["DC_ChargeLoopReq"])
    for wrong in (text.replace(b'"Value":4012', b'"Value":32768'), text.replace(b'"Exponent":-1', b'"Exponent":-129')):
        assert wrong != text
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(wrong, type=mirror)


def test_a_mirror_tells_records_that_are_filled_in_other_ways_apart():
    ten = RationalNumber(exponent=0, value=10)
    loop = msgspec.structs.replace(
        MESSAGES["DC_ChargeLoopRes"],
        receipt=Receipt(time_anchor=0, tax_costs=(DetailedTax(tax_rule_id=1, amount=ten),)),
        cl_res_control_mode=dc.Scheduled_DC_CLResControlMode(evse_maximum_charge_power=ten),
    )
    mirror = mirror_of(loop)
    assert msgspec.json.encode(mirror) == msgspec.json.encode(loop)
    assert type(mirror.cl_res_control_mode).__name__ == "Scheduled_DC_CLResControlMode"


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A run as short as can be."""
    out = tmp_path_factory.mktemp("bench") / "out" / "bench.json"
    main(["--no-josev", "--repeats", "2", "--batch-ms", "0.1", "--out", str(out)])
    return json.loads(out.read_text(encoding="utf-8"))


def test_a_run_writes_what_programs_read(measured):
    assert set(measured) == {"machine", "versions", "exi"}
    assert list(measured["exi"]) == list(MESSAGES)
    for name, row in measured["exi"].items():
        assert set(row) == {"bytes", "interpreter", "generated", "compiled", "msgspec_json", "josev"}
        assert row["bytes"] == len(exi.encode(MESSAGES[name], KEYS[name]))
        assert row["josev"] is None
        for codec in ("interpreter", "generated", "compiled", "msgspec_json"):
            if codec == "compiled" and row[codec] is None:
                continue
            assert set(row[codec]) == {"decode_us", "encode_us"}
            for spread in row[codec].values():
                assert set(spread) == {"min", "median"}
                assert 0 < spread["min"] <= spread["median"]


def test_a_run_judges_every_target(measured):
    verdicts = {target.what: target.verdict for target in targets(measured)}
    assert len(verdicts) == 4 * len(LOOPS) + 2 * len(CHAINS) + len(MESSAGES)
    for what, verdict in verdicts.items():
        if "compiled" not in what:
            assert verdict in {"met", "missed"}
        if "Josev" in what:
            assert verdict == "not measured"


def test_a_run_prints_a_table_and_why_something_is_missing(capsys, tmp_path):
    places = f"--out {tmp_path / 'bench.json'} --page {tmp_path / 'page.md'}"
    main(f"--no-josev --repeats 1 --batch-ms 0.01 {places} --only SessionSetupReq --codec generated".split())
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert page.count("| SessionSetupReq | 39 | - |") == 2
    assert "Not measured: Josev: left out by --no-josev" in page
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("SessionSetupReq") for line in lines) == 2
    assert "not measured: Josev: left out by --no-josev" in lines
    assert any(line.startswith("not measured ") and "DC_ChargeLoopReq" in line for line in lines)


def test_a_target_is_a_cost_to_stay_below_or_a_gain_to_reach():
    assert Target("cost", 10.0, 10.0).verdict == "met"
    assert Target("cost", 10.1, 10.0).verdict == "missed"
    assert Target("gain", 500.0, 500.0, at_least=True).verdict == "met"
    assert Target("gain", 499.0, 500.0, at_least=True).verdict == "missed"
    assert Target("gain", None, 500.0, at_least=True).verdict == "not measured"


def test_ratios_are_of_minima_and_against_the_cheaper_loop():
    def row(decode, encode):
        return {"decode_us": {"min": decode, "median": 1e6}, "encode_us": {"min": encode, "median": 1e6}}

    nothing = {"compiled": None, "josev": None, "msgspec_json": row(1.0, 0.5)}
    document = {
        "exi": {
            "DC_ChargeLoopReq": {**nothing, "generated": row(9.0, 9.0)},
            "DC_ChargeLoopRes": {**nothing, "generated": row(11.0, 5.0)},
            "AuthorizationReq": {
                **nothing,
                "generated": row(30.0, 14.0),
                "compiled": row(2.0, 4.0),
                "josev": row(8e3, 8e2),
            },
        }
    }
    found = {target.what: target.ratio for target in targets(document)}
    assert found["generated decode of DC_ChargeLoopRes against msgspec.json"] == pytest.approx(11)
    assert found["generated encode of DC_ChargeLoopReq against msgspec.json"] == pytest.approx(18)
    assert found["generated decode of AuthorizationReq against a charge-loop message"] == pytest.approx(30 / 9)
    assert found["generated encode of AuthorizationReq against a charge-loop message"] == pytest.approx(14 / 5)
    assert found["gain of compiled over Josev's codec, AuthorizationReq, both ways"] == pytest.approx(200)
    assert found["gain of compiled over Josev's codec, DC_ChargeLoopReq, both ways"] is None


def test_a_codec_that_is_not_there_has_a_reason():
    with codecs(["telepathic"]) as (there, missing):
        assert not there
        assert "telepathic" in missing


def test_a_process_that_ends_is_said_so():
    with codecs(["msgspec_json"]) as (there, missing):
        assert not missing
        with pytest.raises(Lost, match="ended"):
            measure(there, ["NoSuchMessage"], repeats=1, batch_us=1.0)
    with pytest.raises(Lost, match="said"):
        Child([sys.executable, "-c", "print('good morning')"], {})
