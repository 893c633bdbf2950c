"""A run against a stored one: the widened interval, other machines, other subjects, no baseline yet."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench_documents import MACHINE, control_of, document_of, launches_of, run_of
from scipy import stats

from benchmarks.baseline.comparing import (
    compare_with_baseline,
    no_baseline_yet,
    refuse_other_machine,
    refuse_other_subject,
)
from benchmarks.baseline.gates import document_verdict
from benchmarks.baseline.stored import why_no_baseline
from benchmarks.bench_document import BenchDocument, BenchModel, EnvironmentFinding
from toolkit.errors import EnvironmentFailed, UsageFault

OLD = document_of([run_of("openvino", 5.0, seed=1)])
ELSEWHERE = MACHINE.model_copy(update={"cores": 8, "kernel": "Linux 5.4"})


def new(median_ms: float = 5.0, **parts: Any) -> BenchDocument:
    return document_of([run_of("openvino", median_ms, seed=2)], **parts)


@pytest.mark.parametrize(
    ("median", "verdict"), [(4.0, "pass"), (5.0, "pass"), (5.15, "inconclusive"), (5.6, "regression")]
)
def test_the_true_ratio_decides(median: float, verdict: str):
    gate = compare_with_baseline(new(median), OLD, 0.03)
    assert (gate.kind, gate.state, gate.verdict) == ("baseline", "compared", verdict)
    assert gate.ratio == pytest.approx(median / 5.0, rel=0.01)


def test_the_interval_is_scipys_welch_widened_by_the_reach_of_the_stored_control():
    old = OLD.model_copy(update={"control": control_of(0.99, 1.005)})
    gate = compare_with_baseline(new(5.1), old, 0.03)
    logs = [
        [float(np.mean(np.log(launch.rounds_ms))) for launch in document.runs[0].launches]
        for document in (old, new(5.1))
    ]
    welch = stats.ttest_ind(logs[1], logs[0], equal_var=False).confidence_interval(0.95)
    reach = -np.log(0.99)
    assert gate.ci95 == pytest.approx((np.exp(welch.low - reach), np.exp(welch.high + reach)), rel=1e-9)


def test_a_stored_control_that_was_wide_takes_the_verdict():
    assert compare_with_baseline(new(5.4), OLD, 0.03).verdict == "regression"
    wide = OLD.model_copy(update={"control": control_of(0.93, 1.07)})
    assert compare_with_baseline(new(5.4), wide, 0.03).verdict == "inconclusive"


def test_without_a_control_on_either_side_nothing_is_decided():
    bare = OLD.model_copy(update={"control": None})
    gate = compare_with_baseline(new(9.0), bare, 0.03)
    assert (gate.verdict, gate.ci95) == ("inconclusive", None)
    assert gate.reason == "the baseline decides nothing: it has no control to say what the host could resolve"
    here = compare_with_baseline(new(9.0).model_copy(update={"control": None}), OLD, 0.03)
    assert (here.verdict, "no control" in here.reason) == ("inconclusive", True)


def test_a_noisy_host_here_forbids_a_regression():
    noisy = EnvironmentFinding(name="steal", severity="too_noisy", message="stolen")
    gate = compare_with_baseline(new(9.0, findings=[noisy]), OLD, 0.03)
    assert (gate.verdict, "stolen" in gate.reason) == ("inconclusive", True)


def test_no_baseline_yet_compares_nothing_unless_this_run_becomes_it():
    gate = compare_with_baseline(new(), None, 0.03)
    assert (gate.state, gate.verdict) == ("no baseline yet", "inconclusive")
    assert document_verdict(new().runs, [], gate, control_of()).exit_status == 3
    first = no_baseline_yet(0.03, saving=True)
    assert (first.state, first.verdict) == ("no baseline yet", "description")
    assert document_verdict(new().runs, [], first, control_of()).exit_status == 0


def test_another_machine_is_refused_with_every_field_that_differs():
    with pytest.raises(EnvironmentFailed) as caught:
        compare_with_baseline(new(machine=ELSEWHERE), OLD, 0.03)
    assert caught.value.code == "CTK411"
    assert caught.value.what.endswith("cores: 8 here, 4 there")
    assert "kernel: Linux 5 here, Linux 6 there" in caught.value.notes
    with pytest.raises(EnvironmentFailed, match="CTK411"):
        refuse_other_machine(OLD, ELSEWHERE)
    refuse_other_machine(OLD, MACHINE)


def test_another_runtime_is_another_machine():
    document = document_of([run_of("openvino", runtime_version="9")])
    with pytest.raises(EnvironmentFailed, match=r"runtime_versions, openvino: 9 here, 1\.2 there"):
        compare_with_baseline(document, OLD, 0.03)


def test_when_allowed_another_machine_is_described_and_never_judged():
    gate = compare_with_baseline(new(9.0, machine=ELSEWHERE), OLD, 0.03, allow_different_machine=True)
    assert (gate.state, gate.verdict) == ("other machine", "description")
    assert gate.ratio == pytest.approx(1.8, rel=0.01)
    assert "cores: 8 here" in gate.reason
    assert "kernel" in gate.reason
    assert document_verdict(new().runs, [], gate, control_of()).exit_status == 0
    same = compare_with_baseline(new(9.0), OLD, 0.03, allow_different_machine=True)
    assert same.verdict == "regression", "on an equal machine the permission changes nothing"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (new(model=BenchModel(name="other", weights="own")), "of the model 'tiny', and this run of 'other'"),
        (new(settings={"mode": "stream"}), "of the mode 'latency', and this run of 'stream'"),
        (new(settings={"preset": "omz-demo"}), "of the preset 'exact', and this run of 'omz-demo'"),
        (
            document_of([run_of("openvino", precision_executed="bf16")]),
            "precision executed of openvino is f32",
        ),
        (document_of([run_of("openvino", precision_requested="native")]), "precision requested"),
        (document_of([run_of("openvino", device="GPU")]), "device of openvino is CPU, and here it is GPU"),
        (document_of([run_of("openvino", batch=4)]), "batch of openvino is 1, and here it is 4"),
    ],
)
def test_another_subject_is_refused(document: BenchDocument, words: str):
    with pytest.raises(UsageFault, match=words) as caught:
        compare_with_baseline(document, OLD, 0.03, allow_different_machine=True)
    assert caught.value.code == "CTK601"


def test_the_subject_can_be_checked_before_measuring():
    refuse_other_subject(OLD, model="tiny", mode="latency", preset="exact")
    refuse_other_subject(OLD, model=None, mode="latency", preset="exact")
    with pytest.raises(UsageFault):
        refuse_other_subject(OLD, model="tiny", mode="cold", preset="exact")


def test_weights_and_names_of_arms_do_not_matter():
    document = document_of(
        [run_of("openvino threads=2", 5.6, seed=2, backend="openvino")],
        model=BenchModel(name="tiny", weights="released"),
    )
    gate = compare_with_baseline(document, OLD, 0.03)
    assert (gate.old, gate.new, gate.verdict) == ("openvino", "openvino threads=2", "regression")


def test_of_several_arms_the_worst_decides():
    old = document_of([run_of("a", seed=1), run_of("b", seed=3), run_of("c", seed=5)])
    runs = [run_of("a", 4.0, seed=2), run_of("b", 5.6, seed=4), run_of("d", 99.0)]
    gate = compare_with_baseline(document_of(runs), old, 0.03)
    assert (gate.new, gate.verdict) == ("b", "regression")
    assert gate.reason.startswith("b: ")
    assert gate.reason.endswith("the worst of 2 arms")


@pytest.mark.parametrize("other", [run_of("onnxruntime"), run_of("openvino", status="failed")])
def test_no_arm_in_common_compares_nothing(other: Any):
    gate = compare_with_baseline(document_of([other]), OLD, 0.03)
    assert (gate.verdict, gate.reason) == (
        "inconclusive",
        "nothing was compared: no arm that was measured here is in the baseline",
    )


def test_an_arm_without_samples_compares_nothing():
    gate = compare_with_baseline(document_of([run_of("openvino", launches=[])]), OLD, 0.03)
    assert (gate.verdict, gate.ratio) == ("inconclusive", None)
    assert gate.reason == "nothing was compared: openvino: one of the two runs has no sample"


def test_a_single_launch_gives_no_verdict():
    gate = compare_with_baseline(
        document_of([run_of("openvino", launches=launches_of(9, launches=1))]), OLD, 0.03
    )
    assert (gate.verdict, gate.reason) == ("inconclusive", "a single launch gives figures, never a verdict")


@pytest.mark.parametrize("margin", [0.0, -1.0, float("nan")])
def test_a_margin_that_is_none(margin: float):
    with pytest.raises(UsageFault, match="margin"):
        compare_with_baseline(new(), None, margin)


COLD = [one.model_copy(update={"warm": False}) for one in launches_of(5.0, seed=1)]
STOLEN = EnvironmentFinding(name="steal", severity="too_noisy", message="stolen")
UNFIT: dict[str, dict[str, Any]] = {
    "it was interrupted": {"verdict": "incomplete"},
    "its verdict is fail: a backend died": {"verdict": "fail", "reasons": ["a backend died"]},
    "the host was too noisy: stolen": {"findings": [STOLEN]},
    "its figures are imported, not measured": {"origin": "imported"},
    "openvino: still getting faster at the end of 5 of 5 launches": {
        "runs": [run_of("openvino", launches=COLD)]
    },
}


@pytest.mark.parametrize("reason", UNFIT)
@pytest.mark.parametrize("median", [5.0, 9.0])
def test_a_stored_run_that_could_not_have_been_saved_decides_nothing(reason: str, median: float):
    parts: dict[str, Any] = {"runs": OLD.runs} | UNFIT[reason]
    gate = compare_with_baseline(new(median), document_of(**parts), 0.03)
    assert (gate.verdict, gate.ratio) == ("inconclusive", pytest.approx(median / 5.0, rel=0.01))
    assert gate.reason.startswith(f"the baseline decides nothing: {reason}")


@pytest.mark.parametrize("origin", ["imported", "predicted"])
def test_figures_that_were_not_measured_are_no_measure(origin: Any):
    old = document_of([run_of("openvino", origin=origin), run_of("opencv")])
    gate = compare_with_baseline(new(), old, 0.03)
    assert (gate.verdict, gate.ratio) == ("inconclusive", None)
    assert "no arm that was measured here is in the baseline" in gate.reason


def test_a_run_that_is_a_little_slower_each_time_never_becomes_the_baseline():
    kept = OLD
    for step in range(1, 5):
        run = new(5.0 * 1.031**step)
        run = run.model_copy(update={"gate": compare_with_baseline(run, kept, 0.03)})
        kept = run if why_no_baseline(run) is None else kept
    assert kept is OLD
