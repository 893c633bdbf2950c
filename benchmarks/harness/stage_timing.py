"""Per-stage times from shared stamps (benchmark_method.md §4).

Five stages have six stamps of one monotonic clock: a stage is the difference of two neighbours, the total
that of the last and the first, so the stages add up to the total exactly, in every iteration and therefore
in their means. Medians and percentiles do not add up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from benchmarks.stats.percentiles import percentile
from toolkit.errors import EnvironmentFailed, Inconclusive, UsageFault

STAGES = ("decode", "pre", "infer", "post", "encode")
TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The five stages; each takes what the one before it gave, the first a picture file's bytes, or several of a batch.

    A stage that only starts work on a device must wait for it: the stamp behind it closes the stage.
    """

    decode: Callable[[Any], Any]
    pre: Callable[[Any], Any]
    infer: Callable[[Any], Any]
    post: Callable[[Any], Any]
    encode: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class StageSamples:
    """Raw stamps, in the order of their iterations.

    Attributes:
        stamps_ns: int64, n×6, of one clock.
        warmup_stamps_ns: int64, m×6, of the runs before, which no figure includes.
    """

    stamps_ns: NDArray[np.int64]
    warmup_stamps_ns: NDArray[np.int64]


class StageFigures(BaseModel):
    """What the samples of one stage say (`stages` of ctk.bench/1).

    Attributes:
        n: Number of samples.
        mean_ms: Their mean; the means of the stages add up to that of the total.
        p50_ms: Their median.
        p90_ms: Their 90th percentile, interpolated; null where n is too small to know it.
        p90_needs_n: How many samples it would take, where it is null.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    n: int
    mean_ms: float
    p50_ms: float
    p90_ms: float | None
    p90_needs_n: int | None = None

    @model_validator(mode="after")
    def _either_figure_or_need(self) -> Self:
        if (self.p90_ms is None) == (self.p90_needs_n is None):
            raise ValueError("exactly one of p90_ms and p90_needs_n must be given")
        return self


class StageReport(BaseModel):
    """Figures of all stages.

    Attributes:
        stages: By stage, in the order in which they run, ``total`` last.
        share: Fraction of the mean total that each stage takes; they add up to 1.
        warmup_n: Runs before, which no figure includes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    stages: dict[str, StageFigures]
    share: dict[str, float]
    warmup_n: int


def time_stages(
    pipeline: Pipeline,
    pictures: Sequence[bytes],
    *,
    iterations: int,
    warmup: int,
    clock_ns: Callable[[], int] = perf_counter_ns,
) -> StageSamples:
    """Runs the pipeline over pictures in turn and stamps the borders of its stages.

    Args:
        pipeline: The stages.
        pictures: Picture files as bytes, taken in turn and again from the start.
        iterations: Measured runs.
        warmup: Runs before them.
        clock_ns: A monotonic clock in nanoseconds.

    Raises:
        UsageFault: CTK601 for no picture, no iteration or a negative warm-up.
        CtkError: Whatever a stage raises.
    """
    if not pictures or iterations < 1 or warmup < 0:
        raise UsageFault(
            "CTK601",
            f"timing needs a picture, an iteration and no negative warm-up; "
            f"got {len(pictures)}, {iterations} and {warmup}",
        )
    taken = [pictures[index % len(pictures)] for index in range(warmup + iterations)]
    stamps = time_block(pipeline, taken, clock_ns=clock_ns)
    return StageSamples(stamps_ns=stamps[warmup:], warmup_stamps_ns=stamps[:warmup])


def time_block(
    pipeline: Pipeline, items: Sequence[Any], *, clock_ns: Callable[[], int] = perf_counter_ns
) -> NDArray[np.int64]:
    """Runs the pipeline once over every item, in their order, and stamps the borders of its stages.

    Args:
        pipeline: The stages.
        items: What ``decode`` takes: picture files as bytes, or batches of them.
        clock_ns: A monotonic clock in nanoseconds.

    Returns:
        int64, n×6, nanoseconds.

    Raises:
        CtkError: Whatever a stage raises.
    """
    stamps = np.empty((len(items), len(STAGES) + 1), np.int64)
    for index, item in enumerate(items):
        stamps[index] = _one_iteration(pipeline, item, clock_ns)
    return stamps


def _one_iteration(
    pipeline: Pipeline, picture: Any, clock_ns: Callable[[], int]
) -> tuple[int, int, int, int, int, int]:
    start = clock_ns()
    decoded = pipeline.decode(picture)
    after_decode = clock_ns()
    prepared = pipeline.pre(decoded)
    after_pre = clock_ns()
    inferred = pipeline.infer(prepared)
    after_infer = clock_ns()
    coloured = pipeline.post(inferred)
    after_post = clock_ns()
    pipeline.encode(coloured)
    return start, after_decode, after_pre, after_infer, after_post, clock_ns()


def durations_ns(stamps_ns: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Nanoseconds of each stage and of ``total``, int64 of n each, from stamps n×6.

    Raises:
        EnvironmentFailed: CTK410 when the clock went backwards.
    """
    stages = np.diff(stamps_ns, axis=1)
    if (stages < 0).any():
        raise EnvironmentFailed("CTK410", "the clock went backwards between two stages")
    named = {stage: stages[:, i] for i, stage in enumerate(STAGES)}
    return {**named, TOTAL: stamps_ns[:, -1] - stamps_ns[:, 0]}


def figures(durations: NDArray[np.int64]) -> StageFigures:
    """What the durations of one stage say.

    Args:
        durations: int64, n, nanoseconds.

    Raises:
        Inconclusive: CTK301 for no sample.
    """
    n = len(durations)
    if n == 0:
        raise Inconclusive("CTK301", "nothing was measured: no iteration was timed")
    p90 = percentile(durations, 0.9)
    return StageFigures(
        n=n,
        mean_ms=float(durations.mean()) / 1e6,
        p50_ms=float(np.median(durations)) / 1e6,
        p90_ms=p90.value / 1e6 if p90.value is not None else None,
        p90_needs_n=p90.needs_n,
    )


def summarise(samples: StageSamples) -> StageReport:
    """Figures of all stages, and the share of each in the total.

    Raises:
        Inconclusive: CTK301 when nothing was measured or the clock never moved.
        EnvironmentFailed: CTK410 when the clock went backwards.
    """
    durations = durations_ns(samples.stamps_ns)
    whole = int(durations[TOTAL].sum())
    if whole == 0:
        raise Inconclusive(
            "CTK301", "nothing was measured: no iteration was timed, or the clock stands still"
        )
    return StageReport(
        stages={stage: figures(values) for stage, values in durations.items()},
        share={stage: int(durations[stage].sum()) / whole for stage in STAGES},
        warmup_n=len(samples.warmup_stamps_ns),
    )
