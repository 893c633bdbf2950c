"""The verdict of a whole document: each reason alone, and several at once in the order of DESIGN §4."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from bench_documents import control_of, document_of, launches_of, run_of

from benchmarks.baseline.gates import document_verdict, judged
from benchmarks.bench_document import EnvironmentFinding, Gate, Plausibility


def gate_of(verdict: str, **parts: Any) -> Gate:
    given: dict[str, Any] = {"kind": "against", "state": "compared", "old": "a", "new": "b", "margin": 0.03}
    return Gate(verdict=verdict, reason="because", **(given | parts))


def finding_of(severity: str, **parts: Any) -> EnvironmentFinding:
    return EnvironmentFinding(name="steal", severity=severity, message="stolen", **parts)


GOOD = run_of("good")
IMPLAUSIBLE = run_of("odd", plausibility=Plausibility(floor_ms=9, verdict="implausible", arithmetic="5 < 9"))
COLD = run_of("cold", launches=[one.model_copy(update={"warm": False}) for one in launches_of(5.0)])
EMPTY = run_of("empty", stages={}, launches=[])


def failed(code: str | None) -> Any:
    return run_of("bad", status="failed", failure="it died\nfar below", failure_code=code, launches=[])


# By name: what is given, the verdict, the exit status, and a word of the reason.
ALONE: dict[str, tuple[dict[str, Any], str, int, str]] = {
    "good": ({}, "pass", 0, "everything was measured"),
    "gate passed": ({"gate": gate_of("pass")}, "pass", 0, "--against: pass: because"),
    "description": ({"gate": gate_of("description", state="other machine")}, "pass", 0, "description"),
    "regression": ({"gate": gate_of("regression")}, "regression", 2, "--against: regression"),
    "undecided gate": ({"gate": gate_of("inconclusive")}, "inconclusive", 3, "inconclusive: because"),
    "no baseline": (
        {"gate": gate_of("inconclusive", kind="baseline", state="no baseline yet")},
        "inconclusive",
        3,
        "--baseline",
    ),
    "wide control": (
        {"gate": gate_of("pass"), "control": control_of(0.9, 1.1)},
        "inconclusive",
        3,
        "does not resolve 3.00%",
    ),
    "too noisy": ({"findings": [finding_of("too_noisy")]}, "inconclusive", 3, "too noisy: stolen"),
    "problem": ({"findings": [finding_of("problem")]}, "fail", 4, "the environment: stolen"),
    "allowed": ({"findings": [finding_of("note", allowed=True)]}, "pass", 0, "stolen"),
    "implausible": ({"runs": [GOOD, IMPLAUSIBLE]}, "inconclusive", 3, "odd: implausible: 5 < 9"),
    "cold": ({"runs": [GOOD, COLD]}, "inconclusive", 3, "cold: still getting faster at the end of 5 of 5"),
    "died": ({"runs": [GOOD, failed(None)]}, "fail", 4, "bad: failed: it died"),
    "no memory": ({"runs": [GOOD, failed("CTK408")]}, "fail", 4, "bad: failed"),
    "damaged": ({"runs": [GOOD, failed("CTK517")]}, "fail", 5, "bad: failed"),
    "skipped": ({"runs": [GOOD, run_of("s", status="skipped", failure="why")]}, "pass", 0, "s: skipped: why"),
    "all skipped": ({"runs": [run_of("s", status="skipped")]}, "inconclusive", 3, "nothing was measured"),
    "no run": ({"runs": []}, "inconclusive", 3, "nothing was measured"),
    "empty": ({"runs": [EMPTY]}, "inconclusive", 3, "empty: nothing was measured"),
    "interrupted": ({"interrupted": True}, "incomplete", 130, "interrupted"),
    "quick": ({"quick": True}, "inconclusive", 0, "never a verdict"),
}


def verdict_of(**given: Any) -> Any:
    return document_verdict(**({"runs": [GOOD], "findings": [], "control": control_of()} | given))


@pytest.mark.parametrize("name", ALONE)
def test_alone(name: str):
    given, verdict, exit_status, word = ALONE[name]
    found = verdict_of(**given)
    assert (found.verdict, found.exit_status) == (verdict, exit_status)
    assert word in found.reasons[0]
    assert "far below" not in "".join(found.reasons)


def mergeable(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return not ((first.keys() & second.keys()) - {"runs", "findings"}) and first != second


PAIRS = [pair for pair in combinations(ALONE, 2) if mergeable(ALONE[pair[0]][0], ALONE[pair[1]][0])]


def test_of_two_the_order_of_design_decides_and_both_are_listed():
    order = [130, 70, 64, 5, 4, 1, 2, 3, 0]
    assert len(PAIRS) > 100
    for one, other in PAIRS:
        (first, _, first_exit, first_word), (second, _, second_exit, second_word) = ALONE[one], ALONE[other]
        merged = first | second
        for key in {"runs", "findings"} & first.keys() & second.keys():
            merged[key] = first[key] + second[key]
        if "all skipped" in {one, other} or "no run" in {one, other} or merged.get("quick"):
            continue  # these are about everything that was given
        found = verdict_of(**merged)
        assert found.exit_status == min((first_exit, second_exit), key=order.index), (one, other)
        text = "\n".join(found.reasons)
        assert all(word in text for word, name in ((first_word, one), (second_word, other)) if name != "good")


@pytest.mark.parametrize(
    ("reached", "status"), [(False, 3), (True, 0), (None, 0)], ids=["missed", "reached", "not asked"]
)
def test_a_target_that_was_not_reached_is_no_pass(reached: bool | None, status: int):
    document = document_of([GOOD], settings={"until_ci": 0.01, "until_reached": reached})
    _, found = judged(document)
    assert found.exit_status == status
    assert ("--until ci=1.00%: not reached with 5 launches" in found.reasons) == (status == 3)


def test_a_quick_run_keeps_its_exit_status_for_everything_but_the_warm_up():
    assert verdict_of(quick=True, runs=[COLD]).exit_status == 0
    assert verdict_of(quick=True, runs=[failed(None)]).exit_status == 4
    assert verdict_of(quick=True, gate=gate_of("inconclusive")).exit_status == 3


def test_throughput_has_no_stages_and_is_measured_all_the_same():
    run = run_of("t", stages={}, launches=[], items_per_s=12.5)
    assert verdict_of(runs=[run]).exit_status == 0


def test_the_document_gets_its_gate_verdict_and_reasons():
    document, found = judged(document_of([GOOD]), gate_of("regression"))
    assert (document.verdict, found.exit_status) == ("regression", 2)
    assert document.gate is not None
    assert document.reasons == found.reasons
    again, same = judged(document)
    assert (again, same) == (document, found)


def test_what_was_interrupted_stays_incomplete():
    document, found = judged(document_of([GOOD], verdict="incomplete"), gate_of("pass"))
    assert (document.verdict, found.exit_status) == ("incomplete", 130)
