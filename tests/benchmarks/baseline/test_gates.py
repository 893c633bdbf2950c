"""The gate of two arms in one run, on medians whose true ratio is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench_documents import control_of, document_of, launches_of, run_of
from scipy import stats

from benchmarks.baseline.doubts import doubts
from benchmarks.baseline.gates import against_gate
from benchmarks.bench_document import BenchDocument, Comparison, EnvironmentFinding, Plausibility
from toolkit.errors import UsageFault


def both(slowdown: float, **parts: Any) -> BenchDocument:
    return document_of([run_of("old", 5.0, seed=1), run_of("new", 5.0 * slowdown, seed=2)], **parts)


@pytest.mark.parametrize(
    ("slowdown", "verdict"), [(0.9, "pass"), (1.0, "pass"), (1.03, "inconclusive"), (1.08, "regression")]
)
def test_the_true_ratio_decides(slowdown: float, verdict: str):
    gate = against_gate(both(slowdown), "old", "new", 0.03)
    assert (gate.kind, gate.state, gate.old, gate.new, gate.margin) == (
        "against",
        "compared",
        "old",
        "new",
        0.03,
    )
    assert gate.verdict == verdict
    assert gate.ratio == pytest.approx(slowdown, rel=0.01)
    assert gate.ci95 is not None
    assert gate.ci95[0] < slowdown < gate.ci95[1]


def test_the_interval_is_scipys_over_launches():
    document = both(1.05)
    old, new = document.runs
    means = [
        np.mean(np.log(np.array(b.rounds_ms) / np.array(a.rounds_ms)))
        for a, b in zip(old.launches, new.launches, strict=True)
    ]
    wanted = np.exp(stats.t.interval(0.95, 4, loc=np.mean(means), scale=stats.sem(means)))
    gate = against_gate(document, "old", "new", 0.03)
    assert gate.ci95 == pytest.approx(tuple(wanted), rel=1e-9)


def test_the_documents_own_comparison_counts_also_when_it_is_turned_round():
    one = Comparison(
        a="new", b="old", stage="infer", ratio=0.5, ci95=(0.4, 0.625), cross_check=(0.45, 0.6),
        n_launches=5, n_rounds=20, verdict="faster",
    )  # fmt: skip
    gate = against_gate(both(1.0, comparisons=[one]), "old", "new", 0.03)
    assert gate.ratio == pytest.approx(2.0)
    assert gate.ci95 == pytest.approx((1.6, 2.5))
    assert gate.verdict == "regression"
    total = one.model_copy(update={"stage": "total"})
    assert against_gate(both(1.0, comparisons=[total]), "old", "new", 0.03).verdict == "pass"


def test_launches_that_lack_a_round_are_left_out():
    new = run_of("new", 5.0, seed=2)
    short = new.launches[1].model_copy(update={"rounds_ms": [50.0]})
    new = new.model_copy(update={"launches": [new.launches[0], short, *new.launches[2:4]]})
    gate = against_gate(document_of([run_of("old", 5.0, seed=1), new]), "old", "new", 0.03)
    assert gate.ratio == pytest.approx(1.0, rel=0.01)
    assert gate.verdict == "pass"


def test_a_noisy_control_leaves_an_8_percent_slowdown_undecided():
    gate = against_gate(both(1.08, control=control_of(0.96, 1.05)), "old", "new", 0.03)
    assert gate.verdict == "inconclusive"
    assert "cannot resolve 3.00%" in gate.reason


@pytest.mark.parametrize(
    "control", [control_of(stage="total"), control_of().model_copy(update={"ci95": None})]
)
def test_a_control_of_another_stage_or_of_one_launch_is_none(control: Any):
    gate = against_gate(both(1.08, control=control), "old", "new", 0.03)
    assert (gate.verdict, gate.reason) == (
        "inconclusive",
        "there is no control to say what this host can resolve",
    )


NOISY = EnvironmentFinding(name="steal", severity="too_noisy", message="the host took 9 %")


def test_a_noisy_host_forbids_a_regression_and_an_allowed_one_does_not():
    assert against_gate(both(1.2, findings=[NOISY]), "old", "new", 0.03).verdict == "inconclusive"
    allowed = NOISY.model_copy(update={"severity": "note", "allowed": True})
    assert against_gate(both(1.2, findings=[allowed]), "old", "new", 0.03).verdict == "regression"


def test_an_implausible_arm_and_one_that_was_not_warm_forbid_it():
    for parts, word in (
        ({"plausibility": Plausibility(floor_ms=9.0, verdict="implausible", arithmetic="5 < 9")}, "5 < 9"),
        ({"launches": [x.model_copy(update={"warm": x.launch > 1}) for x in launches_of(6.0)]}, "2 of 5"),
    ):
        document = document_of([run_of("old", 5.0, seed=1), run_of("new", 6.0, **parts)])
        gate = against_gate(document, "old", "new", 0.03)
        assert gate.verdict == "inconclusive"
        assert word in gate.reason


def test_a_ratio_that_moves_within_launches_forbids_it():
    falling = [one.model_copy(update={"rounds_ms": [5.0, 4.8, 4.6, 4.4]}) for one in launches_of(5.0)]
    for old, new in ((launches_of(4.2, seed=1), falling), (falling, launches_of(5.2, seed=1))):
        document = document_of([run_of("old", launches=old), run_of("new", launches=new)])
        gate = against_gate(document, "old", "new", 0.03)
        assert gate.verdict == "inconclusive"
        assert "from the first half of each launch to its second" in gate.reason


def test_the_documents_own_comparison_may_move_too():
    one = Comparison(
        a="new", b="old", stage="infer", ratio=0.8, ci95=(0.79, 0.81), n_launches=5, n_rounds=20,
        verdict="faster", change=1.6, change_ci95=(1.5, 1.7),
    )  # fmt: skip
    gate = against_gate(both(1.0, comparisons=[one]), "old", "new", 0.03)
    assert gate.verdict == "inconclusive"
    assert "changes by -37.5%" in gate.reason


def test_one_cold_launch_of_five_may_be_chance():
    launches = [x.model_copy(update={"warm": x.launch > 0}) for x in launches_of(6.0)]
    document = document_of([run_of("old", 5.0, seed=1), run_of("new", launches=launches)])
    assert against_gate(document, "old", "new", 0.03).verdict == "regression"


def test_the_only_launch_that_was_not_warm_may_be_chance_too():
    for launches in (2, 3, 4):
        made = [x.model_copy(update={"warm": x.launch > 0}) for x in launches_of(6.0, launches=launches)]
        run = run_of("new", launches=made)
        assert doubts([], [run]) == []
        made[1] = made[1].model_copy(update={"warm": False})
        assert len(doubts([], [run_of("new", launches=made)])) == 1


def test_a_failed_arm_compares_nothing():
    document = document_of([run_of("old"), run_of("new", status="failed", launches=[])])
    gate = against_gate(document, "old", "new", 0.03)
    assert (gate.verdict, gate.ratio) == ("inconclusive", None)
    assert gate.reason == "nothing was compared: new failed"


def test_arms_without_a_launch_in_common_compare_nothing():
    document = document_of([run_of("old"), run_of("new", launches=[])])
    assert "no round has samples of both" in against_gate(document, "old", "new", 0.03).reason


def test_another_arithmetic_is_said():
    document = document_of([run_of("old"), run_of("new", precision_executed="bf16")])
    assert against_gate(document, "old", "new", 0.03).reason.endswith(
        "bf16 against f32: different arithmetic"
    )


@pytest.mark.parametrize("margin", [0.0, -0.03, float("nan"), float("inf"), 10.0])
def test_a_margin_that_is_none(margin: float):
    with pytest.raises(UsageFault) as caught:
        against_gate(both(1.0), "old", "new", margin)
    assert caught.value.code == "CTK601"


def test_an_unknown_arm_is_refused_with_the_nearest():
    with pytest.raises(UsageFault) as caught:
        against_gate(both(1.0), "olt", "new", 0.03)
    assert (caught.value.code, caught.value.notes) == ("CTK603", ("did you mean 'old'?",))


@pytest.mark.parametrize(
    ("batches", "slowdown", "verdict"),
    [((2, 1), 1.2, "regression"), ((1, 4), 1.2, "regression"), ((2, 1), 1.0, "pass"), ((1, 4), 0.9, "pass")],
)
def test_batches_of_different_sizes_are_compared_by_the_picture(
    batches: tuple[int, int], slowdown: float, verdict: str
):
    # An inference takes 5 ms for every picture of its batch.
    old = run_of("old", 5.0 * batches[0], seed=1, batch=batches[0])
    new = run_of("new", 5.0 * batches[1] * slowdown, seed=2, batch=batches[1])
    gate = against_gate(document_of([old, new]), "old", "new", 0.03)
    assert gate.verdict == verdict
    assert gate.ratio == pytest.approx(slowdown, rel=0.01)
    assert gate.reason.endswith(f"per picture, batches of {batches[1]} against {batches[0]}")
