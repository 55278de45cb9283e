"""What becomes of a run: verdicts, their reasons and places."""

from typing import Any

import pytest

from conformance.case import Verdict
from conformance.mutants import MUTANTS
from conformance.pics import FEATURES, SidePics, load
from conformance.runner import find, run, selected
from conformance.sut import CannotObserve, CannotSet, Sut
from conformance.virtual import VirtualBench
from conformance.virtual.station import VirtualStation
from iso15118.errors import LocalError


def one(id_: str) -> Any:
    (case,) = [case for case in find() if case.id == id_]
    return case


class Remote(VirtualStation):
    """A station of which only the network is seen, as one at an address would be."""

    def set(self, condition: str, value: Any) -> None:
        if condition not in ("pilot", "car_contactor", "car_power_w"):
            raise CannotSet(condition)
        super().set(condition, value)

    def observe(self, quantity: str) -> Any:
        raise CannotObserve(quantity)


class RemoteBench(VirtualBench):
    def station(self, setup: Any) -> Sut:
        return Remote(setup)


def test_what_can_not_be_set_or_seen_is_inconclusive():
    bench = RemoteBench()
    result = run(one("CL-11"), bench)
    assert (result.verdict, result.reason) == (Verdict.INCONC, "this SUT can't be set to: target_w")
    result = run(one("DC-03/400 V"), bench)
    assert result.verdict is Verdict.INCONC
    assert run(one("TI-01/CableCheck"), bench).reason == "this SUT does not show: contactor"
    assert run(one("SS-01"), bench).verdict is Verdict.PASS


def test_a_setup_nobody_knows_is_inconclusive():
    with pytest.raises(CannotSet):
        VirtualStation({"colour": "red"})


def test_a_failure_on_the_way_says_nothing_about_the_purpose():
    with MUTANTS["no-generator-mode"].active():
        assert run(one("SV-05"), VirtualBench()).verdict is Verdict.FAIL
    with MUTANTS["no-pre-charge"].active():
        result = run(one("CL-11"), VirtualBench())
    assert result.verdict is Verdict.INCONC
    assert result.reason.startswith("on the way to ChargeLoop: the outlet's voltage does not come")
    assert (result.step, result.message, result.field) == ("PreCharge", "DC_PreChargeRes", "EVSEPresentVoltage")


def test_a_sut_that_breaks_down_has_failed():
    with MUTANTS["damage-crashes"].active():
        result = run(one("ER-04/SECC/no EXI at all"), VirtualBench())
    assert result.verdict is Verdict.FAIL
    assert result.reason.startswith("the SUT broke down: CodecError")


def test_a_failure_has_its_place():
    with MUTANTS["session-id-zero"].active():
        result = run(one("SS-01"), VirtualBench())
    assert (result.verdict, result.message, result.field) == (Verdict.FAIL, "SessionSetupRes", "SessionID")
    assert result.reason == "SessionID is zero"


def test_pics_select_by_service_feature_and_the_lack_of_one():
    pics = SidePics(services=("DC",), supports=("dynamic",))
    assert pics.select(("DC", "dynamic", "not standby"))
    assert not pics.select(("DC_BPT",))
    assert not pics.select(("not dynamic",))
    with pytest.raises(LocalError):
        pics.holds("magic")


def test_our_own_pics_leave_out_what_we_do_not_do():
    pics = load()
    assert not set(pics.station.supports) - FEATURES.keys()
    left_out = [case.id for case in find() if not selected(case, pics)]
    assert all("standby" not in id_ for id_ in left_out)
