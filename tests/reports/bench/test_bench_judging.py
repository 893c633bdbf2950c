"""The verdict of a document as exit status and error."""

from __future__ import annotations

from typing import Any

import pytest
from bench_documents import document_of, run_of

from benchmarks.bench_document import BenchDocument, BenchRun, EnvironmentFinding, Gate
from reports.bench.judging import decisive, errors_of, judged, with_refusal
from toolkit.errors import CheckFailed, EnvironmentFailed, Inconclusive, RegressionFound

NOISE = EnvironmentFinding(name="steal", severity="too_noisy", message="the host took 5.0 %")
CLOCK = EnvironmentFinding(name="clock", severity="problem", message="the clock went backwards")


def failed(code: str | None) -> BenchRun:
    return BenchRun(
        arm="b",
        backend="b",
        precision_requested="f32",
        status="failed",
        failure="it crashed",
        failure_code=code,
    )


def gate(verdict: Any, state: Any = "compared") -> Gate:
    return Gate(kind="against", state=state, old="a", new="b", margin=0.03, verdict=verdict, reason="because")


CASES = [
    (document_of([run_of("a")]), 0, "pass", None),
    (document_of([run_of("a")], gate=gate("pass")), 0, "pass", None),
    (document_of([run_of("a")], gate=gate("regression")), 2, "regression", "CTK201"),
    (document_of([run_of("a")], gate=gate("inconclusive")), 3, "inconclusive", "CTK303"),
    (document_of([run_of("a")], findings=[NOISE]), 3, "inconclusive", "CTK303"),
    (document_of([run_of("a")], findings=[NOISE], gate=gate("regression")), 2, "regression", "CTK201"),
    (document_of([run_of("a")], findings=[CLOCK]), 4, "fail", "CTK410"),
    (document_of([run_of("a"), failed("CTK408")]), 4, "fail", "CTK408"),
    (document_of([run_of("a"), failed(None)]), 4, "fail", "CTK404"),
    (document_of([run_of("a"), failed("CTK404")], gate=gate("regression")), 4, "fail", "CTK404"),
    (document_of([run_of("a"), failed("CTK517"), failed("CTK404")]), 5, "fail", "CTK517"),
    (document_of([run_of("a"), failed("CTK604"), failed("CTK517")]), 64, "fail", "CTK604"),
    (document_of([]), 3, "inconclusive", "CTK301"),
    (document_of([run_of("a")], verdict="inconclusive", reasons=["still warming up"]), 3, "inconclusive", "CTK303"),
    (document_of([run_of("a")], verdict="inconclusive", settings={"quick": True}), 0, "inconclusive", None),
]  # fmt: skip


@pytest.mark.parametrize(("document", "status", "verdict", "code"), CASES)
def test_status_verdict_and_error_agree(document: BenchDocument, status: int, verdict: str, code: str | None):
    found = judged(document)
    assert (found.exit_status, found.document.verdict) == (status, verdict)
    errors = errors_of(found)
    assert [(error.code, error.exit_status) for error in errors] == ([(code, status)] if code else [])


def test_an_interrupt_decides_and_has_no_error_of_ours():
    found = judged(document_of([run_of("a"), failed("CTK404")], verdict="incomplete"))
    assert (found.exit_status, found.document.verdict) == (130, "incomplete")
    assert errors_of(found) == []


def test_every_reason_stands_in_the_line_or_a_note():
    document = document_of([run_of("a"), failed("CTK404")], findings=[NOISE], gate=gate("regression"))
    found = judged(document)
    (error,) = errors_of(found)
    said = [error.what, *error.notes]
    for part in ("it crashed", "the host took 5.0 %", "because"):
        assert sum(part in text for text in said) == 1


def test_an_undecided_gate_says_how_many_launches_would_decide():
    undecided = gate("inconclusive").model_copy(update={"launches_needed": 12})
    (error,) = errors_of(judged(document_of([run_of("a")], gate=undecided)))
    assert error.notes[-1] == "about 12 launches would decide: --launches 12"


def test_a_refused_comparison_keeps_the_figures_and_never_passes():
    other = EnvironmentFailed("CTK411", "the baseline was measured on another machine")
    found = with_refusal(judged(document_of([run_of("a")])), other)
    assert (found.exit_status, found.document.verdict) == (4, "fail")
    assert found.document.runs[0].status == "ok"
    assert found.document.reasons[0] == "--baseline: CTK411 the baseline was measured on another machine"
    assert errors_of(found) == [other]
    noisy = with_refusal(judged(document_of([run_of("a")], findings=[NOISE])), other)
    assert [error.code for error in errors_of(noisy)] == ["CTK411", "CTK303"]
    assert decisive(errors_of(noisy)) is other


def test_of_several_errors_one_decides_and_all_are_listed():
    regression = RegressionFound("CTK201", "slower", notes=["by 8 %"])
    space = EnvironmentFailed("CTK402", "no space", notes=["free some"])
    noise = Inconclusive("CTK303", "too noisy")
    error = decisive([regression, noise, space])
    assert error is space
    assert error.notes == ("free some", "also: CTK201 slower", "by 8 %", "also: CTK303 too noisy")
    assert decisive([noise, CheckFailed("CTK101", "x")]).code == "CTK101"
    assert decisive([]) is None


def test_a_control_that_failed_alone_is_the_error():
    words = "the process of x (control) was killed (SIGKILL)"
    found = judged(document_of([run_of("x")], control_failure=f"CTK404 {words}"))
    assert (found.exit_status, found.document.verdict) == (4, "fail")
    (error,) = errors_of(found)
    assert (error.code, error.exit_status) == ("CTK404", 4)
    assert f"there is no control: {words}" in error.what
