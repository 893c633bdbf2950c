"""Stage timing under a clock that is told what to say, and its statistics on numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from benchmarks.harness.stage_timing import (
    STAGES,
    Pipeline,
    StageFigures,
    StageSamples,
    durations_ns,
    figures,
    summarise,
    time_stages,
)
from benchmarks.stats.percentiles import least_n
from toolkit.errors import EnvironmentFailed, Inconclusive, UsageFault

COST_NS = {
    "decode": 7_000_000,
    "pre": 11_000_000,
    "infer": 100_000_000,
    "post": 13_000_000,
    "encode": 17_000_000,
}


class Workshop:
    """A clock that moves only when a stage works, and stages that cost what `COST_NS` says."""

    def __init__(self, slow_first: int = 0) -> None:
        self.now = 1_000
        self.seen = []
        self.runs = 0
        self.slow_first = slow_first

    def clock_ns(self):
        return self.now

    def stage(self, name: str):
        def work(value: Any) -> str:
            self.now += COST_NS[name] + (self.slow_first if self.runs == 0 else 0)
            if name == "encode":
                self.seen.append(value)
                self.runs += 1
            return f"{value.decode() if name == 'decode' else value}>{name}"

        return work

    def pipeline(self):
        return Pipeline(**{name: self.stage(name) for name in STAGES})


def stamps(*rows: list[int]):
    """Stamps n×6 from durations n×5."""
    return np.concatenate([np.full((len(rows), 1), 5), 5 + np.cumsum(rows, axis=1)], axis=1).astype(np.int64)


def test_each_stage_gets_its_own_time_and_the_value_before_it():
    shop = Workshop()
    samples = time_stages(shop.pipeline(), [b"a", b"b"], iterations=3, warmup=0, clock_ns=shop.clock_ns)
    assert {stage: set(values) for stage, values in durations_ns(samples.stamps_ns).items()} == {
        **{stage: {cost} for stage, cost in COST_NS.items()}, "total": {148_000_000},
    }  # fmt: skip
    assert shop.seen == [f"{picture}>decode>pre>infer>post" for picture in "aba"]


def test_warm_up_is_kept_apart():
    shop = Workshop(slow_first=1_000_000_000)
    samples = time_stages(shop.pipeline(), [b"a"], iterations=4, warmup=2, clock_ns=shop.clock_ns)
    assert samples.warmup_stamps_ns.shape == (2, 6)
    assert samples.stamps_ns.shape == (4, 6)
    assert durations_ns(samples.warmup_stamps_ns)["infer"].tolist() == [1_100_000_000, 100_000_000]
    report = summarise(samples)
    assert report.warmup_n == 2
    assert report.stages["infer"].mean_ms == 100
    assert report.stages["total"].n == 4


def test_sums_are_exact_in_every_iteration_on_the_real_clock():
    work = Pipeline(*[lambda value: sum(range(200)) and value] * 5)
    durations = durations_ns(time_stages(work, [b"x"], iterations=500, warmup=5).stamps_ns)
    assert (sum(durations[stage] for stage in STAGES) == durations["total"]).all()
    assert durations["total"].min() > 0


def test_figures_by_hand():
    found = summarise(
        StageSamples(
            stamps([1, 2, 30, 4, 3], [3, 2, 50, 4, 1], [2, 2, 70, 4, 22]) * 1_000_000, np.empty((0, 6), int)
        )
    )
    assert list(found.stages) == [*STAGES, "total"]
    assert found.stages["infer"].model_dump() == {
        "n": 3, "mean_ms": 50, "p50_ms": 50, "p90_ms": None, "p90_needs_n": 64,
    }  # fmt: skip
    assert found.stages["encode"].p50_ms == 3
    assert found.stages["encode"].mean_ms == pytest.approx(26 / 3)
    assert found.stages["total"].p50_ms == 60
    assert found.share["infer"] == pytest.approx(150 / 200)
    assert found.share["decode"] == pytest.approx(6 / 200)
    assert sum(found.share.values()) == pytest.approx(1, abs=1e-15)


def test_median_of_an_even_number():
    assert figures(np.array([1, 2, 4, 100]) * 1_000_000).p50_ms == 3


def test_p90_needs_64_samples():
    rising = np.arange(1, 65) * 1_000_000
    assert figures(rising[:63]).p90_ms is None
    assert figures(rising[:63]).p90_needs_n == 64
    assert figures(rising).p90_ms == pytest.approx(1 + 0.9 * 63)
    assert figures(rising).p90_needs_n is None


def test_the_floor_of_64_follows_from_its_bound():
    def unsure(n: int) -> float:  # P[Binomial(n, 0.1) <= 1], benchmark_method.md §3
        return 0.9**n + n * 0.1 * 0.9 ** (n - 1)

    assert next(n for n in range(1, 200) if unsure(n) <= 0.01) == least_n(0.9)


def test_nothing_measured_is_not_a_result():
    nothing = StageSamples(np.empty((0, 6), np.int64), np.empty((0, 6), np.int64))
    with pytest.raises(Inconclusive, match="CTK301"):
        summarise(nothing)
    with pytest.raises(Inconclusive, match="CTK301"):
        figures(np.empty(0, np.int64))
    with pytest.raises(Inconclusive, match="CTK301"):
        summarise(StageSamples(stamps([0] * 5), nothing.stamps_ns))


def test_a_clock_that_goes_backwards():
    with pytest.raises(EnvironmentFailed, match="CTK410"):
        durations_ns(stamps([1, 2, -3, 4, 5]))


@pytest.mark.parametrize(("pictures", "iterations", "warmup"), [([], 1, 0), ([b"a"], 0, 0), ([b"a"], 1, -1)])
def test_refuses_to_time_nothing(pictures: list[bytes], iterations: int, warmup: int):
    with pytest.raises(UsageFault, match="CTK601"):
        time_stages(Workshop().pipeline(), pictures, iterations=iterations, warmup=warmup)


def test_an_error_of_a_stage_comes_through():
    def fails(_value: Any) -> None:
        raise OSError("gone")

    pipeline = Pipeline(*[Workshop().stage(name) for name in STAGES[:4]], fails)
    with pytest.raises(OSError, match="gone"):
        time_stages(pipeline, [b"a"], iterations=1, warmup=0)


def test_a_percentile_comes_with_its_figure_or_with_what_it_would_take():
    with pytest.raises(ValidationError):
        StageFigures(n=3, mean_ms=1, p50_ms=1, p90_ms=None)
