"""Samples of one arm as figures of `ctk.bench/1`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray

from benchmarks.bench_document import LaunchRecord, StageSummary
from benchmarks.harness.samples import Launch
from benchmarks.harness.stage_timing import STAGES, TOTAL
from benchmarks.harness.warm_launches import kept_blocks, launch_warmup
from benchmarks.stats.autocorrelation import lag1
from benchmarks.stats.medians import median_over_launches
from benchmarks.stats.percentiles import percentile

NS_PER_MS = 1e6
# A stage that is shorter than this many clock reads is below what can be told (benchmark_method.md §4).
_READS = 100


def clock_read_ns() -> float:
    """What one reading of the clock costs on this machine now, the median of 1000."""
    stamps = [perf_counter_ns() for _ in range(1001)]
    return float(median(b - a for a, b in pairwise(stamps)))


def stage_summaries(launches: Sequence[Launch], read_ns: float) -> dict[str, StageSummary]:
    """Figures of every stage and of the total over all launches; empty where nothing was measured.

    Args:
        launches: Of one arm.
        read_ns: What reading the clock costs.
    """
    kept = {stage: [_joined(kept_blocks(one, stage)) for one in launches] for stage in (*STAGES, TOTAL)}
    if not any(len(launch) for launch in kept[TOTAL]):
        return {}
    return {stage: _summary(samples, read_ns) for stage, samples in kept.items()}


def shares(stages: dict[str, StageSummary]) -> dict[str, float]:
    """Fraction of the mean total that each stage takes; they add up to 1."""
    whole = stages[TOTAL].mean_ms if stages else 0.0
    return {stage: stages[stage].mean_ms / whole for stage in STAGES} if whole > 0 else {}


def launch_record(launch: Launch, samples: str | None = None) -> LaunchRecord:
    """One child process as the document lists it.

    Args:
        launch: What it gave.
        samples: Name of its samples in the folder blobs/, where they were saved.
    """
    cut = launch_warmup(launch)
    infer = kept_blocks(launch, "infer")
    return LaunchRecord(
        launch=launch.number,
        load_ms=launch.load_ms,
        first_infer_ms=launch.first_infer_ms,
        peak_rss_bytes=launch.peak_rss_bytes,
        warmup_n=cut.cut + sum(len(b.stamps_ns) for b in launch.blocks) - _n(launch),
        n=sum(len(block) for block in infer),
        warm=cut.warm,
        rounds_ms=[float(np.median(block)) / NS_PER_MS if len(block) else None for block in infer],
        lag1=lag1(kept_blocks(launch, TOTAL)),
        involuntary_switches=_sum([block.involuntary_switches for block in launch.measured]),
        steal_fraction=max((b.steal_fraction for b in launch.measured if b.steal_fraction is not None), default=None),
        samples=samples,
    )  # fmt: skip


def _summary(launches: Sequence[NDArray[np.int64]], read_ns: float) -> StageSummary:
    samples = _joined(launches)
    over = median_over_launches(launches)
    tails = {name: percentile(samples, p) for name, p in (("p90", 0.9), ("p95", 0.95), ("p99", 0.99))}
    figures: dict[str, float | int | None] = {}
    for name, tail in tails.items():
        figures[f"{name}_ms"] = None if tail.upper_bound is None else tail.upper_bound / NS_PER_MS
        figures[f"{name}_needs_n"] = tail.needs_n
    return StageSummary.model_validate(
        {
            "n": len(samples),
            "mean_ms": float(samples.mean()) / NS_PER_MS,
            "p50_ms": over.median / NS_PER_MS,
            "ci95_ms": over.ci95 and (over.ci95[0] / NS_PER_MS, over.ci95[1] / NS_PER_MS),
            "min_ms": float(samples.min()) / NS_PER_MS,
            "below_resolution": over.median < _READS * read_ns,
            **figures,
        }
    )


def _joined(blocks: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate(blocks) if blocks else np.empty(0, np.int64)


def _n(launch: Launch) -> int:
    return sum(len(block.stamps_ns) for block in launch.measured)


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
