"""From samples worked out by hand to the document."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Never

import numpy as np
import pytest

from benchmarks.bench_document import (
    BenchDocument,
    BenchModel,
    Control,
    Environment,
    EnvironmentFinding,
    Gate,
    Plausibility,
)
from benchmarks.harness import assembling
from benchmarks.harness.arm import Arm
from benchmarks.harness.assembling import Facts, assemble
from benchmarks.harness.plan import Plan
from benchmarks.harness.samples import WARMING, ArmSamples, Block, Launch, Measurement
from toolkit.errors import EnvironmentFailed

MS = 1_000_000
NOT_INFER_MS = {"decode": 2, "pre": 3, "post": 4, "encode": 1}
INFO = {
    "name": "scripted", "runtime_version": "7", "device": "CPU", "providers": [],
    "precision_requested": "f32", "precision_executed": "f32", "threads": 2, "settings": {"s": "1"},
}  # fmt: skip


def block(number: int, infer_ms: list[float], steal: float | None = 0.0):
    stamps = [
        np.cumsum([7, 2 * MS, 3 * MS, round(ms * MS), 4 * MS, 1 * MS], dtype=np.int64) for ms in infer_ms
    ]
    return Block(number, np.array(stamps), involuntary_switches=2, steal_fraction=steal, throttled=0)


def samples(name: str, launches: list[list[float]], precision: str = "f32"):
    """Four rounds a launch; each of three equal iterations that take what the list says."""
    made = ArmSamples(Arm(name, "scripted", Path(f"{name}.onnx"), threads=2))
    for number, rounds in enumerate(launches):
        blocks = [block(WARMING, [500, 400]), *(block(i, [ms] * 3) for i, ms in enumerate(rounds))]
        info = {**INFO, "precision_executed": precision}
        made.launches.append(
            Launch(number, 30.0 + number, 9.0, info, {"OMP_NUM_THREADS": "2"}, blocks, 10**8)
        )
    return made


def facts(**more: Any):
    environment = Environment(before={}, after={}, findings=more.pop("findings", []))
    return Facts(BenchModel(name="net", weights="own"), environment, [], {Path("a.onnx"): "ab" * 32}, **more)


STEADY = [[20, 20, 20, 20], [22, 22, 22, 22], [21, 21, 21, 21]]


def measurement(**arms: list[list[float]]):
    found = {name: samples(name, launches) for name, launches in arms.items()}
    found["a (control)"] = samples("a (control)", arms["a"])
    rounds = [sorted(found)] * 12
    return Measurement(found, ("a", "a (control)"), rounds, iterations=3, seconds=1.0)


PLAN = Plan(launches=3, rounds=4, iterations=3)


def test_figures_by_hand():
    (run,) = assemble(measurement(a=STEADY), PLAN, facts()).runs
    infer, total = run.stages["infer"], run.stages["total"]
    assert (infer.n, infer.mean_ms, infer.p50_ms, infer.min_ms) == (36, 21, 21, 20)
    assert (total.mean_ms, total.p50_ms) == (31, 31)
    assert {stage: run.stages[stage].mean_ms for stage in NOT_INFER_MS} == NOT_INFER_MS
    assert run.share["infer"] == pytest.approx(21 / 31)
    assert sum(run.share.values()) == pytest.approx(1)
    # Student's t of ln 20, ln 21, ln 22 with 2 degrees of freedom: 4.30265 s / sqrt(3).
    logs = np.log([20, 21, 22])
    half = 4.30265 * logs.std(ddof=1) / 3**0.5
    assert infer.ci95_ms == pytest.approx(np.exp(logs.mean() + np.array([-half, half])), rel=1e-4)
    assert (infer.p90_ms, infer.p90_needs_n, infer.p99_needs_n) == (None, 64, 662)
    assert (run.load_ms, run.first_infer_ms, run.peak_rss_bytes) == (31, 9, 10**8)
    assert run.artifact.path == str(Path("a.onnx").absolute())
    assert run.effective_settings == {"s": "1", "env OMP_NUM_THREADS": "2"}
    first = run.launches[0]
    assert (first.n, first.warmup_n, first.rounds_ms) == (12, 2, [20, 20, 20, 20])
    assert first.involuntary_switches == 8


def test_comparisons_are_paired_by_round():
    # A drift of 5 % a round that both share cancels; b takes 1.25 times as long.
    drift = [[20 * 1.05**i for i in range(4)] for _ in range(3)]
    slower = [[1.25 * ms for ms in launch] for launch in drift]
    found = assemble(measurement(a=drift, b=slower), PLAN, facts())
    infer, total = found.comparisons
    assert (infer.a, infer.b, infer.stage, infer.verdict) == ("a", "b", "infer", "slower")
    assert infer.ratio == pytest.approx(1.25, rel=1e-6)
    assert infer.ci95 == pytest.approx((1.25, 1.25), rel=1e-6)
    assert (infer.n_launches, infer.n_rounds) == (3, 12)
    assert total.stage == "total"
    assert 1 < total.ratio < 1.25
    assert found.control.verdict == "same"
    assert found.control.ratio == pytest.approx(1)
    assert found.verdict == "pass"


def test_a_ratio_that_moves_within_launches_is_in_the_document():
    falling = [[26 * k, 25 * k, 21 * k, 20 * k] for k in (1.0, 1.1, 1.05)]
    found = assemble(measurement(a=STEADY, b=falling), PLAN, facts())
    infer, _ = found.comparisons
    assert infer.ratio > 1.05
    assert infer.change == pytest.approx((21 * 20 / 26 / 25) ** 0.5)
    assert infer.change_ci95 == pytest.approx((infer.change, infer.change))
    assert infer.verdict == "inconclusive"
    single = assemble(measurement(a=STEADY[:1], b=falling[:1]), PLAN, facts()).comparisons[0]
    assert (single.change, single.change_ci95) == (None, None)


def test_batches_of_different_sizes_are_compared_by_the_picture():
    # A batch of 4 that takes 4.4 times as long is slower by a tenth; its other stages took no longer at all.
    found = measurement(a=STEADY, b=[[4.4 * ms for ms in launch] for launch in STEADY])
    found.samples["b"].arm = replace(found.samples["b"].arm, batch=4)
    infer, total = assemble(found, PLAN, facts()).comparisons
    assert (infer.ratio, infer.verdict) == (pytest.approx(1.1), "slower")
    assert infer.ci95 == pytest.approx((1.1, 1.1), rel=1e-6)
    assert (total.ratio < 1, total.verdict) == (True, "faster")


def test_a_ratio_of_different_precisions_says_so():
    found = measurement(a=STEADY)
    found.samples["b"] = samples("b", STEADY, precision="bf16")
    document = assemble(found, PLAN, facts())
    assert document.comparisons[0].executed_precisions == "f32 against bf16"
    assert document.notes[0] == "b: asked for f32, executed in bf16"
    assert document.notes[1] == "the smallest difference that this host resolved is 0.0%"


def test_a_start_up_is_cut_and_kept_in_the_samples(tmp_path: Path):
    made = ArmSamples(Arm("a", "scripted", Path("a.onnx"), threads=2))
    rounds = [[90, 80, 70, 60, 50, 20, 20, 20, 20, 20], *[[20.0] * 10] * 3]
    blocks = [block(i, list(map(float, ms))) for i, ms in enumerate(rounds)]
    made.launches.append(Launch(0, 1.0, 1.0, INFO, {}, blocks, None))
    document = assemble(Measurement({"a": made}, None, iterations=10), PLAN, facts(), save_in=tmp_path)
    (record,) = document.runs[0].launches
    assert (record.warmup_n, record.n, record.warm) == (5, 35, True)
    assert document.runs[0].stages["infer"].mean_ms == 20
    assert document.runs[0].stages["infer"].ci95_ms is None
    table = np.load(tmp_path / "blobs" / record.samples, allow_pickle=False)
    assert table.shape == (40, 7)
    assert (table[:, 4] - table[:, 3])[:6].tolist() == [ms * MS for ms in rounds[0][:6]]
    assert np.unique(table[:, 0]).tolist() == [0, 1, 2, 3]


def test_a_round_that_is_all_warm_up_keeps_its_place():
    made = ArmSamples(Arm("a", "scripted", Path("a.onnx"), threads=2))
    rounds = [[90.0, 80, 70, 60, 50], *[[20.0] * 5] * 7]
    blocks = [block(i, ms) for i, ms in enumerate(rounds)]
    made.launches.append(Launch(0, 1.0, 1.0, INFO, {}, blocks, None))
    document = assemble(Measurement({"a": made}, None, iterations=5), PLAN, facts())
    (record,) = document.runs[0].launches
    assert record.rounds_ms == [None, *[20] * 7]
    assert BenchDocument.model_validate_json(document.to_json()) == document


def test_figures_outlive_the_judgement_of_their_plausibility():
    def fails(_run: Any) -> Never:
        raise EnvironmentFailed("CTK409", "the cache is full")

    def interrupts(_run: Any) -> Never:
        raise KeyboardInterrupt

    document = assemble(measurement(a=STEADY), PLAN, facts(plausibility=fails))
    assert document.runs[0].plausibility.verdict == "unknown"
    assert "the cache is full" in document.runs[0].plausibility.arithmetic
    assert document.verdict == "pass"
    document = assemble(measurement(a=STEADY), PLAN, facts(plausibility=interrupts))
    assert document.verdict == "incomplete"
    assert document.runs[0].stages["infer"].mean_ms == 21


def test_claims_are_those_of_the_model():
    assert assemble(measurement(a=STEADY), PLAN, facts()).claims == []
    named = replace(facts(), model=BenchModel(name="colorization-v2-norebal", weights="synthetic"))
    names = [claim.name for claim in assemble(measurement(a=STEADY), PLAN, named).claims]
    assert "atlas200dk-published" in names


def test_a_failed_arm_is_a_failed_run_with_its_last_words():
    found = measurement(a=STEADY)
    found.samples["b"] = ArmSamples(Arm("b", "scripted", Path("b"), threads=2))
    found.samples["b"].failure = EnvironmentFailed("CTK404", "it crashed", notes=["its last words: oh"])
    document = assemble(found, PLAN, facts())
    assert [run.status for run in document.runs] == ["ok", "failed"]
    assert document.runs[1].failure == "it crashed; its last words: oh"
    assert document.runs[1].failure_code == "CTK404"
    assert document.comparisons == []
    assert document.verdict == "fail"


def test_a_control_that_failed_alone_fails_the_run():
    found = measurement(a=STEADY, b=STEADY)
    found.samples.pop("a (control)")
    found.control = None
    found.control_failure = EnvironmentFailed("CTK404", "the process of a (control) was killed (SIGKILL)")
    document = assemble(found, PLAN, facts())
    assert [run.status for run in document.runs] == ["ok", "ok"]
    assert document.verdict == "fail"
    assert document.control_failure == "CTK404 the process of a (control) was killed (SIGKILL)"
    assert document.reasons == [f"there is no control: {document.control_failure.removeprefix('CTK404 ')}"]
    found.samples["b"].failure = EnvironmentFailed("CTK408", "out of memory")
    assert not any("no control" in reason for reason in assemble(found, PLAN, facts()).reasons)


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        ((0.995, 1.005), "resolved is 0.5%"),
        ((0.97, 1.06), "resolved is 4.5%, more than the margin of 3.0%"),
        ((0.94, 0.96), "resolved is 1.1%, but a differed from itself by more than the margin of 3.0%"),
    ],
)
def test_what_the_host_resolved_is_said_as_it_is(
    interval: tuple[float, float], said: str, monkeypatch: pytest.MonkeyPatch
):
    low, high = interval
    same = "same" if low > 1 / 1.03 and high < 1.03 else "inconclusive"
    made = Control(
        arm="a", stage="infer", ratio=1, ci95=interval, resolution=(high / low) ** 0.5 - 1, verdict=same
    )
    monkeypatch.setattr(assembling, "control", lambda *_: made)
    assert any(note.endswith(said) for note in assemble(measurement(a=STEADY), PLAN, facts()).notes)


def test_the_published_split_stands_beside_ours():
    split = assemble(measurement(a=STEADY), PLAN, facts()).reference_split
    assert (split.published.total_ms, split.published.infer_ms) == (144, 0.43)
    assert split.published.state == "implausible"
    assert (split.measured_total_ms, split.measured_infer_ms, split.pre_and_post_ms) == (31, 21, 10)
    assert (split.larger_part, split.total_if_infer_were_free_ms) == ("infer", 10)


def implausible(_run: Any):
    return Plausibility(floor_ms=50, verdict="implausible")


def regressed(_found: Any):
    return Gate(
        kind="against", state="compared", old="a", new="b", margin=0.03, verdict="regression", reason="slower"
    )


NOISY = [EnvironmentFinding(name="steal", severity="too_noisy", message="the host took time")]
PROBLEM = [EnvironmentFinding(name="affinity", severity="problem", message="too few processors")]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "pass"),
        ({"plausibility": implausible}, "inconclusive"),
        ({"findings": NOISY}, "inconclusive"),
        ({"findings": PROBLEM}, "fail"),
        ({"gate": regressed}, "regression"),
        ({"gate": regressed, "findings": PROBLEM}, "fail"),
        ({"gate": regressed, "findings": NOISY}, "regression"),
    ],
)
def test_the_verdict_has_its_reasons(more: dict[str, Any], expected: str):
    document = assemble(measurement(a=STEADY), PLAN, facts(**more))
    assert document.verdict == expected
    assert document.reasons


def test_an_interrupted_run_is_incomplete_and_keeps_its_figures():
    found = measurement(a=STEADY)
    found.samples["a"].launches[2].blocks[2:] = []
    found.interrupted = True
    document = assemble(found, PLAN, facts())
    assert document.verdict == "incomplete"
    assert document.runs[0].stages["infer"].n == 27
    nothing = ArmSamples(Arm("a", "scripted", Path("a"), threads=2))
    document = assemble(Measurement({"a": nothing}, None, interrupted=True), PLAN, facts())
    assert document.runs[0].status == "skipped"
    assert document.verdict == "incomplete"


def test_the_document_survives_json_and_fits_its_schema():
    document = assemble(measurement(a=STEADY, b=STEADY), PLAN, facts())
    again = BenchDocument.model_validate(json.loads(document.to_json()))
    assert again == document
    assert io.StringIO(document.to_json()).readline() == "{\n"
