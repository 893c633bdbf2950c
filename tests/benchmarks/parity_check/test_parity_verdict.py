"""What pairs and controls come to, and the exit status."""

from __future__ import annotations

import pytest

from benchmarks.machine import Machine
from benchmarks.parity_check.judging import Judged
from benchmarks.parity_check.pair_verdict import pair_verdict
from benchmarks.parity_check.verdict import document_verdict, exit_status
from benchmarks.parity_document import ParityControl, ParityDocument, ParityModel, ParityPair, ParityReference


def pair(verdict: str, *, decides: bool = True, code: str | None = None) -> ParityPair:
    return ParityPair(
        backend="b", precision_requested="f32", decides=decides, verdict=verdict, failure_code=code
    )  # type: ignore[arg-type]


def control(seen: bool) -> ParityControl:
    return ParityControl(
        fault="ab swapped", layer=None, backend="b", outputs=[], delta_e2000=None, layer_named=None, seen=seen
    )


def status(pairs: list[ParityPair], controls: list[ParityControl], interrupted: bool = False):
    verdict, reasons = document_verdict(pairs, controls, interrupted=interrupted)
    machine = Machine(
        cpu=None, cores=None, logical_cores=None, usable_cores=1, flags=None, memory_bytes=None, kernel="k",
        python="3", versions={},
    )  # fmt: skip
    document = ParityDocument(
        created="", ctk="", machine=machine, model=ParityModel(name="m", weights="own"), preset=None,
        reference=ParityReference(kind="backend", name="r", sha256=None), inputs=[], rule="", pairs=pairs,
        baseline=None, controls=controls, verdict=verdict, reasons=reasons,
    )  # fmt: skip
    return verdict, exit_status(document)


@pytest.mark.parametrize(
    ("pairs", "controls", "wanted"),
    [
        ([pair("pass")], [control(True)], ("pass", 0)),
        ([pair("pass"), pair("fail", decides=False)], [], ("pass", 0)),
        ([pair("pass"), pair("fail")], [control(True)], ("fail", 1)),
        ([pair("pass")], [control(True), control(False)], ("inconclusive", 3)),
        ([pair("fail")], [control(False)], ("fail", 1)),
        ([], [], ("inconclusive", 3)),
        ([pair("pass", decides=False)], [], ("inconclusive", 3)),
        ([pair("inconclusive")], [], ("inconclusive", 3)),
        ([pair("pass"), pair("failed", code="CTK404")], [], ("incomplete", 4)),
        ([pair("pass"), pair("failed", code="CTK508")], [], ("incomplete", 5)),
        ([pair("fail"), pair("failed", code="CTK404")], [], ("fail", 4)),
        ([pair("pass"), pair("failed", decides=False, code="CTK404")], [], ("pass", 0)),
        ([pair("failed", code="CTK604"), pair("failed", code="CTK517")], [], ("incomplete", 64)),
    ],
)
def test_verdict_and_exit_status(
    pairs: list[ParityPair], controls: list[ParityControl], wanted: tuple[str, int]
):
    assert status(pairs, controls) == wanted


def test_an_interrupted_run_is_incomplete_and_130():
    assert status([pair("pass")], [], interrupted=True) == ("incomplete", 130)


@pytest.mark.parametrize(
    ("pairs", "count", "wanted"),
    [
        ([pair("pass")], 3, "pass"),
        ([pair("pass")], 2, "inconclusive"),
        ([pair("pass")], 0, "inconclusive"),
        ([pair("pass"), pair("fail")], 0, "fail"),
        ([pair("pass"), pair("failed")], 2, "incomplete"),
    ],
)
def test_too_few_controls_prove_nothing(pairs: list[ParityPair], count: int, wanted: str):
    verdict, reasons = document_verdict(pairs, [control(True)] * count, controls_asked=True)
    assert verdict == wanted
    said = any("it takes 3 to know" in reason for reason in reasons)
    assert said is (count < 3)
    assert document_verdict([pair("pass")], [control(True)] * count) == ("pass", [])


def test_a_control_that_met_an_error_leaves_the_run_inconclusive():
    broken = control(False).model_copy(update={"failure": "CTK404 it fell over"})
    verdict, reasons = document_verdict([pair("pass")], [control(True)] * 3 + [broken], controls_asked=True)
    assert verdict == "inconclusive"
    assert "could not be run: CTK404 it fell over" in reasons[0]


def test_a_control_in_an_artifact_that_fails_takes_nothing_from_the_failure():
    verdict, reasons = document_verdict([pair("fail")], [control(False)] * 3, controls_asked=True)
    assert verdict == "fail"
    assert all("cannot see" not in reason for reason in reasons)
    assert reasons[1] == "the control 'ab swapped' passes, made in an artifact that itself fails"


def test_grey_fails_whatever_the_rule_says():
    assert pair_verdict(Judged([], passed=True), True)[0] == "fail"
    assert pair_verdict(Judged([], passed=True), False) == ("pass", None)
    assert pair_verdict(Judged([], passed=True), None) == ("pass", None)
    assert pair_verdict(Judged([]), None)[0] == "inconclusive"
