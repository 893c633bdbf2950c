from __future__ import annotations

import pytest

from benchmarks.bench_document import BenchRun, StageSummary
from benchmarks.claims.split import reference_split


def measured(**means: float) -> BenchRun:
    stages = {name: StageSummary(n=9, mean_ms=mean, p50_ms=mean) for name, mean in means.items()}
    return BenchRun(arm="openvino", backend="openvino", precision_requested="f32", stages=stages, status="ok")


def test_the_larger_part_and_what_is_left_without_infer() -> None:
    found = reference_split(measured(decode=10, pre=20, infer=100, post=30, encode=5, total=165))
    assert found.published.name == "atlas200dk-published"
    assert (found.arm, found.measured_total_ms, found.measured_infer_ms) == ("openvino", 165, 100)
    assert found.pre_and_post_ms == found.total_if_infer_were_free_ms == 65
    assert found.larger_part == "infer"


def test_pre_and_post_can_be_larger() -> None:
    found = reference_split(measured(decode=1, pre=2, infer=5, post=3, encode=4, total=15))
    assert found.larger_part == "pre and post"
    assert (found.pre_and_post_ms, found.total_if_infer_were_free_ms) == (10, 10)


@pytest.mark.parametrize("run", [None, measured(), measured(infer=5, total=5)])
def test_without_a_measurement_only_the_claim_is_shown(run: BenchRun | None) -> None:
    found = reference_split(run)
    assert found.published.state == "implausible"
    assert found.larger_part is None
    assert found.total_if_infer_were_free_ms is None
    assert found.measured_total_ms is None


def test_a_batch_counts_by_the_picture() -> None:
    run = measured(decode=10, pre=20, infer=100, post=30, encode=40, total=200)
    found = reference_split(run.model_copy(update={"batch": 4}))
    assert (found.measured_total_ms, found.measured_infer_ms, found.pre_and_post_ms) == (50, 25, 25)
    assert found.total_if_infer_were_free_ms == 25
